"""Draw practice exercises as `practice` does, and hold each to `dev check`: unsound, alike in a row, and the time a draw takes.

    python benchmarks/practice.py [HOW_MANY [FIRST]]
    python benchmarks/practice.py --show N ...      these draws as Markdown, as in docs/practice.md

One draw in three is for a mistake, and these go round all that can be practised; the others are for none. All go round the levels.
Beside the time of a draw stands the processor time of its own process.
"""

from __future__ import annotations

import statistics
import sys
import time

from backprop_check.errors import BadInput
from backprop_check.practice.aims import AIMS
from backprop_check.practice.compose import LEVELS
from backprop_check.practice.draw import Drawn, draw
from backprop_check.submission.workers import Workers, started

EVERY, LAST = 50, 100


def asked(n: int) -> tuple[str, int]:
    """For which mistake ("": none) and at which level draw `n` is."""
    codes, levels = sorted(AIMS), sorted(LEVELS)
    return "" if n % 3 else codes[n // 3 % len(codes)], levels[n % len(levels)]


def drawn(n: int, zygote: Workers, graphs: list[str]) -> Drawn:
    code, level = asked(n)
    return draw("", f"p{n:04}", level, code, zygote, lambda graph: graph in graphs[-LAST:])


def main(many: int, first: int) -> None:
    graphs: list[str] = []
    times, own, tries, refused, unsound, alike, elsewhere, failed = [], [], [], 0, 0, 0, 0, 0
    with started() as zygote:
        for n in range(first, first + many):
            begun, cpu = time.perf_counter(), time.process_time()
            try:
                found = drawn(n, zygote, graphs)
            except BadInput:
                print(f"p{n:04} {asked(n)[0]}: none could be drawn", flush=True)
                failed += 1
                continue
            times.append(time.perf_counter() - begun)
            own.append(time.process_time() - cpu)
            tries.append(found.tries)
            elsewhere += found.level != asked(n)[1]
            unsound += bool(found.examined.findings)
            refused += len(found.refused)
            for finding in (*found.examined.findings, *found.refused):
                print(f"p{n:04} {found.code or 'for none'} at level {found.level}: {finding}", flush=True)
            alike += bool(graphs) and graphs[-1] == found.graph
            graphs.append(found.graph)
            if n % EVERY == EVERY - 1:
                print(f"{n + 1}: {unsound} unsound, median {statistics.median(times):.2f} s", file=sys.stderr, flush=True)
    print(f"{len(graphs)} drawn ({failed} could not be): {unsound} unsound, {alike} alike in a row, {len(set(graphs))} different graphs")
    print(f"at another level than asked: {elsewhere}")
    print(f"a draw: median {statistics.median(times):.2f} s (own CPU {statistics.median(own):.2f} s), longest {max(times):.1f} s")
    print(f"graphs put down for one that serves: mean {statistics.mean(tries):.2f}, most {max(tries)}; refused by `dev check`: {refused}")


def show(numbers: list[int]) -> None:
    with started() as zygote:
        for n in numbers:
            found = drawn(n, zygote, [])
            print(f"Number {n}, at level {found.level}, for {f'`{found.code}`' if found.code else 'no mistake'}:\n")
            print(f"```python\n{found.exercise.split('def backward')[0].strip()}\n```\n", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--show"]:
        show(list(map(int, sys.argv[2:])))
    else:
        many, first = [*map(int, sys.argv[1:]), *(1000, 1)[len(sys.argv) - 1 :]]
        main(many, first)
