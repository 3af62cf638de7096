"""missing-local-derivative: the gradient from above was handed on as if the operation were the identity.

Family: Local derivative
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: dz = dh
Right: dz = (1 - h**2) * dh

Why:
Each operation multiplies the gradient that passes through it with its own derivative. Only an addition hands it on
unchanged; tanh, a product, a square or a logarithm do not.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".

Question: Which operations lie {way}? Where in your line is the slope of each?
Of what moves numbers: Which operations lie {way}? Which of them give numbers other places, and where in your line does each go back
to its own?
Slip: a factor of the derivative is missing
Note: Between {node} and {far} one more factor decides how far the result moves.
Help: Write the derivative of each operation between {node} and {far}, one factor for each, and count them.
Ties: wrong-mask
"""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.by_replay.branches import Use, without
from backprop_check.diagnosis.by_replay.counterfactual import evaluator, part_through, replays, with_slope, written_as
from backprop_check.diagnosis.by_replay.masks import called
from backprop_check.diagnosis.by_replay.replay import cut, downstream, gradient, passed_through
from backprop_check.diagnosis.by_replay.sites import Site, brought_back, only_moves, sites
from backprop_check.diagnosis.by_value.another_gradient import another_gradient
from backprop_check.diagnosis.by_value.replaced import with_term
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if, slope
from backprop_check.expression.rewrites import method, put, sums
from backprop_check.records import Diagnosis, Line

ALONG_ROWS = ("softmax", "log_softmax", "softmin", "cumsum", "layer_norm", "normalize")
"""Operations in which one number moves several of its row."""

REDUCTIONS = ("logsumexp", "norm", "vector_norm", "prod", "var", "std")
"""Operations that make one number of several, each with a slope of its own."""

beside = another_gradient
"""The story that ties with this one."""


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with that line's derivative taken as one, autograd gives the learner's answer."""
    if not case.everywhere or not case.consumers or not case.reads:
        return None
    stops = cut(case)
    lines = downstream(case, stops)
    on_path = {case.node, *(line.name for line in lines)}
    for line in lines:
        for operand in line.reads:
            if operand in on_path and _could_pass(case, line, operand) and _replays(case, line, operand, stops):
                told_elsewhere = _is_one_use(case, line, operand, stops) or _is_a_number(line, operand)
                return None if told_elsewhere else _told(case, line, operand)
    here = [site for site in sites(case) if site.line in lines]
    by_row = next((_of_rows(case, site) for site in here if _passes_a_row(case, site)), None)
    return by_row or next(filter(None, (_as_a_sum(case, site) for site in here)), None)


def _as_a_sum(case: Case, site: Site) -> Diagnosis | None:
    """What arrives at a reduction copied to each number that it runs over, as it would be for a sum."""
    if called(site.part) not in REDUCTIONS or not isinstance(site.part, ast.Call):
        return None
    values = case.runs[0].trial.values
    whole, of = (evaluator(case, part)(values) for part in (site.part, site.operand))
    if not isinstance(whole, torch.Tensor) or not isinstance(of, torch.Tensor):
        return None
    for total in sums(site.operand, of.dim()):
        if tuple(evaluator(case, total)(values).shape) == tuple(whole.shape):
            changed = put(site.tree, site.part, total)
            if replays(case, written_as(case, site.line, changed)):
                return _told_as_a_sum(case, site, changed)
    return None


def _told_as_a_sum(case: Case, site: Site, changed: ast.expr) -> Diagnosis:
    part, of = text(site.part), text(site.operand)
    return case.proven(
        "missing-local-derivative",
        error=f"this gives every number of `{of}` all of what arrives at `{part}`, as if that were their sum",
        note=f"`{part}` moves with each of them by a slope of its own. {example(case)}".strip(),
        help=asks(case),
        evidence=f"With a sum in the place of `{part}`, autograd gives exactly your answer in every trial.",
        claims=(as_if([(site.line, changed)]),),
    )


def _passes_a_row(case: Case, site: Site) -> bool:
    """Whether the answer is what comes back when the derivative of an operation along rows, of more than a name, is taken as 1."""
    along = isinstance(site.part, ast.Call) and isinstance(site.part.func, ast.Attribute) and site.part.func.attr in ALONG_ROWS
    if not along or isinstance(site.operand, ast.Name):
        return False
    return replays(case, with_slope(case, site, lambda x, y: torch.ones_like(y)))


def _of_rows(case: Case, site: Site) -> Diagnosis:
    part, of, line = text(site.part), text(site.operand), site.line
    return case.proven(
        "missing-local-derivative",
        error=f"this passes what arrives at `{part}` through it unchanged",
        note=f"`{line.name} = {line.source}` is not the identity: one number of `{of}` moves several of its row.",
        help=f"Work out first what comes back to `{of}`: for one number, what it does to each number of its row, times what arrives there.",
        evidence=f"With the derivative of `{part}` by `{of}` taken as 1, autograd gives exactly your answer in every trial.",
        claims=(slope(site, "1"),),
    )


def _could_pass(case: Case, line: Line, operand: str) -> bool:
    for a, b in ((run.trial.values[operand], run.trial.values[line.name]) for run in case.runs):
        if not all(isinstance(value, torch.Tensor) and value.is_floating_point() for value in (a, b)) or a.dim() > b.dim():
            return False  # nor is anything passed through `near = r.abs() < delta`
        if not all(n in (1, m) for n, m in zip(reversed(a.shape), reversed(b.shape), strict=False)):
            return False  # at other sizes, too: an axis may have today's length of another by chance
    return True


def _replays(case: Case, line: Line, operand: str, stops: frozenset[str]) -> bool:
    """Whether autograd gives the answer so, and would with other gradients from above: `dp**2` is `dp` only where that is 1."""
    change = passed_through(line, operand)
    given = case.is_answer([gradient(case, run, stops, change=change) for run in case.runs])
    if given and not case.is_oracle(with_it := [gradient(case, run, stops) for run in case.runs]):
        # Its derivative is 1 anyway, or with it the answer would still not be right, and with another gradient it is.
        given = not case.is_answer(with_it) and another_gradient(case) is None
    return given and not case.by_chance(lambda run: gradient(case, run, stops, change=change))


def _is_one_use(case: Case, line: Line, operand: str, stops: frozenset[str]) -> bool:
    """Whether the answer is what comes back through one of several uses: its derivative is 1, and what is missing are the others."""
    tree = ast.parse(line.source.strip(), mode="eval").body
    uses = [name for name in names_used(tree) if name.id == operand]
    for kept in uses if len(uses) > 1 else ():
        alone = tree
        for other in uses:
            alone = put(alone, other, method(other, "detach")) if other is not kept else alone
        if case.is_answer([gradient(case, run, stops, change=written_as(case, line, alone)) for run in case.runs]):
            return True
    return False


def _is_a_number(line: Line, operand: str) -> bool:
    """Whether the line adds a plain number times the operand, and reads it nowhere else: what is missing is that number."""
    tree = ast.parse(line.source.strip(), mode="eval").body
    uses = [name for name in names_used(tree) if name.id == operand]
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub) and len(uses) == 1:
        tree = tree.left if uses[0] in ast.walk(tree.left) else tree.right
    match tree:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            return uses[0] in (left, right) and any(literal(side) is not None for side in (left, right))
    return False


def _told(case: Case, line: Line, operand: str) -> Diagnosis:
    why = f"its derivative with respect to {operand} is missing from the product."
    help_ = f"Ask how much {line.name} moves when {operand} moves a little, and multiply with that."
    if any(f"{name}(" in line.source for name in ALONG_ROWS):
        why = f"one number of {operand} moves several of {line.name}."
        moves = f"Ask which numbers of {line.name} move when one of {operand} rises a little, and how much"
        help_ = f"{moves}: each times what arrives there, added up."
    moved = only_moves(ast.parse(line.source.strip(), mode="eval").body, ast.Name(operand, ast.Load()))
    if moved:
        why = f"it takes the numbers of {operand} to other places."
        help_ = brought_back(operand, line.name)
    alone = without(line, [Use(operand, line)])
    cut_off = written_as(case, line, alone)
    return case.proven(
        "missing-local-derivative",
        error=f"this passes d{line.name} through `{line.source}` unchanged"
        if "d" + line.name in case.reads
        else (f"what `{line.source}` moved is not brought back" if moved else f"the derivative of `{line.source}` by {operand} is missing"),
        note=f"`{line.name} = {line.source}` is not the identity: {why}",
        help=help_,
        evidence=f"With the derivative of `{line.source}` taken as 1, autograd gives exactly your answer in every trial.",
        question="Of what moves numbers" if moved else "",
        claims=(as_if([(line, f"({ast.unparse(alone)}) + {operand}")]),),
        fix=_with_it(case),
        span=case.span(part_through(case, passed_through(line, operand), cut_off)),
    )


def _with_it(case: Case) -> str | None:
    """The learner's line with the derivative in its place: the same gradients from above, and one factor more."""
    found = with_term(case, case.draft) if case.draft is not None else ()
    return next((text(right) for right in found if case.gradients_in(right) == case.gradients_in(case.draft or right)), None)
