"""Mutants: one change each, where students write, and none of some exercises goes unnoticed.

All of them are judged by `python -m benchmarks.checks`, which takes minutes.
"""

import ast
from itertools import islice

import pytest

from grading.mistakes.judging import equivalent, judge
from grading.mistakes.mutants import judges, mutable, mutants
from grading.mistakes.mutations import replacements
from grading.mistakes.worlds import REFERENCE


def mutated(code, *names):
    """What one expression or statement may be replaced by, as text."""
    node = ast.parse(code).body[0]
    node = node.value if isinstance(node, ast.Expr) else node
    return {ast.unparse(ast.fix_missing_locations(new)) for new in replacements(node, set(names))}


@pytest.mark.parametrize(
    ("code", "names", "some"),
    [
        ("a + b", (), {"a - b", "a", "b"}),
        ("a @ b", (), {"b @ a"}),
        ("dx += w", (), {"dx = w", "dx -= w"}),
        ("x > 0", (), {"x >= 0", "x < 0"}),
        ("3", (), {"4", "2"}),
        ("0.5", (), {"1.0", "0.0"}),
        ("True", (), {"False"}),
        ("H", ("H", "W"), {"W"}),
        ("H", ("H",), set()),
        ("(0, 2, 3)", (), {"(2, 0, 3)", "(0, 3, 2)", "(0, 2)", "(2, 3)", "(0, 3)"}),
        ("np.max(x, axis=1)", (), {"np.min(x, axis=1)", "np.max(x)", "np.sum(x, axis=1)"}),
        ("x.T", (), {"x"}),
        ("range(n)", (), {"range(n - 1)", "range(1, n)"}),
        ("x.copy()", (), {"x"}),
        ("return dx, dw", (), {"return (dx * 0, dw)", "return (dx, dw * 0)"}),
        ("x = y", (), {"pass"}),
        ("return x", (), set()),
    ],
)
def test_rules_make_what_people_mix_up(code, names, some):
    assert mutated(code, *names) >= some
    assert code not in mutated(code, *names)


def test_a_slice_loses_an_end_or_counts_it_from_behind():
    node = ast.parse("x[pad : pad + H]").body[0].value.slice
    made = {ast.unparse(new) for new in replacements(node, set())}
    assert made == {"pad:", ":pad + H", "pad:-pad"}


def test_every_reference_function_has_mutants_where_students_write():
    for name in mutable():
        made = list(islice(mutants(name), 30))
        assert len(made) >= 2, name
        assert len({(m.line, m.was, m.now) for m in made}) == len(made)
        part = REFERENCE[name]
        assert all(part.first <= m.line <= part.last for m in made)


def test_a_mutant_is_judged_by_the_exercises_that_call_it_its_own_first():
    found = judges("conv_forward_naive")
    assert found == ["conv_forward_naive", "conv_backward_naive", "conv_dilation"]
    assert judges("TwoLayerNet") == ["two_layer_net"]


@pytest.mark.parametrize("name", ["softmax_loss", "relu_backward", "batchnorm_backward", "adam"])
def test_no_mutant_of_these_goes_unnoticed(name):
    judged = judge(name)
    assert judged.unnoticed == ()
    assert judged.stale == ()


def test_an_unnoticed_mutant_is_reported(monkeypatch):
    monkeypatch.setattr("grading.mistakes.judging.equivalent", dict)
    judged = judge("relu_backward")
    assert [now for _, _, now in judged.unnoticed] == ["dx = dout * (x >= 0)"]


def test_an_excuse_that_nothing_needs_is_reported(monkeypatch):
    needless = {"relu_backward": {("dx = dout * (x > 0)", "dx = dout * (x < 0)"): "never seen"}}
    monkeypatch.setattr("grading.mistakes.judging.equivalent", lambda: needless)
    assert judge("relu_backward").stale == (("dx = dout * (x > 0)", "dx = dout * (x < 0)"),)


def test_every_excuse_has_a_reason_and_names_a_function():
    assert equivalent()
    for function, places in equivalent().items():
        assert function in mutable()
        assert all(len(why) > 10 for why in places.values())
