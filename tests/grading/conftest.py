"""One judge in this process, at work for all tests of a module, and one nursery for all pools: each loads torch anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress

import pytest
from classroom import setup

from backprop_check.grading import pool as pools
from backprop_check.grading.pool import Pool
from backprop_check.submission.workers import Gone
from backprop_check.submission.zygote import Zygote


class Borrowed:
    """A nursery that other pools have their judges from as well: those of this one end when it is closed."""

    def __init__(self, nursery: Zygote) -> None:
        self._nursery, self._judges = nursery, set[int]()

    def spawn(self) -> tuple[object, int]:
        end, pid = self._nursery.spawn()
        self._judges.add(pid)
        return end, pid

    def end(self, pid: int, patience: float = 0.0) -> int | None:
        self._judges.discard(pid)
        return self._nursery.end(pid, patience)

    def close(self) -> None:
        with suppress(Gone):
            for pid in self._judges:
                self._nursery.end(pid, 1.0)


@pytest.fixture(scope="package", autouse=True)
def one_nursery() -> Iterator[None]:
    """Started once for the same program and environment, and again where it was lost. `own_nursery` is for tests of the start itself."""
    nurseries: dict[object, Zygote] = {}

    with ExitStack() as all_of_them, pytest.MonkeyPatch.context() as patch:

        class Shared(Zygote):
            @classmethod
            def started(cls, program: str = "", environment: Mapping[str, str] | None = None) -> Zygote:
                key = program, *sorted((environment or {}).items())
                if key not in nurseries or nurseries[key]._process.poll() is not None:
                    nurseries[key] = all_of_them.enter_context(Zygote.started(program, environment))
                return Borrowed(nurseries[key])  # type: ignore[return-value]

        patch.setattr(pools, "Zygote", Shared)
        yield


@pytest.fixture
def own_nursery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Zygote", Zygote)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One judge with small limits; whoever hands in what, it shall stay the same one. Its workers are confined, as when a class is graded."""
    with Pool(setup(time_limit=4.0, searching=6000), 1) as one:
        yield one
