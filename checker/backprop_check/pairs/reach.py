"""What a backward's statements make, read and reach, told from its syntax tree and from what its names held."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from backprop_check.derivation.trees import lends_shape
from backprop_check.pairs.edit import Known, parts
from backprop_check.pairs.pair import Back
from backprop_check.submission.statements import read, written

PLACES = 8
"""How many different places of arrays that are read are put in elsewhere."""

_GROWS = ("append", "insert", "extend", "update", "setdefault", "pop", "reverse", "clear")


def known(definition: ast.FunctionDef, back: Back, above: Collection[str]) -> Known:
    shapes: dict[str, tuple[int, ...] | None] = {}
    for name, value in back.called.own.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            shapes[name] = None
        elif hasattr(value, "shape") and hasattr(value, "dtype"):
            shapes[name] = tuple(value.shape)
    loaded = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    asked = {id(n) for node in ast.walk(definition) if lends_shape(node) for n in ast.walk(node)}
    used = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in asked}
    bound = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    sizes: dict[int, ast.expr] = {}
    for name, shape in shapes.items():
        for axis, size in enumerate(shape or ()):
            if size > 2 and name in loaded:
                shown: ast.expr = ast.Attribute(ast.Name(name, ast.Load()), "shape", ast.Load())
                sizes.setdefault(size, ast.Subscript(shown, ast.Constant(axis), ast.Load()))
    spare = [name for name in shapes if name in bound and name not in used and not name.startswith("_")]
    unused, asked_for = [name for name in spare if name not in loaded], [name for name in spare if name in loaded]
    constants: list[tuple[ast.expr, str]] = [(ast.Constant(2), "2"), *((each, str(size)) for size, each in sizes.items())]
    for name, value in back.called.own.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and name in bound | loaded:
            constants.append((ast.Name(name, ast.Load()), str(value) if isinstance(value, int) else f"`{name}`"))
            if value > 1:
                constants.append((ast.BinOp(ast.Name(name, ast.Load()), ast.Pow(), ast.Constant(0.5)), f"sqrt({name})"))
    at = {ast.unparse(n): n for n in ast.walk(definition) if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)}
    slices = [n for n in at.values() if isinstance(n.value, ast.Name) and shapes.get(n.value.id) is not None]
    places = [n for n in slices if isinstance(n.ctx, ast.Load)][:PLACES]
    numbers = {name for name, value in back.called.own.items() if isinstance(value, int | float)}
    on_above = frozenset(_moved(definition, {*above}, numbers)) if above else None
    return Known(shapes, unused, asked_for, [*sizes.values()], constants, on_above, places, slices)


def _moved(definition: ast.FunctionDef, above: set[str], numbers: set[str]) -> set[str]:
    """The names that hang on the gradients from above; `numbers`, which are sizes of them, do not."""
    steps, found = list(steps_of(definition.body)), set(above)
    while more := {n for step in steps if _valued(step) & found for n in _written(step)} - found - numbers:
        found |= more
    return found


def _valued(step: ast.stmt) -> set[str]:
    """The names whose values a statement reads, and not their shape or dtype alone."""
    nodes = [node for part in parts(step) for node in ast.walk(part)]
    asked = {id(n) for node in nodes if lends_shape(node) for n in ast.walk(node)}
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in asked}


def _read(step: ast.stmt) -> set[str]:
    return {name for part in parts(step) for name in read(part)}


def steps_of(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        for name in ("body", "orelse"):
            yield from steps_of(getattr(statement, name, []))


def reached(steps: Sequence[ast.stmt], back: Back) -> dict[int, set[int]]:
    """By statement, the numbers of the inputs in whose gradients what it makes comes in."""
    texts = {text: index for index, text in back.names.items()}
    entries = {
        key.value: value
        for step in steps for node in ast.walk(step) if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }  # fmt: skip
    goes: dict[str, set[int]] = {}
    for text, index in texts.items():
        tree = entries.get(text) or (ast.parse(text, mode="eval").body if _parses(text) else None)
        for name in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} if tree is not None else ():
            goes.setdefault(name if name != "self" else text, set()).add(index)
    found: dict[int, set[int]] = {id(step): set() for step in steps}
    moving = True
    while moving:
        moving = False
        for step in steps:
            makes, reads_ = _written(step), _read(step)
            reach = set(back.gradients) if isinstance(step, ast.Return) else set().union(*(goes.get(name, set()) for name in makes))
            if isinstance(step, ast.For | ast.If | ast.With):
                reach |= set().union(*(found[id(each)] for each in steps_of(step.body)), set())
            if not reach <= found[id(step)]:
                found[id(step)] |= reach
                moving = True
            for name in reads_ if not isinstance(step, ast.Return) else ():
                if not reach <= goes.setdefault(name, set()):
                    goes[name] |= reach
                    moving = True
    return found


def changed_in(node: ast.AST) -> set[str]:
    """The names that a statement binds or changes, by the methods of a list or a dict and by `np.add.at` too."""
    found = written(node)
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _GROWS:
                found.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(), attr="at"), args=[ast.Name(id=name), *_]):
                found.add(name)
    return found


def _written(step: ast.stmt) -> set[str]:
    if isinstance(step, ast.For | ast.If | ast.With | ast.Return | ast.FunctionDef):
        return written(step.target) if isinstance(step, ast.For) else {step.name} if isinstance(step, ast.FunctionDef) else set()
    return changed_in(step) - {"self"} | {
        ast.unparse(n) for n in ast.walk(step) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    }


def _parses(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True
