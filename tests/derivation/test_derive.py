"""Every row of the table, alone: the derived vjp of each operand is autograd's, on three choices of sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.derive import Derivation, Underivable, derive
from backprop_check.derivation.read import Operation, operation
from backprop_check.derivation.table import TABLE
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Trial
from backprop_check.trace.graph import Graph, load_graph
from backprop_check.trace.oracle import trace

SHAPES = {
    "x": "N, C", "p": "N, C", "u": "C,", "k": "N,", "s": "N, 1", "r": "1, C", "W": "C, K", "V": "K, C", "e": "N, T, C", "A": "B, T, C",
    "D": "B, C, K", "im": "N, C, 8, 6", "row": "N, C, 12", "f": "K, C, 3, 2", "f1": "K, C, 3", "h": "K,", "q": "N, 6", "z": "",
}  # fmt: skip
POSITIVE = {"p", "s"}
INDICES = {"Y": "torch.randint(0, C, (N,))", "X": "torch.randint(0, N, (T, K))", "i": "torch.randint(0, N, (K,))",
           "j": "torch.randint(0, C, (T,))", "m": "torch.arange(N * C).view(N, C) % 3 > 0", "Z": "torch.randint(0, C, (N, 2))"}  # fmt: skip

LINES = """
x + u; x - s; -x; 2 * x - x; x * r; s * x; x / s; x / r; u / p; 1 / p; p**3; p**-0.5; p**s; 2**x; x @ W; u @ W; x @ u; u @ u; A @ W; e @ u
A @ D; torch.bmm(A, D); u @ D; e.mT @ e; x.T @ x; torch.outer(k, u); torch.einsum('nc,ck->nk', x, W); torch.einsum('btc,bck->btk', A, D)
torch.einsum('nc->c', x); torch.einsum('nc,mc->nm', x, x); F.linear(x, V, h); F.linear(A, V); torch.matmul(x, W); torch.add(x, u)
torch.exp(x); x.exp(); p.log(); torch.sqrt(p); p.rsqrt(); torch.tanh(x); torch.sigmoid(x); F.relu(x); x.relu(); F.gelu(x); F.silu(x); F.softplus(x)
x.abs(); x.square(); x.sin(); x.cos(); torch.erf(x); p.reciprocal(); x.tan(); x.sinh(); x.cosh(); x.atan(); x.expm1(); p.log1p(); p.log2(); p.log10()
F.logsigmoid(x); x.sum(); x.sum(0); x.sum(1, keepdim=True); e.sum((0, 2)); e.sum((0, 1), keepdim=True); x.sum(dim=-1); torch.sum(x, 0, True)
x.mean(); x.mean(0); e.mean((0, 2), keepdim=True); x.var(0); x.var(1, keepdim=True, unbiased=False); x.var(); x.std(0); x.var(0, correction=0)
x.max(1, keepdim=True).values; x.max(0).values; x.max(); x.min(1).values; torch.max(x, u); torch.minimum(x, u); x.amax((0, 1)); x.amin(1, keepdim=True)
e.max(1).values; x.logsumexp(1); x.logsumexp((0, 1)); e.logsumexp(1, keepdim=True); x.cumsum(0); p.prod(1); p.prod(); x.norm(); x.norm(dim=1); x.norm(2, 0, True)
x.reshape(-1); e.view(-1, x.shape[1]); x.T; e.mT; e.transpose(0, 2); e.permute(2, 0, 1); x.unsqueeze(1); s.squeeze(1); s.squeeze(); u.expand(3, -1)
s.expand(-1, 4); e.flatten(1); e.flatten(); u.expand_as(x); x.flip(0); x.roll(1, 0); x.repeat(2, 3); x.repeat_interleave(3, 1); u.repeat(4, 1)
x[1]; x[:, 1]; x[1:]; x[:, 1:3]; x[1:, :-1]; x[..., 0]; x[:, None]; e[:, 1, 1:]; e[0, ::2]; x[i]; x[X]; x[torch.arange(x.shape[0]), Y]; x[range(x.shape[0]), Y]
x[:, j]; x[m]; x[i, 0]; x.gather(1, Z); torch.gather(x, 1, Z); F.embedding(X, x); x.index_select(0, i); torch.where(m, x, u); x.masked_fill(m, 0.0)
x.masked_fill(m, float('-inf')).softmax(1)[m.logical_not()]; x.clamp(-0.5, 0.7); x.clamp(min=0); torch.cat([x, p], 1); torch.cat([x, p, x], 0); torch.stack([x, p])
torch.stack([u, u * 2], dim=1); q.chunk(3, 1)[1]; q.split(2, 1)[-1]; q.split([1, 5], 1)[1]; x.unbind(0)[1]; F.softmax(x, 1); x.softmax(0); e.softmax(-1)
x.log_softmax(1); F.cross_entropy(x, Y); F.cross_entropy(x, Y, reduction='sum'); F.nll_loss(x, Y); F.mse_loss(x, p); F.mse_loss(x, p, reduction='sum')
F.layer_norm(x, (x.shape[1],)); F.layer_norm(e, (u.shape[0],), u, u, 1e-3); F.conv1d(row, f1); F.conv1d(row, f1, h, padding=1); F.conv2d(im, f)
F.conv2d(im, f, h, stride=1, padding=2); F.conv1d(row, f1, h, stride=3); F.max_pool2d(im, 2); F.avg_pool2d(im, 2); F.max_pool1d(row, 3, 2); F.avg_pool1d(row, 4, 2)
F.max_pool2d(im, 3, 1); x.unfold(0, 3, 1); row.unfold(2, 4, 2); x.tril(); x.triu(1); x.clone(); F.leaky_relu(x, 0.2); x.detach() * x
torch.exp(x @ W + h) / torch.exp(x @ W + h).sum(1, keepdim=True); ((x - x.mean(0)) * (x.var(0) + 1e-5)**-0.5) * u; 1 / x.shape[0] * x.sum(0); math.sqrt(3) * x
x * (x > 0); z * x; (x * x).sum() + z; torch.logsumexp(x, 1) - x[range(x.shape[0]), Y]; (x - s).relu().mean(); F.unfold(im, 2)
torch.maximum(x, s); u.broadcast_to((3, u.shape[0])); x.contiguous(); x.to(torch.float64); x.double(); x.type_as(p); (W.T @ W).diagonal(); (x.T @ x).trace(); e.movedim(0, 2)
x.narrow(1, 1, 2); x.select(0, 2); torch.take_along_dim(x, Z, 1); q.unflatten(1, (2, 3))
"""
FORWARDS = [line.strip() for row in LINES.strip().splitlines() for line in row.split("; ")]


def exercise(forward: str, folder: Path) -> Graph:
    used = [n for n in {**SHAPES, **INDICES} if re.search(rf"(?<![\w.]){n}\b(?!\()", re.sub(r"'[^']*'", "", forward))]
    draws = [
        f"{n}=torch.rand({SHAPES[n]}) + 0.5"
        if n in POSITIVE
        else f"{n}=torch.randn({SHAPES[n] or '()'})"
        if n in SHAPES
        else f"{n}={INDICES[n]}"
        for n in used
    ]
    text = f'''"""One row."""
import math
import torch
import torch.nn.functional as F
def inputs(N=5, C=4, K=3, T=6, B=2):
    return dict({", ".join(draws)})
def forward({", ".join(used)}):
    y = {forward}
    return y
def backward({", ".join(used)}, y, dy):
{chr(10).join(f"    d{n} = ..." for n in used if n in SHAPES)}
'''
    path = folder / "exercise.py"
    path.write_text(text)
    graph = load_graph(read_exercise(path))
    if graph.forward(graph.inputs(graph.sizes[0], 0))["y"].dim():
        return graph
    path.write_text(text.replace(", y, dy)", ", y)"))
    return load_graph(read_exercise(path))


def trials(graph: Graph) -> list[Trial]:
    return [trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes)]


SEEN: dict[str, set[str]] = {}
"""By forward, the operations that its derivation asks for."""


@pytest.mark.parametrize("forward", FORWARDS)
def test_every_operand_of(forward: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(node: ast.expr, evaluate: Callable[[ast.expr], Any]) -> Operation:
        found = operation(node, evaluate)
        SEEN.setdefault(forward, set()).add(found.name)
        return found

    monkeypatch.setattr("backprop_check.derivation.derive.operation", watched)
    graph = exercise(forward, tmp_path)
    known = trials(graph)
    assert graph.exercise.targets
    for target in graph.exercise.targets:
        derived = derive(graph, target.node, known, {"dy"} if known[0].gradients["dy"].dim() else set())
        assert derived.terms or not known[0].gradients[target.name].any()
        assert all(term.steps for term in derived.terms)


TIED = """
x.masked_fill(x < 0, 0).max(1).values; e.masked_fill(e < 0, 0).permute(0, 2, 1).max(1).values; F.relu(e).max(1, keepdim=True).values
F.relu(e).max(1)[0]; F.relu(x).max(); F.relu(x).min(0).values; F.relu(e).amax(1); F.relu(e).amax((0, 2)); F.relu(x).amin(); x.round().max(0).values
torch.maximum(F.relu(x), F.relu(-x - 0.5)); torch.max(F.relu(x), F.relu(u)); torch.minimum(x.round(), u.round()); F.relu(x.round())
x.round().clamp(-1, 1); x.round().abs(); F.leaky_relu(x.round(), 0.2); F.max_pool2d(F.relu(im), 2); F.max_pool1d(F.relu(row), 3, 2)
F.max_pool2d(F.relu(im), 3, 1); x.round().clamp(min=0)
"""


@pytest.mark.parametrize("forward", [line.strip() for row in TIED.strip().splitlines() for line in row.split("; ")])
def test_what_ties_receive_is_derived_for_every_seed(forward: str, tmp_path: Path) -> None:
    """Derived from three trials, it is autograd's in others too, where other numbers tie."""
    graph = exercise(forward, tmp_path)
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
def test_what_is_derived_holds_on_contiguous_tensors(forward: str, tmp_path: Path) -> None:
    """autograd's own gradients have other strides here; the worker's have not."""
    graph = exercise(forward, tmp_path)
    known = trials(graph)
    for trial in known:
        assert all(v.is_contiguous() for v in (*trial.values.values(), *trial.gradients.values()) if isinstance(v, torch.Tensor))
    for target in graph.exercise.targets:
        assert derive(graph, target.node, known, {"dy"}).terms


def test_the_lines_use_every_row_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that no line here reaches would be untested."""
    for forward in FORWARDS:
        if forward not in SEEN:
            test_every_operand_of(forward, tmp_path, monkeypatch)
    seen = set().union(*SEEN.values())
    assert not set(TABLE) - seen, f"no line of this test uses {sorted(set(TABLE) - seen)}"


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
def test_reads_as_a_learner_would_write_it(forward: str, node: str, text: str, tmp_path: Path) -> None:
    graph = exercise(forward, tmp_path)
    assert derive(graph, node, trials(graph), {"dy"}).text == text


def test_an_operation_outside_the_table_is_named(tmp_path: Path) -> None:
    graph = exercise("torch.linalg.inv(x.T @ x + 4 * torch.eye(x.shape[1]))", tmp_path)
    with pytest.raises(Underivable, match="`inv`"):
        derive(graph, "x", trials(graph), {"dy"})


def test_the_generated_table_is_what_sympy_says_today() -> None:
    import slopes

    assert slopes.ELEMENTWISE.read_text(encoding="utf-8") == slopes.table()
