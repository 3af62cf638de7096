"""The commands, run in this process with the tests' zygote; where the process itself matters, in one of their own."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import backprop_check
from backprop_check.cli.arguments import COMMANDS
from backprop_check.cli.asked import next_after
from backprop_check.cli.main import complain, main
from backprop_check.exercise.course import find_course, packaged_course
from backprop_check.submission.confinement.kernel import prctl
from backprop_check.submission.zygote import Zygote

PR_CAPBSET_DROP = 24

Captured = pytest.CaptureFixture[str]
SOLUTIONS = packaged_course().solutions
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent)}


def solve(course: Path, *names: str) -> None:
    for name in names:
        (path,) = (course / "exercises").glob(f"{name}_*.py")
        path.write_text((SOLUTIONS / path.name).read_text())


def edit(course: Path, name: str, old: str, new: str) -> None:
    (path,) = (course / "exercises").glob(f"{name}_*.py")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def stored(course: Path) -> dict[str, dict[str, object]]:
    exercises: dict[str, dict[str, object]] = json.loads((course / ".backprop-check" / "progress.json").read_text())["exercises"]
    return exercises


def test_exit_codes_say_how_it_went(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["ex05"], zygote) == 1
    assert "not written yet" in capsys.readouterr().out
    solve(course, "ex05")
    assert main(["check", "5"], zygote) == 0
    out = capsys.readouterr().out
    assert "4 of 4 gradients right\n" in out
    assert "\nNext: `backprop-check ex05b`: Broadcasting a row" in out


def test_the_first_check_says_which_file_to_open_and_its_name_alone_is_enough(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["ex00_slope.py"], zygote) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Open exercises/ex00_slope.py, write an expression in the place of each `...`" in said
    edit(course, "ex00", "db = ...", "db = 2")
    assert main(["ex00"], zygote) == 1
    assert "Open " not in capsys.readouterr().out


def test_a_law_is_said_once_and_of_a_line_that_is_no_more_than_it(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex38", "ex03b")
    assert main(["ex03b"], zygote) == 0
    assert capsys.readouterr().out.count("The law: ") == 1
    assert main(["ex38"], zygote) == 0
    assert "Dividing" not in capsys.readouterr().out  # z is divided in there, and much more is done


def test_in_a_terminal_a_complaint_breaks_between_words(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    complain("there is no exercise of that name: look for another one")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 30


def test_alone_it_goes_on_where_the_learner_left_off(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main([], zygote) == 1
    first, second = find_course(course).ids()[:2]
    assert capsys.readouterr().out.startswith(f"{first}:")
    solve(course, first)
    assert main([], zygote) == 0
    assert main([], zygote) == 1
    assert f"{second}: " in capsys.readouterr().out


def test_a_pass_teaches(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """The why of a line, its law, another form and what the next exercise is about; once, not at every check."""
    solve(course, "ex07")
    assert main(["ex07"], zygote) == 0
    out = capsys.readouterr().out
    assert "    exp is its own derivative, and c is exp(a) already." in out
    assert "    The law: The slope of exp is `c`." in out
    assert "    Also right: `da = torch.exp(a) * dc`: c saved you the `torch.exp`" in out
    assert main(["ex07"], zygote) == 0
    assert "The law" not in capsys.readouterr().out
    edit(course, "ex07", "da = c * dc", "da = ...")
    assert main(["ex07"], zygote) == 1
    edit(course, "ex07", "da = ...", "da = dc * torch.exp(a)")
    capsys.readouterr()
    assert main(["ex07"], zygote) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Also right: `da = c * dc` (c is there already, and saves you its computation)" in out


def test_a_why_that_speaks_of_the_solutions_way_of_writing_comes_with_its_line(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex19")
    loop = "dE = torch.zeros_like(E)\n    for i in range(len(ix)):\n        dE[ix[i]] += demb[i]"
    edit(course, "ex19", "dE = torch.zeros_like(E).index_add_(0, ix, demb)", loop)
    assert main(["ex19"], zygote) == 0
    out = capsys.readouterr().out
    assert "index_add_ adds\n    row i of demb" in out
    assert "    Also right: `dE = torch.zeros_like(E).index_add_(0, ix, demb)`\n" in out


def test_another_order_of_factors_and_another_length_are_no_other_form(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex25b")
    edit(course, "ex25b", "- r**3 * x / x.shape[1] * dr", "- dr * r**3 * x / x.shape[1]")
    assert main(["ex25b"], zygote) == 0
    assert "Also right" not in capsys.readouterr().out
    solve(course, "ex34")
    edit(course, "ex34", "dadv = -chosen / adv.shape[0]", "dadv = -chosen / len(adv)")
    assert main(["ex34"], zygote) == 0
    assert "dadv = -chosen / adv.shape[0]" not in capsys.readouterr().out


def test_a_pass_is_a_pass_though_the_next_exercise_is_broken(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex01")
    edit(course, "ex01b", "def forward(a, b):", "def forward(a, b)")
    assert main(["ex01"], zygote) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("Next: `backprop-check ex01b`\n")
    assert captured.err == ""


def test_a_pass_of_many_gradients_tells_of_the_fresh_ones(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex12")
    edit(course, "ex12", "dprobs = 1 / probs * dlogprobs", "dprobs = dlogprobs")
    assert main(["ex12"], zygote) == 1
    assert "The law" not in capsys.readouterr().out
    edit(course, "ex12", "dprobs = dlogprobs", "dprobs = dlogprobs * (1 / probs)")
    assert main(["ex12"], zygote) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("  d")] == ["  dprobs"]
    assert "Also right" not in out, "the factors in another order are no other form"
    assert "`backprop-check solution ex12` says the why of every line." in out


def test_after_a_pass_the_next_one_left_follows_round_the_end(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """What `check` names after a pass is where the key n of `watch` goes: both ask `next_after`."""
    files = find_course(course).files()
    first, second, third, *_, last = find_course(course).ids()
    solve(course, second, last)
    assert main([second], zygote) == 0
    assert f"Next: `backprop-check {third}`" in capsys.readouterr().out
    assert main([last], zygote) == 0
    assert f"Next: `backprop-check {first}`" in capsys.readouterr().out
    assert next_after(find_course(course), files[0]) == files[2], "the second is passed"


def test_when_all_are_passed_it_says_so(course: Path, zygote: Zygote, capsys: Captured) -> None:
    for path in sorted((course / "exercises").glob("*.py")):
        if path.name != "ex01_dot_product.py":
            path.unlink()
    solve(course, "ex01")
    assert main([], zygote) == 0
    assert "That was the last exercise left" in capsys.readouterr().out
    assert main([], zygote) == 0
    assert "Well done" in capsys.readouterr().out


def test_json_is_all_there_is_on_standard_output(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["ex05", "--json"], zygote) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["schema"], report["exercise"], report["status"]) == ("backprop-check/1", "ex05", "failed")
    assert [g["status"] for g in report["gradients"]] == ["missing"] * 4
    assert captured.err == ""


def test_an_exercise_outside_any_course(tmp_path: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    source = packaged_course().find("ex05")
    exercise = tmp_path / "graph.py"
    exercise.write_text(source.read_text())
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--exercise", str(exercise), "--submission", str(SOLUTIONS / source.name), "--json"], zygote) == 0
    assert json.loads(capsys.readouterr().out)["exercise"] == "graph"
    assert [p.name for p in tmp_path.iterdir()] == ["graph.py"], "no store is written outside a course"


def test_a_submission_from_a_folder_without_a_course(
    tmp_path: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--submission", str(SOLUTIONS / "ex05_broadcast.py")], zygote) == 0
    assert capsys.readouterr().out.endswith("4 of 4 gradients right\n")
    assert not list(tmp_path.iterdir())


def test_a_foreign_file_is_not_the_learners_own(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """It marks nothing as passed, opens no solution, and does not move the hints."""
    theirs = SOLUTIONS / "ex05_broadcast.py"
    assert main(["ex05", "--submission", str(theirs)], zygote) == 0
    assert "Your own ex05_broadcast.py is another file" in capsys.readouterr().out
    assert main(["hint", "ex05", "--submission", str(theirs)], zygote) == 0
    assert main(["solution", "ex05"]) == 0
    assert "is not passed yet" in capsys.readouterr().out
    assert stored(course)["ex05"] == {"asked": 1}
    assert main(["ex05", "--submission", "exercises/ex05_broadcast.py"], zygote) == 1
    assert stored(course)["ex05"]["passed"] is False, "named by its path, the learner's own file is still their own"


def test_what_gives_the_answers_away_asks_twice(course: Path, zygote: Zygote, capsys: Captured) -> None:
    for command, shown in (("solution", "def backward"), ("derive", "dact = torch.ones_like(act)")):
        assert main([command, "ex05"], zygote) == 0
        assert f"ask once more: `backprop-check {command} ex05`" in capsys.readouterr().out
        assert main([command, "ex05"], zygote) == 0
        assert shown in capsys.readouterr().out


def test_suggested_commands_quote_names_with_spaces(
    tmp_path: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my course"]) == 0
    assert "cd 'my course'" in capsys.readouterr().out
    assert main(["hint", "my course/exercises/ex01_dot_product.py", "--step", "1"], zygote) == 0
    Path("the answer.py").write_text("def backward(a, b, c):\n    da = a\n")
    assert main(["hint", "ex01", "--submission", "the answer.py", "--step", "1"], zygote) == 0
    assert "--submission 'the answer.py' --step 2`" in capsys.readouterr().out
    own = Path("my course/exercises/my own.py")
    own.write_text(Path("my course/exercises/ex01_dot_product.py").read_text())
    assert main([str(own)], zygote) == 1
    assert f"backprop-check hint '{own}'`" in " ".join(capsys.readouterr().out.split())


def test_an_exercise_that_is_gone_comes_back(course: Path, zygote: Zygote, capsys: Captured) -> None:
    path = course / "exercises" / "ex05_broadcast.py"
    before = path.read_bytes()
    path.unlink()
    assert main(["ex05"], zygote) == 2
    assert "`backprop-check reset ex05` writes ex05_broadcast.py anew" in capsys.readouterr().err
    assert main(["reset", "5"]) == 0
    assert path.read_bytes() == before


def test_a_course_within_a_course_is_said(course: Path, capsys: Captured) -> None:
    assert main(["init", "inner"]) == 0
    assert f"{course} is a course too; in inner, the one just made is meant." in capsys.readouterr().out


def test_outside_a_course_the_list_says_whose_it_is(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["list"]) == 0
    assert capsys.readouterr().out.startswith("These are the exercises of the package")


def test_the_help_says_what_each_command_takes(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for name, (_, takes, text, _) in COMMANDS.items():
        assert f"  {name} {takes}".rstrip() in shown and text.split()[0] in shown
        with pytest.raises(SystemExit):
            main([name, "--help"])
        if name != "dev":
            assert takes in " ".join(capsys.readouterr().out.split()), f"`{name}` takes something else"


def test_list_shows_what_is_stored_and_checks_nothing(course: Path, zygote: Zygote, capsys: Captured) -> None:
    solve(course, "ex01")
    edit(course, "ex05", "dact = ...", "dact = act")
    main(["ex01"], zygote)
    main(["ex05"], zygote)
    edit(course, "ex05", "dact = act", "dact = torch.ones_like(act)")
    capsys.readouterr()
    assert main(["list", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if " ex01 " in line).startswith("✓ ex01    2/2   Dot product")
    assert next(line for line in lines if " ex05 " in line).startswith("✗ ex05    0/4 * Broadcasting")
    assert lines[-2] == "✓ passed, ✗ something is wrong, · not passed yet, * changed since, 1/4 gradients right"
    assert lines[-1] == f"1 of {len(find_course(course).ids())} passed · next: `backprop-check {find_course(course).ids()[0]}`"


def test_a_long_course_is_listed_at_a_glance(course: Path, zygote: Zygote, capsys: Captured) -> None:
    """A line a chapter; the exercises of the chapter that the next one is in, and what is begun elsewhere."""
    found = find_course(course)
    first, *others = found.chapters()
    for name in first.exercises[:2]:
        solve(course, name)
        main([name], zygote)
    edit(course, "ex05", "dact = ...", "dact = act")
    main(["ex05"], zygote)
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 23
    assert lines[0].split()[:6] == ["First", "slopes", "✓✓····", "2", "of", "6"]
    assert [line.split()[1] for line in lines if line.startswith("  ")] == [*first.exercises, "ex05"]
    assert all(any(line.startswith(chapter.title) for line in lines) for chapter in others)
    assert "list --all" in lines[-1]


@pytest.mark.parametrize("word", ["Reductions", "reduc", "ex16", "16", "ex16_logsumexp"])
def test_list_shows_a_chapter(word: str, course: Path, capsys: Captured) -> None:
    assert main(["list", *word.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    (chapter,) = (c for c in find_course(course).chapters() if c.title == "Reductions")
    assert lines[0].startswith("Reductions: 0 of 5") and [line.split()[1] for line in lines[1:6]] == [*chapter.exercises] and not lines[6]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("reductoins", "did you mean Reductions?"),
        ("a", "could be Activations or A whole network"),
        ("nonsense", "`backprop-check list` shows them"),
    ],
)
def test_a_word_that_is_no_chapter(words: str, said: str, course: Path, capsys: Captured) -> None:
    assert main(["list", *words.split()]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_hints_climb_and_start_again_when_the_answer_changes(course: Path, zygote: Zygote, capsys: Captured) -> None:
    edit(course, "ex05", "dact = ...", "dact = torch.ones_like(act)")
    edit(course, "ex05", "dprobs = ...", "dprobs = (1 - act**2) * dact")
    edit(course, "ex05", "dcounts_sum_inv = ...", "dcounts_sum_inv = (counts * dprobs).sum(1)")
    edit(course, "ex05", "dcounts = ...", "dcounts = counts_sum_inv * dprobs")

    def hint() -> str:
        capsys.readouterr()
        assert main(["hint", "ex05"], zygote) == 0
        return capsys.readouterr().out

    fix = "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)"
    told = [hint() for _ in range(5)]
    for number, text in enumerate(told[:4], 1):
        assert text.startswith(f"dcounts_sum_inv  ex05, hint {number} of 4")
        assert (fix in text) == (number == 4)
    assert "probs = counts * counts_sum_inv" in told[0]
    assert "is made from dprobs (N, C)" in told[0]
    assert told[3] == told[4]
    edit(course, "ex05", ".sum(1)", ".sum(0)")
    assert "hint 1 of 4" in hint()
    solve(course, "ex05")
    assert "nothing to hint at" in hint()


def test_hints_outside_a_course_are_asked_for_by_number(
    tmp_path: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored there, so each hint says how to ask for the next; without a solution the fix is the proven or the derived one."""
    (tmp_path / "graph.py").write_text(packaged_course().find("ex05").read_text())
    (tmp_path / "mine.py").write_text("def backward(counts, probs, act):\n    dprobs = 1 - act\n")
    monkeypatch.chdir(tmp_path)
    ask = ["hint", "--exercise", "graph.py", "--submission", "mine.py", "--target", "dprobs"]
    assert main(ask, zygote) == 0
    told = capsys.readouterr().out
    assert "hint 1 of 4" in told
    further = re.search(r"A clearer one: `backprop-check (.*)`", told)
    assert further is not None
    assert further[1].split() == ["hint", "graph.py", "--submission", "mine.py", "--target", "dprobs", "--step", "2"]
    assert main(further[1].split(), zygote) == 0
    assert "hint 2 of 4" in capsys.readouterr().out
    for target in ("dprobs", "dact"):
        assert main([*ask[:-1], target, "--step", "4"], zygote) == 0
        assert {"dprobs": "dprobs = 1 - act**2", "dact": "dact = torch.ones_like(act)"}[target] in capsys.readouterr().out
    assert main([*ask, "--step", "5"], zygote) == 2
    assert not (tmp_path / ".backprop-check").exists()


def test_a_hint_can_be_about_a_named_gradient(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["hint", "ex05", "--target", "dcounts"], zygote) == 0
    assert capsys.readouterr().out.startswith("dcounts  ex05, hint 1 of 4")
    assert main(["hint", "ex05", "--target", "dx"], zygote) == 2
    assert "it asks for dact, dprobs, dcounts, dcounts_sum_inv" in capsys.readouterr().err


def test_the_solution_is_shown_after_a_pass_or_when_asked_twice(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["solution", "ex05"]) == 0
    assert "ask once more" in capsys.readouterr().out
    assert main(["solution", "ex05"]) == 0
    assert capsys.readouterr().out == (SOLUTIONS / "ex05_broadcast.py").read_text()
    solve(course, "ex01")
    main(["ex01"], zygote)
    capsys.readouterr()
    assert main(["solution", "ex01"]) == 0
    assert "# why" in capsys.readouterr().out


def test_reset_asks_and_keeps_what_was_there(course: Path, zygote: Zygote, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    path = course / "exercises" / "ex05_broadcast.py"
    stub = path.read_bytes()
    solve(course, "ex05")
    main(["ex05"], zygote)
    for answer in ("n\n", "", "\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        assert main(["reset", "ex05"]) == 0
        assert path.read_bytes() != stub
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["reset", "ex05"]) == 0
    assert path.read_bytes() == stub
    assert "ex05" not in stored(course)
    solve(course, "ex05")
    assert main(["reset", "ex05", "--yes"]) == 0
    kept = sorted((course / ".backprop-check" / "backup").iterdir())
    assert [p.read_bytes() for p in kept] == [(SOLUTIONS / path.name).read_bytes()] * 2
    capsys.readouterr()
    main(["reset", "ex05", "--yes"])
    assert "nothing to put back" in capsys.readouterr().out


def test_init_overwrites_nothing(course: Path, tmp_path: Path, capsys: Captured) -> None:
    edit(course, "ex05", "dact = ...", "dact = 1")
    before = (course / "exercises" / "ex05_broadcast.py").read_bytes()
    assert main(["init", str(course)]) == 2
    assert main(["init", str(course / "exercises" / "ex05_broadcast.py")]) == 2
    assert (course / "exercises" / "ex05_broadcast.py").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert main(["init", str(tmp_path / "mine")]) == 0
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_a_new_exercise_is_ready_to_be_checked(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["new", "Group Norm"]) == 0
    (solution,) = (course / "solutions").iterdir()
    number = int(solution.stem[2:4])
    assert solution.name == f"ex{number}_group_norm.py" and f"ex{number}" not in packaged_course().ids()
    assert main([f"ex{number}"], zygote) == 1
    assert main(["check", f"ex{number}", "--submission", str(solution)], zygote) == 0
    assert main(["new", "again"]) == 0
    assert (course / "exercises" / f"ex{number + 1}_again.py").is_file()
    assert main(["solution", "ex05"]) == 0, "the course's first own solution does not hide those of the package"


def test_the_same_name_twice_and_a_template_untouched_are_said(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["new", "Group Norm"]) == 0
    assert main(["new", "group_norm"]) == 2
    (solution,) = (course / "solutions").iterdir()
    assert f"{solution.name} has that name already" in capsys.readouterr().err
    assert main(["dev", "check", solution.name[:4]], zygote) == 1
    assert "the docstring is still the template's" in " ".join(capsys.readouterr().out.split())


def test_a_damaged_store_is_set_aside(course: Path, zygote: Zygote, capsys: Captured) -> None:
    main(["ex05"], zygote)
    store = course / ".backprop-check" / "progress.json"
    for damage in ("{", "[]", '{"exercises": {"ex05": 3}}', '{"exercises": {"ex05": {"targets": []}}}', ""):
        store.write_text(damage)
        capsys.readouterr()
        assert main(["ex05"], zygote) == 1
        assert capsys.readouterr().err.count("\n") == 1
        assert set(stored(course)) == {"ex05"}
    assert len(list(store.parent.glob("progress.damaged*"))) == 5
    assert main(["list"]) == 0


def test_a_store_that_cannot_be_written_costs_a_line_only(course: Path, zygote: Zygote, capsys: Captured) -> None:
    (course / ".backprop-check").write_text("a file is in the way")
    assert main(["ex05"], zygote) == 1
    captured = capsys.readouterr()
    assert "0 of 4 gradients right" in captured.out
    assert captured.err.count("\n") == 1


def test_where_nothing_can_be_stored_hints_are_asked_for_by_number(course: Path, zygote: Zygote, capsys: Captured) -> None:
    (course / ".backprop-check").write_text("a file is in the way")
    assert main(["hint", "ex05"], zygote) == 0
    assert "`backprop-check hint ex05 --step 2`" in capsys.readouterr().out
    assert main(["solution", "ex05"]) == 0
    assert "def backward" in capsys.readouterr().out


def test_what_the_system_refuses_is_one_line(course: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / "solutions").write_text("a file is in the way")
    assert main(["new", "thing"]) == 2
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for argv in ([], ["explain", "tanh"]):  # in such a folder torch cannot be loaded
        capsys.readouterr()
        assert main(argv) == 2
        assert "the folder you are in is gone" in (err := capsys.readouterr().err)
        assert err.count("\n") == 1


def test_what_cannot_be_written_is_told_by_its_name(course: Path, capsys: Captured) -> None:
    """As a full disk, a limit on what a file may hold names no file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path, mine = course / "exercises" / "ex05_broadcast.py", b"# more than ten bytes"
    path.write_bytes(mine)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        assert main(["new", "thing"]) == 2
        assert re.search(r"solutions/ex\d+_thing.py: File too large\.\n", capsys.readouterr().err)
        assert main(["reset", "ex05", "--yes"]) == 2
        assert re.search(r"backup/ex05_broadcast\.[\d-]+\.py: File too large\.\n", capsys.readouterr().err)
        assert path.read_bytes() == mine and not list((course / ".backprop-check" / "backup").iterdir())
        assert main(["init", "other"]) == 2
        assert not Path("other").exists(), "nor is an empty folder left behind"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_explain_prints_pages(capsys: Captured) -> None:
    assert main(["explain"]) == 0
    codes = [
        line.split()[0]
        for line in capsys.readouterr().out.partition("Operations")[0].splitlines()
        if line.startswith("   ") and line[3] != " "
    ]
    assert "lost-keepdim" in codes
    for code in codes:
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out.startswith(f"{code}\n")


def process(*argv: str, cwd: Path, **options: object) -> subprocess.Popen[str]:
    environment = {**ENVIRONMENT, **options.pop("env", {})}  # type: ignore[dict-item]
    command = [sys.executable, "-m", "backprop_check", *argv]
    return subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_as_a_process_it_forks_its_own_zygote(course: Path) -> None:
    with process("ex05", cwd=course, env={"PYTHONIOENCODING": "ascii", "COLUMNS": "40"}) as run:
        out, err = run.communicate(timeout=120)
    assert (run.returncode, err) == (1, "")
    assert "* dact   ex05:24   not written yet" in out
    assert max(map(len, out.splitlines())) <= 40


def test_the_demo_explains_mends_and_passes(capsys: Captured, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["demo"], zygote) == 0
    said = capsys.readouterr().out
    sample = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").split("```\n")[1]
    assert sample in said, "README shows what the demo prints"
    assert (
        said.index("3 of 4 gradients right") < said.index("dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)") < said.index("4 of 4")
    )


@pytest.mark.parametrize("argument", ["list", "ex05", "hint", "new"])
def test_a_course_that_may_not_be_looked_into_is_one(argument: str, course: Path) -> None:
    """Root may look into every folder, unless it gives that up before it runs the command."""
    (course / "exercises").chmod(0)
    arguments = [argument, *(["thing"] if argument == "new" else [])]
    command = [sys.executable, "-m", "backprop_check", *arguments]
    drop = (lambda: [prctl(PR_CAPBSET_DROP, override) for override in (1, 2)]) if os.geteuid() == 0 else None
    run = subprocess.run(command, cwd=course, env=ENVIRONMENT, preexec_fn=drop, capture_output=True, text=True, check=False)
    (course / "exercises").chmod(0o755)
    told = f"{course / 'exercises'} may not be looked into (Permission denied): give yourself the right to, as by `chmod u+rwx "
    assert (run.returncode, run.stdout) == (2, "")
    assert told in run.stderr


def test_ctrl_c_ends_it_quietly(course: Path) -> None:
    edit(course, "ex05", "dact = ...", f"open({str(course / 'reached')!r}, 'w').close()\n    dact = [0 for _ in iter(int, 1)]")
    with process("ex05", "--time-limit", "100", cwd=course) as run:
        while not (course / "reached").exists():
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=120)
    assert (run.returncode, out, err) == (130, "", "")


@pytest.mark.parametrize("module", ["backprop_check.cli.arguments", "torch", "torch.nn", "numpy", "rich.console"])
def test_ctrl_c_while_it_loads_is_no_traceback(module: str, course: Path) -> None:
    script = f"""
import importlib.abc, os, signal, sys, time

class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)
            except KeyboardInterrupt:
                if name not in ("torch.nn", "numpy"):  # there it is as if it were swallowed
                    raise

sys.meta_path.insert(0, Interrupting())
sys.argv = ["backprop-check", "ex05"]
from backprop_check.__main__ import entry
entry()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=course, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("argument", ["list", "--version"])
def test_a_full_disk_is_one_line(argument: str, unbuffered: str, course: Path) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "backprop_check", argument]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=course, env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "could not be written" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_is_written_to_and_read_by_nobody(closed: str, course: Path) -> None:
    """A stream that the shell closed: no traceback, and nothing that is opened later stands in its place."""
    edit(course, "ex05", "dact = ...", "dact = 1")
    for arguments, code in (("list", 0), ("reset ex05", 0), ("ex99", 2)):
        command = f"{shlex.quote(sys.executable)} -m backprop_check {arguments} {closed}"
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, cwd=course, env=ENVIRONMENT, input="n\n")
        assert (done.returncode, done.stderr.count("\n")) == (code, int(code == 2 and "2>" not in closed)), done.stderr
    assert "dact = 1" in next((course / "exercises").glob("ex05_*")).read_text()


def test_a_pipe_without_a_writer_and_a_device_without_an_end(course: Path, capsys: Captured) -> None:
    path = next((course / "exercises").glob("ex05_*"))
    path.unlink()
    os.mkfifo(path)
    for argv, said in (
        (["ex05"], "is empty"),
        (["reset", "ex05", "--yes"], "is no file"),
        (["check", "ex01", "--submission", str(path)], "is empty"),
        (["check", "ex01", "--submission", "/dev/zero"], "is larger than 2 MB"),
    ):
        assert main(argv) == 2
        err = capsys.readouterr().err
        assert said in err and err.count("\n") == 1
    assert main(["list", "--all"]) == 0
    assert "! ex05" in capsys.readouterr().out


def test_progress_that_cannot_be_read_is_told_and_left_alone(course: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    store = course / ".backprop-check" / "progress.json"
    store.mkdir(parents=True)  # reading it is refused, whoever asks
    assert main(["list"]) == 0
    err = capsys.readouterr().err
    assert "progress.json cannot be read" in err and err.count("\n") == 1 and store.is_dir()


def test_a_closed_pipe_is_no_news(course: Path) -> None:
    with process("list", cwd=course) as run:
        assert run.stdout is not None
        run.stdout.close()
        assert run.wait(timeout=120) == 141
        assert run.stderr is not None
        assert run.stderr.read() == ""


def test_derive_prints_a_backward_that_passes(tmp_path: Path, capsys: Captured, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints for ex05, put into the exercise, is right in every gradient."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["derive", "ex05"]) == 0
    printed = capsys.readouterr().out
    assert "was stretched to" in printed
    lines = dict(re.findall(r"^\s*(d\w+) = (.+?)(?:  +#.*)?$", printed, re.MULTILINE))
    (stub,) = packaged_course().exercises.glob("ex05_*.py")
    text = stub.read_text()
    for name, expression in lines.items():
        text = re.sub(rf"(\b{name} = )\.\.\.", lambda m, e=expression: m[1] + e, text)  # type: ignore[misc]
    answer = tmp_path / "answer.py"
    answer.write_text(text)
    assert main(["check", "ex05", "--submission", str(answer)], zygote) == 0


def test_derive_says_what_is_outside_its_table(tmp_path: Path, capsys: Captured) -> None:
    exercise = tmp_path / "ex01_far.py"
    exercise.write_text(
        "import torch\ndef inputs(N=3):\n    return dict(x=torch.randn(N))\ndef forward(x):\n    y = torch.special.erfcx(x)  # (N,)\n"
        "    return y\ndef backward(x, y, dy):\n    dx = ...  # (N,)\n"
    )
    assert main(["derive", str(exercise)]) == 1
    assert "erfcx" in capsys.readouterr().out


FORWARD = '''"""A gate: one number of each row decides how much of it passes.

Two layers and a mean square.
"""

import torch


def inputs(N=5, K=3, M=4):
    return dict(x=torch.randn(N, K), W=torch.randn(K, M), v=torch.randn(M))


def forward(x, W, v):
    h = torch.tanh(x @ W)             # (N, M)
    p = h * torch.sigmoid(h @ v)[:, None]  # (N, M)
    loss = (p**2).mean()              # ()
    return loss
'''


def test_new_from_a_forward_drafts_a_solution_that_holds(course: Path, tmp_path: Path, capsys: Captured, zygote: Zygote) -> None:
    source = tmp_path / "forward.py"
    source.write_text(FORWARD)
    (course / "solutions").mkdir(exist_ok=True)
    assert main(["new", "gate", "--from", str(source)]) == 0
    (solution,) = (course / "solutions").glob("*_gate.py")
    assert solution.read_text().startswith(FORWARD)
    assert solution.read_text().count("# why: ") == solution.read_text().count("    d") == 5
    capsys.readouterr()
    assert main(["dev", "check", solution.name.split("_")[0]], zygote) == 0, capsys.readouterr().out
    one_line = "y = x * torch.tanh(torch.log1p(torch.exp(x)))"
    source.write_text(
        f"import torch\n\n\ndef inputs(N=5):\n    return dict(x=torch.randn(N))\n\n\ndef forward(x):\n    {one_line}\n    return y\n"
    )
    assert main(["new", "mish", "--from", str(source)]) == 0
    assert "\ndx is a long line: a forward that names its parts has shorter ones.\n" in capsys.readouterr().out
    source.write_text(source.read_text().replace(one_line, "e = torch.exp(x)\n    t = torch.tanh(torch.log1p(e))\n    y = x * t"))
    assert main(["new", "mish2", "--from", str(source)]) == 0
    assert "long" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("x = 1\n", "defines no `inputs`"),
        ("def inputs(:\n", "does not parse"),
        ("def inputs(N=2):\n    return {}\n", "defines no `forward`"),
        (None, "no"),
    ],
)
def test_new_from_what_is_no_forward(text: str | None, says: str, course: Path, tmp_path: Path, capsys: Captured) -> None:
    source = tmp_path / "forward.py"
    if text is not None:
        source.write_text(text)
    (course / "solutions").mkdir(exist_ok=True)
    assert main(["new", "gate", "--from", str(source)]) == 2
    told = capsys.readouterr()
    assert says in told.err + told.out
    assert "Traceback" not in told.err
    assert not list((course / "exercises").glob("*gate*"))
