"""Read a submission: find its `backward`, keep what may run before it, describe its statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.custom import answer, misplaced
from backprop_check.exercise.mend import parse_leniently
from backprop_check.exercise.nodes import walk
from backprop_check.exercise.source import characters, segment
from backprop_check.files import read_text
from backprop_check.records import Broken, Exercise, Statement, Submission
from backprop_check.submission.beside import Beside, no_files
from backprop_check.submission.cells import Cell, read_cells
from backprop_check.submission.needed import free
from backprop_check.submission.nothing import why_nothing
from backprop_check.submission.outside import GIVEN, Part, outside
from backprop_check.submission.policy import asks_oracle
from backprop_check.submission.signature import Function, asked_for, backwards, pauses
from backprop_check.submission.statements import guarded, own_parts, read_statements, written

_WALRUS = re.compile(r"\s*(d\w+)\s*:=")


def read_submission(path: Path, exercise: Exercise) -> Submission:
    """Read the learner's file at `path` for `exercise`, running nothing of it.

    Raises `BadInput` when it cannot be read, nothing of it parses, or it has no `backward`.
    """
    return submission_from(read_cells(path), path, exercise, files_in(path.parent))


def files_in(folder: Path) -> Beside:
    """Return what reads the files in `folder`, for modules that are imported from there."""

    def text(path: str) -> str | None:
        try:
            return read_text(folder / path, "module")
        except BadInput:
            return None

    return text


def submission_from(cells: Iterable[Cell], path: Path, exercise: Exercise, beside: Beside = no_files) -> Submission:
    """Return the submission whose code `cells` are, with what it imports of the files `beside` it; `path` names it in messages.

    Raises `BadInput` as `read_submission` does.
    """
    parsed = [(cell, *parse_leniently(cell.text)) for cell in cells if cell.is_for(exercise.id)]
    stops: Mapping[int, Sequence[str]] = {}
    if not any(cell.mark is not None or backwards(tree) for cell, tree, *_ in parsed):
        read = [(cell, broken, *answer(cell.text, path, exercise)) for cell, *_, broken in parsed]
        parsed = [(cell, *_plainly(text, (*before, *lost.broken))) for cell, before, text, lost in read]
        stops = {id(cell): lost.notices for cell, *_, lost in read}
    tried = [p for p in parsed if (p[0].mark is not None and _says_something(p[1], p[3])) or backwards(p[1])]
    if not tried:
        raise BadInput(why_nothing(path, [(cell, tree) for cell, tree, *_ in parsed], [b for *_, broken in parsed for b in broken]))
    cell, tree, text, broken = next((p for p in reversed(tried) if _is_about(exercise, p[0], p[1], p[3])), tried[-1])
    bare = cell.mark is not None
    tree, text, paused = _without_pauses(tree, text, bare)
    function = None if bare else backwards(tree)[-1]
    body = tree.body if function is None else function.body
    parameters, unknown = (exercise_parameters(exercise), ()) if function is None else _bound(function, exercise)
    statements = read_statements(body, text)
    reads = _read(body, function)
    elsewhere = [
        replace(b, target=None) for b in broken if cell.place == path.name and not (_inside(b, function, bare) or _gives(b, reads))
    ]
    here = [Part("" if each is cell else each.place, t, b, whole) for each, whole, t, b in parsed if each.mark is None]
    # A marked cell is the body of a `backward` and ran as nothing else: what an earlier attempt defines is not there for a later one.
    attempts = [Part(c.place, t) for c, _, t, _ in parsed if c.mark is not None and c is not cell]
    around = outside(
        [*([Part(exercise.path.name, _imports(exercise))] if bare else []), *here],
        attempts,
        reads - {"backward", *parameters, *(target.name for target in exercise.targets)},
        beside,
        body,
    )
    classes = [node for part in (*around.runs.runs, *body) for node in walk(part) if isinstance(node, ast.ClassDef)]
    methods = {m.name for node in classes for m in node.body if isinstance(m, ast.FunctionDef)}
    return Submission(
        path=path,
        place=cell.place,
        prelude=around.text,
        body=text,
        bare=bare,
        parameters=parameters,
        statements=statements,
        broken=(*(_told(b) for b in broken if _inside(b, function, bare)), *elsewhere, *paused),
        oracle_calls={
            index: how
            for index, node in enumerate(guarded(body))
            for part in own_parts(node)
            if (how := asks_oracle(part, exercise.names, methods))
        },
        helpers_asking=around.asking(exercise.names, methods),
        text=cell.text,
        unknown=unknown,
        notices=(*stops.get(id(cell), ()), *misplaced(cell.text, exercise), *_lost(function, unknown, statements, exercise))
        if function is not None
        else (),
        needs=around.needs,
        above=around.above,
        others=around.others,
        modules=around.modules,
    )


def _plainly(text: str, known: Sequence[Broken]) -> tuple[ast.Module, str, tuple[Broken, ...]]:
    """Parse the plain text of a custom function, of which it is `known` what is lost: of a first line nothing shows that any more."""
    tree, text, broken = parse_leniently(text)
    there = {(b.line, b.target) for b in broken}
    return tree, text, (*broken, *(b for b in known if (b.line, b.target) not in there))


def exercise_parameters(exercise: Exercise) -> tuple[str, ...]:
    """Names that `backward` may ask for: all of the forward's, then the exercise's own (the cotangent of a tensor output)."""
    return tuple(dict.fromkeys((*exercise.names, *exercise.parameters)))


def _is_about(exercise: Exercise, cell: Cell, tree: ast.Module, broken: Iterable[Broken]) -> bool:
    """Whether a cell's `backward` is this exercise's, by its parameters and the gradients it names: a notebook may hold several."""
    function = None if cell.mark is not None else backwards(tree)[-1]
    asked = set(asked_for(function)) if function is not None else set()
    names = {n.id for n in walk(function or tree) if isinstance(n, ast.Name)} | {b.target for b in broken}
    return 2 * len(asked & set(exercise_parameters(exercise))) >= len(asked) and any(target.name in names for target in exercise.targets)


def _read(body: Sequence[ast.stmt], function: Function | None) -> set[str]:
    """The names that `backward`, or a cell that is its body, reads of what stands around it."""
    (whole,) = ast.parse("def backward(): pass").body  # with whatever fields this Python's functions have
    assert isinstance(whole, ast.FunctionDef)
    whole.args, whole.body = function.args if function is not None else whole.args, list(body)
    return free([whole])


def _imports(exercise: Exercise) -> str:
    """What the exercise's file imports: a cell that is the body of its `backward` may use it."""
    lines = [ast.unparse(node) for node in ast.parse(exercise.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "".join(f"{line}\n" for line in lines)


def _bound(function: Function, exercise: Exercise) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parameters that are handed over, by their names, and those that are not: nothing of the exercise has their name."""
    asked, known = asked_for(function), exercise_parameters(exercise)
    return tuple(name for name in asked if name in known), tuple(name for name in asked if name not in known)


def _lost(function: Function, unknown: Sequence[str], statements: Sequence[Statement], exercise: Exercise) -> Iterator[str]:
    """Say of parameters that are not handed over what no gradient's own line can say: that a helper line reads them."""
    targets, asked = {target.name for target in exercise.targets}, asked_for(function)
    named = [name for name in unknown if asked[name] is None]
    read = [name for name in named if any(name.lstrip("*") in s.reads and not s.writes & targets for s in statements)]
    if read:
        what = " and ".join(f"`{name}`" for name in read)
        yield f"line {function.lineno}: `backward` asks for {what}, which {exercise.id} does not name: what reads it is lost"


def _says_something(tree: ast.Module, broken: Iterable[Broken]) -> bool:
    """Whether anything of a marked cell parses, or what does not is about a gradient."""
    return not broken or any(b.target for b in broken) or not all(isinstance(node, ast.Pass) for node in tree.body)


def _without_pauses(tree: ast.Module, text: str, bare: bool) -> tuple[ast.Module, str, tuple[Broken, ...]]:
    """Leave out statements that only a generator or a coroutine can run. `yield dx` loses nothing; of others, what they assign is lost."""
    body = tree.body if bare else backwards(tree)[-1].body
    lines, broken = text.split("\n"), []
    for node in guarded(body):
        if (word := pauses(own_parts(node))) is None:
            continue
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)):
            source = segment(node, [line.encode() for line in text.split("\n")])
            message = f"`{word}` cannot stand here: `backward` is a plain function, which is called once"
            column = characters(lines, node.lineno, node.col_offset)
            names: list[str | None] = [*sorted(written(node))] or [None]
            broken += [Broken(node.lineno, column, message, source, name, pauses=True) for name in names]
        _blank(lines, node)
    if lines == text.split("\n"):
        return tree, text, ()
    return ast.parse("\n".join(lines)), "\n".join(lines), tuple(broken)


def _blank(lines: list[str], node: ast.stmt) -> None:
    """Put `pass` in the place of a statement; all else keeps its place."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first].encode()[: node.col_offset], lines[last].encode()[node.end_col_offset :]
    width = (node.end_col_offset or 0) - (node.col_offset if first == last else 0)
    for row in range(first, last + 1):
        lines[row] = ""
    lines[first] = before.decode() + "pass"
    if first == last:
        lines[first] += " " * (width - len("pass")) + after.decode()
    elif after.strip():
        lines[first] += " \\"
        lines[first + 1 : last] = ["\\"] * (last - first - 1)
        lines[last] = " " * width + after.decode()


def _told(broken: Broken) -> Broken:
    """Name the target of a line with `:=`, which Python takes for a part of an expression only."""
    walrus = _WALRUS.match(broken.source)
    return replace(broken, target=walrus[1], message="`:=` needs brackets; an assignment is a single `=`") if walrus else broken


def _inside(broken: Broken, function: Function | None, bare: bool) -> bool:
    return bare or (function is not None and function.lineno <= broken.line <= (function.end_lineno or function.lineno))


def _gives(broken: Broken, names: Collection[str]) -> bool:
    """Whether a line would give one of these names: of that it is told where the name is read."""
    found = GIVEN.match(broken.source)
    return found is not None and found[1] in names


__all__ = ["Cell", "exercise_parameters", "files_in", "read_submission"]
