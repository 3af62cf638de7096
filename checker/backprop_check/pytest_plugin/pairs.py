"""`pytest --backprop-pairs layers.py`: each forward with its backward, and each autograd function, is a test."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from backprop_check.errors import BadInput
from backprop_check.pairs.module import Found, pairs_of


class Pairs:
    """The hook of one run: a file that is named is no test module, but one of pairs."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        nodes = yield
        if file_path.suffix == ".py" and parent.session.isinitpath(file_path):
            return [PairsFile.from_parent(parent, path=file_path)]
        return nodes

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say of a skip where the pair stands, not where this package said so."""
        report = yield
        if isinstance(item, PairItem) and report.skipped and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = str(path), line + 1, report.longrepr[2]
        return report


class PairsFile(pytest.File):
    def collect(self) -> Iterable[pytest.Item]:
        for found in pairs_of(_module(self.path)):
            yield PairItem.from_parent(self, name=found.name, found=found)


class PairItem(pytest.Item):
    """One pair. It is skipped where nothing says what it runs on."""

    def __init__(self, *, found: Found, **rest: Any) -> None:
        super().__init__(**rest)
        self._found = found

    def runtest(self) -> None:
        if self._found.inputs is None:
            pytest.skip(f"write `def {self._found.asks}(): return ...` beside it: what {self._found.name} is called with")
        given = self._found.inputs()
        told = self._found.told(given if isinstance(given, tuple) else (given,))
        if told:
            pytest.fail(told, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._found.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if excinfo.errisinstance(BadInput):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


def _module(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise pytest.UsageError(f"{path}: it cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
