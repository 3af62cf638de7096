"""What a gradient changes with: the values of the forward, or only the sizes and what arrives from above."""

from __future__ import annotations

from dataclasses import replace

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_replay.replay import gradient
from backprop_check.diagnosis.case import Case
from backprop_check.expression.work import REPLAY
from backprop_check.trace.oracle import trace


def moves_with_values(case: Case, kept: bool = False) -> bool:
    """Whether the gradient is another one with other inputs of the same sizes; with `kept`, while the same arrives at the output."""
    run = case.verdict.runs[0]
    seeds = [other.trial.seed for other in case.verdict.runs]
    other = trace(case.graph, max(seeds) + 1, run.trial.sizes)
    case.work.count(*other.values.values(), times=REPLAY)
    output = case.graph.exercise.output
    given = {output: run.trial.gradients["d" + output]} if kept else None
    found = gradient(case, replace(run, trial=other), frozenset({output}), given).to(torch.float64)
    return not close(found, run.trial.gradients[case.name], run.trial.scales[case.name])
