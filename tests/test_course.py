"""Finding the course, and what a name means in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, exercise_id, find_course, locate, next_number, packaged_course

NAMES = ["ex02_b.py", "ex01_a.py", "ex10_d.py", "ex02b_c.py", "ex1_notes.txt", "extra.py", "conftest.py"]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "exercises").mkdir()
    for name in NAMES:
        (tmp_path / "exercises" / name).write_text("")
    return find_course(tmp_path)


def test_exercises_come_in_order_and_nothing_else_does(course: Course) -> None:
    assert course.ids() == ["ex01", "ex02", "ex02b", "ex10"]
    assert next_number(course) == 11


def test_a_course_is_found_from_any_folder_below_it(course: Course) -> None:
    below = course.root / "notes" / "deep"
    below.mkdir(parents=True)
    for folder in (below, course.exercises):
        found = find_course(folder)
        assert (found.root, found.packaged) == (course.root, False)


def test_without_one_it_is_the_packages_own(tmp_path: Path) -> None:
    found = find_course(tmp_path)
    assert found == packaged_course()
    assert found.packaged
    assert found.ids()[0] == "ex00"
    assert [exercise_id(p) for p in sorted(found.solutions.glob("ex*.py"))] == sorted(found.ids())


@pytest.mark.parametrize("name", ["ex02b", "2b", "02b", "2B", "EX02B", "ex2b", "ex02b_c", "ex002b"])
def test_a_name_means_one_exercise(course: Course, name: str) -> None:
    assert course.find(name).name == "ex02b_c.py"


def test_a_path_means_itself_wherever_it_is(course: Course, tmp_path: Path) -> None:
    file = course.exercises / "ex10_d.py"
    assert locate(str(file), Path("/")) == (course, file)


@pytest.mark.parametrize(
    ("name", "told"), [("ex02c", "did you mean"), ("ex77", "there are ex01 to ex10"), ("", "there are"), ("broad", "there are")]
)
def test_an_unknown_name_is_told_with_what_there_is(course: Course, name: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        course.find(name)


def test_two_files_of_one_id_are_told_apart(course: Course) -> None:
    (course.exercises / "ex10_other.py").write_text("")
    with pytest.raises(BadInput, match=r"ex10 could be ex10_d\.py or ex10_other\.py"):
        course.find("ex10")
    assert course.find("ex10_other").name == "ex10_other.py"


def test_a_course_without_solutions_has_those_of_the_package(tmp_path: Path) -> None:
    packaged = packaged_course()
    (tmp_path / "exercises").mkdir()
    file = tmp_path / "exercises" / packaged.files()[0].name
    file.write_text("")
    assert find_course(tmp_path).solution(file) == packaged.solutions / file.name
    # Its first own solution does not hide the others.
    (tmp_path / "solutions").mkdir()
    assert find_course(tmp_path).solution(file) == packaged.solutions / file.name


def test_a_file_elsewhere_has_no_solution_though_its_name_is_known(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no solution"):
        packaged_course().solution(tmp_path / packaged_course().files()[0].name)
