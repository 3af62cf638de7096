"""Save to verdict in `watch`: from the rename that saves the file until the verdict stands on the terminal.

Run as `python benchmarks/watch.py [EX] [SAVES]`; the goals are 0.1 s for ex05 and 0.25 s for ex13. No test asserts it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOALS = {"ex05": 0.1, "ex13": 0.25}
VERDICT = re.compile(rb"(\d+) of (\d+) gradients? right")


def main() -> None:
    exercise, saves = (sys.argv[1:] + ["ex05", "10"][len(sys.argv) - 1 :])[:2]
    goal = f"  (goal {GOALS[exercise]} s)" if exercise in GOALS else ""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for part in ("exercises", "solutions"):
            shutil.copytree(ROOT / part, course / part)
        for poll in (False, True):
            seconds = measure(course, exercise, int(saves), poll)
            middle = statistics.median(seconds)
            how = "polling" if poll else "native "
            print(f"{exercise} {how}  save to verdict: median {middle:.3f} s, slowest {max(seconds):.3f} s{goal}", flush=True)


def measure(course: Path, exercise: str, saves: int, poll: bool) -> list[float]:
    """Save the stub and the solution by turns, each by renaming a new file over the old one; return the seconds of each save."""
    path = next((course / "exercises").glob(f"{exercise}_*.py"))
    texts = [(ROOT / "solutions" / path.name).read_text(), (ROOT / "exercises" / path.name).read_text()]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "backprop_check", "watch", exercise, *(["--poll"] if poll else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "checker"), "TERM": "xterm"}
    standard = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(command, cwd=course, env=environment, start_new_session=True, **standard)  # noqa: S603  (our own command)
    os.close(theirs)
    seconds = []
    try:
        await_verdict(ours, solved=False)
        for number in range(saves):
            drain(ours)
            new = path.with_suffix(".tmp")
            new.write_text(texts[number % 2])
            began = time.perf_counter()
            new.replace(path)
            await_verdict(ours, solved=number % 2 == 0)
            seconds.append(time.perf_counter() - began)
    finally:
        process.kill()
        os.close(ours)
    return seconds


def await_verdict(terminal: int, solved: bool) -> None:
    """Read the terminal until the verdict of a solved file, or of one that is not, has come."""
    seen = b""
    while not any((right == whole) == solved for right, whole in VERDICT.findall(seen)):
        seen += os.read(terminal, 65536)


def drain(terminal: int) -> None:
    while select.select([terminal], [], [], 0.5)[0]:
        os.read(terminal, 65536)


if __name__ == "__main__":
    main()
