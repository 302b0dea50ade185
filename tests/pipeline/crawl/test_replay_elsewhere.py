"""What our crawls keep replays in another program: pywb, in an environment of its own, over our own WARC files."""

import gzip
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Final

import pytest
from warcio.archiveiterator import ArchiveIterator

from benchmarks.peer_environments import programs_of
from crawlers.watchlist.source import source_for_urls
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl import job_for, run_crawl
from pipeline.devstack.ports import free_ports
from samples.sites import SampleSites

PAGES: Final = (
    "https://t.me/s/pryklad_vestki",
    "https://vesnik.pryklad.example/",
    "https://vesnik.pryklad.example/naviny/biudzet/",
    "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1",
    "https://sud.pryklad.example/rasklad/",
)
UNREACHABLE: Final = "http://nowhere.invalid:1/"
"""No resolver knows .invalid (RFC 6761)."""
STARTS_WITHIN_S: Final = 120.0


@pytest.fixture(scope="module")
def pywb() -> Path:
    """Its programs; made once, since it needs older versions than ours of what both use."""
    return programs_of("pywb", ROOT / ".venv" / "peers")


@pytest.fixture(scope="module")
def warcs(sample_sites: SampleSites, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The WARC files of a crawl of some sample pages."""
    source = replace(source_for_urls((*PAGES, UNREACHABLE), follow="nothing"), delay_s=0.0)
    job = job_for(
        source,
        user_agent=Settings().user_agent,
        collector="collector-1",
        upstream_ca=sample_sites.authority,
        allow_addresses=("127.0.0.0/8",),
        connect_to=("nowhere.invalid:1:nowhere.invalid:1", sample_sites.connect_to),
    )
    report = run_crawl(job, tmp_path_factory.mktemp("spool"))
    return tuple(file.path for file in report.files)


@pytest.fixture(scope="module")
def replay(pywb: Path, warcs: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """pywb over a collection with these files, as its manual makes one; its address."""
    folder = tmp_path_factory.mktemp("pywb")
    for arguments in (("init", "crawl"), ("add", "crawl", *map(str, warcs))):
        subprocess.run([pywb / "wb-manager", *arguments], cwd=folder, check=True, capture_output=True)
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [pywb / "wayback", "-p", str(port), "-b", "127.0.0.1"], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}/crawl"
    finally:
        server.terminate()
        server.wait(timeout=60)


@dataclass(frozen=True)
class Kept:
    """A response as our file has it: its moment as addresses of replay have it, and its body without encodings."""

    at: str
    status: int
    media_type: str
    body: bytes


@pytest.fixture(scope="module")
def kept(warcs: tuple[Path, ...]) -> dict[str, Kept]:
    found: dict[str, Kept] = {}
    for path in warcs:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "response":
                    at = re.sub(r"\D", "", record.rec_headers.get_header("WARC-Date")[:19])
                    media_type = record.http_headers.get_header("Content-Type").partition(";")[0]
                    status = int(record.http_headers.get_statuscode())
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    found[url] = Kept(at, status, media_type, record.content_stream().read())
    return found


def get(url: str) -> tuple[int, str, bytes]:
    """Status, media type and body of an answer, asked for until the server listens."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.status, answer.headers.get_content_type(), plain(answer.read(), answer.headers)
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers.get_content_type(), refused.read()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def plain(body: bytes, headers: Message) -> bytes:
    return gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body


@pytest.mark.parametrize("url", PAGES)
def test_a_captured_page_is_replayed_as_it_was(url: str, replay: str, kept: dict[str, Kept]) -> None:
    page = kept[url]
    assert (page.status, page.media_type) == (200, "text/html")

    assert get(f"{replay}/{page.at}id_/{url}") == (200, "text/html", page.body)

    status, media_type, shown = get(f"{replay}/{page.at}mp_/{url}")
    said = re.findall(rb">([^<>]{15,})</(?!script|style)", page.body)
    assert (status, media_type, len(said) > 3) == (200, "text/html", True)
    assert [words for words in said if words not in shown] == []


def test_what_was_never_answered_has_nothing_to_show(replay: str, warcs: tuple[Path, ...]) -> None:
    assert any(UNREACHABLE.encode() in gzip.decompress(path.read_bytes()) for path in warcs)

    status, _, shown = get(f"{replay}/mp_/{UNREACHABLE}")

    assert status == 404
    assert b"no_response" not in shown
