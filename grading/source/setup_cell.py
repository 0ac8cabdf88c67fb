# %% id="setup" tags=["setup"]
# Set-up. Run this cell first (Shift+Enter), in JupyterLab, VS Code or Google Colab.
# In Colab, tick the box to keep data, and find your other notebooks, in your Google Drive.
KEEP_IN_DRIVE = False  # @param {type:"boolean"}

import importlib.util
import subprocess
import sys

REPOSITORY = "@REPOSITORY@"
WHEELS = "@WHEELS@"


class SetUpProblem(Exception):
    """Shown as its message alone, without a traceback."""

    def _render_traceback_(self):
        return [str(self)]


def install(*what):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *what]
    return subprocess.run(pip, capture_output=True, text=True)


if importlib.util.find_spec("cs231n") is None:
    if "google.colab" not in sys.modules:
        raise SetUpProblem(
            "This notebook needs the course's package `cs231n`, and this kernel does not have it.\n"
            f"  The kernel runs {sys.executable}.\n\n"
            "If you have installed the package: choose the kernel of that environment.\n"
            "  JupyterLab: menu Kernel > Change Kernel.   VS Code: Select Kernel, top right.\n\n"
            "If not: open a terminal in the course's folder (it holds pyproject.toml) and type\n"
            f'  "{sys.executable}" -m pip install ".[lab]"\n'
            "then restart the kernel and run this cell again."
        )
    print("Installing the course's package ...")
    if not WHEELS or install("--no-index", "--find-links", WHEELS, "cs231n-kit").returncode:
        print("It is compiled here, which takes a few minutes, once a session ...")
        done = install(f"git+{REPOSITORY}")
        if done.returncode:
            raise SetUpProblem(
                f"The package could not be installed from {REPOSITORY}.\n"
                "Check that this address opens in your browser, then run this cell again.\n\n"
                + "\n".join(done.stderr.strip().splitlines()[-5:])
            )
    importlib.invalidate_caches()

import matplotlib.pyplot as plt
import numpy as np

from cs231n import check, data, language, vis

# %matplotlib inline
plt.rcParams["figure.figsize"] = (8.0, 5.0)
plt.rcParams["image.interpolation"] = "nearest"
plt.rcParams["image.cmap"] = "gray"
vis.add_alt_text()  # every picture says in words what it shows
language.use("en")

if KEEP_IN_DRIVE:
    from cs231n import colab

    colab.keep_in_drive()
