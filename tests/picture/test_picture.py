"""The page of a forward: every exercise draws, what it says is complete, and no answer is given away."""

from __future__ import annotations

import ast
import io
import itertools
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len

from backprop_check.cli.main import main
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.exercise.solution import read_solution
from backprop_check.picture.boxes import WIDEST, rows_of
from backprop_check.picture.copied import copied
from backprop_check.picture.drawing import Drawing, drawing
from backprop_check.picture.layers import ordered, ways
from backprop_check.picture.page import OURS, page
from backprop_check.picture.picture import Node, Picture, picture
from backprop_check.records import Operation
from backprop_check.trace.graph import load_graph
from backprop_check.trace.oracle import trace
from backprop_check.trace.shapes import named_shapes

COURSE = packaged_course()
HELDOUT = sorted((Path(__file__).parents[1] / "heldout").glob("*/exercise.py"))[::4]
GRAPHS = [*COURSE.files(), *HELDOUT]
Captured = pytest.CaptureFixture[str]

ODD = """\
\"\"\"<b>Odd</b> & <script>alert(1)</script>\"\"\"
import torch
def inputs(N=5, C=3):
    return dict(größe=torch.randn(N, C), s=torch.randn(()))
def forward(größe, s):
    b = torch.where(größe < 0, größe, größe * 2) * s  # (N, C)
    unused = größe.detach() + (0 if "</script><i>" else 1)  # (N, C)
    c = torch.cdist(b, unused, 3)  # (N, N)
    held = lost(b) + c.mean()  # (N, C)
    d = c.sum() + held.sum()  # ()
    return d
def lost(x):
    return x.detach() * 2
def backward(größe, s, b, unused, c, held, d):
    dc = ...  # (N, N)
    db = ...  # (N, C)
    dgröße = ...  # (N, C)
    ds = ...  # ()
"""


@cache
def of(path: Path, **statuses: str) -> Picture:
    graph = load_graph(read_exercise(path))
    trials = [trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes)]
    return picture(graph, trials, named_shapes(graph), statuses, False, [])


@cache
def drawn(path: Path) -> Drawing:
    return drawing(of(path))


class Said(HTMLParser):
    """The text of a page, its scripts and styles left out, and all addresses and event handlers in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within = tag
        self.tags.append(tag)
        self.outside += [f"{k}={v}" for k, v in attrs if k.startswith("on") or (k in ("src", "href") and not (v or "").startswith("#"))]

    def handle_endtag(self, tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        if self.within not in ("script", "style"):
            self.parts.append(data)


def name(path: Path) -> str:
    return path.parent.name if path.stem == "exercise" else path.stem


@pytest.mark.table
@pytest.mark.parametrize("path", GRAPHS, ids=name)
def test_every_exercise_is_drawn_whole(path: Path) -> None:
    exercise, told = read_exercise(path), of(path)
    said = " ".join(Said(page(told)).parts)
    assert {node.name for node in told.nodes} | {number.name for number in told.numbers} == set(exercise.names)
    assert {(e.source, e.target) for e in told.edges} == {
        (o, line.name)
        for line in exercise.lines
        for o in line.reads
        if {o, line.name} <= {n.name for n in told.nodes}
    }  # fmt: skip
    assert {t.name for t in exercise.targets} <= {step.gradient for step in told.steps}
    assert all(f"{step.gradient}" in said for step in told.steps)
    assert all(node.shape in said for node in told.nodes)
    for line in exercise.lines:
        assert "".join(line.source.split()) in "".join(said.split()), line


@pytest.mark.parametrize("path", GRAPHS, ids=name)
def test_each_step_finds_there_what_arrives(path: Path) -> None:
    told, there = of(path), set()
    for step in told.steps:
        assert all(arrival.user in there for arrival in step.arrivals if arrival.flows)
        assert all(
            told.edges[arrival.edge].source == step.node and told.edges[arrival.edge].target == arrival.user for arrival in step.arrivals
        )
        there.add(step.node)
    targets = [target.node for target in read_exercise(path).targets]
    if path not in HELDOUT:
        assert [step.node for step in told.steps if step.node in targets] == targets


@pytest.mark.parametrize("path", GRAPHS, ids=name)
def test_boxes_are_apart_and_no_curve_passes_one(path: Path) -> None:
    picture = drawn(path)
    for i, a in enumerate(picture.boxes):
        assert a.x >= 0 and a.x + a.width <= picture.width and a.y >= 0 and a.y + a.height <= picture.height
        for b in picture.boxes[i + 1 :]:
            assert a.x + a.width < b.x or b.x + b.width < a.x or a.y + a.height < b.y or b.y + b.height < a.y, (a.node.name, b.node.name)
    assert sum(height for _, height in picture.sheets) >= picture.height
    for box in picture.boxes:
        assert sum(top <= box.y and box.y + box.height <= top + height for top, height in picture.sheets) == 1, "a box is cut on paper"
    for edge, curve in zip(of(path).edges, picture.curves, strict=True):
        for x, y in points(curve):
            met = {b.node.name for b in picture.boxes if b.x < x < b.x + b.width and b.y < y < b.y + b.height}
            assert met <= {edge.source, edge.target}, (edge, met)


def points(curve: str) -> Iterator[tuple[float, float]]:
    """Places along a path of `M`, `V` and `C`."""
    x = y = 0.0
    for kind, numbers in re.findall(r"([MVC])([^MVC]*)", curve):
        given = [float(n) for n in numbers.split()]
        if kind == "M":
            x, y = given
        elif kind == "V":
            yield from ((x, y + (given[0] - y) * t / 20) for t in range(21))
            y = given[0]
        else:
            a, b = complex(x, y), [complex(*given[i : i + 2]) for i in (0, 2, 4)]
            for t in (n / 40 for n in range(41)):
                z = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b[0] + 3 * (1 - t) * t**2 * b[1] + t**3 * b[2]
                yield z.real, z.imag
            x, y = given[4:]


def expressions(source: str) -> set[str]:
    """Every part of an expression that is more than a name or a number, without blanks."""
    parts = (n for n in ast.walk(ast.parse(source, mode="eval")) if isinstance(n, ast.BinOp | ast.Call | ast.UnaryOp | ast.Subscript))
    return {
        ast.unparse(part).replace(" ", "")
        for part in parts
        if not isinstance(part, ast.UnaryOp) or not isinstance(part.operand, ast.Constant)
    }


@pytest.mark.parametrize("path", COURSE.files(), ids=name)
def test_no_part_of_a_solution_is_said(path: Path) -> None:
    """Neither an answer nor a part of one, but for what stands in the forward already."""
    exercise = read_exercise(path)
    forward = "\n".join("".join(line.source.split()) for line in exercise.lines)
    answers = {part for step in read_solution(COURSE.solution(path)).values() for part in expressions(step.source) if part not in forward}
    said = "".join("".join(Said(page(of(path))).parts).split())
    assert not {answer for answer in answers if answer in said}


def test_a_law_that_is_the_answer_is_not_written_out(tmp_path: Path) -> None:
    text = "import torch\ndef inputs(N=5):\n    return dict(a=torch.randn(N), b=torch.rand(N) + 1)\ndef forward(a, b):\n    c = a / b  # (N,)\n    d = c.sum()  # ()\n    return d\ndef backward(a, b, c, d):\n    dc = ...  # (N,)\n    db = ...  # (N,)\n"
    path = tmp_path / "quotient.py"
    path.write_text('"""Quotient."""\n' + text)
    graph = load_graph(read_exercise(path))
    trials = [trace(graph, 0, sizes) for sizes in graph.sizes]
    for answers, written in (([], True), (["-a / b**2"], False)):
        told = picture(graph, trials, named_shapes(graph), {}, False, answers)
        assert any("-a / b**2" in law for step in told.steps for arrival in step.arrivals for law in arrival.laws) is written


def test_names_and_code_are_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(ODD, encoding="utf-8")
    told = of(path)
    read = Said(page(told))
    said = "".join(read.parts)
    assert "<b>Odd</b> & <script>alert(1)</script>" in said and "größe" in said and '"</script><i>"' in said
    assert read.tags.count("script") == 1 and {"b", "i"}.isdisjoint(read.tags)
    steps = {step.node: step for step in told.steps}
    assert "The table of laws does not know this line." in steps["b"].arrivals[0].laws
    assert [edge.flows for edge in told.edges if (edge.source, edge.target) == ("größe", "unused")] == [False]
    assert [edge.flows for edge in told.edges if (edge.source, edge.target) in (("b", "held"), ("c", "held"))] == [False, True]
    assert [a.laws for a in steps["b"].arrivals if a.user == "held"] == [("Nothing flows back through this use.",)]
    assert any("3 times" in law or "twice" in law for law in steps["größe"].arrivals[0].laws)
    assert steps["s"].arrivals[0].copied[0].axes == "axis 0 (N) and axis 1 (C)"


@pytest.mark.parametrize("path", [COURSE.find("ex13")], ids=name)
def test_nothing_is_fetched(path: Path) -> None:
    text = page(of(path))
    assert Said(text).outside == [] and "@import" not in text and not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text


def test_what_is_said_of_a_value_used_twice() -> None:
    told = of(COURSE.find("ex12"), dcounts="incorrect", dprobs="correct", dlogits="error")
    verdicts = {node.name: (node.verdict, node.status) for node in told.nodes}
    assert verdicts["counts"] == ("✗ dcounts wrong", "incorrect") and verdicts["probs"] == ("✓ dprobs right", "correct")
    assert verdicts["logits"] == ("! dlogits error", "error") and verdicts["counts_sum"] == ("· dcounts_sum not written", "missing")
    assert verdicts["loss"] == ("the output", "") and verdicts["Y"] == ("no gradient", "")
    step = next(step for step in told.steps if step.node == "counts")
    assert [(a.user, a.arrives) for a in step.arrivals] == [("counts_sum", "`dcounts_sum`, (N, 1),"), ("probs", "`dprobs`, (N, C),")]
    assert step.said == "`counts` is used by `counts_sum` and `probs`: what comes back from them adds up."
    assert told.numbers[0].users == ("loss",)
    assert [e.flows for e in told.edges if e.source == "Y"] == [False]


@pytest.mark.parametrize("source", ["a" * 100, "f(" * 40 + ")" * 40, "x + " * 30 + "x", "数据 * 数据 + " * 6 + "数据", "short"])
def test_long_code_is_broken_and_nothing_of_it_lost(source: str) -> None:
    rows = [text for row in rows_of(Node("y", "(N,)", source, "· dy not written", "missing")) for kind, text in row if kind == "code"]
    assert all(cell_len(row) <= WIDEST for row in rows)
    assert "".join("".join(rows).split()) == "=" + "".join(source.split())


@pytest.mark.parametrize(("stretched", "along", "turned", "small", "large"), [
    (("N", "C"), (1,), False, 3, 15), (("N", "C"), (0,), True, 5, 15), (("N", "C"), (0, 1), False, 1, 5), (("N", "T", "C"), (0, 1), True, 5, 15), (("N", "T", "C"), (1,), True, 5, 15), (("N",), (0,), False, 1, 5),
])  # fmt: skip
def test_a_row_is_copied_down_and_a_column_to_the_right(
    stretched: tuple[str, ...], along: tuple[int, ...], turned: bool, small: int, large: int
) -> None:
    told = copied(Operation("mul", "", "", "a", "()", "()", stretched, along, ()))
    assert (told.turned, len(told.small), len(told.large)) == (turned, small, large)
    assert {s.shade for s in told.large} == {s.shade for s in told.small}
    for square in told.small:
        same = [s for s in told.large if s.shade == square.shade]
        assert len({s.x for s in same} if turned else {s.y for s in same}) == 1


def test_layers_cross_as_little_as_they_can() -> None:
    layer, passed = ways("abcdef", "ab", [("a", "d"), ("b", "c"), ("c", "e"), ("d", "f"), ("e", "f"), ("a", "f")])
    assert layer == {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2, "f": 3}, "arguments just above their users, lines below their operands"
    assert passed[5] == [("a", 0), ("a", 1), ("a", 2), ("f", 3)]
    rows = ordered(layer, passed)
    assert [place for place, _ in rows[0]] in (["a", "b"], ["b", "a"])
    at = {place: i for row in rows for i, place in enumerate(row)}
    ends = [(a, b) for way in passed for a, b in itertools.pairwise(way)]
    assert not any((at[a] - at[c]) * (at[b] - at[d]) < 0 for a, b in ends for c, d in ends if a[1] == c[1])


def test_no_layer_is_wider_than_its_lines_need() -> None:
    pairs = [(operand, line) for line, operands in {"p": "abcx", "q": "defx", "r": "pq"}.items() for operand in operands]
    layer, _ = ways("abcdefxpqr", "abcdefx", pairs)
    assert (layer["p"], layer["q"], layer["r"]) == (1, 2, 3) and layer["x"] == 0 and layer["d"] == 1
    many, _ = ways("abcdefp", "abcdef", [(operand, "p") for operand in "abcdef"])
    assert many["p"] == 1


def test_the_command_writes_a_page_and_says_so(course: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["graph", "ex05", "--html"]) == 0
    assert capsys.readouterr().out.startswith("ex05-graph.html is written: open it in a browser")
    text = (course / "ex05-graph.html").read_text(encoding="utf-8")
    assert OURS in text and "0 of 4 gradients right (not checked yet)" in text
    assert main(["graph", "--html", "ex05"]) == 0
    assert capsys.readouterr().out.startswith("ex05-graph.html is written again:")
    assert main(["graph", "ex05", "--html", "-"]) == 0
    assert capsys.readouterr().out == text
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", narrow)
    assert main(["graph", "ex05", "--html", "-"]) == 0
    assert narrow.buffer.getvalue().decode() == text  # type: ignore[attr-defined]
    monkeypatch.undo()
    monkeypatch.chdir(course)
    folder = course / ".backprop-check"
    folder.mkdir(exist_ok=True)
    folder.joinpath("progress.json").write_text('{"version": 1, "exercises": {"ex05": {"passed": false, "targets": {"dact": "correct"}}}}')
    assert main(["graph", "ex05", "--html", "my page.html"]) == 0
    assert capsys.readouterr().out.startswith("'my page.html' is written:")
    assert "✓ dact right" in (course / "my page.html").read_text(encoding="utf-8")


def test_what_cannot_be_written_is_one_line(course: Path, capsys: Captured) -> None:
    foreign = course / "notes.html"
    foreign.write_text("mine")
    (course / "folder.html").mkdir()
    for given, due in (
        ("notes.html", "notes.html is there already and is no page of `graph`, so it stays"),
        ("folder.html", "folder.html is a folder"),
        ("none/page.html", "none/page.html cannot be written (there is no folder none)"),
        ("/proc/page.html", "/proc/page.html cannot be written ("),
        ("exercises/ex05_broadcast.py", "exercises/ex05_broadcast.py is there already"),
    ):
        assert main(["graph", "ex05", "--html", given]) == 2, given
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.startswith(f"backprop-check: {due}") and captured.err.count("\n") == 1
    assert foreign.read_text() == "mine"
