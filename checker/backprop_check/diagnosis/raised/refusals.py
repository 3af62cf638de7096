"""What torch's own errors mean for the learner's line: what was given, what the call asks for, and the move."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, node_axes, operands_of, shape_told
from backprop_check.diagnosis.phrases import short, users
from backprop_check.diagnosis.raised.failure import failing_part
from backprop_check.diagnosis.raised.torch_errors import CALL, KNOWN, SHAPE, Known
from backprop_check.exercise.sizes import written


class Refusal(NamedTuple):
    """What is wrong, why, and the move. `part` is where, if known; `code` the mistake, where it is proven by that; `question` a heading."""

    error: str
    note: str
    help: str
    part: ast.expr | None = None
    code: str | None = None
    question: str = ""


Found = re.Match[str]


def refusal(case: Case) -> Refusal | None:
    """Return what is known of the error that the line raised; None for one that has nothing to add to its own message."""
    raised = case.verdict.answer.raised
    if raised is None:
        return None
    for known in (_method, _pair, _single, _letters):
        if (said := known(case, raised.message)) is not None:
            return said
    part = failing_part(case)
    for pattern, explain in _EXPLAINED:
        if (found := re.search(pattern, raised.message)) is not None:
            return explain(case, part, found)
    fitting = ((known, re.search(known.pattern, raised.message)) for known in KNOWN)
    return next((_said(case, part, found, known) for known, found in fitting if found is not None), None)


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
    if not re.search(r"('|, not )(builtin_function_or_method|method|function)\b", message):
        return None
    node = uncalled(case, raising(case))
    if node is None:
        return None
    leaves = node.attr in ("item", "tolist", "numpy")
    move = f"Leave the `.{node.attr}` out." if leaves else f"Write brackets after it: `{text(node)}()`."
    return Refusal(
        f"`{short(node)}` is a method that is not called",
        "Without brackets it is no tensor.",
        move,
        node,
        CALL,
        "Of a method without brackets",
    )


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
                return Refusal(f"`{short(node)}` is a pair, not one tensor", note, move, node, CALL if "argument" in message else None)
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
            return Refusal(
                f"`{name}` takes one number, and `{short(base)}` is {shape_told(case, base) or 'more than one'}", "", move, node, SHAPE
            )
    return None


def _letters(case: Case, message: str) -> Refusal | None:
    """`einsum` without its letters."""
    part = failing_part(case)
    if not isinstance(part, ast.Call) or function_of(part) != "einsum" or not part.args or isinstance(value_of(case, part.args[0]), str):
        return None
    note = "It takes the letters of all axes first, as a text: those of each tensor, an arrow, those of the result."
    return Refusal(
        f"`einsum` is given `{short(part.args[0])}` where its letters belong", note, "Write the letters first: `'ij,jk->ik'`.", part, CALL
    )


def _axis(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    lowest, highest, asked = (int(n) for n in found.groups())
    operands = operands_of(part) if part is not None else []
    base = next((o for o in operands if isinstance(v := value_of(case, o), torch.Tensor) and (-max(v.dim(), 1) == lowest)), None)
    if base is None:  # where an axis is given, it may stand behind the last
        base = next((o for o in operands if isinstance(v := value_of(case, o), torch.Tensor) and -1 - v.dim() == lowest), None)
    told = shape_told(case, base) if base is not None else None
    name = f"`{short(base)}`" if base is not None and told else "a tensor here"
    allowed = f"from {lowest} to {highest}"
    if told == "()":
        move = "Ask which axes have to stay: a sum without an axis runs over all of them."
        return Refusal(f"{name} is a single number, `()`: it has no axis {asked}", "", move, code=SHAPE)
    return Refusal(
        f"{name} has no axis {asked}" + (f": it is {told}" if told else ""),
        "Axes are counted from 0; -1 is the last.",
        f"An axis {allowed} may stand here.",
        code=SHAPE,
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
        code=SHAPE,
    )


def _places(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    value, there = (written([int(n) for n in f.split(",") if n.strip()]) for f in (found[1], found[2]))
    return Refusal(
        f"what is written is {value}, and the places are {there}",
        "The index picks these places; what is put there has to have their shape, or one that broadcasts to it.",
        _laid_out(case, *([int(n) for n in f.split(",") if n.strip()] for f in (found[1], found[2]))),
        code=SHAPE,
    )


def _laid_out(case: Case, value: list[int], places: list[int]) -> str:
    """The move that gives what is written a shape that broadcasts to that of the places, if it is one axis of length 1."""
    statement = case.nodes[case.verdict.answer.raised.statement] if case.verdict.answer.raised is not None else None
    written_one = statement.value if isinstance(statement, ast.Assign | ast.AugAssign) else None
    named = written_one if written_one is not None and list(getattr(value_of(case, written_one), "shape", ())) == value else None
    less = ((f".squeeze({k})", [*value[:k], *value[k + 1 :]]) for k, length in enumerate(value) if length == 1)
    more = ((f".unsqueeze({k})", [*value[:k], 1, *value[k:]]) for k in range(len(value) + 1))
    for step, shape in (*less, *more):
        if len(shape) <= len(places) and all(n in (1, due) for n, due in zip(reversed(shape), reversed(places), strict=False)):
            move = "Take the axis of length 1 away" if step.startswith(".s") else "Give it an axis of length 1"
            whole = f"{short(named)}{step}" if isinstance(named, ast.Name | ast.Call | ast.Subscript) else step
            return f"{move}: `{whole}` is {written(shape)}."
    return "Ask how many places the index picks, and which number of what arrives belongs to each of them."


def _written_places(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    """Of a value that is written into places; `expand` has a mistake of its own."""
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
        code=SHAPE,
    )


def _minus_of_mask(case: Case, part: ast.expr | None, found: Found) -> Refusal:
    inner = part.operand if isinstance(part, ast.UnaryOp) else None
    mask = f"`{short(inner)}`" if inner is not None else "what stands after the minus"
    return Refusal(
        f"{mask} is a mask, and a mask has no minus",
        "It holds True and False: it says where, and not how much.",
        "Multiply first, and put the minus before the product, or before what the mask is multiplied with.",
    )


_SHAPED = frozenset(
    {"ones", "zeros", "empty", "full", "rand", "randn", "view", "reshape", "expand", "repeat", "tile", "new_zeros", "new_ones"}
)
_OVER_SEVERAL = frozenset({"sum", "mean", "amax", "amin", "var", "std", "logsumexp", "nansum", "nanmean", "norm"})


def _several_axes(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    if not isinstance(part, ast.Call) or function_of(part) not in _OVER_SEVERAL:
        return None
    axes = ", ".join(ast.unparse(a) for a in part.args if isinstance(a, ast.Constant))
    return Refusal(
        f"`{function_of(part)}` takes one axis, or several in brackets of their own",
        "What stands second is whether the axis is kept (`keepdim`).",
        f"Put the axes in brackets: `{function_of(part)}(({axes}))`.",
        code=CALL,
    )


def _shape_from(case: Case, part: ast.expr | None, found: Found) -> Refusal | None:
    """`torch.ones(act)`."""
    if not isinstance(part, ast.Call) or not part.args or function_of(part) not in _SHAPED:
        return None
    if not isinstance(value_of(case, part.args[-1]), torch.Tensor):
        return None
    name, given = function_of(part), short(part.args[-1])
    like = (
        f"`torch.{name}_like({given})` makes one of the shape of `{given}`."
        if name in ("ones", "zeros", "empty", "full", "rand", "randn")
        else f"`{given}.shape` is its shape."
    )
    return Refusal(f"`{name}` takes a shape, and `{given}` is a tensor", "A shape is whole numbers, one for each axis.", like, code=CALL)


def _said(case: Case, part: ast.expr | None, found: Found, known: Known) -> Refusal:
    """What the table says, filled in."""
    call = part if isinstance(part, ast.Call) else None
    filled = {
        "name": function_of(call) if call is not None else known.name,
        "given": short(call.args[0]) if call is not None and call.args else "this",
        "s": "" if found.re.groups > 1 and found[2] == "1" else "s",
        "groups": " and ".join(group for group in found.groups() if group),
        "whole": found[0][:1].lower() + found[0][1:],
        "node": case.node,
        "users": users(case),
    }
    error, note, move = (text.format(found[0], *found.groups(), **filled) for text in (known.error, known.note, known.help))
    return Refusal(error, note, move, code=known.code)


_EXPLAINED: tuple[tuple[str, Callable[[Case, ast.expr | None, Found], Refusal | None]], ...] = (
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)", _axis),
    (r"Class values must be smaller than num_classes", _classes),
    (r"expand\(torch\.\w+\{\[([\d, ]*)\]\}, size=\[([\d, ]*)\]\): the number of sizes provided", _written_places),
    (r"The expanded size of the tensor .*Target sizes: \[([\d, ]*)\]\.\s+Tensor sizes: \[([\d, ]*)\]", _written_places),
    (r"Negation, the `-` operator, on a bool tensor", _minus_of_mask),
    (r"value tensor of shape \[([\d, ]*)\] cannot be broadcast to indexing result of shape \[([\d, ]*)\]", _places),
    (
        r"argument 'keepdim' \(position 2\) must be bool, not int|invalid combination of arguments - got \((?:Tensor, )?int(?:, int)+\)",
        _several_axes,
    ),
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
