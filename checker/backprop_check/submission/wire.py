"""Frames between the judge and a worker: the worker's nonce, two lengths, a JSON header, raw tensor bytes. Nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

NONCE = 16
HEADER_LIMIT = 1 << 20
ORDER_LIMIT = 1 << 25
"""The largest header at all, and the largest of a worker's first frame: the submission's text twice, as JSON escapes it."""

ANSWER_HEADER_LIMIT = 1 << 16
"""The largest header a worker may send."""

ELEMENTS_LIMIT = 1 << 18
"""The largest answer of a wrong shape whose values cross; of a larger one only the shape is told. No right shape is too large."""

BODY_LIMIT = 1 << 28
"""The largest body at all, in bytes: all the gradients a worker is given at once."""

WIDEST = 16
"""Bytes of an element of the widest dtype."""

DTYPES = {str(d).removeprefix("torch."): d for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.bool, torch.complex64, torch.complex128,
)}  # fmt: skip


class Lost(Exception):
    """The other side ended, was late, or sent what is no frame."""


class Channel:
    """One end of the talk. Both ends put the same fresh `nonce` before each frame, so bytes that code writes blindly to it are no frame."""

    def __init__(self, end: socket.socket, nonce: bytes) -> None:
        self._end, self._nonce, self._read, self._waiting = end, nonce, bytearray(), bytearray()

    @classmethod
    def opened(cls, end: socket.socket) -> Channel:
        """Draw the nonce and tell it: the judge's side, before its first frame."""
        nonce = os.urandom(NONCE)
        with contextlib.suppress(OSError):  # the other side has ended; the next frame will say so
            end.sendall(nonce)
        return cls(end, nonce)

    @classmethod
    def answered(cls, end: socket.socket) -> Channel:
        """Read the nonce: the worker's side."""
        channel = cls(end, b"")
        channel._nonce = channel._exactly(NONCE, None)
        return channel

    def close(self) -> None:
        self._end.close()

    def send(self, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor] | None = None, later: bool = False) -> None:
        """Send `header` and, after it, the bytes of `tensors`, whose dtypes and shapes it then lists; `later`: with what follows."""
        listed = {name: [str(t.dtype).removeprefix("torch."), list(t.shape)] for name, t in (tensors or {}).items()}
        head = json.dumps({**header, "tensors": listed}).encode()
        body = b"".join(raw_bytes(t) for t in (tensors or {}).values())
        self._waiting += self._nonce + struct.pack("<II", len(head), len(body)) + head + body
        if not later:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        try:
            self._end.sendall(waiting)
        except OSError as error:
            raise _lost(error) from None

    def receive(
        self, deadline: float | None = None, most: Callable[[Mapping[str, Any]], int] | None = None, head: int = HEADER_LIMIT
    ) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        """Return the next frame's header, of at most `head` bytes, and its tensors, of at most as many as `most` says of the header.

        Raises `Lost` past `deadline` (of `time.monotonic`) or when the bytes are no frame.
        """
        if self._waiting:
            self._flush()
        start = self._exactly(NONCE + 8, deadline)
        head_size, body_size = struct.unpack("<II", start[NONCE:])
        if start[:NONCE] != self._nonce:
            raise Lost("a frame that does not know the nonce")
        if head_size > head or body_size > BODY_LIMIT:
            raise Lost("an oversized frame")
        try:
            header = json.loads(self._exactly(head_size, deadline).decode())
            if most is not None and body_size > most(header):  # before any of it is read
                raise Lost("an oversized frame")
            return header, _tensors(header.pop("tensors"), self._exactly(body_size, deadline))
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ArithmeticError, RecursionError) as error:
            raise Lost(f"a malformed frame ({type(error).__name__})") from None

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        while len(self._read) < size:
            try:
                self._end.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
                chunk = self._end.recv(max(1 << 16, min(1 << 20, size - len(self._read))))
            except TimeoutError:
                raise Lost("late") from None
            except OSError as error:
                raise _lost(error) from None
            if not chunk:
                raise Lost("ended")
            self._read += chunk
            if deadline is not None and time.monotonic() > deadline:
                raise Lost("late")
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken


def _lost(error: OSError) -> Lost:
    """What a talk that broke off tells: whatever the system calls it when the other side is gone, it has ended."""
    return Lost("ended" if isinstance(error, ConnectionError) else str(error))


def most_elements(values: Mapping[str, Any]) -> int:
    """Return how many elements an answer may have whose values cross, where the forward has these values: any right one's cross."""
    return max([ELEMENTS_LIMIT, *(value.numel() for value in values.values() if isinstance(value, torch.Tensor))])


def raw_bytes(tensor: torch.Tensor) -> bytes:
    """Return the bytes of a dense tensor's elements, in order."""
    plain = tensor.detach().contiguous()
    return ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size())


def _tensors(listed: Mapping[str, tuple[str, list[int]]], body: bytes) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    start = 0
    for name, (dtype, shape) in listed.items():
        if not all(isinstance(n, int) and n >= 0 for n in shape):
            raise Lost("a frame whose sizes do not agree")
        size = math.prod(shape) * DTYPES[dtype].itemsize
        if start + size > len(body):
            raise Lost("a frame whose sizes do not agree")
        flat = torch.frombuffer(bytearray(body[start : start + size]), dtype=DTYPES[dtype]) if size else torch.empty(0, dtype=DTYPES[dtype])
        tensors[name] = flat.reshape(shape)
        start += size
    return tensors
