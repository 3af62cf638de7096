"""What stands outside a `backward`: the text of it all, which of its statements run, and where every name that is read comes from."""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backprop_check.records import Broken, Module, Outer
from backprop_check.submission.beside import Beside, modules_for, outside_of
from backprop_check.submission.needed import Needed, gives, needed, units
from backprop_check.submission.policy import asks_oracle

GIVEN = re.compile(r"\s*(?:(?:async\s+)?def\s+|class\s+|from\s.*\bimport\s+|import\s+)?(\w+)")
_LONGEST = 60


@dataclass(frozen=True)
class Part:
    """Text outside `backward`: where it stands ("" for the file or cell of `backward`), what of it does not parse, its tree."""

    place: str
    text: str
    broken: Sequence[Broken] = ()
    tree: ast.Module | None = None


@dataclass(frozen=True)
class Outside:
    """`text` is all of it, `needs` the names read; `above`, `others` and `modules` are as a `Submission` has them."""

    text: str
    needs: frozenset[str]
    runs: Needed
    above: tuple[Outer, ...]
    others: tuple[Outer, ...]
    modules: Mapping[str, Module]

    def asking(self, forward: Collection[str], methods: Collection[str]) -> dict[str, tuple[int, str]]:
        """Return which names ask autograd when they are used: (line, how). A module does where what is read of it does."""
        found = {}
        for atom in self.runs.atoms:
            nodes = [atom.node]
            if isinstance(atom.node, ast.Import | ast.ImportFrom):
                nodes += [part for module in modules_for([atom.node], self._read).values() for part in _runs(module)]
            how = next((how for node in nodes if (how := asks_oracle(node, forward, methods))), None)
            found.update(dict.fromkeys(atom.names, (atom.node.lineno, how)) if how else {})
        return found

    def _read(self, path: str) -> str | None:
        return next((module.text for module in self.modules.values() if module.path == path), None)


def outside(parts: Sequence[Part], attempts: Sequence[Part], names: Collection[str], beside: Beside, also: Sequence[ast.AST]) -> Outside:
    """Return what stands in `parts`, of which `names` are read. `also` is the code that reads them: it may import what lies `beside`.

    `attempts` are bodies of other `backward`s: nothing of them runs. A text of one part keeps its line numbers.
    """
    text = "".join(part.text for part in parts)
    tree = parts[0].tree if len(parts) == 1 else None
    runs = needed((tree or ast.parse(text)).body, names)
    lines, where = text.split("\n"), _Places(parts)
    imports = [atom.node for atom in runs.atoms]
    modules = modules_for([*imports, *also], beside)
    above = tuple(_outer(node, lines, where) for node in units(runs.runs))
    others = [
        *(_outer(atom.node, lines, where, atom.names, atom.why) for atom in runs.left),
        *(outer for module in modules.values() if module.path for outer in _of_module(module)),
        *(outer for part in parts for outer in _of_broken(part)),
        *(outer for part in attempts for outer in _of_attempt(part)),
    ]
    return Outside(text, frozenset(names), runs, above, tuple(others), modules)


class _Places:
    """Tells of a line of the whole text in which part it stands."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts, self.starts = parts, [1]
        for part in parts:
            self.starts.append(self.starts[-1] + part.text.count("\n"))

    def __call__(self, line: int) -> str:
        number = max(0, bisect.bisect_right(self.starts, line, hi=len(self.parts)) - 1)
        return _at(line - self.starts[number] + 1, self.parts[number].place)


def _at(line: int, place: str) -> str:
    return f"line {line}" + (f" of {place}" if place else "")


def _outer(
    node: ast.stmt, lines: Sequence[str], where: _Places, names: frozenset[str] | None = None, why: str = "", module: str = ""
) -> Outer:
    source = lines[node.lineno - 1].strip()
    shown = source if len(source) <= _LONGEST else source[: _LONGEST - 1] + "…"
    return Outer(node.lineno, where(node.lineno), shown, gives(node) if names is None else names, why, module)


def _runs(module: Module) -> tuple[ast.stmt, ...]:
    try:
        return outside_of(module).runs
    except SyntaxError:
        return ()


def _of_module(module: Module) -> Iterator[Outer]:
    try:
        runs = outside_of(module)
    except SyntaxError:
        return
    lines, where = module.text.split("\n"), _Places([Part(module.path, module.text)])
    yield from (_outer(atom.node, lines, where, atom.names, atom.why, module.path) for atom in (*runs.left, *runs.atoms))


def _of_broken(part: Part) -> Iterator[Outer]:
    for each in part.broken:
        if found := GIVEN.match(each.source):
            yield Outer(each.line, _at(each.line, part.place), each.source.strip()[:_LONGEST], frozenset({found[1]}), "broken")


def _of_attempt(part: Part) -> Iterator[Outer]:
    lines, where = part.text.split("\n"), _Places([part])
    yield from (_outer(node, lines, where, None, "attempt") for node in ast.parse(part.text).body)
