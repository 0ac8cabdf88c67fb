"""Takes more than its share of memory, processes, disk and output."""

# %% id="fork-bomb" attacks="svm_loss" ends=true
# Processes that make processes.
import os


def svm_loss(x, y):
    while True:
        try:
            os.fork()
        except OSError:
            pass


# %% id="fork-bomb-of-shells" attacks="svm_loss" place="before" ends=true
# The classic one, in the shell, and the cell does not wait for it.
import subprocess

subprocess.Popen(["/bin/sh", "-c", "b() { b | b & }; b; exec sleep 100 # @MARK@"])


# %% id="thread-bomb" attacks="svm_loss"
# As many threads as there can be, all waiting.
import threading

lock = threading.Lock()
lock.acquire()


def svm_loss(x, y):
    try:
        while True:
            threading.Thread(target=lock.acquire, daemon=True).start()
    except RuntimeError:
        return 0.0, x


# %% id="memory-bomb" attacks="svm_loss" ends=true
# As much memory as there is, in one process, every page written to.
import numpy as np

kept = []


def svm_loss(x, y):
    while True:
        kept.append(np.ones(10_000_000))


# %% id="memory-of-many" attacks="svm_loss" ends=true
# Six processes with 300 MB each, all at once.
import os
import time

import numpy as np


def svm_loss(x, y):
    for _ in range(6):
        if os.fork() == 0:
            kept = np.ones(300 * 2**17)
            time.sleep(100)
            os._exit(int(kept[0]))
    time.sleep(1)
    return 0.0, x


# %% id="memory-error" attacks="svm_loss"
# Memory runs out while the answer is packed.
import numpy as np

kept = []


def svm_loss(x, y):
    try:
        while len(kept) < 10_000:
            kept.append(bytearray(4_000_000))
    except MemoryError:
        pass
    return 0.0, np.zeros(x.shape)


# %% id="disk" attacks="svm_loss" place="before"
# Fills every place that can be written to.
import os

block = b"@MARK@" * 100_000
for place in (".", "/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), "/dev/mqueue"):
    written = 0
    try:
        for number in range(1000):
            with open(f"{place}/@MARK@-{number}", "wb") as file:
                for _ in range(100):
                    written += file.write(block)
    except OSError as problem:
        print(place, written, problem)


# %% id="large-file" attacks="svm_loss" place="before"
# One file without end, and one of a terabyte of nothing.
import os

for place in (".", "/tmp"):
    try:
        with open(f"{place}/@MARK@-sparse", "wb") as file:
            os.ftruncate(file.fileno(), 2**40)
    except OSError as problem:
        print(problem)
    try:
        with open(f"{place}/@MARK@-large", "wb") as file:
            while True:
                file.write(bytes(10**6))
    except OSError as problem:
        print(problem)


# %% id="inodes" attacks="svm_loss" place="before"
# A hundred thousand empty files, in folders a thousand deep.
import os

try:
    for number in range(100_000):
        os.close(os.open(f"/tmp/@MARK@-{number}", os.O_CREAT))
except OSError as problem:
    print(problem)
try:
    for _ in range(1000):
        os.mkdir("d")
        os.chdir("d")
except OSError as problem:
    print(problem)


# %% id="descriptors-used-up" attacks="svm_loss" place="before"
# Opens files until no more can be opened.
import os

opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError as problem:
    print(len(opened), problem)


# %% id="shared-memory" attacks="svm_loss" place="before"
# Segments of shared memory, queues and pipes that outlive their maker.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for key in range(1, 200):
    segment = libc.shmget(key, ctypes.c_size_t(2**24), 0o1666)
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(segment, None, 0)
    if segment >= 0 and address not in (None, ctypes.c_void_p(-1).value):
        ctypes.memset(address, 1, 2**22)
    libc.msgget(key, 0o1666)
    libc.semget(key, 100, 0o1666)
pipes = []
try:
    for _ in range(100):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        pipes.append(os.write(writing, bytes(10**6)))
except OSError as problem:
    print(problem)


# %% id="prints-for-ever" attacks="svm_loss"
# Prints, in the cell and in the function, until somebody stops it.
def svm_loss(x, y):
    while True:
        print("x" * 10**6)


for _ in range(300):
    print("x" * 10**6)


# %% id="shows-without-end" attacks="svm_loss" place="before"
# Shows thousands of things, a picture of 20 MB, and an output updated again and again.
from IPython.display import Image, display, update_display

png = b"\x89PNG\r\n\x1a\n" + bytes(20_000_000)
display(Image(data=png, format="png"))
display("x", display_id="x")
for number in range(4_000):
    update_display("y" * 100, display_id="x")
    display(number, raw=False)


# %% id="large-error" attacks="svm_loss" place="after" ends=true
# An error whose message and traceback have a hundred megabytes.
def deep(n):
    if n:
        return deep(n - 1)
    raise ValueError("x" * 100_000_000)


deep(200)
