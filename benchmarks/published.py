"""How often a wrong backward is explained, on published hand-written passes re-expressed in `tests/pairs/samples/published.py`.

Prints a table in Markdown: each pass as it stands and with three slips, what is said first, and the processor seconds that took.
`python benchmarks/published.py NAME` runs one, and prints all that is said.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "pairs"))


import made
import passes
from pairs import result

from backprop_check.pairs import say


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    only = sys.argv[1:]
    rows: list[tuple[str, str, str, str, float]] = []
    if not only:
        print("| what | slip | here | s |\n|---|---|---|---|")
    for one in passes.PASSES:
        if only and one.called not in only:
            continue
        for old, new in [("", ""), *one.slips]:
            there = made.module("published.py", one.backward, old, new) if old else made.module("published.py")
            start = time.process_time()
            try:
                done = passes.examined(there, one)
                told, seconds = result(done, start)
            except Exception:
                done, told, seconds = None, "crashed: " + traceback.format_exc().strip().splitlines()[-1], time.process_time() - start
                if only:
                    traceback.print_exc()
            rows.append((one.called, old, new, told, seconds))
            slip = f"`{old.strip()}` → `{new.strip()}`" if old else ""
            print(f"| {one.called} | {slip} | {told} | {seconds:.2f} |", flush=True)
            if only and done is not None:
                print(said(done))
    wrong = [row for row in rows if row[1]]
    named = sum(row[3].startswith("named") for row in wrong)
    times = [row[4] for row in wrong]
    print(f"\n{len(rows) - len(wrong)} as they stand, {len(wrong)} slips, {named} named")
    print(f"median {statistics.median(times):.2f} s, most {max(times):.2f} s")


def said(done: Any) -> str:
    with contextlib.redirect_stdout(io.StringIO()):
        return "\n".join(say.lines(done))


if __name__ == "__main__":
    main()
