"""The course's rule for late work as nbgrader's plugin; nbgrader_config.py sets it up."""

from __future__ import annotations

from nbgrader.plugins import BasePlugin
from traitlets import Float

from grading.late import Late


class CourseLatePolicy(BasePlugin):
    """Takes the place of nbgrader's LateSubmissionPlugin where course.toml has a rule."""

    percent_per_day = Float(0.0, help="see grading/late.py").tag(config=True)
    at_most = Float(100.0, help="see grading/late.py").tag(config=True)
    zero_after_days = Float(None, allow_none=True, help="see grading/late.py").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points to take off a notebook's score, or None."""
        rule = Late(self.percent_per_day, self.at_most, self.zero_after_days)
        return rule.penalty(score, total_seconds_late)
