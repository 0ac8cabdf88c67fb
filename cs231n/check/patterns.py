"""Visible checks of the notebook 7_architectures."""
