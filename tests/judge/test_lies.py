"""Values that lie, and submissions that attack the judge: never correct without the right value, never a hang or a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asking import COURSE, Judge
from graphs import MLP, MLP_RIGHT

from backprop_check.diagnosis.explain import explain
from backprop_check.report.build import build_report
from backprop_check.report.text import report_lines

LIAR = """
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True

class Equal(torch.Tensor):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    @property
    def shape(self): return torch.Size((5, 3))
    @property
    def dtype(self): return torch.float64
    def numel(self): return 15
    def size(self, *a): return torch.Size((5, 3))
    def detach(self): return self
    def contiguous(self): return self
    def data_ptr(self): return 0
    def as_subclass(self, cls): return self
    def resolve_conj(self): return self
    def resolve_neg(self): return self

class Meta(type):
    @property
    def __qualname__(cls): raise ValueError
    @property
    def __name__(cls): raise ValueError
    @property
    def __module__(cls): return 3

class Strange(metaclass=Meta):
    def __getattribute__(self, name): raise ValueError
    def __eq__(self, other): raise ValueError
    def __class__(self): raise ValueError

class Dispatch(torch.Tensor):
    @staticmethod
    def __new__(cls, t):
        return torch.Tensor._make_wrapper_subclass(cls, t.shape, dtype=t.dtype)
    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError('no')

class Plain(torch.Tensor):
    pass
"""


@pytest.mark.parametrize(
    "value",
    [
        "torch.zeros_like(W2).as_subclass(Liar)",
        "torch.zeros_like(W2).as_subclass(Equal)",
        "torch.zeros(2).as_subclass(Equal)",
        "torch.zeros(0).as_subclass(Equal)",
        "Strange()",
        "Strange",
        "Dispatch(h.T @ do)",
        "torch.zeros_like(W2).to_sparse()",
        "torch.zeros_like(W2).to_sparse_csr()",
        "torch.zeros_like(W2, device='meta')",
        "torch.empty(W2.shape, device='meta')",
        "torch.quantize_per_tensor(W2.float(), 0.1, 0, torch.quint8)",
        "torch.nested.nested_tensor([W2, W2])",
        "torch.nested.nested_tensor([W2, W2], layout=torch.jagged)",
        "torch.zeros(1).expand(10**6, 10**6)",
        "torch.zeros(1).expand(10**9, 10**9)",
        "torch.zeros(1, 1).expand(5 * 10**6, 3)",
        "torch.zeros(0, 10**12)",
        "torch.zeros((1,) * 64)",
        "torch.zeros((1,) * 70)",
        "torch._efficientzerotensor(W2.shape)",
        "torch.nn.Parameter(W2)",
        "torch.nn.parameter.UninitializedParameter()",
        "torch.empty(0).set_(torch.UntypedStorage(8), 0, (5, 3), (0, 0)) if False else torch.as_strided(torch.zeros(1), (5, 3), (0, 0))",
        "torch.tensor(['a'] if False else []).reshape(0)",
        "type('T', (), {'shape': W2.shape, 'dtype': W2.dtype, '__array__': lambda s: W2})()",
        "torch.Generator()",
        "W2.untyped_storage()",
        "torch.masked.masked_tensor(W2, W2 > 0)",
        "torch.zeros_like(W2).to(torch.float8_e4m3fn)",
        "torch.zeros_like(W2).to_mkldnn() if False else torch.zeros_like(W2).float().to_mkldnn()",
        "torch.zeros_like(W2).refine_names('H', 'C')",
        "torch.vmap(lambda w: w)(W2)",
        "type('E', (float,), {'__eq__': lambda a, b: True})(0)",
        "__builtins__",
    ],
)
def test_odd_values_are_not_right(ask: Judge, value: str) -> None:
    judged = (
        ask.marks(
            MLP, f"do = 2 * o / n  # -> correct\ndW2 = {value}\n# -> dW2: incorrect\ndh = do @ W2.T  # -> correct", LIAR, time_limit=3
        )
        if not fatal(value)
        else ask.body(MLP, f"do = 2 * o / n\ndW2 = {value}\ndh = do @ W2.T", LIAR, time_limit=3)
    )
    assert judged.verdicts["dW2"].status in ("incorrect", "error")
    assert judged.said("do") == judged.said("dh") == "correct"


def fatal(value: str) -> bool:
    """Values that may as well end the worker or raise: an error is as good as an incorrect."""
    return any(
        word in value
        for word in (
            "nested",
            "masked",
            "Dispatch",
            "Liar",
            "Uninit",
            "expand(10**9",
            "mkldnn",
            "quantize",
            "* 70",
            "refine",
            "Strange",
            "Equal",
        )
    )


@pytest.mark.parametrize(
    "value",
    [
        "torch.nn.Parameter(h.T @ do, requires_grad=False)",
        "(h.T @ do).as_subclass(Plain)",
        "(h.T @ do).as_subclass(Plain).T.T",
        "(h.T @ do)._neg_view()._neg_view() if False else (h.T @ do)",
        "torch.zeros(5, 3).copy_(h.T @ do) if W2.shape == (5, 3) else h.T @ do",
        "(h.T.to_sparse() @ do)",
        "torch.vmap(lambda a: a @ do)(h.T)",
        "torch.compile if False else torch.tensordot(h, do, ([0], [0]))",
    ],
)
def test_odd_values_that_are_right(ask: Judge, value: str) -> None:
    ask.marks(MLP, f"dW2 = {value}\n# -> dW2: correct\ndh = do @ W2.T  # -> correct", LIAR)


@pytest.mark.parametrize(
    "prelude",
    [
        "def lie(*a, **k): return True",
        "class Patch:\n    torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True",
        "class Patch:\n    torch.Tensor.__eq__ = torch.Tensor.__ne__ = torch.Tensor.eq = lambda *a, **k: True",
        "class Patch:\n    torch.Tensor.detach = torch.Tensor.clone = lambda self: self",
        "class Patch:\n    torch.Tensor.detach = torch.Tensor.clone = torch.Tensor.contiguous = lambda self: 1 / 0",
        "class Patch:\n    torch.Tensor.numel = lambda self: 1",
        "class Patch:\n    torch.Tensor.data_ptr = lambda self: 0",
        "class Patch:\n    torch.Tensor.shape = property(lambda self: (5, 3))",
        "class Patch:\n    torch.Tensor.layout = property(lambda self: 'none')",
        "class Patch:\n    torch.Tensor._version = property(lambda self: 0)",
        "class Patch:\n    torch.float64 = torch.float32",
        "class Patch:\n    torch.set_default_dtype = print",
        "class Patch:\n    import builtins\n    builtins.isinstance = lambda *a: True",
        "class Patch:\n    import builtins\n    builtins.str = builtins.type = builtins.len = lambda *a: 'x'",
        "class Patch:\n    import builtins\n    builtins.locals = lambda: {}",
        "class Patch:\n    import builtins\n    builtins.__build_class__ = builtins.__import__ = builtins.BaseException = builtins.print = None",
        "class Patch:\n    import json\n    json.dumps = lambda *a, **k: '{}'",
        "class Patch:\n    import socket\n    socket.socket.sendall = lambda *a: None",
        "class Patch:\n    import sys\n    sys.modules.clear()",
        "class Patch:\n    import backprop_check.comparison.compare as c\n    c.compare = lambda *a: True\n    c.EXACT = 1.0",
        "class Patch:\n    import backprop_check.submission.worker as w\n    w.RealRun = w.DryRun = None",
        "class Patch:\n    import gc\n    gc.collect()\n    for thing in gc.get_objects():\n        if type(thing) is dict and '_backprop_check' in thing:\n            thing.clear()",
        "class Patch:\n    import os\n    for fd in range(3, 21):\n        try:\n            os.write(fd, b'\\x00' * 4096)\n        except OSError:\n            pass",
        "class Patch:\n    import os\n    for fd in range(3, 21):\n        try:\n            os.write(fd, b'x' * 4096)\n        except OSError:\n            pass",
        "class Patch:\n    import os\n    os.closerange(0, 64)",
        "class Patch:\n    import os\n    os.chdir('/')\n    os.environ.clear()\n    os.nice(5)",
        "class Patch:\n    import signal\n    for s in range(1, 32):\n        try:\n            signal.signal(s, signal.SIG_IGN)\n        except OSError:\n            pass",
        "class Patch:\n    import sys\n    sys.settrace(lambda *a: 1 / 0)",
        "class Patch:\n    import sys\n    sys.setrecursionlimit(60)",
        "class Patch:\n    import sys, threading\n    sys.stdout = sys.stderr = sys.stdin = None\n    threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()",
        "class Patch:\n    import atexit, os\n    atexit.register(lambda: 1 / 0)",
        "def __getattr__(name): raise ValueError\n__name__ = '__main__'\n__builtins__ = {}",
        "_backprop_check = None\n_backprop_check_error = 1\nbackward = 3",
    ],
)
def test_patches_do_not_make_a_wrong_answer_right(ask: Judge, prelude: str) -> None:
    judged = ask.body(MLP, "do = 2 * o\ndW2 = do.T\ndh = W2\ndpre = h - h\ndW1 = torch.zeros_like(W1)", prelude, time_limit=1.5)
    assert judged.message or not any(v.status == "correct" for v in judged.verdicts.values())


def test_after_all_attacks_the_zygote_still_serves(ask: Judge) -> None:
    ask.marks(MLP, "\n".join(line + "  # -> correct" for line in MLP_RIGHT.splitlines() if line))


def test_garbage_in_the_middle(ask: Judge) -> None:
    for noise in ("b'\\x00' * 64", "b'{}' * 64", "b'\\xff' * 64", "b'\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00{}'"):
        judged = ask.body(
            MLP,
            f"""
            import os
            do = 2 * o / n
            for fd in range(3, 21):
                try:
                    os.write(fd, {noise})
                except OSError:
                    pass
            dW2 = 3 * W2
            dh = do @ W2.T
            """,
            time_limit=1,
        )
        assert judged.message or judged.verdicts["dW2"].status != "correct"
        assert judged.message or judged.verdicts["dh"].status == "correct"


FORGE = """
import json, os, struct

def forge(header, body=b'', count=1):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    for fd in range(3, 30):
        for _ in range(count):
            try:
                os.write(fd, struct.pack('<II', len(text), len(body)) + text + body)
            except OSError:
                pass
"""


@pytest.mark.parametrize(
    "frame",
    [
        '{"is": "at", "index": 10**400, "tensors": {}}',
        'b\'{"is": "at", "index": Infinity, "tensors": {}}\'',
        'b\'{"is": "at", "index": NaN, "tensors": {}}\'',
        'b\'{"is": "answer", "name": "dW2", "index": -Infinity, "early": false, "state": "missing", "tensors": {}}\'',
        'b\'{"is": "answer", "name": "dW2", "index": 1, "early": false, "state": "tensor", "dtype": "float64", "shape": [1e400, 3], "tensors": {}}\'',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "tensor", "dtype": "float64", "shape": [5, 3], "tensors": {}}',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "tensor", "dtype": "float64", "shape": [0, 2**62, 4], "tensors": {"value": ["float64", [0, 2**62, 4]]}}',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "tensor", "dtype": "float64", "shape": [0, 10**30], "tensors": {"value": ["float64", [0, 10**30]]}}',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "tensor", "dtype": "float64", "shape": [10**30, 10**30], "tensors": {}}',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "tensor", "dtype": "int64", "shape": [5, 3], "tensors": {"value": ["complex128", [5, 3]]}}, b"0" * 240',
        '{"is": "answer", "name": "dW2", "index": 99, "early": False, "state": "raised", "raised": {"kind": "X" * 10**5, "message": "y" * 10**5, "index": 10**6, "span": None}, "tensors": {}}',
        '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "raised", "raised": {"kind": 1, "message": [], "index": -5, "span": [10**9, -1]}, "tensors": {}}',
        '{"is": "answer", "name": ["dW2"], "index": 1, "early": False, "state": "missing", "tensors": {}}',
        '{"is": "answer", "name": "nothing", "index": 1, "early": False, "state": "other", "kind": {}, "tensors": {}}',
        '{"is": "want", "names": ["dW2", "dh"], "tensors": {}}',
        '{"is": "want", "names": 3, "tensors": {}}',
        '{"is": "want", "names": [["dW2"]], "tensors": {}}',
        '{"is": "changed", "name": {}, "index": 3, "tensors": {}}',
        '{"is": "rebound", "name": "nothing", "index": 10**9, "tensors": {}}',
        'b\'{"is": "rebound", "name": "n", "index": Infinity, "tensors": {}}\'',
        '{"is": "prelude", "line": 10**9, "error": "x" * 10**5, "tensors": {}}',
        'b\'{"is": "prelude", "line": Infinity, "error": 3, "tensors": {}}\'',
        '{"is": "done", "tensors": {}}',
        '{"is": ["done"], "tensors": {}}',
        '{"is": "done", "tensors": []}',
        '{"is": "done", "tensors": {"a": 3}}',
        '{"is": "done", "tensors": {"a": ["float64", [-1, -8]]}}, b"0" * 64',
        '{"is": "done", "tensors": {"a": ["float64", [True, 2.0]]}}, b"0" * 64',
        "[1, 2]",
        'b"[" * 100000',
        'b"9" * 100000',
        'b"\\xff\\xfe"',
    ],
)
def test_forged_frames(ask: Judge, frame: str) -> None:
    """Whoever writes into the channel costs himself his answers; the judge says so and goes on."""
    judged = ask.body(MLP, f"do = 3 * o\nforge({frame})\ndW2 = 3 * W2\ndh = 5 * h", FORGE, time_limit=1)
    assert judged.message or not any(v.status == "correct" for v in judged.verdicts.values())


@pytest.mark.parametrize(
    "place",
    [
        '"index": 10**6, "span": None',
        '"index": -99, "span": None',
        '"index": 0, "span": [10**9, 0, 10**9, 1]',
        '"index": 0, "span": [1, -5, 1, 0]',
    ],
)
def test_a_forged_place_does_not_spoil_the_report(ask: Judge, place: str) -> None:
    """A statement or line that the submission has not is refused where it arrives, before anything is looked up by it."""
    frame = '{"is": "answer", "name": "dW2", "index": 1, "early": False, "state": "raised", "raised": {"kind": "E", "message": "m", PLACE}, "tensors": {}}'
    judged = ask.body(MLP, f"do = 3 * o\nforge({frame.replace('PLACE', place)})\ndW2 = 3 * W2\ndh = 5 * h", FORGE, time_limit=1)
    assert judged.message is None
    assert judged.submission is not None
    verdicts, graph = tuple(judged.verdicts.values()), ask.graph(MLP)
    report = build_report(graph.exercise, judged.submission, verdicts, explain(graph, judged.submission, verdicts))
    assert report.status == "failed"
    assert list(report_lines(report, 80))


def test_a_flood_ends(ask: Judge) -> None:
    """Frames without end are no progress."""
    signal.alarm(120)
    for frame in ('{"is": "at", "index": 1, "tensors": {}}', '{"is": "changed", "name": "h", "index": 1, "tensors": {}}'):
        judged = ask.body(MLP, f"do = 3 * o\nwhile True:\n    forge({frame})\ndW2 = 3 * W2", FORGE, time_limit=1)
        assert judged.message or not any(v.status == "correct" for v in judged.verdicts.values())


def test_the_oracle_of_a_target_comes_after_its_answer(ask: Judge) -> None:
    """A learner who reads the gradients that come back cannot send them in as an answer."""
    ask.marks(
        MLP,
        """
        import gc
        dW2 = W2                                # -> incorrect
        kept = {}
        hook = globals()['_backprop_check']
        try:
            kept['dh'] = hook.replacement('dh')
        except Exception:
            pass
        dh = kept.get('dh', h)
        dpre = 1 - h**2                         # -> incorrect
        """.replace("dh = kept.get('dh', h)", "dh = kept.get('dh', h)  # -> missing"),
    )


def test_answers_kept_from_an_earlier_trial_are_wrong(ask: Judge) -> None:
    judged = ask.body(
        MLP, "dW2 = kept.setdefault('dW2', h.T @ do * 0)\nkept['dW2'] = dW2\ndh = kept.setdefault('dh', do @ W2.T)", "kept = {}"
    )
    assert judged.verdicts["dW2"].status == "incorrect"
    assert judged.verdicts["dh"].status in ("incorrect", "error")


def test_a_worker_does_not_outlive_its_zygote(ask: Judge) -> None:
    """A closed terminal or `timeout` ends the zygote with a signal; a hanging submission must not run on alone."""
    code = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "from backprop_check.submission.zygote import Zygote\n"
        "from backprop_check.exercise.parse import read_exercise\n"
        "from backprop_check.submission.parse import read_submission\n"
        "from backprop_check.submission.run import Limits, Session\n"
        "from backprop_check.trace.graph import load_graph\n"
        "from backprop_check.trace.oracle import trace\n"
        "graph = load_graph(read_exercise(Path(sys.argv[1])))\n"
        "zygote = Zygote.started()\n"
        "submission = read_submission(Path(sys.argv[2]), graph.exercise)\n"
        "with Session(zygote, graph.exercise, submission, Limits(60.0)) as session:\n"
        "    print(zygote._pid, session._pid, flush=True)\n"
        "    session.run(lambda: trace(graph, 1, graph.sizes[0]))\n"
    )
    exercise = ask.graph(MLP).exercise.path
    answer = exercise.parent / "endless.py"
    answer.write_text("def backward(o):\n    while True:\n        pass\n    do = ...\n")
    process = subprocess.Popen([sys.executable, "-c", code, str(exercise), str(answer)], stdout=subprocess.PIPE, text=True, cwd=COURSE)
    assert process.stdout is not None
    zygote, worker = map(int, process.stdout.readline().split())
    time.sleep(0.3)
    os.kill(zygote, signal.SIGTERM)
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 5
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = _runs(worker)
    if alive:
        os.kill(worker, signal.SIGKILL)
    assert not alive


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
