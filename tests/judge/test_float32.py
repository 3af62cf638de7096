"""No right answer is lost for being float32, and no wrong one is saved by it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
import torch
from asking import COURSE, Judge
from graphs import NORMED
from restyling import HEAD, SOLUTIONS, answers, refused, restylings

from backprop_check.comparison.again import _independent
from backprop_check.flow import check
from backprop_check.records import Difference, Run, Target, Trial, Verdict
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.oracle import trace

FACTORS = {
    "({}).float() * (1 + 5e-5)": "float32 at the end",
    "(({}) * (1 + 1e-6)).float()": "a factor that float32 hardly shows",
    "torch.from_numpy((({}) * (1 + 2e-5)).numpy().astype(np.float32))": "numpy",
}


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_every_right_answer_is_right_in_float32(ask: Judge, solution: Path) -> None:
    """The course's solutions, each in two of the styles: which, a seed decides; `restyling.py` tries all."""
    for first, restyled in random.Random(solution.name).sample(restylings(ask, solution), 2):
        assert not refused(ask, solution, first, restyled)


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


def test_one_session_mends_only_what_owes_nothing_to_what_it_serves() -> None:
    """Each target given up once, in a session of its own, and marked in another: two in a ring, three in a ring."""
    trial = Trial(0, {}, torch.float64, {}, {}, {})

    def marked(name: str, *orders: str) -> Verdict:
        runs = tuple(Run(trial, {}, order=tuple(order.split())) for order in orders)
        return Verdict(Target(name, 1, ""), "correct", runs, (Difference(""),), 0)

    def independent(name: str, order: str, *others: Verdict) -> bool:
        return _independent(Target(name, 1, ""), marked(name, order).runs, others)

    assert independent("db", "da db", marked("da", "da db"))
    assert independent("da", "da db", marked("db", "da db"))
    assert not independent("db", "da db", marked("da", "db da"))
    assert not independent("dc", "da dc db", marked("da", "db da dc"), marked("db", "dc db da"))
    assert independent("dc", "da db dc", *(marked(n, "da db dc") for n in itertools.islice(("da", "db"), 2)))
