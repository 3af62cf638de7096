"""Compose a practice graph: a walk through the stages, of a length, through one that is wanted. Nothing here needs torch."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Sequence
from random import Random

from backprop_check.practice.sheet import Full, Sheet, Stage
from backprop_check.practice.stages.ends import ENDS
from backprop_check.practice.stages.layers import LAYERS
from backprop_check.practice.stages.places import PLACES
from backprop_check.practice.stages.rows import ROWS
from backprop_check.practice.stages.starts import STARTS

STAGES: dict[str, Stage] = {**STARTS, **LAYERS, **ROWS, **PLACES, **ENDS}
LEVELS = {1: (1, 2), 2: (3, 4), 3: (5, 6), 4: (7, 9)}
"""The fewest and the most lines of a forward at each level."""

PLAIN = 2
"""Up to this level a graph may be of single numbers."""

DEEP = ("sequences", "heads")
"""What begins a graph of more than two axes. The first level has none, but for a mistake that only these show."""

_SHIFTED = ("softmax", "softmax_by_hand", "log_softmax", "cross_entropy", "centred", "standardised", "variance", "shifted")
"""What gives the same for a row to which a number was added."""

SAME_AGAIN = {
    "pairs": ("column_bias", "row_bias", *_SHIFTED),
    "row_bias": _SHIFTED,
    "column_bias": ("centred", "standardised", "variance"),
    "shifted": ("largest", "row_gain", "row_bias"),
    "outer": ("column_gain", "row_gain", "unit_length", "rms"),
    "linear": ("column_bias", "centred", "standardised", "variance"),
    "column_gain": ("row_gain",),
    "row_gain": ("column_gain",),
    "squared": ("squared_error",),
}
"""What says nothing new straight behind a stage, or undoes it."""

LENGTHS = (3, 4, 5, 6, 7, 8)
TRIES = 4000
_WIDTH = 104


def level_of(lines: int) -> int:
    """The level of a forward with so many lines."""
    return next((level for level, (_, most) in LEVELS.items() if lines <= most), max(LEVELS))


def compose(random: Random, level: int, through: Collection[str] = ()) -> Sheet | None:
    """Return a graph of a level that goes through one of some stages (none: through any); None where that level has none."""
    fewest, most = LEVELS[level]
    starts = [start for start in STARTS.values() if _begins(start.name, level, through)]
    for _ in range(TRIES):
        sheet = _walk(random, starts, most)
        if sheet is not None and fewest <= len(sheet.lines) <= most:
            names = {stage.name for stage in sheet.stages}
            if not through or names & set(through):
                return sheet
    return None


def _begins(start: str, level: int, through: Collection[str]) -> bool:
    """Whether a graph of a level may begin so."""
    if start in DEEP:
        return level > 1 or (bool(through) and all(name in DEEP or STAGES[name].ranks <= {3, 4} for name in through))
    return level <= PLAIN or start != "numbers"


def _walk(random: Random, starts: Sequence[Stage], most: int) -> Sheet | None:
    sheet = Sheet(random)
    try:
        sheet.begin(_any(random, starts))
        while len(sheet.lines) <= most:
            before = {stage.name for stage in sheet.stages}
            ideas = {stage.idea for stage in sheet.stages}
            dull = SAME_AGAIN.get(sheet.stages[-1].name, ())
            able = [s for s in STAGES.values() if s.follows(sheet.at) and s.name not in (*before, *dull) and s.idea not in ideas - {""}]
            if _second_layer(sheet):
                able.append(STAGES["linear"])
            if not able:
                return None
            stage = _any(random, able)
            sheet.begin(stage)
            if stage.ends:
                return sheet
    except Full:
        pass
    return None


def _any(random: Random, stages: Sequence[Stage]) -> Stage:
    return random.choices(stages, [stage.weight for stage in stages])[0]


def _second_layer(sheet: Sheet) -> bool:
    """Whether a second linear layer may follow: behind an activation, as in a network."""
    names = [stage.name for stage in sheet.stages]
    return names.count("linear") == 1 and names[-1] != "linear" and sheet.at.kind in ("act", "soft") and len(sheet.at.axes) in (2, 3)


def fingerprint(sheet: Sheet) -> str:
    """The graph up to names: its calls and where each operand comes from."""
    known: dict[str, str] = {}
    lines = [f"{name} = {text}" for name, text in sheet.lines]
    tree = ast.parse("\n".join([*(f"{name} = {re.sub('[0-9A-Z]+', 'n', text)}" for name, text in sheet.inputs.items()), *lines]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in ("torch", "F"):
            node.id = known.setdefault(node.id, f"v{len(known)}")
    return ast.unparse(tree)


def text_of(sheet: Sheet) -> str:
    """The exercise as far as its forward."""
    lengths = _lengths(sheet)
    body = [f"    {name} = {text}" for name, text in sheet.lines]
    story = "\n".join(line for sentence in sheet.said for line in textwrap.wrap(sentence, _WIDTH))
    needs_f = any(re.search(r"\bF\.", text) for _, text in sheet.lines)
    return "\n".join(
        [
            f'"""{title(sheet)}',
            "",
            story,
            '"""',
            "",
            "import torch",
            *(["import torch.nn.functional as F"] if needs_f else []),
            "",
            "",
            f"def inputs({', '.join(f'{name}={lengths[name]}' for name in sheet.sizes)}):",
            "    return dict(",
            *(f"        {name}={text}," for name, text in sheet.inputs.items()),
            "    )",
            "",
            "",
            f"def forward({', '.join(sheet.inputs)}):",
            *body,
            f"    return {sheet.lines[-1][0]}",
            "",
        ]
    )


def title(sheet: Sheet) -> str:
    """What a graph is about: of its ideas the three that matter most, in their order."""
    ideas = [s for s in sheet.stages if s.idea and s.name not in ("numbers", "rows", "sequences")]
    chosen = sorted(ideas, key=lambda s: -s.weight)[:3]
    *before, last = dict.fromkeys(s.idea for s in ideas if s in chosen)
    told = f"{', '.join(before)} and {last}" if before else last
    return f"{told[:1].upper()}{told[1:]}."


def _lengths(sheet: Sheet) -> dict[str, int]:
    while True:
        chosen = dict(zip(sheet.sizes, sheet.random.sample(LENGTHS, len(sheet.sizes)), strict=True))
        if all(chosen[large] > chosen[small] for large, small in sheet.larger):
            return chosen
