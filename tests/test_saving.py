"""Guarantees 3 and 4: files hold everything, and damaged ones are refused."""

import warnings
import zipfile

import keras
import numpy as np
import pytest

import gankit
from gankit.saving import atomic_write


def trained(make_gan, points, **options):
    average = keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.9)
    gan = make_gan(dropout=0.2, generator_optimizer=average, **options)
    gan.fit(points, batch_size=16, epochs=2, verbose=0)
    return gan


def check_equal(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("load", [keras.models.load_model, gankit.load_model])
def test_a_saved_model_comes_back_whole(make_gan, points, state_of, tmp_path, load):
    gan = trained(make_gan, points, loss="hinge", discriminator_steps=2)
    gan.save(tmp_path / "gan.keras")
    again = load(tmp_path / "gan.keras")
    check_equal(state_of(gan), state_of(again))
    assert isinstance(again, gankit.GAN)
    assert isinstance(again.adversarial_loss, gankit.losses.Hinge)
    assert again.discriminator_steps == 2 and again.seed == gan.seed
    np.testing.assert_array_equal(gan.generate(4, seed=3), again.generate(4, seed=3))


def accumulating():
    """An optimizer with much to remember: six batches are in the middle of an update."""
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 4, 0.5)
    return keras.optimizers.Adam(schedule, gradient_accumulation_steps=4, clipnorm=0.5)


@pytest.mark.parametrize("optimizer", [None, accumulating])
def test_training_goes_on_as_if_never_saved(make_gan, points, state_of, tmp_path, optimizer):
    keras.utils.set_random_seed(11)
    gan = trained(make_gan, points, discriminator_optimizer=optimizer and optimizer())
    gan.save(tmp_path / "gan.keras")
    gan.fit(points, batch_size=16, verbose=0, initial_epoch=2, epochs=3)
    again = gankit.load_model(tmp_path / "gan.keras")
    again.fit(points, batch_size=16, verbose=0, initial_epoch=2, epochs=3)
    check_equal(state_of(gan), state_of(again))


def test_weights_bring_both_optimizers_state(make_gan, points, tmp_path):
    gan = trained(make_gan, points)
    gan.save_weights(tmp_path / "gan.weights.h5")
    fresh = make_gan(
        seed=1,
        dropout=0.2,
        generator_optimizer=keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.9),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fresh.load_weights(tmp_path / "gan.weights.h5")
    assert fresh.seed == gan.seed, "the order of the data comes with the weights"
    for name in ("generator_optimizer", "discriminator_optimizer"):
        old, new = getattr(gan, name), getattr(fresh, name)
        assert int(new.iterations) == 6
        for a, b in zip(old.variables, new.variables, strict=True):
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(a.value), keras.ops.convert_to_numpy(b.value)
            )


@keras.saving.register_keras_serializable("tests")
def plain_penalty(critic, real, fake):
    return keras.ops.mean(critic(real) ** 2)


def test_penalties_come_back(make_gan, points, tmp_path):
    gan = make_gan(penalties=[plain_penalty])
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    histories = [g.fit(points, batch_size=16, verbose=0).history for g in (gan, again)]
    assert histories[0]["penalty"] == histories[1]["penalty"] > [0.0]


@keras.saving.register_keras_serializable("tests")
class Uniform(gankit.GAN):
    """A subclass, as a user would write it."""

    def sample_latents(self, n, seed):
        return keras.random.uniform((n, self.latent_dim), -1.0, 1.0, seed=seed)


def test_subclasses_come_back_as_themselves(make_gan, tmp_path):
    base = make_gan()
    gan = Uniform(base.generator, base.discriminator, latent_dim=4, data_range=None, seed=5)
    gan.save(tmp_path / "uniform.keras")
    again = gankit.load_model(tmp_path / "uniform.keras")
    assert type(again) is Uniform and not again.compiled
    np.testing.assert_array_equal(gan.generate(4, seed=0), again.generate(4, seed=0))


@keras.saving.register_keras_serializable("tests")
class Three(gankit.Game):
    """A game of three networks that share layers."""

    def __init__(self, first, second, third, **kwargs):
        super().__init__(**kwargs)
        self.networks = [first, second, third]


def networks_around(shared, names=("dense", "dense_1", "dense_2")):
    """Networks that call a layer once, twice and once more, each before a layer of its own."""
    for calls, name in zip((1, 2, 1), names, strict=True):
        x = inputs = keras.Input((2,))
        for _ in range(calls):
            x = shared(x)
        yield keras.Model(inputs, keras.layers.Dense(1, name=name)(x))


def test_what_three_networks_share_comes_back_once(points, tmp_path):
    game = Three(*networks_around(keras.layers.Dense(2, "tanh", name="shared")))
    game.save(tmp_path / "game.keras")
    again = gankit.load_model(tmp_path / "game.keras")
    assert len({id(network.get_layer("shared")) for network in again.networks}) == 1
    for network, loaded in zip(game.networks, again.networks, strict=True):
        outputs = [keras.ops.convert_to_numpy(n(points)) for n in (network, loaded)]
        np.testing.assert_array_equal(*outputs)


def test_a_shared_layer_whose_name_another_has_is_refused(tmp_path):
    shared = keras.layers.Dense(2, name="shared")
    game = Three(*networks_around(shared, names=("dense", "dense_1", "shared_too")))
    game.networks[2].get_layer("shared_too").name = "shared"
    with pytest.raises(ValueError, match="two Dense layers named 'shared'. Rename one"):
        game.get_config()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.98])
def test_a_file_cut_short_is_refused(make_gan, tmp_path, keep):
    make_gan().save(tmp_path / "gan.keras")
    whole = (tmp_path / "gan.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.keras.*cut short"):
        gankit.load_model(tmp_path / "cut.keras")


def test_a_damaged_file_is_refused(make_gan, tmp_path):
    make_gan().save(tmp_path / "gan.keras")
    content = bytearray((tmp_path / "gan.keras").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "gan.keras").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        gankit.load_model(tmp_path / "gan.keras")


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_a_file_without_a_member_is_refused(make_gan, tmp_path, member):
    make_gan().save(tmp_path / "gan.keras")
    with (
        zipfile.ZipFile(tmp_path / "gan.keras") as whole,
        zipfile.ZipFile(tmp_path / "part.keras", "w") as part,
    ):
        for name in set(whole.namelist()) - {member}:
            part.writestr(name, whole.read(name))
    with pytest.raises(ValueError, match=f"it lacks .'{member}'"):
        gankit.load_model(tmp_path / "part.keras")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.keras"):
        gankit.load_model(tmp_path / "nothing.keras")


def test_only_keras_files_are_written(make_gan, tmp_path):
    with pytest.raises(ValueError, match=r"gan\.h5"):
        make_gan().save(tmp_path / "gan.h5")


def test_overwriting_is_asked_for(make_gan, tmp_path):
    gan = make_gan()
    gan.save(tmp_path / "gan.keras")
    with pytest.raises(FileExistsError, match="gan.keras"):
        gan.save(tmp_path / "gan.keras", overwrite=False)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("the disk is full")
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"] and path.read_text() == "old"


def test_a_file_is_replaced_and_not_written_over(tmp_path):
    """Who has opened the old file goes on reading the old file, whole."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with open(path) as reader:
        with atomic_write(path) as temporary:
            temporary.write_text("new")
        assert reader.read() == "old" and path.read_text() == "new"


def test_a_link_stays_a_link_and_a_long_name_fits(tmp_path):
    target, link = tmp_path / ("x" * 244 + ".keras"), tmp_path / "link.keras"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        assert temporary.suffix == ".keras"
        temporary.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"


def test_what_a_killed_process_left_is_removed(run_process, tmp_path):
    path = tmp_path / "file.txt"
    source = """if True:
        import os, signal
        from gankit.saving import atomic_write
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_process(source, path=str(path)) == -9
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".partial-")
    with atomic_write(path) as temporary, atomic_write(tmp_path / "other.txt") as another:
        assert not left.exists()
        temporary.write_text("whole")
        another.write_text("too")
    assert {p.name for p in tmp_path.iterdir()} == {"file.txt", "other.txt"}


@pytest.mark.parametrize("path", [None, 5, "", ["gan.keras"]])
def test_what_is_no_path_is_refused(make_gan, path):
    for use in (gankit.load_model, make_gan().save):
        with pytest.raises(TypeError, match="must be a path"):
            use(path)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_a_zip_file_of_other_things_is_named(make_gan, tmp_path, member):
    path = tmp_path / "gan.keras"
    make_gan().save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {member: b"nothing"}).items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match=r"gan\.keras' \(\d+ bytes\)"):
        gankit.load_model(path)
