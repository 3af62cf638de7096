"""The user's own `autograd.Function`s in the graphs behind some tensors, as autograd has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

Function = type[torch.autograd.Function]


def functions_behind(outputs: Iterable[Any]) -> list[Function]:
    owns = (getattr(type(node), "_forward_cls", None) for node in nodes_behind(outputs))
    return list(dict.fromkeys(own for own in owns if own is not None and not own.__module__.startswith("torch.")))


def nodes_behind(outputs: Iterable[Any]) -> dict[Any, None]:
    seen: dict[Any, None] = {}
    stack = [each.grad_fn for each in outputs if isinstance(each, torch.Tensor)]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen[node] = None
            stack += [function for function, _ in node.next_functions]
    return seen
