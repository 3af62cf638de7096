"""`explain`: print the page of a mistake or of an operation, or list them all."""

from __future__ import annotations

import argparse

from backprop_check.diagnosis.pages import page, pages
from backprop_check.errors import BadInput, meant, near


def run(args: argparse.Namespace) -> int:
    try:
        told = page(args.code) if args.code else None
    except BadInput:
        return _operation(args.code)
    from backprop_check.cli.screen import show, width
    from backprop_check.report.page import index_lines, page_lines

    if told:
        show(page_lines(told, width()))
        return 0
    from backprop_check.report.operation import names_lines

    show(index_lines(pages(), width()))
    show(names_lines(width()))
    return 0


def _operation(word: str) -> int:
    """Print the page of the operation that a word means. Raises `BadInput` naming codes and operations near it."""
    from backprop_check.cli.screen import show, width
    from backprop_check.derivation.example import example
    from backprop_check.derivation.table import TABLE
    from backprop_check.report.operation import operation_lines, operation_named, usual_codes

    name = operation_named(word)
    if name is None:
        close = near(word.lower().replace("_", "-"), (p.code for p in pages()), 3, 0.5) + near(word.lower(), TABLE, 2)
        instead = meant(dict.fromkeys(close), "`backprop-check explain` lists them.")
        raise BadInput(f"There is no mistake with the code {word!r}, and no operation of that name: {instead}")
    show(operation_lines(name, example(name) if name in TABLE else None, [page(code) for code in usual_codes(name)], width()))
    return 0
