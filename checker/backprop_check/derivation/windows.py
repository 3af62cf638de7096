"""Rules of what goes over windows: convolutions and pools."""

from __future__ import annotations

import ast
from typing import Any

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill

OPTIONS = ("stride", "padding", "dilation", "groups")
PLAIN = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def _rank(site: Site) -> int:
    return len(site.shape(site.arguments["w"])) - 2


def _each(value: Any, rank: int) -> tuple[Any, ...]:
    """An option of each axis."""
    return tuple(value) * (rank // len(value)) if isinstance(value, tuple | list) else (value,) * rank


def _option(site: Site, name: str) -> Any:
    """An option as a number for each axis."""
    given = site.value(name)
    return _each(PLAIN[name] if given is None or given == "valid" else given, _rank(site))


def _written(site: Site, *names: str) -> str:
    """The options that are not the usual ones, as keywords."""
    return "".join(
        f", {name}={name}" for name in names if site.value(name) not in (None, PLAIN[name], "valid", (PLAIN[name],) * _rank(site))
    )


def _unusual(site: Site) -> Body | None:
    """A convolution without the axis of examples, or one that pads until the size is the same, in terms of a plain one."""
    rank, kind = _rank(site), f"F.conv{_rank(site)}d"
    if len(site.shape(site.x)) == rank + 1:
        bias = ", b" if site.given("b") else ""
        return Body(f"{kind}(x.unsqueeze(0), w{bias}{_written(site, *OPTIONS)}).squeeze(0)")
    if site.value("padding") != "same":
        return None
    sizes = site.shape(site.arguments["w"])[2:]
    total = [d * (k - 1) for d, k in zip(_option(site, "dilation"), sizes, strict=True)]
    around = [n for t in reversed(total) for n in (t // 2, t - t // 2)]
    bias = ", b" if site.given("b") else ""
    return Body(f"{kind}(F.pad(x, {tuple(around)}), w{bias}{_written(site, 'dilation', 'groups')})")


def conv_input(site: Site) -> ast.expr | Body:
    """Each window's gradient is spread over its window by the kernel: a transposed convolution."""
    if (unusual := _unusual(site)) is not None:
        return unusual
    rank = _rank(site)
    names = {name: site.arguments[name] for name in (*OPTIONS, "x", "w") if name in site.arguments}
    kernel = site.shape(site.arguments["w"])[2:]
    steps, pads, gaps = (_option(site, name) for name in ("stride", "padding", "dilation"))
    own = site.shape(site.x)[2:]
    left = [(n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in zip(own, kernel, steps, pads, gaps, strict=True)]
    more = ""
    if any(left):
        # What the last window does not reach: the axis less its windows.
        reach = [_reach(i + 2, steps[i], pads[i], gaps[i]) for i in range(rank)]
        more = f", output_padding={reach[0] if rank == 1 else '(' + ', '.join(reach) + ')'}"
    names["g"] = site.full(site.g)
    return fill(f"F.conv_transpose{rank}d(g, w{_written(site, *OPTIONS)}{more})", names)


def _reach(axis: int, step: int, pad: int, gap: int) -> str:
    kernel = f"w.shape[{axis}]" if gap == 1 else f"{gap} * (w.shape[{axis}] - 1) - 1"
    return f"(x.shape[{axis}]{f' + {2 * pad}' if pad else ''} - {kernel}) % {step}"


def conv_weight(site: Site) -> ast.expr | Body:
    """The gradient times the windows of the input, added up over the examples."""
    if (unusual := _unusual(site)) is not None:
        return unusual
    return _kernel(site, site.x, site.full(site.g))


def transposed_input(site: Site) -> ast.expr:
    """A convolution with the same kernel."""
    names = {name: site.arguments[name] for name in (*OPTIONS, "w") if name in site.arguments}
    return fill(f"F.conv{_rank(site)}d(g, w{_written(site, *OPTIONS)})", {**names, "g": site.full(site.g)})


def transposed_weight(site: Site) -> ast.expr:
    """The input times the windows of the gradient."""
    return _kernel(site, site.full(site.g), site.x)


def _kernel(site: Site, over: ast.expr, with_: ast.expr) -> ast.expr:
    """The sum over examples and places of `with_`, times the window of `over` that belongs to the place."""
    rank, groups = _rank(site), _option(site, "groups")[0]
    names = {name: site.arguments[name] for name in (*OPTIONS, "w") if name in site.arguments} | {"o": over, "g": with_}
    if rank == 3:
        return _by_convolution(site, names, groups)
    if rank == 2:
        unfolded = f"F.unfold(o, w.shape[2:]{_written(site, 'dilation', 'padding', 'stride')})"
    else:
        options = {name: _option(site, name)[0] for name in ("dilation", "padding", "stride")}
        told = "".join(f", {k}=({PLAIN[k]}, {v})" for k, v in options.items() if v != PLAIN[k])
        unfolded = f"F.unfold(o.unsqueeze(2), (1, w.shape[2]){told})"
    flat = "g.flatten(2)" if rank == 2 else "g"
    if groups == 1:
        return fill(f"({flat} @ {unfolded}.mT).sum(0).view(w.shape)", names)
    parts = f"({flat}.unflatten(1, (groups, -1)) @ {unfolded}.unflatten(1, (groups, -1)).mT)"
    return fill(f"{parts}.sum(0).reshape(w.shape)", names)


def _by_convolution(site: Site, names: dict[str, ast.expr], groups: int) -> ast.expr:
    """With examples and channels exchanged, it is a convolution of the input with the gradient, whose steps are the forward's gaps."""
    if groups != 1:
        raise Underivable("`conv3d` in groups")
    turned = [f"{ours}={theirs}" for ours, theirs in (("stride", "dilation"), ("padding", "padding"), ("dilation", "stride"))
              if _written(site, theirs)]  # fmt: skip
    whole = f"F.conv3d({', '.join(['o.transpose(0, 1)', 'g.transpose(0, 1)', *turned])}).transpose(0, 1)"
    return fill(f"{whole}[:, :, :w.shape[2], :w.shape[3], :w.shape[4]]", names)


def conv_bias(site: Site) -> ast.expr | Body:
    if (unusual := _unusual(site)) is not None:
        return unusual
    axes = (0, *range(2, _rank(site) + 2))
    return fill(f"g.sum({axes})", {"g": site.full(site.g)})


def winners(site: Site) -> ast.expr:
    """Each window gives its gradient back to the place of its winner, which the forward can tell."""
    rank = len(site.shape(site.x)) - 2
    if rank not in (1, 2):
        raise Underivable("pooling without the axes (N, C, ...)")
    assert isinstance(site.whole, ast.Call)
    assert isinstance(site.whole.func, ast.Attribute)
    function = ast.Attribute(ast.Name("F", ast.Load()), site.whole.func.attr, ast.Load())
    told = ast.Call(function, site.whole.args, [*site.whole.keywords, ast.keyword("return_indices", ast.Constant(True))])
    names = {"x": site.x, "g": site.tensor(), "c": told}
    if rank == 1:
        return fill("torch.zeros_like(x).scatter_add(2, c[1], g)", names)
    return fill("torch.zeros_like(x).flatten(2).scatter_add(2, c[1].flatten(2), g.flatten(2)).view(x.shape)", names)


def average(site: Site) -> ast.expr:
    """Each window shares its gradient out among its numbers, and the windows are folded together again."""
    rank = len(site.shape(site.x)) - 2
    if rank not in (1, 2) or site.value("ceil"):
        raise Underivable("pooling without the axes (N, C, ...), or with `ceil_mode`")
    kernel = _each(site.value("k"), rank)
    step = _each(site.value("stride"), rank) if site.given("stride") and site.value("stride") != () else kernel
    pads, own = _each(site.value("padding"), rank), site.shape(site.x)[2:]
    names = {"x": site.x, "g": site.tensor(), **{f"k{i}": _own(site.arguments["k"], kernel, i) for i in range(rank)}}
    names["a"] = fill("k0 * k1" if rank == 2 else "k0", names)
    if step == kernel and not any(pads) and not any(n % k for n, k in zip(own, kernel, strict=True)):
        copied = "".join(f".repeat_interleave(k{i}, {i + 2})" for i, k in enumerate(kernel) if k > 1)
        return fill(f"g{copied} / (a)", names)
    shared, padding = "g / a", f", padding={pads if rank == 2 else (0, *pads)}" if any(pads) else ""
    if site.value("include") is False:
        shared = f"g / (a * F.avg_pool{rank}d(torch.ones_like(x), {kernel}, {step}{f', {pads}' if any(pads) else ''}))"
    copies = f"({shared}).flatten(2).repeat_interleave(a, 1)"
    if rank == 2:
        return fill(f"F.fold({copies}, x.shape[2:], {kernel}{padding}, stride={step})", names)
    return fill(f"F.fold({copies}, (1, x.shape[2]), (1, {kernel[0]}){padding}, stride=(1, {step[0]})).squeeze(2)", names)


def _own(given: ast.expr, value: tuple[int, ...], i: int) -> ast.expr:
    """The size of a window along one axis as the author wrote it."""
    if isinstance(given, ast.Tuple | ast.List):
        return given.elts[i % len(given.elts)]
    return given if isinstance(given, ast.Constant) else ast.Subscript(given, ast.Constant(i), ast.Load())


def adaptive(site: Site) -> Body:
    """A mean of each part, where the parts are of one size."""
    rank = len(site.shape(site.x)) - 2
    parts, own = _each(site.value("size"), rank), site.shape(site.x)[2:]
    axes = tuple(range(2, rank + 2))
    if all(n == 1 for n in parts):
        return Body(f"x.mean({axes}, keepdim=True)")
    if any(n % k for n, k in zip(own, parts, strict=True)):
        raise Underivable("adaptive pooling into parts of different sizes")
    kernel = ", ".join(f"x.shape[{axis}] // {k}" for axis, k in zip(axes, parts, strict=True))
    return Body(f"F.avg_pool{rank}d(x, ({kernel},))")


def interpolate(site: Site) -> Body:
    """Every number is copied into a square of its own."""
    own, larger = site.shape(site.x)[2:], site.shape(site.out)[2:]
    if site.value("mode") not in (None, "nearest") or any(m % n for n, m in zip(own, larger, strict=True)):
        raise Underivable("`interpolate` other than by copies")
    return Body("x" + "".join(f".repeat_interleave({m // n}, {axis + 2})" for axis, (n, m) in enumerate(zip(own, larger, strict=True))))


def windows(site: Site) -> ast.expr:
    """`x.unfold(dim, size, step)`: what stands in several windows adds up."""
    names = {"x": site.x, "g": site.tensor()}
    axis = site.value("dim") % len(site.shape(site.x))
    names |= {name: site.arguments[name] for name in ("size", "step")}
    places = f"torch.arange(x.shape[{axis}]).unfold(0, size, step).flatten()"
    return fill(f"torch.zeros_like(x).index_add({axis}, {places}, g.movedim(-1, {axis + 1}).flatten({axis}, {axis + 1}))", names)


def columns(site: Site) -> ast.expr:
    """`F.unfold(x, kernel)`: the windows are folded together again."""
    return _columns(site, "F.fold(g, x.shape[2:], k")


def folded(site: Site) -> ast.expr:
    """`F.fold(x, size, kernel)`: each window takes its numbers out again."""
    return _columns(site, "F.unfold(g, k")


def _columns(site: Site, call: str) -> ast.expr:
    names = {**site.arguments, "g": site.tensor()}
    usual = {"dilation": (None, 1, (1, 1)), "padding": (None, 0, (0, 0)), "stride": (None, 1, (1, 1))}
    return fill(call + "".join(f", {name}={name}" for name, plain in usual.items() if site.value(name) not in plain) + ")", names)
