"""What judge and worker say to each other, and when."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from asking import Judge
from graphs import MLP

from backprop_check.submission import rehearsal, wire
from backprop_check.submission.run import Session


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        other.setblocking(False)
        yield one, other


def test_frames_that_can_wait_go_with_the_next(ends: tuple[socket.socket, socket.socket]) -> None:
    channel, there = wire.Channel(ends[0], bytes(wire.NONCE)), wire.Channel(ends[1], bytes(wire.NONCE))
    channel.send({"is": "answer"}, {"value": torch.ones(2)}, later=True)
    with pytest.raises(BlockingIOError):
        ends[1].recv(1)
    channel.send({"is": "done"})
    (header, tensors), (last, _) = there.receive(), there.receive()
    assert (header["is"], last["is"], tensors["value"].tolist()) == ("answer", "done", [1.0, 1.0])


def test_who_listens_has_said_all(ends: tuple[socket.socket, socket.socket]) -> None:
    channel, there = wire.Channel(ends[0], bytes(wire.NONCE)), wire.Channel(ends[1], bytes(wire.NONCE))
    there.send({})
    channel.send({"is": "want"}, later=True)
    channel.receive()
    assert there.receive()[0]["is"] == "want"


def test_a_gradient_is_handed_out_only_where_statements_are_left_that_may_read_it(ask: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[set[str]] = []
    run = Session._trial

    def watched(self: Session, trial: Any) -> Any:
        send = self._channel.send

        def told(header: Any, tensors: Any = None, later: bool = False) -> None:
            if not header:
                handed.append(set(tensors))
            send(header, tensors, later)

        monkeypatch.setattr(self._channel, "send", told)
        return run(self, trial)

    monkeypatch.setattr(Session, "_trial", watched)
    ask.body(MLP, "dh = 0 * h\ndW2 = 0 * W2\nhelper = dW2.sum()\ndpre = 0 * pre")
    assert {"dh"} in handed and {"dW2"} in handed and {"dpre"} not in handed


def test_what_is_rehearsed_is_what_is_asked(ask: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal's order has what a real one has, and nothing that it leaves behind stays."""
    orders: list[Any] = []
    send = wire.Channel.send

    def watched(self: wire.Channel, header: Any, *rest: Any, **more: Any) -> None:
        if "prelude" in header:
            orders.append(header)
        send(self, header, *rest, **more)

    monkeypatch.setattr(wire.Channel, "send", watched)
    ask.body(MLP, "dh = 0 * h")
    assert {key: type(value) for key, value in orders[0].items() if key not in ("parameters", "needs")} == {
        key: type(value) for key, value in rehearsal.ORDER.items() if key not in ("parameters", "needs")
    }

    def serve(end: socket.socket) -> None:
        channel = wire.Channel.answered(end)
        assert channel.receive()[0]["body"] == rehearsal.BODY
        sys.modules["submission"] = sys.modules[__name__]
        sys.meta_path.insert(0, None)  # type: ignore[arg-type]
        while True:
            channel.receive()

    before = list(sys.meta_path)
    rehearsal.rehearse(serve)
    assert sys.meta_path == before and "submission" not in sys.modules
