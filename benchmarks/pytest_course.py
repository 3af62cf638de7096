"""What the whole course costs under pytest beyond importing torch: all solutions, checked by `pytest --backprop` in one process.

Run as `python benchmarks/pytest_course.py [ROUNDS]`. Medians over rounds; in each, a process that only imports torch is timed beside the
runs, since the machine drifts: trust the ratio. `nothing` is pytest with the plugin and no exercise. No test asserts a time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [
    "-m",
    "pytest",
    "-q",
    "-p",
    "backprop_check.pytest_plugin.plugin",
    "-p",
    "no:cacheprovider",
    "-c",
    os.devnull,
    "--rootdir",
    str(ROOT),
]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    exercises = len(list((ROOT / "solutions").glob("ex*.py")))
    with tempfile.TemporaryDirectory() as empty:
        scripts = {
            "import torch": ["-c", "import torch"],
            "nothing": [*PYTEST, "--backprop", empty],
            "one exercise": [*PYTEST, "--backprop", str(ROOT / "solutions/ex05_broadcast.py")],
            "the course": [*PYTEST, "--backprop", str(ROOT / "solutions")],
        }
        for script in scripts.values():
            execute(script)  # writes the bytecode
        seconds = {name: [] for name in scripts}
        for _ in range(rounds):
            for name, script in scripts.items():
                began = time.perf_counter()
                execute(script)
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    torch = medians["import torch"]
    for name, median in medians.items():
        print(f"{name:14} {median:7.3f} s   {median / torch:5.2f} times import torch")
    each = (medians["the course"] - torch) / exercises
    print(f"each of {exercises} exercises beyond one import of torch: {1000 * each:.0f} ms, {each / torch:.3f} times import torch")
    further = (medians["the course"] - medians["one exercise"]) / (exercises - 1)
    print(f"each further exercise, when one has been checked: {1000 * further:.0f} ms, {further / torch:.3f} times import torch")


def execute(script: list[str]) -> None:
    """Run Python on `script`, which must pass or collect nothing."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "checker"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([sys.executable, *script], env=environment, capture_output=True, text=True)  # noqa: S603  (our own commands)
    if done.returncode not in (0, 5):
        sys.exit(done.stdout + done.stderr)


if __name__ == "__main__":
    main()
