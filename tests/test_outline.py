"""`course.toml`: chapters, points and where a course came from; ours, and everybody's own."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backprop_check.authoring import examine
from backprop_check.classroom.chapters import progress, with_chapters
from backprop_check.classroom.formats import gradescope, junit
from backprop_check.classroom.pages.class_data import class_data
from backprop_check.classroom.pages.class_page import page_of
from backprop_check.classroom.results import Result
from backprop_check.cli.asked import next_after, next_open
from backprop_check.cli.grade import _exercises
from backprop_check.cli.main import main
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course, exercise_id, find_course, packaged_course
from backprop_check.exercise.definition import course_exercise, definition
from backprop_check.exercise.outline import Chapter, Outline, mismatches, read_outline
from backprop_check.exercise.parse import parse_exercise
from backprop_check.report.home import course_line
from backprop_check.submission.workers import Workers

Captured = pytest.CaptureFixture[str]
FORWARD = "import torch\n\n\ndef inputs(N=5):\n    return dict(a=torch.randn(N))\n\n\ndef forward(a):\n    b = {call}  # (N,)\n    c = b * 3  # (N,)\n    return c\n"
BACKWARD = "\n\ndef backward(a, b, c, dc):\n    # why: 3 is the other factor.\n    db = 3 * dc  # (N,)\n    # why: the slope, times upstream.\n    da = {slope} * db  # (N,)\n"
TANH = '"""Tanh: {title}.\n\nIts story.\n"""\n\n' + FORWARD.format(call="torch.tanh(a)") + BACKWARD.format(slope="(1 - b**2)")
EXP = '"""Exp: {title}.\n\nIts story.\n"""\n\n' + FORWARD.format(call="torch.exp(a)") + BACKWARD.format(slope="b")
TOML = """\
title = "Two slopes"

[points]
ex02 = 5
ex01.da = 3

[[chapter]]
title = "Growth"
about = "what is its own slope"
exercises = ["ex02"]

[[chapter]]
title = "Bounds"
exercises = ["ex01"]
rests = ["Growth"]
"""


def authored(folder: Path, toml: str = TOML) -> Path:
    """A course of two exercises, the first of which has the file name of one of ours."""
    for name, text in (("ex01_dot_product.py", TANH), ("ex02_exp.py", EXP)):
        for part, written in (("solutions", text.format(title="one")), ("exercises", blank(text.format(title="one")))):
            (folder / part).mkdir(parents=True, exist_ok=True)
            (folder / part / name).write_text(written)
    (folder / "course.toml").write_text(toml)
    return folder


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    return authored(tmp_path / "theirs")


def learners(theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, source: str = "") -> Course:
    folder = theirs.parent / "mine"
    assert main(["init", str(folder), "--from", source or str(theirs)]) == 0
    capsys.readouterr()
    monkeypatch.chdir(folder)
    return find_course(folder)


# ours


def test_every_exercise_of_ours_is_in_one_chapter() -> None:
    ours = packaged_course()
    assert ours.troubles() == []
    assert ours.outline is not None and sorted(i for c in ours.outline.chapters for i in c.exercises) == sorted(ours.ids())
    assert all(chapter.about and len(chapter.about) < 80 for chapter in ours.chapters())


def test_what_an_exercise_of_ours_uses_came_before_it() -> None:
    """Each chapter rests, one way or another, on all whose operations it uses: those that no exercise before it has, it brings in itself."""
    ours = packaged_course()
    assert ours.outline is not None
    brings = {
        "Sums and copies": r"\.sum\(1",
        "Reductions": r"\.mean\(|\.max\(",
        "Places": r"\[torch\.arange|torch\.cat|\[ix\]",
        "Classifiers": "softmax|cross_entropy",
    }
    before: dict[str, set[str]] = {}
    for chapter in ours.outline.chapters:
        before[chapter.title] = {chapter.title}.union(*(before[name] for name in chapter.rests))
        for name in chapter.exercises:
            forward = ours.find(name).read_text().partition("def forward")[2].partition("return")[0]
            for bringer, pattern in brings.items():
                if re.search(pattern, forward) and name != "ex12":  # cross-entropy by hand is what ex12 brings
                    assert bringer in before[chapter.title], f"{name} uses what {bringer} is about"


def test_a_learners_course_of_ours_has_our_chapters_and_a_folder_of_others_has_none(course: Path, tmp_path: Path) -> None:
    mine = find_course(course)
    assert mine.chapters() == packaged_course().chapters() and mine.ids() == packaged_course().ids()
    (course / "exercises" / "ex70_mine.py").write_text("")
    (course / "exercises" / mine.find("ex05").name).unlink()
    assert find_course(course).chapters()[-1] == Chapter("", exercises=("ex70",)) and find_course(course).troubles() == []
    other = tmp_path / "other" / "exercises"
    other.mkdir(parents=True)
    (other / "ex01_theirs.py").write_text("")
    assert find_course(other).chapters() == [], "its ex01 is not ours"


def test_no_document_writes_down_how_many_exercises_there_are() -> None:
    root = Path(__file__).parents[1]
    for path in (root / "README.md", root / "CONTRIBUTING.md", root / "docs" / "authors.md"):
        assert not re.search(r"\b\d+ exercises", path.read_text()), path


# what is written there


WRONG = {
    "title =": "is no TOML",
    'titel = "x"': "`titel` means nothing: did you mean title?",
    "title = 3": "the title is a text in quotes, not 3.",
    "chapter = 3": "chapters are written as `[[chapter]]`",
    "[[chapter]]\nexercises = ['ex01', 'ex02']": "chapter 1 has no title",
    "[[chapter]]\ntitle = 'A'\nexercises = [1]": "`exercises` of the chapter 'A' is a list of texts in quotes",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01', 'ex02']\nabuot = 'x'": "`abuot` of the chapter 'A' means nothing: did you mean about?",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01', 'ex02']\nrests = ['B']": "rests on 'B', which is no chapter before it",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01']\nrests = ['B']\n[[chapter]]\ntitle = 'B'\nexercises = ['ex02']": "put that one before it",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01']\n[[chapter]]\ntitle = 'A'\nexercises = ['ex02']": "two chapters are called 'A'",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01', 'ex02', 'ex20']": "names ex20, which is not there: did you mean ex02",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01', 'ex02', 'ex01']": "ex01 stands in it 2 times",
    "[[chapter]]\ntitle = 'A'\nexercises = ['ex01']": "ex02 is in no chapter",
    "[points]\nex01 = -1": "not -1.",
    "[points]\nex01.da = true": "as ex05 = 4 or ex05.dprobs = 2",
    "[points]\nex09 = 1": "`points` names ex09, which is not there",
    'from = "../nowhere"': "which holds no course now",
}


@pytest.mark.parametrize("toml", WRONG)
def test_what_is_wrong_there_is_one_line_and_the_course_is_used(
    theirs: Path, toml: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (theirs / "course.toml").write_text(toml)
    course = find_course(theirs)
    (said,) = [trouble for trouble in course.troubles() if WRONG[toml] in trouble]
    assert said.startswith(str(theirs / "course.toml")) and "\n" not in said
    assert sorted(course.ids()) == ["ex01", "ex02"]
    monkeypatch.chdir(theirs)
    assert main(["list"]) == 0
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1 and "course.toml" in captured.err and "ex01" in captured.out and "ex02" in captured.out


def test_dev_check_finds_it(theirs: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, zygote: Workers) -> None:
    for slow in ("value_findings", "size_findings", "verdict_findings"):
        monkeypatch.setattr(examine, slow, lambda *_: ())
    (theirs / "course.toml").write_text(
        TOML.replace('["ex01"]', '["ex03"]').replace("ex01.da", "ex01.dx").replace("ex02 = 5", "ex02.dz = 1")
    )
    monkeypatch.chdir(theirs)
    assert main(["dev", "check"], zygote) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "course.toml: ex01 is in no chapter: name it in one." in said
    assert "course.toml: `points` names dx, which ex01 does not ask for: it asks for db, da." in said
    assert "names dz, which ex02" in said and said.endswith("2 exercises: 4 to mend")


def test_no_file_is_no_outline(tmp_path: Path) -> None:
    assert read_outline(tmp_path) is None
    assert list(mismatches(Outline(), ["ex01"])) == []


# made from it


def test_a_course_of_another_has_its_chapters_and_its_solutions(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, zygote: Workers
) -> None:
    course = learners(theirs, monkeypatch, capsys)
    assert course.title == "Two slopes" and course.ids() == ["ex02", "ex01"] and course.troubles() == []
    assert not (course.root / "solutions").exists()
    first = course.find("ex01")
    assert course.solution(first) == theirs / "solutions" / first.name, "not ours, which has the same name"
    assert main(["hint", "ex01", "--step", "3"], zygote) == 0
    assert "3 is the other factor." in capsys.readouterr().out
    for _ in range(2):
        assert main(["derive", "ex01"], zygote) == main(["solution", "ex01"], zygote) == 0
    said = capsys.readouterr().out
    assert "da = (1 - b**2) * db" in said and "Tanh: one." in said
    first.write_text(first.read_text().replace("da = ...", "da = 1"))
    assert main(["reset", "ex01", "--yes"]) == 0
    first.unlink()
    assert main(["ex01"], zygote) == 2 and "`backprop-check reset ex01` writes ex01_dot_product.py anew" in capsys.readouterr().err
    assert main(["reset", "ex01"]) == 0
    assert first.read_text() == (theirs / "exercises" / first.name).read_text()


def test_without_the_other_nothing_of_ours_stands_in_for_it(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, zygote: Workers
) -> None:
    course = learners(theirs, monkeypatch, capsys)
    theirs.rename(theirs.parent / "moved")
    assert main(["solution", "ex01"]) == 2
    assert f"its course came from {theirs}, which holds no course now" in capsys.readouterr().err
    assert main(["ex01"], zygote) == 1 and "ex01: Tanh" in capsys.readouterr().out
    (course.root / "course.toml").write_text('from = "../moved"\n')
    assert find_course(course.root).solution(course.find("ex01")) == theirs.parent / "moved" / "solutions" / "ex01_dot_product.py"


def test_a_course_that_keeps_its_solutions_to_itself(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, zygote: Workers
) -> None:
    for path in (theirs / "solutions").iterdir():
        path.unlink()
    course = learners(theirs, monkeypatch, capsys)
    path = course.find("ex02")
    path.write_text(path.read_text().replace("    da = ...\n", "").replace("    c = b * 3", "    c = b * 4"))
    asked = course_exercise(course, path)
    assert [target.name for target in asked.targets] == ["db", "da"] and "the course has `c = b * 3` here" in " ".join(asked.notices)
    assert main(["reset", "ex02", "--yes"]) == 0 and path.read_text() == (theirs / "exercises" / "ex02_exp.py").read_text()
    assert main(["solution", "ex01"]) == 2 and "holds none of that name" in capsys.readouterr().err


def test_a_package_is_a_course_too(theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    package = theirs.parent / "site" / "slopes_course"
    package.parent.mkdir()
    theirs.rename(package)
    (package / "__init__.py").write_text("raise RuntimeError('a course is read, not imported')\n")
    monkeypatch.syspath_prepend(str(package.parent))
    course = learners(theirs, monkeypatch, capsys, "slopes_course")
    assert 'from = "slopes_course"' in (course.root / "course.toml").read_text() and "slopes_course" not in sys.modules
    assert course.solution(course.find("ex01")) == package / "solutions" / "ex01_dot_product.py"


@pytest.mark.parametrize(
    ("source", "said"), [("nowhere", "neither a folder nor an installed package"), ("empty", "has no course.toml"), ("no/where", "neither")]
)
def test_what_is_no_course_makes_none(tmp_path: Path, source: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["init", "mine", "--from", source]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "mine").exists()


def test_a_course_that_names_itself_ends(theirs: Path) -> None:
    (theirs / "course.toml").write_text('from = "."\n')
    course = find_course(theirs)
    assert course.ids() == ["ex01", "ex02"] and course.chapters() == [] and len(list(course.sources())) == 1


def test_an_author_begins_with_a_title(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, zygote: Workers) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "tanh"]) == 2 and "A course.toml with a title" in capsys.readouterr().err
    (tmp_path / "course.toml").write_text('title = "Mine"\n')
    assert main([]) == 2 and main(["list"]) == 2
    assert capsys.readouterr().err.count("There is no exercise yet") == 2
    (tmp_path / "forward.py").write_text(FORWARD.format(call="torch.tanh(a)"))
    assert main(["new", "tanh", "--from", "forward.py"]) == 0
    assert f'Name it in {tmp_path / "course.toml"}, in the chapter that it belongs to: "ex01".' in capsys.readouterr().out
    assert (tmp_path / "exercises" / "ex01_tanh.py").read_text().startswith('"""Tanh: say its one idea in a line.\n\nTell the story')
    assert main(["dev", "check"], zygote) == 1
    assert "the docstring is still the template's" in " ".join(capsys.readouterr().out.split())


def test_the_page_for_authors_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Its files, its stories and its commands, but for those that judge, in an empty folder; what it says is printed is printed."""
    blocks = re.findall(r"```(\w*)\n(.*?)```", (Path(__file__).parents[1] / "docs" / "authors.md").read_text(), re.DOTALL)
    files = {kind: [text for k, text in blocks if k == kind] for kind in ("toml", "python", "")}
    commands = [line for kind, text in blocks if kind == "sh" for line in text.splitlines() if line.startswith("backprop-check ")]
    folder = tmp_path / "gates"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "course.toml").write_text(files["toml"][0])
    (folder / "gate.py").write_text(files["python"][0])
    for command in (line.split()[1:] for line in commands if not line.startswith(("backprop-check dev", "backprop-check grade"))):
        if command[0] == "list":
            (folder / "course.toml").write_text(files["toml"][1])
        capsys.readouterr()
        assert main(command) == 0
        if command[0] == "list":
            assert capsys.readouterr().out in files[""]
        elif command[0] == "new":
            (solution,) = (folder / "solutions").glob(f"*_{command[1]}.py")
            story = files["python"][1 if command[1] == "gate" else 2]
            solution.write_text(story.rstrip() + solution.read_text().partition('"""')[2].partition('"""')[2])
            assert command[1] == "gate" or main(["reset", "ex02", "--yes"]) == 0
    mine = find_course(tmp_path / "ada")
    assert mine.troubles() == [] and mine.ids() == ["ex02", "ex01"] and worth(mine, "ex02") == {"dx": 1.0, "dw": 2.0}
    assert 'exercises = "gates_course/exercises"' in files["toml"][2]


# along it


def test_one_goes_chapter_by_chapter(theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, zygote: Workers) -> None:
    course = learners(theirs, monkeypatch, capsys)
    assert next_open(course) == course.find("ex02") and next_after(course, course.find("ex02")) == course.find("ex01")
    course.find("ex02").write_text(course.solution(course.find("ex02")).read_text())
    assert main([], zygote) == 0
    assert "`Growth` is done. The next chapter: Bounds.\nNext: `backprop-check ex01`: Tanh: one.\n" in capsys.readouterr().out
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["Growth: 1 of 1 · what is its own slope", "✓ ex02    2/2   Exp: one.", "", "Bounds: 0 of 1 · after Growth"]


def test_the_desk_tells_the_chapter_around_and_a_sign_for_each_other() -> None:
    chapters = [Chapter("A", exercises=("ex02", "ex03")), Chapter("B", exercises=("ex01", "ex04")), Chapter("", exercises=("ex05",))]
    states = {"ex02": "correct", "ex03": "correct", "ex01": "correct", "ex04": "incorrect", "ex05": "missing"}
    assert course_line(states, "ex04", 60, chapters).plain.split() == ["✓", "B", "✓", "ex04", "·", "3", "of", "5", "passed"]
    assert course_line(states, "ex02", 60, chapters).plain.split()[:4] == ["A", "ex02", "✓", "✗·"]
    assert course_line(states, "ex04", 60).plain.startswith("✓✓✓ ex04 ·")
    narrow = course_line(states, "ex04", 30, [replace(chapters[0], title="x" * 20), replace(chapters[1], title="y" * 20)]).plain
    assert "y" not in narrow and narrow.endswith(" 3 of 5 passed"), "the title goes before the count does"


# what it is worth


def worth(course: Course, name: str) -> dict[str, float]:
    return dict(course_exercise(course, course.find(name)).points)


def test_points_are_of_an_exercise_or_of_its_gradients(theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert worth(find_course(theirs), "ex02") == {"db": 2.5, "da": 2.5}
    assert worth(find_course(theirs), "ex01") == {"db": 1.0, "da": 3.0}
    assert worth(learners(theirs, monkeypatch, capsys), "ex01") == {"db": 1.0, "da": 3.0}
    solution = theirs / "solutions" / "ex02_exp.py"
    solution.write_text(solution.read_text() + "\n\nPOINTS = dict(da=4)\n")
    assert worth(find_course(theirs), "ex02") == {"db": 1.0, "da": 4.0}, "the exercise's own weights, shared out"


def test_an_exercise_outside_a_course_has_no_points_and_no_chapter_of_it(theirs: Path) -> None:
    outside = theirs / "drafts" / "ex02_exp.py"
    outside.parent.mkdir()
    outside.write_text((theirs / "exercises" / "ex02_exp.py").read_text())
    assert find_course(outside.parent).points(outside) is None
    assert course_exercise(find_course(outside.parent), outside).points == {}
    assert _exercises(str(outside))[0] == [] and [
        chapter.title for chapter in _exercises(str(theirs / "exercises" / "ex02_exp.py"))[0]
    ] == ["Growth", "Bounds"]


def test_what_grades_elsewhere_has_the_points(theirs: Path) -> None:
    course = find_course(theirs)
    for name in ("ex01", "ex02"):
        exercise = course_exercise(course, course.find(name))
        file, text = definition(exercise)
        assert parse_exercise(Path(file), text).points == exercise.points
        assert text.startswith(exercise.source.rstrip()), "no line has another number"


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("ex01.dx = 2", "names dx, which ex01 does not ask for"),
        ("ex07 = 2", "names ex07, which is not there"),
        ("ex01 = 'x'", "not 'x'"),
        ("ex01 = 1 2", "is no TOML"),
    ],
)
def test_nothing_is_graded_by_points_that_are_not_clear(
    theirs: Path, points: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (theirs / "course.toml").write_text(f"[points]\n{points}\n")
    monkeypatch.chdir(theirs)
    for command in (["grade", "solutions", "--out", "marks"], ["export", "gradescope", "ex01"]):
        if said == "names ex07, which is not there" or "ex01" in points:
            assert main(command) == 2
            assert said in capsys.readouterr().err
    assert not (theirs / "marks").exists()


def result(student: str, exercise: str, score: float, full: float) -> Result:
    report = {
        "exercise": exercise,
        "title": exercise,
        "status": "failed",
        "score": score,
        "max_score": full,
        "message": None,
        "gradients": [],
    }
    return Result(f"{student}/{exercise}.py", student, exercise, report, 0.1, "judged", "0")


CHAPTERS = [
    Chapter("Growth", "what grows", ("ex02", "ex03")),
    Chapter("Bounds", exercises=("ex01", "ex09")),
    Chapter("", exercises=("ex08",)),
]


def test_the_class_page_tells_the_chapters() -> None:
    results = [
        result("ada", "ex02", 5, 5),
        result("ada", "ex03", 1, 1),
        result("bob", "ex02", 3, 5),
        result("ada", "ex01", 0, 2),
        result("eve", "ex08", 1, 1),
    ]
    data = class_data(results, chapters=CHAPTERS)
    assert [exercise["id"] for exercise in data["exercises"]] == ["ex02", "ex03", "ex01", "ex08"]
    assert data["chapters"] == [
        {"title": "Growth", "about": "what grows", "exercises": ["ex02", "ex03"], "of": 2, "students": 2, "whole": 1, "average": 0.75},
        {"title": "Bounds", "about": "", "exercises": ["ex01"], "of": 2, "students": 1, "whole": 0, "average": 0.0},
    ]
    page = page_of(json.loads(json.dumps(data)))
    assert "By chapter" in page and "what grows" in page and "75%" in page
    assert progress(results[:1], CHAPTERS) == [] and "By chapter" not in page_of(class_data(results))


def test_formats_with_room_name_the_chapter() -> None:
    known, other = with_chapters([result("ada", "ex02", 5, 5), result("eve", "ex08", 1, 1)], CHAPTERS)
    assert gradescope.document(known)["extra_data"]["chapter"] == "Growth" and "chapter" not in gradescope.document(other)["extra_data"]
    ((_, text),) = junit.files([known, other], None)
    assert text.count('<property name="chapter" value="Growth" />') == 1 and text.count('"chapter"') == 1


def test_ids_are_what_exercises_are_named_by(theirs: Path) -> None:
    assert [exercise_id(path) for path in find_course(theirs).files()] == ["ex02", "ex01"]
    with pytest.raises(BadInput, match="ex01 to ex02"):
        find_course(theirs).find("ex77")
