"""The famous networks, as descriptions: ``build("vgg16")``, or ``vgg(16)``.

Each is written down in the text form (cs231n.architectures.text), from the paper named beside it.
Where a stride does not divide, the rounding is the one that the paper's sizes ask for.

Networks for ImageNet take pictures of 224x224 (AlexNet 227x227) and give 1000 scores; ``classes``
changes that. ``build("vgg16").with_input(384)`` takes other pictures.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import Conv, Tanh
from cs231n.architectures.text import parse
from cs231n.architectures.zoo_googlenet import googlenet, googlenet_torchvision
from cs231n.architectures.zoo_resnet import RESNET_STAGES, cifar_resnet, resnet


def lenet5(classes: int = 10) -> Architecture:
    """LeNet-5 as it is taught today: max pooling, ReLU, every filter sees all channels."""
    return parse(
        f"""INPUT32x32x1 -> conv1:CONV5-6p0 -> RELU -> pool1:POOL2 -> conv2:CONV5-16p0 -> RELU
        -> pool2:POOL2 -> fc1:FC-120 -> RELU -> fc2:FC-84 -> RELU -> fc3:FC-{classes}""",
        name="lenet5",
    )


# Which of the six maps of S2 each map of C3 sees (LeCun et al., 1998, table I): three neighbours,
# four neighbours, four in two pairs, and all six.
_C3 = (
    *(tuple(sorted((i + k) % 6 for k in range(3))) for i in range(6)),
    *(tuple(sorted((i + k) % 6 for k in range(4))) for i in range(6)),
    *(tuple(sorted((i + k) % 6 for k in (0, 1, 3, 4))) for i in range(3)),
    tuple(range(6)),
)


def lenet5_1998() -> Architecture:
    """LeNet-5 as it was: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to
    Document Recognition", 1998. Averages with a factor and a bias, partial connections, scaled
    tanh, distances to fixed points."""
    net = parse(
        """INPUT32x32x1 -> c1:CONV5-6p0 -> TANH
        -> s2_mean:AVGPOOL2 -> s2:SCALE -> TANH -> c3:CONV5-16p0 -> TANH
        -> s4_mean:AVGPOOL2 -> s4:SCALE -> TANH -> c5:CONV5-120p0 -> TANH
        -> f6:FC-84 -> TANH -> output:RBF-10""",
        name="lenet5_1998",
    )
    for node in net:
        if isinstance(node.layer, Tanh):
            net = net.replace(node.name, Tanh(amplitude=1.7159, slope=2 / 3))
    return net.replace("c3", Conv(16, 5, pad=0, connections=_C3))


def alexnet(groups: int = 2, classes: int = 1000) -> Architecture:
    """AlexNet: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional
    Neural Networks", 2012. groups=2 are its two towers, groups=1 puts them into one."""
    g = f"g{groups}" if groups > 1 else ""
    return parse(
        f"""INPUT227x227x3
        -> conv1:CONV11-96/4p0 -> RELU -> LRN5 -> pool1:POOL3/2
        -> conv2:CONV5-256{g} -> RELU -> LRN5 -> pool2:POOL3/2
        -> conv3:CONV3-384 -> RELU -> conv4:CONV3-384{g} -> RELU
        -> conv5:CONV3-256{g} -> RELU -> pool5:POOL3/2
        -> fc6:FC-4096 -> RELU -> DROPOUT0.5 -> fc7:FC-4096 -> RELU -> DROPOUT0.5
        -> fc8:FC-{classes}""",
        name="alexnet" if groups > 1 else "alexnet_one_tower",
    )


def alexnet_torchvision(classes: int = 1000) -> Architecture:
    """The smaller AlexNet of Krizhevsky, "One weird trick for parallelizing convolutional neural
    networks", 2014: the one whose pretrained weights are published with torchvision."""
    return parse(
        f"""INPUT224x224x3
        -> conv1:CONV11-64/4p2floor -> RELU -> pool1:POOL3/2 -> conv2:CONV5-192 -> RELU
        -> pool2:POOL3/2 -> conv3:CONV3-384 -> RELU -> conv4:CONV3-256 -> RELU
        -> conv5:CONV3-256 -> RELU -> pool5:POOL3/2
        -> DROPOUT0.5 -> fc6:FC-4096 -> RELU -> DROPOUT0.5 -> fc7:FC-4096 -> RELU
        -> fc8:FC-{classes}""",
        name="alexnet_torchvision",
    )


def zfnet(classes: int = 1000) -> Architecture:
    """ZFNet: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013."""
    return parse(
        f"""INPUT224x224x3
        -> conv1:CONV7-96/2p1floor -> RELU -> pool1:POOL3/2p1floor -> LRN5
        -> conv2:CONV5-256/2p0 -> RELU -> pool2:POOL3/2p1floor -> LRN5
        -> conv3:CONV3-384 -> RELU -> conv4:CONV3-384 -> RELU -> conv5:CONV3-256 -> RELU
        -> pool5:POOL3/2
        -> fc6:FC-4096 -> RELU -> DROPOUT0.5 -> fc7:FC-4096 -> RELU -> DROPOUT0.5
        -> fc8:FC-{classes}""",
        name="zfnet",
    )


VGG_STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(depth: int = 16, classes: int = 1000) -> Architecture:
    """VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2014; depth is 11, 13, 16 or 19 (their columns A, B, D and E)."""
    if depth not in VGG_STAGES:
        raise ValueError(f"VGG has a depth of 11, 13, 16 or 19, not {depth!r}.")
    parts = ["INPUT224x224x3"]
    for stage, layers in enumerate(VGG_STAGES[depth], 1):
        filters = min(64 * 2 ** (stage - 1), 512)
        parts += [f"conv{stage}_{i}:CONV3-{filters} -> RELU" for i in range(1, layers + 1)]
        parts.append(f"pool{stage}:POOL2")
    parts += [f"fc{i}:FC-4096 -> RELU -> DROPOUT0.5" for i in (6, 7)]
    return parse(" -> ".join([*parts, f"fc8:FC-{classes}"]), name=f"vgg{depth}")


def all_convolutional(classes: int = 10) -> Architecture:
    """All-CNN-C: Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for Simplicity: The All
    Convolutional Net", 2014. Strided convolutions in place of pools; for CIFAR-10."""
    return parse(
        f"""INPUT32x32x3 -> DROPOUT0.2 -> [CONV3-96 -> RELU]*2 -> CONV3-96/2floor -> RELU
        -> DROPOUT0.5 -> [CONV3-192 -> RELU]*2 -> CONV3-192/2floor -> RELU -> DROPOUT0.5
        -> CONV3-192p0 -> RELU -> CONV1-192 -> RELU -> CONV1-{classes} -> RELU -> GLOBALAVGPOOL
        -> FLATTEN""",
        name="all_convolutional",
    )


ZOO: dict[str, Callable[..., Architecture]] = {
    "lenet5": lenet5,
    "lenet5_1998": lenet5_1998,
    "alexnet": alexnet,
    "alexnet_one_tower": partial(alexnet, 1),
    "alexnet_torchvision": alexnet_torchvision,
    "zfnet": zfnet,
    **{f"vgg{depth}": partial(vgg, depth) for depth in VGG_STAGES},
    "googlenet": googlenet,
    "googlenet_auxiliary": partial(googlenet, True),
    "googlenet_torchvision": googlenet_torchvision,
    **{f"resnet{depth}": partial(resnet, depth) for depth in RESNET_STAGES},
    "resnet50_stride_on_1x1": partial(resnet, 50, stride_on="1x1"),
    "all_convolutional": all_convolutional,
    "cifar_resnet20": cifar_resnet,
}
NAMES = tuple(ZOO)


def build(name: str, **options) -> Architecture:
    """A network of the zoo by its name, with the options of the function that makes it.

    Raises ValueError, with the nearest name, when there is no such network.
    """
    if name not in ZOO:
        close = difflib.get_close_matches(str(name).lower().replace("-", ""), NAMES, 1, 0.4)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(f"There is no network {name!r}.{hint} There are: {', '.join(NAMES)}.")
    return ZOO[name](**options)
