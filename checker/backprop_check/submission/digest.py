"""What of a submission a worker is given: its code without comments. That, and nothing else, makes two submissions the same code."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import tokenize
from functools import lru_cache
from typing import Any

from backprop_check.records import Submission

_COMMENT = re.compile(
    r'''"""(?:[^"\\]++|\\.|"(?!""))*+"""|\'\'\'(?:[^'\\]++|\\.|'(?!''))*+\'\'\''''
    r"""|"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|(?<![ \t\f])[ \t\f]*+#[^\n]*+""",
    re.DOTALL,
)
_NESTS = re.compile(r"(?i)\b(?:[ft]r?|r[ft])['\"]")


def told(submission: Submission) -> dict[str, Any]:
    """Return the part of a worker's order that is the submission's, as plain data."""
    modules = submission.modules.items()
    return {
        "prelude": without_comments(submission.prelude),
        "needs": sorted(submission.needs),
        "modules": {name: (m.path, without_comments(m.text), sorted(m.wants)) for name, m in modules},
        "body": without_comments(submission.body),
        "bare": submission.bare,
        "parameters": submission.parameters,
    }


def code_digest(submission: Submission) -> str:
    """Return a digest of all that reaches a worker, and of the lines that Python could not read."""
    return hashlib.sha256(json.dumps([told(submission), repr(submission.broken)]).encode()).hexdigest()


@lru_cache(8)  # a session asks for each of its workers, and who draws its trials did before
def without_comments(text: str) -> str:
    """Return `text`, which parses, without its comments; all else stays where it stands."""
    if "#" not in text:
        return text
    if sys.version_info >= (3, 12) and _NESTS.search(text):  # there a string may hold another one of the same quotes
        return _by_tokens(text)
    return _COMMENT.sub(lambda found: "" if found[0].lstrip(" \t\f").startswith("#") else found[0], text)


def without_strings(text: str) -> str:
    """Return `text` without its comments and its strings, to look for names in it."""
    return _COMMENT.sub(lambda found: "" if found[0].lstrip(" \t\f").startswith("#") else '""', text)


def _by_tokens(text: str) -> str:
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="\n").readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip(" \t\f")
    return "\n".join(lines)
