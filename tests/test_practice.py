"""Practice: drawn exercises that are sound and fit the mistake, when one is due, and the command as a learner meets it."""

from __future__ import annotations

import builtins
import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from backprop_check.authoring.slips.names import Names
from backprop_check.cli.asked import about
from backprop_check.cli.main import main
from backprop_check.cli.practice import another
from backprop_check.diagnosis.pages import pages
from backprop_check.exercise.course import locate
from backprop_check.practice import history
from backprop_check.practice.aims import AIMS
from backprop_check.practice.compose import LEVELS, STAGES, compose, fingerprint, level_of, text_of
from backprop_check.practice.draw import TRIES, draw
from backprop_check.practice.history import AGAIN, GOOD, HARD, Entry
from backprop_check.practice.schedule import standings
from backprop_check.practice.slips import SLIPS, made
from backprop_check.submission.workers import Workers, forked

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Workers]:
    with forked() as workers:
        yield workers


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["init", "c"]) == 0
    monkeypatch.chdir(tmp_path / "c")
    capsys.readouterr()
    return tmp_path / "c"


def answer(path: Path, **lines: str) -> None:
    text = path.read_text()
    for name, line in lines.items():
        assert f"    {name} = ..." in text
        text = text.replace(f"    {name} = ...", f"    {name} = {line}")
    path.write_text(text)


def solve(course: Path, name: str) -> None:
    (course / "practice" / f"{name}.py").write_text((course / ".backprop-check" / "practice" / f"{name}.py").read_text())


# what is drawn


@pytest.mark.parametrize("level", LEVELS)
def test_graphs_are_of_their_level_and_read_as_sentences(level: int) -> None:
    drawn = [compose(Random(n), level) for n in range(60)]
    fewest, most = LEVELS[level]
    for sheet in drawn:
        assert sheet is not None
        text = text_of(sheet)
        names = [*sheet.inputs, *(name for name, _ in sheet.lines)]
        assert fewest <= len(sheet.lines) <= most and level_of(len(sheet.lines)) == level
        assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Za-z]+(_inv|2)?", name) for name in names)
        assert not {f"d{name}" for name in names} & set(names)
        story = text.split('"""')[1]
        assert all(re.search(rf"\b{name}\b", story) for name in names), text  # every name is told of
        assert all(sentence.endswith(".") and "  " not in sentence for sentence in sheet.said)
    assert len({fingerprint(sheet) for sheet in drawn if sheet}) > 35


def test_the_first_level_is_of_tables_but_for_mistakes_of_more_axes() -> None:
    def most(code: str) -> int:
        sheets = [compose(Random(f"axes {n}"), 1, AIMS.get(code, ())) for n in range(60)]
        return max(len(value.axes) for sheet in sheets if sheet is not None for value in sheet.values)

    assert [most(code) for code in ("", "missing-transpose", "scrambled-reshape")] == [2, 2, 2]
    assert most("not-reshaped") >= 3 and most("wrong-permutation") >= 3


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_stage_says_of_its_value_is_so(level: int) -> None:
    """The axes, and that what is said to be positive or within bounds is."""
    for n in range(100):
        sheet = compose(Random(f"run {n}"), level)
        assert sheet is not None
        scope: dict[str, Any] = {}
        exec(text_of(sheet).replace("return dict(", "return dict(locals(), **dict(").replace("    )\n", "    ))\n", 1), scope)
        drawn = scope["inputs"]()
        values = {**drawn, "torch": torch, "F": torch.nn.functional}
        for name, text in sheet.lines:
            values[name] = eval(text, values)
        for value in sheet.values:
            got = values[value.name]
            assert tuple(got.shape) == tuple(eval(axis.replace("·", "*"), dict(drawn)) for axis in value.axes), text_of(sheet)
            assert bool(got.isfinite().all()), text_of(sheet)
            assert value.kind not in ("positive", "prob") or bool((got > 0).all())
            assert value.kind != "soft" or float(got.abs().max()) <= 1


def test_the_same_graph_under_other_names_is_the_same() -> None:
    sheet = compose(Random(3), 2)
    other = compose(Random(3), 2)
    assert sheet is not None and other is not None
    name = next(iter(other.inputs))
    other.inputs = {("zz" if n == name else n): text for n, text in other.inputs.items()}
    other.lines = [(n, re.sub(rf"\b{name}\b", "zz", text)) for n, text in other.lines]
    assert fingerprint(sheet) == fingerprint(other)
    assert fingerprint(sheet) != fingerprint(next(s for n in range(9) if (s := compose(Random(n + 4), 2)) is not None))


def test_those_in_the_document_are_drawn_so() -> None:
    """Each is the graph of one of the tries for its number, told in the same words."""
    text = (Path(__file__).parents[1] / "docs" / "practice.md").read_text(encoding="utf-8")
    shown = re.findall(r"Number (\d+), at level (\d), for (?:`([\w-]+)`|no mistake):\n\n```python\n(.*?)\n```", text, re.S)
    assert len(shown) == 10
    for number, level, code, exercise in shown:
        seeds = (Random(f" p{int(number):04} {code} {level} {attempt}") for attempt in range(TRIES))
        sheets = [sheet for seed in seeds if (sheet := compose(seed, int(level), AIMS.get(code, ()))) is not None]
        assert any(plain(text_of(sheet)) == plain(exercise) for sheet in sheets), number


def plain(text: str) -> str:
    """A text without what `draft` adds: comments of shapes, imports, space."""
    return "\n".join(line.split("  #")[0].strip() for line in text.split("\n") if line.strip() and not line.startswith("import"))


def test_every_mistake_that_is_practised_has_a_page_and_stages() -> None:
    assert set(AIMS) <= {page.code for page in pages()}
    assert {stage for stages in AIMS.values() for stage in stages} <= set(STAGES)
    assert set(SLIPS) <= set(AIMS)


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("lost-keepdim", 1),
        ("missing-transpose", 1),
        ("missing-branch", 2),
        ("missing-scatter", 1),
        ("swapped-where", 1),
        ("wrong-mask", 1),
        ("", 3),
    ],
)
def test_an_exercise_is_sound_and_shows_its_mistake(code: str, level: int, zygote: Workers) -> None:
    """`draw` has made the mistake in the solution, and the engine has named it; here that the text is an exercise by `dev check`."""
    drawn = draw("t", "p0001", level, code, zygote)
    assert drawn.examined.findings == () and drawn.level == level
    assert "= ..." not in drawn.solution and "= ..." in drawn.exercise
    if code == "lost-keepdim":
        assert draw("t", "p0001", level, code, zygote) == drawn
        assert draw("t", "p0001", level, code, zygote, lambda graph: graph == drawn.graph).graph != drawn.graph


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        ("missing-label", "(torch.softmax(x, 1) - F.one_hot(Y, 3)) / n", "torch.softmax(x, 1) / n"),
        ("missing-mask", "torch.where(m, dy, 0).sum(0)", "dy.sum(0)"),
        ("missing-mask", "dy.masked_fill(m, 0)", "dy"),
        ("missing-scatter", "torch.zeros_like(x).index_put((ix,), dy, accumulate=True)", "dy"),
        ("scrambled-reshape", "(dy.T @ x).T", "(dy.T @ x).reshape(x.shape)"),
        ("scrambled-reshape", "dy.transpose(0, 1)", "dy.reshape(x.shape)"),
        ("sum-before-product", "(dy * x).sum(1, keepdim=True)", "dy.sum(1, keepdim=True) * x.sum(1, keepdim=True)"),
        ("swapped-where", "torch.where(m, dy, 0)", "torch.where(m, 0, dy)"),
        ("wrong-mask", "(x > 0) * dy", "(x > 0 + 1) * dy"),
        ("mask-as-gradient", "(x > 0) * dy", "x > 0"),
        ("wrong-sign", "x * dy", "-(x * dy)"),
    ],
)
def test_a_slip_is_made_in_the_right_line(code: str, right: str, wrong: str) -> None:
    names = Names({"x": (7, 3), "dy": (7, 3), "y": (7, 3)})
    assert f"dx = {wrong}" in [mutant.code for mutant in made(code, "dx", right, names, ())]


# when it is due


def entry(code: str, rating: int, days: float, exercise: str = "ex05", lines: int = 3) -> Entry:
    return history.entry(code, rating, exercise, lines, NOON + timedelta(days=days))


def test_a_slip_is_due_at_once_and_later_each_time_that_it_is_avoided() -> None:
    log = [entry("lost-keepdim", AGAIN, 0)]
    (slipped,) = standings(log, AIMS)
    assert slipped.due == NOON and slipped.slips and slipped.level == level_of(3) and slipped.last == "ex05"
    waits = []
    for _ in range(3):
        (before,) = standings(log, AIMS)
        log.append(Entry(before.due.isoformat(), "lost-keepdim", GOOD, "p0001", 3))
        (after,) = standings(log, AIMS)
        assert not after.slips and after.level == level_of(3) + 1
        waits.append(after.due - before.due)
    assert timedelta(days=1) <= waits[0] < waits[1] < waits[2]
    log.append(Entry(standings(log, AIMS)[0].due.isoformat(), "lost-keepdim", AGAIN, "p0009", 6))
    (again,) = standings(log, AIMS)
    assert again.slips and again.due == log[-1].when and again.level == level_of(6) and again.made == 2


def test_what_was_passed_with_help_comes_back_at_once_and_the_oldest_slip_first() -> None:
    log = [
        entry("wrong-sign", AGAIN, 0.2),
        entry("lost-keepdim", AGAIN, 0.1),
        entry("wrong-sign", HARD, 0.3),
        entry("unheard-of", AGAIN, 0),
    ]
    assert [(one.code, one.slips) for one in standings(log, AIMS)] == [("lost-keepdim", True), ("wrong-sign", True)]


def test_the_log_keeps_what_it_can_read(tmp_path: Path) -> None:
    history.add(tmp_path / "s", [entry("wrong-sign", AGAIN, 0)])
    path = tmp_path / "s" / history.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open("a") as file:
        file.write(
            '{"at": "yesterday"}\nno json\n[1]\n{"at": "2026-03-02T12:00:00", "code": "x", "rating": 1, "exercise": "e", "lines": 1}\n'
        )
        file.write('{"at": "2026-03-02T12:00:00+00:00", "code": "x", "rating": 7, "exercise": "e", "lines": 1}\n')
    history.add(tmp_path / "s", [entry("wrong-sign", GOOD, 1)])
    assert [e.rating for e in history.read(tmp_path / "s")] == [AGAIN, GOOD]
    assert history.read(tmp_path / "none") == []


# the command


def test_a_learner_slips_practises_and_reads_the_report(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["practice", "--report"]) == 0
    assert "No mistake of yours is known yet" in capsys.readouterr().out
    ex05 = course / "exercises" / "ex05_broadcast.py"
    answer(ex05, dcounts_sum_inv="(counts * dprobs).sum(1)")
    assert main(["ex05"]) == 1 and main(["ex05"]) == 1
    log = course / ".backprop-check" / history.FILE
    assert [json.loads(line)["code"] for line in log.read_text().splitlines()] == ["lost-keepdim"]  # once, though checked twice
    capsys.readouterr()

    assert main(["practice"]) == 0
    told = capsys.readouterr().out
    assert "practice/p0001.py" in told and "last made in ex05" in told and "lost-keepdim" not in told
    assert main(["practice"]) == 0 and "practice/p0001.py" in capsys.readouterr().out  # it is open still
    assert another(about(*locate("p1", course)), None) is None  # type: ignore[arg-type]  # so the desk draws none
    assert main(["p1"]) == 1
    assert main(["solution", "p1"]) == 0
    assert "ask once more: `backprop-check solution p0001`" in capsys.readouterr().out
    drawn = json.loads((course / ".backprop-check" / "progress.json").read_text())["exercises"]["p0001"]["drawn"]
    assert drawn["code"] == "lost-keepdim" and drawn["level"] == level_of(3)

    assert main(["practice", "--report"]) == 0
    assert re.search(r"What still slips\n +lost-keepdim: due now, at level 2 of 4; made once, last in ex05", capsys.readouterr().out)
    stored = json.loads((course / ".backprop-check" / "progress.json").read_text())
    del stored["exercises"]["p0001"]["asked"]  # as if the solution had not been asked for
    (course / ".backprop-check" / "progress.json").write_text(json.dumps(stored))
    solve(course, "p0001")
    assert main(["practice/p0001.py"]) == 0
    assert "Next: `backprop-check practice`" in capsys.readouterr().out
    assert [json.loads(line)["rating"] for line in log.read_text().splitlines()] == [AGAIN, GOOD]
    assert main(["practice", "--report"]) == 0
    report = capsys.readouterr().out
    assert re.search(r"What you got right since\n +lost-keepdim: due on \w+, \d+ \w+ \d{4}, at level 3 of 4", report)
    assert "1 of 1 practice exercises passed" in report

    assert main(["practice"]) == 0
    assert "practice/p0002.py" in (told := capsys.readouterr().out) and "no mistake of yours was due: the next is on" in told
    broken = (course / "practice" / "p0002.py").read_text().replace("return", "return 2 *", 1)
    (course / "practice" / "p0002.py").write_text(broken + "\nx = = 3\n")
    assert main(["reset", "p2", "--yes"]) == 0
    assert "= ..." in (course / "practice" / "p0002.py").read_text()


def test_help_and_asking_for_the_solution_count(course: Path) -> None:
    from backprop_check.cli.progress import Progress

    folder = course / ".backprop-check"
    history.add(folder, [entry("wrong-sign", AGAIN, 0)])
    for name, facts, rating in (("p0001", {}, GOOD), ("p0002", {"hints": {"dx": {"step": 1}}}, HARD), ("p0003", {"asked": 2}, AGAIN)):
        progress = Progress(course)
        progress.drawn(name, "wrong-sign", 1, "graph")
        progress._update(name, **facts)
        progress._remember(name, {}, True, 2)
        progress._update(name, passed=True)
        progress._remember(name, {}, True, 2)  # once passed, nothing more is noted
        assert [e.rating for e in history.read(folder) if e.exercise == name] == [rating]
    progress = Progress(course)
    progress.drawn("p0004", "wrong-sign", 1, "graph")
    progress._remember("p0004", {"dx": "wrong-sign"}, False, 2)
    progress._update("p0004", slips={"dx": "wrong-sign"})
    progress._remember("p0004", {}, True, 2)  # made in it, and mended: it stays due
    assert [e.rating for e in history.read(folder) if e.exercise == "p0004"] == [AGAIN]


def test_without_a_course_or_fsrs_one_line_says_what_to_do(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["p9"]) == 2
    assert "`backprop-check practice` draws one" in capsys.readouterr().err
    history.add(course / ".backprop-check", [entry("wrong-sign", AGAIN, 0)])
    imports = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "fsrs":
            raise ImportError(name)
        return imports(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["practice"]) == 2
    assert re.fullmatch(r"backprop-check: .*`pip install fsrs`.*\n", capsys.readouterr().err)
    os.chdir(tmp_path)
    assert main(["practice"]) == 2
    assert "backprop-check init my-course" in capsys.readouterr().err
