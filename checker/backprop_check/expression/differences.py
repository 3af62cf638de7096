"""The smallest parts in which two expressions differ."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator


def differences(old: ast.expr, new: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the smallest parts that differ, in pairs."""
    if ast.dump(old) == ast.dump(new):
        return
    inner = [
        pair for pair in zip(ast.iter_child_nodes(old), ast.iter_child_nodes(new), strict=False) if ast.dump(pair[0]) != ast.dump(pair[1])
    ]
    if _head(old) != _head(new) or not inner or not all(isinstance(a, ast.expr) and isinstance(b, ast.expr) for a, b in inner):
        yield old, new
        return
    for a, b in inner:
        assert isinstance(a, ast.expr)
        assert isinstance(b, ast.expr)
        yield from differences(a, b)


def _head(node: ast.AST) -> tuple[object, ...]:
    """What a node is, apart from its parts."""
    plain = [value for _, value in ast.iter_fields(node) if not isinstance(value, ast.AST | list)]
    return type(node), plain, [ast.expr if isinstance(child, ast.expr) else type(child) for child in ast.iter_child_nodes(node)]


def change(old: ast.expr, new: ast.expr) -> list[tuple[str, str]]:
    """What of the text is replaced by what: equal for the same mistake put right in two places."""
    a, b = ast.unparse(old), ast.unparse(new)
    return [(a[i:j], b[k:m]) for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, False).get_opcodes() if kind != "equal"]
