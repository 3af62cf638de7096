"""`train`: train a chapter's checkpoint with the learner's own gradients, beside autograd's."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.asked import NO_COURSE, about
from backprop_check.cli.check import judged
from backprop_check.cli.main import complain
from backprop_check.cli.progress import FOLDER, Progress, write_atomically
from backprop_check.cli.screen import room, show, width, write
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.checkpoint import heading
from backprop_check.exercise.course import CHECKPOINTS, Course, exercise_id, find_course, names_exercise
from backprop_check.exercise.outline import FILE, Chapter

if TYPE_CHECKING:
    from backprop_check.records import Report
    from backprop_check.training.run import Trainer, Training

MOST = 4
"""Wrong gradients in whose place autograd's is tried, one at a time."""

SAVED = 5.0
"""Seconds after which a training that goes on is saved again."""


def run(args: argparse.Namespace) -> int:
    """Check, train and show. Returns 0 where every gradient is right and the losses are autograd's."""
    course = find_course(Path.cwd())
    if args.checkpoint is None:
        return _list(course)
    if course.packaged:
        raise BadInput(NO_COURSE)
    path, chapter = _found(course, args.checkpoint)
    picture = _writable(args.svg) if args.svg else None
    with workers(args) as zygote, ExitStack() as stack:
        from backprop_check.submission.run import Limits
        from backprop_check.submission.steps import NoStep, Steps
        from backprop_check.trace.graph import load_graph
        from backprop_check.training import words
        from backprop_check.training.checkpoint import read_checkpoint
        from backprop_check.training.curve import svg
        from backprop_check.training.outcome import SAME, apart
        from backprop_check.training.run import Trainer

        args.zygote = zygote
        checkpoint = read_checkpoint(path)
        show(words.title_lines(checkpoint, chapter.title, width()))
        reports = {name: judged(about(course, course.find(name)), args) for name in checkpoint.trains}
        for report in reports.values():
            if report.message is not None:
                return complain(report.message)
        show(words.checked_lines(reports, width()))
        graphs = {name: load_graph(report.exercise) for name, report in reports.items()}
        steps = {}
        for name, report in reports.items():
            assert report.submission is not None
            doubled = any("float32" in gradient.verdict.why for gradient in report.gradients)
            session = Steps(zygote, report.exercise, report.submission, Limits(args.time_limit), doubled=doubled)
            steps[name] = stack.enter_context(session)
        wrong = [(name, g.verdict.target.name) for name, report in reports.items() for g in words.wrong_ones(report)]
        kept = course.root / FOLDER / "training" / f"{path.stem}.pt"
        trainer = Trainer(checkpoint, graphs, steps)
        try:
            trainings = _trained(trainer, reports, wrong, args, kept)
        except NoStep as lack:
            show(words.untrained_lines(reports, lack, width()))
            return 1
        if trainings is None:
            return INTERRUPTED
        yours, autograds, *others = trainings
        same = max(apart(yours.losses, autograds.losses)) <= SAME
        rounding = not same and not wrong and not yours.broken and trainer.agrees(yours)
    show(words.drawn_lines(yours, autograds, width()))
    show(words.sample_lines(yours, width()))
    show(words.outcome_lines(reports, yours, autograds, others, rounding, width()))
    if picture is not None:
        write_atomically(picture, svg(words.curves(yours, autograds, others), checkpoint.title))
        write(f"The curves are in {shlex.quote(args.svg)}.\n")
    passed = all(report.status == "passed" for report in reports.values())
    return 0 if passed and (same or rounding) else 1


def _trained(
    trainer: Trainer, reports: Mapping[str, Report], wrong: Sequence[tuple[str, str]], args: argparse.Namespace, kept: Path
) -> list[Training] | None:
    """Return the trainings: the learner's, autograd's and, where these differ, one for each of the first wrong gradients.

    None where a Ctrl-C ended them: what is done is kept then. Raises `NoStep`.
    """
    from backprop_check.training.outcome import SAME, apart
    from backprop_check.training.run import AUTOGRAD, YOURS
    from backprop_check.training.state import load, save

    steps = args.steps or trainer.checkpoint.steps
    digest = _digest(trainer, reports)
    known = [] if args.fresh else [training for training in load(kept, digest) if len(training.losses) <= steps]
    trainings = known if len(known) >= 2 else [trainer.begin(YOURS), trainer.begin(AUTOGRAD)]
    yours, autograds = trainings[:2]
    if yours.losses:
        write(f"Going on after step {len(yours.losses)}, where it was stopped; --fresh begins anew.\n")
    saved = time.monotonic()
    with _bar(steps) as shown, _interrupts() as interrupted:

        def go_on(going: Sequence[Training], sampled: Sequence[int] = ()) -> bool:
            nonlocal saved
            for _ in trainer.go_on(going, steps, sampled):
                shown(going)
                if interrupted() or time.monotonic() - saved > SAVED:
                    save(kept, digest, trainings)
                    saved = time.monotonic()
                if interrupted():
                    return False
            return True

        done = go_on([yours, autograds], (0, steps // 10, steps))
        for replaced in wrong[:MOST] if done and max(apart(yours.losses, autograds.losses)) > SAME else ():
            training = next((t for t in trainings if t.replaced == replaced), None)
            if training is None:
                trainings.append(training := trainer.begin(f"with autograd's {replaced[1]}", replaced))
            done = done and go_on([training])
    if not done:
        complain(f"stopped after step {len(yours.losses)} of {steps}; the same command goes on.")
        return None
    kept.unlink(missing_ok=True)
    return trainings


def _digest(trainer: Trainer, reports: Mapping[str, Report]) -> str:
    """What a training that was stopped must agree in with the one that goes on: the checkpoint, its exercises, the learner's code."""
    from backprop_check.submission.digest import code_digest

    submissions = [report.submission for report in reports.values() if report.submission is not None]
    told = [trainer.checkpoint.text, *(r.exercise.source for r in reports.values()), *map(code_digest, submissions)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


@contextmanager
def _bar(steps: int) -> Iterator[Callable[[Sequence[Training]], None]]:
    """Show how far a training is; without a terminal nothing. It is drawn when it is told, and never while an author's code runs."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stdout)
    with Progress(*columns, console=console, transient=True, auto_refresh=False, disable=not console.is_terminal) as progress:
        task = progress.add_task("training", total=steps, losses="")

        def shown(going: Sequence[Training]) -> None:
            losses = ", ".join(f"{name} {t.losses[-1]:.3g}" for name, t in zip(("loss", "autograd's"), going, strict=False))
            what = "training" if going[0].replaced is None else going[0].name
            progress.update(task, completed=len(going[0].losses), description=what, losses=losses)
            progress.refresh()

        yield shown


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Note a Ctrl-C in the place of raising it: a step is taken whole. A second one raises. Where none is to be heard, as before."""
    asked = False
    before = signal.getsignal(signal.SIGINT)

    def noted(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and callable(before):
            before(number, frame)
        asked = True

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    signal.signal(signal.SIGINT, noted)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _found(course: Course, name: str) -> tuple[Path, Chapter]:
    """Return the checkpoint that is asked for by its name, or by an exercise of its chapter, and the chapter. Raises `BadInput`."""
    chapters = [chapter for chapter in course.chapters() if chapter.checkpoint]
    chapter = next((chapter for chapter in chapters if chapter.checkpoint == name), None)
    if chapter is None:
        if not names_exercise(name) and not name.isdigit():
            instead = meant(near(name.lower(), [c.checkpoint for c in chapters], 1), "`backprop-check train` lists them.")
            raise BadInput(f"There is no checkpoint {name!r}: {instead}")
        exercise = exercise_id(course.find(name))
        chapter = course.chapter(exercise)
        if chapter is None or not chapter.checkpoint:
            where = f"The chapter {chapter.title!r}, which {exercise} is in," if chapter else f"{exercise} is in no chapter, which"
            raise BadInput(f"{where} has no checkpoint: `backprop-check train` lists those that there are.")
    path = course.checkpoint(chapter.checkpoint)
    if path is None:
        raise BadInput(f"{CHECKPOINTS}/{chapter.checkpoint}.py of the course is not there: {FILE} names it for {chapter.title!r}.")
    return path, chapter


def _list(course: Course) -> int:
    """Show the checkpoints, chapter by chapter, and whether what they train with is passed."""
    progress = Progress(None if course.packaged else course.root)
    chapters = [chapter for chapter in course.chapters() if chapter.title]
    if not any(chapter.checkpoint for chapter in chapters):
        raise BadInput(f"The course in {course.root} has no checkpoints: docs/training.md of backprop-check says how to write one.")
    lines = []
    for chapter in chapters:
        path = course.checkpoint(chapter.checkpoint) if chapter.checkpoint else None
        if path is None:
            lines.append(f"  {chapter.title}: no checkpoint")
            continue
        title, trains = heading(path)
        open_ones = [name for name in trains if not progress.passed(name)]
        state = f"after {open_ones[0]}{f' and {len(open_ones) - 1} more' * (len(open_ones) > 1)}" if open_ones else "ready"
        lines.append(f"{'·' if open_ones else '✓'} {chapter.checkpoint:14} {title.split(':')[0]} ({chapter.title}; {state})")
    columns = room() or sys.maxsize
    write("".join(f"{line if len(line) <= columns else line[: columns - 3].rstrip() + '...'}\n" for line in lines))
    write("\n`backprop-check train NAME` trains with what you wrote; so does an exercise of its chapter.\n")
    return 0


def _writable(name: str) -> Path:
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be written (there is no folder {path.parent})"
        raise BadInput(f"{path} {what}: name a file, as `--svg curves.svg`.")
    if path.exists() and b"<svg" not in path.read_bytes()[:200]:
        raise BadInput(f"{path} is there already and is no SVG picture, so it stays: name another file with --svg.")
    return path.resolve()
