"""wrong-sign: the right gradient with the opposite sign.

Family: Local derivative
Forward: y = s**-1
Shapes: s (N,)
Wrong: ds = s**-2 * dy
Right: ds = -(s**-2) * dy

Why:
The sign of a derivative says whether the output grows or shrinks when the variable grows. 1/s shrinks, so its
derivative is negative; a value that is subtracted, or that stands in a denominator or under a negative power, sends a
minus back.

Read more: any table of derivatives; the power rule.
"""

from __future__ import annotations

from checker.diagnosis.case import Case
from checker.diagnosis.rewrites import negated
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by turning the answer's sign: it is then the oracle."""
    if not case.mends(lambda a, o: -a):
        return None
    used = case.consumers[0] if len(case.consumers) == 1 else None
    where = f"`{used.name} = {used.source}`" if used else "the forward"
    return Diagnosis(
        code="wrong-sign",
        certainty="proven",
        error=f"every number of {case.name} has the opposite sign",
        note=f"Shape and size are right; the sign is not. Where {case.node} grows a little, look at which way {where} moves.",
        help="Find the minus that the derivative brings, or the one too many.",
        span=case.span(),
        evidence="The answer times -1 equals autograd's gradient in every trial.",
        fix=case.fix(negated(case.expression)) if case.expression is not None else None,
    )
