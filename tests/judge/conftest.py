"""The judge as a fixture, and an alarm for each test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import torch
from asking import Judge

from backprop_check.submission.zygote import Zygote


class TooLong(BaseException):
    """No `TimeoutError`: the judge takes that one for the worker's."""


@pytest.fixture(scope="session")
def ask(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    torch.set_num_threads(1)
    return Judge(zygote, tmp_path_factory.mktemp("judge"))


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A judge that hangs fails its test, and does not stop the others."""

    def too_long(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(600)  # of a machine ten times slower than usual
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
