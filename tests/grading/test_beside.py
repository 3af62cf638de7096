"""Modules that a student hands in beside a submission: they are that student's, they are used, and they are confined like it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from classroom import RIGHT, setup

from backprop_check.classroom.formats.told import brief
from backprop_check.classroom.pages.view import Part, view
from backprop_check.grading.found import find, reading
from backprop_check.grading.pool import Pool
from backprop_check.grading.task import Task

RIGHT_BY_HELP = RIGHT.replace("import torch\n", "import torch\nfrom helpers import tanh_grad\n").replace("(1 - act**2)", "tanh_grad(act)")
HELP = "import seaborn\nfrom lib.ops import one\ndef tanh_grad(a):\n    return one() - a**2\nwhile True:\n    pass\n"
OPS = "def one():\n    return 1\n"
HAND_IN = {
    "ada/ex05.py": RIGHT_BY_HELP,
    "ada/helpers.py": HELP,
    "ada/lib/ops.py": OPS,
    "alan/ex05.py": RIGHT_BY_HELP,
    "bob/ex05.py": RIGHT_BY_HELP,
    "bob/helpers.py": "def tanh_grad(a):\n    return open('/etc/passwd').read()\n",
    "eve/ex05.py": RIGHT_BY_HELP.replace("helpers", "helpers_of_eve"),
    "eve/helpers_of_eve.py": "import torch\ndef tanh_grad(a):\n    return torch.autograd.grad(a, a)[0]\n",
    "kay/ex05.py": "try:\n    from tqdm import tqdm\nexcept ImportError:\n    tqdm = iter\nimport einops, seaborn as sns\n" + RIGHT.replace("dact = ", "tqdm([])\n    einops\n    dact = "),
}  # fmt: skip


def tasks(source: Path) -> dict[str, Task]:
    given = setup()
    with reading(source) as read:
        found = find(source, "ex05", {"ex05": "ex05_broadcast"})
        data = {each: read(each) for each in found}
        beside = {each: read.beside(each, data[each]) for each in found}
    return {f.student: Task(f.submission, f.student, "ex05", data[f], given.digest("ex05", data[f], beside[f]), beside[f]) for f in found}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return folder.with_suffix(".zip")


@pytest.mark.parametrize("kind", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_each_has_its_own(tmp_path: Path, kind: Callable[[Path], Path]) -> None:
    found = tasks(kind(written(tmp_path / "in", HAND_IN)))
    assert {name: sorted(task.beside) for name, task in found.items()} == {
        "ada": ["helpers.py", "lib/ops.py"], "alan": [], "bob": ["helpers.py"], "eve": ["helpers_of_eve.py"], "kay": [],
    }  # fmt: skip


def test_in_a_flat_folder_other_files_are_other_students(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        {
            "ada_ex05.py": RIGHT.replace("import torch", "import torch\nimport alan_ex05, helpers"),
            "alan_ex05.py": RIGHT,
            "helpers.py": HELP,
        },
    )
    assert not any(task.beside for task in tasks(source).values())
    assert sorted(tasks(source / "ada_ex05.py")["ada"].beside) == ["helpers.py"]


def test_a_changed_helper_is_judged_again(tmp_path: Path) -> None:
    before = tasks(written(tmp_path, HAND_IN))
    after = tasks(written(tmp_path, {"ada/lib/ops.py": "def one():\n    return 2\n"}))
    assert {name for name in before if before[name].digest != after[name].digest} == {"ada"}


def test_they_are_used_and_confined(tmp_path: Path, pool: Pool) -> None:
    results = {r.student: r for r in pool.judged(tasks(written(tmp_path, HAND_IN)).values())}
    marks = {name: [g["name"] for g in r.report["gradients"] if not g["score"]] for name, r in results.items()}
    assert marks == {"ada": [], "alan": ["dprobs"], "bob": ["dprobs"], "eve": ["dprobs"], "kay": []}, [
        r.report["message"] for r in results.values()
    ]
    assert "`tanh_grad` could not be imported" in said(results["alan"], 1) and "No module" not in said(results["alan"], 1)
    assert "Line 2, `from helpers import tanh_grad`: `helpers` cannot be imported where submissions are graded" in said(results["alan"], 1)
    assert "PermissionError" in said(results["bob"], 1) and "asks autograd" in brief(results["eve"].report["gradients"][1])
    assert results["ada"].report.get("notices") is None
    assert "einops" in results["kay"].report["notices"][0] and not any("seaborn" in notice for notice in results["kay"].report["notices"])
    assert any("einops" in paragraph for paragraph in view(Part(results["kay"])).happened)


def said(result: object, gradient: int) -> str:
    (diagnosis,) = result.report["gradients"][gradient]["diagnoses"]  # type: ignore[attr-defined]
    return f"{diagnosis['error']} | {diagnosis['note']}"


def test_what_lies_beside_thousands_of_files_of_one_student_is_looked_up_once(tmp_path: Path) -> None:
    """Each held against each other would be millions, before anybody's is graded."""
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("bob/ex05.py", RIGHT)
        archive.writestr("ada/near.py", "n = 1\n")
        for number in range(3000):
            archive.writestr(f"ada/ex05_{number}.py", "from near import n\n\n\ndef backward(x):\n    dx = 1\n")
    with reading(tmp_path / "class.zip") as read:
        found = [f for f in find(tmp_path / "class.zip", "ex05", {"ex05": "ex05_broadcast"}) if f.student == "ada"]
        assert len(found) == 3000 and len({id(f.beside) for f in found}) == 1
        assert [*read.beside(found[7], read(found[7]))] == ["near.py"]


def test_a_name_that_is_no_text_beside_it_costs_nothing(tmp_path: Path) -> None:
    """Such a file stopped the batch, when its neighbour was read."""
    for student in ("ada", "bob"):
        (tmp_path / student).mkdir()
        (tmp_path / student / "ex05.py").write_text(RIGHT_BY_HELP)
        (tmp_path / student / "helpers.py").write_text(HELP)
        (tmp_path / student / os.fsdecode(b"\xff.py")).write_text("x = 1\n")
    assert {name: sorted(task.beside) for name, task in tasks(tmp_path).items()} == {name: ["helpers.py"] for name in ("ada", "bob")}
