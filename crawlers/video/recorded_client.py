"""yt-dlp with one way out: plain HTTP and HTTPS through the recorder, each request with a slot at its host.

Its own settings, plug-ins, cookies of a browser, external programs and updates are off. Raises ``OverLimit`` where
the bytes of a page come to more than was agreed, as yt-dlp's own kinds of errors otherwise.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from yt_dlp import YoutubeDL
from yt_dlp.networking._urllib import UrllibResponseAdapter, UrllibRH
from yt_dlp.networking.common import Request, Response
from yt_dlp.networking.exceptions import HTTPError, RequestError
from yt_dlp.utils import DownloadCancelled
from yt_dlp.utils.networking import HTTPHeaderDict

from crawlers.http_client import FetchFailed
from crawlers.model.protocols import RateLimiter
from crawlers.rate_limit.retry_after import LONGEST_HOLD_S, retry_after_s
from crawlers.recorder.proxy import RecorderAddress
from crawlers.video.players import PlayerPage
from crawlers.watchlist.source import VideoLimits
from processors.urls import host_of

READ_BYTES: Final = 1 << 16
BACKOFF_STATUSES: Final = frozenset({429, 503})
USUAL_BACKOFF_S: Final = 30.0
"""How long a host that says that it is asked too much is left alone where it does not say for how long."""

MOST_SUBTITLES: Final = 40


class OverLimit(DownloadCancelled):  # type: ignore[misc]  # yt-dlp has no types
    """The media of the page come to more bytes than its limits let it; the text says so."""


class Slots:
    """The crawl's rate limiter for a program that knows no event loop: a loop in a thread of its own."""

    def __init__(self, limiter: Callable[[], RateLimiter]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._limiter = self._wait(self._made(limiter))

    @contextmanager
    def slot(self, host: str) -> Iterator[None]:
        """Wait for a slot at the host and keep it; raises what the limiter raises."""
        taken = self._limiter.slot(host)
        self._wait(taken.__aenter__())
        try:
            yield
        finally:
            self._wait(taken.__aexit__(None, None, None))

    def back_off(self, host: str, seconds: float) -> None:
        """Have nothing sent to the host for so many seconds."""
        self._loop.call_soon_threadsafe(self._limiter.back_off, host, seconds)

    @staticmethod
    async def _made(limiter: Callable[[], RateLimiter]) -> RateLimiter:
        return limiter()

    def _wait(self, waiting: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(waiting, self._loop).result()


class ByteBudget:
    """How many bytes of a page's media may still come; ``spent`` are those that have."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.spent = 0

    def spend(self, length_bytes: int) -> None:
        """Count bytes that have come; raises ``OverLimit``."""
        self.spent += length_bytes
        if self.spent > self._most_bytes:
            raise OverLimit(f"the limit of {self._most_bytes / 1e6:g} MB for the media of a page was reached")

    def announce(self, length_bytes: int) -> None:
        """Raise ``OverLimit`` where an answer of this length is more than is left."""
        if self.spent + length_bytes > self._most_bytes:
            raise OverLimit(
                f"{length_bytes / 1e6:.1f} MB were announced, and the media of a page may come to "
                f"{self._most_bytes / 1e6:g} MB"
            )


class MeteredResponse(UrllibResponseAdapter):  # type: ignore[misc]  # yt-dlp has no types
    """A response whose bytes are counted as they are read."""

    def __init__(self, response: UrllibResponseAdapter, budget: ByteBudget) -> None:
        super().__init__(response.fp)
        self._whole = response  # it closes what it reads from when nothing refers to it
        self._budget = budget

    def read(self, amt: int | None = None) -> bytes:
        """The next bytes, or all that are left."""
        if amt is not None:
            piece: bytes = super().read(amt)
            self._budget.spend(len(piece))
            return piece
        whole = bytearray()
        while not self.closed and (piece := super().read(READ_BYTES)):
            self._budget.spend(len(piece))
            whole += piece
        return bytes(whole)


class MeteredRH(UrllibRH):  # type: ignore[misc]  # yt-dlp has no types
    """The one handler of requests. yt-dlp makes it; ``budget`` is set right after."""

    budget: ByteBudget

    def _send(self, request: Any) -> MeteredResponse:
        return MeteredResponse(super()._send(request), self.budget)


class RecordedYoutubeDL(YoutubeDL):  # type: ignore[misc]  # yt-dlp has no types
    """yt-dlp for one page. ``scratch`` is a folder of its own, which holds the media while they come.

    ``give_page``: the first request for the page itself is answered with the page as it was captured.
    """

    def __init__(
        self,
        page: PlayerPage,
        *,
        recorder: RecorderAddress,
        user_agent: str,
        limits: VideoLimits,
        slots: Slots,
        scratch: Path,
        log: Any,
    ) -> None:
        self.budget = ByteBudget(limits.max_mb * 1_000_000)
        self.requests = 0
        self.last_url: str | None = None
        self._page = page
        self._slots = slots
        self.give_page = page.body is not None
        super().__init__(options(page, recorder=recorder, limits=limits, scratch=scratch, log=log))
        # Not by its parameters, which add headers that no visitor of the page sends.
        self.params["http_headers"] = HTTPHeaderDict({"User-Agent": user_agent, "Accept": "*/*"})

    def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
        """One handler, whatever others are installed: they know ways out of their own."""
        director = super().build_request_director([MeteredRH])
        for handler in director.handlers.values():
            handler.budget = self.budget
        return director

    def urlopen(self, req: Any) -> Any:
        """Request something, once a slot is free; the page itself is given as it was captured."""
        request = req if isinstance(req, Request) else Request(getattr(req, "full_url", req))
        scheme = urlsplit(request.url).scheme.lower()
        if scheme not in ("http", "https"):
            raise RequestError(f"only http and https are requested, found {scheme}:")
        if self.give_page and request.method == "GET" and request.url == self._page.url:
            self.give_page = False
            content_type = {"Content-Type": self._page.content_type}
            return Response(BytesIO(self._page.body or b""), self._page.url, content_type)
        request.proxies = {}
        host = host_of(request.url)
        self.requests += 1
        self.last_url = request.url
        try:
            with self._slots.slot(host):
                response = super().urlopen(request)
        except FetchFailed as no_slot:
            raise RequestError(no_slot.reason) from no_slot
        except HTTPError as error:
            if error.status in BACKOFF_STATUSES:
                self._slots.back_off(host, _requested_pause_s(error.response))
            raise
        length = response.get_header("Content-Length")
        if request.method != "HEAD" and length is not None and length.isdecimal():
            try:
                self.budget.announce(int(length))
            except OverLimit:
                response.close()
                raise
        return response


def options(
    page: PlayerPage, *, recorder: RecorderAddress, limits: VideoLimits, scratch: Path, log: Any
) -> dict[str, Any]:
    """The options of yt-dlp; what is off here is off whatever the machine has installed."""
    lines, most = f"[height<=?{limits.max_height}]", f"[filesize<=?{limits.max_mb * 1_000_000}]"
    return {
        "proxy": f"http://{page.page_id}:{recorder.password}@{recorder.host}:{recorder.port}",
        "compat_opts": {"no-certifi"},  # the crawl's authority alone, by SSL_CERT_FILE
        "format": f"bv*{lines}{most}+ba{most}/b{lines}{most}/bv*{lines}{most}/ba{most}",
        "playlist_items": f"1:{limits.max_videos}",
        "noplaylist": True,
        "writesubtitles": True,
        "subtitleslangs": ["all", "-live_chat"],
        "paths": {"home": str(scratch), "temp": str(scratch)},
        "cachedir": False,
        "socket_timeout": 60.0,
        "retries": 2,
        "fragment_retries": 2,
        "extractor_retries": 1,
        "file_access_retries": 0,
        "skip_unavailable_fragments": False,
        "geo_bypass": False,  # it would say an address to the site that is not ours
        "fixup": "never",
        "hls_prefer_native": True,
        "ffmpeg_location": "/nonexistent",
        "js_runtimes": {},
        "remote_components": (),
        "updatetime": False,
        "nopart": True,
        "continuedl": False,
        "overwrites": True,
        "quiet": True,
        "no_warnings": False,
        "noprogress": True,
        "color": "never",
        "logger": log,
    }


def is_generic(ydl: Any, url: str) -> bool:
    """Whether no reader of the site itself is there, so that the page is read as any page is."""
    return next((key for key, each in ydl._ies.items() if each.suitable(url)), "Generic") == "Generic"


def _requested_pause_s(response: Any) -> float:
    requested = retry_after_s(response.get_header("Retry-After") or "", datetime.now(UTC))
    return USUAL_BACKOFF_S if requested is None else min(requested, LONGEST_HOLD_S)


def without_secrets(info: Mapping[str, Any]) -> dict[str, Any]:
    """What yt-dlp says of a video, JSON-ready, without its own notes and what its cookie jar held."""
    row: dict[str, Any] = YoutubeDL.sanitize_info(dict(info), remove_private_keys=True)
    for each in (row, *(row.get("formats") or ()), *(row.get("requested_formats") or ())):
        each.pop("cookies", None)
    return row
