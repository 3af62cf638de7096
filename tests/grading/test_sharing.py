"""Work that many submissions share is done once: equal answers go to one judge, and right ones need no process to be explained in."""

from collections import deque
from types import SimpleNamespace

import pytest
from classroom import HEAD, RIGHT, setup
from classroom import task as of_ex05

from backprop_check.grading import explaining
from backprop_check.grading.bench import Bench, Found
from backprop_check.grading.pool import SMALL, Judge, Pool
from backprop_check.grading.task import Setup, Task

SAME = b"# Ada\ndef backward(x):\n    dx = 2 * x  # mine\n"


def task(name, data, exercise="ex01"):
    return Task(name, name, exercise, data, "")


@pytest.mark.parametrize(
    ("data", "exercise", "alike"),
    [
        (b"# Emmy, 7\ndef backward(x):\n    dx = 2 * x  # hers\n", "ex01", True),
        (b"# Ada\n\ndef backward(x):\n    dx = 2 * x  # mine\n", "ex01", False),  # it stands elsewhere
        (b"# Ada\ndef backward(x):\n    dx = 3 * x  # mine\n", "ex01", False),
        (SAME, "ex02", False),
    ],
)
def test_files_are_alike_when_only_comments_differ(data, exercise, alike):
    assert (task("a", SAME).likeness == task("b", data, exercise).likeness) is alike


@pytest.mark.parametrize(
    ("name", "data", "alike"),
    [
        ("ada.py", b"# Emmy, 7\ndef backward(x):\n    dx = 2 * x  # mine\n", True),
        ("ada.py", b"# Ada\ndef backward(x):\n    dx = 2 * x  # hers\n", False),  # it may be quoted
        ("ada.py", b"\n# Ada\ndef backward(x):\n    dx = 2 * x  # mine\n", False),
        ("ada.py", b"# -*- coding: cp037 -*-\ndef backward(x):\n    dx = 2 * x  # mine\n", False),
        ("ada.py", b"# " + b"a" * 2_000_000 + b"\ndef backward(x):\n    dx = 2 * x  # mine\n", False),  # too long to be read
        ("ada.ipynb", b"# Emmy, 7\ndef backward(x):\n    dx = 2 * x  # mine\n", False),
        ("ada.py", b"# \0\ndef backward(x):\n    dx = 2 * x  # mine\n", False),
    ],
)
def test_files_are_the_same_when_only_comments_at_their_top_differ(name, data, alike):
    assert (task("ada.py", SAME).same == task(name, data).same) is alike
    beside = Task("ada.py", "ada.py", "ex01", data, "", {"own.py": "k = 2\n"})
    assert beside.same != task("ada.py", SAME).same


def test_equal_code_is_judged_once_but_for_what_a_clock_decided(monkeypatch):
    judged, outcomes = [], iter(["judged", "judged", "timeout", "judged", "judged"])
    monkeypatch.setattr(Bench, "_judged", lambda *given: Found({"number": judged.append(given) or len(judged)}, next(outcomes)))
    bench = Bench(setup(), None)

    def number(text):
        return bench.judge(of_ex05(text)).report["number"]

    assert number(f"# Ada\n{RIGHT}") == number(f"# Emmy\n{RIGHT}") == number(f"# Ada\n{RIGHT}") == 1
    line = "    dact = (1  # {}\n    )\n"
    assert number(f"{HEAD}{line.format('mine')}") == number(f"{HEAD.rstrip()}  # so\n{line.format('mine')}") == 2
    assert number(f"# hangs\n{HEAD}    dact = 2\n") == 3 and number(f"# hangs\n{HEAD}    dact = 2\n") == 4
    assert number(f"# no more\n{HEAD}    dact = 2\n") == 4
    assert number(f"{HEAD}{line.format('hers')}") == 5, "a comment in a line is quoted with it"


def test_a_judge_gets_what_it_has_had_then_what_is_new_then_anything():
    pool, waiting = Pool(Setup({}, ""), 2), deque(task(f"{name}{i}", name.encode()) for i, name in enumerate("aaabac"))
    first, second = Judge(None, 1), Judge(None, 2)
    given = [pool._fitting(judge, waiting).submission for judge in (first, second, second, first, first, second)]
    assert given == ["a0", "b3", "c5", "a1", "a2", "a4"]
    assert not waiting


def test_a_busy_judge_gets_its_next_task_only_where_that_cannot_make_the_command_wait():
    """Who writes more into a socket than fits waits until it is read, and a busy judge may read in half a minute."""
    pool, waiting = Pool(Setup({}, ""), 2), deque([task("long", b"x" * (SMALL + 1)), task("short", b"x")])
    busy, idle = Judge(None, 1, ready=True, tasks=deque([task("now", b"y")])), Judge(None, 2, ready=True)
    pool._judges = [busy, idle]
    assert pool._free(waiting=3) is idle, "who has nothing to do comes first"
    assert pool._fitting(busy, waiting).submission == "short"
    assert pool._fitting(busy, waiting) is None
    assert pool._fitting(idle, waiting).submission == "long"
    pool._judges = [busy, busy]
    assert pool._free(waiting=3) is busy and pool._free(waiting=2) is None, "the last ones are left for whoever is free first"
    busy.tasks.append(task("next", b"x" * (SMALL - 10)))
    assert pool._free(waiting=4) is None and pool._free(waiting=5) is busy
    assert pool._fitting(busy, deque([task("more", b"x" * 20), task("least", b"z")])).submission == "least"


def verdict(status, why=(), changed=()):
    return SimpleNamespace(target=SimpleNamespace(name="dx"), status=status, why=frozenset(why), runs=[SimpleNamespace(changed=changed)])


@pytest.mark.parametrize(
    ("verdicts", "found"),
    [
        ([verdict("correct")], {"dx": ((), ())}),
        ([verdict("missing")], {}),
        ([verdict("correct"), verdict("incorrect")], None),
        ([verdict("error")], None),
        ([verdict("correct", why=["by-accident"])], None),
        ([verdict("correct", changed=[("x", 0)])], None),
    ],
)
def test_a_process_is_forked_only_where_there_is_something_to_say(verdicts, found, monkeypatch):
    def fork():
        raise OSError("forked")

    monkeypatch.setattr(explaining.os, "fork", fork)
    if found is None:
        with pytest.raises(OSError, match="forked"):
            explaining.explained_apart(None, None, verdicts, 1.0)
    else:
        assert explaining.explained_apart(None, None, verdicts, 1.0) == found
