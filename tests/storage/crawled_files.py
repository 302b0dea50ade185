"""WARC files as a crawl of ours leaves them in the spool, with invented pages."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulid import ULID

from crawlers.model.capture import Captured, Note, NoteKind
from crawlers.model.exchange import Exchange, Message
from crawlers.model.json_form import to_json
from crawlers.watchlist.source import Source
from processors.digest import sha256
from processors.http.message import parse_response
from processors.pages.outcome import Outcome
from storage.archive import Archive
from storage.ledger.crawl_facts import begin_collection
from storage.signing import CrawlKey
from storage.spool.spool import Spool

NIGHT = datetime(2026, 11, 20, 21, 0, 0, 123456, UTC)
KANAL = Source(id="kanal", kind="telegram", channel="kanal")
HTML = "text/html; charset=utf-8"


def response(body: bytes, media_type: str = HTML, *, status: str = "200 OK", headers: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + headers + b"\r\n" + body


def exchange(url: str, block: bytes, *, at: datetime = NIGHT, crawl_id: str = "", page_id: str = "1") -> Exchange:
    """The exchange that a server's bytes make."""
    read = parse_response(block)
    request = f"GET {url} HTTP/1.1\r\n\r\n".encode()
    media_type = next((value for name, value in read.headers if name.lower() == "content-type"), None)
    return Exchange(
        crawl_id=crawl_id,
        page_id=page_id,
        url=url,
        request=Message(request, len(request), sha256(request), None, 0),
        response=Message(
            block, read.head_length, sha256(block), sha256(read.body) if read.body else None, len(read.body)
        ),
        status=read.status,
        media_type=None if media_type is None else media_type.partition(";")[0],
        content_encoding=None,
        protocol="http/1.1",
        started_at=at,
        first_byte_at=at + timedelta(milliseconds=20),
        ended_at=at + timedelta(milliseconds=30),
        peer_ip="127.0.0.1",
        peer_port=443,
    )


def no_answer(url: str, *, at: datetime = NIGHT) -> Note:
    """A request that nobody answered."""
    return Note(
        kind=NoteKind.NO_RESPONSE,
        page_id="1",
        url=url,
        at=at,
        reason="the connection was refused",
        outcome=Outcome.UNREACHABLE,
    )


def key_in_custody(archive: Archive, crawl_id: str, source: Source = KANAL) -> CrawlKey:
    """A key for a crawl that begins now; custody names its public half, as of every crawl of a harvest."""
    key = CrawlKey(CrawlKey.new_secret())
    begin_collection(
        archive, crawl_id=crawl_id, source_id=source.id, actor="collector-1", facts={}, signing_key=key.public
    )
    return key


def signed_crawl(archive: Archive, spool_dir: Path, items: Sequence[Captured], *, source: Source = KANAL) -> Path:
    """One file of a crawl as a harvest leaves it: signed by the key that custody names."""
    crawl_id = str(ULID())
    key = key_in_custody(archive, crawl_id, source)
    (path,) = crawl(spool_dir, items, source=source, crawl_id=crawl_id, key=key)
    return path


def crawl(
    spool_dir: Path,
    items: Sequence[Captured],
    *,
    source: Source = KANAL,
    crawl_id: str | None = None,
    key: CrawlKey | None = None,
) -> tuple[Path, ...]:
    """Write the items as one crawl and close it; without a key as `letapis crawl` does, which signs nothing."""
    declared = json.dumps(to_json(source), ensure_ascii=False)
    facts = {"software": "letapis/0.1.0", "source": declared}
    spool = Spool(spool_dir, crawl_id or str(ULID()), facts, key=key)
    for item in items:
        spool.keep(item)
    return tuple(closed.path for closed in spool.close())


def crawl_one(
    spool_dir: Path, items: Sequence[Captured], *, source: Source = KANAL, crawl_id: str | None = None
) -> Path:
    """The same where all fits one file."""
    (path,) = crawl(spool_dir, items, source=source, crawl_id=crawl_id)
    return path
