"""Functions that are not there, and answers that are wrong."""

from cs231n.tests.first_lines.cells import (
    CHECK,
    RECTIFIED,
    SCORES,
    STUB,
    SUMS,
    Row,
    affine,
    backward,
    conv,
    loss,
    maps,
    net,
    params,
    relu,
    size,
)

IDENTITY = relu("return x, x")[0]

NOT_THERE = [
    Row(
        "… is not implemented yet: put your code in place of its line …",
        "The stub's line `raise NotImplementedError(...)` is still there, perhaps below your code.",
        "Replace that line. Where another function is named, write that one first.",
        {
            "left the stub as it is": relu(f"# YOUR CODE HERE\n{STUB}"),
            "left the stub's last line under the code": relu(f"out = {RECTIFIED}\n{STUB}"),
            "called a function that is still a stub": relu(
                "return helper(x), x", f"def helper(x):\n    {STUB}"
            ),
        },
    ),
    Row(
        "NameError: name '…' is not defined",
        "The check's cell ran before the cell above it; or that cell stopped with an error; or "
        "`def` has another name. If it is `check` or `np`, the set-up cell was not run.",
        "Run the cell above (or the set-up cell), mend what it says, and check again.",
        {
            "did not run the function's cell": (CHECK,),
            "misspelled the function's name": (IDENTITY.replace("relu", "rellu"), CHECK),
            "deleted the function": (IDENTITY, "del relu_forward", CHECK),
            "checked a cell that is no Python": ("def relu_forward(x)\n    return x, x", CHECK),
            "did not run the set-up cell": ("del check", CHECK),
        },
    ),
    Row(
        "SyntaxError: …\nIndentationError: …",
        "The cell is no Python: near the mark `^` a colon, a bracket or a quote is missing, or a "
        "line is not indented as it should be. The function is still the one from before.",
        "Mend that line or the one above it, and run the cell again before its check.",
        {
            "forgot a colon": ("def relu_forward(x)\n    return x, x",),
            "did not indent the body": ("def relu_forward(x):\nreturn x, x",),
        },
    ),
    Row(
        "… should be a function, but it is a …",
        "The name was given to something else, or the function was called in the check's cell.",
        "Run the cell with `def` again; in the check stands the name alone, without brackets.",
        {
            "gave the function's name to an array": (
                IDENTITY,
                "relu_forward = np.zeros(3)",
                CHECK,
            ),
            "gave the function's name to a number": ("relu_forward = 3", CHECK),
            "handed the check a result": (
                IDENTITY,
                "check.relu_forward(relu_forward(np.ones(3)))",
            ),
        },
    ),
]

CAME_BACK = [
    Row(
        "… is None. Does the function end with `return`?\n"
        "… should return (…), but it returned None. Does it end with `return`?",
        "The function ends without `return` (so does a body of `pass` or `...`), or one of the "
        "values it returns is None.",
        "End it with `return` and the values of the docstring.",
        {
            "returned None in a tuple": relu("return None, x"),
            "forgot to return a list": maps("sizes = [28]"),
            "forgot to return": relu(f"out = {RECTIFIED}"),
            "wrote pass": relu("pass"),
            "wrote ...": relu("..."),
        },
    ),
    Row(
        "… should return (…), but it returned one …. End it with `return …`.\n"
        "… should return (…), but it returned … values. End it with `return …`.",
        "More or fewer values came back than are asked for; mostly the cache is missing.",
        "Return just those of the message, with commas between, in that order.",
        {
            "returned out alone": relu(f"return {RECTIFIED}"),
            "returned a number": relu("return 3.0"),
            "returned a dict": relu('return {"out": x}'),
            "returned a generator": relu("return (v for v in x)"),
            "returned three values for two": relu("return x, x, x"),
            "returned the loss without its gradients": net(f"{SCORES}return 1.0"),
        },
    ),
    Row(
        "… should be an array, but it is a tuple of …. Does the function return its values in the "
        "order the docstring gives?",
        "The values came in another order, or a whole (out, cache) stands where out should.",
        "Look at “Returns” in the docstring; take out and cache apart after a call.",
        {
            "returned the cache first": affine(f"return (x, w, b), {SUMS}"),
            "returned a pair for out": affine(f"out = {SUMS}\nreturn (out, x), x"),
        },
    ),
    Row(
        "… should hold real numbers, but it is a …",
        "Something else than an array of numbers came back; the message says what.",
        "Print it just before `return`. A function wants brackets (…) to be called, a generator "
        "np.array(list(…)).",
        {
            "returned a text": relu('return "out", x'),
            "returned a function that was not called": relu("return x.copy, x"),
            "returned a NumPy function that was not called": relu("return np.copy, x"),
            "returned a generator for an array": relu("return (v for v in x), x"),
            "returned rows of unlike length": relu("return [[1], [1, 2]], x"),
            "returned an array of objects": relu(f"return {RECTIFIED}.astype(object), x"),
            "returned complex numbers": relu(f"return {RECTIFIED} + 0j, x"),
            "returned a text for a list": maps('return "28"'),
        },
    ),
    Row(
        "… has shape …, but it should be …. It looks transposed. …\n"
        "… has shape …, but it should be …. The number of values is right: …",
        "Axes are swapped, missing or too many: (N,) is not (N, 1), and (1,) is no single number.",
        "Print the shape before `return`; look for .T, reshape, ravel and sums without axis=.",
        {
            "returned the transposed": affine(f"out = {SUMS}\nreturn out.T, x"),
            "lost an axis": affine(f"out = {SUMS}\nreturn out[0], x"),
            "added an axis": affine(f"out = {SUMS}\nreturn out[None], x"),
            "returned it flat": affine(f"out = {SUMS}\nreturn out.ravel(), x"),
            "returned an array of no axes": affine("return np.array(1.0), x"),
            "returned (1, 1) for one number": loss("return np.zeros((1, 1)), x"),
        },
    ),
    Row(
        "… has shape …, but it should be …. Look at how stride, padding and size give …\n"
        "… has shape …, but it should be ….…",
        "A size comes from another formula, or from another axis.",
        "Count on paper, for the smallest example; print each size just before it is used.",
        {
            "returned another height": conv("return np.zeros((1, 1, 3, 2)), x"),
            "returned one sample too many": affine("return np.zeros((len(x) + 1, len(b))), x"),
            "made parameters of one shape": params(
                'return {k: np.zeros(3) for k in ("W1", "b1", "W2", "b2", "W3", "b3")}'
            ),
        },
    ),
    Row(
        "… should be a dict with the keys …, but …",
        "A parameter or gradient is missing, misspelt, or one too many.",
        "Use the names of self.params, with capitals as they are.",
        {
            "left out gradients": net(f'{SCORES}return 1.0, {{"W1": X}}'),
            "returned no dict of gradients": net(f"{SCORES}return 1.0, None"),
            "misspelt a gradient": net(
                f"{SCORES}return 1.0, {{k.lower(): v for k, v in self.params.items()}}"
            ),
            "returned a list for the parameters": params("return [1]"),
        },
    ),
    Row(
        "… returned …, which is a …; a count should be an int. …",
        "The function divides with `/`, which makes a fraction, or does not return.",
        "Use `//` for whole numbers; end with `return`.",
        {
            "divided with /": size("return size / 1"),
            "returned no count": size("size // 1"),
        },
    ),
]

NUMBERS = [
    Row(
        "… values of … are not finite (the first, …). Look for a division by zero, …",
        "Somewhere stands 0 / 0, log(0), or an exp of something large.",
        "Print the smallest and largest value on the way, just before such an operation.",
        {
            "returned nan": relu("return np.full(x.shape, np.nan), x"),
            "divided by zero": relu("return x / 0.0, x"),
            "took the logarithm of zero": loss("return np.log(0 * x).mean(), x"),
        },
    ),
    Row(
        "… values of … are wrong. Most of all …",
        "The form is right, the numbers are not; the place with the largest error is named.",
        "Work that place out by hand for the smallest example of the docstring.",
        {
            "returned its input as it came": relu("return x, x"),
            "returned the two arrays in another order": relu(f"return x, {RECTIFIED}"),
        },
    ),
    Row(
        "… It is …, which holds no fractions: make it with np.zeros(shape).\n"
        "… It is …, of few digits: leave the dtype as it comes.",
        "The result was made, or turned into, whole numbers, float32 or float16.",
        "Leave out astype and dtype=. np.zeros(shape) makes float64, zeros_like(x) what x is.",
        {
            "returned whole numbers": relu(f"return ({RECTIFIED}).astype(int), x"),
            "returned float16": relu(f"return ({RECTIFIED}).astype(np.float16), x"),
            "returned float32": relu(f"return ({RECTIFIED}).astype(np.float32), x"),
        },
    ),
    Row(
        "… changed its argument number …. The caller still needs those numbers: …",
        "An array that was handed in was written into (`x[...] = `, `x *= `).",
        "Work on a copy, x.copy(), or build a new array.",
        {"wrote into its argument": affine(f"out = {SUMS}\nb += 1\nreturn out, x")},
    ),
    Row(
        "… Read again: …",
        "Your function does exactly what a well-known mistake does.",
        "Read the section that is named; the rows below say which checks it fails.",
        {
            "returned the slope for the value": relu("return x > 0, x"),
            "passed the gradient on as it came": backward("return dout"),
        },
    ),
]
