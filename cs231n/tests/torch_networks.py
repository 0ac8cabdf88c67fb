"""A description walked with PyTorch's functions: the independent opinion on whole networks."""

import numpy as np
import torch
import torch.nn.functional as F

from cs231n.architectures import kinds


def run(architecture, params, x, buffers=None, training=False):
    """Values of all outputs by name, and the tensors of x and params, which have gradients.

    Every tensor is a copy of an array, in its dtype. In training, batch normalisation goes by the
    batch and leaves buffers as they are; dropout should be 0, as its masks are another matter.
    """
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    fixed = {name: torch.tensor(value) for name, value in (buffers or {}).items()}
    owned = {}
    for name, tensor in {**tensors, **fixed}.items():
        owner, _, part = name.rpartition(".")
        owned.setdefault(owner, {})[part] = tensor
    start = torch.tensor(x, requires_grad=True)
    values = {architecture.nodes[0].name: start}
    for node in architecture.nodes[1:]:
        read = [values[name] for name in node.inputs]
        values[node.name] = layer(node.layer, read, owned.get(node.name, {}), training)
    return {name: values[name] for name in architecture.outputs}, start, tensors


def layer(layer, read, own, training=False):
    """One layer. read: tensors; own: its parameters and buffers by their short names."""
    x = read[0]
    match layer:
        case kinds.Conv() | kinds.Local():
            return _windows(layer, x, own)
        case kinds.Pool():
            return _pool(layer, x)
        case kinds.RBF():
            return torch.cdist(torch.flatten(x, 1), own["w"].T) ** 2
        case kinds.FC():
            return F.linear(torch.flatten(x, 1), own["w"].T, own.get("b"))
        case kinds.ReLU():
            return F.relu(x)
        case kinds.Tanh():
            return layer.amplitude * torch.tanh(layer.slope * x)
        case kinds.BatchNorm():
            averages = None, None
            if not training:
                averages = own["running_mean"], own["running_var"]
            return F.batch_norm(x, *averages, own["gamma"], own["beta"], training, 0.1, layer.eps)
        case kinds.LayerNorm() if x.ndim == 2:
            return F.layer_norm(x, x.shape[1:], own["gamma"], own["beta"], layer.eps)
        case kinds.LayerNorm() | kinds.GroupNorm():
            groups = getattr(layer, "groups", 1)
            return F.group_norm(x, groups, own["gamma"], own["beta"], layer.eps)
        case kinds.Scale():
            shape = (-1,) + (1,) * (x.ndim - 2)
            return own["gamma"].reshape(shape) * x + own["beta"].reshape(shape)
        case kinds.LRN():
            alpha = layer.alpha * layer.size  # PyTorch divides by the size
            return F.local_response_norm(x, layer.size, alpha, layer.beta, layer.k)
        case kinds.Dropout():
            return F.dropout(x, layer.drop, training)
        case kinds.Flatten():
            return torch.flatten(x, 1)
        case kinds.Softmax():
            return F.softmax(x, 1)
        case kinds.Add():
            return sum(read[1:], start=x)
        case kinds.Concat():
            return torch.cat(read, 1)
    raise NotImplementedError(layer.label)


def _windows(layer, x, own):
    """A convolution, or a locally connected layer by its windows as columns."""
    if layer.rounding == "ceil":
        raise NotImplementedError("PyTorch's convolutions leave pixels out.")
    w, b = own["w"], own.get("b")
    if isinstance(layer, kinds.Local):
        rows, columns, filters = w.shape[:3]
        cols = F.unfold(x, layer.size, padding=layer.pad, stride=layer.stride)
        w = w.reshape(rows * columns, filters, -1)
        out = torch.einsum("nkp,pfk->nfp", cols, w).reshape(-1, filters, rows, columns)
        return out if b is None else out + b
    if layer.connections:
        dense = torch.zeros(layer.filters, x.shape[1], *layer.size, dtype=w.dtype)
        places = [(f, c) for f, seen in enumerate(layer.connections) for c in seen]
        w = dense.index_put(tuple(torch.tensor(places).T), w)
    return F.conv2d(x, w, b, layer.stride, layer.pad, layer.dilation, layer.groups)


def _pool(layer, x):
    size, stride, pad, _ = layer.window(tuple(x.shape[1:]))
    stride = size if layer.size is None else stride
    ceil = layer.rounding == "ceil"
    if layer.op == "max":
        return F.max_pool2d(x, size, stride, pad, ceil_mode=ceil)
    if layer.op == "avg":
        return F.avg_pool2d(x, size, stride, pad, ceil, count_include_pad=False)
    if pad != (0, 0):
        raise NotImplementedError("PyTorch's L2 pooling knows no pad.")
    return F.lp_pool2d(x, 2, size, stride, ceil)


def relative_difference(a, b, tiny=1e-3):
    """Largest difference, relative to the largest value of b, or to `tiny` if that is larger."""
    b = np.asarray(b.detach())
    return float(np.abs(np.asarray(a) - b).max() / max(np.abs(b).max(), tiny))
