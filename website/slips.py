"""The likeliest slips in a solution, and what is said of them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from textwrap import indent

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


def slips(mutations: Mutations, used: dict[str, list[str]], solution: Path, zygote: Workers) -> Sequence[Slip]:
    """Return the likeliest slips in the solution, each another mistake, with what is printed of it where that names the mistake."""
    told: dict[str, Slip] = {}
    left = _ranked(mutations, used)
    for _ in range(2 * MOST):
        chosen: dict[str, Wrong] = {}
        for wrong in left:
            if len(chosen) < 2 * MOST and wrong.fair[0] not in {*told, *(other.fair[0] for other in chosen.values())}:
                chosen.setdefault(wrong.target, wrong)
        if len(told) >= MOST or not chosen:
            break
        left = [wrong for wrong in left if wrong not in chosen.values()]
        told |= _told(chosen, solution, zygote)
    return list(told.values())[:MOST]


def written(solution: Path, chosen: Mapping[str, str]) -> str:
    """The exercise as a learner has it, with some gradients written: what is printed then names the lines of that file."""
    text = (solution.parents[1] / "exercises" / solution.name).read_text(encoding="utf-8")
    for name, code in chosen.items():
        text = re.sub(rf"^( *){name} = \.\.\..*$", lambda m, code=code: indent(code, m[1]), text, flags=re.M)  # type: ignore[misc]
    return text


def _told(chosen: Mapping[str, Wrong], solution: Path, zygote: Workers) -> dict[str, Slip]:
    """Return what is said of a wrong answer for some gradients, by the mistake."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / solution.name
        file.write_text(written(solution, {name: wrong.code for name, wrong in chosen.items()}), encoding="utf-8")
        report = check(solution, file, zygote)
    told: dict[str, Slip] = {}
    for gradient in report.gradients:
        wrong, codes = chosen.get(gradient.verdict.target.name), [diagnosis.code for diagnosis in gradient.diagnoses]
        if wrong is not None and len(codes) == 1 and codes[0] in wrong.mutants[0].fair:
            told[codes[0]] = codes[0], partial(gradient_lines, gradient, report)
    return told


def _ranked(mutations: Mutations, used: Mapping[str, Sequence[str]]) -> list[Wrong]:
    """Return the wrong answers that are usual at the operations of their gradients, the likeliest first.

    A slip within the expression is likelier than one around it, and the mistakes of an operation are told from the most usual on.
    """
    ranked = []
    for at, target in enumerate(mutations.targets):
        codes = list(dict.fromkeys(code for rank in zip_longest(*map(usual_codes, used[target.target])) for code in rank))
        right = mutations.answers.expressions[target.target]
        for wrong in target.wrong:
            around = right in wrong.code
            if wrong.fair and wrong.fair[0] in codes and not wrong.facts and not (around and wrong.mutants[0].slip == "power"):
                ranked.append((around, codes.index(wrong.fair[0]), -at, wrong))
    return [wrong for *_, wrong in sorted(ranked, key=lambda each: each[:3])]
