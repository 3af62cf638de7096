"""What an exercise's forward must do when it runs: shapes as its comments say, no ties, and a gradient that gradcheck accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from backprop_check.authoring.finding import Finding
from backprop_check.exercise.numbers import axis_lengths
from backprop_check.exercise.sizes import axes
from backprop_check.trace.allowed import line_of
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, seeded
from backprop_check.trace.oracle import trace

SEEDS = range(1, 6)
FAST_ABOVE = 300
"""Input elements from which gradcheck projects the Jacobian instead of measuring all of it: it costs two forwards an element."""

_ALONG_AXIS = {"max", "min", "amax", "amin", "argmax", "argmin", "sort", "argsort", "topk", "median", "kthvalue", "cummax", "cummin"}
_PAIRED = {"maximum", "minimum", "fmax", "fmin"}
_AT_ZERO = {"relu", "relu_", "abs", "absolute", "leaky_relu", "sign", "hardtanh"}


TIES = " If that is what the exercise is about, tell which one in the story, and write `TIES = True` above `inputs`."


def value_findings(graph: Graph) -> Iterator[Finding]:
    """Run the forward at every choice of sizes and on several seeds, and yield what breaks the contract."""
    runs = []
    for sizes in graph.sizes:
        with graph.at(sizes):
            runs.append(graph.forward(graph.inputs(sizes, 1)))
    yield from _shape_findings(graph, runs)
    yield from _infinite_findings(graph)
    yield from _draw_findings(graph)
    yield from _cotangent_findings(graph, runs[0])
    if not graph.scope.get("TIES"):  # else that is what the exercise is about, and autograd's way of sharing is asked for
        yield from _tie_findings(graph)
    yield from _gradcheck_findings(graph)


def _shape_findings(graph: Graph, runs: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    exercise = graph.exercise
    comments = [(line.name, line.name, line.axes, line.number) for line in exercise.lines]
    comments += [(target.name, target.node, target.axes, target.line) for target in exercise.targets]
    for name, node, comment, line in comments:
        if not isinstance(runs[0][node], torch.Tensor):
            if comment:
                yield Finding(exercise.path, line, f"`{node}` is a plain number: take the comment {comment} away.")
            continue
        shapes = [tuple(run[node].shape) for run in runs]
        true = axes(shapes, graph.sizes)
        sayable = [axis_lengths(true, sizes) for sizes in graph.sizes] == shapes
        if not comment and sayable:
            yield Finding(exercise.path, line, f"`{name}` has no shape comment: end the line with `# {true}`.")
        elif (
            comment and [axis_lengths(comment, sizes) for sizes in graph.sizes] != shapes and (sayable or _is_false(comment, graph, shapes))
        ):
            where = next(s for s, shape in zip(graph.sizes, shapes, strict=True) if axis_lengths(comment, s) != shape)
            write = f"write {true}" if sayable else "take the comment away: its lengths are no products of the sizes"
            yield Finding(exercise.path, line, f"the comment says {comment}, but at {_sizes(where)} `{node}` is {true}: {write}.")


def _is_false(comment: str, graph: Graph, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether a comment in words of the sizes says another shape; one in other words (`N//2`) cannot be read."""
    said = [axis_lengths(comment, sizes) for sizes in graph.sizes]
    return None not in said and said != shapes


def _draw_findings(graph: Graph) -> Iterator[Finding]:
    """Inputs are drawn by the checker's seed alone: the same again on the same seed, others on another."""
    sizes, path, line = graph.sizes[0], graph.exercise.path, line_of(graph.exercise, "inputs")
    first, again, other = (graph.inputs(sizes, seed) for seed in (1, 1, 2))
    for name in graph.exercise.inputs:
        if not _same(first[name], again[name]):
            yield Finding(
                path, line, f"`{name}` is drawn anew on the same seed: draw it with torch, as torch.randn, whose generator is seeded."
            )
    if all(_same(first[name], other[name]) for name in graph.exercise.inputs):
        yield Finding(path, line, "`inputs` draws the same on every seed: leave the seeding to the checker, and draw with torch.randn.")
    runs = [graph.forward(first) for _ in range(2)]
    for node in graph.exercise.lines:
        if not _same(runs[0][node.name], runs[1][node.name]):
            yield Finding(path, node.number, f"`{node.name}` is another value each time: what is random belongs into `inputs`.")
            break


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, torch.Tensor):
        return bool(one == other) or (one != one and other != other)  # NaN
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())


def _cotangent_findings(graph: Graph, run: Mapping[str, Any]) -> Iterator[Finding]:
    exercise = graph.exercise
    if run[exercise.output].dim() and not exercise.takes_cotangent:
        line, name = line_of(exercise, "backward"), exercise.output
        yield Finding(
            exercise.path, line, f"the output `{name}` is a tensor: `backward` takes its gradient `d{name}` as its last parameter."
        )


def _infinite_findings(graph: Graph) -> Iterator[Finding]:
    found: dict[str, str] = {}
    for sizes in graph.sizes:
        for seed in SEEDS[:3]:
            for name, gradient in trace(graph, seed, sizes).gradients.items():
                bad = (~torch.isfinite(gradient)).nonzero()
                if len(bad):
                    place = f"[{', '.join(map(str, bad[0].tolist()))}]" if gradient.dim() else ""
                    found.setdefault(name[1:], f"{gradient[tuple(bad[0])].item()} at {name}{place}, at {_sizes(sizes)}")
    for node, what in found.items():
        line = next((x.number for x in graph.exercise.lines if x.name == node), 0)
        advice = "no answer can be judged there: draw other inputs, or take the place out before the operation, not behind it"
        yield Finding(graph.exercise.path, line, f"autograd's gradient of `{node}` is not finite ({what}): {advice}.")


def _tie_findings(graph: Graph) -> Iterator[Finding]:
    found: dict[str, str] = {}
    for sizes in graph.sizes:
        for seed in SEEDS:
            watch = _Ties()
            arguments = graph.inputs(sizes, seed)
            with watch:
                graph.forward(arguments, lambda line, value, _, w=watch: w.at(line.name, value))  # type: ignore[misc]
            found.update(watch.found)
    for name, what in found.items():
        line = next((x.number for x in graph.exercise.lines if x.name == name), 0)
        yield Finding(graph.exercise.path, line, f"{what}: more than one gradient is right there. Draw other inputs." + TIES)


class _Ties(TorchFunctionMode):
    """Looks at the operands of every call that picks a winner, or bends at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: list[str] = []
        self.found: dict[str, str] = {}

    def __torch_function__(self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        operands = [a for a in args if isinstance(a, torch.Tensor) and a.is_floating_point()]
        if (name in _PAIRED or (name in _ALONG_AXIS and len(operands) == 2)) and bool((operands[0] == operands[1]).any()):
            self.pending.append(f"`{name}` compares two equal numbers")
        elif name in _ALONG_AXIS and len(operands) == 1 and _tied(name, operands[0], args, kwargs):
            self.pending.append(f"`{name}` finds a tie")
        elif name in _AT_ZERO and operands and bool((operands[0] == 0).any()):
            self.pending.append(f"`{name}` stands at exactly 0")
        return function(*args, **kwargs)

    def at(self, name: str, value: Any) -> Any:
        """Note what was seen while the line `name` ran."""
        for what in self.pending:
            self.found.setdefault(name, what)
        self.pending.clear()
        return value


def _tied(name: str, operand: torch.Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether equal numbers compete: any two in a sort, the two in front for a largest or smallest."""
    axis = kwargs.get("dim", next((a for a in args[1:] if isinstance(a, int) and not isinstance(a, bool)), None))
    if name in ("topk", "kthvalue"):
        axis = kwargs.get("dim", args[2] if len(args) > 2 else -1)
    elif name in ("sort", "argsort", "median") and axis is None:
        axis = -1
    row = operand.flatten() if axis is None or operand.dim() == 0 else operand.movedim(axis, -1)
    ordered = row.sort(-1, descending=name in ("max", "amax", "argmax", "cummax")).values
    equal = ordered.diff(dim=-1) == 0
    front = name in ("max", "min", "amax", "amin", "argmax", "argmin")
    return bool(equal[..., :1].any() if front else equal.any())


def _gradcheck_findings(graph: Graph) -> Iterator[Finding]:
    sizes = graph.sizes[0]
    arguments = graph.inputs(sizes, 1)
    floats = {n: v for n, v in arguments.items() if isinstance(v, torch.Tensor) and v.is_floating_point()}
    leaves = [v.detach().to(torch.float64).requires_grad_() for v in floats.values()]

    def output(*given: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = graph.forward({**arguments, **dict(zip(floats, given, strict=True))})[graph.exercise.output]
        return result

    try:
        with silent(), seeded(1):
            torch.autograd.gradcheck(output, leaves, fast_mode=sum(v.numel() for v in leaves) > FAST_ABOVE)
    except (RuntimeError, ValueError) as error:
        first = str(error).strip().split("\n", 1)[0]
        yield Finding(graph.exercise.path, 0, f"gradcheck does not accept the forward ({first}): look for a kink, a tie or a step in it.")


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={n}" for name, n in sizes.items())
