"""A real kernel runs the notebook this project comes from, cell by cell, with `check` and `cmp` after its attempts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kernel import Shown, run

DOCUMENT = (Path(__file__).parent / "document.txt").read_text(encoding="utf-8")
"""The document's cells under their numbers, in its order, and our own between them under names. Where the document shows what a cell gave
before it was changed, and nothing runs without that, a cell `as it was` gives it."""

RIGHT = "exact: True  | approximate: True  | maxdiff: 0.0"
WRONG = "exact: False | approximate: False | "

SAID: dict[str, list[str]] = {
    "dot: right": [f"a               | {RIGHT}\nb               | {RIGHT}"],
    "dot: cmp": [f"a               | {RIGHT}"],
    "dot: exchanged": [f"a               | {WRONG}maxdiff: 4.0", "a_grad = a\n", "stands where another tensor belongs", RIGHT],
    "matrix-vector: one row": [f"{WRONG}shape: (3,), not (2, 3)", "gets its own\n   copy"],
    "matrix-vector: right": [f"a               | {RIGHT}", f"b               | {RIGHT}"],
    "matrices: right, cmp": [RIGHT],
    "matrices: right": ["a               | exact:", "b               | exact:"],
    "matrices: shapes": ["shape: (4,), not (3, 4)", "shape: (4, 1), not (4, 2)", "2 │ b_grad = a.sum( axis =0 ).reshape(4,1)"],
    "chain: right": ["c               | exact:", f"a               | {RIGHT}"],
    "chain: only the last link": [WRONG, "1 │ a_grad = b\n", "^ c_grad is missing here"],
    "broadcast: lost axis": [f"{WRONG}shape: (7,), not (7, 1)", "The numbers are right; the shape is not", "silently make a (7, 7) of"],
    "broadcast: plus for times": [WRONG, "along one path, this adds where it should multiply"],
    "broadcast: right": ["probs           | exact:", "counts_sum_inv  | exact:", "Wall time"],
    "product: twice": [WRONG, "`a.grad` itself is 2 times the gradient of this forward", "Set `a.grad = None`"],
    "exp: right to rounding": ["approximate: True "],
    "inverse: right": ["approximate: True "],
    "inverse: sign": [WRONG, "^^^^^^^^ every number of a_grad has the opposite sign"],
    "sum: right": ["b               | exact:", "a               | exact:"],
    "sum: does not broadcast": [f"{WRONG}shape: (10,), not (10, 5)", "2 │ a_grad = 2 * b"],
    "max: four times": [f"{WRONG}maxdiff: 3.0", "a_grad[range(4),a.max(dim =1).indices ] = 4"],
    "max: right": [RIGHT],
    "linear: after one step": [WRONG, "dh += W2.sum(axis = 1)", "dlogits is missing here"],
    "linear: the attempt": [WRONG, "dh += logits.sum(axis = 1).reshape(-1,1)", "the shape is right, the numbers are not"],
    "linear: right": ["logits          | exact:", "h               | exact:", "W2              | exact:", "b2              | exact:"],
    "linear: wrong": ["shape: (3, 8), not (8, 3)", "the transpose of dW2", "shape: (), not (3,)", "has added them all into one"],
    "linear: unwritten": ["h               | not written yet"],
    "linear: timed": [WRONG, "1 │ dh = dlogits @ W2.T * 2", "multiplied by 1/2"],
    "linear: again": ["the transpose of dW2"],
}

ALL_RIGHT = [name for name in SAID if "right" in name]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    return run(DOCUMENT, tmp_path_factory.mktemp("notebook"))


def test_what_our_cells_say(shown: dict[str, Shown]) -> None:
    missing = {name: part for name, parts in SAID.items() for part in parts if part not in shown[name].text}
    assert not missing, "\n".join(f"{name}: {part!r} is not in\n{shown[name].text}{shown[name].error}" for name, part in missing.items())


def test_right_attempts_are_right_and_nothing_else_is_said(shown: dict[str, Shown]) -> None:
    for name in ALL_RIGHT:
        lines = [line for line in shown[name].text.splitlines() if line and not line.startswith(("CPU times", "Wall time"))]
        assert all(" | approximate: True " in line for line in lines), shown[name].text


def test_no_truth_value_is_shown_below_a_cell(shown: dict[str, Shown]) -> None:
    assert {name: shown[name].plain for name in SAID} == dict.fromkeys(SAID, "")


def test_the_documents_own_cells_run(shown: dict[str, Shown]) -> None:
    """And a gradient that autograd does not have is one line, not a traceback."""
    failed = {name: said.error for name, said in shown.items() if said.error}
    assert failed == {"no backward": "BadInput: `a` has no gradient: call `backward()` on the loss first."}
    assert re.search(r"5\., 4\., 3\.", shown["In [41]"].plain)
