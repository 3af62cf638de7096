"""Wrong answers made from a right one by the slips of the catalogue of mistakes.

    >>> [m.code for m in mutants("ds", "(c * dp).sum(1, keepdim=True)")][:2]
    ['ds = (-(c * dp).sum(1, keepdim=True))', 'ds = (c.sum(1, keepdim=True))']

Some mutants are right after all (a swapped product); whoever uses them decides that by their values.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_REDUCTIONS = ("sum", "mean", "max", "amax", "argmax", "cumsum", "min")
_AXIS_FIRST = (*_REDUCTIONS, "scatter", "gather", "unsqueeze", "index_add", "index_select", "softmax", "squeeze", "expand_dims")
_FUNCTIONS = {
    "exp": "log", "log": "exp", "tanh": "sigmoid", "ones_like": "zeros_like", "zeros_like": "ones_like", "argmax": "argmin", "max": "min",
    "sum": "mean", "mean": "sum", "index_put": "index_fill", "sqrt": "square", "square": "sqrt",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`code` are statements that write the target; `slip` names what was done to the right expression."""

    target: str
    slip: str
    code: str


def mutants(target: str, expression: str, others: Collection[str] = ()) -> list[Mutant]:
    """Return the mutants of `target = expression`, without repeats of text. `others` are names that may stand for another operand."""
    tree = ast.parse(expression.strip(), mode="eval").body
    right, found = ast.unparse(tree), {}
    for slip, mutated in _whole(tree):
        found.setdefault(ast.unparse(mutated), slip)
    for path, node in _nodes(tree):
        for slip, replacement in _slips(node, others):
            found.setdefault(ast.unparse(_replaced(tree, path, replacement)), slip)
    found.pop(right, None)
    made = [Mutant(target, slip, f"{target} = ({text})") for text, slip in found.items()]
    return [*made, *_statements(target, tree)]


def _whole(tree: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    yield "sign", ast.UnaryOp(ast.USub(), tree)
    for slip, text in (
        ("transpose", "({}).T"), ("constant", "2 * ({})"), ("constant", "({}) / 2"), ("axis", "({}).sum(0)"), ("axis", "({}).sum(0, keepdim=True)"),
        ("axis", "({}).sum(-1)"), ("axis", "({}).sum()"), ("axis", "({}).mean(0)"), ("keepdim", "({})[None]"), ("power", "({})**2"), ("power", "({})**-1"),
        ("constant", "({}) + 1e-4"), ("constant", "({}) * (1 + 1e-6)"), ("axis", "({}).flatten()"), ("axis", "({}).flip(0)"), ("constant", "({}) * 0"),
    ):  # fmt: skip
        yield slip, ast.parse(text.format(ast.unparse(tree)), mode="eval").body


def _slips(node: ast.AST, others: Collection[str]) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.BinOp):
        slip = {ast.Add: "branch", ast.Sub: "branch", ast.Pow: "power"}.get(type(node.op), "factor")
        yield slip, node.left
        yield slip, node.right
        if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div | ast.Pow):
            yield "swap", ast.BinOp(node.right, node.op, node.left)
        for old, new in (
            (ast.Add, ast.Sub),
            (ast.Sub, ast.Add),
            (ast.Add, ast.Mult),
            (ast.Mult, ast.Add),
            (ast.Mult, ast.Div),
            (ast.Div, ast.Mult),
            (ast.MatMult, ast.Mult),
        ):
            if isinstance(node.op, old):
                yield "operator", ast.BinOp(node.left, new(), node.right)
        if isinstance(node.op, ast.MatMult):
            for left, right in (
                (_transposed(node.left), node.right),
                (node.left, _transposed(node.right)),
                (_transposed(node.left), _transposed(node.right)),
            ):
                yield "transpose", ast.BinOp(left, node.op, right)
            yield "transpose", _transposed(node)
        if isinstance(node.op, ast.Pow) and _number(node.right) is not None:
            power = _number(node.right)
            for other in (power + 1, power - 1, -power, power / 2):
                yield "power", ast.BinOp(node.left, node.op, ast.Constant(other))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        for value in (node.value + 1, node.value - 1, 2 * node.value, -node.value, 0):
            yield "constant", ast.Constant(value)
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield "transpose", node.value
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in others:
            yield "operand", ast.Name(other, ast.Load())
    if isinstance(node, ast.Call):
        yield from _call(node)


def _call(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else None
    if name is None:
        return
    module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "F")  # type: ignore[union-attr]
    if not module:
        yield "call", node.func.value  # type: ignore[union-attr]
    elif node.args:
        yield "call", node.args[0]
    for i, keyword in enumerate(node.keywords):
        yield "keepdim" if keyword.arg == "keepdim" else "keyword", _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    if name in _REDUCTIONS and not module:
        if not any(k.arg == "keepdim" for k in node.keywords) and node.args:
            yield "keepdim", _with(node, keywords=[*node.keywords, ast.keyword("keepdim", ast.Constant(True))])
        yield "axis", _with(node, args=[], keywords=[])
    if name in _AXIS_FIRST and not module and node.args:
        for axis in (0, 1, -1, 2):
            yield "axis", _with(node, args=[ast.Constant(axis), *node.args[1:]])
    if name in _FUNCTIONS:
        yield "function", _with(node, func=ast.Attribute(node.func.value, _FUNCTIONS[name], ast.Load()))  # type: ignore[union-attr]
    if len(node.args) > 1:
        yield "swap", _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
        for i in range(1, len(node.args)):
            yield "argument", _with(node, args=[*node.args[:i], *node.args[i + 1 :]])


def _statements(target: str, tree: ast.expr) -> Iterator[Mutant]:
    """`=` for `+=`, `-=` for `+=`, and an addend that comes in twice."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        left, right = ast.unparse(tree.left), ast.unparse(tree.right)
        for slip, code in (
            ("=", f"{target} = {left}\n{target} = {right}"),
            ("=", f"{target} = {right}\n{target} = {left}"),
            ("+=", f"{target} = 1 * ({left})\n{target} = {target} + {right}"),
            ("-=", f"{target} = 1 * ({left})\n{target} = {target} - {right}"),
            ("*=", f"{target} = 1 * ({left})\n{target} = {target} * ({right})"),
            ("twice", f"{target} = 1 * ({left})\n{target} = {target} + {right}\n{target} = {target} + {right}"),
            ("in place", f"{target} = 1 * ({left})\n{target} += {right}"),
            ("in place", f"{target} = torch.zeros_like({target[1:]})\n{target} += {left}\n{target} += {right}"),
        ):
            yield Mutant(target, slip, code)


def _nodes(tree: ast.AST, path: tuple[tuple[str, int | None], ...] = ()) -> Iterator[tuple[tuple[tuple[str, int | None], ...], ast.AST]]:
    yield path, tree
    for name, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr):
            yield from _nodes(value, (*path, (name, None)))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.keyword):
                    continue
                if isinstance(item, ast.expr):
                    yield from _nodes(item, (*path, (name, i)))


def _replaced(tree: ast.expr, path: tuple[tuple[str, int | None], ...], new: ast.expr) -> ast.expr:
    if not path:
        return new
    tree = copy.deepcopy(tree)
    node: ast.AST = tree
    for name, index in path[:-1]:
        node = getattr(node, name) if index is None else getattr(node, name)[index]
    name, index = path[-1]
    if index is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[index] = new
    return tree


def _transposed(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _number(node: ast.expr) -> float | int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    return None


def _with(node: ast.Call, **changes: object) -> ast.Call:
    fields = {"func": node.func, "args": node.args, "keywords": node.keywords} | changes
    return ast.Call(**fields)  # type: ignore[arg-type]
