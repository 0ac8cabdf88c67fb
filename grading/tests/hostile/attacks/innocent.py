"""No attacks: right answers of people who do odd things. All points are theirs."""

# %% id="prints-a-lot" attacks="relu_forward" honest=1 exactly=true
# Prints every argument, to both streams, as one does when one looks for a mistake.
import sys

import numpy as np


def relu_forward(x):
    for row in np.atleast_1d(x):
        print(row, file=sys.stderr)
    print(locals())
    return np.maximum(x, 0), x


# %% id="strict" attacks="relu_forward" honest=1 exactly=true harms=true
# Turns warnings and floating point troubles into errors.
import warnings

import numpy as np

np.seterr(all="raise")
warnings.simplefilter("error")


def relu_forward(x):
    return np.maximum(x, 0), x


# %% id="other-types" attacks="relu_forward" honest=1 exactly=true
# Returns a list instead of a tuple, a subclass of arrays, and a class instance as the cache.
import numpy as np


class Cache:
    def __init__(self, x):
        self.x = x

    def __gt__(self, number):
        return self.x > number


class Mine(np.ndarray):
    pass


def relu_forward(x):
    return [np.maximum(x, 0).view(Mine), Cache(x)]


# %% id="views" attacks="relu_forward" honest=1 exactly=true
# Returns views: transposed, reversed, strided, read-only ones.
import numpy as np


def relu_forward(x):
    out = np.zeros((*x.shape, 2))
    out[..., 0] = np.maximum(x, 0)
    out = np.asfortranarray(out)[..., 0]
    out.flags.writeable = False
    return out[::-1][::-1], x


# %% id="helpers" attacks="svm_loss" honest=5 exactly=true
# Helper functions, global variables, a class, a lambda, a decorator and a generator.
import functools

import numpy as np

MARGIN = 1


def counted(function):
    @functools.wraps(function)
    def inner(*args):
        inner.calls += 1
        return function(*args)

    inner.calls = 0
    return inner


def rows(x, y):
    for scores, right in zip(x.astype(float), y):
        margins = np.maximum(0, scores - scores[right] + MARGIN)
        margins[right] = 0
        yield margins, right


@counted
def svm_loss(x, y):
    N, dx = len(x), np.zeros(x.shape)
    loss = 0
    for i, (margins, right) in enumerate(rows(x, y)):
        loss += margins.sum() / N
        dx[i] = (margins > 0) / N
        dx[i, right] = -dx[i].sum()
    return loss, dx


# %% id="threads" attacks="relu_forward" honest=1 exactly=true
# Computes in a pool of threads.
from concurrent.futures import ThreadPoolExecutor

import numpy as np

pool = ThreadPoolExecutor(4)


def relu_forward(x):
    return pool.submit(np.maximum, x, 0).result(), x


# %% id="processes" attacks="relu_forward" honest=1 exactly=true
# Computes in a process of its own, by fork and a pipe.
import multiprocessing

import numpy as np


def work(wire, x):
    wire.send(np.maximum(x, 0))


def relu_forward(x):
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    worker = multiprocessing.get_context("fork").Process(target=work, args=(theirs, x))
    worker.start()
    out = ours.recv()
    worker.join()
    return out, x


# %% id="files" attacks="relu_forward" honest=1 exactly=true
# Keeps its numbers in a file of the working folder, and in one of a temporary folder.
import tempfile

import numpy as np


def relu_forward(x):
    np.save("kept.npy", x)
    with tempfile.TemporaryFile() as file:
        np.save(file, np.maximum(np.load("kept.npy"), 0))
        file.seek(0)
        return np.load(file), x


# %% id="magics" attacks="relu_forward" place="before"
# Magics, shell commands, input, widgets and libraries that are not there, before all answers.
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import Markdown, clear_output, display

shell = get_ipython()
shell.run_line_magic("timeit", "-n 1 -r 1 np.zeros(3)")
shell.run_line_magic("matplotlib", "inline")
shell.run_line_magic("pwd", "")
shell.run_cell_magic("capture", "out", "print('hidden')")
shell.system("ls")
plt.plot([1, 2])
plt.show()
display(Markdown("# a title"))
clear_output(wait=True)
for module in ("google.colab", "ipywidgets", "pandas", "torch"):
    try:
        __import__(module)
    except ImportError:
        print(module, "is not there")
input("your name? ")

# %% id="stops-half-way" attacks="relu_forward" place="before"
# A cell that fails with an error, as cells do.
values = [1, 2, 3]
values[3]
