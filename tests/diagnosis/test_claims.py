"""Claims: every diagnosis carries some, an independent reader finds them true, and one that fails in the unseen run is not said."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import verifier
from pages import section, write
from test_catalogue import ROWS, given
from test_catalogue import page as page_of
from test_heldout import FOLDERS, packs, submission
from test_pages import code

from backprop_check.diagnosis import claims, holding
from backprop_check.diagnosis.explain import LAST
from backprop_check.diagnosis.rules import RULES, wrong_sign
from backprop_check.flow import check
from backprop_check.records import Claim
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote

WITHOUT = {
    "aliased": "the answer was right, and was changed by a later line: of its value there is nothing to say",
    "autograd-used": "nothing was computed",
    "not-a-tensor": "the answer has no value that could be compared",
    "syntax-error": "nothing was computed",
    "unrecognised": "a line that was stopped from outside gave nothing",
    "wrong-dtype": "what is said is the dtype",
}
"""Codes that may come without any claim."""

EVERY, HELDOUT = 3, 40


def examined(exercise: Path, answer: Path, zygote: Zygote) -> dict[str, Any]:
    """The report as a reader of its JSON has it, each of its claims held by the verifier; none that stands alone is false."""
    report = json.loads(json.dumps(as_json(check(exercise, answer, zygote))))
    assert list(verifier.false_claims(report, exercise, answer)) == []
    for gradient in report["gradients"]:
        for diagnosis in gradient["diagnoses"]:
            assert diagnosis["claims"] or diagnosis["code"] in WITHOUT, diagnosis
    return report


@pytest.mark.parametrize("rule", (*RULES, *LAST), ids=code)
def test_claims_of_a_page(rule: ModuleType, tmp_path: Path, zygote: Zygote) -> None:
    page = rule.__doc__ or ""
    examined(*write(tmp_path, page, section(page, "Wrong")), zygote)


@pytest.mark.parametrize(("file", "row"), ROWS[::EVERY], ids=[f"{file}: {row['code']}: {row['wrong']}" for file, row in ROWS[::EVERY]])
def test_claims_of_a_row(file: str, row: dict[str, Any], tmp_path: Path, zygote: Zygote) -> None:
    examined(*write(tmp_path, page_of(row), given(row, row["wrong"])), zygote)


@pytest.mark.parametrize("source", FOLDERS, ids=lambda path: path.name)
def test_claims_on_graphs_of_others(source: Path, tmp_path: Path, zygote: Zygote) -> None:
    lines = [line for line in (source / "cases.jsonl").read_text().splitlines() if line.strip()]
    right = json.loads((source / "right.json").read_text())
    for i, pack in enumerate(packs([json.loads(line) for line in lines[::HELDOUT]])):
        path = tmp_path / f"{i}.py"
        path.write_text(submission((source / "exercise.py").read_text(), right, pack))
        examined(source / "exercise.py", path, zygote)
