"""The gradient that is due: autograd's of the recorded forward."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.live.recorded import LIVE, SINGLE, Found
from backprop_check.recording import Recorder, graph
from backprop_check.recording.graph import Forward
from backprop_check.records import Line, Target, Trial
from backprop_check.trace.graph import Graph, seeded
from backprop_check.trace.oracle import trace

SEARCH = 20_000
"""What is spent (of the diagnosis' `Work`) on one gradient: what is costlier to find is looked for by changes of the backward."""

LONGEST = 40
"""How many lines of a forward are told one by one: what a loop made more of is one line, and its operations are not named."""


def cotangents(outputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The gradients that are handed to the backward: those that the trial `LIVE` of the graph will have; of one number 1."""
    with seeded(LIVE + 1):
        return tuple(
            torch.randn(each.shape, dtype=torch.float64) if each.dim() else torch.ones((), dtype=torch.float64) for each in outputs
        )


def reference(
    recorder: Recorder,
    outputs: Sequence[torch.Tensor],
    above: Sequence[torch.Tensor],
    held: Mapping[int, str],
    names: Mapping[str, Any],
    called_as: str = "forward",
) -> Found | None:
    """Return the recorded forward with its oracle under the gradients from `above`; None where it cannot be had.

    What has too many lines is one, and `called_as` so.
    """
    roots = [recorder.value_of(each) for each in outputs]
    single = len(outputs) == 1
    seeds = [(root, None if single else recorder.value_of(given)) for root, given in zip(roots, above, strict=True)]
    forward = graph(recorder, seeds, names, held=held)
    if forward is None:
        return None
    called = {value: name for name, value in forward.values.items()}
    try:
        whole = _without_detach(forward.graph)
        if single and outputs[0].dim():
            whole = _as_tensor(whole, called[roots[0]])
        trial = trace(whole, LIVE, {})
    except (BadInput, RuntimeError, KeyError):
        return None
    trial = replace(trial, rounding=dict.fromkeys(trial.gradients, SINGLE))
    forward = replace(forward, graph=whole)
    lines = len(whole.exercise.lines)
    if lines > LONGEST and single:
        forward, trial = _in_one(forward, trial, called[roots[0]], called_as)
    given = {}
    for root, tensor in zip(roots, above, strict=True):
        gradient = trial.gradients.get("d" + called[root])
        if gradient is not None and torch.equal(gradient, tensor):
            given[recorder.value_of(tensor)] = "d" + called[root]
    spoken = {name: held[id(value.tensor)] for value, name in given.items() if id(value.tensor) in held}
    return Found(forward.graph, trial, "", {**forward.spoken, **spoken}, forward, given=given, lines=lines, search=SEARCH)


def shares(found: Found, above: Sequence[torch.Tensor], node: str) -> tuple[torch.Tensor, ...]:
    """What each of several gradients from above sends back to a node."""
    assert found.forward is not None
    names = {id(value.tensor): name for name, value in found.forward.values.items() if value.tensor is not None}
    inputs = found.graph.inputs({}, LIVE)
    result = []
    for given in above:
        others = {names[id(each)] for each in above if each is not given and id(each) in names}
        arguments = {n: torch.zeros_like(v) if n in others else v for n, v in inputs.items()}
        leaves = {n: v.requires_grad_() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for n, v in arguments.items()}
        with torch.enable_grad():
            values = found.graph.forward(leaves)
            (back,) = torch.autograd.grad(values[found.graph.exercise.output].sum(), [values[node]], allow_unused=True)
        result.append(torch.zeros_like(values[node]) if back is None else back.detach())
    return tuple(result)


def _without_detach(graph: Graph) -> Graph:
    """Within a custom function's forward autograd is off, so `.detach()` there cuts nothing: the gradient is that of the numbers."""
    lines = tuple(_rewritten(line) if ".detach()" in line.source else line for line in graph.exercise.lines)
    code = tuple((line, compile(f"({line.source}\n)", "<forward>", "eval")) for line in lines)
    there = replace(graph, exercise=replace(graph.exercise, lines=lines), code=code)
    given = there.inputs({}, LIVE)
    leaves = {n: v.requires_grad_() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for n, v in given.items()}
    with torch.enable_grad():
        values = there.forward(leaves)
    targets = tuple(Target("d" + n, 1, "") for n, v in values.items() if isinstance(v, torch.Tensor) and v.requires_grad)
    return replace(there, exercise=replace(there.exercise, targets=targets))


class _Attached(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "detach" and not node.args:
            return node.func.value
        return node


def _rewritten(line: Line) -> Line:
    tree = _Attached().visit(ast.parse(f"({line.source}\n)", mode="eval"))
    return replace(line, source=ast.unparse(tree))


def _as_tensor(graph: Graph, output: str) -> Graph:
    """The graph with a tensor as its output, and that tensor's gradient given."""
    exercise = graph.exercise
    lines = exercise.lines[:-1] if exercise.output != output else exercise.lines
    dropped = {"d" + exercise.output, "d" + output}
    names = (*exercise.inputs, *(line.name for line in lines), "d" + output)
    targets = tuple(target for target in exercise.targets if target.name not in dropped)
    there = replace(exercise, lines=lines, output=output, parameters=names, targets=targets)
    return replace(graph, exercise=there, code=graph.code[: len(lines)])


def _in_one(forward: Forward, trial: Trial, output: str, called_as: str) -> tuple[Forward, Trial]:
    """The forward as one line of its inputs."""
    graph, exercise = forward.graph, forward.graph.exercise

    def computed(*given: Any) -> Any:
        return graph.forward(dict(zip(exercise.inputs, given, strict=True)))[output]

    source = f"{called_as}({', '.join(exercise.inputs)})"
    line = Line(output, source, "", 1, exercise.inputs)
    kept = (*(name for name in exercise.inputs if "d" + name in trial.gradients), output)
    there = replace(
        exercise,
        lines=(line,),
        parameters=(*exercise.inputs, output, *(name for name in exercise.parameters if name == "d" + output)),
        targets=tuple(target for target in exercise.targets if target.node in kept),
    )
    scope = {**graph.scope, called_as: computed}
    whole = replace(graph, exercise=there, scope=scope, code=((line, compile(source, "<forward>", "eval")),))
    values = {name: value for name, value in forward.values.items() if name in (*exercise.inputs, output)}
    gradients = {"d" + name for name in kept}
    return replace(forward, graph=whole, values=values), replace(
        trial,
        values={name: value for name, value in trial.values.items() if name in (*exercise.inputs, output, "d" + output)},
        gradients={name: each for name, each in trial.gradients.items() if name in gradients},
        scales={name: each for name, each in trial.scales.items() if name in gradients},
        rounding={name: each for name, each in trial.rounding.items() if name in gradients},
    )
