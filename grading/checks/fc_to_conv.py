"""Hidden checks of the notebook 6_fc_to_conv."""

from grading.checks import fast

HIDE = fast.NETWORKS
