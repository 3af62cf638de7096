"""Names that are spelt nearly as one that has no value."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from backprop_check.diagnosis.case import Case


def related(name: str, others: Sequence[str]) -> list[str]:
    """Those of `others` that hold `name` as a word, or are a word of it, or are spelt much like it."""
    words = [o for o in others if len(name) > 1 and (f"_{name.lower()}_" in f"_{o.lower()}_" or f"_{o.lower()}_" in f"_{name.lower()}_")]
    return list(dict.fromkeys([*words, *difflib.get_close_matches(name, others, n=3, cutoff=0.6)]))


def alike(name: str, others: Sequence[str]) -> list[str]:
    """Those of `others` that are spelt almost as `name` is: a slip of the hand, no other word."""
    plain = {other: other.replace("_", "").lower() for other in others}
    mine = name.replace("_", "").lower()
    same = [o for o, p in plain.items() if p == mine]
    near = [o for o in difflib.get_close_matches(name, others, n=3, cutoff=0.8) if not o.endswith("_")]
    turned = [o for o, p in plain.items() if len(p) > 3 and sorted(p) == sorted(mine)]
    return list(dict.fromkeys([*same, *near, *turned]))[:2]


def near_names(case: Case, name: str, index: int) -> str:
    """Names of the same sort that are spelt almost so: a gradient for a gradient, a value for a value."""
    known = set(case.graph.exercise.names) | case.available
    known |= {n for s in case.submission.statements[:index] for n in s.writes}
    gradients = set(case.verdict.runs[0].trial.gradients)
    of_gradients = name[:1] == "d" and bool(alike(name, sorted(gradients)))
    near = [n for n in alike(name, sorted(known - {case.name, name})) if (n in gradients) == of_gradients]
    if not near:
        return "`backprop-check graph` shows the names of this exercise."
    return f"Near it: {', '.join(f'`{n}`' for n in near)}."
