# %% [markdown] id="title"
# # Architectures: patterns, sizes and what they cost
#
# Convolution, ReLU, pooling, fully connected: four kinds of layers. Which of them, how many, in which
# order, of what size? And before anything is trained: **how much does it cost**, where do the
# parameters sit, where does the memory go, how much of the picture does a neuron see, and how many
# pictures fit on the graphics card at a time? All of that is counting. In this notebook you write the
# counter.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `parse_pattern` | read `INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> ...` | 8 |
# | `layer_shapes` | the volume behind each layer, and a firm no where sizes do not fit | 8 |
# | `count_parameters` | weights and biases | 6 |
# | `receptive_field` | what one value sees of the picture | 6 |
# | `count_memory` | activations, gradients, optimizer, workspace: in bytes | 6 |
# | `fit_batch_size` | how many pictures fit | 4 |
# | one question | answered in words | 2 |
#
# **You need** what a layer does to a volume, from `2_convolution` and `3_pooling`, and plain Python:
# no arrays here, only lists, dicts and whole numbers. **It takes** about three hours, an hour of it for
# the first exercise. Each exercise stands by itself: one that is not finished holds up none of the others.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
import re
from math import prod

RELU = {"kind": "relu"}


def conv(filters, size=3, stride=1, pad=1):
    """A convolutional layer. (One with dilation: {**conv(64), "dilation": 2}.)"""
    return {"kind": "conv", "filters": filters, "size": size, "stride": stride, "pad": pad}


def pool(size=2, stride=2):
    """A pooling layer."""
    return {"kind": "pool", "size": size, "stride": stride}


def fc(neurons):
    """A fully connected layer."""
    return {"kind": "fc", "neurons": neurons}


def fill_in(names, filters, neurons):
    """Layers for a list of names: 3x3 filters with pad 1, pools of 2x2, numbers from two lists."""
    filters, neurons = iter(filters), iter(neurons)
    make = {
        "CONV": lambda: conv(next(filters)),
        "RELU": lambda: RELU,
        "POOL": pool,
        "FC": lambda: fc(next(neurons)),
    }
    return [make[name]() for name in names if name != "INPUT"]


def named(layers):
    """A name for each layer: conv1, relu1, pool1, conv2, ..."""
    kinds = [layer["kind"] for layer in layers]
    return [f"{kind}{kinds[:place].count(kind) + 1}" for place, kind in enumerate(kinds)]


VGG16 = []
for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
    VGG16 += [conv(filters), RELU] * times + [pool()]
VGG16 += [fc(4096), RELU, fc(4096), RELU, fc(1000)]

ALEXNET = [conv(96, 11, 4, 0), RELU, pool(3), conv(256, 5, 1, 2), RELU, pool(3)]
ALEXNET += [conv(384), RELU, conv(384), RELU, conv(256), RELU, pool(3)]
ALEXNET += [fc(4096), RELU, fc(4096), RELU, fc(1000)]

# %% [markdown] id="opening-text"
# The picture below is where we are going: VGG-16, a network of 2014 that is built of one kind of
# convolution and one kind of pool. Look at the first two columns. **The parameters sit at the
# bottom, the memory at the top**: three quarters of all parameters are in one fully connected layer,
# more than half of all activations in the first five rows. Later you draw this from your own numbers.

# %% id="opening-picture" tags=["demo"]
from cs231n.architectures import build
from cs231n.architectures.pictures import plot_costs

fig = vis.describe(
    plot_costs(build("vgg16"), title="VGG-16, layer by layer"),
    "Bars for each layer of VGG-16. Most parameters are in the first fully connected layer, most "
    "activations in the first two convolutions.",
)

# %% [markdown] id="patterns-text"
# ## 1 · The patterns of layers
#
# Most convolutional networks are made of one phrase said again and again: a few convolutions, each
# with its ReLU, then perhaps a pool that makes the maps smaller; and when the maps are small, fully
# connected layers to the scores. Written down with `*` for "repeated" and `?` for "or not":
#
# $$\texttt{INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC}$$
#
# Usually $0 \le N \le 3$, $M \ge 0$ and $0 \le K < 3$. Five readings of it, from simple to general:
#
# | pattern | what it is |
# | :-- | :-- |
# | `INPUT -> FC` | a linear classifier: $N = M = K = 0$ |
# | `INPUT -> CONV -> RELU -> FC` | one layer of features, then linear |
# | `INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC` | one convolution before each pool |
# | `INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC` | two before each pool: right for larger, deeper nets, as features can grow finer before a pool throws their place away |
# | the line above | all of them |
#
# **By hand**, $N = 2$, $M = 3$, $K = 1$ with pools: one `INPUT`; three times (2 · 2 + 1) = 5 layers;
# `FC`, `RELU`; one last `FC`. That makes $1 + 3 \cdot 5 + 2 + 1 = 19$ names.

# %% [markdown] id="parse-text"
# ### Reading a pattern
#
# Two steps make this easy, and the same two steps read every programming language.
#
# 1. **Cut the text into pieces**: `INPUT`, `->`, `[`, `[`, `CONV`, … The module `re` finds them one by
#    one, and tells the character at which each begins (`finditer`, `start()`). You need that for errors.
# 2. **Let functions follow the grammar.** A *sequence* is a part, then as long as an arrow follows,
#    another part. A *part* is a layer or a bracket with a sequence in it; behind it may stand `*` and how
#    often, or `?`. One function each; the one for parts calls the one for sequences when it meets a
#    bracket, however deep. Each picks up pieces where the one before it stopped.
#
# (A list of unfinished lists, one for each open bracket, does it as well.)
#
# > **Two slips to think about first.** `[CONV -> RELU]*2` is `CONV RELU CONV RELU`, not
# > `CONV CONV RELU RELU`: the whole is repeated. And whoever looks for "the first `[` and the first
# > `]`" is lost as soon as brackets stand in brackets.
#
# A pattern that cannot be read is a mistake of whoever wrote it, and they should be told **where**:
# raise a `ValueError` whose message names the character, counted as in `pattern[i]`. In
# `"CONV RELU"` that is 5: an arrow was expected there, not `RELU`.

# %% id="parse-pattern" solution="parse_pattern"

# %% id="parse-pattern-check" exercise="parse_pattern" points=8
check.parse_pattern(parse_pattern)

# %% [markdown] id="five-text"
# ### The five patterns, written out
#
# You should see 2, 4, 10, 21 and 12 names. The fourth is written in two ways, which come to the same.

# %% id="five-written-out" tags=["demo"]
GENERAL = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
FIVE = {
    "linear": ("INPUT -> FC", {}, True),
    "one convolution": ("INPUT -> CONV -> RELU -> FC", {}, True),
    "a pool each time": ("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", {}, True),
    "two and a pool": (
        "INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC",
        {},
        True,
    ),
    "general, no pool": (GENERAL, {"N": 2, "M": 2, "K": 1}, False),
}
with check.demo():
    for title, question in FIVE.items():
        names = parse_pattern(*question)
        print(f"{title}: {len(names)} names\n   {' '.join(names)}")
    other = parse_pattern(GENERAL, {"N": 2, "M": 3, "K": 2}, True)
    print("\nthe fourth in two ways:", other == parse_pattern(*FIVE["two and a pool"]))

# %% [markdown] id="parse-break-text"
# ### Try to break it
#
# Feed your reader rubbish. What must *not* happen: a list that looks right, an endless loop, or an
# error that does not help. Change the lines, add worse ones. What about `"[[[[A]*9]*9]*9]*9"`?

# %% id="parse-break" tags=["demo"]
with check.demo():
    for rubbish in ("", "[]", "CONV -> ", "CONV]*2", "[CONV", "A*-1", "A**2", "A -> B?*2", "2*A"):
        try:
            print(f"{rubbish!r:14} was read as {parse_pattern(rubbish, {'N': 2}, True)}")
        except ValueError as problem:
            print(f"{rubbish!r:14} {problem}")

# %% [markdown] id="layers-text"
# ## 2 · Layers with numbers, and the volumes between them
#
# From here on a network is a list of dicts, one for each layer, and the shape of its input:
#
# | `kind` | further keys | what comes out of $(C, H, W)$ |
# | :-- | :-- | :-- |
# | `"conv"` | `filters` $K$, `size` $F$, `stride` $S$, `pad` $P$, perhaps `dilation` $D$ | $(K, H', W')$ |
# | `"pool"` | `size`, `stride` (nothing is padded) | $(C, H', W')$ |
# | `"relu"` | | $(C, H, W)$ |
# | `"fc"` | `neurons` | $(\text{neurons},)$ |
#
# The cell at the top has short ways to write them: `conv(64)`, `pool()`, `RELU`, `fc(10)`. With
# $D = 1$ where there is no dilation,
#
# $$H' = \frac{H + 2P - D\,(F - 1) - 1}{S} + 1, \qquad W' \text{ likewise}.$$
#
# **By hand**: 10 filters of 5×5, stride 2, pad 1 on $(3, 31, 45)$. Rows: $(31 + 2 - 5)/2 + 1 = 15$.
# Columns: $(45 + 2 - 5)/2 + 1 = 22$. So $(10, 15, 22)$: rows before columns, depth first.
#
# > **Said of dilation.** Frameworks, and we, count it from 1: 1 means neighbouring taps, "none". Some
# > texts count the holes between taps and begin at 0. One number off, and every size is wrong.
#
# **When the division leaves a rest**, raise a `ValueError`. Frameworks round down without a word, and
# then rows at the bottom and columns on the right are never looked at. Here we want to be told.

# %% id="layer-shapes" solution="layer_shapes"

# %% id="layer-shapes-check" exercise="layer_shapes" points=8
check.layer_shapes(layer_shapes)

# %% [markdown] id="vgg-shapes-text"
# ### VGG-16, from its pattern to its volumes
#
# Your two functions together. The pattern gives the order, two lists give the numbers. You should see
# 224 halved five times, while the depth grows to 512, and `True`.

# %% id="vgg-shapes" tags=["demo"]
with check.demo():
    names = parse_pattern(
        "INPUT -> [[CONV->RELU]*2 -> POOL]*2 -> [[CONV->RELU]*3 -> POOL]*3 -> [FC->RELU]*2 -> FC"
    )
    widths = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    vgg = fill_in(names, widths, [4096, 4096, 1000])
    print("that is VGG-16:", vgg == VGG16)
    for layer, shape in zip(named(vgg), layer_shapes(vgg, (3, 224, 224))[1:]):
        if not layer.startswith("relu"):
            print(f"{layer:7} {' x '.join(map(str, shape))}")

# %% id="vgg-volumes-picture" tags=["demo"]
from cs231n.architectures.pictures import draw_volumes

fig = vis.describe(
    draw_volumes(build("vgg16"), title="VGG-16 as volumes"),
    "The volumes of VGG-16 from left to right: maps shrink from 224 to 7 while the depth grows "
    "from 3 to 512; then come three vectors.",
)

# %% [markdown] id="thumb-text"
# ### Rules of thumb for sizes
#
# - **The input** should be divisible by 2 many times: 32, 64, 96, 224, 384, 512. Then pools fit.
# - **Convolutions**: small filters, 3×3 or at most 5×5, stride 1, padded with $P = (F - 1)/2$, which
#   keeps height and width: 1 for 3×3, 2 for 5×5. Larger filters, such as 7×7, at most in the first layer.
# - **Pools**: 2×2 with stride 2; sometimes 3×3 with stride 2. Larger ones throw away too much.
#
# With these, convolutions change only the depth and pools change only the size, and nobody has to
# wonder about either. Without padding, every 3×3 convolution eats a row and a column at each
# side: ten of them take 20 pixels off a map, and what lies at the border is washed away first.
#
# None of this is a law. The course's package has a **checker** that reads a network and says where it
# leaves these rules, and why that may matter. The first network below breaks nearly all of them;
# the second is in order.

# %% id="lint" tags=["demo"]
import textwrap

from cs231n.architectures import parse
from cs231n.architectures.linter import lint

for text in (
    "INPUT100x100x3 -> CONV5-32p0 -> RELU -> POOL2 -> CONV4-64/3p0floor -> RELU -> CONV7-64 -> RELU"
    " -> POOL5 -> FC-10",
    "INPUT96x96x3 -> [CONV3-32 -> RELU -> POOL2]*4 -> FC-10",
):
    print(text)
    for finding in lint(parse(text)) or ["nothing to say"]:
        print(textwrap.fill(str(finding), 96, initial_indent=" - ", subsequent_indent="   "))
    print()

# %% [markdown] id="shapes-break-text"
# ### Try to break it
#
# ZFNet's first layer, AlexNet at the 224 of its paper (227 is what its sizes need), a pool on
# odd maps, a filter larger than its map. Then change the sizes until they fit: which inputs from 220
# to 230 does ZFNet's first layer take?

# %% id="shapes-break" tags=["demo"]
with check.demo():
    for title, layers, start in (
        ("ZFNet, first layer", [conv(96, 7, 2, 1)], (3, 224, 224)),
        ("AlexNet at 224", ALEXNET, (3, 224, 224)),
        ("AlexNet at 227", ALEXNET, (3, 227, 227)),
        ("a pool on 7x7", [pool()], (512, 7, 7)),
        ("5x5 on 3x3", [conv(8, 5, 1, 0)], (1, 3, 3)),
        ("... with padding", [conv(8, 5, 1, 2)], (1, 3, 3)),
    ):
        try:
            print(f"{title}: ends in {layer_shapes(layers, start)[-1]}")
        except ValueError as problem:
            print(f"{title}: {problem}")

# %% [markdown] id="parameters-text"
# ## 3 · Parameters
#
# **By hand**: 64 filters of 3×3 on a picture with 3 channels. Each filter goes through *all* channels:
# $3 \cdot 3 \cdot 3 = 27$ weights, and one bias. So $64 \cdot (27 + 1) = 1{,}792$ parameters. How large the
# picture is does not matter: that is what sharing them means.
#
# A fully connected neuron reads everything there is. The first such layer of VGG-16 reads 7×7×512 =
# 25,088 values with 4,096 neurons: $4{,}096 \cdot (25{,}088 + 1) = 102{,}764{,}544$ parameters, in one layer.
#
# **Exercise.** Layer $i$ reads `shapes[i]`, which is handed to you.

# %% id="count-parameters" solution="count_parameters"

# %% id="count-parameters-check" exercise="count_parameters" points=6
check.count_parameters(count_parameters)

# %% [markdown] id="published-text"
# ### Against published numbers
#
# The weights of these networks can be downloaded, and counted. Yours should agree to the last one.

# %% id="published" tags=["demo"]
with check.demo():
    lenet5 = [conv(6, 5, 1, 0), RELU, pool(), conv(16, 5, 1, 0), RELU, pool()]
    lenet5 += [fc(120), RELU, fc(84), RELU, fc(10)]
    for title, layers, start, published in (
        ("LeNet-5, modern form", lenet5, (1, 32, 32), 61_706),
        ("AlexNet, one tower", ALEXNET, (3, 227, 227), 62_378_344),
        ("VGG-16", VGG16, (3, 224, 224), 138_357_544),
    ):
        counts = count_parameters(layers, layer_shapes(layers, start))
        print(f"{title:21} {sum(counts):>11,}   published {published:>11,}")
        of_fc = sum(n for n, layer in zip(counts, layers) if layer["kind"] == "fc")
        print(f"{'':21} {of_fc / sum(counts):.0%} of them in fully connected layers")

# %% [markdown] id="stack-text"
# ### Three 3×3 or one 7×7?
#
# Stack three layers of 3×3 filters. A value of the first sees 3×3 pixels; one of the second sees 3×3 of
# those, 5×5 pixels; one of the third sees 7×7. So the stack has **the same view as one layer of 7×7**.
# With $C$ channels throughout, and biases left aside:
#
# $$3 \cdot C \cdot (3 \cdot 3 \cdot C) = 27\,C^2 \qquad\text{against}\qquad C \cdot (7 \cdot 7 \cdot C) = 49\,C^2.$$
#
# Nearly half the parameters are saved, and the same share of the work. And there are **three ReLUs in
# place of one**: the stack computes a richer function of what it sees, where a 7×7 layer is linear in it.
#
# The price is memory. In training, the volumes between the three layers have to be kept for
# the backward pass: three volumes where one layer has one.

# %% id="stack-picture" tags=["demo"]
fig = vis.show_stacked_windows(
    [[(3, 1, 1)] * 3, [(7, 1, 1)]],
    ["three layers of 3", "one layer of 7"],
    caption="One row of pixels, seen from the side. Both outputs at the top see seven pixels.",
)

# %% id="stack-counted" tags=["demo"]
with check.demo():
    C, start = 64, (64, 56, 56)
    for title, layers in (
        ("three 3x3", [conv(C), RELU] * 3),
        ("one 7x7", [conv(C, 7, 1, 3), RELU]),
    ):
        shapes = layer_shapes(layers, start)
        parameters = sum(count_parameters(layers, shapes))
        kept = sum(prod(shape) for shape in shapes[1::2])
        print(f"{title:10} {parameters:>8,} parameters, {kept:>8,} values to keep", end="")
        print(f"; without biases {(parameters - C * len(layers) // 2) / C**2:g} C²")

# %% [markdown] id="field-text"
# ## 4 · What a value sees: the receptive field
#
# The same count for any stack. Go from the input to the output and keep two numbers: the **field** $r$,
# how many rows of the picture one value sees, and the **jump** $j$, how many rows of the picture lie
# between one value and the next. At the input both are 1. A window with $F$ taps, stride $S$ and dilation $D$ reaches
# from its first tap $(F - 1) \cdot D$ values further, and these are $j$ rows apart:
#
# $$r_\text{new} = r + (F - 1)\,D\,j, \qquad\text{and then}\qquad j_\text{new} = j\,S.$$
#
# **And then**: a layer's own stride moves its outputs apart, not its inputs. Whoever multiplies $j$ first
# gets fields that are too large.
#
# **By hand**: conv 3×3, pool 2×2 with stride 2, conv 3×3.
#
# | layer | field | jump |
# | :-- | :-- | --: |
# | input | 1 | 1 |
# | conv 3×3 | $1 + 2 \cdot 1 = 3$ | 1 |
# | pool 2×2, stride 2 | $3 + 1 \cdot 1 = 4$ | 2 |
# | conv 3×3 | $4 + 2 \cdot 2 = 8$ | 2 |
#
# A fully connected layer that reads a map has a window as large as the map.

# %% id="field-picture" tags=["demo"]
fig = vis.show_stacked_windows(
    [[(3, 1, 1), (2, 2, 1), (3, 1, 1)], [(3, 1, 1), (3, 1, 2), (3, 1, 4)]],
    ["conv 3, pool 2 with stride 2, conv 3", "conv 3 with dilation 1, 2, 4"],
    caption="Left: the example by hand. Right: dilation doubles from layer to layer, and so does the "
    "field, for three weights each time; no pixel is left out.",
)

# %% id="receptive-field" solution="receptive_field"

# %% id="receptive-field-check" exercise="receptive_field" points=6
check.receptive_field(receptive_field)

# %% [markdown] id="field-famous-text"
# ### AlexNet and VGG-16
#
# You should see 11, 19, 51, 67, 99, 131, 163, 195 for AlexNet, and for VGG-16 196 at its last
# convolution, 212 at its last pool. Then 404, more than the 224 rows there are: the rest is padding.
# The path differs: AlexNet takes 11 pixels in its first step, VGG-16 needs thirteen layers of 3×3.

# %% id="field-famous" tags=["demo"]
with check.demo():
    for title, layers, start in (
        ("AlexNet", ALEXNET, (3, 227, 227)),
        ("VGG-16", VGG16, (3, 224, 224)),
    ):
        fields = receptive_field(layers, layer_shapes(layers, start))[1:]
        seen = [f"{name} {n}" for name, n in zip(named(layers), fields) if name[:4] != "relu"]
        print(textwrap.fill(f"{title}: {', '.join(seen)}", 96, subsequent_indent="    "))

# %% id="field-on-picture" tags=["demo"]
from cs231n.architectures.pictures import draw_receptive_field

fig = vis.describe(
    draw_receptive_field(build("vgg16"), ["pool1", "pool2", "pool3", "pool4", "conv5_3"]),
    "Frames of growing size around one point of a landscape: what one value of five layers of "
    "VGG-16 sees, from 6 to 196 pixels.",
)

# %% [markdown] id="field-explorer-text"
# ### Play with it
#
# Choose a network and a layer, and see which pixels one of its values sees. Then change the stride or the
# dilation of a layer: does its own field grow, or only those behind it? A network of your own goes in as
# text: `vis.receptive_field_explorer(parse("INPUT64x64x3 -> [CONV3-32 -> RELU -> POOL2]*3 -> FC-10"))`.

# %% id="field-explorer" tags=["demo"]
vis.receptive_field_explorer()

# %% [markdown] id="field-break-text"
# ### Try to break it
#
# Guess first, then run: 1×1 filters; a stride of 1000; 50 layers of 3×3; a hundred ReLUs.
# In which order do a pool and a convolution see more: `[pool, conv]` or `[conv, pool]`?

# %% id="field-break" tags=["demo"]
with check.demo():
    for title, layers in (
        ("1x1", [conv(1, 1, 1, 0)] * 9),
        ("stride 1000, then 3x3", [conv(1, 1, 1000, 0), conv(1)]),
        ("50 of 3x3", [conv(1)] * 50),
        ("100 ReLUs", [RELU] * 100),
        ("pool, conv", [pool(), conv(1)]),
        ("conv, pool", [conv(1), pool()]),
    ):
        shapes = [(1, 9, 9)] * (len(layers) + 1)  # only fully connected layers look at these
        print(f"{title}: {receptive_field(layers, shapes)[-1]}")

# %% [markdown] id="memory-text"
# ## 5 · Memory
#
# What runs out first is not time but memory. Three things take it.
#
# 1. **Activations.** In training, every volume is kept until the backward pass has used it, and has a
#    gradient of the same size: twice the sum of all volumes, for *each picture* of the batch. (Computing
#    scores only, a volume can go as soon as the next one is there.)
# 2. **Parameters.** Each has a gradient. And the optimizer remembers something of each: one value with
#    momentum, two with Adam. So three or four times the parameters, *whatever the batch*.
# 3. **Workspace.** A convolution written as a matrix product first copies its windows into a matrix of
#    $C F^2$ rows and $H' W'$ columns (im2col). One such matrix at a time; the largest one counts.
#
# On top come the pictures themselves, copies made while they are loaded, and what libraries keep for
# themselves. What counts can be halved by halving the bytes of a value (float16), or moved about: when it does not
# fit, **the batch is what is made smaller**, as activations are most of it.
#
# **A ReLU takes nothing.** It can overwrite what it reads: its backward pass needs no more than where the
# output is positive. So its output is not counted a second time.
#
# **By hand**: a 32×32×3 picture, 8 filters 3×3 with pad 1, ReLU, pool 2×2, 10 neurons. Volumes:
# $3{,}072 + 8{,}192 + 2{,}048 + 10 = 13{,}322$ values of 4 bytes, 53,288 bytes, and the gradients as much.
# Parameters: $224 + 20{,}490 = 20{,}714$, 82,856 bytes; their gradients as much, momentum as much. The
# matrix of im2col: $27 \cdot 1{,}024 = 27{,}648$ values, 110,592 bytes.

# %% [markdown] id="units-text"
# > **MB or MiB?** 1 MB is $10^6$ bytes; 1 MiB is $2^{20} = 1{,}048{,}576$ bytes. Memory chips come in
# > powers of two, and "8 GB" on a graphics card means 8 GiB. The two differ by 5% at MB and by 7% at
# > GB: enough for four pictures more or less. So every number here says which it is.

# %% id="count-memory" solution="count_memory"

# %% id="count-memory-check" exercise="count_memory" points=6
check.count_memory(count_memory)

# %% [markdown] id="sums-text"
# ### The famous table, with the sums as they really come out
#
# Two numbers about VGG-16 have been copied from text to text for years. Put them to the test.
#
# - **"24M values × 4 bytes ≈ 93 MB for a picture, forward."** The volumes sum to 15,237,608 values:
#   **60.95 MB, or 58.13 MiB**. Even with the output of every ReLU kept apart it is 28,793,320 values,
#   115.17 MB. And 24M × 4 bytes would be 96 MB.
# - **"The first layers, 64 filters of 3×3 each, have about 10 million parameters."** There are two such layers
#   at full size, with 1,792 and 36,928 parameters. What has about 10 million values is the *activations* that
#   three of them would give: $3 \cdot 3{,}211{,}264 = 9{,}633{,}792$. Those of one are 12.25 MiB.
#
# Your functions say so:

# %% id="sums" tags=["demo"]
with check.demo():
    shapes = layer_shapes(VGG16, (3, 224, 224))
    parameters = count_parameters(VGG16, shapes)
    memory = count_memory(VGG16, shapes, parameters)
    values = memory["activations"] // 4
    print(f"all volumes: {values:,} values", end=" = ")
    print(f"{values * 4 / 1e6:.2f} MB = {values * 4 / 2**20:.2f} MiB")
    print(f"with ReLUs apart: {sum(map(prod, shapes)):,} values", end=" = ")
    print(f"{4 * sum(map(prod, shapes)) / 1e6:.2f} MB")
    print(f"first layer: {parameters[0]:,} parameters", end=", ")
    print(f"{prod(shapes[1]):,} values = {4 * prod(shapes[1]) / 2**20:.2f} MiB\n")
    for part, size in memory.items():
        print(f"{part:21} {size / 1e6:8.2f} MB  {size / 2**20:8.2f} MiB")

# %% [markdown] id="layers-plot-text"
# ### Where they sit
#
# The picture from the beginning, from your own numbers. **Early layers hold the memory, the first fully
# connected layer holds the parameters.** Both follow from one thing: maps are large at first and small at the end, while
# depth goes the other way.

# %% id="layers-plot" tags=["demo"]
with check.demo():
    shapes = layer_shapes(VGG16, (3, 224, 224))
    parameters = count_parameters(VGG16, shapes)
    rows = [n for n, layer in enumerate(VGG16) if layer["kind"] != "relu"]
    fig = vis.plot_memory_and_parameters(
        ["input", *(named(VGG16)[n] for n in rows)],
        [4 * prod(shapes[0]), *(4 * prod(shapes[n + 1]) for n in rows)],
        [0, *(parameters[n] for n in rows)],
        title="VGG-16: memory at the top, parameters at the bottom",
        caption="One picture, float32, forward. A ReLU overwrites what it reads.",
    )

# %% [markdown] id="compromise-text"
# ### The compromise at the first layer
#
# The largest map is the first. When memory is short, most is saved there: one larger filter
# **with a stride**, against the rule of small filters. AlexNet takes 11×11 with stride 4, ZFNet and ResNet 7×7 with
# stride 2. (Their 224 does not fit that stride; frameworks round down. We take 225 below.)

# %% id="compromise" tags=["demo"]
with check.demo():
    volumes = {}
    for title, layer, start in (
        ("VGG\n3×3, 64 filters", conv(64), (3, 224, 224)),
        ("7×7 with stride 2\n64 filters", conv(64, 7, 2, 3), (3, 225, 225)),
        ("AlexNet, 96 filters\n11×11 with stride 4", conv(96, 11, 4, 0), (3, 227, 227)),
    ):
        volumes[title] = 4 * prod(layer_shapes([layer], start)[1]) / 2**20
    fig = vis.plot_bars(
        volumes,
        label="MiB behind the first layer",
        title="The first volume of three networks",
        caption="One picture, float32, forward.",
    )

# %% [markdown] id="memory-explorer-text"
# ### Play with it
#
# Which control helps when the memory is full? The batch moves some parts, the optimizer others. And what
# costs more, a batch of twice as many pictures, or pictures of twice the height and width?

# %% id="memory-explorer" tags=["demo"]
vis.memory_explorer()

# %% [markdown] id="batch-text"
# ## 6 · How many pictures fit?
#
# Memory is a straight line in the batch: what is always there, plus so much for each picture. With
# $m$ bytes in all,
#
# $$\text{batch} = \left\lfloor \frac{m - \text{always}}{\text{a picture}} \right\rfloor,$$
#
# and 0 when not even one fits. What is there once: parameters, their gradients, the optimizer's state,
# the workspace. What each picture takes: its activations and their gradients.
#
# **By hand**: 100 MiB of activations for a picture, 50 MiB of parameters, with momentum, 24 MiB of
# workspace, in 1 GiB. $1024 - 3 \cdot 50 - 24 = 850$ MiB are left; a picture takes 200; 4.25, so **4**.

# %% id="fit-batch-size" solution="fit_batch_size"

# %% id="fit-batch-size-check" exercise="fit_batch_size" points=4
check.fit_batch_size(fit_batch_size)

# %% [markdown] id="batch-plot-text"
# ### VGG-16 on a graphics card
#
# You should see 55 pictures with momentum in 8 GiB, less with Adam. People often take the power of two
# below. The plot shows the line: a high start (the parameters), a steep rise (the activations).

# %% id="batch-plot" tags=["demo"]
with check.demo():
    shapes = layer_shapes(VGG16, (3, 224, 224))
    parameters = count_parameters(VGG16, shapes)
    for gib in (2, 8, 24):
        fits = {
            optimizer: fit_batch_size(count_memory(VGG16, shapes, parameters, 1, optimizer), gib)
            for optimizer in ("sgd", "momentum", "adam")
        }
        print(f"{gib:2} GiB:", ", ".join(f"{name} {count}" for name, count in fits.items()))
    batches = np.arange(1, 129)
    tables = [count_memory(VGG16, shapes, parameters, int(n), "momentum") for n in batches]
    parts = {part.replace("_", " "): [table[part] for table in tables] for part in tables[0]}
    order = ("parameters", "parameter gradients", "optimizer state", "workspace")
    order += ("activations", "activation gradients")
    fig = vis.plot_batch_memory(
        batches,
        {part: parts[part] for part in order},
        {"8 GiB": 8 * 2**30},
        title="Training VGG-16 with momentum",
    )

# %% [markdown] id="five-numbers-text"
# ## 7 · The five patterns in numbers
#
# Everything together: the five patterns of the beginning, on pictures of 32×32×3 with 32 filters in each
# convolution and 128 hidden neurons. Look at the parameters of the fifth: it has no pools, so its first fully
# connected layer reads maps of full size. **Pools are what keeps fully connected layers small.**

# %% id="five-numbers" tags=["demo"]
with check.demo():
    print("layers  parameters   values   sees  in 1 GiB   pattern")
    for title, question in FIVE.items():
        names = parse_pattern(*question)
        neurons = [128] * (names.count("FC") - 1) + [10]
        layers = fill_in(names, [32] * names.count("CONV"), neurons)
        shapes = layer_shapes(layers, (3, 32, 32))
        parameters = count_parameters(layers, shapes)
        memory = count_memory(layers, shapes, parameters)
        last_map = max(n for n, shape in enumerate(shapes) if len(shape) == 3)
        print(
            f"{len(layers):6} {sum(parameters):11,} {memory['activations'] // 4:8,}"
            f" {receptive_field(layers, shapes)[last_map]:6} {fit_batch_size(memory, 1):9,}   {title}"
        )

# %% [markdown] id="package-text"
# ### Against the course's package
#
# `cs231n.architectures` counts the same for any network, with branches and all (`python -m
# cs231n.architectures vgg16` prints its table). Do the two agree on VGG-16? All lines but one should
# show the same number twice. The package's VGG-16 has two dropout layers of 4,096 values, which it keeps
# in training; do they account for the rest?

# %% id="package" tags=["demo"]
from cs231n.architectures.accounting import cost
from cs231n.architectures.memory import largest_batch, training_memory
from cs231n.architectures.receptive import receptive_fields

with check.demo():
    package = build("vgg16")
    options = {"optimizer": "adam", "in_place_relu": True, "workspace": "picture"}
    theirs = training_memory(package, **options)
    shapes = layer_shapes(VGG16, (3, 224, 224))
    parameters = count_parameters(VGG16, shapes)
    memory = count_memory(VGG16, shapes, parameters, 1, "adam")
    fields = receptive_field(VGG16, shapes)
    for title, mine, other in (
        ("parameters", sum(parameters), sum(row.parameters for row in cost(package))),
        ("rows seen at the end", fields[-1], receptive_fields(package)["fc8"].size[0]),
        ("workspace, bytes", memory["workspace"], theirs.workspace),
        ("optimizer, bytes", memory["optimizer_state"], theirs.optimizer),
        ("activations, bytes", memory["activations"], theirs.activations),
        ("batch in 8 GiB", fit_batch_size(memory, 8), largest_batch(package, 2**33, **options)),
    ):
        print(f"{title:21} yours {mine:>13,}   package {other:>13,}")

# %% [markdown] id="question" question=2
# ### A question
#
# VGG-16 is to be trained with momentum on a card of 8 GiB, and 55 pictures fit. Two friends want to train with
# about **twice** that batch, without changing the optimizer or the bytes of a value.
#
# Ada would put 512 neurons in place of the 4,096 in both hidden fully connected layers: "that is where nearly all the
# parameters are". Ben would put stride 2 into the very first convolution, and see to it that all sizes fit.
#
# Who gets there, and why does the other not? And what does the better proposal cost?
#
# <!-- answer -->
#
# Ben does (1 point, with the reason). Parameters, their gradients and the momentum are there once: about 1.66 GB
# of the 8.6 GB, so even if Ada saved all of them, about 70 pictures would fit, not 110. She saves most of them (the
# layer behind the maps goes from 102.8M parameters to 12.8M), and gains about 11 pictures. What grows with the batch is
# activations and their gradients, and nearly all of these lie in the large maps at the top. A stride of 2 at
# the first layer makes every map behind it a quarter as large, so a picture takes about a quarter of the memory and
# far more than 110 fit.
#
# The price (1 point): places are thrown away at once, before anything has been recognised, so fine detail is lost; the last
# maps are 3×3 or need a smaller pool (7 does not divide by 2, so the sizes have to be looked after), and each value sees about twice as
# much of the picture. Also right: accuracy will suffer, the net must be trained anew, pretrained
# weights no longer fit the first fully connected layer.

# %% [markdown] id="learned"
# ## What you learned
#
# - Most networks are one phrase: `[[CONV -> RELU]*N -> POOL?]*M`, then fully connected layers. A
#   grammar of three rules reads it; two functions that call each other follow the grammar.
# - Convolutions padded with $(F - 1)/2$ keep the size, pools of 2 halve it, inputs divisible by 2 many
#   times keep both honest. A size that does not fit should be **refused, not rounded**.
# - A filter goes through all channels, and has a bias: 64 filters of 3×3 on a picture are 1,792 parameters.
#   Three 3×3 cost $27\,C^2$ where one 7×7 costs $49\,C^2$, see as much, and have three ReLUs; they keep more volumes.
# - Fields grow by $(F - 1)\,D$ jumps; **a layer's own stride counts only behind it**.
# - Memory: activations (twice, for each picture), parameters (three or four times, once), workspace. Early layers
#   hold the memory, fully connected layers the parameters. The first layer is where to save.
# - VGG-16 has 15.2M values a picture: 60.95 MB, 58.13 MiB. Say which unit you mean, and check a number before you
#   pass it on.
#
# Next, in `8_case_studies`, you build the famous networks that these tables describe.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
