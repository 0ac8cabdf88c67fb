"""Hidden checks of the notebook 8_case_studies."""

from grading.checks import fast

HIDE = fast.NETWORKS
