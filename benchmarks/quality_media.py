"""How well pictures are found again: the figures of docs/quality-media.md.

Run: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.quality_media [FOLDER]``, FOLDER as LETAPIS_REALDATA. Prints
recall and precision over the labelled pairs, beside pHash and PDQ alone; recall over edits made here from the
labelled originals, which hold the hard cases the labels lack; and false links among unlike pictures and unlike
screens of text made here.
"""

import io
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from processors.fingerprints.image import ImageLimits
from processors.media.fingerprint_file import fingerprint_media
from processors.media.media_type import MediaFingerprints
from processors.similarity.match import links

ROOT = Path(__file__).parent.parent
HARD = ("mirror", "dihedral", "rotate", "crop-18", "letterbox")
ORIGINAL = ("original", "edit:aaa-orig", "flower.jpg", "flower2.jpg")


def crop(share: float, x: float, y: float, image: Image.Image) -> Image.Image:
    """Cut twice the share of the shorter side off each direction, divided as x and y say."""
    cut = int(2 * min(image.size) * share)
    left, top = int(cut * x), int(cut * y)
    return image.crop((left, top, left + image.width - cut, top + image.height - cut))


def bars(share_x: float, share_y: float, level: int, image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, (int(image.width * share_x), int(image.height * share_y)), (level,) * 3)


def banner(image: Image.Image) -> Image.Image:
    image = image.copy()
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((0, int(image.height * 0.8), image.width, image.height), fill="black")
    font = ImageFont.load_default(max(8, image.height // 14))
    drawing.text((10, int(image.height * 0.84)), "BREAKING NEWS", fill="white", font=font)
    return image


def pasted(image: Image.Image) -> Image.Image:
    """As in a screenshot of a post."""
    screen = Image.new("RGB", (int(image.width * 1.4), int(image.height * 1.7)), (235, 240, 245))
    screen.paste(image, (int(image.width * 0.1), int(image.height * 0.3)))
    return screen


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "crop 5 %": partial(crop, 0.05, 0.5, 0.5),
    "crop 10 %, off centre": partial(crop, 0.1, 0.8, 0.2),
    "crop 18 %": partial(crop, 0.18, 0.5, 0.5),
    "crop 18 %, off centre": partial(crop, 0.18, 0.1, 0.9),
    "crop 28 %": partial(crop, 0.28, 0.5, 0.5),
    "letterbox 12 %": partial(bars, 0, 0.12, 0),
    "letterbox 25 %": partial(bars, 0, 0.25, 0),
    "letterbox 15 %, white": partial(bars, 0, 0.15, 255),
    "pillarbox 20 %": partial(bars, 0.2, 0, 0),
    "mirror": ImageOps.mirror,
    "rotate 90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "rotate 180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "crop 12 %, mirror": lambda image: ImageOps.mirror(crop(0.12, 0.5, 0.5, image)),
    "banner": banner,
    "pasted on a screen": pasted,
    "tilted 2 degrees": lambda image: image.rotate(2, Image.Resampling.BICUBIC),
}


def read(image: Image.Image, quality: int = 75, scale: float = 1.0) -> MediaFingerprints:
    size = (max(16, int(image.width * scale)), max(16, int(image.height * scale)))
    content = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(content, "JPEG", quality=quality)
    return fingerprint_media(content.getvalue(), ImageLimits())


def words(random: np.random.Generator, count: int) -> str:
    return " ".join("".join(chr(97 + int(letter)) for letter in random.integers(0, 26, 6)) for _ in range(count))


def page(seed: int, size: int, dark: bool) -> Image.Image:
    random = np.random.default_rng(seed)
    screen = Image.new("L", (720, 1280), 20 if dark else 255)
    drawing, font = ImageDraw.Draw(screen), ImageFont.load_default(size)
    for top in range(40, 1240, size * 4 // 3):
        line = words(random, int(random.integers(2, 900 // size // 3)))
        drawing.text((40, top), line, fill=230 if dark else 0, font=font)
    return screen


def chat(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    screen = Image.new("RGB", (720, 1280), (200, 215, 225))
    drawing, font = ImageDraw.Draw(screen), ImageFont.load_default(24)
    drawing.rectangle((0, 0, 720, 90), fill=(80, 130, 170))
    drawing.text((100, 30), "The same channel", fill="white", font=font)
    top = 110
    while top < 1130:
        lines, left = int(random.integers(1, 7)), int(random.choice([20, 200]))
        drawing.rounded_rectangle((left, top, left + 480, top + 32 * lines + 20), 14, fill="white")
        for line in range(lines):
            drawing.text((left + 15, top + 10 + 32 * line), words(random, 5), fill="black", font=font)
        top += 32 * lines + 35
    return screen


SCREENS: dict[str, Callable[[int], Image.Image]] = {
    "small print": lambda seed: page(seed, 15, False),
    "page": lambda seed: page(seed, 22, False),
    "large print": lambda seed: page(seed, 34, False),
    "dark page": lambda seed: page(seed, 22, True),
    "chat": chat,
}


def labelled(folder: Path) -> None:
    labels = json.loads((folder / "labels.json").read_text())
    readings = [fingerprint_media((folder / row["file"]).read_bytes(), ImageLimits()) for row in labels]
    found = links(readings)
    ways: dict[str, set[frozenset[object]]] = {
        "all together": {frozenset((link.a, link.b)) for link in found},
        "PDQ at 31, upright": {
            frozenset((k.a, k.b)) for k in found if (k.algorithm, k.matched) == ("pdq", "whole")
        },
        "pHash at 8, upright": {
            frozenset((k.a, k.b)) for k in found if (k.algorithm, k.matched) == ("phash", "whole")
        },
        "regions": {frozenset((link.a, link.b)) for link in found if link.algorithm == "regions"},
    }
    phashes = [next(h.bits for h in reading.hashes if h.algorithm == "phash") for reading in readings]
    ways["pHash at 10 alone"] = {
        frozenset((readings[i].sha256, readings[j].sha256))
        for i, j in itertools.combinations(range(len(readings)), 2)
        if (int.from_bytes(phashes[i]) ^ int.from_bytes(phashes[j])).bit_count() <= 10
    }
    print(f"labelled pictures: {len(labels)}")
    for name, way in ways.items():
        for kind in ("without hard", "hard"):
            counts: Counter[tuple[bool, bool]] = Counter()
            for (a, left), (b, right) in itertools.combinations(zip(labels, readings, strict=True), 2):
                hard = any(word in row["relation"] for row in (a, b) for word in HARD)
                if hard == (kind == "hard"):
                    hit = left.sha256 == right.sha256 or frozenset((left.sha256, right.sha256)) in way
                    counts[a["group"] == b["group"], hit] += 1
            true, missed, false = counts[True, True], counts[True, False], counts[False, True]
            print(
                f"  {name:20s} {kind:13s} recall {true / (true + missed):.3f} of {true + missed}, "
                f"precision {true / max(1, true + false):.3f}, false {false} of {false + counts[False, False]}"
            )


def edited(folder: Path) -> None:
    labels = json.loads((folder / "labels.json").read_text())
    originals = [Image.open(folder / row["file"]).convert("RGB") for row in labels if row["relation"] in ORIGINAL]
    uprights = [read(image, 92) for image in originals]
    everything = {name: [read(edit(image), 75, 0.8) for image in originals] for name, edit in EDITS.items()}
    print(f"edits of {len(originals)} originals, scaled to 80 %, JPEG quality 75: found / false")
    for name, copies in everything.items():
        found = {frozenset((link.a, link.b)) for link in links(copies, uprights)}
        hits = sum(frozenset((a.sha256, b.sha256)) in found for a, b in zip(copies, uprights, strict=True))
        pairs = list(itertools.product(enumerate(copies), enumerate(uprights)))
        false = sum(frozenset((a.sha256, b.sha256)) in found for (i, a), (j, b) in pairs if i != j)
        print(f"  {name:24s} {hits:3d} of {len(copies)} / {false} of {len(pairs) - len(copies)}")
    owner = {
        reading.sha256: i for readings in (uprights, *everything.values()) for i, reading in enumerate(readings)
    }
    pool = [reading for readings in everything.values() for reading in readings]
    false = sum(owner[link.a] != owner[link.b] for link in links(pool))
    unlike = sum(owner[a.sha256] != owner[b.sha256] for a, b in itertools.combinations(pool, 2))
    print(f"  all edits among themselves: {false} false links in {unlike} unlike pairs")


def screens() -> None:
    print("unlike screens of text: false links")
    for name, screen in SCREENS.items():
        readings = [read(screen(seed)) for seed in range(16)]
        print(f"  {name:24s} {len(links(readings))} in {len(readings) * (len(readings) - 1) // 2} pairs")


def main() -> None:
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LETAPIS_REALDATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "realdata"
    labelled(folder / "images")
    edited(folder / "images")
    screens()


if __name__ == "__main__":
    main()
