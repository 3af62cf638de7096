"""How often a wrong backward is explained: the custom functions and the pairs in NumPy of `tests/pairs`, right and with slips.

Prints a table in Markdown: what torch's gradcheck says, what is said here, and the processor seconds that took.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "pairs"))

import made
import slips

from backprop_check.pairs import say
from backprop_check.pairs.check_pair import examined
from backprop_check.pairs.custom import Custom
from backprop_check.pairs.examine import Examined, examine
from backprop_check.pairs.faults import of_call, of_gradient


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    samples = made.functions()
    rows = []
    for function, (inputs, changes) in samples.cases().items():
        for old, new in [("", ""), *changes]:
            own = made.function(function.__name__, old, new)
            needs = [isinstance(each, torch.Tensor) and each.requires_grad for each in inputs]
            start = time.process_time()
            done = examine(Custom(own), inputs, needs)
            rows.append((function.__name__, old, new, torchs(own, inputs), *result(done, start)))
    for pair, inputs in slips.INPUTS.items():
        forward, backward = slips.names(pair)
        for old, new in [("", ""), *((s[1], s[2]) for s in slips.SLIPS if s[0] == pair)]:
            there = made.module("layers.py", f"def {backward}(", old, new) if old else made.module("layers.py")
            start = time.process_time()
            done = examined(getattr(there, forward), getattr(there, backward), inputs)
            rows.append((forward, old, new, "", *result(done, start)))
    print("| what | slip | torch | here | s |\n|---|---|---|---|---|")
    for name, old, new, torch_says, told, seconds in rows:
        slip = f"`{old.strip()}` → `{new.strip()}`" if old else ""
        print(f"| {name} | {slip} | {torch_says} | {told} | {seconds:.2f} |")
    for what, some in (("custom functions", [r for r in rows if r[3]]), ("NumPy pairs", [r for r in rows if not r[3]])):
        wrong = [row for row in some if row[1]]
        named = sum(row[4].startswith("named") for row in wrong)
        times = [row[5] for row in wrong]
        cost = f"median {statistics.median(times):.2f} s, most {max(times):.2f} s"
        print(f"\n{what}: {len(some) - len(wrong)} as they stand, {len(wrong)} slips, {named} named; {cost}")


def torchs(function: Any, inputs: tuple[Any, ...]) -> str:
    try:
        torch.autograd.gradcheck(function.apply, inputs)
    except Exception as error:
        return type(error).__name__
    return "right"


def result(done: Examined, start: float) -> tuple[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        lines = list(say.lines(done))
    seconds = time.process_time() - start
    if not lines:
        return "right", seconds
    faults = [*of_call(done), *(fault for one in done.ones if not one.right for fault in of_gradient(done, one))]
    wrong = [one.compared for one in done.ones if not one.right and one.compared is not None]
    causes = [fault.error for fault in faults] + [each.diagnoses[0][0].error for each in wrong if each.named]
    related = [line for line in lines if "number is the gradient's" in line]
    told = causes or related
    return (f"named: {told[0].strip()}" if told else "facts").replace("|", "/"), seconds


if __name__ == "__main__":
    main()
