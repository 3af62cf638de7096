"""Which story speaks: the one place where that is decided.

The explainers are asked in this order, and the first whose proof stands speaks. What asks less of the learner's line and of coincidence is
asked first. A name in quotes is a mistake: a file of `mistakes`, whose `find` proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

from backprop_check.diagnosis.by_edit import brackets
from backprop_check.diagnosis.by_edit.crossed import crossed
from backprop_check.diagnosis.by_edit.exchanged import exchanged
from backprop_check.diagnosis.by_edit.moved_brackets import moved_brackets
from backprop_check.diagnosis.by_slip.told import by_slip
from backprop_check.diagnosis.by_value import valued
from backprop_check.diagnosis.by_value.lacking_factor import part_without_a_factor
from backprop_check.diagnosis.by_value.neighbours import neighbour
from backprop_check.diagnosis.by_value.other_divisor import mean_by_n, other_divisor
from backprop_check.diagnosis.by_value.other_part import one_term, other_part
from backprop_check.diagnosis.by_value.own_place import own_place
from backprop_check.diagnosis.by_value.reordered import reordered
from backprop_check.diagnosis.by_value.tried_factor import tried_factor
from backprop_check.diagnosis.by_value.updated import updated
from backprop_check.diagnosis.by_value.whose_gradient import whose_gradient
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import hard_coded_size, mistakes, not_finite, shape_error
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.steps.rounds import by_statement
from backprop_check.records import Diagnosis

Find = Callable[[Case], Diagnosis | None]


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The text of the line says it, whatever its value.
TEXT = _codes("not-written syntax-error autograd-used undefined-name not-callable")
# Run again, it gave another answer: of no value of it is there anything to say.
VARIED = _codes("not-deterministic")
# torch refuses it, and the part that it refuses says why.
REFUSED = _codes("bad-reshape inner-for-outer missing-transpose elementwise-for-matmul reversed-axes")
# It is no gradient at all: another kind of thing.
KIND = _codes("not-a-tensor mask-as-gradient wrong-dtype")
# The formula is right: another line, another size or a single number spoils it. Nothing has to change in the formula.
SPOILED = _codes("not-kept aliased used-too-early hard-coded-size changed-forward not-finite shadowed-name stale-name tie-convention")
# The numbers are right, and laid out, copied or added up otherwise: the shape shows it, and one move on the whole puts it right.
LAYOUT = _codes(
    """
    lost-keepdim extra-keepdim accidental-outer missing-sum summed-everything
    not-selected not-expanded wrong-permutation wrong-slice transposed missing-scatter not-reshaped scrambled-reshape
    ignored-index shifted-labels dropped-repeats through-detach
    mean-for-sum wrong-axis sum-before-product needless-sum
    """
)
# A plain value (zeros, ones, a value of the forward) agrees with many a story below by chance, and brackets with many an edit.
PLAIN: tuple[Find, ...] = (valued.by_one_thing, valued.find, brackets.find)
# One thing less, more or other in the formula, which only the values show: what is lost or turned before what is another thing.
FORMULA = _codes(
    """
    wrong-sign missing-upstream swapped-where missing-mask missing-local-derivative
    overwritten-branch missing-branch doubled-branch diagonal-jacobian misused-shortcut
    needless-transpose wrong-transpose wrong-mask applied-twice dropped-epsilon wrong-point index-as-value wrong-start
    subtracted-branch wrong-scale wrong-power wrong-operand shape-error
    plus-for-times multiplied-branches missing-label extra-term missing-inner-derivative wrong-local-derivative
    """
)
# The value alone, whatever made it: the farthest from the learner's line, and nearest to chance.
VALUE: tuple[Find, ...] = (
    by_statement,
    exchanged,
    neighbour,
    one_term,
    by_slip,
    reordered,
    part_without_a_factor,
    own_place,
    updated,
    whose_gradient,
    hard_coded_size.besides,
    other_part,
    crossed,
    moved_brackets,
    tried_factor,
    other_divisor,
    mean_by_n,
)

LAST: tuple[str | Find, ...] = (not_finite.anyway, shape_error.anyway, "wrong-call", "wrong-idea", "unrecognised")
"""What is said where no cause is proven: that a part has no value, what torch refuses, that the idea is another, or the facts."""

ONE_THING = (
    *(
        {"wrong-local-derivative", other}
        for other in ("wrong-local-derivative", "missing-local-derivative", "extra-term", "missing-upstream")
    ),
    *({"extra-term", other} for other in ("missing-branch", "missing-local-derivative", "missing-upstream", "wrong-operand")),
    *({"missing-local-derivative"}, {"wrong-power"}),
    {"wrong-operand", "wrong-local-derivative"},
)
"""Codes that are no two mistakes of one line: one too many and one missing are something in the place of something else."""

LIGHT = ("wrong-scale", "wrong-sign")
"""Of a part as a whole, whatever else is wrong within it; a sign is told after a constant."""

ORDER: tuple[str | Find, ...] = (*TEXT, *VARIED, *REFUSED, *KIND, *SPOILED, *LAYOUT, *PLAIN, *FORMULA, *VALUE)


def found(explainer: str | Find, case: Case) -> Diagnosis | None:
    """What a mistake, or another explainer, says of a case."""
    return mistakes()[explainer].find(case) if isinstance(explainer, str) else explainer(case)


def peers(explainer: str | Find) -> Iterator[str | Find]:
    """What it ties with, by its own page or by the other's, in their order; and the story that its file sets beside it."""
    if isinstance(explainer, str):
        yield from (code for code in ORDER if isinstance(code, str) and (code in page(explainer).ties or explainer in page(code).ties))
        yield from filter(None, [getattr(mistakes()[explainer], "beside", None)])


def as_told(one: Diagnosis, two: Diagnosis) -> tuple[Diagnosis, Diagnosis]:
    """Two mistakes of one line in the order in which they are told: what arrives from above first, a sign or a constant last."""
    lighter = one.code in LIGHT and (two.code not in LIGHT or LIGHT.index(one.code) > LIGHT.index(two.code))
    return (two, one) if two.code == "missing-upstream" or lighter else (one, two)


@cache
def editors() -> tuple[ModuleType, ...]:
    """The mistakes that are found by editing the learner's line, in their order: their edits take part in repairs of two steps."""
    return tuple(mistake for code in ORDER if isinstance(code, str) and hasattr(mistake := mistakes()[code], "edits"))
