"""not-kept: a statement leaves nothing behind: its value is kept nowhere, or it writes into a copy.

Family: State, dtype, harness
Forward: e = T[k]
Shapes: T (N, C), k (M) of N
Wrong: dT = torch.zeros_like(T); dT.index_add(0, k, de)
Right: dT = torch.zeros_like(T); dT.index_add_(0, k, de)

Why:
A function whose name does not end in an underscore leaves its tensor as it is, and gives a new one: `t.add(1)` on a line of its own
changes nothing. Nor does what is done to `t[rows]`, where `rows` is a list, a range, a mask or a tensor: such an index copies the
numbers it picks, and a second index, or a function, then works on that copy. Only `t[...] = ...` with a single index writes into `t`.

Read more: the PyTorch documentation, "Tensor Views"; the NumPy documentation, "Copies and views".

Question: What is in {name} before line {line} is carried out, and what is in it after?
Law: A function without `_` at its end gives a new tensor, and so does an index with a list, a range, a mask or a tensor. In small:
`{name} = torch.zeros(2)`, then `{name}.add(1)`, or `{name}[[0, 1]].add_(1)`, leaves 0 and 0; `{name}[[0, 1]] += 1` makes it 1 and 1.
Traits: formula right
"""

from __future__ import annotations

import ast
from dataclasses import replace

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal, placed, statements
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.steps.statement_told import SIGNS, one_line
from backprop_check.diagnosis.steps.without_effect import Found, WithoutEffect, without_effect
from backprop_check.expression.fold import fold
from backprop_check.records import Diagnosis

STILL = "With its work kept it would not be the gradient yet: something else is wrong besides."


def find(case: Case) -> Diagnosis | None:
    """Proven by carrying the statements out: without this one they give the answer, and with what it makes kept the gradient.

    Where they do not give it even then, the first is true all the same, and is told.
    """
    found = without_effect(case)
    if found is None:
        return None
    one = found.lost[0]
    told = replace(_of_a_copy(one) if one.copies else _of_a_value(one), span=case.span(one.statement))
    lines = [str(i.statement.lineno) for i in found.lost]
    without = f"Without {' and '.join(f'line {line}' for line in lines)} {case.name} is the same, in every trial"
    if not found.kept:
        made = _without(case, found)
        told = replace(told, note=f"{told.note} {STILL}", evidence=f"{without}.", claims=(equal(made, ANSWER),) if made is not None else ())
        return told if made is not None and _is_given(one) else None
    new = [one_line(statement) for statement in found.kept]
    where, shown = f"line{'s' * (len(lines) > 1)} {' and '.join(lines)} read{'s' * (len(lines) == 1)}", "; ".join(new)
    changed = statements(changed=[placed(case, i.statement, line) for i, line in zip(found.lost, new, strict=True)])
    return replace(told, evidence=f"{without}; once {where} `{shown}`, it is autograd's gradient.", claims=(changed,), near=(where, shown))


def _without(case: Case, found: Found) -> ast.expr | None:
    """What the answer is without these statements, as one expression, verified."""
    lost = [one.statement for one in found.lost]
    made = fold(case.submission, [ast.Pass() if node in lost else node for node in case.nodes], case.name, case.put_in)
    if made is not None and case.is_answer(case.evaluate(made)):
        return made
    return None if any(bool(answer.any()) for answer in case.answers) else parsed("answer * 0")


def _is_given(one: WithoutEffect) -> bool:
    """Whether it works with something beside the target: `dx.t()` may be there to be looked at."""
    value = getattr(one.statement, "value", None)
    return one.copies or not isinstance(value, ast.Call) or bool(value.args)


def _of_a_value(one: WithoutEffect) -> Diagnosis:
    value, stays, place = one.statement.value, f"{one.name} stays what it was.", text(one.part)  # type: ignore[attr-defined]
    if isinstance(value, ast.BinOp):
        move = f"Assign it to `{place}`, or write `{SIGNS[type(value.op)]}=`."
        return _plain(
            f"`{short(value)}` is worked out, and nothing keeps it", f"An expression on a line of its own changes nothing: {stays}", move
        )
    function = value.func.attr
    note, move = "Without a `_` at its end a function leaves its tensor as it is", f"Assign what it gives to `{place}`"
    move += f", or call `{function}_`." if isinstance(one.part, ast.Name) else "."
    return _plain(f"`{function}` gives a new tensor, and nothing keeps it", f"{note}: {stays}", move)


def _of_a_copy(one: WithoutEffect) -> Diagnosis:
    error = f"`{short(one.part)}` is a copy: what is written into it never reaches {one.name}"
    note = f"An index with a list, a range, a mask or a tensor copies the numbers that it picks; {one.name} stays what it was."
    if isinstance(one.statement, ast.Expr):
        twice = "where it may name a place twice, with `index_put_` or `index_add_`"
        return _plain(error, note, f"Write into {one.name} itself: with `=` or `+=` at the index, or, {twice}.")
    return _plain(error, note, f"Write into {one.name} with one index that names all the places, not with two.")


def _plain(error: str, note: str, move: str) -> Diagnosis:
    return Diagnosis("not-kept", "proven", error, note, move)
