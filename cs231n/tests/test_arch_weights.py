"""Weights in files: saved and loaded whole, refused otherwise; fine-tuning the last layer."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cs231n.architectures import build, parse, weights
from cs231n.architectures.description import ArchitectureError
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.kinds import FC
from cs231n.architectures.running import Network
from cs231n.plain_layers import softmax_loss

safetensors = pytest.importorskip("safetensors.numpy")

NET = parse("INPUT6x6x2 -> CONV3-4nobias -> BN -> RELU -> POOL2 -> FC-3")


@pytest.fixture
def params():
    return initialise(NET)


@pytest.fixture
def buffers():
    return {name: value + np.float32(0.5) for name, value in initial_buffers(NET).items()}


@pytest.fixture
def file(tmp_path, params, buffers):
    weights.save_weights(tmp_path / "net.safetensors", NET, params, buffers)
    return tmp_path / "net.safetensors"


def assert_same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


# --- our own files -------------------------------------------------------------------------------


def test_a_saved_network_comes_back_whole(file, params, buffers):
    net, loaded, kept = weights.load_weights(file)
    assert net == NET
    assert_same(loaded, params)
    assert_same(kept, buffers)
    x = np.ones((1, 2, 6, 6), np.float32)
    np.testing.assert_array_equal(
        Network(net, loaded, buffers=kept).forward(x),
        Network(NET, params, buffers=buffers).forward(x),
    )


def test_loaded_weights_can_be_trained_on(file):
    net, loaded, kept = weights.load_weights(file)
    for array in (loaded | kept).values():
        assert array.flags.writeable
    network = Network(net, loaded, buffers=kept)
    _, grads = network.loss(np.ones((2, 2, 6, 6), np.float32), np.array([0, 1]))
    network.params["conv1.w"] -= grads["conv1.w"]


def test_weights_keep_their_type_or_get_the_one_asked_for(tmp_path, params, buffers):
    doubles = {name: value.astype(np.float64) for name, value in params.items()}
    weights.save_weights(tmp_path / "x", NET, doubles, buffers)
    _, loaded, kept = weights.load_weights(tmp_path / "x")
    assert (loaded["fc1.w"].dtype, kept["batchnorm1.running_mean"].dtype) == ("float64", "float32")
    _, loaded, kept = weights.load_weights(tmp_path / "x", dtype=np.float32)
    assert {array.dtype for array in (loaded | kept).values()} == {np.dtype("float32")}


def test_views_and_transposed_arrays_are_saved_as_they_look(tmp_path, params, buffers):
    params["fc1.w"] = np.asfortranarray(params["fc1.w"])
    params["conv1.w"] = np.flip(params["conv1.w"], 2)
    weights.save_weights(tmp_path / "x", NET, params, buffers)
    assert_same(weights.load_weights(tmp_path / "x")[1], params)


def test_a_save_that_fails_leaves_the_old_file(file, params, buffers, monkeypatch):
    before = file.read_bytes()

    def half(_, path, metadata):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(safetensors, "save_file", half)
    with pytest.raises(OSError, match="disk full"):
        weights.save_weights(file, NET, params, buffers)
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_save_that_is_killed_leaves_the_old_file(file):
    before = file.read_bytes()
    script = """
import os, sys
from safetensors import numpy
from cs231n.architectures import weights
def half(arrays, path, metadata):
    path.write_bytes(b"half")
    os._exit(9)
numpy.save_file = half
net, params, buffers = weights.load_weights(sys.argv[1])
weights.save_weights(sys.argv[1], net, params, buffers)
"""
    ended = subprocess.run([sys.executable, "-c", script, file], capture_output=True, check=False)
    assert ended.returncode == 9, ended.stderr
    assert file.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_others_may_read_saved_weights_where_they_may_read_new_files(file):
    (file.parent / "any").touch()
    assert file.stat().st_mode == (file.parent / "any").stat().st_mode


def test_weights_that_do_not_fit_are_neither_saved_nor_loaded(tmp_path, file, params, buffers):
    with pytest.raises(ValueError, match=r"batchnorm1.running_mean is missing"):
        weights.save_weights(tmp_path / "x", NET, params)
    del params["fc1.b"]
    with pytest.raises(ValueError, match=r"fc1\.b is missing"):
        weights.save_weights(tmp_path / "x", NET, params, buffers)
    with pytest.raises(ValueError, match=r"fc1.w should have shape \(36, 4\), but has \(36, 3\)"):
        weights.load_weights(file, NET.replace("fc1", FC(4)))
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        weights.save_weights(tmp_path / "nowhere" / "x", NET, initialise(NET), buffers)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("cut.safetensors", lambda whole: whole[:-7], "no whole safetensors file"),
        ("text.safetensors", lambda whole: b"hello", "no whole safetensors file"),
        ("empty.safetensors", lambda whole: b"", "no whole safetensors file"),
        ("model.pth", lambda whole: b"whatever", "looks like a pickle.*convert it"),
        ("zip.safetensors", lambda whole: b"PK\3\4archive", "looks like a pickle.*any code"),
        ("old.safetensors", lambda whole: b"\x80\2}q\0.", "looks like a pickle.*any code"),
    ],
    ids=["cut", "text", "empty", "pickle by name", "pickle in a zip", "pickle"],
)
def test_files_that_are_no_weights_are_refused(file, name, content, problem):
    other = file.with_name(name)
    other.write_bytes(content(file.read_bytes()))
    with pytest.raises(ValueError, match=problem):
        weights.load_weights(other)
    with pytest.raises(ValueError, match=problem):
        weights.load_torchvision(other, build("resnet18"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        weights.load_weights(tmp_path / "nowhere.safetensors")


def test_other_peoples_weights_need_a_description(tmp_path, params, buffers):
    safetensors.save_file(params | buffers, tmp_path / "x")
    with pytest.raises(ValueError, match="load_torchvision"):
        weights.load_weights(tmp_path / "x")
    assert_same(weights.load_weights(tmp_path / "x", NET)[1], params)
    safetensors.save_file(params | buffers | {"fc1.b": np.zeros(3, np.int32)}, tmp_path / "x")
    with pytest.raises(ValueError, match=r"fc1\.b .* is I32"):
        weights.load_weights(tmp_path / "x", NET)


# --- fine-tuning ---------------------------------------------------------------------------------


def test_another_head_keeps_everything_else(params):
    changed, new = weights.replace_head(NET, params, 7)
    assert changed.shapes["fc1"] == (7,)
    assert changed.parameters == {name: array.shape for name, array in new.items()}
    assert all(new[name] is params[name] for name in params if not name.startswith("fc1."))
    assert params["fc1.w"].shape == (36, 3)  # the old ones are as they were
    assert new["fc1.w"].dtype == np.float32
    assert 0.005 < new["fc1.w"].std() < 0.015
    np.testing.assert_array_equal(new["fc1.b"], 0)
    assert_same(weights.replace_head(NET, params, 7)[1], new)
    other = weights.replace_head(NET, params, 7, seed=1)[1]
    assert (other["fc1.w"] != new["fc1.w"]).any()


def test_a_head_without_bias_or_before_a_softmax_is_replaced_as_well():
    net = parse("INPUT5 -> FC-4nobias -> SOFTMAX")
    changed, new = weights.replace_head(net, initialise(net), 2)
    assert changed.shapes["softmax1"] == (2,)
    assert list(new) == ["fc1.w"]


def test_a_network_with_no_fully_connected_head_gets_no_other(params):
    net = parse("INPUT6x6x2 -> CONV3-4 -> GLOBALAVGPOOL")
    with pytest.raises(ArchitectureError, match="pool1 should be fully connected"):
        weights.replace_head(net, initialise(net), 7)
    with pytest.raises(ValueError, match="params do not fit"):
        weights.replace_head(NET, {}, 7)
    with pytest.raises(ValueError, match="neurons"):
        weights.replace_head(NET, params, 0)


SMALL_VGG = parse(
    """INPUT16x16x3 -> conv1_1:CONV3-8 -> RELU -> pool1:POOL2 -> conv2_1:CONV3-16 -> RELU
    -> pool2:POOL2 -> fc6:FC-64 -> RELU -> DROPOUT0.5 -> fc7:FC-64 -> RELU -> DROPOUT0.5
    -> fc8:FC-5""",
    name="vgg11",
)
TORCHVISION = {
    "conv1_1": "features.0",
    "conv2_1": "features.3",
    "fc6": "classifier.0",
    "fc7": "classifier.3",
    "fc8": "classifier.6",
}


def published(path):
    """Weights of a small VGG with five classes, as torchvision would publish them."""
    state = {}
    for own, array in initialise(SMALL_VGG, seed=3).items():
        layer, part = own.split(".")
        name = TORCHVISION[layer] + {"w": ".weight", "b": ".bias"}[part]
        state[name] = np.ascontiguousarray(array.T if array.ndim == 2 else array)
    safetensors.save_file(state, path)
    return path


def two_classes(N):
    """Noise that is brighter on the left, or on the right."""
    y = np.arange(N) % 2
    X = np.random.default_rng(N).standard_normal((N, 3, 16, 16), np.float32)
    X[y == 0, :, :, :8] += 2
    X[y == 1, :, :, 8:] += 2
    return X, y


def test_from_pretrained_weights_to_a_fine_tuned_last_layer(tmp_path):
    path = published(tmp_path / "vgg11.safetensors")
    params, buffers, report = weights.load_torchvision(path, SMALL_VGG)
    assert report.complete
    net, params = weights.replace_head(SMALL_VGG, params, classes=2)
    network = Network(net, params, buffers=buffers)
    before = {name: array.copy() for name, array in params.items()}
    (X, y), (X_new, y_new) = two_classes(64), two_classes(100)
    head = {"fc8.w", "fc8.b"}
    assert np.mean(network.forward(X_new).argmax(axis=1) == y_new) < 0.8
    for _ in range(80):
        _, dscores = softmax_loss(network.forward(X, "train"), y)
        dx, grads = network.backward(dscores, trainable=head, input_gradient=False)
        assert dx is None
        assert set(grads) == head
        for name in head:
            params[name] -= 0.001 * grads[name]
    assert np.mean(network.forward(X_new).argmax(axis=1) == y_new) > 0.95
    for name, array in params.items():
        assert np.array_equal(array, before[name]) == (name not in head)
