"""Answers that are a gradient of another tensor: of the other factor of a product, or of the one whose name stands there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import arriving, gives_answer
from backprop_check.diagnosis.by_replay.sites import names
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal, gradient_of
from backprop_check.diagnosis.phrases import short, users
from backprop_check.expression.rewrites import operations
from backprop_check.records import Diagnosis, Line, Run


def whose_gradient(case: Case) -> Diagnosis | None:
    """Proven by value: in every trial the answer is what comes back to another tensor."""
    for line, tree, part in _other_factors(case):
        if gives_answer(case, partial(arriving, case, line=line, tree=tree, part=part)):
            return _of_the_other(case, line, part)
    return _named(case) or _of_another_line(case)


def _of_another_line(case: Case) -> Diagnosis | None:
    """Of an answer that is worked out as the gradient of something else: a line that was copied, with the other's names in it."""
    near = {line.name for line in case.consumers}
    for name in sorted(case.available) if not case.partial else ():
        if name[1:] in near or isinstance(case.draft, ast.Name) or all(name == read for read in case.reads):
            continue
        if gives_answer(case, partial(_gradient, name)) and not case.by_chance(partial(_gradient, name)):
            return case.proven(
                "wrong-operand",
                error=f"this is {name}, the gradient of {name[1:]}, worked out once more",
                note=f"{case.node} goes its own way to the loss: {users(case)}.",
                help=f"Go through the names of your line, and ask of each which one stands there for {case.node}.",
                evidence=f"In every trial your answer is {name}.",
                claims=(equal(name, ANSWER),),
            )
    return None


def _gradient(name: str, run: Run) -> torch.Tensor:
    return run.trial.gradients[name]


def _other_factors(case: Case) -> Iterator[tuple[Line, ast.expr, ast.expr]]:
    """The other factors of the products in which the node stands, where a gradient comes back to them."""
    known = case.verdict.runs[0].trial.gradients
    for line in case.consumers:
        tree = ast.parse(line.source.strip(), mode="eval").body
        for product in operations(tree, ast.Mult | ast.MatMult):
            for side, other in ((product.left, product.right), (product.right, product.left)):
                for part in parts(other) if names(side) == {case.node} else ():
                    if isinstance(part, ast.Name) and part.id != case.node and f"d{part.id}" in known:
                        yield line, tree, part


def _of_the_other(case: Case, line: Line, part: ast.expr) -> Diagnosis:
    other = short(part)
    return case.proven(
        "wrong-operand",
        error=f"this is what comes back to `{other}`, the other factor in `{line.name} = {line.source}`",
        note=f"Both {case.node} and {other} get a gradient there, each by the values of the other.",
        help=asks(case),
        evidence=f"In every trial your answer is the gradient of the loss with respect to `{other}` through {line.name}.",
        claims=(gradient_of(line, part),),
    )


def _named(case: Case) -> Diagnosis | None:
    """Of an answer that is one name, though not of what arrives at a line that uses the node."""
    name = case.draft.id if isinstance(case.draft, ast.Name) else ""
    if name not in case.available or name[1:] in {line.name for line in case.consumers} or not case.everywhere or case.partial:
        return None
    return case.proven(
        "wrong-operand",
        error=f"`{name}` is the gradient of {name[1:]}, not of {case.node}",
        note=f"Each of {name[1:]} and {case.node} moves the loss in its own way. {example(case)}".strip(),
        help=asks(case),
        evidence=f"In every trial your answer is {name}, and that is not autograd's gradient of {case.node}.",
        claims=(equal(name, ANSWER),),
    )
