"""One training step of the three-layer CIFAR-10 net, on the kit's fast layers and in PyTorch.

conv - relu - 2x2 max pool - affine - relu - affine - softmax; loss, all gradients, and Adam's
update of all parameters, in float32. The affine layers and the loss are the course's reference
solutions (NumPy), so this runs where grading/ is, not in a student's copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.layer_cases import Step

LEARNING_RATE = 1e-3  # the default of both


def values(step: Step, seed: int = 231) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Returns a tuple of: pictures, their classes, parameters (affine weights (D, M))."""
    rng = np.random.default_rng(seed)
    D = step.filters * (step.size // 2) ** 2
    shapes = {
        "W1": (step.filters, 3, step.filter_size, step.filter_size),
        "W2": (D, step.hidden),
        "W3": (step.hidden, step.classes),
    }
    params = {}
    for name, shape in shapes.items():
        params[name] = 0.01 * rng.standard_normal(shape, dtype=np.float32)
        outputs = shape[0] if len(shape) == 4 else shape[1]
        params[name.replace("W", "b")] = np.zeros(outputs, np.float32)
    x = rng.standard_normal((step.N, 3, step.size, step.size), dtype=np.float32)
    return x, rng.integers(0, step.classes, step.N), params


def kit_step(step: Step) -> Callable[[], float]:
    """A function that trains one step and returns the loss before it.

    Raises ImportError where the reference solutions or the fast layers are missing.
    """
    from cs231n import fast_layers, fast_optim, fast_pointwise
    from grading.reference import fully_connected as net

    x, y, params = values(step)
    configs = {name: {"learning_rate": LEARNING_RATE} for name in params}
    conv_param = {"stride": 1, "pad": step.filter_size // 2}
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}

    relu_forward = fast_pointwise.relu_forward_fast
    relu_backward = fast_pointwise.relu_backward_fast

    def train() -> float:
        p, grads = params, {}
        maps, conv_cache = fast_layers.conv_forward_fast(x, p["W1"], p["b1"], conv_param)
        maps, relu1_cache = relu_forward(maps)
        pooled, pool_cache = fast_layers.max_pool_forward_fast(maps, pool_param)
        hidden, affine2_cache = net.affine_forward(pooled, p["W2"], p["b2"])
        hidden, relu2_cache = relu_forward(hidden)
        scores, affine3_cache = net.affine_forward(hidden, p["W3"], p["b3"])
        loss, dscores = net.softmax_loss(scores, y)

        dhidden, grads["W3"], grads["b3"] = net.affine_backward(dscores, affine3_cache)
        dhidden = relu_backward(dhidden, relu2_cache)
        dpooled, grads["W2"], grads["b2"] = net.affine_backward(dhidden, affine2_cache)
        dmaps = fast_layers.max_pool_backward_fast(dpooled, pool_cache)
        dmaps = relu_backward(dmaps, relu1_cache)
        _, grads["W1"], grads["b1"] = fast_layers.conv_backward_fast(dmaps, conv_cache)
        for name, gradient in grads.items():
            p[name], configs[name] = fast_optim.adam_fast(p[name], gradient, configs[name])
        return float(loss)

    return train


def torch_step(step: Step) -> Callable[[], float]:
    """The same net, values and step as a PyTorch user writes them."""
    import torch
    from torch import nn

    x, y, params = values(step)
    conv = nn.Conv2d(3, step.filters, step.filter_size, padding=step.filter_size // 2)
    affine2 = nn.Linear(params["W2"].shape[0], step.hidden)
    affine3 = nn.Linear(step.hidden, step.classes)
    with torch.no_grad():
        for number, layer in enumerate((conv, affine2, affine3), start=1):
            weight = params[f"W{number}"]
            layer.weight.copy_(torch.from_numpy(weight if weight.ndim == 4 else weight.T))
            layer.bias.copy_(torch.from_numpy(params[f"b{number}"]))
    model = nn.Sequential(
        conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), affine2, nn.ReLU(), affine3
    )
    optimizer = torch.optim.Adam(model.parameters())
    pictures, classes = torch.from_numpy(x), torch.from_numpy(y)

    def train() -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(pictures), classes)
        loss.backward()
        optimizer.step()
        return loss.item()

    return train
