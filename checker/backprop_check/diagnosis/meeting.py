"""Which axes the parts of an answer have, which of them meet, and whether the forward has a matrix product there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.exercise.nodes import children, walk
from backprop_check.exercise.sizes import axis_name, written
from backprop_check.expression.rewrites import put
from backprop_check.records import Line

PRODUCTS = {
    "matmul", "mm", "mv", "bmm", "dot", "vdot", "inner", "outer", "ger", "einsum", "tensordot", "linear", "addmm", "addmv", "baddbmm",
    "bilinear", "multi_dot", "conv1d", "conv2d", "conv3d",
}  # fmt: skip
"""Functions that multiply and add up."""

MODULES = ("torch", "F", "torch.nn.functional", "torch.linalg")


def values(case: Case, node: ast.expr) -> list[torch.Tensor] | None:
    """What a part is worth in every run, whatever its dtype; None where it has no value in one of them."""
    found = []
    for evaluator, _ in case.each:
        if (value := evaluator.tensor(node)) is None:
            return None
        found.append(value)
    return found


def axes_of(case: Case, node: ast.expr) -> list[str] | None:
    """The names of a part's axes; their lengths in the first run, where the part has no value in others."""
    if (found := values(case, node)) is not None:
        return names_of(case, [tuple(v.shape) for v in found])
    value = case.each[0][0].tensor(node)
    return [str(n) for n in value.shape] if value is not None else None


def names_of(case: Case, shapes: list[tuple[int, ...]]) -> list[str]:
    """The names of the axes of a shape that is known in every run."""
    if len({len(shape) for shape in shapes}) > 1:
        return [str(n) for n in shapes[0]]
    sizes = [run.trial.sizes for _, run in case.each]
    return [axis_name(lengths, sizes) for lengths in zip(*shapes, strict=True)]


def node_axes(case: Case) -> list[str]:
    """The names of the axes of the case's node."""
    return names_of(case, [tuple(run.trial.values[case.node].shape) for _, run in case.each])


def shape_told(case: Case, node: ast.expr) -> str | None:
    """The shape of a part, `(N, C) = (7, 3)`: by its numbers alone where nothing more is known."""
    named = axes_of(case, node)
    if named is None:
        return None
    plain = written(tuple(case.first(node).shape))
    return plain if written(named) == plain else f"{written(named)} = {plain}"


def axis_told(names: list[str], axis: int) -> str:
    """An axis by its place and its name: `axis 0 (N)`."""
    axis %= len(names)
    return f"axis {axis} ({names[axis]})" if not names[axis].isdigit() else f"axis {axis}"


def in_product(case: Case) -> Line | None:
    """The line of the forward in which the node is a factor of a matrix product, if there is one."""
    return next((line for line in case.consumers if _is_factor(ast.parse(line.source, mode="eval").body, case.node)), None)


def _is_factor(expression: ast.expr, name: str) -> bool:
    for part in walk(expression):
        matrix = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
        call = isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in PRODUCTS
        if (matrix or call) and any(isinstance(n, ast.Name) and n.id == name for n in walk(part)):
            return True
    return False


def has_product(case: Case) -> bool:
    """Whether a line of the forward that uses the node has a matrix product at all."""
    trees = [walk(ast.parse(line.source)) for line in case.consumers]
    return any(isinstance(n, ast.MatMult) or (isinstance(n, ast.Call) and function_of(n) in PRODUCTS) for nodes in trees for n in nodes)


def multiplied(case: Case) -> Line | None:
    """The line of the forward that multiplies the node element by element, if there is one."""
    for line in case.consumers:
        for part in walk(ast.parse(line.source, mode="eval")):
            if (
                isinstance(part, ast.BinOp)
                and isinstance(part.op, ast.Mult)
                and case.node in {n.id for n in walk(part) if isinstance(n, ast.Name)}
            ):
                return line
    return None


def around(expression: ast.expr, part: ast.AST) -> Iterator[ast.AST]:
    """What a part stands in, from the inside out."""
    above = {id(child): node for node in walk(expression) for child in children(node)}
    while (node := above.get(id(part))) is not None:
        yield node
        part = node


def operator_around(expression: ast.expr, part: ast.AST) -> ast.operator | None:
    """The operator of which a part is an operand, as it stands or with calls and brackets around it."""
    return next((node.op for node in around(expression, part) if isinstance(node, ast.BinOp)), None)


def last_step(part: ast.expr) -> str:
    """The last thing that is done in a part, as it is written: `.T`, `.unsqueeze(1)`, `[:, None]`."""
    base = part.func.value if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else getattr(part, "value", None)
    if not isinstance(base, ast.expr):
        return ast.unparse(part)
    return ast.unparse(put(part, base, ast.copy_location(ast.Name("x", ast.Load()), base))).removeprefix("x")


def function_of(call: ast.Call) -> str:
    """The name of the function or method that is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def operands_of(part: ast.expr) -> list[ast.expr]:
    """The two sides of an operator; what a call runs over, and its arguments."""
    if isinstance(part, ast.BinOp):
        return [part.left, part.right]
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        own = [] if ast.unparse(part.func.value) in MODULES else [part.func.value]
        return [*own, *part.args]
    return []


def contracted(case: Case, left: ast.expr, right: ast.expr) -> tuple[str, str] | None:
    """Which axes a matrix product lets meet: the last of the left factor, and the last but one, or only one, of the right."""
    first, second = axes_of(case, left), axes_of(case, right)
    if not first or not second:
        return None
    return first[-1], second[-2] if len(second) > 1 else second[0]
