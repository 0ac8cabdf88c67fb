"""Whether a function is vectorised, judged by Python's steps in it. Never by the clock.

A loop over pictures (channels, rows, columns) takes more steps when there are more of them. Two
hundred times as many may double the steps, no more: a loop over the places in a window takes none.
"""

import numpy as np

from cs231n.check.results import CheckFailed

FEW, MANY = 2, 402
ALLOWED = 2.0  # times as many steps
# What grows, and the shape (N, C, H, W) then. Windows of 2x2 have few places to loop over.
SMALL = (FEW, FEW, FEW + 2, FEW + 2)
GROWN = {
    "pictures (N)": (MANY, FEW, FEW + 2, FEW + 2),
    "channels (C)": (FEW, MANY, FEW + 2, FEW + 2),
    "rows (H)": (FEW, FEW, MANY + 2, FEW + 2),
    "columns (W)": (FEW, FEW, FEW + 2, MANY + 2),
}


def check_steps(count, name):
    """That the steps which Python takes in a function do not grow with its input.

    Inputs:
    - count: function of a shape (N, C, H, W) -> steps for input of that size
    - name: the function's name in messages

    Raises CheckFailed, with the counts, where one of GROWN takes more than ALLOWED times the steps.
    """
    count(SMALL)  # the first call of anything may do more
    before = count(SMALL)
    for what, shape in GROWN.items():
        after = count(shape)
        if after > ALLOWED * max(before, 1):
            raise CheckFailed(
                f"With more {what}, Python takes more steps in {name}: {before:,} for input of "
                f"shape {SMALL}, {after:,} for {shape}. Is there a loop over them? (A "
                "comprehension and np.vectorize are loops too, and so is a function called for "
                "each.) Let one NumPy operation work on all of them; a loop over the places in a "
                "window is fine. Right values keep their points meanwhile."
            )


def helper_steps(f, name, shape, stride):
    """The steps of the student's im2col or col2im, for windows of 2x2 on pictures of that shape."""
    N, C, H, W = shape
    places = N * ((H - 2) // stride + 1) * ((W - 2) // stride + 1)
    size, rest = ((4 * C, places), (shape,)) if name == "col2im" else (shape, ())
    return f.counted(name, np.ones(size), *rest, 2, 2, stride, 0)[1]


def check_own_steps(f, helpers, count, name):
    """check_steps of a function, leaving out what its helpers take where these do not pass: a loop
    in im2col has a check of its own.

    count: function of (shape, name) -> steps, for the function itself or for a helper
    """
    try:
        check_steps(lambda shape: count(shape, name), name)
    except CheckFailed as growth:
        try:
            check_steps(
                lambda shape: count(shape, name) - sum(count(shape, h) for h in helpers), name
            )
        except Exception:  # a helper that is not there, or gives nonsense, is no excuse
            raise growth from None
