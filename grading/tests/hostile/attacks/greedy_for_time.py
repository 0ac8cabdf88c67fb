"""Takes more than its share of time: loops that end in no way that is asked for."""


# %% id="loop-in-a-cell" attacks="svm_loss"
# A cell that never ends.
def svm_loss(x, y):
    return 0.0, x


while True:
    pass


# %% id="stubborn-loop-in-a-cell" attacks="svm_loss" place="before" ends=true
# A cell that never ends, with all signals blocked and every exception caught.
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
for number in range(1, signal.NSIG):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        continue


# %% id="loop-in-a-function" attacks="svm_loss"
# A function that never comes back.
def svm_loss(x, y):
    while True:
        pass


# %% id="stubborn-loop-in-a-function" attacks="svm_loss" ends=true
# A function that never comes back, whatever is raised in it.
def svm_loss(x, y):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


# %% id="loop-in-c" attacks="svm_loss" ends=true
# A function that never comes back from NumPy, where no signal is looked at.
def svm_loss(x, y):
    return sum(range(10**15)), x


# %% id="sleep" attacks="svm_loss"
# A function that waits for something that never happens.
import threading


def svm_loss(x, y):
    threading.Event().wait()


# %% id="loop-when-let-go" attacks="svm_loss" ends=true
# An answer that, when it is let go, never ends being let go.
class Answer:
    def __del__(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


def svm_loss(x, y):
    return Answer(), x


# %% id="loop-in-repr" attacks="svm_loss"
# An output that takes for ever to show itself.
class Slow:
    def __repr__(self):
        while True:
            pass

    _repr_html_ = _repr_mimebundle_ = __str__ = __repr__


def svm_loss(x, y):
    return Slow(), Slow()


Slow()


# %% id="loop-at-exit" attacks="svm_loss"
# Never ends ending: at exit, in a thread that is waited for, when modules are torn down.
import atexit
import sys
import threading


class Slow:
    def __del__(self, loop=iter(int, 1)):
        for _ in loop:
            pass


def forever():
    while True:
        pass


def svm_loss(x, y):
    return 0.0, x


atexit.register(forever)
threading.Thread(target=forever).start()
sys.modules["slow"] = Slow()
threading._shutdown = forever


# %% id="loop-behind-a-call" attacks="svm_loss"
# Comes back at once, and leaves four threads that never rest.
import threading


def forever():
    while True:
        pass


def svm_loss(x, y):
    if threading.active_count() < 6:
        threading.Thread(target=forever, daemon=True).start()
    return 0.0, x


# %% id="slowly" attacks="svm_loss"
# Every call takes its time.
import time


def svm_loss(x, y):
    time.sleep(0.25)
    return 0.0, x


# %% id="recursion" attacks="svm_loss" ends=true
# A recursion without end, with a limit that is out of reach: the stack overflows.
import sys


def down(n):
    return down(n + 1) + 1


def svm_loss(x, y):
    sys.setrecursionlimit(10**9)
    return down(0), x


# %% id="backtracking" attacks="svm_loss" ends=true
# A regular expression that takes longer than the universe.
import re


def svm_loss(x, y):
    return re.match(r"(a|a)*b", "a" * 60), x


# %% id="processor-time" attacks="svm_loss"
# Raises its own limits, and asks for the highest priority.
import os
import resource


def svm_loss(x, y):
    for limit in range(16):
        for most in (resource.RLIM_INFINITY, 2**40):
            try:
                resource.setrlimit(limit, (most, most))
                print("raised", limit) if limit != resource.RLIMIT_SIGPENDING else None
            except (OSError, ValueError):
                pass
    for action in (lambda: os.nice(-20), lambda: os.sched_setscheduler(0, 1, os.sched_param(99))):
        try:
            action()
        except OSError as problem:
            print(problem)
    return 0.0, x
