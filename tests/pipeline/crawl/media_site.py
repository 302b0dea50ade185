"""An invented site with players, on raw sockets: what it sent is what a WARC file has to hold."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import Source, VideoLimits
from processors.media.ffmpeg import program
from tests.crawlers.recorder.origin_server import Handler, Origin, answer

HOST = "https://stuzhka.example"
PAGE = "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
TEXT = "<p>" + "Рака выйшла з берагоў каля вёскі Прыклад, дарогу перакрылі. " * 8 + "</p>"
SUBTITLES = b"WEBVTT\n\n00:00.000 --> 00:01.000\nRaka vyjshla z berahou.\n"


def film(folder: Path, name: str, *options: str) -> bytes:
    """Two seconds of a moving picture with a tone."""
    path = folder / name
    picture, tone = ("testsrc=size=64x48:rate=10:duration=2", "sine=frequency=440:duration=2")
    made = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-pix_fmt", "yuv420p", "-g", "10")
    subprocess.run([program(), "-v", "error", *made, *options, str(path)], check=True)
    return path.read_bytes()


def body(content: bytes, media_type: str, status: str = "200 OK") -> Handler:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    return answer(head.encode() + content, keep=False)


def page(title: str, content: str) -> Handler:
    whole = PAGE.format(title=title, body=TEXT + content).encode()
    return body(whole, "text/html; charset=utf-8")


@dataclass(frozen=True)
class MediaSite:
    """``authority`` is whom to trust for its certificate."""

    origin: Origin
    authority: Path
    folder: Path

    def source(self, *paths: str, **limits: float) -> Source:
        video = VideoLimits(**limits)  # type: ignore[arg-type]  # plain numbers, as a watch-list has them
        urls = tuple(f"{HOST}{path}" for path in paths)
        return Source(
            id="stuzhka", kind="page", pages=urls, follow="nothing", delay_s=0.0, robots="ignore", video=video
        )

    @property
    def requested(self) -> list[str]:
        return [each.path for each in self.origin.log]


def sent_and_kept(origin: Origin, report: CrawlReport) -> tuple[dict[str, list[bytes]], dict[str, list[bytes]]]:
    """By path: whole answers of the server, and whole blocks of responses in the WARC files."""
    kept: dict[str, list[bytes]] = {}
    for file in report.files:
        for path, block in blocks(file.path):
            kept.setdefault(path, []).append(block)
    sent: dict[str, list[bytes]] = {}
    for each in origin.log:
        sent.setdefault(each.path, []).append(bytes(each.sent))
    return sent, kept


def blocks(path: Path) -> Iterator[tuple[str, bytes]]:
    """Path and block of each response of a WARC file."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            if record.rec_type == "response":
                url = record.rec_headers.get_header("WARC-Target-URI")
                yield url.removeprefix(HOST), record.raw_stream.read()


@contextmanager
def media_site(folder: Path) -> Iterator[MediaSite]:
    """The site, until the end."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("stuzhka.example").configure_cert(context)
    pem = folder / "site-authority.pem"
    authority.cert_pem.write_to_path(str(pem))
    origin = Origin(context)
    handlers = origin.handlers
    mp4 = film(folder, "film.mp4", "-movflags", "faststart")
    handlers["/favicon.ico"] = body(b"", "text/plain", "404 Not Found")
    handlers["/film.mp4"] = body(mp4, "video/mp4")
    handlers["/subtitles.vtt"] = body(SUBTITLES, "text/vtt")
    handlers["/poster.jpg"] = body(b"\xff\xd8\xff\xe0 a preview picture", "image/jpeg")
    film(folder, "media.m3u8", "-hls_time", "1", "-hls_list_size", "0", "-f", "hls")
    for each in ("media.m3u8", *(path.name for path in folder.glob("media*.ts"))):
        media_type = "video/mp2t" if each.endswith(".ts") else "application/vnd.apple.mpegurl"
        handlers[f"/hls/{each}"] = body((folder / each).read_bytes(), media_type)
    master = (
        "#EXTM3U\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=3840x2160\nhuge.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=64x48\nmedia.m3u8\n"
    )
    handlers["/hls/master.m3u8"] = body(master.encode(), "application/vnd.apple.mpegurl")
    dash = folder / "dash"
    dash.mkdir()
    film(dash, "manifest.mpd", "-f", "dash", "-seg_duration", "1")
    for path in dash.iterdir():
        media_type = "application/dash+xml" if path.suffix == ".mpd" else "video/mp4"
        handlers[f"/dash/{path.name}"] = body(path.read_bytes(), media_type)
    player = (
        '<video controls poster="/poster.jpg"><source src="{}" type="{}">'
        '<track kind="subtitles" srclang="be" src="/subtitles.vtt"></video>'
    )
    handlers["/flood"] = page("Flood", player.format("/film.mp4", "video/mp4"))
    handlers["/stream"] = page("Stream", player.format("/hls/master.m3u8", "application/x-mpegURL"))
    handlers["/dash"] = page("Dash", player.format("/dash/manifest.mpd", "application/dash+xml"))
    handlers["/long"] = page("Long", player.format("/long.mp4", "video/mp4"))
    handlers["/long.mp4"] = body(mp4 + bytes(1_500_000), "video/mp4")
    handlers["/words"] = page("Words alone", "")
    try:
        yield MediaSite(origin, pem, folder)
    finally:
        origin.close()
