"""What is wrong with a backward that is no matter of derivatives: what it was given, what it gives back, what it writes into."""

from __future__ import annotations

import ast
import linecache
import traceback
from collections.abc import Iterator

import torch

from backprop_check.comparison.compare import close
from backprop_check.pairs.calling import code_of
from backprop_check.pairs.context import Context
from backprop_check.pairs.examine import Examined
from backprop_check.pairs.kept import definition_of
from backprop_check.pairs.one import One
from backprop_check.pairs.pair import Fault
from backprop_check.pairs.returned import elements
from backprop_check.recording.frames import Place, span_of
from backprop_check.submission.statements import written

_IN_PLACE = (ast.AugAssign, ast.Call)


def of_call(done: Examined) -> Iterator[Fault]:
    """Yield what is wrong before any number is compared."""
    if done.ran.called.error is not None:
        return
    if isinstance(done.ran.state, tuple) and isinstance(done.ran.state[0], Context):
        yield from _written(done, done.ran.state[0])
    if done.back is not None and done.back.called.error is not None:
        yield _raised(done, done.back.called.error)
    elif done.back is not None and done.back.fault:
        there = elements(done.pair.backward_function, done.back.called)
        yield Fault("the number of gradients is wrong", done.back.fault, place=there[0].place if there else None)


def _written(done: Examined, context: Context) -> Iterator[Fault]:
    """Saved tensors that backward writes into."""
    called = done.back.called if done.back is not None else done.ran.called
    own = {id(value): name for name, value in called.own.items() if isinstance(value, torch.Tensor)}
    code, definition = code_of(done.pair.backward_function), definition_of(done.pair.backward_function)
    for number, tensor in enumerate(context.saved_tensors):
        if not context.is_changed(number):
            continue
        name = own.get(id(tensor), "")
        nodes = [node for node in ast.walk(definition) if isinstance(node, _IN_PLACE)] if definition is not None else []
        there = next((node for node in nodes if name in written(node) or f"{name}.data." in ast.unparse(node)), None)
        seen = "autograd refuses what was changed since" if context.is_seen(number) else "autograd does not see a write through `.data`"
        yield Fault(
            f"{f'`{name}`' if name else f'saved tensor {number}'} was saved for backward, and this changes it in place",
            f"What forward saved is read again when backward runs a second time (with `retain_graph=True`, and in gradcheck), and {seen}.",
            "Write into a copy: `.clone()` first.",
            Place(code.co_filename, *span_of(there)) if there is not None and code is not None else None,
        )


def _raised(done: Examined, error: Exception) -> Fault:
    code = code_of(done.pair.backward_function)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code is not None and f.filename == code.co_filename]
    there = None
    if frames and frames[-1].lineno is not None:
        frame = frames[-1]
        line = frame.lineno or 1
        rows = linecache.getlines(frame.filename)
        text = rows[line - 1] if line <= len(rows) else ""
        first = len(text) - len(text.lstrip())
        there = Place(frame.filename, line, frame.colno or first, frame.end_lineno or line, frame.end_colno or len(text.rstrip()))
    note, move = "", ""
    message = str(error).splitlines()[0] if str(error) else ""
    if "view size is not compatible" in message:
        note, move = "What `view` is asked of here is not contiguous in memory.", "Use `.reshape`, or `.contiguous()` before `.view`."
    elif "to unpack (expected" in message and isinstance(done.ran.state, tuple) and isinstance(done.ran.state[0], Context):
        saved = len(done.ran.state[0].saved_tensors)
        note = f"forward saves {saved} tensor{'s' if saved != 1 else ''} with `save_for_backward`."
    return Fault(f"this raises {type(error).__name__}: {message}", note, move, there)


def of_gradient(done: Examined, one: One) -> Iterator[Fault]:
    """Yield what is wrong with one gradient as a thing, whatever its numbers."""
    if one.due is None or done.back is None:
        return
    there = elements(done.pair.backward_function, done.back.called)
    where = there[one.index].place if done.pair.sums and one.index < len(there) else None
    yield from _misplaced(done, one, where)
    yield from _passed_over(done, one, where)
    if one.given is None and one.index in done.back.gradients and bool(one.due.any()):
        yield _none(done, one, where)
    elif one.given is not None and isinstance(one.given, torch.Tensor) and not bool(one.due.any()):
        yield from _straight_through(done, one, where)
    if done.mended is not None and one.index in done.puts_right:
        yield done.mended


def _misplaced(done: Examined, one: One, where: Place | None) -> Iterator[Fault]:
    """The gradient of another input, whose place has another too."""
    if not isinstance(one.given, torch.Tensor) or one.due is None or one.right:
        return
    for other in done.ones:
        if other is one or other.due is None or other.right or not bool(other.due.any()):
            continue
        if close(one.given, other.due, float(other.due.abs().max())):
            note = f"Gradients are matched with {done.pair.name}'s parameters by place; `{one.name}` is number {one.index} of them."
            move = "Return the gradients in the order of forward's parameters."
            yield Fault(f"this is the gradient of `{other.name}`", note, move, where)
            return


def _passed_over(done: Examined, one: One, where: Place | None) -> Iterator[Fault]:
    """Of several gradients that arrive, one is not used: without it, what is given would be right."""
    if len(done.above) < 2 or not isinstance(one.given, torch.Tensor) or one.due is None or one.index not in done.shares:
        return
    assert done.back is not None
    own = {id(value): name for name, value in done.back.called.own.items() if isinstance(value, torch.Tensor)}
    shares = done.shares[one.index]
    for number, share in enumerate(shares):
        if bool(share.any()) and close(one.given, one.due - share, float(one.due.abs().max()) + float(share.abs().max())):
            name = f"`{own[id(done.above[number])]}`" if id(done.above[number]) in own else f"the gradient of output {number}"
            yield Fault(
                f"{name} does not come in here",
                f"`{one.name}` moves the loss through each output of {done.pair.name} that hangs on it. This is what comes back through "
                f"the other{'s' if len(shares) > 2 else ''}, and is right; what {name} sends back is missing.",
                "Add it where that output's value was made.",
                where,
            )
            return


def _none(done: Examined, one: One, where: Place | None) -> Fault:
    error = f"this gives None for `{one.name}`, whose gradient is not zero"
    context = done.ran.state[0] if isinstance(done.ran.state, tuple) else None
    asked: list[int] = context.needs_input_grad.__dict__.get("asked", []) if isinstance(context, Context) else []
    note = "autograd takes None for zero: forward's numbers move when this input's do."
    if asked and one.index not in asked:
        places = ", ".join(f"`ctx.needs_input_grad[{index}]`" for index in sorted(set(asked)))
        note += f" backward asks {places}; `{one.name}` is input {one.index}, counted from 0 without `ctx`."
    return Fault(error, note, "Return its gradient at this place, in the order of forward's parameters.", where)


def _straight_through(done: Examined, one: One, where: Place | None) -> Iterator[Fault]:
    """Zero is due, and what arrives is handed on: that is done on purpose, and no check by numbers can confirm it."""
    given = [each for each in done.above if each.shape == one.given.shape]
    if not bool(one.given.any()):
        return
    for above in given:
        kept = one.given != 0
        if torch.equal(one.given[kept], above[kept]):
            whole = "unchanged" if bool(kept.all()) else f"unchanged at {int(kept.sum())} of {kept.numel()} places"
            yield Fault(
                f"a straight-through estimator: what arrives is handed on {whole}",
                f"The gradient of the forward itself is 0 everywhere: its numbers do not move when `{one.name}` moves a little. This is "
                "chosen, not derived; a check against differences always fails here.",
                "Where that is meant, check what stands around it, and leave this function out of gradcheck.",
                where,
            )
            return
