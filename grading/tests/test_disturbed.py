"""Killed, or with a full or read-only disk: the next run ends as if nothing had been.

Each command is first run to its end, which counts its steps (killing.py) and shows what it should
leave. Then it is disturbed at some of them, looked at, and run again. By default one point of some
commands is tried; CS231N_THOROUGH=1 tries all commands, at more than fifty points together.
"""

import contextlib
import errno
import os
import random
import resource
import signal
import sqlite3

import pytest

pytest.importorskip("nbgrader")

from nbgrader.converters import NbGraderException
from sqlalchemy.exc import OperationalError

from grading.__main__ import main
from grading.errors import GradingError
from grading.tests import graded_course as kit
from grading.tests import kill_cases, killing

pytestmark = pytest.mark.slow
THOROUGH = bool(os.environ.get("CS231N_THOROUGH"))
POINTS = int(os.environ.get("CS231N_KILLS", 4)) if THOROUGH else 1  # of each command


def commands(*quick):
    """All that there are, or the quick ones."""
    return pytest.mark.parametrize("name", kill_cases.CASES if THOROUGH else quick)


@pytest.fixture(scope="module")
def courses(tmp_path_factory):
    return kill_cases.Courses(tmp_path_factory.mktemp("courses"))


@pytest.fixture
def fresh(courses, tmp_path, monkeypatch):
    for variable in ("CS231N_DATABASE_URL", "CS231N_COURSE"):
        monkeypatch.delenv(variable, raising=False)
    courses.sources  # noqa: B018 (here, not in a child, where it would be made again)
    return lambda name, number: kill_cases.CASES[name](tmp_path / f"{number}", courses)


def ends_as_ever(case, wanted, where):
    """Whole now, and after the next run as if nothing had been."""
    case.gradebook()
    case.check()
    killing.run(case.again, case.root)
    state = case.state()
    wrong = {n for n in wanted.keys() | state.keys() if wanted.get(n) != state.get(n)}
    assert not wrong, where


def points(name, steps):
    """Where to disturb: always the same places."""
    assert steps, "nothing was written, so nothing was tried"
    return random.Random(name).sample(range(1, steps + 1), min(POINTS, steps))


@commands("init in an empty folder", "roster", "collect", "autograde again", "nbgrader autograde")
def test_a_killed_command_leaves_old_or_new_and_the_next_run_ends_well(fresh, name):
    whole = fresh(name, "whole")
    steps = killing.run(whole.run, whole.root)
    wanted = whole.state()
    for point in points(name, steps):
        case, where = fresh(name, point), f"killed at {point} of {steps}"
        assert killing.run(case.run, case.root, point) is None, f"not {where}"
        ends_as_ever(case, wanted, where)


def refused(case):
    """Run it; it may fail only with an error that its users are told in a sentence."""
    told = [GradingError, OSError, NbGraderException]
    if "nbgrader" in type(case).run.__code__.co_names:  # its own errors are its own
        told.append(OperationalError)

    def work():
        with contextlib.suppress(*told):
            case.run()

    return work


@commands("collect")
def test_a_disk_that_fills_up_costs_nothing_that_was_there(fresh, name):
    whole = fresh(name, "whole")
    steps = killing.run(whole.run, whole.root)
    wanted = whole.state()
    for point in points(f"full {name}", steps):
        case = fresh(name, point)
        killing.run(refused(case), case.root, point, errno.ENOSPC)
        ends_as_ever(case, wanted, f"full at {point} of {steps}")


@commands("init in an empty folder", "roster", "collect", "autograde again")
def test_on_a_read_only_disk_nothing_is_half_done(fresh, name):
    case = fresh(name, "course")
    before = case.state()
    killing.run(refused(case), case.root, 1, errno.EROFS)
    assert case.state() == before


def test_a_gradebook_that_cannot_grow_keeps_what_it_has(courses, tmp_path):
    """The real thing: a file that may not become larger, and SQLite's own answer to that."""
    course = kit.Course(courses.built).copy(tmp_path / "course")
    people = "".join(f"s{n:05},{'N' * 100},{'L' * 100}\n" for n in range(1000))
    (tmp_path / "class.csv").write_text("id,first_name,last_name\n" + people)
    before = kit.rows(course.db_url)
    words = ["roster", str(tmp_path / "class.csv"), "--course", str(course.root)]
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = (course.root / "gradebook.db").stat().st_size + 50_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        os._exit(main(words))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 2
    with sqlite3.connect(course.root / "gradebook.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert kit.rows(course.db_url) == before
    assert main(words) == 0
    assert len(kit.rows(course.db_url)) == len(before) + 1000
