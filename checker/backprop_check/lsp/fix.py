"""The edits of a file that put the fix of a wrong gradient where the learner's statements are. Values in, values out."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.pages import page
from backprop_check.exercise.source import characters
from backprop_check.records import Gradient, Span, Statement, Submission
from backprop_check.report.hint.fix import FUNCTIONAL, lacks_functional
from backprop_check.submission.signature import backwards
from backprop_check.submission.statements import guarded

Edit = tuple[Span, str]
"""A stretch of the file, and what takes its place."""


def fix_edits(submission: Submission, gradient: Gradient) -> list[Edit]:
    """Return the edits that put the fix in the place of all statements that write the gradient; none where that cannot be done.

    Statements that others need stay: the fix follows the last of them.
    """
    name = gradient.verdict.target.name
    fix = next((d.fix for d in gradient.diagnoses if d.fix), None)
    own = [s for s in submission.statements if name in s.writes]
    if fix is None or "\n" in fix or not own or any(broken.target == name for broken in submission.broken):
        return []
    code = gradient.diagnoses[0].code
    if code and "line stays" in page(code).traits:
        return []
    line = text(parsed(fix))
    edits = _edits(submission, name, line, own)
    if lacks_functional(submission, line):
        rows = submission.text.split("\n")
        row = next(i for i, row in enumerate(rows, 1) if re.match(r"import torch\s*(#|$)|def ", row))
        row += rows[row - 1].startswith("import")
        edits.append(((row, 0, row, 0), f"{FUNCTIONAL}\n"))
    return edits if _parses(submission.body, edits) else []


def _edits(submission: Submission, name: str, fix: str, own: Sequence[Statement]) -> list[Edit]:
    lines = submission.text.split("\n")
    nodes = list(guarded(backwards(ast.parse(submission.body))[-1].body))
    others = [s for s in submission.statements if s not in own]

    def shared(statement: Statement) -> bool:
        """Whether a statement makes something else that another statement, or the judge, reads."""
        more = statement.writes - {name}
        return any(n[:1] == "d" and n[1:] in submission.parameters for n in more) or any(more & (s.reads - s.writes) for s in others)

    final = nodes[own[-1].index]
    first, start, last, end = _span(final, lines)
    alone = not lines[first - 1][:start].strip() and re.match(r"\s*(#|$)", lines[last - 1][end:]) is not None
    if own[-1].writes == {name} and (value := _value(final)) is not None:
        found: list[Edit] = [(_span(value, lines), fix)]
    elif alone and not shared(own[-1]):
        found = [((first, start, last, end), f"{name} = {fix}")]
    else:
        indent = re.match(r"\s*", lines[first - 1])
        assert indent is not None
        column = len(lines[last - 1])
        return [((last, column, last, column), f"\n{indent[0]}{name} = {fix}")]
    needed = any(name in s.reads for s in others if s.index < own[-1].index)
    for statement, node in zip(own[:-1], (nodes[s.index] for s in own[:-1]), strict=True):
        first, start, last, end = _span(node, lines)
        whole = not lines[first - 1][:start].strip() and re.match(r"\s*(#|$)", lines[last - 1][end:]) is not None
        if whole and not needed and not shared(statement) and not isinstance(node, ast.With):
            found.append(((first, 0, last + 1, 0), ""))
    return found


def _value(node: ast.stmt) -> ast.expr | None:
    """The expression of a plain `name = expression`."""
    if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        return node.value
    return node.value if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else None


def _span(node: ast.stmt | ast.expr, lines: Sequence[str]) -> Span:
    last = node.end_lineno or node.lineno
    return node.lineno, characters(lines, node.lineno, node.col_offset), last, characters(lines, last, node.end_col_offset or 0)


def _parses(body: str, edits: Sequence[Edit]) -> bool:
    lines = body.split("\n")
    for (first, start, last, end), new in sorted(edits, reverse=True):
        rest = lines[last - 1][end:] if last <= len(lines) else ""
        lines[first - 1 : last] = (lines[first - 1][:start] + new + rest).split("\n")
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return False
    return True
