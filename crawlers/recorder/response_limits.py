"""How much a site may send around an answer, and how long it may take, before the recorder ends the connection.

In: the framer that follows a response. Out: why the connection is to be ended, as a sentence, or None. What came
up to then is kept. The limits leave room for every server in earnest: browsers take heads of 256 KiB, and interim
answers are one or two.
"""

from typing import Final

from crawlers.model.job import CrawlLimits
from processors.http.framing import MessageFramer
from processors.http.head import MAX_HEAD_BYTES

MOST_BEFORE: Final = 128
"""Interim answers (1xx), and runs of empty lines, before the answer itself."""

MOST_BEFORE_BYTES: Final = 256 << 10
"""All of them together; the facts of an exchange, which hold them, stay readable."""

MOST_FRAMING_BYTES: Final = 1 << 20
"""Sizes, extensions and trailers of a chunked body, where they are also more than the body itself."""


def excess(response: MessageFramer) -> str | None:
    """Why no more is to be taken of this response, which has not ended yet."""
    if response.in_head:
        if len(response.before) > MOST_BEFORE or response.before_bytes > MOST_BEFORE_BYTES:
            return (
                "cut where interim answers (1xx) and empty lines before the answer came to more than "
                f"{MOST_BEFORE}, or to more than {MOST_BEFORE_BYTES} bytes"
            )
        return None
    if response.head_too_long:
        return f"cut where the head of the answer had no end within {MAX_HEAD_BYTES} bytes"
    framing = response.framing_bytes
    if framing > MOST_FRAMING_BYTES and 2 * framing > response.length:
        return (
            "cut where the sizes, extensions and trailers of a chunked body came to more than "
            f"{MOST_FRAMING_BYTES} bytes, and to more than the body itself"
        )
    return None


def overdue(limits: CrawlLimits, lasted_s: float, silent_s: float, *, frames: bool) -> str | None:
    """Why an exchange has lasted long enough; frames of a WebSocket may pause as long as they like."""
    if limits.exchange_seconds is not None and lasted_s >= limits.exchange_seconds:
        return f"cut after {limits.exchange_seconds:g} s"
    if not frames and limits.idle_seconds is not None and silent_s >= limits.idle_seconds:
        return f"cut after {limits.idle_seconds:g} s of silence"
    return None
