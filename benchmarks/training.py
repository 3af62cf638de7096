"""Train every checkpoint of the course with its solutions, then with one slip planted in one of them, and print what is shown.

python benchmarks/training.py [CHECKPOINT ...]    the table of docs/training.md: loss at the end, how far from autograd's, CPU seconds
python benchmarks/training.py --slips [...]       what `train` prints of the slip
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from backprop_check.exercise.course import exercise_id, packaged_course

SLIPS = {
    "logarithms": ("ex07", "da = c * dc", "da = dc"),
    "squeeze": ("ex03b", "db = a.T @ dc", "db = a.T @ torch.ones_like(dc)"),
    "times_table": ("ex14b", "dsim = out * dout", "dsim = W * dout"),
    "parabola": ("ex10b", "da = F.one_hot(a.argmax(1), a.shape[1]) * db", "da = db.expand_as(a)"),
    "two_letters": (
        "ex19",
        "dE = torch.zeros_like(E).index_add_(0, ix, demb)",
        "dE = torch.zeros_like(E)\n    for i in range(len(ix)):\n        dE[ix[i]] = demb[i]",
    ),
    "ring": ("ex22", "dg = q * u * dy + q * (1 - q) * dq", "dg = q * u * dy"),
    "digits": ("ex12", "dcounts = counts_sum_inv * dprobs + torch.ones_like(counts) * dcounts_sum", "dcounts = counts_sum_inv * dprobs"),
    "deeper_digits": ("ex26", "dx = dy + dh @ W.T", "dx = dh @ W.T"),
    "dim_digits": ("ex25", "dbias = dy.sum(0)", "dbias = -dy.sum(0)"),
    "names": ("ex13", "dbndiff = bnvar_inv * dbnraw + 2 * bndiff * dbndiff2", "dbndiff = bnvar_inv * dbnraw"),
    "waves": ("ex28", "dWh = h1.T @ ((1 - h2**2) * dh2) + h2.T @ ((1 - h3**2) * dh3)", "dWh = h2.T @ ((1 - h3**2) * dh3)"),
    "gapped_digits": ("ex47", "dw = (h * keep * dy).sum(0)", "dw = (h * dy).sum(0)"),
    "mouse": ("ex34", "dchosen = -adv / adv.shape[0]", "dchosen = adv / adv.shape[0]"),
    "sorting": ("ex37", "dh = dy + df @ W1.T", "dh = df @ W1.T"),
}
"""By checkpoint: an exercise, a line of its solution, and what a learner might have written."""


def course(folder: Path, checkpoint: str, slip: bool) -> Path:
    """Write a learner's course in which everything is solved, perhaps with the slip."""
    ours = packaged_course()
    (folder / "exercises").mkdir(parents=True)
    name, line, wrong = SLIPS[checkpoint]
    for path in ours.solutions.glob("ex*.py"):
        text = path.read_text()
        if slip and exercise_id(path) == name:
            assert line in text, f"{path} has no line `{line}`"
            text = text.replace(line, wrong)
        (folder / "exercises" / path.name).write_text(text)
    return folder


def trained(checkpoint: str, slip: bool) -> tuple[str, float]:
    """Return what `train` prints, and the CPU seconds that it and its workers took."""
    with tempfile.TemporaryDirectory() as folder:
        before = _spent()
        command = [sys.executable, "-m", "backprop_check", "train", checkpoint]
        environment = {**os.environ, "COLUMNS": "80"}
        run = subprocess.run(command, cwd=course(Path(folder) / "c", checkpoint, slip), capture_output=True, text=True, env=environment)  # noqa: S603
        assert run.returncode == int(slip), run.stdout + run.stderr
        return run.stdout, _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> None:
    slips = "--slips" in arguments
    for checkpoint in [a for a in arguments if not a.startswith("-")] or SLIPS:
        shown, seconds = trained(checkpoint, slips)
        if slips:
            print(f"== {checkpoint}: {SLIPS[checkpoint][0]}, `{SLIPS[checkpoint][2]}` ({seconds:.0f} s)\n{shown}", flush=True)
            continue
        text = " ".join(shown.split())
        loss = re.search(r"went from (\S+) to (\S+)", text)
        same = re.search(r"same at every step, to (.+?)\.(?: |$)", text)
        assert loss and same, shown
        print(f"| `{checkpoint}` | {loss[1]} | {loss[2]} | {same[1]} | {seconds:.0f} s |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
