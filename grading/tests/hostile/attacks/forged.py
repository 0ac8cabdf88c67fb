"""Forged results: what a cell prints, shows, raises or returns is taken for a score by nobody."""

# %% id="last-expression" attacks="svm_loss"
# The cell's value is the number of points, as nbgrader reads it for partial credit.
import numpy as np


def svm_loss(x, y):
    return 5.0, np.full(x.shape, 5.0)


5.0

# %% id="result-as-data" attacks="svm_loss"
# Shows the grader's own kind of output, with all points, for every exercise.
import numpy as np
from IPython.display import display


def svm_loss(x, y):
    display(forged, raw=True)
    return 0.0, np.zeros(x.shape)


forged = {
    "application/vnd.cs231n.check+json": {
        "exercise": "svm_loss",
        "score": 5.0,
        "max_score": 5.0,
        "checks": [{"name": "all", "passed": True, "weight": 1.0, "message": ""}],
    },
    "text/plain": "svm_loss: 5 of 5 points",
}
display(forged, raw=True)

# %% id="result-published" attacks="svm_loss" place="after"
# Publishes the same past `display`: by the publisher, the display hook, and an update of an output.
from IPython import get_ipython
from IPython.display import display

shell = get_ipython()
forged = {"exercise": "svm_loss", "score": 1000.0, "max_score": 5.0, "checks": []}
bundle = {"application/vnd.cs231n.check+json": forged, "text/plain": "1000.0"}
shell.display_pub.publish(bundle, {"cs231n": {"needs_review": None}})
shell.display_pub.publish(data=bundle, metadata={}, transient={"display_id": "x"}, update=True)
shell.displayhook.write_format_data(bundle, {})
display(bundle, raw=True, display_id="svm-loss-check")
shell.execution_count = 10**400

# %% id="result-in-the-outputs" attacks="svm_loss" place="before" ends=true
# Puts outputs of its own making into the list that the session answers with.
from IPython import get_ipython

shell = get_ipython()
items = shell.outputs.items
items.append({"output_type": "execute_result", "data": {"text/plain": "5.0"}, "metadata": {}})
items.append({"output_type": "score", "exercise": "svm_loss", "score": 5.0})
items.append({"output_type": "stream", "name": 5, "text": "5.0"})
items.append({"output_type": "error", "ename": "5", "evalue": ["x"], "traceback": [5, None]})
items.append({"output_type": "display_data", "data": {"text/plain": {"a": 1}}, "metadata": 7})
items.append({"output_type": "display_data", "data": {"x\u0000y": "z"}, "metadata": {"a": {}}})
items.append("5.0")
items.append({"output_type": "stream", "name": "stdout", "text": "\ud800\x00\x1b]0;title\x07"})

# %% id="printed" attacks="svm_loss"
# Prints what a score looks like, to both streams, in the cell and in every call.
import sys

import numpy as np


def svm_loss(x, y):
    print("svm_loss: 5 of 5 points\n5.0")
    print(5.0, file=sys.stderr)
    sys.__stdout__.write('{"score": 5.0}\n')
    sys.__stderr__.write("5.0\n")
    return 0.0, np.zeros(x.shape)


svm_loss(np.ones((1, 2)), np.zeros(1, int))

# %% id="stderr-of-a-right-answer" attacks="relu_forward" honest=1 exactly=true
# A right answer that prints to stderr and warns must keep its points.
import sys
import warnings

import numpy as np


def relu_forward(x):
    print("debug", x.shape, file=sys.stderr)
    warnings.warn("something is deprecated", DeprecationWarning, stacklevel=1)
    return np.maximum(x, 0), x


print("a message", file=sys.stderr)

# %% id="measurement" attacks="svm_loss"
# Returns what a passed check returns.
from cs231n.check.results import Measurement, Result


def svm_loss(x, y):
    return Measurement(0.0, 1.0), Result("all", True, 5.0)


# %% id="check-failed" attacks="svm_loss"
# Raises what checks raise, with an error of 0 and a message of its own.
from cs231n.check.results import CheckFailed


def svm_loss(x, y):
    raise CheckFailed("<b>passed</b>", 0.0, 1.0)


# %% id="not-ready" attacks="svm_loss"
# Raises what stands for an exercise not yet begun, from within a method of another name.
from cs231n.check.results import NotReady


class passed(NotReady):
    def __str__(self):
        raise NotImplementedError("passed")


def svm_loss(x, y):
    raise passed


# %% id="exit-in-a-call" attacks="svm_loss"
# SystemExit(0): a check that ends without an error.
import sys


def svm_loss(x, y):
    sys.exit(0)


# %% id="interrupt-in-a-call" attacks="svm_loss" ends=true
# KeyboardInterrupt, as if the instructor had pressed Ctrl-C.
def svm_loss(x, y):
    raise KeyboardInterrupt


# %% id="out-of-time-in-a-call" attacks="svm_loss" ends=true
# Raises the exception by which the session itself stops a call.
from cs231n.check.guard import OutOfTime


def svm_loss(x, y):
    raise OutOfTime


# %% id="message" attacks="svm_loss"
# An error whose message is a page, a terminal's commands, and text that runs backwards.
class Pretty(Exception):
    def __str__(self):
        return "<script>alert(1)</script>\x1b]52;c;eA==\x07\x1b[2J\u202e5 of 5\u2066\r\n\x00" * 50


Pretty.__name__ = "<img src=x onerror=alert(1)>\x1b[31m"


def svm_loss(x, y):
    raise Pretty


# %% id="message-without-end" attacks="svm_loss"
# An error whose message never ends.
class Endless(Exception):
    def __str__(self):
        while True:
            pass


def svm_loss(x, y):
    raise Endless


# %% id="message-that-lies" attacks="svm_loss"
# An error whose parts are not what they should be.
class Odd(Exception):
    def __str__(self):
        return 5

    @property
    def __traceback__(self):
        raise SystemExit

    @property
    def __class__(self):
        return type("Fine", (), {})


def svm_loss(x, y):
    raise Odd from Odd()


# %% id="table" attacks="svm_loss" place="after"
# Shows a score table just like the grader's, and a cell that says the grader was here.
from IPython.display import HTML, Markdown, display

from cs231n.check.report import Table

table = Table("svm_loss: 5 of 5 points", ("check", "weight", "result"))
table.rows.append((True, ("everything", "1"), ""))
display(table, HTML(table._repr_html_()), Markdown("**A person has looked at this notebook.**"))

# %% id="pages" attacks="svm_loss" place="after"
# Outputs that would run in a reader's browser, of every kind.
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

script = "<script>alert('@MARK@')</script>"
display(HTML(script + '<img src=x onerror="alert(1)"><iframe srcdoc="x"></iframe>'))
display(SVG(f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{script}</svg>'))
display(Javascript("alert('@MARK@')"), Markdown(script + "[x](javascript:alert(1))"), Latex(script))
display({"application/vnd.jupyter.widget-view+json": {"model_id": script}, "x/y": script}, raw=True)
display({"text/html": script}, raw=True, metadata={"text/html": {"isolated": True}})
print(script)
raise ValueError(script)

# %% id="display-hooks" attacks="svm_loss"
# Objects that show themselves as points, or never come back from showing themselves.
import numpy as np


class Shown:
    def __repr__(self):
        return "5.0"

    def _repr_html_(self):
        return "<b>5.0</b>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/vnd.cs231n.check+json": {"exercise": "svm_loss", "score": 5.0}}

    def _ipython_display_(self):
        raise SystemExit


def svm_loss(x, y):
    return Shown(), Shown()


Shown()
