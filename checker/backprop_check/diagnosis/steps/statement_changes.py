"""Changes of one thing in an answer of several statements, each with what is said of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.constants import named_constants
from backprop_check.diagnosis.scale.factors import minus_brought
from backprop_check.diagnosis.scale.scaled import look, once
from backprop_check.diagnosis.steps.gathered import signs_of_two
from backprop_check.diagnosis.steps.statement_places import other_elements, other_places
from backprop_check.diagnosis.steps.statement_told import SIGNS, told_of
from backprop_check.diagnosis.steps.statements import all_of, base, is_plain, length, target_of
from backprop_check.expression.carried import Program
from backprop_check.expression.rewrites import negated, put_statement
from backprop_check.records import Diagnosis


def changes(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, ...], Diagnosis]]:
    loops = [s for s in all_of(program) if isinstance(s, ast.For)]
    counters = {n.id: length(case, loop) for loop in loops for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    for statement in all_of(program):
        yield from ((statement, put_statement(program, statement, new), told) for new, told in _signs(case, statement, loops))
    for statement in all_of(program):
        for old, new, told in other_places(case, statement, counters):
            yield statement, put_statement(program, old, new), told
    for statement in all_of(program):
        for old, new, told in other_elements(case, statement, counters):
            yield statement, put_statement(program, old, new), told
    yield from _exchanged(case, program)
    yield from signs_of_two(case, program)
    for loop in loops:
        for old, new, told in _bounds(case, loop):
            yield loop, put_statement(program, old, new), told


def _signs(case: Case, statement: ast.stmt, loops: list[ast.For]) -> Iterator[tuple[ast.stmt, Diagnosis]]:
    """`+=` for `=` within a loop, the sign of what is added or written, and the constant that all is divided by."""
    inside = any(statement in list(all_of(loop.body)) for loop in loops)
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Subscript() as target], value=value) if base(target) == case.name:
            if inside or (isinstance(target, ast.Subscript) and statement is not case.written[0]):
                yield ast.copy_location(ast.AugAssign(target, ast.Add(), value), statement), _thrown_away(case, statement, target)
            if isinstance(target, ast.Subscript):
                other = ast.copy_location(ast.Assign([target], negated(value)), statement)
                yield other, told_of(case, "wrong-sign", value, f"`{short(value)}` has the opposite sign", _minus(case), asks(case))
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            if isinstance(target, ast.Subscript) and isinstance(op, ast.Add):
                yield _collecting(statement, target, value), _thrown_away(case, statement, target)
            if isinstance(target, ast.Subscript) and isinstance(op, ast.Sub):
                yield _collecting(statement, target, negated(value)), _thrown_away(case, statement, target)
            minus = isinstance(op, ast.Add)
            other_way = ast.copy_location(ast.AugAssign(target, ast.Sub() if minus else ast.Add(), value), statement)
            error = f"the sign of this `{SIGNS[type(op)]}=` is wrong"
            yield other_way, told_of(case, "wrong-sign", statement, error, _minus(case), asks(case))
        case ast.AugAssign(target=ast.Name(), op=ast.Mult() | ast.Div() as op, value=value) if not is_plain(case, value):
            error = f"`{SIGNS[type(op)]}= {short(value)}` does not belong here"
            left_out = ast.copy_location(ast.Pass(), statement)
            yield left_out, told_of(case, "wrong-scale", value, error, "Without it all of it is right.", "Leave it out.")
        case ast.AugAssign(target=target, op=ast.Mult() | ast.Div() as op, value=value) if is_plain(case, value):
            for constant in named_constants(case):
                scaled = ast.AugAssign(target, ast.Div() if constant.divides else ast.Mult(), constant.node)
                error = f"`{SIGNS[type(op)]}= {short(value)}` is not the constant that belongs here"
                yield ast.copy_location(scaled, statement), told_of(case, "wrong-scale", value, error, once(case), look(case))


def _collecting(statement: ast.stmt, target: ast.Subscript, value: ast.expr) -> ast.stmt:
    """The same written so that a place that is named twice collects twice."""
    places: ast.expr = target.slice if isinstance(target.slice, ast.Tuple) else ast.Tuple([target.slice], ast.Load())
    once = ast.keyword("accumulate", ast.Constant(True))
    call = ast.Call(ast.Attribute(target.value, "index_put_", ast.Load()), [places, value], [once])
    return ast.copy_location(ast.Expr(call), statement)


def _minus(case: Case) -> str:
    return minus_brought(case) or "With the other sign there all of it is right."


def _thrown_away(case: Case, statement: ast.stmt, target: ast.expr) -> Diagnosis:
    named = {n.id for n in ast.walk(target.slice) if isinstance(n, ast.Name)} if isinstance(target, ast.Subscript) else set()
    indices = [n for n in named if isinstance(v := case.verdict.runs[0].trial.values.get(n), torch.Tensor) and not v.is_floating_point()]
    if indices:
        error = f"where `{indices[0]}` names a place twice, only one of its gradients is kept"
        note = f"Each place of {case.node} was used as often as `{indices[0]}` names it, and collects a gradient from each use."
        move = "Add to what is there: `+=`."
        if isinstance(statement, ast.AugAssign):
            move = "`+=` at an index writes once to each place: accumulate with `index_put_(..., accumulate=True)`, or `index_add_`."
        return told_of(case, "dropped-repeats", statement, error, note, move)
    note = f"What writes there again replaces what was found before. Gradients of several uses of {case.node} add up."
    error = f"this `=` throws away what {f'`{text(target)}`' if isinstance(target, ast.Subscript) else case.name} already held"
    return told_of(case, "overwritten-branch", statement, error, note, "Add to it: `+=`.")


def _exchanged(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, ...], Diagnosis]]:
    """The values of two statements that write into other places of the target exchanged."""
    match [s for s in program if isinstance(s, ast.Assign | ast.AugAssign) and base(target_of(s)) == case.name]:
        case [*_, first, second] if isinstance(target_of(first), ast.Subscript) and isinstance(target_of(second), ast.Subscript):
            half = put_statement(program, first.value, second.value)
            changed = tuple(_put_last(half, second, first.value))
            error = f"`{short(first.value)}` and `{short(second.value)}` stand in each other's places"
            note = f"Each belongs to the places of {case.node} that it comes back to."
            move = f"Ask of each which places of {case.node} the forward has made it of."
            told = told_of(case, "wrong-slice", second.value, error, note, move)
            also = case.span(first.value)
            yield second, changed, replace(told, also=((also, "and this"),)) if also is not None else told


def _put_last(program: Program, old: ast.Assign | ast.AugAssign, value: ast.expr) -> Iterator[ast.stmt]:
    for statement in program:
        same = isinstance(statement, type(old)) and statement.lineno == old.lineno
        yield put_statement([statement], statement.value, value)[0] if same else statement  # type: ignore[attr-defined]


def scaled_last(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
    """A last statement that divides or multiplies all of it by a constant of the graph."""
    for constant in named_constants(case):
        for op in (ast.Div(), ast.Mult()):
            yield ast.copy_location(ast.AugAssign(ast.Name(case.name, ast.Store()), op, constant.node), program[-1])


def _bounds(case: Case, loop: ast.For) -> Iterator[tuple[ast.AST, ast.expr, Diagnosis]]:
    """A loop that begins later, or ends earlier, than the axis does."""
    over = loop.iter
    if not (isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == "range" and over.args):
        return
    ends = over.args[0] if len(over.args) == 1 else over.args[1]
    candidates: list[ast.expr] = []
    if isinstance(ends, ast.BinOp) and isinstance(ends.op, ast.Sub | ast.Add):
        candidates.append(ends.left)
    for tensor in dict.fromkeys([case.node, *(f"{line.name}" for line in case.consumers), *(r for x in case.consumers for r in x.reads)]):
        value = case.verdict.runs[0].trial.values.get(tensor)
        if isinstance(value, torch.Tensor):
            candidates += [ast.parse(f"{tensor}.shape[{k}]", mode="eval").body for k in range(value.dim())]
    seen: set[str] = set()
    for end in [ends, *candidates] if len(over.args) > 1 else candidates:
        if ast.unparse(end) in seen:
            continue
        seen.add(ast.unparse(end))
        yield over, ast.copy_location(ast.Call(over.func, [end], []), over), told_of(
            case, "wrong-slice", over,
            f"`{text(over)}` does not count all that has to be counted, or counts too many",
            "Each number along the axis needs its round, and there are as many rounds as the axis is long.",
            f"`range(n)` counts from 0 to n - 1. Ask along which axis this loop goes, and how long that is: `range({text(end)})`.",
        )  # fmt: skip
