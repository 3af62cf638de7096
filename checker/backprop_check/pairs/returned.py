"""What stands in a function's `return`: the expression of each value, and where."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backprop_check.pairs.calling import Called, code_of
from backprop_check.recording.frames import Place, span_of, tree


@dataclass(frozen=True)
class Element:
    """One value of a `return`."""

    text: str
    place: Place


def elements(function: Callable[..., Any], called: Called) -> tuple[Element, ...]:
    """Return the values of the `return` that a call ended with, none where the source does not show them one by one."""
    code = code_of(function)
    if code is None or called.line is None:
        return ()
    linecache.checkcache(code.co_filename)
    for node in ast.walk(tree(code.co_filename)):
        if isinstance(node, ast.Return) and node.value is not None and node.lineno <= called.line <= (node.end_lineno or node.lineno):
            parts = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
            if not any(isinstance(part, ast.Starred) for part in parts):
                return tuple(Element(ast.unparse(part), Place(code.co_filename, *span_of(part))) for part in parts)
    return ()


def where(function: Callable[..., Any]) -> str:
    """Return the file and the line at which a function begins, for a person."""
    code = code_of(function)
    try:
        _, first = inspect.getsourcelines(inspect.unwrap(function))
    except (OSError, TypeError):
        return ""
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{first}" if code is not None else ""
