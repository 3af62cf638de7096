"""From one fused projection to heads and back: view, permute, cut, merge.

None of these moves changes a number; going back, every move is undone in the opposite order.
"""

import torch


SIZES = [dict(B=4, T=7, H=2, D=5), dict(B=5, T=4, H=6, D=7), dict(B=6, T=8, H=5, D=4)]


def inputs(B=2, T=5, H=4, D=6):
    return dict(
        x=torch.randn(B, T, H * D),
        W=torch.randn(H * D, 3 * H * D) * 0.4,
        temper=torch.rand(H, 1, 1) + 0.5,
    )


def forward(x, W, temper):
    H = temper.shape[0]
    fused = x @ W  # (B, T, 3·H·D)
    parts = fused.view(x.shape[0], x.shape[1], 3, H, -1)  # (B, T, 3, H, D)
    heads = parts.permute(2, 0, 3, 1, 4)  # (3, B, H, T, D)
    mix = heads[0] * heads[1] + heads[2] * temper  # (B, H, T, D)
    merged = mix.transpose(1, 2).flatten(2)  # (B, T, H·D)
    y = torch.tanh(merged) + x  # (B, T, H·D)
    return y


def backward(x, W, temper, H, fused, parts, heads, mix, merged, y, dy):
    dmerged = ...  # (B, T, H·D)
    dmix = ...  # (B, H, T, D)
    dtemper = ...  # (H, 1, 1)
    dheads = ...  # (3, B, H, T, D)
    dparts = ...  # (B, T, 3, H, D)
    dfused = ...  # (B, T, 3·H·D)
    dW = ...  # (H·D, 3·H·D)
    dx = ...  # (B, T, H·D)
