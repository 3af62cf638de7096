"""Code tried on the oracle's numbers: what it gives in a few trials, and whether that is right. The author's own code only."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.authoring.slips.names import Names
from backprop_check.comparison.compare import close
from backprop_check.records import Trial
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

FIRST_SEED = 1001
"""Far from the seeds on which the mutants are judged, so that what was found there is confirmed here."""


@dataclass(frozen=True)
class Raised:
    """Stands for the value where code raised. It is the same for the same code only, since there the code is what explains it."""

    code: str
    shapes: bool
    """Whether torch stopped because shapes do not fit."""
    call: bool
    """Whether it refused the arguments that a call is given."""
    attribute: bool
    """Whether something was asked for what it does not have."""


@dataclass(frozen=True)
class Ground:
    """Some trials, and the names code may use in each: the forward's values and all gradients."""

    trials: tuple[Trial, ...]
    scopes: tuple[Mapping[str, Any], ...]

    def values(self, target: str, code: str) -> list[Any]:
        """What `code` gives for `target`, in each trial."""
        return [value(scope, target, code) for scope in self.scopes]

    def same(self, target: str, values: Sequence[Any], others: Sequence[Any]) -> bool:
        return all(alike(a, b, trial.scales[target]) for a, b, trial in zip(values, others, self.trials, strict=True))

    def right(self, target: str, values: Sequence[Any]) -> bool:
        return self.same(target, values, [trial.gradients[target] for trial in self.trials])

    def facts(self, target: str, values: Sequence[Any]) -> tuple[str, ...]:
        """Codes that are plain facts of a wrong answer, whatever was planted."""
        pairs = [(got, trial.gradients[target], trial.scales[target]) for got, trial in zip(values, self.trials, strict=True)]
        return tuple(code for code, holds in _FACTS.items() if all(holds(*pair) for pair in pairs))


def ground(graph: Graph, helpers: str = "") -> Ground:
    """One trial at each choice of sizes. `helpers` are statements that name what the code to be tried may use."""
    trials = tuple(trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes, FIRST_SEED))
    scopes = []
    for trial in trials:
        scope = {**graph.scope, **trial.values, **trial.gradients, "torch": torch, "F": torch.nn.functional}
        exec(helpers, scope)
        scopes.append(scope)
    return Ground(trials, tuple(scopes))


def names(graph: Graph, trial: Trial) -> Names:
    """What the names of a trial stand for."""
    tensors = {k: v for k, v in {**trial.values, **trial.gradients}.items() if isinstance(v, torch.Tensor)}
    shapes = {k: tuple(v.shape) for k, v in tensors.items() if v.is_floating_point()}
    counts = tuple(line.name for line in graph.exercise.lines if isinstance(trial.values[line.name], int | float))
    masks = tuple(k for k, v in tensors.items() if v.dtype == torch.bool)
    nested = tuple(line.name for line in graph.exercise.lines if _operations(ast.parse(line.source, mode="eval").body) > 1)
    return Names(shapes, {line.name: line.reads for line in graph.exercise.lines}, counts, masks, nested)


def _operations(node: ast.AST) -> int:
    """How many operations stand in each other, at the most, but for those on sizes."""
    if isinstance(node, ast.Attribute) and node.attr == "shape":
        return 0
    return isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call) + max(map(_operations, ast.iter_child_nodes(node)), default=0)


def value(scope: Mapping[str, Any], target: str, code: str) -> Any:
    """What `code` gives for `target`; nothing in `scope` changes."""
    inner = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in scope.items() if k != target}
    try:
        exec(code, inner)
    except Exception as error:
        said, stopped = str(error), isinstance(error, RuntimeError | IndexError)
        shapes = stopped and any(word in said for word in ("size", "shape", "imension", " dim "))
        told = ("argument",) if isinstance(error, TypeError) else ("must be >", "expected condition") if stopped else ()
        return Raised(code, shapes, any(words in said for words in told), isinstance(error, AttributeError))
    return inner[target]


def alike(got: Any, other: Any, scale: float) -> bool:
    """Whether two answers are the same: of one kind, shape and dtype, within the judge's tolerance."""
    if not (isinstance(got, torch.Tensor) and isinstance(other, torch.Tensor)):
        return type(got) is type(other) and bool(got == other)
    if got.dtype != other.dtype or got.shape != other.shape:
        return False
    return close(got, other, scale) if got.is_floating_point() else torch.equal(got, other)


def _unexpanded(got: Any, gradient: torch.Tensor, scale: float) -> bool:
    if not isinstance(got, torch.Tensor) or got.shape == gradient.shape:
        return False
    try:
        return alike(got.expand(gradient.shape), gradient, scale)
    except RuntimeError:  # it does not broadcast to the gradient's shape
        return False


_FACTS = {
    "shape-error": lambda got, gradient, scale: isinstance(got, Raised) and got.shapes,
    "wrong-call": lambda got, gradient, scale: isinstance(got, Raised) and got.call,
    "undefined-name": lambda got, gradient, scale: isinstance(got, Raised) and got.attribute,
    "not-a-tensor": lambda got, gradient, scale: not isinstance(got, Raised | torch.Tensor),
    "wrong-dtype": lambda got, gradient, scale: isinstance(got, torch.Tensor) and not got.is_floating_point(),
    "not-finite": lambda got, gradient, scale: isinstance(got, torch.Tensor) and not bool(got.isfinite().all()),
    "not-expanded": _unexpanded,
}
"""What a code says of the answer alone, and is therefore never unfair: torch stopped, it is no tensor, the right numbers uncopied."""
