"""Reference solutions of the notebook 2_convolution.

Written with plain loops, one window at a time, so that each line can be compared with a formula of
the notebook. The build shows these functions in the instructor's notebook; students get the
signature and the docstring, which is the exercise's text.
"""

import numpy as np


def conv_output_size(size, filter_size, stride=1, pad=0, dilation=1):
    """Count the positions that a filter can take along one axis (height or width).

    Inputs:
    - size: length of the picture along this axis, in pixels
    - filter_size: number of taps of the filter along this axis
    - stride: step from one position to the next, in pixels, at least 1
    - pad: zeros added at each of the two ends
    - dilation: distance from one tap to the next, in pixels; 1 means that they are neighbours

    Returns the number of positions, an int (not 4.0 but 4).

    Raises ValueError, with the numbers in its message,
    - when the filter does not fit into the padded picture, and
    - when the stride is illegal: the last position would leave pixels over at the far end.
    """
    extent = dilation * (filter_size - 1) + 1
    room = size + 2 * pad - extent
    if room < 0:
        raise ValueError(
            f"a filter that spans {extent} pixels does not fit into {size} + 2 * {pad} pixels"
        )
    if room % stride != 0:
        raise ValueError(
            f"illegal stride: ({size} + 2 * {pad} - {extent}) / {stride} is not a whole number"
        )
    return room // stride + 1


def conv_forward_naive(x, w, b, conv_param):
    """Convolutional layer, forward: slide each filter over each picture.

    The value at row i, column j of map f is the sum of products of filter f with the window of
    the zero-padded picture whose top left corner is at row i * stride, column j * stride, over
    all channels at once, plus the bias b[f]. The filter is not flipped.

    Inputs:
    - x: pictures, shape (N, C, H, W). They may hold integers (uint8, say): out is floating point
      all the same. x, w and b are left as they are.
    - w: filters, shape (F, C, HH, WW)
    - b: biases, shape (F,)
    - conv_param: dict with the keys
      - "stride": pixels from one window to the next, the same down and across
      - "pad": rows and columns of zeros added on each of the four sides, 0 or more
      - "dilation": (optional) pixels from one tap of the filter to the next; 1 where it is absent.
        Leave it aside at first: an exercise further down asks for it.

    Sizes always fit the stride here. float64 input gives results to float64's precision, here and
    in the backward pass.

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out), where
        H_out = (H + 2 * pad - (dilation * (HH - 1) + 1)) / stride + 1
        W_out = (W + 2 * pad - (dilation * (WW - 1) + 1)) / stride + 1
    - cache: whatever your backward pass needs, for example (x, w, b, conv_param)
    """
    stride, pad = conv_param["stride"], conv_param["pad"]
    dilation = conv_param.get("dilation", 1)
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = conv_output_size(H, HH, stride, pad, dilation)
    W_out = conv_output_size(W, WW, stride, pad, dilation)
    tall, wide = dilation * (HH - 1) + 1, dilation * (WW - 1) + 1  # pixels that a filter spans

    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    rows = slice(i * stride, i * stride + tall, dilation)
                    columns = slice(j * stride, j * stride + wide, dilation)
                    window = x_pad[n, :, rows, columns]  # (C, HH, WW)
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """Convolutional layer, backward: hand each output's gradient to all that went into it.

    Inputs:
    - dout: gradient of the loss by out, shape (N, F, H_out, W_out); left as it is
    - cache: what your conv_forward_naive returned. Everything comes from here: another forward
      pass may have run in between.

    Returns a tuple of:
    - dx: gradient by x, shape (N, C, H, W), without the padding
    - dw: gradient by w, shape (F, C, HH, WW)
    - db: gradient by b, shape (F,)
    """
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    dilation = conv_param.get("dilation", 1)
    _, _, H, W = x.shape
    _, _, HH, WW = w.shape
    N, F, H_out, W_out = dout.shape
    tall, wide = dilation * (HH - 1) + 1, dilation * (WW - 1) + 1  # pixels that a filter spans

    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx_pad = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    rows = slice(i * stride, i * stride + tall, dilation)
                    columns = slice(j * stride, j * stride + wide, dilation)
                    # out[n, f, i, j] was sum(window * w[f]) + b[f]: a product and a sum.
                    dx_pad[n, :, rows, columns] += w[f] * dout[n, f, i, j]
                    dw[f] += x_pad[n, :, rows, columns] * dout[n, f, i, j]
                    db[f] += dout[n, f, i, j]
    dx = dx_pad[:, :, pad : pad + H, pad : pad + W]  # pad:-pad would be empty where pad is 0
    return dx, dw, db


def locally_connected_forward(x, w, b, conv_param):
    """Locally connected layer, forward: like a convolution, but no two positions share weights.

    The value at row i, column j of map f is the sum of products of w[i, j, f] with the window of
    the zero-padded picture whose top left corner is at row i * stride, column j * stride, plus
    b[f, i, j].

    Inputs:
    - x: pictures, shape (N, C, H, W)
    - w: filters, one for each position and map, shape (H_out, W_out, F, C, HH, WW)
    - b: biases, one for each position and map, shape (F, H_out, W_out)
    - conv_param: dict with the keys "stride" and "pad", as in conv_forward_naive; no dilation

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out)
    - cache: (x, w, b, conv_param)
    """
    stride, pad = conv_param["stride"], conv_param["pad"]
    N = x.shape[0]
    H_out, W_out, F, _, HH, WW = w.shape

    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    window = x_pad[n, :, top : top + HH, left : left + WW]  # (C, HH, WW)
                    out[n, f, i, j] = np.sum(window * w[i, j, f]) + b[f, i, j]
    cache = (x, w, b, conv_param)
    return out, cache
