"""What the names of an expression stand for, and what a part of it is in the chain rule: upstream, local, number, mask or copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backprop_check.authoring.slips.places import LAID_OUT, called


@dataclass(frozen=True)
class Names:
    """`shapes` of the forward's float values and of their gradients, by name; `reads` of each line of the forward.

    `counts` are the plain numbers the forward names; the first is mostly the size of the batch. `masks` are tensors of truth values,
    `nested` the values whose line holds one operation in another.
    """

    shapes: Mapping[str, tuple[int, ...]]
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()

    def is_gradient(self, name: str) -> bool:
        return name in self.shapes and name[0] == "d" and name[1:] in self.shapes

    def upstream(self, part: ast.AST) -> bool:
        """Whether a gradient is among the numbers of `part`."""
        return any(self.is_gradient(name) for name in numbers(part))

    def local(self, part: ast.AST) -> bool:
        """Whether a value of the forward is among the numbers of `part`."""
        return any(name in self.shapes and not self.is_gradient(name) for name in numbers(part))

    def constant(self, part: ast.AST) -> bool:
        """Whether `part` is made of plain numbers: literals and sizes."""
        return not any(name in self.shapes for name in numbers(part)) and not makes(part, *LAID_OUT)

    def uniform(self, part: ast.AST) -> bool:
        """Whether `part` has none of the forward's or the gradients' numbers: a power of it is another constant."""
        return not self.upstream(part) and not self.local(part)

    def gradient(self, part: ast.AST) -> bool:
        """Whether `part` is the name of a gradient."""
        return isinstance(part, ast.Name) and self.is_gradient(part.id)

    def vector(self, part: ast.AST) -> bool:
        """Whether `part` is the name of a tensor with one axis."""
        return isinstance(part, ast.Name) and len(self.shapes.get(part.id, ())) == 1

    def single(self, part: ast.AST) -> bool:
        """Whether `part` is made of plain numbers and of tensors of one number: it scales what it stands beside."""
        plain = ("torch", "F", "math", *self.counts)
        return all(name in plain or self.shapes.get(name) == () for name in numbers(part)) and not makes(part, *LAID_OUT)

    def by_count(self, text: str) -> tuple[str, ...]:
        """`text` divided and multiplied by the first count."""
        return tuple(f"{text} {operator} {count}" for count in self.counts[:1] for operator in "/*")

    def one_line(self, first: str, second: str) -> bool:
        """Whether one of two values is computed from the other by one line of the forward."""
        return first in self.reads.get(second, ()) or second in self.reads.get(first, ())

    def leads(self, first: str, second: str) -> bool:
        """Whether the forward computes `second` from `first`, by one line or several."""
        return any(read == first or self.leads(first, read) for read in self.reads.get(second, ()))


def numbers(part: ast.AST) -> Iterator[str]:
    """The names whose numbers enter `part`, not only their shape."""
    if isinstance(part, ast.Name):
        yield part.id
    elif not (isinstance(part, ast.Attribute) and part.attr == "shape") and called(part) not in LAID_OUT:
        for child in ast.iter_child_nodes(part):
            yield from numbers(child)


def makes(part: ast.AST, *functions: str) -> bool:
    """Whether one of these functions is called in `part`."""
    return any(called(node) in functions for node in ast.walk(part))


def number(node: ast.AST) -> float | int | None:
    """The number a literal stands for, with its sign."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if (inner := number(operand)) is not None:
            return -inner
    return None


def literal(value: float) -> ast.expr:
    """The literal of a number, its minus an operator as in any text that was parsed."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)
