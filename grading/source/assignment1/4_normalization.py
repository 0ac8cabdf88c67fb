# %% [markdown] id="title"
# # Normalization
#
# A deep network multiplies. A little too large at every layer, and after twenty layers the numbers
# are astronomical; a little too small, and they are gone. **Normalization** layers measure the size
# of what passes through them and set it right. They are a few lines long, and made networks of a
# hundred layers trainable. They also have two faces, one for training and one for use, and most of
# the mistakes people make with them live between the two.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `batchnorm_forward` | every feature gets mean 0 and variance 1 over the batch | 3 |
# | `batchnorm_backward`, `batchnorm_backward_alt` | the same graph backwards, node by node; then on one line | 3 + 2 |
# | `layernorm_forward`, `layernorm_backward` | the same along the other axis | 1 + 1 |
# | `spatial_batchnorm_forward`, `spatial_batchnorm_backward` | batch normalization of feature maps | 1 + 1 |
# | `spatial_groupnorm_forward`, `spatial_groupnorm_backward` | groups of channels in one picture | 2 + 1 |
# | `lrn_forward` | AlexNet's local response normalization | 1 |
# | `dropout_forward`, `dropout_backward` | numbers thrown away at random, on purpose | 1 + 1 |
# | a question | answered in words | 2 |
#
# You need the chain rule and NumPy's `axis=`; nothing from earlier notebooks. Plan three to four
# hours, half of them for the backward pass of batch normalization.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
from cs231n.experiments import milliseconds, sizes_through_layers, train_on_spirals, tremble
from cs231n.vis.training import smooth


def in_training(**settings):
    """A fresh bn_param for training."""
    return {"mode": "train", **settings}


def test_mode(mean, variance):
    """A bn_param for use."""
    return {"mode": "test", "running_mean": mean, "running_var": variance}


# %% [markdown] id="map-text"
# **What is normalized over which axes?** Most layers of this notebook differ in nothing else. Below,
# each block is an array, each cell a number. Cells between the same thick lines share *one* mean and
# *one* variance. One such set is painted.

# %% id="map-picture" tags=["demo"]
n, c, h, w = np.indices((4, 6, 3, 2))
rows, features = np.indices((4, 6))
sets = {
    "batch": features,
    "layer": rows,
    "batch, of maps": c,
    "group, G = 3": 3 * n + c // 2,
    "instance (G = C)": 6 * n + c,
}
fig = vis.show_shared(
    sets,
    caption="Left two: 4 samples of 6 features. Right three: 4 pictures of 6 channels of 3×2 pixels, "
    "144 numbers in all. Batch normalization never mixes channels; the others never mix pictures.",
    alt="Five blocks of cells with one set of cells painted in each: for batch norm a whole feature or "
    "channel over all samples, for layer norm one sample, for group norm two channels of one "
    "picture, for instance norm one channel of one picture.",
)

# %% [markdown] id="why-text"
# ## 1 · Why normalize?
#
# Take a network of 12 layers, each a random matrix of 100×100 followed by a ReLU, and look at the
# size of what comes out of each layer. A ReLU halves the mean square of what it is given, so weights
# with standard deviation $\sqrt{2/100} \approx 0.141$ keep it level. Slightly smaller ones, 0.1: the
# standard deviation falls by about $\sqrt{2}$ a layer, by $2^6 = 64$ in all. Slightly larger, 0.2:
# it grows by $\sqrt{2}$ a layer.

# %% id="why-picture" tags=["demo"]
layer_numbers = np.arange(1, 13)
fig = vis.plot_curves(
    layer_numbers,
    {f"weights of std {s}": sizes_through_layers(s) for s in (0.1, 0.141, 0.2)},
    xlabel="layer",
    ylabel="std of the activations",
    log="y",
    title="Nothing keeps sizes in place",
    caption="Twelve random layers with ReLU. Only one choice of weights keeps the numbers level, and "
    "training moves the weights.",
    alt="Spread of activations against layer, for three sizes of weights, on a log axis: one line falls, "
    "one stays level, one rises.",
)

# %% [markdown] id="why-after"
# One can *start* with the right weights (He initialisation does that), but nothing holds them there.
# So let a layer measure and correct: that is **batch normalization** (Ioffe and Szegedy, 2015).
#
# The paper explained its success by less "internal covariate shift". You will read that in many
# places. Later measurements do not bear it out: networks with batch normalization train faster even
# if the shift is put back on purpose (Santurkar, Tsipras, Ilyas and Mądry, *How Does Batch
# Normalization Help Optimization?*, 2018). What one does see is a smoother loss: the gradient
# keeps its word over longer steps, so one can take longer steps.

# %% [markdown] id="bn-text"
# ## 2 · Batch normalization, forward
#
# `x` is a batch of $N$ samples (rows) with $D$ features (columns). Every feature is treated by
# itself, over the batch:
#
# $$\mu_d = \frac1N \sum_n x_{nd}, \qquad
#   \sigma^2_d = \frac1N \sum_n (x_{nd} - \mu_d)^2, \qquad
#   \hat x_{nd} = \frac{x_{nd} - \mu_d}{\sqrt{\sigma^2_d + \varepsilon}}, \qquad
#   \text{out}_{nd} = \gamma_d\, \hat x_{nd} + \beta_d.$$
#
# - **$\varepsilon$** stands *under the root*. It is tiny (1e-5) and keeps a constant feature from
#   dividing by 0.
# - **Why $\gamma$ and $\beta$?** With mean 0 and variance 1 forced on every feature, a sigmoid would only
#   ever see its straight middle, and a ReLU would always cut half. $\gamma$ and $\beta$ are
#   *learned*, and give that freedom back: with $\gamma_d = \sqrt{\sigma_d^2 + \varepsilon}$ and
#   $\beta_d = \mu_d$ the layer does nothing at all. The difference: size and place of a feature are
#   now two numbers of their own, not the outcome of all earlier weights.
# - **A bias before it is wasted**: $\mu$ takes it out again. $\beta$ does its work.
#
# **By hand**, with $\varepsilon = 1$ for round numbers: feature 0 is $(1, 1, 1, 5)$. Its mean is 2, the
# deviations are $(-1, -1, -1, 3)$, the variance is $12/4 = 3$, and $\sqrt{3 + 1} = 2$. So
# $\hat x = (-0.5, -0.5, -0.5, 1.5)$; with $\gamma = 2$, $\beta = 1$, out is $(0, 0, 0, 4)$. Feature 1 is
# $(14, 6, 10, 10)$: mean 10, variance $32/4 = 8$, root 3; with $\gamma = 3$, $\beta = 0$, out is
# $(4, -4, 0, 0)$.

# %% [markdown] id="modes-text"
# ### Two modes
#
# In training, a sample's output depends on *who else is in the batch*. When the network is used,
# that will not do: the same picture must get the same answer whoever else asks, and a batch of one
# has variance 0. So in **test mode** fixed numbers take the place of $\mu$ and $\sigma^2$: running
# means, collected while training.
#
# $$\text{running} \leftarrow m \cdot \text{running} + (1 - m) \cdot \text{this batch's},
#   \qquad m = 0.9.$$
#
# **By hand**, after the batch above, from zeros: `running_mean` is $(0.2, 1.0)$ and `running_var`
# $(0.3, 0.8)$. Note what is *not* in there: no $\varepsilon$ (it is added when the root is taken, in both
# modes), no root, no $N - 1$.
#
# > **Put right.** PyTorch's `momentum` is the share of the *new* value, so its 0.1 is our 0.9; its
# > running variance is divided by $N - 1$, although its batch variance is divided by $N$; and it
# > starts from variance 1, not 0. Neither is wrong. But numbers copied from one into the other are.
#
# **Exercise.** `bn_param` is your layer's memory: read the running statistics from it, store the new
# ones *in it*. Test mode differs in where mean and variance come from, and in nothing else.

# %% id="batchnorm-forward" solution="batchnorm_forward"

# %% id="batchnorm-forward-check" exercise="batchnorm_forward" points=3
check.batchnorm_forward(batchnorm_forward)

# %% [markdown] id="bn-sizes-text"
# ### The same network, with your layer
#
# The twelve random layers again, now with your `batchnorm_forward` before each ReLU. Three sizes of
# weights, one result: multiply all weights by 10, and mean and deviation grow by 10 alike.

# %% id="bn-sizes-picture" tags=["demo"]
with check.demo():

    def normalized(h):
        return batchnorm_forward(h, np.ones(100), np.zeros(100), in_training())[0]

    found = {f"weights of std {s}": sizes_through_layers(s, normalized) for s in (0.1, 0.141, 0.2)}
    fig = vis.plot_curves(
        layer_numbers,
        found | {"0.2, nothing done": sizes_through_layers(0.2)},
        xlabel="layer",
        ylabel="std of the activations",
        log="y",
        title="Batch normalization before every ReLU",
        caption="Three of the curves lie on one another, at 0.58: that is the standard deviation of "
        "what a ReLU leaves of a normal distribution.",
        alt="With batch normalization the spread of activations is the same 0.58 in all layers for all "
        "three sizes of weights; without it the spread grows layer by layer.",
    )

# %% [markdown] id="company-text"
# ### Who else is in the batch?
#
# One sample, and two different batches around it. What you should see: in training mode its outputs
# differ, in test mode they agree to the last digit.

# %% id="company-measured" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(1)
    sample, ones, zeros = rng.standard_normal((1, 4)), np.ones(4), np.zeros(4)
    for mode in (in_training(), test_mode(zeros, ones)):
        for company in ("one", "another"):
            batch = np.concatenate([sample, rng.standard_normal((7, 4))])
            out, _ = batchnorm_forward(batch, ones, zeros, dict(mode))
            print(f"{mode['mode']:5} mode, {company:8}batch: {np.round(out[0], 4)}")

# %% [markdown] id="running-text"
# ### How fast do running statistics learn?
#
# A feature with mean 5 and variance 4, and what is stored after each batch of 32. They start from
# zero, so after $t$ batches they hold a share of $1 - m^t$: with $m = 0.9$ 65% after 10 batches, with
# $m = 0.99$ only 10%. **Testing too early** is a classic: a network in training for 20 steps with
# $m = 0.99$ looks broken in test mode and is not.

# %% id="running-picture" tags=["demo"]
with check.demo():
    curves = {}
    for momentum in (0.5, 0.9, 0.99):
        rng = np.random.default_rng(0)
        param, kept = in_training(momentum=momentum), []
        for _ in range(60):
            batchnorm_forward(5 + 2 * rng.standard_normal((32, 1)), np.ones(1), np.zeros(1), param)
            kept.append(param["running_mean"][0])
        curves[f"momentum {momentum}"] = kept
    fig = vis.plot_curves(
        np.arange(1, 61),
        curves,
        xlabel="batches seen",
        ylabel="running_mean (the truth is 5)",
        caption="A small momentum learns fast and stays restless, a large one is slow and calm.",
        alt="Running mean against batches for three momenta: 0.5 reaches 5 at once and trembles, 0.9 "
        "takes about 40 batches, 0.99 has not come half way after 60.",
    )

# %% [markdown] id="bn-break-text"
# ### Try to break it
#
# Change the cell and run it again. Some things to look for:
#
# - A **constant feature**: finite? And with `eps=0`?
# - A **batch of one** in training mode: what is left of $x$? (Only $\beta$. Why?)
# - **float16**: the largest number it holds is 65,504, and 300² is more. Does anything warn you, or is the
#   feature just gone? (This is why frameworks compute statistics in float32, whatever the data.)
# - An **empty batch** `np.zeros((0, 3))`: what should the mean of nothing be?

# %% id="bn-break" tags=["demo"]
with check.demo(), np.errstate(all="ignore"):
    tries = {
        "constant": np.full((4, 3), 7.0),
        "batch of one": np.array([[1.0, 2.0, 3.0]]),
        "float16, large": np.array([[300, -300, 0], [-300, 300, 1]], dtype=np.float16),
        "huge": np.array([[1e200, 0, 1], [-1e200, 0, 2]]),
    }
    for name, batch in tries.items():
        out, _ = batchnorm_forward(batch, np.ones(3), np.full(3, 0.5), in_training())
        print(f"{name:15} first row of out: {out[0]}")

# %% [markdown] id="graph-text"
# ## 3 · Batch normalization, backward
#
# Nudge one $x_{nd}$. Three things happen: its own deviation changes, the **mean** of the column moves,
# and the **variance** moves. The last two reach *every* output of the column. That is why the
# gradient is not simply $\gamma / \sigma$, and why one draws the graph first.

# %% id="graph-picture" tags=["demo"]
worked = {"x": [1, 1, 1, 5], "mean": 2, "centred": [-1, -1, -1, 3], "var": 3, "std": 2}
fig = vis.show_batchnorm_graph(
    worked | {"x_hat": [-0.5, -0.5, -0.5, 1.5], "out": [0, 0, 0, 4]},
    title="Batch normalization of one feature",
    caption="Grey: the worked example (ε = 1, γ = 2, β = 1). A node with two arrows leaving it to "
    "the right gets two gradients back, and adds them.",
    alt="Graph of batch normalization: x goes to its mean and to x minus mean; that goes to the division "
    "and, through the mean of squares and the root, to the divisor; then gamma and beta. Dashed "
    "arrows lead each gradient back.",
)

# %% [markdown] id="backward-text"
# Walk it from right to left. At each node, multiply what arrives by the node's own slope:
#
# | node | forward | its slopes |
# | :-- | :-- | :-- |
# | shift, scale | $y = \gamma \hat x + \beta$ | by $\hat x$: $\gamma$; by $\gamma$: $\hat x$; by $\beta$: 1 |
# | divide | $\hat x = c / s$ | by $c$: $1/s$; by $s$: $-c/s^2$ |
# | root | $s = \sqrt{v + \varepsilon}$ | $1/(2s)$ |
# | mean of squares | $v = \frac1N \sum_n c_n^2$ | by each $c_n$: $2 c_n / N$ |
# | subtract | $c_n = x_n - \mu$ | by $x_n$: 1; by $\mu$: $-1$ |
# | mean | $\mu = \frac1N \sum_n x_n$ | by each $x_n$: $1/N$ |
#
# Two rules settle the shapes. What was **broadcast** forward ($\gamma, \beta, \mu, s$: one number, used
# $N$ times) is **summed** backward. What was **summed** forward is **broadcast** backward.
#
# **By hand**, the worked feature with a gradient of 1 for the first output and 0 for the others:
# $\partial\beta = 1$, $\partial\gamma = \hat x_0 = -0.5$. On the way back, $\partial\hat x = (2, 0, 0, 0)$. The
# upper branch gives $(1, 0, 0, 0)$; the lower one $\partial s = -(2 \cdot {-1})/4 = 0.5$,
# $\partial v = 0.5/4 = 0.125$, so $0.125 \cdot 2c/4 = (-1, -1, -1, 3)/16$. Together
# $(15, -1, -1, 3)/16$, and less its mean $4/16$:
#
# $$\partial x = \tfrac{1}{16}\,(11,\; -5,\; -5,\; -1).$$
#
# It **sums to zero**, and always does: moving all of a column by the same amount changes nothing.

# %% id="batchnorm-backward" solution="batchnorm_backward"

# %% [markdown] id="backward-check-text"
# The check compares with the measured slopes of *your* forward pass, once with a large ε. A gradient
# in which one branch is missing is wrong by ten per cent or so: a network trains on it, but badly.

# %% id="batchnorm-backward-check" exercise="batchnorm_backward" points=3
check.batchnorm_backward(batchnorm_forward, batchnorm_backward)

# %% [markdown] id="alt-text"
# ### The short way
#
# Now do on paper what the graph did in steps. Write $g_n$ for the gradient that arrives at $\hat x_n$
# and $s$ for the root. Putting the branches together (try it before you read on),
#
# $$\frac{\partial L}{\partial x_n} = \frac{1}{s} \Big(\, g_n \;-\; \frac1N \sum_m g_m \;-\;
#   \hat x_n\, \frac1N \sum_m g_m\, \hat x_m \Big).$$
#
# Read it: the gradient, **less its mean, less its part along $\hat x$**, over $s$. What moves the whole
# column, and what stretches it, is undone by the layer, so no gradient gets through for it.
#
# **Exercise.** Write it down, without calling `batchnorm_backward`. Two of the sums you need anyway:
# look at $\partial\beta$ and $\partial\gamma$. The cache is the one your forward pass makes already.

# %% id="batchnorm-backward-alt" solution="batchnorm_backward_alt"

# %% id="batchnorm-backward-alt-check" exercise="batchnorm_backward_alt" points=2
check.batchnorm_backward_alt(batchnorm_forward, batchnorm_backward_alt)

# %% [markdown] id="speed-text"
# ### Is it faster?
#
# Each pass over the data costs memory traffic. The formula needs fewer passes than the graph. The
# ratio depends on your code, your machine and the size of the batch; what you should see is a
# difference in `dx` of about 1e-15, which is rounding, and a ratio of two or so.

# %% id="speed-measured" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 200, 100))
    _, cache = batchnorm_forward(x, rng.standard_normal(100), np.zeros(100), in_training())
    long_way = milliseconds(batchnorm_backward, dout, cache)
    short_way = milliseconds(batchnorm_backward_alt, dout, cache)
    gap = batchnorm_backward(dout, cache)[0] - batchnorm_backward_alt(dout, cache)[0]
    print(f"graph {long_way:.3f} ms, formula {short_way:.3f} ms: ratio {long_way / short_way:.1f}")
    print("largest difference of dx:", np.max(np.abs(gap)))

# %% [markdown] id="training-text"
# ### Does it help?
#
# Two spirals in the plane, and a narrow network of 8 layers that should tell them apart, trained by
# plain gradient descent from weights that are a little too small ($1/\sqrt{\text{inputs}}$). The same
# small steps, the same start; once with your layer before every ReLU, once without.

# %% id="training-picture" tags=["demo"]
with check.demo():
    _, plain = smooth(train_on_spirals(), 25)
    _, with_norm = smooth(train_on_spirals((batchnorm_forward, batchnorm_backward)), 25)
    fig = vis.plot_curves(
        np.arange(1, len(plain) + 1),
        {"nothing between": plain, "batch normalization": with_norm},
        xlabel="step",
        ylabel="loss (mean of 25 steps)",
        title="Eight narrow layers, two spirals",
        caption="A loss of 0.69 is guessing: log 2.",
        alt="Loss against step. With batch normalization it falls at once; without, it stays at 0.69, "
        "which is guessing, for the first hundred steps and more, and falls slowly.",
    )

# %% [markdown] id="batch-size-text"
# ### The price: it depends on the batch
#
# $\mu$ and $\sigma^2$ of a small batch are poor estimates. So the same picture's output *trembles* from
# batch to batch, the more the smaller the batch: the error of a mean falls with $1/\sqrt N$. A little of that
# noise even helps (it acts like the dropout of section 7). With batches of 2 or 4, as large
# pictures force them, it does harm.
#
# Measured below: one sample with $x = 1$, 300 random batches around it of each size, and the spread of
# its output.

# %% id="batch-size-picture" tags=["demo"]
batch_sizes = 2 ** np.arange(2, 9)
with check.demo():

    def layer(x):
        return batchnorm_forward(x, np.ones(1), np.zeros(1), in_training())[0]

    noise = np.array([tremble(layer, N) for N in batch_sizes])
    fig = vis.plot_curves(
        batch_sizes,
        {"measured": noise, "a line of slope 1/√N": noise[-1] * np.sqrt(256 / batch_sizes)},
        xlabel="batch size N",
        ylabel="std of one sample's output",
        log="xy",
        caption="One sample with x = 1 among N − 1 random ones, in training mode.",
        alt="Spread of one sample's output against batch size on log axes: it falls along a line of slope "
        "one over the root of N.",
    )
    print(f"N = 4: {noise[0]:.2f}   N = 256: {noise[-1]:.3f}")

# %% [markdown] id="question" question=2
# **Question.** A classmate trains a network with batch normalization. To save time on loading, each
# batch holds pictures of **one class** only: first a batch of cats, then one of dogs, and so on. The
# training loss becomes very low. In test mode the same network, on the *same training pictures*, does
# hardly better than guessing. With layer normalization in its place, the two modes agree.
#
# Explain what the network can have learned from in training that is gone in test mode, and why layer
# normalization shows no such gap. Name one repair that keeps batch normalization.
#
# <!-- answer -->
# **What a full answer says.** In training, mean and variance come from the batch, so every sample is
# seen relative to batch mates that all share its class: the statistics carry information on the
# class (or, put differently, what is the same in all pictures of a class is subtracted as the mean, and
# the network has to do its work with, or around, class-dependent normalization). In test mode the
# running statistics are a blend over all classes; they match none of the batches seen in training, so
# the activations arrive shifted and scaled in a way the later layers have never met (1 point).
# Layer normalization takes its statistics from the sample itself, whichever batch it is in, so both
# modes compute the same function (½ point). Repair: shuffle, so that every batch is a mix of all
# classes (½ point; also accepted: statistics taken over several batches of different classes, or
# synchronised over them. Not accepted: a larger batch of one class, a larger or smaller momentum).

# %% [markdown] id="ln-text"
# ## 4 · Layer normalization
#
# Turn the axes round: let every **sample** have its own mean and variance, over its $D$ features (Ba,
# Kiros and Hinton, 2016).
#
# $$\mu_n = \frac1D \sum_d x_{nd}, \qquad \sigma_n^2 = \frac1D \sum_d (x_{nd} - \mu_n)^2, \qquad
#   \text{out}_{nd} = \gamma_d\, \frac{x_{nd} - \mu_n}{\sqrt{\sigma_n^2 + \varepsilon}} + \beta_d.$$
#
# No other sample is looked at, so there are no modes, no running statistics, and a batch of one will
# do. That is why transformers are built with it. One thing does *not* turn: $\gamma$ and $\beta$ still
# belong to the features.
#
# **By hand**, $\varepsilon = 1$, the row $(1, 1, 1, 5)$: $\hat x = (-0.5, -0.5, -0.5, 1.5)$ as before. With
# $\gamma = (2, 3, 1, 2)$ and $\beta = (1, 0, 0, -1)$, out is $(0, -1.5, -0.5, 2)$.

# %% id="layernorm-forward" solution="layernorm_forward"

# %% id="layernorm-forward-check" exercise="layernorm_forward" points=1
check.layernorm_forward(layernorm_forward)

# %% [markdown] id="ln-backward-text"
# ### Layer normalization, backward
#
# The formula of section 3 with the sums along the other axis, $s_n$ for $s$ and $D$ for $N$. Two
# traps: $g = \partial\text{out} \cdot \gamma$ must be formed *before* the means are taken, as $\gamma$ now
# varies within a set. And $\partial\gamma$, $\partial\beta$ still sum over the samples.

# %% id="layernorm-backward" solution="layernorm_backward"

# %% id="layernorm-backward-check" exercise="layernorm_backward" points=1
check.layernorm_backward(layernorm_forward, layernorm_backward)

# %% [markdown] id="maps-text"
# ## 5 · Feature maps
#
# ### Spatial batch normalization
#
# A convolution looks for the same thing everywhere. So all places of a channel, in all pictures, are
# outcomes of one feature, and should be normalized alike: **one mean and one variance a channel**,
# over $N \cdot H \cdot W$ numbers. (A mean per *pixel* is the slip people make here. It would treat the upper
# left corner as another feature than the middle.)
#
# $$\mu_c = \frac{1}{N H W} \sum_{n, h, w} x_{nchw}$$
#
# Lay the array out as a table with a row for each pixel of each picture and a column for each channel,
# and your `batchnorm_forward` does the rest. Mind the order: channels must come *last* before you
# reshape.
#
# **By hand**, two pictures of 1×2 pixels: if channel 0 holds $(1, 1)$ in the first and $(1, 5)$ in the
# second, it is the worked feature once more: mean 2, variance 3.

# %% id="spatial-batchnorm-forward" solution="spatial_batchnorm_forward"

# %% id="spatial-batchnorm-forward-check" exercise="spatial_batchnorm_forward" points=1
check.spatial_batchnorm_forward(batchnorm_forward, spatial_batchnorm_forward)

# %% id="spatial-batchnorm-backward" solution="spatial_batchnorm_backward"

# %% id="spatial-batchnorm-backward-check" exercise="spatial_batchnorm_backward" points=1
check.spatial_batchnorm_backward(spatial_batchnorm_forward, spatial_batchnorm_backward)

# %% [markdown] id="gn-text"
# ### Group normalization
#
# Layer normalization of a whole picture lumps all channels together, edges and colours and all.
# **Group normalization** (Wu and He, 2018) lumps fewer: $C$ channels in $G$ groups of $C/G$
# neighbours. Each group of each picture has one mean and one variance, over
# $\frac{C}{G} \cdot H \cdot W$ numbers.
#
# | $G$ | is |
# | :-- | :-- |
# | 1 | layer normalization over the whole picture |
# | between (32 is usual) | group normalization |
# | $C$ | instance normalization (each map for itself; used to transfer styles) |
#
# Here $\gamma$ and $\beta$ come as arrays of shape $(1, C, 1, 1)$, which broadcast by themselves.
#
# **By hand**, $\varepsilon = 1$, one picture of 1×2 pixels, channels $(1, 1)$, $(1, 5)$, $(14, 6)$, $(10, 10)$,
# $G = 2$: the first group is 1, 1, 1, 5, the second 14, 6, 10, 10. So $\hat x$ is $(-0.5, -0.5)$,
# $(-0.5, 1.5)$, $(\frac43, -\frac43)$, $(0, 0)$.
#
# **Exercise.** A reshape that splits the channel axis, and means over what belongs to a group. See that
# $G = 1$, one picture and one pixel survive (a stray `squeeze` falls over there).

# %% id="spatial-groupnorm-forward" solution="spatial_groupnorm_forward"

# %% id="spatial-groupnorm-forward-check" exercise="spatial_groupnorm_forward" points=2
check.spatial_groupnorm_forward(spatial_groupnorm_forward)

# %% [markdown] id="gn-backward-text"
# Backward is the formula once more: per set, $g$ less its mean, less its part along $\hat x$, over $s$.
# $\varepsilon$ is part of $s$ here as it is forward.

# %% id="spatial-groupnorm-backward" solution="spatial_groupnorm_backward"

# %% id="spatial-groupnorm-backward-check" exercise="spatial_groupnorm_backward" points=1
check.spatial_groupnorm_backward(spatial_groupnorm_forward, spatial_groupnorm_backward)

# %% [markdown] id="nudge-text"
# ### The map, measured
#
# The picture at the top was drawn from definitions. Now from *your* layers: nudge **one** number of the
# input (first picture, last channel, first pixel) and mark every output that moves. What you should
# see is the painted sets of the first picture, with the same counts.

# %% id="nudge-picture" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 6, 3, 2))
    nudged = x.copy()
    nudged[0, -1, 0, 0] += 0.1
    one, none = np.ones(6), np.zeros(6)
    wide = one.reshape(1, 6, 1, 1), none.reshape(1, 6, 1, 1)
    layers = {
        "batch": lambda v: spatial_batchnorm_forward(v, one, none, in_training())[0],
        "group, G = 1": lambda v: spatial_groupnorm_forward(v, *wide, 1, {})[0],
        "group, G = 3": lambda v: spatial_groupnorm_forward(v, *wide, 3, {})[0],
        "group, G = 6": lambda v: spatial_groupnorm_forward(v, *wide, 6, {})[0],
    }
    moved = {name: layer(nudged) != layer(x) for name, layer in layers.items()}
    for name, where in moved.items():
        print(f"{name:13} {where.sum():3d} of {where.size} outputs moved")
    fig = vis.show_shared(
        {f"{name}: {where.sum()} moved": where for name, where in moved.items()},
        caption="Painted: the outputs that moved when one input was nudged.",
        alt="Four blocks of cells with the outputs painted that moved: a whole channel over all pictures "
        "for batch norm; one picture, a third of it and a sixth of it for group norm with 1, 3 and 6 "
        "groups.",
    )

# %% [markdown] id="small-batches-text"
# And the trembling of section 3, for feature maps of 4×4 and 8 channels. Spatial batch normalization
# suffers less than before, as a channel has $16 N$ numbers; group normalization not at all, to the last digit.

# %% id="small-batches-measured" tags=["demo"]
with check.demo():
    eight = np.ones(8), np.zeros(8)
    wide = [v.reshape(1, 8, 1, 1) for v in eight]
    compared = {
        "spatial batch norm": lambda v: spatial_batchnorm_forward(v, *eight, in_training())[0],
        "group norm, G = 4": lambda v: spatial_groupnorm_forward(v, *wide, 4, {})[0],
    }
    print("spread of one picture's output over 100 random batches")
    for name, layer in compared.items():
        found = [f"N = {N}: {tremble(layer, N, (8, 4, 4), 100):.4f}" for N in (2, 8, 32)]
        print(f"  {name:19} {'   '.join(found)}")

# %% [markdown] id="maps-break-text"
# ### Try to break it
#
# Feed your layers shapes nobody thinks of. `G` that does not divide `C`: what does your code do, and is
# the message one you would like to read? A picture of one pixel and $G = C$: what is left of it, and
# why? (A set of one number has no deviation.)

# %% id="maps-break" tags=["demo"]
with check.demo():
    for shape, G in (((2, 4, 1, 1), 2), ((1, 1, 5, 3), 1), ((2, 4, 1, 1), 4), ((2, 6, 3, 3), 4)):
        x = np.random.default_rng(0).standard_normal(shape)
        wide = np.ones((1, shape[1], 1, 1)), np.zeros((1, shape[1], 1, 1))
        try:
            out, _ = spatial_groupnorm_forward(x, *wide, G, {})
            print(f"{shape}, G = {G}: std {out.std():.3f}, largest {np.abs(out).max():.3f}")
        except ValueError as problem:
            print(f"{shape}, G = {G}: ValueError, {problem}")

# %% [markdown] id="lrn-text"
# ## 6 · Local response normalization, and why it went
#
# AlexNet (2012) came before batch normalization and had something of its own: each value is divided by
# a measure of how active the *neighbouring channels* are at the same place.
#
# $$\text{out}_{nihw} = x_{nihw} \Big/ \Big( k + \alpha \sum_{j = \max(0,\, i - \lfloor n/2 \rfloor)}
#   ^{\min(C - 1,\, i + \lfloor n/2 \rfloor)} x_{njhw}^2 \Big)^{\beta},
#   \qquad k = 2,\; n = 5,\; \alpha = 10^{-4},\; \beta = 0.75.$$
#
# A strong response dims its neighbours, as nerve cells do to each other (lateral inhibition). Nothing
# is learned, and no mean is subtracted.
#
# > **Put right.** In the paper's formula $\alpha$ multiplies the *sum*. Caffe and PyTorch divide it by
# > $n$ first, so their 1e-4 is the paper's 2e-5. We follow the paper.
#
# **By hand**, $k = \alpha = \beta = 1$, $n = 3$, one pixel with channels 1, 2, 3: channel 0 has one
# neighbour, $1/(1 + 1 + 4) = \frac16$. Channel 1: $2/(1 + 1 + 4 + 9) = \frac{2}{15}$. Channel 2:
# $3/(1 + 4 + 9) = \frac{3}{14}$. The largest number stays the largest, but not by as much.

# %% id="lrn-forward" solution="lrn_forward"

# %% id="lrn-forward-check" exercise="lrn_forward" points=1
check.lrn_forward(lrn_forward)

# %% [markdown] id="lrn-why-text"
# ### Why it fell away
#
# Look at it at work with AlexNet's settings. $k = 2$ is doubled when $10^{-4} \sum x^2 = 2$, so when the
# squares of five channels add up to 20,000: activations of 63. For activations around 1 the layer is
# a division by $2^{0.75} = 1.68$, *always the same number*.

# %% id="lrn-picture" tags=["demo"]
with check.demo():
    alexnet = {"k": 2, "n": 5, "alpha": 1e-4, "beta": 0.75}
    sizes = np.logspace(-1, 3, 33)
    x = np.zeros((33, 7, 1, 1))
    x[:, :, 0, 0] = sizes[:, None]
    alone = np.zeros_like(x)
    alone[:, 3] = x[:, 3]
    fig = vis.plot_curves(
        sizes,
        {
            "all neighbours as active": sizes / lrn_forward(x, alexnet)[0][:, 3, 0, 0],
            "neighbours silent": sizes / lrn_forward(alone, alexnet)[0][:, 3, 0, 0],
        },
        xlabel="activation",
        ylabel="divided by",
        log="xy",
        title="Local response normalization with AlexNet's settings",
        caption="Below about 10 the layer divides by 1.68 whatever the neighbours do.",
        alt="What an activation is divided by, against its size, on log axes: both curves are flat at "
        "1.68 up to about 10, then rise, the one with active neighbours sooner.",
    )

# %% [markdown] id="lrn-after"
# AlexNet's authors found that it lowered their error by more than a percentage point. Two years later,
# the authors of VGG measured it again in a deeper network: no gain, and time and memory lost (Simonyan
# and Zisserman, 2014). Then batch normalization gave what LRN could not: a size that is held *whatever*
# comes in, and learned afterwards. Below, how much of a change in the size of the input the two let
# through, and what they cost.

# %% id="lrn-measured" tags=["demo"]
with check.demo():
    x = np.random.default_rng(0).standard_normal((8, 32, 16, 16))
    one, none = np.ones(32), np.zeros(32)
    for factor in (1, 10, 1000):
        after_lrn = lrn_forward(factor * x, alexnet)[0].std()
        after_bn = spatial_batchnorm_forward(factor * x, one, none, in_training())[0].std()
        print(
            f"input of std {factor:5}:  after LRN {after_lrn:8.3f}   after batch norm {after_bn:.3f}"
        )
    slow = milliseconds(lrn_forward, x, alexnet, repeat=9)
    quick = milliseconds(spatial_batchnorm_forward, x, one, none, in_training(), repeat=9)
    print(f"time: LRN {slow:.1f} ms, batch norm {quick:.1f} ms, ratio {slow / quick:.1f}")

# %% [markdown] id="dropout-text"
# ## 7 · Dropout
#
# Normalization keeps numbers in place. **Dropout** does the opposite: in training it throws a random
# part of them away (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014). No unit can
# rely on a particular other one being there, so what is learned has to be spread out.
#
# With $p$ the probability to **keep** a value, and $m$ drawn anew for *every single value* in every call,
#
# $$\text{train:}\quad \text{out} = \frac{m \cdot x}{p}, \quad m = \begin{cases} 1 & \text{with probability } p \\
#   0 & \text{otherwise}\end{cases} \qquad\qquad \text{test:}\quad \text{out} = x.$$
#
# **Why divide by $p$?** The mean of $m$ is $p$, so without it the numbers that reach the next layer
# would be smaller in training than in use. One can repair that in test mode (multiply by $p$, as the
# paper did) or in training (divide by $p$). The second is called *inverted* dropout. It is what everyone
# does now: in use, the network needs to know nothing of dropout.
#
# > **Put right.** In PyTorch, and in early years of courses like this one, $p$ is the probability to
# > *drop*. Read the docstring before you copy a number.
#
# **By hand**, $p = 0.8$: of 1,000 ones about 800 stay, each as $1 / 0.8 = 1.25$; their mean is about 1.

# %% id="dropout-forward" solution="dropout_forward"

# %% id="dropout-forward-check" exercise="dropout_forward" points=1
check.dropout_forward(dropout_forward)

# %% [markdown] id="dropout-backward-text"
# Backward: in `out = x · mask` the mask is a constant factor. It must be *the same* mask, so it has to
# be in the cache. Drawing a new one gives a gradient of another network.

# %% id="dropout-backward" solution="dropout_backward"

# %% id="dropout-backward-check" exercise="dropout_backward" points=1
check.dropout_backward(dropout_forward, dropout_backward)

# %% [markdown] id="ensemble-text"
# ### An ensemble in one network
#
# Every mask makes another, thinner network; $n$ units have $2^n$ of them, all sharing their
# weights. Test mode is a cheap stand-in for the average of all their answers. For **one linear layer** it
# *is* the average, exactly: the mean of $m/p$ is 1. With a ReLU behind it, it is an approximation, but one
# that serves well in practice.
#
# Below, averages over $K$ random masks. For the linear layer the distance from test mode's answer falls like
# $1/\sqrt K$, without end. With a ReLU it levels off: the mean of a ReLU is not the ReLU of the mean.

# %% id="ensemble-picture" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 12)), rng.standard_normal((12, 50))
    keep = {"p": 0.5, "mode": "train"}
    counts = 2 ** np.arange(0, 14, 2)
    np.random.seed(0)
    thinned = np.concatenate([dropout_forward(x, keep)[0] for _ in range(counts[-1])]) @ w
    whole = dropout_forward(x, {"p": 0.5, "mode": "test"})[0] @ w
    curves = {}
    for name, after in (("linear", lambda v: v), ("with a ReLU", lambda v: np.maximum(v, 0))):
        errors = [np.abs(after(thinned[:K]).mean(axis=0) - after(whole)[0]).mean() for K in counts]
        curves[name] = errors
    fig = vis.plot_curves(
        counts,
        curves,
        xlabel="thinned networks averaged",
        ylabel="distance from test mode",
        log="xy",
        title="Test mode stands in for an ensemble",
        caption="12 inputs, half of them kept, 50 outputs: distance of the average answer from the "
        "answer in test mode.",
        alt="Distance between the average of thinned networks and test mode against their number, on log "
        "axes: for a linear layer it falls steadily, with a ReLU it levels off.",
    )

# %% [markdown] id="dropout-look-text"
# On a picture one sees what the next layer gets: about the same brightness, with holes.

# %% id="dropout-look" tags=["demo"]
with check.demo():
    photo = data.sample_images()["town"][:120, :180] / 255.0
    shown = {"test mode": photo}
    for p in (0.9, 0.5, 0.2):
        out, _ = dropout_forward(photo, {"mode": "train", "p": p, "seed": 1})
        shown[f"p = {p}: mean {out.mean():.3f}"] = np.clip(out, 0, 1)
    fig = vis.show_images(
        shown,
        ncols=2,
        size=2.4,
        caption=f"Every colour of every pixel is kept with probability p and divided by p. The mean of "
        f"the whole picture is {photo.mean():.3f}.",
    )
    fig = vis.describe(
        fig, "A town: whole, and with a tenth, a half and four fifths of its values dropped."
    )

# %% [markdown] id="dropout-break-text"
# ### Try to break it
#
# - `p = 0`: what *should* happen, and what does yours do?
# - Bytes (`uint8`) in training mode: is there a place for 1.25?
# - **Both layers together**: dropout widens what it passes on, by what factor? Batch normalization behind it
#   stores *that* variance, and in test mode meets another one. The last line measures it. (Hence the
#   custom of using dropout only behind the last batch normalization.)

# %% id="dropout-break" tags=["demo"]
with check.demo(), np.errstate(all="ignore"):
    ones = np.ones(10, dtype=np.uint8)
    print("bytes:", dropout_forward(ones, {"mode": "train", "p": 0.8, "seed": 0})[0])
    x = np.random.default_rng(0).standard_normal((20_000, 1))
    for p in (0.9, 0.5):
        wider = dropout_forward(x, {"mode": "train", "p": p, "seed": 0})[0]
        param = in_training(momentum=0.0)
        batchnorm_forward(wider, np.ones(1), np.zeros(1), param)
        later, _ = batchnorm_forward(x, np.ones(1), np.zeros(1), param | {"mode": "test"})
        print(f"p = {p}: stored variance {param['running_var'][0]:.2f}, "
              f"so in test mode out has std {later.std():.2f}, not 1")  # fmt: skip

# %% [markdown] id="learned"
# ## What you learned
#
# - Normalizing layers do one thing: less the mean, over $\sqrt{\text{variance} + \varepsilon}$, then
#   $\gamma$ and $\beta$. They differ in **which numbers share a mean**: a feature over the batch, a
#   sample, a channel over batch and places, a group of channels in one picture.
# - **Batch normalization has two modes.** Training uses the batch and updates running statistics; test
#   uses these and changes nothing. They live in `bn_param`, as a mean and a biased variance, without ε.
# - Its gradient has three branches. Together: **less the mean, less the part along $\hat x$, over $s$**.
#   The column sums of `dx` are 0.
# - Batch normalization trembles with $1/\sqrt N$; layer and group normalization do not look at the batch.
# - **Local response normalization** hardly does anything at ordinary sizes, costs more, and has gone.
# - **Dropout** draws a mask for every value, divides by the share that is kept, and does nothing in test
#   mode, which stands for the average of all thinned networks.
#
# With this notebook you have all layers of a modern convolutional network. Next you make them fast.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
