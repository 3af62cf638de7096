"""`watch`: check again at every save, and do what the keys on the screen say. One process: torch is loaded once."""

from __future__ import annotations

import argparse
import os
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.asked import NO_COURSE, Asked, asked, next_after
from backprop_check.cli.keys import QUIT, Keys, keyboard
from backprop_check.cli.main import main
from backprop_check.cli.saves import Saves
from backprop_check.cli.screen import show, width
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput
from backprop_check.exercise.course import exercise_id
from backprop_check.report.layout import prose

if TYPE_CHECKING:
    from backprop_check.submission.zygote import Zygote


def run(args: argparse.Namespace) -> int:
    """Watch one exercise until the learner quits; every check, hint and list is the command of that name, run in this process."""
    question = asked(args)
    if question.course.packaged and question.exercise.parent == question.course.exercises:
        raise BadInput(NO_COURSE)
    if not question.exercise.is_file():
        raise BadInput(f"{question.exercise}: there is no such file to watch. Check its name.")
    with workers(args) as zygote:
        import backprop_check.flow  # noqa: F401  (loaded before the first save is waited for)

        with keyboard() as keys:
            try:
                _Watch(question, args, keys, zygote).loop()
            except KeyboardInterrupt:
                print()
    return 0


class _Watch:
    def __init__(self, question: Asked, args: argparse.Namespace, keys: Keys, zygote: Zygote) -> None:
        self.question, self.args, self.keys, self.zygote = question, args, keys, zygote
        self.path = question.exercise
        self.saves = Saves(self.path, args.poll)

    def loop(self) -> None:
        try:
            self.check()
            while (todo := self.wait()) != QUIT:
                if todo == "r":
                    self.check()
                elif todo == "n":
                    self.next()
                elif todo == "h":
                    self.command("hint", str(self.path))
                elif todo == "l":
                    self.command("list")
        finally:
            self.saves.close()

    def wait(self) -> str:
        """Return the next key, or "r" when the file was saved."""
        sources = [self.saves.fileno()] + ([self.keys.descriptor] if self.keys.descriptor is not None else [])
        while True:
            # A signal may reach another thread, as after Ctrl-Z and `fg`; its handler runs when this one comes round.
            ready, _, _ = select.select(sources, [], [], 0.5)
            if self.saves.fileno() in ready and self.saves.taken():
                return "r"
            if self.keys.descriptor in ready:
                pressed = self.keys.pressed()
                known = [key for key in pressed if key in "rnhlq"]
                if known:
                    return QUIT if QUIT in known else known[-1]

    def check(self) -> None:
        _clear()
        self.saves.taken()  # what was saved until now is what is checked
        self.command("check", str(self.path), "--time-limit", f"{self.args.time_limit:g}")

    def command(self, *words: str) -> None:
        code = main(words, self.zygote)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        self.footer(done=words[0] == "check" and code == 0)

    def footer(self, done: bool) -> None:
        following = self.following()
        go_on = f"n next ({exercise_id(following)})" if following else ""
        keys = [k for k in ("r run", go_on, "h hint", "l list", "q quit") if k] if self.keys.terminal else ["Ctrl-C quits"]
        passed = f"{exercise_id(self.path)} passes. " if done else ""
        said = (f"{passed}{time.strftime('%H:%M:%S')} watching {_near(self.path)}", " · ".join(keys))
        show([Text(), *(line for text in said for line in prose(text, width(), indent=0))])
        sys.stdout.flush()

    def next(self) -> None:
        following = self.following()
        if following is None:
            print("There is no other exercise left to go on to.", flush=True)
            return
        self.saves.close()
        self.path = following
        self.saves = Saves(self.path, self.args.poll)
        self.check()

    def following(self) -> Path | None:
        return next_after(self.question.course, self.path) if self.question.own else None


def _clear() -> None:
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        sys.stdout.write("\x1b[H\x1b[2J")


def _near(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
