"""The folder of results: what stands, what is judged again, and what a write that fails leaves behind."""

from __future__ import annotations

import itertools
import json
import os
import resource
import shutil
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from classroom import setup

from backprop_check.classroom.results import Result, from_line
from backprop_check.errors import BadInput
from backprop_check.grading.found import Found, find, reading, survey
from backprop_check.grading.grade import graded, judged_bytes, planned
from backprop_check.grading.pages import Pages
from backprop_check.grading.store import Store, opened
from backprop_check.grading.task import Setup, Task
from backprop_check.grading.unjudged import unjudged

GIVEN = setup()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    for name in ("ada", "bob", "cy"):
        (folder / f"{name}.py").write_text(f"def backward():\n    pass  # {name}\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "out", fresh=False) as store:
        yield store


def said(given: Setup, tasks: Iterable[Task]) -> Iterator[Result]:
    for task in tasks:
        yield unjudged(given, task, "said of " + task.data.decode()[:80], "unreadable")


def run(source: Path, store: Store, given: Setup = GIVEN, found: tuple[Found, ...] | None = None, together: int = 1) -> list[str]:
    """Grade, with a judge that says the same of everything, of so many `together`; return what it was asked about."""
    found, asked = found or find(source, "ex05", {}), []
    with reading(source) as read:

        def judge(tasks: Iterable[Task]) -> Iterator[Sequence[Result]]:
            coming = said(given, tasks)
            while results := list(itertools.islice(coming, together)):
                asked.extend(result.submission for result in results)
                yield results

        list(graded(planned(found, read, given, store), read, given, store, judge))
    return asked


def told(store: Store) -> dict[str, str]:
    return {name: str(result.report["message"]) for name, result in store.results().items()}


def test_what_has_not_changed_is_not_judged_again(source: Path, store: Store) -> None:
    assert run(source, store) == ["ada.py", "bob.py", "cy.py"]
    before = (store.folder / "results.jsonl").read_bytes()
    os.utime(source / "ada.py", (0, 0))
    assert run(source, store) == []
    assert (store.folder / "results.jsonl").read_bytes() == before
    (source / "bob.py").write_text("def backward():\n    return\n")
    (source / "dan.py").write_text("x")
    (source / "cy.py").unlink()
    assert run(source, store) == ["bob.py", "dan.py"]
    assert told(store).keys() == {"ada.py", "bob.py", "dan.py"} and store.withdrawn().keys() == {"cy.py"}
    (source / "cy.py").write_text("def backward():\n    pass  # cy\n")
    assert run(source, store) == [] and told(store).keys() == {"ada.py", "bob.py", "cy.py", "dan.py"}, (
        "a file that comes back is not judged again"
    )


def test_another_exercise_s_results_stay_while_their_files_do(source: Path, store: Store) -> None:
    for name in ("ada/ex05.py", "ada/ex06.py", "bob/ex05.py"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("def backward():\n    pass\n")
    for path in source.glob("*.py"):
        path.unlink()
    run(source, store)
    assert told(store).keys() == {"ada/ex05.py", "bob/ex05.py"}
    (source / "bob" / "ex05.py").unlink()
    seen = survey(source, "ex06", {"ex05": "ex05_x"})
    with reading(source) as read:
        plan = planned(seen.found, read, GIVEN, store, lambda result: result.exercise != "ex06" and result.submission in seen.paths)
    assert [r.submission for r in plan.kept] == ["ada/ex05.py"] and [r.submission for r in plan.gone] == ["bob/ex05.py"]
    assert plan.former == () and {f.submission: f.trouble[:19] for f in plan.left} == {"ada/ex06.py": "", "bob": "holds no .py or .ip"}


@pytest.mark.parametrize(
    "changed",
    [
        {"time_limit": 9.0},
        {"memory": 1 << 29},
        {"confined": False},
        {"exercises": {"ex05": ("ex05.py", GIVEN.exercises["ex05"][1] + "\n")}},
    ],
)
def test_what_decides_the_marks_has_changed(source: Path, store: Store, changed: dict[str, object]) -> None:
    run(source, store)
    assert len(run(source, store, replace(GIVEN, **changed))) == 3  # type: ignore[arg-type]


def test_files_change_between_their_listing_and_their_judging(source: Path, store: Store) -> None:
    found = find(source, "ex05", {})
    (source / "ada.py").unlink()
    (source / "bob.py").write_text("other")
    (source / "cy.py").unlink()
    (source / "cy.py").symlink_to("/etc/hostname")
    assert run(source, store, found=found) == ["bob.py"]
    assert "No such file" in told(store)["ada.py"] and told(store)["bob.py"] == "said of other" and "cannot be read" in told(store)["cy.py"]
    (source / "ada.py").write_text("back again")
    assert run(source, store) == ["ada.py"], "the link in cy.py's place is refused, not judged"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(source: Path, store: Store) -> None:
    (source / "ada.py").chmod(0)
    assert run(source, store) == ["bob.py", "cy.py"]
    assert "Permission denied" in told(store)["ada.py"]


def test_bytes_that_are_not_those_judged_are_not_shown_with_the_marks(source: Path, store: Store) -> None:
    run(source, store)
    ada, result = find(source, "ex05", {})[0], store.results()["ada.py"]
    with reading(source) as read:
        assert judged_bytes(ada, result, read, GIVEN).endswith(b"# ada\n")
        (source / "ada.py").write_text("another")
        with pytest.raises(BadInput, match="changed"):
            judged_bytes(ada, result, read, GIVEN)


def test_a_page_is_there_whole_or_written_again(store: Store) -> None:
    result = unjudged(GIVEN, Task("ada.py", "ada", "ex05", b"", "1"), "said", "unreadable")

    def pages() -> Pages:
        return Pages(store, lambda _: b"def backward():\n    pass\n", [("ada", "ada.py")])

    pages().done(result)
    html, markdown = store.folder / "feedback/ada.html", store.folder / "feedback/ada.md"
    html.write_text("kept")
    pages().known(result)
    assert html.read_text() == "kept", "a page of an earlier run stands"
    html.unlink()
    markdown.write_text("half a run")
    pages().known(result)
    assert "ada" in html.read_text() and "ada" in markdown.read_text()
    pages().outdated("ada")
    assert not html.exists() and not markdown.exists()


def test_what_is_there_together_is_put_on_disk_together(source: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append((store.folder / "results.jsonl").read_text().count("\n")))
    assert run(source, store, together=2) == ["ada.py", "bob.py", "cy.py"]
    assert synced[:2] == [2, 3], "each is on disk before more is judged"


def test_a_line_that_cannot_be_written_whole_is_taken_back(store: Store) -> None:
    result = unjudged(GIVEN, Task("ada.py", "ada", "ex05", b"", "1"), "said", "unreadable")
    store.append(result)
    before, room = (store.folder / "results.jsonl").read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, room[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            store.append(result)
        with pytest.raises(OSError, match="too large"):
            store.keep([result, replace(result, submission="bob.py")])
        with pytest.raises(OSError, match="too large"):
            store.write("feedback/ada.html", "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    assert (store.folder / "results.jsonl").read_bytes() == before
    assert not list(store.folder.rglob("*.new"))
    store.append(replace(result, submission="bob.py"))
    assert list(store.results()) == ["ada.py", "bob.py"]


def test_one_command_at_a_time_whatever_becomes_of_the_file(tmp_path: Path, store: Store) -> None:
    for _ in range(2):
        with pytest.raises(BadInput, match="another command"), opened(store.folder, fresh=True):
            pass
        store.keep(())
    store.close()
    with opened(store.folder, fresh=False):
        pass


def test_fresh_forgets_all_and_draws_another_secret(tmp_path: Path) -> None:
    with opened(tmp_path, fresh=False) as store:
        first = store.secret()
        store.append(unjudged(GIVEN, Task("ada.py", "ada", "ex05", b"", "1"), "said", "unreadable"))
        assert store.secret() == first
    with opened(tmp_path, fresh=False) as store:
        assert store.secret() == first and list(store.results()) == ["ada.py"]
    with opened(tmp_path, fresh=True) as store:
        assert store.secret() != first and not store.results()
        assert (tmp_path / ".secret").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_goes_away_is_an_error_and_does_not_come_back(store: Store) -> None:
    result = unjudged(GIVEN, Task("ada.py", "ada", "ex05", b"", "1"), "said", "unreadable")
    store.secret()
    store.append(result)
    shutil.rmtree(store.folder)
    for write in (lambda: store.append(result), lambda: store.keep([result]), lambda: store.write("feedback/ada.html", "x")):
        with pytest.raises(BadInput, match="was removed or changed while"):
            write()
    assert not store.folder.exists()


@pytest.mark.parametrize("lost", [Path.unlink, lambda path: path.write_text("5e" * 32)])
def test_a_secret_that_is_lost_is_an_error(tmp_path: Path, lost: Callable[[Path], None]) -> None:
    result = unjudged(GIVEN, Task("ada.py", "ada", "ex05", b"", "1"), "said", "unreadable")
    with opened(tmp_path, fresh=False) as store:
        store.secret()
        store.append(result)
        lost(tmp_path / ".secret")
        with pytest.raises(BadInput, match=r"\.secret.* --fresh"):
            store.append(result)
    (tmp_path / ".secret").unlink(missing_ok=True)
    with opened(tmp_path, fresh=False) as store, pytest.raises(BadInput, match=r"\.secret.* --fresh"):
        store.secret()
    with opened(tmp_path, fresh=True) as store:
        assert store.secret()


@pytest.mark.parametrize("spoilt", ["", "short", "zz" * 32])
def test_a_secret_that_is_none_is_drawn_anew(store: Store, spoilt: str) -> None:
    (store.folder / ".secret").write_text(spoilt)
    drawn = store.secret()
    assert len(bytes.fromhex(drawn)) == 32 and store.secret() == drawn


def test_no_folder_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none")):
        with pytest.raises(BadInput, match="name another folder"), opened(folder, fresh=False):
            pass
    shutil.rmtree(tmp_path)


def test_a_line_is_read_as_it_was_written() -> None:
    result = unjudged(GIVEN, Task("a\n\ud800.py", "ada", "ex05", b"", "1"), "\u2028\x85 said", "refused")
    assert from_line(result.as_line()) == result and result.as_line().isascii() and "\n" not in result.as_line()


def test_a_class_that_is_held_is_small_and_each_line_is_what_it_was() -> None:
    gradient = {"name": "dx", "status": "incorrect", "line": 3, "source": "dx = 1", "shape": [2], "axes": "(N)", "got_shape": None}
    gradient |= {"dtype": "float64", "got_dtype": None, "exact": False, "approximate": False, "max_abs_diff": None, "max_rel_diff": None}
    gradient |= {"score": 0.0, "max_score": 1.0, "trial": 0, "sizes": {"N": 2}, "remarks": []}
    words = {
        "code": "x",
        "certainty": "proven",
        "span": None,
        "fix": None,
        **dict.fromkeys(("error", "note", "help", "evidence"), 'a "report": {'),
    }
    report = {"schema": "s", "exercise": "ex05", "title": "ü", "status": "failed", "score": 0.0, "max_score": 1.0, "message": None}
    report["gradients"] = [{**gradient, "diagnoses": [words] * 3}] * 4
    given = [Result(f'"report": {{{n}', "ada", "ex05", report, 0.1, "judged", "0" * 32) for n in range(300)]
    lines = [result.as_line() for result in given]
    assert lines[0] == json.dumps(asdict(given[0]) | {"chapter": None})[: -len(', "chapter": null}')] + "}"
    tracemalloc.start()
    held = [from_line(line) for line in lines]
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 300 * 3000, "a report as it is parsed takes 15 kB"
    assert [result.as_line() for result in held] == lines and held == given
    assert held[7].report["gradients"] == report["gradients"] and {**held[7].report} == report and held[7].max_score == 1


@pytest.mark.parametrize(
    "line", ["", "{", '{"report": ', '{"report": {}}', '{"report": 1, "a": {"report": {}}}', '{"a": {"report": {}}, "report": {}}']
)
def test_what_is_no_line_of_results_is_told_so(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a line of results|Expecting"):
        from_line(line)
