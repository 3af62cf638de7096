"""Say which slip in the right formula makes the learner's answer."""

from __future__ import annotations

import ast

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import valued_parts, worth
from backprop_check.diagnosis.by_edit.moved_brackets import moved_brackets
from backprop_check.diagnosis.by_replay.replay import cut
from backprop_check.diagnosis.by_slip.slips import Slip, slip, top_of
from backprop_check.diagnosis.by_value.tried_factor import tried_factor
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.phrases import lines
from backprop_check.diagnosis.scale.factors import lines_of_answer
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, operations
from backprop_check.records import Diagnosis, Line, Span

TURNED = ("missing-transpose", "needless-transpose")
COUNTED = "{node} stands more than once in {lines}, and here those places count alike"
FUNCTIONS = ("softmax", "log_softmax", "softmin", "normalize", "layer_norm", "cumsum")
WEIGHED = "Each number that is added up has a weight of its own, and these are not all 1."

SLOPE = "Write down the slope of {lines} by itself, and compare its exponents with yours."
OUTERMOST = {
    "lost-keepdim": "The sum drops the axis it runs over, and the gradient has that axis, with length 1.",
    "extra-keepdim": "The sum keeps the axis it runs over, and the gradient does not have it.",
}


def by_slip(case: Case) -> Diagnosis | None:
    """Proven by replay: the gradient derived from the forward, with this slip in it, is the learner's answer in every trial."""
    found = slip(case)
    if found is None or (_is_one_number(case) and "other shape" not in page(found.code).traits):
        return None
    # What is said of such a slip in the formula says little of the line: where its brackets alone are wrong, that says more.
    if "vague" in page(found.code).traits:
        nearer = moved_brackets(case)
    else:  # of a power that the line does not show, the factor that lacks says more
        nearer = tried_factor(case) if found.code == "wrong-power" and _place(case, found) == case.span() else None
    return nearer or told(case, found)


def _is_one_number(case: Case) -> bool:
    """Whether the answer is a single number for many: where ones arrive, a count, and slips make that count too (`dc.sum()`, `dc @ dc`)."""
    return all(a.numel() == 1 < o.numel() for a, o in zip(case.answers, case.oracles, strict=True))


def told(case: Case, found: Slip) -> Diagnosis | None:
    """Say it; the place is where the learner's expression has the slip's value, if anywhere."""
    known = page(found.code)
    if not known.said("Slip"):
        return None
    words = _words(case, found)
    error, note, move = (known.said(heading).format(**words) for heading in ("Slip", "Note", "Help"))
    question = ""
    if found.code in TURNED and case.draft is not None and _products(case.draft) < _products(found.whole):
        # One product stands for two: turning its factor would put the one right, and spoil the other.
        derived = case.derived.expression if case.derived is not None else found.whole
        twice = _with_itself(case)
        if not twice or not _has_factor(derived, found.left):
            return None
        question = "Of places that count alike"
        error, note = (
            COUNTED.format(node=case.node, lines=lines(twice)),
            f"The gradient by one of them has the factor `{text(found.part)}`, by another `{text(found.left)}`.",
        )
        move = "Work out what comes back at each of its places, as if the others were fixed numbers, and add that up."
    if found.code == "missing-local-derivative" and _is_summed(found):
        error, note, move = "inside the sum, a factor is missing", WEIGHED, asks(case)
    elif found.code == "missing-local-derivative" and _is_a_term(found):
        error, note, move = "this term lacks a factor", example(case), asks(case)
    if _is_half_a_sum(case, found):
        error = f"of `{text(found.part)}` only `{text(found.left)}` is here"
        note, move = example(case), f"Take all of what stands there in {words['lines']}."
    if found.code == "ignored-index" and _of_term(case, found):
        error = "along this path elements that were not picked receive a gradient too"
        note = f"Only the elements that {words['lines']} has picked moved {words['far']}; to the others nothing comes back from there."
        move = f"Put this only where the forward picked, into zeros in the shape of {case.node}, and add that to the rest of the sum."
    elif found.code == "ignored-index" and not all(bool((oracle == 0).any()) for oracle in case.oracles):
        error, question = "a part of this stands at more places than the index names", "Of terms"
        note, move = example(case), "Ask which places the index names, one for each of its numbers, and put that part at these alone."
    if found.code == "missing-upstream" and isinstance(found.part, ast.Name) and isinstance(found.left, ast.Name):
        error, note = words["stands"], words["worth"]
    if found.code == "wrong-power" and isinstance(place := _standing(case, found), ast.Name) and place.id != text(found.left):
        error = f"`{place.id}` is worth `{text(found.left)}`: another exponent belongs here"
    if found.code not in TURNED and "other shape" in known.traits and not case.same_shape:
        error = f"{case.got}, but {case.node} is {case.due}"
        note = OUTERMOST.get(found.code, note) if found.left is found.whole else note
    return case.proven(
        found.code,
        error=error,
        note=note,
        help=move,
        question=question,
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


def _is_half_a_sum(case: Case, found: Slip) -> bool:
    """Whether the slip left out one side of a sum that the forward writes so, and the line reads the other."""
    match found.part:
        case ast.BinOp(left=left, op=ast.Add(), right=right) if found.code == "wrong-local-derivative":
            half = ast.dump(found.left) in (ast.dump(left), ast.dump(right)) and _is_read(case, found.left)
            return half and any(ast.unparse(found.part) in line.source for line in lines_of_answer(case))
    return False


def _is_summed(found: Slip) -> bool:
    """Whether what the slip makes is summed up within the formula."""
    sums = [call for call in calls(found.whole, "sum") if call is not found.whole]
    return any(found.left is n for call in sums for n in ast.walk(call) if n is not call)


def _is_a_term(found: Slip) -> bool:
    """Whether what the slip makes is a term, or in one, of a sum that is multiplied: of one operation's derivative, not of a path."""
    sums = [part for part in operations(found.whole, ast.Add | ast.Sub) if part not in top_of(found.whole)]
    return any(found.left is n for part in sums for n in ast.walk(part))


def _words(case: Case, found: Slip) -> dict[str, str]:
    """What the sentences are filled with."""
    here, ends = lines_of_answer(case), cut(case) if case.reads else frozenset({case.graph.exercise.output})
    if arrives := _of_term(case, found):  # the other paths are as they should be
        ends = frozenset(name[1:] for name in arrives)
        beside = frozenset(name[1:] for name in case.gradients_in(found.whole)) - ends
        here = [line for line in here if _leads_to(case, line.name, ends, beside)]
    above = bool(case.gradients_in(found.part))
    lost = case.gradients_in(found.part) - case.gradients_in(found.left)
    far = " and ".join(sorted(name[1:] for name in lost) or sorted(ends))
    which = "Ask which gradient arrives at {far}." if above else "Look at {lines}: which tensor decides how far it moves with {node}?"
    powers = any(isinstance(n, ast.Pow) for line in here for n in ast.walk(ast.parse(line.source.strip())))
    words = {"node": case.node, "far": far, "lines": lines(here) or "the forward"}
    words["goes_in"] = _goes_in(case, here)
    words["stands"], words["worth"] = _in_the_place(case, found)
    words["which"] = which.format(**words)
    words["power"] = "Bring the exponent down as a factor, and lower it by one." if powers else SLOPE.format(**words)
    return words


def _goes_in(case: Case, here: list[Line]) -> str:
    """What the function of a single line is taken of, where that is not the node itself but made of it in the same line."""
    called = next(calls(ast.parse(here[0].source.strip()), *FUNCTIONS), None) if len(here) == 1 else None
    given = reduced(called) if called is not None else None
    return case.node if given is None or isinstance(given[0], ast.Name) else f"`{ast.unparse(given[0])}`"


def _of_term(case: Case, found: Slip) -> frozenset[str]:
    """What arrives along the one path in whose term the slip was made; nothing where there is only one term, or no one term has it."""
    terms = [t for t in top_of(found.whole) if not (isinstance(t, ast.BinOp) and isinstance(t.op, ast.Add | ast.Sub))]
    slipped_in = [t for t in terms if any(n is found.left for n in ast.walk(t))]
    if len(terms) < 2 or len(slipped_in) != 1 or found.code == "missing-branch":
        return frozenset()
    return case.gradients_in(slipped_in[0]) | case.gradients_in(found.part)


def _leads_to(case: Case, name: str, ends: frozenset[str], beside: frozenset[str]) -> bool:
    """Whether what a line makes reaches one of `ends`, not by what comes back `beside` it in another term."""
    reached = {name}
    for line in case.graph.exercise.lines:
        if not reached.isdisjoint({*line.reads} - beside):
            reached.add(line.name)
    return not reached.isdisjoint(ends)


def _in_the_place(case: Case, found: Slip) -> tuple[str, str]:
    """Of a tensor in the place of another: what to say of it where the learner's line names it, and where it does not."""
    name = f"`{text(found.left)}`"
    if isinstance(found.left, ast.Name) and _is_read(case, found.left):
        due = "the gradient from above" if found.code == "missing-upstream" else "another tensor"
        return f"{name} stands where {due} belongs", f"With {due} in its place your answer is the gradient."
    worth = f"with {name} for another tensor" if isinstance(found.left, ast.Name) else "with other tensors in it"
    return "this is not the derivative that belongs here", f"Your answer is worth what the gradient would be {worth}."


def _is_read(case: Case, name: ast.expr) -> bool:
    written = (n for statement in case.written for n in ast.walk(statement))
    return any(isinstance(n, ast.Name) and isinstance(name, ast.Name) and n.id == name.id for n in written)


def _place(case: Case, found: Slip) -> Span | None:
    return case.span(_standing(case, found))


def _standing(case: Case, found: Slip) -> ast.expr | None:
    """The smallest part of the learner's expression that is worth what the slip made of its place."""
    values = case.evaluate(found.left)
    if case.expression is None or values is None:
        return None
    bare = [value.squeeze() for value in values]  # `v.mean(0)` stands where the formula has `v.mean(0, keepdim=True)`
    same = worth(case, values) or [
        part for part in valued_parts(case.expression) if (mine := case.evaluate(part)) and case.same([m.squeeze() for m in mine], bare)
    ]
    place = same[-1] if same else None
    if isinstance(place, ast.Name) and found.code == "wrong-local-derivative":  # the name is right: what is computed of it is not
        place = next((n for n in around(case.expression, place) if isinstance(n, ast.Call)), place)
    return place
