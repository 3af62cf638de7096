"""Frames between the judge and a worker: a length, a JSON header, raw tensor bytes. Nothing is ever unpickled."""

from __future__ import annotations

import ctypes
import json
import math
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

import torch

HEADER_LIMIT = 1 << 20
ELEMENTS_LIMIT = 1 << 22
"""The largest answer whose values cross (4 Mi elements); of a larger one only the shape is told."""

DTYPES = {str(d).removeprefix("torch."): d for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.bool, torch.complex64, torch.complex128,
)}  # fmt: skip


class Lost(Exception):
    """The other side ended, was late, or sent what is no frame."""


def send(channel: socket.socket, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor] | None = None) -> None:
    """Send `header` and, after it, the bytes of `tensors`, whose dtypes and shapes it then lists."""
    packed = {name: (t.detach().contiguous(), str(t.dtype).removeprefix("torch.")) for name, t in (tensors or {}).items()}
    listed = {name: [dtype, list(t.shape)] for name, (t, dtype) in packed.items()}
    head = json.dumps({**header, "tensors": listed}).encode()
    body = b"".join(ctypes.string_at(t.data_ptr(), t.numel() * t.element_size()) for t, _ in packed.values())
    try:
        channel.sendall(struct.pack("<II", len(head), len(body)) + head + body)
    except OSError as error:
        raise Lost(str(error)) from None


def receive(channel: socket.socket, deadline: float | None = None) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the next frame's header and tensors. Raises `Lost` past `deadline` (of `time.monotonic`) or when the bytes are no frame."""
    head_size, body_size = struct.unpack("<II", _exactly(channel, 8, deadline))
    if head_size > HEADER_LIMIT or body_size > 64 * ELEMENTS_LIMIT:
        raise Lost("an oversized frame")
    try:
        header = json.loads(_exactly(channel, head_size, deadline))
        listed = header.pop("tensors")
        body = _exactly(channel, body_size, deadline)
        tensors, start = {}, 0
        for name, (dtype, shape) in listed.items():
            size = math.prod(shape) * DTYPES[dtype].itemsize
            if size < 0 or start + size > len(body) or not all(isinstance(n, int) and n >= 0 for n in shape):
                raise Lost("a frame whose sizes do not agree")
            flat = (
                torch.frombuffer(bytearray(body[start : start + size]), dtype=DTYPES[dtype])
                if size
                else torch.empty(0, dtype=DTYPES[dtype])
            )
            tensors[name] = flat.reshape(shape)
            start += size
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ArithmeticError) as error:
        raise Lost(f"a malformed frame ({type(error).__name__})") from None
    return header, tensors


def _exactly(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        try:
            channel.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
            chunk = channel.recv(min(1 << 20, size - len(chunks)))
        except TimeoutError:
            raise Lost("late") from None
        except OSError as error:
            raise Lost(str(error)) from None
        if not chunk:
            raise Lost("ended")
        chunks += chunk
        if deadline is not None and time.monotonic() > deadline:
            raise Lost("late")
    return bytes(chunks)
