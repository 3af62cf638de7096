"""The formats by name, in the order in which help lists them. A new format is its file and its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backprop_check.classroom.formats import (
    canvas,
    check50,
    exercism,
    github,
    grades,
    gradescope,
    junit,
    moodle,
    nbgrader,
    otter,
    prairielearn,
)
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster

Files = Callable[[Sequence[Result], Roster | None], Iterator[tuple[str, str]]]

FORMATS: dict[str, Files] = {
    grades.NAME: grades.files,
    gradescope.NAME: gradescope.files,
    github.NAME: github.files,
    exercism.NAME: exercism.files,
    check50.NAME: check50.files,
    prairielearn.NAME: prairielearn.files,
    junit.NAME: junit.files,
    nbgrader.NAME: nbgrader.files,
    otter.NAME: otter.files,
    canvas.NAME: canvas.files,
    moodle.NAME: moodle.files,
}
