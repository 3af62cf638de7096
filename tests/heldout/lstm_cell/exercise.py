"""One step of an LSTM: four gates from one matrix product, then the cell and the output.

gates is cut into four blocks of H columns (input, forget, output, candidate); the cell c feeds both tanh(c) and the loss.
"""

import torch


def inputs(N=6, D=3, H=4):
    return dict(
        x=torch.randn(N, D),
        h0=torch.randn(N, H),
        c0=torch.randn(N, H),
        Wx=torch.randn(D, 4 * H) * 0.5,
        Wh=torch.randn(H, 4 * H) * 0.5,
        b=torch.randn(4 * H) * 0.5,
    )


def forward(x, h0, c0, Wx, Wh, b):
    gates = x @ Wx + h0 @ Wh + b  # (N, 4·H)
    i = torch.sigmoid(gates.chunk(4, 1)[0])  # (N, H)
    f = torch.sigmoid(gates.chunk(4, 1)[1])  # (N, H)
    o = torch.sigmoid(gates.chunk(4, 1)[2])  # (N, H)
    g = torch.tanh(gates.chunk(4, 1)[3])  # (N, H)
    c = f * c0 + i * g  # (N, H)
    h = o * torch.tanh(c)  # (N, H)
    y = h + 0.1 * c**2  # (N, H)
    return y


def backward(x, h0, c0, Wx, Wh, b, gates, i, f, o, g, c, h, y, dy):
    dh = ...  # (N, H)
    do = ...  # (N, H)
    dc = ...  # (N, H)
    df = ...  # (N, H)
    dc0 = ...  # (N, H)
    dgates = ...  # (N, 4·H)
    dWh = ...  # (H, 4·H)
    dh0 = ...  # (N, H)
    db = ...  # (4·H)
