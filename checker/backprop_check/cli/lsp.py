"""`lsp`: a language server on standard input and output, for editors."""

from __future__ import annotations

import argparse
import os
import sys
from typing import BinaryIO

from backprop_check.errors import BadInput

MISSING = "the language server needs pygls: pip install 'backprop-check[lsp]'"


def run(args: argparse.Namespace) -> int:
    leave = os._exit  # while an exercise runs, it is another function
    try:
        import pygls  # noqa: F401
    except ImportError:
        raise BadInput(MISSING) from None
    if sys.stdin.isatty():
        print("backprop-check lsp is started by an editor, and talks the Language Server Protocol here. Ctrl-C ends it.", file=sys.stderr)
    from backprop_check.lsp.server import serve

    serve(sys.stdin.buffer, _channel(), args.time_limit)
    leave(0)


def _channel() -> BinaryIO:
    """Take standard output for the protocol alone: whatever prints goes to standard error from now on."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel
