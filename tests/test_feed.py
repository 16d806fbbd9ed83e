"""Batches of arrays: the order of each set, and the place where a pass begins."""

import numpy as np

from gankit import feed


def unpaired(epoch, batch_size=4):
    """The batches of ten horses and three zebras in an epoch."""
    horses = np.stack([np.arange(10.0), np.zeros(10)], axis=1).astype("float32")
    zebras = horses[:3] + 100
    batches = feed.Batches(
        (horses,), (zebras, np.arange(3)), batch_size=batch_size, position=feed.Position(5)
    )
    batches.position.seek(epoch)
    return [batches[i] for i in range(len(batches))]


def test_unpaired_sets_are_shuffled_apart_and_the_shorter_one_goes_round_again():
    first, second = unpaired(0), unpaired(1)
    for batches in (first, second):
        horses = np.concatenate([b[0][0][:, 0] for b in batches])
        zebras = np.concatenate([b[1][0][:, 0] for b in batches]) - 100
        labels = np.concatenate([b[1][1] for b in batches])
        assert sorted(horses) == list(range(10))
        np.testing.assert_array_equal(zebras, labels)  # one set stays together, row by row
        for start in (0, 3, 6):  # each round in an order of its own
            assert sorted(zebras[start : start + 3]) == [0, 1, 2]
    orders = [np.concatenate([b[1][1] for b in batches]).tolist() for batches in (first, second)]
    assert orders[0] != orders[1]


def test_sets_of_one_length_have_different_orders():
    rows = np.arange(20)
    ((first,), (second,)) = feed.Batches((rows,), (rows,), batch_size=20)[0]
    assert sorted(first) == sorted(second) == rows.tolist() and (first != second).any()


def test_a_pass_from_the_middle_of_an_epoch_leaves_whole_batches_out():
    batches = feed.Batches(np.arange(10), batch_size=4, shuffle=False)
    batches.position.seek(0, batch=1)
    assert [batches[i].tolist() for i in range(len(batches))] == [[4, 5, 6, 7], [8, 9]]
