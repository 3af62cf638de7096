"""What explaining promises whatever happens in it: the verdict stands, and some facts are said."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from types import ModuleType

import pytest
from pages import section, write
from test_pages import code

from backprop_check.diagnosis import causes
from backprop_check.diagnosis.mistakes import mistakes, not_written, unrecognised, wrong_idea, wrong_local_derivative, wrong_permutation
from backprop_check.diagnosis.order import ORDER, VALUE
from backprop_check.flow import check
from backprop_check.records import Gradient
from backprop_check.submission.zygote import Zygote


def crash(*_: object) -> None:
    raise RuntimeError("a prover broke")


@pytest.mark.parametrize("rule", (not_written, wrong_permutation, wrong_local_derivative, wrong_idea, unrecognised), ids=code)
def test_a_crash_in_a_prover_leaves_the_verdict(rule: ModuleType, tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "find", crash)
    (gradient, *_) = [g for g in wrong(rule, tmp_path, zygote) if g.verdict.status in ("incorrect", "error", "missing")]
    if gradient.verdict.status == "missing":
        assert not gradient.diagnoses
    else:
        assert gradient.diagnoses[0].error


@pytest.fixture(autouse=True)
def survived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here crashes are made, and survived as they are where the product runs."""
    monkeypatch.setattr(logging.getLogger("backprop_check"), "handlers", [logging.NullHandler()])


@pytest.fixture(autouse=True)
def nothing_breaks_off() -> None:
    """Here it does, on purpose."""


@pytest.mark.parametrize("place", (ORDER.index(VALUE[0]), -1))
def test_a_crash_in_a_prover_by_value_leaves_the_verdict(
    place: int, tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    provers = list(ORDER)
    provers[place] = crash
    monkeypatch.setattr(causes, "ORDER", tuple(provers))
    (gradient,) = wrong(unrecognised, tmp_path, zygote)
    assert gradient.verdict.status == "incorrect"
    assert gradient.diagnoses[0].error


@pytest.mark.parametrize("helper", ["two_mistakes", "nearest", "any_wrong_part"])
def test_a_crash_in_what_comes_after_leaves_the_verdict(
    helper: str, tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, helper, crash)
    (gradient,) = wrong(unrecognised, tmp_path, zygote)
    assert gradient.verdict.status == "incorrect"
    assert gradient.diagnoses[0].error


def test_a_crash_of_all_provers_says_facts_only(tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in mistakes().values():
        monkeypatch.setattr(rule, "find", crash)
    for helper in ("two_mistakes", "nearest"):
        monkeypatch.setattr(causes, helper, crash)
    monkeypatch.setattr(causes, "ORDER", tuple(one if isinstance(one, str) else crash for one in ORDER))
    (gradient,) = wrong(wrong_local_derivative, tmp_path, zygote)
    assert gradient.verdict.status == "incorrect"
    assert [(d.code, d.certainty, d.fix) for d in gradient.diagnoses] == [("unrecognised", "located", None)]


def test_past_its_searches_a_submission_gets_facts_and_hears_why(tmp_path: Path, zygote: Zygote) -> None:
    (gradient,) = wrong(wrong_local_derivative, tmp_path, zygote, searching=0)
    assert gradient.verdict.status == "incorrect"
    assert [(d.code, d.certainty) for d in gradient.diagnoses] == [("unrecognised", "located")]
    assert "used up" in gradient.diagnoses[0].note


def wrong(rule: ModuleType, folder: Path, zygote: Zygote, searching: float = math.inf) -> tuple[Gradient, ...]:
    paths = write(folder, rule.__doc__ or "", section(rule.__doc__ or "", "Wrong"))
    report = check(*paths, zygote, searching=searching)
    assert report.message is None
    return report.gradients
