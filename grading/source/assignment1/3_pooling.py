# %% [markdown] id="title"
# # Pooling
#
# The deeper a network looks, the less it needs to know *exactly where* things are. A **pooling layer**
# is the step that gives place away: it cuts every feature map into small windows and keeps one number
# of each. In this notebook you write three of them, forward and backward, and then a convolution that
# makes one of them superfluous.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `max_pool_forward_naive`, `max_pool_backward_naive` | keep the largest value, send the gradient back to where it was | 5 + 6 |
# | `avg_pool_forward`, `avg_pool_backward` | keep the mean, share the gradient out | 2 + 3 |
# | `l2_pool_forward`, `l2_pool_backward` | keep the length, share by size | 2 + 3 |
# | `avg_pool_as_conv` | a strided convolution that does a pool's work | 2 |
# | an answer in words | can a convolution do what max pooling does? | 2 |
#
# **You need** NumPy slices and, for the gradients, the chain rule; nothing from the earlier notebooks.
# Arrays are `(N, C, H, W)`: pictures, channels, rows, columns.
#
# **It takes** about two hours. After every exercise stands a cell that checks it and says what is
# wrong, if anything is; run it as often as you like. Plain loops are welcome: nothing here has to be
# fast.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
from cs231n.fast_layers import conv_forward_fast, max_pool_forward_fast


def as_volume(picture):
    """A picture (H, W, 3) of bytes as what a layer takes: (1, 3, H, W), values from 0 to 1."""
    return picture.transpose(2, 0, 1)[None] / 255.0


def as_picture(volume):
    """The first of the pictures (N, 3, H, W) in the form that is shown: (H, W, 3), in 0..1."""
    return np.clip(volume[0].transpose(1, 2, 0), 0, 1)


def pooling(size, stride):
    """The pool_param of square windows."""
    return {"pool_height": size, "pool_width": size, "stride": stride}


# %% [markdown] id="result-text"
# **Where this leads.** The course's own layers pool a picture in windows of 8×8, in the three ways you
# are about to write. Of 64 numbers one remains.

# %% id="result-picture" tags=["demo"]
from cs231n.fast_pooling import avg_pool_forward_fast, l2_pool_forward_fast

town = as_volume(data.sample_images()["town"])[:, :, 8:]
shown = {"before: 192×296": as_picture(town[:, :, :, :296])}
for name, layer, by in [
    ("max", max_pool_forward_fast, 1),
    ("average", avg_pool_forward_fast, 1),
    ("L2, divided by 8", l2_pool_forward_fast, 8),
]:
    shown[f"{name}: 24×37"] = as_picture(layer(town[:, :, :, :296], pooling(8, 8))[0] / by)
fig = vis.show_images(shown, ncols=2, size=2.2)
fig = vis.describe(
    fig,
    "A street of houses, and the same pooled to 24 by 37 pixels. Max pooling makes it bright and "
    "loses the windows; average pooling blurs it evenly; L2 pooling looks like the average, brighter.",
)

# %% [markdown] id="why"
# ## 1 · Why pool?
#
# Take 64 feature maps of 224×224, which is what the first layer of a well-known network
# (VGG) hands on. Pool them in windows of 2×2, one window beside the other:
#
# $$224 \times 224 \times 64 = 3{,}211{,}264 \text{ activations} \quad\longrightarrow\quad
#   112 \times 112 \times 64 = 802{,}816.$$
#
# Of every four numbers one remains: **75% of the activations are gone**. Three things are gained.
#
# - **Less to compute and to remember.** Every later layer works on a quarter of the positions.
# - **A wider view.** A 3×3 filter behind this pool looks at 6×6 pixels of what came before it, for
#   the same nine weights.
# - **Less worry about exact place.** When a detected edge moves by a pixel, the largest value of
#   its window is often still the same one. We measure how often below.
#
# Width and height shrink. **Depth does not**: every channel is pooled by itself. And a pooling
# layer has nothing to learn: two hyper-parameters, no weights.

# %% id="why-picture" tags=["demo"]
fig = vis.show_volume(
    [(64, 224, 224), (64, 112, 112)],
    ["before: 3,211,264 activations", "after: 802,816"],
    caption="Pooling in windows of 2×2 with stride 2, to scale. The 64 maps stay 64 maps.",
)
fig = vis.describe(
    fig, "Two boxes: 64 deep, 224 high and wide, and beside it 64 deep, 112 high and wide."
)

# %% [markdown] id="max-forward-text"
# ## 2 · Max pooling, forward
#
# A window is `pool_height` = $HH$ rows by `pool_width` = $WW$ columns. From one window to the next
# it is `stride` = $S$ pixels, down as well as across. **Size and stride are two different things**:
# one says how much a window sees, the other where the next window begins. Window $(i, j)$ has its
# top left corner at row $i\,S$, column $j\,S$, and
#
# $$\text{out}[n,c,i,j] \;=\; \max_{0 \le a < HH,\;\; 0 \le b < WW}\; x[n,\,c,\; iS + a,\; jS + b],$$
#
# $$H_\text{out} = \frac{H - HH}{S} + 1, \qquad W_\text{out} = \frac{W - WW}{S} + 1.$$
#
# Pictures are not padded here, as is the custom for pooling, and sizes always fit.
#
# **By hand**, 2×2 windows with stride 2 on a 4×4 map: $(4 - 2)/2 + 1 = 2$, so `out` is 2×2. The
# lower left window holds −8, −3, −4 and −6. Its largest value is −3: no value has to be positive.

# %% id="max-forward-example" tags=["demo"]
first_map = np.array([[1, 7, -2, 4], [3, 5, 6, 0], [-8, -3, 2, 9], [-4, -6, 8, 1]])
fig = vis.show_pooling(
    first_map,
    np.array([[7, 6], [-3, 9]]),
    pool_param=pooling(2, 2),
    title="Max pooling, 2×2 windows, stride 2",
    caption="Each colour is a window, and what is kept of it.",
)
fig = vis.describe(
    fig, "A table of 4 by 4 numbers in four coloured windows, and the four largest: 7, 6, −3, 9."
)

# %% [markdown] id="max-forward-task"
# **Exercise.** Four loops (pictures, channels, rows and columns of `out`) and one line inside them
# will do. The first check below is the example above.

# %% id="max-pool-forward" solution="max_pool_forward_naive"

# %% id="max-pool-forward-check" exercise="max_pool_forward_naive" points=5
check.max_pool_forward_naive(max_pool_forward_naive)

# %% [markdown] id="break-max-text"
# ### Try to break it
#
# Change these lines, add others. `check.attempt` calls your function and prints what came out, or how
# it failed. **Look for** the cases in which it answers although there is no right answer: what became
# of the last column when the windows do not fit? What is the largest value of a window that is not
# there? And is a `nan` the largest?

# %% id="break-max" tags=["demo"]
with check.demo():
    square = np.arange(16.0).reshape(1, 1, 4, 4)
    grey = np.full((1, 1, 4, 4), 255, np.uint8)
    for label, x, param in [
        ("2×2, stride 2, as it should be", square, pooling(2, 2)),
        ("a picture of bytes", grey, pooling(2, 2)),
        ("windows of 1×1", square[:, :, :2, :2], pooling(1, 1)),
        ("3×3, stride 2: does not fit", square, pooling(3, 2)),
        ("5×5: larger than the picture", square, pooling(5, 1)),
        ("8×8, stride 2: far larger", square, pooling(8, 2)),
        ("one value is nan", np.where(square == 5, np.nan, square), pooling(2, 2)),
        ("nothing but -inf", square - np.inf, pooling(2, 2)),
        ("no pictures", square[:0], pooling(2, 2)),
    ]:
        check.attempt(label, max_pool_forward_naive, x, param)

# %% [markdown] id="before-after-text"
# ### Before and after
#
# The same picture with larger and larger windows, each drawn at the same size. At 2×2 you have to
# look for the difference. At 8×8, **1 number in 64 is left**, and small things are gone. That is why
# large windows are rare: 2×2 with stride 2 is the usual choice, and 3×3 with stride 2 the other one.

# %% id="before-after-picture" tags=["demo"]
with check.demo():
    photo = as_volume(data.sample_images()["town"])[:, :, :192, :288]
    shown = {"before: 192×288": as_picture(photo)}
    for size in (2, 4, 8):
        pooled, _ = max_pool_forward_naive(photo, pooling(size, size))
        rows, columns = pooled.shape[2:]
        shown[f"{size}×{size}, stride {size}: {rows}×{columns}"] = as_picture(pooled)
    fig = vis.show_images(
        shown,
        ncols=2,
        size=2.4,
        caption="Max pooling keeps the brightest value of each window and colour, so bright "
        "details grow and dark ones vanish.",
    )
    fig = vis.describe(
        fig,
        "A street of houses, max pooled with windows of 2, 4 and 8: at 2 it looks unchanged, at 4 "
        "window bars vanish, at 8 only bright blocks are left.",
    )

# %% [markdown] id="overlap-text"
# ### Windows that overlap
#
# With **3×3 windows and stride 2**, neighbours share a row or a column of pixels. AlexNet pools this
# way: from 55×55 maps to $(55 - 3)/2 + 1 = 27$, so 27×27. Of 290,400 activations 69,984 are left
# (24%), about as many as with 2×2, but each has looked at nine pixels.
#
# Overlap changes nothing in the forward formula. It will matter a great deal for the gradient.

# %% id="overlap-picture" tags=["demo"]
with check.demo():
    second_map = np.array(
        [[1, 2, 0, 3, 1], [0, 4, 1, 5, 2], [3, 1, 9, 0, 6], [0, 4, 1, 5, 2], [1, 2, 0, 3, 1]]
    )
    pooled, _ = max_pool_forward_naive(second_map[None, None], pooling(3, 2))
    fig = vis.show_pooling(
        second_map,
        pooled,
        title="Max pooling, 3×3 windows, stride 2",
        caption="The 9 in the middle lies in all four windows, and is the largest of each.",
    )
    fig = vis.describe(
        fig, "A table of 5 by 5 numbers with a 9 in the middle, and its pool: four times 9."
    )

# %% [markdown] id="shift-text"
# ### A small shift, measured
#
# A map with a single 1 in it stands for "the edge is here". Move the 1 one pixel to the right: is the
# pooled map still the same? With windows of width $F$ side by side, it stays inside its window unless
# it stood in the last column: we expect $1 - 1/F$ of the cases, so 50% for $F = 2$.

# %% id="shift-measured" tags=["demo"]
with check.demo():
    before = np.zeros((8, 1, 16, 16))  # eight maps, the 1 in column 0, 1, ... 7
    after = np.zeros((8, 1, 16, 16))
    for place in range(8):
        before[place, 0, 5, place] = after[place, 0, 5, place + 1] = 1
    for size in (2, 4, 8):
        one, _ = max_pool_forward_naive(before, pooling(size, size))
        two, _ = max_pool_forward_naive(after, pooling(size, size))
        same = np.mean(np.all(one == two, axis=(1, 2, 3)))
        print(f"{size}×{size}: unchanged in {same:.1%} of shifts, expected {1 - 1 / size:.1%}")

# %% [markdown] id="shift-after"
# So a pool makes a network *less* sensitive to small shifts, not blind to them.

# %% [markdown] id="max-backward-text"
# ## 3 · Max pooling, backward: switches
#
# Nudge a pixel that is not the largest of its window: nothing happens to `out`. Nudge the largest
# one: `out` follows, one to one. So the slope is 1 for the largest pixel and 0 for the rest, and the
# backward pass is a piece of **routing**: the gradient of each output goes to the one pixel it came
# from. The forward pass can note where that was; these notes are called **switches**.
#
# $$\frac{\partial L}{\partial x}[n,c,p,q] \;=\;
#   \sum_{(i,j)\,:\ \text{window } (i,j) \text{ has its largest value at } (p,q)}
#   \frac{\partial L}{\partial\,\text{out}}[n,c,i,j]$$
#
# Mind the **sum**. Where windows overlap, one pixel can be the largest of several, and every one of
# them sends its gradient.
#
# **By hand**, the map above with 3×3 windows and stride 2: the 9 wins all four windows. If the
# gradients that arrive are 1, 2, 3 and 4, it receives $1 + 2 + 3 + 4 = 10$, and the other 24 pixels
# receive 0. (`=` in place of `+=` would leave it the last one, 4. It is the slip people make most.)

# %% id="max-backward-example" tags=["demo"]
second_map = np.array(
    [[1, 2, 0, 3, 1], [0, 4, 1, 5, 2], [3, 1, 9, 0, 6], [0, 4, 1, 5, 2], [1, 2, 0, 3, 1]]
)
arriving = np.zeros((5, 5))
arriving[2, 2] = 1 + 2 + 3 + 4
fig = vis.show_pooling(
    second_map,
    np.full((2, 2), 9),
    arriving,
    dout=np.array([[1, 2], [3, 4]]),
    title="The way back: 3×3 windows, stride 2",
    caption="All four gradients arrive at the pixel that won all four windows.",
)
fig = vis.describe(
    fig,
    "Four tables: x, 5 by 5 with a 9 in the middle; out, four times 9; dout, the numbers 1 to 4; dx, "
    "5 by 5, a 10 in the middle and zeros everywhere else.",
)

# %% [markdown] id="max-backward-task"
# **Exercise.** You may find the largest pixel again in the backward pass, or note it in `cache` in the
# forward pass (then run the forward cell again). Try it on paper first: which windows does pixel
# $(2, 4)$ of the map above lie in, and what does it receive?

# %% id="max-pool-backward" solution="max_pool_backward_naive"

# %% [markdown] id="max-backward-check-text"
# The check measures the slope of *your* forward pass by nudging every pixel both ways,
# $\frac{f(x + h) - f(x - h)}{2h}$, and compares that with your `dx`.

# %% id="max-pool-backward-check" exercise="max_pool_backward_naive" points=6
check.max_pool_backward_naive(max_pool_forward_naive, max_pool_backward_naive)

# %% [markdown] id="break-ties-text"
# ### Try to break it: ties
#
# A blank wall, a clear sky, a map full of zeros behind a ReLU: everywhere in them all values of a
# window are equal. **Before you run the cell**: which pixels receive the gradient? **Look for** the
# sums. Where the first pixel takes it all, `dx` sums to what `dout` sums to, here 4; where each pixel
# takes it all, to more. (Both are accepted here; on real pictures it hardly matters.)

# %% id="break-ties" tags=["demo"]
with check.demo():
    for label, x in [
        ("all values 7", np.full((1, 1, 4, 4), 7.0)),
        ("all values 0", np.zeros((1, 1, 4, 4))),
        ("two of four tie", np.tile([[1.0, 5.0], [5.0, 2.0]], (1, 1, 2, 2))),
        ("bytes", np.full((1, 1, 4, 4), 7, np.uint8)),
    ]:
        out, cache = max_pool_forward_naive(x, pooling(2, 2))
        dx = max_pool_backward_naive(np.ones(out.shape), cache)
        print(f"{label}: dx sums to {dx.sum():g}, its first window is {dx[0, 0, :2, :2].tolist()}")

# %% [markdown] id="speed-text"
# ### How slow is naive?
#
# The course's fast layers pool without a loop over pictures and channels. Their results should be
# yours, to the last digit; you write the fast version yourself in a later assignment.

# %% id="speed-measured" tags=["demo"]
from time import perf_counter

with check.demo():
    volume = np.random.default_rng(0).standard_normal((4, 8, 32, 32))
    max_pool_forward_fast(volume, pooling(2, 2))  # the first call of anything is slower
    results, seconds = [], []
    for layer in (max_pool_forward_naive, max_pool_forward_fast):
        times = []
        for _ in range(3):  # the best of three: other programs only ever slow one down
            start = perf_counter()
            out, _ = layer(volume, pooling(2, 2))
            times.append(perf_counter() - start)
        results.append(out)
        seconds.append(min(times))
    print(f"yours took {seconds[0] / seconds[1]:,.0f} times as long as the fast one")
    print("largest difference:", np.max(np.abs(results[0] - results[1])))

# %% [markdown] id="general-text"
# ## 4 · General pooling
#
# "Keep the largest" is one way to sum a window up. Two others have been used widely.
#
# | pool | of a window $v_1 \dots v_K$ it keeps | of 0, 3, −4, 0 |
# | :-- | :-- | --: |
# | max | $\max_k v_k$ | 3 |
# | average | $\frac{1}{K} \sum_k v_k$ | −0.25 |
# | L2 | $\sqrt{\sum_k v_k^2}$ | 5 |
#
# Average pooling came first, and max pooling replaced it inside networks because it worked better:
# "is this feature anywhere near here?" is usually the question, and a mean waters the answer down.
# Averages live on at the end of modern networks, where one window covers the whole map (**global
# average pooling**): ResNet turns 7×7×512 into one vector of 512 numbers that way.

# %% [markdown] id="avg-forward-text"
# ### Average pooling, forward
#
# $$\text{out}[n,c,i,j] = \frac{1}{HH \cdot WW} \sum_{a=0}^{HH-1} \sum_{b=0}^{WW-1}
#   x[n,\,c,\; iS + a,\; jS + b]$$
#
# **By hand**, the first map of this notebook: its upper right window holds −2, 4, 6, 0. The mean is
# $8 / 4 = 2$. The whole of `out` is $\begin{pmatrix} 4 & 2 \\ -5.25 & 5 \end{pmatrix}$.
#
# **Exercise.** Your max pool with one word changed is nearly there. Read the docstring on integers.

# %% id="avg-pool-forward" solution="avg_pool_forward"

# %% id="avg-pool-forward-check" exercise="avg_pool_forward" points=2
check.avg_pool_forward(avg_pool_forward)

# %% [markdown] id="avg-backward-text"
# ### Average pooling, backward
#
# Every pixel of a window enters the mean with the factor $\frac{1}{HH \cdot WW}$. So each of them
# gets that share of the gradient, from every window it lies in:
#
# $$\frac{\partial L}{\partial x}[n,c,p,q] \;=\;
#   \sum_{(i,j)\,:\ \text{window } (i,j) \text{ contains } (p,q)}
#   \frac{1}{HH \cdot WW}\; \frac{\partial L}{\partial\,\text{out}}[n,c,i,j]$$
#
# **By hand**, 3×3 windows with stride 2 on a 5×5 map, arriving gradients 1, 2, 3, 4: the middle pixel
# lies in all four windows and receives $(1 + 2 + 3 + 4)/9 = 10/9 \approx 1.11$. The upper left one lies
# in one window and receives $1/9 \approx 0.11$.

# %% id="avg-pool-backward" solution="avg_pool_backward"

# %% id="avg-pool-backward-check" exercise="avg_pool_backward" points=3
check.avg_pool_backward(avg_pool_forward, avg_pool_backward)

# %% [markdown] id="l2-forward-text"
# ### L2 pooling, forward
#
# Read a window as a vector and keep its length:
#
# $$\text{out}[n,c,i,j] = \sqrt{\;\sum_{a=0}^{HH-1} \sum_{b=0}^{WW-1}
#   x[n,\,c,\; iS + a,\; jS + b]^2\;}$$
#
# Large values count for more, and signs do not count. **By hand**, the four windows of
#
# $$\begin{pmatrix} 1 & -1 & 0 & 3 \\ 1 & 1 & -4 & 0 \\ 2 & 4 & 0 & 0 \\ -5 & 6 & 0 & 0 \end{pmatrix}
#   \quad\text{give}\quad \begin{pmatrix} \sqrt{4} & \sqrt{9 + 16} \\ \sqrt{4 + 16 + 25 + 36} & 0
#   \end{pmatrix} = \begin{pmatrix} 2 & 5 \\ 9 & 0 \end{pmatrix}.$$

# %% id="l2-pool-forward" solution="l2_pool_forward"

# %% id="l2-pool-forward-check" exercise="l2_pool_forward" points=2
check.l2_pool_forward(l2_pool_forward)

# %% [markdown] id="l2-backward-text"
# ### L2 pooling, backward
#
# For one window with values $v_k$ and length $\ell = \sqrt{v_1^2 + \dots + v_K^2}$, the chain rule
# through the root and the squares gives
#
# $$\frac{\partial \ell}{\partial v_k} = \frac{1}{2\,\ell} \cdot 2\,v_k = \frac{v_k}{\ell},$$
#
# and, as before, a pixel adds up what all its windows send. So L2 pooling lies between the other two:
# every pixel that is not zero gets something, and the large ones get most.
#
# **By hand**, the window 0, 3, −4, 0 of length 5 with an arriving gradient of 10: the pixels receive
# 0, 6, −8 and 0.
#
# And a window of zeros? There $v_k / \ell$ is $0/0$: a length has a kink at zero, as $|x|$ has, and no
# slope. We choose **0** there by convention. It matters: maps behind a ReLU are full of such windows,
# and one `nan` in a gradient spoils every weight it meets.

# %% id="l2-pool-backward" solution="l2_pool_backward"

# %% id="l2-pool-backward-check" exercise="l2_pool_backward" points=3
check.l2_pool_backward(l2_pool_forward, l2_pool_backward)

# %% [markdown] id="break-l2-text"
# ### Try to break it: very large, very small
#
# A window of four values $10^{200}$ has the length $2 \cdot 10^{200}$, which a float64 holds with ease.
# Its squares it does not hold. **Look for** `inf`, for a length of 0 that is not 0, and for what then
# becomes of the gradient, which should be ½ for each of the four, whatever their size. (A way out: take a
# factor out of the window before squaring. Which one?)

# %% id="break-l2" tags=["demo"]
with check.demo(), np.errstate(all="ignore"):
    print("value       length      should be   gradient of a pixel")
    for value in (3.0, 1e160, 1e200, 1e-160, 1e-200, 0.0):
        out, cache = l2_pool_forward(np.full((1, 1, 2, 2), value), pooling(2, 2))
        dx = l2_pool_backward(np.ones((1, 1, 1, 1)), cache)
        print(f"{value:<11g} {out.item():<11.4g} {2 * value:<11g} {dx[0, 0, 0, 0]:g}")
    check.attempt(
        "bytes: 4 times 200", l2_pool_forward, np.full((1, 1, 2, 2), 200, np.uint8), pooling(2, 2)
    )

# %% [markdown] id="three-pools-text"
# ### The three side by side
#
# 4×4 windows on one picture. Look at the thin dark rings near the edge: what does each pool make of
# them? (L2 is divided by 4 here, the root of 16 pixels, to fit into the range of a
# picture.)

# %% id="three-pools-picture" tags=["demo"]
with check.demo():
    photo = as_volume(data.sample_images()["texture"])[:, :, :120, :180]
    largest, _ = max_pool_forward_naive(photo, pooling(4, 4))
    mean, _ = avg_pool_forward(photo, pooling(4, 4))
    length, _ = l2_pool_forward(photo, pooling(4, 4))
    shown = {"before": photo, "max": largest, "average": mean, "L2, divided by 4": length / 4}
    fig = vis.show_images(
        {name: as_picture(volume) for name, volume in shown.items()},
        ncols=2,
        size=2.4,
        caption="120×180 pixels pooled to 30×45. Max is the brightest everywhere, L2 lies between.",
    )
    fig = vis.describe(
        fig,
        "Concentric dark rings, pooled in three ways. Max: the thin rings near the edge break up "
        "into dots. Average and L2: all rings are there, greyer.",
    )

# %% [markdown] id="reach-text"
# ## 5 · Which pixels does the gradient reach?
#
# Send a gradient of 1 into every output of a pool with 3×3 windows and stride 2, and look at what
# arrives at the pixels.
#
# - **Max**: few pixels get anything, the bright ones, and some of them get 2, 3 or 4.
# - **Average**: a regular pattern. A pixel lies in 1, 2 or 4 windows, so it gets 1/9, 2/9 or 4/9,
#   whatever the picture shows.
# - **L2**: the pattern of the average with the picture seen through it.

# %% id="reach-picture" tags=["demo"]
with check.demo():
    gray = as_volume(data.sample_images()["town"]).mean(axis=1, keepdims=True)
    patch = gray[:, :, 78:111, 62:95]  # 33×33 pixels, so that 3×3 windows with stride 2 fit
    gradients = {}
    for name, forward, backward in [
        ("max", max_pool_forward_naive, max_pool_backward_naive),
        ("average", avg_pool_forward, avg_pool_backward),
        ("L2", l2_pool_forward, l2_pool_backward),
    ]:
        pooled, kept = forward(patch, pooling(3, 2))
        gradients[name] = backward(np.ones(pooled.shape), kept)[0, 0]

    fig, axes = plt.subplots(2, 2, figsize=(8.4, 7.6), layout="constrained")
    axes.flat[0].imshow(patch[0, 0])
    axes.flat[0].set_title("x: part of a house")
    for ax, (name, arrived) in zip(axes.flat[1:], gradients.items()):
        drawn = ax.imshow(arrived, cmap="viridis", vmin=0)
        fig.colorbar(drawn, ax=ax, shrink=0.8, label="gradient on the pixel")
        ax.set_title(f"{name}: reaches {np.mean(arrived != 0):.0%} of pixels")
    for ax in axes.flat:
        ax.set(xlabel="column", ylabel="row")
    fig.supxlabel("dx where every value of dout is 1; windows 3×3, stride 2", fontsize=9)
    fig = vis.describe(
        fig,
        "Part of a house, and where the gradient of three pools arrives. Max: scattered single "
        "pixels. Average: a regular grid. L2: that grid, darker where the picture is dark.",
    )

# %% [markdown] id="reach-after"
# All three sums are worth a thought. Max and average hand on exactly what they receive: `dx.sum()`
# equals `dout.sum()`, here $16 \times 16 = 256$. L2 does not: the shares $v_k/\ell$ of a window have
# *squares* that add up to 1.

# %% id="reach-sums" tags=["demo"]
with check.demo():
    max_pool_forward_naive(patch, pooling(3, 2))  # is there a pool?
    for name, arrived in gradients.items():
        print(f"{name:8} sum {arrived.sum():7.2f}   largest {arrived.max():.3f}")

# %% [markdown] id="getting-rid-text"
# ## 6 · Getting rid of pooling
#
# Is a pooling layer needed at all? It throws away where things are, by a rule fixed in advance. A
# **convolution with stride 2** halves the maps as well, and *learns* what to keep. Networks built of
# nothing but convolutions were shown to do as well on small pictures (Springenberg, Dosovitskiy, Brox
# and Riedmiller, *Striving for Simplicity: The All Convolutional Net*, 2014). Generative models mostly
# do without pools, since they must put things back in their places; a ResNet has one max pool near
# its input, a global average at its end, and strides everywhere between.
#
# Nothing is lost by it: **average pooling *is* a strided convolution**, with one particular choice of
# weights. A convolution that learns could find these weights, or better ones.
#
# **By hand**, $C = 2$ channels and 2×2 windows: `w` has the shape $(2, 2, 2, 2)$, that is two filters,
# each two channels deep. Filter 0 should give the mean of channel 0 and not see channel 1 at all.
# Which 4 of its 8 weights are not zero, and what are they?
#
# The price: 64 channels in and out with 2×2 windows make $64 \times 64 \times 2 \times 2 + 64 = 16{,}448$
# parameters where a pool has none.

# %% id="avg-pool-as-conv" solution="avg_pool_as_conv"

# %% id="avg-pool-as-conv-check" exercise="avg_pool_as_conv" points=2
check.avg_pool_as_conv(avg_pool_as_conv)

# %% [markdown] id="as-conv-text"
# ### The same, and then something else
#
# Your convolution and your average pool on one picture, from 200×300 down to 100×150: the difference
# printed is 0 or about 1e-16. Then the same layer with other weights. A pool can do one thing; this
# layer does whatever its weights say.

# %% id="as-conv-picture" tags=["demo"]
with check.demo():
    photo = as_volume(data.sample_images()["town"])
    mean, _ = avg_pool_forward(photo, pooling(2, 2))
    weights, biases, steps = avg_pool_as_conv(3, pooling(2, 2))
    strided, _ = conv_forward_fast(photo, weights, biases, steps)
    print("largest difference:", np.max(np.abs(strided - mean)))

    slant = np.array([[2.0, 0.0], [0.0, -2.0]])  # upper left minus lower right
    own_channel = np.eye(3)[:, :, None, None]  # filter c sees channel c
    relief, _ = conv_forward_fast(photo, own_channel * slant, np.full(3, 0.5), steps)
    next_channel = np.roll(weights, 1, axis=1)  # filter c sees the channel after c
    mixed, _ = conv_forward_fast(photo, next_channel, biases, steps)
    fig = vis.show_images(
        {
            "average pool": as_picture(mean),
            "the same as a convolution": as_picture(strided),
            "other weights: differences": as_picture(relief),
            "other weights: colours exchanged": as_picture(mixed),
        },
        ncols=2,
        size=2.4,
        caption="Four layers that turn 200×300 into 100×150. Only the first is a pooling layer.",
    )
    fig = vis.describe(
        fig,
        "The street four times at half the size: averaged by a pool, the same by a convolution, its "
        "slanting differences as a grey relief, and with its colours exchanged.",
    )

# %% [markdown] id="think" question=2
# ### A question, to be answered in words (2 points)
#
# **(a)** Can max pooling be written as a convolution? Give a proof, or two small pictures that show that it
# cannot. (A convolution without bias of $x + y$ is the sum of the convolutions of $x$ and of $y$.)
# **(b)** And if you may use ReLUs beside convolutions: how do you get the larger of two numbers $a$ and
# $b$ out of sums, differences and ReLUs alone?
#
# <!-- answer -->
# (a) It cannot (1 point): the largest value of a sum is not the sum of the largest values. For example with windows
# of 1×2, x = (1, 0) and y = (0, 1): both have the largest value 1, together 2, but x + y = (1, 1) has the
# largest value 1. A bias does not help: max of zeros is 0, so the bias would have to be 0. Any such pair earns the
# point, and so does max(-x) being something else than -max(x).
#
# (b) max(a, b) = b + relu(a - b) (1 point), or the mirror image a + relu(b - a), or
# (a + b) / 2 + (relu(a - b) + relu(b - a)) / 2. Repeated, this gives the largest of a whole window. Without a ReLU, or
# something else that is not linear, there is no way: that sentence alone earns half a point.

# %% [markdown] id="learned"
# ## What you learned
#
# - A pool keeps one number of each window: $H_\text{out} = (H - HH)/S + 1$, depth unchanged, no
#   weights. **2×2 with stride 2** drops 75% of the activations; **3×3 with stride 2** overlaps.
# - **Max** sends the gradient to one pixel of each window (the switch), **average** shares it out
#   equally, **L2** in proportion to the values.
# - Where windows overlap, gradients **add up**: `+=`.
# - A gradient can be measured on any forward pass, and a formula compared with it, without knowing
#   the answer beforehand.
# - Kinks are settled by convention: a tie goes to the first pixel, a window of zeros hands on 0.
# - Average pooling is a strided convolution with fixed weights. Let the weights be learned, and the
#   pooling layer can go.
#
# You now have every layer of a classic convolutional network: affine, ReLU, convolution, pooling.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
