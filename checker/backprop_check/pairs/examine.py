"""Hold a backward against its forward: run both where they are seen, and compare each gradient."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch

from backprop_check.diagnosis.attempt import survived
from backprop_check.live.caller import Caller
from backprop_check.live.recorded import LIVE, Found
from backprop_check.pairs.around import around
from backprop_check.pairs.mended import goes_step_by_step, is_near, is_right, mended
from backprop_check.pairs.one import One, compared
from backprop_check.pairs.pair import Back, Fault, Pair, Ran, is_float
from backprop_check.pairs.reference import cotangents, reference, shares
from backprop_check.pairs.slopes import agrees, differences
from backprop_check.recording import Recorder, recording
from backprop_check.recording.graph import shaken
from backprop_check.trace.graph import default_dtype, seeded

COSTLY = 12
"""From how many lines of a forward on, and where none can be told, its backward is mended first and explained by the forward after that."""

SEVERAL = 1
"""More gradients than these that are wrong at once have one reason, as a rule, and it is looked for in the same way."""

MOST = 400
"""How many numbers an input may have whose gradient is taken by differences."""


NOWHERE = Caller({}, ())


@dataclass(frozen=True)
class Examined:
    """What came of it: the runs, the inputs as they were given, the gradients from `above`, and each gradient that is due.

    `recorded` says that autograd's gradient of the recorded forward is the reference, and not differences. Of several gradients from
    above, `shares` are what each sends back to an input. `unsure` says why nothing was compared. `mended` is the one thing in the
    backward's source that, changed, puts the gradients of the inputs `puts_right` right.
    """

    pair: Pair
    inputs: tuple[Any, ...]
    ran: Ran
    above: tuple[torch.Tensor, ...] = ()
    back: Back | None = None
    ones: tuple[One, ...] = ()
    recorded: bool = False
    shares: Mapping[int, tuple[torch.Tensor, ...]] = field(default_factory=dict)
    caller: Caller = NOWHERE
    unsure: str = ""
    mended: Fault | None = None
    puts_right: frozenset[int] = frozenset()

    @property
    def failed(self) -> bool:
        return self.ran.called.error is not None or (self.back is not None and self.back.called.error is not None)


def examine(pair: Pair, inputs: Sequence[Any], needs: Sequence[bool] | None = None) -> Examined:
    """Run a pair on float64 copies of its inputs, and compare the gradients of those that `needs` names (floating ones)."""
    done = _examined(pair, inputs, needs)
    return _examined(as_it_is, inputs, needs) if (as_it_is := pair.unrecorded(done.failed)) is not None else done


def _examined(pair: Pair, inputs: Sequence[Any], needs: Sequence[bool] | None) -> Examined:
    wanted = tuple(is_float(each) and (needs is None or needs[place]) for place, each in enumerate(inputs))
    with recording() as recorder, default_dtype(torch.float64):
        copies, ran = _forward(pair, inputs, wanted)
        if ran.called.error is not None or not ran.outputs:
            return Examined(pair, tuple(copies), ran)
        above = cotangents(ran.outputs)
        with torch.no_grad(), seeded(0):
            back = pair.backward(ran, above)
        if back.called.error is not None:
            return Examined(pair, tuple(copies), ran, above, back)
        return _held(recorder, pair, inputs, Examined(pair, tuple(copies), ran, above, back), wanted)


def _forward(pair: Pair, inputs: Sequence[Any], wanted: tuple[bool, ...]) -> tuple[list[Any], Ran]:
    """Run the forward on leaves; where it writes into its inputs, on copies of leaves; where autograd is in its way, without."""
    for grad, copied in ((True, False), (True, True), (False, False)):
        copies = [fresh(each) for each in inputs]
        leaves = [each.requires_grad_() if grad and want else each for each, want in zip(copies, wanted, strict=True)]
        if copied:
            leaves = [each.clone() if is_float(each) else each for each in leaves]
        with torch.set_grad_enabled(grad), seeded(0):
            ran = pair.forward(leaves, wanted)
        if ran.called.error is None:
            break
    return leaves, ran


def fresh(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    plain = value.detach().cpu()
    return plain.to(torch.float64).clone() if plain.is_floating_point() else plain.clone()


def _held(recorder: Recorder, pair: Pair, inputs: Sequence[Any], done: Examined, wanted: tuple[bool, ...]) -> Examined:
    assert done.back is not None
    caller = around(pair, done.ran.called, done.back.called)
    copies = [fresh(each) for each in inputs]

    def values(given: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        with seeded(0):
            return pair.value([fresh(each) for each in given])  # it may write into them

    with torch._C.DisableTorchFunction():
        if not _same(values(copies), done.ran.outputs):
            return replace(done, unsure="its numbers are others when it runs again: give it a fixed seed, or the mask that it draws")
        found = reference(recorder, done.ran.outputs, done.above, caller.held, caller.names, pair.name)
        due = _due(found, done, wanted)
        if found is None or not agrees(values, copies, done.above, due):
            found, due = None, {}
        every = {}
        for index, want in enumerate(wanted):
            if want and index not in done.back.constant:
                every[index] = due[index] if index in due else _by_differences(values, copies, index, done.above)
        known = {index: there for index, there in every.items() if there is not None}
        wrong = frozenset(index for index, there in known.items() if not is_near(pair, done.back.gradients.get(index), there))
        mending = partial(_mended, pair, done, copies, wanted, known, wrong)
        first = found is None or found.lines > COSTLY or len(wrong) > SEVERAL or goes_step_by_step(pair)
        fault = mending() if wrong and first else None
        found = replace(found, search=found.search / max(1, len(wrong))) if found is not None else None
        ones = [
            compared(recorder, caller, pair, done.back, index, done.inputs[index], there, None if index in wrong and fault else found)
            for index, there in every.items()
        ]
        unnamed = [one for one in ones if one.index in wrong and not _is_told(one)]
        if fault is None and unnamed and not first:
            fault = mending()
        several = {}
        if found is not None and found.forward is not None and len(done.above) > 1:
            nodes = {one.index: found.forward.name_of(done.inputs[one.index]) for one in ones if not one.right}
            several = {index: shares(found, done.above, node) for index, node in nodes.items() if node is not None}
    return replace(
        done,
        ones=tuple(ones),
        recorded=found is not None,
        shares=several,
        caller=caller,
        mended=fault,
        puts_right=wrong if fault else wrong & set(),
    )


def _mended(
    pair: Pair,
    done: Examined,
    copies: Sequence[Any],
    wanted: tuple[bool, ...],
    due: Mapping[int, torch.Tensor],
    wrong: frozenset[int],
) -> Fault | None:
    """The one thing in the backward that is to be changed, held against other inputs as well."""
    assert done.back is not None
    others = list[tuple[Any, dict[int, torch.Tensor]]]()

    def confirmed(changed: Any) -> bool:
        if not others:
            moved = [shaken(each, LIVE + 2) for each in copies]
            again = examined_at(pair, moved, wanted)
            others.append((pair.again([fresh(each) for each in moved], wanted, again[0]), again[1]))
        runs, there = others[0]
        return is_right(runs, changed, {index: there[index] for index in due if index in there})

    def search() -> Fault | None:
        assert done.back is not None
        runs = pair.again([fresh(each) for each in copies], wanted, done.above)
        own = {id(value): name for name, value in done.back.called.own.items()}
        above = [own[id(each)] for each in done.above if id(each) in own]
        with torch.no_grad(), default_dtype(torch.float64), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mended(pair, done.back, runs, due, wrong, above, confirmed)

    return survived(search, "the search for a change of the backward")


def examined_at(pair: Pair, inputs: Sequence[Any], wanted: tuple[bool, ...]) -> tuple[tuple[torch.Tensor, ...], dict[int, torch.Tensor]]:
    """The gradients from above and those that are due at some inputs."""

    def values(given: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        with seeded(0):
            return pair.value([fresh(each) for each in given])  # it may write into them

    with recording() as recorder, torch._C._EnableTorchFunction(), default_dtype(torch.float64):
        leaves, ran = _forward(pair, inputs, wanted)
        above = cotangents(ran.outputs)
    found = reference(recorder, ran.outputs, above, {}, {}, pair.name)
    due = _due(found, Examined(pair, tuple(leaves), ran, above), wanted)
    if found is None or not agrees(values, [fresh(each) for each in inputs], above, due):
        places = [index for index, want in enumerate(wanted) if want]
        slopes = {index: _by_differences(values, [fresh(each) for each in inputs], index, above) for index in places}
        due = {index: there for index, there in slopes.items() if there is not None}
    return above, due


def _is_told(one: One) -> bool:
    """Whether one cause is named; of two mistakes together, or of a formula that is none, one change may be a simpler story."""
    told = [diagnosis for diagnosis, _ in one.compared.diagnoses] if one.compared is not None else []
    if one.compared is None or not one.compared.named or any(each.code == "wrong-idea" for each in told):
        return False
    return len(told) < 2 or any(each.certainty == "one-of" for each in told)


def _same(again: tuple[torch.Tensor, ...] | None, outputs: tuple[torch.Tensor, ...]) -> bool:
    """Whether the forward gives the same numbers again, run as the user runs it."""
    return again is not None and len(again) == len(outputs) and all(
        one.shape == other.shape and torch.allclose(one.detach().to(torch.float64), other.detach(), rtol=1e-6, atol=1e-9, equal_nan=True)
        for one, other in zip(again, outputs, strict=True)
    )  # fmt: skip


def _due(found: Found | None, done: Examined, wanted: Sequence[bool]) -> dict[int, torch.Tensor]:
    due = {}
    for index, want in enumerate(wanted):
        if want and found is not None and found.forward is not None:
            node = found.forward.name_of(done.inputs[index])
            gradient = found.trial.gradients.get("d" + node) if node is not None else None
            due[index] = gradient if gradient is not None else torch.zeros_like(done.inputs[index])
    return due


def _by_differences(values: Any, copies: Sequence[Any], index: int, above: Sequence[torch.Tensor]) -> torch.Tensor | None:
    return differences(values, copies, index, above) if copies[index].numel() <= MOST else None
