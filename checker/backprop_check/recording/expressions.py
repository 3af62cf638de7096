"""A recorded call as an expression, as a learner would write it: `x @ W`, `F.linear(x, w, b)`, `h.sum(1, keepdim=True)`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import resolve_name

from backprop_check.recording.values import Call, Opaque, Value

Name = Callable[[Value], ast.expr]


class Unwritten(Exception):
    """No expression stands for this call."""


def written_into(value: Any, index: Any, new: Any) -> Any:
    """`value` with `new` written into its places `index`: what `value[index] = new` leaves, as a new tensor."""
    result = value.clone()
    result[index] = new
    return result


SCOPE: Mapping[str, Any] = {"torch": torch, "F": F, "written_into": written_into}

_BINARY: Mapping[str, type[ast.operator]] = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "matmul": ast.MatMult, "pow": ast.Pow, "__pow__": ast.Pow,
    "floor_divide": ast.FloorDiv, "__floordiv__": ast.FloorDiv, "remainder": ast.Mod, "__mod__": ast.Mod,
    "__and__": ast.BitAnd, "__or__": ast.BitOr, "__xor__": ast.BitXor, "bitwise_and": ast.BitAnd, "bitwise_or": ast.BitOr,
}  # fmt: skip
_REFLECTED: Mapping[str, type[ast.operator]] = {
    "__radd__": ast.Add, "__rsub__": ast.Sub, "__rmul__": ast.Mult, "__rdiv__": ast.Div, "__rtruediv__": ast.Div, "__rpow__": ast.Pow,
    "__rmatmul__": ast.MatMult,
}  # fmt: skip
_IN_PLACE = {"__i" + name.removeprefix("__"): kind for name, kind in _BINARY.items() if name.startswith("__")} | {
    "__iadd__": ast.Add, "__isub__": ast.Sub, "__imul__": ast.Mult, "__itruediv__": ast.Div, "__idiv__": ast.Div, "__ipow__": ast.Pow,
}  # fmt: skip
_COMPARED: Mapping[str, type[ast.cmpop]] = {
    "gt": ast.Gt, "lt": ast.Lt, "ge": ast.GtE, "le": ast.LtE, "eq": ast.Eq, "ne": ast.NotEq, "__eq__": ast.Eq, "__ne__": ast.NotEq,
    "__gt__": ast.Gt, "__lt__": ast.Lt, "__ge__": ast.GtE, "__le__": ast.LtE,
}  # fmt: skip
_FILLED = {"empty": "zeros", "empty_like": "zeros_like", "new_empty": "new_zeros"}
"""What is left as it was found is written into before it is read: zeros do."""
_PREFIXES = (
    ("torch.nn.functional.", "F"), ("torch.Tensor.", "Tensor"), ("torch.functional.", "torch"), ("torch.linalg.", "torch.linalg"),
    ("torch.special.", "torch.special"), ("torch.fft.", "torch.fft"), ("torch._C._nn.", "F"), ("torch.", "torch"),
)  # fmt: skip
_NO_MATTER = ("device", "requires_grad", "memory_format", "layout")
_MOVES = ("to", "cpu", "cuda", "contiguous", "clone")


def expression(call: Call, index: int | None, written: bool, name: Name) -> ast.expr:
    """Return what computes a result of `call` anew, without writing into anything. `name` gives the expression of a value it was given.

    Raises `Unwritten`.
    """
    node = _call(call, written, name)
    if index is None:
        return node
    if call.fields:
        return ast.Attribute(node, ("values", "indices")[index], ast.Load())
    return ast.Subscript(node, ast.Constant(index), ast.Load())


def _call(call: Call, written: bool, name: Name) -> ast.expr:
    where, plain = _resolved(call.func)
    plain = _FILLED.get(plain, plain)
    args, kwargs = [*call.args], dict(call.kwargs or {})
    kwargs.pop("out", None)
    if where == "Tensor":
        return _method(plain, args, kwargs, written, name)
    if plain.endswith("_") and written:
        plain = plain[:-1]
    kwargs = _without_defaults(call.func, kwargs)
    if where == "F" and kwargs.pop("inplace", False) and not written:
        raise Unwritten(plain)
    while args and args[-1] is None:
        args.pop()
    root: ast.expr = ast.Name("torch", ast.Load()) if where.startswith("torch") else ast.Name(where, ast.Load())
    for part in where.split(".")[1:]:
        root = ast.Attribute(root, part, ast.Load())
    return _called(ast.Attribute(root, plain, ast.Load()), args, kwargs, name)


def _method(plain: str, args: list[Any], kwargs: dict[str, Any], written: bool, name: Name) -> ast.expr:
    if not args:
        raise Unwritten(plain)
    if plain == "__setitem__":
        return _called(ast.Name("written_into", ast.Load()), args, {}, name)
    if plain == "__getitem__":
        return ast.Subscript(literal(args[0], name), _index(args[1], name), ast.Load())
    operator = plain[:-1] if written and plain.endswith("_") and not plain.endswith("__") else plain
    if len(args) == 2 and not kwargs:
        for table, turned in ((_BINARY, False), (_IN_PLACE, False), (_REFLECTED, True)):
            if operator in table:
                left, right = (literal(each, name) for each in (reversed(args) if turned else args))
                return ast.BinOp(left, table[operator](), right)
        if operator in _COMPARED:
            return ast.Compare(literal(args[0], name), [_COMPARED[operator]()], [literal(args[1], name)])
    if len(args) == 1 and not kwargs:
        if operator in ("neg", "__neg__"):
            return ast.UnaryOp(ast.USub(), literal(args[0], name))
        if operator in ("__invert__", "bitwise_not"):
            return ast.UnaryOp(ast.Invert(), literal(args[0], name))
    if plain in ("float", "half", "bfloat16", "double"):
        operator = "double"
    if plain == "data":
        operator = "detach"
    elif plain.startswith(".") and not args[1:]:
        return ast.Attribute(literal(args[0], name), plain[1:], ast.Load())
    if operator.startswith("__"):
        raise Unwritten(plain)
    if plain in _MOVES and not any(isinstance(each, torch.dtype | Value) for each in (*args[1:], *kwargs.values())):
        return literal(args[0], name) if plain in ("to", "cpu", "cuda") else _called_on(args[0], operator, [], {}, name)
    return _called_on(args[0], operator, args[1:], kwargs, name)


def _called_on(owner: Any, method: str, args: list[Any], kwargs: Mapping[str, Any], name: Name) -> ast.expr:
    return _called(ast.Attribute(literal(owner, name), method, ast.Load()), args, kwargs, name)


def _called(function: ast.expr, args: list[Any], kwargs: Mapping[str, Any], name: Name) -> ast.expr:
    kept = {key: each for key, each in kwargs.items() if each is not None and key not in _NO_MATTER}
    keywords = [ast.keyword(key, literal(each, name)) for key, each in kept.items()]
    return ast.Call(function, [literal(each, name) for each in args], keywords)


def _index(given: Any, name: Name) -> ast.expr:
    if isinstance(given, tuple) and given:
        return ast.Tuple([_index(each, name) for each in given], ast.Load())
    if isinstance(given, slice):
        return ast.Slice(*(None if each is None else literal(each, name) for each in (given.start, given.stop, given.step)))
    return literal(given, name)


def literal(given: Any, name: Name) -> ast.expr:
    match given:
        case Value():
            return name(given)
        case Opaque():
            raise Unwritten("an argument")
        case torch.dtype():
            kind = torch.float64 if given.is_floating_point else given
            return ast.Attribute(ast.Name("torch", ast.Load()), str(kind).removeprefix("torch."), ast.Load())
        case range():
            ends = [given.stop] if not given.start and given.step == 1 else [given.start, given.stop, given.step][: 2 + (given.step != 1)]
            return ast.Call(ast.Name("range", ast.Load()), [literal(each, name) for each in ends], [])
        case tuple():
            return ast.Tuple([literal(each, name) for each in given], ast.Load())
        case list():
            return ast.List([literal(each, name) for each in given], ast.Load())
        case slice():
            parts = [literal(each, name) for each in (given.start, given.stop, given.step)]
            return ast.Call(ast.Name("slice", ast.Load()), parts, [])
        case bool() | int() | float() | str() | None:
            return _number(given)
        case _ if given is ...:
            return ast.Constant(...)
    raise Unwritten(f"a {type(given).__name__}")


def _number(given: Any) -> ast.expr:
    if isinstance(given, float) and (given != given or given in (float("inf"), float("-inf"))):
        return ast.Call(ast.Name("float", ast.Load()), [ast.Constant(str(given))], [])
    if isinstance(given, int | float) and not isinstance(given, bool):
        plain = float(given) if isinstance(given, float) else int(given)
        return ast.UnaryOp(ast.USub(), ast.Constant(-plain)) if plain < 0 else ast.Constant(plain)
    return ast.Constant(given)


@lru_cache(maxsize=1024)
def _resolved(func: Any) -> tuple[str, str]:
    """Where a function lives, as a learner writes it ("F", "torch", "Tensor", "torch.linalg"), and its name there."""
    full = resolve_name(func) or ""
    if full.endswith(".__get__"):
        plain = full.split(".")[-2]
        return "Tensor", plain if plain == "data" else "." + plain
    for prefix, where in _PREFIXES:
        if full.startswith(prefix):
            plain = full.removeprefix(prefix)
            plain = plain.removeprefix("linalg_") if where == "torch.linalg" else plain
            if plain.isidentifier():
                return where, plain
    plain = getattr(func, "__name__", "")
    if not full and hasattr(torch, plain):
        return "torch", plain
    raise Unwritten(full or plain)


def _without_defaults(func: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    defaults = _defaults(func)
    return {key: each for key, each in kwargs.items() if key not in defaults or (defaults[key] is not each and defaults[key] != each)}


@lru_cache(maxsize=1024)
def _defaults(func: Any) -> Mapping[str, Any]:
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if p.default is not p.empty} | {"_stacklevel": 3}
