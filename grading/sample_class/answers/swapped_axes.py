# ruff: noqa: RUF059
"""Height and width change places, in the pictures and in the filters."""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    d = conv_param.get("dilation", 1)
    N, C, W, H = x.shape
    F, C, WW, HH = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    H_out = (H + 2 * pad - d * (HH - 1) - 1) // stride + 1
    W_out = (W + 2 * pad - d * (WW - 1) - 1) // stride + 1
    out = np.zeros((N, F, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            top, left = i * stride, j * stride
            window = x_pad[:, :, top : top + d * HH : d, left : left + d * WW : d]
            for f in range(F):
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, b, conv_param)
