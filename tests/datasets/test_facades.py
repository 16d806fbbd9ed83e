import hashlib

import numpy as np
import pytest

from gankit import datasets, metrics
from gankit.datasets import facades
from gankit.datasets.facade_layouts import CLASSES, Part, rasterize

SHA256 = "6c17fc4534874d30711c8aaa5c02d3e0ac5633863eb85f6f00f89b4a3f6af945"


def levels(pictures):
    return np.round((pictures + 1) * 127.5).astype(np.uint8)


def scores(label_maps, pictures):
    found = facades.recover_labels(pictures)
    return metrics.segmentation_scores(label_maps, found, len(CLASSES))


@pytest.fixture(scope="module")
def redrawn():
    """Draw ten label maps and sixty pictures of each."""
    label_maps = facades.label_maps("test", 32)[:10]
    return label_maps, np.stack([facades.draw(label_maps, seed) for seed in range(60)])


@pytest.fixture(scope="module")
def train_maps():
    return facades.label_maps("train")


def test_the_set_is_the_same_everywhere():
    """Check the checksum, because another data set would change the numbers in the chapters."""
    inputs, targets = datasets.load_pairs("facades", "test")
    content = levels(inputs).tobytes() + levels(targets).tobytes()
    assert hashlib.sha256(content).hexdigest() == SHA256


@pytest.mark.parametrize("split, count", [("train", 400), ("test", 100)])
def test_pairs_of_label_maps_and_pictures(split, count):
    inputs, targets = datasets.load_pairs("facades", split, image_size=32)
    assert inputs.shape == targets.shape == (count, 32, 32, 3)
    assert inputs.dtype == targets.dtype == np.float32
    assert min(inputs.min(), targets.min()) >= -1 and max(inputs.max(), targets.max()) <= 1
    label_maps = facades.label_maps(split, 32)
    np.testing.assert_array_equal(facades.color(label_maps), inputs)
    np.testing.assert_array_equal(facades.recover_labels(targets), label_maps)


def test_no_front_occurs_twice(train_maps):
    both = np.concatenate([train_maps, facades.label_maps("test")])
    assert len(np.unique(both.reshape(500, -1), axis=0)) == 500


@pytest.mark.parametrize("size", [16, 64, 100])
def test_labels_are_recovered_at_any_size(size):
    label_maps = facades.sample_label_maps(5, size, seed=3)
    assert scores(label_maps, facades.draw(label_maps, seed=4)).pixel_accuracy == 1


def test_labels_are_recovered_through_noise():
    label_maps = facades.label_maps("test")[:20]
    pictures = facades.draw(label_maps)
    noise = np.random.default_rng(0).normal(0, 4 / 127.5, pictures.shape)
    noisy = np.clip(pictures + noise, -1, 1)
    assert scores(label_maps, noisy).pixel_accuracy > 0.99


def test_the_colors_of_two_classes_are_far_apart():
    part = np.linspace(0, 1, 65)[:, None, None]
    lines = facades._TONES[:, 0] + part * (facades._TONES[:, 1] - facades._TONES[:, 0])
    colors, labels = lines.reshape(-1, 3), np.tile(facades._TONE_LABELS, 65)
    for label in range(len(CLASSES)):
        own, others = colors[labels == label], colors[labels != label]
        nearest = min(np.linalg.norm(others - color, axis=1).min() for color in own)
        assert nearest >= 23


def test_all_classes_occur_and_most_of_a_front_is_wall(train_maps):
    parts = np.bincount(train_maps.ravel(), minlength=len(CLASSES)) / train_maps.size
    assert parts.min() > 0.01 and parts[2] > 0.25 and parts[0] < 0.4
    assert (train_maps == CLASSES.index("door")).any((1, 2)).all()


def test_a_front_is_the_same_at_any_size_and_in_any_list():
    small = facades.sample_label_maps(3, 32, seed=5)
    large = facades.sample_label_maps(4, 128, seed=5)[:3]
    assert (large[:, 2::4, 2::4] == small).mean() > 0.85
    np.testing.assert_array_equal(facades.sample_label_maps(4, 32, seed=5)[:3], small)
    assert (facades.sample_label_maps(3, 32, seed=6) != small).any((1, 2)).all()


def test_a_seed_draws_one_picture_and_another_seed_another(redrawn):
    label_maps, pictures = redrawn
    np.testing.assert_array_equal(facades.draw(label_maps, 7), pictures[7])
    walls = pictures[:, label_maps == CLASSES.index("wall")]
    assert len(np.unique(levels(walls[:, 0]), axis=0)) > 20


def test_flat_pictures_are_nearer_in_l1_than_true_ones_and_are_misread(redrawn):
    """Check that the picture with the least L1 or L2 error shows no building."""
    label_maps, pictures = redrawn
    median, mean = np.median(pictures[1:], axis=0), pictures[1:].mean(axis=0)
    truth, another = pictures[0], pictures[1]
    assert np.abs(truth - median).mean() < 0.75 * np.abs(truth - another).mean()
    assert scores(label_maps, another).iou == 1
    assert scores(label_maps, median).iou < 0.45
    assert scores(label_maps, mean).iou < 0.25
    edges = [np.abs(np.diff(p, axis=2)).mean() for p in (median, mean, truth)]
    assert edges[1] < 0.5 * edges[2] and edges[0] < 0.9 * edges[2]


def test_windows_are_lit_one_by_one_and_walls_as_a_whole():
    label_maps = np.full((1, 40, 40), CLASSES.index("wall"))
    for left in (4, 16, 28):
        label_maps[0, 10:20, left : left + 8] = CLASSES.index("window")
    lit = np.stack([levels(facades.draw(label_maps, s))[0, 15, [8, 20, 32]] for s in range(40)])
    yellow = lit[..., 0] > 170
    assert 0.2 < yellow.mean() < 0.5  # one third
    assert len(np.unique(yellow, axis=0)) >= 6  # of eight ways to light three windows


def test_what_stands_out_casts_a_shadow():
    label_maps = np.full((1, 32, 32), CLASSES.index("wall"))
    label_maps[0, 10] = CLASSES.index("cornice")
    rows = np.mean([facades.draw(label_maps, s)[0].mean((1, 2)) for s in range(60)], axis=0)
    assert rows[11] < rows[12:].min() - 0.05


def test_a_label_map_of_ones_own_need_not_be_square():
    label_maps = np.zeros((2, 20, 48), np.int64)
    label_maps[:, 10:, 8:40] = CLASSES.index("door")
    pictures = facades.draw(label_maps)
    assert pictures.shape == (2, 20, 48, 3)
    np.testing.assert_array_equal(facades.recover_labels(pictures), label_maps)


def test_each_class_has_a_color_of_its_own():
    distances = np.linalg.norm(facades.COLORS[:, None] - facades.COLORS[None].astype(float), axis=2)
    assert len(facades.COLORS) == len(CLASSES) and distances[np.triu_indices(8, 1)].min() > 60


@pytest.mark.parametrize(
    "shape, covered",
    [("box", 64), ("gable", 32), ("mansard", 58), ("arch", 58)],
)
def test_the_shapes_of_parts(shape, covered):
    labels = rasterize([Part(2, 16, 16, 48, 48, shape)], 16)
    assert (labels > 0).sum() == pytest.approx(covered, abs=4)
    assert (labels == labels[:, ::-1]).all()
    assert (labels[11] > 0).sum() == 8  # the bottom row is complete


def test_a_part_is_never_thinner_than_a_pixel_nor_outside():
    labels = rasterize([Part(3, 20, -5, 20.1, 70), Part(4, -9, 40, 99, 40.2)], 16)
    assert (labels == 3).sum(0).tolist() == [0] * 5 + [15] + [0] * 10
    assert (labels == 4).sum() == 16


@pytest.mark.parametrize("function", [facades.draw, facades.color])
def test_label_maps_that_are_none(function):
    with pytest.raises(TypeError, match="must hold integers. Received: dtype float64"):
        function(np.zeros((1, 8, 8)))
    with pytest.raises(ValueError, match=r"shape \(n, height, width\). Received: shape \(8, 8\)"):
        function(np.zeros((8, 8), int))
    with pytest.raises(ValueError, match=r"classes 0 to 7. Received: values in 0..8"):
        function(np.arange(9).reshape(1, 3, 3))
    with pytest.raises(ValueError, match=r"Received: values in -1..-1"):
        function(np.full((1, 3, 3), -1))


def test_pictures_that_are_none():
    with pytest.raises(TypeError, match="floating point. Received dtype uint8: scale"):
        facades.recover_labels(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"any, 3\). Received shape \(1, 8, 8, 1\): channels is 1"):
        facades.recover_labels(np.zeros((1, 8, 8, 1)))
    with pytest.raises(ValueError, match=r"Received values in \[0, 255\]"):
        facades.recover_labels(np.linspace(0, 255, 192).reshape(1, 8, 8, 3))
    with pytest.raises(ValueError, match="NaN"):
        facades.recover_labels(np.full((1, 8, 8, 3), np.nan))


def test_bad_arguments():
    with pytest.raises(ValueError, match="count.*at least 1.*count=0"):
        facades.sample_label_maps(0)
    with pytest.raises(ValueError, match="seed.*at least 0.*seed=-1"):
        facades.sample_label_maps(1, seed=-1)
    with pytest.raises(ValueError, match="seed.*seed=-1"):
        facades.draw(np.zeros((1, 8, 8), int), seed=-1)
    with pytest.raises(ValueError, match="at least 4. Received: image_size=2"):
        facades.sample_label_maps(1, 2)
    with pytest.raises(ValueError, match="'train', 'test'. Received: split='dev'"):
        facades.label_maps("dev")
