import keras
import numpy as np
import pytest

from gankit import datasets
from gankit.feed import order

pytest.importorskip("tensorflow_datasets", reason="streams are tf.data pipelines")

BATCH = 100
STEPS = 14  # complete batches of the 1,442 training digits


def epoch(stream):
    return [np.asarray(batch) for batch in stream]


def digits(**options):
    return datasets.stream("digits", **{"batch_size": BATCH, **options})


def assert_same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_batches_are_what_load_gives():
    images, labels = datasets.load("digits")
    batches = list(digits(labels=True, shuffle=False, drop_remainder=False))
    assert len(batches) == STEPS + 1
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), labels)


def test_shapes_are_static_and_types_are_ours():
    stream = digits(labels=True, image_size=16)
    images, labels = stream.element_spec
    assert images.shape == (BATCH, 16, 16, 1) and images.dtype == "float32"
    assert labels.shape == (BATCH,) and labels.dtype == "int32"
    resized, _ = datasets.load("digits", image_size=16)
    first = epoch(digits(image_size=16, shuffle=False))[0]
    np.testing.assert_array_equal(first, resized[:BATCH])


@pytest.mark.parametrize("derive", [lambda x: x, lambda x: x.map(lambda images: -images)])
def test_no_tuning_thread_holds_up_the_end_of_an_epoch(derive):
    assert derive(digits()).options().autotune.enabled is False


def test_an_epoch_is_a_permutation_and_labels_stay_with_their_images():
    images, labels = datasets.load("digits")
    batches = list(digits(labels=True, drop_remainder=False, seed=7))
    chosen = order(len(images), seed=7, epoch=0)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images[chosen])
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), labels[chosen])


def test_epochs_differ_and_come_again_in_a_fresh_pipeline():
    one = digits(seed=3)
    first, second = epoch(one), epoch(one)
    assert any((x != y).any() for x, y in zip(first, second, strict=True))
    keras.utils.set_random_seed(99)  # the order must not depend on any global seed
    again = digits(seed=3)
    assert_same(epoch(again), first)
    assert_same(epoch(again), second)
    assert any((x != y).any() for x, y in zip(epoch(digits(seed=4)), first, strict=True))


def test_a_position_gives_the_tail_of_its_epoch():
    whole = digits()
    whole.position.seek(2)
    expected = epoch(whole)
    resumed = digits()
    resumed.position.seek(2, 3)
    assert int(resumed.cardinality()) == len(resumed) == STEPS  # of a whole epoch
    assert_same(epoch(resumed), expected[3:])
    assert (resumed.position.epoch, resumed.position.batch) == (3, 0)
    assert_same(epoch(resumed), epoch(whole))


def test_a_position_past_the_last_batch_gives_nothing():
    stream = digits()
    stream.position.seek(0, STEPS)
    assert epoch(stream) == []


def test_an_iterator_takes_the_position_with_its_first_batch():
    stream = digits()
    iterator = iter(stream)
    stream.position.seek(5, 1)
    expected = digits()
    expected.position.seek(5, 1)
    np.testing.assert_array_equal(next(iterator), next(iter(expected)))


def test_unshuffled_epochs_are_equal():
    stream = digits(shuffle=False)
    assert_same(epoch(stream), epoch(stream))


def test_fit_reads_one_epoch_per_epoch():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(10))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    stream = digits(labels=True)
    # Keras may read a first batch to build the model, so each epoch sets the position.
    seek = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: stream.position.seek(e))
    model.fit(stream, epochs=3, verbose=0, callbacks=[seek])
    assert int(model.optimizer.iterations) == 3 * STEPS
    assert (stream.position.epoch, stream.position.batch) == (3, 0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(batch_size=0), ValueError, "at least 1 .*Received: batch_size=0"),
        (dict(batch_size=2.5), ValueError, "whole number .*Received: batch_size=2.5"),
        (dict(batch_size=5000), ValueError, "at most 1442,.* Received: batch_size=5000"),
        (dict(batch_size=10**30, drop_remainder=False), ValueError, "at most 2147483647"),
        (dict(seed=-1), ValueError, "at least 0 .*Received: seed=-1"),
        (dict(seed=None), ValueError, "whole number .*Received: seed=None"),
        (dict(labels="yes"), TypeError, "True or False. Received: labels='yes'"),
        (dict(shuffle="no"), TypeError, "True or False. Received: shuffle='no'"),
        (dict(drop_remainder=1), TypeError, "True or False. Received: drop_remainder=1"),
        (dict(image_size=1), ValueError, "at least 4. Received: image_size=1"),
        (dict(split="dev"), ValueError, "split='dev'"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        digits(**options)


def test_unknown_name_and_missing_labels(data_dir):
    with pytest.raises(ValueError, match="name='glyph'. Did you mean 'glyphs'"):
        datasets.stream("glyph", batch_size=8)
    with pytest.raises(ValueError, match="'celeb_a' has no labels"):
        datasets.stream("celeb_a", batch_size=8, labels=True)
