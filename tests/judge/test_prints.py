"""What a learner's code prints is theirs, is shown under its gradient, and changes no verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.report.json import as_json
from backprop_check.report.text import report_lines
from backprop_check.submission.prints import LONGEST, MOST_LINES
from backprop_check.submission.zygote import Zygote

Judge = Callable[..., Report]
RIGHT = """\
    dact = torch.ones_like(act)
    dprobs = (1 - act**2) * dact
    dcounts = counts_sum_inv * dprobs
"""
LAST = "    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)\n"


@pytest.fixture
def judge(tmp_path: Path, zygote: Zygote) -> Judge:
    def judged(body: str, above: str = "", time_limit: float = 10.0) -> Report:
        path = tmp_path / "mine.py"
        path.write_text(f"import torch\n\n{above}\ndef backward(counts, counts_sum_inv, probs, act, s):\n{body}")
        return check(packaged_course().find("ex05"), path, zygote, time_limit)

    return judged


def printed(report: Report) -> dict[str, list[str]]:
    return {g.verdict.target.name: [line for _, lines in g.printed for line in lines] for g in report.gradients if g.printed}


def statuses(report: Report) -> list[str]:
    return [g.verdict.status for g in report.gradients]


def test_it_stands_under_the_gradient_that_was_written_last(judge: Judge) -> None:
    report = judge("    print('begin')\n" + RIGHT + "    print(counts.shape, 'x')\n" + LAST)
    assert printed(report) == {"dact": ["begin"], "dcounts": ["torch.Size([7, 3]) x"]}
    text = [line.plain for line in report_lines(report, 80)]
    assert text[text.index("   line 9 printed:") + 1] == "     torch.Size([7, 3]) x"
    assert as_json(report)["gradients"][2]["printed"] == [{"line": 9, "text": "torch.Size([7, 3]) x"}]
    assert "printed" not in as_json(report)["gradients"][1]
    assert statuses(report) == ["correct"] * 4


def test_what_is_printed_are_the_learners_own_numbers(judge: Judge) -> None:
    """The right gradient takes the place of a wrong one for the statements below it, but not of what is printed there."""
    report = judge(
        "    dact = torch.full_like(act, 7.0)\n    print(dact[0, 0].item())\n    dprobs = dact * 2\n    print(dprobs[0, 0].item())\n"
    )
    assert printed(report) == {"dact": ["7.0"], "dprobs": ["14.0"]}


def test_a_helper_prints_for_the_gradient_it_computes(judge: Judge) -> None:
    report = judge(
        RIGHT.replace("(1 - act**2)", "look(1 - act**2)") + LAST, "def look(x):\n    print('in', tuple(x.shape))\n    return x\n"
    )
    assert printed(report) == {"dprobs": ["in (7, 3)"]}
    assert statuses(report) == ["correct"] * 4


def test_a_print_that_fails_is_said(judge: Judge) -> None:
    report = judge("    dact = ...\n    print(dact.shape)\n    dprobs = 2 * dact\n    print(dprobs)\n")
    assert printed(report) == {"dact": ["(nothing: AttributeError)"], "dprobs": ["(nothing: UnboundLocalError)"]}


def test_what_hangs_has_printed_before(judge: Judge) -> None:
    report = judge(RIGHT + "    print('here'); print('there', end='')\n    while True:\n        print('round')\n" + LAST, time_limit=1.0)
    assert printed(report)["dcounts"] == ["here", "there", *["round"] * MOST_LINES, "..."]
    assert statuses(report) == ["correct"] * 4


def test_it_is_bounded_and_escaped(judge: Judge) -> None:
    report = judge("    print('\\x1b[31m' + 'x' * 100_000)\n    for i in range(10_000): print(i, '[bold]')\n")
    lines = printed(report)["dact"]
    assert len(lines[0]) == LONGEST + 3
    assert lines[1:] == [*(f"{i} [bold]" for i in range(MOST_LINES)), "..."]
    shown = [line.plain for line in report_lines(report, 60)]
    assert max(map(len, shown)) <= 60
    assert not any("\x1b" in line for line in shown)


def test_standard_error_and_streams_of_ones_own(judge: Judge) -> None:
    report = judge(
        "    import sys\n    print('a', file=sys.stderr)\n    sys.stdout.write('b\\n')\n    print('c', flush=True)\n" + RIGHT + LAST
    )
    assert printed(report) == {"dact": ["a", "b", "c"]}
