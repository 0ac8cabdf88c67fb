"""Visible checks of the notebook 9_train_convnet."""
