"""Find where a tensor stands in another, cut along one axis."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.records import Line

LENGTH = 64


def same_piece_elsewhere(case: Case) -> tuple[Line, int, bool] | None:
    """A use of which oracle and answer are different parts along one axis, in every run: (line, axis, taken).

    With `taken` both are cut out of the gradient from above (the forward put the node in there); without, the gradient from above
    stands in both, at different places among zeros (the forward took it from there).
    """
    for line in case.consumers:
        above = [run.trial.gradients["d" + line.name] for run in case.runs]
        for axis in range(case.oracles[0].dim()):
            for taken in (True, False):
                if all(_apart(o, a, g, axis, taken) for o, a, g in zip(case.oracles, case.answers, above, strict=True)):
                    return line, axis, taken
    return None


def _apart(oracle: torch.Tensor, answer: torch.Tensor, above: torch.Tensor, axis: int, taken: bool) -> bool:
    if not oracle.dim() == answer.dim() == above.dim() or max(oracle.shape[axis], above.shape[axis]) > LENGTH:
        return False
    if taken:
        right, mine = set(_places(above, oracle, axis)), set(_places(above, answer, axis))
    else:
        right, mine = (set(_placed(whole, above, axis)) for whole in (oracle, answer))
    return bool(right) and bool(mine) and not right & mine


def _places(whole: torch.Tensor, piece: torch.Tensor, axis: int) -> Iterator[tuple[int, int]]:
    """Where `piece` stands in `whole`: (begin, length)."""
    length = piece.shape[axis]
    if [n for i, n in enumerate(whole.shape) if i != axis] != [n for i, n in enumerate(piece.shape) if i != axis] or not piece.any():
        return
    for begin in range(whole.shape[axis] - length + 1) if 0 < length < whole.shape[axis] else ():
        if torch.equal(whole.narrow(axis, begin, length), piece):
            yield begin, length


def _placed(whole: torch.Tensor, piece: torch.Tensor, axis: int) -> Iterator[tuple[int, int]]:
    """Where `piece` stands in `whole`, if that holds nothing else."""
    for begin, length in _places(whole, piece, axis):
        rest = whole.clone()
        rest.narrow(axis, begin, length).zero_()
        if not rest.any():
            yield begin, length
