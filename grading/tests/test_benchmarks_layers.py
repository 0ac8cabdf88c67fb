"""The benchmarks of the fast layers: what they count, whom they load, what they say when misused.

No speed is asserted. Here, and not in cs231n/tests, because the training step and the steps use the
course's reference.
"""

import json
import sys
from itertools import pairwise

import numpy as np
import pytest

import cs231n
import cs231n.im2col
from benchmarks import layer_report, layers, measure, original_layers, pictures, steps
from benchmarks.layer_cases import FULL, Convolution, Pooling, Sizes, Step
from benchmarks.layer_implementations import errors
from cs231n import fast_layers
from cs231n.fast_layers import conv_forward_fast

SMALL = Sizes(
    convolutions=(
        Convolution("a", 2, 3, 7, 7, 4, 3, 3, 2, 1),
        Convolution("b", 2, 4, 8, 8, 4, 3, 3, 1, 1),
    ),
    poolings=(Pooling("3x3, stride 2", 2, 3, 8, 8, 3, 2),),
    step=Step(N=4, size=8, filters=4, filter_size=3, hidden=6, classes=3),
    matmul=8,
    stream=1024,
    pause=0.0,
)
FAST = ["--repeats", "1", "--threads", "1", "--parts", "convolution,pooling,step"]

IM2COL = """
import numpy as np
def im2col(x, size):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return windows
"""
FAST_LAYERS = """
import numpy as np
from {package}.im2col_cython import col2im_cython
from {package}.im2col import *

def conv_forward_fast(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    assert (x.shape[2] + 2 * pad - w.shape[2]) % stride == 0, "height does not work"
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = im2col(padded, w.shape[2])[:, :, ::stride, ::stride]
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None], (x, w, b)

def conv_backward_fast(dout, cache):
    return [np.zeros_like(array) for array in cache]

def max_pool_forward_fast(x, pool_param):
    assert (x.shape[2] - pool_param["pool_height"]) % pool_param["stride"] == 0, "Invalid height"
"""


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    before = cs231n.get_num_threads()
    yield
    cs231n.set_num_threads(before)


@pytest.fixture
def original(tmp_path):
    """Writes a folder like the original's; style: what stands before .im2col in its imports."""

    def write(style="cs231n", layers=FAST_LAYERS, compiled=True):
        package = style if style else ""
        (tmp_path / "fast_layers.py").write_text(layers.replace("{package}", package))
        (tmp_path / "im2col.py").write_text(IM2COL)
        if compiled:
            (tmp_path / "im2col_cython.py").write_text("def col2im_cython(): pass\n")
        return tmp_path

    yield write
    original_layers._forget()


# ---- what is counted


@pytest.mark.parametrize(
    ("name", "forward"),
    [
        ("a", 2 * 100 * 25 * 16 * 16 * 3 * 3 * 3),  # (31 + 2 - 3) / 2 + 1 = 16 places
        ("c", 2_415_919_104),
        ("g", 2 * 16 * 96 * 55 * 55 * 3 * 11 * 11),  # (227 - 11) / 4 + 1 = 55 places
        ("h", 2 * 32 * 64 * 28 * 28 * 256),
    ],
)
def test_operations_are_those_worked_out_by_hand(name, forward):
    case = next(case for case in FULL.convolutions if case.name == name)
    assert case.flops("forward") == forward
    assert case.flops("backward") == 2 * forward


def test_bytes_are_those_worked_out_by_hand():
    case = Convolution("?", 1, 2, 4, 4, 3, 3, 3, 1, 0)  # x 32, w 54, b 3, out 12 numbers
    assert case.bytes("forward", 4) == 4 * (32 + 54 + 3 + 12)
    assert case.bytes("backward", 4) == 4 * (32 + 54 + 12 + 32 + 54 + 3)


def test_every_shape_fits_and_has_a_letter_of_its_own():
    letters = [case.name for case in FULL.convolutions]
    assert letters == list("abcdefgh")
    assert {case.out_shape[2] for case in FULL.convolutions} == {16, 32, 112, 55, 28}
    assert [case.out_shape[2] for case in FULL.poolings] == [16, 15]


def test_an_error_is_relative_to_the_largest_value():
    exact = [np.array([1.0, -4.0]), np.array([2.0]), np.array([1.0, 1.0])]
    result = [np.array([1.0, -3.0]), np.array([2.0]), np.array([1.0, 1.5])]
    assert errors(result, exact) == {"forward": 0.25, "backward": 0.5}


def test_a_ratio_above_one_means_that_ours_is_faster():
    ours = layers.Figure("convolution", "a", "float32", "forward", "auto", 1.0, [1.0], 6.0)
    theirs = layers.Figure("convolution", "a", "float32", "forward", "torch", 3.0, [3.0], 2.0)
    assert layer_report.ratio([ours, theirs], "auto", "torch", "a") == 3
    assert layer_report.ratio([ours], "auto", "torch", "a") is None
    assert layer_report.geometric_mean([0.5, 8.0]) == pytest.approx(2)


def test_each_takes_its_turn_after_an_untimed_call_of_its_own():
    order = []
    calls = {name: [lambda name=name: order.append(name)] for name in "xyz"}
    rows = list(measure.interleaved(calls, 3, 0))
    assert [set(row) for row in rows] == [set("xyz")] * 3
    firsts = [order[0]] + [b for a, b in pairwise(order) if a != b]
    assert "".join(firsts)[:3] == "xyz"
    assert list(rows[0]) == list("xyz")
    assert list(rows[1]) == list("yzx")
    assert min(order.count(name) for name in "xyz") >= 6


# ---- a run


def test_a_small_run_gives_tables_figures_and_a_roofline(tmp_path, capsys):
    wanted = ["--json", str(tmp_path / "o.json"), "--plot", str(tmp_path / "o.png")]
    assert layers.main([*FAST, "--dtype", "both", *wanted], SMALL) == 0
    said = capsys.readouterr().out
    for title in ("Convolution, backward, float64", "Errors, float32", "Max pooling", "training"):
        assert title in said
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["machine"]["threads"] == 1
    assert found["machine"]["processor"]
    done = {(f["case"], f["implementation"]) for f in found["figures"]}
    assert {("b", name) for name in ("auto", "direct", "im2col", "winograd", "matmul")} <= done
    assert ("a", "winograd") not in done  # stride 2
    (left_out,) = found["refused"]
    assert (left_out["implementation"], left_out["case"]) == ("winograd", "a")
    assert all(figure["seconds"] > 0 for figure in found["figures"])
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")


def test_only_the_shapes_and_parts_asked_for_are_measured(capsys):
    options = ["--repeats", "1", "--shapes", "a", "--parts", "convolution"]
    assert layers.main([*options, "--algorithms", "im2col"], SMALL) == 0
    said = capsys.readouterr().out
    assert "| a |" in said
    assert "| b |" not in said
    assert "direct" not in said
    assert "pooling" not in said


def test_a_wrong_result_fails_the_run(monkeypatch, capsys):
    def wrong(x, w, b, conv_param, algorithm="auto"):
        out, cache = conv_forward_fast(x, w, b, conv_param, algorithm=algorithm)
        return out + (algorithm == "direct"), cache

    monkeypatch.setattr(fast_layers, "conv_forward_fast", wrong)
    assert layers.main([*FAST, "--shapes", "a"], SMALL) == 1
    assert "WRONG: direct on a, forward" in capsys.readouterr().err


def test_an_interrupted_run_prints_what_it_has(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(layers.Runner, "measure_pooling", interrupt)
    assert layers.main(FAST, SMALL) == 130
    assert "Convolution, forward, float32" in capsys.readouterr().out


def test_import_times_and_peak_memory_are_measured(capsys):
    options = ["--repeats", "1", "--shapes", "a", "--parts", "import,memory", "--threads", "1"]
    assert layers.main([*options, "--algorithms", "im2col"], SMALL) == 0
    said = capsys.readouterr().out
    assert "`cs231n`" in said
    if sys.platform == "linux":
        assert "MiB beyond inputs and outputs" in said


def test_the_training_step_learns():
    from benchmarks.training_step import kit_step

    train = kit_step(SMALL.step)
    losses = [train() for _ in range(60)]
    assert losses[0] == pytest.approx(np.log(3), rel=0.1)  # three classes, small weights
    assert losses[-1] < 0.9 * losses[0]


def test_both_training_steps_start_from_the_same_loss_and_agree_later():
    pytest.importorskip("torch")
    from benchmarks.training_step import kit_step, torch_step

    ours, theirs = kit_step(SMALL.step), torch_step(SMALL.step)
    for _ in range(5):
        assert ours() == pytest.approx(theirs(), rel=1e-4)


def test_steps_from_loops_to_winograd_are_measured_and_drawn(tmp_path, capsys):
    file = tmp_path / "steps.png"
    options = ["--repeats", "1", "--threads", "1", "--plot", str(file)]
    assert steps.main(options, SMALL.convolutions[1]) == 0
    said = capsys.readouterr().out
    for name in ("Python loops", "NumPy im2col", "direct", "Winograd"):
        assert name in said
    assert file.read_bytes().startswith(b"\x89PNG")


def test_pictures_are_drawn_from_right_transforms(tmp_path):
    rng = np.random.default_rng(0)
    pixels, w = rng.standard_normal((6, 6)), rng.standard_normal((3, 3))
    *_, out = pictures.winograd_tile(pixels, w)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (3, 3))
    np.testing.assert_allclose(out, np.einsum("hwij,ij->hw", windows, w), atol=1e-12)
    assert pictures.main(["--into", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(pictures.PICTURES)


# ---- the original


@pytest.mark.parametrize("style", ["cs231n", ""], ids=["absolute imports", "relative imports"])
def test_the_original_finds_its_own_modules_and_ours_stay(original, style):
    ours = sys.modules["cs231n.im2col"]
    module = original_layers.load_original(original(style))
    assert module.im2col.__module__.startswith("_original_cs231n")
    assert sys.modules["cs231n.im2col"] is ours
    assert cs231n.im2col is ours


def test_shapes_that_the_original_refuses_are_left_out(original, capsys):
    folder = original()
    assert layers.main([*FAST, "--against", f"original={folder}", "--shapes", "a"], SMALL) == 1
    said = capsys.readouterr()
    assert "- original: max pooling 3x3, stride 2. The first because: Invalid height" in said.out
    assert "WRONG: original on a, backward" in said.err  # its gradients are zeros


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"compiled": False}, "build_ext --inplace"),
        ({"layers": "print 'Python 2'"}, "SyntaxError"),
        ({"layers": "x = 1"}, "has no conv_forward_fast"),
        ({"layers": FAST_LAYERS.replace("+ b", "+ 1 + b")}, "do not add up to 9"),
        ({"layers": FAST_LAYERS.replace("size]", "size / 2]")[:-900]}, "does not run|has no"),
    ],
    ids=["not built", "Python 2", "another file", "wrong sums", "cut off"],
)
def test_an_original_that_cannot_be_used_is_explained(original, what, message):
    with pytest.raises(original_layers.OriginalError, match=message):
        original_layers.load_original(original(**what))
    assert original_layers.PACKAGE not in sys.modules


def test_the_folder_above_the_original_is_pointed_out(tmp_path):
    (tmp_path / "cs231n").mkdir()
    (tmp_path / "cs231n" / "fast_layers.py").write_text("")
    with pytest.raises(original_layers.OriginalError, match="Did you mean"):
        original_layers.load_original(tmp_path)


# ---- misuse


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shapes", "az"], "'z'"),
        (["--shapes", ""], "nothing"),
        (["--algorithms", "direct,fft"], "'fft'"),
        (["--parts", "convolutions"], "'convolutions'"),
        (["--dtype", "float16"], "float16"),
        (["--repeats", "0"], "1 or more"),
        (["--threads", "-2"], "1 or more"),
        (["--threads", "many"], "many"),
        (["--against", "tensorflow"], "say torch, or original=PATH"),
        (["--against", "original="], "say torch, or original=PATH"),
        (["--against", "original=/nowhere"], "holds no fast_layers.py"),
        (["--json", "/nowhere/o.json"], "there is no folder"),
        (["--plot", "/nowhere/o.png"], "there is no folder"),
    ],
)
def test_rubbish_is_refused_with_the_reason(options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        layers.main(options, SMALL)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_missing_torch_is_said_before_anything_runs(monkeypatch, capsys):
    monkeypatch.setattr(layers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        layers.main(["--against", "torch"], SMALL)
    assert ended.value.code == 2
    assert "pip install torch" in capsys.readouterr().err


@pytest.mark.parametrize("command", [layers.main, steps.main, pictures.main])
def test_help_says_what_a_command_is_for(command, capsys):
    with pytest.raises(SystemExit) as ended:
        command(["--help"])
    assert ended.value.code == 0
    assert "usage: python -m benchmarks." in capsys.readouterr().out
