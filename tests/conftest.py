"""What all tests share: one zygote, since each costs an `import torch`."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backprop_check.cli.main import main

if TYPE_CHECKING:  # the process that hands the tests out needs no torch
    from backprop_check.submission.workers import Workers

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # nbformat can do without, and it takes seconds to load

TESTS = Path(__file__).parent

SLOW_FILES = """
alone author_errors authoring broken catalogue claims cli course_content failures files float32 forms functions heldout hint in_chromium laws
learners_copy lesson lies lsp mutants mutation_matrix near numeric one_change packaging pages pairs picture pieces practice read_aloud
read_by_kind recorded_graph rounds second simpler_stories sizes spawned tolerance training watch words_of_factors words_of_shapes words_of_terms
"""
SLOW = {"attacks", "classroom", "grading", "notebook", "pytest_plugin", *(f"test_{name}.py" for name in SLOW_FILES.split())}
"""Folders and files that `pytest -m 'not slow'` leaves out: many processes, real editors, kernels and browsers, long tables; of files those
of five seconds of processor time and more, but for `LONG`. What is left takes less than a minute on two cores."""

LONG = {"test_derive.py"}

EVERY = 3
"""Of a table of rows of one kind (`@pytest.mark.table`) a run of everything takes each third row, always the same ones; all are run where
their file or folder is named, and with `--whole`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with it: a file is one process's, and the last to begin are to be short. Thin out the tables."""
    if (hypothesis := sys.modules.get("hypothesis.internal.conjecture.providers")) is not None:
        # It would read every module that is loaded for constants to try: seconds in each process, and other examples in each.
        hypothesis._get_local_constants = lambda: hypothesis._local_constants  # type: ignore[attr-defined]
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    if not config.getoption("--whole"):
        _thin_out(config, items)
    items.sort(key=lambda item: (not _is_slow(item.path), item.path.name not in LONG))


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "spawn: each worker is started as where nothing forks, from a Python that has loaded torch; start: each loads torch itself"
    parser.addoption("--worker", choices=("fork", "spawn", "start"), default="fork", help=told)
    parser.addoption("--whole", action="store_true", help="run every row of the tables of which a run of everything takes each third row")


def _thin_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = {Path(argument.partition("::")[0]).resolve() for argument in config.args} - {TESTS, TESTS.parent}
    rows = Counter[str]()
    left: list[pytest.Item] = []
    for item in items:
        if item.get_closest_marker("table") and not any(item.path.is_relative_to(each) for each in named):
            table = item.nodeid.partition("[")[0]
            rows[table] += 1
            if rows[table] % EVERY != 1:
                left.append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]


@cache
def _is_slow(path: Path) -> bool:
    return not SLOW.isdisjoint(path.relative_to(TESTS).parts)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more process than cores: some tests wait, for what hangs and for other processes. Another would only import all of it again."""
    return min(config.option.maxprocesses or 4, (os.cpu_count() or 1) + 1)


def pytest_collection_finish() -> None:
    # What is there by now, all of torch and thousands of tests, stays to the end: a collection need not look at it again.
    gc.freeze()
    gc.set_threshold(20_000)
    # Small operations in several threads wait for each other longer than they take; test_same_words.py tries other numbers of them.
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


class Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            raise record.exc_info[1]


def pytest_configure() -> None:
    # A job that a shell starts in the background ignores Ctrl-C, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What the product survives and logs, a crash in a mistake's code, a test wants to see.
    logging.getLogger("backprop_check").addHandler(Raising())


@pytest.fixture(scope="session")
def zygote(request: pytest.FixtureRequest) -> Iterator[Workers]:
    """Where the workers of every test come from. Started, not forked: pytest may have used torch's threads."""
    from seeded import Seeded

    from backprop_check.submission.spawner import Spawner
    from backprop_check.submission.workers import started

    ways = {"fork": started, "spawn": Seeded if hasattr(os, "fork") else Spawner, "start": Spawner}
    with ways[request.config.getoption("--worker")]() as workers:
        yield workers


@pytest.fixture(scope="session")
def fresh_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` gives; nothing is to be changed in it."""
    folder = tmp_path_factory.mktemp("fresh") / "course"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_course: Path) -> Path:
    """A learner's own fresh course, which is also the current folder."""
    folder = shutil.copytree(fresh_course, tmp_path / "course")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built once for all processes of a run."""
    import fcntl

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(folder.glob("*.whl")):
            how = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
            command = [sys.executable, "-m", "pip", "wheel", *how, str(folder), str(Path(__file__).parents[1])]
            built = subprocess.run(command, capture_output=True, text=True)
            assert built.returncode == 0, built.stderr
    (made,) = folder.glob("backprop_check-*.whl")
    return made
