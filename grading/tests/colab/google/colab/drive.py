"""Stands in for google.colab.drive: somebody's Drive is a folder."""

from pathlib import Path


def mount(mountpoint, force_remount=False, timeout_ms=120000, readonly=False):
    """Make the folder as Drive has it, and say what Colab says."""
    Path(mountpoint, "MyDrive", "Colab Notebooks").mkdir(parents=True, exist_ok=True)
    print(f"Mounted at {mountpoint}")
