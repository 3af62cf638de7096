"""missing-scatter: the gradients of the elements that were picked were not brought back to the places they came from.

Family: Selection, indexing, non-smooth
Forward: e = C[idx]
Shapes: C (N, C), idx (K) of N
Wrong: dC = de
Right: dC = torch.zeros_like(C).index_add(0, idx, de)

Why:
Indexing copies rows of the table, some more than once, some not at all. Going back, each copy's gradient is added to
the row it was copied from, and rows that were not picked get zero. The result has the shape of the table.

Read more: the PyTorch documentation, "torch.Tensor.index_add".

Question: Yours is {got}, and {node} is {axes}. Into which places of {node} do your numbers belong, and what stands in the others?
Slip: this is still in the places of what was picked
Note: Each gradient belongs to the element that {lines} has picked.
Help: Begin with zeros in the shape of {node}, and add each gradient where its element came from.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from itertools import combinations

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, search, value_of
from backprop_check.diagnosis.by_replay.counterfactual import arriving, evaluator, gives_answer
from backprop_check.diagnosis.by_replay.replay import Evaluate
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal, gradient_of
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, parts, put
from backprop_check.records import Diagnosis, Line, Run

SCATTERS = (
    "one_hot",
    *(f"{name}{end}" for name in ("scatter", "scatter_add", "index_put", "index_add", "index_copy") for end in ("", "_")),
)
PICKS = ("index_select", "embedding", "gather", "take", "unfold")
DIAGONALS = ("diagonal", "diag")

AXES = 4


def find(case: Case) -> Diagnosis | None:
    """Proven by comparison: the answer is the gradient of the picked elements, number by number, in their shape."""
    if not case.everywhere or any(a.shape == o.shape for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    if (kept := search(case, _kept)) is not None and isinstance(kept.part, ast.Subscript):
        return _taken_out(case, kept, kept.part)
    for line in case.consumers:
        found = _still_there(case, line) if picks(line, case.node) else None
        if found is not None:
            how, made = found
            return case.proven(
                "missing-scatter",
                error=f"this is d{line.name}{how}, still in the places of {line.name}",
                note=f"`{line.source}` copied elements of {case.node}; each copy's gradient belongs to the element it was copied from.",
                help=f"Begin with zeros in the shape of {case.node}, and add each gradient at the index its element came from.",
                evidence=f"Your answer equals d{line.name}{how} in every trial; {case.node} is {case.due}.",
                claims=(equal(f"d{line.name}{made}", ANSWER),),
            )
    return _of_what_is_picked(case) or _picked_again(case)


def _kept(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A product with a mask in the place of what the mask picks."""
    for part in parts(expression):
        if isinstance(part, ast.Subscript) and getattr(value_of(case, part.slice), "dtype", None) == torch.bool:
            yield put(expression, part, ast.copy_location(ast.BinOp(part.value, ast.Mult(), part.slice), part)), part


def _taken_out(case: Case, found: Mended, part: ast.Subscript) -> Diagnosis:
    base, mask = text(part.value), text(part.slice)
    return case.proven(
        "missing-scatter",
        by=found,
        error=f"`{short(part)}` takes the numbers out of their places",
        note=f"An index by a mask keeps only the numbers where it holds, one after another; {case.node} is {case.due}.",
        help=f"Keep every number in its place, with 0 where nothing passes: multiply `{base}` with `{mask}`.",
        evidence=f"`{found.fix}` equals autograd's gradient in every trial.",
    )


def _scatters(case: Case) -> bool:
    """Whether the answer brings numbers back to their places: a sum over those adds up the same numbers."""
    return case.expression is not None and next(calls(case.expression, *SCATTERS), None) is not None


def _of_what_is_picked(case: Case) -> Diagnosis | None:
    """The gradient of the elements that a part of a line picks, in their own shape."""
    for line in case.consumers if not _scatters(case) else ():
        tree = ast.parse(line.source.strip(), mode="eval").body
        for part in parts(tree):
            arrives = partial(arriving, case, line=line, tree=tree, part=part)
            if part is not tree and _picks(part, case.node) and gives_answer(case, arrives):
                return case.proven(
                    "missing-scatter",
                    error=f"this is the gradient of `{text(part)}`, still in its places",
                    note=f"`{text(part)}` picks elements of {case.node}: each number here belongs to the element that was picked, "
                    "and those that were not get 0.",
                    help=f"Begin with zeros in the shape of {case.node}, and put each number where its element came from.",
                    evidence=f"In every trial your answer is what arrives at `{text(part)}`; {case.node} is {case.due}.",
                    claims=(gradient_of(line, part),),
                )
    return None


def _picked_again(case: Case) -> Diagnosis | None:
    """What arrives at the picked elements, and from it the same places picked once more."""
    for line in case.consumers:
        tree = ast.parse(line.source.strip(), mode="eval").body
        for part in parts(tree):
            if not _picks(part, case.node):
                continue
            node = next(n for n in parts(part) if isinstance(n, ast.Name) and n.id == case.node)
            again = evaluator(case, put(part, node, ast.Name("_arrives", ast.Load())))

            def picked(run: Run, at: Line = line, whole: ast.expr = tree, here: ast.expr = part, pick: Evaluate = again) -> torch.Tensor:
                return pick({**run.trial.values, "_arrives": arriving(case, run, at, whole, here)})  # type: ignore[no-any-return]

            if gives_answer(case, picked):
                made = f"d{line.name}{text(part).removeprefix(case.node)}" if part is tree and isinstance(part, ast.Subscript) else None
                return case.proven(
                    "missing-scatter",
                    error=f"this picks from what arrives at `{text(part)}` as the forward picked from {case.node}",
                    note=f"What arrives stands in the places of what was picked; each number belongs to the element of {case.node} that it "
                    "was copied from, and those that were not picked get 0.",
                    help=f"Begin with zeros in the shape of {case.node}, and add each number at the index its element came from.",
                    evidence=f"What `{text(part)}` picks, picked from what arrives there, is your answer in every trial.",
                    claims=(equal(made, ANSWER),) if made is not None else (),
                )
    return None


def _picks(part: ast.expr, node: str) -> bool:
    match part:
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            return name == node and not _takes_all(index)
        case ast.Call(func=ast.Attribute(value=base, attr=attr), args=arguments):
            of = arguments[0] if isinstance(base, ast.Name) and base.id in ("torch", "F") and arguments else base
            return attr in (*PICKS, *DIAGONALS) and isinstance(of, ast.Name) and of.id == node
    return False


def _takes_all(index: ast.expr) -> bool:
    """Whether an index is of new axes and whole ones alone: it picks nothing."""
    elements = index.elts if isinstance(index, ast.Tuple) else [index]
    whole = [ast.dump(ast.Slice()), ast.dump(ast.Constant(None)), ast.dump(ast.Constant(...))]
    return all(ast.dump(element) in whole for element in elements)


def _still_there(case: Case, line: Line) -> tuple[str, str] | None:
    """How the answer is made of what arrives at the line (in words, and as code), no number of it put into the node's places."""
    above = [run.trial.gradients["d" + line.name] for run in case.runs]
    if case.is_answer(above):
        return None if _scatters(case) else ("", "")
    if all(g.numel() == a.numel() for g, a in zip(above, case.answers, strict=True)):
        laid = case.is_answer([g.reshape(a.shape) for g, a in zip(above, case.answers, strict=True)])
        return (", reshaped", ".reshape(answer.shape)") if laid else None
    rank = above[0].dim()
    for count in range(1, min(rank, AXES)):
        for axes in combinations(range(rank), count):
            if case.is_answer([g.sum(axes) for g in above]) or case.is_answer([g.sum(axes, keepdim=True) for g in above]):
                keep = not case.is_answer([g.sum(axes) for g in above])
                return None if _scatters(case) else (", summed", f".sum({axes}, keepdim={keep})")
    return None


def picks(line: Line, node: str) -> bool:
    tree = ast.parse(line.source, mode="eval").body
    subscripts = (n for n in ast.walk(tree) if isinstance(n, ast.Subscript))
    picked = any(isinstance(s.value, ast.Name) and s.value.id == node and not _takes_all(s.slice) for s in subscripts)
    return picked or any(word in line.source for word in PICKS)
