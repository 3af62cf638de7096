"""A backward's lines as they stand in its source, for the engine: NumPy as torch, and what hangs on no gradient from above as given."""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.live.asked import Asked
from backprop_check.live.learner import Learner, as_submission, learner_of
from backprop_check.live.lines import Lines, Ran
from backprop_check.live.recorded import Found
from backprop_check.pairs.calling import Called, code_of
from backprop_check.pairs.pair import Pair
from backprop_check.pairs.translate import ToTorch
from backprop_check.recording.frames import Place, tree
from backprop_check.recording.naming import free, identifier
from backprop_check.recording.recorder import Recorder
from backprop_check.records import Answer
from backprop_check.submission.statements import read, written

RETURNED = "_returned"
"""The name of what a `return` gives as an expression."""

_KEPT = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.Expr)


def in_source(pair: Pair, called: Called, recorder: Recorder, found: Found, asked: Asked, target: str, answer: Answer) -> Learner | None:
    """Return the lines behind the gradient that a backward returned, None where they cannot be read."""
    code = code_of(pair.backward_function)
    definition = _definition(pair.backward_function)
    if code is None or definition is None or called.line is None or found.forward is None:
        return None
    numpy = frozenset(
        name for name, value in inspect.unwrap(pair.backward_function).__globals__.items() if getattr(value, "__name__", "") == "numpy"
    )
    body = list(_straight(definition.body, called))
    returned = next((node for node in body if isinstance(node, ast.Return) and node.lineno <= called.line <= (node.end_lineno or 0)), None)
    above = {name for name, value in called.own.items() if isinstance(value, torch.Tensor) and recorder.value_of(value) in found.given}
    moved = _moved(body, above)
    kept = [node for node in body if isinstance(node, _KEPT) and written(node) and not _is_known(node, called, moved, numpy)]
    kept = [node for node in kept if not _is_gradient(node, called, found, target, asked)]
    last = _last(returned, asked, {name for node in kept for name in written(node)})
    if last is not None:
        kept = [*kept, last]
    names, leaves = _names(kept, called, recorder, found, asked, target)
    if last is not None:  # what is returned is one more step of what it is made of, where that is one variable
        written_ones = {n.id for n in ast.walk(last) if isinstance(n, ast.Name) and any(n.id in written(node) for node in kept[:-1])}
        if len(written_ones) == 1 and not any(
            n in names.values() and n.startswith("d") for n in (names[m] for m in written_ones) if n in found.trial.gradients
        ):
            names[written_ones.pop()] = target
    translated = [_renamed(ToTorch(numpy).visit(_again(node)), names) for node in kept]
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
    return learner_of(Lines(ran, leaves, spoken, True, _made(ran[at - 1])), submission, answers, {**found.spoken, **spoken}, leaves, at=at)


def _made(ran: Ran) -> Place | None:
    """Where the widest part of a line stands."""
    return max(ran.places, key=lambda each: each[0][3] - each[0][1])[1] if ran.places else None


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | None:
    code = code_of(function)
    if code is None:
        return None
    linecache.checkcache(code.co_filename)
    for node in ast.walk(tree(code.co_filename)):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if code.co_firstlineno in (node.lineno, *(each.lineno for each in node.decorator_list)):
                return node
    return None


def _straight(body: Sequence[ast.stmt], called: Called) -> Iterator[ast.stmt]:
    """The statements that ran: of a condition on what is no tensor the branch that was taken."""
    for node in body:
        if isinstance(node, ast.If) and not any(isinstance(each, ast.Call) for each in ast.walk(node.test)):
            try:
                taken = bool(eval(compile(ast.Expression(node.test), "<test>", "eval"), dict(called.names) or dict(called.own)))
            except Exception:
                yield node
                continue
            yield from _straight(node.body if taken else node.orelse, called)
        elif isinstance(node, ast.With):
            yield from _straight(node.body, called)
        else:
            yield node


def _is_known(node: ast.stmt, called: Called, moved: set[str], numpy: frozenset[str]) -> bool:
    """Whether a statement hangs on no gradient and names what is there: sizes, what was unpacked, what the engine cannot compute."""
    names = written(node)
    if not isinstance(node, ast.Assign) or not names or not all(name in called.own for name in names):
        return False
    if all(isinstance(called.own[name], int | float | str | tuple) for name in names):
        return True
    if names & moved:
        return False
    if not all(isinstance(target, ast.Name) for target in node.targets):
        return True
    return bool(numpy & read(ToTorch(numpy).visit(_again(node)))) or "ctx" in read(node)


def gradient_of(called: Called, found: Found, word: str) -> str | None:
    """The gradient that a variable is by its name, where it is the right one."""
    value = called.own.get(word)
    assert found.forward is not None
    for gradient, due in found.trial.gradients.items():
        text = identifier(found.forward.texts.get(gradient[1:], gradient[1:]))
        if isinstance(value, torch.Tensor) and word in (f"d{text}", f"{text}_grad", f"grad_{text}", f"d_{text}"):
            return gradient if close(value, due, found.trial.scales[gradient]) else None
    return None


def _is_gradient(node: ast.stmt, called: Called, found: Found, target: str, asked: Asked) -> bool:
    """Whether a statement makes another gradient that is right: it stands for itself then."""
    names = written(node)
    return isinstance(node, ast.Assign | ast.AugAssign) and bool(names) and all(
        name != asked.name and gradient_of(called, found, name) not in (None, target) for name in names
    )  # fmt: skip


def _moved(body: Sequence[ast.stmt], above: set[str]) -> set[str]:
    """The names that hang on the gradients from above."""
    moved = set(above)
    while True:
        more = {name for node in body if (written(node) | read(node)) & moved for name in written(node)} - moved
        if not more:
            return moved
        moved |= more


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


def _last(returned: ast.stmt | None, asked: Asked, made: set[str]) -> ast.stmt | None:
    """What is returned as an expression is given the gradient's name."""
    if not isinstance(returned, ast.Return) or returned.value is None or asked.name in made:
        return None
    parts = returned.value.elts if isinstance(returned.value, ast.Tuple) else [returned.value]
    part = next((each for each in parts if ast.unparse(each) == asked.name), None)
    target = ast.Name(RETURNED, ast.Store())
    return ast.copy_location(ast.Assign([ast.copy_location(target, part)], part), part) if part is not None else None


def _again(node: ast.stmt) -> ast.stmt:
    """A copy, with places."""
    return copy.deepcopy(node)


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
