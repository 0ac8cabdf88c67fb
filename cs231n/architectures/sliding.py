"""A convolutional classifier slid over larger pictures: score maps, finer ones, heat maps.

The network is one that gives a map of scores (classes, H, W), such as fc_to_conv makes of a
classifier:

    net = Network(*fc_to_conv(net.architecture, net.params), buffers=net.buffers)
    scores = score_map(net, pictures)
    heat = heat_map(probabilities(scores)[0, 281], pictures.shape[2:], score_field(net))

What it gives at a place equals what it gives for the picture cut out there **only where no layer
pads**: padding puts zeros around a cut-out, where in the whole picture its neighbours are. Nor does
it where layer or group normalisation goes by the whole map.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cs231n.architectures.kind_base import at_least
from cs231n.architectures.receptive import Field, receptive_fields
from cs231n.architectures.running import Network
from cs231n.plain_layers import softmax_forward


def score_map(network: Network, pictures: np.ndarray) -> np.ndarray:
    """Scores (N, classes, rows, columns) of pictures (N, C, H, W), of the network's size or larger.

    Neighbouring places lie the network's stride apart; the last pixels, too few for one more
    place, are left out.

    Raises ValueError when the pictures do not fit, or the network gives no map.
    """
    if len(_scores_shape(network)) != 3:
        raise ValueError(
            f"{network.architecture.name} gives no map of scores: make its fully connected layers "
            "convolutions first, with fc_to_conv."
        )
    jump = score_field(network).jump
    _, *sizes = network.architecture.input_shape
    rows, columns = _places(network, pictures, jump)
    height, width = (s + (n - 1) * j for s, n, j in zip(sizes, (rows, columns), jump))
    return resized(network, (height, width)).forward(pictures[:, :, :height, :width])


def resized(network: Network, size: tuple[int, int]) -> Network:
    """The same network, with the same parameters and functions, for pictures of another size."""
    architecture = network.architecture.with_input(*size)
    if architecture == network.architecture:
        return network
    return Network(
        architecture,
        network.params,
        layers=network.layers,
        buffers=network.buffers,
        seed=network.seed,
    )


def crop_scores(network: Network, pictures: np.ndarray, step: int | None = None) -> np.ndarray:
    """The slow way: every cut-out of the network's own size, one by one.

    Inputs:
    - network: gives one set of scores for pictures of its own size, as a vector or a map of 1x1
    - pictures: (N, C, H, W)
    - step: pixels from one cut-out to the next; the network's own stride where absent

    Returns scores (N, classes, rows, columns).

    Raises ValueError when the pictures do not fit, or the network gives a larger map.
    """
    classes = _one_place(network)
    step = stride_of(network) if step is None else at_least(1, step, "step")
    rows, columns = _places(network, pictures, (step, step))
    _, height, width = network.architecture.input_shape
    scores = np.empty((len(pictures), classes, rows, columns), network.dtype)
    for i, j in np.ndindex(rows, columns):
        cut_out = pictures[:, :, i * step : i * step + height, j * step : j * step + width]
        scores[:, :, i, j] = network.forward(cut_out).reshape(-1, classes)
    return scores


def stride_of(network: Network) -> int:
    """How many pixels lie between neighbouring places of the score map."""
    jump = score_field(network).jump
    if jump[0] != jump[1]:
        raise ValueError(f"The stride differs between the directions: {jump}.")
    return jump[0]


def score_field(network: Network) -> Field:
    """What a score sees of the picture, and how far apart scores are: see receptive_fields."""
    return receptive_fields(network.architecture)[network.architecture.outputs[-1]]


def shift_and_stitch(network: Network, pictures: np.ndarray, finer: int = 2) -> np.ndarray:
    """A score map with a stride that is `finer` times as fine, without changing the network.

    The network runs on the pictures shifted by each of finer * finer offsets, a stride / finer
    apart (four passes for half the stride), and the maps are stitched together: place (i, j) of
    the result is place (i // finer, j // finer) of the pass shifted by (i % finer, j % finer).

    Inputs:
    - network: gives a map of 1x1 for pictures of its own size
    - pictures: (N, C, H, W)
    - finer: how many times as fine; divides the network's stride

    Returns scores (N, classes, rows, columns), as many as there are cut-outs at that stride.

    Raises ValueError when finer does not divide the stride, the pictures do not fit, or the network
    gives a vector or a larger map.
    """
    classes, stride = _one_place(network), stride_of(network)
    if stride % at_least(1, finer, "finer"):
        raise ValueError(f"finer should divide the network's stride of {stride}, not be {finer}.")
    step = stride // finer
    rows, columns = _places(network, pictures, (step, step))
    stitched = np.empty((len(pictures), classes, rows, columns), network.dtype)
    for i in range(min(finer, rows)):
        for j in range(min(finer, columns)):
            shifted = pictures[:, :, i * step :, j * step :]
            stitched[:, :, i::finer, j::finer] = score_map(network, shifted)
    return stitched


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax over the classes of a score map (N, classes, rows, columns), at each place."""
    return softmax_forward(scores)[0]


def heat_map(
    scores: np.ndarray, picture: tuple[int, int], field: Field, *, finer: int = 1
) -> np.ndarray:
    """Scores spread over a picture: each at the middle of what it sees, straight lines between.

    Inputs:
    - scores: (..., rows, columns), such as one class of a score map
    - picture: (H, W)
    - field: the receptive field of the scores, from score_field
    - finer: as given to shift_and_stitch

    Returns an array (..., H, W). Beyond the outermost middles it continues with the nearest score.

    Raises ValueError when scores or picture are not of that form.
    """
    spread = np.asarray(scores)
    if spread.ndim < 2 or len(picture) != 2:
        raise ValueError(
            "A heat map spreads scores (..., rows, columns) over a picture (H, W), not "
            f"{spread.shape} over {tuple(picture)}."
        )
    spread = spread.astype(np.result_type(spread, np.float32), copy=False)
    for axis, size in ((-2, picture[0]), (-1, picture[1])):
        step, start = field.jump[axis] / finer, field.centre[axis]
        last = spread.shape[axis] - 1
        places = np.clip((np.arange(size) - start) / step, 0, last)
        below = np.floor(places).astype(int)
        share = (places - below).astype(spread.dtype).reshape((-1,) + (1,) * (-1 - axis))
        low = np.take(spread, below, axis)
        high = np.take(spread, np.minimum(below + 1, last), axis)
        spread = low + share * (high - low)
    return spread


def _places(network: Network, pictures: np.ndarray, steps: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns): how often the network fits into the pictures, `steps` pixels apart.

    Raises ValueError when they are no pictures, or too small."""
    C, height, width = network.architecture.input_shape
    shape = np.shape(pictures)
    if len(shape) != 4 or shape[1] != C or shape[2] < height or shape[3] < width:
        raise ValueError(
            f"{network.architecture.name} slides over pictures (N, {C}, H, W) of {height}x{width} "
            f"or more, but got {shape}."
        )
    return (shape[2] - height) // steps[0] + 1, (shape[3] - width) // steps[1] + 1


def _scores_shape(network: Network) -> tuple[int, ...]:
    return network.architecture.shapes[network.architecture.outputs[-1]]


def _one_place(network: Network) -> int:
    """The number of classes. Raises ValueError when the network's own size gives several places."""
    classes, *places = _scores_shape(network)
    if prod(places) != 1:
        size = "x".join(map(str, places))
        raise ValueError(
            f"{network.architecture.name} should give one place of scores for pictures of its own "
            f"size, but gives {size}."
        )
    return classes
