"""Which operation of the forward brings a constant factor into a gradient: a power, a mean, a number that multiplies or divides."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.trees import HUGE, dumped, literal, parsed, text
from backprop_check.diagnosis.by_edit.edits import names_used, parts
from backprop_check.diagnosis.by_replay.counterfactual import evaluator
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around, function_of
from backprop_check.diagnosis.phrases import lines as lines_
from backprop_check.expression.chains import terms
from backprop_check.records import Line

AVERAGES = ("cross_entropy", "nll_loss")
"""Losses that average over their labels."""

POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d")

Numbers = list[float]
"""A factor, by run."""


@dataclass(frozen=True)
class Brought:
    """A factor that one operation of `line` brings into the derivative, by run; `why` says how, and `ask` leads there; `by`: the number
    that the line itself multiplies with."""

    line: Line
    values: Numbers
    why: str
    ask: str
    by: str = ""


def lines_of_answer(case: Case) -> list[Line]:
    """The lines between the node and the gradients that the answer reads; to the very output where it reads none."""
    known = case.verdict.runs[0].trial.gradients
    below = downstream(case, cut(case) if case.reads else frozenset({case.graph.exercise.output}))
    return [line for line in below if "d" + line.name in known]


def unscreened(case: Case, first: Line) -> list[Line]:
    """A line that uses the node, and those behind it whose factors no gradient that the answer reads has in it."""
    stops, reached, found = {name[1:] for name in case.reads}, {first.name}, [first]
    for line in case.graph.exercise.lines:
        if reached.intersection(line.reads) - stops:
            reached.add(line.name)
            found.append(line)
    return found


def lines_to(case: Case, gradients: frozenset[str]) -> list[Line]:
    """Those of them on a way to one of these gradients."""
    needed, found = {name[1:] for name in gradients}, list[Line]()
    for line in reversed(lines_of_answer(case)):
        if line.name in needed:
            found.insert(0, line)
            needed |= set(line.reads)
    return found or lines_of_answer(case)


def beyond(case: Case) -> list[Line]:
    """The lines behind the gradients that the answer reads: what they bring in is in those already."""
    here = lines_of_answer(case)
    return [line for line in downstream(case, frozenset({case.graph.exercise.output})) if line not in here]


def brought(case: Case, lines: Sequence[Line]) -> Iterator[Brought]:
    """Yield the factors that the operations of these lines bring in."""
    reached = {case.node, *(line.name for line in downstream(case, frozenset({case.graph.exercise.output})))}
    for line in lines:
        tree = ast.parse(line.source.strip(), mode="eval").body
        for part in parts(tree):
            if moved(part) & reached:
                within = (p for p in around(tree, part) if isinstance(p, ast.Call) and function_of(p) in SLOPES)
                yield from _within(next(within, None), part, _of_operation(case, line, part, reached))


def _within(call: ast.Call | None, part: ast.expr, found: Iterator[Brought]) -> Iterator[Brought]:
    """Of a product that a function is taken of: its numbers come with the slope of what stands inside, and not of the line."""
    for one in found:
        line = f"`{one.line.name} = {one.line.source}`"
        if call is None or not one.why.startswith(line):
            yield one
        else:
            why = f"Within `{text(call)}`, `{text(part)}`{one.why.removeprefix(line)}"
            yield replace(one, why=why, ask=f"Multiply with the slope of what stands within `{text(call)}`, too.")


def matching(case: Case, lines: Sequence[Line], factor: Numbers) -> Brought | None:
    """What of these lines brings in just this factor."""
    return next((b for b in brought(case, lines) if same_factor(b.values, factor)), None)


def same_factor(a: Numbers, b: Numbers) -> bool:
    return len(a) == len(b) and all(abs(x - y) <= 1e-9 * abs(y) for x, y in zip(a, b, strict=True))


def between(case: Case) -> str:
    """The lines between the node and what the answer reads, as a sentence names them."""
    return lines_(lines_of_answer(case)) or "the forward"


def _as_derived(case: Case) -> bool:
    """Whether the derivation takes up its gradients from above where the answer does."""
    return case.derived is not None and case.gradients_in(case.derived.expression) == case.reads & case.available


def no_minus(case: Case) -> bool:
    """Whether the gradient, as it is derived, has no minus in it and no negative number."""
    if case.derived is None or not _as_derived(case):
        return False
    return not any(isinstance(n, ast.USub | ast.Sub) for n in ast.walk(case.derived.expression))


def nothing_turns(case: Case) -> str:
    """That no minus comes into the derivative, though one may stand elsewhere in these lines."""
    trees = (parsed(line.source.strip()) for line in lines_of_answer(case))
    if any(isinstance(n, ast.USub | ast.Sub) for tree in trees for n in ast.walk(tree)):
        return f"No minus of {between(case)} turns the sign of {case.node}."
    return f"Nothing in {between(case)} turns the sign."


def minus_brought(case: Case) -> str | None:
    """Where in the forward the minus of the derivative comes from, if it comes from one place."""
    found = minuses(case, lines_of_answer(case))
    return found[0] if len(found) == 1 else None


def minuses(case: Case, lines: Sequence[Line]) -> list[str]:
    """Each place of these lines that sends a minus back, as a sentence."""
    reached = {case.node}
    found = []
    for line in lines:
        for part in parts(ast.parse(line.source.strip(), mode="eval").body):
            said, whole = f"`{line.name} = {line.source}`", f"`{text(part)}`"
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) and moved(part.right) & reached:
                found.append(f"In {said}, `{text(part.right)}` is taken away: where it grows, the difference falls.")
            elif isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and moved(part) & reached:
                found.append(f"{said} has a minus before `{text(part.operand)}`.")
            elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and (literal(part.right) or 0) < 0 and moved(part) & reached:
                found.append(f"{whole} has a negative exponent: it comes down as a factor, with its minus.")
            elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and moved(part.right) & reached:
                found.append(f"In {whole}, `{text(part.right)}` is the divisor: a derivative by a divisor has a minus.")
        reached.add(line.name)
    return found


def none_here(case: Case) -> bool:
    """Whether the gradient, as it is derived, has no plain number as a factor, divisor or exponent."""
    if case.derived is None or not _as_derived(case):
        return False
    products = (p for p in parts(case.derived.expression) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult | ast.Div | ast.Pow))
    if any(_plain(case, operand) is not None for product in products for operand in (product.left, product.right)):
        return False
    return next(brought(case, lines_of_answer(case)), None) is None


def of_another(case: Case, lines: Sequence[Line], number: ast.expr) -> str:
    """Where a number of these lines belongs to what does not move with the node, or is no factor: the sentence that says so, or nothing."""
    reached = {case.node, *(line.name for line in downstream(case, frozenset({case.graph.exercise.output})))}
    for line in lines:
        within = set[int]()  # a product that moves with the node: its numbers belong to all of it
        for part in (p for p in parts(ast.parse(line.source.strip(), mode="eval").body) if isinstance(p, ast.BinOp)):
            sides = ((part.left, part.right), (part.right, part.left))
            other = next((other for one, other in sides if text(one) == text(number)), None)
            said = f"In `{line.name} = {line.source}`, `{text(number)}`"
            if isinstance(part.op, ast.Mult | ast.Div):
                if moved(part) & reached or id(part) in within:
                    within |= {id(part.left), id(part.right)}
                elif other is not None:
                    return f"{said} belongs to `{text(other)}`, which does not move with {case.node}."
            if other is not None and isinstance(part.op, ast.Add | ast.Sub) and moved(other) & reached:
                return f"{said} is a term of a {'sum' if isinstance(part.op, ast.Add) else 'difference'}, and no factor of the slope."
    return ""


def moved(node: ast.expr) -> set[str]:
    """The names that are read for their values: a size is none."""
    return {name.id for name in names_used(node)}


def _of_operation(case: Case, line: Line, part: ast.expr, reached: set[str]) -> Iterator[Brought]:
    said = f"`{text(part)}`"
    if isinstance(part, ast.BinOp):
        tree = ast.parse(line.source.strip(), mode="eval").body
        is_term = any(dumped(part) == dumped(term) for _, term in terms(tree)) and dumped(part) != dumped(tree)
        whole = f"In `{line.name} = {line.source}`, {said}" if is_term else f"`{line.name} = {line.source}`"
        exponent = literal(part.right) if isinstance(part.op, ast.Pow) else None
        if isinstance(part.op, ast.Mult) and ast.dump(part.left) == ast.dump(part.right):
            exponent = 2
        if exponent is not None:
            yield _power(case, line, said, float(exponent))
        elif isinstance(part.op, ast.Pow):
            yield from _exponential(case, line, said, part.left)
        for divides, operand, number in _numbers_of(case, part, reached):
            how = "divides" if divides else "multiplies"
            yield Brought(line, [1 / n for n in number] if divides else number,
                          f"{whole} {how} by `{text(operand)}`, and the derivative does too.",
                          f"{said if is_term else whole} {how} by a number: do the same, once, with what comes back.",
                          "" if divides else text(operand))  # fmt: skip
    elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        yield from _of_call(case, line, part, part.func)


def _numbers_of(case: Case, part: ast.BinOp, reached: set[str], below: bool = False) -> Iterator[tuple[bool, ast.expr, Numbers]]:
    """The numbers that a product multiplies or (where the first is true) divides by, those of a factor that stays too: `0.5 * k`."""
    if isinstance(part.op, ast.Mult | ast.Div):
        for operand, divides in ((part.left, below), (part.right, below != isinstance(part.op, ast.Div))):
            if not moved(operand) & reached:
                if (number := _plain(case, operand)) is not None:
                    yield divides, operand, number
                if isinstance(operand, ast.BinOp):
                    yield from _numbers_of(case, operand, reached, divides)


def _of_call(case: Case, line: Line, part: ast.Call, function: ast.Attribute) -> Iterator[Brought]:
    said, name = f"`{text(part)}`", function.attr
    first = part.args[0] if part.args and isinstance(function.value, ast.Name) and function.value.id in ("torch", "F") else function.value
    exponent = literal(part.args[-1]) if name == "pow" and part.args else 2 if name == "square" else None
    moves = f"Ask by how much {said} moves when one of its numbers rises by 1."
    if exponent is not None:
        yield _power(case, line, said, float(exponent))
    elif name in ("pow", "exp2"):
        yield from _exponential(case, line, said, first if name == "pow" else ast.Constant(2))
    elif name == "sqrt":
        why = f"{said} is a root, and the slope of a root is 1 over twice the root."
        yield Brought(line, [0.5] * len(case.runs), why, f"Work out the slope of {said} alone, as that of a power: the exponent is 1/2.")
    elif name == "mean" and (taken := _taken(case, first, part)) is not None:
        yield Brought(line, [1 / n for n in taken], f"{said} is a mean: each number in it moves it by 1 over how many there are.", moves)
    elif name in ("var", "std") and (taken := _taken(case, first, part)) is not None and all(n > 1 for n in taken):
        by = divided_by(part)
        values = [1 / (n if by == "n" else n - 1) for n in taken]
        yield Brought(line, values, f"{said} divides by {by}, n being how many numbers there are, and the derivative does too.",
                      f"Write {said} out, with all that it divides by: the slope keeps that.")  # fmt: skip
        if name == "var":
            why = f"{said} adds up squares, and the slope of a square is twice what is squared."
            yield Brought(line, [2.0] * len(case.runs), why, f"Write {said} out, as a sum of squares, and work out its slope.")
    elif name in AVERAGES and not part.keywords and len(part.args) > 1 and (taken := _taken(case, part.args[1], part)) is not None:
        why = f"{said} averages over its rows: what each of them sends back is divided by how many there are."
        yield Brought(line, [1 / n for n in taken], why, f"Ask over how many rows {said} averages.")
    elif (n := pooled(part)) is not None:
        why = f"{said} takes the mean of {n} numbers at a time: each of them moves it by 1/{n}."
        yield Brought(line, [1 / n] * len(case.runs), why, f"Ask of how many numbers {said} takes each mean.")


def pooled(call: ast.Call) -> int | None:
    """How many numbers go into each mean of an `avg_pool`, where the call says it with a number."""
    size = literal((call.args[1:] or [k.value for k in call.keywords] or [call])[0])
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return size ** int(name[-2]) if name in POOLS and isinstance(size, int) else None


def divided_by(node: ast.expr | None) -> str | None:
    """What a variance, or its root, divides by, as it is called."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in ("var", "std"):
        return None
    said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    return "n" if said.get("unbiased") == "False" or said.get("correction") == "0" else "n - 1"


def _power(case: Case, line: Line, said: str, exponent: float) -> Brought:
    if exponent == 2:
        return Brought(line, [2.0] * len(case.runs), f"{said} is a square, and the slope of a square is twice what is squared.",
                       f"Work out the slope of {said} alone, with numbers: from 3 to 3.01 a square grows from 9 to 9.0601.")  # fmt: skip
    why = f"{said} is a power: its exponent comes down as a factor."
    return Brought(line, [exponent] * len(case.runs), why, f"Write down the derivative of {said} alone: what comes down in front of it?")


def _exponential(case: Case, line: Line, said: str, base: ast.expr) -> Iterator[Brought]:
    """Of a number that is raised to what moves."""
    numbers = _plain(case, base)
    if numbers is not None and min(numbers) > 0:
        why = f"{said} grows with its exponent by the log of its base `{text(base)}`."
        ask = f"Ask by which share of itself {said} grows when its exponent rises a little."
        yield Brought(line, [math.log(n) for n in numbers], why, ask)


def _plain(case: Case, node: ast.expr) -> Numbers | None:
    """The value of a part that is one number, made of nothing that a gradient comes back to; by run."""
    known = case.verdict.runs[0].trial.gradients
    if any("d" + name in known or name in known for name in moved(node)):
        return None
    compute, values = evaluator(case, node), []
    for run in case.runs:
        try:
            value = plain_number(compute({**run.trial.values}))
        except (RuntimeError, TypeError, ValueError, NameError, ArithmeticError, AttributeError):
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 1 / HUGE < abs(value) < HUGE or abs(value) == 1:
            return None
        values.append(float(value))
    return values


def plain_number(value: Any) -> Any:
    """The number of a tensor that is one, as of a count `mask.sum()`; anything else as it is."""
    one = isinstance(value, torch.Tensor) and value.dim() == 0 and value.dtype != torch.bool and not value.is_complex()
    return value.item() if one else value


def _taken(case: Case, operand: ast.expr, whole: ast.expr) -> Numbers | None:
    """How many numbers go into each of a mean."""
    many, few = evaluator(case, operand), evaluator(case, whole)
    try:
        taken = [many({**run.trial.values}).numel() / few({**run.trial.values}).numel() for run in case.runs]
    except (RuntimeError, TypeError, ValueError, NameError, AttributeError, IndexError, ArithmeticError):
        return None
    return taken if all(taken) else None
