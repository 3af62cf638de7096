"""Rules of matrix products and what is made of them."""

from __future__ import annotations

import ast

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill, literal

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LAST = ([-2, -1], [-1, -2])
MOST = 5
"""The highest power of a matrix that is written out."""


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
    return ast.BinOp(_turn(names["a"], "T" if rank_a == 2 else "mT"), ast.MatMult(), names["g"])


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
    match node:
        case ast.Attribute(value=base, attr="T" | "mT"):
            return base
        case ast.Call(func=ast.Attribute(value=base, attr="unsqueeze"), args=[axis]) if literal(axis) in (-1, -2):
            return fill("b.unsqueeze(k)", {"b": base, "k": ast.Constant(-3 - int(literal(axis) or 0))})
        case ast.Call(func=ast.Attribute(value=base, attr="transpose" | "swapaxes"), args=args) if [literal(a) for a in args] in LAST:
            return base
    return ast.Attribute(node, attribute, ast.Load())


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
    import torch

    base = site.arguments["a"]
    if not isinstance(site.value("a"), torch.Tensor):
        number = literal(base)
        base = fill("torch.tensor(a)", {"a": fill("float(a)", {"a": base}) if number is None else ast.Constant(float(number))})
    return fill("y * torch.log(a) * g", {"y": site.out, "a": base, "g": site.g})


def linear_input(site: Site) -> ast.expr:
    names = {"w": site.arguments["w"], "g": site.full(site.g)}
    return fill("g.unsqueeze(-1) * w" if len(site.shape(names["w"])) == 1 else "g @ w", names)


def linear_weight(site: Site) -> ast.expr:
    """`x @ w.T`: w is (out, in), and is shared by all rows."""
    names = {"x": site.x, "g": site.full(site.g)}
    if len(site.shape(site.arguments["w"])) == 1:
        return fill("x.T @ g" if len(site.shape(site.x)) == 2 else "(g.unsqueeze(-1) * x)", names)
    rank = len(site.shape(site.x))
    return fill("torch.outer(g, x)" if rank == 1 else "g.T @ x" if rank == 2 else "g.mT @ x", names)


def inner(site: Site) -> Body:
    return Body("a @ b" if len(site.shape(site.arguments["b"])) == 1 else "a @ b.mT")


def chain(site: Site) -> Body:
    """A product of several."""
    return Body(" @ ".join(f"p{i}" for i in range(site.value("parts"))))


def repeated(site: Site) -> Body:
    """A whole power of a matrix."""
    n = site.value("n")
    if not 1 <= n <= MOST:
        raise Underivable(f"a matrix to the power {n}")
    return Body(" @ ".join(["x"] * n))


def kron(site: Site) -> Body:
    if len(site.shape(site.arguments["a"])) != 2 or len(site.shape(site.arguments["b"])) != 2:
        raise Underivable("`kron` of other than matrices")
    return Body("(a[:, None, :, None] * b[None, :, None, :]).reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])")


def tensordot(site: Site) -> Body:
    """The axes that meet share a letter, as in einsum."""
    a, b = (len(site.shape(site.arguments[name])) for name in ("a", "b"))
    dims = site.value("dims")
    if isinstance(dims, int):
        dims = (list(range(a - dims, a)), list(range(dims)))
    if a == b == 2 and dims == ([1], [0]):
        return Body("a @ b")
    first, second = list(LETTERS[:a]), list(LETTERS[a : a + b])
    for i, j in zip(*dims, strict=True):
        second[j] = first[i]
    met = {first[i] for i in dims[0]}
    result = "".join(letter for letter in first + second if letter not in met)
    return Body(f"torch.einsum('{''.join(first)},{''.join(second)}->{result}', a, b)")


def einsum(site: Site) -> ast.expr | Body:
    """The gradient stands where the result stood, and the operand's letters become the result's."""
    equation, place = site.value("eq").replace(" ", ""), int(site.value("place"))
    left, arrow, result = equation.partition("->")
    letters = left.split(",")
    if not arrow:  # letters that stand once, in the order of the alphabet
        result = ("..." if "..." in left else "") + "".join(sorted(c for c in set(left) - set(",.") if left.count(c) == 1))
    own = letters[place]
    if (twice := next((c for c in own if c != "." and own.count(c) > 1), None)) is not None:
        if own != twice * 2:
            raise Underivable("`einsum` with a letter twice in one operand")
        letters[place] = twice
        operands = ", ".join(f"p{i}" + (".diagonal()" if i == place else "") for i in range(len(letters)))
        return Body(f"torch.einsum('{','.join(letters)}->{result}', {operands})")
    others = [(f"p{i}", s) for i, s in enumerate(letters) if i != place]
    inputs = [*([("g", result)] if result else []), *others]
    # A letter that only this operand has was summed over: every place of it receives the same.
    if set(own) - set("".join(s for _, s in inputs)):
        inputs.append(("torch.ones_like(x)", own))
    names = {**{n: site.arguments[n] for n, _ in others}, "g": site.tensor() if result else site.g, "x": site.x}
    product = f"torch.einsum('{','.join(s for _, s in inputs)}->{own}', {', '.join(n for n, _ in inputs)})"
    return fill(product if result else f"{product} * g", names)


def solved_matrix(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.full(site.g), "y": site.out}
    back = fill("torch.linalg.solve(a.mT, g)", names)
    if len(site.shape(site.out)) == len(site.shape(site.arguments["a"])) - 1:
        return fill("-b.unsqueeze(-1) * y.unsqueeze(-2)", {**names, "b": back})
    return fill("-b @ y.mT", {**names, "b": back})


def solved_triangle(site: Site) -> ast.expr:
    """Only its triangle was read."""
    names = {**site.arguments, "g": site.full(site.g), "y": site.out}
    half = "triu" if site.value("upper") else "tril"
    return fill(f"-(b @ y.mT).{half}()", {**names, "b": solved_by_triangle(site)})


def solved_by_triangle(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.full(site.g)}
    return fill(f"torch.linalg.solve_triangular(a.mT, g, upper={not site.value('upper')})", names)


def cholesky(site: Site) -> ast.expr:
    """With S the inverse of the factor y and P = y.T @ g: `S.T @ (tril(P) + tril(P, -1).T) @ S / 2`."""
    names = {"y": site.out, "g": site.full(site.g)}
    inverse, product = fill("torch.linalg.inv(y)", names), fill("y.mT @ g", names)
    return fill("s.mT @ ((p).tril() + (p).tril(-1).mT) @ s / 2", {"s": inverse, "p": product})
