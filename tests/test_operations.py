"""`explain tanh`: every operation of the table has a page, made of its law, a line that uses it, one number and its usual mistakes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from backprop_check.cli.main import main
from backprop_check.derivation import example as module
from backprop_check.derivation.example import example
from backprop_check.derivation.table import STOPS, TABLE
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.usual import MOST, USUAL
from backprop_check.report.operation import SIGNS, operation_lines, operation_named, usual_codes
from backprop_check.report.terms import TERMS, Term

Captured = pytest.CaptureFixture[str]
SOME = list(TABLE)[:: max(4, len(TABLE) // 20)]
"""A page costs a twentieth of a second: these stand for all, which lie in the order of their kinds."""


@cache
def told(name: str) -> str:
    return "\n".join(line.plain for line in operation_lines(name, example(name), [page(code) for code in usual_codes(name)], 80))


@pytest.mark.parametrize("name", SOME)
def test_an_operation_has_a_page_with_a_number(name: str) -> None:
    text = told(name)
    law = next(iter(TABLE[name].laws.values()))
    assert text.startswith(name) and (not isinstance(law, str) or law[:12] in text)
    if " = " not in text:
        assert example(name) is None, "a row that none of the calls tried fits: its laws alone"
        return
    assert re.search(r"^   \w+ \([\w, ·]*\), ", text, re.M) and re.search(r"^   d\w+", text, re.M)
    assert re.search(r"^   \w+(\[.*\])? is -?\d", text, re.M) and "when" in text, "one number is followed"
    slopes = [float(slope) for slope in re.findall(r" (\S+) × +\S+ = ", text)]
    arrived = [(float(a), float(b)) for a, b in re.findall(r" × +(\S+) = +(\S+)", text)]
    assert arrived and all(abs(slope * a - b) <= 0.02 * abs(b) + 1e-9 for slope, (a, b) in zip(slopes, arrived, strict=True))


def test_nearly_every_page_has_one() -> None:
    assert sum(" = " in told(name) for name in SOME) >= 0.9 * len(SOME)


@pytest.mark.parametrize("name", ["cross", "slogdet", "index_put", "binary_cross_entropy"])
def test_what_takes_unusual_tensors_is_shown_on_such(name: str) -> None:
    assert example(name) is not None


def test_a_row_without_words_of_its_own_has_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMS", {})
    for name in ("maximum", "amax", "neg", "square", "softmax", "mse_loss", "trace"):
        found = example(name)
        assert found is not None and name in found.graph.exercise.lines[0].source and found.derived


def test_what_is_usual_at_an_operation_has_a_page() -> None:
    assert set(USUAL) <= TABLE.keys() | STOPS
    for name in (*TABLE, "detach"):
        codes = usual_codes(name)
        assert len(codes) <= MOST and all(page(code).sentence for code in codes)
    assert usual_codes("cosh")[:2] == ["missing-upstream", "missing-local-derivative"], "that of any elementwise function"
    assert usual_codes("log_softmax")[0] == "diagonal-jacobian" and usual_codes("repeat_interleave")[0] == "missing-sum", (
        "the same law, the same slips"
    )
    assert usual_codes("roll") == []


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("@", "matmul"),
        ("+", "add"),
        ("**", "pow"),
        ("[]", "index"),
        (".T", "t"),
        ("torch.tanh", "tanh"),
        ("x.sum(1)", "sum"),
        ("F.softmax", "softmax"),
        ("bmm", "matmul"),
        ("detach", "detach"),
        ("wibble", None),
        ("../table", None),
    ],
)
def test_an_operation_is_named_as_people_write_it(word: str, name: str | None) -> None:
    assert operation_named(word) == name
    assert all(operation_named(sign) == of for sign, of in SIGNS.items())


def test_the_page_is_read(capsys: Captured) -> None:
    assert main(["explain", "@"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("matmul (@, ") and "   dx = dy @ W.T\n" in text and "meets `W`, (C, K), and gives (N, K)" in text
    assert "\n   Added up: " in text and "\n   missing-transpose " in text
    assert main(["explain", "tanh"]) == 0
    assert "The slope of tanh is `1 - y**2`. From above arrives dy, (N, C)." in capsys.readouterr().out
    assert main(["explain", "detach"]) == 0
    assert "Nothing flows back through it" in (text := capsys.readouterr().out) and "through-detach" in text
    assert main(["explain", "lost-keepdim"]) == 0 and capsys.readouterr().out.startswith("lost-keepdim\n")


@pytest.mark.parametrize(
    ("word", "near"),
    [("tanhh", "did you mean tanh"), ("lost-kepdim", "did you mean lost-keepdim"), ("zzzzzz", "`backprop-check explain` lists them")],
)
def test_what_is_neither_is_told_with_what_is_near(word: str, near: str, capsys: Captured) -> None:
    assert main(["explain", word]) == 2
    assert near in capsys.readouterr().err


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_the_example_of_a_word_is_so(term: Term) -> None:
    """What stands behind `#` is what its line gives, and a gradient is autograd's."""
    scope: dict[str, Any] = {"torch": torch}
    graph: dict[str, Any] = {"torch": torch}
    lines = [line.partition("#")[::2] for line in term.example.strip().splitlines()]
    for text, said in lines:
        name, expression = map(str.strip, text.split("=", 1))
        scope[name] = value = eval(expression, scope)
        if not (name[0] == "d" and name[1:] in scope):
            made = eval(expression, graph)
            graph[name] = made if made.requires_grad else made.requires_grad_()
            graph[name].retain_grad()
        told = said.strip().split(":")[0]
        if told.startswith("("):
            assert tuple(value.shape) == eval(told)
        elif told:
            assert value.flatten().tolist() == list(map(float, told.split(",")))
    if "s" in graph:
        graph["s"].backward()
    gradients = {name: value for name, value in scope.items() if name[0] == "d" and name[1:] in scope}
    assert gradients.keys() or term.name == "axis"
    assert all(torch.equal(value, graph[name[1:]].grad) for name, value in gradients.items())


def test_a_word_has_a_short_page(capsys: Captured) -> None:
    for word in ("upstream", "local-derivative", "Shape", "keepdim", *(term.name for term in TERMS)):
        assert main(["explain", word]) == 0
        page = capsys.readouterr().out.splitlines()
        assert len(page) <= 12 and all(len(line) <= 80 for line in page)
    assert main(["explain", "upstraem"]) == 2
    assert "did you mean upstream" in capsys.readouterr().err
    assert main(["explain"]) == 0
    listed = capsys.readouterr().out.partition("\nWords\n")[2]
    assert all(term.name in listed for term in TERMS)


def test_the_list_has_all_of_them(capsys: Captured) -> None:
    assert main(["explain"]) == 0
    mistakes, _, operations = capsys.readouterr().out.partition("Operations\n")
    assert "lost-keepdim" in mistakes
    listed = re.split(r",\s+", operations.partition("\n\n")[0].strip())
    assert [" ".join(each.split()).split(" ")[0] for each in listed] == sorted(TABLE)


def test_no_page_sends_anybody_elsewhere_for_a_derivative() -> None:
    mistakes = Path(module.__file__).parents[1] / "diagnosis" / "mistakes"
    assert not [path.name for path in mistakes.glob("*.py") if "table of derivatives" in path.read_text(encoding="utf-8")]
