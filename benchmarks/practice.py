"""Draw practice exercises as `practice` does, and hold each to `dev check`: unsound, alike in a row, and the time a draw takes.

    python benchmarks/practice.py [HOW_MANY [FIRST [SEED]]]

The draws go round the mistakes that can be practised, one time in three for none, and round the levels. Beside the time of a draw
stands the processor time of its own process.
"""

from __future__ import annotations

import statistics
import sys
import time

from backprop_check.practice.aims import AIMS
from backprop_check.practice.compose import LEVELS
from backprop_check.practice.draw import draw
from backprop_check.submission.workers import started

EVERY = 50


def main(many: int, first: int, seed: str) -> None:
    codes, levels = sorted(AIMS), sorted(LEVELS)
    graphs: list[str] = []
    times, own, tries, unsound, alike, elsewhere = [], [], [], 0, 0, 0
    with started() as zygote:
        for n in range(first, first + many):
            code = codes[(n // 3 * 2 + n % 3 - 1) % len(codes)] if n % 3 else ""
            level = levels[n % len(levels)]
            begun, cpu = time.perf_counter(), time.process_time()
            drawn = draw(seed, f"p{n:04}", level, code, zygote, lambda graph: graph in graphs[-100:])
            times.append(time.perf_counter() - begun)
            own.append(time.process_time() - cpu)
            tries.append(drawn.tries)
            elsewhere += drawn.level != level
            unsound += bool(drawn.examined.findings)
            for finding in drawn.examined.findings:
                print(f"p{n:04} {code or 'for none'} at level {level}: {finding}", flush=True)
            alike += bool(graphs) and graphs[-1] == drawn.graph
            graphs.append(drawn.graph)
            if n % EVERY == EVERY - 1:
                print(f"{n + 1}: {unsound} unsound, median {statistics.median(times):.2f} s", file=sys.stderr, flush=True)
    print(f"{many} drawn: {unsound} unsound, {alike} alike in a row, {len(set(graphs))} different graphs, {elsewhere} at another level")
    print(f"a draw: median {statistics.median(times):.2f} s (own CPU {statistics.median(own):.2f} s), longest {max(times):.1f} s")
    print(f"graphs put down for one that serves: mean {statistics.mean(tries):.2f}, most {max(tries)}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 1000, int(given[1]) if given[1:] else 1, given[2] if given[2:] else "")
