"""Run a submission in a worker, trial by trial, and collect what it gave. The clock stands here."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from checker.records import Exercise, Run, Submission, Trial
from checker.submission import wire
from checker.submission.answers import Collector
from checker.submission.zygote import Zygote


class Ended(Exception):
    """The worker hung, ended or broke the protocol while the statement `index` ran.

    Statements of `backward` count from 0, those before it from -1 downwards; None: none had begun.
    """

    def __init__(self, index: int | None, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.index, self.why, self.line = index, why, line


class NothingRan(Exception):
    """Not even the start of `backward` was reached; the message is for the learner."""


@dataclass
class Session:
    """One submission in one worker at a time. Use as a context manager; `restart` follows a worker that ended.

    `early` and `restored` are the ways of running of design section 3 that give a second opinion: targets replaced at their own last
    write, and forward names bound to the forward's values again after each target.
    """

    zygote: Zygote
    exercise: Exercise
    submission: Submission
    time_limit: float = 10.0
    early: Sequence[str] = ()
    restored: Sequence[str] = ()
    skipped: dict[int, str] = field(default_factory=dict)
    prelude_errors: list[tuple[int, str]] = field(default_factory=list)

    def __enter__(self) -> Session:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, draw: Callable[[], Trial]) -> Run:
        """Run the submission on the trial that `draw` gives, and on a fresh one each time a statement has to be skipped.

        Raises `NothingRan` when the submission cannot be started at all.
        """
        while True:
            try:
                return self._trial(draw())
            except Ended as ended:
                if ended.index is None or ended.index in self.skipped or len(self.skipped) > 20:
                    raise NothingRan(f"{self.submission.place}: the file's own code {ended.why} before `backward` could run.") from None
                if ended.index < 0:
                    self.prelude_errors.append((ended.line or 1, f"this {ended.why}"))
                self.skipped[ended.index] = ended.why
                self._stop()
                self._start()

    def _start(self) -> None:
        self._channel, self._pid = self.zygote.spawn()
        self._fresh = True
        order = {
            "prelude": self.submission.prelude,
            "body": self.submission.body,
            "bare": self.submission.bare,
            "parameters": self.submission.parameters,
            "targets": [target.name for target in self.exercise.targets],
            "early": list(self.early),
            "restored": list(self.restored),
            "skipped": {str(i): why for i, why in self.skipped.items()},
        }
        wire.send(self._channel, order)

    def _stop(self) -> int:
        self._channel.close()
        return self.zygote.end(self._pid)

    def _trial(self, trial: Trial) -> Run:
        collector = Collector(trial, self.submission)
        index, line, deadline = None, None, time.monotonic() + self.time_limit
        try:
            plain = {name: v for name, v in trial.values.items() if not isinstance(v, torch.Tensor)}
            tensors = {name: v for name, v in trial.values.items() if isinstance(v, torch.Tensor)}
            dtype = str(trial.dtype).removeprefix("torch.")
            with contextlib.suppress(wire.Lost):  # it may have ended already; what it sent before that says where
                wire.send(self._channel, {"plain": plain, "dtype": dtype}, tensors)
            while True:
                header, received = wire.receive(self._channel, deadline)
                kind = header.get("is")
                if kind == "at":
                    index, line = int(header["index"]), header.get("line")
                    collector.count(index)
                    deadline = time.monotonic() + self.time_limit
                elif kind == "answer":
                    collector.answer(header, received)
                elif kind == "want":
                    wanted = [n for n in header["names"] if n in trial.gradients and n in collector.answers]
                    wire.send(self._channel, {}, {name: trial.gradients[name].to(trial.dtype) for name in wanted})
                elif kind in ("changed", "rebound"):
                    collector.forward(kind, header)
                elif kind == "prelude":
                    collector.count(kind)
                    self.prelude_errors.append((int(header["line"]), str(header["error"])))
                elif kind == "done":
                    return collector.run([target.name for target in self.exercise.targets])
                else:
                    raise wire.Lost("a frame of no known kind")
        except (wire.Lost, LookupError, TypeError, ValueError, ArithmeticError) as lost:
            raise Ended(index, self._reason(lost), line if isinstance(line, int) else None) from None

    def _reason(self, lost: Exception) -> str:
        if str(lost) == "late":
            return f"took longer than {self.time_limit:g} s"
        if str(lost) in ("ended", "[Errno 32] Broken pipe", "[Errno 104] Connection reset by peer"):
            return "ended the process"
        return "broke off the talk with the judge"


def fresh_seed() -> int:
    """A seed no submission can foresee."""
    return int.from_bytes(os.urandom(6), "little")
