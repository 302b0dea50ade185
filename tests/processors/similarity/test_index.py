"""The known side of a comparison, searched for many rows a few at a time."""

import numpy as np

from processors.digest import sha256
from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.video_frames import FRAME
from processors.media.media_type import MediaFingerprints
from processors.similarity.index import FIRST_ROWS, InMemory, Matches, searched_in_parts

FRAMES = 3 * FIRST_ROWS


def clip(name: str, seed: int) -> MediaFingerprints:
    """A video that shows one scene: each frame differs from each other in a few bits."""
    rows = np.zeros(FRAMES, FRAME)
    rows["at_ms"] = np.arange(FRAMES) * 500
    rows["quality"] = 90
    rows["bits"][:, 0] = np.random.default_rng(seed).integers(0, 256, FRAMES, np.uint8)
    hashes = (Fingerprint("vpdq", "1", rows.tobytes(), None),)
    return MediaFingerprints(sha256(name.encode()), "video/mp4", 640, 360, hashes, None)


def test_parts_find_what_one_search_finds_each_with_few_pairs() -> None:
    index = InMemory([clip("one", 1), clip("other", 2)])
    rows = index.tables["pdq/1"].rows.bits
    whole = index.search("pdq/1", rows, 31)
    parts = list(searched_in_parts(index, "pdq/1", rows, 31))
    assert len(parts) > 2
    assert max(len(part.query) for part in parts) < len(whole.query)
    for name in Matches.__slots__:
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name)), name
