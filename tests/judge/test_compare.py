"""Shape first, then dtype, then value; never a comparison that broadcasts."""

from __future__ import annotations

import pytest
from asking import Judge
from graphs import EMBEDDED, SCALED


def test_shapes_are_compared_before_anything_broadcasts(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        db = dmoved.sum(0)                          # -> correct
        db = dmoved.sum(0, keepdim=True)            # -> incorrect
        db = dmoved.sum(0)[:, None]                 # -> incorrect
        db = dmoved.sum(1)                          # -> incorrect
        db = dmoved.sum()                           # -> incorrect
        db = dmoved                                 # -> incorrect
        db = dmoved.sum(0).expand(1, -1)            # -> incorrect
        ds = (counts * dprobs).sum(1, keepdim=True) # -> correct
        ds = (counts * dprobs).sum(1)               # -> incorrect
        ds = (counts * dprobs).sum(1)[None]         # -> incorrect
        ds = (counts * dprobs).sum(1)[:, None, None]# -> incorrect
        ds = torch.zeros(0, 1)                      # -> incorrect
        dcounts = s * dprobs                        # -> correct
        dcounts = (s * dprobs).T                    # -> incorrect
        dcounts = (s * dprobs)[None]                # -> incorrect
        dcounts = (s * dprobs).reshape(-1)          # -> incorrect
        dcounts = (s * dprobs)[:-1]                 # -> incorrect
        dk = (act * dout).sum()                     # -> correct
        dk = (act * dout).sum().reshape(1)          # -> incorrect
        dk = (act * dout).sum().reshape(1, 1)       # -> incorrect
        dk = (act * dout).sum().item()              # -> incorrect
        dk = (act * dout)                           # -> incorrect
        dtotal = torch.tensor(1.0)                  # -> correct
        dtotal = torch.ones_like(total)             # -> correct
        dtotal = torch.ones(1)                      # -> incorrect
        dtotal = 1.0                                # -> incorrect
        dtotal = torch.ones(())                     # -> correct
        dout = torch.ones_like(out)                 # -> correct
        dout = dtotal.expand(out.shape)             # -> correct
        dout = dtotal.expand_as(out).clone()        # -> correct
        dout = torch.tensor(1.0)                    # -> incorrect
        dout = torch.ones(out.shape[1])             # -> incorrect
        """,
    )


def test_strides_do_not_matter(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        dcounts = (s.T * dprobs.T).T                # -> correct
        dcounts = (s * dprobs).T.contiguous().T     # -> correct
        dcounts = (s * dprobs).repeat(1, 2)[:, :3]  # -> incorrect hard-coded-size
        dcounts = (s * dprobs).flip(0).flip(0)      # -> correct
        dcounts = torch.stack([s * dprobs, s], 0)[0] if s.shape == probs.shape else torch.stack([s * dprobs, probs], 0)[0]  # -> correct
        dcounts = torch.stack([s * dprobs, probs], 2)[..., 0]  # -> correct
        dcounts = torch.view_as_complex(torch.stack([s * dprobs, probs], 2)).real  # -> correct
        dcounts = torch.view_as_complex(torch.stack([probs, -s * dprobs], 2)).conj().imag  # -> correct
        dcounts = torch._neg_view(-(s * dprobs))    # -> correct
        """,
    )


def test_dtypes(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        dout = torch.ones_like(out, dtype=torch.float32)       # -> correct float32
        dout = torch.ones_like(out, dtype=torch.float64)       # -> correct
        dout = torch.ones_like(out, dtype=torch.int64)         # -> incorrect
        dout = torch.ones_like(out, dtype=torch.int32)         # -> incorrect
        dout = torch.ones_like(out, dtype=torch.uint8)         # -> incorrect
        dout = torch.ones_like(out, dtype=torch.bool)          # -> incorrect
        dout = torch.ones_like(out, dtype=torch.complex128)    # -> incorrect
        dout = torch.ones_like(out, dtype=torch.complex64)     # -> incorrect
        dout = torch.ones_like(out, dtype=torch.float16)       # -> incorrect
        dout = torch.ones_like(out, dtype=torch.bfloat16)      # -> incorrect
        dout = torch.ones_like(out, dtype=torch.float8_e5m2)   # -> incorrect
        dout = torch.ones_like(out, dtype=torch.uint16)        # -> incorrect
        dout = out == out                                      # -> incorrect
        dmoved = ((1 - act**2) * dact).float()                 # -> correct float32
        dmoved = ((1 - act**2) * dact).float() * 1.001         # -> incorrect
        dmoved = ((1 - act) * dact).float()                    # -> incorrect
        dmoved = ((1 - act**2) * dact).half()                  # -> incorrect
        dmoved = ((1 - act**2) * dact).half().double()         # -> incorrect
        dmoved = (1 - act.float()**2) * dact.float()           # -> correct float32
        dact = (k * dout).float()[None]                        # -> incorrect
        dact = (k * dout).to(torch.complex128)                 # -> incorrect
        db = dmoved.float().sum(0)                             # -> correct float32
        db = dmoved.float().sum(1)                             # -> incorrect
        db = dmoved.float().sum(0, keepdim=True)               # -> incorrect
        dk = (act * dout).sum().float()                        # -> correct float32
        dk = (act * dout).sum().to(torch.int64)                # -> incorrect
        """,
    )


def test_what_is_no_tensor(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        dout = None                                  # -> incorrect
        dout = [1.0, 2.0]                            # -> incorrect
        dout = out.tolist()                          # -> incorrect
        dout = (torch.ones_like(out),)               # -> incorrect
        dout = torch.ones_like                       # -> incorrect
        dout = 'ones'                                # -> incorrect
        dout = lambda: torch.ones_like(out)          # -> incorrect
        dout = torch                                 # -> incorrect
        dout = NotImplemented                        # -> incorrect
        dout = ...                                   # -> missing
        dout = torch.ones_like(out); dout = ...      # -> missing
        dout = ...; dout = torch.ones_like(out)      # -> correct
        dmoved = ((1 - act**2) * dact).numpy()       # -> incorrect
        """,
    )


def test_mixed_dtypes_are_judged_again(ask: Judge) -> None:
    ask.table(
        EMBEDDED,
        """
        dtable = F.one_hot(X, len(table)).to(demb.dtype).T @ demb                   # -> correct
        dtable = F.one_hot(X, len(table)).float().T @ demb                          # -> correct float32
        dtable = F.one_hot(X, len(table)).float().T @ demb * 2                      # -> incorrect
        dtable = demb.T @ F.one_hot(X, len(table)).float()                          # -> incorrect
        dtable = F.one_hot(X, len(table)).T @ demb                                  # -> error
        dtable = torch.zeros(table.shape, dtype=torch.float32).index_add_(0, X, demb)   # -> correct float32
        dtable = torch.zeros(table.shape, dtype=torch.float32).index_add(0, X, demb.float())  # -> correct float32
        dtable = (F.one_hot(X, len(table)).float().T @ demb.float()).double()       # -> correct float32
        demb = (1.0 - act.float()**2) * dact                                        # -> correct float32
        demb = (1.0 - act.float()) * dact                                           # -> incorrect
        demb = ((1.0 - act**2) * dact).float()                                      # -> correct float32
        demb = torch.empty(emb.shape, dtype=torch.float32).copy_((1 - act**2) * dact)   # -> correct float32
        dact = 2 * act                                                              # -> correct
        dact = 2 * act.float()                                                      # -> correct float32
        dact = torch.matmul(act.float(), torch.eye(act.shape[1])) * 2               # -> correct float32
        """,
    )


def test_a_float32_answer_raised_to_float64_after_the_mixing_is_right_too(ask: Judge) -> None:
    ask.table(EMBEDDED, "dtable = (F.one_hot(X, len(table)).float().T @ demb).double()  # -> correct float32")


def test_one_float32_answer_leaves_the_others_alone(ask: Judge) -> None:
    ask.marks(
        EMBEDDED,
        """
        dact = act.float() * 2          # -> correct float32
        demb = (1 - act**2) * dact      # -> correct
        dtable = torch.zeros_like(table)
        for i in range(len(X)):
            dtable[X[i]] += demb[i]
        # -> dtable: correct
        """,
    )


def test_a_wrong_answer_that_also_raises(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        db = dmoved.sum(1); db = db @ nothing             # -> error
        db = dmoved.sum(0); db += nothing                 # -> error
        db = nothing; db = dmoved.sum(0)                  # -> correct
        db = nothing; db = dmoved.sum(1)                  # -> incorrect
        db = dmoved.sum(0); db.add_(torch.ones(50))       # -> error
        ds = nothing; ds += 1                             # -> error
        dk = 1 / 0                                        # -> error
        """,
    )


@pytest.mark.parametrize("bad", ["float('nan')", "float('inf')", "-float('inf')"])
def test_numbers_that_are_not_finite_are_wrong(ask: Judge, bad: str) -> None:
    ask.table(
        SCALED,
        f"""
        db = torch.full_like(b, {bad})                                  # -> incorrect
        db = dmoved.sum(0); db[1] = {bad}                               # -> incorrect
        dk = torch.tensor({bad})                                        # -> incorrect
        dcounts = (s * dprobs).clone(); dcounts[-1, -1] = {bad}         # -> incorrect
        dact = (k * dout).float(); dact[0, 0] = {bad}                   # -> incorrect
        """,
    )


INFINITE = '''
"""Some gradients are infinite, some are not numbers."""
import torch

def inputs(N=6, C=4):
    x = torch.randn(N, C)
    x[0] = -x[0].abs()
    x[1] = x[1].abs() + 0.1
    return dict(x=x)

def forward(x):
    mask = (x > 0).double()
    r = x.abs() * mask    # (N, C)
    q = r.sqrt()          # (N, C)
    loss = q.sum()
    return loss

def backward(x, mask, r, q, loss):
    dq = ...
    dr = ...
    dx = ...
'''


def test_the_oracle_itself_may_be_infinite(ask: Judge) -> None:
    ask.table(
        INFINITE,
        """
        dr = dq / (2 * q)                                        # -> correct
        dr = 0.5 * r**-0.5 * dq                                  # -> correct
        dr = (dq / (2 * q)).clamp(max=1e300)                     # -> correct
        dr = torch.where(r > 0, dq / (2 * q), 0.0)               # -> correct
        dr = torch.where(r > 0, dq / q, 0.0)                     # -> incorrect
        dr = torch.where(r > 0, dq / (2 * q), float('nan'))      # -> incorrect
        dr = torch.where(r > 0, dq / (2 * q), -float('inf'))     # -> incorrect
        dr = dq / (2 * q) * (1 + 1e-6)                           # -> incorrect
        dr = dq / (2 * q) * (1 + 1e-13)                          # -> correct
        dr = torch.full_like(r, float('inf'))                    # -> incorrect
        dx = dr * mask                                           # -> correct
        dx = torch.where(mask > 0, dr, float('nan'))             # -> correct
        dx = torch.where(mask > 0, dr, 0.0)                      # -> correct
        dx = torch.where(mask > 0, dr, float('inf'))             # -> incorrect
        dx = torch.where(mask > 0, 2 * dr, 0.0)                  # -> incorrect
        dx = torch.full_like(x, float('nan'))                    # -> incorrect
        dx = (dr * mask).float()                                 # -> correct float32
        """,
    )
