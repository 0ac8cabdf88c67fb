"""Arrays and settings in one file: written whole or not at all, and read without running anything.

Files are safetensors: names, shapes and numbers, with a text for the settings. (A pickle can run
any program when it is opened.)
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

_KEY = "cs231n"  # of the settings in the file's metadata


def write(path, arrays: dict[str, np.ndarray], settings: dict) -> None:
    """Write a checkpoint; a file of this name is replaced, but only by a whole one.

    Inputs:
    - path: usually ends in .safetensors
    - arrays: name -> array, of any shape and order in memory
    - settings: what JSON can hold

    Raises FileNotFoundError when there is no such folder.
    """
    from safetensors.numpy import save_file

    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into.")
    # safetensors writes memory as it lies: an array in another order must be laid out first.
    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.touch()
        rights = part.stat().st_mode  # those of any new file; save_file's are the owner's alone
        save_file(arrays, part, metadata={_KEY: json.dumps(settings)})
        part.chmod(rights)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read(path) -> tuple[dict[str, np.ndarray], dict]:
    """Returns a tuple of the arrays and the settings that `write` was given.

    Raises FileNotFoundError when there is no such file, ValueError when it is none of ours.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY)
            names = list(file.keys())
            arrays = {name: file.get_tensor(name) for name in names} if text else {}
    except SafetensorError as problem:
        raise ValueError(f"{path} is no whole safetensors file: {problem}.") from None
    if text is None:
        raise ValueError(f"{path} is not a checkpoint of this course: it holds no settings.")
    return arrays, json.loads(text)
