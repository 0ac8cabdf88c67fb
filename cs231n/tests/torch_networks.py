"""A description walked with PyTorch's functions: the independent opinion on whole networks."""

import numpy as np
import torch
import torch.nn.functional as F

from cs231n.architectures import kinds


def run(architecture, params, x):
    """Scores of the network's own output, and the tensors of x and params, which have gradients.

    Every tensor is a copy of an array, in its dtype. Normalisations are run as in testing.
    """
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    values = {architecture.nodes[0].name: torch.tensor(x, requires_grad=True)}
    start = values[architecture.nodes[0].name]
    for node in architecture.nodes[1:]:
        read = [values[name] for name in node.inputs]
        own = {
            name.rpartition(".")[2]: tensor
            for name, tensor in tensors.items()
            if name.rpartition(".")[0] == node.name
        }
        values[node.name] = _layer(node.layer, read, own)
    return values[architecture.outputs[-1]], start, tensors


def _layer(layer, read, own):
    x = read[0]
    match layer:
        case kinds.Conv():
            options = {"dilation": layer.dilation, "groups": layer.groups}
            return F.conv2d(x, own["w"], own.get("b"), layer.stride, layer.pad, **options)
        case kinds.Pool(op="max"):
            ceil = layer.rounding == "ceil"
            return F.max_pool2d(x, layer.size, layer.stride, layer.pad, ceil_mode=ceil)
        case kinds.Pool(op="avg", size=None):
            return F.adaptive_avg_pool2d(x, 1)
        case kinds.Pool(op="avg"):
            ceil = layer.rounding == "ceil"
            return F.avg_pool2d(x, layer.size, layer.stride, layer.pad, ceil, False)
        case kinds.FC():
            return F.linear(torch.flatten(x, 1), own["w"].T, own.get("b"))
        case kinds.ReLU():
            return F.relu(x)
        case kinds.BatchNorm():
            mean, var = torch.zeros_like(own["beta"]), torch.ones_like(own["beta"])
            return F.batch_norm(x, mean, var, own["gamma"], own["beta"], False, 0.1, layer.eps)
        case kinds.LRN():
            alpha = layer.alpha * layer.size  # PyTorch divides by the size
            return F.local_response_norm(x, layer.size, alpha, layer.beta, layer.k)
        case kinds.Dropout():
            return x
        case kinds.Add():
            return sum(read[1:], start=x)
        case kinds.Concat():
            return torch.cat(read, 1)
    raise NotImplementedError(layer.label)


def relative_difference(a, b):
    """Largest difference, relative to the largest value of b."""
    b = np.asarray(b.detach())
    return float(np.abs(np.asarray(a) - b).max() / np.abs(b).max())
