"""Names of torch functions, as the recorder tells them apart."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType
from typing import Any

import torch

SILENT = frozenset(
    {"size", "dim", "numel", "stride", "__len__", "item", "tolist", "numpy", "is_floating_point", "is_complex", "is_contiguous",
     "data_ptr", "storage", "untyped_storage", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "__hash__",
     "__contains__", "_set_grad_enabled", "element_size", "ndimension", "retain_grad", "register_hook", "requires_grad_", "get_device",
     "is_set_to", "allclose", "equal", "is_nonzero"}
)  # fmt: skip
"""Functions that make no tensor: they are passed on at once."""

ACCESS = ("__get__", "__set__")
PROPERTIES = frozenset({"T", "mT", "H", "mH", "real", "imag", "data"})
"""Attributes of a tensor that are tensors made of it."""

RANDOM = frozenset(
    {"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "bernoulli", "multinomial", "poisson",
     "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout", "gumbel_softmax",
     "rrelu", "scaled_dot_product_attention", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh", "rnn_relu",
     "fractional_max_pool2d", "normal_", "uniform_", "bernoulli_", "random_", "exponential_"}
)  # fmt: skip
"""Functions that may draw random numbers."""

PASSED_ON, DRAWS, BACKWARD, SET, OTHER = range(5)
_TORCHS = (BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType)
sorts: dict[Any, int] = {}
"""Of which sort a function is, where that was asked before. Functions of the user's own are not kept."""


def sort_of(func: Any) -> int:
    name = getattr(func, "__name__", "")
    if name in SILENT or (name in ACCESS and func.__self__.__name__ not in PROPERTIES):
        sort = PASSED_ON
    else:
        sort = DRAWS if name in RANDOM else BACKWARD if name == "backward" else SET if name == "__set__" else OTHER
    if isinstance(func, _TORCHS):
        keep = not isinstance(getattr(func, "__self__", None), torch.Tensor)
    else:
        keep = isinstance(func, FunctionType) and (func.__module__ or "").startswith("torch.")
    if keep:
        sorts[func] = sort
    return sort
