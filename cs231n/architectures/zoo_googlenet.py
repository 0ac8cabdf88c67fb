"""GoogLeNet, built from Inception modules."""

from __future__ import annotations

from dataclasses import replace

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import BatchNorm
from cs231n.architectures.text import parse

# GoogLeNet's modules: filters of 1x1, of 3x3 and 5x5 with the 1x1 that reduces their input first,
# and of the 1x1 behind the pool (Szegedy et al., 2014, table 1).
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(auxiliary: bool = False, classes: int = 1000) -> Architecture:
    """GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", 2014. auxiliary=True adds the
    two heads that are used in training; their scores are the first two outputs."""
    net = {name: _inception(name) for name in INCEPTION}
    if auxiliary:
        for module, number in (("4a", 1), ("4d", 2)):
            net[module] += f""" -> {{aux{number}:[pool:AVGPOOL5/3 -> conv:CONV1-128 -> RELU
            -> fc1:FC-1024 -> RELU -> DROPOUT0.7 -> fc2:FC-{classes}]}}"""
    net["3b"] += " -> pool3:POOL3/2ceil"
    net["4e"] += " -> pool4:POOL3/2ceil"
    return parse(
        f"""INPUT224x224x3
        -> conv1:CONV7-64/2floor -> RELU -> pool1:POOL3/2ceil -> LRN5
        -> conv2:CONV1-64 -> RELU -> conv3:CONV3-192 -> RELU -> LRN5 -> pool2:POOL3/2ceil
        -> {" -> ".join(net.values())}
        -> GLOBALAVGPOOL -> DROPOUT0.4 -> fc:FC-{classes}""",
        name="googlenet_auxiliary" if auxiliary else "googlenet",
    )


def _inception(name: str) -> str:
    one, reduce3, three, reduce5, five, pool = INCEPTION[name]
    return f"""inception{name}:(1x1:CONV1-{one} -> RELU
        | 3x3_reduce:CONV1-{reduce3} -> RELU -> 3x3:CONV3-{three} -> RELU
        | 5x5_reduce:CONV1-{reduce5} -> RELU -> 5x5:CONV5-{five} -> RELU
        | POOL3/1p1 -> pool_proj:CONV1-{pool} -> RELU)"""


def googlenet_torchvision(classes: int = 1000) -> Architecture:
    """The GoogLeNet whose pretrained weights are published with torchvision: batch normalisation
    instead of biases and local response normalisation, and 3x3 filters where the paper has 5x5."""

    def conv(name: str, text: str) -> str:
        return f"{name}:{text}nobias -> {name}_bn:BN -> RELU"

    modules = []
    for name, (one, reduce3, three, reduce5, five, pool) in INCEPTION.items():
        modules.append(
            f"""inception{name}:({conv("1x1", f"CONV1-{one}")}
            | {conv("3x3_reduce", f"CONV1-{reduce3}")} -> {conv("3x3", f"CONV3-{three}")}
            | {conv("5x5_reduce", f"CONV1-{reduce5}")} -> {conv("5x5", f"CONV3-{five}")}
            | POOL3/1p1 -> {conv("pool_proj", f"CONV1-{pool}")})"""
        )
    modules.insert(2, "pool3:POOL3/2ceil")
    modules.insert(8, "pool4:POOL2/2ceil")
    net = parse(
        f"""INPUT224x224x3
        -> {conv("conv1", "CONV7-64/2floor")} -> pool1:POOL3/2ceil
        -> {conv("conv2", "CONV1-64")} -> {conv("conv3", "CONV3-192")} -> pool2:POOL3/2ceil
        -> {" -> ".join(modules)} -> GLOBALAVGPOOL -> DROPOUT0.2 -> fc:FC-{classes}""",
        name="googlenet_torchvision",
    )
    return _with_eps(net, 1e-3)


def _with_eps(net: Architecture, eps: float) -> Architecture:
    for node in net:
        if isinstance(node.layer, BatchNorm):
            net = net.replace(node.name, replace(node.layer, eps=eps))
    return net
