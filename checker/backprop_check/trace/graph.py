"""Load an exercise's code and run its forward line by line."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.sizes import choose_sizes, written_order
from backprop_check.records import Exercise, Line

Hook = Callable[[Line, Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Graph:
    """An exercise that can run: its module's names, its forward's lines compiled, and the choices of sizes for its trials."""

    exercise: Exercise
    scope: Mapping[str, Any]
    code: tuple[tuple[Line, CodeType], ...]
    sizes: tuple[Mapping[str, int], ...]

    def inputs(self, sizes: Mapping[str, int], seed: int) -> dict[str, Any]:
        """Draw the forward's arguments in float64. The same seed and sizes draw the same ones."""
        with seeded(seed), default_dtype(torch.float64):
            drawn: dict[str, Any] = self._call("inputs", lambda: self.scope["inputs"](**sizes))
        missing = set(self.exercise.inputs) ^ set(drawn) if isinstance(drawn, dict) else set(self.exercise.inputs)
        if missing:
            raise BadInput(f"{self.exercise.path}: `inputs` must return a dict of the forward's arguments; check {_names(missing)}.")
        return drawn

    def forward(self, arguments: Mapping[str, Any], hook: Hook | None = None) -> dict[str, Any]:
        """Run the forward on `arguments` and return every named value. `hook(line, value, values)` may put another value in its place."""
        values = dict(arguments)
        with default_dtype(torch.float64):
            for line, code in self.code:
                value = self._call(f"line {line.number}", lambda c=code: eval(c, {**self.scope, **values}))  # type: ignore[misc]
                if not isinstance(value, torch.Tensor | int | float | bool):
                    kind = type(value).__name__
                    raise BadInput(
                        f"{self.exercise.path}:{line.number}: `{line.name}` is a {kind}; name one tensor or one plain number a line."
                    )
                values[line.name] = hook(line, value, values) if hook else value
        return values

    @contextlib.contextmanager
    def at(self, sizes: Mapping[str, int]) -> Iterator[None]:
        """Say in an error of the exercise at which sizes it came, where those are not its own."""
        try:
            yield
        except BadInput as error:
            if dict(sizes) == dict(self.exercise.sizes):
                raise
            where = ", ".join(f"{name}={n}" for name, n in sizes.items())
            if "SIZES" in self.scope:
                raise BadInput(f"{error} (at {where}, a choice of SIZES: make it one that works)") from error
            own = ", ".join(f"{name}={n}" for name, n in self.exercise.sizes.items())
            way = f"where sizes depend on each other, list three choices that work: SIZES = [dict({own}), ...]"
            raise BadInput(f"{error} (at {where}, which every trial must be able to take; {way})") from error

    def _call(self, what: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except BadInput:
            raise
        except Exception as error:
            first = str(error).split("\n", 1)[0]
            raise BadInput(f"{self.exercise.path}: {what} of the exercise raised {type(error).__name__}: {first}") from error


def load_graph(exercise: Exercise) -> Graph:
    """Run the exercise file (its author's code, trusted) and compile its forward.

    Only its imports, definitions and assignments run, and not its `backward`: in a course that one is a learner's.
    """
    tree = ast.parse(exercise.source)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    tree.body = [n for n in tree.body if isinstance(n, kinds) and getattr(n, "name", "") != "backward"]
    scope: dict[str, Any] = {"__name__": f"exercise_{exercise.id}", "__file__": str(exercise.path)}
    try:
        exec(compile(tree, str(exercise.path), "exec"), scope)
    except Exception as error:
        raise BadInput(f"{exercise.path}: the exercise raised {type(error).__name__}: {error}") from error
    listed = scope.get("SIZES", ())
    code = tuple((line, compile(f"({line.source}\n)", str(exercise.path), "eval")) for line in exercise.lines)
    nominal = {name: exercise.sizes[name] for name in written_order(exercise.source, list(exercise.sizes))}
    return Graph(exercise, scope, code, tuple(choose_sizes(nominal, listed)))


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's generator, and put back its state afterwards."""
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _names(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
