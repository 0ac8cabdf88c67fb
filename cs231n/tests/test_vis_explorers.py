"""Pictures with controls: what they show, what they say, and what is left without controls."""

import builtins
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from cs231n import vis
from cs231n.architectures import build, parse
from cs231n.architectures.memory import training_memory
from cs231n.architectures.receptive import receptive_fields
from cs231n.vis import explorer

MAKERS = (vis.convolution_explorer, vis.receptive_field_explorer, vis.memory_explorer)
LIVE = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def made():
    """One explorer of each kind. Tests put back what they change."""
    pytest.importorskip("ipywidgets")
    return {make.__name__: make() for make in MAKERS}


@pytest.fixture
def without_ipywidgets(monkeypatch):
    whole = builtins.__import__

    def fail(name, *rest, **named):
        if name.partition(".")[0] == "ipywidgets":
            raise ImportError("no ipywidgets here")
        return whole(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", fail)


def shown(thing) -> list[dict]:
    """What a notebook gets to see of it, output by output."""
    InteractiveShell.instance()
    with capture_output() as captured:
        thing._ipython_display_()
    return [output.data for output in captured.outputs]


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


# --- what is shown where -------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
def test_where_widgets_are_missing_a_still_with_its_words_is_shown(make, without_ipywidgets):
    (still,) = shown(make())
    assert LIVE not in still
    assert re.search(
        r'<img src="data:image/png;base64,[^"]{2000,}" alt="[^"]{40,}"', still["text/html"]
    )
    assert "install ipywidgets" in still["text/html"]
    assert plt.get_fignums() == []


@pytest.mark.parametrize("make", MAKERS)
def test_a_still_stands_beside_the_widget_and_is_hidden_while_the_widget_lives(make, made):
    made = made[make.__name__]
    still, live = shown(made)
    assert LIVE not in still
    assert live[LIVE]["model_id"] == made.widget.model_id
    name = re.search(r'<div id="(explorer-\w+)"', still["text/html"])[1]
    hiding = made.widget.children[-1].value
    assert f"body:not(.jp-Notebook) #{name} {{ display: none }}" in hiding
    assert f"{name}-live" in made.widget._dom_classes  # hidden in its turn on a page of nbconvert


@pytest.mark.parametrize("make", MAKERS)
def test_every_control_has_a_label_and_the_first_value_that_is_drawn(make, made):
    made = made[make.__name__]
    assert list(made.controls) == list(made.settings)
    for name, control in made.controls.items():
        assert control.description
        assert control.value == made.settings[name]


@pytest.mark.parametrize("make", MAKERS)
def test_the_text_in_place_of_the_picture_follows_the_picture(make, made):
    made = made[make.__name__]
    name, value, before = {
        "convolution_explorer": ("step", 5, 1),
        "receptive_field_explorer": ("row", 2, 6),
        "memory_explorer": ("batch", 64, 32),
    }[make.__name__]
    alt, png = made.picture.alt, made._image.value
    made.controls[name].value = value
    assert made.picture.alt != alt
    assert made._image.value == made.picture.png != png
    assert explorer.escape(made.picture.alt) in made._below.value
    made.controls[name].value = before
    assert (made.picture.alt, made._image.value) == (alt, png)
    assert plt.get_fignums() == []  # no figure is left open, however often it is redrawn


def test_two_of_them_on_a_page_do_not_hide_each_other(made):
    names = {made.name for made in made.values()}
    assert len(names) == 3


@pytest.mark.slow
def test_a_page_made_by_nbconvert_holds_the_stills():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    code = ["from cs231n import vis", *(f"vis.{make.__name__}()" for make in MAKERS)]
    cells = [nbformat.v4.new_code_cell(line) for line in code]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(Path(vis.__file__).parents[2])}}
    nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
    stills = 'alt="(?:A convolution|What one value|vgg16)'
    with_state, _ = exporter.from_notebook_node(notebook)
    assert len(re.findall(stills, with_state)) == 3
    notebook.metadata.pop("widgets")  # as on GitHub, where nobody knows what a widget looks like
    without, _ = exporter.from_notebook_node(notebook)
    assert len(re.findall(stills, without)) == 3
    assert LIVE not in without


# --- convolution ---------------------------------------------------------------------------------


def convolved(x, w, b, stride, pad):
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(1, 2))
    return np.einsum("chwij,fcij->fhw", windows[:, ::stride, ::stride], w) + b[:, None, None]


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 0), (4, 1), (3, 2)])
def test_each_step_says_the_output_value_that_it_computes(made, stride, pad):
    live = made["convolution_explorer"]
    live.controls["pad"].value = pad
    live.controls["stride"].value = stride
    out = convolved(live.x, live.w, np.array([1, 0]), stride, pad).ravel()
    assert live.controls["step"].max == live.play.max == out.size
    for step in {1, out.size // 2, out.size}:
        live.controls["step"].value = step
        said = live.picture.alt.replace("\N{MINUS SIGN}", "-")
        assert said.startswith(f"Step {step} of {out.size}.")
        assert said.endswith(f"= {out[step - 1]:g}.")
    live.controls["stride"].value, live.controls["pad"].value = 2, 1
    live.controls["step"].value = 1


def test_a_stride_that_does_not_fit_is_explained_in_words(made):
    live = made["convolution_explorer"]
    live.controls["stride"].value = 3
    assert "Stride 3 does not fit with padding 1" in live.picture.words
    assert "7 − 3 = 4 cells" in live.picture.words
    assert "1 row and 1 column would never be seen" in live.picture.words
    assert "1 and 2 and 4 fit" in live.picture.words
    assert live.picture.alt == live.picture.words
    assert live.controls["step"].disabled
    live.controls["stride"].value = 2
    assert live.picture.alt.startswith("Step 1 of 18.")
    assert not live.controls["step"].disabled


def test_pictures_come_back_as_they_were_when_one_steps_back(made):
    live = made["convolution_explorer"]
    forth = {}
    for step in (1, 2, 3, 17, 3, 2, 1):
        live.controls["step"].value = step
        forth.setdefault(step, live.picture.png)
        np.testing.assert_array_equal(picture(forth[step]), picture(live.picture.png))


def test_the_convolution_of_ones_own_arrays_is_shown():
    x, w = np.ones((1, 4, 5)), np.ones((1, 1, 2, 3))
    live = vis.convolution_explorer(x, w, stride=1, pad=0)
    assert live.picture.alt.endswith("out[0, 0, 0] = 6 + 0 (bias) = 6.")
    assert "height (4 + 2 · 0 − 2) / 1 + 1 = <b>3</b>" in live.picture.words
    with pytest.raises(ValueError, match=r"choose one picture: x\[0\]"):
        vis.convolution_explorer(np.ones((1, 1, 4, 5)), w)
    with pytest.raises(ValueError, match="at least 1"):
        vis.convolution_explorer(x, w, stride=0)


def test_one_may_begin_with_a_stride_that_does_not_fit():
    live = vis.convolution_explorer(stride=3, pad=0)
    still, _ = shown(live)
    assert "5 − 3 = 2 cells" in still["text/html"]
    assert live.controls["step"].disabled
    live.controls["stride"].value = 1
    assert live.picture.alt.startswith("Step 1 of 18.")
    assert not live.controls["step"].disabled


def test_paddings_without_room_for_the_filter_are_not_offered():
    live = vis.convolution_explorer(np.ones((1, 2, 2)), np.ones((1, 1, 3, 3)), stride=1)
    assert live.controls["pad"].min == 1


def test_without_widgets_the_convolution_has_its_player(without_ipywidgets):
    (still,) = shown(vis.convolution_explorer())
    assert "Play</button>" in still["text/html"]
    words = re.search(r"words = (\[.*?\]);\n", still["text/html"])[1]
    assert words.count("out[") == 18  # each step has words of its own


# --- receptive fields ----------------------------------------------------------------------------


def test_the_rows_and_columns_named_are_the_receptive_field(made):
    live = made["receptive_field_explorer"]
    live.controls["layer"].value = "conv3"
    (top, bottom), (left, right) = receptive_fields(build("alexnet"))["conv3"].seen_from((6, 6))
    assert f"rows {top} to {bottom - 1}, columns {left} to {right - 1}" in live.picture.alt
    assert "67 (the layer before) + (3 − 1) · 16 (its jump) = 99" in live.picture.words
    live.controls["layer"].value = "conv5"


def test_another_stride_early_on_makes_all_later_fields_smaller(made):
    live = made["receptive_field_explorer"]
    live.controls["change"].value = "conv1"
    assert live.controls["stride"].value == 4  # what the layer has
    live.controls["stride"].value = 2
    assert "Before the change the field was 163×163, now 87×87" in live.picture.alt
    assert live.controls["row"].max == 25  # the map is larger now
    live.controls["dilation"].value = 2  # ten pixels more: 11 taps, every other pixel
    assert "now 97×97" in live.picture.alt
    live.controls["change"].value = "nothing"
    assert "Before" not in live.picture.alt
    assert live.controls["stride"].disabled
    assert live.controls["row"].max == 12


def test_a_change_that_gives_no_network_is_explained_and_can_be_taken_back(made):
    live = made["receptive_field_explorer"]
    live.controls["network"].value = "resnet18"
    live.controls["change"].value = "layer1.0.conv1"
    good = live.picture
    live.controls["stride"].value = 2
    assert "Not possible" in live.picture.words
    assert "the layers no longer go together" in live.picture.words
    assert live._image.layout.visibility == "hidden"
    live.controls["stride"].value = 1
    assert live.picture == good
    assert live._image.layout.visibility == "visible"
    live.controls["network"].value = "alexnet"
    assert live.settings["layer"] == "conv5"


def test_layers_that_can_be_chosen_follow_the_network(made):
    live = made["receptive_field_explorer"]
    live.controls["network"].value = "lenet5"
    assert live.controls["layer"].options == ("conv1", "pool1", "conv2", "pool2", "fc1")
    live.controls["layer"].value = "pool1"
    assert live.controls["change"].options == ("nothing", "conv1", "pool1")
    live.controls["layer"].value = "fc1"
    assert (live.controls["row"].max, live.controls["column"].max) == (0, 0)
    live.controls["network"].value = "alexnet"


# --- memory --------------------------------------------------------------------------------------


def test_the_bars_say_what_the_architecture_says(made):
    live = made["memory_explorer"]
    assert live.picture.alt.startswith(
        "vgg16, 32 pictures of 224×224, float32, training with sgd. 7.9 GiB of 8.0 GiB: it fits. "
        "The largest batch that fits: 32."
    )
    assert training_memory(build("vgg16"), 32).total < 2**33
    live.controls["batch"].value = 64
    assert "it does not fit" in live.picture.words
    live.controls["optimizer"].value = "adam"
    assert "The largest batch that fits: 27." in live.picture.words
    live.controls["workspace"].value = "batch"
    assert "workspace of im2col" in live.picture.alt
    live.controls["mode"].value = "inference"
    assert live.controls["optimizer"].disabled
    assert "gradients" not in live.picture.alt
    for name, value in {"mode": "training", "optimizer": "sgd", "workspace": "none"}.items():
        live.controls[name].value = value
    live.controls["batch"].value = 32


def test_half_the_bytes_for_a_number_are_half_the_memory(made):
    live = made["memory_explorer"]
    live.controls["dtype"].value = "float16"
    assert "3.9 GiB of 8.0 GiB" in live.picture.alt
    live.controls["dtype"].value = "float32"


def test_only_sizes_that_a_network_can_take_are_offered(made):
    live = made["memory_explorer"]
    for name, own in [("alexnet", 227), ("cifar_resnet20", 32), ("vgg16", 224)]:
        live.controls["network"].value = name
        sides = live.controls["side"].options
        assert live.settings["side"] == own
        assert own in sides
        assert len(sides) >= 4
        assert all(build(name).with_input(side) for side in sides)
    live.controls["side"].value = max(sides)
    assert f"of {max(sides)}×{max(sides)}" in live.picture.alt
    live.controls["side"].value = 224


def test_a_budget_of_ones_own_is_offered_among_the_others():
    live = vis.memory_explorer("lenet5", "11 GB", batch=50)
    assert live.settings["budget"] == "11 GB"
    assert live.controls["budget"].options[2:5] == ("8GiB", "11 GB", "12GiB")
    assert live.picture.alt.startswith("lenet5, 50 pictures of 32×32")
    assert "10.2 GiB: it fits" in live.picture.alt


# --- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS[1:])
def test_a_name_that_is_none_is_answered_with_the_nearest(make):
    with pytest.raises(ValueError, match="Did you mean vgg16"):
        make("vgg-16")
    with pytest.raises(TypeError, match="named by a string such as 'vgg16', not a int"):
        make(16)


@pytest.mark.parametrize("make", MAKERS[1:])
def test_ones_own_network_can_be_explored(make):
    net = parse("INPUT16x16x3 -> CONV3-4 -> POOL2 -> FC-10", name="mine")
    live = make(net)
    assert live.settings["network"] == "mine"
    assert "mine" in live.picture.alt


def test_what_is_no_amount_of_memory_is_explained():
    with pytest.raises(ValueError, match="8GiB, 500MB or a number of bytes, not 'much'"):
        vis.memory_explorer(memory="much")
    vectors = parse("INPUT10 -> FC-4", name="vectors")
    with pytest.raises(ValueError, match="vectors"):
        vis.receptive_field_explorer(vectors)
