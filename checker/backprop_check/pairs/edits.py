"""Changes of one thing in a backward's source, likeliest first, each with what is said where it puts the gradients right."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.rewrites import negated

_SIGN = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_WORDS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
_CALLS = (("sum", "mean"), ("tanh", "sigmoid"), ("sin", "cos"), ("maximum", "minimum"), ("max", "min"), ("zeros_like", "ones_like"))
_COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq
}  # fmt: skip
_AXES = ("axis", "dim", "axes", "dims")


@dataclass(frozen=True)
class Edit:
    """Put `new` in the place of `old`; where that is right, `error` is what was wrong at `old`, `note` why, `help` the move."""

    old: ast.AST
    new: ast.AST
    error: str
    help: str = ""


@dataclass(frozen=True)
class Known:
    """What can be put in: by name the shapes of arrays (None: a number), which names come in nowhere, and sizes to scale by.

    `moved` are the names that hang on the gradients from above, None where nothing is known of that. A backward is linear in those: such
    a name is multiplied by others only, and added to such.
    """

    shapes: Mapping[str, tuple[int, ...] | None]
    unused: Sequence[str] = ()
    sizes: Sequence[ast.expr] = field(default_factory=list)
    moved: frozenset[str] | None = None

    places: Sequence[ast.Subscript] = ()

    def at(self, name: str) -> Iterator[ast.expr]:
        """A name's values at the places at which others are read."""
        for each in self.places:
            base = each.value
            shape, other = self.shapes.get(name), self.shapes.get(base.id) if isinstance(base, ast.Name) else None
            if shape is not None and other is not None and len(shape) == len(other):
                yield ast.Subscript(ast.Name(name, ast.Load()), each.slice, ast.Load())

    def moves(self, node: ast.AST) -> bool | None:
        if self.moved is None:
            return None
        return any(isinstance(n, ast.Name) and n.id in self.moved for n in ast.walk(node))

    def fit(self, part: ast.AST, op: ast.operator, value: ast.AST) -> bool:
        """Whether `part op value` may stand in a linear function."""
        one, other = self.moves(part), self.moves(value)
        if one is None or other is None:
            return True
        return not other if isinstance(op, ast.Div) else one is other if isinstance(op, ast.Add | ast.Sub) else not (one and other)


Kind = Callable[[ast.stmt, Known], Iterator[Edit]]


def parts(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement that compute, outermost first; what a name is bound to or a loop counts is none."""
    roots: list[ast.expr | None]
    match statement:
        case ast.Assign(value=value, targets=targets):
            roots = [value, *(target.slice for target in targets if isinstance(target, ast.Subscript))]
        case ast.AugAssign(value=value, target=ast.Subscript(slice=places)):
            roots = [value, places]
        case ast.AugAssign(value=value) | ast.AnnAssign(value=value) | ast.Return(value=value) | ast.Expr(value=value):
            roots = [value]
        case ast.For(iter=over):
            roots = [over]
        case _:
            roots = []
    whole = [n for root in roots if root is not None for n in ast.walk(root) if isinstance(n, ast.expr)]
    called = {id(n.func) for n in whole if isinstance(n, ast.Call)}
    return [n for n in whole if id(n) not in called and isinstance(getattr(n, "ctx", ast.Load()), ast.Load)]


def _computed(statement: ast.stmt) -> Iterator[ast.expr]:
    """Those parts that are arrays, as far as their form tells."""
    for part in parts(statement):
        if isinstance(part, ast.BinOp | ast.Call | ast.Name | ast.Subscript | ast.UnaryOp | ast.Attribute):
            yield part


def unused(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for name in known.unused:
        told, move = f"`{name}` comes in nowhere", f"Ask what `{name}` was computed or saved for, and where it belongs in this."
        for there in (ast.Name(name, ast.Load()), *known.at(name)):
            for part in _computed(statement):
                for op in (op for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()) if known.fit(part, op, there)):
                    yield Edit(part, ast.BinOp(part, op, there), told, move)
            for part in parts(statement):
                if isinstance(part, ast.Name | ast.Constant | ast.Subscript):
                    yield Edit(part, there, f"{told}: `{short(part)}` stands where it may belong", move)


def written_anew(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    match statement:
        case ast.Assign(targets=[ast.Subscript() | ast.Name() as target], value=value):
            told = f"this `=` throws away what `{short(target)}` already held"
            move = "Gradients of several uses add up: `+=`."
            yield Edit(statement, ast.copy_location(ast.AugAssign(target, ast.Add(), value), statement), told, move)
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            other = ast.copy_location(ast.AugAssign(target, _SIGN[type(op)](), value), statement)
            yield Edit(statement, other, f"the sign of this `{_WORDS[type(op)]}=` is wrong", "Ask which way the loss moves when it rises a little.")
            once = ast.copy_location(ast.Assign([target], value), statement)
            yield Edit(statement, once, f"this `{_WORDS[type(op)]}=` adds to what `{short(target)}` already held", "Write it once: `=`.")


def differences(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    """A difference that is turned round. Of several that are factors of one product each would do: the product is what is shown."""
    products = [p for p in parts(statement) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult | ast.Div | ast.MatMult)]
    differences = [p for p in parts(statement) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Sub)]
    for part in sorted(differences, key=lambda p: isinstance(p.left, ast.Constant)):
        around = next((p for p in products if any(n is part for n in ast.walk(p))), None)
        beside = [d for d in differences if around is not None and any(n is d for n in ast.walk(around))]
        told = f"the difference `{short(part)}` is turned round" if len(beside) < 2 else f"the sign of `{short(around)}` is wrong: a difference in it is turned round"  # type: ignore[arg-type]
        yield Edit(part, ast.BinOp(part.right, part.op, part.left), told, "Ask which way the loss moves when it rises a little.")


def signs(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                move = "Ask which way the loss moves when it rises a little."
                yield Edit(part, ast.BinOp(left, _SIGN[type(op)](), right), f"`{short(right)}` has the opposite sign", move)
                if isinstance(op, ast.Add):
                    yield Edit(part, ast.BinOp(right, ast.Sub(), left), f"`{short(left)}` has the opposite sign", move)
            case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
                yield Edit(part, operand, "this minus does not belong here", "Leave it out.")
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            if not isinstance(value, ast.Tuple | ast.List | ast.Dict | ast.Constant):
                yield Edit(value, negated(value), "every number of this has the opposite sign", "Follow the minus back through the forward.")


def too_much(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.Add() | ast.Sub() as op, right=right):
                yield Edit(part, left, f"`{_WORDS[type(op)]} {short(right)}` does not belong here", "Leave it out.")
                if not isinstance(op, ast.Div | ast.Sub):
                    yield Edit(part, right, f"`{short(left)} {_WORDS[type(op)]}` does not belong here", "Leave it out.")


def other_names(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        if isinstance(part, ast.Name) and part.id in known.shapes:
            for name, shape in known.shapes.items():
                if name != part.id and shape == known.shapes[part.id] and known.moves(part) is known.moves(ast.Name(name)):
                    move = f"Ask which value of the forward belongs in its place: not `{part.id}`."
                    yield Edit(part, ast.Name(name, ast.Load()), f"`{part.id}` stands where another value belongs", move)


def other_sizes(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        if isinstance(part, ast.Name) and part.id in known.shapes and known.shapes[part.id] is None:
            for size in known.sizes[1:]:
                yield Edit(part, size, f"`{part.id}` is not the number that belongs here", "Ask over how many numbers the forward sums or averages.")


def reductions(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """The axis of a sum that is taken over all, and axes that are kept or not."""
    for part in parts(statement):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr="sum" | "mean" | "max" | "amax" as name), args=args, keywords=keywords):
                numpy = (isinstance(owner, ast.Name) and owner.id in ("np", "numpy")) or any(k.arg in ("axis", "keepdims") for k in keywords)
                given = len(args) > (1 if isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "torch") else 0)
                along = given or any(k.arg in _AXES for k in keywords)
                kept = [k for k in keywords if k.arg in ("keepdim", "keepdims")]
                if kept:
                    rest = [k for k in keywords if k not in kept]
                    yield Edit(part, ast.Call(part.func, args, rest), "an axis of length 1 is kept that does not belong here", "Go by the shapes.")
                    continue
                for words in (("axis", "keepdims"), ("dim", "keepdim")) if not numpy else (("axis", "keepdims"),):
                    keep = ast.keyword(words[1], ast.Constant(True))
                    if along:
                        yield Edit(part, ast.Call(part.func, args, [*keywords, keep]), f"this `{name}` loses its axis", f"`{words[1]}=True` keeps it.")
                    else:
                        for axis in (-1, 0, 1):
                            over = ast.keyword(words[0], ast.Constant(axis))
                            for more in ([over, keep], [over]):
                                told = f"this `{name}` runs over all axes"
                                yield Edit(part, ast.Call(part.func, args, [*keywords, *more]), told, "Ask over which axis the forward sums.")


def turned(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.Attribute(value=ast.expr() as inner, attr="T" | "mT"):
                yield Edit(part, inner, f"`{short(inner)}` should not be turned here", "Go by the axes that are summed over.")
            case ast.Call(func=ast.Attribute(value=inner, attr="t" | "transpose" | "permute" | "swapaxes")):
                yield Edit(part, inner, f"`{short(inner)}` should not be turned here", "Go by the axes that are summed over.")
            case ast.BinOp(op=ast.MatMult(), left=left, right=right):
                for each in (left, right):
                    for turn in _turns(each, known):
                        yield Edit(each, turn, f"`{short(each)}` has to be turned here", "Go by the axes that are summed over.")
            case ast.Call(func=ast.Attribute(attr="dot" | "matmul" | "mm" | "bmm", value=owner), args=args):
                for each in (owner, *args):
                    for turn in _turns(each, known):
                        yield Edit(each, turn, f"`{short(each)}` has to be turned here", "Go by the axes that are summed over.")


def _turns(part: ast.expr, known: Known) -> Iterator[ast.expr]:
    shape = known.shapes.get(part.id) if isinstance(part, ast.Name) else None
    if shape is None or len(shape) == 2:
        yield ast.Attribute(part, "T", ast.Load())
    if shape is None or len(shape) > 2:
        yield ast.Call(ast.Attribute(part, "swapaxes", ast.Load()), [ast.Constant(-1), ast.Constant(-2)], [])


def called_otherwise(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr=name) as func, args=args, keywords=keywords):
                for pair in _CALLS:
                    if name in pair:
                        (other,) = set(pair) - {name}
                        error = {"mean": "this averages what should be added up", "sum": "this adds up what should be averaged"}.get(
                            name, f"`{name}` is not the function that belongs here"
                        )
                        yield Edit(part, ast.Call(ast.Attribute(owner, other, func.ctx), args, keywords), error)
                if isinstance(owner, ast.Name) and name in ("sum", "mean") and len(args) == 1 and owner.id in ("np", "torch", "numpy"):
                    yield Edit(part, args[0], f"this `{name}` does not belong here", "Leave it out.")
            case ast.Call(func=ast.Name(id="reversed"), args=[over]):
                yield Edit(part, over, "this loop goes the wrong way", "What comes later in the forward comes first on the way back.")
            case ast.Call(func=ast.Name(id="range")):
                back = ast.Call(ast.Name("reversed", ast.Load()), [part], [])
                if isinstance(statement, ast.For):
                    yield Edit(part, back, "this loop goes the wrong way", "What comes later in the forward comes first on the way back.")
            case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in _COMPARED:
                yield Edit(part, ast.Compare(left, [_COMPARED[type(op)]()], right), "this comparison is the wrong way round")


def numbers(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    along = {id(n) for part in parts(statement) if isinstance(part, ast.Call) for k in part.keywords if k.arg in _AXES for n in ast.walk(k.value)}
    for part in parts(statement):
        match part:
            case ast.Constant(value=bool()):
                yield Edit(part, ast.Constant(not part.value), f"`{part.value}` is the other way round here")
            case ast.Constant(value=int() as value):
                near = [n for n in ((-2, -1, 0, 1, 2, 3) if id(part) in along else (value - 1, value + 1, 2, 3)) if n != value]
                said = f"axis {value} is not the one that belongs here" if id(part) in along else f"`{value}` is not the number that belongs here"
                yield from (Edit(part, ast.Constant(n), said) for n in dict.fromkeys(near))
            case ast.BinOp(left=ast.Name(), op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
                yield Edit(part, part.left, f"`{short(part)}` is not the step that belongs here")
    for part in parts(statement):
        if isinstance(part, ast.Subscript):
            for n in ast.walk(part.slice):
                if isinstance(n, ast.Name):
                    for op in (ast.Sub(), ast.Add()):
                        yield Edit(n, ast.BinOp(n, op, ast.Constant(1)), f"`{short(part)}` is the value of another step than the one that belongs here")


def factors(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A factor that is missing: a value of the forward, or the slope of one."""
    for term in _terms(statement, known):
        for name, shape in known.shapes.items():
            value = ast.Name(name, ast.Load())
            if shape is not None and known.fit(term, ast.Mult(), value) and ast.dump(term) != ast.dump(value):
                yield Edit(term, ast.BinOp(term, ast.Mult(), value), f"the factor `{name}` is missing", _DERIVED)
        for each in known.places:
            if known.fit(term, ast.Mult(), each):
                yield Edit(term, ast.BinOp(term, ast.Mult(), each), f"the factor `{short(each)}` is missing", _DERIVED)


def scales(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A constant that is missing."""
    for term in _terms(statement, known):
        for value in (*known.sizes, *(ast.Name(name, ast.Load()) for name, shape in known.shapes.items() if shape in (None, ()))):
            for op in (ast.Div(), ast.Mult()):
                if known.fit(term, op, value):
                    told = f"the factor {'1/' if isinstance(op, ast.Div) else ''}`{short(value)}` is missing"
                    yield Edit(term, ast.BinOp(term, op, value), told, "Ask how often, or by how much, the forward uses each number.")


def more_terms(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for term in _terms(statement, known):
        for name, shape in known.shapes.items():
            for op in (ast.Add(), ast.Sub()):
                value = ast.Name(name, ast.Load())
                if shape is not None and known.fit(term, op, value) and ast.dump(term) != ast.dump(value):
                    yield Edit(term, ast.BinOp(term, op, value), f"`{name}` does not come in here", "Each way on which it moves the loss counts.")


_DERIVED = "Differentiate this step of the forward by itself, and hold each factor against yours."


def _terms(statement: ast.stmt, known: Known) -> Iterator[ast.expr]:
    """The terms of sums, of what is multiplied as a matrix, and of what functions are given: where a factor may be missing."""
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            yield from _within(value, known)


def _within(part: ast.expr, known: Known) -> Iterator[ast.expr]:
    match part:
        case ast.Tuple(elts=inner) | ast.List(elts=inner):
            for each in inner:
                yield from _within(each, known)
        case ast.Dict(values=inner):
            for each in inner:
                yield from _within(each, known)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.MatMult(), right=right):
            yield part
            yield from _within(left, known)
            yield from _within(right, known)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            yield part
            for each in (left, right):
                yield from (inner for inner in _within(each, known) if inner is not each)
        case ast.Call(func=func, args=args):
            yield part
            if isinstance(func, ast.Attribute):
                yield from _within(func.value, known)
            for each in args:
                yield from _within(each, known)
        case ast.Attribute(value=inner):
            yield from _within(inner, known)
        case ast.UnaryOp(operand=operand):
            yield from _within(operand, known)
        case ast.Name() | ast.Subscript() if known.moves(part) is not False or isinstance(part, ast.Subscript) or part.id in known.shapes:
            yield part


KINDS: Sequence[Kind] = (
    unused, written_anew, differences, signs, turned, called_otherwise, reductions, too_much, other_sizes, factors, other_names, scales, numbers,
    more_terms,
)  # fmt: skip
