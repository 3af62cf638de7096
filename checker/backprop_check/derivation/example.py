"""A small graph for each operation of the table: one line that uses it, with gradients that are derived and are autograd's.

Where `FORMS` says nothing of an operation, ways to call it are tried, so that a row of the table needs no words here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch

from backprop_check.comparison.compare import largest
from backprop_check.derivation.derive import Underivable, derive
from backprop_check.derivation.lesson import taught
from backprop_check.derivation.row import Row
from backprop_check.derivation.table import TABLE
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import parse_exercise
from backprop_check.records import Lesson, Trial
from backprop_check.trace.author import silent
from backprop_check.trace.by_hand import by_hand
from backprop_check.trace.graph import Graph, load_graph
from backprop_check.trace.oracle import trace

SIZES = {"N": 3, "C": 2, "K": 4, "T": 5}
DRAWS = {
    "x": "torch.randn(N, C)", "a": "torch.randn(N, C)", "c": "torch.randn(N, C)", "t": "torch.randn(N, C)", "b": "torch.randn(C)",
    "s": "torch.randn(N, 1)", "o": "torch.rand(N, C) * 0.8 + 0.1", "p": "torch.rand(N, C) + 0.5", "r": "torch.rand(N, 1) + 0.5",
    "W": "torch.randn(C, K)", "V": "torch.randn(K, C)", "k": "torch.randn(K)", "u": "torch.randn(N)", "v": "torch.randn(C)",
    "q": "torch.randn(N, T, C)", "h": "torch.randn(N, K)", "g": "torch.randn(N, 2 * C)", "M": "torch.randn(N, N)",
    "S": "torch.randn(N, C, T)", "w": "torch.randn(K, C, 2)", "E": "torch.randn(T, C)", "i": "torch.arange(N) % 2",
    "I": "torch.arange(N)[:, None] % 2", "Y": "torch.arange(N) % C", "m": "torch.arange(N * C).view(N, C) % 2 > 0",
    "im": "torch.randn(N, C, 4, 6)", "f": "torch.randn(K, C, 2, 2)", "l": "torch.rand(N, C)", "B": "torch.randn(K, C, C)",
    "Z": "torch.randn(N, T, T)", "z": "torch.randn(T, T)", "P": "torch.randn(N, 3)", "Q": "torch.randn(N, 3)",
    "L": "torch.randn(N, N).tril() + 3 * torch.eye(N)", "e": "torch.arange(N * C).view(N, C) % 2 * 2 - 1",
    "n": "torch.arange(N) % 2 * 2 - 1",
    "vol": "torch.randn(N, C, 3, 4, 5)", "ker": "torch.randn(K, C, 2, 2, 2)", "cols": "torch.randn(N, 4 * C, 15)",
}  # fmt: skip
"""What an example is made of, drawn small; forms name these."""

OTHERS = ("torch.rand(N, C) * 0.8 + 0.1", "torch.rand(N, C) + 1.2", "torch.randn(N, N)", "torch.randn(N, C, 4, 6)", "torch.randn(N, 4)")
"""Further draws of x, for operations that its own is outside of."""

FORMS = {
    "add": "x + b", "sub": "x - b", "mul": "x * s", "div": "x / r", "pow": "p**3", "neg": "-x", "matmul": "x @ W",
    "outer": "torch.outer(u, k)", "where": "torch.where(m, x, c)", "masked_fill": "x.masked_fill(m, 0.0)", "clamp": "x.clamp(-1, 1)",
    "leaky_relu": "F.leaky_relu(x, 0.1)", "linear": "F.linear(x, V, k)", "einsum": "torch.einsum('nc,ck->nk', x, W)", "sum": "x.sum(1)",
    "mean": "x.mean(1)", "var": "x.var(0)", "std": "x.std(0)", "max": "x.max(1, keepdim=True).values",
    "min": "x.min(1, keepdim=True).values", "amax": "x.amax(1, keepdim=True)", "amin": "x.amin(1, keepdim=True)",
    "logsumexp": "torch.logsumexp(x, 1)", "cumsum": "x.cumsum(0)", "prod": "x.prod(1)", "norm": "x.norm(dim=1)",
    "reshape": "q.reshape(q.shape[0], -1)", "view": "q.view(q.shape[0], -1)", "flatten": "q.flatten(1)",
    "unflatten": "g.unflatten(1, (2, -1))", "squeeze": "s.squeeze(1)", "unsqueeze": "x.unsqueeze(1)", "t": "x.T", "mt": "q.mT",
    "transpose": "q.transpose(1, 2)", "movedim": "q.movedim(0, 2)", "permute": "q.permute(2, 0, 1)", "flip": "x.flip(0)",
    "roll": "x.roll(1, 0)", "expand": "b.expand(3, -1)", "expand_as": "b.expand_as(x)", "broadcast_to": "b.broadcast_to(x.shape)",
    "repeat": "x.repeat(2, 1)", "repeat_interleave": "x.repeat_interleave(2, 0)", "index": "E[i]", "select": "q.select(1, 2)",
    "narrow": "q.narrow(1, 0, 2)", "index_select": "E.index_select(0, i)", "embedding": "F.embedding(i, E)", "gather": "x.gather(1, I)",
    "take_along_dim": "torch.take_along_dim(x, I, 1)", "cat": "torch.cat([x, h], 1)", "stack": "torch.stack([a, c])",
    "chunk": "g.chunk(2, 1)[0]", "split": "h.split(2, 1)[0]", "unbind": "q.unbind(1)[0]", "softmax": "torch.softmax(x, 1)",
    "log_softmax": "torch.log_softmax(x, 1)", "cross_entropy": "F.cross_entropy(x, Y)", "nll_loss": "F.nll_loss(x, Y)",
    "mse_loss": "F.mse_loss(x, t)", "layer_norm": "F.layer_norm(h, h.shape[1:], k)", "conv1d": "F.conv1d(S, w)",
    "conv2d": "F.conv2d(im, f)", "max_pool1d": "F.max_pool1d(S, 2)", "max_pool2d": "F.max_pool2d(im, 2)",
    "avg_pool1d": "F.avg_pool1d(S, 2)", "avg_pool2d": "F.avg_pool2d(im, 2)", "unfold": "q.unfold(1, 2, 1)",
    "maximum": "torch.maximum(a, c)", "minimum": "torch.minimum(a, c)", "tril": "M.tril()", "triu": "M.triu()",
    "diagonal": "M.diagonal()", "trace": "M.trace()", "to": "x.to(torch.float64)", "type_as": "x.type_as(t)",
    "xlogy": "torch.xlogy(x, p)", "addmm": "torch.addmm(h, x, W)", "addmv": "torch.addmv(u, x, v)", "addr": "torch.addr(x, u, v)",
    "multi_dot": "torch.linalg.multi_dot([x, W, V])", "sort": "x.sort(1).values", "topk": "x.topk(1, 1).values",
    "kthvalue": "x.kthvalue(1, 1).values", "cummax": "x.cummax(0).values", "cummin": "x.cummin(0).values", "pad": "F.pad(x, (1, 1))",
    "scatter": "x.scatter(1, I, s)", "scatter_add": "x.scatter_add(1, I, s)", "index_add": "E.index_add(0, i, x)",
    "index_fill": "E.index_fill(0, i, 0.0)", "hstack": "torch.hstack([a, h])", "vstack": "torch.vstack([a, E])",
    "dstack": "torch.dstack([a, c])", "column_stack": "torch.column_stack([a, h])", "tensor_split": "g.tensor_split(2, 1)[0]",
    "rms_norm": "F.rms_norm(h, h.shape[1:], k)", "batch_norm": "F.batch_norm(x, None, None, v, b, True)",
    "kl_div": "F.kl_div(x, o, reduction='batchmean')",
    "interpolate": "F.interpolate(S, scale_factor=2)", "im2col": "F.unfold(im, 2)", "adaptive_avg_pool1d": "F.adaptive_avg_pool1d(S, 1)",
    "adaptive_max_pool1d": "F.adaptive_max_pool1d(S, 1)", "threshold": "F.threshold(x, 0.1, 0.0)",
    "linalg_norm": "torch.linalg.norm(x, dim=1)", "broadcast_tensors": "torch.broadcast_tensors(x, b)[1]",
    "meshgrid": "torch.meshgrid(u, k, indexing='ij')[0]", "dropout": "F.dropout(x, 0.5, False)",
    "select_scatter": "q.select_scatter(x, 1, 0)", "slice_scatter": "E.slice_scatter(b[None], 0, 1, 2)",
    "logdet": "torch.logdet(M @ M.T + torch.eye(M.shape[0]))", "cholesky": "torch.linalg.cholesky(M @ M.T + torch.eye(M.shape[0]))",
    "conv_transpose1d": "F.conv_transpose1d(S, w.transpose(0, 1))", "embedding_bag": "F.embedding_bag(i.view(1, -1), E)",
    "bilinear": "F.bilinear(x, c, B)", "baddbmm": "torch.baddbmm(Z, q, S)", "addbmm": "torch.addbmm(z, q, S)",
    "cross": "torch.cross(P, Q, dim=1)", "solve": "torch.linalg.solve(M, x)", "cholesky_solve": "torch.cholesky_solve(x, L)",
    "solve_triangular": "torch.linalg.solve_triangular(L, x, upper=False)", "slogdet": "torch.linalg.slogdet(M)[1]",
    "matrix_power": "torch.linalg.matrix_power(M, 2)", "linalg_diagonal": "torch.linalg.diagonal(M)", "type": "x.type(torch.float64)",
    "scatter_reduce": "x.scatter_reduce(1, I, s, 'sum')", "index_copy": "E.index_copy(0, torch.arange(x.shape[0]), x)",
    "index_put": "E.index_put((torch.arange(x.shape[0]),), x)", "binary_cross_entropy": "F.binary_cross_entropy(o, l)",
    "gaussian_nll_loss": "F.gaussian_nll_loss(x, t, p)", "hinge_embedding_loss": "F.hinge_embedding_loss(x, e)",
    "margin_ranking_loss": "F.margin_ranking_loss(x, c, e)", "cosine_embedding_loss": "F.cosine_embedding_loss(x, c, n)",
    "multilabel_soft_margin_loss": "F.multilabel_soft_margin_loss(x, m * 1)", "instance_norm": "F.instance_norm(S)",
    "conv3d": "F.conv3d(vol, ker)", "conv_transpose2d": "F.conv_transpose2d(im, f.transpose(0, 1))", "fold": "F.fold(cols, (4, 6), 2)",
}  # fmt: skip
CALLS = ("torch.{0}({1})", "F.{0}({1})", "x.{0}({2})", "torch.linalg.{0}({1})", "torch.special.{0}({1})")


@dataclass(frozen=True)
class Example:
    """One line with the operation in it, on numbers of few digits and at other sizes (`trials`); `derived` are the gradients, by name."""

    graph: Graph
    trials: tuple[Trial, ...]
    derived: dict[str, str]

    @property
    def lessons(self) -> list[Lesson]:
        """What it teaches of each gradient, at the number where that is largest."""
        known = frozenset({"dy"} & self.trials[0].gradients.keys()) if self.graph.exercise.takes_cotangent else frozenset()
        return [
            taught(self.graph, self.trials, name, largest(self.trials[0].gradients[name].abs())[1] or (), known) for name in self.derived
        ]


@silent()
def example(name: str) -> Example | None:
    """Return the example of an operation of the table; None where none is found."""
    for form, draw in _forms(name, TABLE[name]):
        try:
            return _tried(form, draw)
        except (BadInput, Underivable, RuntimeError, TypeError, AttributeError, IndexError, ValueError, NameError):
            continue
    return None


def _forms(name: str, row: Row) -> Iterator[tuple[str, str]]:
    """Yield lines that may use the operation, each with a draw of x, the likeliest first."""
    if name in FORMS:
        yield FORMS[name], DRAWS["x"]
    operands = [p for p in row.parameters if row.rules.get(p.removeprefix("*")) is not None]
    one = ("x",) if len(operands) < 2 else ("x, c", "x, W", "x, b", "x")
    further = ("", ", 1", ", Y", ", t", ", m", ", 2")
    for draw, call, first, more in product((DRAWS["x"], *OTHERS), CALLS, one, further):
        yield call.format(name, first + more, (first + more).removeprefix("x").lstrip(", ")), draw


def _tried(form: str, draw: str) -> Example:
    """Raises what a line raises that cannot be run, and `Underivable`."""
    graph = _graph(form, draw, ())
    inputs = graph.inputs(graph.sizes[0], 0)
    result = graph.forward(inputs)["y"]
    if not isinstance(result, torch.Tensor) or not result.is_floating_point():
        raise Underivable(form)
    floats = [name for name, value in inputs.items() if value.is_floating_point()]
    graph = _graph(form, draw, floats, upstream=result.dim() > 0)
    trials = [by_hand(graph), *(trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes))]
    available = {"dy"} if result.dim() else set()
    derived = {f"d{name}": derive(graph, name, trials, available).text for name in floats if _flows(trials, name)}
    if not derived:
        raise Underivable(form)
    return Example(graph, tuple(trials), derived)


def _flows(trials: list[Trial], name: str) -> bool:
    """Whether anything comes back to a value. Raises `Underivable` where it is not finite."""
    if not all(trial.gradients[f"d{name}"].isfinite().all() for trial in trials):
        raise Underivable(name)
    return any(bool(trial.gradients[f"d{name}"].any()) for trial in trials)


def _graph(form: str, draw: str, nodes: tuple[str, ...] | list[str], upstream: bool = False) -> Graph:
    bare = re.sub(r"'[^']*'", "", form)
    used = [name for name in DRAWS if re.search(rf"(?<![\w.]){name}\b(?!\(|=)", bare)]
    draws = {name: draw if name == "x" else DRAWS[name] for name in used}
    sizes = ", ".join(f"{size}={n}" for size, n in SIZES.items() if re.search(rf"\b{size}\b", " ".join(draws.values())))
    drawn = ", ".join(f"{name}={text}" for name, text in draws.items())
    stubs = "\n".join(f"    d{name} = ..." for name in nodes or used[:1])
    parameters = ", ".join([*used, "y", *(["dy"] if upstream else [])])
    return load_graph(
        parse_exercise(
            Path("example.py"),
            f"""\
import torch
import torch.nn.functional as F

def inputs({sizes}):
    return dict({drawn})

def forward({", ".join(used)}):
    y = {form}
    return y

def backward({parameters}):
{stubs}
""",
        )
    )
