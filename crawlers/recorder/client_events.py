"""The events of an exchange with a site that concern the engine's connection."""

from typing import TYPE_CHECKING, Protocol

from crawlers.recorder.egress import ConnectFailed

if TYPE_CHECKING:
    from crawlers.recorder.exchange_relay import ExchangeRelay


class ClientEvents(Protocol):
    """The engine's connection, as far as a relay needs it."""

    def deliver(self, data: bytes) -> None:
        """Send the engine what the site sent."""
        ...

    def pause_client(self, reason: str) -> None:
        """Read no more from the engine for now."""
        ...

    def resume_client(self, reason: str) -> None:
        """Read from the engine again."""
        ...

    def exchange_ended(self) -> None:
        """The engine's next request may be served."""
        ...

    def upstream_closed(self, relay: "ExchangeRelay", *, announced: bool, failure: ConnectFailed | None) -> None:
        """Nothing more comes from the site; ``failure`` where nothing could be asked at all."""
        ...
