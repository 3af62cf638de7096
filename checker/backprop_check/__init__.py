"""backprop-check: tell a learner why a hand-written gradient is wrong, and prove it. Importing this loads neither torch nor rich.

For notebooks, scripts and tests: `cmp('x', dx, x)` and `check(loss, x=dx)` compare gradients of live tensors; `%load_ext backprop_check`
brings the cell magic `%%backward ex05`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprop_check.here import check, cmp
    from backprop_check.live.points import backprop_points
    from backprop_check.pairs.check_pair import check_loss, check_pair
    from backprop_check.pairs.gradcheck import gradcheck
    from backprop_check.pairs.gradgrad import gradgradcheck
    from backprop_check.recording import recording

__version__ = "0.2.0"
__all__ = [
    "__version__",
    "backprop_points",
    "check",
    "check_loss",
    "check_pair",
    "cmp",
    "gradcheck",
    "gradgradcheck",
    "load_ipython_extension",
    "recording",
]


def __getattr__(name: str) -> Any:
    if name in ("check", "cmp"):
        from backprop_check import here

        _record_a_program()
        return getattr(here, name)
    if name == "recording":
        from backprop_check.recording import recording

        return recording
    if name == "gradcheck":
        from backprop_check.pairs.gradcheck import gradcheck

        return gradcheck
    if name == "gradgradcheck":
        from backprop_check.pairs.gradgrad import gradgradcheck

        return gradgradcheck
    if name in ("check_loss", "check_pair"):
        from backprop_check.pairs import check_pair

        return getattr(check_pair, name)
    if name == "backprop_points":
        from backprop_check.live.points import backprop_points

        return backprop_points
    raise AttributeError(f"module 'backprop_check' has no attribute {name!r}")


def _record_a_program() -> None:
    """Turn the recorder on where a notebook, or the program that is run, imports `cmp` or `check`: a library that does pays nothing."""
    frame = sys._getframe(2)
    between = ("importlib._bootstrap", "checker")  # the import itself, and the checkout's other name for this package
    while frame.f_back is not None and frame.f_globals.get("__name__") in between:
        frame = frame.f_back
    if frame.f_globals.get("__name__") == "__main__":
        from backprop_check.recording import start

        start()


def load_ipython_extension(shell: Any) -> None:
    """Turn the recorder on and register the magics: what `%load_ext backprop_check` calls."""
    from backprop_check.notebook.magic import register
    from backprop_check.recording import start

    start()
    register(shell)
