"""Each row of the catalogue: its wrong line raises its code; its right line, or one of two variants in turn, raises nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from claimed import assert_claims_hold
from pages import write

from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

FILES = sorted((Path(__file__).parent / "catalogue").glob("*.toml"))
ROWS = [(file.stem, row) for file in FILES for row in tomllib.loads(file.read_text(encoding="utf-8"))["row"]]

EVERY = 5
"""Of every fifth row the claims are held against autograd once more."""


def given(row: dict[str, Any], statements: str) -> str:
    """The statements, after a stub for each gradient that the row only lends: unwritten, it holds the oracle's below."""
    return "; ".join([*(f"{name} = ..." for name in row.get("given", "").split()), statements])


def page(row: dict[str, Any]) -> str:
    inputs = f"Inputs: {row['inputs']}\n" if "inputs" in row else ""
    return f"Forward: {row['forward']}\nShapes: {row['shapes']}\n{inputs}Wrong: {given(row, row['wrong'])}\nRight: {row['right'][0]}\n"


@pytest.mark.table
@pytest.mark.parametrize(("file", "row"), ROWS, ids=[f"{file}: {row['code']}: {row['wrong']}" for file, row in ROWS])
def test_row(file: str, row: dict[str, Any], tmp_path: Path, zygote: Zygote) -> None:
    files = write(tmp_path, page(row), given(row, row["wrong"]))
    report = check(*files, zygote)
    assert report.message is None
    found = [d for g in report.gradients for d in g.diagnoses]
    if row["code"] == "not-written":
        assert [g.verdict.status for g in report.gradients] == ["missing"]
        assert not found
    else:
        assert found[0].code == row["code"]
        assert all(d.certainty == "one-of" for d in found) or len(found) == 1
        assert found[0].certainty in (("located",) if row["code"] == "unrecognised" else ("proven", "one-of"))
    if ROWS.index((file, row)) % EVERY == 0:
        assert_claims_hold(report, *files)
    assert len(row["right"]) >= 3
    right = row["right"][ROWS.index((file, row)) % len(row["right"])]
    report = check(*write(tmp_path, page(row), given(row, right)), zygote)
    assert report.message is None
    judged = [g for g in report.gradients if g.verdict.status != "missing"]
    assert judged, right
    assert all(g.verdict.status == "correct" and not g.diagnoses and not g.remarks for g in judged), right
