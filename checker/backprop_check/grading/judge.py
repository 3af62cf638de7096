"""The processes judges are forked from, and what a judge does: read tasks from its connection, answer with lines."""

from __future__ import annotations

import gc
import json
import socket
from multiprocessing.connection import Connection
from typing import NoReturn

from backprop_check.errors import BadInput
from backprop_check.grading.task import Task, setup_from
from backprop_check.submission.confinement.kernel import fix_addresses
from backprop_check.submission.zygote import Zygote, serve_forks

NURSERY = "backprop_check.grading.judge:main"
"""What `Zygote.started` runs to have a process that forks judges: torch is loaded once for all of them and their workers."""


def main(descriptor: str) -> NoReturn:
    fix_addresses()
    import torch

    torch.set_num_threads(1)
    serve_forks(socket.socket(fileno=int(descriptor)), serve_judge)


def serve_judge(end: socket.socket) -> None:
    """Be a judge until the other side closes. The first answer says why nothing can be judged, or is empty."""
    connection = Connection(end.detach())
    try:
        # Before the secret, the definitions, the derivations or the diagnoses are here: workers shall find none of it in their memory.
        with Zygote.forked(**json.loads(connection.recv_bytes())) as zygote:
            setup = setup_from(connection.recv_bytes())
            from backprop_check.grading.bench import Bench

            bench = Bench(setup, zygote)
            gc.freeze()  # what is loaded now stays: no collection looks at it, here and where wrong answers are explained
            gc.set_threshold(50_000)  # a syntax tree is thousands of objects, and none of them in a circle
            connection.send_bytes(b"")
            while True:
                head = json.loads(connection.recv_bytes())
                connection.send_bytes(bench.judge(Task(**head, data=connection.recv_bytes())).as_line().encode())
    except BadInput as error:
        connection.send_bytes(str(error).encode())
    except EOFError:
        pass
