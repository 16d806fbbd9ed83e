"""From the same weights, images and latents, the first step is the same on every backend.

Each backend's run of this file is held to one stored result, so they agree with one another.
`python tests/test_backends.py` writes that result anew, after a change of the step itself.
"""

from pathlib import Path

import numpy as np
from keras import ops

from gankit.models.dcgan import DCGAN

REFERENCE = Path(__file__).parent / "data" / "first_step.npz"
IMAGES = np.random.default_rng(0).uniform(-1, 1, (12, 16, 16, 1)).astype("float32")


class KnownLatents(DCGAN):
    """Backends draw different random numbers, so the latents are given."""

    def sample_latents(self, n, seed):
        latents = np.random.default_rng(1).uniform(-1, 1, (12, self.latent_dim)).astype("float32")
        return ops.convert_to_tensor(latents)[:n]


def first_step():
    """Every variable after one step: weights, batch statistics, both optimizers' moments."""
    gan = KnownLatents((16, 16, 1), latent_dim=6, width=4, seed=0)
    rng = np.random.default_rng(2)
    for weight in gan.trainable_weights:
        weight.assign(rng.normal(0.0, 0.2, weight.shape).astype("float32"))
    gan.compile(discriminator_steps=2)
    gan.fit(IMAGES, batch_size=12, verbose=0, shuffle=False)
    optimizers = [gan.generator_optimizer, gan.discriminator_optimizer]
    variables = [*gan.weights, *(v for o in optimizers for v in o.variables)]
    return [ops.convert_to_numpy(v.value).astype("float32") for v in variables]


def test_the_first_step_is_the_same_on_every_backend():
    with np.load(REFERENCE) as reference:
        expected = [reference[name] for name in reference.files]
    got = first_step()
    assert [a.shape for a in got] == [a.shape for a in expected]
    for mine, reference in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    REFERENCE.parent.mkdir(exist_ok=True)
    np.savez_compressed(REFERENCE, *first_step())
