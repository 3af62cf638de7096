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
from backprop_check.derivation.read import Operation, Underivable, operation
from backprop_check.derivation.site import Site, stretch, unbroadcast
from backprop_check.derivation.table import STOPS, TABLE, Row
from backprop_check.derivation.trees import fill, simple, text
from backprop_check.records import Line, Trial
from backprop_check.trace.graph import Graph, default_dtype
from backprop_check.trace.oracle import in_float64

__all__ = ["Derivation", "Derived", "Step", "Term", "Underivable", "derive"]


Shape = tuple[int, ...]


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

    @cached_property
    def names(self) -> dict[str, Any]:
        return {**self.graph.scope, **in_float64(self.trial.values), **self.trial.gradients, "torch": torch, "F": F}

    def evaluate(self, node: ast.expr) -> Any:
        """The value of an expression made of the author's text and of the table's, in this trial. Computed once of each tree."""
        if id(node) in self._known:
            return self._known[id(node)][1]
        try:
            with default_dtype(torch.float64):
                value = eval(compile(ast.fix_missing_locations(ast.Expression(node)), "<derived>", "eval"), self.names)
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
        total = _sum([term.expression for term in terms])
        value = self.evaluate(total)
        same = isinstance(value, torch.Tensor) and value.shape == self.trial.gradients["d" + node].shape
        return Derived(node, stretch(total, own, same) if stretched else total, terms)

    def terms(self, line: Line, node: str) -> Iterator[Term]:
        """What comes back through each use of a node in a line."""
        source = _plain(ast.parse(f"({line.source}\n)", mode="eval").body)
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
            raise Underivable(f"`{found.name}`")
        for place, operand in found.operands:
            lends = row.rules.get(_bind(row, found, place)[1], "") is None
            if not lends and _uses(operand, wanted) and self._is_float(operand):
                received, step = self._received(row, found, place, operand, out, g)
                for expression, steps in self._walk(operand, operand, received, wanted):
                    yield expression, [step, *steps]

    def _received(self, row: Row, found: Operation, place: int, operand: ast.expr, out: ast.expr, g: ast.expr) -> tuple[ast.expr, Step]:
        arguments, parameter = _bind(row, found, place)
        rule = row.rules.get(parameter)
        if rule is None:
            raise Underivable(f"`{found.name}` with respect to `{text(operand)}`")
        site = Site(arguments, out, g, self.evaluate, self.counts)
        if isinstance(rule, str):
            macros: Mapping[str, Callable[..., ast.expr]] = {"full": site.full, "keep": site.keep, "count": site.count}
            made = fill(rule, {**arguments, "g": g, "y": out}, macros)
        else:
            made = rule(site)
        own, result = site.shape(operand), site.shape(out)
        if row.pairs and own != result:
            made, stretched = unbroadcast(site.full(made), result, own), result
        elif _fits(site.shape(made), own):
            stretched = None
        else:
            stretched = site.shape(made)
            made = unbroadcast(made, stretched, own)
        law = row.laws[parameter]
        if row.slope:
            law = f"{law} `{text(fill(row.slope, {'x': operand, 'y': out}))}`."
        return made, Step(found.name, text(operand), law, own, result, stretched, found.node, tuple(_others(found, place)))

    def _is_float(self, node: ast.expr) -> bool:
        value = self.evaluate(node)
        return isinstance(value, torch.Tensor) and value.is_floating_point()


def _others(found: Operation, place: int) -> Iterator[ast.expr]:
    """The other operands that are expressions of their own: not a slice, nor a list of indices."""
    yield from (
        o for p, o in found.operands if p != place and isinstance(o, ast.Name | ast.BinOp | ast.Call | ast.Attribute | ast.Subscript)
    )


def _sum(terms: Sequence[ast.expr]) -> ast.expr:
    """Add terms up; one that comes several times is written once, with its number."""
    times: dict[str, list[ast.expr]] = {}
    for term in terms:
        times.setdefault(text(term), []).append(term)
    counted = [same[0] if len(same) == 1 else simple(ast.BinOp(ast.Constant(len(same)), ast.Mult(), same[0])) for same in times.values()]
    total = counted[0]
    for term in counted[1:]:
        total = simple(ast.BinOp(total, ast.Add(), term))
    return total


def _bind(row: Row, found: Operation, place: int) -> tuple[dict[str, ast.expr], str]:
    """Return the arguments by parameter name, and the parameter that the operand at `place` is; it is also called as the rule calls it."""
    arguments = dict(row.defaults)
    mine = ""
    star = next((p for p in row.parameters if p.startswith("*")), None)
    gathered: list[ast.expr] = []
    for i, argument in enumerate(found.positional):
        parameter = row.parameters[min(i, len(row.parameters) - 1)] if star is None or i <= row.parameters.index(star) else star
        if star is None and i >= len(row.parameters):
            raise Underivable(f"`{found.name}` with so many arguments")
        if parameter == star:
            arguments[f"p{len(gathered)}"] = argument
            if i == place:
                arguments["place"] = ast.Constant(len(gathered))
            gathered.append(argument)
            parameter = parameter[1:]
        arguments[parameter] = ast.Tuple(gathered, ast.Load()) if gathered else argument
        mine = parameter if i == place else mine
    for i, (name, argument) in enumerate(found.keywords.items()):
        if name not in row.parameters:
            raise Underivable(f"`{found.name}` with `{name}`")
        arguments[name] = argument
        mine = name if len(found.positional) + i == place else mine
    if star == "*x" and mine == "x":
        arguments |= {"x": gathered[_place(arguments)], "parts": ast.Constant(len(gathered))}
    return arguments, mine


def _place(arguments: Mapping[str, ast.expr]) -> int:
    place = arguments["place"]
    assert isinstance(place, ast.Constant)
    assert isinstance(place.value, int)
    return place.value


def _fits(shape: tuple[int, ...], own: tuple[int, ...]) -> bool:
    """Whether `shape` is `own`, or broadcasts to it."""
    return len(shape) <= len(own) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(own), strict=False))


def _uses(node: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _plain(node: ast.expr) -> ast.expr:
    """Write `math.sqrt(d)` as `d**0.5`: a submission need not import math."""
    plain: ast.expr = _Plain().visit(node)
    return plain


class _Plain(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.func) in ("math.sqrt", "sqrt") and len(node.args) == 1:
            return ast.BinOp(node.args[0], ast.Pow(), ast.Constant(0.5))
        return node
