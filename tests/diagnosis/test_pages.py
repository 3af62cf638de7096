"""Each rule's page is true: its Wrong line raises exactly that code, its Right line passes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from pages import section, write

from backprop_check.diagnosis.pages import HEADINGS, TRAITS
from backprop_check.diagnosis.pages import page as described
from backprop_check.diagnosis.rules import rules
from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote


def code(rule: ModuleType) -> str:
    return rule.__name__.rsplit(".", 1)[-1].replace("_", "-")


@pytest.mark.parametrize("rule", rules().values(), ids=code)
def test_page_has_every_section(rule: ModuleType) -> None:
    page = rule.__doc__ or ""
    assert page.startswith(f"{code(rule)}: ")
    assert all(section(page, name) for name in (*HEADINGS, "Question") if name != "Inputs")
    known = described(code(rule))
    assert known.traits <= set(TRAITS)
    assert len({bool(known.said(heading)) for heading in ("Slip", "Note", "Help")}) == 1


@pytest.mark.parametrize("rule", rules().values(), ids=code)
def test_wrong_line_raises_the_code(rule: ModuleType, tmp_path: Path, zygote: Zygote) -> None:
    report = check(*write(tmp_path, rule.__doc__ or "", section(rule.__doc__ or "", "Wrong")), zygote)
    assert report.message is None
    found = [d for g in report.gradients for d in g.diagnoses]
    assert [d.code for d in found] == [code(rule)]
    assert found[0].certainty == ("located" if code(rule) == "unrecognised" else "proven")
    assert found[0].error
    assert found[0].help
    assert found[0].evidence


@pytest.mark.parametrize("rule", rules().values(), ids=code)
def test_right_line_passes(rule: ModuleType, tmp_path: Path, zygote: Zygote) -> None:
    statements = section(rule.__doc__ or "", "Right")
    report = check(*write(tmp_path, rule.__doc__ or "", statements), zygote)
    assert report.message is None
    judged = [g for g in report.gradients if g.verdict.status != "missing"]
    assert judged
    assert all(g.verdict.status == "correct" for g in judged)
    assert not any(g.diagnoses for g in judged)
