"""Answers that are too large, too deep, without end, or that change what they were given."""

# %% id="strange-strides" attacks="svm_loss"
# Arrays with strides of 0, negative ones, and some that point outside of their memory.
import numpy as np
from numpy.lib.stride_tricks import as_strided


def svm_loss(x, y):
    if len(x) % 2:
        return 0.0, as_strided(np.zeros(1), x.shape, (2**40, -(2**40)))
    return 0.0, np.broadcast_to(np.float64(0), x.shape)[::-1]


# %% id="numbers-that-are-none" attacks="svm_loss"
# Subclasses of numbers, and numbers of thousands of digits.
class Number(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __hash__ = None
    __rsub__ = __abs__ = __sub__


def svm_loss(x, y):
    return (Number(0), 10**4000) if len(x) % 2 else (10**5000, Number(1))


# %% id="huge" attacks="svm_loss"
# An array of 8 TB that was never written to.
import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(1 << 40)


# %% id="huge-by-broadcast" attacks="svm_loss"
# 8 TB made of a single number in memory.
import numpy as np


def svm_loss(x, y):
    return 0.0, np.broadcast_to(0.0, (1 << 20, 1 << 20))


# %% id="large" attacks="svm_loss"
# Answers just as large as they may be, call after call.
import numpy as np

large = np.zeros(8_000_000)


def svm_loss(x, y):
    return large.sum(), large


# %% id="huge-text" attacks="svm_loss"
# Texts of 200 MB, as value, as key, as the name of a type and as an error's message.
text = "x" * 200_000_000
count = 0


def svm_loss(x, y):
    global count
    count += 1
    if count % 4 == 0:
        raise ValueError(text)
    return [text, {text: 1.0}, type("y" * 10**6, (), {})()][count % 3], text


# %% id="nested" attacks="svm_loss"
# Tuples in tuples, a hundred thousand deep.
def svm_loss(x, y):
    value = 0.0
    for _ in range(100_000):
        value = (value,)
    return value, [value]


# %% id="in-itself" attacks="svm_loss"
# A list that holds itself, and a dictionary that does.
def svm_loss(x, y):
    value, other = [0.0], {}
    value.append(value)
    other["x"] = [other, value]
    return value, other


# %% id="many" attacks="svm_loss"
# A hundred thousand keys, and a list of a hundred thousand lists.
many = {str(n): float(n) for n in range(100_000)}, [[] for _ in range(100_000)]


def svm_loss(x, y):
    return many


# %% id="list-that-grows" attacks="svm_loss"
# A list with one more item whenever its items are looked at.
import numpy as np

grown = []


class Grows:
    def __array__(self, dtype=None, copy=None):
        grown.append(self)
        return np.zeros(1)

    @property
    def __class__(self):
        grown.append(self)
        return np.ndarray


grown.append(Grows())


def svm_loss(x, y):
    return grown, grown


# %% id="generators" attacks="svm_loss"
# Answers that are computed while they are read, and never end.
import itertools


def svm_loss(x, y):
    return (itertools.count(), map(float, itertools.repeat(0)))


# %% id="arguments-changed" attacks="svm_loss"
# Writes into its arguments, makes them larger, and gives them back as answers.
import numpy as np


def svm_loss(x, y):
    x[...] = np.nan
    y[...] = 10**9
    x.resize((10**6,), refcheck=False)
    return x, y


# %% id="parameters-changed" attacks="conv_forward_naive"
# Fills the dictionary of its parameters with things that are not parameters.
import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    conv_param["stride"] = 10**9
    conv_param["self"] = conv_param
    conv_param["large"] = np.zeros((1000, 1000))
    conv_param[("a", 1)] = object()
    return np.zeros((1, 1, 1, 1)), None
