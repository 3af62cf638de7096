"""Rewrite a learner's `backward` so that each statement is guarded and each target is taken and replaced after its last write.

Loose `exec` of the statements would break `return`, closures and scoping; the function stays one function.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprop_check.submission.statements import guarded

HOOK = "_backprop_check"


_AT: Any = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
"""Where the nodes stand that the learner did not write: of them nothing is told. To seek them all in the tree afterwards takes long."""


class Left(BaseException):
    """Raised in the place of a `return`: what stands below it is judged too."""


class Stopped(BaseException):
    """Raised in the place of a statement that hung or ended the process: what that was (as the kind of an exception), and why."""


class Hook:
    """What the rewritten `backward` calls by the name `HOOK`: the built-ins it needs, whatever the learner's names mean."""

    BaseException = BaseException
    Left = Left
    Stopped = Stopped
    NameError = NameError
    locals = staticmethod(locals)


@dataclass(frozen=True)
class Plan:
    """What happens after which statement.

    `given` are targets no statement writes: they hold the oracle's value from the start. `finals` and `peeks` list the targets to take
    after a statement; a final also replaces them by the oracle's. `aliases` are other names that were seen bound to a target's tensor;
    `restored` are forward names to bind to the forward's values again; `skipped` are statements not to run: they hung or ended the
    process; what that was, and why.
    """

    given: Sequence[str] = ()
    finals: Mapping[int, Sequence[str]] = field(default_factory=dict)
    peeks: Mapping[int, Sequence[str]] = field(default_factory=dict)
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    restored: Sequence[str] = ()
    skipped: Mapping[int, tuple[str, str]] = field(default_factory=dict)


def instrument(function: ast.FunctionDef, plan: Plan, unbound: Sequence[str] = ()) -> ast.Module:
    """Return a module that defines `function` with its guarded statements wrapped as `plan` says. The function is changed in place.

    `unbound` are names that are its own and have no value, whatever the module or Python has under these names.
    """
    numbers = {id(node): index for index, node in enumerate(guarded(function.body))}
    given: list[ast.stmt] = [_bind(name, _ask("replacement", name)) for name in plan.given]
    body = [*given, *_wrap(function.body, numbers, plan)] or [ast.Pass(**_AT)]
    own: list[ast.stmt] = [
        ast.For(ast.Name(name, ast.Store(), **_AT), ast.Tuple([], ast.Load(), **_AT), [ast.Pass(**_AT)], [], **_AT) for name in unbound
    ]
    function.body = [ast.Try(body=body, handlers=[], orelse=[], finalbody=[ast.Expr(_ask("finish", scope=True), **_AT)], **_AT), *own]
    return ast.Module([function], [])


def _wrap(body: Sequence[ast.stmt], numbers: Mapping[int, int], plan: Plan) -> list[ast.stmt]:
    wrapped: list[ast.stmt] = []
    for node in body:
        index = numbers.get(id(node))
        if index is None:
            continue
        if isinstance(node, ast.With):
            inside = [numbers[id(inner)] for inner in guarded(node.body)]
            node.body = _wrap(node.body, numbers, plan) or [ast.Pass(**_AT)]
        inner = [ast.Raise(_ask("Stopped", *plan.skipped[index]), **_AT)] if index in plan.skipped else _staying(node)
        wrapped.append(_guard([ast.Expr(_ask("at", index), **_AT), *inner], index))
        wrapped.append(ast.Expr(_ask("after", index, scope=True), **_AT))
        if isinstance(node, ast.With):
            # Where the context cannot be entered, what stands inside never ran, and was never replaced.
            wrapped += [_bind(target, _ask("replacement", target)) for i in inside for target in plan.finals.get(i, ())]
        for target in plan.finals.get(index, ()):
            wrapped.append(_bind(target, _ask("replacement", target)))
            wrapped += [_follow(target, alias) for alias in plan.aliases.get(target, ())]
        if plan.finals.get(index):
            wrapped += [_bind(name, _ask("forward", name)) for name in plan.restored]
    return wrapped


def _staying(node: ast.stmt) -> list[ast.stmt]:
    """The statement with each `return` of its own made an error that its guard knows: `backward` goes on below it."""
    if isinstance(node, ast.Return):
        value = [ast.copy_location(ast.Expr(node.value), node)] if node.value is not None else []
        return [*value, ast.copy_location(ast.Raise(_own("Left")), node)]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        _stay_inside(node)
    return [node]


def _stay_inside(node: ast.AST) -> None:
    if isinstance(node, ast.Try | ast.TryStar) and not all(
        isinstance(h.type, ast.Name) and h.type.id != "BaseException" for h in node.handlers
    ):
        return  # it would catch the error
    for _, block in ast.iter_fields(node):
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            block[:] = [new for old in block for new in _staying(old)]
        elif isinstance(block, list) and block and isinstance(block[0], ast.ExceptHandler | ast.match_case):
            for inner in block:
                _stay_inside(inner)


def _guard(body: list[ast.stmt], index: int) -> ast.stmt:
    told = _ask("raised", index)
    told.args.append(ast.Name(HOOK + "_error", ast.Load(), **_AT))
    handler = ast.ExceptHandler(_own("BaseException"), HOOK + "_error", [ast.Expr(told, **_AT)], **_AT)
    return ast.Try(body=body, handlers=[handler], orelse=[], finalbody=[], **_AT)


def _follow(target: str, alias: str) -> ast.stmt:
    # The alias was bound in the dry run; in another run it may not be.
    followed = _ask("follow", target)
    followed.args.append(ast.Name(alias, ast.Load(), **_AT))
    handler = ast.ExceptHandler(_own("NameError"), None, [ast.Pass(**_AT)], **_AT)
    return ast.Try(body=[_bind(alias, followed)], handlers=[handler], orelse=[], finalbody=[], **_AT)


def _bind(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store(), **_AT)], value, **_AT)


def _ask(method: str, *constants: int | str, scope: bool = False) -> ast.Call:
    arguments: list[ast.expr] = [ast.Constant(c, **_AT) for c in constants]
    if scope:
        arguments.append(ast.Call(_own("locals"), [], [], **_AT))
    return ast.Call(_own(method), arguments, [], **_AT)


def _own(name: str) -> ast.expr:
    # Built-in names are taken from the hook, for a learner may call a variable `locals`.
    return ast.Attribute(ast.Name(HOOK, ast.Load(), **_AT), name, ast.Load(), **_AT)
