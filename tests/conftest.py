"""What all tests share: one zygote, since each costs an `import torch`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checker.submission.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that forks the workers of every test. Started, not forked: pytest may have used torch's threads."""
    with Zygote.started() as started:
        yield started
