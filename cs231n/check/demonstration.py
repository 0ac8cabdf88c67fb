"""Cells that show what the student's functions do, and must not stop the notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from cs231n.check.guard import OutOfTime, describe_error, seconds_allowed, stub_of, time_limit


@contextlib.contextmanager
def demo(seconds: float | None = None) -> Iterator[None]:
    """Run a demonstration; when the student's code is not ready, say so instead of failing.

        with check.demo():
            out, _ = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
            vis.show_images(out)

    seconds: time limit, twice that of a check where not given. A stub gives one line that says
    what is still to be written; any other error gives one line with its cause.
    """
    limit = 2 * seconds_allowed() if seconds is None else seconds
    figures = _open_figures()
    try:
        with time_limit(limit):
            yield
    except OutOfTime:
        _say(f"Stopped after {limit:g} s: this demonstration should be quicker.", figures)
    except NotImplementedError as problem:
        _say(f"This cell comes to life once {stub_of(problem)} is written.", figures)
    except Exception as problem:
        _say(f"This demonstration could not run. {describe_error(problem)}", figures)


def _open_figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def _say(message: str, figures_before: set[int]) -> None:
    """Print the message, and drop pictures that were begun and not finished."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in _open_figures() - figures_before:
        pyplot.close(number)
    print(message)
