"""`watch`: a save is noticed however an editor saves, the keys work, and the terminal is left as it was. No time is asserted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop_check
from backprop_check.cli.asked import asked
from backprop_check.cli.desk import Desk
from backprop_check.cli.main import main
from backprop_check.cli.progress import Progress
from backprop_check.cli.saves import Saves
from backprop_check.cli.screen import own_way
from backprop_check.exercise.course import find_course, packaged_course
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.author import silent
from backprop_check.training.run import Trainer

PATIENCE = 60.0
COMMAND = [sys.executable, "-m", "backprop_check", "watch", "ex05"]
SOLVED = (packaged_course().solutions / "ex05_broadcast.py").read_text()


def over(path: Path, text: str) -> None:
    """Save as most editors do: a new file renamed over the old one."""
    new = path.with_suffix(".swp")
    new.write_text(text)
    new.replace(path)


def away(path: Path, text: str) -> None:
    """Save as vim does with a backup: the old file renamed away, a new one written, the backup deleted."""
    backup = path.with_name(path.name + "~")
    path.replace(backup)
    path.write_text(text)
    backup.unlink()


def anew(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.3)
    path.write_text(text)


WAYS = [Path.write_text, over, away, anew]


Watched = tuple[threading.Event, Path]


@pytest.fixture(params=[False, True], ids=["native", "polling"])
def saves(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    path, saved = tmp_path / "ex05_broadcast.py", threading.Event()
    path.write_text("0")
    watching = Saves(path, saved.set, poll=request.param)
    time.sleep(0.5)
    yield saved, path
    watching.close()


def noticed(saved: threading.Event, seconds: float = PATIENCE) -> bool:
    came = saved.wait(seconds)
    saved.clear()
    return came


def test_every_way_of_saving_is_noticed(saves: Watched) -> None:
    saved, path = saves
    for number, save in enumerate(WAYS * 2):
        save(path, "x" * (number + 2))
        assert noticed(saved), save
        time.sleep(0.2)
        saved.clear()


def test_other_files_are_not_saves(saves: Watched) -> None:
    saved, path = saves
    path.with_name("other.py").write_text("x")
    path.with_name(".ex05_broadcast.py.swp").write_text("x")
    assert not noticed(saved, 0.5)


def test_a_burst_is_one_save_or_few(saves: Watched) -> None:
    saved, path = saves
    for number in range(50):
        path.write_text("x" * (number + 1))
    times = 0
    while noticed(saved, PATIENCE if times == 0 else 1):
        times += 1
        time.sleep(0.5)
    assert 1 <= times <= 3


def at_the_desk(course: Path, zygote: Zygote, name: str, size: tuple[int, int], *keys: str) -> list[str]:
    """Return the screens of a desk as text: the first, and the one after each key."""
    screens: list[str] = []

    async def sit() -> None:
        args = argparse.Namespace(exercise=name, time_limit=10.0, poll=True)
        desk = Desk(asked(args), args, zygote)
        async with desk.run_test(size=size) as pilot:
            for key in ("", *keys):
                if key:
                    await pilot.press(key)
                await pilot.pause(0.05)
                while desk.busy:
                    await pilot.pause(0.05)
                await pilot.pause()
                screens.append("\n".join("".join(s.text for s in line).rstrip() for line in desk.screen._compositor.render_strips()))

    asyncio.run(sit())
    return screens


@pytest.mark.parametrize("size", [(80, 24), (50, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_desk_shows_the_next_mistake_and_its_keys(course: Path, zygote: Zygote, size: tuple[int, int]) -> None:
    """Six mistakes in the longest exercise: the first in full, the others in a line each, nothing wrapped or scrolled away."""
    solved = (packaged_course().solutions / "ex13_mlp.py").read_text()
    for name, factor in (("dh", "2 *"), ("dhpreact", "3 *"), ("dlogits", "-"), ("db2", "1 +"), ("dbnvar", "4 *"), ("dC", "5 *")):
        assert f"    {name} = " in solved
        solved = solved.replace(f"    {name} = ", f"    {name} = {factor} ")
    (course / "exercises" / "ex13_mlp.py").write_text(solved)
    first, hint, explained, helped = at_the_desk(course, zygote, "ex13", size, "h", "e", "question_mark")
    lines = first.splitlines()
    assert len(lines) == size[1] and max(map(len, lines)) <= size[0]
    title = " A whole network" * (size[0] > 50)
    assert lines[0].lstrip("·").startswith(f"{title}  ex13  ·") and f"0 of {len(packaged_course().ids())} passed" in lines[0]
    assert "dlogits   ex13:83   wrong-sign" in first and "this minus does not belong here" in first
    # Of a graph that is cut the part around the mistake that is told:
    assert "logits✗" in first and re.search(r"^\.\.\. →|[✓✗] \.\.\.$", first, re.MULTILINE)
    assert "q quit" in first and len(first.split("watching ex13_mlp.py")[1].splitlines()) <= 4
    if size[1] > 20:
        assert all(f"✗ {name}   ex13:" in first for name in ("dh", "db2", "dhpreact", "dbnvar", "dC"))
    assert "dlogits  ex13, hint 1 of 4" in hint
    assert "wrong-sign" in explained
    assert "n  next" in helped
    assert all(not line or line.startswith("  ") for line in helped.splitlines()[4:-5] if "─" not in line and "→" not in line), helped


def test_the_keys_of_the_desk(course: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    path = course / "exercises" / "ex01_dot_product.py"
    path.write_text(path.read_text().replace("da = ...", "da = 2 * b\n    print(b.shape)"))
    screens = dict(zip("-hmtgnpls", at_the_desk(course, zygote, "ex01", (80, 40), *"hmtgnpls"), strict=True))
    assert "wrong-scale" in screens["-"] and "a✗ b·" in screens["-"]
    assert "hint 1 of 4" in screens["h"]
    assert "Yours is 2 times the slope, everywhere." in screens["m"]
    assert "torch.Size([3])" in screens["t"]
    assert "● c = a @ b" in screens["g"] and "`backprop-check graph ex01 --html`" in screens["g"]
    assert "ex01b: Dot product, squared" in screens["n"]
    assert "ex01: Dot product: each" in screens["p"] and "wrong-scale" in screens["p"]
    assert "✗ ex01    0/2" in screens["l"]
    assert "ask once more" in screens["s"]


def test_a_pass_says_what_comes_next(course: Path, zygote: Zygote) -> None:
    """Also where a chapter ends, whose checkpoint is nowhere else at the desk."""
    solutions = packaged_course().solutions
    *_, before, last = find_course(course).chapters()[0].exercises
    for name in find_course(course).chapters()[0].exercises[:-2]:
        Progress(course)._update(name, passed=True)
    for name in (before, last):
        (path,) = (course / "exercises").glob(f"{name}_*.py")
        path.write_text((solutions / path.name).read_text())
    screen, end = at_the_desk(course, zygote, before, (80, 40), "n")
    assert f"Next (n): {last}: Chain rule: along a path, slopes multiply." in screen
    assert "`First slopes` is done. Train (c): logarithms, with what you wrote." in end
    assert "The next chapter: Matrix products" in " ".join(end.split()) and "Next (n): ex01: " in end


def test_what_is_not_written_yet(course: Path, zygote: Zygote) -> None:
    """It is said what to do, and `e` shows the operations that the gradient comes back through."""
    first, explained = at_the_desk(course, zygote, "ex00", (80, 24), "e")
    assert "0 of 2 gradients right · next: db\nWrite an expression in the place of each `...` of ex00_slope.py and save" in first
    assert explained.split("─\n")[1].startswith("mul (*, multiply)\n   y = x * s\n"), explained


def test_training_at_the_desk(course: Path, zygote: Zygote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it came to stands first; a key stops it, and it goes on from there. The course is the exercise's, wherever one is."""
    path = course / "exercises" / "ex07_exp.py"
    monkeypatch.chdir(tmp_path)
    path.write_text(path.read_text().replace("da = ...", "da = dc"))
    states: list[str] = []
    advance, pause = Trainer.advance, [0.02]

    def slowly(*given: object) -> None:
        time.sleep(pause[0])  # a key has to come in time
        advance(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "advance", slowly)

    async def sit() -> list[str]:
        args = argparse.Namespace(exercise=str(path), time_limit=10.0, poll=True)
        desk = Desk(asked(args), args, zygote)
        bodies = []
        async with desk.run_test(size=(80, 24)) as pilot:
            for until_step in (1, 1000):
                while desk.busy:
                    await pilot.pause(0.02)
                await pilot.press("c")
                while desk.busy:
                    await pilot.pause(0.02)
                    states.append(desk.state)
                    if desk.state.startswith("training: step ") and int(re.split("[: ]+", desk.state)[2]) >= until_step:
                        await pilot.press("escape")
                bodies.append("\n".join(line.plain for line in desk.body))
                pause[0] = 0.0
        return bodies

    stopped, ended = asyncio.run(sit())
    assert "stopped after step " in stopped and stopped.endswith("; c goes on.")
    assert any(state.endswith("; escape stops") and "of 120, loss " in state for state in states)
    assert "Going on after step " in ended and "--fresh" not in ended
    assert ended.index("da alone bends yours") < ended.index("loss: o yours")


def test_a_report_is_written_anew_for_another_width(course: Path, zygote: Zygote) -> None:
    async def sit() -> list[str]:
        args = argparse.Namespace(exercise="ex05", time_limit=10.0, poll=True)
        desk = Desk(asked(args), args, zygote)
        async with desk.run_test(size=(80, 24)) as pilot:
            for size in ((80, 24), (40, 24)):
                await pilot.resize_terminal(*size)
                end = time.monotonic() + PATIENCE
                while (desk.busy or desk.width != size[0] - 1) and time.monotonic() < end:
                    await pilot.pause(0.05)
            return [line.plain for line in desk.body]

    assert max(map(len, asyncio.run(sit()))) < 40


def test_an_exercise_that_is_gone(course: Path, zygote: Zygote) -> None:
    """Its line says how to have it again, whatever is asked; the exercises beside it are where they were."""
    path = course / "exercises" / "ex05_broadcast.py"
    seen: dict[str, str] = {}

    async def sit() -> None:
        args = argparse.Namespace(exercise="ex05", time_limit=10.0, poll=True)
        desk, end = Desk(asked(args), args, zygote), time.monotonic() + PATIENCE
        async with desk.run_test(size=(100, 24)) as pilot:
            while desk.busy or desk.report is None:
                await pilot.pause(0.05)
            path.unlink()
            while desk.report is not None and time.monotonic() < end:
                await pilot.pause(0.05)
            for key in ("", *"hgmcnp"):
                if key == "p":
                    desk.question = asked(argparse.Namespace(exercise=str(path)))
                if key:
                    await pilot.press(key)
                await pilot.pause(0.05)
                while desk.busy:
                    await pilot.pause(0.05)
                seen[key] = f"{desk.question.id}: " + " ".join(line.plain.strip() for line in desk.body)

    asyncio.run(sit())
    assert all("`backprop-check reset ex05` writes it anew." in seen[key] for key in ("", *"hgmc"))
    before, after = (find_course(course).ids()[i] for i in (14, 15))
    assert seen["p"].startswith(f"{before}: ") and seen["n"].startswith(f"{after}: ")


def test_a_save_while_the_desk_is_open_is_checked(course: Path, zygote: Zygote) -> None:
    path = course / "exercises" / "ex05_broadcast.py"

    async def sit() -> str:
        args = argparse.Namespace(exercise="ex05", time_limit=10.0, poll=True)
        desk, end = Desk(asked(args), args, zygote), time.monotonic() + PATIENCE
        async with desk.run_test() as pilot:
            while desk.report is None:
                await pilot.pause(0.05)
            over(path, SOLVED)
            while (desk.report is None or desk.report.status != "passed" or desk.busy) and time.monotonic() < end:
                await pilot.pause(0.05)
            return "\n".join(line.plain for line in desk.body)

    told = asyncio.run(sit())
    assert "4 of 4 gradients right" in told and "The law: " in told


def test_the_editor_is_opened_at_the_mistake(course: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setenv("VISUAL", "vim -n")
    monkeypatch.setattr(Desk, "suspend", lambda self: contextlib.nullcontext())
    monkeypatch.setattr("subprocess.run", lambda words, **_: called.append(words))
    at_the_desk(course, zygote, "ex05", (80, 24), "o")
    assert called == [["vim", "-n", "+24", str(course / "exercises" / "ex05_broadcast.py")]]


def test_a_real_terminal(course: Path) -> None:
    """One session: the verdict after atomic saves, bad saves that end nothing, a key, and a terminal left as it was."""
    path = course / "exercises" / "ex05_broadcast.py"
    trained = next(packaged_course().solutions.glob("ex14b_*.py"))
    (course / "exercises" / trained.name).write_text(trained.read_text())
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent), "TERM": "xterm-256color"}
    process = subprocess.Popen(COMMAND, cwd=course, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    try:
        until(ours, "checking...", "0 of 4 gradients right")
        over(path, SOLVED)
        until(ours, "4 of 4 gradients right", "next (ex05b)")
        path.write_bytes(b"")
        until(ours, "is empty")
        path.write_bytes(b"\0\1\2")
        until(ours, "is binary")
        over(path, SOLVED.replace("keepdim=True", "keepdim=False"))
        until(ours, "3 of 4 gradients right")
        os.write(ours, b"c")
        until(ours, "escape stops", "With autograd's gradients it is the same")
        os.write(ours, b"l")
        until(ours, f"of {len(packaged_course().ids())} passed")
        os.write(ours, b"q")
        assert process.wait(PATIENCE) == 0
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def test_without_a_terminal_each_check_is_printed(course: Path) -> None:
    """Until the pipe that is its input ends."""
    path = course / "exercises" / "ex05_broadcast.py"
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent)}
    process = subprocess.Popen(COMMAND, cwd=course, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None and process.stdout is not None
    try:
        until(process.stdout.fileno(), "0 of 4 gradients right", "watching exercises/ex05_broadcast.py, Ctrl-C quits")
        over(path, SOLVED)
        until(process.stdout.fileno(), "4 of 4 gradients right", "Ctrl-C quits")
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until(terminal: int, *shown: str) -> None:
    """Read the terminal until all of `shown` has come, in this order."""
    seen, end = "", time.monotonic() + PATIENCE
    while not in_order(seen, shown):
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 1.0)[0]:
            seen += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")


def in_order(text: str, parts: tuple[str, ...]) -> bool:
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


@pytest.mark.parametrize("argv", [["watch", "ex99"], ["watch", "missing.py"]])
def test_what_cannot_be_watched(argv: list[str], course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_screen_is_written_while_an_authors_code_runs(capfd: pytest.CaptureFixture[str]) -> None:
    """The thread sends what is printed to nowhere meanwhile; the desk draws all the same, as while a training goes on."""
    first = sys.__stderr__
    with own_way(), silent():
        assert sys.__stderr__ is not None
        sys.__stderr__.write("drawn")
        sys.__stderr__.flush()
    assert capfd.readouterr().err == "drawn" and sys.__stderr__ is first
