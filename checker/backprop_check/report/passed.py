"""What is worth knowing of a gradient that has become right: why, the law, another way to write it. Values in, lines out."""

from __future__ import annotations

import ast
import re
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
    other = _another(exercise, submission, own[0], derived, step) if len(own) == 1 else ""
    if not other and step is not None and _calls(step.source) & _words(why) - _words(" ".join(s.source for s in own)):
        other = f"`{step.name} = {' '.join(step.source.split())}`"
    if other:
        yield from prose(f"Also right: {visible(other)}", width, indent=4, style="cyan")


def _calls(source: str) -> set[str]:
    """The functions, methods and keywords that `source` is written with: a why that names one is about that way of writing."""
    tree = ast.walk(parsed(source))
    return {name for node in tree if (name := getattr(node, "attr", "") if isinstance(node, ast.Attribute) else getattr(node, "arg", ""))}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


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
    """The tree as text, in which factors, divisors and terms have no order and a length is written in one way."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"Add({', '.join(sorted(map(_unordered, _terms(node))))})"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        above, below = _factors(node)
        return f"Mult({', '.join(sorted(above))} / {', '.join(sorted(below))})"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
        node = parsed(f"({ast.unparse(node.args[0])}).shape[0]")
    inside = [_unordered(child) for child in ast.iter_child_nodes(node)]
    own = [str(value) for _, value in ast.iter_fields(node) if not isinstance(value, ast.AST | list)]
    return f"{type(node).__name__}({', '.join([*own, *inside])})"


def _terms(node: ast.expr) -> list[ast.expr]:
    return [*_terms(node.left), *_terms(node.right)] if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else [node]


def _factors(node: ast.expr) -> tuple[list[str], list[str]]:
    """What a chain of products and quotients multiplies, and what it divides by."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
        return [_unordered(node)], []
    (above, below), (up, down) = _factors(node.left), _factors(node.right)
    return ([*above, *up], [*below, *down]) if isinstance(node.op, ast.Mult) else ([*above, *down], [*below, *up])


def _holds(tree: ast.expr, part: ast.expr) -> bool:
    return any(isinstance(node, ast.expr) and _unordered(node) == _unordered(part) for node in ast.walk(tree))


class _Replaced(ast.NodeTransformer):
    def __init__(self, name: str, tree: ast.expr) -> None:
        self.name, self.tree = name, tree

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.tree if node.id == self.name else node
