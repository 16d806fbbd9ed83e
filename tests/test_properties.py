"""What holds for any input: of the checks, of folders of pictures, and of metrics."""

import contextlib
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from gankit import checks, feed, metrics
from gankit.datasets import from_folder, paired_folder


def tried(examples):
    """Draw so many examples, the same ones in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def outcome(check, *arguments, **options):
    """What a check returned, and the error that it raised. Any other kind of error is a failure."""
    try:
        return check(*arguments, **options), None
    except (TypeError, ValueError) as error:
        assert type(error) in (TypeError, ValueError), type(error)
        return None, error


def held(accepted, error, *said):
    """A check accepts what it should, and refuses the rest in words that repeat it."""
    assert (error is None) == accepted, error
    for text in () if accepted else ("Received", *said):
        assert text in str(error)


# ---- the checks ----------------------------------------------------------------------------------

SMALL = st.integers(-20, 20)
KINDS = (np.int8, np.uint8, np.int32, np.int64, np.float16, np.float32, np.float64)
SCALARS = st.one_of(
    *(SMALL, st.booleans(), st.none(), st.floats(), st.floats(-4, 4), st.complex_numbers()),
    *(st.integers(), st.sampled_from([10**400, -(10**400), 2**31, 2**31 - 1, 2**63, -1, 0, 1])),
    *(st.text(max_size=9), st.binary(max_size=3), st.lists(SMALL, max_size=2), st.fractions()),
    st.builds(lambda kind, value: kind(value), st.sampled_from(KINDS), st.integers(0, 100)),
    st.builds(lambda kind, value: kind(value), st.sampled_from(KINDS[4:]), st.floats(width=16)),
    st.builds(lambda kind, value: kind(value), st.sampled_from([np.bool_, np.complex64]), SMALL),
    st.builds(np.array, SMALL),
    st.builds(np.str_, st.text(max_size=4)),
)


def is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value):
    return is_whole(value) or isinstance(value, (float, np.floating))


@tried(300)
@given(SCALARS, SMALL, st.none() | st.integers(0, 30))
def test_counts(value, minimum, room):
    maximum, limit = (None, math.inf) if room is None else 2 * (minimum + room,)
    result, error = outcome(checks.check_count, "n", value, minimum, maximum)
    held(is_whole(value) and minimum <= value <= limit, error, f"n={value!r}")
    assert error or (result == value and type(result) is int)


@tried(200)
@given(SCALARS)
def test_seeds(value):
    result, error = outcome(checks.check_seed, "seed", value)
    held(is_whole(value) and 0 <= value < 2**31, error, f"seed={value!r}")
    assert error or (result == value and type(result) is int)


@tried(500)
@given(SCALARS, st.tuples(SMALL, SMALL), st.tuples(SMALL, SMALL), st.sets(st.integers(0, 3)))
def test_numbers(value, closed, opened, given_bounds):
    names = ("minimum", "maximum", "above", "below")
    bounds = dict(zip(names, (*sorted(closed), *sorted(opened)), strict=True))
    bounds = {name: bounds[name] for i, name in enumerate(names) if i in given_bounds}
    result, error = outcome(checks.check_number, "x", value, **bounds)
    number = math.nan
    with contextlib.suppress(OverflowError):  # 10**400 is larger than any float
        number = float(value) if is_number(value) else math.nan
    low, high, above, below = (
        bounds.get(name, limit)
        for name, limit in zip(names, 2 * [-math.inf, math.inf], strict=True)
    )
    held(low <= number <= high and above < number < below, error, f"x={value!r}")
    assert error is None or isinstance(error, ValueError) == is_number(value)
    assert error or (result == number and type(result) is float)


@tried(200)
@given(SCALARS)
def test_flags(value):
    result, error = outcome(checks.check_flag, "flag", value)
    held(isinstance(value, (bool, np.bool_)), error, f"flag={value!r}")
    assert error or (result == value and type(result) is bool)


CHOICES = st.lists(SMALL | st.text(max_size=9) | st.booleans(), min_size=1, max_size=4)


@tried(300)
@given(CHOICES, SCALARS, st.integers(0, 3), st.sampled_from(["given", "chosen", "of NumPy"]))
def test_choices(choices, value, place, kind):
    if kind != "given":
        value = choices[place % len(choices)]
        value = np.array([value])[0] if kind == "of NumPy" else value
    plain = value.item() if isinstance(value, np.generic) else value
    result, error = outcome(checks.check_choice, "mode", value, iter(choices))
    accepted = any(type(c) is type(plain) and c == plain for c in choices)
    held(accepted, error, f"mode={value!r}", *map(repr, choices))
    assert accepted >= (kind == "chosen")
    assert error or (result == value and type(result) is type(plain))


@tried(50)
@given(st.text("abcdefgh", min_size=4, max_size=12), st.integers(0, 3))
def test_a_word_with_a_letter_too_few_gets_the_nearest_choice(word, place):
    given_word = word[:place] + word[place + 1 :]
    _, error = outcome(checks.check_choice, "mode", given_word, ["xyz", word, "0"])
    assert f"Did you mean {word!r}?" in str(error)


DTYPES = ["uint8", "int8", "int64", "bool", "float16", "float32", "float64", "complex64", "S3", "O"]
ARRAY_DTYPES = st.sampled_from(DTYPES)
VALUES = st.sampled_from([-1, 1, 0, 0.5, -0.25, -1, 1, 0, 3, -2, 1.01, math.nan, math.inf, 1e30])
SIZES = st.integers(0, 4)


@st.composite
def arrays(draw, shapes, dtypes=ARRAY_DTYPES, most=2):
    """An array of few values; some of them lie outside of a range, or are not finite."""
    values = draw(st.lists(VALUES, min_size=1, max_size=most))
    filled = np.resize(np.array(values), draw(shapes))
    with np.errstate(all="ignore"):
        return filled.astype(draw(dtypes))


def check_of_images(array):
    """The rule for images, in other words than the library's."""
    if array.dtype.name not in ("uint8", "float16", "float32", "float64"):
        return TypeError
    fits = 2 <= array.ndim <= 4 and array.size and (array.ndim == 2 or array.shape[-1] in (1, 3))
    if not fits or (array.dtype != "uint8" and not np.all(np.abs(array) <= 1.001)):
        return ValueError
    return None


@tried(300)
@given(arrays(st.lists(st.sampled_from([1, 2, 3, 0]), max_size=5)), st.booleans())
def test_images(array, as_list):
    array = np.array(array.tolist()) if as_list else array
    wanted = check_of_images(array)
    result, error = outcome(checks.check_images, "images", array.tolist() if as_list else array)
    held(wanted is None, error, "`images`")
    assert error is None or type(error) is wanted
    if error is None:
        assert result.ndim == 4 and result.dtype == array.dtype and result.size == array.size
        np.testing.assert_array_equal(result.ravel(), array.ravel())


@tried(30)
@given(st.lists(st.lists(st.floats(-1, 1), max_size=3), min_size=2, max_size=4))
def test_images_whose_rows_differ_in_length(rows):
    rows = [*rows, [0.0] * (len(rows[0]) + 1)]
    _, error = outcome(checks.check_images, "images", rows)
    held(False, error, "`images`", "rows of equal shapes")


def check_of_examples(array, shape, data_range, rows, whole):
    """The rule for examples, in other words than the library's."""
    if array.dtype.kind != "f":
        return TypeError
    declared = (rows, *shape)
    if array.ndim != len(declared) or not array.size:
        return ValueError
    if any(want not in (None, have) for want, have in zip(declared, array.shape, strict=True)):
        return ValueError
    with np.errstate(all="ignore"):
        values = array.astype("float32")
    low, high = data_range or (-math.inf, math.inf)
    if not np.isfinite(values).all() or (values < low).any() or (values > high).any():
        return ValueError
    halved = whole and low == -high and np.isfinite(low)
    return ValueError if halved and (values >= 0).all() and np.ptp(values) > 0 else None


RANGES = st.sampled_from([None, (-1.0, 1.0), (0, 1), (-2, 3)])
SHAPES = st.lists(st.none() | st.integers(1, 3), max_size=3).map(tuple)


@st.composite
def declared_examples(draw):
    """A declaration, and an array that fits it in more or fewer ways."""
    shape, rows = draw(SHAPES), draw(st.none() | st.integers(1, 3))
    fitting = st.tuples(*(SIZES if n is None else st.just(n) for n in (rows, *shape)))
    shapes = fitting | fitting | st.lists(SIZES, max_size=5)
    dtypes = st.sampled_from(["float16", "float32", "float64"] * 3 + DTYPES)
    return shape, draw(RANGES), rows, draw(st.booleans()), draw(arrays(shapes, dtypes))


@tried(500)
@given(declared_examples())
def test_examples(drawn):
    shape, data_range, rows, whole, array = drawn
    with np.errstate(all="ignore"):
        part = feed.Examples(shape, data_range)
        _, error = outcome(part.check, array, rows, whole)
    wanted = check_of_examples(array, shape, data_range, rows, whole)
    held(wanted is None, error)
    assert error is None or type(error) is wanted
    if array.dtype.kind == "f" and array.shape[1:] != shape and None not in shape:
        assert str(array.shape) in str(error)


@tried(200)
@given(st.integers(1, 3), declared_examples())
def test_vectors(size, drawn):
    _, _, rows, whole, array = drawn
    with np.errstate(all="ignore"):
        _, error = outcome(feed.Vectors(size).check, array, rows, whole)
    wanted = check_of_examples(array, (size,), None, rows, whole)
    held(wanted is None, error)
    assert error is None or type(error) is wanted


@st.composite
def labels(draw):
    classes, dtype = draw(st.integers(1, 4)), draw(st.sampled_from(["int32", "uint8", "int64"]))
    values = draw(st.lists(st.integers(0, classes - draw(st.integers(0, 1))), max_size=9))
    array = np.array(values, dtype)
    odd = draw(st.none() | arrays(st.lists(SIZES, max_size=2)))
    return classes, array if odd is None else odd


@tried(300)
@given(labels(), st.none() | st.integers(0, 5), st.booleans())
def test_class_numbers(drawn, rows, whole):
    classes, array = drawn
    _, error = outcome(feed.ClassNumbers(classes).check, array, rows, whole)
    wanted = None
    if array.dtype.kind not in "iu":
        wanted = TypeError
    elif array.ndim != 1 or rows not in (None, len(array)):
        wanted = ValueError
    elif not set(array.tolist()) <= set(range(classes)):
        wanted = ValueError
    elif whole and set(array.tolist()) != set(range(classes)):
        wanted = ValueError
    assert (error and type(error)) is wanted, error
    assert error is None or "Received" in str(error) or "No example has label" in str(error)


# ---- folders -------------------------------------------------------------------------------------

# No two of them differ in case only, which some file systems do not tell apart.
STEMS = st.text("abc012 _-ä€", min_size=1, max_size=4) | st.sampled_from(["x.y", "IMG 1", "~"])
SUFFIXES = st.sampled_from([".png", ".PNG", ".jpg", ".Jpeg", ".bmp", ".tif", ".webp", ".GIF"])
OTHERS = st.sampled_from(["", ".txt", ".npy", ".pn", ".html"])
FOLDERS = st.sampled_from(["", "", "one/", "one/two/", "D.png/", ".hidden/", "one/.cache/"])
MODES = st.sampled_from(["L", "RGB", "RGBA", "LA", "P"])


def draw_image(path, levels, size=(9, 7), mode="L"):
    """Write a picture of one gray level, or of several side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.repeat(np.uint8(levels), -(-size[0] // len(levels)))[: size[0]]
    Image.fromarray(np.tile(row, (size[1], 1))).convert(mode).save(path, "PNG")


def levels_of(images):
    """The gray level of each picture, which must be the same everywhere."""
    levels = np.round((images + 1) * 127.5)
    assert images.dtype == np.float32 and images.min() >= -1 and images.max() <= 1
    assert (levels == levels[:, :1, :1, :1]).all()
    return levels[:, 0, 0, 0].astype(int).tolist()


@tried(60)
@given(
    st.dictionaries(
        st.tuples(FOLDERS, st.sampled_from(["", "", "", "."]), STEMS, SUFFIXES | OTHERS).map(
            "".join
        ),
        st.tuples(st.integers(0, 255), st.tuples(*2 * [st.integers(1, 40)]), MODES),
        max_size=6,
    ),
    st.sampled_from([1, 3]),
    st.integers(4, 12),
)
def test_a_folder_is_read_whole_in_the_order_of_its_names(files, channels, side):
    suffixes = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".webp", ".gif"}
    with tempfile.TemporaryDirectory() as folder:
        for name, (level, size, mode) in files.items():
            draw_image(Path(folder, name), [level], size, mode)
        expected = [
            files[name][0]
            for name in sorted(files)
            if not any(part.startswith(".") for part in name.split("/"))
            and Path(name).suffix.lower() in suffixes
        ]
        images, error = outcome(from_folder, folder, side, channels)
        assert (error is None) == bool(expected) and (expected or folder in str(error))
    if expected:
        assert images.shape == (len(expected), side, side, channels)
        assert levels_of(images) == expected


LAYOUTS = st.sampled_from([("A", "B"), ("a", "b"), ("trainA", "trainB"), ("train/A", "train/B")])


@tried(60)
@given(
    LAYOUTS,
    st.dictionaries(
        st.tuples(st.sampled_from(["", "one/"]), STEMS).map("".join),
        st.tuples(SUFFIXES, SUFFIXES, *3 * [st.integers(0, 255)]),
        min_size=1,
        max_size=5,
    ),
    st.sets(st.integers(0, 5), max_size=1),
    st.sampled_from(["A", "B"]),
)
def test_a_folder_of_pairs_is_read_by_name(halves, pairs, missing, side):
    with tempfile.TemporaryDirectory() as folder:
        lacking, order = [], []
        for number, (stem, (of_a, of_b, level_a, level_b, size)) in enumerate(pairs.items()):
            both = {half: f"{half}/{stem}{s}" for half, s in zip(halves, (of_a, of_b), strict=True)}
            for half, level in zip(halves, (level_a, level_b), strict=True):
                if number not in missing or half[-1].upper() != side:
                    draw_image(Path(folder, both[half]), [level], (1 + size // 9, 7))
                    if number in missing:
                        lacking.append(both[half])
            order.append((f"{stem}{of_a}", level_a, level_b))
        draw_image(Path(folder, halves[0], ".hidden.png"), [0])
        draw_image(Path(folder, "testA", "other.png"), [0])
        result, error = outcome(paired_folder, folder, 4)
    if lacking:
        # Where one half has no picture left, the layout itself is refused.
        assert all(name in str(error) for name in lacking) or len(pairs) == 1
        assert folder in str(error) and "Received" in str(error)
    else:
        assert error is None, error
        assert [half.shape for half in result] == 2 * [(len(pairs), 4, 4, 3)]
        _, *levels = zip(*sorted(order), strict=True)
        assert [levels_of(half) for half in result] == [list(half) for half in levels]


@tried(40)
@given(
    st.dictionaries(
        st.tuples(STEMS, SUFFIXES).map("".join),
        st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(2, 30)),
        min_size=1,
        max_size=4,
    )
)
def test_pairs_side_by_side_are_cut_in_the_middle(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, (left, right, width) in files.items():
            draw_image(Path(folder, name), [left, right], (width, 7))
        try:
            result, error = paired_folder(folder, 4), None
        except ValueError as refusal:
            result, error = None, refusal
    odd = [name for name in sorted(files) if files[name][2] % 2]
    if odd:
        assert odd[0] in str(error) and "no two equal halves" in str(error)
    else:
        assert error is None, error
        expected = [[files[name][half] for name in sorted(files)] for half in (0, 1)]
        assert [levels_of(half) for half in result] == expected


# ---- metrics: what does not change them ----------------------------------------------------------

SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def two_sets(draw, most_columns=5):
    """Two sets of points, from normal distributions or on a grid, and a generator for more."""
    rng = np.random.default_rng(draw(SEEDS))
    columns = draw(st.integers(1, most_columns))
    sizes = draw(st.tuples(*2 * [st.integers(columns + 1, 24)]))
    on_grid = draw(st.booleans())
    sets = [rng.normal(rng.normal(), 1.5, (max(size, 8), columns)) for size in sizes]
    return rng, *(np.round(points) if on_grid else points for points in sets)


def rotation(rng, columns):
    return np.linalg.qr(rng.normal(size=(columns, columns)))[0]


def mixed(rng, *sets):
    return [rng.permutation(points) for points in sets]


# By how much a common scale multiplies them; whether a common shift or rotation changes them; and
# whether a set is at distance 0 of itself.
DISTANCES = {
    "frechet": (metrics.frechet_distance, 2, {"shift", "rotation", "zero"}),
    "sliced": (lambda a, b: metrics.sliced_wasserstein(a, b, 8), 1, {"shift", "zero"}),
    "kernel": (lambda a, b: metrics.kernel_distance(a, b, 1).distance, None, {"rotation"}),
    "histograms": (
        lambda a, b: metrics.jsd_from_samples(a[:, :2], b[:, :2], bins=4),
        0,
        {"zero", "power of two"},
    ),
}


@pytest.mark.parametrize("name", DISTANCES)
@tried(40)
@given(drawn=two_sets(), power=st.integers(-3, 3), shift=st.floats(-9, 9))
def test_distances(name, drawn, power, shift):
    rng, a, b = drawn
    distance, degree, keeps = DISTANCES[name]
    found, size = distance(a, b), 1 + np.square(a).sum() + np.square(b).sum()
    close = pytest.approx(found, rel=1e-9, abs=1e-7 * size)
    assert distance(b, a) == close and distance(*mixed(rng, a, b)) == close
    if "zero" in keeps:
        assert 0 <= found and distance(a, rng.permutation(a)) == pytest.approx(0, abs=1e-7 * size)
    if "shift" in keeps:
        assert distance(a + shift, b + shift) == pytest.approx(found, rel=1e-6, abs=1e-5 * size)
    if "rotation" in keeps:
        turn = rotation(rng, a.shape[1])
        assert distance(a @ turn, b @ turn) == close
    if degree is not None:
        scale = 2.0**power
        scaled = distance(scale * a, scale * b)
        assert scaled == pytest.approx(scale**degree * found, abs=1e-7 * size * scale**degree)
    if name == "histograms":
        assert found <= math.log(2)


@tried(20)
@given(two_sets(), st.integers(-3, 3))
def test_the_frechet_distance_at_infinity(drawn, power):
    rng, a, b = drawn
    b = np.concatenate([b, rng.normal(size=(12, b.shape[1]))])
    found = metrics.frechet_distance_at_infinity(a, b, points=4)
    last = metrics.frechet_distance(a, b)
    size = 1 + np.square(a).sum() + np.square(b).sum()
    close = pytest.approx(found.distances, rel=1e-6, abs=1e-7 * size)
    assert found.sizes[-1] == len(b) and found.distances[-1] == pytest.approx(last, abs=1e-9 * size)
    turn, scale = rotation(rng, a.shape[1]), 2.0**power
    for first, second in ((a @ turn, b @ turn), (a + 3, b + 3), (rng.permutation(a), b)):
        assert metrics.frechet_distance_at_infinity(first, second, 4).distances == close
    scaled = metrics.frechet_distance_at_infinity(scale * a, scale * b, points=4)
    assert scaled.distances / scale**2 == close


@tried(40)
@given(two_sets(), st.integers(1, 4), st.integers(-3, 3))
def test_precision_recall_density_and_coverage(drawn, k, power):
    rng, a, b = drawn
    found = metrics.precision_recall(a, b, k)
    assert all(0 <= value <= 1 for value in found)
    assert metrics.precision_recall(b, a, k) == found[::-1]
    assert metrics.precision_recall(a, a, k) == (1, 1)
    covered = metrics.density_coverage(a, b, k)
    assert covered.density >= 0 and 0 <= covered.coverage <= 1
    own = metrics.density_coverage(a, rng.permutation(a), k)
    assert own.density >= 1 and own.coverage == 1
    for first, second in (mixed(rng, a, b), (2.0**power * a, 2.0**power * b), (a + 8, b + 8)):
        assert metrics.precision_recall(first, second, k) == found
        assert metrics.density_coverage(first, second, k) == pytest.approx(covered)


@tried(40)
@given(two_sets(), st.integers(1, 3))
def test_neighbors(drawn, k):
    rng, a, b = drawn
    found = metrics.nearest_neighbors(a, b, k)
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, :k], atol=1e-6)
    order = rng.permutation(len(a))
    np.testing.assert_allclose(metrics.nearest_neighbors(a[order], b, k)[1], found[1][order])
    np.testing.assert_allclose(metrics.nearest_neighbors(4 * a, 4 * b, k)[1], 4 * found[1])
    np.testing.assert_allclose(metrics.nearest_neighbors(a, a).distances, 0, atol=1e-6)


@tried(20)
@given(SEEDS, st.integers(20, 30), st.integers(20, 30))
def test_memorization(seed, generated, held_out):
    rng = np.random.default_rng(seed)
    fake, real, unseen = (rng.normal(size=(n, 3)) for n in (generated, 15, held_out))
    found = metrics.memorization(fake, real, unseen)
    swapped = metrics.memorization(unseen, real, fake)
    assert swapped == pytest.approx((-found.statistic, 1 - found.closer)) and 0 <= found.closer <= 1
    turn = rotation(rng, 3)
    for sets in (
        mixed(rng, fake, real, unseen),
        [2 * (x @ turn) + 5 for x in (fake, real, unseen)],
    ):
        assert metrics.memorization(*sets) == pytest.approx(found)
    assert metrics.memorization(unseen, real, rng.permutation(unseen)) == pytest.approx((0, 0.5))
    copies = np.repeat(real, 2, axis=0)
    assert metrics.memorization(copies, real, unseen).closer == 1


@tried(40)
@given(SEEDS, st.integers(1, 6), st.integers(0, 3))
def test_near_duplicates(seed, bits, distance):
    rng, distance = np.random.default_rng(seed), min(distance, bits - 1)
    codes = rng.integers(0, 2, (20, bits)).astype(bool)
    found = metrics.near_duplicates(codes, distance)
    near = np.count_nonzero(codes[:, None] != codes[None], axis=2) <= distance
    assert found.original.tolist() == near.argmax(axis=1).tolist()
    for same in (~codes, codes[:, rng.permutation(bits)]):
        np.testing.assert_array_equal(metrics.near_duplicates(same, distance).original, found[0])


@tried(40)
@given(SEEDS, st.integers(2, 5), st.integers(-3, 3))
def test_mode_coverage(seed, modes, power):
    rng = np.random.default_rng(seed)
    centers, points = rng.normal(size=(modes, 2)), rng.normal(size=(30, 2))
    found = metrics.mode_coverage(points, centers, 0.2)
    assert found.counts.sum() == round(30 * found.high_quality) and 0 <= found.modes <= modes
    turn, scale, order = rotation(rng, 2), 2.0**power, rng.permutation(modes)
    for std, *sets in (
        (0.2, *mixed(rng, points), centers),
        (0.2, points @ turn + 1, centers @ turn + 1),
        (0.2 * scale, scale * points, scale * centers),
    ):
        np.testing.assert_equal(metrics.mode_coverage(*sets, std), found)
    again = metrics.mode_coverage(points, centers[order], 0.2)
    np.testing.assert_array_equal(again.counts, found.counts[order])
    np.testing.assert_allclose(again[:4], found[:4], atol=1e-12)
    whole = metrics.mode_coverage(np.repeat(centers, 3, axis=0), centers, 1e-9)
    assert whole[:2] == (modes, 1) and whole[2:4] == pytest.approx((0, 0), abs=1e-12)


@tried(20)
@given(SEEDS, st.integers(1, 9))
def test_stacked_mode_coverage(seed, count):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (count, 2, 2, 3))

    def probabilities(gray):
        return np.eye(10)[(5 * (gray[:, 0, 0, 0] + 1)).astype(int) % 10]

    found = metrics.stacked_mode_coverage(images, probabilities)
    again = metrics.stacked_mode_coverage(rng.permutation(images), probabilities)
    np.testing.assert_array_equal(found.counts, again.counts)
    assert found.counts.sum() == count and 1 <= found.modes <= count and again.kl == found.kl
    assert math.log(1000 / count) - 1e-9 <= found.kl <= math.log(1000) + 1e-9


@tried(40)
@given(SEEDS, st.integers(2, 30))
def test_divergences_of_densities_and_logits(seed, cells):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(cells), 2) * (rng.random((2, cells)) > 0.3) + 1e-300
    p, q = p / p.sum(), q / q.sum()
    found, order = metrics.jensen_shannon_divergence(p, q), rng.permutation(cells)
    assert 0 <= found <= math.log(2) and metrics.jensen_shannon_divergence(p, p) == 0
    assert metrics.jensen_shannon_divergence(q, p) == pytest.approx(found)
    assert metrics.jensen_shannon_divergence(p[order], q[order]) == pytest.approx(found, abs=1e-12)
    assert metrics.jensen_shannon_divergence(4 * p, 4 * q, dx=0.25) == pytest.approx(found)
    real, fake = rng.normal(0, 99, (2, cells))
    found = metrics.jsd_from_logits(real, fake)
    assert found <= math.log(2) and metrics.jsd_from_logits(-fake, -real) == pytest.approx(found)
    assert metrics.jsd_from_logits(*mixed(rng, real, fake)) == pytest.approx(found)


@tried(30)
@given(SEEDS, st.integers(2, 5), st.integers(1, 3))
def test_the_inception_score(seed, classes, splits):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(classes, 0.3), 30)
    score = metrics.inception_score(p, splits)
    assert 1 - 1e-9 <= score.mean <= classes + 1e-9 and score.standard_deviation >= 0
    assert metrics.inception_score(p[:, rng.permutation(classes)], splits) == pytest.approx(score)
    whole = metrics.inception_score(p, 1)
    assert metrics.inception_score(rng.permutation(p), 1) == pytest.approx(whole)
    assert metrics.inception_score(np.repeat(p[:1], 30, axis=0), splits).mean == pytest.approx(1)


@tried(30)
@given(SEEDS, st.integers(1, 3), st.floats(0.05, 2))
def test_the_parzen_likelihood(seed, columns, sigma):
    rng = np.random.default_rng(seed)
    test, centers = rng.random((9, columns)), rng.random((12, columns))
    found = metrics.parzen_log_likelihood(test, centers, sigma)
    order = rng.permutation(columns)
    for sets in (
        mixed(rng, test, centers),
        (1 - test, 1 - centers),
        (test[:, order], centers[:, order]),
    ):
        assert metrics.parzen_log_likelihood(*sets, sigma) == pytest.approx(found)
    twice = metrics.parzen_log_likelihood(test, np.repeat(centers, 2, axis=0), sigma)
    assert twice == pytest.approx(found) and found.standard_error >= 0
    sigmas = [0.1, 0.3, sigma]
    best = metrics.cross_validate_sigma(centers, test, sigmas)
    scores = {s: metrics.parzen_log_likelihood(test, centers, s).mean for s in sigmas}
    assert scores[best] == max(scores.values())
    assert metrics.cross_validate_sigma(rng.permutation(centers), test, sigmas[::-1]) == best


@tried(15)
@given(SEEDS, st.sampled_from([1, 3]), st.integers(11, 25), st.integers(2, 3))
def test_similarities_of_images(seed, channels, side, count):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, count, side, side + 2, channels), "uint8")
    order = rng.permutation(count)
    for measure, best in ((metrics.psnr, math.inf), (metrics.ssim, 1), (metrics.ms_ssim, 1)):
        found = measure(a, b)
        assert measure(a, a) == pytest.approx(np.full(count, best)) and (found < best).all()
        assert found.min() >= (-1 if measure is metrics.ssim else 0)
        close = pytest.approx(found, abs=1e-9)
        assert measure(b, a) == close and measure(a[order], b[order])[order.argsort()] == close
        assert measure(a[..., ::-1], b[..., ::-1]) == close
        floats = [x / 127.5 - 1 for x in (a, b)]
        assert measure(*floats) == pytest.approx(found, abs=1e-6)
        assert measure(a[0], b[0]) == pytest.approx(found[0])
    assert metrics.psnr(a[:, ::-1], b[:, ::-1]) == pytest.approx(metrics.psnr(a, b))
    assert metrics.ssim(a[:, ::-1], b[:, ::-1]) == pytest.approx(metrics.ssim(a, b))


@tried(10)
@given(SEEDS, st.integers(2, 4))
def test_the_diversity_of_images(seed, count):
    rng = np.random.default_rng(seed)
    images, pairs = rng.integers(0, 256, (count, 12, 12, 1), "uint8"), count * (count - 1) // 2
    found = metrics.ms_ssim_diversity(images, pairs)
    assert 0 <= found <= 1
    assert metrics.ms_ssim_diversity(rng.permutation(images), pairs) == pytest.approx(found)
    assert metrics.ms_ssim_diversity(images[[0] * count], pairs) == pytest.approx(1)


@tried(15)
@given(SEEDS, st.sampled_from([16, 18, 32]), st.integers(1, 4))
def test_the_sliced_distance_of_pyramids(seed, side, count):
    rng = np.random.default_rng(seed)
    real, fake = rng.uniform(-1, 1, (2, count, side, side, 1))
    few = {"patches": 3, "projections": 4}
    found = metrics.sliced_wasserstein_pyramid(real, fake, **few)
    assert list(found) == ([32, 16] if side == 32 else [side]) and min(found.values()) >= 0
    assert metrics.sliced_wasserstein_pyramid(fake, real, **few) == pytest.approx(found)
    # Patches are normalized by the mean and the spread of their channel.
    changed = metrics.sliced_wasserstein_pyramid(real, fake / 2 - 0.25, **few)
    assert changed == pytest.approx(found)
    assert set(metrics.sliced_wasserstein_pyramid(real, real, **few).values()) == {0}


@tried(20)
@given(SEEDS, st.integers(2, 4))
def test_scores_of_labels(seed, classes):
    rng = np.random.default_rng(seed)
    true, guess = rng.integers(0, classes, (2, 3, 4, 4))
    found = metrics.segmentation_scores(true, guess, classes)
    order, names = rng.permutation(true.size), rng.permutation(classes)
    again = metrics.segmentation_scores(true.ravel()[order], guess.ravel()[order], classes)
    np.testing.assert_equal(again, found)
    renamed = metrics.segmentation_scores(names[true], names[guess], classes)
    assert renamed[:3] == pytest.approx(found[:3])
    np.testing.assert_allclose(renamed.class_ious[names], found.class_ious)
    swapped = metrics.segmentation_scores(guess, true, classes)
    assert (swapped.pixel_accuracy, swapped.iou) == pytest.approx((found.pixel_accuracy, found.iou))
    assert metrics.segmentation_scores(true, true, classes)[:3] == (1, 1, 1)

    points, others = rng.normal(size=(2, 20, 2))
    numbers, other_numbers = np.arange(40).reshape(2, 20) % classes
    nearest = KNeighborsClassifier(n_neighbors=1)
    score = metrics.classification_accuracy_score
    found, order = score(points, numbers, others, other_numbers, nearest), rng.permutation(20)
    assert 0 <= found.accuracy <= 1
    np.testing.assert_equal(
        score(points[order], numbers[order], others, other_numbers, nearest), found
    )
    again = score(points, numbers, others[order], other_numbers[order], nearest)
    assert again.accuracy == pytest.approx(found.accuracy)
    assert score(points, numbers, points, numbers, nearest).accuracy == 1


@tried(6)
@given(SEEDS, st.integers(-3, 3))
def test_the_accuracy_of_few_labels(seed, power):
    rng = np.random.default_rng(seed)
    points, labels, scale = rng.normal(size=(40, 3)), np.arange(40) % 2, 2.0**power
    options = {"count": 8, "draws": 2, "penalties": [0.1, 1.0]}
    found = metrics.few_label_accuracy(points, labels, points, labels, **options)
    assert found.shape == (2,) and (0 <= found).all() and (found <= 1).all()
    scaled = metrics.few_label_accuracy(scale * points, labels, scale * points, labels, **options)
    np.testing.assert_array_equal(scaled, found)
    order = rng.permutation(40)
    shuffled = metrics.few_label_accuracy(points, labels, points[order], labels[order], **options)
    np.testing.assert_allclose(shuffled, found)


@tried(40)
@given(two_sets(), st.integers(1, 7))
def test_statistics_of_features(drawn, batch):
    rng, a, b = drawn
    both = np.concatenate([a, b])
    whole = metrics.FeatureStatistics().add(both)
    first, second = metrics.FeatureStatistics().add(a), metrics.FeatureStatistics().add(b)
    parts = metrics.FeatureStatistics(lambda x: x, batch).update(rng.permutation(both))
    for statistics in (parts, first.merge(second), metrics.FeatureStatistics().merge(whole)):
        assert statistics.count == len(both)
        np.testing.assert_allclose(statistics.mean, both.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(
            statistics.covariance, np.cov(both.T).reshape(2 * [a.shape[1]]), atol=1e-9
        )
    assert metrics.frechet_distance(whole, parts) == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(metrics.image_features(both, lambda x: 2 * x, batch), 2 * both)
    images = metrics.frechet_image_distance(a, b, features=lambda x: x)
    assert images == pytest.approx(metrics.frechet_distance(a, b))


# ---- metrics: what they refuse -------------------------------------------------------------------

RNG = np.random.default_rng(0)
REAL, FAKE, UNSEEN = RNG.normal(size=(3, 24, 2))
UNIT = RNG.random((2, 9, 3))
PICTURES = RNG.integers(0, 256, (2, 4, 16, 16, 3), "uint8")
CLASSES = np.arange(24) % 2
NEAREST = KNeighborsClassifier(n_neighbors=1)
# The function of the arrays, and arrays that it takes.
TAKEN = {
    "frechet_distance": (metrics.frechet_distance, REAL, FAKE),
    "at_infinity": (lambda a, b: metrics.frechet_distance_at_infinity(a, b, 3), REAL, FAKE),
    "kernel_distance": (lambda a, b: metrics.kernel_distance(a, b, 2), REAL, FAKE),
    "sliced_wasserstein": (lambda a, b: metrics.sliced_wasserstein(a, b, 4), REAL, FAKE),
    "pyramid": (lambda a, b: metrics.sliced_wasserstein_pyramid(a, b, 2, 2), *PICTURES),
    "precision_recall": (metrics.precision_recall, REAL, FAKE),
    "density_coverage": (metrics.density_coverage, REAL, FAKE),
    "inception_score": (lambda p: metrics.inception_score(p, 1), np.full((9, 2), 0.5)),
    "mode_coverage": (lambda a, b: metrics.mode_coverage(a, b, 0.5), REAL, FAKE[:3]),
    "ms_ssim_diversity": (lambda x: metrics.ms_ssim_diversity(x, 2), PICTURES[0]),
    "ssim": (metrics.ssim, *PICTURES),
    "ms_ssim": (metrics.ms_ssim, *PICTURES),
    "psnr": (metrics.psnr, *PICTURES),
    "parzen": (lambda a, b: metrics.parzen_log_likelihood(a, b, 0.2), *UNIT),
    "cross_validate_sigma": (metrics.cross_validate_sigma, *UNIT, np.array([0.1, 0.2])),
    "jensen_shannon": (metrics.jensen_shannon_divergence, *np.full((2, 4), 0.25)),
    "jsd_from_samples": (metrics.jsd_from_samples, REAL, FAKE),
    "jsd_from_logits": (metrics.jsd_from_logits, REAL, FAKE),
    "memorization": (metrics.memorization, REAL, UNSEEN, FAKE),
    "near_duplicates": (metrics.near_duplicates, REAL > 0),
    "nearest_neighbors": (metrics.nearest_neighbors, REAL, FAKE),
    "few_label_accuracy": (
        lambda a, n, b, m: metrics.few_label_accuracy(a, n, b, m, 4, 1, [1.0]),
        *(REAL, CLASSES, FAKE, CLASSES),
    ),
    "classification": (
        lambda a, n, b, m: metrics.classification_accuracy_score(a, n, b, m, NEAREST),
        *(REAL, CLASSES, FAKE, CLASSES),
    ),
    "segmentation_scores": (lambda a, b: metrics.segmentation_scores(a, b, 2), CLASSES, CLASSES),
    "statistics": (lambda a: metrics.FeatureStatistics().add(a), REAL),
}


def spoiled(array, value):
    """The same array with a value in its middle."""
    array = array.astype("float64") / (127.5 if array.dtype == np.uint8 else 1)
    array.ravel()[array.size // 2] = value
    return array


DAMAGES = {
    "NaN": lambda array: spoiled(array, math.nan),
    "infinity": lambda array: spoiled(array, -math.inf),
    "text": lambda array: array.astype(str),
    "objects": lambda array: array.astype(object),
    "complex numbers": lambda array: array.astype("complex64"),
    "no rows": lambda array: array[:0],
    "rows of two lengths": lambda array: [[0.5, 0.5], [0.5]],
    "nothing": lambda array: None,
    "a word": lambda array: "x",
    "a set": lambda array: {1, 2},
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", TAKEN)
def test_metrics_refuse_what_is_no_array_of_finite_numbers(name, damage):
    metric, *taken = TAKEN[name]
    metric(*taken)
    for place, array in enumerate(taken):
        if name == "cross_validate_sigma" and place == 2 and damage == "nothing":
            continue  # the paper's widths
        given_arrays = [*taken[:place], DAMAGES[damage](array), *taken[place + 1 :]]
        _, error = outcome(metric, *given_arrays)
        held(False, error)
