"""The mutation matrix: of the slips in every line of every solution, how many are caught, get a proven cause, and are mended.

Run as `python benchmarks/mutants.py [EX...] [--left]` from a checkout (default: all exercises; about a minute). `--left` also prints those
without a proven cause. The slips are those of the judge's tests; whether the name given is the one a teacher would give is not asked here.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "judge"))

from asking import Judge  # noqa: E402
from test_mutants import SOLUTIONS, all_mutants, own_trials  # noqa: E402

from checker.diagnosis.explain import explain  # noqa: E402
from checker.submission.zygote import Zygote  # noqa: E402


def main() -> None:
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    left: list[str] = []
    total: Counter[str] = Counter()
    warnings.simplefilter("ignore")
    print("| exercise | wrong mutants | caught | named | mended |\n|---|---|---|---|---|")
    with Zygote.started() as zygote, tempfile.TemporaryDirectory() as folder:
        judge = Judge(zygote, Path(folder))
        for solution in SOLUTIONS:
            if not wanted or solution.stem.split("_")[0] in wanted:
                counts = matrix(judge, solution, left)
                total += counts
                print(row(solution.stem, counts), flush=True)
    print(row("all", total))
    if "--left" in sys.argv:
        print("\n".join(left))


def row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {counts['wrong']} | {counts['caught']} | {counts['named']} | {counts['mended']} |"


def matrix(judge: Judge, solution: Path, left: list[str]) -> Counter[str]:
    """Judge and explain every wrong mutant of one solution, one of each target in a submission."""
    exercise, counts = ROOT / "exercises" / solution.name, Counter[str]()
    torch.set_default_dtype(torch.float64)
    mutants = [mutant for mutant, kind in all_mutants(solution, own_trials(solution)) if kind == "wrong"]
    torch.set_default_dtype(torch.float32)
    graph = judge.graph(exercise)
    order = [target.name for target in graph.exercise.targets]
    while mutants:
        chosen = {mutant.target: mutant for mutant in reversed(mutants)}
        mutants = [mutant for mutant in mutants if mutant is not chosen[mutant.target]]
        said = judge.body(exercise, "\n".join(chosen[name].code for name in order if name in chosen))
        assert said.submission is not None, said.message
        explained = explain(graph, said.submission, list(said.verdicts.values()))
        for mutant in chosen.values():
            diagnoses = explained.get(mutant.target, ((), ()))[0]
            proven = bool(diagnoses) and diagnoses[0].certainty != "located"
            counts.update(wrong=1, caught=said.verdicts[mutant.target].status != "correct", named=proven)
            counts.update(mended=bool(diagnoses) and diagnoses[0].fix is not None)
            if not proven:
                left.append(f"{solution.stem}: {mutant.code}")
    return counts


if __name__ == "__main__":
    main()
