"""The parameters of a function of torch as torch's own documentation has them, and which argument of a call stands for which."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from typing import Any, NamedTuple

import torch

from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.evaluate import MODULES


class Signature(NamedTuple):
    """What a function takes by place, in order, which of that it needs, and what it takes by name only."""

    name: str
    places: tuple[str, ...]
    needed: int
    named: tuple[str, ...]

    @property
    def endless(self) -> bool:
        """Whether it takes any number of things by place, as `expand(*sizes)` does."""
        return any(place.startswith("*") for place in self.places)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.places)})"

    def names(self) -> list[str]:
        return [place.split("=")[0].lstrip("*") for place in self.places] + list(self.named)


def signatures(case: Case, call: ast.Call) -> list[Signature]:
    """Return the ways in which the called function of torch, or method of a tensor, can be called; none where they are not known."""
    if not isinstance(call.func, ast.Attribute):
        return []
    owner: Any = MODULES.get(ast.unparse(call.func.value))
    if owner is None and isinstance(value_of(case, call.func.value), torch.Tensor):
        owner = torch.Tensor
    return list(_read(getattr(owner, call.func.attr, None), call.func.attr)) if owner not in (None, math) else []


def signature(case: Case, call: ast.Call) -> Signature | None:
    """The one of them that the call comes nearest to: that knows its keywords, and has a place for each argument, no more than it must."""
    known = {keyword.arg for keyword in call.keywords}
    return min(
        signatures(case, call),
        key=lambda s: (len(known - {*s.names()}), len(call.args) > len(s.places), s.needed < len(call.args), s.needed - len(call.args)),
        default=None,
    )


def stands_for(call: ast.Call, known: Signature) -> str:
    """Say which argument stands for which parameter, in their order: "`3` stands for input, and nothing for index."."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    told: list[str] = []
    lacks: list[str] = []
    for i, (place, argument) in enumerate(zip_longest(known.places, call.args)):
        name = place.split("=")[0].lstrip("*") if place is not None else None
        argument = argument if argument is not None else given.get(name)
        if argument is not None:
            told.append(f"`{short(argument)}` {'stands ' if not told else ''}for {name}" if name else f"`{short(argument)}` for nothing")
        elif i < known.needed:
            lacks.append(f"nothing for {name}")
    return f"{' and '.join([', '.join(told), *lacks])}." if told else ""


def lacking(call: ast.Call, known: Signature) -> list[str]:
    """The parameters that the call has to give and does not."""
    given = {keyword.arg for keyword in call.keywords}
    return [place for place in known.places[len(call.args) : known.needed] if place not in given]


def may_fit(call: ast.Call, of_tensor: bool) -> bool:
    """Whether torch has a form of the function, documented or not, that takes as many arguments as are given."""
    given = len(call.args) + of_tensor + len(call.keywords)
    return any(needed <= given <= len(names) for needed, names in forms(function_of(call)))


@cache
def forms(name: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """All forms of a function of torch: how many arguments each needs, and the names of all that it takes."""
    packet = getattr(torch.ops.aten, name, None)
    schemas = [getattr(packet, form)._schema.arguments for form in packet.overloads()] if packet is not None else []
    return tuple((sum(not a.has_default_value() and not a.kwarg_only for a in one), tuple(a.name for a in one)) for one in schemas)


@cache
def _read(function: Callable[..., Any] | None, name: str) -> tuple[Signature, ...]:
    if function is None:
        return ()
    lines = re.findall(
        rf"^\s*(?:\.\. function:: )?{name}\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?:\s*->.*)?$", function.__doc__ or "", re.MULTILINE
    )
    if not lines:
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return ()
        lines = [", ".join(_plain(p) for p in parameters if p.name != "self" and not p.name.startswith("_"))]
        if "*args" in lines[0]:
            return ()
    lines = [line for line in lines if re.match(r"(\*?[a-z]\w*|\*)?\s*($|[,:=])", line)]  # not an example: `tensor([0, 1])`
    split = ([part.strip() for part in re.split(r",(?![^(\[]*[)\]])", line) if part.strip()] for line in lines)
    found = tuple(dict.fromkeys(_signature(name, parameters) for parameters in split))
    own = _required(function, name) if len(found) == 1 and found[0].needed else []
    return (found[0]._replace(places=(*own, *found[0].places[len(own) :])),) if found and len(own) == found[0].needed else found


def _required(function: Callable[..., Any], name: str) -> list[str]:
    """What torch calls the parameters that need an argument: it says so of a call without any. Its documentation may say otherwise."""
    try:
        function(*([torch.ones(())] if function is getattr(torch.Tensor, name, None) else []))
    except TypeError as error:
        return re.findall(r'"(\w+)"', str(error).partition(" required positional argument")[2])
    except Exception:
        return []
    return []


def _plain(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return ("*" if parameter.kind is parameter.VAR_POSITIONAL else "") + parameter.name
    return f"{parameter.name}={parameter.default!r}"


def _signature(name: str, parameters: list[str]) -> Signature:
    parameters = [re.sub(r"(\w+): [^=]*?(?= = |$)", r"\1", parameter).replace(" = ", "=") for parameter in parameters]
    if "*" in parameters:
        at = parameters.index("*")
        places, named = parameters[:at], parameters[at + 1 :]
    else:
        places, named = parameters, []
    places = [place for place in places if place.split("=")[0] not in ("out", "dtype")]
    needed = [i for i, place in enumerate(places, 1) if "=" not in place and not place.startswith("*")]
    return Signature(name, tuple(places), needed[-1] if needed else 0, tuple(part.split("=")[0] for part in named))
