"""Rules of reductions with more to say than a sum, of losses, and of what goes over windows."""

from __future__ import annotations

import ast
from collections.abc import Callable

import torch

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def of_two(operand: str, sign: str) -> Callable[[Site], ast.expr]:
    """What one operand of `maximum` or `minimum` receives: all where it was taken, half where both are equal.

    They are equal on some seeds where they share a number at all, as the 0 of two relus.
    """

    def rule(site: Site) -> ast.expr:
        ties = bool(torch.isin(torch.as_tensor(site.value("a")), torch.as_tensor(site.value("b"))).any())
        chosen = f"((a {sign} b) + 0.5 * (a == b)) * g" if ties else f"(a {sign} b) * g"
        return fill(chosen, {**site.arguments, "g": site.g})

    return rule


def clamp(site: Site) -> ast.expr:
    low, high = (site.arguments.get(name) for name in ("min", "max"))
    bounds = [f"(x {sign} {name})" for name, sign, given in (("l", ">=", low), ("h", "<=", high)) if _given(given)]
    names = {"x": site.x, "g": site.g, "l": low or ast.Constant(None), "h": high or ast.Constant(None)}
    return fill(f"({' & '.join(bounds)}) * g", names)


def _given(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and node.value is None)


def leaky_relu(site: Site) -> ast.expr:
    slope = site.arguments.get("negative_slope", ast.Constant(0.01))
    return fill("torch.where(x > 0, 1.0, s) * g", {"x": site.x, "s": slope, "g": site.g})


def variance(site: Site) -> ast.expr:
    """`2 * (x - mean) / (n - 1) * g`."""
    return fill("2 * d / n * g", {"d": _distance(site), "n": _divisor(site), "g": site.keep(site.g)})


def deviation(site: Site) -> ast.expr:
    """`(x - mean) / ((n - 1) * y) * g`."""
    return fill("d / n / y * g", {"d": _distance(site), "n": _divisor(site), "y": site.keep(site.out), "g": site.keep(site.g)})


def _distance(site: Site) -> ast.expr:
    if site.dims is None:
        return fill("x - x.mean()", {"x": site.x})
    return fill("x - x.mean(d, keepdim=True)", {"x": site.x, "d": site.along()})


def _divisor(site: Site) -> ast.expr:
    less = site.value("correction")
    if less is None:
        less = 0 if site.value("unbiased") is False else 1
    return fill("n - c", {"n": site.count(), "c": ast.Constant(less)}) if less else site.count()


def winner(site: Site) -> ast.expr:
    """The place of the largest (or smallest) number of each row: the first of equal ones. Of a whole tensor equal ones share."""
    if site.dims is None:
        return ties(site)
    rank, (axis,) = len(site.shape(site.x)), site.dims
    names = {"x": site.x, "g": site.keep(site.full(site.g) if site.shape(site.g) else site.g), "d": site.along()}
    arg = "argmax" if _is_largest(site) else "argmin"
    if axis == rank - 1 == 1:
        return fill(f"F.one_hot(x.{arg}(d), x.shape[{axis}]) * g", names)
    if _repeats(site):
        names["g"] = site.keep(site.full(site.g))
        return fill(f"torch.zeros_like(x).scatter(d, x.{arg}(d, keepdim=True), g)", names)
    names["y"] = site.keep(site.out)
    return fill("(x == y) * g", names)


def _repeats(site: Site) -> bool:
    """Whether the operand holds a number twice: then it may be the largest on some seeds, as the 0 of a relu or of a mask."""
    value = torch.as_tensor(site.value("x")).flatten()
    return len(torch.unique(value)) < len(value)


def _is_largest(site: Site) -> bool:
    x, y = site.evaluate(site.x), site.evaluate(site.keep(site.out))
    return bool((x <= y).all())


def ties(site: Site) -> ast.expr:
    """amax and amin share the gradient among equal winners."""
    names = {"x": site.x, "y": site.keep(site.out), "g": site.keep(site.g)}
    if not _repeats(site):
        return fill("(x == y) * g", names)
    dims = "" if site.dims is None else f"{ast.unparse(site.along())}, keepdim=True"
    return fill(f"(x == y) / (x == y).sum({dims}) * g", names)


def norm(site: Site) -> ast.expr:
    if site.value("p") not in (None, 2, 2.0, "fro"):
        raise Underivable("a norm other than the Euclidean one")
    return fill("x / y * g", {"x": site.x, "y": site.keep(site.out), "g": site.keep(site.g)})


def _mean_share(site: Site, count: str) -> str:
    reduction = site.value("reduction") or "mean"
    if reduction == "none":
        raise Underivable("`reduction='none'`")
    return f" / {count}" if reduction == "mean" else ""


def cross_entropy(site: Site) -> ast.expr:
    """`(p - onehot) / n`, for scores (N, C) and labels (N,)."""
    _labels(site)
    share = _mean_share(site, "x.shape[0]")
    return fill(f"(torch.softmax(x, 1) - F.one_hot(t, x.shape[1])){share} * g", {"x": site.x, "t": site.arguments["target"], "g": site.g})


def nll_loss(site: Site) -> ast.expr:
    _labels(site)
    share = _mean_share(site, "x.shape[0]")
    return fill(f"-F.one_hot(t, x.shape[1]){share} * g", {"x": site.x, "t": site.arguments["target"], "g": site.g})


def _labels(site: Site) -> None:
    if len(site.shape(site.x)) != 2 or len(site.shape(site.arguments["target"])) != 1:
        raise Underivable("a loss of other shapes than (N, C) and (N,)")


def mse_left(site: Site) -> ast.expr:
    return _mse(site, "a", "b")


def mse_right(site: Site) -> ast.expr:
    return _mse(site, "b", "a")


def _mse(site: Site, own: str, other: str) -> ast.expr:
    share = _mean_share(site, "a.numel()")
    return fill(f"2 * (a - b){share} * g", {"a": site.arguments[own], "b": site.arguments[other], "g": site.g})


def layer_norm(site: Site) -> ast.expr:
    """`r * (h - mean(h) - xhat * mean(h * xhat))` over the last axis, with h = w * g."""
    _last_axis(site)
    weighed = fill("w * g", {"w": site.arguments["w"], "g": site.full(site.g)}) if "w" in site.arguments else site.full(site.g)
    mean = "mean(-1, keepdim=True)"
    template = f"r * (h - (h).{mean} - n * (h * n).{mean})"
    return fill(template, {"h": weighed, "n": _normalised(site), "r": _inverse_spread(site)})


def layer_norm_weight(site: Site) -> ast.expr:
    _last_axis(site)
    return fill("n * g", {"n": _normalised(site), "g": site.full(site.g)})


def _last_axis(site: Site) -> None:
    if len(site.value("shape")) != 1:
        raise Underivable("`layer_norm` over more than the last axis")


def _inverse_spread(site: Site) -> ast.expr:
    eps = site.arguments.get("eps", ast.Constant(1e-5))
    return fill("(x.var(-1, unbiased=False, keepdim=True) + e)**-0.5", {"x": site.x, "e": eps})


def _normalised(site: Site) -> ast.expr:
    return fill("(x - x.mean(-1, keepdim=True)) * r", {"x": site.x, "r": _inverse_spread(site)})


def pool(site: Site) -> ast.expr:
    """Each window gives its gradient back to its winner, or to all in equal shares, and the windows are folded together again."""
    x, y = site.evaluate(site.x), site.evaluate(site.out)
    if x.dim() - 2 not in (1, 2):
        raise Underivable("pooling without the axes (N, C, ...)")
    two = x.dim() == 4
    k = site.value("k")
    pair = (tuple(k) if isinstance(k, tuple | list) else (k, k)) if two else (1, k if isinstance(k, int) else k[0])
    step = site.value("stride") or k
    hop = (tuple(step) if isinstance(step, tuple | list) else (step, step)) if two else (1, step if isinstance(step, int) else step[0])
    n, c, area = "x.shape[0]", "x.shape[1]", pair[0] * pair[1]
    image = "x" if two else "x.unsqueeze(2)"
    windows = f"F.unfold({image}, {pair}, stride={hop}).view({n}, {c}, {area}, -1)"
    arrived = f"g.reshape({n}, {c}, 1, -1)"
    if _averages(x, y):
        share = f"({arrived} / {area}).expand(-1, -1, {area}, -1)"
    else:
        # The first of equal winners, as torch counts: in windows of a relu all may be 0.
        share = f"F.one_hot({windows}.argmax(2), {area}).mT * {arrived}"
    size = "x.shape[2:]" if two else "(1, x.shape[2])"
    folded = f"F.fold(({share}).flatten(1, 2), {size}, {pair}, stride={hop})"
    return fill(folded if two else f"{folded}.squeeze(2)", {"x": site.x, "y": site.out, "g": site.full(site.g)})


def _averages(x: torch.Tensor, y: torch.Tensor) -> bool:
    return not bool(torch.isin(y, x).all())


def windows(site: Site) -> ast.expr:
    """`x.unfold(dim, size, step)`, or `F.unfold(x, kernel)`: what stands in several windows adds up."""
    names = {"x": site.x, "g": site.full(site.g)}
    if len(site.shape(site.out)) == 3 and len(site.shape(site.x)) == 4:
        return fill("F.fold(g, x.shape[2:], k)", {**names, "k": site.arguments["dim"]})
    axis = site.value("dim") % len(site.shape(site.x))
    names |= {name: site.arguments[name] for name in ("size", "step")}
    places = f"torch.arange(x.shape[{axis}]).unfold(0, size, step).flatten()"
    return fill(f"torch.zeros_like(x).index_add({axis}, {places}, g.movedim(-1, {axis + 1}).flatten({axis}, {axis + 1}))", names)
