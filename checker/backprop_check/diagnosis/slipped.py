"""Say which slip in the right formula makes the learner's answer."""

from __future__ import annotations

import ast

from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.edits import valued_parts
from backprop_check.diagnosis.factors import lines_of_answer
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.replay import cut
from backprop_check.diagnosis.rewrites import calls
from backprop_check.diagnosis.slips import Slip, slip, top_of
from backprop_check.diagnosis.words import lines
from backprop_check.records import Diagnosis, Line, Span

FACTORS = "Write the derivative of each operation between {node} and {far}, one factor for each, and count them."
FOLLOW = "Follow one element by hand: where did the forward put it, and where does its gradient come back from?"
AXES = "Write the axes' names under the factors: the two that meet are the ones to sum away."
SAYS = {
    "missing-upstream": (
        "what arrives from above is missing from a product here",
        "Along a path the chain rule multiplies: the derivative alone does not say how the loss moves.",
        "Ask which gradient arrives at {far}.",
    ),
    "missing-local-derivative": (
        "a factor of the derivative is missing",
        "Between {node} and {far} one more factor decides how far the result moves.",
        FACTORS,
    ),
    "missing-mask": (
        "elements that the forward held back receive a gradient",
        "What the forward does not let through cannot move the loss.",
        "Use the forward's own mask on the gradient too.",
    ),
    "wrong-scale": (
        "a constant factor is off",
        "The derivative of {lines} has a constant factor; here it is left out, or on the other side of a fraction.",
        "Find the number that multiplies, divides or is an exponent there, and see where it goes in the derivative.",
    ),
    "wrong-sign": (
        "a sign is turned",
        "Your answer is what the gradient would be with one plus for a minus in it, or one minus for a plus.",
        "Go through the terms and factors of your answer: does the result of {lines} rise with each of them, or fall?",
    ),
    "subtracted-branch": (
        "the gradients of two uses are subtracted",
        "Gradients that come back through several uses always add up.",
        "Add them; a minus belongs only inside a derivative that has one.",
    ),
    "missing-branch": (
        "one way on which {node} moves the loss is left out",
        "What comes back to {node} is a sum, and one of its terms is not in your answer.",
        "List every way on which one number of {node} moves {far}, and add up what comes back along each.",
    ),
    "wrong-local-derivative": (
        "this is not the derivative that belongs here",
        "The derivative of {lines} by {node} has another form.",
        "Write down how far the result moves when {node} moves a little, alone, before you multiply.",
    ),
    "dropped-epsilon": (
        "the small number that the forward adds is left out",
        "In {lines} the derivative is taken where the forward was, the small number included.",
        "Differentiate what the forward computed, to the letter.",
    ),
    "missing-sum": (
        "inside this, a sum is missing",
        "What comes back from several results to one number adds up.",
        "Name the axes: along which of them does one number of the forward serve several results? Sum over that one.",
    ),
    "diagonal-jacobian": (
        "each result is moved by more than its own {node}",
        "In {lines} each number of {node} moves the results of its neighbours too; your answer has only its effect on its own.",
        "For one element of {node}, add up what it does to every element of the result, each times its own gradient.",
    ),
    "lost-keepdim": (
        "inside this, a sum drops the axis it runs over",
        "Without the axis, broadcasting lays the numbers beside other rows or columns than theirs.",
        "Keep the summed axis, with length 1.",
    ),
    "extra-keepdim": (
        "inside this, a sum keeps an axis that should go",
        "With the kept axis, broadcasting lays the numbers beside others than theirs.",
        "Let the summed axis go.",
    ),
    "needless-sum": (
        "this is a matrix product, where the derivative multiplies element by element",
        "`@` also sums over an axis, and in {lines} nothing was copied or shared along that axis.",
        "Multiply element by element, and sum only where {node} was copied.",
    ),
    "elementwise-for-matmul": (
        "this multiplies element by element, where a matrix product belongs",
        "In {lines} every number of {node} serves several results, so its gradient is a sum of products.",
        "Use `@`, and let the axis meet that {node} does not have.",
    ),
    "mean-for-sum": (
        "this averages where the gradient adds up",
        "Every use sends back its share, and shares add up.",
        "Sum, and divide by nothing that the forward does not divide by.",
    ),
    "wrong-axis": (
        "a sum runs over another axis than it should",
        "Each number collects what comes back from the results that it serves, and from no others.",
        "Name the axes of what is summed, and those that are needed after it: the one that is not needed is summed away.",
    ),
    "summed-everything": (
        "a sum runs over all axes",
        "One number cannot stand for all rows and columns.",
        "Sum only over the axes that are not needed after it.",
    ),
    "wrong-power": (
        "a power is off",
        "Your answer is what the gradient would be with another exponent in one place.",
        "{power}",
    ),
    "missing-scatter": (
        "this is still in the places of what was picked",
        "Each gradient belongs to the element that {lines} has picked.",
        "Begin with zeros in the shape of {node}, and add each gradient where its element came from.",
    ),
    "ignored-index": (
        "elements that were not picked receive a gradient too",
        "Only the elements that {lines} has picked moved the result.",
        "Begin with zeros in the shape of {node}, and put the gradient only where the forward picked.",
    ),
    "dropped-repeats": (
        "elements that were picked several times receive only one of their gradients",
        "An element that was picked k times receives k gradients.",
        "Add up at the index; an assignment keeps only the last one.",
    ),
    "overwritten-branch": (
        "elements that are used several times keep only the last of their gradients",
        "{lines} uses the same element more than once, and each use sends a gradient back.",
        "Add to what is there: `+=`.",
    ),
    "wrong-slice": (
        "the numbers stand at the other end of their axis",
        "Each gradient belongs where its element was taken from.",
        FOLLOW,
    ),
    "wrong-permutation": (
        "the numbers stand in another order along an axis",
        "Going back, each number returns to its own place.",
        FOLLOW,
    ),
    "sum-before-product": (
        "this sums first and multiplies afterwards",
        "A sum of products is not a product of sums: every use of a number has a product of its own.",
        "Multiply what belongs together first, then sum.",
    ),
    "multiplied-branches": (
        "what comes back along different paths is multiplied",
        "Across paths gradients add up; only along one path are factors multiplied.",
        "Count the uses of {node}: one term for each, added.",
    ),
    "plus-for-times": (
        "along one path, this adds where it should multiply",
        "The chain rule multiplies the derivatives along a path; only different paths are added.",
        "Ask of each `+` whether its sides come back along different uses of {node}.",
    ),
    "missing-transpose": (
        "a factor of the matrix product should be turned",
        "`@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than should.",
        AXES,
    ),
    "needless-transpose": (
        "a factor of the matrix product should not be turned",
        "`@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than should.",
        AXES,
    ),
    "wrong-point": (
        "{stands}",
        "A derivative in terms of what went in has another form than one in terms of what came out.",
        "Ask of each name whether it is what went into {lines} or what came out.",
    ),
    "wrong-operand": (
        "{stands}",
        "{worth}",
        "{which}",
    ),
}

TURNED = ("missing-transpose", "needless-transpose")
COUNTED = "{node} stands more than once in {lines}, and here those places count alike"
WEIGHED = "Each number that is added up has a weight of its own, and these are not all 1."

SHAPES = ("missing-sum", "lost-keepdim", "extra-keepdim", "wrong-axis", "missing-scatter", "summed-everything")
"""Slips that are best told by the shapes, where these differ."""


SLOPE = "Write down the slope of {lines} by itself, and compare its exponents with yours."
OUTERMOST = {
    "lost-keepdim": "The sum drops the axis it runs over, and the gradient has that axis, with length 1.",
    "extra-keepdim": "The sum keeps the axis it runs over, and the gradient does not have it.",
}


def slipped(case: Case) -> Diagnosis | None:
    """Proven by replay: the gradient derived from the forward, with this slip in it, is the learner's answer in every trial."""
    found = slip(case)
    return told(case, found) if found is not None else None


def told(case: Case, found: Slip) -> Diagnosis | None:
    """Say it; the place is where the learner's expression has the slip's value, if anywhere."""
    if found.code not in SAYS:
        return None
    words = _words(case, found)
    error, note, move = (text.format(**words) for text in SAYS[found.code])
    if found.code in TURNED and case.draft is not None and _products(case.draft) < _products(found.whole):
        # One product stands for two: turning its factor would put the one right, and spoil the other.
        derived = case.derived.expression if case.derived is not None else found.whole
        twice = _with_itself(case)
        if not twice or not _has_factor(derived, found.left):
            return None
        error, note = (
            COUNTED.format(node=case.node, lines=lines(twice)),
            f"The gradient by one of them has the factor `{ast.unparse(found.part)}`, by another `{ast.unparse(found.left)}`.",
        )
        move = "Work out what comes back at each of its places, as if the others were fixed numbers, and add that up."
    if found.code == "missing-local-derivative" and _is_summed(found):
        error, note, move = "inside the sum, a factor is missing", WEIGHED, asks(case)
    if found.code == "missing-upstream" and isinstance(found.part, ast.Name) and isinstance(found.left, ast.Name):
        error, note = words["stands"], words["worth"]
    if found.code in SHAPES and not case.same_shape:
        error = f"{case.got}, but {case.node} is {case.due}"
        note = OUTERMOST.get(found.code, note) if found.left is found.whole else note
    return Diagnosis(
        code=found.code,
        certainty="proven",
        error=error,
        note=note,
        help=move,
        span=_place(case, found),
        evidence="The gradient derived from the forward, with this one slip made in it, is exactly your answer in every trial.",
        claims=(equal(found.whole, ANSWER),),
    )


def _products(tree: ast.expr) -> int:
    """How many matrix products there are in an expression."""
    return sum(isinstance(n, ast.MatMult) for n in ast.walk(tree)) + len(list(calls(tree, "einsum", "matmul", "mm", "bmm", "outer")))


def _with_itself(case: Case) -> list[Line]:
    """The lines in which the node stands in more than one place."""
    names = {line.name: [n for n in ast.walk(ast.parse(line.source.strip())) if isinstance(n, ast.Name)] for line in lines_of_answer(case)}
    return [line for line in lines_of_answer(case) if sum(n.id == case.node for n in names[line.name]) > 1]


def _has_factor(tree: ast.expr, factor: ast.expr) -> bool:
    """Whether a matrix product in it has this factor."""
    products = (n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult))
    return any(ast.dump(side) == ast.dump(factor) for product in products for side in (product.left, product.right))


def _is_summed(found: Slip) -> bool:
    """Whether what the slip makes is summed up within the formula."""
    sums = [call for call in calls(found.whole, "sum") if call is not found.whole]
    return any(found.left is n for call in sums for n in ast.walk(call))


def _words(case: Case, found: Slip) -> dict[str, str]:
    """What the sentences are filled with."""
    here, ends = lines_of_answer(case), cut(case) if case.reads else frozenset({case.graph.exercise.output})
    if arrives := _of_term(case, found):  # the other paths are as they should be
        ends = frozenset(name[1:] for name in arrives)
        here = [line for line in here if _leads_to(case, line.name, ends)]
    above = bool(case.gradients_in(found.part))
    lost = case.gradients_in(found.part) - case.gradients_in(found.left)
    far = " and ".join(sorted(name[1:] for name in lost) or sorted(ends))
    which = "Ask which gradient arrives at {far}." if above else "Look at {lines}: which tensor decides how far it moves with {node}?"
    powers = any(isinstance(n, ast.Pow) for line in here for n in ast.walk(ast.parse(line.source.strip())))
    words = {"node": case.node, "far": far, "lines": lines(here) or "the forward"}
    words["stands"], words["worth"] = _in_the_place(case, found)
    words["which"] = which.format(**words)
    words["power"] = "Bring the exponent down as a factor, and lower it by one." if powers else SLOPE.format(**words)
    return words


def _of_term(case: Case, found: Slip) -> frozenset[str]:
    """What arrives along the one path in whose term the slip was made; nothing where there is only one term, or no one term has it."""
    terms = [t for t in top_of(found.whole) if not (isinstance(t, ast.BinOp) and isinstance(t.op, ast.Add | ast.Sub))]
    slipped_in = [t for t in terms if any(n is found.left for n in ast.walk(t))]
    if len(terms) < 2 or len(slipped_in) != 1 or found.code == "missing-branch":
        return frozenset()
    return case.gradients_in(slipped_in[0]) | case.gradients_in(found.part)


def _leads_to(case: Case, name: str, ends: frozenset[str]) -> bool:
    """Whether what a line makes reaches one of these."""
    reached = {name}
    for line in case.graph.exercise.lines:
        if not reached.isdisjoint(line.reads):
            reached.add(line.name)
    return not reached.isdisjoint(ends)


def _in_the_place(case: Case, found: Slip) -> tuple[str, str]:
    """Of a tensor in the place of another: what to say of it where the learner's line names it, and where it does not."""
    name = f"`{ast.unparse(found.left)}`"
    if isinstance(found.left, ast.Name) and _is_read(case, found.left):
        due = "the gradient from above" if found.code == "missing-upstream" else "another tensor"
        return f"{name} stands where {due} belongs", f"With {due} in its place your answer is the gradient."
    worth = f"with {name} for another tensor" if isinstance(found.left, ast.Name) else "with other tensors in it"
    return "this is not the derivative that belongs here", f"Your answer is worth what the gradient would be {worth}."


def _is_read(case: Case, name: ast.expr) -> bool:
    written = (n for statement in case.written for n in ast.walk(statement))
    return any(isinstance(n, ast.Name) and isinstance(name, ast.Name) and n.id == name.id for n in written)


def _place(case: Case, found: Slip) -> Span | None:
    """The smallest part of the learner's expression that is worth what the slip made of its place."""
    values = case.evaluate(found.left)
    if case.expression is None or values is None:
        return case.span()
    same = [part for part in valued_parts(case.expression) if case.same(case.evaluate(part), values)]
    place = same[-1] if same else None
    if isinstance(place, ast.Name) and found.code == "wrong-local-derivative":  # the name is right: what is computed of it is not
        place = next((n for n in around(case.expression, place) if isinstance(n, ast.Call)), place)
    return case.span(place)
