"""extra-term: the expression is right but for a term that does not belong to it.

Family: Branches and accumulation
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ W.T + x
Right: dx = dy @ W.T

Why:
A gradient has one term for each use of the value in the forward, and each term one factor for each operation on the
path. What stands there beyond that comes from somewhere else: an update step, a second visit of the same path, a
regulariser that this graph does not have.

Read more: `backprop-check graph` shows who uses the value.

Question: For which use of {node} in the forward does {part} stand in your line?
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.derivation.trees import dumped, parsed
from backprop_check.diagnosis.asking import asks, example, goal
from backprop_check.diagnosis.by_edit.edits import Edit, is_index, is_tensor, parts, search, value_of
from backprop_check.diagnosis.by_replay.replay import downstream
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.chains import factors, is_product
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis

CHAIN = 8


def find(case: Case) -> Diagnosis | None:
    """Proven by taking the term away: the expression is then right."""
    found = search(case, edits)
    # What takes the last gradient from above out of an answer is right only where that gradient is special, or beside another mistake.
    if found is None or (case.draft is not None and case.gradients_in(case.draft) and not case.gradients_in(found.tree)):
        return None
    lost = _lost(case, found.tree, found.part)
    if len(lost) == 1:
        return _one(case, found.fix, *lost[0])
    (_, first), (_, second) = lost
    also = tuple((span, "and this") for span in [case.span(first)] if span is not None)
    if _is_factor(case, found.part):
        divides = {isinstance(op, ast.Div) for op, _ in lost}
        kind = "divisors" if divides == {True} else "factors"
        error = f"`{short(first)}` and `{short(second)}` are two {kind} too many"
        if len(divides) > 1:
            error = " and ".join(f"`/ {short(p)}`" if isinstance(op, ast.Div) else f"the factor `{short(p)}`" for op, p in lost)
            error += " do not belong here"
        return replace(_factor(case, found.fix, second, error, "Without both"), also=also)
    told = _term(case, found.fix, second, f"`{short(first)}` and `{short(second)}` do not belong here", "Without both")
    return replace(told, also=also)


def of_factors(case: Case) -> Diagnosis | None:
    """The same, where it is a factor that does not belong there."""
    found = search(case, edits)
    return find(case) if found is not None and _is_factor(case, found.part) else None


def _one(case: Case, right: str, op: ast.operator, part: ast.expr) -> Diagnosis:
    if _is_factor(case, part):
        part = _whole_factor(case, part)
        where = is_index(case, part)
        kind = "divisor" if isinstance(op, ast.Div) or _is_below(case, part) else "factor"
        error = f"is a {kind} too many" if not where else "says where, not how much"
        told = _factor(case, right, part, f"`{short(part)}` {error}", "Without it")
        return replace(told, code="index-as-value") if where else told
    told = _term(case, right, part, f"`{short(part)}` does not belong here", "Without it")
    if case.draft is not None and any(_is_taken_of(outer) for outer in around(case.draft, part)):
        # No use of the node has such a term: of one of them the derivative is another.
        return replace(told, code="wrong-local-derivative", note=example(case), help=asks(case))
    return told


def _factor(case: Case, right: str, part: ast.expr, error: str, without: str) -> Diagnosis:
    return case.proven(
        "wrong-local-derivative",  # the terms are right; of one the derivative is not
        error=error,
        note=_of_the_line_before(case, part)
        or case.only(f"{without} the expression is right: each operation on the path brings one factor, and these are there."),
        help="Go through the operations on the path, and write one factor for each.",
        span=case.span(part),
        fix=right,
    )


def _of_the_line_before(case: Case, part: ast.expr) -> str:
    """Of a factor that the line brings in which makes the node: that it belongs to what goes into it."""
    for line in case.graph.exercise.lines:
        products = (factors(p)[1] for p in parts(parsed(line.source.strip())) if line.name == case.node and is_product(p))
        if any(dumped(factor) == dumped(part) for found in products for _, factor in found):
            return f"`{line.name} = {line.source}` brings it in: it belongs to what goes into {case.node}, and not to {case.node} itself."
    return ""


def _term(case: Case, right: str, part: ast.expr, error: str, without: str) -> Diagnosis:
    return case.proven(
        "extra-term",
        error=error,
        note=case.only(f"{without} the expression is right."),
        help=_constant(case, part) or f"Count the uses of {case.node} by which it moves {goal(case)}: one term for each.",
        span=case.span(part),
        fix=right,
    )


def _constant(case: Case, part: ast.expr) -> str:
    """Of a term that the forward adds where it uses the node, and that does not move with it: that it is one."""
    read = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
    moved = {case.node} | {line.name for line in downstream(case, frozenset({case.graph.exercise.output}))}
    for line in case.consumers if read and not read & moved else ():
        for whole in (n for n in ast.walk(parsed(line.source)) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub)):
            if ast.dump(part) in (ast.dump(side) for side in (whole.left, whole.right)):
                return f"In `{line.name} = {line.source}`, `{short(part)}` does not move with {case.node}: its slope is 0."
    return ""


def _whole_factor(case: Case, part: ast.expr) -> ast.expr:
    """Of the `x` of a factor `1 - x` that factor."""
    within = next((p for p in _own(case) if isinstance(p, ast.BinOp) and part in (p.left, p.right)), None)
    return within if within is not None and isinstance(within.op, ast.Add | ast.Sub) else part


def _is_taken_of(outer: ast.AST) -> bool:
    """Whether a function, a power or a quotient is taken of what stands within."""
    return isinstance(outer, ast.Call) or (isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Div | ast.Pow))


def beyond_derived(case: Case) -> Diagnosis | None:
    """The same, where all the rest of the line is the gradient as it is derived: nothing simpler can be told of it."""
    if case.derived is None or case.draft is None or not is_product(case.draft):
        return None
    mine, due = _counted(case.draft), _counted(case.derived.expression)
    return find(case) if due - mine == Counter() and sum((mine - due).values()) in (1, 2) else None


def _counted(expression: ast.expr) -> Counter[tuple[bool, str]]:
    negative, found = factors(expression)
    ones = ast.dump(ast.Constant(1))
    counted = Counter((divides, ast.dump(factor)) for divides, factor in found if ast.dump(factor) != ones)
    return counted + Counter({(negative, "-"): 1} if negative else {})


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    yield from _one_less(case, expression)
    yield from ((edited, lost[-1][1]) for edited, lost in _two_less(case, expression))


def _lost(case: Case, right: ast.expr, last: ast.expr) -> list[tuple[ast.operator, ast.expr]]:
    """What has to go, of which `last` is one: two, where one alone is not enough."""
    assert case.draft is not None
    if not any(ast.dump(edited) == ast.dump(right) for edited, part in _one_less(case, case.draft) if part is last):
        for edited, lost in _two_less(case, case.draft):
            if lost[-1][1] is last and ast.dump(edited) == ast.dump(right):
                return lost
    whole = next((p for p in parts(case.draft) if isinstance(p, ast.BinOp) and p.right is last), None)
    return [(whole.op if whole is not None else ast.Mult(), last)]


def _two_less(case: Case, expression: ast.expr) -> Iterator[tuple[ast.expr, list[tuple[ast.operator, ast.expr]]]]:
    """Two less in a chain of factors or of terms, with the two; the first only where what follows can stand there."""
    for part in parts(expression):
        for kinds, goes_on in (((ast.Add, ast.Sub), ast.Add), ((ast.Mult, ast.Div), ast.Mult)):
            chain = _chain(part, kinds)
            if 3 <= len(chain) <= CHAIN and isinstance(value_of(case, part), torch.Tensor):
                chain[0] = (goes_on(), chain[0][1])
                for i, j in combinations(range(len(chain)), 2):
                    left = [link for k, link in enumerate(chain) if k not in (i, j)]
                    if isinstance(left[0][0], goes_on):
                        # One that is left stands where it stood.
                        kept = left[0][1] if len(left) == 1 else ast.copy_location(_joined(left), part)
                        yield put(expression, part, kept), [chain[i], chain[j]]


def _chain(part: ast.expr, kinds: tuple[type[ast.operator], ...]) -> list[tuple[ast.operator, ast.expr]]:
    """The links of `a * b / c`, each with the operator before it."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, kinds):
        return [*_chain(part.left, kinds), (part.op, part.right)]
    return [(ast.Add(), part)]


def _joined(chain: list[tuple[ast.operator, ast.expr]]) -> ast.expr:
    whole = chain[0][1]
    for op, link in chain[1:]:
        whole = ast.BinOp(whole, op, link)
    return whole


def _one_less(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub) and isinstance(value_of(case, part), torch.Tensor):
            yield put(expression, part, part.left), part.right
            right = part.right if isinstance(part.op, ast.Add) else ast.UnaryOp(ast.USub(), part.right)
            yield put(expression, part, right), part.left
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div) and isinstance(value_of(case, part), torch.Tensor):
            yield put(expression, part, part.left), part.right
            if isinstance(part.op, ast.Mult):
                yield put(expression, part, part.right), part.left
                if isinstance(part.left, ast.UnaryOp) and isinstance(part.left.op, ast.USub):  # of `-a * b` the a alone
                    yield put(expression, part, ast.copy_location(ast.UnaryOp(ast.USub(), part.right), part)), part.left.operand
                if isinstance(part.right, ast.BinOp) and isinstance(part.right.op, ast.Div):
                    divided = ast.BinOp(part.left, ast.Div(), part.right.right)
                    yield put(expression, part, ast.copy_location(divided, part)), part.right.left
            elif is_tensor(case, part.left):
                yield put(expression, part.left, ast.copy_location(ast.Constant(1), part.left)), part.left
    for product in operations(expression, ast.MatMult):
        yield put(expression, product, product.left), product.right
        yield put(expression, product, product.right), product.left


def _is_below(case: Case, part: ast.expr) -> bool:
    """Whether it stands below the stroke of a fraction."""
    return any(isinstance(p, ast.BinOp) and isinstance(p.op, ast.Div) and part in ast.walk(p.right) for p in _own(case))


def _is_factor(case: Case, part: ast.expr) -> bool:
    """Whether the part is a factor; or the `x` of a factor `1 - x`, of which without it only the number would be left."""
    for p in _own(case):
        if isinstance(p, ast.UnaryOp) and p.operand is part:
            return _is_factor(case, p)
        if isinstance(p, ast.BinOp) and part in (p.left, p.right):
            other = p.right if part is p.left else p.left
            return isinstance(p.op, ast.Mult | ast.Div | ast.MatMult) or isinstance(other, ast.Constant)
    return False


def _own(case: Case) -> list[ast.expr]:
    return list(parts(case.draft)) if case.draft is not None else []
