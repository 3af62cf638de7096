"""A derived gradient as lines: a part that is needed twice gets a name, and so does what makes a line too long to read."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from backprop_check.derivation.trees import dumped, identifiers, put, text

WIDTH = 100
"""How long a line may be, with its name and the indent of a function's body."""
INDENT = 4
WORTH = 20
"""How long a part must be that is named because it is needed twice; in a line that is too long, a shorter one is named as well."""
SHORT = 8


@dataclass(frozen=True)
class Named:
    """One line: `name = expression`."""

    name: str
    expression: ast.expr

    @property
    def text(self) -> str:
        return f"{self.name} = {text(self.expression)}"


def lines(name: str, expression: ast.expr, taken: Collection[str]) -> tuple[Named, ...]:
    """Return the lines that give `name` its value, helpers first. No helper has a name of those `taken`."""
    found, wished = [Named(name, expression)], dict[str, str]()
    while (part := _part(found)) is not None:
        helper = f"_{_wished(part)}{len(wished)}"  # no shorter than the name it will have
        wished[helper] = _wished(part)
        found = [Named(line.name, _put(line.expression, part, helper)) for line in found]
        at = next(i for i, line in enumerate(found) if helper in identifiers(line.expression))
        found.insert(at, Named(helper, part))
    final = {name: name}
    for line in found[:-1]:
        final[line.name] = _free(wished[line.name], {*taken, *final.values()})
    names: dict[str, ast.expr] = {helper: ast.Name(said, ast.Load()) for helper, said in final.items()}
    return tuple(Named(final[line.name], put(line.expression, names)) for line in found)


def _free(wished: str, known: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    return next(name for i in range(1, len(known) + 2) if (name := wished if i == 1 else f"{wished}{i}") not in known)


def _part(found: list[Named]) -> ast.expr | None:
    """What is to be named next: the longest part that is needed twice; else of a line that is too long, what halves it best."""
    long = [line for line in found if _long(line)]
    every = [part for line in found for part in _parts(line.expression) if part is not line.expression]
    times = Counter(dumped(part) for part in every)
    twice = [p for p in every if times[dumped(p)] > 1 and len(text(p)) >= (SHORT if long else WORTH)]
    if twice:
        return max(twice, key=lambda part: len(text(part)))
    for line in long:
        parts = [p for p in _parts(line.expression) if p is not line.expression and len(text(p)) >= WORTH]
        if parts:
            return min(parts, key=lambda part: _strangeness(line, part))
    return None


def _strangeness(line: Named, part: ast.expr) -> tuple[bool, float]:
    """A part with a name of its own comes before others, except in a line that is far too long; then what halves it best."""
    return _wished(part) == OTHER and len(line.text) < 2 * WIDTH, abs(len(line.text) / 2 - len(text(part)))


def _long(line: Named) -> bool:
    return INDENT + len(line.text) > WIDTH


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression that compute something: not a shape, nor what is only called or picked by an index."""
    if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.Subscript) and not _of_shape(node):
        yield node
    if not _of_shape(node):
        for child in ast.iter_child_nodes(node):
            yield from _children(child)


def _children(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.expr):
        yield from _parts(node)
    elif isinstance(node, ast.keyword):
        yield from _parts(node.value)


def _of_shape(node: ast.expr) -> bool:
    """Whether it says how large something is, or makes it: `x.shape[1]`, `x.size(0) // 2`, `torch.zeros_like(x)`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=attr), args=args) if attr in MADE:
            return all(isinstance(a, ast.Name | ast.List) or _of_shape(a) for a in args)
        case ast.Attribute(attr="shape") | ast.Call(func=ast.Attribute(attr="size" | "numel")) | ast.Constant():
            return True
        case ast.Subscript(value=value):
            return _of_shape(value)
        case ast.BinOp(left=left, op=op, right=right) if not isinstance(op, ast.Mod):
            return _of_shape(left) and _of_shape(right)
        case ast.UnaryOp(operand=operand):
            return _of_shape(operand)
    return False


def _put(node: ast.expr, part: ast.expr, name: str) -> ast.expr:
    if dumped(node) == dumped(part):
        return ast.Name(name, ast.Load())
    fields = {}
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            value = _put(value, part, name)
        elif isinstance(value, list):
            value = [_put_item(v, part, name) for v in value]
        fields[field] = value
    return type(node)(**fields)


def _put_item(item: object, part: ast.expr, name: str) -> object:
    if isinstance(item, ast.keyword):
        return ast.keyword(item.arg, _put(item.value, part, name))
    return _put(item, part, name) if isinstance(item, ast.expr) else item


OTHER = "part"
MADE = {"zeros_like", "ones_like", "arange", "tensor"}
OF_CALLS = {
    "softmax": "p", "log_softmax": "logp", "sigmoid": "s", "tanh": "t", "exp": "e", "one_hot": "onehot", "mean": "mean", "sum": "total",
    "var": "var", "norm": "length", "linear": "z", "unfold": "windows", "inv": "inverse", "masked_fill": "scores", "einsum": "product",
    "index_select": "picked", "conv2d": "z", "conv1d": "z", "matmul": "product", "relu": "a"
}  # fmt: skip


def _wished(part: ast.expr) -> str:
    """A name by what the part computes."""
    match part:
        case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=0.5))):
            return "rstd"
        case ast.BinOp(left=ast.BinOp(op=ast.Sub(), right=ast.Call(func=ast.Attribute(attr="mean"))), op=ast.Mult()):
            return "xhat"
        case ast.BinOp(left=ast.Name(), op=ast.Mult(), right=ast.BinOp() as right) if _wished(right) == "rstd":
            return "xhat"
        case ast.BinOp(op=ast.Sub(), right=ast.Call(func=ast.Attribute(attr="mean"))):
            return "centred"
        case ast.BinOp(op=ast.MatMult()):
            return "product"
        case ast.Compare():
            return "mask"
        case ast.BinOp(op=ast.Mod()):
            return "left"
        case ast.Call(func=ast.Attribute(attr=attr)):
            return OF_CALLS.get(attr, OTHER)
    return OTHER
