"""Replay the derivative of another operation than the forward's, or the operation itself in the place of its derivative."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial, reduce

import torch

from backprop_check.comparison.compare import close
from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.read import Underivable, operation
from backprop_check.derivation.trees import fill, literal, text
from backprop_check.diagnosis.asking import example
from backprop_check.diagnosis.by_edit.edits import parts, value_of
from backprop_check.diagnosis.by_replay.counterfactual import applied_to_gradient, replays, with_slope, written_as
from backprop_check.diagnosis.by_replay.of_norm import NORMS, as_its_square
from backprop_check.diagnosis.by_replay.replay import cut, downstream
from backprop_check.diagnosis.by_replay.sites import Site, below, sites
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import as_if, sent_through, slope
from backprop_check.expression.chains import is_sum
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Claim, Diagnosis

FAMILIAR = ("tanh", "sigmoid", "log", "sqrt", "relu", "square", "reciprocal", "sin", "cos")

TAKEN_FOR = {"log_softmax": ("log",), "clamp": ()}
"""What an operation that is not elementwise smooth is taken for."""


TWINS = {"softmax": "log_softmax", "log_softmax": "softmax"}

OF_ROWS = {"log_softmax": "torch.exp(y)"}
"""What stands for the slope of an operation that has none, since a number moves all of its row; `y` is what comes out."""


def another(case: Case) -> Diagnosis | None:
    # What stands behind the gradient that the answer reads has no part in it; the lines that use the node are asked first.
    near = downstream(case, cut(case)) if case.reads else [line for line, _ in below(case)]
    for site in sorted(sites(case), key=lambda site: site.line not in case.consumers):
        if site.line not in near:
            continue
        if isinstance(site.part, ast.BinOp) and isinstance(site.part.op, ast.Mult | ast.Div):
            times = isinstance(site.part.op, ast.Mult)
            other = ast.BinOp(site.part.left, ast.Div() if times else ast.Mult(), site.part.right)
            changed = put(site.tree, site.part, other)
            if replays(case, written_as(case, site.line, changed)):
                return _told(case, site, f"`{text(other)}`", as_if([(site.line, changed)]))
        elif isinstance(site.part, ast.BinOp) and isinstance(site.part.op, ast.Add | ast.Sub | ast.Pow):
            # What is raised to a power stands in the derivative itself: once more in there is another exponent.
            raised = any(p.left is site.part for p in operations(site.tree, ast.Pow))
            if not raised and replays(case, with_slope(case, site, lambda x, y: y)):
                return _told(case, site, None, slope(site, "y"))
        elif isinstance(site.part, ast.Call) and isinstance(site.part.func, ast.Attribute):
            found = _function(case, site, site.part.func.attr)
            if found is not None:
                return found
        if (by_other := _by_the_other(case, site)) is not None:
            return by_other
    return None


def _by_the_other(case: Case, site: Site) -> Diagnosis | None:
    """The slope of a quotient or a power by its other side, in the place of the one by this side."""
    try:
        found = operation(site.part, partial(value_of, case))
    except Underivable:
        return None
    if found.name not in ("div", "pow") or len(found.positional) != 2:
        return None
    first, second = found.positional
    own = site.operand is first
    if found.name == "div":  # of a line with that slope it is the derivative
        changed = put(site.tree, site.part, fill("-(a**2) / (2 * b**2)" if own else "torch.log(abs(b))", {"a": first, "b": second}))
        taken, change, proven = None, written_as(case, site.line, changed), as_if([(site.line, changed)])
    else:
        taken = "y * torch.log(x)" if own else "x * y**(1 - 1 / x)"
        change, proven = with_slope(case, site, _not_flat(taken)), slope(site, taken)
    if not replays(case, change):
        return None
    part, by, other = text(site.part), text(site.operand), text(second if own else first)
    still = f"`{other}` is a fixed number. Let" if literal(second if own else first) is not None else f"Hold `{other}` still and let"
    return case.proven(
        "wrong-local-derivative",
        error=f"this is the slope of `{part}` by `{other}`, and the one by `{by}` belongs here",
        note=example(case),
        help=f"{still} `{by}` rise a little: how far does `{part}` move?",
        span=case.span(_standing(case, site, taken)),
        evidence=f"With the slope of `{part}` by `{other}` for the one by `{by}`, autograd gives exactly your answer in every trial.",
        claims=(proven,),
    )


def _function(case: Case, site: Site, operation: str) -> Diagnosis | None:
    """The derivative of another function in the place of this one's; or the function itself, of the value or of the gradient."""
    if operation in NORMS:
        return as_its_square(case, site)
    if operation in SLOPES and operation != "exp" and replays(case, with_slope(case, site, lambda x, y: y)):
        return _told(case, site, None, slope(site, "y"))
    for name in FAMILIAR if operation in SLOPES else TAKEN_FOR.get(operation, ()):
        for taken in _slopes(name) if name != operation else ():
            if replays(case, with_slope(case, site, _not_flat(taken))):
                return _told(case, site, name, slope(site, taken))
    if operation in OF_ROWS and replays(case, with_slope(case, site, _not_flat(OF_ROWS[operation]))):
        return _number_by_number(case, site, OF_ROWS[operation])
    if (twin := _twin(site)) is not None and replays(case, written_as(case, site.line, changed := put(site.tree, site.part, twin))):
        return _told(case, site, f"`{text(twin)}`", as_if([(site.line, changed)]), "torch.exp(x)" if operation == "logsumexp" else None)
    if operation in (*SLOPES, *TAKEN_FOR, "cumsum") and replays(case, applied_to_gradient(case, site)):
        return _on_gradient(case, site)
    return None


def _twin(site: Site) -> ast.expr | None:
    """What an operation along rows is mistaken for: with a log more or less, without the log."""
    match site.part:
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args, keywords=keywords) if name in TWINS:
            return ast.Call(ast.Attribute(owner, TWINS[name], ast.Load()), args, keywords)
        case ast.Call(func=ast.Attribute(value=owner, attr="logsumexp"), args=args, keywords=keywords):
            of = args if owner is site.operand else args[1:]
            return ast.Call(ast.Attribute(fill("torch.exp(x)", {"x": site.operand}), "sum", ast.Load()), of, keywords)
    return None


def _number_by_number(case: Case, site: Site, taken: str) -> Diagnosis:
    part, of = text(site.part), text(site.operand)
    return case.proven(
        "wrong-local-derivative",
        error=f"this multiplies what arrives at `{part}` number by number, as if one number of `{of}` moved one of it",
        note=example(case) or f"One number of `{of}` moves all of its row in `{part}`.",
        help=f"Work out for one number of `{of}` what it does to each number of its row, times what arrives there, and add up.",
        evidence=f"With the exponential of its value for the derivative of `{part}`, autograd gives exactly your answer in every trial.",
        claims=(slope(site, taken),),
    )


def _on_gradient(case: Case, site: Site) -> Diagnosis:
    part = text(site.part)
    assert isinstance(site.part, ast.Call)
    name = ast.unparse(site.part.func).rpartition(".")[2]
    if name == "cumsum":
        note = f"In `{part}` each number is in every sum from its place on: going back it collects from all of these."
        help_ = "Add up from the other end: turn the order round before, and back after."
    else:
        note = f"The forward sends a value through {name}; a gradient that comes back is multiplied with the slope of {name} at that value."
        help_ = f"Write down how fast `{part}` moves when `{text(site.operand)}` rises a little, and multiply with what arrives there."
    return case.proven(
        "wrong-local-derivative",
        error=f"this sends the gradient through {name} itself",
        question="Of the function itself",
        note=note,
        help=help_,
        evidence=f"With {name} applied to what arrives at `{part}`, in the place of its derivative, autograd gives exactly your answer.",
        claims=(sent_through(site),),
    )


def _slopes(name: str) -> Iterator[str]:
    """The derivative of a familiar function, as a learner may write it by heart: with what comes out of the forward's, or of its own."""
    yield SLOPES[name]
    yield re.sub(r"\by\b", f"torch.{name}(x)", SLOPES[name])


def _not_flat(taken: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    code = compile(taken, "<slope>", "eval")

    def slope_(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        value: torch.Tensor = eval(code, {"torch": torch, "x": x, "y": y}) * torch.ones_like(y)
        if value.numel() > 1 and bool((value == value.flatten()[0]).all()):
            raise ValueError("the same number everywhere (relu of what is never negative) is the slope of anything")
        return value

    return slope_


def _standing(case: Case, site: Site, taken: object) -> ast.expr | None:
    """The part of the learner's line that is worth the slope that was taken, in every trial; None where none is."""
    if not isinstance(taken, str) or case.draft is None:
        return None
    sought = fill(taken, {"x": site.operand, "y": site.part})
    for part in (*parts(case.draft), *_runs(case.draft)):
        values = [(value_of(case, part, i), value_of(case, sought, i)) for i in range(len(case.runs))]
        if all(isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.shape == b.shape and close(a, b, 1.0) for a, b in values):
            return part if part is not case.draft else None
    return None


def _runs(expression: ast.expr) -> Iterator[ast.expr]:
    """Some factors of a product that stand side by side, `h * (1 - h)` of `dh * h * (1 - h)`, as one part."""
    for whole in (p for p in parts(expression) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult)):
        chain: list[ast.expr] = [whole]
        while isinstance(first := chain[0], ast.BinOp) and isinstance(first.op, ast.Mult):
            chain[:1] = [first.left, first.right]
        for begin in range(1, len(chain) - 1):
            run = ast.copy_location(reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), chain[begin:]), chain[begin])
            run.end_lineno, run.end_col_offset = whole.end_lineno, whole.end_col_offset
            if is_sum(chain[begin]) and run.col_offset:
                run.col_offset -= 1  # its bracket
            yield run


def _told(case: Case, site: Site, other: str | None, proven: Claim, stands: str | None = None) -> Diagnosis:
    """`other`: the operation whose derivative stands there (as `stands`, if known); None where the operation's own value does."""
    part = text(site.part)
    if other is None:
        error, instead = f"`{part}` itself stands here in the place of its derivative", "its own value"
    else:
        other = {"reciprocal": "1/x", "square": "x**2"}.get(other, other)
        error, instead = f"this is the derivative of {other}, but the forward computes `{part}`", f"the derivative of {other}"
    return case.proven(
        "wrong-local-derivative",
        error=error,
        note=example(case) or f"In `{site.line.name} = {site.line.source}` the derivative is that of `{part}`.",
        help=f"Write down how fast `{part}` moves when `{text(site.operand)}` rises a little: that belongs in its place.",
        span=case.span(_standing(case, site, stands or proven.fields.get("taken"))),
        evidence=f"With {instead} for the derivative of `{part}`, autograd gives exactly your answer in every trial.",
        claims=(proven,),
    )
