"""One operation at its place in a line: its expressions, their values in one trial, and the gradient that arrives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop_check.derivation.trees import fill, literal


@dataclass(frozen=True)
class Site:
    """`arguments` by parameter name; `out` is the operation's result as an expression, `g` the gradient that arrives at it.

    `g` may be smaller than `out` where it is the same along an axis: it then broadcasts.
    """

    arguments: Mapping[str, ast.expr]
    out: ast.expr
    g: ast.expr
    evaluate: Callable[[ast.expr], Any]
    counts: Mapping[int, str]
    whole: ast.expr
    """The operation itself, as it stands."""

    def value(self, name: str) -> Any:
        """The value of a parameter in the trial; None where it was not given."""
        return self.evaluate(self.arguments[name]) if name in self.arguments else None

    def shape(self, node: ast.expr) -> tuple[int, ...]:
        import torch

        value = self.evaluate(node)
        return tuple(value.shape) if isinstance(value, torch.Tensor) else ()

    @property
    def x(self) -> ast.expr:
        return self.arguments["x"]

    @property
    def dims(self) -> tuple[int, ...] | None:
        """The axes a reduction takes, counted from 0; None for all."""
        given = self.value("dim")
        if given is None:
            return None
        rank = len(self.shape(self.x))
        return tuple(sorted(d % rank for d in (given if isinstance(given, tuple | list) else (given,))))

    def full(self, node: ast.expr) -> ast.expr:
        """`node`, stretched to the shape of the result."""
        return stretch(node, self.out, self.shape(node) == self.shape(self.out))

    def keep(self, node: ast.expr) -> ast.expr:
        """`node` with the axes put back that the reduction took away, so that it broadcasts against the operand."""
        dims, rank = self.dims, len(self.shape(self.out))
        if dims is None or self.value("keepdim") or not self.shape(node) or not rank:
            return node
        node = node if len(self.shape(node)) == rank else self.full(node)
        for dim in dims:
            node = fill(f"n.unsqueeze({dim})", {"n": node})
        return node

    def count(self) -> ast.expr:
        """How many numbers the reduction takes into one: a number the forward names, or read from the operand's shape."""
        shape, dims = self.shape(self.x), self.dims
        total = 1
        for d in range(len(shape)) if dims is None else dims:
            total *= shape[d]
        if total in self.counts:
            return ast.Name(self.counts[total], ast.Load())
        if dims is None:
            return fill("x.numel()", {"x": self.x})
        factors = [fill(f"x.shape[{d}]", {"x": self.x}) for d in dims]
        product = factors[0]
        for factor in factors[1:]:
            product = ast.BinOp(product, ast.Mult(), factor)
        return product

    def share(self, node: ast.expr) -> ast.expr:
        """Of a loss: its slope in one element, over the number of elements where it is their mean."""
        reduction = self.value("reduction") or "mean"
        if reduction == "batchmean":
            return fill("n / a.shape[0]", {"n": node, "a": self.arguments["a"]})
        if reduction != "mean":
            return node
        shape = self.shape(node)
        whole = next((self.arguments[name] for name in ("a", "b") if self.shape(self.arguments[name]) == shape), node)
        return fill("n / a.numel()", {"n": node, "a": whole})

    def given(self, name: str) -> bool:
        """Whether a parameter has a value other than None."""
        return self.value(name) is not None

    def tensor(self) -> ast.expr:
        """What arrives, as a tensor in the shape of the result also where it is one plain number."""
        return stretch(self.g, self.out, False) if literal(self.g) is not None else self.full(self.g)

    def along(self) -> ast.expr:
        """The axis as the author wrote it."""
        return self.arguments["dim"]


def stretch(node: ast.expr, like: ast.expr, same: bool) -> ast.expr:
    """`node` in the shape of `like`."""
    if same:
        return node
    value = literal(node)
    if value is not None:
        return fill("torch.ones_like(l)" if value == 1 else "torch.full_like(l, n)", {"l": like, "n": node})
    return fill("torch.ones_like(l) * n", {"l": like, "n": node})


def unbroadcast(node: ast.expr, stretched: Sequence[int], own: Sequence[int]) -> ast.expr:
    """Sum over the axes along which an operand of shape `own` was stretched to `stretched`: the inverse of broadcasting."""
    extra = len(stretched) - len(own)
    ones = tuple(d for d, n in enumerate(own) if n == 1 and stretched[d + extra] != 1)
    if extra:
        node = _sum(node, tuple(range(extra)), keep=False, everything=len(own) == 0)
    return _sum(node, ones, keep=True) if ones else node


def _sum(node: ast.expr, dims: tuple[int, ...], keep: bool, everything: bool = False) -> ast.expr:
    axis = "" if everything else str(dims[0]) if len(dims) == 1 else str(dims)
    return fill(f"n.sum({axis}{', keepdim=True' if keep else ''})", {"n": node})
