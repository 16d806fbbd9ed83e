"""What holds for every GAN of the package: files keep `data_range`, and a seed is several."""

import numpy as np
import pytest

import gankit
from gankit.models import cgan, dcgan, improved, minimax
from gankit.models._building import seed_pair


def points_networks():
    gan = minimax.points_gan(width=4)
    return gan.generator, gan.discriminator, 2


def few_labels(data_range):
    networks = (
        improved.build_generator((4, 4, 1), 2, (4,)),
        improved.build_discriminator((4, 4, 1), 3, (4,)),
    )
    return improved.SemiSupervisedGAN(*networks, 2, data_range=data_range)


def feature_matching(data_range):
    networks = points_networks()
    name = networks[1].layers[-2].name
    return improved.FeatureMatchingGAN(*networks, name, data_range=data_range)


MODELS = {
    "MinimaxGAN": lambda r: minimax.MinimaxGAN(*points_networks(), data_range=r),
    "MLPGAN": lambda r: minimax.MLPGAN((4, 4, 1), 2, 4, 4, 2, data_range=r),
    "DCGAN": lambda r: dcgan.DCGAN((16, 16, 1), 2, 1, data_range=r),
    "CGAN": lambda r: cgan.CGAN((4, 4, 1), 3, None, 2, (2, 2, 2), (2, 2, 2), data_range=r),
    "ConvCGAN": lambda r: cgan.ConvCGAN((16, 16, 1), 3, latent_dim=2, width=1, data_range=r),
    "FeatureMatchingGAN": feature_matching,
    "SemiSupervisedGAN": few_labels,
}


@pytest.mark.parametrize("data_range", [(0.0, 1.0), None], ids=["unit", "unbounded"])
@pytest.mark.parametrize("name", MODELS)
def test_the_data_range_comes_back_from_a_file(name, data_range, tmp_path):
    gan = MODELS[name](data_range)
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert type(again) is type(gan) and type(gan).__name__ == name
    assert again.data_range == gan.data_range == data_range
    shape = gan.example_shape
    below = np.full((2, *shape), -0.5, "float32")
    declared = again.batch_spec()[0][0]
    if data_range is None:
        declared.check(below)
    else:
        with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
            declared.check(below)


def test_a_seed_gives_two_networks_and_their_game_different_draws():
    assert len({5, *seed_pair(5)}) == 3
    assert seed_pair(None) == (None, None)
