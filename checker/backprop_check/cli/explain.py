"""`explain`: print the page of a mistake, or list them all."""

from __future__ import annotations

import argparse

from backprop_check.diagnosis.pages import page, pages


def run(args: argparse.Namespace) -> int:
    told = page(args.code) if args.code else None
    from backprop_check.cli.screen import show, width
    from backprop_check.report.page import index_lines, page_lines

    show(page_lines(told, width()) if told else index_lines(pages(), width()))
    return 0
