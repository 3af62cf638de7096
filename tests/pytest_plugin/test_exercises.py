"""Exercises as tests: what is collected, what is said, and that pytest's own options work on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugged import LOST, MIXED, RIGHT, SOLUTION, STUB, Run, Shared

from backprop_check.submission.zygote import Zygote

Lay = Callable[..., Path]
EX05 = "exercises/ex05_broadcast.py"
TARGETS = ["dact", "dprobs", "dcounts", "dcounts_sum_inv"]


def ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line and not line.startswith(("FAILED", "SKIPPED", "ERROR"))]


def test_each_gradient_is_a_test(run: Run, lay: Lay, shared: Shared) -> None:
    lay(EX05, MIXED)
    lay("exercises/notes.txt", "no exercise")
    result = run("--backprop", "exercises", "-v", "-rsf")
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    assert shared.log == ["started", "closed"]
    text = result.stdout.str()
    result.stdout.fnmatch_lines(["SKIPPED [[]1[]] exercises/ex05_broadcast.py:25: not written yet"])
    result.stdout.fnmatch_lines(["FAILED exercises/ex05_broadcast.py::dcounts_sum_inv - lost-keepdim*"])
    for said in ("✗ dcounts_sum_inv   ex05:", "lost-keepdim", "^^^^^^^^", "help: Keep the summed axis, with length 1."):
        assert said in text
    for never in ("Traceback", "pytest_plugin", "runtest", "keepdim=True"):
        assert never not in text


def test_what_is_collected_needs_no_judge(run: Run, lay: Lay, shared: Shared) -> None:
    lay(EX05, STUB)
    lay("solutions/ex05_broadcast.py", SOLUTION)
    lay("test_own.py", "def test_own(): pass\n")
    for arguments, files in {
        ("--backprop",): ["exercises/ex05_broadcast.py", "test_own.py"],
        ("--backprop", "exercises"): ["exercises/ex05_broadcast.py"],
        ("--backprop", "exercises/ex05_broadcast.py"): ["exercises/ex05_broadcast.py"],
        ("--backprop", "solutions"): ["solutions/ex05_broadcast.py"],
        ("--backprop", "solutions/ex05_broadcast.py"): ["solutions/ex05_broadcast.py"],
        ("-o", "backprop=true"): ["exercises/ex05_broadcast.py", "test_own.py"],
        ("--backprop", "-o", "python_files=*.py"): ["exercises/ex05_broadcast.py", "test_own.py"],
        ("--backprop", "--doctest-modules"): ["exercises/ex05_broadcast.py", "test_own.py"],
        (): ["test_own.py"],
    }.items():
        found = ids(run("--collect-only", "-q", *arguments))
        assert list(dict.fromkeys(line.split("::")[0] for line in found)) == files, arguments
        assert len(found) == sum(1 if file == "test_own.py" else len(TARGETS) for file in files), arguments
    assert shared.log == []


def test_the_configuration_may_ask(run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    lay(EX05, STUB)
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\nbackprop = true\ntestpaths = ['exercises']\nfilterwarnings = ['error']\n")
    run().assert_outcomes(skipped=4)


def test_an_exercise_is_never_imported(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("import torch\n", "import torch\nprint('imported by pytest') if __name__ != 'exercise_ex05' else None\n"))
    result = run("--backprop", EX05, "-o", "python_files=ex*.py", "-s")
    result.assert_outcomes(passed=4)
    assert "imported by pytest" not in result.stdout.str()


NO_EXERCISES = {
    "helpers only": ("exercises2/ex05_helpers.py", "def backward(x):\n    return x\n"),
    "another name": ("exercises/layers.py", SOLUTION),
    "a folder without any": ("other/readme.txt", ""),
}


@pytest.mark.parametrize("case", NO_EXERCISES)
def test_what_is_no_exercise_is_left_alone(case: str, run: Run, lay: Lay) -> None:
    file = lay(*NO_EXERCISES[case])
    result = run("--backprop", str(file.parent))
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_an_exercise_of_any_name_may_be_named(run: Run, lay: Lay) -> None:
    run("--backprop", str(lay("layers.py", SOLUTION))).assert_outcomes(passed=4)


UNUSABLE = {
    "empty": ("", "is empty"),
    "does not parse": (
        SOLUTION.replace("    return s\n", "    return s s\n"),
        "exercises/ex05_broadcast.py:20: the exercise does not parse",
    ),
    "no inputs": (SOLUTION.replace("def inputs", "def outputs"), "it defines no `inputs`"),
    "a branch": (
        SOLUTION.replace("    s = act.sum() ", "    if act: pass\n    s = act.sum()"),
        "the forward takes lines `name = expression` only",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_exercise_is_one_line(case: str, run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    text, said = UNUSABLE[case]
    # What is wrong with the learner's copy of a course's exercise stops nothing, as long as it can be read.
    lay("exercises/ex70_broadcast.py" if case in ("no inputs", "a branch") else EX05, text)
    result = run("--backprop", "exercises")
    result.assert_outcomes(errors=1)
    errors = result.outlines[result.outlines.index(next(x for x in result.outlines if x.startswith("____"))) + 1 :]
    assert said in errors[0] and str(pytester.path) not in errors[0] and errors[1].startswith("====")


def test_what_cannot_be_judged_fails_with_the_reason(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("def backward(", "def backwards("))
    result = run("--backprop", "exercises")
    result.assert_outcomes(failed=4)
    said = "exercises/ex05_broadcast.py defines no function `backward`: `backwards` on line 23 looks like it; it must be called `backward`."
    assert result.outlines.count(said) == 4


def test_an_exercise_that_cannot_run_fails_with_the_reason(run: Run, lay: Lay) -> None:
    lay("exercises/ex70_broadcast.py", SOLUTION.replace("torch.randn(N, C)", "torch.randm(N, C)"))
    result = run("--backprop", "exercises", "--tb=line")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["exercises/ex70_broadcast.py:28: *randm*"])


def test_a_copy_with_another_forward_is_judged_by_the_courses(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("torch.tanh(probs) ", "torch.sin(probs) ").replace("counts_sum_inv * dprobs ", "counts * dprobs "))
    result = run("--backprop", "exercises")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["! ex05_broadcast.py:18: the course has `act = torch.tanh(probs)` here*"])


def test_a_strange_parameter_costs_what_reads_it(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("def backward(counts, ", "def backward(counter, "))
    result = run("--backprop", "exercises")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*^ this `backward` does not take `counts`", "*Call the parameter `counter` so."])


def test_a_broken_line_costs_its_own_gradient(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("counts_sum_inv * dprobs  ", "counts_sum_inv * * dprobs"))
    result = run("--backprop", "exercises")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["FAILED exercises/ex05_broadcast.py::dcounts - syntax-error*"])


def test_a_lost_target_is_still_asked(run: Run, lay: Lay) -> None:
    lay("solutions/ex05_broadcast.py", SOLUTION)
    lay(EX05, re.sub(r"    dprobs = .*\n", "", STUB))
    run("--backprop", "exercises", "-k", "dprobs").assert_outcomes(skipped=1, deselected=3)


def test_a_remark_is_shown_when_passes_are(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("torch.ones_like(act)", "torch.ones_like(act).float()"))
    result = run("--backprop", "exercises", "-rP")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*Captured remark call*", "*dact*"])
    assert "printed and remarked" not in result.stdout.str()


def test_what_was_printed_and_remarked_is_never_lost(run: Run, lay: Lay) -> None:
    """Of gradients that pass, are not written yet, and fail; each once."""
    text = MIXED.replace("(1 - act**2) * dact", "1 - act**2 * dact")
    for number, name in enumerate(TARGETS[1:]):
        text = text.replace(f"    {name} = ", f"    print('seen', {number})\n    {name} = ", 1)
    lay(EX05, text + "    print('seen', 3)\n")
    result = run("--backprop", "exercises")
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    said = result.stdout.str()
    assert [said.count(f"seen {number}") for number in range(4)] == [1, 1, 1, 1]
    result.stdout.fnmatch_lines(["*= printed and remarked =*", "*dprobs * right-by-accident", "*Right here only because*"])
    assert "right-by-accident" not in run("--backprop", "exercises", "--show-capture=no").stdout.str()


CHOSEN = {
    "-k": (("-k", "sum_inv"), {"failed": 1, "deselected": 3}),
    "-k of the exercise": (("-k", "ex05 and dact"), {"skipped": 1, "deselected": 3}),
    "an id": (("exercises/ex05_broadcast.py::dprobs",), {"passed": 1}),
    "two ids": ((f"{EX05}::dprobs", f"{EX05}::dact"), {"passed": 1, "skipped": 1}),
    "--deselect": (("--deselect", f"{EX05}::dcounts_sum_inv"), {"passed": 2, "skipped": 1, "deselected": 1}),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_gradients_can_be_chosen(case: str, run: Run, lay: Lay) -> None:
    lay(EX05, MIXED)
    arguments, outcomes = CHOSEN[case]
    run("--backprop", *(arguments if EX05 in arguments[0] else ("exercises", *arguments))).assert_outcomes(**outcomes)


def test_x_stops_at_the_first(run: Run, lay: Lay) -> None:
    lay(EX05, LOST.replace("(1 - act**2) * dact ", "act * dact "))
    run("--backprop", "exercises", "-x").assert_outcomes(passed=1, failed=1)


def test_last_failed_follows_a_fix(run: Run, lay: Lay) -> None:
    lay(EX05, LOST)
    lay("exercises/ex06_copy.py", SOLUTION)
    last = ("--backprop", "--lf", "exercises")
    run(*last).assert_outcomes(passed=7, failed=1)
    run(*last).assert_outcomes(failed=1)
    lay(EX05, SOLUTION)
    run(*last).assert_outcomes(passed=1)
    run(*last).assert_outcomes(passed=8)


def test_junit_has_points_and_places(run: Run, lay: Lay, pytester: pytest.Pytester) -> None:
    lay("exercises/ex77_weighed.py", MIXED.replace("def inputs", "POINTS = dict(dcounts=2.5)\n\n\ndef inputs"))
    run("--backprop", "exercises", "--junitxml=report.xml", "-o", "junit_family=xunit1")
    cases = {case.get("name"): case for case in ElementTree.parse(pytester.path / "report.xml").iter("testcase")}
    properties = {name: {p.get("name"): p.get("value") for p in case.iter("property")} for name, case in cases.items()}
    assert {name: (p["points"], p["max_points"], p.get("codes", "")) for name, p in properties.items()} == {
        "dact": ("0.0", "1.0", ""), "dprobs": ("1.0", "1.0", ""), "dcounts": ("2.5", "2.5", ""), "dcounts_sum_inv": ("0.0", "1.0", "lost-keepdim"),
    }  # fmt: skip
    assert {case.get("classname") for case in cases.values()} == {"exercises.ex77_weighed"}
    failure, skipped = cases["dcounts_sum_inv"].find("failure"), cases["dact"].find("skipped")
    assert failure is not None and skipped is not None
    assert (
        failure.get("message", "").startswith("lost-keepdim ")
        and "\n" not in failure.get("message", "")
        and "Keep the summed axis" in (failure.text or "")
    )
    assert skipped.get("message") == "not written yet"
    assert cases["dact"].get("file") == "exercises/ex77_weighed.py" and int(cases["dact"].get("line", 0)) > 0


def test_the_time_limit_is_the_courses(run: Run, lay: Lay) -> None:
    lay(EX05, SOLUTION.replace("dprobs = (1 - act**2) * dact ", "dprobs = [0 for _ in iter(int, 1)]"))
    result = run("--backprop", "exercises", "--backprop-time-limit", "0.5")
    result.assert_outcomes(passed=3, failed=1)
    assert "0.5 s" in result.stdout.str()
    result = run("--backprop", "exercises", "-o", "backprop_time_limit=soon")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --backprop-time-limit: give a number of seconds above 0, not 'soon'"])


def test_the_zygote_is_closed_after_an_interrupt(run: Run, lay: Lay, shared: Shared, pytester: pytest.Pytester) -> None:
    lay(EX05, SOLUTION)
    lay("conftest.py", "def pytest_runtest_teardown(): raise KeyboardInterrupt\n")
    assert run("--backprop", "exercises").ret == pytest.ExitCode.INTERRUPTED
    assert shared.log == ["started", "closed"]


def test_a_lost_zygote_is_started_again(run: Run, lay: Lay, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_check.submission.workers import Gone

    whole, fail = shared.spawn, [True]

    def once() -> object:
        if fail.pop() if fail else False:
            raise Gone
        return whole()

    shared.spawn = once  # type: ignore[assignment,method-assign]
    lay(EX05, SOLUTION)
    run("--backprop", "exercises").assert_outcomes(passed=4)
    assert shared.log == ["started", "closed"] * 2

    def never() -> object:
        raise Gone

    shared.spawn = never  # type: ignore[assignment,method-assign]
    result = run("--backprop", "exercises")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*was lost twice*"])
    assert Zygote.started == shared.start


def test_plain_tests_and_exercises_stand_together(run: Run, lay: Lay) -> None:
    lay(EX05, LOST)
    lay("test_own.py", "def test_own(): assert 1 + 1 == 3\n")
    result = run("--backprop")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["E * assert (1 + 1) == 3"])
    assert RIGHT not in result.stdout.str()
