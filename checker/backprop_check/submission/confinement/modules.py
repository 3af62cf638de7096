"""What a graded submission may import. A confined worker can open no file, so all of it is loaded before."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import time
from collections.abc import Collection
from typing import Any

MODULES = (
    "torch", "torch.nn", "torch.nn.functional", "torch.linalg", "torch.fft", "torch.special",
    "numpy", "numpy.linalg", "numpy.random", "numpy.fft",
    "math", "cmath", "random", "statistics", "fractions", "decimal", "numbers", "operator",
    "itertools", "functools", "collections", "collections.abc", "dataclasses", "enum", "typing", "types", "abc", "copy",
    "string", "textwrap", "re", "json", "time", "datetime", "warnings", "contextlib", "pprint", "__future__",
)  # fmt: skip
"""Importable when grading (docs/grading.md says so too); numpy where it is installed."""

_ENCODINGS = ("utf-8", "utf-16", "utf-32", "latin-1", "ascii", "cp1252", "idna", "unicode_escape", "utf-8-sig")


def warm() -> None:
    """Import all that a submission may, and do once what would import a module or read a file when it is first done."""
    import torch

    for name in (*MODULES, "numpy.testing", "torch.utils.serialization"):  # numpy loads its parts late; pickling a tensor loads the other
        with contextlib.suppress(ImportError):  # numpy is not installed
            importlib.import_module(name)
    for encoding in _ENCODINGS:
        "a".encode(encoding)
    time.tzset()
    x = torch.rand(3, 3, dtype=torch.float64)
    _ = repr(x), f"{x.sum():.3f}"
    with contextlib.suppress(RuntimeError):  # numpy is not installed
        torch.from_numpy(x.numpy())
    torch.einsum("ij,jk,kl->il", x, x, x)
    torch.linalg.inv(x @ x.T + torch.eye(3))
    torch.vmap(torch.dot)(x, x)
    with contextlib.suppress(RuntimeError):
        x @ x[:2]


def guarded_builtins(own: Collection[str]) -> dict[str, Any]:
    """Return the built-in names for a submission, with an `import` that knows `MODULES` only, and its `own` modules, to be told later.

    That is manners, not confinement: it names the error.
    """
    allowed = frozenset(MODULES)

    def guarded(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        # Torch and numpy, when they import for themselves in C, ask the caller's built-ins, with a list where a statement has a tuple.
        if level == 0 and name not in allowed and name not in own and not isinstance(fromlist, list):
            raise ModuleNotFoundError(f"`{name}` cannot be imported where submissions are graded; torch, math and numpy can, for example")
        return __import__(name, globals, locals, fromlist, level)

    return {**vars(builtins), "__import__": guarded}
