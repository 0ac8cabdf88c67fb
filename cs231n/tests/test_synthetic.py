"""The pictures made by code: the same everywhere, worth learning, and safe in their cache."""

import hashlib

import numpy as np
import pytest

from cs231n import data, synthetic
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast

SHA256_OF_300 = "92d4f8be07adfab9bfd6a30fa005d176c367a5c96ec033981a8b710caeb67fb6"
LABELS_OF_12 = [6, 1, 4, 0, 2, 8, 1, 7, 9, 3, 0, 5]


def test_the_pictures_are_the_same_bytes_on_every_machine():
    pictures = synthetic.make_pictures(300)
    assert hashlib.sha256(pictures.tobytes()).hexdigest() == SHA256_OF_300
    labels = synthetic.make_labels(12)
    assert labels.tolist() == LABELS_OF_12


def test_every_class_is_equally_often_there_and_mixed():
    y = synthetic.make_labels(5000)
    assert np.bincount(y).tolist() == [500] * 10
    assert len(np.unique(y[:100])) == 10
    assert np.bincount(synthetic.make_labels(17), minlength=10).max() == 2


def test_another_seed_gives_other_pictures():
    assert (synthetic.make_pictures(20, seed=1) != synthetic.make_pictures(20, seed=0)).any()


def test_each_shape_is_its_own():
    axis = np.linspace(-1, 1, 101)
    u, v = axis[None, :] + 0 * axis[:, None], -axis[:, None] + 0 * axis[None, :]
    masks = [synthetic.inside_shape(k, u, v) for k in range(10)]
    for k, mask in enumerate(masks):
        assert 0.1 < mask.mean() < 0.7, synthetic.CLASS_NAMES[k]
        for other in masks[:k]:
            overlap = (mask & other).sum() / (mask | other).sum()
            assert overlap < 0.9, synthetic.CLASS_NAMES[k]
    with pytest.raises(ValueError, match="numbered from 0"):
        synthetic.inside_shape(10, u, v)


def test_a_linear_classifier_beats_guessing_but_not_by_much():
    X, y = synthetic.make_pictures(3000), synthetic.make_labels(3000)
    X = X.reshape(3000, -1).astype(np.float32) / 255 - 0.5
    A = X[:2500].T @ X[:2500] + 100 * np.eye(3072, dtype=np.float32)
    scores = X[2500:] @ np.linalg.solve(A, X[:2500].T @ np.eye(10, dtype=np.float32)[y[:2500]])
    accuracy = (scores.argmax(axis=1) == y[2500:]).mean()
    assert 0.15 < accuracy < 0.40


def test_a_small_convnet_learns_what_a_linear_one_cannot():
    """Two small convolutions and an affine layer, two passes over 3000 pictures with Adam."""
    X = synthetic.make_pictures(3500).transpose(0, 3, 1, 2).astype(np.float32)
    X, y = (X - X[:3000].mean(axis=0)) / 64, synthetic.make_labels(3500)
    rng = np.random.default_rng(0)
    shapes = [(12, 3, 4, 4), (24, 12, 4, 4), (24 * 64, 10)]
    scales = [np.sqrt(2 / 48), np.sqrt(2 / 192), 0.01]
    w = [(s * rng.standard_normal(n)).astype(np.float32) for n, s in zip(shapes, scales)]
    w += [np.zeros(n, np.float32) for n in (12, 24, 10)]
    m, v = [0.0] * 6, [0.0] * 6

    def forward(x):
        caches = []
        for k in (0, 1):
            a, conv = conv_forward_fast(x, w[k], w[k + 3], {"stride": 2, "pad": 1})
            x = np.maximum(a, 0)
            caches.append((conv, a > 0))
        return x.reshape(len(x), -1) @ w[2] + w[5], x, caches

    for t in range(1, 181):
        some = rng.integers(0, 3000, 50)
        scores, x, caches = forward(X[some])
        g = np.exp(scores - scores.max(axis=1, keepdims=True))
        g = (g / g.sum(axis=1, keepdims=True) - np.eye(10, dtype=np.float32)[y[some]]) / 50
        grads = [None, None, x.reshape(50, -1).T @ g, None, None, g.sum(axis=0)]
        g = (g @ w[2].T).reshape(x.shape)
        for k in (1, 0):
            conv, active = caches[k]
            g, grads[k], grads[k + 3] = conv_backward_fast(g * active, conv)
        for k, grad in enumerate(grads):
            m[k] = 0.9 * m[k] + 0.1 * grad
            v[k] = 0.99 * v[k] + 0.01 * grad * grad
            step = m[k] / (1 - 0.9**t) / (np.sqrt(v[k] / (1 - 0.99**t)) + 1e-8)
            w[k] = (w[k] - 3e-3 * step).astype(np.float32)
    accuracy = (forward(X[3000:])[0].argmax(axis=1) == y[3000:]).mean()
    assert accuracy > 0.45


# --- the cache -----------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    data.load_synthetic(40, 10, cache=tmp_path)
    return tmp_path


def only_file(folder):
    (file,) = (folder / "synthetic").iterdir()
    return file


def test_pictures_are_made_once_and_read_from_then_on(cache, monkeypatch):
    first = data.load_synthetic(40, 10, cache=cache)
    monkeypatch.setattr(synthetic, "make_pictures", None)  # cannot be called any more
    for a, b in zip(first, data.load_synthetic(40, 10, cache=cache)):
        np.testing.assert_array_equal(a, b)


def test_pictures_and_labels_belong_together_after_a_reload(cache):
    X_train, y_train, X_test, y_test = data.load_synthetic(40, 10, cache=cache)
    X, y = synthetic.make_pictures(50), synthetic.make_labels(50)
    np.testing.assert_array_equal(np.concatenate([X_train, X_test]), X.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)


def test_the_cached_file_is_the_same_byte_for_byte(cache, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    data.load_synthetic(30, 20, cache=other)
    assert only_file(other).read_bytes() == only_file(cache).read_bytes()


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "other shape", "objects"])
def test_a_damaged_cache_is_made_anew(cache, damage):
    file = only_file(cache)
    whole = file.read_bytes()
    if damage == "other shape":
        np.save(file, np.zeros((50, 32, 32), dtype=np.uint8))
    elif damage == "objects":
        np.save(file, np.array([{}, []], dtype=object), allow_pickle=True)
    else:
        file.write_bytes({"empty": b"", "cut": whole[:-100], "text": b"hello" * 99}[damage])
    X = data.load_synthetic(40, 10, cache=cache)[0]
    np.testing.assert_array_equal(X.transpose(0, 2, 3, 1), synthetic.make_pictures(50)[:40])
    assert only_file(cache).read_bytes() == whole


def test_where_nothing_can_be_written_the_pictures_come_all_the_same(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    X = data.load_synthetic(40, 10, cache=tmp_path / "file")[0]
    assert X.shape == (40, 3, 32, 32)


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_nothing_half_written_stays_behind(tmp_path, monkeypatch, trouble):
    def half(out, *_, **__):
        out.write(b"\x93NUMPY")
        raise trouble

    monkeypatch.setattr(np, "save", half)
    if isinstance(trouble, OSError):
        data.load_synthetic(40, 10, cache=tmp_path)
    else:
        with pytest.raises(KeyboardInterrupt):
            data.load_synthetic(40, 10, cache=tmp_path)
    assert list((tmp_path / "synthetic").iterdir()) == []


def test_negative_numbers_of_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="negative"):
        data.load_synthetic(-1, 10, cache=tmp_path)


# --- the larger pictures -------------------------------------------------------------------------


def test_sample_images_have_edges_in_every_direction():
    pictures = data.sample_images()
    assert list(pictures) == ["landscape", "town", "shapes", "texture"]
    for picture in pictures.values():
        assert picture.shape == (200, 300, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 20
    grey = pictures["texture"].astype(float).mean(axis=2)
    dy, dx = np.gradient(grey)
    strong = np.hypot(dx, dy) > 15
    directions = np.round(np.arctan2(dy, dx)[strong] / (np.pi / 4)).astype(int) % 4
    share = np.bincount(directions, minlength=4) / strong.sum()
    assert share.min() > 0.1


def test_sample_images_are_the_same_each_time():
    for a, b in zip(data.sample_images().values(), data.sample_images().values()):
        np.testing.assert_array_equal(a, b)
