"""A player for the frames of an animation: HTML with a slider, and a still for static pages."""

import base64
import html
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from gankit.plots._draw import DPI
from gankit.plots._tiles import draw_tiles, integer_scale

_LARGEST = 300_000  # characters of all frames; beyond it, the frames get fewer colors
_COLORS = (256, 64, 32, 16)

# Without scripts, the page shows the images of the strip. They are frames of the animation too, so
# `data-frames` holds a hyphen in their place.
_PAGE = """<div class="gankit-player" data-frames="{frames}" data-labels="{labels}" \
data-numbers="{numbers}">{strip}</div>
<script>
for (const box of document.querySelectorAll(".gankit-player:not([data-ready])")) {{
  box.dataset.ready = "yes";
  const make = (tag, fields) => Object.assign(document.createElement(tag), fields);
  const strip = [...box.querySelectorAll("img")].map((image) => image.src);
  const frames = box.dataset.frames.split(" ").map((source) =>
    make("img", {{ src: source === "-" ? strip.shift() : source }}));
  const labels = JSON.parse(box.dataset.labels);
  const [width, height, shown, pause, hold] = box.dataset.numbers.split(" ").map(Number);
  const last = frames.length - 1;
  const canvas = make("canvas", {{ width, height }});
  const button = make("button", {{ type: "button" }});
  const slider = make("input", {{ type: "range", min: 0, max: last, value: last }});
  const text = make("span", {{}});
  const bar = make("div", {{}});
  slider.setAttribute("aria-label", "frame");
  bar.setAttribute("data-lm-suppress-shortcuts", "true");
  canvas.style.cssText = `width: ${{shown}}px; max-width: 100%; image-rendering: ` +
    (shown > width ? "pixelated" : "auto");
  bar.style.cssText = "display: flex; gap: 8px; align-items: center; max-width: 100%;" +
    `width: ${{Math.max(shown, 320)}}px`;
  button.style.width = "56px";
  slider.style.cssText = "flex: 1; min-width: 60px";
  let now = last;
  let timer = 0;
  const show = (index) => {{
    now = index;
    slider.value = index;
    text.textContent = labels[index];
    const draw = () => {{
      if (now === index) canvas.getContext("2d").drawImage(frames[index], 0, 0);
    }};
    if (frames[index].complete) draw(); else frames[index].onload = draw;
  }};
  const stop = () => {{
    clearTimeout(timer);
    timer = 0;
    button.textContent = "Play";
  }};
  const wait = () => {{
    timer = setTimeout(() => {{
      if (!box.isConnected) return stop();
      show(now === last ? 0 : now + 1);
      wait();
    }}, now === last ? hold : pause);
  }};
  const play = () => {{
    button.textContent = "Pause";
    wait();
  }};
  button.onclick = () => (timer ? stop() : play());
  slider.oninput = () => {{
    stop();
    show(Number(slider.value));
  }};
  bar.append(button, slider, text);
  box.replaceChildren(canvas, bar);
  show(last);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) stop(); else play();
}}
</script>"""


class Player:
    """Frames that a notebook shows with a slider; `show_animation` makes it.

    A notebook and an exported page play the frames. Where scripts are not allowed, they show some
    frames side by side, and a viewer without HTML shows the same still as a PNG.
    """

    def __init__(
        self, frames: Sequence[np.ndarray], labels: Sequence[str], fps: float, hold: float
    ):
        self._frames, self._labels, self._fps, self._hold = frames, labels, fps, hold
        height, width = frames[0].shape[:2]
        # Four wide frames are legible in two columns, and five others in one row.
        self._columns, count = (2, 4) if width > 1.5 * height else (5, 5)
        spread = np.linspace(0, len(frames) - 1, count)
        self._chosen = np.unique(spread.round().astype(int))
        self._columns = min(self._columns, len(self._chosen))

    def __repr__(self) -> str:
        return f"<animation of {len(self._frames)} frames>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        still, width, height = self._still()
        bundle = {"text/html": self._page(), "image/png": still, "text/plain": repr(self)}
        return bundle, {"image/png": {"width": width, "height": height}}

    def _still(self) -> tuple[str, int, int]:
        """Return the still as a PNG of two pixels for each pixel on the page, and its size."""
        from PIL import Image

        pixels = np.stack([self._frames[index] for index in self._chosen])
        pixels = pixels.reshape(*pixels.shape[:3], -1)  # Gray frames have no axis of channels.
        labels = [self._labels[index] for index in self._chosen]
        gap = max(1, pixels.shape[2] // 30)
        figure = draw_tiles(pixels, self._columns, labels, None, None, None, gap=gap)
        out = io.BytesIO()
        figure.savefig(out, dpi=2 * DPI, facecolor="white")
        image = Image.open(out).convert("RGB")
        content = _png(image.quantize(64, dither=Image.Dither.NONE))
        return content, image.width // 2, image.height // 2

    def _page(self) -> str:
        height, width = self._frames[0].shape[:2]
        shown = int(width * integer_scale(height, width))
        sources = [f"data:image/png;base64,{frame}" for frame in _compressed(self._frames)]
        part = f"{97 // self._columns}%"
        style = f"width: {part}; max-width: {shown}px; margin: 0 2px"
        strip = "".join(
            f'<img src="{sources[index]}" alt="{html.escape(self._labels[index])}" style="{style}">'
            for index in self._chosen
        )
        frames = ["-" if index in self._chosen else s for index, s in enumerate(sources)]
        pause = 1000 / self._fps
        numbers = (width, height, shown, pause, max(1000 * self._hold, pause))
        return _PAGE.format(
            frames=" ".join(frames),
            labels=html.escape(json.dumps(list(self._labels))),
            numbers=" ".join(f"{number:g}" for number in numbers),
            strip=strip,
        )


def _compressed(frames: Sequence[np.ndarray]) -> list[str]:
    """Return the frames as base64 PNGs that share a palette of as many colors as there is room."""
    from PIL import Image

    pictures = [Image.fromarray(frame).convert("RGB") for frame in frames]
    sample = np.concatenate([np.asarray(p) for p in pictures[:: max(1, len(pictures) // 8)]])
    none = Image.Dither.NONE
    for colors in _COLORS:
        palette = Image.fromarray(sample).quantize(colors, dither=none)
        encoded = [_png(picture.quantize(palette=palette, dither=none)) for picture in pictures]
        if sum(map(len, encoded)) <= _LARGEST:
            break
    return encoded


def _png(image: Any) -> str:
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
