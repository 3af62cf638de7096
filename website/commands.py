"""A page for each command: its help, as printed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from rich.text import Text

from backprop_check.cli.arguments import COMMANDS, parse
from backprop_check.cli.screen import held
from backprop_check.submission.workers import Workers
from website.text import code, printed, prose, table, toctree

README = Path(__file__).resolve().parents[1] / "README.md"


def names() -> list[str]:
    return list(COMMANDS)


def make(name: str, _: Workers) -> Iterator[tuple[str, str]]:
    yield f"commands/{name}.md", "\n".join(_page(name))


def _page(name: str) -> Iterator[str]:
    _, takes, text, _ = COMMANDS[name]
    action = re.match(r"[a-z]+", takes)
    yield f"# {name}\n"
    yield f"{prose(text[:1].upper() + text[1:])}.\n"
    for words in ([name], *([[name, action[0]]] if action else [])):
        yield code(f"backprop-check {' '.join(words)} --help") + ":\n"
        yield _help(words)
    rows = [[left, right] for left, right in _told() if re.match(rf"`backprop-check {name}\b", left)]
    if rows:
        yield "## In use\n"
        yield table(["command", "what it does"], rows)


def _help(words: list[str]) -> str:
    def shown(columns: int) -> list[Text]:
        with patch.dict(os.environ, COLUMNS=str(columns)), held(columns) as lines, contextlib.suppress(SystemExit):
            parse([*words, "--help"])
        return lines

    return printed(shown)


def _told() -> list[tuple[str, str]]:
    """Return the README's table of commands, with its links as they are from here."""
    text = README.read_text(encoding="utf-8").replace("](", "](../")
    return re.findall(r"^\| (`backprop-check .*?) \| (.*) \|$", text, re.M)


def index() -> Iterator[tuple[str, str]]:
    rows = ([f"[{code(f'{name} {takes}'.strip())}](commands/{name}.md)", prose(text)] for name, (_, takes, text, _) in COMMANDS.items())
    told = [
        "# Commands\n",
        table(["command", "what it does"], rows),
        "`backprop-check --help`:\n",
        _help([]),
        toctree(f"commands/{name}" for name in names()),
    ]
    yield "commands.md", "\n".join(told)
