"""No right answer is lost for being float32, and no wrong one is saved by it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from asking import COURSE, Judge
from graphs import NORMED
from restyling import HEAD, SOLUTIONS, answers, refused, restylings

from backprop_check.comparison.again import First
from backprop_check.flow import check
from backprop_check.records import Answer, Difference, Run, Target, Trial, Verdict
from backprop_check.submission.run import Session
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.oracle import trace

FACTORS = {
    "({}).float() * (1 + 5e-5)": "float32 at the end",
    "(({}) * (1 + 1e-6)).float()": "a factor that float32 hardly shows",
    "torch.from_numpy((({}) * (1 + 2e-5)).numpy().astype(np.float32))": "numpy",
}


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_every_right_answer_is_right_in_float32(ask: Judge, solution: Path) -> None:
    """The course's solutions, each in one of the styles: which, a seed decides; `restyling.py` tries all."""
    first, restyle = random.Random(solution.name).choice(restylings(ask, solution))
    assert not refused(ask, solution, first, restyle)


@pytest.mark.parametrize("style", list(FACTORS), ids=list(FACTORS.values()))
def test_a_small_factor_is_wrong_in_float32_too(ask: Judge, style: str) -> None:
    for name in ("ex08_inverse.py", "ex13_mlp.py"):
        exercise, graph = COURSE / "exercises" / name, ask.graph(COURSE / "exercises" / name)
        head, right = answers(COURSE / "solutions" / name)
        body = "".join(f"    {target} = {style.format(text)}\n" for target, text in right.items())
        judged = ask.text(exercise, HEAD + head + body)
        trial = trace(graph, 3, graph.sizes[0])
        vanishing = {target for target in right if trial.gradients[target].abs().max() < 1e-3 * trial.scales[target]}
        said = {target: judged.verdicts[target].status for target in right}
        assert said == {target: "correct" if target in vanishing else "incorrect" for target in right}


EPSILONS = '''
"""An eps below a root, three ways."""
import torch

def inputs(N=6, C=4):
    return dict(x=torch.randn(N, C), g=torch.randn(C))

def forward(x, g):
    ms = x.square().mean(1, keepdim=True)       # (N, 1)
    inv = (ms + 1e-5)**-0.5                     # (N, 1)
    var = x.var(0, unbiased=False)              # (C,)
    std = torch.sqrt(var + 1e-5)                # (C,)
    r = x * inv + g / std                       # (N, C)
    return r

def backward(x, g, ms, inv, var, std, r, dr):
    dstd = ...
    dvar = ...
    dg = ...
    dinv = ...
    dms = ...
'''
LEFT_OUT = """
dg = dr.sum(0) / {}(var.sqrt())                                     # -> incorrect
dvar = {}(dstd) / (2 * var.sqrt())                                  # -> incorrect
dvar = {}(0.5 * (var + 1e-5)**-0.5 * dstd)                          # -> correct float32
dms = {}(-0.5 * ms**-1.5 * dinv)                                    # -> incorrect
dms = -0.5 * {}(ms)**-1.5 * {}(dinv)                                # -> incorrect
dms = {}(-0.5 * (ms + 1e-5)**-1.5 * dinv)                           # -> correct float32
"""


@pytest.mark.parametrize("single", ["torch.Tensor.float", "single"])
def test_a_left_out_eps_is_wrong_in_float32_too(ask: Judge, single: str) -> None:
    numpy = "import numpy as np\ndef single(x): return torch.from_numpy(x.numpy().astype(np.float32))"
    ask.table(EPSILONS, LEFT_OUT.replace("{}", single), numpy)
    ask.table(NORMED, f"dvar = {single}(-0.5 * var**-1.5 * dinv)   # -> incorrect", numpy)
    ask.table(COURSE / "exercises" / "ex13_mlp.py", f"dbnvar = {single}(-0.5 * bnvar**-1.5 * dbnvar_inv)   # -> incorrect", numpy)


def test_the_cause_is_proven_as_in_float64(tmp_path: Path, zygote: Zygote) -> None:
    answer = tmp_path / "answer.py"
    answer.write_text("import torch\n\n\ndef backward(bnvar):\n    dbnvar = (-0.5 * bnvar**-1.5 * dbnvar_inv).float()\n")
    report = check(COURSE / "exercises" / "ex13_mlp.py", answer, zygote)
    found = next(g for g in report.gradients if g.verdict.target.name == "dbnvar")
    assert [d.code for d in found.diagnoses] == ["dropped-epsilon"]
    assert found.verdict.answer.dtype == "float32"


def test_another_session_mends_what_it_was_handed_no_new_gradient_for() -> None:
    """`da` given up in one session and `db` in another would else both be had of the oracle."""
    trial = Trial(0, {}, torch.float64, {}, {}, {})
    answers = {name: Answer("tensor") for name in ("da", "db", "dc")}

    def mended(before: str, after: str, broken_off: str = "", early: Sequence[str] = ()) -> bool:
        def run(order: str) -> Run:
            return Run(trial, answers, order=tuple(order.split()))

        def verdict(order: str) -> Verdict:
            return Verdict(Target("db", 1, ""), "correct", (run(order),), (Difference(""),), 0)

        first = First({"db": verdict(before)}, [run(broken_off)] if broken_off else [])
        return first.mended(verdict(after), Session(None, None, None, early=early))  # type: ignore[arg-type]

    assert mended("da db", "da db") and mended("da db", "db da") and mended("da dc db", "dc db")
    assert not mended("db da", "da db") and not mended("da db", "da dc db")
    assert not mended("da db", "da db", broken_off="db da")
    assert mended("db da", "da db", early=["da"]), "what is taken early earns nothing"
