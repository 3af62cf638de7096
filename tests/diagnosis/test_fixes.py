"""A fix is a line a teacher would write: by kind, an answer, the fixes that may be shown, or what none may have in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_check.derivation.trees import parsed, text
from backprop_check.expression.chains import rewritten, shortened
from backprop_check.expression.layout import straightened
from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

EXERCISES = Path(__file__).parents[2] / "exercises"

# (the exercise, the answer, its fixes)
SHOWN = {
    # What cancels itself is taken out.
    "a factor and its divisor": ("ex01", "da = c / a", "b"),
    "a matrix product and its divisor": ("ex01", "db = a * c", "a"),
    "a term and its opposite": ("ex01", "da = c - a * b", "b"),
    "a division that undoes the forward": ("ex06b", "db = a * dc / b", "a * dc"),
    "an exponential that undoes a logarithm": ("ex04", "dc = dd * torch.exp(c)", "dd / c|1 / c * dd"),
    "a power and its divisor": ("ex09", "db = 2 * c / b", "2 * b"),
    "a number and its divisor": ("ex08", "da = -2 * a**-2 * dc", "-a**-2 * dc"),
    "ones times ones": ("ex02", "dc = torch.ones_like(d)", "torch.ones_like(c)"),
    "ones that copy nothing": ("ex01", "da = torch.ones_like(a) * b.sum()", "b"),
    "ones after a sum": ("ex05", "dcounts_sum_inv = counts.sum(1, keepdim=True) * dprobs.sum(1, keepdim=True)", "(counts * dprobs).sum(1, keepdim=True)"),
    "a shape given and taken": ("ex01", "da = b.unsqueeze(1)", "b"),
    "two views": ("ex13", "demb = dembcat.view(n, n_embd, -1)", "dembcat.view(emb.shape)"),
    "a sum over every row": ("ex01", "da = torch.einsum('i,j->ij', a, b).sum(0)", "b"),
    # Signs stand in front, or in the difference.
    "a minus before a difference": ("ex05", "dprobs = (act**2 - 1) * dact", "(1 - act**2) * dact"),
    "plus a minus": ("ex05b", "dscaled = (1 + act**2) * dact", "(1 - act**2) * dact"),
    "a minus before a product": ("ex08", "da = a**-2 * dc", "-a**-2 * dc"),
    "a minus before a number": ("ex13", "dbnvar = 0.5 * (bnvar + 1e-5)**-1.5 * dbnvar_inv", "-0.5 * (bnvar + 1e-5)**-1.5 * dbnvar_inv"),
    # Products are read from left to right.
    "a number more": ("ex11", "dlogits = logits * dx", "2 * logits * dx"),
    "a matrix product within": ("ex01b", "da = (a @ b) * b", "2 * (a @ b) * b"),
    "a division by a fraction": ("ex04", "db = dc / (1 / b)", "dc * a"),
    "one over a fraction": ("ex04", "dc = 1 / (c * dd)", "dd / c|1 / c * dd"),
    # The layout is the plain one.
    "columns that are turned": ("ex02b", "da = dc.unsqueeze(0) @ b.unsqueeze(1)", "dc.unsqueeze(1) @ b.unsqueeze(0)"),
    "an outer product that is turned": ("ex02b", "da = torch.outer(b, dc)", "torch.outer(dc, b)"),
    "letters that are exchanged": ("ex03b", "db = torch.einsum('nk,nm->mk', a, dc)", "torch.einsum('nk,nm->km', a, dc)"),
    "two sums": ("ex11b", "db2 = dlogits.sum(0)", "dlogits.sum((0, 1))"),
    "a condition that is turned round": ("ex10", "da = torch.where(a == b, 0, db)", "torch.where(a == b, db, 0)"),
    # The nearest line stays: a form that is right is the learner's own.
    "the learner's power": ("ex08", "da = -1 * a**-1 * dc", "-1 * a**-2 * dc"),
    "the learner's formula": ("ex12", "dlogits = probs - F.one_hot(Y, probs.shape[1])", "(probs - F.one_hot(Y, probs.shape[1])) / n"),
    "the learner's fused line": ("ex04", "db = dd / a", "dd / b"),
    "the learner's order": ("ex13", "dbndiff = 2 * bndiff * dbndiff2", "2 * bndiff * dbndiff2 + bnvar_inv * dbnraw"),
    "the learner's division": ("ex06b", "da = c / a", "c / a * dc"),
    "the learner's division, exchanged": ("ex06b", "da = dc / b", "dc * b"),
    "the epsilon that is told of": ("ex13", "dbnvar = -0.5 * bnvar**-1.5 * dbnvar_inv", "-0.5 * (bnvar + 1e-5)**-1.5 * dbnvar_inv"),
    # A repair that is right only by way of other names is stranger than the derived line.
    "a sum that is another name": ("ex12", "dcounts_sum_inv = counts * dprobs", "(counts * dprobs).sum(1, keepdim=True)"),
    "a mask raised to a power": ("ex13", "dlogprobs = -1 / n * torch.ones_like(logprobs)", "-1 / n * F.one_hot(Yb, logprobs.shape[1])|-F.one_hot(Yb, logprobs.shape[1]) / n"),
}  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("kind", SHOWN)
def test_the_fix_is_a_teachers_line(kind: str, tmp_path: Path, zygote: Zygote) -> None:
    exercise, answer, fixes = SHOWN[kind]
    path = next(EXERCISES.glob(f"{exercise}_*.py"))
    target = answer.split(" ")[0]
    written = re.sub(rf"^    {target} = \.\.\.", "    " + answer.replace("\\", r"\\"), path.read_text(), flags=re.MULTILINE)
    (tmp_path / "answer.py").write_text(written.replace("import torch\n", "import torch\nimport torch.nn.functional as F\n", 1))
    report = check(path, tmp_path / "answer.py", zygote)
    found = next(g for g in report.gradients if g.verdict.target.name == target)
    assert found.diagnoses[0].fix in fixes.split("|")
    # What was found is not quoted where something plainer is shown.
    assert all(quoted in fixes.split("|") for d in found.diagnoses[:1] for quoted in re.findall("`([^`]*)` equals autograd", d.evidence))


@pytest.mark.parametrize("one, other", [
    ("a * (b * c)", "a * b * c"), ("a / (1 / b)", "a * b"), ("-(a - b) * c", "(b - a) * c"), ("-(a * 2 * b)", "-2 * a * b"), ("a * -b", "-a * b"),
    ("1 / n * a", "1 / n * a|a / n"), ("-1 * a", "-a"), ("a / b / c", "a / (b * c)"), ("a + -b", "a - b"), ("-a + b", "b - a"), ("a - -b * c", "a + b * c"),
    ("2 * (a @ b * b)", "2 * (a @ b) * b"), ("(x**-0.5)**3", "x**-1.5"), ("a.T @ b * c", "(a.T @ b) * c"),
    ("c + a * b + a * b", "c + a * b + a * b|c + 2 * a * b"), ("a - b - b", "a - b - b|a - 2 * b"), ("2 * a * (c / (2 * b)).sum(1)", "2 * a * (c / (2 * b)).sum(1)|a * (c / b).sum(1)"),
    ("torch.exp(z) / (1 + torch.exp(z)) * d", "torch.exp(z) / (1 + torch.exp(z)) * d|torch.sigmoid(z) * d"), ("1 / (z.neg().exp() + 1)", "1 / (z.neg().exp() + 1)|torch.sigmoid(-z.neg())"),
    ("torch.masked_fill(d, ~m, 0)", "d * m"), ("torch.masked_fill(d, m, 0)", "d * ~m"),
])  # fmt: skip
def test_products_and_sums_are_written_plainly(one: str, other: str) -> None:
    assert [text(e) for e in rewritten(parsed(one))] == other.split("|")


def test_a_base_that_is_multiplied_with_and_divided_by_is_one_power() -> None:
    assert "1 / c * dd" in [text(e) for e in shortened(parsed("c * dd / c**2"))]
    assert "b**2" not in [text(e) for e in shortened(parsed("b * b * c"))]


@pytest.mark.parametrize("one, other", [
    ("(a @ b).T", "b.T @ a.T"), ("(a.T @ b).sum(0).T", "(b.mT @ a).sum(0)"), ("x.unsqueeze(0).T", "x.unsqueeze(1)"), ("x[:, None].T", "x[None, :]"),
    ("x.T.sum(1)", "x.sum(0)"), ("x.sum(0).sum(0)", "x.sum((0, 1))"), ("x.sum(1).sum(0)", "x.sum((0, 1))"), ("a / torch.ones_like(b)", "torch.ones_like(b) * a"),
    ("torch.where(~m, a, b)", "torch.where(m, b, a)"), ("torch.einsum('ij,jk->ik', a, b).T", "torch.einsum('ij,jk->ki', a, b)"),
])  # fmt: skip
def test_layouts_are_written_straight(one: str, other: str) -> None:
    assert [text(e) for e in straightened(parsed(one))] == [other]


@pytest.mark.parametrize(
    "source", ["(1 - h**2) * dh", "x**-1.5", "x + 1e-5", "((1 - h**2) * dh) @ W.T", "(a @ b) * c", "h.T @ d / n", "-a.T @ b"]
)
def test_expressions_are_printed_as_a_learner_writes_them(source: str) -> None:
    assert text(parsed(source)) == source
