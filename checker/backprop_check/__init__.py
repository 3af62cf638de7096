"""backprop-check: tell a learner why a hand-written gradient is wrong, and prove it. Importing this loads neither torch nor rich.

For notebooks, scripts and tests: `cmp('x', dx, x)` and `check(loss, x=dx)` compare gradients of live tensors; `%load_ext backprop_check`
brings the cell magic `%%backward ex05`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_check.live.here import check, cmp
    from backprop_check.live.points import backprop_points

__version__ = "0.2.0"
__all__ = ["__version__", "backprop_points", "check", "cmp", "load_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name in ("check", "cmp"):
        from backprop_check.live import here

        return getattr(here, name)
    if name == "backprop_points":
        from backprop_check.live.points import backprop_points

        return backprop_points
    raise AttributeError(f"module 'backprop_check' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: what `%load_ext backprop_check` calls."""
    from backprop_check.notebook.magic import register

    register(shell)
