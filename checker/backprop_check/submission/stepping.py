"""In the worker: `backward` as it stands, step after step of a training, with its own gradients all the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import torch

from backprop_check.records import Statement
from backprop_check.submission.described import described, is_dense, kind_of
from backprop_check.submission.observe import dry_plan, never_written
from backprop_check.submission.observe import own_last_writes as last_writes
from backprop_check.submission.rewrite import Hook, Left, Plan
from backprop_check.submission.wire import Channel


class Stepping(Hook):
    """The hook of one step. Only the gradients that are `given` take the place of the learner's; the names of the end are in `scope`."""

    def __init__(self, given: Mapping[str, torch.Tensor]) -> None:
        self.given = given
        self.scope: Mapping[str, Any] = {}
        self.errors: dict[int, dict[str, Any]] = {}

    def at(self, index: int) -> None:
        pass

    def raised(self, index: int, error: BaseException) -> None:
        if not isinstance(error, Left):
            self.errors[index] = described(error, index)

    def after(self, index: int, scope: Mapping[str, Any]) -> None:
        pass

    def finish(self, scope: Mapping[str, Any]) -> None:
        self.scope = dict(scope)

    def replacement(self, name: str) -> Any:
        return self.given[name]


def serve_steps(
    channel: Channel,
    targets: Sequence[str],
    statements: tuple[Statement, ...],
    define: Callable[[Plan], None],
    call: Callable[[Hook, Mapping[str, Any]], None],
) -> NoReturn:
    """Answer each frame of values with the gradients that are wanted, until the channel closes."""
    plan = None
    while True:
        header, tensors = channel.receive()
        given = {name: tensors.pop(name) for name in header["given"]}
        if plan != (due := _replacing(given, targets, statements)):
            define(due)
            plan = due
        hook = Stepping(given)
        call(hook, {**header["plain"], **tensors})
        sent, lacking = {}, {}
        for name in header["want"]:
            value = hook.scope.get(name, ...)
            if is_dense(value) and value.is_floating_point() and value.shape == tensors[name[1:]].shape:
                sent[name] = value.detach().as_subclass(torch.Tensor).resolve_neg().to(torch.float64)
            else:
                lacking[name] = _lack(name, value, hook, statements)
        channel.send({"is": "gradients", "lacking": lacking}, sent)


def _replacing(given: Mapping[str, Any], targets: Sequence[str], statements: tuple[Statement, ...]) -> Plan:
    """Replace what is `given` after its own last write, and nothing else."""
    if not given:
        return Plan()
    whole = dry_plan(targets, statements, {})
    finals = {index: [name for name in names if name in given] for index, names in whole.finals.items()}
    unwritten = [name for name in never_written(targets, last_writes(targets, statements)) if name in given]
    return Plan(unwritten, {index: names for index, names in finals.items() if names})


def _lack(name: str, value: Any, hook: Stepping, statements: Sequence[Statement]) -> dict[str, Any]:
    """Why a gradient cannot be used for a step."""
    errors = [hook.errors[s.index] for s in statements if name in s.writes and s.index in hook.errors]
    if errors:
        return {"state": "raised", **errors[0]}
    if value is ...:
        return {"state": "missing"}
    if is_dense(value):
        return {"state": "tensor", "dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape)}
    return {"state": "other", "kind": kind_of(value)}
