"""A backward's lines as they stand in its source, for the engine: NumPy as torch, and what hangs on no gradient from above as given."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.live.asked import Asked
from backprop_check.live.learner import Learner, as_submission, learner_of
from backprop_check.live.lines import Lines, Ran
from backprop_check.live.recorded import Found
from backprop_check.pairs.calling import Called, code_of
from backprop_check.pairs.kept import RETURNED, gradient_of, statements
from backprop_check.pairs.pair import Pair
from backprop_check.pairs.translate import ToTorch
from backprop_check.recording.frames import Place
from backprop_check.recording.naming import free
from backprop_check.recording.recorder import Recorder
from backprop_check.records import Answer
from backprop_check.submission.statements import written


def in_source(pair: Pair, called: Called, recorder: Recorder, found: Found, asked: Asked, target: str, answer: Answer) -> Learner | None:
    """Return the lines behind the gradient that a backward returned, None where they cannot be read."""
    code = code_of(pair.backward_function)
    if code is None or found.forward is None:
        return None
    globals_ = inspect.unwrap(pair.backward_function).__globals__
    numpy = frozenset(name for name, value in globals_.items() if getattr(value, "__name__", "") == "numpy")
    above = {name for name, value in called.own.items() if isinstance(value, torch.Tensor) and recorder.value_of(value) in found.given}
    kept = statements(pair, called, found, asked, target, above, numpy)
    if not kept:
        return None
    names, leaves = _names(kept, called, recorder, found, asked, target)
    last = kept[-1]
    if RETURNED in written(last):  # what is returned is one more step of what it is made of, where that is one variable
        steps = {n.id for n in ast.walk(last) if isinstance(n, ast.Name) and any(n.id in written(node) for node in kept[:-1])}
        if len(steps) == 1 and not any(names[name] in found.trial.gradients for name in steps):
            names[steps.pop()] = target
    translated = [_renamed(ToTorch(numpy).visit(copy.deepcopy(node)), names) for node in kept]
    text = "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in translated)
    try:
        ran = tuple(_ran(text, translated, code.co_filename))
        submission = as_submission(text, found.graph, "here")
    except (SyntaxError, ValueError):
        return None
    writes = [s.index for s in submission.statements if target in s.writes]
    if not writes:
        return None
    spoken = {new: old for old, new in names.items() if old != new} | {target: asked.name}
    answers = {target: Answer(answer.state, writes[-1], answer.value, answer.dtype, answer.shape, answer.kind)}
    at = max(node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and target in written(node))
    return learner_of(
        Lines(ran, leaves, spoken, True, _made(ran[at - 1])), submission, answers, {**found.spoken, **spoken}, leaves, exact=True, at=at
    )


def _made(ran: Ran) -> Place | None:
    """Where the widest part of a line stands."""
    return max(ran.places, key=lambda each: each[0][3] - each[0][1])[1] if ran.places else None


def _names(
    kept: Sequence[ast.stmt], called: Called, recorder: Recorder, found: Found, asked: Asked, target: str
) -> tuple[dict[str, str], dict[str, Any]]:
    """The engine's names for those in the statements, and the values that they read and that no statement makes."""
    assert found.forward is not None
    known = {value: name for name, value in found.forward.values.items()} | dict(found.given)
    writes = {name for node in kept for name in written(node)}
    used = {*found.trial.values, *found.trial.gradients}
    names: dict[str, str] = {}
    leaves: dict[str, Any] = {}
    for name in dict.fromkeys(n.id for node in kept for n in ast.walk(node) if isinstance(n, ast.Name)):
        value = called.own.get(name)
        there = known.get(recorder.value_of(value)) if isinstance(value, torch.Tensor) and name not in writes else None
        other = gradient_of(called, found, name)
        if name == RETURNED or (name == asked.name and name in writes):
            names[name] = target
        elif other is not None and other != target and name not in writes:
            names[name] = other
        elif there is not None:
            names[name] = there
        elif name in writes:
            names[name] = free(name, used)
        elif isinstance(value, torch.Tensor | int | float) and not isinstance(value, bool):
            names[name] = free(name, used)
            leaves[names[name]] = value.detach() if isinstance(value, torch.Tensor) else value
        if name in names:
            used.add(names[name])
    return names, leaves


def _renamed(node: ast.stmt, names: Mapping[str, str]) -> ast.stmt:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            each.id = names.get(each.id, each.id)
    return node


def _ran(text: str, statements: Sequence[ast.stmt], filename: str) -> Iterator[Ran]:
    """By line of the text, where its parts stand in the user's source."""
    parsed = ast.parse(text).body
    places: dict[int, list[tuple[tuple[int, int, int, int], Place]]] = {}
    for mine, other in zip(parsed, statements, strict=True):
        for one, its in zip(ast.walk(mine), ast.walk(other), strict=True):
            if isinstance(one, ast.expr | ast.stmt) and isinstance(its, ast.expr | ast.stmt) and hasattr(its, "lineno"):
                end, last = (
                    (one.body[0].lineno - 1, 10**6) if isinstance(one, ast.For) else (one.end_lineno or one.lineno, one.end_col_offset or 0)
                )
                there = (its.lineno, its.col_offset, its.end_lineno or its.lineno, its.end_col_offset or 0)
                if isinstance(its, ast.For):
                    there = (its.lineno, its.col_offset, its.iter.end_lineno or its.lineno, its.iter.end_col_offset or 0)
                if one.lineno == end:
                    places.setdefault(one.lineno, []).append(((1, one.col_offset, 1, last), Place(filename, *there)))
    for number in range(1, len(text.split("\n")) + 1):
        yield Ran("", "", None, None, tuple(places.get(number, ())))  # type: ignore[arg-type]
