"""nbgrader's configuration of this course. Run nbgrader's commands in the folder grading/.

The course (submissions, gradebook, feedback) lives in grading/course/, or in the folder that the
environment variable CS231N_COURSE names.
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from grading import settings  # noqa: E402
from grading.engine.limits import limits_of_environment  # noqa: E402
from grading.execute import RunNotebook, find_packages  # noqa: E402
from grading.review import formgrader  # noqa: E402
from grading.save_scores import SaveScores  # noqa: E402

find_packages(REPOSITORY)

c = get_config()  # noqa: F821 (given by traitlets)

c.CourseDirectory.root = str(settings.course_folder().resolve())
own = settings.load()
c.CourseDirectory.course_id = own.course_id
c.CourseDirectory.db_url = settings.database_url(Path(c.CourseDirectory.root))

c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("not implemented yet")'
}

# Downloads from a learning platform: ID.zip, ID_anything.zip or ID_NOTEBOOK.ipynb.
c.FileNameCollectorPlugin.named_regexp = (
    r".*/extracted/(?P<student_id>[^/_]+)(?:_[^/]*/(?:.*/)?|/(?:.*/)?|_)(?P<file_id>[^/]+)$"
)

# Submissions are read, repaired, run and scored by the kit's own steps; see how-it-works.md.
c.Autograde.exporter_class = "grading.submissions.ReadSubmission"
c.Autograde.autograde_preprocessors = [
    RunNotebook,
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    SaveScores,
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
if own.late.costs_anything():
    c.AssignLatePenalties.plugin_class = "grading.late_plugin.CourseLatePolicy"
    c.CourseLatePolicy.percent_per_day = float(own.late.percent_per_day)
    c.CourseLatePolicy.at_most = float(own.late.at_most)
    if own.late.zero_after_days is not None:
        c.CourseLatePolicy.zero_after_days = float(own.late.zero_after_days)
limits = limits_of_environment()
c.RunNotebook.call_timeout = limits.call_seconds
c.RunNotebook.timeout = limits.cell_seconds
c.RunNotebook.total_timeout = limits.notebook_seconds

c.GenerateFeedback.exporter_class = "grading.feedback.page.FeedbackPage"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "grading.feedback.card.AddScoreCard",
    "grading.feedback.page.TidyFeedback",
]

# The formgrader's own pages: nothing of a submission runs in the instructor's browser.
formgrader.put_right()
c.FormgradeExtension.debug = False  # it shows the configuration, a database's password with it
c.HTMLExporter.preprocessors = ["grading.harmless.HarmlessOutputs"]
c.HTMLExporter.filters = {"markdown2html": "grading.harmless.markdown2html"}

c.ExportApp.plugin_class = "grading.export.ExportWithReview"
