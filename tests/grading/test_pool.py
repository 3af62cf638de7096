"""Judges side by side: what they are given, what they never see, and what happens when one of them stops."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
from dataclasses import replace

import pytest
from classroom import HEAD, RIGHT, SOLUTION, below, setup, task

from backprop_check.errors import BadInput
from backprop_check.grading.pool import Pool
from backprop_check.grading.task import Setup

# What a worker may hold is looked for by its beginning and its digest, so that the search does not find itself.
SEARCH = '''
"""control-7f3a"""
import functools, hashlib, os, re, torch


@functools.cache
def found():
    hits, searched = set(), re.compile(b"|".join(re.escape(start) for start in LOOKED_FOR))
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for first, last in re.findall("^([0-9a-f]+)-([0-9a-f]+) rw", maps.read(), re.MULTILINE):
            memory.seek(int(first, 16))
            text = memory.read(int(last, 16) - int(first, 16))
            for match in searched.finditer(text):
                size, digest = LOOKED_FOR[match.group()]
                if hashlib.sha256(text[match.start() : match.start() + size]).hexdigest() == digest:
                    hits.add(LOOKED_FOR[match.group()])
    return [value in hits for value in LOOKED_FOR.values()]


'''


def test_neither_the_secret_nor_the_environment_is_in_a_workers_reach(monkeypatch: pytest.MonkeyPatch, own_nursery: None) -> None:
    """By a submission that reads all of its own memory: unconfined for that, but forked and fed as those that are confined.

    It finds what is surely there, a line of its own. What is in no memory of the worker cannot be had from `gc` either.
    """
    secret = secrets.token_hex(32)
    monkeypatch.setenv("CLASS_TOKEN", "token")
    wanted = {b"control-": b"control-7f3a", secret[:8].encode(): secret.encode(), bytes.fromhex(secret)[:4]: bytes.fromhex(secret)}
    looked_for = {start: (len(whole), hashlib.sha256(whole).hexdigest()) for start, whole in wanted.items()}
    body = "    dact = int(repr([*found(), os.environ.get('CLASS_TOKEN'), 'PATH' in os.environ]))\n"
    text = f"LOOKED_FOR = {looked_for!r}\n{SEARCH}{HEAD}{body}"
    with Pool(setup(secret=secret, confined=False, time_limit=30.0), 1) as pool:
        (result,) = pool.judged([task(text)])
    assert "[True, False, False, None, True]" in str(dict(result.report)), result.report["message"] or result.report


def test_the_same_code_gets_the_same_report_whoever_judges_it(pool: Pool) -> None:
    wrong = SOLUTION.replace("(1 - act**2)", "(1 - act**3)")
    (first,) = pool.judged([task(wrong)])
    (again,) = pool.judged([task(wrong, "bob.py")])
    with Pool(setup(time_limit=4.0), 2) as others:
        (other,) = others.judged([task(wrong, "cy.py")])
    assert first.report == again.report == other.report and first.score == 3.0


def test_a_judge_that_stands_still_is_replaced_and_nobody_pays_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Setup, "longest", 6.0)
    with Pool(setup(), 2) as pool:
        assert [result.score for result in pool.judged([task(RIGHT)])] == [4.0]
        still = next(pid for depth, pid in below(os.getpid()) if depth == 2)
        os.kill(still, signal.SIGSTOP)
        results = list(pool.judged([task("import torch\n" + RIGHT, f"{name}.py") for name in "abcdef"]))
    assert sorted(result.submission for result in results) == [f"{name}.py" for name in "abcdef"]
    assert {(result.score, result.outcome) for result in results} == {(4.0, "judged")}


def test_a_submission_that_takes_its_judge_along_is_given_up_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a submission is one, for this judge, when it takes longer than the judge may."""
    monkeypatch.setattr(Setup, "longest", 1.5)
    monkeypatch.setattr("backprop_check.grading.pool.TRIES", 2)
    slow = HEAD + "    while True:\n        pass\n"
    with Pool(setup(time_limit=60.0), 1) as pool:
        results = {result.submission: result for result in pool.judged([task(slow, "slow.py"), task(SOLUTION)])}
    assert results["ada.py"].score == 4.0
    assert (results["slow.py"].outcome, results["slow.py"].digest) == ("crashed", ""), "another run tries it again"


def test_nothing_to_do_starts_no_process() -> None:
    before = {pid for _, pid in below(os.getpid())}
    with Pool(setup(), 3) as pool:
        assert list(pool.judged([])) == []
        assert {pid for _, pid in below(os.getpid())} == before


def test_no_more_judges_are_started_than_there_are_tasks() -> None:
    with Pool(setup(), 3) as pool:
        assert [result.score for result in pool.judged([task(RIGHT)])] == [4.0]
        assert len(pool._judges) == 1
        assert len(list(pool.judged(task(RIGHT, f"{name}.py") for name in "abcd"))) == 4
        assert len(pool._judges) == 3


def test_an_exercise_that_cannot_be_used_is_one_error() -> None:
    name, text = setup().exercises["ex05"]
    with (
        Pool(replace(setup(), exercises={"ex05": (name, text.replace("torch.tanh", "torch.tahn"))}), 2) as pool,
        pytest.raises(BadInput, match="tahn"),
    ):
        list(pool.judged([task(SOLUTION)]))
