"""CONTRIBUTING.md and docs/architecture.md name what there is: every file, every package, every way of adding something."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from backprop_check.classroom.formats.table import FORMATS
from backprop_check.cli.arguments import COMMANDS
from backprop_check.diagnosis import claims
from backprop_check.diagnosis.order import LAST, ORDER

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "checker" / "backprop_check"
ROWS = re.findall(r"^\| (an? [^|]+?) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)


def test_every_path_that_is_named_is_there() -> None:
    for document in ("CONTRIBUTING.md", "docs/architecture.md", "docs/claims.md"):
        text = (ROOT / document).read_text()
        for path in re.findall(r"`((?:checker|tests|benchmarks|docs|\.ci)/[\w./]*\w)`|\]\(([\w./]+)\)", text):
            found = path[0] or path[1]
            if not re.search(r"CODE|NAME|NN_name", found):
                assert (ROOT / found).exists() or (ROOT / document).parent.joinpath(found).exists(), f"{document} names {found}"


@pytest.mark.parametrize(
    ("what", "folder", "known", "others"),
    [
        ("a mistake", "diagnosis/mistakes", {code.replace("-", "_") for code in (*ORDER, *LAST) if isinstance(code, str)}, {"__init__"}),
        ("a format of marks", "classroom/formats", {f.__module__.rsplit(".", 1)[-1] for f in FORMATS.values()}, None),
        ("a command", "cli", {module for module, *_ in COMMANDS.values()}, None),
    ],
)
def test_a_file_and_a_line(what: str, folder: str, known: set[str], others: set[str] | None) -> None:
    """What is in the table that CONTRIBUTING names is a file of the folder that it names, and, of mistakes, nothing else is there."""
    (row,) = [row for row in ROWS if row[0] == what]
    assert f"checker/backprop_check/{folder}/" in row[1]
    files = {path.stem for path in (PACKAGE / folder).glob("*.py")}
    assert known <= files
    if others is not None:
        assert files == known | others


def test_the_flow_is_the_one_that_is_tested() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert packages == set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+) \|", text, re.M))))


def test_every_kind_of_claim_is_documented() -> None:
    text = (ROOT / "docs" / "claims.md").read_text()
    documented = set(re.findall(r"^\| `([\w-]+)` \|", text, re.M))
    tree = ast.parse(Path(claims.__file__).read_text())
    made = [c.args[0] for c in ast.walk(tree) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name) and c.func.id == "Claim"]
    assert documented - {"kind"} == {kind.value for kind in made if isinstance(kind, ast.Constant)}


def test_every_key_of_the_json_is_documented() -> None:
    report, _, training = (ROOT / "docs" / "json.md").read_text().partition("## `train --json`")
    told = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", report, re.M)
    documented = {key for row in told for key in re.findall(r"\w+", row)}
    assert documented | {"text", "kind"} == _keys("report/json.py")
    made = _keys("training/json.py") | _keys("cli/train.py") | _keys("cli/checkpoints.py")
    assert made <= set(re.findall(r"`(\w+)`", training))


def _keys(file: str) -> set[str]:
    """The keys of all dicts that a module writes out."""
    tree = ast.parse((PACKAGE / file).read_text())
    return {str(key.value) for d in ast.walk(tree) if isinstance(d, ast.Dict) for key in d.keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_imports_what_is_there(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backprop_check"):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}") for alias in node.names)
