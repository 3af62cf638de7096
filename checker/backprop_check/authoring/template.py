"""What `new` writes: an exercise that is right as it stands, with a story that its author has still to tell."""

from __future__ import annotations

TITLE = "say its one idea in a line."
STORY = "Tell the story in a few sentences: what the forward does, and what the gradient has to undo."

TEMPLATE = f'''\
"""{{title}}: {TITLE}

{STORY}
"""

import torch


def inputs(N=5, C=3):
    return dict(
        x=torch.randn(N, C),
        w=torch.randn(C),
    )


def forward(x, w):
    y = x * w                         # (N, C)
    return y


def backward(x, w, y, dy):
    # why: In a product, each factor's slope is the other factor. Times upstream.
    dx = w * dy                       # (N, C)
    # why: w was used once per row, so its gradient adds what every row sends back.
    dw = (x * dy).sum(0)              # (C,)
'''
