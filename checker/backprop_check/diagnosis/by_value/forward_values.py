"""Answers that are a value of the forward: the node's own, that of a line that uses it, another; or a product or quotient with one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.asking import asks, example, goal, moves_one
from backprop_check.diagnosis.by_edit.edits import names_used, search, weighed
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.mistakes.wrong_operand import edits as exchanges
from backprop_check.records import Claim, Diagnosis, Line, Run
from backprop_check.trace.oracle import in_float64

Layout = tuple[str, str]
"""How a value is laid out, in words, and what is written behind its name for it."""


def forward_value(case: Case) -> Diagnosis | None:
    """A value of the forward for a gradient: the node's own, that of a line that uses it, another; alone, or times what arrives."""
    near = [line.name for line in case.consumers]
    read = {name for line in case.graph.exercise.lines for name in (line.name, *line.reads)}  # live, an input may be the learner's alone
    others = [name for name in case.graph.exercise.names if name != case.node and name not in near and name in read]
    alone = (case.node, *near, *others) if not weighed(case) else ()
    if any(bool((a == a.flatten()[0]).all()) and a.numel() > 1 for a in case.answers):
        alone = tuple(name for name in alone if name in near)
    skipped = {name for name in near if _is_outer_exp(case, name)} | ({case.node} if _one_name_mends(case) else set())
    found = [(name, way) for name in alone if name not in skipped and (way := _how(case, name)) is not None]
    if found:  # of the others one that is laid out as it is, before one that is turned or summed
        name, (how, made) = min(found, key=lambda f: (f[0] in others, f[1][0] != ""))
        return _is_value(case, name, how, name + made)
    for line in case.consumers:
        if (
            "d" + line.name in case.reads
            and not _is_outer_exp(case, line.name)
            and moves_one(case)
            and case.is_answer(_weighted(case, line))
        ):
            return _times(case, line)
    return None


def _is_outer_exp(case: Case, name: str) -> bool:
    """Whether a line is exp of more than the node: there its own value is a factor of the slope."""
    source = next(line.source for line in case.consumers if line.name == name)
    return any(not isinstance(inner, ast.Name) for inner in _inside_exp(ast.parse(source.strip(), mode="eval").body))


def _inside_exp(tree: ast.expr) -> list[ast.expr]:
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and tree.func.attr == "exp"):
        return []
    return tree.args or [tree.func.value]


def _one_name_mends(case: Case) -> bool:
    """Whether it stands in the place of another operand of the same line, and with that is right: that is the nearer story."""
    return any(case.is_right(ast.Name(name, ast.Load())) for line in case.consumers for name in line.reads)


def _how(case: Case, name: str) -> Layout | None:
    """How a value of the forward was laid out to make the answer, the same in every trial; None where it does not make it."""
    values = [in_float64({name: run.trial.values[name]})[name] for run in case.runs]
    if not all(isinstance(value, torch.Tensor) and value.is_floating_point() for value in values):
        return None
    ways = [set(_layouts(value, answer)) for value, answer in zip(values, case.answers, strict=True)]
    return min(set.intersection(*ways), key=lambda way: (len(way[0]), len(way[1]), way), default=None)


def _layouts(value: torch.Tensor, answer: torch.Tensor) -> Iterator[Layout]:
    if not bool(value.isfinite().all()):  # of an infinity nothing is far: what holds one is told where it is the same, place by place
        if value.shape == answer.shape and torch.equal(answer, value):
            yield "", ""
        return
    scale = float(value.abs().max())
    if value.shape == answer.shape and close(answer, value, scale):
        yield "", ""
    elif value.numel() == answer.numel():
        if close(answer, value.reshape(answer.shape), scale):
            yield "in another shape", ".reshape(answer.shape)"
        if value.dim() == 2 == answer.dim() and value.T.shape == answer.shape and close(answer, value.T, scale):
            yield "turned", ".T"
    elif value.numel() < answer.numel():
        fits = value.dim() <= answer.dim() and all(n in (1, m) for n, m in zip(reversed(value.shape), reversed(answer.shape), strict=False))
        if fits and close(answer, value.expand(answer.shape), scale):
            yield "copied", ".expand(answer.shape)"
    elif value.dim() > 1:
        for count in range(1, value.dim()):
            for dims in combinations(range(value.dim()), count):
                total = value.sum(dims)
                if total.numel() == answer.numel() and close(answer, total.reshape(answer.shape), scale * value.numel()):
                    yield "summed up", f".sum({dims}).reshape(answer.shape)"


def _weighted(case: Case, line: Line) -> Tensors | None:
    values = [_product(run, line.name) for run in case.runs]
    return None if any(value is None for value in values) else [value for value in values if value is not None]


def _product(run: Run, name: str) -> torch.Tensor | None:
    value, arrives = run.trial.values[name], run.trial.gradients["d" + name]
    return value.to(torch.float64) * arrives if isinstance(value, torch.Tensor) and value.shape == arrives.shape else None


def _is_value(case: Case, name: str, how: str, made: str) -> Diagnosis:
    line = next((line for line in case.consumers if line.name == name), None)
    laid, code = f", {how}" if how else "", "wrong-local-derivative"
    derived = case.derived.expression if case.derived is not None else None
    above = [d for d in sorted(case.gradients_in(derived)) if d not in case.reads] if derived is not None else []
    note = f"A gradient says how much {goal(case)} moves when {_one(case)} rises a little."
    if name == case.node:
        error = f"this is {name} itself{laid}: a value of the forward, not a gradient"
    elif line is not None:
        error = f"this is {name} itself{laid}: the value of `{line.source}`, not how it moves with {case.node}"
    elif above and derived is not None and name in {n.id for n in names_used(derived)}:
        error, code = f"this is {name}{laid}, and a factor of the gradient; what arrives from above is not in it", "missing-upstream"
    else:
        error, code = f"this is {name}{laid}: a value of the forward, not a gradient", "wrong-operand"
    shape = "" if case.same_shape else f"Yours is {case.got}, and {case.node} is {case.due}."
    evidence = f"In every trial your answer is the value of {name}{laid}."
    if code == "wrong-local-derivative" and not isinstance(case.draft, ast.Name) and search(case, exchanges) is not None:
        code = "wrong-operand"  # the value came about by a name in the place of another
    return plainly(case, code, error, " ".join(filter(None, (note, shape, example(case)))), evidence, equal(made, ANSWER))


def _one(case: Case) -> str:
    return f"a number of {case.node}" if case.oracles[0].dim() else case.node


def _times(case: Case, line: Line) -> Diagnosis:
    found = plainly(
        case,
        "wrong-operand" if search(case, exchanges) is not None else "wrong-local-derivative",
        f"this is d{line.name} times {line.name} itself, the value of `{line.source}`",
        " ".join(filter(None, (f"What belongs beside d{line.name} is how fast {line.name} moves with {case.node}.", example(case)))),
        f"In every trial your answer is {line.name} times d{line.name}.",
        equal(f"{line.name} * d{line.name}", ANSWER),
    )
    return replace(found, fix=None)  # what arrives stands there, and stays


def quotient(case: Case) -> Diagnosis | None:
    """A result divided by the node, as if every line were a plain multiple of it."""
    below, divides = {case.node}, any(isinstance(part, ast.Div) for statement in case.written for part in ast.walk(statement))
    if weighed(case) or not divides or search(case, exchanges) is not None:
        return None
    for line in case.graph.exercise.lines:
        if not below.isdisjoint(line.reads):
            below.add(line.name)
            values = [_divided(run, line.name, case.node) for run in case.runs]
            if case.is_answer([value for value in values if value is not None]):
                return plainly(
                    case,
                    "wrong-local-derivative",
                    f"this is {line.name} divided by {case.node}",
                    " ".join(filter(None, ("A slope compares how much both move, not how large both are.", example(case)))),
                    f"In every trial your answer is the value of {line.name} divided by that of {case.node}.",
                    equal(f"{line.name} / {case.node}", ANSWER),
                )
    return None


def _divided(run: Run, name: str, by: str) -> torch.Tensor | None:
    value, node = run.trial.values[name], run.trial.values[by]
    try:
        quotient: torch.Tensor = value / node
        return quotient.to(torch.float64)
    except (RuntimeError, TypeError, AttributeError):
        return None


def plainly(case: Case, code: str, error: str, note: str, evidence: str, proven: Claim) -> Diagnosis:
    fix = case.derived.text if case.derived is not None else None
    span = case.span()
    return Diagnosis(code, "proven", error=error, note=note, help=asks(case), span=span, evidence=evidence, claims=(proven,), fix=fix)
