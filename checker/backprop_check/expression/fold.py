"""Fold the statements that write a target into one expression, as far as they are plain assignments."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from backprop_check.derivation.trees import identifiers, literal
from backprop_check.exercise.nodes import walk
from backprop_check.records import Submission
from backprop_check.submission.needed import needed
from backprop_check.submission.signature import find_backward
from backprop_check.submission.statements import guarded

LARGEST = 1000
"""So many parts an expression may have that stands for several statements: a loop whose rounds read the last one twice has thousands."""


def statement_nodes(submission: Submission) -> list[ast.stmt]:
    """The guarded statements of the submission's `backward`, as nodes whose positions are those of its `body`."""
    return list(_guarded(submission.body, submission.bare, submission.parameters))


@lru_cache(4)  # each gradient of a submission asks
def _guarded(body: str, bare: bool, parameters: tuple[str, ...]) -> tuple[ast.stmt, ...]:
    return tuple(guarded(find_backward(ast.parse(body), bare, parameters).body))


def fold(
    submission: Submission,
    nodes: Sequence[ast.stmt],
    target: str,
    gradients: Collection[str],
    given: Mapping[str, object] | None = None,
) -> ast.expr | None:
    """Return one expression for the last value of `target`, or None where a loop, an index or a call writes it.

    Helper names are put in; other gradients stay names, since the judge replaces them. Whether the result is what the learner's
    statements compute is for the caller to verify by value. Constants of the exercise that are `given`, by their values, stay names too.
    """
    aliases = named_so(submission)
    known = _own(submission, given or {}) | aliases
    for statement, node in zip(submission.statements, nodes, strict=True):
        match node:
            case ast.Assign(targets=targets, value=value) if all(isinstance(t, ast.Name) for t in targets):
                folded = _substitute(value, known, gradients, target)
                for t in targets:
                    assert isinstance(t, ast.Name)
                    known[t.id] = folded
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                put_in = [_substitute(value, known, gradients, target) for value in values]
                for name, value, folded in zip(names, values, put_in, strict=True):
                    same = isinstance(name, ast.Name) and isinstance(value, ast.Name) and name.id == value.id
                    if isinstance(name, ast.Name) and not (same and name.id not in known):
                        known[name.id] = folded
            case ast.AugAssign(target=ast.Name(id=grown), op=op, value=value):
                before = known.get(grown, ast.Name(grown, ast.Load()))
                right = _substitute(value, known, gradients, target)
                joined = None if before is None or right is None else ast.BinOp(before, op, right)
                known[grown] = _small(ast.copy_location(joined, node)) if joined else None
            case _:
                for written in statement.writes:
                    known[written] = aliases.get(written)
    return known.get(target)


def _own(submission: Submission, given: Mapping[str, object]) -> dict[str, ast.expr | None]:
    """The file's constants, but those of the exercise. What a tensor is made of is not read: whoever asked compares by value."""

    def is_given(name: str, written: ast.expr | None) -> bool:
        value = given.get(name)
        if isinstance(value, int | float):
            return written is not None and literal(written) == value
        return value is not None

    return {name: written for name, written in constants(submission).items() if not is_given(name, written)}


def named_so(submission: Submission) -> dict[str, ast.expr]:
    """What the file's own names of torch's modules and functions stand for: `fn` for `F`, `tanh` for `torch.tanh`."""
    return _named_so(submission.prelude, submission.body, submission.parameters)


@lru_cache(4)
def _named_so(prelude: str, body: str, parameters: tuple[str, ...]) -> dict[str, ast.expr]:
    found: dict[str, str] = {}
    for node in (node for text in (prelude, body) for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name.split(".")[0] == "torch"}
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "torch":
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"}
    usual = {name: re.sub(r"^torch\.nn\.functional\b", "F", path) for name, path in found.items() if name not in parameters}
    return {name: _of_path(path) for name, path in usual.items() if name != path}


def _of_path(path: str) -> ast.expr:
    """A dotted name as a tree that stands nowhere yet."""
    base, _, last = path.rpartition(".")
    return ast.Attribute(_of_path(base), last, ast.Load()) if base else ast.Name(last, ast.Load())


def constants(submission: Submission) -> dict[str, ast.expr | None]:
    """Names that the file gives a value outside `backward`, by a plain assignment."""
    return _constants(submission.prelude, submission.needs, submission.parameters)


@lru_cache(4)
def _constants(prelude: str, needs: frozenset[str], parameters: tuple[str, ...]) -> dict[str, ast.expr | None]:
    found: dict[str, ast.expr | None] = {}
    for node in needed(ast.parse(prelude).body, needs).runs:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _substitute(node.value, found, (), "")
    return {name: value for name, value in found.items() if name not in parameters}


def _substitute(node: ast.expr, known: dict[str, ast.expr | None], gradients: Collection[str], target: str) -> ast.expr | None:
    needed = {n for n in identifiers(node) if n in known and (n not in gradients or n == target)}
    if any(known[n] is None for n in needed):
        return None
    return _small(_Put({n: known[n] for n in needed}).visit(copy.deepcopy(node))) if needed else node


def _small(folded: ast.expr) -> ast.expr | None:
    return folded if next(islice(walk(folded), LARGEST, None), None) is None else None


class _Put(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr | None]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.values.get(node.id)
        if isinstance(value, ast.Name | ast.Attribute) and not hasattr(value, "lineno"):
            return ast.copy_location(type(value)(**dict(ast.iter_fields(value))), node)
        return value or node
