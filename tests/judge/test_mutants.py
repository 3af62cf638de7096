"""Every slip in every line of every solution is caught, and what is right after all passes.

Which mutants are wrong is decided here, by plain autograd on seeds and sizes of this file's own. How they are named is
`dev check --mutants`.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from asking import COURSE, Judge

from backprop_check.authoring.mutants import Mutant, mutants, operands
from backprop_check.authoring.slips.names import Names
from backprop_check.exercise import custom

SIZES = [13, 5, 17, 7, 3, 11, 19, 6]
SOLUTIONS = sorted((COURSE / "solutions").glob("*.py"))
WRONG, SAME = 1e-7, 1e-11
MOST, FEWEST, WHOLE = 12, 3, 18
"""Of one target's mutants at most so many are judged, and at least; of an exercise of several targets about so many in all. Of each slip the
first, then of each the second, and so on; what writes in place before all."""


def own_trials(path: Path) -> list[dict[str, object]]:
    """Forward values and autograd's gradients in float64, at the nominal sizes and at two choices of this file's own."""
    scope: dict[str, object] = {}
    text = custom.plain(path.read_text())
    exec(compile(text, str(path), "exec"), scope)
    names = list(inspect.signature(scope["inputs"]).parameters)  # type: ignore[arg-type]
    tree = ast.parse(text)
    forward = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "forward")
    trials = []
    for seed, turn in ((101, 0), (102, 1), (103, 2)):
        torch.manual_seed(seed)
        sizes = {name: SIZES[(i + turn) % len(SIZES)] for i, name in enumerate(names)} if turn else {}
        if turn and "SIZES" in scope:
            sizes = scope["SIZES"][turn % len(scope["SIZES"])]  # type: ignore[arg-type, index]
        values = scope["inputs"](**sizes)  # type: ignore[operator]
        values = {k: v.double().requires_grad_() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in values.items()}
        for line in forward.body:
            if isinstance(line, ast.Assign):
                values[line.targets[0].id] = eval(compile(ast.Expression(line.value), "forward", "eval"), {**scope, **values})  # type: ignore[attr-defined]
            elif isinstance(line, ast.Return):
                output = values[line.value.id]  # type: ignore[union-attr]
        nodes = {k: v for k, v in values.items() if isinstance(v, torch.Tensor) and v.requires_grad}
        cotangent = torch.ones_like(output) if output.dim() == 0 else torch.randn_like(output)
        gradients = torch.autograd.grad(output, list(nodes.values()), cotangent, allow_unused=True)
        plain = {k: v for k, v in scope.items() if isinstance(v, float) or inspect.ismodule(v)}
        plain |= {k: v.detach() if isinstance(v, torch.Tensor) else v for k, v in values.items()}
        trials.append(
            plain | {"d" + k: torch.zeros_like(v) if g is None else g for (k, v), g in zip(nodes.items(), gradients, strict=True)}
        )
    return trials


def outcome(mutant: Mutant, trials: list[dict[str, object]], reads: set[str]) -> tuple[str, bytes]:
    """Return "wrong", "right" or "unclear", and a digest of the values, by which repeats are known."""
    verdict, digest = "right", hashlib.sha1()
    for trial in trials:
        scope = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in trial.items() if k != mutant.target}
        scope |= {"torch": torch, "F": torch.nn.functional}
        try:
            exec(mutant.code, scope)
            got = scope[mutant.target]
        except Exception as error:
            return "wrong", repr(type(error)).encode()
        want = trial[mutant.target]
        assert isinstance(want, torch.Tensor)
        if not isinstance(got, torch.Tensor) or got.shape != want.shape or got.dtype != torch.float64:
            return "wrong", repr((type(got), getattr(got, "shape", None), getattr(got, "dtype", None))).encode()
        terms = [trial[k].abs().max() for k in reads if isinstance(trial.get(k), torch.Tensor) and k.startswith("d")]  # type: ignore[union-attr]
        scale = max([want.abs().max(), *(1e-3 * t for t in terms)])
        relative = float((got - want).abs().max() / scale) if torch.isfinite(got).all() else float("inf")
        digest.update(repr((got * 1e7 / scale).round().tolist()).encode())
        verdict = "wrong" if relative > WRONG or verdict == "wrong" else verdict if relative < SAME else "unclear"
    return verdict, digest.digest()


def answers(path: Path) -> tuple[list[str], dict[str, str]]:
    """The solution's parameters and its expressions."""
    function = next(n for n in ast.parse(custom.plain(path.read_text())).body if isinstance(n, ast.FunctionDef) and n.name == "backward")
    written = {
        n.targets[0].id: ast.unparse(n.value) for n in function.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }
    return [a.arg for a in function.args.args], written


def all_mutants(path: Path, trials: list[dict[str, object]]) -> Iterator[tuple[Mutant, str]]:
    """Every mutant that gives values of its own, and whether it is wrong."""
    parameters, written = answers(path)
    before: list[str] = [p for p in parameters if p.startswith("d") and p[1:] in parameters]
    shapes = {k: tuple(v.shape) for k, v in trials[0].items() if isinstance(v, torch.Tensor) and v.is_floating_point()}
    names = Names(shapes, counts=tuple(k for k, v in trials[0].items() if isinstance(v, int)))
    most = min(MOST, max(FEWEST, WHOLE // len(written)))
    for target, expression in written.items():
        reads = {n.id for n in ast.walk(ast.parse(expression)) if isinstance(n, ast.Name)}
        others = operands(target, expression, names, [*parameters, *before])
        seen: set[bytes] = set()
        for mutant in in_turns(mutants(target, expression, names, others)):
            if len(seen) == most:
                break
            kind, digest = outcome(mutant, trials, reads)
            if digest not in seen or (kind == "right" and mutant.slip in ("in place", "+=")):
                seen.add(digest)
                yield mutant, kind
        before.append(target)


def in_turns(made: list[Mutant]) -> list[Mutant]:
    count = Counter[str]()
    ranked = []
    for mutant in made:
        ranked.append((count[mutant.slip], mutant))
        count[mutant.slip] += 1
    return [mutant for _, mutant in sorted(ranked, key=lambda pair: (pair[1].slip != "in place", pair[0]))]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_mutants(ask: Judge, solution: Path) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judged = list(all_mutants(solution, own_trials(solution)))
    finally:
        torch.set_default_dtype(before)
    unclear = [m.code for m, kind in judged if kind == "unclear"]
    assert len(unclear) <= len(judged) // 100, unclear
    left = [(m, kind) for m, kind in judged if kind != "unclear"]
    assert len(left) >= 10
    mistakes, counts = [], Counter[str]()
    while left:
        chosen: dict[str, tuple[Mutant, str]] = {}
        rest = []
        for mutant, kind in left:
            if mutant.target in chosen:
                rest.append((mutant, kind))
            else:
                chosen[mutant.target] = mutant, kind
        left = rest
        order = [t.name for t in ask.graph(COURSE / "exercises" / solution.name).exercise.targets]
        said = ask.body(COURSE / "exercises" / solution.name, "\n".join(chosen[name][0].code for name in order if name in chosen))
        assert said.message is None, said.message
        for mutant, kind in chosen.values():
            counts[kind] += 1
            if (said.verdicts[mutant.target].status == "correct") != (kind == "right"):
                mistakes.append(
                    f"{mutant.code!r} ({mutant.slip}) is {kind}, and called {said.said(mutant.target)} {said.detail(mutant.target)}"
                )
    assert not mistakes, "\n".join(mistakes)
    assert counts["wrong"] >= 7
