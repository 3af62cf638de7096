"""Rules of `x[...]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from backprop_check.derivation.read import Underivable
from backprop_check.derivation.row import Body
from backprop_check.derivation.site import Site
from backprop_check.derivation.trees import fill

WHOLE = ast.Slice(None, None, None)


def index(site: Site) -> ast.expr | Body:
    """`x[...]`: by index tensors, or by slices and whole numbers, which are undone one after the other."""
    given = site.arguments["index"]
    elements = _plain(site, list(given.elts) if isinstance(given, ast.Tuple) else [given])
    values = [None if isinstance(e, ast.Slice) else site.evaluate(e) for e in elements]
    if len(elements) > 1 and all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return _put(site, elements, values)
    if any(not _basic(e, v) for e, v in zip(elements, values, strict=True)):
        return _advanced(site, elements, values)
    steps = list(_steps(site, elements))
    g = site.tensor()
    for template, before in reversed(steps):
        g = fill(template, {"g": g, "e": before})
    return g


def _plain(site: Site, elements: list[ast.expr]) -> list[ast.expr]:
    """An index without `...`, without whole axes at its end, and with slices as such."""
    plain: list[ast.expr] = []
    for at, element in enumerate(elements):
        value = None if isinstance(element, ast.Slice | ast.Tuple) else site.evaluate(element)
        if value is Ellipsis:
            used = [e for i, e in enumerate(elements) if i != at and not _is_none(e)]
            plain += [WHOLE] * (len(site.shape(site.x)) - sum(max(1, _axes(site, e)) for e in used))
        elif isinstance(value, slice):
            ends = [None if v is None else ast.Constant(v) for v in (value.start, value.stop, value.step)]
            plain.append(ast.Slice(*ends))
        else:
            plain.append(element)
    while len(plain) > 1 and _whole(plain[-1]):
        plain.pop()
    return plain


def _axes(site: Site, element: ast.expr) -> int:
    """How many axes an index takes: a mask of several takes them all."""
    import torch

    value = None if isinstance(element, ast.Slice) else site.evaluate(element)
    return value.dim() if isinstance(value, torch.Tensor) and value.dtype == torch.bool else 1


def _basic(element: ast.expr, value: object) -> bool:
    return isinstance(element, ast.Slice) or value is None or (isinstance(value, int) and not isinstance(value, bool))


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
        elif site.evaluate(element) is None:
            yield f"g.squeeze({axis})", before
            before = fill(f"e.unsqueeze({axis})", {"e": before})
            axis += 1
        else:
            yield f"torch.zeros_like(e).select_scatter(g, {axis}, {ast.unparse(element)})", before
            before = fill(f"e.select({axis}, i)", {"e": before, "i": element})


def _advanced(site: Site, elements: list[ast.expr], values: list[Any]) -> ast.expr | Body:
    import torch

    shape = site.shape(site.x)
    tensors = [torch.as_tensor(list(v) if isinstance(v, range) else v) for v in values if v is not None]
    names = {"x": site.x, "g": site.tensor()}
    if len(elements) == 1 and tensors[0].dtype == torch.bool:
        if tensors[0].dim() < len(shape):
            return fill("torch.zeros_like(x).index_put((m,), g)", {**names, "m": elements[0]})
        return fill("torch.zeros_like(x).masked_scatter(m, g)", {**names, "m": elements[0]})
    if len(elements) == len(shape) == 2 and len(tensors) == 2 and tensors[0].tolist() == list(range(shape[0])) and tensors[1].dim() == 1:
        g = site.g if not site.shape(site.g) else fill("g.unsqueeze(1)", {"g": site.full(site.g)})
        return fill("F.one_hot(i, x.shape[1]) * g", {"x": site.x, "i": _tensor(elements[1], values[1]), "g": g})
    if len(tensors) == len(elements):
        return _put(site, elements, values)
    at = [i for i, v in enumerate(values) if v is not None and not isinstance(v, int)]
    if len(at) != 1:
        raise Underivable("an index of slices and several tensors together")
    (axis,) = at
    places, taken = _tensor(elements[axis], values[axis]), torch.as_tensor(values[axis])
    if bool((taken < 0).any()):
        places = fill(f"i % x.shape[{axis}]", {"i": places, "x": site.x})
    if all(i == axis or _whole(e) for i, e in enumerate(elements)):
        if taken.dim() == 1:
            return fill(f"torch.zeros_like(x).index_add({axis}, i, g)", {**names, "i": places})
        flat = f"torch.zeros_like(x).index_add({axis}, i.flatten(), g.flatten({axis}, {axis + taken.dim() - 1}))"
        return fill(flat, {**names, "i": places})
    if taken.dim() != 1 or any(_is_none(e) for e in elements):
        raise Underivable("an index of slices and tensors together")
    # What is picked by slices and whole numbers first; along the axis that is left, by the tensor.
    first = ast.Subscript(ast.Name("x", ast.Load()), _tuple([WHOLE if i == axis else e for i, e in enumerate(elements)]), ast.Load())
    left = axis - sum(isinstance(v, int) for v in values[:axis])
    return Body(f"({ast.unparse(first)}).index_select({left}, places)", {"places": places})


def _put(site: Site, elements: list[ast.expr], values: list[Any]) -> ast.expr:
    """Of an index of tensors and whole numbers alone."""
    places = [_tensor(e, v) for e, v in zip(elements, values, strict=True)]
    names = {"x": site.x, "g": site.tensor(), "i": _tuple(places, always=True)}
    once = all(isinstance(v, int) for v in values)
    return fill(f"torch.zeros_like(x).index_put(i, g{'' if once else ', accumulate=True'})", names)


def _tensor(element: ast.expr, value: object) -> ast.expr:
    """An index as `index_put` wants it: a tensor."""
    import torch

    if isinstance(value, range) and isinstance(element, ast.Call):
        return ast.Call(fill("torch.arange", {}), element.args, [])
    if isinstance(value, list) and isinstance(element, ast.Call) and ast.unparse(element).startswith("list(range("):
        return _tensor(element.args[0], range(0))
    return element if isinstance(value, torch.Tensor) else fill("torch.tensor(e)", {"e": element})


def _whole(element: ast.expr) -> bool:
    return isinstance(element, ast.Slice) and element.lower is element.upper is element.step is None


def _is_none(element: ast.expr) -> bool:
    return isinstance(element, ast.Constant) and element.value is None


def _tuple(elements: list[ast.expr], always: bool = False) -> ast.expr:
    return elements[0] if len(elements) == 1 and not always else ast.Tuple(elements, ast.Load())
