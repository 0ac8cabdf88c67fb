# %% [markdown] id="title"
# # Case studies: the famous networks
#
# From LeNet-5 in 1998 to ResNet in 2015, a handful of networks changed what people thought a
# computer could see. Nearly all of their layers you have already written. In this notebook you
# build **the piece that made each of them new**, count what it costs, and run every network on your
# own layers.
#
# | network | you write | in short | points |
# | :-- | :-- | :-- | --: |
# | LeNet-5 | `c3_connections`, `partially_connected_forward` | who sees what, in 1998 | 1 + 2 |
# | AlexNet | `grouped_conv_forward` | two towers, side by side | 3 |
# | ZFNet | `map_sizes` | what to do when the stride does not divide | 2 |
# | VGG | `vgg_table` | every line, and what they really sum to | 3 |
# | GoogLeNet | `inception_forward`, `inception_backward` | four branches, one volume | 4 + 3 |
# | ResNet | `residual_block_forward`, `residual_block_backward` | a way around | 2 + 3 |
# | | `fine_tune_last_layer` | use what others have trained | 3 |
#
# Two more points are for a question that you answer in words. You need convolution, pooling and the
# ReLU, forward and backward; your own from earlier notebooks are fetched below. Allow three to four
# hours. The picture under the set-up is where the journey ends: the same job, done with less and
# less work and better and better.

# %% id="setup" tags=["setup"]

# %% id="layers" tags=["provided"]
from cs231n import notebooks

conv_forward, conv_backward = notebooks.load(
    "2_convolution", "conv_forward_naive", "conv_backward_naive"
)
max_pool_forward, max_pool_backward = notebooks.load(
    "3_pooling", "max_pool_forward_naive", "max_pool_backward_naive"
)
relu_forward, relu_backward = notebooks.load("1_fully_connected", "relu_forward", "relu_backward")
affine_forward, affine_backward = notebooks.load(
    "1_fully_connected", "affine_forward", "affine_backward"
)

# %% id="zoo-chart" tags=["demo"]
from time import perf_counter

from cs231n.architectures import build, parse
from cs231n.architectures.pictures import draw_graph, draw_volumes, plot_costs, plot_zoo
from cs231n.architectures.receptive import receptive_fields
from cs231n.architectures.running import Network

fig = vis.describe(
    plot_zoo(),
    "Bubbles by multiply-adds and accuracy. AlexNet is lowest at 56.5 percent; VGG needs most work "
    "for 69 to 72; GoogLeNet and ResNet-18 reach 70 with a tenth of it; ResNet-152 is best at 78.",
)

# %% [markdown] id="tools-text"
# ### A network as a line of text
#
# The course's package knows these networks as plain descriptions. `build("alexnet")` gives one,
# `parse("INPUT32x32x3 -> CONV3-8 -> RELU -> FC-10")` makes one from text, and `Network(...)` runs it
# on **whatever layer functions it is handed**: yours, from the cell above. The demonstrations use
# them; your exercises need nothing but your layers and NumPy.

# %% id="tools" tags=["demo"]
mine = dict(conv_forward_naive=conv_forward, conv_backward_naive=conv_backward)
mine |= dict(max_pool_forward_naive=max_pool_forward, max_pool_backward_naive=max_pool_backward)
mine |= dict(relu_forward=relu_forward, relu_backward=relu_backward)
mine |= dict(affine_forward=affine_forward, affine_backward=affine_backward)


def run(architecture, layers=mine, whose="your layers"):
    """One random picture through a network with random first weights."""
    picture = np.random.default_rng(0).standard_normal((1, *architecture.input_shape))
    network = Network(architecture, layers=layers)
    start = perf_counter()
    scores = network.forward(picture.astype(np.float32), progress=False)
    seconds = perf_counter() - start
    depth, *size = architecture.input_shape
    print(
        f"{architecture.name}: {size[0]}×{size[1]}×{depth} in, {scores.shape[1]} scores out, "
        f"{architecture.parameter_count:,} parameters, {seconds:.2f} s on {whose}"
    )


# %% [markdown] id="lenet-text"
# ## 1 · LeNet-5: the first that worked
#
# LeCun, Bottou, Bengio and Haffner (1998) read the digits on bank cheques with it. Today it is taught
# with ReLU and max pooling: two rounds of *convolution, pool*, then three fully connected layers.
# Sizes go **32 → 28 → 14 → 10 → 5**, and every parameter can be counted by hand:
#
# | layer | | parameters |
# | :-- | :-- | --: |
# | conv 5×5, 6 filters | $(5 \cdot 5 \cdot 1 + 1) \cdot 6$ | 156 |
# | conv 5×5, 16 filters | $(5 \cdot 5 \cdot 6 + 1) \cdot 16$ | 2,416 |
# | FC 120 | $(5 \cdot 5 \cdot 16 + 1) \cdot 120$ | 48,120 |
# | FC 84 | $(120 + 1) \cdot 84$ | 10,164 |
# | FC 10 | $(84 + 1) \cdot 10$ | 850 |
# | **sum** | | **61,706** |

# %% id="lenet-run" tags=["demo"]
with check.demo():
    lenet = build("lenet5")
    fig = vis.describe(
        draw_volumes(lenet),
        "LeNet-5 as a row of shrinking boxes: 32x32x1, 28x28x6, 14x14x6, 10x10x16, 5x5x16, then "
        "120, 84 and 10 neurons.",
    )
    run(lenet)

# %% [markdown] id="c3-text"
# ### What it was in 1998
#
# The original differs in many small ways (its pools average and then scale, its nonlinearity is a
# tanh, its output compares with stored pictures). One of them is worth building. Its second
# convolution, called C3, makes 16 maps out of 6, and **no map of C3 but the last sees all six**. That
# saved multiplications, and it kept the maps from learning the same thing, since each sees something
# else. The table:
#
# - maps 0 to 5 see **three neighbours**, maps 6 to 11 **four neighbours**;
# - maps 12 to 14 see **two pairs with a gap** between them;
# - map 15 sees all.
#
# "Neighbours" go round a circle: after map 5 comes map 0. **By hand**: map 4 of C3 sees maps 4, 5 and
# 0. In all there are $6 \cdot 3 + 6 \cdot 4 + 3 \cdot 4 + 6 = 60$ connections of 25 weights each, so C3
# has $60 \cdot 25 + 16 = 1{,}516$ parameters in place of 2,416.

# %% id="c3" solution="c3_connections"

# %% id="c3-check" exercise="c3_connections" points=1
check.c3_connections(c3_connections)

# %% id="c3-picture" tags=["demo"]
with check.demo():
    table = c3_connections()
    fig = vis.show_connections(
        table,
        title=f"LeNet-5, 1998: {table.sum()} of 96 connections",
        caption="Columns: the 16 maps of C3. Rows: the 6 maps of S2, of which each sees some.",
    )
    vis.describe(fig, "A table of 6 rows and 16 columns with 60 crosses, in diagonal stripes.")

# %% [markdown] id="partial-text"
# ### Filters that do not see everything
#
# With $s_{fc} = 1$ where filter $f$ sees channel $c$, and 0 elsewhere, a partially connected
# convolution (stride 1, no padding) is
#
# $$\text{out}[n,f,i,j] \;=\; b_f + \sum_{c} s_{fc} \sum_{a,\,e} w[f,c,a,e]\; x[n,\,c,\,i+a,\,j+e].$$
#
# Look at the formula for a while before you write loops: which of its factors may be multiplied
# first?
#
# **By hand**: three channels of one pixel each, 1, 10 and 100; all weights are 1. Filter 0 sees
# channels 0 and 2: $1 + 100 = 101$. Filter 1 sees channel 1 and has a bias of 1000: 1010.

# %% id="partial" solution="partially_connected_forward"

# %% id="partial-check" exercise="partially_connected_forward" points=2
check.partially_connected_forward(partially_connected_forward)

# %% [markdown] id="sixty-thousand-text"
# ### Sixty thousand
#
# The paper speaks of 60,000 trainable parameters, and a count from the paper's text gives that very
# number, neither more nor less. (Its last layer's 840 numbers were fixed by hand and are not trained.)

# %% id="sixty-thousand" tags=["demo"]
with check.demo():
    counts = {
        "C1: conv 5×5, 1 to 6 maps": 156,
        "S2: a factor and a bias a map": 12,
        "C3: conv 5×5, 6 to 16 maps": int(c3_connections().sum()) * 25 + 16,
        "S4: a factor and a bias a map": 32,
        "C5: conv 5×5, 16 to 120 maps": (5 * 5 * 16 + 1) * 120,
        "F6: fully connected, 120 to 84": (120 + 1) * 84,
    }
    for name, number in counts.items():
        print(f"{number:8,}   {name}")
    print(f"{sum(counts.values()):8,}   together (the paper: 60,000)")
    run(build("lenet5_1998"))

# %% [markdown] id="alexnet-text"
# ## 2 · AlexNet: large, and on two cards
#
# In 2012 Krizhevsky, Sutskever and Hinton won the ImageNet challenge by a wide margin. The recipe was
# LeNet's, deeper and far wider, with **ReLU** in place of tanh, dropout, local response
# normalisation, and pools that overlap (3×3, stride 2).
#
# **Often told wrongly**: "AlexNet ends in 7×7×512 after five poolings". That is VGG. AlexNet pools
# **three** times, and its last volume is **6×6×256**, 9,216 values. Its first layer makes 55×55×96
# out of 227×227×3: $(227 - 11)/4 + 1 = 55$.

# %% id="alexnet-volumes" tags=["demo"]
fig = vis.describe(
    draw_volumes(build("alexnet")),
    "AlexNet as boxes: 227x227x3, 55x55x96, 27x27x96, 27x27x256, 13x13x256, 13x13x384 twice, "
    "13x13x256, 6x6x256, then 4096, 4096 and 1000 neurons.",
)

# %% [markdown] id="groups-text"
# ### Two towers
#
# It did not fit onto one graphics card of its time, 3 GB. So half of the filters of each layer lived
# on one card and half on the other, and in layers 2, 4 and 5 filters saw **only the maps on their
# own card**. Today this is called a *grouped convolution*: with $G$ groups, the channels are dealt out
# in $G$ blocks, the filters too, and block $g$ of filters sees block $g$ of channels.
#
# So a filter is $C/G$ channels deep, not $C$. conv2 has 256 filters over 96 maps:
#
# $$\text{one tower: } (5 \cdot 5 \cdot 96 + 1) \cdot 256 = 614{,}656 \qquad
#   \text{two: } (5 \cdot 5 \cdot 48 + 1) \cdot 256 = 307{,}456.$$
#
# The weights are halved, the biases are not. **By hand**: channels 1, 10, 100 and 1000 of one pixel,
# two groups, filters $(1, 2)$ and $(3, 4)$. Filter 0 gives $1 \cdot 1 + 2 \cdot 10 = 21$, filter 1
# gives $3 \cdot 100 + 4 \cdot 1000 = 4300$.

# %% id="grouped" solution="grouped_conv_forward"

# %% id="grouped-check" exercise="grouped_conv_forward" points=3
check.grouped_conv_forward(grouped_conv_forward)

# %% [markdown] id="break-groups-text"
# **Try to break it.** What should happen with 4 channels in 3 groups? With as many groups as channels
# (each filter then sees a single map; small networks for telephones are made of that)? And does a
# filter of one group stay as it is when you make the other group's channels a million times larger?
# Change the numbers and look.

# %% id="break-groups" tags=["demo"]
with check.demo():
    GROUPS, CHANNELS, FILTERS, FACTOR = 2, 4, 6, 1e6
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, CHANNELS, 5, 5))
    w = rng.standard_normal((FILTERS, CHANNELS // GROUPS, 3, 3))
    plain = {"stride": 1, "pad": 1}
    before, _ = grouped_conv_forward(x, w, np.zeros(FILTERS), plain, GROUPS)
    x[:, CHANNELS // GROUPS :] *= FACTOR
    after, _ = grouped_conv_forward(x, w, np.zeros(FILTERS), plain, GROUPS)
    print("out:", after.shape)
    for f in range(FILTERS):
        print(f"filter {f} changed by at most {np.abs(after - before)[0, f].max():.3g}")

# %% [markdown] id="alexnet-counts-text"
# ### Counted and run
#
# All layers together: **60,965,224** parameters with two towers, **62,378,344** in one, although one
# tower needs 1.6 times the multiply-adds. Nine of ten parameters are in the first two fully connected
# layers, and nine of ten multiply-adds in the convolutions.
#
# A picture of full size goes through on the course's fast layers, and one of 131×131 on yours (plain
# loops are slow; that stride 4 and all three pools fit 131 is luck, and worth checking by hand).

# %% id="alexnet-run" tags=["demo"]
with check.demo(seconds=120):
    for name in ("alexnet", "alexnet_one_tower"):
        network = build(name)
        last = network.shapes["pool5"]
        print(f"{name:18} {network.parameter_count:>11,} parameters, pool5 gives {last}")
    run(build("alexnet"), None, "the course's layers")
    run(build("alexnet").with_input(131))

# %% [markdown] id="zfnet-text"
# ## 3 · ZFNet: look inside, then change two numbers
#
# Zeiler and Fergus (2013) found ways to see what AlexNet's filters respond to. The first layer,
# 11×11 with stride 4, had filters for coarse and for very fine patterns and few between, and the
# large step left traces of aliasing in the second. They took **7×7 with stride 2** there, and stride 2
# in conv2; networks of this kind led the challenge of that year.
#
# Watch what a stride does to fine detail. The rings below get finer outwards. The same small blur looks
# at every fourth pixel, then at every second: where rings are finer than the steps, **rings appear that
# are not there**.

# %% id="zfnet-picture" tags=["demo"]
with check.demo():
    rings = vis.zone_plate(227)[None, None]
    shown = {"x: 227×227": rings[0, 0]}
    for size, stride in ((11, 4), (7, 2)):
        rows = np.arange(size) - size // 2
        blur = np.exp(-(rows**2) / 1.0)
        w = (blur[:, None] * blur)[None, None] / blur.sum() ** 2
        maps, _ = conv_forward(rings, w, np.zeros(1), {"stride": stride, "pad": 0})
        shown[f"{size}×{size}, stride {stride}: {maps.shape[2]}×{maps.shape[3]}"] = maps[0, 0]
    fig = vis.show_images(
        shown,
        size=3,
        caption="The same blur at AlexNet's stride and at ZFNet's. With stride 4 the outer rings come "
        "back as false ones, each with a centre of its own.",
    )
    vis.describe(
        fig,
        "Fine rings around one centre; after stride 4 many false centres beside the true one; after "
        "stride 2 almost only the true rings.",
    )

# %% [markdown] id="sizes-text"
# ### When the stride does not divide
#
# ZFNet's first layer: $(224 + 2 \cdot 1 - 7)/2 + 1 = 110.5$. In the notebook on convolution that was
# an error. Networks of the time simply **rounded**, and the software decided how: *down* (the last
# pixels are left out) or, for the pools of GoogLeNet, *up* (a last window hangs over the edge).
#
# $$\text{out} = \left\lfloor \frac{W + 2P - F}{S} \right\rfloor + 1 \qquad\text{or}\qquad
#   \text{out} = \left\lceil \frac{W + 2P - F}{S} \right\rceil + 1$$
#
# **By hand**: 8 pixels, windows of 3, stride 2: $(8-3)/2 = 2.5$, so 3 windows when rounding down
# (pixel 7 is never seen), 4 when rounding up. ZFNet as a whole goes 224 → **110, 55, 26, 13, 13, 13,
# 13, 6**.

# %% id="map-sizes" solution="map_sizes"

# %% id="map-sizes-check" exercise="map_sizes" points=2
check.map_sizes(map_sizes)

# %% id="zfnet-run" tags=["demo"]
fig = vis.describe(
    draw_volumes(build("zfnet")),
    "ZFNet as boxes: 224x224x3, 110x110x96, 55x55x96, 26x26x256, 13x13x256, 13x13x384 twice, "
    "13x13x256, 6x6x256, then 4096, 4096 and 1000 neurons.",
)
with check.demo():
    zf = [(7, 2, 1), (3, 2, 1), (5, 2, 0), (3, 2, 1), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 0)]
    for rounding in ("floor", "ceil"):
        print(f"ZFNet, rounded {rounding:5}:", map_sizes(224, [(*z, rounding) for z in zf]))
    print(f"published size: {build('zfnet').parameter_count:,} parameters (AlexNet: 62,378,344)")
    run(build("zfnet").with_input(96))  # a smaller picture, so a smaller first FC layer

# %% [markdown] id="vgg-text"
# ## 4 · VGG: nothing but 3×3
#
# Simonyan and Zisserman (2014) threw every clever size out: **3×3 convolutions with pad 1, 2×2 pools,
# all the way down**, 16 or 19 layers with weights. Each pool halves the maps, and the next stage has
# twice the filters, up to 512. It is the plainest of the large networks, so it is the one whose costs
# are printed everywhere, line by line. Yours will be right.
#
# Of every layer you note what comes out, height × width × depth, and the number of **parameters,
# biases included**. **By hand**, the first convolution: $224 \cdot 224 \cdot 64 = 3{,}211{,}264$
# values and $(3 \cdot 3 \cdot 3 + 1) \cdot 64 = 1{,}792$ parameters. The first fully connected layer
# reads all $7 \cdot 7 \cdot 512$ values: $(25{,}088 + 1) \cdot 4096 = 102{,}764{,}544$.

# %% id="vgg-table" solution="vgg_table"

# %% id="vgg-table-check" exercise="vgg_table" points=3
check.vgg_table(vgg_table)

# %% id="vgg-lines" tags=["demo"]
with check.demo():
    table = vgg_table((2, 2, 3, 3, 3))
    convs = [f"conv{s}_{k}" for s, n in enumerate((2, 2, 3, 3, 3), 1) for k in range(1, n + 1)]
    names = iter(convs)
    pools, heads = iter("12345"), iter("678")
    print("                   out       values    MiB    parameters")
    for line, (H, W, D, values, parameters) in enumerate(table):
        if H == 1:
            name = f"fc{next(heads)}"
        elif line == 0:
            name = "input"
        else:
            name = next(names) if parameters else f"pool{next(pools)}"
        mib = 4 * values / 2**20
        print(f"{name:9}{f'{H}×{W}×{D}':>13}{values:13,}{mib:7.2f}{parameters:14,}")
    values, parameters = table[:, 3].sum(), table[:, 4].sum()
    print(f"total                 {values:13,}{4 * values / 2**20:7.2f}{parameters:14,}")
    print(f"\nforward, float32: {4 * values / 1e6:.2f} MB = {4 * values / 2**20:.2f} MiB a picture")
    print(f"parameters alone: {4 * parameters / 1e6:.1f} MB = {4 * parameters / 2**20:.1f} MiB")

# %% [markdown] id="vgg-sums"
# ### The sums as they really come out
#
# **15,237,608 values, 60.95 MB = 58.13 MiB** a picture in float32, forward; **138,357,544
# parameters**, of which 13,416 are biases.
#
# Under this table you will often read a total of "24M × 4 bytes = 93 MB". It is not the sum of its
# lines. (Nor would 24 million times 4 be 93: it is 96 MB, or 91.6 MiB.) If every ReLU kept an output
# of its own beside its input, there would be 28,793,320 values, 109.84 MiB: that is not it either. To
# train, roughly double what you get: each value has a gradient.
#
# Two things to see in the table, and in the picture below. **Most memory is in the first layers**, the
# two of 224×224×64. **Most parameters are in one late layer**: fc6 has 74% of them. The networks after
# VGG attack just that.

# %% id="vgg-volumes" tags=["demo"]
fig = vis.describe(
    draw_volumes(build("vgg16")),
    "VGG-16 as boxes, stage by stage: 224x224x64, 112x112x128, 56x56x256, 28x28x512, 14x14x512, "
    "7x7x512, then 4096, 4096 and 1000 neurons.",
)

# %% id="vgg-costs" tags=["demo"]
fig = vis.describe(
    plot_costs(build("vgg16")),
    "Three bar charts over the layers of VGG-16: fc6 has 103 million of 138 million parameters, the "
    "first two convolutions the most activations, and work is spread over the convolutions.",
)
run(build("vgg16", classes=10).with_input(32))

# %% [markdown] id="graph-text"
# ## 5 · Networks that are no line
#
# So far every layer read the one before it. Nothing demands that. A network may be any graph without
# circles, if two kinds of node are understood:
#
# - **A volume that is read by several layers.** Forward: they all get the same numbers. Backward: **the
#   gradients that come back are added up**, because the volume acts on the loss in several ways.
# - **A node that reads several volumes.** Concatenation puts them one behind the other; backward, each
#   gets its part of the gradient. Addition: backward, each gets *all* of the gradient, unchanged.
#
# GoogLeNet is built on the first of these joins, ResNet on the second.

# %% id="inception-graph" tags=["demo"]
fig = vis.describe(
    draw_graph(
        parse(
            """INPUT28x28x192 -> (1x1:CONV1-64 -> RELU
            | 3x3_reduce:CONV1-96 -> RELU -> 3x3:CONV3-128 -> RELU
            | 5x5_reduce:CONV1-16 -> RELU -> 5x5:CONV5-32 -> RELU
            | pool:POOL3/1p1 -> pool_proj:CONV1-32 -> RELU)"""
        ),
        names=True,
        title="Inception module 3a",
    ),
    "A graph: the input 28x28x192 goes to four branches, 1x1; 3x3_reduce and 3x3; 5x5_reduce and "
    "5x5; pool and pool_proj. Their outputs are concatenated to 28x28x256.",
)

# %% [markdown] id="inception-text"
# ## 6 · GoogLeNet: the Inception module
#
# Which filter size is right? Szegedy and others (2014): **take them all**, and let training decide.
# Four branches read the same volume; each keeps its height and width, and their outputs are stacked
# **along the depth**.
#
# Alone that would be dear: 5×5 filters over 192 channels, 32 of them, have $25 \cdot 192 \cdot 32 =
# 153{,}600$ weights. So a **1×1 convolution first squeezes the depth**, here to 16: $192 \cdot 16 +
# 25 \cdot 16 \cdot 32 = 15{,}872$, a tenth of it.
#
# **Mind the pool.** It is 3×3 with stride 1, and must keep the size, so it needs padding of 1 all
# round. What number stands there? Not 0: if all the values near an edge are negative, a 0 would win. It
# has to be something that never wins. Your pooling layer knows of no padding, so pad first
# (`np.pad` with `constant_values`), and pool then. (Backward, the border's gradient belongs to nobody.)
#
# **By hand**: one channel, one filter a layer, and a single 1 in the middle of a 7×7 map. With 1×1
# weight 2, a 3×3 filter whose only weight 3 is in the middle of its top row, a 5×5 filter whose only
# weight 5 is at the left end of its middle row, and pool_proj 7: map 0 has a 2 in the middle, map 1 a
# 3 one row lower, map 2 a 5 two columns to the right, and map 3 a block of **nine 7s**.

# %% id="inception-forward" solution="inception_forward"

# %% id="inception-forward-check" exercise="inception_forward" points=4
check.inception_forward(inception_forward)

# %% [markdown] id="inception-maps-text"
# Look at what each branch can see. The input is noise with one bright square; the filters only average,
# so the maps tell how far each branch looks around.

# %% id="inception-maps" tags=["demo"]
with check.demo():
    noise = np.random.default_rng(1).uniform(0, 0.25, (1, 1, 24, 24))
    noise[0, 0, 10:13, 10:13] = 1
    params = {}
    for name, size in [("1x1", 1), ("3x3_reduce", 1), ("3x3", 3), ("5x5_reduce", 1), ("5x5", 5),
                       ("pool_proj", 1)]:  # fmt: skip
        params[f"{name}.w"], params[f"{name}.b"] = (
            np.ones((1, 1, size, size)) / size**2,
            np.zeros(1),
        )
    maps, _ = inception_forward(noise, params)
    shown = {"x": noise[0, 0]}
    shown |= dict(zip(("1×1", "3×3", "5×5", "pool"), maps[0]))
    fig = vis.show_images(
        {name: np.clip(m, 0, 1) for name, m in shown.items()},
        ncols=5,
        size=1.8,
        caption="One module's four maps: the pixel itself, means of 9 and of 25, the largest of 9.",
    )
    vis.describe(
        fig,
        "Noise with a bright square, and four maps: the same, blurred a little, blurred "
        "more, and with every bright spot grown to a block.",
    )

# %% [markdown] id="inception-backward-text"
# ### Backward
#
# The gradient arrives in one piece, stacked as `out` is. Cut it into the four branches' parts, take
# each back through its own branch, and
#
# $$\frac{\partial L}{\partial x} \;=\; \sum_{\text{branches } k} \Big(\text{what comes back through
#   branch } k\Big).$$
#
# **By hand**, the module of nine 7s above, with a `dout` of 1 everywhere, at the bright pixel:
# branch 0 sends back 2, branch 1 sends 3, branch 2 sends 5, and the pool's branch
# $9 \cdot 7 = 63$, since the pixel won nine windows. Together 73.

# %% id="inception-backward" solution="inception_backward"

# %% id="inception-backward-check" exercise="inception_backward" points=3
check.inception_backward(inception_forward, inception_backward)

# %% [markdown] id="break-inception-text"
# **Try to break it.** Maps of a single pixel, negative input, huge values, half precision: which of these
# should work? A hint: the largest number in `float16` is 65,504, and nothing in the module needs a value
# to exist *beside* a pixel. Does anything come out as `nan` or `inf`? What if a picture holds a `nan`?

# %% id="break-inception" tags=["demo"]
for name, x in {
    "a single pixel": np.full((1, 1, 1, 1), 3.0),
    "all negative": np.full((1, 1, 4, 4), -5.0),
    "huge": np.full((1, 1, 4, 4), 1e200),
    "half precision": np.full((1, 1, 4, 4), 60000, dtype=np.float16),
}.items():
    with check.demo():
        out, _ = inception_forward(x, params)
        print(f"{name:15} out {out.shape}, {out.dtype}, from {out.min():.4g} to {out.max():.4g}")

# %% [markdown] id="googlenet-text"
# ### Nine modules make a GoogLeNet
#
# Modules 3a and 3b give 256 and 480 maps of 28×28; 4a to 4e give 512, 512, 512, 528, 832 of 14×14; 5a
# and 5b give 832 and 1024 of 7×7. A global average then leaves 1024 numbers.
#
# Two statements that are often repeated:
#
# - "GoogLeNet has 4M parameters." Counted, it has **6,998,552**, about 7.0 million (13,378,280 with the
#   two side heads that helped training). A twentieth of VGG is remarkable enough.
# - "GoogLeNet and ResNet have no fully connected layer." **One remains** in each: from 1024 numbers to
#   1000 scores, 1,025,000 parameters here. What is gone are the two layers of 4096.
#
# In the next cell the stem of the network runs as described, **your module does the work of all
# nine**, and the scores are compared with the network's own.

# %% id="googlenet-run" tags=["demo"]
with check.demo(seconds=120):
    googlenet = build("googlenet").with_input(64)  # 224 takes twelve times as long
    network = Network(googlenet, layers=mine)
    picture = np.random.default_rng(0).standard_normal((1, 3, 64, 64)).astype(np.float32)
    modules = [
        f"inception{name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    ]
    truth = network.forward(picture, outputs=["pool2", *modules, "fc"], progress=False)
    volume, halve = truth["pool2"], {"pool_height": 3, "pool_width": 3, "stride": 2}
    for name in modules:
        own = {
            key.removeprefix(f"{name}."): value
            for key, value in network.params.items()
            if key.startswith(f"{name}.")
        }
        volume, _ = inception_forward(volume, own)
        error = np.abs(volume - truth[name]).max() / np.abs(truth[name]).max()
        print(f"{name}: {volume.shape[1]:5} maps of {volume.shape[2]}×{volume.shape[3]}, "
              f"off by {error:.1e}")  # fmt: skip
        if name in ("inception3b", "inception4e"):  # a pool that rounds up: one row and column more
            edge = ((0, 0), (0, 0), (0, 1), (0, 1))
            volume, _ = max_pool_forward(np.pad(volume, edge), halve)
    scores, _ = affine_forward(
        volume.mean(axis=(2, 3)), network.params["fc.w"], network.params["fc.b"]
    )
    print(f"scores: off by {np.abs(scores - truth['fc']).max() / np.abs(truth['fc']).max():.1e}")
    print(f"{build('googlenet').parameter_count:,} parameters; with both side heads "
          f"{build('googlenet_auxiliary').parameter_count:,}")  # fmt: skip

# %% [markdown] id="googlenet-pad-note"
# (Padding with 0 was fine in *that* cell: the volume comes out of a ReLU, and no value is below 0.)

# %% id="googlenet-graph" tags=["demo"]
fig = vis.describe(
    draw_graph(build("googlenet"), title="GoogLeNet"),
    "GoogLeNet in three columns: a stem of convolutions and pools, nine Inception modules with four "
    "branches each, a global average and one fully connected layer.",
)

# %% [markdown] id="resnet-text"
# ## 7 · ResNet: a way around
#
# Deeper should be better. But He, Zhang, Ren and Sun (2015) stacked 56 plain layers and got a *higher*
# error than with 20, **on the training pictures**. The deeper network could do as well: let 36 of its
# layers hand on what they get. Training just did not find that.
#
# So make "hand on what you get" the easiest thing there is. A **residual block** adds its input to what
# its layers compute:
#
# $$\text{out} = \mathrm{ReLU}\big(\,\underbrace{F(x)}_{\text{conv, ReLU, conv}} +
#   \underbrace{x}_{\text{shortcut}}\,\big).$$
#
# With weights of zero, $F(x) = 0$ and $x$ goes through. Mind where the ReLU stands: **behind the sum**.
# Before it, $F$ could only ever add. Where the block changes the depth, or halves the maps, $x$ does not
# fit $F(x)$; then the shortcut is a 1×1 convolution with the same stride.
#
# **By hand**: $F(x) = -2$ at two pixels where $x$ is 3 and 1. The sums are 1 and −1, `out` is 1 and 0.

# %% id="resnet-graph" tags=["demo"]
fig = vis.describe(
    draw_graph(
        parse(
            """INPUT57x57x64 -> block1:(conv1:CONV3-64 -> RELU -> conv2:CONV3-64 + ) -> RELU
            -> block2:(conv1:CONV3-128/2 -> RELU -> conv2:CONV3-128 + shortcut:CONV1-128/2) -> RELU"""
        ),
        fold=False,
        columns=2,
        title="Two residual blocks",
    ),
    "Two blocks, each conv, ReLU, conv and an addition followed by ReLU. In the first the input goes "
    "around unchanged, in the second through a 1x1 convolution with stride 2.",
)

# %% id="residual-forward" solution="residual_block_forward"

# %% id="residual-forward-check" exercise="residual_block_forward" points=2
check.residual_block_forward(residual_block_forward)

# %% [markdown] id="residual-backward-text"
# ### Backward
#
# The sum hands its gradient on to both of its terms, **unchanged and in full**. One way leads through
# the convolutions, the other through the shortcut, and at $x$ they meet again:
#
# $$\frac{\partial L}{\partial x} = \Big(\frac{\partial F}{\partial x}\Big)^{\!\top} g + g,
#   \qquad g = \text{what the last ReLU lets through of } \frac{\partial L}{\partial\,\text{out}}.$$
#
# **By hand**: all filters 0, $x = (1, -2, 3)$ and `dout` $= (10, 20, 30)$. `out` is $(1, 0, 3)$, the
# ReLU stops the 20, and `dx` is $(10, 0, 30)$, though nothing comes back through $F$.

# %% id="residual-backward" solution="residual_block_backward"

# %% id="residual-backward-check" exercise="residual_block_backward" points=3
check.residual_block_backward(residual_block_forward, residual_block_backward)

# %% [markdown] id="depth-text"
# ### How far does a gradient get?
#
# Stack 20 blocks with small random weights and send a gradient back. A plain network is the same block
# with a shortcut of zeros. You should see two lines part: one sinks by a constant factor with every
# block, the other barely moves.

# %% id="depth-picture" tags=["demo"]
with check.demo():
    rng, depth, C = np.random.default_rng(0), 20, 8
    sizes = {}
    for kind in ("plain", "residual"):
        volume, caches = rng.standard_normal((2, C, 8, 8)), []
        for _ in range(depth):
            block = {"conv1.b": np.zeros(C), "conv2.b": np.zeros(C)}
            for name in ("conv1.w", "conv2.w"):
                block[name] = rng.standard_normal((C, C, 3, 3)) * 0.5 * np.sqrt(2 / (9 * C))
            if kind == "plain":
                block |= {"shortcut.w": np.zeros((C, C, 1, 1)), "shortcut.b": np.zeros(C)}
            volume, cache = residual_block_forward(volume, block, 1)
            caches.append(cache)
        gradient, lengths = rng.standard_normal(volume.shape), []
        for cache in reversed(caches):
            gradient, _ = residual_block_backward(gradient, cache)
            lengths.append(np.linalg.norm(gradient))
        sizes[kind] = lengths
    fig = vis.plot_curves(
        range(1, depth + 1),
        sizes,
        xlabel="blocks that the gradient has gone back through",
        ylabel="length of the gradient",
        log="y",
        title="A gradient on its way back, weights half as large as He's",
    )
    vis.describe(
        fig,
        "Length of the gradient against depth on a logarithmic axis: the plain network's falls by "
        "many powers of ten, the residual network's stays near where it began.",
    )

# %% [markdown] id="resnet-run-text"
# ### ResNet-18 on your blocks
#
# A real ResNet has batch normalisation behind each convolution. In a *trained* network that is a factor
# and a shift for each channel, and both can be written into the convolution before it:
#
# $$w' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\, w, \qquad
#   b' = \beta - \frac{\gamma\, \mu}{\sqrt{\sigma^2 + \varepsilon}}.$$
#
# So your block, which normalises nothing, can be any block of a trained ResNet. Below, numbers are made
# up for every $\gamma, \beta, \mu, \sigma$, and the eight blocks of ResNet-18 are yours. Pictures are of
# 65×65, for which every stride divides.


# %% id="resnet-run" tags=["demo"]
def fold(network, conv, norm):
    """w and b of a convolution with the normalisation behind it written into it."""
    p, kept = network.params, network.buffers
    factor = p[f"{norm}.gamma"] / np.sqrt(kept[f"{norm}.running_var"] + 1e-5)
    shift = p[f"{norm}.beta"] - factor * kept[f"{norm}.running_mean"]
    return p[f"{conv}.w"] * factor[:, None, None, None], shift


with check.demo(seconds=120):
    rng = np.random.default_rng(0)
    network = Network(build("resnet18").with_input(65), layers=mine)
    for store in (network.params, network.buffers):
        for key, value in store.items():
            if not key.endswith(".w") and not key.startswith("fc"):
                value[...] = rng.uniform(0.5, 1.5, value.shape)
    blocks = [f"layer{stage}.{k}" for stage in (1, 2, 3, 4) for k in (0, 1)]
    truth = network.forward(
        rng.standard_normal((1, 3, 65, 65)).astype(np.float32),
        outputs=["pool1", "relu9", "fc"],
        progress=False,
    )
    volume = truth["pool1"]
    for name in blocks:
        own = {}
        for k in (1, 2):
            own[f"conv{k}.w"], own[f"conv{k}.b"] = fold(network, f"{name}.conv{k}", f"{name}.bn{k}")
        if f"{name}.downsample.0.w" in network.params:
            pair = f"{name}.downsample.0", f"{name}.downsample.1"
            own["shortcut.w"], own["shortcut.b"] = fold(network, *pair)
        stride = 2 if name in ("layer2.0", "layer3.0", "layer4.0") else 1
        volume, _ = residual_block_forward(volume, own, stride)
        print(f"{name}: {volume.shape[1]:4} maps of {volume.shape[2]}×{volume.shape[3]}")
    error = np.abs(volume - truth["relu9"]).max() / np.abs(truth["relu9"]).max()
    print(f"after eight of your blocks: off by {error:.1e}")

# %% [markdown] id="resnet-counts-text"
# ### Counted
#
# ResNet-50 and deeper use a *bottleneck*: 1×1 to a quarter of the depth, 3×3, 1×1 back. The last maps
# are 7×7 in all of them, 512 or 2048 deep, and each output there **sees more than the picture has
# pixels**. In the paper the bottleneck's stride stands on its first 1×1; published weights have it on
# the 3×3, which changes no count, but what is seen: 427 pixels in place of 483.

# %% id="resnet18-graph" tags=["demo"]
fig = vis.describe(
    draw_graph(build("resnet18"), title="ResNet-18"),
    "ResNet-18 in columns: a convolution and a pool, eight residual blocks, three of them with a 1x1 "
    "convolution as shortcut, a global average and one fully connected layer.",
)

# %% id="resnet-counts" tags=["demo"]
for name in ("resnet18", "resnet34", "resnet50", "resnet50_stride_on_1x1"):
    net = build(name)
    last = [node for node in net.shapes if len(net.shapes[node]) == 3][-2]
    fc = int(np.prod(net.parameters["fc.w"])) + 1000
    print(
        f"{name:23} {net.parameter_count:>11,} parameters, {fc:,} of them in its one FC layer; "
        f"last maps {net.shapes[last]}, sees {receptive_fields(net)[last].size[0]} pixels"
    )

# %% [markdown] id="question" question=2
# ### Question
#
# The paper's 56-layer plain network has a higher error *on the training pictures* than the 20-layer
# one. (a) Why is that not overfitting? (b) What does a shortcut change, forward and backward, so that
# 56 layers can be trained? Answer with reference to the formula of the block and to your `dx`. Three
# to six sentences.
#
# <!-- answer -->
#
# (a), half a point: overfitting means a low error on the training pictures and a high one on new ones;
# here the training error itself is higher. A good solution exists (copy the 20 layers, let the rest be
# the identity), so it is optimisation that fails, not the capacity of the network.
#
# (b) Forward, half a point: $\text{out} = \mathrm{ReLU}(F(x) + x)$, so the identity is reached with
# weights of 0 (or small ones), near where training begins; the layers need to learn only what differs
# from it. A plain block would have to learn the identity with its weights.
#
# Backward, one point: $dx = (\partial F/\partial x)^\top g + g$. The second term does not go through any
# weights, so the gradient reaches early layers without being multiplied by a small (or large) factor
# at each layer; in a plain network the product of such factors vanishes or explodes with depth. Half
# of the point for naming the direct path alone, the other half for saying why products of factors are
# the trouble. (With a ReLU behind the sum the path is direct where that ReLU is active. Batch
# normalisation alone keeps variances in order, and yet the plain network of the paper had it and failed:
# an answer that says so is welcome and not required.)

# %% [markdown] id="hero-text"
# ## 8 · Don't be a hero
#
# Few people train such a network from nothing, or should. The usual way is short: **take what works best
# on ImageNet, load its weights, and train a new last layer on your own pictures.** Everything below the
# last layer stays as it is; it has become a machine that turns pictures into *features*. Only when there
# is much data are more layers freed.
#
# Weights come in files. Choose **safetensors**: names, shapes, numbers, nothing else. The older `.pth`
# is a pickle, and reading one may run any program hidden in it. With torchvision's weights for
# ResNet-18 on your disk the first step would read
#
# ```python
# from cs231n.architectures.weights import load_torchvision
# params, buffers, report = load_torchvision("resnet18.safetensors", build("resnet18"))
# ```
#
# Here is no network to download from, so we make "pretrained" weights ourselves: a small net learns
# **six** classes of made-up shapes. (On the course's fast layers; if you are in a hurry, interrupt it:
# what has been learned is kept.)

# %% id="hero-pretrain" tags=["demo"]
from tqdm.auto import trange

from cs231n.fast_optim import adam_fast

shapes = data.get_data("synthetic")
X, y = shapes["X_train"] / 64, shapes["y_train"]
X_new, y_new = (np.concatenate([shapes[f"{k}_val"], shapes[f"{k}_test"]]) for k in "Xy")
X_new = X_new / 64
small = parse(
    """INPUT32x32x3 -> CONV3-12 -> RELU -> POOL2 -> CONV3-24 -> RELU -> POOL2 -> CONV3-48 -> RELU
    -> POOL2 -> FC-64 -> features:RELU -> scores:FC-6""",
    name="small",
)
pretrained, states = Network(small), {}
rng, old = np.random.default_rng(0), np.flatnonzero(y < 6)
try:
    for _ in trange(400, desc="pretraining", leave=False):
        batch = rng.choice(old, 32)
        _, grads = pretrained.loss(X[batch], y[batch], reg=1e-4)
        for key, value in pretrained.params.items():
            state = states.get(key, {"learning_rate": 2e-3})
            pretrained.params[key], states[key] = adam_fast(value, grads[key], state)
except KeyboardInterrupt:
    print("Interrupted: going on with what has been learned.")
seen = y_new < 6
right = np.mean(pretrained.forward(X_new[seen]).argmax(axis=1) == y_new[seen])
print(f"six classes, new pictures: {right:.1%} right (guessing: 16.7%)")

# %% [markdown] id="hero-file-text"
# Into a file and out again; then the head is replaced, **six classes out, four in**. All other arrays
# stay what they were.

# %% id="hero-file" tags=["demo"]
import tempfile
from pathlib import Path

from cs231n.architectures.weights import load_weights, replace_head, save_weights

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "small.safetensors")
    save_weights(file, small, pretrained.params)
    print(
        f"{file.name}: {file.stat().st_size:,} bytes for {small.parameter_count:,} float32 numbers"
    )
    loaded, params, _ = load_weights(file)
same = all(np.array_equal(params[key], pretrained.params[key]) for key in params)
print("every number came back:", same)
loaded, params = replace_head(loaded, params, classes=4)
print("new last layer:", {key: params[key].shape for key in params if key.startswith("scores")})
frozen = Network(loaded, params)

# %% [markdown] id="tune-text"
# ### Training the last layer
#
# With everything below frozen, each picture is one row of features $\phi_n$, computed once. What is left
# is a softmax classifier. With scores $s_n = \phi_n W + b$ and shares $p_{nk} = e^{s_{nk}} / \sum_j
# e^{s_{nj}}$,
#
# $$L = -\frac{1}{N} \sum_n \log p_{n y_n} + \frac{\lambda}{2} \sum_{d,k} W_{dk}^2, \qquad
#   \frac{\partial L}{\partial s_{nk}} = \frac{1}{N}\big(p_{nk} - [k = y_n]\big).$$
#
# The gradients by $W$ and $b$ follow as in any affine layer. This loss is *convex*: it has one lowest
# point, and plain gradient descent finds it from anywhere.
#
# **Mind the exponentials**: features of a network can be large, and $e^{1000}$ is infinite. Subtract the
# largest score of each row first, and do not take the log of a share that has become 0.
#
# **By hand**: two pictures with one feature each, 1 and −1, of classes 0 and 1; learning rate 1. At
# first all shares are ½, and $L = \log 2 = 0.693$. The first step gives $W = (0.5, -0.5)$ and $b = (0,
# 0)$; then $L = \log(1 + e^{-1}) = 0.313$.

# %% id="tune" solution="fine_tune_last_layer"

# %% id="tune-check" exercise="fine_tune_last_layer" points=3
check.fine_tune_last_layer(fine_tune_last_layer)

# %% [markdown] id="tuned-text"
# ### What is it worth?
#
# Four classes that the network has **never seen**, and five to fifty pictures of each to learn from.
# The same classifier, yours, on three kinds of features: the pixels themselves, a network with random
# weights, the pretrained one.

# %% id="tuned-picture" tags=["demo"]
with check.demo(seconds=120):

    def features_of(network, pictures):
        if network is None:
            return pictures.reshape(len(pictures), -1)
        return network.forward(pictures, outputs=["features"], progress=False)["features"]

    kinds = {"pixels": None, "random network": Network(loaded, seed=5), "pretrained": frozen}
    counts, rates = (5, 10, 20, 50), {}
    unseen = y_new >= 6
    for name, network in kinds.items():
        test = features_of(network, X_new[unseen])
        rates[name] = []
        for count in counts:
            few = np.concatenate([np.flatnonzero(y == k)[:count] for k in (6, 7, 8, 9)])
            train = features_of(network, X[few])
            unit = np.sqrt(np.mean(np.sum(train**2, axis=1)))  # rows of length 1, more or less
            w, b, losses = fine_tune_last_layer(train / unit, y[few] - 6, 4, 4.0, 300, 1e-3)
            rates[name].append(np.mean((test / unit @ w + b).argmax(axis=1) == y_new[unseen] - 6))
        print(
            f"{name:15} {', '.join(f'{rate:.0%}' for rate in rates[name])}; last loss {losses[-1]:.3f}"
        )

    fig = vis.plot_curves(
        counts,
        {name: np.multiply(found, 100) for name, found in rates.items()},
        xlabel="training pictures of each new class",
        ylabel="right on new pictures (%)",
        level=("guessing", 25),
        title="Four new classes, only the last layer trained on features of three kinds",
    )
    vis.describe(
        fig,
        "Accuracy against the number of training pictures: pretrained features are far above those "
        "of a random network and of pixels, which are little better than guessing.",
    )

# %% [markdown] id="break-tune-text"
# **Try to break it.** A learning rate of 400? Features a million times larger? A regularisation so strong
# that $1 - \eta\lambda$ is below −1? Predict for each what the losses do before you run it.

# %% id="break-tune" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    X_toy, y_toy = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)
    for rate, factor, reg in ((0.5, 1, 0), (400, 1, 0), (0.5, 1e6, 0), (0.5, 1, 5.0)):
        losses = fine_tune_last_layer(factor * X_toy, y_toy, 3, rate, 8, reg)[2]
        shown = ", ".join(f"{loss:.3g}" for loss in losses)
        print(f"rate {rate:g}, features × {factor:g}, reg {reg:g}:\n    {shown}")

# %% [markdown] id="learned"
# ## What you learned
#
# - **LeNet-5** has 61,706 parameters as it is taught, 60,000 as it was; a mask makes any convolution
#   partially connected.
# - **AlexNet** pools three times and ends in 6×6×256. Groups divide channels *and* filters; a filter is
#   $C/G$ deep.
# - **ZFNet** changed a stride; sizes that do not divide are rounded, and the network must say how.
# - **VGG-16**: 138,357,544 parameters, 15,237,608 values, 58.13 MiB forward. Sum the lines yourself.
# - **GoogLeNet**: branches are stacked along the depth; what comes back is added. 6,998,552 parameters,
#   and one fully connected layer remains.
# - **ResNet**: add, then rectify. The shortcut hands the gradient on unchanged, through any depth.
# - **Don't be a hero**: load weights, freeze, train the last layer. A few pictures a class go far.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
