"""`new`: add an exercise to the course, from a template that is right as it stands or from a forward."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from backprop_check.authoring.template import TEMPLATE
from backprop_check.cli.asked import NO_COURSE
from backprop_check.cli.progress import write_atomically
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import exercise_id, find_course, next_number
from backprop_check.exercise.outline import FILE

LONG = 120
"""How long a derived line may be, its comment included, before the author is told."""


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    if course.packaged:
        raise BadInput(f"{NO_COURSE} A {FILE} with a title makes a folder a course of your own (docs/authors.md).")
    name = re.sub(r"[\W_]+", "_", args.name.removesuffix(".py").lower()).strip("_")
    if not re.match(r"[a-z]", name):
        raise BadInput(f"{args.name!r} makes no file name: use words, as `backprop-check new layer_norm`.")
    if same := [path.name for path in course.files() if path.stem.partition("_")[2] == name]:
        raise BadInput(f"{same[0]} has that name already: choose another, or remove it and its solution first.")
    title = name.replace("_", " ").capitalize()
    file = f"ex{next_number(course):02}_{name}.py"
    if args.forward is None:
        solution = TEMPLATE.format(title=title)
    else:
        from backprop_check.authoring.draft import draft
        from backprop_check.authoring.unroll import LOOK

        solution = draft(Path(args.forward), title)
        unrolled = LOOK.strip() in solution
    solutions = course.root / "solutions"
    for path, text in ((solutions / file, solution), (course.exercises / file, blank(solution))):
        if path.exists():
            raise BadInput(f"{path} is there already, and is not overwritten: choose another name or move it.")
        write_atomically(path, text)
        print(f"wrote {path}")
    if course.outline is not None:
        print(f'Name it in {course.root / FILE}, in the chapter that it belongs to: "{exercise_id(Path(file))}".')
    if args.forward is not None:
        if unrolled:
            print("The forward is no straight line, so it was written out in lines: look whether they are the ones you mean.")
        if wide := re.findall(rf"^    (d\w+) = (?=.{{{LONG}}})", solution, re.M):
            are = "is a long line" if len(wide) == 1 else "are long lines"
            print(f"{', '.join(wide)} {are}: a forward that names its parts has shorter ones.")
        print("Read the derived solution as a learner would, and make it yours; then `backprop-check dev check` says what is left to do.")
        return 0
    print("Write the solution, with a `# why` on every line; then `backprop-check dev check` says what is left to do.")
    return 0
