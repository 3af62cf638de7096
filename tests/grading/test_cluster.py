"""A Dask cluster gives the same lines as this machine, loses and doubles nothing when workers die, and what is wrong with it is one line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backprop_check import __version__
from backprop_check.cli.main import main
from backprop_check.errors import BadInput
from backprop_check.grading import chunk, cluster, scheduler
from backprop_check.grading.cluster import judged_by_cluster
from backprop_check.grading.scheduler import check_cluster
from backprop_check.grading.task import Setup, Task
from backprop_check.grading.unjudged import unjudged

if TYPE_CHECKING:  # loading it takes half a second, of each process that collects this file
    from distributed import Client, LocalCluster

ROOT = Path(__file__).parents[2]
EXERCISE = ROOT / "exercises" / "ex05_broadcast.py"
RIGHT = """import torch
def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = (1 - act**2) * dact
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
"""
KINDS = {
    "right": RIGHT,
    "wrong": RIGHT.replace(", keepdim=True", ""),
    "loops": RIGHT.replace("    dcounts =", "    import time\n    while True: time.sleep(1)\n    dcounts ="),
    "broken": "def backward(:\n",
}
CLASS = {f"s{n:02}_ex05.py": "loops" if n == 13 else "broken" if n == 16 else "wrong" if n % 3 == 0 else "right" for n in range(18)}
SETUP = Setup({"ex05": (EXERCISE.name, EXERCISE.read_text())}, "ab" * 32, confined=False)


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1") as local:
        yield local


@pytest.fixture
def client(workers: LocalCluster) -> Iterator[Client]:
    from distributed import Client

    with Client(workers, set_as_default=False) as connected:
        connected.wait_for_workers(2, timeout=120)
        yield connected


def tasks() -> Iterator[Task]:
    for name, kind in CLASS.items():
        yield Task(name, name[:3], "ex05", KINDS[kind].encode(), SETUP.digest("ex05", KINDS[kind].encode()))


def lines(out: Path) -> list[dict[str, Any]]:
    return [{**json.loads(line), "seconds": 0} for line in (out / "results.jsonl").read_text().splitlines()]


def test_the_command_writes_the_same_lines_and_needs_no_torch_here(
    workers: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, kind in CLASS.items():
        (tmp_path / "class" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "class" / name).write_text(KINDS[kind])
    command = ["grade", "class", "--exercise", str(EXERCISE), "--time-limit", "1", "--trust-submissions", "--out"]
    assert main([*command, "here", "--jobs", "1"]) == 0
    Path("there").mkdir()
    shutil.copy("here/.secret", "there")
    without_torch = "import sys; sys.modules['torch'] = None; from backprop_check.cli.main import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", without_torch, *command, "there", "--scheduler", workers.scheduler_address],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cluster.__file__).parents[2])},
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert lines(tmp_path / "there") == lines(tmp_path / "here")
    assert len(lines(tmp_path / "here")) == len(CLASS)


def test_a_worker_that_is_killed_loses_and_doubles_nothing(workers: LocalCluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SIZE", 4)
    before = set(client.run(os.getpid).values())
    coming = judged_by_cluster(SETUP, workers.scheduler_address, (task for task in tasks() if CLASS[task.submission] != "loops"))
    results = [next(coming)]
    os.kill(min(before), signal.SIGKILL)
    results += coming
    marks = {"right": ("judged", 4.0), "wrong": ("judged", 3.0), "broken": ("unreadable", 0.0)}
    found = sorted((result.submission, result.outcome, result.score) for result in results)
    assert found == [(name, *marks[kind]) for name, kind in CLASS.items() if kind != "loops"]
    client.wait_for_workers(2, timeout=120)
    assert set(client.run(os.getpid).values()) - before


def deadly(version: str, setup: Setup, tasks: Sequence[Task]) -> list[str]:
    """In the place of `judged_chunk`: one submission takes the worker along."""
    if any(task.submission == "s07_ex05.py" for task in tasks):
        os.kill(os.getpid(), signal.SIGKILL)
    return [unjudged(setup, task, "judged all the same", "judged").as_line() for task in tasks]


def test_only_the_submission_that_keeps_killing_workers_is_given_up(
    workers: LocalCluster, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "judged_chunk", deadly)
    # Not 0: the scheduler may hand a task to a worker whose death it has not noticed yet.
    monkeypatch.setattr(workers.scheduler, "allowed_failures", 1)
    results = list(judged_by_cluster(SETUP, workers.scheduler_address, tasks()))
    assert sorted(result.submission for result in results) == list(CLASS)
    (crashed,) = [result for result in results if result.outcome == "crashed"]
    assert (crashed.submission, crashed.report["message"]) == ("s07_ex05.py", cluster.KILLED)


def test_a_worker_without_the_package_is_told_and_lives(workers: LocalCluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    there = types.ModuleType("only_here")
    exec("def judged_chunk(*args): ...", there.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", there)
    monkeypatch.setattr(cluster, "judged_chunk", there.judged_chunk)
    before = client.run(os.getpid)
    with pytest.raises(BadInput, match=rf"No module named 'only_here'.* workers need .* {__version__}"):
        list(judged_by_cluster(SETUP, workers.scheduler_address, tasks()))
    assert client.run(os.getpid) == before


def test_what_a_worker_refuses_reaches_the_user(workers: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "__version__", "0.0.0")
    with pytest.raises(BadInput, match=rf"a worker of the cluster, on .*{__version__} there and 0\.0\.0 here"):
        list(judged_by_cluster(SETUP, workers.scheduler_address, tasks()))


def test_tasks_are_read_as_the_cluster_gets_on(workers: LocalCluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SIZE", 2)
    monkeypatch.setattr(cluster, "judged_chunk", deadly)
    coming = tasks()
    ends = judged_by_cluster(SETUP, workers.scheduler_address, (task for task in coming if task.submission != "s07_ex05.py"))
    next(ends)
    ends.close()
    read = len(CLASS) - sum(1 for _ in coming)
    assert read <= 2 * 2 * cluster.AHEAD + 2


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8786",
        "tcp://localhost",
        "http://localhost:80",
        "tcp://:8786",
        "tcp://localhost:0",
        "tcp://localhost:65536",
        "tcp://a b:1",
        "tcp://localhost:8786/x",
        "tcp://localhost:8786\n",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(BadInput, match="no address of a Dask scheduler"):
        check_cluster(address)


@pytest.mark.parametrize("address", ["tcp://localhost:8786", "tls://10.0.0.1:1", "tcp://[::1]:65535"])
def test_an_address(address: str) -> None:
    check_cluster(address)


@pytest.mark.parametrize("listens", [False, True], ids=["nobody", "somebody who says nothing"])
def test_no_scheduler_answers(listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CONNECT", 0.5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        with pytest.raises(BadInput, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1"):
            list(judged_by_cluster(SETUP, f"tcp://127.0.0.1:{other.getsockname()[1]}", tasks()))


def test_no_worker_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(scheduler, "PATIENCE", 0.3)
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0", host="127.0.0.1") as empty,
        pytest.raises(BadInput, match="no workers"),
    ):
        list(judged_by_cluster(SETUP, empty.scheduler_address, tasks()))


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"pip install 'distributed>=2024.1'"):
        check_cluster("tcp://127.0.0.1:8786")


def test_nothing_to_judge_needs_no_cluster() -> None:
    assert list(judged_by_cluster(SETUP, "tcp://127.0.0.1:1", ())) == []


def test_a_pool_stays_for_the_next_chunk_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[list[str]] = []

    class Pool:
        def __init__(self, setup: Setup, jobs: int) -> None:
            self.log: list[str] = []
            pools.append(self.log)

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *_: object) -> None:
            self.log.append("closed")

        def judged(self, given: Sequence[Task]) -> Iterator[Any]:
            if not given:
                raise BadInput("nothing can be confined here")
            self.log.append("judged")
            return iter(())

    monkeypatch.setattr(chunk, "Pool", Pool)
    one = next(tasks())
    chunk.judged_chunk(__version__, SETUP, [one])
    chunk.judged_chunk(__version__, SETUP, [one])
    with pytest.raises(BadInput, match=r"a worker of the cluster, on .+: nothing can be confined here"):
        chunk.judged_chunk(__version__, SETUP, [])
    assert pools == [["judged", "judged", "closed"]]
    monkeypatch.setattr(chunk, "IDLE", 0.05)
    chunk.judged_chunk(__version__, SETUP, [one])
    for timer in [kept.timer for kept in chunk._kept]:
        timer.join(10)
    assert pools[1:] == [["judged", "closed"]]
    assert chunk._kept == []
