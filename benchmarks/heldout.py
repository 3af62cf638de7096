"""Answers on graphs that no rule was written for: how many are caught, named as their label accepts, named otherwise, and mended.

Run as `python benchmarks/heldout.py [--show]` from a checkout with the extra `test` (a few minutes). The graphs and labels are in
`tests/heldout`; `--show` prints what is named otherwise, and what is not named. A fix counts as the checker has verified it, on its trials.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "diagnosis"))

from test_heldout import Judged, judge

from backprop_check.submission.zygote import Zygote


def main() -> None:
    counts: dict[str, Counter[str]] = {}
    with Zygote.started() as zygote, tempfile.TemporaryDirectory() as folder:
        for one in judge(Path(folder), zygote):
            graph = one.case["id"].replace(".", " ").split(" ")[0]
            counts.setdefault(graph, Counter()).update(_counted(one))
            if "--show" in sys.argv and one.wrong and not one.named:
                print(f"{one.case['id']}: {one.case['answer']}: said {', '.join(one.codes) or 'facts only'}, accepted {one.case['accept']}")
    print("| graph | right | fair | wrong | caught | named | misnamed | mended |\n|---|---|---|---|---|---|---|---|")
    for graph, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        columns = ("right", "fair", "wrong", "caught", "named", "misnamed", "mended")
        print(f"| {graph} | {' | '.join(str(count[column]) for column in columns)} |")


def _counted(one: Judged) -> dict[str, int]:
    right = one.gradient.verdict.status == "correct"
    if not one.wrong:
        return {"right": 1, "fair": right}
    return {"wrong": 1, "caught": not right, "named": one.named, "misnamed": one.misnamed, "mended": one.mended}


if __name__ == "__main__":
    main()
