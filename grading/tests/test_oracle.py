"""The reference with a memory: as right as the reference itself, and nobody can spoil it."""

import numpy as np
import pytest

from grading.checks import EXERCISES, oracle
from grading.reference import convolution, fully_connected, pooling
from grading.tests.test_checks_convolution import reference_functions

PARAM = {"stride": 2, "pad": 1}


def layer(seed=0, order="C", dtype=float):
    rng = np.random.default_rng(seed)
    shapes = (2, 3, 5, 5), (4, 3, 3, 3), (4,)
    return [np.array(rng.standard_normal(s), dtype=dtype, order=order) for s in shapes]


def remembering(module=convolution, room=oracle.ROOM):
    memory = oracle.Memory(room)
    return oracle.remembering(module, memory), memory


def counting(answer=np.negative):
    """A function that counts how often it is called, and the list of its calls."""
    calls = []

    def function(*args):
        calls.append(args)
        return answer(*args)

    return function, calls


def equal(left, right):
    if isinstance(left, np.ndarray | np.generic):
        alike = left.dtype == right.dtype and left.flags.f_contiguous == right.flags.f_contiguous
        return alike and np.array_equal(left, right)
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_answers_are_the_reference_s_the_first_time_and_later(order, dtype):
    reference, _ = remembering()
    x, w, b = layer(order=order, dtype=dtype)
    right = convolution.conv_forward_naive(x, w, b, PARAM)
    dout = np.ones(right[0].shape)
    for _ in range(3):
        came = reference.conv_forward_naive(x, w, b, PARAM)
        assert equal(came, right)
        gradients = reference.conv_backward_naive(dout, came[1])
        assert equal([g.shape for g in gradients], [x.shape, w.shape, b.shape])
        assert all(map(np.array_equal, gradients, convolution.conv_backward_naive(dout, right[1])))


@pytest.mark.parametrize("module", [convolution, pooling, fully_connected])
def test_every_function_of_a_module_is_there_and_no_other(module):
    reference, _ = remembering(module)
    functions = [n for n, v in vars(module).items() if callable(v) and not isinstance(v, type)]
    assert sorted(vars(reference)) == sorted(functions)


def test_a_question_is_worked_out_once():
    function, calls = counting()
    ask = oracle.remembered(function, oracle.Memory())
    for _ in range(3):
        assert np.array_equal(ask(np.arange(3.0)), [0, -1, -2])
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        np.arange(6.0).reshape(2, 3) + 1e-15,
        np.arange(6.0).reshape(3, 2),
        np.arange(6.0, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6).reshape(2, 3),
    ],
    ids=["value", "shape", "dtype", "memory order", "integers"],
)
def test_questions_that_differ_in_anything_are_told_apart(other):
    function, calls = counting()
    ask = oracle.remembered(function, oracle.Memory())
    for question in (np.arange(6.0).reshape(2, 3), other):
        assert equal(ask(question), -question)
    assert len(calls) == 2


def test_questions_with_other_settings_or_to_other_functions_are_told_apart():
    reference, _ = remembering(pooling)
    x = np.arange(32.0).reshape(1, 2, 4, 4)
    answers = [
        forward(x, {"pool_height": 2, "pool_width": 2, "stride": stride})[0]
        for forward in (reference.max_pool_forward_naive, reference.avg_pool_forward)
        for stride in (1, 2)
    ]
    assert [a.shape[2] for a in answers] == [3, 2, 3, 2]
    assert answers[0][0, 0, 0, 0] == 5
    assert answers[2][0, 0, 0, 0] == 2.5


def test_writing_into_an_answer_its_cache_or_a_question_changes_nothing_remembered():
    reference, _ = remembering()
    arrays = layer()
    kept = [array.copy() for array in arrays]
    right = convolution.conv_forward_naive(*kept, PARAM)
    for _ in range(3):
        param = dict(PARAM)
        out, cache = reference.conv_forward_naive(*arrays, param)
        assert equal((out, cache), right)
        out[:] = cache[0][:] = cache[1][:] = 7  # all of them can be written into
        cache[3]["stride"] = 1
        assert equal(arrays, kept)
        assert param == PARAM
        for array in arrays:
            array[:] = 7
        arrays = [array.copy() for array in kept]


def test_reference_that_writes_into_its_question_reaches_nobody():
    def greedy(x):
        x += 1
        return x

    ask = oracle.remembered(greedy, oracle.Memory())
    x = np.zeros(3)
    for _ in range(2):
        assert ask(x).tolist() == [1, 1, 1]
        assert x.tolist() == [0, 0, 0]


def test_errors_of_the_reference_are_raised_each_time():
    reference, memory = remembering()
    for _ in range(2):
        with pytest.raises(ValueError, match="does not fit into"):
            reference.conv_output_size(4, 5)
    assert memory.used == 0


def test_memory_stays_within_its_room_and_forgets_what_was_not_asked_for_longest():
    function, calls = counting(lambda number: np.zeros(1000))  # 8 kB each
    memory = oracle.Memory(room=30_000)
    ask = oracle.remembered(function, memory)
    for number in (1, 2, 3, 1, 4, 1, 2):
        ask(number)
        assert memory.used <= memory.room
    assert [number for (number,) in calls] == [1, 2, 3, 4, 2]


def test_answer_larger_than_the_room_is_given_and_not_kept():
    memory = oracle.Memory(room=1000)
    ask = oracle.remembered(np.zeros, memory)
    assert ask(500).shape == (500,)
    assert memory.used == 0


def test_all_checks_of_a_course_fit_into_a_small_part_of_the_memory():
    memory = oracle._memory
    memory._answers.clear()  # of the tests that ran before, with secrets of their own
    memory.used = 0
    for name in ("conv_forward_naive", "conv_backward_naive"):
        EXERCISES[name].run(reference_functions(name), "a course")
    assert 0 < memory.used < oracle.ROOM / 4


def test_courses_with_different_secrets_do_not_mix():
    exercise = EXERCISES["conv_forward_naive"]
    for secret in ("a", "b", "a", "b"):
        results, _ = exercise.run(reference_functions(exercise.name), secret)
        assert all(result.passed for result in results)
