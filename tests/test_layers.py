"""Imports point only to the left of the flow, and the commands that need no torch load none."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop_check

ROOT = Path(backprop_check.__file__).parent
FLOW = [
    ("errors", "code_cells"), ("files", "records"), ("exercise",), ("trace",), ("recording",), ("submission",), ("comparison",), ("derivation",), ("expression",), ("diagnosis",), ("report",), ("classroom",), ("picture",), ("flow",), ("training",), ("live",), ("pairs",), ("here",), ("grading",),
    ("authoring",), ("practice",), ("cli", "lsp", "notebook", "pytest_plugin", "__main__"),
]  # fmt: skip
LEVEL = {name: level for level, names in enumerate(FLOW) for name in names}
MODULES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py" and "_course" not in p.parts)


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of `backprop_check` that a file imports, anywhere in it, without their first name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.ImportFrom) or node.level == 0, f"{path.relative_to(ROOT)} has a relative import"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backprop_check."):
            yield (node.module or "").removeprefix("backprop_check.")
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("backprop_check.") for alias in node.names if alias.name.startswith("backprop_check."))


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("folder", sorted({package(path) for path in MODULES}))
def test_imports_point_to_the_left_and_none_is_relative(folder: str) -> None:
    assert folder in LEVEL, f"say in FLOW where backprop_check/{folder} stands"
    for path in MODULES:
        if package(path) == folder:
            wrong = [name for name in imported(path) if LEVEL[name.split(".")[0]] > LEVEL[folder]]
            assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}, which lies to its right"


LINES = (
    "--help",
    "check --help",
    "list",
    "explain",
    "train",
    "explain lost-keepdim",
    "init course",
    "reset ex01 --yes",
    "practice --report",
    "new x",
    "dev check --help",
    "export gradescope ex05",
)
COMMANDS = [line.split() for line in LINES]


def test_what_needs_no_torch_loads_none(tmp_path: Path) -> None:
    """One process runs all these commands, each in the same fresh course."""
    script = f"""
import contextlib, os, sys
from backprop_check.cli.main import main
for argv in {COMMANDS!r}:
    with contextlib.suppress(SystemExit):
        assert main(argv) in (0, 2), argv
    if argv[0] == "init":
        os.chdir("course")
    assert "torch" not in sys.modules, argv
assert "numpy" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, env=with_package())
    assert run.returncode == 0, run.stderr


def with_package() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT.parent)}


def test_a_right_answer_and_a_stub_load_no_mistake(tmp_path: Path) -> None:
    script = f"""
import sys
from backprop_check.cli.main import main
main(["init", "course"])
assert main(["check", "course/exercises/ex01_dot_product.py"]) == 1
assert main(["check", "--exercise", "course/exercises/ex01_dot_product.py", "--submission", {str(Path(__file__).parents[1] / "solutions" / "ex01_dot_product.py")!r}]) == 0
assert not {{"backprop_check.diagnosis.causes", "backprop_check.diagnosis.mistakes.wrong_sign"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, env=with_package())
    assert run.returncode == 0, run.stdout + run.stderr
