"""Those statements of what has run that made a value, as they stand in the source: in cells, a script or a function."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.live.caller import Caller, Part
from backprop_check.pairs.pair import is_numpy
from backprop_check.pairs.reach import changed_in
from backprop_check.submission.statements import written

Made = tuple[Part, ast.stmt]

_BUILT_IN = frozenset({
    "range", "len", "zip", "enumerate", "reversed", "sorted", "list", "tuple", "dict", "set", "sum", "min", "max", "abs", "int", "float",
    "slice", "isinstance", "round", "bool",
})  # fmt: skip
_MODULES = ("torch", "math", "numpy")
_MORE = (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.While, ast.Delete, ast.Await, ast.Yield, ast.YieldFrom)
_DRAW = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm)
_NOT = ("backward", "step", "zero_grad", "load_state_dict", "write", "seed", "manual_seed", "save", "load", "item_")
_LISTS = (
    "parameters",
    "named_parameters",
    "buffers",
    "named_buffers",
    "modules",
    "named_modules",
    "children",
    "named_children",
    "state_dict",
)
"""Methods of a module that list what it holds."""


class Refused(Exception):
    """A statement does more than compute, and its value is needed."""


def made(caller: Caller, name: str, is_given: Callable[[str], bool], whole: bool, anew: bool) -> list[Made]:
    """Return the statements that gave `name` its value, from values that `is_given` says are there. Raises `Refused`.

    The `whole` of a cell is what it gives others besides. With `anew`, what a loop gives a value is made by it, whatever it is now.
    """
    slicer = _Slicer(caller, is_given, anew)
    needed, kept = {name}, list[Made]()
    ran = [(part, node) for part, node in _top(caller) if node.lineno <= part.upto]
    if whole:
        here = {id(part) for part, node in ran if name in slicer.writes(node)}
        needed |= {n for part, node in ran if id(part) in here for n in slicer.writes(node) if not is_given(n)}
    for part, node in reversed(ran):
        if not slicer.writes(node) & needed:
            continue
        try:
            cut = slicer.cut(node, needed)
        except Refused:
            if name in slicer.writes(node):
                raise
            needed -= slicer.writes(node)  # they are there, whatever made them
            continue
        if cut is None:
            continue
        kept.append((part, cut))
        reads = slicer.reads(cut)
        if isinstance(cut, ast.Assign) and all(isinstance(n, ast.Name | ast.Tuple) for n in cut.targets):
            needed -= written(cut) - reads
        elif isinstance(cut, ast.FunctionDef):
            needed.discard(cut.name)
        needed |= {n for n in reads if not is_given(n)}
    return kept[::-1]


def _top(caller: Caller) -> Iterator[Made]:
    for part in caller.parts:
        try:
            body = ast.parse(part.text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        inner = body[0].body if part.function and body and isinstance(body[0], ast.FunctionDef) else body
        yield from ((part, node) for node in inner)


class _Slicer:
    def __init__(self, caller: Caller, is_given: Callable[[str], bool], anew: bool) -> None:
        self.names, self.is_given, self.anew = caller.names, is_given, anew
        self.pure: dict[str, bool] = {}
        self.bodies: dict[str, Sequence[ast.AST]] = {}
        for _, node in caller.statements():
            self.bodies |= {name: node.body if isinstance(node, ast.FunctionDef) else [node] for name in defined(node)}

    def writes(self, node: ast.AST) -> set[str]:
        return {node.name} if isinstance(node, ast.FunctionDef) else changed_in(node)

    def reads(self, node: ast.AST) -> set[str]:
        own = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
        within = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} if own else set()
        return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - own - within

    def cut(self, node: ast.stmt, needed: set[str]) -> ast.stmt | None:
        """The statement without what of a loop is not needed; None where it does not make what is needed. Raises `Refused`."""
        if isinstance(node, ast.For | ast.With | ast.If):
            inner = self._block(node.body, needed)
            if not inner:
                return None
            node = copy.copy(node)
            node.body = inner
            if isinstance(node, ast.For | ast.If):
                node.orelse = []
            heads: list[ast.AST] = [node.iter] if isinstance(node, ast.For) else [node.test] if isinstance(node, ast.If) else [*node.items]
            self._hold(heads)
        elif not isinstance(node, ast.FunctionDef):
            self._hold([node])
        else:
            self._hold(node.body)
        return node

    def _block(self, body: Sequence[ast.stmt], needed: set[str]) -> list[ast.stmt]:
        """The statements of a block that write what is needed, there or in another round."""
        kept: dict[int, ast.stmt] = {}
        wanted = set(needed)
        growing = True
        while growing:
            growing = False
            for number, node in enumerate(body):
                if number in kept or not self.writes(node) & wanted:
                    continue
                cut = self.cut(node, wanted)
                if cut is not None:
                    kept[number] = cut
                    wanted |= {n for n in self.reads(cut) if self.anew or not self.is_given(n)}
                    growing = True
        return [kept[number] for number in sorted(kept)]

    def _hold(self, nodes: Sequence[ast.AST]) -> None:
        """Raise where something is called that may do more than compute."""
        for node in (n for each in nodes for n in ast.walk(each)):
            if isinstance(node, _MORE):
                raise Refused
            if isinstance(node, ast.Call) and not self._only_computes(node.func):
                raise Refused

    def _only_computes(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return self._is_pure(function.id)
        if not isinstance(function, ast.Attribute):
            return True  # what a call or an index gives is looked at where it stands
        root = _root(function)
        value = self.names.get(root.id) if root is not None else None
        if isinstance(value, types.ModuleType):
            text = ast.unparse(function)
            return value.__name__.split(".")[0] in _MODULES and "rand" not in text and function.attr not in _NOT
        if isinstance(value, torch.nn.Module) and function.attr in _LISTS:
            return True
        plain = value is None or isinstance(value, torch.Tensor | list | tuple | dict | int | float) or is_numpy(value)
        return plain and function.attr not in _NOT

    def _is_pure(self, name: str) -> bool:
        """Whether calling what has a name only computes: torch's own, a module made of torch's own, a function of such calls."""
        value = self.names.get(name)
        if value is None:
            return name in _BUILT_IN
        if isinstance(value, torch.nn.Module):
            return all(type(each).__module__.startswith("torch.nn") and not isinstance(each, _DRAW) for each in value.modules())
        if not isinstance(value, types.FunctionType) or value.__module__.startswith(_MODULES):
            return str(getattr(value, "__module__", None)).startswith(_MODULES) and "rand" not in name
        if name not in self.pure:
            self.pure[name] = False  # one that calls itself
            try:
                self._hold(self.bodies.get(name, [ast.Delete([])]))
                self.pure[name] = True
            except Refused:
                pass
        return self.pure[name]


def _root(node: ast.AST) -> ast.Name | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None


def defined(node: ast.stmt) -> set[str]:
    """The names of the functions that a statement defines."""
    match node:
        case ast.FunctionDef(name=name):
            return {name}
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
            return {name}
    return set()


def names_read(statements: Sequence[ast.stmt]) -> set[str]:
    return {n.id for node in statements for n in ast.walk(node) if isinstance(n, ast.Name)}


def text_of(names: Mapping[str, Any], value: Any, looped: frozenset[str]) -> str | None:
    """How an array is reached from the caller's names; by a loop's name only where there is no other."""
    late = [name for name in names if name in looped]
    for name in [*(name for name in names if name not in looped), *late]:
        there = names[name]
        if there is value:
            return name
        if type(there) is dict:
            key = next((key for key, each in there.items() if each is value), None)
            if key is not None:
                return f"{name}[{key!r}]"
        if type(there) in (list, tuple):
            at = next((number for number, each in enumerate(there) if each is value), None)
            if at is not None:
                return f"{name}[{at}]"
    return None
