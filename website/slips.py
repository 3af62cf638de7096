"""The likeliest slips in a solution, and what is said of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.text import Text

from backprop_check.authoring.matrix import Mutations
from backprop_check.authoring.shown import Wrong
from backprop_check.derivation.lesson import ways
from backprop_check.flow import check
from backprop_check.records import Trial
from backprop_check.report.operation import usual_codes
from backprop_check.report.text import gradient_lines
from backprop_check.submission.workers import Workers
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph

MOST = 3
"""So many wrong answers are shown of an exercise."""

Slip = tuple[str, Callable[[int], Iterator[Text]]]
"""A mistake's code, and what a terminal of so many columns shows of the gradient that has it."""


@silent()
def operations(graph: Graph, trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Return the operations that each gradient comes back through, by the gradient."""
    found: dict[str, list[str]] = {}
    known = frozenset(trials[0].gradients)
    for target in graph.exercise.targets:
        users = [line for line in graph.exercise.lines if target.node in line.reads and f"d{line.name}" in known]
        through = [ways(graph, line, target.node, trials, known) for line in users]
        found[target.name] = [operation.name for several in through for way in several or () for operation in way]
    return found


def slips(
    mutations: Mutations, used: dict[str, list[str]], solution: Path, zygote: Workers
) -> Iterator[Slip]:
    """Yield the likeliest slips in the solution, each with its code and with what is printed of it."""
    chosen = _chosen(mutations, used)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / solution.name
        file.write_text(mutations.answers.submission({name: wrong.code for name, wrong in chosen.items()}), encoding="utf-8")
        report = check(solution, file, zygote)
    told = set()
    for gradient in report.gradients:
        wrong, codes = chosen.get(gradient.verdict.target.name), [diagnosis.code for diagnosis in gradient.diagnoses]
        if wrong is not None and codes and codes[0] in wrong.fair and codes[0] not in told:
            told.add(codes[0])
            yield codes[0], partial(gradient_lines, gradient, report)


def _chosen(mutations: Mutations, used: dict[str, list[str]]) -> dict[str, Wrong]:
    """Return a wrong answer for some gradients: of the mistakes that are usual at their operations, the most usual, each once."""
    ranked = []
    for at, target in enumerate(mutations.targets):
        codes = list(dict.fromkeys(c for i in range(8) for name in used[target.target] for c in usual_codes(name)[i : i + 1]))
        ranked += [(codes.index(wrong.fair[0]), -at, wrong) for wrong in target.wrong if wrong.fair and wrong.fair[0] in codes]
    chosen: dict[str, Wrong] = {}
    for _, _, wrong in sorted(ranked, key=lambda each: each[:2]):
        if len(chosen) < MOST and wrong.target not in chosen and wrong.fair[0] not in {other.fair[0] for other in chosen.values()}:
            chosen[wrong.target] = wrong
    return chosen


