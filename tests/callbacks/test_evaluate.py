"""`Evaluate`: what is logged, what is kept, and that training does not notice."""

import csv
import warnings
from typing import NamedTuple

import keras
import numpy as np
import pytest

import gankit
from gankit.averaging import Averaging
from gankit.callbacks import BackupAndRestore, Evaluate


class Spread(NamedTuple):
    std: float
    top: float
    counts: np.ndarray


def spread(examples):
    return Spread(examples.std(), examples.max(), np.zeros(3))


def scripted(*values):
    """A metric that returns these values, one at each call."""
    left = iter(values)
    return lambda examples: next(left)


class Stop(keras.callbacks.Callback):
    """Ends the run as a killed process would, at the start of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def fit(points):
    def fit(gan, *callbacks, epochs=2):
        return gan.fit(points, batch_size=24, epochs=epochs, verbose=0, callbacks=list(callbacks))

    return fit


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one, other)


# -------------------------------------------------------------------------------------- measuring


def test_values_reach_the_history_and_the_callbacks_after_it(make_gan, drive, tmp_path):
    gan, seen = make_gan(), []

    def mean(examples):
        seen.append(examples)
        return examples.mean()

    evaluate = Evaluate({"mean": mean, "spread": spread}, n=10, seed=4)
    history = drive(gan, evaluate, keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    assert history["mean"] == [float(examples.mean()) for examples in seen]
    assert history["spread_std"] == [float(examples.std()) for examples in seen]
    assert list(evaluate.values) == [1, 2, 3]
    assert list(evaluate.values[3]) == ["mean", "spread_std", "spread_top"]
    assert evaluate.values[3]["mean"] == history["mean"][-1] != history["mean"][0]
    np.testing.assert_array_equal(seen[-1], gan.generate(10, seed=4))
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["mean"]) for row in rows] == history["mean"]


def test_training_does_not_notice(make_gan, fit, state_of):
    states = []
    for callbacks in ([Evaluate({"spread": spread}, n=9, monitor="spread_std", mode="max")], []):
        gan = make_gan(dropout=0.3)
        fit(gan, *callbacks)
        states.append(state_of(gan))
    assert_equal(*states)


def test_labels_decide_how_many_and_reach_the_metric(make_gan, drive):
    labels = [0, 1, 2, 0, 1]
    total = Evaluate({"sum": lambda examples, y: len(examples) * 100 + y.sum()}, labels=labels)
    assert drive(make_gan(num_classes=3), total, epochs=1)["sum"] == [504.0]


@pytest.mark.parametrize(("every", "measured"), [(1, [1, 2, 3, 4, 5]), (2, [1, 2, 4, 5])])
def test_the_first_every_nth_and_the_last(make_gan, drive, every, measured):
    evaluate = Evaluate({"spread": np.std}, n=4, every=every)
    history = drive(make_gan(), evaluate, epochs=5)
    assert list(evaluate.values) == measured
    assert history["spread"] == [values["spread"] for values in evaluate.values.values()]


def test_the_best_of_an_averaged_generator_is_the_averaged_one(make_gan, drive):
    gan = make_gan(averaging=Averaging())
    evaluate = Evaluate({"spread": np.std}, n=4, monitor="spread", mode="max")
    drive(gan, evaluate, epochs=1)
    np.testing.assert_allclose(evaluate.best_value, gan.generate(4, seed=0, averaged=True).std())
    assert_equal(evaluate.best_weights, gan.averaged_generator.get_weights())
    raw = gan.generator.get_weights()
    gan.averaged_generator.set_weights(raw)
    evaluate.restore()
    assert_equal(gan.averaged_generator.get_weights(), evaluate.best_weights)
    assert_equal(gan.generator.get_weights(), raw)


# ---------------------------------------------------------------------------------------- the best


@pytest.mark.parametrize(("mode", "best", "value"), [("min", 2, 1.0), ("max", 3, 4.0)])
def test_the_best_is_kept_and_restored(make_gan, drive, mode, best, value):
    metrics = {"score": scripted(3.0, 1.0, 4.0, np.nan)}
    evaluate = Evaluate(metrics, n=4, monitor="score", mode=mode, restore_best=True)
    gan, shorter = make_gan(), make_gan()
    drive(gan, evaluate, epochs=4)
    drive(shorter, epochs=best)
    assert (evaluate.best_epoch, evaluate.best_value) == (best, value)
    assert_equal(gan.generator.get_weights(), shorter.generator.get_weights())


def test_a_resumed_run_knows_what_there_is_to_beat(make_gan, fit, state_of, tmp_path):
    path = tmp_path / "deep" / "best.keras"

    def callbacks(*values):
        evaluate = Evaluate(
            {"score": scripted(*values)}, n=4, monitor="score", mode="min", path=path
        )
        return evaluate, BackupAndRestore(tmp_path)

    killed = make_gan()
    with pytest.raises(KeyboardInterrupt):
        fit(killed, *callbacks(1.0), Stop(1), epochs=3)
    best = state_of(killed)
    evaluate, backup = callbacks(2.0, 5.0)
    gan = make_gan(seed=1)  # another process knows nothing
    assert fit(gan, evaluate, backup, epochs=3).history["score"] == [1.0, 2.0, 5.0]
    assert (evaluate.best_epoch, evaluate.best_value) == (1, 1.0)
    assert [file.name for file in path.parent.iterdir()] == ["best.keras"]
    evaluate.restore()
    assert_equal(state_of(gan), best)
    assert_equal(state_of(gankit.load_model(path)), best)


def test_a_finished_run_that_is_run_again_ends_with_its_best(make_gan, drive, state_of, tmp_path):
    best = {"monitor": "score", "mode": "min", "path": tmp_path / "best.keras"}
    states = []
    for values, initial_epoch in (((1.0, 2.0), 0), ((), 2)):
        evaluate = Evaluate({"score": scripted(*values)}, n=4, restore_best=True, **best)
        gan = make_gan()
        drive(gan, evaluate, epochs=2, initial_epoch=initial_epoch)
        states.append(state_of(gan))
        assert evaluate.best_epoch == 1
    assert_equal(*states)


def test_a_run_that_goes_on_without_its_best_says_so(make_gan, drive):
    evaluate = Evaluate({"score": np.std}, n=4, monitor="score", mode="min")
    gan = make_gan()
    with pytest.warns(UserWarning, match=r"goes on at epoch 2, and the best 'score' .* `path`"):
        drive(gan, evaluate, epochs=2, initial_epoch=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        drive(gan, evaluate, epochs=3, initial_epoch=2)  # the same callback knows


def test_a_new_run_begins_without_a_best(make_gan, drive, tmp_path):
    best = {"monitor": "score", "mode": "min", "path": tmp_path / "best.keras"}
    for value in (1.0, 2.0):
        evaluate = Evaluate({"score": scripted(value)}, n=4, **best)
        drive(make_gan(), evaluate, epochs=1)
        assert evaluate.best_value == value


def test_a_file_of_another_measure_is_refused(make_gan, drive, tmp_path):
    path = tmp_path / "best.keras"
    gan = make_gan()
    drive(gan, Evaluate({"a": np.std}, n=4, monitor="a", mode="min", path=path), epochs=1)
    other = Evaluate({"b": np.std}, n=4, monitor="b", mode="min", path=path)
    with pytest.raises(ValueError, match="for monitor='b'. Received a file for 'a'"):
        drive(gan, other, epochs=2, initial_epoch=1)
    gan.save(path)
    with pytest.raises(ValueError, match="for monitor='b'. Received a file for None"):
        drive(gan, other, epochs=2, initial_epoch=1)
    path.write_text("no archive")
    with pytest.raises(ValueError, match="for monitor='b'. Received a file for None"):
        drive(gan, other, epochs=2, initial_epoch=1)


def test_nothing_to_restore(make_gan, drive):
    evaluate = Evaluate({"a": scripted(np.nan)}, n=4, monitor="a", mode="min", restore_best=True)
    with pytest.raises(ValueError, match="no best to go back to. Received: monitor='a'.*nan"):
        drive(make_gan(), evaluate, epochs=1)


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (lambda x: "good", TypeError, "'m' must return a number.*'good'"),
        (lambda x: np.zeros(2), TypeError, "'m' must return a number"),
        (lambda x: {"a": np.zeros(2)}, TypeError, "mapping or NamedTuple with numbers"),
        (lambda x: {"a": 1.0}, ValueError, r"measured values \['m_a'\]. Received: monitor='m'"),
    ],
)
def test_what_is_no_measure_is_refused(make_gan, drive, metric, error, message):
    evaluate = Evaluate({"m": metric}, n=4, monitor="m", mode="min")
    with pytest.raises(error, match=message):
        drive(make_gan(), evaluate, epochs=1)


def test_a_name_that_is_taken_is_refused(make_gan, drive):
    with pytest.raises(ValueError, match=r"logs hold already. Received: \['generator_loss'\]"):
        drive(make_gan(), Evaluate({"generator_loss": np.std}, n=4), epochs=1)


def test_nan_from_the_generator_is_named(make_gan, drive):
    gan = make_gan()
    gan.generator.set_weights([np.nan * weight for weight in gan.generator.get_weights()])
    with pytest.raises(ValueError, match="NaN after 1 epochs: training has diverged"):
        drive(gan, Evaluate({"spread": np.std}, n=4), epochs=1)


METRICS = {"m": np.std}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": {}}, "at least one function. Received: {}"),
        ({"metrics": METRICS, "n": 0}, "n=0"),
        ({"metrics": METRICS, "n": 3, "labels": [0]}, "`labels` .* 1 entries for n=3"),
        ({"metrics": METRICS, "n": 3, "inputs": [0, 1]}, "`inputs` .* 2 entries for n=3"),
        ({"metrics": METRICS, "labels": [0], "inputs": [0]}, "Received: labels and inputs"),
        ({"metrics": METRICS, "every": 0}, "every=0"),
        ({"metrics": METRICS, "seed": -1}, "seed=-1"),
        ({"metrics": METRICS, "seed": 2**32}, "seed=4294967296"),
        ({"metrics": METRICS, "monitor": "m"}, "mode=None"),
        ({"metrics": METRICS, "monitor": "m", "mode": "low"}, "mode='low'"),
        ({"metrics": METRICS, "restore_best": True}, "need `monitor`"),
        ({"metrics": METRICS, "path": "best.keras"}, "need `monitor`"),
        ({"metrics": METRICS, "monitor": "m", "mode": "min", "path": "best.h5"}, "best.h5"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Evaluate(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": None}, "map names to functions. Received: None"),
        ({"metrics": [np.std]}, "map names to functions"),
        ({"metrics": {"m": 3}}, "map names to functions"),
        ({"metrics": {3: np.std}}, "map names to functions"),
        ({"metrics": METRICS, "labels": 5}, "`labels` must hold one entry .* Received: 5"),
        ({"metrics": METRICS, "labels": ["a"]}, r"an array of numbers.* labels=\['a'\]"),
        ({"metrics": METRICS, "labels": [[0], [0, 1]]}, "rows of one length"),
        ({"metrics": METRICS, "inputs": "ab"}, "`inputs` must hold one entry .* Received: 'ab'"),
        ({"metrics": METRICS, "monitor": 5, "mode": "min"}, "`monitor` must be .* Received: 5"),
        ({"metrics": METRICS, "restore_best": "no"}, "True or False. .* restore_best='no'"),
        ({"metrics": METRICS, "monitor": "m", "mode": "min", "path": 5}, "path=5"),
    ],
)
def test_other_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        Evaluate(**arguments)
