"""An answer of several statements: which they are, what they may read, and whether they give the gradient."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.raised.failure import Stopped
from backprop_check.expression.carried import Program, carried
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.fold import constants
from backprop_check.expression.work import REPLAY
from backprop_check.records import Run
from backprop_check.trace.oracle import trace


def is_carried(case: Case, program: Program) -> bool:
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
    if case.draft is not None or isinstance(case, Stopped):
        return ()
    taken = program(case)
    return taken if any(map(_is_a_step, taken)) else ()


def program(case: Case) -> tuple[ast.stmt, ...]:
    """The statements that write an answer, with those that give the names they read."""
    last = max((i for i, s in enumerate(case.submission.statements) if case.name in s.writes), default=-1)
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


def _is_a_step(statement: ast.stmt) -> bool:
    """Whether a statement does more than to give a name a value."""
    match statement:
        case ast.Assign(targets=[ast.Name()]) | ast.AugAssign(target=ast.Name()):
            return False
    return True


def all_of(program: Program) -> Iterator[ast.stmt]:
    for statement in program:
        yield statement
        if isinstance(statement, ast.For):
            yield from all_of(statement.body)


def base(target: ast.expr) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def target_of(statement: ast.Assign | ast.AugAssign) -> ast.expr:
    return statement.targets[0] if isinstance(statement, ast.Assign) else statement.target


def length(case: Case, loop: ast.For) -> int | None:
    """How many rounds a loop has in the first trial, where that does not depend on another one."""
    try:
        return len(Evaluator(names(case, case.verdict.runs[0]), case.work)(loop.iter))
    except (Refused, Failed, RecursionError, TypeError):
        return None


def fits(case: Case, of: ast.expr, axis: int, length: int | None) -> bool:
    """Whether what counts so many rounds may count along an axis of a tensor: sizes are all different."""
    run = case.verdict.runs[0]
    name = of.id if isinstance(of, ast.Name) else ""
    value = run.trial.gradients[case.name] if name == case.name else names(case, run).get(name)
    return length is None or not isinstance(value, torch.Tensor) or (axis < value.dim() and value.shape[axis] == length)


def is_plain(case: Case, part: ast.expr) -> bool:
    """Whether a part is a number that comes from no tensor's values."""
    known = names(case, case.verdict.runs[0])
    return not any(isinstance(known.get(n.id, torch.empty(0)), torch.Tensor) for n in names_used(part))
