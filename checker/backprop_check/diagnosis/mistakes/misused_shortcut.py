"""misused-shortcut: p - y, the gradient of softmax followed by cross-entropy, where another loss follows.

Family: Composite formulas
Forward: p = torch.softmax(z, 1); loss = ((p - t)**2).sum()
Shapes: z (N, C), t (N, C)
Wrong: dz = p - t
Right: dp = 2 * (p - t); dz = p * (dp - (p * dp).sum(1, keepdim=True))

Why:
Cross-entropy divides by the very probabilities that the softmax multiplies with, and all that is left is p - y. The
same happens with a sigmoid and binary cross-entropy. With any other loss behind the softmax nothing cancels, and both
derivatives have to be multiplied as they are.

Read more: any derivation of the gradient of softmax with cross-entropy; see where the p of the one cancels the 1/p of the other.

Question: Of which two operations, one after the other, is {part} the gradient? Are they these?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F

from backprop_check.diagnosis.by_replay.counterfactual import gives_answer
from backprop_check.diagnosis.by_replay.masks import called
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.mistakes.missing_branch import left_out
from backprop_check.diagnosis.phrases import lines
from backprop_check.diagnosis.scale.constants import named_constants, times
from backprop_check.records import Diagnosis, Run

SHORTCUTS = {"softmax": "cross-entropy", "sigmoid": "binary cross-entropy"}
LOGARITHMS = ("log", "entropy", "softplus", "nll_loss")
"""In a loss that cancels what a softmax or a sigmoid brings in."""


def find(case: Case) -> Diagnosis | None:
    """Proven by value: the answer is softmax (or sigmoid) of the node less a tensor of the forward, which is no multiple of the oracle."""
    if case.reads:
        return _of_upstream(case)
    if not case.everywhere or not all(bool(a.any()) for a in case.answers):  # nothing is a multiple of everything
        return None
    run = case.runs[0]
    for squash in _squashes(run.trial.values[case.node]):
        for label in _labels(case, run):
            plain = _shortcut(case, run, squash, label)
            for factor in (None, *named_constants(case)) if _is_multiple(plain, case.answers[0]) else ():
                made = _text(case, squash, label) if factor is None else times(_text(case, squash, label), factor)
                by = factor.values if factor is not None else {r.trial.seed: 1.0 for r in case.runs}
                if gives_answer(case, lambda r, s=squash, n=label, f=by: _times(_shortcut(case, r, s, n), f[r.trial.seed])):  # type: ignore[misc]
                    if _is_multiple(plain, case.oracles[0]):
                        return None
                    if any(word in line.source for line in case.graph.exercise.lines for word in LOGARITHMS):
                        return left_out(case)  # the forward may have that loss, and something beside it
                    return replace(_told(case, squash, label), claims=(equal(made, ANSWER),))
    return None


def _of_upstream(case: Case) -> Diagnosis | None:
    """What arrives from above where the labels stand in the shortcut."""
    for line in case.consumers:
        tree = ast.parse(line.source.strip(), mode="eval").body
        name = called(tree)
        gradient = f"d{line.name}"
        values = [(run.trial.values[line.name], run.trial.gradients[gradient]) for run in case.runs] if name in SHORTCUTS else []
        if values and case.is_answer([value - arrives for value, arrives in values]):
            return case.proven(
                "misused-shortcut",
                error=f"this is the shortcut for {name} followed by {SHORTCUTS[name]}, with {gradient} where the labels stand",
                note=f"{line.name} less the labels is left where the two cancel; {gradient} is what arrives from above, and no label.",
                help=f"Take {gradient} through {name} itself: ask how far {line.name} moves when one number of {case.node} rises a little.",
                evidence=f"`{line.name} - {gradient}` is exactly your answer in every trial.",
                claims=(equal(f"{line.name} - {gradient}", ANSWER),),
            )
    return None


def _squashes(value: torch.Tensor) -> Iterator[int | None]:
    """The axes a softmax may run along, then None for a sigmoid."""
    yield from range(value.dim())
    yield None


def _labels(case: Case, run: Run) -> list[str]:
    return [n for n in case.graph.exercise.names if n != case.node and isinstance(run.trial.values[n], torch.Tensor)]


def _shortcut(case: Case, run: Run, axis: int | None, name: str) -> torch.Tensor | None:
    """p - y, y being the tensor `name` or, where it holds labels, their one-hot rows."""
    z, label = run.trial.values[case.node].to(torch.float64), run.trial.values[name]
    p = torch.sigmoid(z) if axis is None else torch.softmax(z, axis)
    if not label.is_floating_point() and label.shape != z.shape:
        if axis is None or label.shape != z.shape[:axis] + z.shape[axis + 1 :] or label.min() < 0 or label.max() >= z.shape[axis]:
            return None
        label = F.one_hot(label.long(), z.shape[axis]).movedim(-1, axis)
    return p - label.to(torch.float64) if label.shape == z.shape else None


def _text(case: Case, axis: int | None, name: str) -> ast.expr:
    """The same, as an expression."""
    z, label = case.node, case.runs[0].trial.values[name]
    p = f"torch.sigmoid({z})" if axis is None else f"torch.softmax({z}, {axis})"
    same = label.is_floating_point() or label.shape == case.runs[0].trial.values[z].shape
    y = name if same else f"torch.nn.functional.one_hot({name}.long(), {z}.shape[{axis}]).movedim(-1, {axis})"
    return ast.parse(f"{p} - {y}.double()", mode="eval").body


def _times(value: torch.Tensor | None, factor: float) -> torch.Tensor | None:
    return None if value is None else value * factor


def _is_multiple(shortcut: torch.Tensor | None, other: torch.Tensor) -> bool:
    if shortcut is None or shortcut.shape != other.shape or not shortcut.numel():
        return False
    at = int(shortcut.abs().argmax())
    return torch.allclose(shortcut * (other.flatten()[at] / shortcut.flatten()[at]), other, rtol=1e-9, atol=1e-12)


def _told(case: Case, axis: int | None, label: str) -> Diagnosis:
    function, loss = ("sigmoid", "binary cross-entropy") if axis is None else ("softmax", "cross-entropy")
    users = lines(case.consumers)
    return case.proven(
        "misused-shortcut",
        error=f"this is the shortcut for {function} followed by {loss}, which this graph does not have",
        note=f"{function}({case.node}) less {label} is what is left where the two cancel; behind {users} something else follows here.",
        help=f"Go step by step: the gradient of what {function} gives, then through {function} itself.",
        evidence=f"{function}({case.node}) less {label}, times one constant, is exactly your answer in every trial; no multiple of it "
        "is autograd's gradient.",
    )
