"""What the recorder costs: training loops with it and without, alternating, by the thread's own time; and what it holds afterwards.

Run as `python benchmarks/recording.py [STEPS]` (default 40). Goal: below 1.05 where a step takes what it takes in earnest, as in the
largest loops; in the smallest every operation is shorter than Python's own work around it. No test asserts it.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from backprop_check.recording import Call, Value, recording

ROUNDS = 5


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    torch.set_num_threads(1)
    before = floats()
    for batch, wide in ((32, 64), (64, 256), (128, 1024), (256, 2048)):
        for name, loop in (("nn.Module, Adam", module), ("by hand, .data", by_hand)):
            loop(3, batch, wide)
            without, recorded = [], []
            for _ in range(ROUNDS if wide < 1024 else 2):
                without.append(timed(loop, steps, batch, wide))
                with recording():
                    recorded.append(timed(loop, steps, batch, wide))
            each = statistics.median(without) / steps * 1000
            ratio = statistics.median(recorded) / statistics.median(without)
            print(f"{name:16s} batch {batch:3d}, {wide:4d} wide: {each:8.3f} ms a step, {ratio:.3f} times as long when recorded")
    gc.collect()
    records = sum(type(each) in (Call, Value) for each in gc.get_objects())
    print(f"after all loops: {floats() - before} tensors of floats more than before, {records} records")


def floats() -> int:
    """How many tensors of floats there are; the generator's states, which draw dropout's masks again, are bytes."""
    return sum(type(each) in (torch.Tensor, nn.Parameter) and each.is_floating_point() for each in gc.get_objects())


def timed(loop: Callable[[int, int, int], None], steps: int, batch: int, wide: int) -> float:
    start = time.thread_time()
    loop(steps, batch, wide)
    return time.thread_time() - start


def module(steps: int, batch: int, wide: int) -> None:
    model = nn.Sequential(nn.Linear(wide, wide), nn.LayerNorm(wide), nn.ReLU(), nn.Dropout(0.1), nn.Linear(wide, 27))
    optimizer = torch.optim.Adam(model.parameters())
    x, y = torch.randn(1000, wide), torch.randint(0, 27, (1000,))
    for _ in range(steps):
        index = torch.randint(0, 1000, (batch,))
        loss = F.cross_entropy(model(x[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def by_hand(steps: int, batch: int, wide: int) -> None:
    embedding, w1, b1, w2, b2 = torch.randn(27, 10), torch.randn(30, wide), torch.randn(wide), torch.randn(wide, 27), torch.randn(27)
    parameters = [each.requires_grad_() for each in (embedding, w1, b1, w2, b2)]
    x, y = torch.randint(0, 27, (1000, 3)), torch.randint(0, 27, (1000,))
    for _ in range(steps):
        index = torch.randint(0, 1000, (batch,))
        h = torch.tanh(embedding[x[index]].view(-1, 30) @ w1 + b1)
        loss = F.cross_entropy(h @ w2 + b2, y[index])
        for each in parameters:
            each.grad = None
        loss.backward()
        for each in parameters:
            each.data += -0.1 * each.grad  # type: ignore[operator]


if __name__ == "__main__":
    main()
