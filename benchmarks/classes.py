"""Made-up classes: right answers and slips in the solution's lines, handed in by many students."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from backprop_check.authoring.answers import Answers
from backprop_check.authoring.ground import ground
from backprop_check.authoring.matrix import read_mutations

ROOT = Path(__file__).resolve().parent.parent
ALIKE = 5
"""So many students hand in the same wrong answer."""

TRIALS = 20
"""For each choice of sizes. What is right in a few by chance only would be wrong in another."""


def solution_of(exercise: str) -> Path:
    (path,) = (ROOT / "solutions").glob(f"{exercise}_*.py")
    return path


def written_class(folder: Path, exercise: str, count: int, own: bool = False) -> list[Path]:
    """Write `count` submissions of `exercise` below `folder`, the same at each call, and return them in a random order.

    Half of them are wrong, by a slip in one gradient or in two by turns; `ALIKE` are so in the same way. The right ones have another right
    form of some lines. Each names its student in a comment, so that no two files are equal; `own` ones in their code as well, so that none
    may be told from another's.
    """
    draw = random.Random(0)  # noqa: S311  (no secret)
    path = solution_of(exercise)
    mutations = read_mutations(path)
    lines = {target: f"{target} = {text}" for target, text in mutations.answers.expressions.items()}
    often = ground(replace(mutations.graph, sizes=mutations.graph.sizes * TRIALS), mutations.answers.helpers)
    right, slips = {}, {}
    for made in mutations.targets:
        forms = [mutant.code for mutant in made.right if often.right(made.target, often.values(made.target, mutant.code))]
        right[made.target] = [lines[made.target], *forms]
        if made.wrong:
            slips[made.target] = [wrong.code for wrong in made.wrong]
    wrong = itertools.islice(_wrong(slips, draw), -(-count // (2 * ALIKE)))
    chosen = [answer for answer in wrong for _ in range(ALIKE)][: count // 2]
    chosen += [{target: draw.choice(forms) for target, forms in right.items()} for _ in range(count - len(chosen))]
    draw.shuffle(chosen)
    written = [_written(folder, path.name, number, mutations.answers, {**lines, **answer}) for number, answer in enumerate(chosen)]
    for file in written if own else ():
        file.write_text(f'{file.read_text(encoding="utf-8")}\n\nauthor = "{file.parent.name}"\n', encoding="utf-8")
    return written


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
