"""Statements run as they stand or with one of them changed: what the names are afterwards, and how many ran."""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import types
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import torch

from backprop_check.pairs.pair import is_numpy

Codes = MutableMapping[int, tuple[ast.stmt, types.CodeType]]
"""By a statement's identity, it and its code."""


def ran(
    body: Sequence[ast.stmt], scope: dict[str, Any], counted: bool = False, codes: Codes | None = None
) -> tuple[dict[str, Any] | None, int]:
    """What the names are after the statements, and how many ran; None where one raises."""
    rounds: list[int] = []
    scope["_rounds"] = rounds
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for node in [_Counted().visit(copy.deepcopy(each)) for each in body] if counted else body:
                exec(compiled(node, codes), scope)
    except Exception:
        return None, 0
    return scope, len(body) + sum(rounds)


def compiled(node: ast.stmt, codes: Codes | None) -> types.CodeType:
    """The code of a statement; those that are not changed are compiled once."""
    known = codes.get(id(node)) if codes is not None else None
    if known is None:
        try:
            code = compile(ast.Module([node], []), "<lines>", "exec")
        except TypeError:  # a part of it stands nowhere
            code = compile(ast.fix_missing_locations(ast.Module([node], [])), "<lines>", "exec")
        known = node, code
        if codes is not None:
            codes[id(node)] = known
    return known[1]


def located(new: ast.AST, old: ast.AST) -> ast.AST:
    """`new` with the place of `old`, as far as it has none."""
    for node in ast.walk(new):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            node.lineno, node.col_offset = getattr(old, "lineno", 1), getattr(old, "col_offset", 0)  # type: ignore[attr-defined]
    return new


class _Counted(ast.NodeTransformer):
    """Notes how many statements each round of a loop has."""

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.body.insert(0, ast.parse(f"_rounds.append({len(node.body)})").body[0])
        return node


def value_of(text: str, own: Mapping[str, Any] | None) -> Any:
    if own is None:
        return None
    try:
        value = eval(compile(text, "<lines>", "eval"), dict(own))
    except Exception:
        return None
    return torch.as_tensor(value) if is_numpy(value) or isinstance(value, torch.Tensor) else None
