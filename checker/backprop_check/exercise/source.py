"""The text of a part of a program."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def characters(lines: Sequence[str], line: int, column: int) -> int:
    """Return the column in characters of what Python places at byte `column` of `line` (from 1)."""
    return len(lines[line - 1].encode()[:column].decode(errors="replace"))


def segment(node: ast.stmt | ast.expr, lines: Sequence[bytes]) -> str:
    """Return the source of `node`, whose text has these UTF-8 `lines`; ast.get_source_segment splits the whole text for every node."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    if first == last:
        return lines[first][node.col_offset : node.end_col_offset].decode()
    middle = lines[first + 1 : last]
    return b"\n".join([lines[first][node.col_offset :], *middle, lines[last][: node.end_col_offset]]).decode()
