"""`dev check` on exercises with one fault each: the fault is found, and the message says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_check.authoring.blind import sights
from backprop_check.authoring.examine import examine
from backprop_check.authoring.text import folder_findings
from backprop_check.cli.main import main
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course
from backprop_check.exercise.parse import parse_exercise, read_exercise
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import load_graph

SOUND = '''"""A title.

Its story.
"""

import torch


def inputs(N=5, C=3):
    return dict(
        x=torch.randn(N, C),
        w=torch.randn(C),
        i=torch.randint(0, C, (N,)),
    )


def forward(x, w, i):
    n = x.shape[0]
    y = x * w                         # (N, C)
    m = y.max(1).values               # (N,)
    z = m * m.square()                # (N,)
    return z


def backward(x, w, i, n, y, m, z, dz):
    # why: The slope of a cube.
    dm = 3 * m**2 * dz                # (N,)
    # why: Only the winner moved,
    #      so only it receives.
    dy = torch.nn.functional.one_hot(y.argmax(1), 3 if w.shape[0] == 3 else w.shape[0]) * dm.unsqueeze(1)  # (N, C)
    # why: The other factor.
    dx = w * dy                       # (N, C)
    # why: Used N times.
    dw = (x * dy).sum(0)              # (C,)
'''

FAULTS = {
    "a comment that is false": ("# (N,)\n    z", "# (C,)\n    z", "the comment says (C,), but at N=5, C=3 `m` is (N,): write (N,)."),
    "a comment true at one size only": (
        "    y = x * w                         # (N, C)",
        "    y = x * w   # (5, 3)",
        "the comment says (5, 3), but at N=8, C=4 `y` is (N, C): write (N, C).",
    ),
    "no comment": ("# (N, C)\n    m", "\n    m", "`y` has no shape comment"),
    "a comment on a number": ("n = x.shape[0]", "n = x.shape[0]  # (N,)", "`n` is a plain number: take the comment (N,) away."),
    "equal sizes": ("N=5, C=3", "N=3, C=3", "N and C of `inputs` are 3: equal sizes hide a transpose."),
    "a size of 1": ("N=5, C=3", "N=5, C=1", "C of `inputs` is less than 2"),
    "no why": ("    # why: Used N times.\n", "", "this line does not say why"),
    "an empty why": ("# why: Used N times.", "# why:", "this line does not say why"),
    "a parameter left out": ("backward(x, w, i, n,", "backward(x, w, i,", "in order: backward(x, w, i, n, y, m, z, dz)."),
    "no story": ("\n\nIts story.\n", "\n", "the docstring tells no story"),
    "no docstring": ('"""A title.\n\nIts story.\n"""', "", "the file has no docstring"),
    "ties": ("x=torch.randn(N, C)", "x=torch.zeros(N, C)", "`max` finds a tie"),
    "draws of another generator": (
        "x=torch.randn(N, C)",
        "x=torch.randn(N, C, generator=torch.Generator().manual_seed(torch.seed() % 2**40))",
        "`x` is drawn anew on the same seed",
    ),
    "the same draws on every seed": (
        "    return dict(\n        x=torch.randn(N, C)",
        "    torch.manual_seed(1)\n    return dict(\n        x=torch.randn(N, C)",
        "`inputs` draws the same on every seed: leave the seeding to the checker",
    ),
    "a cotangent left out": (
        "m, z, dz):",
        "m, z):",
        "the output `z` is a tensor: `backward` takes its gradient `dz` as its last parameter.",
    ),
    "a kink at 0": ("y = x * w ", "y = (x * 0).relu() + x * w ", "`relu` stands at exactly 0"),
    "a scalar's gradient given": (
        "z = m * m.square()                # (N,)",
        "z = (m * m.square()).sum()        # ()",
        "the output `z` is one number, whose gradient is 1: take `dz` out of the parameters of `backward`.",
    ),
    "the same without its comment": (
        "z = m * m.square()                # (N,)",
        "z = (m * m.square()).sum()",
        "take `dz` out of the parameters",
    ),
    "a wrong solution": ("dx = w * dy", "dx = -w * dy", "`dx` of the solution is incorrect"),
}


def test_ties_are_accepted_where_they_are_what_it_is_about(tmp_path: Path, zygote: Zygote) -> None:
    tied = SOUND.replace("x=torch.randn(N, C)", "x=torch.zeros(N, C)")
    assert "finds a tie" in messages(course_of(tmp_path / "a", tied), zygote)
    assert "finds a tie" not in messages(course_of(tmp_path / "b", tied.replace("def inputs", "TIES = True\n\n\ndef inputs")), zygote)


def test_a_line_that_only_compares_is_no_branch() -> None:
    """`cost = torch.where(r.abs() < 1, small, large)` uses r, and nothing comes back to r through it."""
    where = read_exercise(Path(__file__).parents[1] / "solutions" / "ex40_where.py")
    exercise = parse_exercise(where.path, where.source.replace("torch.where(near,", "torch.where(r.abs() < 1,"))
    sight = next(s for s in sights(load_graph(exercise)) if s.code == "missing-branch")
    assert sight.shown == ("dr",) and sight.hidden == ()


def course_of(folder: Path, solution: str, stub: str | None = None) -> Course:
    for name, text in (("exercises", blank(solution) if stub is None else stub), ("solutions", solution)):
        (folder / name).mkdir(parents=True)
        (folder / name / "ex70_fault.py").write_text(text)
    return Course(folder, folder / "exercises", folder / "solutions", packaged=False)


def messages(course: Course, zygote: Zygote) -> str:
    (found,) = examine(course, course.files(), zygote)
    return "\n".join(str(finding) for finding in found.findings)


def test_a_sound_exercise_has_no_findings(tmp_path: Path, zygote: Zygote) -> None:
    assert messages(course_of(tmp_path, SOUND), zygote) == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault: str, tmp_path: Path, zygote: Zygote) -> None:
    old, new, said = FAULTS[fault]
    assert old in SOUND
    assert said in messages(course_of(tmp_path, SOUND.replace(old, new)), zygote)


def test_a_stub_that_is_not_its_blanked_solution(tmp_path: Path, zygote: Zygote) -> None:
    course = course_of(tmp_path, SOUND, blank(SOUND).replace("dw = ...", "dw = x.sum(0)"))
    said = messages(course, zygote)
    assert "this is not its solution with the targets blanked" in said
    assert "`dw` of the untouched exercise is incorrect: leave `dw = ...`." in said


def test_a_solution_with_a_broken_line(tmp_path: Path, zygote: Zygote) -> None:
    broken = SOUND.replace("dx = w * dy ", "dx = w * * dy ")
    course = course_of(tmp_path, broken, blank(SOUND))
    line = next(n for n, text in enumerate(broken.split("\n"), 1) if "* *" in text)
    assert f"solutions/ex70_fault.py:{line}: this line does not parse (invalid syntax): mend it." in messages(course, zygote)


PLAIN = '''"""A title.

Its story.
"""

import torch


def inputs(N=5):
    return dict(x=torch.randn(N))


def forward(x):
    y = x.sum()                       # ()
    return y


def backward(x, y):
    # why: A sum counts each term once.
    dx = torch.ones_like(x)           # (N,)
'''


def test_a_mistake_no_sibling_shows(tmp_path: Path, zygote: Zygote) -> None:
    course = course_of(tmp_path, PLAIN)
    assert "this cannot show missing-upstream: every upstream gradient there is 1. Give it a sibling (ex70b)" in messages(course, zygote)
    given = PLAIN.replace("x, y):", "x, y, dy):").replace("y = x.sum()  ", "y = x.cumsum(0)").replace("()\n", "(N,)\n", 1)
    given = given.replace("torch.ones_like(x)", "dy.flip(0).cumsum(0).flip(0)")
    for folder, text in (("solutions", given), ("exercises", blank(given))):
        (tmp_path / folder / "ex70b_given.py").write_text(text)
    first, second = examine(course, course.files(), zygote)
    assert first.findings == second.findings == ()
    assert first.notes == ("cannot show missing-upstream: every upstream gradient there is 1. ex70b can.",)


HEADS = '''"""A title.

Its story.
"""

import torch

SIZES = [dict(N=3, D=8, heads=4), dict(N=6, D=10, heads=5)]


def inputs(N=5, D=4, heads=2):
    return dict(x=torch.randn(N, D), temper=torch.randn(heads, 1))


def forward(x, temper):
    y = x.view(x.shape[0], temper.shape[0], -1) * temper  # (N, heads, D/heads)
    return y


def backward(x, temper, y, dy):
    # why: Every number of a head is scaled by that head's.
    dx = (temper * dy).flatten(1)     # (N, D)
    # why: One number served all rows and all numbers of its head.
    dtemper = (x.view(y.shape) * dy).sum((0, 2)).unsqueeze(1)  # (heads, 1)
'''


def test_a_relation_that_all_listed_sizes_share_is_told_with_sizes_that_do_without(tmp_path: Path, zygote: Zygote) -> None:
    told = messages(course_of(tmp_path, HEADS), zygote)
    assert "SIZES: in every choice of sizes D is even and D = 2·heads, so an answer that is right only then would pass." in told
    offered = re.search(r"The forward also runs at (dict\(.*?\)): put it in the place of (dict\(.*?\))\.", told)
    assert offered, told
    mended = HEADS.replace(offered[2], offered[1])
    assert mended != HEADS
    (tmp_path / "mended").mkdir()
    assert messages(course_of(tmp_path / "mended", mended), zygote) == ""


@pytest.mark.parametrize(("listed", "said"), [
    ("dict(N=3, D=9, heads=3)", "SIZES: answers are tried at three choices of sizes: list two beside the exercise's own, with other sizes."),
    ("dict(N=3, D=9, heads=3), dict(N=6, D=6, heads=2)", "SIZES: in dict(N=6, D=6, heads=2), N and D are equal, which hides a transpose."),
    ("dict(N=3, D=9, heads=3), dict(N=8, D=6, heads=1)", "SIZES: dict(N=8, D=6, heads=1) has a size less than 2"),
])  # fmt: skip
def test_listed_sizes_that_hide_something(listed: str, said: str, tmp_path: Path, zygote: Zygote) -> None:
    text = HEADS.replace("dict(N=3, D=8, heads=4), dict(N=6, D=10, heads=5)", listed)
    assert said in messages(course_of(tmp_path, text), zygote)


def test_a_relation_that_the_forward_needs_is_a_note(tmp_path: Path, zygote: Zygote) -> None:
    needed = HEADS.replace(", temper.shape[0], -1)", ", temper.shape[0], 2)").replace("D/heads", "2")
    course = course_of(tmp_path, needed)
    (found,) = examine(course, course.files(), zygote)
    assert found.findings == ()
    assert "in every choice of SIZES D is even and D = 2·heads: the forward runs at no other sizes that were tried." in found.notes


def test_stray_files_and_missing_images(tmp_path: Path) -> None:
    course = course_of(tmp_path, SOUND)
    (course.exercises / "notes.txt").write_text("x")
    (course.exercises / "ex71_new.py").write_text(blank(SOUND))
    (course.solutions / "ex70_again.py").write_text(SOUND)
    said = "\n".join(str(f) for f in folder_findings(course.exercises, course.solutions))
    assert "notes.txt: this is no exercise" in said
    assert "ex71_new.py: there is no solutions/ex71_new.py" in said
    assert "has the id ex70 too" in said


def test_the_command(course: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "check", "ex01", "ex01b"], zygote) == 0
    assert "2 exercises: all is well" in capsys.readouterr().out
    path = next((course / "exercises").glob("ex01_*.py"))
    path.write_text(path.read_text().replace("da = ...", "da = b"))
    assert main(["dev", "check", "ex01"], zygote) == 1
    assert "leave `da = ...`" in capsys.readouterr().out
