"""Hidden checks of the notebook 9_train_convnet."""

from grading.checks import fast

HIDE = fast.NETWORKS
