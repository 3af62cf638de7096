"""wrong-call: the call is not one that this function takes.

Family: The line raised, or is not an answer
Forward: e = v[ix]
Shapes: v (N, C), ix (K) of N
Wrong: dv = torch.zeros_like(v).index_add(ix, 0, de)
Right: dv = torch.zeros_like(v).index_add(0, ix, de)

Why:
A call gives its arguments to the parameters of the function, by place from the left, or by name. Before anything is
computed torch looks whether each parameter that needs one has an argument, whether one is left over, and whether each
is of its kind: a tensor, a whole number, a tuple. `help(torch.Tensor.index_add)` shows a function's parameters.

Read more: the PyTorch documentation of the function; its first line is what it takes.

Question: What does the function that is called in {part} take, in which order? And which of yours stands for which?
Of a method without brackets: What makes Python carry out what {part} names, and not only name it?
Law: Arguments go to a function's parameters from the left, or by name: each is of its parameter's kind, none is missing, none is left over.
"""

from __future__ import annotations

import ast
import re

import torch

from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, shape_told
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.raised.failure import failing_part, raises_everywhere
from backprop_check.diagnosis.raised.moves import ORDINALS, of_call, right_move
from backprop_check.diagnosis.raised.refusals import Refusal, raising, refusal
from backprop_check.diagnosis.raised.signatures import Signature, forms, lacking, may_fit, signature, signatures, stands_for
from backprop_check.records import Diagnosis

NUMBER, WHOLE, PAIR, FUNCTION = "a number", "a whole number", "a pair of tensors", "a function"
KINDS = {
    "Tensor": "a tensor", "int": WHOLE, "SymInt": WHOLE, "float": NUMBER, "Number": NUMBER, "Scalar": NUMBER, "bool": "True or False",
    "str": "a text", "tuple": "a tuple", "list": "a list", "NoneType": "None", "torch.Size": "a shape", "torch.dtype": "a dtype",
    "tuple of ints": "whole numbers in brackets", "tuple of SymInts": "whole numbers in brackets", "ellipsis": "three dots",
    "tuple of Tensors": "tensors in brackets", "tuple of Scalars": "numbers in brackets", "method": FUNCTION, "function": FUNCTION,
    "builtin_function_or_method": FUNCTION, "torch.return_types.max": PAIR, "torch.return_types.min": PAIR,
}  # fmt: skip
ALIASES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
"""What torch takes as NumPy calls it."""

ELSEWHERE = {"math": "takes one number", "np": "is made for NumPy's arrays", "numpy": "is made for NumPy's arrays"}
LEFT_OUT = ("out", "dtype", "layout", "device", "requires_grad", "memory_format", "pin_memory", "generator")
ONE_BY_ONE = "Go through them one by one: which parameter does each of yours stand for, and is it of that kind?"
NAMED = r"(?:(?:\w|<|>)+\.)*(?P<name>\w+)\(\)"
_LACKS = re.compile(NAMED + r" missing \d+ required (?:positional|keyword-only) arguments?: (?P<what>.*)$")
_KIND = re.compile(
    NAMED + r": argument '(?P<of>\w+)'(?: \(position (?P<place>\d+)\))? must be (?P<due>[\w. ]+?)"
    r", (?:not|but found element of type) (?P<got>[\w.]+)"
)
_UNEXPECTED = re.compile(NAMED + r" got an unexpected keyword argument '(?P<what>\w+)'")
_TWICE = re.compile(NAMED + r" got multiple values for (?:keyword )?argument '(?P<what>\w+)'")
_COMBINATION = re.compile(NAMED + r" received an invalid combination of arguments - got \((?P<what>.*?)\)(?:,? but|$)")


def find(case: Case) -> Diagnosis | None:
    """Proven by torch's own words, of a call that raises so in every run; the move, by a line with another call that is right."""
    raised = case.verdict.answer.raised
    if raised is None or not raises_everywhere(case):
        return None
    known, part = refusal(case), failing_part(case)
    if known is not None and known.code != "wrong-call":
        return None
    told = known or _elsewhere(case, part or _called(case, raised.message))
    if told is None and raised.kind == "TypeError":
        told = _read(case, part or _called(case, raised.message), raised.message)
    if told is None:
        return None
    call = told.part or part
    if isinstance(call, ast.Attribute):  # a method without its brackets
        found = right_move(case, call, iter([(ast.Call(call, [], []), told.help)]))
    elif not isinstance(call, ast.Call):
        return None
    else:
        found = right_move(case, call, of_call(case, call))
    return case.proven(
        "wrong-call",
        error=told.error,
        note=told.note,
        question=told.question,
        help=found[0] if found is not None else told.help,
        span=case.span(call) or raised.span,
        evidence=f"The line raised {raised.kind}: {raised.message}",
        claims=(claims.raised(case),),
        fix=found[1] if found is not None else None,
    )


def _called(case: Case, message: str) -> ast.expr | None:
    """The call of which the message speaks, where only one in the statement has that name."""
    named = re.match(NAMED, message)
    calls = [n for n in raising(case) if isinstance(n, ast.Call) and named is not None and function_of(n) == named["name"]]
    return calls[0] if len(calls) == 1 else None


def _read(case: Case, call: ast.expr | None, message: str) -> Refusal | None:
    """What torch, or Python, says of a call, in words."""
    if not isinstance(call, ast.Call):
        return None
    known, name = signature(case, call), function_of(call)
    note = f"`{known}`: {told}" if known is not None and (told := stands_for(call, known)) else ""
    if known is not None and len(call.args) > len(known.places) and not known.endless and _may_fit(case, call):
        note = ""  # what stands where is known of the documented form only
    named = _by_name(case, call, message, note)
    if named is not None:
        return named
    if found := _LACKS.search(message):
        return _lacking(call, name, re.findall(r"\w+", found["what"].replace(" and ", " ")), note)
    if found := _KIND.search(message):
        return _of_kind(case, call, found, note)
    if found := _COMBINATION.search(message):
        return _combined(case, call, known, found["what"], note)
    return None


def _by_name(case: Case, call: ast.Call, message: str, note: str) -> Refusal | None:
    """What is given by a name that the function does not have, or by a name and by its place."""
    name, ways = function_of(call), signatures(case, call)
    given = {ALIASES.get(k.arg or "", k.arg): k.arg for k in call.keywords}
    names = list(dict.fromkeys(n for way in ways for n in way.names() if n not in LEFT_OUT))
    known = {*names, *LEFT_OUT, *(n for _, those in forms(name) for n in those)}
    strange = [told for own, told in given.items() if own not in known and told not in known] if ways and "kwargs" not in names else []
    if found := _UNEXPECTED.search(message):
        strange = strange or ([found["what"]] if not ways else [])
    if strange:
        move = f"By name it takes {', '.join(f'`{n}`' for n in names)}." if names else "It takes nothing by name."
        return Refusal(f"`{name}` knows no argument `{strange[0]}`", note, move if ways else "Look up what it takes by name.", call)
    twice = [own for own in given if ways and all(own in way.names()[: min(len(call.args), len(way.places))] for way in ways)]
    if found := _TWICE.search(message):
        twice = [found["what"]]
    return Refusal(f"`{name}` is given `{twice[0]}` twice: by its place, and by name", note, "Give it once.", call) if twice else None


def _lacking(call: ast.Call, name: str, names: list[str], note: str) -> Refusal:
    told = " and ".join(f"`{n}`" for n in names)
    return Refusal(
        f"`{name}` is given too few arguments: nothing stands for {told}", note, ONE_BY_ONE if note else f"Say what {told} is.", call
    )


def _of_kind(case: Case, call: ast.Call, found: re.Match[str], note: str) -> Refusal:
    """An argument of another kind: which of those that are given it is, where its kind shows that."""
    given = next((k.value for k in call.keywords if k.arg == found["of"]), None)
    place = int(found["place"]) - 1 if found["place"] else -1
    if given is None and 0 <= place < len(call.args):
        given = call.args[place]
    held = value_of(case, given) if given is not None else None
    kinds = {type(held).__name__, *(type(one).__name__ for one in (held if isinstance(held, tuple | list) else ()))}
    due, got = _kind(found["due"]), _kind(found["got"])
    name = found["got"].split(".")[-1]
    holds = "is" if name == type(held).__name__ else "holds"
    which = f"`{short(given)}` {holds} {got}" if given is not None and name in kinds else f"is given {got}"
    where = f"as its {ORDINALS[place]} argument" if given in call.args[: len(ORDINALS)] else f"for `{found['of']}`"
    return Refusal(f"`{function_of(call)}` takes {due} {where}, and {which}", note, ONE_BY_ONE, call)


def _combined(case: Case, call: ast.Call, known: Signature | None, got: str, note: str) -> Refusal:
    name = function_of(call)
    if known is not None and not _may_fit(case, call):
        if missing := lacking(call, known):
            return _lacking(call, name, missing, note)
        if len(call.args) > len(known.places) and not known.endless:
            return Refusal(f"`{name}` is given more arguments than it takes", note, "Take away what is too many.", call)
    kinds = [_kind(kind.split("=")[-1].split(" of ")[0].strip("()! ")) for kind in re.split(r", (?![^(]*\))", got) if kind.strip(", !")]
    if not kinds:
        return Refusal(f"`{name}` takes arguments, and is given none", note, ONE_BY_ONE if note else "Look up what it takes.", call)
    return Refusal(f"`{name}` cannot take these: {', '.join(kinds)}", note, ONE_BY_ONE, call)


def _elsewhere(case: Case, call: ast.expr | None) -> Refusal | None:
    """A function of `math` or NumPy that is given a tensor."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    given = next((a for a in call.args if isinstance(value_of(case, a), torch.Tensor)), None)
    module, name = ast.unparse(call.func.value), call.func.attr
    if given is None or module not in ELSEWHERE:
        return None
    move = f"torch has it for tensors: `torch.{name}({short(given)})`."
    if not callable(getattr(torch, name, None)):
        move = "Write it with what torch has for tensors."
    return Refusal(f"`{module}.{name}` {ELSEWHERE[module]}, and `{short(given)}` is a tensor, {shape_told(case, given)}", "", move, call)


def _may_fit(case: Case, call: ast.Call) -> bool:
    """Whether another form of the function than the documented ones takes as many arguments."""
    return may_fit(call, isinstance(call.func, ast.Attribute) and isinstance(value_of(case, call.func.value), torch.Tensor))


def _kind(name: str) -> str:
    return KINDS.get(name, KINDS.get(name.split(".")[-1], f"a {name}"))
