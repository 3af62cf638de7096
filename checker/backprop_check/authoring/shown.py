"""Which mutants of a solution its exercise can show: sorted by their values into right after all, hidden, and wrong."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.authoring import ground as tried
from backprop_check.authoring.answers import Answers
from backprop_check.authoring.ground import Ground
from backprop_check.authoring.mutants import Mutant, mutants, operands
from backprop_check.authoring.slips.names import Names, numbers
from backprop_check.errors import BadInput
from backprop_check.trace.graph import Graph, default_dtype

Make = Callable[[str, str, Names, Sequence[str]], list[Mutant]]
"""What makes wrong lines: of a target, its right expression, what names stand for, and which may stand for another."""


@dataclass(frozen=True)
class Wrong:
    """A wrong answer the exercise shows, and the mutants that give it in every trial; the first one stands for all.

    `facts` are codes that are true of it whatever was planted.
    """

    mutants: tuple[Mutant, ...]
    facts: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        return self.mutants[0].target

    @property
    def code(self) -> str:
        return self.mutants[0].code

    @property
    def fair(self) -> tuple[str, ...]:
        """The codes that name any of the slips that give this answer, then its facts."""
        return tuple(dict.fromkeys([*(code for mutant in self.mutants for code in mutant.fair), *self.facts]))

    @property
    def tied(self) -> tuple[tuple[str, ...], ...]:
        """The sets of codes that tie: of slips with this one answer that share no name with another of them."""
        sets = dict.fromkeys(mutant.fair for mutant in self.mutants if mutant.fair)
        return tuple(fair for fair in sets if any(not set(fair) & set(other) for other in sets))


@dataclass(frozen=True)
class Sorted:
    """The mutants of one target. `right` are so whatever arrives from above; `hidden` only because of what arrives in this graph."""

    target: str
    wrong: tuple[Wrong, ...]
    hidden: tuple[Mutant, ...]
    right: tuple[Mutant, ...]


def sort_mutants(graph: Graph, answers: Answers, ground: Ground, make: Make = mutants) -> Iterator[Sorted]:
    """Make the mutants of every gradient that one statement of the solution writes, and sort them by their values.

    Raises `BadInput` where the solution itself is wrong.
    """
    names = tried.names(graph, ground.trials[0])
    before = [name for name in graph.exercise.parameters if names.is_gradient(name)]
    with warnings.catch_warnings(), default_dtype(torch.float64):
        warnings.simplefilter("ignore")  # a wrong `.T` makes torch warn
        for target, expression in answers.expressions.items():
            if not ground.right(target, ground.values(target, f"{target} = {expression}")):
                raise BadInput(f"{graph.exercise.path}: `{target}` is not right, so its mutants say nothing. Mend it (`dev check`) first.")
            others = operands(target, expression, names, [*graph.exercise.names, *before])
            yield _sorted(target, expression, make(target, expression, names, others), ground)
            before.append(target)


def _sorted(target: str, expression: str, made: Sequence[Mutant], ground: Ground) -> Sorted:
    elsewhere = [_other_upstream(scope, expression, seed) for seed, scope in enumerate(ground.scopes)]
    wanted = [tried.value(scope, target, f"{target} = {expression}") for scope in elsewhere]
    wrong: list[tuple[list[Any], list[Mutant]]] = []
    hidden, right = [], []
    for mutant in made:
        values = ground.values(target, mutant.code)
        if not ground.right(target, values):
            group = next((mutants for other, mutants in wrong if ground.same(target, values, other)), None)
            if group is None:
                wrong.append((values, [mutant]))
            else:
                group.append(mutant)
        elif all(
            tried.alike(tried.value(scope, target, mutant.code), want, float(want.abs().max()))
            for scope, want in zip(elsewhere, wanted, strict=True)
        ):
            right.append(mutant)
        else:
            hidden.append(mutant)
    shown = tuple(Wrong(tuple(group), ground.facts(target, values)) for values, group in wrong)
    return Sorted(target, shown, tuple(hidden), tuple(right))


def _other_upstream(scope: Mapping[str, Any], expression: str, seed: int) -> dict[str, Any]:
    """The scope with random numbers for the gradients the expression reads: what arrives from above might be anything."""
    draw = torch.Generator().manual_seed(seed)
    read = [name for name in set(numbers(ast.parse(f"({expression})", mode="eval"))) if name[0] == "d" and name[1:] in scope]
    return {**scope, **{name: torch.randn(scope[name].shape, generator=draw) for name in sorted(read)}}
