"""What an editor offers at a line: the hints on a gradient in their order, and, after three of them, the fix. Values in, records out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types

from backprop_check.lsp.convert import Page
from backprop_check.lsp.fix import Edit
from backprop_check.report.hint.ladder import STEPS

COMMAND = "backprop-check.hint"
KIND = types.CodeActionKind.QuickFix


def actions(name: str, fix: Sequence[Edit], reached: int, page: Page, unchanged: bool) -> Iterator[types.CodeAction]:
    """Yield, for the gradient `name`, the hint due after `reached`, those given before, and the fix once the three before it were given.

    The fix is an edit of the text that was checked, so it is offered only while the editor's text is that, `unchanged`.
    """
    for number in (*([reached + 1] if reached < STEPS else []), *range(reached, 0, -1)):
        title = f"{name}: hint {number} of {STEPS}{', again' if number <= reached else ''}"
        yield types.CodeAction(title, KIND, command=types.Command(title, COMMAND, arguments=[page.uri, name, number]))
    if fix and reached >= STEPS - 1 and unchanged:
        changes = [types.TextEdit(page.range(span), new) for span, new in fix]
        yield types.CodeAction(f"{name}: write the fix", KIND, edit=types.WorkspaceEdit({page.uri: changes}))
