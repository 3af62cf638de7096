"""Reach the scheduler of a Dask cluster, or say in one line why that cannot be done."""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from backprop_check.errors import BadInput

if TYPE_CHECKING:
    from distributed import Client

CONNECT, PATIENCE = 10.0, 60.0
"""Seconds until a scheduler has to answer, and until a cluster has to have a worker."""

MISSING = "judging on a cluster needs Dask: pip install 'distributed>=2024.1'."
MALFORMED = "{} is no address of a Dask scheduler: it tells its own when it starts, as tcp://HOST:8786."
ABSENT = "no Dask scheduler answers at {}: start one there (`dask scheduler`), or correct the address."
UNFIT = "{} cannot be talked to ({}): its Dask must fit the one here; for tls://, set distributed.comm.tls in Dask's configuration."
NO_WORKERS = "the cluster has no workers: start some (`dask worker tcp://HOST:8786`), then run the same command again; no result is lost."
LOST = "the scheduler at {} was lost: run the same command again once it is back; no result is lost."


def check_cluster(address: str) -> None:
    """Raise `BadInput` unless `address` has the form of a Dask scheduler's and Dask is installed."""
    port = re.fullmatch(r"(?:tcp|tls)://(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})", address, re.ASCII)
    if port is None or not 0 < int(port[1]) < 1 << 16:
        raise BadInput(MALFORMED.format(address))
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise BadInput(MISSING) from None


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Give a client of a cluster that has a worker. Closing it takes back what is outstanding."""
    from distributed import CancelledError

    with _client(address) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise BadInput(NO_WORKERS) from None
        try:
            yield client
        except (CancelledError, OSError):
            raise BadInput(LOST.format(address)) from None


def _client(address: str) -> Client:
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said once, by us
    try:
        asyncio.run(asyncio.wait_for(_identity(address), CONNECT))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)  # what of it matters, the first chunk shows
            return Client(address, timeout=CONNECT, set_as_default=False)
    except TimeoutError:
        raise BadInput(ABSENT.format(address)) from None
    except Exception as error:
        raise BadInput(UNFIT.format(address, error.__cause__ or error)) from None


async def _identity(address: str) -> Any:
    """Ask a scheduler who it is. `Client` alone would wait for ever for one that takes the connection and says nothing."""
    from distributed import Security, rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
        return await scheduler.identity()
