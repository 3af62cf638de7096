"""Answers that are made step by step, in a loop or by writing into places: the one thing in their statements that is to be changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import permutations
from types import ModuleType
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis import brackets
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.carried import Carrying, Program, carried
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.constants import named_constants
from backprop_check.diagnosis.edits import names_used
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.factors import minus_brought
from backprop_check.diagnosis.failure import Stopped
from backprop_check.diagnosis.fold import constants
from backprop_check.diagnosis.rewrites import negated, parts, put_statement
from backprop_check.diagnosis.rules import (
    applied_twice,
    elementwise_for_matmul,
    extra_term,
    inner_for_outer,
    mean_for_sum,
    missing_transpose,
    needless_sum,
    needless_transpose,
    plus_for_times,
    sum_before_product,
    wrong_axis,
    wrong_local_derivative,
    wrong_operand,
    wrong_point,
    wrong_power,
    wrong_scale,
    wrong_start,
)
from backprop_check.diagnosis.scaled import ONCE, look
from backprop_check.diagnosis.words import short
from backprop_check.diagnosis.work import REPLAY
from backprop_check.records import Diagnosis, Run
from backprop_check.trace.oracle import trace

SEARCH = 60_000
"""What may be spent (of `Work`) on changes of the statements, whatever the search before it has cost: a loop has nothing else."""

SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}

WITHIN = (
    wrong_start, elementwise_for_matmul, missing_transpose, inner_for_outer, mean_for_sum, wrong_axis, sum_before_product, needless_sum,
    brackets, needless_transpose, applied_twice, wrong_point, wrong_scale, wrong_power, wrong_operand, plus_for_times, extra_term,
    wrong_local_derivative,
)  # fmt: skip
"""What may be wrong within one statement, in the order in which it is asked."""


@dataclass(frozen=True)
class Within(Case):
    """An answer of several statements, of which one part, `hole`, may be changed: that is right which makes the whole right.

    Parts of it are worth what they are in the first round in which their statement is reached.
    """

    program: tuple[ast.stmt, ...] = ()
    statement: ast.stmt | None = None
    hole: ast.expr | None = None

    @cached_property
    def expression(self) -> ast.expr | None:
        return self.hole

    @property
    def draft(self) -> ast.expr | None:
        return self.hole

    @cached_property
    def evaluators(self) -> list[Evaluator]:
        return [Evaluator(self._reached(run), self.work) for run in self.runs]

    def _reached(self, run: Run) -> dict[str, Any]:
        state = Carrying(names(self, run), self.work, self.statement)
        with suppress(Refused, Failed, RecursionError, RuntimeError, TypeError, ValueError):
            state.out(self.program)
        return state.seen if state.seen is not None else names(self, run)

    def is_right(self, expression: ast.expr) -> bool:
        assert self.hole is not None
        return makes_it_right(self, put_statement(self.program, self.hole, expression))

    def evaluate(self, expression: ast.expr) -> Tensors | None:
        return self.answers if expression is self.hole else super().evaluate(expression)

    def gives(self, expression: ast.expr) -> bool:
        assert self.hole is not None
        changed = put_statement(self.program, self.hole, expression)
        made = [carried(names(self, run), changed, self.name, self.work) for run in self.runs]
        return all(m is not None for m in made) and self.is_answer([m for m in made if m is not None])


@dataclass(frozen=True)
class Change:
    """One change of the statements that makes them right: the statement as it is to be, and what is said of it."""

    program: tuple[ast.stmt, ...]
    old: ast.stmt
    told: Diagnosis
    follows: ast.stmt | None = None
    """A statement that is to follow `old`, where nothing is to be changed."""
    first: ast.stmt | None = None
    """Another statement that is to be changed, before `old`."""


def by_statement(case: Case) -> Diagnosis | None:
    """Proven by carrying the statements out: as they stand they give the answer, and with one thing changed the gradient."""
    found = change(replace(case, until=case.work.done + SEARCH))
    if found is None:
        return None
    where, new = _as_changed(found)
    evidence = f"Once {where} `{new}`, your statements give autograd's gradient in every trial."
    if found.follows is not None:
        evidence = f"With `{new}` after line {found.old.end_lineno} your statements give autograd's gradient in every trial."
    return replace(found.told, evidence=evidence, fix=None, claims=(), near=(where, new))


def near(case: Case) -> tuple[str, str] | None:
    """What of the learner's statements is to be changed, and as what; None where one change is not enough, or none is known."""
    found = change(case, told=True)
    return _as_changed(found) if found is not None else None


def change(case: Case, told: bool = False) -> Change | None:
    """The first change of one thing in the statements that makes them right, in every trial and in the one in which nothing is sought.

    Where the mistake is `told` already, what is costly to find is not sought.
    """
    program = steps(case)
    if not program or case.partial or not _is_carried(case, program):
        return None
    for old, changed, said in _changes(case, program):
        if makes_it_right(case, changed):
            first = next((a for a, b in zip(program, changed, strict=True) if a is not b and a is not old), None) if said.also else None
            return Change(changed, old, said, first=first)
        if case.late:
            return None
    if (found := _within_one(case, program, (wrong_scale,))) is not None or case.late:
        return found
    for follows in _scaled(case, program):
        if makes_it_right(case, (*program, follows)):
            whole = wrong_scale.find(case)
            return Change((*program, follows), program[-1], whole, follows) if whole is not None else None
    return _within_one(case, program, WITHIN) if not told else None


def stopped_within(case: Case) -> Stopped | None:
    """The answer, where its statements raise in one of their rounds, with what raises and the names as they are there."""
    program = steps(case)
    if case.verdict.runs[0].answers[case.name].raised is None or not any(isinstance(s, ast.For) for s in program):
        return None
    part: ast.expr | None = None
    there: dict[int, dict[str, Any]] = {}
    for run in case.verdict.runs:
        state = Carrying(names(case, run), case.work)
        try:
            state.out(program)
        except Failed as failed:
            part = part or failed.node
        except (Refused, RecursionError, RuntimeError, TypeError, ValueError):
            return None
        there[run.trial.seed] = state.names
    own = {f.name: getattr(case, f.name) for f in fields(Case)} | {"memo": {}}
    return Stopped(**own, part=part, there=there) if part is not None else None


def _within_one(case: Case, program: tuple[ast.stmt, ...], rules: Sequence[ModuleType]) -> Change | None:
    """What is wrong within one expression of the statements, as the rules tell it."""
    for statement in _all(program):
        for hole in _holes(statement):
            within = _within(case, program, statement, hole)
            for rule in rules:
                told: Diagnosis | None = rule.find(within)
                if told is not None and told.fix is not None and told.certainty == "proven":
                    changed = put_statement(program, hole, ast.parse(told.fix, mode="eval").body)
                    if makes_it_right(case, changed):
                        return Change(changed, statement, replace(told, note=_of_statements(told.note)))
                if case.late:
                    return None
    return None


def _is_carried(case: Case, program: Program) -> bool:
    """Whether the statements, carried out, give what the learner's gave in every trial: the same numbers, or none."""
    for run in case.verdict.runs:
        answer, made = run.answers[case.name].value, carried(names(case, run), program, case.name, case.work)
        if (answer is None) != (made is None):
            return False
        given = answer.to(torch.float64) if answer is not None else None
        if given is not None and made is not None and not close(made, given, float(given.abs().max()) if given.numel() else 1.0):
            return False
    return True


def steps(case: Case) -> tuple[ast.stmt, ...]:
    """The statements of an answer that no expression stands for, with those that give the names they read."""
    last = max((i for i, s in enumerate(case.submission.statements) if case.name in s.writes), default=-1)
    if last < 0 or case.draft is not None or isinstance(case, Stopped) or not any(map(_is_a_step, case.written)):
        return ()
    known = case.verdict.runs[0].trial
    needed, taken = {case.name}, list[ast.stmt]()
    for statement, node in reversed(list(zip(case.submission.statements, case.nodes, strict=True))[: last + 1]):
        if statement.writes & needed:
            taken.insert(0, node)
            needed |= {name for name in statement.reads if name not in known.gradients and name not in known.values}
    return tuple(taken)


def names(case: Case, run: Run) -> dict[str, Any]:
    """The names that the statements may read in a run, with those that the file gives a value outside `backward`."""
    key = names, run.trial.seed, tuple(run.trial.sizes.items()), run.trial.perturbed
    if key not in case.memo:
        known = dict(case.names(run))
        for name, value in constants(case.submission).items():
            if value is not None and name not in known:
                try:
                    known[name] = Evaluator(known, case.work)(value)
                except (Refused, Failed, RecursionError):
                    continue
        case.memo[key] = known
    there: dict[str, Any] = case.memo[key]
    return there


def makes_it_right(case: Case, program: Program) -> bool:
    """Whether the statements give the gradient in every trial, and in the one in which nothing is sought."""
    for run in _held_against(case, program):
        value = carried(names(case, run), program, case.name, case.work)
        if value is None or not close(value, run.trial.gradients[case.name], run.trial.scales[case.name]):
            return False
    return True


def _held_against(case: Case, program: Program) -> Iterator[Run]:
    """The runs of few numbers first, and what is costly last."""
    yield from sorted(case.verdict.runs, key=lambda run: run.trial.gradients[case.name].numel())
    if case.verdict.unseen is not None:
        yield case.verdict.unseen
    if (other := _with_other_gradients(case, program)) is not None:
        yield other


def _with_other_gradients(case: Case, program: Program) -> Run | None:
    """A run in which the gradients that the statements read are not what this graph makes of them; None where they read none."""
    read = frozenset(n.id for s in program for n in ast.walk(s) if isinstance(n, ast.Name)) & case.available
    key = _with_other_gradients, read
    if read and key not in case.memo:
        trial = trace(case.graph, 0, case.graph.sizes[0], perturb=[name[1:] for name in sorted(read)])
        case.work.count(*trial.values.values(), times=REPLAY)
        case.memo[key] = replace(case.verdict.runs[0], trial=trial)
    run: Run | None = case.memo.get(key)
    return run


def _as_changed(found: Change) -> tuple[str, str]:
    """Which line is to be changed, and what it is to read: of a loop the line that opens it."""
    if found.follows is not None:
        return f"this follows line {found.old.end_lineno}", _one_line(found.follows)
    new = [_one_line(_there(found.program, old)) for old in (found.first, found.old) if old is not None]
    if found.first is not None:
        return f"lines {found.first.lineno} and {found.old.lineno} read", "; ".join(new)
    return f"line {found.old.lineno} reads", new[0]


def _there(program: Program, old: ast.stmt) -> ast.stmt:
    """What stands in the place of a statement."""
    return next(n for n in _all(program) if n.lineno == old.lineno and isinstance(n, ast.For) == isinstance(old, ast.For))


def _one_line(new: ast.stmt) -> str:
    match new:
        case ast.For(target=target, iter=over):
            return f"for {text(target)} in {text(over)}:"
        case ast.Assign(targets=[target], value=value):
            return f"{text(target)} = {text(value)}"
        case ast.AugAssign(target=target, op=op, value=value):
            return f"{text(target)} {SIGNS[type(op)]}= {text(value)}"
        case ast.Expr(value=value):
            return text(value)
    return ast.unparse(new)


def _is_a_step(statement: ast.stmt) -> bool:
    """Whether a statement does more than to give a name a value."""
    match statement:
        case ast.Assign(targets=[ast.Name()]) | ast.AugAssign(target=ast.Name()):
            return False
    return True


def _all(program: Program) -> Iterator[ast.stmt]:
    for statement in program:
        yield statement
        if isinstance(statement, ast.For):
            yield from _all(statement.body)


def _holes(statement: ast.stmt) -> Iterator[ast.expr]:
    """The values and the indices of a statement."""
    match statement:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            yield value
            if isinstance(target, ast.Subscript):
                yield target.slice
        case ast.Expr(value=ast.Call(args=arguments)):
            yield from arguments


def _within(case: Case, program: tuple[ast.stmt, ...], statement: ast.stmt, hole: ast.expr) -> Within:
    own = {f.name: getattr(case, f.name) for f in fields(Case)} | {"memo": {}}
    return Within(**own, program=program, statement=statement, hole=hole)


def _of_statements(note: str) -> str:
    return re.sub(r"\bthe expression is right\b", "all of it is right", note)


def _changes(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, ...], Diagnosis]]:
    loops = [s for s in _all(program) if isinstance(s, ast.For)]
    counters = {n.id: _length(case, loop) for loop in loops for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    for statement in _all(program):
        yield from ((statement, put_statement(program, statement, new), told) for new, told in _signs(case, statement, loops))
    for statement in _all(program):
        for old, new, told in _places(case, statement, counters):
            yield statement, put_statement(program, old, new), told
    for statement in _all(program):
        for old, new, told in _elements(case, statement, counters):
            yield statement, put_statement(program, old, new), told
    yield from _exchanged(case, program)
    for loop in loops:
        for old, new, told in _bounds(case, loop):
            yield loop, put_statement(program, old, new), told


def _signs(case: Case, statement: ast.stmt, loops: list[ast.For]) -> Iterator[tuple[ast.stmt, Diagnosis]]:
    """`+=` for `=` within a loop, the sign of what is added or written, and the constant that all is divided by."""
    inside = any(statement in list(_all(loop.body)) for loop in loops)
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Subscript() as target], value=value) if _base(target) == case.name:
            if inside or (isinstance(target, ast.Subscript) and statement is not case.written[0]):
                yield ast.copy_location(ast.AugAssign(target, ast.Add(), value), statement), _thrown_away(case, statement, target)
            if isinstance(target, ast.Subscript):
                other = ast.copy_location(ast.Assign([target], negated(value)), statement)
                yield other, _told(case, "wrong-sign", value, f"`{short(value)}` has the opposite sign", _minus(case), asks(case))
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            if isinstance(target, ast.Subscript) and isinstance(op, ast.Add):
                places: ast.expr = target.slice if isinstance(target.slice, ast.Tuple) else ast.Tuple([target.slice], ast.Load())
                once = ast.keyword("accumulate", ast.Constant(True))
                call = ast.Call(ast.Attribute(target.value, "index_put_", ast.Load()), [places, value], [once])
                yield ast.copy_location(ast.Expr(call), statement), _thrown_away(case, statement, target)
            minus = isinstance(op, ast.Add)
            other_way = ast.copy_location(ast.AugAssign(target, ast.Sub() if minus else ast.Add(), value), statement)
            error = f"the sign of this `{SIGNS[type(op)]}=` is wrong"
            yield other_way, _told(case, "wrong-sign", statement, error, _minus(case), asks(case))
        case ast.AugAssign(target=target, op=ast.Mult() | ast.Div() as op, value=value) if _is_plain(case, value):
            for constant in named_constants(case):
                scaled = ast.AugAssign(target, ast.Div() if constant.divides else ast.Mult(), constant.node)
                error = f"`{SIGNS[type(op)]}= {short(value)}` is not the constant that belongs here"
                yield ast.copy_location(scaled, statement), _told(case, "wrong-scale", value, error, ONCE, look(case))


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
        return _told(case, "dropped-repeats", statement, error, note, move)
    note = f"What writes there again replaces what was found before. Gradients of several uses of {case.node} add up."
    error = f"this `=` throws away what {f'`{text(target)}`' if isinstance(target, ast.Subscript) else case.name} already held"
    return _told(case, "overwritten-branch", statement, error, note, "Add to it: `+=`.")


def _places(case: Case, statement: ast.stmt, counters: dict[str, int | None]) -> Iterator[tuple[ast.AST, ast.expr, Diagnosis]]:
    """Another counter, or all of an axis, in one place of an index; or two places exchanged."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    for part in (n for n in ast.walk(statement) if isinstance(n, ast.Subscript)):
        index = list(part.slice.elts) if isinstance(part.slice, ast.Tuple) else [part.slice]
        others: list[list[ast.expr]] = []
        for k, own in enumerate(index):
            plain = isinstance(own, ast.Slice | ast.Name) or literal(own) is not None
            near = [n for n in ast.walk(own) if isinstance(n, ast.Name) and n.id in counters]
            if plain or near:
                fit = [c for c in counters if ast.unparse(own) != c and _fits(case, part.value, k, counters[c])]
                others += [[*index[:k], ast.Name(c, ast.Load()), *index[k + 1 :]] for c in fit]
            if plain and not near:
                others += [[*index[:k], cut, *index[k + 1 :]] for cut in _cuts(case) if ast.dump(cut) != ast.dump(own)]
            if isinstance(own, ast.Name) and near:
                others += [[*index[:k], ast.BinOp(own, op, ast.Constant(1)), *index[k + 1 :]] for op in (ast.Add(), ast.Sub())]
        if len(index) == 2:
            others.append(index[::-1])
        if len(index) == 1 and counters:
            others += [[index[0], ast.Name(c, ast.Load())] for c in counters if _fits(case, part.value, 1, counters[c])]
        if len(index) == 1 and not isinstance(index[0], ast.Slice):
            others += [[ast.parse(f"range({case.node}.shape[0])", mode="eval").body, index[0]], [ast.Slice(), index[0]]]
        for other in others:
            at: ast.expr = other[0] if len(other) == 1 else ast.Tuple(other, ast.Load())
            new = ast.copy_location(ast.Subscript(part.value, at, part.ctx), part)
            yield part, new, _another_place(case, part, isinstance(part.ctx, ast.Store))


def _cuts(case: Case) -> list[ast.expr]:
    """The cuts that the lines make which use the node, or which make it."""
    lines = [*case.consumers, *(line for line in case.graph.exercise.lines if line.name == case.node)]
    indices = (n.slice for line in lines for n in ast.walk(ast.parse(line.source.strip())) if isinstance(n, ast.Subscript))
    return [cut for index in indices for cut in (index.elts if isinstance(index, ast.Tuple) else [index]) if isinstance(cut, ast.Slice)]


def _exchanged(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, ...], Diagnosis]]:
    """The values of two statements that write into other places of the target exchanged."""
    match [s for s in program if isinstance(s, ast.Assign | ast.AugAssign) and _base(_target(s)) == case.name]:
        case [*_, first, second] if isinstance(_target(first), ast.Subscript) and isinstance(_target(second), ast.Subscript):
            half = put_statement(program, first.value, second.value)
            changed = tuple(_put_last(half, second, first.value))
            error = f"`{short(first.value)}` and `{short(second.value)}` stand in each other's places"
            note = f"Each belongs to the places of {case.node} that it comes back to."
            move = f"Ask of each which places of {case.node} the forward has made it of."
            told = _told(case, "wrong-slice", second.value, error, note, move)
            also = case.span(first.value)
            yield second, changed, replace(told, also=((also, "and this"),)) if also is not None else told


def _put_last(program: Program, old: ast.Assign | ast.AugAssign, value: ast.expr) -> Iterator[ast.stmt]:
    for statement in program:
        same = isinstance(statement, type(old)) and statement.lineno == old.lineno
        yield put_statement([statement], statement.value, value)[0] if same else statement  # type: ignore[attr-defined]


def _target(statement: ast.Assign | ast.AugAssign) -> ast.expr:
    return statement.targets[0] if isinstance(statement, ast.Assign) else statement.target


def _length(case: Case, loop: ast.For) -> int | None:
    """How many rounds a loop has in the first trial, where that does not depend on another one."""
    try:
        return len(Evaluator(names(case, case.verdict.runs[0]), case.work)(loop.iter))
    except (Refused, Failed, RecursionError, TypeError):
        return None


def _fits(case: Case, of: ast.expr, axis: int, length: int | None) -> bool:
    """Whether what counts so many rounds may count along an axis of a tensor: sizes are all different."""
    run = case.verdict.runs[0]
    name = of.id if isinstance(of, ast.Name) else ""
    value = run.trial.gradients[case.name] if name == case.name else names(case, run).get(name)
    return length is None or not isinstance(value, torch.Tensor) or (axis < value.dim() and value.shape[axis] == length)


def _elements(case: Case, statement: ast.stmt, counters: dict[str, int | None]) -> Iterator[tuple[ast.AST, ast.expr, Diagnosis]]:
    """An element of another tensor than the one that is read; a factor of the products that are added up too many."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    known = case.verdict.runs[0].trial.values
    near = dict.fromkeys(
        name for line in case.consumers for name in (*line.reads, "d" + line.name) if name in known or name in case.available
    )
    for part in parts(statement.value):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            sides = ((part.left, part.right), (part.right, part.left)) if isinstance(part.op, ast.Mult) else ((part.left, part.right),)
            for kept, lost in sides:
                if _is_plain(case, lost):
                    continue  # of constants more is known
                many = f"`{short(lost)}` is a {'divisor' if isinstance(part.op, ast.Div) else 'factor'} too many"
                move = "Go through the operations on the path, and write one factor for each."
                yield part, kept, _told(case, "wrong-local-derivative", lost, many, "Without it all of it is right.", move)
            other = ast.copy_location(ast.BinOp(part.left, ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult(), part.right), part)
            does, due = ("multiplies with", "divides") if isinstance(part.op, ast.Mult) else ("divides by", "multiplies")
            error = f"this {does} `{short(part.right)}`, where the derivative {due}"
            yield (
                part,
                other,
                _told(case, "wrong-local-derivative", part, error, "With the other operation there all of it is right.", asks(case)),
            )
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            other_sign = ast.Sub() if isinstance(part.op, ast.Add) else ast.Add()
            signed = ast.copy_location(ast.BinOp(part.left, other_sign, part.right), part)
            error = f"`{short(part.right)}` has the opposite sign"
            yield part, signed, _told(case, "wrong-sign", part.right, error, "With the other sign there all of it is right.", asks(case))
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add) and _base(part.left) != case.name:
            times = ast.copy_location(ast.BinOp(part.left, ast.Mult(), part.right), part)
            note = "Along a path the chain rule multiplies; it adds only across paths."
            yield part, times, _told(case, "plus-for-times", part, "these two belong to one path, and are added", note, "Multiply them.")
        if not isinstance(part, ast.Subscript) or not isinstance(part.value, ast.Name) or part.value.id == case.name:
            continue
        many_axes = len(part.slice.elts) if isinstance(part.slice, ast.Tuple) else 1
        for name in near:
            rank = value.dim() if isinstance(value := names(case, case.verdict.runs[0]).get(name), torch.Tensor) else 0
            same = [part.slice] if name != part.value.id and rank >= many_axes else []
            own = ast.Name(name, ast.Load())
            fit = (p for p in permutations(counters, rank) if all(_fits(case, own, k, counters[c]) for k, c in enumerate(p)))
            for places in [*same, *map(_tuple, fit)] if rank else ():
                new = ast.copy_location(ast.Subscript(ast.Name(name, ast.Load()), places, ast.Load()), part)
                if name == part.value.id:
                    told = _another_place(case, part, False)
                else:
                    error = f"`{text(part)}` stands where another value belongs"
                    told = _told(case, "wrong-operand", part, error, f"With `{text(new)}` in its place all of it is right.", asks(case))
                yield part, new, told


def _is_plain(case: Case, part: ast.expr) -> bool:
    """Whether a part is a number that comes from no tensor's values."""
    known = names(case, case.verdict.runs[0])
    return not any(isinstance(known.get(n.id, torch.empty(0)), torch.Tensor) for n in names_used(part))


def _tuple(counters: Sequence[str]) -> ast.expr:
    found = [ast.Name(counter, ast.Load()) for counter in counters]
    return found[0] if len(found) == 1 else ast.Tuple(list(found), ast.Load())


def _another_place(case: Case, part: ast.Subscript, writes: bool) -> Diagnosis:
    note = f"Each time it is {'written to' if writes else 'read'}, another place of `{text(part.value)}` is meant."
    move = f"Ask, for one round of the loop, which number of {case.node} its gradient is, and which numbers that met in the forward."
    if not any(isinstance(s, ast.For) for s in case.written):
        move = f"Ask of each place that is {'written to' if writes else 'read'} which number of {case.node} it belongs to."
    return _told(case, "wrong-slice", part, f"`{text(part)}` is another place than the one that belongs here", note, move)


def _scaled(case: Case, program: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
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
        yield over, ast.copy_location(ast.Call(over.func, [end], []), over), _told(
            case, "wrong-slice", over,
            f"`{text(over)}` does not count all that has to be counted, or counts too many",
            "Each number along the axis needs its round, and there are as many rounds as the axis is long.",
            f"`range(n)` counts from 0 to n - 1. Ask along which axis this loop goes, and how long that is: `range({text(end)})`.",
        )  # fmt: skip


def _base(target: ast.expr) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def _told(case: Case, code: str, where: ast.AST, error: str, note: str, move: str) -> Diagnosis:
    return Diagnosis(code, "proven", error, note, move, _sign(case, where))


def _sign(case: Case, where: ast.AST) -> Any:
    """Where a part stands; of a statement, its `=`."""
    if not isinstance(where, ast.Assign | ast.AugAssign):
        return case.span(where)
    end = case.span(where.targets[-1] if isinstance(where, ast.Assign) else where.target)
    sign = "=" if isinstance(where, ast.Assign) else "+=" if isinstance(where.op, ast.Add) else "-="
    at = case.submission.lines[end[2] - 1].find(sign, end[3]) if end is not None else -1
    return (end[2], at, end[2], at + len(sign)) if end is not None and at >= 0 else case.span(where)
