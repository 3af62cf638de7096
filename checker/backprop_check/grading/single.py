"""Grade one student's files by themselves, as a platform does that starts the grader anew for each submission."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from backprop_check.classroom.formats.marks import marks
from backprop_check.classroom.formats.table import FORMATS
from backprop_check.classroom.results import Result
from backprop_check.grading.item import Item
from backprop_check.grading.schemes import Person
from backprop_check.grading.store import Store
from backprop_check.grading.students import Group


def one_group(items: Iterable[Item], source: Path) -> Group:
    """Return all items as one student's, who is called like the source. Where there is no file, the folder itself is the submission."""
    name = source.resolve().name
    return Group((Person(name, (name,)),), 0, tuple(item for item in items if item.kind != "metadata"), Item(("submission",), "folder"))


def write_single(store: Store, results: Sequence[Result], formats: Sequence[str]) -> list[str]:
    """Write the file of the one result that counts as `NAME.json`, for each format that has a file a submission; return their names."""
    counted = next(iter(next(iter(marks(results).best.values())).values()))
    named = []
    for name in dict.fromkeys(formats):
        for path, text in FORMATS[name]((counted,), None):
            if "/" in path:
                named.append(f"{name}{PurePosixPath(path).suffix}")
                store.write(named[-1], text)
    return named
