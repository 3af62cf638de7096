"""A solution's `backward` taken apart, so that other answers can be put in the place of its own. Nothing here needs torch."""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backprop_check.exercise.custom import plain
from backprop_check.files import read_text
from backprop_check.records import Exercise


@dataclass(frozen=True)
class Answers:
    """`head` is the file up to the first statement of `backward`; `statements` are (text, name it writes or ""), in their order.

    `expressions` are those of the gradients that one statement writes; `helpers` the statements that write no gradient.
    """

    head: str
    statements: tuple[tuple[str, str], ...]
    expressions: Mapping[str, str]
    helpers: str

    def submission(self, chosen: Mapping[str, str]) -> str:
        """The solution with `chosen` code for some gradients. The other gradients of one statement are left out: the judge lends them."""
        texts = [chosen.get(name, "") if name in self.expressions else text for text, name in self.statements]
        return self.head + textwrap.indent("\n".join(text for text in texts if text), "    ") + "\n"


def read_answers(path: Path, exercise: Exercise) -> Answers:
    """Read the solution at `path`. Raises `BadInput` when it cannot be read."""
    text = plain(read_text(path, "solution"))
    backward = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "backward")
    targets = {target.name for target in exercise.targets}
    writers = Counter(name for node in backward.body for name in _writes(node) & targets)
    assigned = [node for node in backward.body if isinstance(node, ast.Assign)]
    single = {t.id: ast.unparse(node.value) for node in assigned for t in node.targets if isinstance(t, ast.Name)}
    expressions = {name: text for name, text in single.items() if name in targets and writers[name] == 1}
    statements = [(ast.unparse(node), next(iter(_writes(node) & expressions.keys()), "")) for node in backward.body]
    helpers = [ast.unparse(node) for node in backward.body if not _writes(node) & targets]
    head = "\n".join(text.split("\n")[: backward.body[0].lineno - 1]) + "\n"
    return Answers(head, tuple(statements), expressions, "\n".join(helpers))


def _writes(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
