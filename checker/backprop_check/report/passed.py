"""What is worth knowing of a gradient that has become right: why, the law, another way to write it. Values in, lines out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rich.text import Text

from backprop_check.derivation.lesson import Way
from backprop_check.derivation.trees import identifiers, parsed, text
from backprop_check.exercise.solution import Step
from backprop_check.records import Exercise, Statement, Submission
from backprop_check.report.layout import prose, visible

LONGEST = 60
"""Characters of another form that is still worth reading."""


def passed_lines(exercise: Exercise, submission: Submission, derived: Way, step: Step | None, width: int, said: set[str]) -> Iterator[Text]:
    """Yield what there is to learn of one right gradient; no law of `said` comes again. `step` is the solution's line, if there is one."""
    yield Text(f"  {derived.name}", style="bold")
    why = step.why if step is not None else ""
    # Of a line of several operations the law of one of them is not what the line is about.
    laws = set(derived.laws)
    if why:
        yield from prose(why, width, indent=4)
    if len(laws) == 1 and not laws & said and not any(law.rstrip(".") in why for law in laws):
        said |= laws
        yield from prose(f"The law: {laws.pop()}", width, indent=4, style="dim")
    own = [s for s in submission.statements if derived.name in s.writes]
    if len(own) == 1 and (other := _another(exercise, submission, own[0], derived, step)):
        yield from prose(f"Also right: {visible(other)}", width, indent=4, style="cyan")


def _another(exercise: Exercise, submission: Submission, own: Statement, derived: Way, step: Step | None) -> str:
    """Another right line for the gradient, and what one of the two saves; empty where there is none worth reading."""
    try:
        mine = parsed(own.value or "...")
    except SyntaxError:
        return ""
    forward, written = {line.name: line for line in exercise.lines}, {name for s in submission.statements for name in s.writes}
    for source in (step.source if step is not None else None, derived.expression):
        if source and "\n" not in source and len(source) <= LONGEST and _unordered(parsed(source)) != _unordered(mine):
            anew = [n for n in forward if n in identifiers(parsed(source)) - identifiers(mine) and _holds(mine, parsed(forward[n].source))]
            return f"`{derived.name} = {source}`" + (f" ({anew[0]} is there already, and saves you its computation)" if anew else "")
    for name in sorted((identifiers(mine) & forward.keys()) - written):
        value = parsed(forward[name].source)
        if derived.name[1:] in forward[name].reads and isinstance(value, ast.Call):
            form = text(_Replaced(name, value).visit(ast.parse(own.value or "", mode="eval").body))
            return f"`{derived.name} = {form}`: {name} saved you the `{ast.unparse(value.func)}`" if len(form) <= LONGEST else ""
    return ""


def _unordered(node: ast.AST) -> str:
    """The tree as text, in which factors and terms have no order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add):
        return f"{type(node.op).__name__}({', '.join(sorted(_unordered(part) for part in _chain(node, type(node.op))))})"
    inside = [_unordered(child) for child in ast.iter_child_nodes(node)]
    own = [str(value) for _, value in ast.iter_fields(node) if not isinstance(value, ast.AST | list)]
    return f"{type(node).__name__}({', '.join([*own, *inside])})"


def _chain(node: ast.expr, op: type[ast.operator]) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, op):
        return [*_chain(node.left, op), *_chain(node.right, op)]
    return [node]


def _holds(tree: ast.expr, part: ast.expr) -> bool:
    return any(isinstance(node, ast.expr) and _unordered(node) == _unordered(part) for node in ast.walk(tree))


class _Replaced(ast.NodeTransformer):
    def __init__(self, name: str, tree: ast.expr) -> None:
        self.name, self.tree = name, tree

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.tree if node.id == self.name else node
