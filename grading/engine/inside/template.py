"""The first process inside the sandbox: loads what notebooks need, then makes sessions.

    python template.py CONTROL_FD CONFIG      CONFIG is JSON

It never runs a student's code. Each request that comes over the control socket brings two more: the
wire of a new session, and a lifeline. "fork" makes the session in a forked process with namespaces
of its own; "become" turns this very process into it. When the other side of a lifeline hangs up,
the session is killed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys


def main() -> None:
    control_fd, config = int(sys.argv[1]), json.loads(sys.argv[2])
    sys.path[:0] = config["paths"]
    from inside import confine

    if config["isolated"]:
        confine.drop_root()
    shell = _load(config)
    if config["transport"] == "pipe":
        _become_over_pipe(shell, config)
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
            _be_session(shell, fds[0], config, request["limits"])
        elif os.fork() == 0:
            control.close()
            _guard(shell, *fds, config, request["limits"])
        for fd in fds:
            os.close(fd)
        _reap()


def _load(config: dict):
    """Import what notebooks need, before any student's code is here."""
    import cs231n.check
    import cs231n.data
    import cs231n.vis
    import inside.session
    import matplotlib.pyplot  # noqa: F401
    import numpy.random  # noqa: F401
    from inside.shell import make_shell

    os.chdir(config["home"])
    return make_shell()


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
            _be_session(shell, wire_fd, config, limits)
        os.close(wire_fd)
        _watch(pid, lifeline_fd)
    finally:
        os._exit(1)


def _watch(pid: int, lifeline_fd: int) -> None:
    """Wait for the session's end, or end it when the lifeline breaks; tell how it ended."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(lifeline_fd, select.POLLIN | select.POLLHUP)
    if pidfd not in dict(poll.poll()):
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    lifeline = socket.socket(fileno=lifeline_fd)
    try:
        lifeline.send(json.dumps({"status": status}).encode())
    except OSError:  # nobody wants to know
        pass
    os._exit(0)


def _be_session(shell, wire_fd: int, config: dict, limits: dict) -> None:
    """Turn this process into a student's session."""
    from inside import confine, shell as shells
    from inside.session import serve
    from inside.wire import Wire

    shells.quiet()
    _close_all_but(wire_fd)
    os.chdir(config["home"])  # the disk that lies there now
    if config["isolated"]:
        confine.limit_resources(limits)
        confine.filter_system_calls()
    os.environ["CS231N_CHECK_SECONDS"] = str(limits["call_seconds"])
    serve(Wire(wire_fd), shell, limits, config["hide"])


def _become_over_pipe(shell, config: dict) -> None:
    """The session of a container: the wire is standard input and output."""
    from inside import confine, shell as shells
    from inside.session import serve
    from inside.wire import Wire

    read_fd, write_fd = os.dup(0), os.dup(1)
    shells.quiet()
    if config["isolated"]:
        confine.limit_resources(config["limits"])
        confine.filter_system_calls()
    os.environ["CS231N_CHECK_SECONDS"] = str(config["limits"]["call_seconds"])
    serve(Wire(read_fd, write_fd), shell, config["limits"], config["hide"])


def _close_all_but(kept: int) -> None:
    os.closerange(3, kept)
    os.closerange(kept + 1, 65536)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
