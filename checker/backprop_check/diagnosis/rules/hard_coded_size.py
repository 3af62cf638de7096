"""hard-coded-size: right at the sizes of the exercise, wrong or impossible at any other.

Family: State, dtype, harness
Forward: p = c * s
Shapes: c (N, C), s (N, 1)
Wrong: ds = (c * dp).sum(1).reshape(5, 1)
Right: ds = (c * dp).sum(1).reshape(-1, 1)

Why:
The number in the code happens to be the length of an axis today. With another batch it is not, and the line gives a
wrong gradient or stops. Take lengths from the tensors (`x.shape[0]`), keep axes instead of naming their length
(`keepdim=True`), or leave one length to torch (`-1`).

Read more: the PyTorch documentation, "torch.Tensor.shape".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.fold import fold
from backprop_check.diagnosis.rewrites import put
from backprop_check.exercise.sizes import nominal_name
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    if "hard-coded-size" not in case.verdict.why:
        return None
    runs = case.verdict.runs
    folded = fold(case.submission, case.nodes, case.name, frozenset(runs[0].trial.gradients)) if case.written else None
    other = next(run for run, d in zip(runs, case.verdict.differences, strict=True) if d.wrong)
    nominal = ", ".join(f"{n} = {size}" for n, size in runs[0].trial.sizes.items())
    changed = ", ".join(f"{n} = {size}" for n, size in other.trial.sizes.items())
    raised = other.answers[case.name].raised
    literal = next(_lengths(case, folded), None) if folded is not None else None
    return Diagnosis(
        code="hard-coded-size",
        certainty="proven",
        error=_error(case, literal),
        note=f"Right at {nominal}; at {changed} it {'raises: ' + raised.message if raised else 'is wrong'}.",
        help="Take the length from a tensor (`x.shape[0]`), keep the axis (`keepdim=True`), or leave it to torch (`-1`).",
        span=case.span(literal) if literal is not None else case.span(),
        evidence=f"Right in three trials at the nominal sizes, and wrong in each at {changed}.",
        fix=_fix(case, folded) if folded is not None else None,
    )


def besides(case: Case) -> Diagnosis | None:
    """Of an answer that is wrong at the exercise's own sizes too: that it raises at others, and a length is written in it as a number."""
    runs = case.verdict.runs
    raised = next((r for run in runs[1:] if (r := run.answers[case.name].raised) is not None), None)
    if raised is None or case.verdict.runs[0].answers[case.name].value is None:
        return None
    literal = next((lit for node in case.written for lit in _lengths(case, node) if length_of(lit) > 2), None)
    if literal is None:
        return None
    return Diagnosis(
        code="hard-coded-size",
        certainty="proven",
        error=_error(case, literal),
        note=f"At other sizes the line raises: {raised.message}. And at these sizes the numbers are not right either.",
        help="Take the length from a tensor (`x.shape[0]`), keep the axis (`keepdim=True`), or leave it to torch (`-1`); then check again.",
        span=case.span(literal),
        evidence="It runs at the exercise's own sizes, and raises at others.",
    )


def _error(case: Case, literal: ast.Constant | None) -> str:
    if literal is None:
        return "this is right at the exercise's own sizes, and not at others"
    number = length_of(literal)
    name = nominal_name(number, case.verdict.runs[0].trial.sizes)
    return f"this {number} is the length {name} of today" if name else f"this {number} is fixed, the sizes are not"


def _lengths(case: Case, expression: ast.AST) -> Iterator[ast.Constant]:
    """Whole numbers in the expression that equal a length of this graph at the nominal sizes, other than 0, 1 and 2, then those that do."""
    values = case.verdict.runs[0].trial.values.values()
    lengths = {n for v in values if isinstance(v, torch.Tensor) for n in (*v.shape, v.numel())} | {v for v in values if type(v) is int}
    found = [n for n in ast.walk(expression) if isinstance(n, ast.Constant) and length_of(n) in lengths and length_of(n) > 0]
    yield from sorted(found, key=lambda n: length_of(n) <= 2)


def length_of(node: ast.Constant) -> int:
    """The whole number a constant holds, or 0."""
    return node.value if type(node.value) is int else 0


def _fix(case: Case, expression: ast.expr) -> str | None:
    """The expression with one or two such numbers taken from the forward, if that is right in every trial."""
    evaluators = [(Evaluator(case.names(run), case.work), run.trial) for run in case.verdict.runs]

    def right(candidate: ast.expr) -> bool:
        for evaluator, trial in evaluators:
            try:
                value = evaluator(candidate)
            except (Refused, Failed, RecursionError):
                return False
            oracle = trial.gradients[case.name]
            if not isinstance(value, torch.Tensor) or value.shape != oracle.shape:
                return False
            if not bool((value - oracle).abs().max() <= case.tolerance * trial.scales[case.name]):
                return False
        return True

    literals = list(_lengths(case, expression))[:4]
    single = [put(expression, lit, s) for lit in literals for s in _sources(case, length_of(lit))]
    double = (put(put(expression, a, s), b, t) for i, a in enumerate(literals) for b in literals[i + 1 :]
              for s in _sources(case, length_of(a)) for t in _sources(case, length_of(b)))  # fmt: skip
    for count, candidate in enumerate((*single, *double)):
        if count > 400:
            return None
        if right(candidate):
            return ast.unparse(ast.fix_missing_locations(candidate))
    return None


def _sources(case: Case, length: int) -> list[ast.expr]:
    """Expressions of the forward that have this value at the nominal sizes: plain numbers, then lengths of the node and of the inputs."""
    exercise, values = case.graph.exercise, case.verdict.runs[0].trial.values
    texts = [n for n in exercise.names if type(values.get(n)) is int and values[n] == length]
    for name in dict.fromkeys((case.node, *exercise.names)):
        value = values.get(name)
        if isinstance(value, torch.Tensor):
            texts += [f"{name}.shape[{i}]" for i, n in enumerate(value.shape) if n == length]
    return [ast.parse(text, mode="eval").body for text in dict.fromkeys(texts)][:6]
