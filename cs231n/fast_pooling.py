"""Max, average and L2 pooling, fast enough to train with.

Windows may be of any shape, overlap, leave gaps, and reach beyond the picture. A compiled module
does the work where there is one, and NumPy otherwise, with the same results to the last bit:
``BACKEND`` says which, "cython" or "numpy". CS231N_BACKEND=numpy asks for NumPy. Results do not
depend on the number of threads.

Every layer takes the same ``pool_param``, a dict with

- "pool_height", "pool_width": the window (HH, WW)
- "stride": a number, or a pair (vertical, horizontal)
- "pad" (0 where absent): how far the first windows reach beyond the picture, a number or a pair;
  less than the window, which therefore always holds a pixel
- "rounding" ("exact" where absent): what to do when the stride does not divide what is left:
  "exact" refuses it, "floor" leaves the last pixels out, "ceil" adds a window that reaches beyond

Pixels beyond the picture do not exist: they never win a maximum, and an average is over the
pixels inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cs231n.fast_common import as_gradient, compiled, empty, known_keys
from cs231n.im2col import as_pictures, window_grid

_compiled = compiled("cs231n.kernels.pointwise")
BACKEND = "cython" if _compiled else "numpy"


def max_pool_forward_fast(x: ArrayLike, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Max pooling, forward.

    Inputs:
    - x: (N, C, H, W), any memory order; unchanged
    - pool_param: dict with "pool_height", "pool_width" and "stride", and optionally "pad" and
      "rounding" (see this module's docstring)

    Returns a tuple of:
    - out: (N, C, H_out, W_out), float32 for float32 input and float64 for anything else; NaN where
      the window holds one
    - cache: for max_pool_backward_fast. It holds a byte a window (more if the window has over 256
      pixels), and not x.

    Raises ValueError when the windows do not fit or the stride does not divide.
    """
    x, sizes, places = _arguments(x, pool_param)
    out = empty(x.shape[:2] + places, x.dtype)
    # Which of its window's pixels won, counted row by row: the first on a tie, or the first NaN.
    winner = empty(out.shape, np.min_scalar_type(sizes[0] * sizes[1] - 1))
    if _compiled:
        _compiled.max_pool_forward(_planes(x), _planes(out), _bytes(winner), sizes)
    else:
        _max_forward(x, out, winner, sizes)
    return out, (x.shape, x.dtype, winner, sizes)


def max_pool_backward_fast(dout: ArrayLike, cache: tuple) -> np.ndarray:
    """Max pooling, backward: each output's gradient goes to the input that was the maximum.

    Inputs:
    - dout: (N, C, H_out, W_out)
    - cache: from max_pool_forward_fast

    Returns dx (N, C, H, W). On a tie the first of the equal inputs, row by row, gets it all.

    Raises ValueError when dout does not have the shape of out.
    """
    shape, dtype, winner, sizes = cache
    dout = as_gradient(dout, winner.shape, dtype)
    if not _compiled:
        return _max_backward(dout, winner, shape, sizes)
    dx = empty(shape, dtype)
    _compiled.max_pool_backward(_planes(dout), _bytes(winner), _planes(dx), sizes)
    return dx


def avg_pool_forward_fast(x: ArrayLike, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """Average pooling, forward: the mean of each window's pixels, those inside the picture only.

    Inputs:
    - x: (N, C, H, W), any memory order; unchanged
    - pool_param: dict with "pool_height", "pool_width" and "stride", and optionally "pad" and
      "rounding" (see this module's docstring)

    Returns a tuple of:
    - out: (N, C, H_out, W_out), float32 for float32 input and float64 for anything else; sums are
      in float64
    - cache: for avg_pool_backward_fast; it does not hold x

    Raises ValueError when the windows do not fit or the stride does not divide.
    """
    x, sizes, places = _arguments(x, pool_param)
    return _sum_forward(x, sizes, places, l2=False), (x.shape, x.dtype, sizes, places)


def avg_pool_backward_fast(dout: ArrayLike, cache: tuple) -> np.ndarray:
    """Average pooling, backward: a window's pixels share its gradient equally.

    Inputs:
    - dout: (N, C, H_out, W_out)
    - cache: from avg_pool_forward_fast

    Returns dx (N, C, H, W): each pixel the sum of its shares of all windows it lies in.

    Raises ValueError when dout does not have the shape of out.
    """
    shape, dtype, sizes, places = cache
    dout = as_gradient(dout, shape[:2] + places, dtype)
    return _sum_backward(None, None, dout, shape, sizes)


def l2_pool_forward_fast(x: ArrayLike, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """L2 pooling, forward: the length of each window as a vector, sqrt(sum of squares).

    Inputs:
    - x: (N, C, H, W), any memory order; unchanged
    - pool_param: dict with "pool_height", "pool_width" and "stride", and optionally "pad" and
      "rounding" (see this module's docstring)

    Returns a tuple of:
    - out: (N, C, H_out, W_out), float32 for float32 input and float64 for anything else; squares
      and sums are in float64
    - cache: for l2_pool_backward_fast. It holds x and out themselves: do not change them before.

    Raises ValueError when the windows do not fit or the stride does not divide.
    """
    x, sizes, places = _arguments(x, pool_param)
    out = _sum_forward(x, sizes, places, l2=True)
    return out, (x, out, sizes)


def l2_pool_backward_fast(dout: ArrayLike, cache: tuple) -> np.ndarray:
    """L2 pooling, backward: a window's pixels share its gradient in proportion to their values.

    Inputs:
    - dout: (N, C, H_out, W_out)
    - cache: from l2_pool_forward_fast

    Returns dx (N, C, H, W): each pixel the sum of its shares of all windows it lies in. A window
    of zeros, whose length has no derivative, gives its pixels 0.

    Raises ValueError when dout does not have the shape of out.
    """
    x, out, sizes = cache
    return _sum_backward(x, out, as_gradient(dout, out.shape, x.dtype), x.shape, sizes)


def _arguments(x: ArrayLike, pool_param: dict) -> tuple[np.ndarray, tuple, tuple]:
    """x in C order; (HH, WW, strides, pads), six numbers; and (H_out, W_out)."""
    x = np.ascontiguousarray(as_pictures(x))
    known_keys(
        pool_param, "pool_param", ("pool_height", "pool_width", "stride"), ("pad", "rounding")
    )
    window = pool_param["pool_height"], pool_param["pool_width"]
    pad, rounding = pool_param.get("pad", 0), pool_param.get("rounding", "exact")
    grid = window_grid(x.shape[2:], window, pool_param["stride"], pad, rounding=rounding)
    window = tuple(map(int, window))
    if grid.pad[0] >= window[0] or grid.pad[1] >= window[1]:
        raise ValueError(
            f"pad should be smaller than the window, {window}, or the first window would lie "
            f"outside the picture, but it is {grid.pad}."
        )
    return x, (*window, *grid.stride, *grid.pad), grid.out


def _planes(array: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (N*C, H, W)."""
    return array.reshape(-1, *array.shape[2:])


def _bytes(winner: np.ndarray) -> np.ndarray:
    return winner.reshape(-1).view(np.uint8)


def _sum_forward(x: np.ndarray, sizes: tuple, places: tuple, l2: bool) -> np.ndarray:
    out = empty(x.shape[:2] + places, x.dtype)
    if _compiled:
        _compiled.sum_pool_forward(_planes(x), _planes(out), sizes, l2)
        return out
    values = x.astype(np.float64)
    if l2:
        out[:] = np.sqrt(_window_sums(values**2, sizes, places))
    else:
        out[:] = _window_sums(values, sizes, places) / _pixels_inside(x.shape, sizes, places)
    return out


def _sum_backward(
    x: np.ndarray | None, out: np.ndarray | None, dout: np.ndarray, shape: tuple, sizes: tuple
) -> np.ndarray:
    """dx of average pooling, or of L2 pooling where x and out are given."""
    l2 = x is not None
    dx = empty(shape, dout.dtype)
    if _compiled:
        forward = (_planes(x), _planes(out)) if l2 else ()
        _compiled.sum_pool_backward(_planes(dout), _planes(dx), sizes, l2, *forward)
        return dx
    share = dout.astype(np.float64)
    if l2:
        share = np.divide(share, out, out=np.zeros_like(share), where=out != 0)
    else:
        share /= _pixels_inside(shape, sizes, dout.shape[2:])
    spread = _spread(share, shape, sizes)
    dx[:] = spread * x if l2 else spread
    return dx


def _max_forward(x: np.ndarray, out: np.ndarray, winner: np.ndarray, sizes: tuple) -> None:
    """Fill out and winner, one of the windows' pixels after the other, in NumPy."""
    places = out.shape[2:]
    pixels = _framed(x, sizes, places)
    exists = _framed(np.ones((1, 1, *x.shape[2:]), bool), sizes, places)
    seen = np.zeros((1, 1, *places), bool)
    out[:], winner[:] = -np.inf, 0
    for number, tap in enumerate(_taps(sizes, places)):
        value = pixels[:, :, *tap]
        leads = ((value > out) | np.isnan(value)) & ~np.isnan(out) | ~seen
        leads &= exists[:, :, *tap]
        np.copyto(out, value, where=leads)
        np.copyto(winner, number, where=leads)
        seen |= exists[:, :, *tap]


def _max_backward(dout: np.ndarray, winner: np.ndarray, shape: tuple, sizes: tuple) -> np.ndarray:
    taps = _taps(sizes, dout.shape[2:])
    pixels = _framed(np.zeros(shape, dout.dtype), sizes, dout.shape[2:])
    for number in reversed(range(len(taps))):  # so that a pixel adds up its windows in their order
        pixels[:, :, *taps[number]] += np.where(winner == number, dout, 0)
    return _unframed(pixels, shape, sizes)


def _window_sums(values: np.ndarray, sizes: tuple, places: tuple) -> np.ndarray:
    """Sums over windows: down the columns first, then along the rows."""
    HH, WW, sh, sw = sizes[:4]
    pixels = _framed(values, sizes, places)
    columns = sum(pixels[:, :, a : a + (places[0] - 1) * sh + 1 : sh] for a in range(HH))
    return sum(columns[..., b : b + (places[1] - 1) * sw + 1 : sw] for b in range(WW))


def _spread(share: np.ndarray, shape: tuple, sizes: tuple) -> np.ndarray:
    """Each window's share to each of its pixels: the adjoint of _window_sums."""
    HH, WW, sh, sw = sizes[:4]
    N, C, H_out, W_out = share.shape
    columns = np.zeros((N, C, (H_out - 1) * sh + HH, W_out))
    for a in reversed(range(HH)):
        columns[:, :, a : a + (H_out - 1) * sh + 1 : sh] += share
    pixels = np.zeros((*columns.shape[:3], (W_out - 1) * sw + WW))
    for b in reversed(range(WW)):
        pixels[..., b : b + (W_out - 1) * sw + 1 : sw] += columns
    return _unframed(pixels, shape, sizes)


def _pixels_inside(shape: tuple, sizes: tuple, places: tuple) -> np.ndarray:
    """How many of each window's pixels lie in the picture (1, 1, H_out, W_out)."""
    return _window_sums(np.ones((1, 1, *shape[2:])), sizes, places)


def _framed(x: np.ndarray, sizes: tuple, places: tuple) -> np.ndarray:
    """Just the pixels that windows look at, with 0 for those beyond the picture."""
    HH, WW, sh, sw, ph, pw = sizes
    pixels = np.zeros((*x.shape[:2], (places[0] - 1) * sh + HH, (places[1] - 1) * sw + WW), x.dtype)
    inside = x[:, :, : pixels.shape[2] - ph, : pixels.shape[3] - pw]
    pixels[:, :, ph : ph + inside.shape[2], pw : pw + inside.shape[3]] = inside
    return pixels


def _unframed(pixels: np.ndarray, shape: tuple, sizes: tuple) -> np.ndarray:
    """The pixels back in a picture of this shape, with 0 where no window looked."""
    x = np.zeros(shape, pixels.dtype)
    inside = pixels[:, :, sizes[4] :, sizes[5] :][:, :, : shape[2], : shape[3]]
    x[:, :, : inside.shape[2], : inside.shape[3]] = inside
    return x


def _taps(sizes: tuple, places: tuple) -> list[tuple[slice, slice]]:
    """The pixels that each of the window's positions falls on, for all windows at once."""
    rows, columns = (
        [slice(t, t + (n - 1) * s + 1, s) for t in range(w)]
        for w, n, s in zip(sizes[:2], places, sizes[2:4])
    )
    return [(row, column) for row in rows for column in columns]
