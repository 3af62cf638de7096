"""No test of what is said passes while a mistake of ours broke off: it would hide behind the next explainer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_breaks_off(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    crashes = [record.exc_text or str(record.exc_info) for record in caplog.get_records("call") if "broke off" in record.getMessage()]
    assert not crashes, crashes
