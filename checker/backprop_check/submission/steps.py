"""Steps of a training with a learner's `backward`: values go to a worker, gradients come back. The clock stands here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from backprop_check.exercise.sizes import written
from backprop_check.submission import wire
from backprop_check.submission.run import Session


class NoStep(Exception):
    """A gradient that a step needs is not there, or no step can be taken at all (`name` is empty). `why` is for the learner."""

    def __init__(self, exercise: str, name: str, why: str) -> None:
        super().__init__(why)
        self.exercise, self.name, self.why = exercise, name, why


class Steps(Session):
    """A session whose worker runs `backward` once for each `step`, and puts nothing in the place of what the learner wrote."""

    def _order(self) -> dict[str, Any]:
        return {**super()._order(), "steps": True}

    def step(
        self, values: Mapping[str, Any], want: Sequence[str], given: Mapping[str, torch.Tensor] | None = None
    ) -> dict[str, torch.Tensor]:
        """Return the learner's gradients `want`, in float64, where the forward has `values` (the cotangent with them).

        `given` take the place of the learner's own. Raises `NoStep`.
        """
        given = given or {}
        plain = {name: v for name, v in values.items() if not isinstance(v, torch.Tensor)}
        tensors = {name: v for name, v in values.items() if isinstance(v, torch.Tensor)}
        room = sum(tensors[name[1:]].numel() for name in want) * torch.float64.itemsize

        def most(header: Mapping[str, Any]) -> int:
            return room if header["is"] == "gradients" else 0

        try:
            with contextlib.suppress(wire.Lost):  # it may have ended already
                self._channel.send({"plain": plain, "want": list(want), "given": list(given)}, {**tensors, **given})
            deadline = time.monotonic() + self.limits.statement
            while True:
                header, received = self._channel.receive(deadline, most, wire.ANSWER_HEADER_LIMIT)
                if header["is"] == "gradients":
                    return _gradients(self.exercise.id, header, received, want, tensors)
        except (wire.Lost, LookupError, TypeError, ValueError, AttributeError) as lost:
            raise NoStep(self.exercise.id, "", f"`backward` {self._reason(lost)[0]}") from None


def _gradients(
    exercise: str,
    header: Mapping[str, Any],
    received: Mapping[str, torch.Tensor],
    want: Sequence[str],
    values: Mapping[str, torch.Tensor],
) -> dict[str, torch.Tensor]:
    for name in want:
        lack = header["lacking"].get(name)
        if lack is not None:
            raise NoStep(exercise, name, _why(lack, values[name[1:]]))
        if received[name].shape != values[name[1:]].shape or received[name].dtype != torch.float64:
            raise ValueError("what was sent is no gradient")
    return {name: received[name] for name in want}


def _why(lack: Mapping[str, Any], value: torch.Tensor) -> str:
    if lack["state"] == "raised":
        return f"its line raised {str(lack['kind'])[:80]}: {str(lack['message'])[:200]}"
    if lack["state"] == "tensor":
        shape, due = (written(s) for s in (lack["shape"], list(value.shape)))
        return f"it is {shape} where {due} is needed" if shape != due else f"it is {str(lack['dtype'])[:20]}"
    return "it is not written" if lack["state"] == "missing" else f"it is {str(lack['kind'])[:80]}, no tensor"
