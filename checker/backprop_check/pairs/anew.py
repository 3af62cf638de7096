"""What one change in the lines that made a live gradient puts it right: they run anew, as they stand, on copies of what they read."""

from __future__ import annotations

import ast
import itertools
import types
import warnings
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from backprop_check.diagnosis.attempt import survived
from backprop_check.expression.rewrites import put_statement
from backprop_check.live.asked import Asked, answer_of
from backprop_check.live.caller import Caller, Part
from backprop_check.live.recorded import SINGLE, Found
from backprop_check.pairs.arrays import as_tensor
from backprop_check.pairs.calling import Called
from backprop_check.pairs.copies import Scopes, near, only_versions
from backprop_check.pairs.edit import Edit
from backprop_check.pairs.mended import changes, same
from backprop_check.pairs.pair import Back, is_numpy
from backprop_check.pairs.reach import known as known_in
from backprop_check.pairs.rerun import Codes, compiled, located, ran, value_of
from backprop_check.pairs.slice import Made, Refused, made, names_read, text_of
from backprop_check.pairs.words import in_words
from backprop_check.recording.naming import gradient_names, identifier
from backprop_check.records import Diagnosis, Submission, Trial
from backprop_check.trace.graph import default_dtype
from backprop_check.trace.oracle import trace

MOST = 1200
"""How many changes are tried of lines that are few."""

STEPS = 200_000
"""How many statements may run in all."""

NUMBERS = 300_000_000
"""How many numbers all runs together may go over, by those that the forward has."""

OTHER = 7
"""The seed of the numbers that a change is held against besides."""


@dataclass(frozen=True)
class Lines:
    """Statements that made a gradient, reached by the expressions `texts`, and what each of these should be; `own` names as they ended."""

    statements: Sequence[Made]
    texts: Mapping[int, str]
    nodes: Mapping[int, str]
    wrong: frozenset[int]
    own: Mapping[str, Any]
    cost: int

    @property
    def body(self) -> list[ast.stmt]:
        return [node for _, node in self.statements]


def changed(caller: Caller, asked: Asked, found: Found, target: str) -> tuple[Diagnosis, Submission] | None:
    """Return the one change that puts a gradient right, and the source it is in; None where none does or the lines cannot run again."""
    return survived(lambda: _searched(caller, asked, found, target[1:]), "the search for a change of the lines")


def _searched(caller: Caller, asked: Asked, found: Found, node: str) -> tuple[Diagnosis, Submission] | None:
    room, seen = STEPS, set[str]()
    with torch.no_grad(), default_dtype(torch.float64), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scopes = Scopes(caller, found)
        for whole, anew in ((True, False), (True, True), (False, False), (False, True)):
            lines = _lines(caller, asked, found, node, scopes, whole, anew)
            text = "\n".join(ast.unparse(each) for each in lines.body) if lines is not None else ""
            if lines is None or text in seen:
                continue
            seen.add(text)
            alone = {number: its for number, its in lines.texts.items() if number not in lines.wrong or number == 0}
            for some in (lines, replace(lines, texts=alone, wrong=frozenset({0})))[: len(lines.wrong)]:
                searched, edits, tried = _right_once(some, text, found, scopes, room)
                room -= tried * lines.cost
                if edits:
                    part = next(part for part, node in searched.statements if any(each is edits[0].old for each in ast.walk(node)))
                    return _told(edits, part, is_numpy(asked.given), len(searched.wrong))
    return None


def _right_once(lines: Lines, text: str, found: Found, scopes: Scopes, room: int) -> tuple[Lines, list[Edit], int]:
    """What `_right` finds in lines, as it was found where they were searched before, with these lines."""
    key = _key(lines, text, room)
    known = next((each for before, trial, each in _remembered if trial is found.trial and before == key), None)
    if known is None:
        known = lines, *_right(lines, found, scopes, room)
        _remembered.insert(0, (key, found.trial, known))
        del _remembered[8:]
    return known


_remembered: list[tuple[object, Trial, tuple[Lines, list[Edit], int]]] = []
"""What was searched last: the gradients of one cell are compared one by one, and have the same lines behind them."""


def _key(lines: Lines, text: str, room: int) -> object:
    """What a search hangs on besides the trial: the lines, where they stand, and what they make."""
    values = {its: value_of(its, lines.own) for its in lines.texts.values()}
    made = {
        (
            its,
            lines.nodes[index],
            index in lines.wrong,
            value.detach().numpy().tobytes() if isinstance(value := values[its], torch.Tensor) else None,
        )
        for index, its in lines.texts.items()
    }
    return text, tuple((part.place, node.lineno) for part, node in lines.statements), frozenset(made), room


def _lines(caller: Caller, asked: Asked, found: Found, node: str, scopes: Scopes, whole: bool, anew: bool) -> Lines | None:
    """The lines behind a gradient, where they give it again when they run as they stand."""
    looped = frozenset(
        n.id for _, s in caller.statements() if isinstance(s, ast.For) for n in ast.walk(s.target) if isinstance(n, ast.Name)
    )
    text = caller.held.get(id(asked.given)) or text_of(caller.names, asked.given, looped) or asked.name
    try:
        root = next(n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name))
        statements = made(caller, root, lambda name: name != root and scopes.is_given(name), whole, anew)
    except (SyntaxError, StopIteration, Refused):
        return None
    if not statements:
        return None
    body = [each for _, each in statements]
    own, cost = ran(body, scopes.scope(found.trial, names_read(body)), counted=True)
    given = answer_of(asked.given).value
    made_again = value_of(text, own)
    if own is None or given is None or not isinstance(made_again, torch.Tensor) or not near(made_again, given.to(torch.float64), SINGLE):
        return None
    texts, nodes = {0: text}, {0: node}
    wrong = {0}
    loops = [n for _, s in statements for n in ast.walk(s) if isinstance(n, ast.For)]
    rebound = {n.id for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for other, its in _others(text, node, found, own):
        due = found.trial.gradients["d" + other]
        value = value_of(its, own)
        if isinstance(value, torch.Tensor) and value.shape == due.shape:
            right = same(value, due)
            if right or (other in found.graph.exercise.inputs and its not in rebound):
                texts[len(texts)], nodes[len(nodes)] = its, other
                wrong |= set() if right else {len(texts) - 1}
    return Lines(statements, texts, nodes, frozenset(wrong), own, cost)


def _others(text: str, node: str, found: Found, own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the other nodes of which the lines have a gradient, by its name, with how it is reached."""
    texts = found.forward.texts if found.forward is not None else {}
    tree = ast.parse(text, mode="eval").body
    for gradient in found.trial.gradients:
        other = gradient[1:]
        if other == node:
            continue
        called = texts.get(other, other)
        plain = identifier(called)
        for name in gradient_names(plain):
            if name in own:
                yield other, name
        key = called.rsplit("[", 1)[-1].strip("]'\"") if "[" in called else called
        match tree:
            case ast.Subscript(value=ast.Name(id=base), slice=ast.Constant(value=str())) if isinstance(own.get(base), dict):
                for each in (key, called.partition(".")[2]):  # `named_parameters` leaves out what the module is called
                    if each in own[base]:
                        yield other, f"{base}[{each!r}]"


def _right(lines: Lines, found: Found, scopes: Scopes, room: int) -> tuple[list[Edit], int]:
    """The first change that puts right what is wrong, on these numbers and on others, or those that are alike; and how many were tried."""
    results = {n.id for text in lines.texts.values() for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    (definition,) = ast.parse("def lines(): ...").body  # parsed: what a FunctionDef has besides differs from Python to Python
    assert isinstance(definition, ast.FunctionDef)
    definition.body = lines.body
    back = Back(Called(None, lines.own, _as_tensors(lines.own), None), dict.fromkeys(lines.texts), lines.texts)
    wanted = names_read(lines.body)
    other: list[Trial] = []
    codes: Codes = {}
    for node in lines.body:
        compiled(node, codes)
    share = only_versions(lines.body)

    def is_right(body: Sequence[ast.stmt], trial: Trial) -> bool:
        own, _ = ran(body, scopes.scope(trial, wanted, share), codes=ChainMap({}, codes))
        values = {index: value_of(text, own) for index, text in lines.texts.items()}
        dues = {index: trial.gradients["d" + lines.nodes[index]] for index in lines.texts}
        return all(
            isinstance(value := values[index], torch.Tensor) and value.shape == due.shape and same(value, due)
            for index, due in dues.items()
        )

    kept: list[Edit] = []
    known = known_in(definition, back, ())
    known = replace(
        known,
        unused=[name for name in known.unused if name not in results],
        numbers=_numbers(found),
        modules=[name for name, value in lines.own.items() if value is torch or getattr(value, "__name__", "") == "numpy"],
    )
    edits = changes(definition, back, lines.wrong, known)
    tried = 0
    for edit in itertools.islice(edits, min(_most(found), room // max(1, lines.cost))):
        tried += 1
        if kept and not edit.alike:
            break
        body = put_statement(lines.body, edit.old, located(edit.new, edit.old))
        if is_right(body, found.trial):
            other = other or [trace(found.graph, OTHER, {})]
            if is_right(body, other[0]):
                kept.append(edit)
                if not edit.alike:
                    break
    return kept, tried


def _most(found: Found) -> int:
    """How many changes are tried at most: fewer where a run goes over many numbers."""
    size = sum(value.numel() for value in found.trial.values.values() if isinstance(value, torch.Tensor))
    return min(MOST, NUMBERS // max(1, size))


def _numbers(found: Found) -> list[float]:
    """The numbers that stand in the forward's lines."""
    trees = [ast.parse(f"({line.source}\n)") for line in found.graph.exercise.lines]
    plain = {n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) in (int, float)}
    return sorted(float(each) for each in plain if isinstance(each, int | float))


def _as_tensors(own: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: as_tensor(value) for name, value in own.items() if not isinstance(value, types.ModuleType)}
    return {name: value for name, value in plain.items() if isinstance(value, torch.Tensor | int | float)}


def _told(edits: Sequence[Edit], part: Part, numpy: bool, wrong: int) -> tuple[Diagnosis, Submission]:
    old = edits[0].old
    which = "this gradient is" if wrong == 1 else "all of the wrong gradients are"
    error, note = edits[0].error, f"With this one thing put right, {which} right, on other numbers as well."
    if len(edits) > 1:
        every = " or ".join(f"`{ast.unparse(edit.old)}` in line {edit.old.lineno}" for edit in edits)  # type: ignore[attr-defined]
        error, note = "the sign is wrong", f"With {every} turned round, {which} right, on other numbers as well."
    rows = [row.encode() for row in part.text.split("\n")]
    span = None
    if isinstance(old, ast.expr | ast.stmt) and hasattr(old, "lineno"):
        end, last = old.end_lineno or old.lineno, old.end_col_offset or 0
        span = old.lineno, len(rows[old.lineno - 1][: old.col_offset].decode()), end, len(rows[end - 1][:last].decode())
    diagnosis = in_words(Diagnosis("", "located", error, note, edits[0].help, span=span), numpy)
    source = Submission(Path("here"), part.place, "", part.text, True, (), (), (), {}, {}, text=part.text)
    return diagnosis, source
