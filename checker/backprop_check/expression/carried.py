"""Carry out statements that make a gradient step by step (loops, writes into places) without `exec`: as they stand, or changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.work import Work

STEPS = 12_000
"""So many statements are carried out, those of all rounds together."""

OVERHEAD = 3
"""What an expression costs beyond its operations, of which nothing is remembered from one round to the next."""

Program = Sequence[ast.stmt]


class Carrying:
    """The names that statements have, while they are carried out. `seen` are those that were there when `watched` was first reached."""

    def __init__(self, names: Mapping[str, Any], work: Work, watched: ast.stmt | None = None) -> None:
        self.names = dict(names)
        self.seen: dict[str, Any] | None = None
        self._given = {id(value) for value in names.values()}
        self._work, self._watched, self._left = work, watched, STEPS

    def out(self, program: Program) -> None:
        """Carry the statements out. Raises `Refused` for what is no such statement, and `Failed` where one raises."""
        for statement in program:
            self._left -= 1
            if self._left < 0:
                raise Refused("too many steps")
            if statement is self._watched and self.seen is None:
                self.seen = dict(self.names)
            self._one(statement)

    def _one(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=[target], value=value):
                self._put(target, self._value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                read = ast.copy_location(ast.BinOp(_load(target), op, value), statement)
                old, new = self._value(_load(target)), self._value(read)
                if isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor) and new.shape != old.shape:
                    wrong = f"output with shape {list(old.shape)} doesn't match the broadcast shape {list(new.shape)}"
                    raise Failed(read, RuntimeError(wrong))
                self._put(target, new)
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                for step in self._steps(over):
                    self._name(target, step)
                    self.out(body)
            case ast.If(test=test, body=body, orelse=orelse):
                self.out(body if bool(self._value(test)) else orelse)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as base, attr=attr) as func) as call) if attr[-1:] == "_":
                function = ast.copy_location(ast.Attribute(base, attr.rstrip("_"), ast.Load()), func)
                self._put(base, self._value(ast.copy_location(ast.Call(function, call.args, call.keywords), call)))
            case ast.Pass():
                pass
            case _:
                raise Refused(type(statement).__name__)

    def _value(self, expression: ast.expr) -> Any:
        self._work.count(times=OVERHEAD)
        return Evaluator(self.names, self._work)(expression)

    def _steps(self, over: ast.expr) -> Iterator[Any]:
        match over:
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner], keywords=[]):
                yield from enumerate(self._steps(inner))
            case ast.Call(func=ast.Name(id="zip"), args=inner, keywords=[]):
                yield from zip(*(self._steps(one) for one in inner), strict=False)
            case _:
                value = self._value(over)
                if not isinstance(value, range | list | tuple) and not (isinstance(value, torch.Tensor) and value.dim()):
                    raise Refused("what is no range")
                yield from value

    def _name(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=elements) if isinstance(value, tuple) and len(value) == len(elements):
                for element, part in zip(elements, value, strict=True):
                    self._name(element, part)
            case _:
                raise Refused("a loop over something else")

    def _put(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                # A second name for a tensor of the forward is a copy here: what is written into it shows under one name only.
                self.names[name] = value.clone() if isinstance(value, torch.Tensor) else value
            case ast.Subscript(value=ast.Name(id=name), slice=index) if isinstance(table := self.names.get(name), torch.Tensor):
                if id(table) in self._given:
                    raise Refused("it writes into a tensor of the forward")
                at = self._value(index)
                try:
                    table[at] = value
                except (RuntimeError, TypeError, ValueError, IndexError) as error:
                    raise Failed(_load(target), error) from None
                self._work.count(value)
            case _:
                raise Refused("it writes elsewhere")


def _load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), target)
    raise Refused("another target")


def carried(names: Mapping[str, Any], program: Program, name: str, work: Work) -> torch.Tensor | None:
    """What `name` is worth after the statements; None where they cannot be carried out, or make no float tensor of it."""
    state = Carrying(names, work)
    try:
        state.out(program)
    except (Refused, Failed, RecursionError, RuntimeError, TypeError, ValueError):
        return None
    value = state.names.get(name)
    return value.to(torch.float64) if isinstance(value, torch.Tensor) else None
