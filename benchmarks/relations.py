"""The relations that sizes may have, written out one by one, and the table of docs/sizes.md: on how many choices of nominal sizes each was
tried, and in how many of them it holds in all trials.

Run: `python benchmarks/relations.py`. The tests run a part of it. What is here knows nothing of how the sizes are chosen.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, permutations

from backprop_check.exercise.sizes import axis_name, choose_sizes

Sizes = Mapping[str, int]
Choose = Callable[[Sizes], list[dict[str, int]]]

TIMES = (2, 3, 4, 5, 8, 1.5)
"""Numbers that a size may be times another; so is each inverse, as both orders are tried."""


def random_choices(count: int, seed: int = 0) -> Iterator[dict[str, int]]:
    """Yield nominal sizes: two to five different ones from 2 to 40."""
    draw = random.Random(seed)  # noqa: S311 (the same ones in every run)
    for _ in range(count):
        yield dict(zip("ABCDE", draw.sample(range(2, 41), draw.choice((2, 3, 4, 5))), strict=False))


def related_choices(largest: int) -> Iterator[dict[str, int]]:
    """Yield nominal sizes of which one is a multiple, a sum, a difference, a product or a half of others, all up to `largest` but it."""
    for a, b in permutations(range(2, largest + 1), 2):
        made = (2 * a, 3 * a, a + 1, a + b, a - b, a + b - 1, 2 * a + b, a * b, a * b // 2, 2 * a * b, (a - 1) * b, a // 2, a // 2 + b)
        for c in dict.fromkeys(made):
            if c > 1 and c not in (a, b):
                yield {"A": a, "B": b, "C": c}
                if a + c != b:
                    yield {"C": c, "D": a + c, "A": a, "B": b}


def left_standing(nominal: Iterable[Sizes], choose: Choose = choose_sizes) -> tuple[int, Counter[str], Counter[str]]:
    """Return how many nominal sizes there were, how many relations of each kind were tried, and how many hold in all trials."""
    count, tried, standing = 0, Counter[str](), Counter[str]()
    for sizes in nominal:
        count += 1
        for (kind, first), (_, second), (_, third) in zip(*map(_relations, choose(sizes)), strict=True):
            tried[kind] += len(first)
            if same := sum(a == b == c is not None for a, b, c in zip(first, second, third, strict=True)):
                standing[kind] += same
    return count, tried, standing


def _relations(sizes: Sizes) -> Iterator[tuple[str, tuple[float | None, ...]]]:
    """Yield what must not be the same in every trial (k, l are whatever numbers), with None for what must only not be so in every one."""
    known = list(sizes.values())
    for a in known:
        yield "N = k", (a,)
        yield "N modulo 2, 3 or 4 = k", (a % 2, a % 3, a % 4)
        yield "N // 2 = k", (a // 2, (a + 1) // 2)
    for a, b in permutations(known, 2):
        if a < b:
            yield "N ± M = k", (a + b, a - b)
            yield "N·M = k, N / M = k", (a * b, a / b)
            yield "N·M modulo 2 = k", (a * b % 2,)
        yield "N² = k·M, (N±1)·N = k·M", (a * a / b, (a - 1) * a / b, (a + 1) * a / b)
        yield "N - 1 = k·M, N - 1 = k·(M-1)", ((a - 1) / b, (a - 1) / (b - 1))
        yield "N is a multiple of M", (None if a % b else 0,)
        yield "N = 2, 3, 4, 5, 8 or 1.5 times M, plus k", tuple(a - times * b for times in TIMES)
        parts = (a - b // 2, a - (b + 1) // 2, a - b // 3, a - b // 4)
        yield "N = M // 2, 3 or 4, or up to 1 more or less", tuple(n if -1 <= n <= 1 else None for n in parts)
    for a, b in combinations(known, 2):
        others = [n for n in known if n not in (a, b)]
        for c in others:
            yield "N ± M = k·L", ((a + b) / c, (a - b) / c)
            yield "N ± M = L + k", (a + b - c, abs(a - b) - c)
            yield "2·N ± M = L + k", (2 * a + b - c, a + 2 * b - c, 2 * a - b - c, 2 * b - a - c)
            yield "N·M = k·L, N·M = L + k", (a * b / c, a * b - c)
            yield "(N±1)·M = k·L", tuple((n + k) * m / c for n, m in ((a, b), (b, a)) for k in (-1, 1))
            yield "N² = M ± L + k", (c * c - a - b, c * c - a + b, c * c + a - b)
            yield "N·M·L modulo 2 = k", (a * b * c % 2,)
            yield "N·M = k·L²", (a * b / (c * c),)
            yield "(N-1)·M = k·N·L", ((a - 1) * b / (a * c), (b - 1) * a / (b * c))
            parts = (abs(a - b) // 2 - c, a // 2 + b - c, b // 2 + a - c)
            yield "(N-M) // 2 = L, N // 2 + M = L, or 1 more or less", tuple(n if -1 <= n <= 1 else None for n in parts)
        for c, d in combinations(others, 2):
            yield "N·M = k·L·K", (a * b / (c * d),)
            yield "N·M·L = k·K", (a * b * c / d, a * b * d / c)
            yield "N·M = L ± K + k", (a * b - c - d, a * b - c + d, a * b + c - d)
            yield "N ± M = L ± K + k", (a + b - c - d, a + b + c - d, a + b + d - c)


def _formulas(sizes: Sizes) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield what a dimension may be called, and its length; the names of what nobody may be told by another name are in brackets."""
    known = list(sizes.items())
    for one, a in known:
        yield (one,), a
        yield from (((f"{k}·{one}",), k * a) for k in (2, 3, 4))
        yield from (((f"{one}{k:+d}",), a + k) for k in (-2, -1, 1, 2))
        yield from (((f"{one}//{k}", f"{one}/{k}"), a // k) for k in (2, 3, 4))
        yield from ((("[made of one]",), n) for n in ((a + 1) // 2, 2 * a + 1, 2 * a - 1, (a - 3) // 2 + 1))
        yield from (((str(k),), k) for k in (2, 3, 8))
    for (one, a), (other, b) in combinations(known, 2):
        yield (f"{one}·{other}",), a * b
        yield (f"2·{one}·{other}",), 2 * a * b
        yield from (((f"{one}+{other}{plus}",), a + b + k) for k, plus in ((-1, "-1"), (0, ""), (1, "+1")))
        yield from (((f"{one}-{other}{plus}",), a - b + k) for k, plus in ((-1, "-1"), (0, ""), (1, "+1")))
        yield from (((f"{other}-{one}{plus}",), b - a + k) for k, plus in ((-1, "-1"), (0, ""), (1, "+1")))
        made = (2 * a + b, a + 2 * b, (a - 1) * b, (b - 1) * a, a // 2 + b, b // 2 + a, (a - b) // 2 + 1, (b - a) // 2 + 1)
        yield from ((("[made of two]",), n) for n in made)
    for (one, a), (other, b), (third, c) in combinations(known, 3):
        yield (f"{one}·{other}·{third}",), a * b * c
        yield ("[made of three]",), a + b + c


def names_told(nominal: Iterable[Sizes], choose: Choose = choose_sizes) -> Counter[str]:
    """Count the dimensions that are told by their name, as a plain number, or by a false name."""
    told: Counter[str] = Counter()
    for sizes in nominal:
        choices = choose(sizes)
        for formulas in zip(*map(_formulas, choices), strict=True):
            lengths = [n for _, n in formulas]
            if min(lengths) > 0:
                name = axis_name(lengths, choices)
                right = name in formulas[0][0]
                told["their name" if right and not name.isdigit() else "a number" if name == str(lengths[0]) else "a false name"] += 1
    return told


def main() -> None:
    """Print the table."""
    wide, related = list(random_choices(3000)), list(related_choices(12))
    start = time.process_time()
    for sizes in wide:
        choose_sizes(sizes)
    spent = (time.process_time() - start) / len(wide) * 1000
    count, tried, standing = left_standing([*wide, *related])
    print("| relation (N, M, L, K any sizes; k any number) | tried | left standing |\n|---|---:|---:|")
    for kind, times in tried.items():
        print(f"| {kind} | {times:,} | {standing[kind]} |")
    print(f"| **all, on {count:,} choices of nominal sizes** | **{tried.total():,}** | **{standing.total()}** |\n")
    print("dimensions told:", ", ".join(f"{n:,} by {what}" for what, n in names_told(wide[:1500]).items()))
    print(f"choosing: {spent:.2f} ms (mean, two to five sizes)")


if __name__ == "__main__":
    main()
