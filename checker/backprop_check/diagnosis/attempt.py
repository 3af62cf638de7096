"""Ask one explainer. A mistake of ours in it is logged, and hides neither the verdict nor what the next one says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.holding import stands
from backprop_check.expression.work import Spent
from backprop_check.records import Diagnosis

T = TypeVar("T")

LOG = logging.getLogger("backprop_check")
LOG.addHandler(logging.NullHandler())


def attempt(explainer: Callable[[Case], T | None], case: Case) -> T | None:
    """What `explainer` says of the case; None where it says nothing, where it crashes, and where a claim fails in the unseen run."""
    try:
        found = explainer(case)
        told = found if isinstance(found, tuple) else (found,)
        return found if all(stands(case, one) for one in told if isinstance(one, Diagnosis)) else None
    except Spent:
        return None
    except Exception:
        LOG.exception("explaining %s of %s broke off", case.name, case.graph.exercise.id)
        return None


def survived(call: Callable[[], T], what: str) -> T | None:
    """What a call returns; None, and a note in the log, where it crashes: as above."""
    try:
        return call()
    except Exception:
        LOG.exception("%s broke off", what)
        return None
