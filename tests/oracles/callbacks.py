"""Callbacks whose arithmetic has an oracle."""

import keras
import numpy as np

from gankit import metrics
from gankit.callbacks import Evaluate, HealthMonitor, Validate, slerp
from gankit.models.srgan import SRGAN
from oracles.part import Part
from oracles.training import LATENTS, POINTS, linear_gan, numbers, signs


def _slerp_error() -> float:
    """Against a rotation in the plane of both vectors: the exponential of a skew matrix."""
    from scipy.linalg import expm

    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 7)
    worst = 0.0
    for dimensions in (2, 3, 100):
        a, b = rng.normal(size=(2, dimensions))
        unit = a / np.linalg.norm(a)
        across = b - (b @ unit) * unit
        across /= np.linalg.norm(across)
        angle = np.arccos(b @ unit / np.linalg.norm(b))
        plane = np.outer(across, unit) - np.outer(unit, across)
        lengths = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
        turned = np.stack([expm(s * angle * plane) @ unit for s in t]) * lengths[:, None]
        worst = max(worst, np.abs(slerp(a, b, t) - turned).max() / np.abs(turned).max())
    return worst


def _evaluate_error() -> float:
    """Three epochs of a linear generator, whose points NumPy computes from its weights."""
    gan, seen = linear_gan(), []

    def measure(epoch, logs):
        kernel, bias = numbers(gan.generator.trainable_variables)
        points = LATENTS @ kernel + bias
        seen.append([points.std(), np.abs(points).max()])

    scores = {"spread": np.std, "reach": lambda points: np.abs(points).max()}
    evaluate = Evaluate(scores, n=len(LATENTS), monitor="reach", mode="min")
    callbacks = [evaluate, keras.callbacks.LambdaCallback(on_epoch_end=measure)]
    history = gan.fit(
        POINTS.astype("float32"), batch_size=24, epochs=3, callbacks=callbacks, verbose=0
    ).history
    got = np.stack([history["spread"], history["reach"]], axis=1)
    best = min(reach for _, reach in seen)
    return max(np.abs(got / seen - 1).max(), abs(evaluate.best_value / best - 1))


def _validate_error() -> float:
    """Two pictures of different sizes, which the generator enlarges."""
    from skimage.metrics import peak_signal_noise_ratio

    rng = np.random.default_rng(0)
    gan = SRGAN((16, 16, 1), 2, {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}, seed=0)
    gan.compile(adversarial_weight=0)
    small, large = (
        [
            rng.uniform(-1, 1, (times * height, times * width, 1))
            for height, width in [(5, 6), (8, 4)]
        ]
        for times in (1, 2)
    )
    validate = Validate({"psnr": metrics.psnr}, small, large)
    crops = rng.uniform(-1, 1, (4, 16, 16, 1)).astype("float32")
    logged = gan.fit(crops, callbacks=[validate], verbose=0).history["psnr"][0]
    outputs = [
        keras.ops.convert_to_numpy(gan.generator(picture[None].astype("float32")))[0]
        for picture in small
    ]
    expected = np.mean(
        [
            peak_signal_noise_ratio(target, output.astype("float64"), data_range=2)
            for output, target in zip(outputs, large, strict=True)
        ]
    )
    return abs(logged / expected - 1)


def _look_error() -> float:
    """The look before the first step of a linear game, in double precision."""
    from scipy.spatial.distance import cdist, pdist
    from scipy.stats import mannwhitneyu

    gan, n = linear_gan(), len(LATENTS)
    a, b, w, c = numbers(gan.trainable_variables)
    monitor = HealthMonitor(POINTS.astype("float32"), n=n)
    gan.fit(POINTS.astype("float32"), batch_size=n, callbacks=[monitor], verbose=0)
    look = monitor.looks[0]

    fake, real = LATENTS @ a + b, POINTS
    real_logits, fake_logits = real @ w + c, fake @ w + c
    slopes = signs("non_saturating", real_logits, fake_logits)
    on_real, on_fake, of_generator = (slope / n for slope in slopes)
    on_sample = of_generator @ w.T

    def length(*arrays):
        return np.sqrt(sum((array**2).sum() for array in arrays))

    def different(points):
        return 1 / np.exp(-((cdist(points, points) / (np.median(pdist(real)) / 4)) ** 2)).mean()

    u = mannwhitneyu(real_logits.ravel(), fake_logits.ravel()).statistic
    expected = {
        "real_logit": real_logits.mean(),
        "fake_logit": fake_logits.mean(),
        "told_apart": u / n**2,
        "lesson": np.abs(on_real).sum() + np.abs(on_fake).sum(),  # of 1/2 + 1/2 at logits of 0
        "generator_gradient": length(LATENTS.T @ on_sample, on_sample.sum(0)) / length(a, b),
        "discriminator_gradient": length(
            real.T @ on_real + fake.T @ on_fake, on_real.sum(0) + on_fake.sum(0)
        )
        / length(w, c),
        "diversity": different(fake) / different(real),
        "center": fake.mean(axis=0) / np.sqrt(((real - real.mean(axis=0)) ** 2).sum(1).mean()),
    }
    return max(
        np.abs(getattr(look, name) - value).max() / np.abs(value).max()
        for name, value in expected.items()
    )


PARTS = [
    Part(
        name="callbacks.Evaluate",
        use="""
from gankit import callbacks
from gankit.metrics import sliced_wasserstein
from gankit.models.minimax import ring
score = {"distance": lambda points: sliced_wasserstein(ring(256, seed=0), points)}
best = callbacks.Evaluate(score, n=256, monitor="distance", mode="min")  # for `fit(callbacks=...)`
""",
        oracle="two numbers of a linear generator's points, three epochs of NumPy",
        error=_evaluate_error,
        tolerance=1e-5,
    ),
    Part(
        name="callbacks.Validate",
        use="""
import numpy as np
from gankit import callbacks, metrics, resampling
large = [np.random.default_rng(0).uniform(-1, 1, (24, 36, 3)).astype("float32")]
small = [resampling.bicubic_downscale(picture, 2) for picture in large]
held_out = callbacks.Validate({"psnr": metrics.psnr}, small, large, monitor="psnr", mode="max")
""",
        oracle="scikit-image's PSNR of each picture that the generator makes",
        error=_validate_error,
        tolerance=1e-5,
    ),
    Part(
        name="callbacks.HealthMonitor",
        use="""
from gankit.callbacks import HealthMonitor
from gankit.models.minimax import points_gan, ring
(gan := points_gan(seed=0)).compile()
gan.fit(ring(256, seed=0), callbacks=[monitor := HealthMonitor(ring(256, seed=0), every=2)])
print(monitor.findings)  # what is wrong, since when, and what to try
""",
        oracle="each number of a look at a linear game: NumPy, SciPy's cdist, mannwhitneyu",
        error=_look_error,
        tolerance=1e-5,
    ),
    Part(
        name="callbacks.slerp",
        use="""
import numpy as np
from gankit.callbacks import slerp
start, end = np.random.default_rng(0).normal(size=(2, 100))
path = slerp(start, end, np.linspace(0, 1, 9))
assert path.shape == (9, 100) and np.allclose(path[-1], end)
""",
        oracle="a rotation by SciPy's matrix exponential",
        error=_slerp_error,
        tolerance=1e-12,
    ),
]
