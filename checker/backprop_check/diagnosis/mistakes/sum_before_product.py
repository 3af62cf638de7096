"""sum-before-product: factors are summed first and multiplied afterwards, where their products should be summed.

Family: Shape, broadcast, reduction
Forward: y = a * s
Shapes: a (N, C), s (N, 1)
Wrong: ds = a.sum(1, keepdim=True) * dy.sum(1, keepdim=True)
Right: ds = (a * dy).sum(1, keepdim=True)

Why:
Each use of s sends back its own product: its a times its dy. Those products are added up. Adding first mixes every a
with every dy of the row: (1 + 2) * (3 + 4) is 21, but 1 * 3 + 2 * 4 is 11.

Read more: the PyTorch documentation, "torch.einsum", which writes a sum of products in one line.

Question: Take two pairs by hand: (2 + 3) times (5 + 7), and 2 times 5 plus 3 times 7. Which of the two do you compute, and which does the
forward ask for?
Slip: this sums first and multiplies afterwards
Note: A sum of products is not a product of sums: every use of a number has a product of its own.
Help: Multiply what belongs together first, then sum.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, permutations

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, method, operations, put
from backprop_check.records import Diagnosis

FACTORS = 4


def find(case: Case) -> Diagnosis | None:
    """Proven by multiplying first and summing the product, over the same axes: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return _letters(case)
    return case.proven(
        "sum-before-product",
        by=found,
        error="this sums first and multiplies afterwards",
        note="A sum of products is not a product of sums: each pair of numbers has a product of its own."
        + (" Yours is 0 everywhere, but for rounding." if case.is_rounding else ""),
        help=_move(found),
        evidence="With the product inside the sum the expression equals autograd's gradient in every trial.",
    )


def _letters(case: Case) -> Diagnosis | None:
    """An axis that two operands of an einsum share has a letter for each: with one letter it is right."""
    found = search(case, _one_letter)
    if found is None:
        return None
    before = list(_letters_of(case.draft)) if case.draft is not None else []
    old, new = next((a, b) for a, b in zip(before, _letters_of(found.tree), strict=True) if a != b)
    one, other = next((a, b) for a, b in zip(old, new, strict=True) if a != b)
    return case.proven(
        "sum-before-product",
        by=found,
        error=f"`{one}` and `{other}` are two letters, where one axis is meant",
        note="einsum sums over every letter that is not in the result, each by itself; only axes with the same letter meet.",
        help="Write the same letter for both.",
        evidence=f"With `{other}` in the place of `{one}` the expression equals autograd's gradient in every trial.",
    )


def _letters_of(tree: ast.expr) -> Iterator[str]:
    """What each einsum is told of the axes."""
    for call in calls(tree, "einsum"):
        if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
            yield call.args[0].value


def _one_letter(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, "einsum"):
        words = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if not isinstance(words, str) or "->" not in words:
            continue
        operands, _, result = words.partition("->")
        there = sorted(set(operands) - set(", ."))
        for one, other in permutations(there, 2):
            if one not in result and not any(one in operand and other in operand for operand in operands.split(",")):
                letters = ast.copy_location(ast.Constant(words.replace(one, other)), call.args[0])
                yield put(expression, call.args[0], letters), call.args[0]


def _over(found: Mended) -> str:
    """The axis that the right expression sums over, where the learner's sums all name it."""
    own = {tuple(map(_said, _steps(call))) for call in _sums(found.part)}
    return " over the same axis" if len(own) == 1 and len(said := own.pop()) == 1 and said[0] != "()" else ""


def _move(found: Mended) -> str:
    """What to do first; of a vector among the factors, that it gets an axis, so that each of its numbers meets a row."""
    own = {ast.dump(call) for call in calls(found.part, "unsqueeze")}
    given = next((call for call in calls(found.tree, "unsqueeze") if ast.dump(call) not in own), None)
    if given is None or not isinstance(given.func, ast.Attribute):
        return f"Multiply element by element first, then sum{_over(found)}."
    outer = next((f" over axis {text(call.args[0])}" for call in _sums(found.part) if len(call.args) == 1), "")
    return f"Give `{short(given.func.value)}` an axis of length 1, `{short(given)}`, multiply element by element, then sum{outer}."


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, ast.Mult | ast.Div):
        sums = list(_sums(part))[:FACTORS]
        yield from ((put(expression, part, whole), part) for whole in _in_steps(part))
        for count in range(len(sums), 0, -1):
            for chosen in combinations(sums, count):
                yield put(expression, part, ast.copy_location(_sum_of_product(part, chosen), part)), part
                for vector in chosen if len(chosen) > 1 else ():
                    yield put(expression, part, ast.copy_location(_sum_of_product(part, chosen, vector), part)), part


def _in_steps(part: ast.expr) -> Iterator[ast.expr]:
    """The product summed as each of its factors is, where all are summed in the same steps: `a.sum(0).sum(1) * b.sum(0).sum(1)`."""
    chains = [_steps(call) for call in _sums(part)]
    if len(chains) < 2 or len(chains[0]) < 2 or len({tuple(map(_said, chain)) for chain in chains}) > 1:
        return
    whole = part
    for chain in chains:
        given = reduced(chain[-1])
        assert given is not None
        whole = put(whole, chain[0], given[0])
    for call in reversed(chains[0]):
        given = reduced(call)
        assert given is not None
        whole = ast.Call(ast.Attribute(whole, "sum", ast.Load()), given[1], call.keywords)
    yield ast.copy_location(whole, part)


def _steps(call: ast.expr) -> list[ast.Call]:
    """A sum, and the sums that it sums, the outermost first."""
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "sum" and (given := reduced(call)):
        return [call, *_steps(given[0])]
    return []


def _said(call: ast.Call) -> str:
    """Along what a sum runs."""
    given = reduced(call)
    return ast.unparse(ast.Tuple([*(given[1] if given else ()), *(k.value for k in call.keywords)]))


def _sums(part: ast.expr) -> Iterator[ast.Call]:
    """The sums among the factors of a product."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
        yield from _sums(part.left)
        if isinstance(part.op, ast.Mult):
            yield from _sums(part.right)
    elif isinstance(part, ast.UnaryOp):
        yield from _sums(part.operand)
    elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "sum" and reduced(part) is not None:
        yield part


def _sum_of_product(part: ast.expr, sums: tuple[ast.Call, ...], vector: ast.Call | None = None) -> ast.expr:
    """With `vector`, what that one sums is a vector: it gets an axis of length 1, so that each of its numbers meets a row."""
    product = part
    for call in sums:
        inner = reduced(call)
        assert inner is not None
        product = put(product, call, method(inner[0], "unsqueeze", 1) if call is vector else inner[0])
    outer = reduced(longer := next(call for call in sums if call is not vector))
    assert outer is not None
    return ast.Call(ast.Attribute(product, "sum", ast.Load()), outer[1], longer.keywords)
