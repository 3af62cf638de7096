"""Whatever ends the command or one of its processes, the same command goes on, and in the end nothing is missing, torn or different."""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from classroom import BODY, HEAD, alive, below, count, grade, kill, lines, start, until

N = 18
MISTAKES = (
    ("", ""),
    (".sum(1, keepdim=True)", ".sum(1)"),
    ("(1 - act**2)", "-(1 - act**2)"),
    ("dcounts = ", "dcounts = 1 / 0 + "),
    ("dprobs = ", "dprobs = ...  # "),
    ("(1 - act**2)", "(1 - act**2"),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slow submissions, right and wrong, put there in no order."""
    folder = tmp_path_factory.mktemp("class")
    for number in random.sample(range(N), N):
        text = f"{HEAD}    import time; time.sleep(0.03); own = {number}\n{BODY}".replace(*MISTAKES[number % len(MISTAKES)])
        (folder / f"s{number:02}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run gives that nothing disturbs, with one judge."""
    out = tmp_path_factory.mktemp("whole") / "out"
    grade(source, out)
    assert len(lines(out)) == N and {line["report"]["score"] for line in lines(out).values()} >= {4.0, 3.0}
    return out


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A folder with nothing but the same secret."""
    folder = tmp_path / "out"
    folder.mkdir()
    shutil.copy(whole / ".secret", folder)
    return folder


def test_the_command_is_ended_midway(source: Path, whole: Path, out: Path) -> None:
    for number in (signal.SIGKILL, signal.SIGINT):
        before = count(out)
        command = start(source, out)
        more = random.randint(1, 2)
        family = until(
            lambda before=before, command=command, more=more: count(out) >= before + more and {pid for _, pid in below(command.pid)}
        )
        kill(command.pid, number)
        _, error = command.communicate(timeout=120)
        until(lambda family=family: not alive(family), 10)
        assert before + more <= count(out) < N
        assert command.returncode == (130 if number == signal.SIGINT else -number)
        if number == signal.SIGINT:
            told = f"interrupted: {count(out)} of {N} are graded and kept in {out}; the same command goes on from there."
            assert error == f"backprop-check: {told}\n"
    kept = seconds(out)
    grade(source, out, "--jobs", "2")
    assert lines(out) == lines(whole)
    assert kept.items() <= seconds(out).items()
    assert pages(out) == pages(whole)


def test_a_process_is_lost_midway(source: Path, whole: Path, out: Path) -> None:
    """Each kind of process in turn, in one run that goes on by itself; meanwhile no second command may write there."""
    command = start(source, out)
    assert until(lambda: count(out) >= 1) and "another command is grading" in grade(source, out, code=2)
    family: set[int] = set()
    for depth in (2, 3, 4, 5, 1):
        before = count(out)
        until(lambda depth=depth: (pid := one_at(depth, command.pid)) is not None and killed(pid))
        until(lambda before=before: count(out) > before or command.poll() is not None)
        family |= {pid for _, pid in below(command.pid)}
    assert command.poll() is None, "it was done too soon for this test to show anything"
    _, error = command.communicate(timeout=60)
    assert (command.returncode, error) == (0, "")
    # Where a worker was lost its trial is drawn anew, so the figures of a wrong answer may be others.
    assert marks(out) == marks(whole)
    until(lambda: not alive(family), 10)


def test_a_full_disk(source: Path, whole: Path, out: Path) -> None:
    room = 20_000
    error = grade(source, out, code=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert error.startswith(f"backprop-check: {out} cannot be written to (File too large): make room, then run the same command again")
    assert 0 < len(lines(out)) < N
    kept = seconds(out)
    grade(source, out)
    assert lines(out) == lines(whole) and kept.items() <= seconds(out).items() and pages(out) == pages(whole)


def test_what_is_no_line_is_judged_again_and_the_rest_is_not(source: Path, whole: Path, out: Path) -> None:
    """By number of the submission, what is put in the place of its line; the digests stay right throughout."""
    shutil.copytree(whole, out, dirs_exist_ok=True)
    spoilt: dict[int, Callable[[dict[str, Any]], str]] = {
        0: lambda line: "\x00\xff garbage {",
        1: lambda line: json.dumps({**line, "seconds": "soon"}),
        2: lambda line: json.dumps({**line, "report": 5}),
        3: lambda line: json.dumps({**line, "report": {**line["report"], "gradients": [{"name": "dact"}]}}),
        4: lambda line: json.dumps({**line, "report": {**line["report"], "score": float("nan")}}),
        5: lambda line: json.dumps({**line, "report": {**line["report"], "max_score": 10**400}}),
        6: lambda line: "[" * 100_000,
        7: lambda line: json.dumps({**line, "outcome": ["judged"]}),
        8: lambda line: json.dumps({**line, "student": None}),
        N - 1: lambda line: json.dumps(line)[:-40],
    }
    table = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    stray = {**table[9], "submission": "gone.py", "seconds": None}
    texts = [spoilt[n](line) if n in spoilt else json.dumps(line) for n, line in enumerate(table)]
    (out / "results.jsonl").write_text("\n".join([json.dumps(stray), *texts]), encoding="latin-1")
    grade(source, out)
    assert lines(out) == lines(whole)
    assert all((seconds(out)[name] == seconds(whole)[name]) == (n not in spoilt) for n, name in enumerate(sorted(lines(whole))))


def test_the_secret_is_its_owners_alone(whole: Path) -> None:
    secret = whole / ".secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    text = secret.read_text().strip()
    assert len(text) == 64
    others = [path for path in whole.rglob("*") if path.is_file() and path != secret]
    assert len(others) > 2 * N
    assert not [path for path in others if text in (told := path.read_bytes().decode()) or bytes.fromhex(text).hex(" ") in told]


def test_an_interrupt_before_anything_is_graded(source: Path, tmp_path: Path) -> None:
    command = start(source, tmp_path / "out")
    until(lambda: (tmp_path / "out" / ".secret").exists() and any(depth == 1 for depth, _ in below(command.pid)))
    family = {pid for _, pid in below(command.pid)}
    kill(command.pid, signal.SIGINT)
    _, error = command.communicate(timeout=120)
    assert command.returncode == 130 and len(error.splitlines()) == 1 and f"0 of {N}" in error
    until(lambda: not alive(family), 10)


def one_at(depth: int, pid: int) -> int | None:
    """Return a process at that depth. At depth 3 there are also those that explain; a zygote has a child."""
    family = list(below(pid))
    parents = [int(Path(f"/proc/{each}/stat").read_text().split()[3]) for d, each in family if d == 4] if depth == 3 else []
    return next((each for d, each in family if d == depth and (depth != 3 or each in parents)), None)


def killed(pid: int) -> bool:
    """Whether the process was still there to be killed: a worker may be done before."""
    try:
        kill(pid)
    except ProcessLookupError:
        return False
    return True


def seconds(out: Path) -> dict[str, float]:
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    return {line["submission"]: line["seconds"] for line in told}


def marks(out: Path) -> dict[str, Any]:
    def mark(line: dict[str, Any]) -> Any:
        gradients = [(g["name"], g["status"], [(d["code"], d["fix"]) for d in g["diagnoses"]]) for g in line["report"]["gradients"]]
        return line["outcome"], line["digest"], line["report"]["score"], line["report"]["message"], gradients

    return {name: mark(line) for name, line in lines(out).items()}


def pages(out: Path) -> dict[str, str]:
    return {
        path.name: path.read_text()
        for path in sorted(out.rglob("*"))
        if path.suffix in (".md", ".html", ".csv") and path.name != "class.html"
    }
