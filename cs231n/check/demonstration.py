"""Cells that show what the student's functions do, and must not stop the notebook."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from cs231n.check.advice import describe_error, stub_of
from cs231n.check.guard import OutOfTime, seconds_allowed, time_limit
from cs231n.language import padded, say, translate


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


def attempt(label: str, function: Callable, *args, names: tuple[str, ...] = ("out",)):
    """Call a function with input that it may not like, and print one line on what came of it.

        check.attempt("no pictures", affine_forward, np.ones((0, 3, 2, 2)), w, b)
        check.attempt("one class", svm_loss, x, y, names=("loss", "dx"))

    Inputs:
    - label: what is tried, the beginning of the line
    - names: of what the function returns, in order; what has no name is not shown

    Returns what the function returned, None where it stopped. A stub says that it is one.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = function(*args)
        except NotImplementedError:
            raise
        except Exception as problem:
            print(f"{padded(label, 32)} {type(problem).__name__}: {problem}")
            return None
    values = answer if isinstance(answer, tuple) else (answer,)
    told = [f"{name} {_in_short(value)}" for name, value in zip(names, values)]
    told += dict.fromkeys(f"warning: {warning.message}" for warning in caught)
    print(f"{padded(label, 32)} {translate('; '.join(told))}")
    return answer


def _in_short(value) -> str:
    """An array or a number in a few characters."""
    if not isinstance(value, np.ndarray | np.generic | float | int):
        return f"is a {type(value).__name__}"
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{value + 0:.6g}" if array.dtype.kind in "iuf" else str(value)
    about = f"{array.shape} {array.dtype}"
    if array.size == 0 or array.dtype.kind not in "biuf":
        return about
    if array.size <= 8:
        text = np.array2string(array + 0, precision=4, suppress_small=True, separator=", ")
        return f"{about} {' '.join(text.split()).replace('[ ', '[')}"
    return f"{about} from {array.min():.4g} to {array.max():.4g}"


def _open_figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def _say(message: str, figures_before: set[int]) -> None:
    """Print the message, and drop pictures that were begun and not finished."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in _open_figures() - figures_before:
        pyplot.close(number)
    say(message)
