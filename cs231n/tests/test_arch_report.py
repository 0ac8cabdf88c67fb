"""Tables, the notes' form of VGG-16, rules of thumb, and the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n.architectures import build, parse
from cs231n.architectures.__main__ import main
from cs231n.architectures.description import Architecture, Node
from cs231n.architectures.kinds import Input
from cs231n.architectures.linter import lint
from cs231n.architectures.report import notes, summary

VGG16_NOTES = """\
INPUT: [224x224x3]        memory: 224*224*3 = 150K    weights: 0
CONV3-64: [224x224x64]    memory: 224*224*64 = 3.2M   weights: (3*3*3)*64 = 1,728
CONV3-64: [224x224x64]    memory: 224*224*64 = 3.2M   weights: (3*3*64)*64 = 36,864
POOL2: [112x112x64]       memory: 112*112*64 = 802K   weights: 0
CONV3-128: [112x112x128]  memory: 112*112*128 = 1.6M  weights: (3*3*64)*128 = 73,728
CONV3-128: [112x112x128]  memory: 112*112*128 = 1.6M  weights: (3*3*128)*128 = 147,456
POOL2: [56x56x128]        memory: 56*56*128 = 401K    weights: 0
CONV3-256: [56x56x256]    memory: 56*56*256 = 802K    weights: (3*3*128)*256 = 294,912
CONV3-256: [56x56x256]    memory: 56*56*256 = 802K    weights: (3*3*256)*256 = 589,824
CONV3-256: [56x56x256]    memory: 56*56*256 = 802K    weights: (3*3*256)*256 = 589,824
POOL2: [28x28x256]        memory: 28*28*256 = 200K    weights: 0
CONV3-512: [28x28x512]    memory: 28*28*512 = 401K    weights: (3*3*256)*512 = 1,179,648
CONV3-512: [28x28x512]    memory: 28*28*512 = 401K    weights: (3*3*512)*512 = 2,359,296
CONV3-512: [28x28x512]    memory: 28*28*512 = 401K    weights: (3*3*512)*512 = 2,359,296
POOL2: [14x14x512]        memory: 14*14*512 = 100K    weights: 0
CONV3-512: [14x14x512]    memory: 14*14*512 = 100K    weights: (3*3*512)*512 = 2,359,296
CONV3-512: [14x14x512]    memory: 14*14*512 = 100K    weights: (3*3*512)*512 = 2,359,296
CONV3-512: [14x14x512]    memory: 14*14*512 = 100K    weights: (3*3*512)*512 = 2,359,296
POOL2: [7x7x512]          memory: 7*7*512 = 25K       weights: 0
FC: [1x1x4096]            memory: 4096                weights: 7*7*512*4096 = 102,760,448
FC: [1x1x4096]            memory: 4096                weights: 4096*4096 = 16,777,216
FC: [1x1x1000]            memory: 1000                weights: 4096*1000 = 4,096,000
"""


def test_vgg16_line_by_line_with_sums_that_are_right():
    text = notes(build("vgg16"))
    assert text.startswith(VGG16_NOTES)
    assert "15,237,608 * 4 bytes = 60.95 MB = 58.13 MiB" in text
    assert "138,344,128; with 13,416 biases 138,357,544 parameters" in text


def test_the_text_table_is_aligned_and_has_all_layers_and_sums():
    net = build("lenet5")
    text = str(summary(net))
    lines = text.splitlines()
    rows = lines[4 : 4 + len(net)]
    assert [row.split()[0] for row in rows] == [node.name for node in net]
    ends = {len(lines[2])} | {len(row) for row in rows if row.endswith("32")}
    assert len(ends) == 1
    assert "28x28x6" in rows[1]
    assert "total" in text
    assert "61,706 parameters" in text


def test_csv_and_json_hold_plain_numbers():
    table = summary(build("lenet5"))
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    conv = rows[1]
    assert (conv["name"], conv["output"], conv["weights"], conv["sees"]) == (
        "conv1", "28x28x6", "150", "5x5",
    )  # fmt: skip
    assert sum(int(row["weights"]) + int(row["biases"]) for row in rows) == 61_706
    found = json.loads(table.json())
    assert found["layers"][1]["output"] == [28, 28, 6]
    assert found["totals"]["multiply_adds"] == 416_520


def test_html_shows_every_layer_and_escapes_what_is_written_in_it():
    net = Architecture("<script>alert(1)</script>", (Node("a", Input((3, 8, 8))),))
    html = summary(net)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert summary(build("lenet5")).html().count("<tr>") == 12 + 2


def test_a_network_of_vectors_has_no_receptive_fields():
    table = summary(parse("INPUT64 -> FC-32 -> RELU -> FC-3"))
    assert all(row["sees"] is None for row in table.rows)
    assert "2,080" not in table.text()
    assert "2,048" in table.text()


def test_a_network_whose_maps_do_not_belong_together_still_has_a_table():
    table = summary(parse("INPUT7x7x1 -> (CONV4-1/2p0floor | CONV6-1p0)"))
    assert all(row["sees"] is None for row in table.rows)
    assert "No receptive fields: concat1 joins layers" in table.text()


def test_partial_connections_are_written_as_a_product_that_is_right():
    assert "(5*5)*60 = 1,500" in notes(build("lenet5_1998"))


def findings(text):
    return [(finding.layer, finding.rule) for finding in lint(parse(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("INPUT32x32x3 -> [CONV3-32 -> RELU -> POOL2]*3 -> FC-10", []),
        (
            "INPUT30x30x3 -> CONV3-8 -> POOL2 -> CONV3-8 -> POOL2floor -> FC-3",
            [("input", "halving"), ("input", "halving"), ("pool2", "stride")],
        ),
        ("INPUT8x8x3 -> CONV5-8/2p0floor -> FC-2", [("conv1", "stride")]),
        ("INPUT8x8x3 -> POOL3/2ceil -> FC-2", [("pool1", "stride")]),
        ("INPUT32x32x3 -> CONV7-8 -> CONV7-8 -> FC-2", [("conv2", "big filter")]),
        ("INPUT32x32x3 -> CONV3-8p0 -> FC-2", [("conv1", "border")]),
        ("INPUT32x32x3 -> CONV32-8p0 -> CONV1-4", []),
        ("INPUT32x32x3 -> CONV4-8p1 -> FC-2", [("conv1", "even filter")]),
        ("INPUT32x32x3 -> POOL4 -> FC-2", [("pool1", "pool")]),
        ("INPUT32x32x3 -> POOL1/2floor -> FC-2", [("pool1", "gaps")]),
        ("INPUT32x32x3 -> GLOBALAVGPOOL -> FC-2", []),
        (
            "INPUT224x224x3 -> CONV3-64 -> POOL2 -> FC-10",
            [("conv1", "memory"), ("fc1", "parameters")],
        ),
        ("INPUT32x32x64 -> FC-1000 -> RELU -> FC-10", [("fc1", "parameters")]),
        ("INPUT64 -> FC-10", []),
    ],
)
def test_rules_of_thumb_find_what_they_are_about_and_nothing_else(text, found):
    assert findings(text) == found


def test_findings_explain_themselves_with_numbers():
    (finding,) = lint(parse("INPUT32x32x3 -> CONV3-8 -> CONV7-8 -> FC-2"))
    assert "49 weights" in finding.message
    assert "3 layers of 3x3 see as far for 27" in finding.message
    assert str(finding).startswith("conv2: ")


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "resnet18", "cifar_resnet20"])
def test_famous_3x3_layers_raise_no_alarm(name):
    rules = {finding.rule for finding in lint(build(name))}
    assert not rules & {"stride", "halving", "border", "even filter", "big filter"}


def test_the_command_prints_a_table_and_a_verdict(capsys):
    assert main(["vgg16", "--input", "224", "--batch", "32", "--memory", "8GiB"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "138,357,544 parameters" in out
    assert "it fits into 8.0 GiB" in out
    assert "The largest batch that fits is 32." in out


def test_a_network_that_does_not_fit_ends_with_1(capsys):
    assert main(["vgg16", "--batch", "33", "--memory", "8GiB"]) == 1
    assert "does not fit" in " ".join(capsys.readouterr().out.split())
    assert main(["vgg16", "--inference", "--memory", "1MiB"]) == 1
    assert "Not even one picture fits." in " ".join(capsys.readouterr().out.split())


def test_patterns_letters_sizes_and_files(capsys, tmp_path):
    file = tmp_path / "net.json"
    pattern = "INPUT -> [CONV3-8 -> RELU]*N -> FC-3"
    assert main([pattern, "--set", "N=2", "--input", "16x16x1", "--save", str(file)]) == 0
    net = Architecture.from_json(file.read_text())
    assert net.shapes["conv2"] == (8, 16, 16)
    capsys.readouterr()
    assert main([str(file), "--format", "csv"]) == 0
    assert capsys.readouterr().out == summary(net).csv()
    assert main([str(file), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["weights"] == 72 + 576 + 6144
    assert main(["--list"]) == 0
    assert "resnet152" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["INPUT -> CONVV"], "At character 10"),
        (["INPUT -> [CONV]*N"], "Give its value"),
        (["vgg17"], "Did you mean vgg1"),
        (["nothing.json"], "nothing.json: No such file"),
        (["vgg16", "--memory", "lots"], "8GiB"),
        (["vgg16", "--input", "big"], "--input is a size"),
        (["vgg16", "--input", "225"], "The stride does not fit"),
        (["vgg16", "--set", "N=2"], "none"),
        (["INPUT -> FC", "--set", "N"], "such as N=2"),
        (["vgg16", "--batch", "0"], "1 or more"),
        ([], "Which network?"),
        (["lenet5", "--draw", "x.doc"], ".svg"),
        (["lenet5", "--save", "no/such/folder/x.json"], "No such file"),
    ],
)
def test_bad_input_is_one_message_and_ends_with_2(arguments, problem, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert problem in error
    assert "Traceback" not in error


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_command_draws(suffix, tmp_path, capsys):
    file = tmp_path / f"net.{suffix}"
    assert main(["lenet5", "--draw", str(file)]) == 0
    assert file.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")


def test_a_reader_that_leaves_early_sees_no_traceback():
    command = f"{sys.executable} -m cs231n.architectures resnet152 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout == "resnet152, float32\n"
    assert done.stderr == ""


def test_the_table_in_the_documentation_is_the_real_one():
    page = Path(__file__).parents[2] / "docs" / "architectures.md"
    assert str(summary(build("lenet5"))) in page.read_text(encoding="utf-8")
