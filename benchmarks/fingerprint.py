"""Speed of fingerprinting on one core, beside imagehash on a full Pillow decode.

Run: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.fingerprint [ROUNDS]``. Material: seeded pictures of 1280 x 720
with structure at every scale, saved as JPEG of quality 87. CPU time; rounds are interleaved, the median counts.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from processors.fingerprints.fingerprint import fingerprints
from processors.fingerprints.image import ImageLimits, read_picture
from processors.fingerprints.pdq import bits, quality, sample
from processors.fingerprints.phash import phash
from processors.media.decoder_pool import Decoders
from processors.media.fingerprint_file import fingerprint_media

PICTURES = 24


def photo(seed: int, width: int = 1280, height: int = 720) -> bytes:
    random = np.random.default_rng(seed)
    channels = []
    for _ in range(3):
        layers = np.zeros((height, width))
        for cells in (4, 16, 64, 256):
            noise = Image.fromarray(random.normal(size=(cells * 9 // 16 + 1, cells)).astype(np.float32))
            layers += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC)) * 90 / cells**0.5
        channels.append(np.clip(127 + layers + random.normal(size=layers.shape) * 2, 0, 255))
    content = io.BytesIO()
    Image.fromarray(np.stack(channels, axis=2).astype(np.uint8)).save(content, "JPEG", quality=87)
    return content.getvalue()


def both_hashes(content: bytes) -> None:
    picture = read_picture(content, "image/jpeg", ImageLimits())
    samples = sample(picture.luma, picture.height, picture.width, picture.shrink)
    bits(samples), quality(samples), phash(picture.luma)


def both_by_libraries(content: bytes) -> None:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    imagehash.phash(image), pdqhash.compute(np.ascontiguousarray(image))


WAYS: dict[str, Callable[[bytes], object]] = {
    "imagehash.phash, full decode": lambda content: imagehash.phash(Image.open(io.BytesIO(content))),
    "imagehash.phash + pdqhash, full decode": both_by_libraries,
    "Letapis: pHash + PDQ with quality": both_hashes,
    "Letapis: pHash + PDQ + regions": lambda content: fingerprints(
        read_picture(content, "image/jpeg", ImageLimits())
    ),
    "Letapis: whole reading (sha256, type, EXIF, all)": lambda content: fingerprint_media(content, ImageLimits()),
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    contents = [photo(seed) for seed in range(PICTURES)]
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            began = time.process_time()
            for content in contents:
                way(content)
            taken[name].append((time.process_time() - began) / len(contents) * 1000)
    first = statistics.median(taken["imagehash.phash, full decode"])
    print(f"{PICTURES} pictures of 1280 x 720, {sum(map(len, contents)) // PICTURES // 1000} kB; {rounds} rounds")
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"{name:52s} {middle:7.2f} ms  {first / middle:5.2f} times")
    with Decoders(workers=1) as decoders:
        decoders.fingerprint(contents[0])
        began = time.perf_counter()
        for content in contents * 4:
            decoders.fingerprint(content)
        each = (time.perf_counter() - began) / PICTURES / 4 * 1000
        print(f"{'through one worker process (wall)':52s} {each:7.2f} ms")


if __name__ == "__main__":
    main()
