"""The learner's side of a live comparison: the lines that made the gradient, and the way back into its own words and places."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from backprop_check.comparison.compare import compare
from backprop_check.live.asked import Asked
from backprop_check.live.caller import Caller
from backprop_check.live.lines import Lines, Ran, lines_of
from backprop_check.live.recorded import Found
from backprop_check.recording import latest
from backprop_check.recording.frames import Place
from backprop_check.recording.naming import gradient_names, identifier
from backprop_check.recording.values import Value
from backprop_check.records import Answer, Diagnosis, Run, Span, Submission, Trial
from backprop_check.submission.statements import read_statements
from backprop_check.trace.graph import Graph

ROUNDED = 1e-5
"""From what `max|Δ| / scale` on an answer computed again in float64 is no rounding: a constant that was once float32 is 1e-7 off."""


@dataclass(frozen=True)
class Learner:
    """What the learner wrote, for the engine: `submission`, and by the engine's names for gradients the `answers`.

    `back` puts a diagnosis into the learner's words and places, `words` a text. `shown` gives the source to show of a diagnosis (as the
    engine gave it; None: of the gradient), `line` where the gradient was made. `leaves` are tensors it reads that the forward has not.
    `exact` says that it was computed again in float64, `repeated` that some of it ran several times.
    """

    submission: Submission
    answers: Mapping[str, Answer]
    words: Callable[[str], str]
    back: Callable[[Diagnosis], Diagnosis]
    shown: Callable[[Diagnosis | None], Submission]
    line: int | None
    leaves: Mapping[str, torch.Tensor]
    exact: bool = False
    repeated: bool = False

    @property
    def stepwise(self) -> bool:
        """Whether the gradient is made by several rounds of the same lines, or by several writes into places."""
        return self.repeated or self.submission.text.count("written_into") > 1


def recorded(caller: Caller, found: Found, asked: Asked, target: str) -> Learner | None:
    """Return what was recorded of a gradient; None where nobody saw it made."""
    recorder, given, label = latest(), asked.given, asked.name
    if recorder is None or found.forward is None or not isinstance(given, torch.Tensor):
        return None
    known = {value: name for name, value in found.forward.values.items()}
    for value, name in [*known.items()]:  # the learner may read `probs.grad`, which is dprobs
        there = value.owner
        kept = there.grad if there is not None and (there.is_leaf or there.retains_grad) else None
        if kept is not None and "d" + name in found.trial.gradients and "d" + name != target:
            known[recorder.value_of(kept)] = "d" + name
    known |= found.given
    named = _gradients(found, target, caller)
    lines = lines_of(recorder.value_of(given), known, found.trial, caller.names, caller.held, target, named, found.strict)
    if lines is None or not all(one.places and linecache.getlines(one.places[0][1].filename) for one in lines.ran):
        return None
    text = "\n".join(one.text for one in lines.ran)
    submission = as_submission(text, found.graph, "here")
    last = {one.name: number for number, one in enumerate(lines.ran)}
    answers = {
        name: _answer(one.number, number)
        for number, one in enumerate(lines.ran)
        if (name := one.name) in found.trial.gradients and last[name] == number
    }
    used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} & set(known.values()) & found.trial.gradients.keys()
    used -= {one.name for one in lines.ran} | set(found.given.values())
    read = {name: f"{found.forward.texts.get(name[1:], name[1:])}.grad" for name in used}
    spoken = {**found.spoken, **read, **lines.spoken, target: lines.spoken.get(target, label)}
    return learner_of(lines, submission, answers, spoken, lines.leaves, caller, exact=True)


def learner_of(
    lines: Lines,
    submission: Submission,
    answers: Mapping[str, Answer],
    spoken: Mapping[str, str],
    leaves: Mapping[str, Any],
    caller: Caller | None = None,
    exact: bool = False,
    at: int = 0,
) -> Learner:
    """Lines, each with its places in the user's source, as the learner's side of a comparison. In line `at`, or the last, it is made."""
    made = lines.ran[at - 1]
    place = next((there for _, there in reversed(made.places)), None)
    return Learner(
        submission,
        answers,
        lambda words: _spoken(words, spoken, lines),
        lambda diagnosis: _back(diagnosis, spoken, lines),
        lambda diagnosis: _file((_place(diagnosis.span, lines) if diagnosis is not None else None) or place, caller),
        made.places[0][1].line if made.places else None,
        leaves,
        exact=exact,
        repeated=lines.repeated,
    )


def _gradients(found: Found, target: str, caller: Caller) -> Callable[[str, Sequence[tuple[Value, Any]]], tuple[Value, str] | None]:
    """Tell which of the values that had one name is a gradient: the last that is the right one, or else what has the name now.

    One that had it for a while, or in a function, may be the gradient of something else.
    """
    held = caller.held
    nodes: dict[str, list[str]] = {}
    assert found.forward is not None
    for gradient in found.trial.gradients:
        text = identifier(found.forward.texts.get(gradient[1:], gradient[1:]))
        for name in gradient_names(text):
            nodes.setdefault(name, []).append(gradient)

    def told(text: str, values: Sequence[tuple[Value, Any]]) -> tuple[Value, str] | None:
        meant = [gradient for gradient in nodes.get(identifier(text), ()) if gradient != target]
        for value, number in reversed(values):
            for gradient in meant:
                if is_right(_answer(number, 0), found.trial, gradient):
                    return value, gradient
        live = values[-1][0].tensor
        if found.strict:
            return None
        return (values[-1][0], meant[0]) if len(meant) == 1 and live is not None and held.get(id(live)) == text else None

    return told


def is_right(answer: Answer, trial: Trial, gradient: str) -> bool:
    """Whether a gradient that is used is right; one computed again may rest on a constant that was once float32."""
    if answer.value is None:
        return False
    difference = compare(Run(trial, {gradient: answer}), gradient)
    return difference.wrong in ("", "dtype") or (difference.max_rel is not None and difference.max_rel < ROUNDED)


def _answer(number: Any, line: int) -> Answer:
    if not isinstance(number, torch.Tensor):
        return Answer("other", line, kind=type(number).__name__)
    return Answer("tensor", line, value=number, dtype=str(number.dtype).removeprefix("torch."), shape=tuple(number.shape))


def as_submission(text: str, graph: Graph, place: str) -> Submission:
    """Lines as a submission. None of it runs again."""
    names = graph.exercise.names
    statements = read_statements(ast.parse(text).body, text)
    return Submission(Path(place), place, "", text, True, names, statements, (), {}, {}, text=text)


def _file(place: Place | None, caller: Caller | None) -> Submission:
    """The source that a place is in, to show lines of."""
    text = "".join(linecache.getlines(place.filename)) if place is not None else ""
    cell = next(
        (
            part.place
            for part in reversed(caller.parts if caller is not None else ())
            if not part.function and part.text.rstrip() == text.rstrip()
        ),
        None,
    )
    name = cell or (Path(place.filename).name if place is not None else "")
    return Submission(Path("here"), name, "", text, True, (), (), (), {}, {}, text=text)


def _spoken(words: str, spoken: Mapping[str, str], lines: Lines) -> str:
    """A text with the user's words for names, and the user's own line numbers."""
    told = re.sub(r"\b[A-Za-z_]\w*\b", lambda found: spoken.get(found[0], found[0]), words)
    return re.sub(r"\blines? (\d+)", lambda found: found[0].replace(found[1], str(_own_line(int(found[1]), lines))), told)


def _own_line(number: int, lines: Lines) -> int:
    ran = lines.ran[number - 1] if 0 < number <= len(lines.ran) else None
    return ran.places[0][1].line if ran is not None and ran.places else number


def _back(diagnosis: Diagnosis, spoken: Mapping[str, str], lines: Lines) -> Diagnosis:
    def words(text: str) -> str:
        return _spoken(text, spoken, lines)

    there = _place(diagnosis.span, lines)
    also = [(_place(span, lines), words(text)) for span, text in diagnosis.also]
    return replace(
        diagnosis,
        error=words(diagnosis.error),
        note=words(diagnosis.note),
        help=words(diagnosis.help),
        evidence=words(diagnosis.evidence),
        fix=words(diagnosis.fix) if diagnosis.fix is not None else None,
        span=as_characters(there) if there is not None else None,
        also=tuple(
            (as_characters(place), text)
            for place, text in also
            if place is not None and there is not None and place.filename == there.filename and place != there
        ),
    )


def _place(span: Span | None, lines: Lines) -> Place | None:
    """Where the smallest part stands that a span of the lines is within; of one over two lines, which a name put in makes, what ends it."""
    if span is None or not 0 < span[2] <= len(lines.ran):
        return None
    ran: Ran = lines.ran[span[2] - 1]
    if span[0] < span[2] and lines.made is not None:
        return lines.made
    if span[0] < span[2]:
        ending = [place for (_, _, _, end), place in ran.places[1:] or ran.places if end == span[3]]
        return ending[0] if ending else None
    inside = [(end - start, place) for (_, start, _, end), place in ran.places if start <= span[1] and span[3] <= end]
    return min(inside, key=lambda each: each[0])[1] if inside else None


def as_characters(place: Place) -> Span:
    """The span of a place with columns in characters."""
    rows = linecache.getlines(place.filename)

    def column(line: int, at: int) -> int:
        return len(rows[line - 1].encode()[:at].decode(errors="ignore")) if line <= len(rows) else at

    return place.line, column(place.line, place.column), place.end_line, column(place.end_line, place.end_column)
