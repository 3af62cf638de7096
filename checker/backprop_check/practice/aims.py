"""On which stages each mistake can be made. Nothing here needs torch.

A mistake that is not here is none of derivatives (a line that is no Python), or none that a drawn graph is sure to show.
"""

from __future__ import annotations

_SLOPE = "tanh sigmoid softplus squared exp log root inverse silu"
_STRETCHED = "column_gain row_gain column_bias row_bias step_gain turned_gain linear pairs masked"
_ROWWISE = "row_gain row_bias centred softmax_by_hand unit_length rms share standardised shifted pairs"
_PRODUCTS = "linear product from_left turned_product gram scores gated attend"
_TWICE = "self_gate residual centred softmax_by_hand unit_length rms standardised gram change entropy share"
_FACTORS = "column_gain row_gain step_gain scalar_gain self_gate gated outer dot"
_MEANS = "averaged mean likelihood squared_error"
_LABELS = "picked cross_entropy"
_READ_AGAIN = "embedding picked_rows"

_AIMS = {
    "accidental-outer": "largest",
    "diagonal-jacobian": "softmax log_softmax",
    "doubled-branch": _TWICE,
    "dropped-epsilon": "rms standardised",
    "dropped-repeats": _READ_AGAIN,
    "elementwise-for-matmul": _PRODUCTS,
    "extra-keepdim": _STRETCHED,
    "extra-term": _SLOPE,
    "index-as-value": _LABELS,
    "lost-keepdim": _ROWWISE,
    "mask-as-gradient": "relu largest picked",
    "mean-for-sum": _STRETCHED,
    "missing-branch": _TWICE,
    "missing-label": "cross_entropy",
    "missing-local-derivative": _SLOPE,
    "missing-mask": "masked",
    "missing-scatter": f"{_READ_AGAIN} picked",
    "missing-sum": _STRETCHED,
    "missing-transpose": _PRODUCTS,
    "missing-upstream": f"{_SLOPE} {_FACTORS} linear product",
    "multiplied-branches": _TWICE,
    "needless-sum": _STRETCHED,
    "needless-transpose": _PRODUCTS,
    "not-expanded": "averaged summed",
    "not-reshaped": "flattened laid_out heads",
    "not-selected": "largest",
    "overwritten-branch": _TWICE,
    "plus-for-times": _FACTORS,
    "scrambled-reshape": f"{_PRODUCTS} heads steps_first",
    "subtracted-branch": _TWICE,
    "sum-before-product": f"{_FACTORS} {_ROWWISE}",
    "summed-everything": _STRETCHED,
    "swapped-where": "masked",
    "transposed": _PRODUCTS,
    "wrong-axis": f"{_STRETCHED} {_ROWWISE}",
    "wrong-local-derivative": _SLOPE,
    "wrong-mask": "relu leaky_relu clipped",
    "wrong-operand": _FACTORS,
    "wrong-permutation": "heads steps_first",
    "wrong-point": "tanh sigmoid exp log silu softplus",
    "wrong-power": "squared root inverse share unit_length rms",
    "wrong-scale": _MEANS,
    "wrong-sign": "row_bias centred distance squared_error likelihood yes_or_no hinge",
    "wrong-start": _READ_AGAIN,
    "wrong-transpose": _PRODUCTS,
}
AIMS: dict[str, tuple[str, ...]] = {code: tuple(dict.fromkeys(stages.split())) for code, stages in _AIMS.items()}
"""Of each mistake that can be practised, the stages through one of which its graph goes."""
