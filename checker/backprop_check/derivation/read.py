"""Read one operation of a forward: what it is called, and which expression stands for which of its parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

BINARY: dict[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow", ast.MatMult: "matmul",
}  # fmt: skip
ALIASES = {
    "multiply": "mul", "divide": "div", "true_divide": "div", "subtract": "sub", "negative": "neg", "absolute": "abs", "concat": "cat",
    "concatenate": "cat", "mm": "matmul", "bmm": "matmul", "mv": "matmul", "dot": "matmul", "inner": "matmul", "swapaxes": "transpose",
    "swapdims": "transpose", "moveaxis": "movedim", "T": "t", "mT": "mt", "clip": "clamp", "arctan": "atan", "ger": "outer",
}  # fmt: skip
KEYWORDS = {"axis": "dim", "keepdims": "keepdim", "other": "b", "exponent": "b", "mat2": "b", "vec2": "b"}
MODULES = ("torch", "F", "torch.nn.functional", "nn.functional")
FLAT = {"view", "reshape", "permute", "expand", "repeat", "flip", "einsum", "tile"}
"""Operations whose last parameter gathers all arguments that follow."""
JOINS = {"cat", "stack", "concat", "concatenate"}


class Underivable(Exception):
    """The line uses something the table does not have. The message names it."""


@dataclass(frozen=True)
class Operation:
    """One operation: `arguments` are its expressions by position (flattened where a list was given) and by keyword."""

    name: str
    positional: tuple[ast.expr, ...]
    keywords: Mapping[str, ast.expr]
    node: ast.expr

    @property
    def operands(self) -> Iterator[tuple[int, ast.expr]]:
        """The expressions a gradient may flow into, with their places."""
        for place, argument in enumerate(self.positional):
            yield place, argument
        for offset, argument in enumerate(self.keywords.values()):
            yield len(self.positional) + offset, argument


def operation(node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> Operation:
    """Name the outermost operation of an expression. Raises `Underivable`."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return Operation(BINARY[type(op)], (left, right), {}, node)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("neg", (operand,), {}, node)
        case ast.Subscript(value=ast.Call(func=ast.Attribute(attr="chunk" | "split" | "unbind" as name)) as call, slice=index):
            inner = operation(call, evaluate)
            return Operation(name, inner.positional, {**inner.keywords, "index": index}, node)
        case ast.Subscript(value=ast.Call(func=ast.Attribute(attr="max" | "min")) as call, slice=ast.Constant(value=0)) if isinstance(
            evaluate(call), tuple
        ):
            return Operation(_name(operation(call, evaluate), evaluate), *_given(call), node)
        case ast.Subscript(value=base, slice=index):
            return Operation("index", (base, index), {}, node)
        case ast.Attribute(value=ast.Call() as call, attr="values"):
            return Operation(_name(operation(call, evaluate), evaluate), *_given(call), node)
        case ast.Attribute(value=base, attr=attr):
            return Operation(ALIASES.get(attr, attr), (base,), {}, node)
        case ast.Call(func=ast.Attribute(attr=attr)) as call:
            positional, keywords = _given(call)
            found = Operation(ALIASES.get(attr, attr), positional, keywords, node)
            return Operation(_name(found, evaluate), positional, keywords, node)
    raise Underivable(f"`{ast.unparse(node)}`")


def _given(call: ast.Call) -> tuple[tuple[ast.expr, ...], dict[str, ast.expr]]:
    assert isinstance(call.func, ast.Attribute)
    arguments = list(call.args)
    if ast.unparse(call.func.value) not in MODULES:
        arguments.insert(0, call.func.value)
    keywords = {KEYWORDS.get(k.arg, k.arg): k.value for k in call.keywords if k.arg}
    if "input" in keywords:
        arguments.insert(0, keywords.pop("input"))
    if call.func.attr in JOINS and arguments and isinstance(arguments[0], ast.List | ast.Tuple):
        if len(arguments) > 1:
            keywords["dim"] = arguments[1]
        arguments = list(arguments[0].elts)
    if call.func.attr in FLAT and len(arguments) == 2 and isinstance(arguments[1], ast.Tuple | ast.List):
        arguments = [arguments[0], *arguments[1].elts]
    return tuple(arguments), keywords


def _name(found: Operation, evaluate: Callable[[ast.expr], Any]) -> str:
    """Tell apart what one name of torch means by what it is given: `torch.max(a, b)` is a maximum of two."""
    if found.name in ("max", "min") and len(found.positional) > 1 and isinstance(evaluate(found.positional[1]), torch.Tensor):
        return found.name + "imum"
    return found.name
