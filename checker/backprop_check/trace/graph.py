"""Load an exercise's code and run its forward line by line."""

from __future__ import annotations

import ast
import contextlib
import importlib
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.sizes import choose_sizes, unseen_sizes, written_order
from backprop_check.exercise.top_level import surroundings
from backprop_check.records import Exercise, Line
from backprop_check.trace.allowed import allow_value, allowed_inputs, allowed_sizes, where_named
from backprop_check.trace.author import authors

Hook = Callable[[Line, Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Graph:
    """An exercise that can run: its module's names, its forward's lines compiled, and the choices of sizes for its trials.

    At the sizes `unseen` nothing is judged: what is said of a wrong answer must hold there too.
    """

    exercise: Exercise
    scope: Mapping[str, Any]
    code: tuple[tuple[Line, CodeType], ...]
    sizes: tuple[Mapping[str, int], ...]
    unseen: Mapping[str, int] = field(default_factory=dict)
    _ranks: dict[str, int | None] = field(default_factory=dict, compare=False, repr=False)

    def inputs(self, sizes: Mapping[str, int], seed: int) -> dict[str, Any]:
        """Draw the forward's arguments in float64. The same seed and sizes draw the same ones. Raises `BadInput` where they are none."""
        exercise = self.exercise
        with authors(exercise.path), seeded(seed), default_dtype(torch.float64):
            drawn = self.scope["inputs"](**sizes)
        arguments = allowed_inputs(exercise, drawn)
        for name, value in arguments.items():
            self._same_rank(name, value)
        return arguments

    def forward(self, arguments: Mapping[str, Any], hook: Hook | None = None) -> dict[str, Any]:
        """Run the forward on `arguments` and return every named value. `hook(line, value, values)` may put another value in its place.

        Raises `BadInput` where a line raises, changes another's value, or gives what no line may name.
        """
        values = dict(arguments)
        versions = {name: _version(value) for name, value in values.items()}
        exercise = self.exercise
        with authors(exercise.path), default_dtype(torch.float64):
            for line, code in self.code:
                value = eval(code, {**self.scope, **values})
                for name, earlier in values.items():
                    if _version(earlier) != versions[name]:
                        what = f"this line changes `{name}` in place: use an operation that makes a new value (`mul`, not `mul_`)"
                        raise BadInput(f"{exercise.path}:{line.number}: {what}.")
                allow_value(exercise, line.number, line.name, value)
                self._same_rank(line.name, value)
                values[line.name] = hook(line, value, values) if hook else value
                versions[line.name] = _version(values[line.name])
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

    def _same_rank(self, name: str, value: Any) -> None:
        """Hold every trial to the number of axes that a name has had in another (None: it was a plain number)."""
        rank = value.dim() if isinstance(value, torch.Tensor) else None
        if self._ranks.setdefault(name, rank) != rank:
            had = ["a plain number" if r is None else f"a tensor with {r} axes" for r in (self._ranks[name], rank)]
            where = where_named(self.exercise, name)
            raise BadInput(f"{where}: `{name}` is {had[0]} at some sizes and {had[1]} at others: give it the same axes at all.")


def load_graph(exercise: Exercise) -> Graph:
    """Run the exercise file (its author's code, trusted) and compile its forward.

    Only its imports, definitions and assignments run, and not its `backward`: in a course that one is a learner's.
    """
    tree = ast.parse(exercise.source)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in ("inputs", "forward")]
    tree.body = sorted([*surroundings(tree), *functions], key=lambda node: node.lineno)
    if "numpy" in exercise.source and "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # numpy loads it when it is first asked for, which is too late to be seeded
    scope: dict[str, Any] = {"__name__": f"exercise_{exercise.id}", "__file__": str(exercise.path)}
    with authors(exercise.path), seeded(0), default_dtype(torch.float64):
        exec(compile(tree, str(exercise.path), "exec"), scope)
        code = tuple((line, _compiled(line, exercise)) for line in exercise.lines)
    listed = allowed_sizes(exercise, scope.get("SIZES", ()))
    nominal = {name: exercise.sizes[name] for name in written_order(exercise.source, list(exercise.sizes))}
    sizes = choose_sizes(nominal, listed)
    return Graph(exercise, scope, code, tuple(sizes), unseen_sizes(sizes, listed))


def _compiled(line: Line, exercise: Exercise) -> CodeType:
    tree = ast.parse(f"({line.source}\n)", str(exercise.path), "eval")
    return compile(ast.increment_lineno(tree, line.number - 1), str(exercise.path), "eval")


def _version(value: Any) -> int:
    return value._version if isinstance(value, torch.Tensor) else 0


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the generators of torch, of Python and, where `numpy.random` is loaded, of numpy; put back their states afterwards."""
    state, plain, numpy = torch.get_rng_state(), random.getstate(), sys.modules.get("numpy.random")
    other = numpy.get_state() if numpy is not None else None
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    if numpy is not None:
        numpy.seed(seed % 2**32)
    try:
        yield
    finally:
        torch.set_rng_state(state)
        random.setstate(plain)
        if numpy is not None:
            numpy.set_state(other)


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread: with several, sums round otherwise, and which of two writes into one place stays is chance."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
