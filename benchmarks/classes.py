"""Made-up classes: right answers and slips in the solution's lines, handed in by many students."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from checker.authoring.answers import Answers
from checker.authoring.matrix import read_mutations

ROOT = Path(__file__).resolve().parent.parent
ALIKE = 5
"""So many students hand in the same wrong answer."""


def solution_of(exercise: str) -> Path:
    (path,) = (ROOT / "solutions").glob(f"{exercise}_*.py")
    return path


def written_class(folder: Path, exercise: str, count: int) -> list[Path]:
    """Write `count` submissions of `exercise` below `folder`, the same at each call, and return them in a random order.

    Half of them are wrong, by a slip in one gradient or in two by turns; `ALIKE` are so in the same way. The right ones have another right
    form of some lines. Each names its student, so that no two files are equal.
    """
    draw = random.Random(0)  # noqa: S311  (no secret)
    path = solution_of(exercise)
    mutations = read_mutations(path)
    own = {target: f"{target} = {text}" for target, text in mutations.answers.expressions.items()}
    right = {sorted_.target: [own[sorted_.target], *(mutant.code for mutant in sorted_.right)] for sorted_ in mutations.targets}
    slips = {sorted_.target: [wrong.code for wrong in sorted_.wrong] for sorted_ in mutations.targets if sorted_.wrong}
    wrong = itertools.islice(_wrong(slips, draw), -(-count // (2 * ALIKE)))
    chosen = [answer for answer in wrong for _ in range(ALIKE)][: count // 2]
    chosen += [{target: draw.choice(forms) for target, forms in right.items()} for _ in range(count - len(chosen))]
    draw.shuffle(chosen)
    return [_written(folder, path.name, number, mutations.answers, {**own, **answer}) for number, answer in enumerate(chosen)]


def _wrong(slips: Mapping[str, Sequence[str]], draw: random.Random) -> Iterator[dict[str, str]]:
    """Yield wrong answers, each once: the code of one or two of the targets."""
    seen = set()
    for number in itertools.cycle((1, 2)):
        answer = {target: draw.choice(slips[target]) for target in draw.sample(sorted(slips), number)}
        if (key := tuple(sorted(answer.items()))) not in seen:
            seen.add(key)
            yield answer


def _written(folder: Path, name: str, number: int, answers: Answers, chosen: Mapping[str, str]) -> Path:
    path = folder / f"student{number:05}" / name
    path.parent.mkdir(parents=True)
    path.write_text(f"# Student {number:05}, {name.split('_')[0]}\n{answers.submission(chosen)}", encoding="utf-8")
    return path
