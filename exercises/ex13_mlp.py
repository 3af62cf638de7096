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
    dlogprobs = ...                   # (N, V)
    dprobs = ...                      # (N, V)
    dcounts_sum_inv = ...             # (N, 1)
    dcounts_sum = ...                 # (N, 1)
    dcounts = ...                     # (N, V)
    dnorm_logits = ...                # (N, V)
    dlogit_maxes = ...                # (N, 1)
    dlogits = ...                     # (N, V)
    dh = ...                          # (N, H)
    dW2 = ...                         # (H, V)
    db2 = ...                         # (V,)
    dhpreact = ...                    # (N, H)
    dbngain = ...                     # (1, H)
    dbnbias = ...                     # (1, H)
    dbnraw = ...                      # (N, H)
    dbnvar_inv = ...                  # (1, H)
    dbnvar = ...                      # (1, H)
    dbndiff2 = ...                    # (N, H)
    dbndiff = ...                     # (N, H)
    dbnmeani = ...                    # (1, H)
    dhprebn = ...                     # (N, H)
    dembcat = ...                     # (N, B·E)
    dW1 = ...                         # (B·E, H)
    db1 = ...                         # (H,)
    demb = ...                        # (N, B, E)
    dC = ...                          # (V, E)
