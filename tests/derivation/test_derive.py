"""Every row of the table, alone: the derived vjp of each operand is autograd's."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from forms import exercise, read, tell, trials

from backprop_check.comparison.compare import close
from backprop_check.derivation.derive import Derivation, Underivable, derive
from backprop_check.derivation.read import Operation, operation
from backprop_check.derivation.table import TABLE
from backprop_check.derivation.trees import fill, text
from backprop_check.trace.graph import one_thread
from backprop_check.trace.oracle import trace

FORMS = [form for forms in read(variants=False).values() for form in forms]

WIDEST = 110
"""How long a line may be that cannot be cut: its names and indices alone take so much."""

SEEN: dict[str, set[str]] = {}
"""By form, the operations that its derivation asks for."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of what it will no longer have
        yield


@pytest.mark.table
@pytest.mark.parametrize("form", FORMS)
def test_every_operand_of(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Derived from three trials, it is autograd's on a seed and sizes of its own, and the diagnosis can evaluate it."""

    def watched(node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> Operation:
        found = operation(node, evaluate)
        SEEN.setdefault(form, set()).add(found.name)
        return found

    monkeypatch.setattr("backprop_check.derivation.derive.operation", watched)
    told = list(tell(exercise(form), seeds=(100,)))
    assert told
    for one in told:
        assert not one.outside, one.outside
        assert not one.wrong, f"{one.lines}: {one.wrong}"
        assert one.widest <= WIDEST, one.lines


TIED = """
x.masked_fill(x < 0, 0).max(1).values; e.masked_fill(e < 0, 0).permute(0, 2, 1).max(1).values; F.relu(e).max(1, keepdim=True).values
F.relu(e).max(1)[0]; F.relu(x).max(); F.relu(x).min(0).values; F.relu(e).amax(1); F.relu(e).amax((0, 2)); F.relu(x).amin(); x.round().max(0).values
torch.maximum(F.relu(x), F.relu(-x - 0.5)); torch.max(F.relu(x), F.relu(u)); torch.minimum(x.round(), u.round()); F.relu(x.round())
x.round().clamp(-1, 1); x.round().abs(); F.leaky_relu(x.round(), 0.2); F.max_pool2d(F.relu(im), 2); F.max_pool1d(F.relu(row), 3, 2)
F.max_pool2d(F.relu(im), 3, 1); x.round().clamp(min=0); torch.topk(F.relu(x), 2)[0]; torch.sort(F.relu(x), 1)[0]; x.round().median(1).values
x.round().median(); torch.kthvalue(x.round(), 2, 1)[0]; x.round().cummax(1)[0]; torch.fmax(x.round(), u.round())
torch.clamp(x.round(), min=u.round()); F.hardtanh(x.round()); F.relu6(6 * x.round()); F.softshrink(x.round(), 1.0); F.prelu(x.round(), u)
F.smooth_l1_loss(x.round(), x2.round()); F.adaptive_max_pool2d(F.relu(im), 2); F.max_pool2d(F.relu(im), 3, 2, 1); F.relu(x).norm(p=1, dim=1)
"""


@pytest.mark.parametrize("forward", [line.strip() for row in TIED.strip().splitlines() for line in row.split("; ")])
def test_what_ties_receive_is_derived_for_every_seed(forward: str) -> None:
    """Derived from three trials, it is autograd's in others too, where other numbers tie."""
    graph = exercise(forward)
    known = trials(graph)
    others = [trace(graph, seed, graph.sizes[seed % len(graph.sizes)]) for seed in range(100, 105)]
    for target in graph.exercise.targets:
        derived = derive(graph, target.node, known, {"dy"} if known[0].gradients["dy"].dim() else set())
        for trial in others:
            value = Derivation(graph, trial, frozenset({"dy"})).evaluate(derived.expression)
            assert close(value, trial.gradients[target.name], trial.scales[target.name]), derived.text


@pytest.mark.parametrize(
    "forward",
    [
        "q.view(q.shape[0], 2, -1).transpose(0, 1)",
        "e.flatten(1).T",
        "x.T.repeat(2, 1).T",
        "x.unsqueeze(0).permute(2, 1, 0).squeeze(2)",
        "x.T",
    ],
)
def test_what_is_derived_holds_on_contiguous_tensors(forward: str) -> None:
    """autograd's own gradients have other strides here; the worker's have not."""
    graph = exercise(forward)
    known = trials(graph)
    for trial in known:
        assert all(v.is_contiguous() for v in (*trial.values.values(), *trial.gradients.values()) if isinstance(v, torch.Tensor))
    for target in graph.exercise.targets:
        assert derive(graph, target.node, known, {"dy"}).terms


def test_the_forms_use_every_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that no form here reaches would be untested."""
    for form in FORMS:
        if form not in SEEN:
            test_every_operand_of(form, monkeypatch)
    seen = set().union(*SEEN.values())
    assert not set(TABLE) - seen, f"no form of this test uses {sorted(set(TABLE) - seen)}"


@pytest.mark.parametrize(
    ("forward", "node", "text"),
    [
        ("x * s", "s", "(x * dy).sum(1, keepdim=True)"),
        ("x + u", "u", "dy.sum(0)"),
        ("torch.tanh(x)", "x", "(1 - y**2) * dy"),
        ("p**-1", "p", "-p**-2 * dy"),
        ("x @ W", "W", "x.T @ dy"),
        ("A @ W", "W", "(A.mT @ dy).sum(0)"),
        ("x.mean()", "x", "torch.ones_like(x) / x.numel()"),
        ("x.softmax(1)", "x", "y * (dy - (y * dy).sum(1, keepdim=True))"),
        ("x * x", "x", "2 * x * dy"),
    ],
)
def test_reads_as_a_learner_would_write_it(forward: str, node: str, text: str) -> None:
    graph = exercise(forward)
    assert derive(graph, node, trials(graph), {"dy"}).text == text


@pytest.mark.parametrize(
    ("form", "node", "law"),
    [
        ("torch.addmm(h, x, W)", "h", "A plus hands"),
        ("torch.addmm(h, x, W)", "x", "A matrix product"),
        ("F.batch_norm(x, rm.detach(), rv.detach())", "x", "By a mean and a spread that are given"),
        ("F.batch_norm(x, None, None, training=True)", "x", "Moving one number moves the mean"),
        ("torch.var_mean(x, dim=1)[1]", "x", "A mean hands"),
        ("torch.var_mean(x, dim=1)[0]", "x", "A variance's slope"),
        ("F.elu(x, 0.7)", "x", "The slope of elu is `torch.where(x > 0, 1.0, y + 0.7)`."),
    ],
)
def test_each_operand_has_its_own_law(form: str, node: str, law: str) -> None:
    graph = exercise(form)
    (term,) = derive(graph, node, trials(graph), {"dy"}).terms
    assert term.steps[0].law.startswith(law)


def test_an_operation_outside_the_table_is_named() -> None:
    graph = exercise("torch.linalg.pinv(x)")
    with pytest.raises(Underivable, match="`pinv`"):
        derive(graph, "x", trials(graph), {"dy"})


def test_the_generated_table_is_what_sympy_says_today() -> None:
    import slopes

    assert slopes.ELEMENTWISE.read_text(encoding="utf-8") == slopes.table()


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("a + -b * c", "a - b * c"),
        ("a - -b / c @ d", "a + (b / c) @ d"),
        ("a + -2 * b", "a - 2 * b"),
        ("a + (-b - c)", "a + (-b - c)"),
        ("x.sum(1, keepdim=True).squeeze(1)", "x.sum(1)"),
        ("x.sum(1, keepdim=True).squeeze(0)", "x.sum(1, keepdim=True).squeeze(0)"),
        ("-2 * k * r**3 / 2 * g", "-k * r**3 * g"),
        ("2 * k / 4", "2 * k / 4"),
        ("3.0 * k / 2", "3.0 * k / 2"),
        ("(a > 0) * -1.0 * 1 / n", "(a > 0) * -1.0 / n"),
        ("-((a > 0) * 1.0)", "(a > 0) * -1.0"),
    ],
)
def test_what_says_nothing_is_left_out(written: str, plain: str) -> None:
    assert text(fill(written, {})) == plain
