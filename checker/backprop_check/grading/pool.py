"""Keep several judges busy, each with a zygote of its own; replace those that are lost. No learner code and no torch in this process."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait

from backprop_check.classroom.results import Result, from_line
from backprop_check.errors import BadInput
from backprop_check.grading.clock import OVERDUE
from backprop_check.grading.judge import NURSERY
from backprop_check.grading.task import Setup, Task
from backprop_check.grading.unjudged import too_slow, unjudged
from backprop_check.submission.confinement.zygote import environment
from backprop_check.submission.workers import Gone
from backprop_check.submission.zygote import Zygote

TRIES = 4
"""How often a submission may take its judge along before it is given up."""

SLOW = 2
"""So many submissions of a student may take longer than the limit; those that are left are not run then."""

MOST = 600.0
"""Seconds that all submissions of a student may take in one run; those that are left are not run in it."""

OWN_END = 0.2
"""Seconds that a judge whose connection is closed may take to end, before it is killed."""

CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE)

SMALL, DEEP = 1 << 16, 4
"""Bytes that fit into a judge's socket: a larger task is given only to one that reads at once. At most so many tasks has each."""

AHEAD = 16
"""So many tasks for each judge are looked at, to find one that it should have."""

WAITED = "It was not run: {} other files of yours took longer than the limit. Leave out what hangs, and hand in the one that counts."
LONG = "It was not run: your other files took more than {:g} minutes together. Hand in those that count."
ENDED = "Reading it ended Python itself ({}): hand in your `backward` and what it needs."
LOST = "The judge was lost again and again over this submission: look at it by hand."


@dataclass
class Judge:
    """A judge and what it is at: starting (`ready` is False), idle, or judging the first of `tasks` until `deadline`.

    It has the next ones already, so that it need not wait while results are written down.
    """

    connection: Connection
    pid: int
    ready: bool = False
    tasks: deque[Task] = field(default_factory=deque)
    deadline: float = field(default_factory=lambda: time.monotonic() + 120)


class Pool:
    """Judges that work side by side. Use as a context manager."""

    def __init__(self, setup: Setup, jobs: int) -> None:
        self._setup, self._jobs = setup, jobs
        self._nursery: Zygote | None = None
        self._judges: list[Judge] = []
        self._tries: dict[str, int] = {}
        self._had: dict[bytes, int] = {}
        self._slow: Counter[str] = Counter()
        self._took: defaultdict[str, float] = defaultdict(float)
        self._starts = 0

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._judges:
            judge.connection.close()
        self._judges.clear()
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None

    def judged(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield a result for each task, in the order in which they are done. Raises `BadInput` when nothing can be judged here."""
        return itertools.chain.from_iterable(self.together(tasks))

    def together(self, tasks: Iterable[Task]) -> Iterator[Sequence[Result]]:
        """Yield the results as `judged` does, those in one sequence that were there at the same time."""
        self._slow, self._took = Counter(), defaultdict(float)
        coming, waiting, done = iter(tasks), deque[Task](), list[Result]()
        while True:
            waiting.extend(itertools.islice(coming, max(0, AHEAD * self._jobs - len(waiting))))
            while waiting and (judge := self._free(len(waiting))) is not None and (task := self._fitting(judge, waiting)) is not None:
                waiting.extend(itertools.islice(coming, 1))
                if why := self._too_much(task):  # without a digest: another run tries it again
                    done.append(unjudged(self._setup, replace(task, digest=""), why, "timeout"))
                else:
                    self._give(judge, task)
            if done:  # only now: the judges are at work again while these are written down
                yield done
            busy = [judge for judge in self._judges if judge.tasks or not judge.ready]
            if not waiting and not any(judge.tasks for judge in busy):
                return
            done = [result for judge in self._heard(busy) for result in self._received(judge, waiting)]
            self._slow.update(result.student for result in done if result.outcome == "timeout")
            for result in done:
                self._took[result.student] += result.seconds

    def _too_much(self, task: Task) -> str:
        """Say why no more of a student is run, "" where it is."""
        if (slow := task.slow + self._slow[task.student]) >= SLOW:
            return WAITED.format(slow)
        return LONG.format(MOST / 60) if self._took[task.student] > MOST else ""

    def _free(self, waiting: int) -> Judge | None:
        """Return a judge that may have a task (one more where more wait than there are judges), and see to it that there are enough.

        No more are started than there are tasks: each loads exercises and mistakes for itself.
        """
        while len(self._judges) < min(self._jobs, waiting + sum(bool(judge.tasks) for judge in self._judges)):
            self._judges.append(self._start())
        most = min(DEEP, -(-waiting // self._jobs))
        free = [judge for judge in self._judges if judge.ready and len(judge.tasks) < most]
        return min(free, key=lambda judge: len(judge.tasks), default=None)

    def _start(self) -> Judge:
        self._starts += 1
        if self._starts > self._jobs + 20:
            raise BadInput("the judging processes keep ending: look at this machine's memory and its system log, then run this again.")
        for _ in range(3):
            try:
                if self._nursery is None:
                    self._nursery = Zygote.started(NURSERY, environment())
                end, pid = self._nursery.spawn()
                judge = Judge(Connection(end.detach()), pid)
                with contextlib.suppress(OSError):  # lost again; that is heard when its answer is waited for
                    texts = [text for _, text in self._setup.exercises.values()]
                    zygote = {"memory": self._setup.memory, "confined": self._setup.confined, "exercises": texts}
                    judge.connection.send_bytes(json.dumps(zygote).encode())
                    judge.connection.send_bytes(self._setup.as_json())
                return judge
            except (Gone, OSError):  # OSError: no process, socket or memory to be had
                if self._nursery is not None:
                    self._nursery.close()
                    self._nursery = None
        raise BadInput("no judging process could be started: look at this machine's memory and its system log, then run this again.")

    def _fitting(self, judge: Judge, waiting: deque[Task]) -> Task | None:
        """Take a task for `judge`: rather one that is like what it has had, or like nothing yet. So equal answers are explained once.

        A student's files are judged one after another, in their order: what hangs keeps one judge only.
        """
        taken, free = {task.student for other in self._judges for task in other.tasks}, []
        room = SMALL - sum(task.size for task in itertools.islice(judge.tasks, 1, None))
        for task in waiting:
            if task.student not in taken and (not judge.tasks or task.size <= room):
                free.append(task)
            taken.add(task.student)
        if not free:
            return None
        task = next((task for task in free if self._had.get(task.likeness, judge.pid) == judge.pid), free[0])
        waiting.remove(task)
        self._had[task.likeness] = judge.pid
        return task

    def _give(self, judge: Judge, task: Task) -> None:
        judge.tasks.append(task)
        if len(judge.tasks) == 1:
            judge.deadline = time.monotonic() + self._setup.longest
        with contextlib.suppress(OSError):
            judge.connection.send_bytes(json.dumps(task.head()).encode())
            judge.connection.send_bytes(task.data)

    def _heard(self, busy: list[Judge]) -> list[Judge]:
        """Wait until some of `busy` have something to say, or are overdue."""
        soonest = min((judge.deadline for judge in busy), default=0.0)
        said = wait([judge.connection for judge in busy], max(0.0, soonest - time.monotonic()))
        now = time.monotonic()
        return [judge for judge in busy if judge.connection in said or judge.deadline <= now]

    def _received(self, judge: Judge, waiting: deque[Task]) -> Iterator[Result]:
        """Yield all results that a judge has sent by now."""
        while True:
            if (result := self._receive(judge, waiting)) is not None:
                yield result
            if judge not in self._judges or not judge.tasks or not judge.connection.poll():
                return

    def _receive(self, judge: Judge, waiting: deque[Task]) -> Result | None:
        try:
            if not judge.connection.poll():
                raise EOFError
            data = judge.connection.recv_bytes()
            if not judge.ready:
                judge.ready = True
                if data:
                    raise BadInput(data.decode())
                return None
            result = from_line(data.decode())
            judge.tasks.popleft()
            judge.deadline = time.monotonic() + self._setup.longest
            self._starts = min(self._starts, self._jobs)  # they work; losses long ago are forgiven
            return result
        except (EOFError, OSError, ValueError):
            return self._lost(judge, waiting)

    def _lost(self, judge: Judge, waiting: deque[Task]) -> Result | None:
        self._judges.remove(judge)
        judge.connection.close()
        lost_alone, ended = True, 0
        if self._nursery is not None:
            try:
                code = self._nursery.end(judge.pid, OWN_END)
                ended = -code if code is not None and code < 0 else 0
            except Gone:
                lost_alone = False
        if not judge.tasks:
            return None
        task, *next_ones = judge.tasks
        waiting.extendleft(next_ones)
        if ended == OVERDUE:
            return unjudged(self._setup, task, too_slow(task, self._setup.time_limit), "timeout")
        if ended in CRASHES:
            return unjudged(self._setup, task, ENDED.format(signal.strsignal(ended)), "unreadable")
        self._tries[task.submission] = self._tries.get(task.submission, 0) + lost_alone
        if self._tries[task.submission] < TRIES:
            waiting.appendleft(task)
            return None
        # Without a digest it does not stand: it may have been the machine, so the next run tries it again.
        return unjudged(self._setup, replace(task, digest=""), LOST, "crashed")
