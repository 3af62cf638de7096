"""Find, in the syntax tree, code that asks the oracle instead of writing a gradient (best effort; the worker refuses it too)."""

from __future__ import annotations

import ast
from collections.abc import Collection

_MODULES = ("torch.autograd", "torch.func", "functorch", "torch.nn.functional.autograd")
_CALLS = {"backward", "requires_grad_", "retain_grad", "enable_grad", "set_grad_enabled"}


def asks_oracle(node: ast.AST, forward: Collection[str], own_methods: Collection[str] = ()) -> str | None:
    """Return how `node` asks autograd for a gradient (`x.grad`), or None.

    `forward` are names known to be tensors; `own_methods` those of the learner's own classes, whose `.backward()` is no oracle.
    """
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute):
            dotted = _dotted(child)
            if any(dotted == m or dotted.startswith(m + ".") for m in _MODULES):
                return dotted
            root = dotted.split(".")[0]
            if child.attr == "grad" and (root in forward or (root[:1] == "d" and root[1:] in forward)):
                return dotted
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in _CALLS - set(own_methods):
            if _turns_off(child):
                continue
            return _dotted(child.func) + "()" if _dotted(child.func) else f".{child.func.attr}()"
        if isinstance(child, ast.keyword) and child.arg == "requires_grad" and not _is_false(child.value):
            return "requires_grad=True"
        if isinstance(child, ast.ImportFrom) and child.module and any((child.module + ".").startswith(m + ".") for m in _MODULES):
            return f"from {child.module} import {child.names[0].name}"
        if isinstance(child, ast.Import) and any((a.name + ".").startswith(m + ".") for a in child.names for m in _MODULES):
            return f"import {child.names[0].name}"
    return None


def _turns_off(call: ast.Call) -> bool:
    values = [*call.args, *(k.value for k in call.keywords)]
    return bool(values) and _is_false(values[0]) and isinstance(call.func, ast.Attribute) and call.func.attr != "backward"


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
