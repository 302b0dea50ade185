"""What a conversation with a site tells the engine's end of it."""

from typing import TYPE_CHECKING, Protocol

from crawlers.recorder.egress import ConnectFailed

if TYPE_CHECKING:
    from crawlers.recorder.exchange_relay import ExchangeRelay


class EngineEvents(Protocol):
    """The engine's end, as far as a conversation needs it."""

    def deliver(self, data: bytes) -> None:
        """Send the engine what the site sent."""
        ...

    def hold_engine(self, why: str) -> None:
        """Read no more from the engine for now."""
        ...

    def engine_may_go_on(self, why: str) -> None:
        """Read from the engine again."""
        ...

    def exchange_over(self) -> None:
        """The engine's next request may be served."""
        ...

    def site_gone(self, conversation: "ExchangeRelay", *, said: bool, failure: ConnectFailed | None) -> None:
        """Nothing more comes from the site; ``failure`` where nothing could be asked at all."""
        ...
