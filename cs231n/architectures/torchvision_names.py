"""What torchvision calls the parameters of the networks that the zoo shares with it.

Their state dicts name a layer by its place in the modules that hold it (features.0, classifier.6)
and its parts weight, bias, running_mean and running_var. What is of no use here, counts of
batches and GoogLeNet's heads for training, is IGNORED.
"""

from __future__ import annotations

import re

from cs231n.architectures.description import Architecture
from cs231n.architectures.kinds import Pool

PARTS = {"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}
IGNORED = re.compile(r"(.*\.)?num_batches_tracked|aux[12]\..*")
INCEPTION = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool_proj": "branch4.1",
}


def torchvision_names(architecture: Architecture) -> dict[str, str]:
    """For each parameter and buffer of a network its name in torchvision's state dict.

    Known are the zoo's vgg11 to vgg19, resnet18 to resnet152, alexnet_torchvision and
    googlenet_torchvision, by their names, with any number of classes.

    Raises ValueError for any other network.
    """
    if re.fullmatch(r"vgg\d+|alexnet_torchvision", architecture.name):
        layers = _in_sequence(architecture)
    elif re.fullmatch(r"resnet\d+", architecture.name):
        layers = {node.name: node.name for node in architecture}
    elif architecture.name == "googlenet_torchvision":
        layers = {node.name: _of_googlenet(node.name) for node in architecture}
    else:
        raise ValueError(
            f"torchvision has no weights for {architecture.name!r}. It has those of vgg11, vgg13, "
            "vgg16, vgg19, resnet18, resnet34, resnet50, resnet101, resnet152, alexnet_torchvision "
            "and googlenet_torchvision."
        )
    names = {}
    for own in (*architecture.parameters, *architecture.buffers):
        layer, _, part = own.rpartition(".")
        names[own] = f"{layers[layer]}.{PARTS.get(part, part)}"
    return names


def _in_sequence(architecture: Architecture) -> dict[str, str]:
    """features.N up to the last pool, classifier.N after it, counted from 0."""
    nodes = architecture.nodes[1:]
    pools = [n for n, node in enumerate(nodes, 1) if isinstance(node.layer, Pool)]
    end = max(pools, default=0)
    places = {node.name: f"features.{n}" for n, node in enumerate(nodes[:end])}
    return places | {node.name: f"classifier.{n}" for n, node in enumerate(nodes[end:])}


def _of_googlenet(name: str) -> str:
    """conv1 is conv1.conv, and inception3a.3x3_bn is inception3a.branch2.1.bn."""
    if name == "fc":
        return name
    module, _, layer = name.rpartition(".")
    conv = layer.removesuffix("_bn")
    part = "conv" if conv == layer else "bn"
    return ".".join(filter(None, (module, INCEPTION.get(conv, conv), part)))
