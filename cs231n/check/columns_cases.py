"""What the checks of columns are made of: pictures whose pixels say where they are.

Pixel x[n, c, p, q] of an `addressed` picture is a number that tells n, c, p and q. So what belongs
into an entry of X_col is a matter of arithmetic, nothing has to be copied to find out, and a wrong
entry says itself where it came from.
"""

from dataclasses import dataclass

import numpy as np

from cs231n.check.compare import as_array
from cs231n.check.results import CheckFailed

ROWS_ORDER = "Row c * HH * WW + a * WW + b belongs to channel c, row a, column b of a window."
COLUMNS_ORDER = "Column n * H_out * W_out + i * W_out + j belongs to window (i, j) of picture n."


@dataclass(frozen=True)
class Layout:
    """Windows over pictures: shape (N, C, H, W), window (HH, WW), stride, pad, how many windows."""

    shape: tuple[int, int, int, int]
    window: tuple[int, int]
    stride: int
    pad: int
    out: tuple[int, int]  # (H_out, W_out), written down by hand

    @property
    def args(self):
        """What im2col takes after x, and col2im after x_shape."""
        return (*self.window, self.stride, self.pad)

    @property
    def cols_shape(self):
        N, C = self.shape[:2]
        return C * self.window[0] * self.window[1], N * self.out[0] * self.out[1]


def addressed(shape):
    """x (N, C, H, W) in which every pixel is another whole number, from 1 on."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)


def sources(layout):
    """Where each entry of X_col comes from.

    Returns an array like X_col of pixels' numbers (those of `addressed`), 0 for padding.
    """
    N, C, H, W = layout.shape
    HH, WW = layout.window
    c, a, b, n, i, j = np.indices((C, HH, WW, N, *layout.out), sparse=True)
    p, q = i * layout.stride + a - layout.pad, j * layout.stride + b - layout.pad
    inside = (p >= 0) & (p < H) & (q >= 0) & (q < W)
    return (inside * (1 + q + W * (p + H * (c + C * n)))).reshape(layout.cols_shape)


def pixel(number, shape):
    """x[n, c, p, q] in words, for the number that an addressed picture has there."""
    if number == 0:
        return "0 (padding)"
    if number != int(number) or not 1 <= number <= np.prod(shape):
        return f"{number:g}, which is no pixel of x"
    place = np.unravel_index(int(number) - 1, shape)
    return f"x[{', '.join(str(int(k)) for k in place)}]"


def check_columns_shape(cols, layout):
    """``cols`` as an array (C*HH*WW, N*H_out*W_out), or CheckFailed with the likely slip."""
    wanted = layout.cols_shape
    cols = as_array(cols, "X_col", wanted)
    if cols.shape == wanted:
        return cols
    said = f"X_col has shape {cols.shape}, but it should be {wanted}: (C*HH*WW, N*H_out*W_out)."
    if cols.shape == wanted[::-1]:
        raise CheckFailed(f"{said} It is the transpose: here a window is a column, not a row.")
    if cols.ndim == 2 and cols.shape[0] == wanted[0]:
        slip = "The number of windows is wrong: look at what stride and pad do to H_out and W_out."
        raise CheckFailed(f"{said} {slip}")
    if cols.size == wanted[0] * wanted[1]:
        raise CheckFailed(f"{said} The number of values is right: is a reshape missing or wrong?")
    raise CheckFailed(said)


def check_columns(cols, layout, hint=""):
    """That ``cols`` is X_col of an addressed picture; CheckFailed says what stands in a wrong
    entry, and which other order would explain it."""
    cols = check_columns_shape(cols, layout)
    wanted = sources(layout)
    if not np.isfinite(cols).all():
        raise CheckFailed("X_col holds values that are not finite: is all of it written to?")
    wrong = np.abs(cols - wanted) > 1e-6 * wanted.max()
    if not wrong.any():
        return
    row, column = (int(k) for k in np.argwhere(wrong)[0])
    came, right = (pixel(v, layout.shape) for v in (cols[row, column], wanted[row, column]))
    said = (
        f"{int(wrong.sum())} of {wrong.size} entries of X_col are wrong. The first, "
        f"X_col[{row}, {column}], should hold {right}, but holds {came}."
    )
    raise CheckFailed(f"{said} {_other_order(cols, wanted, layout) or hint}".strip())


def _other_order(cols, wanted, layout):
    """A sentence on the order that explains the columns, or "" where none does."""
    (N, C), (HH, WW), (H_out, W_out) = layout.shape[:2], layout.window, layout.out
    axes = wanted.reshape(C, HH, WW, N, H_out, W_out)
    explained = [
        ((0, 1, 2, 4, 5, 3), f"Pictures alternate, position by position. {COLUMNS_ORDER}"),
        ((0, 1, 2, 3, 5, 4), f"Windows run down the picture first. {COLUMNS_ORDER}"),
        ((1, 2, 0, 3, 4, 5), f"Channels alternate, place by place. {ROWS_ORDER}"),
        ((0, 2, 1, 3, 4, 5), f"A window is read column by column. {ROWS_ORDER}"),
        ((2, 1, 0, 3, 4, 5), f"The rows run in another order. {ROWS_ORDER}"),
    ]
    for order, sentence in explained:
        if np.array_equal(axes.transpose(order).reshape(wanted.shape), cols):
            return sentence
    by_column = np.sort(cols, axis=0), np.sort(wanted, axis=0)
    if np.array_equal(*by_column):
        return f"Every column holds the right pixels in another order. {ROWS_ORDER}"
    if np.array_equal(np.sort(cols.ravel()), np.sort(wanted.ravel())):
        return f"All the right values are there, in other places. {ROWS_ORDER} {COLUMNS_ORDER}"
    return ""


def windows_on(layout):
    """(H, W): in how many windows each pixel lies. Rows and columns are counted apart."""
    counts = []
    for axis in (0, 1):
        first = np.arange(layout.out[axis]) * layout.stride - layout.pad
        at = np.arange(layout.shape[2 + axis])[:, None]
        counts.append(((at >= first) & (at < first + layout.window[axis])).sum(axis=1))
    return np.outer(*counts)
