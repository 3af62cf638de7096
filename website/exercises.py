"""The course: a page for each exercise, with its graph, its solution behind a fold, and usual slips as they are told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

from backprop_check.authoring.matrix import read_mutations
from backprop_check.exercise.course import Course, exercise_id, packaged_course
from backprop_check.exercise.outline import Chapter
from backprop_check.exercise.parse import read_exercise
from backprop_check.picture.page import figure, page
from backprop_check.picture.picture import Picture, picture
from backprop_check.records import Exercise
from backprop_check.submission.workers import Workers
from backprop_check.trace.shapes import named_shapes
from website.slips import Slip, operations, slips
from website.text import block, code, entry, fold, printed, prose, table, toctree


def names() -> list[str]:
    return packaged_course().ids()


def make(name: str, zygote: Workers) -> Iterator[tuple[str, str]]:
    """Yield the page of an exercise, and its graph as a page of its own."""
    course = packaged_course()
    stub = course.find(name)
    solution = course.solution(stub)
    mutations = read_mutations(solution)
    graph, trials = mutations.graph, mutations.numbers.trials
    used = operations(graph, trials)
    drawn = picture(graph, trials, named_shapes(graph), {}, False, ())
    told = slips(mutations, used, solution, zygote)
    yield f"course/{name}.md", "\n".join(_page(course, stub, graph.exercise, drawn, used, told))
    yield f"_extra/graphs/{name}.html", page(drawn)


def _page(
    course: Course,
    stub: Path,
    exercise: Exercise,
    drawn: Picture,
    used: dict[str, list[str]],
    told: Sequence[Slip],
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
    names_used = sorted({name for found in used.values() for name in found})
    if names_used:
        yield f"Operations in it: {', '.join(f'[{code(name)}](../operations/{name}.md)' for name in names_used)}.\n"
    yield "## Its graph\n"
    yield "Values go down, along the arrows. Gradients come back up the same way; along a dashed line none does.\n"
    yield re.sub(r"\n\s*\n", "\n", figure(drawn))
    yield f'<p><a href="../graphs/{exercise.id}.html">Let the gradient flow back, step by step</a></p>\n'
    if told:
        yield "## Slips, and what is said of them\n"
        for slip, lines in told:
            yield f"[`{slip}`](../mistakes/{slip}.md):\n"
            yield printed(lines)
    yield "## Its solution\n"
    yield fold("Show the solution", block(backward(course.solution(stub))))


def _below_docstring(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return "".join(text.splitlines(keepends=True)[ast.parse(text).body[0].end_lineno :]).strip("\n")


def backward(path: Path) -> str:
    """The text of a solution's `backward`: the module's own, where it has one; else that of its class."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^def backward\(", text, re.M) or re.search(r"^ *@staticmethod\n *def backward\(", text, re.M)
    assert found is not None, path
    return dedent(text[found.start() :])


def slug(chapter: Chapter) -> str:
    return re.sub(r"\W+", "-", chapter.title.lower()).strip("-") or "others"


def index() -> Iterator[tuple[str, str]]:
    """Yield the page of the course, and those of its chapters."""
    course = packaged_course()
    chapters, files = course.chapters(), {exercise_id(path): path for path in course.files()}
    rows = [[f"[{prose(c.title or 'Others')}](course/{slug(c)}.md)", prose(c.about), str(len(c.exercises))] for c in chapters]
    text = f"# {prose(course.title)}\n\n{len(files)} exercises in {len(chapters)} chapters, in their order.\n\n"
    text += table(["chapter", "about", "exercises"], rows) + "\n" + toctree(f"course/{slug(chapter)}" for chapter in chapters)
    yield "course.md", text
    for chapter in chapters:
        exercises = [read_exercise(files[name]) for name in chapter.exercises]
        rests = ", ".join(f"[{prose(c.title)}]({slug(c)}.md)" for c in chapters if c.title in chapter.rests)
        told = [f"# {prose(chapter.title or 'Others')}\n", prose(chapter.about[:1].upper() + chapter.about[1:]) + ".\n"]
        told += [f"It rests on {rests}.\n"] if rests else []
        told += [table(["exercise", "what it is about"], ([f"[{e.id}]({e.id}.md)", prose(e.title)] for e in exercises))]
        yield (
            f"course/{slug(chapter)}.md",
            "\n".join([*told, toctree(entry(f"{e.id}: {e.title.partition(':')[0].rstrip('.')}", e.id) for e in exercises)]),
        )
