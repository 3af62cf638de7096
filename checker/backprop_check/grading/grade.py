"""Grade what was found: skip what is graded already, have the rest judged, keep every result as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backprop_check.classroom.results import Result
from backprop_check.errors import BadInput
from backprop_check.grading.found import Found, Reader
from backprop_check.grading.store import Store
from backprop_check.grading.task import Setup, Task
from backprop_check.grading.unjudged import unjudged

Elsewhere = Callable[[Result], bool]
Judging = Callable[[Iterable[Task]], Iterator[Sequence[Result]]]
"""Gives the results of tasks, those together that are there at the same time."""


@dataclass(frozen=True)
class Plan:
    """What a run has to do: `done` are the results that stand, `left` the submissions without one.

    `kept` are results of another exercise, which this run does not touch. `gone` are those of an earlier run whose file is not there any
    more: they do not count. `renewed` are students whose page is not what it was for a reason of that kind, `former` those of them who have
    nothing here any more.
    """

    done: tuple[Result, ...]
    left: tuple[Found, ...]
    kept: tuple[Result, ...]
    gone: tuple[Result, ...]
    renewed: tuple[str, ...]
    former: tuple[str, ...]


def planned(found: Sequence[Found], read: Reader, setup: Setup, store: Store, elsewhere: Elsewhere = lambda _: False) -> Plan:
    """Hold the results that are there against the submissions: one stands if nothing that decides its marks has changed.

    `elsewhere` says of a result that it is of an exercise that is not graded now, and that its file is there.
    """
    known, withdrawn = store.results(), store.withdrawn()
    done, left, renewed = [], [], set[str]()
    for each in found:
        before = known.pop(each.submission, None)
        renewed |= {before.student} - {each.student} if before is not None else set()
        before = before or withdrawn.get(each.submission)  # it may have come back
        if before is not None and before.exercise == each.exercise and before.digest == _digest(each, read, setup):
            done.append(replace(before, student=each.student))
        else:
            left.append(each)
    kept = [result for result in known.values() if elsewhere(result)]
    gone = [result for result in known.values() if not elsewhere(result)]
    renewed |= {result.student for result in gone}
    former = renewed - {each.student for each in found} - {result.student for result in kept}
    return Plan(tuple(done), tuple(left), tuple(kept), tuple(gone), tuple(sorted(renewed)), tuple(sorted(former)))


def graded(plan: Plan, read: Reader, setup: Setup, store: Store, judged: Judging) -> Iterator[Result]:
    """Yield the results that were missing, each once it is on disk; in the end the store holds all of them, sorted."""
    results = {result.submission: result for result in (*plan.done, *plan.kept)}
    store.withdraw(plan.gone)
    store.keep(results.values())

    def kept(*new: Result) -> Sequence[Result]:
        store.append(*new)
        results.update((result.submission, result) for result in new)
        return new

    unread: list[Result] = []
    slow = Counter(result.student for result in plan.done if result.outcome == "timeout")
    for judged_now in judged(replace(task, slow=slow[task.student]) for task in _tasks(plan.left, read, setup, unread)):
        new = [*judged_now, *unread]
        unread.clear()
        yield from kept(*new)
    yield from kept(*unread)
    store.keep(results.values())


def _tasks(left: Sequence[Found], read: Reader, setup: Setup, unread: list[Result]) -> Iterator[Task]:
    """Yield what a judge can be given; of the others a result is put into `unread`."""
    for each in left:
        data, why = _data(each, read)
        beside = read.beside(each, data) if not why else {}
        digest = setup.digest(each.exercise, data if not why else why.encode(), beside)
        task = Task(each.submission, each.student, each.exercise, data, digest, beside)
        if why:
            said = f"{each.submission.rpartition('/')[2]} {why}." if each.trouble else why
            unread.append(unjudged(setup, task, said, "refused" if each.refused else "unreadable"))
        else:
            yield task


def judged_bytes(each: Found, result: Result, read: Reader, setup: Setup) -> bytes:
    """Return the bytes that `result` is of. Raises `BadInput` when they are gone, or others are in their place by now."""
    data = read(each)
    if setup.digest(each.exercise, data, read.beside(each, data)) != result.digest:
        raise BadInput(f"{each.submission} has changed since it was judged.")
    return data


def _digest(each: Found, read: Reader, setup: Setup) -> str:
    data, why = _data(each, read)
    return setup.digest(each.exercise, data, read.beside(each, data)) if not why else setup.digest(each.exercise, why.encode())


def _data(each: Found, read: Reader) -> tuple[bytes, str]:
    """Return the bytes of a submission, or why there are none."""
    if each.trouble:
        return b"", each.trouble
    try:
        return read(each), ""
    except BadInput as error:
        return b"", str(error)
