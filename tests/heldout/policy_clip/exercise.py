"""A clipped policy objective: the smaller of ratio * adv and the clipped ratio * adv.

Where the clip holds, its slope is zero; where the minimum picks the other term, the clipped one gets nothing.
"""

import torch


SIZES = [dict(N=18, A=4, D=6), dict(N=23, A=3, D=5), dict(N=20, A=7, D=4)]


def inputs(N=16, A=5, D=3):
    return dict(
        s=torch.randn(N, D) * 1.5,
        W=torch.randn(D, A),
        act=torch.randint(0, A, (N,)),
        oldlogp=-torch.rand(N) * 2 - 0.5,
        adv=torch.randn(N),
        value=torch.randn(N),
    )


def forward(s, W, act, oldlogp, adv, value):
    logpi = torch.log_softmax(s @ W, 1)  # (N, A)
    logp = logpi[torch.arange(len(act)), act]  # (N)
    ratio = torch.exp(logp - oldlogp)  # (N)
    clipped = ratio.clamp(0.8, 1.2)  # (N)
    plain = ratio * adv  # (N)
    safe = clipped * adv  # (N)
    gain = torch.where(plain < safe, plain, safe)  # (N)
    loss = -gain.mean() + (value.detach() * logp).mean()  # ()
    return loss


def backward(s, W, act, oldlogp, adv, value, logpi, logp, ratio, clipped, plain, safe, gain, loss):
    dgain = ...  # (N)
    dplain = ...  # (N)
    dsafe = ...  # (N)
    dclipped = ...  # (N)
    dadv = ...  # (N)
    dratio = ...  # (N)
    dlogp = ...  # (N)
    dlogpi = ...  # (N, A)
    dW = ...  # (D, A)
