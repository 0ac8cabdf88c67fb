"""Containers as a sandbox: graded alike, kept in, and gone when their session is.

The wire is tried everywhere, with a stand-in for the engine (fake_podman.py); what keeps a
stranger's code in is tried with each engine that is here and has the image.
"""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cs231n.check.compare import close
from cs231n.check.core import Exercise
from cs231n.check.results import CheckFailed
from grading.engine import drivers, sandbox, view
from grading.engine.drivers import choose
from grading.engine.limits import MIB, Limits
from grading.engine.remote import Ended, Session
from grading.engine.run import Job, run_notebook
from grading.errors import GradingError
from grading.settings import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes with deadlines need POSIX")
HIDE = ("cs231n.fast_layers",)
LIMITS = Limits(call_seconds=2, cell_seconds=5, notebook_seconds=60, memory=1024 * MIB)
STUCK = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
while True:
    pass
"""
double = Exercise("double", functions=("double",))


@double.check("a vector", weight=3)
def _(f, rng):
    x = rng.standard_normal(4)
    return close(f.double(x), 2 * x)


@double.check("x is left as it is")
def _(f, rng):
    x = rng.standard_normal(3)
    return close(f.unchanged("double", x), 2 * x)


def session(engine, limits=LIMITS):
    return Session(choose(engine), HIDE, limits, time.monotonic() + limits.notebook_seconds)


def score(engine, source):
    about = {"grade": True, "grade_id": "double-check", "points": 4, "locked": True}
    hidden = 'grading.checks.grade_cell("double", globals(), points=4)'
    hidden = f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
    graded = new_code_cell(hidden, metadata={"nbgrader": about})
    exercises = {"double": double}
    job = Job({}, "", LIMITS, engine, exercises=exercises, hide=lambda names: HIDE)
    results, reason = run_notebook(new_notebook(cells=[new_code_cell(source), graded]), job)
    assert reason is None
    return results["double"]["score"]


def found(opened, source):
    """The value of the variable `found` after a cell."""
    outputs = opened.run_cell(f"{source}\nimport json\nprint(json.dumps(found))")
    assert all(o["output_type"] == "stream" for o in outputs), outputs
    return json.loads("".join(o["text"] for o in outputs))


SCORES = {
    "def double(x):\n    return 2 * x": 4,
    "def double(x):\n    x *= 2\n    return x": 3,
    "def double(x):\n    return x": 0,
}


# ---- the wire, with a stand-in for the engine ----------------------------------------------


@pytest.fixture
def fake_podman(tmp_path, monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("the stand-in runs here what is made for a container of Linux")
    script = Path(__file__).with_name("fake_podman.py")
    _install(tmp_path, f'exec "{sys.executable}" "{script}" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_PODMAN", str(tmp_path))
    drivers._problem.cache_clear()
    yield tmp_path
    drivers._problem.cache_clear()
    sandbox.close_all()


def _install(folder, line):
    (folder / "podman").write_text(f"#!/bin/sh\n{line}\n")
    (folder / "podman").chmod(0o755)


def _first_process(folder):
    (number,) = folder.glob("cs231n-grading-*")
    return int(number.read_text())


def _gone(pid):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("source", SCORES)
def test_functions_are_graded_through_pipes(fake_podman, source):
    assert score("podman", source) == SCORES[source]


def test_what_is_printed_past_the_shell_is_no_message(fake_podman):
    opened = session("podman")
    source = "import os\nfound = [os.write(fd, b'[true]') for fd in (1, 2)]"
    assert found(opened, source) == [6, 6]
    opened.close()


def test_arrays_larger_than_a_pipe_go_both_ways_bit_for_bit(fake_podman):
    opened = session("podman")
    opened.run_cell("def same(x):\n    return x[::-1]")
    x = np.arange(2**20, dtype=np.float64).view(np.uint8)
    assert np.array_equal(opened.call("same", [x]), x[::-1])
    opened.close()


def test_a_call_that_takes_too_long_fails_and_the_session_goes_on(fake_podman):
    opened = session("podman", Limits(call_seconds=0.5))
    opened.run_cell("def slow(x):\n    while True: pass")
    with pytest.raises(CheckFailed, match="had not finished"):
        opened.call("slow", [1])
    assert found(opened, "found = 'still here'") == "still here"
    opened.close()


def test_sessions_end_in_the_same_words_as_elsewhere(fake_podman):
    ends = {
        "import os; os._exit(3)": "the code ended the process",
        "import ctypes; ctypes.string_at(0)": "segmentation fault",
        "import os; os.kill(os.getpid(), 9)": "ended by the system",
    }
    for source, words in ends.items():
        opened = session("podman")
        with pytest.raises(Ended, match=words):
            opened.run_cell(source)
        opened.close()


def test_hanging_up_ends_a_session_that_is_busy(fake_podman):
    opened = session("podman", Limits(cell_seconds=1))
    with pytest.raises(Ended, match="could not be interrupted"):
        opened.run_cell(STUCK)
    opened.close()
    assert opened._link._process.returncode == 0
    assert _gone(_first_process(fake_podman))


def test_engine_removes_a_container_that_does_not_end_by_itself(fake_podman, monkeypatch):
    monkeypatch.setattr(sandbox, "HANG_UP_SECONDS", 0.5)
    opened = session("podman")
    os.kill(_first_process(fake_podman), signal.SIGSTOP)
    opened.close()
    assert opened._link._process.returncode == -signal.SIGKILL
    assert _gone(_first_process(fake_podman))


def test_what_the_engine_said_is_told_when_it_cannot_start_one(fake_podman):
    _install(fake_podman, '[ "$1" != run ] || { echo "Error: no space left" >&2; exit 125; }')
    with pytest.raises(GradingError, match="no space left"):
        session("podman")


def test_without_the_image_a_person_is_told_what_to_build(fake_podman):
    _install(fake_podman, "echo 'Error: image not known' >&2; exit 125")
    with pytest.raises(GradingError, match=r"image not known \(is the image built"):
        choose("podman")


def test_what_is_shown_can_be_read_by_anybody_whatever_the_umask():
    before = os.umask(0o077)
    try:
        built = view.build_view(HIDE)
    finally:
        os.umask(before)
    closed = [path for path in built.root.rglob("*") if not path.stat().st_mode & 0o004]
    view.remove_view(built)
    assert closed == []


def test_image_installs_what_a_student_installs():
    recipe = (ROOT / "grading/engine/Containerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [need for need in project["dependencies"] if f'"{need}"' not in recipe] == []


# ---- what keeps a stranger's code in, with the engines that are here -----------------------


@pytest.fixture(params=["podman", "docker"])
def engine(request):
    problem = drivers._problem(request.param)
    if problem:
        pytest.skip(problem)
    yield request.param
    assert _containers(request.param) == ""
    sandbox.close_all()


@pytest.fixture
def inside(engine):
    opened = session(engine)
    yield opened
    opened.close()


def _containers(engine):
    """The containers of sessions, once those that are on their way out have had time for it."""
    command = [engine, "ps", "--all", "--quiet", "--filter", "name=cs231n-grading-"]
    deadline = time.monotonic() + 20
    while True:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if not listed or time.monotonic() > deadline:
            return listed
        time.sleep(0.1)


def test_same_scores_in_a_container(engine):
    assert {source: score(engine, source) for source in SCORES} == SCORES


def test_container_shows_what_a_student_has_and_no_more(inside):
    source = """
import importlib.util, os
names = ("cs231n.fast_layers", "nbgrader", "jupytext", "pytest", "grading", "sqlalchemy")
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
import cs231n, numpy
found = {
    "there": [name for name in names if there(name)],
    "files": os.listdir("/kit/site/cs231n"),
    "kit": cs231n.__file__.startswith("/kit/site/"),
    "numpy": numpy.__file__.startswith("/kit/"),
    "environment": dict(os.environ),
    "first": open("/proc/1/environ").read(),
}
"""
    seen = found(inside, source)
    assert (seen["there"], seen["kit"], seen["numpy"]) == ([], True, False)
    assert "gradient_check.py" in seen["files"]
    assert "fast_layers.py" not in seen["files"]
    assert seen["environment"].keys() == {*drivers.environment(), "CS231N_CHECK_SECONDS"}
    assert set(seen["first"].split("\0")) - {""} == {
        f"{key}={value}" for key, value in drivers.environment().items()
    }


def test_container_has_no_rights_no_network_and_nothing_that_lasts(inside):
    source = """
import ctypes, os, socket
libc = ctypes.CDLL(None)
def refused(action):
    try:
        return action() == -1
    except OSError:
        return True
found = {
    "user": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
    "rights": [line.split()[1] for line in open("/proc/self/status")
               if line.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"))],
    "refused": [
        refused(lambda: libc.mount(b"x", b"/tmp", b"tmpfs", 0, None)),
        refused(lambda: libc.unshare(0x10000000)),
        refused(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
        refused(lambda: open("/kit/site/cs231n/note", "w")),
        refused(lambda: open("/usr/note", "w")),
    ],
    "devices": [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:],
    "disks": [place for place, _, _ in os.walk("/") if os.access(place, os.W_OK)
              and not place.startswith(("/proc", "/dev/mqueue", "/tmp/"))],
    "home": [os.getcwd(), os.path.expanduser("~")],
}
"""
    seen = found(inside, source)
    assert seen["user"] == [65534] * 4
    assert seen["rights"] == ["0" * 16, "0" * 16, "1", "2"]
    assert all(seen["refused"]), seen["refused"]
    assert seen["devices"] == ["lo"]
    assert sorted(seen["disks"]) == ["/dev/shm", "/home/student", "/tmp", "/var/tmp"]
    assert seen["home"] == ["/home/student"] * 2


def test_disks_of_a_container_are_small(inside):
    source = """
import errno
found = []
for place in ("/tmp", "/var/tmp", "/dev/shm", "."):
    try:
        for number in range(1000):
            with open(f"{place}/{number}", "wb") as file:
                file.write(bytes(2**22))
    except OSError as problem:
        found.append(number * 2**22 <= 2**27 and problem.errno == errno.ENOSPC)
"""
    assert found(inside, source) == [True] * 4


LIMITED = """
from glob import glob
found = glob("/sys/fs/cgroup/{0}.max") + glob("/sys/fs/cgroup/{0}/{0}.*")
"""
FORK_BOMB = """
import os, time
found = 0
try:
    while found < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        found += 1
except OSError:
    pass
"""


def test_fork_bomb_hits_a_wall_and_its_neighbours_do_not(inside, engine):
    if not found(inside, LIMITED.format("pids")):
        pytest.skip("control groups cannot limit the processes of a container here")
    assert 0 < found(inside, FORK_BOMB) <= LIMITS.processes
    other = session(engine)
    assert 0 < found(other, FORK_BOMB) <= LIMITS.processes
    other.close()


def test_memory_of_all_processes_together_is_limited(engine):
    opened = session(engine, Limits(cell_seconds=30, memory=600 * MIB))
    if not found(opened, LIMITED.format("memory")):
        opened.close()
        pytest.skip("control groups cannot limit the memory of a container here")
    source = """
import os, time
children = []
for _ in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        try:
            taken = b"x" * (200 * 2**20)
            time.sleep(3)
        finally:
            os._exit(0)
found = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
"""
    ends = found(opened, source)
    assert ends.count(-signal.SIGKILL) >= 2
    (output,) = opened.run_cell("bytearray(2**30)")
    assert output["ename"] == "MemoryError"
    opened.close()


def test_container_is_gone_when_its_session_is_closed(engine):
    idle = session(engine)
    busy = session(engine, Limits(cell_seconds=1))
    with pytest.raises(Ended, match="could not be interrupted"):
        busy.run_cell(STUCK)
    started = time.monotonic()
    busy.close()
    idle.close()
    assert time.monotonic() - started < sandbox.HANG_UP_SECONDS
    assert _containers(engine) == ""


def test_container_that_hears_nothing_is_removed(engine, monkeypatch):
    monkeypatch.setattr(sandbox, "HANG_UP_SECONDS", 1)
    opened = session(engine)
    subprocess.run([engine, "pause", opened._link._container[1]], check=True, capture_output=True)
    opened.close()
    assert _containers(engine) == ""


def test_container_is_gone_when_the_grader_was_killed(engine, tmp_path):
    script = (
        "import os, threading, time\n"
        "from grading.engine.drivers import choose\n"
        "from grading.engine.limits import Limits\n"
        "from grading.engine.remote import Session\n"
        f"opened = Session(choose({engine!r}), (), Limits(), time.monotonic() + 60)\n"
        "threading.Timer(1, os._exit, [9]).start()\n"
        f"opened.run_cell({STUCK!r})\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # it leaves its view behind
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment)
    assert done.returncode == 9
    assert _containers(engine) == ""
