"""What is said of a training, as lines of text: values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from backprop_check.records import Gradient, Report
from backprop_check.report.layout import prose, visible
from backprop_check.submission.steps import NoStep
from backprop_check.training.checkpoint import Checkpoint
from backprop_check.training.curve import Curve, plot
from backprop_check.training.outcome import SAME, apart
from backprop_check.training.run import Training, replaced_name

COLOURS = ("#d1495b", "#2e8b57", "#8a5cb8", "#c77d0a")


def title_lines(checkpoint: Checkpoint, chapter: str, width: int) -> Iterator[Text]:
    yield from prose(checkpoint.title, width, indent=0, style="bold")
    yield Text(f"{visible(chapter)}: {checkpoint.path.stem}", style="dim")


def checked_lines(reports: Mapping[str, Report], width: int) -> Iterator[Text]:
    """Yield a line for each exercise: what of it is right."""
    for name, report in reports.items():
        count, wrong, unwritten = len(report.gradients), wrong_ones(report), _named(report, "missing")
        right = count - len(wrong) - len(unwritten)
        told = f"{right} of {count} right"
        told += f"; wrong: {', '.join(map(_with_code, wrong))}" if wrong else ""
        told += f"; not written yet: {', '.join(unwritten)}" if unwritten else ""
        mark, style = ("✓", "green") if right == count else ("✗", "red") if wrong else ("·", "yellow")
        first, *more = prose(f"{name}: {told}.", width, indent=2)
        yield Text.assemble((mark, style), f" {first.plain.lstrip()}")
        yield from more


def why_untrained(lack: NoStep) -> str:
    """Why no step can be taken."""
    what = f"{lack.exercise} gives no {lack.name}: {lack.why}" if lack.name else f"{lack.exercise}: {lack.why}"
    return f"No step can be taken: {what}."


def untrained_lines(reports: Mapping[str, Report], lack: NoStep, width: int) -> Iterator[Text]:
    """Yield why no step can be taken, and what to do first."""
    yield from prose(why_untrained(lack), width, indent=0)
    for name, report in reports.items():
        for gradient in report.gradients:
            status, target = gradient.verdict.status, gradient.verdict.target.name
            if status == "missing":
                told = f"Write {target} of {name} first. `backprop-check {name}` checks it, and `backprop-check hint {name}` gives a hint."
            elif status != "correct":
                told = f"Mend {target} of {name} first: `backprop-check {name}` shows what is wrong with it."
            else:
                continue
            yield from prose(told, width, indent=0)
            return
    told = "The check finds every gradient right, each by itself: look for a line that changes what another one reads."
    yield from prose(told, width, indent=0)


def curves(yours: Training, autograds: Training, others: Sequence[Training]) -> list[Curve]:
    """Return what is drawn: autograd's below yours, then those with one gradient of autograd's."""
    drawn = [Curve("autograd's", "·", "#9bb8e8", autograds.losses, even=True), Curve("yours", "o", "#1a1a1a", yours.losses)]
    return drawn + [Curve(f"with autograd's {replaced_name(t)}", "", COLOURS[i % len(COLOURS)], t.losses) for i, t in enumerate(others)]


def drawn_lines(yours: Training, autograds: Training, width: int) -> Iterator[Text]:
    """Yield the losses as a picture."""
    picture = plot(curves(yours, autograds, ()), width)
    yield from map(Text, picture)
    if max(apart(yours.losses, autograds.losses)) <= SAME:
        signs = "o the loss by your gradients, and by autograd's in the same places"
    else:
        signs = "loss: o yours, · autograd's" + (", ^ yours, above the picture" if any("^" in line for line in picture) else "")
    yield from prose(signs, width, indent=10, style="dim")


def sample_lines(yours: Training, width: int) -> Iterator[Text]:
    """Yield what the model made by the learner's gradients: at first, soon after, and in the end, side by side where there is room."""
    steps = sorted(yours.samples)
    titles = [f"after {step} steps" if step else "at first" for step in steps]
    blocks = [[title, *map(visible, yours.samples[step].split("\n"))] for title, step in zip(titles, steps, strict=True)]
    if not blocks:
        return
    wide = [max(cell_len(line) for line in block) for block in blocks]
    if sum(wide) + 3 * (len(blocks) - 1) > width and len(blocks) > 2:
        blocks, wide = [blocks[0], blocks[-1]], [wide[0], wide[-1]]
    if sum(wide) + 3 * (len(blocks) - 1) > width:
        blocks, wide = blocks[-1:], wide[-1:]
    yield Text()
    for row in range(max(map(len, blocks))):
        parts = [(block[row] if row < len(block) else "").ljust(columns) for block, columns in zip(blocks, wide, strict=True)]
        yield Text("   ".join(parts).rstrip(), style="dim" if row == 0 else "")
    yield Text()


def wrong_ones(report: Report) -> list[Gradient]:
    return [g for g in report.gradients if g.verdict.status in ("incorrect", "error")]


def _named(report: Report, status: str) -> list[str]:
    return [g.verdict.target.name for g in report.gradients if g.verdict.status == status]


def _with_code(gradient: Gradient) -> str:
    diagnoses = gradient.diagnoses
    return gradient.verdict.target.name + (f" ({diagnoses[0].code})" if diagnoses and diagnoses[0].certainty == "proven" else "")
