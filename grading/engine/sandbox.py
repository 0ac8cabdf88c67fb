"""Sandboxes of this process: a warm template a view, and sessions made from it.

    link = open_session(driver, hide, limits)
    link.wire.send(...)
    link.close()

Templates stay until the process ends, so that the next session costs milliseconds.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import select
import socket
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from time import monotonic

from grading.engine import cgroups
from grading.engine.drivers import HOME, Driver, environment, remove_container
from grading.engine.inside.wire import Closed, Late, Malformed, Wire
from grading.engine.limits import Limits
from grading.engine.unprivileged import Tenant, as_user
from grading.engine.view import View, build_view, remove_view
from grading.errors import GradingError

START_SECONDS = 60  # for a template to load what notebooks need
HANG_UP_SECONDS = 10  # for a container to end by itself
KEPT = 4  # templates at one time


class Link:
    """A session as seen from outside: its wire, and its end.

    container: the engine and the container's name, where the process is only a way to it
    tenant: the user that the session runs as, where it has one of its own
    """

    def __init__(
        self,
        wire: Wire,
        lifeline: socket.socket | None,
        process: subprocess.Popen | None = None,
        group: cgroups.Group | None = None,
        container: tuple[str, str] | None = None,
        tenant: Tenant | None = None,
    ):
        self.wire = wire
        self._lifeline, self._process, self._group = lifeline, process, group
        self._container, self._tenant = container, tenant

    def how_it_ended(self) -> str:
        """A few words on why the session's process is gone."""
        status = None
        if self._lifeline is not None:
            status = _told(self._lifeline)
        elif self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._process.wait(5)
                status = 128 - status if status > 128 else status  # as a shell tells signals
        if status == -9:
            return "it was ended by the system: out of memory, or too much processor time"
        if status == -11:
            return "it crashed (segmentation fault, or too deep a recursion)"
        if status is not None and status < 0:
            return f"it was ended by signal {-status}"
        return "the code ended the process"

    def close(self) -> None:
        """End the session, whatever it is doing, and all that it has started."""
        self.wire.close()
        if self._lifeline is not None:
            self._lifeline.close()
        if self._container is not None and not self._ended_by_itself():
            remove_container(*self._container)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._group is not None:
            self._group.remove()
        if self._tenant is not None:
            self._tenant.leave()

    def _ended_by_itself(self) -> bool:
        """Whether the container's own first process saw that we hung up, and ended it."""
        try:
            return self._process.wait(HANG_UP_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False


def _told(lifeline: socket.socket) -> int | None:
    lifeline.settimeout(5)
    try:
        return json.loads(lifeline.recv(200))["status"]
    except (OSError, ValueError, KeyError):
        return None


@dataclass
class _Template:
    view: View
    process: subprocess.Popen | None
    control: socket.socket | None
    forks: bool
    group: cgroups.Group | None

    def alive(self) -> bool:
        return self.process is None or self.process.poll() is None

    def end(self) -> None:
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self.group is not None:
            self.group.remove()
        remove_view(self.view)


_templates: dict[tuple, _Template] = {}
_owner = os.getpid()


def open_session(driver: Driver, hide: tuple[str, ...], limits: Limits) -> Link:
    """A fresh session that cannot see the modules in `hide`; to be closed by the caller."""
    template = _template(driver, hide, limits)
    if template.forks:
        try:
            return _fork(template, limits)
        except OSError:  # the template is gone: make it anew, once
            _templates.pop(_key(driver, hide, limits)).end()
            template = _template(driver, hide, limits)
            if template.forks:
                return _fork(template, limits)
    return _cold(driver, template.view, hide, limits)


def _fork(template: _Template, limits: Limits) -> Link:
    """A session forked from a warm template."""
    ours, theirs = socket.socketpair()
    lifeline, their_lifeline = socket.socketpair()
    try:
        request = json.dumps({"do": "fork", "limits": asdict(limits)}).encode()
        fds = [theirs.fileno(), their_lifeline.fileno()]
        socket.send_fds(template.control, [request], fds)
    except OSError:
        ours.close()
        lifeline.close()
        raise
    finally:
        theirs.close()
        their_lifeline.close()
    return Link(Wire(ours.detach()), lifeline)


def _cold(driver: Driver, view: View, hide: tuple[str, ...], limits: Limits) -> Link:
    """A session in a process of its own, where forking is not possible."""
    if driver.shared:
        tenant = Tenant()
        try:
            for other in _templates.values():  # they hold what this notebook may not see
                other.view.root.chmod(0o700)
            tenant.may_see(view.root)
            return _become(driver, view, hide, limits, tenant)
        except BaseException:
            tenant.leave()
            raise
    name = f"cs231n-grading-{secrets.token_hex(8)}"
    if driver.transport == "pipe":
        process, control, _ = _launch(driver, view, hide, limits, forks=False, name=name)
        control.close()
        return _hear_container(process, (driver.name, name))
    return _become(driver, view, hide, limits)


def _become(driver: Driver, view: View, hide: tuple, limits: Limits, tenant: Tenant | None = None):
    """A session that a template turns into, instead of forking it."""
    process, control, group = _launch(driver, view, hide, limits, forks=False, tenant=tenant)
    _hear_ready(process, control, group)
    ours, theirs = socket.socketpair()
    spare, other = socket.socketpair()
    request = json.dumps({"do": "become", "limits": asdict(limits)}).encode()
    socket.send_fds(control, [request], [theirs.fileno(), other.fileno()])
    for end in (theirs, spare, other, control):
        end.close()
    return Link(Wire(ours.detach()), None, process, group, tenant=tenant)


def _hear_container(process: subprocess.Popen, container: tuple[str, str]) -> Link:
    """A container's session, once it has loaded everything; GradingError where it cannot."""
    wire = Wire(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
    process.stdout.close()
    process.stdin.close()
    link = Link(wire, None, process, container=container)
    try:
        wire.receive(0, monotonic() + START_SECONDS)
    except (Closed, Late, Malformed):
        link.close()
        raise _did_not_start(process) from None
    except BaseException:
        link.close()
        raise
    return link


def _template(driver: Driver, hide: tuple[str, ...], limits: Limits) -> _Template:
    """The template of a view, started where there is none yet."""
    key = _key(driver, hide, limits)
    if _owner != os.getpid():
        raise RuntimeError("a process that was forked cannot use its parent's sandboxes")
    if key in _templates and _templates[key].alive():
        return _templates[key]
    if key in _templates:
        _templates.pop(key).end()
    while len(_templates) >= KEPT:
        _templates.pop(next(iter(_templates))).end()
    view = build_view(hide)
    try:
        if not driver.isolated or driver.shared or driver.transport == "pipe":
            _templates[key] = _Template(view, None, None, False, None)
            return _templates[key]
        process, control, group = _launch(driver, view, hide, limits, forks=True)
        forks = _hear_ready(process, control, group)["forks"]
    except BaseException:
        remove_view(view)
        raise
    _templates[key] = _Template(view, process, control, forks, group)
    return _templates[key]


def _key(driver: Driver, hide: tuple[str, ...], limits: Limits) -> tuple:
    """What makes two sessions need different templates; other limits are each session's own."""
    return driver.name, hide, limits.memory, limits.processes, limits.disk


def _launch(
    driver: Driver,
    view: View,
    hide: tuple,
    limits: Limits,
    forks: bool,
    name: str = "",
    tenant: Tenant | None = None,
):
    """Start a process inside the sandbox (in a container of that name, as that user).

    Returns a tuple of: the process, its control socket, its control group (None if it has none).
    """
    control, theirs = socket.socketpair()
    config = {
        "paths": ["/kit/site"],
        "home": str(tenant.home) if tenant else HOME,
        "hide": list(hide),
        "forks": forks,
        "isolated": driver.isolated,
        "shared": driver.shared,
        "transport": driver.transport,
        "limits": asdict(limits),
        "name": name,
    }
    command = driver.command(view, limits, theirs.fileno(), config)
    group = cgroups.make_group(limits) if driver.name == "bwrap" else None
    if group is not None:
        command = group.entering(command)
    pipe = subprocess.PIPE if driver.transport == "pipe" else subprocess.DEVNULL
    errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
    try:
        process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=errors,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal is the grader's to handle
            env=None if driver.transport == "pipe" else environment(),
            **(as_user(tenant.number) if tenant else {}),
        )
    except OSError as problem:
        raise GradingError(f"The sandbox could not be started: {problem}") from None
    finally:
        theirs.close()
    process.complaints = errors
    return process, control, group


def _hear_ready(
    process: subprocess.Popen, control: socket.socket, group: cgroups.Group | None
) -> dict:
    """Wait until the process inside has loaded everything; GradingError where it cannot."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if poll.poll(START_SECONDS * 1000):
        data = control.recv(1000)
        if data:
            return json.loads(data)
    control.close()
    process.kill()
    process.wait()
    if group is not None:
        group.remove()
    raise _did_not_start(process)


def _did_not_start(process: subprocess.Popen) -> GradingError:
    process.complaints.seek(0)
    said = process.complaints.read().decode(errors="replace").strip().splitlines()
    return GradingError(
        "The sandbox did not start. What it said:\n  " + "\n  ".join(said[-8:] or ["nothing"])
    )


def close_all() -> None:
    """End every template of this process (done by itself when the process ends)."""
    if _owner == os.getpid():
        while _templates:
            _templates.popitem()[1].end()


atexit.register(close_all)
