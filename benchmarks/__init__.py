"""Measurements. Every figure in docs/ comes from one command here."""
