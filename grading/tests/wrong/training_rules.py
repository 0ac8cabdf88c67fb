"""Wrong update rules, batches, epochs and the rest of notebook 9_train_convnet, as people write
them; added to the list in training.py."""

import numpy as np

from grading.tests.wrong.training import wrong
from grading.variants.training import on_a_line

# ---- expected_initial_loss ----------------------------------------------------------------------

initial = wrong("expected_initial_loss", "expected_initial_loss")


def _squares(params, keys="W"):
    return sum(np.sum(v**2) for k, v in params.items() if k[0] in keys)


for _name, _formula in {
    "regularisation_forgotten": lambda C, p, reg: np.log(C),
    "half_forgotten": lambda C, p, reg: np.log(C) + reg * _squares(p),
    "biases_counted": lambda C, p, reg: np.log(C) + 0.5 * reg * _squares(p, "Wb"),
    "probability": lambda C, p, reg: 1 / C + 0.5 * reg * _squares(p),
    "negative": lambda C, p, reg: -np.log(C) + 0.5 * reg * _squares(p),
    "base_two": lambda C, p, reg: np.log2(C) + 0.5 * reg * _squares(p),
    "base_ten": lambda C, p, reg: np.log10(C) + 0.5 * reg * _squares(p),
    "always_ten_classes": lambda C, p, reg: np.log(10) + 0.5 * reg * _squares(p),
    "reg_forgotten": lambda C, p, reg: np.log(C) + (0.5 * _squares(p) if reg else 0),
    "not_squared": lambda C, p, reg: (
        np.log(C) + 0.5 * reg * sum(np.sum(v) for k, v in p.items() if k[0] == "W")
    ),
    "first_layer_only": lambda C, p, reg: np.log(C) + 0.5 * reg * np.sum(p["W1"] ** 2),
    "two_layers_only": lambda C, p, reg: (
        np.log(C) + 0.5 * reg * sum(np.sum(p[k] ** 2) for k in ("W1", "W2") if k in p)
    ),
}.items():
    _formula.__name__ = _name
    initial(_formula)

# ---- sgd_momentum -------------------------------------------------------------------------------

rolling = wrong("sgd_momentum", "sgd_momentum")


def _config(config):
    return {"learning_rate": 1e-2, "momentum": 0.9, **(config or {})}


def _velocity(w, config):
    return config.get("velocity", np.zeros_like(w))


def _momentum(name, step, keep=lambda v, old: v, settings=_config):
    def sgd_momentum(w, dw, config=None):
        c = settings(config)
        old = _velocity(w, c)
        next_w, v = step(w, dw, old, c["learning_rate"], c["momentum"])
        c["velocity"] = keep(v, old)
        return next_w, c

    sgd_momentum.__name__ = name
    rolling(sgd_momentum)


def _usual(w, dw, old, lr, mu):
    v = mu * old - lr * dw
    return w + v, v


def _other(f):
    """A step whose velocity is f(dw, old, lr, mu), and which adds it."""
    return lambda w, dw, old, lr, mu: (w + f(dw, old, lr, mu), f(dw, old, lr, mu))


_momentum("uphill", _other(lambda dw, old, lr, mu: mu * old + lr * dw))
_momentum(
    "velocity_taken_off", lambda w, dw, old, lr, mu: (w - (mu * old - lr * dw), mu * old - lr * dw)
)
_momentum(
    "other_sign_kept", lambda w, dw, old, lr, mu: (w - (mu * old + lr * dw), mu * old + lr * dw)
)
_momentum(
    "rate_on_everything", lambda w, dw, old, lr, mu: (w - lr * (mu * old + dw), mu * old + dw)
)
_momentum("running_mean", _other(lambda dw, old, lr, mu: mu * old - (1 - mu) * lr * dw))
_momentum("no_momentum", _other(lambda dw, old, lr, mu: -lr * dw))
_momentum("momentum_is_a_constant", _other(lambda dw, old, lr, mu: 0.9 * old - lr * dw))
_momentum("rate_is_a_constant", _other(lambda dw, old, lr, mu: mu * old - 1e-2 * dw))
_momentum("velocity_not_kept", _usual, keep=lambda v, old: old)
_momentum("old_velocity_applied", lambda w, dw, old, lr, mu: (w + old, mu * old - lr * dw))
_momentum(
    "nesterov",
    lambda w, dw, old, lr, mu: (w + mu * (mu * old - lr * dw) - lr * dw, mu * old - lr * dw),
)
_momentum("gradient_as_velocity", _other(lambda dw, old, lr, mu: mu * old - dw))
_momentum("summed_gradient", _other(lambda dw, old, lr, mu: mu * old - lr * np.sum(dw)))
_momentum(
    "other_default_rate",
    _usual,
    settings=lambda c: {"learning_rate": 1e-3, "momentum": 0.9, **(c or {})},
)
_momentum(
    "no_default_momentum",
    _usual,
    settings=lambda c: {"learning_rate": 1e-2, "momentum": 0.0, **(c or {})},
)


@rolling
def velocity_forgotten_in_config(w, dw, config=None):
    c = _config(config)
    v = c["momentum"] * c.pop("velocity", np.zeros_like(w)) - c["learning_rate"] * dw
    return w + v, c


@rolling
def w_changed_in_place(w, dw, config=None):
    c = _config(config)
    c["velocity"] = c["momentum"] * _velocity(w, c) - c["learning_rate"] * dw
    w += c["velocity"]
    return w, c


@rolling
def dw_changed_in_place(w, dw, config=None):
    c = _config(config)
    dw *= -c["learning_rate"]
    c["velocity"] = c["momentum"] * _velocity(w, c) + dw
    return w + c["velocity"], c


@rolling
def config_must_be_given(w, dw, config=None):
    v = config.get("momentum", 0.9) * _velocity(w, config) - config.get("learning_rate", 0.01) * dw
    return w + v, {**config, "velocity": v}


@rolling
def only_the_weights(w, dw, config=None):
    c = _config(config)
    return w + c["momentum"] * _velocity(w, c) - c["learning_rate"] * dw


_globally = {}


@rolling
def velocity_kept_in_a_global_between_calls(w, dw, config=None):
    c = _config(config)
    v = c["momentum"] * _globally.get(w.shape, np.zeros_like(w)) - c["learning_rate"] * dw
    _globally[w.shape] = c["velocity"] = v
    return w + v, c


# ---- adam ---------------------------------------------------------------------------------------

stepping = wrong("adam", "adam")


def _adam(name, **o):
    """Adam with one thing changed; see the entries below."""

    def adam(w, dw, config=None):
        usual = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
        c = {**usual, **o.get("defaults", {}), **(config or {})}
        read = {**c, **o.get("constants", {})}
        lr, b1, b2, eps = (read[k] for k in ("learning_rate", "beta1", "beta2", "epsilon"))
        t = c["t"] + 1
        m = b1 * c.get("m", np.zeros_like(w)) + o.get("share", lambda b: 1 - b)(b1) * dw
        square = o.get("square", np.square)(dw)
        v = b2 * c.get("v", np.zeros_like(w)) + (1 - b2) * square
        used = o.get("t", lambda t: t)(t)
        m_hat = m / (1 - b1**used) if o.get("fix_m", True) else m
        v_hat = v / (1 - b2**used) if o.get("fix_v", True) else v
        below = o.get("below", lambda v, eps: np.sqrt(v) + eps)(v_hat, eps)
        above = o.get("above", lambda m, dw: m)(m_hat, dw)
        new = {"m": m, "v": v, "t": t} | {k: c.get(k) for k in o.get("lost", ()) if k in c}
        if o.get("hats_kept"):
            new |= {"m": m_hat, "v": v_hat}
        c |= new
        for key in o.get("absent", ()):
            c.pop(key, None)
        return w - o.get("sign", 1) * lr * above / below, c

    adam.__name__ = name
    stepping(adam)


_adam("epsilon_under_the_root", below=lambda v, eps: np.sqrt(v + eps))
_adam("epsilon_squared_under_the_root", below=lambda v, eps: np.sqrt(v + eps**2))
_adam("epsilon_forgotten", below=lambda v, eps: np.sqrt(v))
_adam("root_forgotten", below=lambda v, eps: v + eps)
_adam("t_not_stored", lost=("t",))
_adam("t_used_before_it_is_counted", t=lambda t: t - 1)
_adam("t_one_too_large", t=lambda t: t + 1)
_adam("t_always_one", t=lambda t: 1)
_adam("m_not_stored", lost=("m",), absent=("m",))
_adam("v_not_stored", absent=("v",))
_adam("hats_stored", hats_kept=True)
_adam("no_correction", fix_m=False, fix_v=False)
_adam("m_not_corrected", fix_m=False)
_adam("v_not_corrected", fix_v=False)
_adam("uphill", sign=-1)
_adam("gradient_not_squared", square=np.abs)
_adam("gradient_in_place_of_m", above=lambda m, dw: dw)
_adam("shares_swapped", share=lambda b: b)
_adam("betas_are_constants", constants={"beta1": 0.9, "beta2": 0.999})
_adam("epsilon_is_a_constant", constants={"epsilon": 1e-8})
_adam("rate_is_a_constant", constants={"learning_rate": 1e-3})
_adam("default_rate_of_momentum", defaults={"learning_rate": 1e-2})
_adam("default_beta2_too_small", defaults={"beta2": 0.99})
_adam("default_epsilon_too_large", defaults={"epsilon": 1e-4})
_adam("t_begins_at_one", defaults={"t": 1})


@stepping
def w_changed_in_place(w, dw, config=None):
    from grading.variants.training import adam_by_differences

    next_w, c = adam_by_differences(w, dw, config)
    w -= w - next_w
    return w, c


# ---- minibatches --------------------------------------------------------------------------------

cutting = wrong("minibatches", "minibatches")


@cutting
def not_shuffled(N, batch_size, seed):
    return [np.arange(k, min(k + batch_size, N)) for k in range(0, N, batch_size)]


@cutting
def drawn_with_replacement(N, batch_size, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, N, min(batch_size, N - k)) for k in range(0, N, batch_size)]


@cutting
def each_batch_drawn_anew(N, batch_size, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(N)[: min(batch_size, N - k)] for k in range(0, N, batch_size)]


@cutting
def last_ones_dropped(N, batch_size, seed):
    order = np.random.default_rng(seed).permutation(N)
    return [order[k : k + batch_size] for k in range(0, N - batch_size + 1, batch_size)]


@cutting
def empty_last_batch(N, batch_size, seed):
    order = np.random.default_rng(seed).permutation(N)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(N // batch_size + 1)]


@cutting
def equal_parts(N, batch_size, seed):
    order = np.random.default_rng(seed).permutation(N)
    return np.array_split(order, -(-N // batch_size)) if N else []


@cutting
def seed_not_used(N, batch_size, seed):
    order = np.random.default_rng(0).permutation(N)
    return [order[k : k + batch_size] for k in range(0, N, batch_size)]


@cutting
def another_order_every_time(N, batch_size, seed):
    order = np.random.default_rng().permutation(N)
    return [order[k : k + batch_size] for k in range(0, N, batch_size)]


@cutting
def batches_shuffled_only(N, batch_size, seed):
    batches = not_shuffled(N, batch_size, seed)
    order = np.random.default_rng(seed).permutation(len(batches))
    tail = [batches[k] for k in order if len(batches[k]) < batch_size]
    return [batches[k] for k in order if len(batches[k]) == batch_size] + tail


@cutting
def counted_from_one(N, batch_size, seed):
    order = np.random.default_rng(seed).permutation(N) + 1
    return [order[k : k + batch_size] for k in range(0, N, batch_size)]


@cutting
def one_array(N, batch_size, seed):
    return np.random.default_rng(seed).permutation(N)


# ---- train_epoch --------------------------------------------------------------------------------


def epoch(train_epoch):
    wrapped = on_a_line(train_epoch)
    wrapped.__name__ = train_epoch.__name__
    return wrong("train_epoch", "epoch_on_a_line")(wrapped)


@epoch
def updates_thrown_away(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for k in net.params:
            update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


@epoch
def configs_thrown_away(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for k in net.params:
            net.params[k], _ = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


@epoch
def one_config_for_all(net, X, y, batches, update, configs):
    losses, config = [], next(iter(configs.values()))
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for k in net.params:
            net.params[k], config = update(net.params[k], grads[k], config)
        losses.append(loss)
    return losses


@epoch
def all_losses_before_the_updates(net, X, y, batches, update, configs):
    answers = [net.loss(X[some], y[some]) for some in batches]
    for _, grads in answers:
        for k in net.params:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
    return [loss for loss, _ in answers]


@epoch
def labels_not_cut(net, X, y, batches, update, configs):
    losses = []
    for n, some in enumerate(batches):
        loss, grads = net.loss(X[some], y[: len(some)])
        for k in net.params:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


@epoch
def the_whole_set_every_time(net, X, y, batches, update, configs):
    losses = []
    for _ in batches:
        loss, grads = net.loss(X, y)
        for k in net.params:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


@epoch
def returned_in_the_loop(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for k in net.params:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
        return losses
    return losses


@epoch
def mean_loss_only(net, X, y, batches, update, configs):
    losses = returned_nothing_of(net, X, y, batches, update, configs)
    return np.mean(losses) if losses else 0.0


@epoch
def update_returns_too_early(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        losses.append(loss)
    for k in net.params:
        if batches:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
    return losses


def returned_nothing_of(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for k in net.params:
            net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


@epoch
def nothing_returned(net, X, y, batches, update, configs):
    returned_nothing_of(net, X, y, batches, update, configs)


@epoch
def two_updates_a_batch(net, X, y, batches, update, configs):
    losses = []
    for some in batches:
        loss, grads = net.loss(X[some], y[some])
        for _ in range(2):
            for k in net.params:
                net.params[k], configs[k] = update(net.params[k], grads[k], configs[k])
        losses.append(loss)
    return losses


# ---- confusion_matrix ---------------------------------------------------------------------------

confused = wrong("confusion_matrix", "confusion_matrix")


@confused
def adds_each_pair_once(y, predicted, C):
    counts = np.zeros((C, C), dtype=int)
    counts[y, predicted] += 1
    return counts


@confused
def transposed(y, predicted, C):
    counts = np.zeros((C, C), dtype=int)
    np.add.at(counts, (predicted, y), 1)
    return counts


@confused
def as_large_as_the_classes_seen(y, predicted, C):
    C = max(y.max(), predicted.max()) + 1
    counts = np.zeros((C, C), dtype=int)
    np.add.at(counts, (y, predicted), 1)
    return counts


@confused
def fractions(y, predicted, C):
    counts = np.zeros((C, C))
    np.add.at(counts, (y, predicted), 1)
    return counts / len(y)


@confused
def floating(y, predicted, C):
    counts = np.zeros((C, C))
    np.add.at(counts, (y, predicted), 1)
    return counts


@confused
def right_ones_only(y, predicted, C):
    return np.diag(np.bincount(y[y == predicted], minlength=C))


@confused
def mistakes_only(y, predicted, C):
    counts = np.zeros((C, C), dtype=int)
    np.add.at(counts, (y[y != predicted], predicted[y != predicted]), 1)
    return counts


@confused
def truth_and_prediction_mixed(y, predicted, C):
    counts = np.zeros((C, C), dtype=int)
    np.add.at(counts, (np.maximum(y, predicted), np.minimum(y, predicted)), 1)
    return counts
