import base64
import html
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from gankit import plots

RNG = np.random.default_rng(0)

# What the player's script needs of a browser, and a reader who waits, drags and presses.
BROWSER = """
const clocks = [];
globalThis.setTimeout = (run, wait) => clocks.push({ run, wait });
globalThis.clearTimeout = (id) => { if (id) clocks[id - 1] = null; };
globalThis.matchMedia = () => ({ matches: REDUCED });
const drawn = [];
const element = (tag) => ({
  tag, style: {}, dataset: {}, children: [], isConnected: true, complete: true,
  setAttribute() {}, append(...added) { this.children.push(...added); },
  getContext: () => ({ drawImage: (image) => drawn.push(image.src) }),
});
const boxes = BOXES.map((box) => Object.assign(element("div"), box, {
  querySelectorAll: () => box.strip.map((src) => ({ src })),
  replaceChildren(...added) { this.children = added; },
}));
globalThis.document = {
  createElement: element,
  querySelectorAll: () => boxes.filter((box) => !box.dataset.ready),
};
const tick = () => {
  const last = clocks.filter(Boolean).at(-1);
  if (last) { clocks[clocks.indexOf(last)] = null; last.run(); return last.wait; }
  return null;
};
const parts = (box) => {
  const [canvas, bar] = box.children;
  const [button, slider, text] = bar.children;
  return { canvas, button, slider, text };
};
"""


def frames(n, shape=(20, 30, 3)):
    return [np.full(shape, 20 * i, "uint8") for i in range(n)]


def decoded(text):
    return Image.open(io.BytesIO(base64.b64decode(text.removeprefix("data:image/png;base64,"))))


def parse(page):
    box = {name: html.unescape(re.search(f'data-{name}="(.*?)"', page)[1]) for name in DATA}
    return {"dataset": box, "strip": re.findall(r'<img src="(.*?)"', page)}


DATA = ("frames", "labels", "numbers")


def all_frames(page):
    box = parse(page)
    strip = iter(box["strip"])
    sources = box["dataset"]["frames"].split(" ")
    return [decoded(next(strip) if source == "-" else source) for source in sources]


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_the_page_holds_every_frame_once(shape):
    bundle, _ = plots.show_animation(frames(9, shape), fps=10)._repr_mimebundle_()
    images = all_frames(bundle["text/html"])
    assert [image.size for image in images] == [(30, 20)] * 9
    levels = [image.convert("L").getpixel((3, 3)) for image in images]
    np.testing.assert_allclose(levels, 20 * np.arange(9), atol=1)
    box = parse(bundle["text/html"])
    assert len(box["strip"]) == 5, "which a page without scripts shows"
    assert bundle["text/html"].count("data:image/png") == 9
    assert json.loads(box["dataset"]["labels"])[:2] == ["1 of 9", "2 of 9"]
    assert box["dataset"]["numbers"] == "30 20 240 100 1500"


def test_the_still_has_two_pixels_for_one():
    bundle, metadata = plots.show_animation(frames(9))._repr_mimebundle_()
    still, size = decoded(bundle["image/png"]), metadata["image/png"]
    assert (still.width // 2, still.height // 2) == (size["width"], size["height"])
    assert size["width"] <= 830 and size["width"] > 4 * size["height"]
    wide, size = plots.show_animation(frames(9, (20, 40)))._repr_mimebundle_()
    assert wide["text/html"].count("<img") == 4, "in two rows"
    assert size["image/png"]["width"] < 3 * size["image/png"]["height"]
    assert plots.show_animation(frames(1))._repr_mimebundle_()[0]["text/html"].count("<img") == 1


def test_labels_are_text_and_never_markup():
    labels = ['a "quote"', "<b>", "ok"]
    bundle, _ = plots.show_animation(frames(3), labels=labels)._repr_mimebundle_()
    page = bundle["text/html"]
    assert "<b>" not in page
    assert json.loads(parse(page)["dataset"]["labels"]) == labels
    with pytest.raises(ValueError, match="one entry for each of the 3 frames. Received: 2 entries"):
        plots.show_animation(frames(3), labels="ab")


def test_forty_frames_of_a_scatter_plot_stay_small():
    from matplotlib.figure import Figure

    film = []
    for index in range(40):
        figure = Figure((4, 4), dpi=100)
        ax = figure.add_subplot(title=f"step {index}")
        ax.scatter(*RNG.normal(size=(2, 400)), s=6, color=plots.GENERATOR)
        film.append(plots.to_frame(figure))
    bundle, _ = plots.show_animation(film)._repr_mimebundle_()
    assert sum(map(len, bundle.values())) < 400_000


def test_frames_full_of_noise_get_fewer_colors():
    film = RNG.integers(0, 256, (60, 100, 100), "uint8")
    bundle, _ = plots.show_animation(film)._repr_mimebundle_()
    assert len(all_frames(bundle["text/html"])[0].getcolors()) == 16


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.show_animation([]), ValueError, "no frames"),
        (lambda: plots.show_animation(frames(2), fps=51), ValueError, "Received: fps=51"),
        (lambda: plots.show_animation(frames(2), hold=-1), ValueError, "Received: hold=-1"),
        (lambda: plots.show_animation(frames(2), labels=3), TypeError, "Received: labels=3"),
    ],
)
def test_other_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def in_browser(program, pages, reduced="false"):
    """Run the script of each page in turn among all their boxes, then the program."""
    browser = BROWSER.replace("BOXES", json.dumps([parse(page) for page in pages]))
    scripts = [re.search("<script>(.*)</script>", page, re.DOTALL)[1] for page in pages]
    source = "\n".join([browser.replace("REDUCED", reduced), *scripts, program])
    done = subprocess.run(["node", "-"], input=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


@needs_node
def test_the_player_plays_stops_and_follows_the_slider():
    page = plots.show_animation(frames(3), fps=10)._repr_mimebundle_()[0]["text/html"]
    program = """
    const { canvas, button, slider, text } = parts(boxes[0]);
    const log = [[button.textContent, text.textContent, canvas.width, canvas.height]];
    log.push([tick(), text.textContent], [tick(), text.textContent], [tick(), text.textContent]);
    slider.value = "1"; slider.oninput();
    log.push([tick(), button.textContent, text.textContent]);
    button.onclick();
    log.push([button.textContent, tick(), text.textContent]);
    button.onclick();
    log.push([button.textContent, tick()]);
    button.onclick(); boxes[0].isConnected = false;
    log.push([tick(), button.textContent, tick()]);
    console.log(JSON.stringify({ log, drawn }));
    """
    found = in_browser(program, [page])
    assert found["log"] == [
        ["Pause", "3 of 3", 30, 20],
        [1500, "1 of 3"],
        [100, "2 of 3"],
        [100, "3 of 3"],
        [None, "Play", "2 of 3"],
        ["Pause", 100, "3 of 3"],
        ["Play", None],
        [1500, "Play", None],
    ]
    levels = [decoded(source).convert("L").getpixel((0, 0)) for source in found["drawn"]]
    np.testing.assert_allclose(levels, [40, 0, 20, 40, 20, 40], atol=1)


@needs_node
def test_players_on_a_page_do_not_disturb_each_other():
    pages = [plots.show_animation(frames(n))._repr_mimebundle_()[0]["text/html"] for n in (3, 3, 4)]
    program = """
    const last = parts(boxes[2]);
    last.slider.value = "0"; last.slider.oninput();
    const state = boxes.map((box) => [parts(box).button.textContent, parts(box).text.textContent]);
    console.log(JSON.stringify(state));
    """
    assert in_browser(program, pages) == [["Pause", "3 of 3"]] * 2 + [["Play", "1 of 4"]]
    assert in_browser(program, pages, reduced="true")[0] == ["Play", "3 of 3"]
