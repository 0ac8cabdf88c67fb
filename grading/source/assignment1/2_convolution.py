# %% [markdown] id="what-you-build"
# # Convolution
#
# One small filter, laid on a picture again and again, asking the same question everywhere:
# *is there an edge here? here? and here?* That is a convolutional layer, and almost everything that
# sees with a neural network is made of it. You build one, forward and backward, out of plain loops.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `conv_output_size` | how many places a filter has to stand, and when the answer is "none" | 2 |
# | `conv_forward_naive` | slide the filters over the pictures | 8 |
# | `conv_backward_naive` | hand the gradients back | 10 |
# | the same two, with dilation | filters with gaps, which see further | 4 |
# | `locally_connected_forward` | what remains when positions stop sharing their weights | 4 |
# | an answer in words | what becomes of the maps when the picture moves | 2 |
#
# **You need** NumPy slices and the chain rule. From `1_fully_connected` it helps to know what
# `dout` means and how a numeric gradient judges a backward pass. Arrays are `(N, C, H, W)`: pictures,
# channels, rows, columns; `w` is a bank of `F` filters `(F, C, HH, WW)`, `b` one bias for each.
#
# **It takes** two to three hours, most of them for the backward pass. After every exercise stands a
# cell that checks your work and says what is wrong, if anything is; run it as often as you like.
# Nothing has to be fast: notebook 5 is about that.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
from cs231n.gradient_check import relative_error


def as_volume(picture):
    """A picture (H, W, 3) of bytes as what a layer takes: (1, 3, H, W), values from 0 to 1."""
    return picture.transpose(2, 0, 1)[None] / 255.0


def as_picture(volume):
    """The first of the volumes (N, 3, H, W) in the form that is shown: (H, W, 3), in 0..1."""
    return np.clip(volume[0].transpose(1, 2, 0), 0, 1)


# %% [markdown] id="result-text"
# **Where this leads.** The course's own layer lays three filters of 3×3×3 on a picture. One of them
# answers to upright edges, one to level ones, one blurs. By section 5 your layer does the same.

# %% id="result-picture" tags=["demo"]
from cs231n.fast_layers import conv_forward_fast

scene = as_volume(data.sample_images()["town"])
slope = np.outer([1, 2, 1], [-1, 0, 1]) / 6
three = np.stack([[slope] * 3, [slope.T] * 3, [np.full((3, 3), 1 / 27)] * 3])  # (3, 3, 3, 3)
maps, _ = conv_forward_fast(scene, three, np.array([0.5, 0.5, 0]), {"stride": 1, "pad": 0})
fig = vis.show_images(
    {
        "what comes in: 3×200×300": as_picture(scene),
        "map 0: upright edges": np.clip(maps[0, 0], 0, 1),
        "map 1: level edges": np.clip(maps[0, 1], 0, 1),
        "map 2: all colours, blurred": maps[0, 2],
    },
    ncols=2,
    size=2.2,
    caption="Three maps of 198×298 go out, one for each filter. Grey: no edge here.",
)
fig = vis.describe(
    fig,
    "A street of houses and three grey maps of it: in the first, upright lines of windows and walls "
    "stand out, in the second, level ones, the third is a blurred grey picture.",
)

# %% [markdown] id="local"
# ## 1 · Look at a little at a time
#
# A fully connected neuron looks at the whole picture: 32×32×3 = 3,072 weights for one neuron, and
# 120,000 at 200×200×3. But to see whether there is an edge at some spot you need only that spot and
# what lies around it. So a convolutional neuron is connected **locally**: to a small patch of rows
# and columns, its **receptive field**, which is as large as the filter.
#
# The two kinds of axes are treated differently. In height and width the patch is small; in **depth
# it always goes all the way through**. With 5×5 filters on a 32×32×3 picture, a neuron has
#
# $$5 \times 5 \times 3 = 75 \text{ weights, and } 1 \text{ bias.}$$
#
# On a deeper volume, 16×16×20 say, a 3×3 neuron already has 3 × 3 × 20 = 180 weights. Nobody wrote
# the 20 down as a choice: it is what came in.

# %% id="local-picture" tags=["demo"]
fig = vis.show_volume(
    [(3, 32, 32), (6, 32, 32)],
    ["the picture that comes in", "the volume that goes out"],
    inside=[(3, 5, 5), (6, 1, 1)],
    caption="Orange: a patch of the input, and the depth column of 6 neurons that look at it. All "
    "six see the same 75 numbers; each asks its own question about them.",
)
fig = vis.describe(
    fig,
    "A volume of 3 by 32 by 32 with a small patch of 3 by 5 by 5 in it, joined by lines to a bar 6 "
    "deep in the volume that goes out, of 6 by 32 by 32: a depth column.",
)

# %% [markdown] id="sharing"
# ## 2 · Ask the same question everywhere
#
# If it pays to look for an edge at the top left, it will pay at the bottom right. So all neurons of
# one map use **the same weights**: one filter and one bias. This is **parameter sharing**, and it
# is why the forward pass of a map is a convolution of the input with its filter.
#
# See what it saves in the first layer of AlexNet, which takes 227×227×3 pictures and has 96 filters
# of 11×11×3, giving a volume of 55×55×96:

# %% id="sharing-count" tags=["demo"]
neurons = 55 * 55 * 96
weights = 11 * 11 * 3
print(f"neurons                          {neurons:>12,}")
print(f"numbers to learn, each its own   {neurons * (weights + 1):>12,}")
print(f"numbers to learn, shared         {96 * (weights + 1):>12,}")

# %% [markdown] id="sharing-after"
# From 105.7 million numbers to 34,944: one in three thousand. Sharing is an assumption, though, and
# in section 8 you meet pictures for which it is wrong.

# %% [markdown] id="worked"
# ## 3 · One layer by hand
#
# Let us compute a few values of a layer with nothing but slices. `X` has 11 rows, 11 columns and
# depth 4; two filters `W0`, `W1` of 5×5×4 move in steps of 2 pixels, without padding.
# Then (11 − 5)/2 + 1 = 4 positions fit, so the output volume `V` is 4×4×2.
#
# (Here the depth stands last, as most texts write it. In the exercises it stands first.)

# %% id="worked-values" tags=["demo"]
rng = np.random.default_rng(231)
X = rng.integers(-2, 3, (11, 11, 4))
W0, W1 = rng.integers(-1, 2, (2, 5, 5, 4))
b0, b1 = 1, -1
V = np.zeros((4, 4, 2))

V[0, 0, 0] = np.sum(X[0:5, 0:5, :] * W0) + b0
V[1, 0, 0] = np.sum(X[2:7, 0:5, :] * W0) + b0  # 2 rows further down
V[2, 0, 0] = np.sum(X[4:9, 0:5, :] * W0) + b0
V[3, 0, 0] = np.sum(X[6:11, 0:5, :] * W0) + b0  # ends with the last row, 10

V[0, 0, 1] = np.sum(X[0:5, 0:5, :] * W1) + b1  # the second map: other filter, same windows
V[1, 0, 1] = np.sum(X[2:7, 0:5, :] * W1) + b1
V[2, 0, 1] = np.sum(X[4:9, 0:5, :] * W1) + b1
V[3, 0, 1] = np.sum(X[6:11, 0:5, :] * W1) + b1
V[2, 3, 1] = np.sum(X[4:9, 6:11, :] * W1) + b1  # 3 steps across: columns 6 to 10

print("first column of map 0:", V[:, 0, 0])
print("first column of map 1:", V[:, 0, 1])
print("V[2, 3, 1] =", V[2, 3, 1])

# %% [markdown] id="worked-after"
# Three things to notice. The window moves in rows and columns, never in depth: the last slice is
# always `:`. Neighbouring windows overlap (rows 0–4, then 2–6). And within one map the filter and
# the bias never change.

# %% [markdown] id="sizes"
# ## 4 · Four choices, one formula
#
# The size of the output is decided by hyper-parameters, which you choose and nobody learns:
#
# - **Depth**: the number of filters $K$ (`F` in the code). Each gives one map.
# - **Stride** $S$: how many pixels the window moves at a time. 1 and 2 are usual.
# - **Zero-padding** $P$: rows and columns of zeros around the picture, on each of its four sides.
#   They let the filter be centred on border pixels, and so keep the size.
# - **Dilation** $D$: how far apart the taps of the filter stand. 1 means side by side. Section 7 is
#   about it; for now it only makes the filter wider. $F$ taps span $D(F-1)+1$ pixels.
#
# Along one axis, a filter of size $F$ on a picture of size $W$ has
#
# $$\text{positions} = \frac{W + 2P - \big(D(F-1)+1\big)}{S} + 1, \qquad\text{which is}\quad
#   \frac{W + 2P - F}{S} + 1 \quad\text{where } D = 1.$$
#
# | | $W$ | $F$ | $S$ | $P$ | positions |
# | :-- | --: | --: | --: | --: | :-- |
# | slide along a short row | 7 | 3 | 1 | 0 | (7 − 3)/1 + 1 = **5** |
# | in twos | 7 | 3 | 2 | 0 | (7 − 3)/2 + 1 = **3** |
# | in threes | 7 | 3 | 3 | 0 | (7 − 3)/3 + 1 = 2.33: **illegal** |
# | padded so that the size stays | 5 | 3 | 1 | 1 | (5 + 2 − 3)/1 + 1 = **5** |
# | AlexNet's first layer | 227 | 11 | 4 | 0 | (227 − 11)/4 + 1 = **55** |
#
# Where the formula gives a fraction, the stride is **illegal**: after the last position some pixels
# are left over that no window ever sees. Libraries differ in what they do then (raise an error, or
# drop the pixels in silence). Yours raises an error, because in silence is how bugs grow.

# %% id="sizes-picture" tags=["demo"]
caption = "A row of 5 pixels (blue), padded by 1 (grey): where can a filter of 3 stand?"
fig = vis.show_positions(5, 3, strides=(1, 2, 3), pad=1, caption=caption)

# %% [markdown] id="sizes-mistakes"
# > **Often said, and not quite so.** *AlexNet takes 224×224 pictures.* Its paper says so, but
# > (224 − 11)/4 + 1 = 54.25 is no size; with 227 it comes out at 55.
# >
# > *Padding of (F − 1)/2 keeps the size.* Only with stride 1 and an odd $F$. With stride 2 a row of
# > 7 becomes (7 + 2 − 3)/2 + 1 = 4.

# %% [markdown] id="sizes-task"
# **Exercise.** Write the formula as a function. Count in whole numbers (`//` and `%`): 4.0 is not a
# shape. There are two errors to raise, one for a filter that does not fit and one for an illegal
# stride; in each, say which numbers clash.

# %% id="conv-output-size" solution="conv_output_size"

# %% id="conv-output-size-check" exercise="conv_output_size" points=2
check.conv_output_size(conv_output_size)

# %% [markdown] id="sizes-play-text"
# With the function in hand you can plan a net before building it. Here are the sizes in VGG, where
# convolutions keep the size and only the five pools change it:

# %% id="sizes-play" tags=["demo"]
with check.demo():
    size = 224
    for layer, taps, stride, pad in [("conv 3×3", 3, 1, 1), ("pool 2×2", 2, 2, 0)] * 5:
        size = conv_output_size(size, taps, stride, pad)
        print(f"{layer}, stride {stride}, pad {pad}  ->  {size:3d} × {size}")

# %% [markdown] id="break-sizes-text"
# ### Try to break it
#
# Change these lines, add others. `check.attempt` calls your function and prints what came out, or how
# it failed. **Look for** the answers that make no sense and come without an error: is a stride of 0
# caught? And is there any padding at all with which an *even* filter keeps the size?

# %% id="break-sizes" tags=["demo"]
with check.demo():
    for label, arguments in [
        ("1 pixel, 1 tap", (1, 1)),
        ("1 pixel, 3 taps, padding 1", (1, 3, 1, 1)),
        ("even filter, padding 1", (8, 4, 1, 1)),
        ("even filter, padding 2", (8, 4, 1, 2)),
        ("stride longer than the picture", (5, 5, 100)),
        ("stride 2 that does not fit", (6, 3, 2)),
        ("stride 0", (7, 3, 0)),
        ("padding -1", (7, 3, 1, -1)),
        ("dilation 0: all taps on one pixel", (7, 3, 1, 0, 0)),
    ]:
        check.attempt(label, conv_output_size, *arguments, names=("positions",))

# %% [markdown] id="forward"
# ## 5 · The forward pass
#
# Written out, with $S$ for the stride and $\tilde{x}$ for the padded picture:
#
# $$\text{out}[n,f,i,j] \;=\; b[f] + \sum_{c=0}^{C-1}\;\sum_{r=0}^{HH-1}\;\sum_{s=0}^{WW-1}
#   \tilde{x}[n,\;c,\;iS + r,\;jS + s]\;\; w[f,c,r,s]$$
#
# | array | shape | for instance |
# | :-- | :-- | :-- |
# | `x` | `(N, C, H, W)` | `(2, 3, 32, 32)` |
# | `w` | `(F, C, HH, WW)` | `(16, 3, 5, 5)` |
# | `b` | `(F,)` | `(16,)` |
# | `out`, with stride 1 and pad 2 | `(N, F, H_out, W_out)` | `(2, 16, 32, 32)` |
#
# Watch it run. Press the buttons to stop it and to go step by step.

# %% id="animation" tags=["demo"]
# Where there are sliders for stride and padding, move them too. Which strides do not fit, and why?
vis.convolution_explorer()

# %% [markdown] id="forward-task"
# **By hand**, one channel, no padding, stride 1, bias 0.5:
#
# $$x = \begin{bmatrix}1 & 2 & 0\\0 & 1 & 3\\2 & 0 & 1\end{bmatrix}, \quad
#   w = \begin{bmatrix}1 & 2\\0 & -1\end{bmatrix}, \quad
#   \text{out} = \begin{bmatrix}4.5 & -0.5\\2.5 & 6.5\end{bmatrix}$$
#
# The top left value is $1\cdot1 + 2\cdot2 + 0\cdot0 + 1\cdot(-1) + 0.5 = 4.5$. The first check
# below is this example.
#
# > **A word on the word.** In mathematics a convolution flips the filter before it slides it. What
# > every deep-learning framework computes, and what you compute here, is strictly speaking a
# > *cross-correlation*: **no flip**. For learning it makes no difference, since a net that needs the
# > flipped filter learns it flipped.
#
# **Exercise.** Four loops, one window, one sum. `np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))`
# puts zeros around every picture. Leave dilation aside for now; section 7 comes back to it.

# %% id="conv-forward" solution="conv_forward_naive"

# %% id="conv-forward-check" exercise="conv_forward_naive" points=8
check.conv_forward_naive(conv_forward_naive)

# %% [markdown] id="worked-again-text"
# Now your layer can do section 3 in one call. It should agree with every value computed there:

# %% id="worked-again" tags=["demo"]
with check.demo():
    filters = np.stack([W0, W1]).transpose(0, 3, 1, 2)  # (F, C, HH, WW)
    volume, _ = conv_forward_naive(
        X.transpose(2, 0, 1)[None], filters, np.array([b0, b1]), {"stride": 2, "pad": 0}
    )
    print("shape of out:      ", volume.shape)
    print("V[:, 0, 0] by hand:", V[:, 0, 0], "  by your layer:", volume[0, 0, :, 0])
    print("V[2, 3, 1] by hand:", V[2, 3, 1], "  by your layer:", volume[0, 1, 2, 3])

# %% [markdown] id="break-forward-text"
# ### Try to break it: the forward pass
#
# **Look for** the last but one line, the nastiest: filters of depth 1 on a picture of depth 3. NumPy
# stretches the filter to fit (broadcasting): the shape is right, the numbers are not, and nobody
# complains. What would your function have to ask in its first line to prevent that?

# %% id="break-forward" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x, w, none = rng.normal(size=(1, 3, 6, 6)), rng.normal(size=(2, 3, 3, 3)), np.zeros(2)
    one = {"stride": 1, "pad": 0}
    for label, pictures_in, filters, param in [
        ("padding 0, as it should be", x, w, one),
        ("stride 2: does not fit", x, w, {"stride": 2, "pad": 0}),
        ("1×1 picture, padding 1", x[:, :, :1, :1], w, {"stride": 1, "pad": 1}),
        ("1×1 picture, padding 0", x[:, :, :1, :1], w, one),
        ("even filter, 2×2", x, w[:, :, :2, :2], one),
        ("bytes", np.full((1, 3, 3, 3), 255, np.uint8), np.ones((2, 3, 3, 3)), one),
        (
            "float16, values of 9999",
            np.full((1, 3, 3, 3), 9999, np.float16),
            np.ones((2, 3, 3, 3)),
            one,
        ),
        ("no pictures", x[:0], w, one),
        ("filters not deep enough", x, w[:, :1], one),
        ("a bias too few", x, w, none[:1]),
    ]:
        b = none[:1] if label.startswith("a bias") else none
        check.attempt(label, conv_forward_naive, pictures_in, filters, b, param)

# %% [markdown] id="pictures-text"
# ### Some pictures to work on

# %% id="pictures" tags=["demo"]
pictures = data.sample_images()  # four pictures (200, 300, 3), drawn by code
fig = vis.show_images(pictures, ncols=4, size=1.6)
fig = vis.describe(
    fig, "Four pictures: a lake among hills, a street of houses, bright shapes, rings and stripes."
)

# %% [markdown] id="filters-text"
# ### Filters you know from photo programs
#
# Blurring, sharpening and finding edges were convolutions long before anybody learned filters from
# data. Each takes the three colours together (depth goes all the way through) and gives one grey
# map. Look at the two edge filters: the weights of each **add up to zero**, so an even area gives 0 and
# only change is seen. Their bias of 0.5 shows that 0 as middle grey.

# %% id="filters-picture" tags=["demo"]
with check.demo():
    kernels = {
        "grey": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": [[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]],
        "relief": [[-1, -0.5, 0], [-0.5, 1, 0.5], [0, 0.5, 1]],
        "upright edges": [[-0.2, 0, 0.2], [-0.4, 0, 0.4], [-0.2, 0, 0.2]],
        "level edges": [[-0.2, -0.4, -0.2], [0, 0, 0], [0.2, 0.4, 0.2]],
    }
    bank = np.stack([[np.array(k) / 3] * 3 for k in kernels.values()])  # (6, 3, 3, 3)
    town = as_volume(pictures["town"][::2, ::2])  # (1, 3, 100, 150)
    maps, _ = conv_forward_naive(
        town, bank, np.array([0, 0, 0, 0, 0.5, 0.5]), {"stride": 1, "pad": 1}
    )
    fig = vis.show_images(
        list(np.clip(maps[0], 0, 1)),
        list(kernels),
        ncols=3,
        caption="Six filters of 3×3×3 on one picture. The dark and bright rims come from the zeros "
        "of the padding, which the filters take for a black frame.",
    )
    fig = vis.describe(
        fig,
        "The street in grey, blurred, sharpened, as a relief lit from the side, with upright edges "
        "only and with level edges only.",
    )

# %% [markdown] id="learned-text"
# ### Filters that look learned
#
# Train a net on photographs, draw the filters of its first layer, and you nearly always find the
# same two families: **stripes** at many angles and widths, mostly without colour, and soft **patches
# of colour**, mostly without stripes. The ones below are made by formula in that manner, of the size
# that AlexNet learned: 11×11×3. (In the last assignment you draw filters that you trained yourself.)

# %% id="learned-picture" tags=["demo"]
learned_looking = vis.stripes_and_patches(48)  # (48, 3, 11, 11)
fig = vis.show_filters(learned_looking, ncols=12, title="48 filters of 11×11×3, made by formula")
fig = vis.describe(
    fig, "48 small squares: most show grey stripes at all angles, every third soft coloured blobs."
)

# %% [markdown] id="learned-maps-text"
# Five of them at work with a stride of 4, so that (199 − 11)/4 + 1 = 48 rows and
# (299 − 11)/4 + 1 = 73 columns come out. Rings run in every direction: see which parts of them each
# filter answers to.

# %% id="learned-maps" tags=["demo"]
with check.demo():
    scenes = [pictures[name][:199, :299] for name in ("texture", "landscape")]
    chosen = learned_looking[[1, 14, 19, 28, 9]]
    layer = {"stride": 4, "pad": 0}
    maps, _ = conv_forward_naive(
        np.concatenate([as_volume(scene) for scene in scenes]), chosen, np.zeros(5), layer
    )
    fig = vis.show_images(
        [*chosen, *maps[0], *maps[1]],
        ncols=5,
        size=1.3,
        caption="Top: the filters. Below: their answers to two pictures, bright where a filter fits "
        "and dark where its negative would.",
    )
    fig = vis.describe(
        fig,
        "Five filters above their maps. Of rings and a landscape each stripe filter keeps the lines "
        "that run as its stripes do; the coloured one answers to areas of its colours.",
    )

# %% [markdown] id="backward"
# ## 6 · The backward pass
#
# The gradient of the loss by every output value arrives: `dout`, in the shape of `out`. You hand
# back its gradient by `x`, `w` and `b`. It looks hard in symbols, so start with **one** output value:
#
# $$\text{out}[n,f,i,j] \;=\; \text{sum}(\text{window} \times w[f]) + b[f]$$
#
# A product and a sum. If its gradient is $g = \text{dout}[n,f,i,j]$, then
#
# - the **window** receives $g \times w[f]$,
# - the **filter** $w[f]$ receives $g \times \text{window}$,
# - the **bias** $b[f]$ receives $g$.
#
# That is all. The rest is book-keeping: a pixel lies in many windows, a filter serves at every
# position of every picture, so each of them receives **many** such shares, and **shares add up**.
#
# $$\text{db}[f] = \sum_{n,i,j} \text{dout}[n,f,i,j] \qquad\qquad
#   \text{dw}[f,c,r,s] = \sum_{n,i,j} \text{dout}[n,f,i,j]\;\tilde{x}[n,\,c,\,iS+r,\,jS+s]$$
#
# $$\text{d}\tilde{x}[n,c,p,q] = \sum_{f}\;\;
#   \sum_{\substack{i,r:\; iS+r=p\\ j,s:\; jS+s=q}} \text{dout}[n,f,i,j]\; w[f,c,r,s]$$
#
# `dx` is $\text{d}\tilde{x}$ without its border of padding: zeros that you made up need no gradient.

# %% [markdown] id="backward-task"
# **By hand**, with `x` and `w` from above and
# $\text{dout} = \begin{bmatrix}1 & 0\\0 & 2\end{bmatrix}$: two outputs hand something back, the first
# once and the last twice.
#
# $$\text{dw} = 1\begin{bmatrix}1 & 2\\0 & 1\end{bmatrix} + 2\begin{bmatrix}1 & 3\\0 & 1\end{bmatrix}
#   = \begin{bmatrix}3 & 8\\0 & 3\end{bmatrix}, \qquad
#   \text{dx} = \begin{bmatrix}1 & 2 & 0\\0 & -1 + 2 & 4\\0 & 0 & -2\end{bmatrix}, \qquad
#   \text{db} = 3$$
#
# The pixel in the middle lies in both windows: −1 from the first, 2 × 1 from the last, together 1.
#
# Three places where this goes wrong, over and over again:
#
# - **`dx_pad[:, :, pad:-pad, pad:-pad]` is empty where `pad` is 0**, since `-0` is `0`. Cut by
#   counting forward instead: from `pad` to `pad + H`.
# - **`=` where `+=` is meant.** Windows overlap; the last one must not wipe out the others.
# - **A number from an example** (a padding of 1, a size of 3) in place of the variable.
#
# **Exercise.** Use the loops of your forward pass again. The checks measure the slopes of *your*
# forward pass and compare, so have that right first.

# %% id="conv-backward" solution="conv_backward_naive"

# %% id="conv-backward-check" exercise="conv_backward_naive" points=10
check.conv_backward_naive(conv_forward_naive, conv_backward_naive)

# %% [markdown] id="break-backward-text"
# ### Try to break it: the backward pass
#
# With every weight and every arriving gradient 1, `dx` simply counts: **how many windows does each
# pixel lie in?** The pictures below are that count. **Look for** pixels at 0, which nothing can be
# learned from, and for stripes: with a stride smaller than the filter, some pixels are counted more
# often than others. Then try sizes of your own, padding 0 and filters of 1×1 among them.

# %% id="break-backward" tags=["demo"]
with check.demo():
    counts = {}
    for size, taps, stride, pad in [
        (9, 3, 1, 0),
        (9, 3, 1, 1),
        (9, 3, 2, 0),
        (9, 3, 3, 0),
        (10, 2, 4, 0),
    ]:
        x, w = np.zeros((1, 1, size, size)), np.ones((1, 1, taps, taps))
        out, cache = conv_forward_naive(x, w, np.zeros(1), {"stride": stride, "pad": pad})
        dx, _, _ = conv_backward_naive(np.ones(out.shape), cache)
        layer = f"{taps}×{taps}, stride {stride}, pad {pad}"
        print(f"{layer}: dx {dx.shape}, its first row {dx[0, 0, 0].astype(int).tolist()}")
        counts[f"{layer}\nfrom {dx.min():g} to {dx.max():g}"] = (dx[0, 0] / 9) ** 0.5
    fig = vis.show_images(
        counts, size=1.8, caption="How many windows each pixel lies in: black for 0, white for 9."
    )

# %% [markdown] id="flip-text"
# ### "The backward pass is a convolution with the filter flipped"
#
# You will read this in many places. It is true of `dx`, and **not** of `dw`. At stride 1:
#
# - **`dx`** is a convolution of `dout` (padded by $HH - 1 - P$) with `w` **turned by 180°**, filters
#   and channels exchanged. Why turned: the window's top left pixel meets tap $(0,0)$, and seen from
#   the pixel, that output lies to the *lower right* of all others that it helped to make.
# - **`dw`** is a convolution of `x` (padded by $P$) with `dout` as the filter, pictures and channels
#   exchanged. **Nothing is turned.**
#
# No need to take anybody's word for it:

# %% id="flip-numbers" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 3)), np.zeros(4)
    out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    dout = rng.normal(size=out.shape)
    dx, dw, db = conv_backward_naive(dout, cache)

    def convolve(pictures, filters):
        no_bias = np.zeros(len(filters))
        return conv_forward_naive(pictures, filters, no_bias, {"stride": 1, "pad": 1})[0]

    def swap(a):
        return a.transpose(1, 0, 2, 3)  # pictures or filters <-> channels

    def turn(a):
        return a[:, :, ::-1, ::-1]

    for name, yours, again in [
        ("dx, filter turned  ", dx, convolve(dout, turn(swap(w)))),
        ("dx, filter as it is", dx, convolve(dout, swap(w))),
        ("dw, dout turned    ", dw, swap(convolve(swap(x), turn(swap(dout))))),
        ("dw, dout as it is  ", dw, swap(convolve(swap(x), swap(dout)))),
    ]:
        error = relative_error(yours, again)
        verdict = "equal" if error < 1e-6 else "NOT equal"
        print(f"{name}   relative error {error:.1e}   {verdict}")

# %% [markdown] id="flip-after"
# With stride 2 the same holds after one more step: set the values of `dout` apart, one zero between
# two of them, then convolve as above. That is where "transposed" or "fractionally strided"
# convolution comes from.

# %% [markdown] id="one-by-one"
# ## 7 · Two special filters
#
# ### 1×1: no neighbours, all channels
#
# On a grey picture a 1×1 filter would only multiply it by a number. But filters go all the way
# through in depth: with $C$ channels, a 1×1 filter is a weighted sum of $C$ numbers, taken at every
# pixel. A layer of $F$ of them is a **fully connected layer from $C$ to $F$ numbers, applied at each
# pixel separately**, a cheap way to make a volume deeper or shallower. From 256 channels to 64 it
# takes 256 × 64 + 64 = 16,448 numbers; a 3×3 layer would take 147,520.

# %% id="one-by-one-numbers" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(2, 8, 5, 6)), rng.normal(size=(3, 8, 1, 1)), rng.normal(size=3)
    out, _ = conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, 8)  # 60 pixels of 8 numbers
    affine = pixels @ w.reshape(3, 8).T + b
    again = affine.reshape(2, 5, 6, 3).transpose(0, 3, 1, 2)
    print(f"{x.shape} -> {out.shape},  against an affine layer: {relative_error(out, again):.1e}")

# %% [markdown] id="dilation"
# ### Dilated: the same taps, further apart
#
# With dilation $D$ the taps of a filter stand $D$ pixels apart. Nine weights at $D = 2$ span
# $2\,(3-1)+1 = 5$ pixels, at $D = 3$ seven:

# %% id="dilation-picture" tags=["demo"]
caption = "A 3×3 filter at three dilations. 1 is the filter you know."
fig = vis.show_taps(3, dilations=(1, 2, 3), caption=caption)

# %% [markdown] id="dilation-counted"
# In the formula of the forward pass, $iS + r$ becomes $iS + rD$, and $jS + s$ becomes $jS + sD$.
# Nothing else changes.
#
# > **Two ways to count.** Some texts count the *gaps*, so that their "dilation 0" means none. All
# > frameworks count the *distance* from tap to tap: **1 means none**, 2 leaves one pixel out. So do
# > we. A "dilation 1" in one text can be a "dilation 2" in the next; look which it is.
#
# Why bother? Stack layers, and ask how much of the picture one output sees, its **field of view**.
# Each 3×3 layer of stride 1 adds $2D$ to it:
#
# | three 3×3 layers, 27 weights a channel | after the 1st | 2nd | 3rd |
# | :-- | --: | --: | --: |
# | dilations 1, 1, 1 | 3 | 5 | **7** |
# | dilations 1, 2, 4 | 3 | 7 | **15** |
# | dilations 2, 2, 2 | 5 | 9 | **13**, with holes |
#
# **Exercise.** Go back up and teach both functions `conv_param["dilation"]`. It may be missing, and
# then it is 1: `conv_param.get("dilation", 1)`. A slice with a step,
# `start : start + dilation * (HH - 1) + 1 : dilation`, is all you need. Run both cells again, then
# both checks above (they should still pass), then this one.

# %% id="conv-dilation-check" exercise="conv_dilation" points=4
check.conv_dilation(conv_forward_naive, conv_backward_naive)

# %% [markdown] id="view-text"
# ### Measuring what a layer sees
#
# A field of view need not be computed from a formula: your backward pass shows it. Send a gradient
# of 1 back from a single output, through three layers, and see which pixels it reaches.

# %% id="view-picture" tags=["demo"]
with check.demo():
    ones, no_bias = np.ones((1, 1, 3, 3)), np.zeros(1)
    views = {}
    for dilations in [(1, 1, 1), (1, 2, 4), (2, 2, 2)]:
        caches, volume = [], np.zeros((1, 1, 19, 19))
        for dilation in dilations:
            layer = {"stride": 1, "pad": dilation, "dilation": dilation}
            volume, cache = conv_forward_naive(volume, ones, no_bias, layer)
            caches.append(cache)
        gradient = np.zeros(volume.shape)
        gradient[0, 0, 9, 9] = 1  # the output in the middle
        for cache in reversed(caches):
            gradient = conv_backward_naive(gradient, cache)[0]
        reached = gradient[0, 0] > 0
        span = np.ptp(np.flatnonzero(reached.any(axis=0))) + 1
        name = ", ".join(map(str, dilations))
        views[f"dilations {name}\nspans {span}×{span}, sees {reached.sum()}"] = (
            gradient[0, 0] ** 0.5
        )
    fig = vis.show_images(
        views,
        size=2.2,
        caption="Brighter: reached by more paths. Equal dilations above 1 leave holes, which no later layer "
        "fills; that is why they are mixed (1, 2, 4, …).",
    )
    fig = vis.describe(
        fig,
        "Pixels that reach one output through three layers. Dilations 1, 1, 1: a filled square of 7 "
        "by 7. 1, 2, 4: a filled square of 15 by 15. 2, 2, 2: 49 single pixels spread over 13 by 13.",
    )

# %% [markdown] id="local-layer"
# ## 8 · When sharing is wrong
#
# Sharing assumes that a question worth asking in one place is worth asking in all. Passport photos
# break that: eyes are in the upper half and nowhere else, so a filter for eyes is wasted below, and
# the chin wants filters of its own. Where pictures are centred and cropped alike, one may let go of
# sharing and keep the rest. Every position gets its own filter: a **locally connected layer**.
#
# $$\text{out}[n,f,i,j] = b[f,i,j] + \sum_{c,r,s} \tilde{x}[n,\,c,\,iS+r,\,jS+s]\;\; w[i,j,f,c,r,s]$$
#
# The shapes say it all: `w` is `(H_out, W_out, F, C, HH, WW)` and `b` is `(F, H_out, W_out)`. The
# price is paid in weights. For 32×32×3 pictures, 16 maps and 5×5 windows, padded by 2:

# %% id="local-layer-count" tags=["demo"]
each = 5 * 5 * 3 + 1
print(f"convolution          16 filters                     {16 * each:>12,}")
print(f"locally connected    16 filters a position          {32 * 32 * 16 * each:>12,}")
print(
    f"fully connected      everything to everything       {32 * 32 * 16 * (32 * 32 * 3 + 1):>12,}"
)

# %% [markdown] id="local-layer-task"
# **By hand**: a row of three pixels (1, 2, 3), filters of 1×2, so two positions. The first has the
# filter (10, 1) and bias 0.5, the second (0, −1) and bias 0. Then
# `out` = (10·1 + 1·2 + 0.5, 0·2 − 1·3 + 0) = **(12.5, −3)**.
#
# **Exercise.** Your forward pass again, with one line different. There is no dilation here.

# %% id="locally-connected" solution="locally_connected_forward"

# %% id="locally-connected-check" exercise="locally_connected_forward" points=4
check.locally_connected_forward(locally_connected_forward)

# %% [markdown] id="eye-text"
# Something only such a layer can do: see sharply in the middle and blur towards the rim, as your eye
# does. Every position has a blur of its own width, 9×9 taps each. And with one and the same filter
# at every position it falls back to the layer you know.

# %% id="eye-picture" tags=["demo"]
with check.demo():
    town = as_volume(pictures["town"][20:180:2, :240:2])  # (1, 3, 80, 120)
    own = vis.blurs_towards_the_rim(80, 120, 9)[:, :, None, None]  # (80, 120, 1, 1, 9, 9)
    colours = town.transpose(1, 0, 2, 3)  # each colour as a picture of its own
    layer = {"stride": 1, "pad": 4}
    seen, _ = locally_connected_forward(colours, own, np.zeros((1, 80, 120)), layer)

    same = np.broadcast_to(own[40, 95], own.shape)
    tied, _ = locally_connected_forward(colours, same, np.zeros((1, 80, 120)), layer)
    shared, _ = conv_forward_naive(colours, own[40, 95], np.zeros(1), layer)
    fig = vis.show_images(
        {
            "the picture": as_picture(town),
            "a filter for each position": as_picture(seen.transpose(1, 0, 2, 3)),
            "one filter for all": as_picture(tied.transpose(1, 0, 2, 3)),
        },
        size=2.1,
    )
    fig = vis.describe(
        fig,
        "The street three times: as it is; sharp in the middle and more and more blurred towards the "
        "rim; evenly blurred.",
    )
    print(
        f"the picture on the right, against conv_forward_naive: {relative_error(tied, shared):.1e}"
    )

# %% [markdown] id="question-shift" question=2
# ### A question, to be answered in words (2 points)
#
# The whole street moves 4 pixels to the right, and what comes into view at the left is new. Compare the maps
# before and after, of a convolutional layer with 3×3 filters. **(a)** What happens to them at stride 1, at
# stride 4, at stride 3? **(b)** Which property of the layer is behind it, and would a locally connected layer
# of stride 1 do the same?
#
# <!-- answer -->
# (a) 1 point. Stride 1: the maps move 4 to the right. Stride 4: they move by exactly 1. Stride 3: 4 is no multiple of 3, so
# windows meet other pixels than before and the values change; there is no shift of the maps that undoes it.
# (Half a point where only strides 1 and 4 are right. At the rim, new pixels and the zeros of the padding make a difference
# at any stride; an answer need not mention it.)
#
# (b) 1 point. Parameter sharing: the same filter asks the same question everywhere, so where the pixels go the answer
# goes. A locally connected layer has another filter at the new place and gives another answer there. "Locality" alone
# does not earn the point, since a locally connected layer has that, too.

# %% [markdown] id="what-you-learned"
# ## What you learned
#
# - A convolutional neuron is **local** in height and width and goes **all the way through** in
#   depth; all neurons of a map **share** one filter. That took AlexNet's first layer from
#   105,705,600 numbers to 34,944.
# - Depth, stride, padding and dilation are yours to choose, and
#   $\big(W + 2P - D(F-1) - 1\big)/S + 1$ tells what comes out, or that the stride is illegal.
# - Forward is one window, one product, one sum, repeated. What deep learning calls convolution does
#   not flip the filter.
# - Backward, every output hands its share to its window, its filter and its bias, and shares add up.
#   As convolutions: `dx` with the filter turned, `dw` with nothing turned.
# - A 1×1 filter mixes channels pixel by pixel. Dilation, counted so that 1 means none, buys a wider
#   view for the same weights: 15 pixels instead of 7 from three layers, and mixed so that no holes
#   remain.
# - Sharing is an assumption. Where places mean different things, a locally connected layer does
#   without it, at a price.
#
# **Next:** `3_pooling` makes volumes smaller without any weights. In notebook 5 this very layer,
# the slow one, becomes a single matrix product.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
