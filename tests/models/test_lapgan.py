"""LAPGAN: a pyramid that loses nothing, levels that do not meet, and detail for coarse images."""

import keras
import numpy as np
import pytest

import gankit
from gankit.averaging import Averaging
from gankit.models import lapgan
from gankit.models.lapgan import LAPGAN

SMALL = dict(details=2, coarse_latents=4, units=8, width=2, seed=0)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (12, 8, 8, 1)).astype("float32")
LABELS = np.arange(12) % 3


def small(num_classes=None, compiled=True, **options):
    game = LAPGAN((8, 8, 1), num_classes=num_classes, **SMALL)
    if compiled:
        game.compile(**options)
    return game


def numpy_of(x):
    return keras.ops.convert_to_numpy(x)


def tensors(*arrays):
    return list(map(keras.ops.convert_to_tensor, arrays))


def values(network):
    return [numpy_of(v.value) for v in network.variables]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_pyramid_loses_nothing(channels):
    levels = np.random.default_rng(1).integers(0, 256, (5, 16, 8, channels)).astype("float32")
    parts = lapgan.decompose(levels, 3)
    assert [tuple(part.shape[1:3]) for part in parts] == [(2, 1), (4, 2), (8, 4), (16, 8)]
    np.testing.assert_array_equal(numpy_of(lapgan.compose(parts)), levels)


def test_details_are_what_the_mean_of_a_block_leaves():
    coarse, detail = map(numpy_of, lapgan.decompose(IMAGES, 1))
    blocks = IMAGES.reshape(12, 4, 2, 4, 2, 1)
    np.testing.assert_allclose(coarse, blocks.mean((2, 4)), atol=1e-6)
    left = blocks - blocks.mean((2, 4), keepdims=True)
    np.testing.assert_allclose(detail, left.reshape(IMAGES.shape), atol=1e-6)


def test_the_latents_of_all_levels_lie_in_one_vector():
    game = small()
    assert game.sides == (2, 4, 8) and game.latent_dim == 4 + 4 * 4 + 8 * 8
    latents = np.random.default_rng(2).normal(size=(3, game.latent_dim)).astype("float32")
    made = game.generate(latents=latents)
    parts = np.split(latents, [4, 20], axis=1)
    by_hand = numpy_of(game.generators[0](tensors(parts[0])))
    for generator, part, side in zip(game.generators[1:], parts[1:], (4, 8), strict=True):
        coarse = np.repeat(np.repeat(by_hand, 2, 1), 2, 2)
        by_hand = coarse + numpy_of(generator(tensors(part.reshape(3, side, side, 1), coarse)))
    np.testing.assert_allclose(made, np.clip(by_hand, -1, 1), atol=1e-5)


def test_a_discriminator_sees_coarse_image_and_detail_in_one():
    game = small()
    last = game.generators[2].layers[-1]
    last.kernel.assign(keras.ops.zeros(last.kernel.shape))  # no detail is drawn
    coarse = lapgan.up(lapgan.down(IMAGES))
    np.testing.assert_array_equal(*map(numpy_of, (game.fake(2, IMAGES, coarse), coarse)))
    assert [d.input_shape[-3:] for d in game.discriminators] == [(s, s, 1) for s in game.sides]


@pytest.mark.parametrize("num_classes", [None, 3])
def test_a_level_alone_moves_its_own_players(num_classes, untraced):
    game = small(num_classes, levels=[4])
    networks = dict(zip(game.players(), [n for (n,) in game.players().values()], strict=True))
    before = {name: values(network) for name, network in networks.items()}
    labels = None if num_classes is None else LABELS
    history = game.fit(IMAGES, labels, batch_size=6, verbose=0).history
    assert history.keys() == {"discriminator_4_loss", "generator_4_loss"}
    moved = {name for name, network in networks.items() if not same(before[name], values(network))}
    assert moved == {"generator_4", "discriminator_4"}


def test_losses_are_those_of_the_logits(untraced):
    game = small()
    coarse = lapgan.up(lapgan.down(IMAGES))
    drawn = game.fake(2, IMAGES, coarse)
    game.fake = lambda level, real, *conditions: drawn
    game.judge = lambda level, images, conditions=(): keras.ops.mean(images, (1, 2))
    loss, report = type(game).discriminator_loss(game, 2, IMAGES, coarse)
    of_real, of_fake = (np.mean(numpy_of(x), (1, 2)) for x in (IMAGES, drawn))
    wanted = np.log1p(np.exp(-of_real)).mean() + np.log1p(np.exp(of_fake)).mean()
    assert float(loss) == pytest.approx(wanted, rel=1e-5)
    assert report.keys() == {"discriminator_8_loss"}
    loss, _ = type(game).generator_loss(game, 2, IMAGES, coarse)
    assert float(loss) == pytest.approx(np.log1p(np.exp(-of_fake)).mean(), rel=1e-5)


def test_coarse_images_get_detail():
    game = small()
    coarse = IMAGES[:, ::2, ::2]
    made = game.generate(from_coarse=coarse, seed=3)
    assert made.shape == IMAGES.shape
    again, other = (game.generate(from_coarse=coarse, seed=seed) for seed in (3, 4))
    assert np.array_equal(made, again) and not np.allclose(made, other)
    last = game.generators[2].layers[-1]
    last.kernel.assign(keras.ops.zeros(last.kernel.shape))
    plain = game.generate(from_coarse=coarse, seed=3)
    np.testing.assert_array_equal(plain, np.repeat(np.repeat(coarse, 2, 1), 2, 2))
    assert game.generate(from_coarse=IMAGES[:, ::4, ::4], seed=0).shape == IMAGES.shape


def test_labels_reach_every_network(untraced):
    game = small(3, penalties=[gankit.penalties.R1(0.1)])
    history = game.fit(IMAGES, LABELS, batch_size=6, verbose=0).history
    assert len(history) == 9
    one, two = (game.generate(labels=[label] * 4, seed=1) for label in (0, 1))
    assert not np.allclose(one, two)
    coarse = IMAGES[:4, ::2, ::2]
    one, two = (game.generate(from_coarse=coarse, labels=[k] * 4, seed=1) for k in (0, 1))
    assert not np.allclose(one, two)


def test_saved_and_loaded_with_averages(tmp_path, untraced):
    game = small(averaging=Averaging(half_life=24), levels=[2, 8], loss="hinge")
    game.fit(IMAGES, batch_size=6, verbose=0)
    averaged, latest = (game.generate(4, seed=1, averaged=a) for a in (None, False))
    assert not np.array_equal(averaged, latest)
    game.save(tmp_path / "game.keras")
    again = gankit.load_model(tmp_path / "game.keras")
    np.testing.assert_array_equal(again.generate(4, seed=1), averaged)
    np.testing.assert_array_equal(again.generate(4, seed=1, averaged=False), latest)
    assert again.levels == (2, 8) and type(again.adversarial_loss).__name__ == "Hinge"
    histories = [g.fit(IMAGES, batch_size=6, verbose=0).history for g in (game, again)]
    assert histories[0] == histories[1]


WRONG = {
    "not square": (lambda: LAPGAN((8, 4, 1)), "image_shape"),
    "odd": (lambda: LAPGAN((28, 28, 1), details=3), r"2\*\*details, 8. Received: .*28"),
    "no detail": (lambda: LAPGAN((8, 8, 1), details=0), "details=0"),
    "one class": (lambda: LAPGAN((8, 8, 1), num_classes=1), "num_classes=1"),
    "no units": (lambda: LAPGAN((8, 8, 1), units=0), "units=0"),
    "no maps": (lambda: LAPGAN((8, 8, 1), width=0), "width=0"),
    "no latents": (lambda: LAPGAN((8, 8, 1), coarse_latents=0), "coarse_latents=0"),
    "level": (lambda: small(levels=[5]), "one of 2, 4, 8. Received: levels=5"),
    "player": (lambda: small(optimizers={"generator_9": "sgd"}), "generator_9"),
    "coarse of full size": (lambda: small().generate(from_coarse=IMAGES), "2 or 4"),
    "coarse in bytes": (lambda: small().generate(from_coarse=255 * IMAGES[:, ::2, ::2]), "lie in"),
    "counts": (lambda: small().generate(3, from_coarse=IMAGES[:, ::2, ::2]), "n=3"),
    "no average": (lambda: small().generate(2, averaged=True), "averaged=True"),
    "odd sides": (lambda: lapgan.decompose(IMAGES, 4), "16. Received: .*8"),
    "labels": (lambda: small().generate(2, labels=[0, 1]), "takes no labels"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_refused(case):
    call, words = WRONG[case]
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_compiled_again_it_draws_by_the_new_average():
    game = small(averaging=Averaging(half_life=24))
    first = game.chain()
    game.compile(averaging=Averaging(half_life=24))
    assert game.chain() is not first and len(game._chains) == 1
