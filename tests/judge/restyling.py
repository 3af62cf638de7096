"""Every right answer of the course in float32, at each place where a learner may ask for it: `python tests/judge/restyling.py` judges all.

`python tests/judge/restyling.py ex05` judges those of one exercise.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import torch
from asking import COURSE, Judge

from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

SOLUTIONS = sorted(p for p in (COURSE / "solutions").glob("ex*.py") if "\ndef backward(" in p.read_text())

HEAD = "import numpy as np\nimport torch\nimport torch.nn.functional as F\n\n"
WHOLE = {
    "float()": "({}).float()",
    "to": "({}).to(torch.float32)",
    "to what is float32": "({}).to(torch.ones(1, dtype=torch.float))",
    "type": "({}).type(torch.FloatTensor)",
    "type by name": "({}).type('torch.FloatTensor')",
    "dtype=": "torch.zeros_like({}, dtype=torch.float32) + ({})",
    "empty": "torch.empty_like({}, dtype=torch.float).copy_({})",
    "there and back": "({}).float().double()",
    "numpy": "torch.from_numpy(({}).numpy().astype(np.float32))",
    "numpy by name": "torch.tensor(np.asarray({}, dtype='float32'))",
}
"""What is written around a whole right answer."""

EACH = {"float()": "{}.float()", "to": "{}.to(dtype=torch.float)", "numpy": "torch.from_numpy({}.numpy().astype('float32'))"}
"""What is written for a name in a right answer."""


def answers(solution: Path) -> tuple[str, dict[str, str]]:
    """A solution's `def` with its first lines, and the expression of each target; in the whole course they are single assignments."""
    function = next(n for n in ast.parse(solution.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == "backward")
    assigned = {ast.unparse(s.targets[0]): ast.unparse(s.value) for s in function.body if isinstance(s, ast.Assign)}
    return f"def backward({ast.unparse(function.args)}):\n", assigned


def floats(graph: Graph) -> frozenset[str]:
    trial = trace(graph, 0, graph.sizes[0])
    return frozenset(n for n, v in {**trial.values, **trial.gradients}.items() if isinstance(v, torch.Tensor) and v.is_floating_point())


class _Restyled(ast.NodeTransformer):
    """Writes `style` for one name of an expression, the one at `place`, or for every one."""

    def __init__(self, names: frozenset[str], style: str, place: int | None) -> None:
        self.names, self.style, self.place, self.seen = names, style, place, 0

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return node if node.attr in ("shape", "dtype", "ndim") else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.names:
            return node
        self.seen += 1
        return ast.parse(self.style.format(node.id), mode="eval").body if self.place in (None, self.seen - 1) else node


def submissions(solution: Path, names: frozenset[str], parameters: Iterable[str]) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Right answers in float32: what stands first in `backward`, and how each target's expression is written."""
    _, right = answers(solution)
    for style in WHOLE.values():
        yield "", partial(_whole, style)
    yield "".join(f"    {name} = {name}.float()\n" for name in parameters if name in names), str
    for style in EACH.values():
        places = range(max(_count(text, names) for text in right.values()))
        for place in (None, *places):
            yield "", partial(_each, names, style, place)


def _whole(style: str, text: str) -> str:
    return style.format(*[text] * style.count("{}"))


def _each(names: frozenset[str], style: str, place: int | None, text: str) -> str:
    return ast.unparse(_Restyled(names, style, place).visit(ast.parse(text, mode="eval")))


def _count(text: str, names: frozenset[str]) -> int:
    counted = _Restyled(names, "{}", -1)
    counted.visit(ast.parse(text, mode="eval"))
    return counted.seen


def refused(ask: Judge, solution: Path, first: str, restyle: Callable[[str], str]) -> list[str]:
    """What is said of each answer of one such submission that does not count as right."""
    head, right = answers(solution)
    restyled = {target: restyle(text) for target, text in right.items()}
    text = HEAD + head + first + "".join(f"    {target} = {text}\n" for target, text in restyled.items())
    judged = ask.text(COURSE / "exercises" / solution.name, text)
    assert judged.message is None, judged.message
    return [f"{n} = {t}: {judged.said(n)} {judged.detail(n)}" for n, t in restyled.items() if judged.verdicts[n].status != "correct"]


def restylings(ask: Judge, solution: Path) -> list[tuple[str, Callable[[str], str]]]:
    graph = ask.graph(COURSE / "exercises" / solution.name)
    return list(submissions(solution, floats(graph), graph.exercise.parameters))


def main() -> None:
    torch.set_num_threads(1)
    tried = wrong = count = 0
    with Zygote.started() as zygote, tempfile.TemporaryDirectory() as folder:
        ask = Judge(zygote, Path(folder))
        for solution in SOLUTIONS:
            if not solution.name.startswith(tuple(sys.argv[1:]) or "ex"):
                continue
            for first, restyle in restylings(ask, solution):
                lost = refused(ask, solution, first, restyle)
                tried, count, wrong = tried + 1, count + len(answers(solution)[1]), wrong + len(lost)
                print(*lost, sep="\n", end="\n" if lost else "", flush=True)
            print(f"{solution.stem}: {count} right answers in {tried} submissions so far, {wrong} refused", flush=True)


if __name__ == "__main__":
    main()
