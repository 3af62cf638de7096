"""Count what the results of one exercise hold: its targets, its codes with an example of each, the mistakes that go together, its marks."""

from __future__ import annotations

import ast
import math
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

from backprop_check.classroom.results import Result

STATUSES = ("correct", "incorrect", "error", "missing")
TOGETHER_LEAST = 3
PAIRS_MOST = 5
RAISED = "error"
"""What is counted of a line that stopped with an error of which nothing is known but its message: no wrong answer was there."""
_BINS = 10
_COMMENT = re.compile(r"#.*")

Means = Callable[[str], str]
K = TypeVar("K", str, tuple[str, str])


def targets(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Count, for each target in the exercise's order, the verdicts and the codes. A code's example is its most frequent source."""
    verdicts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sources: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    axes: dict[str, str] = {}
    as_written: dict[str, str] = {}
    for result in results:
        for gradient in result.report["gradients"]:
            name, source = gradient["name"], gradient["source"] or ""
            axes.setdefault(name, gradient["axes"])
            verdicts[name][gradient["status"]] += 1
            if gradient["diagnoses"]:
                squeezed = "".join(source.split())
                as_written.setdefault(squeezed, source)
                for code in _codes(gradient):
                    sources[name][code][squeezed] += 1
    return [
        {
            "name": name,
            "axes": axes[name],
            **{status: count[status] for status in STATUSES},
            "of": count.total(),
            "share": round(count["correct"] / count.total(), 4),
            "codes": sorted((_code(code, n, as_written) for code, n in sources[name].items()), key=_first),
        }
        for name, count in verdicts.items()
    ]


def codes_of(result: Result) -> list[str]:
    """Return the codes that a submission has, sorted."""
    return sorted({sys.intern(code) for gradient in result.report["gradients"] for code in _codes(gradient)})


def codes(each: Sequence[Sequence[str]], counted: Sequence[Mapping[str, Any]], means: Means) -> list[dict[str, Any]]:
    """Count the submissions that have each code, the most frequent first: `each` has its codes.

    `counted` are their targets, which have the examples.
    """
    count = Counter(code for found in each for code in found)
    examples: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for target in counted:
        for code in target["codes"]:
            examples[code["code"]].append({"target": target["name"], "source": code["example"], "count": code["alike"]})
    return [{"code": code, "count": n, "means": means(code), "example": max(examples[code], key=_typical)} for code, n in _ordered(count)]


def together(each: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Find the pairs of codes that share more submissions than chance would give them, the most frequent first.

    Chance is what two unrelated mistakes of these frequencies would share; a pair has to be above it by two of its standard deviations
    (of a Poisson count), in at least three submissions.
    """
    single: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for found in each:
        single.update(found)
        pairs.update(combinations(found, 2))
    told = []
    for pair, count in _ordered(pairs):
        chance = single[pair[0]] * single[pair[1]] / len(each)
        if count >= TOGETHER_LEAST and count - chance >= 2 * math.sqrt(chance):
            told.append({"codes": list(pair), "count": count, "chance": round(chance, 2), "lift": round(count / chance, 2)})
    return told[:PAIRS_MOST]


def marks(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Count the marks: one bin a point where points are few and whole, else tenths of the most there is to have."""
    most = max((result.max_score for result in results), default=0.0)
    whole = most <= 2 * _BINS and all(result.score.is_integer() for result in results)
    bins = int(most) if whole else _BINS
    step = 1.0 if whole else most / _BINS
    count = Counter(min(bins, math.floor(result.score / step + 1e-9)) if step else 0 for result in results)
    if not whole:
        count[bins - 1] += count.pop(bins, 0)
    return [{"from": round(step * i, 6), "to": round(step * (i if whole else i + 1), 6), "count": count[i]} for i in range(bins + whole)]


def _codes(gradient: Mapping[str, Any]) -> set[str]:
    """The codes of the mistakes in a gradient. Where its report offers one of several, each counts; what is not written is none."""
    if gradient["status"] == "missing":
        return set()
    codes = {diagnosis["code"] for diagnosis in gradient["diagnoses"] if diagnosis["code"]}
    return {RAISED if code == "unrecognised" and gradient["status"] == "error" else code for code in codes}


def _ordered(count: Counter[K]) -> list[tuple[K, int]]:
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))


def _first(code: Mapping[str, Any]) -> tuple[int, str]:
    return -code["count"], code["code"]


def _typical(example: Mapping[str, Any]) -> tuple[bool, int]:
    return example["source"] != "", example["count"]


def _code(code: str, sources: Counter[str], as_written: Mapping[str, str]) -> dict[str, Any]:
    squeezed, alike = min(sources.items(), key=lambda item: (-item[1], len(item[0]), item[0]))
    return {"code": code, "count": sources.total(), "example": _anonymous(as_written[squeezed]), "alike": alike}


def _anonymous(source: str) -> str:
    """Take the comments out of a statement: a name may stand in one."""
    if "#" not in source:
        return source
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.unparse(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _COMMENT.sub("", source)
