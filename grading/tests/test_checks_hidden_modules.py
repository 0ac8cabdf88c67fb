"""What a notebook may not see while it is graded: modules that do what its exercises ask for."""

import re
from pathlib import Path

import pytest

import cs231n
from grading.checks import (
    EXERCISES,
    convolution,
    fast,
    fully_connected,
    hidden_from,
    pooling,
    training,
)

PACKAGE = Path(cs231n.__file__).parent
FAST = fast.EVERYTHING


@pytest.mark.parametrize(
    ("exercises", "hidden"),
    [
        ([], ()),
        (["svm_loss", "two_layer_net"], FAST),
        (["conv_forward_naive"], FAST),
        (["locally_connected_forward"], FAST),
        (["l2_pool_backward"], FAST),
        (["affine_forward", "avg_pool_as_conv", "conv_dilation"], FAST),
        (["adam"], ("cs231n.architectures", "cs231n.fast_optim", "cs231n.training")),
    ],
)
def test_fast_layers_are_hidden_where_they_would_be_the_answer(exercises, hidden):
    assert hidden_from(exercises) == hidden


def test_every_exercise_says_what_is_hidden_from_it():
    for name in EXERCISES:
        assert all(isinstance(module, str) for module in hidden_from([name]))
    with pytest.raises(KeyError):
        hidden_from(["no_such_exercise"])


@pytest.mark.parametrize("module", [convolution, pooling, fully_connected, training])
def test_hidden_modules_exist(module):
    for name in module.HIDE:
        path = PACKAGE.joinpath(*name.split(".")[1:])
        assert path.is_dir() or any(path.with_suffix(s).exists() for s in (".py", ".pyx"))


def test_every_module_that_computes_a_layer_is_on_the_list():
    names = {path.name.partition(".")[0] for path in PACKAGE.glob("*.py*")}
    computing = {name for name in names if name.startswith(("fast_", "im2col", "plain_"))} - {
        "fast_common"
    }
    whole = {"architectures", "kernels", "training"}
    assert {f"cs231n.{name}" for name in computing | whole} == {*FAST}


def test_no_module_that_is_left_passes_a_hidden_one_on():
    # (A visible check imports one when it runs, which then fails as the notebook itself would.)
    hidden = "|".join(name.removeprefix("cs231n.") for name in FAST)
    whole = rf"(?:from|import) cs231n\.(?:{hidden})\b"  # not cs231n.vis.training
    imports = re.compile(rf"^(?:{whole}|from cs231n import .*\b(?:{hidden})\b)", re.M)
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(["cs231n", *path.relative_to(PACKAGE).with_suffix("").parts])
        if not name.startswith((*FAST, "cs231n.fast_common")) and "tests" not in path.parts:
            assert not imports.search(path.read_text(encoding="utf-8")), name
