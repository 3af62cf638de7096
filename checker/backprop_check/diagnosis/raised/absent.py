"""Why a name that the file gives a value is not there when `backward` reads it: what raised, or what does not run here."""

from __future__ import annotations

import re
from typing import NamedTuple

from backprop_check.records import Outer, Submission

_WHY = {
    "loop": "in a loop, and of the file's top level no loop runs here",
    "call": "by a call that stands alone, and of the file's top level no such call runs here",
    "main": 'under `if __name__ == "__main__":`, which does not run here',
    "attempt": "in another attempt (`%%backward`), and each attempt is judged by itself",
    "other": "by a statement that does not run here",
}
_ONLY = "only the imports, functions, classes and assignments that `backward` reads do."
_IMPORT = re.compile(r"(?:from\s|import\s)")
_NO_NAME = re.compile(r"name '(\w+)' is not defined")


class Told(NamedTuple):
    """What is wrong with a name that has no value, why, and the move; `question` is a heading on the page of `undefined-name`."""

    error: str
    note: str
    help: str
    question: str = ""


def absent(submission: Submission, name: str) -> Told | None:
    """Return what is known of a name that is not there; None for one that the file gives no value outside `backward`."""
    for number, error in submission.trouble:
        outer = submission.above[-number - 1]
        if name in outer.names:
            return _after_trouble(submission, name, outer, error)
    lacks, gives = f"`{name}` has no value here", f"gives `{name}` its value"
    others = [outer for outer in submission.others if name in outer.names]
    for outer in others:
        if outer.why == "broken":
            return Told(lacks, f"{_place(outer)}, {gives}, but does not parse.", f"Mend {outer.where} first.")
        if outer.why:
            only = f": {_ONLY}" if outer.why in ("loop", "call", "other") else "."
            move = f"Compute `{name}` inside `backward`" + ("." if outer.why == "attempt" else ", or in one assignment.")
            return Told(lacks, f"`{name}` gets its value on {outer.where} {_WHY[outer.why]}{only}", move)
    for outer in (*(outer for outer in submission.above if name in outer.names), *others):
        return Told(
            lacks,
            f"{_place(outer)}, {gives}, but stopped before it could, or was not reached: a branch that is not taken here, or a `try`.",
            f"Give `{name}` its value in a line that always runs, or inside `backward`.",
        )
    return None


def _after_trouble(submission: Submission, name: str, outer: Outer, error: str) -> Told:
    kind, _, message = error.partition(": ")
    if _IMPORT.match(outer.source) and kind in ("ModuleNotFoundError", "ImportError"):
        move = f"Do without `{name}`. If it is of your own, its file must lie beside this one, or be handed in with it."
        return Told(f"`{name}` could not be imported", f"{_place(outer)}: {message}.", move)
    what = f"raised {error}" if message else error.removeprefix("this ")
    note, move = f"{_place(outer)}, gives `{name}` its value, but {what}.", f"Mend {outer.where} first."
    lacking = _NO_NAME.search(error)
    root = absent(submission, lacking[1]) if lacking is not None and lacking[1] not in outer.names else None
    return Told(f"`{name}` has no value here", f"{note} {root.note}" if root else note, root.help if root else move)


def _place(outer: Outer) -> str:
    return f"{outer.where[:1].upper()}{outer.where[1:]}, `{outer.source}`"
