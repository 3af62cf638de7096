"""The pairs and the custom functions of a module, each with what it runs on."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.pairs import say
from backprop_check.pairs.cached import stem
from backprop_check.pairs.check_pair import examined
from backprop_check.pairs.custom import Custom
from backprop_check.pairs.examine import examine
from backprop_check.pairs.kept import definition_of

GIVES = ("forward", "fwd")


@dataclass(frozen=True)
class Found:
    """`name` is that of the forward, or of the function; `told(inputs)` says what is wrong, nothing where all is right.

    `inputs` gives what it runs on, None where the module has no such function, which would be called `asks`.
    """

    name: str
    line: int
    told: Callable[[tuple[Any, ...]], str]
    inputs: Callable[[], Any] | None
    asks: str


def pairs_of(module: types.ModuleType) -> Iterator[Found]:
    """Yield them in the module's order."""
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    backwards = {
        stem(name): value for name, value in own.items() if callable(value) and not any(word in name for word in GIVES) and stem(name)
    }
    for name, value in own.items():
        if isinstance(value, type) and issubclass(value, torch.autograd.Function):
            asks = f"{name}_inputs"
            yield Found(name, value.forward.__code__.co_firstlineno, _of_function(value), getattr(module, asks, None), asks)
        elif isinstance(value, types.FunctionType) and any(word in name for word in GIVES) and stem(name) in backwards:
            asks = f"{name.replace('forward', '').replace('fwd', '').replace('__', '_').strip('_')}_inputs"
            yield Found(name, value.__code__.co_firstlineno, _of_pair(value, backwards[stem(name)]), getattr(module, asks, None), asks)
        elif isinstance(value, types.FunctionType) and not stem(name) and _returns_gradients(value):
            asks = f"{name}_inputs"
            yield Found(name, value.__code__.co_firstlineno, _of_pair(value, None), getattr(module, asks, None), asks)
        elif isinstance(value, type) and {"forward", "backward"} <= vars(value).keys():
            asks = f"{name}_inputs"
            yield Found(name, vars(value)["forward"].__code__.co_firstlineno, _of_layer, getattr(module, asks, None), asks)


_GRADIENT = re.compile(r"d[A-Za-z_]\w*|grads?|gradients|grad_\w+|\w+_grads?")


def _returns_gradients(function: types.FunctionType) -> bool:
    """Whether a function returns a value, and after it what is named as gradients are."""
    definition = definition_of(function)
    returned = [node.value for node in ast.walk(definition) if isinstance(node, ast.Return)] if definition is not None else []
    return any(
        isinstance(value, ast.Tuple)
        and len(value.elts) > 1
        and all(isinstance(e, ast.Name) and _GRADIENT.fullmatch(e.id) for e in value.elts[1:])
        for value in returned
    )


def _of_layer(given: tuple[Any, ...]) -> str:
    layer, *inputs = given
    return _of_pair(layer.forward, layer.backward)(tuple(inputs))


def _of_pair(forward: Callable[..., Any], backward: Callable[..., Any] | None) -> Callable[[tuple[Any, ...]], str]:
    return lambda inputs: "\n".join(say.lines(examined(forward, backward, inputs)))


def _of_function(function: type[torch.autograd.Function]) -> Callable[[tuple[Any, ...]], str]:
    def told(inputs: tuple[Any, ...]) -> str:
        done = examine(Custom(function), inputs)
        if done.ran.called.error is not None:
            raise BadInput(f"{function.__name__}.forward raises {type(done.ran.called.error).__name__}: {done.ran.called.error}")
        return "\n".join(say.lines(done))

    return told
