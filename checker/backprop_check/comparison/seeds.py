"""The seeds of a check: the same exercise and the same code are tried on the same numbers, and told the same words."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable

from backprop_check.records import Exercise, Submission
from backprop_check.submission.digest import code_digest

Seeds = Callable[[], int]
"""Gives a new seed at each call."""


def own_seeds(exercise: Exercise, submission: Submission) -> Seeds:
    """Return what gives the seeds that follow from an exercise and a submission's code. Whoever grades strangers brings a secret's."""
    key = hashlib.sha256(repr((exercise.source, code_digest(submission))).encode()).digest()
    count = itertools.count()
    return lambda: int.from_bytes(hashlib.sha256(key + next(count).to_bytes(8, "little")).digest()[:6], "little")
