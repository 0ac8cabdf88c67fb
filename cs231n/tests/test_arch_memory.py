"""Memory to compute scores and to train, the batch that fits, and sizes as text."""

import pytest

from cs231n.architectures import build, parse
from cs231n.architectures.memory import (
    format_bytes,
    inference_memory,
    largest_batch,
    parse_bytes,
    training_memory,
)

CHAIN = "INPUT4x4x2 -> CONV3-3 -> RELU -> CONV3-5 -> FLATTEN -> DROPOUT0.5 -> FC-2"


@pytest.mark.parametrize(
    ("text", "in_place", "values"),
    [
        (CHAIN, False, 48 + 80),  # conv2 reads relu1 and writes
        ("INPUT4x4x2 -> CONV3-9 -> RELU -> FC-2", False, 2 * 144),
        ("INPUT4x4x2 -> CONV3-9 -> RELU -> FC-2", True, 32 + 144),
        ("INPUT4x4x2 -> (CONV3-3 -> CONV3-3 | )", False, 32 + 48 + 80),
        ("INPUT4x4x2 -> CONV3-4 -> (RELU -> CONV3-4 + )", True, 3 * 64),  # the skip still needs it
        ("INPUT4x4x2 -> {FC-1} -> CONV3-1 -> FC-9", False, 32 + 1 + 16),
    ],
    ids=["chain", "relu", "relu in place", "branches", "skip", "side branch"],
)
def test_volumes_that_are_in_memory_together(text, in_place, values):
    memory = inference_memory(parse(text), in_place_relu=in_place)
    assert memory.activations == values * 4


def test_what_a_picture_more_costs():
    net = build("vgg16")
    one, three = inference_memory(net), inference_memory(net, 3)
    assert three.activations == 3 * one.activations
    assert three.parameters == one.parameters == 4 * 138_357_544
    assert inference_memory(net, dtype="float64").total == 2 * one.total


def test_training_keeps_every_volume_and_its_gradient():
    net = parse(CHAIN)
    values = 32 + 48 + 48 + 80 + 80 + 2  # flatten has none of its own, dropout has
    memory = training_memory(net)
    assert memory.activations == memory.activation_gradients == 4 * values
    assert training_memory(net, in_place_relu=True).activations == 4 * (values - 48)


@pytest.mark.parametrize(
    ("optimizer", "copies"), [("sgd", 0), ("momentum", 1), ("rmsprop", 1), ("adam", 2)]
)
def test_optimizers_keep_state_for_each_parameter(optimizer, copies):
    memory = training_memory(build("lenet5"), optimizer=optimizer)
    assert memory.optimizer == copies * 61_706 * 4
    assert memory.parameter_gradients == memory.parameters == 61_706 * 4


@pytest.mark.parametrize("name", ["resnet50", "lenet5_1998"])
def test_what_is_not_learned_has_neither_gradients_nor_state(name):
    net = build(name)
    memory = training_memory(net, optimizer="adam")
    assert memory.parameter_gradients == 4 * net.parameter_count
    assert memory.optimizer == 2 * memory.parameter_gradients
    assert memory.parameters > memory.parameter_gradients  # running averages, fixed points


@pytest.mark.parametrize(
    ("text", "spared"),
    [
        ("INPUT4x4x2 -> CONV3-4 -> RELU -> CONV3-4", 64),
        ("INPUT4x4x2 -> CONV3-4 -> (RELU -> CONV3-4 + )", 0),
        ("INPUT4x4x2 -> CONV3-4 -> (FLATTEN -> RELU | FLATTEN)", 0),
        ("INPUT4x4x2 -> CONV3-4 -> FLATTEN -> RELU -> FC-3", 64),
    ],
    ids=["chain", "skip", "flattened skip", "flattened"],
)
def test_training_overwrites_only_what_nobody_else_reads(text, spared):
    net = parse(text)
    both = [training_memory(net, in_place_relu=x).activations for x in (False, True)]
    assert both[0] - both[1] == 4 * spared


def test_workspace_of_im2col_is_that_of_the_largest_layer():
    net = build("alexnet_one_tower")
    assert inference_memory(net, 5).workspace == 0
    assert inference_memory(net, 5, workspace="picture").workspace == 4 * 96 * 25 * 27 * 27
    assert inference_memory(net, 5, workspace="batch").workspace == 5 * 4 * 96 * 25 * 27 * 27


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("workspace", ["none", "picture", "batch"])
def test_the_largest_batch_fits_and_one_more_does_not(training, workspace):
    net, need = build("alexnet"), training_memory if training else inference_memory
    limit = parse_bytes("2GiB")
    most = largest_batch(net, limit, training=training, workspace=workspace)
    assert most > 1
    assert need(net, most, workspace=workspace).total <= limit
    assert need(net, most + 1, workspace=workspace).total > limit


def test_a_network_that_does_not_fit_at_all():
    assert largest_batch(build("vgg16"), parse_bytes("500MB")) == 0
    just = training_memory(build("lenet5")).total
    assert largest_batch(build("lenet5"), just) == 1
    assert largest_batch(build("lenet5"), just - 1) == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("8GiB", 8 * 2**30),
        ("500 MB", 500_000_000),
        ("1.5g", 1_500_000_000),
        ("3KiB", 3072),
        ("3kB", 3000),
        ("1000000", 1_000_000),
        ("2tib", 2**41),
    ],
)
def test_sizes_as_people_write_them(text, count):
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "GiB", "lots", "-3", "3 elephants", "1e9", "3i"])
def test_texts_that_are_no_size_are_refused(text):
    with pytest.raises(ValueError, match="8GiB"):
        parse_bytes(text)


def test_sizes_are_written_in_binary_units():
    assert format_bytes(4 * 15_237_608) == "58.1 MiB"
    assert format_bytes(2**30) == "1.0 GiB"
    assert format_bytes(100) == "100 bytes"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"batch": 0}, "1 or more"),
        ({"optimizer": "adamant"}, "one of sgd"),
        ({"workspace": "some"}, "one of none"),
        ({"batch": True}, "1 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        training_memory(build("lenet5"), **options)
