"""wrong-mask: the gradient is let through at other places than the forward let the value through.

Family: Selection, indexing, non-smooth
Forward: h = torch.relu(z)
Shapes: z (N, C)
Wrong: dz = (dh > 0) * dh
Right: dz = (z > 0) * dh

Why:
Which elements pass is decided once, in the forward, by the forward's values. The gradient passes at exactly those
places, whatever its own sign. A mask made of the gradient, of another tensor or of the opposite condition is another
mask.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation", the backward of relu.

Question: Which numbers of {node} does the forward treat one way, and which another? Does your line part them at the same places?
Traits: of all numbers
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, names_used, parts, search, value_of
from backprop_check.diagnosis.by_replay.counterfactual import replays, written_as
from backprop_check.diagnosis.by_replay.masks import (
    called,
    condition,
    forwards_mask,
    kinks,
    let_through,
    masked,
    opened,
    opposite,
    selections,
)
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.by_replay.sites import Site, below, names
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, put, same_place
from backprop_check.records import Claim, Diagnosis, Line

PLACES = "the places alone"
TURNED = "exactly the other places: the mask is turned round"
MASKS = ("where", "masked_fill", "clamp", "clip", "relu", "relu6", "hardtanh", "tril", "triu", "sign", "heaviside", "gather", "max", "min")


def find(case: Case) -> Diagnosis | None:
    """Proven by value: each number of the answer is what passes there or what is left when nothing does, at other places than in the
    forward. Or by the mask of the forward in the place of the learner's: the expression is then right.
    """
    if not case.everywhere or not _masks(case):
        return None
    near = _near(case)
    places = [(site, opened(case, site, 1.0), opened(case, site, 0.0)) for site in _deciding(case)]
    for site, everything, nothing in [*places, *((site, change, None) for site, change in selections(case) if site.line in near)]:
        mine = let_through(case, everything, nothing)
        if mine is not None and all(_other(case, i, mask) for i, mask in enumerate(mine)):
            if search(case, _other_gradient) is not None:
                return None  # a gradient stands for another one: its mask came with it
            return _told(case, site, mine, search(case, partial(_edits, site=site)))
    for site, _, _ in places:
        found = search(case, partial(_edits, site=site))
        if found is not None:
            return _told(case, site, None, found)
    return _turned_round(case)


def _near(case: Case) -> list[Line]:
    """The lines that decide: what stands behind the gradients that the answer reads decides nothing of this one."""
    return downstream(case, cut(case)) if case.reads else [line for line, _ in below(case)]


def _deciding(case: Case) -> list[Site]:
    near = _near(case)
    return [site for of in (masked, kinks) for site in of(case) if site.line in near]


def _turned_round(case: Case) -> Diagnosis | None:
    """A comparison of the line that is right the other way round, whatever the mask is of."""
    found = search(case, _turned)
    if found is None or case.is_oracle([-answer for answer in case.answers]):
        return None
    assert isinstance(found.part, ast.Compare)
    right, mine = text(opposite(found.part)), text(found.part)
    return case.proven(
        "wrong-mask",
        error=f"`{short(found.part)}` is the wrong way round",
        note=example(case) or "It holds just where it should not.",
        help=asks(case),
        span=case.span(found.part),
        evidence=f"With `{right}` in the place of `{mine}` the expression equals autograd's gradient in every trial.",
        fix=found.fix,
    )


def _turned(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.Compare) and not isinstance(other := opposite(part), ast.UnaryOp):
            yield put(expression, part, ast.copy_location(other, part)), part


def _other_gradient(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """One gradient in the place of another."""
    for part in names_used(expression):
        for name in case.available if part.id in case.available else ():
            yield put(expression, part, ast.copy_location(ast.Name(name, ast.Load()), part)), part


def _masks(case: Case) -> bool:
    """Whether the learner's expression holds some elements back; of one that is not known, its numbers alone tell."""
    return case.expression is None or any(called(part) in MASKS or _zeros_and_ones(case, part) for part in parts(case.expression))


def _zeros_and_ones(case: Case, part: ast.expr) -> bool:
    value = value_of(case, part)
    return isinstance(value, torch.Tensor) and value.dim() > 0 and bool(((value == 0) | (value == 1)).all())


def _other(case: Case, i: int, mine: torch.Tensor) -> bool:
    """Whether this mask holds some and passes some, and other ones than the forward's. What passes may be wrong in size: at ties it is."""
    return 0 < int(mine.sum()) < mine.numel() and not torch.equal(mine, case.oracles[i] != 0)


def _how(case: Case, mine: list[torch.Tensor], due: list[torch.Tensor]) -> tuple[str, str]:
    """Which places are wrong, by comparing them in every trial; and how many, at the exercise's own sizes."""
    pairs = list(zip(mine, due, strict=True))
    if all(torch.equal(m, ~d) for m, d in pairs):
        return f"this lets the gradient through at {TURNED}", ""
    passed = f"Your answer passes {int(mine[0].sum())} of {mine[0].numel()} numbers; the forward passed {int(due[0].sum())}. "
    if all(not bool((m & ~d).any()) for m, d in pairs):
        return "this lets the gradient through at too few places", passed
    if all(not bool((d & ~m).any()) for m, d in pairs):
        return "this lets the gradient through at too many places", passed
    return "this lets the gradient through at other places than the forward let the value through", ""


def _masks_of(case: Case, found: Mended) -> tuple[list[torch.Tensor], list[torch.Tensor]] | None:
    """The learner's mask and the one that is right in its place, by run."""
    right = same_place(case.draft, found.tree, found.part) if case.draft is not None else None
    if right is None:
        return None
    values = [(evaluator(found.part), evaluator(right)) for evaluator in case.evaluators]
    same = all(m.dtype == d.dtype == torch.bool and m.shape == d.shape and not torch.equal(m, d) for m, d in values)
    if same and _fills(case, found):
        values = [(~m, ~d) for m, d in values]
    return ([m for m, _ in values], [d for _, d in values]) if same else None


def _told(case: Case, site: Site, mine: list[torch.Tensor] | None, found: Mended | None) -> Diagnosis:
    operation = text(site.part)
    deciding = {text(other.part): other for other in (*_deciding(case), site)}
    here = {part: other for part, other in deciding.items() if other.line.name == site.line.name}
    whole = max((part for part in here if operation in part), key=len)
    told = _in_words(case, mine) if mine is not None else f"`{text(found.part)}`" if found and not _fills(case, found) else None
    masks = (mine, [o != 0 for o in case.oracles]) if mine is not None else _masks_of(case, found) if found else None
    error, passed = _how(case, *masks) if masks is not None else ("this mask is not the forward's", "")
    above = (found is not None and case.gradients_in(found.part)) or (told or "")[1:].split(" ")[0] in case.available
    passes = "there the gradient passes, and nowhere else" if len(here) == len(deciding) else "where it does not, no gradient passes"
    return case.proven(
        "wrong-mask",
        error=error,
        note=(f"Your answer passes it where {told}. " if told else passed)
        + _decides(case, [other for text, other in here.items() if text in whole]),
        help=f"Ask for each element whether `{whole}` moves when it moves"
        + (", and build the mask from the values of the forward." if above else f": {passes}."),
        span=case.span(found.part if found else None),
        evidence=f"Every number of your answer is what comes back through `{operation}` where it lets pass, or what is left where it does "
        f"not, in every trial; the places are {'exactly the other ones' if error.endswith(TURNED) else 'not the ones of the forward'}."
        if mine is not None
        else "With the forward's own mask in its place the expression equals autograd's gradient in every trial.",
        fix=found.fix if found else None,
        claims=_passing(case, site, told.strip("`")) if told and mine is not None else (),
    )


def _fills(case: Case, found: Mended) -> bool:
    """Whether the mask tells where something else is put, and not where the gradient passes."""
    for call in calls(case.draft, "masked_fill", "where") if case.draft is not None else ():
        if found.part in call.args and (called(call) == "masked_fill" or literal(call.args[1]) == 0):
            return True
    return False


def _decides(case: Case, sites: list[Site]) -> str:
    """What decides in the forward: the values themselves, a mask that is made of others, the places alone; of several in one line all."""
    line = f"`{sites[0].line.name} = {sites[0].line.source}`"
    by = list(dict.fromkeys(_by(case, site) for site in sites))
    if len(by) > 1:
        return f"In {line}, {' and '.join(word or f'the values of {case.node}' for word in by)} decide that together."
    if not by[0]:
        return f"{line} decides that by its own values."
    rest = "decide that, and no value" if by[0] == PLACES else f"decides that: it does not depend on {case.node}"
    return f"In {line}, {by[0]} {rest}."


def _by(case: Case, site: Site) -> str:
    if called(site.part) in ("tril", "triu"):
        return PLACES
    made = {case.node}
    for other in case.graph.exercise.lines:
        made |= {other.name} if made & set(other.reads) else set()
    mask = forwards_mask(site)
    return f"`{text(mask)}`" if mask is not None and not names(mask) & made else ""


def _passing(case: Case, site: Site, condition: str) -> tuple[Claim, ...]:
    """That the answer is the gradient, were the operation one that lets pass where that holds: not said of a gradient."""
    where = ast.parse(condition, mode="eval").body
    passed = put(site.tree, site.part, ast.BinOp(site.operand, ast.Mult(), where))
    shown = not case.gradients_in(where) and replays(case, written_as(case, site.line, passed))
    return (as_if([(site.line, passed)]),) if shown else ()


def _in_words(case: Case, mine: list[torch.Tensor]) -> str | None:
    """The condition that gives the answer's mask: the learner's own, else one on a tensor that has a name."""
    compared = (part for part in (parts(case.draft) if case.draft is not None else ()) if isinstance(part, ast.Compare))
    for part in (part for part in compared if 0 in map(literal, (part.left, part.comparators[0]))):
        if all(_is_mask(evaluator.tensor(part), mask) for evaluator, mask in zip(case.evaluators, mine, strict=True)):
            return f"`{text(part)}`"
    everywhere = [case.names(run) for run in case.runs]
    for name in everywhere[0]:
        values = [names[name] for names in everywhere]
        if all(isinstance(v, torch.Tensor) and v.is_floating_point() for v in values):
            for sign, test in ((">", torch.gt), ("<", torch.lt)):
                if all(torch.equal(test(v, 0), mask) for v, mask in zip(values, mine, strict=True)):
                    return f"`{name} {sign} 0`"
    return None


def _is_mask(value: torch.Tensor | None, mask: torch.Tensor) -> bool:
    return value is not None and value.shape == mask.shape and torch.equal(value, mask)


def _edits(case: Case, expression: ast.expr, site: Site) -> Iterator[Edit]:
    operand = site.operand
    given = condition(site.part) if called(site.part) == "where" and isinstance(site.part, ast.Call) else None
    if given is not None:
        masks = [given, opposite(given)]
    else:
        masks = [ast.Compare(operand, [sign], [ast.Constant(0)]) for sign in (ast.Gt(), ast.Lt())]
        masks.append(ast.Compare(operand, [ast.Eq()], [ast.Name(site.line.name, ast.Load())]))
    for part in parts(expression):
        if isinstance(value := value_of(case, part), torch.Tensor) and value.dtype == torch.bool:
            inverted = part.operand if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Invert) else None
            other = put(expression, part, inverted if inverted is not None else ast.UnaryOp(ast.Invert(), part)), part
            named = isinstance(part if inverted is None else inverted, ast.Name)  # which is turned over sooner than written anew
            edits = [(put(expression, part, mask), part) for mask in masks]
            yield from [other, *edits] if named else [*edits, other]
