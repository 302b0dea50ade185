"""What a night's new pictures cost to compare with all that are known: all fingerprints, links and their judging.

Run: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.comparing [--known N] [--new N] [--json]``. Material: seeded
random pictures of 40 regions each, with PDQ and pHash; a tenth of the new ones are copies of known ones with a few
other bits. The known side lies in columns, as in a worker's files of hashes (`storage.similarity.hash_index`);
there is no database, so that reading the fingerprints of what was found and writing the links are left out. CPU
seconds of this process, peak of its memory above that of the known columns. Loading the kernels is not counted.
"""

import argparse
import json
import resource
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.regions import HEADER, MOST, REGION, WIDTH_BYTES
from processors.similarity.hamming_search import near_columns
from processors.similarity.index import Hashes, Matches
from processors.similarity.index_rows import STILL_MS
from processors.similarity.match import links_to

REGIONS_EACH: Final = 40
BYTES: Final = {"phash/1": 8, "pdq/1": 32, "regions/2": 8}
COPIES: Final = 10
"""One in so many new pictures is a copy."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as far as comparing needs it."""

    sha256: Digest
    hashes: Hashes


class Columns:
    """Known pictures, an ``Index`` of `processors.similarity.index`."""

    def __init__(self, count: int) -> None:
        self.count = count
        random = np.random.default_rng(1)
        self.rows = {
            table: random.integers(0, 256, (count * each_of(table), width), np.uint8)
            for table, width in BYTES.items()
        }
        self.columns = {table: np.ascontiguousarray(rows.view(np.uint64).T) for table, rows in self.rows.items()}

    def search(self, table: str, rows: NDArray[np.uint8], within_bits: int) -> Matches:
        """As ``Index`` says."""
        found = near_columns(rows, [self.columns[table]], within_bits)
        owner = found.known_index // each_of(table)
        return Matches(found.new_index, owner, np.full(len(owner), STILL_MS, np.uint32), found.distance_bits)

    def owner(self, number: int) -> Digest:
        """As ``Index`` says."""
        return Digest("sha256", number.to_bytes(32, "big"))

    def hashes_of(self, files: Collection[Digest]) -> Mapping[Digest, Hashes]:
        """As ``Index`` says."""
        return {file: self.hashes(int.from_bytes(file.value, "big")) for file in files}

    def hashes(self, number: int, other_bits: int = 0) -> Hashes:
        """The fingerprints of a known picture, or of a copy of it."""
        random = np.random.default_rng(number)
        bits = {
            table: self.rows[table][number * each_of(table) : (number + 1) * each_of(table)].copy()
            for table in BYTES
        }
        for rows in bits.values():
            for row in rows:
                for bit in random.choice(8 * len(row), other_bits, replace=False).tolist():
                    row[bit // 8] ^= 1 << bit % 8
        return fingerprints_of(bits, number)


def each_of(table: str) -> int:
    """Rows of one picture in a table."""
    return REGIONS_EACH if table == "regions/2" else 1


def fingerprints_of(bits: Mapping[str, NDArray[np.uint8]], seed: int) -> Hashes:
    """Fingerprints as a decoder writes them; where regions lie is the same in a copy."""
    random = np.random.default_rng(seed)
    header = np.array([(128, 128, REGIONS_EACH)], HEADER)
    regions = np.zeros(MOST, REGION)
    regions["x"], regions["y"] = random.integers(0, 1 << 10, (2, MOST))
    regions["size"] = 6
    regions["bits"][:REGIONS_EACH] = bits["regions/2"]
    miniature = random.integers(0, 256, WIDTH_BYTES - header.nbytes - regions.nbytes, np.uint8)
    return (
        Fingerprint("phash", "1", bits["phash/1"].tobytes(), 90),
        Fingerprint("pdq", "1", bits["pdq/1"].tobytes(), 90),
        Fingerprint("regions", "2", header.tobytes() + regions.tobytes() + miniature.tobytes(), 90),
    )


def new_pictures(known: Columns, count: int) -> list[Picture]:
    """A tenth of them copies."""
    random = np.random.default_rng(2)
    made = []
    for place in range(count):
        digest = Digest("sha256", (known.count + place).to_bytes(32, "big"))
        if place % COPIES == 0:
            made.append(Picture(digest, known.hashes(int(random.integers(known.count)), other_bits=3)))
            continue
        bits = {
            table: random.integers(0, 256, (each_of(table), width), np.uint8) for table, width in BYTES.items()
        }
        made.append(Picture(digest, fingerprints_of(bits, place)))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=7_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    known = Columns(options.known)
    new = new_pictures(known, options.new)
    links_to(new[:1], known)  # loads the kernels
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    found = links_to(new, known)
    figures = {
        "known": options.known,
        "new": options.new,
        "copies": -(-options.new // COPIES),
        "linked_pictures": len({link.b for link in found} | {link.a for link in found}) // 2,
        "cpu_s": round(time.process_time() - began, 1),
        "known_mb": round(sum(rows.nbytes for rows in known.columns.values()) / 1e6),
        "more_memory_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000),
    }
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<20}{value:>12,}")


if __name__ == "__main__":
    main()
