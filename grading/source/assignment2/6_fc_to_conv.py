# %% [markdown] id="title"
# # From fully connected to convolutional, and back
#
# A fully connected layer *is* a convolution, with a filter as large as its map. That sounds like a
# play on words, and has consequences: write a classifier so, and it runs on pictures of any larger
# size, in one pass, and says not only *what* it sees but *where*.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `fc_weights_to_conv` | weights of a fully connected layer as filters | 8 |
# | `conv_weights_to_fc` | any convolution as one large matrix, mostly zeros | 10 |
# | `slide_classifier` | a classifier over a larger picture: a map of scores | 8 |
# | `crop_scores` | the same the slow way, one crop after another | 4 |
# | `shift_and_stitch` | a map twice as fine, out of four passes | 10 |
# | a question | what padding does to all this | 2 |
#
# You need to know what an affine layer and a convolution compute (notebooks 1 and 2). The solutions
# are short, none over 20 lines; the thinking is in the order of axes. Plan two to three hours.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
from cs231n import notebooks
from cs231n.spotting import (
    CLASSES,
    CONV_PARAM,
    POOL_PARAM,
    SIZE,
    as_volume,
    classify,
    find_shapes,
    relu,
    scene,
    train_classifier,
    trim,
)

conv_forward, max_pool_forward = notebooks.load(
    "5_im2col", "conv_forward_im2col", "max_pool_forward_im2col"
)


def probabilities(scores):
    """Scores (N, K, ...) as probabilities: softmax over the K classes, at each place."""
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


# %% [markdown] id="opening-text"
# ## Where this leads
#
# The next cell trains a small classifier, in ten seconds or so, on pictures of 32×32: a disc, a star,
# a cross, a moon, or just ground. It has never seen a larger picture. Then it is run **once** over a
# scene of 160×240 with twenty shapes in it. At the end of this notebook your own functions draw this.

# %% id="opening-picture" tags=["demo"]
params = train_classifier()
picture, shapes = scene(160, 240, 20, seed=77)
chances = find_shapes(picture, params)
fig = vis.show_score_maps(
    picture,
    {f"{name}?": chances[k] for k, name in enumerate(CLASSES)},
    SIZE,
    stride=4,
    caption="How probable each class is, at 33×53 places. Outside the dotted line no place's view "
    "of 32×32 fits into the picture.",
    words="A scene with discs, stars, crosses and moons, and five maps of it. The map of each "
    "shape is bright where such shapes stand, the map of ground everywhere else.",
)

# %% [markdown] id="fc-is-conv"
# ## 1 · A fully connected layer is a convolution
#
# Two layers compute the same thing, dot products; they differ in what a neuron looks at and in who
# shares weights with whom.
#
# - A **filter** looks at a small window, and uses the same weights at every place.
# - A **neuron of a fully connected layer** looks at everything. So it is a filter whose window is the
#   whole map. There is just one place where it fits, and nobody to share with.
#
# VGG ends in a map of 512 channels of 7×7, and a fully connected layer of 4096 neurons reads it. As a
# convolution that is $F = 7$ (the window), $P = 0$ (no padding), $S = 1$ (the stride), $K = 4096$
# (filters), and its output has
#
# $$\frac{7 - 7 + 2 \cdot 0}{1} + 1 = 1$$
#
# row and one column: $1 \times 1 \times 4096$. The next fully connected layers read *that*: they are
# filters of $1 \times 1$ ($F = 1$), 4096 of them, and 1000 in the last layer. Nothing was added,
# and nothing lost: $7 \cdot 7 \cdot 512 = 25{,}088$ weights a neuron, before as after.

# %% id="fc-is-conv-sizes" tags=["demo"]
from cs231n.architectures import build
from cs231n.architectures.conversion import fc_to_conv

vgg = build("vgg16")
vgg_slid, _ = fc_to_conv(vgg)
print("layer weights as FC     filters as CONV       values out")
for layer in ("fc6", "fc7", "fc8"):
    before, after = vgg.parameters[f"{layer}.w"], vgg_slid.parameters[f"{layer}.w"]
    print(f"{layer}   {before!s:17} {after!s:21} {vgg_slid.shapes[layer]}")
    assert np.prod(before) == np.prod(after)  # only the layout is another

# %% [markdown] id="fc-to-conv-text"
# ### The order of the weights
#
# In notebook 1 an affine layer turned each map into a row, `x.reshape(N, -1)`, and multiplied it by
# `w` of shape $(D, M)$. Row $d$ of `w` belongs to one value of the map: with $H \times W$ values a
# channel, the value in channel $c$, row $i$, column $j$ has the number
#
# $$d = c \cdot H W + i \cdot W + j.$$
#
# The filters have the shape $(M, C, H, W)$, and filter $m$ must have at $[c, i, j]$ what column $m$ of
# `w` has in row $d$.
#
# **By hand**, $C = 2$, $H = 1$, $W = 2$ and three neurons, so `w` is $4 \times 3$:
#
# $$w = \begin{pmatrix} 1 & 5 & 9 \\ 2 & 6 & 10 \\ 3 & 7 & 11 \\ 4 & 8 & 12 \end{pmatrix}
# \qquad \text{filter } 0:\ \text{channel } 0 \text{ is } (1\ \ 2),\ \text{channel } 1 \text{ is }
# (3\ \ 4).$$
#
# The slip people make most is to reshape `w` to $(M, C, H, W)$ directly. The shape is right then, and
# filter 0 holds 1, 5, 9, 2: the weights of *three* neurons.
#
# **Exercise.** A line or two. A neuron keeps its bias.

# %% id="fc-weights-to-conv" solution="fc_weights_to_conv"

# %% id="fc-weights-to-conv-check" exercise="fc_weights_to_conv" points=8
check.fc_weights_to_conv(fc_weights_to_conv)

# %% [markdown] id="fc-to-conv-see-text"
# ### See it
#
# Whether weights stand in the right order can be *seen*, if each neuron's weights are a picture. Here
# is an affine layer of five neurons for pictures of 32×32. Its `w` has five columns, and each is one
# picture, flattened (such a neuron answers most strongly to pictures like its own). As filters, in the
# upper row, they must be the pictures again. The lower row is the slip: `w` reshaped directly.

# %% id="fc-to-conv-see" tags=["demo"]
with check.demo():
    X, y, _, _ = data.load_synthetic(50, 0)
    w = np.stack([X[y == k][0].reshape(-1) for k in (0, 4, 6, 7, 9)], axis=1) / 255
    filters, _ = fc_weights_to_conv(w, np.zeros(5), (3, 32, 32))
    slip = w.reshape(5, 3, 32, 32)
    fig = vis.show_images(
        [np.moveaxis(picture, 0, -1) for picture in (*filters, *slip)],
        [f"{way} {m}" for way in ("filter", "slip") for m in range(5)],
        ncols=5,
        size=1.5,
        caption=f"w is {w.shape}, the filters are {filters.shape}.",
    )
    fig = vis.describe(
        fig,
        "Above five filters that show a disc, a star, a heart, a moon and an hourglass. Below "
        "the same numbers in a wrong order: five times a fine pattern of all of them mixed up.",
    )

# %% [markdown] id="break-1-text"
# ### Try to break it
#
# Change the numbers and look whether the two answers stay together. What happens when `x_shape` names
# the wrong height and width, but the right number of values: is there an error? *Should* there be?
# Try `dtype = np.float16`: how large is the difference now, and why?

# %% id="break-1" tags=["demo"]
with check.demo():
    C, H, W, M = 3, 4, 2, 5
    dtype = np.float64
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((C * H * W, M)).astype(dtype), np.zeros(M, dtype)
    x = rng.standard_normal((2, C, H, W)).astype(dtype)
    filters, b_conv = fc_weights_to_conv(w, b, x_shape=(C, H, W))
    as_conv, _ = conv_forward(x, filters, b_conv, {"stride": 1, "pad": 0})
    as_fc = x.reshape(2, -1) @ w + b
    print("filters", filters.shape, " out", as_conv.shape)
    print("largest difference:", np.max(np.abs(as_conv[:, :, 0, 0] - as_fc)))

# %% [markdown] id="conv-to-fc-text"
# ## 2 · A convolution is a fully connected layer
#
# The other way round: **every** convolution is a fully connected layer too, with a large matrix. It
# has a row for each value of the picture and a column for each value of the output. Two things set it
# apart from other matrices.
#
# - It is **mostly zeros**: an output value has a connection to the pixels of its own window only.
# - The rest is **few numbers, again and again**: all places share one filter's weights.
#
# **By hand**, one filter $\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$ on $3 \times 3$ pixels, which are
# numbered row by row from 0 to 8. It has four places, so `w_fc` is $9 \times 4$:
#
# $$w_{fc} = \begin{pmatrix}
# 1 & \cdot & \cdot & \cdot \\ 2 & 1 & \cdot & \cdot \\ \cdot & 2 & \cdot & \cdot \\
# 3 & \cdot & 1 & \cdot \\ 4 & 3 & 2 & 1 \\ \cdot & 4 & \cdot & 2 \\
# \cdot & \cdot & 3 & \cdot \\ \cdot & \cdot & 4 & 3 \\ \cdot & \cdot & \cdot & 4
# \end{pmatrix}$$
#
# Column 0 is place $(0, 0)$, which looks at the pixels 0, 1, 3 and 4. Row 4 is the pixel in the middle,
# which all four places see, each with another weight.
#
# ### How many zeros?
#
# Without padding every column has $C \cdot HH \cdot WW$ weights, one for each value in its window:
#
# $$\text{not zero: } F\, H_\text{out} W_\text{out} \cdot C\, HH\, WW
# \qquad\text{of}\qquad C H W \cdot F\, H_\text{out} W_\text{out},$$
#
# so the share is $\dfrac{HH \cdot WW}{H \cdot W}$: the window's part of the picture. Above that is $4/9$,
# 16 of 36. The first layer of LeNet-5, six 5×5 filters on 32×32 pixels, would be a matrix of
# $1024 \times 4704 = 4{,}816{,}896$ numbers with 117,600 that are not zero (2.4%), and only **150
# different ones**.
#
# With padding the windows at the border reach outside, where there are no pixels to connect to. A
# filter of 3×3 with padding 1 on $H \times W$ pixels has $(3H - 2)(3W - 2)$ connections. Check it for a
# $1 \times 1$ picture: one.

# %% [markdown] id="conv-to-fc-task"
# **Exercise.** The stride says where a window begins, and the padding that the first one begins above
# and left of the picture. Mind what Python does with an index of $-1$.

# %% id="conv-weights-to-fc" solution="conv_weights_to_fc"

# %% id="conv-weights-to-fc-check" exercise="conv_weights_to_fc" points=10
check.conv_weights_to_fc(conv_weights_to_fc)

# %% [markdown] id="spy-text"
# ### What it looks like
#
# Your matrix for two filters of 3×3 on 6×6 pixels. Each different weight has a colour and a number, so
# there are 18; each stands there 16 times, once a place, along a slanting line.

# %% id="spy-picture" tags=["demo"]
with check.demo():
    w = np.random.default_rng(1).standard_normal((2, 1, 3, 3))
    w_fc, _ = conv_weights_to_fc(w, np.zeros(2), (1, 6, 6), {"stride": 1, "pad": 0})
    fig = vis.show_weight_matrix(
        w_fc,
        blocks=(36, 16),
        caption="Left of the line filter 0, right of it filter 1. White is zero: no connection.",
    )

# %% [markdown] id="spy-larger-text"
# The same with colour pictures, and then with stride 2 and padding. Three channels make three bands,
# one below the other. The stride makes the stripes steeper; padding leaves gaps in them, where a
# window reaches beyond the border.

# %% id="spy-larger" tags=["demo"]
with check.demo():
    w = np.random.default_rng(1).standard_normal((2, 3, 3, 3))
    for conv_param in ({"stride": 1, "pad": 0}, {"stride": 2, "pad": 1}):
        w_fc, b_fc = conv_weights_to_fc(w, np.zeros(2), (3, 7, 7), conv_param)
        fig = vis.show_weight_matrix(
            w_fc,
            blocks=(49, len(b_fc) // 2),
            title=f"{conv_param}: {np.count_nonzero(w_fc):,} of {w_fc.size:,} are not zero",
        )

# %% [markdown] id="why-not-text"
# ### Why nobody computes it so
#
# For 64 filters of 3×3 with padding 1 on 224×224×3, VGG's first layer, the matrix would have
# $150{,}528 \times 3{,}211{,}264 \approx 4.8 \cdot 10^{11}$ numbers: **1.9 TB** in float32, for 1,792
# parameters. But as a thought it is worth keeping. A convolution is a linear map like any
# other, its backward pass multiplies by the transposed matrix, and what makes it special is *which*
# weights are zero and which are equal. Those two are the assumptions that a convolutional layer makes
# about pictures.

# %% id="why-not-measured" tags=["demo"]
from time import perf_counter

with check.demo():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((8, 3, 20, 20)), rng.standard_normal((8, 3, 3, 3)), np.zeros(8)
    conv_param = {"stride": 1, "pad": 1}
    w_fc, b_fc = conv_weights_to_fc(w, b, (3, 20, 20), conv_param)
    results, seconds = [], []
    for layer in (
        lambda: conv_forward(x, w, b, conv_param)[0],
        lambda: (x.reshape(8, -1) @ w_fc + b_fc).reshape(8, 8, 20, 20),
    ):
        layer()
        start = perf_counter()
        results.append(layer())
        seconds.append(perf_counter() - start)
    print(f"convolution {1e3 * seconds[0]:.2f} ms, one matrix {1e3 * seconds[1]:.2f} ms")
    print(f"{w.size + b.size:,} parameters as filters, {w_fc.size + b_fc.size:,} as a matrix")
    print("largest difference:", np.max(np.abs(results[0] - results[1])))

# %% [markdown] id="slide-text"
# ## 3 · Run it on a larger picture
#
# What is the conversion good for? A fully connected layer takes inputs of one size only. A convolution
# does not care: give it a larger map, and it **slides**.
#
# VGG halves the picture five times: $224 / 2^5 = 7$, which is what its 7×7 filters fit. Now give it a
# picture of 384×384:
#
# $$384 / 32 = 12, \qquad \frac{12 - 7}{1} + 1 = 6,$$
#
# so the last map is $12 \times 12 \times 512$ and the scores are **$6 \times 6 \times 1000$**: a
# thousand scores at each of 36 places, which lie 32 pixels apart. Neighbouring places share most of
# what they look at, and it is computed once for all of them.

# %% id="slide-picture" tags=["demo"]
fig = vis.show_crops(
    384,
    224,
    32,
    7,
    caption="One step on the last map is 32 pixels of the picture: the product of all strides.",
)
larger = vgg_slid.with_input(384)
for layer in ("pool5", "fc6", "fc7", "fc8"):
    channels, rows, columns = larger.shapes[layer]
    print(f"{layer}: {rows}×{columns}×{channels}")

# %% [markdown] id="slide-net-text"
# ### Our classifier
#
# It is smaller and has the same parts. `params` is a dict:
#
# | layer | names | its shape in `params` | as filters |
# | :-- | :-- | :-- | :-- |
# | convolution 6×6, stride 2, and ReLU | `W1`, `b1` | $(16, 3, 6, 6)$ | the same |
# | max pool 2×2, stride 2 | | | |
# | fully connected, and ReLU | `W2`, `b2` | $(784, 48)$ | $(48, 16, 7, 7)$ |
# | fully connected | `W3`, `b3` | $(48, 5)$ | $(5, 48, 1, 1)$ |
#
# A picture of 32×32 becomes $(32 - 6)/2 + 1 = 14$, pooled 7, and then 1. The strides are 2 and 2, so
# the **network's stride is 4**.
#
# **By hand**, a toy of the same build: one channel, `W1` a single 1, `W2` is $(1\ \ {-1})$ with bias 1,
# `W3` is 2 and −1 with biases 0 and 3, two classes. The picture
#
# $$\begin{pmatrix} 1 & 4 & 0 & 2 & 3 & 1 \\ 2 & 0 & 1 & 1 & 9 & 5 \end{pmatrix}
# \xrightarrow{\text{pool}} (4\ \ 2\ \ 9)
# \xrightarrow{W2} (4 - 2 + 1\ \ \ 2 - 9 + 1) = (3\ \ {-6})
# \xrightarrow{\text{ReLU}} (3\ \ 0)$$
#
# gives at its two places the scores $(6, 0)$ for class 0 and $(0, 3)$ for class 1.
#
# **Exercise.** No `reshape` on the way: a flattened map has no places any more. And scores may be
# negative, so no ReLU at the end.

# %% id="slide-classifier" solution="slide_classifier"

# %% id="slide-classifier-check" exercise="slide_classifier" points=8
check.slide_classifier(slide_classifier)

# %% [markdown] id="converted-text"
# ### The heat map, with your functions
#
# The given function below converts all of `params` with your `fc_weights_to_conv`. Then one call of
# your `slide_classifier` looks at 33×53 places. It should be the picture from the beginning; the
# number printed compares the two.


# %% id="converted" tags=["provided"]
def as_filters(params, last_map=(16, 7, 7)):
    """params of the classifier with filters in place of its fully connected weights.

    last_map: (C, H, W) of what the first fully connected layer reads.
    """
    slid, hidden = dict(params), len(params["b2"])
    for n, shape in (2, last_map), (3, (hidden, 1, 1)):
        slid[f"W{n}"], slid[f"b{n}"] = fc_weights_to_conv(params[f"W{n}"], params[f"b{n}"], shape)
    return slid


# %% id="heat-map" tags=["demo"]
with check.demo():
    slid = as_filters(params)
    scores = slide_classifier(as_volume(picture), slid, CONV_PARAM, POOL_PARAM)
    mine = probabilities(scores)[0]
    fig = vis.show_score_maps(
        picture,
        {name: mine[CLASSES.index(name)] for name in ("disc", "star", "moon")},
        SIZE,
        stride=4,
        ncols=2,
        caption=f"One pass of your network: scores {scores.shape}, a place every 4 pixels.",
        words="The scene, and maps of it that are bright where discs, stars and moons stand.",
    )
    print("largest difference from the course's own:", np.max(np.abs(mine - chances)))

# %% [markdown] id="found-text"
# ### What was found?
#
# A place counts as a find when a shape is more probable there than 0.5, and than at all places around
# it. The finds are compared with what was really drawn, at most 6 pixels off.

# %% id="found" tags=["demo"]
with check.demo():
    best = mine[1:].max(axis=0)
    around = np.pad(best, 1)
    rows, columns = best.shape
    neighbours = [around[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    peaks = np.argwhere((best > 0.5) & (best == np.max(neighbours, axis=0)))
    right = set()
    for i, j in peaks:
        kind, row, column = 1 + np.argmax(mine[1:, i, j]), 15.5 + 4 * i, 15.5 + 4 * j
        right |= {
            n
            for n, s in enumerate(shapes)
            if s.kind == kind and max(abs(s.row - row), abs(s.column - column)) <= 6
        }
    print(f"{len(peaks)} finds for {len(shapes)} shapes; {len(right)} shapes found and named right")

# %% [markdown] id="break-2-text"
# ### Try to break it
#
# Which heights and widths are legal? Try 32, 33, 36, 30 and 160×36. What is the smallest picture, and
# how many places does a picture of $32 + 4k$ pixels have? What do you get for an empty batch,
# `x[:0]`? And where do strangers to the training (a picture of noise, a photograph from
# `data.sample_images()`) land: is "ground" what the network says?

# %% id="break-2" tags=["demo"]
with check.demo():
    height, width = 40, 36
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 3, height, width))
    out = slide_classifier(x, slid, CONV_PARAM, POOL_PARAM)
    print("scores", out.shape)
    print("classes seen:", [CLASSES[k] for k in np.unique(out.argmax(axis=1))])

# %% [markdown] id="crops-text"
# ## 4 · The slow way, and what it costs
#
# Before, one would have cut out each crop and classified it by itself. Place $(i, j)$ of the map
# belongs to the crop that begins at row $i\,S$, column $j\,S$, where $S$ is the **stride of the whole
# network**, the product of the strides of all its layers. Here it is $2 \cdot 2 = 4$; for VGG $2^5 =
# 32$.
#
# **By hand**: crops of 32×32 out of 160×240 pixels, 4 apart: $(160 - 32)/4 + 1 = 33$ rows and
# $(240 - 32)/4 + 1 = 53$ columns, so 1,749 of them. Of VGG's 384 pixels: $(384 - 224)/32 + 1 = 6$.
#
# **Exercise.** Write the slow way, so that there is something to compare with. `classify(crops, params,
# conv_param, pool_param)` is given: the original network, with its fully connected layers.

# %% id="crop-scores" solution="crop_scores"

# %% id="crop-scores-check" exercise="crop_scores" points=4
check.crop_scores(crop_scores)

# %% [markdown] id="equal-text"
# ### Are they equal?
#
# Our classifier does not pad. So a crop's maps are just a part of the whole picture's maps, and the
# two ways must agree to rounding, about 1e-13. How much longer does the slow way take?
#
# We can count before we measure: products with weights. A convolution has
# $F\,H_\text{out}W_\text{out} \cdot C\,HH\,WW$ of them.

# %% id="equal-measured" tags=["demo"]
with check.demo():
    x = as_volume(picture)
    start = perf_counter()
    one_pass = slide_classifier(x, slid, CONV_PARAM, POOL_PARAM)
    middle = perf_counter()
    crops = crop_scores(x, params, SIZE, CONV_PARAM, POOL_PARAM)
    end = perf_counter()
    print("largest difference:", np.max(np.abs(one_pass - crops)))
    print(f"one pass {middle - start:.3f} s, {33 * 53:,} crops {end - middle:.3f} s")
    print(f"measured: {(end - middle) / (middle - start):.1f} times as long")
    fully = params["W2"].size + params["W3"].size  # products at a place
    by_crops = 33 * 53 * (14 * 14 * params["W1"].size + fully)
    by_pass = 78 * 118 * params["W1"].size + 33 * 53 * fully
    print(f"counted:  {by_crops / by_pass:.1f} times as many products ({by_crops:,} : {by_pass:,})")

# %% [markdown] id="vgg-cost-text"
# The measured ratio need not be the counted one: a thousand small calls waste time that one large call
# does not, and large arrays leave the cache.
#
# And VGG? 36 crops of 224, or one pass over 384. Only the convolutions get cheaper. The layers that
# were fully connected have no overlap to share and cost the same either way.

# %% id="vgg-cost" tags=["demo"]
from cs231n.architectures.accounting import cost, total

crop, whole = total(cost(vgg), "multiply_adds"), total(cost(larger), "multiply_adds")
fully = sum(c.multiply_adds for c in cost(vgg) if c.name.startswith("fc"))
print(f"36 crops: 36 × {crop:,} = {36 * crop:,} multiply-adds")
print(f"one pass: {whole:,}, which is {36 * crop / whole:.1f} times less")
print(f"of that in fc6 to fc8: 36 × {fully:,} = {36 * fully:,}, as with crops")

# %% [markdown] id="padding-text"
# ### Only without padding
#
# You will read that the converted network gives **the same** as the crops, with VGG as the example.
# That is **not so**: VGG pads every convolution. A crop is padded with zeros on all sides; in the whole
# picture there are pixels in those places, the crop's neighbours. So values at the border of a crop
# differ, and each further layer carries the difference one step inwards.
#
# Measure it: three convolutions of 3×3 with padding 1, one behind the other, over a picture, and over
# its tiles one by one.

# %% id="padding-frames" tags=["demo"]
with check.demo():
    tile, pad = 24, 1
    rng = np.random.default_rng(0)
    whole = as_volume(picture)[:, :, :96, :144]
    tiles = whole.reshape(1, 3, 4, tile, 6, tile).transpose(0, 2, 4, 1, 3, 5).reshape(24, 3, 24, 24)
    differences = {}
    for layer in (1, 2, 3):
        w = rng.standard_normal((6, whole.shape[1], 3, 3)) / (3 * np.sqrt(whole.shape[1]))
        whole, tiles = (
            relu(conv_forward(v, w, np.zeros(6), {"stride": 1, "pad": pad})[0])
            for v in (whole, tiles)
        )
        joined = tiles.reshape(4, 6, 6, 24, 24).transpose(2, 0, 3, 1, 4).reshape(6, 96, 144)
        differences[f"after {layer} convolution{'s' * (layer > 1)}"] = np.max(
            np.abs(whole[0] - joined), axis=0
        )
    fig = vis.show_frames(
        differences,
        tile,
        caption="Where the whole picture's maps and the tiles' maps differ: a frame in each tile, one "
        "value wider with each layer. White places agree.",
    )

# %% [markdown] id="padding-count-text"
# A tile of 24 values a side has $24^2 - 22^2 = 92$ in its outermost ring, of $576$: 16%. After two layers
# $24^2 - 20^2 = 176$ (31%), after three $24^2 - 18^2 = 252$ (44%). The picture's share is a little
# smaller, since along its own outer border both are padded alike.
#
# VGG has thirteen such layers, and five pools between them. What a value of its last map sees is 212
# pixels wide, of a crop of 224: only the **one value in the middle** of the 7×7 sees no padding. The
# other 48 differ, and the 7×7 filters read them all. So *every* score of the 6×6 map differs from its
# crop's.
#
# How much does it matter for the scores? Our network with padding 2, so that crops are 28×28:

# %% id="padding-scores" tags=["demo"]
with check.demo():
    for pad, size in ((0, (32, 32)), (2, (28, 28))):
        conv_param = {"stride": 2, "pad": pad}
        x = as_volume(picture)
        one_pass = slide_classifier(x, slid, conv_param, POOL_PARAM)
        rows, columns = ((n - m) // 4 + 1 for n, m in zip(x.shape[2:], size))
        crops = crop_scores(x, params, size, conv_param, POOL_PARAM)
        differ = np.max(np.abs(one_pass - crops))
        changed = np.mean(one_pass.argmax(axis=1) != crops.argmax(axis=1))
        print(
            f"pad {pad}: {rows}×{columns} places, scores from {crops.min():.1f} to {crops.max():.1f}"
        )
        print(f"   largest difference {differ:.2g}; another class at {changed:.1%} of the places")

# %% [markdown] id="padding-after"
# Which one is right? Neither is wrong. The crops treat the network as it was trained, with zeros
# around what it sees. The pass over the whole picture sees the real neighbours, which is more
# information, but not what it met in training. In practice the difference is accepted, for the speed;
# one should know that it is there, and not look for a bug.

# %% [markdown] id="padding-question" question=2
# **Question.** A friend converts VGG-16, whose convolutions all pad, runs it over a picture of 384×384
# and compares the 36 places with 36 crops. All scores differ, by a few percent. "Even at place (0, 0)
# and in the other three corners", she says, "where crop and picture share two borders. So my
# conversion of the weights must be wrong." (a) Which one run would tell a wrong conversion from an
# effect of padding, and what should come out of it? (b) Why does even place (0, 0) differ, if the
# conversion is right?
#
# <!-- answer -->
# (a) Run the converted network on one picture of its own size, 224×224. There crop and picture are the
# same thing with the same padding, so its single place must agree with the original network's scores to
# rounding; if it does not, the conversion is wrong. (Taking the padding out of both networks and
# comparing again serves as well.) **1 point.**
#
# (b) The crop of place (0, 0) shares its upper and left borders with the picture, but its lower and right
# borders lie inside it. There the crop is padded with zeros where the whole picture has real pixels. Each
# layer carries that difference further inwards, and the first fully connected layer (7×7) reads the
# border values too, so the score changes. **1 point**; half of it for "padding" without saying which
# borders or how it gets into the score.

# %% [markdown] id="stitch-text"
# ## 5 · A finer map: shift and stitch
#
# A score every 32 pixels is coarse; VGG's pools are to blame. How to get one every 16 pixels, from the
# same network?
#
# Leave out the first 16 columns of the picture and run the network again: its places now lie *between*
# the old ones. The same with 16 rows left out. It is often said that **two** passes give half the
# stride. **It takes four**: not shifted, shifted to the right, shifted down, and **both**. With two, half
# of the places (along the diagonal), or every other row, would be missing.
#
# With $S$ the network's stride, the pass shifted by $(a, b)$ half strides, where $a$ and $b$ are 0 or 1,
# has at place $(i, j)$ the score of the crop that begins at
#
# $$\text{row } i\,S + a\,\tfrac{S}{2} = (2i + a)\,\tfrac{S}{2}, \qquad
#   \text{column } j\,S + b\,\tfrac{S}{2} = (2j + b)\,\tfrac{S}{2},$$
#
# so it belongs to row $2i + a$, column $2j + b$ of the finer map.

# %% id="stitch-picture" tags=["demo"]
fig = vis.show_stitching(
    5,
    6,
    caption="“C10” is the score of pass C at place (1, 0). Even rows of the finer map alternate A and "
    "B, odd rows C and D. Maps of shifted pictures may be smaller: C and D have a row less here.",
)

# %% [markdown] id="stitch-task"
# **By hand**: crops of 32, stride 4, a picture with 42 rows. At half the stride there are $(42 - 32)/2 +
# 1 = 6$ rows of places. The pass that is not shifted has 42 rows to look at, of which 40 are used, $(40 -
# 32)/4 + 1 = 3$ rows. Two rows left out leave 40, so 3 rows again: $3 + 3 = 6$. With 40 rows it is
# $3 + 2 = 5$: the shifted pass has 38 rows left, and 36 are used.
#
# That "of which 40 are used" is done by the given `trim(x, size, stride)`: it cuts off the last rows and
# columns that are too few for one more place (and that many a convolution refuses).
#
# **Exercise.** Run your `slide_classifier` four times, and put each map where it belongs.

# %% id="shift-and-stitch" solution="shift_and_stitch"

# %% id="shift-and-stitch-check" exercise="shift_and_stitch" points=10
check.shift_and_stitch(shift_and_stitch, slide_classifier)

# %% [markdown] id="finer-text"
# ### Twice as fine
#
# A part of the scene, with a place every 4 pixels and every 2. No weight was changed; the finer map is
# what $41 \times 57 = 2{,}337$ crops, 2 pixels apart, would give.

# %% id="finer-picture" tags=["demo"]
with check.demo():
    part = picture[:112, :144]
    x = as_volume(part)
    coarse = probabilities(slide_classifier(x, slid, CONV_PARAM, POOL_PARAM))[0]
    fine = probabilities(shift_and_stitch(x, slid, SIZE, CONV_PARAM, POOL_PARAM))[0]
    names = [f"{way}: {m.shape[1]}×{m.shape[2]}" for way, m in (("coarse", coarse), ("fine", fine))]
    fig = vis.show_score_maps(
        part,
        {name: 1 - m[0] for name, m in zip(names, (coarse, fine))},
        SIZE,
        stride=dict(zip(names, (4, 2))),
        caption="How probable it is that any shape stands there (one minus “ground”).",
        words="A part of the scene, and two maps of where shapes are: the second has twice as "
        "many places down and across, and smoother outlines.",
    )

# %% [markdown] id="two-passes-text"
# ### Two passes are not enough, in numbers
#
# Count which places of the finer map are covered by 1, 2, 3 and 4 passes; and compare all places with
# crops at half the stride, one by one.

# %% id="two-passes" tags=["demo"]
with check.demo():
    covered = np.zeros(fine.shape[1:], dtype=bool)
    for number, (a, b) in enumerate([(0, 0), (1, 1), (0, 1), (1, 0)], start=1):
        covered[a::2, b::2] = True
        print(f"{number} pass{'es' * (number > 1)}: {covered.mean():.0%} of the places")
    scores = shift_and_stitch(x[:, :, :44, :46], slid, SIZE, CONV_PARAM, POOL_PARAM)
    differences = [
        np.max(np.abs(scores[:, :, i, j] - classify(c, params, CONV_PARAM, POOL_PARAM)))
        for i, j in np.ndindex(scores.shape[2:])
        for c in [x[:, :, 2 * i : 2 * i + 32, 2 * j : 2 * j + 32]]
    ]
    print(
        f"{len(differences)} places against their crops: largest difference {max(differences):.1e}"
    )

# %% [markdown] id="break-3-text"
# ### Try to break it
#
# Shift by something that is not half the stride: what goes wrong, an error or silently? Exchange down
# and right in your function: on which pictures would the shape alone give you away? How many passes
# would a quarter of the stride take, and what would it cost beside a single pass? And feed it a picture
# of just 32×32, or of 32×34.

# %% id="break-3" tags=["demo"]
with check.demo():
    height, width = 42, 40
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3, height, width))
    stitched = shift_and_stitch(x, slid, SIZE, CONV_PARAM, POOL_PARAM)
    print("finer map", stitched.shape, "expected", ((height - 32) // 2 + 1, (width - 32) // 2 + 1))

# %% [markdown] id="further"
# ### What came of it
#
# A $k$ times finer map takes $k^2$ passes. The passes still share work, which can be saved: give the
# strided layers stride 1 and spread the filters behind them apart (dilation), and one pass gives the
# fine map. Sliding a converted classifier was made popular by *OverFeat* (Sermanet et al., 2013), and
# networks that are nothing but convolutions, trained so from the start for a class at every pixel, by
# Long, Shelhamer and Darrell (*Fully Convolutional Networks*, 2015).

# %% [markdown] id="learned"
# ## What you learned
#
# - A fully connected layer that reads $H \times W \times C$ is a convolution with filters of $H \times W$,
#   no padding, stride 1; later ones have filters of 1×1. Only the weights' layout changes: **7×7×512 →
#   4096 is $F = 7$, $P = 0$, $S = 1$, $K = 4096$**.
# - Every convolution is a fully connected layer with a matrix that is mostly zeros and repeats a few
#   weights. The share that is not zero is the window's part of the picture.
# - A converted network slides: 224 → 384 pixels gives 12×12, then **6×6×1000**, for 11 times fewer
#   products than 36 crops.
# - It gives what the crops give **only if nothing is padded**. Otherwise the borders of each crop differ,
#   one value deeper with each layer.
# - Half the stride takes **four** shifted passes, not two; $k$ times finer takes $k^2$.
#
# Where in a picture something is, you can now find with a network that was only ever asked what it is.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
