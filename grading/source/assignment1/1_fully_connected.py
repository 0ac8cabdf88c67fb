# %% [markdown] id="what-you-build"
# # Fully connected layers
#
# Before convolution, the plain layer that it improves upon: every neuron looks at every pixel. You
# write that layer forwards and backwards, two losses, and a small net made of them. At the end the
# net learns to tell pictures apart, with nothing but NumPy between you and the numbers.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `affine_forward`, `affine_backward` | a layer that sees everything, and its gradient | 2 + 3 |
# | `relu_forward`, `relu_backward` | what is positive passes | 1 + 2 |
# | `svm_loss` | the right class should lead by a margin | 5 |
# | `softmax_loss` | scores read as probabilities, however large they are | 5 |
# | `TwoLayerNet.loss` (`two_layer_net`) | the pieces put together | 5 |
# | an answer in words | what becomes of a net when the pixels are shuffled | 2 |
#
# **You need** NumPy arrays (`reshape`, broadcasting, `axis=`), the product of two matrices, and the
# derivative of a function of one number.
#
# **It takes** two to three hours. Replace the line `raise NotImplementedError` of an exercise by your
# code, run the cell, then run the check below it, which names what is wrong and where. *Run All* takes
# half a minute and works at any time: what is not written yet says so, and nothing stops.

# %% id="setup" tags=["setup"]

# %% id="imports" tags=["provided"]
from cs231n.gradient_check import numeric_gradient, relative_error

np.random.seed(231)

# %% [markdown] id="result-text"
# **Where this leads.** A net like the one you will write, made of the course's own layers, looks at
# pictures it has never seen. Its ten scores are drawn as probabilities. At the end of the notebook
# stands the same picture, of your net.

# %% id="result-picture" tags=["demo"]
from cs231n.architectures import parse
from cs231n.architectures.running import Network

shapes = data.get_data("synthetic")  # pictures drawn by code, the mean picture taken off
class_names, spread = shapes["class_names"], shapes["X_train"].std()
X_train, X_val = shapes["X_train"] / spread, shapes["X_val"] / spread
y_train, y_val = shapes["y_train"], shapes["y_val"]
shown = [int(np.flatnonzero(y_val == c)[7]) for c in range(10)]  # a new picture of each class
new_pictures = (shapes["X_val"][shown] + shapes["mean_image"]) / 255

example = Network(parse("INPUT32x32x3 -> FC-50 -> RELU -> FC-10"), initialise="he")
for batch in np.random.default_rng(0).integers(0, len(X_train), (400, 100)):
    _, slopes = example.loss(X_train[batch], y_train[batch])
    for key, slope in slopes.items():
        example.params[key] -= np.float32(0.02) * slope
fig = vis.show_guesses(
    new_pictures,
    example.forward(X_val[shown]),
    class_names,
    y_val[shown],
    title="What a two-layer net makes of ten new pictures",
    caption="Blue with a tick: the right class. Orange and hatched: another one.",
)

# %% [markdown] id="volumes"
# ## 1 · A picture is a volume
#
# To a network, a colour picture is a box of numbers with three sides: **depth** (three channels: red,
# green, blue), **height** and **width**. A 32 × 32 picture is an array of shape `(3, 32, 32)`, that is
# 3,072 numbers. We call such a box a *volume*, and write its shape as `(C, H, W)`; a batch of `N`
# pictures is `(N, C, H, W)`.
#
# Layers turn volumes into volumes. The values that lie behind one another at one place, a bar as
# long as the volume is deep, are a **depth column**.

# %% id="volume-picture" tags=["demo"]
fig = vis.show_volume(
    [(3, 32, 32), (12, 28, 28)],
    ["input volume: a picture", "output volume: 12 deep"],
    inside=[(3, 5, 5), (12, 1, 1)],
    title="A layer turns a volume into a volume",
    caption="The orange bar on the right is a depth column: 12 neurons that all look at the same "
    "patch of the picture (orange, left), each for something else. Sizes are drawn to scale.",
)

# %% [markdown] id="volumes-fc"
# In the layer drawn above, each depth column looks at a small patch of the input. That is a
# convolutional layer, and notebook 2 is about it. A **fully connected** layer is the extreme case:
# there is only one depth column, and it looks at *everything*. Each of its neurons has a weight for each of the
# 3 × 32 × 32 = 3,072 values of the picture. Where a value stands in the picture no longer matters: it is one
# input among many.

# %% id="fully-connected-picture" tags=["demo"]
fig = vis.show_volume(
    [(3, 32, 32), (10, 1, 1)],
    ["the picture", "10 neurons"],
    inside=[(3, 32, 32), (10, 1, 1)],
    title="A fully connected layer",
    caption="Lines from all corners of the picture meet in one depth column of 10 neurons: each of "
    "them sees all 3,072 values.",
)

# %% [markdown] id="affine-text"
# ## 2 · A layer that sees everything
#
# Each neuron multiplies every input by a weight of its own, sums up, and adds a number of its own,
# the bias. For a sample with $D$ inputs $x_d$, neuron $m$ gives
#
# $$\mathrm{out}_m = \sum_{d} x_d \, w_{dm} + b_m .$$
#
# With all $N$ samples as the rows of one matrix $X$, this is one matrix product:
#
# $$\underset{(N,\,M)}{\mathrm{out}} \;=\; \underset{(N,\,D)}{X}\;\underset{(D,\,M)}{w} \;+\; \underset{(M)}{b}$$
#
# (mathematicians call it an *affine* map, hence the names).
#
# **A number to check by hand.** The sample $(1, 2)$, one neuron with the weights $(3, 4)$ and the bias
# $5$: out is $1 \cdot 3 + 2 \cdot 4 + 5 = 16$.
#
# **Exercise.** Write `affine_forward`. The samples may come as pictures, `(N, C, H, W)`: lay each out as
# one row first. Take sizes from the arrays, and write no number such as 3072 into the code.

# %% id="affine-forward" solution="affine_forward"

# %% id="affine-forward-check" exercise="affine_forward" points=2
check.affine_forward(affine_forward)

# %% [markdown] id="break-affine-text"
# ### Try to break it
#
# A check tries what its author thought of. Now it is your turn: change these lines, add others.
# `check.attempt` calls the function and prints what came out, or how it failed. **Look for** the
# lines that fail without an error. And what should a batch of *no* samples give? (The last batch of
# a filtered data set can be empty. `-1` asks NumPy to work out a size, which from nothing it cannot.)

# %% id="break-affine" tags=["demo"]
with check.demo():
    half = np.float16
    w, b, sample = np.ones((12, 2)), np.zeros(2), np.full((1, 12), 9999.0)
    for label, x, weights, biases in [
        ("four samples", np.ones((4, 3, 2, 2)), w, b),
        ("no samples", np.ones((0, 3, 2, 2)), w, b),
        ("bytes of 255", np.full((1, 12), 255, np.uint8), w, b),
        ("float16 input", sample.astype(half), w, b),
        ("all in float16", sample.astype(half), w.astype(half), b.astype(half)),
        ("a weight too few", np.ones((4, 12)), w[:11], b),
        ("b as a column, two samples", np.ones((2, 12)), w, np.array([[0.0], [5.0]])),
    ]:
        check.attempt(label, affine_forward, x, weights, biases)

# %% [markdown] id="scaling-text"
# ## 3 · Why it does not scale to pictures
#
# A neuron of this layer needs one weight for every number in the picture. Watch the figures as
# pictures grow:

# %% id="scaling-table" tags=["demo"]
print("picture         weights of one neuron    1,000 neurons   memory (float32)")
for side in (8, 32, 64, 200, 1000):
    weights = 3 * side * side
    megabytes = 1000 * weights * 4 / 1e6
    print(f"3 x {side:4} x {side:<4}  {weights:19,}  {1000 * weights:17,}  {megabytes:12,.1f} MB")

# %% [markdown] id="scaling-numbers"
# At 32 × 32 × 3 a neuron has **3,072** weights, which is still bearable. At 200 × 200 × 3, a small
# photograph, it has **120,000**; and one neuron is never enough. A neuron of a convolutional layer with a
# 5 × 5 patch has 75 weights, whatever the size of the picture.

# %% id="scaling-plot" tags=["demo"]
sides = np.array([8, 16, 32, 64, 128, 200, 400, 1000])
fig = vis.plot_curves(
    sides,
    {"fully connected: 3 × side²": 3 * sides**2, "5 × 5 patch: 3 × 5²": np.full(len(sides), 75)},
    xlabel="side of the picture, in pixels",
    ylabel="weights of one neuron",
    log="xy",
    title="A neuron that sees everything pays for every pixel",
    alt="Weights of one neuron against the side of the picture, on log axes: a straight line rises "
    "from 192 to 3,000,000 for a fully connected one; for a 5 by 5 patch it is level at 75.",
)

# %% [markdown] id="scaling-why"
# The number is not only a matter of memory. Every weight must be learned from examples, and with
# more weights than there are pictures to learn from, a net can simply memorise them: it *overfits*.
#
# There is a deeper waste as well. **The layer does not know what a picture is.** Mix up the pixels of all
# pictures in the same way, mix up the rows of $w$ to match, and the output is exactly the same. That
# neighbouring pixels belong together, which you see at once, this layer must find out from data.

# %% id="shuffled-pixels" tags=["demo"]
with check.demo():
    picture = next(iter(data.sample_images().values()))[::4, ::4].transpose(2, 0, 1) / 255
    order = np.random.default_rng(0).permutation(picture.size)
    shuffled = picture.reshape(-1)[order].reshape(picture.shape)
    weights, biases = np.random.default_rng(1).standard_normal((picture.size, 5)), np.zeros(5)

    plain, _ = affine_forward(picture[None], weights, biases)
    mixed, _ = affine_forward(shuffled[None], weights[order], biases)
    print("output of the picture        ", plain[0].round(4))
    print("output of the shuffled pixels", mixed[0].round(4))
    fig = vis.show_images(
        [picture, shuffled],
        ["a picture", "its pixels, shuffled"],
        caption="To a fully connected layer these two are the same task.",
        size=2.4,
    )

# %% [markdown] id="gradient-text"
# ## 4 · How to measure a gradient
#
# Training asks of every weight: *if you grew a little, by how much would the loss grow?* The answers,
# one for each weight, are the **gradient**. You will soon work it out by formula, and formulas go wrong.
# So first we need a judge that knows no formulas: nudge a value both ways and see how far the
# loss moves.
#
# $$\frac{\partial f}{\partial x} \;\approx\; \frac{f(x + h) - f(x - h)}{2h}$$
#
# This is the **numeric gradient**, by *centred* differences. Take $f(x) = x^3$ at $x = 2$, where the
# slope is $3x^2 = 12$. With $h = 0.1$:

# %% id="numeric-by-hand" tags=["demo"]
h = 0.1
print("one-sided:", ((2 + h) ** 3 - 2**3) / h)
print("centred:  ", ((2 + h) ** 3 - (2 - h) ** 3) / (2 * h))

# %% [markdown] id="relative-error-text"
# Nudging both ways is sixty times closer than nudging one way, for the same $h$.
#
# How close is close enough? An error of 0.01 is small beside 12 and huge beside 0.001, so we look at the
# **relative error**,
#
# $$\frac{|a - b|}{|a| + |b|},$$
#
# which is 0 for equal numbers and 1 for hopeless ones. As a rule of thumb, in double precision:
#
# | relative error | what it tells you |
# | --- | --- |
# | below $10^{-7}$ | the formula is right |
# | about $10^{-5}$ | right for a deep net or a steep function; look again for a single layer |
# | about $10^{-3}$ | something small is wrong, or you stand on a kink (see ReLU, part 6) |
# | above $10^{-2}$ | the formula is wrong |


# %% id="relative-error-numbers" tags=["demo"]
def cube(x):
    return np.sum(x**3)


x = np.array([1.0, 2.0, 3.0])
print("numeric gradient:", numeric_gradient(cube, x))
print("relative error:  ", relative_error(numeric_gradient(cube, x), 3 * x**2))

# %% [markdown] id="step-size-text"
# How small should $h$ be? Smaller is better, by the formula; but a computer rounds. Let us
# measure the error for many $h$, with $f(x) = e^x$ at $x = 1$. **Before you run the cell: what shape do
# you expect?**

# %% id="step-size-plot" tags=["demo"]
steps = 10.0 ** np.arange(-13, 0.1, 0.5)
slope = np.exp(1.0)
one_sided = [(np.exp(1 + h) - np.exp(1)) / h for h in steps]
centred = [(np.exp(1 + h) - np.exp(1 - h)) / (2 * h) for h in steps]
x32, steps32 = np.float32(1), steps.astype(np.float32)
single = [(np.exp(x32 + h) - np.exp(x32 - h)) / (2 * h) for h in steps32]

errors = {
    "one-sided": [relative_error(d, slope) for d in one_sided],
    "centred": [relative_error(d, slope) for d in centred],
    "centred, in float32": [relative_error(d, slope) for d in single],
}
ax = vis.plot_step_size(
    steps,
    errors,
    title="The best step is neither small nor large",
    caption="Relative error of the slope of exp at x = 1, against the step h.",
)
ax.set_ylim(1e-16, 30)
legend = ax.legend(frameon=False, loc="lower left")
fig = vis.describe(
    ax.figure,
    "Error of the numeric gradient against the step h, on log axes: three valleys. One-sided "
    "differences are best near 1e-8, centred ones near 3e-6 and a thousand times better, centred "
    "ones in float32 near 3e-3 and far worse.",
)

# %% [markdown] id="step-size-explained"
# A valley. Read it from both ends:
#
# - **The right slope is the formula's.** A curve is not a straight line, and a long step notices. One-sided
#   differences are off by about $h \cdot f''/2$ and centred ones by $h^2 \cdot f'''/6$: a step ten times
#   shorter is ten times better, or a hundred times. That is why the centred curve is steeper.
# - **The left slope is the computer's.** It keeps about 16 digits of $f(x + h)$ and of $f(x - h)$. The closer
#   the two are, the more digits cancel in the difference, and the division by $h$ blows up what
#   rounding has left: an error of about $10^{-16}/h$. Further left nothing remains but noise.
# - **The bottom is where the two are equal.** For centred differences that is near $h = 10^{-5}$, the
#   default of `numeric_gradient`. In float32, with its 7 digits, the valley is far less deep, and
#   $h = 10^{-5}$ is hopeless: this is why gradients are checked in float64.

# %% [markdown] id="chain-rule"
# ## 5 · The gradient of the layer
#
# The **chain rule** is all there is to it. A layer in the middle of a net is told how much the loss
# $L$ grows with each of its outputs: `dout`, of the shape of `out`. It passes on how much the loss grows
# with each of its inputs:
#
# $$\frac{\partial L}{\partial x} \;=\; \sum_{\text{outputs that use } x} \frac{\partial L}{\partial\,\mathrm{out}} \cdot \frac{\partial\,\mathrm{out}}{\partial x}$$
#
# *Multiply along a path, add over the paths.* The layer need not know what comes before or after it.
#
# **A number to check by hand.** One input, one neuron, $w = 3$, $b = 1$, and two samples, $x = 2$ and
# $x = -1$. From above come the gradients `dout` $= 1$ and $10$.
#
# - Each $x$ is used once, in its own output, with factor $w$: `dx` is $1 \cdot 3 = 3$ and $10 \cdot 3 = 30$.
# - $w$ is used in *both* outputs, with factor $x$: `dw` is $1 \cdot 2 + 10 \cdot (-1) = -8$.
# - $b$ is used in both as well, with factor 1: `db` is $1 + 10 = 11$.
#
# **A rule that finds most slips:** a gradient has the shape of what it is the gradient of. There are few ways
# to make `(D, M)` from `(N, D)` and `(N, M)`; if in doubt, write the three shapes down.
#
# **Exercise.** Write `affine_backward`. Mind that `dx` goes back to the shape of the pictures.

# %% id="affine-backward" solution="affine_backward"

# %% id="affine-backward-check" exercise="affine_backward" points=3
check.affine_backward(affine_forward, affine_backward)

# %% [markdown] id="affine-backward-look"
# The check measured your own `affine_forward`, nudge by nudge. You can do the same by hand, here and
# for anything you write in this course:

# %% id="affine-backward-by-hand" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((4, 6)), rng.standard_normal((6, 3)), rng.standard_normal(3)
    dout = rng.standard_normal((4, 3))
    dx, dw, db = affine_backward(dout, affine_forward(x, w, b)[1])

    measured = numeric_gradient(lambda w: affine_forward(x, w, b)[0], w, dout)
    print("dw by your formula, first row:", dw[0])
    print("dw as measured, first row:    ", measured[0])
    print("relative error of dw:         ", relative_error(dw, measured))

# %% [markdown] id="relu-text"
# ## 6 · ReLU
#
# Two affine layers in a row are just one affine layer: $(x w_1) w_2 = x (w_1 w_2)$. To gain
# anything from a second one, something that is not a straight line must stand between them. The simplest
# such thing is the **rectified linear unit**: what is positive passes, the rest becomes zero.
#
# $$\mathrm{out} = \max(x, 0)$$
#
# **A number to check by hand.** $x = (-2,\; 3)$ gives $(0,\; 3)$.
#
# **Exercise.** Write `relu_forward`. Build a new array: the caller may still need `x` as it was.

# %% id="relu-forward" solution="relu_forward"

# %% id="relu-forward-check" exercise="relu_forward" points=1
check.relu_forward(relu_forward)

# %% [markdown] id="relu-backward-text"
# Backwards the unit is a gate. Where $x$ was positive, out $= x$ and the slope is 1: the gradient passes
# unchanged. Where $x$ was negative, out stays 0 whatever $x$ does: the slope is 0.
#
# **A number to check by hand.** $x = (-2,\; 3)$ again, and `dout` $= (5,\; -7)$: `dx` is $(0,\; -7)$. It is the
# sign of $x$ that opens the gate, not the sign of the gradient.
#
# At $x = 0$ there is a kink and no slope; we take 0, as everybody does. Numeric gradients are
# puzzled by kinks: a nudge that crosses one measures a mixture of both sides.

# %% id="relu-backward" solution="relu_backward"

# %% id="relu-backward-check" exercise="relu_backward" points=2
check.relu_backward(relu_forward, relu_backward)

# %% id="relu-plot" tags=["demo"]
with check.demo():
    xs = np.linspace(-2, 2, 401)
    out, cache = relu_forward(xs)
    fig = vis.plot_curves(
        xs,
        {"forward: out": out, "backward: dx, where dout is 1": relu_backward(np.ones(401), cache)},
        xlabel="x",
        ylabel="out, dx",
        alt="Out is 0 up to x = 0, then equals x. dx is 0 for negative x and 1 for positive x, a step.",
    )

# %% [markdown] id="svm-text"
# ## 7 · The hinge loss
#
# The last layer gives each sample a **score** for each class. A loss turns the scores and the right
# class into one number: how unhappy we are. The multiclass **hinge** loss (of the support vector
# machine, SVM) is content when the right class leads every other class by a margin of 1, and otherwise counts
# what is missing:
#
# $$L_n = \sum_{j \neq y_n} \max(0,\; x_{nj} - x_{n y_n} + 1), \qquad L = \frac{1}{N} \sum_n L_n$$
#
# with `x` of shape `(N, C)` and the right classes `y` of shape `(N,)`.
#
# **A number to check by hand.** Scores $(2,\; 4,\; -1)$, and class 0 is right:
#
# - class 1: $4 - 2 + 1 = 3$. It is ahead, and should be behind by 1: it costs 3.
# - class 2: $-1 - 2 + 1 = -2$. It is far enough behind: it costs $0$.
# - class 0 is right, and is *not* compared with itself (it would always cost 1).
#
# So $L = 3$. And the gradient? Only class 1 is inside the margin. If its score grows by $h$, the loss grows
# by $h$: slope $1$. If the right score grows by $h$, the loss shrinks by $h$: slope $-1$, once for *each* class
# inside the margin. `dx` is $(-1,\; 1,\; 0)$; in a batch, divided by $N$.

# %% id="svm-plot" tags=["demo"]
lead = np.linspace(-2, 3, 200)
fig = vis.plot_curves(
    lead,
    {"hinge": np.clip(1 - lead, 0, None)},
    xlabel="lead of the right class over one other class",
    ylabel="what this pair costs",
    title="The hinge: from a lead of 1 on there is nothing to pay",
    alt="Cost against lead: a straight line falls from 3 to 0 at a lead of 1, and stays at 0.",
)

# %% [markdown] id="svm-exercise"
# **Exercise.** Write `svm_loss`: the loss and its gradient. Two loops are a fine first version (they are easy to
# get right); then try it with whole arrays. `x[np.arange(N), y]` picks the score of the right class from
# each row.

# %% id="svm-loss" solution="svm_loss"

# %% id="svm-loss-check" exercise="svm_loss" points=5
check.svm_loss(svm_loss)

# %% [markdown] id="softmax-text"
# ## 8 · The softmax loss
#
# The hinge loss is content as soon as the margin is kept. The **softmax** never quite is. It reads the scores as
# probabilities, by making them positive and letting each row sum to 1,
#
# $$p_{nj} = \frac{e^{x_{nj}}}{\sum_k e^{x_{nk}}}, \qquad L = -\frac{1}{N} \sum_n \log p_{n y_n},$$
#
# and the loss is the surprise at the right class: 0 if it was certain, large if it was thought
# impossible. A net that knows nothing gives all $C$ classes the same score, so $p = 1/C$ and the loss is
# $\log C$, 2.303 for ten classes. Remember that number: it is the first thing to look at when training starts.
#
# **A number to check by hand.** Scores $(\log 1,\; \log 2,\; \log 5)$, with class 1 right. The exponentials are
# $1, 2, 5$, their sum is $8$, and $p = (0.125,\; 0.25,\; 0.625)$. The loss is $-\log 0.25 = 1.386$.
#
# The gradient is the prettiest of all: $p$, with 1 taken off at the right class, here
# $(0.125,\; -0.75,\; 0.625)$, and divided by $N$ in a batch. *What you believed, minus what was true.*

# %% [markdown] id="softmax-overflow-text"
# On paper, that is all. On a computer the exponential of a large score is too large for any number:

# %% id="softmax-overflow" tags=["demo"]
with np.errstate(all="ignore"):
    scores = np.array([1000.0, 1001.0])
    print("exp(scores):              ", np.exp(scores))
    print("probabilities:            ", np.exp(scores) / np.exp(scores).sum())
    print("log of a p that became 0: ", np.log(np.exp(-1000.0)))

# %% [markdown] id="softmax-exercise"
# Two facts help. The softmax does not change when the same number is taken off *all scores of a row*: choose
# the number so that no exponential can overflow. And the log of a quotient is a difference,
# $\log p_j = x_j - \log \sum_k e^{x_k}$: then nothing has the chance to become $\log 0$.
#
# **Exercise.** Write `softmax_loss` so that scores of any size give a finite loss and gradient.

# %% id="softmax-loss" solution="softmax_loss"

# %% id="softmax-loss-check" exercise="softmax_loss" points=5
check.softmax_loss(softmax_loss)

# %% [markdown] id="losses-compared-text"
# Here are your two losses side by side. The right class has the score on the horizontal axis, the two others
# have the scores 0 and 1. Where does each loss stop caring?

# %% id="losses-compared" tags=["demo"]
with check.demo():
    right_scores = np.linspace(-3, 6, 181)
    values, slopes = {}, {}
    for name, loss in (("hinge", svm_loss), ("softmax", softmax_loss)):
        answers = [loss(np.array([[s, 0.0, 1.0]]), np.array([0])) for s in right_scores]
        values[name] = [value for value, _ in answers]
        slopes[name] = [dx[0, 0] for _, dx in answers]
    for curves, ylabel, alt in [
        (
            values,
            "loss",
            "The hinge loss falls in straight pieces to 0 at a score of 2; softmax fades.",
        ),
        (
            slopes,
            "slope: dx of that score",
            "Hinge: steps from -2 to -1 to 0. Softmax: a smooth rise.",
        ),
    ]:
        about = {"xlabel": "score of the right class", "ylabel": ylabel, "size": (6.5, 2.9)}
        fig = vis.plot_curves(right_scores, curves, alt=alt, **about)

# %% [markdown] id="losses-compared-answer"
# The hinge's slope is $-2$ while both other classes are inside the margin, then $-1$, and from a score of 2 on
# exactly 0: this sample teaches nothing more. The softmax's slope fades, and never ends.

# %% [markdown] id="break-losses-text"
# ### Try to break it: both losses
#
# **Look for** the label −1. Nothing complains: NumPy counts it from the end. A data set whose labels
# run from 1 to 10 fails loudly at 10 and was wrong in silence from the first step. And how many
# classes does it take to be wrong about anything?

# %% id="break-losses" tags=["demo"]
with check.demo():
    for label, scores, right in [
        ("one class only", [[3.0], [-5.0]], [0, 0]),
        ("scores of 1000", [[1000.0, 1001.0, 0.0]], [0]),
        ("scores of -1e308 and 1e308", [[-1e308, 1e308]], [0]),
        ("a score is nan", [[1.0, np.nan, 0.0]], [0]),
        ("label -1 of 3 classes", [[1.0, 2.0, 4.0]], [-1]),
        ("label 3 of 3 classes", [[1.0, 2.0, 4.0]], [3]),
        ("labels that are floats", [[1.0, 2.0, 4.0]], [0.0]),
        ("two labels, one sample", [[1.0, 2.0, 4.0]], [0, 1]),
    ]:
        print(label)
        for loss in (svm_loss, softmax_loss):
            x, y = np.array(scores), np.array(right)
            check.attempt(f"    {loss.__name__}", loss, x, y, names=("loss", "dx"))

# %% [markdown] id="net-text"
# ## 9 · A two-layer net
#
# Now put the pieces together. Forwards, each layer hands its output to the next and keeps a cache;
# backwards, the gradient takes the same road home.
#
#     X  (N, 3, 32, 32)                                                   ▲ not needed
#     │  affine_forward   W1 (D, H)   b1 (H,)        affine_backward  ──► dW1, db1
#     a1 (N, H)                                                           ▲ da1
#     │  relu_forward                                relu_backward        │
#     h1 (N, H)                                                           ▲ dh1
#     │  affine_forward   W2 (H, C)   b2 (C,)        affine_backward  ──► dW2, db2
#     scores (N, C)                                                       ▲ dscores
#     └─ softmax_loss ──► loss ───────────────────────────────────────────┘
#
# One more term keeps weights from growing without need, the **L2 regularisation**:
#
# $$L_{\text{total}} = L + \tfrac{1}{2} \lambda \Big( \sum W_1^2 + \sum W_2^2 \Big)$$
#
# where $\lambda$ is `self.reg`. Biases are left out: they do not multiply anything. The factor ½ is there
# for its derivative.
#
# **A number to check by hand.** A single weight $W = 3$ with $\lambda = 0.1$ adds $\tfrac{1}{2} \cdot 0.1 \cdot 9
# = 0.45$ to the loss, and $\lambda W = 0.3$ to its gradient.
#
# **Exercise.** The class is given but for the body of `loss`. Write it with the functions you already have.

# %% id="two-layer-net" solution="TwoLayerNet"


# %% id="two-layer-net-loss" tags=["provided"]
def two_layer_net_loss(params, X, y=None, reg=0.0):
    """The loss of a TwoLayerNet with the given parameters: for the check."""
    (D, H), C = params["W1"].shape, params["W2"].shape[1]
    net = TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, reg=reg)
    net.params = params
    return net.loss(X, y)


# %% id="two-layer-net-check" exercise="two_layer_net" points=5
check.two_layer_net(two_layer_net_loss)

# %% [markdown] id="training-text"
# ## 10 · Let it learn
#
# Training is short to write: take a few pictures at random, ask for the gradient, and move each parameter
# a little *against* it (stochastic gradient descent). The pictures are those of the beginning, drawn by
# code: ten kinds of shapes in all colours, sizes and places, 32 × 32 pixels each.

# %% id="training-pictures" tags=["demo"]
with check.demo():
    first = [int(np.argmax(y_train == c)) for c in range(10)]
    caption = "One picture of each class, the mean picture taken off."
    fig = vis.show_images(shapes["X_train"][first], class_names, 5, caption=caption)

# %% [markdown] id="training-stop"
# You can stop the next cell at any time (the square button): the net keeps what it has learned so far.

# %% id="training" tags=["demo"]
from tqdm.auto import tqdm

with check.demo():
    np.random.seed(0)
    net = TwoLayerNet(hidden_dim=50, weight_scale=1e-2, reg=1e-2)
    losses = []
    try:
        for _ in tqdm(range(500), desc="training"):
            batch = np.random.randint(0, len(X_train), 100)
            loss, grads = net.loss(X_train[batch], y_train[batch])
            for name in net.params:
                net.params[name] -= 0.03 * grads[name]
            losses += [loss]
    except KeyboardInterrupt:
        print(f"Stopped after {len(losses)} steps.")

    right = net.loss(X_val).argmax(axis=1) == y_val
    print(f"loss of the first batch: {losses[0]:.3f} (a net that knows nothing: {np.log(10):.3f})")
    print(f"right on new pictures:   {right.mean():.1%} (guessing: 10%)")

# %% id="training-curve" tags=["demo"]
with check.demo():
    net.loss(X_val[:1])  # is there a net?
    title, guess = "Your net learns", (np.log(10), "guessing: log 10")
    fig = vis.plot_losses({"your net": losses}, width=25, reference=guess, title=title)

# %% [markdown] id="templates-text"
# The loss starts a little above $\log 10 = 2.303$ (the rest is regularisation) and falls steadily: in 500 steps
# the net has seen every picture a dozen times, and is not done. Four pictures in ten come out right, four times as
# many as by guessing, and far from what the next notebooks will reach.
#
# What has the net learned? The weights of one hidden neuron are as many as the values of a picture, so we can look
# at them *as* a picture. A neuron answers most to what resembles it.

# %% id="templates" tags=["demo"]
with check.demo():
    guesses = net.loss(X_val).argmax(axis=1)
    shares = [np.mean(guesses[y_val == c] == c) for c in range(10)]
    easiest, hardest = np.argmax(shares), np.argmin(shares)
    print(f"easiest: {shapes['class_names'][easiest]}, {shares[easiest]:.0%} right")
    print(f"hardest: {shapes['class_names'][hardest]}, {shares[hardest]:.0%} right")

    busiest = np.argsort(-np.abs(net.params["W2"]).sum(axis=1))[:20]
    fig = vis.show_filters(
        net.params["W1"].T.reshape(-1, 3, 32, 32)[busiest],
        "What 20 hidden neurons look for",
        ncols=10,
        caption="Blurred, noisy whole pictures: one template for each place and colour, since nothing learned "
        "in one corner is of use in another.",
    )

# %% [markdown] id="guesses-text"
# And here are the ten pictures of the beginning, with what *your* net thinks of them. About four in ten
# are right. How sure is it where it is wrong?

# %% id="guesses" tags=["demo"]
with check.demo():
    title = "What your net makes of ten new pictures"
    fig = vis.show_guesses(
        new_pictures, net.loss(X_val[shown]), class_names, y_val[shown], title=title
    )

# %% [markdown] id="break-training-text"
# ### Try to break it: training
#
# Four nets take 100 steps each. **Before you run the cell**: which of them learns nothing at all, and
# which comes apart? **Look for** the last column: a hidden neuron without gradient will never change.

# %% id="break-training" tags=["demo"]
with check.demo(), np.errstate(all="ignore"):
    print("                              first loss   last loss   neurons without gradient")
    for label, weight_scale, rate in [
        ("as above", 1e-2, 0.03),
        ("all weights begin at 0", 0.0, 0.03),
        ("weights 100 times as large", 1.0, 0.03),
        ("steps 100 times as long", 1e-2, 3.0),
    ]:
        np.random.seed(0)
        broken, begun = TwoLayerNet(hidden_dim=50, weight_scale=weight_scale), []
        for _ in range(100):
            batch = np.random.randint(0, len(X_train), 100)
            loss, grads = broken.loss(X_train[batch], y_train[batch])
            for name in broken.params:
                broken.params[name] -= rate * grads[name]
            begun.append(loss)
        dead = np.mean(~grads["W1"].any(axis=0))
        print(f"{label:28} {begun[0]:11.4g} {begun[-1]:11.4g} {dead:16.0%}")

# %% [markdown] id="question-shuffled" question=2
# ### A question, to be answered in words (2 points)
#
# Somebody mixes up the pixels of all pictures, of those to learn from and of new ones, always in the same
# way (as in part 3), and trains two nets on them from scratch: **(a)** your two-layer net; **(b)** a net
# whose neurons see 5 × 5 patches and share their weights across all places. Compared with training on the
# pictures as they are: does each do better, worse, or, chance aside, the same on new pictures? Say why,
# in two or three sentences for each.
#
# <!-- answer -->
# (a) The same (1 point). The layer treats every input alike: a net on mixed pixels whose rows of W1 are mixed in
# the same way gives the same scores, and its gradients are the old ones with their rows mixed. Random first
# weights have no order, so training runs as before, chance aside. No point for the bare answer without a reason.
#
# (b) Worse (1 point). A patch of mixed pixels holds values from all over the picture, so there are no edges or
# shapes left in it to find; and what is found in one place means nothing in another, so that sharing weights
# is wrong as well. Either reason earns the point.

# %% [markdown] id="what-you-learned"
# ## What you learned
#
# - A picture is a volume `(C, H, W)`. A fully connected layer flattens it and gives each neuron a weight for
#   every value: 3,072 at 32 × 32, 120,000 at 200 × 200, and no notion of neighbours.
# - A backward pass is the chain rule: multiply along a path, add over the paths. A gradient has the shape
#   of what it is the gradient of.
# - Centred differences judge any gradient. Near $h = 10^{-5}$ in float64 they are good to ten digits; smaller
#   steps drown in rounding.
# - The hinge loss stops caring once the margin is kept; the softmax loss never does, and wants its
#   exponentials shifted.
# - A net is layers in a row; its gradient is their backward passes in reverse.
#
# **Try next** (not graded): double the hidden layer; set `reg` to 0 and compare the accuracy on training and new
# pictures; swap `softmax_loss` for `svm_loss`; train without the ReLU. Which of them hurts most, and why?
#
# The blurred templates above are what becomes of neurons that must learn every place on their own. In the next
# notebook, **2 · Convolution**, neurons look at small patches and share what they learn.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
