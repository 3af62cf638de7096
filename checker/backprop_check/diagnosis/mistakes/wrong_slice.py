"""wrong-slice: the gradient is taken from, or put into, another part of the tensor than the forward used.

Family: Matrix products and layout
Forward: y = torch.cat([a, b], 1)
Shapes: a (N, C), b (N, K)
Wrong: da = dy[:, b.shape[1]:]
Right: da = dy[:, :a.shape[1]]

Why:
`cat([a, b], 1)` puts a into the first columns and b into those after them, so the gradient of a stands in the first
columns of dy. A slice that was taken in the forward gives its gradient back to the very places it was taken from;
the others get zero.

Read more: the PyTorch documentation, "torch.cat".

Question: The forward carries {one} to {carried}. From where does your line fetch its gradient?
Of what moves nothing: Nothing in the forward moves with {one}. What belongs there, and what does your line put there?
Of another shape: The forward carries {one} to {carried}. Yours is {got}: where in it is what comes back from there?
Of places written to: The forward carries {one} to {carried}. Which places of {name} does {part} name, and is {one} among them?
Of places read: The forward carries {one} to {carried}. Which place does {part} read there, and which one has to be read?
Of another value: Which part of what stands beside {node} in {told} does {one} meet, and which part is it in your line?
Slip: the numbers stand at the other end of their axis
Note: Each gradient belongs where its element was taken from.
Help: Follow one element by hand: where did the forward put it, and where does its gradient come back from?
Ties: wrong-operand
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import torch

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, value_of
from backprop_check.diagnosis.by_edit.padded import padded
from backprop_check.diagnosis.by_value.reordered import JOINS
from backprop_check.diagnosis.by_value.slices import same_piece_elsewhere
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import last_step
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.expression.rewrites import calls, put, same_place
from backprop_check.records import Diagnosis

PARTS = 4
MEMBERS = 6
"""Up to so many members of a tensor are tried, where one is picked by a number."""


def find(case: Case) -> Diagnosis | None:
    """Proven by other bounds in the learner's own slice, or by value: oracle and answer are two parts of one gradient."""
    if (sides := padded(case)) is not None:
        return sides
    found = search(case, edits)
    if found is not None and isinstance(found.part, ast.Call):
        evidence = f"With its parts in another order the expression equals autograd's gradient in every trial: `{found.fix}`."
        told = _told(case, "the parts are right, but they do not stand in the forward's order", evidence, found)
        ordered = f"What is joined stands in the order of {case.node}: first what comes back to its first part."
        return replace(told, note=ordered, help=f"Put each at the place of the number of {case.node} that it is the gradient of.")
    if found is not None:
        evidence = f"`{found.fix}` equals autograd's gradient in every trial."
        part = found.part
        if isinstance(part, ast.Subscript) and (member := _beside(case, part) or _member(case, part, found, evidence)) is not None:
            return member
        if isinstance(part, ast.Subscript) and isinstance(literal(part.slice), int):
            error = f"`{short(part)}` is another number than the one that belongs here"
            note = f"{lines(case.consumers)} picks each of its numbers by its place."
            told = _told(case, error, evidence, found)
            return replace(told, note=note, help=f"Ask which of them stands beside {case.node} in the forward.")
        if not _cuts(case):
            return _needless(case, evidence, found)
        if isinstance(part, ast.Subscript) and (said := _along(case, part, found, evidence)):
            return said
        return _told(case, "this is another part than the forward used", evidence, found)
    if (again := search(case, _picked)) is not None and isinstance(again.part, ast.Subscript):
        return _again(case, again, again.part)
    piece = same_piece_elsewhere(case) if case.everywhere else None
    if piece is None:
        return None
    line, axis, taken = piece
    error = (
        f"this is another part of d{line.name} than {case.node}'s"
        if taken
        else f"d{line.name} stands in other places than it was taken from"
    )
    return _told(case, error, f"Moved along axis {axis}, the same cut gives autograd's gradient in every trial.", None)


def _member(case: Case, part: ast.Subscript, found: Mended, evidence: str) -> Diagnosis | None:
    """A number in an index of several axes, or one that stands for another axis."""
    right = same_place(case.draft, found.tree, part) if case.draft is not None else None
    if not isinstance(right, ast.Subscript) or not isinstance(right.slice, ast.Tuple):
        return None
    mine, due = (_numbered(index) for index in (part.slice, right.slice))
    if mine is None or due is None:
        return None
    other = f"`{short(part)}` counts along another axis than {case.node}'s" if mine[0] != due[0] else ""
    told = _told(case, other or f"`{short(part)}` is another part than {case.node}'s", evidence, found)
    move = "along which axis the forward joins or cuts" if other else f"which place {case.node} has in the forward"
    return replace(told, help=f"Ask {move}, and take the numbers from there.")


def _along(case: Case, part: ast.Subscript, found: Mended, evidence: str) -> Diagnosis | None:
    """The right bounds, along another axis."""
    right = same_place(case.draft, found.tree, part) if case.draft is not None else None
    if not isinstance(right, ast.Subscript):
        return None
    mine, due = _bounds(part.slice), _bounds(right.slice)
    if len(mine) != 1 or len(due) != 1 or mine[0][1] != due[0][1] or mine[0][0] == due[0][0]:
        return None
    told = _told(case, f"`{short(part)}` cuts along axis {mine[0][0]}", evidence, found)
    return replace(told, note=f"The bounds are right; along axis {due[0][0]} they are meant.", help=f"Cut along axis {due[0][0]}.")


def _bounds(index: ast.expr) -> list[tuple[int, str]]:
    """The axes of an index along which something is left out, each with what says what is kept."""
    cuts = index.elts if isinstance(index, ast.Tuple) else [index]
    return [(axis, ast.dump(cut)) for axis, cut in enumerate(cuts) if ast.dump(cut) != ast.dump(ast.Slice())]


def _beside(case: Case, part: ast.Subscript) -> Diagnosis | None:
    """A part of a value that the forward joins with the node, and not the one that it does."""
    if case.gradients_in(part.value) or case.draft is None:
        return None
    for line in case.consumers:
        for right in parts(parsed(line.source.strip())):
            same = isinstance(right, ast.Subscript) and ast.dump(right.value) == ast.dump(part.value)
            if same and case.is_right(changed := put(case.draft, part, right)):
                of = short(part.value)
                error = f"`{short(part)}` is another part of `{of}` than the one that {case.node} meets"
                told = _told(
                    case, error, f"`{text(changed)}` equals autograd's gradient in every trial.", Mended(text(changed), changed, part)
                )
                note, move = f"`{line.name} = {line.source}` takes parts of `{of}`.", f"Ask which of them stands beside {case.node} there."
                return replace(told, note=note, help=move, question="Of another value")
    return None


def _numbered(index: ast.expr) -> tuple[int, int] | None:
    """The axis of the one number in an index, and the number; None where there is another count of them, or something else."""
    cuts = index.elts if isinstance(index, ast.Tuple) else [index]
    found = [(axis, number) for axis, cut in enumerate(cuts) if isinstance(number := literal(cut), int)]
    return found[0] if len(found) == 1 and all(isinstance(c, ast.Slice) or literal(c) is not None for c in cuts) else None


def _cuts(case: Case) -> bool:
    """Whether a line of the forward that uses the node takes a part of it, or joins it with others."""
    words = ("narrow", "split", "chunk", "select", "unbind", "pad", "unfold", "roll", "diff", "[", *JOINS)
    return any(word in line.source for line in case.consumers for word in words)


def _picked(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A gradient from which nothing is picked by an index that was drawn."""
    for part in parts(expression):
        if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Name) and case.gradients_in(part.value):
            yield from [(put(expression, part, part.value), part)] if _is_index(case, part.slice) else ()


def _is_index(case: Case, part: ast.expr) -> bool:
    return getattr(value_of(case, part), "dtype", None) == torch.int64


def _again(case: Case, found: Mended, part: ast.Subscript) -> Diagnosis:
    index = text(part.slice)
    return case.proven(
        "wrong-slice",
        by=found,
        error=f"`[{index}]` picks where nothing is to be picked",
        note=f"`{short(part.value)}` stands at the places of {case.node} already: what `{index}` picks was picked in the forward.",
        help=f"Leave the `[{index}]` out.",
        evidence=f"`{found.fix}` equals autograd's gradient in every trial.",
    )


def _needless(case: Case, evidence: str, found: Mended) -> Diagnosis:
    """A part is taken where the forward takes none."""
    part = found.part
    whole = isinstance(part, ast.Subscript) and case.draft is not None and case.is_right(put(case.draft, part, part.value))
    return case.proven(
        "wrong-slice",
        error=f"`{last_step(part)}` takes a part, and another one is needed"
        if not whole
        else f"`{last_step(part)}` leaves numbers out that are needed",
        note=f"{case.node} is used whole in {lines(case.consumers)}: nothing is cut there.",
        help=f"Take all of it: leave the `{last_step(part)}` out." if whole else f"Cut as `{short(found.tree)}` does.",
        span=case.span(part),
        evidence=evidence,
        fix=found.fix,
    )


def _told(case: Case, error: str, evidence: str, found: tuple[str, ast.expr, ast.expr] | None) -> Diagnosis:
    uses = lines(case.consumers)
    return case.proven(
        "wrong-slice",
        error=error,
        note=f"{uses}: count which places {case.node} fills, or is taken from, along that axis.",
        help="Cut at the same bounds as the forward does.",
        span=case.span(found[2] if found is not None else None),
        evidence=evidence,
        fix=found[0] if found is not None else None,
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    yield from _orders(expression)
    bounds = [ast.parse(text, mode="eval").body for text in _lengths(case)]
    met = _met(case)
    for part in parts(expression):
        if not isinstance(part, ast.Subscript) or not getattr(value_of(case, part.value), "is_floating_point", bool)():
            continue
        if met == {ast.dump(part)}:
            continue  # the very part that the node meets: another one is right by an identity of this forward
        cuts = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
        if len(cuts) == 1 and isinstance(literal(cuts[0]), int):
            others = (k for k in range(MEMBERS) if k != literal(cuts[0]))
            yield from ((put(expression, part.slice, ast.copy_location(ast.Constant(k), part.slice)), part) for k in others)
        yield from ((put(expression, part, ast.copy_location(other, part)), part) for other in _members(case, part, cuts))
        if len(cuts) <= PARTS and all(isinstance(n, ast.Slice) for n in cuts):
            rank = case.verdict.runs[0].trial.gradients[case.name].dim()
            whole = [*cuts, *(ast.Slice() for _ in range(rank - len(cuts)))]
            for order in dict.fromkeys(permutations(whole)):
                moved = ast.Subscript(part.value, ast.Tuple(list(order), ast.Load()), ast.Load())
                yield put(expression, part, ast.copy_location(moved, part)), part
        for cut in [n for n in ast.walk(part.slice) if isinstance(n, ast.Slice) and (n.lower is not None or n.upper is not None)]:
            for other in _slices(bounds):
                yield put(expression, cut, other), part


def _met(case: Case) -> set[str]:
    """The parts of tensors that stand beside the node, as factors, in the lines that use it."""
    found = set[str]()
    for line in case.consumers:
        for whole in (p for p in parts(parsed(line.source)) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult | ast.MatMult)):
            for mine, other in ((whole.left, whole.right), (whole.right, whole.left)):
                if isinstance(mine, ast.Name) and mine.id == case.node and isinstance(other, ast.Subscript):
                    found.add(ast.dump(other))
    return found


def _members(case: Case, part: ast.Subscript, cuts: list[ast.expr]) -> Iterator[ast.expr]:
    """Another number in the place of one among whole axes, or the same one along another axis."""
    numbered = _numbered(part.slice)
    value = value_of(case, part.value)
    if numbered is None or not isinstance(value, torch.Tensor) or value.dim() > PARTS:
        return
    own, number = numbered
    rest = [cut for axis, cut in enumerate(cuts) if axis != own]
    for axis in range(value.dim()):
        before = [*rest[:axis], *(ast.Slice() for _ in range(axis - len(rest)))]
        for k in range(MEMBERS) if axis == own and len(cuts) > 1 else (number,):
            if (axis, k) != numbered:
                yield ast.Subscript(part.value, ast.Tuple([*before, ast.Constant(k), *rest[axis:]], ast.Load()), ast.Load())


def _orders(expression: ast.expr) -> Iterator[Edit]:
    """The parts of a `cat` or a `stack` in another order."""
    for call in calls(expression, *JOINS):
        parts_of = call.args[0] if call.args else None
        if isinstance(parts_of, ast.List | ast.Tuple) and 2 <= len(parts_of.elts) <= PARTS:
            for order in list(permutations(parts_of.elts))[1:]:
                yield put(expression, parts_of, ast.copy_location(type(parts_of)(list(order), ast.Load()), parts_of)), call


def _slices(bounds: list[ast.expr]) -> Iterator[ast.Slice]:
    for bound in bounds:
        for at in (bound, ast.UnaryOp(ast.USub(), bound)):
            yield ast.Slice(None, at)
            yield ast.Slice(at, None)
    for first in bounds:
        for length in bounds:
            yield ast.Slice(first, ast.BinOp(first, ast.Add(), length))


def _lengths(case: Case) -> list[str]:
    """Lengths of the tensors in the lines that use the node, the plain numbers of the forward, and 1."""
    values = case.verdict.runs[0].trial.values
    names = dict.fromkeys([case.node, *(name for line in case.consumers for name in line.reads)])
    texts = [f"{n}.shape[{k}]" for n in names if isinstance(v := values.get(n), torch.Tensor) for k in range(v.dim())]
    return [*texts[:12], *(n for n, v in values.items() if type(v) is int), "1"]
