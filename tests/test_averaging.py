"""The averaged generator: what it holds, where it is used, what files and recompiling do to it.

Its arithmetic is checked in `tests/oracles/training.py`; that a killed run and replicas arrive at
the same average, in `test_resume.py` and `test_replicas.py`.
"""

import keras
import numpy as np
import pytest
from keras import ops

import gankit
from gankit.averaging import AveragedNetworks, Averaging


def values(variables):
    return [ops.convert_to_numpy(v.value).copy() for v in variables]


def check_equal(first, second, **tolerance):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, **({"rtol": 0} | tolerance))


@pytest.fixture
def averaged(make_gan, points, take_step):
    """A GAN that has trained a little, and its average."""
    gan = make_gan(dropout=0.2, averaging=Averaging(half_life=40, ramp_up=None))
    for _ in range(2):
        take_step(gan, ops.convert_to_tensor(points))
    return gan


def test_every_step_moves_weights_and_statistics_of_the_average(make_gan, points, take_step):
    optimizer = keras.optimizers.SGD(0.1)
    gan = make_gan(averaging=Averaging(16, ramp_up=None), generator_optimizer=optimizer)
    shares = np.array([1 / 4, 1 / 2, 1]) * 4 / 7  # half-lives of one batch: 1 : 2 : 4
    steps = []
    for start in (0, 16, 32):
        take_step(gan, ops.convert_to_tensor(points[start : start + 16]))
        steps.append(values(gan.generator.weights))
    expected = [np.tensordot(shares, np.stack(ws), 1) for ws in zip(*steps, strict=True)]
    check_equal(values(gan.averaged_generator.weights), expected, rtol=1e-5, atol=1e-6)
    assert int(gan.averages["generator"].images) == 48


def test_the_average_is_no_part_of_the_game(averaged):
    trained = {id(v) for v in averaged.trainable_variables}
    assert not trained & {id(v) for v in averaged.averaged_generator.variables}
    assert len(trained) == len(averaged.trainable_variables) > 0


def test_whole_numbers_are_copied():
    class Counting(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.count = self.add_weight(shape=(), dtype="int32", trainable=False)

        def call(self, inputs):
            return inputs

    network = keras.Sequential([keras.Input((2,)), Counting(), keras.layers.Dense(1)])
    average = AveragedNetworks([network], Averaging(10, ramp_up=None))
    for count in (3, 8):
        network.layers[0].count.assign(count)
        average.update([network], 10)
        assert int(average.networks[0].layers[0].count) == count


def test_generate_uses_the_average_unless_told_otherwise(averaged):
    latents = np.ones((3, 4), "float32")
    for choice, network in (
        (None, averaged.averaged_generator),
        (True, averaged.averaged_generator),
        (False, averaged.generator),
    ):
        expected = ops.convert_to_numpy(network(latents))
        np.testing.assert_allclose(averaged.generate(latents=latents, averaged=choice), expected)
    raw, average = (averaged.generate(latents=latents, averaged=choice) for choice in (False, True))
    assert (raw != average).any()


def test_training_mode_normalizes_the_averages_batch_too(averaged):
    kept = values(averaged.averaged_generator.weights)
    batch = averaged.generate(8, seed=0, training=True)
    assert np.abs(batch - averaged.generate(8, seed=0)).max() > 1e-3
    check_equal(values(averaged.averaged_generator.weights), kept)


def test_without_an_average_none_can_be_asked_for(make_gan):
    gan = make_gan()
    assert gan.averaged_generator is None
    with pytest.raises(ValueError, match="No weights are averaged. Received: averaged=True"):
        gan.generate(2, averaged=True)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_file_brings_the_average(averaged, tmp_path, compiled):
    averaged.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras", compile=compiled)
    np.testing.assert_array_equal(again.generate(4, seed=3), averaged.generate(4, seed=3))
    assert int(again.averages["generator"].images) == 96
    assert again.averages["generator"].averaging.get_config() == {"half_life": 40, "ramp_up": None}


def test_weights_bring_the_average(averaged, make_gan, tmp_path):
    averaged.save_weights(tmp_path / "gan.weights.h5")
    options = ({"averaging": Averaging(half_life=40, ramp_up=None)}, {"compiled": False})
    for chosen in options:
        fresh = make_gan(seed=1, dropout=0.2, **chosen)
        fresh.load_weights(tmp_path / "gan.weights.h5")
        check_equal(
            values(fresh.averaged_generator.weights), values(averaged.averaged_generator.weights)
        )


def test_a_file_without_an_average_is_refused_where_one_is_kept(make_gan, tmp_path):
    make_gan().save_weights(tmp_path / "gan.weights.h5")
    with pytest.raises(ValueError, match="the file holds no average"):
        make_gan(averaging=Averaging()).load_weights(tmp_path / "gan.weights.h5")


def test_compiling_again_begins_anew_and_leaves_nothing_behind(averaged):
    count = len(averaged.variables)
    averaged.compile(averaging=Averaging())
    assert int(averaged.averages["generator"].images) == 0 and len(averaged.variables) == count
    check_equal(values(averaged.averaged_generator.weights), values(averaged.generator.weights))
    averaged.compile()
    assert averaged.averaged_generator is None
    assert len(averaged.variables) == count - 1 - len(averaged.generator.variables)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"half_life": 0}, "half_life=0"),
        ({"half_life": float("nan")}, "half_life=nan"),
        ({"ramp_up": -0.1}, "ramp_up=-0.1"),
        ({"half_life": "x"}, "half_life='x'"),
        ({"half_life": None}, "half_life=None"),
        ({"half_life": True}, "half_life=True"),
        ({"ramp_up": "x"}, "ramp_up='x'"),
    ],
)
def test_impossible_memories_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Averaging(**arguments)


def test_only_an_averaging_averages(make_gan):
    with pytest.raises(TypeError, match=r"`averaging` must be a gankit.averaging.Averaging.*0.999"):
        make_gan(averaging=0.999)
