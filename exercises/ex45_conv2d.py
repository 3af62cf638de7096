"""Convolution of an image: a matrix product with its patches.

`F.unfold` cuts every 2 x 2 patch out of an image with C channels and lays its 4 C numbers in a
column; there are L places for a patch. w holds one row of weights for each of the K filters. So the
whole convolution is one matrix product, for each image of the batch, and b is added at every place.

dw and dcols are those of a matrix product. Only the way from the patches to the image is new.
Patches overlap: an inner number of x stands in four of them. `F.fold(dcols, (H, W), (2, 2))` puts each
patch back to its place and adds what meets there.
"""

import torch
import torch.nn.functional as F


def inputs(N=2, C=3, H=5, W=6, K=7):
    return dict(
        x=torch.randn(N, C, H, W),
        w=torch.randn(K, C * 2 * 2),
        b=torch.randn(K, 1),
    )


def forward(x, w, b):
    cols = F.unfold(x, (2, 2))        # (N, 4·C, L)
    y = w @ cols + b                  # (N, K, L)
    return y


def backward(x, w, b, cols, y, dy):
    db = ...                          # (K, 1)
    dw = ...                          # (K, 4·C)
    dcols = ...                       # (N, 4·C, L)
    dx = ...                          # (N, C, H, W)
