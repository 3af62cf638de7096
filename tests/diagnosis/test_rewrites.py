"""What counts as a part of an expression, and as a name that is read for its value."""

from __future__ import annotations

import ast

import pytest

from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.expression.rewrites import parts


@pytest.mark.parametrize(
    "source", ["dy / math.sqrt(2)", "dy * torch.pi", "F.relu(dy) * math.e", "torch.exp(dy).sum(0)", "dy.sum(x.shape[0] - 1)"]
)
def test_a_module_is_no_value(source: str) -> None:
    expression = ast.parse(source, mode="eval").body
    assert [name.id for name in names_used(expression)] == ["dy"]
    assert not {part.id for part in parts(expression) if isinstance(part, ast.Name)} & {"torch", "F", "math"}
