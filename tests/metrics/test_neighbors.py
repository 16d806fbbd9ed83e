import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gankit.metrics import nearest_neighbors


@pytest.mark.parametrize("shape", [(5,), (4, 4, 3)])
def test_agrees_with_all_distances(shape):
    rng = np.random.default_rng(0)
    queries, references = rng.normal(size=(60, *shape)), rng.normal(size=(300, *shape))
    found = nearest_neighbors(queries, references, k=4)
    distances = cdist(queries.reshape(60, -1), references.reshape(300, -1))
    assert (found.indices == distances.argsort(axis=1)[:, :4]).all()
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, :4], rtol=1e-9)


def test_planted_copies_are_found():
    rng = np.random.default_rng(0)
    references = rng.uniform(-1, 1, (200, 8, 8, 1)).astype("float32")
    found = nearest_neighbors(references[[17, 4]], references)
    assert found.indices.tolist() == [[17], [4]]
    assert found.distances.max() < 1e-6


def test_near_duplicates_within_one_set():
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (50, 16))
    images[30] = images[7] + 1e-3
    found = nearest_neighbors(images, images, k=2)
    assert found.indices[7].tolist() == [7, 30] and found.indices[30].tolist() == [30, 7]
    assert found.distances[7, 1] == pytest.approx(4e-3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"k": 0}, ValueError, "`k` must be a whole number of at least 1. Received: k=0"),
        ({"k": 4}, ValueError, "`k` must lie in 1..3, the number of references. Received: k=4"),
        ({"k": 1.0}, ValueError, "Received: k=1.0"),
        ({"k": "1"}, ValueError, "Received: k='1'"),
        ({"queries": [[1e200, 0]]}, ValueError, "the first is 1e.200"),
        (
            {"queries": np.ones((1, 3))},
            ValueError,
            "`queries` and `references` .*Received: 3 and 2",
        ),
        (
            {"queries": np.ones(2)},
            ValueError,
            r"`queries` must have one row .*Received: shape \(2,\)",
        ),
        (
            {"references": [[np.inf, 0]]},
            ValueError,
            "`references` must hold finite values. Received: 1 values",
        ),
        ({"queries": np.empty((0, 2))}, ValueError, "`queries` must not be empty"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        nearest_neighbors(
            **{"queries": np.ones((1, 2)), "references": np.eye(3)[:, :2], **arguments}
        )
