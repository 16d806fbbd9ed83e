"""Layers against their formulas, written out in NumPy with float64."""

import keras
import numpy as np

from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization
from gankit.layers.diff_augment import DiffAugment
from gankit.layers.maxout import Maxout
from gankit.layers.minibatch_discrimination import MinibatchDiscrimination
from gankit.layers.minibatch_stddev import MinibatchStdDev
from gankit.layers.pixel_shuffle import ICNR, PixelShuffle
from gankit.layers.projection_head import ProjectionHead
from gankit.layers.reflection_padding import ReflectionPadding2D
from gankit.layers.self_attention import SelfAttention2D
from gankit.layers.spectral_normalization import SpectralNormalization
from gankit.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization
from gankit.layers.weight_normalization import WeightNormalization
from oracles.part import Part


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor).astype("float64")


def randomized(layer, *shapes):
    """The layer, built, with every weight drawn at random; its weights as arrays, by name."""
    layer.build(shapes[0] if len(shapes) == 1 else list(shapes))
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(normal(*weight.shape, seed=100 + index))
    return layer, {weight.path.split("/")[-1]: array(weight.value) for weight in layer.weights}


def worst(received, expected):
    """Largest deviation, relative to the largest value expected."""
    return float(np.abs(array(received) - expected).max() / np.abs(expected).max())


def conditional_batch_normalization():
    x, labels = normal(6, 3, 2, 4), np.array([0, 2, 1, 2, 2, 0])
    layer, weights = randomized(ConditionalBatchNormalization(3), x.shape, labels.shape)
    mean, variance = x.mean((0, 1, 2), "float64"), x.astype("float64").var((0, 1, 2))
    gamma, beta = (weights[name][labels][:, None, None] for name in ("gamma", "beta"))
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    return worst(layer([x, labels], training=True), expected)


def recolored(image, result):
    """Deviation from `a + b (gray - mean) + c (x - gray)`, with a, b, c as the result has them."""
    gray, mean = image.mean(axis=2, keepdims=True), image.mean()
    result_gray = result.mean(axis=2, keepdims=True)
    a = result.mean()
    b = np.sum((result_gray - a) * (gray - mean)) / np.sum((gray - mean) ** 2)
    c = np.sum((result - result_gray) * (image - gray)) / np.sum((image - gray) ** 2)
    assert abs(a - mean) <= 0.5 and 0.5 <= b <= 1.5 and 0.0 <= c / b <= 2.0
    return np.abs(a + b * (gray - mean) + c * (image - gray) - result).max()


def shifted(image, result):
    """Deviation from the nearest of all shifts that are allowed."""
    padded = np.pad(image, ((2, 2), (1, 1), (0, 0)))
    candidates = [padded[i : i + 16, j : j + 8] for i in range(5) for j in range(3)]
    return min(np.abs(result - candidate).max() for candidate in candidates)


def cut_out(image, result):
    """Deviation from the nearest image with a hole of 8 x 4 whose center lies in the image."""
    errors = []
    for i, j in np.ndindex(17, 9):
        candidate = image.copy()
        candidate[max(i - 4, 0) : i + 4, max(j - 2, 0) : j + 2] = 0.0
        errors.append(np.abs(result - candidate).max())
    return min(errors)


def diff_augment():
    images = normal(16, 16, 8, 3)
    checks = {"color": recolored, "translation": shifted, "cutout": cut_out}
    errors = []
    for policy, check in checks.items():
        results = array(DiffAugment([policy], seed=0)(images, training=True))
        errors += map(check, images.astype("float64"), results)
    return max(errors)


def maxout():
    x = normal(4, 6)
    layer, weights = randomized(Maxout(3, pieces=5), x.shape)
    kernel, bias = weights["kernel"].reshape(6, 3, 5), weights["bias"].reshape(3, 5)
    return worst(layer(x), (np.einsum("nf,fuk->nuk", x, kernel) + bias).max(axis=2))


def minibatch_discrimination():
    x = normal(5, 6)
    layer, weights = randomized(MinibatchDiscrimination(kernels=4, dims=3), x.shape)
    layer.kernel.assign(layer.kernel * 0.2)
    projected = (x.astype("float64") @ array(layer.kernel.value)).reshape(5, 4, 3)
    expected = np.zeros((5, 4))
    for i in range(5):
        for j in range(5):
            if i != j:
                expected[i] += np.exp(-np.abs(projected[i] - projected[j]).sum(axis=1))
    return worst(layer(x)[:, 6:], expected)


def minibatch_stddev():
    errors = []
    for n, groups in (
        (8, [[0, 2, 4, 6], [1, 3, 5, 7]]),
        (5, [[0, 2, 4], [1, 3]]),
        (3, [[0, 1, 2]]),
    ):
        x = normal(n, 3, 3, 2)
        expected = np.zeros((n, 3, 3))
        for group in groups:
            expected[group] = x[group].astype("float64").std(axis=0).mean()
        errors.append(worst(MinibatchStdDev(group_size=4)(x)[..., 2], expected))
    return max(errors)


def icnr():
    x = normal(2, 5, 4, 3)
    initializer = keras.initializers.GlorotUniform(seed=0)
    layer = keras.layers.Conv2D(
        4 * 3, 3, padding="same", kernel_initializer=ICNR(2, initializer), dtype="float32"
    )
    plain = keras.layers.Conv2D(3, 3, padding="same", kernel_initializer=initializer)
    nearest = array(plain(x)).repeat(2, axis=1).repeat(2, axis=2)
    return worst(PixelShuffle(2)(layer(x)), nearest)


def pixel_shuffle():
    x = normal(2, 4, 3, 9 * 2)
    expected = np.zeros((2, 12, 9, 2))
    for h, w, i, j, c in np.ndindex(4, 3, 3, 3, 2):
        expected[:, 3 * h + i, 3 * w + j, c] = x[:, h, w, (3 * i + j) * 2 + c]
    return worst(PixelShuffle(3)(x), expected)


def projection_head():
    features, labels = normal(5, 7), np.array([2, 0, 1, 1, 2])
    layer, _ = randomized(ProjectionHead(3), features.shape, labels.shape)
    linear, embedding = (array(v.value) for v in (layer.linear.kernel, layer.embedding.embeddings))
    expected = features @ linear + (embedding[labels] * features).sum(1, keepdims=True)
    return worst(layer([features, labels]), expected + array(layer.linear.bias.value))


def reflection_padding():
    x = normal(2, 5, 4, 3)
    padding = ((1, 3), (2, 0))
    expected = np.pad(x, ((0, 0), *padding, (0, 0)), mode="reflect")
    return worst(ReflectionPadding2D(padding)(x), expected)


def self_attention():
    x = normal(2, 4, 6, 16)
    layer, _ = randomized(SelfAttention2D(), x.shape)
    kernels = [layer.query, layer.key, layer.value, layer.projection]
    f, g, h, v = (array(inner.kernel.value)[0, 0] for inner in kernels)
    expected = x.astype("float64")
    for n in range(2):
        pooled = [(x[n] @ w).reshape(2, 2, 3, 2, -1).max(axis=(1, 3)) for w in (g, h)]
        keys, values = (p.reshape(6, -1) for p in pooled)
        weights = np.exp((x[n] @ f).reshape(24, -1) @ keys.T)
        weights /= weights.sum(axis=1, keepdims=True)
        expected[n] += array(layer.gamma.value) * (weights @ values @ v).reshape(4, 6, 16)
    return worst(layer(x), expected)


def spectral_normalization():
    """Iterated until u has converged: then the kernel over its first singular value."""
    errors = []
    kinds = keras.layers
    for inner, shape in (
        (kinds.Dense(4), (3, 6)),
        (kinds.Conv2D(4, 3), (2, 5, 5, 3)),
        (kinds.Conv2DTranspose(4, 3), (2, 5, 5, 3)),
    ):
        layer, weights = randomized(SpectralNormalization(inner, power_iterations=200), shape)
        kernel, x = weights["kernel"], normal(*shape)
        outputs_last = kernel.swapaxes(-1, -2) if "Transpose" in type(inner).__name__ else kernel
        matrix = outputs_last.reshape(-1, outputs_last.shape[-1])
        inner.kernel.assign(kernel / np.linalg.svd(matrix, compute_uv=False)[0])
        expected = array(inner(x))
        inner.kernel.assign(kernel)
        errors.append(worst(layer(x, training=True), expected))
    return max(errors)


def virtual_batch_normalization():
    """A network of two convolutions, example by example: each joins the reference, alone."""
    reference, x = normal(4, 5, 5, 2), normal(3, 5, 5, 2, seed=1)
    first, second = keras.layers.Conv2D(3, 2), keras.layers.Conv2D(2, 2)
    norms = [VirtualBatchNormalization(4), VirtualBatchNormalization(4)]
    parts = [keras.Input((5, 5, 2)), first, norms[0], keras.layers.ReLU(), second, norms[1]]
    layer, _ = randomized(ReferenceBatch(keras.Sequential(parts), reference), x.shape)

    def normalized(norm, activations, statistics):
        mean, variance = statistics.mean((0, 1, 2)), statistics.var((0, 1, 2))
        gamma, beta = array(norm.gamma.value), array(norm.beta.value)
        return gamma * (activations - mean) / np.sqrt(variance + 1e-5) + beta

    expected = []
    for example in x:
        a, b = reference, example[None]
        for convolution, norm in zip((first, second), norms, strict=True):
            a, b = array(convolution(a)), array(convolution(b))
            b = normalized(norm, b, np.concatenate([a, b]))
            a = normalized(norm, a, a)
            if convolution is first:
                a, b = np.maximum(a, 0.0), np.maximum(b, 0.0)
        expected.append(b[0])
    return worst(layer(x, training=True), np.stack(expected))


def weight_normalization():
    errors = []
    kinds = keras.layers
    for inner, shape, axes in (
        (kinds.Dense(4), (3, 6), 0),
        (kinds.Conv2D(4, 3), (2, 5, 5, 3), (0, 1, 2)),
        (kinds.Conv2DTranspose(4, 3), (2, 5, 5, 3), (0, 1, 3)),
    ):
        layer, weights = randomized(WeightNormalization(inner), shape)
        kernel, x = weights["kernel"], normal(*shape)
        direction = kernel / np.sqrt((kernel**2).sum(axis=axes, keepdims=True))
        g = weights["g"].reshape(-1, 1) if inner.name.count("transpose") else weights["g"]
        inner.kernel.assign(g * direction)
        expected = array(inner(x))
        inner.kernel.assign(kernel)
        errors.append(worst(layer(x), expected))
    return max(errors)


PARTS = [
    Part(
        name="layers.conditional_batch_normalization.ConditionalBatchNormalization",
        use="""
import numpy as np
from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization

layer = ConditionalBatchNormalization(num_classes=10)
y = layer([np.ones((4, 8, 8, 3), "float32"), np.array([3, 1, 4, 1])], training=True)
""",
        oracle="NumPy, from the formula",
        error=conditional_batch_normalization,
        tolerance=1e-5,
    ),
    Part(
        name="layers.diff_augment.DiffAugment",
        use="""
import keras
from gankit.layers.diff_augment import DiffAugment

layers = [keras.Input((32, 32, 3)), DiffAugment(), keras.layers.Flatten(), keras.layers.Dense(1)]
discriminator = keras.Sequential(layers)
""",
        oracle="NumPy: all shifts and holes that are allowed; the colors as a linear fit",
        error=diff_augment,
        tolerance=1e-5,
    ),
    Part(
        name="layers.maxout.Maxout",
        use="""
import numpy as np
from gankit.layers.maxout import Maxout

y = Maxout(240, pieces=5)(np.ones((2, 784), "float32"))
""",
        oracle="NumPy, from the formula",
        error=maxout,
        tolerance=1e-5,
    ),
    Part(
        name="layers.minibatch_discrimination.MinibatchDiscrimination",
        use="""
import numpy as np
from gankit.layers.minibatch_discrimination import MinibatchDiscrimination

y = MinibatchDiscrimination(kernels=100, dims=5)(np.ones((8, 32), "float32"))  # (8, 132)
""",
        oracle="NumPy: the double loop over the batch",
        error=minibatch_discrimination,
        tolerance=1e-5,
    ),
    Part(
        name="layers.minibatch_stddev.MinibatchStdDev",
        use="""
import numpy as np
from gankit.layers.minibatch_stddev import MinibatchStdDev

y = MinibatchStdDev(group_size=4)(np.ones((10, 4, 4, 64), "float32"))  # (10, 4, 4, 65)
""",
        oracle="NumPy: the deviation of each group, also where the batch does not divide",
        error=minibatch_stddev,
        tolerance=1e-5,
    ),
    Part(
        name="layers.pixel_shuffle.ICNR",
        use="""
import keras
from gankit.layers.pixel_shuffle import ICNR, PixelShuffle

layer = keras.layers.Conv2D(4 * 64, 3, padding="same", kernel_initializer=ICNR(scale=2))
upsample = keras.Sequential([layer, PixelShuffle(2)])
""",
        oracle="nearest-neighbor upsampling of the plain convolution",
        error=icnr,
        tolerance=1e-5,
    ),
    Part(
        name="layers.pixel_shuffle.PixelShuffle",
        use="""
import numpy as np
from gankit.layers.pixel_shuffle import PixelShuffle

y = PixelShuffle(scale=2)(np.ones((1, 8, 8, 256), "float32"))  # (1, 16, 16, 64)
""",
        oracle="NumPy: pixel by pixel",
        error=pixel_shuffle,
        tolerance=0.0,
    ),
    Part(
        name="layers.projection_head.ProjectionHead",
        use="""
import numpy as np
from gankit.layers.projection_head import ProjectionHead

logits = ProjectionHead(10)([np.ones((4, 128), "float32"), np.array([3, 1, 4, 1])])
""",
        oracle="NumPy, from the formula",
        error=projection_head,
        tolerance=1e-5,
    ),
    Part(
        name="layers.reflection_padding.ReflectionPadding2D",
        use="""
import numpy as np
from gankit.layers.reflection_padding import ReflectionPadding2D

y = ReflectionPadding2D(3)(np.ones((1, 28, 28, 1), "float32"))  # (1, 34, 34, 1)
""",
        oracle='`numpy.pad(mode="reflect")`',
        error=reflection_padding,
        tolerance=0.0,
    ),
    Part(
        name="layers.self_attention.SelfAttention2D",
        use="""
import numpy as np
from gankit.layers.self_attention import SelfAttention2D

y = SelfAttention2D()(np.ones((1, 32, 32, 64), "float32"))
""",
        oracle="NumPy, from the formula",
        error=self_attention,
        tolerance=1e-5,
    ),
    Part(
        name="layers.spectral_normalization.SpectralNormalization",
        use="""
import keras
from gankit.layers.spectral_normalization import SpectralNormalization

layer = SpectralNormalization(keras.layers.Conv2D(64, 4, strides=2, padding="same"))
discriminator = keras.Sequential([keras.Input((32, 32, 3)), layer, keras.layers.LeakyReLU()])
""",
        oracle="NumPy's singular value decomposition of the kernel",
        error=spectral_normalization,
        tolerance=1e-5,
    ),
    Part(
        name="layers.virtual_batch_normalization.VirtualBatchNormalization",
        use="""
import keras
from gankit.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization
norm, dense = VirtualBatchNormalization(reference_size=64), keras.layers.Dense
network = keras.Sequential([keras.Input((8,)), dense(16), norm, keras.layers.ReLU(), dense(2)])
generator = ReferenceBatch(network, keras.random.normal((64, 8)))
""",
        oracle="NumPy: two layers, each example in a batch of its own with the reference",
        error=virtual_batch_normalization,
        tolerance=1e-5,
    ),
    Part(
        name="layers.weight_normalization.WeightNormalization",
        use="""
import keras
from gankit.layers.weight_normalization import WeightNormalization, initialize

model = keras.Sequential([keras.Input((784,)), WeightNormalization(keras.layers.Dense(250))])
initialize(model, keras.random.uniform((500, 784)))
""",
        oracle="the plain layer with the kernel that NumPy normalized",
        error=weight_normalization,
        tolerance=1e-5,
    ),
]
