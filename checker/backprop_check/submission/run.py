"""Run a submission in a worker, trial by trial, and collect what it gave. The clock stands here."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch

from backprop_check.exercise.top_level import surroundings_text
from backprop_check.records import Exercise, Outcome, Run, Statement, Submission, Trial
from backprop_check.submission import wire
from backprop_check.submission.answers import Collector
from backprop_check.submission.digest import told
from backprop_check.submission.prints import LONGEST, may_print
from backprop_check.submission.workers import Workers

KINDS: Mapping[Outcome, str] = {"timeout": "TimeoutError", "memory": "MemoryError"}
"""As what kind of exception the end of a worker is told; any other is a `ProcessEnded`."""

KILL = 9
"""The signal that systems end a process with when memory runs out."""

OWN_END = 0.1
"""Seconds a worker that closed its channel may take to end, before it is killed."""


class Ended(Exception):
    """The worker hung, ended or broke the protocol while the statement `index` ran.

    Statements of `backward` count from 0, those before it from -1 downwards; None: none had begun.
    """

    def __init__(self, index: int | None, why: str, outcome: Outcome) -> None:
        super().__init__(why)
        self.index, self.why, self.outcome = index, why, outcome


class NothingRan(Exception):
    """`backward` was not reached, or no time was left for it; the message is for the learner."""

    def __init__(self, message: str, outcome: Outcome = "crashed") -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True)
class Limits:
    """What a submission may take, in seconds: each statement, and all its trials together."""

    statement: float = 10.0
    whole: float = math.inf


@dataclass
class Session:
    """One submission in one worker at a time. Use as a context manager; `restart` follows a worker that ended.

    `early`, `restored` and `doubled` are the ways of running of design section 3 that give a second opinion: targets replaced at their
    own last write, forward names bound to the forward's values again after each target, float32 read as float64. With `prints`, what the
    learner's code prints is kept in `printed`, line by line, by statement. `until` (of
    `time.monotonic`) is when the whole submission's time is up. `ends` tells how workers ended that were not asked to, `broken_off` are
    the runs in which they did: what was answered there stands, for gradients were handed out for it.
    """

    zygote: Workers
    exercise: Exercise
    submission: Submission
    limits: Limits = Limits()
    until: float = math.inf
    early: Sequence[str] = ()
    restored: Sequence[str] = ()
    doubled: bool = False
    prints: bool = False
    skipped: dict[int, tuple[str, str]] = field(default_factory=dict)
    prelude_errors: list[tuple[int, str]] = field(default_factory=list)
    ends: list[Outcome] = field(default_factory=list)
    broken_off: list[Run] = field(default_factory=list)
    printed: dict[int, list[str]] = field(default_factory=dict)
    _killed: bool = False

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, draw: Callable[[], Trial]) -> Run:
        """Run the submission on the trial that `draw` gives, and on a fresh one each time a statement has to be skipped.

        Raises `NothingRan` when the submission cannot be started at all, or its time is up.
        """
        while True:
            try:
                return self._trial(draw())
            except Ended as ended:
                if ended.outcome == "memory" and not self._killed:
                    self._killed = True  # once may have been somebody's `kill`; another time it is the submission
                    self._start()
                    continue
                self.ends.append(ended.outcome)
                where = f"{self.submission.place}: the file"
                if time.monotonic() >= self.until:
                    raise NothingRan(f"{where} took longer than {self.limits.whole:g} s in all.", "timeout") from None
                if ended.index is None or ended.index in self.skipped or len(self.skipped) > 20:
                    raise NothingRan(f"{where}'s own code {ended.why} before `backward` could run.", ended.outcome) from None
                if ended.index < 0:
                    self.prelude_errors.append((ended.index, f"this {ended.why}"))
                self.skipped[ended.index] = KINDS.get(ended.outcome, "ProcessEnded"), ended.why
                self._stop()
                self._start()

    def _start(self) -> None:
        self.printed = {index: lines for index, lines in self.printed.items() if index in self.skipped}
        end, self._pid = self.zygote.spawn()
        self._channel = wire.Channel.opened(end)
        with contextlib.suppress(wire.Lost):  # it has ended already; the first trial will find out
            self._channel.send(self._order())

    def _order(self) -> dict[str, Any]:
        """What a worker is told before all else."""
        return {
            "exercise": surroundings_text(self.exercise.source),
            **told(self.submission),
            "statements": [[sorted(s.writes), s.value is not None, _writes_unseen(s)] for s in self.submission.statements],
            "targets": [target.name for target in self.exercise.targets],
            "early": list(self.early),
            "restored": list(self.restored),
            "doubled": self.doubled,
            "prints": self.prints
            and may_print(self.submission.body, self.submission.prelude, *(m.text for m in self.submission.modules.values())),
            "steps": False,
            "skipped": {str(i): how for i, how in self.skipped.items()},
        }

    def _stop(self, patience: float = 0.0) -> int | None:
        self._channel.close()
        pid, self._pid = self._pid, 0
        return self.zygote.end(pid, patience) if pid else None

    def _trial(self, trial: Trial) -> Run:
        targets = [target.name for target in self.exercise.targets]
        collector = Collector(trial, self.submission, targets)
        index: int | None = None
        deadline = self._deadline()

        def begin(told: Any) -> None:
            nonlocal index, deadline
            collector.begins(begun := int(told))
            index, deadline = begun, self._deadline()

        def give(names: Any) -> None:
            collector.count("want")
            wanted = [n for n in targets if n in names and n in trial.gradients and n in collector.answers]
            collector.handed.update(wanted)
            self._channel.send({}, {name: trial.gradients[name].to(trial.dtype) for name in wanted})

        try:
            plain = {name: v for name, v in trial.values.items() if not isinstance(v, torch.Tensor)}
            tensors = {name: v for name, v in trial.values.items() if isinstance(v, torch.Tensor)}
            dtype = str(trial.dtype).removeprefix("torch.")
            with contextlib.suppress(wire.Lost):  # it may have ended already; what it sent before that says where
                self._channel.send({"plain": plain, "dtype": dtype}, tensors)
            while True:
                header, received = self._channel.receive(deadline, collector.room, wire.ANSWER_HEADER_LIMIT)
                kind = header.get("is")
                if kind == "at":
                    begin(header["index"])
                elif kind == "answer":
                    collector.answer(header, received)
                    if "want" in header:
                        give(header["want"])
                    if "at" in header:
                        begin(header["at"])
                elif kind == "want":
                    give(header["names"])
                elif kind in ("changed", "rebound"):
                    collector.forward(kind, header)
                elif kind == "prelude":
                    collector.count(kind)
                    if collector.answers:
                        raise wire.Lost("a word from before `backward` comes too late")
                    self.prelude_errors.append((self._before(int(header["index"])), str(header["error"])[:500]))
                elif kind == "printed" and self.prints:
                    collector.count(kind)
                    printing = collector.statement(header["index"])
                    if not header["silent"] or "print" in self.submission.statements[printing].source:
                        self.printed.setdefault(printing, []).append(str(header["line"])[: LONGEST + 3])
                elif kind == "passed":
                    collector.passing(header)
                elif kind == "done":
                    return collector.run()
                else:
                    raise wire.Lost("a frame of no known kind")
        except (wire.Lost, LookupError, TypeError, ValueError, ArithmeticError) as lost:
            if collector.answers:
                self.broken_off.append(collector.broken_off())
            raise Ended(index, *self._reason(lost)) from None

    def _before(self, index: int) -> int:
        """Return the number of a statement before `backward`. Raises `LookupError` where none has it."""
        if not -len(self.submission.above) <= index < 0:
            raise LookupError("no statement before `backward` has this number")
        return index

    def _deadline(self) -> float:
        return min(time.monotonic() + self.limits.statement, self.until)

    def _reason(self, lost: Exception) -> tuple[str, Outcome]:
        if str(lost) == "late":
            return f"took longer than {self.limits.statement:g} s", "timeout"
        if str(lost) != "ended":
            return "broke off the talk with the judge", "refused"
        code = self._stop(OWN_END)
        if code is None:
            return "closed its connection to the judge", "crashed"
        if code >= 0:
            return f"ended the process, with status {code}", "crashed"
        if code == -KILL:
            return "was killed by the system, as happens when memory runs out", "memory"
        return f"ended the process ({(signal.strsignal(-code) or f'signal {-code}').lower()})", "crashed"


def _writes_unseen(statement: Statement) -> bool:
    """Whether a statement may write into a tensor and leave its version as it was."""
    return any(way in statement.source for way in (".data", "numpy"))
