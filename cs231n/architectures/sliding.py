"""A convolutional classifier slid over larger pictures: score maps, finer ones, heat maps.

The network is one that gives a map of scores (classes, H, W), such as fc_to_conv makes of a
classifier. What it gives at a place equals what it gives for the picture cut out there **only where
no layer pads**: padding puts zeros around a cut-out, where in the whole picture its neighbours are.
"""

from __future__ import annotations

import numpy as np

from cs231n.architectures.receptive import Field, receptive_fields
from cs231n.architectures.running import Network


def score_map(network: Network, pictures: np.ndarray) -> np.ndarray:
    """Scores (N, classes, rows, columns) of pictures (N, C, H, W) of any size that is large enough.

    Where the stride does not divide, the last pixels are left out as each layer's rounding says.

    Raises ArchitectureError when a layer does not fit, ValueError when the network gives no map.
    """
    slid = resized(network, pictures.shape[1:])
    if len(slid.architecture.shapes[slid.architecture.outputs[-1]]) != 3:
        raise ValueError(
            f"{network.architecture.name} gives no map of scores: make its fully connected layers "
            "convolutions first, with fc_to_conv."
        )
    return slid.forward(pictures)


def resized(network: Network, shape: tuple[int, int, int]) -> Network:
    """The same network, with the same parameters and functions, for pictures of another size."""
    if tuple(shape) == network.architecture.input_shape:
        return network
    architecture = network.architecture.with_input(*shape)
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
    - network: gives a map of 1x1 for pictures of its own size
    - pictures: (N, C, H, W)
    - step: pixels from one cut-out to the next; the network's own stride where absent

    Returns scores (N, classes, rows, columns).
    """
    _, height, width = network.architecture.input_shape
    step = step or stride_of(network)
    N, _, H, W = pictures.shape
    rows, columns = range(0, H - height + 1, step), range(0, W - width + 1, step)
    scores = [
        network.forward(pictures[:, :, top : top + height, left : left + width])
        for top in rows
        for left in columns
    ]
    return np.stack([s.reshape(N, -1) for s in scores], axis=2).reshape(
        N, -1, len(rows), len(columns)
    )


def stride_of(network: Network) -> int:
    """How many pixels lie between neighbouring places of the score map."""
    field = _field(network)
    if field.jump[0] != field.jump[1]:
        raise ValueError(f"The stride differs between the directions: {field.jump}.")
    return field.jump[0]


def shift_and_stitch(network: Network, pictures: np.ndarray, finer: int = 2) -> np.ndarray:
    """A score map with a stride that is `finer` times as fine, without changing the network.

    The network runs on the pictures shifted by each of finer * finer offsets, a stride / finer
    apart (four passes for half the stride), and the maps are stitched together: place (i, j) of
    the result is place (i // finer, j // finer) of the pass shifted by (i % finer, j % finer).

    Inputs:
    - network: gives a map of scores
    - pictures: (N, C, H, W)
    - finer: how many times as fine; divides the network's stride

    Returns scores (N, classes, rows, columns), as many as there are cut-outs at that stride.

    Raises ValueError when finer does not divide the stride.
    """
    stride = stride_of(network)
    if finer < 1 or stride % finer:
        raise ValueError(f"finer should divide the network's stride of {stride}, not be {finer}.")
    _, height, width = network.architecture.input_shape
    step = stride // finer
    N, _, H, W = pictures.shape
    rows, columns = (H - height) // step + 1, (W - width) // step + 1
    stitched = None
    for i in range(min(finer, rows)):
        for j in range(min(finer, columns)):
            down, right = (rows - 1 - i) // finer, (columns - 1 - j) // finer
            shifted = pictures[:, :, i * step :, j * step :]
            shifted = shifted[:, :, : height + down * stride, : width + right * stride]
            scores = score_map(network, shifted)
            if stitched is None:
                stitched = np.empty((N, scores.shape[1], rows, columns), scores.dtype)
            stitched[:, :, i::finer, j::finer] = scores[:, :, : down + 1, : right + 1]
    return stitched


def heat_map(
    scores: np.ndarray, picture: tuple[int, int], field: Field, *, finer: int = 1
) -> np.ndarray:
    """Scores spread over a picture: each at the middle of what it sees, straight lines between.

    Inputs:
    - scores: (..., rows, columns), such as one class of a score map
    - picture: (H, W)
    - field: the receptive field of the scores, from receptive_fields
    - finer: as given to shift_and_stitch

    Returns an array (..., H, W). Beyond the outermost middles it continues with the nearest score.
    """
    spread = np.asarray(scores)
    for axis, size in ((-2, picture[0]), (-1, picture[1])):
        step, start = field.jump[axis] / finer, field.centre[axis]
        places = np.clip((np.arange(size) - start) / step, 0, spread.shape[axis] - 1)
        below = np.floor(places).astype(int)
        above = np.minimum(below + 1, spread.shape[axis] - 1)
        share = (places - below).astype(spread.dtype)
        if axis == -2:
            share = share[:, None]
        low, high = np.take(spread, below, axis), np.take(spread, above, axis)
        spread = low + share * (high - low)
    return spread


def _field(network: Network) -> Field:
    return receptive_fields(network.architecture)[network.architecture.outputs[-1]]
