"""What is asked of a live comparison, and what it found."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from backprop_check.recording import Function
from backprop_check.records import Answer, Diagnosis, Difference, Submission, Verdict

if TYPE_CHECKING:
    from backprop_check.live.learner import Learner
    from backprop_check.live.recorded import Found


@dataclass(frozen=True)
class Asked:
    """A gradient `given` for the live tensor `tensor`, and the `gradient` that autograd has for it, None where it kept none.

    `name` is what the caller calls the given one, `node` what the tensor is called. `others` gives, for the caller's names of
    other nodes' gradients, the engine's (`da`).
    """

    name: str
    node: str
    given: Any
    tensor: torch.Tensor
    gradient: torch.Tensor | None
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """One gradient held against autograd's.

    `difference` is that of the values, as for an exercise. `found` is the forward and `learner` the lines that the explanation rests on,
    None where there are none. `diagnoses` come with the source each is shown in. `carried` are gradients used that are wrong themselves,
    and `formula_right` says that nothing else is. `dropped` says that it is right to float32 rounding and wrong in float64.
    `custom` are functions of the caller's own whose `backward` autograd has used. `root` is what is wrong with the first of the `carried`.
    """

    name: str
    node: str
    difference: Difference
    verdict: Verdict
    found: Found | None
    learner: Learner | None = None
    diagnoses: tuple[tuple[Diagnosis, Submission], ...] = ()
    carried: tuple[str, ...] = ()
    formula_right: bool = False
    dropped: bool = False
    custom: tuple[Function, ...] = ()
    root: Compared | None = None

    @property
    def right(self) -> bool:
        return self.difference.wrong == ""

    @property
    def named(self) -> bool:
        """Whether a cause is named, and not facts alone."""
        return any(diagnosis.code != "unrecognised" for diagnosis, _ in self.diagnoses)


def answer_of(given: Any) -> Answer:
    """Return what was given as an answer; an array of numbers is as good as a tensor."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(given, numpy.ndarray | numpy.generic) and given.dtype.kind in "fiub":
        given = torch.from_numpy(numpy.array(given))
    if not isinstance(given, torch.Tensor):
        return Answer("missing") if given is ... or given is None else Answer("other", 0, kind=type(given).__name__)
    plain = given.detach().cpu()
    return Answer("tensor", 0, value=plain, dtype=str(plain.dtype).removeprefix("torch."), shape=tuple(plain.shape))
