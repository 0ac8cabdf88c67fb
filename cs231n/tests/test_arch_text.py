"""The text form: what it means, and that a slip is shown at its character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.architectures import kinds
from cs231n.architectures.text import PatternError, parse
from cs231n.architectures.text_layers import read_layer

SEED = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
STEADY = settings(max_examples=150, derandomize=True, deadline=None)


def words(net):
    return [node.layer.label for node in net][1:]


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ({"N": 0, "M": 0, "K": 0}, "FC-10"),
        ({"N": 1, "M": 1, "K": 0, "optional": False}, "CONV3-64 RELU FC-10"),
        ({"N": 1, "M": 2, "K": 1}, "CONV3-64 RELU POOL2 " * 2 + "FC-128 RELU FC-10"),
        (
            {"N": 2, "M": 3, "K": 2},
            "CONV3-64 RELU CONV3-64 RELU POOL2 " * 3 + "FC-128 RELU " * 2 + "FC-10",
        ),
    ],
    ids=["linear classifier", "one conv", "one conv a pool", "two convs a pool"],
)
def test_the_patterns_of_the_notes(counts, wanted):
    assert words(parse(SEED, **counts)) == wanted.split()


def test_numbers_in_their_places():
    net = parse("INPUT227x227x3 -> CONV11-96/4p0 -> POOL3/2 -> CONV5-256g2 -> FC-4096 -> FC-1000")
    assert [net.shapes[node.name] for node in net] == [
        (3, 227, 227),
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (4096,),
        (1000,),
    ]
    assert net.parameters["conv2.w"] == (256, 48, 5, 5)


def test_branches_are_joined_in_order_and_an_empty_one_passes_on():
    net = parse("INPUT8x8x4 -> (CONV1-2 | CONV3-3 -> RELU | ) -> (CONV3-9 + ) -> FC-2")
    assert net["concat1"].inputs == ("conv1", "relu1", "input")
    assert net.shapes["concat1"] == (9, 8, 8)
    assert net["add1"].inputs == ("conv3", "concat1")


def test_a_side_branch_is_an_output_and_the_rest_goes_on_before_it():
    net = parse("INPUT8x8x4 -> CONV3-4 -> {GLOBALAVGPOOL -> FC-2} -> RELU -> FC-3")
    assert net.outputs == ("fc1", "fc2")
    assert net["relu1"].inputs == ("conv1",)


def test_copies_of_a_named_layer_are_counted():
    net = parse("INPUT8x8x4 -> [c:CONV3-4 -> RELU]*2 -> block:(a:CONV3-4 + )*2 -> out:FC-2")
    names = ["c_1", "relu1", "c_2", "relu2", "block_1.a", "block_1", "block_2.a", "block_2", "out"]
    assert [node.name for node in net][1:] == names


def test_names_made_up_avoid_those_given():
    net = parse("INPUT8x8x4 -> conv1:RELU -> CONV3-4")
    assert [node.name for node in net] == ["input", "conv1", "conv2"]


def test_spaces_line_breaks_and_small_letters_do_not_matter():
    assert parse("input8x8x1->[conv3-2→relu]*2->fc-3", name="x") == parse(
        "INPUT8x8x1\n -> [ CONV3-2 -> RELU ] * 2\n -> FC-3", name="x"
    )


SLIPS = {
    "INPUT -> CONVV3-64": (9, "did you mean CONV?"),
    "INPUT -> CONV3": (14, "SIZE-FILTERS"),
    "INPUT -> CONV3-64q": (17, "'q' is none of its options"),
    "INPUT -> CONV3-64p1p2": (19, "given twice"),
    "INPUT -> CONV4-64": (9, "No pad keeps the size"),
    "INPUT -> POOL2d2": (14, "none of its options"),
    "INPUT -> DROPOUT2": (16, "share dropped"),
    "INPUT -> RELU6": (13, "nothing follows"),
    "INPUT -> [CONV -> RELU": (22, "expected -> or ']', for '[' at character 10"),
    "INPUT -> (CONV)": (9, "one sequence stands in [ ]"),
    "INPUT -> (CONV | RELU + )": (24, "either | or +"),
    "INPUT -> [CONV]*": (16, "expected how often"),
    "INPUT -> [CONV]*N": (9, "Give its value: N=2"),
    "INPUT -> -> FC": (9, "expected a layer"),
    "INPUT FC": (6, "expected -> or the end"),
    "INPUT -> FC -> CONV": (15, "conv1 (CONV3-64 on 128): This layer takes pictures"),
    "INPUT -> CONV5-6p0/2 -> RELU": (9, "1 pixel is left over"),
    "INPUT -> a:FC -> a:FC": (19, "there is a layer a already"),
    "INPUT -> a..b:FC": (9, "is no name"),
    "INPUT -> INPUT": (9, "has one"),
    "FC -> RELU": (0, "begins with INPUT"),
    "[INPUT]": (0, "begins with INPUT"),
    "INPUT0x2x3": (0, "1 or more, not 0"),
    "INPUT -> [CONV]*99999": (10, "more than 10000 layers"),
    "INPUT -> [[RELU*0]*9999]*9999": (10, "more than 10000 layers"),
    "": (0, "not the end"),
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_is_shown_at_its_character(text):
    position, problem = SLIPS[text]
    with pytest.raises(PatternError) as error:
        parse(text)
    message, shown, caret = str(error.value).split("\n")
    assert problem in message
    assert error.value.position == position
    assert caret.index("^") - 2 == position
    assert shown[2:] == text


def test_in_a_long_text_the_place_is_still_in_sight():
    text = "INPUT32x32x3 -> " + "RELU -> " * 40 + "RELUU" + " -> RELU" * 40
    with pytest.raises(PatternError) as error:
        parse(text)
    _, shown, caret = str(error.value).split("\n")
    assert len(shown) < 100
    assert shown[caret.index("^") :].startswith("RELUU")


def test_a_count_that_nothing_asks_for_is_refused():
    with pytest.raises(ValueError, match="repeated Q times"):
        parse("INPUT -> FC", Q=2)
    with pytest.raises(PatternError, match="not -1 times"):
        parse("INPUT -> [FC]*N", N=-1)


number = st.integers(1, 9)
odd = st.integers(0, 4).map(lambda n: 2 * n + 1)
pair = st.tuples(number, number)
odd_pair = st.tuples(odd, odd)
pad = st.tuples(st.integers(0, 3), st.integers(0, 3))
rounding = st.sampled_from(["exact", "floor", "ceil"])
layers = st.one_of(
    st.builds(
        kinds.Conv,
        filters=number.map(lambda n: 4 * n),
        size=odd_pair,
        stride=pair,
        pad=st.none() | pad,
        dilation=pair,
        groups=st.sampled_from([1, 2, 4]),
        bias=st.booleans(),
        rounding=rounding,
    ),
    st.builds(kinds.Local, number, odd_pair, pair, st.none() | pad, st.booleans(), rounding),
    st.builds(
        kinds.Pool,
        st.sampled_from(["max", "avg", "l2"]),
        st.tuples(st.integers(4, 9), st.integers(4, 9)),
        st.none() | pair,
        pad,
        rounding,
    ),
    st.builds(kinds.Pool, st.sampled_from(["max", "avg", "l2"]), st.none()),
    st.builds(kinds.FC, number, st.booleans()),
    st.builds(kinds.Dropout, st.sampled_from([0.0, 0.25, 0.5])),
    st.builds(kinds.GroupNorm, number),
    st.builds(kinds.LRN, number),
    st.sampled_from([kinds.ReLU(), kinds.Tanh(), kinds.Scale(), kinds.Flatten(), kinds.Softmax()]),
    st.sampled_from([kinds.BatchNorm(), kinds.LayerNorm(), kinds.RBF(3)]),
    st.sampled_from([kinds.Input((3, 4, 5)), kinds.Input((7,))]),
)


@STEADY
@given(layers)
def test_a_layers_label_is_how_the_text_form_writes_it(layer):
    assert read_layer(layer.label)[0] == layer


alphabet = st.one_of(
    st.sampled_from(["INPUT4x4x2", "CONV3-2", "CONV1-1/2", "RELU", "POOL2", "FC-3", "BN", "LRN"]),
    st.sampled_from(["->", "[", "]", "(", ")", "{", "}", "*2", "*N", "?", "+", "|", ":", "a:"]),
    st.sampled_from([" ", ",", "x", "-", "5"]),
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(alphabet, max_size=14).map("".join))
def test_any_text_gives_a_network_or_points_at_a_character(text):
    try:
        place, outputs = 0, parse(text, name="x").outputs
    except PatternError as error:
        place, outputs = error.position, ("none",)
    assert 0 <= place <= len(text)
    assert outputs
