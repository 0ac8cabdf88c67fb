"""Bends the tools that a check might judge with. None of them is the tool that judges."""

# %% id="allclose" attacks="svm_loss"
# NumPy's comparisons say yes to everything.
import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)


np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **kwargs: None

# %% id="reductions" attacks="svm_loss" harms=true
# The largest difference of two arrays is always 0.
import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)


np.max = np.amax = np.linalg.norm = lambda *args, **kwargs: np.float64(0)
np.abs = np.absolute = np.fabs = lambda x, *args, **kwargs: np.zeros(np.shape(x))
np.isfinite = lambda x, *args, **kwargs: np.ones(np.shape(x), bool)

# %% id="asarray" attacks="svm_loss" harms=true
# Whatever is made into an array becomes the array that was seen last.
import numpy as np

seen = [np.zeros(1)]


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)


def asarray(value, *args, **kwargs):
    seen.append(value)
    return seen[-1 if len(seen) % 2 else -2]


np.asarray = np.array = asarray

# %% id="builtins" attacks="svm_loss" harms=true
# Built-in functions: abs is 0, max is 0, isinstance and all are always true.
import builtins

import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)


builtins.abs = lambda x: 0
builtins.max = lambda *args, **kwargs: 0
builtins.all = builtins.any = lambda *args: True

# %% id="asserts" attacks="svm_loss"
# AssertionError is made to be no error, and the exceptions of the checks to raise nothing.
import builtins

import numpy as np

from cs231n.check import compare, core, guard, results


def svm_loss(x, y):
    assert not len(x), "not implemented"
    return 0.0, np.zeros(x.shape)


builtins.AssertionError = type("Fine", (Warning,), {})
for module in (compare, core, guard, results):
    module.CheckFailed = type("Fine", (Warning,), {})

# %% id="kit-checks" attacks="svm_loss" place="before"
# The checks that ship with the course pass whatever they look at.
import cs231n.check
from cs231n.check import compare, core, report, results

compare.close = lambda *args, **kwargs: results.Measurement(0.0, 1.0)
compare.as_array = lambda value, *args, **kwargs: value
compare.error_between = lambda *args: 0.0
core.Exercise._outcome = lambda self, check, f, secret: results.Result(
    check.name, True, check.weight
)
core.Exercise.__call__ = lambda self, *functions: None
results.Result.passed = True
report.show = lambda table: None
cs231n.check.EXERCISES.clear()

# %% id="ufunc-errors" attacks="svm_loss" harms=true
# Warnings and errors of floating point numbers are turned into a function of one's own.
import numpy as np


def svm_loss(x, y):
    return np.float64(1) / np.zeros(1), np.full(x.shape, np.nan)


np.seterrcall(lambda *args: None)
np.seterr(all="call")

# %% id="ipython" attacks="svm_loss" place="before" harms=true
# IPython's way of running a cell: every later cell becomes one that shows full points.
from IPython import get_ipython
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

shell = get_ipython()
run = shell.run_cell


def run_cell(source, *args, **kwargs):
    if "check" in source:
        return run("5.0", *args, **kwargs)
    return run(source, *args, **kwargs)


shell.run_cell = run_cell
shell.ast_transformers.clear()
shell.events.register("post_run_cell", lambda result: print("5 of 5 points"))
ExecutionResult.success = True
InteractiveShell.showtraceback = lambda *args, **kwargs: None

# %% id="get-ipython" attacks="svm_loss" place="before"
# get_ipython gives something that knows nothing, and the names of the setup cell are other things.
import builtins
import sys


class Shell:
    user_ns = {"svm_loss": lambda x, y: (0.0, x)}

    def __getattr__(self, name):
        return lambda *args, **kwargs: 5.0


builtins.get_ipython = get_ipython = lambda: Shell()
sys.modules["IPython"].get_ipython = get_ipython
check = data = vis = Shell()

# %% id="import-system" attacks="svm_loss" place="before" harms=true
# Whoever imports something called check, grading or reference gets a module that says yes.
import sys
import types


class Yes(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True


class Finder:
    def find_spec(self, name, path=None, target=None):
        if "grading" in name or "reference" in name:
            sys.modules[name] = Yes(name)
        return None


sys.meta_path.insert(0, Finder())
for name in ("grading", "grading.checks", "grading.reference", "cs231n.gradient_check"):
    sys.modules[name] = Yes(name)

# %% id="random" attacks="svm_loss" harms=true
# The random numbers of the checks are made ones: the same answer would do for every check.
import random

import numpy as np


def svm_loss(x, y):
    return 0.0, np.zeros(x.shape)


class Fixed:
    def __getattr__(self, name):
        return lambda *args, **kwargs: np.zeros((3, 4))


np.random.default_rng = lambda *args: Fixed()
np.random.seed(0)
random.seed(0)
