"""What a tab reports of its requests besides their entities: fields as sent and as received, protocol, TLS, time.

In: a session of the tab (CDP). Out: ``Seen`` by request and hop, since a request that is redirected keeps its
name. Requests of other processes (frames of other sites, workers) are not reported here: of those nothing is known
but what the browser as a whole says. Source: Chrome DevTools Protocol, domain Network.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from playwright.async_api import CDPSession

REPORT_S: Final = 2.0
"""How long the report of a response is waited for, which comes after its entity."""


@dataclass(frozen=True, slots=True)
class ReceivedFields:
    """Fields of a response; ``text`` is the whole head as received, which there is of HTTP/1 alone."""

    fields: Mapping[str, str]
    text: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one hop; None is what was not reported. ``tls`` is version and cipher."""

    request: Mapping[str, str] | None = None
    response: ReceivedFields | None = None
    protocol: str = ""
    tls: tuple[str, str] | None = None
    started_at: datetime | None = None


@dataclass(slots=True)
class _Request:
    hops: int = 0
    started: list[datetime] = field(default_factory=list)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    received: list[ReceivedFields] = field(default_factory=list)
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class NetworkEvents:
    """Listens to a tab."""

    def __init__(self) -> None:
        self._requests: dict[str, _Request] = {}

    async def listen(self, session: CDPSession) -> None:
        """Listen from now on; raises Playwright's ``Error``."""
        session.on("Network.requestWillBeSent", self._on_request)
        session.on("Network.requestWillBeSentExtraInfo", self._on_sent)
        session.on("Network.responseReceivedExtraInfo", self._on_received)
        session.on("Network.responseReceived", self._on_response)
        session.on("Network.loadingFailed", self._on_failed)
        await session.send("Network.enable")

    def next_hop(self, network_id: str) -> int:
        """The number of the hop that is answered now, from 0."""
        request = self._of(network_id)
        request.hops += 1
        return request.hops - 1

    async def is_from_cache(self, network_id: str, hop: int) -> bool:
        """Whether the browser itself held the response: then the exchange was taken before. Waits for its report.

        A redirect is reported with the next request, and no such answer of requests that other processes make.
        """
        request = self._of(network_id)
        if not request.started:
            return False
        if len(request.answers) <= hop:
            try:
                async with asyncio.timeout(REPORT_S):
                    await request.answered.wait()
            except TimeoutError:
                return False
        answer = request.answers[hop] if hop < len(request.answers) else {}
        return _from_cache(answer)

    def seen(self, network_id: str, hop: int) -> Seen:
        """What was reported of this hop until now."""
        request = self._of(network_id)
        answer = request.answers[hop] if hop < len(request.answers) else {}
        # of what came from a cache no fields are reported, and those of later hops would be taken for another's
        in_step = not any(_from_cache(each) for each in request.answers[: hop + 1])
        received = _at(request.received, hop) if in_step else None
        details = answer.get("securityDetails")
        protocol = str(answer.get("protocol") or "").lower()
        if not protocol and received is not None and received.text is not None:
            protocol = received.text.split(maxsplit=1)[0].lower()
        return Seen(
            request=_at(request.sent, hop) if in_step else None,
            response=received,
            protocol=protocol,
            tls=None if details is None else (_tls_version(details["protocol"]), str(details["cipher"])),
            started_at=_at(request.started, hop),
        )

    def _of(self, network_id: str) -> _Request:
        return self._requests.setdefault(network_id, _Request())

    def _on_request(self, event: Mapping[str, Any]) -> None:
        request = self._of(event["requestId"])
        if event.get("redirectResponse") is not None:
            request.answers.append(event["redirectResponse"])
            request.answered.set()
            request.answered = asyncio.Event()
        request.started.append(datetime.fromtimestamp(event["wallTime"], UTC))

    def _on_sent(self, event: Mapping[str, Any]) -> None:
        self._of(event["requestId"]).sent.append(event["headers"])

    def _on_received(self, event: Mapping[str, Any]) -> None:
        received = ReceivedFields(event["headers"], event.get("headersText"))
        self._of(event["requestId"]).received.append(received)

    def _on_response(self, event: Mapping[str, Any]) -> None:
        request = self._of(event["requestId"])
        request.answers.append(event["response"])
        request.answered.set()

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self._of(event["requestId"]).answered.set()


def _at(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else None


def _from_cache(answer: Mapping[str, Any]) -> bool:
    return bool(answer.get("fromDiskCache") or answer.get("fromPrefetchCache"))


def _tls_version(name: str) -> str:
    """``TLS 1.3`` as the library of the recorder writes it: ``TLSv1.3``."""
    return name.replace("TLS ", "TLSv")
