"""`python -m grading doctor`: what is missing is named, with what mends it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("nbgrader")

import psutil
from nbgrader.api import Gradebook

from grading import build as building
from grading import settings
from grading.__main__ import main
from grading.doctor import command, machine, packages
from grading.doctor import course as course_checks
from grading.doctor.finding import State, fine, missing, note
from grading.engine import drivers
from grading.tests import small_course


@pytest.fixture
def course(tmp_path, monkeypatch):
    for name in ("CS231N_DATABASE_URL", "CS231N_COURSE_SECRET", "CS231N_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "course"
    folder.mkdir()
    return folder


def gradebook(course, alter="SELECT 1"):
    path = course / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "cs231n") as book:
        book.add_assignment("assignment1", duedate=datetime(2026, 2, 3, 12))
    db = sqlite3.connect(path)
    db.execute(alter)
    db.commit()
    db.close()


def lacks(finding, *said):
    assert finding.state == State.missing, finding
    assert finding.mend
    for word in said:
        assert word in finding.says + finding.mend


def test_this_machine_is_looked_at_from_end_to_end(course, capsys):
    code = main(["doctor", "--course", str(course), "--json", str(course / "found.json")])
    out, report = capsys.readouterr().out, json.loads((course / "found.json").read_text())
    assert "could not be looked at" not in out
    assert [one["check"] for one in report["checks"]] == list(command.CHECKS)
    assert report["ready"] is (code == 0) is ("All that grading needs is here." in out)
    state = {one["check"]: one["state"] for one in report["checks"]}
    assert (state["Python"], state["alembic"], state["gradebook"]) == ("fine", "fine", "note")


def test_one_thing_missing_is_enough_for_exit_code_1(course, capsys, monkeypatch):
    checks = {"a": lambda c: fine("yes"), "b": lambda c: note("so"), "c": lambda c: 1 / 0}
    monkeypatch.setattr(command, "CHECKS", checks)
    assert main(["doctor", "--course", str(course)]) == 1
    out = capsys.readouterr().out
    assert "Missing: c." in out
    assert [line[0] for line in out.splitlines()[:3]] == ["✓", "–", "✗"]
    assert "ZeroDivisionError" in out  # a check that falls ill does not take the others along
    checks["c"] = lambda c: missing("two\nlines", "type this")
    main(["doctor", "--course", str(course)])
    assert "→ type this" in capsys.readouterr().out
    del checks["c"]
    assert main(["doctor", "--course", str(course)]) == 0


def test_packages_that_are_absent_or_too_old_are_named(course, tmp_path, monkeypatch):
    text = """[project]
name = "kit"
dependencies = ["numpy<1", "packaging>=20"]
[project.optional-dependencies]
lab = ["no-such-package>=2; python_version > '3'", "never; python_version < '3'"]
grading = ["kit[lab]"]
"""
    (tmp_path / "pyproject.toml").write_text(text)
    wanted = packages.needed(tmp_path / "pyproject.toml", ["grading"])
    assert [one.name for one in wanted] == ["numpy", "packaging", "no-such-package"]
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    finding = packages.requirements(course)
    lacks(finding, "no-such-package is not installed", "<1 is needed", "pip install")
    assert "packaging is" not in finding.says


def test_a_python_that_is_too_old_is_told(course, monkeypatch):
    monkeypatch.setattr(machine.platform, "python_version", lambda: "3.9.1")
    lacks(machine.python(course), "3.9.1", ">=3.11")


def test_a_package_of_another_clone_or_not_compiled_is_told(course, monkeypatch):
    from cs231n import fast_layers

    with monkeypatch.context() as patch:
        patch.setattr(fast_layers, "BACKEND", "numpy")
        lacks(machine.kit(course), "not compiled")
        patch.setattr(machine.shutil, "which", lambda name: None)
        lacks(machine.compiler(course), "build-essential")
    monkeypatch.setattr(machine, "ROOT", Path("/elsewhere"))
    lacks(machine.kit(course), "not from /elsewhere")


def test_without_a_sandbox_the_reason_is_given(course, monkeypatch):
    monkeypatch.setenv("CS231N_SANDBOX", "none")
    lacks(machine.sandbox(course), "unset CS231N_SANDBOX")
    monkeypatch.setenv("CS231N_SANDBOX", "podman")
    monkeypatch.setattr(drivers, "_problem", lambda name: "it is not installed")
    lacks(machine.sandbox(course), "it is not installed", "docs/sandbox.md")


def test_a_sandbox_that_does_not_run_what_it_is_given_is_no_sandbox(course, monkeypatch):
    from grading.engine import remote

    silent = SimpleNamespace(run_cell=lambda source: [], close=lambda: None)
    monkeypatch.setattr(remote, "Session", lambda *args: silent)
    monkeypatch.setattr(drivers, "choose", lambda name: drivers.DRIVERS["bwrap"])
    lacks(machine.sandbox(course), "did not print what it should")


def test_a_kernel_of_another_python_is_told(course, tmp_path, monkeypatch):
    place = tmp_path / "data" / "kernels" / "python3"
    place.mkdir(parents=True)
    other = tmp_path / "other-python"
    other.write_text("#!/bin/sh\necho /another/place\n")
    other.chmod(0o755)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    for argv, said in [
        (["/no/such/python"], "No such file"),
        ([str(other)], "/another/place"),
        (["/bin/false"], "gave no reason"),
    ]:
        spec = {"argv": [*argv, "-m", "ipykernel_launcher"], "display_name": "x", "language": "x"}
        (place / "kernel.json").write_text(json.dumps(spec))
        lacks(packages.kernel(course), said, "ipykernel install")


def test_nbgraders_parts_that_are_switched_off_are_told(course, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "config"))
    place = tmp_path / "config" / "jupyter_server_config.d"
    place.mkdir(parents=True)
    for part, state in (("formgrader", State.missing), ("course_list", State.note)):
        off = {f"nbgrader.server_extensions.{part}": False}
        data = {"ServerApp": {"jpserver_extensions": off}}
        (place / "mine.json").write_text(json.dumps(data))
        finding = packages.server_extensions(course)
        assert finding.state == state
        assert finding.says == f"switched off: {part}"


def test_jupyterlab_without_nbgrader_is_told(course, monkeypatch):
    import jupyter_core.paths

    monkeypatch.setattr(packages, "_disabled_in_lab", lambda: {"@jupyter/nbgrader:formgrader"})
    lacks(packages.lab_extension(course), "@jupyter/nbgrader:formgrader", "labextension enable")
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *names: [])
    lacks(packages.lab_extension(course), "JupyterLab has no @jupyter/nbgrader")


def test_alembic_that_nbgrader_would_not_find_is_told(course, tmp_path, monkeypatch):
    monkeypatch.setattr(packages.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    lacks(packages.alembic(course), "not found")
    (tmp_path / "alembic").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    (tmp_path / "alembic").chmod(0o755)
    lacks(packages.alembic(course), "broken")


def test_a_full_disk_and_little_memory_are_told(course, monkeypatch):
    usage = SimpleNamespace(free=machine.LEAST_DISK - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    lacks(machine.course_disk(course / "not" / "yet"), str(course), "0.5 GiB is needed")
    usage.free = machine.LITTLE_DISK - 1
    assert machine.temporary_disk(course).state == State.note
    free = SimpleNamespace(available=machine.LEAST_MEMORY - 1)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    lacks(machine.memory(course), "1 GiB is needed")
    free.available = 3 * machine.GIB
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 8)
    assert "--jobs 3" in machine.memory(course).mend
    monkeypatch.setattr(machine, "_group_memory", lambda: 100.0)
    lacks(machine.memory(course), "0.0 GiB free")  # a container's limit counts


def test_a_clock_that_is_years_behind_is_told(course, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1e9)
    lacks(machine.clock(course), "from the future")


def test_a_gradebook_that_cannot_be_used_is_told(course):
    assert course_checks.gradebook(course).state == State.note
    gradebook(course)
    assert course_checks.gradebook(course).state == State.fine
    gradebook_file = course / "gradebook.db"
    gradebook_file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    lacks(course_checks.gradebook(course), "gradebook.db")
    gradebook_file.unlink()
    gradebook(course, "UPDATE alembic_version SET version_num = 'b6d005d67074'")
    lacks(course_checks.gradebook(course), "b6d005d67074", "nbgrader db upgrade")


def test_a_password_in_the_databases_address_is_not_shown(course, monkeypatch):
    monkeypatch.setenv("CS231N_DATABASE_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:1/grades")
    finding = course_checks.readable(course_checks.gradebook, course)
    lacks(finding, "127.0.0.1")
    assert "s3cret" not in finding.says + finding.mend


def test_dates_that_the_gradebook_does_not_have_are_told(course):
    (course / "course.toml").write_text("[due]\nassignment1 = 2026-02-03T12:00:00Z\n")
    lacks(course_checks.due_dates(course), "assignment1", f"due --course {course}")
    gradebook(course)
    assert course_checks.due_dates(course).state == State.fine
    (course / "course.toml").write_text("[due]\nassignment1 = 2026-02-04T12:00:00Z\n")
    lacks(course_checks.due_dates(course), "assignment1")
    (course / "course.toml").write_text("due = 3")
    lacks(course_checks.readable(course_checks.due_dates, course), "course.toml", "[due]")


def test_a_secret_that_others_can_read_is_told(course):
    assert course_checks.secret(course).state == State.note
    (course / "secret").write_text("x")
    (course / "secret").chmod(0o644)
    lacks(course_checks.secret(course), f"chmod 600 {course}/secret")
    (course / "secret").chmod(0o600)
    assert course_checks.secret(course).state == State.fine


def test_a_build_that_is_out_of_date_is_told(course, tmp_path, monkeypatch):
    kit = small_course.make(tmp_path / "small")
    monkeypatch.setattr(building.is_fresh, "__defaults__", (kit.sources,))
    monkeypatch.setattr(settings, "ASSIGNMENTS", tmp_path / "assignments")
    assert course_checks.assignments(course).state == State.note
    building.remember(course, kit.sources, settings.load(settings.file_of(course)))
    for place in (course / "release", tmp_path / "assignments"):
        (place / "week1").mkdir(parents=True)
        (place / "week1" / "1_small.ipynb").write_text("{}")
    assert course_checks.assignments(course).state == State.fine
    (tmp_path / "assignments" / "week1" / "1_small.ipynb").write_text("{ }")
    assert "week1/1_small.ipynb" in course_checks.assignments(course).says
    kit.reference.write_text("X = 1\n")
    found = course_checks.assignments(course)
    assert (found.state, "have changed" in found.says) == (State.note, True)
    assert found.mend == f"python -m grading build --course {course}"


def test_the_clock_that_is_shown_is_utc(course):
    assert f"{datetime.now(UTC):%Y-%m-%d}" in machine.clock(course).says
    assert sys.prefix in machine.python(course).says
