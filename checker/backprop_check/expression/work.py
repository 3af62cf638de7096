"""How far a search goes, counted in what it computes and not in seconds: the same answer is told the same words on every machine."""

from __future__ import annotations

import torch

ELEMENTS = 1 << 12
"""So many elements that are read or written count as one operation more."""
PRODUCTS = 1 << 16
"""So many multiplications of a matrix product do."""
REPLAY = 8
"""A line of the forward that is run again under autograd, and back, costs about as much as so many operations."""
SEARCH, MEND = 40_000, 14_000
"""What an answer may cost: to find its cause, and then to find a near repair."""
REPLAYS = 20_000
"""What replays of the forward may cost beyond that: of a forward of hundreds of lines each costs as much as thousands of edits."""
EDITS, SLIPS, EXPRESSIONS = 1500, 600, 3000
"""So many edits that one mistake makes in a line are tried at most, slips in the right formula, and small expressions for their value."""


class Spent(RuntimeError):
    """What may be spent on replays is used up."""


class Work:
    """Operations on tensors done to explain one submission. One costs some ten microseconds on a desktop of 2024."""

    def __init__(self) -> None:
        self.done = 0

    def count(self, *tensors: object, times: int = 1) -> None:
        """Count one operation on `tensors` and its result, done so many `times` over."""
        elements = 0
        for each in tensors:
            if isinstance(each, torch.Tensor):
                elements += each.numel()
        self.done += times * (1 + elements // ELEMENTS)

    def product(self, left: torch.Tensor, right: torch.Tensor) -> None:
        """Count what a matrix product costs beyond one operation."""
        self.done += left.numel() * (right.shape[-1] if right.dim() > 1 else 1) // PRODUCTS
