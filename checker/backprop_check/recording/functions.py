"""Names of torch functions, as the recorder tells them apart."""

from __future__ import annotations

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
