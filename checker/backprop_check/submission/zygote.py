"""The process workers are forked from: torch loaded, one thread, no oracle, no learner code."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep  # by name: in the worker, and where it is forked from, the module's clocks stand
from typing import NoReturn

from backprop_check.errors import BadInput
from backprop_check.submission.confinement.kernel import HUGE_PAGES, PR_SET_PDEATHSIG, bare_fork, fix_addresses, limit_memory, mapped, prctl
from backprop_check.submission.python import python_on
from backprop_check.submission.warm import warm_up
from backprop_check.submission.workers import Gone

if sys.platform != "win32":
    import resource

SPAWN, END = b"spawn   ", b"end     "
KILLED = -1
_NUMBER = struct.Struct("<q")

MEMORY = 1 << 30
"""Bytes that a confined worker may take of its own, where the caller says nothing else."""

Serve = Callable[[socket.socket], None]


class Zygote:
    """A handle on the process that forks workers. Close it, or use it as a context manager."""

    def __init__(self, channel: socket.socket, pid: int, process: subprocess.Popen[bytes] | None) -> None:
        self._channel, self._pid, self._process = channel, pid, process

    @classmethod
    def forked(cls, memory: int | None = None, confined: bool = False, exercises: Sequence[str] = ()) -> Zygote:
        """Fork one from this process. Only for a process that has loaded torch, used no thread of it, and computed no oracle yet.

        Each worker may take `memory` bytes of its own, and is confined where asked. `exercises` are texts of those that will be asked for.
        Raises `BadInput` where the machine cannot confine.
        """
        warm_up()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            try:
                _keep_only(theirs.fileno())
                serve_workers(theirs, memory, confined, exercises)
            finally:
                os._exit(1)
        theirs.close()
        zygote = cls(ours, pid, None)
        if confined:
            zygote._wait_until_ready()
        return zygote

    @classmethod
    def started(cls, program: str = "backprop_check.submission.zygote:main", environment: Mapping[str, str] | None = None) -> Zygote:
        """Start one as a program of its own. For parents that may have used torch's threads: pytest runs, notebook kernels.

        `program` names what it runs (module:function, given the number of its socket), with this process's environment unless another is
        given. Nothing of the current folder can be imported there.
        """
        environment = {**HUGE_PAGES, **os.environ} if environment is None else environment
        ours, theirs = socket.socketpair()
        command = python_on(program, str(theirs.fileno()))
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment, start_new_session=True)  # noqa: S603 (this interpreter, our own module)
        theirs.close()
        return cls(ours, process.pid, process)

    @classmethod
    def started_confined(cls) -> Zygote:
        """Start one whose workers are confined: for strangers' code. Raises `BadInput` where the machine cannot confine."""
        from backprop_check.submission.confinement.zygote import environment

        zygote = cls.started("backprop_check.submission.zygote:main_confined", environment())
        zygote._wait_until_ready()
        return zygote

    def spawn(self) -> tuple[socket.socket, int]:
        """Fork a worker; return the channel to it and its process id (in the zygote's own counting). Raises `Gone`."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._channel, [SPAWN], [theirs.fileno()])
            theirs.close()
            return ours, self._number()
        except (OSError, Gone) as error:
            ours.close()
            theirs.close()
            raise Gone(str(error)) from None

    def end(self, pid: int, patience: float = 0.0) -> int | None:
        """End the worker `pid` with its whole process group; return its exit code (`Workers.end`), None where it had to be killed.

        `patience` is how many seconds it may take to end by itself. Raises `Gone`.
        """
        try:
            self._channel.sendall(END + _NUMBER.pack(pid) + _NUMBER.pack(int(1000 * patience)))
            status = self._number()
        except OSError as error:
            raise Gone(str(error)) from None
        return None if status == KILLED else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        self._channel.close()
        if self._process is not None:
            self._process.wait()
        else:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_ready(self) -> None:
        try:
            self._number()
        except Gone:
            self.close()
            raise BadInput("submissions cannot be confined on this machine: `backprop-check doctor` says why.") from None

    def _number(self) -> int:
        data = b""
        while len(data) < _NUMBER.size:
            chunk = self._channel.recv(_NUMBER.size - len(data))
            if not chunk:
                raise Gone("the zygote has ended")
            data += chunk
        return int(_NUMBER.unpack(data)[0])


def main(descriptor: str, memory: int | None = None, confined: bool = False) -> NoReturn:
    # torch warns where there is no numpy; nothing here needs one.
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    warm_up()
    serve_workers(socket.socket(fileno=int(descriptor)), memory, confined, often=True)


def main_confined(descriptor: str) -> NoReturn:
    fix_addresses()
    try:
        main(descriptor, MEMORY, confined=True)
    finally:  # whoever asked sees the channel close, and says what that means
        os._exit(1)


def serve_workers(
    channel: socket.socket, memory: int | None, confined: bool, exercises: Sequence[str] = (), often: bool = False
) -> NoReturn:
    """Be the zygote: fork a worker for each request, each with `memory` bytes of its own, confined where asked.

    Where it is asked `often`, or for a class, a submission is rehearsed first.
    """
    import torch

    from backprop_check.submission.refuse import remove_autograd
    from backprop_check.submission.rehearsal import rehearse
    from backprop_check.submission.worker import exercise_code, refuse_and_settle, serve

    def unconfined(end: socket.socket) -> None:
        torch.get_num_threads()  # what torch has done after `os.fork`: it looks for the number of threads anew
        if memory is not None and sys.platform == "linux":
            limit_memory(mapped() + memory)
        serve(end, confined=False)

    if not confined or memory is None:
        remove_autograd()
        refuse_and_settle(confined=False)
        if often:
            rehearse(lambda end: serve(end, confined=False))
        serve_forks(channel, unconfined, bare_fork)
    from backprop_check.exercise.top_level import surroundings_text
    from backprop_check.submission.confinement.modules import warm
    from backprop_check.submission.confinement.worker import confine
    from backprop_check.submission.confinement.zygote import isolate, prepare

    warm()
    torch._C._set_mkldnn_enabled(False)  # it makes code as it runs, which a confined worker may not
    remove_autograd()
    isolate()
    prepared = prepare(memory)
    refuse_and_settle(confined=True)
    rehearse(lambda end: serve(end, confined=True))
    for text in exercises:
        exercise_code(surroundings_text(text))
    channel.sendall(_NUMBER.pack(0))

    def apart(end: socket.socket) -> None:
        torch.get_num_threads()
        serve(socket.socket(fileno=confine(prepared, end.detach())), confined=True)

    serve_forks(channel, apart, bare_fork)


def serve_forks(channel: socket.socket, serve: Serve, fork: Callable[[], int] | None = None) -> NoReturn:
    """Answer requests until the other side closes; then end without running anything the parent had at exit."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # a collection in a worker would look at all of torch's objects, and so copy their pages: 10 ms each time
    alive: set[int] = set()

    def end(*_: object) -> NoReturn:
        for pid in alive:
            _reap(pid)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    with contextlib.suppress(OSError, struct.error):
        while True:
            request, descriptors, _, _ = socket.recv_fds(channel, len(SPAWN), 1)
            if request == SPAWN and descriptors:
                alive.add(pid := _fork(channel, descriptors[0], serve, fork or os.fork))
                channel.sendall(_NUMBER.pack(pid))
            elif request == END:
                pid, patience = struct.unpack("<qq", channel.recv(2 * _NUMBER.size, socket.MSG_WAITALL))
                alive.discard(pid)
                channel.sendall(_NUMBER.pack(_reap(pid, patience / 1000)))
            else:
                break
    end()


def _keep_only(descriptor: int) -> None:
    """Close what the process that forked us has open; its objects stay, but nothing in here uses them."""
    for first, last in ((3, descriptor), (descriptor + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])):
        os.closerange(first, min(last, 1 << 20))


def _fork(channel: socket.socket, descriptor: int, serve: Serve, fork: Callable[[], int]) -> int:
    parent = os.getpid()
    pid = fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        os.setsid()
        _die_with_parent(parent)
        channel.close()
        serve(socket.socket(fileno=descriptor))
    except BaseException:  # noqa: S110  (whatever ended the worker, the judge sees the channel close)
        pass
    finally:
        os._exit(0)


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this worker when its zygote is killed. Linux only; elsewhere a killed zygote leaves its worker to its clock."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _reap(pid: int, patience: float = 0.0) -> int:
    """Return how the worker ended, `KILLED` if it did not within `patience` seconds. Its whole group is gone then."""
    try:
        ended = _has_ended(pid, patience)
        for kill in (os.killpg, os.kill):  # while the process is not waited for, nobody else can have its number
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return KILLED
    return status if ended else KILLED


def _has_ended(pid: int, patience: float) -> bool:
    until = monotonic() + patience
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if monotonic() >= until:
            return False
        sleep(0.001)
    return True
