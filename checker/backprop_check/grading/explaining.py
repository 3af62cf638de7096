"""Explain wrong answers apart from the judge: in a process of its own, so that whatever happens there costs words and no marks."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from backprop_check.diagnosis.causes import FACTS
from backprop_check.diagnosis.explain import Explained, explain, needs_no_word
from backprop_check.diagnosis.mistakes import mistakes
from backprop_check.diagnosis.pages import page, pages
from backprop_check.records import Claim, Diagnosis, Submission, Verdict
from backprop_check.submission.confinement.kernel import PR_SET_PDEATHSIG, mapped, prctl
from backprop_check.trace.graph import Graph

if sys.platform != "win32":
    import resource

MEMORY = 1 << 30
MOST = 1 << 24
"""Bytes of address space it may take beyond the judge's, and bytes its words may be long."""
PROCESSOR, PATIENCE = 10, 40.0
"""Seconds of work and of waiting after which the process is taken to hang. What is said is bounded by counted work, long before."""

BROKEN_OFF = replace(FACTS, note="Seeking the cause broke off, or took far too long; the verdict stands.")


def load_mistakes() -> None:
    """Load every mistake and its page, once, and not in each process that explains."""
    mistakes()
    for each in pages():
        page(each.code)


def explained_apart(graph: Graph, submission: Submission, verdicts: Sequence[Verdict], searching: float) -> dict[str, Explained]:
    """Return, by target, its diagnoses and remarks; the bare facts where the explaining process ends early or takes far too long."""
    if all(map(needs_no_word, verdicts)):  # most right answers need no process to be explained in
        return {v.target.name: ((), ()) for v in verdicts if v.status == "correct"}
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            gc.freeze()  # a collection would else look at all of the judge's objects, and so copy their pages
            os.close(reader)
            _bound()
            found = explain(graph, submission, verdicts, searching)
            _write(writer, json.dumps({name: [[asdict(d) for d in part] for part in parts] for name, parts in found.items()}).encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        told = json.loads(_read(reader, time.monotonic() + PATIENCE))
        return {name: (_diagnoses(causes), _diagnoses(remarks)) for name, (causes, remarks) in told.items()}
    except (ValueError, TypeError):
        wrong = [v.target.name for v in verdicts if v.status in ("incorrect", "error")]
        return dict.fromkeys(wrong, ((BROKEN_OFF,), ()))
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _bound() -> None:
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        most = mapped() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < MOST and select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return bytes(data)
        data += chunk
    return b""


def _diagnoses(told: Sequence[Mapping[str, Any]]) -> tuple[Diagnosis, ...]:
    return tuple(_diagnosis(d) for d in told)


def _diagnosis(told: Mapping[str, Any]) -> Diagnosis:
    span, also = told["span"] and tuple(told["span"]), tuple((tuple(span), text) for span, text in told["also"])
    return Diagnosis(**{**told, "span": span, "also": also, "claims": tuple(Claim(**claim) for claim in told["claims"])})
