"""Stands in for the module that Google Colab puts into its kernels."""

from . import drive  # noqa: F401
