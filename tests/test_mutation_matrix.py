"""`dev check --mutants`: the slips, what names them fairly, which of them an exercise shows, and what is counted."""

from __future__ import annotations

import doctest
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from backprop_check.authoring import matrix
from backprop_check.authoring import mutants as generator
from backprop_check.authoring.answers import read_answers
from backprop_check.authoring.matrix import Mutations, read_mutations, rows, tell, total
from backprop_check.authoring.mutants import mutants
from backprop_check.authoring.shown import Sorted
from backprop_check.authoring.slips.names import Names
from backprop_check.cli.main import main
from backprop_check.diagnosis.pages import pages
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

SOLUTIONS = Path(__file__).parents[1] / "solutions"
NAMES = Names(
    {
        **dict.fromkeys(("x", "y", "h", "p", "dx", "dy", "dh", "dp"), (7, 3)),
        **dict.fromkeys(("s", "ds"), (7, 1)),
        **dict.fromkeys(("W", "dW"), (3, 5)),
        **dict.fromkeys(("z", "dz"), (7, 5)),
        **dict.fromkeys(("b", "db"), (5,)),
        **dict.fromkeys(("e", "de"), (7, 2, 5)),
    },
    {"h": ("x",), "y": ("h",), "p": ("x", "s"), "z": ("x", "W")},
    ("n",),
)

FAIR = """
dx = -((1 - h ** 2) * dh)                               | wrong-sign
dx = (1 - h ** 2) * dh * (1 + 1e-06)                    | wrong-scale extra-term
dx = (1 - h ** 2) * dh / n                              | wrong-scale
dx = 1 - h ** 2                                         | missing-upstream
dx = dh                                                 | missing-local-derivative wrong-local-derivative
dx = 1 * dh                                             | missing-local-derivative wrong-local-derivative
dx = h ** 2 * dh                                        | wrong-local-derivative
dx = (h ** 2 - 1) * dh                                  | wrong-sign
dx = (1 - h) * dh                                       | wrong-power wrong-local-derivative
dx = (1 - h ** 3) * dh                                  | wrong-power wrong-local-derivative
dx = 1 - h ** 2 + dh                                    | plus-for-times
dx = (1 - h ** 2) / dh                                  | wrong-local-derivative wrong-power
dx = (1 - x ** 2) * dh                                  | wrong-operand wrong-point
dx = (1 - dh ** 2) * dh                                 | wrong-operand
dx = (1 - h ** 2) * dy                                  | wrong-operand stale-name missing-upstream missing-local-derivative missing-branch
dx = (1 - h ** 2) * x                                   | wrong-operand missing-upstream
dx = y * dh                                             | missing-local-derivative wrong-local-derivative missing-branch
dx = p * dh                                             | wrong-local-derivative missing-branch

ds = x * dp                                             | missing-sum
ds = (x * dp).sum(1)                                    | lost-keepdim
ds = (x * dp).sum(0, keepdim=True)                      | wrong-axis
ds = (x * dp).sum()                                     | summed-everything
ds = (x * dp).mean(1, keepdim=True)                     | mean-for-sum wrong-scale
ds = (x * dp).sum(1, keepdim=True).sum(-1)              | lost-keepdim
ds = (x * dp).sum(1, keepdim=True)[None]                | extra-keepdim
db = dz.sum(0, keepdim=True)                            | extra-keepdim
db = dz.sum(1)                                          | wrong-axis
db = de.sum(0)                                          | missing-sum
db = de.sum(2)                                          | wrong-axis missing-sum

dh = dz @ W                                             | missing-transpose wrong-transpose
dh = W.T @ dz                                           | wrong-transpose
dh = dz.T @ W.T                                         | needless-transpose wrong-transpose reversed-axes
dh = (dz @ W.T).T                                       | transposed wrong-transpose needless-transpose
dh = dz * W.T                                           | elementwise-for-matmul
dh = W.T                                                | missing-upstream
dh = dz                                                 | missing-local-derivative wrong-local-derivative

dx = s * dp                                             | missing-branch
dx = s * dp - dh                                        | subtracted-branch wrong-sign
dx = s * dp * dh                                        | multiplied-branches
dx = s * dp + dh * n                                    | wrong-scale
dx = s * dp; dx = dh                                    | overwritten-branch missing-branch
dx = 1 * (s * dp); dx = dx + dh; dx = dx + dh           | doubled-branch wrong-scale extra-term
dx = 1 * (s * dp); dx += dh                             |

dx = p * dp                                             | missing-branch diagonal-jacobian wrong-local-derivative
dx = p * (p * dp).sum(1, keepdim=True)                  | missing-branch wrong-sign wrong-local-derivative
dx = p * dp + p * (p * dp).sum(1, keepdim=True)         | wrong-sign
dx = p * dp - p * (p * dp)                              | missing-sum diagonal-jacobian
dx = p * dp - p * (p * dp).sum(1)                       | lost-keepdim accidental-outer

dx = F.one_hot(x.argmax(1), 3)                          | missing-upstream mask-as-gradient
dx = ds                                                 | missing-mask not-selected missing-scatter ignored-index
dx = x.argmax(1) * ds                                   | index-as-value
dp = ds                                                 | not-expanded missing-local-derivative
dp = torch.zeros_like(p) * ds                           | wrong-start wrong-scale
dz = (z + 0.01) ** (-1.5) * db                          | wrong-sign wrong-scale wrong-local-derivative
dz = -0.5 * z ** (-1.5) * db                            | dropped-epsilon
dz = -1.5 * (z + 0.01) ** (-1.5) * db                   | wrong-scale
dz = 0.5 * (z + 0.01) ** (-1.5) * db                    | wrong-sign
dz = -0.5 * (z + 0.01) ** (-2.5) * db                   | wrong-power wrong-local-derivative
dz = 1 / (n - 2) * db                                   | wrong-scale
dz = 1 / n * db                                         | wrong-scale
dW = torch.zeros_like(W).index_put((i,), dz)            | dropped-repeats
dW = W.index_put((i,), dz, accumulate=True)             | wrong-start ignored-index extra-term
dW = torch.zeros_like(W)                                | missing-scatter

dx = p > 0                                              | missing-upstream mask-as-gradient
dx = (x > 0) * dp                                       | wrong-mask wrong-operand
dx = (p > 1) * dp                                       | wrong-mask
dx = dp                                                 | missing-mask not-selected missing-local-derivative wrong-local-derivative
dx = dh + ds * x.shape[1]                               | wrong-scale wrong-local-derivative wrong-power
dx = dh + ds / x.shape[0]                               | wrong-axis wrong-scale
dx = x * dh                                             | wrong-point wrong-operand wrong-local-derivative
de = dz.permute(0, 1, 1)                                | wrong-permutation reversed-axes missing-transpose wrong-transpose shape-error
de = dz                                                 | wrong-permutation missing-transpose
dy = dx[:, :x.shape[0]]                                 | wrong-axis wrong-slice
dy = (x - x) * dh / x.var(0, unbiased=False)            | missing-sum diagonal-jacobian missing-branch
dy = (x - x.mean(0)) * dh / x.var(1, unbiased=False)    | wrong-axis
dy = (x - x.mean(0)) * dh / x.var(0)                    | wrong-scale wrong-local-derivative
dy = (x - x.mean(0)) * dh / x                           | wrong-point wrong-operand wrong-local-derivative
dy = torch.cat([x.sum(1), dh.sum(1)], 2)                | wrong-axis shape-error
dy = torch.cat([x.sum(1), dh.sum(1)])                   | wrong-axis
dy = torch.cat([x.sum(), dh.sum(1)], 1)                 | summed-everything wrong-axis
dy = dh.reshape(x.shape[0], -1)                         | wrong-permutation missing-transpose scrambled-reshape
dy = dh.transpose(0, 1).reshape(x.shape[0])             | bad-reshape
dy = dh.transpose(0, 1).reshape(x.shape[1], -1)         | wrong-axis bad-reshape
dy = dh.transpose(0, 1).reshape(x.shape[0], -2)         | bad-reshape shape-error
dy = (x > p) * dh / (x > p)                             | missing-sum diagonal-jacobian missing-local-derivative
"""
RIGHT = {
    "de": ("dz.permute(0, 2, 1)",),
    "dy": (
        "dx[:, :x.shape[1]]",
        "(x - x.mean(0)) * dh / x.var(0, unbiased=False)",
        "torch.cat([x.sum(1), dh.sum(1)], 1)",
        "(x > p) * dh / (x > p).sum(0)",
        "dh.transpose(0, 1).reshape(x.shape[0], -1)",
    ),
    "dx": (
        "(p > 0) * dp",
        "dh + ds / x.shape[1]",
        "torch.exp(x) * dh",
        "(1 - h**2) * dh",
        "s * dp + dh",
        "F.one_hot(x.argmax(1), 3) * ds",
        "p * dp - p * (p * dp).sum(1, keepdim=True)",
        "(y - p) * dh",
    ),
    "ds": ("(x * dp).sum(1, keepdim=True)",),
    "db": ("dz.sum(0)", "de.sum((0, 1))"),
    "dh": ("dz @ W.T",),
    "dp": ("torch.ones_like(p) * ds",),
    "dz": ("-0.5 * (z + 0.01)**-1.5 * db", "1 / (n - 1) * db"),
    "dW": ("torch.zeros_like(W).index_put((i,), dz, accumulate=True)",),
}


@pytest.fixture(scope="module")
def made() -> dict[str, set[tuple[str, ...]]]:
    """The sets of fair codes by the mutant's code."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for target, expressions in RIGHT.items():
        for expression in expressions:
            for mutant in mutants(target, expression, NAMES, ("x", "dh", "dy")):
                found.setdefault(mutant.code.replace("\n", "; "), set()).add(mutant.fair)
    return found


@pytest.mark.parametrize("row", FAIR.strip().replace("\n\n", "\n").split("\n"))
def test_fair_names(row: str, made: dict[str, set[tuple[str, ...]]]) -> None:
    code, _, fair = row.partition("|")
    assert tuple(fair.split()) in made.get(code.strip(), set()), sorted(c for c in made if c.startswith(code[:8]))


def test_the_example_in_the_docstring() -> None:
    assert doctest.testmod(generator).failed == 0


@pytest.fixture(scope="module")
def mutations() -> dict[str, Mutations]:
    """Of every third solution, and of those that are asked about below."""
    paths = sorted(SOLUTIONS.glob("*.py"))
    asked = {"ex01", "ex01b", "ex02", "ex05", "ex05b", "ex08", "ex10", "ex12"}
    chosen = {path.stem.split("_")[0]: path for n, path in enumerate(paths) if n % 3 == 0 or path.stem.split("_")[0] in asked}
    return {name: read_mutations(path) for name, path in chosen.items()}


def test_every_fair_name_is_in_the_catalogue(mutations: dict[str, Mutations]) -> None:
    known = {page.code for page in pages()}
    for one in mutations.values():
        for target in one.targets:
            assert {code for wrong in target.wrong for code in wrong.fair} <= known
            assert len(target.wrong) >= 10


def target(mutations: Mutations, name: str) -> Sorted:
    return next(target for target in mutations.targets if target.target == name)


def test_what_an_upstream_of_ones_hides(mutations: dict[str, Mutations]) -> None:
    shown = target(mutations["ex05"], "dprobs")
    assert "dprobs = 1 - act ** 2" in [mutant.code for mutant in shown.hidden]
    assert "dprobs = (1 - act ** 2) / dact" in [mutant.code for mutant in shown.hidden]
    assert not target(mutations["ex05b"], "dscaled").hidden


def test_what_is_right_after_all(mutations: dict[str, Mutations]) -> None:
    assert "dact = torch.ones_like(probs)" in [mutant.code for mutant in target(mutations["ex05"], "dact").right]
    branches = target(mutations["ex12"], "dcounts")
    assert {mutant.slip for mutant in branches.right} >= {"in place", "+="}


def test_slips_with_one_answer_tie(mutations: dict[str, Mutations]) -> None:
    """dc is 2 * c, so half of it is c: nobody can tell the forgotten 2 from the forgotten d."""
    tied = [wrong for wrong in target(mutations["ex01b"], "da").wrong if wrong.tied]
    assert [mutant.code for wrong in tied for mutant in wrong.mutants] == ["da = b * dc / 2", "da = b * c"]
    assert tied[0].tied == (("wrong-scale",), ("wrong-operand", "missing-upstream"))
    assert tied[0].fair == ("wrong-scale", "wrong-operand", "missing-upstream")


def test_facts_are_fair(mutations: dict[str, Mutations]) -> None:
    facts = {wrong.code: wrong.facts for one in mutations.values() for target in one.targets for wrong in target.wrong}
    assert facts["dc = 2"] == ("not-a-tensor",)
    assert facts["da = dc * b"] == ("shape-error",)
    assert facts["da = F.one_hot(a.argmax(1), a.shape[1])"] == ("wrong-dtype",)
    assert facts["dact = torch.ones_like(act).mean(0)"] == ("not-expanded",)
    assert facts["dact = -torch.ones_like(act)"] == ()


def test_a_solution_with_helpers_and_several_statements(tmp_path: Path) -> None:
    path = tmp_path / "ex70_helpers.py"
    path.write_text(
        '"""T."""\nimport torch\n\n\ndef inputs(N=5, C=3):\n    return dict(x=torch.randn(N, C))\n\n\ndef forward(x):\n    y = x * x  # (N, C)\n'
        "    z = y + x  # (N, C)\n    return z\n\n\ndef backward(x, y, z, dz):\n    two = 2\n    dy = dz\n    dx = two * x * dy\n    dx += dz\n"
    )
    answers = read_answers(path, read_exercise(path))
    assert answers.expressions == {"dy": "dz"}
    assert answers.submission({"dy": "dy = -dz"}).endswith("    two = 2\n    dy = -dz\n    dx = two * x * dy\n    dx += dz\n")
    assert answers.submission({}).endswith("    two = 2\n    dx = two * x * dy\n    dx += dz\n")
    assert [target.target for target in read_mutations(path).targets] == ["dy"]


def test_a_solution_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "ex08_inverse.py"
    path.write_text((SOLUTIONS / path.name).read_text().replace("-1 * a**-2", "-1 * a**-1"))
    with pytest.raises(BadInput, match=r"ex08_inverse.py: `da` is not right, so its mutants say nothing. Mend it \(`dev check`\) first."):
        read_mutations(path)


def saying(code: str, certainty: Any) -> Any:
    """An engine that says one thing of everything, with a fix that is wrong."""

    def explain(graph: object, submission: object, verdicts: Sequence[Any]) -> dict[str, Any]:
        return {v.target.name: ((Diagnosis(code, certainty, error="", fix="a"),), ()) for v in verdicts if v.status != "correct"}

    return explain


@pytest.mark.parametrize("certainty, claims", [("proven", True), ("one-of", True), ("located", False)])
def test_an_unfair_name_is_counted(
    certainty: str, claims: bool, mutations: dict[str, Mutations], zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(matrix, "explain", saying("wrong-sign", certainty))
    told = list(tell(mutations["ex08"], zygote))
    (row,) = rows(mutations["ex08"], told)
    fair = sum("wrong-sign" in one.wrong.fair for one in told)
    assert 0 < fair < row.mutants == row.caught
    assert (row.named, row.misnamed, row.mended) == ((fair, row.mutants - fair, 0) if claims else (0, 0, 0))


def test_rows_add_up(mutations: dict[str, Mutations]) -> None:
    parts = rows(mutations["ex05"], [])
    every = total("all", parts)
    assert every.mutants == mutations["ex05"].count == sum(part.mutants for part in parts)
    assert (every.name, every.caught, every.hidden) == ("all", 0, sum(part.hidden for part in parts))


def test_the_command(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(SOLUTIONS.parent)
    assert main(["dev", "check", "--mutants", "ex08"], zygote) == 0
    said = capsys.readouterr().out
    (counts,) = re.findall(r"^ da +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +0 +(\d+) *$", said, re.MULTILINE)
    mutants, caught, named, misnamed, mended, _ = map(int, counts)
    assert mutants == caught == mended >= 23
    assert named >= 0.8 * mutants
    assert misnamed <= 2
    assert (
        "Codes that tie, since their slips give one answer:\n   da = -1 / a ** (-2) * dc\n      wrong-local-derivative, wrong-power" in said
    )
    assert "   or da = -1 * c ** (-2) * dc\n      wrong-operand, wrong-point\n" in said
    assert "judging" not in said


def test_what_passes_ends_the_command_with_1(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = matrix.judge

    def lenient(*args: Any, **options: Any) -> Any:
        judged = real(*args, **options)
        return judged._replace(verdicts=tuple(replace(v, status="correct") if v.answer.state == "raised" else v for v in judged.verdicts))

    monkeypatch.setattr(matrix, "judge", lenient)
    monkeypatch.setattr(matrix, "explain", saying("unrecognised", "located"))
    monkeypatch.chdir(SOLUTIONS.parent)
    assert main(["dev", "check", "--mutants", "ex02b"], zygote) == 1
    said = capsys.readouterr().out
    assert "Not caught:\n" in said
    assert "\n   da = torch.outer(dc)\n      fair: wrong-call\n" in said


def test_markdown(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(matrix, "explain", saying("wrong-sign", "proven"))
    monkeypatch.chdir(SOLUTIONS.parent)
    assert main(["dev", "check", "--mutants", "--markdown", "ex07", "ex08"], zygote) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| exercise | mutants | caught | named | misnamed | mended | hidden | right |"
    assert [line.split()[1] for line in lines] == ["exercise", "---", "ex07", "ex08", "all"]
    assert main(["dev", "check", "--markdown", "ex07"], zygote) == 2
    assert "--markdown prints the table of --mutants: give both." in capsys.readouterr().err


def test_interrupted(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(matrix, "explain", stopped)
    monkeypatch.chdir(SOLUTIONS.parent)
    assert main(["dev", "check", "--mutants", "ex07", "ex08"], zygote) == 130
    assert capsys.readouterr().err == "backprop-check: stopped; 0 of 2 exercises are done.\n"
