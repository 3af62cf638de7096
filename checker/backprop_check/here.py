"""`cmp` and `check`: what a learner calls in a notebook, a script or a test."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch

from backprop_check.errors import BadInput
from backprop_check.live.asked import Asked
from backprop_check.live.caller import Caller, caller
from backprop_check.live.compare import compared
from backprop_check.live.rebuild import definitions
from backprop_check.live.say import said
from backprop_check.pairs.anew import changed
from backprop_check.pairs.behind import behind
from backprop_check.recording.naming import gradient_names


def cmp(name: str, given: Any, tensor: torch.Tensor) -> bool:
    """Compare `given`, a gradient written by hand, with `tensor.grad`; print the line of the lecture's helper, and below it what is wrong.

    `name` is printed first, as there. Shapes must be the same, nothing broadcasts; float32 rounding is no mistake. Returns whether it is
    right. Raises `BadInput` when `tensor` has no gradient.
    """
    around = caller(sys._getframe(1))
    node = name_of(around, tensor, name)
    learner = learner_name(around, given, "cmp", 1) or "d" + name
    asked = Asked(learner, node, given, tensor, retained(tensor, node))
    result = compared(around, asked, anew=changed)
    _print(said(name, result, around, asked))
    _print(behind(result, asked))
    return _told(result.right, around)


def check(loss: Any, /, **gradients: Any) -> bool:
    """Compare gradients of `loss` written by hand with autograd's, each under the name of its tensor: `check(loss, a=a_grad, b=b_grad)`.

    The tensors are looked up where this is called. Returns whether all are right. Raises `BadInput` for a name that is no tensor there, or
    one that autograd has no gradient for.
    """
    around = caller(sys._getframe(1))
    if not isinstance(loss, torch.Tensor):
        name = next((n for n, v in around.names.items() if v is loss), "loss")
        move = "leave `.item()` out of its line" if isinstance(loss, int | float) else "give what `backward()` is called on"
        raise BadInput(f"`{name}` is a {type(loss).__name__}, not a tensor, and knows no forward: {move}.")
    right = [_checked(around, loss, node, gradients) for node in gradients]  # each is said, also after a wrong one
    return _told(all(right), around)


class _Silent(int):
    """A truth value that a notebook does not show below its cell."""

    def __repr__(self) -> str:
        return repr(bool(self))

    def _ipython_display_(self) -> None:
        pass


def _told(right: bool, around: Caller) -> bool:
    return cast(bool, _Silent(right)) if "get_ipython" in around.names else right


def _checked(around: Caller, loss: torch.Tensor, node: str, gradients: Mapping[str, Any]) -> bool:
    tensor = around.names.get(node)
    if not isinstance(tensor, torch.Tensor):
        raise BadInput(f"there is no tensor `{node}` here: name each gradient by its tensor, as in check(loss, {node}=...).")
    names = {n: v for n, v in _keywords(around, "check").items() if around.names.get(v) is gradients.get(n)}
    others = {learner: "d" + other for other, learner in names.items() if other != node} | dict(_by_habit(around, node, gradients))
    asked = Asked(names.get(node, node + "_grad"), node, gradients[node], tensor, _gradient(loss, tensor, node), others)
    result = compared(around, asked, loss, changed)
    _print(said(node, result, around, asked))
    _print(behind(result, asked))
    return result.right


def _gradient(loss: torch.Tensor, tensor: torch.Tensor, node: str) -> torch.Tensor | None:
    """Ask autograd anew while its graph is there; after `backward()` it is gone, and what was kept must do."""
    try:
        with torch._C.DisableTorchFunction():
            (found,) = torch.autograd.grad(loss.sum(), [tensor], retain_graph=True, allow_unused=True)
        if found is not None:
            return found.detach()
    except RuntimeError:
        pass
    return retained(tensor, node)


def retained(tensor: torch.Tensor, node: str) -> torch.Tensor | None:
    if not isinstance(tensor, torch.Tensor):
        raise BadInput(f"`{node}` is a {type(tensor).__name__}, not a tensor: give the tensor whose gradient this is.")
    gradient = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    return gradient.detach() if gradient is not None else None


def learner_name(around: Caller, given: Any, function: str, position: int) -> str | None:
    """What the caller calls a value that was given: a name that was assigned before one that a checking loop gives it."""
    known = definitions(around)
    named = [n for n in argument_names(around, function, position) if around.names.get(n) is given]
    assigned = [n for n in known if around.names.get(n) is given and isinstance(given, torch.Tensor)]
    return next(iter([*(n for n in named if n in known), *assigned, *named]), None)


def name_of(around: Caller, tensor: torch.Tensor, name: str) -> str:
    """What the caller calls a tensor: `x`, `params["w"]`, `layer.weight`; `name` where it is called so, or nothing."""
    if around.names.get(name) is tensor:
        return name
    return around.held.get(id(tensor), name)


def argument(around: Caller, function: str, position: int) -> str | None:
    """The source of an argument of the latest call of a function."""
    call = next(_calls(around, function), None)
    return ast.unparse(call.args[position]) if call is not None and len(call.args) > position else None


def _calls(around: Caller, function: str) -> Iterator[ast.Call]:
    """Yield the calls of a function in what has run, the latest first."""
    found = [
        call
        for call in around.calls()
        if isinstance(call.func, ast.Name | ast.Attribute)
        and (call.func.id if isinstance(call.func, ast.Name) else call.func.attr) == function
    ]
    return reversed(found)


def argument_names(around: Caller, function: str, position: int) -> Iterator[str]:
    for call in _calls(around, function):
        if len(call.args) > position and isinstance(argument := call.args[position], ast.Name):
            yield argument.id


def _keywords(around: Caller, function: str) -> dict[str, str]:
    call = next(_calls(around, function), None)
    return {k.arg: k.value.id for k in call.keywords if k.arg and isinstance(k.value, ast.Name)} if call is not None else {}


def _by_habit(around: Caller, node: str, gradients: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names by which people call the gradients of other tensors, where they are in use: `c_grad`, `grad_c`."""
    for other, value in around.names.items():
        if isinstance(value, torch.Tensor) and other != node and other not in gradients:
            for learner in gradient_names(other)[1:]:  # `da` is the engine's own
                if isinstance(around.names.get(learner), torch.Tensor):
                    yield learner, "d" + other


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)
