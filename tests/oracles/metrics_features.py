"""Metrics in feature space."""

import numpy as np

from gankit import metrics
from oracles.part import Part


def features(n: int = 400, d: int = 6, seed: int = 0) -> np.ndarray:
    """Correlated, skewed, and away from the origin."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def by_matrix_root(a: np.ndarray, b: np.ndarray) -> float:
    """The Fréchet distance as it is written."""
    from scipy.linalg import sqrtm

    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(covariance_a @ covariance_b).real
    difference = a.mean(axis=0) - b.mean(axis=0)
    return difference @ difference + np.trace(covariance_a + covariance_b - 2 * root)


def frechet_error() -> float:
    """Sets of two sizes."""
    a, b = features(300), features(400, seed=1)
    return abs(metrics.frechet_distance(a, b) / by_matrix_root(a, b) - 1)


def frechet_image_error() -> float:
    """Images in batches, over features of one's own, against all of them at once."""
    rng = np.random.default_rng(0)
    real, fake = rng.uniform(-1, 1, (300, 8, 8, 1)), rng.uniform(-1, 0, (300, 8, 8, 1))

    def row_means(images):
        return images.mean(axis=(2, 3))

    found = metrics.frechet_image_distance(np.split(real, 3), fake, row_means)
    return abs(found / by_matrix_root(row_means(real), row_means(fake)) - 1)


def at_infinity_error() -> float:
    """The same subsets, the line by SciPy."""
    from scipy.stats import linregress

    real, fake = features(300), features(400, seed=1)
    rng, sizes = np.random.default_rng(5), np.array([40, 160, 280, 400])
    subsets = [fake[rng.choice(400, size, replace=False)] for size in sizes]
    expected = linregress(1 / sizes, [by_matrix_root(real, some) for some in subsets]).intercept
    found = metrics.frechet_distance_at_infinity(real, fake, points=4, seed=5)
    return abs(found.distance / expected - 1)


def statistics_error() -> float:
    """Uneven batches, in two parts that are merged, of float32 with a large mean."""
    rows = (features(300) + 1000).astype("float32")
    first, second = (metrics.FeatureStatistics(np.asarray, batch_size=32) for _ in range(2))
    first.update(np.split(rows[:100], [7, 8])).merge(second.update(rows[100:]))
    rows = rows.astype("float64")
    mean, covariance = rows.mean(axis=0), np.cov(rows, rowvar=False)
    return max(
        np.max(np.abs(first.mean / mean - 1)),
        np.max(np.abs(first.covariance - covariance)) / np.max(np.abs(covariance)),
    )


def kernel_error() -> float:
    """One block of everything, and three blocks with their error."""
    from sklearn.metrics.pairwise import polynomial_kernel

    def unbiased(x, y):
        kxx, kyy, kxy = (polynomial_kernel(*pair) for pair in ((x, x), (y, y), (x, y)))
        return (
            (kxx.sum() - np.trace(kxx)) / (len(x) * (len(x) - 1))
            + (kyy.sum() - np.trace(kyy)) / (len(y) * (len(y) - 1))
            - 2 * kxy.mean()
        )

    a, b = features(90), features(120, seed=1)
    rng = np.random.default_rng(2)
    x, y = rng.permutation(a).reshape(3, 30, -1), rng.permutation(b).reshape(3, 40, -1)
    values = [unbiased(*pair) for pair in zip(x, y, strict=True)]
    expected = [unbiased(a, b), np.mean(values), np.std(values, ddof=1) / 3**0.5]
    found = [metrics.kernel_distance(a, b, blocks=1).distance]
    found += metrics.kernel_distance(a, b, blocks=3, seed=2)
    return np.max(np.abs(np.array(found) / expected - 1))


def inception_score_error() -> float:
    """Ten splits, by SciPy's entropies."""
    from scipy.stats import entropy

    p = np.random.default_rng(0).dirichlet(np.full(5, 0.2), 200)
    parts = np.random.default_rng(3).permutation(p).reshape(10, 20, 5)
    scores = [np.exp(np.mean([entropy(row, part.mean(axis=0)) for row in part])) for part in parts]
    found = metrics.inception_score(p, splits=10, seed=3)
    return np.max(np.abs(np.array(found) / [np.mean(scores), np.std(scores)] - 1))


def balls(points: np.ndarray, centers: np.ndarray, k: int) -> np.ndarray:
    """Which points lie in which center's ball, from all distances at once."""
    from scipy.spatial.distance import cdist

    radii = np.sort(cdist(centers, centers), axis=1)[:, k]
    return cdist(points, centers) <= radii


def precision_recall_error() -> float:
    """Sets that overlap in part."""
    real, fake = features(300), features(250, seed=0) + 0.3
    expected = balls(fake, real, 3).any(axis=1).mean(), balls(real, fake, 3).any(axis=1).mean()
    return np.max(np.abs(np.subtract(metrics.precision_recall(real, fake), expected)))


def density_coverage_error() -> float:
    """Sets that overlap in part."""
    real, fake = features(300), features(250, seed=0) + 0.3
    inside = balls(fake, real, 5)
    expected = inside.sum() / (5 * 250), inside.any(axis=0).mean()
    return np.max(np.abs(np.subtract(metrics.density_coverage(real, fake), expected)))


def classification_error() -> float:
    """The same estimator, trained by hand and scored by scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, recall_score

    rows, labels = features(400), np.arange(400) % 3
    rows = rows + 2 * np.eye(3, 6)[labels]
    train, test = (rows[:250], labels[:250]), (rows[250:], labels[250:])
    estimator = LogisticRegression(max_iter=1000)
    found = metrics.classification_accuracy_score(*train, *test, classifier=estimator)
    predicted = estimator.fit(*train).predict(test[0])
    expected = [
        accuracy_score(test[1], predicted),
        *recall_score(test[1], predicted, average=None),
    ]
    return np.max(np.abs(np.array([found.accuracy, *found.per_class]) - expected))


def memorization_error() -> float:
    """With ties, by SciPy's test and all distances."""
    from scipy.spatial.distance import cdist
    from scipy.stats import mannwhitneyu, norm

    generated, training, held_out = (np.rint(2 * features(60, 3, seed)) for seed in range(3))
    distances = [cdist(rows, training).min(axis=1) for rows in (generated, held_out)]
    test = mannwhitneyu(*distances, alternative="less", method="asymptotic", use_continuity=False)
    expected = [norm.ppf(test.pvalue), 1 - test.statistic / 60**2]
    found = metrics.memorization(generated, training, held_out)
    return np.max(np.abs(np.array(found) / expected - 1))


PARTS = [
    Part(
        name="metrics.frechet_distance",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import frechet_distance\n"
            "real, fake = np.random.default_rng(0).normal(size=(2, 1000, 64))\n"
            "distance = frechet_distance(real, fake)"
        ),
        oracle="the formula, SciPy's sqrtm",
        error=frechet_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.frechet_image_distance",
        use=(
            "from gankit import datasets, metrics\n"
            'images, _ = datasets.load("glyphs", "test")\n'
            "distance = metrics.frechet_image_distance(images[:500], images[500:1000])"
        ),
        oracle="the formula, SciPy's sqrtm",
        error=frechet_image_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.frechet_distance_at_infinity",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import frechet_distance_at_infinity\n"
            "real, fake = np.random.default_rng(0).normal(size=(2, 1000, 16))\n"
            "found = frechet_distance_at_infinity(real, fake)\n"
            "found.distance, found.sizes, found.distances"
        ),
        oracle="SciPy's sqrtm and linregress",
        error=at_infinity_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.FeatureStatistics",
        use=(
            "from gankit import datasets, metrics\n"
            'images, _ = datasets.load("glyphs", "test")\n'
            "real = metrics.FeatureStatistics().update(images[:300])\n"
            "real.update(batch for batch in (images[300:400], images[400:450]))\n"
            "real.count, real.mean, real.covariance"
        ),
        oracle="NumPy's cov of all rows",
        error=statistics_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.kernel_distance",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import kernel_distance\n"
            "real, fake = np.random.default_rng(0).normal(size=(2, 1000, 64))\n"
            "distance, standard_error = kernel_distance(real, fake)"
        ),
        oracle="scikit-learn's polynomial_kernel",
        error=kernel_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.inception_score",
        use=(
            "from gankit import datasets, metrics\n"
            'images, _ = datasets.load("glyphs", "test")\n'
            "probabilities = metrics.digit_classifier().probabilities(images[:500])\n"
            "mean, deviation = metrics.inception_score(probabilities, splits=5)"
        ),
        oracle="SciPy's entropy",
        error=inception_score_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.precision_recall",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import precision_recall\n"
            "real, fake = np.random.default_rng(0).normal(size=(2, 1000, 64))\n"
            "precision, recall = precision_recall(real, fake)"
        ),
        oracle="SciPy's cdist",
        error=precision_recall_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.density_coverage",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import density_coverage\n"
            "real, fake = np.random.default_rng(0).normal(size=(2, 1000, 64))\n"
            "density, coverage = density_coverage(real, fake)"
        ),
        oracle="SciPy's cdist",
        error=density_coverage_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.classification_accuracy_score",
        use=(
            "from sklearn.linear_model import LogisticRegression\n"
            "from gankit import datasets, metrics\n"
            'images, labels = datasets.load("digits", "test")\n'
            "sets = images[:200], labels[:200], images[200:], labels[200:]\n"
            "metrics.classification_accuracy_score(*sets, classifier=LogisticRegression())"
        ),
        oracle="scikit-learn's accuracy_score, recall_score",
        error=classification_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.memorization",
        use=(
            "import numpy as np\n"
            "from gankit.metrics import memorization\n"
            "training, held_out, generated = np.random.default_rng(0).normal(size=(3, 500, 16))\n"
            "statistic, closer = memorization(generated, training, held_out)"
        ),
        oracle="SciPy's mannwhitneyu, cdist",
        error=memorization_error,
        tolerance=1e-5,
    ),
]
