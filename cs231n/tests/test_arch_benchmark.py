"""The benchmark of whole networks: that it runs, and what it says when misused. No speed."""

import importlib.util
import json

import pytest

from benchmarks import networks


def test_without_pytorch_the_kit_is_measured_alone(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    file = tmp_path / "figures.json"
    options = ["--networks", "lenet5", "--repeats", "1", "--threads", "1", "--json", str(file)]
    monkeypatch.setattr(networks, "set_threads", lambda count: "as they are")
    assert networks.main(options) == 0
    printed = capsys.readouterr().out
    assert "PyTorch is not installed, so only the kit is measured" in printed
    assert "| lenet5 | 0.00 | 0 |" in printed
    (figures,) = json.loads(file.read_text())["figures"]
    assert figures["multiply_adds"] == 416_520
    assert list(figures["seconds"]) == ["kit"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--networks", "vgg16,lenet"], "there is no 'lenet'"),
        (["--batch", "0"], "--batch should be 1 or more"),
        (["--json", "no/such/folder/file.json"], "there is no folder"),
    ],
    ids=["network", "batch", "folder"],
)
def test_options_that_cannot_be_are_refused_with_a_reason(options, problem, capsys):
    with pytest.raises(SystemExit) as error:
        networks.main(options)
    assert error.value.code == 2
    assert problem in capsys.readouterr().err
