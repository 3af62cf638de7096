"""A forward and a backward in a `torch.autograd.Function`, read as the plain functions that they stand for.

Every line stays where it is. `ctx.saved_tensors` is written out as what `forward` saved, `ctx.k` as what it put there, and what `backward`
returns are the gradients of forward's inputs, in their order, whatever they are called.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.context import Context, Lost, lost
from backprop_check.exercise.mend import parse_leniently
from backprop_check.records import Broken, Exercise

Place = tuple[int, int, int, int]
"""The line and column where a stretch of text begins, and those where it ends; lines from 0, columns in bytes."""


@dataclass(frozen=True)
class Custom:
    """A class with its two functions. `named` are forward's assignments, `kept` what it put on `ctx`, `saved` what it saved."""

    node: ast.ClassDef
    forward: ast.FunctionDef
    backward: ast.FunctionDef
    named: Mapping[str, ast.expr]
    kept: Mapping[str, ast.expr]
    saved: Sequence[ast.expr]
    noted: Sequence[ast.stmt] = field(default=())


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions of a file by name: those at its top level, and a custom function's own two."""
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if (own := custom(tree)) is not None:
        found |= {"forward": own.forward, "backward": own.backward}
    return found


def custom(tree: ast.Module) -> Custom | None:
    """The last custom function of a file that has no `backward` at its top level."""
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "backward" for node in tree.body):
        return None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and any(_is_function(base) for base in node.bases)]
    for node in reversed(classes):
        methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        if {"forward", "backward"} <= methods.keys() and all(len(methods[name].args.args) > 1 for name in ("forward", "backward")):
            return _read(node, methods)
    return None


def plain(text: str) -> str:
    """Return a file's text with its custom function as a plain `forward` and `backward`; any other text as it is."""
    return answer(text)[0]


def answer(text: str, path: Path | None = None, exercise: Exercise | None = None) -> tuple[str, Lost]:
    """Return a text as `plain` does and, of an answer to an `exercise`, what of it would stop under torch.

    Its backward is given the exercise's names. Raises `BadInput` where that is the whole of it.
    """
    if "Function" not in text:
        return text, Lost()
    tree, _, broken = parse_leniently(text)
    found = custom(tree)
    if found is None or found.backward.body[0].lineno == found.backward.lineno:
        return text, Lost()
    arguments = _arguments(found)
    names = [*arguments, *(name for name in found.named if name not in arguments)]
    last = found.forward.body[-1]
    output = last.value.id if isinstance(last, ast.Return) and isinstance(last.value, ast.Name) else ""
    known = {name: ast.Name(name) for name in names} if exercise is None else {}
    inputs = arguments
    without = Lost()
    if exercise is not None:
        names, output, inputs = list(exercise.names), exercise.output, list(exercise.inputs)
        known = {name: ast.Name(name) for name in names} | dict(zip(arguments, map(ast.Name, inputs), strict=False))
        without = lost(_context_of(found, tree, exercise, broken), inputs, text.split("\n"))
    ends = [b for b in broken if b.source.startswith("return") and found.backward.lineno < b.line <= (found.backward.end_lineno or 0)]
    if ends and exercise is not None:
        written = {n.id for n in ast.walk(found.backward) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        due = [target.name for target in exercise.targets if target.node in inputs and target.name not in written]
        without.broken += [replace(ends[-1], target=name) for name in due]
    writer = _Writer(found, known, inputs, output, path if exercise is not None and not ends else None, without)
    arrives = f"d{output}" if exercise is None or exercise.takes_cotangent else f"torch.ones_like({output})"
    return writer.written(text, names, arrives), without


def _context_of(found: Custom, tree: ast.Module, exercise: Exercise, broken: Sequence[Broken]) -> Context:
    own = {a.arg for a in found.backward.args.args}
    names = {*exercise.names, *_arguments(found)} - _bound(tree) - own
    puts = [b for b in broken if "ctx" in b.source and found.node.lineno < b.line < found.backward.lineno]
    saved = None if puts and not found.saved else len(found.saved)
    kept = {*found.kept, *(name for b in puts for name in re.findall(r"ctx\.(\w+)", b.source))}
    targets = [target.name for target in exercise.targets]
    return Context(found.node.name, found.backward, saved, sorted(kept), names, targets, broken)


def misplaced(text: str, exercise: Exercise) -> Iterator[str]:
    """Say of gradients that a custom function returns at another's place that they are."""
    found = custom(parse_leniently(text)[0]) if "Function" in text else None
    last = found.backward.body[-1] if found is not None else None
    given = last.value.elts if isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple) else ()
    for name, each in zip(exercise.inputs, given, strict=False):
        if (
            found is not None
            and isinstance(each, ast.Name)
            and each.id != f"d{name}"
            and each.id in {f"d{other}" for other in exercise.inputs}
        ):
            order = "gradients come back in the order of forward's inputs, and it is the place that counts"
            yield f"line {each.lineno}: `{found.node.name}.backward` returns `{each.id}` at the place of {name}: {order}"


class _Writer:
    """Writes a custom function as two plain ones, by stretches of text that are replaced."""

    def __init__(
        self, found: Custom, known: Mapping[str, ast.expr], inputs: Sequence[str], output: str, path: Path | None, lost: Lost
    ) -> None:
        self.found, self.known, self.inputs, self.output, self.path, self.lost = found, known, inputs, output, path, lost

    def written(self, text: str, names: Sequence[str], arrives: str) -> str:
        lines = [line.encode() for line in text.split("\n")]
        changes = list(self._changes(names, arrives))
        for (first, start, last, end), new in sorted(changes, reverse=True):
            end = len(lines[last]) if end < 0 else end
            rest = [b""] * (last - first)
            lines[first : last + 1] = [lines[first][:start] + new.encode() + lines[last][end:], *rest]
        return b"\n".join(lines).decode()

    def _changes(self, names: Sequence[str], arrives: str) -> Iterator[tuple[Place, str]]:
        found = self.found
        first = found.node
        yield (_top(first) - 1, 0, _top(first.body[0]) - 2, -1), ""
        for node in first.body:
            if node is found.forward or node is found.backward:
                given = names if node is found.backward else _arguments(found)
                cotangent = [arrives] if node is found.backward and arrives.isidentifier() else []
                head = f"def {node.name}({', '.join([*given, *cotangent])}):"
                yield (_top(node) - 1, 0, node.body[0].lineno - 2, -1), head
            else:
                yield (_top(node) - 1, 0, (node.end_lineno or node.lineno) - 1, -1), ""
        for statement in found.noted:
            yield _place(statement), "" if statement in found.forward.body[:-1] else "pass"
        yield from self._backward(arrives)

    def _backward(self, arrives: str) -> Iterator[tuple[Place, str]]:
        backward, context = self.found.backward, _context(self.found, self.found.backward)
        gradient = backward.args.args[1].arg
        if gradient != arrives:
            begin = backward.body[0]
            yield (begin.lineno - 1, begin.col_offset, begin.lineno - 1, begin.col_offset), f"{gradient} = {arrives}; "
        last = backward.body[-1]
        if isinstance(last, ast.Return):
            yield _place(last), self._returned(last)
        elif self.path is not None:
            name = self.found.node.name
            raise BadInput(f"{self.path}:{last.lineno}: `{name}.backward` returns no gradient: end it with `return`, one for each input.")
        for statement in self.lost.statements:
            yield _place(statement), "pass"
        without = [*self.lost.statements, *([last] if isinstance(last, ast.Return) else [])]
        inside = [node for node in backward.body if node not in without]
        for node in (n for statement in inside for n in ast.walk(statement)):
            used = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == context
            if isinstance(node, ast.Attribute) and used and (text := self._on_context(node.attr)) is not None:
                yield _place(node), text

    def _on_context(self, name: str) -> str | None:
        if name == "saved_tensors":
            saved = [ast.unparse(self._spelled(each)) for each in self.found.saved]
            return f"({', '.join(saved)}{',' * (len(saved) == 1)})"
        if name == "needs_input_grad":
            return f"({'True, ' * len(self.inputs)})"
        return f"({ast.unparse(self._spelled(self.found.kept[name]))})" if name in self.found.kept else None

    def _spelled(self, part: ast.expr, deep: int = 0) -> ast.expr:
        """An expression of forward in the names that the exercise knows."""
        writer = self

        class Spell(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                if node.id in writer.known:
                    return writer.known[node.id]
                value = writer.found.named.get(node.id)
                return writer._spelled(value, deep + 1) if value is not None and deep < len(writer.found.named) + 1 else node

        made: ast.expr = Spell().visit(copy.deepcopy(part))
        return made

    def _returned(self, last: ast.Return) -> str:
        """What is returned, as assignments: the gradient of each input is what stands at its place."""
        value = last.value
        given: list[ast.expr] = list(value.elts) if isinstance(value, ast.Tuple) else [value] if value is not None else []
        targets = [f"d{name}" for name in self.inputs]
        if len(given) == 1 and len(targets) > 1 and not isinstance(value, ast.Tuple) and not isinstance(given[0], ast.Constant):
            return f"{', '.join(targets)} = {ast.unparse(given[0])}"
        if self.path is not None and len(given) < len(targets):
            due = "one is due for each input of forward, in their order, None for one that has no gradient"
            raise BadInput(f"{self.path}:{last.lineno}: `{self.found.node.name}.backward` returns {len(given)} of {len(targets)}: {due}.")
        here = [each for place, each in enumerate(zip(targets, given, strict=False)) if place not in self.lost.places]
        pairs = [(name, ast.unparse(each)) for name, each in here]
        other = [(name, each) for name, each in pairs if each not in (name, "None")]
        lost = {name for name, each in pairs if each == "None"} & {name for name in targets if self._is_written(name)}
        other += [(name, "None") for name in sorted(lost)]
        if len(other) == 1:  # its expression stays at its column, for carets
            place = next((each.col_offset for name, each in here if name == other[0][0]), 0)
            return f"{other[0][0]} ={' ' * max(1, place - last.col_offset - len(other[0][0]) - 2)}{other[0][1]}"
        return f"{', '.join(n for n, _ in other)} = {', '.join(e for _, e in other)}" if other else "pass"

    def _is_written(self, name: str) -> bool:
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(self.found.backward))


def _arguments(found: Custom) -> list[str]:
    """What forward is given beside `ctx`."""
    return [a.arg for a in found.forward.args.args if a.arg != _context(found, found.forward)]


def _read(node: ast.ClassDef, methods: Mapping[str, ast.FunctionDef]) -> Custom:
    separate = methods.get("setup_context")
    named: dict[str, ast.expr] = {}
    kept: dict[str, ast.expr] = {}
    saved: list[ast.expr] = []
    noted: list[ast.stmt] = []
    for function in filter(None, (methods["forward"], separate)):
        context = function.args.args[0].arg
        for statement in function.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if function is not separate:
                    named.setdefault(name, value)
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=of), attr=name)], value=value) if of == context:
                    kept[name] = value
                    noted.append(statement)
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=name), args=args)) if of == context:
                    saved += args if name == "save_for_backward" else []
                    noted.append(statement)
    here = [each for each in noted if each in methods["forward"].body]
    return Custom(node, methods["forward"], methods["backward"], named, kept, saved, here)


def _bound(tree: ast.Module) -> set[str]:
    """The names that the top level of a file gives to something."""
    return {n.id for node in tree.body if isinstance(node, ast.Assign) for n in ast.walk(node) if isinstance(n, ast.Name)}


def _is_function(base: ast.expr) -> bool:
    return (isinstance(base, ast.Name) and base.id == "Function") or (isinstance(base, ast.Attribute) and base.attr == "Function")


def _context(found: Custom, function: ast.FunctionDef) -> str:
    """What a function calls its `ctx`; nothing where it has none, as a forward beside `setup_context`."""
    separate = any(isinstance(each, ast.FunctionDef) and each.name == "setup_context" for each in found.node.body)
    return "" if separate and function is found.forward else function.args.args[0].arg


def _top(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _place(node: ast.stmt | ast.expr) -> Place:
    return node.lineno - 1, node.col_offset, (node.end_lineno or node.lineno) - 1, node.end_col_offset or 0
