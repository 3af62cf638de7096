"""Other people's files graded by pytest: whose answers they are, what they are held against, and that their code is confined."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugged import LOST, MIXED, SOLUTION, Run, Shared

from backprop_check.submission.confinement import layers
from backprop_check.submission.zygote import Zygote

LEFT_OPEN_HERE = layers.left_open_here
Lay = Callable[..., Path]
EX41 = "exercises/ex41_row.py"
STUB = SOLUTION[: SOLUTION.index("    # why")] + "    dact = ...\n    dcounts_sum_inv = ...\n"
GRADE = ("--backprop", "exercises", "--backprop-submission", "class")
ESCAPES = SOLUTION.replace("torch.ones_like(act)  ", "open('/etc/passwd') and torch.ones_like(act)")


@pytest.fixture(scope="module")
def confined() -> Iterator[Zygote]:
    with Zygote.started_confined() as zygote:
        yield zygote


@pytest.fixture(autouse=True)
def holding(confined: Zygote, monkeypatch: pytest.MonkeyPatch) -> Shared:
    """The machine confines, by a zygote that all tests share."""
    stand_in = Shared(confined)
    monkeypatch.setattr(Zygote, "started_confined", stand_in.start)
    monkeypatch.setattr(layers, "left_open_here", list)
    return stand_in


@pytest.fixture(autouse=True)
def exercise(lay: Lay) -> None:
    lay(EX41, STUB)


def test_each_student_has_items(run: Run, lay: Lay, pytester: pytest.Pytester, holding: Shared, shared: Shared) -> None:
    lay("class/ada/ex41.py", LOST)
    lay("class/bob_ex41.py", MIXED.replace("dact = ...", "dact = torch.ones_like(act)"))
    result = run(*GRADE, "-v", "--junitxml=report.xml")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        ["exercises/ex41_row.py::dact[[]ada/ex41.py[]] PASSED*", "exercises/ex41_row.py::dcounts_sum_inv[[]bob_ex41.py[]] FAILED*"]
    )
    assert (holding.log, shared.log) == (["started", "closed"], [])
    cases = {case.get("name"): case for case in ElementTree.parse(pytester.path / "report.xml").iter("testcase")}
    told = {p.get("name"): p.get("value") for p in cases["dcounts_sum_inv[ada/ex41.py]"].iter("property")}
    assert told == {
        "points": "0.0",
        "max_points": "1.0",
        "codes": "lost-keepdim",
        "exercise": "ex41",
        "submission": "ada/ex41.py",
        "student": "ada",
    }


def test_one_may_be_chosen_and_fails_last(run: Run, lay: Lay) -> None:
    lay("class/ada/ex41.py", LOST)
    lay("class/bob/ex41.py", LOST)
    run(*GRADE, "-k", "ada").assert_outcomes(passed=1, failed=1, deselected=2)
    run("--backprop-submission", "class", f"{EX41}::dact[bob/ex41.py]").assert_outcomes(passed=1)
    lay("class/ada/ex41.py", SOLUTION)
    run(*GRADE, "--lf").assert_outcomes(passed=1)


def test_strangers_code_is_confined_and_never_imported(run: Run, lay: Lay) -> None:
    lay("class/ada/ex41.py", ESCAPES)
    lay("class/ada/conftest.py", "raise SystemExit('conftest of a stranger')\n")
    lay("class/ada/test_mine.py", "raise SystemExit('test of a stranger')\n")
    lay("class/ex41_bob.py", SOLUTION)
    result = run("--backprop", "--backprop-submission", "class", "-v")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*PermissionError*"])


NAMES = {
    "a file that tells its exercise": ("ex41_ada.py", 2),
    "a file that tells none": ("ada.py", 1),
    "a folder of files that tell none": (".", 1),
}


@pytest.mark.parametrize("case", NAMES)
def test_what_tells_no_exercise_answers_the_only_one(case: str, run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    name, most = NAMES[case]
    lay("class/" + ("ada.py" if name == "." else name), SOLUTION)
    source = ("--backprop-submission", f"class/{name}")
    run("--backprop", "exercises", *source).assert_outcomes(passed=2)
    lay("exercises/ex42_copy.py", STUB)
    run("--backprop", EX41, *source).assert_outcomes(passed=2)
    result = run("--backprop", "exercises", *source)
    if most == 2:
        result.assert_outcomes(passed=2)
    else:
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["ERROR: No name in * says which exercise it answers: put its id into the name, or name that exercise alone*"]
        )


def test_among_others_a_file_that_tells_none_fails_by_name(run: Run, lay: Lay) -> None:
    lay("exercises/ex42_copy.py", STUB)
    lay("class/ada.py", SOLUTION)
    lay("class/bob_ex42.py", SOLUTION)
    result = run(*GRADE)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["ada.py does not say which exercise it answers*", "FAILED class::ada.py - ada.py does not say*"])
    run(*GRADE, "--lf").assert_outcomes(failed=1)
    run("--backprop-submission", "class", "exercises/ex42_copy.py::dact", EX41).assert_outcomes(passed=1)


def test_what_cannot_be_read_fails_and_the_rest_goes_on(run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    lay("class/ada_ex41.py", "def backward(:\n")
    lay("class/bob_ex41.py", SOLUTION)
    (pytester.path / "class/cy_ex41.py").symlink_to("/etc/passwd")
    result = run(*GRADE)
    result.assert_outcomes(passed=2, failed=4)
    result.stdout.fnmatch_lines(["ada_ex41.py:1: no `backward` could be read*", "cy_ex41.py is a symbolic link*"], consecutive=False)
    assert str(pytester.path / "class") not in result.stdout.str()


def test_a_zip_and_the_configuration_do_too(run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    with zipfile.ZipFile(pytester.path / "class.zip", "w") as archive:
        archive.writestr("ada/ex41.py", SOLUTION)
    lay("pytest.ini", "[pytest]\nbackprop = true\nbackprop_submission = class.zip\n")
    run("exercises").assert_outcomes(passed=2)


USAGE = {
    "nothing there": (("--backprop-submission", "nowhere"), "ERROR: --backprop-submission */nowhere: there is no such file or folder."),
    "nothing in it": (("--backprop-submission", "empty"), "ERROR: */empty holds no submission*"),
}


@pytest.mark.parametrize("case", USAGE)
def test_bad_usage_is_one_line(case: str, run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "empty").mkdir()
    arguments, said = USAGE[case]
    result = run("--backprop", "exercises", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_where_nothing_confines_strangers_are_not_run(
    run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch, holding: Shared, shared: Shared
) -> None:
    monkeypatch.setattr(layers, "left_open_here", lambda: ["files", "network"])
    lay("class/ada/ex41.py", SOLUTION)
    result = run(*GRADE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: on this machine submissions could reach files and network *give --backprop-trust-submissions*"])
    run(*GRADE, "--backprop-trust-submissions").assert_outcomes(passed=2)
    assert (holding.log, shared.log) == ([], ["started", "closed"])


def test_this_machine_is_asked_in_a_process_of_its_own() -> None:
    assert LEFT_OPEN_HERE() == layers.left_open(layers.layers())
