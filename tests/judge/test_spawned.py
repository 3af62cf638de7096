"""Workers that are started one by one, where nothing forks: the same verdicts, the same ends, nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import backprop_check
from backprop_check.cli.main import main
from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.report.json import as_json
from backprop_check.submission import workers
from backprop_check.submission.spawner import TOKEN, Spawner
from backprop_check.submission.workers import Gone
from backprop_check.submission.zygote import Zygote

HEAD = "import os, torch\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n"
ANSWER = """\
dact = 2 * torch.ones_like(act)
print(dact[0, 0])
dprobs = ((1 - act**2) * dact).float()
dcounts = os._exit(3)
import ctypes, time
dcounts_sum_inv = ctypes.string_at(0)
time.sleep(600)
"""
"""Wrong, float32, ends, crashes, hangs: each of the last three costs a worker, and a worker 1.5 s of `import torch`."""


def test_it_says_what_a_forked_worker_says(tmp_path: Path, zygote: Zygote) -> None:
    path = tmp_path / "mine.py"
    path.write_text(HEAD + textwrap.indent(ANSWER, "    "))
    with Spawner(ahead=False) as spawner:
        forked, spawned = (as_json(check(packaged_course().find("ex05"), path, source, 3.0)) for source in (zygote, spawner))
    assert spawned == forked
    told = [(g["status"], [d["error"] for d in g["diagnoses"]]) for g in forked["gradients"][1:]]
    assert told == [
        ("correct", []),
        ("error", ["this ended the process, with status 3"]),
        ("error", ["this ended the process (segmentation fault)"]),
    ]
    assert "took longer than 3 s" in forked["notices"][0]


def test_where_nothing_forks_workers_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    for source in (workers.forked(), workers.started(ahead=False)):
        with source:
            assert isinstance(source, Spawner)
    with pytest.raises(Exception, match="cannot be confined on this system"):
        workers.started_confined()


def test_grade_and_doctor_say_what_is_missing_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "fork")
    (tmp_path / "ada.py").write_text("")
    assert main(["grade", str(tmp_path), "--exercise", "ex05", "--out", str(tmp_path / "out"), "--yes"]) == 2
    assert "cannot be graded on this system, where processes do not fork" in capsys.readouterr().err
    assert main(["doctor"]) == 0
    assert "Workers are started one by one here." in capsys.readouterr().out


def test_one_killed_while_it_was_idle_is_told_at_once_a_stranger_is_turned_away_and_nothing_is_left_behind() -> None:
    with Spawner() as made:
        assert made._next is not None
        made._next.kill()
        began = time.monotonic()
        with pytest.raises(Gone):
            made.spawn()
        assert time.monotonic() - began < 60
        with socket.create_connection(made._server.getsockname()) as stranger:
            stranger.sendall(b"x" * TOKEN)
            end, number = made.spawn()
            assert end.getpeername() != stranger.getsockname()
        assert made._next is not None
        started = [number, made._next.pid]
        end.close()
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Also in the midst of a loop without end, and however the other ended."""
    path, told = tmp_path / "mine.py", tmp_path / "told"
    path.write_text(
        HEAD + f"    open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{len(os.read(0, 9))}}\\n')\n    while True: pass\n    dact = 1\n"
    )
    script = f"""
from pathlib import Path
from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.submission.spawner import TOKEN, Spawner
check(packaged_course().find("ex05"), Path({str(path)!r}), Spawner(ahead=False), 600)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as process:
        while not (told.exists() and told.read_text().endswith("\n")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    pid, read = map(int, told.read_text().split())
    assert read == 0, "nothing is to be read on its standard input"
    with pytest.raises(ProcessLookupError):
        for _ in range(1200):
            os.kill(pid, 0)
            time.sleep(0.05)


def test_every_module_is_imported_where_nothing_forks() -> None:
    """On a system of another kind: none of POSIX's modules and functions, a console of few signs."""
    script = """
import asyncio, concurrent.futures.process, ctypes, importlib, multiprocessing.connection, os, pkgutil, signal, socket, subprocess, sys
import IPython, distributed, jinja2, numpy, pytest, rich.console, textual.app, torch, watchfiles

for name in ("fcntl", "grp", "landlock", "pty", "pwd", "pyseccomp", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for module, names in (
    (os, "fork setsid killpg getpgrp tcgetpgrp getuid geteuid waitid WNOHANG WNOWAIT WEXITED P_PID register_at_fork sched_getaffinity"),
    (signal, "SIGKILL SIGHUP SIGCONT SIGALRM SIGPROF SIGPIPE SIGCHLD SIGUSR1 setitimer alarm pthread_sigmask"),
    (socket, "AF_UNIX send_fds recv_fds"),
):
    for name in names.split():
        delattr(module, name)
sys.platform = "win32"
import backprop_check
bad = []
for found in pkgutil.walk_packages(backprop_check.__path__, "backprop_check."):
    if "_course" not in found.name:
        try:
            importlib.import_module(found.name)
        except BaseException as error:
            bad.append(f"{found.name}: {type(error).__name__}: {error}")
print(*bad, sep="\\n")
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(backprop_check.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr
