"""`doctor`: what is installed here, and which layers hold strangers' code back."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from rich.text import Text

import checker
from checker.cli.screen import show, width
from checker.report.layout import prose, visible
from checker.submission.confinement.layers import layers, left_open

PACKAGES = ("torch", "rich", "numpy", "pyseccomp", "landlockpy", "matplotlib", "distributed")
_OURS = "backprop-check"


def run(args: argparse.Namespace) -> int:
    show(_lines(width()))
    return 0


def _lines(wide: int) -> Iterator[Text]:
    yield Text(f"backprop-check {checker.__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}", style="bold")
    yield from prose(", ".join(f"{name} {_version(name)}" for name in PACKAGES), wide)
    foreign = _foreign()
    if foreign:
        yield from _told(False, "another package's files lie in `checker`", ", ".join(map(visible, foreign[:5])), wide)
        yield from prose("Two packages of that name cannot share an environment: install backprop-check in one of its own.", wide, indent=4)
    yield Text()
    yield Text("What holds strangers' code back when a class is graded", style="bold")
    found = layers()
    for layer in found:
        closes = f"closes {', '.join(layer.closes)}" if layer.closes else "stands behind the others"
        yield from _told(layer.holds, layer.name, f"{layer.detail}; {closes}" if layer.holds else layer.detail, wide)
    open_ = left_open(found)
    yield Text()
    if open_:
        line = (
            f"`grade` refuses here, since submissions could reach {', '.join(open_)}. With --trust-submissions it runs them all the same: "
        )
        yield from prose(line + "the judge is still a process of its own, in which no learner code runs.", wide, indent=0, style="yellow")
    else:
        yield from prose("`grade` confines submissions here: no file, no network, no other process.", wide, indent=0, style="green")


def _told(good: bool, name: str, detail: str, wide: int) -> Iterator[Text]:
    for number, line in enumerate(prose(f"{'✓' if good else '✗'} {name}: {detail}", wide, indent=2)):
        if number == 0:
            line.stylize("green" if good else "red", 2, 3)
        yield line


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _foreign() -> list[str]:
    """Return files in the folder of `checker` that are not ours: another distribution, a course grader, ships a package of that name."""
    home = Path(checker.__file__).parent
    try:
        listed = {Path(str(file.locate())).resolve() for file in distribution(_OURS).files or ()}
    except PackageNotFoundError:
        return []
    present = [path for path in home.rglob("*.py") if "__pycache__" not in path.parts]
    # Of an editable installation the list names none of the package's files: there is nothing to hold them against.
    return sorted(str(path.relative_to(home)) for path in present if path.resolve() not in listed) if home / "__init__.py" in listed else []
