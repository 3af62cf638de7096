"""Answers with two or three random slips in one line: how much of what is said of them is false, held by a reader that knows only the JSON.

    python benchmarks/slips.py KEPT.jsonl [ANSWERS [SEED]]      (default: 500, seed 1)
    python benchmarks/slips.py KEPT.jsonl --show                every sentence said of these answers as well, and what does not hold

The lines are those of the course's solutions and of the graphs of `tests/heldout`; the slips are those of `dev check --mutants`, one made
in what the one before left. Each answer is alone in a file that is right otherwise, and goes the way of a learner's. Every claim is then
held by `tests/diagnosis/verifier.py`, and every fix on trials of its own. KEPT.jsonl takes up each answer as it is done, so that a run
that was stopped goes on where it was. Needs a checkout and the extra `test`; an answer takes half a second or so.
"""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "diagnosis"))

from verifier import counted, false_claims

from backprop_check.authoring import ground as tried
from backprop_check.authoring.answers import Answers, read_answers
from backprop_check.authoring.ground import Ground, ground
from backprop_check.authoring.mutants import Mutant, mutants, operands
from backprop_check.exercise.custom import plain
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.report.json import as_json
from backprop_check.submission.workers import Workers, started
from backprop_check.trace.graph import Graph, default_dtype, load_graph

ROOT = Path(__file__).resolve().parent.parent
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """A line of a solution with some slips in it; `right` is whether autograd agrees after all."""

    solution: tuple[Graph, Answers, Ground]
    target: str
    slips: tuple[str, ...]
    code: str
    right: bool


@cache
def read(solution: Path) -> tuple[Graph, Answers, Ground]:
    exercise = read_exercise(solution)
    graph, answers = load_graph(exercise), read_answers(solution, exercise)
    return graph, answers, ground(graph, answers.helpers)


def two_functions(solution: Path, folder: Path) -> Path:
    """A solution; of a custom function the plain one that it stands for, which the reader of claims knows."""
    text = plain(solution.read_text())
    if text == solution.read_text():
        return solution
    path = folder / solution.name
    path.write_text(text)
    return path


def solved(graph: Path, folder: Path) -> Path:
    """A graph of `tests/heldout` with its right answers written into it."""
    right = json.loads((graph / "right.json").read_text())
    text = re.sub(r"\bd(\w+) = \.\.\.", lambda stub: f"d{stub[1]} = {right[stub[1]]}", (graph / "exercise.py").read_text())
    path = folder / f"{graph.name}.py"
    path.write_text(text.replace("import torch\n", "import torch\nimport torch.nn.functional as F\n", 1))
    return path


def slipped(rng: random.Random, solutions: Sequence[Path]) -> Answer:
    """Draw a line and two or three slips of it. Of slips the kind is drawn first, so that the many operands do not crowd out the rest."""
    graph, answers, numbers = solution = read(rng.choice(solutions))
    target = rng.choice(sorted(answers.expressions))
    names = tried.names(graph, numbers.trials[0])
    usable = sorted({*graph.exercise.names, *filter(names.is_gradient, graph.exercise.parameters), *answers.expressions} - {target})
    expression, made, left = answers.expressions[target], list[str](), rng.choice((2, 3))
    while left:
        left -= 1
        kinds: dict[str, list[Mutant]] = {}
        for mutant in mutants(target, expression, names, operands(target, expression, names, usable)):
            if "\n" not in mutant.code or not left:  # in several statements no further slip is made
                kinds.setdefault(mutant.slip, []).append(mutant)
        chosen = rng.choice(kinds[rng.choice(sorted(kinds))])
        made.append(chosen.slip)
        expression = chosen.code.removeprefix(f"{target} = ")
    return Answer(solution, target, tuple(made), chosen.code, numbers.right(target, numbers.values(target, chosen.code)))


def measured(answer: Answer, zygote: Workers, path: Path) -> dict[str, Any]:
    """What is said of an answer, and what of it does not hold."""
    (graph, answers, numbers), target = answer.solution, answer.target
    exercise = graph.exercise.path
    lines = {name: f"{name} = {right}" for name, right in answers.expressions.items()}
    path.write_text(answers.submission({**lines, target: answer.code}))
    row: dict[str, Any] = {"exercise": exercise.stem, "target": target, "slips": answer.slips, "code": answer.code, "right": answer.right}
    try:
        report = json.loads(json.dumps(as_json(check(exercise, path, zygote)), allow_nan=False))
    except Exception as error:
        return {**row, "broke": [f"{type(error).__name__}: {error}"]}
    (gradient,) = [g for g in report["gradients"] if g["name"] == target]
    row |= {"status": gradient["status"], "said": gradient["diagnoses"], "claims": counted(report)}
    row["false"] = list(false_claims(report, exercise, path))
    row["others"] = [g["name"] for g in report["gradients"] if g["status"] != "correct" and g is not gradient]
    fixes = [said["fix"] for said in row["said"] if said["fix"]]
    row["not mended"] = [fix for fix in fixes if not numbers.right(target, numbers.values(target, f"{target} = {fix}"))]
    return row


def measure(kept: Path, many: int, seed: int) -> None:
    """Add the answers that are not there yet."""
    done = len(kept.read_text().splitlines()) if kept.exists() else 0
    heard: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: heard.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    logging.getLogger("backprop_check").addHandler(handler)
    with started() as zygote, tempfile.TemporaryDirectory() as name, default_dtype(torch.float64), kept.open("a") as out:
        graphs = [path.parent for path in sorted((ROOT / "tests" / "heldout").glob("*/right.json"))]
        solutions = [*(two_functions(path, Path(name)) for path in sorted((ROOT / "solutions").glob("ex*.py")))]
        solutions += [solved(graph, Path(name)) for graph in graphs]
        for n in range(done, many):
            row = measured(slipped(random.Random(f"{seed} {n}"), solutions), zygote, Path(name) / "answer.py")  # noqa: S311 (no secret)
            print(json.dumps({"n": n, **row, "broke": [*row.get("broke", ()), *heard]}), file=out, flush=True)
            heard.clear()


def counts(rows: Sequence[Row]) -> Iterator[str]:
    wrong = [row for row in rows if row.get("status", "correct") != "correct"]
    facts = [row for row in wrong if row["said"][0]["code"] == "unrecognised"]
    kinds = Counter(kind for row in wrong for claim in row["false"] for kind in re.findall(r": {'kind': '([\w-]+)'", claim))
    unshared = [row for row in rows if (row.get("status") == "correct") != row["right"] or row.get("others")]
    yield f"answers: {len(rows)}, right after all: {len(rows) - len(wrong)}; verdicts that autograd does not share: {len(unshared)}"
    yield f"wrong: {len(wrong)}, named: {len(wrong) - len(facts)}, facts only: {len(facts)}"
    yield f"mended: {sum(any(said['fix'] for said in row['said']) for row in wrong)}"
    yield f"fixes that are not right: {sum(len(row['not mended']) for row in wrong)}"
    yield f"claims: {sum(row['claims'] for row in wrong)}, false: {sum(kinds.values())} {dict(kinds) or ''}"
    yield f"crashes: {sum(len(row['broke']) for row in rows)}"


def shown(row: Row) -> Iterator[str]:
    yield f"{row['n']}. {row['exercise']}: {row['code']}    ({', '.join(row['slips'])}; {row.get('status', 'not judged')})"
    for said in row.get("said", ()):
        yield f"    {said['code']} ({said['certainty']}); fix: {said['fix']}"
        yield from (f"        {part}: {said[part]}" for part in ("error", "note", "help", "evidence") if said[part])
    yield from (f"    {fault}: {text}" for fault in ("broke", "false", "not mended") for text in row.get(fault, ()))


def main() -> None:
    kept, more = Path(sys.argv[1]), sys.argv[2:]
    if more != ["--show"]:
        measure(kept, *(int(n) for n in [*more, *("500", "1")[len(more) :]]))
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    if more == ["--show"]:
        print(*(line for row in rows for line in shown(row)), sep="\n")
    print(*counts(rows), sep="\n")


if __name__ == "__main__":
    main()
