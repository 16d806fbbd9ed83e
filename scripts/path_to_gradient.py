"""List every function of gankit between `fit` and the first gradient of a plain GAN.

python scripts/path_to_gradient.py
"""

import sys
from pathlib import Path

import keras
import numpy as np

import gankit
from gankit import autodiff

PACKAGE = Path(gankit.__file__).parent


def plain_gan() -> gankit.GAN:
    """A compiled GAN of points."""
    layers = keras.layers
    gan = gankit.GAN(
        keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)]),
        keras.Sequential([keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)]),
        latent_dim=4,
        data_range=None,
        seed=0,
    )
    gan.compile()
    return gan


class Found(Exception):
    """The first gradient is about to be computed."""


def functions_on_the_way() -> list[tuple[str, str]]:
    """File and name of each function that `fit` calls before the first gradient, in order."""
    gan, seen = plain_gan(), {}
    points = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")

    def watch(frame, event, argument):
        code = frame.f_code
        if event == "call" and Path(code.co_filename).is_relative_to(PACKAGE):
            name = code.co_qualname if hasattr(code, "co_qualname") else code.co_name
            if not name.endswith(("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")):
                seen.setdefault((str(Path(code.co_filename).relative_to(PACKAGE)), name))

    import tensorflow as tf

    gradient = tf.GradientTape.gradient

    def stop(*arguments, **options):
        raise Found

    tf.GradientTape.gradient = stop
    sys.setprofile(watch)
    try:
        gan.fit(points, verbose=0)
    except Found:
        pass
    finally:
        sys.setprofile(None)
        tf.GradientTape.gradient = gradient
    return list(seen)


def hops() -> list[str]:
    """Functions from `train_step` to the gradient, each called by the one before."""
    gan, found = plain_gan(), []
    original = autodiff.gradients_of_each

    def remember(*arguments, **options):
        frame = sys._getframe(1)
        while frame is not None:
            if Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
                found.append(frame.f_code.co_name)
            frame = frame.f_back
        raise Found

    autodiff.gradients_of_each = remember
    try:
        method = type(gan).train_step
        getattr(method, "__wrapped__", method)(gan, (keras.ops.ones((4, 2)),))
    except Found:
        pass
    finally:
        autodiff.gradients_of_each = original
    return [*reversed(found), "gradients_of_each"]


if __name__ == "__main__":
    functions = functions_on_the_way()
    for file, name in functions:
        print(f"{file:24} {name}")
    print(f"{len(functions)} functions in {len({file for file, _ in functions})} files")
    print(" -> ".join(hops()))
