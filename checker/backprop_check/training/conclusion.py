"""What a training came to, in sentences: beside autograd's, and which wrong gradient bends it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from backprop_check.records import Gradient, Report
from backprop_check.report.layout import prose
from backprop_check.training.outcome import SAME, SEEN, apart, final, last_part, parts_at
from backprop_check.training.run import Training, replaced_name
from backprop_check.training.words import wrong_ones


def outcome_lines(
    reports: Mapping[str, Report], yours: Training, autograds: Training, others: Sequence[Training], rounding: bool, width: int
) -> Iterator[Text]:
    """Yield what the training came to, beside autograd's; `rounding` says that the gradients agree where the losses do not."""
    for sentence in _outcome(reports, yours, autograds, others, rounding):
        yield from prose(sentence, width, indent=0)


def _outcome(
    reports: Mapping[str, Report], yours: Training, autograds: Training, others: Sequence[Training], rounding: bool
) -> Iterator[str]:
    differences = apart(yours.losses, autograds.losses)
    wrong = [(name, gradient) for name, report in reports.items() for gradient in wrong_ones(report)]
    mean = f" (the mean of the last {last_part(autograds.losses)} steps)" if last_part(autograds.losses) > 1 else ""
    if max(differences, default=0.0) <= SAME:
        yield f"The loss went from {_short(yours.losses[0])} to {_short(final(yours.losses))}{mean}, by your backward alone."
        most = max(differences, default=0.0)
        yield f"With autograd's gradients it is the same at every step, to {_power(most) if most else 'the last digit'}."
        if wrong:
            named, them = _listed([gradient.verdict.target.name for _, gradient in wrong]), "it" if len(wrong) == 1 else "them"
            yield f"{named} made no difference here; the check finds {them} wrong."
    else:
        if yours.broken:
            ended = f"Your loss is no number any more at step {len(yours.losses) - 1}: it grew beyond all bounds"
        else:
            ended = f"With your gradients the loss is {_short(final(yours.losses))} at the end"
        yield f"{ended}; with autograd's it is {_short(final(autograds.losses))}{mean}."
        step = parts_at(differences)
        far = f"more than {100 * SEEN:g} % apart"
        yield f"At no step are they {far}." if step is None else f"At step {step} they are {far} for the first time."
        yield from (_other(training, yours, autograds) for training in others)
        if wrong and final(yours.losses) < final(autograds.losses):
            yield "Yours is the lower one in this training. It is wrong all the same: it is not the slope of this loss."
        if len(wrong) > len(others):
            yield f"{len(wrong) - len(others)} more are wrong and were not tried."
        if not wrong and rounding:
            yield "Your gradients are autograd's where this training began and where it ended; it enlarges what rounding makes different."
        elif not wrong:
            yield "Each gradient is right by itself, with the right ones above it; one after the other they are not."
            yield "Look for a line that changes what another one reads."
    idle = [training.replaced for training in others if max(apart(training.losses, yours.losses), default=0.0) <= SAME]
    for name, gradient in sorted(wrong, key=lambda each: (each[0], each[1].verdict.target.name) in idle)[:1]:
        yield _explained(name, gradient)


def _other(training: Training, yours: Training, autograds: Training) -> str:
    name = replaced_name(training)
    if max(apart(training.losses, yours.losses), default=0.0) <= SAME:
        return f"With autograd's {name} in the place of yours nothing changes: this training does not go by it."
    would = f"With autograd's {name} in the place of yours"
    if max(apart(training.losses, autograds.losses), default=0.0) <= SAME:
        return f"{would} it is autograd's curve at every step: {name} alone bends yours."
    if training.broken:
        return f"{would} it grows beyond all bounds, too."
    return f"{would} it would be {_short(final(training.losses))}."


def _explained(name: str, gradient: Gradient) -> str:
    target, diagnoses = gradient.verdict.target.name, gradient.diagnoses
    proven = bool(diagnoses) and diagnoses[0].certainty == "proven"
    page = f"; `backprop-check explain {diagnoses[0].code}` is the page of this mistake" if proven else ""
    return f"`backprop-check {name}` says why {target} is wrong{page}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(loss: float) -> str:
    if math.isnan(loss):
        return "no number"
    return "0" if abs(loss) < 1e-12 else f"{loss:#.4g}"


def _power(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-")
