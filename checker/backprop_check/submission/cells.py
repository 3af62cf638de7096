"""Read a submission, `.py` or `.ipynb`, as cells of Python text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from backprop_check.errors import BadInput
from backprop_check.exercise.course import means
from backprop_check.files import read_as, read_text

SUFFIXES = (".py", ".ipynb")
_MARK = re.compile(r"\s*%%backward\b(?:[ \t]+--\w+[ \t=]+\d+)*[ \t]*([^\s#]*)")
_MAGIC = re.compile(r"^(\s*)(%|!|\?)")


@dataclass(frozen=True)
class Cell:
    """A stretch of Python text. `mark` is the exercise a `%%backward` cell is for ("" when none was named), None for other cells."""

    place: str
    text: str
    mark: str | None = None

    def is_for(self, exercise: str) -> bool:
        """Whether the cell belongs to a submission for the exercise with that id."""
        return not self.mark or means(self.mark, exercise)


def read_cells(path: Path) -> list[Cell]:
    """Return the cells of the file at `path`: one for a `.py`, the code cells for a `.ipynb`. Raises `BadInput`."""
    if path.suffix not in SUFFIXES and path.is_file():
        raise BadInput(f"{path} is neither .py nor .ipynb: a submission is a Python file or a notebook.")
    return cells(path, read_text(path, "submission"))


def cells(path: PurePath, text: str) -> list[Cell]:
    """Return the cells of `text`, what the file at `path` holds. Raises `BadInput` where it is no notebook and should be."""
    if not read_as(path.name).lower().endswith(".ipynb"):
        return [Cell(path.name, text)]
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets")
        listed = sheets[0]["cells"] if sheets else notebook["cells"]
        sources = [c.get("source", c.get("input", "")) for c in listed if c["cell_type"] == "code"]
        joined = ["".join(s) if isinstance(s, list) else str(s) for s in sources]
    except (ValueError, RecursionError):
        if re.search(r"(?m)^(<{7}|>{7}) ", text):
            why = "git left both sides of a conflict in it: keep one version, and delete the marks <<<<<<<, ======= and >>>>>>>"
            raise BadInput(f"{path} is not a whole notebook; {why}.") from None
        raise BadInput(f"{path} is not a whole notebook (its JSON does not parse): save it again from Jupyter.") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BadInput(f"{path} is no Jupyter notebook (no list of cells): save it again from Jupyter.") from None
    return list(_inherited(cell(f"{path.name}[{number}]", source) for number, source in enumerate(joined, 1) if source.strip()))


def _as_utf8(text: str) -> str:
    """Return `text` without halves of characters, which JSON can spell and no file of text can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cell(place: str, source: str) -> Cell:
    """Return a notebook's cell as it was typed; lines that are magics or shell commands become comments."""
    mark = _MARK.match(source)
    lines = [_MAGIC.sub(r"\1# \2", line) for line in re.sub(r"\r\n?", "\n", _as_utf8(source)).removesuffix("\n").split("\n")]
    return Cell(place, "\n".join(lines) + "\n", mark.group(1) if mark else None)


def _inherited(found: Iterable[Cell]) -> Iterator[Cell]:
    """A `%%backward` that names no exercise is for the one that was named before."""
    named = ""
    for one in found:
        named = one.mark or named
        yield one if one.mark is None else replace(one, mark=named)
