"""The local rules: for each operation, the gradient of each operand in terms of the gradient g that arrives at the result y.

A row holds the operation's parameters (`name/alias=default`), the expression each operand receives, and the law in a sentence. Broadcasting
is no row's business: `derive` undoes it for all (`site.unbroadcast`). In a template, the parameters and g and y stand for expressions;
`full(e)` is e in the shape of y, `keep(e)` is e with the reduced axes put back, `count()` the number of terms a mean took, `share(e)` is e
over the number of elements where a loss is their mean. What no template can say is a function of the site. `by` says what the operation is
in terms of others, which are then derived in its place. The table loads no torch: only what evaluates a site does.
"""

from __future__ import annotations

from backprop_check.derivation import attention, composite, indexing, laws, losses, moving, norms, products, selecting, windows
from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.laws import FACTORS, MOVED, PICKED, PICKED_AGAIN, PRODUCT, STANDARD, WRITTEN
from backprop_check.derivation.row import Row, row

PLUS = "A plus hands its gradient on unchanged."
LESS = "What something is taken away from gets the gradient unchanged."
TURNS = "A minus turns the sign."
QUOTIENT = ("Dividing forward is dividing backward.", "The slope of a / b is -a / b**2 for b.")
POWER = (
    "Power rule: the exponent comes down as a factor, and one less stays above.",
    "A power grows with its exponent by the log of its base.",
)
REST = ("What is left of a division moves with what was divided.", "Each time that it went in, it was taken off.")
SUM = "A sum hands its gradient to every one of its terms."
MEAN = "A mean hands each of its terms its share of the gradient."
VARIANCE = "A variance's slope is twice the distance from the mean, over its divisor."
DEVIATION = "A deviation's slope is the distance from the mean, over it and its divisor."
READ_AGAIN = "What was read several times adds up what each use sends back."
JOINED = "Each part takes back the slice it filled."
COPIED = "What was copied collects the gradient of every copy."
SAME = "Same numbers, same gradient."
WITHIN = "Only numbers within the bounds moved the result."
BOUND = "Where a bound stood in the place of the number, it moved the result."
ATTENTION = (
    "The scores are a product of queries and keys, and behind them stands a softmax: each query receives the keys, weighed.",
    "The scores are a product of queries and keys, and behind them stands a softmax: each key receives the queries, weighed.",
    "The result is a mean of the values with the probabilities as weights: these hand the gradient back.",
    "A mask of numbers is added to the scores, and receives what they receive.",
)
SCALE = "The scale is a factor of what was normalised, and serves every row."
SHIFT = "The shift is added to every row."
EINSUM = "The gradient takes the result's place in the sum of products."
CHAIN = "In a chain of matrix products, each factor receives all the others, turned, each on its own side of what arrives."
CONVOLUTION = "A convolution is a matrix product with the windows of its input."
FILTER = "Each number of a filter meets one number of every window: what arrives there comes back to it, times that number, added up."
WON = "In each window only the winner moved the result: a number receives what arrives from every window that it won, else 0."
WINDOWS = "A number that stands in several windows adds up what each sends back."
SPREAD = "A transposed convolution lays a window down for every number, and adds up where they lie over each other."
LAID = "Each number was added at one place, and takes back what arrives there."
SUMMED = "A bias is added at every place, and collects the gradient of all."
LINEAR = "The loss is linear in the target."
INVERSE = "The inverse moves against its matrix, which stands on both sides of it: -y dx y, turned."
SOLVED = ("The matrix receives minus what the right side receives, times the solution, turned.",
          "Solving forward is solving backward, with the matrix turned.")  # fmt: skip
DETERMINANT = "A determinant grows with each entry by its cofactor: the determinant times the inverse, turned."

ADDED = (laws.times("beta", PLUS), laws.times("alpha", laws.matmul("a")), laws.times("alpha", laws.matmul("b")))
LOSS = "size_average reduce reduction='mean'"

TABLE: dict[str, Row] = {
    # arithmetic
    "add": row("a b/other alpha=1", (PLUS, laws.times("alpha", PLUS)), pairs=True, a="g", b="alpha * g"),
    "sub": row("a b/other alpha=1", (LESS, laws.times("alpha", TURNS)), pairs=True, a="g", b="-alpha * g"),
    "rsub": row("a b/other alpha=1", (laws.times("alpha", TURNS), LESS), pairs=True, a="-alpha * g", b="g"),
    "mul": row("a b/other", PRODUCT, pairs=True, a="b * g", b="a * g"),
    "div": row("a b/other", QUOTIENT, pairs=True, a="g / b", b="-a / b**2 * g"),
    "pow": row("a b/exponent", POWER, pairs=True, a=products.power, b=products.exponent),
    "neg": row("x", TURNS, x="-g"),
    "remainder": row("a b/other", REST, pairs=True, a="g", b="-torch.floor(a / b) * g"),
    "fmod": row("a b/other", REST, pairs=True, a="g", b="-torch.trunc(a / b) * g"),
    "addcmul": row("x a/tensor1 b/tensor2 value=1", (PLUS, PRODUCT, PRODUCT), pairs=True, x="g", a="value * b * g", b="value * a * g"),
    "addcdiv": row("x a/tensor1 b/tensor2 value=1", (PLUS, *QUOTIENT), pairs=True,
                   x="g", a="value * g / b", b="-value * a / b**2 * g"),
    "lerp": row("a b/end w/weight", ("The nearer end counts for what the weight leaves.", "The far end counts for its weight.",
                                     "The weight moves the result along the way between the ends."), pairs=True,
                a="(1 - w) * g", b="w * g", w="(b - a) * g"),
    "hypot": row("a b/other", laws.LENGTH, pairs=True, a="a / y * g", b="b / y * g"),
    "atan2": row("a b/other", "An angle moves with the other side, over the square of the length.", pairs=True,
                 a="b / (a**2 + b**2) * g", b="-a / (a**2 + b**2) * g"),
    "logaddexp": row("a b/other", "The slope of a log of a sum of exps is each one's share in it.", pairs=True,
                     a="torch.exp(a - y) * g", b="torch.exp(b - y) * g"),
    "logaddexp2": row("a b/other", "The slope of a log of a sum of powers is each one's share in it.", pairs=True,
                      a="2**(a - y) * g", b="2**(b - y) * g"),
    "xlogy": row("a b/other", (PRODUCT, "The slope of a log is 1 over its number, times what the log is multiplied with."), pairs=True,
                 a="torch.log(b) * g", b="a / b * g"),
    "dist": row("a b/other p=2", laws.of_order, by="(a - b).norm(p)"),
    # of two, one
    "maximum": row("a b/other", laws.of_two(True), pairs=True, a=composite.of_two("a", ">"), b=composite.of_two("b", "<")),
    "minimum": row("a b/other", laws.of_two(False), pairs=True, a=composite.of_two("a", "<"), b=composite.of_two("b", ">")),
    "fmax": row("a b/other", laws.of_two(True, shared=False), pairs=True, a=composite.of_two("a", ">"), b=composite.of_two("b", "<")),
    "fmin": row("a b/other", laws.of_two(False, shared=False), pairs=True, a=composite.of_two("a", "<"), b=composite.of_two("b", ">")),
    "where": row("m/condition a/self b/other", ("Where the condition holds it was used; elsewhere it was not.",
                                                "Where the condition fails it was used; elsewhere it was not."), pairs=True,
                 a="torch.where(m, g, 0)", b="torch.where(m, 0, g)"),
    "masked_fill": row("x m/mask v/value", "What was masked never reached the result.", pairs=True, x="full(g).masked_fill(m, 0)"),
    "clamp": row("x min max", (WITHIN, BOUND, BOUND), pairs=True, x=composite.clamp, min="(x < min) * g", max="(x > max) * g"),
    "clamp_min": row("x min", (WITHIN, BOUND), pairs=True, x="(x >= min) * g", min="(x < min) * g"),
    "clamp_max": row("x max", (WITHIN, BOUND), pairs=True, x="(x <= max) * g", max="(x > max) * g"),
    # products
    "matmul": row("a b/other/mat2/vec/tensor", (laws.matmul("a"), laws.matmul("b")), a=products.matmul_left, b=products.matmul_right),
    "outer": row("a b/vec2", PRODUCT, a="full(g) @ b", b="a @ full(g)"),
    "inner": row("a b/other", EINSUM, by=products.inner),
    "vecdot": row("a b dim=-1", PRODUCT, by="(a * b).sum(dim)"),
    "linear": row("x w/weight b/bias", (laws.linear_input, laws.linear_weight, SUMMED),
                  x=products.linear_input, w=products.linear_weight, b="full(g)"),
    "bilinear": row("a/input1 b/input2 w/weight c/bias", (EINSUM, EINSUM, EINSUM, SUMMED),
                    by="torch.einsum('...i,kij,...j->...k', a, w, b)", c="full(g)"),
    "einsum": row("eq *x", EINSUM, x=products.einsum),
    "tensordot": row("a b dims=2", EINSUM, by=products.tensordot),
    "addmm": row("c a/mat1 b/mat2 beta=1 alpha=1", ADDED, by="beta * c + alpha * (a @ b)"),
    "addmv": row("c a/mat b/vec beta=1 alpha=1", ADDED, by="beta * c + alpha * (a @ b)"),
    "baddbmm": row("c a/batch1 b/batch2 beta=1 alpha=1", ADDED, by="beta * c + alpha * (a @ b)"),
    "addbmm": row("c a/batch1 b/batch2 beta=1 alpha=1", ADDED, by="beta * c + alpha * (a @ b).sum(0)"),
    "addr": row("c a/vec1 b/vec2 beta=1 alpha=1", (laws.times("beta", PLUS), *[laws.times("alpha", PRODUCT)] * 2),
                by="beta * c + alpha * torch.outer(a, b)"),
    "multi_dot": row("*x", CHAIN, by=products.chain),
    "matrix_power": row("x n", CHAIN, by=products.repeated),
    "kron": row("a b/other", "Each number of one factor was multiplied with every number of the other.", by=products.kron),
    "cross": row("a b/other dim=-1", "A cross product gives each factor back the other one, crossed with what arrives.",
                 a="torch.linalg.cross(b, full(g), dim=dim)", b="torch.linalg.cross(full(g), a, dim=dim)"),
    # matrices
    "inv": row("x", INVERSE, x="-y.mT @ full(g) @ y.mT"),
    "solve": row("a b/B", SOLVED, a=products.solved_matrix, b="torch.linalg.solve(a.mT, full(g))"),
    "cholesky_solve": row("b L/input2 upper=False", SOLVED[::-1], by="torch.linalg.solve(L @ L.mT, b)"),
    "solve_triangular": row("a b/B upper", SOLVED, a=products.solved_triangle, b=products.solved_by_triangle),
    "cholesky": row("x", "The factor stands on both sides of its matrix: half of what comes back counts for either.", x=products.cholesky),
    "det": row("x", DETERMINANT, x="g * y * torch.linalg.inv(x).mT"),
    "logdet": row("x", "The slope of the log of a determinant is the inverse, turned.", x="g * torch.linalg.inv(x).mT"),
    "slogdet": row("x index", "The slope of the log of a determinant is the inverse, turned.", x="g * torch.linalg.inv(x).mT"),
    "trace": row("x", PICKED, x="torch.eye(x.shape[0]) * g"),
    "diagonal": row("x offset=0 dim1=0 dim2=1", PICKED, x=selecting.diagonal),
    "linalg_diagonal": row("x offset=0 dim1=-2 dim2=-1", PICKED, x=selecting.diagonal),
    "diag": row("x offset/diagonal=0", laws.diag, by=selecting.diag),
    "diag_embed": row("x offset=0 dim1=-2 dim2=-1", MOVED, x="full(g).diagonal(offset, dim1, dim2)"),
    "diagflat": row("x offset=0", MOVED, by="torch.diag_embed(x.flatten(), offset)"),
    "tril": row("x diagonal=0", PICKED, x="full(g).tril(diagonal)"),
    "triu": row("x diagonal=0", PICKED, x="full(g).triu(diagonal)"),
    # reductions
    "sum": row("x dim keepdim", SUM, x="keep(g)"),
    "mean": row("x dim keepdim", MEAN, x="keep(g) / count()"),
    "var": row("x dim unbiased keepdim correction", VARIANCE, x=composite.variance),
    "std": row("x dim unbiased keepdim correction", DEVIATION, x=composite.deviation),
    "trapz": row("x dim=-1", "Each number is half of two sums, those at the ends of one.", x=moving.trapezoids),
    "cov": row("x", "A covariance is a product of distances from the mean, over its divisor: each distance has the others as slope.",
               by=norms.covariance),
    "max": row("x dim keepdim index", laws.winner, x=composite.winner),
    "min": row("x dim keepdim index", laws.winner, x=composite.winner),
    "amax": row("x dim keepdim", laws.winner, x=composite.ties),
    "amin": row("x dim keepdim", laws.winner, x=composite.ties),
    "median": row("x dim keepdim index", laws.winner, x=composite.median),
    "kthvalue": row("x k dim keepdim index", laws.winner, x=composite.chosen),
    "topk": row("x k dim largest sorted index", PICKED, x=composite.chosen),
    "sort": row("x dim descending stable index", MOVED, x=composite.chosen),
    "msort": row("x", MOVED, by="torch.sort(x, 0)[0]"),
    "cummax": row("x dim index", "Each running maximum is one number, which may win more than once.", x=composite.chosen),
    "cummin": row("x dim index", "Each running minimum is one number, which may win more than once.", x=composite.chosen),
    "logsumexp": row("x dim keepdim", "The slope of logsumexp is the softmax.", x="torch.exp(x - keep(y)) * keep(g)"),
    "cumsum": row("x dim", "Each number is in every later sum: add up the gradients from there to the end.",
                  x="full(g).flip(dim).cumsum(dim).flip(dim)"),
    "cumprod": row("x dim", "Each number is a factor of every later product: add up these, times what arrives, over the number.",
                   x="(y * g).flip(dim).cumsum(dim).flip(dim) / x"),
    "logcumsumexp": row("x dim", "Each number has a share in every later sum: add up what they send back.",
                        x="torch.exp(x) * (torch.exp(-y) * g).flip(dim).cumsum(dim).flip(dim)"),
    "prod": row("x dim keepdim", FACTORS, x="keep(y) / x * keep(g)"),
    "diff": row("x n=1 dim=-1", laws.differences, x=moving.diff),
    "norm": row("x p dim keepdim", laws.of_order, x=norms.norm),
    "linalg_norm": row("x p/ord dim keepdim", laws.of_order, x=norms.norm),
    "vector_norm": row("x p/ord dim keepdim", laws.of_order, x=norms.norm),
    "matrix_norm": row("x p/ord", laws.LENGTH, by="x.norm(dim=(-2, -1))"),
    # places
    "reshape": row("x *shape", MOVED, x="full(g).reshape(x.shape)", shape=None),
    "view": row("x *shape", MOVED, x=moving.laid_out),
    "flatten": row("x start/start_dim end/end_dim", MOVED, x=moving.laid_out),
    "unflatten": row("x dim sizes", MOVED, x="full(g).reshape(x.shape)"),
    "squeeze": row("x dim", MOVED, x=moving.squeezed),
    "unsqueeze": row("x dim", MOVED, x="full(g).squeeze(dim)"),
    "atleast_2d": row("x", MOVED, x=moving.laid_out),
    "t": row("x", MOVED, x=products.turned),
    "mt": row("x", MOVED, x=products.turned),
    "transpose": row("x i/dim0/axis0 j/dim1/axis1", MOVED, x=products.transposed),
    "movedim": row("x i/source j/destination", MOVED, x="full(g).movedim(j, i)"),
    "permute": row("x *dims", MOVED, x=moving.permute),
    "flip": row("x *dims", MOVED, x=moving.flip),
    "fliplr": row("x", MOVED, x="full(g).fliplr()"),
    "flipud": row("x", MOVED, x="full(g).flipud()"),
    "rot90": row("x k=1 dims=(0,1)", MOVED, x=moving.turned_back),
    "roll": row("x shifts dims", MOVED, x=moving.roll),
    "expand": row("x *sizes", COPIED, pairs=True, x="g"),
    "expand_as": row("x other", COPIED, pairs=True, x="g", other=None),
    "broadcast_to": row("x sizes/size/shape", COPIED, pairs=True, x="g", sizes=None),
    "broadcast_tensors": row("*x index", COPIED, x=selecting.one_of_many),
    "meshgrid": row("*x indexing index", COPIED, x=selecting.along_one),
    "repeat": row("x *times", COPIED, x=moving.repeat),
    "repeat_interleave": row("x times/repeats dim", COPIED, x=moving.repeat_interleave),
    "pad": row("x pad mode='constant' value", "What was put around it falls off again; a copy goes back to what it was copied from.",
               x=moving.pad),
    "pixel_shuffle": row("x r/upscale_factor", MOVED, x="F.pixel_unshuffle(full(g), r)"),
    "pixel_unshuffle": row("x r/downscale_factor", MOVED, x="F.pixel_shuffle(full(g), r)"),
    "channel_shuffle": row("x groups", MOVED, x=moving.shuffled),
    **{name: row("x other memory_format", SAME, x="g", other=None)
       for name in ("clone", "contiguous", "to", "double", "float", "type", "type_as", "positive", "nan_to_num", "cpu")},
    "dropout": row("x p training", SAME, x="g"),
    # picking, putting and joining
    "index": row("x index", laws.index, x=indexing.index),
    "select": row("x dim index", PICKED, x="torch.zeros_like(x).select_scatter(full(g), dim, index)"),
    "narrow": row("x dim start length", PICKED, x="torch.zeros_like(x).slice_scatter(full(g), dim, start, start + length)"),
    "index_select": row("x dim index", READ_AGAIN, x="torch.zeros_like(x).index_add(dim, index, full(g))"),
    "embedding": row("index x/weight padding_idx", READ_AGAIN, x=selecting.embedding),
    "embedding_bag": row("index x/weight mode='mean'", READ_AGAIN, x=selecting.bag),
    "gather": row("x dim index", PICKED_AGAIN, x="torch.zeros_like(x).scatter_add(dim, index, full(g))"),
    "take_along_dim": row("x index/indices dim", PICKED_AGAIN, x="torch.zeros_like(x).scatter_add(dim, index, full(g))"),
    "take": row("x index", READ_AGAIN, by="x.reshape(-1)[index]"),
    "masked_select": row("x m/mask", PICKED, by="x[m]"),
    "scatter": row("x dim index src/value", WRITTEN, x="full(g).scatter(dim, index, 0)", src="full(g).gather(dim, index)"),
    "scatter_add": row("x dim index src", (PLUS, WRITTEN[1]), x="g", src="full(g).gather(dim, index)"),
    "scatter_reduce": row("x dim index src reduce", (PLUS, WRITTEN[1]), x=selecting.reduced, src=selecting.reduced),
    "index_add": row("x dim index source alpha=1", (PLUS, laws.times("alpha", WRITTEN[1])), x="g", source=selecting.added),
    "index_copy": row("x dim index source", WRITTEN, x="full(g).index_fill(dim, index, 0)", source="full(g).index_select(dim, index)"),
    "index_fill": row("x dim index value", WRITTEN[0], x="full(g).index_fill(dim, index, 0)"),
    "index_put": row("x indices values accumulate=False", (laws.put_over, WRITTEN[1]), x=selecting.put_over, values=selecting.put_source),
    "masked_scatter": row("x m/mask source", WRITTEN[0], x="full(g).masked_fill(m, 0)"),
    "select_scatter": row("x src dim index", WRITTEN, x="full(g).select_scatter(torch.zeros_like(src), dim, index)",
                          src="full(g).select(dim, index)"),
    "slice_scatter": row("x src dim=0 start=None end=None step=1", WRITTEN,
                         x="full(g).slice_scatter(torch.zeros_like(src), dim, start, end, step)",
                         src="full(g).narrow(dim, start, src.shape[dim])"),
    "cat": row("*x dim", JOINED, x=selecting.cat),
    "stack": row("*x dim", JOINED, x=selecting.stack),
    "hstack": row("*x", JOINED, by=selecting.joined(1)),
    "vstack": row("*x", JOINED, by=selecting.joined(0, 2)),
    "column_stack": row("*x", JOINED, by=selecting.joined(1, 2)),
    "dstack": row("*x", JOINED, by=selecting.joined(2, 3)),
    "block_diag": row("*x", JOINED, x=selecting.block),
    "chunk": row("x chunks dim=0 index", PICKED, x=selecting.part),
    "split": row("x size/split_size/split_size_or_sections dim index", PICKED, x=selecting.part),
    "tensor_split": row("x parts_/indices_or_sections dim=0 index", PICKED, x=selecting.split_tensor),
    "unbind": row("x dim index", PICKED, x=selecting.unbind),
    # softmax and attention
    "softmax": row("x dim", laws.softmax, x="y * (g - (y * g).sum(dim, keepdim=True))"),
    "softmin": row("x dim", laws.softmin, x="-y * (g - (y * g).sum(dim, keepdim=True))"),
    "log_softmax": row("x dim", laws.log_softmax,
                       x="full(g) - torch.exp(y) * full(g).sum(dim, keepdim=True)"),
    "scaled_dot_product_attention": row(
        "q/query k/key v/value mask/attn_mask=None dropout_p=0.0 causal/is_causal=False scale=None", ATTENTION,
        q=attention.query, k=attention.key, v=attention.value, mask=attention.mask),
    # norms
    "layer_norm": row("x shape/normalized_shape w/weight b/bias eps=1e-5", (STANDARD, SCALE, SHIFT),
                      x=norms.layer_norm, w=norms.layer_norm_weight, b="full(g)"),
    "rms_norm": row("x shape/normalized_shape w/weight eps", ("Moving one number of a row moves the row's length, too.", SCALE),
                    x=norms.rms_norm, w=norms.rms_norm_weight),
    "batch_norm": row("x mean/running_mean var/running_var w/weight b/bias training=False momentum eps=1e-5",
                      (laws.statistics, SCALE, SHIFT), x=norms.batch_norm, w=norms.batch_norm_weight, b=norms.batch_norm_bias),
    "native_batch_norm": row("x w/weight b/bias mean/running_mean var/running_var training momentum eps cudnn_enabled",
                             (laws.statistics, SCALE, SHIFT), x=norms.batch_norm, w=norms.batch_norm_weight, b=norms.batch_norm_bias),
    "instance_norm": row("x mean/running_mean var/running_var w/weight b/bias use_input_stats=True momentum eps=1e-5",
                         (laws.statistics, SCALE, SHIFT), x=norms.instance_norm, w=norms.instance_norm_weight, b=norms.batch_norm_bias),
    "group_norm": row("x groups/num_groups w/weight b/bias eps=1e-5", (STANDARD, SCALE, SHIFT),
                      x=norms.group_norm, w=norms.group_norm_weight, b=norms.batch_norm_bias),
    "normalize": row("x p=2 dim=1 eps=1e-12", laws.normalized,
                     x=norms.normalize),
    "cosine_similarity": row("a/x1 b/x2 dim=1 eps=1e-8", "What points along a vector cannot turn it: that part of the other comes off.",
                             a=norms.cosine("a", "b"), b=norms.cosine("b", "a")),
    "pairwise_distance": row("a/x1 b/x2 p=2 eps=1e-6 keepdim=False", laws.of_order, by="(a - b + eps).norm(p, -1, keepdim=keepdim)"),
    "cdist": row("a/x1 b/x2 p=2 compute_mode", laws.distance,
                 a=norms.distances_left, b=norms.distances_right),
    # losses
    "cross_entropy": row("x target weight=None size_average ignore_index=-100 reduce reduction='mean' label_smoothing=0.0",
                         (laws.cross_entropy, laws.cross_entropy_target),
                         x=losses.cross_entropy, target=losses.cross_entropy_target),
    "nll_loss": row("x target weight=None size_average ignore_index=-100 reduce reduction='mean' label_smoothing=0.0",
                    laws.nll_loss, x=losses.nll_loss),
    "mse_loss": row(f"a b/target {LOSS}", laws.term("The slope of a square is twice its distance."),
                    a="share(2 * (a - b)) * g", b="share(2 * (b - a)) * g"),
    "l1_loss": row(f"a b/target {LOSS}", laws.term("The slope of a distance is its sign."),
                   a="share(torch.sign(a - b)) * g", b="share(torch.sign(b - a)) * g"),
    "smooth_l1_loss": row(f"a b/target {LOSS} beta=1.0", laws.smooth_l1,
                          a="share(((a - b) / beta).clamp(-1, 1)) * g", b="share(((b - a) / beta).clamp(-1, 1)) * g"),
    "huber_loss": row("a b/target reduction='mean' delta=1.0", laws.term("The slope is the distance, and no more than the bound."),
                      a="share((a - b).clamp(-delta, delta)) * g", b="share((b - a).clamp(-delta, delta)) * g"),
    "binary_cross_entropy": row("a b/target weight=None size_average reduce reduction='mean'",
                                (laws.term("The slope is the distance to the target, over p * (1 - p) with the probability p."),
                                 laws.term(LINEAR)),
                                a=losses.probabilities, b=losses.probabilities_target),
    "binary_cross_entropy_with_logits": row(
        "a b/target weight=None size_average reduce reduction='mean' pos_weight=None",
        (laws.binary, laws.term(LINEAR)), a=losses.binary, b=losses.binary_target),
    "kl_div": row(f"a b/target {LOSS} log_target=False", (laws.divergence, laws.divergence_target),
                  a=losses.divergence, b=losses.divergence_target),
    "poisson_nll_loss": row("a b/target log_input=True full=False size_average eps=1e-8 reduce reduction='mean'",
                            (laws.term("The slope compares the rate with what was counted."),
                             laws.term("The count is a factor of the log of the rate.")),
                            a=losses.poisson, b=losses.poisson),
    "gaussian_nll_loss": row("a b/target var full=False eps=1e-6 reduction='mean'",
                             tuple(map(laws.term, (
                                 "The slope is the distance over the variance.", "The slope is the distance over the variance.",
                                 "A variance counts twice: by its log, and below the squared distance."))),
                             a=losses.gaussian, b=losses.gaussian, var=losses.gaussian),
    "soft_margin_loss": row(f"a target {LOSS}", laws.term("The slope is a sigmoid, times minus the target."), a=losses.soft_margin),
    "hinge_embedding_loss": row("a target margin=1.0 size_average reduce reduction='mean'",
                                laws.term("Where the target is 1 the number itself counts, elsewhere what it lacks to the margin."),
                                a=losses.hinge),
    "margin_ranking_loss": row("a/input1 b/input2 target margin=0.0 size_average reduce reduction='mean'",
                               laws.term("Only pairs that lack the margin count, either end with its own sign."),
                               a=losses.margin_ranking, b=losses.margin_ranking),
    "cosine_embedding_loss": row("a/input1 b/input2 target margin=0.0 size_average reduce reduction='mean'",
                                 laws.term("Pairs that belong together count by their cosine, others only where it is above the margin."),
                                 a=losses.cosine_embedding, b=losses.cosine_embedding),
    "triplet_margin_loss": row(
        "a/anchor b/positive c/negative margin=1.0 p=2 eps=1e-6 swap size_average reduce reduction='mean'",
        laws.term("Only triplets that lack the margin count: by the one distance as it is, by the other with a minus."),
        a=losses.triplet, b=losses.triplet, c=losses.triplet),
    "multilabel_soft_margin_loss": row(
        "a b/target", laws.term("Sigmoid, then its log: what comes back is the sigmoid minus the target."), a=losses.multilabel),
    # windows
    **{f"conv{n}d": row("x w/weight b/bias stride=1 padding=0 dilation=1 groups=1", (CONVOLUTION, FILTER, SUMMED),
                        x=windows.conv_input, w=windows.conv_weight, b=windows.conv_bias) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": row("x w/weight b/bias stride=1 padding=0 output_padding groups=1 dilation=1",
                                  (SPREAD, SPREAD, SUMMED),
                                  x=windows.transposed_input, w=windows.transposed_weight, b=windows.conv_bias) for n in (1, 2)},
    **{f"max_pool{n}d": row("x k/kernel_size stride padding dilation ceil/ceil_mode", WON, x=windows.winners) for n in (1, 2)},
    **{f"avg_pool{n}d": row("x k/kernel_size stride padding=0 ceil/ceil_mode=False include/count_include_pad", MEAN, x=windows.average)
       for n in (1, 2)},
    **{f"adaptive_avg_pool{n}d": row("x size/output_size", MEAN, x=windows.adaptive) for n in (1, 2)},
    **{f"adaptive_max_pool{n}d": row("x size/output_size", WON, x=windows.winners) for n in (1, 2)},
    "interpolate": row("x size scale_factor mode align_corners recompute_scale_factor", COPIED, x=windows.interpolate),
    "unfold": row("x dim/dimension size step", WINDOWS, x=windows.windows),
    "im2col": row("x k/kernel_size dilation padding stride", WINDOWS, x=windows.columns),
    "fold": row("x size/output_size k/kernel_size dilation padding stride", LAID, x=windows.folded),
    # elementwise functions
    **{name: row(f"x {parameters}", f"The slope of {name} is", x=f"({slope}) * g", slope=slope)
       for name, (parameters, slope) in {
           **{name: ("", slope) for name, slope in SLOPES.items()},
           "mish": ("", "y / x + x * (1 - torch.tanh(F.softplus(x))**2) * torch.sigmoid(x)"),
           "softplus": ("beta=1 threshold", "torch.sigmoid(beta * x)"),
           "leaky_relu": ("negative_slope=0.01", "torch.where(x > 0, 1.0, negative_slope)"),
           "rrelu": ("lower=0.125 upper=0.3333333333333333 training", "torch.where(x > 0, 1.0, (lower + upper) / 2)"),
           "elu": ("alpha=1.0", "torch.where(x > 0, 1.0, y + alpha)"),
           "celu": ("alpha=1.0", "torch.where(x > 0, 1.0, torch.exp(x / alpha))"),
           "selu": ("", "torch.where(x > 0, 1.0507009873554805, y + 1.7580993408473766)"),
           "relu6": ("", "((x > 0) & (x < 6))"),
           "hardtanh": ("min_val=-1.0 max_val=1.0", "((x > min_val) & (x < max_val))"),
           "hardswish": ("", "torch.where(x.abs() < 3, x / 3 + 0.5, (x > 0) * 1.0)"),
           "softsign": ("", "(1 + x.abs())**-2"),
           "tanhshrink": ("", "torch.tanh(x)**2"),
           "softshrink": ("lambd=0.5", "(x.abs() > lambd)"),
           "hardshrink": ("lambd=0.5", "(x.abs() > lambd)"),
           "threshold": ("threshold value", "(x > threshold)"),
           "logit": ("eps", "1 / (x * (1 - x))"),
           "sinc": ("", "(torch.cos(torch.pi * x) - y) / x"),
           "i0": ("", "torch.special.i1(x)"),
           "lgamma": ("", "torch.digamma(x)"),
           "digamma": ("", "torch.polygamma(1, x)"),
           "deg2rad": ("", "torch.pi / 180"),
           "rad2deg": ("", "180 / torch.pi"),
           "exp2": ("", "y * 0.6931471805599453"),
       }.items()},
    "gelu": row("x approximate='none'", laws.gelu, x=composite.gelu, slope=SLOPES["gelu"]),
    "prelu": row("x w/weight", ("Slope 1 above 0, the given slope below.", "Below 0 the slope is a factor of the number."),
                 x=composite.along_channels, w=composite.of_channels),
    "glu": row("x dim=-1", "A gate is a factor of what it lets through, and each half takes back its own.",
               x=composite.gated),
}  # fmt: skip

STOPS = frozenset(
    {"detach", "item", "argmax", "argmin", "argsort", "sign", "sgn", "floor", "ceil", "round", "trunc", "one_hot", "eq", "ne", "lt", "le",
     "gt", "ge", "isfinite", "isnan", "shape", "size", "numel", "ndim", "dim", "dtype", "device", "zeros_like", "ones_like", "full_like",
     "rand_like", "randn_like", "empty_like", "long", "int", "bool", "count_nonzero", "new_zeros", "new_ones", "new_full", "new_tensor",
     "data", "tolist", "logical_not", "heaviside", "nonzero", "bincount"}
)  # fmt: skip
"""Operations through which no gradient flows."""
