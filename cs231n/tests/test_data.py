"""CIFAR-10 is read right, found where it should be, and never trusted."""

import hashlib
import os
import pickle
import shutil
import struct
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import cifar_archive, data, download, language
from cs231n.cifar_pickle import read_batch
from cs231n.transfer import DownloadFailed


def pictures_and_labels(num=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (num, 3072), dtype=np.uint8), rng.integers(0, 10, num).tolist()


def python2_pickle(X, labels) -> bytes:
    """A batch as Python 2 wrote the official files, opcode by opcode."""

    def text(word):
        return b"U" + bytes([len(word)]) + word

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        b"(K\x01(J" + struct.pack("<i", X.shape[0]) + b"J" + struct.pack("<i", X.shape[1]) + b"t"
        b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR"
        b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<i", X.size) + X.tobytes() + b"tb"
    )
    numbers = b"(" + b"".join(b"K" + bytes([y]) for y in labels) + b"l"
    label = text(b"batch_label") + text(b"training batch 1 of 5")
    return b"\x80\x02}(" + label + text(b"labels") + numbers + text(b"data") + array + b"u."


def write_set(folder, num=20):
    """A small CIFAR-10 in its official layout; returns its arrays."""
    folder.mkdir(parents=True)
    sets = [pictures_and_labels(num, seed) for seed in range(6)]
    for name, (X, y) in zip(data.CIFAR10_BATCHES, sets):
        (folder / name).write_bytes(python2_pickle(X, y))
    return sets


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data of this machine is seen, none is written to it, nothing is asked of the network."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("CS231N_MIRRORS", raising=False)
    monkeypatch.setattr(download, "ADDRESSES", ())
    monkeypatch.setenv("CS231N_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- reading -------------------------------------------------------------------------------------


def test_official_files_give_the_pixels_in_their_places(tmp_path):
    sets = write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    X_train, y_train, X_test, y_test = data.load_cifar10()
    assert X_train.shape == (100, 3, 32, 32)
    assert X_train.dtype == np.uint8
    assert y_train.dtype == np.int64
    row, y = sets[1][0][3], sets[1][1][3]  # picture 3 of the second batch
    assert y_train[23] == y
    assert X_train[23, 2, 5, 7] == row[2 * 1024 + 5 * 32 + 7]  # blue, line 5, column 7
    np.testing.assert_array_equal(X_test.reshape(20, 3072), sets[5][0])
    assert y_test.tolist() == sets[5][1]


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_files_written_by_python_3_can_be_read(tmp_path, module):
    X, y = pictures_and_labels()
    raw = pickle.dumps({b"data": X, b"labels": y, b"filenames": [b"a.png"]}, protocol=2)
    for other in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        raw = raw.replace(b"c" + other + b"\n", b"c" + module + b"\n")
    (tmp_path / "batch").write_bytes(raw)
    pictures, labels = read_batch(tmp_path / "batch")
    np.testing.assert_array_equal(pictures.reshape(20, 3072), X)
    assert labels.tolist() == y


# --- not trusting --------------------------------------------------------------------------------


class Runs:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("place", ["all", "labels", "data"])
def test_a_file_cannot_run_a_program(tmp_path, protocol, place):
    mark = tmp_path / "was-run"
    evil = Runs(os.system, f"touch {mark}")
    X, _ = pictures_and_labels()
    batch = {"all": evil, "labels": {b"data": X, b"labels": evil}, "data": {b"data": evil}}[place]
    (tmp_path / "batch").write_bytes(pickle.dumps(batch, protocol=protocol))
    with pytest.raises(ValueError, match=r"asks for \w+\.\w+"):
        read_batch(tmp_path / "batch")
    assert not mark.exists()


@pytest.mark.parametrize(
    "function", [eval, exec, getattr, print, np.load, np.ndarray, np.dtype, bytearray]
)
def test_no_function_is_called_but_our_own(tmp_path, function):
    raw = pickle.dumps(Runs(function, "1"), protocol=2)
    (tmp_path / "batch").write_bytes(raw)
    with pytest.raises(ValueError, match="damaged or is not a batch"):
        read_batch(tmp_path / "batch")


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_at_all_give_a_clear_error(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("bytes") / "data_batch_1"
    file.write_bytes(b"\x80\x02" + raw)
    with pytest.raises(ValueError, match="data_batch_1 is damaged"):
        read_batch(file)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_cut_short_is_called_damaged(tmp_path_factory, draw):
    raw = python2_pickle(*pictures_and_labels(2))
    cut = draw.draw(st.integers(0, len(raw) - 1))
    file = tmp_path_factory.mktemp("cut") / "test_batch"
    file.write_bytes(raw[:cut])
    with pytest.raises(ValueError, match=r"cs231n\.download cifar10"):
        read_batch(file)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({b"data": np.zeros((2, 3072))}, "other than bytes"),
        ({b"data": np.zeros((2, 3072), order="F", dtype=np.uint8)}, "other than bytes"),
        ({b"data": np.zeros((3, 3072), dtype=np.uint8)}, "2 labels"),
        ({b"data": np.zeros((2, 32 * 32), dtype=np.uint8)}, "2 labels"),
        ({b"data": np.zeros((1, 2 * 3072), dtype=np.uint8)}, "2 labels"),
        ({b"labels": [0, 10]}, "outside 0..9"),
        ({b"labels": ["cat", "dog"]}, "whole numbers"),
        ({b"data": [1, 2]}, "not an array"),
    ],
)
def test_a_batch_of_something_else_is_refused_with_the_reason(tmp_path, change, why):
    batch = {b"data": np.zeros((2, 3072), dtype=np.uint8), b"labels": [0, 1], **change}
    (tmp_path / "batch").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(ValueError, match=why):
        read_batch(tmp_path / "batch")


def test_a_file_cannot_make_python_take_all_memory(tmp_path):
    """Objects of a pickle are numbered, and Python makes room up to the highest number."""
    (tmp_path / "batch").write_bytes(b"\x80\x02Nr" + struct.pack("<I", 20_000_000) + b".")
    with pytest.raises(ValueError, match="number 20000000 has no place"):
        read_batch(tmp_path / "batch")


# --- finding -------------------------------------------------------------------------------------


def test_it_is_found_by_path_whichever_folder_is_meant(tmp_path):
    write_set(tmp_path / "elsewhere" / data.CIFAR10_FOLDER)
    for path in (tmp_path / "elsewhere", str(tmp_path / "elsewhere" / data.CIFAR10_FOLDER)):
        assert len(data.load_cifar10(path)[0]) == 100


def test_a_notebook_two_folders_down_finds_the_repositorys_data(tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATA")
    write_set(tmp_path / "datasets" / data.CIFAR10_FOLDER)
    (tmp_path / "assignments" / "assignment1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "assignments" / "assignment1")
    assert data.find_cifar10() == tmp_path / "datasets" / data.CIFAR10_FOLDER


def test_the_environment_variable_goes_before_the_working_directory(tmp_path):
    write_set(tmp_path / "datasets" / data.CIFAR10_FOLDER)
    assert data.find_cifar10() is None
    write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    assert data.find_cifar10() == tmp_path / "data" / data.CIFAR10_FOLDER


def test_what_is_missing_is_named_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        data.load_cifar10()
    for hint in (
        *("python -m cs231n.download cifar10", "data.load_cifar10(download=True)", "CS231N_DATA"),
        *(str(tmp_path / "data"), data.CIFAR10_ARCHIVE, 'get_data("synthetic")'),
    ):
        assert hint in str(error.value)
    with pytest.raises(FileNotFoundError, match="not-here"):
        data.load_cifar10(tmp_path / "not-here")
    write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    (tmp_path / "data" / data.CIFAR10_FOLDER / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match="not its file data_batch_4"):
        data.load_cifar10()


def archive_of_a_set(folder, monkeypatch):
    """A small set, packed into an archive that counts as the official one."""
    write_set(folder / "unpacked" / data.CIFAR10_FOLDER)
    names = [*data.CIFAR10_BATCHES, "batches.meta"]
    (folder / "unpacked" / data.CIFAR10_FOLDER / "batches.meta").write_bytes(b"")
    archive = folder / data.CIFAR10_ARCHIVE
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name in names:
            name = f"{data.CIFAR10_FOLDER}/{name}"
            tar.add(folder / "unpacked" / name, name)
    shutil.rmtree(folder / "unpacked")
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setitem(cifar_archive.CIFAR10, "md5", md5)
    monkeypatch.setitem(cifar_archive.CIFAR10, "archive_bytes", archive.stat().st_size)
    return archive


@pytest.mark.parametrize("given", ["file", "folder", "variable, file", "variable, folder"])
def test_an_archive_will_do_and_is_unpacked_once(tmp_path, monkeypatch, given):
    (tmp_path / "downloads").mkdir()
    archive = archive_of_a_set(tmp_path / "downloads", monkeypatch)
    place = archive if "file" in given else archive.parent
    if "variable" in given:
        monkeypatch.setenv("CS231N_DATA", str(place))
        place = None
    assert len(data.load_cifar10(place)[0]) == 100
    assert archive.exists()
    assert (archive.parent / data.CIFAR10_FOLDER / "test_batch").exists()
    monkeypatch.setattr(cifar_archive, "unpack", None)
    monkeypatch.setattr(data.os, "access", lambda *_: False)  # nor is it unpacked elsewhere
    assert len(data.load_cifar10(place)[0]) == 100
    assert data.get_data(path=place, num_training=5, num_validation=0, num_test=5)["name"]


def test_where_the_variable_names_an_archive_other_sets_are_kept_beside_it(tmp_path, monkeypatch):
    (tmp_path / "archive.tgz").write_bytes(b"")
    monkeypatch.setenv("CS231N_DATA", str(tmp_path / "archive.tgz"))
    data.load_synthetic(2, 1)
    assert len(list((tmp_path / "synthetic").glob("pictures-*.npy"))) == 1


def test_an_archive_in_a_folder_that_may_not_be_written_to_goes_into_the_cache(
    tmp_path, monkeypatch
):
    (tmp_path / "downloads").mkdir()
    archive = archive_of_a_set(tmp_path / "downloads", monkeypatch)
    monkeypatch.setattr(data.os, "access", lambda place, _: place != archive.parent)
    for _ in range(2):
        assert len(data.load_cifar10(archive)[0]) == 100
        monkeypatch.setattr(cifar_archive, "unpack", None)
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert (tmp_path / "home" / ".cache" / "cs231n" / data.CIFAR10_FOLDER).is_dir()


def test_a_file_that_is_not_the_archive_is_refused_and_named(tmp_path):
    (tmp_path / "x.tgz").write_bytes(b"x")
    with pytest.raises(DownloadFailed, match=r"x\.tgz is not the archive"):
        data.load_cifar10(tmp_path / "x.tgz")


@pytest.mark.parametrize("call", ["load", "get", "get auto", "incomplete"])
def test_it_can_be_downloaded_from_a_notebook(tmp_path, monkeypatch, call):
    archive = archive_of_a_set(tmp_path, monkeypatch)
    monkeypatch.setattr(download, "ADDRESSES", (archive.as_uri(),))
    few = {"num_training": 5, "num_validation": 0, "num_test": 5}
    if call == "incomplete":
        (tmp_path / "data" / data.CIFAR10_FOLDER).mkdir(parents=True)
        (tmp_path / "data" / data.CIFAR10_FOLDER / "data_batch_1").write_bytes(b"half")
    if call in ("load", "incomplete"):
        assert len(data.load_cifar10(download=True)[0]) == 100
    elif call == "get":
        assert data.get_data("cifar10", download=True, **few)["name"] == "cifar10"
    else:
        assert data.get_data(download=True, **few)["name"] == "cifar10"
    assert (tmp_path / "data" / data.CIFAR10_FOLDER / "test_batch").exists()


def test_without_a_clone_downloads_go_into_the_users_cache(tmp_path, monkeypatch):
    """As in Colab, where only the package is installed."""
    monkeypatch.delenv("CS231N_DATA")
    monkeypatch.setattr(data, "__file__", str(tmp_path / "site-packages" / "cs231n" / "data.py"))
    archive = archive_of_a_set(tmp_path, monkeypatch)
    monkeypatch.setattr(download, "ADDRESSES", (archive.as_uri(),))
    data.load_cifar10(download=True)
    assert data.find_cifar10() == tmp_path / "home" / ".cache" / "cs231n" / data.CIFAR10_FOLDER


def test_a_user_without_a_home_gets_pictures_all_the_same(monkeypatch, tmp_path):
    def home():
        raise RuntimeError("Could not determine home directory.")

    write_set(tmp_path / "datasets" / data.CIFAR10_FOLDER)
    monkeypatch.setattr(data.Path, "home", home)
    monkeypatch.delenv("CS231N_DATA")
    assert len(data.load_cifar10()[0]) == 100
    monkeypatch.setattr(data.os, "access", lambda *_: False)
    shutil.rmtree(next((tmp_path / "datasets" / data.CIFAR10_FOLDER).glob("arrays-*")))
    assert len(data.load_cifar10()[0]) == 100


# --- kept as arrays ------------------------------------------------------------------------------


@pytest.fixture
def batches(tmp_path):
    folder = tmp_path / "data" / data.CIFAR10_FOLDER
    write_set(folder)
    return folder


def no_pickles(monkeypatch):
    def read_batch(_):
        raise AssertionError("a pickle was read")

    monkeypatch.setattr(data, "read_batch", read_batch)


def test_the_second_time_no_pickle_is_read_and_the_arrays_are_the_same(batches, monkeypatch):
    first = data.load_cifar10()
    no_pickles(monkeypatch)
    for array, again in zip(first, data.load_cifar10()):
        assert type(again) is np.ndarray
        assert again.dtype == array.dtype
        np.testing.assert_array_equal(array, again)


def test_arrays_may_be_written_to_and_the_next_ones_are_as_before(batches):
    before = [array.copy() for array in data.load_cifar10()]
    for _ in range(2):
        arrays = data.load_cifar10()
        for array, expected in zip(arrays, before):
            np.testing.assert_array_equal(array, expected)
            array[:] = 9 - array[::-1]
            assert not np.array_equal(array, expected)


@pytest.mark.parametrize("change", ["other content", "another time", "another size"])
def test_changed_batches_are_read_anew_and_take_the_place_of_the_old(batches, change):
    data.load_cifar10()
    (old,) = batches.glob("arrays-*")
    X, y = pictures_and_labels(20 if change != "another size" else 30, seed=99)
    file = batches / "data_batch_1"
    time = file.stat().st_mtime_ns
    if change != "another time":
        file.write_bytes(python2_pickle(X, y))
    os.utime(file, ns=(time, time + (change != "another size")))
    _, y_train, _, _ = data.load_cifar10()
    if change != "another time":
        assert y_train[: len(y)].tolist() == y
    (new,) = batches.glob("arrays-*")
    assert new != old


def rubbish(folder, name, content):
    np.save(folder / f"{name}.npy", content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "X_train.npy").unlink(),
        lambda folder: (folder / "X_train.npy").write_bytes(b""),
        lambda folder: (folder / "X_train.npy").write_bytes(
            (folder / "X_train.npy").read_bytes()[:-1]
        ),
        lambda folder: rubbish(folder, "X_test", np.zeros((20, 3, 32, 32))),
        lambda folder: rubbish(folder, "X_test", np.zeros((19, 3, 32, 32), dtype=np.uint8)),
        lambda folder: rubbish(folder, "y_test", np.full(20, 10)),
        lambda folder: rubbish(folder, "y_test", np.array([print] * 20)),
    ],
    ids=["missing", "empty", "cut", "dtype", "shape", "labels", "objects"],
)
def test_damaged_arrays_are_made_anew(batches, spoil, monkeypatch):
    before = [array.copy() for array in data.load_cifar10()]
    (folder,) = batches.glob("arrays-*")
    spoil(folder)
    data.load_cifar10()
    no_pickles(monkeypatch)
    for array, expected in zip(data.load_cifar10(), before):
        np.testing.assert_array_equal(array, expected)


def test_a_folder_that_may_not_be_written_to_is_no_error(batches, tmp_path, monkeypatch):
    monkeypatch.setattr(data.os, "access", lambda place, _: place != batches)
    data.load_cifar10()
    assert not list(batches.glob("arrays-*"))
    no_pickles(monkeypatch)  # the user's cache has them
    data.load_cifar10()


def test_where_nothing_can_be_written_it_still_loads(batches, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert len(data.load_cifar10()[0]) == 100
    assert sorted(path.name for path in batches.iterdir()) == sorted(data.CIFAR10_BATCHES)


def test_what_a_kill_left_half_made_is_never_read_and_goes_away(batches):
    (batches / ".making-x").mkdir()
    (batches / ".making-x" / "X_train.npy").write_bytes(b"half")
    data.load_cifar10()
    assert not list(batches.glob(".making-*"))


# --- ready for training --------------------------------------------------------------------------


def test_training_data_come_split_and_centred(tmp_path):
    sets = write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    d = data.get_data(num_training=70, num_validation=30, num_test=5)
    assert d["name"] == "cifar10"
    assert d["class_names"][3] == "cat"
    assert [len(d[f"X_{part}"]) for part in ("train", "val", "test")] == [70, 30, 5]
    assert [len(d[f"y_{part}"]) for part in ("train", "val", "test")] == [70, 30, 5]
    assert d["X_train"].dtype == np.float32
    np.testing.assert_allclose(d["X_train"].mean(axis=0), 0, atol=1e-4)
    # validation pictures are those after the training pictures, centred by the same mean
    first = (d["X_val"][0] + d["mean_image"]).reshape(-1)
    np.testing.assert_allclose(first, sets[3][0][10], atol=1e-3)
    assert d["y_val"][0] == sets[3][1][10]


def test_the_mean_can_be_left_in(tmp_path):
    sets = write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    d = data.get_data(num_training=50, num_validation=10, num_test=20, subtract_mean=False)
    np.testing.assert_array_equal(d["X_test"].reshape(20, 3072), sets[5][0])
    assert not d["mean_image"].any()


def test_without_cifar10_the_synthetic_set_takes_its_place_and_says_so(capsys):
    d = data.get_data(num_training=200, num_validation=50, num_test=40)
    assert d["name"] == "synthetic"
    assert d["X_train"].shape == (200, 3, 32, 32)
    assert len(d["class_names"]) == 10
    (line,) = capsys.readouterr().out.splitlines()
    assert "drawn by code" in line
    assert 'data.get_data("cifar10", download=True)' in line
    data.get_data("synthetic", num_training=200)
    assert capsys.readouterr().out == ""  # it was asked for
    with pytest.raises(FileNotFoundError):
        data.get_data("cifar10")
    with pytest.raises(FileNotFoundError):
        data.get_data(path="no-such-folder")


def test_class_names_are_in_the_readers_language_and_numbers_the_same():
    sizes = dict(num_training=20, num_validation=5, num_test=5)
    english = data.get_data("synthetic", **sizes)
    with language.using("zh"):
        chinese = data.get_data("synthetic", **sizes)
    assert (english["class_names"][0], chinese["class_names"][0]) == ("disc", "圆盘")
    assert len({*chinese["class_names"]}) == 10
    np.testing.assert_array_equal(english["y_train"], chinese["y_train"])


def test_fewer_synthetic_pictures_are_the_first_of_the_usual_ones():
    few = data.get_data("synthetic", num_training=50, subtract_mean=False)
    usual = data.get_data("synthetic", subtract_mean=False)
    np.testing.assert_array_equal(few["X_train"], usual["X_train"][:50])
    np.testing.assert_array_equal(few["X_test"], usual["X_test"])


def test_wrong_requests_say_what_is_wrong(tmp_path):
    write_set(tmp_path / "data" / data.CIFAR10_FOLDER)
    with pytest.raises(ValueError, match="'mnist'"):
        data.get_data("mnist")
    with pytest.raises(ValueError, match="there are not enough"):
        data.get_data(num_training=100, num_validation=1, num_test=1)
    with pytest.raises(ValueError, match="at least one training picture"):
        data.get_data(num_training=0, num_validation=1, num_test=1)
