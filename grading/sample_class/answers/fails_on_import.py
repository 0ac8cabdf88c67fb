"""The cell asks for a package that is on the student's machine only, so it defines nothing."""

import numpy as np
from my_homework_helpers import window_view


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = window_view(x_pad, w.shape[2:], stride)
    out = np.einsum("nchwij,fcij->nfhw", windows, w) + b[None, :, None, None]
    return out, (x, w, b, conv_param)
