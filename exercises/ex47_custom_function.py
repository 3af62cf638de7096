"""A function of your own: what autograd asks of you.

Until here you wrote gradients beside a forward. torch takes them from you, too: a class with a
`forward` and a `backward` becomes a function, `Gated.apply(x, w, keep)`, which autograd calls when it
comes by. So it is done for what torch does not have, or does too slowly.

backward is given no value of the forward, only ctx and what comes back, dy. What it needs, forward has
to save: `ctx.save_for_backward(...)`. What it saved comes out of `ctx.saved_tensors` in that order.

backward returns one gradient for each input of forward, in the order of the inputs: it is the place
that counts, not the name. keep is a mask; it has no gradient, and gets None.

h is saved and x is not: the slope of tanh is a matter of its output alone.
"""

import torch


def inputs(N=5, C=7):
    return dict(
        x=torch.randn(N, C),
        w=torch.randn(C),
        keep=torch.rand(N, C) > 0.25,
    )


class Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, keep):
        h = torch.tanh(x)             # (N, C)
        y = h * w * keep              # (N, C)
        ctx.save_for_backward(h, w, keep)
        return y

    @staticmethod
    def backward(ctx, dy):
        h, w, keep = ctx.saved_tensors
        dw = ...                      # (C,)
        dh = ...                      # (N, C)
        dx = ...                      # (N, C)
        return dx, dw, None
