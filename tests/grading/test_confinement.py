"""Each layer holds by itself, and where too few hold strangers' code is not run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import EXERCISE, SOLUTION, environment, lines

import backprop_check.cli.doctor as doctor
from backprop_check.cli.main import main
from backprop_check.submission.confinement import layers as module
from backprop_check.submission.confinement.layers import NEEDED, Layer, layers, left_open

# Applies each of some layers alone, in a child, tries everything there, and prints what of it did not work.
ATTEMPTS = """
import json, os, socket, sys, tempfile
from backprop_check.submission.confinement import kernel, layers
from backprop_check.submission.confinement.filter import compiled, load
from backprop_check.submission.confinement.zygote import landlock

other = os.getppid()
listening = socket.create_server(("127.0.0.1", 0))

def run_child():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

ATTEMPTS = {
    "files": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "writing": lambda: tempfile.TemporaryFile(dir="/tmp"),
    "network": lambda: socket.socket(socket.AF_INET).connect(listening.getsockname()),
    "processes": run_child,
    "signals": lambda: os.kill(other, 0),
    "memory": lambda: bytearray(1 << 30),
}

def seccomp():
    program = compiled()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    load(program)

def landlocked():
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    landlock()()

LAYERS = {
    "none": lambda: None,
    "system calls": seccomp,
    "Landlock": landlocked,
    "namespaces": lambda: layers._namespaces(["net", "ipc", "uts", "pid"]),
    "limits": lambda: kernel.limit_memory(kernel.mapped() + (1 << 26)),
}
def closed():
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
        except (OSError, MemoryError):
            yield name

for layer in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        LAYERS[layer]()
        print(json.dumps([layer, " ".join(closed())]), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""
CLOSES = {
    "none": "",
    "system calls": "files writing network processes signals",
    "Landlock": "files writing network signals",
    "namespaces": "network",
    "limits": "memory",
}


@pytest.fixture(scope="module")
def known() -> dict[str, Layer]:
    return {each.name: each for each in layers()}


@pytest.fixture(scope="module")
def tried(known: dict[str, Layer]) -> dict[str, str]:
    """What each layer that holds here closes, in one process for all of them: each is applied in a child."""
    names = [name for name in CLOSES if name == "none" or known[name].holds]
    run = subprocess.run([sys.executable, "-c", ATTEMPTS, *names], capture_output=True, text=True, timeout=120, env=environment())
    assert run.stderr == ""
    return dict(json.loads(line) for line in run.stdout.splitlines())


@pytest.mark.parametrize("layer", CLOSES)
def test_each_layer_alone(layer: str, known: dict[str, Layer], tried: dict[str, str]) -> None:
    if layer != "none" and not known[layer].holds:
        pytest.skip(known[layer].detail)
    assert tried[layer] == CLOSES[layer]
    if layer != "none":
        assert {*known[layer].closes} - {"leftovers", "time"} <= {*tried[layer].split()}


def held(*names: str) -> tuple[Layer, ...]:
    return tuple(Layer(each.name, each.name in names, each.closes, "said why") for each in layers())


def test_what_is_left_open() -> None:
    assert left_open(held()) == list(NEEDED)
    assert left_open(held("system calls")) == []
    assert left_open(held("Landlock", "limits", "other user")) == ["network", "processes"]
    assert left_open(held("Landlock", "namespaces", "limits", "other user")) == ["processes"]


def test_grade_refuses_where_something_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = held("Landlock")
    monkeypatch.setattr(module, "layers", lambda: found)
    (tmp_path / "ada.py").write_text(SOLUTION)
    argv = ["grade", str(tmp_path / "ada.py"), "--out", str(tmp_path / "out"), "--exercise", str(EXERCISE)]
    assert main(argv) == 2
    said = capsys.readouterr()
    assert (
        said.err.startswith("backprop-check: on this machine submissions could reach network and processes") and said.err.count("\n") == 1
    )
    assert "--trust-submissions" in said.err and said.out == "" and not (tmp_path / "out").exists()
    assert main([*argv, "--trust-submissions"]) == 0
    assert lines(tmp_path / "out")["ada.py"]["report"]["score"] == 4.0


def test_doctor_lists_the_layers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = held("Landlock")
    monkeypatch.setattr(doctor, "layers", lambda: found)
    assert main(["doctor"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "✓ Landlock: said why; closes files, signals" in shown
    assert all(f"✗ {each.name}: said why" in shown for each in found if not each.holds)
    assert "`grade` refuses here, since submissions could reach network, processes." in shown
    monkeypatch.setattr(doctor, "layers", lambda: held("system calls"))
    assert main(["doctor"]) == 0
    assert "`grade` confines submissions here" in " ".join(capsys.readouterr().out.split())
