"""Answers that are plain values: zeros, ones, numbers written down, values of the forward. What they are is told as it is.

Such a value agrees with many a story by chance (zeros with any in which nothing comes back), so these are asked before every story.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import literal
from backprop_check.diagnosis.asking import asks, example, goal, moves_one, upstream
from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.edits import names_used, parts, search, value_of, weighed
from backprop_check.diagnosis.functions import another_idea
from backprop_check.diagnosis.phrases import users
from backprop_check.diagnosis.rewrites import calls
from backprop_check.diagnosis.rules.missing_upstream import is_the_slope_alone
from backprop_check.diagnosis.rules.not_expanded import right_but_for_the_shape
from backprop_check.diagnosis.rules.wrong_operand import edits as exchanges
from backprop_check.diagnosis.still import moves_with_values
from backprop_check.records import Claim, Diagnosis, Line, Run
from backprop_check.trace.oracle import in_float64


def find(case: Case) -> Diagnosis | None:
    """Proven by value in every trial; not told where the answer is a part of the gradient, or a constant multiple of it."""
    if not case.everywhere or case.partial or case.edited is not None or not all(a.numel() for a in case.answers):
        return None
    if not any(a.any() for a in case.answers):
        return None if case.draft is not None and _times_zero(case.draft) else _zeros(case)
    if right_but_for_the_shape(case) is not None or is_the_slope_alone(case) or is_multiple(case) or _lacks_upstream_only(case):
        return None
    finite = all(bool(a.isfinite().all()) for a in case.answers)
    return (_numbers(case) or _value(case) or _quotient(case) if finite else None) or another_idea(case)


def _lacks_upstream_only(case: Case) -> bool:
    """Whether the answer times what arrives from above is right: a derivative alone, though it may be worth some value of the forward."""
    if case.expression is None or weighed(case):
        return False
    above = [ast.Name(name, ast.Load()) for line in case.consumers if (name := "d" + line.name) in case.available]
    return any(case.is_right(ast.BinOp(case.expression, ast.Mult(), name)) for name in above)


def is_multiple(case: Case) -> bool:
    """Whether the answer is a multiple of the gradient; of single numbers, the same multiple in every trial."""
    ratios = []
    for answer, oracle in zip(case.answers, case.oracles, strict=True):
        if answer.shape != oracle.shape or not oracle.any():
            return False
        at = oracle.abs().argmax()
        ratios.append(float(answer.flatten()[at] / oracle.flatten()[at]))
        if not close(answer, ratios[-1] * oracle, float(answer.abs().max()), case.tolerance):
            return False
    return case.oracles[0].numel() > 1 or all(abs(ratio - ratios[0]) <= case.tolerance * abs(ratios[0]) for ratio in ratios)


def _zeros(case: Case) -> Diagnosis:
    used = f"{case.node} is used in {users(case)}, and {goal(case)} moves with it"
    return _told(
        case,
        "wrong-idea",
        f"this is zero{' everywhere' if case.oracles[0].dim() else ''}: nothing comes back to {case.node} here",
        " ".join(filter(None, (f"{used}.", example(case)))),
        "Every number of your answer is zero in every trial, and autograd's gradient is not.",
        equal("answer * 0", ANSWER),
    )


def _times_zero(expression: ast.expr) -> bool:
    """Whether a factor 0 empties it: that factor is the mistake then."""
    products = [part for part in parts(expression) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)]
    return any(literal(side) == 0 for part in products for side in (part.left, part.right))


def _numbers(case: Case) -> Diagnosis | None:
    """Numbers that stay what they are, whatever the values are, though the gradient does not."""
    first, names = case.answers[0].flatten(), _read(case.draft) if case.draft is not None else None
    if weighed(case):
        return None
    number = f"{float(first[0]):g}{' everywhere' if case.oracles[0].dim() else ''}"
    uniform = all(bool((a == a.flatten()[0]).all()) for a in case.answers)
    if uniform and all(a.flatten()[0] == first[0] for a in case.answers):
        error, made = f"this is {number}, whatever the values of the forward are", f"answer * 0 + {float(first[0])!r}"
    elif uniform and names is not None and not any(isinstance(value_of(case, name), torch.Tensor) for name in names):
        error = f"this is one number ({number}, at the exercise's own sizes), whatever the values of the forward are"
        made = "answer * 0 + answer.flatten()[0]"
    elif names == [] and all(a.shape == case.answers[0].shape and torch.equal(a, case.answers[0]) for a in case.answers):
        error = "these are numbers written down; they stay the same when the values of the forward change"
        made = f"torch.tensor({case.answers[0].tolist()})"
    else:
        return None
    above = [name for line in case.consumers if (name := upstream(case, line))]
    still = all(
        close(torch.full_like(o, float(case.oracles[0].flatten()[0])), o, s) for o, s in zip(case.oracles, case.scales, strict=True)
    )
    why = "" if still else f"How much {goal(case)} moves with {case.node} changes with those values."
    if why and not moves_with_values(case, kept=True):
        missing = f"{' and '.join(above)} {'is' if len(above) == 1 else 'are'} missing here"
        why = f"How much {goal(case)} moves with {case.node} changes with what arrives from above: {missing}." if above else ""
    evidence = "With other values your numbers stay as they are, and are not autograd's gradient in any trial."
    code = "missing-upstream" if above and not still else "wrong-local-derivative"
    return _told(case, code, error, " ".join(filter(None, (why, _shape(case), example(case)))), evidence, equal(made, ANSWER))


def _read(expression: ast.expr) -> list[ast.Name]:
    """The names whose values count, those that `full_like` fills with included."""
    filled = [argument for call in calls(expression, "full_like", "new_full") for argument in call.args[1:]]
    return [*names_used(expression), *(name for argument in filled for name in names_used(argument))]


def _shape(case: Case) -> str:
    if case.same_shape:
        return ""
    if case.answers[0].shape == case.oracles[0].shape:
        return f"The shape is written down too, and fits at the exercise's own sizes only: {case.node} is {case.due}."
    return f"And the shape is {case.got}, but {case.node} is {case.due}."


def _value(case: Case) -> Diagnosis | None:
    """A value of the forward for a gradient: the node's own, that of a line that uses it, another; alone, or times what arrives."""
    near = [line.name for line in case.consumers]
    others = [name for name in case.graph.exercise.names if name != case.node and name not in near]
    alone = (case.node, *near, *others) if not weighed(case) else ()
    if any(bool((a == a.flatten()[0]).all()) and a.numel() > 1 for a in case.answers):
        alone = tuple(name for name in alone if name in near)
    skipped = {name for name in near if _is_outer_exp(case, name)} | ({case.node} if _one_name_mends(case) else set())
    found = [(name, how) for name in alone if name not in skipped and (how := _how(case, name)) is not None]
    if found:  # of the others one that is laid out as it is, before one that is turned or summed
        return _is_value(case, *min(found, key=lambda f: (f[0] in others, f[1] != "")))
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


def _how(case: Case, name: str) -> str | None:
    """How a value of the forward was laid out to make the answer, the same in every trial; None where it does not make it."""
    values = [in_float64({name: run.trial.values[name]})[name] for run in case.runs]
    if not all(isinstance(value, torch.Tensor) and value.is_floating_point() for value in values):
        return None
    ways = [set(_layouts(value, answer)) for value, answer in zip(values, case.answers, strict=True)]
    return min(set.intersection(*ways), key=len, default=None)


def _layouts(value: torch.Tensor, answer: torch.Tensor) -> Iterator[str]:
    scale = float(value.abs().max())
    if value.shape == answer.shape and close(answer, value, scale):
        yield ""
    elif value.numel() == answer.numel():
        if close(answer, value.reshape(answer.shape), scale):
            yield "in another shape"
        if value.dim() == 2 == answer.dim() and value.T.shape == answer.shape and close(answer, value.T, scale):
            yield "turned"
    elif value.numel() < answer.numel():
        fits = value.dim() <= answer.dim() and all(n in (1, m) for n, m in zip(reversed(value.shape), reversed(answer.shape), strict=False))
        if fits and close(answer, value.expand(answer.shape), scale):
            yield "copied"
    elif value.dim() > 1:
        for count in range(1, value.dim()):
            for dims in combinations(range(value.dim()), count):
                total = value.sum(dims)
                if total.numel() == answer.numel() and close(answer, total.reshape(answer.shape), scale * value.numel()):
                    yield "summed up"


def _made(case: Case, name: str, how: str) -> str:
    """The answer as it is laid out of that value."""
    ways = {"": name, "turned": f"{name}.T", "copied": f"{name}.expand(answer.shape)", "in another shape": f"{name}.reshape(answer.shape)"}
    if how in ways:
        return ways[how]
    values = [in_float64({name: run.trial.values[name]})[name] for run in case.runs]
    for count in range(1, values[0].dim()):
        for dims in combinations(range(values[0].dim()), count):
            totals = [value.sum(dims) for value in values]
            fits = all(t.numel() == a.numel() for t, a in zip(totals, case.answers, strict=True))
            if fits and case.is_answer([t.reshape(a.shape) for t, a in zip(totals, case.answers, strict=True)]):
                return f"{name}.sum({dims}).reshape(answer.shape)"
    return ANSWER


def _weighted(case: Case, line: Line) -> Tensors | None:
    values = [_product(run, line.name) for run in case.runs]
    return None if any(value is None for value in values) else [value for value in values if value is not None]


def _product(run: Run, name: str) -> torch.Tensor | None:
    value, arrives = run.trial.values[name], run.trial.gradients["d" + name]
    return value.to(torch.float64) * arrives if isinstance(value, torch.Tensor) and value.shape == arrives.shape else None


def _is_value(case: Case, name: str, how: str) -> Diagnosis:
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
    return _told(case, code, error, " ".join(filter(None, (note, shape, example(case)))), evidence, equal(_made(case, name, how), ANSWER))


def _one(case: Case) -> str:
    return f"a number of {case.node}" if case.oracles[0].dim() else case.node


def _times(case: Case, line: Line) -> Diagnosis:
    found = _told(
        case,
        "wrong-operand" if search(case, exchanges) is not None else "wrong-local-derivative",
        f"this is d{line.name} times {line.name} itself, the value of `{line.source}`",
        " ".join(filter(None, (f"What belongs beside d{line.name} is how fast {line.name} moves with {case.node}.", example(case)))),
        f"In every trial your answer is {line.name} times d{line.name}.",
        equal(f"{line.name} * d{line.name}", ANSWER),
    )
    return replace(found, fix=None)  # what arrives stands there, and stays


def _quotient(case: Case) -> Diagnosis | None:
    """A result divided by the node, as if every line were a plain multiple of it."""
    below, divides = {case.node}, any(isinstance(part, ast.Div) for statement in case.written for part in ast.walk(statement))
    if weighed(case) or not divides or search(case, exchanges) is not None:
        return None
    for line in case.graph.exercise.lines:
        if not below.isdisjoint(line.reads):
            below.add(line.name)
            values = [_divided(run, line.name, case.node) for run in case.runs]
            if case.is_answer([value for value in values if value is not None]):
                return _told(
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


def _told(case: Case, code: str, error: str, note: str, evidence: str, proven: Claim) -> Diagnosis:
    fix = case.derived.text if case.derived is not None else None
    span = case.span()
    return Diagnosis(code, "proven", error=error, note=note, help=asks(case), span=span, evidence=evidence, claims=(proven,), fix=fix)
