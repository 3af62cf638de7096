"""Every layout gives the right student and exercise; nothing unsafe is opened; every name gives one line."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import backprop_check
from backprop_check.classroom.class_list import read_roster
from backprop_check.classroom.roster import Roster
from backprop_check.errors import BadInput
from backprop_check.files import LARGEST
from backprop_check.grading import archive
from backprop_check.grading.found import Found, find, reading, survey
from backprop_check.grading.item import DEPTH_LIMIT
from backprop_check.grading.metadata import read_submitters

COURSE = {"ex01": "ex01_dot", "ex01b": "ex01b_dot_squared", "ex05": "ex05_broadcast", "ex06": "ex06_product"}
BACKWARD = "def backward(x):\n    dx = ...\n"
CELL = '{"cells": [{"cell_type": "code", "source": ["%%backward ex05\\n", "dx = 1"]}]}'
META = """---
submission_456:
  :submitters:
  - :name: Ada Lovelace
    :sid: '17'
    :email: ada@uni.edu
  - :name: "Gr\\u00e1ce O'H"
    :sid: ''
    :email: grace@uni.edu
  :created_at: 2024-01-01
  :results:
    tests:
    - output: |
        submission_457:
          :submitters:
          - :name: Mallory
submission_457:
  :submitters:
  - :name: 'Bob O''Hara'
    :sid: '18'
    :email: bob@uni.edu
"""

# What is there, the exercise asked for, and the (student, exercise, file) of each submission found.
LAYOUTS: dict[str, tuple[list[str], str | None, set[tuple[str, str, str]]]] = {
    "flat": (
        ["ada_ex05.py", "ex05_bob.ipynb", "Ex5-cy.PY", "ex05_broadcast_dee.py", "ex01b-eve.py", "notes.txt", ".hidden_ex05.py"],
        None,
        {("ada", "ex05", "ada_ex05.py"), ("bob", "ex05", "ex05_bob.ipynb"), ("cy", "ex05", "Ex5-cy.PY"), ("dee", "ex05", "ex05_broadcast_dee.py"), ("eve", "ex01b", "ex01b-eve.py")},
    ),
    "flat, asked": (["ada.py", "ada_ex06.py", "ex1_bob.py"], "ex05", {("ada", "ex05", "ada.py"), ("bob", "ex05", "ex1_bob.py")}),
    "folders": (["ada/ex05.py", "ada/ex06_product.py", "ada/utils.py", "bob/hw_ex05.ipynb"], None, {("ada", "ex05", "ada/ex05.py"), ("ada", "ex06", "ada/ex06_product.py"), ("bob", "ex05", "bob/hw_ex05.ipynb")}),
    "folders, by name": (["ada/ex05_x.py", "ada/hw.py=def", "ada/ex06.py", "bob/x.py"], "ex05", {("ada", "ex05", "ada/ex05_x.py"), ("bob", "ex05", "bob/x.py")}),
    "folders, by backward": (["ada/hw.py=def", "ada/utils.py", "bob/a.ipynb=cell", "bob/b.py=method"], "ex05", {("ada", "ex05", "ada/hw.py"), ("bob", "ex05", "bob/a.ipynb")}),
    "folders, else all": (["ada/a.py", "ada/b.py"], "ex05", {("ada", "ex05", "ada/a.py"), ("ada", "ex05", "ada/b.py")}),
    "exercise folders": (["ex05/ada.py", "ex05/bob/hw.py", "ex06/ada.py"], None, {("ada", "ex05", "ex05/ada.py"), ("bob", "ex05", "ex05/bob/hw.py"), ("ada", "ex06", "ex06/ada.py")}),
    "exercise folders, asked": (["ex05/ada.py", "ex06/ada.py", "ex06/bob/"], "ex05", {("ada", "ex05", "ex05/ada.py")}),
    "an exercise folder inside": (["ada/ex05/hw.py", "ada/ex06/hw.py", "bob_ex05/hw.py"], None, {("ada", "ex05", "ada/ex05/hw.py"), ("ada", "ex06", "ada/ex06/hw.py"), ("bob", "ex05", "bob_ex05/hw.py")}),
    "a wrapper": (["hw/ada_ex05.py", "hw/bob_ex05.py"], None, {("ada", "ex05", "hw/ada_ex05.py"), ("bob", "ex05", "hw/bob_ex05.py")}),
    "one student": (["ada/ex05.py"], None, {("ada", "ex05", "ada/ex05.py")}),
    "one student's copy of the course": (["ada/exercises/ex05_broadcast.py", "ada/solutions/ex05_broadcast.py"], "ex05", {("ada", "ex05", "ada/exercises/ex05_broadcast.py")}),
    "moodle, one student, wrapped": (["download/Ada_1_assignsubmission_file_/a.py"], "ex05", {("Ada", "ex05", "download/Ada_1_assignsubmission_file_/a.py")}),
    "moodle": (
        ["Ada King_1234567_assignsubmission_file_/hw.py", "Ada King_1234567_assignsubmission_onlinetext_/onlinetext.html", "Émile Ng_99_assignsubmission_file_/a/ex05.py"],
        "ex05",
        {("Ada King", "ex05", "Ada King_1234567_assignsubmission_file_/hw.py"), ("Émile Ng", "ex05", "Émile Ng_99_assignsubmission_file_/a/ex05.py")},
    ),
    "moodle, flat": (
        ["Ada King_1_assignsubmission_file_hw.py", "Eve_2_assignsubmission_file_Ada King_1_assignsubmission_file_hw.py"],
        "ex05",
        {("Ada King", "ex05", "Ada King_1_assignsubmission_file_hw.py"), ("Eve", "ex05", "Eve_2_assignsubmission_file_Ada King_1_assignsubmission_file_hw.py")},
    ),
    "moodle, blind or of one name": (
        ["Participant_1_assignsubmission_file_/a.py", "Participant_2_assignsubmission_file_/a.py"],
        "ex05",
        {("Participant (1)", "ex05", "Participant_1_assignsubmission_file_/a.py"), ("Participant (2)", "ex05", "Participant_2_assignsubmission_file_/a.py")},
    ),
    "moodle, a folder named like another's": (
        ["Eve_2_assignsubmission_file_/Ada_1_assignsubmission_file_/hw.py", "Bob_3_assignsubmission_file_/hw.py"],
        "ex05",
        {("Eve", "ex05", "Eve_2_assignsubmission_file_/Ada_1_assignsubmission_file_/hw.py"), ("Bob", "ex05", "Bob_3_assignsubmission_file_/hw.py")},
    ),
    "canvas": (
        ["lovelaceada_12345_678901_hw-1.py", "lovelaceada_12345_678900_hw.py", "hopper_LATE_7_8_hw.ipynb", "anon_x7Qz2_9_hw.py"],
        "ex05",
        {("lovelaceada", "ex05", "lovelaceada_12345_678901_hw-1.py"), ("hopper", "ex05", "hopper_LATE_7_8_hw.ipynb"), ("anon", "ex05", "anon_x7Qz2_9_hw.py")},
    ),
    "canvas, two exercises": (["ada_1_2_ex05.py", "ada_1_3_ex06-2.py"], None, {("ada", "ex05", "ada_1_2_ex05.py"), ("ada", "ex06", "ada_1_3_ex06-2.py")}),
    "gradescope": (
        ["assignment_1_export/submission_metadata.yml=meta", "assignment_1_export/submission_456/ex05.py", "assignment_1_export/submission_457/hw.py", "assignment_1_export/submission_457/submission_metadata.yml=meta"],
        "ex05",
        {("Ada Lovelace, Gráce O'H", "ex05", "assignment_1_export/submission_456/ex05.py"), ("Bob O'Hara", "ex05", "assignment_1_export/submission_457/hw.py")},
    ),
    "github classroom": (
        ["hw1-submissions/hw1-octocat/exercises/ex05_broadcast.py", "hw1-submissions/hw1-octocat/solutions/ex05_broadcast.py", "hw1-submissions/hw1-octocat/.git/x.py", "hw1-submissions/hw1-ada-l/exercises/ex05_broadcast.py", "hw1-submissions/hw1-ada-l/exercises/ex06_product.py"],
        "ex05",
        {("octocat", "ex05", "hw1-submissions/hw1-octocat/exercises/ex05_broadcast.py"), ("ada-l", "ex05", "hw1-submissions/hw1-ada-l/exercises/ex05_broadcast.py")},
    ),
    "github classroom, bare": (["hw1-octocat/a.py", "hw1-octobob/a.py"], "ex05", {("octocat", "ex05", "hw1-octocat/a.py"), ("octobob", "ex05", "hw1-octobob/a.py")}),
    "a first name in common": (["ada-smith/a.py", "ada-jones/a.py"], "ex05", {("ada-smith", "ex05", "ada-smith/a.py"), ("ada-jones", "ex05", "ada-jones/a.py")}),
    "numbered groups": (["group-1/a.py", "group-2/a.py", "group-3/a.py"], "ex05", {(f"group-{n}", "ex05", f"group-{n}/a.py") for n in (1, 2, 3)}),
    "what tools leave": (
        ["ada/hw.py", "ada/__pycache__/hw.py", "ada/.ipynb_checkpoints/hw.ipynb", "ada/node_modules/x.py", "ada/env3/pyvenv.cfg", "ada/env3/lib/x.py", "__MACOSX/ada/._hw.py", "venv/pyvenv.cfg", "venv/lib/y.py"],
        "ex05",
        {("ada", "ex05", "ada/hw.py")},
    ),
}  # fmt: skip
CONTENTS = {
    "": "x = 1\n",
    "def": BACKWARD,
    "cell": CELL,
    "method": "class A:\n    " + BACKWARD.replace("\n", "\n    ") + "\n",
    "meta": META,
}


def files_of(names: Iterable[str]) -> dict[str, bytes]:
    return {name.partition("=")[0]: CONTENTS[name.partition("=")[2]].encode() for name in names}


def make_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    return root


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def told(found: Iterable[Found]) -> set[tuple[str, str, str]]:
    return {(f.student, f.exercise, f.submission) for f in found}


@pytest.mark.parametrize("stored", ["folder", "zip"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(tmp_path: Path, name: str, stored: str) -> None:
    names, exercise, expected = LAYOUTS[name]
    files = files_of(names)
    source = make_folder(tmp_path / "in", files) if stored == "folder" else make_zip(tmp_path / "in.zip", files)
    found = find(source, exercise, COURSE)
    assert told(found) == expected
    assert not [f for f in found if f.trouble or f.refused]
    assert [f.submission for f in found] == sorted(f.submission for f in found)
    assert {f.suffix for f in found} <= {".py", ".ipynb"}
    with reading(source) as read:
        assert {f.submission: read(f) for f in found} == {f.submission: files[f.submission] for f in found}


def test_the_source_tells_the_exercise_of_what_has_no_name_for_it(tmp_path: Path) -> None:
    assert told(find(make_folder(tmp_path / "ex05", files_of(["ada.py"])), None, COURSE)) == {("ada", "ex05", "ada.py")}
    zipped = make_zip(tmp_path / "hw_ex06.zip", files_of(["hw_ex06/ada.py", "hw_ex06/bob.py"]))
    assert told(find(zipped, None, COURSE)) == {("ada", "ex06", "hw_ex06/ada.py"), ("bob", "ex06", "hw_ex06/bob.py")}


def test_one_file_is_one_submission_even_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "ada_ex05.py").write_text(BACKWARD)
    (tmp_path / "link.py").symlink_to("ada_ex05.py")
    for name in ("ada_ex05.py", "link.py"):
        (found,) = find(tmp_path / name, None, COURSE)
        assert (found.student, found.exercise, found.trouble) == ("ada", "ex05", "")
        with reading(tmp_path / name) as read:
            assert read(found) == BACKWARD.encode()


def test_an_exercise_outside_the_course_is_found_by_its_stem(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", files_of(["ada/attention.py", "ada/x.py=def", "bob/ex05.py"]))
    assert told(f for f in find(source, "attention", COURSE) if not f.trouble) == {("ada", "attention", "ada/attention.py")}


TROUBLE = {
    "an empty folder": (["ada/", "bob/a.py"], "ada", "holds no .py or .ipynb file"),
    "a folder of other things": (["ada/a.txt", "bob/a.py"], "ada/a.txt", "neither .py nor .ipynb"),
    "a folder that is an environment": (["ada/pyvenv.cfg", "ada/a.py", "bob/a.py"], "ada", "holds no .py or .ipynb file"),
    "another exercise only": (["ada/ex06.py", "bob/a.py"], "ada", "holds no file for ex05"),
    "what is no zip": (["ada/a.zip", "bob/a.py"], "ada/a.zip", "no zip that can be read"),
    "what is no zip, among files": (["ada.zip", "bob.py"], "ada.zip", "no zip that can be read"),
}


@pytest.mark.parametrize("stored", ["folder", "zip"])
@pytest.mark.parametrize("name", TROUBLE)
def test_a_student_without_a_submission_has_a_line(tmp_path: Path, name: str, stored: str) -> None:
    names, submission, why = TROUBLE[name]
    files = files_of(names)
    source = make_folder(tmp_path / "in", files) if stored == "folder" else make_zip(tmp_path / "in.zip", files)
    ada, bob = find(source, "ex05", COURSE)
    assert (ada.student, ada.submission, ada.exercise, ada.refused, bob.trouble) == ("ada", submission, "ex05", False, "")
    assert why in ada.trouble


def test_a_file_that_tells_no_exercise_has_a_line_beside_those_that_do(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", files_of(["ada.py", "ex05_ex06.py", "bob_ex05.py"]))
    ada, bob, both = find(source, None, COURSE)
    assert not bob.trouble
    assert all((f.exercise, "--exercise" in f.trouble) == ("", True) for f in (ada, both))


def test_nothing_but_regular_files_is_opened(tmp_path: Path) -> None:
    secret = make_folder(tmp_path / "secret", files_of(["key.py", "sub/hw.py"]))
    source = make_folder(tmp_path / "in", files_of(["ada/ex05.py", "ada/x/deep.py", "cy/real_ex05.py", "ok.py"]))
    (source / "bob.py").symlink_to(secret / "key.py")
    (source / "dan").symlink_to(secret)
    (source / "gone.py").symlink_to("nowhere")
    (source / "ada" / "x" / "loop").symlink_to(source)
    (source / "eve").mkdir()
    (source / "eve" / "hw").symlink_to(secret)
    (source / "cy" / "linked_ex05.py").symlink_to(secret / "key.py")
    os.mkfifo(source / "pipe.py")
    found = {f.submission: f for f in find(source, "ex05", COURSE)}
    refused = {"bob.py", "dan", "gone.py", "eve/hw", "pipe.py", "cy/linked_ex05.py"}
    assert found.keys() == refused | {"ada/ex05.py", "cy/real_ex05.py", "ok.py"}
    assert {name for name, f in found.items() if f.refused and f.trouble} == refused
    assert found["eve/hw"].student == "eve"
    with reading(source) as read:
        for name in refused:
            with pytest.raises(BadInput):
                read(found[name])


@pytest.mark.parametrize("replace", ["file", "folder", "pipe", "gone"])
def test_what_is_exchanged_after_it_was_found_is_not_read(tmp_path: Path, replace: str) -> None:
    secret = make_folder(tmp_path / "secret", files_of(["a.py"]))
    source = make_folder(tmp_path / "in", files_of(["ada/a.py"]))
    (found,) = find(source, "ex05", COURSE)
    (source / "ada" / "a.py").unlink()
    if replace == "file":
        (source / "ada" / "a.py").symlink_to(secret / "a.py")
    elif replace == "pipe":
        os.mkfifo(source / "ada" / "a.py")
    elif replace == "folder":
        (source / "ada").rmdir()
        (source / "ada").symlink_to(secret)
    with reading(source) as read, pytest.raises(BadInput, match=r"a\.py"):
        read(found)


def test_the_output_folder_is_passed_over(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", files_of(["ada/a.py", "out/x.py", "more/out/y.py"]))
    assert {f.student for f in find(source, "ex05", COURSE, exclude=source / "out")} == {"ada", "more"}
    (tmp_path / "link").symlink_to(source)
    assert {f.student for f in find(tmp_path / "link", "ex05", COURSE, exclude=source / "out")} == {"ada", "more"}
    with pytest.raises(BadInput, match="another folder for the results"):
        find(source, "ex05", COURSE, exclude=tmp_path / "link")


@pytest.mark.parametrize(
    "name, why",
    {
        "none": "no such file or folder",
        "a\0b": "no such file or folder",
        "empty": "holds no submission",
        "text.txt": "no zip",
        "empty.zip": "holds no submission",
        "others": "holds no file for ex05",
    }.items(),
)
def test_a_source_that_is_none_is_said_in_one_line(tmp_path: Path, name: str, why: str) -> None:
    make_folder(tmp_path, {"empty/": b"", "text.txt": b"no", "others/ada_ex06.py": b""})
    make_zip(tmp_path / "empty.zip", {})
    with pytest.raises(BadInput, match=why) as raised:
        find(tmp_path / name, "ex05", COURSE)
    assert "\n" not in str(raised.value)


def test_names_that_tell_nothing_at_all_ask_for_the_option(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--exercise"):
        find(make_folder(tmp_path / "in", files_of(["ada.py", "bob.py"])), None, COURSE)


def test_a_file_too_large_is_not_opened(tmp_path: Path) -> None:
    files = {"ada.py": b"#" * (LARGEST + 1), "bob.py": b"#" * LARGEST}
    for source in (make_folder(tmp_path / "in", files), make_zip(tmp_path / "in.zip", files)):
        ada, bob = find(source, "ex05", COURSE)
        assert ("2 MB" in ada.trouble, bob.trouble) == (True, "")
        with reading(source) as read:
            assert len(read(bob)) == LARGEST
            with pytest.raises(BadInput, match="2 MB"):
                read(ada)


def test_no_depth_is_too_much(tmp_path: Path) -> None:
    deep = "ada/" + "d/" * (DEPTH_LIMIT + 9) + "a.py"
    long = "bob/" + ("d" * 60000) + "/" + "x/" * 900 + "a.py"
    for source in (make_folder(tmp_path / "in", files_of([deep])), make_zip(tmp_path / "in.zip", files_of([deep]))):
        (found,) = find(source, "ex05", COURSE)
        assert (found.student, found.refused, "folders deep" in found.trouble) == ("ada", False, True)
    assert len(find(make_zip(tmp_path / "long.zip", files_of([long])), "ex05", COURSE)) == 1


def test_too_many_files_are_no_submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_check.grading.folder.ITEMS_LIMIT", 5)
    monkeypatch.setattr("backprop_check.grading.archive.ITEMS_LIMIT", 5)
    few, many = files_of(f"{n}.py" for n in range(5)), files_of(f"{n}.py" for n in range(6))
    for name, files in {"few": few, "many": many}.items():
        for source in (make_folder(tmp_path / name, files), make_zip(tmp_path / f"{name}.zip", files)):
            if name == "few":
                assert len(find(source, "ex05", COURSE)) == 5
            else:
                with pytest.raises(BadInput, match="more than 5"):
                    find(source, "ex05", COURSE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_has_a_line(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", files_of(["ada/a.py", "bob/a.py"]))
    (source / "ada").chmod(0)
    try:
        ada, bob = find(source, "ex05", COURSE)
    finally:
        (source / "ada").chmod(0o700)
    assert ("Permission denied" in ada.trouble, ada.student, bob.trouble) == (True, "ada", "")


UNSAFE = ["../../etc/x.py", "/etc/passwd", "C:\\x.py", "ada/../bob.py", "..\\x.py", "\\\\host\\x.py", "../folder/"]


def test_a_zip_s_wishes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in [*UNSAFE, "./bob.py", "win\\hw.py"]:
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, "x")
        for name, mode in {"link.py": stat.S_IFLNK, "ada": stat.S_IFLNK, "cy/pipe.py": stat.S_IFIFO}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "/etc/passwd")
    found = find(path, "ex05", COURSE)
    refused = {f.submission for f in found if f.refused and f.trouble}
    assert refused == {*UNSAFE, "link.py", "ada", "cy/pipe.py"}
    assert told(f for f in found if not f.refused) == {("bob", "ex05", "bob.py"), ("win", "ex05", "win/hw.py")}


def test_doubled_names_are_two_submissions(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for content in "12":
            archive.writestr("ada.py", content)
        archive.writestr("ada.py/x.py", "3")
    found = find(path, "ex05", COURSE)
    with reading(path) as read:
        assert {f.submission: read(f) for f in found} == {"ada.py": b"1", "ada.py (2)": b"2", "ada.py/x.py": b"3"}


@pytest.mark.parametrize("damage", ["crc", "encrypted", "method", "size", "changed"])
def test_a_damaged_entry_is_said_in_words(tmp_path: Path, damage: str) -> None:
    path = make_zip(tmp_path / "in.zip", {"ada.py": b"dx = 1234567890\n"})
    raw = bytearray(path.read_bytes())
    central = raw.index(b"PK\1\2")
    if damage == "crc":
        raw[raw.index(b"1234")] ^= 1
    elif damage == "encrypted":
        raw[6] |= 1
        raw[central + 8] |= 1
    elif damage == "method":
        raw[8] = raw[central + 10] = zipfile.ZIP_LZMA
    elif damage == "size":
        raw[central + 24 : central + 28] = raw[central + 20 : central + 24] = (1000).to_bytes(4, "little")
    path.write_bytes(raw)
    (found,) = find(path, "ex05", COURSE)
    assert bool(found.trouble) == (damage in ("encrypted", "method"))
    if damage == "changed":
        make_zip(path, {"bob.py": b""})
    with reading(path) as read, pytest.raises(BadInput, match=r"ada\.py"):
        read(found)


def test_a_bomb_grows_no_further_than_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.py", b"\0" * (LARGEST * 5))
    raw = bytearray(path.read_bytes())
    central = raw.index(b"PK\1\2")
    raw[central + 24 : central + 28] = (7).to_bytes(4, "little")  # claims to be seven bytes
    path.write_bytes(raw)
    (found,) = find(path, "ex05", COURSE)
    with reading(path) as read, pytest.raises(BadInput):
        read(found)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.compress_type = method
            archive.writestr(entry, content)
    return buffer.getvalue()


def test_what_a_student_packs_costs_that_student_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_check.grading.nested.ENTRIES", 20)
    monkeypatch.setattr("backprop_check.grading.nested.SIZE", 100_000)
    monkeypatch.setattr("backprop_check.grading.nested.WHOLE", 250_000)
    answer, deep = {"ex05.py": BACKWARD.encode()}, zipped({"ex05.py": BACKWARD.encode()})
    for _ in range(5):
        deep = zipped({"in.zip": deep})
    few = zipped({f"{n}.py": b"x" for n in range(8)})
    files = {
        "ok.zip": zipped(answer), "deep.zip": deep, "many.zip": zipped({f"{n}.py": b"x" for n in range(21)}), "manyinside.zip": zipped({"a.zip": few, "b.zip": few, "c.zip": few}),
        "large.zip": zipped({"x.bin": os.urandom(100_001)}), "grows.zip": zipped({f"{n}.zip": zipped({"x.bin": bytes(90_000)}, zipfile.ZIP_STORED) for n in range(4)}),
        "bulk.zip": zipped({f"{n}.py": bytes(90_000) for n in range(3)}), "out.zip": zipped({"../../ex05.py": b"x", "/etc/passwd.py": b"x"}), "broken.zip": zipped(answer)[:40], "empty.zip": zipped({}), "locked.zip": zipped(answer).replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"),
    }  # fmt: skip
    for source in (make_folder(tmp_path / "in", files), make_zip(tmp_path / "in.zip", files)):
        found = {f.student: f for f in find(source, "ex05", COURSE) if not f.submission.startswith("manyinside")}
        assert found.keys() == {name.removesuffix(".zip") for name in files} - {"manyinside"}
        assert not found["ok"].trouble and found["out"].refused
        for student, why in {
            "deep": "inside 4 others",
            "many": "more than 20 entries",
            "large": "more than 100 MB",
            "grows": "with the others around it",
            "bulk": "GB of Python files and notebooks",
            "broken": "no zip that can be read",
            "empty": "holds no .py",
            "locked": "encrypted",
        }.items():
            assert why in found[student].trouble, found[student]
        with reading(source) as read:
            assert read(found["ok"]) == BACKWARD.encode()


def test_a_second_download_is_held_against_the_first_one_zip_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By turns, each would be opened anew for every file in it."""
    held, opened = {f"{n}/ex05.py": BACKWARD.encode() for n in range(30)}, list[Path]()
    make_folder(tmp_path / "in", {"ada.zip": zipped(held), "ada (1).zip": zipped(held), "bob.zip": zipped({"ex05.py": BACKWARD.encode()})})

    class Counted(archive.Archive):
        def __init__(self, path: Path, data: bytes | None = None) -> None:
            opened.append(path)
            super().__init__(path, data)

    monkeypatch.setattr("backprop_check.grading.nested.Archive", Counted)
    seen = survey(tmp_path / "in", "ex05", COURSE)
    assert [left.path for left in seen.aside] == ["ada (1).zip"] and len(seen.found) == 31 and len(opened) < 15


def test_names_of_zips_that_do_not_say_they_are_utf8(tmp_path: Path) -> None:
    raw = make_zip(tmp_path / "in.zip", {"Émile.py": b""}).read_bytes()
    central = raw.index(b"PK\1\2")
    plain = bytearray(raw)
    plain[7] &= ~0x8
    plain[central + 9] &= ~0x8
    (tmp_path / "in.zip").write_bytes(plain)
    (found,) = find(tmp_path / "in.zip", "ex05", COURSE)
    assert found.student == "Émile"


NAMES = st.binary(min_size=1, max_size=120).filter(lambda name: b"/" not in name and b"\0" not in name and not name.startswith(b"."))


@settings(max_examples=60, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=6))
@example({b"~$"})
def test_any_name_gives_one_printable_line(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    source = tmp_path_factory.mktemp("in")
    tricky = {b"a\nb", b"a\\nb", b"a\\x0ab", b"\xff", b"\\xff", "\u202eyp.ada".encode(), "🦆".encode(), b"Ada", b"ada", b"x" * 252}
    for name in names | tricky:
        Path(os.fsdecode(os.fsencode(source) + b"/" + name + b".py")).write_text("x = 1")
    found = find(source, "ex05", COURSE)
    assert len({f.submission for f in found}) == len(found) == len(list(source.iterdir()))
    for each in found:
        assert each.submission.isprintable() and each.student.isprintable() and each.student
        each.submission.encode("utf-8")
    with reading(source) as read:
        assert all(read(f) == b"x = 1" for f in found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_in_a_zip_raise_nothing_but_bad_input(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada/ex05.py", "x = 1" * 50)
        archive.writestr("ada/ü.py", BACKWARD)
        archive.writestr("submission_1/a.py", "")
        archive.writestr("submission_metadata.yml", META)
    raw = bytearray(buffer.getvalue())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=12)):
        raw[place] = value
    cut = data.draw(st.integers(0, len(raw)) | st.just(len(raw)))
    (tmp_path / "in.zip").write_bytes(raw[:cut] if data.draw(st.booleans()) else raw)
    try:
        found = find(tmp_path / "in.zip", "ex05", COURSE)
    except BadInput as error:
        assert "\n" not in str(error)
        return
    with reading(tmp_path / "in.zip") as read:
        for each in found:
            try:
                read(each)
            except BadInput as error:
                assert "\n" not in str(error)


@given(st.binary(max_size=300) | st.text("submission_1:\n - 'name\"sid", max_size=200).map(str.encode))
def test_any_metadata_is_read_without_error(raw: bytes) -> None:
    assert all(people for people in read_submitters(b"submission_1:\n  :submitters:\n  - :name: " + raw).values())


def roster(tmp_path: Path, text: str) -> Roster:
    (tmp_path / "roster.csv").write_text(text)
    return read_roster(tmp_path / "roster.csv")


CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"Lovelace, Ada",12345,s1,ada,A\n"Hopper, Grace",7,s2,grace,A\n"Quiet, Quinn",8,s3,quinn,A\n'
MOODLE = "Identifier,Full name,Email address\nParticipant 1234567,Ada King,ada@x.org\nParticipant 99,Ada King,other@x.org\nParticipant 3,Bob,bob@x.org\n"
CLASSROOM = "identifier,github_username,github_id,name\nAda Lovelace,octocat,5,\nGrace,grace-h,6,\n"
SCOPE = "name,email,id\nAda L.,ada@uni.edu,17\nGrace H.,grace@uni.edu,99\nBob,bob@uni.edu,18\n"
ROSTERS = {
    "canvas": (CANVAS, ["lovelaceada_12345_1_hw.py", "hoppergrace_777_1_hw.py"], {"Lovelace, Ada", "Hopper, Grace"}, ("Quiet, Quinn",)),
    "moodle": (MOODLE, ["Ada King_1234567_assignsubmission_file_/a.py"], {"Ada King (Participant 1234567)"}, ("Ada King (Participant 99)", "Bob")),
    "github": (CLASSROOM, ["hw-submissions/hw-octocat/a.py", "hw-submissions/hw-grace-h/a.py"], {"Ada Lovelace", "Grace"}, ()),
    "gradescope": (SCOPE, ["submission_metadata.yml=meta", "submission_456/a.py"], {"Ada L., Grace H."}, ("Bob",)),
    "flat": (CANVAS, ["ada_ex05.py", "Quinn Quiet.py", "mallory.py"], {"Lovelace, Ada", "Quiet, Quinn", "mallory"}, ("Hopper, Grace",)),
    "like two": (MOODLE, ["Ada King.py", "Bob.py"], {"Ada King", "Bob"}, ("Ada King (Participant 1234567)", "Ada King (Participant 99)")),
    "named as a group": (SCOPE, ["Ada L., Grace H..py", "Bob.py"], {"Ada L. Grace H. (not in the roster)", "Bob"}, ("Ada L.", "Grace H.")),
}  # fmt: skip


@pytest.mark.parametrize("name", ROSTERS)
def test_students_are_called_by_the_roster(tmp_path: Path, name: str) -> None:
    text, names, students, missing = ROSTERS[name]
    known = roster(tmp_path, text)
    found = find(make_folder(tmp_path / "in", files_of(names)), "ex05", COURSE, known)
    assert {f.student for f in found} == students
    assert known.missing(f.student for f in found) == missing


def test_an_unsafe_entry_is_nobody_s(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "in.zip", {"../ada.py": b"", "grace.py": b""})
    assert {f.student for f in find(path, "ex05", COURSE, roster(tmp_path, CANVAS))} == {"../ada.py", "Hopper, Grace"}


def test_normal_forms_of_a_name_are_one_student(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "in", files_of([unicodedata.normalize("NFD", "Émile Ng.py")]))
    assert [f.student for f in find(source, "ex05", COURSE, roster(tmp_path, "name;id\nÉmile Ng;1\n"))] == ["Émile Ng"]


def test_nothing_here_loads_torch() -> None:
    script = "import sys, backprop_check.grading.found, backprop_check.classroom.roster; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    root = str(Path(backprop_check.__file__).parent.parent)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root})
    assert run.returncode == 0, run.stderr
