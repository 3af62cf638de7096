from __future__ import annotations

from collections.abc import Iterator

import pytest

from backprop_check.trace.graph import one_thread


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Small operations in several threads wait for each other longer than they take, where other processes are at work."""
    with one_thread():
        yield
