"""What scenes are drawn from: hills, houses, trees, rooms. Each takes its chances from the generator given."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1280, 960

Random = np.random.Generator
Pixels = NDArray[np.float32]
Colour = tuple[int, int, int]


def whole(random: Random, low: int, high: int) -> int:
    """A whole number from ``low`` up to, not including, ``high``."""
    return int(random.integers(low, high))


def texture(random: Random, roughness: float) -> Pixels:
    """Fractal noise of the picture's size, about 0 to 1; ``roughness`` is the weight of each finer layer."""
    total = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    weight, weights = 1.0, 0.0
    for cells in (3, 6, 12, 24, 48, 96):
        layer = random.random((cells, cells + cells // 3)).astype(np.float32)
        image = Image.fromarray(layer, mode="F").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        total += weight * np.asarray(image, dtype=np.float32)
        weights += weight
        weight *= roughness
    total /= weights
    return total


def colour(random: Random, low: int, high: int, warmth: int = 0) -> Colour:
    """A muted colour between two levels of brightness; warmth adds red and takes blue."""
    base = whole(random, low, high)
    red, green, blue = (base + whole(random, -18, 19) for _ in range(3))
    return clipped(red + warmth), clipped(green), clipped(blue - warmth)


def clipped(level: float) -> int:
    """A level of brightness within 0 to 255."""
    return int(min(255, max(0, level)))


def gradient(top: Colour, bottom: Colour) -> Pixels:
    """A picture that runs from one colour at its top to another at its bottom."""
    down = np.linspace(0.0, 1.0, HEIGHT, dtype=np.float32)[:, None, None]
    column = np.array(top, dtype=np.float32) * (1 - down) + np.array(bottom, dtype=np.float32) * down
    return np.broadcast_to(column, (HEIGHT, WIDTH, 3)).copy()


def draw_hills(random: Random, draw: ImageDraw.ImageDraw, horizon: int, fill: Colour) -> None:
    """A far ridge above the horizon."""
    heights = random.integers(0, 150, 9)
    ridge = [(step * WIDTH // 8, horizon - int(high)) for step, high in enumerate(heights)]
    draw.polygon([(0, horizon + 4), *ridge, (WIDTH, horizon + 4)], fill=fill)


def draw_road(random: Random, draw: ImageDraw.ImageDraw, horizon: int, fill: Colour) -> None:
    """A road or river that comes from the horizon and widens."""
    far, near = whole(random, 200, WIDTH - 200), whole(random, -200, WIDTH)
    wide = whole(random, 250, 800)
    draw.polygon([(far, horizon), (far + 30, horizon), (near + wide, HEIGHT), (near, HEIGHT)], fill=fill)


def draw_house(random: Random, draw: ImageDraw.ImageDraw, ground: int, lit: bool) -> None:
    """A house on the ground line, with rows of windows and one of three roofs."""
    wide, high = whole(random, 120, 460), whole(random, 120, 520)
    left, top = whole(random, -80, WIDTH - 60), ground - high
    warmth = whole(random, -10, 40)
    face = colour(random, 20, 70, warmth) if lit else colour(random, 90, 225, warmth)
    draw.rectangle((left, top, left + wide, ground), fill=face)
    roof = tuple(level // 2 for level in face)
    match whole(random, 0, 3):
        case 0:
            draw.polygon(
                [(left - 15, top), (left + wide // 2, top - wide // 3), (left + wide + 15, top)], fill=roof
            )
        case 1:
            draw.rectangle((left - 8, top - 18, left + wide + 8, top), fill=roof)
        case _:
            draw.rectangle((left + wide // 3, top - 70, left + 2 * wide // 3, top), fill=face)
    columns, rows = max(2, wide // whole(random, 45, 90)), max(2, high // whole(random, 55, 100))
    for column in range(columns):
        for row in range(rows):
            x, y = left + (column + 0.28) * wide / columns, top + (row + 0.25) * high / rows
            pane = colour(random, 190, 250, 35) if lit and random.random() < 0.6 else colour(random, 25, 80, -15)
            draw.rectangle((x, y, x + 0.44 * wide / columns, y + 0.5 * high / rows), fill=pane)


def draw_tree(random: Random, draw: ImageDraw.ImageDraw, ground: int, fill: Colour) -> None:
    """A trunk and a crown of leaves."""
    x, high = whole(random, 0, WIDTH), whole(random, 90, 380)
    draw.rectangle((x - high // 22, ground - high // 2, x + high // 22, ground), fill=(62, 48, 38))
    for _ in range(26):
        dx, dy = random.normal(0, high / 6), random.normal(0, high / 6)
        size = high / 8
        middle = (x + dx, ground - 0.68 * high + dy)
        red, green, blue = (clipped(level - dy / 4) for level in fill)  # lighter towards the sky
        draw.ellipse(
            (middle[0] - size, middle[1] - size, middle[0] + size, middle[1] + size), fill=(red, green, blue)
        )


def draw_people(random: Random, draw: ImageDraw.ImageDraw, horizon: int) -> None:
    """A crowd on the ground: the nearer, the taller."""
    feet = sorted(whole(random, horizon + 30, HEIGHT + 60) for _ in range(260))
    for y in feet:
        x, tall = whole(random, 0, WIDTH), 20 + (y - horizon) // 4
        coat = colour(random, 20, 200, whole(random, -40, 60))
        draw.rounded_rectangle((x, y - tall, x + tall // 3, y), radius=tall // 8, fill=coat)
        draw.ellipse((x + tall // 24, y - 1.3 * tall, x + 0.28 * tall, y - tall), fill=(205, 170, 145))


def draw_room(random: Random, draw: ImageDraw.ImageDraw) -> None:
    """Inside: a wall with windows or shelves, a floor, and rows of tables or benches."""
    floor = whole(random, 480, 760)
    draw.rectangle((0, 0, WIDTH, floor), fill=colour(random, 70, 215, 18))
    draw.rectangle((0, floor, WIDTH, HEIGHT), fill=colour(random, 50, 150, 30))
    columns, gap = whole(random, 1, 6), whole(random, 20, 110)
    left, right = whole(random, 0, 400), whole(random, 800, WIDTH)
    top, bottom = whole(random, 30, 140), whole(random, floor - 220, floor - 30)
    bright = bool(whole(random, 0, 2))
    for column in range(columns):
        x = left + column * (right - left) // columns
        across = x + (right - left) // columns - gap
        if across <= x:
            continue
        draw.rectangle((x, top, across, bottom), fill=colour(random, 225, 255) if bright else (58, 42, 34))
        for shelf in range(top, bottom - 30, 62):
            if not bright:
                spines = range(x + 6, across - 12, 14)
                for spine in spines:
                    book = colour(random, 60, 200, whole(random, -40, 50))
                    draw.rectangle((spine, shelf + whole(random, 6, 20), spine + 11, shelf + 54), fill=book)
    for row in range(whole(random, 1, 5)):
        y = floor - 20 + row * whole(random, 60, 110)
        x = whole(random, -200, 700)
        draw.rectangle((x, y, x + whole(random, 400, 1000), y + 46), fill=colour(random, 30, 110, 35))
