import math

import numpy as np
import torch
from torch.autograd import Function


# ------------------------------------------------------------------ recurrent networks, columns are examples
def cell_forward(xt, a_prev, params):
    Wa, Wx, bias = params["Wa"], params["Wx"], params["ba"]
    a_next = np.tanh(np.dot(Wa, a_prev) + np.dot(Wx, xt) + bias)
    return a_next, (a_next, a_prev, xt, params)

def cell_backward(da_next, cache):
    a_next, a_prev, xt, params = cache
    Wa, Wx = params["Wa"], params["Wx"]
    dpre = (1 - a_next ** 2) * da_next
    dxt = np.dot(Wx.T, dpre)
    dWx = np.dot(dpre, xt.T)
    da_prev = np.dot(Wa.T, dpre)
    dWa = np.dot(dpre, a_prev.T)
    dba = np.sum(dpre, axis=1, keepdims=True)
    return {"dxt": dxt, "da_prev": da_prev, "dWx": dWx, "dWa": dWa, "dba": dba}


# ------------------------------------------------------------------ an LSTM over a sequence, gates in one matrix
def squash(z):
    return 1.0 / (1.0 + np.exp(-z))

def lstm_sequence_forward(seq, W, b):
    T, N, _ = seq.shape
    H = W.shape[1] // 4
    h, c = np.zeros((N, H)), np.zeros((N, H))
    hs, steps = np.zeros((T, N, H)), []
    for t in range(T):
        joined = np.concatenate([h, seq[t]], axis=1)
        gates = joined @ W + b
        i, f, o = squash(gates[:, :H]), squash(gates[:, H:2 * H]), squash(gates[:, 2 * H:3 * H])
        g = np.tanh(gates[:, 3 * H:])
        c_old = c
        c = f * c_old + i * g
        tc = np.tanh(c)
        h = o * tc
        hs[t] = h
        steps.append((joined, i, f, o, g, c_old, tc))
    return hs, (steps, W, H)

def lstm_sequence_backward(dhs, cache):
    steps, W, H = cache
    T, N, _ = dhs.shape
    dseq = np.zeros((T, N, W.shape[0] - H))
    dW, db = np.zeros_like(W), np.zeros(W.shape[1])
    dh_later, dc_later = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        joined, i, f, o, g, c_old, tc = steps[t]
        dh = dhs[t] + dh_later
        dc = dc_later + dh * o * (1 - tc ** 2)
        dgates = np.concatenate([
            dc * g * i * (1 - i),
            dc * c_old * f * (1 - f),
            dh * tc * o * (1 - o),
            dc * i * (1 - g ** 2),
        ], axis=1)
        dW += joined.T @ dgates
        db += dgates.sum(axis=0)
        djoined = dgates @ W.T
        dh_later = djoined[:, :H]
        dseq[t] = djoined[:, H:]
        dc_later = dc * f
    return dseq, dW, db


# ------------------------------------------------------------------ one step of a GRU
def gru_forward(x, h, Wz, Uz, Wr, Ur, Wn, Un):
    z = squash(x @ Wz + h @ Uz)
    r = squash(x @ Wr + h @ Ur)
    n = np.tanh(x @ Wn + (r * h) @ Un)
    out = (1 - z) * n + z * h
    return out, (x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un)

def gru_backward(dout, cache):
    x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un = cache
    dn = dout * (1 - z) * (1 - n ** 2)
    dz = dout * (h - n) * z * (1 - z)
    drh = dn @ Un.T
    dr = drh * h * r * (1 - r)
    dx = dn @ Wn.T + dz @ Wz.T + dr @ Wr.T
    dh = dout * z + drh * r + dz @ Uz.T + dr @ Ur.T
    dWz, dUz = x.T @ dz, h.T @ dz
    dWr, dUr = x.T @ dr, h.T @ dr
    dWn, dUn = x.T @ dn, (r * h).T @ dn
    return dx, dh, dWz, dUz, dWr, dUr, dWn, dUn


# ------------------------------------------------------------------ losses that return their gradient
def hinge_loss(x, y):
    N = x.shape[0]
    right = x[np.arange(N), y]
    margins = np.maximum(0, x - right[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    above = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= above
    dx /= N
    return loss, dx

def log_softmax_loss(x, y):
    moved = x - np.max(x, axis=1, keepdims=True)
    total = np.sum(np.exp(moved), axis=1, keepdims=True)
    log_probs = moved - np.log(total)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = np.exp(log_probs)
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


# ------------------------------------------------------------------ a convolution by columns
def columns(images, kh, kw, stride):
    N, C, H, W = images.shape
    oh, ow = (H - kh) // stride + 1, (W - kw) // stride + 1
    cols = np.zeros((N, C, kh, kw, oh, ow))
    for a in range(kh):
        for b in range(kw):
            cols[:, :, a, b] = images[:, :, a:a + stride * oh:stride, b:b + stride * ow:stride]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, -1)

def conv_columns_forward(images, kernels, bias):
    N, _, H, W = images.shape
    K, C, kh, kw = kernels.shape
    cols = columns(images, kh, kw, 1)
    flat = kernels.reshape(K, -1)
    out = (cols @ flat.T + bias).reshape(N, H - kh + 1, W - kw + 1, K).transpose(0, 3, 1, 2)
    return out, (images.shape, kernels, cols)

def conv_columns_backward(dout, cache):
    (N, C, H, W), kernels, cols = cache
    K, _, kh, kw = kernels.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(-1, K)
    dbias = rows.sum(axis=0)
    dkernels = (rows.T @ cols).reshape(kernels.shape)
    dcols = rows @ kernels.reshape(K, -1)
    oh, ow = dout.shape[2:]
    dcols = dcols.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    dimages = np.zeros((N, C, H, W))
    for a in range(kh):
        for b in range(kw):
            dimages[:, :, a:a + oh, b:b + ow] += dcols[:, :, a, b]
    return dimages, dkernels, dbias


# ------------------------------------------------------------------ norms of images
def channel_norm_forward(x, scale, shift):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    mean = rows.mean(axis=0)
    var = rows.var(axis=0)
    std = np.sqrt(var + 1e-5)
    normed = (rows - mean) / std
    out = (scale * normed + shift).reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, (normed, scale, std)

def channel_norm_backward(dout, cache):
    normed, scale, std = cache
    N, C, H, W = dout.shape
    drows = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    M = drows.shape[0]
    dshift = np.sum(drows, axis=0)
    dscale = np.sum(drows * normed, axis=0)
    dnormed = drows * scale
    dx = (M * dnormed - dnormed.sum(axis=0) - normed * (dnormed * normed).sum(axis=0)) / (M * std)
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dscale, dshift

def group_norm_forward(x, gamma, beta, groups):
    N, C, H, W = x.shape
    grouped = x.reshape(N, groups, -1)
    mean = grouped.mean(axis=2, keepdims=True)
    inv = 1.0 / np.sqrt(grouped.var(axis=2, keepdims=True) + 1e-5)
    hat = ((grouped - mean) * inv).reshape(x.shape)
    return gamma * hat + beta, (hat, inv, gamma, groups)

def group_norm_backward(dy, cache):
    hat, inv, gamma, groups = cache
    N, C, H, W = dy.shape
    dbeta = dy.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dy * hat).sum(axis=(0, 2, 3), keepdims=True)
    g = (dy * gamma).reshape(N, groups, -1)
    hat_g = hat.reshape(N, groups, -1)
    dx = inv * (g - g.mean(axis=2, keepdims=True) - hat_g * (g * hat_g).mean(axis=2, keepdims=True))
    return dx.reshape(N, C, H, W), dgamma, dbeta


# ------------------------------------------------------------------ pools by reshaping
def pool_forward(x, size):
    N, C, H, W = x.shape
    tiles = x.reshape(N, C, H // size, size, W // size, size)
    out = tiles.max(axis=3).max(axis=4)
    return out, (x, tiles, out)

def pool_backward(dout, cache):
    x, tiles, out = cache
    spread = out[:, :, :, np.newaxis, :, np.newaxis]
    mask = tiles == spread
    dtiles = np.zeros_like(tiles)
    dspread = np.broadcast_to(dout[:, :, :, np.newaxis, :, np.newaxis], dtiles.shape)
    dtiles[mask] = dspread[mask]
    dtiles /= np.sum(mask, axis=(3, 5), keepdims=True)
    return dtiles.reshape(x.shape)


# ------------------------------------------------------------------ a layer as an object
class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        self.z = x @ self.W + self.b
        return np.maximum(self.z, 0.1 * self.z)

    def backward(self, grad):
        dz = np.where(self.z > 0, grad, 0.1 * grad)
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        return dz @ self.W.T


# ------------------------------------------------------------------ attention with several heads, causal
def heads_forward(x, Wqkv, Wo, heads):
    T, D = x.shape
    size = D // heads
    qkv = x @ Wqkv
    q, k, v = (part.reshape(T, heads, size).transpose(1, 0, 2) for part in np.split(qkv, 3, axis=1))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(size)
    scores = np.where(np.tril(np.ones((T, T))) == 1, scores, -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    mixed = (weights @ v).transpose(1, 0, 2).reshape(T, D)
    return mixed @ Wo, (x, Wqkv, Wo, q, k, v, weights, mixed, heads)

def heads_backward(dy, cache):
    x, Wqkv, Wo, q, k, v, weights, mixed, heads = cache
    T, D = x.shape
    size = D // heads
    dWo = mixed.T @ dy
    dmixed = (dy @ Wo.T).reshape(T, heads, size).transpose(1, 0, 2)
    dweights = dmixed @ v.transpose(0, 2, 1)
    dv = weights.transpose(0, 2, 1) @ dmixed
    dscores = weights * (dweights - np.sum(dweights * weights, axis=-1, keepdims=True))
    dscores = dscores / np.sqrt(size)
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    parts = [part.transpose(1, 0, 2).reshape(T, D) for part in (dq, dk, dv)]
    dqkv = np.concatenate(parts, axis=1)
    dWqkv = x.T @ dqkv
    dx = dqkv @ Wqkv.T
    return dx, dWqkv, dWo


# ------------------------------------------------------------------ layer norm of (B, T, C), torch without autograd
def norm_forward(x, w, b):
    mean = x.mean(-1, keepdim=True)
    shifted = x - mean
    rstd = ((shifted ** 2).mean(-1, keepdim=True) + 1e-5) ** -0.5
    return shifted * rstd * w + b, (x, w, mean, rstd)

def norm_backward(dout, cache):
    x, w, mean, rstd = cache
    norm = (x - mean) * rstd
    db = dout.sum((0, 1))
    dw = (dout * norm).sum((0, 1))
    dnorm = dout * w
    dx = dnorm - dnorm.mean(-1, keepdim=True) - norm * (dnorm * norm).mean(-1, keepdim=True)
    dx *= rstd
    return dx, dw, db


# ------------------------------------------------------------------ custom functions of kernels and models
class TiledAttention(Function):
    @staticmethod
    def forward(ctx, Q, K, V, tile):
        N, d = Q.shape
        scale = 1 / math.sqrt(d)
        O, L = torch.zeros_like(Q), torch.zeros(N, dtype=Q.dtype)
        for a in range(0, N, tile):
            q = Q[a:a + tile]
            m = torch.full((len(q),), -math.inf, dtype=Q.dtype)
            l, acc = torch.zeros_like(m), torch.zeros_like(q)
            for b in range(0, K.shape[0], tile):
                s = q @ K[b:b + tile].T * scale
                m_new = torch.maximum(m, s.max(-1).values)
                p = torch.exp(s - m_new[:, None])
                shrink = torch.exp(m - m_new)
                l = shrink * l + p.sum(-1)
                acc = shrink[:, None] * acc + p @ V[b:b + tile]
                m = m_new
            O[a:a + tile] = acc / l[:, None]
            L[a:a + tile] = m + torch.log(l)
        ctx.save_for_backward(Q, K, V, O, L)
        ctx.scale = scale
        return O

    @staticmethod
    def backward(ctx, dO):
        Q, K, V, O, L = ctx.saved_tensors
        D = (O * dO).sum(-1, keepdim=True)
        S = Q @ K.T * ctx.scale
        P = torch.exp(S - L[:, None])
        dV = P.T @ dO
        dP = dO @ V.T
        dS = P * (dP - D)
        dQ = dS @ K * ctx.scale
        dK = dS.T @ Q * ctx.scale
        return dQ, dK, dV, None


class RowNorm(Function):
    @staticmethod
    def forward(ctx, X, W, eps):
        shape = X.shape
        rows = X.reshape(-1, shape[-1])
        rms = torch.rsqrt(rows.pow(2).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(rows, W, rms)
        ctx.shape = shape
        return (rows * rms * W).reshape(shape)

    @staticmethod
    def backward(ctx, dY):
        rows, W, rms = ctx.saved_tensors
        n = rows.shape[-1]
        dY = dY.reshape(-1, n)
        m = dY * W
        dX = rms * m - rms ** 3 / n * (m * rows).sum(-1, keepdim=True) * rows
        dW = (dY * rows * rms).sum(0)
        return dX.reshape(ctx.shape), dW, None


class GatedSilu(Function):
    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return gate * torch.sigmoid(gate) * up

    @staticmethod
    def backward(ctx, dc):
        gate, up = ctx.saved_tensors
        sig = torch.sigmoid(gate)
        silu = gate * sig
        dup = dc * silu
        dgate = dc * up * (sig + silu * (1 - sig))
        return dgate, dup


class SmoothedCrossEntropy(Function):
    @staticmethod
    def forward(ctx, logits, labels, smoothing):
        n, c = logits.shape
        logp = logits - torch.logsumexp(logits, 1, keepdim=True)
        target = torch.full_like(logp, smoothing / c)
        target[torch.arange(n), labels] += 1 - smoothing
        ctx.save_for_backward(logp, target)
        return -(target * logp).sum() / n

    @staticmethod
    def backward(ctx, dloss):
        logp, target = ctx.saved_tensors
        dlogits = (logp.exp() - target) / logp.shape[0]
        return dlogits * dloss, None, None


class Rotary(Function):
    @staticmethod
    def forward(ctx, q, cos, sin):
        half = q.shape[-1] // 2
        turned = torch.cat([-q[..., half:], q[..., :half]], -1)
        ctx.save_for_backward(cos, sin)
        return q * cos + turned * sin

    @staticmethod
    def backward(ctx, dy):
        cos, sin = ctx.saved_tensors
        half = dy.shape[-1] // 2
        ds = dy * sin
        back = torch.cat([ds[..., half:], -ds[..., :half]], -1)
        return dy * cos + back, None, None


class AdaptedLinear(Function):
    @staticmethod
    def forward(ctx, X, W, A, B, s):
        ctx.save_for_backward(X, W, A, B)
        ctx.s = s
        return X @ W.t() + s * (X @ A.t()) @ B.t()

    @staticmethod
    def backward(ctx, dY):
        X, W, A, B = ctx.saved_tensors
        dX = dY @ W + ctx.s * dY @ B @ A
        dA = ctx.s * (dY @ B).t() @ X
        dB = ctx.s * dY.t() @ (X @ A.t())
        return dX, None, dA, dB, None


class LinearScan(Function):
    @staticmethod
    def forward(ctx, a, x):
        h = torch.zeros_like(x[:, 0])
        out = torch.zeros_like(x)
        for t in range(x.shape[1]):
            h = a[:, t] * h + x[:, t]
            out[:, t] = h
        ctx.save_for_backward(a, out)
        return out

    @staticmethod
    def backward(ctx, dout):
        a, out = ctx.saved_tensors
        da, dx = torch.zeros_like(a), torch.zeros_like(dout)
        carry = torch.zeros_like(dout[:, 0])
        for t in reversed(range(dout.shape[1])):
            dh = dout[:, t] + carry
            dx[:, t] = dh
            if t > 0:
                da[:, t] = dh * out[:, t - 1]
            carry = a[:, t] * dh
        return da, dx


class Sparsemax(Function):
    @staticmethod
    def forward(ctx, z):
        ordered = z.sort(-1, descending=True).values
        ranks = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype)
        sums = ordered.cumsum(-1)
        support = (1 + ranks * ordered > sums).sum(-1, keepdim=True)
        tau = (sums.gather(-1, support - 1) - 1) / support
        p = torch.clamp(z - tau, min=0)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, dp):
        (p,) = ctx.saved_tensors
        inside = (p > 0).to(dp.dtype)
        average = (dp * inside).sum(-1, keepdim=True) / inside.sum(-1, keepdim=True)
        dz = inside * (dp - average)
        return dz
