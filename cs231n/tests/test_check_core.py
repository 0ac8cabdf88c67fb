"""The checks' own machinery: verdicts, messages, and a student's code kept at arm's length."""

import sys

import numpy as np
import pytest

from cs231n.check import demo
from cs231n.check.compare import close, expect_tuple
from cs231n.check.core import CheckFailed, Exercise
from cs231n.check.guard import Functions
from cs231n.check.report import check_table
from cs231n.check.slips import likely_slip, windows_over


def exercise_about(body, functions=("double",)):
    exercise = Exercise("double", functions=functions)
    exercise.check("doubles")(body)
    return exercise


def run(body, function, secret=""):
    results, printed = exercise_about(body).run({"double": function}, secret)
    return results[0], printed


def doubles(f, rng):
    x = rng.standard_normal((2, 3))
    return close(f.double(x), 2 * x)


def test_numbers_follow_the_secret_but_where_chance_would_decide():
    seen = []
    exercise = Exercise("draws", functions=())
    for name in ("any", "small"):
        exercise.check(name)(lambda f, rng: seen.append(rng.random()))
    exercise.same_in_all_courses("small")
    for secret in ("a", "b"):
        exercise.run({}, secret)
    assert seen[0] != seen[2]
    assert seen[1] == seen[3]
    with pytest.raises(ValueError, match="no check named 'large'"):
        exercise.same_in_all_courses("large")


# ---- verdicts ------------------------------------------------------------------------------


def test_right_answer_passes_with_its_error_and_tolerance():
    result, _ = run(doubles, lambda x: x + x)
    assert result.passed
    assert result.error == 0.0
    assert result.tolerance == 1e-8


def test_untouched_stub_is_told_apart_from_a_wrong_answer():
    def double(x):
        raise NotImplementedError("not implemented yet")

    result, _ = run(doubles, double)
    assert not result.passed
    assert not result.ready
    assert result.message.startswith("double is not implemented yet: put your code")


def test_missing_function_is_named():
    result, _ = run(doubles, None)
    assert not result.passed
    assert "double is not defined" in result.message


def test_table_of_an_unwritten_exercise_is_one_plain_sentence():
    def double(x):
        raise NotImplementedError

    results, _ = exercise_about(doubles).run({"double": double})
    said = results[0].message
    assert said.startswith("double is not implemented yet")
    assert repr(check_table("double", results)) == said
    assert repr(check_table("pair", results)) == f"pair: {said}"


def test_table_shows_every_check_and_the_reason_of_a_failure():
    results, printed = exercise_about(doubles).run({"double": lambda x: print("<b>") or 3 * x})
    table = check_table("double", results, printed)
    assert "0 of 1 checks passed" in repr(table)
    assert "1.5 times" in repr(table)
    assert "✗ failed" in table._repr_html_()
    assert "&lt;b&gt;" in table._repr_html_()  # what a function prints is never taken for HTML


def test_validate_button_does_not_call_a_wrong_answer_right(monkeypatch, capsys):
    exercise = exercise_about(doubles)
    exercise(lambda x: 3 * x)  # elsewhere the notebook goes on
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exercise(lambda x: 2 * x)
    with pytest.raises(CheckFailed, match="double is not right yet"):
        exercise(lambda x: 3 * x)


def test_something_that_is_no_function_is_named():
    result, _ = run(doubles, 3)
    assert "should be a function, but it is a int" in result.message


def test_error_in_the_students_code_quotes_its_line():
    def double(x):
        return x[99]  # too far

    result, _ = run(doubles, double)
    assert "double stopped with IndexError" in result.message
    assert "return x[99]" in result.message


@pytest.mark.parametrize("problem", [SystemExit(0), MemoryError(), RecursionError("deep")])
def test_no_way_of_stopping_counts_as_a_pass(problem):
    def double(x):
        raise problem

    result, _ = run(doubles, double)
    assert not result.passed


def test_interrupting_by_hand_is_not_swallowed():
    def double(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(doubles, double)


def test_answer_of_a_strange_form_fails_with_a_sentence():
    result, _ = run(lambda f, rng: f.double(np.ones(2))["out"], lambda x: x)
    assert not result.passed
    assert "unexpected form" in result.message


def test_one_failing_check_does_not_stop_the_next():
    exercise = Exercise("double", functions=("double",))

    @exercise.check("first")
    def _(f, rng):
        raise CheckFailed("no")

    exercise.check("second")(doubles)
    results, _ = exercise.run({"double": lambda x: 2 * x})
    assert [r.passed for r in results] == [False, True]


def test_every_check_has_its_own_numbers_whatever_the_order():
    seen = {}

    def note(name):
        def body(f, rng):
            seen.setdefault(name, []).append(rng.random())

        return body

    for names in (("a", "b"), ("b", "a")):
        exercise = Exercise("double", functions=())
        for name in names:
            exercise.check(name)(note(name))
        exercise.run({})
    assert seen["a"][0] == seen["a"][1]
    assert seen["b"][0] == seen["b"][1]
    assert seen["a"][0] != seen["b"][0]


def test_a_secret_changes_the_numbers():
    drawn = []
    body = lambda f, rng: drawn.append(rng.random())  # noqa: E731
    for secret in ("", "one", "one"):
        run(body, None, secret)
    assert drawn[0] != drawn[1]
    assert drawn[1] == drawn[2]


def test_checks_that_say_so_draw_the_same_numbers():
    exercise, seen = Exercise("seeds", functions=()), []
    for name, numbers in (("one", "shared"), ("two", "shared"), ("three", "")):
        exercise.check(name, numbers=numbers)(lambda f, rng: seen.append(rng.random()))
    exercise.run({})
    exercise.run({}, "a secret")
    assert seen[0] == seen[1] != seen[2]
    assert seen[3] == seen[4] != seen[5]
    assert seen[0] != seen[3]


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (lambda x: (2 * x, None), 1),
        (lambda x: 1 / 0, 1),
        (lambda x: np.zeros(20_000), 3),  # too large to be kept
        (lambda x: object(), 3),
    ],
)
def test_what_several_checks_ask_is_asked_once_and_counts_in_each(answer, calls):
    called = []

    def double(x):
        called.append(x)
        return answer(x)

    def asks(f, rng):
        close(f.once(("x",), lambda: f.double(np.ones(3)))[0], 3 * np.ones(3))

    exercise = Exercise("shared", functions=("double",))
    for name in ("one", "two", "three"):
        exercise.check(name)(asks)
    results, _ = exercise.run({"double": double})
    assert len(called) == calls
    assert len({r.message for r in results}) == 1
    assert not any(r.passed for r in results)
    alone = exercise.run_one(2, Functions({"double": double}))
    assert [r.fingerprint for r in results] == 3 * [alone.fingerprint]


def test_two_checks_of_one_name_are_refused():
    exercise = exercise_about(doubles)
    with pytest.raises(ValueError, match="two checks named 'doubles'"):
        exercise.check("doubles")


def test_wrong_number_of_functions_is_a_clear_error():
    with pytest.raises(TypeError, match=r"takes 1 function.* not 2"):
        exercise_about(doubles)(abs, abs)


# ---- at arm's length -----------------------------------------------------------------------


def test_writing_into_the_input_does_not_spoil_the_check():
    def double(x):
        x *= 2
        return x

    result, _ = run(doubles, double)
    assert result.passed


def test_unchanged_finds_a_function_that_writes_into_its_input():
    def double(x):
        x *= 2
        return x

    body = lambda f, rng: f.unchanged("double", np.ones(3)) and None  # noqa: E731
    result, _ = run(body, double)
    assert "changed its argument number 1" in result.message


def test_unchanged_accepts_a_loan_that_is_given_back():
    def double(x):
        x *= 2
        out = x.copy()
        x /= 2
        return out

    def body(f, rng):
        f.unchanged("double", np.ones(3))

    result, _ = run(body, double)
    assert result.passed


def test_fortran_order_reaches_the_function():
    def double(x):
        assert x.flags.f_contiguous
        assert not x.flags.c_contiguous
        return 2 * x

    def body(f, rng):
        x = np.asfortranarray(rng.standard_normal((3, 4)))
        return close(f.double(x), 2 * x)

    result, _ = run(body, double)
    assert result.passed, result.message


def test_printing_goes_beside_the_table_and_has_an_end(capsys):
    def double(x):
        print("y" * 10_000)
        print("warning", file=sys.stderr)
        return 2 * x

    result, printed = run(doubles, double)
    assert result.passed
    assert 1000 < len(printed) < 3000
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="time limits need POSIX signals")
def test_endless_loop_is_stopped_once_and_not_called_again(monkeypatch):
    monkeypatch.setenv("CS231N_CHECK_SECONDS", "0.2")
    calls = []

    def double(x):
        calls.append(1)
        while True:
            try:  # noqa: SIM105
                pass
            except Exception:
                pass

    exercise = exercise_about(doubles)
    exercise.check("again")(doubles)
    results, _ = exercise.run({"double": double})
    assert "had not finished after 0.2 s" in results[0].message
    assert "Not run" in results[1].message
    assert len(calls) == 1


def test_demo_of_an_unwritten_exercise_says_what_is_missing(capsys):
    def double(x):
        raise NotImplementedError

    with demo():
        double(1)
    assert "comes to life once double is written" in capsys.readouterr().out


def test_demo_that_fails_does_not_stop_the_notebook(capsys):
    with demo():
        [][1]
    assert "could not run" in capsys.readouterr().out


# ---- messages ------------------------------------------------------------------------------

EXPECTED = np.arange(1.0, 25.0).reshape(1, 2, 3, 4)


def failure(actual, expected=EXPECTED, **options):
    with pytest.raises(CheckFailed) as caught:
        close(actual, expected, what="dx", **options)
    return str(caught.value)


def test_shape_of_n_by_1_is_not_taken_for_n():
    assert "has shape (3, 1), but it should be (3,)" in failure(np.ones((3, 1)), np.ones(3))


def test_two_numbers_that_differ_late_are_shown_with_enough_digits():
    message = failure(np.float64(0.1234561), np.float64(0.123456), tolerance=1e-9)
    assert "dx is 0.1234561, but it should be 0.123456." in message


def test_transposed_matrix_is_recognised():
    assert "It looks transposed" in failure(np.ones((2, 3)), np.ones((3, 2)))


def test_swapped_height_and_width_are_recognised_from_the_shape():
    assert "Height and width look swapped" in failure(EXPECTED.swapaxes(2, 3))


def test_forgotten_return_is_recognised():
    assert "Does the function end with `return`?" in failure(None)


def test_not_a_number_is_recognised_and_placed():
    actual = EXPECTED.copy()
    actual[0, 1, 2, 3] = np.nan
    message = failure(actual)
    assert "1 of 24 values of dx are not finite" in message
    assert "dx[0, 1, 2, 3]" in message


def test_complex_and_object_arrays_are_refused():
    assert "real numbers" in failure(EXPECTED.astype(complex))
    assert "real numbers" in failure(EXPECTED.astype(object))


def test_hidden_checks_do_not_quote_the_expected_value():
    actual = EXPECTED.copy()
    actual[0, 0, 1, 1] = -77.0
    assert "it should be 6" in failure(actual)
    hidden = failure(actual, show_values=False)
    assert "-77" in hidden
    assert "should be" not in hidden


@pytest.mark.parametrize(
    ("actual", "expected_hint"),
    [
        (0 * EXPECTED, "Every value is zero"),
        (-EXPECTED, "sign"),
        (3 * EXPECTED, "3 times"),
        (EXPECTED + 5, "off by the same amount"),
        (EXPECTED[..., ::-1, ::-1], "mirrored"),
    ],
)
def test_common_slips_are_recognised_from_the_numbers(actual, expected_hint):
    assert expected_hint in likely_slip(actual, EXPECTED, 1e-8)


def test_wrong_border_points_at_the_padding():
    rng = np.random.default_rng(0)
    expected = rng.standard_normal((2, 2, 5, 5))
    actual = expected.copy()
    actual[..., 0, :] = 9.0
    actual[..., :, -1] = 9.0
    assert "padding" in likely_slip(actual, expected, 1e-8)


OVER = np.outer([1, 1, 2, 1, 1], [1, 1, 2, 1, 1])  # windows 3x3, stride 2, over 5x5 pixels


def test_windows_over_pixels_are_counted_by_hand():
    assert np.array_equal(windows_over((5, 5), (3, 3, 2, 0)), OVER)
    assert np.array_equal(windows_over((2, 5), (1, 2, 3, 1)), [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    assert np.array_equal(windows_over((3, 4), (2, 2, 2, 0)), [[1] * 4, [1] * 4, [0] * 4])
    assert np.array_equal(windows_over((2, 2), (3, 3, 1, 1)), [[4, 4], [4, 4]])


@pytest.mark.parametrize(("over", "told"), [(2, "several windows share"), (0, "no window covers")])
def test_wrong_only_where_windows_overlap_or_leave_gaps_is_told(over, told):
    expected = np.random.default_rng(0).standard_normal((2, 2, 6, 6))
    windows = (3, 3, 2, 0) if over == 2 else (2, 2, 4, 0)
    pixels = windows_over((6, 6), windows)
    wrong = pixels > 1 if over == 2 else pixels == 0
    actual = np.where(wrong, expected + 1 + expected**2, expected)
    assert told in likely_slip(actual, expected, 1e-8, windows=windows)
    assert told not in likely_slip(actual, expected, 1e-8)
    everywhere = expected + 1 + expected**2
    assert told not in likely_slip(everywhere, expected, 1e-8, windows=windows)


def test_rounding_is_not_taken_for_a_slip():
    assert likely_slip(EXPECTED + 1e-7, EXPECTED, 1e-12) == ""


def test_right_answer_has_no_slip_to_report():
    rng = np.random.default_rng(0)
    expected = rng.standard_normal((2, 3, 4, 4))
    assert likely_slip(rng.standard_normal(expected.shape), expected, 1e-8) == ""


def test_zero_expected_and_zero_found_is_a_pass():
    assert close(np.zeros((2, 2)), np.zeros((2, 2))).error == 0.0


def test_tuple_of_the_wrong_length_names_what_was_wanted():
    with pytest.raises(CheckFailed, match=r"should return \(dx, dw\), but it returned 3 values"):
        expect_tuple((1, 2, 3), ("dx", "dw"), "affine_backward")
