"""Live code as people write it, in cells parted by `# %%`, each piece as it stands and with slips: what stands there, and what instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    name: str
    text: str
    slips: Sequence[tuple[str, str]]

    def slipped(self, number: int) -> str:
        """The text with a slip, made in the last place where the old words stand."""
        old, new = self.slips[number]
        before, _, after = self.text.rpartition(old)
        assert before, old
        return before + new + after


PIECES: list[Piece] = []


def piece(name: str, text: str, *slips: tuple[str, str, str]) -> None:
    PIECES.append(Piece(name, text, [(old, new) for old, new, _ in slips]))


piece(
    "mlp function",
    """
torch.manual_seed(1)
X = torch.randn(8, 5)
t = torch.randint(0, 3, (8,))
W1 = (torch.randn(5, 6) * 0.4).requires_grad_()
b1 = torch.zeros(6, requires_grad=True)
W2 = (torch.randn(6, 3) * 0.4).requires_grad_()
# %%
def forward(X):
    pre = X @ W1 + b1
    hid = torch.relu(pre)
    out = hid @ W2
    return pre, hid, out

pre, hid, out = forward(X)
loss = F.cross_entropy(out, t)
loss.backward()
# %%
def backward():
    dout = torch.softmax(out, dim=1)
    dout[range(8), t] -= 1
    dout = dout / 8
    dW2 = hid.T @ dout
    dhid = dout @ W2.T
    dpre = dhid * (pre > 0)
    dW1 = X.T @ dpre
    db1 = dpre.sum(0)
    return dW1, db1, dW2

dW1, db1, dW2 = backward()
# %%
cmp('W1', dW1, W1)
cmp('b1', db1, b1)
cmp('W2', dW2, W2)
""",
    ("dout = dout / 8", "dout = dout / 3", "8 not 3 / factor"),
    ("(pre > 0)", "(hid > 0).float() * hid", "hid too many"),
    ("dpre.sum(0)", "dpre.sum(1)", "axis"),
    ("dW2 = hid.T @ dout", "dW2 = pre.T @ dout", "hid belongs"),
)

piece(
    "lambda activation",
    """
torch.manual_seed(2)
act = lambda z: z * torch.sigmoid(z)
dact = lambda z: torch.sigmoid(z) * (1 + z * (1 - torch.sigmoid(z)))
x = torch.randn(6, 4)
w = torch.randn(4, 3, requires_grad=True)
# %%
z = x @ w
a = act(z)
err = (a ** 2).mean()
err.backward()
# %%
da = 2 * a / a.numel()
dz = da * dact(z)
dw = x.T @ dz
# %%
cmp('w', dw, w)
""",
    ("(1 - torch.sigmoid(z)))", "torch.sigmoid(z))", "derivative of swish in dact"),
    ("2 * a / a.numel()", "2 * a / len(a)", "factor 1/3"),
    ("da * dact(z)", "dact(z)", "da missing"),
)

piece(
    "module two layers",
    """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 5)
        self.fc2 = nn.Linear(5, 2)

    def forward(self, x):
        self.h = torch.tanh(self.fc1(x))
        return self.fc2(self.h)

torch.manual_seed(3)
net = Net()
x = torch.randn(7, 4)
y = torch.randn(7, 2)
pred = net(x)
loss = ((pred - y) ** 2).mean()
loss.backward()
# %%
dpred = 2 * (pred - y) / pred.numel()
dw2 = dpred.T @ net.h
db2 = dpred.sum(0)
dh = dpred @ net.fc2.weight
dz = (1 - net.h ** 2) * dh
dw1 = dz.T @ x
db1 = dz.sum(0)
# %%
cmp('fc2.weight', dw2, net.fc2.weight)
cmp('fc2.bias', db2, net.fc2.bias)
cmp('fc1.weight', dw1, net.fc1.weight)
cmp('fc1.bias', db1, net.fc1.bias)
""",
    ("dw2 = dpred.T @ net.h", "dw2 = net.h.T @ dpred", "transposed"),
    ("(1 - net.h ** 2)", "(1 - net.h) ** 2", "brackets"),
    ("db2 = dpred.sum(0)", "db2 = dpred.mean(0)", "averages"),
)

piece(
    "rebinding",
    """
torch.manual_seed(4)
inp = torch.randn(5, 4)
A = torch.randn(4, 4, requires_grad=True)
B = torch.randn(4, 4, requires_grad=True)
x = inp
x = x @ A
x = torch.sigmoid(x)
s = x
x = x @ B
x = x - x.mean(1, keepdim=True)
total = (x * x).sum()
total.backward()
# %%
d = 2 * x
d = d - d.mean(1, keepdim=True)
dB = s.T @ d
d = d @ B.T
d = d * s * (1 - s)
dA = inp.T @ d
cmp('A', dA, A); cmp('B', dB, B)
""",
    ("d = d * s * (1 - s)", "d = d * s * (1 + s)", "sign"),
    ("d = d @ B.T", "d = d @ B", "B has to be turned"),
    ("dB = s.T @ d", "dB = x.T @ d", "s belongs"),
)

piece(
    "attention unpacked",
    """
torch.manual_seed(5)
B, T, C = 2, 4, 6
x = torch.randn(B, T, C)
Wqkv = (torch.randn(C, 3 * C) / C ** 0.5).requires_grad_()
q, k, v = (x @ Wqkv).chunk(3, dim=-1)
for u in (q, k, v): u.retain_grad()
wei = q @ k.transpose(-2, -1) * C ** -0.5
tril = torch.tril(torch.ones(T, T))
wei = wei.masked_fill(tril == 0, float('-inf'))
p = F.softmax(wei, dim=-1)
out = p @ v
loss = out.pow(2).mean()
loss.backward()
# %%
dout = 2 * out / out.numel()
dp = dout @ v.transpose(-2, -1)
dv = p.transpose(-2, -1) @ dout
dwei = p * (dp - (dp * p).sum(-1, keepdim=True))
dq = dwei @ k * C ** -0.5
dk = dwei.transpose(-2, -1) @ q * C ** -0.5
dqkv = torch.cat([dq, dk, dv], dim=-1)
dWqkv = (x.transpose(-2, -1) @ dqkv).sum(0)
# %%
cmp('v', dv, v)
cmp('q', dq, q)
cmp('k', dk, k)
cmp('Wqkv', dWqkv, Wqkv)
""",
    ("dk = dwei.transpose(-2, -1) @ q * C ** -0.5", "dk = dwei @ q * C ** -0.5", "turn dwei"),
    ("(dp * p).sum(-1, keepdim=True)", "(dp * p).sum(-2, keepdim=True)", "axis"),
    ("[dq, dk, dv]", "[dk, dq, dv]", "order of parts"),
    ("dq = dwei @ k * C ** -0.5", "dq = dwei @ k", "factor C ** -0.5"),
)

piece(
    "rnn over time",
    """
torch.manual_seed(6)
T, N, D, H = 4, 3, 5, 6
xs = torch.randn(T, N, D)
Wx = (torch.randn(D, H) * 0.3).requires_grad_()
Wh = (torch.randn(H, H) * 0.3).requires_grad_()
b = torch.zeros(H, requires_grad=True)
h = torch.zeros(N, H)
hs = [h]
for t in range(T):
    h = torch.tanh(xs[t] @ Wx + h @ Wh + b)
    hs.append(h)
loss = 0
for h in hs[1:]:
    loss = loss + (h ** 2).mean()
loss.backward()
# %%
dWx = torch.zeros_like(Wx)
dWh = torch.zeros_like(Wh)
db = torch.zeros_like(b)
dnext = torch.zeros(N, H)
for t in reversed(range(T)):
    dh = 2 * hs[t + 1] / (N * H) + dnext
    draw = (1 - hs[t + 1] ** 2) * dh
    dWx += xs[t].T @ draw
    dWh += hs[t].T @ draw
    db += draw.sum(0)
    dnext = draw @ Wh.T
# %%
cmp('Wx', dWx, Wx)
cmp('Wh', dWh, Wh)
cmp('b', db, b)
""",
    ("dWh += hs[t].T @ draw", "dWh += hs[t + 1].T @ draw", "hs[t]"),
    ("dnext = draw @ Wh.T", "dnext = draw @ Wh", "Wh turned"),
    ("/ (N * H) + dnext", "/ (N * H)", "dnext comes in nowhere"),
    ("dWx += xs[t].T @ draw", "dWx = xs[t].T @ draw", "+= instead of ="),
)

piece(
    "lstm step module style",
    """
torch.manual_seed(7)
x, h0, c0 = torch.randn(3, 4), torch.randn(3, 5), torch.randn(3, 5)
W = (torch.randn(9, 20) * 0.3).requires_grad_()
bias = torch.zeros(20, requires_grad=True)
z = torch.cat((x, h0), 1)
gates = z @ W + bias
i, f, g, o = gates.split(5, dim=1)
i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
c = f * c0 + i * g
h = o * torch.tanh(c)
L = (h ** 2).sum() + c.sum()
L.backward()
# %%
dh = 2 * h
do = dh * torch.tanh(c)
dc = torch.ones_like(c) + dh * o * (1 - torch.tanh(c) ** 2)
df = dc * c0
di = dc * g
dg = dc * i
dgates = torch.cat([di * i * (1 - i), df * f * (1 - f), dg * (1 - g ** 2), do * o * (1 - o)], 1)
dW = z.T @ dgates
dbias = dgates.sum(0)
# %%
cmp('W', dW, W)
cmp('bias', dbias, bias)
""",
    ("dc = torch.ones_like(c) + dh", "dc = dh", "one path missing"),
    ("dg * (1 - g ** 2)", "dg * g * (1 - g)", "tanh's derivative"),
    ("df = dc * c0", "df = dc * c", "c0 belongs"),
)

piece(
    "in place lines",
    """
torch.manual_seed(8)
x = torch.randn(6, 3)
w = torch.randn(3, 4, requires_grad=True)
b = torch.randn(4, requires_grad=True)
g = torch.rand(4, requires_grad=True)
y = x @ w
y += b
y *= g.exp()
y = y.clone()
y[y < 0] = 0
loss = (y ** 2).sum() / 6
loss.backward()
# %%
y0 = x @ w + b
dy = 2 * y / 6
dy *= (y > 0)
dg = (dy * y0 * g.exp()).sum(0)
dy0 = dy * g.exp()
db = dy0.sum(0)
dw = x.T @ dy0
# %%
cmp('g', dg, g)
cmp('b', db, b)
cmp('w', dw, w)
""",
    ("dg = (dy * y0 * g.exp()).sum(0)", "dg = (dy * y0).sum(0)", "g.exp() missing"),
    ("dy0 = dy * g.exp()", "dy0 = dy * g", "exp missing"),
    ("dy = 2 * y / 6", "dy = 2 * y", "1/6"),
)

piece(
    "dict of parameters",
    """
torch.manual_seed(9)
params = {
    "W1": torch.randn(4, 5) * 0.5,
    "b1": torch.zeros(5),
    "W2": torch.randn(5, 2) * 0.5,
    "b2": torch.zeros(2),
}
for p in params.values():
    p.requires_grad_()
X, Y = torch.randn(6, 4), torch.randn(6, 2)
cache = {}
cache["z1"] = X @ params["W1"] + params["b1"]
cache["a1"] = F.leaky_relu(cache["z1"], 0.1)
cache["out"] = cache["a1"] @ params["W2"] + params["b2"]
loss = F.mse_loss(cache["out"], Y)
loss.backward()
# %%
grads = {}
dout = 2 * (cache["out"] - Y) / Y.numel()
grads["W2"] = cache["a1"].t() @ dout
grads["b2"] = dout.sum(dim=0)
da1 = dout @ params["W2"].t()
dz1 = da1 * torch.where(cache["z1"] > 0, 1.0, 0.1)
grads["W1"] = X.t() @ dz1
grads["b1"] = dz1.sum(dim=0)
# %%
for k in params:
    cmp(k, grads[k], params[k])
""",
    ("1.0, 0.1)", "1.0, 0.0)", "0.1"),
    ('grads["W2"] = cache["a1"].t()', 'grads["W2"] = cache["z1"].t()', "a1 belongs"),
    ("dout.sum(dim=0)", "dout.sum(dim=0, keepdim=True)", "shape"),
)

piece(
    "criterion object",
    """
torch.manual_seed(10)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))
criterion = nn.CrossEntropyLoss(reduction='sum')
inputs, labels = torch.randn(5, 6), torch.randint(0, 4, (5,))
h = model[1](model[0](inputs))
logits = model[2](h)
loss = criterion(logits, labels)
model.zero_grad()
loss.backward()
# %%
probs = logits.softmax(-1)
onehot = F.one_hot(labels, 4)
dlogits = probs - onehot
grad_W3 = dlogits.T @ h
grad_b3 = dlogits.sum(0)
dh = dlogits @ model[2].weight
dpre = dh * (h > 0)
grad_W1 = dpre.T @ inputs
# %%
cmp('W3', grad_W3, model[2].weight)
cmp('b3', grad_b3, model[2].bias)
cmp('W1', grad_W1, model[0].weight)
""",
    ("dlogits = probs - onehot", "dlogits = (probs - onehot) / 5", "the factor does not belong"),
    ("dlogits = probs - onehot", "dlogits = onehot - probs", "turned round"),
    ("dpre = dh * (h > 0)", "dpre = dh", "relu passed unchanged"),
)

piece(
    "y.backward(g)",
    """
torch.manual_seed(11)
x = torch.randn(4, 5, requires_grad=True)
gamma = torch.rand(5, requires_grad=True)
def layernorm(x, gamma, eps=1e-5):
    mu = x.mean(-1, keepdim=True)
    var = ((x - mu) ** 2).mean(-1, keepdim=True)
    xhat = (x - mu) / torch.sqrt(var + eps)
    return gamma * xhat, xhat, var
y, xhat, var = layernorm(x, gamma)
upstream = torch.randn(4, 5)
y.backward(upstream)
# %%
dgamma = (upstream * xhat).sum(0)
dxhat = upstream * gamma
dx = (dxhat - dxhat.mean(-1, keepdim=True) - xhat * (dxhat * xhat).mean(-1, keepdim=True)) / torch.sqrt(var + 1e-5)
cmp('gamma', dgamma, gamma)
cmp('x', dx, x)
""",
    ("- dxhat.mean(-1, keepdim=True) ", "", "through mu"),
    ("upstream * gamma", "upstream", "gamma"),
    ("(dxhat * xhat).mean(-1, keepdim=True)", "(dxhat * xhat).sum(-1, keepdim=True)", "mean/1/5"),
    ("/ torch.sqrt(var + 1e-5)", "/ (var + 1e-5)", "sqrt"),
)

piece(
    "several backward calls",
    """
torch.manual_seed(12)
w = torch.randn(3, 2, requires_grad=True)
xa, xb = torch.randn(4, 3), torch.randn(5, 3)
la = (xa @ w).pow(2).mean()
lb = (xb @ w).abs().sum()
la.backward()
lb.backward()
# %%
dw = xa.T @ (2 * (xa @ w) / 8)
dw = dw + xb.T @ (xb @ w).sign()
cmp('w', dw, w)
""",
    ("dw = dw + xb.T", "dw = xb.T", "la left out"),
    ("(xb @ w).sign()", "(xb @ w)", "sign"),
    ("/ 8)", "/ 4)", "1/2"),
)

piece(
    "training loop",
    """
torch.manual_seed(13)
X = torch.randn(10, 3)
target = X @ torch.tensor([1.0, -2.0, 0.5]) + 0.3
w = torch.zeros(3, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.1
for step in range(4):
    pred = X @ w + b
    err = pred - target
    loss = (err ** 2).mean()
    w.grad = b.grad = None
    loss.backward()
    derr = 2 * err.detach() / 10
    dw = X.T @ derr
    db = derr.sum().reshape(1)
    cmp('w', dw, w)
    cmp('b', db, b)
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
""",
    ("dw = X.T @ derr", "dw = X.T @ err.detach()", "factor 2/10"),
    ("db = derr.sum().reshape(1)", "db = derr.sum()", "shape"),
    ("2 * err.detach() / 10", "2 * err.detach()", "1/10"),
)

piece(
    "zip of parameters",
    """
torch.manual_seed(14)
C = torch.randn(7, 2) * 0.5
W1 = torch.randn(6, 8) * 0.3
b1 = torch.randn(8) * 0.1
W2 = torch.randn(8, 7) * 0.3
b2 = torch.randn(7) * 0.1
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
Xb = torch.randint(0, 7, (9, 3))
Yb = torch.randint(0, 7, (9,))
# %%
emb = C[Xb]
embcat = emb.view(emb.shape[0], -1)
h = torch.tanh(embcat @ W1 + b1)
logits = h @ W2 + b2
loss = F.cross_entropy(logits, Yb)
for p in parameters:
    p.grad = None
loss.backward()
# %%
with torch.no_grad():
    dlogits = F.softmax(logits, 1)
    dlogits[range(9), Yb] -= 1
    dlogits /= 9
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpre = (1 - h ** 2) * dh
    dembcat = dhpre @ W1.T
    dW1 = embcat.T @ dhpre
    db1 = dhpre.sum(0)
    demb = dembcat.view(emb.shape)
    dC = torch.zeros_like(C)
    for k in range(Xb.shape[0]):
        for j in range(Xb.shape[1]):
            dC[Xb[k, j]] += demb[k, j]
    grads = [dC, dW1, db1, dW2, db2]
# %%
for p, g in zip(parameters, grads):
    cmp(str(tuple(p.shape)), g, p)
""",
    ("dC[Xb[k, j]] += demb", "dC[Xb[k, j]] = demb", "+="),
    ("dlogits /= 9", "dlogits /= 7", "9"),
    ("dhpre = (1 - h ** 2) * dh", "dhpre = (1 - h) * dh", "h**2"),
    ("grads = [dC, dW1, db1, dW2, db2]", "grads = [dC, dW1, db2, dW2, db1]", "exchanged"),
)

piece(
    "wrapper around cmp",
    """
torch.manual_seed(15)
def report(name, mine, tensor):
    ok = cmp(name, mine, tensor)
    return ok
def test_all(pairs):
    return all(report(n, g, t) for n, (g, t) in pairs.items())
x = torch.randn(5, 3)
u = torch.randn(3, requires_grad=True)
v = torch.randn(3, requires_grad=True)
score = (x * u).sum(1) * torch.exp(-(x * v).sum(1))
obj = score.sum()
obj.backward()
# %%
e = torch.exp(-(x * v).sum(1))
s = (x * u).sum(1)
du = (x * e[:, None]).sum(0)
dv = -(x * (s * e)[:, None]).sum(0)
test_all({'u': (du, u), 'v': (dv, v)})
""",
    ("dv = -(x", "dv = (x", "sign"),
    ("(s * e)[:, None]", "s[:, None]", "e missing"),
    ("du = (x * e[:, None]).sum(0)", "du = (x * e[:, None]).sum(1)", "axis"),
)

piece(
    "gradients from a function in a dict",
    """
torch.manual_seed(16)
def init(d_in, d_h, d_out):
    g = torch.Generator().manual_seed(0)
    P = {'W1': torch.randn(d_in, d_h, generator=g), 'W2': torch.randn(d_h, d_out, generator=g)}
    return {k: (v * 0.3).requires_grad_() for k, v in P.items()}
def fwd(P, x):
    a = x @ P['W1']
    s = F.softplus(a)
    return s @ P['W2'], (x, a, s)
def bwd(P, cache, dy):
    x, a, s = cache
    out = {}
    out['W2'] = s.T @ dy
    ds = dy @ P['W2'].T
    da = ds * torch.sigmoid(a)
    out['W1'] = x.T @ da
    return out
# %%
P = init(4, 5, 3)
x = torch.randn(6, 4)
y, cache = fwd(P, x)
loss = F.l1_loss(y, torch.zeros_like(y))
loss.backward()
# %%
G = bwd(P, cache, y.detach().sign() / y.numel())
for name, p in P.items():
    cmp(name, G[name], p)
""",
    ("ds * torch.sigmoid(a)", "ds * torch.sigmoid(a) * (1 - torch.sigmoid(a))", "derivative of softplus"),
    ("out['W1'] = x.T @ da", "out['W1'] = x.T @ ds", "passes through unchanged"),
    ("y.detach().sign() / y.numel()", "y.detach() / y.numel()", "sign"),
)

piece(
    "second attempt",
    """
torch.manual_seed(17)
x = torch.randn(6, 4)
W = torch.randn(4, 3, requires_grad=True)
z = x @ W
m = z.max(1, keepdim=True).values
zs = z - m
lse = zs.exp().sum(1, keepdim=True).log()
logp = zs - lse
nll = -logp[range(6), [0, 1, 2, 2, 1, 0]].mean()
nll.backward()
# %%
dlogp = torch.zeros_like(logp)
dlogp[range(6), [0, 1, 2, 2, 1, 0]] = -1 / 6
dz = dlogp - dlogp.sum(1, keepdim=True)
dW = x.T @ dz
cmp('W', dW, W)
# %%
dz_v2 = dlogp - dlogp.sum(1, keepdim=True) * logp.exp()
dW_v2 = x.T @ dz_v2
cmp('W', dW_v2, W)
""",
    ("* logp.exp()", "* logp", "exp"),
    ("dlogp.sum(1, keepdim=True) * logp.exp()", "dlogp * logp.exp()", "sum missing"),
)

piece(
    "wrong in another cell",
    """
torch.manual_seed(18)
x = torch.randn(5, 4, requires_grad=True)
w = torch.randn(4, 4)
y = x @ w
z = torch.cos(y)
out = (z ** 3).sum()
out.backward()
# %%
dz = 3 * z ** 2
# %%
dy = -torch.sin(y) * dz
# %%
dx = dy @ w.T
cmp('x', dx, x)
""",
    ("dz = 3 * z ** 2", "dz = 3 * z", "uses dz / power"),
    ("dy = -torch.sin(y) * dz", "dy = torch.sin(y) * dz", "sign in dy"),
    ("dx = dy @ w.T", "dx = dz @ w.T", "cos passed unchanged"),
)

piece(
    "batch norm functional",
    """
torch.manual_seed(19)
N = 8
x = torch.randn(N, 3, requires_grad=True)
gamma = torch.rand(3).requires_grad_()
beta = torch.zeros(3, requires_grad=True)
y = F.batch_norm(x, None, None, gamma, beta, training=True)
wts = torch.randn(N, 3)
loss = (y * wts).sum()
loss.backward()
# %%
mean = x.mean(0)
var = x.var(0, unbiased=False)
inv = (var + 1e-5) ** -0.5
xhat = (x - mean) * inv
dy = wts
dgamma = (dy * xhat).sum(0)
dbeta = dy.sum(0)
dx = gamma * inv / N * (N * dy - dy.sum(0) - xhat * (dy * xhat).sum(0))
# %%
check(loss, x=dx, gamma=dgamma, beta=dbeta)
""",
    ("(N * dy - dy.sum(0)", "(dy - dy.sum(0)", "N"),
    ("unbiased=False", "unbiased=True", "unbiased"),
    ("gamma * inv / N", "inv / N", "gamma"),
)

piece(
    "embedding and bag",
    """
torch.manual_seed(20)
V, E = 6, 4
table = nn.Embedding(V, E)
ids = torch.tensor([[0, 2, 2], [5, 1, 2], [3, 3, 0], [4, 5, 1]])
vec = table(ids).mean(dim=1)
head = nn.Linear(E, 2, bias=False)
logit = head(vec)
loss = F.binary_cross_entropy_with_logits(logit, torch.ones(4, 2))
loss.backward()
# %%
dlogit = (torch.sigmoid(logit) - 1) / logit.numel()
dhead = dlogit.T @ vec
dvec = dlogit @ head.weight
dtok = (dvec / 3).unsqueeze(1).expand(4, 3, E)
dtable = torch.zeros(V, E)
dtable.index_add_(0, ids.view(-1), dtok.reshape(-1, E))
# %%
cmp('head.weight', dhead, head.weight)
cmp('table.weight', dtable, table.weight)
""",
    ("(dvec / 3)", "dvec", "1/3"),
    ("dtable.index_add_(0, ids.view(-1), dtok.reshape(-1, E))", "dtable[ids.view(-1)] = dtok.reshape(-1, E)", "only one kept"),
    ("torch.sigmoid(logit) - 1", "torch.sigmoid(logit)", "target"),
)

piece(
    "conv by hand",
    """
torch.manual_seed(21)
img = torch.randn(2, 3, 6, 6)
conv = nn.Conv2d(3, 4, 3, padding=1)
feat = conv(img)
act = F.relu(feat)
pooled = act.mean((2, 3))
loss = pooled.logsumexp(1).sum()
loss.backward()
# %%
dpooled = pooled.softmax(1)
dact = (dpooled / 36)[:, :, None, None].expand_as(act)
dfeat = dact * (feat > 0)
cols = F.unfold(img, 3, padding=1)
dweight = (dfeat.reshape(2, 4, 36) @ cols.transpose(1, 2)).sum(0).view(4, 3, 3, 3)
dbias = dfeat.sum((0, 2, 3))
# %%
cmp('weight', dweight, conv.weight)
cmp('bias', dbias, conv.bias)
""",
    ("dfeat.sum((0, 2, 3))", "dfeat.sum(0)", "axes"),
    (".sum(0).view(4, 3, 3, 3)", ".mean(0).view(4, 3, 3, 3)", "averages"),
    ("(dpooled / 36)", "(dpooled / 6)", "36"),
    ("dfeat = dact * (feat > 0)", "dfeat = dact * feat", "mask"),
)

piece(
    "max over time",
    """
torch.manual_seed(22)
seq = torch.randn(3, 5, 4)
W = torch.randn(4, 6, requires_grad=True)
feats = seq @ W
pooled, idx = feats.max(dim=1)
val = (pooled ** 2).sum()
val.backward()
# %%
dpooled = 2 * pooled
dfeats = torch.zeros_like(feats)
dfeats.scatter_(1, idx.unsqueeze(1), dpooled.unsqueeze(1))
dW = (seq.transpose(1, 2) @ dfeats).sum(0)
# %%
cmp('W', dW, W)
""",
    ("dpooled = 2 * pooled", "dpooled = pooled", "2"),
    ("dfeats.scatter_(1, idx.unsqueeze(1), dpooled.unsqueeze(1))", "dfeats += dpooled.unsqueeze(1)", "max's places"),
    (".sum(0)", ".mean(0)", "averages"),
)

piece(
    "branch with a fixed mask",
    """
torch.manual_seed(23)
class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.lin = nn.Linear(d, d)
        self.p = 0.25
        self.mask = (torch.rand(5, d) > self.p).float() / (1 - self.p)
    def forward(self, x):
        y = self.lin(x)
        if self.training:
            y = y * self.mask
        return x + F.elu(y)
blk = Block(4)
x = torch.randn(5, 4, requires_grad=True)
o = blk(x)
r = o.square().sum(1).sqrt().sum()
r.backward()
# %%
norm = o.square().sum(1, keepdim=True).sqrt()
do = o / norm
pre = blk.lin(x) * blk.mask
dpre = do * torch.where(pre > 0, torch.ones_like(pre), pre.exp())
dlin = dpre * blk.mask
dW = dlin.T @ x
dx = do + dlin @ blk.lin.weight
# %%
check(r, x=dx)
cmp('lin.weight', dW, blk.lin.weight)
""",
    ("dx = do + dlin @", "dx = dlin @", "residual left out"),
    ("dlin = dpre * blk.mask", "dlin = dpre", "mask"),
    ("do = o / norm", "do = o", "norm missing"),
)

piece(
    "math sqrt and cosine",
    """
import math
torch.manual_seed(24)
n = 6
a = torch.randn(n, 5, requires_grad=True)
b = torch.randn(n, 5)
na = a.norm(dim=1, keepdim=True)
ah = a / na
bh = b / b.norm(dim=1, keepdim=True)
sim = (ah @ bh.T) * math.sqrt(5)
lossy = F.cross_entropy(sim, torch.arange(n))
lossy.backward()
# %%
dsim = (sim.softmax(1) - torch.eye(n)) / n
dah = math.sqrt(5) * dsim @ bh
da = (dah - ah * (dah * ah).sum(1, keepdim=True)) / na
cmp('a', da, a)
""",
    ("math.sqrt(5) * dsim @ bh", "dsim @ bh", "sqrt(5)"),
    ("(dah - ah * (dah * ah).sum(1, keepdim=True)) / na", "dah / na", "through na"),
    ("sim.softmax(1)", "sim.softmax(0)", "axis"),
    ("dsim @ bh", "dsim.T @ bh", "turned"),
)

piece(
    "loss added up",
    """
torch.manual_seed(25)
data = torch.randn(12, 3)
lab = torch.randint(0, 2, (12,)).float()
w = torch.randn(3, requires_grad=True)
loss = 0
lam = 0.01
for xb, yb in zip(data.split(4), lab.split(4)):
    p = torch.sigmoid(xb @ w)
    loss += F.binary_cross_entropy(p, yb)
loss += lam * (w ** 2).sum()
loss.backward()
# %%
dw = torch.zeros(3)
for xb, yb in zip(data.split(4), lab.split(4)):
    p = torch.sigmoid(xb @ w)
    dw += xb.T @ (p - yb) / 4
dw += 2 * lam * w
cmp('w', dw, w)
""",
    ("dw += 2 * lam * w", "dw += lam * w", "2"),
    ("(p - yb) / 4", "(p - yb) / 12", "factor 3"),
    ("dw += 2 * lam * w\n", "", "regulariser left out"),
    ("dw += xb.T @ (p - yb) / 4", "dw = xb.T @ (p - yb) / 4", "+="),
)

piece(
    "residual layers in a loop",
    """
torch.manual_seed(26)
layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
x0 = torch.randn(5, 4)
acts, x = [x0], x0
for layer in layers:
    x = x + torch.tanh(layer(x))
    acts.append(x)
loss = x.pow(2).sum() / 2
loss.backward()
# %%
grads = []
d = acts[-1]
for layer, inp in zip(reversed(layers), reversed(acts[:-1])):
    t = torch.tanh(layer(inp))
    dt = d * (1 - t * t)
    grads.insert(0, (dt.T @ inp, dt.sum(0)))
    d = d + dt @ layer.weight
# %%
for i, (layer, (gw, gb)) in enumerate(zip(layers, grads)):
    cmp(f'layers[{i}].weight', gw, layer.weight)
    cmp(f'layers[{i}].bias', gb, layer.bias)
""",
    ("d = d + dt @ layer.weight", "d = dt @ layer.weight", "residual"),
    ("d = d + dt @ layer.weight", "d = d + dt @ layer.weight.T", "turned"),
    ("dt.sum(0)", "dt.mean(0)", "averages"),
)

piece(
    "einsum and hinge",
    """
torch.manual_seed(28)
def bilinear(x, M, y):
    return torch.einsum('bi,ijk,bj->bk', x, M, y)
x, y = torch.randn(6, 3), torch.randn(6, 4)
M = torch.randn(3, 4, 5, requires_grad=True)
scores = bilinear(x, M, y)
correct = torch.tensor([0, 1, 2, 3, 4, 0])
margins = torch.clamp(scores - scores[torch.arange(6), correct][:, None] + 1, min=0)
hinge = margins.sum() / 6 - 1
hinge.backward()
# %%
ind = (margins > 0).float() / 6
dscores = ind.clone()
dscores[torch.arange(6), correct] -= ind.sum(1)
dM = torch.einsum('bi,bj,bk->ijk', x, y, dscores)
cmp('M', dM, M)
""",
    ("dscores[torch.arange(6), correct] -= ind.sum(1)", "dscores[torch.arange(6), correct] = -ind.sum(1)", "-="),
    ("dscores[torch.arange(6), correct] -= ind.sum(1)\n", "", "one use left out"),
    ("(margins > 0).float() / 6", "margins / 6", "mask"),
    ("(margins > 0).float() / 6", "(scores > 0).float() / 6", "other places"),
)

piece(
    "vae step",
    """
torch.manual_seed(29)
enc = nn.Linear(6, 4)
dec = nn.Linear(2, 6)
x = torch.rand(5, 6)
noise = torch.randn(5, 2)
def step(x):
    stats = enc(x)
    mu, logvar = stats[:, :2], stats[:, 2:]
    std = torch.exp(0.5 * logvar)
    z = mu + std * noise
    rec = torch.sigmoid(dec(z))
    recon = ((rec - x) ** 2).sum(1).mean()
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
    return recon + kl, mu, logvar, std, z, rec
elbo, mu, logvar, std, z, rec = step(x)
elbo.backward()
# %%
drec = 2 * (rec - x) / 5
dpre = drec * rec * (1 - rec)
ddec = dpre.t() @ z
dz = dpre @ dec.weight
dmu = dz + mu / 5
dlogvar = dz * noise * std * 0.5 + 0.5 * (logvar.exp() - 1) / 5
dstats = torch.cat([dmu, dlogvar], 1)
denc = dstats.t() @ x
# %%
assert cmp('dec.weight', ddec, dec.weight)
cmp('enc.weight', denc, enc.weight)
""",
    ("dmu = dz + mu / 5", "dmu = dz", "kl left out"),
    ("dz * noise * std * 0.5", "dz * noise * std", "0.5"),
    ("0.5 * (logvar.exp() - 1) / 5", "0.5 * (logvar.exp() + 1) / 5", "sign"),
    ("[dmu, dlogvar]", "[dlogvar, dmu]", "order"),
)

piece(
    "tied weights",
    """
torch.manual_seed(30)
E = torch.randn(7, 4, requires_grad=True)
tok = torch.tensor([1, 5, 5, 2])
nxt = torch.tensor([5, 5, 2, 0])
hidden = E[tok]
hidden = F.normalize(hidden, dim=-1)
logits = hidden @ E.T
loss = F.cross_entropy(logits, nxt)
loss.backward()
# %%
dlogits = logits.softmax(-1)
dlogits[torch.arange(4), nxt] -= 1
dlogits /= 4
dhid = dlogits @ E
raw = E[tok]
n = raw.norm(dim=-1, keepdim=True)
draw = (dhid - hidden * (hidden * dhid).sum(-1, keepdim=True)) / n
dE = dlogits.T @ hidden
dE = dE.index_add(0, tok, draw)
cmp('E', dE, E)
""",
    ("dE = dE.index_add(0, tok, draw)\n", "", "one use left out"),
    ("dE = dlogits.T @ hidden", "dE = torch.zeros_like(E)", "other use left out"),
    ("draw = (dhid - hidden * (hidden * dhid).sum(-1, keepdim=True)) / n", "draw = dhid / n", "through n"),
    ("dE.index_add(0, tok, draw)", "dE.index_copy(0, tok, draw)", "index_copy"),
)

piece(
    "linear regression",
    """
rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
y = rng.normal(size=8)
w = torch.tensor(rng.normal(size=3), requires_grad=True)
loss = ((torch.from_numpy(X) @ w - torch.from_numpy(y)) ** 2).mean()
loss.backward()
# %%
w_np = w.detach().numpy()
r = X @ w_np - y
dw = 2 * X.T.dot(r) / len(y)
cmp('w', dw, w)
""",
    ("2 * X.T.dot(r) / len(y)", "X.T.dot(r) / len(y)", "2"),
    ("r = X @ w_np - y", "r = X @ w_np + y", "sign"),
)

piece(
    "mlp in numpy",
    """
torch.manual_seed(0)
X = torch.randn(7, 4)
t = torch.tensor([0, 2, 1, 1, 0, 2, 2])
W1 = torch.randn(4, 5, requires_grad=True)
W2 = torch.randn(5, 3, requires_grad=True)
h = torch.tanh(X @ W1)
logits = h @ W2
loss = F.cross_entropy(logits, t)
loss.backward()
# %%
Xn, tn, W1n, W2n = X.numpy(), t.numpy(), W1.detach().numpy(), W2.detach().numpy()
hn = np.tanh(Xn @ W1n)
z = hn @ W2n
e = np.exp(z - z.max(axis=1, keepdims=True))
p = e / np.sum(e, axis=1, keepdims=True)
# %%
dz = p.copy()
dz[np.arange(7), tn] -= 1
dz /= 7
dW2 = hn.T @ dz
dh = dz @ W2n.T
dpre = dh * (1 - hn ** 2)
dW1 = Xn.T @ dpre
# %%
cmp('W2', dW2, W2)
cmp('W1', dW1, W1)
""",
    ("(1 - hn ** 2)", "(1 - hn)", "power"),
    ("dz /= 7\n", "", "1/7"),
    ("dW2 = hn.T @ dz", "dW2 = dz.T @ hn", "transposed"),
)

piece(
    "numpy bias",
    """
torch.manual_seed(1)
x = torch.randn(6, 4)
b = torch.randn(4, requires_grad=True)
s = torch.sigmoid(x + b)
L = (s * s).sum()
L.backward()
# %%
sn = s.detach().numpy()
ds = 2 * sn
db = np.sum(ds * sn * (1 - sn), axis=0)
cmp('b', db, b)
""",
    ("axis=0", "axis=0, keepdims=True", "keepdims"),
    ("axis=0", "axis=1", "axis"),
    ("(1 - sn)", "(1 + sn)", "sign"),
)

piece(
    "all in numpy with leaf",
    """
W = torch.from_numpy(np.linspace(-1, 1, 12).reshape(4, 3)).requires_grad_()
A = np.sin(np.arange(20.0)).reshape(5, 4)
out = torch.relu(torch.tensor(A) @ W)
out.sum().backward()
# %%
pre = np.dot(A, W.detach().numpy())
mask = np.where(pre > 0, 1.0, 0.0)
dW = np.dot(A.T, mask)
cmp('W', dW, W)
""",
    ("np.where(pre > 0, 1.0, 0.0)", "np.where(A > 0, 1.0, 0.0)[:, :3]", "pre"),
    ("np.dot(A.T, mask)", "np.dot(A.T, np.maximum(pre, 0))", "mask"),
)

piece(
    "numpy gradients in a dict",
    """
torch.manual_seed(2)
P = {'W': torch.randn(3, 3, requires_grad=True), 'c': torch.zeros(3, requires_grad=True)}
x = torch.rand(5, 3)
u = x @ P['W'] + P['c']
v = F.softplus(u)
out = v.mean()
out.backward()
# %%
un = u.detach().numpy()
g = {}
du = (1 / (1 + np.exp(-un))) / un.size
g['W'] = x.numpy().T @ du
g['c'] = du.sum(0)
for k in P:
    cmp(k, g[k], P[k])
""",
    ("np.exp(-un)", "np.exp(un)", "sign"),
    ("/ un.size", "/ un.shape[0]", "1/3"),
    ("du.sum(0)", "du.mean(0)", "averages"),
)

piece(
    "gru module over time",
    """
class GRUCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.x2h = nn.Linear(n_in, 2 * n_hidden)
        self.h2h = nn.Linear(n_hidden, 2 * n_hidden, bias=False)
        self.x2n = nn.Linear(n_in, n_hidden)
        self.h2n = nn.Linear(n_hidden, n_hidden, bias=False)

    def forward(self, x, h):
        r, z = torch.sigmoid(self.x2h(x) + self.h2h(h)).chunk(2, dim=1)
        hn = self.h2n(h)
        n = torch.tanh(self.x2n(x) + r * hn)
        return (1 - z) * n + z * h, (r, z, n, hn)


torch.manual_seed(0)
B, T, D, H = 3, 4, 5, 6
cell = GRUCell(D, H)
readout = nn.Linear(H, 2)
seq = torch.randn(B, T, D)
target = torch.randint(0, 2, (B,))
# %%
h = torch.zeros(B, H)
states, gates = [h], []
for t in range(T):
    h, g = cell(seq[:, t], h)
    states.append(h)
    gates.append(g)
logits = readout(h)
loss = F.cross_entropy(logits, target)
loss.backward()
# %%
grads = {name: torch.zeros_like(p) for name, p in cell.named_parameters()}
dlogits = (logits.softmax(-1) - F.one_hot(target, 2)) / B
grads['readout.weight'] = dlogits.T @ h
dh = dlogits @ readout.weight
for t in range(T - 1, -1, -1):
    x, h_prev = seq[:, t], states[t]
    r, z, n, hn = gates[t]
    dn = dh * (1 - z)
    dz = dh * (h_prev - n)
    dh_prev = dh * z
    dn_raw = dn * (1 - n ** 2)
    dr = dn_raw * hn
    dhn = dn_raw * r
    d_rz = torch.cat([dr * r * (1 - r), dz * z * (1 - z)], dim=1)
    grads['x2n.weight'] += dn_raw.T @ x
    grads['x2n.bias'] += dn_raw.sum(0)
    grads['h2n.weight'] += dhn.T @ h_prev
    grads['x2h.weight'] += d_rz.T @ x
    grads['x2h.bias'] += d_rz.sum(0)
    grads['h2h.weight'] += d_rz.T @ h_prev
    dh = dh_prev + dhn @ cell.h2n.weight + d_rz @ cell.h2h.weight
# %%
cmp('readout.weight', grads['readout.weight'], readout.weight)
for name, p in cell.named_parameters():
    cmp(name, grads[name], p)
""",
    ("dz = dh * (h_prev - n)", "dz = dh * (n - h_prev)", "sign: n and h_prev exchanged"),
    ("dhn = dn_raw * r", "dhn = dn_raw", "r missing in dhn"),
    ("dh = dh_prev + dhn @", "dh = dhn @", "dh_prev missing"),
)


piece(
    "sgd loop with no_grad",
    """
torch.manual_seed(3)
n, d, hdim = 12, 4, 8
Xtr = torch.randn(n, d)
ytr = torch.sin(Xtr.sum(1, keepdim=True))
w1 = torch.empty(d, hdim).uniform_(-0.5, 0.5).requires_grad_(True)
b1 = torch.zeros(hdim, requires_grad=True)
w2 = torch.empty(hdim, 1).uniform_(-0.5, 0.5).requires_grad_(True)
b2 = torch.zeros(1, requires_grad=True)
lr = 0.05
for epoch in range(2):
    a = Xtr.mm(w1) + b1
    z = F.softplus(a)
    yhat = z.mm(w2).add(b2)
    loss = F.smooth_l1_loss(yhat, ytr)
    loss.backward()
    with torch.no_grad():
        diff = yhat - ytr
        g_yhat = diff.clamp(-1, 1) / n
        g_w2 = z.t().mm(g_yhat)
        g_b2 = g_yhat.sum(0)
        g_z = g_yhat.mm(w2.t())
        g_a = g_z * torch.sigmoid(a)
        g_w1 = Xtr.t().mm(g_a)
        g_b1 = g_a.sum(0)
        for nm, g, p in [('w2', g_w2, w2), ('b2', g_b2, b2), ('w1', g_w1, w1), ('b1', g_b1, b1)]:
            cmp(f'{epoch}/{nm}', g, p)
            p -= lr * g
            p.grad = None
""",
    ("torch.sigmoid(a)", "torch.sigmoid(z)", "sigmoid of a, not z"),
    ("diff.clamp(-1, 1) / n", "diff.clamp(-1, 1)", "1/n missing"),
    ("g_b1 = g_a.sum(0)", "g_b1 = g_z.sum(0)", "g_a instead of g_z"),
)


piece(
    "multi head attention by einsum",
    """
torch.manual_seed(11)
b, s, h, d = 2, 4, 2, 3
x = torch.randn(b, s, h * d)
wq, wk, wv, wo = [nn.Parameter(torch.randn(h * d, h * d) * (h * d) ** -0.5) for _ in range(4)]
def split(t): return t.view(b, s, h, d)
q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
scores = torch.einsum('bqhd,bkhd->bhqk', q, k) / math.sqrt(d)
mask = torch.ones(s, s, dtype=torch.bool).triu(diagonal=1)
attn = scores.masked_fill(mask, -torch.inf).softmax(dim=-1)
ctx = torch.einsum('bhqk,bkhd->bqhd', attn, v)
out = ctx.reshape(b, s, h * d) @ wo
upstream = torch.randn_like(out)
out.backward(gradient=upstream)
# %%
gwo = torch.einsum('bsi,bsj->ij', ctx.flatten(start_dim=2), upstream)
gctx = (upstream @ wo.t()).view(b, s, h, d)
gattn = torch.einsum('bqhd,bkhd->bhqk', gctx, v)
gv = torch.einsum('bhqk,bqhd->bkhd', attn, gctx)
gscores = attn * (gattn - torch.sum(gattn * attn, dim=-1, keepdim=True)) / math.sqrt(d)
gq = torch.einsum('bhqk,bkhd->bqhd', gscores, k)
gk = torch.einsum('bhqk,bqhd->bkhd', gscores, q)
gwq, gwk, gwv = (torch.einsum('bsi,bsj->ij', x, g.reshape(b, s, h * d)) for g in (gq, gk, gv))
# %%
cmp('wo', gwo, wo)
for nm, g, p in zip(['wv', 'wq', 'wk'], [gwv, gwq, gwk], [wv, wq, wk]):
    cmp(nm, g, p)
""",
    ("'bhqk,bqhd->bkhd', gscores, q)", "'bhqk,bkhd->bqhd', gscores, q)", "indices of gk"),
    ("keepdim=True)) / math.sqrt(d)", "keepdim=True)) / math.sqrt(h * d)", "sqrt(d)"),
    ("(upstream @ wo.t())", "(upstream @ wo)", "wo turned"),
)


piece(
    "total variation with slices",
    """
def tv_penalty(img):
    dy = img[:, 1:, :] - img[:, :-1, :]
    dx = img[:, :, 1:] - img[:, :, :-1]
    return (dy ** 2).sum() + (dx.abs()).sum(), dy, dx

torch.manual_seed(12)
img = torch.rand(2, 5, 6, requires_grad=True)
noisy = torch.rand(2, 5, 6)
lam = 0.3
tv, dy, dx = tv_penalty(img)
fidelity = 0.5 * (img - noisy).pow(2).sum()
objective = fidelity + lam * tv
objective.backward()
# %%
g = (img - noisy).detach().clone()
g[:, 1:, :] += lam * 2 * dy.detach()
g[:, :-1, :] -= lam * 2 * dy.detach()
g[:, :, 1:] += lam * dx.detach().sign()
g[:, :, :-1] -= lam * dx.detach().sign()
cmp('img', g, img)
""",
    ("g[:, :-1, :] -= lam * 2 * dy.detach()", "g[:, :-1, :] += lam * 2 * dy.detach()", "sign"),
    ("g[:, :, 1:] += lam * dx.detach().sign()", "g[:, :, 1:] += lam * dx.detach()", "sign() missing"),
    ("g[:, 1:, :] += lam * 2 * dy.detach()", "g[:, 1:, :] += lam * dy.detach()", "2 missing"),
)


piece(
    "parameters stepped before they are compared",
    """
torch.manual_seed(17)
emb_table, W, b = torch.randn(9, 4), torch.randn(8, 5) * 0.3, torch.randn(5) * 0.1
parameters = [emb_table, W, b]
for p in parameters:
    p.requires_grad = True
tokens, labels = torch.randint(0, 9, (6, 2)), torch.randint(0, 5, (6,))
for step in range(3):
    e = emb_table[tokens].view(6, -1)
    h = torch.tanh(e @ W + b)
    loss = F.cross_entropy(h, labels)
    for p in parameters:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        dh = h.softmax(1)
        dh[range(6), labels] -= 1
        dpre = (1 - h ** 2) * dh / 6
        grads = [torch.zeros_like(emb_table), e.T @ dpre, dpre.sum(0)]
        grads[0].index_add_(0, tokens.view(-1), (dpre @ W.T).view(-1, 4))
    for p, g in zip(parameters, grads):
        p.data += -0.1 * g
# %%
for name, p, g in zip(["emb_table", "W", "b"], parameters, grads):
    cmp(name, g, p)
""",
    ("(1 - h ** 2)", "(1 + h ** 2)", "sign"),
    ("dh / 6", "dh / 5", "6"),
)
