"""The paths of a node: what comes back through each single use of it, a name in a line of the forward."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import CodeType

import torch

from backprop_check.diagnosis.case import Case, Tensors
from backprop_check.expression.work import REPLAY
from backprop_check.records import Line, Run
from backprop_check.trace.oracle import in_float64

PATHS = 8


@dataclass(frozen=True)
class Path:
    """One use of the node: the `use`-th of the `uses` in `line`, and by run the gradient that comes back through it.

    Uses of one line that send back the same (the two of `x * x`) are one path: which of them an answer lacks, nobody can tell.
    `squared` marks such a path. `places` says which of all uses in the line it is made of, those that are no path counted too.
    """

    line: Line
    use: int
    uses: int
    values: Tensors
    squared: bool = False
    places: tuple[int, ...] = ()

    @property
    def told(self) -> str:
        """How a sentence names it: `p`, or `the 2nd use in p`."""
        return self.line.name if self.uses == 1 else f"the {ordinal(self.use)} use in {self.line.name}"


def ordinal(place: int) -> str:
    """`1st` of 0, `2nd` of 1."""
    return {0: "1st", 1: "2nd", 2: "3rd"}.get(place, f"{place + 1}th")


def named(tree: ast.AST, name: str) -> list[ast.Name]:
    """Where a name stands in a line, from left to right."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    return sorted(found, key=lambda n: (n.lineno, n.col_offset))


def paths(case: Case) -> list[Path]:
    """The uses through which a gradient comes back. Together they are the oracle."""
    return [path for line in case.consumers for path in _in_line(case, line)]


def uses_kept(case: Case, found: list[Path]) -> tuple[Path, ...] | None:
    """The uses whose gradients alone, added up, are the answer; None if there is no such choice that leaves a use out."""
    if not case.everywhere or len(found) < 2:
        return None
    # Of many uses (a network unrolled in time) only all but one, or one alone, are tried.
    for count in range(len(found) - 1, 0, -1) if len(found) <= PATHS else (len(found) - 1, 1):
        for chosen in combinations(found, count):
            if case.is_answer(through(case, chosen)):
                return chosen
    return None


def off(case: Case, found: list[Path], factors: Sequence[float]) -> Path | None:
    """The one use whose gradient is in the answer `factors[i]` times in the i-th run, while all others are in it once."""
    if not case.everywhere or len(found) < 2:
        return None
    for path in found:
        if case.is_answer([o + (f - 1) * v for o, v, f in zip(case.oracles, path.values, factors, strict=True)]):
            return path
    return None


def through(case: Case, chosen: tuple[Path, ...]) -> Tensors:
    return [sum((path.values[i] for path in chosen), torch.zeros_like(o)) for i, o in enumerate(case.oracles)]


def _in_line(case: Case, line: Line) -> Iterator[Path]:
    tree = ast.parse(f"({line.source}\n)", mode="eval")
    uses = named(tree, case.node)
    for k, name in enumerate(uses):
        name.id = f"_use{k}"
    code = compile(tree, line.name, "eval")
    values = [[_gradient(case, run, line, code, len(uses), k) for run in case.runs] for k in range(len(uses))]
    # A use that only lends its shape, or is detached, is no path.
    live = [(i, v) for i, v in enumerate(values) if any(bool(t.any()) for t in v)]
    apart = [v for k, (_, v) in enumerate(live) if not any(_same(v, w) for _, w in live[:k])]
    for k, v in enumerate(apart):
        alike = tuple(i for i, w in live if _same(w, v))
        yield Path(line, k, len(apart), [len(alike) * t for t in v], len(alike) > 1, alike)


def _same(a: Tensors, b: Tensors) -> bool:
    return all(torch.allclose(x, y, rtol=1e-9, atol=0) for x, y in zip(a, b, strict=True))


def _gradient(case: Case, run: Run, line: Line, code: CodeType, uses: int, k: int) -> torch.Tensor:
    """What comes back through the k-th use, with the oracle's gradient arriving at the line."""
    names = in_float64(run.trial.values)
    node = names[case.node]
    leaf = node.clone().requires_grad_()
    names |= {f"_use{i}": leaf if i == k else node for i in range(uses)}
    with torch.enable_grad():
        value = eval(code, {**case.graph.scope, **names})
        case.work.count(value, times=REPLAY)
        if not isinstance(value, torch.Tensor) or not value.requires_grad:
            return torch.zeros_like(node)
        weighted = (value * run.trial.gradients["d" + line.name]).sum()
        (found,) = torch.autograd.grad(weighted, [leaf], allow_unused=True)
    return torch.zeros_like(node) if found is None else found
