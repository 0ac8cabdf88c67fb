"""Visible checks of the notebook 8_case_studies."""
