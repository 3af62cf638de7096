"""What a custom function's `backward` reads and was not given: lines that would stop under torch, and what hangs on them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backprop_check.records import Broken

OF_TORCH = frozenset({
    "dirty_tensors", "mark_dirty", "mark_non_differentiable", "materialize_grads", "maybe_clear_saved_tensors", "metadata", "name",
    "needs_input_grad", "next_functions", "non_differentiable", "register_hook", "register_prehook", "save_for_backward",
    "saved_for_forward", "saved_tensors", "saved_variables", "set_materialize_grads", "to_save",
})  # fmt: skip
"""What torch's own `ctx` has, whatever forward put there."""

_LEFT = re.compile(r"([\w\s,()*]+?)=(?!=)")


class Lack(NamedTuple):
    """Why something cannot be had, and the move."""

    message: str
    help: str


@dataclass(frozen=True)
class Context:
    """What `backward`, of the class `called`, has from forward: how many tensors were `saved` (None: not known), what it `kept` on `ctx`.

    `names` are values that it has no other way to; `broken` are the lines of the file that Python refused.
    """

    called: str
    backward: ast.FunctionDef
    saved: int | None
    kept: Collection[str]
    names: Collection[str]
    targets: Collection[str]
    broken: Sequence[Broken]


@dataclass
class Lost:
    """`statements` of backward that cannot run, the places in what it returns that cannot be had, and what is said of both."""

    statements: list[ast.stmt] = field(default_factory=list)
    places: set[int] = field(default_factory=set)
    broken: list[Broken] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def lost(context: Context, inputs: Sequence[str], lines: Sequence[str]) -> Lost:
    """Go through backward as it would run; a gradient that cannot be computed is taken for written below."""
    found = Lost()
    lacking: dict[str, Lack] = {name: _unsaved(context, name) for name in context.names}
    inside = [b for b in context.broken if _is_within(b.line, context.backward)]
    every: list[Broken | ast.stmt] = [*context.backward.body, *inside]
    for each in sorted(every, key=lambda each: each.line if isinstance(each, Broken) else each.lineno):
        if isinstance(each, Broken):
            why = f"Line {each.line} gives it, and Python could not read that line: mend it first."
            lacking |= {name: Lack(f"`{name}` has no value here", why) for name in _left(each.source) - {*context.targets}}
        elif isinstance(each, ast.Return):
            _of_return(each, context, inputs, lacking, found, lines)
        else:
            _of_statement(each, context, lacking, found, lines)
    return found


def _of_statement(node: ast.stmt, context: Context, lacking: dict[str, Lack], found: Lost, lines: Sequence[str]) -> None:
    writes = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    missing = next(_missing(node, lacking, writes if isinstance(node, ast.For) else ()), None)
    asked, lack = _refused(node, context) or (missing, lacking[missing.id] if missing is not None else None)
    if asked is None or lack is None:
        for name in writes:
            lacking.pop(name, None)
        return
    found.statements.append(node)
    targets = sorted(writes & {*context.targets})
    found.broken += [_broken(asked, lack, target, lines) for target in targets]
    if not targets:
        found.notices.append(f"line {asked.lineno}: {lack.message}. {lack.help}")
    why = f"Line {node.lineno} gives it, and cannot run: {lack.message}."
    lacking |= {name: Lack(f"`{name}` has no value here", why) for name in writes - {*targets}}


def _of_return(
    node: ast.Return, context: Context, inputs: Sequence[str], lacking: Mapping[str, Lack], found: Lost, lines: Sequence[str]
) -> None:
    for place, (name, each) in enumerate(zip(inputs, node.value.elts if isinstance(node.value, ast.Tuple) else [node.value], strict=False)):
        missing = next(_missing(each, lacking), None) if each is not None else None
        if missing is not None:
            found.places.add(place)
            if f"d{name}" in context.targets:
                found.broken.append(_broken(missing, lacking[missing.id], f"d{name}", lines))


def _missing(node: ast.AST, lacking: Mapping[str, Lack], own: Collection[str] = ()) -> Iterator[ast.Name]:
    """Yield the names that are read and have no value; a loop may give its `own`."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id in lacking and each.id not in own:
            yield each


def _refused(node: ast.stmt, context: Context) -> tuple[ast.expr, Lack] | None:
    """What a statement asks `ctx` for and does not get."""
    of = context.backward.args.args[0].arg
    for each in ast.walk(node):
        if not isinstance(each, ast.Attribute) or not isinstance(each.value, ast.Name) or each.value.id != of:
            continue
        asks = f"`{context.called}.backward` asks for `{of}.{each.attr}`"
        if isinstance(each.ctx, ast.Load) and each.attr not in OF_TORCH and each.attr not in context.kept:
            there = ", ".join(f"`{of}.{name}`" for name in ("saved_tensors", *context.kept))
            return each, Lack(f"{asks}, which nobody put there", f"There is {there}.")
        if each.attr == "saved_tensors" and context.saved is None:
            return each, Lack(f"{asks}, and the line that saves them could not be read", "Mend that line first.")
        if each.attr == "saved_tensors" and isinstance(node, ast.Assign) and node.value is each:
            takes = next((t.elts for t in node.targets if isinstance(t, ast.Tuple | ast.List)), None)
            if takes is not None and len(takes) != context.saved and not any(isinstance(t, ast.Starred) for t in takes):
                saves = f"`forward` saves {context.saved}, and this line takes {len(takes)} out of `{of}.saved_tensors`"
                return each, Lack(saves, "Take out as many, in the order in which they were saved.")
    return None


def _unsaved(context: Context, name: str) -> Lack:
    ask = f"Save it in `forward`, as in `ctx.save_for_backward({name})`, and take it out of `ctx.saved_tensors`."
    return Lack(f"`{context.called}.backward` is not given `{name}`", ask)


def _broken(node: ast.expr, lack: Lack, target: str, lines: Sequence[str]) -> Broken:
    line = lines[node.lineno - 1]
    column = len(line.encode()[: node.col_offset].decode())
    return Broken(node.lineno, column, lack.message, line.strip(), target, lack.help, pauses=True, code="undefined-name")


def _left(source: str) -> set[str]:
    """The names that a line which Python refuses would have given a value."""
    found = _LEFT.match(source)
    return set(re.findall(r"[^\W\d]\w*", found[1])) if found is not None else set()


def _is_within(line: int, function: ast.FunctionDef) -> bool:
    return function.lineno < line <= (function.end_lineno or function.lineno)
