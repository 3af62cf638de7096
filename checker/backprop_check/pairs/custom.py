"""A `torch.autograd.Function` as a pair, and the calls of such functions in what somebody differentiates."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from backprop_check.pairs.calling import call, parameters_of
from backprop_check.pairs.context import Context
from backprop_check.pairs.pair import Back, Ran, is_float
from backprop_check.pairs.returned import elements
from backprop_check.recording import Function


class Custom:
    """A custom function, run with a stand-in for its context."""

    numpy = False
    sums = True

    def __init__(self, function: Function) -> None:
        self.function, self.name = function, function.__name__
        self.separate = function.setup_context is not torch.autograd.Function.setup_context
        self.forward_function: Callable[..., Any] = function.forward
        self.backward_function: Callable[..., Any] = function.backward
        self.backward_name = f"{self.name}.backward"
        names = [p.name for p in parameters_of(function.forward) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.parameters = tuple(names if self.separate else names[1:])

    def forward(self, inputs: Sequence[Any], needs: tuple[bool, ...]) -> Ran:
        context = Context(needs)
        if self.separate:
            called = call(self.forward_function, inputs)
            if called.error is None:
                self.function.setup_context(context, tuple(inputs), called.result)
        else:
            called = call(self.forward_function, (context, *inputs))
        context.note_versions()  # autograd takes them when forward has ended
        every = called.result if isinstance(called.result, tuple | list) else (called.result,)
        ignored = {id(each) for each in context.non_differentiable}
        outputs = tuple(each for each in every if is_float(each) and id(each) not in ignored)
        return Ran(called, outputs, (context, every, ignored))

    def backward(self, ran: Ran, gradients: Sequence[torch.Tensor]) -> Back:
        context, every, ignored = ran.state
        left = iter(gradients)
        given: list[Any] = []
        for each in every:
            if is_float(each) and id(each) not in ignored:
                given.append(next(left))
            else:
                blank = isinstance(each, torch.Tensor) and context.materialize_grads
                given.append(torch.zeros_like(each) if blank else None)
        called = call(self.backward_function, (context, *given))
        if called.error is not None:
            return Back(called)
        found = called.result if isinstance(called.result, tuple | list) else (called.result,)
        texts = [each.text for each in elements(self.backward_function, called)]
        names = dict(enumerate(texts)) if len(texts) == len(found) else {}
        return Back(called, dict(enumerate(found)), names, self._fault(len(found), len(context.needs_input_grad)))

    def _fault(self, got: int, due: int) -> str:
        if got >= due:
            return ""
        missing = ", ".join(f"`{name}`" for name in self.parameters[got:due]) or "the last"
        number = f"{got} gradient{'s' if got != 1 else ''}"
        order = "one is due for each, in the order of forward's parameters, None for one that has no gradient"
        return f"forward takes {due} inputs beside `ctx`, and backward returns {number}: {order}. {missing} has none here."

    def unrecorded(self, failed: bool) -> None:
        del failed

    def again(
        self, inputs: Sequence[Any], needs: tuple[bool, ...], gradients: Sequence[torch.Tensor]
    ) -> Callable[[Callable[..., Any]], Back]:
        ran = self.forward(inputs, needs)
        context, *rest = ran.state

        def runs(backward: Callable[..., Any]) -> Back:
            other = copy.copy(self)
            other.backward_function = backward
            return other.backward(replace(ran, state=(context.copied(), *rest)), gradients)

        return runs

    def value(self, inputs: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        try:
            with torch.no_grad():
                return self.forward(inputs, (False,) * len(inputs)).outputs
        except Exception:
            return None


Seen = tuple[Function, tuple[Any, ...], tuple[bool, ...]]


@contextlib.contextmanager
def watched(functions: Sequence[Function]) -> Iterator[list[Seen]]:
    """Note what the forwards of some functions are given while the block runs."""
    calls: list[Seen] = []
    originals = {function: function.__dict__.get("forward") for function in functions}

    def noting(function: Function, forward: Callable[..., Any]) -> Any:
        separate = function.setup_context is not torch.autograd.Function.setup_context

        def noted(*args: Any) -> Any:
            kept = args if separate else args[1:]
            copies = tuple(each.detach().clone() if isinstance(each, torch.Tensor) else each for each in kept)
            calls.append((function, copies, tuple(isinstance(each, torch.Tensor) and each.requires_grad for each in kept)))
            return forward(*args)

        return staticmethod(noted)

    try:
        for function in functions:
            function.forward = noting(function, function.forward)  # type: ignore[method-assign]
        yield calls
    finally:
        for function, original in originals.items():
            if original is None:
                del function.forward
            else:
                function.forward = original  # type: ignore[method-assign]
