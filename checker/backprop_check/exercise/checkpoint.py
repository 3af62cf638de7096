"""What the file of a checkpoint says of itself, read without running it. Nothing here needs torch."""

from __future__ import annotations

import ast
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.files import read_text


def heading(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return a checkpoint's title and the exercises that it trains with, by their ids. Raises `BadInput` where the file says neither."""
    try:
        tree = ast.parse(read_text(path, "checkpoint"), str(path))
        title = (ast.get_docstring(tree) or "").partition("\n")[0]
        (trains,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "TRAINS"]
        names = ast.literal_eval(trains)
    except SyntaxError as error:
        raise BadInput(f"{path}:{error.lineno}: the checkpoint is no Python: mend that line.") from None
    except ValueError:
        names, title = None, ""
    if not title or not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise BadInput(f'{path}: a checkpoint begins with a docstring, and lists the exercises it trains with, as TRAINS = ["ex13"].')
    return title, tuple(names)
