"""Whether the claims of a report hold, asked independently: from the JSON, the exercise and the submission, on seeds and sizes of its own.

Imports nothing of the package. The submission is code of this repository's tests, and runs here.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib.util
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        self.there: dict[str, Any] = {}  # the names as they were where a submission raised
        torch.manual_seed(seed)
        drawn = module.inputs(**sizes)
        self.values = {name: v.double() if _floats(v) else v for name, v in drawn.items()}
        self.cotangent = torch.randn((), dtype=torch.float64)
        live = self.run()
        self.given = "d" + self.output in _parameters(tree, "backward")
        if self.given:
            self.cotangent = torch.randn(live[self.output].shape)  # contiguous, as everything that is handed on
        else:
            self.cotangent = torch.ones_like(live[self.output])
        nodes = {name: v for name, v in live.items() if _floats(v) and v.requires_grad}
        found = torch.autograd.grad((live[self.output] * self.cotangent).sum(), list(nodes.values()), allow_unused=True)
        self.gradients = {
            "d" + n: (torch.zeros_like(v) if g is None else g).contiguous() for (n, v), g in zip(nodes.items(), found, strict=True)
        }
        self.values = {name: v.detach().contiguous() if isinstance(v, torch.Tensor) else v for name, v in live.items()}

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

    def answer(self, submission: ast.Module, target: str) -> torch.Tensor | Exception | None:
        """What the submission gives for the target, every other gradient being autograd's once it was written; or what it raises."""
        names = {**vars(self.module), **{n: v.clone() if isinstance(v, torch.Tensor) else v for n, v in self.values.items()}}
        if self.given:
            names["d" + self.output] = self.cotangent
        for statement in submission.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                exec(compile(ast.Module([statement], []), "<submission>", "exec"), names)
        found = None
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of `2(x)` when it reads it
            for statement in _statements(submission):
                written = _written(statement)
                try:
                    exec(compile(ast.Module([statement], []), "<submission>", "exec"), names)
                except Exception as error:
                    if target in written:
                        self.there = names
                        return error
                for name in written & self.gradients.keys():
                    if name == target:
                        found = names.get(name)
                    else:
                        names[name] = self.gradients[name].clone()
        return found.double() if isinstance(found, torch.Tensor) else None


def false_claims(report: Mapping[str, Any], exercise: Path, submission: Path) -> Iterator[str]:
    """Yield each claim of a report (as JSON) that does not hold."""
    told = [(g["name"], d["code"], claim) for g in report["gradients"] for d in g["diagnoses"] for claim in d["claims"]]
    tree, answers = ast.parse(exercise.read_text()), _parsed(submission.read_text())
    trials = list(itertools.islice(_trials(exercise, tree), TRIALS)) if told else []
    for name, code, claim in told:
        if not _stands(trials, answers, name, claim):
            yield f"{name} {code}: {claim}"


def _stands(trials: Sequence[Trial], answers: ast.Module, target: str, claim: Mapping[str, Any]) -> bool:
    if claim["kind"] == "raised":  # in some trial; an answer that is wrong at other sizes need not raise at its own
        return any(_is_error(trial.answer(answers, target), claim["error"]) for trial in trials)
    if claim["kind"] == "shapes":
        answer, due = trials[0].answer(answers, target), trials[0].values[target[1:]]
        got = list(answer.shape) if isinstance(answer, torch.Tensor) else claim["got"][0]
        return claim["got"][0] == got and claim["due"][0] == list(due.shape)
    if claim["kind"] == "met":
        error, there = trials[0].answer(answers, target), trials[0].there
        return isinstance(error, Exception) and all(list(eval(part, dict(there)).shape) == got for part, got in claim["shapes"].items())
    if claim["kind"] == "statements":
        right = _as_changed(answers, claim)
        return all(_is_gradient(trial.answer(right, target), trial.gradients[target]) for trial in trials)
    return all(_holds(trial, answers, target, claim) for trial in trials)


def _is_gradient(answer: torch.Tensor | Exception | None, gradient: torch.Tensor) -> bool:
    return isinstance(answer, torch.Tensor) and answer.shape == gradient.shape and _near(answer, gradient)


def _as_changed(answers: ast.Module, claim: Mapping[str, Any]) -> ast.Module:
    """The submission with the statements that begin at these places as they are claimed to be right, or with others beside them."""
    found = copy.deepcopy(answers)
    for how in ("changed", "followed", "preceded"):
        for line, column, text in claim.get(how, ()):
            change = _Changed((line, column), ast.parse(f"{text} pass" if text.endswith(":") else text).body[0], how)
            found = ast.fix_missing_locations(change.visit(found))
            assert change.done, claim
    return found


class _Changed(ast.NodeTransformer):
    def __init__(self, place: tuple[int, int], new: ast.stmt, how: str) -> None:
        self.place, self.new, self.how, self.done = place, new, how, False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and (node.lineno, node.col_offset) == self.place and not self.done:
            self.done = True
            if self.how == "changed" and isinstance(node, ast.For) and isinstance(self.new, ast.For):
                self.new.body = node.body
            return {"changed": [self.new], "followed": [node, self.new], "preceded": [self.new, node]}[self.how]
        return self.generic_visit(node)


def counted(report: Mapping[str, Any]) -> int:
    return sum(len(diagnosis["claims"]) for gradient in report["gradients"] for diagnosis in gradient["diagnoses"])


def _is_error(given: torch.Tensor | Exception | None, name: str) -> bool:
    """Whether it is that error; a name that is not there yet is another one inside a function."""
    return type(given).__name__ == ("NameError" if name == "UnboundLocalError" else name)


def _holds(trial: Trial, answers: ast.Module, target: str, claim: Mapping[str, Any]) -> bool:
    kind, node = claim["kind"], target[1:]
    gradient, given = trial.gradients[target], trial.answer(answers, target)
    known = {**vars(trial.module), "torch": torch, "F": F, **trial.values, **trial.gradients, "gradient": gradient}
    known["d" + trial.output] = trial.cotangent
    answer = eval(claim["answer"], known).double() if "answer" in claim else given
    if kind == "equal":
        if not isinstance(answer, torch.Tensor) and {"answer"} & {n for side in ("left", "right") for n in _names(claim[side])}:
            return True
        left, right = (torch.as_tensor(eval(claim[side], {**known, "answer": answer})).double() for side in ("left", "right"))
        return left.shape == right.shape and _near(left, right)
    if not isinstance(answer, torch.Tensor):
        return False
    if kind == "gradient-of":
        return any(_near(found, answer) for found in _part_gradients(trial, claim["line"], claim["part"]))
    if kind == "uses-taken":
        times = eval(str(claim["times"]), known)
        return _near(gradient + (times - 1) * sum(_of_use(trial, node, line, use) for line, use in claim["uses"]), answer)
    if kind == "diagonal":
        return _near(_diagonal(trial, node, claim["line"]) * trial.gradients["d" + claim["line"]], answer)
    if kind == "ones-for" or "ones" in claim:
        above = {name[1:]: torch.ones_like(trial.gradients[name]) for name in claim.get("ones") or claim["gradients"]}
        ways: list[dict[str, torch.Tensor] | None] = [above]
    else:
        ways = [None, *_ends(trial, answers, target)]
    changes = {"slope": _slopes, "sent-through": _slopes, "as-if": _as_if, "ones-for": _unchanged}[kind](trial, claim)
    return any(_near(found, answer) for change in changes for stops in ways for found in _gradient_as(trial, node, change, stops))


def _gradient_as(trial: Trial, node: str, change: Callable[..., Any], stops: dict[str, torch.Tensor] | None) -> Iterator[torch.Tensor]:
    """None where the change cannot be made so."""
    with contextlib.suppress(RuntimeError):
        yield trial.gradient_as(node, change, stops)


def _ends(trial: Trial, answers: ast.Module, target: str) -> Iterator[dict[str, torch.Tensor]]:
    """Where a way back is taken up: at the lines that use the node, or at those whose gradients the target's statements read."""
    nodes = {line for line in trial.lines if "d" + line in trial.gradients}
    users = {line for line in nodes if _reads(trial.lines[line], target[1:])}
    read = {name[1:] for name in _read_for(answers, target) if name[1:] in nodes}
    beside = {line for line in users if not _below(trial, line) & read}
    for stops in (users, read | beside):
        yield {line: trial.gradients["d" + line] for line in stops}


def _below(trial: Trial, line: str) -> set[str]:
    below = {line}
    for name, source in trial.lines.items():
        below |= {name} if below & _names(source) else set()
    return below


def _read_for(answers: ast.Module, target: str) -> set[str]:
    """The names that a target's statements read, those of their helpers included."""
    wanted = {target}
    for statement in reversed(_statements(answers)):
        if _written(statement) & wanted:
            wanted |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return wanted - {target}


def _unchanged(trial: Trial, claim: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    yield lambda line, compute, names: compute(names)


def _as_if(trial: Trial, claim: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    def change(line: str, compute: Callable[..., Any], names: dict[str, Any]) -> Any:
        if line not in claim["lines"]:
            return compute(names)
        other = eval(claim["lines"][line], {**vars(trial.module), "torch": torch, "F": F, **names})
        return other if "values" in claim else _Kept.apply(other.expand(trial.values[line].shape), trial.values[line])

    yield change


def _slopes(trial: Trial, claim: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    """The derivative of one operation by one operand taken for another, or the operation applied to what arrives at it."""
    for whole, of in _with_hole(trial.lines[claim["line"]], claim["of"], "_part"):
        for again, by in _with_hole(ast.unparse(of), claim["by"], "_by"):

            def change(
                line: str,
                compute: Callable[..., Any],
                names: dict[str, Any],
                whole: str = whole,
                of: ast.expr = of,
                again: str = again,
                by: ast.expr = by,
            ) -> Any:
                if line != claim["line"]:
                    return compute(names)
                scope = {**vars(trial.module), "torch": torch, "F": F, **names}
                x, y = eval(ast.unparse(by), scope), eval(ast.unparse(of), scope)
                if claim["kind"] == "sent-through":
                    part = _Sent.apply(x, y.detach(), lambda g: eval(again, {**scope, "_by": g}))
                else:
                    taken = eval(claim["taken"], {"torch": torch, "x": x.detach(), "y": y.detach()})
                    fixed = eval(again, {**scope, "_by": x.detach()})
                    part = _Kept.apply((fixed + taken * x).expand(y.shape), y.detach())
                return eval(whole, {**scope, "_part": part})

            yield change


def _with_hole(source: str, text: str, name: str) -> Iterator[tuple[str, ast.expr]]:
    """The source with each part that reads like `text` replaced by a name, one at a time, and that part."""
    count = sum(ast.unparse(n) == text for n in ast.walk(_tree(source)) if isinstance(n, ast.expr))
    for k in range(count):
        tree = _tree(source)
        chosen = [n for n in ast.walk(tree) if isinstance(n, ast.expr) and ast.unparse(n) == text][k]
        yield ast.unparse(_Put(chosen, name).visit(tree)), chosen


class _Put(ast.NodeTransformer):
    def __init__(self, chosen: ast.expr, name: str) -> None:
        self.chosen, self.name = chosen, name

    def visit(self, node: ast.AST) -> Any:
        return ast.Name(self.name, ast.Load()) if node is self.chosen else super().visit(node)


def _part_gradients(trial: Trial, line: str, part: str) -> Iterator[torch.Tensor]:
    scope = {**vars(trial.module), "torch": torch, "F": F, **trial.values}
    for whole, _ in _with_hole(trial.lines[line], part, "_part"):
        leaf = eval(part, scope).detach().clone().requires_grad_()
        value = eval(whole, {**scope, "_part": leaf})
        (found,) = torch.autograd.grad((value * trial.gradients["d" + line]).sum(), [leaf], allow_unused=True)
        yield torch.zeros_like(leaf) if found is None else found


def _diagonal(trial: Trial, node: str, line: str) -> torch.Tensor:
    def at(value: torch.Tensor) -> torch.Tensor:
        names: dict[str, Any] = {**trial.values, node: value}
        for name, source in trial.lines.items():
            scope = {**vars(trial.module), "F": F, **names}
            names[name] = value if name == node else eval(source, scope)
            if name == line:
                break
        return names[line]

    value = trial.values[node].clone()
    jacobian = torch.autograd.functional.jacobian(at, value).reshape(value.numel(), value.numel())
    return jacobian.diagonal().reshape(value.shape)


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


class _Sent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, value: torch.Tensor, back: Callable[[torch.Tensor], Any]) -> torch.Tensor:
        ctx.back = back
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *arrives: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.back(arrives[0]), None, None


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
        listed = [{**own, **choice} for choice in getattr(module, "SIZES", ())]
        for k in itertools.count():
            other = {name: n + 2 + 3 * ((k + i) % 3) for i, (name, n) in enumerate(own.items())}
            try:
                yield Trial(module, tree, own if k == 0 else listed[k % len(listed)] if listed else other, 771 + k)
            except RuntimeError:  # inputs that have no such sizes
                yield Trial(module, tree, own, 771 + k)
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
    return name in _names(source)


def _names(source: str) -> set[str]:
    return {n.id for n in ast.walk(_tree(source)) if isinstance(n, ast.Name)}


def _tree(source: str) -> ast.Expression:
    return ast.parse(source.strip(), mode="eval")


def _parsed(text: str) -> ast.Module:
    """The submission; of one that is not Python, what is left without its lines of code that do not parse."""
    lines = text.split("\n")
    while True:
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            lines[(error.lineno or 1) - 1] = "    pass"


def _statements(submission: ast.Module) -> list[ast.stmt]:
    return next(n for n in submission.body if isinstance(n, ast.FunctionDef) and n.name == "backward").body


def _written(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, or changes in place by their own name."""
    nodes = list(ast.walk(statement))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    places = {n.value.id for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and isinstance(n.ctx, ast.Store)}
    methods = (n.func for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr.endswith("_"))
    return bound | places | {m.value.id for m in methods if isinstance(m.value, ast.Name)}


def _near(left: torch.Tensor, right: torch.Tensor) -> bool:
    if left.shape != right.shape:
        return False
    scale = max(1.0, *(float(t.abs().max()) for t in (left, right) if t.numel()))
    return bool(((left - right).abs() <= CLOSE * scale).all() | ~torch.isfinite(right).all())
