"""The numbers that a forward is given, one by one: its arguments, what dicts among them hold, and what the object of a method holds."""

from __future__ import annotations

import contextlib
import copy
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.pairs.context import copied
from backprop_check.pairs.pair import is_float
from backprop_check.recording.naming import gradient_names

_GRADS = ("grads", "grad", "gradients", "dparams")
"""What objects call the dict or the list of the gradients of what stands in another of theirs."""

Way = tuple[int | str, ...]


def words(name: str) -> list[str]:
    """What the gradient of `name` may be called."""
    return [name, *gradient_names(name), *([f"d{name.lower()}"] if name != name.lower() else [])]


def key_of(text: str) -> str:
    """What names a gradient in its expression: the key of `grads["w"]`, else all of it."""
    found = re.fullmatch(r"[\w.]+\[['\"](\w+)['\"]\]", text)
    return found[1] if found else text


@dataclass(frozen=True)
class Layout:
    """`names` and `ways` are those of the flat inputs: a way begins with an argument's number, or with `self` and an attribute."""

    names: tuple[str, ...]
    ways: tuple[Way, ...]
    owner: Any = None

    def built(self, leaves: Sequence[Any]) -> tuple[list[Any], Any]:
        """The arguments that have these numbers, and the object of the method, a copy."""
        owner = copy.copy(self.owner)
        if owner is not None:
            vars(owner).update(copied(vars(owner)))  # what it is written into is no more the user's
        args: list[Any] = [None] * (1 + max((way[0] for way in self.ways if isinstance(way[0], int)), default=-1))
        for way, leaf in zip(self.ways, leaves, strict=True):
            if way[0] == "self":
                attribute, *rest = (str(way[1]), *way[2:])
                if not rest:
                    setattr(owner, attribute, leaf)
                    continue
                getattr(owner, attribute)[rest[0]] = leaf
            elif len(way) == 1:
                args[way[0]] = leaf  # type: ignore[index]
            else:
                args[way[0]] = {**(args[way[0]] or {}), way[1]: leaf}  # type: ignore[index]
        return args, owner


def flat(inputs: Sequence[Any], parameters: Sequence[str], owner: Any = None, held: Sequence[Way] = ()) -> tuple[Layout, list[Any]]:
    """Return the layout of inputs, with those attributes of `owner` that are `held` among them, and the flat inputs."""
    names: list[str] = []
    ways: list[Way] = []
    leaves: list[Any] = []

    def put(name: str, way: Way, leaf: Any) -> None:
        names.append(name if name not in names else f"{name}_{len(names)}")
        ways.append(way)
        leaves.append(leaf)

    for place, given in enumerate(inputs):
        name = parameters[place] if place < len(parameters) else f"input {place}"
        if type(given) is dict and given and any(is_float(each) for each in given.values()):
            for key, each in given.items():
                put(str(key), (place, key), each)
        else:
            put(name, (place,), given)
    for way in held:
        put(str(way[-1]) if isinstance(way[-1], str) else f"{way[1]}[{way[-1]}]", way, reached(owner, way))
    return Layout(tuple(names), tuple(ways), owner), leaves


def reached(owner: Any, way: Way) -> Any:
    there = getattr(owner, str(way[1]))
    return there[way[2]] if len(way) > 2 else there


def arrays_held(owner: Any, is_array: Callable[[Any], bool]) -> Iterator[Way]:
    """Yield the ways to the arrays of floats that an object holds, in dicts and lists too."""
    for name, value in vars(owner).items():
        if name in _GRADS:
            continue
        if is_array(value):
            yield ("self", name)
        elif type(value) in (dict, list):
            entries: Any = value.items() if isinstance(value, dict) else enumerate(value)
            yield from (("self", name, key) for key, each in entries if is_array(each) and isinstance(key, str | int))


def gradient_held(owner: Any, way: Way) -> tuple[str, Any] | None:
    """How an object that ran its backward calls the gradient of what lies at `way`, and the gradient; None where it holds none."""
    own = vars(owner)
    if len(way) == 2:
        return next(((f"self.{word}", own[word]) for word in words(str(way[1]))[1:] if own.get(word) is not None), None)
    for name in _GRADS:
        there, key = own.get(name), way[2]
        if isinstance(there, list) and isinstance(key, int) and key < len(there) and there[key] is not None:
            return f"self.{name}[{key}]", there[key]
        if isinstance(there, Mapping) and isinstance(key, str):
            word = next((word for word in words(key) if there.get(word) is not None), None)
            if word is not None:
                return f"self.{name}[{word!r}]", there[word]
    return next(((f"self.{word}", own[word]) for word in words(str(way[2]))[1:] if own.get(word) is not None), None)


def rebound(method: Callable[..., Any], owner: Any, recorded: Callable[[Any], Any] | None) -> Callable[..., Any]:
    """Return a method bound to another object; its class's functions are as `recorded` makes them."""
    if not isinstance(method, types.MethodType):
        return method if recorded is None else recorded(method)
    if recorded is None:
        return types.MethodType(method.__func__, owner)
    kind = type(owner)
    own = {
        name: value for each in reversed(kind.__mro__[:-1]) for name, value in vars(each).items() if isinstance(value, types.FunctionType)
    }
    with contextlib.suppress(TypeError):  # one of another layout stays of its own class
        owner.__class__ = type(kind.__name__, (kind,), {name: recorded(value) for name, value in own.items()})
    return types.MethodType(recorded(method.__func__), owner)


def owner_of(function: Callable[..., Any]) -> Any:
    """The object that a function is a method of, None where it is none, or one of torch's."""
    owner = getattr(function, "__self__", None)
    plain = owner is not None and not isinstance(owner, type | types.ModuleType | torch.nn.Module) and hasattr(owner, "__dict__")
    return owner if plain and isinstance(function, types.MethodType) else None
