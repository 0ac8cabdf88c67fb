"""Google Colab: keep what would be lost with the runtime in the student's Google Drive.

Colab gives every session a new machine, and takes it away with all its files. Notebooks are saved
in Drive anyway; data sets and trained networks are not. Nothing in the course needs Drive.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cs231n.language import say

MOUNT = "/content/drive"
FOLDER = "cs231n"  # in MyDrive, made here
NOTEBOOKS = "Colab Notebooks"  # where Colab saves copies of notebooks


def keep_in_drive(mount: str | Path = MOUNT) -> Path | None:
    """Ask for the student's Drive, keep data there and look for other notebooks there.

    Sets the environment variables CS231N_DATA (MyDrive/cs231n/datasets) and CS231N_NOTEBOOKS
    (MyDrive/cs231n and MyDrive/Colab Notebooks), and makes MyDrive/cs231n the working folder, so
    that what a notebook saves lies there.

    Inputs:
    - mount: the folder at which Drive appears

    Prints what it did. Returns the folder; None, and says why, outside Colab or where Drive was not
    allowed: the course goes on without it.
    """
    if "google.colab" not in sys.modules:
        say("KEEP_IN_DRIVE is for Google Colab. Here your files stay where they are.")
        return None
    from google.colab import drive

    mount = Path(mount)
    try:
        drive.mount(str(mount))
        folder = mount / "MyDrive" / FOLDER
        (folder / "datasets").mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
    except Exception as why:  # Colab's own errors: refused, no answer, Drive full
        say(
            f"Google Drive could not be used ({why}). Everything works without it; what you save "
            "is lost when Colab disconnects. To try again, run this cell again."
        )
        return None
    os.environ["CS231N_DATA"] = str(folder / "datasets")
    places = [str(folder), str(mount / "MyDrive" / NOTEBOOKS)]
    others = os.environ.get("CS231N_NOTEBOOKS", "").split(os.pathsep)
    places += [place for place in others if place and place not in places]
    os.environ["CS231N_NOTEBOOKS"] = os.pathsep.join(places)
    say(
        f"What you save and the data sets are kept in {folder}. Your other notebooks are looked "
        f"for there and in {NOTEBOOKS}."
    )
    return folder
