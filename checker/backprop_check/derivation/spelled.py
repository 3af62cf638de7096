"""A derived expression as one would spell it: shapes said by a name, and no `detach` where nothing is differentiated."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

import torch

from backprop_check.derivation.trees import dumped, number
from backprop_check.exercise.nodes import walk

LIKE = {"zeros_like", "ones_like", "full_like"}


def spelled(node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> ast.expr:
    """`F.log_softmax(x, 1).shape[1]` as `x.shape[1]`, `w.detach()` as `w`."""
    if not any(_unnamed(part) is not None or _detached(part) is not None for part in walk(node)):
        return node
    named: ast.expr = _Spelled(evaluate).visit(copy.deepcopy(node))
    return named


def with_minus(node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> ast.expr:
    """`-1.0 * mask` for `-mask`, which torch refuses of truth values."""
    minus = (part.operand for part in walk(node) if isinstance(part, ast.UnaryOp) and not isinstance(part.operand, ast.Constant))
    masks = {dumped(part) for part in minus if isinstance(value := evaluate(part), torch.Tensor) and value.dtype == torch.bool}
    made: ast.expr = _OfMasks(masks).visit(copy.deepcopy(node)) if masks else node
    return made


class _OfMasks(ast.NodeTransformer):
    def __init__(self, masks: set[str]) -> None:
        self.masks = masks

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        of_mask = isinstance(node.op, ast.USub) and dumped(node.operand) in self.masks
        return ast.BinOp(number(-1.0), ast.Mult(), node.operand) if of_mask else node


def _detached(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(value=of, attr="detach"), args=[], keywords=[]) | ast.Attribute(value=of, attr="data"):
            return of
    return None


def _unnamed(node: ast.AST) -> ast.expr | None:
    """The expression whose shape alone is asked for, where it is no name."""
    match node:
        case ast.Attribute(value=of, attr="shape") | ast.Call(func=ast.Attribute(value=of, attr="numel")):
            return None if isinstance(of, ast.Name) else of
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=attr), args=[of, *_]) if attr in LIKE:
            return None if isinstance(of, ast.Name) else of
    return None


class _Spelled(ast.NodeTransformer):
    def __init__(self, evaluate: Callable[[ast.expr], Any]) -> None:
        self.evaluate = evaluate

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _unnamed(node) is not None:
            node.value = self._nearest(node.value)
        self.generic_visit(node)
        return _detached(node) or node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _unnamed(node) is not None:
            assert isinstance(node.func, ast.Attribute)
            if node.func.attr == "numel":
                node.func.value = self._nearest(node.func.value)
            else:
                node.args[0] = self._nearest(node.args[0], floats=True)
        self.generic_visit(node)
        return _detached(node) or node

    def _nearest(self, of: ast.expr, floats: bool = False) -> ast.expr:
        whole = self.evaluate(of)
        for name in {n.id: n for n in walk(of) if isinstance(n, ast.Name)}.values():
            value = self.evaluate(name)
            same = isinstance(value, torch.Tensor) and isinstance(whole, torch.Tensor) and value.shape == whole.shape
            if same and (value.is_floating_point() or not floats):
                return name
        return of
