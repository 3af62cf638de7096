"""When a mistake is due again, by FSRS over what was noted of it. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from backprop_check.errors import BadInput
from backprop_check.practice.compose import LEVELS, level_of
from backprop_check.practice.history import AGAIN, GOOD, Entry

MISSING = "`practice` keeps time with fsrs, which is not installed: `pip install fsrs` brings it."


@dataclass(frozen=True)
class Standing:
    """How a learner stands with one mistake: how often it was made, where last, when it is due, at which level, if it still slips."""

    code: str
    made: int
    last: str
    due: datetime
    level: int
    slips: bool


def standings(entries: Sequence[Entry], codes: Collection[str]) -> list[Standing]:
    """Return how each of the `codes` stands that was ever made, the most overdue first. Raises `BadInput` where fsrs is missing."""
    by_code = groupby(sorted(entries, key=lambda e: e.code), key=lambda e: e.code)  # sorted keeps the order within a code
    found = [_standing(code, list(noted)) for code, noted in by_code if code in codes]
    return sorted((one for one in found if one is not None), key=lambda one: (one.due, one.code))


def _standing(code: str, noted: Sequence[Entry]) -> Standing | None:
    made = [e for e in noted if e.rating == AGAIN]
    if not made:
        return None
    return Standing(code, len(made), made[-1].exercise, _due(noted), _level(noted), noted[-1].rating != GOOD)


def _level(noted: Iterable[Entry]) -> int:
    """The level at which the mistake was last made; one higher for each time it was avoided since."""
    level = 1
    for entry in noted:
        level = min(level_of(entry.lines) + (entry.rating == GOOD), max(LEVELS))
    return level


def _due(noted: Iterable[Entry]) -> datetime:
    """A mistake that was just made is due at once; avoided, after days that grow."""
    try:
        from fsrs import Card, Rating, Scheduler
    except ImportError:
        raise BadInput(MISSING) from None
    scheduler = Scheduler(learning_steps=(timedelta(0),), relearning_steps=(timedelta(0),), enable_fuzzing=False)
    card = Card(card_id=1)
    for entry in noted:
        card, _ = scheduler.review_card(card, Rating(entry.rating), entry.when)
    return card.due
