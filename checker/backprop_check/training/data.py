"""Data that checkpoints train on, made here: names put together of syllables, and digits drawn by strokes. Nothing is downloaded."""

from __future__ import annotations

import random
from functools import cache

import torch

LETTERS = ".abcdefghijklmnopqrstuvwxyz"
"""The alphabet of names; the dot stands before and after each."""

_BEGIN = ["m", "l", "r", "n", "s", "t", "k", "d", "v", "j", "b", "br", "el", "al", "ka", "th", "sh", "z", "f", "gr"]
_VOWEL = ["a", "e", "i", "o", "u", "a", "e", "i", "ia", "ei", "ae"]
_MIDDLE = ["l", "r", "n", "m", "s", "v", "d", "t", "k", "nn", "ll", "nd", "rl", "st", "z", "b"]
_END = ["", "", "n", "s", "l", "r", "na", "ra", "lia", "th", "ric", "nor", "wen", "sa"]

_STROKES = {
    0: [[(0.5, 0.05), (0.2, 0.25), (0.2, 0.75), (0.5, 0.95), (0.8, 0.75), (0.8, 0.25), (0.5, 0.05)]],
    1: [[(0.3, 0.25), (0.55, 0.05), (0.55, 0.95)]],
    2: [[(0.2, 0.25), (0.4, 0.05), (0.7, 0.1), (0.75, 0.35), (0.2, 0.95), (0.8, 0.95)]],
    3: [[(0.2, 0.1), (0.7, 0.05), (0.75, 0.3), (0.45, 0.48), (0.8, 0.7), (0.6, 0.95), (0.2, 0.9)]],
    4: [[(0.65, 0.95), (0.65, 0.05), (0.15, 0.65), (0.85, 0.65)]],
    5: [[(0.75, 0.05), (0.25, 0.05), (0.25, 0.45), (0.65, 0.45), (0.8, 0.7), (0.6, 0.95), (0.2, 0.9)]],
    6: [[(0.7, 0.05), (0.35, 0.3), (0.2, 0.7), (0.5, 0.95), (0.8, 0.75), (0.6, 0.5), (0.25, 0.6)]],
    7: [[(0.2, 0.05), (0.8, 0.05), (0.4, 0.95)]],
    8: [[(0.5, 0.48), (0.25, 0.25), (0.5, 0.05), (0.75, 0.25), (0.5, 0.48), (0.2, 0.75), (0.5, 0.95), (0.8, 0.75), (0.5, 0.48)]],
    9: [[(0.75, 0.35), (0.5, 0.5), (0.25, 0.3), (0.5, 0.05), (0.75, 0.3), (0.7, 0.65), (0.45, 0.95)]],
}
_POINTS, _WIDE = 24, 8


@cache
def names(count: int = 2000) -> tuple[str, ...]:
    """Return so many different names, put together of syllables by chance; the same ones each time."""
    chance = random.Random(7)  # noqa: S311 (nothing secret is drawn from it)
    made: dict[str, None] = {}
    while len(made) < count:
        middle = "".join(chance.choice(_MIDDLE) + chance.choice(_VOWEL) for _ in range(chance.choice((0, 1, 1, 1, 2))))
        made[chance.choice(_BEGIN) + chance.choice(_VOWEL) + middle + chance.choice(_END)] = None
    return tuple(made)


def contexts(before: int, count: int = 2000) -> tuple[torch.Tensor, torch.Tensor]:
    """Return, for each letter of the names and each end of one, the `before` letters that precede it (N, before), and itself (N,)."""
    rows, following = [], []
    for name in names(count):
        spelled = [0] * before + [LETTERS.index(letter) for letter in name + "."]
        for at in range(before, len(spelled)):
            rows.append(spelled[at - before : at])
            following.append(spelled[at])
    return torch.tensor(rows), torch.tensor(following)


def digits(count: int, jitter: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw so many digits on 8 x 8 points: ink from 0 to 1 (N, 64), and which digit each is (N,).

    Each is moved, turned, slanted and bent by chance, as far as `jitter` says. torch's generator draws them: seed it.
    """
    which = torch.randint(0, 10, (count,))
    strokes = torch.stack([_along(_STROKES[digit][0]) for digit in range(10)])[which]  # (N, P, 2)
    strokes = strokes - 0.5 + jitter * 0.03 * torch.randn(strokes.shape)
    turned = torch.eye(2) * 0.85 + jitter * 0.12 * torch.randn(count, 2, 2)
    moved = strokes @ turned + 0.5 + jitter * 0.06 * torch.randn(count, 1, 2)
    places = torch.stack(torch.meshgrid(*[(torch.arange(_WIDE) + 0.5) / _WIDE] * 2, indexing="xy"), 2).reshape(-1, 2)  # (64, 2)
    far = torch.cdist(places, moved).amin(2)  # (N, 64): to the nearest point of the stroke
    return torch.exp(-far.pow(2) / 0.008), which


def _along(corners: list[tuple[float, float]]) -> torch.Tensor:
    """Points at equal distances along a stroke: (P, 2)."""
    line = torch.tensor(corners, dtype=torch.get_default_dtype())
    lengths = (line[1:] - line[:-1]).norm(dim=1)
    ends = torch.cat([torch.zeros(1), lengths.cumsum(0)])
    places = torch.linspace(0, 1, _POINTS) * ends[-1]
    piece = (torch.searchsorted(ends, places, right=True) - 1).clamp(0, len(corners) - 2)
    part = ((places - ends[piece]) / lengths[piece])[:, None]
    points: torch.Tensor = line[piece] + part * (line[piece + 1] - line[piece])
    return points


def drawn(pixels: torch.Tensor, wide: int = _WIDE) -> list[str]:
    """Return a picture (its ink from 0 to 1) as lines of text, each point two signs wide."""
    signs = " .:+#"
    return ["".join(signs[int(max(0.0, min(0.999, float(v))) * len(signs))] * 2 for v in row) for row in pixels.reshape(-1, wide)]


def beside(pictures: list[list[str]]) -> str:
    """Return pictures of one height side by side."""
    return "\n".join(" ".join(row).rstrip() for row in zip(*pictures, strict=True))
