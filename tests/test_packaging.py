"""The wheel carries the course, and a course can be made from it outside any checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(CHECKOUT),
    ]
    run = subprocess.run(build, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (wheel,) = folder.glob("backprop_check-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


SCRIPT = """
import sys, checker
from checker.cli.main import main
code = main()
assert "torch" not in sys.modules
print(checker.__file__)
sys.exit(code)
"""


def command(unpacked: Path, cwd: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    return subprocess.run([sys.executable, "-c", SCRIPT, *argv], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)


def test_the_wheel_holds_the_whole_course(unpacked: Path) -> None:
    for part in ("exercises", "solutions"):
        inside = {p.name: p.read_bytes() for p in (unpacked / "checker" / "_course" / part).glob("*.py")}
        assert inside == {p.name: p.read_bytes() for p in (CHECKOUT / part).glob("*.py")}
    assert sorted(p.name for p in unpacked.iterdir() if not p.name.endswith(".dist-info")) == ["checker"]


def test_init_from_the_wheel_makes_a_course(unpacked: Path, tmp_path: Path) -> None:
    run = command(unpacked, tmp_path, "init", "course")
    assert run.returncode == 0, run.stderr
    assert str(unpacked) in run.stdout, "the unpacked package ran, not the checkout's"
    made = {p.name: p.read_bytes() for p in (tmp_path / "course" / "exercises").iterdir()}
    assert made == {p.name: p.read_bytes() for p in (CHECKOUT / "exercises").glob("*.py")}
    assert [p.name for p in (tmp_path / "course").iterdir()] == ["exercises"]
    for argv in (["list"], ["solution", "ex05"], ["solution", "ex05"], ["explain", "lost-keepdim"]):
        run = command(unpacked, tmp_path / "course", *argv)
        assert run.returncode == 0, run.stderr
    assert command(unpacked, tmp_path / "course", "init", ".").returncode == 2


def test_the_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(name for names in project["optional-dependencies"].values() for name in names)]
    pinned = {line.split("==")[0].lower() for line in (CHECKOUT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {name.split(">=")[0].lower() for name in wanted if not name.startswith("backprop-check[")} <= pinned
