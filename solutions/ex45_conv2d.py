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
    # why: b was added in every image, at every place: sum over both, and keep the axis of length 1.
    db = dy.sum((0, 2)).unsqueeze(1)  # (K, 1)
    # why: dw lacks the axis L, so dy and cols meet on it; and it served every image, so these are summed.
    dw = (dy @ cols.mT).sum(0)        # (K, 4·C)
    # why: dcols lacks the axis K: (4·C, K) @ (K, L), for each image.
    dcols = w.T @ dy                  # (N, 4·C, L)
    # why: A number that stands in several patches adds up what each sends back.
    dx = F.fold(dcols, x.shape[2:], (2, 2))  # (N, C, H, W)
