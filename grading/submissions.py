"""Reading submissions, whatever state they are in.

:class:`ReadSubmission` takes the place of the part of ``nbgrader autograde`` that opens files. It
repairs what editors broke; where a notebook is missing or cannot be graded, the released notebook
stands in for it, marked for a person with the reason, and the student's other notebooks and the
rest of the class are graded as usual.
"""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde, NbGraderException
from sqlalchemy.exc import OperationalError

from cs231n.language import ENGLISH
from grading import marks
from grading.identify import best_match
from grading.intake import unfit_entries
from grading.notebooks import to_bytes
from grading.releases import store
from grading.releases.forward import bring_forward
from grading.releases.origin import origin
from grading.repair import Unreadable, read, repair
from grading.translation.edition import in_english, language_of, translated
from grading.unfinished import make_anew


class ReadSubmission(NotebookExporter):
    """nbgrader's notebook exporter, which no submission can stop."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.parent, Autograde):
            _expect_every_notebook(self.parent)
            _leave_links_out(self.parent)
            make_anew(self.parent)

    def from_filename(self, filename: str, resources: dict, **kwargs):
        """Convert one notebook. Returns a tuple of: its text, the resources."""
        resources["metadata"] = {"name": Path(filename).stem, "path": str(Path(filename).parent)}
        released = self._released(Path(filename).stem, resources["nbgrader"]["assignment"])
        if self.parent._sanitizing:
            notebook = prepare(Path(filename), released, self._earlier(released, resources))
        else:  # the second pass reads what the first one wrote
            notebook = nbformat.read(filename, as_version=nbformat.NO_CONVERT)
        try:
            return self.from_notebook_node(notebook, resources, **kwargs)
        except OperationalError:
            raise  # the gradebook's trouble, not the submission's
        except Exception as problem:
            self.log.exception("%s could not be graded", filename)
            reason = f"the grader could not work with it ({type(problem).__name__}: {problem})"
            return self.from_notebook_node(stand_in(released, reason), resources, **kwargs)

    def _earlier(self, released: NotebookNode, resources: dict) -> dict[str, NotebookNode]:
        """Label -> the same notebook in earlier releases."""
        name, assignment = resources["metadata"]["name"], resources["nbgrader"]["assignment"]
        root = Path(self.parent.coursedir.root)
        found = store.earlier(root, assignment, {name: to_bytes(released)}).get(name, {})
        return {
            label: nbformat.reads(data.decode(), as_version=nbformat.NO_CONVERT)
            for label, data in found.items()
        }

    def _released(self, notebook: str, assignment: str) -> NotebookNode:
        course = self.parent.coursedir
        folder = Path(course.format_path(course.release_directory, ".", assignment))
        return nbformat.read(folder / f"{notebook}.ipynb", as_version=nbformat.NO_CONVERT)


def prepare(
    path: Path, released: NotebookNode, earlier: Mapping[str, NotebookNode] | None = None
) -> NotebookNode:
    """The notebook at ``path``, repaired and marked; the released one where that cannot be done.

    A file that is not there is looked for under other names in its folder.

    earlier: label -> the same notebook in earlier releases, from which it may have been made
    """
    found = path if path.is_file() else _renamed(path, released)
    if found is None:
        return stand_in(released, "it was not handed in")
    try:
        submitted = read(found)
        language = language_of(submitted)
        today = translated(path.stem, released, language) if language != ENGLISH else released
        label = origin(submitted, today, earlier or {})
        base = earlier[label] if label else released
        if not label:
            submitted = in_english(path.stem, submitted, released)
        notebook, changes, reason = repair(submitted, base)
        if label and not reason:
            notebook, _, reason = bring_forward(notebook, base, released)
    except Unreadable as problem:
        reason = str(problem)
    if reason:
        return stand_in(released, reason)
    if found != path:
        changes = [f"The file was handed in as {found.name}.", *changes]
    marks.clear_marks(notebook)
    notebook.metadata[marks.KEY] = {"repairs": changes}
    marks.mark_language(notebook, language)
    if label:
        marks.mark_earlier_release(notebook, label)
    marks.mark_as_released(notebook, released)
    return notebook


def stand_in(released: NotebookNode, reason: str) -> NotebookNode:
    """The released notebook in place of one that cannot be graded, marked with the reason."""
    notebook = nbformat.from_dict(released)
    notebook.metadata[marks.KEY] = {"placeholder": True}
    marks.mark_for_review(notebook, reason)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.strip():
            cell.metadata.setdefault(marks.KEY, {})["not_run"] = reason
    return notebook


def _renamed(path: Path, released: NotebookNode) -> Path | None:
    """A notebook in the folder of ``path`` that nobody else claims and that looks like it."""
    others = {
        other: _read_or_none(other)
        for other in sorted(path.parent.glob("*.ipynb"))
        if other.is_file() and not _known(other, path)
    }
    return best_match(released, {o: nb for o, nb in others.items() if nb is not None})


def _known(other: Path, path: Path) -> bool:
    # submitted/STUDENT/ASSIGNMENT/x.ipynb stands for release/ASSIGNMENT/x.ipynb
    release = path.parents[3] / "release" / path.parent.name
    return (release / other.name).is_file()


def _read_or_none(path: Path) -> NotebookNode | None:
    try:
        return read(path)
    except Unreadable:
        return None


def _expect_every_notebook(converter: Autograde) -> None:
    """Add the notebooks that are missing from a submission to those that are to be graded."""
    course = converter.coursedir
    pattern = course.format_path(
        course.submitted_directory, course.student_id, course.assignment_id
    )
    release = Path(course.format_path(course.release_directory, ".", course.assignment_id))
    names = [p.name for p in sorted(release.glob("*.ipynb"))]
    names = [n for n in names if fnmatch.fnmatch(n, f"{course.notebook_id}.ipynb")]
    if not names:
        problem = (
            f"No released notebooks in {release}: run `python -m grading build` (or `nbgrader "
            f"generate_assignment {course.assignment_id}`) first."
        )
        converter.log.error(problem)
        raise NbGraderException(problem)
    for folder in filter(os.path.isdir, glob.glob(pattern)):
        there = converter.assignments.get(folder, [])
        missing = [os.path.join(folder, n) for n in names]
        converter.assignments[folder] = [*there, *(p for p in missing if p not in there)]


def _leave_links_out(converter: Autograde) -> None:
    """Before each submission, have nbgrader pass over its links, pipes and devices.

    It would copy what a link leads to, or read from a device without end.
    """
    course, then = converter.coursedir, converter.pre_convert_hook
    configured = list(course.ignore)

    def before_each(**names) -> None:
        unfit = unfit_entries(Path(names["notebooks"][0]).parent)
        for name, problem in unfit.items():
            converter.log.warning("Left out: %s %s", ascii(name), problem)
        course.ignore = [*configured, *map(glob.escape, unfit)]
        if then is not None:
            then(**names)

    converter.pre_convert_hook = before_each


__all__ = ["ReadSubmission", "prepare", "stand_in"]
