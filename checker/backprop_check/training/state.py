"""A training that was interrupted, as a file: numbers and texts only. What cannot be read, or belongs to other code, is as if not there."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from backprop_check.training.run import Training


def save(path: Path, digest: str, trainings: Sequence[Training]) -> None:
    """Write the file whole or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    torch.save({"digest": digest, "trainings": [asdict(training) for training in trainings]}, stream)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(stream.getvalue())
    Path(name).replace(path)


def load(path: Path, digest: str) -> list[Training]:
    """Return the trainings that were saved for the same code, none where there are none."""
    with contextlib.suppress(Exception):
        stored = torch.load(path, weights_only=True)
        if stored["digest"] == digest:
            return [Training(**{**each, "replaced": each["replaced"] and tuple(each["replaced"])}) for each in stored["trainings"]]
    return []
