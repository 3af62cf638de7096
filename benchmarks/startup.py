"""Whole-process times: a check against `import torch`, and the commands that must not load torch at all.

Run as `python benchmarks/startup.py [ROUNDS]`. Medians over rounds in which every command runs once; the machine drifts, so trust the
ratios. The ratio of processor time (all of a process's threads and children) is the one that other work on the machine disturbs least.
Goals: a check at most 1.0 times `import torch`; the others at most 0.25 s and without torch. No test asserts a time.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RATIO, SECONDS = 1.0, 0.25
LIGHT = (["--help"], ["list"], ["explain", "missing-sum"], ["graph", "ex05"], ["graph", "ex13"])
COMMAND = "from backprop_check.__main__ import entry; entry()"  # as the installed command: its end is quick as well
LOADED = "from backprop_check.cli.main import main\ntry: main()\nfinally: import sys; print('torch' in sys.modules, file=sys.stderr)"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for part in ("exercises", "solutions"):
            shutil.copytree(ROOT / part, course / part)
        stub, solved = course / "exercises/ex05_broadcast.py", course / "solutions/ex05_broadcast.py"
        scripts = {
            "import torch": ["-c", "import torch"],
            "ex05, not written": ["-c", COMMAND, str(stub)],
            "ex05, solved": ["-c", COMMAND, "check", "ex05", "--submission", str(solved)],
            **{" ".join(words): ["-c", COMMAND, *words] for words in LIGHT},
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in scripts}
        for script in scripts.values():
            execute(course, script)  # writes the bytecode
        for _ in range(rounds):
            for name, script in scripts.items():
                began, used = time.perf_counter(), processor()
                execute(course, script)
                seconds[name].append((time.perf_counter() - began, processor() - used))
        tell({name: [statistics.median(column) for column in zip(*found, strict=True)] for name, found in seconds.items()}, course)


def processor() -> float:
    """Return the processor seconds of the children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tell(medians: dict[str, list[float]], course: Path) -> None:
    torch, processor = medians["import torch"]
    print(f"{'import torch':20} {torch:6.3f} s")
    for name in ("ex05, not written", "ex05, solved"):
        wall, used = medians[name]
        print(f"{name:20} {wall:6.3f} s   {wall / torch:4.2f} times import torch (goal {RATIO}); {used / processor:4.2f} in processor time")
    for words in LIGHT:
        name = " ".join(words)
        loaded = "True" in execute(course, ["-c", LOADED, *words]).splitlines()
        print(f"{name:20} {medians[name][0]:6.3f} s   torch {'LOADED' if loaded else 'not loaded'} (goal {SECONDS} s, not loaded)")


def execute(course: Path, script: list[str]) -> str:
    """Run Python on `script` in the course's folder; return its standard error."""
    # An installed package has its bytecode; what the environment says of writing it must not count against it, nor against torch.
    cached = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(course / "bytecode")}
    environment = {**os.environ, **cached, "PYTHONPATH": str(ROOT / "checker")}
    done = subprocess.run([sys.executable, *script], cwd=course, env=environment, capture_output=True, text=True)  # noqa: S603  (our own commands)
    return done.stderr


if __name__ == "__main__":
    main()
