"""Where the commands get the zygote from that forks their workers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backprop_check.submission.zygote import Zygote


@contextmanager
def workers(args: argparse.Namespace) -> Iterator[Zygote]:
    """Give the zygote that was handed to `main`, else fork one. Enter this before anything of torch runs, and import `check` inside."""
    if args.zygote is not None:
        yield args.zygote
        return
    from backprop_check.submission.zygote import Zygote

    with Zygote.forked() as forked:
        yield forked
