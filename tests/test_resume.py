"""Guarantee 5: killed and resumed equals never killed, bit for bit."""

import json
import signal
from pathlib import Path

import keras
import numpy as np
import pytest

import gankit
from gankit.callbacks import BackupAndRestore
from gankit.resume import _read as read_backup

GAMES = {
    "two": (Path(__file__).parent / "games" / "everything.py").read_text(encoding="utf-8"),
    "three": (Path(__file__).parent / "games" / "three_players.py").read_text(encoding="utf-8"),
}

# Trains in a process of its own, which kills itself in the middle of an epoch where it is told to.
# `backups` maps kinds of backup to their folders: a run may keep several, of which one is resumed.
SCRIPT = """
import json, os, signal
import keras, numpy as np
from gankit.averaging import Averaging
from gankit.callbacks import BackupAndRestore

for text in games.values():
    exec(text, globals())

# A resumed process starts from other weights and another seed: all must come from the backup.
seed = 3 if len(backups) != 1 else 99
averages = {"encoder": Averaging(40), "generator": Averaging(half_life=50)}
made = everything(seed) if game == "two" else three_players(seed, averages=averages)

class Kill(keras.callbacks.Callback):
    epoch = 0
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_begin(self, batch, logs=None):
        if kill_at == [self.epoch, batch]:
            os.kill(os.getpid(), signal.SIGKILL)

make = {
    "epoch": BackupAndRestore,
    "batches": lambda folder: BackupAndRestore(folder, save_freq=2),
    "keras": keras.callbacks.BackupAndRestore,
}
arrays, history = trained(made, [*(make[k](folder) for k, folder in backups.items()), Kill()])
np.savez(out, *arrays, history=json.dumps(history))
"""


KINDS = ("epoch", "batches", "keras")


@pytest.fixture(scope="module")
def train(run_process, tmp_path_factory):
    """Runs the script; returns the final state and history of a run that was not killed."""
    folder = tmp_path_factory.mktemp("runs")

    def run(*kinds, kill_at=None, game="two"):
        out, backups = folder / "out.npz", {kind: str(folder / game / kind) for kind in kinds}
        told = {"kill_at": kill_at, "game": game, "games": GAMES}
        code = run_process(SCRIPT, out=str(out), backups=backups, **told)
        assert code == (-signal.SIGKILL if kill_at else 0)
        assert out.exists() is not bool(kill_at)
        if not kill_at:
            arrays = dict(np.load(out))
            out.unlink()
            history = json.loads(str(arrays.pop("history")))
            return list(arrays.values()), history

    return run


@pytest.fixture(scope="module")
def outcomes(train):
    """Final state and history by kind of backup, and of the run that was never killed."""
    train(*KINDS, kill_at=[1, 5])
    # The second time, batches are counted from where the first backup was.
    train("batches", kill_at=[2, 3])
    return {"never": train()} | {kind: train(kind) for kind in KINDS}


def check_bit_for_bit(resumed, whole):
    assert len(resumed) == len(whole) > 20
    for a, b in zip(resumed, whole, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_mid_epoch_and_resumed_equals_never_killed(outcomes, kind):
    check_bit_for_bit(outcomes[kind][0], outcomes["never"][0])


def test_a_game_of_three_players_is_resumed_too(train):
    train("epoch", "batches", game="three", kill_at=[1, 4])
    resumed, whole = train("batches", game="three"), train(game="three")
    check_bit_for_bit(resumed[0], whole[0])
    assert resumed[1].keys() == whole[1].keys() == {"prior", "distance", "judge"}


@pytest.mark.parametrize("kind", ["epoch", "batches"])
def test_the_history_is_that_of_the_whole_run(outcomes, kind):
    resumed, whole = outcomes[kind][1], outcomes["never"][1]
    assert resumed.keys() == whole.keys()
    for name in whole:
        assert resumed[name] == pytest.approx(whole[name], rel=1e-6)


def test_a_backup_by_batches_holds_the_place_in_the_epoch(make_gan, points, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    for place in (2, 4):  # the second run begins at the first one's backup
        callbacks = [BackupAndRestore(tmp_path, save_freq=2), Stop()]
        with pytest.raises(KeyboardInterrupt):
            make_gan().fit(points, batch_size=8, verbose=0, callbacks=callbacks)
        about, arrays = read_backup(tmp_path / "backup.gankit")
        assert (about["epoch"], about["batch"]) == (0, place) and len(arrays) > 20


def test_a_finished_run_keeps_its_backup_until_the_model_is_saved(make_gan, points, tmp_path):
    folder, taken = tmp_path / "backup", tmp_path / "taken.keras"
    taken.mkdir()
    gan = make_gan()
    gan.fit(points, verbose=0, callbacks=[BackupAndRestore(folder)])
    with pytest.raises(OSError):
        gan.save(taken)
    assert (folder / "backup.gankit").is_file()
    gan.save(tmp_path / "gan.keras")
    assert list(folder.iterdir()) == []


def backed_up(make_gan, points, tmp_path):
    backup = BackupAndRestore(tmp_path, delete_when_done=False)
    make_gan().fit(points, batch_size=16, epochs=2, verbose=0, callbacks=[backup])
    return tmp_path / "backup.gankit"


def test_a_finished_run_can_be_prolonged(make_gan, points, tmp_path, state_of):
    backed_up(make_gan, points, tmp_path)
    gan, whole = make_gan(seed=1), make_gan()
    history = gan.fit(
        points, batch_size=16, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)]
    )
    whole.fit(points, batch_size=16, epochs=3, verbose=0)
    for a, b in zip(state_of(gan), state_of(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.epoch == [0, 1, 2]


def test_a_finished_run_that_is_run_again_keeps_its_history(make_gan, points, tmp_path, state_of):
    backup = BackupAndRestore(tmp_path, delete_when_done=False)
    first, again = make_gan(), make_gan(seed=1)
    runs = [
        gan.fit(points, batch_size=16, epochs=2, verbose=0, callbacks=[backup])
        for gan in (first, again)
    ]
    assert runs[1].epoch == runs[0].epoch == [0, 1]
    assert runs[1].history == runs[0].history
    for a, b in zip(state_of(again), state_of(first), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "zeroed"])
def test_a_damaged_backup_is_named(make_gan, points, tmp_path, damage):
    path = backed_up(make_gan, points, tmp_path)
    data = bytearray(path.read_bytes())
    places = np.random.default_rng(0).integers(0, len(data), 20) if damage == "flipped" else [500]
    for place in places:
        broken = bytearray(data)
        if damage == "flipped":
            broken[place] ^= 1 << (place % 8)
        elif damage == "zeroed":
            broken[place : place + 512] = bytes(512)
        else:
            broken = broken[: 1000 * (damage == "cut")]
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"backup\.gankit.*damaged"):
            read_backup(path)
    with pytest.raises(ValueError, match="damaged"):
        make_gan().fit(points, batch_size=16, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


OTHER_RUNS = {
    "data.batch_size was 16, and is 17": ({}, {"batch_size": 17}),
    "data.checksums of rows.0 was": ({}, {"points": 2.0}),
    "data.shuffle was True, and is False": ({}, {"shuffle": False}),
    "learning_rate was 0.000199": ({"generator_optimizer": keras.optimizers.Adam(9.0, 0.5)}, {}),
    "settings.loss.class_name was 'NonSaturating'": ({"loss": "hinge"}, {}),
    "arguments.discriminator.config.layers": ({"norm": False}, {}),
}


@pytest.mark.parametrize("difference", OTHER_RUNS)
def test_a_backup_of_another_run_is_refused(make_gan, points, tmp_path, difference):
    backed_up(make_gan, points, tmp_path)
    made, fitted = OTHER_RUNS[difference]
    fitted = {"batch_size": 16} | fitted
    points = points * fitted.pop("points", 1.0)
    with pytest.raises(ValueError, match=difference):
        make_gan(**made).fit(points, verbose=0, callbacks=[BackupAndRestore(tmp_path)], **fitted)


def test_a_backup_is_not_replaced_by_one_of_nan(make_gan, points, tmp_path):
    path = backed_up(make_gan, points, tmp_path)
    gan = make_gan()

    class Diverge(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            gan.generator.layers[1].kernel.assign(gan.generator.layers[1].kernel * np.nan)

    callbacks = [BackupAndRestore(tmp_path, save_freq=1), Diverge()]
    with pytest.raises(FloatingPointError, match="diverged"):
        gan.fit(points, batch_size=16, epochs=3, verbose=0, callbacks=callbacks)
    about, arrays = read_backup(path)
    assert about["batch"] == 1 and all(np.isfinite(array).all() for array in arrays)


def test_data_in_an_unknown_order_is_refused(make_gan, points, tmp_path):
    batches = ((points[i : i + 16],) for i in (0, 16, 32))
    with pytest.raises(ValueError, match="order of this data is not known"):
        make_gan().fit(
            batches, steps_per_epoch=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)]
        )


@pytest.mark.parametrize("save_freq", [0, -1, 2.5, "batch", True])
def test_impossible_frequencies_are_refused(tmp_path, save_freq):
    with pytest.raises(ValueError, match="save_freq"):
        BackupAndRestore(tmp_path, save_freq=save_freq)


@pytest.mark.tensorflow
def test_a_stream_is_resumed_in_the_middle_of_an_epoch(tmp_path):
    from gankit import datasets

    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.generator_optimizer.iterations == 14:
                raise KeyboardInterrupt

    def train(*callbacks):
        keras.utils.set_random_seed(1)
        layers = keras.layers
        generator = keras.Sequential(
            [keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
        )
        discriminator = keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)]
        )
        gan = gankit.GAN(generator, discriminator, latent_dim=4, seed=1)
        gan.compile()
        digits = datasets.stream("digits", batch_size=128, seed=5)
        gan.fit(digits, epochs=2, verbose=0, callbacks=list(callbacks))
        return [keras.ops.convert_to_numpy(v.value) for v in gan.variables]

    with pytest.raises(KeyboardInterrupt):
        train(BackupAndRestore(tmp_path, save_freq=3), Stop())
    resumed, whole = train(BackupAndRestore(tmp_path, save_freq=3)), train()
    for a, b in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(a, b)
