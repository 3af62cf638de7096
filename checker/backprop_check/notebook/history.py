"""What earlier cells give to a `%%backward` cell: imports, functions, classes and literals, as in a notebook that is handed in."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from backprop_check.exercise.mend import parse_leniently
from backprop_check.submission.cells import Cell, cell
from backprop_check.submission.parse import prelude


def earlier(sources: Iterable[str], own: Cell, known: Collection[str]) -> Cell:
    """Return, as one cell, those definitions of earlier cells (as they were typed, in the order in which they ran) that `own` needs.

    Only what is needed: each worker runs it all, and a notebook may import what takes seconds. `known` are names that the exercise gives.
    """
    found: list[tuple[ast.stmt, str]] = []
    for one in (cell("", source) for source in sources if source.strip()):
        if one.mark is None:
            tree, text, _ = parse_leniently(one.text)
            found += [(node, _source(node, text)) for node in prelude(tree)]
    body, _, _ = parse_leniently(own.text)
    needed = _needed([node for node, _ in found], _read(body) - set(known))
    return Cell("earlier cells", "".join(f"{text}\n" for node, text in found if node in needed))


def _needed(nodes: Sequence[ast.stmt], names: set[str]) -> set[ast.stmt]:
    chosen: set[ast.stmt] = set()
    while True:
        more = {node for node in nodes if node not in chosen and (names | {"*"}) & set(_bound(node))}
        if not more:
            return chosen
        chosen |= more
        names = names.union(*(_read(node) for node in more))


def _source(node: ast.stmt, text: str) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    lines = text.split("\n")[first - 1 : node.end_lineno]
    if len(lines) == 1 or not decorators:  # `a = 1; b = 2` are two statements in one line
        return ast.get_source_segment(text, node) or ""
    return "\n".join(lines)


def _read(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    else:
        yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
