"""Reference solutions of the notebook 6_fc_to_conv.

The notebook hands out `classify`, `relu`, `trim` and the two layers below under the same names.
"""

import numpy as np

from cs231n.spotting import classify, relu, trim
from grading.reference.convolution import conv_forward_naive as conv_forward
from grading.reference.pooling import max_pool_forward_naive as max_pool_forward


def fc_weights_to_conv(w, b, x_shape):
    """Weights of a fully connected layer as filters of a convolution that computes the same.

    The affine layer flattened each map of C x H x W to a row of C * H * W values, channel by
    channel and row by row, as x.reshape(N, -1) does, and multiplied by w. The convolution has
    stride 1 and no padding. On a map of H x W each filter fits into one place.

    Inputs:
    - w: weights of the affine layer, shape (D, M), where D = C * H * W; left as they are
    - b: biases, shape (M,)
    - x_shape: tuple (C, H, W), the shape of one map; H and W may differ. A layer that reads
      vectors of D values reads maps of (D, 1, 1).

    Returns a tuple of:
    - filters: shape (M, C, H, W), one filter a neuron
    - b_conv: biases, shape (M,)
    """
    C, H, W = x_shape
    M = w.shape[1]
    filters = w.T.reshape(M, C, H, W)  # column m of w is filter m
    return filters, b


def conv_weights_to_fc(w, b, x_shape, conv_param):
    """Filters of any convolution as the weights of a fully connected layer that computes the same.

    The layer takes pictures as rows, x.reshape(N, C * H * W), and its answers are the
    convolution's as rows, out.reshape(N, F * H_out * W_out). So w_fc has a row for each value
    that goes in and a column for each that comes out. Most of its numbers are zero: a neuron that
    looks at 3x3 pixels has no connection to the others. Padding needs no rows, because a weight
    times 0 adds nothing.

    Inputs:
    - w: filters, shape (F, C, HH, WW); left as they are
    - b: biases, shape (F,)
    - x_shape: tuple (C, H, W), the shape of one picture
    - conv_param: dict with "stride" and "pad", the same down and across. Sizes always fit:
        H_out = (H + 2 * pad - HH) / stride + 1
        W_out = (W + 2 * pad - WW) / stride + 1

    Returns a tuple of:
    - w_fc: shape (C * H * W, F * H_out * W_out), floating point
    - b_fc: shape (F * H_out * W_out,)
    """
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, C, HH, WW = w.shape
    _, H, W = x_shape
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1

    connections = np.zeros((C, H, W, F, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            for p in range(HH):
                for q in range(WW):
                    row, column = i * stride + p - pad, j * stride + q - pad
                    if 0 <= row < H and 0 <= column < W:  # else it is a zero of the padding
                        connections[:, row, column, :, i, j] = w[:, :, p, q].T
    w_fc = connections.reshape(C * H * W, F * H_out * W_out)
    b_fc = np.repeat(b, H_out * W_out)  # one bias a filter, at every place
    return w_fc, b_fc


def slide_classifier(x, params, conv_param, pool_param):
    """The classifier with convolutions in place of its fully connected layers, on any pictures.

    Convolution 1, ReLU, max pool, convolution 2, ReLU, convolution 3. The last two are the fully
    connected layers: stride 1, no padding. There is no ReLU behind the last one, and nothing is
    flattened. You may use conv_forward, max_pool_forward and relu of this notebook.

    Inputs:
    - x: pictures, shape (N, C, H, W), as large as those of the training or larger; left as they
      are. Sizes always fit the strides.
    - params: dict of arrays, left as they are:
      - "W1": filters (F, C, HH, WW), "b1": (F,)
      - "W2": filters (M, F, h, w), "b2": (M,), of the first fully connected layer
      - "W3": filters (K, M, 1, 1), "b3": (K,), of the last
    - conv_param: dict with "stride" and "pad", of convolution 1
    - pool_param: dict with "pool_height", "pool_width" and "stride"

    Returns scores, shape (N, K, rows, columns): K scores for each place. On pictures of the size
    of the training rows and columns are 1.
    """
    maps, _ = conv_forward(x, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward(relu(maps), pool_param)
    everywhere = {"stride": 1, "pad": 0}
    hidden, _ = conv_forward(maps, params["W2"], params["b2"], everywhere)
    scores, _ = conv_forward(relu(hidden), params["W3"], params["b3"], everywhere)
    return scores


def crop_scores(x, params, size, conv_param, pool_param):
    """The slow way to a score map: cut out every crop and classify each by itself.

    The crop of place (i, j) begins at row i * S, column j * S of the picture, where S is the
    stride of the whole network: how far the view of a score moves from one place of the map to
    the next. It is the product of the strides of its layers. You may use classify of this
    notebook, which takes crops (N, C, *size) and gives scores (N, K).

    Inputs:
    - x: pictures, shape (N, C, H, W); left as they are
    - params: dict of arrays, those of the original network: "W1" (F, C, HH, WW), "b1" (F,), "W2"
      (D, M), "b2" (M,), "W3" (M, K), "b3" (K,)
    - size: tuple (height, width) of a crop. The stride divides H - height and W - width.
    - conv_param: dict with "stride" and "pad". Each crop is padded by itself.
    - pool_param: dict with "pool_height", "pool_width" and "stride"

    Returns scores, shape (N, K, rows, columns), one place for each crop.
    """
    stride = conv_param["stride"] * pool_param["stride"]
    height, width = size
    N, _, H, W = x.shape
    rows, columns = (H - height) // stride + 1, (W - width) // stride + 1

    scores = np.zeros((N, len(params["b3"]), rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            crop = x[:, :, top : top + height, left : left + width]
            scores[:, :, i, j] = classify(crop, params, conv_param, pool_param)
    return scores


def shift_and_stitch(x, params, size, conv_param, pool_param):
    """A score map with half the network's stride, without changing the network.

    Four passes, over the picture as it is and with its first rows, first columns, or both, left
    out, as many as half the network's stride. The four maps are then put together so that place
    (i, j) of the result belongs to the crop that begins at row i * S / 2, column j * S / 2, where
    S is the network's stride. You may use trim and your slide_classifier.

    Inputs:
    - x: pictures, shape (N, C, H, W); left as they are. S / 2 divides H - height and W - width,
      but S need not, and there may be one row or one column of places only.
    - params: dict of filters and biases, as slide_classifier takes them
    - size: tuple (height, width) of the pictures of the training
    - conv_param: dict with "stride" and "pad". pad is 0 here, and S is even.
    - pool_param: dict with "pool_height", "pool_width" and "stride"

    Returns scores, shape (N, K, rows, columns), where
        rows = (H - height) / (S / 2) + 1
        columns = (W - width) / (S / 2) + 1
    """
    stride = conv_param["stride"] * pool_param["stride"]
    half = stride // 2
    rows, columns = (x.shape[2] - size[0]) // half + 1, (x.shape[3] - size[1]) // half + 1

    scores = np.zeros((len(x), len(params["b3"]), rows, columns))
    for a in range(min(2, rows)):
        for b in range(min(2, columns)):
            shifted = trim(x[:, :, a * half :, b * half :], size, stride)
            passed = slide_classifier(shifted, params, conv_param, pool_param)
            scores[:, :, a::2, b::2] = passed
    return scores
