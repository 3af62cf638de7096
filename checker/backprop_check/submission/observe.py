"""In the worker: find out, by a dry run, after which statement each target has its last value."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from backprop_check.records import Statement
from backprop_check.submission.rewrite import Hook, Plan

HASHED = 1 << 18
"""Elements of a value whose contents are watched."""

KEPT = 1 << 16
"""Bytes of a value that are kept as they are; of more a digest is, which takes far longer."""


class DryRun(Hook):
    """The hook of a run without replacement. It watches the identity, version and contents of every target after each statement."""

    def __init__(
        self, targets: Sequence[str], statements: Sequence[Statement], forward: Mapping[str, Any], at: Callable[[int], None]
    ) -> None:
        self.targets, self.statements, self.forward_values, self.at = targets, statements, forward, at
        self.own_last = own_last_writes(targets, statements)
        self.own_names = {*targets, *forward}
        self.seen: dict[str, tuple[Any, ...]] = {}
        self.last: dict[str, int] = {}
        self.aliases: dict[str, set[str]] = {}
        self.failed: set[int] = set()

    def raised(self, index: int, error: BaseException) -> None:
        self.failed.add(index)

    def after(self, index: int, scope: Mapping[str, Any]) -> None:
        bound: dict[int, set[str]] = {}
        for name, value in scope.items():
            if isinstance(value, torch.Tensor):
                bound.setdefault(id(value), set()).add(name)
        for name in self.targets:
            if name in scope:
                mark = _fingerprint(scope[name])
                if name in self.seen and not _same(self.seen[name], mark):
                    self.last[name] = index
                elif name not in self.seen:
                    self.last.setdefault(name, index)
                self.seen[name] = mark
                others = bound.get(id(scope[name]), set()) - self.own_names
                self.aliases.setdefault(name, set()).update(others)

    def finish(self, scope: Mapping[str, Any]) -> None:
        pass

    def replacement(self, name: str) -> Any:
        """A stand-in of the right shape for a target that is unwritten or raised, so that the statements below can be watched."""
        if isinstance(self.seen.get(name, (None,))[0], torch.Tensor):
            return self.seen[name][0]
        stand_in = torch.ones_like(self.forward_values[name[1:]])
        self.seen[name] = _fingerprint(stand_in)
        return stand_in

    def follow(self, target: str, value: Any) -> Any:
        return value

    def learned(self, early: Sequence[str], restored: Sequence[str], skipped: Mapping[int, tuple[str, str]]) -> Plan:
        """Return where to take each target. Those in `early` are replaced at their own last write, come what may after it."""
        finals: dict[int, list[str]] = {}
        peeks: dict[int, list[str]] = {}
        for name in self.targets:
            own, last = self.own_last.get(name), self.last.get(name)
            if own is None:
                continue
            # Where the last write raised there is no answer that could change later: what changes then is the stand-in.
            final = own if last is None or name in early or own in self.failed else max(own, last)
            finals.setdefault(final, []).append(name)
            if final != own:
                peeks.setdefault(own, []).append(name)
        aliases = {t: sorted(names) for t, names in self.aliases.items() if names}
        return Plan(never_written(self.targets, self.own_last), finals, peeks, aliases, tuple(restored), skipped)


def own_last_writes(targets: Sequence[str], statements: Sequence[Statement]) -> dict[str, int]:
    """The last statement that writes each target under its own name; targets never written are left out."""
    return {name: s.index for s in statements for name in targets if name in s.writes}


def never_written(targets: Sequence[str], own_last: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(name for name in targets if name not in own_last)


def dry_plan(targets: Sequence[str], statements: Sequence[Statement], skipped: Mapping[int, tuple[str, str]]) -> Plan:
    """Where the dry run puts stand-ins: at each target's own last write, and at the start for those never written."""
    own_last = own_last_writes(targets, statements)
    finals: dict[int, list[str]] = {}
    for name, index in own_last.items():
        finals.setdefault(index, []).append(name)
    return Plan(never_written(targets, own_last), finals, skipped=skipped)


def _fingerprint(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        return (value, None, None)
    digest = None
    if value.numel() <= HASHED and value.is_contiguous():
        # A write through `.data` or a shared buffer does not raise the version.
        contents = ctypes.string_at(value.data_ptr(), value.numel() * value.element_size())
        digest = contents if len(contents) <= KEPT else hashlib.blake2b(contents).digest()
    version = None if value.is_inference() else value._version
    return (value, version, digest, tuple(value.shape))


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return a[0] is b[0] and a[1:] == b[1:]
