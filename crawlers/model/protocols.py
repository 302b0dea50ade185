"""What the parts of a crawl need of each other: where captures are kept, and when the next request to a host may
be sent.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crawlers.model.capture import Captured


class CaptureSink(Protocol):
    """Where a crawl's captures go. Called from one thread at a time, never from an event loop."""

    def keep(self, item: Captured) -> None:
        """Keep the item before returning; may block. An exception ends the crawl."""
        ...


class RateLimiter(Protocol):
    """When the next request to a host may be sent, over all crawls that share the rate limit."""

    def slot(self, host: str) -> AbstractAsyncContextManager[None]:
        """Entered when a request to ``host`` may leave; left when its answer is there."""
        ...

    def back_off(self, host: str, seconds: float) -> None:
        """Have nothing sent to ``host`` for so many seconds from now."""
        ...

    def raise_delay(self, host: str, delay_s: float) -> None:
        """Keep at least this pause between requests to ``host``."""
        ...
