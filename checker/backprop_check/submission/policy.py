"""Find, in the syntax tree, code that asks the oracle instead of writing a gradient (best effort; the worker refuses it too)."""

from __future__ import annotations

import ast
from collections.abc import Collection

from backprop_check.exercise.nodes import walk

_DERIVATIVES = ("torch.nn.grad", "torch._decomp")
_MODULES = ("torch.autograd", "torch.func", "functorch", "torch.nn.functional.autograd", *_DERIVATIVES)
_CALLS = {"backward", "retain_grad", "enable_grad", "set_grad_enabled"}
_HARMLESS = {"vmap", "functional_call", "stack_module_state"}
"""What of those modules differentiates nothing."""


def asks_oracle(node: ast.AST, forward: Collection[str], own_methods: Collection[str] = ()) -> str | None:
    """Return how `node` asks autograd for a gradient (`x.grad`), or None.

    `forward` are names known to be tensors; `own_methods` those of the learner's own classes, whose `.backward()` is no oracle.
    """
    harmless = {id(a.value) for a in walk(node) if isinstance(a, ast.Attribute) and a.attr in _HARMLESS}
    for child in walk(node):
        if isinstance(child, ast.Attribute):
            dotted = _dotted(child)
            if dotted.startswith("torch.") and is_derivative(child.attr):
                return dotted
            if _in_modules(dotted) and child.attr not in _HARMLESS and id(child) not in harmless:
                return dotted
            root = dotted.split(".")[0]
            if child.attr == "grad" and (root in forward or (root[:1] == "d" and root[1:] in forward)):
                return dotted
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in _CALLS - set(own_methods):
            if _turns_off(child):
                continue
            return _dotted(child.func) + "()" if _dotted(child.func) else f".{child.func.attr}()"
        if isinstance(child, ast.ImportFrom) and child.module and _in_modules(child.module):
            asking = [alias.name for alias in child.names if alias.name not in _HARMLESS]
            if asking:
                return f"from {child.module} import {asking[0]}"
        if isinstance(child, ast.ImportFrom) and child.module and child.module.split(".")[0] == "torch":
            asking = [alias.name for alias in child.names if is_derivative(alias.name) or f"{child.module}.{alias.name}" in _DERIVATIVES]
            if asking:
                return f"from {child.module} import {asking[0]}"
        if isinstance(child, ast.Import):
            asking = [alias.name for alias in child.names if _in_modules(alias.name) and alias.name != "torch.func"]
            if asking:
                return f"import {asking[0]}"
    return None


def is_derivative(operation: str) -> bool:
    """Whether an operation of torch's is the derivative of another: `tanh_backward`, `_softmax_backward_data`."""
    return "_backward" in operation and not operation.endswith("_hooks")


def _in_modules(dotted: str) -> bool:
    return any((dotted + ".").startswith(module + ".") for module in _MODULES)


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
