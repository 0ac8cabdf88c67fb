"""Train networks on CIFAR-10 on the fast layers, and draw what came of it.

    python -m benchmarks.training three_layer      # conv - relu - pool - affine - relu - affine
    python -m benchmarks.training deep             # six convolutions with batch normalisation

Writes the history to docs/training-NAME.json and the pictures to docs/images/training-NAME-*.png.
CIFAR-10 is looked for as the notebooks do, or in --data. --checkpoint FILE keeps the training after
every epoch, and goes on from there when it is started again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import numpy as np
from matplotlib import pyplot as plt

from benchmarks import measure
from cs231n import data, get_num_threads, vis
from cs231n.architectures import parse
from cs231n.architectures.initialise import initialise
from cs231n.architectures.passes import multiply_adds
from cs231n.architectures.running import Network
from cs231n.augment import crop_and_flip
from cs231n.saliency import saliency
from cs231n.training import Trainer, scores_of

DOCS = Path(__file__).resolve().parent.parent / "docs"


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained. goal: the accuracy that is to be passed."""

    network: str
    settings: dict
    goal: float
    augmented: bool = False
    spread: float | None = None  # of all first weights; by He's rule where absent
    first_filters: bool = False  # whether they are large enough to be looked at


def _block(filters: int) -> str:
    return f"[CONV3-{filters}nobias -> BN -> RELU]*2"


RECIPES = {
    "three_layer": Recipe(
        "INPUT32x32x3 -> CONV7-32 -> RELU -> POOL2 -> FC-100 -> RELU -> FC-10",
        {"epochs": 1, "batch_size": 50, "learning_rate": 1.5e-3},
        goal=0.50,
        spread=3e-3,  # so small that what the filters show was learned
        first_filters=True,
    ),
    "deep": Recipe(
        f"INPUT32x32x3 -> {_block(32)} -> POOL2 -> {_block(64)} -> POOL2 -> {_block(128)}"
        " -> GLOBALAVGPOOL -> FC-10",
        {"epochs": 10, "batch_size": 128, "learning_rate": 5e-3, "weight_decay": 0.03},
        goal=0.75,
        augmented=True,
    ),
}


def pictures(path) -> dict:
    """CIFAR-10: 49,000 pictures to train on, 1,000 for validation, 10,000 to test; mean 0, spread
    1. "spread" is what they were divided by."""
    found = data.get_data("cifar10", path=path, num_test=10_000)
    found["spread"] = float(found["X_train"].std())
    for part in ("X_train", "X_val", "X_test"):
        found[part] /= found["spread"]
    return found


def train(recipe: Recipe, found: dict, epochs: int | None, seed: int, checkpoint) -> Trainer:
    """Train a network as its recipe says, with a line for each epoch."""
    architecture, params = parse(recipe.network), None
    if recipe.spread is not None:
        params = initialise(architecture, "gaussian", std=recipe.spread, seed=seed)
    net = Network(architecture, params, seed=seed)
    settings = {**recipe.settings, "augment": crop_and_flip if recipe.augmented else None}
    if epochs is not None:
        settings["epochs"] = epochs
    trainer = Trainer(net, found, seed=seed, **settings)
    if checkpoint and Path(checkpoint).is_file():
        trainer.load(checkpoint)
        print(f"Going on from step {trainer.done} of {trainer.steps}.")
    per_picture = multiply_adds(net.architecture, net.architecture.nodes)
    count = sum(value.size for value in net.params.values())
    print(f"{recipe.network}\n{count:,} parameters, {per_picture:,} multiply-adds a picture")
    print(f"{get_num_threads()} threads, {len(found['X_train']):,} pictures\n")
    print("epoch  seconds   loss  val loss  trained on  validation")
    history = trainer.history
    while trainer.done < trainer.steps:
        before = trainer.done
        history = trainer.train(
            trainer.done + trainer.steps_per_epoch, progress=sys.stderr.isatty()
        )
        if trainer.done < before + trainer.steps_per_epoch:
            break  # interrupted
        if checkpoint:
            trainer.save(checkpoint)
        print(
            f"{len(history.seconds):5}  {history.seconds[-1]:7.1f}  "
            f"{np.mean(history.losses[-100:]):5.3f}  {history.val_loss[-1]:8.3f}  "
            f"{history.train_accuracy[-1]:10.1%}  {history.val_accuracy[-1]:10.1%}",
            flush=True,
        )
    return trainer


def passed_at(history, goal: float) -> float | None:
    """Seconds until the validation accuracy first passed the goal, at an epoch's end."""
    times = zip(history.seconds, history.val_accuracy)
    return next((seconds for seconds, value in times if value > goal), None)


def draw(name: str, recipe: Recipe, trainer: Trainer, found: dict, scores, folder: Path) -> None:
    """The pictures of one training, as PNG files."""

    def keep(fig, what: str) -> None:
        fig.savefig(folder / f"training-{name.replace('_', '-')}-{what}.png", dpi=110)
        plt.close(fig)

    shown = np.clip((found["X_test"] * found["spread"] + found["mean_image"]) / 255, 0, 1)
    names, y, taken = found["class_names"], found["y_test"], scores.argmax(axis=1)
    keep(vis.plot_training(trainer.history, title=f"Training the {name} net"), "curves")
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (y, taken), 1)
    keep(vis.show_confusion(counts, names), "confusion")
    keep(vis.show_mistakes(shown, y, scores, names, count=12), "mistakes")
    right = [int(np.flatnonzero((y == c) & (taken == c))[0]) for c in range(len(names))]
    maps = saliency(trainer.net, found["X_test"][right], y[right])
    keep(vis.show_saliency(shown[right], maps, names), "saliency")
    if recipe.first_filters:
        filters = trainer.net.params["conv1.w"]
        keep(vis.show_filters(filters, "What the first layer has learned", ncols=8), "filters")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training",
        description=__doc__.partition("\n")[0],
    )
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--data", metavar="DIR", help="where cifar-10-batches-py is")
    parser.add_argument("--epochs", type=int, help="another number of epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", metavar="FILE", help="kept after every epoch")
    parser.add_argument("--docs", type=Path, default=DOCS, metavar="DIR", help="default: docs/")
    args = parser.parse_args(arguments)

    recipe, found = RECIPES[args.recipe], pictures(args.data)
    trainer = train(recipe, found, args.epochs, args.seed, args.checkpoint)
    scores = scores_of(trainer.net, found["X_test"])
    test = float(np.mean(scores.argmax(axis=1) == found["y_test"]))
    history, seconds = trainer.history, passed_at(trainer.history, recipe.goal)
    when = "not passed" if seconds is None else f"passed after {seconds:.0f} s"
    print(f"\ntest accuracy {test:.2%} (10,000 pictures); {recipe.goal:.0%} on validation {when}")

    (args.docs / "images").mkdir(parents=True, exist_ok=True)
    draw(args.recipe, recipe, trainer, found, scores, args.docs / "images")
    kept = {
        "network": recipe.network,
        "settings": trainer.settings,
        "machine": measure.machine(get_num_threads(), os.environ.get("OPENBLAS_NUM_THREADS", "1")),
        "test_accuracy": test,
        **{key: np.round(values, 4).tolist() for key, values in asdict(history).items()},
    }
    kept["losses"], kept["rates"] = kept["losses"][::10], kept["rates"][::10]  # every tenth step
    path = args.docs / f"training-{args.recipe.replace('_', '-')}.json"
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in kept.items())
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"wrote {path} and {args.docs / 'images'}/training-*.png")
    return 0 if seconds is not None else 1


if __name__ == "__main__":
    sys.exit(main())
