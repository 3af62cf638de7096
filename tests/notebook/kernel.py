"""Run cells of plain text in a real Jupyter kernel, and read what each shows."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import backprop_check

_CELL = re.compile(r"^#%% (.*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """What one cell shows: printed text, the display's HTML and plain text, and the error it ended with as it is displayed."""

    text: str
    html: str
    plain: str
    error: str


def run(text: str, folder: Path) -> dict[str, Shown]:
    """Execute the cells of `text`, each under a line `#%% its name`, in a fresh kernel working in `folder`; one that fails stops none."""
    import nbformat
    from nbclient import NotebookClient

    parts = _CELL.split(text)[1:]
    names = parts[::2]
    assert len(set(names)) == len(names), "two cells have the same name"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source.rstrip("\n")) for source in parts[1::2]])
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parents[1]), "PYTHONWARNINGS": "ignore"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client's own: an event loop of its making, ports without encryption
        client = NotebookClient(notebook, allow_errors=True, timeout=120, resources={"metadata": {"path": str(folder)}})
        client.execute(env=environment)
    return {name: _shown(cell.outputs) for name, cell in zip(names, notebook.cells, strict=True)}


def _shown(outputs: list[Mapping[str, object]]) -> Shown:
    found = {"text": "", "html": "", "plain": "", "error": ""}
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stdout":
            found["text"] += str(output["text"])
        elif output["output_type"] == "stream":
            found["error"] += str(output["text"])
        elif output["output_type"] == "error":
            found["error"] += "\n".join(output["traceback"])  # type: ignore[call-overload]
        else:
            data = output["data"]
            assert isinstance(data, Mapping)
            found["html"] += data.get("text/html", "")
            found["plain"] += data.get("text/plain", "")
    return Shown(**found)
