"""What to ask oneself of the lines that use a node, and what the answer is for one number: words that any wrong answer may be told."""

from __future__ import annotations

from backprop_check.derivation.lesson import lesson
from backprop_check.diagnosis.case import Case
from backprop_check.records import Lesson, Line


def asks(case: Case) -> str:
    """The question whose answer is the gradient: which results move with one number of the node, and what arrives there."""
    single = not case.verdict.runs[0].trial.gradients[case.name].dim()
    one = case.node if single else f"one number of {case.node}"
    if len(case.consumers) == 1:
        return _of_line(case, one, case.consumers[0])
    if not case.consumers:
        return f"Ask how much {goal(case)} moves when {one} rises a little."
    names = " and in ".join(line.name for line in case.consumers)
    arrives = " or ".join(filter(None, (upstream(case, line) for line in case.consumers)))
    times = f" times its number of {arrives}," if arrives else ""
    return f"Ask what moves in {names} when {one} rises a little, and how much: all of that,{times} added up."


def _of_line(case: Case, one: str, line: Line) -> str:
    above = upstream(case, line)
    if not above and line.name == case.graph.exercise.output:
        return f"Ask how much {goal(case)} moves when {one} rises a little: that is {case.name}{'' if one == case.node else ' there'}."
    if not above:
        return f"Ask what moves in {line.name} when {one} rises a little, and how much that moves {goal(case)}."
    if not case.verdict.runs[0].trial.gradients["d" + line.name].dim():
        return f"Ask how much {line.name} moves when {one} rises a little, and multiply with {above}."
    if _taught(case).uses[0].count > 1:
        moves = f"Ask which numbers of {line.name} move when {one} rises a little, and how much"
        return f"{moves}; multiply each with its number of {above}, and add up."
    return f"Ask which number of {line.name} moves when {one} rises a little, and how much; multiply with the number of {above} there."


def goal(case: Case) -> str:
    """What every gradient is of: the output by its name where it is one number, else the loss behind it."""
    exercise = case.graph.exercise
    return "the loss" if exercise.takes_cotangent or exercise.output == "loss" else exercise.output


def moves_one(case: Case) -> bool:
    """Whether one number of the node moves one number of the only line that uses it: then the slope is a factor, number by number."""
    return len(case.consumers) == 1 and _taught(case).uses[0].count == 1


def upstream(case: Case, line: Line) -> str:
    """The name of the gradient that arrives at a line, where `backward` has one for it; else nothing."""
    exercise, name = case.graph.exercise, "d" + line.name
    named = name in {target.name for target in exercise.targets} or (exercise.takes_cotangent and line.name == exercise.output)
    return name if named else ""


def example(case: Case) -> str:
    """One number of the node in figures of the exercise's own sizes, where the answer is furthest off there; nothing where it is right."""
    run = case.verdict.runs[0]
    answer = run.answers[case.name].value
    if not case.consumers or case.partial or case.edited is not None:  # "yours" is said of the answer alone
        return ""
    taught = _taught(case)
    there = answer is not None and answer.shape == run.trial.gradients[case.name].shape
    if there and (taught.given is None or abs(taught.given - taught.gradient) <= case.tolerance * run.trial.scales[case.name]):
        return ""
    shares = sum(use.share for use in taught.uses)
    if not abs(shares - taught.gradient) <= 1e-9 * max(1.0, abs(taught.gradient)):
        return ""
    yours = "" if taught.given is None or _number(taught.given) == _number(taught.gradient) else f"; yours is {_number(taught.given)}"
    one = f"{case.node}{taught.place}"
    if not any(use.count for use in taught.uses):
        return f"Nothing moves when {one} rises a little, so its gradient is 0{yours}."
    return f"When {one} rises a little, {_moves(case, taught)}{yours}."


def _moves(case: Case, taught: Lesson) -> str:
    used = [use for use in taught.uses if use.count]
    steepest = [max(use.moved, key=lambda m: abs(m.slope * m.arrives)) for use in used]
    fast = " and ".join(f"{moved.place} moves {_as_much(moved.slope)}" for moved in steepest)
    if used[0].line.name == case.graph.exercise.output and not case.graph.exercise.takes_cotangent:
        return fast
    size = case.verdict.runs[0].trial.scales[case.name]
    makes = f"makes {_number(taught.gradient) if abs(taught.gradient) > 1e-9 * size else '0'}"
    above = upstream(case, used[0].line) if len(used) == 1 else ""
    if sum(use.count for use in used) == 1:
        arrives = f"d{steepest[0].place}" if above else "what arrives there"
        return f"{fast}, and {arrives} is {_number(steepest[0].arrives)}, which {makes}"
    each = f"each times {f'its number of {above}' if above else 'what arrives there'}"
    if all(use.count == 1 for use in used):
        return f"{fast}; {each}, added up, {makes}"
    others = " and ".join(f"{use.count} {'numbers' if use.count > 1 else 'number'} of {use.line.name}" for use in used)
    return f"{others} move ({fast}); {each}, added up, {makes}"


def _as_much(slope: float) -> str:
    return {"1": "as much", "-1": "as much the other way"}.get(_number(slope), f"{_number(slope)} times as much")


def _taught(case: Case) -> Lesson:
    """Once for each answer: the memo is shared with other cases, which are of the same answer or of a part of it."""
    key = lesson, case.name, id(case.verdict)
    if key not in case.memo:
        case.memo[key] = lesson(case.graph, case.submission, case.verdict)
    known: Lesson = case.memo[key]
    return known


def _number(value: float) -> str:
    return f"{value:.3g}" if value else "0"
