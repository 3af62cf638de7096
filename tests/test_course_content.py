"""The course that is shipped holds to its own contract: `dev check` as a test, exercise by exercise."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_check.authoring.examine import Examined, examine
from backprop_check.authoring.text import folder_findings
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.solution import read_solution
from backprop_check.submission.zygote import Zygote

COURSE = packaged_course()


def examined(path: Path, zygote: Zygote) -> Examined:
    (found,) = examine(COURSE, [path], zygote)
    return found


def test_the_folders_mirror_each_other() -> None:
    assert [str(finding) for finding in folder_findings(COURSE.exercises, COURSE.solutions)] == []


@pytest.mark.parametrize("path", COURSE.files(), ids=lambda path: path.stem)
def test_exercise(path: Path, zygote: Zygote) -> None:
    assert [str(finding) for finding in examined(path, zygote).findings] == []


@pytest.mark.parametrize("path", COURSE.files(), ids=lambda path: path.stem)
def test_a_why_leans_on_no_other_line(path: Path) -> None:
    """After a pass, and at a hint, the why of one line is told alone: "the same" of something that is not there says nothing."""
    leaning = ("As for ", "The same", "Likewise", "So it is", "Its ")
    assert [step.why for step in read_solution(COURSE.solution(path)).values() if step.why.startswith(leaning)] == []


def test_what_an_exercise_cannot_show_is_said_with_the_sibling_that_can(zygote: Zygote) -> None:
    notes = examined(COURSE.find("ex03"), zygote).notes
    assert notes == ("cannot show missing-upstream: every upstream gradient there is 1. ex03b can.",)


def test_a_gradient_that_vanishes_hides_its_sign(zygote: Zygote) -> None:
    notes = examined(COURSE.find("ex13"), zygote).notes
    assert "cannot show wrong-sign at dlogit_maxes, db1: the gradient vanishes." in notes
    assert "cannot show missing-branch at dlogits: what comes back through logit_maxes vanishes." in notes
