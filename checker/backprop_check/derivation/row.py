"""A row of the table: one operation's parameters, and what each operand receives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backprop_check.derivation.read import Operation, Underivable
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import parsed


@dataclass(frozen=True)
class Body:
    """An operation in terms of others, which are derived in its place; `names` stand for expressions beside the parameters."""

    template: str
    names: Mapping[str, ast.expr] = field(default_factory=dict)


Made = Callable[[Site], ast.expr | Body]
Rule = str | Made | None
"""None: the operand lends only its shape."""

Law = str | Callable[[Site], str]
"""In a sentence, why it is so; where that depends on the arguments, of the site."""

KEYWORDS = {"axis": "dim", "keepdims": "keepdim"}
IGNORED = frozenset({"dtype", "inplace", "sparse", "scale_grad_by_freq", "size_average", "reduce", "momentum"})
"""Keywords that change no gradient here: everything is float64, and what is derived is verified."""


@dataclass(frozen=True)
class Row:
    """`parameters` in order (a star gathers the rest), `rules` and `laws` by operand.

    `aliases` are other keywords for a parameter. `pairs` says whether operands broadcast against each other; `slope`, of an
    elementwise function, is its derivative in x, y and its parameters.
    """

    parameters: tuple[str, ...]
    aliases: Mapping[str, str]
    defaults: Mapping[str, ast.expr]
    rules: Mapping[str, Rule]
    laws: Mapping[str, Law]
    pairs: bool = False
    slope: str = ""


def row(parameters: str, law: Law | tuple[Law, ...], *, pairs: bool = False, slope: str = "", by: str | Made = "", **rules: Rule) -> Row:
    """`parameters` are written `name/alias=default`; `by` is what the operation is in terms of others, for the operands without a rule."""
    given = [p.partition("=") for p in parameters.split()]
    names = [name.split("/") for name, _, _ in given]
    defaults = {own[0]: parsed(text) for own, (_, _, text) in zip(names, given, strict=True) if text}
    aliases = {alias: own[0].removeprefix("*") for own in names for alias in own[1:]}
    if by:
        body: Made = defined(by) if isinstance(by, str) else by
        rules = {**{own[0].removeprefix("*"): body for own in names if own[0] not in defaults}, **rules}
    laws = dict(zip(rules, law if isinstance(law, tuple) else [law] * len(rules), strict=True))
    return Row(tuple(own[0] for own in names), aliases, defaults, rules, laws, pairs, slope)


def defined(template: str) -> Made:
    return lambda site: Body(template)


def bind(row: Row, found: Operation, place: int) -> tuple[dict[str, ast.expr], str]:
    """Return the arguments by parameter name, and the parameter that the operand at `place` is; it is also called as the rule calls it."""
    arguments = dict(row.defaults)
    mine = ""
    star = next((p for p in row.parameters if p.startswith("*")), None)
    gathered: list[ast.expr] = []
    for i, argument in enumerate(found.positional):
        parameter = row.parameters[min(i, len(row.parameters) - 1)] if star is None or i <= row.parameters.index(star) else star
        if star is None and i >= len(row.parameters):
            raise Underivable(f"`{found.name}` with so many arguments")
        if parameter == star:
            arguments[f"p{len(gathered)}"] = argument
            if i == place:
                arguments["place"] = ast.Constant(len(gathered))
            gathered.append(argument)
            parameter = parameter[1:]
        arguments[parameter] = ast.Tuple(gathered, ast.Load()) if gathered else argument
        mine = parameter if i == place else mine
    for i, (keyword, argument) in enumerate(found.keywords.items()):
        name = KEYWORDS.get(keyword, keyword)
        name = row.aliases.get(name, name)
        if name not in row.parameters and "*" + name not in row.parameters:
            if keyword in IGNORED:
                continue
            raise Underivable(f"`{found.name}` with `{keyword}`")
        arguments[name] = argument
        mine = name if len(found.positional) + i == place else mine
    if star == "*x" and mine == "x":
        at = arguments["place"]
        assert isinstance(at, ast.Constant)
        assert isinstance(at.value, int)
        arguments |= {"x": gathered[at.value], "parts": ast.Constant(len(gathered))}
    return arguments, mine
