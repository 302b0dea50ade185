"""Exact neighbours among many known fingerprints, beside faiss ``IndexBinaryFlat`` where it is installed.

Run: ``python -m benchmarks.neighbours BITS KNOWN NEW``, e.g. ``256 1e7 5e4``. faiss is no dependency of the
project: ``uv pip install --target FOLDER faiss-cpu`` and ``PYTHONPATH=FOLDER`` bring it in. One thread each; faiss
answers 200 queries, its time for all is extrapolated. Half of the new rows are planted a few flipped bits from a
known one; the pairs faiss finds are checked against ours.
"""

import resource
import statistics
import sys
import time

import numpy as np
from numpy.typing import NDArray

from processors.similarity import hamming_kernels
from processors.similarity.hamming_search import Known, words

WITHIN = {64: 8, 256: 31}
FAISS_QUERIES = 200


def material(bits: int, known: int, new: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    random = np.random.default_rng(1)
    rows = random.integers(0, 256, (known, bits // 8), dtype=np.uint8)
    asked = random.integers(0, 256, (new, bits // 8), dtype=np.uint8)
    for place in range(0, new, 2):
        flipped = np.unpackbits(rows[random.integers(known)])
        flipped[random.choice(bits, random.integers(0, WITHIN[bits] * 5 // 4), replace=False)] ^= 1
        asked[place] = np.packbits(flipped)
    return rows, asked


def main() -> None:
    bits, known, new = (int(float(text)) for text in sys.argv[1:4])
    rows, asked = material(bits, known, new)
    hamming_kernels.join(words(asked[:50]), words(rows[:500]), WITHIN[bits])
    store = Known(rows[:500])
    store.near(asked[0], WITHIN[bits])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    pairs = hamming_kernels.join(words(asked), words(rows), WITHIN[bits])
    joined = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(f"{bits} bit, {new} new against {known} known within {WITHIN[bits]}: {len(pairs)} pairs")
    memory = (rows.nbytes + grown) / rows.nbytes
    print(f"join: {joined:.2f} s CPU, memory {memory:.2f} times the raw {rows.nbytes >> 20} MB")
    store = Known(rows)
    times = []
    for row in asked[:40]:
        began = time.perf_counter()
        store.near(row, WITHIN[bits])
        times.append((time.perf_counter() - began) * 1000)
    print(f"one query: {statistics.median(times):.2f} ms")
    del store
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: nothing to compare with")
        return
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(bits)
    index.add(rows)
    began = time.process_time()
    limits, _, places = index.range_search(asked[:FAISS_QUERIES], WITHIN[bits] + 1)
    peer = (time.process_time() - began) / FAISS_QUERIES
    theirs = {(i, int(j)) for i in range(FAISS_QUERIES) for j in places[int(limits[i]) : int(limits[i + 1])]}
    ours = {(int(i), int(j)) for i, j, _ in pairs if i < FAISS_QUERIES}
    times = []
    for row in asked[:20]:
        began = time.perf_counter()
        index.range_search(row[None], WITHIN[bits] + 1)
        times.append((time.perf_counter() - began) * 1000)
    print(f"faiss: {peer * new:.0f} s CPU for all, one query {statistics.median(times):.2f} ms")
    print(f"same pairs in the first {FAISS_QUERIES}: {ours == theirs}")
    print(f"join {peer * new / joined:.0f} times as fast as faiss IndexBinaryFlat")


if __name__ == "__main__":
    main()
