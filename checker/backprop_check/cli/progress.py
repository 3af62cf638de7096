"""What a learner has done so far, in `.backprop-check/progress.json` of the course. Nothing here needs torch."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backprop_check.exercise.course import STORE as FOLDER
from backprop_check.practice import history
from backprop_check.practice.aims import AIMS

if TYPE_CHECKING:
    from backprop_check.records import Gradient, Report

VERSION = 1


class Progress:
    """The store of the course at `root`. Without a root (a packaged course, an exercise outside any) nothing is read or written.

    Per exercise id: `passed`, `targets` (status by name), `digest` (of the file when checked), `asked` and `asked_derive` (how often the
    solution and the derivation were asked for), and `hints` (by target: the step reached, and the digest of the answer it was about).
    `slips` are the codes that practice knows, by target; `drawn` is what a practice exercise was drawn for. Under the name of a checkpoint
    stands `trained`, once it was trained to the end as autograd trains it.
    """

    def __init__(self, root: Path | None) -> None:
        self.path = root / FOLDER / "progress.json" if root else None
        self.exercises: dict[str, dict[str, Any]] = self._read()

    def of(self, exercise: str) -> dict[str, Any]:
        return self.exercises.get(exercise, {})

    def passed(self, exercise: str) -> bool:
        return bool(self.of(exercise).get("passed"))

    def state(self, exercise: str) -> str:
        """Return how an exercise stands, as the status of a gradient: "correct" once passed, "incorrect" where something is wrong."""
        if self.passed(exercise):
            return "correct"
        return "incorrect" if {"incorrect", "error"} & set(self.of(exercise).get("targets", {}).values()) else "missing"

    def record(self, exercise: str, report: Report, path: Path) -> None:
        """Note the outcome of a check. What was passed once stays passed: a learner may play on."""
        if self.path is None:
            return
        statuses = {g.verdict.target.name: g.verdict.status for g in report.gradients}
        slips = {g.verdict.target.name: code for g in report.gradients if (code := _slip(g))}
        passed = self.passed(exercise) or all(status == "correct" for status in statuses.values())
        self._remember(exercise, slips, passed, len(report.exercise.lines))
        self._update(exercise, passed=passed, targets=statuses, digest=digest(path.read_bytes()), slips=slips)

    def drawn(self, exercise: str, code: str, level: int, graph: str) -> None:
        """Note what a practice exercise was drawn for."""
        self._update(exercise, drawn={"code": code, "level": level, "graph": digest(graph.encode())})

    def train(self, checkpoint: str) -> None:
        """Note that a checkpoint was trained to the end, as autograd trains it."""
        self._update(checkpoint, trained=True)

    def trained(self, checkpoint: str) -> bool:
        return bool(self.of(checkpoint).get("trained"))

    def _remember(self, exercise: str, slips: Mapping[str, str], passed: bool, lines: int) -> None:
        """Note what is new for practice: slips, until the exercise is passed; then whether what it was drawn for was avoided."""
        if self.path is None or self.passed(exercise):
            return
        facts, folder = self.of(exercise), self.path.parent
        new = history.slips(exercise, lines, facts.get("slips", {}), slips)
        aim = facts.get("drawn", {}).get("code", "")
        if passed and aim and not any(e.exercise == exercise and e.code == aim for e in history.read(folder)):
            shown = any(facts.get(key) for key in ("asked", "asked_derive"))
            rating = history.AGAIN if shown else history.HARD if facts.get("hints") else history.GOOD
            new.append(history.entry(aim, rating, exercise, lines))
        try:
            history.add(folder, new)
        except OSError as error:
            print(f"backprop-check: what slipped could not be stored in {folder} ({error.strerror}).", file=sys.stderr)

    def climb(self, exercise: str, target: str, answer: str, steps: int) -> int:
        """Return which hint (from 1) is due for this answer, and note it; a changed answer starts again."""
        step = min(self.reached(exercise, target, answer) + 1, steps)
        hints = {**self.of(exercise).get("hints", {}), target: {"step": step, "answer": digest(answer.encode())}}
        self._update(exercise, hints=hints)
        return step

    def reached(self, exercise: str, target: str, answer: str) -> int:
        """Return the last hint that was given for this answer, 0 for none."""
        before = self.of(exercise).get("hints", {}).get(target, {})
        return int(before.get("step", 0)) if before.get("answer") == digest(answer.encode()) else 0

    def ask(self, exercise: str, what: str) -> int:
        """Count that `what` (solution, derive) was asked for, and return how often now. Without a store this is always the second time."""
        key = "asked" if what == "solution" else f"asked_{what}"
        asked = int(self.of(exercise).get(key, 0)) + 1
        self._update(exercise, **{key: asked})
        return asked if self.path is not None else 2

    def forget(self, exercise: str) -> None:
        if self.exercises.pop(exercise, None) is not None:
            self._write()

    def _update(self, exercise: str, **facts: Any) -> None:
        if self.path is None:
            return
        self.exercises[exercise] = {**self.of(exercise), **facts}
        self._write()

    def _read(self) -> dict[str, dict[str, Any]]:
        if self.path is None:
            return {}
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            exercises: dict[str, dict[str, Any]] = stored["exercises"]
            if not _sound(exercises):
                raise TypeError
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError):
            self._set_aside(self.path)
            return {}
        except OSError as error:
            print(f"backprop-check: {self.path} cannot be read ({error.strerror}): nothing is known of it, or stored.", file=sys.stderr)
            self.path = None
            return {}
        return exercises

    def _set_aside(self, path: Path) -> None:
        try:
            aside = unused(path.with_name("progress.damaged.json"))
            path.replace(aside)
            print(f"backprop-check: the stored progress could not be read; it is kept as {aside}, and a new one begins.", file=sys.stderr)
        except OSError as error:
            print(f"backprop-check: {path} could not be read and not be set aside ({error.strerror}): nothing is stored.", file=sys.stderr)
            self.path = None

    def _write(self) -> None:
        if self.path is None:
            return
        text = json.dumps({"version": VERSION, "exercises": self.exercises}, indent=1, sort_keys=True)
        try:
            write_atomically(self.path, text + "\n")
        except OSError as error:
            print(f"backprop-check: progress could not be stored in {self.path.parent} ({error.strerror}).", file=sys.stderr)
            self.path = None


def _slip(gradient: Gradient) -> str:
    """The mistake that a gradient is proven, or offered, to show, where practice knows it."""
    first = next(iter(gradient.diagnoses), None)
    return first.code if first is not None and first.certainty != "located" and first.code in AIMS else ""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old text or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # a full disk names no file
            error.filename = str(path)
        raise


def unused(path: Path) -> Path:
    """Return `path`, or the first of its numbered names that is free."""
    candidates = [path, *(path.with_name(f"{path.stem}.{n}{path.suffix}") for n in range(1, 10_000))]
    return next(p for p in candidates if not p.exists())


def _sound(exercises: Any) -> bool:
    return isinstance(exercises, dict) and all(
        isinstance(facts, dict)
        and all(isinstance(facts.get(key, {}), dict) for key in ("targets", "hints", "slips", "drawn"))
        and all(isinstance(times, int) for key, times in facts.items() if key.startswith("asked"))
        and all(isinstance(h, dict) and isinstance(h.get("step", 0), int) for h in facts.get("hints", {}).values())
        for facts in exercises.values()
    )
