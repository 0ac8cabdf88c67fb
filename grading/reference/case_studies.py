"""Reference solutions of the notebook 8_case_studies: the pieces of LeNet-5, AlexNet, ZFNet, VGG.

Those of GoogLeNet and ResNet, and fine-tuning, are in case_studies_blocks.py. The layers inside are
the student's own in the notebook; here they are the fast ones. The build shows these functions in
the instructor's notebook; students get the signature and the docstring, the exercise's text.
"""

import numpy as np

from cs231n.fast_layers import conv_forward_fast as conv_forward


def c3_connections():
    """LeNet-5, 1998: which of the 6 maps of layer S2 each of the 16 maps of layer C3 sees.

    Counted from 0, and round the circle (after map 5 comes map 0 again):

    - maps 0 to 5 of C3: map f sees three neighbours, f, f + 1 and f + 2
    - maps 6 to 11: the first of them sees four neighbours, 0, 1, 2 and 3; the next 1, 2, 3 and 4,
      and so on up to 5, 0, 1 and 2
    - maps 12 to 14: two pairs with a gap between them; the first 0, 1 and 3, 4; the next 1, 2 and
      4, 5; the last 2, 3 and 5, 0
    - map 15: all six

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
    Recognition", 1998, table I.

    Returns connections: array of booleans, shape (16, 6); connections[f, c] says whether map f of
    C3 sees map c of S2.
    """
    connections = np.zeros((16, 6), dtype=bool)
    for first in range(6):
        connections[first, [(first + step) % 6 for step in (0, 1, 2)]] = True
        connections[6 + first, [(first + step) % 6 for step in (0, 1, 2, 3)]] = True
    for first in range(3):
        connections[12 + first, [(first + step) % 6 for step in (0, 1, 3, 4)]] = True
    connections[15] = True
    return connections


def partially_connected_forward(x, w, b, connections, conv_param):
    """A convolution whose filters see some channels only, forward.

    Filter f is slid over the channels c with connections[f, c] and no others. Weights of channels
    that a filter does not see count for nothing, whatever number stands there.

    Inputs:
    - x: shape (N, C, H, W)
    - w: shape (F, C, HH, WW)
    - b: shape (F,)
    - connections: array of booleans, shape (F, C)
    - conv_param: dict with "stride" and "pad", as in a convolution

    All are left as they are.

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out), the sizes of a convolution
    - cache: what a backward pass would need (none is asked for)
    """
    seen = w * connections[:, :, None, None]
    return conv_forward(x, seen, b, conv_param)


def grouped_conv_forward(x, w, b, conv_param, groups):
    """A convolution in groups, forward: AlexNet's two towers are groups = 2.

    The C channels are divided into `groups` equal blocks of neighbours, and so are the F filters.
    The filters of a block see the channels of the block with the same number, and no others.

    Inputs:
    - x: shape (N, C, H, W)
    - w: shape (F, C / groups, HH, WW): a filter is only as deep as what it sees
    - b: shape (F,)
    - conv_param: dict with "stride" and "pad", as in a convolution. Your convolution need not know
      of groups: divide the work up for it.
    - groups: a whole number that divides C and F; 1 is a convolution as usual

    All are left as they are. Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification
    with Deep Convolutional Neural Networks", 2012, section 3.5.

    Returns a tuple of:
    - out: shape (N, F, H_out, W_out), filter 0 first
    - cache: what a backward pass would need (none is asked for)
    """
    C, F = x.shape[1] // groups, w.shape[0] // groups  # channels and filters of one group
    towers = []  # (out, cache) of every group
    for g in range(groups):
        channels, filters = slice(g * C, (g + 1) * C), slice(g * F, (g + 1) * F)
        towers.append(conv_forward(x[:, channels], w[filters], b[filters], conv_param))
    outs, caches = zip(*towers)
    return np.concatenate(outs, axis=1), caches


def map_sizes(size, layers):
    """The height (and width) of square maps after each of a row of layers.

    A window of F pixels goes over a map of `size` pixels with `pad` pixels added on either side, S
    pixels at a time. Where S does not divide what is left, the quotient is rounded as the layer
    says: "floor" leaves the last pixels out, "ceil" has a last window that hangs over the edge.

    Inputs:
    - size: pixels of the first layer's input, a whole number
    - layers: list of tuples (F, S, pad, rounding); each layer reads what the one before gave

    Returns a list of whole numbers, one a layer.
    """
    sizes = []
    for window, stride, pad, rounding in layers:
        left = size + 2 * pad - window
        steps = -(-left // stride) if rounding == "ceil" else left // stride
        size = steps + 1
        sizes.append(size)
    return sizes


def vgg_table(stages, size=224, classes=1000):
    """VGG, line by line: what comes out of every layer, and how many parameters it has.

    The network: for each stage, so many 3x3 convolutions (stride 1, pad 1) and then a max pool
    (2x2, stride 2). Convolutions of the first stage have 64 filters, those of each later stage
    twice as many as the stage before, but never more than 512. After the last pool come three fully
    connected layers of 4096, 4096 and `classes` neurons. Every filter and every neuron has a bias.

    Inputs:
    - stages: the number of convolutions of each stage, such as (2, 2, 3, 3, 3) for VGG-16
    - size: height and width of the picture, which has 3 channels; every pool divides evenly
    - classes: number of scores

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2014, table 1.

    Returns table: array of whole numbers with a line for the input, each convolution, each pool
    and each fully connected layer, from input to scores (22 lines for VGG-16), and five columns:
    height, width, depth, number of values that come out (for one picture), number of parameters.
    A fully connected layer gives a volume of height 1 and width 1.
    """
    depth, filters = 3, 64
    lines = [(size, size, depth, 0)]
    for convolutions in stages:
        for _ in range(convolutions):
            parameters = (3 * 3 * depth + 1) * filters  # the 1 is the bias
            depth = filters
            lines.append((size, size, depth, parameters))
        size //= 2
        lines.append((size, size, depth, 0))
        filters = min(2 * filters, 512)
    inputs = size * size * depth
    for neurons in (4096, 4096, classes):
        lines.append((1, 1, neurons, (inputs + 1) * neurons))
        inputs = neurons
    return np.array([(h, w, d, h * w * d, parameters) for h, w, d, parameters in lines])
