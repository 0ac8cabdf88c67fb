"""What a notebook may not see while it is graded: modules that do what its exercises ask for."""

import re
from pathlib import Path

import pytest

import cs231n
from grading.checks import EXERCISES, convolution, fully_connected, hidden_from, pooling

PACKAGE = Path(cs231n.__file__).parent
FAST = ("cs231n.fast_layers", "cs231n.im2col", "cs231n.im2col_cython")


@pytest.mark.parametrize(
    ("exercises", "hidden"),
    [
        ([], ()),
        (["svm_loss", "two_layer_net"], ()),
        (["conv_forward_naive"], FAST),
        (["locally_connected_forward"], FAST),
        (["l2_pool_backward"], FAST),
        (["affine_forward", "avg_pool_as_conv", "conv_dilation"], FAST),
    ],
)
def test_fast_layers_are_hidden_where_they_would_be_the_answer(exercises, hidden):
    assert hidden_from(exercises) == hidden


def test_every_exercise_says_what_is_hidden_from_it():
    for name in EXERCISES:
        assert all(isinstance(module, str) for module in hidden_from([name]))
    with pytest.raises(KeyError):
        hidden_from(["no_such_exercise"])


@pytest.mark.parametrize("module", [convolution, pooling, fully_connected])
def test_hidden_modules_exist(module):
    for name in module.HIDE:
        path = PACKAGE.joinpath(*name.split(".")[1:])
        assert path.with_suffix(".py").exists() or path.with_suffix(".pyx").exists()


def test_no_module_that_is_left_passes_a_hidden_one_on():
    # (A visible check imports one when it runs, which then fails as the notebook itself would.)
    imports = re.compile(r"^(?:from|import) .*\b(?:fast_layers|im2col|im2col_cython)\b", re.M)
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(["cs231n", *path.relative_to(PACKAGE).with_suffix("").parts])
        if name not in FAST and "tests" not in path.parts:
            assert not imports.search(path.read_text(encoding="utf-8")), name
