"""Rules of losses over classes, and of losses that are told by their definition."""

from __future__ import annotations

import ast

from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill

REDUCED = {"mean": ".mean()", "sum": ".sum()", "none": ""}


def reduced(template: str, site: Site) -> Body:
    return Body(f"({template}){REDUCED[site.value('reduction') or 'mean']}")


def cross_entropy(site: Site) -> ast.expr:
    """`(p - onehot) / n`, for scores (N, C, ...); each row times the weight of its label, smoothed, 0 where it is not to count."""
    axis = _axis(site)
    names = {"p": fill(f"torch.softmax(x, {axis})", {"x": site.x}), "q": _due(site, axis)}
    if _of_labels(site) and not site.value("label_smoothing"):
        return _weighed(site, fill("p - q", names), axis)
    if site.given("weight"):
        names["w"] = _along(site, site.arguments["weight"], axis)
        return _weighed(site, fill(f"p * (w * q).sum({axis}, keepdim=True) - w * q", names), axis)
    ones = _of_labels(site) or bool(((site.value("target").sum(axis) - 1).abs() < 1e-9).all())
    return _weighed(site, fill("p - q" if ones else f"p * q.sum({axis}, keepdim=True) - q", names), axis)


def cross_entropy_target(site: Site) -> ast.expr:
    """What a target of probabilities receives: minus the log of the softmax."""
    axis = _axis(site)
    names = {"x": site.x, "s": site.arguments["label_smoothing"]}
    slope = fill(f"-F.log_softmax(x, {axis})", names)
    if site.value("label_smoothing"):
        slope = fill("(1 - s) * l", {**names, "l": slope})
    if site.given("weight"):
        slope = fill("w * l", {"w": _along(site, site.arguments["weight"], axis), "l": slope})
    return _weighed(site, slope, axis)


def nll_loss(site: Site) -> ast.expr:
    axis = _axis(site)
    return _weighed(site, fill("-q", {"q": _onehot(site, axis)}), axis)


def _axis(site: Site) -> int:
    return 1 if len(site.shape(site.x)) > 1 else 0


def _of_labels(site: Site) -> bool:
    return not bool(site.value("target").is_floating_point())


def _onehot(site: Site, axis: int) -> ast.expr:
    labels = fill("t.clamp(min=0)" if _ignores(site) and site.value("ignore_index") < 0 else "t", {"t": site.arguments["target"]})
    turned = ".movedim(-1, 1)" if len(site.shape(site.x)) > 2 else ""
    return fill(f"F.one_hot(t, x.shape[{axis}]){turned}", {"t": labels, "x": site.x})


def _due(site: Site, axis: int) -> ast.expr:
    """The probabilities that the scores are held against."""
    due = _onehot(site, axis) if _of_labels(site) else site.arguments["target"]
    if site.value("label_smoothing"):
        names = {"q": due, "s": site.arguments["label_smoothing"], "x": site.x}
        return fill(f"(1 - s) * q + s / x.shape[{axis}]", names)
    return due


def _ignores(site: Site) -> bool:
    """Whether a label is one that is not to count: here, or, where it is a class, in another trial."""
    ignored = site.value("ignore_index")
    return _of_labels(site) and (ignored >= 0 or bool((site.value("target") == ignored).any()))


def _along(site: Site, weights: ast.expr, axis: int) -> ast.expr:
    """Weights of the classes, so that they stand on the axis of the classes."""
    behind = len(site.shape(site.x)) - 1 - axis
    return fill(f"w.view(-1{', 1' * behind})", {"w": weights}) if behind else weights


def _weighed(site: Site, slope: ast.expr, axis: int) -> ast.expr:
    """The slope of each row's loss, with what the row counts for, its share in a mean, and what arrives."""
    names = {"x": site.x, "t": site.arguments["target"], "i": site.arguments["ignore_index"], "l": slope}
    smooth, factors = bool(site.value("label_smoothing")), []
    if site.given("weight"):
        labels = "w[t.clamp(min=0)]" if _ignores(site) and site.value("ignore_index") < 0 else "w[t]"
        names["w"] = fill(labels, {"w": site.arguments["weight"], "t": names["t"]})
        factors += ["w"] if _of_labels(site) else []
    if _ignores(site):
        factors.append("(t != i)")
    rows = fill(" * ".join(factors), names) if factors else None
    reduction = site.value("reduction") or "mean"
    names["n"] = fill("r.sum()", {"r": rows}) if rows is not None else _rows(site)
    counted = factors if not smooth else [f for f in factors if f != "w"]
    names["r"] = fill(f"({' * '.join(counted)}).unsqueeze({axis})", names) if counted else names["l"]
    names["g"] = fill(f"g.unsqueeze({axis})", {"g": site.full(site.g)}) if reduction == "none" else site.g
    share = " / n" if reduction == "mean" and (len(site.shape(site.x)) > 1 or rows is not None) else ""
    return fill(f"(l) * r{share} * g" if counted else f"(l){share} * g", names)


def _rows(site: Site) -> ast.expr:
    """How many rows are averaged."""
    rank = len(site.shape(site.x))
    if rank <= 2:
        return fill("x.shape[0]" if rank == 2 else "1", {"x": site.x})
    return fill("t.numel()" if _of_labels(site) else "x.numel() / x.shape[1]", {"x": site.x, "t": site.arguments["target"]})


def binary(site: Site) -> ast.expr:
    """What the scores receive: the sigmoid less the target; with `pos_weight`, the positive ones count for more."""
    slope = "(1 + (p - 1) * b) * torch.sigmoid(a) - p * b" if site.given("pos_weight") else "torch.sigmoid(a) - b"
    return _elementwise(site, slope, p=site.arguments["pos_weight"])


def binary_target(site: Site) -> ast.expr:
    slope = "p * F.softplus(-a) - F.softplus(a)" if site.given("pos_weight") else "a"
    return _elementwise(site, f"-({slope})", p=site.arguments["pos_weight"])


def probabilities(site: Site) -> ast.expr:
    return _elementwise(site, "(a - b) / (a * (1 - a))")


def probabilities_target(site: Site) -> ast.expr:
    return _elementwise(site, "torch.log(1 - a) - torch.log(a)")


def _elementwise(site: Site, slope: str, **more: ast.expr) -> ast.expr:
    names = {**site.arguments, **more}
    weighed = fill(f"weight * ({slope})" if site.given("weight") else slope, names)
    return fill("l * g", {"l": site.share(weighed), "g": site.g})


def divergence(site: Site) -> ast.expr:
    slope = fill("-torch.exp(b)" if site.value("log_target") else "-b", site.arguments)
    return fill("l * g", {"l": site.share(slope), "g": site.g})


def divergence_target(site: Site) -> ast.expr:
    slope = "torch.exp(b) * (b - a + 1)" if site.value("log_target") else "torch.log(b) + 1 - a"
    return fill("l * g", {"l": site.share(fill(slope, site.arguments)), "g": site.g})


def poisson(site: Site) -> Body:
    each = "torch.exp(a) - b * a" if site.value("log_input") else "a - b * torch.log(a + eps)"
    return reduced(each, site)


def gaussian(site: Site) -> Body:
    return reduced("0.5 * (torch.log(var) + (a - b)**2 / var)", site)


def margin_ranking(site: Site) -> Body:
    return reduced("torch.relu(margin - target * (a - b))", site)


def hinge(site: Site) -> Body:
    return reduced("torch.where(target == 1, a, torch.relu(margin - a))", site)


def soft_margin(site: Site) -> Body:
    return reduced("F.softplus(-target * a)", site)


def cosine_embedding(site: Site) -> Body:
    cosine = "F.cosine_similarity(a, b, dim=-1)"
    return reduced(f"torch.where(target > 0, 1 - {cosine}, torch.relu({cosine} - margin))", site)


def triplet(site: Site) -> Body:
    return reduced("torch.relu(F.pairwise_distance(a, b, eps=eps) - F.pairwise_distance(a, c, eps=eps) + margin)", site)


def multilabel(site: Site) -> Body:
    return Body("F.binary_cross_entropy_with_logits(a, b.double())")
