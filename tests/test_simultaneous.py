"""Players who move at once: whose gradients, and from how many passes (arithmetic: `oracles`)."""

import keras
import numpy as np
import pytest
from keras import ops

import gankit
from gankit import penalties
from gankit.models.dcgan import DCGAN
from gankit.simultaneous import SimultaneousGAN


def values(variables):
    return [ops.convert_to_numpy(v.value).copy() for v in variables]


def at_once(make_gan, num_classes=None, norm=False, **options):
    nets = make_gan(norm=norm, num_classes=num_classes)
    gan = SimultaneousGAN(
        nets.generator, nets.discriminator, 4, num_classes, data_range=None, seed=0
    )
    sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
    gan.compile(generator_optimizer=sgd[0], discriminator_optimizer=sgd[1], **options)
    return gan


@pytest.mark.parametrize("loss", ["non_saturating", "hinge", "relativistic_average"])
@pytest.mark.parametrize("num_classes", [None, 3])
def test_each_player_takes_the_step_it_would_take_alone_from_the_old_weights(
    make_gan, points, loss, num_classes
):
    """Alternating players, each set back before the other moves, on the latents of one draw."""
    batch = [ops.convert_to_tensor(points)]
    batch += [] if num_classes is None else [ops.convert_to_tensor(np.arange(48) % 3)]
    options = dict(loss=loss, num_classes=num_classes, norm=True, penalties=[penalties.R1(0.1)])
    gan, alone = at_once(make_gan, **options), at_once(make_gan, **options)
    gan.step(*batch)
    start, seed = values(alone.weights), values([alone.seed_generator.state])[0]
    for player in ("generator", "discriminator"):
        for variable, value in zip(alone.weights, start, strict=True):
            variable.assign(value)
        alone.seed_generator.state.assign(seed)
        alone.update(player, getattr(alone, f"{player}_loss"), *batch)
        trained = getattr(alone, player).trainable_variables
        for got, expected in zip(
            values(getattr(gan, player).trainable_variables), values(trained), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_each_network_runs_once_or_twice(make_gan, points):
    gan, calls = at_once(make_gan), []
    for network in (gan.generator, gan.discriminator):
        inner = network.call

        def counted(*args, network=network, inner=inner, **kwargs):
            calls.append(network.name)
            return inner(*args, **kwargs)

        network.call = counted
    gan.step(ops.convert_to_tensor(points))
    # The discriminator sees the real examples and the generated ones; alternating play: three, two.
    assert sorted(calls) == ["discriminator", "discriminator", "generator"]


def test_it_mixes_with_a_model_and_comes_back(points, tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class OnePassDCGAN(SimultaneousGAN, DCGAN):
        """Both players move at once."""

    gan = OnePassDCGAN((16, 16, 1), latent_dim=4, width=2, seed=0)
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    history = gan.fit(images, batch_size=4, verbose=0).history
    assert sorted(history) == ["discriminator_loss", "fake_logit", "generator_loss", "real_logit"]
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))


def test_several_discriminator_steps_are_refused(make_gan):
    with pytest.raises(ValueError, match="equally often. Received: discriminator_steps=2"):
        at_once(make_gan, discriminator_steps=2)
