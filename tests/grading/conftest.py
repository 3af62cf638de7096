"""One judge in this process, at work for all tests of a module: its workers are confined, as when a class is graded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from classroom import setup

from backprop_check.grading.pool import Pool


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One judge with small limits; whoever hands in what, it shall stay the same one."""
    with Pool(setup(time_limit=4.0, searching=6000), 1) as one:
        yield one
