"""Evaluate a learner's expression without `eval`: a walk over its tree that knows tensor arithmetic and nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from backprop_check.exercise.nodes import children
from backprop_check.expression.vocabulary import ATTRIBUTES, CREATES, FUNCTIONS, METHODS, SQUARES
from backprop_check.expression.work import Work

ELEMENTS = 1 << 22
LONGEST = 1 << 10
"""The longest list that a product of a list and a number may make."""

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
    ast.MatMult: operator.matmul, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
_UNARY: dict[type, Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
MODULES = {"torch": torch, "F": F, "math": math, "torch.nn.functional": F, "torch.linalg": torch.linalg, "torch.special": torch.special}
_CONSTANTS = {"pi": torch.pi, "e": torch.e, "inf": torch.inf}
_DOUBLED = {"float": torch.float64, "float32": torch.float64}
"""Float32 is read as float64, as it is where such an answer is judged again (`comparison.again`)."""
_ROOTS: dict[str, Any] = {"range": range, "len": len, "float": float, "int": int}

_OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Attribute, ast.Call)


class Refused(Exception):
    """The expression uses something that is not on the list, or would be too large."""


class Failed(Exception):
    """An operation of the expression raised, though its operands could be evaluated. `node` is that operation."""

    def __init__(self, node: ast.expr, error: Exception) -> None:
        super().__init__(str(error).split("\n", 1)[0])
        self.node, self.error = node, error


class Evaluator:
    """Evaluates expressions over one set of names. Subtrees are remembered by identity, so edits that share nodes share work."""

    def __init__(self, names: Mapping[str, Any], work: Work) -> None:
        self.names = names
        self._work = work
        self._memo: dict[int, tuple[ast.AST, Any]] = {}

    def __call__(self, node: ast.expr) -> Any:
        """Return the value of `node`. Raises `Refused` or `Failed`."""
        known = self._memo.get(id(node))
        if known is not None:
            return known[1]
        value = self._evaluate(node)
        if isinstance(value, torch.Tensor) and value.numel() > ELEMENTS:
            raise Refused("too large")
        self._memo[id(node)] = (node, value)
        return value

    def value(self, node: ast.expr) -> Any:
        """What an expression is worth; None where it has no value."""
        try:
            return self(node)
        except (Refused, Failed, RecursionError):
            return None

    def tensor(self, node: ast.expr) -> torch.Tensor | None:
        """The same, of one that is a tensor."""
        value = self.value(node)
        return value if isinstance(value, torch.Tensor) else None

    def knows_no_whole_numbers(self, node: ast.expr) -> bool:
        """Whether `node` was evaluated here, and no tensor of whole numbers came into its value.

        It is counted as evaluating it again would be: how far a search goes does not hang on which of the two is done.
        """
        waiting: list[ast.AST] = [node]
        operations = 0
        while waiting:
            each = waiting.pop()
            known = self._memo.get(id(each))
            if isinstance(each, ast.ListComp) or (is_whole(known[1]) if known is not None else each is node):
                return False
            operations += known is not None and isinstance(each, _OPERATIONS)
            waiting += children(each)
        self._work.count(times=operations)
        return True

    def _evaluate(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                a, b = self(left), self(right)
                _small(op, a, b)
                return self._try(node, lambda: _BINARY[type(op)](a, b), a, b)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                a = self(operand)
                return self._try(node, lambda: _UNARY[type(op)](a), a)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                a, b = self(left), self(right)
                return self._try(node, lambda: _COMPARE[type(op)](a, b), a, b)
            case ast.Tuple(elts=elements):
                return tuple(self(e) for e in elements)
            case ast.List(elts=elements):
                return [self(e) for e in elements]
            case ast.ListComp(elt=each, generators=[ast.comprehension(target=ast.Name(id=name), iter=over, ifs=[])]):
                return self._listed(each, name, self(over))
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if part is None else self(part) for part in (lower, upper, step)))
            case ast.Subscript(value=base, slice=index):
                b, i = self(base), self(index)
                if not isinstance(b, torch.Tensor | tuple | list | range):
                    raise Refused("an index into something that is no tensor")
                return self._try(node, lambda: b[i])
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
        raise Refused(type(node).__name__)

    def _listed(self, each: ast.expr, name: str, over: object) -> list[Any]:
        """A list that is made of one expression, for each of what `over` holds."""
        if not isinstance(over, range | list | tuple | torch.Tensor) or len(over) > LONGEST:
            raise Refused("a list of something else")
        return [Evaluator({**self.names, name: item}, self._work)(each) for item in over]

    def _name(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if name in _ROOTS:
            return _ROOTS[name]
        raise Refused(name)

    def _attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "torch" and isinstance(getattr(torch, node.attr, None), torch.dtype):
            return _DOUBLED.get(node.attr) or getattr(torch, node.attr)
        if isinstance(node.value, ast.Name) and node.value.id in ("torch", "math") and node.attr in _CONSTANTS:
            return _CONSTANTS[node.attr]
        base = self(node.value)
        if isinstance(base, torch.Tensor | tuple) and node.attr in ATTRIBUTES:
            return self._try(node, lambda: getattr(base, node.attr))
        raise Refused(node.attr)

    def _call(self, node: ast.Call) -> Any:
        function, name = self._function(node.func)
        arguments = [self(a) for a in node.args]
        keywords = {k.arg: self(k.value) for k in node.keywords if k.arg is not None}
        if len(keywords) != len(node.keywords):
            raise Refused("**")
        if name in CREATES | SQUARES and _product([*arguments, *keywords.values()]) ** (1 + (name in SQUARES)) > ELEMENTS:
            raise Refused("too large")
        return self._try(node, lambda: function(*arguments, **keywords), *arguments)

    def _function(self, node: ast.expr) -> tuple[Callable[..., Any], str]:
        if isinstance(node, ast.Name) and node.id in _ROOTS and node.id not in self.names:
            return _ROOTS[node.id], node.id
        if isinstance(node, ast.Attribute):
            path = _path(node.value)
            if path in MODULES and node.attr in FUNCTIONS and hasattr(MODULES[path], node.attr):
                return getattr(MODULES[path], node.attr), node.attr
            # What writes into a tensor in place has the value of what makes another one.
            method = node.attr if node.attr in METHODS else node.attr.rstrip("_")
            if path not in MODULES and method in METHODS:
                base = self(node.value)
                if isinstance(base, torch.Tensor):
                    return getattr(base, "double" if method == "float" else method), method
        if isinstance(node, ast.Constant | ast.BinOp | ast.UnaryOp) or (isinstance(node, ast.Name) and node.id in self.names):
            raise Failed(node, TypeError("not callable"))
        raise Refused("a call")

    def _try(self, node: ast.expr, operation: Callable[[], Any], *operands: Any) -> Any:
        self._work.count(*operands)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and all(isinstance(o, torch.Tensor) for o in operands):
            self._work.product(*operands)
        try:
            return operation()
        except (
            RuntimeError,
            TypeError,
            ValueError,
            IndexError,
            ZeroDivisionError,
            OverflowError,
            AttributeError,
            NotImplementedError,
        ) as error:
            raise Failed(node, error) from None


def is_whole(value: object) -> bool:
    """Whether it is a tensor of whole numbers, as labels and the places of a maximum are."""
    return isinstance(value, torch.Tensor) and not value.is_floating_point() and value.dtype != torch.bool


def _path(node: ast.expr) -> str:
    """The module that a function is taken from, as it is written: `torch.nn.functional`; of what is no name, nothing."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=base, attr=name):
            return f"{_path(base)}.{name}"
    return ""


def _small(op: ast.operator, a: Any, b: Any) -> None:
    """Refuse what would be huge before it is made: a broadcast table, a power of whole numbers."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        if isinstance(op, ast.MatMult) or 0 < a.numel() * b.numel() <= ELEMENTS:
            return
        longest = [max(p) for p in zip(_padded(a, b), _padded(b, a), strict=True)]
        if math.prod(longest) > ELEMENTS:
            raise Refused("too large")
    elif isinstance(op, ast.Mult) and isinstance(a, list) and isinstance(b, int):
        if len(a) * b > LONGEST:
            raise Refused("too long")
    elif isinstance(op, ast.Pow | ast.Mult) and not isinstance(a, torch.Tensor | float) and not isinstance(b, torch.Tensor):
        numbers = isinstance(a, int) and isinstance(b, int | float)
        if not numbers or abs(a) > 1 << 40 or (abs(b) > 64 and isinstance(op, ast.Pow)):
            raise Refused("a large number")


def _padded(a: torch.Tensor, b: torch.Tensor) -> list[int]:
    return [1] * (max(a.dim(), b.dim()) - a.dim()) + list(a.shape)


def _product(arguments: list[Any]) -> int:
    numbers = [n for a in arguments for n in (a if isinstance(a, tuple | list) else [a]) if isinstance(n, int)]
    return math.prod(max(1, abs(n)) for n in numbers)
