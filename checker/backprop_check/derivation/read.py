"""Read one operation of a forward: what it is called, and which expression stands for which of its parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BINARY: dict[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow", ast.MatMult: "matmul", ast.Mod: "remainder",
}  # fmt: skip
ALIASES = {
    "multiply": "mul", "divide": "div", "true_divide": "div", "subtract": "sub", "negative": "neg", "absolute": "abs", "concat": "cat",
    "concatenate": "cat", "mm": "matmul", "bmm": "matmul", "mv": "matmul", "dot": "matmul", "vdot": "matmul", "swapaxes": "transpose",
    "swapdims": "transpose", "moveaxis": "movedim", "T": "t", "mT": "mt", "H": "t", "mH": "mt", "adjoint": "mt", "clip": "clamp",
    "arctan": "atan", "arcsin": "asin", "arccos": "acos", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "ger": "outer",
    "expit": "sigmoid", "gammaln": "lgamma", "nansum": "sum", "nanmean": "mean", "inverse": "inv", "chain_matmul": "multi_dot",
    "float_power": "pow", "view_as": "reshape", "reshape_as": "reshape", "ravel": "reshape", "tile": "repeat", "row_stack": "vstack",
    "upsample": "interpolate", "arctan2": "atan2", "scatter_": "scatter",
}  # fmt: skip
OF_MODULE = {("F", "unfold"): "im2col", ("torch.linalg", "norm"): "linalg_norm", ("torch.linalg", "diagonal"): "linalg_diagonal",
             ("torch", "batch_norm"): "native_batch_norm"}  # fmt: skip
"""Functions that share their name with another."""
TOGETHER = {"var_mean": ("var", "mean"), "std_mean": ("std", "mean")}
"""Operations that give what others give one by one."""
MODULES = ("torch", "F", "torch.nn.functional", "nn.functional", "torch.linalg", "torch.special")
FLAT = {"view", "reshape", "permute", "expand", "repeat", "flip", "einsum", "multi_dot", "broadcast_tensors"}
"""Operations whose last parameter gathers all arguments that follow."""
JOINS = {"cat", "stack", "hstack", "vstack", "dstack", "column_stack"}


class Underivable(Exception):
    """The line uses something the table does not have. The message names it."""


@dataclass(frozen=True)
class Operation:
    """One operation: `arguments` are its expressions by position (flattened where a list was given) and by keyword.

    Of an operation that gives several tensors, `index` says which of them is taken.
    """

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
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return Operation("positive", (operand,), {}, node)
        case ast.Subscript(value=ast.Call() as call, slice=index) if isinstance(evaluate(call), tuple | list):
            return _part(call, index, node, evaluate)
        case ast.Subscript(value=base, slice=index):
            return Operation("index", (base, index), {}, node)
        case ast.Attribute(value=ast.Call() as call, attr=attr) if isinstance(evaluate(call), tuple):
            several = evaluate(call)
            at = next((i for i, value in enumerate(several) if value is getattr(several, attr, None)), None)
            if at is not None:
                return _part(call, ast.Constant(at), node, evaluate)
        case ast.Attribute(value=base, attr=attr):
            return Operation(ALIASES.get(attr, attr), (base,), {}, node)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) as call:
            return _call(call, owner, attr, evaluate)
    raise Underivable(f"`{ast.unparse(node)}`")


def _part(call: ast.Call, index: ast.expr, node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> Operation:
    found = operation(call, evaluate)
    if found.name in TOGETHER:
        name = TOGETHER[found.name][evaluate(index)]
        alien = {"unbiased", "correction"} if name == "mean" else {}
        return Operation(name, found.positional, {k: v for k, v in found.keywords.items() if k not in alien}, node)
    return Operation(found.name, found.positional, {**found.keywords, "index": index}, node)


def _call(call: ast.Call, owner: ast.expr, attr: str, evaluate: Callable[[ast.expr], Any]) -> Operation:
    import torch

    module = ast.unparse(owner)
    name = OF_MODULE.get((module, attr)) or ALIASES.get(attr, attr)
    arguments = [*call.args]
    if module not in MODULES:
        arguments.insert(1 if name == "where" else 0, owner)
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    if "input" in keywords:
        arguments.insert(0, keywords.pop("input"))
    if name in JOINS and not arguments and "tensors" in keywords:
        arguments = [keywords.pop("tensors")]
    if name in JOINS and arguments and isinstance(arguments[0], ast.List | ast.Tuple):
        if len(arguments) > 1:
            keywords["dim"] = arguments[1]
        arguments = list(arguments[0].elts)
    if name == "multi_dot" and isinstance(arguments[0], ast.List | ast.Tuple):
        arguments = list(arguments[0].elts)
    if name in FLAT:
        arguments += [keywords.pop(k) for k in ("shape", "size", "dims", "sizes") if k in keywords]
    if name in FLAT and len(arguments) == 2 and isinstance(arguments[1], ast.Tuple | ast.List):
        arguments = [arguments[0], *arguments[1].elts]
    second = arguments[1] if len(arguments) > 1 else keywords.get("other")
    if name in ("max", "min") and second is not None and isinstance(evaluate(second), torch.Tensor):
        name += "imum"  # `torch.max(a, b)` is a maximum of two
    return Operation(name, tuple(arguments), keywords, call)
