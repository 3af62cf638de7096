"""Hand-written backward passes as they are published, re-expressed: what each runs on, and three slips that people make in it.

A slip is the text that stands in the backward, and what stands there instead. They were written before any of them was run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

_normal = np.random.default_rng(0).standard_normal
_labels = np.random.default_rng(1).integers
_generator = torch.Generator().manual_seed(0)


def _tensor(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=_generator, dtype=torch.float64).requires_grad_()


@dataclass(frozen=True)
class Published:
    """`called` is the forward's name, or the function's or class's; `backward` the line that its slips stand below."""

    called: str
    backward: str
    inputs: tuple[Any, ...]
    slips: tuple[tuple[str, str], ...]
    kind: str = "pair"


PASSES = (
    Published("cell_forward", "def cell_backward", (
        _normal((3, 4)), _normal((5, 4)), {"Wa": _normal((5, 5)), "Wx": _normal((5, 3)), "ba": _normal((5, 1))},
    ), (
        ("(1 - a_next ** 2) * da_next", "(1 - a_next) * da_next"),
        ("np.dot(Wa.T, dpre)", "np.dot(Wa, dpre)"),
        ("np.sum(dpre, axis=1, keepdims=True)", "np.sum(dpre, axis=1)"),
    )),
    Published("lstm_sequence_forward", "def lstm_sequence_backward", (_normal((3, 2, 3)), _normal((7, 16)), _normal(16)), (
        ("dh = dhs[t] + dh_later", "dh = dhs[t]"),
        ("dc_later = dc * f", "dc_later = dc"),
        ("dW += joined.T", "dW = joined.T"),
    )),
    Published("gru_forward", "def gru_backward", (
        _normal((3, 4)), _normal((3, 5)), _normal((4, 5)), _normal((5, 5)), _normal((4, 5)), _normal((5, 5)), _normal((4, 5)), _normal((5, 5)),
    ), (
        ("dout * (h - n) * z", "dout * (n - h) * z"),
        ("dout * z + drh * r", "dout * z + drh"),
        ("(r * h).T @ dn", "h.T @ dn"),
    )),
    Published("hinge_loss", "def hinge_loss", (_normal((5, 4)), _labels(0, 4, 5)), (
        ("    dx /= N\n", ""),
        ("-= above", "-= 1"),
        ("dx[margins > 0] = 1", "dx[x > 0] = 1"),
    ), "loss"),
    Published("log_softmax_loss", "def log_softmax_loss", (_normal((5, 4)), _labels(0, 4, 5)), (
        ("    dx /= N\n", ""),
        ("dx = np.exp(log_probs)", "dx = np.exp(moved)"),
        ("dx[np.arange(N), y] -= 1", "dx[:, y] -= 1"),
    ), "loss"),
    Published("conv_columns_forward", "def conv_columns_backward", (_normal((2, 3, 5, 4)), _normal((2, 3, 3, 2)), _normal(2)), (
        ("+= dcols[:, :, a, b]", "= dcols[:, :, a, b]"),
        ("rows.sum(axis=0)", "rows.sum(axis=0) / N"),
        ("dout.transpose(0, 2, 3, 1).reshape(-1, K)", "dout.transpose(0, 3, 2, 1).reshape(-1, K)"),
    )),
    Published("channel_norm_forward", "def channel_norm_backward", (_normal((2, 3, 4, 5)), _normal(3), _normal(3)), (
        ("M = drows.shape[0]", "M = N"),
        ("- dnormed.sum(axis=0) ", ""),
        ("(drows * normed, axis=0)", "(drows, axis=0)"),
    )),
    Published("group_norm_forward", "def group_norm_backward", (_normal((2, 4, 3, 5)), _normal((1, 4, 1, 1)), _normal((1, 4, 1, 1)), 2), (
        ("(dy * gamma).reshape", "dy.reshape"),
        ("(g * hat_g).mean", "(g * hat_g).sum"),
        ("dy.sum(axis=(0, 2, 3), keepdims=True)", "dy.sum(axis=(2, 3), keepdims=True)"),
    )),
    Published("pool_forward", "def pool_backward", (_normal((2, 2, 4, 6)), 2), (
        ("mask = tiles == spread", "mask = tiles != spread"),
        ("dtiles[mask] = dspread[mask]", "dtiles[mask] = spread[mask]"),
        ("np.sum(mask, axis=(3, 5), keepdims=True)", "np.sum(mask)"),
    )),
    Published("Dense", "def backward(self, grad)", (_normal((5, 3)), _normal(3), _normal((4, 5))), (
        ("self.z > 0", "grad > 0"),
        ("self.x.T @ dz", "self.x.T @ grad"),
        ("dz.sum(axis=0)", "dz.mean(axis=0)"),
    ), "layer"),
    Published("heads_forward", "def heads_backward", (_normal((5, 6)), _normal((6, 18)), _normal((6, 6)), 2), (
        ("    dscores = dscores / np.sqrt(size)\n", ""),
        ("dscores.transpose(0, 2, 1) @ q", "dscores @ q"),
        ("weights.transpose(0, 2, 1) @ dmixed", "weights @ dmixed"),
    )),
    Published("norm_forward", "def norm_backward", (_tensor(2, 3, 4), _tensor(4), _tensor(4)), (
        ("dnorm = dout * w", "dnorm = dout"),
        ("    dx *= rstd\n", ""),
        ("- dnorm.mean(-1, keepdim=True) ", ""),
    )),
    Published("TiledAttention", "def backward(ctx, dO)", (_tensor(4, 3), _tensor(6, 3), _tensor(6, 3), 2), (
        ("P * (dP - D)", "P * dP"),
        ("dS.T @ Q * ctx.scale", "dS.T @ Q"),
        ("(O * dO).sum(-1, keepdim=True)", "(O * dO).sum()"),
    ), "function"),
    Published("RowNorm", "def backward(ctx, dY)", (_tensor(2, 3, 4), _tensor(4), 1e-6), (
        ("rms ** 3 / n", "rms ** 3"),
        ("m = dY * W", "m = dY"),
        ("(dY * rows * rms).sum(0)", "(dY * rows).sum(0)"),
    ), "function"),
    Published("GatedSilu", "def backward(ctx, dc)", (_tensor(3, 4), _tensor(3, 4)), (
        ("(sig + silu * (1 - sig))", "(sig * (1 - sig))"),
        ("dup = dc * silu", "dup = dc * gate"),
        ("dc * up * (sig", "dc * (sig"),
    ), "function"),
    Published("SmoothedCrossEntropy", "def backward(ctx, dloss)", (_tensor(5, 4), torch.tensor([0, 3, 1, 1, 2]), 0.1), (
        (" / logp.shape[0]", ""),
        ("logp.exp() - target", "logp - target"),
        ("logp.exp() - target", "target - logp.exp()"),
    ), "function"),
    Published("Rotary", "def backward(ctx, dy)", (_tensor(3, 4), torch.rand(3, 4, generator=_generator).double(),
        torch.rand(3, 4, generator=_generator).double()), (
        ("[ds[..., half:], -ds[..., :half]]", "[-ds[..., half:], ds[..., :half]]"),
        ("dy * cos + back", "dy * cos"),
        ("ds = dy * sin", "ds = dy"),
    ), "function"),
    Published("AdaptedLinear", "def backward(ctx, dY)", (_tensor(5, 4), torch.randn(3, 4, generator=_generator).double(),
        _tensor(2, 4), _tensor(3, 2), 0.5), (
        ("ctx.s * dY @ B @ A", "dY @ B @ A"),
        ("dX = dY @ W + ctx.s * dY @ B @ A", "dX = dY @ W"),
        ("ctx.s * dY.t() @ (X @ A.t())", "dY.t() @ (X @ A.t())"),
    ), "function"),
    Published("LinearScan", "def backward(ctx, dout)", (_tensor(2, 4), _tensor(2, 4)), (
        ("dh * out[:, t - 1]", "dh * out[:, t]"),
        ("dh = dout[:, t] + carry", "dh = dout[:, t]"),
        ("carry = a[:, t] * dh", "carry = dh"),
    ), "function"),
    Published("Sparsemax", "def backward(ctx, dp)", (_tensor(4, 5),), (
        ("inside.sum(-1, keepdim=True)", "dp.shape[-1]"),
        ("(dp * inside).sum(-1, keepdim=True)", "dp.sum(-1, keepdim=True)"),
        ("inside * (dp - average)", "dp - average"),
    ), "function"),
)  # fmt: skip


def examined(there: Any, one: Published) -> Any:
    """Hold a pass of the module `there` together."""
    from backprop_check.pairs.check_pair import examined as held
    from backprop_check.pairs.custom import Custom
    from backprop_check.pairs.examine import examine

    if one.kind == "function":
        needs = [isinstance(each, torch.Tensor) and each.requires_grad for each in one.inputs]
        return examine(Custom(getattr(there, one.called)), one.inputs, needs)
    if one.kind == "loss":
        return held(getattr(there, one.called), None, one.inputs)
    if one.kind == "layer":
        layer = getattr(there, one.called)(*one.inputs[:-1])
        return held(layer.forward, layer.backward, one.inputs[-1:])
    return held(getattr(there, one.called), getattr(there, one.called.replace("forward", "backward")), one.inputs)
