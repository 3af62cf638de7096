"""The lines that made a gradient as they stand in the source, for the case that nobody recorded them."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from backprop_check.live.asked import Asked, answer_of
from backprop_check.live.caller import Caller, Part
from backprop_check.live.learner import Learner, as_submission
from backprop_check.live.recorded import Found
from backprop_check.live.renaming import renamed
from backprop_check.records import Answer, Exercise, Submission, Trial
from backprop_check.submission.statements import read, written

_DEFINE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def from_source(caller: Caller, asked: Asked, found: Found, target: str, answer: Answer) -> Learner | None:
    """Return what the parts say that wrote a gradient; None where they say nothing, or cannot be read."""
    parts = _parts(caller, asked.name)
    own = {learner: engine for learner, engine in {**asked.others, asked.name: target}.items() if learner.isidentifier()}
    if not parts:
        return None
    try:
        text = _statements(parts, found.graph.exercise)
        renaming = renamed(text, own)
        if renaming is None:
            return None
        submission = as_submission(renaming.text, found.graph, parts[-1].place)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return None
    names = {**caller.names, **{e: caller.names[n] for n, e in own.items() if n in caller.names}}
    answers = _answers(names, submission, found.trial, target, answer)
    shown = replace(submission, body=text, text=text)
    line = next((s.line for s in reversed(submission.statements) if target in s.writes), None)
    return Learner(submission, answers, renaming.words, renaming.back, lambda diagnosis: shown, line, {})


def _parts(caller: Caller, name: str) -> tuple[Part, ...]:
    """The parts that wrote the gradient, from the one that gave it a value anew: a notebook may fill it in over several cells."""
    found: list[Part] = []
    for part, node in caller.statements():
        if isinstance(node, ast.For) and name in written(node.target):
            found = []  # what a loop hands out is made elsewhere
        elif name in written(node):
            anew = isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) for t in node.targets) and name not in read(node)
            found = [part] if anew else [*found, part]
    return tuple(dict.fromkeys(found))


def _statements(parts: Sequence[Part], exercise: Exercise) -> str:
    """What of some parts wrote gradients and helper values and still counts; the rest is blank."""
    texts = [_of_part(part, exercise) for part in parts]
    return texts[0] if len(texts) == 1 else _only(joined := "\n".join(texts), _alive(ast.parse(joined).body))


def _of_part(part: Part, exercise: Exercise) -> str:
    whole = ast.parse(part.text).body
    if part.function and isinstance(whole[0], ast.FunctionDef):
        whole = whole[0].body
    body = _alive([node for node in whole if node.lineno <= part.upto and _counts(node, exercise.names)])
    return _only(part.text, body)


def _counts(node: ast.stmt, forward: Collection[str]) -> bool:
    writes = written(node)
    return bool(writes) and not writes & set(forward) and not isinstance(node, _DEFINE)


def _alive(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Leave out earlier attempts: what a later plain `name = expression` replaced without reading it."""
    kept: list[ast.stmt] = []
    replaced: set[str] = set()
    for node in reversed(body):
        writes = written(node)
        if not writes <= replaced:
            kept.append(node)
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            replaced |= writes - read(node)
    return kept[::-1]


def _only(text: str, body: Sequence[ast.stmt]) -> str:
    """The text with all blank but some statements, which stand in the lines where they stood, less their indent."""
    lines = text.split("\n")
    kept = {number: node.col_offset for node in body for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line[kept[number] :] if number in kept else "" for number, line in enumerate(lines, 1))


def _answers(names: Mapping[str, Any], submission: Submission, trial: Trial, target: str, own: Answer) -> dict[str, Answer]:
    last = {name: s.index for s in submission.statements for name in s.writes}
    found = {name: replace(answer_of(names[name]), statement=last[name]) for name in trial.gradients if name in last and name in names}
    return {**found, target: replace(own, statement=last.get(target, 0))}
