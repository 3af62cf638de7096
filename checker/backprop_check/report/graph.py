"""The forward as a picture: one node below the other, and a lane for every value that is still to be used. Values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from rich.text import Text

from backprop_check.exercise.numbers import axis_lengths
from backprop_check.exercise.shapes import NUMBER
from backprop_check.exercise.sizes import written
from backprop_check.records import Exercise, Line
from backprop_check.report.lanes import Lanes
from backprop_check.report.layout import prose, visible, wrap
from backprop_check.report.text import MARKS

ASCII = str.maketrans("●○│─├┤┼╭╮╰╯┬┴·✓✗", "*o|-+++....++*+x")


def graph_lines(exercise: Exercise, shapes: Mapping[str, str], statuses: Mapping[str, str], width: int) -> Iterator[Text]:
    """Yield the picture of a forward: each node with its line, its shape, its users and the state of its gradient.

    `shapes` are axes by name, or `NUMBER`; `statuses` the outcome of the last check by target.
    """
    users = {name: [line.name for line in exercise.lines if name in line.reads] for name in exercise.names}
    tensors = {name for name in exercise.names if shapes.get(name) != NUMBER}
    lanes = Lanes({name: sum(user in tensors for user in users[name]) for name in tensors})
    for name, line in _order(exercise):
        if name in tensors:
            operands = [o for o in line.reads if o in tensors] if line else []
            above, at, below = lanes.place(name, operands, "●" if line else "○")
            if above is not None:
                yield Text(above, style="cyan")
        else:
            at = below = lanes.idle()
        source = f"{name} = {' '.join(visible(line.source).split())}" if line else name
        margin = max(cell_len(at), cell_len(below)) + 1
        room = max(16, width - margin)
        yield from _source(name, source, at, below, margin, room)
        told = [
            Text(shape_text(exercise, shapes.get(name, "")), style="dim" if shapes.get(name) == NUMBER else "default"),
            _users(exercise, name, users[name]),
            _gradient(exercise, name, statuses),
        ]
        for row in _filled([part for part in told if part], room):
            yield Text(f"{below:{margin}}", style="cyan").append_text(row)


def _order(exercise: Exercise) -> list[tuple[str, Line | None]]:
    """The lines in order, each argument just above the first line that uses it."""
    placed: list[tuple[str, Line | None]] = []
    waiting = list(exercise.inputs)
    for line in exercise.lines:
        placed += [(name, None) for name in waiting if name in line.reads]
        waiting = [name for name in waiting if name not in line.reads]
        placed.append((line.name, line))
    return placed + [(name, None) for name in waiting]


def _source(name: str, source: str, at: str, below: str, margin: int, room: int) -> Iterator[Text]:
    first, *rest = wrap(source, room)
    rest = wrap(" ".join(rest), room - 2) if rest else []
    row = Text(f"{at:{margin}}", style="cyan").append(first, style="not dim default")
    row.stylize("bold", margin, margin + len(name))
    yield row
    for piece in rest:
        yield Text(f"{below:{margin}}", style="cyan").append(f"  {piece}", style="default")


def _filled(parts: list[Text], room: int) -> Iterator[Text]:
    """Put parts side by side while there is room; a part that is too long alone is wrapped."""
    row = Text()
    for part in parts:
        for piece in wrap(part.plain, room):
            text = Text(piece, style=part.style)
            if row and cell_len(row.plain) + 3 + cell_len(piece) > room:
                yield row
                row = Text()
            row = row.append("   ").append_text(text) if row else Text().append_text(text)
    if row:
        yield row


def shape_text(exercise: Exercise, axes: str) -> str:
    """Write the axes of a value with their lengths: `(N, C) = (7, 3)`."""
    if axes == NUMBER:
        return "a plain number"
    lengths = axis_lengths(axes, exercise.sizes) if axes else None
    numbers = written(lengths) if lengths is not None else ""
    return f"{axes} = {numbers}" if numbers and numbers != axes else axes


def _users(exercise: Exercise, name: str, users: list[str]) -> Text:
    if name == exercise.output:
        return Text("the output", style="default")
    return Text(f"used by {', '.join(users)}" if users else "used by no line", style="dim")


def _gradient(exercise: Exercise, name: str, statuses: Mapping[str, str]) -> Text:
    gradient = f"d{name}"
    if any(target.name == gradient for target in exercise.targets):
        mark, style = MARKS[statuses.get(gradient, "missing")]
        return Text(f"{mark} {gradient}", style=style)
    return Text(f"{gradient} is given", style="dim") if gradient in exercise.parameters else Text()


def state_lines(exercise: Exercise, statuses: Mapping[str, str], changed: bool, width: int) -> Iterator[Text]:
    """Yield what the signs mean and how many gradients are right; `changed` says that the file was saved since the last check."""
    yield from prose(state(exercise, statuses, changed), width, indent=0, style="bold")
    yield from prose("○ argument   ● line of the forward   ✓ right   ✗ wrong   ! no value   · not written", width, indent=0, style="dim")


def state(exercise: Exercise, statuses: Mapping[str, str], changed: bool) -> str:
    """Say how many gradients are right, and since when that is known."""
    right = sum(statuses.get(target.name) == "correct" for target in exercise.targets)
    when = "at the last check; the file has changed since" if changed else "at the last check" if statuses else "not checked yet"
    total = len(exercise.targets)
    return f"{right} of {total} gradient{'s' if total != 1 else ''} right ({when})"
