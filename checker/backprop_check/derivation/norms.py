"""Rules of what is normalised: by the mean and the spread of some axes, or by a length."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def layer_norm(site: Site) -> ast.expr:
    """`r * (h - mean(h) - xhat * mean(h * xhat))` over the last axes, with h = w * g."""
    return _back(site, site.x, _weighed(site, site.arguments.get("w")), _last(site))


def layer_norm_weight(site: Site) -> ast.expr:
    return fill("n * g", {"n": _standard(site, site.x, _last(site)), "g": site.full(site.g)})


def rms_norm(site: Site) -> ast.expr:
    """The same without a mean: `r * (h - xhat * mean(h * xhat))`."""
    h = _weighed(site, site.arguments.get("w"))
    return fill(f"r * (h - n * (n * h).mean({_last(site)}, keepdim=True))", {"h": h, "n": _scaled(site), "r": _root_mean_square(site)})


def rms_norm_weight(site: Site) -> ast.expr:
    return fill("n * g", {"n": _scaled(site), "g": site.full(site.g)})


def _scaled(site: Site) -> ast.expr:
    return fill("x * r", {"x": site.x, "r": _root_mean_square(site)})


def _root_mean_square(site: Site) -> ast.expr:
    eps = " + eps" if site.given("eps") else ""
    return fill(f"((x**2).mean({_last(site)}, keepdim=True){eps})**-0.5", site.arguments)


def _last(site: Site) -> str:
    """The axes of `normalized_shape`, from behind."""
    axes = tuple(range(-len(site.value("shape")), 0))
    return str(axes[0]) if len(axes) == 1 else str(axes)


def batch_norm(site: Site) -> ast.expr:
    """Over all axes but that of the channels; with the statistics of training, nothing comes back through them."""
    h = _weighed(site, _channels(site, "w"))
    if site.value("training"):
        return _back(site, site.x, h, _others(site))
    return fill("h * (v + e)**-0.5", {"h": h, "v": _view(site, "var"), "e": site.arguments["eps"]})


def batch_norm_weight(site: Site) -> ast.expr:
    if site.value("training"):
        normal = _standard(site, site.x, _others(site))
    else:
        names = {"x": site.x, "m": _view(site, "mean"), "v": _view(site, "var"), "e": site.arguments["eps"]}
        normal = fill("(x - m) * (v + e)**-0.5", names)
    return fill(f"(n * g).sum({_others(site)})", {"n": normal, "g": site.full(site.g)})


def batch_norm_bias(site: Site) -> ast.expr:
    return fill(f"g.sum({_others(site)})", {"g": site.full(site.g)})


def instance_norm(site: Site) -> ast.expr:
    """Over the axes of each image and channel alone."""
    return _back(site, site.x, _weighed(site, _channels(site, "w")), _spatial(site))


def instance_norm_weight(site: Site) -> ast.expr:
    return fill(f"(n * g).sum({_others(site)})", {"n": _standard(site, site.x, _spatial(site)), "g": site.full(site.g)})


def group_norm(site: Site) -> ast.expr:
    """Each group of channels is a row of its own."""
    names = {"x": site.x, "k": site.arguments["groups"], "h": _weighed(site, _channels(site, "w"))}
    rows = fill("x.reshape(x.shape[0], k, -1)", names)
    h = fill("h.reshape(x.shape[0], k, -1)", {**names, "h": fill("h", names)})
    return fill("n.reshape(x.shape)", {**names, "n": _back(site, rows, h, "-1")})


def group_norm_weight(site: Site) -> ast.expr:
    rows = fill("x.reshape(x.shape[0], k, -1)", {"x": site.x, "k": site.arguments["groups"]})
    names = {"n": _standard(site, rows, "-1"), "x": site.x, "g": site.full(site.g)}
    return fill(f"(n.reshape(x.shape) * g).sum({_others(site)})", names)


def _others(site: Site) -> str:
    """All axes but 1."""
    axes = (0, *range(2, len(site.shape(site.x))))
    return "0" if axes == (0,) else str(axes)


def _spatial(site: Site) -> str:
    axes = tuple(range(2, len(site.shape(site.x))))
    return str(axes[0]) if len(axes) == 1 else str(axes)


def _view(site: Site, name: str) -> ast.expr:
    """A number for each channel, so that it stands on axis 1."""
    behind = len(site.shape(site.x)) - 2
    return fill(f"v.view(-1{', 1' * behind})", {"v": site.arguments[name]}) if behind else site.arguments[name]


def _channels(site: Site, name: str) -> ast.expr | None:
    return _view(site, name) if site.given(name) else None


def _weighed(site: Site, weight: ast.expr | None) -> ast.expr:
    g = site.full(site.g)
    return g if weight is None or site.evaluate(weight) is None else fill("w * g", {"w": weight, "g": g})


def _back(site: Site, x: ast.expr, h: ast.expr, axes: str) -> ast.expr:
    mean = f"mean({axes}, keepdim=True)"
    names = {"h": h, "n": _standard(site, x, axes), "r": _spread(site, x, axes)}
    return fill(f"r * (h - (h).{mean} - n * (n * h).{mean})", names)


def _standard(site: Site, x: ast.expr, axes: str) -> ast.expr:
    return fill(f"(x - x.mean({axes}, keepdim=True)) * r", {"x": x, "r": _spread(site, x, axes)})


def _spread(site: Site, x: ast.expr, axes: str) -> ast.expr:
    eps = site.arguments.get("eps", ast.Constant(1e-5))
    return fill(f"(x.var({axes}, unbiased=False, keepdim=True) + e)**-0.5", {"x": x, "e": eps})


def norm(site: Site) -> ast.expr | Body:
    """The slope of a length is the vector over its length; of a sum of sizes, the sign; of the largest size, the sign of the largest."""
    p = site.value("p")
    names = {**site.arguments, "y": site.keep(site.out), "g": site.keep(site.g)}
    if p in (None, 2, "fro"):
        return fill("x / y * g", names)
    if p == 1:
        return fill("torch.sign(x) * g", names)
    if not isinstance(p, int | float):
        raise Underivable(f"a norm of order `{p}`")
    if p in (float("inf"), float("-inf")):
        return fill("torch.sign(x) * (x.abs() == y) * g", names)
    return fill("torch.sign(x) * (x.abs() / y)**(p - 1) * g", names)


def normalize(site: Site) -> ast.expr | Body:
    """What points along the result cannot lengthen it: that part comes off."""
    if site.value("p") == 2:
        names = {**site.arguments, "g": site.full(site.g), "y": site.out}
        return fill("(g - y * (y * g).sum(dim, keepdim=True)) / x.norm(dim=dim, keepdim=True)", names)
    return Body("x / x.norm(p, dim, keepdim=True)")


def cosine(mine: str, other: str) -> Callable[[Site], ast.expr]:
    def rule(site: Site) -> ast.expr:
        axis = site.value("dim") % (len(site.shape(site.out)) + 1)
        names = {"a": site.arguments[mine], "b": site.arguments[other], "d": site.arguments["dim"]}
        lengths = {k: fill("v.norm(dim=d, keepdim=True)", {"v": names[k], "d": names["d"]}) for k in ("a", "b")}
        back = {k: fill(f"v.unsqueeze({axis})", {"v": v}) for k, v in (("y", site.out), ("g", site.full(site.g)))}
        names |= {"l": lengths["a"], "m": lengths["b"], **back}
        return fill("(b / (l * m) - y * a / l**2) * g", names)

    return rule


def distances(site: Site, mine: str) -> ast.expr:
    """Of all pairs of rows: each row receives its distance to every other, over its length, times what arrives."""
    first = mine == "a"
    names = {**site.arguments, "y": site.out, "g": site.full(site.g)}
    if site.value("p") == 2:
        same = bool((site.evaluate(site.out) == 0).any())  # a row and itself: nothing comes back through their distance
        names["r"] = fill("(g / y).masked_fill(y == 0, 0)" if same else "g / y", names)
        if first:
            return fill("(r).sum(-1, keepdim=True) * a - (r) @ b", names)
        return fill("(r).sum(-2).unsqueeze(-1) * b - (r).mT @ a", names)
    if site.value("p") == 1:
        if first:
            return fill("(torch.sign(a.unsqueeze(-2) - b.unsqueeze(-3)) * g.unsqueeze(-1)).sum(-2)", names)
        return fill("(torch.sign(b.unsqueeze(-3) - a.unsqueeze(-2)) * g.unsqueeze(-1)).sum(-3)", names)
    raise Underivable("`cdist` of another order than 1 and 2")


def distances_left(site: Site) -> ast.expr:
    return distances(site, "a")


def distances_right(site: Site) -> ast.expr:
    return distances(site, "b")


def covariance(site: Site) -> Body:
    return Body("(x - x.mean(1, keepdim=True)) @ (x - x.mean(1, keepdim=True)).T / (x.shape[1] - 1)")
