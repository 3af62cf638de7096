"""`watch`: a save is noticed however an editor saves, the keys work, and the terminal is left as it was. No time is asserted."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop_check
from backprop_check.cli.keys import QUIT, Keys, keyboard
from backprop_check.cli.main import main
from backprop_check.cli.saves import Saves
from backprop_check.exercise.course import packaged_course

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


@pytest.fixture(params=[False, True], ids=["native", "polling"])
def saves(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Saves, Path]]:
    path = tmp_path / "ex05_broadcast.py"
    path.write_text("0")
    watching = Saves(path, poll=request.param)
    time.sleep(0.5)
    yield watching, path
    watching.close()


def noticed(watching: Saves, seconds: float = PATIENCE) -> bool:
    return bool(select.select([watching.fileno()], [], [], seconds)[0]) and watching.taken()


def test_every_way_of_saving_is_noticed(saves: tuple[Saves, Path]) -> None:
    watching, path = saves
    for number, save in enumerate(WAYS * 2):
        save(path, "x" * (number + 2))
        assert noticed(watching), save
        time.sleep(0.2)
        watching.taken()


def test_other_files_are_not_saves(saves: tuple[Saves, Path]) -> None:
    watching, path = saves
    path.with_name("other.py").write_text("x")
    path.with_name(".ex05_broadcast.py.swp").write_text("x")
    assert not noticed(watching, 0.5)


def test_a_burst_is_one_save_or_few(saves: tuple[Saves, Path]) -> None:
    watching, path = saves
    for number in range(50):
        path.write_text("x" * (number + 1))
    times = 0
    while noticed(watching, PATIENCE if times == 0 else 1):
        times += 1
        time.sleep(0.5)
    assert 1 <= times <= 3


def test_keys_of_a_pipe_are_its_end_only() -> None:
    ours, theirs = os.pipe()
    keys = Keys(ours, terminal=False)
    os.write(theirs, b"rnq")
    assert keys.pressed() == []
    os.close(theirs)
    assert keys.pressed() == [QUIT]
    os.close(ours)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_the_terminal_is_put_back(error: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setattr("sys.stdin", os.fdopen(theirs, closefd=False))
    before, handler = termios.tcgetattr(theirs), signal.getsignal(signal.SIGTERM)
    try:
        with keyboard() as keys:
            assert keys.terminal and termios.tcgetattr(theirs) != before
            os.write(ours, b"N\x04")
            select.select([theirs], [], [], PATIENCE)
            assert keys.pressed() == [QUIT]
            if error is not None:
                raise error
    except (KeyboardInterrupt, ValueError):
        pass
    assert termios.tcgetattr(theirs) == before
    assert signal.getsignal(signal.SIGTERM) is handler
    os.close(ours)


def test_a_real_terminal(course: Path) -> None:
    """One session: the verdict after atomic saves, a bad save that ends nothing, the keys, and a terminal left as it was."""
    path = course / "exercises" / "ex05_broadcast.py"
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent), "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(COMMAND, cwd=course, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    try:
        until(ours, "0 of 4 gradients right", "q quit")
        over(path, SOLVED)
        until(ours, "4 of 4 gradients right", "ex05 passes.", "n next (ex05b)")
        path.write_bytes(b"")
        until(ours, "is empty", "q quit")
        path.write_bytes(b"\0\1\2")
        until(ours, "is binary", "q quit")
        away(path, SOLVED.replace("dprobs = (1 - act**2) * dact", "dprobs = (1 - act**2) *"))
        until(ours, "28", "q quit")
        over(path, SOLVED.replace("keepdim=True", "keepdim=False"))
        until(ours, "3 of 4 gradients right", "q quit")
        for key, shown in (("r", "3 of 4 gradients"), ("h", "hint 1 of 4"), ("l", "1 of 22 passed"), ("n", "0 of 3 gradients")):
            os.write(ours, key.encode())
            until(ours, shown, "q quit")
        os.write(ours, b"q")
        assert process.wait(PATIENCE) == 0
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


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
