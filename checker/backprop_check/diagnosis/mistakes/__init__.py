"""One file per mistake: its page and its words as the docstring, and `find(case)`, which speaks only when it has proven its cause.

To add one: write its file, and put its code in its place in `diagnosis.order`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def mistakes() -> dict[str, ModuleType]:
    """Every mistake by its code."""
    names = [file.name for file in pkgutil.iter_modules(__path__)]
    return {name.replace("_", "-"): import_module(f"{__name__}.{name}") for name in names}
