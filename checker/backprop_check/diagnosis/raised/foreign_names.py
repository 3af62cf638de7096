"""Names that mean something outside of `backward`: of a size, of a module, of a function of torch."""

from __future__ import annotations

import ast

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.raised.absent import Told
from backprop_check.expression.vocabulary import FUNCTIONS
from backprop_check.records import Raised

"""What is wrong, why, and the move."""

IMPORTS = {
    "F": "import torch.nn.functional as F",
    "nn": "import torch.nn as nn",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "math": "import math",
}


def a_size(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of the name of a size: the exercise draws its inputs with it, and `backward` is not given it."""
    sizes = [run.trial.sizes for run in case.verdict.runs]
    if name not in sizes[0]:
        return None
    values = [run.trial.values for run in case.verdict.runs]
    lengths = tuple(choice[name] for choice in sizes)
    plain = [n for n in case.graph.exercise.names if type(values[0].get(n)) is int and tuple(v[n] for v in values) == lengths]
    found = [
        f"{n}.shape[{axis}]"
        for n in dict.fromkeys((case.node, *case.graph.exercise.names))
        if isinstance(tensor := values[0].get(n), torch.Tensor)
        for axis in range(tensor.dim())
        if tuple(v[n].shape[axis] for v in values) == lengths
    ]
    move = f"Write `{(plain or found)[0]}`, which is {name}." if plain or found else "Take the length from a tensor, as `x.shape[0]`."
    whole = next((n for n in ast.walk(case.nodes[raised.statement]) if _makes(n, name)), None)
    if whole is not None and case.node in values[0]:
        move += f" And `torch.{whole.func.attr}_like({case.node})` takes the whole shape from {case.node}."  # type: ignore[attr-defined]
    return Told(
        f"`{name}` has no value here",
        f"{name} is only the name of a size: `inputs` draws with it, and `backward` is given tensors.",
        move,
        "Of a size",
    )


def _makes(node: ast.AST, name: str) -> bool:
    """`torch.ones(N, C)`."""
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("ones", "zeros", "empty")
    return made and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def of_torch(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of a module, or of a function of torch that is named alone."""
    error, nodes = f"nothing is called `{name}` here", list(ast.walk(case.nodes[raised.statement]))
    if name in ("keepdim", "keepdims"):
        return Told(error, "What is told by name has a value after it.", "Write `keepdim=True`.")
    if name in IMPORTS:
        asked = next((n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name), "")
        if name in ("np", "numpy", "math") and callable(getattr(torch, asked, None)):
            why = " takes one number, no tensor" if name == "math" else " leads out of torch"
            return Told(
                error,
                f"The file does not import `{name}`; and `{name}.{asked}`{why}.",
                f"torch has it for tensors: `torch.{asked}(...)`.",
                "Of a missing import",
            )
        return Told(error, f"The file does not import `{name}`.", f"Write `{IMPORTS[name]}` at the top of the file.", "Of a missing import")
    called = any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name for n in nodes)
    if called and name in FUNCTIONS | {"tanh"}:
        module = "torch" if callable(getattr(torch, name, None)) else "F"
        return Told(error, "A function of torch is named with its module.", f"Write `{module}.{name}(...)`.")
    if name == "e" and any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow) and isinstance(n.left, ast.Name) and n.left.id == "e" for n in nodes
    ):
        return Told(error, "Python has no number of that name by itself.", "The exponential function is `torch.exp(x)`.")
    return None
