"""Read what a worker says of one trial. Nothing it sends is believed before it is checked: learner code may write into the channel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from backprop_check.exercise.source import characters
from backprop_check.records import Answer, Raised, Run, Span, Submission, Trial
from backprop_check.submission import wire

FORWARD_CHANGES = 2000

WRONG_SHAPES = 1 << 22
"""Bytes of answers of wrong shapes that are kept in a trial; past them only the shape is."""


class Collector:
    """Answers as they come. Only the first final answer to a target counts: later ones may know the oracle.

    Its methods raise `Lost`, `ValueError`, `KeyError` or `TypeError` where a frame does not fit the submission.
    """

    def __init__(self, trial: Trial, submission: Submission, targets: Sequence[str]) -> None:
        self.trial, self.submission, self.targets = trial, submission, targets
        self.most, self._room, self._sent = wire.most_elements(trial.values), WRONG_SHAPES, 0
        self.answers: dict[str, Answer] = {}
        self.handed: set[str] = set()
        """The targets whose gradients the worker was given."""
        self.early: dict[str, Answer] = {}
        self.counts: dict[str | int, int] = {}
        self.told: dict[str, list[tuple[str, int]]] = {"changed": [], "rebound": []}
        self.passed: list[Raised] = []

    def count(self, kind: str | int) -> None:
        """Count a frame. A statement begins thrice (to print, dry run, real run), the first once more; the rest as the code asks."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] > (4 if isinstance(kind, int) else FORWARD_CHANGES):
            raise wire.Lost("more frames than there can be")

    def room(self, header: Mapping[str, Any]) -> int:
        """Return how many bytes may follow a header: only an answer to a target has any."""
        return wire.WIDEST * self.most if header["is"] == "answer" and header["name"] in self.targets else 0

    def begins(self, index: int) -> None:
        """Note that a statement begins; those before `backward` count from -1 downwards."""
        if not -len(self.submission.above) <= index < max(1, len(self.submission.statements)):
            raise ValueError("the submission has no such statement")
        self.count(index)

    def forward(self, kind: str, header: Mapping[str, Any]) -> None:
        """Note that a forward value was changed in place, or its name given another value."""
        self.count(kind)
        if header["name"] not in self.trial.values:
            raise ValueError("the forward has no such name")
        self.told[kind].append((header["name"], self.statement(header["index"])))

    def passing(self, header: Mapping[str, Any]) -> None:
        """Note that a statement stopped and was passed over."""
        self.count("passed")
        self.passed.append(self._raised(header["raised"]))

    def answer(self, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
        store, name = self.early if header["early"] else self.answers, header["name"]
        if name not in self.targets:
            raise ValueError("the exercise has no such target")
        self.count(f"answer to {name}")
        self._sent += sum(value.numel() * value.element_size() for value in tensors.values())
        if self._sent > 2 * len(self.targets) * wire.WIDEST * self.most:  # each target early and in the end
            raise wire.Lost("more bytes than there can be")
        if name not in self.answers and name not in store:
            store[name] = self._read(header, tensors)

    def broken_off(self) -> Run:
        """What stands of a run that ended early: a target that had no value yet is unanswered, unless its gradient was handed out."""
        run = self.run()
        return replace(run, order=tuple(n for n in run.order if n in self.handed or self.answers[n].state != "missing"))

    def run(self) -> Run:
        missing = Answer("missing")
        answers = {name: self.answers.get(name, missing) for name in self.targets}
        answers = {name: replace(a, early=self.early.get(name)) for name, a in answers.items()}
        return Run(self.trial, answers, tuple(self.told["changed"]), tuple(self.told["rebound"]), tuple(self.answers), tuple(self.passed))

    def _read(self, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Answer:
        index = None if header["index"] is None else self.statement(header["index"])
        state = header["state"]
        if state == "raised":
            return Answer("raised", index, raised=self._raised(header["raised"]))
        if state == "other":
            return Answer("other", index, kind=str(header["kind"])[:80])
        if state == "missing":
            return Answer("missing", index)
        shape = tuple(int(n) for n in header["shape"])
        if len(shape) > 64 or any(n < 0 for n in shape) or header["dtype"] not in wire.DTYPES:
            raise ValueError("no tensor has this shape")
        value = tensors.get("value")
        if (value is not None and tuple(value.shape) != shape) or (value is None and math.prod(shape) <= self.most):
            raise ValueError("the shape told is not the shape sent")
        if value is not None and shape != tuple(self.trial.gradients[header["name"]].shape):
            self._room -= value.numel() * value.element_size()
            value = value if self._room >= 0 else None
        return Answer("tensor", index, value=value, dtype=str(header["dtype"]), shape=shape)

    def _raised(self, told: Mapping[str, Any]) -> Raised:
        where = self.statement(told["index"]), self._span(told["span"])
        return Raised(str(told["kind"])[:80], str(told["message"])[:500], *where)

    def statement(self, index: Any) -> int:
        """Return the number of a statement of `backward`. Raises `ValueError` where none has it."""
        number = int(index)
        if not 0 <= number < len(self.submission.statements):
            raise ValueError("the submission has no such statement")
        return number

    def _span(self, told: Any) -> Span | None:
        if not told:
            return None
        line, column, end_line, end_column = (int(n) for n in told)
        if not 1 <= line <= end_line <= len(self.submission.lines) or min(column, end_column) < 0:
            raise ValueError("the submission has no such place")
        lines = self.submission.lines
        return line, characters(lines, line, column), end_line, characters(lines, end_line, end_column)
