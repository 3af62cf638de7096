"""Say why a name has no value at a line: what the exercise knows by that name, what the learner's own lines do with it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence

import torch

from backprop_check.diagnosis.absent import absent
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.vocabulary import FUNCTIONS
from backprop_check.records import Raised
from backprop_check.submission.parse import exercise_parameters
from backprop_check.submission.statements import written

Told = tuple[str, str, str]
"""What is wrong, why, and the move."""

IMPORTS = {
    "F": "import torch.nn.functional as F",
    "nn": "import torch.nn as nn",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "math": "import math",
}


def told(case: Case, name: str, raised: Raised) -> Told:
    """What is wrong with the name, why, and the move: first for what the exercise itself knows by it, then for the learner's own names."""
    known = _not_handed_over(case, name) or _of_the_forward(case, name, raised)
    if known is None and not any(name in s.writes for s in case.submission.statements):
        known = absent(case.submission, name) or _a_size(case, name, raised) or _of_torch(case, name, raised)
    return known or _of_the_learner(case, name, raised)


def _not_handed_over(case: Case, name: str) -> Told | None:
    """What is said of a parameter that nothing of the exercise has the name of: it has no value."""
    asked = next((one for one in case.submission.unknown if one.lstrip("*") == name), None)
    if asked is None or any(name in s.writes for s in case.submission.statements):
        return None
    note = "`backward` is handed each value of the forward under that value's own name, and nothing else."
    if asked.startswith("*"):
        return f"`{asked}` holds nothing here", note, "Name the values that you use as parameters, and read them by their names."
    if name in ("self", "cls"):
        return (
            f"`backward` asks for `{name}`, which the forward does not name",
            note,
            "`backward` is no method: read values by their names.",
        )
    return f"`backward` asks for `{name}`, which the forward does not name", note, _left_over(case, name)


def _left_over(case: Case, name: str) -> str:
    """The values that this `backward` does not ask for and that may be meant: those of a like name, else all where they are few."""
    left = [n for n in exercise_parameters(case.graph.exercise) if n not in case.submission.parameters]
    if near := _alike(name, left):
        return f"Near it: {', '.join(f'`{n}`' for n in near)}."
    if 0 < len(left) <= 3:
        return f"`backward` does not ask for {' and '.join(f'`{n}`' for n in left)} so far: is that what you mean?"
    return "`backprop-check graph` shows the names of this exercise."


def _alike(name: str, others: Sequence[str]) -> list[str]:
    """Those of `others` that hold `name` as a word, or are a word of it, or are spelt much like it."""
    words = [o for o in others if len(name) > 1 and (f"_{name.lower()}_" in f"_{o.lower()}_" or f"_{o.lower()}_" in f"_{name.lower()}_")]
    return list(dict.fromkeys([*words, *difflib.get_close_matches(name, others, n=3, cutoff=0.6)]))


def _of_the_forward(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of a value of the forward, or of a gradient that `backward` is given, where the line does not have it."""
    exercise, submission = case.graph.exercise, case.submission
    given = name not in exercise.names
    if name not in exercise_parameters(exercise):
        return _a_gradient(case, name, raised)
    what = "the gradient of the output, given to `backward`" if given else "a value of the forward"
    if name not in submission.parameters:
        meant = _alike(name, [unknown for unknown in submission.unknown if unknown.isidentifier()])
        return (
            f"this `backward` does not take `{name}`",
            f"`{name}` is {what}, but `backward` has no parameter of that name here.",
            f"Call the parameter `{meant[0]}` so." if meant else f"Add `{name}` to the parameters of `backward`.",
        )
    deleted = [s.line for n, s in zip(case.nodes, submission.statements, strict=True) if isinstance(n, ast.Delete) and name in s.writes]
    if deleted:
        return f"`{name}` has no value any more", f"`{name}` is {what}; line {deleted[0]} deletes it.", "Leave that line out."
    return _inside_only(name, what) if _is_outside(raised) else None


def _a_gradient(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of the gradient of a value of the forward: one asked for elsewhere, or not at all."""
    exercise = case.graph.exercise
    if name not in case.verdict.runs[0].trial.gradients:
        return None
    if any(target.name == name for target in exercise.targets):
        return _inside_only(name, f"the gradient of `{name[1:]}`") if _is_outside(raised) else None
    if any(name in s.writes for s in case.submission.statements):
        return None
    one = name[1:] == exercise.output and not exercise.takes_cotangent
    return (
        f"`{name}` has no value here",
        f"It would be the gradient of `{name[1:]}`, which this exercise does not ask for: "
        f"`{name[1:]}` is the result itself, and its gradient is 1."
        if one
        else f"It would be the gradient of `{name[1:]}`, which this exercise does not ask for and no line above assigns.",
        f"As a factor leave `{name}` out; elsewhere write 1." if one else f"Write a line for `{name}` first.",
    )


def _of_the_learner(case: Case, name: str, raised: Raised) -> Told:
    """What is said of any other name: one that the learner's lines assign, or one that nothing has."""
    statements, error = case.submission.statements, f"`{name}` has no value here"
    writers = [s for s in statements if name in s.writes]
    above = [s.line for s in writers if s.index < raised.statement]
    below = [s.line for s in writers if s.index > raised.statement]
    if writers and _is_outside(raised):
        return _inside_only(name, "a name of `backward`")
    if above:
        return error, f"`{name}` gets its value at line {above[-1]}, which failed or did not run.", "Mend that line first."
    if below:
        return error, f"`{name}` gets its value at line {below[0]} only, after this line.", f"Move this line below line {below[0]}."
    if writers:
        return error, f"`{name}` has no value yet: this line is the first to assign it.", _first_value(case, name, raised.statement)
    if any(name in binding for binding in _bindings(case)):
        note = f"`{name}` is named in another place of your file, but not there where this line could read it."
        return error, note, f"Give `{name}` a value inside `backward`, above this line."
    error = f"nothing is called `{name}` here"
    note = "It is neither a value of the forward, nor a gradient written above, nor a name of yours."
    return error, note, _near(case, name, raised.statement)


def _first_value(case: Case, name: str, index: int) -> str:
    """What a line lacks that adds to a name, or writes into it, before it has a value; or that reads what it is to compute."""
    nodes = list(ast.walk(case.nodes[index]))
    adds = any(isinstance(n, ast.AugAssign) for n in nodes) or any(
        isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) for n in nodes
    )
    if adds and name == case.name:
        return f"Begin above it with `{name} = torch.zeros_like({case.node})`."
    above = [f"d{line.name}" for line in case.consumers if f"d{line.name}" in case.available]
    if name == case.name and above:
        return f"What arrives from above is called {' and '.join(f'`{n}`' for n in above)}."
    return _near(case, name, index)


def _is_outside(raised: Raised) -> bool:
    """Whether the name was looked for outside of `backward`, though it is a name of it: of its own, Python says that they have no value."""
    return raised.message.startswith("name ")


def _inside_only(name: str, what: str) -> Told:
    return (
        f"`{name}` has no value here",
        f"`{name}` is {what}, and known inside `backward` only, not in functions that stand outside of it.",
        f"Hand `{name}` to the function as an argument.",
    )


def _bindings(case: Case) -> Iterator[set[str]]:
    """The names that each part of the file, inside `backward` and outside, gives to something."""
    submission = case.submission
    for node in (part for text in (submission.prelude, submission.body) for part in ast.walk(ast.parse(text))):
        yield written(node) if isinstance(node, ast.stmt | ast.NamedExpr) else {node.arg} if isinstance(node, ast.arg) else set()


def alike(name: str, others: Sequence[str]) -> list[str]:
    """Those of `others` that are spelt almost as `name` is: a slip of the hand, no other word."""
    plain = {other: other.replace("_", "").lower() for other in others}
    mine = name.replace("_", "").lower()
    same = [o for o, p in plain.items() if p == mine]
    near = [o for o in difflib.get_close_matches(name, others, n=3, cutoff=0.8) if not o.endswith("_")]
    turned = [o for o, p in plain.items() if len(p) > 3 and sorted(p) == sorted(mine)]
    return list(dict.fromkeys([*same, *near, *turned]))[:2]


def _near(case: Case, name: str, index: int) -> str:
    """Names of the same sort that are spelt almost so: a gradient for a gradient, a value for a value."""
    known = set(case.graph.exercise.names) | case.available
    known |= {n for s in case.submission.statements[:index] for n in s.writes}
    gradients = set(case.verdict.runs[0].trial.gradients)
    of_gradients = name[:1] == "d" and bool(alike(name, sorted(gradients)))
    near = [n for n in alike(name, sorted(known - {case.name, name})) if (n in gradients) == of_gradients]
    if not near:
        return "`backprop-check graph` shows the names of this exercise."
    return f"Near it: {', '.join(f'`{n}`' for n in near)}."


def _a_size(case: Case, name: str, raised: Raised) -> Told | None:
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
    return (
        f"`{name}` has no value here",
        f"{name} is only the name of a size: `inputs` draws with it, and `backward` is given tensors.",
        move,
    )


def _makes(node: ast.AST, name: str) -> bool:
    """`torch.ones(N, C)`."""
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("ones", "zeros", "empty")
    return made and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _of_torch(case: Case, name: str, raised: Raised) -> Told | None:
    """What is said of a module, or of a function of torch that is named alone."""
    error, nodes = f"nothing is called `{name}` here", list(ast.walk(case.nodes[raised.statement]))
    if name in ("keepdim", "keepdims"):
        return error, "What is told by name has a value after it.", "Write `keepdim=True`."
    if name in IMPORTS:
        asked = next((n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name), "")
        if name in ("np", "numpy", "math") and callable(getattr(torch, asked, None)):
            why = " takes one number, no tensor" if name == "math" else " leads out of torch"
            return (
                error,
                f"The file does not import `{name}`; and `{name}.{asked}`{why}.",
                f"torch has it for tensors: `torch.{asked}(...)`.",
            )
        return error, f"The file does not import `{name}`.", f"Write `{IMPORTS[name]}` at the top of the file."
    called = any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name for n in nodes)
    if called and name in FUNCTIONS | {"tanh"}:
        module = "torch" if callable(getattr(torch, name, None)) else "F"
        return error, "A function of torch is named with its module.", f"Write `{module}.{name}(...)`."
    if name == "e" and any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow) and isinstance(n.left, ast.Name) and n.left.id == "e" for n in nodes
    ):
        return error, "Python has no number of that name by itself.", "The exponential function is `torch.exp(x)`."
    return None
