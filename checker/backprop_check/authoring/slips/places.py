"""Places in an expression: a node with the nodes above it, and the same expression with another node in that place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

Step = tuple[ast.AST, str, int | None]

LAID_OUT = ("ones_like", "zeros_like", "full_like", "one_hot")
"""Of what is handed to these, only the shape or the index is used, never the numbers."""
_AXIS_FIRST = (
    "sum mean var std max min amax argmax cumsum scatter gather unsqueeze squeeze index_select index_add index_add_ softmax log_softmax"
)
AXIS_FIRST = frozenset(_AXIS_FIRST.split())
"""Methods whose first argument is an axis."""


JOINS = ("cat", "concat", "stack")
"""Functions of torch whose second argument is an axis."""

RESHAPES = ("reshape", "view")
MOVES = ("permute", "transpose", "movedim", "swapaxes")
"""Methods whose arguments are all axes, and which change nothing but the places."""


@dataclass(frozen=True)
class Place:
    """`node` in its expression; `path` leads down to it: the node above, its field, and the index in that field."""

    node: ast.AST
    path: tuple[Step, ...] = ()

    @property
    def above(self) -> ast.AST | None:
        return self.path[-1][0] if self.path else None

    @property
    def inner(self) -> bool:
        """Whether the place is only a part of the expression."""
        return bool(self.path)

    @property
    def in_exponent(self) -> bool:
        return any(isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow) and name == "right" for above, name, _ in self.path)

    @property
    def in_subscript(self) -> bool:
        return any(isinstance(above, ast.Subscript) and name == "slice" for above, name, _ in self.path)

    @property
    def in_slice(self) -> bool:
        return any(isinstance(above, ast.Slice) for above, _, _ in self.path)

    @property
    def in_comparison(self) -> bool:
        return any(isinstance(above, ast.Compare) for above, _, _ in self.path)

    @property
    def of_shape(self) -> bool:
        """Whether it says which axis of a shape is meant, and nothing else."""
        inner = next((above for above, _, _ in reversed(self.path) if isinstance(above, ast.Subscript)), None)
        return inner is not None and _is_length(inner)

    @property
    def in_length(self) -> bool:
        """Whether the place belongs to a length that is computed with, as in `dm / x.shape[1]`."""
        computed = (above for (above, _, _), (below, _, _) in pairwise(self.path) if _is_length(below))
        return any(isinstance(above, ast.BinOp) for above in computed)

    @property
    def moving(self) -> str:
        """The method that moves axes, of whose arguments this is one; else ""."""
        return next((name for above, field, _ in self.path if field == "args" and (name := called(above) or "") in MOVES), "")

    @property
    def joins(self) -> bool:
        """Whether it says along which axis parts are joined."""
        return any(name == "args" and index == 1 and called(above) in JOINS for above, name, index in self.path)

    @property
    def reshaped(self) -> bool:
        """Whether it is part of the shape that a `reshape` or `view` is given."""
        return any(name == "args" and called(above) in RESHAPES for above, name, _ in self.path)

    @property
    def in_axis(self) -> bool:
        """Whether it says along which axis: the first argument of a method, the second of a function of torch or F."""
        arguments = ((above, index) for above, name, index in self.path if name == "args")
        return any(called(above) in AXIS_FIRST and index == (method(above) is None) for above, index in arguments)

    @property
    def laid_out(self) -> str:
        """What uses only the shape or the index of what stands here: the function, or `shape`; else ""."""
        for above, _, _ in reversed(self.path):
            if isinstance(above, ast.Attribute) and above.attr == "shape":
                return "shape"
            if (name := called(above)) in LAID_OUT:
                return name or ""
        return ""

    @property
    def called(self) -> bool:
        """Whether the node is the name of the function that is called."""
        return bool(self.path) and self.path[-1][1] == "func"


def places(node: ast.AST, path: tuple[Step, ...] = ()) -> Iterator[Place]:
    """Yield every subexpression, from the whole inwards; keywords are part of their call."""
    yield Place(node, path)
    for name, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.expr):
                yield from places(child, (*path, (node, name, index)))


def put(tree: ast.expr, place: Place, new: ast.expr) -> ast.expr:
    """Return `tree` with `new` in this place."""
    if not place.path:
        return new
    tree = copy.deepcopy(tree)
    node: ast.AST = tree
    for _, name, index in place.path[:-1]:
        node = getattr(node, name) if index is None else getattr(node, name)[index]
    _, name, index = place.path[-1]
    if index is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[index] = new
    return tree


def _is_length(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"


def called(node: ast.AST) -> str | None:
    """The name behind the dot of a call: `sum` of `x.sum(1)`, `outer` of `torch.outer(a, b)`."""
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def method(node: ast.AST) -> str | None:
    """The same where it is a tensor's method, not a function of a module."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return None if ast.unparse(owner) in ("torch", "F", "torch.nn.functional", "math") else node.func.attr
    return None
