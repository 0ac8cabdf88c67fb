"""Reference solutions of the notebook 3_pooling.

Written with plain loops, one window at a time, so that each line can be compared with a formula of
the notebook. The build shows these functions in the instructor's notebook; students get the
signature and the docstring, which is the exercise's text.
"""

import numpy as np


def max_pool_forward_naive(x, pool_param):
    """Max pooling, forward: of every window, keep the largest value.

    The window of output row i, column j begins at row i * stride, column j * stride of the
    picture. Every picture and every channel is pooled by itself. Nothing is padded.

    Inputs:
    - x: activations, shape (N, C, H, W), of any sign; left as it is
    - pool_param: dict with the keys
      - "pool_height": rows of a window, HH below
      - "pool_width": columns of a window, WW below
      - "stride": pixels from one window to the next, the same down and across. It may be smaller
        than the window (windows overlap) or larger (pixels between windows are not looked at).

    Sizes always fit the stride here. float64 input gives results to float64's precision.

    Returns a tuple of:
    - out: shape (N, C, H_out, W_out), where
        H_out = (H - HH) / stride + 1
        W_out = (W - WW) / stride + 1
    - cache: whatever your backward pass needs: (x, pool_param), say, or the switches, which are
      the places where the largest values were found
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = (H - HH) // stride + 1
    W_out = (W - WW) // stride + 1

    out = np.zeros((N, C, H_out, W_out), dtype=x.dtype)
    switches = np.zeros((N, C, H_out, W_out, 2), dtype=int)  # row and column in the picture
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + HH, left : left + WW]
                    row, column = np.unravel_index(np.argmax(window), window.shape)
                    out[n, c, i, j] = window[row, column]
                    switches[n, c, i, j] = top + row, left + column
    cache = (x.shape, switches)  # the pixels themselves are not needed any more
    return out, cache


def max_pool_backward_naive(dout, cache):
    """Max pooling, backward: send each output's gradient to the pixel that gave the output.

    A pixel that was the largest of several windows receives the gradients of all of them, added
    up. A pixel that was the largest of none receives 0.

    Ties: when several pixels of a window share its largest value, the gradient goes to the first
    of them, row by row. Sending it to each of them is accepted too.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H_out, W_out); left as it is
    - cache: what your max_pool_forward_naive returned, left as it is. Everything comes from here:
      another forward pass may have run in between.

    Returns dx: gradient of the loss by x, shape (N, C, H, W).
    """
    shape, switches = cache
    N, C, H_out, W_out = dout.shape

    dx = np.zeros(shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    row, column = switches[n, c, i, j]
                    dx[n, c, row, column] += dout[n, c, i, j]  # windows may share this pixel
    return dx


def avg_pool_forward(x, pool_param):
    """Average pooling, forward: replace every window by the mean of its values.

    Inputs:
    - x: activations, shape (N, C, H, W); left as it is. They may hold integers (a picture of
      uint8, say): out is floating point all the same, and a mean of 2.5 stays 2.5.
    - pool_param: dict with "pool_height", "pool_width" and "stride", as in max pooling

    Returns a tuple of:
    - out: shape (N, C, H_out, W_out), sizes as in max pooling
    - cache: whatever your backward pass needs, for example (x, pool_param)
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = (H - HH) // stride + 1
    W_out = (W - WW) // stride + 1

    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + HH, left : left + WW]
                    out[n, c, i, j] = np.mean(window)
    cache = (x, pool_param)
    return out, cache


def avg_pool_backward(dout, cache):
    """Average pooling, backward: share each output's gradient equally among its window.

    A pixel that lies in several windows receives its share of each of them, added up.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H_out, W_out); left as it is
    - cache: what your avg_pool_forward returned, left as it is

    Returns dx: gradient of the loss by x, shape (N, C, H, W).
    """
    x, pool_param = cache
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H_out, W_out = dout.shape

    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    share = dout[n, c, i, j] / (HH * WW)
                    dx[n, c, top : top + HH, left : left + WW] += share
    return dx


def l2_pool_forward(x, pool_param):
    """L2 pooling, forward: replace every window by its length as a vector.

    The value for a window is the square root of the sum of its squares (the sum, not the mean).
    A window of zeros gives exactly 0.

    Inputs:
    - x: activations, shape (N, C, H, W); left as it is. They may hold integers (uint8, say): out
      is floating point all the same, and 200 squared is 40,000 (which a uint8 cannot hold).
    - pool_param: dict with "pool_height", "pool_width" and "stride", as in max pooling

    Returns a tuple of:
    - out: shape (N, C, H_out, W_out), sizes as in max pooling; no value is negative
    - cache: whatever your backward pass needs, for example (x, pool_param)
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = (H - HH) // stride + 1
    W_out = (W - WW) // stride + 1

    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + HH, left : left + WW].astype(float)
                    out[n, c, i, j] = np.sqrt(np.sum(window**2))
    cache = (x, out, pool_param)
    return out, cache


def l2_pool_backward(dout, cache):
    """L2 pooling, backward: share each output's gradient in proportion to the pixels' values.

    A pixel's share of one window is its own value over the window's length. A pixel that lies in
    several windows receives its share of each of them, added up.

    A window of zeros has no slope (the length has a kink there, as |x| has at 0). By convention its
    pixels receive 0 from it: no nan, no inf, no warning.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H_out, W_out); left as it is
    - cache: what your l2_pool_forward returned, left as it is

    Returns dx: gradient of the loss by x, shape (N, C, H, W).
    """
    x, out, pool_param = cache
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H_out, W_out = dout.shape

    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    if out[n, c, i, j] == 0:
                        continue  # a window of zeros, which receives nothing
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + HH, left : left + WW]
                    share = window / out[n, c, i, j] * dout[n, c, i, j]
                    dx[n, c, top : top + HH, left : left + WW] += share
    return dx


def avg_pool_as_conv(C, pool_param):
    """The convolution that does what average pooling does.

    Inputs:
    - C: number of channels of the pictures to be pooled
    - pool_param: dict with "pool_height", "pool_width" and "stride", as in max pooling

    Returns a tuple of three things with which a convolutional layer, conv_forward(x, w, b,
    conv_param), gives the same out as avg_pool_forward(x, pool_param) for every x:
    - w: filters, shape (C, C, pool_height, pool_width): C of them, each as deep as the picture
    - b: biases, shape (C,)
    - conv_param: dict with the keys "stride" and "pad", both whole numbers
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    w = np.zeros((C, C, HH, WW))
    for c in range(C):
        w[c, c] = 1 / (HH * WW)  # filter c looks at channel c alone
    b = np.zeros(C)
    return w, b, {"stride": stride, "pad": 0}
