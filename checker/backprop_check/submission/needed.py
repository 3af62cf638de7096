"""What of a file's top level is needed: only that runs, and of the rest it is known which names it would have given.

Imports, functions, classes and assignments of the names that are read run, directly or through what they read, also within `if`, `try` and
`with`. Loops and expressions never do: they train, plot and print.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from backprop_check.exercise.nodes import children, walk
from backprop_check.submission.statements import written

DEEPEST = 30
"""How deep one may stand in another and still be looked into: blocks, functions, comprehensions."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TRIES = (ast.Try, ast.TryStar)
_MUTATORS = (
    "append", "extend", "insert", "remove", "pop", "popleft", "appendleft", "clear", "update", "setdefault", "add", "discard", "sort",
    "reverse",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Atom:
    """One statement that is taken or left as a whole: the names it binds or changes, the blocks it stands in.

    `around` are the names that these blocks read before it is reached, `inside` is what else is read, which is looked for when it is taken.
    `why` says what keeps it from running: "loop", "call", "main" (under `if __name__ == "__main__"`) or "other"; "" for what may run.
    """

    node: ast.stmt
    names: frozenset[str]
    around: frozenset[str]
    within: tuple[ast.stmt, ...]
    why: str = ""
    inside: ast.stmt | None = None

    @property
    def reads(self) -> frozenset[str]:
        return self.around if self.inside is None else self.around | free([self.inside])


@dataclass(frozen=True)
class Needed:
    """`runs` are the statements that run, blocks cut down to what is needed of them; `atoms` the same, one by one.

    `wanted` are all names that are read, `left` the atoms that do not run and would have given, or changed, one of them.
    """

    runs: tuple[ast.stmt, ...]
    atoms: tuple[Atom, ...]
    wanted: frozenset[str]
    left: tuple[Atom, ...]


def needed(body: Sequence[ast.stmt], names: Iterable[str]) -> Needed:
    """Return what of `body`, the top level of a file, is needed where `names` are read. Nothing of `body` is changed."""
    atoms = list(_atoms(body, (), ""))
    by_name: dict[str, list[Atom]] = defaultdict(list)
    decides: dict[int, list[Atom]] = defaultdict(list)  # what else runs in a `try`, for it decides which of its blocks does
    for atom in atoms:
        if not atom.why:
            for name in atom.names:
                by_name[name].append(atom)
            if isinstance(atom.node, ast.Import | ast.ImportFrom | ast.Raise):
                for block in atom.within:
                    decides[id(block)].append(atom)
    search = _Search(by_name, decides)
    search.want(names)
    stars = by_name.get("*", ())
    if stars and not search.wanted <= by_name.keys():
        search.take(stars)
    chosen = tuple(atom for atom in atoms if atom in search.chosen)
    inside = {id(block) for atom in chosen for block in atom.within}
    given: dict[int, list[ast.stmt]] = defaultdict(list)
    for atom in chosen:
        given[id(getattr(atom.node, "origin", atom.node))].append(atom.node)
    left = tuple(atom for atom in atoms if atom.why and atom.names & search.wanted)
    return Needed(tuple(_kept(body, given, inside)), chosen, frozenset(search.wanted), left)


def units(runs: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs under a limit of its own, in order: each statement, of an `if` its test, then the statements in it."""
    for node in runs:
        yield node
        if isinstance(node, ast.If):
            yield from units(node.body)
            yield from units(node.orelse)


def gives(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement binds or changes in its own scope, blocks in it included."""
    return frozenset(_stored([node])) | written(node)


def free(nodes: Iterable[ast.AST], depth: int = 0) -> set[str]:
    """Return the names that `nodes` read of the scope they stand in, also from within functions. Annotations read nothing."""
    found: set[str] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            found |= {node.id} if isinstance(node.ctx, ast.Load) else set()
        elif depth > DEEPEST:
            stack += children(node)
        elif isinstance(node, _FUNCTIONS):
            stack += [*getattr(node, "decorator_list", ()), *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
            found |= _read_inside(node, depth + 1)
        elif isinstance(node, _COMPREHENSIONS):
            own = {n.id for part in node.generators for n in walk(part.target) if isinstance(n, ast.Name)}
            found |= free(children(node), depth + 1) - own
        elif isinstance(node, ast.AnnAssign):
            stack += [node.target, *([node.value] if node.value else [])]
        else:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
            stack += children(node)
    return found


def _read_inside(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, depth: int) -> set[str]:
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    shared = {name for node in body for n in walk(node) if isinstance(n, ast.Global) for name in n.names}
    parameters = {n.arg for n in walk(function.args) if isinstance(n, ast.arg)}
    return (free(body, depth) - parameters - _stored(body)) | shared


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that `nodes` bind, those of functions and comprehensions in them left out."""
    found: set[str] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        if not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            stack += children(node)
    return found


@dataclass
class _Search:
    by_name: dict[str, list[Atom]]
    decides: dict[int, list[Atom]]
    wanted: set[str] = field(default_factory=set)
    chosen: set[Atom] = field(default_factory=set)

    def want(self, names: Iterable[str]) -> None:
        self.take(atom for name in self._new(names) for atom in self.by_name.get(name, ()))

    def take(self, atoms: Iterable[Atom]) -> None:
        queue = list(atoms)
        while queue:
            atom = queue.pop()
            if atom in self.chosen:
                continue
            self.chosen.add(atom)
            queue += [other for name in self._new(atom.reads) for other in self.by_name.get(name, ())]
            queue += [other for block in atom.within if isinstance(block, _TRIES) for other in self.decides[id(block)]]

    def _new(self, names: Iterable[str]) -> set[str]:
        fresh = set(names) - self.wanted
        self.wanted |= fresh
        return fresh


def _atoms(body: Sequence[ast.stmt], within: tuple[ast.stmt, ...], why: str, around: frozenset[str] = frozenset()) -> Iterator[Atom]:
    """Yield the atoms of a block; `around` are the names that the blocks around it read before it is reached."""
    for node in body:
        deep = len(within) >= DEEPEST
        if isinstance(node, ast.If) and not deep:
            inner = around | free([node.test])
            main = "main" if _is_main(node.test) else ""
            yield from _atoms(node.body, (*within, node), why or main, inner)
            yield from _atoms(node.orelse, (*within, node), why, inner)
        elif isinstance(node, _TRIES) and not deep:
            kinds = (handler.type for handler in node.handlers if handler.type is not None)
            inner = around | free(kinds)
            raises = [n for handler in node.handlers for n in handler.body if isinstance(n, ast.Raise)]
            yield from (Atom(n, frozenset(), frozenset(), (*within, node), why, n) for n in raises)
            for block in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                yield from _atoms(block, (*within, node), why, inner)
        elif isinstance(node, ast.With) and not deep:
            inner = around | free(node.items)
            names = frozenset(_stored(item.optional_vars for item in node.items if item.optional_vars is not None))
            yield Atom(node, names, inner, within, why)
            yield from _atoms(node.body, (*within, node), why, inner)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for part in _parted(node):
                yield Atom(part, frozenset(_stored(part.names)), around, within, why)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AugAssign) or (
            isinstance(node, ast.AnnAssign) and node.value is not None
        ):
            yield Atom(node, gives(node), around, within, why, node)
        elif not isinstance(node, ast.Raise | ast.AnnAssign | ast.Delete):
            yield Atom(node, gives(node) | _changed(node), frozenset(), within, why or _reason(node))


def _parted(node: ast.Import | ast.ImportFrom) -> Iterator[ast.Import | ast.ImportFrom]:
    """An import of several names as several imports: one that cannot be had takes none along."""
    for alias in node.names:
        part = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
        part.origin = node  # type: ignore[union-attr]
        yield ast.copy_location(part, node)


def _kept(body: Sequence[ast.stmt], given: dict[int, list[ast.stmt]], inside: set[int]) -> Iterator[ast.stmt]:
    def cut(block: Sequence[ast.stmt]) -> list[ast.stmt]:
        return list(_kept(block, given, inside)) or [ast.copy_location(ast.Pass(), node)]

    for node in body:
        if id(node) not in inside and not (isinstance(node, ast.With) and id(node) in given):
            yield from given.get(id(node), ())
        elif isinstance(node, ast.If):
            yield ast.copy_location(ast.If(node.test, cut(node.body), list(_kept(node.orelse, given, inside))), node)
        elif isinstance(node, ast.With):
            yield ast.copy_location(ast.With(node.items, cut(node.body)), node)
        elif isinstance(node, _TRIES):
            handlers = [ast.copy_location(ast.ExceptHandler(h.type, h.name, cut(h.body)), h) for h in node.handlers]
            rest = (list(_kept(block, given, inside)) for block in (node.orelse, node.finalbody))
            final = [*rest]
            if not handlers and not final[1]:
                final[1] = cut(())
            yield ast.copy_location(type(node)(cut(node.body), handlers, *final), node)


def _is_main(test: ast.expr) -> bool:
    parts = list(walk(test))
    named = any(isinstance(part, ast.Name) and part.id == "__name__" for part in parts)
    return named and any(isinstance(part, ast.Constant) and part.value == "__main__" for part in parts)


def _reason(node: ast.stmt) -> str:
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return "loop"
    return "call" if isinstance(node, ast.Expr) else "other"


def _changed(node: ast.stmt) -> set[str]:
    """The names whose values a call in a statement changes for certain: `rows.append(3)`."""
    calls = (part.func for part in walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute))
    return {call.value.id for call in calls if isinstance(call.value, ast.Name) and call.attr in _MUTATORS}
