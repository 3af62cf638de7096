"""A course in pytester's folder, and runs of the plugin in this process, which share the session's zygote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch  # noqa: F401
from plugged import Run, Shared

# A run in this process forgets what it imported; torch cannot be imported twice, and the rest takes a while.
from backprop_check.pytest_plugin import plugin
from backprop_check.submission.zygote import Zygote


@pytest.fixture
def shared(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Shared:
    stand_in = Shared(zygote)
    monkeypatch.setattr(Zygote, "started", stand_in.start)
    return stand_in


@pytest.fixture
def run(pytester: pytest.Pytester, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in this process with the plugin loaded, as its entry point would, where the package is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return lambda *arguments: pytester.runpytest_inprocess(*arguments, plugins=[plugin], no_reraise_ctrlc=True)


@pytest.fixture
def lay(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write a file below pytester's folder."""

    def write(path: str, text: str) -> Path:
        file = pytester.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write
