"""Published hand-written passes, re-expressed: right as they stand, and of their slips the cause is named where it stands.

Here of some of their slips; `benchmarks/published.py` runs every one.
"""

from __future__ import annotations

import made
import passes
import pytest

from backprop_check.pairs import say

AS_THEY_STAND = made.module("published.py")


@pytest.mark.parametrize("one", passes.PASSES, ids=lambda one: one.called)
def test_as_it_stands_it_is_right(one: passes.Published) -> None:
    done = passes.examined(AS_THEY_STAND, one)
    assert not list(say.lines(done)) and done.recorded
    assert any(each.right for each in done.ones)


NAMED = {
    ("lstm_sequence_forward", 0): "dh = dhs[t] | `dh_later` comes in nowhere",
    ("lstm_sequence_forward", 2): "dW = joined.T @ dgates | this `=` throws away what `dW` already held",
    ("gru_forward", 0): "the difference `n - h` is turned round",
    ("hinge_loss", 0): "the factor 1/5 is missing",
    ("hinge_loss", 2): "`x` stands where another value belongs",
    ("channel_norm_forward", 0): "`N` is not the number that belongs here",
    ("pool_forward", 0): "this comparison is the wrong way round",
    ("Dense", 2): "this averages what should be added up",
    ("norm_forward", 1): "a factor of the derivative is missing",
    ("TiledAttention", 0): "`D` comes in nowhere",
    ("LinearScan", 0): "`out[:, t]` is the value of another step than the one that belongs here",
    ("LinearScan", 2): "`a` comes in nowhere",
}


BY_NAME = {one.called: one for one in passes.PASSES}


@pytest.mark.parametrize(("called", "number"), NAMED)
def test_a_slip_is_told(called: str, number: int) -> None:
    one = BY_NAME[called]
    old, new = one.slips[number]
    done = passes.examined(made.module("published.py", one.backward, old, new), one)
    lines = list(say.lines(done))
    told = NAMED[called, number].split(" | ")
    shown = next((line for line in lines if told[-1][:30] in line), None)
    assert shown is not None or " ".join(told[-1].split()) in " ".join(" ".join(lines).replace("│", "").split()), lines
    assert len(told) == 1 or any(told[0] in line for line in lines), lines
