"""The gradebook in PostgreSQL: a real server, nbgrader's commands and the grader's batches."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytest.importorskip("psycopg")

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import text

from grading.__main__ import main
from grading.autograde import autograde
from grading.tests import graded_course as kit
from grading.tests.graded_course import BOTH, FAKE, SECONDS

pytestmark = pytest.mark.slow

NOBODY = 65534  # PostgreSQL does not run as root


def binaries():
    """The folder of the newest PostgreSQL here, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    found.sort(key=lambda path: int(path.split("/")[4]))
    beside = shutil.which("initdb")
    return Path(found[-1]).parent if found else beside and Path(beside).parent


@pytest.fixture(scope="module")
def server():
    """A server of our own on a socket in a temporary folder. Returns the start of its address."""
    tools = binaries()
    if tools is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if who:
        os.chown(folder, NOBODY, NOBODY)
    data = str(folder / "data")
    subprocess.run(
        [tools / "initdb", "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync",
         "--no-locale"],
        cwd=folder, check=True, capture_output=True, **who,
    )  # fmt: skip
    options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [tools / "postgres", "-D", data, *words], cwd=folder, stdout=log, stderr=log, **who
        )
    ready = [tools / "pg_isready", "-q", "-h", folder, "-U", "grader", "-d", "postgres"]
    deadline = time.monotonic() + SECONDS
    while subprocess.run(ready).returncode:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield tools, folder
    process.terminate()
    process.wait(SECONDS)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def built(server, tmp_path_factory):
    """The course built into a database of its own. Returns its folder."""
    root = tmp_path_factory.mktemp("built") / "course"
    root.mkdir()
    kit.build(root, new_database(server, "built"))
    return root


def new_database(server, name, template="template1"):
    tools, folder = server
    command = [tools / "createdb", "-h", folder, "-U", "grader", "-T", template, name]
    subprocess.run(command, check=True)
    return f"postgresql+psycopg://grader@/{name}?host={folder}"


@pytest.fixture
def db_url(server, built, request):
    """A database of the test's own, in which the course is built."""
    return new_database(server, request.node.name[:60], "built")


@pytest.fixture
def course(db_url, built, tmp_path, monkeypatch):
    """A course whose configuration names the server. Returns its folder."""
    root = tmp_path / "course"
    shutil.copytree(built, root)
    monkeypatch.setenv("CS231N_DATABASE_URL", db_url)
    return root


def grade(root, **options):
    options = {"jobs": 1, "say": lambda line: None, "function": FAKE} | options
    return autograde(kit.ASSIGNMENT, root, **options)


def test_nbgrader_makes_its_tables_and_knows_their_version(course, db_url):
    with Gradebook(db_url, kit.COURSE) as gradebook:
        version = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).scalar()
        assert version
        names = {notebook.name for notebook in gradebook.find_assignment(kit.ASSIGNMENT).notebooks}
    assert names == set(BOTH)
    assert not list(course.glob("*.db"))


def test_a_class_is_recorded_in_postgresql_as_in_sqlite(course, db_url, tmp_path, monkeypatch):
    for student, written, when in (
        ("ann", ("double", "why"), "2026-03-01 12:00:00 UTC"),
        ("bob", (), None),
        ("cal", ("halve",), "2026-03-02 12:00:00 UTC"),
    ):
        kit.hand_in(course, student, BOTH if student != "bob" else BOTH[:1], written, when)
    grade(course)

    def review(gradebook):
        due = {"duedate": "2026-03-01 13:00:00 UTC"}
        gradebook.update_or_create_assignment(kit.ASSIGNMENT, **due)
        mine = gradebook.find_grade("double-check", "1_small", kit.ASSIGNMENT, "ann")
        mine.manual_score, mine.needs_manual_grade = 1.5, False
        gradebook.grant_extension(kit.ASSIGNMENT, "cal", hours=2)
        gradebook.db.commit()

    with Gradebook(db_url, kit.COURSE) as gradebook:
        review(gradebook)
    grade(course)
    with Gradebook(db_url, kit.COURSE) as gradebook:
        grade_row = gradebook.find_grade("double-check", "1_small", kit.ASSIGNMENT, "ann")
        assert (grade_row.manual_score, grade_row.needs_manual_grade) == (1.5, False)
        assert gradebook.find_submission(kit.ASSIGNMENT, "cal").total_seconds_late == 82800 - 7200
        missing = gradebook.find_submission_notebook("2_essay", kit.ASSIGNMENT, "bob")
        assert all(grade.auto_score is None for grade in missing.grades)

    twin = tmp_path / "twin"
    twin.mkdir()
    sqlite = f"sqlite:///{twin}/gradebook.db"
    kit.build(twin, sqlite)
    shutil.copytree(course / "submitted", twin / "submitted")
    monkeypatch.delenv("CS231N_DATABASE_URL")
    grade(twin)
    with Gradebook(sqlite, kit.COURSE) as gradebook:
        review(gradebook)
    grade(twin)
    same = ["grade", "comment", "notebook"]
    plain = [row for row in kit.rows(db_url) if row[0] in same]
    assert plain == [row for row in kit.rows(sqlite) if row[0] in same]


def test_resume_and_the_commands_work_on_postgresql(course, capsys, monkeypatch):
    kit.hand_in(course, "ann", BOTH)
    grade(course)
    monkeypatch.setattr("grading.autograde.GRADE", FAKE)
    words = ["autograde", kit.ASSIGNMENT, "--course", str(course), "--resume", "--jobs", "1"]
    assert main(words) == 0
    assert "1 had been graded before" in capsys.readouterr().out
    assert main(["report", kit.ASSIGNMENT, "--course", str(course)]) == 0
    assert "1 of 1 students handed in" in capsys.readouterr().out


def test_nbgrader_reads_and_writes_what_the_grader_wrote(course, db_url, tmp_path):
    kit.hand_in(course, "ann", BOTH, ("double",))
    grade(course)
    config = kit.configuration(course, db_url)
    directory = CourseDirectory(config=config)
    api = NbGraderAPI(coursedir=directory, config=config)
    (submission,) = api.get_submissions(kit.ASSIGNMENT)
    assert submission["student"] == "ann"
    assert submission["autograded"]
    result = api.generate_feedback(kit.ASSIGNMENT, "ann", force=True)
    assert result["success"], result
    table = tmp_path / "grades.csv"
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", str(table),
         f"--CourseDirectory.db_url={db_url}", f"--CourseDirectory.root={course}"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ann" in table.read_text()


def test_a_server_that_is_down_is_told_in_a_sentence(course, capsys, tmp_path, monkeypatch):
    kit.hand_in(course, "ann", BOTH)
    url = f"postgresql+psycopg://grader:sesame@/x?host={tmp_path}"
    monkeypatch.setenv("CS231N_DATABASE_URL", url)
    assert main(["autograde", kit.ASSIGNMENT, "--course", str(course), "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert "The gradebook could not be opened" in said
    assert "Traceback" not in said
    assert "sesame" not in said
