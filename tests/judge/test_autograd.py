"""Asking the oracle earns nothing and is named; what merely looks like it is fine."""

from __future__ import annotations

import pytest
from asking import Judge
from graphs import MLP, RESIDUAL

from backprop_check.records import Verdict

LEAF = "leaf = W2.clone().requires_grad_(); loss = (h @ leaf).square().sum() / n"


def refused(verdict: Verdict) -> bool:
    return verdict.status == "incorrect" and "autograd-used" in verdict.why and bool(verdict.asked)


@pytest.mark.parametrize(
    "body",
    [
        "dW2 = W2.grad",
        "loss.backward(); dW2 = W2.grad",
        "loss.backward()\ndW2 = W2.grad",
        "dW2 = torch.autograd.grad(loss, W2)[0]",
        "g = torch.autograd.grad\ndW2 = g(loss, W2)[0]",
        "ag = torch.autograd\ndW2 = ag.grad(loss, W2)[0]",
        "g = torch.func.grad(lambda w: (h @ w).square().sum() / n)\ndW2 = g(W2)",
        "dW2 = torch.func.vjp(lambda w: h @ w, W2)[1](2 * o / n)[0]",
        "dW2 = torch.func.jacrev(lambda w: (h @ w).square().sum() / n)(W2)",
        "dW2 = torch.func.jacfwd(lambda w: (h @ w).square().sum() / n)(W2)",
        "dW2 = torch.autograd.functional.jacobian(lambda w: (h @ w).square().sum() / n, W2)",
        "dW2 = torch.autograd.functional.vjp(lambda w: (h @ w).square().sum() / n, W2)[1]",
        "with torch.enable_grad():\n    w = W2.clone().requires_grad_()\n    ((h @ w).square().sum() / n).backward()\ndW2 = w.grad",
        "with torch.enable_grad():\n    dW2 = h.T @ do",
        "with torch.set_grad_enabled(True):\n    dW2 = h.T @ do",
        "torch.set_grad_enabled(True)\nw = W2.clone().requires_grad_()\n((h @ w).square().sum() / n).backward()\ndW2 = w.grad",
        "with torch.inference_mode(False):\n    w = W2.clone().requires_grad_()\n    dW2 = w.grad",
        "w = W2.clone()\nw.requires_grad = True\n((h @ w).square().sum() / n).backward()\ndW2 = w.grad",
        "w = torch.tensor(W2.tolist(), requires_grad=True)\n((h @ w).square().sum() / n).backward()\ndW2 = w.grad",
        "import torch.autograd as ag\ndW2 = ag.grad(loss, W2)[0]",
        "from torch.autograd import grad\ndW2 = grad(loss, W2)[0]",
        "from torch import autograd\ndW2 = autograd.grad(loss, W2)[0]",
        "from torch.func import grad\ndW2 = grad(lambda w: (h @ w).square().sum() / n)(W2)",
    ],
)
def test_asking_is_refused_and_named(ask: Judge, body: str) -> None:
    judged = ask.body(MLP, body + "\ndh = do @ W2.T")
    assert refused(judged.verdicts["dW2"]), (judged.said("dW2"), judged.detail("dW2"))
    assert judged.said("dh") == "correct"


@pytest.mark.parametrize(
    "body",
    [
        'dW2 = getattr(W2, "gr" + "ad")',
        'a = getattr(torch, "auto" + "grad")\ndW2 = a.grad(loss, W2)[0]',
        'on = getattr(torch, "enable_" + "grad")\nwith on():\n    w = getattr(W2.clone(), "requires_" + "grad_")()\ngetattr(w.sum(), "back" + "ward")()\ndW2 = w',
        'f = getattr(torch, "fu" + "nc")\ndW2 = f.grad(lambda w: (h @ w).square().sum() / n)(W2)',
        'f = getattr(torch, "fu" + "nc")\ndW2 = getattr(f, "jac" + "fwd")(lambda w: (h @ w).square().sum() / n)(W2)',
        'f = getattr(torch, "fu" + "nc")\ndW2 = getattr(f, "li" + "nearize")(lambda w: (h @ w).square().sum() / n, W2)[1](W2)',
        # Forward mode needs no gradient mode: one direction per element gives the whole gradient.
        'import importlib\nfw = importlib.import_module("torch.auto" + "grad.forward_ad")\ndW2 = torch.zeros_like(W2)\nwith fw.dual_level():\n'
        "    for i in range(W2.numel()):\n        t = torch.zeros(W2.numel()); t[i] = 1\n        d = fw.make_dual(W2, t.view_as(W2))\n"
        "        dW2.view(-1)[i] = fw.unpack_dual((h @ d).square().sum() / n).tangent",
        "vf = torch._VF\nlevel = torch._C._enter_dual_level()\ndW2 = torch.zeros_like(W2)\nfor i in range(W2.numel()):\n"
        "    t = torch.zeros(W2.numel()); t[i] = 1\n    d = vf._make_dual(W2, t.view_as(W2), level=level)\n"
        "    dW2.view(-1)[i] = vf._unpack_dual((h @ d).square().sum() / n, level=level)[1]",
        'import sys\nfa = sys.modules["torch._func" + "torch.eager_transforms"]\ndW2 = fa.grad(lambda w: (h @ w).square().sum() / n)(W2)',
        'import sys\nfa = sys.modules["torch._func" + "torch.eager_transforms"]\ndW2 = torch.zeros_like(W2)\n'
        "for i in range(W2.numel()):\n    t = torch.zeros(W2.numel()); t[i] = 1\n"
        '    dW2.view(-1)[i] = getattr(fa, "_j" + "vp_with_argnums")(lambda w: (h @ w).square().sum() / n, (W2,), (t.view_as(W2),), argnums=None, has_aux=False)[1]',
        'import sys\ng = sys.modules["torch.auto" + "grad.grad_mode"].enable_grad\nwith g():\n    w = torch.nn.Parameter(W2.clone())\n'
        '    y = (h @ w).square().sum() / n\nprint(y.requires_grad)\ntorch._C._EngineBase\nv = sys.modules["torch.auto" + "grad"].Variable\n'
        "v._execution_engine.run_backward((y,), (torch.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True)\ndW2 = torch._C.TensorBase.grad.__get__(w)",
        "ctx = torch.no_grad()\nctx.prev = True\nctx.__exit__(None, None, None)\nw = torch.nn.Parameter(W2.clone())\ny = (h @ w).square().sum() / n\n"
        'import sys\nsys.modules["torch.auto" + "grad"].Variable._execution_engine.run_backward((y,), (torch.ones(()),), False, False, (), allow_unreachable=True, '
        "accumulate_grad=True)\ndW2 = torch._C.TensorBase.grad.__get__(w)",
        "import torch.overrides\nwith torch._C._AutoDispatchBelowAutograd():\n    pass\nwith torch.autograd.graph.save_on_cpu():\n    pass\ndW2 = W2.grad_fn",
    ],
)
def test_asking_in_disguise_earns_nothing(ask: Judge, body: str) -> None:
    judged = ask.body(MLP, body + "\ndh = do @ W2.T")
    assert judged.verdicts["dW2"].status in ("incorrect", "error"), judged.detail("dW2")
    assert judged.said("dh") == "correct"


ENGINE = """
w = torch.nn.Parameter(W2.clone())
y = (h @ w).square().sum() / n
torch.sys.modules["torch." + "auto" + "grad"].Variable._execution_engine.run_backward(
    (y,), (torch.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True
)
dW2 = torch._C.TensorBase.grad.__get__(w)
"""


@pytest.mark.parametrize(
    "switch",
    [
        "guard = torch._C._InferenceMode(False)\nguard.__enter__()",
        "guard = torch.sys.modules['torch.' + 'auto' + 'grad.grad_mode'].inference_mode(False)\nguard.__enter__()",
        "[cell.cell_contents(True) for cell in torch._C._set_grad_enabled.__closure__]",
        "getattr(torch.ops.aten, 'set_grad_' + 'enabled')(True)",
        "getattr(torch.ctypes.CDLL(torch._C.__file__), '_ZN3c108GradMode11set_enabledEb')(1)",
        "class torch(metaclass=type('Hidden', (type,), {'__getattr__': lambda c, name: getattr(torch_, name)})):\n    pass\ntorch._C._InferenceMode(False).__enter__()",
    ],
)
def test_gradients_switched_on_give_none(ask: Judge, switch: str) -> None:
    """No switch of autograd's own brings its kernels back: the engine finds nothing to run."""
    judged = ask.body(MLP, f"{switch}\n{ENGINE}\ndh = do @ W2.T")
    assert judged.verdicts["dW2"].status in ("incorrect", "error"), judged.detail("dW2")
    assert judged.said("dh") == "correct"


def test_another_thread_gives_none(ask: Judge) -> None:
    work = "".join(f"    {line}\n" for line in ENGINE.strip().splitlines())
    run = "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\ndW2 = out[0]"
    judged = ask.body(MLP, f"import threading\nout = []\ndef work():\n{work}    out.append(dW2)\n{run}")
    assert judged.verdicts["dW2"].status in ("incorrect", "error")


def test_torchscript_gives_none(ask: Judge) -> None:
    """It makes graphs of gradients of its own, once it has profiled a function."""
    script = "unit = torch._C.CompilationUnit()\nunit.define('def f(h, w):\\n    return (torch.tanh(w) * torch.tanh(w) * w) * 1\\n', {'torch': torch}.get)"
    runs = "guard = torch._C._InferenceMode(False)\nguard.__enter__()\nfor _ in range(5):\n    w = torch.nn.Parameter(W2.clone())\n    y = unit.f(h, w)"
    judged = ask.body(MLP, f"{script}\n{runs}\ndW2 = torch.ones_like(W2) if y.requires_grad else h.T @ do")
    assert judged.said("dW2") == "correct", judged.detail("dW2")


def test_a_graph_made_elsewhere_is_what_the_switches_would_give() -> None:
    """The same engine call, where autograd is: so these tests can fail."""
    code = f"import torch\nW2, h, n = torch.ones(2, 3), torch.ones(4, 2), 4\n{ENGINE}\nassert dW2 is not None and dW2.abs().sum() > 0"
    exec(compile(code, "<here>", "exec"), {})


@pytest.mark.parametrize(
    "prelude",
    [
        "def rule(h, w, n):\n    w = w.clone().requires_grad_()\n    return torch.autograd.grad((h @ w).square().sum() / n, w)[0]",
        "def inner(y, w):\n    return torch.autograd.grad(y, w)[0]\n\ndef rule(h, w, n):\n    return inner((h @ w).square().sum() / n, w)",
        "from torch.autograd import grad\n\ndef rule(h, w, n):\n    return grad((h @ w).square().sum() / n, w)[0]",
        "import torch.autograd as magic\n\ndef rule(h, w, n):\n    return magic.grad((h @ w).square().sum() / n, w)[0]",
        "from torch.func import grad as slope\nrule = lambda h, w, n: slope(lambda v: (h @ v).square().sum() / n)(w)",
        "class Rule:\n    def __call__(self, h, w, n):\n        with torch.enable_grad():\n            w = w.clone().requires_grad_()\n"
        "            (h @ w).square().sum().backward()\n        return w.grad / n\n\ndef rule(h, w, n):\n    return Rule()(h, w, n)",
        "class Rule(torch.nn.Module):\n    def __init__(self, w):\n        super().__init__()\n        self.w = torch.nn.Parameter(w)\n\n"
        "def rule(h, w, n):\n    m = Rule(w)\n    (h @ m.w).square().sum().backward()\n    return m.w.grad / n",
    ],
)
def test_asking_in_a_helper(ask: Judge, prelude: str) -> None:
    judged = ask.body(MLP, "dW2 = rule(h, W2, n)\ndh = do @ W2.T\ndo = 2 * o / n", prelude)
    assert refused(judged.verdicts["dW2"]), (judged.said("dW2"), judged.detail("dW2"))
    assert judged.said("do") == "correct"


def test_an_unused_import_is_nothing(ask: Judge) -> None:
    ask.marks(
        MLP,
        "do = 2 * o / n  # -> correct\ndW2 = h.T @ do  # -> correct",
        "import torch.autograd as ag\nfrom torch.autograd import grad\nimport torch.func",
    )


def test_asking_costs_only_what_rests_on_it(ask: Judge) -> None:
    judged = ask.marks(
        MLP,
        """
        do = 2 * o / n                          # -> correct
        loss.backward()
        dW2 = W2.grad                           # -> incorrect autograd-used
        dh = do @ W2.T                          # -> correct
        dpre = torch.autograd.grad(h, pre, dh)  # -> incorrect autograd-used
        db1 = dpre.sum(0)                       # -> correct
        """,
    )
    assert "grad" in judged.verdicts["dW2"].asked


def test_asking_earns_nothing_even_when_the_value_is_right(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        W2.requires_grad_(True)
        dh = do @ W2.T                          # -> correct
        check = torch.autograd.grad if n < 0 else None
        dW2 = h.T @ do if check is None else check  # -> incorrect autograd-used
        """,
    )


def test_what_only_looks_like_asking(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        import copy
        with torch.no_grad():
            do = 2 * o.detach() / n                         # -> correct
        own = copy.deepcopy(h)
        dW2 = own.T @ copy.deepcopy(do)                     # -> correct
        cell = Cell(h, W2)
        cell.backward(do)
        dh = cell.grad                                      # -> correct
        h.requires_grad_(False)
        slope = 1 - torch.tensor(h.tolist(), requires_grad=False)**2
        torch.set_grad_enabled(False)
        dpre = slope * dh                                   # -> correct
        grad, backward = dpre, x.T
        dW1 = torch.zeros_like(W1, requires_grad=False)
        dW1 += backward @ grad                              # -> correct
        assert not x.requires_grad
        print(x, x.is_leaf, repr(x))
        with torch.inference_mode():
            db1 = grad.sum(0)                               # -> correct
        """,
        """
        class Cell:
            def __init__(self, h, W):
                self.h, self.W, self.grad = h, W, None

            def backward(self, g):
                self.grad = g @ self.W.T
        """,
    )


def test_habits_that_ask_nothing(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = (2 * o / n).requires_grad_(False)              # -> correct
        W = W2.clone().requires_grad_()
        dh = do @ W.T                                       # -> correct
        dpre = torch.tensor((1 - h**2).tolist(), requires_grad=True) * dh.detach().requires_grad_(True)  # -> correct
        rows = torch.func.vmap(lambda row: row * 1.0)
        dW1 = x.T @ rows(dpre)                              # -> correct
        dW2 = h.T @ each(lambda row: row + 0.0)(do)         # -> correct
        dpre.requires_grad = True
        db1 = torch.vmap(torch.sum)(dpre.T)                 # -> correct
        """,
        "import torch.func\nfrom torch.func import vmap as each",
    )


def test_the_word_autograd_in_text_is_nothing(ask: Judge) -> None:
    ask.marks(MLP, "# like loss.backward()\nnote = 'torch.autograd.grad(x).grad'\ndo = 2 * o / n  # -> correct")


def test_a_namespace_of_gradients(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        from types import SimpleNamespace
        out = SimpleNamespace(grad=2 * o / n)
        do = out.grad                                       # -> correct
        grads = {'W2': h.T @ do}
        dW2 = grads['W2']                                   # -> correct
        """,
    )


def test_finite_differences_are_work(ask: Judge) -> None:
    """Central differences of a quadratic are exact up to rounding; of tanh they are not good enough."""
    ask.marks(
        RESIDUAL,
        """
        def loss_at(y_):
            return (y_ * y_ * v).sum()
        dy = torch.zeros_like(y)
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                step = torch.zeros_like(y)
                step[i, j] = 1
                dy[i, j] = (loss_at(y + step) - loss_at(y - step)) / 2
        # -> dy: correct
        dr = torch.zeros_like(r)
        for i in range(r.shape[0]):
            for j in range(r.shape[1]):
                step = torch.zeros_like(r)
                step[i, j] = 1e-3
                dr[i, j] = ((torch.tanh(r + step) - torch.tanh(r - step)) * dt).sum() / 2e-3
        # -> dr: incorrect
        """,
    )


def test_the_learners_tensors_do_not_track(ask: Judge) -> None:
    ask.marks(MLP, "assert not any(t.requires_grad for t in (x, W1, b1, W2, h, o))\ndo = 2 * o / n  # -> correct")


def test_a_habit_costs_nothing(ask: Judge) -> None:
    """The notebook switches gradients on for its parameters; whoever does that and writes the gradients by hand asks nobody."""
    ask.marks(
        MLP,
        """
        for p in (W1, b1, W2):
            p.requires_grad = True
        W2.requires_grad = True
        do = 2 * o / n                          # -> correct
        dW2 = h.T @ do                          # -> correct
        dh = do @ W2.T                          # -> correct
        """,
    )
