"""Which pixels does a network's score depend on? (Simonyan, Vedaldi and Zisserman, 2013)

    maps = saliency(net, X, classes)      # (N, H, W): how steeply the score of each class rises
    vis.show_saliency(pictures, maps)

The gradient of a score by the picture says how much the score changes when a pixel changes a
little. Its largest size over the three colours is one number a pixel.
"""

from __future__ import annotations

import numpy as np


def saliency(net, X: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How much each pixel counts for the score of a class.

    Inputs:
    - net: a cs231n.architectures.running.Network, which is left as it is
    - X: pictures (N, C, H, W)
    - classes: for each picture the class whose score is looked at, integers (N,)

    Returns an array (N, H, W) of numbers that are not negative.
    """
    net = without_batchnorm(net)
    scores = net.forward(X, "train")
    dscores = np.zeros_like(scores)
    dscores[np.arange(len(X)), classes] = 1
    dx, _ = net.backward(dscores, trainable=())
    return np.abs(dx).max(axis=1)


def without_batchnorm(net):
    """A Network that gives the same scores, with batch normalisation as it is after training: a
    scale and a shift for each channel. So pictures of a batch do not depend on one another.

    Raises ValueError where the network has a dropout layer, which is different in training too.
    """
    from cs231n.architectures.kinds import BatchNorm, Dropout, Scale
    from cs231n.architectures.running import Network

    architecture, params = net.architecture, dict(net.params)
    for node in net.architecture:
        if isinstance(node.layer, Dropout):
            raise ValueError(f"{node.name} drops values at random: take it out of the network.")
        if isinstance(node.layer, BatchNorm):
            mean, var = (net.buffers[f"{node.name}.running_{part}"] for part in ("mean", "var"))
            gamma, beta = f"{node.name}.gamma", f"{node.name}.beta"
            scale = params[gamma] / np.sqrt(var + node.layer.eps)
            params[beta] = (params[beta] - mean * scale).astype(net.dtype)
            params[gamma] = scale.astype(net.dtype)
            architecture = architecture.replace(node.name, Scale())
    kept = {name: net.buffers[name] for name in architecture.buffers}
    return Network(architecture, params, layers=net.layers, buffers=kept, seed=net.seed)
