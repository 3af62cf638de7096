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
        # why: What forward saved, in its order.
        h, w, keep = ctx.saved_tensors
        # why: w was stretched over the N rows, so they are summed. Where keep is False, nothing came by.
        dw = (h * keep * dy).sum(0)   # (C,)
        # why: In a product, each factor's slope is the other factors.
        dh = w * keep * dy            # (N, C)
        # why: The slope of tanh is 1 minus its output squared. Times upstream.
        dx = (1 - h**2) * dh          # (N, C)
        return dx, dw, None
