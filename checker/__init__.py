"""backprop-check: tell a learner why a hand-written gradient is wrong, and prove it. Importing this loads neither torch nor rich.

For notebooks, scripts and tests: `cmp('x', dx, x)` and `check(loss, x=dx)` compare gradients of live tensors; `%load_ext checker` brings
the cell magic `%%backward ex05`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.live.here import check, cmp
    from checker.live.points import backprop_points

__version__ = "0.1.0"
__all__ = ["__version__", "backprop_points", "check", "cmp", "load_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name in ("check", "cmp"):
        from checker.live import here

        return getattr(here, name)
    if name == "backprop_points":
        from checker.live.points import backprop_points

        return backprop_points
    raise AttributeError(f"module 'checker' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: what `%load_ext checker` calls."""
    from checker.notebook.magic import register

    register(shell)
