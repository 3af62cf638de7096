"""Backpropagation through time: three steps, one set of weights.

Each step mixes its input with the state of the step before.
The same Wx and Wh serve all three steps.
What comes back to a state has two sources where it is used twice: as what was read out, and through
the next step.
Weights collect from all steps.
Go from the last step to the first.
"""

import torch


def inputs(N=5, D=3, H=4):
    return dict(
        x1=torch.randn(N, D),
        x2=torch.randn(N, D),
        x3=torch.randn(N, D),
        Wx=torch.randn(D, H) * 0.5,
        Wh=torch.randn(H, H) * 0.5,
    )


def forward(x1, x2, x3, Wx, Wh):
    h1 = torch.tanh(x1 @ Wx)            # (N, H)
    h2 = torch.tanh(x2 @ Wx + h1 @ Wh)  # (N, H)
    h3 = torch.tanh(x3 @ Wx + h2 @ Wh)  # (N, H)
    y = h1 + h2 + h3                    # (N, H)
    return y


def backward(x1, x2, x3, Wx, Wh, h1, h2, h3, y, dy):
    # why: The last state goes only into y, and a plus hands its gradient on.
    dh3 = dy                               # (N, H)
    # why: h2 goes into y, and into step 3: through its tanh, then through Wh.
    dh2 = dy + ((1 - h3**2) * dh3) @ Wh.T  # (N, H)
    # why: h1 goes into y, and into step 2: through its tanh, then through Wh.
    dh1 = dy + ((1 - h2**2) * dh2) @ Wh.T  # (N, H)
    # why: Wx served three steps: each sends its input times what came back through its tanh.
    dWx = x1.T @ ((1 - h1**2) * dh1) + x2.T @ ((1 - h2**2) * dh2) + x3.T @ ((1 - h3**2) * dh3)  # (D, H)
    # why: Wh served two steps: the first has no state before it.
    dWh = h1.T @ ((1 - h2**2) * dh2) + h2.T @ ((1 - h3**2) * dh3)  # (H, H)
