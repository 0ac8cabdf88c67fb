"""Worker processes: they die alone, they end with their owner, and they cannot eat the machine."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from grading.coordinator import worker as workers_module
from grading.coordinator.code_hash import code_hash
from grading.coordinator.pool import Job, Pool, answers, open_pool
from grading.coordinator.worker import Died, Worker, Workers
from grading.engine.limits import Limits
from grading.engine.tasks import Assignment, Submission
from grading.errors import GradingError
from grading.settings import ROOT

FAKE = "grading.tests.fake_grading:grade"
EMPTY = Assignment("week1", {}, {}, limits=Limits())
SECONDS = 60


def submission(student, *what):
    return Submission(student, {"do.txt": " ".join(map(str, what)).encode()} if what else {})


def graded(pool, *submissions):
    """student -> (kind, value)"""
    found = [answer for answer in answers(submissions, pool) if answer]
    return {s.student: (kind, value) for s, kind, value in found}


@pytest.fixture
def pool(tmp_path):
    with open_pool(Job(EMPTY, FAKE), 2, log=tmp_path / "log") as pool:
        yield pool


@pytest.fixture
def worker():
    worker = Worker(Job(EMPTY, FAKE).packed(), str(ROOT))
    yield worker
    worker.end()


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this never came about"
        time.sleep(0.02)


def test_each_submission_comes_back_with_its_own_result(pool):
    found = graded(pool, *(submission(f"s{n}") for n in range(20)))
    assert {kind for kind, _ in found.values()} == {"graded"}
    assert all(value.student == student for student, (_, value) in found.items())


def test_a_death_costs_one_retry_and_the_neighbours_nothing(pool, tmp_path):
    found = graded(pool, submission("a"), submission("b", "die-once", tmp_path / "x"),
                   *(submission(f"s{n}") for n in range(6)))  # fmt: skip
    assert {kind for kind, _ in found.values()} == {"graded"}
    assert len(found) == 8


def test_who_kills_its_worker_twice_is_left_to_a_person_with_both_reasons(pool):
    found = graded(pool, submission("a", "die"), submission("b"))
    assert found["b"][0] == "graded"
    kind, reason = found["a"]
    assert kind == "died"
    assert reason.count("signal 9") == 2


def test_the_second_try_is_made_alone(tmp_path):
    order = []
    gate = threading.Event()

    def call(packed):
        student = pickle.loads(packed).student
        order.append(student)
        if student == "bad":
            return pickle.dumps(("died", "killed"))
        gate.wait(SECONDS)
        order.append(f"{student} is done")
        return pickle.dumps(("graded", student))

    with ThreadPoolExecutor(2) as threads:
        pool = Pool(threads, call, lambda: 2)
        names = ["bad", "x", "y"]
        threading.Timer(0.2, gate.set).start()
        found = graded(pool, *map(submission, names))
    assert found["bad"][0] == "died"
    assert order.count("bad") == 2
    assert order[-1] == "bad"


def test_a_strange_submission_is_a_problem_and_no_death(pool, tmp_path):
    kind, value = graded(pool, submission("a", "raise"))["a"]
    assert (kind, value) == ("problem", "ValueError: this submission is too strange")
    assert "Traceback" in (tmp_path / "log").read_text()


def test_nothing_is_graded_where_nothing_can_be(pool):
    with pytest.raises(GradingError, match="no sandbox"):
        graded(pool, submission("a", "stop"))


def test_a_function_that_is_not_there_is_named():
    with (
        open_pool(Job(EMPTY, "grading.no_such_module:grade"), 1) as pool,
        pytest.raises(GradingError, match="no_such_module"),
    ):
        graded(pool, submission("a"))


def test_other_checks_than_the_coordinators_grade_nothing():
    packed = pickle.dumps(vars(Job(EMPTY, FAKE)) | {"code_hash": "0" * 64})
    workers = Workers(packed, str(ROOT), SECONDS)
    kind, value = pickle.loads(workers.grade(pickle.dumps(submission("a"))))
    workers.stop()
    assert kind == "stop"
    assert "other checks" in value
    assert len(code_hash()) == 64


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux")
def test_a_worker_cannot_eat_the_machines_memory(pool):
    kind, value = graded(pool, submission("a", "eat", 7 * 1024))["a"]
    assert (kind, value.split(":")[0]) == ("problem", "MemoryError")


def test_not_more_is_taken_from_a_large_class_than_is_needed(pool):
    taken = []

    def many():
        for n in range(200):
            taken.append(n)
            yield submission(f"s{n}")

    most = 0
    for count, answer in enumerate(filter(None, answers(many(), pool)), start=1):
        most = max(most, len(taken) - count)
        assert answer[1] == "graded"
    assert len(taken) == 200
    assert most <= 4


def test_a_coordinator_gets_a_turn_while_nothing_happens(tmp_path):
    future = Future()

    class Slow(ThreadPoolExecutor):
        def submit(self, *args):
            return future

    pool = Pool(Slow(1), None, lambda: 1)
    found = answers([submission("a")], pool)
    assert next(found) is None
    future.set_result(pickle.dumps(("graded", "a")))
    assert next(found)[1:] == ("graded", "a")


def test_a_worker_that_was_killed_while_idle_costs_nobody_anything():
    workers = Workers(Job(EMPTY, FAKE).packed(), str(ROOT), SECONDS)
    first = pickle.loads(workers.grade(pickle.dumps(submission("a"))))
    (process,) = workers._all
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not process.is_alive())
    second = pickle.loads(workers.grade(pickle.dumps(submission("b"))))
    workers.stop()
    assert (first[0], second[0]) == ("graded", "graded")


def test_a_worker_that_never_answers_counts_as_dead(worker, tmp_path):
    with pytest.raises(Died, match="no answer within"):
        worker.grade(pickle.dumps(submission("a", "wait", tmp_path)), seconds=0.5)


def test_stopping_ends_workers_in_the_middle_of_their_work(tmp_path):
    with open_pool(Job(EMPTY, FAKE), 2) as pool:
        running = [pool.submit(submission(s, "wait", tmp_path)) for s in "ab"]
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        pids = [int(path.name) for path in tmp_path.iterdir()]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert {pickle.loads(future.result())[0] for future in running} == {"died"}


def test_what_a_worker_started_ends_with_it(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(workers_module, "GRACE", 1.0)
    worker.grade(pickle.dumps(submission("a")), SECONDS)
    assert os.getpgid(worker.pid) == worker.pid  # a group of its own, killed as one
    assert os.getsid(worker.pid) == worker.pid  # out of reach of the terminal's Ctrl-C
    worker.end()
    with pytest.raises(ProcessLookupError):
        os.killpg(worker.pid, 0)


@pytest.mark.parametrize("killed", [True, False])
def test_a_worker_leaves_no_temporary_files(worker, tmp_path, killed):
    worker.grade(pickle.dumps(submission("a")), SECONDS)
    environment = open(f"/proc/{worker.pid}/environ", "rb").read().split(b"\0")  # noqa: SIM115
    place = next(x for x in environment if x.startswith(b"TMPDIR=")).removeprefix(b"TMPDIR=")
    assert os.path.isdir(place)
    if killed:
        os.kill(worker.pid, signal.SIGKILL)
    worker.end()
    assert not os.path.exists(place)


def test_ctrl_c_does_not_disturb_a_worker(worker):
    worker.grade(pickle.dumps(submission("a")), SECONDS)
    os.kill(worker.pid, signal.SIGINT)
    assert pickle.loads(worker.grade(pickle.dumps(submission("b")), SECONDS))[0] == "graded"


def test_a_worker_does_not_see_the_courses_secret_or_its_owners_files(monkeypatch, tmp_path):
    for name in ("CS231N_COURSE_SECRET", "CS231N_DATABASE_URL"):
        monkeypatch.setenv(name, "sesame")
    with open(tmp_path / "gradebook", "w") as file:
        os.set_inheritable(file.fileno(), False)
        worker = Worker(Job(EMPTY, FAKE).packed(), str(ROOT))
        worker.grade(pickle.dumps(submission("a")), SECONDS)
        environment = open(f"/proc/{worker.pid}/environ", "rb").read()  # noqa: SIM115
        held = [os.readlink(f"/proc/{worker.pid}/fd/{fd}") for fd in range(3, 20)
                if os.path.lexists(f"/proc/{worker.pid}/fd/{fd}")]  # fmt: skip
        worker.end()
    assert b"sesame" not in environment
    assert not any("gradebook" in path for path in held)


def test_workers_end_with_a_process_that_was_killed(tmp_path):
    code = (
        "import pickle, sys; from pathlib import Path; from grading.tests import test_pool as t\n"
        "with t.open_pool(t.Job(t.EMPTY, t.FAKE), 1) as pool:\n"
        "    pool.submit(t.submission('a', 'wait', sys.argv[1])).result()\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    until(lambda: list(tmp_path.iterdir()))
    (pid,) = (int(path.name) for path in tmp_path.iterdir())
    environment = open(f"/proc/{pid}/environ", "rb").read().split(b"\0")  # noqa: SIM115
    place = next(x for x in environment if x.startswith(b"TMPDIR=")).removeprefix(b"TMPDIR=")
    owner.kill()
    owner.wait()

    def gone():
        try:
            state = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]  # noqa: SIM115
        except OSError:
            return True
        return state == "Z"

    until(gone)
    assert not os.path.exists(place)
