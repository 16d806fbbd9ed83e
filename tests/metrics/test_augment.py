import numpy as np

from gankit.metrics._augment import AugmentedBatches, random_affine


def test_an_epoch_holds_every_image_once():
    images = np.full((10, 8, 8, 1), -1.0, "float32")
    batches = AugmentedBatches(images, np.arange(10), batch_size=4, seed=0)
    epochs = []
    for _ in range(2):
        epochs.append(np.concatenate([batches[i][1] for i in range(len(batches))]).tolist())
        batches.on_epoch_end()
    assert len(batches) == 3
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]


def test_distorted_images_stay_near_and_in_range():
    images = np.full((200, 28, 28, 2), -1.0, "float32")
    images[:, 10:18, 10:18] = 1.0
    distorted = random_affine(images, np.random.default_rng(0))
    assert distorted.shape == images.shape and distorted.dtype == np.float32
    assert distorted.min() >= -1 and distorted.max() <= 1
    np.testing.assert_array_equal(distorted[..., 0], distorted[..., 1])
    ink = (distorted[..., 0] + 1) / 2
    area = ink.sum(axis=(1, 2))
    row = (ink * np.arange(28)[:, None]).sum(axis=(1, 2)) / area
    assert np.abs(row - 13.5).max() < 3  # shifts of up to 2 pixels, scaled
    assert 64 / 1.15**2 * 0.85 < area.min() < area.max() < 64 / 0.85**2 * 1.15
    assert row.std() > 0.5 and area.std() > 3


def test_distortions_depend_on_the_seed_alone():
    images = np.random.default_rng(0).uniform(-1, 1, (5, 28, 28, 1)).astype("float32")
    first, again, other = (random_affine(images, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
