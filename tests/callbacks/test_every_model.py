"""Every model with every callback: it works, or it is refused before training, in one sentence."""

import functools
import io
import re

import keras
import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import callbacks, plots
from gankit.averaging import Averaging
from gankit.explore import explore
from gankit.historical import HistoricalAveragingGAN
from gankit.models import improved, minimax
from gankit.models.cgan import CGAN, ConvCGAN
from gankit.models.dcgan import DCGAN
from gankit.models.lapgan import LAPGAN
from gankit.models.pix2pix import Pix2Pix
from gankit.models.srgan import SRGAN

pytestmark = pytest.mark.usefixtures("untraced")

# "yes": an epoch is trained, and the callback has done its work. Otherwise why it is refused.
TABLE = """
                          SampleGrid SampleSummary Evaluate Validate HealthMonitor LatentWalk explore  BackupAndRestore
GAN of points             shape      shape         yes      latents  yes           shape      shape    yes
GAN                       yes        yes           yes      latents  yes           yes        yes      yes
GAN, averaged             yes        yes           yes      latents  yes           yes        yes      yes
GAN, loss of two methods  yes        yes           yes      latents  yes           yes        yes      yes
GAN, one latent           yes        yes           yes      latents  yes           line       yes      yes
GAN, num_classes          yes        yes           yes      latents  yes           yes        yes      yes
GAN, label_size           yes        yes           yes      latents  yes           yes        yes      yes
MLPGAN                    yes        yes           yes      latents  yes           yes        yes      yes
DCGAN                     yes        yes           yes      latents  yes           yes        yes      yes
CGAN                      yes        yes           yes      latents  yes           yes        yes      yes
ConvCGAN                  yes        yes           yes      latents  yes           yes        yes      yes
ConvCGAN, label_size      yes        yes           yes      latents  yes           yes        yes      yes
FeatureMatchingGAN        yes        yes           yes      latents  yes           yes        yes      yes
SemiSupervisedGAN         yes        yes           yes      latents  yes           yes        yes      yes
HistoricalAveragingGAN    yes        yes           yes      latents  yes           yes        yes      yes
Pix2Pix                   yes        yes           yes      yes      yes           pictures   pictures yes
Pix2Pix, latent noise     yes        yes           yes      yes      yes           pictures   pictures yes
Pix2Pix, L1               yes        yes           yes      yes      resting       pictures   pictures yes
SRGAN, phase 1            yes        yes           yes      yes      resting       pictures   pictures yes
SRGAN, phase 2            yes        yes           yes      yes      yes           pictures   pictures yes
LAPGAN                    yes        yes           yes      latents  no_judge      yes        yes      yes
LAPGAN, num_classes       yes        yes           yes      latents  no_judge      yes        yes      yes
own game                  protocol   protocol      protocol protocol no_judge      protocol   pictures yes
own game that makes       yes        yes           yes      latents  no_judge      yes        pictures yes
"""  # noqa: E501

REFUSALS = {
    "shape": (ValueError, r"shows (pictures|images) .* Received: a MinimaxGAN .* of shape \(2,\)"),
    "line": (ValueError, "needs at least 2 latents.* Received: a GAN with latent_dim=1"),
    "latents": (TypeError, "makes pictures of pictures. Received: .* makes examples of latents"),
    "pictures": (TypeError, r"Received: .*callbacks.SampleGrid\(inputs=\.\.\.\)"),
    "resting": (ValueError, "(Pix2Pix|SRGAN) trains no discriminator. Received: .*(weight=0|'L1')"),
    "protocol": (TypeError, "`makes_from`, `inputs_for` and `make` .* Received: Own, which lacks"),
    "no_judge": (
        TypeError,
        "watches a generator against a discriminator.* .*(Own|Maker|LAPGAN)",
    ),
}

_HEADER, *_ROWS = TABLE.strip("\n").splitlines()
CALLBACKS = _HEADER.split()
CELLS = [
    (row[:26].strip(), name, cell)
    for row in _ROWS
    for name, cell in zip(CALLBACKS, row[26:].split(), strict=True)
]


# -------------------------------------------------------------------------------------- the models

N, SHAPE = 16, (8, 8, 1)
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (N, *SHAPE)).astype("float32")
LARGE, INPUTS = RNG.uniform(-1, 1, (2, N, 32, 32, 3)).astype("float32")
CLASSES, VECTORS = np.arange(N) % 3, RNG.uniform(-1, 1, (N, 2)).astype("float32")


def networks(latent_dim=4, num_classes=None, label_size=None):
    """A generator and a discriminator of images; the label stands beside what goes in."""
    layers, label, beside = keras.layers, [], []
    if num_classes:
        label = [keras.Input((), dtype="int32")]
        beside = [layers.Embedding(num_classes, 2)(label[0])]
    elif label_size:
        label = beside = [keras.Input((label_size,))]
    latents, images = keras.Input((latent_dim,)), keras.Input(SHAPE)
    flat = layers.Flatten()(images)
    x, y = (layers.Concatenate()([v, *beside]) if beside else v for v in (latents, flat))
    made = layers.Reshape(SHAPE)(layers.Dense(64, "tanh")(x))
    logits = layers.Dense(1)(layers.Dense(4, "relu", name="features")(y))
    ends = ([latents, *label], [images, *label]) if label else (latents, images)
    return keras.Model(ends[0], made), keras.Model(ends[1], logits)


def image_gan(kind=gankit.GAN, latent_dim=4, num_classes=None, label_size=None, **options):
    of = {"num_classes": num_classes, "label_size": label_size}
    return kind(*networks(latent_dim, **of), latent_dim, seed=0, **of, **options)


class TwoMethods:
    """A loss that has nothing but what a game calls."""

    def discriminator(self, real_logits, fake_logits):
        return keras.ops.mean(fake_logits - real_logits + 0.1 * real_logits**2)

    def generator(self, fake_logits):
        return -keras.ops.mean(fake_logits)


class Own(gankit.Game):
    """A game that does not say how it makes things."""

    def __init__(self, **kwargs):
        super().__init__(seed=0, **kwargs)
        self.generator, self.discriminator = networks()

    def players(self):
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def step(self, real):
        self.update(("generator", "discriminator"), self.losses, real)

    def losses(self, real):
        fake = self.generator(self.draws.normal(real[:, :4, 0, 0]))
        gap = keras.ops.mean(self.discriminator(real)) - keras.ops.mean(self.discriminator(fake))
        return (gap, -gap), {"gap": gap}


class Maker(Own):
    """A game that says it."""

    makes_from = "latents"

    def inputs_for(self, n, seed, given=None):
        return (np.random.default_rng(seed).normal(size=(n, 4)),)

    def make(self, inputs):
        return keras.ops.convert_to_numpy(self.generator(inputs[0].astype("float32")))


MODELS = {
    "GAN of points": lambda: minimax.points_gan(width=4, seed=0),
    "GAN": image_gan,
    "GAN, averaged": image_gan,
    "GAN, loss of two methods": image_gan,
    "GAN, one latent": lambda: image_gan(latent_dim=1),
    "GAN, num_classes": lambda: image_gan(num_classes=3),
    "GAN, label_size": lambda: image_gan(label_size=2),
    "MLPGAN": lambda: minimax.MLPGAN(SHAPE, 4, 8, 4, 2, seed=0),
    "DCGAN": lambda: DCGAN((16, 16, 1), latent_dim=4, width=2, seed=0),
    "CGAN": lambda: CGAN(SHAPE, 3, latent_dim=4, generator_widths=(4, 4, 8), seed=0),
    "ConvCGAN": lambda: ConvCGAN((16, 16, 1), 3, latent_dim=4, width=2, seed=0),
    "ConvCGAN, label_size": lambda: ConvCGAN(
        (16, 16, 1), None, 2, "auxiliary_classifier", latent_dim=4, width=2, seed=0
    ),
    "FeatureMatchingGAN": lambda: image_gan(improved.FeatureMatchingGAN),
    "SemiSupervisedGAN": lambda: improved.mlp(SHAPE, 3, (8, 8), (8, 8), latent_dim=4, seed=0),
    "HistoricalAveragingGAN": lambda: image_gan(
        HistoricalAveragingGAN, generator_strength=0.1, discriminator_strength=0.1
    ),
    "Pix2Pix": lambda: Pix2Pix((32, 32, 3), width=2, seed=0),
    "Pix2Pix, latent noise": lambda: Pix2Pix((32, 32, 3), width=2, noise="latent", seed=0),
    "Pix2Pix, L1": lambda: Pix2Pix((32, 32, 3), width=2, objective="L1", seed=0),
    "SRGAN, phase 1": lambda: SRGAN((16, 16, 3), 2, *SIZES, seed=0),
    "SRGAN, phase 2": lambda: SRGAN((16, 16, 3), 2, *SIZES, seed=0),
    "LAPGAN": lambda: LAPGAN(SHAPE, 1, None, 4, 8, 2, seed=0),
    "LAPGAN, num_classes": lambda: LAPGAN(SHAPE, 1, 3, 4, 8, 2, seed=0),
    "own game": Own,
    "own game that makes": Maker,
}
SIZES = {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}
COMPILED = {
    "GAN, averaged": {"averaging": Averaging()},
    "GAN, loss of two methods": {"loss": TwoMethods()},
    "SRGAN, phase 1": {"adversarial_weight": 0},
}


class Case:
    """A model, the data to train it on, and what its callbacks are given.

    Attributes:
        data: arguments of `fit`.
        asked: `labels` or `inputs` of four examples, by name; empty where the model needs none.
        real: arguments of `HealthMonitor`.
        targets: of Pix2Pix and SRGAN: what should become of the four inputs.
    """

    def __init__(self, name):
        keras.utils.set_random_seed(0)
        self.model = MODELS[name]()
        self.model.compile(**COMPILED.get(name, {}))
        if isinstance(self.model, (DCGAN, ConvCGAN)):
            # Images that differ: untrained networks of this width make gray ones.
            weights = self.model.generator.get_weights()
            self.model.generator.set_weights([w * 10 if w.ndim > 1 else w for w in weights])
        size = 16 if "Conv" in name or "DCGAN" in name else 8
        images, self.asked = LARGE[:, :size, :size, :1], {}
        self.real = {"real": images}
        self.data, self.targets = (images[:4],), LARGE[:4]
        if name == "GAN of points":
            self.data, self.real = (VECTORS[:4],), {"real": VECTORS}
        elif "Semi" in name:
            self.data = images[:4], (images[4:8], CLASSES[:4])
            self.fit()  # sets the lengths of its weights by the data
        elif "Pix2Pix" in name:
            self.asked, self.real = {"inputs": INPUTS[:4]}, {"real": LARGE, "inputs": INPUTS}
            self.data = INPUTS[:4], LARGE[:4]
        elif "SRGAN" in name:
            self.data, self.real = (LARGE[:4, :16, :16],), {"real": LARGE[:, :16, :16]}
            self.asked = {"inputs": INPUTS[:4, :16, :16]}
        elif "label_size" in name or "num_classes" in name or "C" in name[:5]:
            labels = VECTORS if "label_size" in name else CLASSES
            if name != "DCGAN":
                self.asked, self.real = {"labels": labels[:4]}, {"real": images, "labels": labels}
                self.data = images[:4], labels[:4]

    def fit(self, *callbacks):
        return self.model.fit(
            *self.data, batch_size=4, verbose=0, callbacks=list(callbacks)
        ).history

    def made(self):
        """Four examples, by the method that a reader would call."""
        if "inputs" in self.asked:
            use = getattr(self.model, "translate", None)
            inputs = self.asked["inputs"]
            return self.model.enlarge(inputs) if use is None else use(inputs, seed=0)
        if isinstance(self.model, gankit.GAN):
            return self.model.generate(4, seed=0, **self.asked)
        return self.model.make(self.model.inputs_for(4, 0, self.asked.get("labels")))

    def made_grid(self):
        return plots.tile(plots.to_pixels(self.made().clip(-1, 1)))


case_of = functools.lru_cache(maxsize=None)(Case)


@pytest.fixture(scope="module", autouse=True)
def cases_are_forgotten():
    yield
    case_of.cache_clear()
    trained.cache_clear()


# ----------------------------------------------------------------------------------- the callbacks


class Grid:
    """Each of these classes makes a callback, and checks what it has done when a model is trained.

    `make(case, folder)` is the callback, `check(case, folder, callback, history)` its check.
    """

    def make(case, folder):
        return callbacks.SampleGrid(None if case.asked else 4, display=False, **case.asked)

    def check(case, folder, grid, history):
        assert grid.epochs == [0, 1]
        np.testing.assert_array_equal(grid.frames[1], case.made_grid())
        assert grid.frames[0].shape == grid.frames[1].shape


class Summary:
    def make(case, folder):
        return callbacks.SampleSummary(folder, None if case.asked else 4, **case.asked)

    def check(case, folder, summary, history):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        (event,) = EventAccumulator(str(folder / "train")).Reload().Images("samples")
        shown = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
        np.testing.assert_array_equal(shown, case.made_grid())


class Best:
    def make(case, folder):
        def spread(made, given=None):
            assert (given is None) == (not case.asked)
            return made.std()

        best = {"monitor": "spread", "mode": "max", "restore_best": True}
        return callbacks.Evaluate(
            {"spread": spread}, None if case.asked else 4, **case.asked, **best
        )

    def check(case, folder, measure, history):
        (value,) = history["spread"]
        assert value == measure.best_value == pytest.approx(float(case.made().std()), rel=1e-6)
        network = case.model
        if hasattr(network, "generator_for"):
            network = network.generator_for(None)
        before = network.get_weights()
        network.set_weights([0 * weight for weight in before])
        measure.restore()
        for weight, other in zip(network.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, other)


class HeldOut:
    def inputs(case):
        inputs = case.asked.get("inputs", INPUTS[:4])
        if isinstance(case.model, SRGAN):
            inputs = [inputs[0], inputs[1, :9, :11], inputs[2], inputs[3]]  # each of its own size
        return inputs

    def make(case, folder):
        def error(made, target):
            return np.abs(made).mean() + target.mean()

        return callbacks.Validate({"error": error}, HeldOut.inputs(case), case.targets)

    def check(case, folder, validate, history):
        (value,) = history["error"]
        made = [case.model.make((picture[None],))[0] for picture in HeldOut.inputs(case)]
        expected = np.mean([np.abs(picture).mean() for picture in made]) + case.targets.mean()
        assert value == pytest.approx(expected, rel=1e-5)


class Health:
    def make(case, folder):
        return callbacks.HealthMonitor(**case.real, every=1)

    def check(case, folder, monitor, history):
        first, second = monitor.snapshots
        assert second.step == first.step + 1 and monitor.findings == []
        for snapshot in monitor.snapshots:
            assert 0 <= snapshot.auc <= 1 and snapshot.relative_slope > 0
            assert 0 < snapshot.generator_gradient < np.inf
            assert 0 < snapshot.discriminator_gradient < np.inf
            assert snapshot.diversity > 0 and snapshot.center.shape == (case.real["real"][0].size,)
        assert first.real_logit != second.real_logit  # MLPGAN's images stay, by its small rates


class Walk:
    def arguments(case):
        return {"n": 4, "stops": 2, "steps": 2, "labels": case.asked.get("labels")}

    def make(case, folder):
        return callbacks.LatentWalk(folder / "walk.gif", **Walk.arguments(case))

    def check(case, folder, walk, history):
        frames = callbacks.latent_walk(case.model, **Walk.arguments(case))
        assert [frame.shape for frame in frames] == 4 * [case.made_grid().shape]
        changes = [(one != other).any() for one, other in zip(frames, frames[1:], strict=False)]
        with Image.open(folder / "walk.gif") as gif:  # which holds equal frames once
            assert gif.n_frames == 1 + sum(changes) > 1


class Panel:
    """No callback: it is made when the model is trained."""

    def make(case, folder):
        explore(case.model, sliders=1)

    def check(case, folder, nothing, history):
        panel = explore(case.model, sliders=1)
        with Image.open(io.BytesIO(panel.children[0].value)) as png:
            shown = np.asarray(png)[4::8, 4::8]
        asked = {}
        if case.model.num_classes:
            asked = {"labels": [0]}
        elif case.model.label_size:
            asked = {"labels": np.zeros((1, case.model.label_size))}
        made = plots.to_pixels(case.model.generate(1, seed=0, **asked).clip(-1, 1))[0, ..., 0]
        np.testing.assert_allclose(shown, made, atol=1)  # the latent is a sum of parts


class Backup:
    def make(case, folder):
        return callbacks.BackupAndRestore(folder, delete_when_done=False)

    def check(case, folder, backup, history):
        trained = case.model.get_weights()
        case.model.set_weights([0 * weight for weight in trained])
        case.fit(callbacks.BackupAndRestore(folder))  # there is no epoch left to train
        for weight, other in zip(case.model.get_weights(), trained, strict=True):
            np.testing.assert_array_equal(weight, other)


WORKS = {
    "SampleGrid": Grid,
    "SampleSummary": Summary,
    "Evaluate": Best,
    "Validate": HeldOut,
    "HealthMonitor": Health,
    "LatentWalk": Walk,
    "explore": Panel,
    "BackupAndRestore": Backup,
}


@functools.cache
def trained(name, folder):
    """A model after one epoch with all callbacks that work with it, which fill the folder."""
    case = case_of(name)
    names = [callback for row, callback, cell in CELLS if row == name and cell == "yes"]
    made = {callback: WORKS[callback].make(case, folder / callback) for callback in names}
    history = case.fit(*(callback for callback in made.values() if callback is not None))
    return made, history


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("every_model")


# --------------------------------------------------------------------------------------- the table


def test_the_table_is_whole():
    assert list(WORKS) == CALLBACKS
    assert list(dict.fromkeys(name for name, _, _ in CELLS)) == list(MODELS)
    assert {cell for _, _, cell in CELLS} == {"yes", *REFUSALS}
    assert set(callbacks.__all__) - set(CALLBACKS) == {
        *("Finding", "HealthWarning", "latent_walk", "slerp"),
    }


@pytest.mark.parametrize(("name", "callback"), [cell[:2] for cell in CELLS if cell[2] == "yes"])
def test_it_works(name, callback, folder):
    folder = folder / name
    made, history = trained(name, folder)
    WORKS[callback].check(case_of(name), folder / callback, made[callback], history)


@pytest.mark.parametrize(("name", "callback", "why"), [cell for cell in CELLS if cell[2] != "yes"])
def test_it_is_refused_before_training(name, callback, why, tmp_path):
    case = case_of(name)
    before = [weight.copy() for weight in case.model.get_weights()]
    error, message = REFUSALS[why]
    with pytest.raises(error) as raised:
        case.fit(WORKS[callback].make(case, tmp_path))
    assert re.search(message, str(raised.value)), raised.value
    for weight, other in zip(case.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, other)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------- what a callback is given

GRID, PICTURES = callbacks.SampleGrid, {"inputs": INPUTS[:4]}


@pytest.mark.parametrize(
    ("name", "make", "error", "message"),
    [
        ("GAN", lambda: GRID(**PICTURES), ValueError, r"of latents.* SampleGrid\(inputs=\.\.\.\)"),
        ("GAN", lambda: GRID(labels=[0, 1]), ValueError, "takes no labels"),
        ("GAN, num_classes", lambda: GRID(4), ValueError, "which classes to generate"),
        ("GAN, num_classes", lambda: GRID(labels=[0, 3]), ValueError, r"lie in \[0, 3\)"),
        ("GAN, label_size", lambda: GRID(4), ValueError, r"labels of shape \(n, 2\)"),
        ("GAN, label_size", lambda: GRID(labels=[[0.0]]), ValueError, r"shape \(examples, 2\)"),
        ("Pix2Pix", lambda: GRID(4), ValueError, "Received: no inputs for n=4"),
        ("Pix2Pix", lambda: GRID(labels=INPUTS[:4]), ValueError, "Give inputs=pictures instead"),
        ("Pix2Pix", lambda: GRID(inputs=INPUTS[:4, :16]), ValueError, r"shape \(4, 16, 32, 3\)"),
        ("SRGAN, phase 2", lambda: GRID(inputs=7 * INPUTS), ValueError, r"lie in \[-1, 1\]"),
    ],
)
def test_what_the_model_does_not_take_is_refused(name, make, error, message):
    case = case_of(name)
    before = [weight.copy() for weight in case.model.get_weights()]
    with pytest.raises(error, match=message):
        case.fit(make())
    for weight, other in zip(case.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, other)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("Pix2Pix", {"real": LARGE}, "this Pix2Pix holds: real, inputs. Received: real.$"),
        (
            "SRGAN, phase 2",
            {"real": LARGE[:, :16, :16], "inputs": INPUTS},
            "Received: real, inputs",
        ),
        ("Pix2Pix", {"real": INPUTS, "inputs": INPUTS[:, :16]}, r"\(16, 16, 32, 3\)"),
        ("Pix2Pix", {"real": INPUTS[:, :16], "inputs": INPUTS}, r"one size. .* \(16, 16, 32, 3\)"),
        ("GAN, label_size", {"real": IMAGES, "labels": VECTORS[:, :1]}, r"\(16, 2\). .* \(16, 1\)"),
    ],
)
def test_health_monitor_refuses_other_data_than_the_games(name, given, message):
    with pytest.raises(ValueError, match=message):
        case_of(name).fit(callbacks.HealthMonitor(**given))


def test_a_model_that_no_file_can_hold_is_refused_before_training(tmp_path):
    case = case_of("GAN, loss of two methods")
    before = [weight.copy() for weight in case.model.get_weights()]
    best = {"monitor": "spread", "mode": "max", "path": tmp_path / "a" / "best.keras"}
    with pytest.raises(TypeError, match="no file can hold this GAN. Received: .*TwoMethods"):
        case.fit(callbacks.Evaluate({"spread": np.std}, 4, **best))
    for weight, other in zip(case.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, other)
    assert list(tmp_path.iterdir()) == []
