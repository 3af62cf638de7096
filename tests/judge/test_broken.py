"""What is lost of a file that does not parse: the statements concerned, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import breaking
import pytest
from asking import COURSE, Judge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop_check.errors import BadInput
from backprop_check.exercise.mend import parse_leniently
from backprop_check.files import decoded

HEAD = "import torch\n\n\ndef backward(a, b, dc):\n"
EXERCISE = next((COURSE / "solutions").glob("ex05_*.py"))
RIGHT = (
    "import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n    dact = torch.ones_like(act)\n    dprobs = (1 - act**2) * dact\n"
    "    dcounts = counts_sum_inv * dprobs\n    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)\n"
)


def test_every_way_of_breaking_a_line() -> None:
    """A sample of what `breaking.py` tries."""
    found = [case for path in breaking.SOLUTIONS for case in breaking.cases(path, 601)]
    assert len(found) > 150
    wrong = [f"{case.name}: {said}" for case in found if (said := breaking.wrong(case))]
    assert not wrong, "\n".join(wrong)


def told(body: str) -> list[tuple[int, int, str, str | None]]:
    """Where, what and of which target is said of a body below HEAD; the lines count from the body's first."""
    tree, mended, broken = parse_leniently(HEAD + body)
    assert mended.count("\n") == (HEAD + body).count("\n") and tree is not None
    return [(b.line - 4, b.column, b.message, b.target) for b in broken]


@pytest.mark.parametrize(
    ("body", "line", "column", "words"),
    [
        ("    da = (b\n    db = 2\n", 1, 9, "'(' was never closed"),
        ("    da = foo(\n        b, [1, 2\n    db = 2\n", 2, 11, "was never closed"),
        ("    da = b)\n    db = 2\n", 1, 10, "unmatched ')'"),
        ("    da = “x”\n    db = 2\n", 1, 9, "“ is a typographic quote"),
        ("    da = b\u00a0* 2\n    db = 2\n", 1, 10, "no-break space (U+00A0)"),
        ("    da = b\u200b * 2\n    db = 2\n", 1, 10, "zero width space (U+200B)"),
        ("    da = b − 2\n    db = 2\n", 1, 11, "minus sign, U+2212"),
        ("    da = b²\n    db = 2\n", 1, 10, "superscript two"),
        ("    da = in * 2\n    db = 2\n", 1, 9, "`in` is a word of Python's own"),
        ("    da = a b\n    db = 2\n", 1, 11, "`b` follows on `a`"),
        ("    da torch.ones(2)\n    db = 2\n", 1, 7, "`torch` follows on `da`"),
        ("    da = a @\n    db = 2\n", 1, 12, "the line ends where more has to come"),
        ("    da = 01\n    db = 2\n", 1, 9, "leading zeros"),
        ("    da = b if (1 = 1) else 0\n    db = 2\n", 1, None, "=="),
        ("    da = 'b\n    db = 2\n", 1, 9, "unterminated string"),
        ('    da = """b\n    db = 2\n', 1, 9, "unterminated triple-quoted string"),
        (">>> da = b\n    db = 2\n", 1, 0, "prompt of a Python session"),
        ("In [3]: da = b\n    db = 2\n", 1, 0, "prompt of a Python session"),
        ("    else:\n        da = b\n    db = 2\n", 1, 4, "no `if` above"),
        ("    db = 2\n\tda = b\n    dd = 2\n", 2, 1, "indented with tabs, the others with spaces"),
        ("    db = 2\n  da = b\n    dd = 2\n", 2, 2, "not indented like the others"),
        ("    for i in range(2)\n        da = b\n    db = 2\n", 1, 21, "expected ':'"),
        ("<<<<<<< HEAD\n    da = b\n=======\n    da = 1\n>>>>>>> other\n    db = 2\n", 1, 0, "git left both sides of a conflict here"),
        ("    db = 2\n<<<<<<< HEAD\n=======\n    da = 1\n>>>>>>> other\n", 2, 0, "git left both sides of a conflict here"),
        ("    da = f(\n<<<<<<< HEAD\n        a)\n||||||| base\n        c)\n=======\n        b)\n>>>>>>> other\n    db = 2\n", 2, 0, "git left"),
    ],
)  # fmt: skip
def test_what_is_said(body: str, line: int, column: int | None, words: str) -> None:
    said = [each for each in told(body) if each[3]]
    assert [each[3] for each in said] == ["da"]
    assert said[0][0] == line and words in said[0][2] and column in (None, said[0][1]), said


def test_an_equals_sign_that_was_lost_is_named() -> None:
    lost, operator, define = (parse_leniently(f"{HEAD}    {line}\n")[2][0].help for line in ("da torch.ones(2)", "da = 2 b", "de f(a):"))
    assert lost == "If `da` is to be given a value, write `=` between the two."
    assert "=" not in operator + define


@pytest.mark.parametrize(
    ("body", "newer"),
    [
        ('    da = f"{dict(x=1)["x"]}"\n', True),
        ("    da = f'{'\\n'.join(a)}' + f\"{1:>{\"4\"}} {a!r}\"\n", True),
        ("    type X = int\n", True),
        ("    def f[T](x: T): return x\n", True),
        ("    try:\n        da = 1\n    except ValueError, TypeError:\n        da = 2\n", True),
        ('    da = f"{a b}"\n', False),
        ("    da = f'{a'\n", False),
        ('    da = f"{a["x"}"\n', False),
        ("    global a\n", False),
        ("    da = type X = int\n", False),
    ],
)
def test_what_a_newer_python_reads(body: str, newer: bool) -> None:
    said = told(body + "    db = 2\n")
    assert len(said) <= 1
    assert all(("or newer reads this" in message) == newer for *_, message, _ in said), said


def test_conflict_at_the_top_and_marks_left_over() -> None:
    _, mended, broken = parse_leniently("<<<<<<< a\nimport torch\n=======\nimport torch as t\n>>>>>>> b\n" + HEAD + "    da = b\n")
    assert "da = b" in mended and {b.message for b in broken} == {"git left both sides of a conflict here"}
    for left in ("<<<<<<< HEAD\n", "=======\n", ">>>>>>> other\n"):
        assert [(n, m, t) for n, _, m, t in told(f"    da = b\n{left}    db = 2\n")] == [
            (2, "git left both sides of a conflict here", None)
        ]


def test_only_the_concerned_are_lost(ask: Judge) -> None:
    """As graded: the inputs that were found, and what is said of them."""
    due = dict.fromkeys(["dact", "dprobs", "dcounts", "dcounts_sum_inv"], "correct")
    stray = RIGHT.replace("act**2)", "act**2))")
    conflict = RIGHT.replace(
        "    dact = torch.ones_like(act)\n", "<<<<<<< HEAD\n    dact = torch.ones_like(act)\n=======\n    dact = 1\n>>>>>>> other\n"
    )
    for text, lost in (
        (stray.replace("    dact", '    print("-" * 20)\n    dact', 1), "dprobs"),
        (stray.replace("\n\n\ndef", '\nprint("-" * 20)\n\n\ndef'), "dprobs"),
        (conflict, "dact"),
        (RIGHT.replace("* dact", '* float(f"{dict(aa=1.0)["aa"]}")'), "dprobs" if sys.version_info < (3, 12) else ""),
        ("x = ')'\n" + RIGHT.replace("counts_sum_inv *", "counts_sum_inv ×"), "dcounts"),
        (RIGHT.replace("    dcounts =", "    with torch.no_grad():\n        dcounts = (\n    dcounts_x ="), "dcounts"),
        (RIGHT.replace("    dprobs", "    global act\n    dprobs"), ""),
    ):
        assert ask.text(EXERCISE, text).all_said() == due | ({lost: "error"} if lost else {})


LAST = {
    "a character on its second line": "    dcounts_sum_inv = (counts *\n        dprobs § 2\n    ).sum(1)\n",
    "a conflict within": "    dcounts_sum_inv = (\n<<<<<<< HEAD\n        dprobs[:, :1])\n=======\n        dprobs + (2 * dprobs)[:, :1])\n>>>>>>> theirs\n",
}


@pytest.mark.parametrize("way", LAST)
def test_the_last_statement_is_told_as_broken_wherever_in_it(way: str, ask: Judge) -> None:
    """It ends where its lines end, not where it begins: it was taken for one that is not written. What stands in its brackets is no target."""
    text = RIGHT[: RIGHT.index("    dcounts_sum_inv = ")] + LAST[way]
    due = dict.fromkeys(["dact", "dprobs", "dcounts"], "correct") | {"dcounts_sum_inv": "error"}
    assert ask.text(EXERCISE, text).all_said() == due
    assert {b.target for b in parse_leniently(text)[2]} == {"dcounts_sum_inv"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1", "cp1252"])
def test_encodings(ask: Judge, encoding: str) -> None:
    """As an editor or Python reads them: by the byte order mark, or by the coding line."""
    text = RIGHT if encoding.startswith("utf") else f"#!/usr/bin/env python\n# -*- coding: {encoding} -*-\n# Lösung\n{RIGHT}"
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    path = ask.folder / f"{encoding}.py"
    path.write_bytes((mark + text.replace("\n", "\r\n")).encode(encoding))
    assert set(ask.file(EXERCISE, path).all_said().values()) == {"correct"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\x7fELF\x00\x01", "is binary, not text (line 1 holds a zero byte)"),
        (b"x = 1\ny = '\0'\n", "line 2 holds a zero byte"),
        ("x = 1\n".encode("utf-16-le"), "binary"),
        (b"\xff\xfe\x00\xd8", "though it begins as UTF-16 does"),
        (b"# coding: no-such\nx = 1\n", "its coding line names `no-such`"),
        (b"# coding: punycode\nx = 1\n", "its coding line names `punycode`"),
        (b"# coding: rot13\nx = 1\n", "its coding line names `rot13`"),
        (b"# coding: ascii\nx = '\xe9'\n", "is not `ascii`, as its coding line says (line 2)"),
        (b"x = 1\nx = '\xe9'\n# coding: latin-1\n", "is not UTF-8 (line 2)"),
        (b"\xff\xfe\n\x00", "empty"),
    ],
)  # fmt: skip
def test_what_is_no_text(raw: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        decoded(raw, Path("a.py"), "submission")


def test_a_notebook_in_utf16_and_one_in_conflict(ask: Judge) -> None:
    import json

    notebook = json.dumps({"cells": [{"cell_type": "code", "source": RIGHT.replace("\n", "\r\n")}]}, indent=1)
    path = ask.folder / "sixteen.ipynb"
    path.write_bytes(notebook.encode("utf-16"))
    assert set(ask.file(EXERCISE, path).all_said().values()) == {"correct"}
    assert "git left both sides" in (ask.text(EXERCISE, f"<<<<<<< HEAD\n{notebook}\n=======\n{{}}\n>>>>>>> x\n", ".ipynb").message or "")


def test_lines_stay_those_of_the_editor() -> None:
    for line in ("\x0c", "    x = '\x85 \u2028'", "    # \x0b \x1c", "    x = 1 \x0c"):
        (only,) = told(f"{line}\n    da = (b\n    db = 2\n")
        assert only[0] == 2 and only[3] == "da"


@pytest.mark.parametrize(
    "line",
    ["def backward((a, b, c):", "def backward(a, b, c:", "def backward(a, b, c)", "def backward(a b, c):", "def backward(a, b,, c):",
     "def backward(\n(    a, b,\n    c\n):", "def backward(\n)    a, b,\n    c\n):", "def backward(\n    a, b,\n]    c\n):",
     "def backward(\n    a, b\n    c\n) -> None:  # those", "def backward(a, b, c):)", "def backward(\n²   a, b, c\n):", "def backward a, b, c:", "def\xa0backward(a, b, c):",
     "def backward(a, b, c):;", "def backward(a, b, '(c):", "def backward(a, b=lambda, c):"],
)  # fmt: skip
def test_a_broken_signature_costs_no_gradient(line: str) -> None:
    tree, _, broken = parse_leniently(f"import torch\n\n\n{line}\n    da = b\n    db = a\n")
    assert "def backward(a, b, c):\n    da = b\n    db = a" in ast.unparse(tree).replace("pass\n", "")
    assert [b.target for b in broken] == [None]


def test_an_at_sign_that_begins_no_decorator_costs_its_own_line() -> None:
    tree, _, _ = parse_leniently(f"{HEAD}@    # a note\n    da = b\n    db = a\n")
    assert ast.unparse(tree).endswith("da = b\n    db = a")
    assert [each[3] for each in told("    @da = b\n    db = a\n")] == ["da"]


@pytest.mark.parametrize("line", ["\xa0    # a note", "    # a \0 note", "    \xa0", "\u200b", "\xa0\t# (", "  \u3000# '"])
def test_an_odd_space_between_statements_costs_none(line: str) -> None:
    tree, _, broken = parse_leniently(f"{HEAD}{line}\n    da = b\n{line}\n    db = a\n{line}\n")
    assert ast.unparse(tree).endswith("da = b\n    db = a")
    assert [(b.line, b.target) for b in broken] == [(line, None) for line in (5, 7, 9)]


solutions = st.sampled_from([path.read_text(encoding="utf-8") for path in breaking.SOLUTIONS])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(solutions, st.data())
def test_one_character_more_or_less(text: str, data: st.DataObject) -> None:
    """No edit raises, and none costs a statement of `backward` that it does not touch, unless it opens a string or a bracket above it."""
    start = text.index("def backward")
    at = data.draw(st.integers(text.index("\n", start) + 1, len(text) - 1))
    new = data.draw(st.sampled_from([*" \t()[]{}'\"\\#:=,.*@%!`?$“\u00a0\u200b\0²x1\n"]) | st.just(""))
    edited = text[:at] + new + (text[at:] if new else text[at + 1 :])
    tree, mended, broken = parse_leniently(edited)
    assert mended.count("\n") == edited.count("\n") and (broken or mended == edited)
    row = text[:at].count("\n") + 1
    if new in ("'", '"', "#", "\\", "\n") or "\n" in text[at : at + 1]:
        return
    untouched = {ast.dump(node): node.lineno for node in breaking.targets(text) if not node.lineno - 1 <= row <= (node.end_lineno or 0)}
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "backward")
    missing = {key: line for key, line in untouched.items() if key not in {ast.dump(node) for node in function.body}}
    assert not missing, (row, new, broken)
