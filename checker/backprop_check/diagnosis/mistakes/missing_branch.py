"""missing-branch: the value is used more than once, and a use is left out of its gradient.

Family: Branches and accumulation
Forward: s = c.sum(1, keepdim=True); p = c / s
Shapes: c (N, C)
Inputs: torch.rand + 0.5
Wrong: ds = -(c * dp / s**2).sum(1, keepdim=True); dc = dp / s
Right: ds = -(c * dp / s**2).sum(1, keepdim=True); dc = dp / s + torch.ones_like(c) * ds

Why:
A value that is used in two places moves the loss along two paths. Each path sends its own gradient back, and the
gradient of the value is their sum. The direct use is easy to see; the one through a sum, a mean or a maximum is easy
to forget.

Read more: Karpathy, "Becoming a Backprop Ninja", dcounts and dlogits.

Question: On the right of which lines does {node} stand? For each of them: where in your answer is what comes back?
Of one use: Let {one} rise a little: which numbers on the way to {far} move with it? Is what comes back from each in your line?
Slip: one way on which {node} moves the loss is left out
Note: What comes back to {node} is a sum, and one of its terms is not in your answer.
Help: List every way on which one number of {node} moves {far}, and add up what comes back along each.
Ties: wrong-mask
Traits: of all numbers
"""

from __future__ import annotations

from backprop_check.derivation.sums import added
from backprop_check.diagnosis.by_replay.branches import Use, branch_cut_off, some_steps, without
from backprop_check.diagnosis.by_replay.paths import Path, paths, uses_kept
from backprop_check.diagnosis.by_replay.replay import cut
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if, uses_taken
from backprop_check.diagnosis.phrases import lines
from backprop_check.records import Claim, Diagnosis, Line


def find(case: Case) -> Diagnosis | None:
    """Proven by the paths: autograd's gradient through some of the uses alone is the learner's answer."""
    if not case.everywhere or not case.same_shape:
        return None
    found = paths(case)
    some = uses_kept(case, found)
    if some is not None:
        return _told(case, some, tuple(path for path in found if path not in some))
    # Zeros count no use at all, and what is zero says nothing of which.
    lost = branch_cut_off(case, cut(case)) if any(bool(answer.any()) for answer in case.answers) else None
    if lost is not None:
        return _below(case, lost)
    steps = some_steps(case)
    if steps is not None:
        line, axis, place, missing = steps
        at = f"{line.name}[{', '.join([':'] * axis + [str(place)])}]"
        note = f"In `{line.source}` {case.node} is used at every step of axis {axis}; each use sends a gradient back."
        rest = f"the rest of {line.name}"
        return _diagnosis(case, *((rest, at) if missing else (at, rest)), note, None, _of_step(case, *steps))
    return None


def left_out(case: Case) -> Diagnosis | None:
    """Of an answer that reads no gradient: what is left of the whole way to the output when a use is cut off."""
    lost = branch_cut_off(case, frozenset({case.graph.exercise.output}))
    return _below(case, lost) if lost is not None else None


def _of_step(case: Case, line: Line, axis: int, place: int, missing: bool) -> tuple[Claim, ...]:
    """Said as a line that lets nothing back but through that step, or but through the others."""
    if len(case.consumers) > 1:
        return ()
    length = f"({line.source}).shape[{axis}]"
    step = f"torch.nn.functional.one_hot(torch.tensor({place}) % {length}, {length})"
    uses_kept = f"(1 - {step})" if missing else step
    return (as_if([(line, f"(({line.source}).movedim({axis}, -1) * {uses_kept}).movedim(-1, {axis})")]),)


def _below(case: Case, lost: tuple[Use, ...]) -> Diagnosis:
    """A branch further on than the node's own uses."""
    ways = " and ".join(f"from {use.name} through {use.told}" for use in lost)
    back = " and ".join(f"to {use.name} from {use.told}" for use in lost)
    return case.proven(
        "missing-branch",
        error=f"what goes {ways} does not come back here",
        note=f"{case.node} also moves the loss that way, by {lines(use.line for use in lost)}.",
        help=f"Work out what comes back {back} as well, add it there, and take it along down to {case.node}.",
        evidence=f"Autograd's gradient, with what goes {ways} cut off, is exactly your answer in every trial.",
        claims=(as_if((use.line, without(use.line, lost)) for use in lost),),
    )


def _told(case: Case, some: tuple[Path, ...], lost: tuple[Path, ...]) -> Diagnosis:
    through = " and ".join(path.told for path in some)
    missing = " and ".join(path.told for path in lost)
    uses = lines(path.line for path in lost)
    use = "that use sends a gradient back too" if len(lost) == 1 else "those uses send gradients back too"
    return _diagnosis(case, through, missing, f"{case.node} is also used in {uses}; {use}.", _fix(case, lost), (uses_taken(0, lost),))


def _diagnosis(case: Case, through: str, missing: str, note: str, fix: str | None, proven: tuple[Claim, ...]) -> Diagnosis:
    return case.proven(
        "missing-branch",
        error=f"through {through}: yes; through {missing}: no",
        note=note,
        help=f"Work out what comes back through {missing}, and add it.",
        evidence=f"Autograd's gradient through {through} alone is exactly your answer in every trial.",
        claims=proven,
        fix=fix,
    )


def _fix(case: Case, lost: tuple[Path, ...]) -> str | None:
    """The learner's expression, and what the derivation says comes back through the lines that were left out."""
    if case.expression is None or case.derived is None:
        return None
    of_lines = [term for term in case.derived.terms if term.line in [path.line for path in lost]]
    whole = added([case.expression, *(term.expression for term in of_lines)])
    return case.fix(whole, *(added([case.expression, term.expression]) for term in of_lines))
