"""Maximum with ties: several winners share.

v is one number for each of V words, and e looks it up for a text: row by row, T words.
m is the largest of each row. A row has two different words, each of them several times, so its winner
is there several times: these places tie, and always will, since they are copies of one number.

`amax` shares what arrives equally among the winners. (`max(1)` would give all of it to one of them.)
e == m says where they are; how many they are says how much each receives.

For dv the sharing does not matter: it adds up again what all copies of a word receive.
"""

import torch

TIES = True


def inputs(N=5, T=11, V=3):
    return dict(
        v=torch.randn(V),
        ix=(torch.rand(N, T).argsort(1) % 2 + torch.arange(N).unsqueeze(1)) % V,  # two words a row
    )


def forward(v, ix):
    e = v[ix]                         # (N, T)
    m = e.amax(1, keepdim=True)       # (N, 1)
    return m


def backward(v, ix, e, m, dm):
    de = ...                          # (N, T)
    dv = ...                          # (V,)
