"""The wheel carries the course, and a course can be made from it outside any checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import backprop_check

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel") / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


SCRIPT = """
import sys, backprop_check
from backprop_check.cli.main import main
code = main()
assert "torch" not in sys.modules
print(backprop_check.__file__)
sys.exit(code)
"""


def command(unpacked: Path, cwd: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    return subprocess.run([sys.executable, "-c", SCRIPT, *argv], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def test_the_wheel_holds_the_whole_course(unpacked: Path) -> None:
    for part in ("exercises", "solutions", "checkpoints"):
        inside = {p.name: p.read_bytes() for p in (unpacked / "backprop_check" / "_course" / part).glob("*.py")}
        assert inside == {p.name: p.read_bytes() for p in (CHECKOUT / part).glob("*.py")}
    assert (unpacked / "backprop_check" / "_course" / "course.toml").read_bytes() == (CHECKOUT / "course.toml").read_bytes()
    assert sorted(p.name for p in unpacked.iterdir() if not p.name.endswith(".dist-info")) == ["backprop_check"]


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
    assert "First slopes: 0 of" in command(unpacked, tmp_path / "course", "list", "--all").stdout
    assert command(unpacked, tmp_path / "course", "init", ".").returncode == 2


def test_pytest_finds_the_plugin_by_itself(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "ex05_broadcast.py").write_bytes((CHECKOUT / "exercises/ex05_broadcast.py").read_bytes())

    def pytest_run(*argv: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(unpacked)}
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *argv]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    assert pytest_run("--backprop").stdout.count("exercises/ex05_broadcast.py::d") == 4
    disabled = pytest_run("--backprop", "-p", "no:backprop")
    assert disabled.returncode == 4 and "unrecognized arguments: --backprop" in disabled.stderr
    assert pytest_run("-p", "no:backprop").returncode == 5


def test_a_project_may_have_a_checker_of_its_own(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "checker.py").write_text("def cmp():\n    return 'theirs'\n")
    (tmp_path / "test_theirs.py").write_text(
        "import backprop_check\nfrom checker import cmp\n\n\ndef test_both():\n    assert cmp() == 'theirs'\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0 and "1 passed" in run.stdout, run.stdout + run.stderr


def test_import_checker_in_a_checkout_gives_the_same_names() -> None:
    """By one that loads no torch: all are handed on in one way."""
    script = (
        "import backprop_check; from checker import load_ipython_extension as same; assert same is backprop_check.load_ipython_extension"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr


PAGES = [CHECKOUT / "README.md", *(p for p in (CHECKOUT / "docs").rglob("*") if p.is_file())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_install_lines_name_what_is_there(page: Path) -> None:
    """Extras that exist, this version, and the index only for what will be published, which is said beside it."""
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"(backprop-check|whl|'\.)\[(\w+)\](?:==([\w.]+))?|backprop_check-([\d.]+)-py3", text):
        name, extra, *versions = found.groups()
        around = text[max(0, found.start() - 200) : found.end()]
        assert extra is None or extra in extras, found[0]
        assert {*versions} <= {None, backprop_check.__version__}, found[0]
        assert name != "backprop-check" or "once" in around or "--find-links" in around, f"the index has none yet: {found[0]}"


def test_the_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(name for names in project["optional-dependencies"].values() for name in names)]
    pinned = {line.split("==")[0].lower() for line in (CHECKOUT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {name.split(">=")[0].lower() for name in wanted if not name.startswith("backprop-check[")} <= pinned
