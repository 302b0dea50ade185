"""What people do to a picture before it is posted again: material of the quality benchmarks.

In: a picture and a seeded source of chance, which places cuts and overlays. Out: the edited picture. ``LIGHT``
leaves the whole picture in its place; ``HARD`` moves, turns, cuts or frames it; ``COMBINED`` does several things.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Picture = Image.Image
Edit = Callable[[Picture, np.random.Generator], Picture]


def scaled(share: float, image: Picture) -> Picture:
    size = (max(16, round(image.width * share)), max(16, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def gamma(power: float, image: Picture) -> Picture:
    return image.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


def noise(image: Picture, random: np.random.Generator) -> Picture:
    pixels = np.asarray(image) + random.normal(scale=14, size=(image.height, image.width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def filtered(image: Picture) -> Picture:
    """Warm, faded and darker towards the corners, as the filters of picture apps."""
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    fading = 1 - 0.25 * (x**2 + y**2)
    pixels = np.asarray(image) * fading[:, :, None] * (1.0, 0.92, 0.75) + (25, 15, 10)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def written(image: Picture, text: str, top: float, size: float) -> Picture:
    image = image.copy()
    font = ImageFont.load_default(max(8, round(image.height * size)))
    place = (image.width * 0.05, image.height * top)
    ImageDraw.Draw(image).text(place, text, fill="white", font=font, stroke_width=2, stroke_fill="black")
    return image


def logo(image: Picture, random: np.random.Generator) -> Picture:
    """A round mark of a channel in one of the corners, a sixth of the shorter side."""
    image, side = image.copy(), round(min(image.size) / 6)
    left = 8 if random.random() < 0.5 else image.width - side - 8
    top = 8 if random.random() < 0.5 else image.height - side - 8
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((left, top, left + side, top + side), fill=(200, 30, 40), outline="white", width=3)
    drawing.text((left + side / 4, top + side / 4), "TV", fill="white", font=ImageFont.load_default(side / 3))
    return image


def watermarked(image: Picture) -> Picture:
    layer = Image.new("RGBA", image.size)
    drawing, font = ImageDraw.Draw(layer), ImageFont.load_default(max(10, image.height / 16))
    for number in range(24):
        place = (number % 4 * image.width / 4, number // 4 * image.height / 6)
        drawing.text(place, "channel", fill=(255, 255, 255, 110), font=font)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def sticker(share: float, image: Picture, random: np.random.Generator) -> Picture:
    """A plain disc over this share of the area, as faces are covered."""
    image, side = image.copy(), round((share * image.width * image.height * 4 / np.pi) ** 0.5)
    left, top = (int(random.integers(0, max(1, length - side))) for length in image.size)
    ImageDraw.Draw(image).ellipse((left, top, left + side, top + side), fill=(250, 200, 60))
    return image


def banner(image: Picture) -> Picture:
    image = image.copy()
    ImageDraw.Draw(image).rectangle((0, int(image.height * 0.8), image.width, image.height), fill=(150, 0, 20))
    return written(image, "BREAKING NEWS", 0.85, 0.08)


def crop(share: float, image: Picture, random: np.random.Generator) -> Picture:
    """Cut this share of width and of height off, the rest lying anywhere."""
    cut = [round(length * share) for length in image.size]
    left, top = (int(random.integers(0, each + 1)) for each in cut)
    return image.crop((left, top, left + image.width - cut[0], top + image.height - cut[1]))


def without_side(share: float, image: Picture, random: np.random.Generator) -> Picture:
    """Cut this share off one of the sides."""
    box = [0, 0, *image.size]
    side = int(random.integers(4))
    cut = round(image.size[side % 2] * share)
    box[side] += cut if side < 2 else -cut
    return image.crop((box[0], box[1], box[2], box[3]))


def square(image: Picture) -> Picture:
    return ImageOps.fit(image, (min(image.size),) * 2)


def bars(share_x: float, share_y: float, level: int, image: Picture) -> Picture:
    return ImageOps.expand(image, (int(image.width * share_x), int(image.height * share_y)), (level,) * 3)


def blurred_bars(image: Picture) -> Picture:
    """On an upright screen, before an enlarged and blurred copy of itself."""
    width, height = image.width, max(image.height, round(image.width * 16 / 9))
    screen = ImageOps.fit(image, (width, height)).filter(ImageFilter.GaussianBlur(width / 30))
    screen.paste(image, (0, (height - image.height) // 2))
    return screen


def captioned(above: bool, image: Picture) -> Picture:
    """A white field with two lines of text above or below, as in memes."""
    field = round(image.height * 0.25)
    page = Image.new("RGB", (image.width, image.height + field), "white")
    page.paste(image, (0, field if above else 0))
    top = (0 if above else image.height) + field * 0.12
    font = ImageFont.load_default(field * 0.3)
    ImageDraw.Draw(page).multiline_text((10, top), "nobody at all:\nthe person at home", fill="black", font=font)
    return page


def posted(dark: bool, image: Picture) -> Picture:
    """A screenshot of a post on a telephone."""
    ground, ink = ((24, 28, 34), "white") if dark else ((255, 255, 255), "black")
    side = max(image.size)
    screen = Image.new("RGB", (round(side * 1.1), round(side * 1.9)), ground)
    drawing, font = ImageDraw.Draw(screen), ImageFont.load_default(side / 24)
    drawing.text((side * 0.05, side * 0.02), "12:41                     LTE 64 %", fill=ink, font=font)
    drawing.ellipse((side * 0.05, side * 0.1, side * 0.17, side * 0.22), fill=(90, 140, 190))
    drawing.text((side * 0.2, side * 0.12), "A channel\n3,204 subscribers", fill=ink, font=font)
    screen.paste(image, (round(side * 0.05), round(side * 0.28)))
    top = side * 0.32 + image.height
    lines = "what was seen in the square today\nshare this before it is gone\n\n214 likes    31 comments"
    drawing.multiline_text((side * 0.05, top), lines, fill=ink, font=font)
    return screen


def inset(image: Picture, random: np.random.Generator) -> Picture:
    """In the larger part of a news studio's screen."""
    screen = Image.new("RGB", (round(image.width * 1.6), round(image.height * 1.45)), (20, 40, 90))
    drawing = ImageDraw.Draw(screen)
    for left in range(0, screen.width, 40):
        drawing.line((left, 0, left + 200, screen.height), fill=(30, 60, int(random.integers(90, 160))), width=9)
    screen.paste(image, (round(image.width * 0.5), round(image.height * 0.1)))
    drawing.rectangle((0, screen.height * 0.86, screen.width, screen.height), fill=(190, 20, 30))
    return screen


def stretched(share: float, image: Picture) -> Picture:
    return image.resize((round(image.width * share), image.height), Image.Resampling.BICUBIC)


def turned(image: Picture, way: Image.Transpose) -> Picture:
    return image.transpose(way)


def tilted(degrees: float, image: Picture) -> Picture:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def _plain(edit: Callable[[Picture], Picture]) -> Edit:
    """An edit that leaves nothing to chance."""
    return lambda image, _: edit(image)


def _first(*edits: Edit) -> Edit:
    """One edit after another."""

    def done(image: Picture, random: np.random.Generator) -> Picture:
        for edit in edits:
            image = edit(image, random)
        return image

    return done


MIRROR = _plain(ImageOps.mirror)

LIGHT: dict[str, Edit] = {
    "scaled to 50 %": _plain(partial(scaled, 0.5)),
    "scaled to 25 %": _plain(partial(scaled, 0.25)),
    "scaled to 200 %": _plain(partial(scaled, 2.0)),
    "grey": _plain(lambda image: image.convert("L").convert("RGB")),
    "darker": _plain(lambda image: ImageEnhance.Brightness(image).enhance(0.55)),
    "brighter": _plain(lambda image: ImageEnhance.Brightness(image).enhance(1.5)),
    "less contrast": _plain(lambda image: ImageEnhance.Contrast(image).enhance(0.5)),
    "more contrast": _plain(lambda image: ImageEnhance.Contrast(image).enhance(1.7)),
    "gamma 0.5": _plain(partial(gamma, 0.5)),
    "gamma 2": _plain(partial(gamma, 2.0)),
    "app's filter": _plain(filtered),
    "blurred": _plain(lambda image: image.filter(ImageFilter.GaussianBlur(min(image.size) / 150))),
    "noisy": noise,
    "logo": logo,
    "text over it": _plain(lambda image: written(image, "this is what happened", 0.4, 0.09)),
    "watermarks": _plain(watermarked),
    "sticker of 5 %": partial(sticker, 0.05),
    "border 4 %": _plain(partial(bars, 0.04, 0.04, 255)),
}

HARD: dict[str, Edit] = {
    "crop 10 %": partial(crop, 0.1),
    "crop 20 %": partial(crop, 0.2),
    "crop 30 %": partial(crop, 0.3),
    "crop 45 %": partial(crop, 0.45),
    "one side 25 % off": partial(without_side, 0.25),
    "square": _plain(square),
    "sticker of 15 %": partial(sticker, 0.15),
    "banner": _plain(banner),
    "letterbox 15 %": _plain(partial(bars, 0, 0.15, 0)),
    "letterbox 30 %, white": _plain(partial(bars, 0, 0.3, 255)),
    "pillarbox 25 %": _plain(partial(bars, 0.25, 0, 0)),
    "blurred bars": _plain(blurred_bars),
    "caption above": _plain(partial(captioned, True)),
    "caption below": _plain(partial(captioned, False)),
    "post on a telephone": _plain(partial(posted, False)),
    "the same, dark": _plain(partial(posted, True)),
    "in a studio": inset,
    "mirror": MIRROR,
    "turned by 90": _plain(partial(turned, way=Image.Transpose.ROTATE_90)),
    "turned by 180": _plain(partial(turned, way=Image.Transpose.ROTATE_180)),
    "turned by 270": _plain(partial(turned, way=Image.Transpose.ROTATE_270)),
    "stretched by 15 %": _plain(partial(stretched, 1.15)),
    "stretched by 33 %": _plain(partial(stretched, 1.33)),
    "tilted by 3": _plain(partial(tilted, 3)),
    "tilted by 6": _plain(partial(tilted, 6)),
}

COMBINED: dict[str, Edit] = {
    "crop 15 %, logo, dark": _first(partial(crop, 0.15), logo, LIGHT["darker"]),
    "crop 15 %, mirror": _first(partial(crop, 0.15), MIRROR),
    "mirror, caption": _first(MIRROR, HARD["caption above"]),
    "post of a crop 20 %": _first(partial(crop, 0.2), HARD["post on a telephone"]),
    "letterbox, grey, text": _first(HARD["letterbox 15 %"], LIGHT["grey"], LIGHT["text over it"]),
    "square, filter, logo": _first(HARD["square"], LIGHT["app's filter"], logo),
    "banner, 30 % scale": _first(HARD["banner"], _plain(partial(scaled, 0.3))),
}
