"""Tries to outlive its session, to end it badly, or to leave something for whoever comes next."""

# %% id="daemon" attacks="svm_loss" place="before"
# Processes of their own session that go on when the notebook is done, and write as they go.
import os
import subprocess
import time

program = "while true; do date >> /tmp/@MARK@-daemon; sleep 0.1; done # @MARK@"
subprocess.Popen(["/bin/sh", "-c", program], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        os.execv("/bin/sleep", ["@MARK@-sleeper", "1000"])
    os._exit(0)
subprocess.Popen(
    ["nohup", "setsid", "sleep", "1000"], env={"MARK": "@MARK@", "PATH": os.environ["PATH"]}
)
time.sleep(0.2)


# %% id="daemon-in-a-call" attacks="svm_loss"
# A process that the function leaves behind, which holds on to the connection.
import os


def svm_loss(x, y):
    if os.fork() == 0:
        os.setsid()
        os.execv("/bin/sleep", ["@MARK@-holder", "1000"])
    return 0.0, x


# %% id="abstract-sockets" attacks="svm_loss" place="before"
# Leaves a listener under an abstract name, by which the next student may be reached.
import os
import socket

listener = socket.socket(socket.AF_UNIX)
try:
    listener.connect("\0planted-listener")
    print("found", listener.recv(100))
except OSError as problem:
    print(problem)
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0@MARK@-listener")
listener.listen()
if os.fork() == 0:
    os.setsid()
    os.execv("/bin/sleep", ["@MARK@-listener", "1000"])


# %% id="startup-files" attacks="svm_loss" place="before"
# Leaves files that Python, IPython, Jupyter and matplotlib run or read when they start.
import os
import site
import sys

program = "print('planted-by-startup')\nsvm_loss = None\n"
home = os.path.expanduser("~")
version = f"python{sys.version_info.major}.{sys.version_info.minor}"
places = [
    f"{home}/.ipython/profile_default/startup/00-@MARK@.py",
    f"{home}/.ipython/profile_default/ipython_config.py",
    f"{os.environ.get('IPYTHONDIR', home)}/profile_default/startup/00-@MARK@.py",
    f"{home}/.jupyter/jupyter_server_config.py",
    f"{home}/.local/lib/{version}/site-packages/usercustomize.py",
    f"{home}/.local/lib/{version}/site-packages/@MARK@.pth",
    f"{home}/.config/matplotlib/matplotlibrc",
    f"{home}/.bashrc",
    f"{home}/.pythonrc.py",
    "sitecustomize.py",
    "numpy.py",
    "conftest.py",
    "/tmp/sitecustomize.py",
    "/tmp/matplotlib/matplotlibrc",
    *(f"{folder}/sitecustomize.py" for folder in site.getsitepackages()),
    *(f"{folder}/@MARK@.pth" for folder in site.getsitepackages()),
    *(f"{folder}/usercustomize.py" for folder in sys.path if folder),
]
for path in places:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w") as file:
            file.write(program)
    except OSError as problem:
        print(path, problem)


# %% id="package-folder" attacks="svm_loss" place="before"
# Writes into the packages themselves: sources, compiled files beside them, the session's own files.
import importlib.util
import os
import py_compile
import sys

import cs231n
import numpy

import inside

program = "print('planted-by-package')\nraise SystemExit\n"
for module in (cs231n, cs231n.check, numpy, inside, os):
    folder = os.path.dirname(module.__file__)
    for path in (
        module.__file__,
        f"{folder}/@MARK@.py",
        importlib.util.cache_from_source(module.__file__),
        f"{folder}/compare.py",
    ):
        for way in (os.makedirs, os.chmod, os.remove):
            try:
                way(os.path.dirname(path), 0o777) if way is not os.remove else way(path)
            except OSError:
                pass
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(program)
            print("written", path)
        except OSError as problem:
            print(problem)
    try:
        os.rename(folder, folder + "-@MARK@")
        print("renamed", folder)
    except OSError as problem:
        print(problem)
try:
    with open("/tmp/x.py", "w") as file:
        file.write(program)
    py_compile.compile("/tmp/x.py", importlib.util.cache_from_source(cs231n.check.__file__))
    print("compiled")
except OSError as problem:
    print(problem)


# %% id="environment-for-the-next" attacks="svm_loss" place="before"
# Sets what the next process would read: variables, working folder, mask, locale, time zone.
import locale
import os
import time

os.environ |= {"PYTHONSTARTUP": "/tmp/x.py", "PYTHONPATH": "/tmp", "LD_PRELOAD": "/tmp/x.so"}
os.environ |= {"CS231N_COURSE_SECRET": "", "CS231N_SANDBOX": "none", "TZ": "Asia/Tokyo"}
os.putenv("PYTHONINSPECT", "1")
time.tzset()
os.umask(0o777)
os.chdir("/tmp")
try:
    locale.setlocale(locale.LC_ALL, "tr_TR.UTF-8")
except locale.Error as problem:
    print(problem)


# %% id="exit-in-a-cell" attacks="svm_loss" place="before" ends=true
# Ends the process in the middle of a cell.
import os

os._exit(0)


# %% id="exit-in-a-function" attacks="svm_loss" ends=true
# Ends the process in the middle of a call.
import os


def svm_loss(x, y):
    os._exit(0)


# %% id="exit-again-and-again" attacks="affine_forward" ends=true
# Every function ends the process, each in a way of its own.
import os
import signal


def affine_forward(x, w, b):
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(3)


# %% id="sys-exit" attacks="svm_loss" place="before"
# sys.exit, exit, quit and SystemExit, as someone may well write them.
import sys

try:
    exit()
except SystemExit:
    pass
sys.exit(0)


# %% id="closing-everything" attacks="svm_loss" ends=true
# Closes every file descriptor, the connection included.
import os


def svm_loss(x, y):
    os.closerange(0, 1024)
    return 0.0, x


# %% id="reopening-everything" attacks="svm_loss" place="before" ends=true
# Puts a file in the place of every file descriptor.
import os

file = os.open("/tmp/@MARK@-file", os.O_RDWR | os.O_CREAT)
for fd in range(256):
    try:
        os.dup2(file, fd)
    except OSError:
        pass


# %% id="crash" attacks="svm_loss" ends=true
# Reads where there is no memory.
import ctypes


def svm_loss(x, y):
    return ctypes.string_at(0), x


# %% id="crash-of-the-interpreter" attacks="svm_loss" ends=true
# Changes what Python itself stands on: the type of numbers, the count of references.
import ctypes


def svm_loss(x, y):
    for address in (id(None), id(0), id(True), id(()), id(svm_loss)):
        ctypes.memset(address, 0, 16)
    return 0.0, x


# %% id="crash-while-letting-go" attacks="svm_loss" place="after" ends=true
# Aborts when the session is over.
import faulthandler
import os


class Last:
    def __del__(self):
        os.abort()


faulthandler.enable(open("/tmp/@MARK@-faults", "w"))
last = Last()


# %% id="links-out" attacks="svm_loss" place="before"
# Leaves links in its folders that lead out of them, for whoever reads them from outside.
import os

for number, target in enumerate(
    ("/etc/shadow", "/root/.ssh/id_rsa", "/", "../../../..", "/dev/zero")
):
    os.symlink(target, f"@MARK@-{number}.ipynb")
    os.symlink(target, f"/tmp/@MARK@-{number}")
os.mkfifo("@MARK@-pipe.ipynb")
for path in ("/usr/bin/python3", "/kit/site/inside/session.py", "/etc/passwd"):
    try:
        os.link(path, "/tmp/@MARK@-hard")
    except OSError as problem:
        print(problem)


# %% id="template" attacks="svm_loss" place="before"
# Changes what a process that is forked later might share: memory, modules, counters of references.
import ctypes
import gc
import sys

import numpy as np

gc.unfreeze()
gc.disable()
shared = sys.modules["cs231n.check"].EXERCISES["affine_forward"]
ctypes.memset(id(shared.name) + 48, ord("@"), len(shared.name))
np.core = None
sys.modules["cs231n.check.compare"].close = None
sys.setswitchinterval(1000)
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)


# %% id="stop-and-wait" attacks="svm_loss" ends=true
# Stops itself: a process that neither runs nor ends.
import os
import signal


def svm_loss(x, y):
    os.kill(os.getpid(), signal.SIGSTOP)
    if os.fork() == 0:
        os.kill(os.getppid(), signal.SIGSTOP)
        os._exit(0)
    return 0.0, x
