"""The third hint: the law of every operation on the way back, in the forward's own words, and the chain rule in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from backprop_check.diagnosis.pages import page
from backprop_check.exercise.solution import Step
from backprop_check.records import Exercise, Gradient, Lesson, Operation, Use
from backprop_check.report.hint.fillings import arriving, path, spoken, together
from backprop_check.report.hint.numbers import number_lines
from backprop_check.report.hint.operations import multiplied
from backprop_check.report.layout import prose

NOTHING = "Nothing flows back through this use."
OF_SLOPES, MOST = "Local derivative", 2
"""The family of mistakes for which the page of an operation is named, and of how many operations."""

READERS = frozenset(
    {"index", "index_select", "embedding", "embedding_bag", "gather", "take", "take_along_dim", "masked_select", "where", "masked_fill"}
)
"""Operations whose further operands say which numbers are read: they meet nothing."""

UNKNOWN = "The table of laws does not know this line; what it does can be measured all the same."


def law_lines(
    exercise: Exercise, gradient: Gradient, lesson: Lesson, step: Step | None, fillings: Sequence[Mapping[str, str]], width: int
) -> Iterator[Text]:
    """Yield the law that the mistake breaks, then those of the graph; `step` is the solution's line, where there is one."""
    told, filling = [page(diagnosis.code) for diagnosis in gradient.diagnoses], fillings[0]
    copies = ["cannot be expanded" in diagnosis.error for diagnosis in gradient.diagnoses]
    laws = [known.said("Law of copies" if of_expand else "Law") for known, of_expand in zip(told, copies, strict=True)]
    for law in dict.fromkeys(law.format_map(of_this) for law, of_this in zip(laws, fillings, strict=False)):
        yield from prose(law, width) if law else ()
    if not (told and "formula right" in told[0].traits):
        answers = [diagnosis.fix for diagnosis in gradient.diagnoses] + [lesson.expression, step.source if step else None]
        yield from _of_graph(exercise, lesson, step, {bare(answer) for answer in answers if answer}, filling, width)
    if any(known.family == OF_SLOPES for known in told):
        names = dict.fromkeys(operation.name for use in lesson.uses for way in use.ways for operation in way)
        for name in list(names)[:MOST]:
            yield from prose(f"`backprop-check explain {name}` shows {name} alone, with a number.", width, style="dim")
    for code in dict.fromkeys(known.code for known in told if "nameless" not in known.traits):
        yield from prose(f"`backprop-check explain {code}` shows the mistake on a small graph.", width, style="dim")


def _of_graph(
    exercise: Exercise, lesson: Lesson, step: Step | None, answers: set[str], filling: Mapping[str, str], width: int
) -> Iterator[Text]:
    why = step.why if step is not None else ""
    if why:
        yield from prose(why, width)
    for use in path(lesson):
        yield from prose(f"`{use.line.name} = {use.line.source}`", width, style="cyan")
        known = bool(why) and len(path(lesson)) == 1
        said = _of_use(exercise, lesson, use, answers, known)
        yield from prose(" ".join(said), width, indent=5)
    if int(filling["count"]) > 1:
        yield from prose("{node} is used {often}: what comes back from all uses adds up.".format_map(filling), width)
    if not lesson.uses:
        yield from prose("The output moves with itself, one for one: its own gradient is 1 everywhere.", width)
    yield from number_lines(lesson, filling["node"], width)


def use_lines(exercise: Exercise, lesson: Lesson, use: Use, width: int) -> Iterator[Text]:
    """Yield the laws of one line in full, what its shapes do, and what arrives."""
    yield from prose(" ".join(_of_use(exercise, lesson, use, set(), False)), width, indent=5)


def _of_use(exercise: Exercise, lesson: Lesson, use: Use, answers: set[str], known: bool) -> Iterator[str]:
    """The laws of one line, unless they are `known` from the solution, and how its shapes meet."""
    operations = [operation for way in use.ways for operation in way]
    yield from () if known else dict.fromkeys(_veiled(operation.law, answers) for operation in operations)
    if not operations:
        yield NOTHING if not use.flows else UNKNOWN
    yield from dict.fromkeys(shapes for operation in operations if (shapes := meeting(operation)))
    arrives = arriving(exercise, use)
    if arrives == "1":
        yield f"{use.line.name} is what is differentiated: 1 arrives."
    elif use.upstream:
        yield f"From above arrives {arrives}, {use.axes}."
    else:
        further = together(line.name for line in exercise.lines if use.line.name in line.reads)
        yield f"From above arrives {arrives}, {spoken(use.axes)}, which has no name here: it comes from {further}."


def _veiled(law: str, answers: set[str]) -> str:
    """The law without its formula where that alone is an answer already: where 1 arrives, a slope is the gradient."""
    said, quote, formula = law.partition(" `")
    whole = said.removeprefix("The ").removesuffix(" is")
    return f"What arrives there is 1, so the {whole} is all of this gradient." if quote and bare(formula.rstrip("`.")) in answers else law


def bare(source: str) -> str:
    """Return an expression without its blanks."""
    return "".join(source.split())


def meeting(operation: Operation) -> str:
    """Say how the shapes meet, where they are not all the same."""
    own = f"`{operation.operand}`, {spoken(operation.own)},"
    if operation.copies:
        return f"{own} was used again along {' and '.join(operation.copies)}: what comes back from there is added up."
    if operation.own == operation.result:
        return ""
    result = spoken(operation.result)
    beside = () if operation.name in READERS else multiplied(operation).beside
    others = " and ".join(f"`{text}`, {axes}," for text, axes in beside)
    return f"{own} meets {others} and gives {result}." if others else f"`{operation.text}` makes {result} of {operation.own}."
