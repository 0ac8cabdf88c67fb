"""Whether a function is vectorised, judged by how many lines of Python it runs. Never by the clock.

A loop over pictures (channels, rows, columns) runs more lines when there are more of them. Forty
times as many may double the lines, no more: whoever works on a large batch in a few parts, or loops
over the places in a window, is far from that.
"""

from cs231n.check.results import CheckFailed

FEW, MANY = 2, 42
ALLOWED = 2.0  # times as many lines
# What grows, and the shape (N, C, H, W) then; with windows of 2x2 there are few places to loop over.
SMALL = (FEW, FEW, FEW + 2, FEW + 2)
GROWN = {
    "pictures (N)": (MANY, FEW, FEW + 2, FEW + 2),
    "channels (C)": (FEW, MANY, FEW + 2, FEW + 2),
    "rows (H)": (FEW, FEW, MANY + 2, FEW + 2),
    "columns (W)": (FEW, FEW, FEW + 2, MANY + 2),
}


def check_lines(count, name, grown=GROWN, small=SMALL):
    """That the lines a function runs do not grow with its input.

    Inputs:
    - count: function of a shape (N, C, H, W) -> lines run for input of that size
    - name: the function's name in messages
    - grown: what grows -> the shape then; small: the shape that it is compared with

    Raises CheckFailed, with the counts, where one of them runs more than ALLOWED times the lines.
    """
    before = count(small)
    for what, shape in grown.items():
        after = count(shape)
        if after > ALLOWED * max(before, 1):
            raise CheckFailed(
                f"With more {what}, {name} runs more lines of Python: {before} for input of shape "
                f"{small}, {after} for {shape}. Is there a loop over them (a comprehension, "
                "np.vectorize or a function called for each is one too)? Values can be right and "
                "this check fail: let one NumPy operation work on all of them. A loop over the "
                "places in a window is fine."
            )
