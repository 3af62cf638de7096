"""An expression of the author's as a submission may write it: functions by `torch` and `F`, whatever name they were imported under."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import reduce
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F

from backprop_check.derivation.trees import literal

MODULES = {"torch": torch, "F": F, "torch.linalg": torch.linalg, "torch.special": torch.special}
OF_NUMBERS = {"exp", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "erf"}
"""Functions of plain numbers that torch has of tensors."""


def canonical(node: ast.expr, scope: Mapping[str, Any], values: Collection[str]) -> ast.expr:
    """`fn.relu(x)` and `relu(x)` as `F.relu(x)`, `tanh(x)` as `torch.tanh(x)`, `math.sqrt(d)` as `d**0.5`,
    `math.log(2)` as `torch.tensor(2.0).log()`: a submission need not import math.

    `scope` holds the names of the author's module, `values` those of the forward, which go before.
    """
    written: ast.expr = _Canonical(scope, values).visit(node)
    return written


class _Canonical(ast.NodeTransformer):
    def __init__(self, scope: Mapping[str, Any], values: Collection[str]) -> None:
        self.scope, self.values = scope, values

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = self._of_numbers(node.func)
        summed = isinstance(node.func, ast.Name) and node.func.id == "sum" and node.func.id not in {*self.values, *self.scope}
        self.generic_visit(node)
        match node.args:
            case [of] if name == "sqrt":
                return ast.BinOp(of, ast.Pow(), ast.Constant(0.5))
            case [of] if name in OF_NUMBERS:
                return ast.parse(f"torch.tensor({_as_float(of)}).{name}()", mode="eval").body
            case [ast.List(elts=[first, *others]) | ast.Tuple(elts=[first, *others])] if summed:
                return reduce(lambda total, other: ast.BinOp(total, ast.Add(), other), others, first)
        return node

    def _of_numbers(self, function: ast.expr) -> str:
        """The name of a function of Python's or NumPy's own, of numbers; of any other, nothing."""
        match function:
            case ast.Attribute(value=owner, attr=name):
                module = self._value(owner)
                return name if isinstance(module, ModuleType) and module.__name__ in ("math", "numpy") else ""
            case ast.Name(id=name) if name not in self.values:
                own = self.scope.get(name)
                return getattr(own, "__name__", "") if getattr(own, "__module__", "") in ("math", "numpy") else ""
        return ""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        owner = self._value(node.value)
        if not isinstance(owner, ModuleType):
            self.generic_visit(node)
            return node
        name = next((name for name, module in MODULES.items() if module is owner), owner.__name__)
        if name.partition(".")[0] in ("torch", "F"):
            return ast.Attribute(ast.parse(name, mode="eval").body, node.attr, ast.Load())
        if node.attr == "pi":
            return ast.parse("torch.pi", mode="eval").body
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return _named(self.scope[node.id]) or node if self._is_torchs(node) else node

    def _is_torchs(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id not in self.values and _named(self.scope.get(node.id)) is not None

    def _value(self, node: ast.expr) -> Any:
        """What a dotted name stands for in the author's module; None of anything else."""
        match node:
            case ast.Name(id=name):
                return None if name in self.values else self.scope.get(name, MODULES.get(name))
            case ast.Attribute(value=base, attr=attr):
                owner = self._value(base)
                return getattr(owner, attr, None) if isinstance(owner, ModuleType) else None
        return None


def _as_float(node: ast.expr) -> str:
    number = literal(node)
    return f"float({ast.unparse(node)})" if number is None else repr(float(number))


def _named(value: Any) -> ast.expr | None:
    """A function of torch by its module and name; None of anything else."""
    name = getattr(value, "__name__", None)
    if not callable(value) or not isinstance(name, str):
        return None
    owner = next((module for module, known in MODULES.items() if getattr(known, name, None) is value), None)
    return ast.parse(f"{owner}.{name}", mode="eval").body if owner else None
