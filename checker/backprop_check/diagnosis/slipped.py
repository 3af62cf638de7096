"""Say which slip in the right formula makes the learner's answer."""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.edits import parts
from backprop_check.diagnosis.slips import Slip, slip
from backprop_check.diagnosis.words import users
from backprop_check.records import Diagnosis, Span

FACTORS = "Write the derivative of each operation between {node} and the gradient from above, one factor for each, and count them."
SAYS = {
    "missing-upstream": (
        "what arrives from above is missing from a product here",
        "Along a path the chain rule multiplies: the derivative alone does not say how the loss moves.",
        "Ask which gradient arrives at {users}.",
    ),
    "missing-local-derivative": (
        "a factor of the derivative is missing",
        "In {users} something more decides how far the result moves with {node}.",
        FACTORS,
    ),
    "missing-mask": (
        "elements that the forward held back receive a gradient",
        "What {users} does not let through cannot move the loss.",
        "Use the forward's own mask on the gradient too.",
    ),
    "wrong-scale": (
        "a constant factor is off",
        "Shape and places are right; a factor of {users} that is the same for every {node} is not counted as it should be.",
        "Look for what {users} divides or multiplies by, and count it once.",
    ),
    "wrong-sign": (
        "a sign is turned",
        "All numbers have the right size; somewhere a minus is lost or one too many.",
        "Say aloud what happens to the result of {users} when {node} grows: does it grow or shrink?",
    ),
    "subtracted-branch": (
        "the gradients of two uses are subtracted",
        "Gradients that come back through several uses always add up.",
        "Add them; a minus belongs only inside a derivative that has one.",
    ),
    "missing-branch": (
        "one way on which {node} moves the loss is left out",
        "{users}: moving one {node} also moves what is computed of all of them, and a part of the gradient comes back through that.",
        "List every place where {node} enters, and add up what comes back from each.",
    ),
    "wrong-local-derivative": (
        "this is not the whole derivative",
        "The derivative of {users} by {node} has another form.",
        "Write down how far {users} moves when {node} moves a little, alone, before you multiply.",
    ),
    "dropped-epsilon": (
        "the small number that the forward adds is left out",
        "{users}: the derivative is taken where the forward was, the small number included.",
        "Differentiate what the forward computed, to the letter.",
    ),
    "missing-sum": (
        "inside this, a sum is missing",
        "Elements that the forward brought together send back one number, the sum over them.",
        "Look which axis the forward sums over, and collect along it.",
    ),
    "diagonal-jacobian": (
        "each result is moved by more than its own {node}",
        "In {users} each {node} moves the results of its neighbours too; this has only its effect on its own.",
        "For one element of {node}, add up what it does to every element of the result, each times its own gradient.",
    ),
    "lost-keepdim": (
        "inside this, a sum drops the axis it runs over",
        "Without the axis the numbers meet other rows or columns than theirs.",
        "Keep the summed axis, with length 1.",
    ),
    "extra-keepdim": (
        "inside this, a sum keeps an axis that should go",
        "The kept axis makes the numbers meet others than theirs.",
        "Let the summed axis go.",
    ),
    "needless-sum": (
        "this is a matrix product, where the forward multiplies element by element",
        "`@` also sums over an axis, and along that axis nothing was copied or shared in {users}.",
        "Multiply element by element, and sum only where {node} was copied.",
    ),
    "elementwise-for-matmul": (
        "this multiplies element by element, where the forward has a matrix product",
        "{users}: every number of {node} meets a whole row or column, so its gradient is a sum of products.",
        "Use `@`, and let the axis meet that {node} does not have.",
    ),
    "mean-for-sum": (
        "this averages where the gradient adds up",
        "Every use sends back its share, and shares add up.",
        "Sum; the mean's 1/n, if there is one, comes from the forward alone.",
    ),
    "wrong-axis": (
        "a sum runs over another axis than the forward's",
        "{users}: ask which axis it brings together.",
        "Name the axes, and sum over the one along which {node} is shared.",
    ),
    "summed-everything": (
        "a sum runs over all axes",
        "One number cannot stand for all rows and columns.",
        "Sum over the one axis along which {node} is shared.",
    ),
    "wrong-power": ("a power is off", "The rest is right.", "Bring the exponent down as a factor, and lower it by one."),
    "missing-scatter": (
        "this is still in the places of what was picked",
        "{users}: each gradient belongs to the element it was picked from.",
        "Begin with zeros in the shape of {node}, and put each gradient where its element came from.",
    ),
    "ignored-index": (
        "elements that were not picked receive a gradient too",
        "{users}: only the elements that were picked moved the result.",
        "Begin with zeros in the shape of {node}, and put the gradient only where the forward picked.",
    ),
    "dropped-repeats": (
        "elements that were picked several times receive only one of their gradients",
        "{users}: an element that was picked k times receives k gradients.",
        "Add up at the index; an assignment keeps only the last one.",
    ),
    "overwritten-branch": (
        "elements that are used several times keep only the last of their gradients",
        "{users} uses the same element more than once; each `=` throws away what an earlier one has put there.",
        "Add to what is there: `+=`.",
    ),
    "wrong-slice": (
        "the numbers stand at the other end of their axis",
        "{users}: each gradient belongs where its element was taken from.",
        "Follow one element by hand: where did the forward put it, and where does its gradient come back from?",
    ),
    "wrong-permutation": (
        "the numbers stand in another order along an axis",
        "{users}: going back, each number returns to its own place.",
        "Follow one element by hand: where did the forward put it, and where does its gradient come back from?",
    ),
    "sum-before-product": (
        "this sums first and multiplies afterwards",
        "A sum of products is not a product of sums: every use of {node} has a product of its own.",
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
        "`@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than in the forward.",
        "Write the axes' names under the factors: the two that meet are the ones to sum away.",
    ),
    "needless-transpose": (
        "a factor of the matrix product should not be turned",
        "`@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than in the forward.",
        "Write the axes' names under the factors: the two that meet are the ones to sum away.",
    ),
    "wrong-point": (
        "the formula is right, but one name in it is not the one it belongs to",
        "{users}: a formula in the input is not one in the output.",
        "Ask of each name whether it is what went in or what came out.",
    ),
    "wrong-operand": (
        "one tensor in this is not the one that belongs there",
        "The form of the expression is right.",
        "Look at {users}: which tensor decides how far it moves with {node}?",
    ),
}

SHAPES = ("missing-sum", "lost-keepdim", "extra-keepdim", "wrong-axis", "missing-scatter", "summed-everything")
"""Slips that are best told by the shapes, where these differ."""


def slipped(case: Case) -> Diagnosis | None:
    """Proven by replay: the gradient derived from the forward, with this slip in it, is the learner's answer in every trial."""
    found = slip(case)
    return told(case, found) if found is not None else None


def told(case: Case, found: Slip) -> Diagnosis | None:
    """Say it; the place is where the learner's expression has the slip's value, if anywhere."""
    if found.code not in SAYS:
        return None
    words = {"node": case.node, "users": users(case)}
    error, note, move = (text.format(**words) for text in SAYS[found.code])
    if found.code in SHAPES and not case.same_shape:
        error = f"{case.got}, but {case.node} is {case.due}"
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


def _place(case: Case, found: Slip) -> Span | None:
    """The smallest part of the learner's expression that is worth what the slip made of its place."""
    values = case.evaluate(found.left)
    if case.expression is None or values is None:
        return case.span()
    same = [part for part in parts(case.expression) if case.same(case.evaluate(part), values)]
    return case.span(same[-1] if same else None)
