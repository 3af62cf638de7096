"""The same answer is told the same, word by word, with however many threads torch computes."""

from __future__ import annotations

from pathlib import Path

import torch

from backprop_check.flow import check
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote

EXERCISES = Path(__file__).parents[2] / "exercises"
LOOP = """dC = torch.zeros_like(C)
    for i in range(n):
        for j in range(Xb.shape[1]):
            dC[Xb[i, j]] = demb[i, j]
"""


def test_with_any_number_of_threads(tmp_path: Path, zygote: Zygote) -> None:
    (exercise,) = EXERCISES.glob("ex13_*.py")
    answer = tmp_path / "answer.py"
    text = exercise.read_text()
    stub = next(line for line in text.splitlines() if line.strip().startswith("dC = ..."))
    answer.write_text(text.replace(stub, f"    {LOOP}").replace("dW2 = ...", "dW2 = dlogits @ h.T").replace("dh = ...", "dh = h"))
    before, told = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 4, 2):
            torch.set_num_threads(threads)
            told.append(as_json(check(exercise, answer, zygote)))
    finally:
        torch.set_num_threads(before)
    assert all(other == told[0] for other in told)
    assert [g["diagnoses"][0]["code"] for g in told[0]["gradients"] if g["name"] == "dC"] == ["dropped-repeats"]
