"""Compare a gradient that is there with the one autograd left, and explain it by the forward, where that can be rebuilt."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from backprop_check.comparison.compare import close, compare
from backprop_check.errors import BadInput
from backprop_check.live.asked import Asked, Compared, answer_of
from backprop_check.live.caller import Caller
from backprop_check.live.explained import Anew, judged
from backprop_check.live.forward import forward
from backprop_check.live.rebuild import definitions, outputs
from backprop_check.live.recorded import LIVE, SINGLE, Found, candidates, functions_between
from backprop_check.recording import Value, latest
from backprop_check.recording.custom import functions_behind
from backprop_check.recording.values import reads
from backprop_check.records import Run, Target, Trial, Verdict
from backprop_check.trace.scale import EXACT

FORGIVEN = 1e-8
"""The difference that `torch.allclose` forgives whatever the numbers are: what can be said where no forward tells their scale."""


def compared(caller: Caller, asked: Asked, output: torch.Tensor | None = None, anew: Anew | None = None) -> Compared:
    """Compare one gradient with autograd's. `output` is what was differentiated, where the caller said it; `anew` runs lines again.

    Raises `BadInput` where autograd kept no gradient of the tensor and the forward cannot be had to ask again.
    """
    with torch._C.DisableTorchFunction(), torch.enable_grad():  # what is computed here is nobody's to record, and `no_grad` the caller's
        return _compared(caller, asked, output, anew)


def _compared(caller: Caller, asked: Asked, output: torch.Tensor | None, anew: Anew | None) -> Compared:
    found = _found(caller, asked, output)
    if found is None and asked.gradient is None:
        raise BadInput(_no_gradient(asked))
    custom = found.custom if found is not None else tuple(functions_between(caller, asked.tensor, output))
    return replace(_against(caller, asked, found, anew), custom=custom)


def against(caller: Caller, asked: Asked, found: Found) -> Compared:
    """Compare one gradient with that of a forward that is known."""
    with torch._C.DisableTorchFunction(), torch.enable_grad():
        return _against(caller, asked, found)


def _against(caller: Caller, asked: Asked, found: Found | None, anew: Anew | None = None) -> Compared:
    node = found.node if found is not None else asked.node
    target = "d" + node
    trial = found.trial if found is not None else _trial_of(asked.tensor, asked.gradient, target)
    answer = answer_of(asked.given)
    run = Run(replace(trial, dtype=_rounding(asked.tensor)), {target: answer})
    difference = compare(run, target)
    verdict = Verdict(Target(target, 1, ""), "correct" if difference.wrong == "" else "incorrect", (run,), (difference,), 0)
    bare = Compared(asked.name, asked.node, difference, verdict, found)
    if found is None or answer.state != "tensor" or is_autograds(asked):
        return bare
    return judged(caller, asked, bare, found, anew)


def is_autograds(asked: Asked) -> bool:
    """Whether what is given is autograd's own gradient, or a copy of it: there are no lines of the learner's behind it."""
    recorder, kept = latest(), asked.tensor.grad if asked.tensor.is_leaf or asked.tensor.retains_grad else None
    if recorder is None or kept is None or not isinstance(asked.given, torch.Tensor):
        return asked.given is kept
    value: Value | None = recorder.value_of(asked.given)
    while value is not None and value.call is not None and value.call.name in ("clone", "detach", "__get__", "contiguous", "to", "view"):
        value = next(reads(value.call), None)
    return value is not None and value.tensor is kept


def times_too_large(caller: Caller, asked: Asked) -> int | None:
    """How many times its gradient `tensor.grad` is, where so many calls of `backward()` on one output stand in the source.

    Gradients add up. What the source does not show as often has another reason.
    """
    known = definitions(caller)
    autograd = asked.gradient
    for name in outputs(caller, known):
        found = forward(caller, name, known, asked.node)
        times = sum(is_plain_backward(call, name) for call in caller.calls())
        if found is None or autograd is None or times < 2:
            continue
        trial, oracle = found[1], found[1].gradients["d" + asked.node]
        if oracle.shape != autograd.shape or not oracle.any():
            continue
        if close(autograd.to(torch.float64) / times, oracle, trial.scales["d" + asked.node], SINGLE):
            return times
    return None


def is_plain_backward(call: ast.Call, name: str) -> bool:
    """Whether a call is `name.backward()`."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr="backward"), args=[]):
            return of == name
    return False


def _found(caller: Caller, asked: Asked, output: torch.Tensor | None) -> Found | None:
    """Return the forward and its oracle, where its gradient is the one that autograd left: as it was recorded, else from the source."""
    last: Found | None = None
    for found in candidates(caller, asked.tensor, output):
        last = last or found
        if found.custom or _agrees(asked, found.trial, found.node, _live(found)):
            return replace(found, same=found.same or _times(asked, last, found.passes))
    known = definitions(caller)
    named = next((n for n, v in caller.names.items() if v is output), None) if output is not None else None
    if asked.tensor is not caller.names.get(asked.node) or (output is not None and named is None):
        return None
    for name in (named,) if named is not None else outputs(caller, known):
        there = forward(caller, name, known, asked.node)
        if there is not None and _agrees(asked, there[1], asked.node, {n: caller.names.get(n) for n in there[1].values}):
            return Found(there[0], there[1], asked.node, custom=tuple(functions_behind([caller.names[name]])))
    return None


def _times(asked: Asked, last: Found, passes: int) -> bool:
    """Whether the gradient that autograd left is so many times that of the last pass."""
    if asked.gradient is None or last.node not in last.trial.values or last.passes != 1:
        return False
    due, scale = last.trial.gradients["d" + last.node], last.trial.scales["d" + last.node]
    return bool(due.any()) and close(asked.gradient.cpu().to(torch.float64) / passes, due, scale, SINGLE)


def _live(found: Found) -> dict[str, Any]:
    return {name: value.owner for name, value in found.forward.values.items()} if found.forward is not None else {}


def _agrees(asked: Asked, trial: Trial, node: str, tensors: Mapping[str, Any]) -> bool:
    """Whether a trial's gradients are those autograd has: the one asked for or, where it kept none, one of another tensor at least."""

    def same(gradient: torch.Tensor, node: str) -> bool:
        due = trial.gradients.get("d" + node)
        within = EXACT if gradient.dtype == torch.float64 else SINGLE
        return due is not None and close(gradient.cpu(), due, trial.scales["d" + node], within)

    if asked.gradient is not None:
        return same(asked.gradient, node)
    kept = {n: t.grad for n, t in tensors.items() if isinstance(t, torch.Tensor) and (t.is_leaf or t.retains_grad) and t.grad is not None}
    return bool(kept) and all(same(gradient, node) for node, gradient in kept.items())


def _no_gradient(asked: Asked) -> str:
    kept = "" if asked.tensor.is_leaf else f" Before that, `{asked.node}.retain_grad()`: autograd keeps the gradients of leaves only."
    return f"`{asked.node}` has no gradient: call `backward()` on the loss first.{kept}"


def _trial_of(tensor: torch.Tensor, autograd: torch.Tensor | None, target: str) -> Trial:
    """A trial of what is there alone: no forward, and the scale is that of the gradient itself.

    In float32 it is large enough to forgive what the lecture's helper forgives: a gradient that is mathematically zero is rounding alone.
    """
    assert autograd is not None
    gradient = autograd.detach().to(torch.float64)
    finite = gradient[torch.isfinite(gradient)]
    least = FORGIVEN / SINGLE if _rounding(tensor) == torch.float32 else 0.0
    scale = max(least, float(finite.abs().max()) if finite.numel() else 0.0)
    return Trial(LIVE, {}, torch.float64, {target[1:]: tensor.detach()}, {target: gradient}, {target: scale}, rounding={target: SINGLE})


def _rounding(tensor: torch.Tensor) -> torch.dtype:
    """The dtype whose rounding the tensor's gradient has."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32
