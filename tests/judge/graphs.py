"""Small exercises that the tests of the judge share."""

SCALED = '''
"""A column scales rows, a row moves them."""
import torch

def inputs(N=7, C=3):
    return dict(counts=torch.randn(N, C), s=torch.randn(N, 1), b=torch.randn(C), k=torch.randn(()))

def forward(counts, s, b, k):
    probs = counts * s      # (N, C)
    moved = probs + b       # (N, C)
    act = torch.tanh(moved) # (N, C)
    out = act * k           # (N, C)
    total = out.sum()       # ()
    return total

def backward(counts, s, b, k, probs, moved, act, out, total):
    dtotal = ...
    dout = ...
    dk = ...
    dact = ...
    dmoved = ...
    db = ...
    dprobs = ...
    dcounts = ...
    ds = ...
'''

EMBEDDED = '''
"""A table looked up, some of its rows many times."""
import torch

def inputs(N=12, V=5, E=3):
    return dict(table=torch.randn(V, E), X=torch.randint(0, V, (N,)))

def forward(table, X):
    emb = table[X]          # (N, E)
    act = torch.tanh(emb)   # (N, E)
    loss = (act * act).sum()
    return loss

def backward(table, X, emb, act, loss):
    dact = ...
    demb = ...
    dtable = ...
'''

RESIDUAL = '''
"""A skip connection."""
import torch

def inputs(N=5, C=3):
    return dict(x=torch.randn(N, C), W=torch.randn(C, C), v=torch.randn(N, C))

def forward(x, W, v):
    r = x @ W               # (N, C)
    t = torch.tanh(r)       # (N, C)
    y = x + t               # (N, C)
    loss = (y * y * v).sum()
    return loss

def backward(x, W, v, r, t, y, loss):
    dy = ...
    dv = ...
    dt = ...
    dr = ...
    dW = ...
    dx = ...
'''

MLP = '''
"""Two layers."""
import torch

def inputs(N=6, K=4, H=5, C=3):
    return dict(x=torch.randn(N, K), W1=torch.randn(K, H), b1=torch.randn(H), W2=torch.randn(H, C))

def forward(x, W1, b1, W2):
    n = x.shape[0]
    pre = x @ W1 + b1       # (N, H)
    h = torch.tanh(pre)     # (N, H)
    o = h @ W2              # (N, C)
    loss = (o * o).sum() / n
    return loss

def backward(x, W1, b1, W2, n, pre, h, o, loss):
    do = ...
    dW2 = ...
    dh = ...
    dpre = ...
    dW1 = ...
    db1 = ...
    dx = ...
'''

MLP_RIGHT = """
do = 2 * o / n
dW2 = h.T @ do
dh = do @ W2.T
dpre = (1 - h**2) * dh
dW1 = x.T @ dpre
db1 = dpre.sum(0)
dx = dpre @ W1.T
"""

NORMED = '''
"""A linear layer and batch norm."""
import torch

def inputs(N=8, K=3, H=4):
    return dict(x=torch.randn(N, K), W=torch.randn(K, H), b1=torch.randn(H), gain=torch.randn(1, H))

def forward(x, W, b1, gain):
    n = x.shape[0]
    pre = x @ W + b1                              # (N, H)
    mean = 1 / n * pre.sum(0, keepdim=True)       # (1, H)
    diff = pre - mean                             # (N, H)
    diff2 = diff**2                               # (N, H)
    var = 1 / (n - 1) * diff2.sum(0, keepdim=True)  # (1, H)
    inv = (var + 1e-5) ** -0.5                    # (1, H)
    raw = diff * inv                              # (N, H)
    out = gain * raw                              # (N, H)
    loss = torch.tanh(out).square().sum()
    return loss

def backward(x, W, b1, gain, n, pre, mean, diff, diff2, var, inv, raw, out, loss):
    dout = ...
    dgain = ...
    draw = ...
    dinv = ...
    dvar = ...
    ddiff2 = ...
    ddiff = ...
    dmean = ...
    dpre = ...
    db1 = ...
    dW = ...
    dx = ...
'''

NORMED_RIGHT = """
dout = 2 * torch.tanh(out) * (1 - torch.tanh(out)**2)
dgain = (raw * dout).sum(0, keepdim=True)
draw = gain * dout
dinv = (diff * draw).sum(0, keepdim=True)
dvar = -0.5 * (var + 1e-5)**-1.5 * dinv
ddiff2 = 1 / (n - 1) * torch.ones_like(diff2) * dvar
ddiff = inv * draw + 2 * diff * ddiff2
dmean = (-ddiff).sum(0, keepdim=True)
dpre = ddiff + 1 / n * torch.ones_like(pre) * dmean
db1 = dpre.sum(0)
dW = x.T @ dpre
dx = dpre @ W.T
"""

SOFTMAX = '''
"""A softmax with its maxima taken off first."""
import torch

def inputs(N=6, C=4):
    return dict(l=torch.randn(N, C), w=torch.randn(N, C))

def forward(l, w):
    m = l.max(1, keepdim=True).values   # (N, 1)
    norm = l - m                        # (N, C)
    c = norm.exp()                      # (N, C)
    cs = c.sum(1, keepdim=True)         # (N, 1)
    inv = cs**-1                        # (N, 1)
    p = c * inv                         # (N, C)
    loss = (p * w).sum()
    return loss

def backward(l, w, m, norm, c, cs, inv, p, loss):
    dp = ...
    dinv = ...
    dcs = ...
    dc = ...
    dnorm = ...
    dm = ...
    dl = ...
'''

SOFTMAX_RIGHT = """
dp = w
dinv = (c * dp).sum(1, keepdim=True)
dcs = -cs**-2 * dinv
dc = inv * dp + dcs
dnorm = c * dc
dm = -dnorm.sum(1, keepdim=True)
dl = dnorm + F.one_hot(l.argmax(1), l.shape[1]) * dm
"""
