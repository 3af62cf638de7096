"""The gradient of one input, held against what is due, and why it is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from backprop_check.comparison.compare import compare
from backprop_check.live.asked import Asked, Compared, answer_of
from backprop_check.live.compare import against
from backprop_check.live.recorded import SINGLE, Found
from backprop_check.pairs.around import Around
from backprop_check.pairs.kept import gradient_called
from backprop_check.pairs.pair import Back, Pair
from backprop_check.pairs.read import in_source
from backprop_check.recording import Recorder
from backprop_check.records import Run, Target, Trial, Verdict

DEEPEST = 6
"""How many gradients that rest on one another are followed to the one that is wrong by itself."""


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


def compared(
    recorder: Recorder,
    caller: Around,
    pair: Pair,
    back: Back,
    index: int,
    tensor: torch.Tensor,
    due: torch.Tensor | None,
    found: Found | None,
) -> One:
    """Hold the gradient of the input `tensor`, which stands at `index`, against what is due."""
    given = back.gradients.get(index)
    name = pair.parameters[index] if index < len(pair.parameters) else f"input {index}"
    learner = back.names.get(index, "d" + name)
    if due is not None and isinstance(given, torch.Tensor) and given.shape != due.shape and pair.sums:
        given = _summed(given, due)
    asked = Asked(learner, name, given, tensor, due)
    if due is None or given is None:
        return One(index, name, due, given, asked, None)
    node = found.forward.name_of(tensor) if found is not None and found.forward is not None else None
    if found is not None and node is not None and "d" + node in found.trial.gradients:
        others = {caller_name: engine for engine, caller_name in found.spoken.items() if engine in found.given.values()}
        asked = replace(asked, node=found.spoken.get(node, node), others=others)
        called = back.called
        source = partial(in_source, pair, called, recorder, found)
        told, why = _explained(caller, asked, replace(found, node=node, read=source))
        return One(index, name, due, given, told, why, told.name if told is not asked else "")
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
            gradient, given = gradient_called(found, word), caller.own.get(word)
            if gradient is not None and isinstance(given, torch.Tensor):
                node = gradient[1:]
                root = Asked(word, found.spoken.get(node, node), given, given, found.trial.gradients[gradient], asked.others)
                deeper, why = _explained(caller, root, replace(found, node=node, read=found.read), deep + 1)
                if why.named or why.carried:
                    return deeper, why
        return asked, named
    if not named.carried:
        return asked, named
    return asked, against(caller, asked, replace(found, strict=True))


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
    verdict = Verdict(Target(target, 1, ""), "correct" if difference.wrong == "" else "incorrect", (run,), (difference,), 0)
    return Compared(asked.name, asked.node, difference, verdict, None)
