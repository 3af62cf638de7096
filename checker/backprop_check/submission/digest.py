"""What makes two submissions the same code."""

from __future__ import annotations

import ast
import hashlib

from backprop_check.records import Submission


def code_digest(submission: Submission) -> str:
    """Return a digest of the code and where each piece of it stands; comments do not count, where the code can be told without them."""
    modules = sorted((name, module.text, sorted(module.wants)) for name, module in submission.modules.items())
    texts = dict.fromkeys((submission.prelude, submission.body))
    try:
        parts = [ast.dump(ast.parse(text), include_attributes=True) for text in texts]
    except (RecursionError, ValueError):  # nested very deeply; or a hexadecimal number longer than Python is willing to print
        parts = list(texts)
    return hashlib.sha256(repr((parts, submission.bare, submission.parameters, submission.broken, modules)).encode()).hexdigest()
