"""What the command line and the configuration ask for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from backprop_check.cli.arguments import seconds


def time_limit(config: pytest.Config) -> float:
    """Return the seconds one statement may take. Raises `UsageError` where what is given is no such number."""
    given = config.getoption("backprop_time_limit") or config.getini("backprop_time_limit")
    try:
        return seconds(given) if given else 10.0
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"--backprop-time-limit: {error}") from None


def submissions(config: pytest.Config) -> Path | None:
    """Return where other people's files are: named from the folder pytest was called in or, in the configuration, from that file's."""
    if named := config.getoption("backprop_submission"):
        return below(config.invocation_params.dir, named)
    if named := config.getini("backprop_submission"):
        return below(config.inipath.parent if config.inipath else config.rootpath, named)
    return None


def below(folder: Path, name: str) -> Path:
    """Return the path that `name` means in a folder, without `..` in it and with links as they are, as pytest spells paths."""
    return Path(os.path.abspath(folder / name))  # noqa: PTH100


def short(config: pytest.Config, message: str) -> str:
    """Return a message with paths as pytest writes them, from the root of the tests."""
    return message.replace(f"{config.rootpath}/", "")
