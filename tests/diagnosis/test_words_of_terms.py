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
]


def told(folder: Path, zygote: Zygote, graph: tuple[str, str, str, str], answer: str) -> tuple[Diagnosis, ...]:
    forward, shapes, inputs, right = graph
    report = check(*write(folder, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    return tuple(d for g in report.gradients for d in g.diagnoses)


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
