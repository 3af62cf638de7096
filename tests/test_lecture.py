"""The lecture's own formulas for the character MLP, and their usual variants, are right; one of them loses an axis."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.submission.zygote import Zygote

EXERCISE = packaged_course().find("ex13")

LECTURE = """
dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
dprobs = (1.0 / probs) * dlogprobs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
dcounts = counts_sum_inv * dprobs
dcounts_sum = (-counts_sum**-2) * dcounts_sum_inv
dcounts += torch.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts
dlogits = dnorm_logits.clone()
dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dlogit_maxes
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h**2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
dbnraw = bngain * dhpreact
dbnbias = dhpreact.sum(0, keepdim=True)
dbndiff = bnvar_inv * dbnraw
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff2) * dbnvar
dbndiff += (2 * bndiff) * dbndiff2
dhprebn = dbndiff.clone()
dbnmeani = (-dbndiff).sum(0)
dhprebn += 1.0 / n * (torch.ones_like(hprebn) * dbnmeani)
dembcat = dhprebn @ W1.T
dW1 = embcat.T @ dhprebn
db1 = dhprebn.sum(0)
demb = dembcat.view(emb.shape)
dC = torch.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        ix = Xb[k, j]
        dC[ix] += demb[k, j]
"""

VARIANTS = {
    "dprobs": ["dlogprobs / probs", "probs**-1 * dlogprobs", "dlogprobs * torch.reciprocal(probs)", "torch.exp(-logprobs) * dlogprobs"],
    "dcounts_sum": ["-dcounts_sum_inv / counts_sum**2", "-(counts_sum_inv**2) * dcounts_sum_inv"],
    "dcounts": ["counts_sum_inv * dprobs + dcounts_sum", "dprobs / counts_sum + dcounts_sum.expand_as(counts)"],
    "dnorm_logits": ["(probs - F.one_hot(Yb, vocab_size)) / n", "torch.exp(norm_logits) * dcounts"],
    "dlogits": ["(F.softmax(logits, 1) - F.one_hot(Yb, vocab_size)) / n", "probs / n - F.one_hot(Yb, vocab_size) / n"],
    "dhpreact": ["dh - h * h * dh", "dh / torch.cosh(hpreact) ** 2", "(1 - torch.tanh(hpreact) ** 2) * dh"],
    "dbnvar": ["-0.5 * bnvar_inv**3 * dbnvar_inv", "-0.5 * dbnvar_inv / (bnvar + 1e-5) / torch.sqrt(bnvar + 1e-5)"],
    "dbndiff2": ["dbnvar.expand(n, -1) / (n - 1)", "(torch.ones_like(bndiff2) * dbnvar) / (n - 1)"],
    "dbnmeani": ["-dbndiff.sum(0, keepdim=True)", "-torch.ones(1, n) @ dbndiff", "-dbndiff.sum(0)[None]"],
    "dhprebn": [
        "dbndiff + dbnmeani / n",
        "bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))",
    ],
    "dW1": ["torch.einsum('nk,nh->kh', embcat, dhprebn)", "(dhprebn.T @ embcat).T"],
    "db1": ["torch.ones(n) @ dhprebn", "dhprebn.sum(axis=0)"],
    "dC": [
        "torch.zeros_like(C).index_add(0, Xb.flatten(), demb.flatten(0, 1))",
        "F.one_hot(Xb.flatten(), vocab_size).to(demb.dtype).T @ demb.reshape(-1, n_embd)",
        "F.one_hot(Xb.view(-1), vocab_size).float().T @ demb.view(-1, n_embd)",
    ],
}


def judged(tmp_path: Path, zygote: Zygote, body: str) -> Report:
    parameters = ", ".join(read_exercise(EXERCISE).parameters)
    indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
    path = tmp_path / "answers.py"
    path.write_text(f"import torch\nimport torch.nn.functional as F\n\ndef backward({parameters}):\n{indented}\n")
    return check(EXERCISE, path, zygote)


def test_the_published_answers_are_right_but_one(tmp_path: Path, zygote: Zygote) -> None:
    report = judged(tmp_path, zygote, LECTURE)
    wrong = {g.verdict.target.name: [d.code for d in g.diagnoses] for g in report.gradients if g.verdict.status != "correct"}
    assert wrong == {"dbnmeani": ["lost-keepdim"]}
    assert len(report.gradients) == 26
    assert not any(g.remarks for g in report.gradients)


@pytest.mark.parametrize("turn", range(max(len(v) for v in VARIANTS.values())))
def test_the_usual_variants_are_right(turn: int, tmp_path: Path, zygote: Zygote) -> None:
    body = "\n".join(f"{name} = {forms[turn]}" for name, forms in VARIANTS.items() if turn < len(forms))
    report = judged(tmp_path, zygote, body)
    said = {g.verdict.target.name: g.verdict.status for g in report.gradients if g.verdict.status != "missing"}
    assert said == {name: "correct" for name, forms in VARIANTS.items() if turn < len(forms)}
    remarks = {g.verdict.target.name: [r.code for r in g.remarks] for g in report.gradients if g.remarks}
    assert remarks == ({"dC": ["float32"]} if turn == 2 else {})
