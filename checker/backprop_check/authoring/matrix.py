"""The mutation matrix of an exercise: of the wrong answers it can show, how many are caught, fairly named, and mended."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from backprop_check.authoring.answers import Answers, read_answers
from backprop_check.authoring.ground import Ground, ground
from backprop_check.authoring.shown import Sorted, Wrong, sort_mutants
from backprop_check.comparison.judge import judge
from backprop_check.diagnosis.explain import explain
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Diagnosis
from backprop_check.submission.parse import read_submission
from backprop_check.submission.workers import Workers
from backprop_check.trace.graph import Graph, default_dtype, load_graph


@dataclass(frozen=True)
class Mutations:
    """An exercise whose mutants are made and sorted, and not judged yet."""

    graph: Graph
    answers: Answers
    numbers: Ground
    targets: tuple[Sorted, ...]

    @property
    def count(self) -> int:
        """How many wrong answers there are to judge."""
        return sum(len(target.wrong) for target in self.targets)


@dataclass(frozen=True)
class Told:
    """What was said of one wrong answer. `claimed` are the codes said to be proven, or offered as one of several."""

    wrong: Wrong
    caught: bool
    claimed: tuple[str, ...]
    mended: bool

    @property
    def named(self) -> bool:
        """Whether a claimed code is fair."""
        return not set(self.claimed).isdisjoint(self.wrong.fair)

    @property
    def misnamed(self) -> bool:
        """Whether something was claimed, and nothing of it is fair."""
        return bool(self.claimed) and not self.named


@dataclass(frozen=True)
class Tally:
    """Counts of one gradient, or of many: wrong answers shown, what was said of them, and what the exercise cannot show."""

    name: str
    mutants: int
    caught: int
    named: int
    misnamed: int
    mended: int
    hidden: int
    right: int


def read_mutations(solution: Path) -> Mutations:
    """Make and sort the mutants of a solution. Raises `BadInput` when it cannot be used."""
    exercise = read_exercise(solution)
    graph, answers = load_graph(exercise), read_answers(solution, exercise)
    numbers = ground(graph, answers.helpers)
    return Mutations(graph, answers, numbers, tuple(sort_mutants(graph, answers, numbers)))


def tell(mutations: Mutations, zygote: Workers) -> Iterator[Told]:
    """Judge and explain every wrong answer in the worker, as a learner's: one for each gradient in a submission, always on the same seeds.

    Yields them as they are done, in no order that means anything.
    """
    left = [list(target.wrong) for target in mutations.targets]
    with tempfile.TemporaryDirectory() as folder:
        while any(left):
            chosen = {wrongs[0].target: wrongs.pop(0) for wrongs in left if wrongs}
            path = Path(folder) / mutations.graph.exercise.path.name
            path.write_text(mutations.answers.submission({name: wrong.code for name, wrong in chosen.items()}), encoding="utf-8")
            yield from _told(mutations, path, chosen, zygote)


def rows(mutations: Mutations, told: Iterable[Told]) -> list[Tally]:
    """The counts of each gradient."""
    found = list(told)
    return [_row(target, [one for one in found if one.wrong.target == target.target]) for target in mutations.targets]


def total(name: str, parts: Sequence[Tally]) -> Tally:
    """The sum of some rows."""
    fields = ("mutants", "caught", "named", "misnamed", "mended", "hidden", "right")
    return Tally(name, **{field: sum(getattr(part, field) for part in parts) for field in fields})


def _row(target: Sorted, told: Sequence[Told]) -> Tally:
    return Tally(
        name=target.target,
        mutants=len(target.wrong),
        caught=sum(one.caught for one in told),
        named=sum(one.named for one in told),
        misnamed=sum(one.misnamed for one in told),
        mended=sum(one.mended for one in told),
        hidden=len(target.hidden),
        right=len(target.right),
    )


def _told(mutations: Mutations, path: Path, chosen: Mapping[str, Wrong], zygote: Workers) -> Iterator[Told]:
    graph = mutations.graph
    submission = read_submission(path, graph.exercise)
    verdicts, *_ = judge(graph, submission, zygote, seeds=itertools.count(1).__next__)
    explained = explain(graph, submission, verdicts)
    for verdict in verdicts:
        if (wrong := chosen.get(verdict.target.name)) is not None:
            diagnoses = explained.get(wrong.target, ((), ()))[0]
            yield Told(wrong, verdict.status != "correct", _claimed(diagnoses), _mended(mutations.numbers, wrong.target, diagnoses))


def _claimed(diagnoses: Sequence[Diagnosis]) -> tuple[str, ...]:
    """All that are offered as one of several; else the first, when it is proven: what stands beside it is a second mistake."""
    offered = tuple(d.code for d in diagnoses if d.certainty == "one-of")
    return offered or tuple(d.code for d in diagnoses[:1] if d.certainty == "proven")


def _mended(numbers: Ground, target: str, diagnoses: Sequence[Diagnosis]) -> bool:
    """Whether there is a fix, and autograd confirms it on trials the diagnosis has not seen."""
    fix = diagnoses[0].fix if diagnoses else None
    with default_dtype(torch.float64):
        return fix is not None and numbers.right(target, numbers.values(target, f"{target} = {fix}"))
