"""What the recorder knows of a crawl in direct mode, whose browser speaks TLS with the sites itself.

Its tunnels keep here to which address each connection went, and why one was not opened. With that, what the
browser reports of an exchange (``BrowserExchange``) becomes an ``Exchange`` of the fidelity ``browser``, and a
request without an answer gets the recorder's reason, where it has one: the browser learns only that its tunnel
ended.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Note, NoteKind
from crawlers.model.exchange import Exchange, Fidelity, Message, TlsFacts, Truncation
from crawlers.recorder.egress import ConnectFailed
from crawlers.recorder.http_messages import RequestTarget, media_type_of
from processors.digest import sha256
from processors.http.head import read_head

DEFAULT_PORTS: Mapping[str, int] = {"http": 80, "https": 443}

Place = tuple[str, int]
Address = tuple[str | None, int]


class DirectRoutes:
    """The routes of one crawl; lives in the recorder's event loop."""

    def __init__(self) -> None:
        self._addresses: dict[tuple[str | None, Place], set[Address]] = {}
        self._failures: dict[Place, ConnectFailed] = {}

    def opened(self, page_id: str | None, target: RequestTarget, ip: str | None, port: int) -> None:
        """A tunnel for a page has reached this address."""
        self._addresses.setdefault((page_id, _place(target.host, target.port)), set()).add((ip, port))
        self._failures.pop(_place(target.host, target.port), None)

    def failed(self, target: RequestTarget, failure: ConnectFailed) -> None:
        """A tunnel was not opened."""
        self._failures[_place(target.host, target.port)] = failure

    def exchange(self, item: BrowserExchange, crawl_id: str) -> Exchange:
        """What the browser reports, as it is kept. The address is that of all tunnels of the page to that host,
        and unknown where they went to several.
        """
        place = _place_of(item.url)
        addresses = self._addresses.get((item.page_id, place), set())
        ip, port = next(iter(addresses)) if len(addresses) == 1 else (None, place[1])
        body = item.response_body
        return Exchange(
            crawl_id=crawl_id,
            page_id=item.page_id,
            url=item.url,
            request=_message(item.request_head, item.request_body, has_payload=bool(item.request_body)),
            response=_message(item.response_head, body or b"", has_payload=True),
            status=item.status,
            media_type=media_type_of(read_head(item.response_head)),
            content_encoding=None,
            protocol=item.protocol,
            started_at=item.started_at,
            first_byte_at=item.first_byte_at,
            ended_at=item.ended_at,
            peer_ip=ip,
            peer_port=port,
            tls=None if item.tls is None else TlsFacts(item.tls[0], item.tls[1], chain=()),
            truncated=Truncation.UNSPECIFIED if body is None else None,
            problem="; ".join(each for each in (item.body_missing, item.problem) if each is not None) or None,
            fidelity=Fidelity.BROWSER,
            left_out=item.left_out,
        )

    def note(self, item: Note) -> Note:
        """The note of the browser's, with the recorder's own reason where it knows why no answer came."""
        if item.kind is not NoteKind.NO_RESPONSE:
            return item
        failure = self._failures.get(_place_of(item.url))
        return item if failure is None else replace(item, outcome=failure.outcome, reason=failure.reason)


def _message(head: bytes, body: bytes, *, has_payload: bool) -> Message:
    return Message(
        block=head + body,
        head_length=len(head),
        block_digest=sha256(head + body),
        payload_digest=sha256(body) if has_payload else None,
        payload_length=len(body),
    )


def _place(host: str, port: int) -> Place:
    return host.lower().strip("[]"), port


def _place_of(url: str) -> Place:
    """Raises ``ValueError`` for a port that is none."""
    parts = urlsplit(url)
    return _place(parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 443))
