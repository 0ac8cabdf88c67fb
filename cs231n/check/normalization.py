"""Visible checks of the notebook 4_normalization."""
