"""The desk of `watch`: one screen with the course, the exercise's graph, the next mistake, and a key for every other command."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from textwrap import wrap

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from backprop_check.cli.asked import Asked, about, next_after, place
from backprop_check.cli.practice import another
from backprop_check.cli.saves import Saves
from backprop_check.cli.screen import Waiting, held, own_way
from backprop_check.errors import BadInput
from backprop_check.exercise.course import exercise_id
from backprop_check.exercise.definition import course_exercise
from backprop_check.records import Exercise, Gradient, Report
from backprop_check.report.home import course_line, mistake_lines, nodes_lines
from backprop_check.report.layout import cut, prose, visible
from backprop_check.submission.workers import Workers, started

KEYS = {
    "r": ("run", "check again now"),
    "n": ("next", "the next exercise that is not passed"),
    "p": ("back", "the exercise before this one"),
    "h": ("hint", "a hint, a clearer one each time"),
    "g": ("graph", "the forward as a picture"),
    "e": ("explain", "the page of the next mistake, or of what is to be written"),
    "t": ("prints", "what your code printed"),
    "m": ("numbers", "what each number does to the loss, beside your gradient"),
    "s": ("solution", "the solution, once passed or when asked twice"),
    "c": ("train", "the chapter's checkpoint: a small model trains with your gradients"),
    "o": ("open", "the file in $EDITOR"),
    "l": ("list", "how far you are, chapter by chapter"),
    "?": ("help", "what the keys do"),
    "q": ("quit", "leave"),
}
NAMED = {"?": "question_mark"}
BUSY = "checking..."
NARROW = 60
"""Columns up to which the keys stand closer, so that they take no more than three lines."""
AT_HAND = {r"^Next: `backprop-check (\w+)`": r"Next (n): \1", r"`backprop-check train (\w+)` trains": r"Train (c): \1,"}
"""What a command line proposes, and what it is at the desk, where a key does it."""
AT_LINE = {"vi", "vim", "nvim", "nano", "emacs", "emacsclient", "kak", "micro", "joe", "ne"}
"""Editors that open a file at a line when told `+LINE` before it."""


def sit_down(question: Asked, args: argparse.Namespace) -> None:
    """Run the desk until the learner quits. torch is loaded behind the first screen, here and in the process that workers come from."""
    with started() as workers, own_way():
        Desk(question, args, workers).run()


class Desk(App[None]):
    """The screen. All that takes time runs in one thread, one thing after the other; saves that come meanwhile are one."""

    CSS = "#head, #foot { height: auto; } #pane { height: 1fr; scrollbar-size-vertical: 1; } #body { height: auto; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [  # noqa: RUF012  (Textual's own way)
        *(Binding(NAMED.get(key, key), f"key('{key}')", show=False) for key in KEYS),
        Binding("escape", "key('escape')", show=False),
        Binding("ctrl+c,ctrl+d,ctrl+q", "quit", show=False, priority=True),
    ]

    def __init__(self, question: Asked, args: argparse.Namespace, zygote: Workers) -> None:
        super().__init__(ansi_color=True)
        self.question, self.args, self.zygote = question, args, zygote
        self.exercise = _read(question)
        self.report: Report | None = None
        self.body: list[Text] = []
        self.state = BUSY
        self.waiting: Callable[[], object] | None = None
        self.done: Callable[[], object] | None = None
        self.width = 0
        self.busy = False
        self.trains = self.enough = False
        self.executor = ThreadPoolExecutor(1)
        self.saves: Saves | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with VerticalScroll(id="pane"):
            yield Static(id="body")
        yield Static(id="foot")

    def on_mount(self) -> None:
        self.loop = loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name) and hasattr(loop, "add_signal_handler") and os.name == "posix":
                loop.add_signal_handler(getattr(signal, name), self.exit)
        self._watch_saves()
        self.do(self.check)

    def on_unmount(self) -> None:
        self.enough = True
        if self.saves is not None:
            self.saves.close()
        self.executor.shutdown(wait=False, cancel_futures=True)

    def on_resize(self) -> None:
        self.call_after_refresh(self.resized)

    def resized(self) -> None:
        self.draw()
        if self.done == self.check and self.width != self.columns:  # what a key shows may be shown once more only by its key
            self.do(self.check)

    def action_key(self, key: str) -> None:
        if key == "q":
            self.exit()
        elif key in ("n", "p"):
            self.do(lambda: self.move(key))
        elif key == "o":
            self.open()
        elif key in ("c", "escape") and self.trains:
            self.enough = True
        elif key in ("r", "escape"):
            self.do(self.check)
        else:
            self.do(lambda: self.look(key))

    def do(self, job: Callable[[], object]) -> None:
        """Do a job in the thread, after what is being done; of several that wait only the last is done. A training stops for it."""
        self.waiting, self.enough = job, True
        self.state = BUSY
        self.draw()
        if not self.busy:
            self.busy = True
            self.run_worker(self._work_off(), exit_on_error=True)

    async def _work_off(self) -> None:
        try:
            while self.waiting is not None:
                job, self.waiting, self.enough = self.waiting, None, False
                await asyncio.get_running_loop().run_in_executor(self.executor, job)
                self.done = job
                self.state = f"{time.strftime('%H:%M:%S')} watching {self.question.exercise.name}"
                self.draw()
                self.query_one("#pane", VerticalScroll).scroll_home(animate=False)
        finally:
            self.busy = False

    # What follows, up to `draw`, runs in the thread.

    def check(self) -> None:
        """Check the exercise; its first mistake is the body."""
        from backprop_check.cli.check import judged, learned

        self.width = self.columns
        before = self.question.progress.of(self.question.id).get("targets", {})
        with held(self.columns) as said:
            try:
                self.report = judged(self.question, self.args_of_check())
                if self.report.message is not None:
                    said[:0] = self.complaint(self.report.message)
                    self.report = None
                else:
                    steps = self.further(self.report)
                    on = (line for step in steps for line in prose(_at_hand(step), self.columns, indent=0))
                    said[:0] = [*mistake_lines(self.report, self.columns), *on, *learned(self.question, self.report, before)]
            except BadInput as error:
                self.report = None
                said[:0] = self.complaint(str(error))
        self.exercise = self.report.exercise if self.report is not None else _read(self.question)
        self.body = said

    def further(self, report: Report) -> list[str]:
        """What there is to do next: after a pass, and where nothing is written yet."""
        from backprop_check.cli.check import next_steps

        if report.status == "passed":
            return next_steps(self.question, report)
        unwritten = all(gradient.verdict.status == "missing" for gradient in report.gradients)
        begin = f"Write an expression in the place of each `...` of {self.question.exercise.name} and save; o opens it."
        return [begin] if unwritten else []

    def complaint(self, message: str) -> list[Text]:
        """What is wrong with the file, called by its name alone, as at the foot of the screen."""
        return list(prose(message.replace(str(self.question.exercise), self.question.exercise.name), self.columns))

    def look(self, key: str) -> None:
        """Show what a command shows, in the place of the report."""
        from backprop_check.cli.main import main

        wrong = self.wrong()
        if key == "?":
            self.body = list(_keys_lines(self.columns))
            return
        if key == "t":
            self.body = self.printed()
            return
        if key in "hgmc" and not self.question.exercise.exists():
            self.check()  # which says so
            return
        pages = [wrong.diagnoses[0].code] if wrong is not None and wrong.diagnoses else self.operations(wrong) if key == "e" else []
        path = str(self.question.exercise)
        command = {
            "h": ["hint", path],
            "g": ["graph", path],
            "e": ["explain", "--", *pages[:1]],
            "m": ["check", path, "--numeric"],
            "s": ["solution", path],
            "c": ["train", self.question.id],
            "l": ["list"],
        }[key]
        self.trains = key == "c"
        with held(self.columns, Waiting(self.tell, lambda: self.enough, "c")) as said:
            main(command, self.zygote, self.question.course)
            for another_page in pages[1:] if key == "e" else ():
                said.append(Text())
                main(["explain", "--", another_page], self.zygote)
            if key == "g":
                page = f"`backprop-check graph {self.question.named} --html` makes a page for a browser of it, to go through step by step."
                said += [Text(), *prose(page, self.columns, indent=0, style="dim")]
        self.trains, self.body = False, said

    def operations(self, gradient: Gradient | None) -> list[str]:
        """The operations that a gradient comes back through, which is not written yet."""
        from backprop_check.derivation.lesson import lesson
        from backprop_check.trace.graph import load_graph

        if gradient is None or self.report is None or self.report.submission is None:
            return []
        taught = lesson(load_graph(self.report.exercise), self.report.submission, gradient.verdict)
        return list(dict.fromkeys(operation.name for use in taught.uses for way in use.ways for operation in way))

    def tell(self, how_far: str) -> None:
        """Show how far the thread is with what takes long."""

        def told() -> None:
            if self.busy and self.waiting is None:
                self.state = f"{how_far}; escape stops"
                self.draw()

        with suppress(RuntimeError):  # it has been left meanwhile
            self.loop.call_soon_threadsafe(told)

    def printed(self) -> list[Text]:
        from backprop_check.report.text import printed_lines

        lines = [line for g in self.report.gradients for line in printed_lines(g, self.columns)] if self.report is not None else []
        return lines or [Text("   Your code printed nothing.")]

    def move(self, key: str) -> None:
        """Go on to another exercise of the course."""
        question = self.question
        files = question.course.files() if question.own else []
        at = place(question.course, question.exercise) if files else 0
        there = next_after(question.course, question.exercise) if question.own and key == "n" else files[at - 1] if at else None
        if there is None and question.course.drawn and key == "n":
            there = another(question, self.zygote)
        if there is None:
            none = "Pass this one: then n draws another." if question.course.drawn else "There is no other exercise left to go on to."
            self.body = [Text(f"   {none}" if key == "n" else "   This is the first exercise.")]
            return
        self.question = about(question.course, there)
        self.call_from_thread(self._watch_saves)
        self.check()

    def wrong(self) -> Gradient | None:
        """The first gradient that is not right."""
        return next((g for g in self.report.gradients if g.verdict.status != "correct"), None) if self.report is not None else None

    def args_of_check(self) -> argparse.Namespace:
        return argparse.Namespace(zygote=self.zygote, time_limit=self.args.time_limit, verbose=False)

    # From here on, Textual's own thread.

    def draw(self) -> None:
        """Write the three parts anew."""
        if not self.is_attached or not self.query("#foot"):
            return
        for name, lines in (("head", self.head()), ("body", self.body), ("foot", self.foot())):
            self.query_one(f"#{name}", Static).update(Text("\n").join(lines))

    @property
    def columns(self) -> int:
        return max(20, self.size.width - 1)

    def head(self) -> Iterable[Text]:
        question, exercise, width = self.question, self.exercise, self.columns
        if exercise is None or exercise.path.name != question.exercise.name:  # not read, or on the way to another
            yield Text(question.id, style="bold")
            return
        stored = question.progress.of(question.id).get("targets", {})
        statuses = {g.verdict.target.name: g.verdict.status for g in self.report.gradients} if self.report is not None else stored
        known = {target.name: statuses.get(target.name, "missing") for target in exercise.targets}
        if question.own and not question.course.drawn:
            states = {name: question.progress.state(name) for name in question.course.ids()}
            yield course_line(states, question.id, width, question.course.chapters())
        yield Text(cut(f"{exercise.id}: {visible(exercise.title)}", width), style="bold")
        yield from nodes_lines(exercise, known, width)
        yield Text("─" * width, style="dim")

    def foot(self) -> Iterable[Text]:
        following = next_after(self.question.course, self.question.exercise) if self.question.own else None
        names = {key: name for key, (name, _) in KEYS.items()}
        names["n"] = f"next ({exercise_id(following)})" if following else "next"
        yield Text("─" * self.columns, style="dim")
        yield from prose(self.state, self.columns, indent=0, style="bold" if self.state == BUSY else "")
        between = " · " if self.columns > NARROW else "  "
        keys = between.join(f"{key} {name}".replace(" ", "\u00a0") for key, name in names.items())  # a key and its name stand in one line
        yield from (Text(line.replace("\u00a0", " "), style="dim") for line in wrap(keys, self.columns))

    def _watch_saves(self) -> None:
        if self.saves is not None:
            self.saves.close()
        loop = asyncio.get_running_loop()
        self.saves = Saves(self.question.exercise, lambda: loop.call_soon_threadsafe(self.do, self.check), self.args.poll)

    def open(self) -> None:
        """Open the file in the learner's editor, at the next mistake; the screen comes back when the editor ends."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(filter(shutil.which, ("nano", "vi", "notepad")), "")
        if not editor:
            self.body = [Text("   Set EDITOR to the name of your editor, as `export EDITOR=nano`.")]
            self.draw()
            return
        words, wrong = shlex.split(editor), self.wrong()
        place = [f"+{wrong.line}"] if wrong is not None and wrong.line and Path(words[0]).name in AT_LINE else []
        with self.suspend():
            try:
                subprocess.run([*words, *place, str(self.question.exercise)], check=False)  # noqa: S603  (the learner's own editor)
            except OSError as error:
                self.body = [Text(f"   {editor} could not be started ({error.strerror}): set EDITOR to another.")]
        self.refresh(layout=True)
        self.draw()


def _at_hand(step: str) -> str:
    for command, key in AT_HAND.items():
        step = re.sub(command, key, step)
    return step


def _keys_lines(width: int) -> Iterable[Text]:
    column = max(len(name) for name, _ in KEYS.values())
    for key, (name, does) in KEYS.items():
        first, *rest = wrap(does, width - column - 7)
        yield Text.assemble(f"  {key}  ", (f"{name:{column}}", "bold"), f"  {first}")
        yield from (Text(" " * (column + 7) + line) for line in rest)
    yield from prose("arrows, page up and page down scroll; escape goes back to the report", width, style="dim")


def _read(question: Asked) -> Exercise | None:
    """The exercise, None where it cannot be read. Only one thread may parse at a time: Python 3.11's parser counts its depth for all."""
    try:
        return course_exercise(question.course, question.exercise)
    except BadInput:
        return None
