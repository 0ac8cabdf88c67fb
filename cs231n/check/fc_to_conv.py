"""Visible checks of the notebook 6_fc_to_conv."""
