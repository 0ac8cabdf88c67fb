"""Hidden checks of the notebook 4_normalization."""

from grading.checks import fast

HIDE = fast.EVERYTHING
