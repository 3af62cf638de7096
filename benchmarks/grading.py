"""Grading a class: all of `backprop-check grade`, into a new folder, on all cores; other graders on some of the same submissions.

Run as `python benchmarks/grading.py [EX] [--sizes N ...] [--own] [--peers N --peers-python PATH]` (default: ex05, 100 and 1000; ex13: 200).
Equal code is judged once, and a class as it is made here has much of it; with `--own` no two submissions have the same code.
Time a submission is what the command takes beyond one bare `import torch`; memory is that of all its processes, looked at in another
run. `--sizes 100 1000 10000` shows that it is linear, in minutes. PATH is a Python with torch, otter-grader and nbgrader. No test asserts
it. The ratios in processor time are what other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import peers
from classes import ROOT, written_class
from processes import Taken, run

SIZES = {"ex05": [100, 1000], "ex13": [200]}
GOALS = {"ex05": 14, "ex13": 70}
"""Milliseconds a submission, on two cores."""

MEMORY, RATIO = 500, 100
"""MB of all processes together, and how many times as long other graders should take."""


def main() -> None:
    args = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"PYTHONPATH": str(ROOT / "checker"), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        loading = _loading(environment)
        print(f"import torch: {loading.wall:.2f} s, of processors {loading.processor:.2f} s; {os.cpu_count()} cores", flush=True)
        for size in args.sizes:
            source = folder / str(size)
            files = written_class(source, args.exercise, size, args.own)
            command = [
                sys.executable,
                "-m",
                "backprop_check",
                "grade",
                str(source),
                "--exercise",
                args.exercise,
                "--out",
                str(folder / "out"),
            ]
            taken = _graded(command, folder / "out", environment)
            each = (taken.wall - loading.wall) / size
            _tell(args.exercise, size, taken, loading)
        watched = _graded(command, folder / "out", environment, watched=True)
        print(f"{size} submissions, at most: {watched.pss:.0f} MB PSS (goal {MEMORY}), {watched.rss:.0f} MB RSS; {_judged(folder / 'out')}")
        for who, seconds in _peers(args, files[: args.peers]):
            print(f"{who}: {seconds:.2f} s a submission, {seconds / each:.0f} times ours (goal {RATIO})", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("exercise", nargs="?", default="ex05")
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--own", action="store_true", help="no two submissions have the same code")
    parser.add_argument("--peers", type=int, default=0, metavar="N", help="submissions that the peers are given")
    parser.add_argument("--peers-python", metavar="PATH", help="for otter and nbgrader")
    args = parser.parse_args()
    args.sizes = args.sizes or SIZES.get(args.exercise, [200])
    return args


def _loading(environment: dict[str, str]) -> Taken:
    """What it takes to import torch: the median of three."""
    command = [sys.executable, "-c", "import torch"]
    run(command, ROOT, environment)  # writes the bytecode
    taken = [run(command, ROOT, environment) for _ in range(3)]
    return Taken(statistics.median(t.wall for t in taken), statistics.median(t.processor for t in taken))


def _graded(command: Sequence[str], out: Path, environment: dict[str, str], watched: bool = False) -> Taken:
    shutil.rmtree(out, ignore_errors=True)
    return run(command, ROOT, environment, watched)


def _tell(exercise: str, size: int, taken: Taken, loading: Taken) -> None:
    wall, processor = (taken.wall - loading.wall) / size, (taken.processor - loading.processor) / size
    goal = f" (goal {GOALS[exercise]})" if exercise in GOALS else ""
    print(
        f"{exercise}, {size}: {taken.wall:.1f} s; {1000 * wall:.1f} ms a submission{goal}, {wall / loading.wall:.4f} of an import; "
        f"of processors {1000 * processor:.1f} ms, {processor / loading.processor:.4f}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _judged(out: Path) -> str:
    """What was found, to be held against what was made: half of the submissions are right."""
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    right, judged = (
        sum(found) for found in zip(*((r["report"]["status"] == "passed", r["outcome"] == "judged") for r in lines), strict=True)
    )
    return f"{right} right of {judged} judged"


def _peers(args: argparse.Namespace, files: Sequence[Path]) -> Iterator[tuple[str, float]]:
    if files:
        yield "a process each, `check`", peers.fresh_check(args.exercise, files)
        yield "a process each, `torch.allclose`", peers.fresh_bare(files)
    if files and args.peers_python:
        yield "otter, in-process", peers.otter(args.peers_python, files)
        yield "nbgrader autograde, one call", peers.nbgrader(args.peers_python, files)


if __name__ == "__main__":
    main()
