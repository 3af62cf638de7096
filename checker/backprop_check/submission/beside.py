"""Modules handed in beside a submission: which of them it imports, and the importer that gives them to the worker, from texts alone."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from backprop_check.exercise.mend import parse_leniently
from backprop_check.exercise.nodes import walk
from backprop_check.records import Module
from backprop_check.submission.needed import Needed, gives, needed

Beside = Callable[[str], str | None]
"""Gives the text of a file by its path below the submission's folder (`helpers.py`, `utils/ops.py`), None where there is none."""

MOST_MODULES, MOST_TEXT, DEEPEST, ROUNDS = 32, 1_000_000, 3, 200
"""How many modules there may be, how many characters of them all, how many names a path may have, how often one is looked at again."""

_NEVER = sys.stdlib_module_names | {"torch", "numpy", "backprop_check"}
"""What these names mean is never a file of the learner's."""

Run = Callable[[Sequence[ast.stmt], dict[str, Any], Callable[[ast.stmt, BaseException], None]], None]


def no_files(path: str) -> str | None:
    """There is nothing beside the submission."""
    return None


def modules_for(nodes: Iterable[ast.AST], beside: Beside) -> dict[str, Module]:
    """Return the modules that `nodes` import of what lies `beside`, and those that these import, by name; each with what is read of it."""
    found: dict[str, Module | None] = {}
    queue: list[tuple[list[ast.AST], str]] = [(list(nodes), "")]
    for _ in range(ROUNDS):
        if not queue:
            break
        part, package = queue.pop()
        for name, names in _imported(part, package):
            if name not in found:
                known = [module for module in found.values() if module is not None]
                room = MOST_TEXT - sum(len(module.text) for module in known) if len(known) < MOST_MODULES else 0
                found[name] = _found(name, beside, room)
                if found[name] is not None:  # a folder is a package without a word of its own
                    found |= {above: found.get(above) or Module("", "") for above in _above(name)}
            module = found[name]
            if module is not None and not names <= module.wants:
                found[name] = module = Module(module.path, module.text, module.wants | names)
                queue.append((code(module), name if module.is_package else name.rpartition(".")[0]))
    return {name: module for name, module in found.items() if module is not None}


def outside_of(module: Module) -> Needed:
    """Return what of a module's top level runs. Raises `SyntaxError` where it does not parse."""
    body = ast.parse(module.text).body
    everything = {name for node in body for name in gives(node)} if "*" in module.wants else set()
    return needed(body, {*module.wants, *everything})


def code(module: Module) -> list[ast.AST]:
    """Return the statements of a module that run; none where it does not parse."""
    try:
        return list(outside_of(module).runs)
    except SyntaxError:
        return []


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """In the worker: gives `modules`, by name. What Python has loaded already is never replaced.

    `run` runs statements one by one in a scope and tells of each that raises; what needed it is an `ImportError` that says why.
    """

    def __init__(self, modules: Mapping[str, Module], builtins: Any, run: Run) -> None:
        self.modules, self.builtins, self.run = modules, builtins, run

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        module = self.modules.get(fullname)
        return importlib.util.spec_from_loader(fullname, self, is_package=module.is_package) if module is not None else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        given = self.modules[module.__name__]
        lost: dict[str, str] = {}

        def failed(node: ast.stmt, error: BaseException) -> None:
            told = f"line {node.lineno} of {given.path} raised {type(error).__name__}: {error}"
            lost.update(dict.fromkeys(gives(node), told[:400]))

        def missing(name: str) -> Any:
            if name in lost:
                raise ImportError(lost[name])
            raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")

        scope = vars(module)
        scope["__builtins__"] = self.builtins
        scope["__getattr__"] = missing
        self.run(outside_of(given).runs, scope, failed)


def _imported(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each module that may be meant, and what is read of it."""
    parts = [part for node in nodes for part in walk(node)]
    attributes = frozenset(part.attr for part in parts if isinstance(part, ast.Attribute))
    for part in parts:
        if isinstance(part, ast.Import):
            for alias in part.names:
                yield from ((name, attributes) for name in (*_above(alias.name), alias.name))
        elif isinstance(part, ast.ImportFrom):
            home = package.split(".")[: max(0, package.count(".") + 2 - part.level)] if part.level and package else []
            whole = ".".join([*home, *([part.module] if part.module else [])])
            yield from ((name, attributes) for name in _above(whole))
            for alias in part.names:
                if whole:
                    yield whole, frozenset({alias.name})
                yield f"{whole}.{alias.name}".lstrip("."), attributes


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _found(name: str, beside: Beside, room: int) -> Module | None:
    parts = name.split(".")
    if parts[0] in _NEVER or len(parts) > DEEPEST or not all(part.isidentifier() for part in parts):
        return None
    for path in ("/".join(parts) + ".py", "/".join([*parts, "__init__.py"])):
        text = beside(path)
        if text is not None and len(text) <= room:
            return Module(path, parse_leniently(text)[1])
    return None
