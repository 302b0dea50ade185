"""How well pictures are found again that no threshold was chosen on: any folder of pictures of different content.

Run: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.quality_held_out FOLDER [PICTURES]``. Every picture below FOLDER
is taken for one of its own. PICTURES of them, evenly spread, are edited (`benchmarks.picture_edits`), saved as
JPEG of quality 60, and looked for among all of them and among each other, since captions and telephones are
furniture that unlike pictures then share. Beside PDQ at 31 and pHash at 10 of upright pictures alone. Links
between unlike pictures are listed: in a folder that nobody has labelled, a person has to look at them.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.picture_edits import COMBINED, HARD, LIGHT, Edit
from processors.fingerprints.image import ImageLimits
from processors.media.fingerprint_file import fingerprint_media
from processors.media.media_type import MediaFingerprints
from processors.similarity.hamming_search import neighbours
from processors.similarity.index import InMemory
from processors.similarity.match import links_to

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
QUALITY = 60
ALONE = {"PDQ at 31": ("pdq", 31), "pHash at 10": ("phash", 10)}
WAYS = (*ALONE, "Letapis")
KINDS: dict[str, dict[str, Edit]] = {"light": LIGHT, "hard": HARD, "combined": COMBINED}
Pairs = set[tuple[int, int]]
"""Places of two pictures."""


@dataclass(frozen=True, slots=True)
class Edited:
    """One edit of all pictures that are edited, in their order."""

    kind: str
    name: str
    readings: list[MediaFingerprints]


def originals_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def read_file(path: Path) -> MediaFingerprints:
    return fingerprint_media(path.read_bytes(), ImageLimits())


def read_edited(path: Path, kind: str, name: str) -> MediaFingerprints:
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    content = io.BytesIO()
    random = np.random.default_rng([*path.name.encode(), *name.encode()])
    KINDS[kind][name](image, random).save(content, "JPEG", quality=QUALITY)
    return fingerprint_media(content.getvalue(), ImageLimits())


def all_edits(pool: ProcessPoolExecutor, paths: list[Path]) -> Iterator[Edited]:
    for kind, edits in KINDS.items():
        for name in edits:
            every = len(paths)
            read = pool.map(read_edited, paths, [kind] * every, [name] * every, chunksize=8)
            yield Edited(kind, name, list(read))


def rows_of(readings: list[MediaFingerprints], algorithm: str) -> NDArray[np.uint8]:
    """A fingerprint of each, whatever its quality, as the peers compare them."""
    bits = [next(each.bits for each in reading.hashes if each.algorithm == algorithm) for reading in readings]
    return np.stack([np.frombuffer(each, np.uint8) for each in bits])


def found_by(way: str, asked: list[MediaFingerprints], known: list[MediaFingerprints], index: InMemory) -> Pairs:
    """Pairs of one asked and one known picture."""
    if way in ALONE:
        algorithm, within = ALONE[way]
        pairs = neighbours(rows_of(asked, algorithm), rows_of(known, algorithm), within)
        return {(one, other) for one, other, _ in pairs}
    ours = {reading.sha256: place for place, reading in enumerate(asked)}
    theirs = {reading.sha256: place for place, reading in enumerate(known)}
    ends = (
        (link.a, link.b) if link.a in ours and link.b in theirs else (link.b, link.a)
        for link in links_to(asked, index)
    )
    return {(ours[one], theirs[other]) for one, other in ends}


def counted(places: list[int], pairs: Pairs, among: Pairs) -> tuple[int, Pairs, Pairs]:
    """How many were found; places of those linked with an unlike one, and with an unlike one edited alike."""
    hits = sum((number, place) in pairs for number, place in enumerate(places))
    wrong = {(places[number], place) for number, place in pairs if places[number] != place}
    return hits, wrong, {(places[min(pair)], places[max(pair)]) for pair in among if pair[0] != pair[1]}


def main() -> None:
    files = originals_of(Path(sys.argv[1]))
    few = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    totals: Counter[tuple[str, str, str]] = Counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        read = {each.sha256: (path, each) for path, each in zip(files, pool.map(read_file, files), strict=True)}
        paths = [path for path, each in read.values() if each.hashes]
        known = [each for _, each in read.values() if each.hashes]
        index = InMemory(known)
        places = np.unique(np.linspace(0, len(paths) - 1, few).astype(int)).tolist()
        print(
            f"{len(paths)} pictures, {len(places)} of them edited: found, linked with unlike ones of the folder,"
        )
        print("and with unlike ones that were edited alike")
        for edited in all_edits(pool, [paths[place] for place in places]):
            line = f"  {edited.kind:9s} {edited.name:24s}"
            among = InMemory(edited.readings)
            for way in WAYS:
                pairs = found_by(way, edited.readings, known, index)
                alike = found_by(way, edited.readings, edited.readings, among)
                hits, unlike, furniture = counted(places, pairs, alike)
                counts = {"asked": len(places), "found": hits, "unlike": len(unlike), "furniture": len(furniture)}
                for what, count in counts.items():
                    totals[edited.kind, way, what] += count
                line += f"  {way}: {hits:3d} {len(unlike):3d} {len(furniture):3d}"
                for a, b in sorted(unlike | furniture) if way == "Letapis" else ():
                    print(f"    {edited.name}: linked {paths[a].name} with {paths[b].name}")
            print(line, flush=True)
    print_totals(totals)
    names = {reading.sha256: path.name for path, reading in zip(paths, known, strict=True)}
    print("the pictures of the folder among themselves:")
    for way in ALONE:
        print(f"  {way}: {sum(a < b for a, b in found_by(way, known, known, index))} pairs")
    found = links_to(known, index)
    print(f"  Letapis: {len({(link.a, link.b) for link in found})} pairs")
    for link in found:
        print(f"    {link.algorithm} {link.distance_bits} {link.matched}: {names[link.a]} {names[link.b]}")


def print_totals(totals: Counter[tuple[str, str, str]]) -> None:
    for kind in KINDS:
        for way in WAYS:
            found, unlike = totals[kind, way, "found"], totals[kind, way, "unlike"]
            print(
                f"{kind:9s} {way:12s} recall {found / totals[kind, way, 'asked']:.4f}, "
                f"precision {found / max(1, found + unlike):.4f} ({unlike} unlike), "
                f"{totals[kind, way, 'furniture']} unlike pairs by shared furniture"
            )


if __name__ == "__main__":
    main()
