"""What stands in for `ctx`, so that a custom function's forward runs where autograd and the recorder see it."""

from __future__ import annotations

from typing import Any

import torch

from backprop_check.pairs.pair import is_numpy


def copied(value: Any) -> Any:
    """A value with copies of the tensors and arrays in it."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)([copied(each) for each in value])
    if type(value) is dict:
        return {key: copied(each) for key, each in value.items()}
    return value.copy() if is_numpy(value) else value


class Asking(tuple[bool, ...]):
    """`ctx.needs_input_grad`, which notes at which places it was read."""

    asked: list[int]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            self.__dict__.setdefault("asked", []).append(index % len(self))
        return super().__getitem__(index)


class Context:
    """As much of a function's `ctx` as its forward and backward use."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = Asking(needs)
        self.materialize_grads = True
        self.dirty: tuple[torch.Tensor, ...] = ()
        self.non_differentiable: tuple[torch.Tensor, ...] = ()
        self._saved: tuple[torch.Tensor | None, ...] = ()
        self.versions: tuple[tuple[int, torch.Tensor] | None, ...] = ()

    def copied(self) -> Context:
        """The same with copies of its tensors."""
        other = Context(self.needs_input_grad)
        other.__dict__.update(copied(self.__dict__))
        return other

    def tensors(self) -> list[torch.Tensor]:
        """What forward has left here for backward: saved tensors, and attributes."""
        own = (value for name, value in vars(self).items() if name not in ("_saved", "dirty", "non_differentiable"))
        return [each for each in (*self._saved, *own) if isinstance(each, torch.Tensor)]

    def without(self, lost: torch.Tensor) -> Context:
        """The same with one tensor that hangs on nothing in its place."""
        other = Context(self.needs_input_grad)
        other.__dict__.update({name: lost.detach() if value is lost else value for name, value in vars(self).items()})
        other._saved = tuple(lost.detach() if each is lost else each for each in self._saved)
        return other

    def save_for_backward(self, *tensors: torch.Tensor | None) -> None:
        self._saved = tensors

    save_for_forward = save_for_backward

    def note_versions(self) -> None:
        self.versions = tuple(None if t is None else (t._version, t.detach().clone()) for t in self._saved)

    def is_seen(self, number: int) -> bool:
        """Whether autograd would see that a saved tensor was written into."""
        tensor, noted = self._saved[number], self.versions[number]
        return tensor is not None and noted is not None and tensor._version != noted[0]

    def is_changed(self, number: int) -> bool:
        """Whether a saved tensor is not what it was; a write through `.data` shows in its numbers only."""
        tensor, noted = self._saved[number], self.versions[number]
        if tensor is None or noted is None:
            return False
        return self.is_seen(number) or not torch.allclose(tensor.detach(), noted[1], rtol=0.0, atol=0.0, equal_nan=True)

    @property
    def saved_tensors(self) -> tuple[torch.Tensor | None, ...]:
        return self._saved

    def mark_dirty(self, *tensors: torch.Tensor) -> None:
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: torch.Tensor) -> None:
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize_grads = value

    def maybe_clear_saved_tensors(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name == "saved_variables":
            return self._saved
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
