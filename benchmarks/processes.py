"""What a command and all its descendants take: time, processor time, memory."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backprop_check.submission.confinement.kernel import prctl

EVERY = 0.2
"""Seconds between two looks at the memory."""

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, of the processors (the command's and its descendants'), and the most MB of memory at one time.

    `pss` shares what processes share between them, `rss` counts it once for each; 0 where nobody looked.
    """

    wall: float
    processor: float
    pss: float = 0.0
    rss: float = 0.0


def run(command: Sequence[str], folder: Path, environment: dict[str, str], watched: bool = False) -> Taken:
    """Run a command; look at its memory where `watched`, which takes time too. Raises `SystemExit` when it fails."""
    # What loses its parent becomes our child, so that its processor time is counted with the others'.
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    began, used = time.perf_counter(), _processor()
    process = subprocess.Popen(  # noqa: S603  (our own commands)
        command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak, ended = [0.0, 0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY):
            peak[:] = map(max, peak, _memory(process.pid))

    watcher = threading.Thread(target=watch)
    if watched:
        watcher.start()
    _, said = process.communicate()
    wall = time.perf_counter() - began
    ended.set()
    if watched:
        watcher.join()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}")
    return Taken(wall, _processor() - used, *peak)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(root: int) -> tuple[float, float]:
    """Return PSS and RSS, in MB, of a process and its descendants together."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    pss = rss = 0
    tree = [root]
    for pid in tree:
        tree += children[pid]
        with contextlib.suppress(OSError):
            found = dict(re.findall(r"^(Pss|Rss): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
            pss, rss = pss + int(found.get("Pss", 0)), rss + int(found.get("Rss", 0))
    return pss / 1024, rss / 1024
