"""Weights in files: saved and loaded, torchvision's names, and fine-tuning the last layer."""

import numpy as np
import pytest

from cs231n.architectures import build, parse, weights
from cs231n.architectures.description import ArchitectureError
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.kinds import FC
from cs231n.architectures.running import Network
from cs231n.architectures.torchvision_names import torchvision_names

safetensors = pytest.importorskip("safetensors.numpy")

TINY = "INPUT6x6x2 -> CONV3-4nobias -> BN -> RELU -> POOL2 -> FC-3"


def arrays(architecture, seed=0):
    buffers = initial_buffers(architecture)
    for name in buffers:
        buffers[name] = buffers[name] + np.float32(0.5)
    return initialise(architecture, seed=seed), buffers


def assert_same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_saved_network_comes_back_whole(tmp_path):
    net = parse(TINY)
    params, buffers = arrays(net)
    weights.save_weights(tmp_path / "net.safetensors", net, params, buffers)
    again, loaded, kept = weights.load_weights(tmp_path / "net.safetensors")
    assert again == net
    assert_same({name: loaded[name] for name in params}, params)
    assert_same({name: kept[name] for name in buffers}, buffers)
    x = np.ones((1, 2, 6, 6), np.float32)
    np.testing.assert_array_equal(
        Network(again, loaded, buffers=kept).forward(x),
        Network(net, params, buffers=buffers).forward(x),
    )


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    net = parse(TINY)
    params, _ = arrays(net)
    path = tmp_path / "net.safetensors"
    weights.save_weights(path, net, params)
    before = path.read_bytes()

    def half(_, path, metadata):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(safetensors, "save_file", half)
    with pytest.raises(OSError, match="disk full"):
        weights.save_weights(path, net, params)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_weights_that_do_not_fit_are_neither_saved_nor_loaded(tmp_path):
    net = parse(TINY)
    params, _ = arrays(net)
    with pytest.raises(ValueError, match=r"fc1\.b is missing"):
        weights.save_weights(tmp_path / "a", net, {k: v for k, v in params.items() if k != "fc1.b"})
    weights.save_weights(tmp_path / "a.safetensors", net, params)
    other = net.replace("fc1", FC(4))
    with pytest.raises(ValueError, match=r"fc1.w should have shape \(36, 4\)"):
        weights.load_weights(tmp_path / "a.safetensors", other)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("cut.safetensors", lambda whole: whole[:-7], "no whole safetensors file"),
        ("text.safetensors", lambda whole: b"hello", "no whole safetensors file"),
        ("empty.safetensors", lambda whole: b"", "no whole safetensors file"),
        ("model.pth", lambda whole: whole, "runs code when it is opened"),
    ],
    ids=["cut", "text", "empty", "pickle"],
)
def test_files_that_are_no_weights_are_refused(tmp_path, name, content, problem):
    net = parse(TINY)
    weights.save_weights(tmp_path / "whole", net, arrays(net)[0])
    (tmp_path / name).write_bytes(content((tmp_path / "whole").read_bytes()))
    with pytest.raises(ValueError, match=problem):
        weights.load_weights(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        weights.load_weights(tmp_path / "nowhere.safetensors")


def test_other_peoples_weights_need_a_description(tmp_path):
    safetensors.save_file({"x": np.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="load_torchvision"):
        weights.load_weights(tmp_path / "x.safetensors")


# Names and shapes that torchvision's state dicts have, of layers at the beginning, in the middle
# and at the end, and how many entries there are without num_batches_tracked.
THEIRS = {
    "vgg11": (22, {"features.0.weight": (64, 3, 3, 3), "features.18.weight": (512, 512, 3, 3),
                   "classifier.0.weight": (4096, 25088), "classifier.6.bias": (1000,)}),
    "vgg16": (32, {"features.0.bias": (64,), "features.28.weight": (512, 512, 3, 3),
                   "classifier.3.weight": (4096, 4096)}),
    "alexnet_torchvision": (16, {"features.0.weight": (64, 3, 11, 11), "features.3.bias": (192,),
                                 "features.10.weight": (256, 256, 3, 3),
                                 "classifier.1.weight": (4096, 9216),
                                 "classifier.4.weight": (4096, 4096),
                                 "classifier.6.weight": (1000, 4096)}),
    "resnet18": (102, {"conv1.weight": (64, 3, 7, 7), "bn1.running_var": (64,),
                       "layer1.0.conv1.weight": (64, 64, 3, 3),
                       "layer2.0.downsample.0.weight": (128, 64, 1, 1),
                       "layer2.0.downsample.1.running_mean": (128,),
                       "layer4.1.bn2.bias": (512,), "fc.weight": (1000, 512)}),
    "resnet50": (267, {"layer1.0.conv3.weight": (256, 64, 1, 1),
                       "layer1.0.downsample.0.weight": (256, 64, 1, 1),
                       "layer4.2.conv2.weight": (512, 512, 3, 3), "fc.bias": (1000,)}),
    "googlenet_torchvision": (287, {"conv1.conv.weight": (64, 3, 7, 7), "conv1.bn.bias": (64,),
                                    "conv3.conv.weight": (192, 64, 3, 3),
                                    "inception3a.branch1.conv.weight": (64, 192, 1, 1),
                                    "inception3a.branch2.0.conv.weight": (96, 192, 1, 1),
                                    "inception3a.branch2.1.bn.running_mean": (128,),
                                    "inception3a.branch3.1.conv.weight": (32, 16, 3, 3),
                                    "inception5b.branch4.1.conv.weight": (128, 832, 1, 1),
                                    "fc.weight": (1000, 1024)}),
}  # fmt: skip


@pytest.mark.parametrize("name", THEIRS)
def test_torchvisions_names_and_shapes(name):
    count, some = THEIRS[name]
    net = build(name)
    shapes = net.parameters | net.buffers
    found = {theirs: own for own, theirs in torchvision_names(net).items()}
    assert len(found) == len(shapes) == count
    for theirs, shape in some.items():
        own = shapes[found[theirs]]
        assert (own[::-1] if len(own) == 2 else own) == shape


def test_networks_that_torchvision_does_not_have_are_refused():
    with pytest.raises(ValueError, match="no weights for 'zfnet'"):
        torchvision_names(build("zfnet"))


def as_torchvision(architecture, params, buffers):
    """A state dict as torchvision would save it."""
    names = torchvision_names(architecture)
    state = {names[own]: array.T if array.ndim == 2 else array for own, array in params.items()}
    state |= {names[own]: array for own, array in buffers.items()}
    counts = {name for name in state if name.endswith("running_mean")}
    state |= {n.replace("running_mean", "num_batches_tracked"): np.int64(7)[None] for n in counts}
    return {name: np.ascontiguousarray(array) for name, array in state.items()}


def small_resnet(classes=4):
    return build("resnet18", classes=classes).with_input(32)


def test_a_state_dict_is_loaded_under_our_names_with_weights_turned(tmp_path):
    net = small_resnet()
    params, buffers = arrays(net)
    state = as_torchvision(net, params, buffers)
    assert state["fc.weight"].shape == (4, 512)
    safetensors.save_file(state, tmp_path / "resnet18.safetensors")
    loaded, kept, report = weights.load_torchvision(tmp_path / "resnet18.safetensors", net)
    assert_same(loaded, params)
    assert_same(kept, buffers)
    assert report.complete
    assert str(report) == "102 arrays loaded."


def test_all_that_is_wrong_with_a_state_dict_is_told_at_once(tmp_path):
    net = small_resnet()
    params, buffers = arrays(net)
    state = as_torchvision(net, params, buffers)
    del state["conv1.weight"]
    state["fc.weight"] = np.zeros((1000, 512), np.float32)
    state["head.weight"] = np.zeros(3, np.float32)
    safetensors.save_file(state, tmp_path / "x.safetensors")
    with pytest.raises(ValueError) as error:  # noqa: PT011
        weights.load_torchvision(tmp_path / "x.safetensors", net)
    for part in (
        "1 missing:\n  conv1.weight (for conv1.w)",
        "1 left over:\n  head.weight",
        "1 misshapen:\n  fc.weight is (1000, 512), should be (4, 512) (for fc.w)",
    ):
        assert part in str(error.value)
    loaded, kept, report = weights.load_torchvision(tmp_path / "x.safetensors", net, strict=False)
    assert report.loaded == 100
    assert Network(net, loaded, buffers=kept)
    np.testing.assert_array_equal(loaded["layer4.1.conv2.w"], params["layer4.1.conv2.w"])


def test_half_precision_is_read_and_whole_numbers_are_refused(tmp_path):
    net = small_resnet()
    params, buffers = arrays(net)
    state = as_torchvision(net, params, buffers)
    state = {name: a.astype(np.float16) if a.dtype.kind == "f" else a for name, a in state.items()}
    safetensors.save_file(state, tmp_path / "half.safetensors")
    loaded, _, _ = weights.load_torchvision(tmp_path / "half.safetensors", net)
    assert loaded["conv1.w"].dtype == np.float32
    np.testing.assert_array_equal(loaded["conv1.w"], params["conv1.w"].astype(np.float16))
    state["conv1.weight"] = state["conv1.weight"].astype(np.int32)
    safetensors.save_file(state, tmp_path / "whole.safetensors")
    with pytest.raises(ValueError, match="type I32"):
        weights.load_torchvision(tmp_path / "whole.safetensors", net)


def test_another_head_keeps_everything_else():
    net = small_resnet()
    params, _ = arrays(net)
    changed, new = weights.replace_head(net, params, 7)
    assert changed.shapes["fc"] == (7,)
    assert new["fc.w"].shape == (512, 7)
    assert all(new[name] is params[name] for name in params if not name.startswith("fc."))
    with pytest.raises(ArchitectureError, match="should be fully connected"):
        weights.replace_head(build("all_convolutional"), {}, 7)


def test_from_pretrained_weights_to_a_fine_tuned_last_layer(tmp_path):
    # Two classes of pictures: bright in the left half or in the right half.
    rng = np.random.default_rng(0)
    y = np.arange(48) % 2
    X = 0.3 * rng.standard_normal((48, 3, 32, 32)).astype(np.float32)
    X[y == 0, :, :, :16] += 1
    X[y == 1, :, :, 16:] += 1

    published = build("vgg11", classes=5).with_input(32)
    params, buffers = arrays(published, seed=3)
    safetensors.save_file(
        as_torchvision(published, params, buffers), tmp_path / "vgg11.safetensors"
    )
    params, buffers, report = weights.load_torchvision(tmp_path / "vgg11.safetensors", published)
    assert report.complete
    net, params = weights.replace_head(published, params, classes=2)
    network = Network(net, params, buffers=buffers)
    before = {name: array.copy() for name, array in params.items()}
    head = {"fc8.w", "fc8.b"}
    # Everything below the head stays, so its values are computed once.
    (below,) = net["fc8"].inputs
    features = network.forward(X, outputs=[below])[below]
    top = Network(parse("INPUT4096 -> fc8:FC-2"), {name: params[name] for name in head})
    for _ in range(60):
        _, grads = top.loss(features, y)
        for name in head:
            params[name] -= 0.02 * grads[name] / np.abs(features).mean() ** 2
    accuracy = np.mean(network.forward(X).argmax(axis=1) == y)
    assert accuracy == 1
    for name, array in params.items():
        assert np.array_equal(array, before[name]) == (name not in head)
    # The same gradients come out of the whole network, which stops below the head.
    network.forward(X, "train")
    dx, grads = network.backward(np.ones((48, 2)), trainable=head, input_gradient=False)
    assert dx is None
    assert set(grads) == head
