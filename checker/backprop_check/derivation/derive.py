"""Derive the vjp of a node from the forward's own text, as an expression a learner would write, verified against autograd."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F

from backprop_check.comparison.compare import close
from backprop_check.derivation.canonical import canonical
from backprop_check.derivation.read import Operation, Underivable, operation
from backprop_check.derivation.row import Body, Made, Row, bind
from backprop_check.derivation.site import Site, stretch, unbroadcast
from backprop_check.derivation.spelled import spelled, with_minus
from backprop_check.derivation.sums import added
from backprop_check.derivation.table import STOPS, TABLE
from backprop_check.derivation.trees import fill, put, simple, text
from backprop_check.exercise.nodes import walk
from backprop_check.records import Line, Trial
from backprop_check.trace.graph import Graph, default_dtype
from backprop_check.trace.oracle import in_float64

__all__ = ["Derivation", "Derived", "Step", "Term", "Underivable", "derive"]


Shape = tuple[int, ...]

UNFORESEEN = (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What a rule raises of arguments that it was not written for: whatever torch takes may stand in a forward."""


MOST = 5_000
"""How many parts the expressions of all steps of a derivation may have together: past that no line stands for a gradient."""


@dataclass(frozen=True)
class Step:
    """One operation on the way back: its name in the table, its operand, its law, and the shapes of operand and result.

    `stretched` is what the operand was stretched to, if it was; `whole` is the operation itself, and `others` are its other operands.
    """

    name: str
    operand: str
    law: str
    own: Shape
    result: Shape
    stretched: Shape | None
    whole: ast.expr
    others: tuple[ast.expr, ...]


@dataclass(frozen=True)
class Term:
    """What comes back through one use of the node in one line of the forward."""

    line: Line
    expression: ast.expr
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Derived:
    """The gradient of a node: its terms, and their sum as one expression."""

    node: str
    expression: ast.expr
    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        return text(self.expression)


def derive(graph: Graph, node: str, trials: Sequence[Trial], available: Collection[str]) -> Derived:
    """Return the gradient of `node` in terms of the forward's names and the gradients in `available`.

    Verified: it equals autograd's in every one of `trials` (float64). Raises `Underivable` where a line uses what the table does not
    have, or where the result is not autograd's.
    """
    seen = [Derivation(graph, trial, frozenset(available)) for trial in trials]
    for derivation in seen:  # what shows in one trial need not in another: ties, for example
        found = derivation.of(node)
        if all(_is_oracle(other, node, found.expression) for other in seen):
            return found
    raise Underivable(f"d{node}, whose derived expression `{found.text}` is not autograd's")


def _is_oracle(derivation: Derivation, node: str, expression: ast.expr) -> bool:
    value, trial = derivation.evaluate(expression), derivation.trial
    return isinstance(value, torch.Tensor) and close(value, trial.gradients["d" + node], trial.scales["d" + node])


@dataclass(frozen=True)
class Derivation:
    """What one trial shows of a graph's gradients, in terms of the gradients in `available`."""

    graph: Graph
    trial: Trial
    available: frozenset[str]
    _known: dict[int, tuple[ast.expr, Any]] = field(default_factory=dict, compare=False, repr=False)
    _inner: list[str] = field(default_factory=list, compare=False, repr=False)
    _made_of: list[int] = field(default_factory=list, compare=False, repr=False)

    @cached_property
    def names(self) -> dict[str, Any]:
        return {**self.graph.scope, **in_float64(self.trial.values), **self.trial.gradients, "torch": torch, "F": F}

    def evaluate(self, node: ast.expr) -> Any:
        """The value of an expression made of the author's text and of the table's, in this trial. Computed once of each tree."""
        if id(node) in self._known:
            return self._known[id(node)][1]
        try:
            with default_dtype(torch.float64):
                value = eval(text(node), self.names)  # not the tree: trees share parts, whose places in a text may be anyone's
        except Exception as error:
            raise Underivable(f"`{text(node)}` ({error})") from error
        self._known[id(node)] = node, value
        return value

    @cached_property
    def counts(self) -> dict[int, str]:
        """The plain whole numbers the forward names, by value."""
        known = {k: v for k, v in self.trial.values.items() if isinstance(v, int) and not isinstance(v, bool)}
        return {value: name for name, value in reversed(known.items()) if value > 1}

    def of(self, node: str, stretched: bool = True) -> Derived:
        """The gradient of a node; unless `stretched`, it may only broadcast to the node's shape."""
        users = [line for line in self.graph.exercise.lines if node in line.reads and "d" + line.name in self.trial.gradients]
        terms = tuple(term for line in reversed(users) for term in self.terms(line, node))
        own = ast.Name(node, ast.Load())
        if not terms:
            return Derived(node, fill("torch.zeros_like(x)", {"x": own}), ())
        total = with_minus(spelled(added([term.expression for term in terms]), self.evaluate), self.evaluate)
        value = self.evaluate(total)
        if isinstance(value, torch.Tensor) and not value.is_floating_point():
            total = ast.BinOp(total, ast.Mult(), ast.Constant(1.0))  # `F.one_hot` alone is whole numbers, which no gradient is
        same = isinstance(value, torch.Tensor) and value.shape == self.trial.gradients["d" + node].shape
        return Derived(node, stretch(total, own, same) if stretched else total, terms)

    def terms(self, line: Line, node: str) -> Iterator[Term]:
        """What comes back through each use of a node in a line."""
        source = canonical(ast.parse(f"({line.source}\n)", mode="eval").body, self.graph.scope, self.trial.values)
        out = ast.Name(line.name, ast.Load())
        for expression, steps in self._walk(source, out, self._arriving(line), node):
            yield Term(line, expression, tuple(steps))

    def _arriving(self, line: Line) -> ast.expr:
        gradient = self.trial.gradients["d" + line.name]
        if line.name == self.graph.exercise.output and gradient.dim() == 0:
            return ast.Constant(1)
        if "d" + line.name in self.available:
            return ast.Name("d" + line.name, ast.Load())
        return self.of(line.name, stretched=False).expression

    def _walk(self, node: ast.expr, out: ast.expr, g: ast.expr, wanted: str) -> Iterator[tuple[ast.expr, list[Step]]]:
        """Yield, for each use of `wanted` in `node`, what it receives when `g` arrives at `node`, whose value `out` names."""
        if isinstance(node, ast.Name) and node.id == wanted:
            yield g, []
            return
        if not _uses(node, wanted):
            return
        found = operation(node, self.evaluate)
        if found.name in STOPS:
            return
        row = TABLE.get(found.name)
        if row is None:
            if self._reaches(node, wanted):
                raise Underivable(f"`{found.name}`")
            return
        for place, operand in found.operands:
            lends = row.rules.get(bind(row, found, place)[1], "") is None
            if not lends and self._carries(operand, wanted):
                received, step = self._received(row, found, place, operand, out, g)
                for expression, steps in self._walk(operand, operand, received, wanted):
                    yield expression, [step, *steps]

    def _received(self, row: Row, found: Operation, place: int, operand: ast.expr, out: ast.expr, g: ast.expr) -> tuple[ast.expr, Step]:
        arguments, parameter = bind(row, found, place)
        rule = row.rules.get(parameter)
        if rule is None:
            raise Underivable(f"`{found.name}` with respect to `{text(operand)}`")
        site = Site(arguments, out, g, self.evaluate, self.counts, found.node)
        try:
            made = self._made(rule, site)
        except UNFORESEEN as error:
            raise Underivable(f"`{found.name}` as it is called in `{text(found.node)}`") from error
        if isinstance(made, Body):
            made = self._through(made, arguments, parameter, out, g)
        made = with_minus(made, self.evaluate)
        self._made_of.append(sum(1 for _ in walk(made)))
        if sum(self._made_of) > MOST:
            raise Underivable(f"`{text(operand)}`, on the way to which an expression of more than {MOST:,} parts")
        own, result = site.shape(operand), site.shape(out)
        if row.pairs and own != result:
            made, stretched = unbroadcast(site.full(made), result, own), result
        elif _fits(site.shape(made), own):
            stretched = None
        else:
            stretched = site.shape(made)
            made = unbroadcast(made, stretched, own)
        said = row.laws[parameter]
        law = said if isinstance(said, str) else said(site)
        if row.slope and not law.endswith("."):
            law = f"{law} `{text(fill(row.slope, {**arguments, 'y': out}))}`."
        return made, Step(found.name, text(operand), law, own, result, stretched, found.node, tuple(_others(found, place)))

    def _made(self, rule: str | Made, site: Site) -> ast.expr | Body:
        if not isinstance(rule, str):
            return rule(site)
        macros: Mapping[str, Callable[..., ast.expr]] = {"full": site.full, "keep": site.keep, "count": site.count, "share": site.share}
        return fill(rule, {**site.arguments, "g": site.g, "y": site.out}, macros)

    def _through(self, body: Body, arguments: Mapping[str, ast.expr], parameter: str, out: ast.expr, g: ast.expr) -> ast.expr:
        """What an operand receives through what an operation is in terms of others: all that comes back to its places, added up."""
        own = f"_operand{len(self._inner)}"
        mine = f"p{self.evaluate(arguments['place'])}" if "place" in arguments and parameter == "x" else parameter
        operand, placeholder = arguments[mine], ast.Name(own, ast.Load())
        self._inner.append(own)
        self.names[own] = self.evaluate(operand)
        whole = fill(body.template, {**arguments, **body.names, parameter: placeholder, mine: placeholder})
        received = [expression for expression, _ in self._walk(whole, out, g, own)]
        if not received:
            return fill("torch.zeros_like(x)", {"x": operand})
        return simple(put(added(received), {own: operand}))

    def _carries(self, operand: ast.expr, wanted: str) -> bool:
        """Whether a gradient may come back through an operand to a use of `wanted`."""
        if not _uses(operand, wanted):
            return False
        value = self.evaluate(operand)
        if isinstance(value, tuple | list) and any(isinstance(v, torch.Tensor) and v.is_floating_point() for v in value):
            raise Underivable(f"`{text(operand)}`, which is several tensors,")
        return self._is_float(operand) and self._reaches(operand, wanted)

    def _reaches(self, node: ast.expr, wanted: str) -> bool:
        """Whether a gradient that arrives at `node` may come to a use of `wanted`, as far as no operation stops it."""
        if not _uses(node, wanted) or isinstance(node, ast.Name):
            return isinstance(node, ast.Name) and node.id == wanted
        found = operation(node, self.evaluate)
        return found.name not in STOPS and any(self._reaches(o, wanted) for _, o in found.operands if self._may_carry(o))

    def _may_carry(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name | ast.BinOp | ast.UnaryOp | ast.Call | ast.Attribute | ast.Subscript) and self._is_float(node)

    def _is_float(self, node: ast.expr) -> bool:
        value = self.evaluate(node)
        return isinstance(value, torch.Tensor) and value.is_floating_point()


def _others(found: Operation, place: int) -> Iterator[ast.expr]:
    """The other operands that are expressions of their own: not a slice, nor a list of indices."""
    yield from (
        o for p, o in found.operands if p != place and isinstance(o, ast.Name | ast.BinOp | ast.Call | ast.Attribute | ast.Subscript)
    )


def _fits(shape: tuple[int, ...], own: tuple[int, ...]) -> bool:
    """Whether `shape` is `own`, or broadcasts to it."""
    return len(shape) <= len(own) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(own), strict=False))


def _uses(node: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in walk(node))
