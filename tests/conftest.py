"""Small networks and games that the tests of the core share, and processes of their own.

Keras is imported in the functions: pytest-xdist's controller reads this file and runs no test.
"""

import gc
import multiprocessing
import sys

import numpy as np
import pytest

LONGEST = (
    *("test_benchmarks.py", "test_resume.py", "test_srgan_resume.py", "test_replicas.py"),
    *("test_features.py", "test_gan.py", "test_improved.py", "test_srgan.py", "test_saving.py"),
)


def pytest_collection_modifyitems(items):
    """Put the longest files first, so that no worker waits in the end for one of them."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish(session):
    """What is imported by now stays: the garbage collector need not look through it again."""
    gc.freeze()


def small_networks(norm=True, dropout=0.0, latent_dim=4, num_classes=None):
    """An MLP generator and discriminator of 2-D points, labeled or not."""
    import keras

    layers = keras.layers

    def network(inputs, name, norm):
        head = inputs
        label_inputs = []
        if num_classes:
            labels = keras.Input((), dtype="int32")
            label_inputs = [labels]
            head = layers.Concatenate()([inputs, layers.Embedding(num_classes, 3)(labels)])
        x = layers.Dense(8)(head)
        if norm:
            x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
        outputs = layers.Dense(2 if name == "generator" else 1, dtype="float32")(x)
        all_inputs = [inputs, *label_inputs] if label_inputs else inputs
        return keras.Model(all_inputs, outputs, name=name)

    generator = network(keras.Input((latent_dim,)), "generator", norm)
    discriminator = network(keras.Input((2,)), "discriminator", norm)
    return generator, discriminator


def small_gan(seed=0, compiled=True, norm=True, dropout=0.0, num_classes=None, **compile_options):
    import keras

    import gankit

    keras.utils.set_random_seed(seed)
    gan = gankit.GAN(
        *small_networks(norm, dropout, num_classes=num_classes),
        latent_dim=4,
        num_classes=num_classes,
        data_range=None,
        seed=seed,
    )
    if compiled:
        gan.compile(**compile_options)
    return gan


def values_of(variables):
    import keras

    return [keras.ops.convert_to_numpy(v.value).copy() for v in variables]


def all_variables(gan):
    """Everything that training changes: weights, statistics, random state, optimizers."""
    return [*gan.variables, *gan.optimizer.variables]


@pytest.fixture(scope="module", autouse=True)
def compiled_programs_are_forgotten():
    """JAX keeps all that it ever compiled: several GB over the whole suite."""
    yield
    import keras

    if keras.backend.backend() == "jax":
        import jax

        jax.clear_caches()


# Where standard error goes in such a process is not certain: what went wrong is written to a file.
GUARDED = """
import traceback
try:
    exec(source, names)
except Exception:
    with open(errors, "w") as file:
        traceback.print_exc(file=file)
    raise
"""


@pytest.fixture(scope="session")
def run_process(tmp_path_factory):
    """Runs source text in a process of its own; prints its error, and returns its exit code.

    On Linux they are forked from one that imports Keras and does nothing else: importing it anew in
    each would take longer than most of what they do. Elsewhere such a process may not fork safely.
    """
    forks = sys.platform == "linux"
    processes = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        processes.set_forkserver_preload(["keras"])

    errors = tmp_path_factory.mktemp("processes") / "errors.txt"

    def run(source, **names):
        errors.unlink(missing_ok=True)
        told = {"source": source, "names": {"__name__": "__main__"} | names, "errors": str(errors)}
        process = processes.Process(target=exec, args=(GUARDED, told))
        process.start()
        process.join()
        if errors.exists():
            print(errors.read_text())
        return process.exitcode

    return run


@pytest.fixture
def untraced():
    """TensorFlow computes at once what it would trace: tracing a step takes longer than ten."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def whole_step(game, *batch):
    """What Keras runs for a batch, at once: on JAX, its hook would want a state."""
    method = type(game).train_step
    return getattr(method, "__wrapped__", method)(game, batch)


@pytest.fixture
def take_step():
    return whole_step


@pytest.fixture
def make_gan():
    return small_gan


@pytest.fixture
def state_of():
    return lambda gan: values_of(all_variables(gan))


@pytest.fixture
def points():
    return np.random.default_rng(1).normal(size=(48, 2)).astype("float32")
