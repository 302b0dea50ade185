"""One analyst's question and one night against a file of ten million PDQ hashes, with what memory that takes.

Run: ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.hash_file [KNOWN] [NEW]``. Material: seeded random hashes. CPU
time of one thread; memory is the peak of this process, mapped pages included, above what it had before it opened
the file. The question is asked warm, as the second and later ones are.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from processors.digest import Digest
from processors.similarity.hamming_search import near_columns
from storage.similarity.hash_file import Batch, HashFile, IndexPosition, new_hash_file

WITHIN_BITS = 31
STEP = 1_000_000


def write(path: Path, known: int) -> HashFile:
    file = new_hash_file(path, "pdq/1", 32, 1)
    for first in range(0, known, STEP):
        rows = min(STEP, known - first)
        bits = np.random.default_rng(first).integers(0, 256, (rows, 32), np.uint8)
        owners = [Digest("sha256", row.tobytes()) for row in bits]
        file.append(
            Batch(bits, np.arange(rows), np.zeros(rows, np.uint32), owners), IndexPosition(first, bytes(32))
        )
    return file


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    given = [int(float(text)) for text in sys.argv[1:3]]
    known, new = [*given, *(10_000_000, 50_000)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pdq.hashes"
        began = time.perf_counter()
        _in_a_child(write, path, known)
        print(f"written: {known} rows, {path.stat().st_size / 2**20:.0f} MB, {time.perf_counter() - began:.0f} s")
        some = np.random.default_rng(4).integers(0, 2**63, (4, 1 << 21), np.uint64)
        for asked in (1, 65):  # compiles
            near_columns(np.zeros((asked, 32), np.uint8), [some], WITHIN_BITS)
        del some
        before = peak_mb()
        began = time.perf_counter()
        file = HashFile(path, "pdq/1", 32, 1)
        columns = [segment.columns for segment in file.segments]
        print(f"opened: {len(columns)} segments, {(time.perf_counter() - began) * 1000:.0f} ms")
        taken = []
        for row in np.random.default_rng(5).integers(0, 256, (12, 32), np.uint8):
            began = time.process_time()
            near_columns(row[None], columns, WITHIN_BITS)
            taken.append((time.process_time() - began) * 1000)
        print(f"one question, warm: {statistics.median(taken[2:]):.1f} ms")
        print(f"memory for questions: {(peak_mb() - before) / (known * 32 / 2**20):.2f} times raw")
        rows = np.random.default_rng(6).integers(0, 256, (new, 32), np.uint8)
        near = np.random.default_rng(7).integers(0, known, new // 10)
        rows[: len(near)] = [file.segments[at // STEP].digests[at % STEP] for at in near.tolist()]
        began = time.process_time()
        found = near_columns(rows, columns, WITHIN_BITS)
        print(f"one night of {new}: {time.process_time() - began:.1f} s, {len(found)} pairs")
        print(f"memory with the night: {(peak_mb() - before) / (known * 32 / 2**20):.2f} times raw")


def _in_a_child(work: object, *arguments: object) -> None:
    """So that what writing took is not counted as what asking takes."""
    from multiprocessing import get_context

    process = get_context("spawn").Process(target=work, args=arguments)  # type: ignore[arg-type]  # a function above
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"writing ended with {process.exitcode}")


if __name__ == "__main__":
    main()
