"""Whether the shape of an expression hangs on whole numbers that are drawn or found, as labels and the place of a maximum are.

`F.one_hot(Y)` has as many columns as the largest label asks for. Where each label was drawn it is as wide as the table, so that it is right
in a trial, and it is no line to be taught.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from backprop_check.expression.evaluate import Evaluator, Failed, Refused, is_whole
from backprop_check.expression.work import Work
from backprop_check.records import Line


class _FewLabels(Evaluator):
    """Evaluates as if no whole number in a tensor were above 1: labels of two classes only, each a valid index where a larger one was."""

    def _evaluate(self, node: ast.expr) -> Any:
        value = super()._evaluate(node)
        return value.clamp(max=1) if is_whole(value) else value


def hangs_on_labels(expression: ast.expr, like: torch.Tensor, names: Mapping[str, Any], work: Work) -> bool:
    """Whether an expression has another shape, or no value, where labels are of two classes only."""
    try:
        value = _FewLabels(names, work)(expression)
    except (Failed, RecursionError):
        return True
    except Refused:
        return False
    return isinstance(value, torch.Tensor) and value.shape != like.shape


def forward_hangs_on_labels(lines: Iterable[Line], names: Mapping[str, Any], work: Work) -> bool:
    """Whether a line of the forward does so itself: then a right line may as well."""
    for line in lines:
        own, tree = names.get(line.name), ast.parse(line.source.strip(), mode="eval").body
        if isinstance(own, torch.Tensor) and hangs_on_labels(tree, own, names, work):
            return True
        if isinstance(own, int) and _FewLabels(names, work).value(tree) not in (own, None):
            return True
    return False
