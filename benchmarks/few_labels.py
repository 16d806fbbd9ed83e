"""Learning from few labels: the K+1 GAN beside methods that need no GAN, over draws of the labels.

    python benchmarks/few_labels.py [--draws 10] [--only digits]

Three sets of images: `digits`, 8x8 pixels and 30 labels; `glyphs`, 28x28 pixels and 100 labels;
and `mnist`, 28x28 pixels and 100 labels. On each draw of the labels, these methods classify the
test images:

- the GAN of `gankit.models.improved`, which also learns from the unlabeled images (on MNIST,
  `semi_supervised_mnist.py` trains it);
- its discriminator on the labels alone: the same network, noise, optimizer and averaged weights,
  and the same number of steps (on MNIST 300);
- label spreading over the 7 nearest neighbors (scikit-learn), which also sees the unlabeled images
  (on MNIST, neighbors by the first 50 principal components of all 60,000 images);
- the nearest labeled image, and a support vector machine, on the labels alone.

Nobody chooses a step to stop at or a setting by looking at the labels of other images. The one
exception says so in its name: the best of nine settings of label spreading, in hindsight. Scores
of a run are kept when they are known; a benchmark that was killed is taken up where it stopped.
The result goes to `benchmarks/results/few_labels.json`; the chapter `03_improved_techniques`
shows it beside one live draw.
"""

import argparse
import itertools
import json
from pathlib import Path

import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC

from gankit import datasets, losses
from gankit.models import improved
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "few_labels.json"
RUN = HERE / "runs" / "few_labels"
BATCH = 100
SMALL = {"widths": (200, 100, 100), "generator_widths": (100, 100), "half_life": 20_000}
LARGE = {"widths": (200, 100, 100), "generator_widths": (200, 200), "half_life": 20_000}
PAPER = {"widths": (1000, 500, 250, 250, 250), "half_life": 20_000}
REGIMES = {
    "digits": {"per_class": 3, "steps": 2_000, "rate": 0.003, "networks": SMALL},
    "glyphs": {"per_class": 10, "steps": 1_500, "rate": 0.001, "networks": LARGE},
    "mnist": {"per_class": 10, "steps": 300, "rate": 0.003, "networks": PAPER},
}
GRID = tuple(itertools.product((5, 7, 10), (0.2, 0.8, 0.99)))  # neighbors, alpha
HINDSIGHT = f"label spreading, best of {len(GRID)} settings in hindsight"


class Spreading(LabelSpreading):
    """Label spreading whose neighbors are searched once for all draws of the labels."""

    found = {}

    def _get_kernel(self, X, y=None):
        key = self.n_neighbors, len(X), None if y is None else len(y)
        if key not in self.found:
            self.nn_fit = None
            self.found[key] = super()._get_kernel(X, y)
        return self.found[key]


class LabelsAlone(improved.SemiSupervisedGAN):
    """The discriminator of the GAN, trained on the labeled examples only."""

    def step(self, real, labeled, labels, others):
        """Update the discriminator on labeled examples."""
        self.update("discriminator", self.supervised_loss, labeled, labels)

    def supervised_loss(self, labeled, labels):
        """Return the cross-entropy of the labels."""
        loss = losses.class_cross_entropy(self._class_logits(labeled, training=True), labels)
        return loss, {"supervised_loss": loss}


class Draw:
    """One draw of the labels, and the error of each method on the test images."""

    def __init__(self, data, seed, per_class, steps, rate, networks):
        self.images, labels = datasets.load(data)
        self.test, self.test_labels = datasets.load(data, "test")
        self.data, self.seed, self.steps, self.rate = data, seed, steps, rate
        self.networks = networks
        self.few = improved.draw_labeled(self.images, labels, per_class, seed)
        chosen, _ = improved.draw_labeled(np.arange(len(labels)), labels, per_class, seed)
        self.known = np.full(len(labels), -1)  # scikit-learn's word for "no label"
        self.known[chosen] = labels[chosen]

    def error(self, found):
        """Return the fraction of test images that get a wrong class."""
        return float(np.mean(found != self.test_labels))

    def train(self, like):
        """Train a GAN with the networks of `like`, or only its discriminator."""
        rng = np.random.default_rng(self.seed)
        passes = -(-self.steps * BATCH // len(self.images))
        order = np.concatenate([rng.permutation(len(self.images)) for _ in range(passes)])
        built = improved.mlp(self.images.shape[1:], seed=self.seed, **self.networks)
        gan = like(
            built.generator, built.discriminator, 100, self.networks["half_life"], seed=self.seed
        )
        adams = [improved.RootAdam(self.rate) for _ in range(2)]
        gan.compile(*adams, steps_per_execution=1 if keras.config.backend() == "torch" else 20)
        images = self.images[order[: self.steps * BATCH]]
        gan.fit(images, self.few, batch_size=BATCH, verbose=0)
        return self.error(gan.classify(self.test).argmax(axis=1))

    def scikit_learn(self, model, few):
        """Fit a model to the few labeled images, or to all images."""
        images, labels = self.few if few else (self.images, self.known)
        parts = [part.reshape(len(part), -1) for part in (images, self.test)]
        if self.data == "mnist" and not few:
            axes = PCA(50, svd_solver="covariance_eigh").fit(parts[0])
            parts = [axes.transform(part) for part in parts]
        return self.error(model.fit(parts[0], labels).predict(parts[1]))

    def spreading(self, neighbors=7, alpha=0.2):
        """Return the error of label spreading."""
        model = Spreading(kernel="knn", n_neighbors=neighbors, alpha=alpha, max_iter=100)
        return self.scikit_learn(model, few=False)

    def errors(self):
        """Return the error of every method."""
        gan = {} if self.data == "mnist" else {"GAN": self.train(improved.SemiSupervisedGAN)}
        return gan | {
            "same network, labels alone": self.train(LabelsAlone),
            "label spreading": self.spreading(),
            "nearest neighbor": self.scikit_learn(KNeighborsClassifier(1), few=True),
            "SVM": self.scikit_learn(SVC(C=10.0), few=True),
            "grid": [self.spreading(*setting) for setting in GRID] if self.data == "digits" else [],
        }


def summary(draws):
    """Return the errors of each method, draw by draw; of the grid, its best setting."""
    rows = {name: [draw[name] for draw in draws] for name in draws[0] if name != "grid"}
    grid = np.array([draw["grid"] for draw in draws])
    if grid.size:
        rows[HINDSIGHT] = grid[:, grid.mean(axis=0).argmin()].tolist()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--only", choices=REGIMES, action="append")
    parser.add_argument("--steps", type=int, help="updates of each player, for a quick look")
    options = parser.parse_args()

    result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"errors": {}}
    for data in options.only or REGIMES:
        regime = dict(REGIMES[data])
        regime["steps"] = options.steps or regime["steps"]
        folder = RUN / f"{data}_{regime['steps']}"
        folder.mkdir(parents=True, exist_ok=True)
        draws = []
        for seed in range(options.draws):
            done = folder / f"{seed}.json"
            if not done.exists():
                found = Draw(data, seed, **regime).errors()
                with atomic_write(done) as temporary:
                    Path(temporary).write_text(json.dumps(found), encoding="utf-8")
                print(data, seed, found, flush=True)
            draws.append(json.loads(done.read_text(encoding="utf-8")))
        result["errors"][data] = summary(draws)
        result.setdefault("settings", {})[data] = regime | {
            "batch_size": BATCH,
            "optimizers": "RootAdam, learning rate 0.003, beta_1 0.5",
            "backend": keras.config.backend(),
        }
    with atomic_write(RESULT) as temporary:
        Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
