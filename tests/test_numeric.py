"""Finite differences: as good as they say they are, and shown beside autograd's and the learner's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from backprop_check.cli.main import main
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.by_hand import by_hand
from backprop_check.trace.graph import load_graph
from backprop_check.trace.numeric import central_differences
from backprop_check.trace.oracle import trace

COURSE = packaged_course()
Captured = pytest.CaptureFixture[str]

KINKED = '''"""Kinks."""

import torch


def inputs(N=4, C=3):
    return dict(a=torch.zeros(N, C))


def forward(a):
    b = torch.relu(a)  # (N, C)
    s = (b * 2).sum()  # ()
    return s


def backward(a, b, s):
    db = ...           # (N, C)
    da = ...           # (N, C)
'''


@pytest.mark.parametrize("path", [path for path in COURSE.files()[::2] if path.stem != "ex13_mlp"], ids=lambda path: path.stem)
def test_they_are_off_by_no_more_than_they_say(path: Path) -> None:
    graph = load_graph(read_exercise(path))
    trial = trace(graph, 3, graph.sizes[0])
    for target in graph.exercise.targets:
        numeric = central_differences(graph, trial, target.node)
        gradient, scale = trial.gradients[target.name], trial.scales[target.name]
        assert numeric.elements == gradient.numel() == len(numeric.slopes)
        assert graph.scope.get("TIES") or not any(slope.kinked for slope in numeric.slopes)
        for slope in (slope for slope in numeric.slopes if not slope.kinked):
            assert abs(slope.central - gradient[slope.index].item()) <= 2 * slope.error + 1e-9 * scale
            assert slope.error <= 1e-5 * scale
        assert numeric.together == pytest.approx(gradient.sum().item(), rel=1e-4, abs=1e-6 * scale)


def test_small_numbers_are_computed_by_one_thread(tmp_path: Path) -> None:
    """On a busy machine several would wait for each other: minutes, where one takes seconds."""
    path = tmp_path / "ex80_kinks.py"
    helper = "SEEN = []\n\n\ndef seen(a):\n    SEEN.append(torch.get_num_threads())\n    return a\n\n\n"
    path.write_text(KINKED.replace("def forward", f"{helper}def forward").replace("torch.relu(a) ", "seen(a)"))
    graph, before = load_graph(read_exercise(path)), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        trial = trace(graph, 3, graph.sizes[0])
        central_differences(graph, trial, "a")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert len(graph.scope["SEEN"]) > 50
    assert set(graph.scope["SEEN"][-50:]) == {1}


def test_a_large_tensor_is_measured_in_part_with_the_elements_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_check.trace.numeric.LIMIT", 20)
    graph = load_graph(read_exercise(COURSE.find("ex13")))
    trial = trace(graph, 3, graph.sizes[0])
    numeric = central_differences(graph, trial, "W1", [1, 1919])
    assert {(0, 1), (29, 63)} <= {slope.index for slope in numeric.slopes}
    assert len(numeric.slopes) == 22 < numeric.elements == 1920


def test_a_kink_is_told_with_both_slopes(tmp_path: Path, zygote: Zygote, capsys: Captured) -> None:
    path = tmp_path / "ex80_kinks.py"
    path.write_text(KINKED)
    assert main([str(path), "--numeric", "--target", "a"], zygote) == 1
    assert "At [0, 0] and 11 more there is a kink: the slope is 0 to the left, 2 to the right." in capsys.readouterr().out.replace(
        "\n", " "
    )
    assert main([str(path), "--numeric"], zygote) == 1
    assert "kink" not in capsys.readouterr().out


def test_of_many_elements_the_first_are_shown_where_none_disagrees(course: Path, zygote: Zygote, capsys: Captured) -> None:
    (path,) = (course / "exercises").glob("ex03_*.py")
    for answer, shown, first in (
        ("...", "Shown: the first 24 elements.", "c[0, 0]"),
        ("torch.ones_like(c)", "Shown: the first 24 elements.", "c[0, 0]"),
        ("torch.ones_like(c); dc[3, 2] = 5", "Shown: the 24 elements that disagree most.", "c[3, 2]"),
    ):
        path.write_text(packaged_course().find("ex03").read_text().replace("dc = ...", f"dc = {answer}"))
        main(["ex03", "--numeric", "--target", "dc"], zygote)
        out = capsys.readouterr().out
        assert shown in out
        assert next(line for line in out.splitlines() if line.startswith("c[")).startswith(first)


def test_ex01_says_what_the_notebook_did(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["ex01", "--numeric"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("da by finite differences (ex01, N = 3)")
    assert "moved all elements at once, so it got the SUM of the gradient: 12.001 there," in out
    assert "Your da is not written yet." in out


def test_it_shows_the_first_gradient_that_is_not_right(course: Path, zygote: Zygote, capsys: Captured) -> None:
    (path,) = (course / "exercises").glob("ex01_*.py")
    text = path.read_text()
    path.write_text(text.replace("da = ...", "da = b").replace("db = ...", "db = a + torch.tensor([0, 0, 0.5])"))
    assert main(["ex01", "--numeric"], zygote) == 1
    out = capsys.readouterr().out
    assert out.startswith("db by finite differences")
    assert [line[-1] for line in out.splitlines() if line.startswith("b[")] == ["✓", "✓", "✗"]
    assert "Yours is off at 1 of 3 elements, by up to 0.5." in out
    assert "b[0]:   0.6 -> 0.61     c: 0.25000 -> 0.25700   slope 0.7   yours 0.7 ✓" in out
    assert "a = [0.7, 0.3, 0.1]" in out
    path.write_text(text.replace("da = ...", "da = b").replace("db = ...", "db = a.unsqueeze(0)"))
    main(["ex01", "--numeric"], zygote)
    out = capsys.readouterr().out
    assert "Your db has the shape (1, 3), but b is (3,)." in out
    assert "slope" not in out, "numbers of a wrong shape have no place in the table"
    assert main(["ex01", "--numeric", "--target", "da"], zygote) == 1
    assert "Yours is right at all of them." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("3 * b * dc.unsqueeze(1)", "Yours is 3 times the slope, everywhere."),
        ("b * (dc * torch.arange(5.0)).unsqueeze(1)", "Along axis 1, yours is the same number of times the slope: 0, 1, 2, 3, 4."),
        ("b.flip(0) * dc.unsqueeze(1)", "Along axis 0, yours is the same number of times the slope: "),
        ("b * dc.unsqueeze(1)", "Yours is right at all of them."),
    ],
)
def test_a_constant_ratio_is_told(answer: str, told: str, course: Path, zygote: Zygote, capsys: Captured) -> None:
    (path,) = (course / "exercises").glob("ex02b_*.py")
    path.write_text(path.read_text().replace("da = ...", f"da = {answer}"))
    main(["ex02b", "--numeric", "--target", "da"], zygote)
    out = " ".join(capsys.readouterr().out.split())
    assert told in out
    assert ("times the slope" in out) == ("times the slope" in told)
    assert "; L = (c * dc).sum():" in out


@pytest.mark.table
@pytest.mark.parametrize("path", COURSE.files(), ids=lambda path: path.stem)
def test_the_numbers_to_work_by_hand_are_few_digits_and_smooth(path: Path) -> None:
    graph = load_graph(read_exercise(path))
    trial, again = by_hand(graph), by_hand(graph)
    for name in trial.values.keys() & {*graph.exercise.inputs, f"d{graph.exercise.output}"}:
        value = trial.values[name]
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, again.values[name])
            assert torch.equal(value, value if not value.is_floating_point() else value.round(decimals=3))
            assert not (value.is_floating_point() and bool((value == 0).any()))
    if path.stem != "ex13_mlp" and not graph.scope.get("TIES"):
        assert not any(s.kinked for target in graph.exercise.targets for s in central_differences(graph, trial, target.node).slopes)


def test_values_and_gradients_are_shown(course: Path, capsys: Captured) -> None:
    assert main(["show", "ex05", "probs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "probs  ex05  (N, C) = (7, 3)"
    assert lines[1] == "   `probs = counts * counts_sum_inv` (line 17)"
    assert len([line for line in lines if line.startswith("   [")]) == 7
    assert main(["show", "ex05", "dcounts_sum_inv"]) == 0
    assert "(N, 1) = (7, 1)\n   the gradient of s with respect to counts_sum_inv, by autograd" in capsys.readouterr().out
    assert main(["show", "ex01"]) == 0
    assert "a  (N,) = (3,)  0.7  0.3  0.1" in capsys.readouterr().out
    assert main(["show", "ex13", "emb"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "   [0]" in shown and "   ... to [31]" in shown
    assert max(map(len, shown)) <= 80
    assert main(["show", "ex05", "prosb"]) == 2
    assert "did you mean probs" in capsys.readouterr().err


def test_a_target_that_is_none(course: Path, zygote: Zygote, capsys: Captured) -> None:
    assert main(["ex01", "--numeric", "--target", "dz"], zygote) == 2
    assert "it asks for da, db." in capsys.readouterr().err
    assert main(["ex01", "--numeric", "--json"], zygote) == 2
