"""`VGGContent`: what SciPy finds, files as Keras publishes them, and files that are damaged."""

import hashlib

import h5py
import keras
import numpy as np
import pytest
from scipy import ndimage

import gankit
from gankit import weights
from gankit.models import vgg_content
from gankit.models.srgan import SRGAN
from gankit.models.vgg_content import VGGContent


def pictures(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


@pytest.fixture
def small_vgg(tmp_path):
    """Three layers of a VGG with two or three maps, and their weights."""
    rng = np.random.default_rng(0)
    shapes = {"1_1": (3, 3, 3, 2), "1_2": (3, 3, 2, 3), "2_1": (3, 3, 3, 2)}
    arrays = {}
    for name, shape in shapes.items():
        arrays[f"conv{name}_kernel"] = rng.normal(0, 0.2, shape).astype("float32")
        arrays[f"conv{name}_bias"] = rng.normal(size=shape[-1:]).astype("float32")
    np.savez(tmp_path / "vgg.npz", **arrays)
    return tmp_path / "vgg.npz", arrays


def by_scipy(picture, arrays):
    """Maps after relu2_1 of one picture in [-1, 1]."""
    x = ((picture.astype("float64") + 1) * 127.5)[..., ::-1] - [103.939, 116.779, 123.68]
    for name in ("1_1", "1_2", "2_1"):
        if name == "2_1":
            x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).max(axis=(1, 3))
        kernel, bias = arrays[f"conv{name}_kernel"], arrays[f"conv{name}_bias"]
        maps = [
            sum(
                ndimage.correlate(x[..., i], kernel[..., i, o].astype("float64"), mode="constant")
                for i in range(x.shape[-1])
            )
            for o in range(kernel.shape[-1])
        ]
        x = np.maximum(np.stack(maps, axis=-1) + bias, 0)
    return x


def test_vgg_content_is_what_scipy_finds(small_vgg):
    path, arrays = small_vgg
    content = VGGContent("block2_conv1", path)
    a, b = pictures(2, 8, 8, 3)
    wanted = np.mean((by_scipy(a, arrays) - by_scipy(b, arrays)) ** 2) / 12.75**2
    assert float(content(a[None], b[None])) == pytest.approx(wanted, rel=1e-4)
    gray = a[None, ..., :1]
    assert float(content(gray, np.repeat(gray, 3, axis=-1))) == pytest.approx(0, abs=1e-6)


def test_vgg_content_is_computed_in_float32_whatever_the_policy(small_vgg):
    a, b = pictures(2, 1, 8, 8, 3)
    expected = float(VGGContent("block2_conv1", small_vgg[0])(a, b))
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        content = VGGContent("block2_conv1", small_vgg[0])
        again = VGGContent.from_config(content.get_config())
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    for mixed in (content, again):
        assert {layer.compute_dtype for layer in mixed.loss.features.layers} == {"float32"}
        assert float(mixed(a, b)) == pytest.approx(expected, rel=1e-6)


def write_copying_vgg(path):
    """A file as Keras publishes VGG-19's, whose layers hand their first three maps on."""
    names = [f"block{b}_conv{c}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for c in range(1, n + 1)]
    widths = [3, 64, 64, 128, 128, *[256] * 4, *[512] * 8]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        for name, inputs, outputs in zip(names, widths, widths[1:], strict=False):
            kernel = np.zeros((3, 3, inputs, outputs), "float32")
            kernel[1, 1, range(3), range(3)] = 1
            layer = file.create_group(name)
            parts = {f"{name}_W_1:0": kernel, f"{name}_b_1:0": np.zeros(outputs, "float32")}
            layer.attrs["weight_names"] = [part.encode() for part in parts]
            for part, values in parts.items():
                layer.create_dataset(part, data=values, compression="lzf")


@pytest.mark.tensorflow  # the network is Keras' own, and its 20 million weights take their time
def test_vgg_54_through_the_file_that_keras_publishes(tmp_path, monkeypatch):
    """Of a picture brighter than the mean, such a network keeps the brightest of 16x16 pixels."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "ROOT", (tmp_path / "server").as_uri())
    with pytest.raises(RuntimeError, match=r"(?s)vgg19.*downloaded.*PerceptualLoss"):
        VGGContent()
    file = tmp_path / "server" / vgg_content._PUBLISHED["path"]
    file.parent.mkdir(parents=True)
    write_copying_vgg(file)
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setitem(vgg_content._PUBLISHED, "md5", md5)

    a, b = np.abs(pictures(2, 32, 32, 3))
    maxima = [p.reshape(2, 16, 2, 16, 3).max(axis=(1, 3)) * 127.5 for p in (a, b)]
    expected = np.sum(np.square(maxima[0] - maxima[1])) / (2 * 2 * 512) / 12.75**2
    assert float(VGGContent()(a[None], b[None])) == pytest.approx(expected, rel=1e-4)


@pytest.mark.usefixtures("untraced")
def test_vgg_content_is_saved_with_the_model(small_vgg, tmp_path):
    gan = SRGAN((16, 16, 3), 4, {"width": 4, "blocks": 1}, {"width": 2, "dense": 4}, seed=0)
    gan.compile(content=VGGContent("block1_conv2", small_vgg[0], factor=0.1))
    gan.fit(pictures(4, 16, 16, 3), verbose=0)
    gan.save(tmp_path / "srgan.keras")
    again = gankit.load_model(tmp_path / "srgan.keras")
    assert again.content.get_config() == gan.content.get_config()
    small_vgg[0].unlink()
    with pytest.raises(FileNotFoundError, match="compile=False"):
        gankit.load_model(tmp_path / "srgan.keras")
    assert gankit.load_model(tmp_path / "srgan.keras", compile=False).scale == 4


def test_bad_weights_of_vgg_are_refused(small_vgg, tmp_path):
    with pytest.raises(ValueError, match="block1_conv1.*layer='block5_conv4'"):
        VGGContent(weights=small_vgg[0])
    with pytest.raises(FileNotFoundError, match=r"nowhere\.h5"):
        VGGContent(weights="nowhere.h5")
    (tmp_path / "vgg.pt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"vgg\.pt"):
        VGGContent(weights=tmp_path / "vgg.pt")


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (None, TypeError, "must be an array or a tensor. Received: (target|prediction)=None"),
        ("x", TypeError, "(target|prediction)"),
        (np.zeros((1, 8, 8, 3), "uint8"), TypeError, "floating point. Received: dtype uint8"),
        (np.zeros((8, 8, 3), "float32"), ValueError, r"channels\), with 1 or 3 .*\(8, 8, 3\)"),
        (np.zeros((1, 8, 8, 2), "float32"), ValueError, r"Received: shape \(1, 8, 8, 2\)"),
        (np.zeros((1, 4, 8, 3), "float32"), ValueError, "must have the same shape"),
    ],
)
def test_what_is_no_picture_is_refused(small_vgg, bad, error, message):
    content, good = VGGContent("block1_conv1", small_vgg[0]), pictures(1, 8, 8, 3)
    for pair in ((bad, good), (good, bad)):
        with pytest.raises(error, match=message):
            content(*pair)


def write_text(path, arrays):
    path.write_text("hello")


def write_without_bias(path, arrays):
    np.savez(path, **{name: values for name, values in arrays.items() if "bias" not in name})


def write_other_shapes(path, arrays):
    np.savez(path, **arrays | {"conv1_1_kernel": np.zeros((3, 3, 9, 2))})


def write_pickled(path, arrays):
    np.savez(path, conv1_1_kernel=np.array([{}]), conv1_1_bias=np.zeros(1))


def write_cut_short(path, arrays):
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    "write", [write_text, write_without_bias, write_other_shapes, write_pickled, write_cut_short]
)
def test_damaged_weights_of_vgg_are_named(write, small_vgg):
    write(*small_vgg)
    with pytest.raises(ValueError, match=r"(?s)whole file with weights of VGG-19.*vgg\.npz"):
        VGGContent("block2_conv1", small_vgg[0])


def test_a_text_named_h5_is_no_file_of_weights(tmp_path):
    (tmp_path / "vgg.h5").write_text("hello")
    with pytest.raises(ValueError, match=r"(?s)whole file with weights of VGG-19.*vgg\.h5"):
        VGGContent(weights=tmp_path / "vgg.h5")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(weights=None), TypeError, "weights=None"),
        (dict(factor="x"), TypeError, "factor='x'"),
        (dict(factor=-1), ValueError, "factor=-1"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(options, error, message):
    with pytest.raises(error, match=message):
        VGGContent(**{"weights": "nowhere.h5"} | options)
