"""The screens of docs/desk.md: a learner's session with `watch` in tmux, from `init` to a pass of ex05.

Run as `python benchmarks/desk.py`, with tmux installed: it writes the screens anew into the page, in its order.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "desk.md"
COMMAND = [sys.executable, "-m", "backprop_check"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "checker"), "PYTHONDONTWRITEBYTECODE": "1"}
RIGHT = ["torch.ones_like(act)", "(1 - act**2) * dact", "counts_sum_inv * dprobs", "(counts * dprobs).sum(1, keepdim=True)"]
PATIENCE, BUSY = 120.0, "checking..."


class Terminal:
    """A learner's terminal of so many cells, at a fresh course, with the desk open at ex05."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self.server = f"desk-{os.getpid()}-{columns}"
        subprocess.run([*COMMAND, "init", str(folder)], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
        (self.file,) = (folder / "exercises").glob("ex05_*.py")
        self.stub = self.file.read_text()
        command = f"exec {shlex.join([*COMMAND, 'watch', 'ex05'])}"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), command)
        self.shows("watching")

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self.server, "-f", os.devnull, *words]
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout  # noqa: S603

    def save(self, *answers: str) -> None:
        """Write the file with these answers, in the exercise's order, and the others not written yet."""
        given = iter(answers)
        self.file.write_text(re.sub(r"(?<= = )\.\.\.", lambda dots: next(given, dots[0]), self.stub))

    def shows(self, word: str) -> str:
        """Return the screen once it is finished and has `word` on it, with the clock as it is in the page."""
        until, last = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until:
            screen = self.tmux("capture-pane", "-p").rstrip()
            if word in screen and "watching" in screen and BUSY not in screen and screen == last:
                return re.sub(r"^\d\d:\d\d:\d\d", "10:15:30", screen, flags=re.MULTILINE)
            last = screen
            time.sleep(0.2)
        raise TimeoutError(word)

    def key(self, key: str) -> None:
        self.tmux("send-keys", key)


def screens(folder: Path) -> Iterator[str]:
    """Yield the page's screens in its order."""
    narrow = Terminal(folder / "narrow", 50, 20)
    narrow.save(RIGHT[0], "1 - act**2 * dact")
    yield narrow.shows("right-by-accident")
    narrow.key("q")
    usual = Terminal(folder / "usual", 80, 24)
    usual.save(*RIGHT[:2], "counts_sum_inv")
    yield usual.shows("missing-upstream")
    usual.key("h")
    usual.shows("hint 1")
    usual.key("h")
    yield usual.shows("hint 2")
    usual.save(*RIGHT[:3], RIGHT[3].replace(", keepdim=True", ""))
    yield usual.shows("lost-keepdim")
    usual.key("g")
    yield usual.shows("the output")
    usual.key("q")
    wide = Terminal(folder / "wide", 120, 40)
    wide.save(*RIGHT)
    yield wide.shows("4 of 4")
    wide.key("q")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        new = iter([*screens(Path(folder))])  # to its end, so that the last terminal closes too
        PAGE.write_text(re.sub(r"(?<=```text\n).*?(?=\n```)", lambda _: next(new), PAGE.read_text(), flags=re.DOTALL))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
