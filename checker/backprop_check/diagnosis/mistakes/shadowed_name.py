"""shadowed-name: a name of the forward was given another meaning before it was used.

Family: State, dtype, harness
Forward: h = torch.tanh(z); y = h * w
Shapes: z (N, C), w (C)
Wrong: dh = w * dy; h = h * w; dz = (1 - h**2) * dh
Right: dh = w * dy; dz = (1 - h**2) * dh

Why:
The backward pass reads the forward's values by their names. An assignment to such a name does not change the forward,
but every line below it reads the new value. Give a new value a new name.

Read more: Ned Batchelder, "Facts and myths about Python names and values".

Question: What did the forward mean by `{other}`, and what does it mean below line {line}?
Law: An assignment gives the name another value for every line below. The slopes need the one the forward gave it. In small: `{other} = 2;
{other} = 3 * {other}` and then `1 - {other}**2` reads 6, not 2.
Traits: formula right, line stays
"""

from __future__ import annotations

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.fold import fold
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven where the same statements are right once the forward's names mean the forward's values."""
    bound = [s for s in case.submission.statements if s.writes & set(case.graph.exercise.names)]
    if not bound or not case.written:
        return None
    names = {n for s in bound for n in s.writes} & set(case.graph.exercise.names)
    restored = fold(case.submission, case.nodes, case.name, case.put_in | names)
    if restored is None or not case.is_right(restored):
        return None
    # The last one before the answer whose new value the answer was spoilt by.
    guilty = [s for s in bound if s.index < max(t.index for t in case.submission.statements if case.name in t.writes)]
    if not guilty:
        return None
    name = sorted(guilty[-1].writes & names)[0]
    return case.proven(
        "shadowed-name",
        error=f"this line gives the forward's `{name}` another meaning",
        note=f"Below it `{name}` is not what the forward computed, and {case.name} reads it; with the forward's own it is right.",
        help="Give the new value a name of its own.",
        span=case.span(case.nodes[guilty[-1].index]),
        evidence="With the forward's values under their names the same expression equals autograd's gradient in every trial.",
        claims=(equal(restored),),
    )
