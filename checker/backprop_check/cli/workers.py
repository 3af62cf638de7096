"""Where the commands get their workers from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backprop_check.submission.workers import Workers


@contextmanager
def workers(args: argparse.Namespace) -> Iterator[Workers]:
    """Give the workers that were handed to `main`, else new ones. Enter this before anything of torch runs, and import `check` inside."""
    if args.zygote is not None:
        yield args.zygote
        return
    from backprop_check.submission.workers import forked

    with forked() as new:
        yield new
