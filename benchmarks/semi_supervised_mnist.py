"""Semi-supervised GAN on MNIST: test error with 100 labels, beside the paper's 0.93 %.

    python benchmarks/semi_supervised_mnist.py [--epochs 300] [--labels 100] [--seed 0]

The networks and optimizers are the paper's. With fewer epochs than its 300, the learning rate
falls to 0 over the second half, as in the authors' code for CIFAR-10, and the averaged weights
forget ten times faster. A killed run goes on with the epoch it was in when it is started again.
After every epoch the curve goes to `benchmarks/results/semi_supervised_mnist.json`, with samples
beside it; the chapter `03_improved_techniques` shows them.
"""

import argparse
import json
import os
from pathlib import Path

import keras
from falling_rate import FallingRate
from seconds import Seconds

from gankit import plots, settings
from gankit.callbacks import BackupAndRestore
from gankit.datasets import load
from gankit.models.improved import draw_labeled
from gankit.models.improved import mlp as build
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "semi_supervised_mnist.json"
RUNS = HERE / "runs" / "semi_supervised_mnist"
PAPER_EPOCHS, RATE = 300, 0.003


class Errors(keras.callbacks.Callback):
    """Adds to every epoch the share of test images that are misclassified."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images, labels

    def on_epoch_end(self, epoch, logs=None):
        for name, averaged in (("test_error", True), ("test_error_of_last_weights", False)):
            found = self.model.classify(self.images, averaged=averaged).argmax(axis=1)
            logs[name] = float((found != self.labels).mean())


class Report(keras.callbacks.Callback):
    """Writes what the run has reached after every epoch."""

    def __init__(self, options):
        super().__init__()
        self.options = options

    def on_epoch_end(self, epoch, logs=None):
        past = self.model.history.history  # which gets this epoch after this call
        history = {name: [*past.get(name, []), value] for name, value in logs.items()}
        result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"runs": {}}
        result |= {
            "data": "MNIST: 60,000 training images, equally many labels of each class; 10,000 test",
            "paper": {"labels": 100, "epochs": PAPER_EPOCHS, "test_error": 0.0093},
        }
        curve = ("test_error", "test_error_of_last_weights", "generator_loss", "unsupervised_loss")
        result["runs"][name_of(self.options)] = {
            "epochs_done": epoch + 1,
            "test_error": round(logs["test_error"], 4),
            "after_epoch": {name: [round(v, 4) for v in history[name]] for name in curve},
            "settings": vars(self.options)
            | {
                "batch_size": 100,
                "optimizers": f"RootAdam, learning rate {RATE}, beta_1 0.5",
                "backend": keras.config.backend(),
                "device": settings.device(),
                "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            },
            "cpu_minutes": round(sum(history["cpu_seconds"]) / 60, 1),
            "minutes": round(sum(history["seconds"]) / 60, 1),
        }
        with atomic_write(RESULT) as temporary:
            Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        plots.save_png(
            plots.tile(plots.to_pixels(self.model.generate(60, seed=2)), columns=15),
            RESULT.with_suffix(".png"),
        )


def name_of(options):
    return f"{options.labels} labels, {options.epochs} epochs, seed {options.seed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=PAPER_EPOCHS, help="the paper's are 300")
    parser.add_argument("--labels", type=int, default=100, help="a multiple of 10")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the labels")
    options = parser.parse_args()
    if options.labels < 10 or options.labels % 10 or options.epochs < 1:
        parser.error(
            f"--labels must be a multiple of 10 and --epochs at least 1. "
            f"Received: {options.labels}, {options.epochs}"
        )

    images, labels = load("mnist")
    few = draw_labeled(images, labels, options.labels // 10, seed=options.seed)
    short = options.epochs < PAPER_EPOCHS
    half_life = 69_315 if short else 693_147
    gan = build((28, 28, 1), seed=options.seed, half_life=half_life)
    gan.compile(steps_per_execution=1 if keras.config.backend() == "torch" else 20)
    folder = RUNS / name_of(options).replace(", ", "_").replace(" ", "_")
    backup = BackupAndRestore(folder, delete_when_done=False)
    # In this order: the report and the backup hold the errors of the epoch.
    callbacks = [
        *([FallingRate(RATE, options.epochs)] if short else []),
        Seconds(),
        Errors(*load("mnist", "test")),
        Report(options),
        backup,
    ]
    gan.fit(images, few, batch_size=100, epochs=options.epochs, verbose=2, callbacks=callbacks)


if __name__ == "__main__":
    main()
