"""What the benchmarks work on: pages with Cyrillic text as news sites send them, pictures, a WARC of another tool.

Made from seeds, the same everywhere. A page is two fifths template (styles, scripts, navigation) and three fifths
text and pictures' addresses; words are drawn by rank (Zipf), so that a page deflates to about a quarter (zlib 6).
"""

import io
import itertools
import random
from functools import cache
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.model.exchange import Exchange, Message, TlsFacts
from processors.digest import sha256
from storage.spool.spool import utc_now

HTTP_FIELDS = (
    ("Date", "Mon, 02 Mar 2026 10:00:00 GMT"),
    ("Server", "nginx"),
    ("Content-Type", "text/html; charset=utf-8"),
    ("Connection", "keep-alive"),
    ("Cache-Control", "max-age=60"),
    ("X-Frame-Options", "SAMEORIGIN"),
)
REQUEST_FIELDS = (
    ("Host", "a.example"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "be,ru;q=0.8"),
    ("Accept-Encoding", "gzip, deflate, br"),
)
STYLES = "".join(
    f".c-{i}{{display:flex;margin:{i % 7}px {i % 13}px;padding:{i % 5}em;color:#{i * 7919 % 0xFFFFFF:06x}}}\n"
    for i in range(120)
)
SCRIPT = "".join(
    f"function f{i}(a,b){{var x=document.getElementById('el-{i}');if(x){{x.dataset.v=a+{i};}}return b*{i * 31}}}\n"
    for i in range(100)
)
SYLLABLES = [a + b for a in "бвгджзклмнпрстфхцч" for b in "аеёіоуыэюя"] + list("аеіоуяйўьш")


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """Words and their cumulative weights."""
    draw = random.Random(1)
    words = list(
        dict.fromkeys("".join(draw.choices(SYLLABLES, k=draw.choice((1, 2, 2, 3, 3, 4)))) for _ in range(60_000))
    )
    return words, list(itertools.accumulate(1 / (rank + 2.7) ** 1.02 for rank in range(len(words))))


def sentences(draw: random.Random, count: int) -> str:
    words, weights = vocabulary()
    drawn = draw.choices(words, cum_weights=weights, k=count)
    return " ".join(drawn).capitalize() + "."


def page(seed: int, length: int = 60_000) -> bytes:
    """One page of exactly ``length`` bytes."""
    draw = random.Random(seed)
    title = sentences(draw, 9)
    share = length / 60_000
    parts = [
        f"<!DOCTYPE html><html lang='be'><head><meta charset='utf-8'><title>{title}</title>"
        f"<meta property='og:title' content='{title}'><meta name='csrf' content='{draw.randbytes(16).hex()}'>"
        f"<style>{STYLES[: int(7000 * share)]}</style><script>{SCRIPT[: int(9000 * share)]}</script>"
        "</head><body><nav>",
        *(
            f"<li class='c-{i} menu-item'><a href='/section/{i}/news?utm_source=nav' "
            f"title='Раздзел {i}'>Раздзел {i}</a></li>"
            for i in range(int(40 * share))
        ),
        "</nav><main>",
    ]
    size = sum(len(part.encode()) for part in parts)
    for number in itertools.count():
        if size >= length:
            break
        part = (
            f"<p class='c-{number % 120} article__text' id='p{number}'>{sentences(draw, draw.randint(12, 60))}</p>"
            f"<figure><a href='/news/{seed}/{draw.randbytes(6).hex()}.html'>"
            f"<img src='https://cdn.example.test/{draw.randbytes(10).hex()}.jpg' width='640' height='360'></a>"
            "</figure>\n"
        )
        parts.append(part)
        size += len(part.encode())
    end = b"</main></body></html>"
    return "".join(parts).encode()[: length - len(end)] + end


@cache
def pages(count: int, length: int = 60_000) -> tuple[bytes, ...]:
    return tuple(page(seed, length) for seed in range(count))


def head_of(content: bytes, fields: tuple[tuple[str, str], ...] = HTTP_FIELDS) -> bytes:
    """The head of a response that carries the content."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(content)}\r\n\r\n".encode()


@cache
def request() -> Message:
    """What a browser sends."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in REQUEST_FIELDS)
    asked = f"GET / HTTP/1.1\r\n{lines}\r\n".encode()
    return Message(asked, len(asked), sha256(asked), None, 0)


def exchange_of(
    url: str, body: bytes, fields: tuple[tuple[str, str], ...] = HTTP_FIELDS, tls: TlsFacts | None = None
) -> Exchange:
    """What the recorder hands over for such a page, the digests of the response computed here as it does."""
    head = head_of(body, fields)
    block = head + body
    at = utc_now()
    return Exchange(
        crawl_id="c",
        page_id="0001",
        url=url,
        request=request(),
        response=Message(block, len(head), sha256(block), sha256(memoryview(block)[len(head) :]), len(body)),
        status=200,
        media_type=dict(fields)["Content-Type"].partition(";")[0],
        content_encoding=None,
        protocol="http/1.1",
        started_at=at,
        first_byte_at=at,
        ended_at=at,
        peer_ip="192.0.2.1",
        peer_port=443,
        tls=tls,
    )


def foreign_warc(path: Path, count: int, *, length: int = 60_000) -> int:
    """A file as warcio writes it: a response and its request for each page; returns the bytes of its pages."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "warcio"}))
        for number in range(count):
            content = page(number % 200, length)
            day = f"2026/03/{number % 28 + 1:02d}"
            url = f"https://www.news-{number % 7}.example/{day}/story-{number}.html?id={number}&utm_source=x"
            fields = [*HTTP_FIELDS, ("Content-Length", str(len(content)))]
            answer = StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1")
            response = writer.create_warc_record(
                url, "response", payload=io.BytesIO(content), length=len(content), http_headers=answer
            )
            asked = StatusAndHeaders(
                "GET / HTTP/1.1", [("Host", "news.example"), ("User-Agent", "x")], is_http_request=True
            )
            writer.write_request_response_pair(
                writer.create_warc_record(url, "request", http_headers=asked), response
            )
    return count * length
