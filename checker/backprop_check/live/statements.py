"""One recorded line as a statement: in the user's words where those give the value, else as it was recorded; and where its parts stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from backprop_check.recording.frames import Place, place, span_of
from backprop_check.recording.naming import name_given
from backprop_check.recording.replay import Replayed, put
from backprop_check.recording.values import Value
from backprop_check.recording.words import is_pure, is_same, statement_of
from backprop_check.records import Span
from backprop_check.trace.graph import default_dtype


def statement(
    value: Value,
    name: str,
    before: Value | None,
    called: Mapping[Value, str],
    done: Replayed,
    names: Mapping[str, Any],
    env: dict[str, Any],
) -> tuple[str, tuple[tuple[Span, Place], ...]]:
    """The text of the statement, and where its parts stand: in the user's words where those give the value, else as it was recorded."""
    trees = {f"v{id(each)}": tree for each, tree in done.trees.items()}
    trees |= {f"v{id(each)}": ast.Name(its, ast.Load()) for each, its in called.items() if each is not value}
    tree = put(done.trees[value], trees)
    there = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own = _own(value, name, before, called, there, names, env)
    due = done.numbers[value]
    if own is not None:
        text, source = own
        after = _after(text, env)
        if after is not None and is_same(after.get(name), due):
            env[name] = due
            return text, tuple(_parallel(ast.parse(text), source, value))
    env[name] = due
    text = f"{name} = {ast.unparse(tree)}"
    return text, tuple(_parallel(ast.parse(text).body[0].value, tree, value))  # type: ignore[attr-defined]


def _own(
    value: Value,
    name: str,
    before: Value | None,
    called: Mapping[Value, str],
    there: set[str],
    names: Mapping[str, Any],
    env: Mapping[str, Any],
) -> tuple[str, ast.stmt] | None:
    """The user's statement over the graph's names; plain numbers that the graph does not name stand as they are."""
    source = statement_of(value)
    if source is None or not all(is_pure(each, names) for each in ast.iter_child_nodes(source) if isinstance(each, ast.expr)):
        return None
    texts = {text: mine for each, mine in called.items() if mine in there or mine == name for text in _texts(each, mine)}
    match source:
        case ast.AugAssign(target=ast.Name(id=written)) | ast.AugAssign(target=ast.Subscript(value=ast.Name(id=written))):
            if texts.get(written) != name or before is None:
                return None
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=written))]):
            if texts.get(written) != name or before is None:
                return None
    try:
        copied = _Translated(texts, name, names, env).visit(ast.parse(ast.unparse(source)).body[0])
    except KeyError:
        return None
    return ast.unparse(ast.fix_missing_locations(copied)), source


class _Translated(ast.NodeTransformer):
    """Raises `KeyError` at a name that the engine would not know."""

    def __init__(self, texts: Mapping[str, str], name: str, names: Mapping[str, Any], env: Mapping[str, Any]) -> None:
        self.texts, self.name, self.names, self.env = texts, name, names, env

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.names.get(node.id)
        if isinstance(node.ctx, ast.Store):
            node.id = self.name
        elif node.id in self.texts:
            node.id = self.texts[node.id]
        elif value is torch or value is torch.nn.functional:
            node.id = "torch" if value is torch else "F"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return node if self.env.get(node.id) == value else ast.Constant(value)
        elif node.id in self.names or node.id not in ("range", "len", "int", "float"):
            raise KeyError(node.id)
        return node


def _texts(value: Value, mine: str) -> Iterator[str]:
    yield mine
    given = name_given(value)
    if given is not None:
        yield given


def _after(text: str, env: Mapping[str, Any]) -> dict[str, Any] | None:
    scope = {key: each.clone() if isinstance(each, torch.Tensor) else each for key, each in env.items()}
    try:
        with torch.no_grad(), default_dtype(torch.float64):
            exec(compile(text, "<lines>", "exec"), scope)
    except Exception:
        return None
    return scope


def _parallel(parsed: ast.AST, source: ast.AST, value: Value) -> Iterator[tuple[Span, Place]]:
    """Yield, by span in the text, the place of each part in the user's source: two trees of one structure, the second with places."""
    filename = _file(value)
    ours, theirs = _nodes(parsed.body[0] if isinstance(parsed, ast.Module) else parsed), _nodes(source)
    if len(ours) != len(theirs):
        ours, theirs = ours[:1], theirs[:1]
    for mine, other in zip(ours, theirs, strict=True):
        there = getattr(other, "place", None)
        if there is None and isinstance(source, ast.stmt) and filename is not None:
            there = Place(filename, *span_of(other))
        if there is not None:
            yield span_of(mine), there


def _nodes(tree: ast.AST) -> list[ast.expr | ast.stmt]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]


def _file(value: Value) -> str | None:
    there = place(*value.call.where[0]) if value.call is not None and value.call.where else None
    return there.filename if there is not None else None
