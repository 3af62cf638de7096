"""One zygote for all tests of the judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from asking import Judge

from checker.submission.zygote import Zygote


@pytest.fixture(scope="session")
def judging_zygote() -> Iterator[Zygote]:
    with Zygote.started() as zygote:
        yield zygote


@pytest.fixture(scope="session")
def ask(judging_zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    torch.set_num_threads(1)
    return Judge(judging_zygote, tmp_path_factory.mktemp("judge"))
