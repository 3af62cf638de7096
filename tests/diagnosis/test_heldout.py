"""Answers on graphs that no exercise uses, written and labelled by someone who had not seen the rules.

Each folder of `tests/heldout` holds an exercise, right answers (`right.json`) and labelled ones (`cases.jsonl`: an empty `accept` marks
an answer that is right). What is asserted of verdicts is absolute; what is asserted of names are floors a little below what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from claimed import assert_claims_hold

from backprop_check.flow import check
from backprop_check.records import Gradient
from backprop_check.submission.zygote import Zygote

FOLDERS = sorted(path for path in (Path(__file__).parents[1] / "heldout").iterdir() if path.is_dir())
NAMED, MISNAMED, MENDED = 0.85, 0.06, 0.97
EVERY = 17
"""Every seventeenth answer: `benchmarks/heldout.py` measures all of them."""

# A view of a gradient that autograd happens to lay out otherwise: of the numbers alone, as they are judged, it is right.
LAYOUT = {"split_heads.19"}


@dataclass(frozen=True)
class Judged:
    case: dict[str, Any]
    gradient: Gradient

    @property
    def wrong(self) -> bool:
        return bool(self.case["accept"]) and self.case["id"] not in LAYOUT

    @property
    def named(self) -> bool:
        return bool(set(self.codes) & set(self.case["accept"]))

    @property
    def misnamed(self) -> bool:
        return bool(set(self.codes) - {"unrecognised"}) and not self.named

    @property
    def mended(self) -> bool:
        return self.gradient.diagnoses[0].fix is not None

    @property
    def codes(self) -> list[str]:
        offered = self.gradient.diagnoses
        one_of = [d.code for d in offered if d.certainty == "one-of"]
        return one_of or [d.code for d in offered[:1] if d.certainty == "proven"]


def packs(cases: list[dict[str, Any]]) -> list[dict[str, dict[str, Any]]]:
    """As many answers as possible in one submission: one for each target."""
    found: list[dict[str, dict[str, Any]]] = []
    for case in cases:
        free = next((pack for pack in found if case["target"] not in pack), None)
        if free is None:
            found.append(free := {})
        free[case["target"]] = case
    return found


def submission(exercise: str, right: dict[str, str], pack: dict[str, dict[str, Any]]) -> str:
    lines = []
    for line in exercise[exercise.index("def backward") :].split("\n"):
        name = line.strip().split(" ")[0]
        if "= ..." not in line:
            lines.append(line)
            continue
        answer = pack[name[1:]]["answer"] if name[1:] in pack else right[name[1:]]
        lines += [f"    {part}" for part in (answer if isinstance(answer, list) else [f"{name} = {answer}"])]
    return "\n".join(["import torch", "import torch.nn.functional as F", "", *lines, ""])


def judge(folder: Path, zygote: Zygote, every: int = 1, claims: bool = False) -> Iterator[Judged]:
    """Judge the answers of all graphs, or every so many of them; `folder` is for the submissions. Hold their `claims`, where asked."""
    for source in FOLDERS:
        lines = [line for line in (source / "cases.jsonl").read_text().splitlines() if line.strip()]
        right = json.loads((source / "right.json").read_text())
        for i, pack in enumerate(packs([json.loads(line) for line in lines[::every]])):
            path = folder / f"{source.name}{i}.py"
            path.write_text(submission((source / "exercise.py").read_text(), right, pack))
            report = check(source / "exercise.py", path, zygote)
            assert report.message is None, (source.name, report.message)
            if claims:
                assert_claims_hold(report, source / "exercise.py", path)
            for gradient in report.gradients:
                name = gradient.verdict.target.node
                yield Judged(pack.get(name, {"id": f"{source.name} {name}", "accept": []}), gradient)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> list[Judged]:
    return list(judge(tmp_path_factory.mktemp("heldout"), zygote, EVERY, claims=True))


def test_every_verdict_is_right(judged: list[Judged]) -> None:
    for one in judged:
        assert (one.gradient.verdict.status == "correct") != one.wrong, one.case


def test_names_and_mends(judged: list[Judged]) -> None:
    wrong = [one for one in judged if one.wrong]
    assert len(wrong) > 50
    named, mended = sum(one.named for one in wrong), sum(one.mended for one in wrong)
    misnamed = [(one.case["id"], one.codes) for one in wrong if one.misnamed]
    told = f"named {named}, misnamed {misnamed}, mended {mended} of {len(wrong)}"
    assert named >= NAMED * len(wrong), told
    assert len(misnamed) <= MISNAMED * len(wrong), told
    assert mended >= MENDED * len(wrong), told
