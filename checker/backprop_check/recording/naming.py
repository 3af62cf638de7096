"""Names for recorded values: the variables that hold them, what the source called them, else plain words."""

from __future__ import annotations

import ast
import keyword
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.recording.expressions import SCOPE
from backprop_check.recording.frames import names_given, place, statement
from backprop_check.recording.values import Value

_WIDE = 64
"""How many entries of a list or a dict are looked at."""


_GRADIENTS = ("d{}", "d_{}", "grad_{}", "{}_grad", "grad{}", "{}grad", "g_{}", "g{}")


def gradient_names(text: str) -> list[str]:
    """What people call the gradient of what is called `text`."""
    return [word.format(text) for word in _GRADIENTS]


def holders(names: Mapping[str, Any]) -> dict[int, str]:
    """Return, by identity, how each tensor is reached from some names: `x`, `params["w"]`, `hs[2]`, `model.layer.weight`."""
    found: dict[int, str] = {}
    open_ones: list[tuple[str, Any, int]] = [(name, value, 0) for name, value in names.items() if not name.startswith("_")]
    seen: set[int] = set()
    while open_ones:
        below: list[tuple[str, Any, int]] = []
        for name, value, depth in open_ones:
            if isinstance(value, torch.Tensor):
                found.setdefault(id(value), name)
            elif id(value) not in seen:
                seen.add(id(value))
                if depth < 3:
                    below += [(inner, each, depth + 1) for inner, each in _parts(name, value)]
        open_ones = below
    return found


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, torch.nn.Module):
        for inner, each in [*value.named_parameters(), *value.named_buffers()]:
            yield re.sub(r"\.(\d+)\b", r"[\1]", f"{name}.{inner}"), each
        own = [(inner, each) for inner, each in vars(value).items() if inner[0] != "_"]
        yield from ((f"{name}.{inner}", each) for inner, each in own if isinstance(each, torch.Tensor | list | dict))
    elif type(value) in (list, tuple) and len(value) <= _WIDE:
        yield from ((f"{name}[{number}]", each) for number, each in enumerate(value))
    elif type(value) is dict and len(value) <= _WIDE:
        yield from ((f"{name}[{key!r}]", each) for key, each in value.items() if isinstance(key, str | int))
    elif not isinstance(value, type | types.ModuleType | types.FunctionType) and type(value).__module__ != "builtins":
        held = _attributes(value)
        if len(held) <= _WIDE:
            yield from ((f"{name}.{key}", each) for key, each in held.items() if isinstance(each, torch.Tensor))


def _attributes(value: Any) -> dict[str, Any]:
    """What an object holds itself: nothing of it runs."""
    try:
        inner = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return inner if type(inner) is dict else {}


def named(values: Sequence[Value], held: Mapping[int, str], taken: Iterable[str] = ()) -> tuple[dict[Value, str], dict[str, str]]:
    """Return a name for each value that has one of its own, and the user's own text for each such name.

    A name that several values had goes to the one that has it now, or else to the last; earlier ones are numbered.
    """
    wanted: dict[Value, str] = {}
    now: set[Value] = set()
    for value in values:
        live = value.tensor
        there = held.get(id(live)) if live is not None else None
        if there is not None:
            wanted[value] = there
            now.add(value)
    for value in values:
        there = held.get(id(value.owner)) if value.stepped is not None else None
        if there is not None and there not in wanted.values():
            wanted[value] = there
    for value in values:
        name = name_given(value) if value not in wanted else None
        if name is not None:
            wanted[value] = name
    used = set(taken)
    result: dict[Value, str] = {}
    texts: dict[str, str] = {}
    groups: dict[str, list[Value]] = {}
    for value, text in wanted.items():
        groups.setdefault(text, []).append(value)
    plains = {identifier(text) for text in groups}
    for text, group in groups.items():
        plain = identifier(text)
        if plain[:1] == "d" and plain[1:] in plains:
            plain += "_"  # for the engine `dx` is the gradient of `x`, and nothing else
        last = next((value for value in group if value in now), group[-1])
        for number, value in enumerate([last, *(each for each in group if each is not last)]):
            name = free(plain if value is last else f"{plain}_{number}", used)
            used.add(name)
            result[value] = name
            texts[name] = text
    return result, texts


def name_given(value: Value) -> str | None:
    """What the source called a value where it was made; written into places, or by a method in place, it keeps the name it had."""
    if value.call is None or value.index is not None or not value.call.where:
        return None
    if not value.written:
        return names_given(value.call.where)
    there = place(*value.call.where[0])
    into_places = value.call.name == "__setitem__"
    match statement(there) if there is not None else None:
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name))) | ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
            return name if into_places else None
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name
    return names_given(value.call.where)


def identifier(text: str) -> str:
    plain = re.sub(r"\W+", "_", text).strip("_") or "t"
    if plain[0].isdigit():
        return "t" + plain
    return plain + "_" if keyword.iskeyword(plain) or plain in SCOPE else plain


def free(name: str, used: Iterable[str]) -> str:
    if name not in used:
        return name
    return next(other for number in range(1, 100_000) if (other := f"{name}_{number}") not in used)
