"""What is said of a backward that was held against its forward. Records in, lines out."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.text import Text

from backprop_check.live.learner import as_characters
from backprop_check.live.relations import relation
from backprop_check.live.say import WIDTH, why
from backprop_check.pairs.examine import Examined
from backprop_check.pairs.faults import of_call, of_gradient
from backprop_check.pairs.one import One
from backprop_check.pairs.pair import Fault
from backprop_check.pairs.returned import where
from backprop_check.pairs.words import in_words
from backprop_check.recording.frames import Place
from backprop_check.records import Diagnosis, Gradient, Submission
from backprop_check.report.carets import place_lines
from backprop_check.report.layout import prose
from backprop_check.report.text import diagnosis_lines, facts


def lines(done: Examined) -> Iterator[str]:
    """Yield what is wrong, none where nothing is."""
    with torch._C.DisableTorchFunction():
        found = [line.plain.rstrip() for line in _lines(done)]
    yield from found


def is_wrong(done: Examined) -> bool:
    return next(iter(of_call(done)), None) is not None or any(not one.right for one in done.ones if _is_due(one))


def _is_due(one: One) -> bool:
    """Whether something can be said of a gradient: it is known, and is not zero where none was given."""
    return one.due is not None and (one.given is not None or bool(one.due.any()))


def _lines(done: Examined) -> Iterator[Text]:
    name, there = done.pair.backward_name, where(done.pair.backward_function)
    place = f" ({there})" if there else ""
    faults = [*of_call(done)]
    for fault in faults:
        yield Text(f"{name}{place}:")
        yield from _fault(fault)
        if done.back is None or done.back.called.error is not None or done.back.fault:
            return
    told: dict[tuple[str, ...], list[One]] = {}
    for one in done.ones:
        followed = one.compared is not None and one.compared.found is not None
        if not one.right and _is_due(one) and (followed or not faults):  # what backward has written into makes numbers that say nothing
            told.setdefault(_key(done, one), []).append(one)
    for ones in told.values():
        yield from prose(f"{name}{place}: {_which(done, ones)}:", WIDTH, indent=0)
        yield from _of(done, ones[0])


def _key(done: Examined, one: One) -> Any:
    """What two gradients have in common that are wrong for one reason."""
    fault = next(of_gradient(done, one), None)
    if fault is None and one.compared is not None and len(one.compared.diagnoses) == 1:
        diagnosis = one.compared.diagnoses[0][0]
        return one.asked.name if one.root else "", diagnosis.span, diagnosis.error
    return (fault.error, fault.note.replace(f"`{one.name}`", "")) if fault is not None else one.index


def _which(done: Examined, ones: Sequence[One]) -> str:
    names = [f"`{one.name}`" for one in ones]
    every = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    gradients = f"the gradient{'s' if len(ones) > 1 else ''} of {every}"
    if ones[0].root and next(iter(of_gradient(done, ones[0])), None) is None:
        return f"{gradients} rest{'s' if len(ones) == 1 else ''} on `{ones[0].root}`, which is wrong"
    return f"{gradients} {'are' if len(ones) > 1 else 'is'} wrong"


def _of(done: Examined, one: One) -> Iterator[Text]:
    """Why one gradient is wrong."""
    fault = next(of_gradient(done, one), None)
    if fault is not None:
        yield from _fault(fault)
    elif one.compared is None:
        yield from prose("No gradient was given.", WIDTH)
    elif one.compared.found is not None:
        told = tuple((in_words(diagnosis, done.pair.numpy), shown) for diagnosis, shown in one.compared.diagnoses)
        yield from why(replace(one.compared, diagnoses=told), done.caller, one.asked)
    else:
        yield from _numbers(done, one)


def _numbers(done: Examined, one: One) -> Iterator[Text]:
    """What numbers alone say, where autograd's gradient of the forward could not be had."""
    assert one.compared is not None and one.due is not None
    bare = facts(Gradient(one.compared.verdict, None, None, ""))
    if one.compared.difference.wrong == "shape":
        bare = replace(bare, error=bare.error.replace(f"but {one.asked.node} is", f"but {one.name} is"))
    diagnosis = relation(one.asked, one.compared.verdict.answer, one.due) or bare
    diagnosis = in_words(diagnosis, done.pair.numpy)
    yield from diagnosis_lines(diagnosis, Gradient(one.compared.verdict, None, None, ""), None, WIDTH)
    yield from prose(
        "The forward could not be followed operation by operation, so this was held against differences of its numbers.", WIDTH
    )


def _fault(fault: Fault) -> Iterator[Text]:
    span = as_characters(fault.place) if fault.place is not None else None
    diagnosis = Diagnosis("", "located", fault.error, fault.note, fault.help, span)
    shown = _file(fault.place) if fault.place is not None else None
    yield from _told(diagnosis, shown)


def _told(diagnosis: Diagnosis, shown: Submission | None) -> Iterator[Text]:
    marked = list(place_lines([diagnosis], diagnosis.span[0] if diagnosis.span else None, shown, WIDTH)) if shown is not None else []
    yield from marked or prose(diagnosis.error[:1].upper() + diagnosis.error[1:] + ".", WIDTH)
    if diagnosis.note:
        yield from prose(diagnosis.note, WIDTH)
    if diagnosis.help:
        yield from prose(f"help: {diagnosis.help}", WIDTH)


def _file(place: Place) -> Submission:
    text = "".join(linecache.getlines(place.filename))
    return Submission(Path("here"), Path(place.filename).name, "", text, True, (), (), (), {}, {}, text=text)
