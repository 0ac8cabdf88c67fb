# %% [markdown] id="title"
# # Convolution as a matrix product: im2col
#
# Your convolution from notebook 2 is right, and slow: Python decides about every window anew. In this
# notebook you copy all windows into the **columns of one matrix**. What was six loops becomes
# **one matrix product**, the operation that computers are best at.
#
# | you write | in short | points |
# | :-- | :-- | --: |
# | `im2col` | every window becomes a column | 10 |
# | `col2im` | columns are added back to their pixels | 10 |
# | `conv_forward_im2col`, `conv_backward_im2col` | one product forward, two back | 8 + 10 |
# | `max_pool_forward_reshape`, `max_pool_backward_reshape` | pooling without a copy, for tiles | 4 + 4 |
# | `max_pool_forward_im2col`, `max_pool_backward_im2col` | pooling for any windows | 4 + 6 |
# | a question to answer in words | what to keep for the way back | 2 |
#
# You need convolution and max pooling as notebooks 2 and 3 define them, and matrix products. Plan
# three hours; most of the time goes into getting `im2col` in order, and everything rests on it.

# %% id="setup" tags=["setup"]

# %% id="helpers" tags=["provided"]
from importlib.resources import files
from time import perf_counter


def quickest(function, *arguments, times=3):
    """Seconds of the quickest of a few calls: whatever else the machine does only slows down."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        function(*arguments)
        seconds.append(perf_counter() - start)
    return min(seconds)


def pooling(size, stride):
    """The pool_param of square windows."""
    return {"pool_height": size, "pool_width": size, "stride": stride}


def show_source(first, stop):
    """Print cs231n/im2col_cython.pyx from the line that begins with `first` up to `stop`."""
    lines = files("cs231n").joinpath("im2col_cython.pyx").read_text().splitlines()
    begin = next(k for k, line in enumerate(lines) if line.startswith(first))
    end = next(k for k, line in enumerate(lines) if k > begin and line.startswith(stop))
    for number in range(begin, end):
        print(f"{number + 1:4} {lines[number]}")


# %% id="opening-picture" tags=["demo"]
from cs231n.im2col import im2col as finished_im2col

small = np.arange(18).reshape(1, 2, 3, 3)
small[0, 1] *= 10
fig = vis.show_columns(
    small,
    finished_im2col(small, 2, 2)[0],
    (2, 2),
    title="Where this notebook leads: windows become columns",
    caption="A picture of 3×3 pixels and two channels has four windows of 2×2, A to D. Each becomes "
    "a column of 8 numbers, channel by channel.",
)

# %% [markdown] id="why"
# ## 1 · Why copy anything?
#
# One output of a convolution is an inner product: the window's numbers times the filter's, added up.
# A layer has many windows and many filters, and *every* filter meets *every* window. "All inner
# products of one set of vectors with another" has a name: a matrix product. If the filters are the
# **rows** of a matrix, and the windows the **columns** of another,
#
# $$\underbrace{W_\text{row}}_{F \,\times\, K} \;\cdot\;
#   \underbrace{X_\text{col}}_{K \,\times\, P} \;=\; \text{all outputs}, \quad F \times P,
#   \qquad K = C \cdot HH \cdot WW, \quad P = N \cdot H_\text{out} \cdot W_\text{out}.$$
#
# Not one multiplication is saved. What is saved is *deciding*: matrix products have been tuned for
# decades to keep numbers in the processor's fastest memory and to multiply several at a time. The
# price is memory, because windows overlap and pixels are copied again and again. You will measure
# both, the gain and the price.

# %% [markdown] id="im2col-text"
# ## 2 · im2col
#
# The window of position $(i, j)$ begins at row $i\,S$ and column $j\,S$ of the padded picture. Its
# numbers become **one column**, channel by channel, row by row:
#
# $$X_\text{col}\big[\,c \cdot HH \cdot WW + a \cdot WW + b,\;\;
#   n \cdot H_\text{out} W_\text{out} + i \cdot W_\text{out} + j\,\big] \;=\;
#   x_\text{padded}[\,n,\; c,\; iS + a,\; jS + b\,].$$
#
# **Rows** are numbered as the weights of a filter lie in memory, so that `w.reshape(F, -1)` fits.
# **Columns** are numbered picture by picture: first all positions of picture 0, row by row, then those
# of picture 1.
#
# **By hand**, the picture with 1 to 12 in three rows, windows of 2×2, stride 1: there are
# $2 \times 3 = 6$ positions, so 6 columns of 4 numbers. The last window holds 7, 8, 11, 12, and that is
# the last column. Row 0 holds the upper left pixels of all windows: 1, 2, 3, 5, 6, 7.

# %% id="im2col-example" tags=["demo"]
twelve = np.arange(1, 13).reshape(1, 1, 3, 4)
fig = vis.show_columns(
    twelve,
    finished_im2col(twelve, 2, 2)[0],
    (2, 2),
    chosen=(0, 1, 5),
    title="Six windows of 2×2, six columns",
    caption="Three of the six windows are marked. Read along row 0: it is a small picture itself, "
    "of the upper left pixels.",
)

# %% [markdown] id="im2col-orders"
# **Orders you will meet elsewhere.** CS231n's published code numbers columns the other way: position by
# position, the pictures' windows side by side (column $(i \cdot W_\text{out} + j) \cdot N + n$). Its notes
# write the whole matrix transposed, a window as a row. Every order gives the same convolution,
# *if each later step knows it*. Most mistakes with `im2col` are two steps that disagree, and with one
# picture ($N = 1$) or with square ones they do not even show. Ours is fixed, and the check tells
# which other one you have.

# %% [markdown] id="im2col-task"
# **Exercise, in two goes.**
#
# 1. *Naive.* Loop over pictures and positions, cut out the window, put it into its column. Get the
#    order right; all checks but the last should pass.
# 2. *Vectorised.* Now the other way round: loop over the $HH \cdot WW$ **places in a window**, and fill a
#    whole row (for all channels, pictures and positions) at once. Which pixels do all windows have in
#    place $(a, b)$? Row 0 of the picture above shows them; a slice with a step picks them.
#
# The last check **counts the steps that Python takes** for a small input and for one with 200 times as
# many pictures, channels, rows or columns. It is not about the clock, and a loop hidden in a
# comprehension or in `np.vectorize` is still a loop. Right values keep their points either way.

# %% id="im2col" solution="im2col"

# %% id="im2col-check" exercise="im2col" points=10
check.im2col(im2col)

# %% [markdown] id="im2col-break-text"
# ### Try to break it
#
# Change the numbers below and guess the shape before you run the cell. Try a window as large as the
# padded picture, a stride larger than the window, an **empty batch** (`N = 0`), `float16`, `nan`. What
# *should* happen with a stride that does not fit (5 pixels, windows of 2, stride 2)? Yours may leave the
# last column of pixels out; a careful library refuses.

# %% id="im2col-break" tags=["demo"]
with check.demo():
    N, C, H, W = 2, 3, 4, 5
    trial = np.arange(N * C * H * W, dtype=np.float16).reshape(N, C, H, W)
    columns = im2col(trial, 2, 3, 1, 0)
    print(f"x {trial.shape} {trial.dtype}  ->  X_col {columns.shape} {columns.dtype}")
    print("first column:", columns[:, 0])
    wild = im2col(np.full((1, 1, 2, 2), np.nan), 2, 2, 1, 1)
    print(f"a picture of nan, padded: {np.isnan(wild).sum()} of {wild.size} entries are nan")

# %% [markdown] id="alexnet-text"
# ### The first layer of AlexNet
#
# A picture of $227 \times 227 \times 3$, filters of $11 \times 11 \times 3$, stride 4, no padding:
#
# - $(227 - 11)/4 + 1 = 55$ positions down and across, **3,025** in all;
# - each window has $11 \cdot 11 \cdot 3 =$ **363** numbers: $X_\text{col}$ is $363 \times 3{,}025$ (the notes
#   write it transposed, $3{,}025 \times 363$);
# - 96 filters make $W_\text{row}$ of $96 \times 363$, and the product is $96 \times 3{,}025$;
# - each of its rows is a map of $55 \times 55$: $55 \times 55 \times 96$, as it should be.

# %% id="alexnet-picture" tags=["demo"]
fig = vis.show_product(
    96,
    363,
    3025,
    (96, 55, 55),
    title="AlexNet's first layer is one product",
    caption="To scale: one unit of length is one row or column of a matrix.",
)

# %% [markdown] id="alexnet-measure-text"
# Now with a real array. Column 0 is the upper left corner of the picture, its numbers channel by channel.
# You should see 363 × 3,025, a product of 96 × 3,025, and `True`.

# %% id="alexnet-measured" tags=["demo"]
with check.demo():
    photo = np.random.default_rng(0).random((1, 3, 227, 227), dtype=np.float32)
    X_col = im2col(photo, 11, 11, 4, 0)
    W_row = np.random.default_rng(1).random((96, 363), dtype=np.float32)
    print("X_col", X_col.shape, " W_row", W_row.shape, " product", (W_row @ X_col).shape)
    print("column 0 is the corner:", np.array_equal(X_col[:, 0], photo[0, :, :11, :11].ravel()))
    print(f"numbers: {photo.size:,} in the picture, {X_col.size:,} in X_col")
    print(f"so a pixel is copied {X_col.size / photo.size:.2f} times on average")

# %% [markdown] id="col2im-text"
# ## 3 · col2im, the way back
#
# A backward pass hands you a gradient for every entry of $X_\text{col}$, and you want one for every pixel.
# A pixel that was copied into nine columns influences the loss in nine ways, and what it receives is
# the **sum** of nine gradients:
#
# $$\text{dx}[n,c,p,q] \;=\; \sum_{\text{entries of } X_\text{col} \text{ copied from } x[n,c,p,q]}
#   \text{cols}[\text{entry}].$$
#
# Entries that were copied from the padding have no pixel; they are dropped.
#
# Mind that `col2im` is **not the inverse** of `im2col`. It is its **transpose**. `im2col` is linear, so
# some huge matrix $A$ of zeros and ones does its work: $\text{vec}(X_\text{col}) = A\,\text{vec}(x)$. Then
# `col2im` is $A^\top$, and the test for that needs no $A$: for all $x$ and $c$,
#
# $$\big\langle \text{im2col}(x),\, c \big\rangle \;=\; \big\langle x,\, \text{col2im}(c) \big\rangle ,
#   \qquad \langle u, v \rangle = \text{the sum of all } u_k v_k .$$
#
# **By hand**, the picture 1 to 12 again. Its columns, added back, give each pixel times the number of
# windows it lies in. The 6 lies in four windows: $4 \times 6 = 24$. The corners stay.
#
# $$\begin{pmatrix} 1 & 2 & 3 & 4 \\ 5 & 6 & 7 & 8 \\ 9 & 10 & 11 & 12 \end{pmatrix}
#   \;\longrightarrow\;
#   \begin{pmatrix} 1 & 4 & 6 & 4 \\ 10 & 24 & 28 & 16 \\ 9 & 20 & 22 & 12 \end{pmatrix}$$

# %% [markdown] id="col2im-task"
# **Exercise.** Naive first, if you like: loop over the columns and add each to its window. Then loop over
# the places in a window. Two traps:
#
# - **`=` for `+=`**: the last copy wins and the rest is lost. And `dx[index] += values` with a list of
#   indices in which one pixel comes up twice adds it *once*; NumPy reads, adds and writes back.
#   (`np.add.at` does add each; slices with a step never repeat a pixel and need neither.)
# - **`[pad:-pad]`** cuts the padding off, until `pad` is 0. Then it is `[0:0]`: nothing.

# %% id="col2im" solution="col2im"

# %% id="col2im-check" exercise="col2im" points=10
check.col2im(im2col, col2im)

# %% [markdown] id="transpose-text"
# ### The transpose, looked at
#
# For a picture of 3×3 and windows of 2×2 the matrix $A$ is small enough to see: 16 entries of
# $X_\text{col}$ from 9 pixels. Column by column it is `im2col` of a picture with a single 1; row by row it
# is `col2im` of columns with a single 1. Each row of $A$ has one 1 (an entry comes from one pixel); the
# column of the middle pixel has four.

# %% id="transpose-picture" tags=["demo"]
with check.demo():
    pixels = np.eye(9).reshape(9, 1, 1, 3, 3)
    A = np.stack([im2col(pixel, 2, 2, 1, 0).ravel() for pixel in pixels], axis=1)
    entries = np.eye(16).reshape(16, 4, 4)
    A_back = np.stack([col2im(entry, (1, 1, 3, 3), 2, 2, 1, 0).ravel() for entry in entries])
    print("col2im is the transpose:", np.array_equal(A, A_back))
    fig, ax = plt.subplots(figsize=(4.8, 5.2), layout="constrained")
    ax.imshow(A, cmap="Greys", vmin=0, vmax=1.4)
    ax.set_xticks(range(9), [f"({p}, {q})" for p in range(3) for q in range(3)], rotation=90)
    ax.set(xlabel="pixel (row, column)", ylabel="entry of X_col, row by row")
    ax.set_title("im2col as a matrix of zeros and ones", fontsize=11)
    fig = vis.describe(
        fig,
        "A matrix of 16 rows and 9 columns: one dark cell in each row; one in the columns of corner "
        "pixels, two in those of edge pixels, four in that of the middle pixel.",
    )

# %% [markdown] id="copies-text"
# ### The price: how often is a pixel copied?
#
# Send a 1 back for every entry of $X_\text{col}$: each pixel counts its own copies. Away from the
# borders, a pixel lies in about $HH/S$ windows down and $WW/S$ across, so
#
# $$\text{copies} \;\approx\; \frac{HH \cdot WW}{S^2}.$$
#
# 3×3 filters with stride 1 copy each pixel **9 times**. Filters of 11×11 with stride 4 copy it
# $121/16 \approx 7.6$ times, and near the borders less often (you measured 7.10 above). Stride equal to the
# filter's size copies every pixel **once**: look at the third map. Without padding the corner pixels are
# seen by a single window; padding is what gives borders a say.

# %% id="copies-picture" tags=["demo"]
with check.demo():

    def copies(size, field, stride, pad):
        """How often im2col copies each pixel of a picture of size x size."""
        ones = np.ones((1, 1, size, size))
        return col2im(
            im2col(ones, field, field, stride, pad), ones.shape, field, field, stride, pad
        )

    maps = {
        "3×3, stride 1, no padding": copies(9, 3, 1, 0)[0, 0],
        "3×3, stride 1, padding 1": copies(9, 3, 1, 1)[0, 0],
        "3×3, stride 3": copies(9, 3, 3, 0)[0, 0],
        "3×3, stride 2": copies(9, 3, 2, 0)[0, 0],
        "5×5, stride 1, padding 2": copies(9, 5, 1, 2)[0, 0],
        "11×11, stride 4 (AlexNet)": copies(227, 11, 4, 0)[0, 0],
    }
    fig = vis.show_copies(
        maps, caption="Copies of each pixel in X_col, measured with your im2col and col2im."
    )

# %% [markdown] id="copies-after"
# In bytes: a layer in the style of VGG, 3×3 filters on 64 maps of 224×224, has
# $X_\text{col}$ of $576 \times 50{,}176 = 28{,}901{,}376$ numbers, **110 MiB** in float32, for *one* picture. A
# batch of 32 takes 3.4 GiB for one layer's columns alone. That is why fast layers build the columns of
# **a few pictures, or a few rows of windows, at a time**, use them, and build the next: the course's own
# keep no more than 4 MiB of columns. Libraries for GPUs go on from there and form each tile of columns
# only in the processor's fast memory, just before it is multiplied.

# %% id="copies-bytes" tags=["demo"]
for name, C, field, out, pictures in [
    ("AlexNet's first layer", 3, 11, 55, 1),
    ("VGG, 64 maps of 224×224", 64, 3, 224, 1),
    ("the same, 32 pictures", 64, 3, 224, 32),
    ("1×1 filters, 64 maps", 64, 1, 224, 1),
]:
    numbers = C * field**2 * out**2 * pictures
    size = f"{C * field**2:4} x {out**2 * pictures:9,}"
    print(f"X_col {size}  {4 * numbers / 2**20:8.1f} MiB   {name}")

# %% [markdown] id="col2im-break-text"
# ### Try to break it
#
# `col2im(im2col(x))` is not `x`. Divide it by the copies, and it is, *where every pixel lies in some window*.
# Find a stride for which it is not. Try columns of `float16` with large values, too: 70,000 does not fit into
# one. Does your `col2im` add up in a type that is large enough?

# %% id="col2im-break" tags=["demo"]
with check.demo():
    stride = 2
    x = np.random.default_rng(0).standard_normal((1, 1, 7, 7))
    there = im2col(x, 3, 3, stride, 0)
    back = col2im(there, x.shape, 3, 3, stride, 0)
    counts = col2im(np.ones(there.shape), x.shape, 3, 3, stride, 0)
    print("pixels in no window:", int((counts == 0).sum()))
    print(
        "largest |col2im(im2col(x)) / copies - x|:", np.abs(back / np.maximum(counts, 1) - x).max()
    )
    heavy = col2im(np.full((9, 16), 30_000, np.float16), (1, 1, 6, 6), 3, 3, 1, 0)
    print("nine times 30,000 is", heavy.max())

# %% [markdown] id="conv-forward-text"
# ## 4 · Convolution, forward
#
# $$\text{product} = W_\text{row} \cdot X_\text{col} + b, \qquad
#   F \times (N \cdot H_\text{out} \cdot W_\text{out}).$$
#
# Row $f$ is filter $f$'s answer to every window, with $b_f$ added. What remains is to bring it into the shape
# $(N, F, H_\text{out}, W_\text{out})$, and there lies the trap. **A reshape gives the same numbers, in the
# same order, new names; it never moves any.** The rows are filters, the columns run picture by picture:
# write down the product's four axes in the order in which they *are*, reshape to those, and only then
# let axes change places.
#
# **By hand**, the picture 1 to 12 and two filters:
#
# $$w_0 = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix},\; b_0 = 0: \quad
#   1 + 6 = 7, \ldots \quad \begin{pmatrix} 7 & 9 & 11 \\ 15 & 17 & 19 \end{pmatrix}
#   \qquad
#   w_1 = \begin{pmatrix} 0 & 1 \\ 2 & 0 \end{pmatrix},\; b_1 = 0.5: \quad
#   2 + 2 \cdot 5 + 0.5 = 12.5, \ldots$$

# %% id="conv-forward" solution="conv_forward_im2col"

# %% id="conv-forward-check" exercise="conv_forward_im2col" points=8
check.conv_forward_im2col(im2col, conv_forward_im2col)

# %% [markdown] id="same-text"
# ### The same numbers as before?
#
# Your own convolution of notebook 2 and this one, on the same input. (Where notebook 2 is not finished,
# the course's layer takes its place; the first line says which.) Differences of 1e-15 are right:
# a matrix product adds in another order than your loops, and floating point notices.

# %% id="same-measured" tags=["demo"]
from cs231n import notebooks

conv_forward_naive = notebooks.load("2_convolution", "conv_forward_naive")
with check.demo():
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in ((2, 3, 8, 9), (4, 3, 3, 2), (4,)))
    steps = {"stride": 1, "pad": 1}
    by_loops, _ = conv_forward_naive(x, w, b, steps)
    by_product, _ = conv_forward_im2col(x, w, b, steps)
    print("shapes", by_loops.shape, by_product.shape)
    print("largest difference:", np.max(np.abs(by_loops - by_product)))

# %% [markdown] id="conv-backward-text"
# ## 5 · Convolution, backward
#
# Once the layer is a matrix product, so is its gradient. Let $D$ be `dout` with its axes laid as the
# product's were: $F \times (N \cdot H_\text{out} \cdot W_\text{out})$. For $Y = W_\text{row} X_\text{col} + b$ the chain
# rule gives, shape by shape,
#
# $$\underbrace{\mathrm{d}W_\text{row}}_{F \times K} = \underbrace{D}_{F \times P}\,
#   \underbrace{X_\text{col}^\top}_{P \times K}, \qquad
#   \underbrace{\mathrm{d}X_\text{col}}_{K \times P} = \underbrace{W_\text{row}^\top}_{K \times F}\,
#   \underbrace{D}_{F \times P}, \qquad
#   \mathrm{d}b_f = \sum_p D[f, p].$$
#
# Each shape admits only one order of factors: if the shapes fit, the formula is remembered. Then
# $\mathrm{d}X_\text{col}$ goes through `col2im`, which adds up what belongs to one pixel.
#
# So **two products back for one forward**: a training step costs about three times a forward pass. And no
# filter has been flipped anywhere. (Written as a convolution, `dx` *is* one with the flipped filter;
# `dw` is not, although it is often said of "the backward pass" as a whole. Here the transpose takes
# care of it.)
#
# **By hand**, the picture 1 to 12, the filter $w_0$ above, and gradients 1 at window $(0, 0)$ and 2 at
# window $(1, 1)$: $\mathrm{d}b = 3$;
# $\mathrm{d}w = 1 \cdot \begin{pmatrix} 1 & 2 \\ 5 & 6 \end{pmatrix} +
# 2 \cdot \begin{pmatrix} 6 & 7 \\ 10 & 11 \end{pmatrix} =
# \begin{pmatrix} 13 & 16 \\ 25 & 28 \end{pmatrix}$; and the pixel that holds 6 lies at the end of the one
# window's diagonal and at the beginning of the other's: it receives $1 + 2 = 3$.

# %% id="conv-backward" solution="conv_backward_im2col"

# %% id="conv-backward-check" exercise="conv_backward_im2col" points=10
check.conv_backward_im2col(im2col, col2im, conv_forward_im2col, conv_backward_im2col)

# %% [markdown] id="conv-break-text"
# ### Try to break it
#
# Change sizes, strides, padding. Then make the values huge (`1e200`), or feed an empty batch. What
# *should* the gradient of the weights be when there is no picture at all? Look whether each gradient has
# the shape of what it belongs to.

# %% id="conv-break" tags=["demo"]
with check.demo():
    rng = np.random.default_rng(0)
    for shape, scale in [((2, 3, 5, 5), 1.0), ((1, 3, 3, 3), 1e200), ((0, 3, 5, 5), 1.0)]:
        x, w = scale * rng.standard_normal(shape), rng.standard_normal((4, 3, 3, 3))
        out, cache = conv_forward_im2col(x, w, np.zeros(4), {"stride": 1, "pad": 1})
        dx, dw, db = conv_backward_im2col(np.ones(out.shape), cache)
        print(
            f"x {shape}: dx {dx.shape}, dw {dw.shape}, db {db}, largest dw {np.abs(dw).max():.3g}"
        )

# %% [markdown] id="reshape-text"
# ## 6 · Max pooling by a reshape
#
# Pooling windows usually lie side by side, and then no column is needed at all. Cut the height into
# $H/F$ pieces of $F$ rows, the width into $W/F$ pieces of $F$ columns:
#
# $$(N,\, C,\, H,\, W) \;\longrightarrow\; (N,\, C,\, \tfrac{H}{F},\, F,\, \tfrac{W}{F},\, F).$$
#
# Not a number moves. Each window now has two axes of its own, and the maximum over both is the pool.
# (Which two? Rows of one window lie next to each other in $H$, so its axis is the *second* of the
# pair.)
#
# **When is that allowed?** Only if the windows *tile* the picture: square, stride equal to their size, and
# $F$ divides $H$ and $W$. Overlapping windows (3×3 with stride 2) share pixels, and no reshape gives a
# pixel to two windows. A function that takes them all the same returns numbers, of the right shape
# even, that are wrong. So yours should refuse: **raise a `ValueError`**, with the sizes in it.

# %% id="reshape-forward" solution="max_pool_forward_reshape"

# %% id="reshape-forward-check" exercise="max_pool_forward_reshape" points=4
check.max_pool_forward_reshape(max_pool_forward_reshape)

# %% [markdown] id="ties-text"
# ### Ties, honestly
#
# Going back, a mask "equals the largest value of its window" is at hand, and multiplying it by the
# gradient is one line. It is also a slip. Where two pixels of a window **tie**, both would receive the
# *whole* gradient, and `dx` holds more than `dout` brought. Three things are done in practice:
#
# | a window 3, 3, 1, 2 with gradient 6 | dx | sum |
# | :-- | :-- | --: |
# | all of it to the first | 6, 0, 0, 0 | 6 |
# | an equal share to each | 3, 3, 0, 0 | 6 |
# | all of it to each | 6, 6, 0, 0 | **12** |
#
# The maximum has a kink at a tie, and no gradient in the strict sense; any way of splitting 6 among the
# tied pixels is a *subgradient*, so the first two are both right, and both are accepted here. The third
# is none: it promises twice the change there is. Notebook 3 let it pass, because ties are rare
# there: its values are all different. **Behind a ReLU they are not rare**: whole windows of zeros tie,
# four ways. (As it happens the ReLU then lets no gradient through to those zeros. But a
# pool of raw pixels, of bytes or of rounded values has no such luck.)

# %% id="reshape-backward" solution="max_pool_backward_reshape"

# %% id="reshape-backward-check" exercise="max_pool_backward_reshape" points=4
check.max_pool_backward_reshape(max_pool_forward_reshape, max_pool_backward_reshape)

# %% [markdown] id="pool-columns-text"
# ## 7 · Max pooling through columns
#
# For windows that overlap, leave gaps or are not square, `im2col` does it again. Every channel is pooled
# by itself, so let it be a picture by itself: $N \cdot C$ pictures of one channel. $X_\text{col}$ then has
# $HH \cdot WW$ rows, and a pool is **the maximum of each column**.
#
# Back: a matrix of zeros like $X_\text{col}$, with each gradient in its column, in the row where the
# maximum was found; `col2im` adds up where windows overlap. Choosing *one* row in *each* column takes two
# lists of indices, the rows and the columns' numbers: `A[rows]` alone picks whole rows.
#
# **By hand**, the windows of 1 to 12 (section 2), stride 1: the largest value of each is its last, so `out`
# holds 6, 7, 8, 10, 11, 12, and all six switches are 3, the last row of $X_\text{col}$.

# %% id="pool-forward" solution="max_pool_forward_im2col"

# %% id="pool-forward-check" exercise="max_pool_forward_im2col" points=4
check.max_pool_forward_im2col(im2col, max_pool_forward_im2col)

# %% id="pool-backward" solution="max_pool_backward_im2col"

# %% id="pool-backward-check" exercise="max_pool_backward_im2col" points=6
check.max_pool_backward_im2col(im2col, col2im, max_pool_forward_im2col, max_pool_backward_im2col)

# %% [markdown] id="pool-compare-text"
# ### Which of the two?
#
# Both give the same for tiles. The reshape copies nothing; the columns copy every pixel once, and remember
# in which row each maximum was. Guess the ratio of times, then run this. **Less copying need not be less
# time**: how NumPy goes through memory counts, too. (With `max(axis=(3, 5))` in the one function, try the
# two axes one after the other, and measure again.)

# %% id="pool-compare" tags=["demo"]
with check.demo():
    maps = np.random.default_rng(0).standard_normal((8, 16, 64, 64))
    one, _ = max_pool_forward_reshape(maps, pooling(2, 2))
    two, _ = max_pool_forward_im2col(maps, pooling(2, 2))
    print("the same:", np.array_equal(one, two))
    by_reshape = quickest(max_pool_forward_reshape, maps, pooling(2, 2))
    by_columns = quickest(max_pool_forward_im2col, maps, pooling(2, 2))
    print(f"reshape {1000 * by_reshape:.1f} ms, columns {1000 * by_columns:.1f} ms,", end=" ")
    print(f"ratio {by_columns / by_reshape:.1f}")

# %% [markdown] id="speed-text"
# ## 8 · What has it brought?
#
# Layers that give the same numbers: your **naive** loops, your **im2col**, the course's layer with
# **compiled** columns (Cython), and the course's **fast layer**, which may choose an algorithm that needs
# no columns. Pictures grow from 4×4 to 64×64 while the rest stays. What to look for:
#
# - the naive layer takes four times as long when the sides double: its time is Python's, window by
#   window;
# - for small pictures, yours is hardly better than its fixed costs: curves are flat on the left;
# - the ratio on the right is what vectorising has brought on *your* machine.

# %% id="speed-picture" tags=["demo"]
from functools import partial

from cs231n.fast_layers import BACKEND, conv_forward_fast

with check.demo(120):
    rng = np.random.default_rng(0)
    w, b, steps = rng.standard_normal((8, 16, 3, 3)), np.zeros(8), {"stride": 1, "pad": 1}
    theirs = getattr(conv_forward_naive, "__module__", "").startswith("cs231n")
    layers = {
        "notebook 2 (the course's layer)" if theirs else "naive (yours)": conv_forward_naive,
        "im2col (yours)": conv_forward_im2col,
        f"im2col ({BACKEND.title()})": partial(conv_forward_fast, algorithm="im2col"),
        "fast layer (auto)": conv_forward_fast,
    }
    sides, seconds = (4, 8, 16, 32, 64), {name: [] for name in layers}
    for side in sides:
        pictures = rng.standard_normal((2, 16, side, side))
        for name, layer in layers.items():
            too_slow = seconds[name] and not seconds[name][-1] < 2  # or left out already
            times = 2 if layer is conv_forward_naive else 9
            took = np.nan if too_slow else quickest(layer, pictures, w, b, steps, times=times)
            seconds[name].append(took)
    fig = vis.plot_speed(
        sides,
        seconds,
        xlabel="height and width of the pictures",
        caption="2 pictures, 16 channels, 8 filters of 3×3, padding 1; the quickest of a few runs.",
    )
    for name in layers:
        ratios = np.array(seconds[next(iter(layers))]) / seconds[name]
        print("  ".join(f"{side}: {r:5.3g}x" for side, r in zip(sides, ratios)), f"  {name}")

# %% [markdown] id="columns-speed-text"
# And the columns alone: your `im2col` and `col2im` against the course's, in NumPy and compiled. Ratios
# near 1 mean that yours is limited by copying memory, as theirs is. (For `col2im` by `np.add.at`, expect a
# large ratio: right, but it adds numbers one by one.)

# %% id="columns-speed" tags=["demo"]
import cs231n.im2col as in_numpy
from cs231n.fast_common import compiled

with check.demo():
    in_cython = compiled("cs231n.im2col_cython")
    maps = np.random.default_rng(0).standard_normal((4, 16, 32, 32))
    own = im2col(maps, 3, 3, 1, 1)
    theirs = in_numpy.im2col(maps, 3, 3, 1, 1)
    yours_there = quickest(im2col, maps, 3, 3, 1, 1)
    yours_back = quickest(col2im, own, maps.shape, 3, 3, 1, 1)
    for name, module in (("NumPy", in_numpy), ("Cython", in_cython)):
        if module:
            there = quickest(module.im2col, maps, 3, 3, 1, 1)
            back = quickest(module.col2im, theirs, maps.shape, 3, 3, 1, 1)
            print(f"{name:7} im2col: {yours_there / there:5.2f} times as fast as yours,", end="  ")
            print(f"col2im: {yours_back / back:5.2f}")
        else:
            print(f"{name}: the compiled module is not in use here.")

# %% [markdown] id="question" question=2
# **Question (2 points).** `conv_forward_im2col` may put $X_\text{col}$ into its cache, or put `x` there and
# let the backward pass build $X_\text{col}$ again. In a network of twenty convolutions: what does each
# choice cost, in memory and in time? For which sizes of filter and stride does the choice hardly
# matter, and why? Answer in four to six sentences.
#
# <!-- answer -->
#
# **One point** for the two costs. The backward pass needs $X_\text{col}$ for $\mathrm{d}W = D X_\text{col}^\top$.
# Keeping it saves building it a second time (one more copy of all windows for each layer, small beside
# the products). But it stays in memory from the layer's forward pass to its backward pass, and so the
# columns of all twenty layers are held at the same time: about $HH \cdot WW / S^2$ times the
# activations, nine times for 3×3 with stride 1. Building again needs the columns of one layer at a
# time, or of a few pictures of one layer.
#
# **One point** for the case in which it hardly matters: where windows do not overlap, $HH \cdot WW / S^2
# \approx 1$, above all 1×1 filters with stride 1, for which $X_\text{col}$ is `x` with its axes in another
# order (nothing is copied twice); also filters as large as their stride. Half a point where only "1×1" is
# said without a reason.

# %% [markdown] id="cython-text"
# ## 9 · How the Cython module works, line by line
#
# `cs231n/im2col_cython.pyx` does what you just wrote, in a language between Python and C. Cython translates
# it to C; a C compiler makes it a module that Python imports like any other. It has three layers, and
# each cell below shows one.
#
# **First layer: Python, which checks.** Nothing is fast here, nothing has to be: it runs once a call.

# %% id="cython-python" tags=["demo"]
with check.demo():
    show_source("def im2col(", "def col2im(")

# %% [markdown] id="cython-python-notes"
# | in the code | what it is for |
# | :-- | :-- |
# | `def im2col(` | an ordinary Python function, with keywords and defaults |
# | `as_pictures(x)` | four axes, float32 or float64, or a `ValueError` with a sentence |
# | `window_grid(…)` | **here sizes are checked**, by the same code as in the NumPy version: a stride that does not fit ends here |
# | `np.empty(columns_shape(…))` | memory for the columns; every entry will be written, so no zeros first |
# | `.reshape(N * C, H, W)` | pictures and channels are one axis: each turn of the loop takes one of them |
# | `np.ascontiguousarray(x)` | a promise for below: neighbours in a row are neighbours in memory |
# | `copy_windows[float](…)` | the square brackets choose one of two compiled versions, by dtype |
#
# Note the shape of the result: $(N,\, K,\, H_\text{out} W_\text{out})$, a matrix for **each picture**. So `filters @ cols`
# is the output in its final order with no axes to turn, and a batch can be worked off in tiles. That is
# a third order of columns beside yours and CS231n's.
#
# **Second layer: a typed loop that deals out work.**

# %% id="cython-threads" tags=["demo"]
with check.demo():
    show_source("cdef copy_windows(", "cdef add_windows(")

# %% [markdown] id="cython-threads-notes"
# | in the code | what it is for |
# | :-- | :-- |
# | `cdef` | a C function: it can be called from this file alone, without Python's overhead |
# | `floating` | a **fused type**, float or double: Cython compiles the function twice, once for each |
# | `floating[:, :, ::1] x` | a **typed memoryview**: an array as C sees it, an address with a shape and strides. `x[nc, y, z]` is arithmetic on an address, no object. `::1` is the promise kept above: the last axis has no gaps |
# | `const` | read-only arrays may come in, too |
# | `cdef Py_ssize_t down` | a C integer, as wide as an address |
# | `prange(…, nogil=True)` | a range whose turns run **at the same time** on several threads. `nogil` gives Python's global lock back meanwhile, so nothing inside may touch a Python object; the compiler checks that |
# | `schedule="static"` | each thread gets an equal part, decided beforehand |
#
# Each turn writes to a channel of its own. Nothing depends on which thread comes first, so results are
# the same to the last bit with one thread or eight. For `col2im` that matters: *adding* into shared
# pixels from several threads would lose sums, the old trap of `=` for `+=` in new clothes.
#
# **Third layer: the loop itself.**

# %% id="cython-loop" tags=["demo"]
with check.demo():
    show_source("cdef void copy_channel(", "cdef void add_channel(")

# %% [markdown] id="cython-loop-notes"
# | in the code | what it is for |
# | :-- | :-- |
# | `noexcept nogil` | it raises nothing and needs no lock; so no error flag is looked at after each call |
# | the loops over `i` and `j` | the places in a window, **outside**: your vectorised loop |
# | `first`, `last` | for one place, the windows `first` to `last - 1` of a row see pixels, the others see padding. Worked out *once a row*, so the inner loop asks nothing, and **no padded copy is made** |
# | `if y < 0 or y >= H` | a whole row of padding: zeros, next |
# | `if across == 1` | with stride 1 pixels lie side by side, and the C compiler copies 4 or 8 with one instruction; with a stride it cannot. Two loops, the same work |
#
# The first line of the file says `boundscheck=False, wraparound=False`: indices are **not** checked in these
# loops, and −1 does not mean "the last". A wrong index would read, or overwrite, whatever lies there
# in memory. That is the bargain: checks once, in the first layer, and none where billions of numbers
# pass. You can see what is left of Python: `cython -a im2col_cython.pyx` writes a page in which each line
# is the more yellow the more Python it calls. The first layer is yellow; in the third every line is
# white, and a yellow line in a loop is how one finds a forgotten type.
#
# **Without the compiled modules** (no C compiler at hand, or `CS231N_BACKEND=numpy` set) `cs231n.fast_layers`
# falls back on `cs231n/im2col.py`, in NumPy, with the same signatures, and tests hold the two side by
# side. `BACKEND` says which is in use.

# %% id="cython-backend" tags=["demo"]
with check.demo():
    print("fast layers run on:", BACKEND)
    print("compiled module:", getattr(in_cython, "__file__", None) or "not in use")

# %% [markdown] id="learned"
# ## What you learned
#
# - **A convolution is a matrix product** of filters (rows) and windows (columns): $F \times K$ times
#   $K \times P$. AlexNet's first layer: $96 \times 363$ times $363 \times 3{,}025$.
# - The **order** of rows and columns is a convention; every step has to keep the same one. A reshape renames
#   axes, a transpose moves them.
# - `col2im` is the **transpose** of `im2col`, not its inverse: copies add up. $\langle \text{im2col}(x), c \rangle =
#   \langle x, \text{col2im}(c) \rangle$ tests it without knowing any answer.
# - The **backward pass** is two more products, found from the shapes alone.
# - The **price** is memory: about $HH \cdot WW / S^2$ copies of every pixel. Real layers work in tiles.
# - Max pooling of tiles is a **reshape**; other windows go through columns. Ties share a gradient, they do
#   not multiply it.
# - **Vectorised** means that Python's steps do not grow with the data. Compiled code moves the loops to
#   where they cost nothing, and the checks to before them.
#
# Next: a fully connected layer is a convolution as well, and that lets a classifier slide over pictures
# larger than those it was trained on.

# %% [markdown] id="score-text"
# ## Your score so far
#
# What the checks say that ran since you opened this notebook (*Run All* runs all of them). The card is yours
# alone: nothing in it is graded. Stuck at an exercise? `check.hint("its_name")` helps in steps.

# %% id="score-card" tags=["score"]
