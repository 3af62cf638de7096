"""What each statement of a `backward` writes and reads, told from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from backprop_check.exercise.nodes import children, walk
from backprop_check.exercise.source import segment
from backprop_check.records import Statement

_VIEWS = frozenset(
    """
    view view_as reshape reshape_as flatten ravel unflatten t transpose permute swapaxes swapdims movedim moveaxis squeeze unsqueeze
    expand expand_as select narrow diagonal unfold detach real imag numpy
    """.strip().split()
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def guarded(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that are guarded one by one, in order: the body's own, and those inside a `with`, which always runs once."""
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        if isinstance(node, ast.With):
            yield from guarded(node.body)


def read_statements(body: Sequence[ast.stmt], text: str) -> tuple[Statement, ...]:
    """Number and describe the guarded statements of a `backward` body; `text` is the source they were parsed from."""
    lines = [line.encode() for line in text.split("\n")]
    return tuple(
        Statement(
            index=index,
            line=node.lineno,
            end_line=node.end_lineno or node.lineno,
            source=segment(node, lines),
            writes=frozenset(written(node)),
            reads=frozenset(name for part in own_parts(node) for name in read(part)),
            value=_value(node, lines),
        )
        for index, node in enumerate(guarded(body))
    )


def own_parts(node: ast.stmt) -> Sequence[ast.AST]:
    """What of a statement is its own: of a `with` its context only, for the statements inside it are guarded by themselves."""
    return node.items if isinstance(node, ast.With) else [node]


def written(node: ast.AST) -> set[str]:
    """Names that `node` binds or changes under their own name: `x = `, `x += `, `x[i] = `, `x.add_()`, `out=x`."""
    names: set[str] = set()
    for child in _own(node):
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            names.add(child.id)
        elif isinstance(child, ast.Subscript | ast.Attribute) and not isinstance(child.ctx, ast.Load):
            names |= _base(child)
        elif isinstance(child, ast.Call):
            function = child.func
            if isinstance(function, ast.Attribute) and function.attr.endswith("_") and not function.attr.endswith("__"):
                names |= _base(function.value)
            names |= {n for k in child.keywords if k.arg == "out" for n in _base(k.value)}
        elif isinstance(child, ast.FunctionDef | ast.ClassDef):
            names.add(child.name)
        elif isinstance(child, ast.alias):
            names.add((child.asname or child.name).split(".")[0])
    return names


def read(node: ast.AST) -> set[str]:
    """Names that `node` loads, inside nested functions too; the name of `x += ` counts as read."""
    names = {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return names | {n.target.id for n in walk(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}


def replaces(statement: Statement, name: str) -> bool:
    """Whether the statement is a plain `name = expression`, which owes nothing to what `name` held before."""
    return statement.value is not None and name in statement.writes


def writers(statements: Iterable[Statement]) -> dict[str, list[Statement]]:
    """Return, by name, the statements that write it, in order."""
    found: dict[str, list[Statement]] = {}
    for statement in statements:
        for name in statement.writes:
            found.setdefault(name, []).append(statement)
    return found


def gradients_used(
    target: str, statements: Iterable[Statement], gradients: Iterable[str], taken: Mapping[str, int | None] | None = None
) -> frozenset[str]:
    """Gradients other than itself that the answer to `target` reads, directly or through the learner's helper names.

    `taken` tells after which statement each target was taken and replaced: one that is read before that holds the learner's own value,
    and counts as a helper name.
    """
    writing, known, taken = writers(statements), set(gradients), taken or {}
    found: set[str] = set()
    seen, queue = {target}, [target]
    while queue:
        name = queue.pop()
        for statement in writing.get(name, ()):
            for other in statement.reads - seen:
                final = taken.get(other)
                seen.add(other)
                if other in known and (final is None or final < statement.index):
                    found.add(other)
                else:
                    queue.append(other)
    return frozenset(found - {target})


def _value(node: ast.stmt, lines: Sequence[bytes]) -> str | None:
    if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
        return segment(node.value, lines)
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        return segment(node.value, lines)
    return None


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Walk `node` without entering functions, and without the loop names of comprehensions."""
    yield node
    if isinstance(node, _SCOPES):
        return
    for child in children(node):
        if isinstance(node, _COMPREHENSIONS) and isinstance(child, ast.comprehension):
            yield from _own(child.iter)
        else:
            yield from _own(child)


def _same_memory(method: str) -> bool:
    return method in _VIEWS or (method.endswith("_") and not method.endswith("__"))


def _base(node: ast.AST) -> set[str]:
    """The name at the root of `x[i].view(-1)`."""
    while True:
        if isinstance(node, ast.Name):
            return {node.id}
        if isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _same_memory(node.func.attr):
            node = node.func.value
        else:
            return set()
