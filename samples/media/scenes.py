"""Invented scenes that look like photographs to a perceptual hash: each name gives one picture, always the same.

A scene is a kind of place and a seed. Its large shapes decide the hash; texture, shadow and grain over them make
it behave like a photograph when it is resized and compressed.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from samples.media.shapes import (
    HEIGHT,
    WIDTH,
    Colour,
    Pixels,
    Random,
    colour,
    draw_hills,
    draw_house,
    draw_people,
    draw_road,
    draw_room,
    draw_tree,
    gradient,
    texture,
    whole,
)

GRAIN = 7.0  # standard deviation of the noise, in grey levels of 255

BLUE_SKY, PALE_SKY = (70, 120, 190), (205, 220, 235)
NIGHT_SKY, NIGHT_GLOW = (12, 14, 30), (70, 58, 60)
GRASS, LEAVES, SNOW, ASPHALT, WATER = (88, 120, 60), (58, 96, 44), (228, 232, 238), (88, 88, 92), (72, 108, 132)


def picture_of_pixels(pixels: Pixels) -> Image.Image:
    """The pixels, cut to the levels a picture has."""
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8), mode="RGB")


def landscape(random: Random, sky: tuple[Colour, Colour], land: Colour, clouds: Colour) -> tuple[Image.Image, int]:
    """Sky, sun or moon, hills and land; the second value is the height of the horizon in pixels."""
    cover = np.clip((texture(random, 0.55) - whole(random, 40, 56) / 100) * 5, 0, 1)[:, :, None]
    pixels = gradient(*sky)
    pixels += (np.array(clouds, dtype=np.float32) - pixels) * cover
    image = picture_of_pixels(pixels)
    draw = ImageDraw.Draw(image)
    horizon = whole(random, 300, 700)
    x, y, size = whole(random, 80, WIDTH - 80), whole(random, 40, horizon - 100), whole(random, 25, 70)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 246, 214))
    red, green, blue = sky[1]
    draw_hills(random, draw, horizon, (red // 2, green // 2, blue // 2))
    draw.rectangle((0, horizon, WIDTH, HEIGHT), fill=land)
    return image, horizon


def town(random: Random) -> Image.Image:
    """A street by day."""
    image, horizon = landscape(random, (BLUE_SKY, PALE_SKY), colour(random, 95, 150), (240, 240, 240))
    draw = ImageDraw.Draw(image)
    draw_road(random, draw, horizon, ASPHALT)
    for _ in range(whole(random, 2, 6)):
        draw_house(random, draw, horizon + whole(random, 10, 190), lit=False)
    for _ in range(whole(random, 0, 4)):
        draw_tree(random, draw, horizon + whole(random, 80, 260), LEAVES)
    return image


def night(random: Random) -> Image.Image:
    """A street by night, windows lit."""
    image, horizon = landscape(random, (NIGHT_SKY, NIGHT_GLOW), (34, 32, 38), (40, 38, 52))
    draw = ImageDraw.Draw(image)
    for _ in range(whole(random, 3, 6)):
        draw_house(random, draw, horizon + whole(random, 10, 190), lit=True)
    draw_road(random, draw, horizon + 60, (120, 100, 70))
    return image


def country(random: Random) -> Image.Image:
    """Land with trees and water."""
    image, horizon = landscape(random, (BLUE_SKY, PALE_SKY), GRASS, (235, 235, 240))
    draw = ImageDraw.Draw(image)
    draw_road(random, draw, horizon, WATER)
    for _ in range(whole(random, 4, 14)):
        draw_tree(random, draw, horizon + whole(random, 20, 300), LEAVES)
    return image


def winter(random: Random) -> Image.Image:
    """A town under snow and a grey sky."""
    image, horizon = landscape(random, ((120, 124, 132), (176, 178, 184)), SNOW, (150, 152, 158))
    draw = ImageDraw.Draw(image)
    for _ in range(whole(random, 2, 5)):
        draw_house(random, draw, horizon + whole(random, 10, 150), lit=False)
    for _ in range(whole(random, 2, 6)):
        draw_tree(random, draw, horizon + whole(random, 80, 260), (84, 74, 70))
    return image


def gathering(random: Random) -> Image.Image:
    """People in a square."""
    image, horizon = landscape(random, (BLUE_SKY, PALE_SKY), (150, 140, 128), (245, 245, 245))
    draw = ImageDraw.Draw(image)
    for _ in range(whole(random, 2, 5)):
        draw_house(random, draw, horizon + 20, lit=False)
    draw_people(random, draw, horizon)
    return image


def room(random: Random) -> Image.Image:
    """A room with windows or shelves."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw_room(random, ImageDraw.Draw(image))
    return image


SCENES: dict[str, tuple[Callable[[Random], Image.Image], int]] = {
    "courthouse": (town, 11),
    "courtroom": (room, 12),
    "bridge": (country, 13),
    "tram": (town, 14),
    "library": (room, 15),
    "square": (gathering, 16),
    "river": (country, 17),
    "factory": (night, 18),
    "market": (gathering, 19),
    "school": (town, 20),
    "station": (town, 21),
    "archive": (room, 22),
    "press_room": (room, 23),
    "forest": (country, 24),
    "snow": (winter, 25),
    "concert": (gathering, 26),
    "bakery": (room, 27),
    "theatre": (night, 28),
    "hospital": (town, 29),
    "park": (country, 30),
    "letter": (room, 31),
    "night_street": (night, 32),
    "crowd": (gathering, 33),
    "lake": (winter, 34),
}
"""Name, kind of place and seed. With another seed it is another picture, and expected groups change with it."""


@lru_cache(maxsize=8)
def scene(name: str) -> Image.Image:
    """The scene of that name, 1280 by 960 pixels, RGB; raises ``KeyError`` for an unknown name."""
    place, seed = SCENES[name]
    random = np.random.default_rng(seed)
    pixels = np.array(place(random).filter(ImageFilter.GaussianBlur(1.6)), dtype=np.float32)
    pixels *= (0.6 + 0.8 * texture(random, 0.62))[:, :, None]
    pixels += GRAIN * random.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32)
    return picture_of_pixels(pixels)
