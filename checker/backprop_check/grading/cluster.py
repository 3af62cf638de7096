"""Have submissions judged by a Dask cluster: chunks of them go out, lines of results come back."""

from __future__ import annotations

import itertools
import pickle
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprop_check import __version__
from backprop_check.classroom.results import Result, from_line
from backprop_check.errors import BadInput
from backprop_check.grading.chunk import judged_chunk
from backprop_check.grading.scheduler import CONNECT, NO_WORKERS, PATIENCE, check_cluster, connected
from backprop_check.grading.task import Setup, Task
from backprop_check.grading.unjudged import unjudged

if TYPE_CHECKING:
    from distributed import Client, Future

SIZE, BYTES = 25, 4_000_000
"""A chunk is full with so many submissions, or so many bytes of them (Dask warns of tasks above 10 MB)."""

AHEAD = 2
"""Chunks sent for each thread of the cluster: one to judge, one to go on with."""

KILLED = "Several workers of the cluster ended over this submission: look at it by hand."
UNABLE = "the cluster could not judge ({}): its workers need what is installed here, backprop-check {} with its extra `grade`."


def judged_by_cluster(setup: Setup, address: str, tasks: Iterable[Task]) -> Iterator[Result]:
    """Yield a result for each task, in the order in which they are done; `tasks` is read as the cluster gets on.

    What a lost worker had is judged again, by Dask. Submissions whose chunk took several workers along are tried one at a time at the end.
    The setup travels with each chunk, the secret in it: whoever can reach the scheduler can read it and run code on the workers, so the
    cluster must be the teacher's own, or speak TLS (tls://). Raises `BadInput` when there is no such cluster or it cannot judge.
    """
    check_cluster(address)
    chunks = _chunks(tasks)
    first = next(chunks, None)
    if first is None:
        return
    with connected(address) as client:
        suspects: list[Task] = []
        chunks = itertools.chain([first], chunks)
        for chunk, lines in _answered(client, setup, chunks, lambda: AHEAD * sum(client.nthreads().values())):
            if lines is None:
                suspects += chunk
            yield from map(from_line, lines or ())
        for (task,), lines in _answered(client, setup, ([task] for task in suspects), lambda: 1):
            yield unjudged(setup, task, KILLED, "crashed") if lines is None else from_line(lines[0])


@dataclass(frozen=True)
class Call:
    """What is `judged_chunk`'s result where it is unpickled.

    Dask unpickles the functions it is given in the scheduler and in the worker itself, and a worker that lacks their package ends of that.
    This way it is an error of the one task, and the scheduler needs no package of ours.
    """

    setup: Setup
    tasks: Sequence[Task]

    def __reduce__(self) -> tuple[Any, ...]:
        return judged_chunk, (__version__, self.setup, self.tasks)


def _chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    chunk: list[Task] = []
    for task in tasks:
        full = len(chunk) >= SIZE or sum(len(each.data) for each in chunk) >= BYTES
        if full and chunk[-1].student != task.student:  # a student's files go together: what hangs of them is counted
            yield chunk
            chunk = []
        chunk.append(task)
    if chunk:
        yield chunk


def _answered(
    client: Client, setup: Setup, chunks: Iterator[list[Task]], most: Callable[[], int]
) -> Iterator[tuple[Sequence[Task], list[str] | None]]:
    """Yield each chunk with its lines, None where it took its workers along. At most `most()` are out at a time, at least one.

    Raises `BadInput` where a worker does, where the cluster cannot judge at all, and when there is no worker for too long.
    """
    from distributed import CancelledError, KilledWorker

    out: dict[Future[list[str]], list[Task]] = {}
    done = queue.SimpleQueue[Any]()
    while True:
        for chunk in itertools.islice(chunks, max(0, max(1, most()) - len(out))):
            future = client.submit(pickle.loads, pickle.dumps(Call(setup, chunk)), pure=False)
            future.add_done_callback(done.put)
            out[future] = chunk
        if not out:
            return
        future = _next(client, done)
        try:
            lines = future.result(timeout=CONNECT)
        except KilledWorker:
            lines = None
        except TimeoutError:  # its worker was lost before the lines were here: Dask has them made again
            future.add_done_callback(done.put)
            continue
        except (BadInput, CancelledError, OSError):
            raise
        except Exception as error:
            raise BadInput(UNABLE.format(f"{type(error).__name__}: {error}", __version__)) from None
        yield out.pop(future), lines


def _next(client: Client, done: queue.SimpleQueue[Any]) -> Any:
    """Return the next future that is done."""
    seen = time.monotonic()
    while True:
        try:
            return done.get(timeout=PATIENCE / 10)
        except queue.Empty:
            if client.nthreads():
                seen = time.monotonic()
            elif time.monotonic() - seen > PATIENCE:
                raise BadInput(NO_WORKERS) from None
