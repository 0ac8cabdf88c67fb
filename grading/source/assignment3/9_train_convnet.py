# %% [markdown] id="title"
# # Training a convolutional network
#
# *Assignment 3, notebook 9 · 32 points*
#
# Everything you have written in this course comes together: your layers become a network, the
# network learns to tell pictures apart, and you learn to see from a few curves whether it does.
#
# | part | you write | points |
# | --- | --- | ---: |
# | 2 · A three-layer net | `ThreeLayerConvNet` | 12 |
# | 3 · Is it sane? | `expected_initial_loss` | 2 |
# | 4 · Batches and epochs | `minibatches`, `train_epoch` | 2 + 2 |
# | 5 · Better steps | `sgd_momentum`, `adam` | 4 + 6 |
# | 8 · What did it learn? | `confusion_matrix` | 2 |
# | 9 · Reading curves | a question, in words | 2 |
#
# **What you need.** The layers of assignment 1 (yours are looked for; what is missing, the course
# lends you), the softmax loss, and the chain rule. **How long it takes.** Three hours of work; *Run
# All* takes about a minute on the course's layers, some minutes on yours. All training here runs on a small set of drawn pictures, without network or
# download; where CIFAR-10 is on your machine, one word switches to it.

# %% id="setup" tags=["setup"]

# %% [markdown] id="what-you-get"
# Where this is going: a network that was described in one line learns on the course's fast layers, in a
# few seconds. At the end of this notebook you will have written all that happens here.

# %% id="what-you-get-picture" tags=["demo"]
with check.demo():
    from cs231n.architectures import parse
    from cs231n.architectures.running import Network
    from cs231n.training import Trainer

    drawn = data.get_data("synthetic")
    for part in ("X_train", "X_val"):
        drawn[part] = drawn[part] / 60
    text = "INPUT32x32x3 -> [CONV3-16nobias -> BN -> RELU -> POOL2]*3 -> FC-10"
    trainer = Trainer(Network(parse(text)), drawn, epochs=3, batch_size=50, learning_rate=1e-2)
    fig = vis.plot_training(
        trainer.train(), title="Three epochs: every picture was seen three times"
    )

# %% [markdown] id="layers-text"
# ## 1 · Your layers, and some pictures
#
# The next cell takes the layers out of **your own** notebooks: convolution and pooling by columns from
# notebook 5 where they pass their checks, else the loops of notebooks 2 and 3, else the course's. It says
# which it took. Loops are fine for checking a net and far too slow for training it, so there is a switch:
#
# - `use_layers("own")`: yours, whichever there are;
# - `use_layers("quick")`: yours where they are quick (notebook 5), and the course's fast ones otherwise;
# - `use_layers("fast")`: the course's.
#
# All of them are called `conv_forward`, `max_pool_forward` and so on here, and take the same arguments.

# %% id="layers" tags=["provided"]
from cs231n import notebooks

FIRST = "1_fully_connected"
affine = notebooks.load(FIRST, "affine_forward", "affine_backward")
relu = notebooks.load(FIRST, "relu_forward", "relu_backward")
softmax_loss = notebooks.load(FIRST, "softmax_loss")


def by_columns_or_loops(layer, loops):
    """(the student's own pair of functions, the quick pair): forward and backward."""
    columns = [f"{layer}_{way}_im2col" for way in ("forward", "backward")]
    try:
        own = notebooks.own_functions("5_im2col", columns)
    except notebooks.NotThere:
        quick = notebooks.load("5_im2col", *columns)
        try:
            naive = [f"{layer}_{way}_naive" for way in ("forward", "backward")]
            return notebooks.own_functions(loops, naive), quick
        except notebooks.NotThere:
            return quick, quick
    print(f"{layer}: yours, by columns, from 5_im2col.ipynb.")
    return own, own


conv, quick_conv = by_columns_or_loops("conv", "2_convolution")
pool, quick_pool = by_columns_or_loops("max_pool", "3_pooling")


def use_layers(which):
    """From now on, the net in this notebook runs on these layers: "own", "quick" or "fast"."""
    from cs231n import fast_layers, fast_pointwise, plain_layers

    pairs = {"conv": conv, "max_pool": pool, "affine": affine, "relu": relu}
    if which == "quick":
        pairs |= {"conv": quick_conv, "max_pool": quick_pool}
    if which == "fast":
        names = {"conv": fast_layers, "max_pool": fast_layers, "relu": fast_pointwise}
        ends = ("forward_fast", "backward_fast")
        pairs = {key: [getattr(m, f"{key}_{end}") for end in ends] for key, m in names.items()}
        pairs["affine"] = plain_layers.affine_forward, plain_layers.affine_backward
    layers = {
        f"{key}_{way}": f for key, p in pairs.items() for way, f in zip(["forward", "backward"], p)
    }
    globals().update(layers)
    print(f"{which}:", ", ".join(dict.fromkeys(f.__name__ for f in layers.values())))
    return layers


own_layers = use_layers("own")
np.random.seed(231)

# %% [markdown] id="pictures-text"
# ### The pictures
#
# Ten kinds of shapes, drawn by the course's code: 4,000 to train on, 500 for validation, 500 to test.
# Each is 32×32 pixels in three colours. The mean picture is taken off, and all is divided by one number,
# so that values are spread by about 1; that is all the preparation pictures usually get.
#
# To work with photographs, fetch CIFAR-10 (170 MB) with `data.load_cifar10(download=True)` in a cell of
# your own, write `"cifar10"` for `"synthetic"`, and be patient: it has 49,000 pictures to train on.

# %% id="pictures" tags=["demo"]
DATA_SET = "synthetic"  # or "cifar10"

pictures = data.get_data(DATA_SET)
spread = pictures["X_train"].std()
for part in ("X_train", "X_val", "X_test"):
    pictures[part] /= spread
class_names = pictures["class_names"]


def as_shown(X):
    """Pictures as a person sees them: values from 0 to 1, the mean put back."""
    return np.clip((X * spread + pictures["mean_image"]) / 255, 0, 1)


firsts = [int(np.argmax(pictures["y_train"] == c)) for c in range(10)]
fig = vis.show_images(
    as_shown(pictures["X_train"][firsts]),
    class_names,
    5,
    caption="One picture of each class. Size, place, turn and colours differ from picture to picture.",
    size=1.5,
)
fig = vis.describe(fig, f"Ten small pictures, one of each class: {', '.join(class_names)}.")

# %% [markdown] id="net-text"
# ## 2 · A three-layer net
#
#     X       (N, C, H, W)
#     │  conv_forward       W1 (F, C, 7, 7)   b1 (F,)      stride 1, padded: still H × W
#     │  relu_forward
#     │  max_pool_forward   2×2, stride 2                  now (N, F, H/2, W/2)
#     │  affine_forward     W2 (F·H/2·W/2, hidden)   b2
#     │  relu_forward
#     │  affine_forward     W3 (hidden, classes)     b3
#     scores  (N, classes)
#     └─ softmax_loss ──► loss
#
# Forwards, each layer hands its output on and keeps a cache; backwards, the gradient takes the same road
# home, each layer with *its own* cache. You did this for two layers in notebook 1. New are two sizes:
#
# - **How wide is the border of zeros?** A filter of size $F$ with stride 1 and padding $P$ turns $H$ rows
#   into $H + 2P - F + 1$. They should stay $H$, so what is $P$? For $F = 7$ it is 3, for $F = 1$ it is 0. For an even
#   $F$ there is no such $P$ (the same on all sides), which is one reason why filters are odd.
# - **How many numbers does the pool leave** of a picture that may be wider than high? Of 32×32 with 32
#   filters: $32 \cdot 16 \cdot 16 = 8{,}192$. Of 4×10 with 6 filters: $6 \cdot 2 \cdot 5 = 60$.

# %% [markdown] id="net-by-hand"
# **By hand.** One grey picture of 2×4, one 1×1 filter with weight 2 and bias −3:
#
# $$\begin{pmatrix} 1 & 2 & 0 & -1 \\ 3 & 0 & 1 & -1 \end{pmatrix}
# \xrightarrow{\;2x - 3\;} \begin{pmatrix} -1 & 1 & -3 & -5 \\ 3 & -3 & -1 & -5 \end{pmatrix}
# \xrightarrow{\text{ReLU}} \begin{pmatrix} 0 & 1 & 0 & 0 \\ 3 & 0 & 0 & 0 \end{pmatrix}
# \xrightarrow{\text{pool}} (3,\; 0).$$
#
# Then $W_2 = \begin{pmatrix} 1 & -1 \\ 4 & 1 \end{pmatrix}$, $b_2 = (-1, 1)$ make $(3 - 1,\; -3 + 1) = (2, -2)$,
# the ReLU $(2, 0)$, and $W_3 = \begin{pmatrix} 1 & -2 \\ 5 & 3 \end{pmatrix}$, $b_3 = (-0.5,\; 2.5)$ the scores
# $(1.5,\; -1.5)$. If class 1 is right, the loss is $\log(1 + e^{3}) = 3.049$.
#
# Regularisation with $\lambda = 0.2$ adds $\tfrac12 \cdot 0.2 \cdot (4 + 19 + 39) = 6.2$: the squares of **all three**
# arrays of weights, no biases. And it adds $\lambda W$ to each weight's gradient. The loss and the gradient must tell the
# same story; if one has the factor ½ and the other was made without it, nothing crashes, and training
# only gets a little worse.

# %% [markdown] id="net-task"
# **Exercise.** Write both bodies: `__init__` makes the parameters, `loss` runs the net. Use `conv_forward`,
# `conv_backward`, `max_pool_forward`, `max_pool_backward`, `affine_…`, `relu_…` and `softmax_loss`. A
# random array of a given spread is `weight_scale * np.random.randn(...)`.

# %% id="three-layer-conv-net" solution="ThreeLayerConvNet"


# %% id="three-layer-net-functions" tags=["provided"]
def three_layer_net_params(
    input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale, dtype
):
    """The parameters of a new net: for the check."""
    return ThreeLayerConvNet(
        *(tuple(input_dim), num_filters, filter_size, hidden_dim, num_classes, weight_scale),
        dtype=np.dtype(dtype),
    ).params


def three_layer_net_loss(params, X, y=None, reg=0.0):
    """The loss of a net with the given parameters: for the check."""
    F, _, size, _ = params["W1"].shape
    hidden, classes = params["W3"].shape
    net = ThreeLayerConvNet(
        X.shape[1:], F, size, hidden, classes, reg=reg, dtype=params["W1"].dtype
    )
    net.params = params
    return net.loss(X, y)


# %% id="three-layer-conv-net-check" exercise="three_layer_conv_net" points=12
check.three_layer_conv_net(three_layer_net_params, three_layer_net_loss)

# %% [markdown] id="break-net-text"
# ### Try to break it
#
# Change these numbers, and feed your net rubbish. What happens with a filter of size 4? With a black
# picture (every score should be the same, whatever the filters)? With pixels a million times too large: is the loss
# still a number? With a single picture? With `float16`?

# %% id="break-net" tags=["demo"]
with check.demo():
    net = ThreeLayerConvNet(
        (3, 6, 10), num_filters=4, filter_size=3, hidden_dim=8, weight_scale=0.1
    )
    X, y = np.random.randn(5, 3, 6, 10), np.arange(5)
    for name, batch in {
        "as it is": X,
        "one picture": X[:1],
        "black": 0 * X,
        "a million times": 1e6 * X,
        "float16": X.astype(np.float16),
    }.items():
        loss, grads = net.loss(batch, y[: len(batch)])
        print(f"{name:16} loss {loss:12.4f}   largest slope of W1 {np.abs(grads['W1']).max():.3g}")

# %% [markdown] id="sanity-text"
# ## 3 · Is it sane? Look before you train
#
# A net with a slip trains too, only worse, and you may hunt for better hyper-parameters for days. Three checks
# cost a minute.
#
# **First: the loss before anything was learned.** With small weights all scores are nearly the same, so every
# class has the probability $1/C$ and the loss is $-\log \tfrac{1}{C} = \log C$, **2.303** for ten classes.
# Then switch the regularisation on: the loss must **rise**, by $\tfrac12 \lambda \sum W^2$.
#
# **By hand.** $C = 2$, $W_1 = (1, -1)$, $W_2 = (3, 0)$, $\lambda = 0.1$: the loss should be about
# $\log 2 + \tfrac12 \cdot 0.1 \cdot (1 + 1 + 9 + 0) = 0.693 + 0.55 = 1.243$.
#
# **Exercise.** Write it for a net with any number of layers.

# %% id="expected-initial-loss" solution="expected_initial_loss"

# %% id="expected-initial-loss-check" exercise="expected_initial_loss" points=2
check.expected_initial_loss(expected_initial_loss)

# %% id="initial-loss-measured" tags=["demo"]
with check.demo():
    X, y = pictures["X_train"][:50], pictures["y_train"][:50]
    use_layers("quick")
    print("\nscale of weights  reg   expected  measured")
    for scale, reg in ((1e-3, 0.0), (1e-3, 1.0), (1e-2, 0.0), (1e-2, 1.0), (1.0, 0.0)):
        np.random.seed(1)
        net = ThreeLayerConvNet(num_filters=8, filter_size=5, weight_scale=scale, reg=reg)
        expected = expected_initial_loss(10, net.params, reg)
        print(f"{scale:16g}  {reg:3.1f}  {expected:9.4f}  {net.loss(X, y)[0]:8.4f}")

# %% [markdown] id="initial-loss-text"
# The first four rows agree to two or three digits. In the last one the weights are far too large: the net is
# **sure of itself and wrong**, and pays for it. A first loss of 40 says "look at the weights' scale", one of
# 2.303 with regularisation on says "the regularisation is missing".
#
# Such scores are also why the softmax takes the largest score off first. In `float32`, which networks
# are trained in, the exponential ends at 88:

# %% id="softmax-overflow" tags=["demo"]
with np.errstate(all="ignore"):
    powers = np.exp(np.array([88.0, 89.0, 0.0], dtype=np.float32))
    print("exponentials in float32:", powers)
    print("divided by their sum:   ", powers / powers.sum())

# %% [markdown] id="gradient-text"
# **Second: the gradient against measured slopes**, on a few random weights of each array. (In `float64`: in
# `float32` a nudge of $10^{-5}$ drowns in rounding.) Errors of $10^{-6}$ and less are fine. One or two
# weights may come out worse: a nudge that carries a value across a ReLU's kink measures both sides.

# %% id="gradient-measured" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    net = ThreeLayerConvNet((3, 8, 8), 4, 3, 10, weight_scale=0.1, reg=0.1, dtype=np.float64)
    X, y = rng.standard_normal((5, 3, 8, 8)), rng.integers(0, 10, 5)
    _, grads = net.loss(X, y)
    for name, value in net.params.items():
        worst = 0.0
        for _ in range(4):
            place = tuple(rng.integers(0, side) for side in value.shape)
            kept, sides = value[place], []
            for nudge in (1e-5, -1e-5):
                value[place] = kept + nudge
                sides.append(net.loss(X, y)[0])
            value[place] = kept
            slope = (sides[0] - sides[1]) / 2e-5
            error = abs(slope - grads[name][place]) / max(abs(slope), abs(grads[name][place]), 1e-8)
            worst = max(worst, error)
        print(f"{name}: largest relative error of four {worst:.1e}")

# %% [markdown] id="batches-text"
# **Third: learn a handful of pictures by heart.** For that the net has to be trained, so let us write training
# first; we come back to it in part 6.
#
# ## 4 · Batches and epochs
#
# The gradient of 100 pictures points about where that of all 49,000 does, and costs 490 times less. So
# pictures are shuffled and cut into **minibatches**, and every batch gives one step. When all pictures were seen once, an
# **epoch** is over; for the next one they are shuffled anew. (Drawing each batch at random instead would leave
# about a third of the pictures unseen in an epoch, and show others three times: $1/e \approx 37\%$.)
#
# **By hand.** 10 pictures in batches of 4: sizes 4, 4, **2**; the last ones count too.

# %% id="minibatches" solution="minibatches"

# %% id="minibatches-check" exercise="minibatches" points=2
check.minibatches(minibatches)

# %% [markdown] id="epoch-text"
# Now the loop itself. For each batch: loss and gradients from the net, then one update of every parameter. The
# **update rule** is a function that turns `(w, dw, config)` into `(next_w, config)`. What a rule has to remember
# from step to step lies in `config`, so each parameter has one **of its own**, and what comes back goes back
# into its place.
#
# **By hand.** A "net" that is a line, $a x + b$ with $a = b = 0$, and the loss $\tfrac12 (a x + b - y)^2$. It learns from
# $x = 1, y = 2$ and then from $x = 2, y = 3$, with steps of 0.5 for $a$ and of 0.25 for $b$.
#
# | batch | $ax + b - y$ | loss | gradients | $a$, $b$ afterwards |
# | :-- | --: | --: | :-- | :-- |
# | 1 | −2 | 2 | −2, −2 | 1, 0.5 |
# | 2 | 2 + 0.5 − 3 = −0.5 | **0.125** | −1, −0.5 | 1.5, 0.625 |
#
# The second loss is that of the parameters *after* the first step.

# %% id="train-epoch" solution="train_epoch"


# %% id="epoch-on-a-line" tags=["provided"]
class Line:
    """The smallest net there is: a * x + b, with half the mean squared error as its loss."""

    def __init__(self, params):
        self.params, self.seen = params, []

    def loss(self, X, y):
        self.seen.append((X, y))
        error = self.params["a"] * X + self.params["b"] - y
        return np.mean(error**2) / 2, {"a": np.mean(error * X), "b": np.mean(error)}


def plain_step(w, dw, config):
    """Plain gradient descent, as an update rule: config also counts its steps."""
    counted = {**config, "steps": config.get("steps", 0) + 1}
    return w - config["learning_rate"] * dw, counted


def epoch_on_a_line(X, y, batches, params, configs):
    """Train a line with train_epoch: for the check."""
    line = Line(params)
    losses = train_epoch(line, X, y, batches, plain_step, configs)
    return losses, line.params, configs, line.seen


# %% id="train-epoch-check" exercise="train_epoch" points=2
check.train_epoch(epoch_on_a_line)

# %% [markdown] id="momentum-text"
# ## 5 · Better steps
#
# ### Momentum
#
# Plain descent forgets each gradient at once. In a narrow valley it jumps from wall to wall and
# hardly moves along it. With **momentum** the weights have a velocity, like a ball that rolls:
#
# $$v \leftarrow \mu\, v - \eta\, \nabla w, \qquad w \leftarrow w + v$$
#
# ($\eta$ is the learning rate, $\mu$ the momentum, usually 0.9.) What points the same way step after step adds up; what
# jumps back and forth cancels.
#
# **By hand.** $\eta = 1$, $\mu = 0.5$, $w = 0$, and a gradient of 1 all the time: $v$ is −1, −1.5, −1.75, … and $w$ is −1, −2.5,
# −4.25. The velocity tends to $-\eta/(1 - \mu) = -2$. With $\mu = 0.9$ steps get **ten times** as long as the
# learning rate says: who adds momentum should take a smaller rate.
#
# Mind the sign: the minus is in the velocity, so $v$ is *added* to $w$. (Some libraries keep it the other way
# round, and some put $\eta$ in front of the velocity. The path is the same as long as $\eta$ stays the same.)

# %% id="sgd-momentum" solution="sgd_momentum"

# %% id="sgd-momentum-check" exercise="sgd_momentum" points=4
check.sgd_momentum(sgd_momentum)

# %% [markdown] id="adam-text"
# ### Adam
#
# Slopes of some weights are a thousand times those of others, and one learning rate has to serve them all. **Adam**
# divides each weight's step by the usual size of *its own* gradient:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, \nabla w, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, (\nabla w)^2$$
#
# $$\hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat v = \frac{v}{1 - \beta_2^t}, \qquad
# w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# $m$ is a running mean of the gradient, $v$ one of its square. Both begin at 0, which is too small: after one step
# with $\beta_2 = 0.999$, $v$ is only a thousandth of the square. Dividing by $1 - \beta^t$ puts that right exactly,
# where $t$ is the number of the step, **counted from 1**.
#
# **By hand.** First step, $\nabla w = 4$: $m = 0.4$, $v = 0.016$; $\hat m = 4$, $\hat v = 16$; the step is $\eta \cdot 4/4 = \eta$. With
# $\nabla w = 0.004$ it is $\eta$ as well. If the second gradient is −4: $m = 0.36 - 0.4 = -0.04$, $\hat m = -0.04/0.19 =
# -0.2105$, $\sqrt{\hat v} = 4$: a step of only $0.053\,\eta$. Where gradients disagree, steps are small.
#
# **Two slips that nobody sees.** $\varepsilon$ stands *beside* the root: with $\nabla w = 3$ and $\varepsilon = 1$ the quotient
# is $3/(3 + 1) = 0.75$; under the root it would be $3/\sqrt{10} = 0.95$. And a $t$ that is not put back into `config` stays 1
# for ever: then $\hat m$ comes out ten times too large and $\hat v$ a thousand times, and every step is about three times too small.

# %% id="adam" solution="adam"

# %% id="adam-check" exercise="adam" points=6
check.adam(adam)

# %% [markdown] id="race-text"
# ### Three ways down a valley
#
# The loss is $\tfrac12 (x^2 + 30\, y^2)$: thirty times as steep across as along. All start at the ring and take 60 steps.

# %% id="race" tags=["demo"]
with check.demo():
    steepness, start = np.array([1.0, 30.0]), np.array([-9.0, 1.6])
    rolling = {"learning_rate": 0.015, "momentum": 0.85}
    rules = {
        "plain": (plain_step, {"learning_rate": 0.06}, "#D55E00", "o-"),
        "with momentum": (sgd_momentum, rolling, "#0072B2", "s-"),
        "Adam": (adam, {"learning_rate": 0.3, "beta2": 0.99}, "#009E73", "^-"),
    }
    fig, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
    xs, ys = np.meshgrid(np.linspace(-10, 3, 200), np.linspace(-2, 2, 100))
    levels = 0.5 * (xs**2 + 30 * ys**2)
    ax.contour(xs, ys, levels, [0.5, 2, 5, 10, 20, 35, 55], colors="#cccccc", linewidths=0.8)
    for name, (rule, config, colour, style) in rules.items():
        w, path = start, [start]
        for _ in range(60):
            w, config = rule(w, steepness * w, config)
            path.append(w)
        left = 0.5 * np.sum(steepness * w**2)
        path = np.array(path)
        label = f"{name}: loss {left:.2g} after 60 steps"
        ax.plot(path[:, 0], path[:, 1], style, color=colour, markersize=3, lw=1.2, label=label)
    ax.plot(*start, "o", color="#222222", markersize=10, fillstyle="none")
    ax.set(xlabel="x", ylabel="y", title="Down a narrow valley", xlim=(-10, 3), ylim=(-2, 2))
    ax.legend(frameon=True, fontsize=9, loc="upper right")
    fig = vis.describe(
        fig,
        "Paths of three rules in a long narrow valley: plain descent jumps from wall to wall, "
        "momentum swings and rolls along, Adam takes an even way.",
    )

# %% [markdown] id="break-rules-text"
# ### Try to break it
#
# Feed your rules rubbish: a gradient of zeros, one of $10^{200}$ (its square is too large for any number), a momentum of
# 1, $\beta_1 = 0$, a `t` of 10 million. What should each of them give? What does yours?

# %% id="break-rules" tags=["demo"]
with check.demo(), np.errstate(all="ignore"):
    for dw in (0.0, 1e-12, 1.0, 1e12, 1e200):
        w, config = adam(np.array([1.0]), np.array([dw]), {"learning_rate": 0.1})
        print(f"Adam, gradient {dw:7.0e}: w goes from 1 to {w[0]:.6f}, t is {config['t']}")
    w, config = np.array([1.0]), {"learning_rate": 0.1, "momentum": 1.0}
    for _ in range(60):
        w, config = sgd_momentum(w, w, config)  # the loss is w² / 2
    print(f"momentum of exactly 1 after 60 steps: w = {w[0]:.3f} (a ball without friction)")

# %% [markdown] id="overfit-text"
# ## 6 · Third sanity check: 100 pictures by heart
#
# A net with thousands of weights must be able to learn 100 pictures by heart: **training accuracy near 100%,
# loss near 0**, with the regularisation off. If it cannot, something is wrong, and no hyper-parameter will help. (On new pictures
# it will be bad. That is the point of this check, and no fault.)
#
# `fit` below is your `minibatches`, your `train_epoch` and your update rule, with a progress bar around them. The
# stop button (or Ctrl-C) ends it, and the net keeps what it has learned.

# %% id="fit" tags=["provided"]
from tqdm.auto import tqdm


def right_part(net, X, y):
    """The part of the pictures that get the largest score for their own class."""
    guesses = [net.loss(X[n : n + 100]).argmax(axis=1) for n in range(0, len(X), 100)]
    return float(np.mean(np.concatenate(guesses) == y))


def fit(net, pictures, epochs, update, learning_rate, batch_size=50, **settings):
    """Train with your own functions; returns a dict that vis.plot_training draws."""
    X, y = pictures["X_train"], pictures["y_train"]
    configs = {name: {"learning_rate": learning_rate, **settings} for name in net.params}
    history = {"losses": [], "train_accuracy": [], "val_accuracy": []}
    some = slice(0, len(pictures["X_val"]))
    bar = tqdm(range(epochs), unit="epoch")
    try:
        for epoch in bar:
            batches = minibatches(len(X), batch_size, epoch)
            losses = train_epoch(net, X, y, batches, update, configs)
            history["losses"] += losses
            history["train_accuracy"].append(right_part(net, X[some], y[some]))
            validation = right_part(net, pictures["X_val"], pictures["y_val"])
            history["val_accuracy"].append(validation)
            bar.set_postfix_str(f"loss {np.mean(losses):.3f}, validation {validation:.1%}")
    except KeyboardInterrupt:
        print("Stopped. The net keeps what it has learned.")
    finally:
        bar.close()
    return history


# %% [markdown] id="overfit-run-text"
# Here the net stands on **your own layers**, whichever part 1 found. The pictures are small (every second pixel), so
# that even loops get through it: with loops it takes some minutes, with columns some seconds.

# %% id="overfit" tags=["demo"]
with check.demo(seconds=900):
    use_layers("own")
    small = {
        "X_train": pictures["X_train"][:100, :, ::2, ::2],
        "y_train": pictures["y_train"][:100],
        "X_val": pictures["X_val"][:100, :, ::2, ::2],
        "y_val": pictures["y_val"][:100],
    }
    np.random.seed(0)
    net = ThreeLayerConvNet((3, 16, 16), num_filters=8, filter_size=3, weight_scale=0.05)
    history = fit(net, small, 20, adam, 5e-3, batch_size=25)
    fig = vis.plot_training(
        history,
        title="100 pictures by heart",
        caption="Training accuracy should reach 100% or nearly. Validation accuracy stays far below.",
    )
    by_heart = history["train_accuracy"][-1]
    print("sane" if by_heart > 0.95 else "NOT sane", f"({by_heart:.0%} of 100 pictures)")

# %% [markdown] id="rates-text"
# ## 7 · The learning rate
#
# The most important number of all. **Too low** and the loss creeps, long after others are done. **Too high** and it jumps,
# stays high, or leaves all bounds. Good rates are usually a little below those that break. Look for them on a logarithmic
# scale, in short runs.

# %% id="rates" tags=["demo"]
with check.demo(seconds=300):
    use_layers("quick")
    few = {**pictures, "X_train": pictures["X_train"][:2000], "y_train": pictures["y_train"][:2000]}
    few |= {"X_val": pictures["X_val"][:100], "y_val": pictures["y_val"][:100]}
    runs = {}
    for rate in (1e-5, 3e-3, 3e-1):
        np.random.seed(0)
        net = ThreeLayerConvNet(num_filters=8, filter_size=5, hidden_dim=50, weight_scale=3e-2)
        runs[f"{rate:g}"] = fit(net, few, 3, adam, rate)["losses"]
    fig = vis.plot_losses(
        runs,
        width=5,
        reference=(np.log(10), "guessing: log 10"),
        title="Adam with three learning rates",
        caption="Too low: the curve hardly leaves log 10. Too high: it is thrown off the picture, and "
        "comes back no further than guessing.",
    )

# %% [markdown] id="train-text"
# ## 8 · Training, and what was learned
#
# Now in earnest: your net, your loop, your Adam, on `quick` layers. What to expect: within some seconds
# more than half of the pictures right, where the fully connected net of notebook 1 came to 40%.
# (On columns of your own it takes some minutes; the stop button keeps what was learned so far.)

# %% id="train" tags=["demo"]
with check.demo(seconds=3600):
    use_layers("quick")
    np.random.seed(0)
    net = ThreeLayerConvNet(num_filters=16, filter_size=7, weight_scale=1e-3, reg=1e-3)
    history = fit(net, pictures, 6, adam, 2e-3)
    fig = vis.plot_training(history, title="Your net learns")
    print(f"right on new pictures: {history['val_accuracy'][-1]:.1%} (guessing: 10%)")

# %% [markdown] id="filters-text"
# ### What do the filters look for?
#
# The weights of a filter of the first layer are a small picture. Before training they were noise; now many show an edge
# in some direction, a spot, or a colour against another.

# %% id="filters" tags=["demo"]
with check.demo():
    fig = vis.show_filters(
        net.params["W1"],
        "Your 16 filters",
        ncols=8,
        caption="Each filter is stretched to its own range: grey is the middle, not zero.",
    )
    fig = vis.describe(fig, "Sixteen small colour pictures, the learned filters: edges and blobs.")

# %% [markdown] id="confusion-text"
# ### Which classes are mixed up?
#
# One number for the accuracy hides *where* a net errs. A **confusion matrix** counts, for each right class (a row), what
# its pictures were taken for (the columns). Right answers lie on the diagonal.
#
# **By hand.** Classes $(0, 0, 0, 1, 2, 2)$ taken for $(0, 1, 1, 1, 2, 0)$:
#
# $$\begin{pmatrix} 1 & 2 & 0 \\ 0 & 1 & 0 \\ 1 & 0 & 1 \end{pmatrix}$$
#
# The 2 says: two pictures of class 0 were taken for class 1. Mind NumPy's trap: `counts[y, predicted] += 1` with arrays adds
# only **once** where a pair occurs several times.

# %% id="confusion-matrix" solution="confusion_matrix"

# %% id="confusion-matrix-check" exercise="confusion_matrix" points=2
check.confusion_matrix(confusion_matrix)

# %% id="confusion-picture" tags=["demo"]
with check.demo():
    X_test, y_test = pictures["X_test"], pictures["y_test"]
    scores = np.concatenate([net.loss(X_test[n : n + 100]) for n in range(0, len(X_test), 100)])
    counts = confusion_matrix(y_test, scores.argmax(axis=1), 10)
    fig = vis.show_confusion(counts, class_names)

# %% [markdown] id="mistakes-text"
# ### The surest mistakes
#
# Look at pictures that went wrong, above all those where the net was *sure*. They tell more than any number: a wrong label,
# a class that looks like another, something the net never saw.

# %% id="mistakes" tags=["demo"]
with check.demo():
    fig = vis.show_mistakes(as_shown(X_test), y_test, scores, class_names, count=12)

# %% [markdown] id="saliency-text"
# ### Where does it look?
#
# The gradient does not have to end at the weights. Taken one layer further, to the *picture*, it says how much the score
# of a class changes with each pixel: a **saliency map**. For this your weights are put into the same net as the course describes it
# (notebook 7), which hands on that gradient. First its scores: they are those of your net.

# %% id="saliency" tags=["demo"]
with check.demo():
    from cs231n.saliency import saliency

    F, _, size, _ = net.params["W1"].shape
    hidden = net.params["W2"].shape[1]
    described = parse(
        f"INPUT32x32x3 -> CONV{size}-{F} -> RELU -> POOL2 -> FC-{hidden} -> RELU -> FC-10"
    )
    names = ("W1", "b1", "W2", "b2", "W3", "b3")
    same = Network(described, dict(zip(described.parameters, (net.params[n] for n in names))))
    print("largest difference of scores:", np.abs(same.forward(X_test) - scores).max())
    right = [
        int(np.argmax((y_test == c) & (scores.argmax(axis=1) == c)))
        for c in range(10)
        if counts[c, c]
    ][:8]
    maps = saliency(same, X_test[right], y_test[right])
    fig = vis.show_saliency(
        as_shown(X_test[right]),
        maps,
        [class_names[y_test[n]] for n in right],
        caption="Bright: a small change of this pixel changes the score of the right class much. With "
        "only one convolution the maps are rough; deeper nets draw outlines.",
    )

# %% [markdown] id="curves-text"
# ## 9 · Reading curves
#
# | what you see | what it says | what to try |
# | :-- | :-- | :-- |
# | loss stays at $\log C$ from the start | it does not learn at all | check the gradient; a higher rate; larger first weights |
# | loss falls in a straight line and is still falling | not done | longer, or a higher rate |
# | loss falls fast, then stays high | rate too high to settle | lower it, or let it fall over time |
# | loss jumps, or is `nan` | rate far too high | a tenth of it |
# | training and validation both low, together | too small a net, or too short a training | more filters, more layers, less regularisation |
# | training far above validation | it learns by heart | more pictures, or augmented ones; more regularisation |
# | validation falls while training rises | the same, for too long | keep the net of the best epoch |

# %% [markdown] id="question" question=2
# **Question (2 points).** Two nets were trained on the same 49,000 pictures for 20 epochs. At the end, net A is right on 99% of the
# pictures it trained on and on 62% of the validation pictures; net B on 49% and 48%.
#
# (a) What is the matter with each of them? Name one thing to try for each, and one thing that would help the
# one and harm the other.
#
# (b) Somebody trains 30 nets with different settings, takes the one with the best *test* accuracy, and reports that
# accuracy. What is wrong with the number, and what should have been done?
# <!-- answer -->
# (a, 1 point) A overfits: it has learned its pictures by heart (the gap of 37 points says so); more or augmented pictures,
# stronger regularisation, dropout, a smaller net, or stopping earlier. B underfits: both are low and together; a larger or deeper net,
# longer training, a better learning rate, less regularisation. Stronger regularisation (or a smaller net) helps A and harms B; more
# capacity the other way round. Half a point for both diagnoses, half for the remedies. (More data hardly helps B.)
#
# (b, 1 point) The test pictures took part in the choice, so the largest of 30 numbers is too good: part of it is luck on these very
# pictures. Choose by validation accuracy, and ask the test pictures once, at the end, for the chosen net alone.

# %% [markdown] id="checkpoint-text"
# ## 10 · The course's trainer, and checkpoints
#
# `cs231n.training.Trainer` is your loop with what long runs need besides: a learning rate that rises and falls (**one cycle**),
# weight decay, augmented pictures, and **checkpoints**. A checkpoint holds everything the next step depends on: the parameters, *the
# optimiser's memory* ($m$, $v$, $t$), the number of steps done, the running averages of batch normalisation. With the weights
# alone training goes on too, but not as it would have. The file is safetensors: numbers and names, nothing that can run
# (a pickle can).
#
# The test of a checkpoint: stop in the middle, load the file into a *new* net, go on. The weights must be **the same to the last bit**.

# %% id="checkpoint" tags=["demo"]
with check.demo():
    import tempfile
    from pathlib import Path

    from cs231n.training import Trainer

    use_layers("quick")
    some = {**few, "X_train": few["X_train"][:200], "y_train": few["y_train"][:200]}

    def new_trainer():
        net = ThreeLayerConvNet(num_filters=4, filter_size=5, hidden_dim=20, weight_scale=1e-2)
        return Trainer(net, some, epochs=2, batch_size=50, learning_rate=1e-3)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        first = new_trainer()
        first.train(until=3, progress=False)
        first.save(path)
        first.train(progress=False)  # to the end in one go
        second = new_trainer().load(path)  # other first weights, which the file replaces
        second.train(progress=False)
        print(f"{path.stat().st_size:,} bytes after step 3 of {first.steps}")
    for name, value in first.net.params.items():
        print(name, "the same to the last bit:", np.array_equal(value, second.net.params[name]))

# %% [markdown] id="open-text"
# ## 11 · Now you
#
# What is the best net that you can train? Nothing from here on is graded. Choose with validation pictures, and
# ask the test pictures once, at the end.
#
# | test accuracy | drawn shapes | CIFAR-10 |
# | :-- | --: | --: |
# | guessing | 10% | 10% |
# | you have a net | 50% | 45% |
# | a good start | 70% | 55% |
# | that took some thought | 90% | 65% |
# | very good | 97% | 75% |
# | hard to beat on a laptop | 99.5% | 85% |
#
# Below is a first try to be improved: a net in the language of notebook 7, with batch normalisation and augmented pictures
# (moved by up to four pixels, half of them mirrored). With `layers=own_layers` it runs on your own layers.

# %% id="open" tags=["demo"]
with check.demo(seconds=3600):
    from cs231n.augment import crop_and_flip
    from cs231n.training import Trainer, accuracy

    pattern = "INPUT32x32x3 -> [CONV3-16nobias -> BN -> RELU -> POOL2]*2 -> [CONV3-32nobias -> BN -> RELU -> POOL2] -> FC-10"
    my_net = Network(parse(pattern), layers=None)  # or layers=own_layers
    trainer = Trainer(
        my_net,
        pictures,
        epochs=5,
        batch_size=50,
        rule="adam",
        learning_rate=1e-2,
        schedule="one_cycle",
        weight_decay=0.02,
        augment=crop_and_flip,
    )
    fig = vis.plot_training(trainer.train(), title="A first try")
    print(f"test accuracy: {accuracy(my_net, pictures['X_test'], pictures['y_test']):.1%}")

# %% [markdown] id="ideas"
# **Ideas.** More filters; more layers with 3×3 filters before each pool; residual blocks, `(CONV3-32 -> BN -> RELU -> CONV3-32 -> BN + )`;
# `GLOBALAVGPOOL` in place of the last large layer; `DROPOUT0.3` before it; momentum in place of Adam (a rate of 0.05, say);
# other schedules; longer. Then: does mirroring help with shapes that are never seen mirrored? Do two nets whose
# probabilities are averaged beat each of them? What is a network worth that scores pictures *and* their mirror images?
#
# The course's own runs on CIFAR-10, with times, curves and commands, are in `docs/training.md`.

# %% [markdown] id="learned"
# ## What you learned
#
# - A network is its layers in a row, each with its own cache, and regularisation that loss and gradient agree on.
# - **Before** training: the first loss is $\log C$ (and rises with regularisation), the gradient agrees with measured slopes, 100
#   pictures can be learned by heart.
# - An epoch sees every picture once, in random order. Momentum adds up what agrees; Adam gives each weight a step of its own,
#   corrected for the start at zero.
# - The learning rate matters most: look for it on a logarithmic scale, in short runs.
# - Training against validation accuracy tells overfitting from underfitting; the confusion matrix, the surest mistakes and
#   saliency maps tell what the number hides.
# - A checkpoint is more than weights. And the test set is asked once.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
