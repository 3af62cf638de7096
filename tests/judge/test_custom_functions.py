"""A `torch.autograd.Function` as an exercise, and as the form of an answer: judged as torch itself would have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from asking import COURSE, Judge

from backprop_check.cli.main import main
from backprop_check.errors import BadInput
from backprop_check.exercise.custom import plain
from backprop_check.exercise.parse import read_exercise
from backprop_check.submission.parse import read_submission
from backprop_check.submission.zygote import Zygote

FILE = COURSE / "solutions" / "ex47_custom_function.py"
SOLUTION = FILE.read_text()
RIGHT = {
    "as it is": {},
    "through another saved value": {"save_for_backward(h, w, keep)": "save_for_backward(x, w, keep)",
                                    "h, w, keep = ctx.saved_tensors": "x, w, keep = ctx.saved_tensors; h = x.tanh()"},
    "saved under a name of its own": {"save_for_backward(h, w, keep)": "save_for_backward(t, w, keep)", "h = torch.tanh(x)": "t = torch.tanh(x)",
                                      "y = h * w": "y = t * w"},
    "on ctx": {"save_for_backward(h, w, keep)": "save_for_backward(h, w)\n        ctx.keep = keep",
               "h, w, keep = ctx.saved_tensors": "h, w = ctx.saved_tensors\n        keep = ctx.keep"},
    "another name for what arrives": {"backward(ctx, dy)": "backward(ctx, grad)", "* dy": "* grad"},
    "returned as expressions": {"return dx, dw, None": "return (1 - h**2) * dh, dw, None"},
    "order kept on both sides": {"save_for_backward(h, w, keep)": "save_for_backward(keep, h, w)", "h, w, keep = ctx": "keep, h, w = ctx"},
}  # fmt: skip
WRONG = {
    "returned in another order": ({"return dx, dw, None": "return dw, dx, None"}, {"dx", "dw"}),
    "taken out in another order": ({"h, w, keep = ctx": "h, keep, w = ctx"}, {"dw"}),
    "None for a gradient": ({"return dx, dw, None": "return dx, None, None"}, {"dw"}),
    "a slope forgotten on the way out": ({"return dx, dw, None": "return dh, dw, None"}, {"dx"}),
    "another value saved": ({"save_for_backward(h, w, keep)": "save_for_backward(x, w, keep)"}, {"dx", "dw"}),
}
STOPS = {
    "a gradient too few": ({"return dx, dw, None": "return dx, dw"}, "returns 2 of 3"),
    "no return": ({"        return dx, dw, None\n": ""}, "returns no gradient"),
}
UNPACKED = "h, w, keep = ctx.saved_tensors"
ALL = {"dw", "dh", "dx"}
LOST: dict[str, tuple[dict[str, str], set[str], str]] = {
    "a stray bracket": ({"dh = w": "dh = )w"}, {"dh"}, "unmatched"),
    "an unclosed bracket": ({"dw = (h": "dw = ((h"}, {"dw"}, "never closed"),
    "shapes that do not meet": ({"(1 - h**2) * dh": "(1 - h**2) @ dh"}, {"dx"}, "cannot join them"),
    "a line of forward": ({"y = h * w * keep": "y = h * w * keep)"}, set(), "line 31 could not be read"),
    "the head of backward": ({"def backward(ctx, dy):": "def backward(ctx, dy)"}, set(), "line 36 could not be read"),
    "the head of the class": ({"Function):": "Function)"}, set(), "line 27 could not be read"),
    "what is returned": ({"dw, None": "dw, None)"}, set(), "line 45 could not be read"),
    "what alone says a gradient": (
        {"dx = (1 - h**2) * dh ": "k = (1 - h**2) * dh ", "return dx, dw, None": "return k, dw, None)"}, {"dx"}, "line 45 could not be read"
    ),
    "what is taken out": ({UNPACKED: UNPACKED + ")"}, ALL, "Line 38 gives it, and Python could not read that line"),
    "what is saved": ({"(h, w, keep)\n        return": "(h, w, keep\n        return"}, ALL, "the line that saves them could not be read"),
    "two taken of three": ({UNPACKED: "h, w = ctx.saved_tensors"}, ALL, "`forward` saves 3, and this line takes 2"),
    "three taken of two": ({"(h, w, keep)\n": "(h, w)\n"}, ALL, "`forward` saves 2, and this line takes 3"),
    "a value that was not saved": ({"(1 - h**2) * dh": "(1 - torch.tanh(x)**2) * dh"}, {"dx"}, "`Gated.backward` is not given `x`"),
    "one that is returned": ({"return dx, dw, None": "return (1 - torch.tanh(x)**2) * dh, dw, None"}, {"dx"}, "is not given `x`"),
    "a helper's own": ({"dh = w * keep * dy ": "s = 1 - torch.tanh(x)**2; dh = w * keep * dy", "(1 - h**2) * dh": "s * dh"}, {"dx"}, "is not given `x`"),
    "a word that ctx does not have": (
        {"ctx.saved_tensors\n": "ctx.saved_tensor\n"}, ALL, "asks for `ctx.saved_tensor`, which nobody put there. There is `ctx.saved_tensors`."
    ),
}  # fmt: skip


def changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def accepted(text: str) -> bool:
    """What torch says of the class, called as autograd calls it."""
    scope: dict[str, Any] = {}
    exec(text, scope)
    torch.manual_seed(1)
    x, w, keep = torch.randn(5, 7).double().requires_grad_(), torch.randn(7).double().requires_grad_(), torch.rand(5, 7) > 0.25
    try:
        return bool(torch.autograd.gradcheck(lambda x, w: scope["Gated"].apply(x, w, keep), (x, w), raise_exception=False))
    except (RuntimeError, NameError, TypeError, AttributeError):
        return False


@pytest.mark.parametrize("changes", RIGHT.values(), ids=RIGHT)
def test_right_functions_pass_here_and_in_torch(changes: dict[str, str], ask: Judge) -> None:
    answer = changed(SOLUTION, changes)
    assert accepted(answer)
    assert set(ask.text(FILE, answer).all_said().values()) == {"correct"}


@pytest.mark.parametrize(("changes", "wrong"), WRONG.values(), ids=WRONG)
def test_wrong_functions_fail_here_and_in_torch(changes: dict[str, str], wrong: set[str], ask: Judge) -> None:
    answer = changed(SOLUTION, changes)
    assert not accepted(answer)
    said = ask.text(FILE, answer).all_said()
    assert {name for name, status in said.items() if status != "correct"} >= wrong


@pytest.mark.parametrize(("changes", "told"), STOPS.values(), ids=STOPS)
def test_what_stops_under_torch_is_told_by_its_line(changes: dict[str, str], told: str, tmp_path: Path) -> None:
    answer = tmp_path / "ex47.py"
    answer.write_text(changed(SOLUTION, changes))
    assert not accepted(answer.read_text())
    with pytest.raises(BadInput, match=rf"ex47\.py:\d+: `Gated\.backward` {told}"):
        read_submission(answer, read_exercise(FILE))


@pytest.mark.parametrize(("changes", "lost", "told"), LOST.values(), ids=LOST)
def test_a_line_that_cannot_run_costs_what_hangs_on_it(
    changes: dict[str, str], lost: set[str], told: str, tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = tmp_path / "ex47.py"
    answer.write_text(changed(SOLUTION, changes))
    assert main(["check", "ex47", "--submission", str(answer), "--json"], zygote) == bool(lost)
    report = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in report["gradients"] if each["status"] != "correct"} == lost
    assert told in json.dumps(report, ensure_ascii=False)
    assert {each["status"] for each in report["gradients"]} <= {"correct", "error"}


def test_a_gradient_at_anothers_place_is_named(tmp_path: Path) -> None:
    answer = tmp_path / "ex47.py"
    answer.write_text(changed(SOLUTION, {"return dx, dw, None": "return dw, dx, None"}))
    first = read_submission(answer, read_exercise(FILE)).notices[0]
    assert "`Gated.backward` returns `dw` at the place of x" in first


def test_any_exercise_may_be_answered_by_a_function(ask: Judge) -> None:
    answer = """
import torch


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, w):
        ctx.save_for_backward(z, w)
        return torch.relu(z) * w

    @staticmethod
    def backward(ctx, grad_output):
        z, w = ctx.saved_tensors
        dr = w * grad_output
        return (z > 0) * dr, (torch.relu(z) * grad_output).sum(0)
"""
    said = ask.text(COURSE / "solutions" / "ex21_relu.py", answer).all_said()
    assert set(said.values()) == {"correct"}


def test_every_line_stays_where_it_is() -> None:
    lines, before = plain(SOLUTION).split("\n"), SOLUTION.split("\n")
    assert len(lines) == len(before)
    assert [i for i, line in enumerate(before) if " = " in line and "ctx" not in line and lines[i] != line] == []


def test_a_function_beside_a_plain_backward_is_a_helper() -> None:
    text = SOLUTION + "\n\ndef backward(x, w, keep, h, y, dy):\n    dx = Gated.backward(None, dy)\n"
    assert plain(text) == text
