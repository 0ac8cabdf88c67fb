"""Answers that are not what they seem: objects that compare, convert, or change."""


# %% id="equal-to-everything" attacks="svm_loss"
# An object that is equal to, close to and no different from anything.
class Equal:
    dtype, shape, size, ndim = float, (), 1, 0

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __le__(self, other):
        return True

    def __getattr__(self, name):
        return lambda *args, **kwargs: self

    __hash__ = None
    __lt__ = __ge__ = __gt__ = __bool__ = __le__
    __sub__ = __rsub__ = __abs__ = __add__ = __mul__ = lambda self, *other: self


def svm_loss(x, y):
    return Equal(), Equal()


# %% id="subclass-with-ufuncs" attacks="svm_loss"
# An array whose arithmetic always gives 0 and whose comparisons are always true.
import numpy as np


class Lying(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        kind = bool if ufunc in (np.less, np.less_equal, np.isfinite, np.equal) else float
        return np.ones(np.shape(inputs[0]), bool) if kind is bool else np.zeros(np.shape(inputs[0]))

    def __array_function__(self, func, types, args, kwargs):
        return True

    def __array_finalize__(self, obj):
        pass

    def tobytes(self, *args, **kwargs):
        raise SystemExit


def svm_loss(x, y):
    return np.zeros(()).view(Lying), np.zeros(x.shape).view(Lying)


# %% id="lying-array-protocol" attacks="svm_loss"
# Gives another array each time it is asked to become one.
import numpy as np


class Changing:
    asked = 0

    @property
    def __array_interface__(self):
        Changing.asked += 1
        return {"shape": (10**9,), "typestr": "<f8", "data": (8, False), "version": 3}

    def __array__(self, dtype=None, copy=None):
        Changing.asked += 1
        return np.full((Changing.asked, 3), float(Changing.asked))


def svm_loss(x, y):
    return Changing(), Changing()


# %% id="array-protocol-without-end" attacks="svm_loss" ends=true
# Never comes back from becoming an array, and takes no interruption for an answer.
class Slow:
    def __array__(self, dtype=None, copy=None):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


def svm_loss(x, y):
    return Slow(), Slow()


# %% id="subclass-without-end" attacks="svm_loss" ends=true
# An array whose shape, bytes and flags are worked out for ever.
import numpy as np


class Slow(np.ndarray):
    def __array_finalize__(self, obj):
        while obj is not None:
            try:
                while True:
                    pass
            except BaseException:
                continue


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape).view(Slow)


# %% id="zero-dimensional" attacks="svm_loss"
# Arrays without axes, which broadcast to whatever they are compared with.
import numpy as np


def svm_loss(x, y):
    return np.array(np.nan), np.array(np.nan)


# %% id="object-array" attacks="svm_loss"
# An array of objects that take the value of what they are compared with.
import numpy as np


class Any:
    def __eq__(self, other):
        return True

    def __float__(self):
        return 0.0

    __sub__ = __rsub__ = __mul__ = __add__ = __abs__ = lambda self, *other: 0.0
    __hash__ = None


def svm_loss(x, y):
    return Any(), np.array([[Any() for _ in row] for row in x], dtype=object)


# %% id="nan" attacks="svm_loss"
# nan, which is neither larger nor smaller than any tolerance.
import numpy as np


def svm_loss(x, y):
    return float("nan"), np.full(x.shape, np.nan)


# %% id="infinite" attacks="svm_loss"
# inf, next to which every error is relatively small.
import numpy as np


def svm_loss(x, y):
    return np.inf, np.where(np.arange(x.size).reshape(x.shape) % 2, np.inf, -np.inf)


# %% id="changing-view" attacks="svm_loss"
# A view of a buffer in which a thread writes all the time, hoping for a moment that fits.
import threading

import numpy as np

buffer = np.zeros(100_000)


def churn():
    while True:
        buffer[:] = np.random.default_rng().standard_normal() / 4


threading.Thread(target=churn, daemon=True).start()


def svm_loss(x, y):
    return buffer[:1].reshape(()), buffer[: x.size].reshape(x.shape)


# %% id="view-of-the-input" attacks="svm_loss" honest=0.63
# Returns the very arrays that it was given, and writes into them later.
import threading
import time


def spoil(x):
    time.sleep(0.01)
    x[...] = 0


def svm_loss(x, y):
    threading.Thread(target=spoil, args=(x,)).start()
    return x.sum(), x


# %% id="strange-dtypes" attacks="svm_loss"
# Arrays of text, dates, records, complex and extended numbers.
import numpy as np

kinds = ["U5", "S5", "M8[s]", "c16", "V8", [("a", "f8"), ("b", "O")]]
count = 0


def svm_loss(x, y):
    global count
    count += 1
    return np.zeros(x.shape, kinds[count % 6]), np.zeros(x.shape, kinds[count % 6])


# %% id="names" attacks="svm_loss"
# Objects whose type has a page for a name.
Named = type("<script>alert(1)</script>\x1b[31m\u202e", (), {})


def svm_loss(x, y):
    return Named(), {"<script>": Named()}


# %% id="cache-of-one's-own" attacks="affine_forward"
# A cache that pretends to be a handle of another cache, and changes when it is used.
import numpy as np
from inside.wire import Held


class Cache(tuple):
    def __iter__(self):
        return iter((np.zeros((1, 1)),) * 3)


def affine_forward(x, w, b):
    return Held(0, "ndarray"), Cache((x, w, b))


# %% id="cache-with-a-trap" attacks="relu_forward"
# A cache that does harm when it is let go.
import os


class Trap:
    def __del__(self):
        os._exit(0)


def relu_forward(x):
    return 0 * x, Trap()
