"""Each rule's page is true: its Wrong line raises exactly that code, with true claims and four hints; its Right line passes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from claimed import assert_claims_hold
from climbing import assert_climbs, ladder, spoken, taught_by
from pages import section, write

from backprop_check.diagnosis.mistakes import mistakes
from backprop_check.diagnosis.pages import HEADINGS, MISTAKES, TRAITS, VARIANTS
from backprop_check.diagnosis.pages import page as described
from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.report.hint import variants
from backprop_check.submission.zygote import Zygote


def code(rule: ModuleType) -> str:
    return rule.__name__.rsplit(".", 1)[-1].replace("_", "-")


@pytest.mark.parametrize("rule", mistakes().values(), ids=code)
def test_page_has_every_section(rule: ModuleType) -> None:
    page = rule.__doc__ or ""
    assert page.startswith(f"{code(rule)}: ")
    assert all(section(page, name) for name in (*HEADINGS, "Question") if name != "Inputs")
    known = described(code(rule))
    assert known.traits <= set(TRAITS)
    assert len({bool(known.said(heading)) for heading in ("Slip", "Note", "Help")}) == 1


@dataclass(frozen=True)
class Judged:
    """The Wrong line of a page, judged once for all that is asked of it."""

    rule: ModuleType
    files: tuple[Path, Path]
    report: Report


@pytest.fixture(scope="module", params=mistakes().values(), ids=code)
def wrong(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Judged:
    rule: ModuleType = request.param
    files = write(tmp_path_factory.mktemp("page"), rule.__doc__ or "", section(rule.__doc__ or "", "Wrong"))
    return Judged(rule, files, check(*files, zygote))


def test_wrong_line_raises_the_code(wrong: Judged) -> None:
    assert wrong.report.message is None
    found = [d for g in wrong.report.gradients for d in g.diagnoses]
    assert [d.code for d in found] == [code(wrong.rule)]
    assert found[0].certainty == ("located" if code(wrong.rule) == "unrecognised" else "proven")
    assert found[0].error
    assert found[0].help
    assert found[0].evidence


def test_its_claims_are_true(wrong: Judged) -> None:
    assert_claims_hold(wrong.report, *wrong.files)


def test_it_has_four_steps_and_the_fix_comes_last(wrong: Judged) -> None:
    for gradient, taught in taught_by(wrong.report, *(g for g in wrong.report.gradients if g.diagnoses)):
        hints = ladder(wrong.report, gradient, taught)
        fix = gradient.diagnoses[0].fix
        assert_climbs(hints, gradient.verdict.target.name, [fix] if fix else [])
        exercise = wrong.report.exercise
        ours = {*exercise.names, *exercise.sizes, *(target.name for target in exercise.targets)}
        assert all(ours & set(re.findall(r"\w+", spoken(hint))) for hint in hints), "each step speaks of this graph"
        assert gradient.diagnoses[0].error.split()[0] in hints[0]
        if "line stays" in described(code(wrong.rule)).traits:
            assert "is right, and stays" in hints[3]
        else:
            assert fix is not None
            assert f"{gradient.verdict.target.name} = " in hints[3]


@pytest.mark.parametrize("rule", mistakes().values(), ids=code)
def test_right_line_passes(rule: ModuleType, tmp_path: Path, zygote: Zygote) -> None:
    statements = section(rule.__doc__ or "", "Right")
    report = check(*write(tmp_path, rule.__doc__ or "", statements), zygote)
    assert report.message is None
    judged = [g for g in report.gradients if g.verdict.status != "missing"]
    assert judged
    assert all(g.verdict.status == "correct" for g in judged)
    assert not any(g.diagnoses for g in judged)


def test_every_other_question_is_asked_and_has_words() -> None:
    """Each heading of `VARIANTS` is called for by a mistake's code or by `report.hint.variants`, and stands on a page; no other is."""
    rooms = [path for path in MISTAKES.parent.rglob("*.py") if path.name != "pages.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (*rooms, Path(variants.__file__))]
    words = {str(n.value) for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert {word for word in words if re.fullmatch(r"Of [a-z ]+", word)} == {*VARIANTS}
    assert {heading for heading in VARIANTS for name in mistakes() if described(name).said(heading)} == {*VARIANTS}
