"""Pictures of networks: what the coordinates of boxes and lines promise."""

from collections import Counter
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import zoo
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Add, Concat, Conv, Input
from cs231n.architectures.pictures.layout import layout
from cs231n.architectures.pictures.structure import Branches, Repeat, Side, folded, structure
from cs231n.architectures.text import parse

# --- geometry ------------------------------------------------------------------------------------


def corners(points):
    """The corners of a line, without those at which it goes straight on."""
    kept = [points[0]]
    for point in points[1:]:
        if point == kept[-1]:
            continue
        straight = [len({*(p[axis] for p in kept[-2:]), point[axis]}) == 1 for axis in (0, 1)]
        if len(kept) > 1 and any(straight):
            kept.pop()
        kept.append(point)
    return kept


def rounded(points):
    return corners([(round(x, 4), round(y, 4)) for x, y in points])


def without_common_start(a, b):
    """Both lines from where they part, and that point."""
    a, b = list(a), list(b)
    if a[0] != b[0]:
        return a, b, None
    while len(a) > 1 and len(b) > 1 and a[1] == b[1]:
        a.pop(0)
        b.pop(0)
    if len(a) > 1 and len(b) > 1:  # one turns where the other goes straight on
        for short, long in ((a, b), (b, a)):
            if between(long[0], short[1], long[1]):
                short.pop(0)
                long[0] = short[0]
                break
    return a, b, a[0]


def between(start, point, end):
    return corners([start, point, end]) == [start, end] and touching((start, point), (point, end))


def touching(first, second):
    """What two upright or level stretches share: a box (x0, x1, y0, y1), or None."""
    shared = []
    for axis in (0, 1):
        low = max(min(p[axis] for p in stretch) for stretch in (first, second))
        high = min(max(p[axis] for p in stretch) for stretch in (first, second))
        if low > high:
            return None
        shared += [low, high]
    return tuple(shared)


def meeting(a, b):
    """Whether two lines meet, other than by a common start or a common end."""
    a, b, parting = without_common_start(a, b)
    a, b, joining = without_common_start(a[::-1], b[::-1])
    allowed = [(p[0], p[0], p[1], p[1]) for p in (parting, joining) if p]
    stretches = ((s, t) for s in pairwise(a) for t in pairwise(b))
    return any((shared := touching(s, t)) and shared not in allowed for s, t in stretches)


def check_geometry(drawing):
    lines = [rounded(edge.points) for edge in drawing.edges]
    for frame in drawing.frames:
        check_frame(drawing, frame)
    for box in drawing.boxes:
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= drawing.width + 1e-6
        assert box.bottom <= drawing.height + 1e-6
    for one, other in combinations(drawing.boxes, 2):
        apart = one.right < other.left or other.right < one.left
        assert apart or one.bottom < other.top or other.bottom < one.top, (one.step, other.step)
    for edge, line in zip(drawing.edges, lines):
        check_line(drawing, edge, line)
    for (one, a), (other, b) in combinations(zip(drawing.edges, lines), 2):
        assert not meeting(a, b), f"{one.source}->{one.target}, {other.source}->{other.target}"


def check_frame(drawing, frame):
    """It goes through no box, and its last box is where the next round would start from."""
    right, bottom = frame.left + frame.width, frame.top + frame.height
    held = []
    for box in drawing.boxes:
        corners = ((box.left, box.top), (box.right, box.bottom))
        within = [frame.left < x < right and frame.top < y < bottom for x, y in corners]
        beyond = box.right < frame.left or right < box.left
        assert all(within) or beyond or box.bottom < frame.top or bottom < box.top
        held += [box] if all(within) else []
    names = {name for box in held for name in box.step.names}
    leaving = {edge.source for edge in drawing.edges if edge.source in names} - {
        edge.source for edge in drawing.edges if edge.target in names
    }
    last = max(held, key=lambda box: box.bottom)
    assert leaving <= {last.step.names[-1]}


def check_line(drawing, edge, line):
    """It runs level and upright, from its source's lower edge to its target, through no box."""
    for (x0, y0), (x1, y1) in pairwise(line):
        assert x0 == x1 or y0 == y1
        assert 0 <= min(x0, x1) <= max(x0, x1) <= drawing.width + 1e-3
        assert 0 <= min(y0, y1) <= max(y0, y1) <= drawing.height + 1e-3
    source = next(box for box in drawing.boxes if edge.source in box.step.names)
    target = next(box for box in drawing.boxes if edge.target in box.step.names)
    (x, y), (x_end, y_end) = line[0], line[-1]
    assert source.left < x < source.right
    assert y == pytest.approx(source.bottom, abs=1e-3)
    above = target.left < x_end < target.right and y_end == pytest.approx(target.top, abs=1e-3)
    beside = target.top < y_end < target.bottom and x_end == pytest.approx(target.right, abs=1e-3)
    assert above or beside
    for box in drawing.boxes:
        inside = ((box.left + 0.01, box.top + 0.01), (box.right - 0.01, box.bottom - 0.01))
        assert not any(touching(stretch, inside) for stretch in pairwise(line)), box.step


def check_complete(network, drawing, fold=True):
    """Every layer stands in one box, and every line of the network is drawn."""
    steps, reads = folded(network, fold)
    assert sorted(box.step.names for box in drawing.boxes) == sorted(s.names for s in steps)
    wanted = Counter(
        (steps[source].names[-1], step.names[0])
        for step, read in zip(steps, reads)
        for source in read
    )
    assert Counter((edge.source, edge.target) for edge in drawing.edges) == wanted


# --- the zoo -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.NAMES)
def test_no_lines_cross_and_no_boxes_overlap(name):
    drawing = layout(zoo.build(name))
    assert not drawing.tangled
    check_geometry(drawing)


@pytest.mark.parametrize("name", ["googlenet_auxiliary", "resnet34", "resnet50", "cifar_resnet20"])
def test_nothing_is_missing_when_all_blocks_are_drawn(name):
    network = zoo.build(name)
    drawing = layout(network, expand=True)
    check_geometry(drawing)
    check_complete(network, drawing)
    assert not drawing.frames


def test_nothing_is_missing_when_every_layer_has_its_own_box():
    network = zoo.build("googlenet_auxiliary")
    drawing = layout(network, fold=False, names=True)
    check_geometry(drawing)
    check_complete(network, drawing, fold=False)
    assert len(drawing.boxes) == len(network)


def test_a_very_deep_network_stays_small_because_equal_blocks_are_drawn_once():
    drawing = layout(zoo.build("resnet152"))
    assert [frame.count for frame in drawing.frames] == [2, 7, 35, 2]
    assert drawing.height < 700
    assert drawing.width < 900


@pytest.mark.parametrize("name", ["resnet18", "resnet101", "cifar_resnet20"])
def test_the_repeats_stand_for_all_layers_of_the_network(name):
    def count(items):
        total = 0
        for item in items:
            if isinstance(item, Repeat):
                total += item.count * count(item.sequence)
            elif isinstance(item, Branches | Side):
                total += sum(map(count, item.sequences))
            else:
                total += len(item.names)
        return total

    network = zoo.build(name)
    assert count(structure(network)) == len(network)


def test_a_block_with_another_shape_is_no_repeat():
    net = parse("INPUT8x8x4 -> [(CONV3-4 + )]*3 -> CONV3-8 -> [(CONV3-8 + )]*2", name="two widths")
    assert [frame.count for frame in layout(net).frames] == [3, 2]
    halved = parse("INPUT64x64x4 -> [CONV3-4/2floor]*6", name="halved each time")
    assert layout(halved).frames == []


def test_a_repeat_is_one_whole_block():
    blocks = [item for item in structure(zoo.build("resnet50")) if isinstance(item, Repeat)]
    for block in blocks:
        branches, join = block.sequence
        assert [len(sequence) for sequence in branches.sequences] == [3, 0]
        assert join.labels == ("ADD", "RELU")


def test_branches_stand_in_the_order_in_which_they_are_joined():
    drawing = layout(zoo.build("googlenet"))
    found = {name: box.left for box in drawing.boxes for name in box.step.names}
    inputs = zoo.build("googlenet")["inception4c"].inputs
    assert [found[name] for name in inputs] == sorted(found[name] for name in inputs)


def test_columns_can_be_chosen():
    network = zoo.build("vgg16")
    widths = [layout(network, columns=columns).width for columns in (1, 2, 4)]
    assert widths == sorted(widths)
    check_geometry(layout(network, columns=4))
    assert layout(network, columns=100).width > 0  # as many as there are boxes
    with pytest.raises(ValueError, match="one column or more"):
        layout(network, columns=0)


# --- other networks ------------------------------------------------------------------------------

layers = st.sampled_from(["CONV3-4", "CONV1-4 -> BN -> RELU", "POOL3/1p1", "CONV5-4 -> RELU"])


def joined(parts):
    branches = st.lists(parts | st.just(""), min_size=2, max_size=4)
    added = branches.map(lambda found: f"({' + '.join(found)})")
    behind = branches.map(lambda found: f"({' | '.join(found)}) -> CONV1-4")
    side = st.lists(parts, min_size=1, max_size=2).map(
        lambda found: "CONV3-4 -> " + " -> ".join(f"{{{part}}}" for part in found)
    )
    return st.lists(parts | added | behind | side, min_size=1, max_size=3).map(" -> ".join)


@given(st.recursive(layers, joined, max_leaves=12), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_nested_branches_and_side_outputs_never_cross(text, fold, expand):
    network = parse(f"INPUT8x8x4 -> {text} -> CONV1-2", name="random")
    drawing = layout(network, fold=fold, expand=expand)
    assert not drawing.tangled
    check_geometry(drawing)
    if expand:
        check_complete(network, drawing, fold)


def network(*rows):
    """A network from "name: inputs" rows; names that start with c concatenate, with a add."""
    kinds = {"a": Add(), "c": Concat(), "i": Input((4, 8, 8))}
    nodes = []
    for row in rows:
        name, _, inputs = row.partition(":")
        nodes.append(Node(name, kinds.get(name[0], Conv(4, 3)), inputs.split()))
    return Architecture("by hand", nodes)


NESTED = {
    "a branch that splits again": ("i", "p:i", "x:p", "y:p", "z:i", "c:x y z"),
    "two branches that meet early": ("i", "x:i", "y:i", "z:i", "a:x y", "u:a", "c:u z"),
    "a skip around an early meeting": ("i", "x:i", "y:i", "a1:x y", "u:a1", "a2:u i"),
    "a layer added to itself": ("i", "a:i i", "x:a"),
    "a side output that is never joined": ("i", "x:i", "s:x", "t:s", "y:x", "z:y"),
    "a side output with branches": ("i", "x:i", "s:x", "t:x", "a:s t", "y:x", "z:y"),
    "an output right of a branch": ("i", "x:i", "y:x", "s:x", "z:i", "c:y z", "w:c"),
    "a shape like a U": ("i", "x:i", "y:x", "z:y", "u:z", "c1:u y", "v:c1", "c2:v x", "w:c2"),
}


@pytest.mark.parametrize("rows", NESTED.values(), ids=NESTED)
def test_branches_in_unusual_places(rows):
    drawing = layout(network(*rows))
    assert not drawing.tangled
    check_geometry(drawing)
    check_complete(network(*rows), drawing)


TANGLED = {
    "dense": ("i", "x:i", "c1:i x", "y:c1", "c2:i x y", "z:c2", "w:z"),
    "a bridge between branches": ("i", "x:i", "y:i", "a1:x y", "z:y", "a2:a1 z", "w:a2"),
    "an output of two branches": ("i", "x:i", "y:i", "a:x y", "c:x y", "w:c"),
}


@pytest.mark.parametrize("rows", TANGLED.values(), ids=TANGLED)
def test_a_network_of_another_kind_is_drawn_whole_and_says_that_lines_may_cross(rows):
    drawing = layout(network(*rows))
    assert drawing.tangled
    check_complete(network(*rows), drawing)
    for one, other in pairwise(drawing.boxes):
        assert one.bottom < other.top
    right = max(box.right for box in drawing.boxes)
    for edge in drawing.edges:
        lane = edge.points[1][0]
        assert len(edge.points) == 2 or right < lane <= drawing.width


@st.composite
def any_network(draw):
    rows = ["i"]
    for number in range(draw(st.integers(1, 9))):
        names = st.sampled_from([row.partition(":")[0] for row in rows[-4:]])
        inputs = draw(st.lists(names, min_size=1, max_size=3))
        rows.append(f"{'x' if len(inputs) == 1 else 'a'}{number}:{' '.join(inputs)}")
    return network(*rows)


@given(any_network())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_network_is_drawn_whole_and_without_crossings_unless_it_says_so(net):
    drawing = layout(net, expand=True)
    check_complete(net, drawing)
    if not drawing.tangled:
        check_geometry(drawing)


def test_a_single_layer_and_a_long_chain():
    check_geometry(layout(parse("INPUT5", name="alone")))
    chain = parse("INPUT8x8x4 -> [CONV3-4 -> RELU]*300", name="chain")
    check_geometry(layout(chain))
    assert [frame.count for frame in layout(chain).frames] == [300]
    check_geometry(layout(chain, expand=True))
