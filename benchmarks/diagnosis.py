"""From verdict to diagnosis: the time each wrong answer costs, beside a plain linear one-edit search on the same answers in the same run.

Run as `python benchmarks/diagnosis.py [EX] [ANSWERS]` (default: ex13, 200). The answers are slips of the exercise's own solution. Goals:
50 ms in the median, 1 s at the 95th percentile, 3 s at most. No test asserts it.
"""

from __future__ import annotations

import ast
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import torch

from backprop_check.comparison.judge import judge
from backprop_check.diagnosis.by_edit.edits import search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.explain import explain
from backprop_check.diagnosis.order import editors
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Submission, Verdict
from backprop_check.submission.parse import read_submission
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import Graph, load_graph

ROOT = Path(__file__).resolve().parent.parent
SLIPS = ("-({})", "({}).T", "({}) * 2", "({}).sum(0)", "({}).sum(1, keepdim=True)", "({})**2", "({}) / 3", "torch.ones_like({1})")


def main() -> None:
    exercise, answers = (sys.argv[1:] + ["ex13", "200"][len(sys.argv) - 1 :])[:2]
    (solution,) = (ROOT / "solutions").glob(f"{exercise}_*.py")
    graph = load_graph(read_exercise(solution))
    engine, linear, found, unproven = [], [], 0, 0
    warnings.simplefilter("ignore")  # trying edits makes torch warn
    with Zygote.started() as zygote, tempfile.TemporaryDirectory() as folder:
        for submission, verdict in wrong(graph, solution, zygote, Path(folder), int(answers)):
            torch.set_num_threads(1)
            start = time.perf_counter()
            ((diagnoses, _),) = explain(graph, submission, [verdict]).values()
            engine.append(time.perf_counter() - start)
            unproven += diagnoses[0].code == "unrecognised"
            start = time.perf_counter()
            found += one_edit(Case(graph, submission, verdict))
            linear.append(time.perf_counter() - start)
    told("the engine", engine, f"{len(engine) - unproven} named")
    told("one linear search", linear, f"{found} found")
    print(f"the engine takes {sum(engine) / sum(linear):.2f} times as long in all; goals: median 0.050 s, 95 % 1.0 s, most 3.0 s")


def wrong(graph: Graph, solution: Path, zygote: Zygote, folder: Path, most: int) -> Iterator[tuple[Submission, Verdict]]:
    """The verdicts of wrong answers: in each submission every target has one slip, the next one in turn."""
    lines = solution.read_text().split("\n")
    body = next(n for n in ast.parse("\n".join(lines)).body if isinstance(n, ast.FunctionDef) and n.name == "backward").body
    yielded = 0
    for slip in SLIPS:
        changed = list(lines)
        for node in body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.end_lineno:
                name, value = node.targets[0].id, ast.unparse(node.value)
                changed[node.lineno - 1 : node.end_lineno] = [
                    f"    {name} = {slip.replace('{1}', name[1:]).format(value)}",
                    *[""] * (node.end_lineno - node.lineno),
                ]
        path = folder / "answer.py"
        path.write_text("\n".join(changed))
        submission = read_submission(path, graph.exercise)
        verdicts, *_ = judge(graph, submission, zygote, 10.0)
        for verdict in verdicts:
            if verdict.status == "incorrect" and yielded < most:
                yielded += 1
                yield submission, verdict


def one_edit(case: Case) -> bool:
    """Try the single edits of all rules, one after the other, until one is right."""
    return search(case, lambda c, expression: chain.from_iterable(rule.edits(c, expression) for rule in editors())) is not None


def told(who: str, seconds: list[float], what: str) -> None:
    ordered = sorted(seconds)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"{who:18} {len(ordered)} answers: median {statistics.median(ordered):.3f} s, 95 % {late:.3f} s, most {ordered[-1]:.3f} s; {what}"
    )


if __name__ == "__main__":
    main()
