"""How the judge is asked in these tests: an exercise and an answer as text, the expected verdicts as comments in the answer."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from backprop_check.comparison.judge import judge
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Submission, Verdict
from backprop_check.submission.parse import read_submission
from backprop_check.submission.run import NothingRan
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import Graph, load_graph

COURSE = Path(__file__).parents[2]
CASES = COURSE.parent / "shared" / "cases"
HEADER = "import torch\nimport torch.nn.functional as F\n\n\n"


@dataclass
class Judged:
    """What the judge said: verdicts by target, or why nothing could be judged."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    message: str | None = None
    trouble: tuple[tuple[int, str], ...] = ()
    submission: Submission | None = None

    def said(self, name: str) -> str:
        """`correct`, `incorrect aliased`, ... : the status, then the reasons that no single trial shows."""
        verdict = self.verdicts[name]
        return " ".join([verdict.status, *sorted(verdict.why)])

    def detail(self, name: str) -> str:
        """What to know when a test fails."""
        verdict = self.verdicts[name]
        answer = verdict.answer
        return f"[{answer.state} {answer.kind or ''} {answer.raised or ''} {verdict.difference}]"

    def all_said(self) -> dict[str, str]:
        return {name: self.said(name) for name in self.verdicts}


class Judge:
    """Ask the judge, with seeds that are the same in every run of the tests."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self.zygote, self.folder = zygote, folder
        self.graphs: dict[str, Graph] = {}
        self.count = itertools.count()

    def graph(self, exercise: str | Path) -> Graph:
        key = str(exercise)
        if key not in self.graphs:
            path = exercise if isinstance(exercise, Path) else self._written(f"exercise{next(self.count)}.py", clean(exercise))
            self.graphs[key] = load_graph(read_exercise(path))
        return self.graphs[key]

    def file(
        self,
        exercise: str | Path,
        submission: Path,
        time_limit: float = 10.0,
        first_seed: int = 1,
        seeds: Callable[[], int] | None = None,
        zygote: Zygote | None = None,
    ) -> Judged:
        graph = self.graph(exercise)
        try:
            read = read_submission(submission, graph.exercise)
            verdicts, trouble, *_ = judge(graph, read, zygote or self.zygote, time_limit, seeds or itertools.count(first_seed).__next__)
        except (BadInput, NothingRan) as error:
            assert "\n" not in str(error).strip() and str(error).strip()
            return Judged(message=str(error))
        lines = tuple((read.above[-number - 1].line, error) for number, error in trouble)
        return Judged({v.target.name: v for v in verdicts}, None, lines, replace(read, trouble=trouble))

    def text(self, exercise: str | Path, text: str, suffix: str = ".py", **how: object) -> Judged:
        """Judge a whole file's text."""
        return self.file(exercise, self._written(f"answer{next(self.count)}{suffix}", text), **how)  # type: ignore[arg-type]

    def body(self, exercise: str | Path, body: str, prelude: str = "", **how: object) -> Judged:
        """Judge a `backward` body; `prelude` stands above the function."""
        names = self.graph(exercise).exercise.parameters
        return self.text(exercise, function(names, body, prelude), **how)

    def marks(self, exercise: str | Path, body: str, prelude: str = "", **how: object) -> Judged:
        """Judge a body whose lines end in `# -> correct`, `# -> incorrect aliased`, `# -> dx: error`; targets without a mark must be `missing`.

        A mark without a name belongs to the target that its line names first.
        """
        judged = self.body(exercise, body, prelude, **how)
        assert judged.message is None, judged.message
        expected = dict.fromkeys(judged.verdicts, "missing") | marked(body)
        wrong = [
            f"{name} is {said}, not {expected[name]} {judged.detail(name)}"
            for name, said in judged.all_said().items()
            if said != expected[name]
        ]
        assert not wrong and expected.keys() <= judged.verdicts.keys(), "\n".join([*wrong, body])
        return judged

    def table(self, exercise: str | Path, rows: str, prelude: str = "", **how: object) -> None:
        """Judge many answers, one a line (`dx = ...; dx += ...  # -> correct`), in as few submissions as there are answers to one target.

        Targets that a submission does not answer hold the oracle's value, so that rows may read every gradient.
        """
        rounds: list[dict[str, tuple[str, str]]] = []
        for row in filter(str.strip, rows.splitlines()):
            ((name, said),) = marked(row).items()
            code = row.split("# ->")[0].strip()
            place = next((r for r in rounds if name not in r), None)
            if place is None:
                rounds.append(place := {})
            place[name] = (code, said)
        order = [target.name for target in self.graph(exercise).exercise.targets]
        wrong = []
        for answers in rounds:
            judged = self.body(exercise, "\n".join(answers[name][0] for name in order if name in answers), prelude, **how)
            assert judged.message is None, judged.message
            wrong += [f"{code}  is {judged.said(name)}, not {said}" for name, (code, said) in answers.items() if judged.said(name) != said]
        assert not wrong, "\n".join(wrong)

    def _written(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode())
        return path


def function(names: object, body: str, prelude: str = "") -> str:
    lines = clean(body).splitlines()
    return HEADER + clean(prelude) + f"\n\n\ndef backward({', '.join(names)}):\n" + "".join(f"    {line}\n" for line in lines)  # type: ignore[call-overload]


def marked(body: str) -> dict[str, str]:
    found = {}
    for line in body.splitlines():
        for name, said in re.findall(r"# -> (?:(\w+): )?([a-z0-9 -]+)", line):
            first = re.search(r"\bd\w+", line)
            found[name or (first.group() if first else "")] = said.strip()
    return found


def clean(text: str) -> str:
    return textwrap.dedent(text).strip("\n") + "\n"
