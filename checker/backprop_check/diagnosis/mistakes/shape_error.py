"""shape-error: torch stopped, because shapes do not fit together, or lack what is asked of them.

Family: The line raised, or is not an answer
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ x
Right: dx = dy @ W.T

Why:
`A @ B` needs the last axis of A and the last but one of B to be the same; the elementwise operations need axes,
aligned from the right, that are equal or 1. Write the shapes under the line with the names of their axes, and see
which two meet.

Read more: the PyTorch documentation, "torch.matmul" and "Broadcasting semantics".

Question: Write its axes under each operand of {part}: which meet there, and which meet in the forward?
Of terms: What is added up has one shape: which axes has {node}, in which order, and which has each operand of {part}?
Of one tensor: Write down the axes of what {part} works on: which of them does it ask for, and are they there?
Of what does not belong: For which operation of the forward does {part} stand in your line?
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import torch

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import axes_of, contracted, function_of, node_axes, operands_of, shape_told
from backprop_check.diagnosis.phrases import short, users
from backprop_check.diagnosis.raised.failure import failing_part, raises_everywhere
from backprop_check.diagnosis.raised.fitting import compared, fitting, needless, read_back
from backprop_check.diagnosis.raised.moves import of_layout, right_move
from backprop_check.diagnosis.raised.refusals import Refusal, refusal
from backprop_check.exercise.sizes import written
from backprop_check.expression.rewrites import method, put
from backprop_check.records import Diagnosis

SIGNS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
COMPARES = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
ALIGNED = "Aligned from the right, two axes must be equal, or one of them 1."

ABOUT_SHAPES = re.compile(r"siz|shape|dimension|\dD\b|\d-D|broadcast|number of (?!classes)|same length|subscript|must be a matrix", re.I)
"""What torch says of shapes that do not fit. An index outside, a number of the wrong kind or a missing argument is another mistake."""

TORCH_SAYS = "torch says: "
AXES = 4
ARGUMENTS = {
    "fold": "`fold` takes what it puts together, the height and the width that come out, and those of a window.",
}
LIKE_AT = ("matmul", "mm", "mv", "bmm")
ELEMENTWISE = ("mul", "multiply", "add", "sub", "subtract", "div", "divide", "true_divide", "where", "maximum", "minimum", "pow")
VECTORS = "`{}` takes two vectors: each has one axis."
RULES = {
    "outer": VECTORS.format("outer"),
    "ger": VECTORS.format("ger"),
    "dot": "`dot` takes two vectors of one length.",
    "vdot": "`vdot` takes two vectors of one length.",
    "mm": "`mm` takes two matrices (`@` takes batches too); the last axis of the first and the first of the second have to be the same.",
    "mv": "`mv` takes a matrix and a vector (`@` takes batches too); the last axis of the matrix and the vector's have to be the same.",
}


def find(case: Case) -> Diagnosis | None:
    """Proven by evaluating the smallest part that raises, its operands being fine."""
    part, raised = failing_part(case), case.verdict.answer.raised
    if part is None or raised is None or raised.kind == "TypeError" or not ABOUT_SHAPES.search(raised.message):
        return None
    if isinstance(part, ast.Compare) and len(part.ops) == 1 and (sign := COMPARES.get(type(part.ops[0]))):
        sides = [part.left, *part.comparators]
        told = ", ".join(f"`{short(side)}` is {shape_told(case, side)}" for side in sides)
        return _told(case, part, f"{told}: `{sign}` cannot compare them", ALIGNED, *compared(case, part, sides))
    operands = [operand for operand in operands_of(part) if isinstance(value_of(case, operand), torch.Tensor)]
    if isinstance(part, ast.Call) and (len(operands) == 1 or function_of(part).endswith("_")):
        return _of_argument(case, part)  # of what is written into places torch's own words tell the rest
    if len(operands) < 2 or not isinstance(part, ast.BinOp | ast.Call):
        return None
    told = ", ".join(f"`{short(operand)}` is {shape_told(case, operand)}" for operand in operands)
    sign = SIGNS.get(type(part.op)) if isinstance(part, ast.BinOp) else function_of(part)
    einsum = isinstance(part, ast.Call) and function_of(part) == "einsum"
    error = f"{told}: `{sign}` cannot join them" if isinstance(part, ast.BinOp) else f"{told}: `{sign}` cannot take these together"
    if isinstance(part, ast.Call) and einsum:
        letters = ", ".join(f"`{short(operand)}` is {shape_told(case, operand)}" for operand in operands)
        move = f"Give each tensor one letter for each of its axes, in the order in which it has them: {letters}"
        return _told(case, part, error, _letters(case, part, operands), f"{move}; {case.node} is {written(node_axes(case))}.")
    move, right = fitting(case, part, operands)
    if right is None and (more := needless(case, part)) is not None:
        return _needless(case, part, error, *more)
    note = _rule(case, part, operands, raised.message)
    known = refusal(case) if note.startswith(TORCH_SAYS) else None
    if known is not None:
        moved = right_move(case, part, of_layout(case, part)) if right is None and isinstance(part, ast.Call) else None
        if moved is not None:
            move, right = moved[0], parsed(moved[1])
        move = move if right is not None else read_back(case, part) or known.help
        return replace(_told(case, part, known.error, known.note, move, right), question="Of one tensor")
    terms = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub)
    return replace(_told(case, part, error, note, move, right), question="Of terms" if terms else "")


def anyway(case: Case) -> Diagnosis | None:
    """Where nothing more is proven: torch's own words say that shapes do not fit, and the same part raises so in every run."""
    raised, part, known = case.verdict.answer.raised, failing_part(case), refusal(case)
    if raised is None or raised.kind not in ("RuntimeError", "IndexError", *(["ValueError"] * (part is not None))):
        return None
    if known is None:
        known = _in_its_words(case, part, raised.message)
    if known is None or known.code != "shape-error" or not raises_everywhere(case):
        return None
    place = known.part or part
    found = right_move(case, place, of_layout(case, place)) if isinstance(place, ast.Call) else None
    return case.proven(
        "shape-error",
        error=known.error,
        note=known.note,
        question="Of one tensor",
        help=found[0] if found is not None else read_back(case, place) or known.help,
        span=(case.span(place) if place is not None else None) or raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}",
        claims=(claims.raised(case),),
        fix=found[1] if found is not None else None,
    )


def _in_its_words(case: Case, part: ast.expr | None, message: str) -> Refusal | None:
    """Which tensors the part is given, and what torch says of them."""
    sized = isinstance(part, ast.Subscript) and isinstance(part.value, ast.Attribute) and part.value.attr == "shape"
    back = f"{case.node} is {written(node_axes(case))}. Go back to {users(case)}: which axes are copied, joined, cut or summed away there?"
    if sized and "index out of range" in message:
        base = part.value.value  # type: ignore[union-attr]
        error = f"`{short(base)}` has no axis {short(part.slice)}: it is {shape_told(case, base)}"  # type: ignore[union-attr]
        return Refusal(error, "Axes are counted from 0; -1 is the last.", back, code="shape-error")
    if not ABOUT_SHAPES.search(message):
        return None
    if part is None:
        return Refusal(_written(case) or "shapes do not fit here", f"{TORCH_SAYS}{message}", back, code="shape-error")
    told = ", ".join(f"`{short(o)}` is {shape}" for o in _tensors(case, part) if (shape := shape_told(case, o)) is not None)
    error = f"`{short(part)}` does not fit what it works on" + (f": {told}" if told else "")
    return Refusal(error, f"{TORCH_SAYS}{message}", back, code="shape-error")


def _written(case: Case) -> str | None:
    """What is written into places of another shape, where the statement does that."""
    raised = case.verdict.runs[0].answers[case.name].raised
    match case.nodes[raised.statement] if raised is not None else None:
        case ast.Assign(targets=[ast.Subscript() as there], value=value) | ast.AugAssign(target=ast.Subscript() as there, value=value):
            sign = "is written into" if isinstance(case.nodes[raised.statement], ast.Assign) else "meets"  # type: ignore[union-attr]
            whole = put(there, there.value, parsed(case.node)) if ast.unparse(there.value) == case.name else there
            shapes = shape_told(case, value), shape_told(case, whole)
            return f"`{short(value)}` is {shapes[0]}, and {sign} `{short(there)}`, {shapes[1]}" if None not in shapes else None
    return None


def _tensors(case: Case, part: ast.expr) -> list[ast.expr]:
    """The tensors that a part works on, also those in a list."""
    given = [part.value] if isinstance(part, ast.Subscript) else [*operands_of(part), *(k.value for k in getattr(part, "keywords", ()))]
    flat = (each for one in given for each in (one.elts if isinstance(one, ast.List | ast.Tuple) else [one]))
    return [one for one in flat if isinstance(value_of(case, one), torch.Tensor)]


def _told(case: Case, part: ast.expr, error: str, note: str, move: str, right: ast.expr | None = None) -> Diagnosis:
    fix = text(right) if right is not None else found.fix if (found := search(case, edits)) is not None else None
    evidence = "This part raises by itself, and its operands do not."
    return case.proven(
        "shape-error", error=error, note=note, help=move, span=case.span(part), evidence=evidence, claims=(claims.raised(case),), fix=fix
    )


def _of_argument(case: Case, part: ast.Call) -> Diagnosis | None:
    """Proven by another argument that is no tensor, of a size, a window, a step, an axis: as the derived line or the forward has it."""
    found = search(case, _arguments)
    if found is None or case.draft is None:
        return None
    call = next(call for call in _calls(case.draft) if call is found.part or found.part in _given(call))
    name, base = function_of(call), next(iter(operands_of(call)), None)
    named = next((f"{k.arg}=" for k in call.keywords if k.value is found.part), "")
    given = "its arguments in this order" if call is found.part else f"`{named}{short(found.part)}`"
    shape = f": `{short(base)}` is {shape_told(case, base)}" if base is not None and shape_told(case, base) else ""
    here = ast.dump(call) == ast.dump(part)
    return case.proven(
        "shape-error",
        by=found,
        error=f"`{name}` cannot take {given}{shape}" if here else f"{given} does not belong in this `{name}`{shape}",
        note=ARGUMENTS.get(name, ""),
        help=f"Give it what {users(case)} and {case.node}, {written(node_axes(case))}, ask for.",
        claims=(claims.raised(case),),
    )


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _arguments(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """One argument as the derived line or the forward has it, or two exchanged; another axis of a shape, or to begin from."""
    derived = [case.derived.expression] if case.derived is not None else []
    known = [call for tree in (*derived, *(parsed(line.source.strip()) for line in case.consumers)) for call in _calls(tree)]
    for call in _calls(expression):
        for twin in known:
            for given, due in zip(call.args, twin.args, strict=False) if function_of(twin) == function_of(call) else ():
                if not isinstance(value_of(case, given), torch.Tensor):
                    yield put(expression, given, ast.copy_location(due, given)), given
        for keyword in call.keywords:
            less = ast.Call(call.func, call.args, [k for k in call.keywords if k is not keyword])
            yield put(expression, call, ast.copy_location(less, call)), keyword.value
        for i, (one, other) in enumerate(pairwise(call.args)):
            turned = ast.Call(call.func, [*call.args[:i], other, one, *call.args[i + 2 :]], call.keywords)
            yield put(expression, call, ast.copy_location(turned, call)), call
        for given in call.args:
            axis = given.slice if isinstance(given, ast.Subscript) and isinstance(given.value, ast.Attribute) else given
            if isinstance(axis, ast.Constant) and (axis is not given or function_of(call) == "flatten"):
                yield from ((put(expression, given, put(given, axis, ast.Constant(n))), given) for n in range(AXES) if n != axis.value)


def _calls(expression: ast.expr) -> list[ast.Call]:
    return [part for part in parts(expression) if isinstance(part, ast.Call)]


def _needless(case: Case, part: ast.expr, error: str, lost: ast.expr, right: ast.expr) -> Diagnosis:
    """One of the two does not belong there, whatever its shape."""
    factor = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div)
    without = case.only(f"Without `{short(lost)}` the expression is right.")
    move = "Go through the operations on the path, and write one factor for each."
    if not factor:
        move = f"Count the uses of {case.node} in the forward: one term for each."
    told = _told(case, part, f"`{short(lost)}` does not belong here, nor does it fit: {error}", without, move, right)
    return replace(told, span=case.span(lost), question="Of what does not belong")


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """An axis of length 1 for a vector that is joined element by element, where the line raises; for one, and for all of them."""
    if case.everywhere:
        return
    wholly, vectors = expression, []
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div | ast.Add | ast.Sub):
            sides = [value_of(case, side) for side in (part.left, part.right)]
            for side, value, other in zip((part.left, part.right), sides, reversed(sides), strict=True):
                if not isinstance(value, torch.Tensor) or value.dim() != 1:
                    continue
                column = ast.copy_location(method(side, "unsqueeze", 1), side)
                yield put(expression, side, column), side
                if isinstance(other, torch.Tensor) and other.dim() > 1:
                    wholly = put(wholly, side, column)
                    vectors.append(side)
    if len(vectors) > 1:
        yield wholly, expression


def _rule(case: Case, part: ast.BinOp | ast.Call, operands: list[ast.expr], message: str) -> str:
    """What the operation asks of the shapes, and what it finds."""
    name = (
        "@" if isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult) else function_of(part) if isinstance(part, ast.Call) else ""
    )
    if (isinstance(part, ast.BinOp) and name != "@") or name in ELEMENTWISE:
        return ALIGNED
    ranks = [len(axes_of(case, operand) or ()) for operand in operands]
    if 0 in ranks and name in ("@", *LIKE_AT, *RULES):
        return f"`{short(operands[ranks.index(0)])}` is a single number, and `{name}` needs an axis on each side."
    meet = contracted(case, *operands[:2]) if name in ("@", "matmul") or (name in ("mm", "mv") and ranks[0] == 2) else None
    if name in RULES:
        return RULES[name] + (f" Here {meet[0]} meets {meet[1]}." if meet else "")
    if meet is not None:
        last = "the only axis" if ranks[1] == 1 else "the last axis but one"
        now = f"Here {meet[0]} meets {meet[1]}."
        return f"`{name}` lets the last axis of the left factor meet {last} of the right one, and sums over it. {now}"
    return f"{TORCH_SAYS}{message}"


def _letters(case: Case, part: ast.Call, operands: list[ast.expr]) -> str:
    """Which letter stands for two lengths, or which tensor has another number of axes than letters."""
    rule = "In `einsum` every letter stands for one axis, of one length."
    written_so = part.args[0].value if part.args and isinstance(part.args[0], ast.Constant) else None
    if not isinstance(written_so, str) or "..." in written_so:
        return rule
    groups = written_so.replace(" ", "").split("->")[0].split(",")
    seen: dict[str, tuple[str, int]] = {}
    for letters, operand in zip(groups, operands, strict=False):
        value = value_of(case, operand)
        assert isinstance(value, torch.Tensor)
        if len(letters) != value.dim():
            return f"{rule} `{short(operand)}` has {value.dim()} axes, and `{letters}` names {len(letters)}."
        for letter, length in zip(letters, value.shape, strict=True):
            name, known = seen.setdefault(letter, (short(operand), length))
            if known != length:
                return f"{rule} `{letter}` has length {known} in `{name}` and {length} in `{short(operand)}`."
    return rule
