"""In the worker: take autograd out of torch, and make its entry points name themselves instead of answering."""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch

from backprop_check.submission.code_pages import take_out_recording
from backprop_check.submission.policy import is_derivative

SUBMISSION = "<submission>"

_JIT = ("_jit_set_profiling", "_jit_set_fusion", "_jit_set_num", "_jit_set_bailout", "_jit_differentiate", "_jit_pass_create_autodiff")
"""What makes TorchScript profile or differentiate, by the beginnings of its names in torch._C."""


class AutogradUsed(Exception):
    """The learner's code asked the oracle."""


def remove_autograd() -> None:
    """Take out of torch's dispatcher, for this process and its children, every kernel that records a graph or carries a tangent.

    Values stay as they are. Reverse mode, forward mode and torch.func all live in that one layer, so no alias, thread or switch brings
    a gradient back. TorchScript differentiates by itself, where it profiles: that is switched off for good.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch tells that a kernel is replaced
        for key in ("Autograd", "AutogradNestedTensor", "AutogradCUDA"):
            libraries: dict[str, Any] = {}
            for operator in torch._C._dispatch_get_registrations_for_dispatch_key(key):
                namespace, name = operator.split("::", 1)
                if namespace not in libraries:
                    libraries[namespace] = torch._C._dispatch_library("IMPL", namespace, key)
                libraries[namespace].impl(name, key, torch.library.fallthrough_kernel)
            for library in libraries.values():
                # What is registered ends with the object that registered it: it must live on, where no one finds it.
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))
        _close_derivatives()
    take_out_recording()
    torch._C._jit_set_profiling_mode(False)
    _close(torch._C, "torch._C", [name for name in dir(torch._C) if name.startswith(_JIT)])


def _close_derivatives() -> None:
    """Let torch's own derivatives (`aten::tanh_backward`) name themselves, whatever way they are called. No forward computes with one."""
    names = [name.removeprefix("aten::") for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")]
    for key in ("CPU", "SparseCPU"):
        library = torch._C._dispatch_library("IMPL", "aten", key)
        for name in filter(is_derivative, names):
            library.impl(name, key, _closed(f"torch.ops.aten.{name}"))
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))
    for path in ("torch._decomp.decompositions", "torch.nn.grad"):
        if (module := sys.modules.get(path)) is not None:
            _close(module, path, [name for name in vars(module) if is_derivative(name) or (path == "torch.nn.grad" and name != "torch")])
    decompositions = sys.modules.get("torch._decomp")
    for table in getattr(decompositions, "global_decomposition_table", {}).values():
        table.update({operator: _closed(str(operator)) for operator in table if is_derivative(str(operator))})


def refuse_autograd() -> None:
    """Patch torch for the rest of this process's life, so that asking is named.

    Switching gradients off stays allowed, on does not. `requires_grad` is a habit that asks nothing by itself: it does nothing here.
    """
    torch.set_grad_enabled(False)
    switch, low_level = torch.set_grad_enabled, torch._C._set_grad_enabled
    inference = torch.inference_mode

    def set_grad_enabled(mode: bool) -> Any:
        return _used("torch.set_grad_enabled(True)") if mode else switch(False)

    def low_level_switch(mode: bool, *rest: Any) -> Any:
        return _used("torch.set_grad_enabled(True)") if mode else low_level(mode, *rest)

    def inference_mode(mode: bool = True) -> Any:
        return inference(True) if mode else _used("torch.inference_mode(False)")

    torch.set_grad_enabled, torch._C._set_grad_enabled = set_grad_enabled, low_level_switch  # type: ignore[misc,assignment]
    torch.inference_mode = inference_mode  # type: ignore[misc,assignment]
    _close(torch, "torch", ["enable_grad"])
    _close(torch.autograd, "torch.autograd", ["grad", "backward", "enable_grad", "set_grad_enabled", "_engine_run_backward"])
    _close(torch.autograd.forward_ad, "torch.autograd.forward_ad", ["dual_level", "enter_dual_level", "make_dual"])
    _close(torch.autograd.functional, "torch.autograd.functional", ["vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"])
    _close(torch.autograd.graph, "torch.autograd.graph", ["_engine_run_backward"])
    _close(torch.Tensor, "Tensor", ["backward", "retain_grad", "register_hook"])
    torch.Tensor.requires_grad_ = _as_it_is  # type: ignore[method-assign,assignment]
    func = sys.modules.get("torch.func")
    if func is not None:
        _close(func, "torch.func", ["grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize"])
    _close_property("grad")
    _close_property("grad_fn")
    _close_property("requires_grad")


def _as_it_is(tensor: torch.Tensor, requires_grad: bool = True) -> torch.Tensor:
    return tensor


def _used(how: str) -> Any:
    raise AutogradUsed(how)


def _close(owner: Any, path: str, names: list[str]) -> None:
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, _closed(f"{path}.{name}"))


def _closed(how: str) -> Callable[..., Any]:
    def closed(*args: Any, **kwargs: Any) -> Any:
        _used(how)

    return closed


def _close_property(name: str) -> None:
    original = getattr(torch._C.TensorBase, name)

    def get(self: torch.Tensor) -> Any:
        # torch reads these itself (copy.deepcopy, printing); only the learner's own lines are refused.
        if name != "requires_grad" and sys._getframe(1).f_code.co_filename == SUBMISSION:
            _used(f"Tensor.{name}")
        return original.__get__(self)

    def put(self: torch.Tensor, value: Any) -> None:
        if name != "requires_grad" or not value:
            original.__set__(self, value)

    setattr(torch.Tensor, name, property(get, put))
