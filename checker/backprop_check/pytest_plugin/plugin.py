"""What pytest loads in every run of an environment that has this package: options and fixtures. The rest is imported when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import os

    import torch

SUBMISSION = "grade these .py and .ipynb files (a folder, a zip or one file) against the exercises collected; their code is confined"
PAIRS = "collect `x_forward` with `x_backward`, and autograd functions, of the files named; `x_inputs()` gives what they run on"
LIMIT = "seconds one statement of a `backward` may take (default 10)"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("backprop", "gradients written by hand")
    group.addoption("--backprop", action="store_true", help="collect exercises: each gradient to write is a test")
    group.addoption("--backprop-pairs", action="store_true", help=PAIRS)
    group.addoption("--backprop-submission", metavar="DIR|FILE", help=SUBMISSION)
    group.addoption("--backprop-trust-submissions", action="store_true", help="run them even where this machine cannot confine them")
    group.addoption("--backprop-time-limit", metavar="S", help=LIMIT)
    parser.addini("backprop", "collect exercises, as --backprop does", type="bool", default=False)
    parser.addini("backprop_submission", "as --backprop-submission, from the folder of the configuration file", default="")
    parser.addini("backprop_time_limit", "as --backprop-time-limit", default="")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("backprop") or config.getoption("backprop_submission") or config.getini("backprop"):
        from backprop_check.pytest_plugin.collection import Collection

        config.pluginmanager.register(Collection(config), "backprop-collection")
    if config.getoption("backprop_pairs"):
        from backprop_check.pytest_plugin.pairs import Pairs

        config.pluginmanager.register(Pairs(), "backprop-pairs")


@pytest.fixture
def assert_gradient() -> Iterator[Callable[[Any, torch.Tensor], None]]:
    """Give `assert_gradient(dx, x)`: hold a gradient written by hand against `x.grad`; the `AssertionError` says why it is wrong.

    The test that asks for it is recorded.
    """
    from backprop_check.pytest_plugin.fixtures import assert_gradient
    from backprop_check.recording import recording

    with recording():
        yield assert_gradient


@pytest.fixture(scope="session")
def backprop_check(pytestconfig: pytest.Config) -> Callable[[str | os.PathLike[str], str | os.PathLike[str]], dict[str, Any]]:
    """Give `backprop_check("ex05", path)`: check a file's `backward` against an exercise of the course, and return the JSON report."""
    from backprop_check.pytest_plugin.fixtures import checked

    return lambda exercise, submission: checked(pytestconfig, exercise, submission)
