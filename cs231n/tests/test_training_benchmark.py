"""The command that trains on CIFAR-10 writes a history and pictures, and goes on from a file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import training as benchmark


@pytest.fixture
def small(monkeypatch):
    rng = np.random.default_rng(0)
    parts = {"train": 60, "val": 20, "test": 40}
    found = {
        f"X_{k}": rng.standard_normal((n, 3, 8, 8), dtype=np.float32) for k, n in parts.items()
    }
    found |= {f"y_{k}": np.arange(n) % 2 for k, n in parts.items()}
    for k in parts:
        found[f"X_{k}"][:, 0] += 2 * found[f"y_{k}"][:, None, None]
    found |= {"class_names": ["dark", "red"], "mean_image": np.zeros((3, 8, 8), np.float32)}
    monkeypatch.setattr(benchmark, "pictures", lambda path: found | {"spread": 50.0})
    recipe = replace(
        benchmark.RECIPES["deep"],
        network="INPUT8x8x3 -> CONV3-4 -> BN -> RELU -> POOL2 -> FC-2",
        settings={"epochs": 3, "batch_size": 20, "learning_rate": 0.02},
        first_filters=True,
    )
    monkeypatch.setitem(benchmark.RECIPES, "deep", recipe)


def test_history_and_pictures_are_written(small, tmp_path, capsys):
    assert benchmark.main(["deep", "--docs", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "training-deep.json").read_text())
    assert len(kept["val_accuracy"]) == 3
    assert kept["test_accuracy"] > 0.75
    drawn = sorted(path.name for path in (tmp_path / "images").iterdir())
    what = ("confusion", "curves", "filters", "mistakes", "saliency")
    assert drawn == [f"training-deep-{name}.png" for name in what]
    assert "passed after" in capsys.readouterr().out


def test_training_goes_on_from_its_checkpoint(small, tmp_path, capsys):
    settings = ["deep", "--docs", str(tmp_path), "--checkpoint", str(tmp_path / "net")]
    benchmark.main(settings)
    first = json.loads((tmp_path / "training-deep.json").read_text())
    benchmark.main(settings)
    assert "Going on from step 9 of 9" in capsys.readouterr().out
    again = json.loads((tmp_path / "training-deep.json").read_text())
    assert first["losses"] == again["losses"]
    assert first["test_accuracy"] == again["test_accuracy"]
