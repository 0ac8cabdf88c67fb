"""The trusted runner as a step of nbgrader: it takes the place of the Execute preprocessor.

``nbgrader autograde`` and its API run a submitted notebook through this step. Results go to the
next steps in `resources`, never through what a cell has shown.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Unicode

from grading.checks.core import course_secret
from grading.engine.limits import Limits
from grading.engine.run import Job, run_notebook
from grading.engine.tasks import Submission
from grading.intake import given_files, read_submission

RESULTS = "cs231n_results"  # key in nbconvert's resources: what run_notebook returns
SUBMISSION = "cs231n_submission"  # the same for the submission's hash


class RunNotebook(NbGraderPreprocessor):
    """Run a notebook's code cells in the sandbox and make the hidden checks outside it.

    Settings (``c.RunNotebook`` in a configuration): see the traits, and grading/engine/limits.py.
    """

    call_timeout = Float(5, help="seconds one call of a function by a check may take").tag(
        config=True
    )
    timeout = Float(120, help="seconds one cell may take").tag(config=True)
    total_timeout = Float(300, help="seconds the whole notebook may take").tag(config=True)
    sandbox = Unicode("auto", help="auto, bwrap, podman, docker; none: no protection").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Run the notebook in place. Returns a tuple of: the notebook, the resources."""
        limits = Limits(
            call_seconds=self.call_timeout,
            cell_seconds=self.timeout,
            notebook_seconds=self.total_timeout,
        )
        submission = self._submission(resources["nbgrader"])
        for sentence in submission.left_out:
            self.log.warning(sentence)
        secret = course_secret(Path(self.parent.parent.coursedir.root))
        job = Job(submission.files, secret, limits, self.sandbox)
        resources[RESULTS] = run_notebook(nb, job)
        resources[SUBMISSION] = submission.hash
        return nb, resources

    def _submission(self, names: dict) -> Submission:
        """What was handed in, read afresh: nbgrader's own copy has followed links."""
        converter = self.parent.parent
        course, assignment, student = converter.coursedir, names["assignment"], names["student"]
        release = Path(course.format_path(course.release_directory, ".", assignment))
        students_own = converter.exclude_overwriting.get(assignment, [])
        given = given_files(release, course.ignore, students_own)
        place = Path(course.format_path(course.submitted_directory, student, assignment))
        return read_submission(student, place, course.ignore, given)


def find_packages(root: Path) -> None:
    """Let this process and those it starts find ``cs231n``, ``grading`` and ``alembic``.

    root: the folder that holds the packages. nbgrader calls the command ``alembic`` by name.
    """
    _put_first("PYTHONPATH", str(root))
    _put_first("PATH", str(Path(sys.executable).parent))


def _put_first(variable: str, folder: str) -> None:
    folders = [f for f in os.environ.get(variable, "").split(os.pathsep) if f and f != folder]
    os.environ[variable] = os.pathsep.join([folder, *folders])
