"""What would let two shapes fit that do not: the move in words, each tried on every run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.by_edit.edits import is_index, names_used, parts, value_of
from backprop_check.diagnosis.by_slip.slips import top_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import (
    axes_of,
    contracted,
    function_of,
    has_product,
    in_product,
    last_step,
    multiplied,
    node_axes,
    operands_of,
    shape_told,
)
from backprop_check.diagnosis.phrases import lines, short, users
from backprop_check.exercise.sizes import written
from backprop_check.expression.rewrites import calls, method, put, turned
from backprop_check.records import Line

SHAPERS = ("squeeze", "t", "transpose", "permute", "flatten", "swapaxes", "movedim", "reshape", "view", "unsqueeze")
WRITES = ("index_add", "index_copy", "index_put", "scatter", "scatter_add")
PRODUCT_CALLS = ("matmul", "mm", "mv", "bmm", "dot", "outer", "ger", "inner", "vdot")


def fitting(case: Case, part: ast.BinOp | ast.Call, operands: list[ast.expr]) -> tuple[str, ast.expr | None]:
    """The move: what is proven to make the line right, with that line, else what the forward has there, else how to go on."""
    for changed, words in _changes(case, part, operands):
        if (right := _right_with(case, part, changed)) is not None:
            return words, right
    return _unproven(case, part, operands), None


def compared(case: Case, part: ast.Compare, operands: list[ast.expr]) -> tuple[str, ast.expr | None]:
    """The same of a comparison: else what lets each number of the larger one be compared, in every trial."""
    due = max((getattr(value_of(case, operand), "shape", ()) for operand in operands), key=len)
    fits = "Write the axes of both under each other, aligned from the right: where they differ, one of them has to be 1."
    found = None
    for changed, words in _changes(case, part, operands):
        if (right := _right_with(case, part, changed)) is not None:
            return words, right
        values = [value_of(case, changed, trial) for trial in range(len(case.each))]
        if found is None and all(isinstance(value, torch.Tensor) for value in values) and getattr(values[0], "shape", None) == due:
            found = words
    return found or fits, None


def needless(case: Case, part: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """A term or a factor without which the line is right, and that line; not one that holds the last gradient from above."""
    if not isinstance(part, ast.BinOp) or isinstance(part.op, ast.MatMult) or case.draft is None:
        return None
    sides = [(part.right, part.left)] + ([(part.left, part.right)] if isinstance(part.op, ast.Add | ast.Mult) else [])
    for lost, kept in sides:
        right = _right_with(case, part, kept)
        if right is not None and (case.gradients_in(right) or not case.gradients_in(case.draft)):
            return lost, right
    return None


def _unproven(case: Case, part: ast.BinOp | ast.Call, operands: list[ast.expr]) -> str:
    product = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
    product = product or (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in PRODUCT_CALLS)
    return (
        read_back(case, part)
        or _exchanged(case, part)
        or (_of_product(case, part, operands) if product else _meeting(case, part))
        or _picked(case, part)
        or _handed_on(case, part)
        or _aligned(case, part, operands)
        or (
            f"{case.node} is {written(node_axes(case))}. Go back to {_users_there(case, part)}: "
            "which numbers meet there, and which axes are copied, joined or summed away?"
        )
    )


def read_back(case: Case, part: ast.expr | None) -> str | None:
    """Of a write by the index by which the forward has put the node somewhere: its numbers read their gradients from there."""
    if not isinstance(part, ast.Call) or function_of(part).strip("_") not in WRITES or len(operands_of(part)) < 3:
        return None
    *axis, index, source = map(_alone, operands_of(part)[1:])
    writing = (
        (user, call) for user in case.consumers for call in calls(parsed(user.source.strip()), *WRITES) if len(operands_of(call)) > 2
    )
    for line, call in writing:
        there, given = map(_alone, operands_of(call)[-2:])
        if case.node in {name.id for name in names_used(given)} and ast.dump(there) == ast.dump(index):
            reads = "gather" if function_of(part).startswith("scatter") else "index_select"
            first = reads == "index_select" and all(literal(one) == 0 for one in axis)
            read = ast.Subscript(source, index, ast.Load()) if first else method(source, reads, *axis, index)
            puts = f"`{line.name} = {line.source}` puts each part of `{short(given)}` at the place that `{short(index)}` names"
            return f"{puts}: on the way back each reads what arrives at its place, `{text(read)}`."
    return None


def _alone(index: ast.expr) -> ast.expr:
    return index.elts[0] if isinstance(index, ast.Tuple) and len(index.elts) == 1 else index


def _picked(case: Case, part: ast.expr) -> str | None:
    """Of terms: the places of the node that what arrives belongs to, where the forward picks them by slices or by an index."""
    for line in (line for line in case.consumers if "d" + line.name in _names_there(case, part)):
        cuts = [p for p in parts(parsed(line.source.strip())) if isinstance(p, ast.Subscript) and text(p.value) == case.node]
        sliced = [p for p in cuts if any(isinstance(n, ast.Slice) for n in ast.walk(p.slice))]
        places = " and ".join(f"`{text(p)}`" for p in cuts)
        if cuts and all(is_index(case, p.slice) for p in cuts):
            into = f"add what comes back there into zeros like {case.node} at the places that the index names, as `index_add` does"
            return f"`{line.name} = {line.source}` reads {places}: {into}."
        if sliced and len(sliced) == len(cuts):
            return f"`{line.name} = {line.source}` reads {places}: lay what comes back there into zeros like {case.node}, and add that."
    return None


def _exchanged(case: Case, part: ast.expr) -> str | None:
    """Of terms: an outer product that has the node's axes once its two vectors are exchanged."""
    for misfit in _misfits(case, part):
        if misfit is part or not isinstance(misfit, ast.Call) or function_of(misfit) != "outer":
            continue
        given = operands_of(misfit)
        other = ast.copy_location(ast.Call(misfit.func, given[::-1], []), misfit)
        if isinstance(misfit.func, ast.Attribute) and ast.unparse(misfit.func.value) != "torch":
            other = ast.copy_location(method(given[1], "outer", given[0]), misfit)
        if len(given) == 2 and axes_of(case, other) == node_axes(case) != axes_of(case, misfit):
            return f"`outer` gives the axis of its first vector first. Exchange the two: `{short(other)}` is {written(node_axes(case))}."
    return None


def _misfits(case: Case, part: ast.expr) -> list[ast.expr]:
    """What of a part is wrong: of terms added up, those that have another shape than the node."""
    if not (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub)):
        return [part]
    return [side for side in (part.left, part.right) if axes_of(case, side) != node_axes(case)] or [part]


def _names_there(case: Case, part: ast.expr) -> set[str]:
    return {name.id for misfit in _misfits(case, part) for name in names_used(misfit)}


def _users_there(case: Case, part: ast.expr) -> str:
    """The lines that use the node, of which what arrives stands in the part; all of them where none does."""
    there = _names_there(case, part)
    return lines(line for line in case.consumers if "d" + line.name in there) or users(case)


def _handed_on(case: Case, part: ast.expr) -> str | None:
    """Of a product where the forward only adds: what arrives comes back as it is."""
    there, terms = _names_there(case, part), case.derived.terms if case.derived is not None else ()
    for term in terms:
        alone = [other.line for other in terms].count(term.line) == 1
        if alone and isinstance(term.expression, ast.Name) and term.expression.id == f"d{term.line.name}" in there:
            return f"Going back through `{term.line.name} = {term.line.source}`, {term.expression.id} comes back to {case.node} as it is."
    return None


def _aligned(case: Case, part: ast.expr, operands: list[ast.expr]) -> str | None:
    """Where the axes of one operand are some of the other's, by name: which it has to be given, if that makes a part of the gradient."""
    if not isinstance(part, ast.BinOp) or isinstance(part.op, ast.MatMult) or case.derived is None:
        return None
    (few, less), (many, more) = sorted(((axes_of(case, operand) or [], operand) for operand in operands), key=lambda pair: len(pair[0]))
    if not few or len({*many}) < len(many) or [name for name in many if name in few] != few or any(name.isdigit() for name in few):
        return None
    behind = many[many.index(few[0]) :]
    lacking = [name for name in behind if name not in few]
    step = f".unsqueeze({behind.index(lacking[0])})" if len(lacking) == 1 else f"[{', '.join(':' if n in few else 'None' for n in behind)}]"
    aligned = put(part, less, parsed(f"({text(less)}){step}"))
    if not any(_same(case, aligned, due) for due in parts(case.derived.expression)):
        return None
    axes = "an axis of length 1" if len(lacking) == 1 else "axes of length 1"
    return f"To meet on {' and '.join(few)}, `{short(less)}` needs {axes} where `{short(more)}` has {' and '.join(lacking)}: `{step}`."


def _same(case: Case, one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions are worth the same in every trial."""
    values = [(value_of(case, one, trial), value_of(case, other, trial)) for trial in range(len(case.each))]
    return all(
        isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.shape == b.shape and torch.allclose(a.double(), b.double())
        for a, b in values
    )


def _of_product(case: Case, part: ast.expr, operands: list[ast.expr]) -> str | None:
    """Of a matrix product: that the forward has none, that a single number scales, or on which axis its factors have to meet."""
    single = next((o for o in operands if isinstance(v := value_of(case, o), torch.Tensor) and not v.dim()), None)
    if single is not None:
        return f"`{short(single)}` is a single number: multiply with it by `*`."
    if (found := _meeting(case, part)) is not None:
        return found
    if has_product(case) or len(operands) != 2:
        return None
    times = put(part, part, ast.BinOp(operands[0], ast.Mult(), operands[1]))
    if _right_with(case, part, times) is not None or multiplied(case) is not None:
        return f"There is no matrix product in {users(case)}: it works element by element, and so does the way back, with `*`."
    return None


def _meeting(case: Case, part: ast.expr) -> str | None:
    """Which factors the gradient is made of, and the axis that they have and the node has not; of several terms, of that which is meant."""
    right, own, there = case.derived.expression if case.derived is not None else None, node_axes(case), _names_there(case, part)
    several = right is not None and len(top_of(right)) > 1
    for product in ast.walk(right) if right is not None else ():
        factors = _factors(product)
        names = {n.id for factor in factors for n in names_used(factor)}
        line = _line_of(case, names) if several else in_product(case)
        if line is None or len(factors) != 2 or (several and not names <= there):
            continue
        told = {ast.unparse(f) if isinstance(f, ast.Name) else f"`{short(f)}`": axes_of(case, f) or [] for f in factors}
        back = f"Going back through `{line.name} = {line.source}`,"
        if isinstance(product, ast.Call) and function_of(product) == "outer":
            column, row = told
            return f"{back} every number of {column} meets every one of {row}: {column} stands as a column, {row} as a row."
        meet = (
            contracted(case, product.left, product.right)
            if isinstance(product, ast.BinOp) and isinstance(product.op, ast.MatMult)
            else None
        )
        if meet and meet[0] == meet[1] and not meet[0].isdigit() and meet[0] not in own:
            shapes = " and ".join(f"{n} {written(names_)}" for n, names_ in told.items())
            every = dict.fromkeys(axis for axes in told.values() for axis in axes)
            rest = [n for n in every if n not in own and n != meet[0] and not n.isdigit()]
            more = f", and what is left along {' and '.join(rest)} is added up" if rest else ""
            at = _for_times(case, part, product, meet[0])
            why = f"{case.node} is {written(own)}: it has no {meet[0]}, so they meet on {meet[0]}{more}."
            return f"{back} {shapes} are multiplied. {why}{at}"
    return None


def _for_times(case: Case, part: ast.expr, product: ast.AST, axis: str) -> str:
    """What `@` does and `*` does not, where the learner's `*` joins the very factors of the product."""
    if not (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)):
        return ""
    mine = _factors(ast.BinOp(part.left, ast.MatMult(), part.right))
    if {ast.dump(factor) for factor in mine} != {ast.dump(factor) for factor in _factors(product)}:
        return ""
    return f" `*` pairs only numbers in like places; `@` pairs each row with each column, and adds up along {axis} by itself."


def _factors(product: ast.AST) -> list[ast.expr]:
    """The two factors of a matrix product or an outer one, not turned."""
    if isinstance(product, ast.BinOp) and isinstance(product.op, ast.MatMult):
        sides = (product.left, product.right)
        return [side.value if isinstance(side, ast.Attribute) and side.attr in ("T", "mT") else side for side in sides]
    return product.args if isinstance(product, ast.Call) and function_of(product) == "outer" else []


def _line_of(case: Case, names: set[str]) -> Line | None:
    """The line that uses the node and of which what arrives is among these names, if there is one."""
    found = [line for line in case.consumers if "d" + line.name in names]
    return found[0] if len(found) == 1 else None


def _changes(case: Case, part: ast.BinOp | ast.Call | ast.Compare, operands: list[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    """The part with one operand laid out otherwise, and how to say that."""
    for operand in operands:
        base = _unshaped(operand)
        if base is not None:
            yield (
                put(part, operand, base),
                f"Leave the `{last_step(operand)}` out: `{short(base)}` is {shape_told(case, base)}, and fits as it is.",
            )
    for operand in operands:
        value = value_of(case, operand)
        rank = value.dim() if isinstance(value, torch.Tensor) else 0
        for axis in range(rank, -1, -1) if rank else ():
            given = method(operand, "unsqueeze", axis)
            where = "last" if axis == rank else "first" if not axis else f"at position {axis}"
            names = axes_of(case, given)
            yield (
                put(part, operand, given),
                f"Give `{short(operand)}` an axis of length 1 {where}, as in `.unsqueeze({axis})`: then it is {written(names or [])}.",
            )
        if rank == 2:
            yield (
                put(part, operand, turned(operand)),
                f"Turn `{short(operand)}` over: then it is {written(axes_of(case, turned(operand)) or [])}.",
            )


def _unshaped(operand: ast.expr) -> ast.expr | None:
    """What stands before the last change of layout."""
    if isinstance(operand, ast.Attribute) and operand.attr in ("T", "mT"):
        return operand.value
    if isinstance(operand, ast.Call) and isinstance(operand.func, ast.Attribute) and operand.func.attr in SHAPERS:
        return operand.func.value if ast.unparse(operand.func.value) != "torch" else operand.args[0] if operand.args else None
    return None


def _right_with(case: Case, part: ast.expr, changed: ast.expr) -> ast.expr | None:
    """The learner's whole expression with another part in it, where that is right."""
    if case.draft is None or not any(node is part for node in ast.walk(case.draft)):
        return None
    right = put(case.draft, part, changed)
    return right if case.is_right(right) else None
