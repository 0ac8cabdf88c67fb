"""The first process inside the sandbox: loads what notebooks need, then makes sessions.

    python template.py CONTROL_FD CONFIG      CONFIG is JSON

It never runs a student's code. Each request that comes over the control socket brings two more: the
wire of a new session, and a lifeline. "fork" makes the session in a forked process with namespaces
of its own; "become" turns this very process into it. When the other side of a lifeline hangs up,
the session is killed. In a container there is no control socket (CONTROL_FD is -1) but one session.
Its wire is standard input and output: it says that it is ready, and ends when the input does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from itertools import pairwise

_NEEDED = ("numpy.random", "matplotlib.pyplot", "cs231n.check", "cs231n.data", "cs231n.vis",
           "inside.session")  # fmt: skip


def main() -> None:
    control_fd, config = int(sys.argv[1]), json.loads(sys.argv[2])
    sys.path[:0] = config["paths"]
    from inside import confine

    if config["isolated"]:
        confine.drop_root()
    if config["transport"] == "pipe":
        _be_container(config)
    shell = _load(config)
    control = socket.socket(fileno=control_fd)
    control.send(json.dumps({"ready": True, "forks": config["forks"] and _can_fork()}).encode())
    while True:
        data, fds, _, _ = socket.recv_fds(control, 65536, 2)
        if not data:
            return
        request = json.loads(data)
        if request["do"] == "become":
            control.close()
            os.close(fds[1])
            _be_session(shell, (fds[0],), config, request["limits"])
        elif os.fork() == 0:
            control.close()
            _guard(shell, *fds, config, request["limits"])
        for fd in fds:
            os.close(fd)
        _reap()


def _load(config: dict):
    """Import what notebooks need, before any student's code is here. Returns the shell."""
    for name in _NEEDED:
        if name not in config["hide"]:
            importlib.import_module(name)
    with contextlib.suppress(ImportError, OSError, RuntimeError):  # not everywhere
        importlib.import_module("pyseccomp")
    os.chdir(config["home"])
    shells = importlib.import_module("inside.shell")
    shell = shells.make_shell()
    shells.run_cell(shell, "import matplotlib.pyplot as plt; plt.plot([0]); plt.show()", 0, 2**20)
    shell.reset()
    gc.collect()
    gc.freeze()  # or the first collection of each session would copy every page
    return shell


def _can_fork() -> bool:
    """Try out whether a session in namespaces of its own can be made here."""
    from inside import confine

    pid = os.fork()
    if pid == 0:
        try:
            confine.new_namespaces()
            confine.private_disks(65536)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _guard(shell, wire_fd: int, lifeline_fd: int, config: dict, limits: dict) -> None:
    """In a forked process: make the session's process, and see to it that it ends."""
    from inside import confine

    try:
        confine.new_namespaces()
        confine.private_disks(limits["disk"])
        pid = os.fork()
        if pid == 0:
            os.close(lifeline_fd)
            os.setsid()  # or a signal to its own group would reach this one and the template
            confine.die_with_parent()
            confine.drop_capabilities()
            _be_session(shell, (wire_fd,), config, limits)
        os.close(wire_fd)
        status = _watch(pid, lifeline_fd, select.POLLIN)
        lifeline = socket.socket(fileno=lifeline_fd)
        with contextlib.suppress(OSError):  # nobody may want to know
            lifeline.send(json.dumps({"status": status}).encode())
        os._exit(0)
    finally:
        os._exit(1)


def _be_container(config: dict) -> None:
    """As the first process of a container: make its session, and end with it or with the wire."""
    from inside import confine
    from inside.shell import quiet
    from inside.wire import Wire

    wire_fds = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what is printed while loading is no message
    shell = _load(config)
    Wire(*wire_fds).send({"ready": True}, [])
    try:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            confine.die_with_parent()
            _be_session(shell, wire_fds, config, config["limits"])
        quiet()
        os.close(wire_fds[1])
        status = _watch(pid, wire_fds[0], 0) or 0
        os._exit(status if status >= 0 else 128 - status)
    finally:
        os._exit(1)


def _watch(pid: int, lifeline_fd: int, signs: int) -> int | None:
    """Wait for the session's end and return its exit code, or end it when the lifeline breaks.

    signs: what on the lifeline means that the other side is gone, beside hanging up
    """
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(lifeline_fd, signs)
    hung_up = pidfd not in dict(poll.poll())
    if hung_up:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if hung_up else status


def _be_session(shell, fds: tuple[int, ...], config: dict, limits: dict) -> None:
    """Turn this process into a student's session, whose wire is the given descriptors."""
    from inside import confine
    from inside.session import serve
    from inside.shell import quiet
    from inside.wire import Wire

    quiet()
    _close_all_but(fds)
    os.chdir(config["home"])  # the disk that lies there now
    if config["isolated"]:
        confine.limit_resources(limits)
        filtered = confine.filter_system_calls(sockets=not config["shared"])
        if config["shared"]:  # nothing else keeps it from the network
            confine.die_with_parent()
            if not filtered:
                raise OSError("the filter of system calls could not be set")
    os.environ["CS231N_CHECK_SECONDS"] = str(limits["call_seconds"])
    serve(Wire(*fds), shell, limits, config["hide"])


def _close_all_but(kept: tuple[int, ...]) -> None:
    edges = [2, *sorted(kept), 65536]
    for low, high in pairwise(edges):
        os.closerange(low + 1, high)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
