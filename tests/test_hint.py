"""The hint ladder: four steps for every code, made of the graph at hand, and no fix before the last."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "diagnosis"))
sys.path.insert(0, str(Path(__file__).parent / "derivation"))
from climbing import assert_adds_up, assert_climbs, ladder, squeezed, taught_by
from forms import exercise, trials

import backprop_check
from backprop_check.derivation import lesson
from backprop_check.derivation.table import TABLE
from backprop_check.diagnosis.pages import page, pages
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.solution import read_solution
from backprop_check.flow import check
from backprop_check.report.hint import operations
from backprop_check.report.hint.numbers import number_lines
from backprop_check.submission.zygote import Zygote

HELDOUT = sorted((Path(__file__).parent / "heldout").glob("*/exercise.py"))


def test_every_code_has_a_question_of_its_own() -> None:
    for known in pages():
        assert known.said("Question"), known.code
        assert known.said("Law") or "formula right" not in known.traits, known.code
        assert "formula right" in known.traits or "line stays" not in known.traits, known.code


def test_only_operations_of_the_table_are_asked_about() -> None:
    assert {*operations.QUESTIONS, *operations.PRODUCTS} <= set(TABLE)


ASKED_OF = {
    "p": "In `p**s`, what comes down as a factor",
    "s": "When `s` rises a little, by which share of itself does `p**s` grow?",
    "x": "How steep is `F.leaky_relu(x)` where `x` is above 0, and how steep where it is below?",
    "k": "which numbers of `k.norm(1)` move, and how much?",
    "h": "When `h` rises by 1, by how much does `F.conv1d(row, f1, h)` rise?",
    "f1": "In how many windows is one number of `f1` used",
    "u": "move with `u` at its one end?",
}
"""Of what operand of which operation what is asked: an exponent is no base, a leaky relu moves everywhere, a filter stands in no window."""


def test_a_question_is_that_of_the_operand() -> None:
    graph = exercise("p**s + F.leaky_relu(x) * k.norm(1) - F.conv1d(row, f1, h).sum() + F.mse_loss(u, cw, reduction='sum')")
    seen = trials(graph)
    for node, question in ASKED_OF.items():
        told = lesson.taught(graph, seen, f"d{node}", (0,) * seen[0].gradients[f"d{node}"].dim(), frozenset({"dy"}))
        asked = "\n".join(operations.questions(told.uses))
        assert question in asked and "averaged" not in asked, node


MOVES_OF = {
    "torch.relu(s @ r).T": "`.T` computes nothing, it gives the numbers of `torch.relu(s @ r)` other places: (N, C) becomes (C, N).",
    "torch.flip(s @ r, (1,)).T": "`torch.flip(..., (1,))` computes nothing, it gives the numbers of `s @ r` other places.",
    "s.T @ s": "`s.T` computes nothing, it gives numbers other places",
}
"""Of an expression that ends in a move, only the move is said to compute nothing."""


@pytest.mark.parametrize("source", MOVES_OF)
def test_only_what_moves_is_said_to_compute_nothing(source: str) -> None:
    graph = exercise(source)
    seen = trials(graph)
    asked = "\n".join(operations.questions(lesson.taught(graph, seen, "ds", (0, 0), frozenset({"dy"})).uses))
    assert MOVES_OF[source] in asked, asked
    assert not re.search(r"`[^`]*(relu|@)[^`]*` computes nothing", asked), asked


ANSWERS = {
    "the slope alone is right, since 1 arrives": ("ex05", "dprobs = 1 - act"),
    "two statements": ("ex12", "dcounts = counts_sum_inv * dprobs; dcounts = torch.ones_like(counts) * dcounts_sum"),
    "a name that is not there": ("ex12", "dprobs = 1 / probs * dlogprob"),
    "a line that does not parse": ("ex12", "dcounts_sum_inv = (counts * dprobs"),
    "two shapes that do not meet": ("ex11", "dh = dlogits @ W2"),
    "a number": ("ex11", "dx = 1"),
    "a comparison": ("ex12", "dprobs = probs > 0"),
    "a size of today": ("ex13", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1 / 32"),
    "a row that is looked up twice": ("ex13", "dC = torch.zeros_like(C); dC[Xb] += demb"),
    "not finite": ("ex08", "da = (a - a) / (a - a)"),
    "autograd": ("ex08", "da = torch.autograd.grad(c.sum(), a)[0]"),
    "nothing that makes sense": ("ex13", "dW2 = (h * dlogits.sum()).sum(1)"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_wrong_answer_has_four_steps(kind: str, tmp_path: Path, zygote: Zygote) -> None:
    """In the course, which has a solution with its reasons, and where there is none."""
    name, answer = ANSWERS[kind]
    path = packaged_course().find(name)
    signature = path.read_text()[path.read_text().index("def backward") :].split("):")[0] + "):\n"
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\n" + signature + "".join(f"    {line}\n" for line in answer.split("; ")))
    report = check(path, mine, zygote)
    (gradient,) = [g for g in report.gradients if g.verdict.status in ("incorrect", "error")]
    solution = read_solution(packaged_course().solution(path))[gradient.verdict.target.name]
    ((_, taught),) = taught_by(report, gradient)
    for step, width in product((solution, None), (40, 80)):
        hints = ladder(report, gradient, taught, step, width)
        assert_climbs(hints, gradient.verdict.target.name, [d.fix for d in gradient.diagnoses if d.fix] + ([step.source] if step else []))
        assert all(len(line) <= width for hint in hints[:3] for line in hint.split("\n") if "│" in line or "=" not in line)
        assert f"{gradient.verdict.target.name} = " in hints[3]
        assert ("import torch.nn.functional" in hints[3]) == ("F." in hints[3])
        if any(page(diagnosis.code).family == "Local derivative" for diagnosis in gradient.diagnoses):
            named = re.search(r"`backprop-check explain (\w+)` shows \1 alone, with a number\.", " ".join(hints[2].split()))
            assert named and named[1] in {operation.name for use in taught.uses for way in use.ways for operation in way}


@pytest.mark.parametrize("path", packaged_course().files()[1::2], ids=lambda path: path.stem)
def test_an_unwritten_gradient_of_the_course_has_four_steps(path: Path, zygote: Zygote) -> None:
    steps = read_solution(packaged_course().solution(path))
    report = check(path, path, zygote)
    for gradient, taught in taught_by(report, *report.gradients):
        name = gradient.verdict.target.name
        assert_adds_up(taught)
        hints = ladder(report, gradient, taught, steps[name])
        assert_climbs(hints, name, [steps[name].source])
        assert f"{name} is not written yet" in hints[0]
        assert squeezed(steps[name].why) in squeezed(hints[2])
        assert "In numbers" in hints[2]


@pytest.mark.parametrize("path", HELDOUT, ids=lambda path: path.parent.name)
def test_an_unwritten_gradient_of_any_graph_has_four_steps(path: Path, zygote: Zygote) -> None:
    report = check(path, path, zygote)
    for gradient, taught in taught_by(report, *report.gradients):
        assert_adds_up(taught)
        hints = ladder(report, gradient, taught)
        assert_climbs(hints, taught.name, [taught.expression] if taught.expression else [])
        assert "In numbers" in hints[2]
        assert all(use.line.name in hints[0] for use in taught.uses)


ASKED = {
    "a constant of a line further on": ("ex01b", "da = b * c", 1, "multiply or divide on the way from a to d", "in `c = a @ b`"),
    "a constant of a loss, no gradient taken up": (
        "ex12",
        "dlogits = probs - F.one_hot(Y, logits.shape[1])",
        1,
        "on the way from logits to loss",
        "logits.exp()`, or",
    ),
    "a constant of the line itself": ("ex12", "dlogits = 2 * counts * dcounts", 1, "multiply or divide in `counts =", "on the way"),
    "a slope further on": ("ex05b", "dgain = (x * dact).sum(0)", 1, "on the way from gain to act?", "up to scaled"),
    "a slope of the line itself": ("ex05", "dprobs = dact", 1, "lie in `act = torch.tanh(probs)`?", "on the way"),
    "rounds of a loop": (
        "ex03b",
        "db = torch.zeros_like(b)\nfor i in range(a.shape[0]):\n    db = a[i].unsqueeze(1) * dc[i]",
        1,
        "after the first round",
        "after line",
    ),
    "the lines of a loop": (
        "ex03b",
        "db = torch.zeros_like(b)\nfor i in range(a.shape[0]):\n    db = a[i].unsqueeze(1) * dc[i]",
        3,
        "of lines 3 to 5:",
        "and",
    ),
    "a loop over places": (
        "ex13",
        "dC = torch.zeros_like(C)\nfor i in range(n):\n    for j in range(Xb.shape[1]):\n        dC[Xb[i, j]] = demb[i, j]",
        1,
        "If two rounds of the loop write into one place",
        "how often",
    ),
    "the lines of loops in loops": (
        "ex13",
        "dC = torch.zeros_like(C)\nfor i in range(n):\n    for j in range(Xb.shape[1]):\n        dC[Xb[i, j]] = demb[i, j]",
        3,
        "of lines 3 to 6:",
        "lines 3 and",
    ),
    "an expression of several rows": ("ex05", "dprobs = (\n    (1 + act**2)\n    * dact\n)", 3, "of lines 3 to 6:", "and"),
    "a sign within a factor": ("ex05", "dprobs = (1 + act**2) * dact", 1, "Is that the factor beside dact in your line?", "which sign"),
    "the sign of it all": ("ex05", "dprobs = (act**2 - 1) * dact", 1, "with which sign?", "the factor beside"),
    "a sign in a sum over a row": (
        "ex12b",
        "dlogits = probs * dprobs + probs * (probs * dprobs).sum(1, keepdim=True)",
        1,
        "With which sign does each send back",
        "how much of that",
    ),
    "brackets": ("ex12b", "dlogits = probs * dprobs - (probs * dprobs).sum(1, keepdim=True)", 1, "2 * 3 + 4", "the derivative?"),
    "a value for a slope": ("ex06b", "db = a * b * dc", 1, "Is that the factor beside dc in your line?", "the derivative?"),
    "a gradient that lends its shape only": ("ex13", "demb = emb.view(dembcat.shape)", 1, "Is that what your line gives for it?", "beside"),
    "a gradient too many": ("ex04", "db = a * dc * dd", 1, "beside dc in your line?", "dd"),
    "ones of another shape": ("ex02", "dc = torch.ones(3)", 1, "What does each single number of c receive?", "the derivative?"),
    "what is taken away from": (
        "ex13",
        "dhprebn = dbndiff - 1 / 32 * dbnmeani",
        2,
        "is taken away from gets the gradient unchanged",
        "A plus hands",
    ),
    "a place that is not there": (
        "ex13",
        "demb = dembcat.view(dembcat.shape[0], emb.shape[2], -1)",
        1,
        "Yours is (N, E, B): where in it",
        "From which place",
    ),
}


@pytest.mark.parametrize("kind", ASKED)
def test_a_hint_speaks_of_what_this_answer_does(kind: str, tmp_path: Path, zygote: Zygote) -> None:
    name, answer, step, says, never = ASKED[kind]
    path = packaged_course().find(name)
    signature = " ".join(path.read_text().split("def backward")[1].split("):")[0].split())
    mine = tmp_path / "mine.py"
    mine.write_text(f"import torch, torch.nn.functional as F\ndef backward{signature}):\n" + textwrap.indent(answer, "    ") + "\n")
    report = check(path, mine, zygote)
    (gradient,) = [g for g in report.gradients if g.verdict.status == "incorrect"]
    hint = ladder(report, *next(taught_by(report, gradient)), width=200)[step]
    assert says in hint
    assert never not in hint


def test_the_figures_of_a_hint_are_a_product_and_no_rounding() -> None:
    """A factor near 1 is told from 1, and what terms that cancel leave is 0, in the learner's number as in the sum."""
    graph = exercise("x * u")
    taught = lesson.taught(graph, trials(graph), "dx", (0, 0), frozenset({"dy"}))
    moved = replace(taught.uses[0].moved[0], slope=0.741, arrives=1.003)
    use = replace(taught.uses[0], moved=(moved,), count=1, share=0.741 * 1.003)
    said = [line.plain for line in number_lines(replace(taught, uses=(use,), gradient=use.share, given=-5.55e-17), "x", 100)]
    assert "0.741 × 1.003 = 0.743" in said[1] and said[2].strip() == "Yours there is 0.", said


def test_the_words_of_hints_need_no_torch() -> None:
    script = "import sys, backprop_check.report.hint.ladder; assert 'torch' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent)}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 0


def test_the_ladder_word_for_word(tmp_path: Path, zygote: Zygote) -> None:
    """Read these aloud. The numbers of the third hint are those of the trial, and change from check to check."""
    mine = tmp_path / "mine.py"
    mine.write_text("def backward(counts):\n    dcounts_sum_inv = (counts * dprobs).sum(1)\n")
    path = packaged_course().find("ex05")
    report = check(path, mine, zygote)
    where, ask, law, fix = ladder(report, *next(taught_by(report, report.gradients[3])))
    assert (
        where
        == """\
   2 │ dcounts_sum_inv = (counts * dprobs).sum(1)
     │                                   ^^^^^^^^
     │ (N,) = (7,), but counts_sum_inv is (N, 1) = (7, 1)
   In there, counts is (N, C) and dprobs is (N, C).

   counts_sum_inv is (N, 1) = (7, 1). The forward uses it here:
   17 │ probs = counts * counts_sum_inv   # (N, C)
      │                  ^^^^^^^^^^^^^^
      │ counts (N, C), counts_sum_inv (N, 1) -> probs (N, C)
   So dcounts_sum_inv is (N, 1) too, and is made from dprobs (N, C)."""
    )
    assert (
        ask
        == """\
   - Which axes has counts_sum_inv, (N, 1) = (7, 1), and which are left after
     `.sum(1)`?
   - When `counts_sum_inv` rises a little, what is that little multiplied with
     in `counts * counts_sum_inv`?
   - One number of `counts_sum_inv`, (N, 1), serves all of axis 1 (C). What
     becomes of what comes back from there?"""
    )
    assert (
        re.sub(r" *(?<![\w,(])-?\d+(\.\d+)?(e-\d+)?(?![\],)])", " #", re.sub(r"\[\d, \d\]", "[i, j]", law))
        == """\
   `probs = counts * counts_sum_inv`
     In a product, each factor's slope is the other factor. `counts_sum_inv`,
     (N, 1), was used again along axis # (C): what comes back from there is
     added up. From above arrives dprobs, (N, C).
   In numbers, when counts_sum_inv[i, j] rises: what moves, how steeply, times
   what arrives there.
      probs[i, j] # × # = #
      probs[i, j] # × # = #
      probs[i, j] # × # = #
   Added up: #.
   `backprop-check explain lost-keepdim` shows the mistake on a small graph."""
    )
    assert (
        fix
        == """\
   Derived from the forward:
   dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
   counts (N, C), dprobs (N, C) -> dcounts_sum_inv (N, 1)"""
    )
