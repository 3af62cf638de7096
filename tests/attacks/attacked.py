"""What is graded: the attacks, the honest, and what a run of the real command over them gave and left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import odd

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MARK = "backprop_attack"
"""What every file an attack tries to leave is called by."""

ATTACKS = {path.name: path for path in sorted((HERE / "attacks").glob("*.py"))}
HONEST = {path.name: path for path in sorted((HERE / "honest").glob("*.py"))}
PLAIN = HONEST["plain.py"].read_text(encoding="utf-8")
HALF = PLAIN.replace("dprobs = (1 - act**2)", "dprobs = (1 - act)").replace("keepdim=True", "keepdim=False")
"""A submission that earns two points of four."""


def spelled() -> dict[str, bytes]:
    """The plain solution as other editors and systems store it, by file name."""
    lines = PLAIN.splitlines(keepends=True)
    cells = [{"cell_type": "markdown", "source": "# text"}, {"cell_type": "code", "source": "%matplotlib inline\nimport torch\n"}]
    cells += [{"cell_type": "code", "source": lines[4:], "outputs": []}, {"cell_type": "code", "source": "backward(1, 2)\nplot(x)"}]
    return {
        "crlf.py": PLAIN.replace("\n", "\r\n").encode(),
        "mac.py": PLAIN.replace("\n", "\r").encode(),
        "bom.py": b"\xef\xbb\xbf" + PLAIN.encode(),
        "tabs.py": PLAIN.replace("    ", "\t").encode(),
        "noend.py": PLAIN.rstrip("\n").encode(),
        "notebook.ipynb": json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode(),
        "Añá Ñandú (2).py": PLAIN.encode(),
        "数学 课.py": PLAIN.encode(),
        "o'neil, jr..py": PLAIN.encode(),
        "UPPER.PY": PLAIN.encode(),
    }


@dataclass(frozen=True)
class Graded:
    """What the command gave, and what was seen of the machine before and after."""

    out: Path
    code: int
    said: bytes
    lines: tuple[Mapping[str, Any], ...]
    left: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()

    def of(self, name: str) -> list[Mapping[str, Any]]:
        return [line for line in self.lines if line["submission"] == name]


def victims() -> dict[str, bytes]:
    """The honest: each once, and the plain and the half-right one at many places of the order."""
    found = {name: path.read_bytes() for name, path in HONEST.items()} | spelled()
    for letters in ("", *(name[:6] for name in [*ATTACKS][::12]), "zzz"):
        found[f"{letters}-right.py" if letters else "0.py"] = PLAIN.encode()
        found[f"{letters}-halfright.py" if letters else "00.py"] = HALF.encode()
    return found


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def grade(base: Path, submissions: Path) -> Graded:
    places = {name: base / name for name in ("out", "home", "tmp")}
    for place in places.values():
        place.mkdir(exist_ok=True)
        (place / "canary").write_text("alive")
    environment = {
        **os.environ,
        "HOME": str(places["home"]),
        "TMPDIR": str(places["tmp"]),
        "PYTHONPATH": str(ROOT / "checker"),
        "BACKPROP_CANARY": "secret",
    }
    # -P, as the installed command has it: the current folder holds a `backprop_check`, a torch.py and a json.py of the attackers'.
    command = [sys.executable, "-P", "-m", "backprop_check", "grade", ".", "--out", str(places["out"])]
    command += ["--exercise", "ex05", "--time-limit", "1", "--jobs", "3", "--memory-limit", "256MB"]
    watched = [submissions, places["home"], places["tmp"], *(ROOT / name for name in ("checker", "exercises", "solutions"))]
    before = {file: stamp for place in watched for file, stamp in _files(place)}
    run = subprocess.run(
        command, cwd=submissions, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500, check=False
    )
    after = {file: stamp for place in watched for file, stamp in _files(place)}
    results = places["out"] / "results.jsonl"
    return Graded(
        out=places["out"],
        code=run.returncode,
        said=run.stdout,
        lines=tuple(json.loads(line) for line in results.read_text(encoding="ascii").splitlines()) if results.is_file() else (),
        left=tuple(str(path) for path in _marked(base)),
        changed=tuple(sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))),
        processes=tuple(_processes(str(places["tmp"]))),
    )


def _files(place: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            status = Path(folder, name).lstat()
            yield f"{folder}/{name}", (status.st_size, status.st_mtime_ns, status.st_mode)


def _marked(base: Path) -> Iterator[Path]:
    """Files whose name shows that an attack made them, wherever attacks try to."""
    theirs = {*odd.NAMED, *odd.TEXTS}
    for folder in (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/"), ROOT, ROOT.parent):
        yield from folder.glob(f"{MARK}*")
    for found in base.rglob(f"*{MARK}*"):
        if "feedback" not in found.parts and found.name not in theirs:
            yield found


def _processes(temporary: str) -> Iterator[str]:
    """Processes that still have the run's own temporary folder in their environment, which all that descend from it inherit."""
    until = time.monotonic() + 5
    while time.monotonic() < until and (found := list(_living(temporary))):
        time.sleep(0.1)
    yield from found


def _living(temporary: str) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"TMPDIR={temporary}".encode() in (entry / "environ").read_bytes():
                    yield f"{entry.name} {(entry / 'cmdline').read_bytes()!r}"
            except OSError:
                continue
