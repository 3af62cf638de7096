"""A gradient that is gathered by statements: those that are missing, two signs at once, an axis that does not fit its places."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from backprop_check.comparison.compare import close
from backprop_check.derivation.sums import signed
from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_replay.paths import PATHS
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.claims import placed, statements
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.steps.statement_told import one_line, told_of
from backprop_check.diagnosis.steps.statements import base, is_carried, makes_it_right, steps
from backprop_check.expression.carried import Program
from backprop_check.expression.chains import rewritten
from backprop_check.expression.rewrites import method, parts, put_statement
from backprop_check.records import Claim, Diagnosis

Near = tuple[tuple[str, str], Claim]
"""Which lines are to be changed or to follow, what they read, and the claim that this puts them right."""

AXES = 4
"""So many places for an axis of length 1 are tried."""


def missing(case: Case) -> Near | None:
    """The statements for the uses that are left out: after the last one, or in the place of the zeros that the first one begins with."""
    program = steps(case)
    plain = all(isinstance(s, ast.Assign | ast.AugAssign) for s in program)
    if not program or not plain or case.partial or not case.everywhere or not case.same_shape or not is_carried(case, program):
        return None
    lost = _left_out(case)
    if len(lost) == 1 and _is_zeros(program[0]) and not _cut(lost[0]):
        first = _one_line(case, lost[0]).replace(" += ", " = ", 1)
        changed = (ast.parse(first).body[0], *program[1:])
        if " -= " not in first and makes_it_right(case, changed):
            return (f"line {program[0].lineno} reads", first), statements(changed=[placed(case, program[0], first)])
    new = [_one_line(case, term) for term in lost[::-1]]
    if new and makes_it_right(case, (*program, *(ast.parse(one).body[0] for one in new))):
        where = f"{'these follow' if len(new) > 1 else 'this follows'} line {program[-1].end_lineno}"
        return (where, "; ".join(new)), statements(followed=[placed(case, program[-1], one) for one in new[::-1]])
    return None


def relaid(case: Case) -> Near | None:
    """The statement that raises, where it only lacks an axis of length 1 in what it writes, or has one too many."""
    program, raised = steps(case), case.verdict.answer.raised
    old = case.nodes[raised.statement] if raised is not None and raised.statement < len(case.nodes) else None
    if old not in program or not isinstance(old, ast.Assign | ast.AugAssign) or case.partial or not is_carried(case, program):
        return None
    for part in sorted(parts(old.value), key=lambda part: not isinstance(part, ast.Name)):
        for step, axis in product(("squeeze", "unsqueeze"), range(AXES)):
            (new,) = put_statement([old], part, method(part, step, axis))
            if makes_it_right(case, tuple(new if statement is old else statement for statement in program)):
                shown = one_line(new)
                return (f"line {old.lineno} reads", shown), statements(changed=[placed(case, old, shown)])
    return None


def _left_out(case: Case) -> list[ast.expr]:
    """The terms of the derived gradient that make up what the answer lacks."""
    terms = [term.expression for term in case.derived.terms] if case.derived is not None else []
    worth = [case.evaluate(term) for term in terms]
    if not 1 < len(terms) <= PATHS or any(w is None for w in worth):
        return []
    known: list[Tensors] = [w for w in worth if w is not None]
    for count in range(1, len(terms)):
        for some in combinations(range(len(terms)), count):
            if all(
                close(sum(known[k][i] for k in some) + a, o, s)
                for i, (a, o, s) in enumerate(zip(case.answers, case.oracles, case.scales, strict=True))
            ):
                return [terms[k] for k in some]
    return []


def _is_zeros(first: ast.stmt) -> bool:
    match first:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Attribute(attr="zeros_like" | "zeros" | "new_zeros"))):
            return True
    return False


def _cut(term: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """What is written, and into which places, by `torch.zeros_like(x).slice_scatter(value, axis, start, stop)`."""
    match signed(term)[1]:
        case ast.Call(func=ast.Attribute(attr="slice_scatter"), args=[value, ast.Constant(value=int(axis)), start, stop]):
            ends = (None if isinstance(end, ast.Constant) and end.value is None else end for end in (start, stop))
            return value, ast.Tuple([*[ast.Slice()] * axis, ast.Slice(*ends)], ast.Load()) if axis else ast.Slice(*ends)
    return None


def _one_line(case: Case, term: ast.expr) -> str:
    """`dx[:, 1:] -= du` for what comes back through one use."""
    negative, bare = signed(term)
    cut = _cut(term)
    target: ast.expr = ast.Name(case.name, ast.Load())
    if cut is not None:
        bare, target = cut[0], ast.Subscript(target, cut[1], ast.Load())
    bare = min((bare, *rewritten(bare)), key=lambda way: len(text(way)))
    return f"{text(target)} {'-' if negative else '+'}= {text(bare)}"


def signs_of_two(case: Case, program: Program) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, ...], Diagnosis]]:
    """Two statements that add into places, or take away there, each with the other sign."""
    adding = [s for s in program if isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add | ast.Sub) and base(s.target) == case.name]
    for first, second in combinations((s for s in adding if isinstance(s.target, ast.Subscript)), 2):
        changed = put_statement(put_statement(program, first, _turned(first)), second, _turned(second))
        signs = "exchanged" if type(first.op) is not type(second.op) else "wrong"
        error = f"the signs of `{short(first.target)}` and `{short(second.target)}` are {signs}"
        note = f"{case.node} comes into the forward with a plus in one place, and with a minus in another."
        told = told_of(case, "wrong-sign", second, error, note, asks(case))
        also = told_of(case, "wrong-sign", first, error, note, "").span
        yield second, changed, replace(told, also=((also, "and this"),)) if also is not None else told


def _turned(statement: ast.AugAssign) -> ast.AugAssign:
    other = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
    return ast.copy_location(ast.AugAssign(statement.target, other, statement.value), statement)
