"""Invented scenes that look like photographs to a perceptual hash: each name gives one picture, always the same.

Every scene is drawn from its own seed: a composition of large shapes, which decides the hash, under texture and
grain, which make it behave like a photograph when it is compressed.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 960
GRAIN = 9.0  # standard deviation of the noise, in grey levels of 255

SCENES = {
    "courthouse": 11,
    "courtroom": 12,
    "bridge": 13,
    "tram": 14,
    "library": 15,
    "square": 16,
    "river": 17,
    "factory": 18,
    "market": 19,
    "school": 20,
    "station": 21,
    "archive": 22,
    "press_room": 23,
    "forest": 24,
    "snow": 25,
    "concert": 26,
    "bakery": 27,
    "theatre": 28,
    "hospital": 29,
    "park": 30,
    "letter": 31,
    "night_street": 32,
    "crowd": 33,
    "lake": 34,
}
"""Name and seed. A changed seed is another picture: expected clusters and digests change with it."""

Pixels = NDArray[np.float64]


def whole(random: np.random.Generator, low: int, high: int) -> int:
    """A whole number from ``low`` up to, not including, ``high``."""
    return int(random.integers(low, high))


def texture(random: np.random.Generator, roughness: float) -> Pixels:
    """Fractal noise of the picture's size, about 0 to 1; ``roughness`` is the weight of each finer layer."""
    total = np.zeros((HEIGHT, WIDTH))
    weight, weights = 1.0, 0.0
    for cells in (3, 6, 12, 24, 48, 96):
        layer = random.random((cells, cells + cells // 3)).astype(np.float32)
        image = Image.fromarray(layer, mode="F").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        total += weight * np.asarray(image)
        weights += weight
        weight *= roughness
    return total / weights


def colour(random: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    """A muted colour between two levels of brightness."""
    base = whole(random, low, high)
    red, green, blue = (int(np.clip(base + whole(random, -28, 29), 0, 255)) for _ in range(3))
    return red, green, blue


def draw_block(random: np.random.Generator, draw: ImageDraw.ImageDraw, dark: bool) -> None:
    """A building, wall or sheet of paper: one large rectangle with rows of smaller ones on it."""
    left, top = whole(random, -100, 1000), whole(random, 40, 620)
    wide, high = whole(random, 220, 620), whole(random, 220, 700)
    face = colour(random, 20, 90) if dark else colour(random, 140, 240)
    spots = colour(random, 150, 250) if dark else colour(random, 10, 110)
    draw.rectangle((left, top, left + wide, top + high), fill=face)
    columns, rows = whole(random, 2, 8), whole(random, 2, 9)
    for column in range(columns):
        for row in range(rows):
            if random.random() < 0.15:
                continue
            x, y = left + (column + 0.25) * wide / columns, top + (row + 0.2) * high / rows
            draw.rectangle((x, y, x + 0.5 * wide / columns, y + 0.55 * high / rows), fill=spots)


def draw_mass(random: np.random.Generator, draw: ImageDraw.ImageDraw, dark: bool) -> None:
    """A hill, tree, cloud or lamp: an ellipse."""
    x, y = whole(random, 0, WIDTH), whole(random, 0, HEIGHT)
    wide, high = whole(random, 120, 520), whole(random, 100, 420)
    draw.ellipse(
        (x - wide, y - high, x + wide, y + high), fill=colour(random, 5, 90) if dark else colour(random, 150, 255)
    )


def draw_band(random: np.random.Generator, draw: ImageDraw.ImageDraw, dark: bool) -> None:
    """A road, river or roof line: a slanting stripe through the picture."""
    left, right = whole(random, -200, HEIGHT + 200), whole(random, -200, HEIGHT + 200)
    thick = whole(random, 40, 200)
    corners = [(0, left), (WIDTH, right), (WIDTH, right + thick), (0, left + thick)]
    draw.polygon(corners, fill=colour(random, 10, 90) if dark else colour(random, 150, 250))


@lru_cache(maxsize=8)
def scene(name: str) -> Image.Image:
    """The scene of that name, 1280 by 960 pixels, RGB; raises ``KeyError`` for an unknown name."""
    random = np.random.default_rng(SCENES[name])
    image = Image.new("RGB", (WIDTH, HEIGHT), colour(random, 90, 180))
    draw = ImageDraw.Draw(image)
    shapes = (draw_block, draw_mass, draw_band)
    for step in range(whole(random, 5, 9)):
        shapes[whole(random, 0, 3)](random, draw, dark=bool((step + SCENES[name]) % 2))
    image = image.filter(ImageFilter.GaussianBlur(2.2))
    shaded = np.asarray(image, dtype=np.float64)
    light = 0.55 + 0.9 * texture(random, 0.62)
    grain = random.normal(0.0, GRAIN, (HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(shaded * light[:, :, None] + grain, 0, 255).astype(np.uint8), mode="RGB")
