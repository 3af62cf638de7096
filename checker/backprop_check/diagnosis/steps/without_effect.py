"""Statements of an answer that leave nothing behind: a value that nothing keeps, a write into a copy. And the same so that it is kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.steps.statements import all_of, is_carried, makes_it_right, names
from backprop_check.expression.carried import Carrying, Program
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.rewrites import put_statement

KEPT = 24
"""So many ways to keep what several such statements make are tried."""

OPERATORS: dict[str, type[ast.operator]] = {"add_": ast.Add, "sub_": ast.Sub, "mul_": ast.Mult, "div_": ast.Div}
SETS = ("copy_", "fill_", "zero_")


@dataclass(frozen=True)
class WithoutEffect:
    """A statement of which the target, `name`, notices nothing; the part of it whose value is not kept, or is a `copy` and written into."""

    statement: ast.stmt
    name: str
    part: ast.Name | ast.Subscript
    copies: bool = False


@dataclass(frozen=True)
class Found:
    """The statements without effect of an answer, and what each is to read, if that makes the answer right."""

    lost: tuple[WithoutEffect, ...]
    kept: tuple[ast.stmt, ...]
    program: Program


def without_effect(case: Case) -> Found | None:
    """Proven by carrying the statements out: without these the others give the answer, in every trial."""
    program = _statements(case)
    found = [one for statement in all_of(program) for one in _candidates(case, statement)]
    if not found or case.partial:
        return None
    without = program
    for one in found:
        without = put_statement(without, one.statement, ast.copy_location(ast.Pass(), one.statement))
    known = _names_after(case, without)
    found = [one for one in found if not (one.copies and isinstance(one.part, ast.Subscript)) or _copies(case, known, one.part)]
    if len(found) != sum(isinstance(s, ast.Pass) for s in all_of(without)) or not is_carried(case, without):
        return None
    ways = [list(_kept(one)) for one in found]
    for kept in case.up_to(KEPT, product(*ways)):
        changed = program
        for one, new in zip(found, kept, strict=True):
            changed = put_statement(changed, one.statement, ast.copy_location(new, one.statement))
        if makes_it_right(case, changed):
            return Found(tuple(found), kept, changed)
    return Found(tuple(found), (), without)


def _statements(case: Case) -> Program:
    """The statements that the answer is made of, and those that only name it or what it is made of."""
    known = case.verdict.runs[0].trial
    needed, taken = {case.name}, list[ast.stmt]()
    for statement, node in reversed(list(zip(case.submission.statements, case.nodes, strict=True))):
        made = {one.name for inner in all_of([node]) for one in _candidates(case, inner)}
        if statement.writes & needed or made & needed:
            taken.insert(0, node)
            needed |= {name for name in statement.reads if name not in known.gradients and name not in known.values}
    return tuple(taken)


def _candidates(case: Case, statement: ast.stmt) -> Iterator[WithoutEffect]:
    """What the text of a statement lets one think; whether it holds is seen by carrying out the others."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=attr), args=[part, *_])):
            if hasattr(torch.Tensor, f"{attr}_"):
                yield from _of(statement, part)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=part, attr=attr))):
            if attr in OPERATORS or attr in SETS:
                copy = part.value if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Subscript) else part
                yield from (one for one in _of(statement, copy, True) if isinstance(part, ast.Subscript))
            elif hasattr(torch.Tensor, f"{attr}_"):
                yield from _of(statement, part)
        case ast.Expr(value=ast.BinOp(left=part)):
            yield from _of(statement, part)
        case (
            ast.Assign(targets=[ast.Subscript(value=ast.Subscript() as part)])
            | ast.AugAssign(target=ast.Subscript(value=ast.Subscript() as part))
        ):
            yield from _of(statement, part, True)


def _of(statement: ast.stmt, part: ast.expr, copies: bool = False) -> Iterator[WithoutEffect]:
    match part:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            yield WithoutEffect(statement, name, part, copies)


def _names_after(case: Case, program: Program) -> dict[str, Any]:
    state = Carrying(names(case, case.verdict.runs[0]), case.work)
    try:
        state.out(program)
    except (Refused, Failed, RecursionError, RuntimeError, TypeError, ValueError):
        return {}
    return state.names


def _copies(case: Case, known: dict[str, Any], part: ast.Subscript) -> bool:
    """Whether an index copies what it picks: a list, a range, a tensor with an axis or a mask does, a slice and a number do not."""
    for one in part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]:
        if isinstance(one, ast.Slice | ast.Constant):
            continue
        try:
            value = Evaluator(known, case.work)(one)
        except (Refused, Failed, RecursionError):
            return False
        if isinstance(value, range | list | tuple) or (isinstance(value, torch.Tensor) and value.dim()):
            return True
    return False


def _kept(one: WithoutEffect) -> Iterator[ast.stmt]:
    """The statement so that what it makes is kept, the plainest first."""
    match one.statement:
        case ast.Expr(value=ast.BinOp(op=op, right=right) as value):
            yield ast.AugAssign(one.part, op, right)
            yield from _collecting([one.part], op, right)
            yield ast.Assign([one.part], value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Subscript() as part, attr=attr), args=given)) if one.copies:
            places, last = [*_in_one(part)], given[-1] if given else ast.Constant(0)
            if attr not in OPERATORS:
                yield from (ast.Assign([place], last) for place in places)
            else:
                yield from (ast.AugAssign(place, OPERATORS[attr](), last) for place in places)
                yield from _collecting(places, OPERATORS[attr](), last)
        case ast.Expr(value=value):
            yield ast.Assign([one.part], value)
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            yield from (ast.Assign([place], value) for place in _in_one(target))
        case ast.AugAssign(target=ast.Subscript() as target, op=op, value=value):
            places = [*_in_one(target)]
            yield from (ast.AugAssign(place, op, value) for place in places)
            yield from _collecting(places, op, value)


def _collecting(places: Sequence[ast.expr], op: ast.operator, value: ast.expr) -> Iterator[ast.stmt]:
    """The same of a sum where a place is named twice."""
    for place in (p for p in places if isinstance(p, ast.Subscript) and isinstance(op, ast.Add)):
        at = place.slice if isinstance(place.slice, ast.Tuple) else ast.Tuple([place.slice], ast.Load())
        call = ast.Call(ast.Attribute(place.value, "index_put_", ast.Load()), [at, value], [ast.keyword("accumulate", ast.Constant(True))])
        yield ast.Expr(call)


def _in_one(target: ast.Subscript) -> Iterator[ast.Subscript]:
    """One index for two: `x[rows, y]` for `x[rows][:, y]`, and `x[rows]` for `x[rows][:]`; the index itself where there is one."""
    if not isinstance(target.value, ast.Subscript):
        yield target
        return
    first, second = (list(s.slice.elts) if isinstance(s.slice, ast.Tuple) else [s.slice] for s in (target.value, target))
    while second and _is_whole(second[0]):
        second.pop(0)
    forms = [[*first, *second], [*second, *first]] if second else [first]
    whole = [[*(part for part in first if not _is_whole(part)), *second]] if any(map(_is_whole, first)) else []
    for index in [*forms, *whole, *(form[::-1] for form in whole)]:
        yield ast.Subscript(target.value.value, index[0] if len(index) == 1 else ast.Tuple(index, ast.Load()), ast.Store())


def _is_whole(part: ast.expr) -> bool:
    return isinstance(part, ast.Slice) and ast.dump(part) == ast.dump(ast.Slice())
