"""The famous networks: published counts and sizes, as constants."""

import pytest

from cs231n.architectures import zoo
from cs231n.architectures.zoo_googlenet import INCEPTION

PARAMETERS = {
    "lenet5": 61_706,
    "lenet5_1998": 60_000,
    "alexnet": 60_965_224,
    "alexnet_one_tower": 62_378_344,
    "alexnet_torchvision": 61_100_840,
    "zfnet": 62_357_608,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 6_998_552,
    "googlenet_auxiliary": 13_378_280,
    "googlenet_torchvision": 6_624_904,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet50_stride_on_1x1": 25_557_032,
    "all_convolutional": 1_369_738,
    "cifar_resnet20": 272_474,
}


@pytest.mark.parametrize("name", zoo.NAMES)
def test_number_of_parameters(name):
    assert zoo.build(name).parameter_count == PARAMETERS[name]


def sizes(name):
    """The sizes of the picture, each time it changes."""
    net = zoo.build(name)
    found = [net.shapes[node.name][1] for node in net if len(net.shapes[node.name]) == 3]
    return [size for size, before in zip(found, [None, *found]) if size != before]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("lenet5", [32, 28, 14, 10, 5]),
        ("lenet5_1998", [32, 28, 14, 10, 5, 1]),
        ("alexnet", [227, 55, 27, 13, 6]),
        ("zfnet", [224, 110, 55, 26, 13, 6]),
        ("vgg16", [224, 112, 56, 28, 14, 7]),
        ("googlenet", [224, 112, 56, 28, 14, 7, 1]),
        ("resnet50", [224, 112, 56, 28, 14, 7, 1]),
        ("cifar_resnet20", [32, 16, 8, 1]),
    ],
)
def test_sizes_of_the_picture_on_its_way(name, wanted):
    assert sizes(name) == wanted


def test_depths_of_the_volumes_of_alexnet_and_of_the_inception_modules():
    alexnet = zoo.build("alexnet")
    convs = [alexnet.shapes[f"conv{i}"] for i in range(1, 6)]
    assert convs == [(96, 55, 55), (256, 27, 27), *[(384, 13, 13)] * 2, (256, 13, 13)]
    assert alexnet.shapes["pool5"] == (256, 6, 6)
    googlenet = zoo.build("googlenet")
    depths = [googlenet.shapes[f"inception{name}"][0] for name in INCEPTION]
    assert depths == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


@pytest.mark.parametrize(
    ("name", "depth"), [("resnet18", 512), ("resnet34", 512), ("resnet50", 2048)]
)
def test_last_map_of_a_residual_net(name, depth):
    net = zoo.build(name)
    pool = next(node for node in net if node.layer.label == "GLOBALAVGPOOL")
    assert net.shapes[pool.inputs[0]] == (depth, 7, 7)


def test_layers_of_the_partial_connections_of_1998():
    net = zoo.build("lenet5_1998")
    trained = {}
    for name, shape in net.parameters.items():
        layer = name.partition(".")[0]
        count = 1
        for size in shape:
            count *= size
        trained[layer] = trained.get(layer, 0) + count
    assert trained == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_auxiliary_heads_are_outputs_before_the_main_one():
    net = zoo.build("googlenet_auxiliary")
    assert net.outputs == ("aux1.fc2", "aux2.fc2", "fc")
    assert net.shapes["aux1.pool"] == (512, 4, 4)


def test_another_number_of_classes():
    assert zoo.build("vgg11", classes=7).shapes["fc8"] == (7,)
    assert zoo.build("googlenet", classes=5).shapes["fc"] == (5,)
    assert zoo.resnet(18, classes=3).shapes["fc"] == (3,)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: zoo.build("VGG-16"), "Did you mean vgg16"),
        (lambda: zoo.build("nothing at all"), "There are: lenet5"),
        (lambda: zoo.vgg(17), "11, 13, 16 or 19"),
        (lambda: zoo.resnet(20), "18, 34, 50, 101 or 152"),
        (lambda: zoo.resnet(50, stride_on="5x5"), "3x3"),
        (lambda: zoo.cifar_resnet(21), "6n \\+ 2"),
    ],
    ids=["other spelling", "unknown", "vgg", "resnet", "stride", "cifar"],
)
def test_networks_that_are_not_there_are_answered_with_those_that_are(make, problem):
    with pytest.raises(ValueError, match=problem):
        make()
