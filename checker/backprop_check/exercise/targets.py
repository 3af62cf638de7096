"""Which names the statements of a `backward` assign, however they do it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.exercise.nodes import children

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def stubs(backward: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.stmt]:
    """Return, by name, the first statement that assigns it: in a tuple, a chain, a loop or a `with` too, not in inner functions."""
    found: dict[str, ast.stmt] = {}
    for statement in _statements(backward.body):
        for name in _assigned(statement):
            found.setdefault(name, statement)
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            for _, value in ast.iter_fields(node):
                inner = value if isinstance(value, list) else []
                yield from _statements([n for n in inner if isinstance(n, ast.stmt)])
                yield from _statements([n for part in inner if isinstance(part, ast.ExceptHandler | ast.match_case) for n in part.body])


def _assigned(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds by itself, in the order they stand in; what stands inside it is told of the inner statement."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in children(node):
        if not isinstance(child, (*_SCOPES, ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _assigned(child)
