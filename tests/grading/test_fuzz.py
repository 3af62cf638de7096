"""Whatever a file holds, it gets one result, soon, and the judge stays: no text makes it fail, hang or end."""

from __future__ import annotations

import json
import random
from pathlib import Path

from classroom import HEAD, RIGHT, SOLUTION, grade, lines, setup, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop_check.classroom.results import Result, from_line
from backprop_check.grading.bench import FAILED
from backprop_check.grading.pool import LOST, Pool
from backprop_check.grading.task import Task

FAILURES = (LOST, FAILED.split("{")[0])
ODD = ["\0", "\x0c", "\t", "\x0b", "\x1a", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "é", "ﬁ", "𝒹", "🎓", "\\", "\\\n", '"""', "'''", "#", "(", ")", "[", "]", "{", "}", ":", ";", "=", "==", ":=",
       "->", "@", "...", "0x", "1e999", "9" * 5000, "-" * 300, "(" * 300, "lambda:", "*", "**", "if", "else:", "return", "yield", "await ", "del ", "global act\n", "nonlocal act\n", "import os\n",
       "from __future__ import annotations\n", "from x import *\n", "class backward:\n", "def backward():\n", "async def backward(act):\n", "%%backward\n", "raise SystemExit\n", "dact", "d", "act.grad",
       "exit()\n", "f'{act!r:{s}}'", "print(f'''{", "b''", "\r", "\r\n", "\n    ", "\n  ", "\n"]  # fmt: skip
SAID = [
    "ValueError('\\ud800')",
    "ValueError('\\x1b[2J\\x00\\n</pre>')",
    "type('\\ud800', (Exception,), {})('x')",
    "ValueError('x' * 10**7)",
    "type('A', (Exception,), {'__str__': lambda s: 1 / 0})()",
    "KeyboardInterrupt",
    "SystemExit(3)",
    "MemoryError",
]
"""What a line may raise, or give for a gradient."""

quick = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A solution with pieces of it cut, doubled, moved and replaced."""
    text = RIGHT if draw(st.booleans()) else SOLUTION
    for _ in range(draw(st.integers(1, 6))):
        a, b = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        b = min(b, a + draw(st.sampled_from([1, 3, 40, 400])))
        text = draw(
            st.sampled_from(
                [
                    text[:a] + text[b:],
                    text[:b] + text[a:],
                    text[:a] + draw(st.sampled_from(ODD)) + text[b:],
                    text[:a] + text[a:b][::-1] + text[b:],
                ]
            )
        )
    return text


def judged(pool: Pool, given: Task) -> Result:
    """Judge it, and see that the result is one that grading can keep and that no judge was lost over it."""
    (result,) = pool.judged([given])
    assert from_line(result.as_line()).report == result.report and result.submission == given.submission
    assert not any((result.report["message"] or "").startswith(failed) for failed in FAILURES), result.report["message"]
    assert result.digest == given.digest and result.report["score"] <= 4.0
    assert (result.report["gradients"] == []) == (result.report["message"] is not None)
    return result


@quick
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))),
    st.sampled_from(["a.py", "a.ipynb"]),
)
def test_any_bytes(pool: Pool, data: bytes, name: str) -> None:
    judged(pool, task(data, name))


@settings(quick, max_examples=25)
@given(mutated())
def test_mutated_solutions(pool: Pool, text: str) -> None:
    judged(pool, task(text))


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([SOLUTION, "%%backward\ndact = act", "\ud800" + RIGHT, 10**400])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "worksheets", "input"]), inner, max_size=4)
    ),
    max_leaves=12,
)
cell = st.fixed_dictionaries({"cell_type": st.sampled_from(["code", "markdown", 3])}, optional={"source": values, "input": values})


@quick
@given(values | st.fixed_dictionaries({"cells": st.lists(cell, max_size=5)}))
def test_any_notebook(pool: Pool, notebook: object) -> None:
    judged(pool, task(json.dumps(notebook), "a.ipynb"))


def full(piece: str, size: int = 100_000) -> str:
    return piece * (size // len(piece.encode()))


# Texts that are slow to read if any step of it is more than linear, or is done once too often.
SLOW = {
    "lines that do not parse": HEAD + full("    x = = 1\n"),
    "such lines above": full("x = = 1\n") + SOLUTION,
    "functions that do not parse": full("def f(:\n  x\n") + SOLUTION,
    "backwards that do not parse": full(HEAD[14:] + "    = 1\n"),
    "many statements": HEAD + full("    dact = act\n"),
    "a chain of names": HEAD + "".join(f"    a{i + 1} = a{i}\n" for i in range(10_000)) + "    dact = a10000\n",
    "open brackets in lines": HEAD + full("    f(\n"),
    "open brackets": HEAD + "    dact = " + full("("),
    "deep brackets, one open": HEAD + full("    dact = " + "(" * 190 + "1" + ")" * 189 + "\n"),
    "attributes": HEAD + "    dact = a" + full(".b") + "\n",
    "targets": HEAD + "    dact = " + full("a=") + "1\n",
    "f-strings": HEAD + "    dact = " + full("f'{1}' ") + "\n",
    "joined lines": HEAD + "    dact = " + full("\\\n"),
    "decorators apart": full("@a\n\n") + "x = = 1\n" + SOLUTION,
    "margins": HEAD + full("     x\n    y\n"),
    "spaces": HEAD + full("\t") + "x = = 1\n",
}  # fmt: skip


def test_slow_texts() -> None:
    """No text holds a judge longer than what its own code may take, plus a few calls of Python's parser, which takes seconds for so much."""
    with Pool(setup(time_limit=0.5, searching=3000), 2) as pool:
        results = list(pool.judged([task(text, name) for name, text in SLOW.items()]))
    assert {result.submission for result in results} == SLOW.keys()
    for result in results:
        assert result.seconds < 50 and result.digest and result.outcome != "unreadable", (
            result.submission,
            result.seconds,
            result.report["message"],
        )


def test_a_class_of_such_files(tmp_path: Path) -> None:
    chance, source = random.Random(5), tmp_path / "class"
    source.mkdir()
    for number in range(12):
        text = RIGHT
        for _ in range(chance.randint(1, 5)):
            a = chance.randrange(len(text) + 1)
            text = text[:a] + chance.choice(ODD) + text[a + chance.choice([0, 0, 1, 20]) :]
        data = bytes(chance.randrange(256) for _ in range(chance.randrange(300))) if number % 10 == 0 else text.encode()
        (source / f"s{number:03}.{'ipynb' if number % 20 == 1 else 'py'}").write_bytes(data)
    for number, said in enumerate(SAID):
        (source / f"t{number}.py").write_text(f"{HEAD}    raise {said}\n    dact = act\n    dprobs = {said}\n")
    (source / "u.py").write_text(f"{HEAD}    dact = act * len({'x' * 100_000!r})\n")
    grade(source, tmp_path / "out", "--time-limit", "1")
    told = lines(tmp_path / "out")
    assert sorted(told) == sorted(path.name for path in source.iterdir())
    assert all(line["digest"] for line in told.values()), [line for line in told.values() if not line["digest"]]
    assert len(list((tmp_path / "out" / "feedback").glob("*.html"))) == len(told) == 13 + len(SAID)
