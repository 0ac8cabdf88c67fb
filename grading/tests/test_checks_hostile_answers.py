"""Hidden checks against answers that were made to harm them, or that nobody thought of.

Whatever a function returns: the check fails with a sentence, at once, and in little memory.
"""

import os
import time
import tracemalloc
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest

from cs231n.check.core import Exercise
from cs231n.check.guard import Functions
from cs231n.check.results import CheckFailed
from grading.checks import EXERCISES, answers, oracle
from grading.checks.core import grade
from grading.checks.slopes import slope
from grading.reference import (
    case_studies,
    case_studies_blocks,
    columns,
    convolution,
    fc_to_conv,
    fully_connected,
    normalization,
    patterns,
    pooling,
    training,
)
from grading.tests.hostile_values import LONG, MIB, VALUES, forms
from grading.tests.wrong.two_layer_net import LAYERS, net
from grading.variants.training import WRAPPED

THOROUGH = bool(os.environ.get("CS231N_THOROUGH"))
# Remembered, for speed: what is right here is asked for again and again.
MODULES = (
    *(fully_connected, convolution, pooling, normalization, columns, fc_to_conv, patterns),
    *(case_studies, case_studies_blocks, training),
)
REFERENCE = {
    name: function
    for module in MODULES
    for name, function in vars(oracle.remembering(module)).items()
} | {"two_layer_net_loss": net, **WRAPPED}
# What a student writes for these exercises goes by other names where a check calls it.
CALLED = {
    "two_layer_net": ("two_layer_net_loss",),
    "three_layer_conv_net": ("three_layer_net_params", "three_layer_net_loss"),
    "train_epoch": ("epoch_on_a_line",),
}


def constant(answer):
    return lambda *args: answer


def passed(exercise, functions, what="large"):
    """The checks that pass; fails where grading takes long, much memory, or says nothing.

    what: the name of a value; memory is looked at where it tells of many numbers, and of values of
    many parts, with which that is slow, in every fourth exercise
    """
    functions = {name: functions[name] for name in EXERCISES[exercise].functions}
    most, start = 0, time.process_time()
    of_parts = "list" in what and list(EXERCISES).index(exercise) % 4
    looked_at = any(word in what for word in ("large", "long", "deep")) and not of_parts
    with traced() if looked_at else nullcontext():
        graded = grade(EXERCISES[exercise], functions, 1)
        most = tracemalloc.get_traced_memory()[1] if looked_at else 0
    assert time.process_time() - start < 5  # a tenth of that when nothing is traced
    assert most < 24 * MIB
    checks = graded["checks"]
    assert all(check["message"] for check in checks if not check["passed"])
    assert all(len(check["message"]) < 2100 for check in checks)
    return [check["name"] for check in checks if check["passed"]]


@contextmanager
def traced():
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


PAIRS = [n for n, e in EXERCISES.items() if "_backward" in n]
# Their caches have no customary form: without a usable forward there is nothing to go back with.
OF_BLOCKS = {"inception_backward", "residual_block_backward"}
NEEDS_FORWARD = {n for n in PAIRS if "norm" in n or "dropout" in n} | OF_BLOCKS


def some_of(what, exercises):
    """A third of the exercises, others for the next value: so each meets a third of the values; all
    where the environment variable CS231N_THOROUGH is set."""
    start = 0 if THOROUGH else list(VALUES).index(what) % 3
    return list(exercises)[start :: 1 if THOROUGH else 3]


@pytest.mark.parametrize("what", VALUES)
def test_hostile_answer_passes_no_check(what):
    graded = (name for name in EXERCISES if name != "conv_dilation")  # that has two to grade
    for exercise in some_of(what, graded):
        functions = CALLED.get(exercise, (exercise,))
        for answer in forms(functions[0], VALUES[what]):
            hostile = dict.fromkeys(functions, constant(answer))
            assert passed(exercise, REFERENCE | hostile, what) == [], exercise


@pytest.mark.parametrize("what", VALUES)
def test_hostile_answers_of_all_functions_pass_no_check(what):
    of_several = (name for name, e in EXERCISES.items() if len(e.functions) > 1)
    for exercise in some_of(what, of_several):
        functions = EXERCISES[exercise].functions
        answers_of = {f: list(forms(f, VALUES[what])) for f in functions}
        for number in range(3):
            hostile = {f: constant(a[min(number, len(a) - 1)]) for f, a in answers_of.items()}
            assert passed(exercise, hostile, what) == [], exercise


@pytest.mark.parametrize("what", VALUES)
def test_right_backward_is_graded_whatever_its_forward_returns(what):
    for exercise in PAIRS:
        forward = EXERCISES[exercise].functions[-2]
        names = passed(exercise, REFERENCE | {forward: constant((VALUES[what], None))}, what)
        without = exercise in NEEDS_FORWARD | {"affine_backward", "relu_backward"}
        assert names or without, exercise


# ---- answers that change from call to call ----------------------------------------------------


BASIC_SHAPES = {
    "affine": (3, 4), "relu": (3, 4), "conv": (2, 3, 5, 5), "max_pool": (2, 3, 6, 4),
    "avg_pool": (2, 3, 6, 4), "l2_pool": (2, 3, 6, 4),
    "batchnorm": (60, 3), "layernorm": (3, 60), "dropout": (30, 40),
    "spatial_batchnorm": (4, 3, 4, 4), "spatial_groupnorm": (2, 4, 5, 6),
}  # fmt: skip


def right_at_heart(exercise, elsewhere):
    """The functions of a backward exercise, with a forward right in shapes like the basic case.

    elsewhere: (out, how often it was called with this shape) -> out in all other shapes
    Backward gives zeros.
    """
    *helpers, forward, backward = EXERCISES[exercise].functions
    kind, seen = exercise.partition("_backward")[0], {}

    def own_forward(x, *rest):
        out, _ = REFERENCE[forward](x, *rest)
        seen[x.shape] = seen.get(x.shape, 0) + 1
        if x.shape != BASIC_SHAPES[kind]:
            out = elsewhere(out, seen[x.shape])
        return out, (x, *rest)

    def zeros(dout, cache):
        gradients = tuple(np.zeros(part.shape) for part in cache if isinstance(part, np.ndarray))
        return gradients if len(gradients) > 1 else gradients[0]

    return {name: REFERENCE[name] for name in helpers} | {forward: own_forward, backward: zeros}


# A backward pass of blocks is graded behind its own forward pass alone.
SLOPES = [name for name in PAIRS if name not in OF_BLOCKS]


@pytest.mark.parametrize("exercise", SLOPES)
@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda out, time: np.full(out.shape, np.nan),
        lambda out, time: np.full(out.shape, np.inf),
        lambda out, time: np.zeros(out.shape),
        lambda out, time: np.ones(out.shape),
    ],
    ids=["nan", "inf", "zeros", "ones"],
)
def test_zero_gradient_is_not_the_slope_of_a_forward_that_says_nothing(exercise, elsewhere):
    names = passed(exercise, right_at_heart(exercise, elsewhere))
    # Where x is a single number, the slope may be zero: one value says little.
    assert set(names) <= {"dx: a single number", "every x positive, every x negative"}


@pytest.mark.parametrize("exercise", ["affine_backward", "relu_backward"])
def test_gradient_that_overflows_is_not_the_slope_of_anything(exercise):
    functions = right_at_heart(exercise, lambda out, time: 2 * out)
    backward = EXERCISES[exercise].functions[1]

    def giant(dout, cache):
        parts = [np.full(part.shape, 1e308) for part in cache if isinstance(part, np.ndarray)]
        for part in parts:
            part.flat[::2] *= -1  # inf - inf is nan
        return tuple(parts) if len(parts) > 1 else parts[0]

    assert passed(exercise, functions | {backward: giant}) == []


@pytest.mark.parametrize("what", VALUES)
def test_forward_that_turns_hostile_while_its_slope_is_measured(what):
    def elsewhere(out, time):
        return 2 * out if time % 2 else VALUES[what]

    for exercise in SLOPES:
        assert passed(exercise, right_at_heart(exercise, elsewhere), what) == [], exercise


@pytest.mark.parametrize("far", [LONG[:, None], LONG[None, :], np.ones((1, 1)), np.ones(())])
def test_layers_of_unlike_shapes_are_not_added_up(far):
    rows = {
        "affine_forward": lambda x, w, b: (LONG[None, :], None),
        "affine_backward": lambda dout, cache: (LONG[:, None], far, LONG),
        "relu_forward": lambda x: (LONG[None, :], None),
        "relu_backward": lambda dout, cache: LONG[None, :],
        "softmax_loss": lambda x, y: (far, LONG[:, None]),
    }
    wrong = {
        "two_layer_net_loss": lambda *args: (far, dict.fromkeys(("W1", "b1", "W2", "b2"), far))
    }
    assert passed("two_layer_net", rows | wrong) == []
    assert (
        passed("two_layer_net", LAYERS | {"affine_backward": rows["affine_backward"]} | wrong) == []
    )


# ---- weak places ------------------------------------------------------------------------------


def refuses(error):
    def function(*args):
        raise error

    return function


class UnderTheName(Exception):
    """Not a ValueError."""


@pytest.mark.parametrize(
    "error", [ValueError("no"), RuntimeError("ValueError: no"), UnderTheName("ValueError")]
)
def test_refusing_everything_is_not_refusing_what_is_illegal(error):
    assert passed("conv_output_size", {"conv_output_size": refuses(error)}) == []


def test_answer_that_could_not_be_read_is_no_value_error():
    class Unreadable(Functions):
        def _call(self, name, args, kwargs):
            raise CheckFailed(f"{name} returned something that cannot be read (ValueError).")

    results, _ = EXERCISES["conv_output_size"].run(Unreadable({"conv_output_size": None}))
    assert not any(result.passed for result in results)


@pytest.mark.parametrize("key", ["stride", "pad"])
@pytest.mark.parametrize("what", [*VALUES, "less than nothing", "a fraction"])
def test_average_pooling_as_a_hostile_convolution(key, what):
    value = {**VALUES, "less than nothing": -1, "a fraction": 2.5}[what]

    def answer(C, pool_param):
        w, b, conv_param = pooling.avg_pool_as_conv(C, pool_param)
        return w, b, conv_param | {key: value}

    # A number that is as good as the right stride will do in the two cases where that is right.
    names = passed("avg_pool_as_conv", {"avg_pool_as_conv": answer}, what)
    assert len(names) <= (2 if key == "stride" else 0)


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(),
        RecursionError("too deep"),
        SystemExit(3),
        GeneratorExit(),
        KeyError("x" * MIB),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_exception_in_a_check_is_a_failed_check_with_a_sentence(problem):
    exercise = Exercise("unlucky", functions=("nothing",))
    exercise.check("raises")(lambda f, rng: refuses(problem)())
    (result,), _ = exercise.run({"nothing": None})
    assert not result.passed
    assert type(problem).__name__ in result.message
    assert len(result.message) < 400


def test_exception_that_cannot_be_shown_is_a_failed_check():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    exercise = Exercise("unlucky", functions=("nothing",))
    exercise.check("raises")(lambda f, rng: refuses(Mute())())
    (result,), _ = exercise.run({"nothing": None})
    assert "Mute" in result.message


# ---- the tools ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [2.0, 3, True, np.float32(2), [1, 2.5], [[1, 2], [3, 4]], [np.ones(3), np.zeros(3)]]
)
def test_numbers_and_nested_lists_of_them_are_arrays(value):
    assert np.array_equal(answers.as_array(value, "out"), np.asarray(value))


def test_tuple_is_told_from_an_array_and_a_row_of_its_length():
    with pytest.raises(CheckFailed, match="a tuple of 2"):
        answers.as_array((np.ones(3), None), "out", (2, 3))
    assert answers.as_array((1.0, 2.0), "db", (2,)).shape == (2,)


def test_slope_is_that_of_the_formula_and_takes_two_calls():
    calls = []

    def forward(x):
        calls.append(x)
        return x**2

    x, direction = np.array([1.0, 2.0], dtype=np.float32), np.array([1.0, -1.0])
    assert slope(forward, x, direction, np.array([3.0, 1.0])) == pytest.approx(3 * 2 - 4)
    assert len(calls) == 2
    assert all(moved.dtype == np.float64 for moved in calls)
