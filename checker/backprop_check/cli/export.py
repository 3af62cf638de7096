"""`export`: write what a platform wants to be uploaded so that it grades an exercise."""

from __future__ import annotations

import argparse
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.course import exercise_id, locate
from backprop_check.exercise.definition import check_points, course_exercise, definition
from backprop_check.grading.export import gradescope


def run(args: argparse.Namespace) -> int:
    course, exercise = locate(args.exercise, Path.cwd())
    asked = course_exercise(course, exercise)
    check_points(course, [(exercise, asked)])
    name, text = definition(asked)
    out = Path(args.out or f"{exercise_id(exercise)}-{args.platform}.zip")
    data = gradescope(name, text)
    try:
        with out.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise BadInput(f"{out} is there already, and nothing is overwritten: remove it, or name another file with --out.") from None
    except OSError as error:
        raise BadInput(f"{out} cannot be written ({error.strerror}): name another file with --out.") from None
    print(f"{out} grades {exercise.name}: upload it as the assignment's autograder (Configure Autograder, Zip file upload).")
    return 0
