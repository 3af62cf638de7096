"""All pages as Markdown, each made in one of a few processes."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import torch

from backprop_check.picture.page import style
from backprop_check.submission.workers import Workers, started
from website import commands, documents, exercises, home, mistakes, operations

HERE = Path(__file__).parent
KINDS = {"home": home, "exercises": exercises, "mistakes": mistakes, "operations": operations, "commands": commands}
"""Each has the `names` of its pages, and makes one by its name."""

INDICES: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (
    exercises.index,
    mistakes.index,
    operations.index,
    commands.index,
    documents.pages,
)


def write(folder: Path) -> int:
    """Write all pages into an empty folder, and what stands beside them. Returns how many pages there are."""
    jobs = [(kind, name) for kind, module in KINDS.items() for name in module.names()]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        made = [*pool.map(make, *zip(*jobs, strict=True)), *(dict(pages()) for pages in INDICES)]
    for pages in made:
        for path, text in pages.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    shutil.copy(HERE / "conf.py", folder)
    shutil.copytree(HERE / "static", folder / "_static")
    (folder / "_static" / "graph.css").write_text(f".graph {{\n{style()}\n}}\n", encoding="utf-8")
    return sum(path.endswith(".md") for pages in made for path in pages)


def make(kind: str, name: str) -> Mapping[str, str]:
    """Return a page and what belongs to it: their texts by their places."""
    return dict(KINDS[kind].make(name, _workers()))


@cache
def _workers() -> Workers:
    torch.set_num_threads(1)
    return started()
