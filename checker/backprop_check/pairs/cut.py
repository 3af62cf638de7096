"""Where a function of torch calls takes values out of autograd's graph, so that its numbers move and its gradient does not know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from types import CodeType
from typing import Any

import torch

from backprop_check.pairs.pair import is_float
from backprop_check.pairs.reference import cotangents, reference
from backprop_check.pairs.slopes import agrees
from backprop_check.recording import Call, Recorder, recording
from backprop_check.recording.frames import place, segment_of
from backprop_check.recording.values import reads


def cut(func: Callable[..., Any], inputs: Sequence[Any], forwards: Collection[CodeType]) -> str:
    """Return where `func` cuts autograd's graph, if its gradient would be right without that; or that its inputs are not float64.

    In the `forwards` of custom functions autograd is off, and that cuts nothing.
    """
    single = [each for each in inputs if is_float(each) and each.requires_grad and each.dtype != torch.float64]
    if single:
        kind = str(single[0].dtype).removeprefix("torch.")
        return f"The inputs are {kind}: differences of such numbers are good to a few digits at best. Give float64 ones (`.double()`)."

    def outputs(given: Sequence[Any]) -> tuple[torch.Tensor, ...]:
        found = func(*given)
        return tuple(each for each in (found if isinstance(found, tuple | list) else [found]) if is_float(each))

    with recording() as recorder, torch.enable_grad():
        leaves = [each.detach().clone().requires_grad_(each.requires_grad) if is_float(each) else each for each in inputs]
        try:
            out = outputs(leaves)
        except Exception:  # the user's, which torch tells
            return ""
    with torch._C.DisableTorchFunction():
        above = cotangents(out)
        found = reference(recorder, out, above, {}, {})
        if found is None or found.forward is None:
            return ""
        wanted = {index: each for index, each in enumerate(leaves) if is_float(each) and each.requires_grad}
        due = {index: found.trial.gradients.get(f"d{found.forward.name_of(each)}") for index, each in wanted.items()}
        slopes = {index: each for index, each in due.items() if each is not None}
        if not slopes or not agrees(outputs, [each.detach() if is_float(each) else each for each in leaves], above, slopes):
            return ""
    told = dict.fromkeys(told_of(recorder, out, forwards))
    if not told:
        return ""
    last = "the output moves with it, and no gradient comes back through it" if len(told) == 1 else "no gradient comes back through these"
    return f"This cuts autograd's graph: {'; '.join(told)}. Without that, the gradient is what the differences say: {last}."


def told_of(recorder: Recorder, outputs: Sequence[torch.Tensor], forwards: Collection[CodeType]) -> Iterator[str]:
    stack = [recorder.value_of(each) for each in outputs]
    seen = set(stack)
    while stack:
        value = stack.pop()
        if value.call is None:
            continue
        how = _how(value.call) if not any(code in forwards for code, _ in value.call.where) else None
        there = place(*value.call.where[0]) if how is not None and value.call.where else None
        if there is not None:
            yield f"`{segment_of(there)}` in line {there.line} of {there.filename.rsplit('/', 1)[-1]}{how}"
        fresh = [read for read in reads(value.call) if read not in seen]
        seen.update(fresh)
        stack += fresh


def _how(call: Call) -> str | None:
    if not call.grad:
        return ", where autograd is off"
    return "" if call.name in ("detach", "detach_") or (call.name == "__get__" and "data" in repr(call.func)) else None
