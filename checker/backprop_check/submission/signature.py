"""Find `backward` in what a learner wrote, and what its parameters ask for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from backprop_check.exercise.nodes import children

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_backward(node: ast.AST) -> bool:
    return isinstance(node, Function) and node.name == "backward"


def backwards(tree: ast.Module) -> list[Function]:
    """Return the definitions of `backward` that count, in order: those at the top level, also within an `if` or a `try`."""
    return [node for node in _plain(tree.body) if isinstance(node, Function) and is_backward(node)]


def asked_for(function: Function) -> dict[str, ast.expr | None]:
    """Return the parameters by name, with their defaults; those that would take the rest with their stars: `*args`, `**kw`."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    rest = [f"{stars}{a.arg}" for stars, a in (("*", arguments.vararg), ("**", arguments.kwarg)) if a is not None]
    return {**{argument.arg: default for argument, default in pairs}, **dict.fromkeys(rest)}


def find_backward(tree: ast.Module, bare: bool, parameters: Sequence[str]) -> ast.FunctionDef:
    """Return the learner's `backward` as a plain function, its parameters bound by name only; a bare cell becomes the body of one."""
    shell = ast.parse("def backward():\n pass").body[0]
    assert isinstance(shell, ast.FunctionDef)
    shell.body = list(tree.body if bare else backwards(tree)[-1].body)
    shell.args = ast.arguments([], [ast.arg(name, lineno=1, col_offset=0) for name in parameters], None, [], [], None, [])
    return shell


def pauses(nodes: Iterable[ast.AST]) -> str | None:
    """Return what in these parts of a function makes it more than a plain one: `yield`, `await`."""
    for node in nodes:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return "yield"
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (isinstance(node, ast.comprehension) and node.is_async):
            return "await"
        inner = isinstance(node, Function | ast.ClassDef | ast.Lambda)
        if not inner and (found := pauses(children(node))):
            return found
    return None


def _plain(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _plain([*node.body, *node.orelse])
        elif isinstance(node, ast.Try | ast.TryStar):
            yield from _plain([*node.body, *(n for handler in node.handlers for n in handler.body), *node.orelse, *node.finalbody])
