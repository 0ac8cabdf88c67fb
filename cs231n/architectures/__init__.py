"""Networks as plain data: one description that counts, draws, converts and runs.

    from cs231n.architectures import build, parse

    net = build("vgg16")                                     # a famous one, or your own:
    net = parse("INPUT32x32x3 -> [CONV3-32 -> RELU -> POOL2]*3 -> FC-10")

    description     layers with names and the graph between them; JSON
    kinds           the kinds of layer: shapes, weights, multiply-adds
    text            the text form, [[CONV -> RELU]*N -> POOL?]*M
    zoo             LeNet-5, AlexNet, ZFNet, VGG, GoogLeNet, ResNet, ...
    report          tables: text, HTML, CSV, JSON
    accounting, memory, receptive, linter     what the tables say
    running         forward and backward on whatever layer functions it is given
    initialise, weights                       random and pretrained weights
    conversion, sliding                       FC to CONV and back; score maps
    pictures        volumes, graphs, costs

``python -m cs231n.architectures vgg16 --batch 32 --memory 8GiB`` prints a table and a verdict.
"""

from cs231n.architectures.description import Architecture, ArchitectureError, Node
from cs231n.architectures.text import PatternError, parse
from cs231n.architectures.zoo import build

__all__ = ["Architecture", "ArchitectureError", "Node", "PatternError", "build", "parse"]
