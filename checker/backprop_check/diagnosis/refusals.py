"""What torch's own errors mean for the learner's line: what was given, what the call asks for, and the move."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import value_of
from backprop_check.diagnosis.failure import failing_part
from backprop_check.diagnosis.meeting import function_of, node_axes, operands_of, shape_told
from backprop_check.diagnosis.words import short, users
from backprop_check.exercise.sizes import written


class Refusal(NamedTuple):
    """What is wrong, why, and the move. `part` is where, if that is known."""

    error: str
    note: str
    help: str
    part: ast.expr | None = None


Found = re.Match[str]


def refusal(case: Case) -> Refusal | None:
    """Return what is known of the error that the line raised; None for one that has nothing to add to its own message."""
    raised = case.verdict.answer.raised
    if raised is None:
        return None
    for known in (_method, _pair, _single):
        if (said := known(case, raised.message)) is not None:
            return said
    part = failing_part(case)
    for pattern, explain in _KNOWN:
        if (found := re.search(pattern, raised.message)) is not None:
            return explain(case, part, found)
    return None


def raising(case: Case) -> Iterator[ast.expr]:
    """The expressions of the statement that raised, in the first trial's order."""
    raised = case.verdict.answer.raised
    if raised is not None and raised.statement < len(case.nodes):
        yield from (n for n in ast.walk(case.nodes[raised.statement]) if isinstance(n, ast.expr))


def uncalled(case: Case, expressions: Iterator[ast.expr]) -> ast.Attribute | None:
    """A method that stands without brackets, as the `b.t` of `a @ b.t`."""
    nodes = list(expressions)
    called = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    for node in nodes:
        method = isinstance(node, ast.Attribute) and id(node) not in called and callable(getattr(torch.Tensor, node.attr, None))
        if method and isinstance(node, ast.Attribute) and isinstance(value_of(case, node.value), torch.Tensor):
            return node
    return None


def _method(case: Case, message: str) -> Refusal | None:
    if not re.search(r"'(builtin_function_or_method|method|function)'", message):
        return None
    node = uncalled(case, raising(case))
    if node is None:
        return None
    leaves = node.attr in ("item", "tolist", "numpy")
    move = f"Leave the `.{node.attr}` out." if leaves else f"Write brackets after it: `{ast.unparse(node)}()`."
    return Refusal(f"`{short(node)}` is a method that is not called", "Without brackets it is no tensor.", move, node)


def _pair(case: Case, message: str) -> Refusal | None:
    """`a.max(1)` holds values and indices."""
    for node in raising(case):
        if isinstance(node, ast.Call) and function_of(node) in (
            "max",
            "min",
            "sort",
            "topk",
            "median",
            "mode",
            "kthvalue",
            "cummax",
            "cummin",
        ):
            value = value_of(case, node)
            if isinstance(value, tuple) and hasattr(value, "values") and not _taken(case, node):
                note = "Along an axis it gives the numbers and the places where they stand."
                move = f"Take one of the two: `{short(node)}.values` for the numbers, `{short(node)}.indices` for the places."
                return Refusal(f"`{short(node)}` is a pair, not one tensor", note, move, node)
    return None


def _taken(case: Case, call: ast.Call) -> bool:
    return any(isinstance(n, ast.Attribute | ast.Subscript) and n.value is call for n in raising(case))


def _single(case: Case, message: str) -> Refusal | None:
    """`.item()` of more than one number."""
    if "cannot be converted to Scalar" not in message and "only one element tensors" not in message:
        return None
    for node in raising(case):
        if isinstance(node, ast.Call) and function_of(node) in ("item", "float", "int") and (operands_of(node) or node.args):
            base = (operands_of(node) or node.args)[0]
            move = f"Leave the tensor a tensor: write `{short(base)}` alone."
            name = f".{function_of(node)}()" if isinstance(node.func, ast.Attribute) else f"{function_of(node)}()"
            return Refusal(f"`{name}` takes one number, and `{short(base)}` is {shape_told(case, base) or 'more than one'}", "", move, node)
    return None


def _axis(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    base = operands_of(part)[0] if part is not None and operands_of(part) else None
    told = shape_told(case, base) if base is not None else None
    name = f"`{short(base)}`" if base is not None and told else "a tensor here"
    lowest, highest, asked = (int(n) for n in found.groups())
    allowed = f"from {lowest} to {highest}"
    return Refusal(
        f"{name} has no axis {asked}" + (f": it is {told}" if told else ""),
        "Axes are counted from 0; -1 is the last.",
        f"An axis {allowed} may stand here.",
    )


def _index_add_count(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    many, length, axis = found.groups()
    note = f"Along axis {axis} it adds each slice of what is given to the place that its index names: as many slices as indices."
    return Refusal(
        f"`index_add` has {many} indices, and {length} slice{'s' if length != '1' else ''} along axis {axis} to add",
        note,
        "Ask along which axis the index counts, and give one slice for each index; for one place in each row there is `scatter`.",
    )


def _vector(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"`index_add` takes an index of one axis, and this one has {found[1]}",
        "Each index belongs to one slice of what is added.",
        "Lay the index out in one axis, `.reshape(-1)`, and the gradient with one slice for each index; or use `index_put` with "
        "`accumulate=True`.",
    )


def _scatter(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        "the index has another number of axes than the tensor it goes into",
        "`scatter` and `gather` read the index place by place: it has as many axes as the tensor.",
        "Keep the axis that the index was picked along: `keepdim=True`, or `.unsqueeze(...)`.",
    )


def _classes(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    index = part.args[0] if isinstance(part, ast.Call) and part.args else None
    largest = value_of(case, index) if index is not None else None
    needs = (
        f"the largest is {int(largest.max())}, so it needs {int(largest.max()) + 1} at least" if isinstance(largest, torch.Tensor) else ""
    )
    asked = value_of(case, part.args[1]) if isinstance(part, ast.Call) and len(part.args) > 1 else None
    return Refusal(
        f"`one_hot` has {asked} columns, too few for these indices"
        if asked is not None
        else "`one_hot` has too few columns for these indices",
        f"It makes a column for each index from 0 on{': ' + needs if needs else ''}.",
        "Give it the length of the axis that the indices count along.",
    )


def _not_indices(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    given = short(part.args[0]) if isinstance(part, ast.Call) and part.args else "this"
    return Refusal(
        f"`one_hot` takes whole numbers, and `{given}` holds values",
        "It puts a one at the place that each index names.",
        "Give it the places: `argmax` along the axis tells them, where the forward picks the largest.",
    )


def _fewer(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"`einsum` was given {found[1]} tensors than its letters name",
        "Between the commas stands one group of letters for each tensor.",
        "Give one tensor for each group of letters.",
    )


def _output_letter(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"the letter `{found[1]}` of the result stands for no axis of what is given",
        "`einsum` copies along no new axis: each letter after `->` has to stand before it.",
        f"Give the axis with length 1 and let it be copied, as with `torch.ones_like({case.node})`.",
    )


def _places(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    value, there = (written([int(n) for n in f.split(",") if n.strip()]) for f in (found[1], found[2]))
    return Refusal(
        f"what is written is {value}, and the places are {there}",
        "The index picks these places; what is put there has to have their shape, or one that broadcasts to it.",
        "Give what is written the shape of the places: take an axis of length 1 away, or give one.",
    )


def _written_places(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    """Of a value that is written into places; `expand` has a rule of its own."""
    if not isinstance(part, ast.Subscript):
        return None
    sides = (found[2], found[1]) if "size=" in found[0] else (found[1], found[2])
    there, value = (written([int(n) for n in side.split(",") if n.strip()]) for side in sides)
    return Refusal(
        f"what is written is {value}, and `{short(part)}` is {'one number' if there == '()' else there}",
        "The index picks these places; what is put there has to have their shape, or one that broadcasts to it.",
        "One thing is to be written there: ask which sum, or which product of matrices, makes it of these."
        if found[1].count(",") < found[2].count(",") or "size=" in found[0]
        else "Ask which axis the index counts along, and which number, row or column of what arrives belongs there.",
    )


def _minus_of_mask(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    inner = part.operand if isinstance(part, ast.UnaryOp) else None
    mask = f"`{short(inner)}`" if inner is not None else "what stands after the minus"
    return Refusal(
        f"{mask} is a mask, and a mask has no minus",
        "It holds True and False: it says where, and not how much.",
        "Multiply first, and put the minus before the product, or before what the mask is multiplied with.",
    )


def _indices(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"the indices have different lengths: {found[1]}",
        "Indices that stand side by side name one place together: the first of each, the second of each, and so on.",
        "Give both one length, taken from the tensor, as `range(x.shape[0])` is.",
    )


def _outside(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"index {found[1]} does not exist on axis {found[2]}, which has length {found[3]}",
        "An axis of length n has the indices 0 to n - 1.",
        "Ask which axis this index counts along, and how long that is.",
    )


def _inverse(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    name = function_of(part) if isinstance(part, ast.Call) else "inverse"
    return Refusal(
        f"`{name}` is the inverse of a matrix",
        "One divided by each number is something else.",
        "Element by element it is `1 / x`, or `x**-1`.",
    )


def _ambiguous(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        "here one yes or no is asked of a tensor of many numbers",
        "`if`, `while`, `and`, `or` and `not` want one truth value.",
        "Choose element by element: `torch.where(condition, x, y)`, or multiply with a mask such as `(x > 0)`.",
    )


def _wants_list(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    name = function_of(part) if isinstance(part, ast.Call) else "it"
    return Refusal(
        f"`{name}` takes a list of tensors", "What it joins stands in one pair of square brackets.", f"Write `torch.{name}([x, y], axis)`."
    )


def _repeat(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        "`repeat` says less than one count for each axis",
        "It takes one count for every axis of the tensor; further ones in front make new axes.",
        "Say a count for each axis, 1 where nothing is repeated.",
    )


def _several_axes(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    if not isinstance(part, ast.Call):
        return None
    axes = ", ".join(ast.unparse(a) for a in part.args if isinstance(a, ast.Constant))
    return Refusal(
        f"`{function_of(part)}` takes one axis, or several in brackets of their own",
        "What stands second is whether the axis is kept (`keepdim`).",
        f"Put the axes in brackets: `{function_of(part)}(({axes}))`.",
    )


def _no_axis(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    name = function_of(part) if isinstance(part, ast.Call) else "sum"
    return Refusal(
        f"`{name}` is told to keep an axis, and not which",
        "Without an axis it runs over all of them.",
        f"Name the axis too: `{name}(axis, keepdim=True)`.",
    )


def _too_many(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        f"`{found[1]}` takes {found[2]} argument{'s' if found[2] != '1' else ''}, and was given {found[3]}",
        "A comma between two tensors multiplies nothing.",
        "Take away what is too many; a further factor stands outside of the brackets, with `*`.",
    )


def _one_place(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal(
        "the index is one tensor, and a tuple is asked for", "A tuple of one has a comma: `(index,)`.", "Write the comma after the index."
    )


def _kinds(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    kinds = " and ".join(kind for kind in found.groups() if kind)
    return Refusal(
        f"numbers of two kinds meet here: {kinds}",
        "A matrix product needs one kind.",
        "Give both one kind: `.to(x.dtype)`, x being the other.",
    )


def _no_index(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    return Refusal("this index holds values, not places", "An index is whole numbers: it says where.", "To multiply with values write `*`.")


def _joins(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    name = function_of(part) if isinstance(part, ast.Call) else "cat"
    return Refusal(
        f"`{name}` joins tensors whose shapes do not allow it: {found[0][:1].lower()}{found[0][1:]}",
        f"`{name}` puts tensors side by side: it adds nothing up and multiplies nothing.",
        f"Go back to {users(case)}: is anything joined or cut there?",
    )


def _shape_from(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    """`torch.ones(act)`."""
    if not isinstance(part, ast.Call) or not part.args or not isinstance(value_of(case, part.args[-1]), torch.Tensor):
        return None
    name, given = function_of(part), short(part.args[-1])
    like = (
        f"`torch.{name}_like({given})` makes one of the shape of `{given}`."
        if name in ("ones", "zeros", "empty", "full", "rand", "randn")
        else f"`{given}.shape` is its shape."
    )
    return Refusal(f"`{name}` takes a shape, and `{given}` is a tensor", "A shape is whole numbers, one for each axis.", like)


_KNOWN: tuple[tuple[str, Callable[[Case, ast.expr | None, Found], Refusal | None]], ...] = (
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)", _axis),
    (r"Number of indices \((\d+)\) should be equal to source\.size\(dim\): \((\d+)\), for dim: (\d+)", _index_add_count),
    (r"Index is supposed to be a vector, but got dim: (\d+)", _vector),
    (r"Index tensor must have the same number of dimensions", _scatter),
    (r"Class values must be smaller than num_classes", _classes),
    (r"one_hot is only applicable to index tensor", _not_indices),
    (r"einsum\(\): (fewer|more) operands were provided", _fewer),
    (r"output subscript (\w) does not appear", _output_letter),
    (r"expand\(torch\.\w+\{\[([\d, ]*)\]\}, size=\[([\d, ]*)\]\): the number of sizes provided", _written_places),
    (r"The expanded size of the tensor .*Target sizes: \[([\d, ]*)\]\.\s+Tensor sizes: \[([\d, ]*)\]", _written_places),
    (r"Negation, the `-` operator, on a bool tensor", _minus_of_mask),
    (r"value tensor of shape \[([\d, ]*)\] cannot be broadcast to indexing result of shape \[([\d, ]*)\]", _places),
    (r"indexing tensors could not be broadcast together with shapes (.*)", _indices),
    (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)", _outside),
    (r"received an invalid combination of arguments - got \((?:Tensor, )?keepdim=bool, \)", _no_axis),
    (r"(\w+)\(\) takes (\d+) positional arguments? but (\d+) w", _too_many),
    (r"argument 'indices' \(position \d+\) must be tuple of Tensors, not Tensor", _one_place),
    (r"same dtype, but got: (\w+) != (\w+)|expected scalar type (\w+) but found (\w+)", _kinds),
    (r"tensors used as indices must be long|Expected dtype int32/int64 for index", _no_index),
    (r"Tensors must have same number of dimensions: got \d+ and \d+|Sizes of tensors must match except in dimension \d+[^.]*", _joins),
    (r"linalg\.inv|must be batches of square matrices", _inverse),
    (r"Boolean value of Tensor with more than one value is ambiguous", _ambiguous),
    (r"argument 'tensors' \(position 1\) must be tuple of Tensors", _wants_list),
    (r"Number of dimensions of repeat dims can not be smaller", _repeat),
    (r"argument 'keepdim' \(position 2\) must be bool, not int", _several_axes),
    (
        r"argument '(?:size|shape)' \(position 1\) must be tuple of ints, (?:but found element of type|not) Tensor|"
        r"received an invalid combination of arguments - got \(Tensor\)",
        _shape_from,
    ),
)


def operands_told(case: Case, part: ast.expr) -> str:
    """The shapes of what the part that raised was given."""
    known = [(o, shape_told(case, o)) for o in operands_of(part)]
    told = [f"`{short(o)}` is {shape}" for o, shape in known if shape is not None]
    return f"{', '.join(told)}; {case.node} is {written(node_axes(case))}." if told else ""
