"""Copies of what lines read, with a trial's numbers in the place of the forward's: so that they run again and change nothing."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Iterable
from typing import Any

import torch

from backprop_check.live.caller import Caller
from backprop_check.live.recorded import Found
from backprop_check.pairs.pair import is_numpy
from backprop_check.pairs.slice import defined
from backprop_check.recording import latest
from backprop_check.records import Trial


class Scopes:
    """Copies of what the lines read, with a trial's numbers in the place of the forward's own."""

    def __init__(self, caller: Caller, found: Found) -> None:
        self.names, self.found = caller.names, found
        self.recorder = latest()
        live = {n: v.owner for n, v in found.forward.values.items()} if found.forward is not None else self.names
        self.kept = [live.get(name) for name in found.trial.values]  # so that an identity stays whose it is
        self.known = {id(tensor): name for name, tensor in zip(found.trial.values, self.kept, strict=True) if tensor is not None}
        self.numbers = {n: v for n, v in found.trial.values.items() if isinstance(v, torch.Tensor) and v.numel() > 1}
        self.arrays: dict[int, str | None] = {}
        self.beside = {n for n, v in self.names.items() if id(v) in self.known or v is torch or getattr(v, "__name__", "") == "numpy"}
        self.defined = {name for _, node in caller.statements() for name in defined(node)}
        self.shared: dict[int, Shared] = {}

    def is_given(self, name: str) -> bool:
        value = self.names.get(name)
        return name not in self.defined if isinstance(value, types.FunctionType) else name not in self.names or self._is_there(value)

    def _is_there(self, value: Any) -> bool:
        if isinstance(value, torch.Tensor):
            return id(value) in self.known or (self.recorder is not None and self.recorder.value_of(value).call is None)
        if is_numpy(value):
            return self.of_array(value) is not None
        if type(value) in (list, tuple):
            return bool(value) and all(self._is_there(each) for each in value)
        if type(value) is dict:
            return bool(value) and all(self._is_there(each) for each in value.values())
        return True

    def of_array(self, array: Any) -> str | None:
        """The forward's value whose numbers an array has."""
        if id(array) not in self.arrays:
            self.kept.append(array)
            self.arrays[id(array)] = None
            if array.dtype.kind == "f" and array.size > 1:
                there = torch.from_numpy(array.astype("float64"))
                self.arrays[id(array)] = next((n for n, v in self.numbers.items() if v.shape == there.shape and near(there, v)), None)
        return self.arrays[id(array)]

    def scope(self, trial: Trial, wanted: Iterable[str], share: bool = False) -> dict[str, Any]:
        """The names with copies of their values. To `share` those of tensors is to use the last run's again, where it wrote into none."""
        shared = self.shared.get(id(trial))
        if shared is None or not share or shared.is_changed():
            shared = self.shared[id(trial)] = Shared(trial)
        memo = Copies(self, trial, shared)
        return {name: memo.copied(self.names[name]) for name in {*wanted, *self.beside} if name in self.names}


class Shared(dict[int, Any]):
    """Copies of tensors and modules that no run has written into so far, by the identity of what they are copies of."""

    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self.trial = trial  # so that its identity stays its own
        self.versions: list[tuple[torch.Tensor, int]] = []

    def tensor(self, of: int, made: torch.Tensor) -> None:
        self[of] = made
        self.versions.append((made, made._version))

    def is_changed(self) -> bool:
        return any(tensor._version != version for tensor, version in self.versions)


def only_versions(statements: Iterable[ast.AST]) -> bool:
    """Whether what the statements write into shows in a tensor's version."""
    nodes = [node for each in statements for node in ast.walk(each) if isinstance(node, ast.Attribute)]
    return not any(isinstance(node.ctx, ast.Store) or node.attr in _UNSEEN for node in nodes)


_UNSEEN = ("data", "numpy", "asarray", "from_numpy", "as_tensor", "requires_grad_", "set_", "train", "eval")


class Copies(dict[int, Any]):
    """The memory of `copy.deepcopy`: a tensor's copy has the trial's numbers, in float64."""

    def __init__(self, scopes: Scopes, trial: Trial, shared: Shared) -> None:
        super().__init__(shared)
        self.scopes, self.trial, self.shared = scopes, trial, shared

    def copied(self, value: Any) -> Any:
        if isinstance(value, types.ModuleType | types.FunctionType | type):
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if is_numpy(value):
            return self._array(value)
        if type(value) in (list, tuple):
            return type(value)([self.copied(each) for each in value])
        if type(value) is dict:
            return {key: self.copied(each) for key, each in value.items()}
        if isinstance(value, torch.nn.Module):
            if id(value) in self:
                return self[id(value)]
            for each in (*value.parameters(), *value.buffers()):
                self[id(each)] = self._tensor(each)
            for module in value.modules():
                for each in vars(module).values():
                    if isinstance(each, torch.Tensor):
                        self[id(each)] = self._tensor(each)
            self.shared[id(value)] = copy.deepcopy(value, self)
            return self.shared[id(value)]
        return copy.deepcopy(value, self)

    def _tensor(self, value: torch.Tensor) -> torch.Tensor:
        if id(value) not in self:
            name = self.scopes.known.get(id(value))
            plain = self.trial.values[name] if name is not None else value.detach().cpu()
            self[id(value)] = (plain.to(torch.float64) if plain.is_floating_point() else plain).clone()
            self.shared.tensor(id(value), self[id(value)])
        there: torch.Tensor = self[id(value)]
        return there

    def _array(self, value: Any) -> Any:
        if id(value) not in self:
            name = self.scopes.of_array(value)
            plain = self.trial.values[name].detach().numpy() if name is not None else value
            self[id(value)] = plain.astype("float64" if plain.dtype.kind == "f" else plain.dtype)
        return self[id(value)]


def near(one: torch.Tensor, other: torch.Tensor, within: float = 1e-5) -> bool:
    return one.shape == other.shape and float((one - other).abs().max()) <= within * max(1e-12, float(other.abs().max()))
