"""wrong-idea: no single change mends the expression, and it has little in common with the gradient of this operation.

Family: The line raised, or is not an answer
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = torch.sin(x) + dy.sum(1, keepdim=True)**2
Right: dx = dy @ W.T

Why:
Sometimes the formula in mind belongs to no part of this graph. Then nothing is gained by mending it: begin again from
the one line of the forward that uses the value, and ask how much its result moves when the value moves a little.

Read more: `backprop-check derive EXERCISE` shows each gradient of an exercise with its reason.

Question: Leave your line aside for a moment and begin at {lines}.
Traits: nameless, of all numbers
"""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.derive import Derived
from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.asking import asks, goal
from backprop_check.diagnosis.by_edit.edits import names_used, parts, value_of, valued_parts
from backprop_check.diagnosis.by_value.replaced import replaced, sensible, sensible_terms
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import lines
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.fingerprint import keys
from backprop_check.records import Diagnosis

SHARED = 0.5
LONGER = 3
CLOSE = 1e-9


def find(case: Case) -> Diagnosis | None:
    """Proven of three facts: no part of it is all that is wrong, it lacks most parts of the derived gradient, and it cannot be one.

    A gradient is linear in what arrives from above. An answer that is not, one that is made of other values of the forward alone, or one
    that is far longer than the gradient, is no slip of the pen.
    """
    derived, draft = case.derived, case.draft
    if derived is None or draft is None or case.verdict.runs[0].answers[case.name].value is None:
        return None
    if not case.gradients_in(draft) and case.graph.exercise.takes_cotangent:
        return _without_upstream(case, derived)
    if _is_written_out(case, draft, derived):
        return None  # in other places than its own, but it does come into this
    known = {key for part in parts(draft) for key in _keys(case, part)}
    needed = [part for part in valued_parts(derived.expression) if _keys(case, part)]
    lacking = [part for part in needed if not known.intersection(_keys(case, part))]
    longer = len(list(parts(draft))) > LONGER * len(list(parts(derived.expression)))
    alien = longer or not is_linear(case, draft, derived) or _of_other_values(case, draft, derived)
    if len(lacking) <= SHARED * len(needed) or not alien:
        return None
    if any(part is not draft for _, part, _ in sensible(case, replaced(case, draft))) or any(sensible_terms(case, draft)):
        return None
    return _told(case, derived, lacking)


def _is_written_out(case: Case, draft: ast.expr, derived: Derived) -> bool:
    """Whether a part of the answer holds all the numbers of a gradient from above that it does not read."""
    for name in case.gradients_in(derived.expression) - case.gradients_in(draft):
        above = case.verdict.runs[0].trial.gradients[name].flatten()
        for part in parts(draft) if above.numel() and bool((above != above[0]).any()) else ():
            value = value_of(case, part)
            if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel() >= above.numel():
                there = value.flatten().sort().values
                after = torch.searchsorted(there, above).clamp(1, there.numel() - 1)
                if torch.minimum((there[after] - above).abs(), (there[after - 1] - above).abs()).max() <= CLOSE * above.abs().max():
                    return True
    return False


def _without_upstream(case: Case, derived: Derived) -> Diagnosis:
    return case.proven(
        "missing-upstream",
        error="this is the same, whatever arrives from above",
        note=f"No gradient is in this, but {case.name} grows with what comes back to {case.node}: twice as much above, twice as much here.",
        help=asks(case),
        evidence="The expression reads no gradient; a gradient is linear in what arrives from above, and this is not.",
        fix=derived.text,
    )


def is_linear(case: Case, draft: ast.expr, derived: Derived) -> bool:
    """Whether the answer is linear in the gradients it reads; one that reads none is not, where the gradient depends on some."""
    read = case.gradients_in(draft)
    if not read:
        return not case.gradients_in(derived.expression)
    names = case.names(case.verdict.runs[0])
    try:
        none, once, twice = (Evaluator({**names, **{n: names[n] * k for n in read}}, case.work)(draft) for k in (0.0, 1.0, 2.0))
    except (Refused, Failed):
        return True
    return bool(torch.allclose(none, torch.zeros_like(none))) and bool(torch.allclose(twice, 2 * once))


def _of_other_values(case: Case, draft: ast.expr, derived: Derived) -> bool:
    """Whether the answer reads values of the forward, and none that what is derived reads; nor a gradient that this does not read."""
    mine, due = _values_read(case, draft), _values_read(case, derived.expression)
    return bool(mine) and not mine & due and case.gradients_in(draft) <= case.gradients_in(derived.expression)


def _values_read(case: Case, expression: ast.expr) -> set[str]:
    """The values of the forward that move, by name. Of the text: a name derived twice is one node, and may lend its shape once."""
    return {n.id for n in names_used(parsed(text(expression))) if "d" + n.id in case.verdict.runs[0].trial.gradients}


def _still(case: Case, derived: Derived) -> bool:
    """Whether what is derived reads no value of the forward that moves, and no gradient."""
    return not _values_read(case, derived.expression) and not case.gradients_in(derived.expression)


def _keys(case: Case, part: ast.expr) -> tuple[object, ...]:
    value = value_of(case, part)
    return keys(value) if isinstance(value, torch.Tensor) and value.is_floating_point() else ()


def _told(case: Case, derived: Derived, lacking: list[ast.expr]) -> Diagnosis:
    used = lines(term.line for term in derived.terms)
    names = dict.fromkeys(text(part) for part in lacking if isinstance(part, ast.Name))
    without = f" Nothing in your line is worth {' or '.join(f'`{n}`' for n in names)}." if names else ""
    if case.draft is not None and not case.gradients_in(case.draft) and case.gradients_in(derived.expression):
        without += " No gradient from above is in your line."
    if case.draft is not None and _values_read(case, case.draft) and _still(case, derived):
        without += f" How much {goal(case)} moves with {case.node} is the same whatever its values are; yours changes with them."
    read = case.gradients_in(case.draft) if case.draft is not None else set()
    # Of what is taken up further on, the gradients between are left out by right.
    due = case.gradients_in(derived.expression) - read
    above = [name for name in names if name in due and not read & case.below(name)] if read else []
    does, it = ("does", "it") if len(above) == 1 else ("do", "them")
    error = f"{' and '.join(above)} {does} not come into this, and the gradient depends on {it}"
    return case.proven(
        "missing-upstream" if above else "wrong-idea",
        error=error if above else f"this is not how {case.node} moves the loss",
        note=f"{case.node} is used in {used}.{without}",
        help=asks(case),
        evidence="No part was found whose change makes it right, and most values that the derived gradient is made of are not in it.",
        fix=derived.text,
    )
