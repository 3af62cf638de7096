"""Read a submission: find its `backward`, keep what may run before it, describe its statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.mend import parse_leniently
from backprop_check.records import Broken, Exercise, Submission
from backprop_check.submission.cells import Cell, read_cells
from backprop_check.submission.policy import asks_oracle
from backprop_check.submission.statements import guarded, own_parts, read_statements


def read_submission(path: Path, exercise: Exercise) -> Submission:
    """Read the learner's file at `path` for `exercise`, running nothing of it.

    Raises `BadInput` when it cannot be read, nothing of it parses, it has no `backward`, or `backward` asks for a name the forward has not.
    """
    return submission_from(read_cells(path), path, exercise)


def submission_from(cells: Iterable[Cell], path: Path, exercise: Exercise) -> Submission:
    """Return the submission whose code `cells` are; `path` names it in messages. Raises `BadInput` as `read_submission` does."""
    parsed = [(cell, *parse_leniently(cell.text)) for cell in cells if cell.is_for(exercise.id)]
    chosen = None
    for number, (cell, tree, _, broken) in enumerate(parsed):
        if (cell.mark is not None and _says_something(tree, broken)) or any(_is_backward(node) for node in tree.body):
            chosen = number
    if chosen is None:
        raise BadInput(_why_nothing(path, [b for *_, broken in parsed for b in broken]))
    cell, tree, text, broken = parsed[chosen]
    bare = cell.mark is not None
    function = None if bare else [node for node in tree.body if _is_backward(node)][-1]
    assert function is None or isinstance(function, ast.FunctionDef)
    body = tree.body if function is None else function.body
    parameters = exercise_parameters(exercise) if function is None else _bound(path, function, exercise)
    # A marked cell is the body of a `backward` and ran as nothing else: what an earlier attempt defines is not there for a later one.
    outside = [(other, t) for c, other, t, _ in parsed if c.mark is None]
    kept = [node for other in (*(other for other, _ in outside), *([tree] if bare else [])) for node in prelude(other)]
    classes = [node for part in (*kept, *body) for node in ast.walk(part) if isinstance(node, ast.ClassDef)]
    methods = {m.name for node in classes for m in node.body if isinstance(m, ast.FunctionDef)}
    asking = ((node, asks_oracle(node, exercise.names, methods)) for node in kept)
    return Submission(
        path=path,
        place=cell.place,
        prelude="".join([_imports(exercise) if bare else "", *(t for _, t in outside)]),
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
        helpers_asking={name: (node.lineno, how) for node, how in asking if how for name in _binds(node)},
        text=cell.text,
    )


def exercise_parameters(exercise: Exercise) -> tuple[str, ...]:
    """Names that `backward` may ask for: all of the forward's, then the exercise's own (the cotangent of a tensor output)."""
    return tuple(dict.fromkeys((*exercise.names, *exercise.parameters)))


def prelude(tree: ast.Module) -> list[ast.stmt]:
    """The top-level statements that run before `backward`: imports, functions, classes, literal assignments; never anything else."""
    return [node for node in tree.body if not _is_backward(node) and (_defines(node) or _is_literal(node))]


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


def _says_something(tree: ast.Module, broken: Iterable[Broken]) -> bool:
    """Whether anything of a marked cell parses, or what does not is about a gradient."""
    return not broken or any(b.target for b in broken) or not all(isinstance(node, ast.Pass) for node in tree.body)


def _defines(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _is_literal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    if isinstance(node.value, ast.Lambda):
        return True
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _binds(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.ImportFrom) or (isinstance(node, ast.Import) and any(a.asname for a in node.names)):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign):
        yield from (t.id for t in node.targets if isinstance(t, ast.Name))


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


__all__ = ["Cell", "exercise_parameters", "find_backward", "prelude", "read_submission"]
