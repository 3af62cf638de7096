"""`doctor`: what is installed here, and which layers hold strangers' code back."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

from backprop_check import __version__
from backprop_check.cli.logs import crashes
from backprop_check.cli.progress import Progress
from backprop_check.cli.screen import show, width
from backprop_check.errors import BadInput
from backprop_check.exercise.course import find_course
from backprop_check.report.layout import prose
from backprop_check.submission.confinement.layers import NO_FORK, layers, left_open

PACKAGES = ("torch", "rich", "numpy", "pyseccomp", "landlockpy", "distributed")


def run(args: argparse.Namespace) -> int:
    show(_lines(width()))
    return 0


def _lines(wide: int) -> Iterator[Text]:
    yield Text(f"backprop-check {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}", style="bold")
    yield from prose(", ".join(f"{name} {_version(name)}" for name in PACKAGES), wide)
    try:
        course = find_course(Path.cwd())
        noted = crashes(Progress(None if course.packaged else course.root).path)
    except BadInput as error:
        noted = []
        yield from prose(str(error), wide)
    if noted:
        often = "once" if len(noted) == 1 else f"{len(noted)} times"
        yield from prose(f"Explaining an answer broke off {often} in this course, last: {noted[-1]}. Please report it.", wide)
    yield Text()
    yield Text("What holds strangers' code back when a class is graded", style="bold")
    found = layers()
    for layer in found:
        closes = f"closes {', '.join(layer.closes)}" if layer.closes else "stands behind the others"
        yield from _told(layer.holds, layer.name, f"{layer.detail}; {closes}" if layer.holds else layer.detail, wide)
    open_ = left_open(found)
    yield Text()
    if not hasattr(os, "fork"):
        yield from prose(f"Workers are started one by one here. {NO_FORK}", wide, indent=0, style="yellow")
    elif open_:
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
