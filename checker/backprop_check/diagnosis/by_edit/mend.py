"""Mend the learner's expression: one part of it replaced, two, or else the gradient as the forward's own text gives it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache, partial
from itertools import chain, combinations, islice

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.sums import LINEAR
from backprop_check.derivation.trees import dumped, fill, parsed, simple, text
from backprop_check.diagnosis.by_edit.edits import names_used, parts, search
from backprop_check.diagnosis.by_edit.letters import relettered
from backprop_check.diagnosis.by_edit.nearness import far, new_numbers
from backprop_check.diagnosis.by_edit.plain import plain, settled
from backprop_check.diagnosis.by_value.quotient import step
from backprop_check.diagnosis.by_value.replaced import replaced, with_term
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.mistakes import bad_reshape, hard_coded_size, transposed, wrong_operand
from backprop_check.diagnosis.order import editors
from backprop_check.expression.chains import factors, is_product, product, without_one
from backprop_check.expression.rewrites import calls, led, method, put
from backprop_check.expression.work import EDITS

ENOUGH = 40
"""So many different repairs are compared, of so many that are found; several ways lead to one."""
FOUND = 160
MANY = 5
"""Of products of more factors no two are replaced together."""
ROUNDABOUT = 12
"""So much nearer a right line may come by being made plain (of `far`): of others that is not tried."""


def repairs(case: Case) -> Iterator[str]:
    """Yield verified repairs of the learner's expression as text, those of one step first, until the case's time is up.

    Of two steps, the second is not searched: what the edited expression would need in a place follows by undoing the operations above it,
    and is looked up by its value.
    """
    if case.draft is None:
        return
    yield from _mended(case, case.draft)
    yield from _of_two_factors(case, case.draft)
    for mistake in editors():
        for edited, _ in case.up_to(EDITS, mistake.edits(case, case.draft)):
            yield from _mended(case, edited)


def _mended(case: Case, expression: ast.expr) -> Iterator[str]:
    yield from (text(mended) for mended in with_term(case, expression))
    yield from (text(mended) for mended, _, _ in replaced(case, expression))


def _of_two_factors(case: Case, expression: ast.expr) -> Iterator[str]:
    """Two factors that stand apart in a product replaced by one: `x * (1 - g**2)` for `g * x * (1 - g)`."""
    for part in parts(expression):
        negative, found = factors(part) if is_product(part) else (False, [])
        for pair in combinations([f for f in found if not f[0]], 2) if 3 <= len(found) <= MANY else ():
            rest = [f for f in found if f is not pair[0] and f is not pair[1]]
            whole = product(negative, [*rest, (False, ast.BinOp(pair[0][1], ast.Mult(), pair[1][1]))])
            for mended, grouped, _ in replaced(case, put(expression, part, ast.copy_location(whole, part))):
                if isinstance(grouped, ast.BinOp) and grouped.left is pair[0][1] and grouped.right is pair[1][1]:
                    yield text(mended)


def nearest(case: Case, given: str | None) -> str | None:
    """Return the right line nearest to the learner's: of the one `given`, the derived one, and the first few that are found, made plain.

    One that is no longer and no stranger than the derived one goes before it; else the derived one does.
    """
    derived = [case.derived.text] if case.derived is not None else []
    if given is None and derived and isinstance(case.draft, ast.Name | ast.Constant) and not _one_more(case):
        return text(settled(case, parsed(derived[0])))
    if derived and case.draft is not None and not names_used(case.draft) and not case.gradients_in(ast.parse(derived[0], mode="eval").body):
        told = [given] if given is not None and not new_numbers(case, given) else []
        return min([*derived, *told], key=lambda line: far(case, line, told=line == given))  # ones, however written: no number is made up
    if derived and case.draft is not None and step(case.draft) is not None:
        return derived[0]  # nobody is taught a difference quotient
    written_out = dict(_written_out(case))
    certain = [*derived, *([given] if given else []), *written_out, *_renamed(case)]
    best: tuple[tuple[bool, float], str] | None = None
    found = islice(chain(certain, repairs(case)), FOUND)
    farness = cache(partial(far, case))  # several ways lead to one line
    begun, known = set[str](), set[tuple[str, bool]]()

    def is_looked_at(candidate: str) -> bool:
        if written_out.get(candidate) and candidate != given:
            return False
        return best is None or not (farness(candidate, candidate == given)[1] > best[0][1] + ROUNDABOUT or _has_it_all(case, candidate))

    for tried, candidate in enumerate(filter(is_looked_at, found), 1):
        of_story = candidate == given
        for plainer in _plain(case, candidate) if candidate not in begun else ():
            for line in _for_any_labels(case, plainer) if (plainer, of_story) not in known else ():
                mark = farness(line, of_story)
                best = (mark, line) if best is None or mark < best[0] else best
            known.add((plainer, of_story))
        begun.add(candidate)
        if len(begun) >= ENOUGH or (tried >= len(certain) and best is not None and not best[0][0]):
            break
    return best[1] if best is not None else None


def _has_it_all(case: Case, candidate: str) -> bool:
    """Whether the whole derived gradient is a part of a right line: the rest of that does nothing."""
    whole = case.derived.expression if case.derived is not None else None
    if whole is None or isinstance(whole, ast.Name):
        return False
    return any(dumped(part) == dumped(whole) for part in parts(parsed(candidate))[1:])


def _plain(case: Case, candidate: str) -> Iterator[str]:
    """A right line without what cancels itself in it, one without its factor 1, and one as short as it can be made."""
    expression = _as_written(case, ast.parse(candidate, mode="eval").body)
    quiet = _multiplied(_turned(case, _led(case, settled(case, expression))))
    other = transposed.swapped(quiet.value) if isinstance(quiet, ast.Attribute) and quiet.attr == "T" else None
    own = (text(case.draft), text(ast.Attribute(case.draft, "T", ast.Load()))) if case.draft is not None else ()
    if other is not None and text(quiet) not in own and case.is_right(other):
        quiet = other  # the product written the other way round, not its parts turned and then the whole
    if not case.is_right(quiet):
        yield text(expression)
        return
    if case.draft is not None and any(without_one(part) is not part for part in parts(case.draft)):
        yield text(quiet)  # who writes `-1 * x` is not told to write `-x`
    yield text(without_one(quiet))
    yield text(plain(case, quiet))


def _as_written(case: Case, expression: ast.expr) -> ast.expr:
    """`index_add` for an `index_put` that adds up, where the learner writes that."""
    if case.draft is None or next(calls(case.draft, "index_add"), None) is None:
        return expression
    added = expression
    for part in calls(expression, "index_put"):
        match part:
            case ast.Call(func=ast.Attribute(value=base), args=[ast.Tuple(elts=[ast.Name() as index]), value], keywords=[_]):
                added = put(added, part, method(base, "index_add", 0, index, value))
    return added if added is not expression and case.is_right(added) else expression


def _led(case: Case, expression: ast.expr) -> ast.expr:
    """`-a * b` for `-(a * b)`, unless the learner writes that."""
    own = {dumped(part) for part in parts(case.draft)} if case.draft is not None else set()
    for part in parts(expression):
        match part:
            case ast.UnaryOp(op=ast.USub(), operand=ast.BinOp(op=ast.Mult() | ast.Div()) as product) if dumped(part) not in own:
                expression = put(expression, part, led(product))
    return expression


def _turned(case: Case, expression: ast.expr) -> ast.expr:
    """`(b - a).sum(1)` for `-(a - b).sum(1)`, unless the learner writes that."""
    own = {dumped(part) for part in parts(case.draft)} if case.draft is not None else set()
    for part in parts(expression):
        if not isinstance(part, ast.UnaryOp) or not isinstance(part.op, ast.USub) or dumped(part) in own:
            continue
        base = part.operand
        while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute) and base.func.attr in LINEAR:
            base = base.func.value
        if isinstance(base, ast.BinOp) and isinstance(base.op, ast.Sub):
            turned = put(part.operand, base, ast.BinOp(base.right, ast.Sub(), base.left))
            expression = put(expression, part, turned)
    return expression


def _multiplied(expression: ast.expr) -> ast.expr:
    """`torch.ones_like(x) / n` for `1 / (torch.ones_like(x) * n)`."""
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and is_product(part.right):
            negative, found = factors(part.right)
            ones = [f for _, f in found if isinstance(f, ast.Call) and ast.unparse(f.func) == "torch.ones_like"]
            rest = [(divides, factor) for divides, factor in found if factor not in ones]
            if len(ones) == 1 and rest and (False, ones[0]) in found:
                above = ast.BinOp(part.left, ast.Mult(), ones[0])
                return simple(put(expression, part, ast.BinOp(above, ast.Div(), product(negative, rest))))
    return expression


def _for_any_labels(case: Case, line: str) -> Iterator[str]:
    """The line; of one whose shape hangs on the labels that were drawn, with the number of classes told, where it can be."""
    tree: ast.expr | None = ast.parse(line, mode="eval").body
    while tree is not None and case.counts_labels(tree):
        tree = next((told for told, _ in hard_coded_size.columns(case, tree) if case.is_right(told)), None)
    if tree is not None:
        yield text(tree)


def _one_more(case: Case) -> bool:
    return case.draft is not None and next(with_term(case, case.draft), None) is not None


def _written_out(case: Case) -> Iterator[tuple[str, bool]]:
    """The derived gradient with a value of the forward written out (`torch.sigmoid(z)` for `a`), and whether the learner writes none so."""
    own = {_head(part) for part in parts(case.draft)} if case.draft is not None else set()
    for line in case.consumers if case.derived is not None else ():
        source = parsed(line.source.strip())
        whole = fill(case.derived.text, {line.name: source})  # type: ignore[union-attr]
        if case.is_right(whole):
            yield text(whole), _head(source) not in own and text(whole) != case.derived.text  # type: ignore[union-attr]


def _head(part: ast.expr) -> str:
    """A part as it is compared: a function with a slope of its own whatever it is taken of."""
    return function_of(part) if isinstance(part, ast.Call) and function_of(part) in SLOPES else dumped(part)


def _renamed(case: Case) -> Iterator[str]:
    """One tensor in the place of another; a length left to torch; the letters of one tensor of an `einsum` in another order."""
    for edits in (wrong_operand.edits, bad_reshape.edits, relettered):
        found = search(case, edits)
        if found is not None:
            yield text(found.tree)
