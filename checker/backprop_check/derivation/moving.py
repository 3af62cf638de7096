"""Rules of operations that move, copy and put around."""

from __future__ import annotations

import ast

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def laid_out(site: Site) -> ast.expr:
    """The gradient in the operand's shape. One that has a name is contiguous, as `view` wants it; one just computed need not be."""
    g = site.full(site.g)
    return fill(f"g.{_view(g)}(x.shape)", {"g": g, "x": site.x})


def squeezed(site: Site) -> ast.expr:
    """Of one axis of length 1 that was taken away: it is put back."""
    axis = site.value("dim")
    own = len(site.shape(site.x))
    if isinstance(axis, int) and own == len(site.shape(site.out)) + 1:
        return fill("g.unsqueeze(dim)", {**site.arguments, "g": site.full(site.g)})
    return laid_out(site)


def _view(node: ast.expr) -> str:
    return "view" if isinstance(node, ast.Name) else "reshape"


def permute(site: Site) -> ast.expr:
    """The inverse permutation."""
    order = [d % len(site.shape(site.x)) for d in site.value("dims")]
    inverse = [order.index(d) for d in range(len(order))]
    return fill(f"g.permute({', '.join(map(str, inverse))})", {"g": site.full(site.g)})


def flip(site: Site) -> ast.expr:
    return fill(f"g.flip({', '.join(map(str, site.value('dims')))})", {"g": site.full(site.g)})


def roll(site: Site) -> ast.expr:
    shifts = site.arguments["shifts"]
    if isinstance(shifts, ast.Tuple | ast.List):
        back: ast.expr = ast.Tuple([fill("-s", {"s": s}) for s in shifts.elts], ast.Load())
    else:
        back = fill("-s", {"s": shifts})
    names = {"g": site.full(site.g), "s": back, "d": site.arguments.get("dims", ast.Constant(None))}
    return fill("g.roll(s, d)" if site.given("dims") else "g.roll(s)", names)


def repeat(site: Site) -> ast.expr:
    """Each axis is cut into its copies, and they are added up."""
    times = site.arguments["times"]
    assert isinstance(times, ast.Tuple)
    rank = len(site.shape(site.x))
    given: list[ast.expr] = [ast.Constant(1)] * max(0, rank - len(times.elts)) + list(times.elts)
    extra = len(given) - rank
    cut: list[str] = []
    axes: list[int] = []
    for i, k in enumerate(given):
        if site.evaluate(k) != 1 or i < extra:
            axes.append(len(cut))
            cut.append(ast.unparse(k))
        cut += [f"x.shape[{i - extra}]"] if i >= extra else []
    g = site.full(site.g)
    if not axes:
        return g
    return fill(f"g.{_view(g)}({', '.join(cut)}).sum({axes[0] if len(axes) == 1 else tuple(axes)})", {"g": g, "x": site.x})


def repeat_interleave(site: Site) -> ast.expr:
    if not isinstance(site.value("times"), int):
        raise Underivable("`repeat_interleave` by a tensor")
    names = {"g": site.full(site.g), "k": site.arguments["times"], "x": site.x}
    if site.value("dim") is None:
        return fill("g.view(-1, k).sum(1).view(x.shape)", names)
    axis = site.value("dim") % len(site.shape(site.x))
    return fill(f"g.unflatten({axis}, (-1, k)).sum({axis + 1})", names)


def pad(site: Site) -> ast.expr | Body:
    """What was put around it falls off again; of copies of its own numbers, each goes back to where it was copied from."""
    around, rank = list(site.value("pad")), len(site.shape(site.x))
    if site.value("mode") not in (None, "constant"):
        return Body(_copied(around, rank, site.value("mode")))
    g = site.full(site.g)
    if any(n < 0 for n in around):
        return fill(f"F.pad(g, {tuple(-n for n in around)})", {"g": g})
    pairs = [(around[2 * i], around[2 * i + 1]) for i in range(len(around) // 2)][::-1]
    ends = [f"{low or ''}:{-high or ''}" for low, high in pairs]
    if all(end == ":" for end in ends):
        return g
    return fill(f"g[{', '.join([':'] * (rank - len(ends)) + ends)}]", {"g": g})


def _copied(around: list[int], rank: int, mode: str) -> str:
    body = "x"
    for i in range(len(around) // 2):
        axis = rank - 1 - i
        n, places = f"x.shape[{axis}]", f"torch.arange({-around[2 * i]}, x.shape[{axis}] + {around[2 * i + 1]})"
        if mode == "replicate":
            places = f"{places}.clamp(0, {n} - 1)"
        elif mode == "circular":
            places = f"{places} % {n}"
        else:
            places = f"({n} - 1 - ({n} - 1 - {places}.abs()).abs())"
        if any(around[2 * i : 2 * i + 2]):
            body = f"{body}.index_select({axis}, {places})"
    return body


def diff(site: Site) -> ast.expr | Body:
    """Each number was added to one difference and taken from the next."""
    n = site.value("n")
    if n != 1:
        return Body(f"x{'.diff(dim=dim)' * n}")
    axis = site.value("dim") % len(site.shape(site.x))
    behind = len(site.shape(site.x)) - 1 - axis
    names = {"g": site.full(site.g), "d": site.arguments["dim"]}
    around = (0, 0) * behind + (1, 1)
    return fill(f"-F.pad(g, {around}).diff()" if not behind else f"-F.pad(g, {around}).diff(dim=d)", names)


def trapezoids(site: Site) -> Body:
    inner = "x.narrow(dim, {}, x.shape[dim] - 1)"
    return Body(f"({inner.format(0)} + {inner.format(1)}).sum(dim) / 2")


def shuffled(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.full(site.g)}
    return fill("F.channel_shuffle(g, x.shape[1] // groups)", names)


def turned_back(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.full(site.g)}
    return fill("g.rot90(-k, dims)", names)
