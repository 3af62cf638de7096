"""Whatever an author's file holds: a report, or one line about the exercise and exit code 2; never a traceback, and nothing but JSON under --json."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from authors import COURSE, HELPERS, mutated, read_every_way
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backprop_check.cli.main import main
from backprop_check.cli.progress import Progress
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.author import authors, silent
from backprop_check.trace.graph import load_graph
from backprop_check.trace.oracle import trace

Captured = pytest.CaptureFixture[str]

SOUND = '''\
"""T.

Story.
"""

import os, sys
import torch
import torch.nn.functional as F
# top

def inputs(N=5, C=3):
    # inputs
    return dict(x=torch.randn(N, C))


def forward(x):
    h = torch.tanh(x)
    y = h * h
    s = y.sum()
    return s


def backward(x, h, y, s):
    dy = ...
    dx = ...
'''

LINES = {"TOP": 9, "INPUTS": 11, "DRAW": 13, "H": 17, "Y": 18, "S": 19, "RETURN": 20}
"""The line of the exercise that a row below is told at; what is written where is the table's second column."""

WHERE = {
    "TOP": "# top",
    "INPUTS": "N=5, C=3",
    "BODY": "# inputs",
    "DRAW": "torch.randn(N, C)",
    "DICT": "dict(x=torch.randn(N, C))",
    "H": "h = torch.tanh(x)",
    "Y": "y = h * h",
    "S": "s = y.sum()",
    "RETURN": "return s",
}

ROWS = """
9  TOP     SIZES = 3                                         SIZES lists choices
9  TOP     SIZES = 'abc'                                     SIZES lists choices
9  TOP     SIZES = [1, 2]                                    as in SIZES = [dict(N=6, C=4)]
9  TOP     SIZES = [[('N', 3)]]                              SIZES lists choices
9  TOP     SIZES = [dict(Q=2)]                               SIZES lists choices
9  TOP     SIZES = [dict(N=0)]                               whole numbers above 0
9  TOP     SIZES = [dict(N=-2)]                              whole numbers above 0
9  TOP     SIZES = [dict(N='2')]                             whole numbers above 0
9  TOP     SIZES = [dict(N=2.0)]                             whole numbers above 0
9  TOP     SIZES = [dict(N=True)]                            whole numbers above 0
9  TOP     SIZES = [{}]                                      SIZES lists choices
9  TOP     SIZES = None                                      SIZES lists choices
9  TOP     SIZES = dict(N=6)                                 SIZES lists choices
9  TOP     SIZES: list = [dict(N=0)]                         SIZES lists choices
9  TOP     def SIZES(): pass                                 SIZES lists choices
9  TOP     class SIZES: pass                                 SIZES lists choices
9  TOP     POINTS = 3                                        POINTS names targets
9  TOP     POINTS = []                                       POINTS names targets
9  TOP     POINTS = dict(dq=1)                               as in POINTS = dict(dx=2)
9  TOP     POINTS = dict(dx=-1)                              POINTS names targets
9  TOP     POINTS = dict(dx='2')                             POINTS names targets
9  TOP     POINTS = dict(dx=10**400)                         POINTS names targets
9  TOP     POINTS = {'dx': 1e999}                            POINTS names targets
9  TOP     POINTS: dict = dict(dq=1)                         POINTS names targets
9  TOP     def POINTS(): pass                                POINTS names targets
9  TOP     A = exit(3)                                       ends the process: take that out
9  TOP     A = quit()                                        ends the process
9  TOP     A = sys.exit('bye')                               ends the process
9  TOP     A = os._exit(3)                                   ends the process
9  TOP     A = os.abort()                                    ends the process
9  TOP     A = (_ for _ in ()).throw(KeyboardInterrupt())    raised KeyboardInterrupt
9  TOP     A = (_ for _ in ()).throw(BaseException('no'))    raised BaseException (no): mend it
9  TOP     A = (_ for _ in ()).throw(GeneratorExit())        raised
9  TOP     A = 1 / 0                                         raised ZeroDivisionError (division by zero): mend it
9  TOP     A = input()                                       raised EOFError
9  TOP     import nothing_of_this_name                       raised ModuleNotFoundError
9  TOP     if True: A = 1 / 0                                raised ZeroDivisionError
9  TOP     def (                                             does not parse
11 INPUTS  N=0                                               whole number above 0
11 INPUTS  N=-3                                              whole number above 0
11 INPUTS  N=5, C                                            does not parse
11 INPUTS  N, C                                              whole number above 0
11 INPUTS  N=5, C=3.0                                        whole number above 0
11 INPUTS  N=5, *rest                                        whole number above 0
11 INPUTS  N=5, *, C=3                                       whole number above 0
12 BODY    return exit(3)                                    ends the process
12 BODY    os._exit(3)                                       ends the process
12 BODY    raise KeyboardInterrupt                           raised KeyboardInterrupt
11 BODY    return None                                       `inputs` returns None: return a dict
11 BODY    return [1]                                        `inputs` returns a list: return a dict
12 BODY    return x                                          raised NameError
11 DICT    dict()                                            it leaves out `x`
11 DICT    dict(x=torch.ones(N), q=3)                        `inputs` returns `q`, which is no argument
11 DRAW    'abc'                                             draws `x` as a str; name one tensor
11 DRAW    None                                              draws `x` as None; name one tensor
11 DRAW    [1.0]                                             draws `x` as a list; name one tensor
11 DRAW    2j                                                draws `x` as a complex; name one tensor
11 DRAW    torch.randn(N, C, dtype=torch.cfloat)             draws `x` as complex
11 DRAW    torch.randn(N, C, device='meta')                  on the device meta
11 DRAW    torch.randn(N, C).to_sparse()                     a sparse_coo tensor: make it dense
11 DRAW    torch.eye(N).to_sparse_csr()                      a sparse_csr tensor: make it dense
11 DRAW    torch.nested.nested_tensor([torch.ones(N)] * 2)   a nested tensor: pad its parts
11 DRAW    torch.quantize_per_tensor(torch.ones(3).float(), 0.1, 0, torch.qint8)  a quantized tensor
11 DRAW    torch.ones(N, C).to(torch.uint16)                 a tensor of uint16: make it int64
11 DRAW    torch.randn(N, 0)                                 `x` is empty at N=5, C=3
11 DRAW    torch.randn(*[2] * N)                             `x` is a tensor with 5 axes at some sizes
13 DRAW    torch.randn(N, C, 10**18)                         raised RuntimeError
19 DRAW    torch.randint(0, C, (N,))                         depends on no floating input
17 DRAW    1.5                                               raised TypeError
17 H       h = torch.fft.fft(x)                              `h` is complex: only real values
17 H       h = x.to_sparse()                                 make it dense
17 H       h = x.to('meta')                                  on the device meta
17 H       h = torch.nested.nested_tensor([x, x])            a nested tensor: pad its parts
17 H       h = x.float()                                     `h` is float32, and gradients are judged in float64
17 H       h = x.bfloat16()                                  `h` is bfloat16, and gradients
17 H       h = x[:0]                                         `h` is empty
17 H       h = x, x                                          `h` is a tuple; name one tensor
17 H       h = x.max(1)                                      `h` is a tuple; name one tensor
17 H       h = print(x)                                      `h` is None; name one tensor
17 H       h = str(x)                                        `h` is a str; name one tensor
17 H       h = exit(3)                                       ends the process
17 H       h = os._exit(3)                                   ends the process
17 H       h = x.nope()                                      raised AttributeError
17 H       h = nope(x)                                       raised NameError
17 H       h = (yield x)                                     raised SyntaxError
17 H       h = deep(x)                                       raised NameError
17 H       h = x.mul_(2)                                     changes an argument of the forward in place
17 H       h = F.dropout(x)                                  draws random numbers
17 H       h = torch.randn_like(x)                           draws random numbers
17 H       h = torch.full((10**15,), 1.0) * x                raised RuntimeError
17 H       h = torch.bincount(torch.zeros(x.shape[0], dtype=torch.long), weights=x[:, 0])  autograd cannot differentiate this line
17 H       h = x.view(5, 3)                                  raised RuntimeError (shape '[5, 3]' is invalid
18 Y       y = h.mul_(2)                                     this line changes `h` in place
18 Y       y = torch.exp(h, out=h)                           raised RuntimeError
18 Y       y = h.tolist()                                    `y` is a list
19 Y       y = h.argmax()                                    depends on no floating input
19 S       s = y.argmax()                                    depends on no floating input
19 S       s = y > 0                                         depends on no floating input
19 S       s = y.numel()                                     depends on no floating input
19 S       s = y.detach().sum()                              depends on no floating input
18 Y       y = h; z = h                                      two statements share this line
17 H       h += 1                                            `h += 1` changes h in place; write `h2 = h + 1`
17 H       x += 1                                            `x += 1` changes x in place; write `x2 = x + 1`
17 H       x[0] = 1                                          `x[0] = 1` changes x in place
17 H       x.zero_()                                         changes x in place; write `x2 = x.zero()`
17 H       x = x * 2                                         `x` is an argument of the forward and cannot be bound again: name this value `x2`
18 Y       h = h * h                                         `h = ...` is bound twice (lines 17 and 18): name the second `h2`
17 H       a, b = x                                          tuple: write one line for each: `a = x[0]`, `b = x[1]`
17 H       (a, b), c = x                                     tuple: write one line for each
17 H       a, b = x * 2, x                                   `a = x * 2`, `b = x`
17 H       a = h = x                                         one name a line: write `a = x`, then `h = a`
17 H       h: int = 3                                        leave the annotation out: write `h = 3`
17 H       h = (t := x) * 2                                  write `t = x` as a line above
17 H       for i in x: pass                                  no loop
17 H       if True: h = x                                    no branch
17 H       with torch.no_grad(): h = x                       no `with` block
17 H       def f(): pass                                     put it above `forward`
17 H       print(x)                                          `print(x)` names no value: take it out
17 H       pass                                              `pass` names no value
17 H       return x                                          the forward returns here, and goes on below
18 Y       dx = h                                            names both `x` and `dx`, which is what the gradient of `x` is called
20 RETURN  return s * 2                                      name the output first: `out = s * 2`, then `return out`
20 RETURN  return s, y                                       returns several values
20 RETURN  return q                                          returns `q`, which no line of it names
20 RETURN  return                                            end the forward with `return`
20 RETURN  t = s                                             end the forward with `return`
""".strip().splitlines()


def row(text: str) -> tuple[int, str, str]:
    """The line told, the exercise, and what is said."""
    line, where = text.split()[:2]
    code, said = text[11:].rsplit("  ", 1)
    assert WHERE[where] in SOUND
    return int(line), SOUND.replace(WHERE[where], code.strip(), 1), said.strip()


def one_line(captured: Captured, path: Path, line: int, said: str) -> None:
    out, err = captured.readouterr()
    report = json.loads(out)
    assert (report["status"], report["gradients"]) == ("error", [])
    assert err.count("\n") == 1, err
    assert err.startswith(f"backprop-check: {path}:{line}: "), err
    assert said in err, err
    assert report["message"] in err


@pytest.mark.parametrize("text", ROWS)
def test_one_line_about_the_exercise(text: str, tmp_path: Path, zygote: Zygote, capfd: Captured) -> None:
    line, exercise, said = row(text)
    path = tmp_path / "exercise.py"
    path.write_text(exercise)
    assert main(["check", "--exercise", str(path), "--json"], zygote) == 2
    one_line(capfd, path, line, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "end the forward with `return`"),
        ('"""Doc."""', "end the forward with `return`"),
        ('"""Doc."""; return s', "returns `s`, which no line"),
        ("return x", "depends on no floating input"),
    ],
)
def test_a_forward_of_hardly_anything(body: str, said: str, tmp_path: Path) -> None:
    text = "import torch\ndef inputs(N=3):\n    return dict(x=torch.arange(N))\ndef forward(x):\n    " + (body or "pass")
    path = tmp_path / "exercise.py"
    path.write_text(text + "\ndef backward(x):\n    dx = ...\n")
    with pytest.raises(BadInput, match=said):
        graph = load_graph(read_exercise(path))
        trace(graph, 1, graph.sizes[0])


def test_sizes_at_which_it_fails_are_named(tmp_path: Path) -> None:
    path = tmp_path / "exercise.py"
    path.write_text(SOUND.replace("torch.tanh(x)", "x.view(5, 3)"))
    graph = load_graph(read_exercise(path))
    trace(graph, 1, graph.sizes[0])
    with pytest.raises(BadInput, match=r"exercise.py:17: .* \(at N=\d+, C=\d+, which every trial must be able to take"):
        trace(graph, 1, graph.sizes[1])


BROKEN = {
    "does not parse": SOUND.replace("y = h * h", "y = = h"),
    "breaks the contract": SOUND.replace("y = h * h", "h = h * h"),
    "ends when it is loaded": SOUND.replace("# top", "A = os._exit(7)"),
    "ends when it runs": SOUND.replace("y = h * h", "y = exit(7)"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_every_command_says_it_in_one_line(kind: str, course: Path, tmp_path: Path, zygote: Zygote, capsys: Captured) -> None:
    stub = course / "exercises" / "ex70_broken.py"
    source = tmp_path / "forward.py"
    for path in (stub, course / "solutions" / stub.name, source):
        path.parent.mkdir(exist_ok=True)
        path.write_text(BROKEN[kind])
    commands = ["check ex70", "check ex70 --numeric", "hint ex70", "graph ex70", "derive ex70", f"new thing --from {source}"]
    Progress(course).ask("ex70", "derive")  # the second time it is shown
    for argv in map(str.split, commands):
        code = main(argv, zygote)
        out, err = capsys.readouterr()
        assert (code, out, err.count("\n")) == (2, "", 1), (argv, out, err)
        assert err.startswith("backprop-check: ")
        assert ".py:" in err
    assert main(["dev", "check", "ex70"], zygote) == 1
    out, err = capsys.readouterr()
    assert "1 exercise: 1 to mend" in out
    assert err == ""
    assert main(["list", "--all"]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if " ex" in line]) >= 23
    assert ("! ex70   cannot be read" in out) == ("ends" not in kind)


NOISY = (
    SOUND.replace("y = h * h", "y = noisy(h) * Loudly.apply(h)")
    .replace(
        "# top",
        """import warnings
print("top"); sys.stdout.write("top"); os.write(1, b"top")
A = print("assigned"), os.system("echo shell"), warnings.warn("warned")

class Loudly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        print("forward")
        return x * 1
    @staticmethod
    def backward(ctx, g):
        print("backward"); os.write(1, b"low"); sys.__stdout__.flush()
        return g * 1

def noisy(x):
    print("helper"); print("helper", file=sys.stderr); sys.stdout.buffer.write(b"bytes"); warnings.warn("helper")
    return x * 1
""",
    )
    .replace("# inputs", 'print("inputs")')
)


def test_what_an_exercise_prints_goes_nowhere(tmp_path: Path, zygote: Zygote, capfd: Captured) -> None:
    path = tmp_path / "exercise.py"
    path.write_text(NOISY.replace("dy = ...", "dy = -torch.ones_like(y)"))
    assert main(["check", "--exercise", str(path), "--json"], zygote) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["status"] == "failed"
    assert json.loads(out)["gradients"][0]["diagnoses"]
    assert err == ""
    for argv in (
        ["graph", str(path)],
        ["derive", str(path)],
        ["hint", str(path), "--step", "3"],
        ["check", "--exercise", str(path), "--numeric"],
    ):
        main(argv, zygote)
        out, err = capfd.readouterr()
        assert out
        assert err == ""
        assert not [
            word for word in ("helper", "forward\n", "backward\n", "top", "bytes", "low") if f"{word}{word}" in out or f"\n{word}" in out
        ]


def test_a_process_of_its_own_says_it_too(tmp_path: Path) -> None:
    """The exit codes and the two streams, seen from outside; `os._exit` would end this process as well."""
    path = tmp_path / "exercise.py"
    path.write_text(SOUND.replace("h = torch.tanh(x)", "h = os._exit(9)"))
    command = [sys.executable, "-m", "backprop_check", "check", "--exercise", str(path), "--json"]
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert (run.returncode, json.loads(run.stdout)["status"], run.stderr.count("\n")) == (2, "error", 1)


def test_a_real_interrupt_stays_one() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job started in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt), authors(Path("e.py")):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(BadInput, match=r"e\.py:7: .* raised KeyboardInterrupt"), authors(Path("e.py"), 7):
            raise KeyboardInterrupt
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_silent_comes_back(capfd: Captured) -> None:
    streams = sys.stdin, sys.stdout, sys.stderr
    with silent(), silent():
        os.write(1, b"x")
        print("x")
    assert (sys.stdin, sys.stdout, sys.stderr) == streams
    os.write(1, b"below")
    print("above", flush=True)
    assert capfd.readouterr().out.replace("\n", "") == "belowabove"
    assert os._exit.__module__ == "posix"


FUNCTIONS = {
    "q = Half.apply(x)": "torch.ones_like(q) / 2",
    "q = Twice.apply(x, 3)": "3 * torch.ones_like(q)",
    "q = Both.apply(x, 2, x)": "2 * x",
    "q = Both.apply(torch.ones_like(x), 2, x)": "torch.ones_like(x)",
    "q = Split.apply(x, 5)[0]": "torch.ones_like(x)",
    "q = Split.apply(x, 5)[1] * 3": "6 * torch.ones_like(x)",
    "q = checkpoint(torch.exp, x, use_reentrant=False)": "x.exp()",
    "q = torch.fft.fft(x).abs().square() / x.shape[1]": "2 * x",
    "q = F.embedding(torch.arange(x.shape[0]), x, sparse=True)": "torch.ones_like(x)",
    "q = x.softmax(1).sum(1)": "torch.zeros_like(x)",
}


@pytest.mark.parametrize("line", FUNCTIONS)
def test_helpers_that_are_functions_of_autograd_work(line: str, tmp_path: Path, zygote: Zygote, capsys: Captured) -> None:
    more = """
from torch.utils.checkpoint import checkpoint
class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, k, b):
        ctx.save_for_backward(a, b)
        return a * b
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, None, g * a
class Split(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n):
        whole = x > 0
        ctx.mark_non_differentiable(whole)
        return x * 1, x * 2, whole
    @staticmethod
    def backward(ctx, one, two, three):
        return one + 2 * two, None
"""
    path = tmp_path / "exercise.py"
    head = '"""T."""\n' + HELPERS + more + "def inputs(N=5, C=3):\n    return dict(x=torch.randn(N, C))\n\n"
    path.write_text(
        f"{head}def forward(x):\n    {line}\n    s = q.sum()\n    return s\n\ndef backward(x, q, s):\n    dx = {FUNCTIONS[line]}\n"
    )
    code = main(["check", "--exercise", str(path), "--json"], zygote)
    report = json.loads(capsys.readouterr().out)
    assert report["message"] is None
    assert code == 0, report


@settings(max_examples=int(os.environ.get("BACKPROP_AUTHORS", "40")), derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**20), st.integers(1, 3))
@example(148, 1)
def test_slips_in_the_tree_of_real_exercises(tmp_path_factory: pytest.TempPathFactory, seed: int, times: int) -> None:
    """More of them: BACKPROP_AUTHORS=3000 pytest tests/test_author_errors.py -k slips."""
    random = Random(seed)
    text = mutated(random.choice(COURSE), random, times)
    path = tmp_path_factory.getbasetemp() / "slip.py"
    try:
        read_every_way(path, text, whole=seed % 8 == 0)
    except BadInput as error:
        assert "\n" not in str(error), text
        assert str(error).startswith(str(path)), text
