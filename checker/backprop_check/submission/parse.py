"""Read a submission: find its `backward`, keep what may run before it, describe its statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.mend import parse_leniently
from backprop_check.files import LARGEST
from backprop_check.records import Broken, Exercise, Submission
from backprop_check.submission.beside import Beside, no_files
from backprop_check.submission.cells import Cell, read_cells
from backprop_check.submission.needed import free
from backprop_check.submission.outside import Part, outside
from backprop_check.submission.policy import asks_oracle
from backprop_check.submission.statements import guarded, own_parts, read_statements


def read_submission(path: Path, exercise: Exercise) -> Submission:
    """Read the learner's file at `path` for `exercise`, running nothing of it.

    Raises `BadInput` when it cannot be read, nothing of it parses, it has no `backward`, or `backward` asks for a name the forward has not.
    """
    return submission_from(read_cells(path), path, exercise, files_in(path.parent))


def files_in(folder: Path) -> Beside:
    """Return what reads the files in `folder`, for modules that are imported from there."""

    def text(path: str) -> str | None:
        try:
            file = folder / path
            return file.read_text(encoding="utf-8-sig") if file.is_file() and file.stat().st_size <= LARGEST else None
        except (OSError, ValueError):
            return None

    return text


def submission_from(cells: Iterable[Cell], path: Path, exercise: Exercise, beside: Beside = no_files) -> Submission:
    """Return the submission whose code `cells` are, with what it imports of the files `beside` it; `path` names it in messages.

    Raises `BadInput` as `read_submission` does.
    """
    parsed = [(cell, *parse_leniently(cell.text)) for cell in cells if cell.is_for(exercise.id)]
    chosen = None
    for number, (cell, tree, _, _) in enumerate(parsed):
        if tree is not None and (cell.mark is not None or any(_is_backward(node) for node in tree.body)):
            chosen = number
    if chosen is None:
        raise BadInput(_why_nothing(path, [b for *_, broken in parsed for b in broken]))
    cell, tree, text, broken = parsed[chosen]
    assert tree is not None
    bare = cell.mark is not None
    function = None if bare else [node for node in tree.body if _is_backward(node)][-1]
    assert function is None or isinstance(function, ast.FunctionDef)
    body = tree.body if function is None else function.body
    parameters = exercise_parameters(exercise) if function is None else _bound(path, function, exercise)
    here = [Part("" if each is cell else each.place, t, b) for each, other, t, b in parsed if other is not None and each.mark is None]
    # A marked cell is the body of a `backward` and ran as nothing else: what an earlier attempt defines is not there for a later one.
    attempts = [Part(c.place, t) for c, other, t, _ in parsed if other is not None and c.mark is not None and c is not cell]
    around = outside(
        [*([Part(exercise.path.name, _imports(exercise))] if bare else []), *here],
        attempts,
        _read(body, function) - {"backward", *parameters, *(target.name for target in exercise.targets)},
        beside,
        body,
    )
    classes = [node for part in (*around.runs.runs, *body) for node in ast.walk(part) if isinstance(node, ast.ClassDef)]
    methods = {m.name for node in classes for m in node.body if isinstance(m, ast.FunctionDef)}
    return Submission(
        path=path,
        place=cell.place,
        prelude=around.text,
        body=text,
        bare=bare,
        parameters=parameters,
        statements=read_statements(body, text),
        broken=tuple(b for b in broken if _inside(b, function, bare)),
        oracle_calls={
            index: how
            for index, node in enumerate(guarded(body))
            for part in own_parts(node)
            if (how := asks_oracle(part, exercise.names, methods))
        },
        helpers_asking=around.asking(exercise.names, methods),
        text=cell.text,
        needs=around.needs,
        above=around.above,
        others=around.others,
        modules=around.modules,
    )


def exercise_parameters(exercise: Exercise) -> tuple[str, ...]:
    """Names that `backward` may ask for: all of the forward's, then the exercise's own (the cotangent of a tensor output)."""
    return tuple(dict.fromkeys((*exercise.names, *exercise.parameters)))


def _read(body: Sequence[ast.stmt], function: ast.FunctionDef | None) -> set[str]:
    """The names that `backward`, or a cell that is its body, reads of what stands around it."""
    arguments = function.args if function is not None else ast.arguments([], [], None, [], [], None, [])
    return free([ast.FunctionDef("backward", arguments, list(body), [], None)])


def _imports(exercise: Exercise) -> str:
    """What the exercise's file imports: a cell that is the body of its `backward` may use it."""
    lines = [ast.unparse(node) for node in ast.parse(exercise.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "".join(f"{line}\n" for line in lines)


def find_backward(tree: ast.Module, bare: bool, parameters: Sequence[str]) -> ast.FunctionDef:
    """Return the learner's `backward`, its parameters bound by name only; a bare cell becomes the body of one."""
    if bare:
        shell = ast.parse("def backward():\n pass").body[0]
        assert isinstance(shell, ast.FunctionDef)
        shell.body = list(tree.body)
    else:
        found = [node for node in tree.body if _is_backward(node)][-1]
        assert isinstance(found, ast.FunctionDef)
        shell = found
    shell.decorator_list, shell.returns = [], None
    shell.args = ast.arguments([], [ast.arg(name) for name in parameters], None, [], [], None, [])
    return shell


def _is_backward(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "backward"


def _bound(path: Path, function: ast.FunctionDef, exercise: Exercise) -> tuple[str, ...]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    known = exercise_parameters(exercise)
    unknown = [a for a in arguments if a.arg not in known]
    if unknown:
        names, where = ", ".join(f"`{a.arg}`" for a in unknown), f"{path}:{unknown[0].lineno}"
        raise BadInput(f"{where}: `backward` asks for {names}, which {exercise.id} does not name; use: {', '.join(known)}.")
    return tuple(a.arg for a in arguments)


def _inside(broken: Broken, function: ast.FunctionDef | None, bare: bool) -> bool:
    return bare or (function is not None and function.lineno <= broken.line <= (function.end_lineno or function.lineno))


def _why_nothing(path: Path, broken: list[Broken]) -> str:
    if broken:
        first = broken[0]
        return f"{path}:{first.line}: no `backward` could be read ({first.message}): mend that line first."
    return f"{path} defines no function `backward`: start from the exercise's own."


__all__ = ["Cell", "exercise_parameters", "files_in", "find_backward", "read_submission"]
