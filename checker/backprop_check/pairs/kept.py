"""Which statements of a backward the engine has to read, and what is known of the others by their values."""

from __future__ import annotations

import ast
import copy
import linecache
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.live.asked import Asked
from backprop_check.live.recorded import Found
from backprop_check.pairs.calling import Called, code_of
from backprop_check.pairs.pair import Pair
from backprop_check.pairs.translate import ToTorch
from backprop_check.recording.frames import tree
from backprop_check.recording.naming import gradient_names, identifier
from backprop_check.submission.statements import read, written

RETURNED = "_returned"
"""The name of what a `return` gives as an expression."""

_KEPT = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.Expr)


def statements(
    pair: Pair, called: Called, found: Found, asked: Asked, target: str, above: set[str], numpy: frozenset[str]
) -> list[ast.stmt] | None:
    """The statements of a backward that the engine has to read for one gradient, and last the one that gives it its name.

    What hangs on no gradient from above and cannot be read is known by its value, and so are other gradients that are right.
    """
    definition = definition_of(pair.backward_function)
    if definition is None or called.line is None:
        return None
    body = list(_straight(definition.body, called))
    line = called.line
    returned = next((node for node in body if isinstance(node, ast.Return) and node.lineno <= line <= (node.end_lineno or 0)), None)
    moved = _moved(body, above)
    kept = [node for node in body if isinstance(node, _KEPT) and written(node) and not _is_known(node, called, moved, numpy)]
    kept = [node for node in kept if not _is_gradient(node, called, found, target, asked)]
    last = _last(returned, asked, {name for node in kept for name in written(node)})
    return [*kept, *([last] if last is not None else [])]


def definition_of(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """Return where a function is defined, None where no source shows it."""
    code = code_of(function)
    if code is None:
        return None
    linecache.checkcache(code.co_filename)
    for node in ast.walk(tree(code.co_filename)):
        if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
            continue
        if code.co_firstlineno in (node.lineno, *(each.lineno for each in node.decorator_list)):
            return node
    return None


def _straight(body: Sequence[ast.stmt], called: Called) -> Iterator[ast.stmt]:
    """The statements that ran: of a condition on what is no tensor the branch that was taken."""
    for node in body:
        if isinstance(node, ast.If) and not any(isinstance(each, ast.Call) for each in ast.walk(node.test)):
            try:
                taken = bool(eval(compile(ast.Expression(node.test), "<test>", "eval"), dict(called.names) or dict(called.own)))
            except Exception:
                yield node
                continue
            yield from _straight(node.body if taken else node.orelse, called)
        elif isinstance(node, ast.With):
            yield from _straight(node.body, called)
        else:
            yield node


def _is_known(node: ast.stmt, called: Called, moved: set[str], numpy: frozenset[str]) -> bool:
    """Whether a statement hangs on no gradient and names what is there: sizes, what was unpacked, what the engine cannot compute."""
    names = written(node)
    if not isinstance(node, ast.Assign) or not names or not all(name in called.own for name in names):
        return False
    if all(isinstance(called.own[name], int | float | str | tuple) for name in names):
        return True
    if names & moved:
        return False
    if not all(isinstance(target, ast.Name) for target in node.targets):
        return True
    return bool(numpy & read(ToTorch(numpy).visit(copy.deepcopy(node)))) or "ctx" in read(node)


def gradient_called(found: Found, word: str) -> str | None:
    """The gradient that a variable is by its name: `dx`, `x_grad`, `grad_x`, `d_x`."""
    assert found.forward is not None
    for gradient in found.trial.gradients:
        text = identifier(found.forward.texts.get(gradient[1:], gradient[1:]))
        if word in gradient_names(text):
            return gradient
    return None


def gradient_of(called: Called, found: Found, word: str) -> str | None:
    """The same, where it is the right one."""
    value, gradient = called.own.get(word), gradient_called(found, word)
    if gradient is None or not isinstance(value, torch.Tensor):
        return None
    return gradient if close(value, found.trial.gradients[gradient], found.trial.scales[gradient]) else None


def _is_gradient(node: ast.stmt, called: Called, found: Found, target: str, asked: Asked) -> bool:
    """Whether a statement makes another gradient that is right: it stands for itself then."""
    names = written(node)
    return isinstance(node, ast.Assign | ast.AugAssign) and bool(names) and all(
        name != asked.name and gradient_of(called, found, name) not in (None, target) for name in names
    )  # fmt: skip


def _moved(body: Sequence[ast.stmt], above: set[str]) -> set[str]:
    """The names that hang on the gradients from above."""
    found = set(above)
    while True:
        more = {name for node in body if (written(node) | read(node)) & found for name in written(node)} - found
        if not more:
            return found
        found |= more


def _last(returned: ast.stmt | None, asked: Asked, made: set[str]) -> ast.stmt | None:
    """What is returned as an expression is given the gradient's name."""
    if not isinstance(returned, ast.Return) or returned.value is None or asked.name in made:
        return None
    parts = returned.value.elts if isinstance(returned.value, ast.Tuple) else [returned.value]
    part = next((each for each in parts if ast.unparse(each) == asked.name), None)
    target = ast.Name(RETURNED, ast.Store())
    return ast.copy_location(ast.Assign([ast.copy_location(target, part)], part), part) if part is not None else None
