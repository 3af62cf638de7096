"""Answers that take another function of the forward's for its derivative: its inverse, its integral, the power rule on an exponential."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.asking import asks, example, upstream
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.counterfactual import Site, gives_answer, sites, with_slope
from backprop_check.diagnosis.edits import weighed
from backprop_check.diagnosis.replay import cut, gradient
from backprop_check.diagnosis.rewrites import calls
from backprop_check.records import Diagnosis

Slope = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

INVERSE: dict[str, tuple[tuple[str, ...], Slope]] = {
    "exp": (("log",), lambda x, y: torch.log(x)),
    "log": (("exp",), lambda x, y: torch.exp(x)),
    "tanh": (("atanh", "arctanh"), lambda x, y: torch.atanh(x)),
    "sigmoid": (("logit",), lambda x, y: torch.logit(x)),
    "square": (("sqrt",), lambda x, y: torch.sqrt(x)),
    "sqrt": (("square",), lambda x, y: torch.square(x)),
    "sin": (("asin", "arcsin"), lambda x, y: torch.asin(x)),
    "cos": (("acos", "arccos"), lambda x, y: torch.acos(x)),
    "tan": (("atan", "arctan"), lambda x, y: torch.atan(x)),
}
"""The names of the function that undoes another, and its value where the other's input stands."""

INTEGRAL: dict[str, Slope] = {
    "log": lambda x, y: x * y - x,
    "tanh": lambda x, y: torch.log(torch.cosh(x)),
    "sigmoid": lambda x, y: torch.nn.functional.softplus(x),
    "square": lambda x, y: x**3 / 3,
    "reciprocal": lambda x, y: torch.log(x.abs()),
    "sqrt": lambda x, y: 2 / 3 * x * y,
    "relu": lambda x, y: y**2 / 2,
}
POWERS = {2.0: "square", -1.0: "reciprocal", 0.5: "sqrt"}


def _near(inverse: Slope) -> tuple[Slope, ...]:
    """The inverse where it may have been taken: of what goes in or comes out, or of their sizes."""
    return inverse, lambda x, y: inverse(y, y), lambda x, y: inverse(x.abs(), y), lambda x, y: inverse(y.abs(), y)


@dataclass(frozen=True)
class _Applied:
    """A function that a line applies to the node itself, by the name under which the tables know it."""

    site: Site
    name: str


def another_idea(case: Case) -> Diagnosis | None:
    """Proven by replay, with one of these for the slope of a function that a line which uses the node applies to it."""
    for applied in _applied(case):
        site, name = applied.site, applied.name
        part = text(site.part)
        undoes, inverse = INVERSE.get(name, ((), None))
        called = next((c.func.attr for c in _called(case, undoes) if isinstance(c.func, ast.Attribute)), None)
        if called and inverse is not None and any(_replays(case, site, slope) for slope in _near(inverse)):
            error = f"{called} undoes {name}: it is the inverse function, not the slope"
            return _told(case, site, error, f"What is asked for is how fast `{part}` moves with {case.node}.", called)
        if name in INTEGRAL and _replays(case, site, INTEGRAL[name]):
            error = f"this is the integral of `{part}`, not its derivative"
            return _told(case, site, error, f"The derivative of this is `{part}`; asked for is that of `{part}` itself.", "its integral")
        if name == "exp" and _replays(case, site, lambda x, y: x * torch.exp(x - 1)):
            error = f"this is the power rule, but in `{part}` the variable is the exponent"
            return _told(case, site, error, "n * x**(n - 1) is the slope of x**n, where n is a fixed number.", "the power rule")
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


def _replays(case: Case, site: Site, slope: Slope) -> bool:
    """Whether the answer is this slope times what arrives, or the slope alone where it reads no gradient."""
    change, stops = with_slope(case, site, slope), cut(case)
    if gives_answer(case, lambda run: gradient(case, run, stops, change=change)):
        return True
    ones = {id(run): {name: torch.ones_like(run.trial.gradients["d" + name]) for name in stops} for run in case.runs}
    return not weighed(case) and gives_answer(case, lambda run: gradient(case, run, stops, ones[id(run)], change))


def _told(case: Case, site: Site, error: str, why: str, instead: str) -> Diagnosis:
    part, above = text(site.part), upstream(case, site.line)
    alone = f" And {above} is not in it." if above and above not in case.reads else ""
    return Diagnosis(
        code="wrong-local-derivative",
        certainty="proven",
        error=error,
        note=" ".join(filter(None, (why + alone, example(case)))),
        help=asks(case),
        span=case.span(),
        evidence=f"With {instead} in the place of the slope of `{part}`, autograd gives exactly your answer in every trial.",
        fix=case.derived.text if case.derived is not None else None,
    )
