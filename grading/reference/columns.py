"""Reference solutions of the notebook 5_im2col.

Loops run over the places of a window alone, never over pictures, channels or positions. The build
shows these functions in the instructor's notebook; students get the signature and the docstring,
which is the exercise's text.
"""

import numpy as np


def im2col(x, field_height, field_width, stride, pad):
    """Copy every window of every picture into a column of one matrix.

    A window is field_height = HH rows by field_width = WW columns, and as deep as the picture. The
    window of position (i, j) begins at row i * stride, column j * stride of the padded picture.

    Inputs:
    - x: pictures, shape (N, C, H, W), any real dtype, any order in memory; left as it is
    - field_height, field_width: rows and columns of a window
    - stride: pixels from one window to the next, the same down and across
    - pad: rows and columns of zeros added on each side, 0 or more

    Sizes always fit the stride here.

    Returns X_col: shape (C * HH * WW, N * H_out * W_out), where
        H_out = (H + 2 * pad - HH) / stride + 1
        W_out = (W + 2 * pad - WW) / stride + 1
    Its order is fixed:
    - row c * HH * WW + a * WW + b holds the pixels in row a, column b of the windows, channel c
      (the order in which a filter's weights w[f] lie)
    - column n * H_out * W_out + i * W_out + j is the window (i, j) of picture n: all positions of
      picture 0 first, row by row, then those of picture 1, and so on

    How many steps Python takes must not depend on N, C, H or W: no loop, comprehension or
    np.vectorize over pictures, channels or positions. A loop over the HH * WW places in a window is
    welcome.
    """
    N, C, H, W = x.shape
    HH, WW = field_height, field_width
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1

    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    taps = np.empty((C, HH, WW, N, H_out, W_out), dtype=x.dtype)
    for a in range(HH):
        for b in range(WW):
            # The pixels that all windows have in this place: one strided slice.
            down = slice(a, a + stride * H_out, stride)
            across = slice(b, b + stride * W_out, stride)
            taps[:, a, b] = padded[:, :, down, across].swapaxes(0, 1)
    return taps.reshape(C * HH * WW, N * H_out * W_out)


def col2im(cols, x_shape, field_height, field_width, stride, pad):
    """Add every column back to the pixels that it was copied from: the transpose of im2col.

    A pixel that was copied into several columns receives the sum of all of them. What fell on the
    padding is dropped.

    Inputs:
    - cols: shape (C * HH * WW, N * H_out * W_out), in im2col's order; left as it is
    - x_shape: (N, C, H, W), the shape of the pictures
    - field_height, field_width, stride, pad: as for im2col. pad may be 0.

    cols may hold integers: sums come out right all the same (nine copies of the byte 200 add up to
    1,800).

    Returns dx: shape (N, C, H, W), floating point. For every x and every c

        np.sum(im2col(x, ...) * c) equals np.sum(x * col2im(c, x.shape, ...))

    As for im2col, the number of Python's steps must not depend on N, C, H or W.
    """
    N, C, H, W = x_shape
    HH, WW = field_height, field_width
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1

    taps = cols.reshape(C, HH, WW, N, H_out, W_out)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for a in range(HH):
        for b in range(WW):
            down = slice(a, a + stride * H_out, stride)
            across = slice(b, b + stride * W_out, stride)
            # No pixel twice in one slice; the slices of two places may share pixels, hence +=.
            padded[:, :, down, across] += taps[:, a, b].swapaxes(0, 1)
    return padded[:, :, pad : pad + H, pad : pad + W]


def conv_forward_im2col(x, w, b, conv_param):
    """Convolutional layer, forward, as one matrix product.

    Inputs:
    - x: pictures, shape (N, C, H, W); left as it is, and it may hold integers (a picture of uint8)
    - w: filters, shape (F, C, HH, WW)
    - b: biases, shape (F,)
    - conv_param: dict with the keys
      - "stride": pixels from one window to the next, the same down and across
      - "pad": rows and columns of zeros on each side, 0 or more

    Sizes always fit the stride here.

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out), sizes as in im2col
    - cache: whatever your backward pass needs, (x, w, b, conv_param, X_col) for example

    The number of Python's steps must not depend on N, C, F, H or W.
    """
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1

    X_col = im2col(x, HH, WW, stride, pad)
    W_row = w.reshape(F, C * HH * WW)
    product = W_row @ X_col + b[:, None]  # (F, N * H_out * W_out)
    out = product.reshape(F, N, H_out, W_out).swapaxes(0, 1)
    cache = (x, w, b, conv_param, X_col)
    return out, cache


def conv_backward_im2col(dout, cache):
    """Convolutional layer, backward, as two matrix products.

    Inputs:
    - dout: gradient of the loss by out, shape (N, F, H_out, W_out); left as it is
    - cache: what your conv_forward_im2col returned, left as it is. Everything comes from here:
      another forward pass may have run in between.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W)
    - dw: gradient by w, shape (F, C, HH, WW)
    - db: gradient by b, shape (F,)

    The number of Python's steps must not depend on N, C, F, H or W.
    """
    x, w, _, conv_param, X_col = cache
    F, C, HH, WW = w.shape

    dproduct = dout.swapaxes(0, 1).reshape(F, -1)  # (F, N * H_out * W_out)
    db = dproduct.sum(axis=1)
    dw = (dproduct @ X_col.T).reshape(w.shape)
    dX_col = w.reshape(F, C * HH * WW).T @ dproduct
    dx = col2im(dX_col, x.shape, HH, WW, conv_param["stride"], conv_param["pad"])
    return dx, dw, db


def max_pool_forward_reshape(x, pool_param):
    """Max pooling by a reshape, forward: for square windows side by side that tile the picture.

    Nothing is copied into columns: a reshape to six axes gives every window two axes of its own.

    Inputs:
    - x: activations, shape (N, C, H, W), any real dtype; left as it is
    - pool_param: dict with "pool_height", "pool_width" and "stride"

    Returns a tuple of:
    - out: shape (N, C, H / pool_height, W / pool_width)
    - cache: whatever your backward pass needs

    Raises ValueError when the windows do not tile the picture: when pool_height, pool_width and
    stride are not all equal, or do not divide H and W.

    The number of Python's steps must not depend on N, C, H or W.
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    if not HH == WW == stride or H % HH or W % WW:
        raise ValueError(f"windows {HH}x{WW} with stride {stride} do not tile {H}x{W} pixels")
    windows = x.reshape(N, C, H // HH, HH, W // WW, WW)
    out = windows.max(axis=(3, 5))
    return out, (x, out, pool_param)


def max_pool_backward_reshape(dout, cache):
    """Max pooling by a reshape, backward.

    Ties: where several pixels of a window share its largest value, they share its gradient: what
    they receive adds up to it. All for the first of them, or an equal part for each, is both right.
    The whole of it for each is wrong: dx would hold more than dout.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H_out, W_out); left as it is
    - cache: what your max_pool_forward_reshape returned, left as it is

    Returns dx: gradient of the loss by x, shape (N, C, H, W), floating point.

    The number of Python's steps must not depend on N, C, H or W.
    """
    x, out, pool_param = cache
    N, C, H_out, W_out = dout.shape
    HH, WW = pool_param["pool_height"], pool_param["pool_width"]
    windows = x.reshape(N, C, H_out, HH, W_out, WW)
    largest = windows == out[:, :, :, None, :, None]
    share = dout[:, :, :, None, :, None] / largest.sum(axis=(3, 5), keepdims=True)
    return (largest * share).reshape(x.shape)


def max_pool_forward_im2col(x, pool_param):
    """Max pooling through columns, forward: windows of any size and any stride.

    Inputs:
    - x: activations, shape (N, C, H, W), of any sign; left as it is
    - pool_param: dict with "pool_height" = HH, "pool_width" = WW and "stride"; windows may overlap

    Sizes always fit the stride here. Nothing is padded.

    Returns a tuple of:
    - out: shape (N, C, H_out, W_out), where
        H_out = (H - HH) / stride + 1
        W_out = (W - WW) / stride + 1
    - cache: whatever your backward pass needs

    The number of Python's steps must not depend on N, C, H or W.
    """
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = (H - HH) // stride + 1
    W_out = (W - WW) // stride + 1

    # Every channel is pooled by itself: N * C pictures of one channel each.
    X_col = im2col(x.reshape(N * C, 1, H, W), HH, WW, stride, 0)
    switches = X_col.argmax(axis=0)
    out = X_col[switches, np.arange(switches.size)].reshape(N, C, H_out, W_out)
    return out, (x.shape, switches, pool_param)


def max_pool_backward_im2col(dout, cache):
    """Max pooling through columns, backward.

    A pixel that was the largest of several windows receives the gradients of all of them, added
    up. Ties are settled as in max_pool_backward_reshape: all for one pixel, or equal parts.

    Inputs:
    - dout: gradient of the loss by out, shape (N, C, H_out, W_out); left as it is
    - cache: what your max_pool_forward_im2col returned, left as it is

    Returns dx: gradient of the loss by x, shape (N, C, H, W), floating point.

    The number of Python's steps must not depend on N, C, H or W.
    """
    (N, C, H, W), switches, pool_param = cache
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dX_col = np.zeros((HH * WW, switches.size))
    dX_col[switches, np.arange(switches.size)] = dout.reshape(-1)
    return col2im(dX_col, (N * C, 1, H, W), HH, WW, stride, 0).reshape(N, C, H, W)
