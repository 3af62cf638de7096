"""Rules of reductions with more to say than a sum, and of what takes one of several."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def of_two(operand: str, sign: str) -> Callable[[Site], ast.expr]:
    """What one operand of `maximum` or `minimum` receives: all where it was taken, half where both are equal.

    They are equal on some seeds where they share a number at all, as the 0 of two relus.
    """

    def rule(site: Site) -> ast.expr:
        import torch

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
    if repeats(site):
        names["g"] = site.keep(site.full(site.g))
        return fill(f"torch.zeros_like(x).scatter(d, x.{arg}(d, keepdim=True), g)", names)
    names["y"] = site.keep(site.out)
    return fill("(x == y) * g", names)


def repeats(site: Site) -> bool:
    """Whether the operand holds a number twice: then it may be the largest on some seeds, as the 0 of a relu or of a mask."""
    import torch

    value = torch.as_tensor(site.value("x")).flatten()
    return len(torch.unique(value)) < len(value)


def _is_largest(site: Site) -> bool:
    x, y = site.evaluate(site.x), site.evaluate(site.keep(site.out))
    return bool((x <= y).all())


def ties(site: Site) -> ast.expr:
    """amax and amin share the gradient among equal winners."""
    names = {"x": site.x, "y": site.keep(site.out), "g": site.keep(site.g)}
    if not repeats(site):
        return fill("(x == y) * g", names)
    dims = "" if site.dims is None else f"{ast.unparse(site.along())}, keepdim=True"
    return fill(f"(x == y) / (x == y).sum({dims}) * g", names)


def median(site: Site) -> ast.expr:
    return ties(site) if site.dims is None else chosen(site)


def chosen(site: Site) -> ast.expr:
    """What was chosen along an axis, at the places that the operation gives beside its values."""
    assert isinstance(site.whole, ast.Subscript | ast.Attribute)
    places = ast.Subscript(site.whole.value, ast.Constant(1), ast.Load())
    axis = ast.Constant(-1) if site.value("dim") is None else site.along()
    names = {"x": site.x, "d": axis, "i": places, "g": site.tensor()}
    if len(site.shape(site.out)) < len(site.shape(site.x)):
        names |= {"i": fill("i.unsqueeze(d)", names), "g": fill("g.unsqueeze(d)", names)}
    return fill("torch.zeros_like(x).scatter_add(d, i, g)", names)


def gelu(site: Site) -> ast.expr | Body:
    """With a tanh in the place of the normal distribution, where the author asks for it."""
    if site.value("approximate") == "tanh":
        return Body("0.5 * x * (1 + torch.tanh((2 / torch.pi)**0.5 * (x + 0.044715 * x**3)))")
    return fill(f"({SLOPES['gelu']}) * g", {**site.arguments, "g": site.g})


def along_channels(site: Site) -> ast.expr:
    """`F.prelu`: the slope below 0, one for all or one for each channel."""
    return fill("torch.where(x > 0, 1.0, w) * g", {"x": site.x, "w": _slopes(site), "g": site.full(site.g)})


def of_channels(site: Site) -> ast.expr:
    rank = len(site.shape(site.x))
    names = {"x": site.x, "g": site.full(site.g)}
    if site.value("w").numel() == 1:
        return fill("((x < 0) * x * g).sum().view(1)", names)
    axes = tuple(axis for axis in range(rank) if axis != 1)
    return fill(f"((x < 0) * x * g).sum({axes[0] if len(axes) == 1 else axes})", names)


def _slopes(site: Site) -> ast.expr:
    behind = len(site.shape(site.x)) - 2
    w = site.arguments["w"]
    return fill(f"w.view(-1{', 1' * behind})", {"w": w}) if behind > 0 and site.value("w").numel() > 1 else w


def gated(site: Site) -> ast.expr:
    """`F.glu`: one half times the sigmoid of the other."""
    names = {**site.arguments, "g": site.full(site.g), "y": site.out}
    names["s"] = fill("torch.sigmoid(x.chunk(2, dim)[1])", names)
    return fill("torch.cat([s * g, (1 - s) * y * g], dim)", names)
