"""torchvision's state dicts: its names and shapes, written down by its own rules, and loading."""

from math import prod

import numpy as np
import pytest

from cs231n.architectures import build, parse
from cs231n.architectures.initialise import initial_buffers, initialise
from cs231n.architectures.running import Network
from cs231n.architectures.torchvision_names import IGNORED, torchvision_names
from cs231n.architectures.weights import load_torchvision

safetensors = pytest.importorskip("safetensors.numpy")

# --- torchvision's names and shapes --------------------------------------------------------------


def conv(name, filters, channels, size):
    return {f"{name}.weight": (filters, channels, size, size)}


def linear(name, outputs, inputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def batchnorm(name, channels):
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts} | {f"{name}.num_batches_tracked": ()}


def features(layers):
    """A sequence of convolutions with biases and ReLUs, (filters, size), and pools, None."""
    state, channels, place = {}, 3, 0
    for layer in layers:
        if layer:
            name = f"features.{place}"
            state |= conv(name, layer[0], channels, layer[1]) | {f"{name}.bias": layer[:1]}
            channels = layer[0]
        place += 2 if layer else 1
    return state


def classifier(places, inputs):
    sizes = (inputs, 4096, 4096, 1000)
    layers = zip(places, sizes[1:], sizes)
    return {k: v for p, M, D in layers for k, v in linear(f"classifier.{p}", M, D).items()}


def vgg(*repeats):
    filters = (64, 128, 256, 512, 512)
    layers = [layer for F, n in zip(filters, repeats) for layer in (*[(F, 3)] * n, None)]
    return features(layers) | classifier((0, 3, 6), 512 * 7 * 7)


def alexnet():
    layers = [(64, 11), None, (192, 5), None, (384, 3), (256, 3), (256, 3), None]
    return features(layers) | classifier((1, 4, 6), 256 * 6 * 6)


def resnet(blocks, bottleneck):
    state = conv("conv1", 64, 3, 7) | batchnorm("bn1", 64)
    inputs = 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        outputs = width * 4 if bottleneck else width
        for block in range(count):
            name = f"layer{stage + 1}.{block}"
            state |= conv(f"{name}.conv1", width, inputs, 1 if bottleneck else 3)
            state |= conv(f"{name}.conv2", width, width, 3)
            if bottleneck:
                state |= conv(f"{name}.conv3", outputs, width, 1) | batchnorm(
                    f"{name}.bn3", outputs
                )
            state |= batchnorm(f"{name}.bn1", width) | batchnorm(f"{name}.bn2", width)
            if block == 0 and inputs != outputs:
                state |= conv(f"{name}.downsample.0", outputs, inputs, 1)
                state |= batchnorm(f"{name}.downsample.1", outputs)
            inputs = outputs
    return state | linear("fc", 1000, inputs)


def googlenet():
    def basic(name, filters, channels, size):
        return conv(f"{name}.conv", filters, channels, size) | batchnorm(f"{name}.bn", filters)

    state = basic("conv1", 64, 3, 7) | basic("conv2", 64, 64, 1) | basic("conv3", 192, 64, 3)
    rows = """3a 64 96 128 16 32 32, 3b 128 128 192 32 96 64, 4a 192 96 208 16 48 64,
        4b 160 112 224 24 64 64, 4c 128 128 256 24 64 64, 4d 112 144 288 32 64 64,
        4e 256 160 320 32 128 128, 5a 256 160 320 32 128 128, 5b 384 192 384 48 128 128"""
    inputs = 192
    for row in rows.split(","):
        module, *sizes = row.split()
        one, reduce3, three, reduce5, five, pool = map(int, sizes)
        name = f"inception{module}"
        state |= basic(f"{name}.branch1", one, inputs, 1)
        state |= basic(f"{name}.branch2.0", reduce3, inputs, 1)
        state |= basic(f"{name}.branch2.1", three, reduce3, 3)
        state |= basic(f"{name}.branch3.0", reduce5, inputs, 1)
        state |= basic(f"{name}.branch3.1", five, reduce5, 3)
        state |= basic(f"{name}.branch4.1", pool, inputs, 1)
        inputs = one + three + five + pool
    return state | linear("fc", 1000, inputs)


# The state dict, the number of its entries, and the published number of parameters.
STATES = {
    "alexnet_torchvision": (alexnet(), 16, 61_100_840),
    "vgg11": (vgg(1, 1, 2, 2, 2), 22, 132_863_336),
    "vgg13": (vgg(2, 2, 2, 2, 2), 26, 133_047_848),
    "vgg16": (vgg(2, 2, 3, 3, 3), 32, 138_357_544),
    "vgg19": (vgg(2, 2, 4, 4, 4), 38, 143_667_240),
    "resnet18": (resnet((2, 2, 2, 2), False), 122, 11_689_512),
    "resnet34": (resnet((3, 4, 6, 3), False), 218, 21_797_672),
    "resnet50": (resnet((3, 4, 6, 3), True), 320, 25_557_032),
    "resnet101": (resnet((3, 4, 23, 3), True), 626, 44_549_160),
    "resnet152": (resnet((3, 8, 36, 3), True), 932, 60_192_808),
    "googlenet_torchvision": (googlenet(), 344, 6_624_904),
}


@pytest.mark.parametrize("name", STATES)
def test_every_name_and_shape_is_torchvisions(name):
    theirs, count, parameters = STATES[name]
    learned = [s for n, s in theirs.items() if n.endswith((".weight", ".bias"))]
    assert (len(theirs), sum(map(prod, learned))) == (count, parameters)  # the facts themselves
    net = build(name)
    names = torchvision_names(net)
    shapes = net.parameters | net.buffers
    assert list(names) == list(shapes)
    ours = {names[own]: shape[::-1] if len(shape) == 2 else shape for own, shape in shapes.items()}
    assert len(ours) == len(shapes)
    assert ours == {n: shape for n, shape in theirs.items() if not IGNORED.fullmatch(n)}


@pytest.mark.parametrize(
    "name", ["zfnet", "alexnet", "googlenet", "cifar_resnet20", "resnet50_stride_on_1x1"]
)
def test_networks_that_torchvision_does_not_have_are_refused(name):
    with pytest.raises(ValueError, match=f"no weights for '{name}'.*alexnet_torchvision"):
        torchvision_names(build(name))


# --- loading -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def net():
    return build("resnet18", classes=4).with_input(32)


@pytest.fixture(scope="module")
def own(net):
    params, buffers = initialise(net), initial_buffers(net)
    return params, {name: value + np.float32(0.5) for name, value in buffers.items()}


@pytest.fixture
def state(net, own):
    """What torchvision would save for these parameters and buffers."""
    names = torchvision_names(net)
    arrays = {names[n]: a.T if n == "fc.w" else a for n, a in (own[0] | own[1]).items()}
    counts = [name for name in STATES["resnet18"][0] if name.endswith("num_batches_tracked")]
    return arrays | {name: np.int64(7) for name in counts}


def saved(path, state):
    safetensors.save_file({n: np.asarray(a, order="C") for n, a in state.items()}, path)
    return path


def assert_same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_state_dict_is_loaded_under_our_names_with_weights_turned(tmp_path, net, own, state):
    assert state["fc.weight"].shape == (4, 512)
    loaded, kept, report = load_torchvision(saved(tmp_path / "x.safetensors", state), net)
    assert_same(loaded, own[0])
    assert_same(kept, own[1])
    assert report.complete
    assert str(report) == "102 arrays fit."
    for array in loaded.values():
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_all_that_is_wrong_with_a_state_dict_is_told_at_once(tmp_path, net, own, state):
    del state["conv1.weight"]
    state["fc.weight"] = np.zeros((1000, 512), np.float32)
    state["bn1.bias"] = np.zeros(64, np.int32)
    state["head.weight"] = np.zeros(3, np.float32)
    path = saved(tmp_path / "x.safetensors", state)
    with pytest.raises(ValueError, match="does not fit resnet18") as error:
        load_torchvision(path, net)
    for part in (
        "99 arrays fit.",
        "1 missing:\n  conv1.weight (for conv1.w)",
        "1 left over:\n  head.weight",
        "1 misshapen:\n  fc.weight is (1000, 512), should be (4, 512) (for fc.w)",
        "1 mistyped:\n  bn1.bias is I32, should be one of BF16, F16, F32, F64 (for bn1.beta)",
    ):
        assert part in str(error.value)
    loaded, kept, report = load_torchvision(path, net, strict=False)
    assert str(report) in str(error.value)
    assert loaded.keys() == own[0].keys()
    np.testing.assert_array_equal(loaded["layer4.1.conv2.w"], own[0]["layer4.1.conv2.w"])
    np.testing.assert_array_equal(loaded["bn1.beta"], 0)
    assert loaded["fc.w"].std() > 0
    assert Network(net, loaded, buffers=kept).forward(np.ones((1, 3, 32, 32))).shape == (1, 4)


def test_a_file_of_another_network_is_refused_even_when_not_strict(tmp_path, net):
    other = {f"blocks.{n}.weight": np.zeros(3, np.float32) for n in range(30)}
    path = saved(tmp_path / "x.safetensors", other)
    with pytest.raises(ValueError, match="0 arrays fit") as error:
        load_torchvision(path, net, strict=False)
    assert "102 missing" in str(error.value)
    assert "  and 10 more" in str(error.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_half_precision_is_read(tmp_path, net, own, state, dtype):
    state = {name: np.float16(a) if np.ndim(a) else a for name, a in state.items()}
    path = saved(tmp_path / "half.safetensors", state)
    loaded, kept, _ = load_torchvision(path, net, dtype=dtype)
    assert {a.dtype for a in (loaded | kept).values()} == {np.dtype(dtype)}
    np.testing.assert_array_equal(loaded["fc.w"], own[0]["fc.w"].astype(np.float16))


def test_bfloat16_is_read_though_numpy_does_not_have_it(tmp_path, net, own, state):
    def cut(array):  # bfloat16 has the upper half of float32's bits
        return (np.ascontiguousarray(array).view(np.uint32) >> 16).astype(np.uint16)

    halves = {name: cut(a) if np.ndim(a) else a for name, a in state.items()}
    path = saved(tmp_path / "x.safetensors", halves)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].replace(b'"U16"', b'"BF16"')
    path.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + length :])
    loaded, _, _ = load_torchvision(path, net)
    assert loaded["fc.w"].dtype == np.float32
    np.testing.assert_allclose(loaded["fc.w"], own[0]["fc.w"], rtol=2**-7)
    np.testing.assert_array_equal(cut(loaded["fc.w"]), cut(own[0]["fc.w"]))


def test_pytorchs_scores_come_out_of_pytorchs_weights(tmp_path):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    theirs = nn.Module()
    theirs.features = nn.Sequential(
        *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    )
    theirs.classifier = nn.Sequential(
        *(nn.Linear(5 * 3 * 2, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 6), nn.ReLU()),
        *(nn.Dropout(), nn.Linear(6, 4)),
    )
    theirs.eval()
    x = torch.randn(2, 3, 12, 8)
    wanted = theirs.classifier(theirs.features(x).flatten(1)).detach().numpy()
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    ours = parse(
        "INPUT12x8x3 -> CONV3-4 -> RELU -> POOL2 -> CONV3-5 -> RELU -> POOL2 -> FC-7 -> RELU "
        "-> DROPOUT0.5 -> FC-6 -> RELU -> DROPOUT0.5 -> FC-4",
        name="vgg11",
    )
    params, buffers, _ = load_torchvision(saved(tmp_path / "x.safetensors", state), ours)
    found = Network(ours, params, buffers=buffers).forward(x.numpy())
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
