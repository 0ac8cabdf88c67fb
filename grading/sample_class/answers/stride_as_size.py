"""The pooling window is taken to be as tall and wide as the stride."""

import numpy as np


def max_pool_forward_naive(x, pool_param):
    pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    N, C, H, W = x.shape
    H_out = (H - pool_height) // stride + 1
    W_out = (W - pool_width) // stride + 1
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    window = x[n, c, i * stride : (i + 1) * stride, j * stride : (j + 1) * stride]
                    out[n, c, i, j] = np.max(window)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    stride = pool_param["stride"]
    dx = np.zeros(x.shape)
    N, C, H_out, W_out = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    rows = slice(i * stride, (i + 1) * stride)
                    cols = slice(j * stride, (j + 1) * stride)
                    window = x[n, c, rows, cols]
                    dx[n, c, rows, cols] += (window == window.max()) * dout[n, c, i, j]
    return dx
