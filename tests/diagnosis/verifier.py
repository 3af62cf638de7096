"""Whether the claims of a report hold, asked independently: from the JSON, the exercise and the submission, on seeds and sizes of its own.

Imports nothing of the package. The submission is code of this repository's tests, and runs here.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F

TRIALS = 3
CLOSE = 1e-7


class Trial:
    """One draw of an exercise: its values, every node's gradient, and what a submission gives for one target."""

    def __init__(self, module: ModuleType, tree: ast.Module, sizes: Mapping[str, int], seed: int) -> None:
        self.module, self.lines, self.output = module, *_forward(tree)
        torch.manual_seed(seed)
        drawn = module.inputs(**sizes)
        self.values = {name: v.double() if _floats(v) else v for name, v in drawn.items()}
        self.cotangent = torch.randn((), dtype=torch.float64)
        live = self.run()
        if "d" + self.output in _parameters(tree, "backward"):
            self.cotangent = torch.randn_like(live[self.output])
        else:
            self.cotangent = torch.ones_like(live[self.output])
        nodes = {name: v for name, v in live.items() if _floats(v) and v.requires_grad}
        found = torch.autograd.grad(live[self.output], list(nodes.values()), self.cotangent, allow_unused=True)
        self.gradients = {"d" + n: torch.zeros_like(v) if g is None else g for (n, v), g in zip(nodes.items(), found, strict=True)}
        self.values = {name: v.detach() if isinstance(v, torch.Tensor) else v for name, v in live.items()}

    def run(self, change: Callable[[str, Callable[[Mapping[str, Any]], Any], dict[str, Any]], Any] | None = None) -> dict[str, Any]:
        """Run the forward with every floating input a leaf; `change(line, compute, names)` may give another value for a line."""
        inputs = [n for n in self.values if n not in self.lines]
        names = {n: self.values[n].detach().clone().requires_grad_() if _floats(self.values[n]) else self.values[n] for n in inputs}
        for name, source in self.lines.items():

            def compute(known: Mapping[str, Any], source: str = source) -> Any:
                return eval(source, {**vars(self.module), "F": F, **known})

            names[name] = compute(names) if change is None else change(name, compute, names)
        return names

    def gradient_as(self, node: str, change: Callable[..., Any], stops: Mapping[str, torch.Tensor] | None = None) -> torch.Tensor:
        """The gradient of `node`, were the forward `change`d; taken up at the lines `stops` where given, else at the output."""
        kept: dict[str, torch.Tensor] = {}
        total = torch.zeros((), dtype=torch.float64)
        leaf: list[torch.Tensor] = []

        def through(line: str, compute: Callable[..., Any], names: dict[str, Any]) -> Any:
            value = change(line, compute, names)
            if line == node:
                value = self.values[node].clone().requires_grad_()
                leaf.append(value)
            if stops is not None and line in stops and line != node:
                kept[line] = value
                return self.values[line]
            return value

        names = self.run(through)
        start = leaf[0] if leaf else names[node]
        if stops is None:
            total = (names[self.output] * self.cotangent).sum()
        else:
            total = sum(((value * stops[line]).sum() for line, value in kept.items()), total)
        if not total.requires_grad:
            return torch.zeros_like(self.values[node])
        (found,) = torch.autograd.grad(total, [start], allow_unused=True)
        return torch.zeros_like(self.values[node]) if found is None else found

    def answer(self, submission: ast.Module, target: str) -> torch.Tensor | None:
        """What the submission gives for the target, every other gradient being autograd's once it was written; None where it raises."""
        names = {**vars(self.module), "F": F, **{n: v.clone() if isinstance(v, torch.Tensor) else v for n, v in self.values.items()}}
        names["d" + self.output] = self.cotangent
        body = next(n for n in submission.body if isinstance(n, ast.FunctionDef) and n.name == "backward").body
        found = None
        with torch.no_grad():
            for statement in body:
                written = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                written |= {n.value.id for n in ast.walk(statement) if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
                            and isinstance(n.ctx, ast.Store)}  # fmt: skip
                try:
                    exec(compile(ast.Module([statement], []), "<submission>", "exec"), names)
                except Exception:
                    if target in written:
                        return None
                for name in written & self.gradients.keys():
                    if name == target:
                        found = names.get(name)
                    else:
                        names[name] = self.gradients[name].clone()
        return found.double() if isinstance(found, torch.Tensor) else None


def false_claims(report: Mapping[str, Any], exercise: Path, submission: Path) -> Iterator[str]:
    """Yield each claim of a report (as JSON) that does not hold."""
    tree, answers = ast.parse(exercise.read_text()), ast.parse(submission.read_text())
    trials = list(itertools.islice(_trials(exercise, tree), TRIALS))
    for gradient in report["gradients"]:
        for diagnosis in gradient["diagnoses"]:
            for claim in diagnosis["claims"]:
                for trial in trials:
                    if not _holds(trial, answers, gradient["name"], claim):
                        yield f"{gradient['name']} {diagnosis['code']}: {claim}"
                        break


def counted(report: Mapping[str, Any]) -> int:
    return sum(len(diagnosis["claims"]) for gradient in report["gradients"] for diagnosis in gradient["diagnoses"])


def _holds(trial: Trial, answers: ast.Module, target: str, claim: Mapping[str, Any]) -> bool:
    kind, node = claim["kind"], target[1:]
    gradient, answer = trial.gradients[target], trial.answer(answers, target)
    if kind == "equal":
        known = {**vars(trial.module), "torch": torch, "F": F, **trial.values, **trial.gradients, "gradient": gradient, "answer": answer}
        known["d" + trial.output] = trial.cotangent
        if answer is None and "answer" in claim["left"] + claim["right"]:
            return True
        left, right = (torch.as_tensor(eval(claim[side], known)).double() for side in ("left", "right"))
        return left.shape == right.shape and _near(left, right)
    if kind in ("slope", "as-if", "gradient-of", "uses-taken") and answer is None:
        return False
    assert kind in ("shapes", "raised", "slope", "as-if", "gradient-of", "uses-taken"), f"no such kind of claim: {kind}"
    if kind == "gradient-of":
        return _near(_part_gradient(trial, claim["line"], claim["part"]), answer)
    if kind == "uses-taken":
        return _near(gradient + (claim["times"] - 1) * sum(_of_use(trial, node, line, use) for line, use in claim["uses"]), answer)
    if kind in ("slope", "as-if"):
        change = _slope(trial, claim) if kind == "slope" else _as_if(trial, claim)
        consumers = {
            line: trial.gradients["d" + line] for line in trial.lines if "d" + line in trial.gradients and _reads(trial.lines[line], node)
        }
        ways = [None, consumers]
        return any(_near(trial.gradient_as(node, change, stops), answer) for stops in ways)
    return True


def _as_if(trial: Trial, claim: Mapping[str, Any]) -> Callable[..., Any]:
    def change(line: str, compute: Callable[..., Any], names: dict[str, Any]) -> Any:
        if line not in claim["lines"]:
            return compute(names)
        other = eval(claim["lines"][line], {**vars(trial.module), "torch": torch, "F": F, **names})
        return _Kept.apply(other.expand(trial.values[line].shape), trial.values[line])

    return change


def _slope(trial: Trial, claim: Mapping[str, Any]) -> Callable[..., Any]:
    """The derivative of one operation by one operand taken for another: the operand enters through `x * taken`."""
    place = ast.parse(trial.lines[claim["line"]].strip(), mode="eval").body

    def change(line: str, compute: Callable[..., Any], names: dict[str, Any]) -> Any:
        if line != claim["line"]:
            return compute(names)
        scope = {**vars(trial.module), "torch": torch, "F": F, **names}
        x, y = eval(claim["by"], scope), eval(claim["of"], scope)
        taken = eval(claim["taken"], {"torch": torch, "x": x.detach(), "y": y.detach()})
        fixed = eval(claim["of"].replace(claim["by"], "_by"), {**scope, "_by": x.detach()})
        part = _Kept.apply((fixed + taken * x).expand(y.shape), y.detach())
        whole = ast.unparse(place).replace(claim["of"], "_part", 1)
        return eval(whole, {**scope, "_part": part})

    return change


def _part_gradient(trial: Trial, line: str, part: str) -> torch.Tensor:
    scope = {**vars(trial.module), "torch": torch, "F": F, **trial.values}
    leaf = eval(part, scope).detach().clone().requires_grad_()
    whole = eval(ast.unparse(ast.parse(trial.lines[line].strip(), mode="eval")).replace(part, "_part"), {**scope, "_part": leaf})
    (found,) = torch.autograd.grad((whole * trial.gradients["d" + line]).sum(), [leaf], allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


def _of_use(trial: Trial, node: str, line: str, use: int) -> torch.Tensor:
    tree = ast.parse(f"({trial.lines[line].strip()}\n)", mode="eval")
    uses = sorted((n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == node), key=lambda n: (n.lineno, n.col_offset))
    leaf = trial.values[node].clone().requires_grad_()
    for k, name in enumerate(uses):
        name.id = "_leaf" if k == use else "_still"
    scope = {**vars(trial.module), "torch": torch, "F": F, **trial.values, "_leaf": leaf, "_still": trial.values[node]}
    value = eval(compile(tree, "<use>", "eval"), scope)
    (found,) = torch.autograd.grad((value * trial.gradients["d" + line]).sum(), [leaf], allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


class _Kept(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, other: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *arrives: torch.Tensor) -> tuple[torch.Tensor, None]:
        return arrives[0], None


def _trials(exercise: Path, tree: ast.Module) -> Iterator[Trial]:
    spec = importlib.util.spec_from_file_location("an_exercise", exercise)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        spec.loader.exec_module(module)
        inputs = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "inputs")
        own = {a.arg: ast.literal_eval(d) for a, d in zip(inputs.args.args, inputs.args.defaults, strict=True)}
        for seed in itertools.count(771):
            listed = [{**own, **choice} for choice in getattr(module, "SIZES", ())]
            other = {name: n + 2 + 3 * ((seed + k) % 3) for k, (name, n) in enumerate(own.items())}
            yield Trial(module, tree, [own, *listed][seed % (1 + len(listed))] if listed else (own, other)[seed % 2], seed)
    finally:
        torch.set_default_dtype(before)


def _forward(tree: ast.Module) -> tuple[dict[str, str], str]:
    body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "forward").body
    lines = {n.targets[0].id: ast.unparse(n.value) for n in body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)}
    (output,) = [n.value.id for n in body if isinstance(n, ast.Return) and isinstance(n.value, ast.Name)]
    return lines, output


def _parameters(tree: ast.Module, name: str) -> list[str]:
    return [a.arg for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name for a in n.args.args]


def _floats(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _reads(source: str, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(ast.parse(source.strip(), mode="eval")))


def _near(left: torch.Tensor, right: torch.Tensor) -> bool:
    if left.shape != right.shape:
        return False
    scale = max(1.0, *(float(t.abs().max()) for t in (left, right) if t.numel()))
    return bool(((left - right).abs() <= CLOSE * scale).all() | ~torch.isfinite(right).all())
