"""Training whole networks: it learns, can be stopped, and goes on to the very same numbers."""

import signal
import threading

import numpy as np
import pytest

from cs231n import augment, checkpoints, training
from cs231n.architectures import parse
from cs231n.architectures.running import Network
from cs231n.saliency import saliency, without_batchnorm
from cs231n.training import Trainer, accuracy, cosine, one_cycle, scores_of

TEXT = "INPUT8x8x3 -> CONV3-4nobias -> BN -> RELU -> POOL2 -> DROPOUT0.25 -> FC-3"


def pictures(N=50):
    """Three classes, told apart by their brightest colour."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N + 20)
    X = rng.standard_normal((N + 20, 3, 8, 8)).astype(np.float32)
    X[np.arange(N + 20), y] += 1
    return {"X_train": X[:N], "y_train": y[:N], "X_val": X[N:], "y_val": y[N:]}


def trainer(seed=0, text=TEXT, **settings):
    usual = dict(epochs=3, batch_size=16, learning_rate=0.02, augment=augment.random_flip)
    return Trainer(Network(parse(text), seed=seed), pictures(), **{**usual, **settings})


def everything(done: Trainer) -> dict:
    arrays = {**done.net.params, **done.net.buffers}
    for name, config in done.configs.items():
        arrays |= {f"{name} {key}": np.asarray(value) for key, value in config.items()}
    return arrays | {"losses": np.array(done.history.losses)}


def same(one: Trainer, other: Trainer) -> bool:
    first, second = everything(one), everything(other)
    return first.keys() == second.keys() and all(
        np.array_equal(first[key], second[key]) and first[key].dtype == second[key].dtype
        for key in first
    )


def test_a_net_learns():
    done = trainer(epochs=10, text="INPUT8x8x3 -> CONV3-4 -> RELU -> POOL2 -> FC-3")
    history = done.train(progress=False)
    assert np.mean(history.losses[-4:]) < 0.6 * np.mean(history.losses[:4])
    assert history.val_accuracy[-1] > 0.7
    assert len(history.losses) == len(history.rates) == 40  # batches of 16, 16, 16, 2
    assert len(history.val_accuracy) == len(history.val_loss) == len(history.seconds) == 10
    assert history.seconds == sorted(history.seconds)


@pytest.mark.parametrize("rule", ["adam", "momentum", "sgd"])
@pytest.mark.parametrize("stop", [2, 4, 5])  # within an epoch, at its end, after it
def test_stopped_and_resumed_training_gives_the_same_bits(tmp_path, rule, stop):
    in_one_go = trainer(rule=rule, weight_decay=0.01)
    in_one_go.train(progress=False)
    first = trainer(rule=rule, weight_decay=0.01)
    first.train(until=stop, progress=False)
    first.save(tmp_path / "net.safetensors")
    resumed = trainer(seed=7, rule=rule, weight_decay=0.01)  # other first values, other masks
    resumed.net.seed = 0
    resumed.load(tmp_path / "net.safetensors").train(progress=False)
    assert same(in_one_go, resumed)
    assert in_one_go.history.val_accuracy == resumed.history.val_accuracy


def test_weights_alone_are_not_enough_to_go_on(tmp_path):
    in_one_go, first, second = trainer(), trainer(), trainer()
    in_one_go.train(progress=False)
    first.train(until=5, progress=False)
    second.net.params.update(first.net.params)
    second.done = 5
    second.train(progress=False)
    assert not same(in_one_go, second)


def test_the_same_seed_gives_the_same_training_and_another_does_not():
    runs = [trainer(), trainer(), trainer()]
    runs[2].seed = 1
    for run in runs:
        run.train(until=4, progress=False)
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


class Interrupting:
    """A net that is interrupted in the middle of a step, once or twice."""

    def __init__(self, at: int, times: int = 1):
        self.params = {"w": np.ones((2, 3), np.float32)}
        self.calls, self.at, self.times = 0, at, times

    def loss(self, X, y=None):
        if y is None:
            return np.zeros((len(X), 3))
        self.calls += 1
        if self.calls == self.at:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)
        return 1.0, {"w": np.ones((2, 3), np.float32)}


def test_an_interrupt_ends_training_after_a_whole_step(capsys):
    before = signal.getsignal(signal.SIGINT)
    stopped = Trainer(Interrupting(at=3), pictures(), epochs=2, batch_size=10)
    stopped.train(progress=False)
    assert stopped.done == 3
    assert stopped.configs["w"]["t"] == 3
    assert "keeps what it has learned" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before
    assert len(stopped.train(progress=False).losses) == 10


def test_a_second_interrupt_ends_it_at_once_and_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        Trainer(Interrupting(at=2, times=2), pictures()).train(progress=False)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_works_beside_the_main_thread():
    done = trainer()
    thread = threading.Thread(target=done.train, args=(4,), kwargs={"progress": False})
    thread.start()
    thread.join()
    assert done.done == 4


def test_a_net_of_float64_in_any_order_in_memory_is_kept_as_it_is(tmp_path):
    net = Interrupting(at=0)
    net.params["w"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    first = Trainer(net, pictures())
    first.save(tmp_path / "net")
    second = Trainer(Interrupting(at=0), pictures()).load(tmp_path / "net")
    np.testing.assert_array_equal(second.net.params["w"], net.params["w"])
    assert second.net.params["w"].dtype == np.float64


def test_a_checkpoint_of_other_settings_is_refused_before_anything_changes(tmp_path):
    first = trainer()
    first.train(until=2, progress=False)
    first.save(tmp_path / "net")
    other = trainer(learning_rate=0.5)
    before = {name: value.copy() for name, value in other.net.params.items()}
    with pytest.raises(ValueError, match="another learning_rate"):
        other.load(tmp_path / "net")
    wider = trainer(text=TEXT.replace("CONV3-4", "CONV3-5"))
    with pytest.raises(ValueError, match="do not fit this network"):
        wider.load(tmp_path / "net")
    for name, value in before.items():
        np.testing.assert_array_equal(other.net.params[name], value)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "rubbish").write_bytes(b"\x80\x04rubbish that is no checkpoint")
    with pytest.raises(ValueError, match="no whole safetensors file"):
        trainer().load(tmp_path / "rubbish")
    with pytest.raises(FileNotFoundError):
        trainer().load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="no folder"):
        trainer().save(tmp_path / "nowhere" / "net")


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net"
    checkpoints.write(path, {"a": np.arange(3)}, {"n": 1})

    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(OSError, match="no space"):
        checkpoints.write(path, {"a": np.zeros(3)}, {"n": 2})
    arrays, settings = checkpoints.read(path)
    assert settings == {"n": 1}
    assert arrays["a"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_biases_and_scales_do_not_decay():
    class Still(Interrupting):
        def loss(self, X, y=None):
            return 0.0, {name: np.zeros_like(value) for name, value in self.params.items()}

    net = Still(at=0)
    net.params["b"] = np.ones(3, np.float32)
    one = Trainer(net, pictures(), schedule="constant", learning_rate=0.5, weight_decay=0.1)
    one.step()
    np.testing.assert_allclose(net.params["w"], 0.95)
    np.testing.assert_array_equal(net.params["b"], 1)


def test_schedules_begin_and_end_as_they_say():
    assert one_cycle(0) == pytest.approx(0.04)
    assert one_cycle(0.25) == pytest.approx(1)
    assert one_cycle(1) == pytest.approx(0)
    assert [cosine(0), cosine(0.5), cosine(1)] == pytest.approx([1, 0.5, 0])
    assert training.constant(0.3) == 1
    rates = [one_cycle(k / 100) for k in range(101)]
    assert max(rates) == pytest.approx(1)
    assert rates[25:] == sorted(rates[25:], reverse=True)


@pytest.mark.parametrize("wrong", [{"rule": "lion"}, {"schedule": "steps"}])
def test_unknown_names_are_said(wrong):
    with pytest.raises(ValueError, match="but not"):
        trainer(**wrong)


def test_scores_in_batches_are_those_of_all_at_once():
    net, X = Network(parse("INPUT8x8x3 -> CONV3-2 -> FC-3")), pictures()["X_val"]
    np.testing.assert_allclose(scores_of(net, X, 7), net.loss(X), rtol=1e-5, atol=1e-6)
    assert accuracy(net, X, net.loss(X).argmax(axis=1)) == 1


# ---- augmentation -----------------------------------------------------------------------------


def test_crops_are_moved_pictures_and_the_pictures_stay():
    X = np.random.default_rng(0).standard_normal((40, 2, 6, 5)).astype(np.float32)
    before = X.copy()
    out = augment.random_crop(X, np.random.default_rng(1), pad=2)
    assert out.shape == X.shape
    assert out.dtype == X.dtype
    moves = set()
    for picture, moved in zip(X, out):
        wide = np.pad(picture, ((0, 0), (2, 2), (2, 2)))
        found = [
            (i, j)
            for i in range(5)
            for j in range(5)
            if np.array_equal(wide[:, i : i + 6, j : j + 5], moved)
        ]
        assert len(found) == 1
        moves.update(found)
    assert len(moves) > 10
    np.testing.assert_array_equal(X, before)


def test_about_half_of_the_pictures_are_mirrored():
    X = np.random.default_rng(0).standard_normal((200, 1, 2, 3))
    out = augment.random_flip(X, np.random.default_rng(1))
    mirrored = [np.array_equal(o, x[:, :, ::-1]) for o, x in zip(out, X)]
    kept = [np.array_equal(o, x) for o, x in zip(out, X)]
    assert all(a != b for a, b in zip(mirrored, kept))
    assert 70 < sum(mirrored) < 130
    assert augment.crop_and_flip(X, np.random.default_rng(0)).shape == X.shape


# ---- saliency ---------------------------------------------------------------------------------


def batchnorm_net():
    text = "INPUT6x6x3 -> CONV3-4nobias -> BN -> RELU -> CONV3-3 -> BN -> POOL2 -> FC-3"
    net = Network(parse(text), dtype=np.float64)
    rng = np.random.default_rng(0)
    for name, value in net.buffers.items():
        value[:] = rng.uniform(0.5, 2, value.shape) if name.endswith("var") else 0.3
    return net


def test_saliency_is_the_slope_of_the_score():
    net, X = batchnorm_net(), np.random.default_rng(1).standard_normal((2, 3, 6, 6))
    kept = {name: value.copy() for name, value in net.buffers.items()}
    maps = saliency(net, X, np.array([2, 0]))
    assert maps.shape == (2, 6, 6)
    for n, c in ((0, 2), (1, 0)):
        slopes = []
        for channel in range(3):
            sides = []
            for h in (1e-6, -1e-6):
                moved = X.copy()
                moved[n, channel, 3, 2] += h
                sides.append(net.forward(moved)[n, c])
            slopes.append(abs(sides[0] - sides[1]) / 2e-6)
        assert maps[n, 3, 2] == pytest.approx(max(slopes), rel=1e-5)
    for name, value in kept.items():
        np.testing.assert_array_equal(net.buffers[name], value)


def test_a_net_without_batchnorm_scores_the_same():
    net, X = batchnorm_net(), np.random.default_rng(1).standard_normal((2, 3, 6, 6))
    np.testing.assert_allclose(without_batchnorm(net).forward(X), net.forward(X), rtol=1e-10)


def test_saliency_refuses_dropout():
    net = Network(parse("INPUT4x4x3 -> DROPOUT0.5 -> FC-2"))
    with pytest.raises(ValueError, match="drops values at random"):
        saliency(net, np.zeros((1, 3, 4, 4), np.float32), np.array([0]))
