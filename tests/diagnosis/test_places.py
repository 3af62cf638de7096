"""A cause that stands in two places is shown in both, and JSON, which has one span, names the other line in words."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pages import write

from backprop_check.diagnosis.by_edit import all_places
from backprop_check.flow import check
from backprop_check.records import Diagnosis, Report
from backprop_check.report.json import as_json
from backprop_check.report.text import report_lines
from backprop_check.submission.zygote import Zygote

TWO = "Forward: p = c * 2; q = c * c; r = p * q\nShapes: c (N, C)\n"
GIVEN = "dp = q * dr; dq = p * dr; "
SCALED = "Forward: y = a * s + b * s\nShapes: a (N, C), b (N, C), s (N, 1)\n"
CHAIN = "Forward: z = x * w; h = torch.tanh(z)\nShapes: x (N, C), w (N, C)\n"

CASES: dict[str, tuple[str, str, str, list[str]]] = {
    "overwritten-branch": (TWO, GIVEN + "dc = 2 * dp; dc = 2 * c * dq", "Line 7 replaced what line 6 had", ["=", "2 * dp"]),
    "doubled-branch": (TWO, GIVEN + "dc = 2 * dp; dc += 2 * c * dq; dc += 2 * c * dq", "", ["2 * c * dq", "2 * c * dq"]),
    "subtracted-branch": (TWO, GIVEN + "dc = 2 * dp; dc -= 2 * c * dq", "", ["dc -= 2 * c * dq", "2 * dp"]),
    "used-too-early": (
        "Forward: d = x - m; q = d**2; y = d * q\nShapes: x (N, C), m (1, C)\n",
        "dq = d * dy; dd = q * dy; dm = -dd.sum(0, keepdim=True); dd += 2 * d * dq",
        "",
        ["dd", "dd += 2 * d * dq"],
    ),
    "aliased": (
        "Forward: n = l * 3; p = n * l\nShapes: l (N, C)\n",
        "dn = l * dp; dl = dn; dl *= 3; dl += n * dp",
        "right when line 4 wrote it",
        ["dl += n * dp", "dn = l * dp", "dl = dn"],
    ),
    "changed-forward": (
        "Forward: h = torch.tanh(z)\nShapes: z (N, C)\n",
        "h.mul_(2); dz = (1 - h**2) * dh",
        "after line 4",
        ["h.mul_(2)", "h"],
    ),
    "stale-name": (CHAIN, "d = dh; dx = d * w; d = d * (1 - h**2); dz = d", "that of line 6", ["d", "d = d * (1 - h**2)"]),
    "lost-keepdim": (SCALED, "ds = (a * dy).sum(1); ds += (b * dy).sum(1)", "The same stands in line 5.", [").sum(1)"] * 2),
    "wrong-axis": (SCALED, "ds = (a * dy).sum(0, keepdim=True) + (b * dy).sum(0, keepdim=True)", "", [").sum(0, keepdim=True)"] * 2),
    "undefined-name": (SCALED, "ds = (a * dyy + b * dyy).sum(1, keepdim=True)", "", ["dyy", "dyy"]),
    "shape-error": (
        "Forward: y = z @ W + z @ V\nShapes: z (N, C), W (C, K), V (C, K)\n",
        "dz = dy @ W; dz += dy @ V",
        "The same stands in line 5.",
        ["dy @ W", "dy @ V"],
    ),
    "wrong-sign": (TWO, GIVEN + "dc = -2 * dp; dc += -2 * c * dq", "", ["-2 * c * dq", "-2 * dp"]),
    "unrecognised": (
        "Forward: y = torch.tanh(a) * torch.tanh(b) + torch.tanh(a)\nShapes: a (N, C), b (N, C)\n",
        "da = (1 - a**2) * torch.tanh(b) * dy; da += (1 - a**2) * dy",
        "",
        ["(1 - a**2) * dy"],
    ),
}


def judged(forward: str, answer: str, folder: Path, zygote: Zygote) -> Report:
    return check(*write(folder, f"{forward}Wrong: {answer}\nRight: {answer}\n", answer), zygote)


def told(report: Report) -> Diagnosis:
    (found,) = [d for g in report.gradients for d in g.diagnoses]
    return found


def under(report: Report, span: tuple[int, int, int, int]) -> str:
    assert report.submission is not None
    assert span[0] == span[2]
    return report.submission.lines[span[0] - 1][span[1] : span[3]]


@pytest.mark.parametrize("code", CASES)
def test_both_places(code: str, tmp_path: Path, zygote: Zygote) -> None:
    forward, answer, said, marked = CASES[code]
    report = judged(forward, answer, tmp_path, zygote)
    diagnosis = told(report)
    assert diagnosis.code == code
    assert diagnosis.span is not None
    assert [under(report, span) for span in (diagnosis.span, *(s for s, _ in diagnosis.also))] == marked
    assert len({diagnosis.span, *(s for s, _ in diagnosis.also)}) == len(marked)
    shown = "\n".join(line.plain for line in report_lines(report, 120))
    assert all(text in shown for _, text in diagnosis.also)
    (as_data,) = [d for g in as_json(report)["gradients"] for d in g["diagnoses"]]
    assert set(as_data) == {"code", "certainty", "error", "note", "help", "span", "evidence", "claims", "fix"}
    assert said in as_data["note"]


def test_places_stand_in_the_files_order(tmp_path: Path, zygote: Zygote) -> None:
    shown = [line.plain for line in report_lines(judged(*CASES["aliased"][:2], tmp_path, zygote), 80)]
    assert shown[2:9] == [
        "✗ dn   answer.py:4   aliased",
        "   4 │ dn = l * dp",
        "     │ ^^^^^^^^^^^ dn is right here",
        "   5 │ dl = dn",
        "     │ ^^^^^^^ from here on `dl` is the same tensor",
        "   7 │ dl += n * dp",
        "     │ ^^^^^^^^^^^^ this line also changes dn, through its second name `dl`",
    ]


def test_one_mistake_in_one_place_is_shown_once(tmp_path: Path, zygote: Zygote) -> None:
    """The other sum is right as it is."""
    forward = "Forward: y = a * s + b * r\nShapes: a (N, C), b (N, C), s (N, 1), r (C)\n"
    report = judged(forward, "ds = (a * dy).sum(1); dr = (b * dy).sum(0)", tmp_path, zygote)
    assert told(report).code == "lost-keepdim"
    assert told(report).also == ()


def test_a_crash_hides_no_diagnosis(
    tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(logging.getLogger("backprop_check"), "handlers", [logging.NullHandler()])
    monkeypatch.setattr(all_places, "differences", crash)
    diagnosis = told(judged(*CASES["lost-keepdim"][:2], tmp_path, zygote))
    assert (diagnosis.code, diagnosis.also) == ("lost-keepdim", ())
    caplog.clear()  # this one is meant to break off
