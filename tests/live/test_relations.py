"""What two tensors alone prove, where no forward was seen; and nothing where they prove nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scripts import said

RELATIONS: dict[str, tuple[str, str, str]] = {
    "transposed": ("4, 3", "g.T", "The gradient transposed.\n   With `.T` it is the gradient, number for number."),
    "permuted": ("4, 3, 2", "g.permute(2, 0, 1)", "With `.permute(1, 2, 0)` it is the gradient"),
    "sign": ("4, 3", "-g", "The opposite sign."),
    "1/n": ("4, 3", "g / 5", "1/5 times the gradient"),
    "2": ("4, 3", "2 * g", "2 times the gradient"),
    "1/(n-1)": ("4, 3", "g * 5 / 4", "5/4 times the gradient"),
    "kept axis": ("4,", "g[None]", "one axis of length 1 too many.\n   help: Drop it: `.squeeze(0)`"),
    "lost axis": ("4, 1", "g[:, 0]", "has lost an axis of length 1.\n   help: Keep it: `keepdim=True`"),
    "missing sum": (
        "3,",
        "(g / 5).expand(5, 3)",
        "Summed over axis 0, its numbers are the gradient's.\n   help: Sum what the copies send back: `.sum(0)`.",
    ),
    "missing sum, kept": ("1, 3", "(g / 5).expand(5, 3)", "`.sum(0, keepdim=True)`"),
    "zeros": ("4, 3", "torch.zeros(4, 3)", "It is zero everywhere."),
    "other places": ("4, 3", "g.flip(0)", "The right numbers in other places."),
    "reshaped": ("4, 3", "g.reshape(3, 4)", "The numbers are right and in order; only the shape is another."),
    "nothing": ("4, 3", "g + torch.randn(4, 3)", "The shape is right, the numbers are not."),
    "an odd factor": ("4, 3", "g * 0.7313", "The shape is right, the numbers are not."),
    "one number": ("1,", "g * 3", "The shape is right, the numbers are not."),
}


@pytest.mark.parametrize("relation", RELATIONS.values(), ids=RELATIONS)
def test_relation(relation: tuple[str, str, str]) -> None:
    shape, given, due = relation
    text = f"w = torch.zeros(({shape}), requires_grad=True)\nw.grad = g = torch.randn(({shape}))\ngiven = {given}\ncmp('w', given, w)\n"
    told = said(text, record=False)
    assert due in told, told
    assert "so only the numbers were compared" in told


@pytest.mark.parametrize("change", [lambda g: g * 1.00001, lambda g: g + 1e-9])
def test_what_is_right_is_right(change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    told = said(
        "w = torch.zeros(4, 3, requires_grad=True)\nw.grad = torch.randn(4, 3)\ncmp('w', change(w.grad), w)\n", record=False, change=change
    )
    assert "approximate: True" in told
