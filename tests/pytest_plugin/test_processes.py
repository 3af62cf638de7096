"""Runs in processes of their own: what is loaded when nothing is asked, xdist's workers, and what is left running."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugged import LOST, ROOT, SOLUTION

Lay = Callable[..., Path]
PLUGIN = ("-p", "backprop_check.pytest_plugin.plugin")
TELL = """
import sys

def pytest_unconfigure():
    heavy = {"torch", "numpy", "rich", "backprop_check.pytest_plugin.collection", "backprop_check.submission.zygote"}
    print("LOADED:", *sorted(heavy & set(sys.modules)))
"""


@pytest.fixture(autouse=True)
def only_these_plugins(monkeypatch: pytest.MonkeyPatch, lay: Lay) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "checker"))
    lay("exercises/ex41_row.py", LOST)


def spoken(result: pytest.RunResult) -> str:
    return re.sub(r"in [0-9.]+s", "", result.stdout.str())


def test_nothing_is_said_or_loaded_unless_asked(pytester: pytest.Pytester, lay: Lay) -> None:
    lay("conftest.py", TELL)
    lay("test_own.py", "def test_own(): pass\n")
    result = pytester.runpytest_subprocess(*PLUGIN, "-W", "error")
    result.assert_outcomes(passed=1)
    assert spoken(result) == spoken(pytester.runpytest_subprocess("-W", "error"))
    assert "LOADED:" in result.outlines[-1] and result.outlines[-1].split("LOADED:")[1] == ""


def test_collecting_loads_no_torch(pytester: pytest.Pytester, lay: Lay) -> None:
    lay("conftest.py", TELL)
    lay("class/ada_ex41.py", SOLUTION)
    result = pytester.runpytest_subprocess(*PLUGIN, "--backprop", "exercises", "--backprop-submission", "class", "--collect-only", "-q")
    assert result.outlines[0] == "exercises/ex41_row.py::dact[ada_ex41.py]"
    assert "torch" not in result.outlines[-1] and "collection" in result.outlines[-1]


def test_xdist_spreads_gradients(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "-p", "xdist", *PLUGIN, "-n", "2", "--backprop", "exercises", "-W", "error", "--junitxml=report.xml"
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["✗ dcounts_sum_inv*lost-keepdim", "FAILED exercises/ex41_row.py::dcounts_sum_inv - lost-keepdim*"])
    assert "Traceback" not in result.stdout.str()
    points = [p.get("value") for p in ElementTree.parse(pytester.path / "report.xml").iter("property") if p.get("name") == "points"]
    assert sorted(map(float, points)) == [0, 1, 1, 1]  # type: ignore[arg-type]


def test_xdist_says_bad_usage_once(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("-p", "xdist", *PLUGIN, "-n", "1", "--backprop", "exercises", "--backprop-submission", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR and result.stderr.str().count("there is no such file or folder") == 1
