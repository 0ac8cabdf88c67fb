"""Visible checks of the notebook 5_im2col."""
