"""Training whole networks: batches, an update rule, a schedule, a progress bar, checkpoints.

    trainer = Trainer(net, data, epochs=10, learning_rate=3e-3, augment=crop_and_flip)
    trainer.train()                      # Ctrl-C, or Jupyter's stop button, ends it after the step
    trainer.save("net.safetensors")      # later: Trainer(net, data, ...).load("net.safetensors")
    trainer.history.losses, trainer.history.val_accuracy

A network is any object with `params`, a dict of arrays, and `loss(X, y=None)`, which returns the
scores without y and (loss, grads) with it: a class from the notebooks, or a
cs231n.architectures.running.Network. Where it has `buffers` and a `step` (of batch normalisation
and dropout), checkpoints keep them too.

What happens in a step depends on the seed and on the step's number alone, so training that was
stopped and goes on gives the very numbers that it would have given in one go.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from math import cos, pi
from time import perf_counter

import numpy as np

from cs231n import checkpoints, fast_optim
from cs231n.language import say

RULES = {
    "sgd": (fast_optim.sgd_fast, {}),
    "momentum": (fast_optim.sgd_momentum_fast, {"momentum": 0.9}),
    "adam": (fast_optim.adam_fast, {}),
}


def constant(done: float) -> float:
    """The same learning rate from beginning to end."""
    return 1.0


def cosine(done: float) -> float:
    """From 1 down to 0 along half a cosine; `done` is the part of the training that is over."""
    return 0.5 * (1 + cos(pi * done))


def one_cycle(done: float, warm_up: float = 0.25) -> float:
    """Up in a straight line from 1/25 to 1, then down to 0 along half a cosine (Smith, 2018)."""
    if done < warm_up:
        return 0.04 + 0.96 * done / warm_up
    return cosine((done - warm_up) / (1 - warm_up))


SCHEDULES = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}


@dataclass
class History:
    """What was measured: losses and rates have one number a step, the others one an epoch."""

    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)  # of as many pictures as val has
    val_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # since the beginning, pauses left out


class Trainer:
    """Trains a network.

    Inputs:
    - net: a network, see above; its params are changed
    - data: dict with X_train, y_train, X_val, y_val, as cs231n.data.get_data gives it
    - epochs: how often every picture is seen in all
    - batch_size: pictures a step; the last batch of an epoch may be smaller
    - rule: "adam", "momentum" or "sgd"; rule_settings: such as {"beta1": 0.9}
    - learning_rate: the largest one; schedule: "one_cycle", "cosine" or "constant"
    - weight_decay: every step, arrays with two axes or more (weights, and not biases or scales)
      lose learning rate * weight_decay of their length. It is no part of the loss
    - augment: function (X, rng) -> pictures of the same shape, or None
    - seed: the order of pictures, and what augment draws

    Raises ValueError for an unknown rule or schedule.
    """

    def __init__(
        self,
        net,
        data: dict,
        *,
        epochs: int = 10,
        batch_size: int = 128,
        rule: str = "adam",
        rule_settings: dict | None = None,
        learning_rate: float = 1e-3,
        schedule: str = "one_cycle",
        weight_decay: float = 0.0,
        augment: Callable | None = None,
        seed: int = 0,
    ):
        for name, known in ((rule, RULES), (schedule, SCHEDULES)):
            if name not in known:
                raise ValueError(f"There is {', '.join(known)}, but not {name!r}.")
        self.net, self.data, self.augment, self.history = net, data, augment, History()
        self.update, settings = RULES[rule]
        self.configs = {name: {**settings, **(rule_settings or {})} for name in net.params}
        self.settings = {
            "pictures": len(data["X_train"]),
            "epochs": epochs,
            "batch_size": batch_size,
            "rule": rule,
            "rule_settings": rule_settings or {},
            "learning_rate": learning_rate,
            "schedule": schedule,
            "weight_decay": weight_decay,
            "augment": getattr(augment, "__name__", None),
            "seed": seed,
        }
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.learning_rate, self.schedule = learning_rate, SCHEDULES[schedule]
        self.weight_decay = weight_decay
        self.done = 0  # steps
        self.steps_per_epoch = -(-len(data["X_train"]) // batch_size)
        self.steps = epochs * self.steps_per_epoch

    def train(self, until: int | None = None, *, progress: bool = True) -> History:
        """Train to the end, or until so many steps are done; returns the history.

        An interrupt ends training after the step that it comes in (a second one at once), and
        train() goes on from there. progress: whether to show a bar.
        """
        from tqdm.auto import tqdm

        stop_at, shown = min(self.steps if until is None else until, self.steps), None
        bar = tqdm(total=self.steps, initial=self.done, unit="step", disable=not progress)
        start = perf_counter() - (self.history.seconds[-1] if self.history.seconds else 0)
        with bar, _interrupts() as interrupted:
            while self.done < stop_at and not interrupted:
                loss = self.step()
                shown = loss if shown is None else 0.95 * shown + 0.05 * loss
                if self.done % self.steps_per_epoch == 0:
                    self._measure(perf_counter() - start)
                bar.update()
                right = "".join(f", {v:.1%} right" for v in self.history.val_accuracy[-1:])
                bar.set_postfix_str(f"loss {shown:.3f}{right}", refresh=False)
        if interrupted:
            say(f"Stopped after step {self.done}. The network keeps what it has learned.")
        return self.history

    def step(self) -> float:
        """One batch: its loss, gradients, and an update of all parameters. Returns the loss."""
        epoch, place = divmod(self.done, self.steps_per_epoch)
        order = _order(self.seed, epoch, len(self.data["X_train"]))
        batch = order[place * self.batch_size : (place + 1) * self.batch_size]
        X, y = self.data["X_train"][batch], self.data["y_train"][batch]
        if self.augment is not None:
            X = self.augment(X, np.random.default_rng([self.seed, epoch, place]))
        loss, grads = self.net.loss(X, y)
        rate = self.learning_rate * self.schedule(self.done / self.steps)
        for name, grad in grads.items():
            w, config = self.net.params[name], self.configs[name]
            if self.weight_decay and np.ndim(w) > 1:
                w = np.multiply(w, 1 - rate * self.weight_decay, dtype=w.dtype)
            config["learning_rate"] = rate
            self.net.params[name], self.configs[name] = self.update(w, grad, config)
        self.history.losses.append(float(loss))
        self.history.rates.append(rate)
        self.done += 1
        return float(loss)

    def save(self, path) -> None:
        """Write all that training goes on from into one file."""
        arrays = {f"param/{name}": value for name, value in self.net.params.items()}
        buffers = getattr(self.net, "buffers", {})
        arrays |= {f"buffer/{name}": value for name, value in buffers.items()}
        for name, config in self.configs.items():
            arrays |= {f"state/{name}/{key}": np.asarray(value) for key, value in config.items()}
        for measured in fields(History):
            values = getattr(self.history, measured.name)
            arrays[f"history/{measured.name}"] = np.array(values, dtype=np.float64)
        step = getattr(self.net, "step", None)
        state = {"done": self.done, "net_step": step if isinstance(step, int) else None}
        checkpoints.write(path, arrays, {**self.settings, **state})

    def load(self, path) -> Trainer:
        """Go on from a file that `save` wrote; returns this Trainer.

        Raises ValueError, before anything is changed, when the file is of another network or of a
        training with other settings: the numbers would not be those of one training.
        """
        arrays, settings = checkpoints.read(path)
        done, net_step = settings.pop("done"), settings.pop("net_step")
        if settings != self.settings:
            names = [key for key in self.settings if settings.get(key) != self.settings[key]]
            raise ValueError(f"{path} is of a training with another {', '.join(names)}.")
        parts: dict[str, dict] = {"param": {}, "buffer": {}, "state": {}, "history": {}}
        for name, array in arrays.items():
            kind, _, rest = name.partition("/")
            parts[kind][rest] = array
        shapes = {name: array.shape for name, array in parts["param"].items()}
        if shapes != {name: value.shape for name, value in self.net.params.items()}:
            raise ValueError(f"The arrays in {path} do not fit this network: they are {shapes}.")
        self.net.params.update(parts["param"])
        if parts["buffer"]:
            self.net.buffers.update(parts["buffer"])
        if net_step is not None:
            self.net.step = net_step
        for name, config in self.configs.items():
            for place, value in parts["state"].items():
                owner, _, key = place.rpartition("/")
                if owner == name:
                    config[key] = value if value.ndim else value.item()
        self.history = History(**{key: list(map(float, v)) for key, v in parts["history"].items()})
        self.done = done
        return self

    def _measure(self, seconds: float) -> None:
        """At the end of an epoch: how well are pictures classified that were not trained on?"""
        X, y = self.data["X_val"], self.data["y_val"]
        few = slice(0, max(len(X), 1))
        scores, history = scores_of(self.net, X), self.history
        history.val_accuracy.append(float(np.mean(scores.argmax(axis=1) == y)))
        top = scores.max(axis=1, keepdims=True)
        mass = np.log(np.sum(np.exp(scores - top), axis=1)) + top[:, 0]
        history.val_loss.append(float(np.mean(mass - scores[np.arange(len(y)), y])))
        X, y = self.data["X_train"][few], self.data["y_train"][few]
        history.train_accuracy.append(accuracy(self.net, X, y))
        history.seconds.append(seconds)


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    """In which order an epoch takes the pictures."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def scores_of(net, X: np.ndarray, batch_size: int = 250) -> np.ndarray:
    """The scores (N, classes) of pictures, a batch at a time."""
    return np.concatenate(
        [net.loss(X[start : start + batch_size]) for start in range(0, len(X), batch_size)]
    )


def accuracy(net, X: np.ndarray, y: np.ndarray) -> float:
    """The part of the pictures whose largest score is that of their class."""
    return float(np.mean(scores_of(net, X).argmax(axis=1) == y))


@contextmanager
def _interrupts() -> Iterator[list]:
    """A list that an interrupt fills, so that a step is never left half done. A second interrupt
    is raised. Python hands signals to its main thread only; elsewhere the list stays empty."""
    seen: list[bool] = []

    def note(signum, frame):
        if seen:
            raise KeyboardInterrupt
        seen.append(True)

    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
