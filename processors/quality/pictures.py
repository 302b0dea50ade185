"""How like two screenshots are, by a process that a hostile file may kill but not leave.

In: the bytes of two pictures. Out: 0 to 1 (`processors.quality.blocks`), None where either is no picture that
can be decoded. Screenshots of our own crawls are ours; those of files that were brought may be anything. Raises
``DecoderUnavailable`` alone.
"""

import json
from dataclasses import asdict, replace
from typing import Final

from processors.fingerprints.image import ImageLimits
from processors.sandbox.process import SandboxDied, SandboxedProcess

SECONDS: Final = 30.0
LENGTH_BYTES: Final = 8


def picture_likeness(one: bytes, other: bytes, limits: ImageLimits | None = None) -> float | None:
    """The likeness of the two; symmetric."""
    allowed = replace(limits or ImageLimits(), seconds=SECONDS)
    if len(one) + len(other) > allowed.content_bytes:
        return None
    worker = SandboxedProcess("processors.quality.picture_worker", json.dumps(asdict(allowed)), 2 * SECONDS)
    try:
        found = json.loads(worker.ask(len(one).to_bytes(LENGTH_BYTES, "big") + one + other))
    except (SandboxDied, ValueError):
        return None
    finally:
        worker.end()
    return found if isinstance(found, float) and 0 <= found <= 1 else None
