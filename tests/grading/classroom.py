"""A small class, the command that grades it, and its processes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path, PurePosixPath
from typing import Any

import backprop_check
from backprop_check.cli.main import main
from backprop_check.exercise.parse import read_exercise
from backprop_check.grading.task import Setup, Task

ROOT = Path(__file__).parents[2]
EXERCISE = ROOT / "exercises" / "ex05_broadcast.py"
SOLUTION = (ROOT / "solutions" / "ex05_broadcast.py").read_text(encoding="utf-8")
HEAD = "import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n"
BODY = SOLUTION[SOLUTION.index("def backward") :].split("\n", 1)[1]
RIGHT = HEAD + BODY
SECRET = "5e" * 32


def setup(**more: Any) -> Setup:
    return Setup(**{"exercises": {"ex05": (EXERCISE.name, read_exercise(EXERCISE).source)}, "secret": SECRET, **more})


def task(text: str | bytes, name: str = "ada.py", given: Setup | None = None) -> Task:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return Task(name, PurePosixPath(name).stem, "ex05", data, (given or setup()).digest("ex05", data))


def argv(source: Path, out: Path, *more: str, exercise: str | None = "ex05") -> list[str]:
    """The command, with one judge where `more` says nothing of it: another costs its start and judges nothing otherwise."""
    asked = [*(["--exercise", exercise] if exercise else []), *([] if "--jobs" in more else ["--jobs", "1"])]
    return [sys.executable, "-m", "backprop_check", "grade", str(source), "--out", str(out), *asked, *more]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parents[1]), "COLUMNS": "100"}


def grade(source: Path, out: Path, *more: str, code: int = 0, exercise: str | None = "ex05", **how: Any) -> str:
    """Run the command to its end, in a process of its own only where `how` says more of it; return its one line on standard error, if any."""
    command = argv(source, out, *more, exercise=exercise)
    if how:
        run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, **how)
    else:
        run = called(command[3:], ROOT)
    assert run.returncode == code, run.stderr + run.stdout
    assert len(run.stderr.splitlines()) == (code != 0) and "Traceback" not in run.stdout, run.stderr
    return run.stderr


def called(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Give a command in `folder`, within this process."""
    with contextlib.chdir(folder), redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as error:
        code = main(command)
    return subprocess.CompletedProcess(command, code, out.getvalue(), error.getvalue())


def start(source: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        argv(source, out, *more), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def lines(out: Path) -> dict[str, dict[str, Any]]:
    """Return the results by submission, without the seconds. Every line is whole, and there is one a submission."""
    text = (out / "results.jsonl").read_text(encoding="ascii")
    assert text == "" or text.endswith("\n")
    told = [json.loads(line) for line in text.splitlines()]
    found = {line["submission"]: {**line, "seconds": None} for line in told}
    assert len(found) == len(told)
    return found


def count(out: Path) -> int:
    """Return how many whole lines there are at the moment."""
    path = out / "results.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def until(happens: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something and return it."""
    end = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


def below(pid: int) -> Iterator[tuple[int, int]]:
    """Yield (depth, process id) of all that descends from `pid`, by /proc.

    1 is the nursery, 2 are judges, 3 their zygotes (the process that waits for process 1 of the namespaces, which is 4), 5 workers.
    """
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (told := _stat(folder)) and told[0] != "Z":
            children.setdefault(int(told[1]), []).append(int(folder.name))
    waiting = [(1, child) for child in children.get(pid, [])]
    while waiting:
        depth, each = waiting.pop()
        yield depth, each
        waiting += [(depth + 1, child) for child in children.get(each, [])]


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if (told := _stat(Path(f"/proc/{pid}"))) and told[0] != "Z"}


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)


def _stat(folder: Path) -> list[str] | None:
    try:
        return (folder / "stat").read_text(errors="replace").rpartition(") ")[2].split()
    except OSError:  # ended meanwhile
        return None
