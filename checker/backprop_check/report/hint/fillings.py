"""What the words of a hint are filled with: the learner's own names, axes, lines and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backprop_check.derivation.trees import parsed, text
from backprop_check.exercise.sizes import axes, written
from backprop_check.records import Exercise, Gradient, Lesson, Moved, Span, Submission, Use

SHORT = 40


def fillings(submission: Submission, gradient: Gradient, lesson: Lesson, which: int = 0) -> dict[str, str]:
    """Return what may stand between braces in a question or a law about one of the diagnoses."""
    diagnosis = gradient.diagnoses[which] if gradient.diagnoses else None
    span = diagnosis.span if diagnosis else None
    first = min((s[0] for s in [span, *(s for s, _ in diagnosis.also)] if s), default=gradient.line) if diagnosis else gradient.line
    node = gradient.verdict.target.node
    shown = lesson.uses[0].moved if lesson.uses else ()
    if diagnosis is not None and diagnosis.code == "wrong-slice":
        shown = tuple(filter(_tells_axes_apart, shown)) or shown
    moved = max(shown, key=lambda m: abs(m.slope * m.arrives), default=None)
    part = _part(submission, span)
    named = re.search(r"`(\w+)`", diagnosis.error) if diagnosis else None
    slope = next((claim.fields for claim in diagnosis.claims if claim.kind == "slope"), {}) if diagnosis else {}
    direct = [use for use in lesson.uses if use.flows]
    count = sum(len(use.ways) or 1 for use in direct)
    more = lesson.uses[0].count - 1 if lesson.uses else 0
    users = together(use.line.name for use in direct or lesson.uses)
    here = together(use.line.name for use in direct if use.count) or users
    goes = moved.place if moved and count == 1 else here or "the loss"
    return {
        "name": lesson.name,
        "node": node,
        "axes": named_and_counted(gradient),
        "got": _got(gradient) or "no tensor",
        "users": users or "the forward",
        "operation": _as_written(slope.get("of", "")),
        "operand": _as_written(slope.get("by", "")),
        "far": together(use.line.name for use in sources(lesson)) or "the loss",
        "lines": together(f"`{use.line.name} = {use.line.source}`" for use in flowing(lesson)) or "the forward",
        "told": f"`{of[1]}`" if (of := re.search(r"`(\w+ = [^`]+)`", diagnosis.note if diagnosis else "")) else users,
        "count": str(count),
        "often": "twice" if count == 2 else f"{count} times",
        "one": f"{node}{lesson.place}",
        "place": lesson.place,
        "goes": goes,
        "carried": f"{moved.place} and {more} other place{'s' * (more > 1)}" if moved and count == 1 and more > 0 else goes,
        "part": part,
        "bare": part.strip("`") if part.strip("`").isidentifier() else "d",
        "other": named[1] if named else "h",
        "shape": spoken(gradient.axes),
        "line": str(span[0] if span else gradient.line or "?"),
        "first": str(first or "?"),
        "loop": _loop(submission, lesson.name, first),
        **_elsewhere(gradient, 0, "small"),
        **_elsewhere(gradient, 1, "large"),
    }


def _as_written(expression: str) -> str:
    """An expression of a claim as the messages write it."""
    return text(parsed(expression)) if expression else ""


def path(lesson: Lesson) -> tuple[Use, ...]:
    """The lines from the value to where gradients arrive that have names."""
    return (*lesson.uses, *lesson.beyond)


def ends(lesson: Lesson) -> list[Use]:
    """Those of them where such gradients arrive."""
    return _last(lesson, path(lesson))


def flowing(lesson: Lesson) -> tuple[Use, ...]:
    """The lines of the path that something comes back along; all of them where nothing does."""
    found, reached = list[Use](), {use.node for use in lesson.uses}
    for use in path(lesson):
        if use.flows and use.node in reached:
            found.append(use)
            reached.add(use.line.name)
    return tuple(found) or path(lesson)


def sources(lesson: Lesson) -> list[Use]:
    """Those of these where gradients arrive that have names: what the gradient is made from."""
    return _last(lesson, flowing(lesson))


def _last(lesson: Lesson, uses: Iterable[Use]) -> list[Use]:
    gone_on = {use.node for use in lesson.beyond}
    return [use for use in uses if use.line.name not in gone_on]


def arriving(exercise: Exercise, use: Use) -> str:
    """What arrives at a line, by name where it has one."""
    if use.upstream:
        return use.upstream
    if use.line.name == exercise.output and not exercise.takes_cotangent:
        return "1"
    return f"the gradient of {use.line.name}"


def spoken(axes: str) -> str:
    """A shape in a sentence."""
    return "one number" if axes == "()" else axes


def named_and_counted(gradient: Gradient) -> str:
    """The shape that is due, `(N, 1) = (7, 1)`."""
    plain = written(tuple(gradient.verdict.runs[0].trial.gradients[gradient.verdict.target.name].shape))
    return spoken(plain) if gradient.axes == plain else f"{gradient.axes} = {plain}"


def names_in(source: str, lesson: Lesson) -> list[str]:
    """The tensors that a piece of code names, in its order; not what merely looks so: the T of `x.T`."""
    return [name for name in dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*", source)) if name in lesson.shapes]


def together(parts: Iterable[str]) -> str:
    """Join words: a, b and c."""
    words = list(dict.fromkeys(parts))
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _tells_axes_apart(moved: Moved) -> bool:
    """Whether no two indices of a place are the same: of such a one it would not show that they are exchanged."""
    indices = re.findall(r"\d+", moved.place.partition("[")[2])
    return len(set(indices)) == len(indices)


def _got(gradient: Gradient) -> str:
    """The shape of the answer, where it is a tensor in every trial."""
    name, runs = gradient.verdict.target.name, gradient.verdict.runs
    shapes = [run.answers[name].shape for run in runs]
    known = [shape for shape in shapes if shape is not None]
    return axes(known, [run.trial.sizes for run in runs]) if len(known) == len(runs) else ""


def _loop(submission: Submission, name: str, line: int | None) -> str:
    """What a loop that holds a line gives a value to: `place` of the name's tensor, or the `name`; empty where the line is in none."""
    for statement in submission.statements:
        if line is not None and statement.line <= line <= statement.end_line and re.match(r"\s*(for|while)\b", statement.source):
            return "place" if re.search(rf"\b{re.escape(name)}\[", statement.source) else "name"
    return ""


def _elsewhere(gradient: Gradient, choice: int, key: str) -> dict[str, str]:
    """What the sizes are in one of the trials, and the shape that is due then."""
    run = gradient.verdict.runs[min(choice, len(gradient.verdict.runs) - 1)]
    sizes = ", ".join(f"{size} = {n}" for size, n in run.trial.sizes.items())
    return {key: sizes, f"due_{key}": written(tuple(run.trial.gradients[gradient.verdict.target.name].shape))}


def _part(submission: Submission, span: Span | None) -> str:
    """What stands over the caret, in backticks, where that is short."""
    if span is None or span[0] != span[2] or span[0] > len(submission.lines):
        return "your line"
    text = submission.lines[span[0] - 1][span[1] : span[3]].strip().lstrip(")")
    return f"`{text}`" if 0 < len(text) <= SHORT else "your line"
