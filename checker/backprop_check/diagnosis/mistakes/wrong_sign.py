"""wrong-sign: the right gradient with the opposite sign.

Family: Local derivative
Forward: y = s**-1
Shapes: s (N,)
Wrong: ds = s**-2 * dy
Right: ds = -(s**-2) * dy

Why:
The sign of a derivative says whether the output grows or shrinks when the variable grows. 1/s shrinks, so its
derivative is negative; a value that is subtracted, or that stands in a denominator or under a negative power, sends a
minus back.

Read more: `backprop-check explain pow`, and of any other operation its own page; the power rule.

Question: Let {one} rise a little: how much of that reaches {reached}, and with which sign? Which sign has it in your line?
Of one way: When {one} rises a little, how much of that reaches {reached}? Is that {beside}?
Of a term: On which ways does {one} move {ends}? With which sign does each send back, and which sign has it in your line?
Slip: a sign is turned
Note: Your answer is what the gradient would be with one plus for a minus in it, or one minus for a plus.
Help: Go through the terms and factors of your answer: does the result of {lines} rise with each of them, or fall?
Traits: of a part, of all numbers
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.sums import LINEAR
from backprop_check.derivation.trees import lends_shape, parsed, text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, value_of
from backprop_check.diagnosis.by_replay.paths import off, paths
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal, uses_taken
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.mistakes import subtracted_branch, swapped_where
from backprop_check.diagnosis.scale.factors import between, lines_of_answer, minus_brought, no_minus, nothing_turns
from backprop_check.expression.rewrites import calls, led, negated, operations, put
from backprop_check.records import Diagnosis, Span

FALLS = "A derivative is negative only where the result falls when the variable grows."


def find(case: Case) -> Diagnosis | None:
    """Proven by turning the answer's sign: it is then the oracle."""
    if not case.mends(lambda a, o: -a):
        return _of_term(case) or _of_path(case)
    minus = _minus_too_many(case)
    if minus is None and swapped_where.find(case) is not None:
        return None  # the branches of a `where` that send back opposite gradients are exchanged
    words, span = (_too_many(case, minus), _sign(case, minus.part)) if minus is not None else (_missing(case), case.span())
    candidates = [] if case.expression is None else [led(case.expression), negated(case.expression)]
    return case.proven(
        "wrong-sign",
        error=words[0],
        note=words[1],
        help=words[2],
        span=span,
        evidence="The answer times -1 equals autograd's gradient in every trial.",
        claims=(equal("-answer"),),
        fix=minus.fix if minus is not None else case.fix(*candidates),
    )


def _minus_too_many(case: Case) -> Mended | None:
    """The right line, and the part of the learner's whose minus is one too many, or that is turned round."""
    return search(case, _turns)


def _turns(case: Case, expression: ast.expr) -> Iterator[Edit]:
    # Of two minuses the derivative's own stays: what arrives from above is taken as it is.
    for minus in sorted(_minuses(expression), key=lambda minus: ast.unparse(minus.operand) not in case.available):
        yield put(expression, minus, minus.operand), minus
    own = _differences(case)
    for part in operations(expression, ast.Sub):
        if text(part) not in own:
            yield put(expression, part, ast.copy_location(ast.BinOp(part.right, ast.Sub(), part.left), part)), part


def _differences(case: Case) -> set[str]:
    """The differences of the forward's own lines: written as they stand there, they are not turned round."""
    return {text(part) for line in lines_of_answer(case) for part in operations(parsed(line.source.strip()), ast.Sub)}


def _minuses(expression: ast.expr) -> Iterator[ast.UnaryOp]:
    return (part for part in parts(expression) if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub))


def _signs(expression: ast.expr) -> int:
    """How many minuses a product has, and those of what it is summed or laid out of; not those within a sum or an exponent."""
    match expression:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return 1 + _signs(operand)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.MatMult(), right=right):
            return _signs(left) + _signs(right)
        case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in LINEAR:
            return _signs(base)
    return 0


def _sign(case: Case, part: ast.expr) -> Span | None:
    """Where the minus stands; of a difference, all of it."""
    span = case.span(part)
    if span is None or not isinstance(part, ast.UnaryOp) or case.submission.lines[span[0] - 1][span[1] : span[1] + 1] != "-":
        return span
    return span[0], span[1], span[0], span[1] + 1


def _too_many(case: Case, minus: Mended) -> tuple[str, str, str]:
    note = nothing_turns(case) if no_minus(case) else FALLS
    if isinstance(minus.part, ast.BinOp):
        return "this difference is turned round", note, "Exchange its two sides."
    if not no_minus(case) and _signs(minus.tree) == 1 and case.draft is not None and _signs(case.draft) == 2:
        note = f"{minus_brought(case) or 'One minus is due here.'} A second one in the same product takes it back."
        return "this minus is one too many", note, "Leave it out, and keep the other."
    return "this minus does not belong here", note, "Leave it out."


def _missing(case: Case) -> tuple[str, str, str]:
    single = all(a.numel() == 1 for a in case.answers)
    error = f"{case.name if single else f'every number of {case.name}'} has the opposite sign"
    if case.beside:
        error = "a minus is missing here, or is one too many"
    reason = minus_brought(case)
    if reason is not None:
        return "a minus is missing here" if case.beside else error, reason, "Take that minus along into the gradient."
    if no_minus(case):
        return (
            error,
            nothing_turns(case),
            "Look in your lines for a minus, or a `-=`, that does not belong there.",
        )
    asks = f"Let one number of {case.node} rise a little: does the result of {between(case)} rise there or fall?"
    return error, asks, "Find the minus that the derivative brings, or the one too many."


def _of_term(case: Case) -> Diagnosis | None:
    found = search(case, edits) if case.everywhere else None
    if found is None or search(case, subtracted_branch.edits) is not None:
        return None  # a call that hands a minus on, `a - F.pad(b, (1, 0))`: what is taken away is to be added
    return case.proven(
        "wrong-sign",
        by=found,
        error=f"`{text(found.part)}` has the opposite sign",
        note=case.only("All the rest of the expression is right."),
        help=_of_argument(case, found) or _of_forward(case) or "Find the minus that the derivative brings, or the one too many.",
    )


def _of_forward(case: Case) -> str | None:
    """The move where the line has no minus, and the forward a single one."""
    own = case.draft is not None and (any(_minuses(case.draft)) or any(operations(case.draft, ast.Sub)))
    minus = None if own else minus_brought(case)
    return f"{minus} Take that minus along into the gradient." if minus else None


def _of_argument(case: Case, found: Mended) -> str | None:
    """The move where the minus is the forward's own, within what a function is taken of."""
    for call in calls(case.draft, *SLOPES) if case.draft is not None else ():
        if not call.args or found.part not in parts(call.args[0]):
            continue
        mine, due = case.evaluate(call.args[0]), case.evaluate(put(call.args[0], found.part, negated(found.part)))
        for line in lines_of_answer(case):
            for of in calls(parsed(line.source.strip()), "logsigmoid", *SLOPES):
                taken = case.evaluate(of.args[0]) if of.args else None
                if taken is not None and case.same(mine, taken) and function_of(of) == "logsigmoid":
                    return f"The slope of logsigmoid at u is `torch.sigmoid(-u)`. Here u is `{text(call.args[0])}`."
                if taken is not None and case.same(due, taken):
                    return f"`{line.name} = {line.source}` computes with `{text(of.args[0])}`: take `{ast.unparse(call.func)}` there."
    return None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """One term of a sum with its sign turned; the right one of a difference is for `subtracted-branch`, where paths may meet."""
    inside = subtracted_branch.bent(expression)
    for part in parts(expression):
        if id(part) in inside and isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Add(), part.right), part)), part.right
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            if isinstance(part.op, ast.Add):
                yield put(expression, part, _less(part)), part.right
            yield put(expression, part.left, ast.copy_location(negated(part.left), part.left)), part.left
    for part in parts(expression):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and not isinstance(part.operand, ast.Constant):
            yield put(expression, part, part.operand), part
        for given in part.args if isinstance(part, ast.Call) and not lends_shape(part) else ():
            value = value_of(case, given)
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                yield put(expression, given, ast.copy_location(negated(given), given)), given


def _less(total: ast.BinOp) -> ast.expr:
    """The sum with its right term taken away instead of added."""
    bare = negated(total.right)
    minus = isinstance(total.right, ast.UnaryOp)
    return ast.copy_location(ast.BinOp(total.left, ast.Add(), bare) if minus else ast.BinOp(total.left, ast.Sub(), total.right), total)


def _of_path(case: Case) -> Diagnosis | None:
    """One use of the node came in with the wrong sign, and nothing in the answer subtracts (that would be a subtracted branch)."""
    nodes = [n for s in case.written for n in ast.walk(s)] + (list(ast.walk(case.expression)) if case.expression is not None else [])
    if any(isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, ast.Sub) for n in nodes) or not case.everywhere:
        return None
    found = paths(case) if case.same_shape else []
    path = off(case, found, [-1.0] * len(case.runs))
    if path is None:
        return None
    return case.proven(
        "wrong-sign",
        error=f"the part through {path.told} has the opposite sign",
        note=f"What comes back through the other uses of {case.node} is right.",
        help=f"Where {case.node} grows a little, look at which way `{path.line.name} = {path.line.source}` moves.",
        evidence=f"Autograd's gradient, with the part through {path.told} taken times -1, is your answer in every trial.",
        claims=(uses_taken(-1, [path]),),
    )
