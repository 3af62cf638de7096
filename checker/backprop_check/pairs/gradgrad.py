"""`gradgradcheck`: torch's verdict on the gradient of a gradient, and why it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.autograd.gradcheck import gradgradcheck as torchs

from backprop_check.diagnosis.attempt import survived
from backprop_check.pairs.context import Context
from backprop_check.pairs.custom import Custom, Seen
from backprop_check.pairs.cut import told_of
from backprop_check.pairs.examine import fresh
from backprop_check.pairs.gradcheck import calls_of, explained, with_reason
from backprop_check.pairs.pair import Ran, is_float
from backprop_check.pairs.returned import where
from backprop_check.recording import recording
from backprop_check.trace.graph import default_dtype, seeded


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, raise_exception: bool = True, **options: Any) -> bool:
    """Check second gradients as `torch.autograd.gradgradcheck` does, with its options and verdict; where it fails, say why.

    With `raise_exception=False` that is printed, and False returned. An error that torch lets through is raised with it as a note.
    """
    return with_reason(lambda: torchs(func, inputs, grad_outputs, **options), lambda: _explained(func, inputs), raise_exception)


def _explained(func: Callable[..., Any], inputs: Any) -> str:
    """What is wrong: with the first gradients, else with the second ones."""
    first = explained(func, inputs)
    if first:
        return f"The first gradient is wrong already.\n{first}"
    given = inputs if isinstance(inputs, tuple) else tuple(inputs) if isinstance(inputs, list) else (inputs,)
    return survived(lambda: "\n".join(line for seen in calls_of(func, given) for line in _of(seen)), "gradgradcheck's explanation") or ""


def _of(seen: Seen) -> Iterator[str]:
    """Why the second gradient of one custom function is wrong, which differentiates its backward."""
    function, given, needs = seen
    pair = Custom(function)
    if function.backward.__code__.co_qualname.startswith("once_differentiable"):
        yield f"{pair.backward_name} ({where(pair.backward_function)}) is marked `@once_differentiable`: it has no second gradient."
        return
    with recording() as recorder, torch.enable_grad(), default_dtype(torch.float64), seeded(0):
        leaves = [fresh(each).requires_grad_(need) if is_float(each) else each for each, need in zip(given, needs, strict=True)]
        ran = pair.forward(leaves, needs)
        above = [torch.randn_like(each, requires_grad=True) for each in ran.outputs]
        found = [each for each in pair.backward(ran, above).gradients.values() if isinstance(each, torch.Tensor)]
    context: Context = ran.state[0]
    roots = [each for each in (*leaves, *above) if isinstance(each, torch.Tensor) and each.requires_grad]
    with torch._C.DisableTorchFunction():
        kept = {id(each) for each in (*leaves, *ran.outputs)}
        own = {id(value): f"`{name}`" for name, value in ran.called.own.items()}
        lost = [
            own.get(id(each), f"saved tensor {number}")
            for number, each in enumerate(context.tensors())
            if each.requires_grad and id(each) not in kept and _moves(pair, ran, each, above, roots)
        ]
        cut = dict.fromkeys(told_of(recorder, found, ()))
    name = f"{pair.backward_name} ({where(pair.backward_function)})"
    if lost:
        several = len(lost) > 1
        yield f"{name}: the second gradient is wrong: nothing comes back through {' and '.join(lost)}."
        yield (
            f"   forward has made {'these' if several else 'this'} where autograd does not look, and backward is differentiated as if "
            f"{'they' if several else 'it'} did not move with the inputs."
        )
        yield f"   help: Save inputs or outputs of forward, and compute {' and '.join(lost)} again in backward."
    elif cut:
        yield f"{name}: the second gradient is wrong: backward cuts autograd's graph: {'; '.join(cut)}."


def _moves(pair: Custom, ran: Ran, lost: torch.Tensor, above: Sequence[torch.Tensor], roots: Sequence[torch.Tensor]) -> bool:
    """Whether the second gradient is another one where one of the tensors that forward left does not hang on anything."""
    context, *rest = ran.state

    def second(state: Context) -> list[torch.Tensor]:
        with torch.enable_grad(), seeded(0):
            found = pair.backward(Ran(ran.called, ran.outputs, (state, *rest)), above).gradients.values()
            total = sum((each * torch.randn_like(each)).sum() for each in found if isinstance(each, torch.Tensor))
            if not isinstance(total, torch.Tensor) or not total.requires_grad:
                return [torch.zeros_like(root) for root in roots]
            grads = torch.autograd.grad(total, roots, allow_unused=True, retain_graph=True)
        return [torch.zeros_like(root) if each is None else each for each, root in zip(grads, roots, strict=True)]

    pairs = zip(second(context), second(context.without(lost)), strict=True)
    return any(not torch.allclose(one, other) for one, other in pairs)
