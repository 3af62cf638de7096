"""How often a slip in live code is explained: the pieces of `tests/live/pieces.py`, as they stand and with each slip.

Prints a table in Markdown: what is said first, and the processor seconds. `python benchmarks/live.py NAME` prints all that is said.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "live"))

from pieces import PIECES
from scripts import said


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    only, named, times, alarms = sys.argv[1:], 0, [], 0
    print("| what | slip | here | s |\n|---|---|---|---|")
    for piece in PIECES:
        if only and piece.name not in only:
            continue
        for number in range(-1, len(piece.slips)):
            start = time.process_time()
            text = said("import numpy as np\n" + (piece.text if number < 0 else piece.slipped(number)).replace("assert cmp(", "_ = cmp("))
            seconds = time.process_time() - start
            first = _first(text)
            slip = "" if number < 0 else "`{}` → `{}`".format(*(each.strip() for each in piece.slips[number]))
            alarms += number < 0 and bool(first)
            named += number >= 0 and first.startswith("named")
            times += [seconds] if number >= 0 else []
            print(f"| {piece.name} | {slip} | {first or 'right'} | {seconds:.2f} |", flush=True)
            if only:
                print(text)
    print(f"\n{len(times)} slips, {named} named; {alarms} pieces called wrong as they stand")
    print(f"median {statistics.median(times):.2f} s, most {max(times):.2f} s")


def _first(text: str) -> str:
    """What is said first of what is wrong."""
    if "approximate: False" not in text:
        return ""
    below = text[text.index("approximate: False") :]
    pointed = [row for row in below.splitlines() if "^" in row and "│" in row]
    if not pointed or "numbers are not" in below.split("help:")[0]:
        return "facts"
    behind = pointed[0].rsplit("^", 1)[1].strip()
    rows = below.splitlines()
    after = rows[rows.index(pointed[0]) + 1] if not behind else ""
    return "named: " + (behind or after.split("│", 1)[-1].strip())


if __name__ == "__main__":
    main()
