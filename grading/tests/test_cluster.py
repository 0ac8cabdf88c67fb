"""Grading on a Dask cluster: real scheduler and workers, which know nothing of this repository.

The workers run in a folder of their own, without the repository on their path; the grader reaches
them over the wire only. The package cs231n they have, as a machine of a cluster has its wheel.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("distributed")

import distributed

from grading.coordinator import cluster
from grading.coordinator.pool import Job, answers, open_pool
from grading.engine.limits import Limits
from grading.engine.tasks import Assignment, Submission
from grading.errors import GradingError
from grading.settings import ROOT
from grading.tests import graded_course as kit
from grading.tests.graded_course import FAKE, SECONDS, is_running, until

pytestmark = pytest.mark.slow

EMPTY = Assignment("week1", {}, {}, limits=Limits())


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        note = folder / "scheduler.json"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(note)
        )
        until(lambda: note.exists() and note.read_text().strip().endswith("}"))
        self.address = json.loads(note.read_text())["address"]

    def add_worker(self, threads=1):
        words = ["--nthreads", str(threads), "--nworkers", "1", "--host", "127.0.0.1"]
        place = str(self.folder / "scratch")
        return self._start("dask_worker", self.address, *words, "--local-directory", place)

    def _start(self, program, *words):
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    f"distributed.cli.{program}",
                    "--no-dashboard",
                    *words,
                ],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def end(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A cluster of two workers. The tests' fake grader travels with the grader."""
    monkeypatch.setattr(cluster, "STAYS_HERE", cluster.STAYS_HERE - {"tests"})
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = Cluster(folder)
    for _ in range(2):
        made.add_worker()
    yield made
    made.end()


def submission(student, *what):
    return Submission(student, {"do.txt": " ".join(map(str, what)).encode()} if what else {})


def graded(pool, *submissions):
    found = [answer for answer in answers(submissions, pool) if answer]
    return {s.student: (kind, value) for s, kind, value in found}


def test_workers_know_nothing_of_the_grader_until_it_is_sent(two):
    def find():
        import importlib.util

        return {name: importlib.util.find_spec(name) is not None for name in ("grading", "cs231n")}

    with distributed.Client(two.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=SECONDS)
        assert set(map(str, client.run(find).values())) == {str({"grading": False, "cs231n": True})}
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        found = graded(pool, *(submission(f"s{n}") for n in range(10)))
    assert {kind for kind, _ in found.values()} == {"graded"}
    assert all(value.student == student for student, (_, value) in found.items())


def test_a_course_is_graded_on_a_cluster_as_it_is_here(two, tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    course = kit.build_course(tmp_path / "course")
    for student, written in (("ann", ("double",)), ("bob", ("why",)), ("cal", ())):
        course.hand_in(student, write=written)
    assert len(course.grade(jobs=1).graded) == 3
    here = kit.rows(course.db_url)
    assert len(course.grade(jobs=None, scheduler=two.address).graded) == 3
    assert kit.rows(course.db_url) == here


def test_after_ctrl_c_the_clusters_processes_end_and_resume_goes_on(two, tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    course, place = kit.build_course(tmp_path / "course"), tmp_path / "gate"
    place.mkdir()
    course.hand_in("a1")
    for student in ("b1", "b2"):
        course.hand_in(student, "wait", place)
    send_tests = "cluster.STAYS_HERE.discard('tests')"
    process = course.start("--scheduler", two.address, first=send_tests)
    until(lambda: len(list(place.iterdir())) == 2 and course.report_path("a1").exists())
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, said
    assert "--resume" in said
    assert "Traceback" not in said
    until(lambda: not any(is_running(path.name) for path in place.iterdir()))
    assert all(process.poll() is None for process in two.processes)
    (place / "go").touch()
    tally = course.grade(jobs=None, scheduler=two.address, resume=True)
    assert (sorted(tally.graded), tally.before) == (["b1", "b2"], 1)


def test_who_kills_a_process_on_the_cluster_takes_no_dask_worker_along(two, tmp_path):
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        found = graded(
            pool,
            submission("a", "die"),
            submission("b", "die-once", tmp_path / "x"),
            submission("c", "raise"),
            *(submission(f"s{n}") for n in range(6)),
        )
    kinds = {student: kind for student, (kind, _) in found.items()}
    assert (kinds["a"], kinds["b"], kinds["c"]) == ("died", "graded", "problem")
    assert {kinds[f"s{n}"] for n in range(6)} == {"graded"}
    assert all(process.poll() is None for process in two.processes)


def test_a_lost_dask_worker_costs_a_retry_and_no_score(two, tmp_path):
    place = tmp_path / "gate"
    place.mkdir()
    victim = two.processes[1]
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        running = answers([submission(s, "wait", place) for s in "abcd"], pool)
        assert next(running) is None
        until(lambda: len(list(place.iterdir())) == 2)
        os.killpg(victim.pid, signal.SIGKILL)  # nanny and worker: the machine is gone
        (place / "go").touch()
        found = {a[0].student: a[1] for a in running if a}
    assert found == dict.fromkeys("abcd", "graded")


def test_a_worker_that_joins_later_gets_the_grader_too(two):
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        graded(pool, submission("a"))
        for process in two.processes[1:]:
            os.killpg(process.pid, signal.SIGKILL)
        two.add_worker(threads=2)
        found = graded(pool, *(submission(f"s{n}") for n in range(4)))
    assert {kind for kind, _ in found.values()} == {"graded"}


def test_after_the_end_nothing_of_the_grader_is_left_there(two):
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        assert graded(pool, submission("a"))["a"][0] == "graded"
        assert len(list((two.folder / "scratch").rglob("grading/coordinator/worker.py"))) == 2
    assert list((two.folder / "scratch").rglob("grading/coordinator/worker.py")) == []


def test_a_scheduler_that_goes_away_is_told_in_a_sentence(two, tmp_path):
    with open_pool(Job(EMPTY, FAKE), scheduler=two.address) as pool:
        running = answers([submission(s, "wait", tmp_path) for s in "ab"], pool)
        assert next(running) is None
        two.scheduler.kill()
        with pytest.raises(GradingError, match="is gone, or dropped the work"):
            list(running)


def test_an_address_where_nobody_answers_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1.0)
    with (
        pytest.raises(GradingError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"),
        open_pool(Job(EMPTY, FAKE), scheduler="tcp://127.0.0.1:9"),
    ):
        pass


def test_a_scheduler_without_workers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "FIRST_WORKER", 1.0)
    made = Cluster(tmp_path)
    try:
        with (
            pytest.raises(GradingError, match="has no workers"),
            open_pool(Job(EMPTY, FAKE), scheduler=made.address),
        ):
            pass
    finally:
        made.end()


def test_without_dask_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(GradingError, match=r"grading,cluster"),
        open_pool(Job(EMPTY, FAKE), scheduler="tcp://127.0.0.1:9"),
    ):
        pass


def test_nothing_of_a_course_travels_with_the_grader():
    import io
    import zipfile

    names = zipfile.ZipFile(io.BytesIO(cluster._archive())).namelist()
    assert "grading/coordinator/worker.py" in names
    assert any(name.startswith("grading/checks/") for name in names)
    for part in ("course", "work", "tests", "sample_class", "source"):
        assert not any(name.startswith(f"grading/{part}/") for name in names), part
    assert str(ROOT) not in "".join(names)
