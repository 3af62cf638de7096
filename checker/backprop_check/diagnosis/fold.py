"""Fold the statements that write a target into one expression, as far as they are plain assignments."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Sequence
from functools import lru_cache

from backprop_check.derivation.trees import identifiers
from backprop_check.records import Submission
from backprop_check.submission.needed import needed
from backprop_check.submission.signature import find_backward
from backprop_check.submission.statements import guarded


def statement_nodes(submission: Submission) -> list[ast.stmt]:
    """The guarded statements of the submission's `backward`, as nodes whose positions are those of its `body`."""
    return list(_guarded(submission.body, submission.bare, submission.parameters))


@lru_cache(4)  # each gradient of a submission asks
def _guarded(body: str, bare: bool, parameters: tuple[str, ...]) -> tuple[ast.stmt, ...]:
    return tuple(guarded(find_backward(ast.parse(body), bare, parameters).body))


def fold(submission: Submission, nodes: Sequence[ast.stmt], target: str, gradients: Collection[str]) -> ast.expr | None:
    """Return one expression for the last value of `target`, or None where a loop, an index or a call writes it.

    Helper names are put in; other gradients stay names, since the judge replaces them. Whether the result is what the learner's
    statements compute is for the caller to verify by value.
    """
    known = dict(constants(submission))
    for statement, node in zip(submission.statements, nodes, strict=True):
        match node:
            case ast.Assign(targets=targets, value=value) if all(isinstance(t, ast.Name) for t in targets):
                folded = _substitute(value, known, gradients, target)
                for t in targets:
                    assert isinstance(t, ast.Name)
                    known[t.id] = folded
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                given = [_substitute(value, known, gradients, target) for value in values]
                for place, value, made in zip(names, values, given, strict=True):
                    same = isinstance(place, ast.Name) and isinstance(value, ast.Name) and place.id == value.id
                    if isinstance(place, ast.Name) and not (same and place.id not in known):
                        known[place.id] = made
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                before = known.get(name, ast.Name(name, ast.Load()))
                right = _substitute(value, known, gradients, target)
                joined = None if before is None or right is None else ast.BinOp(before, op, right)
                known[name] = ast.copy_location(joined, node) if joined else None
            case _:
                for name in statement.writes:
                    known[name] = None
    return known.get(target)


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
    return _Put({n: known[n] for n in needed}).visit(copy.deepcopy(node)) if needed else node


class _Put(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr | None]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id) or node
