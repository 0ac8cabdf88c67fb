"""A small classifier of shapes, and larger scenes to look for them in.

The classifier is a convolution, ReLU, max pool, affine layer, ReLU, affine layer, as in CS231n's
three-layer net, for pictures of SIZE. The scenes are drawn by code, the same bytes for a seed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cs231n.language import say
from cs231n.synthetic import CLASS_NAMES, inside_shape

CLASSES = ("ground", "disc", "star", "cross", "moon")
SIZE = (32, 32)  # height and width of the pictures that the classifier was trained on
CONV_PARAM = {"stride": 2, "pad": 0}
POOL_PARAM = {"pool_height": 2, "pool_width": 2, "stride": 2}
TEXT = "INPUT32x32x3 -> CONV6-16/2p0 -> RELU -> POOL2 -> FC-48 -> RELU -> FC-5"
_NAMES = {"conv1": 1, "fc1": 2, "fc2": 3}  # layers of TEXT, and their numbers in params
_NEAR, _FAR = 3, 5  # pixels off: a shape in the middle of a window, and one that is not


def relu(x):
    """x where it is positive, 0 elsewhere: any shape."""
    return np.maximum(x, 0)


def classify(pictures, params, conv_param, pool_param):
    """The classifier, for pictures of its own size.

    Inputs:
    - pictures: (N, C, H, W)
    - params: dict of arrays: "W1" (F, C, HH, WW) and "b1" (F,) of the convolution, "W2" (D, M) and
      "b2" (M,), "W3" (M, K) and "b3" (K,) of the two affine layers
    - conv_param, pool_param: dicts as for the layers

    Returns scores (N, K). Raises ValueError when the pictures have another size.
    """
    from cs231n.fast_layers import conv_forward_fast, max_pool_forward_fast

    maps, _ = conv_forward_fast(pictures, params["W1"], params["b1"], conv_param)
    maps, _ = max_pool_forward_fast(relu(maps), pool_param)
    D = params["W2"].shape[0]
    if maps[0].size != D:
        raise ValueError(
            f"The first affine layer takes {D} values, but pictures of {pictures.shape[2]}x"
            f"{pictures.shape[3]} give {maps[0].size}: classify takes pictures of one size only."
        )
    hidden = relu(maps.reshape(len(maps), D) @ params["W2"] + params["b2"])
    return hidden @ params["W3"] + params["b3"]


def trim(x, size, stride):
    """Pictures without their last rows and columns, where those are too few for one more place.

    Inputs:
    - x: (N, C, H, W), at least as large as `size`
    - size: (height, width) of the pictures that a network was made for
    - stride: pixels from one place to the next

    Returns a view of x of the height `size[0]` plus a multiple of the stride, the width alike.
    """
    height, width = (
        least + (length - least) // stride * stride for least, length in zip(size, x.shape[2:])
    )
    return x[:, :, :height, :width]


class Shape(NamedTuple):
    """What stands in a scene: its class, and where its middle is, in pixels."""

    kind: int
    row: float
    column: float
    radius: float


def scene(height: int, width: int, num: int, seed: int = 0) -> tuple[np.ndarray, list[Shape]]:
    """A picture with shapes in it, none of them touching another.

    Inputs:
    - height, width: of the picture, 40 pixels or more
    - num: how many shapes; fewer where there is no room for them
    - seed: another seed gives another scene

    Returns a tuple of:
    - picture: (height, width, 3), float64 in 0..1
    - shapes: a list of Shape
    """
    rng = np.random.RandomState(seed)
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    blend = (rows * rng.uniform(-1, 1) / height + columns * rng.uniform(-1, 1) / width + 2) / 4
    first, second = rng.uniform(0.15, 0.45, (2, 3))
    picture = first + blend[..., None] * (second - first)
    shapes: list[Shape] = []
    for _ in range(20 * num):
        radius = rng.uniform(9, 13)
        row = rng.uniform(radius + 5, height - radius - 5)
        column = rng.uniform(radius + 5, width - radius - 5)
        free = all(np.hypot(row - s.row, column - s.column) > radius + s.radius + 3 for s in shapes)
        if free and len(shapes) < num:
            kind = 1 + len(shapes) % (len(CLASSES) - 1)
            shapes.append(Shape(kind, row, column, radius))
            _paint(picture, shapes[-1], rng)
    picture = picture + 0.03 * rng.standard_normal(picture.shape)
    return np.clip(picture, 0, 1), shapes


def _paint(picture, shape: Shape, rng) -> None:
    """Draws a shape, slightly turned, in a light colour of its own."""
    colour, turn = rng.uniform(0.55, 1.0, 3), rng.uniform(-0.3, 0.3)
    cos, sin = np.cos(turn), np.sin(turn)
    top, left = int(shape.row - shape.radius) - 3, int(shape.column - shape.radius) - 3
    n = 2 * int(shape.radius) + 8  # a square around the shape, n x n pixels
    points = (np.arange(3 * n) + 0.5) / 3 - 0.5  # every pixel is the mean of 3 x 3 points
    up = (shape.row - top - points)[:, None] / shape.radius
    right = (points + left - shape.column)[None, :] / shape.radius
    known = CLASS_NAMES.index(CLASSES[shape.kind])
    inside = inside_shape(known, cos * right + sin * up, cos * up - sin * right)
    inside = inside.reshape(n, 3, n, 3).mean(axis=(1, 3))[..., None]
    square = picture[top : top + n, left : left + n]
    square += inside * (colour - square)


def windows(num_scenes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of SIZE out of scenes, to train the classifier on.

    Half of them have a shape in their middle, and its class. The others have the class 0,
    "ground": what may be in them is more than 5 pixels off the middle.

    Returns a tuple of: pictures (N, 3, 32, 32), float32; labels (N,).
    """
    rng = np.random.RandomState(seed)
    pictures, labels = [], []
    for number in range(num_scenes):
        picture, shapes = scene(128, 160, 14, seed * 1000 + number)
        middles = np.array([(s.row, s.column) for s in shapes])
        places = [(s.kind, s.row, s.column) for s in shapes for _ in range(4)]
        places = [(k, *(p + rng.uniform(-_NEAR, _NEAR, 2))) for k, *p in places]
        while len(places) < 8 * len(shapes):
            place = rng.uniform(16, (128 - 16, 160 - 16))
            if np.min(np.max(np.abs(middles - place), axis=1)) > _FAR:
                places.append((0, *place))
        for kind, row, column in places:
            top = int(np.clip(round(row - 15.5), 0, 128 - 32))
            left = int(np.clip(round(column - 15.5), 0, 160 - 32))
            pictures.append(picture[top : top + 32, left : left + 32].transpose(2, 0, 1))
            labels.append(kind)
    return np.array(pictures, dtype=np.float32), np.array(labels)


def train_classifier(epochs: int = 6, seed: int = 0, progress: bool = True) -> dict:
    """Trains the classifier from nothing, in a few seconds; one machine gives the same each time.

    Returns params, in float64, as `classify` takes them. A KeyboardInterrupt ends the training
    early, with what has been learned so far.
    """
    from tqdm.auto import trange

    from cs231n.architectures import parse
    from cs231n.architectures.running import Network
    from cs231n.fast_optim import adam_fast

    pictures, labels = windows(30, seed)
    network = Network(parse(TEXT), seed=seed)
    rng, states = np.random.RandomState(seed), {name: {} for name in network.params}
    steps, batch = epochs * (len(labels) // 64), 64
    try:
        for step in trange(steps, desc="training", disable=not progress):
            chosen = rng.randint(0, len(labels), batch)
            _, grads = network.loss(pictures[chosen] - 0.5, labels[chosen], reg=1e-4)
            rate = 3e-3 * (1 - step / steps)
            for name, value in network.params.items():
                states[name]["learning_rate"] = rate
                network.params[name], states[name] = adam_fast(value, grads[name], states[name])
    except KeyboardInterrupt:
        say(f"Stopped after {step} of {steps} steps.")
    return {
        f"{kind}{number}": network.params[f"{layer}.{part}"].astype(np.float64)
        for layer, number in _NAMES.items()
        for kind, part in (("W", "w"), ("b", "b"))
    }


def find_shapes(picture: np.ndarray, params: dict) -> np.ndarray:
    """How probable each class is at each place of a picture, by the course's own sliding network.

    Inputs:
    - picture: (H, W, 3), values in 0..1
    - params: from train_classifier

    Returns an array (classes, rows, columns).
    """
    from cs231n.architectures import parse
    from cs231n.architectures.conversion import fc_to_conv
    from cs231n.architectures.running import Network
    from cs231n.architectures.sliding import probabilities, score_map

    own = {
        f"{layer}.{part}": params[f"{kind}{number}"]
        for layer, number in _NAMES.items()
        for kind, part in (("W", "w"), ("b", "b"))
    }
    network = Network(*fc_to_conv(parse(TEXT), own))
    return probabilities(score_map(network, as_volume(picture)))[0]


def as_volume(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) as the classifier takes it: (1, 3, H, W), values from -0.5 to 0.5."""
    return picture.transpose(2, 0, 1)[None] - 0.5
