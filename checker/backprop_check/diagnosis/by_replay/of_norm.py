"""A length differentiated as the sum of squares that it is the root of."""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import evaluator, replays, written_as
from backprop_check.diagnosis.by_replay.sites import Site
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if
from backprop_check.expression.rewrites import put, sums
from backprop_check.records import Diagnosis

NORMS = ("norm", "vector_norm")


def as_its_square(case: Case, site: Site) -> Diagnosis | None:
    """Proven by replay: with the sum of squares in the place of its root, autograd gives the learner's answer."""
    values = case.runs[0].trial.values
    root, of = (evaluator(case, part)(values) for part in (site.part, site.operand))
    if not isinstance(root, torch.Tensor) or not isinstance(of, torch.Tensor):
        return None
    square = ast.BinOp(site.operand, ast.Pow(), ast.Constant(2))
    for total in sums(square, of.dim()):
        value = evaluator(case, total)(values)
        if value.shape == root.shape and torch.allclose(value, root**2):
            changed = put(site.tree, site.part, total)
            return _told(case, site, changed) if replays(case, written_as(case, site.line, changed)) else None
    return None


def _told(case: Case, site: Site, changed: ast.expr) -> Diagnosis:
    part, of, line = text(site.part), text(site.operand), site.line
    named = f", which is `{line.name}`" if text(site.tree) == part else ""
    products = (p for p in parts(case.draft) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult)) if case.draft is not None else ()
    whole = next((p for p in products if 2 in map(literal, parts(p)) and of in map(text, parts(p))), None)
    return case.proven(
        "wrong-local-derivative",
        error=f"this is the slope of the squares of `{of}`, summed, and `{part}` is the root of that sum",
        note=f"The slope of `{of}**2` is `2 * {of}`; the root's own slope is 1 over twice the root.",
        help=f"Multiply the two: what is left is `{of}` over its length{named}.",
        span=case.span(whole),
        evidence=f"With the sum of squares in the place of `{part}`, autograd gives exactly your answer in every trial.",
        claims=(as_if([(line, changed)]),),
    )
