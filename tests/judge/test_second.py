"""The second look: answers that are right only because a gradient vanishes, or is 1, here."""

from __future__ import annotations

import itertools
import json
import warnings

import pytest
from asking import CASES, COURSE, Judge
from graphs import EMBEDDED, MLP, MLP_RIGHT, NORMED, NORMED_RIGHT, RESIDUAL, SCALED, SOFTMAX, SOFTMAX_RIGHT

from backprop_check.comparison.held import Held
from backprop_check.comparison.judge import judge
from backprop_check.exercise.course import packaged_course
from backprop_check.submission.parse import read_submission
from backprop_check.trace.oracle import trace

MAKEMORE = CASES / "makemore_learners"
needs_cases = pytest.mark.skipif(not MAKEMORE.exists(), reason="the shared cases are not beside the checkout")


def test_right_by_accident(ask: Judge) -> None:
    judged = ask.marks(
        SOFTMAX,
        """
        dm = dnorm.sum(1, keepdim=True)         # -> correct by-accident
        dl = dnorm                              # -> correct by-accident
        """,
    )
    assert judged.verdicts["dm"].accident == ("dm",)
    assert judged.verdicts["dl"].accident == ("dm",)
    judged = ask.marks(
        NORMED,
        """
        db1 = dpre.sum(0) * 5                       # -> correct by-accident
        """,
    )
    assert judged.verdicts["db1"].accident == ("db1",)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("1 - act**2 * dact", "correct by-accident"),
        ("(1 - act**2) * dact**2", "correct by-accident"),
        ("dact - act**2", "correct by-accident"),
        ("(1 - act**2) / dact", "correct by-accident"),
        ("(1 - act**2) * dact", "correct"),
        ("1 - act**2", "correct"),  # it reads no gradient
        ("dact - dact * act * act", "correct"),
    ],
)
def test_right_only_because_all_that_arrives_is_one(answer: str, said: str, ask: Judge) -> None:
    judged = ask.body(packaged_course().find("ex05"), f"dact = torch.ones_like(act)\ndprobs = {answer}")
    assert judged.said("dprobs") == said
    assert judged.verdicts["dprobs"].accident == (("dact",) if "accident" in said else ())


def test_a_gradient_that_the_learner_writes_unasked_is_no_accident(ask: Judge) -> None:
    judged = ask.body(packaged_course().find("ex00"), "ds = 1\ndb = ds * 2 * torch.ones_like(b)\nda = 3 * db")
    assert judged.said("db") == "correct"


LINES = """
    dact = torch.ones_like(act)
    dprobs = {}
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
"""
RIGHT = LINES.format("dact * (1 - act**2)")


@pytest.mark.parametrize(
    ("first", "then", "runs"),
    [
        (RIGHT, RIGHT, 0),
        (RIGHT, RIGHT.replace("torch.ones_like(act)", "torch.ones_like(act) * 1"), 0),  # dact reads nothing, and is autograd's below
        (RIGHT, RIGHT.replace("dact * (1", "1 * dact * (1"), 1),
        (
            RIGHT.replace("dprobs =", "half = 0.5 * dact\n    dprobs = half +").replace("dact * (1 - act**2)", "half - dact * act**2"),
            RIGHT,
            1,
        ),
        (RIGHT + "    print(dact)\n", RIGHT, 2),  # what it does beside is not known
        (RIGHT + "    _ = torch.set_flush_denormal(True)\n", RIGHT, 2),
        (RIGHT + "    _ = torch.\\\n        set_flush_denormal(True)\n", RIGHT, 2),
        (RIGHT.replace("dcounts =", "dprobs *= 1\n    dcounts ="), RIGHT.replace("dcounts =", "dprobs *= 1\n    dcounts ="), 0),
        (RIGHT.replace("dcounts =", "a = act\n    a += 1\n    dcounts ="), RIGHT, 2),
        (RIGHT.replace("dcounts =", "a = F.relu(act, True)\n    dcounts ="), RIGHT, 2),
        (RIGHT.replace("dcounts =", "a = 1 * act\n    a = torch.mul(act, 1, out=a)\n    dcounts ="), RIGHT, 2),
        (RIGHT.replace("dcounts =", "a = 1 * act\n    a = torch.mul(act, 1, **{'out': a})\n    dcounts ="), RIGHT, 2),
        (LINES.format("1 - act**2 * dact"), LINES.format("1 - act**2 * dact"), 1),  # by accident: looked at each time
    ],
)
def test_lines_that_were_seen_to_stay_right_are_not_run_again(first: str, then: str, runs: int, ask: Judge) -> None:
    graph, held = ask.graph(packaged_course().find("ex05")), Held()

    def judged(body: str, held: Held | None) -> tuple[list[object], int, int]:
        head = f"import torch\nimport torch.nn.functional as F\n\n\ndef backward({', '.join(graph.exercise.parameters)}):"
        submission = read_submission(ask._written("lines.py", head + body), graph.exercise)
        perturbed, seeds = list[object](), itertools.count()

        def traced(*given: object, perturb: frozenset[str] = frozenset()) -> object:
            perturbed.extend([perturb] if perturb else [])
            return trace(*given, perturb=perturb) if perturb else trace(*given)  # type: ignore[arg-type]

        verdicts = judge(graph, submission, ask.zygote, 10.0, seeds.__next__, traced, held=held).verdicts  # type: ignore[arg-type]
        return [(v.status, v.why, v.accident) for v in verdicts], len(perturbed), next(seeds)

    judged(first, held)
    said, looked, drawn = judged(then, held)
    assert looked == runs
    assert (said, drawn) == judged(then, None)[::2], "what is told is the same, and so are the numbers that are drawn below"


def test_no_remark_for_usual_right_answers(ask: Judge) -> None:
    for exercise, right in ((MLP, MLP_RIGHT), (NORMED, NORMED_RIGHT), (SOFTMAX, SOFTMAX_RIGHT)):
        ask.marks(exercise, "\n".join(line + "  # -> correct" for line in right.splitlines() if line))


def test_no_remark_for_fused_answers(ask: Judge) -> None:
    ask.table(
        NORMED,
        """
        dpre = gain * inv / n * (n * dout - dout.sum(0) - n / (n - 1) * raw * (dout * raw).sum(0))     # -> correct
        ddiff = inv * draw - diff * inv**3 * (diff * draw).sum(0) / (n - 1)                            # -> correct
        dvar = (-0.5 * diff * inv**3 * draw).sum(0, keepdim=True)                                      # -> correct
        dW = x.T @ (gain * inv / n * (n * dout - dout.sum(0) - n / (n - 1) * raw * (dout * raw).sum(0)))  # -> correct
        dmean = -(inv * draw + 2 * diff * ddiff2).sum(0, keepdim=True)                                 # -> correct
        dmean = -(inv * gain * dout).sum(0, keepdim=True) - 2 * (diff * dvar).sum(0, keepdim=True) / (n - 1)     # -> correct
        db1 = torch.zeros_like(b1)                                                                     # -> correct
        """,
    )
    ask.table(NORMED, "dmean = -(inv * draw).sum(0, keepdim=True)  # -> correct")
    ask.table(
        SOFTMAX,
        """
        dl = p * (dp - (p * dp).sum(1, keepdim=True))       # -> correct
        dl = p * (w - (p * w).sum(1, keepdim=True))         # -> correct
        dnorm = p * (dp - (p * dp).sum(1, keepdim=True))    # -> correct
        dnorm = c * (inv * dp + dcs)                        # -> correct
        dc = inv * dp - (c * dp).sum(1, keepdim=True) / cs**2   # -> correct
        dm = torch.zeros_like(m)                            # -> correct
        dm = -(c * dc).sum(1, keepdim=True)                 # -> correct
        """,
    )


def test_no_remark_for_answers_that_read_no_gradient(ask: Judge) -> None:
    ask.marks(
        SCALED,
        """
        dtotal = torch.tensor(1.0)                              # -> correct
        dout = torch.ones_like(out)                             # -> correct
        dk = act.sum()                                          # -> correct
        dact = k.expand(act.shape)                              # -> correct
        dmoved = k * (1 - act**2)                               # -> correct
        db = (k * (1 - act**2)).sum(0)                          # -> correct
        ds = (counts * k * (1 - act**2)).sum(1, keepdim=True)   # -> correct
        """,
    )


def test_the_ones_at_the_top_are_no_accident(ask: Judge) -> None:
    ask.marks(SCALED, "dout = torch.ones_like(out) * dtotal  # -> correct\ndk = (act * dout).sum()  # -> correct")


def test_equal_by_the_graph(ask: Judge) -> None:
    """`moved = probs + b`: dprobs and dmoved are one and the same, whatever comes above. Nothing vanishes."""
    ask.marks(SCALED, "dprobs = dmoved  # -> correct\ndb = dprobs.sum(0)  # -> correct")
    ask.marks(RESIDUAL, "dt = dy  # -> correct\ndx = dt + dr @ W.T  # -> correct")


def test_helpers_are_followed(ask: Judge) -> None:
    ask.marks(
        SOFTMAX,
        """
        g = dnorm
        total = g.sum(1, keepdim=True)
        dm = total                              # -> correct by-accident
        winners = F.one_hot(l.argmax(1), l.shape[1])
        part = winners * dm
        dl = g + part                           # -> correct
        """,
    )


OUTPUT = '''
"""The output is a tensor: its cotangent is given."""
import torch

def inputs(N=5, C=3):
    return dict(x=torch.randn(N, C), s=torch.randn(N, 1))

def forward(x, s):
    y = x * s
    return y

def backward(x, s, y, dy):
    dx = ...
    ds = ...
'''


def test_no_remark_for_answers_that_read_the_given_cotangent(ask: Judge) -> None:
    ask.table(
        OUTPUT,
        """
        dx = s * dy                             # -> correct
        dx = s                                  # -> incorrect
        ds = (x * dy).sum(1, keepdim=True)      # -> correct
        ds = x.sum(1, keepdim=True) * dy        # -> incorrect
        """,
    )


def test_repeated_rows(ask: Judge) -> None:
    ask.marks(
        EMBEDDED,
        """
        dact = 2 * act                                                  # -> correct
        demb = (1 - act**2) * dact                                      # -> correct
        dtable = F.one_hot(X, table.shape[0]).to(demb.dtype).T @ demb   # -> correct
        """,
    )


@pytest.mark.table
@pytest.mark.parametrize("solution", sorted((COURSE / "solutions").glob("*.py")), ids=lambda path: path.stem)
def test_no_remark_for_the_solutions(ask: Judge, solution) -> None:  # type: ignore[no-untyped-def]
    judged = ask.file(COURSE / "exercises" / solution.name, solution)
    assert set(judged.all_said().values()) == {"correct"}, judged.all_said()
    assert judged.trouble == ()


def _case_rounds(folder):  # type: ignore[no-untyped-def]
    left = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines() if line.strip()]
    while left:
        chosen, rest = {}, []
        for case in left:
            if case["target"] in chosen:
                rest.append(case)
            else:
                chosen[case["target"]] = case
        yield chosen
        left = rest


@needs_cases
@pytest.mark.parametrize("folder", sorted(p.parent for p in CASES.glob("*/exercise.py")), ids=lambda path: path.name)
def test_the_shared_cases(ask: Judge, folder) -> None:  # type: ignore[no-untyped-def]
    graph = ask.graph(folder / "exercise.py")
    right = json.loads((folder / "right.json").read_text())
    mistakes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for chosen in _case_rounds(folder):
            lines = []
            for target in graph.exercise.targets:
                case = chosen.get(target.node)
                answer = case["answer"] if case else right.get(target.node, "...")
                lines += answer if isinstance(answer, list) else [f"{target.name} = {answer}"]
            judged = ask.body(folder / "exercise.py", "\n".join(lines))
            for target in graph.exercise.targets:
                case, said = chosen.get(target.node), judged.said(target.name)
                if case and case["accept"] and said.startswith("correct") and "by-accident" not in said:
                    mistakes.append((case["id"], case["answer"], said))
                if case and not case["accept"] and not said.startswith("correct"):
                    mistakes.append((case["id"], case["answer"], said))
                if not case and target.node in right and said != "correct":
                    mistakes.append((target.name, right[target.node], said))
    assert not mistakes


@needs_cases
def test_the_two_accidents_of_the_makemore_graph(ask: Judge) -> None:
    right = json.loads((MAKEMORE / "right.json").read_text())
    answers = {"d" + node: expression for node, expression in right.items()}
    answers |= {"dlogits": "dnorm_logits", "dlogit_maxes": "dnorm_logits.sum(1, keepdim=True)"}
    order = [t.name for t in ask.graph(MAKEMORE / "exercise.py").exercise.targets]
    judged = ask.body(MAKEMORE / "exercise.py", "\n".join(f"{name} = {answers[name]}" for name in order))
    said = judged.all_said()
    assert said.pop("dlogits") == "correct by-accident"
    assert said.pop("dlogit_maxes") == "correct by-accident"
    assert set(said.values()) == {"correct"}
    fused = {
        "dlogits": "(F.softmax(logits, 1) - F.one_hot(Yb, vocab_size)) / n",
        "dhprebn": "bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))",
        "dlogit_maxes": "torch.zeros_like(logit_maxes)",
        "db1": "torch.zeros_like(b1)",
        "dnorm_logits": "(probs - F.one_hot(Yb, vocab_size)) / n",
    }
    judged = ask.body(MAKEMORE / "exercise.py", "\n".join(f"{name} = {(answers | fused)[name]}" for name in order))
    assert set(judged.all_said().values()) == {"correct"}
