"""Rules of operations that pick, move, join and copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill

WHOLE = ast.Slice(None, None, None)


def index(site: Site) -> ast.expr:
    """`x[...]`: by index tensors, or by slices and whole numbers, which are undone one after the other."""
    given = site.arguments["index"]
    elements = list(given.elts) if isinstance(given, ast.Tuple) else [given]
    if any(not _basic(site, e) for e in elements):
        return _advanced(site, elements)
    steps = list(_steps(site, elements))
    g = site.full(site.g)
    for template, before in reversed(steps):
        g = fill(template, {"g": g, "e": before})
    return g


def _basic(site: Site, element: ast.expr) -> bool:
    if isinstance(element, ast.Slice):
        return True
    value = site.evaluate(element)
    return value is None or value is Ellipsis or (isinstance(value, int) and not isinstance(value, bool))


def _steps(site: Site, elements: list[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """For each element what undoes it, and the expression before it was applied."""
    before, axis = site.x, 0
    for element in elements:
        if isinstance(element, ast.Slice):
            if any(part is not None for part in (element.lower, element.upper, element.step)):
                low, high = (ast.unparse(p) if p else "None" for p in (element.lower, element.upper))
                step = f", {ast.unparse(element.step)}" if element.step else ""
                yield f"torch.zeros_like(e).slice_scatter(g, {axis}, {low}, {high}{step})", before
                before = ast.Subscript(before, _tuple([*[WHOLE] * axis, element]), ast.Load())
            axis += 1
            continue
        value = site.evaluate(element)
        if value is Ellipsis:
            axis = len(site.shape(before)) - sum(1 for e in elements[elements.index(element) + 1 :] if not _is_none(e))
        elif value is None:
            yield f"g.squeeze({axis})", before
            before = fill(f"e.unsqueeze({axis})", {"e": before})
            axis += 1
        else:
            yield f"torch.zeros_like(e).select_scatter(g, {axis}, {ast.unparse(element)})", before
            before = fill(f"e.select({axis}, i)", {"e": before, "i": element})


def _advanced(site: Site, elements: list[ast.expr]) -> ast.expr:
    values = [None if isinstance(e, ast.Slice) else site.evaluate(e) for e in elements]
    shape = site.shape(site.x)
    tensors = [torch.as_tensor(list(v) if isinstance(v, range) else v) for v in values if v is not None]
    names = {"x": site.x, "g": site.full(site.g)}
    if len(elements) == 1 and tensors[0].dtype == torch.bool:
        return fill("torch.zeros_like(x).masked_scatter(m, g)", {**names, "m": elements[0]})
    if len(elements) == len(shape) == 2 and len(tensors) == 2 and tensors[0].tolist() == list(range(shape[0])):
        g = site.g if not site.shape(site.g) else fill("g.unsqueeze(1)", {"g": site.full(site.g)})
        return fill("F.one_hot(i, x.shape[1]) * g", {"x": site.x, "i": elements[1], "g": g})
    if len(tensors) == len(elements):
        places = [_place(e, v) for e, v in zip(elements, values, strict=True)]
        return fill("torch.zeros_like(x).index_put(i, g, accumulate=True)", {**names, "i": _tuple(places, always=True)})
    if len(tensors) == 1 and tensors[0].dim() == 1 and all(v is not None or _whole(e) for v, e in zip(values, elements, strict=True)):
        axis = next(i for i, v in enumerate(values) if v is not None)
        return fill(f"torch.zeros_like(x).index_add({axis}, i, g)", {**names, "i": elements[axis]})
    raise Underivable("an index of slices and tensors together")


def _place(element: ast.expr, value: object) -> ast.expr:
    """An index as `index_put` wants it: a tensor."""
    if isinstance(value, range) and isinstance(element, ast.Call):
        return ast.Call(fill("torch.arange", {}), element.args, [])
    return element if isinstance(value, torch.Tensor) else fill("torch.tensor(e)", {"e": element})


def _whole(element: ast.expr) -> bool:
    return isinstance(element, ast.Slice) and element.lower is element.upper is element.step is None


def _is_none(element: ast.expr) -> bool:
    return isinstance(element, ast.Constant) and element.value is None


def _tuple(elements: list[ast.expr], always: bool = False) -> ast.expr:
    return elements[0] if len(elements) == 1 and not always else ast.Tuple(elements, ast.Load())


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
    names = {"x": site.x, "g": site.full(site.g), "i": site.arguments["index"]}
    if "chunks" in site.arguments:
        size = ast.BinOp(fill(f"x.shape[{axis}]", names), ast.FloorDiv(), site.arguments["chunks"])
        if length % site.value("chunks"):
            raise Underivable("`chunk` into parts of different sizes")
    elif isinstance(site.value("size"), int):
        size = site.arguments["size"]  # type: ignore[assignment]
    else:
        sizes, i = list(site.value("size")), site.value("index")
        at = sum(sizes[: i % len(sizes)])
        return fill(f"torch.zeros_like(x).slice_scatter(g, {axis}, {at}, {at + own})", names)
    i = int(site.value("index")) % -(-length // own)
    low, high = ("i * s" if i > 1 else "s" if i else "0"), ("j * s" if i else "s")
    template = f"torch.zeros_like(x).slice_scatter(g, {axis}, {low}, {high})"
    return fill(template, {**names, "s": size, "i": ast.Constant(i), "j": ast.Constant(i + 1)})


def unbind(site: Site) -> ast.expr:
    names = {"x": site.x, "g": site.full(site.g), "i": site.arguments["index"]}
    return fill(f"torch.zeros_like(x).select_scatter(g, {site.value('dim') or 0}, i)", names)


def laid_out(site: Site) -> ast.expr:
    """The gradient in the operand's shape. One that has a name is contiguous, as `view` wants it; one just computed need not be."""
    g = site.full(site.g)
    return fill(f"g.{_view(g)}(x.shape)", {"g": g, "x": site.x})


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
    names = {"g": site.full(site.g), "s": site.arguments["shifts"], "d": site.arguments.get("dims", ast.Constant(None))}
    return fill("g.roll(-s, d)", names)


def repeat(site: Site) -> ast.expr:
    """Each axis is cut into its copies, and they are added up."""
    times = site.arguments["times"]
    assert isinstance(times, ast.Tuple)
    extra = len(times.elts) - len(site.shape(site.x))
    cut = ", ".join(f"{ast.unparse(k)}" + (f", x.shape[{i - extra}]" if i >= extra else "") for i, k in enumerate(times.elts))
    axes = tuple(i + max(0, i - extra) for i in range(len(times.elts)))
    g = site.full(site.g)
    return fill(f"g.{_view(g)}({cut}).sum({axes})", {"g": g, "x": site.x})


def repeat_interleave(site: Site) -> ast.expr:
    if not isinstance(site.value("times"), int) or site.value("dim") is None:
        raise Underivable("`repeat_interleave` with a tensor, or without an axis")
    axis = site.value("dim") % len(site.shape(site.x))
    return fill(f"g.unflatten({axis}, (-1, k)).sum({axis + 1})", {"g": site.full(site.g), "k": site.arguments["times"]})
