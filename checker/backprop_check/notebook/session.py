"""What a kernel keeps between cells: the process that workers are forked from, and the exercise that was named last."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from pathlib import Path

from backprop_check.cli.asked import Asked, about, next_open
from backprop_check.errors import BadInput
from backprop_check.exercise.course import find_course, locate
from backprop_check.exercise.definition import course_exercise
from backprop_check.flow import check_read
from backprop_check.records import Exercise, Report, Submission
from backprop_check.submission.cells import Cell
from backprop_check.submission.parse import files_in, submission_from
from backprop_check.submission.workers import Gone, Workers, started


class Session:
    """One kernel's. The kernel has used torch's threads, so workers are forked from a program of their own."""

    def __init__(self) -> None:
        self._zygote: Workers | None = None
        self._named: str | None = None
        atexit.register(self.close)

    def asked(self, name: str | None) -> Asked:
        """Return what `%%backward NAME` asks for: without a name, the exercise named last, else the next one of the course around here.

        Raises `BadInput`.
        """
        name = name or self._named
        if name is not None:
            course, exercise = locate(name, Path.cwd())
        else:
            course = find_course(Path.cwd())
            open_one = None if course.packaged else next_open(course)
            if open_one is None:
                raise BadInput(f"name the exercise: `%%backward {course.ids()[0]}` (there are {course.span}).")
            exercise = open_one
        return about(course, exercise)

    def check(self, question: Asked, cell: Cell, earlier: Sequence[Cell]) -> Report:
        """Check a cell as the body of `backward`, with what it needs of the cells that ran before it. Raises `BadInput`."""
        exercise = course_exercise(question.course, question.exercise)
        self._named = question.named

        def read(exercise: Exercise) -> Submission:
            beside = files_in(Path.cwd())
            found = submission_from([*earlier, cell], Path(cell.place), exercise, beside)
            # Where nothing of this cell parses an earlier attempt would be taken, as it is in a notebook that is handed in.
            return found if found.text == cell.text else submission_from([cell], Path(cell.place), exercise, beside)

        try:
            report = check_read(exercise, read, self._workers())
        except Gone:  # killed, perhaps for memory: start another
            self.close()
            report = check_read(exercise, read, self._workers())
        except BaseException:  # interrupted in the middle of a talk with it: its next word would answer the last question
            self.close()
            raise
        if report.message is not None:
            raise BadInput(report.message)
        question.progress.record(question.id, report, question.exercise)
        return report

    def close(self) -> None:
        if self._zygote is not None:
            self._zygote.close()
        self._zygote = None

    def _workers(self) -> Workers:
        if self._zygote is None:
            self._zygote = started()
        return self._zygote
