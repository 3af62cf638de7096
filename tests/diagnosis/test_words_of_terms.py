"""What is said of one term is said of that term alone, and what is said of every number was tested of every number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
MEAN_OF_ROWS = ("n = y.shape[0]; s = y.sum(1); loss = s.mean()", "y (N, C)", "torch.randn", "ds = torch.ones_like(s) / n")
SQUARE = ("c = a @ b; loss = c.square()", "a (N,), b (N,)", "torch.randn", "dc = 2 * c")
SHIFT = ("y = x + b", "x (N, C), b (C,)", "torch.randn", "db = dy.sum(0)")
SQUARED = ("loss = (e**2).mean()", "e (N, C)", "torch.randn", "de = 2 * e / e.numel()")
COUNTED = ("k = x.sum(1); m = k / c; loss = m.square().sum()", "x (N, K), c (N,)", "torch.rand + 0.5", "dm = 2 * m; dk = dm / c")
TWO_WAYS = ("u = x @ W; v = torch.tanh(x @ V + b); y = u * v", "x (N, C), W (C, K), V (C, K), b (K,)", "torch.randn",
            "du = v * dy; dv = u * dy; dx = du @ W.T + ((1 - v**2) * dv) @ V.T")  # fmt: skip
ROOT = ("u = (x * w).sum(1); v = (x**2).sum(1).sqrt(); y = u / v", "x (N, C), w (N, C)", "torch.randn",
        "du = dy / v; dv = -u * dy / v**2; dx = w * du[:, None] + x * (dv / v)[:, None]")  # fmt: skip
QUADRATIC = ("q = ((x @ A) * x).sum(1); r = x @ w; y = q - r", "x (N, C), A (C, C), w (C,)", "torch.randn",
             "dq = dy; dr = -dy; dx = (x @ (A + A.T)) * dq[:, None] + torch.outer(dr, w)")  # fmt: skip
SKIP = ("u = x @ W; y = x + u @ V", "x (N, C), W (C, K), V (K, C)", "torch.randn", "du = dy @ V.T; dx = dy + du @ W.T")
VECTOR = ("s = m @ v", "m (N, C), v (C,)", "torch.randn", "dv = m.T @ ds")
PENALTY = ("n = z.shape[0]; l = torch.logsumexp(z, 1); p = z[torch.arange(n), t]; e = l - p; q = l**2; loss = e.mean() + q.sum()",
           "z (N, C), t (N) of C", "torch.randn", "dq = torch.ones_like(q); de = torch.full_like(e, 1 / n); dl = de + 2 * l * dq; dp = -de; "
           "dz = torch.softmax(z, 1) * dl[:, None] + F.one_hot(t, z.shape[1]) * dp[:, None]")  # fmt: skip
BELLS = ("u = 0.5 * q * torch.exp(-2 * s); y = -(k * u).sum(1) / k.sum(1)", "q (N, C), s (N, C), k (N, C)", "torch.rand + 0.5",
         "du = -k * (dy / k.sum(1))[:, None]; dq = 0.5 * torch.exp(-2 * s) * du; ds = -q * torch.exp(-2 * s) * du; "
         "dk = ((k * u).sum(1) / k.sum(1)**2 * dy)[:, None] - u * (dy / k.sum(1))[:, None]")  # fmt: skip
THREE = ("a = x @ A; b = x @ B; c = x @ D; y = a * b * c", "x (N, C), A (C, C), B (C, C), D (C, C)", "torch.randn",
         "da = b * c * dy; db = a * c * dy; dc = a * b * dy; dx = da @ A.T + db @ B.T + dc @ D.T")  # fmt: skip
WEIGHED = ("m = x / k[:, None]; y = m**2", "x (N, C)", "torch.randn; k = torch.arange(N) % 3 + 2", "dm = 2 * m * dy; dx = dm / k[:, None]")
LABELS = ("l = F.cross_entropy(z, t, reduction='none')", "z (N, C), t (N) of C", "torch.randn",
          "dz = (torch.softmax(z, 1) - F.one_hot(t, z.shape[1])) * dl[:, None]")  # fmt: skip
FIXED = ("u = x ** p[:, None, None]", "x (N, C, T, 3), p (C,)", "torch.rand + 0.5", "dp = (u * torch.log(x) * du).sum((0, 2, 3))")

SAID = [
    # A graph, its answer (the last one of several is looked at); what has to be said, and what must not be.
    (MEAN_OF_ROWS, "ds = 1 / n", r"The number is right.*torch\.full_like\(s, 1 / n\)", r"No fixed number"),
    (MEAN_OF_ROWS, "ds = 1", r"the number is not right", r"No fixed number"),
    (SQUARE, "dc = 2", r"No fixed number is right here: the gradient changes with the inputs", r"The number is right"),
    (SHIFT, "db = 1", r"the gradient changes with what arrives from above", r"with the inputs"),
    (SHIFT, "db = torch.ones_like(b)", r"changes with what arrives from above: dy is missing here", r"changes with those values"),
    (SQUARED, "de = 2 * e / len(e)", r"`/ len\(e\)` is not the constant that belongs here", r"lacks the factor"),
    (COUNTED, "dm = 2 * m; dk = dm", r"derivative", r"constant factor"),
    (TWO_WAYS, "du = v * dy; dv = u * dy; dx = du @ W.T + dv @ V.T", r"Between x and v one more", r"u and v|v and u"),
    (ROOT, "du = dy / v; dv = -u * dy / v**2; dx = w * du[:, None] + 2 * x * dv[:, None]", r"Between x and v one more", r"x and u"),
    (TWO_WAYS, "du = v * dy; dv = u * dy; dx = du @ W.T - ((1 - v**2) * dv) @ V", r"through `v = .*and V \(C, K\) are", r"through `u"),
    (QUADRATIC, "dq = dy; dr = -dy; dx = (x @ (A - A.T)) * dq[:, None] + dr * w", r"through `r = x @ w`, every", r"through `q"),
    (SKIP, "du = dy @ V.T; dx = dy @ W + du @ W.T", r"through `y = x \+ u @ V`, dy comes back to x as it is", r"through `u"),
    (VECTOR, "dv = m @ ds", r"meet the only axis of the right one", r"last but one"),
    (PENALTY, "dz = (torch.softmax(z, 1) - F.one_hot(t, z.shape[1])) / n", r"from l through q does not come back", r"shortcut"),
    # A number of a factor that does not move is one of the product; a sign is the forward's; one divisor is one mistake.
    (
        BELLS,
        "ds = -0.5 * q * torch.exp(-2 * s) * du",
        r"Within `torch\.exp\(-2 \* s\)`, `-2 \* s` multiplies by `-2`",
        r"does not belong|belongs to",
    ),
    (BELLS, "dq = 0.5 * torch.exp(2 * s) * du", r"computes with `-2 \* s`: take `torch\.exp`", r"one too many"),
    (
        BELLS,
        "du = -k * dy[:, None] / k.shape[1]",
        r"this divides by `k\.shape\[1\]`, where the forward divides by `k\.sum\(1\)`",
        r"(second|other) mistake|is missing|plain number",
    ),
    (
        BELLS,
        "dk = -u * (dy / k.sum(1))[:, None] - ((k * u).sum(1) / k.sum(1)**2 * dy)[:, None]",
        r"how many of these minuses",
        r"subtracted|Add",
    ),
    (THREE, "dx = da @ A + db @ B + dc @ D", r"has to be turned here.*in each of the 3 terms", r"the numbers are not"),
    # What the forward computes with is no index; what it picks alone is told of what it picks.
    (WEIGHED, "dm = 2 * m * dy / k[:, None]", r"is a divisor too many.*belongs to what goes into m", r"says where"),
    (LABELS, "dz = torch.softmax(z, 1); dz[:, t] -= 1; dz = dz * dl[:, None]", r"`:` writes into every row", r"picked|Begin with zeros"),
    # An axis that has the length of another by chance.
    (FIXED, "dp = (torch.log(x) * du).sum((0, 2, 3))", r"a factor is missing", r"^$"),
]


def told(folder: Path, zygote: Zygote, graph: tuple[str, str, str, str], answer: str) -> tuple[Diagnosis, ...]:
    forward, shapes, inputs, right = graph
    report = check(*write(folder, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    return tuple(d for g in report.gradients for d in g.diagnoses)


@pytest.mark.table
@pytest.mark.parametrize(("graph", "answer", "must", "never"), SAID, ids=[case[1] for case in SAID])
def test_what_is_said_is_true_of_the_term(
    graph: tuple[str, str, str, str], answer: str, must: str, never: str, tmp_path: Path, zygote: Zygote
) -> None:
    said = " ".join(f"{d.error}. {d.note} {d.help}" for d in told(tmp_path, zygote, graph, answer))
    assert re.search(must, said) and not re.search(never, said), said


def test_what_lends_its_shape_is_never_marked(tmp_path: Path, zygote: Zygote) -> None:
    answer = "dq = torch.ones_like(q); de = torch.full_like(e, 1 / n); dl = de + 2 * l * dq; dp = -de; "
    answer += "dz = z.exp() * dl[:, None] + F.one_hot(t, z.shape[1]) * dp[:, None]"
    (found,) = told(tmp_path, zygote, PENALTY, answer)
    assert found.span is not None
    line, start, _, end = found.span
    assert (tmp_path / "answer.py").read_text(encoding="utf-8").splitlines()[line - 1][start:end] == "z.exp()"
    assert "`torch.logsumexp(z, 1)`" in found.error and "p = " not in found.note
