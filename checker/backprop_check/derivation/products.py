"""Rules of matrix products and what is made of them."""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill, literal


def matmul_left(site: Site) -> ast.expr:
    """What `a` receives in `a @ b`: the product of the gradient with b, turned."""
    rank_a, rank_b = len(site.shape(site.arguments["a"])), len(site.shape(site.arguments["b"]))
    names = {"b": site.arguments["b"], "g": site.g if rank_a == rank_b == 1 else site.full(site.g)}
    if rank_a == 1:
        return fill("b * g" if rank_b == 1 else "b @ g" if rank_b == 2 else "(b @ g.unsqueeze(-1)).squeeze(-1)", names)
    if rank_b == 1:
        return fill("torch.outer(g, b)" if rank_a == 2 else "g.unsqueeze(-1) * b", names)
    return ast.BinOp(names["g"], ast.MatMult(), _turn(names["b"], "T" if rank_b == 2 else "mT"))


def matmul_right(site: Site) -> ast.expr:
    """What `b` receives in `a @ b`: the product of a, turned, with the gradient."""
    rank_a, rank_b = len(site.shape(site.arguments["a"])), len(site.shape(site.arguments["b"]))
    names = {"a": site.arguments["a"], "g": site.g if rank_a == rank_b == 1 else site.full(site.g)}
    if rank_b == 1:
        return fill("a * g" if rank_a == 1 else "a.T @ g" if rank_a == 2 else "a * g.unsqueeze(-1)", names)
    if rank_a == 1:
        return fill("torch.outer(a, g)" if rank_b == 2 else "a.unsqueeze(-1) * g.unsqueeze(-2)", names)
    return fill("a.T @ g" if rank_a == 2 else "a.mT @ g", names)


def turned(site: Site) -> ast.expr:
    """`x.T`: a product `a.T @ b` that arrives is written `b.T @ a`, as one who has the shapes in mind would."""
    g = site.full(site.g)
    attribute = "T" if len(site.shape(site.x)) == 2 else "mT"
    if isinstance(g, ast.BinOp) and isinstance(g.op, ast.MatMult) and (_is_turned(g.left) or _is_turned(g.right)):
        return ast.BinOp(_turn(g.right, attribute), ast.MatMult(), _turn(g.left, attribute))
    return ast.Attribute(g, attribute, ast.Load())


def transposed(site: Site) -> ast.expr:
    """`x.transpose(i, j)`."""
    rank = len(site.shape(site.x))
    last = {site.value("i") % rank, site.value("j") % rank} == {rank - 2, rank - 1}
    given = {"g": site.full(site.g), "i": site.arguments["i"], "j": site.arguments["j"]}
    back = turned(site) if last else None
    return back if isinstance(back, ast.BinOp) else fill("g.transpose(i, j)", given)


def _is_turned(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("T", "mT")


def _turn(node: ast.expr, attribute: str) -> ast.expr:
    return node.value if isinstance(node, ast.Attribute) and node.attr in ("T", "mT") else ast.Attribute(node, attribute, ast.Load())


def power(site: Site) -> ast.expr:
    """What the base receives in `a**b`: in terms of the result where that is a whole power of it, `-0.5 * y**3` of `(v + e)**-0.5`."""
    names = {"a": site.arguments["a"], "b": site.arguments["b"], "y": site.out, "g": site.g}
    exponent = literal(names["b"])
    if exponent and isinstance(site.out, ast.Name) and not isinstance(names["a"], ast.Name) and exponent < 1:
        turns = (exponent - 1) / exponent
        if turns == int(turns):
            return fill(f"b * y**{int(turns)} * g", names)
    return fill("b * a**(b - 1) * g", names)


def exponent(site: Site) -> ast.expr:
    """What the exponent receives in `a**b`."""
    base = "torch.log(a)" if isinstance(site.value("a"), torch.Tensor) else "torch.tensor(float(a)).log()"
    return fill(f"y * {base} * g", {"y": site.out, "a": site.arguments["a"], "g": site.g})


def linear_weight(site: Site) -> ast.expr:
    """`x @ w.T`: w is (out, in), and is shared by all rows."""
    names = {"x": site.x, "g": site.full(site.g)}
    return fill("g.T @ x" if len(site.shape(site.x)) == 2 else "g.mT @ x", names)


def linear_bias(site: Site) -> ast.expr:
    return site.full(site.g)


def einsum(site: Site) -> ast.expr:
    """The gradient stands where the result stood, and the operand's letters become the result's."""
    equation, place = site.value("eq").replace(" ", ""), int(site.value("place"))
    if "->" not in equation or "." in equation:
        raise Underivable("`einsum` without `->`, or with `...`")
    left, result = equation.split("->")
    letters = left.split(",")
    own = letters[place]
    if len(set(own)) < len(own):
        raise Underivable("`einsum` with a letter twice in one operand")
    others = [(f"p{i}", s) for i, s in enumerate(letters) if i != place]
    inputs = [("g", result), *others]
    # A letter that only this operand has was summed over: every place of it receives the same.
    if set(own) - set("".join(s for _, s in inputs)):
        inputs.append(("torch.ones_like(x)", own))
    names = {**{n: site.arguments[n] for n, _ in others}, "g": site.full(site.g), "x": site.x}
    return fill(f"torch.einsum('{','.join(s for _, s in inputs)}->{own}', {', '.join(n for n, _ in inputs)})", names)


def conv_input(site: Site) -> ast.expr:
    """Each window's gradient is spread over its window by the kernel: a transposed convolution."""
    kind = len(site.shape(site.x)) - 2
    options = "".join(f", {name}={name}" for name in ("stride", "padding") if name in site.arguments)
    names = {name: site.arguments[name] for name in ("stride", "padding") if name in site.arguments}
    return fill(f"F.conv_transpose{kind}d(full, w{options})", {**names, "full": site.full(site.g), "w": site.arguments["w"]})


def conv_weight(site: Site) -> ast.expr:
    """The gradient times the windows of the input, added up over the examples."""
    two = len(site.shape(site.x)) == 4
    names = {name: site.arguments.get(name, ast.Constant(default)) for name, default in (("stride", 1), ("padding", 0))}
    names |= {"x": site.x, "w": site.arguments["w"], "g": site.full(site.g)}
    if two:
        return fill("(g.flatten(2) @ F.unfold(x, w.shape[2:], padding=padding, stride=stride).mT).sum(0).view(w.shape)", names)
    windows = "F.unfold(x.unsqueeze(2), (1, w.shape[2]), padding=(0, padding), stride=(1, stride))"
    return fill(f"(g @ {windows}.mT).sum(0).view(w.shape)", names)
