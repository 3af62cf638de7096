"""Signs that are wrong, and what is written over or added to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import negated
from backprop_check.pairs.edit import RISES, WORDS, Edit, Known, parts
from backprop_check.pairs.edits_forms import axes_in

_SIGN = {ast.Add: ast.Sub, ast.Sub: ast.Add}


def written_anew(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    match statement:
        case ast.Assign(targets=[ast.Subscript() | ast.Name() as target], value=value):
            told = f"this `=` throws away what `{short(target)}` already held"
            move = "Gradients of several uses add up: `+=`."
            yield Edit(statement, ast.copy_location(ast.AugAssign(target, ast.Add(), value), statement), told, move)
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            other = ast.copy_location(ast.AugAssign(target, _SIGN[type(op)](), value), statement)
            yield Edit(statement, other, f"the sign of this `{WORDS[type(op)]}=` is wrong", RISES)
            once = ast.copy_location(ast.Assign([target], value), statement)
            yield Edit(statement, once, f"this `{WORDS[type(op)]}=` adds to what `{short(target)}` already held", "Write it once: `=`.")


def inner_signs(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    """The sign of what a function is given."""
    for part in parts(statement):
        match part:
            case ast.Call(func=ast.Attribute(attr="exp" | "sigmoid" | "softmax" | "log" | "softplus"), args=[inner, *_]) if not isinstance(
                inner, ast.Constant
            ):
                yield Edit(inner, negated(inner), f"`{short(inner)}` has the opposite sign", RISES)
            case ast.Call(func=ast.Attribute(value=inner, attr="exp" | "sigmoid"), args=[]):
                yield Edit(inner, negated(inner), f"`{short(inner)}` has the opposite sign", RISES)


def all_of_it(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A constant that is missing in all of what is written into places."""
    target = (
        statement.targets[0] if isinstance(statement, ast.Assign) else statement.target if isinstance(statement, ast.AugAssign) else None
    )
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        name = target.value.id
        for value, told in known.constants:
            after = ast.AugAssign(ast.Name(name, ast.Store()), ast.Div(), value)
            both = ast.copy_location(ast.If(ast.Constant(True), [statement, after], []), statement)
            yield Edit(
                statement, both, f"the factor 1/{told} is missing in all of `{name}`", f"`{short(value)}` is that: divide `{name}` by it."
            )


def minuses(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    along = axes_in(statement)
    for part in parts(statement):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and id(part) not in along:
            yield Edit(part, part.operand, "this minus does not belong here", "Leave it out.")


def differences(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    """A difference that is turned round. Where several come in as factors each would do, so all of them are told."""
    for part in parts(statement):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) and not isinstance(part.left, ast.Constant):
            told = f"the difference `{short(part)}` is turned round"
            yield Edit(part, ast.BinOp(part.right, part.op, part.left), told, RISES, alike=True)


def signs(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                yield Edit(part, ast.BinOp(left, _SIGN[type(op)](), right), f"`{short(right)}` has the opposite sign", RISES)
                if isinstance(op, ast.Add):
                    yield Edit(part, ast.BinOp(right, ast.Sub(), left), f"`{short(left)}` has the opposite sign", RISES)
                else:
                    yield Edit(part, ast.BinOp(right, op, left), f"the difference `{short(part)}` is turned round", RISES)
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            if not isinstance(value, ast.Tuple | ast.List | ast.Dict | ast.Constant):
                yield Edit(
                    value, negated(value), "every number of this has the opposite sign", "Follow the minus back through the forward."
                )
