"""What is known about a file is said: parameters, names that come near, functions that stand in the place of `backward`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from backprop_check.classroom.formats.told import brief, explained
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check_read
from backprop_check.records import Gradient, Report
from backprop_check.report.json import as_json
from backprop_check.submission.parse import read_submission
from backprop_check.submission.zygote import Zygote

EXERCISE = read_exercise(packaged_course().find("ex05"))
ALL = "counts, counts_sum_inv, probs, act, s"
ANSWERS = {
    "dact": "dact = torch.ones_like(act)",
    "dprobs": "dprobs = (1 - act**2) * dact",
    "dcounts": "dcounts = counts_sum_inv * dprobs",
    "dcounts_sum_inv": "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)",
}


def file(parameters: str = ALL, head: str = "", define: str = "def backward({}):", last: str = "", **other: str) -> str:
    lines = [line for part in ({**ANSWERS, **other}).values() for line in part.split("\n")]
    return "\n".join(["import torch", head, "", define.format(parameters), *(f"    {line}" for line in [*lines, *last.split("\n")]), ""])


def inside(opening: str, text: str) -> str:
    return opening + "\n" + "".join(f"    {line}\n" for line in text.splitlines())


def report(text: str, folder: Path, zygote: Zygote, suffix: str = ".py") -> Report:
    path = folder / f"answer{suffix}"
    path.write_text(text)
    return check_read(EXERCISE, partial(read_submission, path), zygote)


def judged(text: str, folder: Path, zygote: Zygote) -> dict[str, Gradient]:
    found = report(text, folder, zygote)
    assert found.message is None, found.message
    return {gradient.verdict.target.name: gradient for gradient in found.gradients}


def lost(found: dict[str, Gradient]) -> dict[str, str]:
    return {name: g.verdict.status for name, g in found.items() if g.verdict.status != "correct"}


def words(gradient: Gradient) -> str:
    (told,) = gradient.diagnoses
    return f"{told.code} | {told.error} | {told.note} | {told.help}"


NOT_LOST = {
    "self that nothing reads": file("self, " + ALL),
    "an unused default": file(ALL + ", lr=0.1"),
    "a default that is read": file(ALL + ", one=1.0", dcounts="dcounts = one * counts_sum_inv * dprobs"),
    "a default of plain computation": file(ALL + ", *, half=1 / 2", dcounts="dcounts = 2 * half * counts_sum_inv * dprobs"),
    "a default by a name of the file": file(ALL + ", F=torch.tanh, one=ONE", head="ONE = 1", dcounts="dcounts = ONE * one * counts_sum_inv * dprobs"),
    "a default that cannot be had, unread": file(ALL + ", lr=nothing_of_that_name"),
    "a default for a value of the forward": file("counts=None, counts_sum_inv=3, probs=None, act=None, s=None"),
    "stars": file(ALL + ", *args, **kw"),
    "an unread strange one": file("counts, counts_sum_inv, act, strange"),
    "one that is assigned first": file(ALL + ", scale", dact="scale = 1\ndact = scale * torch.ones_like(act)"),
    "annotations": file("counts: 'a b', counts_sum_inv: Unknown, probs: 1 / 0, act: X[0], s") ,
    "kinds": file("counts, counts_sum_inv, /, probs, *, act, s"),
    "in another order": file("s, act, probs, counts_sum_inv, counts"),
    "a decorator": file(define="@torch.no_grad()\n@unknown\ndef backward({}):"),
    "async": file(define="async def backward({}):"),
    "a generator's last line": file(last="yield dact, dcounts"),
    "a generator": file(last="yield (\n    dact,\n    dcounts\n)\npass", dprobs="dprobs = (1 - act**2) * dact; yield dprobs; x = 3"),
    "a coroutine's last line": file(define="async def backward({}):", last="return dact"),
    "within if": "import torch\n" + inside("if True:", file()),
    "within else": "import torch\nif 0:\n    pass\n" + inside("else:", file()),
    "within try": "import torch\n" + inside("try:", file()) + "except ImportError:\n    pass\n",
    "the last one": file(dact="dact = 3") + "\n\n" + file(),
    "the last one, in if": file(dact="dact = 3") + "\n\n" + inside("if torch:", file()),
    "a method as well": file() + "\n\n" + inside("class Net:", file("self, x", dact="dact = 3")),
    "a tuple": file(dcounts="dcounts, dcounts_sum_inv = counts_sum_inv * dprobs, (counts * dprobs).sum(1, keepdim=True)", dcounts_sum_inv="pass"),
    "near names beside": file(last="d_counts = 3\ndcount = 4\ngrads = {'counts': 1}\ncounts.grad = None\ndact == dprobs\nds: int"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_LOST)
def test_nothing_is_lost(case: str, tmp_path: Path, zygote: Zygote) -> None:
    assert lost(judged(NOT_LOST[case], tmp_path, zygote)) == {}


TAKES = "this `backward` does not take"
LOST: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "a renamed parameter": (file("counts, inv, probs, act, s", dcounts="dcounts = inv * dprobs"), {"dcounts": ("error", "asks for `inv`, which the forward does not name", "Near it: `counts_sum_inv`")}),
    "renamed to nothing like it": (file("counts, q, probs, act, s", dcounts="dcounts = q * dprobs"), {"dcounts": ("error", "asks for `q`", "does not ask for `counts_sum_inv` so far")}),
    "a strange one beside all": (file(ALL + ", max", dcounts="dcounts = max * dprobs"), {"dcounts": ("error", "asks for `max`")}),
    "of the name of a constant": (file(ALL + ", k", head="k = 1", dcounts="dcounts = k * counts_sum_inv * dprobs"), {"dcounts": ("error", "asks for `k`")}),
    "read in an inner function": (file(ALL + ", k", dcounts="dcounts = (lambda: k)() * dprobs"), {"dcounts": ("error", "asks for `k`")}),
    "a default that cannot be had": (file(ALL + ", k=1 / 0", dcounts="dcounts = k * dprobs"), {"dcounts": ("error", "asks for `k`")}),
    "self": (file("self, " + ALL, dcounts="dcounts = self.counts_sum_inv * dprobs"), {"dcounts": ("error", "asks for `self`", "no method")}),
    "args": (file(ALL + ", *rest", dcounts="dcounts = rest[0] * dprobs"), {"dcounts": ("error", "`*rest` holds nothing here", "as parameters")}),
    "kw": (file("counts, probs, act, s, **kw", dcounts="dcounts = kw['counts_sum_inv'] * dprobs"), {"dcounts": ("error", "`**kw` holds nothing here")}),
    "one left out": (file("counts, counts_sum_inv, probs, s"), dict.fromkeys(["dact", "dprobs"], ("error", f"{TAKES} `act`", "`act` is a value of the forward", "Add `act` to the parameters"))),
    "all in one": (file("**values"), {"dact": ("error", f"{TAKES} `act`"), "dprobs": ("error", f"{TAKES} `act`"), "dcounts": ("error", f"{TAKES} `counts_sum_inv`"), "dcounts_sum_inv": ("error", f"{TAKES} `counts`")}),
    "await": (file(define="async def backward({}):", dcounts="dcounts = await counts_sum_inv * dprobs"), {"dcounts": ("error", "syntax-error", "`await` cannot stand here")}),
    "a yield that is a value": (file(dcounts="dcounts = yield dprobs"), {"dcounts": ("error", "`yield` cannot stand here")}),
    "async with": (file(define="async def backward({}):", dcounts="async with torch.no_grad():\n    dcounts = dprobs"), {"dcounts": ("error", "`await` cannot stand here")}),
    "an underscore": (file(dcounts="d_counts = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not-written", "called `dcounts`, not `d_counts`", "Line 7 assigns")}),
    "a value of the forward": (file(dcounts_sum_inv="counts_sum_inv = (counts * dprobs).sum(1, keepdim=True)"), {"dcounts_sum_inv": ("missing", "called `dcounts_sum_inv`, not `counts_sum_inv`", "which is a value of the forward")}),
    "a capital": (file(dcounts="dCounts = counts_sum_inv * dprobs"), {"dcounts": ("missing", "called `dcounts`, not `dCounts`")}),
    "a letter less": (file(dcounts="dcount = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `dcount`")}),
    "letters exchanged": (file(dprobs="dporbs = (1 - act**2) * dact"), {"dprobs": ("missing", "not `dporbs`")}),
    "grad before": (file(dcounts="grad_counts = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `grad_counts`")}),
    "grad behind": (file(dcounts="counts_grad = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `counts_grad`")}),
    "the chain rule's fraction": (file(dcounts="dL_dcounts = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `dL_dcounts`")}),
    "an attribute": (file(dcounts="counts.grad = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `counts.grad`")}),
    "an entry": (file(dcounts="g = {}\ng['dcounts'] = counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `g['dcounts']`")}),
    "in a tuple": (file(dcounts="d_counts, d_counts_sum_inv = 1, 2", dcounts_sum_inv="pass"), {"dcounts": ("missing", "not `d_counts`"), "dcounts_sum_inv": ("missing", "not `d_counts_sum_inv`")}),
    "in a with": (file(dcounts="with torch.no_grad():\n    d_counts = 1"), {"dcounts": ("missing", "not `d_counts`", "Line 8")}),
    "a longer name's beginning": (file(dcounts_sum_inv="dcounts_sum = 3"), {"dcounts_sum_inv": ("missing", "not `dcounts_sum`")}),
    "beside the stub": (file(dcounts="dcounts = ...\nd_counts = 3"), {"dcounts": ("missing", "not `d_counts`", "Line 8")}),
    "near, and not Python": (file(dcounts="d_counts = (counts_sum_inv * dprobs"), {"dcounts": ("missing", "not `d_counts`", "is not Python yet")}),
    "a comparison": (file(dcounts="dcounts == counts_sum_inv * dprobs"), {"dcounts": ("error", "this compares: nothing is assigned to `dcounts`", "Line 7")}),
    "an annotation": (file(dcounts="dcounts: counts_sum_inv * dprobs"), {"dcounts": ("missing", "this annotates")}),
    "a walrus without brackets": (file(dcounts="dcounts := counts_sum_inv * dprobs"), {"dcounts": ("error", "syntax-error", "`:=` needs brackets")}),
    "in an inner function": (file(dcounts="def more():\n    dcounts = counts_sum_inv * dprobs\nmore()"), {"dcounts": ("missing", "a name of the function `more`", "line 8")}),
    "above its assignment": (file(dact="dprobs = (1 - act**2) * dact\ndact = torch.ones_like(act)", dprobs="pass"), {"dprobs": ("error", "`dact` has no value here", "at line 6 only, after this line")}),
    "from itself": (file(dprobs="dprobs = (1 - act**2) * dprobs"), {"dprobs": ("error", "`dprobs` has no value yet: this line is the first to assign it")}),
    "from a line that failed": (file(dcounts="k = 1 / 0\ndcounts = k * dprobs"), {"dcounts": ("error", "at line 7, which failed or did not run", "Mend that line")}),
    "a gradient not asked for": (file(dact="dact = ds * torch.ones_like(act)"), {"dact": ("error", "the gradient of `s`, which this exercise does not ask for", "its gradient is 1")}),
    "deleted": (file(dcounts="del counts_sum_inv\ndcounts = counts_sum_inv * dprobs"), {"dcounts": ("error", "line 7 deletes it")}),
    "a helper that asks for the forward": (file(head="def slope():\n    return 1 - act**2", dprobs="dprobs = slope() * dact"), {"dprobs": ("error", "`act` is a value of the forward, and known inside `backward` only", "Hand `act`")}),
    "a helper that asks for a gradient": (file(head="def up():\n    return dact", dprobs="dprobs = (1 - act**2) * up()"), {"dprobs": ("error", "`dact` is the gradient of `act`, and known inside")}),
    "a slip": (file(dcounts="dcounts = counts_sum_inv * dprob"), {"dcounts": ("error", "nothing is called `dprob` here", "nor a name of yours", "Near it: `dprobs`")}),
    "nothing near": (file(dcounts="zzz = 1\nk = 2\npass"), {"dcounts": ("missing",)}),
}  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("case", LOST)
def test_only_what_is_concerned_is_lost_and_it_is_said(case: str, tmp_path: Path, zygote: Zygote) -> None:
    text, due = LOST[case]
    found = judged(text, tmp_path, zygote)
    assert lost(found) == {name: status for name, (status, *_) in due.items()}
    for name, (status, *said) in due.items():
        if not said:
            assert not found[name].diagnoses
            continue
        told = words(found[name])
        assert not [part for part in said if part not in told], told
        if status == "error" and "syntax-error" not in told and "nothing is called" not in told:
            assert "nor a name of yours" not in told


def test_what_only_a_helper_line_reads_is_said_above(tmp_path: Path, zygote: Zygote) -> None:
    found = report(file("counts, inv, probs, act, s", dcounts="k = 2 * inv\ndcounts = k * dprobs"), tmp_path, zygote)
    assert found.notices == ("line 4: `backward` asks for `inv`, which ex05 does not name: what reads it is lost",)
    assert report(file("self, " + ALL), tmp_path, zygote).notices == ()


def test_a_near_name_is_told_in_every_format(tmp_path: Path, zygote: Zygote) -> None:
    found = report(file(dcounts="d_counts = counts_sum_inv * dprobs"), tmp_path, zygote)
    plain = next(g for g in as_json(found)["gradients"] if g["name"] == "dcounts")
    assert (plain["status"], plain["line"], plain["score"]) == ("missing", None, 0.0)
    assert plain["diagnoses"][0]["fix"] == "counts_sum_inv * dprobs", "what is finished above that line may be used"
    assert brief(plain) == "not written yet; this gradient is called `dcounts`, not `d_counts`"
    assert explained(plain).startswith("not written yet\nThis gradient is called `dcounts`, not `d_counts`. Line 7 assigns `d_counts`")


NO_BACKWARD = {
    "another number": (file().replace("def backward", "def backwards"), "`backwards` on line 4 looks like it; it must be called `backward`"),
    "a capital": (file().replace("def backward", "def Backward"), "`Backward` on line 4 looks like it"),
    "a longer name": (file().replace("def backward", "def my_backward_pass"), "`my_backward_pass` on line 4 looks like it"),
    "a slip": (file().replace("def backward", "def bakward"), "`bakward` on line 4 looks like it"),
    "a method": (inside("class Net:", file("self, " + ALL)), "the one on line 5 is a method of the class `Net`"),
    "nested": (inside("def main():", file()), "the one on line 5 is inside `main`"),
    "in a loop": (inside("for _ in range(2):", file()), "the one on line 5 stands in a loop or a `with`"),
    "a lambda": ("import torch\nbackward = lambda counts: counts\n", "line 2 gives that name to something else"),
    "an import": ("from solution import backward\n", "line 1 gives that name to something else"),
    "others": ("def inputs(): pass\ndef forward(x): pass\ndef helper(): pass\n", "only `inputs`, `forward` and `helper`"),
    "nothing": ("x = 1\n", "start from the exercise's own"),
    "not Python": ("def backward(counts\n", ":1: no `backward` could be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_BACKWARD)
def test_what_stands_in_the_place_of_backward_is_said(case: str, tmp_path: Path, zygote: Zygote) -> None:
    text, said = NO_BACKWARD[case]
    message = report(text, tmp_path, zygote).message
    assert message is not None and said in message and "\n" not in message, message


def test_in_a_notebook_the_cell_is_named(tmp_path: Path, zygote: Zygote) -> None:
    import json

    cells = [{"cell_type": "code", "source": s} for s in ("import torch", file().replace("def backward", "def backwards"))]
    message = report(json.dumps({"cells": cells}), tmp_path, zygote, ".ipynb").message
    assert message is not None and "`backwards` on line 4 of answer.ipynb[2] looks like it" in message


def test_in_a_notebook_the_last_backward_counts(tmp_path: Path, zygote: Zygote) -> None:
    import json

    sources = [file(dact="dact = 3"), file(), "def backwards():\n    pass\n"]
    for last, status in (("", "correct"), ("if torch:\n    " + file(dact="dact = 4").replace("\n", "\n    "), "incorrect"), ("%%backward ex05\ndact = 5", "incorrect")):  # fmt: skip
        cells = [{"cell_type": "code", "source": s} for s in [*sources, *[last] * bool(last)]]
        found = report(json.dumps({"cells": cells}), tmp_path, zygote, ".ipynb")
        assert found.gradients[0].verdict.status == status, last
