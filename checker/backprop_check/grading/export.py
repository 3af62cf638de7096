"""What a platform wants to be uploaded so that it grades an exercise: made here, tested as the platform runs it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO

from backprop_check import __version__
from backprop_check.exercise.blank import blank

SCRIPTS = {"setup.sh": "setup.sh", "run_autograder": "run_autograder.py"}
"""The two that Gradescope starts, and where they lie in this package."""


def gradescope(name: str, definition: str) -> bytes:
    """Return the zip of a Gradescope autograder for the exercise of that file name. The same exercise gives the same bytes.

    It holds no answer: whatever `definition` has written, its gradients are blank in there.
    """
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text, mode in _gradescope(name, definition):
            entry = zipfile.ZipInfo(path)  # dated 1980
            entry.external_attr = (0o100000 | mode) << 16
            entry.create_system = 3  # Unix: else the mode is not looked at
            archive.writestr(entry, text.encode(), zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _gradescope(name: str, definition: str) -> Iterator[tuple[str, str, int]]:
    folder = files("backprop_check.grading") / "gradescope"
    for path, source in SCRIPTS.items():
        yield path, (folder / source).read_text(encoding="utf-8").replace("\r\n", "\n"), 0o755
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8").replace("\r\n", "\n")
    yield "requirements.txt", f"{requirements}backprop-check[grade]=={__version__}\n", 0o644
    yield name, blank(definition), 0o644
