"""What tests of grading share."""

import sys
from functools import cache

import pytest


@pytest.fixture(autouse=True)
def _one_look_at_nbgrader_s_migrations():
    """For every new gradebook nbgrader starts a Python that looks up the newest version of its
    tables; here the first gradebook of a process asks for all of them."""
    api = sys.modules.get("nbgrader.api")
    if api is not None and not hasattr(api.get_alembic_version, "cache_info"):
        api.get_alembic_version = cache(api.get_alembic_version)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A small course with every kind of graded cell (graded_course.py), built once a process. Only
    to be copied."""
    pytest.importorskip("nbgrader")
    from grading.tests import graded_course

    return graded_course.build_course(tmp_path_factory.mktemp("built") / "course")


@pytest.fixture(scope="session")
def built_course(tmp_path_factory):
    """The whole course, built once a process: a course folder, the students' notebooks in its
    assignments/. Only looked at, or copied."""
    build = pytest.importorskip("grading.build")
    root = tmp_path_factory.mktemp("built-course")
    build.build(root, root / "assignments")
    return root
