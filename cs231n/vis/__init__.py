"""Pictures for the notebooks. Every function draws and returns what it drew (a Figure, an Axes or
an HTML object) and never calls plt.show: in a notebook a figure appears at the end of the cell.

    fig = vis.show_images(data.sample_images())        # a name keeps it from being shown twice
    display(vis.animate_convolution(x, w, b))          # an HTML object inside a `with` block

Pictures and volumes
    image_grid              many small pictures as one
    show_images             pictures with titles
    show_filters            the filters of a convolutional layer
    show_volume             volumes as boxes, to scale: input, filter, depth column, output
    zone_plate              (an array) rings that get finer outwards
    stripes_and_patches     (an array) filters that look learned
    blurs_towards_the_rim   (an array) a blurring filter for each place of a picture

Layers
    animate_convolution     a filter slides, the sum is written out as it goes
    show_convolution_step   one step of that, as a still figure
    show_positions          where a filter can stand on a row of pixels
    show_taps               the taps of a dilated filter
    show_pooling            a pooling layer before and after, and where its gradient goes
    show_shared             blocks of cells: which values are normalised together
    show_batchnorm_graph    batch normalisation as a graph, with the way back
    show_columns            windows of a picture, and the matrix whose columns they are
    show_product            a convolution as a product of matrices, to scale
    show_copies             how often each pixel is copied, as heat maps
    show_weight_matrix      the weights of a large layer that are not zero
    show_connections        which maps of one layer each map of the next one sees

Networks
    show_score_maps         what a classifier finds at each place of a larger picture
    show_crops              crops of a picture, and their places on the network's maps
    show_stitching          four shifted score maps put together
    show_frames             where padding makes tiles differ from the whole
    show_stacked_windows    layers from the side: what one output sees
    plot_memory_and_parameters  bars for each layer of a network
    plot_batch_memory       memory against the size of the batch

Training
    plot_training           loss and accuracy of a training
    plot_losses             the losses of several runs beside one another
    show_confusion          a confusion matrix
    show_guesses            pictures with the classes that a network thinks likeliest
    show_mistakes           the mistakes that a network was surest of
    show_saliency           which pixels a network's score depends on

Curves and bars
    plot_step_size          error of a numeric gradient against its step size
    plot_speed              seconds against size for several ways to do the same, and ratios
    plot_curves             curves over one axis
    plot_bars               a few numbers side by side

Pictures with controls, which stay pictures where controls cannot live
    convolution_explorer        a convolution under your hands
    receptive_field_explorer    what a layer sees of the picture
    memory_explorer             whether a network fits into the memory

Words
    describe                the words that are read out in a figure's place
    add_alt_text            let all figures of a notebook carry their words (the set-up cell does)
"""

from cs231n.vis.alt_text import add_alt_text, describe
from cs231n.vis.case_studies import show_connections, zone_plate
from cs231n.vis.columns import plot_speed, show_columns, show_copies, show_product
from cs231n.vis.convolution import animate_convolution, show_convolution_step
from cs231n.vis.curves import plot_step_size
from cs231n.vis.explore_convolution import convolution_explorer
from cs231n.vis.explore_memory import memory_explorer
from cs231n.vis.explore_receptive import receptive_field_explorer
from cs231n.vis.filters import (
    blurs_towards_the_rim,
    show_positions,
    show_taps,
    stripes_and_patches,
)
from cs231n.vis.guesses import show_guesses
from cs231n.vis.normalization import plot_curves, show_batchnorm_graph, show_shared
from cs231n.vis.patterns import (
    plot_bars,
    plot_batch_memory,
    plot_memory_and_parameters,
    show_stacked_windows,
)
from cs231n.vis.pictures import image_grid, show_filters, show_images
from cs231n.vis.pooling import show_pooling
from cs231n.vis.sliding import (
    show_crops,
    show_frames,
    show_score_maps,
    show_stitching,
    show_weight_matrix,
)
from cs231n.vis.training import (
    plot_losses,
    plot_training,
    show_confusion,
    show_mistakes,
    show_saliency,
)
from cs231n.vis.volumes import show_volume

__all__ = [
    "add_alt_text",
    "animate_convolution",
    "blurs_towards_the_rim",
    "convolution_explorer",
    "describe",
    "image_grid",
    "memory_explorer",
    "plot_bars",
    "plot_batch_memory",
    "plot_curves",
    "plot_losses",
    "plot_memory_and_parameters",
    "plot_speed",
    "plot_step_size",
    "plot_training",
    "receptive_field_explorer",
    "show_batchnorm_graph",
    "show_columns",
    "show_confusion",
    "show_connections",
    "show_convolution_step",
    "show_copies",
    "show_crops",
    "show_filters",
    "show_frames",
    "show_guesses",
    "show_images",
    "show_mistakes",
    "show_pooling",
    "show_positions",
    "show_product",
    "show_saliency",
    "show_score_maps",
    "show_shared",
    "show_stacked_windows",
    "show_stitching",
    "show_taps",
    "show_volume",
    "show_weight_matrix",
    "stripes_and_patches",
    "zone_plate",
]
