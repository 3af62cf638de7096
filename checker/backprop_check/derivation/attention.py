"""Rules of scaled dot-product attention: softmax of scores between queries and keys, and with it a mean of values."""

from __future__ import annotations

import ast

from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def query(site: Site) -> ast.expr:
    return fill("d @ k * s", _names(site))


def key(site: Site) -> ast.expr:
    return fill("d.mT @ q * s", _names(site))


def value(site: Site) -> ast.expr:
    return fill("p.mT @ g", _names(site))


def mask(site: Site) -> ast.expr:
    """A mask of numbers is added to the scores."""
    return _names(site)["d"]


def _names(site: Site) -> dict[str, ast.expr]:
    """The probabilities p, and what arrives at the scores, d: a softmax's gradient, in which the row's mean is that of the result."""
    given = site.arguments
    names = {"q": given["q"], "k": given["k"], "v": given["v"], "m": given["mask"], "g": site.full(site.g), "y": site.out}
    names["s"] = given["scale"] if site.given("scale") else fill("q.shape[-1]**-0.5", names)
    scores = fill("q @ k.mT * s", names)
    if site.value("causal"):
        later = "torch.ones(q.shape[-2], k.shape[-2]).triu(1) > 0"
        scores = fill(f"(z).masked_fill({later}, float('-inf'))", {**names, "z": scores})
    elif site.given("mask"):
        floats = site.value("mask").is_floating_point()
        scores = fill("z + m" if floats else "(z).masked_fill(~m, float('-inf'))", {**names, "z": scores})
    names["p"] = fill("torch.softmax(z, -1)", {"z": scores})
    names["d"] = fill("p * (g @ v.mT - (g * y).sum(-1, keepdim=True))", names)
    return names
