"""Pictures to train networks on: CIFAR-10 where it is there, else a set made by code.

    d = get_data()                        # a dict, ready for training
    d = get_data("cifar10", download=True)
    X_train, y_train, X_test, y_test = load_cifar10()

CIFAR-10 is looked for at the path given; else where the environment variable CS231N_DATA points;
else in the folder `datasets` beside the working directory (or a folder above it), or beside this
package; else in ~/.cache/cs231n. Its folder, the folder that one is in, or its archive will do.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from cs231n import array_cache, synthetic
from cs231n.cifar_pickle import read_batch
from cs231n.language import say, translate
from cs231n.scenes import sample_images

__all__ = ["get_data", "load_cifar10", "load_synthetic", "sample_images"]

CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
CIFAR10_FOLDER = "cifar-10-batches-py"
CIFAR10_ARCHIVE = "cifar-10-python.tar.gz"
CIFAR10_BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")
CIFAR10_ARRAYS = ("X_train", "y_train", "X_test", "y_test")
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
    download: bool = False,
) -> dict:
    """Pictures and labels, split and ready for training.

    Inputs:
    - name: "cifar10", "synthetic", or "auto" for CIFAR-10 if it is there and else the synthetic set
    - path: where CIFAR-10 is (see load_cifar10)
    - num_training, num_validation, num_test: how many pictures; None is 49000, 1000, 1000 for
      CIFAR-10 and 4000, 500, 500 for the synthetic set. Validation pictures are those that follow
      the training pictures.
    - subtract_mean: take the mean training picture away from all pictures
    - download: fetch CIFAR-10 (170 MB) where it is not there

    Returns a dict of:
    - X_train, X_val, X_test: arrays (N, 3, 32, 32), float32, in 0..255 less the mean picture
    - y_train, y_val, y_test: labels (N,), int64 in 0..9
    - class_names: ten names, in the reader's language
    - mean_image: (3, 32, 32), float32, what was subtracted (zeros if nothing was)
    - name: "cifar10" or "synthetic"

    Raises FileNotFoundError when CIFAR-10 was asked for and is not there, ValueError for a damaged
    file, an unknown name, or more pictures than there are.
    """
    if name not in ("auto", "cifar10", "synthetic"):
        raise ValueError(f'get_data knows "auto", "cifar10" and "synthetic", but not {name!r}.')
    if name == "auto":
        here = path is not None or download or find_cifar10() or find_archive()
        name = "cifar10" if here else "synthetic"
        if not here:
            say(
                "CIFAR-10 was not found: these are pictures drawn by code. "
                'For CIFAR-10 (170 MB): data.get_data("cifar10", download=True)'
            )
    asked = (num_training, num_validation, num_test)
    sizes = [default if n is None else n for n, default in zip(asked, DEFAULT_SPLIT[name])]
    if name == "cifar10":
        X_train, y_train, X_test, y_test = load_cifar10(path, download=download)
        class_names = CIFAR10_CLASSES
    else:
        # Fewer pictures are the first ones of the usual set, which is kept once made.
        num_train = max(sizes[0] + sizes[1], 4500)
        X_train, y_train, X_test, y_test = load_synthetic(num_train, max(sizes[2], 500))
        class_names = synthetic.CLASS_NAMES
    _check_sizes(sizes, len(X_train), len(X_test))
    train, val, test = sizes
    parts = {
        "train": (X_train[:train], y_train[:train]),
        "val": (X_train[train : train + val], y_train[train : train + val]),
        "test": (X_test[:test], y_test[:test]),
    }
    mean = np.zeros((3, 32, 32), dtype=np.float32)
    if subtract_mean:
        # A sum of whole numbers is exact: 2**32 is enough for 16 million pictures.
        mean = (X_train[:train].sum(axis=0, dtype=np.uint32) / train).astype(np.float32)
    data = {}
    for part, (X, y) in parts.items():
        data[f"X_{part}"] = _less(X, mean)
        data[f"y_{part}"] = y.copy()
    names = list(map(translate, class_names))
    return {**data, "class_names": names, "mean_image": mean, "name": name}


def load_cifar10(path=None, *, download: bool = False):
    """CIFAR-10 as its python archive holds it.

    Inputs:
    - path: the folder cifar-10-batches-py, the folder it is in, or the archive (which is unpacked
      beside it, or in ~/.cache/cs231n, the first time); None looks for it
    - download: fetch it (170 MB) where it is not there: into `path`, else where data sets lie

    Returns a tuple of:
    - X_train: array (50000, 3, 32, 32), uint8, red, green, blue in 0..255
    - y_train: labels (50000,), int64 in 0..9, named in CIFAR10_CLASSES
    - X_test: array (10000, 3, 32, 32), uint8
    - y_test: labels (10000,), int64

    The arrays are kept as .npy the first time, and later mapped from there. They may be written to:
    that changes this program's arrays, and neither the files nor what a later call gives.

    The batches are pickles, which may run any program when read in the ordinary way. Here they are
    read by a reader that builds arrays and nothing else.

    Raises FileNotFoundError when the set or one of its files is missing, ValueError when a file
    is damaged or not of this kind, cs231n.transfer.DownloadFailed when it cannot be downloaded or
    unpacked.
    """
    folder = find_cifar10(path) or _unpacked(find_archive(path))
    if download and (folder is None or _missing(folder)):
        from cs231n.download import get_cifar10

        inside = folder is not None and folder.name == CIFAR10_FOLDER
        folder = get_cifar10(folder.parent if inside else home_folder(path))
    if folder is None:
        raise FileNotFoundError(_not_found(path))
    if missing := _missing(folder):
        raise FileNotFoundError(
            f"{folder} is there, but not its file{'s' * (len(missing) > 1)} {', '.join(missing)}. "
            "It may have been unpacked only in part. Delete the folder and run: "
            "python -m cs231n.download cifar10"
        )
    return _mapped(folder)


def _missing(folder: Path) -> list[str]:
    return [name for name in CIFAR10_BATCHES if not (folder / name).is_file()]


def _unpacked(archive: Path | None) -> Path | None:
    """The folder of an archive's files, unpacked if they are not yet."""
    if archive is None:
        return None
    from cs231n.cifar_archive import install, is_complete

    places = (archive.absolute().parent, _user_folder())
    for place in places:
        if is_complete(place / CIFAR10_FOLDER):
            return place / CIFAR10_FOLDER
    beside, elsewhere = places
    if os.access(beside, os.W_OK):
        return install(archive, beside)
    elsewhere.mkdir(parents=True, exist_ok=True)
    return install(archive, elsewhere)


def _mapped(folder: Path) -> tuple:
    """The arrays of a folder of batches, from the .npy files kept in it (or, where it may not be
    written to, in the user's cache); they are made when they are missing, damaged or older."""
    files = [folder / name for name in CIFAR10_BATCHES]
    name = f"arrays-{array_cache.key_of(files)}"
    of_this_folder = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    places = (folder / name, _user_folder() / f"cifar-10-{of_this_folder}" / name)
    for place in places:
        arrays = array_cache.read(place, CIFAR10_ARRAYS)
        if arrays is not None and _sound(*arrays):
            return tuple(arrays)
    batches = [read_batch(file) for file in files]
    X_train = np.concatenate([X for X, _ in batches[:-1]])
    y_train = np.concatenate([y for _, y in batches[:-1]])
    arrays = (X_train, y_train, *batches[-1])
    place = places[0 if os.access(folder, os.W_OK) else 1]
    array_cache.write(place, dict(zip(CIFAR10_ARRAYS, arrays)))
    return arrays


def _sound(X_train, y_train, X_test, y_test) -> bool:
    return all(
        X.dtype == np.uint8
        and y.dtype == np.int64
        and X.shape == (*y.shape, 3, 32, 32)
        and ((y >= 0) & (y <= 9)).all()
        for X, y in ((X_train, y_train), (X_test, y_test))
    )


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
    folder = home_folder() if cache is None else Path(cache)
    file = folder / "synthetic" / f"pictures-v{synthetic.VERSION}-{num}-seed{seed}.npy"
    pictures = array_cache.read_one(file, (num, 32, 32, 3))
    if pictures is None:
        pictures = synthetic.make_pictures(num, seed)
        array_cache.write_one(file, pictures)
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


def find_archive(path=None) -> Path | None:
    """The archive of CIFAR-10, or None. With a path, looks there and nowhere else; a path that is a
    file is taken for the archive."""
    places = [Path(path).expanduser()] if path is not None else _dataset_folders()
    for place in places:
        for file in (place, place / CIFAR10_ARCHIVE):
            if file.is_file():
                return file
    return None


def home_folder(path=None) -> Path:
    """Where data sets are put that are downloaded or made."""
    if path is not None:
        return Path(path).expanduser()
    if os.environ.get("CS231N_DATA"):
        given = Path(os.environ["CS231N_DATA"]).expanduser()
        return given.absolute().parent if given.is_file() else given
    for folder in _dataset_folders():
        if (folder / "get_datasets.py").is_file():
            return folder
    return _user_folder()


def _user_folder() -> Path:
    try:
        return Path.home() / ".cache" / "cs231n"
    except RuntimeError:  # a user without a home, as in some containers: nothing can be kept
        return Path(os.devnull) / "cs231n"


def _dataset_folders() -> list[Path]:
    """Where data sets may lie, the likeliest first."""
    if os.environ.get("CS231N_DATA"):
        return [Path(os.environ["CS231N_DATA"]).expanduser()]
    here = Path.cwd()
    above = [here, *here.parents][:4]  # a notebook lies two folders below the repository
    places = (*above, Path(__file__).resolve().parent.parent)
    return [*(folder / "datasets" for folder in places), _user_folder()]


def _not_found(path) -> str:
    places = [path] if path is not None else dict.fromkeys(_dataset_folders())
    return f"""CIFAR-10 was not found: looked for the folder {CIFAR10_FOLDER}, or its archive
{CIFAR10_ARCHIVE}, in {", ".join(str(place) for place in places)}.
To download it (170 MB):
  in a notebook:  data.load_cifar10(download=True)  or  data.get_data("cifar10", download=True)
  in a terminal:  python -m cs231n.download cifar10
If it is elsewhere, give its folder or its archive as `path`, or in the variable CS231N_DATA.
Without it, get_data("synthetic") gives pictures drawn by code, and needs no network."""


def _less(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """X - mean as float32, some pictures at a time: they stay in the processor's cache, which takes
    a seventh of the time of doing it in one go."""
    out = np.empty(X.shape, dtype=np.float32)
    for start in range(0, len(X), 256):
        some = slice(start, start + 256)
        np.subtract(X[some].astype(np.float32), mean, out=out[some])
    return out


def _check_sizes(sizes, num_train: int, num_test: int) -> None:
    train, val, test = sizes
    if min(sizes) < 0 or train < 1:
        raise ValueError(
            "There must be at least one training picture and no negative number of others, but "
            f"training, validation and test are {train}, {val}, {test}."
        )
    if train + val > num_train or test > num_test:
        raise ValueError(
            f"{train} training and {val} validation pictures must be taken from {num_train}, "
            f"and {test} test pictures from {num_test}: there are not enough. Ask for fewer."
        )
