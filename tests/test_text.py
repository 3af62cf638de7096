"""What the screen says, word for word. Read these aloud."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from backprop_check.cli.screen import show, write
from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.records import Diagnosis, Report
from backprop_check.report.excerpt import excerpt
from backprop_check.report.layout import visible, wrap
from backprop_check.report.text import diagnosis_lines, facts, report_lines
from backprop_check.submission.zygote import Zygote

Judge = Callable[[str], Report]


@pytest.fixture
def judge(zygote: Zygote, tmp_path: Path) -> Judge:
    """Check lines of a `backward` against ex05."""

    def judged(body: str) -> Report:
        path = tmp_path / "mine.py"
        path.write_text("import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n" + body)
        return check(packaged_course().find("ex05"), path, zygote)

    return judged


def shown(report: Report, width: int = 80) -> str:
    return "\n".join(line.plain for line in report_lines(report, width)) + "\n"


def marked(lines: list[str], first: int, last: int, span: tuple[int, int, int, int] | None, error: str, width: int = 80) -> str:
    return "\n".join(line.plain for line in excerpt(lines, first, last, span, error, width)) + "\n"


def test_nothing_written_yet_is_no_failure(judge: Judge) -> None:
    assert (
        shown(judge("    dact = ...\n    dprobs = ...\n    dcounts = ...\n"))
        == """\
ex05: Broadcasting: one number scales a whole row.

· dact              mine.py:5   not written yet
· dprobs            mine.py:6   not written yet
· dcounts           mine.py:7   not written yet
· dcounts_sum_inv   not written yet

0 of 4 gradients right · next: dact
"""
    )


def test_one_right_one_raised_one_not_written(judge: Judge) -> None:
    text = shown(
        judge("    dact = torch.ones_like(act)\n    dprobs = 1 - act**2\n    dcounts = counts_sum_inv * dprob\n    dcounts_sum_inv = ...\n")
    )
    assert (
        text
        == """\
ex05: Broadcasting: one number scales a whole row.

✓ dact              mine.py:5
✓ dprobs            mine.py:6
! dcounts           mine.py:7   undefined-name
   7 │ dcounts = counts_sum_inv * dprob
     │                            ^^^^^ nothing is called `dprob` here
   It is neither a value of the forward, nor a gradient written above, nor a
   name of yours.
   help: Near it: `dprobs`.

· dcounts_sum_inv   mine.py:8   not written yet

2 of 4 gradients right · next: dcounts
"""
    )


def test_a_line_that_does_not_parse_is_shown_as_it_was_written(judge: Judge) -> None:
    text = shown(judge("    dact = torch.ones_like(act\n    dprobs = 1 - act**2\n"))
    assert "│ dact = torch.ones_like(act\n" in text
    assert "syntax-error" in text


def test_the_fix_is_never_shown(judge: Judge) -> None:
    report = judge("    dcounts_sum_inv = (counts * dprobs).sum(1)\n")
    (diagnosis,) = report.gradients[3].diagnoses
    assert diagnosis.fix is not None
    assert diagnosis.fix not in shown(report)


def test_every_line_fits_a_narrow_terminal(judge: Judge) -> None:
    report = judge("    dcounts = counts_sum_inv * dprob\n    dcounts_sum_inv = (counts * dprobs * 1.0 * 1.0 * 1.0).sum(1)\n")
    for width in (40, 60, 80, 200):
        lines = shown(report, width).splitlines()
        assert max(map(len, lines)) <= width


def test_the_text_of_a_learner_is_no_markup_and_no_terminal_code(judge: Judge, capsys: pytest.CaptureFixture[str]) -> None:
    report = judge('    dact = "[red]\x1b[31m\u202e:smile:"\n')
    show(report_lines(report, 80))
    out = capsys.readouterr().out
    assert r'"[red]\x1b[31m\u202e:smile:"' in out
    assert "\x1b" not in out and "\u202e" not in out


def test_without_a_diagnosis_there_are_the_facts(judge: Judge) -> None:
    report = judge("    dact = torch.ones(3)\n    dprobs = act\n    dcounts = [1]\n    dcounts_sum_inv = 1 / 0\n")
    told = [facts(gradient) for gradient in report.gradients]
    assert [t.error for t in told] == [
        "(3,), but act is (N, C) = (7, 3)",
        "the shape is right, the numbers are not",
        "this is a list, not a tensor (N, C) = (7, 3)",
        "ZeroDivisionError: division by zero",
    ]
    assert told[1].note.startswith("The largest difference: ")


def test_one_of_two_causes(judge: Judge) -> None:
    report = judge("    dact = act\n")
    two = tuple(Diagnosis(code, "one-of", f"may be {code}", help="Look.") for code in ("wrong-sign", "wrong-axis"))
    gradient = type(report.gradients[0])(**{**vars(report.gradients[0]), "diagnoses": two})
    text = shown(type(report)(**{**vars(report), "gradients": (gradient,)}))
    assert text.splitlines()[2:7] == [
        "✗ dact   mine.py:5   wrong-sign or wrong-axis",
        "   one of:",
        "   5 │ dact = act",
        "     │ may be wrong-sign",
        "   help: Look.",
    ]


def test_a_diagnosis_without_a_line_is_a_sentence(judge: Judge) -> None:
    gradient = judge("    dact = ...\n").gradients[1]
    lines = [line.plain for line in diagnosis_lines(Diagnosis("x", "located", "nothing was given"), gradient, None, 80)]
    assert lines == ["   Nothing was given."]


def test_a_caret_under_a_part() -> None:
    assert marked(["    dx = a @ b"], 1, 1, (1, 9, 1, 14), "no") == "   1 │ dx = a @ b\n     │      ^^^^^ no\n"


def test_a_caret_counts_cells_of_tabs_and_wide_characters() -> None:
    assert marked(["\tdx = 変数 + b\t# c"], 1, 1, (1, 11, 1, 12), "b") == "   1 │ dx = 変数 + b    # c\n     │             ^ b\n"


def test_a_span_over_several_lines_marks_each() -> None:
    lines = ["    dx = (", "        a", "        + b", "    )"]
    assert (
        marked(lines, 1, 4, (2, 8, 3, 11), "sum")
        == """\
   1 │ dx = (
   2 │     a
     │     ^
   3 │     + b
     │     ^^^ sum
   4 │ )
"""
    )


def test_an_error_too_long_for_the_line_stands_below() -> None:
    text = marked(["    dx = a"], 1, 1, (1, 9, 1, 10), "(N,) = (7,), but x is (N, 1) = (7, 1)", 40)
    assert text == "   1 │ dx = a\n     │      ^\n     │ (N,) = (7,), but x is\n     │ (N, 1) = (7, 1)\n"


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (5, 6, "   1 │ dx = a + a + a + a + a + a + a...\n     │      ^ here\n"),
        (41, 42, "   1 │ ... a + a + a + a + a + a + b ...\n     │                 ^ here\n"),
        (53, 54, "   1 │ ... a + a + a + a + a + a + a + b\n     │                                 ^\n     │ here\n"),
        (54, 54, "   1 │ ... a + a + a + a + a + a + a + b\n     │                                  ^\n     │ here\n"),
    ],
)
def test_a_long_line_is_cut_around_its_caret(start: int, end: int, shown: str) -> None:
    code = "dx = " + "a + " * 12 + "b" + "   # a remark that nobody needs here"
    code = code if start < 50 else code[:54]
    assert marked([code], 1, 1, (1, start, 1, end), "here", 40) == shown


def test_what_is_cut_counts_cells_of_wide_characters() -> None:
    text = marked(["変数" * 20 + " + b"], 1, 1, (1, 43, 1, 44), "b", 40)
    line, caret = text.splitlines()[:2]
    assert cell_len(line) <= 40 and line.endswith("変数 + b") and cell_len(caret) == cell_len(line)


def test_a_span_beyond_the_text_does_no_harm() -> None:
    assert "│ dx = 1" in marked(["dx = 1"], 1, 1, (1, 40, 1, 50), "x")
    assert marked(["dx = 1"], 3, 3, (3, 0, 3, 4), "x")
    assert marked(["dx = 1"], 1, 1, (1, 6, 1, 6), "missing").splitlines()[1] == "     │       ^ missing"


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert visible("a\tb\r\x00\x85\u200b\u2028é漢\U000e0001") == r"a    b\x0d\x00\x85\u200b\u2028é漢\U000e0001"


def test_shapes_and_commands_are_not_broken() -> None:
    assert wrap("it is (N, C) = (7, 3) here, `a + b`", 15) == ["it is", "(N, C) = (7, 3)", "here, `a + b`"]


def test_signs_an_encoding_lacks_become_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write("✓ N·C │ 漢\n")
    stream.flush()
    assert raw.getvalue() == b"+ N*C | \\u6f22\n"
