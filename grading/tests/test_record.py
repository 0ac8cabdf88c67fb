"""The gradebook after a batch is what nbgrader's own path leaves, row by row."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

import nbformat
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy import event

from grading.coordinator.gradebook_rows import late_penalty
from grading.coordinator.record import Entry, Recorder
from grading.engine.tasks import Graded
from grading.errors import GradingError
from grading.execute import RESULTS, SUBMISSION
from grading.intake import handed_in_at, read_submission
from grading.marks import mark_for_review, review_reason
from grading.reports import graded_from, read_report
from grading.scores import exercise_of
from grading.tests import graded_course as kit

BOTH = ("1_small", "2_essay")
SCORES = {}  # (student, exercise) -> score; anything else is full


class FakeRun(NbGraderPreprocessor):
    """In place of the step that runs a notebook: results as the test wants them."""

    def preprocess(self, nb, resources):
        student = resources["nbgrader"]["student"]
        results = {}
        for cell in nb.cells:
            name, points = exercise_of(cell), cell.metadata.get("nbgrader", {}).get("points")
            if name:
                score = SCORES.get((student, name), points)
                if score is None:
                    mark_for_review(nb, f"{name}: the process died")
                results[name] = {"score": score, "max_score": points, "checks": [], "mistakes": []}
        if review_reason(nb) and nb.metadata.cs231n.get("placeholder"):
            results = {name: result | {"score": None} for name, result in results.items()}
        resources[RESULTS] = results, review_reason(nb)
        resources[SUBMISSION] = submission_of(Path(self.parent.parent.coursedir.root), student).hash
        return nb, resources


def submission_of(root, student):
    return read_submission(student, root / "submitted" / student / kit.ASSIGNMENT)


class TenPercentADay(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return {"greedy": 99.0, "lucky": None}.get(
            student_id, score * total_seconds_late / 86400 / 10
        )


class Twice:
    """The same course graded by nbgrader (`theirs`) and by the recorder (`ours`)."""

    def __init__(self, built, folder):
        shutil.copytree(built, folder, dirs_exist_ok=True)
        shutil.copy(folder / "theirs.db", folder / "ours.db")
        self.root = folder / "course"
        self.theirs = f"sqlite:///{folder}/theirs.db"
        self.ours = f"sqlite:///{folder}/ours.db"
        self.config = c = kit.configuration(self.root, self.theirs)
        c.Autograde.exporter_class = "grading.submissions.ReadSubmission"
        c.Autograde.autograde_preprocessors = [
            FakeRun,
            "grading.save_scores.SaveScores",
            "nbgrader.preprocessors.AssignLatePenalties",
        ]
        c.AssignLatePenalties.plugin_class = TenPercentADay

    def grade(self, *students):
        """Grade students in both ways."""
        course = CourseDirectory(config=self.config)
        api = NbGraderAPI(coursedir=course, config=self.config)
        entries = []
        for student in students:
            before = read_report(self.root, kit.ASSIGNMENT, student)
            result = api.autograde(kit.ASSIGNMENT, student, force=True)
            assert result["success"], result
            submission = submission_of(self.root, student)
            timestamp, _ = handed_in_at(submission)
            same = frozenset(n for n in BOTH if graded_from(before, n) == submission.hash)
            entries.append(Entry(self.result(student), timestamp, same))
        penalty = late_penalty(self.config, course.log)
        with Recorder(self.ours, kit.COURSE, kit.ASSIGNMENT, penalty) as book:
            book.record(entries)

    def result(self, student):
        folder = self.root / "autograded" / student / kit.ASSIGNMENT
        notebooks = {p.stem: p.read_bytes() for p in folder.glob("*.ipynb")}
        cards = read_report(self.root, kit.ASSIGNMENT, student)["notebooks"]
        assert set(notebooks) == set(cards) == set(BOTH)
        return Graded(student, kit.ASSIGNMENT, notebooks, cards, "", "")

    def by_a_person(self, work):
        """Do the same in both gradebooks, as the formgrader would."""
        for url in (self.theirs, self.ours):
            with Gradebook(url, kit.COURSE) as gradebook:
                work(gradebook)
                gradebook.db.commit()

    def differences(self):
        theirs, ours = kit.rows(self.theirs), kit.rows(self.ours)
        return set(theirs) ^ set(ours)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    url = f"sqlite:///{folder}/theirs.db"
    kit.build(folder / "course", url)
    with Gradebook(url, kit.COURSE) as gradebook:
        due = {"duedate": "2026-03-01 12:00:00 UTC"}
        gradebook.update_or_create_assignment(kit.ASSIGNMENT, **due)
    return folder


@pytest.fixture
def twice(built, tmp_path):
    SCORES.clear()
    return Twice(built, tmp_path)


@pytest.fixture
def ann(built, tmp_path):
    """The course with one student, graded."""
    twice = Twice(built, tmp_path)
    kit.hand_in(twice.root, "ann", BOTH)
    twice.grade("ann")
    return twice


DAY = timedelta(days=1)
DUE = datetime(2026, 3, 1, 12)


def test_a_class_graded_twice_has_the_rows_that_nbgrader_writes(twice):
    SCORES.update({("bob", "double"): 0.5, ("bob", "square"): 0.0, ("dan", "halve"): None})
    for student, written, when in (
        ("ann", ("double", "halve", "square", "why"), "2026-02-28 10:00:00 UTC"),
        ("bob", ("double", "why"), "2026-03-02 12:00:00 UTC"),  # a day late
        ("dan", (), "2026-03-01 13:00:00 +0100"),
        ("eve", ("double",), None),
        ("greedy", (), "2026-03-05 12:00:00"),
        ("lucky", (), "2026-03-05 12:00:00"),
    ):
        kit.hand_in(twice.root, student, BOTH, written, when)
    twice.grade("ann", "bob", "dan", "eve", "greedy", "lucky")
    assert twice.differences() == set()
    assert len(kit.rows(twice.ours)) == 6 * (1 + 1 + 2 + 5 + 5)

    def review(gradebook):
        mine = gradebook.find_grade("double-check", "1_small", kit.ASSIGNMENT, "ann")
        mine.manual_score, mine.needs_manual_grade = 1.5, False
        essay = gradebook.find_grade("why", "2_essay", kit.ASSIGNMENT, "bob")
        essay.manual_score, essay.extra_credit, essay.needs_manual_grade = 1.0, 0.25, False
        drawing = gradebook.find_grade("draw", "2_essay", kit.ASSIGNMENT, "bob")
        drawing.manual_score, drawing.needs_manual_grade = 1.0, False
        comment = gradebook.find_comment("double", "1_small", kit.ASSIGNMENT, "dan")
        comment.manual_comment = "See me."
        gradebook.find_submission(kit.ASSIGNMENT, "bob").extension = timedelta(hours=12)

    twice.by_a_person(review)
    SCORES.update({("ann", "double"): 0.25, ("dan", "halve"): 1.0, ("eve", "square"): None})
    kit.hand_in(twice.root, "eve", BOTH, ("double", "why"), "2026-03-02 00:00:00 UTC")
    twice.grade("ann", "bob", "dan", "eve")
    assert twice.differences() == set()


def test_a_missing_notebook_is_no_zero_in_any_of_its_cells(twice):
    kit.hand_in(twice.root, "cal", ["1_small"], ("double",))
    twice.grade("cal")
    grades = {row[3]: row[5:] for row in kit.rows(twice.ours) if row[0] == "grade"}
    for cell in ("square-check", "why", "draw"):
        assert grades[cell] == (None, None, None, True), cell
    # nbgrader gives zero to a task in it: the only row that differs.
    assert {row[3] for row in twice.differences()} == {"draw"}


def by_hand(twice, cell, notebook, score):
    def give(gradebook):
        grade = gradebook.find_grade(cell, notebook, kit.ASSIGNMENT, "ann")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, 0.5, False
        name = cell.removesuffix("-check")
        comment = gradebook.find_comment(name, notebook, kit.ASSIGNMENT, "ann")
        comment.manual_comment = "I looked."

    twice.by_a_person(give)


def grade_of(twice, cell):
    assert twice.differences() == set()
    (row,) = (r for r in kit.rows(twice.ours) if r[0] == "grade" and r[3] == cell)
    assert ("I looked." in str(kit.rows(twice.ours))) == (row[6] is not None)
    return row[5:]


def test_a_persons_score_that_still_holds_need_not_be_looked_at_again(ann):
    by_hand(ann, "halve-check", "1_small", 2.0)
    by_hand(ann, "why", "2_essay", 1.0)
    ann.grade("ann")
    ann.grade("ann")
    assert grade_of(ann, "halve-check") == (3.0, 2.0, 0.5, False)
    assert grade_of(ann, "why") == (0.0, 1.0, 0.5, False)


def test_a_persons_score_is_looked_at_again_when_the_machine_gives_another(ann):
    by_hand(ann, "halve-check", "1_small", 2.0)
    SCORES["ann", "halve"] = 1.0
    ann.grade("ann")
    assert grade_of(ann, "halve-check") == (1.0, 2.0, 0.5, True)
    ann.grade("ann")  # and again, until somebody has
    assert grade_of(ann, "halve-check") == (1.0, 2.0, 0.5, True)


def test_a_persons_score_is_looked_at_again_when_something_else_was_handed_in(ann):
    kit.hand_in(ann.root, "ann", BOTH, ("why",))
    ann.grade("ann")
    by_hand(ann, "why", "2_essay", 1.0)
    ann.grade("ann")
    assert grade_of(ann, "why") == (None, 1.0, 0.5, False)
    kit.hand_in(ann.root, "ann", BOTH, ("why", "double"))
    ann.grade("ann")
    assert grade_of(ann, "why") == (None, 1.0, 0.5, True)


def test_what_a_students_cell_printed_is_never_a_score(ann):
    result = ann.result("ann")
    cards = {name: card | {"exercises": {}} for name, card in result.cards.items()}
    output = nbformat.v4.new_output("execute_result", data={"text/plain": "2.0"})
    notebooks = {}
    for name, data in result.notebooks.items():
        notebook = nbformat.reads(data.decode(), as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [output]
        notebooks[name] = nbformat.writes(notebook).encode()
    forged = Graded("ann", kit.ASSIGNMENT, notebooks, cards, "", "")
    with Recorder(ann.ours, kit.COURSE, kit.ASSIGNMENT) as book:
        book.record([Entry(forged)])
    for row in kit.rows(ann.ours):
        if row[0] == "grade" and row[3].endswith("-check"):
            assert row[5:] == (None, None, None, True)


def test_a_batch_that_fails_leaves_no_row_behind(ann):
    before = kit.rows(ann.ours)
    good = ann.result("ann")
    broken = Graded("zoe", kit.ASSIGNMENT, {"1_small": b"{"}, good.cards, "", "")
    with Recorder(ann.ours, kit.COURSE, kit.ASSIGNMENT) as book:
        with pytest.raises(ValueError, match="Expecting"):
            book.record([Entry(good), Entry(broken)])
        assert book.students() == {"ann"}
    assert kit.rows(ann.ours) == before


def test_a_student_whom_somebody_else_adds_meanwhile_is_no_accident(ann, monkeypatch):
    result = ann.result("ann")
    newcomer = Graded("new", kit.ASSIGNMENT, result.notebooks, result.cards, "", "")
    with Recorder(ann.ours, kit.COURSE, kit.ASSIGNMENT) as book:
        write, calls = book._write, []

        def too_late(db, entries):
            calls.append(entries)
            if len(calls) == 1:
                with Gradebook(ann.ours, kit.COURSE) as other:
                    other.add_student("new")
                db.execute(kit.text("INSERT INTO student (id) VALUES ('new')"))
            write(db, entries)

        monkeypatch.setattr(book, "_write", too_late)
        book.record([Entry(newcomer)])
        assert len(calls) == 2
        assert book.students() == {"ann", "new"}


def test_the_number_of_statements_does_not_grow_with_the_class(ann):
    result = ann.result("ann")

    def statements(students):
        entries = [
            Entry(Graded(s, kit.ASSIGNMENT, result.notebooks, result.cards, "", ""))
            for s in students
        ]
        counted = []
        with Recorder(ann.ours, kit.COURSE, kit.ASSIGNMENT) as book:
            event.listen(
                book._gradebook.engine, "before_cursor_execute", lambda *a: counted.append(a[2])
            )
            book.record(entries)
        return len(counted)

    few, many = statements(["a1", "a2"]), statements([f"b{n}" for n in range(60)])
    assert few == many
    assert many <= 16


def test_an_assignment_that_was_not_built_is_named(twice):
    with pytest.raises(GradingError, match="week7"):
        Recorder(twice.ours, kit.COURSE, "week7")


def test_a_gradebook_that_cannot_be_opened_is_told_in_a_sentence(tmp_path):
    with pytest.raises(GradingError, match="could not be opened"):
        Recorder(f"sqlite:///{tmp_path}/no/such/folder/gradebook.db", "c", "a")


def test_seconds_late_count_from_the_end_of_an_extension(twice):
    kit.hand_in(twice.root, "bob", BOTH)
    twice.grade("bob")
    with Gradebook(twice.ours, kit.COURSE) as gradebook:
        gradebook.db.query(SubmittedAssignment).one().extension = timedelta(days=2)
        gradebook.db.commit()
    result = twice.result("bob")
    penalty = late_penalty(twice.config, None)
    with Recorder(twice.ours, kit.COURSE, kit.ASSIGNMENT, penalty) as book:
        book.record([Entry(result, DUE + DAY)])
    assert [row[4] for row in kit.rows(twice.ours) if row[0] == "notebook"] == [None, None]
