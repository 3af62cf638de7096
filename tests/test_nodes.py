"""The nodes of a tree are those that Python's `ast` gives, in its order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from backprop_check.exercise.nodes import children, walk


@pytest.mark.parametrize("path", [Path(__file__), Path(ast.__file__)], ids=lambda path: path.name)
def test_they_are_what_ast_gives(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert list(map(id, walk(tree))) == list(map(id, ast.walk(tree)))
    bare = ast.Call(ast.Name("f"), [ast.Constant(1)], [])  # without the fields that a parser fills in
    assert children(bare) == list(ast.iter_child_nodes(bare))
