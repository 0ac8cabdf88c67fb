"""Hidden checks of the notebook 7_architectures."""

from grading.checks import fast

HIDE = fast.NETWORKS
