"""Wrong answers made from right ones by the slips of the catalogue of mistakes.

    >>> names = Names({"c": (7, 3), "dp": (7, 3), "s": (7, 1), "ds": (7, 1)})
    >>> m = mutants("ds", "(c * dp).sum(1, keepdim=True)", names)[0]
    >>> m.code, m.fair
    ('ds = -(c * dp).sum(1, keepdim=True)', ('wrong-sign',))

Some mutants are right after all (a swapped product); whoever uses them decides that by their values.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from backprop_check.authoring.slips.calls import at_call
from backprop_check.authoring.slips.leaves import at_constant, at_name
from backprop_check.authoring.slips.matmul import at_turn
from backprop_check.authoring.slips.names import Names
from backprop_check.authoring.slips.operators import at_operator
from backprop_check.authoring.slips.places import Place, places, put
from backprop_check.authoring.slips.whole import LabelledSlip, around

STRANGERS = 2
"""So many tensors that have the right shape and nothing to do with the expression are put in the place of an operand."""


@dataclass(frozen=True)
class Mutant:
    """`code` are statements that write the target; `slip` says what was done to the right expression; `fair` are the codes that name it."""

    target: str
    slip: str
    code: str
    fair: tuple[str, ...]


def mutants(target: str, expression: str, names: Names, others: Collection[str] = ()) -> list[Mutant]:
    """Return the mutants of `target = expression`. `others` are names that may stand for another operand.

    A text comes twice only where two slips with different names make the same one.
    """
    tree = ast.parse(f"({expression}\n)", mode="eval").body
    slips = list(around(tree, names.shapes.get(target, ()), names))
    slips += [(slip, fair, put(tree, place, part)) for place in places(tree) for slip, fair, part in _slips(place, names, tree, others)]
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for slip, fair, wrong in slips:
        found.setdefault((ast.unparse(wrong), fair), slip)
    right = ast.unparse(tree)
    made = [Mutant(target, slip, f"{target} = {text}", fair) for (text, fair), slip in found.items() if text != right]
    return [*made, *_statements(target, tree, names)]


def operands(target: str, expression: str, names: Names, usable: Collection[str]) -> list[str]:
    """Which of the usable names may be mistaken for an operand: of an operand's shape, those near the expression first."""
    reads = {node.id for node in ast.walk(ast.parse(f"({expression}\n)", mode="eval")) if isinstance(node, ast.Name)}
    shapes = [names.shapes[name] for name in reads if name in names.shapes]
    alike = [name for name in usable if name in names.shapes and names.shapes[name] in shapes]
    near = [name for name in alike if name in reads or name == target[1:] or name[1:] in reads or f"d{name}" in reads]
    return near + [name for name in alike if name not in near][:STRANGERS]


def _slips(place: Place, names: Names, tree: ast.expr, others: Collection[str]) -> Iterator[LabelledSlip]:
    yield from at_operator(place, names)
    yield from at_turn(place)
    yield from at_constant(place, names)
    yield from at_name(place, names, tree, others)
    yield from at_call(place, names)


def _statements(target: str, tree: ast.expr, names: Names) -> Iterator[Mutant]:
    """A sum written in two statements: `=` or `-=` for `+=`, and an addend that comes in twice. In place it is right."""
    if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add) and names.upstream(tree.left) and names.upstream(tree.right)):
        return
    left, right = ast.unparse(tree.left), ast.unparse(tree.right)
    first = _in_turn(target, left)
    for slip, fair, code in (
        ("=", ("overwritten-branch", "missing-branch"), f"{target} = {left}\n{target} = {right}"),
        ("=", ("overwritten-branch", "missing-branch"), f"{target} = {right}\n{target} = {left}"),
        ("+=", (), _in_turn(target, left, right)),
        ("-=", ("subtracted-branch", "wrong-sign"), f"{first}\n{target} = {target} - ({right})"),
        ("*=", ("multiplied-branches",), f"{first}\n{target} = {target} * ({right})"),
        ("twice", ("doubled-branch", "wrong-scale", "extra-term"), _in_turn(target, left, right, right)),
        ("twice", ("doubled-branch", "wrong-scale", "extra-term"), _in_turn(target, right, left, left)),
        ("in place", (), f"{first}\n{target} += {right}"),
        ("in place", (), f"{target} = torch.zeros_like({target[1:]})\n{target} += {left}\n{target} += {right}"),
    ):
        yield Mutant(target, slip, code, fair)


def _in_turn(target: str, first: str, *more: str) -> str:
    """Statements that add up some terms. The first makes a tensor of its own, which the others may change."""
    return "\n".join([f"{target} = 1 * ({first})", *(f"{target} = {target} + {term}" for term in more)])
