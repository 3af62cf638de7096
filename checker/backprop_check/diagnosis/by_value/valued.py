"""Answers that are plain values: zeros, ones, numbers written down, values of the forward. What they are is told as it is.

Such a value agrees with many a story by chance (zeros with any in which nothing comes back), so these are asked before every story.
"""

from __future__ import annotations

import ast

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.trees import literal
from backprop_check.diagnosis.asking import example, goal, upstream
from backprop_check.diagnosis.by_edit.edits import names_used, parts, value_of, weighed
from backprop_check.diagnosis.by_replay.functions import another_idea
from backprop_check.diagnosis.by_replay.still import moves_with_values
from backprop_check.diagnosis.by_value.forward_values import forward_value, plainly, quotient
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.mistakes import wrong_mask, wrong_operand
from backprop_check.diagnosis.mistakes.missing_upstream import arrivals, is_the_slope_alone
from backprop_check.diagnosis.mistakes.not_expanded import right_but_for_the_shape
from backprop_check.diagnosis.phrases import users
from backprop_check.expression.rewrites import calls
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by value in every trial; not told where the answer is a part of the gradient, or a constant multiple of it."""
    if not case.everywhere or case.partial or case.edited is not None or not all(a.numel() for a in case.answers):
        return None
    if not any(a.any() for a in case.answers):
        return None if case.draft is not None and _times_zero(case.draft) else _zeros(case)
    if right_but_for_the_shape(case) is not None or is_the_slope_alone(case) or is_multiple(case) or _lacks_upstream_only(case):
        return None
    finite = all(bool(a.isfinite().all()) for a in case.answers)
    return (_numbers(case) or forward_value(case) or quotient(case) if finite else None) or another_idea(case)


def by_one_thing(case: Case) -> Diagnosis | None:
    """Of zeros: the mask or the name that makes them, where it stands in the place of the right one."""
    if not case.everywhere or case.draft is None or any(a.any() for a in case.answers) or _times_zero(case.draft):
        return None
    return wrong_mask.find(case) or wrong_operand.find(case)


def _lacks_upstream_only(case: Case) -> bool:
    """Whether the answer times what arrives from above is right: a derivative alone, though it may be worth some value of the forward."""
    if case.expression is None or weighed(case):
        return False
    return any(case.is_right(ast.BinOp(case.expression, ast.Mult(), ast.Name(name, ast.Load()))) for name in arrivals(case))


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
    used = f"{case.node} is used in {users(case)}, and {case.graph.exercise.output} moves with it"
    return plainly(
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
    if len(case.answers) == 1 and (names is None or any(isinstance(value_of(case, name), torch.Tensor) for name in names)):
        return None  # seen on one set of values only
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
    return plainly(case, code, error, " ".join(filter(None, (why, _shape(case), example(case)))), evidence, equal(made, ANSWER))


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
