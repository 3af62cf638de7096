"""Character MLP: everything at once, one node at a time.

The network reads B characters and guesses the next one, for each of N examples.
Every character is looked up in the table C, and the B vectors of an example are joined.
A linear layer, batch norm, tanh and a second linear layer make the logits.
The loss is the cross-entropy of ex12, written out by hand.

The lookup is ex19's, the view ex17's. Each gradient asks about one line of the forward:
local derivative times upstream, summed where something was shared,
added where something was used twice. Start at the loss and go up.
"""

import torch
import torch.nn.functional as F


def inputs(N=32, V=27, H=64, E=10, B=3):
    return dict(
        C=torch.randn(V, E),
        W1=torch.randn(B * E, H) * 0.3,
        b1=torch.randn(H) * 0.1,
        W2=torch.randn(H, V) * 0.1,
        b2=torch.randn(V) * 0.1,
        bngain=torch.randn(1, H) * 0.1 + 1.0,
        bnbias=torch.randn(1, H) * 0.1,
        Xb=torch.randint(0, V, (N, B)),
        Yb=torch.randint(0, V, (N,)),
    )


def forward(C, W1, b1, W2, b2, bngain, bnbias, Xb, Yb):
    n = Xb.shape[0]
    vocab_size = C.shape[0]
    n_embd = C.shape[1]
    emb = C[Xb]                                         # (N, B, E)
    embcat = emb.view(n, -1)                            # (N, B·E)
    hprebn = embcat @ W1 + b1                           # (N, H)
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)       # (1, H)
    bndiff = hprebn - bnmeani                           # (N, H)
    bndiff2 = bndiff**2                                 # (N, H)
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)  # (1, H)
    bnvar_inv = (bnvar + 1e-5) ** -0.5                  # (1, H)
    bnraw = bndiff * bnvar_inv                          # (N, H)
    hpreact = bngain * bnraw + bnbias                   # (N, H)
    h = torch.tanh(hpreact)                             # (N, H)
    logits = h @ W2 + b2                                # (N, V)
    logit_maxes = logits.max(1, keepdim=True).values    # (N, 1)
    norm_logits = logits - logit_maxes                  # (N, V)
    counts = norm_logits.exp()                          # (N, V)
    counts_sum = counts.sum(1, keepdim=True)            # (N, 1)
    counts_sum_inv = counts_sum**-1                     # (N, 1)
    probs = counts * counts_sum_inv                     # (N, V)
    logprobs = probs.log()                              # (N, V)
    loss = -logprobs[range(n), Yb].mean()               # ()
    return loss


def backward(
    C, W1, b1, W2, b2, bngain, bnbias, Xb, Yb, n, vocab_size, n_embd, emb, embcat, hprebn, bnmeani,
    bndiff, bndiff2, bnvar, bnvar_inv, bnraw, hpreact, h, logits, logit_maxes, norm_logits, counts,
    counts_sum, counts_sum_inv, probs, logprobs, loss,
):
    # why: What the loss never reads has gradient 0. It reads one number per row, at the label,
    #      and averages n of them with a minus: -1/n there.
    dlogprobs = torch.zeros_like(logprobs).scatter(1, Yb.unsqueeze(1), -1 / n)       # (N, V)
    # why: The slope of log at probs is 1/probs. Chain rule: local derivative times upstream.
    dprobs = 1 / probs * dlogprobs                                                   # (N, V)
    # why: In a product, each factor's slope is the other factor.
    #      One number served its whole row, so sum along axis 1, and keep that axis.
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)                         # (N, 1)
    # why: Power rule: the exponent -1 comes down as a factor, and -2 stays above. Times upstream.
    dcounts_sum = -1 * counts_sum**-2 * dcounts_sum_inv                              # (N, 1)
    # why: Where paths come together, gradients add. Through probs: the other factor times dprobs.
    #      Through counts_sum: a sum hands its gradient to every one of its terms.
    dcounts = counts_sum_inv * dprobs + torch.ones_like(counts) * dcounts_sum        # (N, V)
    # why: exp is its own derivative, and counts is that output already. Times upstream.
    dnorm_logits = counts * dcounts                                                  # (N, V)
    # why: A minus turns the sign, and one maximum served its whole row: sum along axis 1.
    #      All come out as 0 up to rounding: shifting a row does not change its softmax.
    dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)                              # (N, 1)
    # why: logits is used twice, so two gradients add: the direct one, with slope 1,
    #      and the one through the maximum, which reaches only the winner of each row.
    dlogits = dnorm_logits + F.one_hot(logits.argmax(1), vocab_size) * dlogit_maxes  # (N, V)
    # why: dh lacks the axis V, so dlogits and W2 must meet on it: (N, V) @ (V, H).
    dh = dlogits @ W2.T                                                              # (N, H)
    # why: dW2 lacks the axis N, so h and dlogits must meet on it: (H, N) @ (N, V).
    #      The product sums over all the rows that W2 served.
    dW2 = h.T @ dlogits                                                              # (H, V)
    # why: A plus hands its gradient on unchanged, and b2 was added to every row: sum over the rows.
    db2 = dlogits.sum(0)                                                             # (V,)
    # why: The slope of tanh is 1 minus its output squared, and h is that output. Times upstream.
    dhpreact = (1 - h**2) * dh                                                       # (N, H)
    # why: In a product, each factor's slope is the other factor.
    #      bngain scaled all N rows, so sum over them, and keep the axis: bngain is (1, H).
    dbngain = (bnraw * dhpreact).sum(0, keepdim=True)                                # (1, H)
    # why: A plus hands its gradient on unchanged.
    #      bnbias was added to every row, so sum over the rows, and keep the axis.
    dbnbias = dhpreact.sum(0, keepdim=True)                                          # (1, H)
    # why: In a product, each factor's slope is the other factor.
    #      bngain stretches over the rows here just as it did in the forward.
    dbnraw = bngain * dhpreact                                                       # (N, H)
    # why: In a product, each factor's slope is the other factor.
    #      One bnvar_inv served all N rows of its column, so sum over them, and keep the axis.
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)                              # (1, H)
    # why: Power rule: the exponent -0.5 comes down as a factor, and -1.5 stays above.
    #      What is raised is bnvar + 1e-5, here as in the forward.
    dbnvar = -0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv                              # (1, H)
    # why: A sum hands its gradient to every one of its terms, here with the factor 1/(n-1)
    #      in front. The ones stretch the single row of dbnvar over all N.
    dbndiff2 = 1 / (n - 1) * torch.ones_like(bndiff2) * dbnvar                       # (N, H)
    # why: bndiff is used twice, so two gradients add. Through bnraw: the other factor times dbnraw.
    #      Through bndiff2: the slope of a square, twice what was squared, times dbndiff2.
    dbndiff = bnvar_inv * dbnraw + 2 * bndiff * dbndiff2                             # (N, H)
    # why: A minus turns the sign.
    #      One mean served all N rows of its column, so sum over them, and keep the axis.
    dbnmeani = (-dbndiff).sum(0, keepdim=True)                                       # (1, H)
    # why: hprebn is used twice, so two gradients add. Directly: dbndiff, with slope 1. Through the
    #      mean: every row went into it with the factor 1/n, so every row receives 1/n of dbnmeani.
    dhprebn = dbndiff + 1 / n * torch.ones_like(hprebn) * dbnmeani                   # (N, H)
    # why: dembcat lacks the axis H, so dhprebn and W1 must meet on it: (N, H) @ (H, B·E).
    dembcat = dhprebn @ W1.T                                                         # (N, B·E)
    # why: dW1 lacks the axis N, so embcat and dhprebn must meet on it: (B·E, N) @ (N, H).
    #      The product sums over all the rows that W1 served.
    dW1 = embcat.T @ dhprebn                                                         # (B·E, H)
    # why: A plus hands its gradient on unchanged, and b1 was added to every row: sum over the rows.
    #      All come out as 0 up to rounding: batch norm subtracts every shift again.
    db1 = dhprebn.sum(0)                                                             # (H,)
    # why: A view only gives the same numbers another shape. Going back gives them their old one.
    demb = dembcat.view(emb.shape)                                                   # (N, B, E)
    # why: What is used many times adds up what every use sends back. Each row of C collects from
    #      every place that looked it up; accumulate=True adds, and does not overwrite.
    dC = torch.zeros_like(C).index_put((Xb,), demb, accumulate=True)                 # (V, E)
