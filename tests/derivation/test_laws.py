"""Every law that a form is told is true of that form: each sentence with a number in it is held against autograd, operation by operation."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent))
from forms import exercise, read

from backprop_check.derivation.derive import Derivation, Step, Underivable
from backprop_check.trace.graph import default_dtype, one_thread
from backprop_check.trace.oracle import trace

FORMS = [form for forms in read(variants=False).values() for form in forms]
CALLED = """
torch.add(x, u, alpha=2)
torch.sub(x, u, alpha=2)
torch.rsub(x, u, alpha=3)
torch.addmm(h, x, W, beta=0.5, alpha=2)
torch.index_add(x, 0, iu, x2[:2], alpha=2)
M @ M
x @ u
u @ W
k @ x
u @ rv
A @ u
e @ W
u @ D
F.linear(x, V)
F.linear(A, V, h)
F.linear(x, u)
F.linear(u, V)
x[:, None]
x[..., None]
u[None]
x[i]
x[:, [1, 1, 0]]
x[torch.arange(x.shape[0]), Y]
x[1:3]
x[:, 1]
x[m]
x.softmax(0)
e.log_softmax(1)
F.softmin(x, 1)
e.logsumexp(1)
x.amax(1)
torch.round(x).amax(1)
torch.round(x).max()
torch.round(x).max(1).values
torch.maximum(F.relu(x), F.relu(x2))
torch.minimum(x, x2)
x.norm()
x.norm(1)
x.norm(3, dim=1)
x.norm(float('inf'), dim=1)
torch.dist(x, x2, 1)
F.normalize(x, p=1)
F.gelu(x, approximate='tanh')
x.diff(n=2)
x.prod(1)
torch.zeros_like(x).index_put((Y,), x, accumulate=True) + x
x.index_put((i,), x2[:3], accumulate=True)
F.instance_norm(im, rm.detach(), rv.detach(), use_input_stats=False)
F.cross_entropy(x, Y, reduction='sum')
F.cross_entropy(x, Y, reduction='none')
F.cross_entropy(x, Yi)
F.cross_entropy(x, Yi, reduction='sum')
F.cross_entropy(x, Yi, weight=cw.detach())
F.cross_entropy(x, Y, weight=cw.detach(), label_smoothing=0.1)
F.cross_entropy(x, Y, weight=cw.detach(), reduction='none')
F.cross_entropy(x, soft, label_smoothing=0.1)
F.cross_entropy(x, soft.detach(), weight=cw.detach())
F.cross_entropy(x, o.detach())
F.cross_entropy(im, Ym)
F.cross_entropy(x[0], Y[0])
F.nll_loss(x, Y, reduction='sum')
F.nll_loss(x, Yi, weight=cw.detach())
F.mse_loss(x, p, reduction='none')
F.mse_loss(x, p, reduction='sum')
F.l1_loss(x, p, reduction='sum')
F.smooth_l1_loss(x, p, beta=0.5)
F.huber_loss(x, p, delta=0.5, reduction='sum')
F.binary_cross_entropy(o, o2, weight=cw.detach())
F.binary_cross_entropy_with_logits(x, o2.detach(), pos_weight=cw.detach(), reduction='sum')
F.binary_cross_entropy_with_logits(x, o2, weight=cw.detach())
F.kl_div(x, soft, reduction='batchmean')
F.kl_div(x, soft.log(), log_target=True, reduction='sum')
F.soft_margin_loss(x, pmx, reduction='none')
""".strip().splitlines()


class NoOther(Exception):
    """The other operand is a plain number, which a step does not carry."""


@dataclass(frozen=True)
class Seen:
    """An operation of a form, by itself: its operand `o`, its result `y`, what arrives `g`, what comes back `v`, and the other operands."""

    name: str
    o: torch.Tensor
    y: torch.Tensor
    g: torch.Tensor
    v: torch.Tensor
    others: tuple[Any, ...]
    call: dict[str, Any]
    """The keywords of the call, by name."""

    @property
    def b(self) -> torch.Tensor:
        """The other operand; of `addmm` and its like the other factor, which comes last."""
        if not self.others:
            raise NoOther
        return self.others[-1 if "add" in self.name else 0]

    def summed(self, back: torch.Tensor) -> torch.Tensor:
        return back.sum_to_size(self.o.shape)

    def rows(self, back: torch.Tensor) -> torch.Tensor:
        """What each row sends back times what arrives at it."""
        return back * (self.g if not self.g.dim() else self.g.unsqueeze(1 if self.o.dim() > 1 else 0))


def _nearest(s: Seen, *backs: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Of what the operand may receive on either side of a product, that of its side."""
    found = []
    for back in backs:
        try:
            found.append(s.summed(back()))
        except RuntimeError:  # on that side the shapes do not fit
            continue
    return min(found, key=lambda back: (back - s.v).abs().sum().item())


def _meets(s: Seen) -> torch.Tensor:
    g = s.g * (_alpha(s) if "`alpha`" in s.call["_law"] else 1)
    return _nearest(s, lambda: g @ s.b.mT, lambda: s.b.mT @ g)


def _along_lines(s: Seen) -> torch.Tensor:
    return _nearest(s, lambda: s.g.unsqueeze(-1) * s.b, lambda: s.b.unsqueeze(-1) * s.g.unsqueeze(-2))


def _of_vector(s: Seen) -> torch.Tensor:
    return _nearest(s, lambda: (s.b.mT @ s.g.unsqueeze(-1)).squeeze(-1), lambda: (s.b @ s.g.unsqueeze(-1)).squeeze(-1))


def _product(s: Seen) -> torch.Tensor:
    if s.name == "outer":
        return _nearest(s, lambda: s.g @ s.b, lambda: s.b @ s.g)
    return s.g * s.b if s.name == "matmul" else s.summed(s.g * s.b)


def _picked(s: Seen) -> bool:
    """What comes back is what arrives, somewhere, or nothing."""
    return torch.isin(s.v[s.v != 0], s.g).all().item()


def _softmax(s: Seen) -> torch.Tensor:
    (axis,) = [a for a in range(s.o.dim()) if torch.allclose(s.y.sum(a), s.y.new_ones(()))]
    return s.y * (s.g - (s.y * s.g).sum(axis, keepdim=True))


def _log_softmax(s: Seen) -> torch.Tensor:
    (axis,) = [a for a in range(s.o.dim()) if torch.allclose(s.y.exp().sum(a), s.y.new_ones(()))]
    return s.g - s.y.exp() * s.g.sum(axis, keepdim=True)


def _extremes(s: Seen) -> bool:
    """Nothing comes back to what did not win, and all of what arrives comes back."""
    return torch.isin(s.o[s.v != 0], s.y).all().item() and torch.isclose(s.v.sum(), s.g.sum()).item()


def _of_two(s: Seen, better: Callable[..., torch.Tensor]) -> torch.Tensor:
    return s.summed((better(s.o, s.b) + 0.5 * (s.o == s.b)) * s.g)


def _labels(s: Seen) -> torch.Tensor:
    """The one-hot labels of scores, smoothed where they are; a target of probabilities as it is."""
    target, smooth = s.others[0], s.call.get("label_smoothing", 0.0)
    if not target.is_floating_point():
        axis = 1 if s.o.dim() > 1 else 0
        target = F.one_hot(target.clamp(min=0), s.o.shape[axis]).movedim(-1, axis).to(s.o.dtype)
    return target * (1 - smooth) + smooth / s.o.shape[1 if s.o.dim() > 1 else 0]


def _by_rows(s: Seen, law: str, back: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """What each row receives, with what the sentences behind it say of rows that do not count and of the mean."""
    target, counts = s.others[0], torch.ones((), dtype=torch.float64)
    if "label is ignored receives 0" in law:
        counts = (target != -100).double()
        back = back * counts.unsqueeze(1)
    if "the sum of their labels' weights" in law:
        assert weight is not None
        return s.rows(back / (weight[target.clamp(min=0)] * counts).sum())
    if "how many count" in law:
        return s.rows(back / counts.sum())
    return s.rows(back / (s.o.numel() / s.o.shape[1]) if "how many they are" in law else back)


def _entropy(s: Seen, law: str) -> torch.Tensor:
    axis, weight = (1 if s.o.dim() > 1 else 0), s.call.get("weight")
    p, y = torch.softmax(s.o, axis), _labels(s)
    assert ("smoothed" in law) == ("label_smoothing" in s.call)
    if "times the label's weight" in law:
        back = (p - y) * weight[s.others[0].clamp(min=0)].unsqueeze(1)
    elif "weights of the classes" in law:
        back = p * (weight * y).sum(axis, keepdim=True) - weight * y
    else:
        back = p * y.sum(axis, keepdim=True) - y if "times the sum of" in law else p - y
    return _by_rows(s, law, back, weight)


def _read_at_labels(s: Seen, law: str) -> torch.Tensor:
    weight = s.call.get("weight")
    back = -F.one_hot(s.others[0].clamp(min=0), s.o.shape[1]).movedim(-1, 1).double()
    back = back * weight[s.others[0].clamp(min=0)].unsqueeze(1) if "weight of the label" in law else back
    return _by_rows(s, law, back, weight)


def _terms(slope: Callable[[Seen], torch.Tensor]) -> Callable[[Seen, str], torch.Tensor]:
    """The slope of each term, over how many there are where the law says so."""

    def back(s: Seen, law: str) -> torch.Tensor:
        each = slope(s) * (s.call["weight"] if "A weight multiplies" in law else 1)
        return s.g * each / (each.numel() if "how many terms" in law else each.shape[0] if "number of rows" in law else 1)

    return back


def _alpha(s: Seen) -> float:
    return s.call["alpha" if s.call["_law"].find("`alpha`") > 0 else "beta"]


def _norm(s: Seen) -> torch.Tensor:
    """`sign(o) * (size / norm)**(p - 1)`, of a norm along the axes that it takes."""
    p = s.call["_p"]
    if s.name == "hypot":
        return s.o / s.y * s.g
    d = s.o - s.b if s.others else s.o
    y = s.y if s.y.dim() in (0, d.dim()) else s.y.unsqueeze(-1)
    g = s.g if s.y.dim() in (0, d.dim()) else s.g.unsqueeze(-1)
    return (torch.sign(d) * (d.abs() == y) if p == float("inf") else torch.sign(d) * (d.abs() / y) ** (p - 1)) * g


VALUES: dict[str, Callable[..., torch.Tensor]] = {
    "A plus hands its gradient on unchanged.": lambda s: s.summed(s.g),
    "A plus hands its gradient on unchanged, times": lambda s: s.summed(_alpha(s) * s.g),
    "What something is taken away from gets the gradient unchanged.": lambda s: s.summed(s.g),
    "A minus turns the sign.": lambda s: s.summed(-s.g),
    "A minus turns the sign, times": lambda s: s.summed(-_alpha(s) * s.g),
    "Dividing forward is dividing backward.": lambda s: s.v if s.name == "addcdiv" else s.summed(s.g / s.b),
    "The slope of a / b is -a / b**2 for b.": lambda s: s.v if s.name == "addcdiv" else s.summed(-s.b / s.o**2 * s.g),
    "Same numbers, same gradient.": lambda s: s.g,
    "A matrix product gives each factor back the other one, turned, so that this one": lambda s: s.v if s.name == "addbmm" else _meets(s),
    "Each number of the result is a line of the matrix times the vector": _along_lines,
    "Each number of the vector was multiplied with a line of the matrix": _of_vector,
    "`F.linear` turns its weight forward": lambda s: s.g @ s.b,
    "The weight receives what arrives, turned, times the input": lambda s: s.g.flatten(0, -2).T @ s.b.flatten(0, -2),
    "Each number of the result is a row of the weight times the input": lambda s: torch.outer(s.g, s.b),
    "In a product, each factor's slope is the other factor.": lambda s: s.v if s.name in ("xlogy", "addr", "vecdot") else _product(s),
    "In a product, each factor's slope is the product of all the others.": lambda s: (
        (s.y if s.y.dim() in (0, s.o.dim()) else s.y.unsqueeze(1)) / s.o * (s.g if s.y.dim() in (0, s.o.dim()) else s.g.unsqueeze(1))
    ),
    "Each score moves all the probabilities": lambda s: _softmax(s) * (-1 if "turns its sign" in s.call["_law"] else 1),
    "Every number of a": _log_softmax,
    "It moved the result only where it is the larger one": lambda s: _of_two(s, torch.gt),
    "It moved the result only where it is the smaller one": lambda s: _of_two(s, torch.lt),
    "The slope of a length is the vector over its length.": _norm,
    "The slope of a sum of sizes is each number's sign.": _norm,
    "Only the number that decides the norm moved it": _norm,
    "The slope of a norm of order p": _norm,
    "Softmax, then its log": _entropy,
    "The loss reads one number a row": _read_at_labels,
    "The slope of a square is twice its distance.": _terms(lambda s: 2 * (s.o - s.b)),
    "The slope of a distance is its sign.": _terms(lambda s: torch.sign(s.o - s.b)),
    "The slope is the distance where it is small, and its sign": _terms(lambda s: (s.o - s.b).clamp(-1, 1)),
    "The slope is the distance over `beta`": _terms(lambda s: ((s.o - s.b) / s.call["beta"]).clamp(-1, 1)),
    "The slope is the distance, and no more than the bound.": _terms(
        lambda s: (s.o - s.b).clamp(-s.call.get("delta", 1.0), s.call.get("delta", 1.0))
    ),
    "The slope is the distance to the target, over p": _terms(lambda s: (s.o - s.b) / (s.o * (1 - s.o))),
    "Sigmoid, then its log: what comes back is the sigmoid minus the target.": _terms(lambda s: torch.sigmoid(s.o) - s.b),
    "Sigmoid, then its log: with p the sigmoid": _terms(
        lambda s: (1 - s.b) * torch.sigmoid(s.o) + s.call["pos_weight"] * s.b * (torch.sigmoid(s.o) - 1)
    ),
    "The loss takes off the logs, with the target as": _terms(lambda s: -s.b),
    "The loss takes off the logs, with the target (here": _terms(lambda s: -s.b.exp()),
    "The slope is a sigmoid, times minus the target.": _terms(lambda s: -s.b * torch.sigmoid(-s.b * s.o)),
}
"""What comes back to the operand by a law that begins so."""

HOLD: dict[str, Callable[[Seen], bool]] = {
    "Only what was picked moved the result: it receives the gradient, and": _picked,
    "Only what was picked moved the result: it receives the gradient of every": lambda s: torch.isclose(s.v.sum(), s.g.sum()).item(),
    "Only the places change": _picked,
    "What was copied collects": lambda s: torch.isclose(s.v.sum(), s.g.sum()).item(),
    "A sum hands its gradient": lambda s: torch.isin(s.v.flatten().round(decimals=9), s.g.flatten().round(decimals=9)).all().item(),
    "A mean hands each": lambda s: torch.isclose(s.v.sum(), s.g.sum()).item(),
    "Only the winner moved": _extremes,
    "Only what won moved the result": _extremes,
    "In each window only the winner": _extremes,
    "Only numbers within the bounds": _picked,
    "What was masked never": _picked,
    "What was written over never": _picked,
    "What was written receives the gradient of the places that it went to.": _picked,
    "Where the condition": lambda s: s.o.shape != s.y.shape or _picked(s),
    "What was put around it": lambda s: torch.isclose(s.v.sum(), s.g.sum()).item() or _picked(s),
    "Each part takes back the slice it filled.": lambda s: torch.isin(s.v, s.g).all().item(),
    "Each number was added at one place": lambda s: torch.isin(s.v, torch.cat([s.g.flatten(), s.g.new_zeros(1)])).all().item(),
    "Each number was added to one difference": lambda s: torch.isclose(s.v.sum(), s.g.new_zeros(()), atol=1e-9).item(),
}
"""What holds of the gradient by a law that begins so."""


READ = (
    "A bias is added", "A convolution is", "A covariance is", "A cross product", "A determinant grows", "A deviation's slope", "A gate is",
    "A number that stands in several windows", "A power grows", "A transposed convolution", "A variance's slope", "An angle moves",
    "By a mean and a spread", "Each difference counts", "Each distance pulls", "Each number has a share", "Each number is", "Each number of a filter", "Each number of one",
    "Each running", "In a chain", "Moving one number", "Only pairs", "Only triplets", "Pairs that", "Power rule", "Slope 1 above", "Solving",
    "The factor stands", "The gradient takes the result's place", "The inverse moves", "The loss adds up the target", "The loss is linear",
    "The nearer end", "The far end", "The weight moves", "The scale is", "The shift is", "The scores are", "The result is a mean", "A mask of",
    "The slope compares", "The count is", "The slope is the distance over the variance", "A variance counts", "The slope of a log",
    "The slope of logsumexp", "The slope of the log of a determinant", "The target counts twice", "This gelu", "What is left", "What points",
    "What was read several", "What was written receives the gradient of the places that it went to, times", "Where the target",
    "Each time that it went in", "Where a bound", "The matrix receives", "Below 0",
)  # fmt: skip
"""Laws that name no number: read, and not held."""
NORMS = ("norm", "linalg_norm", "vector_norm", "dist")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.table
@pytest.mark.parametrize("form", [*FORMS, *CALLED])
def test_laws_of(form: str) -> None:
    graph = exercise(form)
    trial = trace(graph, 0, graph.sizes[0])
    derivation = Derivation(graph, trial, frozenset({"dy"}))
    torch.manual_seed(0)
    for line in graph.exercise.lines:
        for target in graph.exercise.targets:
            if target.node in line.reads and "d" + line.name in trial.gradients:
                try:
                    steps = [step for term in derivation.terms(line, target.node) for step in term.steps]
                except Underivable:
                    continue
                for step in steps:
                    _holds(derivation, step)


def _holds(derivation: Derivation, step: Step) -> None:
    seen = _alone(derivation, step)
    if seen is None:
        return
    values = [rule for begins, rule in VALUES.items() if step.law.startswith(begins)]
    for rule in values:
        try:
            due = rule(seen, step.law) if rule.__code__.co_argcount == 2 else rule(seen)
        except NoOther:
            continue
        assert torch.allclose(seen.v, due.expand(seen.v.shape), atol=1e-5), f"{ast.unparse(step.whole)}, {step.operand}: {step.law}"
    known = any(step.law.startswith(begins) for begins in (*VALUES, *HOLD, *READ)) or step.law.endswith("`.")
    assert known, f"no rule holds this law: {step.law}"
    for begins, rule in HOLD.items():
        assert not step.law.startswith(begins) or rule(seen), f"{ast.unparse(step.whole)}, {step.operand}: {step.law}"
    if step.law.startswith("The slope of ") and step.law.endswith("`.") and not values:
        slope = derivation.evaluate(
            ast.parse(re.sub(r".*?`(.*)`\.", r"\1", step.law).replace(ast.unparse(step.whole), "_y"), mode="eval").body
        )
        assert torch.allclose(seen.v, torch.as_tensor(slope) * seen.g), f"{ast.unparse(step.whole)}: {step.law}"


def _alone(derivation: Derivation, step: Step) -> Seen | None:
    """The operation with its operand as a leaf; None where it cannot be told which of its operands that is."""
    operand = ast.parse(step.operand, mode="eval").body
    found = [n for n in ast.walk(step.whole) if isinstance(n, ast.expr) and ast.dump(n) == ast.dump(operand)]
    if len(found) != 1:
        return None
    leaf = derivation.evaluate(operand).detach().double().clone().requires_grad_()

    text = ast.unparse(step.whole)
    placed = re.sub(rf"(?<![\w.]){re.escape(ast.unparse(operand))}(?!\w)", "_o", text)
    with default_dtype(torch.float64):
        y = eval(placed, {**derivation.names, "_o": leaf})
    if not y.requires_grad:
        return None
    g = torch.randn(y.shape, dtype=torch.float64)
    (v,) = torch.autograd.grad(y, leaf, g)
    derivation.names["_y"] = y.detach()
    others = tuple(value for o in step.others if isinstance(value := derivation.evaluate(o), torch.Tensor))
    return Seen(step.name, leaf.detach(), y.detach(), g, v, others, {**_keywords(derivation, step), "_law": step.law})


def _keywords(derivation: Derivation, step: Step) -> dict[str, Any]:
    call = step.whole
    given = {k.arg: derivation.evaluate(k.value) for k in call.keywords if k.arg} if isinstance(call, ast.Call) else {}
    plain = [a.value for a in call.args if isinstance(a, ast.Constant)] if isinstance(call, ast.Call) else []
    orders = [v for v in [given.get("p"), given.get("ord"), *plain] if isinstance(v, int | float)]
    if isinstance(call, ast.Call) and any("inf" in ast.unparse(a) for a in call.args):
        orders = [float("inf")]
    return {**given, "_p": orders[0] if orders and step.name in NORMS else 2}
