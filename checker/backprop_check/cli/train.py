"""`train`: train a chapter's checkpoint with the learner's own gradients, beside autograd's."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.asked import NO_COURSE, about
from backprop_check.cli.check import judged
from backprop_check.cli.checkpoints import found, listed, show_all
from backprop_check.cli.main import complain
from backprop_check.cli.progress import Progress, write_atomically
from backprop_check.cli.screen import show, waiting, width, write
from backprop_check.cli.training_bar import bar, interrupts
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput
from backprop_check.exercise.course import STORE, find_course

if TYPE_CHECKING:
    from rich.text import Text

    from backprop_check.records import Report
    from backprop_check.training.run import Trainer, Training

SCHEMA, CHECKPOINTS = "backprop-check-training/1", "backprop-check-checkpoints/1"

MOST = 4
"""Wrong gradients in whose place autograd's is tried, one at a time."""

SAVED = 5.0
"""Seconds after which a training that goes on is saved again."""


def run(args: argparse.Namespace) -> int:
    """Check, train and show. Returns 0 where every gradient is right and the losses are autograd's."""
    course = args.course or find_course(Path.cwd())
    if args.checkpoint is None:
        if args.json:
            write(f"{json.dumps({'schema': CHECKPOINTS, 'checkpoints': listed(course)}, indent=2)}\n")
        else:
            show_all(course)
        return 0
    if course.packaged:
        raise BadInput(NO_COURSE)
    path, chapter = found(course, args.checkpoint)
    say = _unsaid if args.json else show

    def answer(status: str, message: str | None = None, **more: Any) -> None:
        if args.json:
            head = {"schema": SCHEMA, "checkpoint": path.stem, "chapter": chapter.title, "status": status, "message": message}
            write(f"{json.dumps({**head, **more}, indent=2, allow_nan=False)}\n")

    picture = _writable(args.svg) if args.svg else None
    with workers(args) as zygote, ExitStack() as stack:
        from rich.text import Text

        from backprop_check.report.json import as_json
        from backprop_check.submission.run import Limits
        from backprop_check.submission.steps import NoStep, Steps
        from backprop_check.trace.graph import load_graph
        from backprop_check.training import words
        from backprop_check.training.checkpoint import read_checkpoint
        from backprop_check.training.conclusion import outcome_lines
        from backprop_check.training.curve import svg
        from backprop_check.training.json import outcome
        from backprop_check.training.outcome import SAME, apart
        from backprop_check.training.run import Trainer

        args.zygote = zygote
        checkpoint = read_checkpoint(path)
        say(words.title_lines(checkpoint, chapter.title, width()))
        reports = {name: judged(about(course, course.find(name)), args) for name in checkpoint.trains}
        for report in reports.values():
            if report.message is not None:
                answer("error", report.message)
                return complain(report.message)
        say(words.checked_lines(reports, width()))
        graphs = {name: load_graph(report.exercise) for name, report in reports.items()}
        steps = {}
        for name, report in reports.items():
            assert report.submission is not None
            doubled = any("float32" in gradient.verdict.why for gradient in report.gradients)
            session = Steps(zygote, report.exercise, report.submission, Limits(args.time_limit), doubled=doubled)
            steps[name] = stack.enter_context(session)
        wrong = [(name, g.verdict.target.name) for name, report in reports.items() for g in words.wrong_ones(report)]
        kept = course.root / STORE / "training" / f"{path.stem}.pt"
        trainer = Trainer(checkpoint, graphs, steps)
        try:
            trainings = _trained(trainer, reports, wrong, args, kept)
            if trainings is None:
                answer("stopped", "It was stopped; the same command goes on.")
                return INTERRUPTED
            yours, autograds, *others = trainings
            same = max(apart(yours.losses, autograds.losses)) <= SAME
            rounding = not same and not wrong and trainer.agrees(yours)
        except NoStep as lack:
            say(words.untrained_lines(reports, lack, width()))
            answer("failed", words.why_untrained(lack), exercises=[as_json(report) for report in reports.values()])
            return 1
    seen = [words.drawn_lines(yours, autograds, width()), words.sample_lines(yours, width())]
    concluded = outcome_lines(reports, yours, autograds, others, rounding, width())
    for lines in [concluded, [Text()], *seen] if waiting() else [*seen, concluded]:  # a screen of its own is seen from its top
        say(lines)
    if picture is not None:
        write_atomically(picture, svg(words.curves(yours, autograds, others), checkpoint.title))
        if not args.json:
            write(f"The curves are in {shlex.quote(args.svg)}.\n")
    right = all(report.status == "passed" for report in reports.values()) and (same or rounding)
    if right and len(yours.losses) >= checkpoint.steps:
        Progress(course.root).train(path.stem)
    answer("passed" if right else "failed", **outcome(reports, trainings, same, rounding))
    return 0 if right else 1


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
    someone = waiting()
    if yours.losses and not args.json:
        anew = "" if someone else "; --fresh begins anew"
        write(f"Going on after step {len(yours.losses)}, where it was stopped{anew}.\n")
    saved, keeps = time.monotonic(), True

    def keep() -> None:
        nonlocal keeps
        try:
            if keeps:
                save(kept, digest, trainings)
        except OSError as error:
            complain(f"what is trained cannot be kept in {kept.parent} ({error.strerror}).")
            keeps = False

    with bar(steps, hidden=args.json) as shown, interrupts() as interrupted:

        def go_on(going: Sequence[Training], sampled: Sequence[int] = ()) -> bool:
            nonlocal saved
            for _ in trainer.go_on(going, steps, sampled):
                shown(going)
                if interrupted() or time.monotonic() - saved > SAVED:
                    keep()
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
        again = someone.again if someone else "the same command"
        complain(f"stopped after step {len(yours.losses)} of {steps}; {again} {'goes on' if keeps else 'begins anew'}.")
        return None
    with suppress(OSError):  # it is not there, or cannot be
        kept.unlink()
    return trainings


def _unsaid(lines: Iterable[Text]) -> None:
    """Say nothing: what is asked for is JSON."""


def _digest(trainer: Trainer, reports: Mapping[str, Report]) -> str:
    """What a training that was stopped must agree in with the one that goes on: the checkpoint, its exercises, the learner's code."""
    from backprop_check.submission.digest import code_digest

    submissions = [report.submission for report in reports.values() if report.submission is not None]
    told = [trainer.checkpoint.text, *(r.exercise.source for r in reports.values()), *map(code_digest, submissions)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _writable(name: str) -> Path:
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be written (there is no folder {path.parent})"
        raise BadInput(f"{path} {what}: name a file, as `--svg curves.svg`.")
    if path.exists() and b"<svg" not in path.read_bytes()[:200]:
        raise BadInput(f"{path} is there already and is no SVG picture, so it stays: name another file with --svg.")
    return path.resolve()
