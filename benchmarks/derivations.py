"""Single forms as people write them, by kind: how many are derived, and whether what is derived is autograd's gradient elsewhere too.

Run as `python benchmarks/derivations.py [--show] [KIND ...]` from a checkout with the extra `test` (a minute or two). The forms are in
`tests/derivation/forms.txt`. A form counts as derived when every gradient of it is: from three trials, and then held against autograd on
other seeds and sizes, by Python and by the evaluator of the diagnosis. `--show` prints what is outside the table, and every derived line.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "derivation"))

import torch
from forms import exercise, read, tell

LONG = 100


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    show, chosen = "--show" in sys.argv, [argument for argument in sys.argv[1:] if argument != "--show"]
    counts: dict[str, Counter[str]] = {}
    for kind, forms in read().items():
        if not chosen or kind in chosen:
            for form in forms:
                counts.setdefault(kind, Counter())["forms"] += 1
                counts[kind].update(_counted(form, show))
    columns = ("forms", "derived", "outside", "wrong", "crashed", "gradients", f"over {LONG} characters")
    print("| kind | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for kind, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        print(f"| {kind} | {' | '.join(str(count[column]) for column in columns)} |")


def _counted(form: str, show: bool) -> Counter[str]:
    try:
        told = list(tell(exercise(form)))
    except Exception as error:  # what is counted
        print(f"CRASHED {form}: {type(error).__name__}: {str(error)[:200]}")
        return Counter(crashed=1)
    for one in told:
        if one.wrong or show:
            print(f"{'WRONG ' if one.wrong else ''}{form}: {'; '.join(one.lines) or one.outside}{one.wrong and ': ' + one.wrong}")
    wrong, outside = any(one.wrong for one in told), any(one.outside for one in told)
    lines = Counter({"gradients": sum(not one.outside for one in told), f"over {LONG} characters": sum(one.widest > LONG for one in told)})
    return lines + Counter(wrong=int(wrong), outside=int(outside), derived=int(bool(told) and not wrong and not outside))


if __name__ == "__main__":
    main()
