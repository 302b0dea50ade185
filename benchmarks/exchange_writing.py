"""CPU of writing whole exchanges, response, request and facts: our spool beside warcio's WARCWriter as it comes.

Run: ``python -m benchmarks.exchange_writing [--json] [--rounds N]``. Ours is ``Spool.keep``: three records,
each a gzip member of its own, one write for all of them, and the index rows beside the file; digests are the
recorder's and counted here, too; ``signed`` does the same with the signatures of a harvest. warcio writes the
same three records and makes no index.
"""

import io
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.material import HTTP_FIELDS, REQUEST_FIELDS, exchange_of, page
from benchmarks.timing import Ratio, arguments, here, report, rounds_of
from crawlers.model.exchange import TlsFacts
from storage.signing import CrawlKey
from storage.spool.spool import Spool

CRAWL = "01JNKZ5V0000000000000000CR"
TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", (b"leaf" * 300, b"intermediate" * 100))
FACTS = {
    "kind": "exchange",
    "crawl_id": CRAWL,
    "page_id": "0001",
    "started_at": "2026-03-05T01:02:03.000004Z",
    "first_byte_at": "2026-03-05T01:02:03.000004Z",
    "ended_at": "2026-03-05T01:02:03.000004Z",
    "peer_ip": "192.0.2.1",
    "peer_port": 443,
    "tls": {"protocol": TLS.protocol, "cipher": TLS.cipher, "certificates": ["urn:x509:sha256:" + "0a" * 32] * 2},
}


def ours(bodies: Sequence[bytes], folder: Path, *, signed: bool = False) -> Callable[[], float]:
    def write() -> float:
        for left in folder.rglob(f"{CRAWL}*"):
            if left.is_file():
                left.unlink()
        key = CrawlKey(CrawlKey.new_secret()) if signed else None
        spool = Spool(folder, CRAWL, {"software": "benchmark"}, key=key)
        for number, body in enumerate(bodies):
            spool.keep(exchange_of(f"https://a.example/news/{number}.html", body, HTTP_FIELDS, TLS))
        spool.close()
        return len(bodies)

    return write


def by_warcio(bodies: Sequence[bytes], path: Path) -> Callable[[], float]:
    def write() -> float:
        with path.open("wb") as file:
            writer = WARCWriter(file, gzip=True, warc_version="1.1")
            for number, body in enumerate(bodies):
                url = f"https://a.example/news/{number}.html"
                fields = [*HTTP_FIELDS, ("Content-Length", str(len(body)))]
                answer = StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1")
                asked = StatusAndHeaders("GET / HTTP/1.1", list(REQUEST_FIELDS), is_http_request=True)
                response = writer.create_warc_record(
                    url, "response", payload=io.BytesIO(body), length=len(body), http_headers=answer
                )
                request = writer.create_warc_record(url, "request", http_headers=asked)
                writer.write_request_response_pair(request, response)
                facts = json.dumps(FACTS).encode()
                writer.write_record(
                    writer.create_warc_record(
                        url,
                        "metadata",
                        payload=io.BytesIO(facts),
                        length=len(facts),
                        warc_content_type="application/json",
                    )
                )
        return len(bodies)

    return write


def main() -> None:
    _, parse = arguments(__doc__, rounds=5)
    options = parse()
    for length, count in ((60_000, 200), (5_000, 1000)):
        bodies = [page(seed, length) for seed in range(count)]
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            ways = {
                "ours": here(ours(bodies, folder / "spool")),
                "signed": here(ours(bodies, folder / "signed", signed=True)),
                "warcio": here(by_warcio(bodies, folder / "other.warc.gz")),
            }
            taken = rounds_of(ways, options.rounds)
        title = f"Writing whole exchanges, {count} pages of {length} bytes"
        ratios = [Ratio("ours", "warcio", "cpu", None), Ratio("signed", "ours", "cpu", None)]
        report(title, "exchange", taken, ratios, as_json=options.json, scale="ms")


if __name__ == "__main__":
    main()
