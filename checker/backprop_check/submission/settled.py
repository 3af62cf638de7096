"""In the worker: fix what would differ from one run to the next, so that the same code gives the same answers."""

from __future__ import annotations

import datetime
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

NOON = 1_700_000_000 * 10**9
"""The time, in nanoseconds, at which every worker's clock begins."""

TICK = 10**6
"""How far the clock goes on each time it is asked."""


def seed() -> None:
    """Seed the generators of torch, of Python and, where it is loaded, of numpy."""
    torch.default_generator.manual_seed(0)
    random.seed(0)
    if (numpy := sys.modules.get("numpy.random")) is not None:
        numpy.seed(0)


def settle() -> None:
    """Let clocks tick by being asked, and entropy come from a seed, in this process and its children. The judge's clock is another.

    Whoever forks children that shall all be alike asks neither.
    """
    own, passed = random.Random(0), [NOON]  # noqa: S311 (nothing secret is drawn from it)

    def nanoseconds() -> int:
        passed[0] += TICK
        return passed[0]

    def seconds() -> float:
        return nanoseconds() / 10**9

    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, seconds)
        setattr(time, name + "_ns", nanoseconds)
    for name in ("gmtime", "localtime", "ctime"):
        setattr(time, name, _at(getattr(time, name), seconds))
    strftime, asctime = time.strftime, time.asctime
    time.strftime = lambda form, when=None: strftime(form, time.localtime() if when is None else when)
    time.asctime = lambda when=None: asctime(time.localtime() if when is None else when)
    time.clock_gettime, time.clock_gettime_ns = lambda _: seconds(), lambda _: nanoseconds()
    os.times = lambda: os.times_result((seconds(), 0.0, 0.0, 0.0, seconds()))
    os.getloadavg = lambda: (0.0, 0.0, 0.0)
    _settle_dates(seconds)
    os.urandom = random._urandom = own.randbytes  # type: ignore[attr-defined]
    seeded: Callable[..., None] = random.Random.seed

    def seed_of(self: random.Random, a: Any = None, version: int = 2) -> None:
        seeded(self, own.getrandbits(64) if a is None else a, version)

    random.Random.seed = seed_of  # type: ignore[method-assign]
    random.seed = lambda a=None, version=2: random._inst.seed(a, version)
    torch.seed = lambda: int(torch.default_generator.manual_seed(own.getrandbits(63)).initial_seed())


def _at(told: Callable[..., Any], seconds: Callable[[], float]) -> Callable[..., Any]:
    return lambda when=None: told(seconds() if when is None else when)


def _settle_dates(seconds: Callable[[], float]) -> None:
    class Moment(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(seconds(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(seconds())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(seconds(), datetime.UTC).replace(tzinfo=None)

    datetime.datetime = Moment  # type: ignore[misc]
