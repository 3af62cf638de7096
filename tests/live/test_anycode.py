"""What is said of code as people write it: each text once went wrong, or may."""

from __future__ import annotations

import pytest
from scripts import caret, said

from backprop_check.errors import BadInput

FUNCTIONS = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a ** 2
    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return 3 * a * g
class Array(Square):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return torch.from_numpy(a.detach().numpy() ** 2)
class With(Square):
    @staticmethod
    def forward(ctx, a, how):
        ctx.save_for_backward(a)
        return a ** 2
    @staticmethod
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] * g, None
class Lin(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, scale):
        ctx.save_for_backward(x, w)
        ctx.scale = scale
        return (x @ w.T + b) * scale
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        g = g * ctx.scale
        return g @ w, g.T @ x, g.mean(0), None
"""

SAMPLES: dict[str, tuple[str, list[str], str]] = {
    "exact is against the gradient as it is": (
        "a = torch.randn(5, 3, requires_grad=True)\nc = (a * 2).exp()\np = c / c.sum(1, keepdim=True)\np.retain_grad()\n"
        "loss = -p.log()[range(5), [0, 1, 2, 0, 1]].mean()\nloss.backward()\ncmp('p', p.grad.clone(), p)\n",
        ["exact: True  | approximate: True  | maxdiff: 0.0\n"],
        "",
    ),
    "one pass with a gradient is not many": (
        "x = torch.randn(6, 4, requires_grad=True); g = torch.randn(6, 4)\ny = torch.softmax(x, 1)\ny.backward(g)\n"
        "dx = y * (g - (g * y).sum(1))\ncmp('x', dx, x)\n".replace("6, 4", "5, 5"),
        ["`sum` drops the axis it runs over"],
        "(g * y).sum(1)",
    ),
    "a missing path under a gradient that was given": (
        "x = torch.randn(6, 4, requires_grad=True); g = torch.randn(6, 4)\nm = x.mean(0)\nv = ((x - m) ** 2).mean(0)\n"
        "out = (x - m) / torch.sqrt(v + 1e-5)\nout.backward(gradient=g)\nr = (v + 1e-5) ** -0.5\ndx = r * (g - g.mean(0))\ncmp('x', dx, x)\n",
        ["through var: no".replace("var", "v"), "that use sends a gradient back"],
        "r * (g - g.mean(0))",
    ),
    "another output than the loss": (
        "x = torch.randn(5, 3); w = torch.randn(3, 2, requires_grad=True)\ny = x @ w\nloss = y.mean()\ny.sum().backward()\n"
        "dw = x.T @ torch.ones(5, 2) / 10\ncmp('w', dw, w)\n",
        ["`/ 10` does not belong here"],
        "10",
    ),
    "a multiple of the loss": (
        "x = torch.randn(5, 3); w = torch.randn(3, 2, requires_grad=True)\ny = x @ w\nloss = (y ** 2).sum()\n(3 * loss).backward()\n"
        "dw = x.T @ (2 * y)\ncmp('w', dw, w)\n",
        ["the factor 3 is missing"],
        "x.T @ (2 * y)",
    ),
    "the same pass twice": (
        "x = torch.randn(5, 3); w = torch.randn(3, 2, requires_grad=True)\ny = x @ w\nloss = (y ** 2).sum()\n"
        "loss.backward(retain_graph=True)\nloss.backward()\ndw = x.T @ (2 * y)\ncmp('w', dw, w)\n",
        ["`w.grad` itself is 2 times the gradient of this forward: backward() ran 2 times", "Set `w.grad = None`"],
        "",
    ),
    "passes that add up": (
        "x = torch.randn(5, 3); w = torch.randn(3, 2, requires_grad=True)\ny = x @ w\na = (y ** 2).sum()\nb = y.exp().sum()\n"
        "a.backward(retain_graph=True)\nb.backward()\ndw = x.T @ (2 * y)\ncmp('w', dw, w)\n",
        ["`w.grad` holds the gradients of 2 calls of backward(), which add up."],
        "2 * y",
    ),
    "a function and a number": (
        "def lin(x, w, b): return x @ w + b\ndef relu(x): return x.clamp_min(0.)\ndef mse(o, t): return (o[:, 0] - t).pow(2).mean()\n"
        "x = torch.randn(9, 4); t = torch.randn(9)\nw1 = torch.randn(4, 5, requires_grad=True); b1 = torch.zeros(5, requires_grad=True)\n"
        "w2 = torch.randn(5, 1, requires_grad=True); b2 = torch.zeros(1, requires_grad=True)\nl2 = relu(lin(x, w1, b1))\n"
        "out = lin(l2, w2, b2)\nloss = mse(out, t)\ndout = 2 * (out[:, 0] - t)[:, None] / 9\ndb2 = dout.mean(0)\ncheck(loss, b2=db2)\n",
        ["this averages what should be added up"],
        "dout.mean(0)",
    ),
    "attributes": (
        "class A: pass\nm = A(); m.w = torch.randn(4, 3, requires_grad=True); m.b = torch.zeros(3, requires_grad=True)\n"
        "x = torch.randn(5, 4)\nloss = ((x @ m.w + m.b) ** 2).sum()\nloss.backward()\ng = 2 * (x @ m.w + m.b)\n"
        "cmp('m.b', g.sum(0, keepdim=True), m.b)\ncmp('m.w', g.T @ x, m.w)\ncmp('m.w', (x.T @ g).detach().numpy(), m.w)\n",
        ["(1, 3), but m.b is (3,)\n", "You built the transpose", "approximate: True  | maxdiff"],
        "g.sum(0, keepdim=True)",
    ),
    "a float": (
        "c = torch.tensor(2.0, requires_grad=True); (c ** 2).backward()\ncmp('c', 4.0, c)\n",
        ["a float, not a tensor\n   This is a float, not a tensor ().\n   The number is right.\n   help: Leave `.item()` out"],
        "",
    ),
    "a custom function": (
        "class Relu(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n        ctx.save_for_backward(a)\n"
        "        return a.clamp(min=0)\n    @staticmethod\n    def backward(ctx, g):\n        return g.clamp(min=0)\n"
        "x = torch.randn(6, 4, requires_grad=True)\ny = Relu.apply(x)\nloss = ((y - 1) ** 2).sum()\nloss.backward()\n"
        "cmp('x', x.grad.clone(), x)\ndx = 2 * (y - 1) * (x > 0)\ncmp('x', dx, x)\n",
        [
            "approximate: False",
            "This is autograd's own `x.grad`, and it came out of `Relu.backward`: it is not the",
            "this is held against autograd's\n   gradient of the forward itself",
            "Relu.backward (program",
            "this lets the gradient through at other places",
            "approximate: True",
        ],
        "g.clamp(min=0)",
    ),
    "custom functions in a module, given what is gone": (
        FUNCTIONS
        + "class Layer(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.b = nn.Parameter(torch.zeros(3))\n"
        "        self.w = nn.Parameter(torch.randn(3, 4))\n    def forward(self, x):\n        return Square.apply(Lin.apply(x * 2, self.w, self.b, 0.5))\n"
        "m = Layer()\nloss = m(torch.randn(6, 4)).sum()\nloss.backward()\ncmp('m.b', m.b.grad, m.b)\n",
        [
            "came out of `Square.backward` and\n   `Lin.backward`: it is not the gradient",
            "Lin.backward (program",
            "the gradient of `b` is wrong",
            "averages what should be added up",
            "Square.backward (program",
            "the gradient of `a` is wrong",
        ],
        "3 * a",
    ),
    "a custom function whose forward is not recorded": (
        FUNCTIONS + "x = torch.randn(6, 4, requires_grad=True)\nArray.apply(x).sum().backward()\ncmp('x', 2 * x, x)\n",
        ["came out of `Array.backward`: where that is wrong, this is held\n   against what is wrong", "Array.backward (program"],
        "3",
    ),
    "a custom function that was given what is not kept": (
        FUNCTIONS + "x = torch.randn(6, 4, requires_grad=True)\nWith.apply(x, object()).sum().backward()\ncmp('x', 2 * x, x)\n",
        ["approximate: True", "   `gradcheck(With.apply, (a, how))` says which line of it is wrong, if one is.\n"],
        "",
    ),
    "the slip above an in-place line": (
        "x = torch.randn(6, 4, requires_grad=True); g = torch.randn(6, 4)\nmean = x.mean(-1, keepdim=True)\nxs = x - mean\n"
        "var = (xs ** 2).mean(-1, keepdim=True)\nr = (var + 1e-5) ** -0.5\nnrm = xs * r\nloss = (nrm * g).sum()\n"
        "dx = g - nrm * (g * nrm).mean(-1, keepdim=True)\ndx *= r\ncheck(loss, x=dx)\n",
        ["through xs: yes; through mean: no"],
        "g - nrm * (g * nrm).mean(-1, keepdim=True)",
    ),
    "a loop that checks": (
        "x = torch.randn(5, 3); w = torch.randn(3, 2, requires_grad=True); b = torch.randn(2, requires_grad=True)\ny = x @ w + b\n"
        "loss = (y ** 2).mean()\nloss.backward()\ndy = 2 * y / y.numel()\ndw = x.T @ dy\ndb = dy.sum(0, keepdim=True)\n"
        "for p, g in zip([w, b], [dw, db]):\n    cmp(str(tuple(p.shape)), g, p)\n",
        ["(1, 2), but b is (2,)"],
        "dy.sum(0, keepdim=True)",
    ),
    "backward in a training loop": (
        "n = 6\nw = torch.randn(4, 3, requires_grad=True)\nfor step in range(3):\n    x = torch.randn(n, 4); lab = torch.randint(0, 3, (n,))\n"
        "    z = x @ w\n    loss = F.cross_entropy(z, lab)\n    w.grad = None\n    loss.backward()\n    dz = F.softmax(z, 1)\n"
        "    dz[range(n), lab] += 1\n    dz /= n\n    dw = x.T @ dz\ncmp('w', dw, w)\ncheck(loss, z=dz)\n",
        ["The formula is right: it uses `dz`, which is not right"],
        "",
    ),
    "an argument called like a gradient": (
        "c = torch.randn(4, 3, requires_grad=True); f = torch.randn(4, 3, requires_grad=True)\n"
        "dnh = torch.randn(4, 3); dnc = torch.randn(4, 3)\nnc = f * c\nnh = torch.tanh(nc)\nloss = (nh * dnh + nc * dnc).sum()\n"
        "loss.backward()\ndef step_backward(dnh, dnc, f, c):\n    dnc = dnc + (1 - torch.tanh(f * c) ** 2) * dnh\n"
        "    return dnc * f, dnc * f\ndc, df = step_backward(dnh, dnc, f, c)\ncmp('c', dc, c)\ncmp('f', df, f)\n",
        ["`f` stands where another tensor belongs"],
        "dnc * f",
    ),
    "a local name is no gradient of another's": (
        "def relu_back(dout, x):\n    dx = dout * (x > 0)\n    return dx\nx = torch.randn(6, 4); w = torch.randn(4, 5, requires_grad=True)\n"
        "h = x @ w\nloss = torch.relu(h).pow(2).sum()\nloss.backward()\ndh = relu_back(2 * torch.relu(h), h)\ndw = x.T @ -dh\ncmp('w', dw, w)\n",
        ["this minus does not belong here"],
        "-dh",
    ),
    "a dict of gradients": (
        "x = torch.randn(6, 4); w = torch.randn(4, 3, requires_grad=True)\ny = x @ w\nloss = (y ** 2).sum()\nloss.backward()\n"
        "grads = {'y': 2 * y}\ngrads['w'] = -x.T @ grads['y']\nfor name, g in grads.items():\n    if name == 'w':\n        cmp(name, g, w)\n",
        ["this minus does not belong here"],
        "-x.T",
    ),
    "another attempt under another name": (
        "x = torch.randn(6, 4); w = torch.randn(4, 3, requires_grad=True)\ny = x @ w\nloss = (y ** 2).sum()\nloss.backward()\n"
        "dw = x.T @ (3 * y)\ndw_better = -x.T @ (2 * y)\ncmp('w', dw_better, w)\n",
        ["this minus does not belong here"],
        "-x.T",
    ),
    "a dropped eps": (
        "x = torch.randn(5, 6, requires_grad=True); g = torch.randn(5, 6)\nm = x.mean(1, keepdim=True)\nv = ((x - m) ** 2).mean(1, keepdim=True)\n"
        "r = (v + 3e-5) ** -0.5\nloss = ((x - m) * r * g).sum()\nloss.backward()\nr = v ** -0.5\nn = (x - m) * r\n"
        "dx = r * (g - g.mean(1, keepdim=True) - n * (g * n).mean(1, keepdim=True))\ncmp('x', dx, x)\n",
        ["approximate: True", "It is right to float32's rounding, but not in float64:", "`3e-05` of the forward is missing here"],
        "",
    ),
}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_sample(sample: tuple[str, list[str], str]) -> None:
    text, due, place = sample
    told = said(text)
    assert all(part in told for part in due), told
    assert not place or caret(told) == place, told
    assert "uses `dnc`" not in told and "000000 times" not in told


def test_nothing_is_said_of_the_lines_of_a_function_that_is_right() -> None:
    text = FUNCTIONS.replace("3 * a", "2 * a") + "x = torch.randn(6, 4, requires_grad=True)\nSquare.apply(x).sum().backward()\n"
    told = said(text + "cmp('x', 3 * x, x)\n")
    assert "approximate: False" in told and "came out of `Square.backward`" in told and "Square.backward (" not in told
    assert caret(told) == "3 * x" or "3/2" in told, told


def test_a_loss_that_is_a_number_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"`loss` is a float, not a tensor, and knows no forward: leave `\.item\(\)` out of its line\.$"):
        said("w = torch.randn(3, requires_grad=True)\nloss = (w ** 2).sum().item()\ncheck(loss, w=2 * w)\n")


def test_assert_gradient_has_the_tests_own_names() -> None:
    from backprop_check.pytest_plugin.fixtures import assert_gradient

    text = "layer = nn.Linear(4, 3); x = torch.randn(5, 4)\ny = layer(x)\n(y ** 2).sum().backward()\nd = x.T @ (2 * y)\n"
    with pytest.raises(AssertionError, match=r"(?s)layer\.weight .*\(4, 3\), but layer\.weight is \(3, 4\)"):
        said(text + "assert_gradient(d, layer.weight)\n", assert_gradient=assert_gradient)
