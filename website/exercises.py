"""The course: a page for each exercise, with its graph, its solution behind a fold, and usual slips as they are told."""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from backprop_check.authoring.matrix import Mutations, read_mutations
from backprop_check.authoring.shown import Wrong
from backprop_check.derivation.lesson import ways
from backprop_check.exercise.course import Course, exercise_id, packaged_course
from backprop_check.exercise.outline import Chapter
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.picture.page import figure, page
from backprop_check.picture.picture import Picture, picture
from backprop_check.records import Exercise, Trial
from backprop_check.report.operation import usual_codes
from backprop_check.report.text import gradient_lines
from backprop_check.submission.workers import Workers
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph
from backprop_check.trace.shapes import named_shapes
from website.text import WIDTH, block, code, fold, printed, prose, table, toctree

SLIPS = 3
"""So many wrong answers are shown of an exercise."""


def names() -> list[str]:
    return packaged_course().ids()


def make(name: str, zygote: Workers) -> Iterator[tuple[str, str]]:
    """Yield the page of an exercise, and its graph as a page of its own."""
    course = packaged_course()
    stub = course.find(name)
    solution = course.solution(stub)
    mutations = read_mutations(solution)
    graph, trials = mutations.graph, mutations.numbers.trials
    used = silent()(_operations)(graph, trials)
    drawn = picture(graph, trials, named_shapes(graph), {}, False, ())
    slips = list(_slips(mutations, used, solution, zygote))
    yield f"course/{name}.md", "\n".join(_page(course, stub, graph.exercise, drawn, used, slips))
    yield f"graphs/{name}.html", page(drawn)


def _page(
    course: Course, stub: Path, exercise: Exercise, drawn: Picture, used: dict[str, list[str]], slips: Sequence[tuple[str, list[Text]]]
) -> Iterator[str]:
    chapter = course.chapter(exercise.id)
    title, _, story = exercise.story.partition("\n")
    yield f"# {exercise.id}: {prose(title)}\n"
    if chapter is not None:
        yield f"Of the chapter [{prose(chapter.title)}]({slug(chapter)}.md).\n"
    yield prose(story.strip()) + "\n"
    yield "## The exercise\n"
    yield block(_below_docstring(stub))
    yield f"`backprop-check {exercise.id}` checks it; `backprop-check hint {exercise.id}` helps on.\n"
    operations = sorted({name for found in used.values() for name in found})
    if operations:
        yield f"Operations in it: {', '.join(f'[{code(name)}](../operations/{name}.md)' for name in operations)}.\n"
    yield "## Its graph\n"
    yield "Values go down, along the arrows. Gradients come back up the same way; along a dashed line none does.\n"
    yield re.sub(r"\n\s*\n", "\n", figure(drawn))
    yield f'<p><a href="../graphs/{exercise.id}.html">Let the gradient flow back, step by step</a></p>\n'
    if slips:
        yield "## Slips, and what is said of them\n"
        for slip, lines in slips:
            yield f"[`{slip}`](../mistakes/{slip}.md):\n"
            yield printed(lines)
    yield "## Its solution\n"
    yield fold("Show the solution", block(_backward(course.solution(stub))))


def _below_docstring(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return "".join(text.splitlines(keepends=True)[ast.parse(text).body[0].end_lineno :]).strip("\n")


def _backward(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text[text.index("def backward(") :]


def _operations(graph: Graph, trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Return the operations that each gradient comes back through, by the gradient."""
    found: dict[str, list[str]] = {}
    known = frozenset(trials[0].gradients)
    for target in graph.exercise.targets:
        users = [line for line in graph.exercise.lines if target.node in line.reads and f"d{line.name}" in known]
        through = [ways(graph, line, target.node, trials, known) for line in users]
        found[target.name] = [operation.name for several in through for way in several or () for operation in way]
    return found


def _slips(mutations: Mutations, used: dict[str, list[str]], solution: Path, zygote: Workers) -> Iterator[tuple[str, list[Text]]]:
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
            yield codes[0], list(gradient_lines(gradient, report, WIDTH))


def _chosen(mutations: Mutations, used: dict[str, list[str]]) -> dict[str, Wrong]:
    """Return a wrong answer for some gradients: of the mistakes that are usual at their operations, the most usual, each once."""
    ranked = []
    for at, target in enumerate(mutations.targets):
        codes = list(dict.fromkeys(c for i in range(8) for name in used[target.target] for c in usual_codes(name)[i : i + 1]))
        ranked += [(codes.index(wrong.fair[0]), -at, wrong) for wrong in target.wrong if wrong.fair and wrong.fair[0] in codes]
    chosen: dict[str, Wrong] = {}
    for _, _, wrong in sorted(ranked, key=lambda each: each[:2]):
        if len(chosen) < SLIPS and wrong.target not in chosen and wrong.fair[0] not in {other.fair[0] for other in chosen.values()}:
            chosen[wrong.target] = wrong
    return chosen


def slug(chapter: Chapter) -> str:
    return re.sub(r"\W+", "-", chapter.title.lower()).strip("-") or "others"


def index() -> Iterator[tuple[str, str]]:
    """Yield the page of the course, and those of its chapters."""
    course = packaged_course()
    chapters, files = course.chapters(), {exercise_id(path): path for path in course.files()}
    rows = [[f"[{prose(c.title or 'Others')}]({slug(c)}.md)", prose(c.about), str(len(c.exercises))] for c in chapters]
    text = f"# {prose(course.title)}\n\n{len(files)} exercises in {len(chapters)} chapters, in their order.\n\n"
    text += table(["chapter", "about", "exercises"], rows) + "\n" + toctree(map(slug, chapters))
    yield "course/index.md", text
    for chapter in chapters:
        exercises = [read_exercise(files[name]) for name in chapter.exercises]
        rests = ", ".join(f"[{prose(c.title)}]({slug(c)}.md)" for c in chapters if c.title in chapter.rests)
        told = [f"# {prose(chapter.title or 'Others')}\n", prose(chapter.about[:1].upper() + chapter.about[1:]) + ".\n"]
        told += [f"It rests on {rests}.\n"] if rests else []
        told += [table(["exercise", "what it is about"], ([f"[{e.id}]({e.id}.md)", prose(e.title)] for e in exercises))]
        yield f"course/{slug(chapter)}.md", "\n".join([*told, toctree(chapter.exercises)])
