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


class Absent(NamedTuple):
    """What is said of the name: what it is, why, and the move."""

    error: str
    note: str
    help: str


def absent(submission: Submission, name: str) -> Absent | None:
    """Return what is known of a name that is not there; None for one that the file gives no value outside `backward`."""
    for line, error in submission.trouble:
        for outer in submission.above:
            if outer.line == line and name in outer.names:
                return _after_trouble(submission, name, outer, error)
    given = [outer for outer in submission.others if name in outer.names and (outer.why or outer.module)]
    for outer in given:
        if outer.why == "broken":
            return Absent(f"`{name}` has no value here", f"{_place(outer)} gives it one, but does not parse.", "Mend that line.")
        if outer.why:
            return Absent(
                f"`{name}` has no value here",
                f"It gets one on {outer.where} {_WHY[outer.why]}" + (f": {_ONLY}" if outer.why in ("loop", "call", "other") else "."),
                f"Compute `{name}` inside `backward`" + (", or in one assignment." if outer.why != "attempt" else "."),
            )
    for outer in (*(outer for outer in submission.above if name in outer.names), *given):
        return Absent(
            f"`{name}` has no value here",
            f"{_place(outer)} gives it one, but was not reached, or stopped before it could: a branch that is not taken, or a `try`.",
            f"Give `{name}` its value in a line that always runs, or inside `backward`.",
        )
    return None


def _after_trouble(submission: Submission, name: str, outer: Outer, error: str) -> Absent:
    kind, _, message = error.partition(": ")
    if _IMPORT.match(outer.source) and kind in ("ModuleNotFoundError", "ImportError"):
        move = f"Do without `{name}`. If it is a function of your own, its file must lie beside this one, or be handed in with it."
        return Absent(f"`{name}` could not be imported", f"{_place(outer)}: {message or error}.", move)
    said = f"{error}" if message == "" else f"raised {kind}: {message}"
    note = f"{_place(outer)} gives it one, but {said.replace('this ', '', 1)}."
    lacking = _NO_NAME.search(error)
    other = absent(submission, lacking[1]) if lacking and lacking[1] != name else None
    return Absent(f"`{name}` has no value here", f"{note} {other.note.replace('It', f'`{lacking[1]}`', 1)}" if other and lacking else note, f"Mend {outer.where} first.")


def _place(outer: Outer) -> str:
    return f"{outer.where[:1].upper()}{outer.where[1:]}, `{outer.source}`,"
