"""wrong-operand: a factor of the product is another tensor than the one that belongs there.

Family: Local derivative
Forward: y = a * b
Shapes: a (N, C), b (N, C)
Wrong: da = a * dy
Right: da = b * dy

Why:
In a product each factor receives the other one times the gradient from above: how fast a * b moves with a is b. In a
matrix product the gradient of the weight is built from the input, and that of the input from the weight. And what
arrives from above is a gradient, here dy, not the value y itself.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".

Question: Let {one} rise a little. With what is that little multiplied on its way to {goes}, and what arrives there?
Of a factor: By what does {told} divide, and by what does your line?
Slip: {stands}
Note: {worth}
Help: {which}
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, names_used, parts, rename, replacements, search
from backprop_check.diagnosis.by_value.another_gradient import leads_from, slope_instead
from backprop_check.diagnosis.by_value.wrong_part import wrong_part
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import extra_term
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.expression.chains import factors, is_product
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis

beside = slope_instead
"""The story that ties with this one."""


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with one name put in the place of another: it is then right."""
    if case.draft is None:
        return None
    found = search(case, _from_above) or search(case, _other_kinds)
    if found is None:
        return None
    if (more := extra_term.beyond_derived(case)) is not None:
        return more
    text, tree, part = found
    assert isinstance(part, ast.Name)
    old, new = part.id, _new(case.draft, tree, part)
    gradient = new[:1] == "d" and new[1:] in case.graph.exercise.names
    if not gradient and _lacks_a_factor(case, new):
        return None
    if gradient and new[1:] != old and not case.reads:
        return _lacks_upstream(case, found, new)
    if gradient and old in (users := {f"d{line.name}" for line in case.consumers}):
        # What arrives is there, so a simpler story in which it is taken up: a factor too many, or one name for a whole derivative.
        if (less := extra_term.of_factors(case)) is not None:
            return less
        if new not in users and (nearer := wrong_part(case, last=True)) is not None and _is_simple(nearer):
            return nearer
    help_ = asks(case)
    brings = {name for line in case.consumers for name in line.reads}
    if gradient and new[1:] == old:
        note = f"`{old}` is the value the forward computed; what comes back to it is `{new}`."
        help_ = f"Ask of each name whether it is a value or what comes back to it: the gradient belongs in the place of `{old}`."
    elif gradient and old[:1] == "d" and old[1:] in case.graph.exercise.names:
        note, help_ = leads_from(case, found, new)
    elif part not in names_used(case.draft):
        note = f"Here `{old}` gives no value but a shape, a length or an index; those of `{new}` are meant."
        help_ = "Ask which tensor that shape, length or index is of."
    elif old == case.node and (made := [line for line in case.consumers if line.name == new]):
        note = f"`{old}` goes into {lines(made)}; `{new}`, what comes out of it, is meant here."
    elif old == case.node and other_operand(case, new):
        note = other_operand(case, new)
    elif new in brings and old not in brings:
        note = f"{lines(line for line in case.consumers if new in line.reads)} brings in `{new}`, not `{old}`."
    else:
        note = example(case)
    return case.proven(
        "wrong-operand",
        error=f"`{old}` stands where another {_kind(case, new)} belongs",
        note=note,
        help=help_,
        span=case.span(part),
        evidence=f"With `{new}` in the place of `{old}` the expression equals autograd's gradient in every trial.",
        fix=text,
    )


def _lacks_a_factor(case: Case, new: str) -> bool:
    """Whether the name that mends is none of the derived gradient's, and a factor of that gradient mends the line as well.

    `h0 - h` is worth `(h0 - n) * (1 - u)` in a graph where h is `(1 - u) * n + u * h0`: who lacks the factor has not confused n with h.
    """
    if case.derived is None or case.draft is None or new in {n.id for n in names_used(case.derived.expression)}:
        return False
    lost = [factor for part in parts(case.derived.expression) if is_product(part) for _, factor in factors(part)[1]]
    return any(case.is_right(ast.BinOp(factor, ast.Mult(), case.draft)) for factor in lost if not case.gradients_in(factor))


def other_operand(case: Case, name: str) -> str:
    """That a name is the other operand of the node, or stands in it, where it is so."""
    other = _meeting(case, name)
    if other is None:
        return ""
    told = short(other) if isinstance(other, ast.BinOp) else name
    return f"How fast the result moves with {case.node} is told by the other operand, `{told}`."


def _meeting(case: Case, name: str) -> ast.expr | None:
    """The operand with a name in it, of an operation on the node in which each says how fast the result moves with the other."""
    for line in case.consumers:
        for part in parts(ast.parse(line.source.strip(), mode="eval").body):
            sides = [*_sides(part)]
            of_node, of_name = ([side for side in sides if one in {n.id for n in names_used(side)}] for one in (case.node, name))
            for other in of_name:
                if any(mine is not other for mine in of_node):
                    return other
    return None


def _sides(part: ast.expr) -> Iterator[ast.expr]:
    if isinstance(part, ast.BinOp) and not isinstance(part.op, ast.Add | ast.Sub):
        yield from (part.left, part.right)
    elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        yield from (part.func.value, *part.args)


def _is_simple(other: Diagnosis) -> bool:
    """Whether what another story puts right is made of names alone."""
    made_of = parts(ast.parse(other.fix, mode="eval").body) if other.fix is not None else ()
    return bool(made_of) and all(isinstance(part, ast.Name | ast.BinOp) for part in made_of)


def _lacks_upstream(case: Case, found: Mended, new: str) -> Diagnosis:
    return case.proven(
        "missing-upstream",
        by=found,
        error=f"`{text(found.part)}` is a value of the forward; no gradient from above is in this",
        note=f"What arrives at {new[1:]} belongs in the product.",
        help=asks(case),
        evidence=f"With `{new}` in its place the expression equals autograd's gradient in every trial.",
    )


def _from_above(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Not those that take the last gradient from above out of an answer: they would be right for this one alone, a gradient of ones."""
    above = case.gradients_in(expression)
    yield from (edit for edit in edits(case, expression) if not above or case.gradients_in(edit[0]))


def _other_kinds(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A name that lends its shape, or that stands where an index or a plain number is due."""
    known = case.names(case.verdict.runs[0])
    names = [n for n in parts(expression) if isinstance(n, ast.Name) and n.id in known]
    values = names_used(expression)
    others = [name for name in known if isinstance(known[name], torch.Tensor)]
    arguments = {id(n) for p in parts(expression) if isinstance(p, ast.Call) for a in p.args for n in ast.walk(a)}
    for node in names:
        if node not in values and id(node) in arguments:  # a length that is a factor is a constant, right or wrong
            for other in others:
                if other != node.id:
                    yield put(expression, node, ast.copy_location(ast.Name(other, ast.Load()), node)), node
    indices = [name for name in others if not known[name].is_floating_point()]
    numbers = [name for name, value in known.items() if type(value) is int]
    for node in names:
        if id(node) in arguments:
            for other in (*indices, *numbers):
                if other != node.id:
                    yield put(expression, node, ast.copy_location(ast.Name(other, ast.Load()), node)), node


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    names, others = names_used(expression), replacements(case)
    for node in names:
        for other in others:
            if other != node.id:
                yield put(expression, node, ast.copy_location(ast.Name(other, ast.Load()), node)), node
    repeated = [n for n in names if sum(m.id == n.id for m in names) > 1]
    for name, node in {n.id: n for n in repeated}.items():
        for other in others:
            if other != name:
                yield rename(expression, name, other), node


def _kind(case: Case, name: str) -> str:
    value = case.names(case.verdict.runs[0]).get(name)
    return "tensor" if isinstance(value, torch.Tensor) else "number"


def _new(before: ast.expr, after: ast.expr, part: ast.Name) -> str:
    pairs = zip(
        (n for n in ast.walk(before) if isinstance(n, ast.Name)), (n for n in ast.walk(after) if isinstance(n, ast.Name)), strict=True
    )
    return next(b.id for a, b in pairs if a.id != b.id)
