"""What was recorded becomes lines as a learner would write them, which give the same numbers and gradients; what does not is refused."""

from __future__ import annotations

import copy
import gc
import math
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn

import backprop_check
from backprop_check.recording import Call, Forward, Recorder, active, graph, record, recording
from backprop_check.recording.functions import sorts
from backprop_check.trace.oracle import trace

X = torch.arange(12.0).reshape(4, 3) / 7 - 0.6
T = torch.tensor([0, 2, 1, 1])


def parameter(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3)).requires_grad_()


def lines(found: Forward) -> list[str]:
    return [f"{line.name} = {line.source}" for line in found.graph.exercise.lines]


def lin(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return x @ w


def function_and_lambda(w: torch.Tensor) -> Any:
    sq = lambda t: t * t  # noqa: E731
    y = lin(X, w)
    loss = sq(y).sum()
    return loss, locals()


def rebinding(w: torch.Tensor) -> Any:
    h = X @ w
    h = torch.relu(h)
    h = h * 2
    loss = h.sum()
    return loss, locals()


def in_place(w: torch.Tensor) -> Any:
    z = X @ w
    z += 1
    z.mul_(2)
    loss = (z**2).sum()
    return loss, locals()


def written_places(w: torch.Tensor) -> Any:
    z = torch.zeros(4, 3)
    z[:, 0] = (X @ w)[:, 1]
    part = z[1]
    part += w[0]
    loss = (z * X).sum()
    return loss, locals()


def every_row(w: torch.Tensor) -> Any:
    h, rows = torch.zeros(4, 3), torch.zeros(4, 2, 3)
    for t in range(2):
        h = torch.tanh(X @ w + h)
        rows[:, t] = h
    loss = (rows**2).sum()
    return loss, locals()


def by_mask(w: torch.Tensor) -> Any:
    y = (X @ w).clone()
    y[y < 0] = 0
    loss = (y * X).sum()
    return loss, locals()


def by_slices(w: torch.Tensor) -> Any:
    y = torch.zeros(6, 5)
    y[1:5, 2] = (X @ w)[:, 0]
    y[..., 3:] = 2.0
    y[T, 0] = w[0, 1]
    loss = (y**3).sum()
    return loss, locals()


def unpacked(w: torch.Tensor) -> Any:
    p, q, _ = (X @ w).chunk(3, dim=1)
    loss = (p * q).sum()
    return loss, locals()


def a_dict_and_math(w: torch.Tensor) -> Any:
    params = {"w": w}
    loss = (X @ params["w"]).sum() / math.sqrt(4)
    del w
    return loss, locals()


def loop(w: torch.Tensor) -> Any:
    h = torch.zeros(4, 3)
    loss = torch.zeros(())
    for _ in range(2):
        h = torch.tanh(h @ w + X)
        loss = loss + h.sum()
    return loss, locals()


def branch_and_item(w: torch.Tensor) -> Any:
    y = X @ w
    loss = y.sum() * 2 if y.sum().item() > -1e9 else y.mean()
    return loss, locals()


def drawn_inside(w: torch.Tensor) -> Any:
    x = torch.randn(5, 3)
    loss = ((x @ w - x.max(1, keepdim=True).values) ** 2).mean()
    del x
    return loss, locals()


def no_grad(w: torch.Tensor) -> Any:
    y = X @ w
    with torch.no_grad():
        top = y.max()
    loss = (y - top).exp().sum()
    del top
    return loss, locals()


def labels(w: torch.Tensor) -> Any:
    logp = F.log_softmax(X @ w, dim=1)
    loss = -logp[range(4), T].mean()
    return loss, locals()


DUE: dict[Callable[[torch.Tensor], Any], list[str]] = {
    function_and_lambda: ["y = X @ w", "loss = (y * y).sum()"],
    rebinding: ["h_1 = X @ w", "h_2 = torch.relu(h_1)", "h = h_2 * 2", "loss = h.sum()"],
    in_place: ["z_1 = X @ w", "z_2 = z_1 + 1", "z = z_2 * 2", "loss = (z**2).sum()"],
    written_places: [
        "z_1 = torch.zeros(4, 3)",
        "z_2 = z_1.select_scatter((X @ w)[:, 1], 1, 0)",
        "part_1 = z_2[1]",
        "part = part_1 + w[0]",
        "z = z_2.select_scatter(part, 0, 1)",
        "loss = (z * X).sum()",
    ],
    every_row: [
        "h_1 = torch.tanh(X @ w + torch.zeros(4, 3))",
        "h = torch.tanh(X @ w + h_1)",
        "rows = torch.stack([h_1, h], 1)",
        "loss = (rows**2).sum()",
    ],
    by_mask: ["y_1 = (X @ w).clone()", "y = y_1.masked_fill(y_1 < 0, 0)", "loss = (y * X).sum()"],
    by_slices: [
        "y_1 = torch.zeros(6, 5)",
        "y_2 = y_1.slice_scatter(y_1[1:5].select_scatter((X @ w)[:, 0], 1, 2), 0, 1, 5)",
        "y_3 = y_2.slice_scatter(torch.full_like(y_2[:, 3:], 2.0), 1, 3)",
        "y = y_3.index_put((T, torch.tensor(0)), w[0, 1])",
        "loss = (y**3).sum()",
    ],
    unpacked: ["p = (X @ w).chunk(3, dim=1)[0]", "q = (X @ w).chunk(3, dim=1)[1]", "loss = (p * q).sum()"],
    a_dict_and_math: ["loss = (X @ params_w).sum() / 2.0"],
    loop: [
        "loss_1 = torch.zeros(())",
        "h_1 = torch.zeros(4, 3)",
        "h_2 = torch.tanh(h_1 @ w + X)",
        "loss_2 = loss_1 + h_2.sum()",
        "h = torch.tanh(h_2 @ w + X)",
        "loss = loss_2 + h.sum()",
    ],
    branch_and_item: ["y = X @ w", "loss = y.sum() * 2"],
    drawn_inside: ["loss = ((x @ w - x.max(1, keepdim=True).values) ** 2).mean()"],
    no_grad: ["y = X @ w", "top = y.max().detach()", "loss = (y - top).exp().sum()"],
    labels: ["logp = F.log_softmax(X @ w, dim=1)", "loss = -logp[range(4), T].mean()"],
}


@pytest.mark.parametrize("form", DUE, ids=lambda form: form.__name__)
def test_form(form: Callable[[torch.Tensor], Any]) -> None:
    w = parameter(3, 3)
    (loss, names), recorder = record(form, w)
    found = graph(recorder, loss, {**names, "X": X, "T": T})
    assert found is not None
    assert lines(found) == DUE[form]
    (due,) = torch.autograd.grad(loss, [w])
    name = found.name_of(w)
    assert torch.allclose(trace(found.graph, 0, {}).gradients[f"d{name}"].float(), due, rtol=1e-4, atol=1e-6)


def test_a_module_is_spoken_of_by_its_attributes_and_dropout_has_a_mask() -> None:
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))
    with recording() as recorder:
        loss = nn.CrossEntropyLoss()(model(X), T)
    loss.backward()
    found = graph(recorder, loss, {"model": model, "T": T, "X": X, "loss": loss})
    assert found is not None
    assert found.spoken["model_0_weight"] == "model[0].weight"
    trial = trace(found.graph, 0, {})
    for number in (0, 3):
        grad = model[number].weight.grad
        assert isinstance(grad, torch.Tensor)
        assert torch.allclose(trial.gradients[f"dmodel_{number}_weight"].float(), grad, rtol=1e-4, atol=1e-6)


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        e = a.exp()
        ctx.save_for_backward(e)
        return e / e.sum()

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return 7 * g


def test_a_custom_function_is_differentiated_by_its_forward() -> None:
    w = parameter(3)
    with recording() as recorder:
        loss = (Wrong.apply(w) * X[0]).sum()  # type: ignore[no-untyped-call]
    loss.backward()
    found = graph(recorder, loss, {"w": w, "loss": loss, "X": X})
    assert found is not None and found.custom
    again = w.detach().requires_grad_()
    (due,) = torch.autograd.grad((torch.softmax(again, 0) * X[0]).sum(), [again])
    assert torch.allclose(trace(found.graph, 0, {}).gradients["dw"].float(), due, rtol=1e-4, atol=1e-6)
    assert w.grad is not None and not torch.allclose(w.grad, due, rtol=1e-2)


def test_a_pass_is_kept_with_its_gradient() -> None:
    w, g = parameter(3, 3), torch.randn(4, 3)
    with recording() as recorder:
        y = torch.softmax(X @ w, 1)
        y.backward(g)
    only = recorder.passes[-1]
    found = graph(recorder, [(only.root, only.gradient)], {"w": w, "y": y, "dy": g, "X": X})
    assert found is not None and lines(found) == ["y = torch.softmax(X @ w, 1)", "loss = (y * dy_).sum()"]
    assert found.spoken == {"dy_": "dy"}  # for the engine `dy` is the gradient of `y`


def test_what_was_stepped_since_is_turned_round() -> None:
    w, g, lr = parameter(3, 3), torch.rand(3, 3), 0.1
    first = w.detach().clone()

    def inside() -> None:
        with torch.no_grad():
            w.sub_(g, alpha=2)

    for step in (lambda: w.data.add_(1), lambda: w.data.sub_(lr * g), inside):
        with recording() as recorder:
            loss = (X @ w).sum()
            step()
            step()
            found = graph(recorder, loss, {"w": w, "X": X})
        assert found is not None and found.name_of(w) == "w"
        assert torch.allclose(found.graph.inputs({}, 0)["w"].float(), first, atol=1e-6)
        first = w.detach().clone()


def test_what_was_written_over_since_is_refused() -> None:
    w = parameter(3, 3)
    for step in (lambda: w.data.mul_(2), lambda: nn.init.ones_(w)):
        with recording() as recorder:
            loss = (X @ w).sum()
            assert graph(recorder, loss, {"w": w, "X": X}) is not None
            step()
            assert graph(recorder, loss, {"w": w, "X": X}) is None


def test_what_was_not_seen_is_a_leaf_or_refused() -> None:
    w = parameter(3, 3)
    hidden = X @ w
    with recording() as recorder:
        loss = (hidden * 2).sum()
    found = graph(recorder, loss, {"hidden": hidden})
    assert found is not None and found.graph.exercise.inputs == ("hidden",)
    assert graph(Recorder(), loss) is None


def test_no_tensor_is_kept_and_nothing_grows() -> None:
    w = parameter(3, 3)
    earlier = sum(type(each) is Call for each in gc.get_objects())  # of what ran in this process before
    with recording() as recorder:
        for _ in range(1200):
            h = torch.tanh(X @ w)
            loss = (h * h).mean()
            loss.backward()
            w.data -= 0.01 * w.grad  # type: ignore[operator]
        there = [weakref.ref(h), weakref.ref(loss)]
        del h, loss
        gc.collect()
        assert [ref() for ref in there] == [None, None]
        assert len(recorder._known) < 2000  # of some 8,000
        recorder._sweep()  # when it does so itself hangs on which ids of tensors are used again
        assert sum(type(each) is Call for each in gc.get_objects()) - earlier < 200
    assert active() is None


class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return a.sin()

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return g


OTHERS: dict[str, Callable[[torch.Tensor], Any]] = {
    "vmap": lambda w: torch.func.vmap(torch.func.grad(lambda row: row.sin().sum()))(w),
    "compile": lambda w: torch.compile(lambda a: (a.sin() + 1).sum(), backend="eager")(w).backward(),
    "checkpoint": lambda w: torch.utils.checkpoint.checkpoint(torch.sin, w, use_reentrant=True).sum().backward(),
    "sparse": lambda w: (torch.eye(3).to_sparse() @ w).sum().backward(),
    "complex": lambda w: torch.fft.fft(w).abs().sum().backward(),
    "copies": lambda w: copy.deepcopy(nn.Linear(3, 2))(w).sum().backward(),
    "inference": lambda w: torch.inference_mode()(lambda: (w * 2).add_(1)[0])(),
    "a custom function": lambda w: Own.apply(w).sum().backward(),  # type: ignore[no-untyped-call]
    "a module's own loop": lambda w: nn.LSTM(3, 2)(w)[0].sum().backward(),
}


@pytest.mark.parametrize("use", OTHERS.values(), ids=OTHERS)
def test_what_runs_unrecorded_runs_recorded(use: Callable[[torch.Tensor], Any]) -> None:
    w = parameter(3, 3)
    use(w)
    with recording():
        use(w)


def test_an_error_is_the_users_own_and_no_pass() -> None:
    w = parameter(3)
    with recording() as recorder:
        loss = (w**2).sum()
        loss.backward()
        passes = len(recorder.passes)
        with pytest.raises(RuntimeError, match="a second time"):
            loss.backward()
        with pytest.raises(RuntimeError, match="must match"):
            torch.zeros(2) + torch.zeros(3)
        assert len(recorder.passes) == passes


def test_a_program_that_imports_cmp_is_recorded_and_a_library_that_does_is_not(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text("from backprop_check import cmp\n")
    (tmp_path / "program.py").write_text(
        "import library\nfrom backprop_check.recording import active\nprint(active() is None)\nimport torch\nfrom backprop_check import cmp\n"
        "from backprop_check import recording\nw = torch.ones(3, requires_grad=True)\ndef f(w): return (w ** 2).sum()\nf(w).backward()\n"
        "with recording() as same: pass\nprint(active() is same)\ncmp('w', -2 * w, w)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parents[1])}
    run = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.stdout.startswith("True\nTrue\nw  ") and "this minus does not belong here" in run.stdout, run.stdout + run.stderr


def test_a_function_of_the_users_own_may_be_anything_and_its_sort_is_not_kept() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    def own(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    own.__module__ = None  # type: ignore[assignment]
    x = torch.ones(3)
    with recording():
        for function in (own, Unhashable()):
            assert torch.equal(torch.overrides.handle_torch_function(function, (x,), x), x * 2)
    assert own not in sorts and torch.Tensor.mul in sorts


def test_what_a_custom_function_was_given_is_not_kept_alive() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: torch.Tensor, k: int) -> torch.Tensor:
            return a * k

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> tuple[torch.Tensor, None]:
            return 2 * g, None

    x = torch.ones(3, requires_grad=True)
    with recording() as recorder:
        Twice.apply(x, 2).sum().backward()
        given, k = recorder.applied[Twice]
        assert given.tensor is x and k == 2
        assert recorder.passes[-1].custom == [Twice]
    seen = weakref.ref(x)
    del x
    assert seen() is None


def test_an_optimizers_own_calls_are_not_recorded() -> None:
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([w], foreach=False)
    with recording() as recorder:
        (w**2).sum().backward()
        optimizer.step()
        before = recorder._order
        optimizer.step()
        assert recorder._order == before
