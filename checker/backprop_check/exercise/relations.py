"""Relations between sizes that hold in every trial: what these trials cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import gcd

Column = tuple[int, int, int]
"""What one quantity is in the three trials."""

Direction = tuple[int, int]


def added(new: Column, earlier: Sequence[Column]) -> Iterator[tuple[str, tuple[int, ...], Column]]:
    """Yield the quantities that the size `new` adds to those of `earlier` sizes: how each is written, of which sizes, its values.

    They are the size, its products with one or two others or itself, and a size less one times another. In the second part `-1` is the
    new size, and other numbers are places in `earlier`.
    """
    x, y, z = new
    xx, yy, zz = x * x, y * y, z * z
    yield "{0}", (-1,), new
    yield "{0}·{0}", (-1,), (xx, yy, zz)
    yield "({0}-1)·{0}", (-1,), (xx - x, yy - y, zz - z)
    for i, (a, b, c) in enumerate(earlier):
        ax, by, cz = a * x, b * y, c * z
        yield "{0}·{1}", (i, -1), (ax, by, cz)
        yield "({0}-1)·{1}", (i, -1), (ax - x, by - y, cz - z)
        yield "{0}·({1}-1)", (i, -1), (ax - a, by - b, cz - c)
        yield "{0}·{0}·{1}", (i, -1), (a * ax, b * by, c * cz)
        yield "{0}·{1}·{1}", (i, -1), (ax * x, by * y, cz * z)
        for j in range(i):
            d, e, f = earlier[j]
            yield "{0}·{1}·{2}", (j, i, -1), (d * ax, e * by, f * cz)


def sums(new: Column, earlier: Sequence[Column]) -> Iterator[tuple[str, tuple[int, ...], Column]]:
    """Yield the sums and differences that the size `new` adds, as `added` does."""
    x, y, z = new
    for i, (a, b, c) in enumerate(earlier):
        yield "{0} + {1}", (i, -1), (a + x, b + y, c + z)
        yield "{1} - {0}", (i, -1), (x - a, y - b, z - c)


def halves(new: Column, earlier: Sequence[Column]) -> Iterator[Column]:
    """Yield parts that a forward may take, up to a number: of the size `new`, of its difference from others, and with others added."""
    x, y, z = new
    yield x // 2, y // 2, z // 2
    yield (x + 1) // 2, (y + 1) // 2, (z + 1) // 2
    yield x // 3, y // 3, z // 3
    yield x // 4, y // 4, z // 4
    for a, b, c in earlier:
        yield (x - a) // 2, (y - b) // 2, (z - c) // 2
        yield (x - a + 1) // 2, (y - b + 1) // 2, (z - c + 1) // 2
        yield x // 2 + a, y // 2 + b, z // 2 + c
        yield a // 2 + x, b // 2 + y, c // 2 + z


def direction(column: Column) -> Direction:
    """How a quantity changes over the trials, whatever it is multiplied by and whatever is added to it; `(0, 0)` if it does not change."""
    a, b = rise(column)
    common = gcd(a, b) or 1
    if a < 0 or (a == 0 and b < 0):
        common = -common
    return a // common, b // common


def rise(column: Column) -> Direction:
    """How a quantity changes over the trials, whatever is added to it."""
    return column[1] - column[0], column[2] - column[0]


def dependent(a: Column, b: Column, c: Column) -> bool:
    """Whether one of three quantities is a sum of multiples of the two others, whatever the multiples."""
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]) == 0


@dataclass
class Apart:
    """Sizes that stand in no relation, and how all that is made of them changes over the trials.

    `odd` asks for sizes that are odd in the second trial: then no product is even in all trials because one or another size is.
    """

    odd: bool = False
    columns: list[Column] = field(default_factory=list)
    directions: set[tuple[int, ...]] = field(default_factory=lambda: {(0, 0)})
    rises: set[tuple[int, ...]] = field(default_factory=lambda: {(0, 0)})
    growths: set[tuple[int, ...]] = field(default_factory=set)
    floors: list[Column] = field(default_factory=list)

    def take(self, new: Column) -> bool:
        """Take a size in, unless it stands in a relation with itself or with those that are there.

        Two sizes or products that change alike are related: one is the other times a number plus a number, whatever the numbers are
        (those that stand in the forward are among them). Of sums and differences, one is the other plus a number; of halves rounded to
        whole numbers, a size up to 1. And a size or a product of two is another times the same number in the first trial and in no
        other, so that each of those finds out an answer that takes one for the other.
        """
        if alone(new) or (self.odd and new[1] % 2 == 0) or any(_divides(a, new) or _divides(new, a) for a in self.columns):
            return False
        directions, rises, growths = set[tuple[int, ...]](), set[tuple[int, ...]](), set[tuple[int, ...]]()
        if not _free(_growths(new, self.columns), self.growths, growths):
            return False
        if not _free(_directions(new, self.columns), self.directions, directions):
            return False
        if not _free(_rises(new, self.columns), self.rises, rises):
            return False
        if tied(new, self.columns):
            return False
        floors = list(halves(new, self.columns))
        if _near(floors, [*self.columns, new]) or _near(self.floors, [new]):
            return False
        self.columns.append(new)
        self.directions |= directions
        self.rises |= rises
        self.growths |= growths
        self.floors += floors
        return True


def coincidences(columns: Sequence[Column]) -> int:
    """Count what the trials cannot tell apart: the fewer, the better these choices of sizes."""
    earlier = [columns[:place] for place in range(len(columns))]
    directions = [(0, 0), *(way for new, known in zip(columns, earlier, strict=True) for way in _directions(new, known))]
    rises = [(0, 0), *(way for new, known in zip(columns, earlier, strict=True) for way in _rises(new, known))]
    count = len(directions) - len(set(directions)) + len(rises) - len(set(rises))
    count += sum(tied(new, known) for new, known in zip(columns, earlier, strict=True))
    count += sum(_near(list(halves(new, known)), columns) for new, known in zip(columns, earlier, strict=True))
    return count + sum(map(alone, columns))


def alone(size: Column) -> bool:
    """Whether a size has a relation with numbers: it comes twice, its half stays, or it is the same modulo 2 or 3 in every trial."""
    x, y, z = size
    return x in (y, z) or y == z or x // 2 == y // 2 == z // 2 or x % 2 == y % 2 == z % 2 or x % 3 == y % 3 == z % 3


def tied(new: Column, earlier: Sequence[Column]) -> bool:
    """Whether a size is a sum of multiples of two others, or of another and a product with it: `(N + k)·M = l·L`, whatever k and l."""
    for a in earlier:
        if dependent(_times(a, new), a, new) or dependent(_times(a, a), a, new) or dependent(_times(new, new), new, a):
            return True
    for a, b in combinations(earlier, 2):
        if dependent(new, a, b):
            return True
        for first, second, third in ((a, b, new), (a, new, b), (b, new, a)):
            product = _times(first, second)
            if dependent(product, first, third) or dependent(product, second, third):
                return True
    return False


def _times(a: Column, b: Column) -> Column:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def _directions(new: Column, earlier: Sequence[Column]) -> Iterator[Direction]:
    return (direction(column) for _, _, column in added(new, earlier))


def _rises(new: Column, earlier: Sequence[Column]) -> Iterator[Direction]:
    yield rise(new)
    yield rise((2 * new[0], 2 * new[1], 2 * new[2]))
    yield rise(_times(new, new))
    for a in earlier:
        yield rise(_times(a, new))
    for _, _, column in sums(new, earlier):
        yield rise(column)


def _growths(new: Column, earlier: Sequence[Column]) -> Iterator[tuple[int, ...]]:
    """By how much a size or a product of two is multiplied from the first trial to each other one."""
    for column in (new, *(_times(a, new) for a in earlier)):
        for trial in (1, 2):
            common = gcd(column[0], column[trial])
            yield trial, column[0] // common, column[trial] // common


def _free(ways: Iterable[tuple[int, ...]], taken: set[tuple[int, ...]], fresh: set[tuple[int, ...]]) -> bool:
    for way in ways:
        if way in taken or way in fresh:
            return False
        fresh.add(way)
    return True


def _divides(a: Column, b: Column) -> bool:
    return b[0] % a[0] == b[1] % a[1] == b[2] % a[2] == 0


def _near(floors: Sequence[Column], sizes: Sequence[Column]) -> bool:
    """Whether one of `floors` is one of `sizes` up to 1 in every trial."""
    known: dict[Direction, list[int]] = {}
    for size in sizes:
        known.setdefault(rise(size), []).append(size[0])
    return any(abs(floor[0] - n) <= 1 for floor in floors for n in known.get(rise(floor), ()))
