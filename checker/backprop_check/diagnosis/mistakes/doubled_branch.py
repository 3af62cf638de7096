"""doubled-branch: what comes back along one path is counted twice.

Family: Branches and accumulation
Forward: p = c * 2; q = c * c; r = p * q
Shapes: c (N, C)
Wrong: dp = q * dr; dq = p * dr; dc = 2 * dp + 2 * c * dq; dc += 2 * c * dq
Right: dp = q * dr; dq = p * dr; dc = 2 * dp + 2 * c * dq

Why:
Each use of a value sends its gradient back once. With `+=` it is easily added twice: the line runs a second time, or
the name already held that part when the line was reached.

Read more: the PyTorch documentation, "torch.optim.Optimizer.zero_grad", on gradients that accumulate.

Question: How often does the forward use {node}, and how many terms has your answer?
Of a factor: What does each use of {node} send back, and which of them brings {part} with it?
Law: Each use sends its gradient back once: as many terms as uses.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_replay.paths import off, paths
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import uses_taken
from backprop_check.diagnosis.scale.factors import brought, lines_of_answer, same_factor
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis, Line

SQUARES = ("square", "pow(", "mse_loss", "var(", "std(", "norm(", "dist(")


def find(case: Case) -> Diagnosis | None:
    """Proven by two terms of equal value, one of which is too many; or by the paths: one is in the answer twice."""
    if not case.everywhere:
        return None
    for first, term, without in _twice(case):
        fix = case.fix(without)
        if fix is not None:
            told = _told(case, "this comes in twice", term, "One of two equal terms is too many; without it the answer is right.", fix)
            span = case.span(first)
            return replace(told, also=((span, "here it is in already"),)) if span not in (None, told.span) else told
    found = paths(case) if case.same_shape else []
    path = off(case, found, [2.0] * len(case.runs))
    if path is None or path.squared or _scales(path.line) or _is_halved(case, path.line):
        return None
    evidence = f"Autograd's gradient, with the part through {path.told} taken twice, is your answer in every trial."
    if (found_two := search(case, _without_a_two)) is not None:
        error = f"the factor `{text(found_two.part)}` counts what comes back through {path.told} twice"
        told = _told(case, error, found_two.part, evidence, found_two.fix)
        return replace(told, help="Leave it out.", question="Of a factor", claims=(*told.claims, uses_taken(2, [path])))
    if case.expression is not None and len(list(_terms(case.expression))) == len(found) > 1:
        return None  # a term for each use: in one of them a number is off
    told = _told(case, f"the path through {path.told} is counted twice", None, evidence, None)
    return replace(told, claims=(uses_taken(2, [path]),))


def _without_a_two(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A product without its factor 2."""
    for part in operations(expression, ast.Mult):
        for two, rest in ((part.left, part.right), (part.right, part.left)):
            if literal(two) == 2:
                yield put(expression, part, rest), two


def _twice(case: Case) -> Iterator[tuple[ast.expr, ast.expr, ast.expr]]:
    """Pairs of terms of the answer's sum that have the same value: (the earlier one, the later one, the answer without that)."""
    if case.expression is None:
        return
    terms = list(_terms(case.expression))[:8]
    for (first, before), (second, join) in combinations(terms, 2):
        a, b = (_worth(case, *term) for term in ((first, before), (second, join)))
        if (
            join is not None
            and isinstance(a, torch.Tensor)
            and isinstance(b, torch.Tensor)
            and a.shape == b.shape
            and a.dtype == b.dtype
            and torch.allclose(a, b)
        ):
            yield first, second, put(case.expression, join, join.left)


def _worth(case: Case, term: ast.expr, join: ast.BinOp | None) -> object:
    value = value_of(case, term)
    return -value if isinstance(value, torch.Tensor) and join is not None and isinstance(join.op, ast.Sub) else value


def _terms(node: ast.expr, join: ast.BinOp | None = None) -> Iterator[tuple[ast.expr, ast.BinOp | None]]:
    """The terms of a sum, each with the `+` or `-` that brings it in."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _terms(node.left, join)
        yield node.right, node
    else:
        yield node, join


def _scales(line: Line) -> bool:
    """Whether the line itself brings in a number: then a factor of 2 may have come from that, and is no second visit."""
    tree = ast.parse(f"({line.source}\n)", mode="eval")
    operands = [o for n in ast.walk(tree) if isinstance(n, ast.BinOp) for o in (n.left, n.right)]
    return any(isinstance(o, ast.Constant | ast.UnaryOp) for o in operands) or any(word in line.source for word in SQUARES)


def _is_halved(case: Case, line: Line) -> bool:
    """Whether the forward takes half of what went this way, further on: who leaves that out has it twice, and visits no path again."""
    reached, further = {line.name}, [line]
    for later in lines_of_answer(case):
        if later is not line and reached & set(later.reads):
            reached.add(later.name)
            further.append(later)
    numbers = [b.values for b in brought(case, further)]
    pairs = [[x * y for x, y in zip(a, b, strict=True)] for a, b in combinations(numbers, 2)]
    return any(same_factor(values, [0.5] * len(case.runs)) for values in (*numbers, *pairs))


def _told(case: Case, error: str, term: ast.expr | None, evidence: str, fix: str | None) -> Diagnosis:
    return case.proven(
        "doubled-branch",
        error=error,
        note=f"Each use of {case.node} sends its gradient back once.",
        help="Take it in once." + (f" Did {case.name} already hold it?" if len(case.written) > 1 else ""),
        span=case.span(term),
        evidence=evidence,
        fix=fix,
    )
