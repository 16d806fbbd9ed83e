"""Every batch of a pipeline is checked, whatever kind of pipeline it is."""

import keras
import numpy as np
import pytest
from listed import Listed

BACKEND = keras.backend.backend()


def of_tensorflow(batches):
    tf = pytest.importorskip("tensorflow")
    batches = [b if isinstance(b, tuple) else (b,) for b in batches]
    spec = tuple(tf.TensorSpec((None, *p.shape[1:]), p.dtype) for p in batches[0])
    pipeline = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)
    return pipeline if len(spec) > 1 else pipeline.map(lambda part: part)


def of_torch(batches):
    data = pytest.importorskip("torch.utils.data")
    return data.DataLoader(batches, batch_size=None)


KINDS = {"generator": iter, "PyDataset": Listed}
KINDS |= {"tf.data": of_tensorflow} if BACKEND == "tensorflow" else {}
KINDS |= {"DataLoader": of_torch} if BACKEND == "torch" else {}
each_kind = pytest.mark.parametrize("kind", KINDS)


def batches_of(points, second=None, labels=None):
    parts = [points[i : i + 16] for i in (0, 16, 32)]
    parts[1] = parts[1] if second is None else second
    return parts if labels is None else list(zip(parts, labels, strict=True))


@each_kind
def test_good_batches_train_as_arrays_do(make_gan, points, state_of, kind):
    arrays, pipeline = make_gan(), make_gan()
    arrays.fit(points, batch_size=16, shuffle=False, verbose=0)
    pipeline.fit(KINDS[kind](batches_of(points)), verbose=0)
    for a, b in zip(state_of(arrays), state_of(pipeline), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("told", [{"batch_size": 16}, {"y": np.zeros(48, "int32")}])
def test_a_pipeline_is_told_neither_labels_nor_a_batch_size(make_gan, points, told):
    with pytest.raises(ValueError, match="a pipeline yields batches of its own"):
        make_gan().fit(iter(batches_of(points)), verbose=0, **told)


def test_a_dataset_hears_of_the_end_of_each_epoch(make_gan, points):
    class Listening(Listed):
        ended = 0

        def on_epoch_end(self):
            self.ended += 1

    data = Listening(batches_of(points))
    make_gan().fit(data, epochs=3, verbose=0)
    assert data.ended >= 3  # Keras' iterator over it ends once more


NAN = np.full((16, 2), np.nan, "float32")
BAD = {
    "NaN": (NAN, ValueError, r"Batch 2: Examples must be finite. Received: 32 values that are NaN"),
    "wide": (np.zeros((16, 3), "float32"), ValueError, r"Batch 2: .*Received shape \(16, 3\)"),
    "bytes": (np.zeros((16, 2), "uint8"), TypeError, "Batch 2: .*Received dtype uint8"),
    "text": ("abc", TypeError, "Batch 2: .*Received 'abc' of type str"),
    "nothing": (None, TypeError, "Batch 2: .*Received None"),
}


@each_kind
@pytest.mark.parametrize("what", BAD)
def test_a_bad_second_batch_is_named_and_not_trained_on(make_gan, points, kind, what):
    second, error, message = BAD[what]
    if kind == "tf.data" and what != "NaN":
        pytest.skip("tf.data itself holds its batches to one shape and type")
    if kind == "DataLoader" and what in ("text", "nothing"):
        pytest.skip("DataLoader itself refuses them")
    gan = make_gan()
    batches = batches_of(points)
    batches[1] = second
    with pytest.raises((error, ValueError), match=message):
        gan.fit(KINDS[kind](batches), verbose=0)
    assert all(np.isfinite(keras.ops.convert_to_numpy(v)).all() for v in gan.weights)
    assert int(gan.optimizers["generator"].iterations) <= 1


@each_kind
def test_labels_out_of_range_are_named(make_gan, points, kind):
    labels = [np.arange(16) % 3, np.arange(16) % 3, np.arange(16) % 3 + 50]
    batches = batches_of(points, labels=labels)
    with pytest.raises(ValueError, match=r"Batch 3: Labels must lie in \[0, 3\). Received 50"):
        make_gan(num_classes=3).fit(KINDS[kind](batches), verbose=0)


class Broken(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is infinite in the fourth update, the first of the second epoch."""

    def __call__(self, step):
        return keras.ops.where(keras.ops.equal(step, 3), np.inf, 0.01)

    def get_config(self):
        return {}


def test_a_loss_that_becomes_nan_ends_training_with_its_batch(make_gan, points, tmp_path):
    from gankit.callbacks import BackupAndRestore

    seen = []

    class Last(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

    def train(*callbacks):
        gan = make_gan(generator_optimizer=keras.optimizers.SGD(Broken()))
        gan.fit(points, batch_size=16, epochs=4, verbose=0, callbacks=callbacks)

    with pytest.raises(FloatingPointError, match="epoch 2, batch 2. There is no backup"):
        train(Last())
    assert seen == [0, 1], "the other callbacks see the end of that epoch"
    with pytest.raises(FloatingPointError, match="not backed up. The backup .* holds epoch 1"):
        train(BackupAndRestore(tmp_path, save_freq=1))
