"""In the zygote: take the code out of torch that records what is to be differentiated, so that no kernel that comes back can record."""

from __future__ import annotations

import ctypes
import platform
import sys
from pathlib import Path

import torch

if sys.platform != "win32":
    import resource

_RECORDING = (
    "_ZN5torch8autograd4impl17set_gradient_edgeERKN2at6TensorENS0_4EdgeE",
    "_ZN5torch8autograd4impl17set_gradient_edgeERKN2at10TensorBaseENS0_4EdgeE",
    "_ZN5torch8autograd12AutogradMeta11set_fw_gradERKN2at10TensorBaseES5_mb",
)
"""What every kernel that records calls, for the way back and for the way forward. Versions of torch have some of them."""

_TRAPS = {"x86_64": b"\x0f\x0b", "aarch64": b"\x00\x00\x00\x00"}
"""An instruction that there is not."""

_READ, _WRITE, _EXECUTE = 1, 2, 4


def take_out_recording() -> int:
    """Let what records end the process instead, for this process and its children; return how many functions were found.

    A confined worker cannot undo it: it may make no page executable. Elsewhere, and where the kernel forbids it, nothing is changed.
    """
    trap = _TRAPS.get(platform.machine())
    if sys.platform != "linux" or trap is None:
        return 0
    try:
        library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
    except OSError:
        return 0
    return sum(_trapped(library, name, trap) for name in _RECORDING)


def _trapped(library: ctypes.CDLL, name: str, trap: bytes) -> bool:
    try:
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    except AttributeError:
        return False
    size = resource.getpagesize()
    start = address // size * size
    protect = ctypes.CDLL(None).mprotect
    length = ctypes.c_size_t(address + len(trap) - start)
    if protect(ctypes.c_void_p(start), length, _READ | _WRITE | _EXECUTE):
        return False
    ctypes.memmove(address, trap, len(trap))
    return bool(protect(ctypes.c_void_p(start), length, _READ | _EXECUTE) == 0)
