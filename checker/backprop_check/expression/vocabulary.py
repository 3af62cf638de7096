"""What an expression may use when the checker evaluates it: pure tensor operations, by name."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS = _words(
    """
    abs add amax amin arange argmax argmin atan2 bincount bmm broadcast_to cat ceil chunk clamp clone concat concatenate cos
    cosh cumprod cumsum diag diag_embed diagonal div divide dot einsum empty_like erf exp expm1 eye flatten flip
    floor full full_like gather ge gt index_add index_copy index_put index_select inner inverse le linspace log
    log10 log1p log2 log_softmax logical_and logical_not logical_or logsumexp lt masked_fill masked_select matmul
    max maximum mean min minimum mm moveaxis movedim mul multiply mv ne neg negative norm normalize one_hot ones
    ones_like outer pad permute pow prod reciprocal relu repeat_interleave reshape roll rsqrt scatter scatter_add
    slice_scatter select_scatter sigmoid sign sin sinh softmax softplus split sqrt square squeeze stack std sub subtract sum swapaxes t
    take_along_dim tan tanh tensor tensordot tile topk transpose tril triu true_divide unbind unflatten unfold
    unsqueeze var where zeros zeros_like erfc cross_entropy nll_loss mse_loss linear layer_norm gelu silu elu
    leaky_relu logsigmoid hardtanh conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d max_pool1d max_pool2d
    avg_pool1d avg_pool2d fold embedding dropout logical_xor heaviside sgn trace vdot kron ger addmm baddbmm count_nonzero
    absolute acos acosh adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d addbmm addcdiv addcmul addmv addr
    aminmax arccos arccosh arcsin arcsinh arctan arctan2 arctanh argsort asin asinh atan atanh batch_norm bilinear
    binary_cross_entropy binary_cross_entropy_with_logits bitwise_and bitwise_not bitwise_or block_diag cdist celu channel_shuffle
    clamp_max clamp_min clip column_stack cosine_embedding_loss cosine_similarity cov cross cummax cummin deg2rad det diagflat
    diagonal_scatter diff digamma dist dstack embedding_bag eq erfinv exp2 expit float_power fliplr flipud fmax fmin fmod frac
    gammaln gaussian_nll_loss glu group_norm hardshrink hardsigmoid hardswish hinge_embedding_loss hstack huber_loss hypot i0 i1
    index_fill instance_norm interpolate inv isclose isfinite isinf isnan kl_div kthvalue l1_loss lerp lgamma logaddexp logaddexp2
    logcumsumexp logdet logit margin_ranking_loss masked_scatter matrix_norm matrix_power median mish msort multi_dot
    nan_to_num nanmean nansum narrow nonzero pairwise_distance pixel_shuffle pixel_unshuffle poisson_nll_loss polygamma positive prelu
    rad2deg ravel relu6 remainder rms_norm rot90 row_stack round rsub scaled_dot_product_attention scatter_reduce select selu sinc
    slogdet smooth_l1_loss soft_margin_loss softmin softshrink softsign solve solve_triangular sort swapdims take tanhshrink
    tensor_split threshold tril_indices triplet_margin_loss triu_indices trunc unravel_index vecdot vector_norm view_as vstack xlogy
    broadcast_tensors cholesky inverse multilabel_soft_margin_loss atleast_2d chain_matmul cholesky_solve corrcoef ctc_loss
    local_response_norm lp_pool2d matrix_exp meshgrid multi_margin_loss pdist pinv quantile renorm rrelu std_mean trapz upsample var_mean
    """
)

_NO_METHODS = _words("eye full linspace arange ones zeros tensor cat stack concat concatenate einsum pad one_hot tril_indices triu_indices")

METHODS = (FUNCTIONS - _NO_METHODS) | _words(
    """
    new_zeros new_ones new_full new_tensor expand expand_as view view_as reshape_as repeat size dim numel float
    double long int bool to type_as contiguous detach item type squeeze unsqueeze index_fill masked_scatter select
    narrow adjoint sort sum_to_size nonzero nelement ndimension cpu
    """
)

ATTRIBUTES = _words("T mT H mH shape ndim dtype values indices data device sign logabsdet")

CREATES = _words(
    """
    arange broadcast_to empty_like expand eye fold full kron linspace new_full new_ones new_zeros one_hot ones pad
    repeat repeat_interleave tile unfold zeros bincount tril_indices triu_indices tensor_split adaptive_avg_pool1d
    adaptive_max_pool1d conv_transpose1d
    """
)
"""Operations whose whole-number arguments are the size of what they make."""

SQUARES = _words("diag diag_embed diagflat interpolate upsample adaptive_avg_pool2d adaptive_max_pool2d conv_transpose2d conv_transpose3d")
"""Operations whose whole-number argument is the side of what they make."""
