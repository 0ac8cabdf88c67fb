"""Residual networks: for ImageNet, and small ones for CIFAR-10."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cs231n.architectures.description import Architecture
from cs231n.architectures.text import parse

RESNET_STAGES = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


def resnet(depth: int = 50, classes: int = 1000, stride_on: str = "3x3") -> Architecture:
    """ResNet: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015.

    depth is 18, 34, 50, 101 or 152. The paper halves the picture in a bottleneck's first 1x1
    layer (stride_on="1x1"); the published weights, and this zoo, in its 3x3 layer.
    """
    if depth not in RESNET_STAGES:
        raise ValueError(f"ResNet has a depth of 18, 34, 50, 101 or 152, not {depth!r}.")
    if stride_on not in ("3x3", "1x1"):
        raise ValueError(f'stride_on is "3x3" or "1x1", not {stride_on!r}.')
    block = partial(_bottleneck, stride_on=stride_on) if depth >= 50 else _basic_block
    parts = ["INPUT224x224x3 -> conv1:CONV7-64/2floornobias -> bn1:BN -> RELU -> POOL3/2p1floor"]
    parts += _residual_stages(RESNET_STAGES[depth], 64, block, 4 if depth >= 50 else 1)
    text = " -> ".join([*parts, "GLOBALAVGPOOL", f"fc:FC-{classes}"])
    return parse(text, name=f"resnet{depth}" + ("" if stride_on == "3x3" else "_stride_on_1x1"))


def cifar_resnet(depth: int = 20, classes: int = 10) -> Architecture:
    """The small residual network for CIFAR-10 (the same paper, section 4.2): depth 20, 32, 44, 56
    or another 6n + 2. The shortcuts of its two halvings are 1x1 convolutions."""
    n, rest = divmod(depth - 2, 6)
    if rest or n < 1:
        raise ValueError(f"A residual net for CIFAR-10 has a depth of 6n + 2, not {depth}.")
    parts = ["INPUT32x32x3 -> conv1:CONV3-16nobias -> bn1:BN -> RELU"]
    parts += _residual_stages((n, n, n), 16, _basic_block, 1)
    text = " -> ".join([*parts, "GLOBALAVGPOOL", f"fc:FC-{classes}"])
    return parse(text, name=f"cifar_resnet{depth}")


def _residual_stages(stages: tuple, filters: int, block: Callable, wider: int) -> list[str]:
    """The text of every block; the first of a stage may halve the picture and widen the volume."""
    parts = []
    channels = filters
    for stage, count in enumerate(stages, 1):
        for number in range(count):
            stride = "/2" if stage > 1 and number == 0 else ""
            shortcut = ""
            if stride or channels != filters * wider:
                shortcut = f"downsample.0:CONV1-{filters * wider}{stride}nobias{_floor(stride)}"
                shortcut += " -> downsample.1:BN"
            inside = f"{block(filters, stride)} + {shortcut}"
            parts.append(f"layer{stage}.{number}:({inside}) -> RELU")
            channels = filters * wider
        filters *= 2
    return parts


def _basic_block(filters: int, stride: str) -> str:
    return f"""conv1:CONV3-{filters}{stride}nobias{_floor(stride)} -> bn1:BN -> RELU
        -> conv2:CONV3-{filters}nobias -> bn2:BN"""


def _bottleneck(filters: int, stride: str, stride_on: str) -> str:
    first, second = ("", stride) if stride_on == "3x3" else (stride, "")
    return f"""conv1:CONV1-{filters}{first}nobias{_floor(first)} -> bn1:BN -> RELU
        -> conv2:CONV3-{filters}{second}nobias{_floor(second)} -> bn2:BN -> RELU
        -> conv3:CONV1-{filters * 4}nobias -> bn3:BN"""


def _floor(stride: str) -> str:
    return "floor" if stride else ""
