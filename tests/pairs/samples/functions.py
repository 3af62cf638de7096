"""Functions as kernel repositories write them, right; `CASES` says on what they run, and which slips make them wrong."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd import Function


class Swish(Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, grad_output):
        x, s = ctx.saved_tensors
        grad = s + x * s * (1 - s)
        return grad_output * grad


class Relu(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * (a > 0)


class LeakyRelu(Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        dx = torch.where(x > 0, dy, ctx.slope * dy)
        return dx, None


class Exp(Function):
    @staticmethod
    def forward(ctx, i):
        result = i.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        (result,) = ctx.saved_tensors
        return grad_output * result


class Tanh(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y**2)


class GeluTanh(Function):
    @staticmethod
    def forward(ctx, x):
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        t = torch.tanh(u)
        ctx.save_for_backward(x, t)
        return 0.5 * x * (1 + t)

    @staticmethod
    def backward(ctx, dy):
        x, t = ctx.saved_tensors
        du = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
        dx = dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du)
        return dx


class Linear(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class LinearSetup(Function):
    @staticmethod
    def forward(x, w):
        return x @ w

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w = inputs
        ctx.save_for_backward(x, w)

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        dx = dy @ w.T
        dw = x.T @ dy
        return dx, dw


class BatchedMatmul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return torch.bmm(a, b)

    @staticmethod
    def backward(ctx, dc):
        a, b = ctx.saved_tensors
        da = torch.bmm(dc, b.transpose(1, 2))
        db = torch.bmm(a.transpose(1, 2), dc)
        return da, db


class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, logits, target):
        p = torch.softmax(logits, 1)
        ctx.save_for_backward(p, target)
        return -torch.log(p[torch.arange(len(target)), target]).mean()

    @staticmethod
    def backward(ctx, g):
        p, target = ctx.saved_tensors
        d = p.clone()
        d[torch.arange(len(target)), target] -= 1
        d = d / len(target)
        return d * g, None


class FusedLinearCrossEntropy(Function):
    @staticmethod
    def forward(ctx, x, w, target):
        logits = x @ w.T
        logp = logits - logits.logsumexp(1, keepdim=True)
        n = x.shape[0]
        loss = -logp[torch.arange(n), target].sum() / n
        dlogits = logp.exp()
        dlogits[torch.arange(n), target] -= 1
        dlogits = dlogits / n
        ctx.save_for_backward(dlogits @ w, dlogits.T @ x)
        return loss

    @staticmethod
    def backward(ctx, g):
        dx, dw = ctx.saved_tensors
        return dx * g, dw * g, None


class Softmax(Function):
    @staticmethod
    def forward(ctx, x):
        e = torch.exp(x - x.max(-1, keepdim=True).values)
        y = e / e.sum(-1, keepdim=True)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return y * (dy - (dy * y).sum(-1, keepdim=True))


class LogSoftmax(Function):
    @staticmethod
    def forward(ctx, x):
        y = x - x.logsumexp(-1, keepdim=True)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy - y.exp() * dy.sum(-1, keepdim=True)


class LayerNorm(Function):
    @staticmethod
    def forward(ctx, x, w, b, eps):
        mu = x.mean(-1, keepdim=True)
        var = ((x - mu) ** 2).mean(-1, keepdim=True)
        rstd = (var + eps).rsqrt()
        xhat = (x - mu) * rstd
        ctx.save_for_backward(xhat, rstd, w)
        return xhat * w + b

    @staticmethod
    def backward(ctx, dy):
        xhat, rstd, w = ctx.saved_tensors
        db = dy.sum(0)
        dw = (dy * xhat).sum(0)
        dxhat = dy * w
        dx = rstd * (dxhat - dxhat.mean(-1, keepdim=True) - xhat * (dxhat * xhat).mean(-1, keepdim=True))
        return dx, dw, db, None


class RMSNorm(Function):
    @staticmethod
    def forward(ctx, x, w):
        r = torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6)
        ctx.save_for_backward(x, w, r)
        return x * r * w

    @staticmethod
    def backward(ctx, dy):
        x, w, r = ctx.saved_tensors
        dw = (dy * x * r).sum(0)
        g = dy * w
        dx = r * g - x * r**3 * (g * x).mean(-1, keepdim=True)
        return dx, dw


class BatchNorm(Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        mu = x.mean(0)
        xc = x - mu
        inv = 1 / torch.sqrt((xc**2).mean(0) + 1e-5)
        ctx.save_for_backward(xc, inv, gamma)
        return gamma * xc * inv + beta

    @staticmethod
    def backward(ctx, dy):
        xc, inv, gamma = ctx.saved_tensors
        n = dy.shape[0]
        dbeta = dy.sum(0)
        dgamma = (dy * xc * inv).sum(0)
        dx = gamma * inv / n * (n * dy - dbeta - xc * inv * dgamma)
        return dx, dgamma, dbeta


class Clamp(Function):
    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        inside = (x >= ctx.low) & (x <= ctx.high)
        return dy * inside, None, None


class Embedding(Function):
    @staticmethod
    def forward(ctx, weight, index):
        ctx.save_for_backward(index)
        ctx.rows = weight.shape
        return weight[index]

    @staticmethod
    def backward(ctx, dout):
        (index,) = ctx.saved_tensors
        dweight = torch.zeros(ctx.rows, dtype=dout.dtype)
        dweight.index_put_((index,), dout, accumulate=True)
        return dweight, None


class Gather(Function):
    @staticmethod
    def forward(ctx, x, index):
        ctx.save_for_backward(index)
        ctx.shape = x.shape
        return x.gather(1, index)

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        dx = torch.zeros(ctx.shape, dtype=dy.dtype).scatter_add(1, index, dy)
        return dx, None


class ScatterAdd(Function):
    @staticmethod
    def forward(ctx, base, index, src):
        ctx.save_for_backward(index)
        return base.scatter_add(1, index, src)

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        return dy, None, dy.gather(1, index)


class Attention(Function):
    @staticmethod
    def forward(ctx, q, k, v):
        scale = q.shape[-1] ** -0.5
        s = q @ k.transpose(-1, -2) * scale
        p = torch.softmax(s, -1)
        ctx.save_for_backward(q, k, v, p)
        ctx.scale = scale
        return p @ v

    @staticmethod
    def backward(ctx, do):
        q, k, v, p = ctx.saved_tensors
        dv = p.transpose(-1, -2) @ do
        dp = do @ v.transpose(-1, -2)
        ds = p * (dp - (dp * p).sum(-1, keepdim=True))
        dq = ds @ k * ctx.scale
        dk = ds.transpose(-1, -2) @ q * ctx.scale
        return dq, dk, dv


class FlashAttention(Function):
    @staticmethod
    def forward(ctx, q, k, v):
        block, scale = 2, q.shape[-1] ** -0.5
        o = torch.zeros_like(q)
        m = torch.full_like(q[:, :1], -1e9)
        l = torch.zeros_like(q[:, :1])
        for j in range(0, k.shape[0], block):
            s = q @ k[j : j + block].T * scale
            new = torch.maximum(m, s.max(1, keepdim=True).values)
            p = torch.exp(s - new)
            fix = torch.exp(m - new)
            l = l * fix + p.sum(1, keepdim=True)
            o = o * fix + p @ v[j : j + block]
            m = new
        o = o / l
        lse = m + torch.log(l)
        ctx.save_for_backward(q, k, v, o, lse)
        return o

    @staticmethod
    def backward(ctx, do):
        q, k, v, o, lse = ctx.saved_tensors
        scale = q.shape[-1] ** -0.5
        p = torch.exp(q @ k.T * scale - lse)
        dv = p.T @ do
        dp = do @ v.T
        delta = (do * o).sum(1, keepdim=True)
        ds = p * (dp - delta)
        dq = ds @ k * scale
        dk = ds.T @ q * scale
        return dq, dk, dv


class ConvByUnfold(Function):
    @staticmethod
    def forward(ctx, x, w):
        n, c, h, wd = x.shape
        f, _, kh, kw = w.shape
        cols = F.unfold(x, (kh, kw))
        ctx.save_for_backward(cols, w)
        ctx.size = (h, wd)
        return (w.reshape(f, -1) @ cols).reshape(n, f, h - kh + 1, wd - kw + 1)

    @staticmethod
    def backward(ctx, dy):
        cols, w = ctx.saved_tensors
        n, f = dy.shape[:2]
        flat = dy.reshape(n, f, -1)
        dw = (flat @ cols.transpose(1, 2)).sum(0).reshape(w.shape)
        dcols = w.reshape(f, -1).T @ flat
        dx = F.fold(dcols, ctx.size, w.shape[2:])
        return dx, dw


class SwiGLU(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * torch.sigmoid(a) * b

    @staticmethod
    def backward(ctx, dc):
        a, b = ctx.saved_tensors
        sig = torch.sigmoid(a)
        silu = a * sig
        da = dc * b * (silu * (1 - sig) + sig)
        db = dc * silu
        return da, db


class Rope(Function):
    @staticmethod
    def forward(ctx, x, cos, sin):
        a, b = x[:, ::2], x[:, 1::2]
        y = torch.empty_like(x)
        y[:, ::2] = a * cos - b * sin
        y[:, 1::2] = a * sin + b * cos
        ctx.save_for_backward(cos, sin)
        return y

    @staticmethod
    def backward(ctx, dy):
        cos, sin = ctx.saved_tensors
        da, db = dy[:, ::2], dy[:, 1::2]
        dx = torch.empty_like(dy)
        dx[:, ::2] = da * cos + db * sin
        dx[:, 1::2] = -da * sin + db * cos
        return dx, None, None


class MSE(Function):
    @staticmethod
    def forward(ctx, y, t):
        ctx.save_for_backward(y, t)
        return ((y - t) ** 2).mean()

    @staticmethod
    def backward(ctx, g):
        y, t = ctx.saved_tensors
        dy = 2 * (y - t) / y.numel() * g
        return dy, -dy


class L1(Function):
    @staticmethod
    def forward(ctx, y, t):
        ctx.save_for_backward(y - t)
        return (y - t).abs().sum()

    @staticmethod
    def backward(ctx, g):
        (d,) = ctx.saved_tensors
        return g * d.sign(), -g * d.sign()


class BCEWithLogits(Function):
    @staticmethod
    def forward(ctx, z, t):
        ctx.save_for_backward(z, t)
        return (z.clamp(min=0) - z * t + torch.log1p(torch.exp(-z.abs()))).mean()

    @staticmethod
    def backward(ctx, g):
        z, t = ctx.saved_tensors
        dz = (torch.sigmoid(z) - t) / z.numel()
        return g * dz, None


class Huber(Function):
    @staticmethod
    def forward(ctx, y, t, delta):
        d = y - t
        ctx.save_for_backward(d)
        ctx.delta = delta
        return torch.where(d.abs() <= delta, 0.5 * d**2, delta * (d.abs() - 0.5 * delta)).sum()

    @staticmethod
    def backward(ctx, g):
        (d,) = ctx.saved_tensors
        dy = g * d.clamp(-ctx.delta, ctx.delta)
        return dy, -dy, None


class Norm(Function):
    @staticmethod
    def forward(ctx, x):
        n = (x**2).sum(-1, keepdim=True).sqrt()
        y = x / n
        ctx.save_for_backward(y, n)
        return y

    @staticmethod
    def backward(ctx, dy):
        y, n = ctx.saved_tensors
        return (dy - y * (dy * y).sum(-1, keepdim=True)) / n


class CumSum(Function):
    @staticmethod
    def forward(ctx, x):
        return x.cumsum(1)

    @staticmethod
    def backward(ctx, dy):
        return dy.flip(1).cumsum(1).flip(1)


class MaxPool(Function):
    @staticmethod
    def forward(ctx, x):
        y, index = x.reshape(x.shape[0], -1, 2).max(-1)
        ctx.save_for_backward(index)
        ctx.shape = x.shape
        return y

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        dx = torch.zeros(*index.shape, 2, dtype=dy.dtype).scatter(-1, index.unsqueeze(-1), dy.unsqueeze(-1))
        return dx.reshape(ctx.shape)


class TwoOutputs(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y, x + y

    @staticmethod
    def backward(ctx, dprod, dsum):
        x, y = ctx.saved_tensors
        return dprod * y + dsum, dprod * x + dsum


class GradientReversal(Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g


class RoundSTE(Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, g):
        return g


class SignSTE(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sign(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1)


class InNumPy(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(x.detach().numpy() ** 2 + 1)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x


class Cholesky(Function):
    @staticmethod
    def forward(ctx, a, b):
        x = torch.linalg.solve(a, b)
        ctx.save_for_backward(a, x)
        return x

    @staticmethod
    def backward(ctx, dx):
        a, x = ctx.saved_tensors
        db = torch.linalg.solve(a.T, dx)
        da = -db @ x.T
        return da, db


class Dropout(Function):
    @staticmethod
    def forward(ctx, x, mask, p):
        ctx.save_for_backward(mask)
        ctx.p = p
        return x * mask / (1 - p)

    @staticmethod
    def backward(ctx, dy):
        (mask,) = ctx.saved_tensors
        return dy * mask / (1 - ctx.p), None, None


class InPlace(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.clone()
        y *= y
        y += 1
        ctx.save_for_backward(x)
        return y

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return 2 * x * dy


class Averaged(Function):
    """A moving average along the first axis."""

    @staticmethod
    def forward(ctx, x, decay):
        out = torch.empty_like(x)
        state = torch.zeros_like(x[0])
        for t in range(x.shape[0]):
            state = decay * state + (1 - decay) * x[t]
            out[t] = state
        ctx.save_for_backward(x, out, decay)
        return out

    @staticmethod
    def backward(ctx, dout):
        x, out, decay = ctx.saved_tensors
        dx, ddecay, dstate = torch.zeros_like(x), torch.zeros_like(decay), torch.zeros_like(x[0])
        for t in range(x.shape[0] - 1, -1, -1):
            dstate = dstate + dout[t]
            dx[t] = (1 - decay) * dstate
            before = out[t - 1] if t > 0 else torch.zeros_like(x[0])
            ddecay += (dstate * (before - x[t])).sum(0)
            dstate = dstate * decay
        return dx, ddecay


class ScaledInPlace(Function):
    @staticmethod
    def forward(ctx, x, s):
        ctx.save_for_backward(x.clone(), s)
        x.mul_(s)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s, (g * x).sum(0)


def r(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def cases() -> dict[type[Function], tuple[tuple[Any, ...], list[tuple[str, str]]]]:
    """By function what it runs on, and slips: a text in its backward, and what stands there instead."""
    torch.manual_seed(0)
    labels, index = torch.tensor([0, 1, 2, 3, 1]), torch.tensor([[0, 2], [1, 1], [3, 0]])
    angle = torch.rand(3, 2, dtype=torch.float64)
    return {
        Swish: ((r(4, 3),), [("(1 - s)", "(1 + s)"), ("grad_output * grad", "grad")]),
        Relu: ((r(5, 4),), [("(a > 0)", "(g > 0)"), ("g * (a > 0)", "g.clamp(min=0)")]),
        LeakyRelu: ((r(5, 4), 0.1), [("ctx.slope * dy)", "dy)"), ("dy, ctx.slope * dy", "ctx.slope * dy, dy")]),
        Exp: ((r(4),), [("grad_output * result", "result")]),
        Tanh: ((r(4, 3),), [("1 - y**2", "1 - y"), ("1 - y**2", "1 + y**2")]),
        GeluTanh: ((r(4, 3),), [("3 * 0.044715", "0.044715"), ("(1 - t**2) * du", "(1 - t**2)")]),
        Linear: ((r(5, 4), r(3, 4), r(3)), [("grad_output.t().mm(input)", "input.t().mm(grad_output)"), ("grad_output.sum(0)", "grad_output.mean(0)"), ("needs_input_grad[1]", "needs_input_grad[2] and bias is None"), ("return grad_input, grad_weight, grad_bias", "return grad_input, grad_weight")]),
        LinearSetup: ((r(5, 4), r(4, 3)), [("dy @ w.T", "dy @ w"), ("return dx, dw", "return dw, dx"), ("x.T @ dy", "-(x.T @ dy)")]),
        BatchedMatmul: ((r(2, 3, 4), r(2, 4, 5)), [("b.transpose(1, 2)", "b.transpose(1, 2) / 2"), ("a.transpose(1, 2), dc)", "a.transpose(1, 2), dc).sum(0, keepdim=True)")]),
        CrossEntropy: ((r(5, 4), labels), [("d / len(target)", "d"), ("-= 1", "+= 1"), ("d * g, None", "d * g")]),
        FusedLinearCrossEntropy: ((r(5, 3), r(4, 3), labels), [("dx * g, dw * g", "dx * g, dx * g"), ("dx * g", "2 * dx * g")]),
        Softmax: ((r(4, 5),), [("(dy * y).sum(-1, keepdim=True)", "dy * y"), ("(dy * y).sum(-1, keepdim=True)", "dy.sum(-1, keepdim=True)")]),
        LogSoftmax: ((r(4, 5),), [("y.exp()", "y"), ("dy.sum(-1, keepdim=True)", "dy")]),
        LayerNorm: ((r(5, 4), r(4), r(4), 1e-5), [(" - xhat * (dxhat * xhat).mean(-1, keepdim=True)", ""), ("dxhat = dy * w", "dxhat = dy"), ("db = dy.sum(0)", "db = dy.sum(1)")]),
        RMSNorm: ((r(5, 4), r(4)), [("r**3", "r**2"), ("(g * x).mean", "(g * x).sum"), ("g = dy * w", "g = dy")]),
        BatchNorm: ((r(5, 4), r(4), r(4)), [("n * dy - dbeta", "n * dy"), ("(dy * xc * inv).sum(0)", "(dy * xc).sum(0)")]),
        Clamp: ((r(5, 4), -0.5, 0.5), [("dy * inside", "dy"), ("dy * inside", "dy * (x >= ctx.low)")]),
        Embedding: ((r(5, 3), index), [(", accumulate=True", "")]),
        Gather: ((r(3, 4), index), [("scatter_add(1, index, dy)", "scatter(1, index, dy)")]),
        ScatterAdd: ((r(3, 4), index, r(3, 2)), [("dy.gather(1, index)", "dy[:, :2]"), ("return dy, None", "return 2 * dy, None")]),
        Attention: ((r(3, 4), r(5, 4), r(5, 2)), [("ds @ k * ctx.scale", "ds @ k"), ("p * (dp - (dp * p).sum(-1, keepdim=True))", "p * dp"), ("p.transpose(-1, -2) @ do", "p.transpose(-1, -2) @ do * ctx.scale")]),
        FlashAttention: ((r(3, 4), r(4, 4), r(4, 4)), [("ds @ k * scale", "ds @ k"), ("dp - delta", "dp"), ("(do * o).sum", "(do * v[:3]).sum")]),
        ConvByUnfold: ((r(2, 2, 4, 4), r(3, 2, 2, 2)), [(".sum(0).reshape", ".mean(0).reshape")]),
        SwiGLU: ((r(4, 3), r(4, 3)), [("(silu * (1 - sig) + sig)", "(silu * (1 - sig))"), ("db = dc * silu", "db = dc * sig")]),
        Rope: ((r(3, 4), angle.cos(), angle.sin()), [("-da * sin + db * cos", "da * sin + db * cos")]),
        MSE: ((r(4, 3), r(4, 3)), [("y.numel()", "y.shape[0]"), ("return dy, -dy", "return dy, dy")]),
        L1: ((r(4, 3), r(4, 3)), [("-g * d.sign()", "g * d.sign()"), ("g * d.sign(), -", "g * d, -")]),
        BCEWithLogits: ((r(4, 3), torch.rand(4, 3, dtype=torch.float64)), [(" / z.numel()", ""), ("torch.sigmoid(z) - t", "torch.sigmoid(z) + t")]),
        Huber: ((r(4, 3), r(4, 3), 0.7), [("d.clamp(-ctx.delta, ctx.delta)", "d"), ("dy, -dy, None", "dy, dy, None")]),
        Norm: ((r(4, 3),), [("(dy - y * (dy * y).sum(-1, keepdim=True)) / n", "dy / n"), ("/ n", "/ n**2")]),
        CumSum: ((r(3, 4),), [("dy.flip(1).cumsum(1).flip(1)", "dy.cumsum(1)")]),
        MaxPool: ((r(3, 4),), [("dy.unsqueeze(-1))", "torch.ones_like(dy).unsqueeze(-1))")]),
        TwoOutputs: ((r(4), r(4)), [("dprod * y + dsum", "dprod * y"), ("dprod * x + dsum", "dprod * y + dsum")]),
        GradientReversal: ((r(4),), [("return g", "return -g")]),
        RoundSTE: ((r(4),), []),
        SignSTE: ((r(4),), []),
        InNumPy: ((r(4),), [("2 * g", "g"), ("2 * g", "-2 * g")]),
        Cholesky: ((r(3, 3), r(3, 2)), [("solve(a.T, dx)", "solve(a, dx)"), ("-db @ x.T", "db @ x.T")]),
        Dropout: ((r(4, 3), (torch.rand(4, 3) > 0.4).double(), 0.4), [(" / (1 - ctx.p)", ""), ("dy * mask", "dy")]),
        InPlace: ((r(4, 3),), [("2 * x * dy", "x * dy"), ("2 * x * dy", "2 * dy")]),
        Averaged: ((r(3, 2, 2), torch.rand(2, dtype=torch.float64, requires_grad=True)), [("(1 - decay) * dstate", "dstate"), ("ddecay +=", "ddecay ="), ("dstate = dstate * decay", "pass")]),
    }  # fmt: skip


BY_DESIGN = (RoundSTE, SignSTE)
"""Functions whose backward is not the gradient, on purpose."""
