"""What is said of a live comparison: the lecture's line first, then, where it is wrong, why. Values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from rich.text import Text

from backprop_check.exercise.sizes import written
from backprop_check.live.asked import Asked, Compared, answer_of
from backprop_check.live.caller import Caller
from backprop_check.live.compare import is_autograds, times_too_large
from backprop_check.live.relations import relation
from backprop_check.records import Gradient
from backprop_check.report.layout import prose
from backprop_check.report.text import diagnosis_lines, facts

WIDTH = 92


def said(label: str, result: Compared, around: Caller, asked: Asked) -> Iterator[str]:
    """Yield the line everybody knows, and below a wrong one what is wrong."""
    with torch._C.DisableTorchFunction():  # what is computed here is nobody's to record
        lines = [*_first(label, result, asked)]
        lines += [line.plain.rstrip() for line in _below(result, around, asked)]
    yield from lines


def _first(label: str, result: Compared, asked: Asked) -> Iterator[str]:
    answer = answer_of(asked.given)
    if answer.state == "missing":
        yield f"{label:15s} | not written yet"
        return
    exact = False
    if result.difference.wrong == "shape":
        last = f"shape: {written(answer.shape or ())}, not {written(tuple(asked.tensor.shape))}"
    elif result.difference.wrong == "kind":
        last = f"{_a(answer.kind or '')}, not a tensor"
    else:
        exact, difference = _as_it_is(result, asked)
        last = f"maxdiff: {difference}"
    rounding = " (right to rounding)" if result.right and not exact else ""
    yield f"{label:15s} | exact: {exact!s:5s} | approximate: {result.right or result.dropped!s:5s} | {last}{rounding}"


def _as_it_is(result: Compared, asked: Asked) -> tuple[bool, float | None]:
    """The lecture's two words: against the gradient that autograd left, as it is."""
    value, kept = answer_of(asked.given).value, asked.gradient
    if value is None or kept is None or kept.shape != value.shape or (result.found is not None and result.found.custom):
        return result.difference.exact, result.difference.max_abs
    kept = kept.cpu()
    most = float((value - kept).abs().max()) if value.numel() else 0.0
    return bool(torch.all(value == kept)), most


def _below(result: Compared, around: Caller, asked: Asked) -> Iterator[Text]:
    if result.verdict.answer.state == "missing":
        return
    if result.custom:
        yield from prose(_of_custom(result, asked), WIDTH)
    if not result.right:
        yield from why(result, around, asked)


def _of_custom(result: Compared, asked: Asked) -> str:
    names = " and ".join(f"`{name}.backward`" for name in dict.fromkeys(each.__name__ for each in result.custom))
    recorded = result.found is not None and result.found.forward is not None
    if recorded and is_autograds(asked) and not result.right:
        return (
            f"This is autograd's own `{asked.node}.grad`, and it came out of {names}: it is not the gradient of what the forward computes."
        )
    if recorded:
        return f"autograd's own `{asked.node}.grad` came out of {names}: this is held against autograd's gradient of the forward itself."
    return f"autograd's own `{asked.node}.grad` came out of {names}: where that is wrong, this is held against what is wrong."


def why(result: Compared, around: Caller, asked: Asked) -> Iterator[Text]:
    """Yield why a gradient is wrong."""
    found = result.found
    times = found.passes if found is not None and found.passes > 1 and found.same else None
    times = times_too_large(around, asked) if found is None else times
    if times is not None:
        yield from prose(
            f"`{asked.node}.grad` itself is {times} times the gradient of this forward: backward() ran {times} times, and gradients "
            f"add up. Set `{asked.node}.grad = None` before you call it again.",
            WIDTH,
        )
        return
    if found is not None and found.passes > 1:
        yield from prose(f"`{asked.node}.grad` holds the gradients of {found.passes} calls of backward(), which add up.", WIDTH)
    if result.dropped:
        yield from prose("It is right to float32's rounding, but not in float64:", WIDTH)
    if result.carried and not result.diagnoses:
        names = " and ".join(f"`{name}`" for name in result.carried)
        formula = "The formula is right: it" if result.formula_right else "It"
        yield from prose(f"{formula} uses {names}, which {'is' if len(result.carried) == 1 else 'are'} not right. Mend that first.", WIDTH)
        if result.root is not None:
            yield from _of_root(result.root, around, asked)
        return
    yield from _causes(result, around, asked)


def _of_root(root: Compared, around: Caller, asked: Asked) -> Iterator[Text]:
    """Yield what is wrong with a gradient that was used."""
    while root.root is not None and not root.diagnoses:
        used = " and ".join(f"`{name}`" for name in root.carried)
        yield from prose(f"`{root.name}` itself uses {used}, not right either.", WIDTH)
        root = root.root
    yield from prose(f"Of `{root.name}`:", WIDTH)
    yield from _causes(root, around, asked)


def _causes(result: Compared, around: Caller, asked: Asked) -> Iterator[Text]:
    found = result.found
    line = result.learner.line if result.learner is not None else None
    gradient = Gradient(result.verdict, line, None, "", tuple(diagnosis for diagnosis, _ in result.diagnoses))
    if len(result.diagnoses) > 1 and result.diagnoses[0][0].certainty == "one-of":
        yield from prose("one of:", WIDTH)
    for diagnosis, shown in result.diagnoses:
        if shown.place != _here(around) and shown.place.startswith("cell"):
            yield from prose(f"in {shown.place}:", WIDTH)
        yield from diagnosis_lines(diagnosis, gradient, shown, WIDTH)
    if not result.diagnoses:
        yield from _facts(result, gradient, asked)
    if result.carried:
        yield from prose(f"It also uses {' and '.join(f'`{name}`' for name in result.carried)}, which is not right either.", WIDTH)
    if found is None:
        yield from prose(
            "The forward could not be found here, so only the numbers were compared, with autograd's gradient as it is.", WIDTH
        )
    elif result.diagnoses:
        yield from prose("Proven on these numbers; other sizes were not tried.", WIDTH, style="dim")


def _facts(result: Compared, gradient: Gradient, asked: Asked) -> Iterator[Text]:
    """What the numbers alone say, where nothing explained them."""
    told = relation(asked, result.verdict.answer, gradient.verdict.run.trial.gradients[gradient.verdict.target.name])
    shown = result.learner.shown(None) if result.learner is not None else None
    bare = facts(gradient)
    error = (
        bare.error.replace(f"but {result.verdict.target.node} is", f"but {asked.node} is")
        if result.difference.wrong == "shape"
        else bare.error
    )
    bare = replace(bare, error=error)
    yield from diagnosis_lines(told or bare, gradient, shown, WIDTH)


def _here(around: Caller) -> str:
    return around.parts[-1].place if around.parts else ""


def _a(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
