"""Hold a backward against its forward: run both where they are seen, and compare each gradient."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from backprop_check.comparison.compare import compare
from backprop_check.live.asked import Asked, Compared, answer_of
from backprop_check.live.caller import Caller, Part
from backprop_check.live.compare import against
from backprop_check.live.recorded import SINGLE, Found
from backprop_check.pairs.calling import Called, parameters_of
from backprop_check.pairs.pair import Back, Pair, Ran, is_float
from backprop_check.pairs.read import in_source
from backprop_check.pairs.reference import agrees, cotangents, differences, reference, shares
from backprop_check.pairs.returned import elements
from backprop_check.recording import Recorder, recording
from backprop_check.recording.naming import holders, identifier
from backprop_check.records import Run, Target, Trial, Verdict
from backprop_check.trace.graph import default_dtype, seeded

DEEPEST = 6

MOST = 400
"""How many numbers an input may have whose gradient is taken by differences."""


@dataclass(frozen=True)
class One:
    """The gradient of one input, held against what is due. `compared` is None where that could not be had, or none was given.

    Where its formula is right and another gradient is not that it uses, `root` is that one, and `asked` and `compared` are of it.
    """

    index: int
    name: str
    due: torch.Tensor | None
    given: Any
    asked: Asked
    compared: Compared | None
    root: str = ""

    @property
    def right(self) -> bool:
        return self.compared is not None and self.compared.right


@dataclass(frozen=True)
class Examined:
    """What came of it: the runs, the inputs as they were given, the gradients from `above`, and each gradient that is due.

    `recorded` says that autograd's gradient of the recorded forward is the reference, and not differences. Of several gradients from
    above, `shares` are what each sends back to an input.
    """

    pair: Pair
    inputs: tuple[Any, ...]
    ran: Ran
    above: tuple[torch.Tensor, ...] = ()
    back: Back | None = None
    ones: tuple[One, ...] = ()
    recorded: bool = False
    shares: Mapping[int, tuple[torch.Tensor, ...]] = field(default_factory=dict)
    caller: Caller = Caller({}, ())


@dataclass(frozen=True)
class Around(Caller):
    """What stands around a backward's lines: `reached` says what each tensor is called in it, or else in the forward."""

    reached: Mapping[int, str] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> dict[int, str]:  # type: ignore[override]
        return dict(self.reached)


def examine(pair: Pair, inputs: Sequence[Any], needs: Sequence[bool] | None = None) -> Examined:
    """Run a pair on float64 copies of its inputs, and compare the gradients of those that `needs` names (floating ones)."""
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
    names = {**done.ran.called.names, **done.back.called.names}
    held = _reached(pair, done.ran.called, done.back.called)
    caller = Around(names, _parts(pair, done.back.called), held, done.back.called.own)
    copies = [fresh(each) for each in inputs]

    def values(given: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        with seeded(0):
            return pair.value(given)

    with torch._C.DisableTorchFunction():
        found = reference(recorder, done.ran.outputs, done.above, held, names, pair.name)
        due = _due(found, done, wanted)
        if found is None or not agrees(values, copies, done.above, due):
            found, due = None, {}
        ones = []
        for index, want in enumerate(wanted):
            if want:
                there = due[index] if index in due else _by_differences(values, copies, index, done.above)
                ones.append(_one(recorder, caller, done, index, there, found))
        several = {}
        if found is not None and found.forward is not None and len(done.above) > 1:
            nodes = {one.index: found.forward.name_of(done.inputs[one.index]) for one in ones if not one.right}
            several = {index: shares(found, done.above, node) for index, node in nodes.items() if node is not None}
    return replace(done, ones=tuple(ones), recorded=found is not None, shares=several, caller=caller)


def _reached(pair: Pair, forward: Called, backward: Called) -> dict[int, str]:
    """What each tensor is called: as backward's own variables call it, else as the forward does, else as backward's parameter.

    What a cache holds is called by no place in it.
    """
    given = {each.name for each in parameters_of(inspect.unwrap(pair.backward_function))}
    returned = elements(pair.forward_function, forward)
    caches = {"ctx", "self", "cls", *(each.text for each in returned[1:])}

    def named(own: Mapping[str, Any], only: bool | None = None) -> dict[int, str]:
        wide = (tuple, list, dict)
        return holders({
            name: value for name, value in own.items()
            if (only is None or (name in given) is only) and not (name in caches and isinstance(value, wide))
            and not (only is not None and isinstance(value, wide)) and not (not pair.sums and isinstance(value, wide))
        })  # fmt: skip

    return {**named(backward.own, True), **named(forward.own), **named(backward.own, False)}


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


def _one(recorder: Recorder, caller: Around, done: Examined, index: int, due: torch.Tensor | None, found: Found | None) -> One:
    assert done.back is not None
    tensor, given = done.inputs[index], done.back.gradients.get(index)
    name = done.pair.parameters[index] if index < len(done.pair.parameters) else f"input {index}"
    learner = done.back.names.get(index, "d" + name)
    if due is not None and isinstance(given, torch.Tensor) and given.shape != due.shape and done.pair.sums:
        given = _summed(given, due)
    asked = Asked(learner, name, given, tensor, due)
    if due is None or given is None:
        return One(index, name, due, given, asked, None)
    node = found.forward.name_of(tensor) if found is not None and found.forward is not None else None
    if found is not None and node is not None and "d" + node in found.trial.gradients:
        others = {caller_name: engine for engine, caller_name in found.spoken.items() if engine in found.given.values()}
        asked = replace(asked, node=found.spoken.get(node, node), others=others)
        pair, called = done.pair, done.back.called
        found = replace(found, node=node, read=lambda *of: in_source(pair, called, recorder, found, *of))
        told, compared = _explained(caller, asked, found)
        return One(index, name, due, given, told, compared, told.name if told is not asked else "")
    return One(index, name, due, given, asked, _plain(asked, due))


def _explained(caller: Around, asked: Asked, found: Found, deep: int = 0) -> tuple[Asked, Compared]:
    """Why a gradient is wrong; where its own formula is right and another gradient that it uses is not, why that one is.

    What is named like a gradient and does not stand for it here is a step of the way.
    """
    named = against(caller, asked, found)
    if named.right:
        return asked, named
    if named.carried and named.formula_right and deep < DEEPEST:
        for word in named.carried:
            there = _of_word(caller, found, word)
            if there is not None:
                node, given = there
                root = Asked(word, found.spoken.get(node, node), given, given, found.trial.gradients["d" + node], asked.others)
                deeper, why = _explained(caller, root, replace(found, node=node, read=found.read), deep + 1)
                if why.named or why.carried:
                    return deeper, why
        return asked, named
    if not named.carried:
        return asked, named
    return asked, against(caller, asked, replace(found, strict=True))


def _of_word(caller: Around, found: Found, word: str) -> tuple[str, torch.Tensor] | None:
    """Of which node a variable is the gradient by its name, and its value."""
    value = caller.own.get(word)
    assert found.forward is not None
    for gradient in found.trial.gradients:
        text = identifier(found.forward.texts.get(gradient[1:], gradient[1:]))
        if isinstance(value, torch.Tensor) and word in (f"d{text}", f"{text}_grad", f"grad_{text}", f"d_{text}"):
            return gradient[1:], value
    return None


def _summed(given: torch.Tensor, due: torch.Tensor) -> torch.Tensor:
    """Autograd itself sums a gradient that has the shape of what its input was stretched to."""
    try:
        torch.broadcast_to(due, given.shape)
    except RuntimeError:
        return given
    return given.sum_to_size(due.shape)


def _plain(asked: Asked, due: torch.Tensor) -> Compared:
    """Compared with the numbers alone, which are differences."""
    target = "d" + asked.node
    finite = due[torch.isfinite(due)]
    scale = max(1e-4, float(finite.abs().max()) if finite.numel() else 0.0)
    trial = Trial(0, {}, torch.float32, {asked.node: asked.tensor.detach()}, {target: due}, {target: scale}, rounding={target: SINGLE})
    run = Run(trial, {target: answer_of(asked.given)})
    difference = compare(run, target)
    status = "correct" if difference.wrong == "" else "incorrect"
    verdict = Verdict(Target(target, 1, ""), status, (run,), (difference,), 0)
    return Compared(asked.name, asked.node, difference, verdict, None)


def _parts(pair: Pair, called: Called) -> tuple[Part, ...]:
    function = inspect.unwrap(pair.backward_function)
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return ()
    while lines and lines[0].lstrip().startswith("@"):
        lines, first = lines[1:], first + 1
    text = "\n" * (first - 1) + textwrap.dedent("".join(lines))
    return (Part(Path(function.__code__.co_filename).name, text, called.line or 1 << 30, function=True),)
