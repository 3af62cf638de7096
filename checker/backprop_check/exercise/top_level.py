"""What an exercise file names at its top level, beside its three functions."""

from __future__ import annotations

import ast
from functools import lru_cache

_RUN = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.Try,
)  # fmt: skip
OWN = ("inputs", "forward", "backward")


def surroundings(tree: ast.Module) -> list[ast.stmt]:
    """Return what `forward` and every `backward` may read: imports, definitions and assignments, also below `if` or `try`.

    `if __name__ == ...` is none: what stands below it runs where the file is run.
    """
    return [node for node in tree.body if isinstance(node, _RUN) and getattr(node, "name", "") not in OWN and not _is_main(node)]


@lru_cache(maxsize=64)
def surroundings_text(source: str) -> str:
    """Return the surroundings of an exercise file's text as a text of their own, without comments. Of a solution, no gradient is in it."""
    return ast.unparse(ast.Module(surroundings(ast.parse(source)), []))


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))
