"""What is said of constants, signs, brackets, branches and starts, and of two mistakes at once: what must be said, and what never."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

EXERCISES = Path(__file__).parents[2] / "exercises"

SUPPOSED = (
    r"shape and signs are right|shape and size are right|all numbers have the right size|the form of the expression is right|"
    r"shape and places are right|^the rest is right|look where the forward multiplies or divides|every number of dc has"
)
"""What is true of some answers only, and was tested of none."""

ONE = (
    # A constant that is due is none too many; a single number for many agrees with a slip by its count; what a factor lacks, it brings its axes.
    ("ex00", "db = 2 * a", r"`a` is not the derivative", r"does not belong"),
    ("ex02", "db = dc.sum()", r"^\(\), but b is", r"another tensor"),
    ("ex02", "da = dc.unsqueeze(1)", r"but a is \(N, K\) = \(5, 3\): a factor of the derivative is missing", r"exactly the shape"),
    ("ex02", "db = dc.unsqueeze(1).sum(0)", r"but b is \(K,\) = \(3,\): a factor of the derivative is missing", r"exactly the shape"),
    # A quotient turned round, a matrix product too many, a factor of several, an index in a product.
    ("ex16", "dt = t / dlse", r"`t / dlse` is the wrong way round: `dlse` is what is divided, by `t`", r"another tensor"),
    ("ex15", "dx = dd + x.shape[1] / dm", r"is the wrong way round: `dm` is what is divided, by `x\.shape\[1\]`", r"does not belong"),
    ("ex28", "dh3 = dy @ Wh.T", r"`Wh\.T` is a factor too many", r"has to be turned"),
    ("ex22", "dq = u * dy", r"the derivative of `g \* q` by `q` is missing", r"inside"),
    ("ex20", "dlogp = dp * y", r"this index is used as a number", r"multiply with the mask|exactly the shape"),
    ("ex01b", "dc = c", r"the factor 2 is missing", r"multiplies or divides by it"),
    ("ex01b", "dc = c / 2", r"wrong side of the fraction", r"every number"),
    ("ex01b", "dc = -2 * c", r"this minus does not belong", r"every number"),
    ("ex01b", "db = 2 * a * dc", r"the factor `2` does not belong|in dc it is counted already", r"1/2"),
    ("ex01b", "da = (a @ b) * b", r"the factor 2 is missing", r"^$"),
    ("ex01b", "da = 2 * b", r"a factor is missing", r"constant"),
    ("ex01", "db = a * c", r"`c` is a factor too many", r"constant factor|signs are right"),
    ("ex01", "db = a * b / a.sum()", r"the factor `b` and `/ a\.sum\(\)` do not belong here", r"is a factor too many"),
    ("ex03b", "da = a * (dc @ b.T) / 2", r"`a` and `/ 2` do not belong here", r"too many"),
    ("ex04", "da = dc * b / c", r"`c` is a divisor too many", r"another tensor"),
    ("ex04", "da = 1 / a * dc", r"with `b` in the place of `1 / a`", r"another tensor"),
    ("ex04", "dc = dd / (c + 1)", r"`1` does not belong here", r"count the uses"),
    ("ex05", "dcounts = counts_sum_inv * dprobs * (1 - act**2)", r"`1 - act\*\*2` is a factor too many", r"`act\*\*2` is"),
    ("ex08", "da = -1 / (2 * a) * dc", r"`2 \* a` is twice `a`, where its square belongs", r"other mistake"),
    ("ex12", "dcounts_sum = -1 * counts_sum**-2 * dcounts_sum_inv * counts_sum_inv", r"is a factor too many", r"right power"),
    ("ex22", "dg = q * u + q * (1 - q) * dq", r"arrives at `y = g \* q \* u`, and multiply `q \* u`", r"arrives at `q ="),
    ("ex17", "dcut = dh.permute(0, 2, 1, 3).flip(0)", r"in the place of the element of cut whose gradient it is", r"right order"),
    ("ex01b", "dc = torch.sqrt(d)", r"the numbers are not|the inverse function", r"constant factor"),
    ("ex01", "da = b / len(b)", r"`/ len\(b\)` does not belong", r"a\.shape"),
    ("ex03", "da = dc @ b.T / b.shape[1]", r"`/ b\.shape\[1\]` does not belong", r"has to be multiplied"),
    ("ex03", "dc = torch.full_like(c, 1 / c.numel())", r"`/ c\.numel\(\)` does not belong", r"is a mean"),
    ("ex06", "db = a / dc.sum()", r"`/ dc\.sum\(\)` does not belong", r"numel"),
    ("ex08", "da = -(1 / a) * 2 * dc", r"with one star it is a product", r"other mistake"),
    (
        "ex07",
        "da = (torch.exp(a + 1e-4) - c) / 1e-4 * dc",
        r"a difference quotient comes near the derivative",
        r"derivative that belongs here",
    ),
    ("ex08", "da = -2 * a**-2 * dc", r"`-2` is not the constant", r"1/2"),
    ("ex08", "da = a**-2 * dc", r"negative exponent", r"look at which way"),
    ("ex09", "db = b", r"`torch\.square\(b\)` is a square", r"`c = torch\.square\(b\)\.sum\(\)` multiplies"),
    ("ex11", "dh = 2 * dlogits @ W2.T", r"in dlogits it is counted already", r"no number multiplies"),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Y] = -1", r"is a mean", r"signs are right"),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Y] = 1", r"the factor -1/n is missing", r"opposite sign"),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Y] = 1 / n", r"has a minus before", r"^$"),
    ("ex12", "dlogits = (F.one_hot(Y, probs.shape[1]) - probs) / n", r"this difference is turned round", r"turns the sign"),
    ("ex12", "dlogits = probs / n", r"reads at those places", r"logits is also read directly"),
    ("ex15b", "dq = torch.ones_like(q) * dv * (d.shape[0] - 1)", r"divides by `d\.shape\[0\] - 1`, and the derivative", r"no number"),
    ("ex19", "dE = torch.zeros_like(E).index_add_(0, ix, demb).sum(0)", r"leave the `\.sum\(0\)` out", r"still in the places"),
    ("ex26", "dh = ddrop * keep / (0 - p)", r"divides by `1 - p`", r"does not belong to this derivative"),
    ("ex38", "dz = phi * dy + torch.exp(-z**2 / 2) * math.sqrt(2 * math.pi) * dphi", r"multiplies with `math\.sqrt", r"numbers are not"),
    ("ex41", "de = 2 * ((e == m) * dm / (e == m).sum(1, keepdim=True))", r"the factor `2` does not belong", r"receives the whole"),
    ("ex42", "dchosen = -eps * torch.ones_like(chosen) / chosen.shape[0]", r"`eps` is not the constant", r"numbers are not"),
    ("ex23", "dq = q * q.shape[0]", r"q", r"is the same whatever its values are"),
    ("ex47", "dw = (h * keep * dy).sum(0) * 0", r"times 0 leaves nothing", r"nothing comes back"),
    ("ex13", "dbndiff2 = 1 / n * torch.ones_like(bndiff2) * dbnvar", r"`/ n` is not the constant", r"off by a constant"),
    ("ex13", "dbndiff = bnvar_inv * dbnraw + bndiff * dbndiff2", r"`bndiff \* dbndiff2` lacks the factor 2", r"^$"),
    ("ex13", "dbnmeani = dbndiff.sum(0, keepdim=True)", r"`bnmeani` is taken away", r"^$"),
    ("ex05", "dprobs = (act**2 - 1) * dact", r"this difference is turned round", r"nothing in"),
    ("ex05", "dact = torch.zeros_like(act)", r"nothing comes back to act here", r"wrong start"),
    ("ex05b", "dscaled = 1 - act**2 * dact", r"brackets are missing: `dact` multiplies only", r"factor too many"),
    ("ex12b", "dlogits = probs * dprobs - (probs * dprobs).sum(1, keepdim=True)", r"brackets are missing", r"subtracted"),
    ("ex13", "dhpreact = (1 - h)**2 * dh", r"raises the whole of `1 - h`", r"exponent of `1 - h"),
    ("ex12b", "dlogits = probs * dprobs + probs * (probs * dprobs).sum(1, keepdim=True)", r"has the opposite sign", r"two paths|uses"),
    ("ex12b", "dlogits = probs * dprobs", r"one of its terms is not in your answer", r"computed of all of them"),
    ("ex09", "db = 2 + b", r"factors of one derivative", r"what arrives from above"),
    (
        "ex12",
        "dcounts = counts_sum_inv * dprobs + 2 * dcounts_sum",
        r"`2` counts what comes back through counts_sum twice",
        r"already hold",
    ),
)
"""An exercise, an answer of one mistake, a pattern that must be said, and one that must never be."""

TWO = (
    ("ex01b", "da = -a * dc", "wrong-operand wrong-sign", r"^`a` stands where another tensor belongs", r"every number"),
    ("ex01b", "db = 2 * b * dc", "wrong-operand wrong-scale", r"in dc it is counted already", r"1/2"),
    ("ex01b", "da = (a * dc).sum()", "summed-everything wrong-operand", r"^one number, but", r"^$"),
    ("ex02", "db = -a.sum(1)", "wrong-axis wrong-sign", r"this minus does not belong", r"-a"),
    ("ex02b", "da = -torch.outer(b, dc)", "transposed wrong-sign", r"exchange the two vectors", r"^you built"),
    ("ex03b", "db = dc.T @ a / a.shape[0]", "transposed wrong-scale", r"`/ a\.shape\[0\]` does not belong", r"^you built"),
    ("ex04", "dc = -1 / d * dd", "wrong-point wrong-sign", r"`d` is what came out", r"every number"),
    (
        "ex05",
        "dcounts_sum_inv = -(counts * dprobs).sum(1)",
        "lost-keepdim wrong-sign",
        r"put right: the numbers are right",
        r"^the numbers",
    ),
    (
        "ex05",
        "dcounts_sum_inv = (counts / dprobs).sum(1)",
        "lost-keepdim wrong-local-derivative",
        r"this divides by `dprobs`",
        r"^the numbers",
    ),
    ("ex05", "dprobs = -(1 - act) * dact", "wrong-power wrong-sign", r"this minus does not belong", r"^the rest"),
    ("ex05b", "dgain = (x * dact).sum(0, keepdim=True)", "extra-keepdim missing-local-derivative", r"passes dact through", r"^the numbers"),
    (
        "ex05b",
        "dgain = (gain * dscaled).sum(0, keepdim=True)",
        "extra-keepdim wrong-operand",
        r"`gain` stands where another tensor belongs",
        r"^reshaped",
    ),
    ("ex05b", "dscaled = 1 + act**2 * dact", "missing-upstream wrong-sign", r"brackets are missing", r"another form"),
    ("ex07", "da = -a * dc", "wrong-point wrong-sign", r"`a` is what went in", r"every number"),
    ("ex08", "da = a**-2", "missing-upstream wrong-sign", r"a minus is missing", r"every number"),
    ("ex11", "db2 = -dlogits.sum(1)", "wrong-axis wrong-sign", r"^\(N,\) = ", r"every number"),
    ("ex11b", "dW2 = -(h.mT @ dlogits)", "missing-sum wrong-sign", r"for each number of W2 yours has N", r"^each number"),
    ("ex12", "dcounts = -counts_sum_inv * dprobs", "missing-branch wrong-sign", r"nothing comes back through counts_sum", r"every number"),
    ("ex12b", "dlogits = -(probs * (1 - probs) * dprobs)", "diagonal-jacobian wrong-sign", r"put right, each number of probs", r"^each"),
    ("ex13", "dhprebn = dbndiff - dbnmeani", "subtracted-branch wrong-scale", r"lacks the factor 1/n", r"shape and places"),
    ("ex13", "demb = -dembcat", "not-reshaped wrong-sign", r"this minus does not belong", r"^the numbers are right"),
)
"""An exercise, an answer of two mistakes, their codes, a pattern that must be said, and one that must never be."""


def said(exercise: str, answer: str, folder: Path, zygote: Zygote) -> tuple[Diagnosis, ...]:
    (path,) = EXERCISES.glob(f"{exercise}_*.py")
    name = answer.split(" =")[0]
    text, found = re.subn(rf"^( *){name} = \.\.\..*$", lambda m: m[1] + answer, path.read_text(encoding="utf-8"), count=1, flags=re.M)
    assert found
    if "F." in answer and "functional" not in text:
        text = text.replace("import torch\n", "import torch\nimport torch.nn.functional as F\n", 1)
    file = folder / "answer.py"
    file.write_text(text, encoding="utf-8")
    (gradient,) = [g for g in check(path, file, zygote).gradients if g.verdict.target.name == name]
    assert gradient.verdict.status == "incorrect"
    return gradient.diagnoses


def sentences(found: tuple[Diagnosis, ...]) -> list[str]:
    return [text for d in found for text in (d.error, d.note, d.help, d.evidence) if text]


def hold(found: tuple[Diagnosis, ...], must: str, never: str) -> None:
    texts = sentences(found)
    assert any(re.search(must, text, re.I) for text in texts), texts
    assert not [text for text in texts if re.search(never, text, re.I) or re.search(SUPPOSED, text, re.I)]
    assert all(d.error and d.note and d.help and d.evidence for d in found)


@pytest.mark.table
@pytest.mark.parametrize(("exercise", "answer", "must", "never"), ONE, ids=[f"{row[0]}: {row[1]}" for row in ONE])
def test_of_one_mistake(exercise: str, answer: str, must: str, never: str, tmp_path: Path, zygote: Zygote) -> None:
    found = said(exercise, answer, tmp_path, zygote)
    assert len(found) == 1
    hold(found, must, never)


@pytest.mark.table
@pytest.mark.parametrize(("exercise", "answer", "codes", "must", "never"), TWO, ids=[f"{row[0]}: {row[1]}" for row in TWO])
def test_of_two_mistakes(exercise: str, answer: str, codes: str, must: str, never: str, tmp_path: Path, zygote: Zygote) -> None:
    found = said(exercise, answer, tmp_path, zygote)
    assert " ".join(sorted(d.code for d in found)) == codes
    assert all(d.certainty == "proven" and d.span is not None for d in found)
    assert all("other mistake put right" in d.evidence for d in found)
    hold(found, must, never)
