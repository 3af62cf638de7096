"""`explain`: print the page of a mistake, of an operation or of a word, or list them all."""

from __future__ import annotations

import argparse

from backprop_check.diagnosis.pages import page, pages
from backprop_check.errors import BadInput, meant, near


def run(args: argparse.Namespace) -> int:
    try:
        told = page(args.code) if args.code else None
    except BadInput:
        return _word(args.code)
    from backprop_check.cli.screen import show, width
    from backprop_check.report.page import index_lines, page_lines

    if told:
        show(page_lines(told, width()))
        return 0
    from backprop_check.report.operation import names_lines
    from backprop_check.report.terms import terms_lines

    show(index_lines(pages(), width()))
    show(names_lines(width()))
    show(terms_lines(width()))
    return 0


def _word(word: str) -> int:
    """Print the page of a term, or of the operation that a word means."""
    from backprop_check.cli.screen import show, width
    from backprop_check.report.terms import term_lines, term_named

    term = term_named(word)
    if term is None:
        return _operation(word)
    show(term_lines(term, width()))
    return 0


def _operation(word: str) -> int:
    """Print the page of the operation that a word means. Raises `BadInput` naming codes and operations near it."""
    from backprop_check.cli.screen import show, width
    from backprop_check.derivation.example import example
    from backprop_check.derivation.table import TABLE
    from backprop_check.report.operation import operation_lines, operation_named, usual_codes
    from backprop_check.report.terms import TERMS

    name = operation_named(word)
    if name is None:
        close = near(word.lower().replace("_", "-"), (p.code for p in pages()), 3, 0.5) + near(word.lower(), TABLE, 2)
        close = near(word.lower(), (term.name for term in TERMS), 1) + close
        instead = meant(dict.fromkeys(close), "`backprop-check explain` lists them.")
        raise BadInput(f"There is no mistake with the code {word!r}, and no operation or word of that name: {instead}")
    show(operation_lines(name, example(name) if name in TABLE else None, [page(code) for code in usual_codes(name)], width()))
    return 0
