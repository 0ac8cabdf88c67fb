"""Pictures of networks: what they write and show, and that it can be read."""

import matplotlib

matplotlib.use("Agg")

import io
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from cs231n.architectures import zoo
from cs231n.architectures.accounting import activations_in_place, cost, total
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Concat, Conv, Input
from cs231n.architectures.pictures import (
    draw_graph,
    draw_receptive_field,
    draw_volumes,
    plot_costs,
    plot_zoo,
)
from cs231n.architectures.pictures.costs import cost_rows, short
from cs231n.architectures.pictures.layout import layout
from cs231n.architectures.pictures.pieces import text_width
from cs231n.architectures.pictures.volumes import volumes
from cs231n.architectures.text import parse

pytestmark = pytest.mark.usefixtures("no_windows")


def texts(fig):
    """Everything written in a figure, with where it stands."""
    fig.draw_without_rendering()
    hidden = {id(label) for ax in fig.axes for label in undrawn_ticks(ax)}
    return [
        (text.get_text(), text.get_window_extent())
        for text in fig.findobj(Text)
        if text.get_text().strip() and text.get_visible() and id(text) not in hidden
    ]


def undrawn_ticks(ax):
    """Labels of ticks that matplotlib keeps beyond the ends of an axis."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not ax.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def written(fig):
    return [text.get_text() for text in fig.findobj(Text)]


def inside(points, area, slack=0.0):
    low, high = area[:2] + slack, area[2:] - slack
    return ((points > low) & (points < high)).all(axis=-1)


def check_readable(fig):
    """All texts lie inside the figure, none over another, none over a line."""
    names, areas = zip(*texts(fig))
    areas = np.array([area.extents for area in areas])  # x0, y0, x1, y1
    within = (
        inside(areas.reshape(-1, 2), np.array(fig.bbox.extents), -0.01).reshape(-1, 2).all(axis=1)
    )
    assert within.all(), [name for name, fits in zip(names, within) if not fits]
    low = np.maximum(areas[:, None, :2], areas[None, :, :2])
    high = np.minimum(areas[:, None, 2:], areas[None, :, 2:])
    covered = np.triu((low < high).all(axis=-1), 1)
    assert not covered.any(), [(names[i], names[j]) for i, j in np.argwhere(covered)]
    for ax in fig.axes:
        written = [text.get_window_extent().extents for text in ax.texts if text.get_text()]
        for line in ax.lines:
            points = line.get_transform().transform(line.get_xydata())
            if len(points) and written:
                check_line(points, np.array(written))


def check_line(points, areas):
    """No line through the inside of an area; looked at every pixel."""
    for start, end in pairwise(points):
        near = (np.minimum(start, end) < areas[:, 2:]) & (np.maximum(start, end) > areas[:, :2])
        steps = int(np.hypot(*(end - start))) + 2
        along = start + np.linspace(0, 1, steps)[:, None] * (end - start)
        assert not any(inside(along, area, 0.5).any() for area in areas[near.all(axis=1)])


def svg(fig):
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg")
    return ElementTree.fromstring(buffer.getvalue())


EVERY_PICTURE = {
    "draw_graph": draw_graph,
    "draw_volumes": draw_volumes,
    "plot_costs": plot_costs,
    "draw_receptive_field": lambda net: draw_receptive_field(net, ["conv1", "pool1"]),
    "plot_zoo": lambda net: plot_zoo({net.name: 60.0}),
}


@pytest.mark.parametrize("draw", EVERY_PICTURE.values(), ids=EVERY_PICTURE)
def test_every_picture_can_be_saved_as_svg_and_png(draw, tmp_path):
    fig = draw(zoo.build("lenet5"))
    assert svg(fig).tag.endswith("svg")
    fig.savefig(tmp_path / "picture.png")
    assert imread(tmp_path / "picture.png").std() > 0.02
    check_readable(fig)


def test_title_and_caption_can_be_chosen_and_left_out():
    net = zoo.build("lenet5")
    drawn = (draw_graph, draw_volumes, plot_costs)
    for draw in drawn:
        assert {"mine", "below"} <= set(written(draw(net, title="mine", caption="below")))
        bare = written(draw(net, title="", caption=""))
        assert "lenet5" not in bare


# --- the graph -----------------------------------------------------------------------------------

GRAPHS = {
    "lenet5_1998": {},
    "vgg16": {},
    "googlenet_auxiliary": {},
    "resnet152": {},
    "cifar_resnet20": {"fold": False, "names": True},
    "alexnet": {"shapes": False, "columns": 3},
}


@pytest.mark.parametrize(("name", "options"), GRAPHS.items(), ids=GRAPHS)
def test_no_text_in_the_graph_covers_another_or_leaves_its_box(name, options):
    net = zoo.build(name)
    fig = draw_graph(net, **options)
    check_readable(fig)
    ax = fig.axes[0]
    found = {text.get_position(): text for text in ax.texts}
    for box in layout(net, **options).boxes:
        area = Bbox(ax.transData.transform([(box.left, box.bottom), (box.right, box.top)]))
        middle = box.left + box.width / 2
        lines = [t for (x, y), t in found.items() if x == middle and box.top < y < box.bottom]
        assert [t.get_text() for t in lines] == [text for text, _ in box.lines]
        for text in lines:
            extent = text.get_window_extent()
            assert area.x0 < extent.x0 < extent.x1 < area.x1, text.get_text()
            assert area.y0 < extent.y0 < extent.y1 < area.y1, text.get_text()


@given(st.text("ABCXW0123456789xyzm.-/_· ×+", min_size=3, max_size=25).filter(str.strip))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_boxes_are_planned_wide_enough_for_their_text(text):
    fig = plt.figure(dpi=100)
    extent = fig.text(0, 0, text.strip(), fontsize=8.5).get_window_extent()
    plt.close(fig)
    assert (
        extent.width * 72 / 100 <= text_width(text.strip(), 8.5) + 8
    )  # as wide as the two margins


def test_every_stretch_of_every_line_is_drawn():
    net = zoo.build("googlenet_auxiliary")
    ax = draw_graph(net).axes[0]
    drawn = np.array([np.sort(line.get_xydata(), axis=0) for line in ax.lines])
    for edge in layout(net).edges:
        for stretch in pairwise(edge.points):
            x, y = np.mean(stretch, axis=0)
            low, high = drawn[:, 0] - 0.01, drawn[:, 1] + 0.01
            assert ((low <= (x, y)) & ((x, y) <= high)).all(axis=1).any(), edge


def test_the_graph_says_how_often_a_block_stands_there():
    found = written(draw_graph(zoo.build("resnet152")))
    assert [text for text in found if text.startswith("× ")] == ["× 2", "× 7", "× 35", "× 2"]
    assert not [
        text for text in written(draw_graph(zoo.build("resnet18"), expand=True)) if "× " in text
    ]


def test_the_graph_says_what_comes_out_of_each_layer():
    found = written(draw_graph(zoo.build("alexnet")))
    assert [text for text in found if text == "6×6×256"] == ["6×6×256"]
    assert "CONV11-96/4p0" in found
    assert "6×6×256" not in written(draw_graph(zoo.build("alexnet"), shapes=False))


def test_a_graph_with_crossing_lines_says_so():
    assert not any("may cross" in text for text in written(draw_graph(zoo.build("lenet5"))))
    rows = {"x": ["input"], "join1": ["input", "x"], "y": ["join1"], "join2": ["input", "x", "y"]}
    nodes = [
        Node(name, Concat() if name.startswith("join") else Conv(4, 3), inputs)
        for name, inputs in rows.items()
    ]
    fig = draw_graph(Architecture("dense", [Node("input", Input((4, 8, 8))), *nodes]))
    assert any("may cross" in text for text in written(fig))
    check_readable(fig)


# --- volumes -------------------------------------------------------------------------------------


def test_alexnets_volumes_are_those_of_the_paper():
    found, stages = volumes(zoo.build("alexnet"))
    assert not stages
    assert [volume.shape for volume in found] == [
        (3, 227, 227),
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (256, 13, 13),
        (384, 13, 13),
        (256, 13, 13),
        (256, 6, 6),
        (4096,),
        (1000,),
    ]


def test_layers_that_keep_the_volume_are_counted_with_the_one_before():
    found, _ = volumes(zoo.build("vgg16"))
    labels = [label for volume in found for label in volume.labels]
    assert labels.count("CONV3-512 ×3") == 2
    assert labels[-2:] == ["FC-4096 ×2", "FC-1000"]
    assert found[-4].labels == ("POOL2", "CONV3-512 ×3")  # conv5 keeps what pool4 gives


def test_a_network_with_branches_shows_one_volume_for_each_size():
    found, stages = volumes(zoo.build("resnet50"))
    assert stages
    assert [volume.shape for volume in found] == [
        (3, 224, 224),
        (64, 112, 112),
        (256, 56, 56),
        (512, 28, 28),
        (1024, 14, 14),
        (2048, 7, 7),
        (2048, 1, 1),
        (1000,),
    ]
    assert found[2].labels == ("POOL3/2p1", "ADD block ×3")
    assert "One box for each height and width" in " ".join(
        written(draw_volumes(zoo.build("resnet50")))
    )


@pytest.mark.parametrize("name", ["lenet5", "vgg19", "googlenet_auxiliary", "cifar_resnet20"])
def test_no_text_beside_the_volumes_covers_another(name):
    net = zoo.build(name)
    for scale in ("sqrt", "linear"):
        fig = draw_volumes(net, scale=scale)
        check_readable(fig)
        boxes = [patch.get_window_extent() for patch in fig.axes[0].patches]
        for text in fig.axes[0].texts:
            area = text.get_window_extent()
            if text.get_text():
                assert not any(area.overlaps(box) for box in boxes), text.get_text()


def fronts(fig):
    """(width, height) of the front of each box, in points."""
    corners = [patch.get_xy() for patch in fig.axes[0].patches if isinstance(patch, Polygon)]
    return [tuple(np.ptp(points, axis=0)) for points in corners[::3]]


def test_volumes_are_drawn_to_scale():
    net = zoo.build("vgg16").until("pool4")
    shapes = [volume.shape for volume in volumes(net)[0]]
    for scale, power in (("sqrt", 0.5), ("linear", 1.0)):
        drawn = fronts(draw_volumes(net, scale=scale))
        for shape, (depth, height) in zip(shapes, drawn, strict=True):
            assert height / drawn[0][1] == pytest.approx((shape[1] / 224) ** power)
            if shape[0] > 3:  # 3 channels would be too thin to see
                assert depth / drawn[1][0] == pytest.approx((shape[0] / 64) ** 0.5)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match='"sqrt" or "linear"'):
        draw_volumes(zoo.build("lenet5"), scale="log")


def test_vectors_alone_and_very_long_networks_are_drawn():
    check_readable(draw_volumes(parse("INPUT3072 -> FC-100 -> RELU -> FC-10", name="two layers")))
    wide = " -> ".join(f"CONV3-{n}" for n in range(4, 44))
    found, stages = volumes(parse(f"INPUT8x8x3 -> {wide}", name="widening"))
    assert stages
    assert [volume.shape for volume in found] == [(3, 8, 8), (43, 8, 8)]
    check_readable(draw_volumes(parse("INPUT6x9x3", name="nothing but the input")))
    tiny = "INPUT416x416x3 -> [CONV3-8 -> POOL2]*5 -> CONV13x11-10/113x111p14x16d2x3floor"
    for rest in ("", " -> CONV3x5-20/117x119p10x12floor"):
        check_readable(draw_volumes(parse(tiny + rest, name="a long name at a small volume")))


# --- costs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.NAMES)
def test_rows_of_costs_add_up_to_those_of_the_network(name):
    net = zoo.build(name)
    costs = cost(net)
    for most in (5, 32):
        rows = cost_rows(net, most)
        assert 2 <= len(rows) <= most
        assert sum(row.parameters for row in rows) == net.parameter_count
        assert sum(row.multiply_adds for row in rows) == total(costs, "multiply_adds")
        assert sum(row.activations for row in rows) == activations_in_place(costs)


def test_costs_are_written_at_bars_of_the_right_length():
    fig = plot_costs(zoo.build("vgg16"))
    check_readable(fig)
    found = written(fig)
    for heading in (
        "Parameters\n138,357,544",
        "Activations\n15,237,608 = 61.0 MB",
        "Multiply-adds\n15,470,264,320",
    ):
        assert heading in found
    widths = [bar.get_width() for bar in fig.axes[0].patches]
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert dict(zip(names, widths, strict=True))["fc6  FC-4096"] == 4096 * (7 * 7 * 512 + 1)
    assert found.count("103M") == 2  # parameters of fc6, and its multiply-adds


@pytest.mark.parametrize("name", ["lenet5_1998", "resnet18"])
def test_no_text_beside_the_bars_covers_another(name):
    check_readable(plot_costs(zoo.build(name)))


def test_blocks_share_a_row_in_large_networks():
    names = [row.name for row in cost_rows(zoo.build("resnet50"))]
    assert names[3:6] == ["layer1.0", "layer1.1", "layer1.2"]
    assert [row.name for row in cost_rows(zoo.build("resnet152"))][3:7] == [
        "layer1",
        "layer2",
        "layer3",
        "layer4",
    ]
    long = parse("INPUT8x8x4 -> [CONV3-4 -> RELU]*100", name="long")
    assert cost_rows(long, 10)[0].name == "input … conv10"
    with pytest.raises(ValueError, match="one row or more"):
        cost_rows(long, 0)


@given(st.integers(0, 10**14))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_short_numbers_are_right_to_three_digits(value):
    text = short(value)
    number, unit = re.fullmatch(r"([\d.,]+)([kMGT]?)", text).groups()
    read = float(number.replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]
    assert read == pytest.approx(value, rel=5.001e-3 if unit else 0)
    assert len(text) <= 5


# --- receptive fields ----------------------------------------------------------------------------


def frames(fig):
    """(left, top, width, height) of the outlines, without that of the picture."""
    found = [p for p in fig.axes[0].patches if isinstance(p, Rectangle) and not p.get_fill()]
    return [(*p.get_xy(), p.get_width(), p.get_height()) for p in found[1:]]


def test_the_frame_is_the_receptive_field():
    net = zoo.build("vgg16")
    fig = draw_receptive_field(net, "conv1_2", place=(10, 20))
    assert frames(fig) == [(18, 8, 5, 5)]  # five pixels around column 20, row 10
    assert "conv1_2: 5×5 at (10, 20)" in written(fig)
    assert not any("padding" in text for text in written(fig))
    check_readable(fig)


def test_what_lies_in_the_padding_is_drawn_outside_the_picture():
    fig = draw_receptive_field(zoo.build("vgg16"), "pool5", place=(0, 6))
    ((left, top, width, height),) = frames(fig)
    assert (width, height) == (212, 212)
    assert top == -90
    assert left + width == 224 + 90
    assert "padding: beyond the picture" in written(fig)
    (x0, x1), (y1, y0) = fig.axes[0].get_xlim(), fig.axes[0].get_ylim()
    assert x0 < 0 < left + width < x1
    assert y0 < top < 224 < y1


@pytest.mark.parametrize("place", [(0, 28), (55, 28), (28, 0), (28, 55)])
def test_padding_on_one_side_is_enough_to_show_it(place):
    fig = draw_receptive_field(zoo.build("vgg16"), "conv3_1", place=place)
    assert "padding: beyond the picture" in written(fig)


def test_a_change_is_drawn_beside_what_was_before():
    net = zoo.build("vgg16").until("conv2_1")
    dilated = net.replace("conv1_2", replace(net["conv1_2"].layer, dilation=(2, 2), pad=(2, 2)))
    fig = draw_receptive_field(dilated, "conv2_1", place=(10, 20), before=net)
    now, before = frames(fig)
    assert (now[2:], before[2:]) == ((12, 12), (10, 10))
    assert [now[n] + now[n + 2] / 2 for n in (0, 1)] == [
        before[n] + before[n + 2] / 2 for n in (0, 1)
    ]
    assert "before the change: 10×10 at (10, 20)" in written(fig)
    check_readable(fig)


def test_nested_fields_lie_around_one_point():
    names = ["conv1", "conv3", "pool5"]
    fig = draw_receptive_field(zoo.build("alexnet"), names)
    small, middle, large = frames(fig)
    assert [small[2], middle[2], large[2]] == [11, 99, 195]
    for inner, outer in ((small, middle), (middle, large)):
        assert outer[0] < inner[0] < inner[0] + inner[2] < outer[0] + outer[2]
        assert outer[1] < inner[1] < inner[1] + inner[3] < outer[1] + outer[3]
    check_readable(fig)
    styles = [patch.get_linestyle() for patch in fig.axes[0].patches if patch.get_fill() is False]
    assert len(set(styles[1:])) == 3  # told apart without colours


def test_a_fully_connected_layer_sees_all():
    ((left, top, width, height),) = frames(draw_receptive_field(zoo.build("lenet5"), "fc1"))
    assert (left, top, width, height) == (0, 0, 32, 32)


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1), (1, 32, 32), (3, 32, 32), (32, 32, 3)])
def test_pictures_may_come_in_any_layout(shape):
    picture = np.random.default_rng(0).normal(size=shape)
    fig = draw_receptive_field(zoo.build("lenet5"), "conv1", picture)
    assert fig.axes[0].images[0].get_array().shape == (32, 32, 3)


def test_slips_are_explained():
    net = zoo.build("lenet5")
    with pytest.raises(KeyError, match="no layer 'conv9'"):
        draw_receptive_field(net, "conv9")
    with pytest.raises(ValueError, match=r"conv1 has 28 row\(s\) and 28 column\(s\)"):
        draw_receptive_field(net, "conv1", place=(28, 0))
    with pytest.raises(ValueError, match="3 is not the"):
        draw_receptive_field(net, "conv1", place=3)
    with pytest.raises(ValueError, match="pictures 32 high and 32 wide"):
        draw_receptive_field(net, "conv1", np.zeros((28, 28, 3)))
    with pytest.raises(ValueError, match="name of a layer"):
        draw_receptive_field(net, [])


# --- the zoo -------------------------------------------------------------------------------------

# Billions of multiply-adds that torchvision publishes with its weights (GFLOPS in the same table).
WORK = {
    "AlexNet": 0.714,
    "VGG-11": 7.609,
    "VGG-13": 11.308,
    "VGG-16": 15.470,
    "VGG-19": 19.632,
    "GoogLeNet": 1.498,
    "ResNet-18": 1.814,
    "ResNet-34": 3.664,
    "ResNet-50": 4.089,
    "ResNet-101": 7.801,
    "ResNet-152": 11.514,
}


def test_the_chart_of_the_zoo_agrees_with_the_published_table():
    fig = plot_zoo()
    check_readable(fig)
    ax = fig.axes[0]
    found = {label.get_text().split("\n")[0]: label.xy for label in ax.texts}
    assert {name: x for name, (x, _) in found.items()} == pytest.approx(WORK, abs=0.0015)
    assert found["ResNet-50"][1] == 76.130
    assert "ResNet-50\n25.6M" in written(fig)
    check_labels(fig)


def test_labels_find_their_place_where_it_is_crowded():
    names = ["vgg11", "vgg13", "vgg16", "vgg19", "resnet50", "resnet101", "resnet152"]
    fig = plot_zoo({name: 70 + n * 0.2 for n, name in enumerate(names)})
    check_readable(fig)
    check_labels(fig)


def check_labels(fig):
    """None lies over a bubble."""
    for label in fig.axes[0].texts:
        area = label.get_window_extent()
        for x, y, radius in bubbles(fig):
            away = np.hypot(x - np.clip(x, area.x0, area.x1), y - np.clip(y, area.y0, area.y1))
            assert away > radius, label.get_text()


def bubbles(fig):
    """(x, y, radius) in pixels."""
    for collection in fig.axes[0].collections:
        places = collection.get_offset_transform().transform(collection.get_offsets())
        for (x, y), size in zip(places, collection.get_sizes()):
            yield x, y, size**0.5 / 2 * fig.dpi / 72


def test_the_area_of_a_bubble_is_the_number_of_parameters():
    fig = plot_zoo({"vgg16": 71.592, "resnet50": 76.130})
    large, small = sorted((radius for _, _, radius in bubbles(fig)), reverse=True)
    assert (large / small) ** 2 == pytest.approx(138_357_544 / 25_557_032)


def test_variants_keep_their_own_names():
    fig = plot_zoo({"resnet50_stride_on_1x1": 75.0, "alexnet": 57.0, "alexnet_torchvision": 56.5})
    names = sorted(label.get_text().split("\n")[0] for label in fig.axes[0].texts)
    assert names == ["AlexNet", "AlexNet", "resnet50_stride_on_1x1"]


def test_an_empty_or_unknown_zoo_is_refused():
    with pytest.raises(ValueError, match="one network at least"):
        plot_zoo({})
    with pytest.raises(ValueError, match="Did you mean vgg16"):
        plot_zoo({"vgg-16": 71.6})
