"""Answers that take another function of the forward's for its derivative: its inverse, its integral, the power rule on an exponential."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.asking import asks, example, upstream
from backprop_check.diagnosis.by_edit.edits import weighed
from backprop_check.diagnosis.by_replay.counterfactual import gives_answer, with_slope
from backprop_check.diagnosis.by_replay.replay import cut, gradient
from backprop_check.diagnosis.by_replay.sites import Site, sites
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import slope
from backprop_check.diagnosis.mistakes import wrong_local_derivative
from backprop_check.expression.rewrites import calls
from backprop_check.records import Claim, Diagnosis

Slope = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

INVERSE: dict[str, tuple[tuple[str, ...], str]] = {
    "exp": (("log",), "torch.log({})"),
    "log": (("exp",), "torch.exp({})"),
    "tanh": (("atanh", "arctanh"), "torch.atanh({})"),
    "sigmoid": (("logit",), "torch.logit({})"),
    "square": (("sqrt",), "torch.sqrt({})"),
    "sqrt": (("square",), "torch.square({})"),
    "sin": (("asin", "arcsin"), "torch.asin({})"),
    "cos": (("acos", "arccos"), "torch.acos({})"),
    "tan": (("atan", "arctan"), "torch.atan({})"),
}
"""The names of the function that undoes another, and its value where the other's input stands."""

INTEGRAL = {
    "log": "x * y - x",
    "tanh": "torch.log(torch.cosh(x))",
    "sigmoid": "torch.nn.functional.softplus(x)",
    "square": "x**3 / 3",
    "reciprocal": "torch.log(x.abs())",
    "sqrt": "2 / 3 * x * y",
    "relu": "y**2 / 2",
}
POWERS = {2.0: "square", -1.0: "reciprocal", 0.5: "sqrt"}


OF = ("x", "y", "x.abs()", "y.abs()")
"""Of what the inverse may have been taken: of what goes in or comes out, or of their sizes."""


@dataclass(frozen=True)
class _Applied:
    """A function that a line applies to the node itself, by the name under which the tables know it."""

    site: Site
    name: str


def another_idea(case: Case) -> Diagnosis | None:
    """Proven by replay, with one of these for the slope of a function that a line which uses the node applies to it."""
    if wrong_local_derivative.exchanged(case) is not None:
        return None  # of `dy * torch.exp(y)` for `dy / torch.exp(y)` one sign is wrong, whatever undoes what
    for applied in _applied(case):
        site, name = applied.site, applied.name
        part = text(site.part)
        undoes, inverse = INVERSE.get(name, ((), None))
        called = next((c.func.attr for c in _called(case, undoes) if isinstance(c.func, ast.Attribute)), None)
        if called and inverse is not None and (proven := [claim for of in OF for claim in _replays(case, site, inverse.format(of))]):
            error = f"{called} undoes {name}: it is the inverse function, not the slope"
            return _told(case, site, error, f"What is asked for is how fast `{part}` moves with {case.node}.", called, proven[0])
        if name in INTEGRAL and (proven := _replays(case, site, INTEGRAL[name])):
            error = f"this is the integral of `{part}`, not its derivative"
            return _told(
                case, site, error, f"The derivative of this is `{part}`; asked for is that of `{part}` itself.", "its integral", proven[0]
            )
        if name == "exp" and (proven := _replays(case, site, "x * torch.exp(x - 1)")):
            error = f"this is the power rule, but in `{part}` the variable is the exponent"
            return _told(case, site, error, "n * x**(n - 1) is the slope of x**n, where n is a fixed number.", "the power rule", proven[0])
    return None


def _applied(case: Case) -> Iterator[_Applied]:
    for site in sites(case):
        if site.line in case.consumers and isinstance(site.operand, ast.Name) and site.operand.id == case.node:
            name = _name(site.part)
            if name is not None:
                yield _Applied(site, name)


def _name(part: ast.expr) -> str | None:
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        power = literal(part.args[-1]) if part.func.attr == "pow" and part.args else None
        return part.func.attr if power is None else POWERS.get(power)
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow):
        exponent = literal(part.right)
        return POWERS.get(exponent) if exponent is not None else None
    return None


def _called(case: Case, names: tuple[str, ...]) -> Iterator[ast.Call]:
    """Calls of these names in what writes the target: there they are also where the expression cannot be evaluated."""
    for statement in case.written if names else ():
        yield from calls(statement, *names)


def _replays(case: Case, site: Site, taken: str) -> list[Claim]:
    """That the answer is this slope times what arrives, or the slope alone where it reads no gradient; empty if neither."""
    code = compile(taken, "<slope>", "eval")
    change, stops = with_slope(case, site, lambda x, y: eval(code, {"torch": torch, "x": x, "y": y})), cut(case)
    if gives_answer(case, lambda run: gradient(case, run, stops, change=change)):
        return [slope(site, taken)]
    ones = {id(run): {name: torch.ones_like(run.trial.gradients["d" + name]) for name in stops} for run in case.runs}
    alone = not weighed(case) and gives_answer(case, lambda run: gradient(case, run, stops, ones[id(run)], change))
    return [slope(site, taken, stops)] if alone else []


def _told(case: Case, site: Site, error: str, why: str, instead: str, proven: Claim) -> Diagnosis:
    part, above = text(site.part), upstream(case, site.line)
    alone = f" And {above} is not in it." if above and above not in case.reads else ""
    return case.proven(
        "wrong-local-derivative",
        error=error,
        note=" ".join(filter(None, (why + alone, example(case)))),
        help=asks(case),
        evidence=f"With {instead} in the place of the slope of `{part}`, autograd gives exactly your answer in every trial.",
        claims=(proven,),
        fix=case.derived.text if case.derived is not None else None,
    )
