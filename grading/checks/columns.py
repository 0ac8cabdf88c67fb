"""Hidden checks of the notebook 5_im2col."""

from grading.checks import fast

HIDE = fast.EVERYTHING
