"""Pictures to train networks on: CIFAR-10 where it is there, else a set made by code.

    d = get_data()                        # a dict, ready for training
    X_train, y_train, X_test, y_test = load_cifar10()

CIFAR-10 is looked for at the path given; else where the environment variable CS231N_DATA points;
else in the folder `datasets` beside the working directory (or a folder above it), or beside this
package. `python datasets/get_datasets.py cifar10` downloads it.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from cs231n import synthetic
from cs231n.cifar_pickle import read_batch
from cs231n.scenes import sample_images

__all__ = ["get_data", "load_cifar10", "load_synthetic", "sample_images"]

CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
CIFAR10_FOLDER = "cifar-10-batches-py"
CIFAR10_BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")
# (training, validation, test) pictures that get_data gives when not told otherwise
DEFAULT_SPLIT = {"cifar10": (49000, 1000, 1000), "synthetic": (4000, 500, 500)}


def get_data(
    name: str = "auto",
    *,
    path=None,
    num_training: int | None = None,
    num_validation: int | None = None,
    num_test: int | None = None,
    subtract_mean: bool = True,
) -> dict:
    """Pictures and labels, split and ready for training.

    Inputs:
    - name: "cifar10", "synthetic", or "auto" for CIFAR-10 if it is there and else the synthetic set
    - path: where CIFAR-10 is (see load_cifar10)
    - num_training, num_validation, num_test: how many pictures; None is 49000, 1000, 1000 for
      CIFAR-10 and 4000, 500, 500 for the synthetic set. Validation pictures are those that follow
      the training pictures.
    - subtract_mean: take the mean training picture away from all pictures

    Returns a dict of:
    - X_train, X_val, X_test: arrays (N, 3, 32, 32), float32, in 0..255 less the mean picture
    - y_train, y_val, y_test: labels (N,), int64 in 0..9
    - class_names: ten names
    - mean_image: (3, 32, 32), float32, what was subtracted (zeros if nothing was)
    - name: "cifar10" or "synthetic"

    Raises FileNotFoundError when CIFAR-10 was asked for and is not there, ValueError for a damaged
    file, an unknown name, or more pictures than there are.
    """
    if name not in ("auto", "cifar10", "synthetic"):
        raise ValueError(f'get_data knows "auto", "cifar10" and "synthetic", but not {name!r}.')
    if name == "auto":
        name = "synthetic" if path is None and find_cifar10() is None else "cifar10"
    asked = (num_training, num_validation, num_test)
    sizes = [default if n is None else n for n, default in zip(asked, DEFAULT_SPLIT[name])]
    if name == "cifar10":
        X_train, y_train, X_test, y_test = load_cifar10(path)
        class_names = CIFAR10_CLASSES
    else:
        # Fewer pictures are the first ones of the usual set, which is kept once made.
        num_train = max(sizes[0] + sizes[1], 4500)
        X_train, y_train, X_test, y_test = load_synthetic(num_train, max(sizes[2], 500))
        class_names = synthetic.CLASS_NAMES
    data = _split(X_train, y_train, X_test, y_test, sizes)
    mean = np.zeros((3, 32, 32), dtype=np.float32)
    if subtract_mean:
        mean = data["X_train"].mean(axis=0, dtype=np.float64).astype(np.float32)
        for part in ("X_train", "X_val", "X_test"):
            data[part] -= mean
    return {**data, "class_names": list(class_names), "mean_image": mean, "name": name}


def load_cifar10(path=None):
    """CIFAR-10 as its python archive holds it.

    Inputs:
    - path: the folder cifar-10-batches-py, or the folder it is in; None looks for it

    Returns a tuple of:
    - X_train: array (50000, 3, 32, 32), uint8, red, green, blue in 0..255
    - y_train: labels (50000,), int64 in 0..9, named in CIFAR10_CLASSES
    - X_test: array (10000, 3, 32, 32), uint8
    - y_test: labels (10000,), int64

    The files are pickles, which may run any program when read in the ordinary way. Here they are
    read by a reader that builds arrays and nothing else.

    Raises FileNotFoundError when the folder or one of its files is missing, ValueError when a file
    is damaged or not of this kind.
    """
    folder = find_cifar10(path)
    if folder is None:
        raise FileNotFoundError(_not_found(path))
    missing = [name for name in CIFAR10_BATCHES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} is there, but not its file{'s' * (len(missing) > 1)} {', '.join(missing)}. "
            "It may have been unpacked only in part. Delete the folder and run: "
            "python datasets/get_datasets.py cifar10"
        )
    parts = [read_batch(folder / name) for name in CIFAR10_BATCHES]
    X_train = np.concatenate([X for X, _ in parts[:-1]])
    y_train = np.concatenate([y for _, y in parts[:-1]])
    return X_train, y_train, *parts[-1]


def load_synthetic(num_train: int = 4500, num_test: int = 500, *, seed: int = 0, cache=None):
    """Ten classes of 32x32 pictures made by code, the same bytes every time.

    Inputs:
    - num_train, num_test: how many pictures; 5000 take about a second the first time
    - seed: another seed gives other pictures of the same classes
    - cache: folder where they are kept as .npy; None uses the `datasets` folder that is found, else
      ~/.cache/cs231n. Where nothing can be written they are simply made anew each time.

    Returns a tuple of:
    - X_train: array (num_train, 3, 32, 32), uint8
    - y_train: labels (num_train,), int64 in 0..9, named in synthetic.CLASS_NAMES
    - X_test: array (num_test, 3, 32, 32), uint8
    - y_test: labels (num_test,), int64
    """
    if num_train < 0 or num_test < 0:
        raise ValueError(f"The numbers of pictures cannot be negative: {num_train}, {num_test}.")
    num = num_train + num_test
    folder = _cache_folder() if cache is None else Path(cache)
    file = folder / "synthetic" / f"pictures-v{synthetic.VERSION}-{num}-seed{seed}.npy"
    pictures = _read_cached(file, (num, 32, 32, 3))
    if pictures is None:
        pictures = synthetic.make_pictures(num, seed)
        _write_cached(file, pictures)
    X = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    y = synthetic.make_labels(num, seed)
    return X[:num_train], y[:num_train], X[num_train:], y[num_train:]


def find_cifar10(path=None) -> Path | None:
    """The folder cifar-10-batches-py, or None. With a path, looks there and nowhere else."""
    places = [Path(path).expanduser()] if path is not None else _dataset_folders()
    for place in places:
        for folder in (place / CIFAR10_FOLDER, place):
            if any((folder / name).is_file() for name in CIFAR10_BATCHES):
                return folder
    return None


def _dataset_folders() -> list[Path]:
    """Where data sets may lie, the likeliest first."""
    if os.environ.get("CS231N_DATA"):
        return [Path(os.environ["CS231N_DATA"]).expanduser()]
    here = Path.cwd()
    above = [here, *here.parents][:4]  # a notebook lies two folders below the repository
    return [folder / "datasets" for folder in (*above, Path(__file__).resolve().parent.parent)]


def _not_found(path) -> str:
    if path is not None:
        looked = f"in {path}"
    else:
        looked = "in " + ", ".join(str(place) for place in dict.fromkeys(_dataset_folders()))
    return (
        f"CIFAR-10 was not found: looked for the folder {CIFAR10_FOLDER} {looked}. "
        "To download it (170 MB), run: python datasets/get_datasets.py cifar10\n"
        "If it is elsewhere, give its folder as `path` or in the environment variable CS231N_DATA. "
        'Without it, get_data("synthetic") gives pictures made by code.'
    )


def _split(X_train, y_train, X_test, y_test, sizes) -> dict:
    """The parts as float32, in a dict."""
    train, val, test = sizes
    if min(sizes) < 0 or train < 1:
        raise ValueError(
            "There must be at least one training picture and no negative number of others, but "
            f"training, validation and test are {train}, {val}, {test}."
        )
    if train + val > len(X_train) or test > len(X_test):
        raise ValueError(
            f"{train} training and {val} validation pictures must be taken from {len(X_train)}, "
            f"and {test} test pictures from {len(X_test)}: there are not enough. Ask for fewer."
        )
    return {
        "X_train": X_train[:train].astype(np.float32),
        "y_train": y_train[:train].copy(),
        "X_val": X_train[train : train + val].astype(np.float32),
        "y_val": y_train[train : train + val].copy(),
        "X_test": X_test[:test].astype(np.float32),
        "y_test": y_test[:test].copy(),
    }


def _cache_folder() -> Path:
    if os.environ.get("CS231N_DATA"):
        return Path(os.environ["CS231N_DATA"]).expanduser()
    for folder in _dataset_folders():
        if (folder / "get_datasets.py").is_file():
            return folder
    return Path.home() / ".cache" / "cs231n"


def _read_cached(file: Path, shape) -> np.ndarray | None:
    """The pictures of a file, or None where it is missing, damaged, or holds something else."""
    try:
        pictures = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sound = isinstance(pictures, np.ndarray) and pictures.shape == shape
    return pictures if sound and pictures.dtype == np.uint8 else None


def _write_cached(file: Path, pictures: np.ndarray) -> None:
    """Writes the file whole or not at all. A folder that cannot be written to is no error."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".making-", suffix=".npy")
        with os.fdopen(handle, "wb") as out:
            np.save(out, pictures, allow_pickle=False)
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    except OSError:
        pass
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
