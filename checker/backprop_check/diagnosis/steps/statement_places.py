"""Other places and other elements in the indices of a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import permutations

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.steps.statement_told import told_of
from backprop_check.diagnosis.steps.statements import base, fits, is_plain, names
from backprop_check.expression.rewrites import parts
from backprop_check.records import Diagnosis


def other_places(case: Case, statement: ast.stmt, counters: dict[str, int | None]) -> Iterator[tuple[ast.AST, ast.expr, Diagnosis]]:
    """Another counter, or all of an axis, in one place of an index; or two places exchanged."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    for part in (n for n in ast.walk(statement) if isinstance(n, ast.Subscript)):
        index = list(part.slice.elts) if isinstance(part.slice, ast.Tuple) else [part.slice]
        others: list[list[ast.expr]] = []
        for k, own in enumerate(index):
            plain = isinstance(own, ast.Slice | ast.Name) or literal(own) is not None
            near = [n for n in ast.walk(own) if isinstance(n, ast.Name) and n.id in counters]
            if near and isinstance(own, ast.Name):
                others += [[*index[:k], looked_up, *index[k + 1 :]] for looked_up in _looked_up(case, counters)]
            if plain or near:
                fit = [c for c in counters if ast.unparse(own) != c and fits(case, part.value, k, counters[c])]
                others += [[*index[:k], ast.Name(c, ast.Load()), *index[k + 1 :]] for c in fit]
            if plain and not near:
                others += [[*index[:k], cut, *index[k + 1 :]] for cut in _cuts(case) if ast.dump(cut) != ast.dump(own)]
            if isinstance(own, ast.Slice) and own.upper is not None and own.step is None:
                others += [[*index[:k], moved, *index[k + 1 :]] for moved in _moved_on(own, counters)]
            if isinstance(own, ast.Name) and near:
                others += [[*index[:k], ast.BinOp(own, op, ast.Constant(1)), *index[k + 1 :]] for op in (ast.Add(), ast.Sub())]
        if len(index) == 2:
            others.append(index[::-1])
        if len(index) == 1 and counters:
            others += [[index[0], ast.Name(c, ast.Load())] for c in counters if fits(case, part.value, 1, counters[c])]
        if len(index) == 1 and not isinstance(index[0], ast.Slice):
            others += [[ast.parse(f"range({case.node}.shape[0])", mode="eval").body, index[0]], [ast.Slice(), index[0]]]
        for other in others:
            at: ast.expr = other[0] if len(other) == 1 else ast.Tuple(other, ast.Load())
            new = ast.copy_location(ast.Subscript(part.value, at, part.ctx), part)
            yield part, new, another_place(case, part, isinstance(part.ctx, ast.Store))


def _moved_on(cut: ast.Slice, counters: dict[str, int | None]) -> Iterator[ast.expr]:
    """A cut that moves on with a counter, as a window does: `i:i + n` for `:n`, and for `i:n`."""
    assert cut.upper is not None
    named = {n.id for n in ast.walk(cut.upper) if isinstance(n, ast.Name)}
    for counter in counters:
        begins = cut.lower is None or (isinstance(cut.lower, ast.Name) and cut.lower.id == counter)
        if begins and counter not in named:
            moves = ast.Name(counter, ast.Load())
            yield ast.Slice(moves, ast.BinOp(moves, ast.Add(), cut.upper))


def _looked_up(case: Case, counters: dict[str, int | None]) -> Iterator[ast.expr]:
    """What the forward's own indices hold at the places that are counted: `X[i, j]`."""
    known = case.verdict.runs[0].trial.values
    for name in dict.fromkeys(name for line in case.consumers for name in line.reads):
        value = known.get(name)
        if isinstance(value, torch.Tensor) and not value.is_floating_point() and value.dtype != torch.bool:
            own = ast.Name(name, ast.Load())
            for places in permutations(counters, value.dim()) if value.dim() else ():
                if all(fits(case, own, k, counters[c]) for k, c in enumerate(places)):
                    yield ast.Subscript(own, _tuple(places), ast.Load())


def _cuts(case: Case) -> list[ast.expr]:
    """The cuts that the lines make which use the node, or which make it."""
    lines = [*case.consumers, *(line for line in case.graph.exercise.lines if line.name == case.node)]
    indices = (n.slice for line in lines for n in ast.walk(ast.parse(line.source.strip())) if isinstance(n, ast.Subscript))
    return [cut for index in indices for cut in (index.elts if isinstance(index, ast.Tuple) else [index]) if isinstance(cut, ast.Slice)]


def other_elements(case: Case, statement: ast.stmt, counters: dict[str, int | None]) -> Iterator[tuple[ast.AST, ast.expr, Diagnosis]]:
    """An element of another tensor than the one that is read; a factor of the products that are added up too many."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    known = case.verdict.runs[0].trial.values
    near = dict.fromkeys(
        name for line in case.consumers for name in (*line.reads, "d" + line.name) if name in known or name in case.available
    )
    for part in parts(statement.value):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            sides = ((part.left, part.right), (part.right, part.left)) if isinstance(part.op, ast.Mult) else ((part.left, part.right),)
            for kept, lost in sides:
                if is_plain(case, lost):
                    continue  # of constants more is known
                many = f"`{short(lost)}` is a {'divisor' if isinstance(part.op, ast.Div) else 'factor'} too many"
                move = "Go through the operations on the path, and write one factor for each."
                yield part, kept, told_of(case, "wrong-local-derivative", lost, many, "Without it all of it is right.", move)
            other = ast.copy_location(ast.BinOp(part.left, ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult(), part.right), part)
            does, due = ("multiplies with", "divides") if isinstance(part.op, ast.Mult) else ("divides by", "multiplies")
            error = f"this {does} `{short(part.right)}`, where the derivative {due}"
            yield (
                part,
                other,
                told_of(case, "wrong-local-derivative", part, error, "With the other operation there all of it is right.", asks(case)),
            )
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            other_sign = ast.Sub() if isinstance(part.op, ast.Add) else ast.Add()
            signed = ast.copy_location(ast.BinOp(part.left, other_sign, part.right), part)
            error = f"`{short(part.right)}` has the opposite sign"
            yield part, signed, told_of(case, "wrong-sign", part.right, error, "With the other sign there all of it is right.", asks(case))
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add) and base(part.left) != case.name:
            times = ast.copy_location(ast.BinOp(part.left, ast.Mult(), part.right), part)
            note = "Along a path the chain rule multiplies; it adds only across paths."
            yield part, times, told_of(case, "plus-for-times", part, "these two belong to one path, and are added", note, "Multiply them.")
        if not isinstance(part, ast.Subscript) or not isinstance(part.value, ast.Name) or part.value.id == case.name:
            continue
        many_axes = len(part.slice.elts) if isinstance(part.slice, ast.Tuple) else 1
        for name in near:
            rank = value.dim() if isinstance(value := names(case, case.verdict.runs[0]).get(name), torch.Tensor) else 0
            same = [part.slice] if name != part.value.id and rank >= many_axes else []
            own = ast.Name(name, ast.Load())
            fit = (p for p in permutations(counters, rank) if all(fits(case, own, k, counters[c]) for k, c in enumerate(p)))
            for places in [*same, *map(_tuple, fit)] if rank else ():
                new = ast.copy_location(ast.Subscript(ast.Name(name, ast.Load()), places, ast.Load()), part)
                if name == part.value.id:
                    told = another_place(case, part, False)
                else:
                    error = f"`{text(part)}` stands where another value belongs"
                    told = told_of(case, "wrong-operand", part, error, f"With `{text(new)}` in its place all of it is right.", asks(case))
                yield part, new, told


def _tuple(counters: Sequence[str]) -> ast.expr:
    found = [ast.Name(counter, ast.Load()) for counter in counters]
    return found[0] if len(found) == 1 else ast.Tuple(list(found), ast.Load())


def another_place(case: Case, part: ast.Subscript, writes: bool) -> Diagnosis:
    note = f"Of the places of `{text(part.value)}` that are {'written to' if writes else 'read'}, not all are the ones that are meant."
    move = f"Ask, for one round of the loop, which number of {case.node} its gradient is, and which numbers that met in the forward."
    if not any(isinstance(s, ast.For) for s in case.written):
        move = f"Ask of each place that is {'written to' if writes else 'read'} which number of {case.node} it belongs to."
    error = f"`{text(part)}` is another place than the one that belongs here"
    return told_of(case, "wrong-slice", part, error, note, move, "Of places written to" if writes else "Of places read")
