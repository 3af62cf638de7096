"""What an expression may use when the checker evaluates it: pure tensor operations, by name."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS = _words(
    """
    abs add amax amin arange argmax argmin atan2 bincount bmm broadcast_to cat ceil chunk clamp clone concat concatenate cos
    cosh cumprod cumsum diag diag_embed diagonal div divide dot einsum empty_like erf exp expm1 eye flatten flip
    floor full full_like gather ge gt index_add index_copy index_put index_select inner inverse le linalg_norm linspace log
    log10 log1p log2 log_softmax logical_and logical_not logical_or logsumexp lt masked_fill masked_select matmul
    max maximum mean min minimum mm moveaxis movedim mul multiply mv ne neg negative norm normalize one_hot ones
    ones_like outer pad permute pow prod reciprocal relu repeat_interleave reshape roll rsqrt scatter scatter_add
    slice_scatter select_scatter
    sigmoid sign sin sinh softmax softplus split sqrt square squeeze stack std sub subtract sum swapaxes t
    take_along_dim tan tanh tensor tensordot tile topk transpose tril triu true_divide unbind unflatten unfold
    unsqueeze var where zeros zeros_like erfc cross_entropy nll_loss mse_loss linear layer_norm gelu silu elu
    leaky_relu logsigmoid hardtanh conv1d conv2d conv_transpose1d conv_transpose2d max_pool1d max_pool2d avg_pool1d
    avg_pool2d fold embedding dropout logical_xor heaviside sgn trace vdot kron ger addmm baddbmm count_nonzero
    """
)

_NO_METHODS = _words("eye full linspace arange ones zeros tensor cat stack concat concatenate einsum pad one_hot")

METHODS = (FUNCTIONS - _NO_METHODS) | _words(
    """
    new_zeros new_ones new_full new_tensor expand expand_as view view_as reshape_as repeat size dim numel float
    double long int bool to type_as contiguous detach item type squeeze unsqueeze index_fill masked_scatter select
    narrow adjoint sort sum_to_size nonzero nelement ndimension
    """
)

ATTRIBUTES = _words("T mT H mH shape ndim dtype values indices data device")

CREATES = _words(
    """
    arange broadcast_to empty_like expand eye fold full kron linspace new_full new_ones new_zeros one_hot ones pad
    repeat repeat_interleave tile unfold zeros bincount
    """
)
"""Operations whose whole-number arguments are the size of what they make."""
