"""Exceptions, and cells that were changed or run in another order."""

from cs231n.tests.first_lines.cells import (
    HIDE_PACKAGE,
    RECTIFIED,
    STUB,
    Row,
    affine,
    backward,
    conv,
    net,
    relu,
    set_up_cell,
)

DEMO = "with check.demo():\n    relu_forward(np.ones(3))"

ERRORS = [
    Row(
        "… stopped with KeyError: … — in `…`. … has the keys …",
        "That dict has no such key; the message lists those it has.",
        "Use one of them, spelled like that.",
        {
            "wrote strides for stride": conv('s = conv_param["strides"]\nreturn x, x'),
            "wrote padding for pad": conv('p = conv_param["padding"]\nreturn x, x'),
            "asked for a parameter that is not there": net('return X @ self.params["W3"]'),
        },
    ),
    Row(
        "… stopped with NameError: … — in `…`. Did you mean `…`?\n"
        "… stopped with NameError: … — in `…`. Write `import …` in a line above the function.\n"
        "… stopped with NameError: … — in `…`. Is it spelled right? …",
        "A name is misspelt, or nothing has defined it: no import, no cell that was run.",
        "Use the name that the message gives, import the module, or run the cell that defines it.",
        {
            "misspelled a variable": relu("output = x\nreturn ouput, x"),
            "forgot an import": relu("return math.exp(1), x"),
            "used what no cell defined": relu("return qqq(x), x"),
        },
    ),
    Row(
        "… stopped with AttributeError: … — in `…`. Did you mean `…`?",
        "What follows the dot is misspelt, or belongs to another type.",
        "Use the name that the message gives.",
        {
            "misspelled a NumPy function": relu("return np.maximun(x, 0), x"),
            "misspelled an attribute": relu("return x.shpe, x"),
            "misspelled self.params": net('return self.parms["W1"]'),
            "named a method otherwise": net("return X", method="losses"),
        },
    ),
    Row(
        "… stopped with UnboundLocalError: … — in `…`. It is given a value only in …",
        "The variable gets its value in a branch or a loop that was not run.",
        "Give it a value before, for example np.zeros(shape).",
        {"looped over nothing": relu("for i in range(0):\n    out = x\nreturn out, x")},
    ),
    Row(
        "… stopped with …Error: … — in `…`. `…` is None there. …",
        "A function without `return` was used as if it gave something; or a cache is None.",
        "Look where that name gets its value; let forward return its cache.",
        {
            "unpacked a cache of None": backward("y, z = cache", f"return {RECTIFIED}, None"),
            "indexed a cache of None": backward("return cache[0]", f"return {RECTIFIED}, None"),
            "calculated with None": relu("y = x.sort()\nreturn y + 1, x"),
            "asked for the shape of None": relu("y = x.sort()\nreturn y.shape, x"),
        },
    ),
    Row(
        "… stopped with ValueError: … values to unpack … — in `…`. …",
        "A cache or a shape was taken apart into more or fewer names than it has parts.",
        "Count them: a cache is taken apart in the order in which it was put together.",
        {
            "took more out of the cache than is in it": backward("x, y, z = cache\nreturn x"),
            "took less out of the cache than is in it": backward("(y,) = cache\nreturn y"),
            "took four sizes of a matrix": affine("N, C, H, W = x.shape\nreturn x, x"),
        },
    ),
    Row(
        "… stopped with TypeError: tuple indices must be … — in `…`. …\n"
        "… stopped with TypeError: … — in `…`. Tuples and lists are no arrays. …",
        "A tuple was taken for a dict or an array; often it is a cache, or another function's "
        "(out, cache).",
        "Take it apart by position; np.array(...) makes a list an array.",
        {
            "used a cache as a dict": backward('return cache["x"]'),
            "multiplied a tuple": relu("return h(x) * 2.0, x", "def h(x):\n    return x, x"),
        },
    ),
    Row(
        "… stopped with TypeError: … argument… so the checks call it: …",
        "The function's first line does not have the parameters it was given with.",
        "Put the `def` line back as it was in the exercise.",
        {
            "took a parameter away": conv("return x, x", "x, w, b"),
            "added a parameter": conv("return x, x", "x, w, b, stride, pad"),
        },
    ),
    Row(
        "… stopped with TypeError: …() … argument… — in `…`. …",
        "A function is called with parameters that it does not have, or with too few.",
        "Compare the call with the `def` line; the message may name the right parameter.",
        {
            "called a helper with too little": relu("h(x)", "def h(a, b):\n    return a"),
            "misspelled a parameter": relu("h(x, pad=1)", "def h(x, padding):\n    return x"),
            "misspelled a parameter of NumPy": relu("return np.sum(x, axes=0), x"),
        },
    ),
    Row(
        "… — in `…`. Sizes and indices are whole numbers: …",
        "A fraction stands where a size, an index or a number of steps should.",
        "Use `//` in place of `/`.",
        {
            "made a shape of fractions": conv("return np.zeros((1, 1, 4 / 2, 2)), x"),
            "looped over a fraction": relu("for i in range(x.size / 2):\n    pass\nreturn x, x"),
            "indexed with a fraction": relu("return x[2 / 2], x"),
            "sliced with a fraction": relu("return x[: 2 / 2], x"),
        },
    ),
    Row(
        "… stopped with TypeError: … — in `…`. Round brackets call a function. …\n"
        "… stopped with TypeError: … — in `…`. That is a function: call it …",
        "Round and square brackets are mixed up, or a `*` is missing before `(`.",
        "( ) calls a function, [ ] picks an element.",
        {
            "used round brackets as an index": relu("return x(0), x"),
            "used square brackets to call": relu("return np.zeros[3], x"),
        },
    ),
    Row(
        "… stopped with IndexError: … — in `…`. Indices go from 0 to size - 1: …",
        "A loop goes one too far, or two axes are swapped.",
        "Print the index and the shape just before that line.",
        {"went past the end": relu("return x[10], x")},
    ),
    Row(
        "… — in `…`. It has fewer axes than that line expects: …",
        "The array has fewer axes than indices, or than the axis= that is named.",
        "Print its shape; mind that x may have any number of axes.",
        {
            "used too many indices": relu("return x[0, 0, 0, 0, 0, 0], x"),
            "asked for a size that is not there": affine("return x.shape[7], x"),
            "summed over an axis that is not there": relu("return x.sum(axis=7), x"),
        },
    ),
    Row(
        "… stopped with ValueError: … — in `…`. … Print the shapes on the way, …",
        "Two shapes do not go together in a sum, a product, an assignment or a reshape.",
        "Print both shapes just before that line, and compare them with the docstring's.",
        {
            "added arrays of unlike shape": affine("return x + np.zeros((7, 5)), x"),
            "multiplied matrices that do not fit": affine("return x @ w.T @ w.T, x"),
            "took the dot of what does not fit": affine("return x.dot(np.zeros((99, 2))), x"),
            "assigned another shape": affine("x[:] = np.zeros((3, 9, 9))\nreturn x, x"),
            "reshaped to another number of values": affine("return x.reshape(7, 13), x"),
            "put a list in one place": relu("y = np.zeros(3)\ny[0] = [1, 2]\nreturn y, x"),
        },
    ),
    Row(
        "… stopped with ValueError: The truth value of an array … — in `…`. …",
        "An `if` was asked about a whole array.",
        "Use np.where or a mask; .any() or .all() where one answer is meant.",
        {"asked an array a question": relu("if x > 0:\n    return x, x\nreturn 0 * x, x")},
    ),
    Row(
        "… stopped with ZeroDivisionError: … — in `…`. Print what stands under the division, …\n"
        "… stopped with RecursionError: … — in `…`. The function calls itself without end. …\n"
        "… stopped with MemoryError: … — in `…`. An array became far too large: …",
        "A number became zero or giant; or a function calls itself.",
        "Print the number just before that line; call the function that was meant.",
        {
            "divided a number by zero": relu("return x * (1 // 0), x"),
            "called itself": relu("return relu_forward(x)"),
            "asked for a giant array": relu("return np.zeros((10**9, 10**9)), x"),
        },
    ),
    Row(
        "… stopped with AssertionError… — in `…`. The `assert` … does not hold: …\n"
        "… stopped with … — in `…`. That is your own `raise`…",
        "Your own `assert` or `raise` found something.",
        "Print what it compares, and see whether this case should get there.",
        {
            "made an assert that fails": relu("assert x.ndim == 9\nreturn x, x"),
            "raised an Exception without a text": relu("raise Exception()"),
            "raised an error with a text": relu('raise ValueError("x is odd")'),
        },
    ),
    Row(
        "… stopped with SystemExit… — in `…`. Leave a function with `return`: …\n"
        "… stopped with EOFError: … — in `…`. Nobody can type an answer …",
        "The function ends Python, or asks with input().",
        "Use `return`; take everything from the arguments.",
        {
            "ended the program": relu("import sys\nsys.exit()"),
            "asked with input()": relu("n = input()\nreturn x, x"),
        },
    ),
    Row(
        "… had not finished after … s, so it was stopped. …",
        "A loop never ends, or input() waits. The other checks are then not run.",
        "Look at what ends each `while`; print its variable.",
        {"never ended": ("%env CS231N_CHECK_SECONDS=0.2", *relu("while True:\n    pass"))},
    ),
]

CELLS = [
    Row(
        "check.… takes … function(s), not …. Write check.…\n"
        "check.… got its functions in another order. Write check.…",
        "The check's cell was changed.",
        "Write the line that the message gives.",
        {
            "called a check without a function": ("check.conv_forward_naive()",),
            "swapped two functions": (
                *backward("return dout")[:2],
                "check.relu_backward(relu_backward, relu_forward)",
            ),
        },
    ),
    Row(
        "There is no check.…. Did you mean `…`? If the notebook came with that line, …\n"
        "There is no check.…. If the notebook came with that line, …",
        "The check's name is misspelt; or the notebook is newer than the package `cs231n`.",
        "Write the name that the message gives; or install the package again (see above), restart "
        "the kernel and run the set-up cell.",
        {
            "misspelled a check": ("check.conv_forward_naiv(3)",),
            "opened a notebook newer than the package": ("check.transformer(3)",),
        },
    ),
    Row(
        "This notebook needs the course's package `cs231n`, and this kernel does not have it.",
        "Another Python runs this notebook than the one with the package.",
        "Choose the kernel of `.venv`, or install as the message says.",
        {"opened the notebook with another Python": (HIDE_PACKAGE, set_up_cell())},
    ),
    Row(
        "This cell comes to life once … is written.\n"
        "This demonstration could not run. Stopped with …",
        "A demonstration needs a function that is still a stub, or fails.",
        "Make its check pass first. Nothing is graded here.",
        {
            "ran a demonstration of a stub": (relu(STUB)[0], DEMO),
            "ran a demonstration of a function that fails": (relu("return x[10]")[0], DEMO),
        },
    ),
    Row(
        "…: …, because …",
        "A later notebook wants a function of an earlier one, which is not there or not right.",
        "To use yours: make its check pass in its own notebook, save that, run this cell again.",
        {
            "has not written an earlier notebook": (
                "from cs231n import notebooks",
                'notebooks.load("0_none", "relu_forward", folder=".")',
            )
        },
    ),
    Row(
        "KeyboardInterrupt:…",
        "You stopped the cell (■), or Jupyter did.",
        "Nothing is lost: run it again.",
        {"stopped it by hand": relu("raise KeyboardInterrupt")},
    ),
]
