"""Training with a learner's own gradients: beside autograd's, with a wrong one, interrupted; and what an author may write."""

from __future__ import annotations

import json
import math
import re
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from backprop_check.cli.main import main
from backprop_check.errors import BadInput
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Exercise
from backprop_check.submission.parse import read_submission
from backprop_check.submission.run import Limits
from backprop_check.submission.steps import NoStep, Steps
from backprop_check.submission.workers import Workers
from backprop_check.trace.graph import load_graph
from backprop_check.training.checkpoint import read_checkpoint
from backprop_check.training.curve import Curve, plot, svg
from backprop_check.training.data import contexts, digits, names
from backprop_check.training.examine import checkpoint_findings
from backprop_check.training.model import by_autograd, by_hand, recorded
from backprop_check.training.outcome import SAME, apart, final, parts_at
from backprop_check.training.run import AUTOGRAD, YOURS, Trainer
from backprop_check.training.state import load, save

Captured = pytest.CaptureFixture[str]
COURSE = packaged_course()
CHECKPOINTS = [chapter.checkpoint for chapter in COURSE.chapters()]


def answer(course: Path, name: str, *changes: tuple[str, str]) -> None:
    """Solve an exercise of a learner's course, but for some changes."""
    (path,) = (course / "exercises").glob(f"{name}_*.py")
    text = (COURSE.solutions / path.name).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def session(zygote: Workers, exercise: Exercise, file: Path | None = None) -> Steps:
    return Steps(zygote, exercise, read_submission(file or exercise.path, exercise), Limits(20.0))


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_right_gradients_train_as_autograd_does(name: str, zygote: Workers) -> None:
    path = COURSE.checkpoint(name)
    assert path is not None
    checkpoint = read_checkpoint(path)
    exercises = {name: read_exercise(COURSE.solution(COURSE.find(name))) for name in checkpoint.trains}
    with ExitStack() as stack:
        steps = {name: stack.enter_context(session(zygote, exercise)) for name, exercise in exercises.items()}
        trainer = Trainer(checkpoint, {name: load_graph(exercise) for name, exercise in exercises.items()}, steps)
        yours, autograds = trainer.begin(YOURS), trainer.begin(AUTOGRAD)
        for _ in trainer.go_on([yours, autograds], 4, (4,)):
            pass
    assert len(yours.losses) == 4 and len(set(yours.losses)) == 4
    assert max(apart(yours.losses, autograds.losses)) <= 1e-12
    assert all(torch.allclose(yours.parameters[n], value, rtol=1e-9, atol=1e-12) for n, value in autograds.parameters.items())
    assert any(not torch.equal(value, trainer.begin(YOURS).parameters[n]) for n, value in yours.parameters.items())
    assert yours.samples[4].strip() and all(len(line) <= 78 for line in yours.samples[4].split("\n"))


def test_every_chapter_of_ours_has_a_checkpoint_and_all_are_found() -> None:
    assert len(CHECKPOINTS) == len(COURSE.chapters()) and all(CHECKPOINTS)
    assert not [trouble for trouble in COURSE.troubles() if "checkpoint" in trouble]
    assert {path.stem for path in (COURSE.root / "checkpoints").glob("*.py")} == set(CHECKPOINTS)


def test_train_says_that_the_loss_is_autograds(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex07")
    assert main(["train", "ex00", "--steps", "30", "--svg", "curves.svg"], zygote) == 0
    out = capsys.readouterr().out
    assert "✓ ex07: 1 of 1 right." in out and "With autograd's gradients it is the same at every step, to " in out
    assert "at first" in out and "after 3 steps" in out and "after 30 steps" in out and "exp( 0.000) =  1.000" in out
    picture = ElementTree.parse("curves.svg").getroot()
    assert len(picture.findall("{http://www.w3.org/2000/svg}polyline")) == 2
    assert not list((course / ".backprop-check" / "training").glob("*.pt"))
    assert main(["train", "logarithms", "--steps", "30"], zygote) == 0
    assert out.startswith(capsys.readouterr().out), "the same at each run"


def test_a_wrong_gradient_bends_the_curve_and_is_named(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(
        course, "ex14b", ("du = dsim.sum(1, keepdim=True)", "du = dsim.mean(1, keepdim=True)"), ("dv = dsim.sum(0)", "dv = -dsim.sum(0)")
    )
    assert main(["train", "times_table", "--steps", "25"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "✗ ex14b: 2 of 4 right; wrong: du (mean-sum), dv (wrong-sign)." in out or "wrong: du" in out
    ends = re.search(r"With your gradients the loss is (\S+) at the end; with autograd's it is (\S+) ", out)
    with_du = re.search(r"With autograd's du in the place of yours it would be (\S+)\. ", out)
    with_dv = re.search(r"With autograd's dv in the place of yours it would be (\S+)\. ", out)
    assert ends and with_du and with_dv
    assert len({float(ends[1]), float(ends[2]), float(with_du[1]), float(with_dv[1])}) == 4
    assert float(ends[2]) < float(with_dv[1]) < float(ends[1]), "dv goes the wrong way: mended, it trains"
    assert "`backprop-check ex14b` says why du is wrong" in out


def test_one_wrong_gradient_is_shown_to_be_the_only_one(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex07", ("da = c * dc", "da = dc"))
    assert main(["train", "ex07", "--steps", "20"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "wrong: da (missing-local-derivative)." in out
    assert "they are more than 1 % apart for the first time." in out
    assert "With autograd's da in the place of yours it is autograd's curve at every step: da alone bends yours." in out
    assert "`backprop-check explain missing-local-derivative` is the page of this mistake." in out


def test_what_is_not_written_is_to_be_written_first(course: Path, zygote: Workers, capsys: Captured) -> None:
    assert main(["train", "ex10b", "--steps", "5"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "· ex10b: 0 of 1 right; not written yet: da." in out
    assert "No step can be taken: ex10b gives no da: it is not written. Write da of ex03b first." in out


def test_a_gradient_that_training_does_not_need_may_be_left_out(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex14b", ("dW = torch.exp(sim) * dout", "dW = ..."))
    assert main(["train", "times_table", "--steps", "5"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "With autograd's gradients it is the same at every step" in out and "not written yet: dW" in out


def test_a_wrong_shape_takes_no_step(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex14b", ("du = dsim.sum(1, keepdim=True)", "du = dsim.sum(1)"))
    assert main(["train", "times_table", "--steps", "5"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "ex14b gives no du: it is (7,) where (7, 1) is needed. Mend du of ex14b first" in out


def test_what_is_right_alone_may_be_wrong_together(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex14b", ("dW = torch.exp(sim) * dout", "dW = torch.exp(sim) * dout + 0 * out.mul_(3)"))
    assert main(["train", "times_table", "--steps", "9"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "✓ ex14b: 4 of 4 right." in out
    assert "Each gradient is right by itself, with the right ones above it; one after the other they are not." in out


def test_rounding_that_a_training_enlarges_is_no_mistake(
    course: Path, zygote: Workers, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backprop_check.training.outcome._SMALL", 0.0)
    answer(course, "ex14b", ("dsim = out * dout", "dsim = out * dout * (1 + 5e-10)"))
    assert main(["train", "times_table", "--steps", "90"], zygote) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Your gradients are autograd's where this training began and where it ended" in out


def test_a_loss_that_grows_beyond_all_bounds_ends_the_curve(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex07", ("da = c * dc", "da = -c**3"))
    assert main(["train", "ex07", "--steps", "60"], zygote) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "it grew beyond all bounds; with autograd's it is" in out and "^ yours, above the picture" in out
    assert "(the mean of the last 6 steps)" in out, "of autograd's 60"


def test_interrupted_it_goes_on_to_the_same_end(course: Path, zygote: Workers, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(course, "ex07", ("da = c * dc", "da = 0.9 * c * dc"))
    assert main(["train", "ex07", "--steps", "45"], zygote) == 1
    whole = capsys.readouterr().out
    advance, taken = Trainer.advance, []

    def interrupted(self: Trainer, training: object) -> None:
        taken.append(1)
        if len(taken) in (27, 100):  # in the training itself, then in the one with autograd's da
            signal.raise_signal(signal.SIGINT)
        advance(self, training)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "advance", interrupted)
    for _ in range(2):
        assert main(["train", "ex07", "--steps", "45"], zygote) == 130
        assert "the same command goes on" in capsys.readouterr().err
        assert (course / ".backprop-check" / "training" / "logarithms.pt").exists()
    assert main(["train", "ex07", "--steps", "45"], zygote) == 1
    out = capsys.readouterr().out
    assert len(taken) == 3 * 45, "no step is taken twice"
    going_on = [line for line in out.split("\n") if line.startswith("Going on after step 45, where it was stopped")]
    assert going_on and out.replace(f"{going_on[0]}\n", "") == whole


def test_where_nothing_can_be_kept_it_is_said(course: Path, zygote: Workers, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(course, "ex07")
    (course / ".backprop-check").mkdir()
    (course / ".backprop-check" / "training").write_text("a file where the folder would be")
    advance = Trainer.advance
    monkeypatch.setattr(Trainer, "advance", lambda self, training: (signal.raise_signal(signal.SIGINT), advance(self, training))[1])
    assert main(["train", "ex07", "--steps", "20"], zygote) == 130
    assert not capsys.readouterr().err, "the second Ctrl-C of the same ten steps ends it at once"
    taken: list[int] = []
    monkeypatch.setattr(
        Trainer,
        "advance",
        lambda self, training: (taken or signal.raise_signal(signal.SIGINT), taken.append(1), advance(self, training))[2],
    )
    assert main(["train", "ex07", "--steps", "20"], zygote) == 130
    told = capsys.readouterr().err
    assert "what is trained cannot be kept in " in told and "the same command begins anew." in told
    monkeypatch.setattr(Trainer, "advance", advance)
    assert main(["train", "ex07", "--steps", "20"], zygote) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train sortin", "There is no checkpoint 'sortin': did you mean sorting?"),
        ("train ex99", "There is no exercise 'ex99'"),
        ("train ex07 --steps 0", "give a whole number of steps from 1 to a million, not '0'"),
        ("train ex07 --svg no/such/folder.svg", "no/such/folder.svg cannot be written (there is no folder no/such)"),
        ("train ex07 --svg notes.txt", "notes.txt is there already and is no SVG picture"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line(words: str, told: str, course: Path, zygote: Workers, capsys: Captured) -> None:
    (course / "notes.txt").write_text("mine\n")
    assert main(words.split(), zygote) == 2
    captured = capsys.readouterr()
    assert told in captured.err and captured.err.count("\n") == 1 and not captured.out


def test_the_list_says_what_each_needs(course: Path, zygote: Workers, capsys: Captured) -> None:
    answer(course, "ex07")
    main(["ex07"], zygote)
    capsys.readouterr()
    assert main(["train"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "· logarithms     A table of logarithms (First slopes; ready)"
    assert lines[1].endswith("(Matrix products; after ex03b)")
    assert main(["train", "logarithms", "--steps", "3"], zygote) == 0
    capsys.readouterr()
    main(["train", "--json"])
    first = json.loads(capsys.readouterr().out)["checkpoints"][0]
    assert (first["name"], first["trains"], first["open"], first["trained"]) == ("logarithms", ["ex07"], [], False)
    assert main(["train", "logarithms"], zygote) == 0
    capsys.readouterr()
    main(["train"])
    assert capsys.readouterr().out.startswith("✓ logarithms     A table of logarithms (First slopes; trained)\n")


def test_what_it_came_to_is_told_as_json(course: Path, zygote: Workers, capsys: Captured) -> None:
    """Nothing else is printed, and the exit codes are the same."""
    answer(course, "ex07")
    assert main(["train", "ex07", "--steps", "20", "--json"], zygote) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["checkpoint"], told["status"]) == ("backprop-check-training/1", "logarithms", "passed")
    yours, autograds = told["trainings"]
    assert (yours["by"], autograds["by"], yours["but"]) == ("yours", "autograd", None)
    assert len(yours["losses"]) == 20 and told["same"] and told["apart"] <= SAME and told["parts_at"] is None
    assert [report["exercise"] for report in told["exercises"]] == ["ex07"]
    answer(course, "ex07", ("da = c * dc", "da = -c * dc"))
    assert main(["train", "ex07", "--steps", "20", "--json"], zygote) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "failed" and told["parts_at"] is not None and not told["same"]
    assert told["trainings"][2]["but"] == {"exercise": "ex07", "gradient": "da"}
    (path,) = (course / "exercises").glob("ex07_*.py")
    path.write_text((COURSE.exercises / path.name).read_text())
    assert main(["train", "ex07", "--json"], zygote) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["message"].startswith("No step can be taken: ex07 gives no ") and "trainings" not in told


SCALE = '''"""Scale: its story is short.

w serves every row.
"""

import torch


def inputs(N=5, C=3):
    return dict(x=torch.randn(N, C), w=torch.randn(C))


def forward(x, w):
    y = x * w                         # (N, C)
    return y


def backward(x, w, y, dy):
    # why: w is the other factor.
    dx = w * dy                       # (N, C)
    # why: w served N rows.
    dw = (x * dy).sum(0)              # (C,)
'''
DOUBLE = '''"""Twice: the same weights, twice.

Its story.
"""

import torch

TRAINS = ["ex01"]
STEPS, RATE = 10, 0.1


def begin():
    return dict(w=torch.ones(3) * 0.5)


def batch(step, p):
    return dict(x=torch.randn(4, 3))


def model(ex, p, b):
    return ex.ex01(x=ex.ex01(x=b.x, w=p.w), w=p.w)


def loss(y, b):
    return ((y - 2 * b.x) ** 2).mean()


def sample(ex, p):
    return str(p.w.tolist())
'''


def authored(folder: Path, text: str = DOUBLE, solution: str = SCALE) -> Path:
    for part in ("exercises", "solutions", "checkpoints"):
        (folder / part).mkdir(parents=True)
    for part in ("exercises", "solutions"):
        (folder / part / "ex01_scale.py").write_text(solution)
    (folder / "checkpoints" / "double.py").write_text(text)
    (folder / "course.toml").write_text('title = "Scales"\n[[chapter]]\ntitle = "One"\nexercises = ["ex01"]\ncheckpoint = "double"\n')
    return folder


def test_another_course_has_its_own_checkpoints(tmp_path: Path, zygote: Workers, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    authored(tmp_path / "scales")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "ada", "--from", "scales"]) == 0
    monkeypatch.chdir(tmp_path / "ada")
    Path("exercises/ex01_scale.py").write_text(SCALE)
    assert main(["ex01"], zygote) == 0
    done = "`One` is done. `backprop-check train double` trains with what you wrote. That was the last exercise left: all are passed."
    assert done in " ".join(capsys.readouterr().out.split())
    assert main(["train", "ex01"], zygote) == 0
    assert "With autograd's gradients it is the same at every step" in capsys.readouterr().out


def test_a_gradient_in_the_place_of_the_learners_is_that_of_one_use(tmp_path: Path, zygote: Workers) -> None:
    folder = authored(tmp_path / "scales")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(SCALE.replace("(x * dy).sum(0)", "x.sum(0)").replace("w * dy", "-w * dy"))
    checkpoint, exercise = read_checkpoint(folder / "checkpoints" / "double.py"), read_exercise(folder / "solutions" / "ex01_scale.py")
    graphs = {"ex01": load_graph(exercise)}
    right = by_autograd(recorded(checkpoint, graphs, checkpoint.begin(), 0, asks=True))["w"]
    with session(zygote, exercise, wrong) as steps:

        def with_(name: str | None) -> torch.Tensor:
            run = recorded(checkpoint, graphs, checkpoint.begin(), 0, asks=True)
            return by_hand(run, {"ex01": steps}, graphs, ("ex01", name) if name else None)["w"]

        own, mended = with_(None), with_("dw")
        assert not torch.allclose(own, right) and torch.allclose(mended, right), "dw is autograd's in both uses, whatever dx gave"
        assert not torch.allclose(with_("dx"), right)


def test_a_line_that_hangs_or_ends_the_process_is_told(tmp_path: Path, zygote: Workers) -> None:
    exercise = read_exercise(authored(tmp_path / "scales") / "solutions" / "ex01_scale.py")
    values: Mapping[str, torch.Tensor] = {
        "x": torch.ones(2, 3).double(),
        "w": torch.ones(3).double(),
        "y": torch.ones(2, 3).double(),
        "dy": torch.ones(2, 3).double(),
    }
    for line, why in (
        ("while True: pass", "took longer than"),
        ("import os; os._exit(3)", "ended the process, with status 3"),
        ("raise ValueError('no')", ""),
    ):
        file = tmp_path / "answer.py"
        file.write_text(SCALE.replace("    dx = w * dy ", f"    {line}\n    dx = w * dy "))
        with Steps(zygote, exercise, read_submission(file, exercise), Limits(1.0)) as steps:
            if not why:
                assert torch.equal(steps.step(values, ["dw"])["dw"], torch.full((3,), 2.0).double()), "an error costs its own line"
                continue
            with pytest.raises(NoStep, match=why):
                steps.step(values, ["dw"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("w=p.w)\n\n\ndef loss", "w=p.w + 1)\n\n\ndef loss"), "the checkpoint makes the `w` of ex01 itself"),
        (("def loss(y, b):\n    return", "def unused(y, b):\n    return"), "the loss has to be a single number"),
        (("    return ((y - 2 * b.x) ** 2).mean()", "    return (y - 2 * b.x) ** 2"), "the loss has to be a single number"),
        (('TRAINS = ["ex01"]', "TRAINS = 3"), 'TRAINS = ["ex13"]'),
        (('TRAINS = ["ex01"]', 'TRAINS = ["ex07"]'), "There is no exercise 'ex07'"),
        (("STEPS, RATE = 10, 0.1", "STEPS, RATE = 10, 'fast'"), "RATE is a number, as RATE = 0.1"),
        (("def sample(ex, p)", "def sample(p)"), "a checkpoint defines `def sample(ex, p)`"),
        (("ex.ex01(x=b.x, w=p.w)", "ex.ex01(x=b.x)"), "the checkpoint gives ex01 x, and it takes x, w."),
        (("    return dict(w=torch.ones(3) * 0.5)", "    return [torch.ones(3)]"), "`begin` returns the parameters, a dict"),
        (("    return str(", "    return 1 / 0, ("), "double.py:29: this line of the checkpoint raised ZeroDivisionError"),
        (("return str(p.w.tolist())", 'return " "'), "`sample` gives no line"),
        (("(step, p):\n    return dict(x=torch.randn(4, 3))", "(step, p):\n    return torch.randn(4, 3)"), "`batch` returns a dict"),
        (("TRAINS =", "TRAINS = ="), "the checkpoint is no Python"),
    ],
)
def test_an_author_is_told_what_is_wrong(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    from backprop_check.exercise.course import course_at

    assert change[0] in DOUBLE
    course = course_at(str(authored(tmp_path / "scales", DOUBLE.replace(*change))))
    assert course is not None
    (finding,) = checkpoint_findings(course)
    assert told in finding


GATE = SCALE.replace("y = x * w ", "gate = torch.sigmoid(x * w)  # (N, C)\n    y = gate * x ")


def test_the_example_of_the_document_learns_what_it_says(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    folder = authored(tmp_path / "gates", example, GATE)
    checkpoint = read_checkpoint(folder / "checkpoints" / "double.py")
    trainer = Trainer(checkpoint, {"ex01": load_graph(read_exercise(folder / "solutions" / "ex01_scale.py"))}, {})
    training = trainer.begin(AUTOGRAD)
    for _ in trainer.go_on([training], checkpoint.steps, (0, checkpoint.steps)):
        pass
    assert training.samples[0] == "gates: 0.50 0.50 0.50"
    first, *others = map(float, training.samples[checkpoint.steps].split()[1:])
    assert first > 0.9 and max(others) < 0.1
    assert all(f"| `{name}` |" in text and f"`{name}`" in text for name in CHECKPOINTS)


def test_a_right_checkpoint_has_no_finding_and_a_lost_one_has(tmp_path: Path) -> None:
    from backprop_check.exercise.course import course_at

    folder = authored(tmp_path / "scales")
    course = course_at(str(folder))
    assert course is not None and not [*checkpoint_findings(course), *course.troubles()]
    (folder / "checkpoints" / "double.py").unlink()
    (trouble,) = course.troubles()
    assert trouble.endswith("the chapter 'One' names checkpoints/double.py: write it.")


def test_a_state_of_other_code_or_a_broken_one_is_none(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(authored(tmp_path / "scales") / "checkpoints" / "double.py")
    training = Trainer(checkpoint, {}, {}).begin("with autograd's dw", ("ex01", "dw"))
    path = tmp_path / "deep" / "state.pt"
    save(path, "one", [training])
    (again,) = load(path, "one")
    assert again.replaced == training.replaced and torch.equal(again.parameters["w"], training.parameters["w"])
    assert load(path, "other") == [] and load(tmp_path / "none.pt", "one") == []
    path.write_bytes(path.read_bytes()[:40])
    assert load(path, "one") == []


def test_how_far_losses_are_apart() -> None:
    assert apart([1.0, 2.0], [1.0, 2.0]) == [0.0, 0.0]
    assert apart([1.0, 2.02], [1.0, 2.0])[1] == pytest.approx(0.01)
    assert apart([100.0, 1e-9], [100.0, 2e-9])[1] < 1e-4, "near 0 the largest loss counts"
    assert apart([1.0, math.nan], [1.0, 1.0, 1.0]) == [0.0, math.inf, math.inf]
    assert parts_at([0.0, 0.005, 0.02, 0.001]) == 2 and parts_at([SAME]) is None
    assert final([9.0] * 10 + [1.0, 2.0] + [3.0] * 8) == 3.0 and math.isnan(final([1.0, math.inf]))


def test_a_picture_has_both_curves_and_marks_what_is_above() -> None:
    low = Curve("autograd's", "·", "#000", [10 / (1 + step) for step in range(100)], even=True)
    lines = plot([low, Curve("yours", "o", "#fff", [10.0 + step**2 for step in range(100)])], 60)
    assert all(len(line) <= 60 for line in lines) and "^" in lines[0] and "·" in lines[-3]
    assert lines[-1].endswith("step 100")
    same = plot([low, Curve("yours", "o", "#fff", low.losses)], 60)
    assert "·" not in "".join(same)
    falling = [min(row for row in range(9) if same[row].ljust(60)[column] == "o") for column in range(12, 50, 5)]
    assert falling == sorted(falling)
    assert "<title>a &lt; b: the loss" in svg([low], "a < b.")


def test_data_is_the_same_each_time_and_of_its_kind() -> None:
    assert len(set(names(300))) == 300 and all(name.isalpha() and name.islower() for name in names(300))
    before, following = contexts(3, 50)
    assert before.shape == (sum(len(name) + 1 for name in names(50)), 3) and int(following.max()) <= 26
    torch.manual_seed(1)
    ink, which = digits(200)
    assert ink.shape == (200, 64) and float(ink.min()) >= 0 and float(ink.max()) <= 1 and set(which.tolist()) == set(range(10))
    middles = torch.stack([ink[which == digit].mean(0) for digit in range(10)])
    assert float((torch.cdist(ink, middles).argmin(1) == which).double().mean()) > 0.7, "digits of one kind look alike"


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    path.write_text("x = 1\n")
    with pytest.raises(BadInput, match="begins with a docstring"):
        read_checkpoint(path)
