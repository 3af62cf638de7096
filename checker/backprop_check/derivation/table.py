"""The local rules: for each operation, the gradient of each operand in terms of the gradient g that arrives at the result y.

A row holds the operation's parameters, the expression each operand receives, and the law in a sentence. Broadcasting is no row's
business: `derive` undoes it for all (`site.unbroadcast`). In a template, the parameters and g and y stand for expressions;
`full(e)` is e in the shape of y, `keep(e)` is e with the reduced axes put back, `count()` the number of terms a mean took,
`dim` the axis as the author wrote it. What no template can say is a function of the site, in `special`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backprop_check.derivation import composite, products, selecting
from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import parsed

Rule = str | Callable[[Site], ast.expr] | None
"""None: the operand lends only its shape."""


@dataclass(frozen=True)
class Row:
    """`parameters` in order (a star gathers the rest), `rules` and `laws` by operand.

    `pairs` says whether operands broadcast against each other; `slope`, of an elementwise function, is its derivative in x and y.
    """

    parameters: tuple[str, ...]
    defaults: Mapping[str, ast.expr]
    rules: Mapping[str, Rule]
    laws: Mapping[str, str]
    pairs: bool = False
    slope: str = ""


def _row(parameters: str, law: str | tuple[str, str], *, pairs: bool = False, slope: str = "", **rules: Rule) -> Row:
    given = [p.partition("=") for p in parameters.split()]
    defaults = {name: parsed(text) for name, _, text in given if text}
    laws = dict(zip(rules, law if isinstance(law, tuple) else [law] * len(rules), strict=True))
    return Row(tuple(name for name, _, _ in given), defaults, rules, laws, pairs, slope)


PLUS = "A plus hands its gradient on unchanged."
LESS = "What something is taken away from gets the gradient unchanged."
PRODUCT = "In a product, each factor's slope is the other factor."
MATMUL = "A matrix product gives each factor back the other one, turned, so that they meet on the axis this factor lacks."
SUM = "A sum hands its gradient to every one of its terms."
MOVED = "Only the places change: going back, every number returns to where it came from."
PICKED = "Only what was picked moved the result: it receives the gradient, and everything else 0."
SOFTMAX = "Each score moves all the probabilities of its row: the row's weighted mean of the gradient comes off."
WINNER = "Only the winner moved the result: it receives the gradient, and everything else 0."

TABLE: dict[str, Row] = {
    "add": _row("a b", PLUS, pairs=True, a="g", b="g"),
    "sub": _row("a b", (LESS, "A minus turns the sign."), pairs=True, a="g", b="-g"),
    "mul": _row("a b", PRODUCT, pairs=True, a="b * g", b="a * g"),
    "div": _row("a b", ("Dividing forward is dividing backward.", "The slope of a / b is -a / b**2 for b."), pairs=True,
                a="g / b", b="-a / b**2 * g"),
    "pow": _row("a b", ("Power rule: the exponent comes down as a factor, and one less stays above.",
                        "A power grows with its exponent by the log of its base."), pairs=True,
                a=products.power, b=products.exponent),
    "neg": _row("x", "A minus turns the sign.", x="-g"),
    "maximum": _row("a b", WINNER, pairs=True, a=composite.of_two("a", ">"), b=composite.of_two("b", "<")),
    "minimum": _row("a b", WINNER, pairs=True, a=composite.of_two("a", "<"), b=composite.of_two("b", ">")),
    "where": _row("m a b", ("Where the condition holds it was used; elsewhere it was not.",
                            "Where the condition fails it was used; elsewhere it was not."), pairs=True,
                  a="torch.where(m, g, 0)", b="torch.where(m, 0, g)"),
    "masked_fill": _row("x m v", "What was masked never reached the result.", pairs=True, x="full(g).masked_fill(m, 0)"),
    "clamp": _row("x min max", "Only numbers within the bounds moved the result.", x=composite.clamp),
    "leaky_relu": _row("x negative_slope", "Slope 1 above 0, the given slope below.", x=composite.leaky_relu),
    "matmul": _row("a b", MATMUL, a=products.matmul_left, b=products.matmul_right),
    "outer": _row("a b", PRODUCT, a="full(g) @ b", b="a @ full(g)"),
    "linear": _row("x w b", MATMUL, x="full(g) @ w", w=products.linear_weight, b=products.linear_bias),
    "einsum": _row("eq *x", "The gradient takes the result's place in the sum of products.", x=products.einsum),
    "sum": _row("x dim keepdim", SUM, x="keep(g)"),
    "mean": _row("x dim keepdim", "A mean hands each of its terms its share of the gradient.", x="keep(g) / count()"),
    "var": _row("x dim unbiased keepdim correction", "A variance's slope is twice the distance from the mean, over its divisor.",
                x=composite.variance),
    "std": _row("x dim unbiased keepdim correction", "A deviation's slope is the distance from the mean, over it and its divisor.",
                x=composite.deviation),
    "max": _row("x dim keepdim", WINNER, x=composite.winner),
    "min": _row("x dim keepdim", WINNER, x=composite.winner),
    "amax": _row("x dim keepdim", WINNER, x=composite.ties),
    "amin": _row("x dim keepdim", WINNER, x=composite.ties),
    "logsumexp": _row("x dim keepdim", "The slope of logsumexp is the softmax.", x="torch.exp(x - keep(y)) * keep(g)"),
    "cumsum": _row("x dim", "Each number is in every later sum: add up the gradients from there to the end.",
                   x="full(g).flip(dim).cumsum(dim).flip(dim)"),
    "prod": _row("x dim keepdim", PRODUCT, x="keep(y) / x * keep(g)"),
    "norm": _row("x p dim keepdim", "The slope of a length is the vector over its length.", x=composite.norm),
    "reshape": _row("x *shape", MOVED, x="full(g).reshape(x.shape)"),
    "view": _row("x *shape", MOVED, x=selecting.laid_out),
    "flatten": _row("x start end", MOVED, x=selecting.laid_out),
    "unflatten": _row("x dim sizes", MOVED, x="full(g).reshape(x.shape)"),
    "squeeze": _row("x dim", MOVED, x=selecting.laid_out),
    "unsqueeze": _row("x dim", MOVED, x="full(g).squeeze(dim)"),
    "t": _row("x", MOVED, x=products.turned),
    "mt": _row("x", MOVED, x=products.turned),
    "transpose": _row("x i j", MOVED, x=products.transposed),
    "movedim": _row("x i j", MOVED, x="full(g).movedim(j, i)"),
    "permute": _row("x *dims", MOVED, x=selecting.permute),
    "flip": _row("x *dims", MOVED, x=selecting.flip),
    "roll": _row("x shifts dims", MOVED, x=selecting.roll),
    "expand": _row("x *sizes", "What was copied collects the gradient of every copy.", pairs=True, x="g"),
    "expand_as": _row("x other", "What was copied collects the gradient of every copy.", pairs=True, x="g", other=None),
    "broadcast_to": _row("x sizes", "What was copied collects the gradient of every copy.", pairs=True, x="g"),
    "repeat": _row("x *times", "What was copied collects the gradient of every copy.", x=selecting.repeat),
    "repeat_interleave": _row("x times dim", "What was copied collects the gradient of every copy.", x=selecting.repeat_interleave),
    "tril": _row("x diagonal=0", PICKED, x="full(g).tril(diagonal)"),
    "triu": _row("x diagonal=0", PICKED, x="full(g).triu(diagonal)"),
    "diagonal": _row("x", PICKED, x="torch.diag(full(g))"),
    "trace": _row("x", PICKED, x="torch.eye(x.shape[0]) * g"),
    "index": _row("x index", PICKED, x=selecting.index),
    "select": _row("x dim index", PICKED, x="torch.zeros_like(x).select_scatter(full(g), dim, index)"),
    "narrow": _row("x dim start length", PICKED, x="torch.zeros_like(x).slice_scatter(full(g), dim, start, start + length)"),
    "index_select": _row("x dim index", "A row that was read several times adds up what each use sends back.",
                         x="torch.zeros_like(x).index_add(dim, index, full(g))"),
    "embedding": _row("index x", "A row that was read several times adds up what each use sends back.",
                      x="torch.zeros_like(x).index_put((index,), full(g), accumulate=True)"),
    "gather": _row("x dim index", PICKED, x="torch.zeros_like(x).scatter_add(dim, index, full(g))"),
    "take_along_dim": _row("x index dim", PICKED, x="torch.zeros_like(x).scatter_add(dim, index, full(g))"),
    "cat": _row("*x dim", "Each part takes back the slice it filled.", x=selecting.cat),
    "stack": _row("*x dim", "Each part takes back the slice it filled.", x=selecting.stack),
    "chunk": _row("x chunks dim index", PICKED, x=selecting.part),
    "split": _row("x size dim index", PICKED, x=selecting.part),
    "unbind": _row("x dim index", PICKED, x=selecting.unbind),
    "softmax": _row("x dim", SOFTMAX, x="y * (g - (y * g).sum(dim, keepdim=True))"),
    "log_softmax": _row("x dim", "log-softmax subtracts the row's logsumexp, whose slope is the softmax.",
                        x="full(g) - torch.exp(y) * full(g).sum(dim, keepdim=True)"),
    "cross_entropy": _row("x target reduction", "Softmax, then its log at the label: what comes back is p - y.", x=composite.cross_entropy),
    "nll_loss": _row("x target reduction", "The loss reads one number a row, at the label, with a minus.", x=composite.nll_loss),
    "mse_loss": _row("a b reduction", "The slope of a square is twice its distance.", a=composite.mse_left, b=composite.mse_right),
    "layer_norm": _row("x shape w b eps", "Moving one number of a row moves the row's mean and its spread too.",
                       x=composite.layer_norm, w=composite.layer_norm_weight, b="full(g)"),
    "conv1d": _row("x w b stride padding", "A convolution is a matrix product with the windows of its input.",
                   x=products.conv_input, w=products.conv_weight, b="full(g).sum((0, 2))"),
    "conv2d": _row("x w b stride padding", "A convolution is a matrix product with the windows of its input.",
                   x=products.conv_input, w=products.conv_weight, b="full(g).sum((0, 2, 3))"),
    "max_pool1d": _row("x k stride", WINNER, x=composite.pool),
    "max_pool2d": _row("x k stride", WINNER, x=composite.pool),
    "avg_pool1d": _row("x k stride", "A mean hands each of its terms its share of the gradient.", x=composite.pool),
    "avg_pool2d": _row("x k stride", "A mean hands each of its terms its share of the gradient.", x=composite.pool),
    "unfold": _row("x dim size step", "A number that stands in several windows adds up what each sends back.", x=composite.windows),
    **{name: _row("x other", "Same numbers, same gradient.", x="g", other=None)
       for name in ("clone", "contiguous", "to", "double", "type_as")},
    **{name: _row("x", f"The slope of {name} is", x=f"({slope}) * g", slope=slope) for name, slope in SLOPES.items()},
}  # fmt: skip

STOPS = frozenset(
    {"detach", "item", "argmax", "argmin", "argsort", "sign", "floor", "ceil", "round", "one_hot", "eq", "ne", "lt", "le", "gt", "ge",
     "isfinite", "shape", "size", "numel", "ndim", "dim", "dtype", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like",
     "long", "int", "bool", "count_nonzero", "new_zeros", "new_ones", "new_full"}
)  # fmt: skip
"""Operations through which no gradient flows."""
