"""What an expression of a learner's may use when the checker evaluates it, and what would be too large."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[1] / "derivation"))
from forms import exercise, read

from backprop_check.derivation.canonical import canonical
from backprop_check.expression.evaluate import MODULES, Evaluator, Refused
from backprop_check.expression.holes import narrowed
from backprop_check.expression.vocabulary import FUNCTIONS
from backprop_check.expression.work import Work
from backprop_check.trace.graph import default_dtype

U = torch.arange(3.0)


def worth(text: str) -> object:
    return Evaluator({"u": U, "x": torch.ones(2, 3, 4, 4)}, Work())(ast.parse(text, mode="eval").body)


def test_every_function_is_one_of_torch() -> None:
    assert not {name for name in FUNCTIONS if not any(hasattr(module, name) for module in (*MODULES.values(), torch.Tensor))}


@pytest.mark.parametrize("kind", read(variants=False))
def test_the_forms_of_the_derivation_can_be_evaluated(kind: str) -> None:
    """Every tenth of them."""
    for form in read(variants=False)[kind][::10]:
        if "; " not in form:
            graph = exercise(form)
            values = graph.inputs(graph.sizes[0], 0)
            with default_dtype(torch.float64):
                value = Evaluator(values, Work())(canonical(ast.parse(form, mode="eval").body, graph.scope, values))
            assert torch.equal(torch.as_tensor(value), graph.forward(values)["y"]), form


def test_functions_of_other_modules_and_constants() -> None:
    assert torch.equal(worth("torch.linalg.vector_norm(u)"), U.norm())
    assert torch.equal(worth("F.softplus(u, beta=2)"), F.softplus(U, beta=2))
    assert worth("torch.pi") == torch.pi


@pytest.mark.parametrize(
    "text",
    [
        "torch.diag_embed(u, 10**5)",
        "torch.diag(u, 10**5)",
        "F.interpolate(x, scale_factor=10**4)",
        "F.interpolate(x, (10**4, 10**4))",
        "F.adaptive_avg_pool2d(x, (10**4, 10**4))",
        "u.repeat(10**7)",
        "torch.save(u, 'u')",
        "torch.ops.aten.tanh_backward(u, u)",
        "torch.load('u')",
    ],
)
def test_what_is_too_large_or_no_operation_on_tensors_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        worth(text)


@pytest.mark.parametrize("shape", [(), (4,), (1, 3), (3, 1), (3, 4), (2, 3, 4)])
def test_what_was_broadcast_is_narrowed(shape: tuple[int, ...]) -> None:
    """Along an axis of numbers that are all the same, and along no other: not where only the first two are."""
    table = torch.arange(float(torch.Size(shape).numel()), dtype=torch.float64).sin().reshape(shape)
    assert narrowed(table) is table
    for axis in [axis for axis, size in enumerate(shape) if size > 1]:
        one = table.narrow(axis, 0, 1)
        assert torch.equal(narrowed(one.expand(shape) * (1 + 1e-9)), one * (1 + 1e-9))
        if shape[axis] > 2:
            almost = one.expand(shape).clone()
            almost.select(axis, 2).add_(1)
            assert narrowed(almost) is almost
    for odd in (torch.inf, torch.nan):
        same = torch.full(shape, odd, dtype=torch.float64)
        assert narrowed(same).shape == (same.shape if odd != odd else torch.Size([1] * len(shape)))
