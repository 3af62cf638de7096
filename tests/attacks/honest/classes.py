"""A class with methods, one of them called `backward`, and a dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn


@dataclass
class Tanh:
    out: Tensor
    seen: list[str] = field(default_factory=list)
    name: ClassVar[str] = "tanh"

    def backward(self, g: Tensor) -> Tensor:
        self.seen.append(self.name)
        return (1 - self.out.square()) * g


class Product(nn.Module):
    def __init__(self, x: Tensor, y: Tensor) -> None:
        super().__init__()
        self.x, self.y = x, y

    def by(self, g: Tensor) -> tuple[Tensor, Tensor]:
        return self.y * g, (self.x * g).sum(1, keepdim=True)


def backward(counts, counts_sum_inv, probs, act, s):
    dact: Tensor = torch.ones_like(act)
    dprobs: Tensor = Tanh(act).backward(dact)
    dcounts, dcounts_sum_inv = Product(counts, counts_sum_inv).by(dprobs)
