"""A network as data: shapes, weights, JSON, and what is said when layers do not fit."""

import json

import pytest

from cs231n.architectures import kinds, zoo
from cs231n.architectures.description import Architecture, ArchitectureError, Node


def chain(*layers, shape=(3, 32, 32)):
    """Layers one after another, named by their kinds and numbers: input, conv1, relu2, ..."""
    nodes = [Node("input", kinds.Input(shape))]
    for number, layer in enumerate(layers, 1):
        nodes.append(Node(f"{layer.kind}{number}", layer, (nodes[-1].name,)))
    return Architecture("chain", tuple(nodes))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (kinds.Conv(6, 5, pad=0), (6, 28, 28)),
        (kinds.Conv(8, (3, 5), stride=(1, 2), rounding="floor"), (8, 32, 16)),
        (kinds.Conv(9, 3, dilation=2, groups=3), (9, 32, 32)),
        (kinds.Local(4, 3, pad=0), (4, 30, 30)),
        (kinds.Pool(), (3, 16, 16)),
        (kinds.Pool("avg", 3, 2, rounding="ceil"), (3, 16, 16)),
        (kinds.Pool("max", 3, 2, rounding="floor"), (3, 15, 15)),
        (kinds.Pool("l2", None), (3, 1, 1)),
        (kinds.FC(10), (10,)),
        (kinds.Flatten(), (3072,)),
        (kinds.GroupNorm(3), (3, 32, 32)),
        (kinds.Softmax(), (3, 32, 32)),
    ],
    ids=lambda value: value.label if isinstance(value, kinds.Layer) else None,
)
def test_shape_that_comes_out(layer, shape):
    net = chain(layer)
    assert net.shapes[net.outputs[0]] == shape


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (kinds.Conv(9, (3, 5), groups=3), {"w": (9, 1, 3, 5), "b": (9,)}),
        (kinds.Conv(2, 5, pad=0, bias=False), {"w": (2, 3, 5, 5)}),
        (kinds.Conv(2, 5, pad=0, connections=[[0], [1, 2]]), {"w": (3, 5, 5), "b": (2,)}),
        (kinds.Local(4, 3, pad=0), {"w": (30, 30, 4, 3, 3, 3), "b": (4, 30, 30)}),
        (kinds.FC(10), {"w": (3072, 10), "b": (10,)}),
        (kinds.BatchNorm(), {"gamma": (3,), "beta": (3,)}),
        (kinds.LayerNorm(), {"gamma": (3,), "beta": (3,)}),
        (kinds.RBF(10), {}),
    ],
    ids=lambda value: value.label if isinstance(value, kinds.Layer) else None,
)
def test_shapes_of_what_is_learned(layer, wanted):
    net = chain(layer)
    name = net.outputs[0]
    assert net.parameters == {f"{name}.{part}": shape for part, shape in wanted.items()}


def test_what_is_kept_but_not_learned():
    assert chain(kinds.BatchNorm()).buffers == {
        "batchnorm1.running_mean": (3,),
        "batchnorm1.running_var": (3,),
    }
    assert chain(kinds.RBF(10)).buffers == {"rbf1.w": (3072, 10)}


@pytest.mark.parametrize("name", zoo.NAMES)
def test_json_gives_the_same_network_back(name):
    net = zoo.build(name)
    again = Architecture.from_json(net.to_json())
    assert again == net
    assert again.shapes == net.shapes


def test_json_has_a_line_a_layer_and_only_what_is_not_usual():
    lines = chain(kinds.Conv(16, 3), kinds.Pool()).to_json().splitlines()
    assert json.loads(lines[5].strip(" ,")) == {
        "name": "conv1", "kind": "conv", "filters": 16, "size": [3, 3]
    }  # fmt: skip
    assert json.loads(lines[6].strip(" ,")) == {"name": "pool2", "kind": "pool"}


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ("nonsense", 'list of "layers"'),
        ([{"name": "a", "kind": "conv"}], "Layer 1 (a)"),
        ([{"name": "a", "kind": "konv"}], 'needs a "name", and a "kind": '),
        ([{"kind": "input", "shape": [3, 8, 8]}], 'needs a "name"'),
        ([7], "Layer 1 should be an object"),
        ([{"name": "a", "kind": "input", "shape": [3, 8, 8], "colour": 1}], "input has no colour"),
        ([{"name": "a", "kind": "input", "shape": [3, 8]}], "An input has a shape"),
        ([{"name": "a", "kind": "input", "shape": [3, 0, 8]}], "1 or more, not 0"),
        ([{"name": "a", "kind": "input", "shape": 7}], "Layer 1 (a): An input has a shape"),
        ([], "at least an input"),
    ],
    ids=lambda value: None if isinstance(value, list) else "".join(filter(str.isalpha, value)),
)
def test_json_that_is_no_network_says_where(layers, problem):
    text = json.dumps({"format": "cs231n-architecture", "name": "x", "layers": layers})
    with pytest.raises(ArchitectureError) as error:
        Architecture.from_json(text)
    assert problem in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"layers": []}'])
def test_files_that_hold_something_else_are_refused(text):
    with pytest.raises(ArchitectureError, match=r"JSON|no network"):
        Architecture.from_json(text)


def test_a_layer_that_does_not_fit_is_named_with_what_it_gets():
    with pytest.raises(ArchitectureError) as error:
        chain(kinds.ReLU(), kinds.Conv(6, 5, stride=2, pad=0))
    assert str(error.value).startswith("conv2 (CONV5-6/2p0 on 3x32x32): The stride does not fit")
    assert error.value.layer == "conv2"


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([("a", kinds.ReLU(), ())], "one input, and it comes first"),
        ([("a", kinds.Input((3, 8, 8)), ()), ("a", kinds.ReLU(), ("a",))], "the name a"),
        ([("a", kinds.Input((3, 8, 8)), ()), ("b", kinds.ReLU(), ("c",))], "reads c"),
        (
            [("a", kinds.Input((3, 8, 8)), ()), ("b", kinds.ReLU(), ())],
            "inputs is 0, but it should be 1",
        ),
        ([("a", kinds.Input((3, 8, 8)), ()), ("b", kinds.Add(), ("a",))], "two or more"),
        ([("a b", kinds.Input((3, 8, 8)), ())], "no name for a layer"),
        ([("a", kinds.Input((3, 8, 8)), ()), ("b", kinds.Input((3, 8, 8)), ())], "one input"),
    ],
    ids=["no input", "twice", "unknown", "reads nothing", "lonely add", "space", "two inputs"],
)
def test_graphs_that_cannot_be_are_refused(nodes, problem):
    with pytest.raises(ArchitectureError, match=problem):
        Architecture("x", tuple(Node(*node) for node in nodes))


@pytest.mark.parametrize(
    "make",
    [
        lambda: kinds.Conv(0, 3),
        lambda: kinds.Conv(8, 4),
        lambda: kinds.Conv(8, 3, groups=3),
        lambda: kinds.Conv(8, 3, rounding="up"),
        lambda: kinds.Conv(2, 3, connections=[[0]]),
        lambda: kinds.Pool("median"),
        lambda: kinds.Pool("max", 2, pad=2),
        lambda: kinds.Pool("avg", None, 2),
        lambda: kinds.FC(1.5),
        lambda: kinds.Dropout(1.0),
        lambda: kinds.Conv(8, (3, 3, 3)),
    ],
)
def test_numbers_that_make_no_layer_are_refused(make):
    with pytest.raises(ValueError, match=r"\w+ .*"):
        make()


def test_another_size_of_input_changes_shapes_and_fully_connected_weights():
    net = chain(kinds.Conv(4, 3), kinds.FC(10)).with_input(64)
    assert net.shapes["conv1"] == (4, 64, 64)
    assert net.parameters["fc2.w"] == (4 * 64 * 64, 10)
    assert net.with_input(1, 8, 6).shapes["conv1"] == (4, 8, 6)


def test_the_part_that_leads_to_a_layer_leaves_side_branches_out():
    net = zoo.build("googlenet_auxiliary")
    part = net.until("inception4b")
    assert part.outputs == ("inception4b",)
    assert not [node.name for node in part if node.name.startswith("aux")]


def test_an_unknown_layer_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="conv1"):
        chain(kinds.Conv(4, 3))["conv2"]


def test_readers_count_each_reading():
    net = Architecture(
        "twice",
        (Node("x", kinds.Input((4,))), Node("double", kinds.Add(), ("x", "x"))),
    )
    assert net.readers["x"] == ("double", "double")
    assert net.outputs == ("double",)


def test_a_network_shows_itself_in_a_line():
    assert repr(zoo.build("lenet5")) == "<lenet5: 12 layers, 1x32x32 to 10, 61,706 parameters>"
    assert "to 1000 and 1000 and 1000," in repr(zoo.build("googlenet_auxiliary"))
