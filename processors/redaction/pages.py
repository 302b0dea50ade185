"""Pictures and documents as pages of pixels, decoded by a process that a hostile file may kill but not leave.

In: content and its type. Out: one page after another, upright, in colour, over white. Of an animation the first
picture is its one page; pages of a PDF are drawn at `processors.redaction.page_worker.DOTS_PER_INCH`. Whoever
covers something does so in our own process, on these bare pixels. Raises `NotDrawableError`;
``DecoderUnavailable``.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import numpy as np

from processors.fingerprints.image import FORMATS, ImageLimits
from processors.redaction.page_worker import DOTS_PER_INCH, PDF_TYPE
from processors.redaction.regions import Pixels
from processors.redaction.steps import MOST_PAGES
from processors.sandbox.process import SandboxDied, SandboxedProcess

SECONDS = 60.0
PIXELS = 60_000_000
LOSSLESS = frozenset(("image/png", "image/bmp", "image/gif", "image/tiff", PDF_TYPE))
"""What was not compressed with loss by its own format, so that a region leaves no trace beside it."""


class NotDrawableError(Exception):
    """The content gives no pages; the message says why, in words for whoever wanted to cover something."""


@contextmanager
def opened_pages(content: bytes, media_type: str) -> Iterator["DrawnPages"]:
    """The pages of the content until the block ends."""
    limits = replace(ImageLimits(), seconds=SECONDS, pixels=PIXELS)
    if media_type != PDF_TYPE and media_type not in FORMATS:
        raise NotDrawableError(f"regions of the type {media_type} cannot be covered")
    if len(content) > limits.content_bytes:
        raise NotDrawableError(f"it is larger than {limits.content_bytes} bytes")
    file = os.memfd_create("medium")
    worker = None
    try:
        with os.fdopen(os.dup(file), "wb") as sink:
            sink.write(content)
        parameters = json.dumps({"limits": asdict(limits), "file": file, "media_type": media_type})
        worker = SandboxedProcess(
            "processors.redaction.page_worker",
            parameters,
            2 * SECONDS,
            longest_answer_bytes=3 * PIXELS + 8,
            open_files=(file,),
        )
        yield DrawnPages(worker, media_type)
    except SandboxDied as problem:
        raise NotDrawableError(str(problem)) from problem
    finally:
        if worker is not None:
            worker.end()
        os.close(file)


class DrawnPages:
    """The pages of one file."""

    def __init__(self, worker: SandboxedProcess, media_type: str) -> None:
        self._worker = worker
        self.is_document = media_type == PDF_TYPE
        self.is_lossy = media_type not in LOSSLESS
        self.dots_per_inch = float(DOTS_PER_INCH)
        answer = _json(worker.ask(b"{}"))
        count = answer.get("pages")
        if not isinstance(count, int) or count < 1:
            raise NotDrawableError(f"it cannot be read: {answer.get('problem') or 'it has no pages'}")
        if count > MOST_PAGES:
            raise NotDrawableError(f"it has {count} pages; at most {MOST_PAGES} can be covered at once")
        self.count = count

    def page(self, number: int) -> Pixels:
        """The page with this number, from 1."""
        if not 1 <= number <= self.count:
            raise NotDrawableError(f"it has {self.count} pages, and page {number} was asked for")
        answer = self._worker.ask(json.dumps({"page": number}).encode())
        width, height = int.from_bytes(answer[:4], "big"), int.from_bytes(answer[4:8], "big")
        if answer[:1] == b"{" or not (width > 0 and height > 0 and len(answer) == 8 + 3 * width * height):
            raise NotDrawableError(f"page {number} cannot be drawn: {_json(answer).get('problem') or 'damaged'}")
        return np.frombuffer(answer, np.uint8, offset=8).reshape(height, width, 3)


def _json(answer: bytes) -> dict[str, object]:
    try:
        found = json.loads(answer)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
