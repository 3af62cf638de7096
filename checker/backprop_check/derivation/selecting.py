"""Rules of operations that pick, put and join."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill


def cat(site: Site) -> ast.expr:
    """The slice that this part filled: behind the parts before it."""
    axis = site.value("dim") or 0
    axis %= len(site.shape(site.out))
    before = [f"p{i}.shape[{axis}]" for i in range(int(site.value("place")))]
    low = " + ".join(before)
    own = f"x.shape[{axis}]"
    last = len(before) + 1 == site.value("parts")
    high = "" if last else f"{low} + {own}" if low else own
    parts = {f"p{i}": site.arguments[f"p{i}"] for i in range(len(before))}
    return fill(f"g[{':, ' * axis}{low}:{high}]", {**parts, "x": site.x, "g": site.full(site.g)})


def stack(site: Site) -> ast.expr:
    axis = (site.value("dim") or 0) % len(site.shape(site.out))
    return fill(f"g[{':, ' * axis}{site.value('place')}]", {"g": site.full(site.g)})


def part(site: Site) -> ast.expr:
    """`x.chunk(k, dim)[i]` and `x.split(size, dim)[i]`: the slice goes back to where it was cut out."""
    axis = (site.value("dim") or 0) % len(site.shape(site.x))
    length, own = site.shape(site.x)[axis], site.shape(site.out)[axis]
    names = {"x": site.x, "g": site.tensor(), "i": site.arguments["index"]}
    if "chunks" in site.arguments:
        size: ast.expr = ast.BinOp(fill(f"x.shape[{axis}]", names), ast.FloorDiv(), site.arguments["chunks"])
        if length % site.value("chunks"):
            size = fill(f"-(-x.shape[{axis}] // c)", {**names, "c": site.arguments["chunks"]})
    elif isinstance(site.value("size"), int):
        size = site.arguments["size"]
    else:
        sizes, i = list(site.value("size")), site.value("index")
        at = sum(sizes[: i % len(sizes)])
        return fill(f"torch.zeros_like(x).slice_scatter(g, {axis}, {at}, {at + own})", names)
    i = int(site.value("index")) % -(-length // own)
    low, high = ("i * s" if i > 1 else "s" if i else "0"), ("j * s" if i else "s")
    template = f"torch.zeros_like(x).slice_scatter(g, {axis}, {low}, {high})"
    return fill(template, {**names, "s": size, "i": ast.Constant(i), "j": ast.Constant(i + 1)})


def unbind(site: Site) -> ast.expr:
    names = {"x": site.x, "g": site.tensor(), "i": site.arguments["index"]}
    return fill(f"torch.zeros_like(x).select_scatter(g, {site.value('dim') or 0}, i)", names)


def split_tensor(site: Site) -> Body:
    """`tensor_split(x, k)`: parts of one size, as `chunk` gives them."""
    if not isinstance(site.value("parts_"), int) or site.shape(site.x)[site.value("dim")] % site.value("parts_"):
        raise Underivable("`tensor_split` into parts of different sizes")
    return Body("torch.chunk(x, parts_, dim)[index]")


def joined(axis: int, rank: int = 1) -> Callable[[Site], Body]:
    """`hstack` and its like: parts of fewer axes get some, and are joined along `axis`."""

    def rule(site: Site) -> Body:
        places = range(site.value("parts"))
        ranks = [len(site.shape(site.arguments[f"p{i}"])) for i in places]
        at = 0 if axis == 1 and rank == 1 and ranks[0] == 1 else axis
        lifted = [_lifted(f"p{i}", n, rank, axis) for i, n in zip(places, ranks, strict=True)]
        return Body(f"torch.cat([{', '.join(lifted)}], {at})")

    return rule


def _lifted(part: str, own: int, rank: int, axis: int) -> str:
    if own >= rank:
        return part
    return f"{part}.unsqueeze({1 if axis == 1 else 0})" if rank == 2 else f"{part}.unsqueeze(2)" if own == 2 else f"{part}[None, :, None]"


def one_of_many(site: Site) -> Body:
    """`torch.broadcast_tensors(x, u)[i]`."""
    if site.value("index") != site.value("place"):
        return Body("torch.zeros_like(x)")
    return Body("x.expand(like)", {"like": ast.Attribute(site.out, "shape", ast.Load())})


def along_one(site: Site) -> Body:
    """`torch.meshgrid(u, v)[i]`: the numbers of one, along an axis of their own."""
    place, rank = int(site.value("place")), len(site.shape(site.out))
    axis = 1 - place if site.value("indexing") == "xy" and place < 2 else place
    shape = ", ".join("-1" if i == axis else "1" for i in range(rank))
    if site.value("index") != place:
        return Body("torch.zeros_like(x)")
    return Body(f"x.view({shape}).expand(like)", {"like": ast.Attribute(site.out, "shape", ast.Load())})


def block(site: Site) -> ast.expr:
    """The block that this part filled."""
    names = {**site.arguments, "g": site.full(site.g)}
    if any(len(site.shape(site.arguments[f"p{i}"])) != 2 for i in range(site.value("parts"))):
        raise Underivable("`block_diag` of other than matrices")
    before = [" + ".join(f"p{i}.shape[{axis}]" for i in range(int(site.value("place")))) for axis in (0, 1)]
    cut = ", ".join(f"{low}:{low}{' + ' if low else ''}x.shape[{axis}]" for axis, low in enumerate(before))
    return fill(f"g[{cut}]", names)


def added(site: Site) -> ast.expr:
    """What was added at places of an axis receives what is there."""
    return fill("alpha * g.index_select(dim, index)", {**site.arguments, "g": site.full(site.g)})


def put_source(site: Site) -> ast.expr:
    given = site.arguments["indices"]
    inner = given.elts[0] if isinstance(given, ast.Tuple) and len(given.elts) == 1 else given
    return ast.Subscript(site.full(site.g), inner, ast.Load())


def put_over(site: Site) -> ast.expr:
    """What was written over did not reach the result."""
    names = {**site.arguments, "g": site.full(site.g)}
    return fill("g" if site.value("accumulate") else "g.index_put(indices, torch.zeros_like(values))", names)


def bag(site: Site) -> ast.expr:
    """Rows that are read, and added up or averaged."""
    if len(site.shape(site.arguments["index"])) != 2 or site.value("mode") not in ("sum", "mean"):
        raise Underivable("`embedding_bag` with offsets, or of maxima")
    share = " / index.shape[1]" if site.value("mode") == "mean" else ""
    names = {**site.arguments, "g": site.full(site.g)}
    return fill(f"torch.zeros_like(x).index_put((index,), g.unsqueeze(1){share}, accumulate=True)", names)


def embedding(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.full(site.g)}
    if site.given("padding_idx"):
        names["g"] = fill("g * (index != padding_idx).unsqueeze(-1)", names)
    return fill("torch.zeros_like(x).index_put((index,), g, accumulate=True)", names)


def reduced(site: Site) -> Body:
    if site.value("reduce") != "sum":
        raise Underivable("`scatter_reduce` other than by sums")
    return Body("x.scatter_add(dim, index, src)")


def diagonal(site: Site) -> ast.expr:
    names = {**site.arguments, "g": site.tensor()}
    ends = site.value("dim1"), site.value("dim2")
    if len(site.shape(site.x)) == 2 and ends in ((0, 1), (-2, -1)):
        if site.shape(site.x)[0] == site.shape(site.x)[1]:
            return fill("torch.diag(g, offset)" if site.value("offset") else "torch.diag(g)", names)
        ends = (0, 1)
    told = "" if ends == (0, 1) else ", dim1=dim1, dim2=dim2"
    moved = ", offset" if site.value("offset") else ""
    return fill(f"torch.zeros_like(x).diagonal_scatter(g{moved}{told})", names)


def diag(site: Site) -> Body:
    if len(site.shape(site.x)) == 1:
        return Body("torch.diag_embed(x, offset)")
    return Body("torch.diagonal(x, offset)")
