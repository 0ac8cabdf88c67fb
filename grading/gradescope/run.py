"""Inside Gradescope's container: grade the submission that lies there, write results.json.

Started as root by run_autograder. AUTOGRADER_ROOT names another folder laid out like /autograder:
source/ (the archive), submission/, results/. Exit code 0: results.json is written, whatever the
score; 2: it is not, and the output, which instructors see, says why. A failure of the grader gives
no results: Gradescope then shows that grading failed, and nobody gets a zero for it.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import nbformat

from grading import files
from grading.engine.drivers import choose
from grading.engine.limits import Limits, limits_of_environment
from grading.engine.remote import SandboxFailed
from grading.engine.sandbox import close_all, open_session
from grading.engine.tasks import Assignment, Submission
from grading.engine.unprivileged import reachable
from grading.errors import GradingError
from grading.grade import grade_submission
from grading.gradescope.results import as_results, nothing_to_grade
from grading.intake import read_submission
from grading.reports import to_json
from grading.scorecard import points_in_words

IGNORED = (".*", "__MACOSX", "__pycache__", "*.pyc")
RESERVE = 60  # seconds of the container's time for all but running notebooks
LEAST = 20  # seconds a notebook has in any case


@dataclass(frozen=True)
class Place:
    """The folders that Gradescope made."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def submission(self) -> Path:
        return self.root / "submission"

    @property
    def results(self) -> Path:
        return self.root / "results"

    def private(self) -> list[Path]:
        """What a student's code must not see: the folders, and submission_metadata.json."""
        known = [self.source, self.submission, self.results, *self.root.glob("*.json")]
        return [path for path in known if path.exists() or path.is_symlink()]

    def shut(self) -> None:
        """Make everything that is Gradescope's and ours root's alone; GradingError if it is not."""
        for path in self.private():
            if path.is_symlink():
                raise GradingError(f"{path} is a link: expected a folder or file of Gradescope's.")
            os.chown(path, 0, 0)
            path.chmod(0o700 if stat.S_ISDIR(path.stat().st_mode) else 0o600)
        seen = reachable(self.private())
        if seen:
            raise GradingError(
                f"A student's code could reach {', '.join(seen)}, although only root should. "
                "Nothing was graded. Is this file system one without permissions?"
            )


def shut_in(limits: Limits, thoroughly: bool = False) -> str:
    """The name of the sandbox that works here: namespaces, or else a user of the session's own.

    GradingError where neither does: a student's code is not run unprotected.
    """
    asked = os.environ.get("CS231N_SANDBOX")
    problems = []
    for name in [asked] if asked else ["bwrap", "user"]:
        try:
            driver = choose(name)
            if not driver.isolated:
                raise GradingError("it does not shut a student's code in")
            if name != "user" or thoroughly:  # some containers refuse later than when asked
                open_session(driver, (), limits).close()
            return name
        except GradingError as problem:
            problems.append(f"{name}: {problem}")
        finally:
            close_all()
    raise GradingError(
        "A student's code cannot be shut in here, so nothing was graded.\n" + "\n".join(problems)
    )


def grade(place: Place) -> dict:
    """Grade what lies in submission/. Returns the content of results.json."""
    start = time.monotonic()
    options = json.loads((place.source / "assignment.json").read_text(encoding="utf-8"))
    released, instructor = (
        {p.stem: p.read_bytes() for p in sorted((place.source / folder).glob("*.ipynb"))}
        for folder in ("released", "instructor")
    )
    earlier = json.loads((place.source / "earlier.json").read_text(encoding="utf-8"))
    submission = lifted(read_submission("", place.submission, IGNORED))
    if not any(name.endswith(".ipynb") for name in submission.files):
        return nothing_to_grade(released, [*submission.files, *submission.left_out])
    limits = in_time(limits_of_environment(), options["minutes"], len(released))
    assignment = Assignment(
        options["assignment"],
        released,
        instructor,
        secret=options["secret"],
        limits=limits,
        sandbox=shut_in(limits),
        earlier={n: {k: v.encode() for k, v in some.items()} for n, some in earlier.items()},
    )
    graded = grade_submission(assignment, submission)
    in_words = sum(
        points_in_words(nbformat.reads(data.decode(), as_version=nbformat.NO_CONVERT))
        for data in released.values()
    )
    seconds = time.monotonic() - start
    return as_results(graded.cards, in_words, options["visibility"], seconds)


def lifted(submission: Submission) -> Submission:
    """The submission without the folders around it: a zip of a folder is what many hand in."""
    files = dict(submission.files)
    while files and not any("/" not in name and name.endswith(".ipynb") for name in files):
        tops = {PurePosixPath(name).parts[0] for name in files if "/" in name}
        if len(tops) != 1:
            break
        files = {
            name.partition("/")[2] or name: data for name, data in files.items() if "/" in name
        }
    return replace(submission, files=files or submission.files)


def in_time(limits: Limits, minutes: float, notebooks: int) -> Limits:
    """Limits with which all notebooks are done before the container is ended."""
    most = max(LEAST, (60 * minutes - RESERVE) / max(notebooks, 1))
    return replace(
        limits,
        notebook_seconds=min(limits.notebook_seconds, most),
        cell_seconds=min(limits.cell_seconds, most),
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="run_autograder", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only see whether a student's code can be shut in"
    )
    args = parser.parse_args(argv)
    place = Place(Path(os.environ.get("AUTOGRADER_ROOT", "/autograder")))
    try:
        place.shut()
        if args.check:
            name = shut_in(limits_of_environment(), thoroughly=True)
            print(f"A student's code is shut in by: {name}")
            return 0
        files.write_all({place.results / "results.json": to_json(grade(place))})
    except (GradingError, SandboxFailed, OSError) as problem:
        print(f"NOT GRADED: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("Graded: results.json is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
