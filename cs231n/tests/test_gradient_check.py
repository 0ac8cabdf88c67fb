"""The gradient checker is the course's judge: here the judge is judged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs231n import gradient_check
from cs231n.gradient_check import (
    directional_derivative,
    numeric_gradient,
    relative_error,
    sparse_gradient_check,
)


def cubic(x):
    return np.sum(x**3)


class TestRelativeError:
    def test_zero_against_zero_is_no_error(self):
        assert relative_error(np.zeros(3), np.zeros(3)) == 0.0

    def test_column_against_vector_is_refused(self):
        with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\).*reshape"):
            relative_error(np.ones((3, 1)), np.ones(3))

    def test_number_against_array_is_refused(self):
        with pytest.raises(ValueError, match="shape"):
            relative_error(1.0, np.ones(3))

    def test_half_of_the_truth_is_one_third(self):
        assert relative_error([1.0, 2.0], [1.0, 1.0]) == pytest.approx(1 / 3)

    def test_opposite_signs_are_as_wrong_as_can_be(self):
        assert relative_error(2.0, -2.0) == 1.0

    def test_rounding_noise_around_zero_is_forgiven(self):
        assert relative_error(1e-14, 0.0) < 1e-5

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_not_finite_never_passes_whichever_way_it_is_compared(self, bad):
        # nan would slip through `if error > tolerance: fail`.
        for error in (relative_error(bad, 1.0), relative_error(1.0, bad), relative_error(bad, bad)):
            assert error == np.inf

    def test_unsigned_integers_do_not_wrap_round(self):
        assert relative_error(np.uint8([1]), np.uint8([3])) == 0.5

    def test_huge_values_do_not_overflow(self):
        assert relative_error(1.5e308, 1.5e308) == 0.0

    def test_empty_arrays_agree(self):
        assert relative_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0.0

    def test_complex_is_refused(self):
        with pytest.raises(ValueError, match="real"):
            relative_error(1j, 1.0)

    @given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
    def test_symmetric_and_between_0_and_1(self, a, b):
        assert relative_error(a, b) == relative_error(b, a)
        assert 0.0 <= relative_error(a, b) <= 1.0


class TestNumericGradient:
    @pytest.mark.parametrize("dtype", ["int64", "uint8", "int8", "float16", "float32", "float64"])
    def test_any_dtype_gives_the_float64_gradient(self, dtype):
        x = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype)
        gradient = numeric_gradient(cubic, x)
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient, [[3, 12, 27], [48, 75, 108]], rtol=1e-7)

    def test_list_and_number_are_taken_as_arrays(self):
        np.testing.assert_allclose(numeric_gradient(cubic, [1, 2]), [3, 12], rtol=1e-7)
        assert numeric_gradient(lambda x: x**2, 3) == pytest.approx(6)

    @pytest.mark.parametrize(
        "arrange",
        [np.asfortranarray, lambda a: a.T, lambda a: a[::2, ::-1]],
        ids=["F", "T", "view"],
    )
    def test_memory_order_does_not_matter(self, arrange):
        x = arrange(np.random.default_rng(0).standard_normal((4, 6)))
        np.testing.assert_allclose(numeric_gradient(cubic, x), 3 * x**2, rtol=1e-6)

    def test_read_only_input_works(self):
        x = np.array([1.0, 2.0])
        x.flags.writeable = False
        np.testing.assert_allclose(numeric_gradient(cubic, x), [3, 12], rtol=1e-7)

    def test_gradient_from_above_weights_the_outputs(self):
        rng = np.random.default_rng(1)
        x, w, df = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.random((4, 2))
        np.testing.assert_allclose(numeric_gradient(lambda x: x @ w, x, df), df @ w.T, rtol=1e-8)

    def test_wrong_shape_of_df_is_refused_and_not_broadcast(self):
        with pytest.raises(ValueError, match=r"df.*\(3,\).*\(3, 1\)"):
            numeric_gradient(lambda x: x, np.ones(3), np.ones((3, 1)))

    def test_array_output_without_df_is_refused(self):
        with pytest.raises(ValueError, match="Give df"):
            numeric_gradient(lambda x: 2 * x, np.ones(3))

    def test_output_that_is_the_input_itself_is_differentiated(self):
        # f hands back its own argument: a checker that reuses one buffer would measure 0.
        np.testing.assert_allclose(numeric_gradient(lambda x: x, np.ones(3), np.ones(3)), 1)

    def test_function_that_scribbles_on_its_input_does_no_harm(self):
        def scribble(x):
            x *= x
            return np.sum(x)

        x = np.array([1.0, 2.0, 3.0])
        np.testing.assert_allclose(numeric_gradient(scribble, x), [2, 4, 6], rtol=1e-8)
        np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])

    def test_input_is_restored_when_f_raises(self):
        x, calls = np.array([1.0, 2.0]), []

        def fails_late(_):
            calls.append(1)
            if len(calls) > 3:
                raise KeyError("broken")
            return x[0]

        with pytest.raises(KeyError):
            numeric_gradient(fails_late, x)
        np.testing.assert_array_equal(x, [1.0, 2.0])

    def test_function_of_a_parameter_it_reads_for_itself(self):
        # The classic use: the loss looks at net.params["W"], whatever it is called with.
        params = {"W": np.array([1.0, 2.0])}
        gradient = numeric_gradient(lambda _: cubic(params["W"]), params["W"])
        np.testing.assert_allclose(gradient, [3, 12], rtol=1e-7)
        np.testing.assert_array_equal(params["W"], [1.0, 2.0])

    def test_same_array_inside_f_is_held_constant_when_f_uses_its_argument(self):
        x = np.array([1.0, 2.0, 3.0])
        np.testing.assert_allclose(numeric_gradient(lambda a: np.sum(a * x), x), x, rtol=1e-8)

    def test_ignored_argument_that_cannot_be_nudged_is_not_silent(self):
        params = {"W": np.array([1, 2])}
        with pytest.warns(UserWarning, match="did not change"):
            numeric_gradient(lambda _: cubic(params["W"]), params["W"])

    def test_float32_inside_f_is_not_silent(self):
        with pytest.warns(UserWarning, match="float32"):
            numeric_gradient(lambda x: cubic(x.astype(np.float32)), np.ones(2))

    def test_step_that_vanishes_beside_a_large_value_is_refused(self):
        with pytest.raises(ValueError, match=r"vanishes.*x\[1\]"):
            numeric_gradient(np.sum, np.array([1.0, 1e14]))

    @pytest.mark.parametrize("h", [0, -1e-5, np.nan, np.inf])
    def test_senseless_step_is_refused(self, h):
        with pytest.raises(ValueError, match="step h"):
            numeric_gradient(cubic, np.ones(2), h=h)

    def test_differences_are_centred(self):
        # A one-sided difference of x^2 at 1 is off by h; the centred one is exact but for rounding.
        assert abs(numeric_gradient(lambda x: x**2, 1.0, h=1e-2) - 2) < 1e-12

    def test_empty_input_has_an_empty_gradient(self):
        assert numeric_gradient(np.sum, np.zeros((0, 3))).shape == (0, 3)


class TestDirectionalDerivative:
    @given(st.integers(0, 2**32 - 1))
    def test_is_the_gradient_along_the_direction(self, seed):
        rng = np.random.default_rng(seed)
        x, direction = rng.standard_normal((2, 3, 4))
        expected = np.sum(3 * x**2 * direction)
        assert directional_derivative(cubic, x, direction) == pytest.approx(expected, abs=1e-6)

    def test_gradient_from_above_and_integer_input(self):
        slope = directional_derivative(lambda x: 3 * x, np.array([1, 2]), [1, 0], df=[2, 5])
        assert slope == pytest.approx(6)

    def test_direction_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"\(3,\).*\(3, 1\)"):
            directional_derivative(cubic, np.ones(3), np.ones((3, 1)))


class TestSparseCheck:
    def test_right_gradient_passes_and_one_wrong_value_shows(self):
        x = np.random.default_rng(3).standard_normal((3, 4))
        right = 3 * x**2
        assert sparse_gradient_check(cubic, x, right, num_checks=5).worst < 1e-6
        wrong = right.copy()
        wrong[2, 1] += 1
        report = sparse_gradient_check(cubic, x, wrong, num_checks=12)
        assert report.indices[int(np.argmax(report.errors))] == (2, 1)
        assert report.worst > 1e-3

    def test_coordinates_are_different_ones_and_never_too_many(self):
        report = sparse_gradient_check(cubic, np.ones((2, 3)), np.full((2, 3), 3.0), num_checks=99)
        assert sorted(report.indices) == list(np.ndindex(2, 3))

    def test_same_seed_tries_the_same_coordinates(self):
        x = np.ones(1000)
        first, again, other = (
            sparse_gradient_check(cubic, x, 3 * x, seed=seed).indices for seed in (7, 7, 8)
        )
        assert first == again != other

    def test_gradient_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match="shape"):
            sparse_gradient_check(cubic, np.ones((3, 1)), np.ones(3))

    def test_report_prints_as_a_table(self):
        text = str(sparse_gradient_check(cubic, np.ones(3), np.full(3, 3.0)))
        assert "relative error" in text
        assert len(text.splitlines()) == 4


class TestClassicNames:
    def test_classic_calls_work_unchanged(self, capsys):
        x = np.array([1.0, 2.0])
        gradient = gradient_check.eval_numerical_gradient(cubic, x, verbose=False)
        np.testing.assert_allclose(gradient, [3, 12], rtol=1e-7)
        assert capsys.readouterr().out == ""
        gradient = gradient_check.eval_numerical_gradient_array(lambda x: 2 * x, x, np.ones(2))
        np.testing.assert_allclose(gradient, [2, 2])
        gradient_check.grad_check_sparse(cubic, x, 3 * x**2)
        assert "relative error" in capsys.readouterr().out
        assert gradient_check.rel_error([1.0], [1.0]) == 0.0
