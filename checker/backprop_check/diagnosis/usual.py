"""Which mistakes are usual at which operation, for its page. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

MOST = 6

_PLACES = "not-reshaped scrambled-reshape"
_PICKED = "missing-scatter dropped-repeats wrong-start"
_WINNER = "not-selected index-as-value tie-convention"
_EITHER = "wrong-mask missing-mask tie-convention"
_MATMUL = "missing-transpose wrong-transpose elementwise-for-matmul inner-for-outer transposed wrong-operand"
_LABELS = "missing-label shifted-labels ignored-index wrong-scale"

USUAL: dict[str, str] = {
    "add": "missing-sum summed-everything needless-sum mean-for-sum",
    "sub": "wrong-sign missing-sum",
    "neg": "wrong-sign",
    "mul": "wrong-operand missing-upstream plus-for-times sum-before-product lost-keepdim accidental-outer",
    "div": "wrong-local-derivative wrong-sign wrong-power missing-sum",
    "pow": "wrong-power wrong-scale wrong-sign dropped-epsilon",
    "maximum": _EITHER,
    "minimum": _EITHER,
    "where": "swapped-where missing-mask wrong-mask",
    "masked_fill": "missing-mask wrong-mask",
    "clamp": "missing-mask wrong-mask",
    "relu": "missing-mask wrong-mask mask-as-gradient wrong-point",
    "leaky_relu": "wrong-mask missing-local-derivative",
    "matmul": _MATMUL,
    "linear": f"{_MATMUL} missing-sum",
    "inner": _MATMUL,
    "tensordot": _MATMUL,
    "einsum": "wrong-operand wrong-transpose transposed",
    "outer": "inner-for-outer elementwise-for-matmul transposed",
    "sum": "not-expanded missing-upstream",
    "mean": "wrong-scale not-expanded hard-coded-size",
    "var": "wrong-scale missing-branch hard-coded-size",
    "std": "wrong-scale wrong-power missing-branch",
    "max": _WINNER,
    "min": _WINNER,
    "amax": _WINNER,
    "amin": _WINNER,
    "prod": "wrong-operand not-expanded",
    "logsumexp": "not-expanded missing-upstream",
    "flip": "",  # first of those that only move numbers: what is usual at others depends on how they move them
    "reshape": f"{_PLACES} bad-reshape",
    "view": f"{_PLACES} bad-reshape",
    "flatten": _PLACES,
    "unflatten": _PLACES,
    "squeeze": "not-reshaped lost-keepdim",
    "unsqueeze": "not-reshaped extra-keepdim",
    "t": "transposed needless-transpose",
    "mt": "transposed reversed-axes",
    "transpose": "reversed-axes wrong-permutation transposed",
    "permute": "wrong-permutation scrambled-reshape",
    "movedim": "wrong-permutation scrambled-reshape",
    "expand": "missing-sum lost-keepdim wrong-axis",
    "repeat": "missing-sum wrong-axis scrambled-reshape",
    "index": _PICKED,
    "select": "missing-scatter wrong-slice",
    "narrow": "missing-scatter wrong-slice",
    "chunk": "missing-scatter wrong-slice",
    "split": "missing-scatter wrong-slice",
    "unbind": "missing-scatter wrong-slice",
    "diagonal": "missing-scatter",
    "trace": "missing-scatter",
    "tril": "missing-mask",
    "triu": "missing-mask",
    "max_pool1d": "not-selected tie-convention",
    "max_pool2d": "not-selected tie-convention",
    "embedding": _PICKED,
    "index_select": _PICKED,
    "gather": "missing-scatter dropped-repeats wrong-axis",
    "cat": "wrong-slice wrong-axis",
    "stack": "wrong-slice wrong-axis",
    "softmax": "diagonal-jacobian misused-shortcut wrong-axis lost-keepdim",
    "log_softmax": "diagonal-jacobian lost-keepdim wrong-axis",
    "cross_entropy": _LABELS,
    "nll_loss": _LABELS,
    "mse_loss": "wrong-scale wrong-sign",
    "layer_norm": "missing-branch wrong-scale dropped-epsilon",
    "detach": "through-detach",
}
"""The codes of each operation, the most usual first. An operation that is not here has those of one with the same laws."""

_SLOPE = "missing-upstream missing-local-derivative wrong-local-derivative wrong-point missing-inner-derivative applied-twice"
_STRETCHED = "missing-sum lost-keepdim wrong-axis"
_REDUCED = "not-expanded"


def usual(operation: str, laws: Mapping[str, Collection[str]], slope: bool, pairs: bool, reduces: bool) -> Sequence[str]:
    """Return the codes that are usual at an operation: its own, else those of one with the same laws (`laws` are of every operation), and
    those of its kind, an elementwise function (`slope`), of operands that broadcast (`pairs`), or of a reduction.
    """
    alike = next((other for other in USUAL if other in laws and laws[other] == laws.get(operation)), "")
    kinds = (USUAL.get(operation, USUAL.get(alike, "")), _SLOPE * slope, _STRETCHED * pairs, _REDUCED * reduces)
    return list(dict.fromkeys(" ".join(kinds).split()))[:MOST]
