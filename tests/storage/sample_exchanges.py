"""Exchanges to write, and a look into the files they are written to."""

from datetime import UTC, datetime
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from crawlers.model.exchange import Exchange, Message, TlsFacts
from processors.digest import sha256
from storage.warc.reader import WarcReader

CRAWL = "01JNKZ5V0000000000000000CR"
AT = datetime(2026, 3, 5, 1, 2, 3, 4, tzinfo=UTC)
FACTS = {"software": "letapis/0.1.0"}
TLS = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", (b"leaf", b"root"))


def exchange(payload: bytes, *, media_type: str = "text/html") -> Exchange:
    block = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(payload), payload)
    asked = b"GET / HTTP/1.1\r\n\r\n"
    return Exchange(
        crawl_id=CRAWL,
        page_id="p",
        url="https://a.example/",
        request=Message(asked, len(asked), sha256(asked), None, 0),
        response=Message(block, len(block) - len(payload), sha256(block), sha256(payload), len(payload)),
        status=200,
        media_type=media_type,
        content_encoding=None,
        protocol="http/1.1",
        started_at=AT,
        first_byte_at=AT,
        ended_at=AT,
        peer_ip="192.0.2.1",
        peer_port=443,
        tls=TLS,
    )


def types_in(path: Path) -> list[str]:
    with path.open("rb") as stream:
        return [record.rec_type for record in ArchiveIterator(stream)]


def records_in(path: Path) -> list[tuple[str, bytes]]:
    """By a reader of our own that is strict: type and block of every record."""
    records = []
    with path.open("rb") as stream:
        reader = WarcReader(stream, path.name)
        while (head := reader.next_record()) is not None:
            records.append((head.record_type, b"".join(reader.block())))
            reader.end_record()
    return records
