"""Finds the videos of one page with yt-dlp and requests the best of each within the limits.

Out: a report (`report`) of what was found, what of it was taken, and why not the rest. Every byte is the
recorder's to keep: what arrives here is counted and thrown away. Nothing is put together, converted or renamed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from yt_dlp.networking.common import Request
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.utils import DownloadCancelled, DownloadError, UnsupportedError, YoutubeDLError
from yt_dlp.version import __version__

from crawlers.model.protocols import RateLimiter
from crawlers.recorder.proxy import RecorderAddress
from crawlers.video.players import PlayerPage
from crawlers.video.recorded_client import (
    MOST_SUBTITLES,
    OverLimit,
    RecordedYoutubeDL,
    Slots,
    is_generic,
    without_secrets,
)
from crawlers.video.report import MOST_CHARACTERS, MOST_INFO_BYTES, VideoOutcome, write_report
from crawlers.watchlist.source import VideoLimits

TOOL: Final = "yt-dlp"
OF_A_FORMAT: Final = (
    "format_id", "url", "manifest_url", "protocol", "ext", "width", "height", "vcodec", "acodec", "tbr",
)  # fmt: skip
FAILURES: Final = (YoutubeDLError, RequestError, OSError, ValueError, KeyError, TypeError, AttributeError)
"""What yt-dlp raises on a site that is not as it was when yt-dlp was written."""

LIVE: Final = "a broadcast that goes on, of which nothing is taken"
PLAYLIST: Final = "hls_media_playlist_data"
"""Where yt-dlp looks for a playlist before it requests it."""

MARKS_OF_ADVERTISING: Final = ("#UPLYNK-SEGMENT", "#ANVATO-SEGMENT-INFO")
"""Lines of a playlist after which yt-dlp may leave segments out (``is_ad_fragment_start`` in its ``hls.py``)."""

EXTINF: Final = re.compile(r"(?m)^#EXTINF:([0-9]+(?:\.[0-9]+)?)")
"""How long a segment of a playlist lasts, in seconds (RFC 8216, section 4.3.2.1)."""

MOST_WARNINGS: Final = 50
EVERY_PAGE: Final = "Falling back on generic information extractor"

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ADVICE = re.compile(r"\s*(; please report this issue on|\(caused by|Use --|You might want to|Try ).*", re.DOTALL)


class _Log:
    """Keeps the first warnings; yt-dlp raises its errors as well."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def debug(self, message: str) -> None:
        """Nothing is wrong."""

    def warning(self, message: str) -> None:
        """Something is, perhaps."""
        if len(self.warnings) < MOST_WARNINGS and EVERY_PAGE not in message:
            self.warnings.append(sentence(message))

    def error(self, message: str) -> None:
        """It is raised as well."""


class PageVideos:
    """The videos of one page. ``limiter`` is made in the thread in which its event loop runs."""

    def __init__(
        self,
        page: PlayerPage,
        *,
        recorder: RecorderAddress,
        user_agent: str,
        limits: VideoLimits,
        limiter: Callable[[], RateLimiter],
        scratch: Path,
        confined: bool,
    ) -> None:
        self._page = page
        self._limits = limits
        self._scratch = scratch
        self._log = _Log()
        self._ydl = RecordedYoutubeDL(
            page,
            recorder=recorder,
            user_agent=user_agent,
            limits=limits,
            slots=Slots(limiter),
            scratch=scratch,
            log=self._log,
        )
        self._over: str | None = None
        self._infos: list[dict[str, Any]] = []
        self._row: dict[str, Any] = {
            "tool": TOOL,
            "version": __version__,
            "confined": confined,
            "outcome": None,
            "reason": None,
            "found": 0,
            "found_more": False,
            "videos": [],
            "bytes": 0,
            "requests": 0,
            "last_url": None,
            "remarks": self._log.warnings,
            "info": self._infos,
        }

    def take(self) -> None:
        """Take what there is, and write what came of it."""
        self._write()
        try:
            for entry, extra in self._entries():
                self._row["found"] += 1
                self._take_entry(entry, extra)
        except UnsupportedError:
            pass  # the reader of any page found none
        except FAILURES as error:
            self._row["reason"] = reason_of(error)
        self._row["outcome"] = self._outcome()
        self._write()

    def _entries(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """What the page plays, each with what is true of all of it."""
        url = self._page.url
        if not is_generic(self._ydl, url):
            self._ydl.give_page = False  # a reader of the site itself may need what a browser does not show
        try:
            top = self._ydl.extract_info(url, download=False, process=False)
        except DownloadError as error:
            raise (error.exc_info or (None, None))[1] or error from error
        for _ in range(5):  # an address that leads to the reader of another site
            if top is None or top.get("_type") not in ("url", "url_transparent"):
                break
            top = self._ydl.extract_info(top["url"], download=False, process=False, ie_key=top.get("ie_key"))
        if top is None:
            return
        if top.get("_type") not in ("playlist", "multi_video"):
            yield top, {}
            return
        names = ("extractor", "extractor_key", "webpage_url", "webpage_url_basename", "webpage_url_domain")
        extra = {name: top[name] for name in names if name in top}
        entries = iter(top.get("entries") or ())
        for entry in islice(entries, self._limits.max_videos):
            if entry is not None:
                yield entry, extra
        if next(entries, None) is not None:
            self._row["found_more"] = True

    def _take_entry(self, entry: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """One video: the best of its formats within the limits, its subtitles and its picture."""
        row: dict[str, Any] = {
            "title": _text(entry.get("title")),
            "url": _text(entry.get("webpage_url") or entry.get("url")),
            "outcome": None,
            "reason": None,
            "duration_s": None,
            "formats_found": 0,
            "formats": [],
            "subtitles": [],
            "thumbnails": [],
        }
        self._row["videos"].append(row)
        try:
            self._take_video(self._ydl.process_ie_result(dict(entry), download=False, extra_info=dict(extra)), row)
        except OverLimit as error:
            self._over = str(error)
            row["reason"] = self._over
        except FAILURES as error:
            row["reason"] = reason_of(error)
        taken = [each["taken"] for each in row["formats"]]
        row["outcome"] = self._outcome_of(row, taken)
        self._write()

    def _take_video(self, info: Mapping[str, Any] | None, row: dict[str, Any]) -> None:
        if info is None:
            row["reason"] = "nothing that could be requested"
            return
        if info.get("_type") in ("playlist", "multi_video"):
            row["reason"] = "a list of further videos, which are not taken"
            return
        self._keep_info(info)
        row |= {
            "title": _text(info.get("title")),
            "url": _text(info.get("webpage_url")),
            "site": _text(info.get("extractor")),
            "id": _text(info.get("id")),
            "formats_found": len(info.get("formats") or ()),
        }
        formats: list[dict[str, Any]] = info.get("requested_formats") or [dict(info)]
        chosen = [dict(info) | each for each in formats]
        row["formats"] = [
            {name: each.get(name) for name in OF_A_FORMAT} | {"taken": False, "bytes": None} for each in chosen
        ]
        if info.get("is_live"):
            row["reason"] = LIVE
            return
        for each in chosen:
            if each.get("protocol") == "m3u8_native":
                self._read_playlist(each)
        if any(PLAYLIST in each and "#EXT-X-ENDLIST" not in each[PLAYLIST] for each in chosen):
            row["reason"] = LIVE
            return
        duration_s = row["duration_s"] = _duration_s(info, chosen)
        self._write()
        if duration_s is not None and duration_s > self._limits.max_duration_s:
            limit = f"the limit is {self._limits.max_duration_s:g} s"
            raise OverLimit(f"the video lasts {duration_s:g} s, and {limit}")
        self._take_beside(info, row)
        for number, (each, format_row) in enumerate(zip(chosen, row["formats"], strict=True)):
            before = self._ydl.budget.spent
            try:
                each.pop("requested_formats", None)
                format_row["taken"] = self._request(f"{number}", each)
            finally:
                format_row["bytes"] = self._ydl.budget.spent - before
            self._write()
        if not all(each["taken"] for each in row["formats"]):
            row["reason"] = "yt-dlp ended without these media and gave no reason"

    def _take_beside(self, info: Mapping[str, Any], row: dict[str, Any]) -> None:
        """Subtitles and preview picture, which cost little; what fails of them costs nothing else."""
        subtitles = info.get("requested_subtitles") or {}
        for language, each in islice(subtitles.items(), MOST_SUBTITLES):
            subtitle = dict(each) | {"http_headers": each.get("http_headers") or info.get("http_headers")}
            row["subtitles"].append(
                {"language": _text(language), "url": _text(each.get("url")), "ext": _text(each.get("ext"))}
                | self._beside(partial(self._request, "subtitle", subtitle, subtitle=True))
            )
        pictures = [each for each in info.get("thumbnails") or () if each.get("url")]
        for each in pictures[-1:]:
            row["thumbnails"].append({"url": _text(each["url"])} | self._beside(partial(self._read, each["url"])))

    def _beside(self, request: Callable[[], bool]) -> dict[str, Any]:
        try:
            return {"taken": request(), "reason": None}
        except OverLimit:
            raise
        except FAILURES as error:
            return {"taken": False, "reason": reason_of(error)}

    def _request(self, name: str, info: dict[str, Any], *, subtitle: bool = False) -> bool:
        """Have yt-dlp request a file, or a manifest with its segments; what it writes is thrown away."""
        path = self._scratch / "media" / name
        path.parent.mkdir(exist_ok=True)
        try:
            done, _ = self._ydl.dl(str(path), info, subtitle=subtitle)
            return bool(done)
        finally:
            for left in path.parent.iterdir():
                left.unlink(missing_ok=True)

    def _read(self, url: str) -> bool:
        with self._ydl.urlopen(url) as response:
            response.read()
        return True

    def _read_playlist(self, stream: dict[str, Any]) -> None:
        """Request the playlist of a stream once, so that its length is known before its segments are requested."""
        with self._ydl.urlopen(Request(stream["url"], headers=stream.get("http_headers") or {})) as response:
            stream[PLAYLIST] = _with_every_segment(response.read().decode("utf-8", "replace"))
            stream["url"] = response.url

    def _keep_info(self, info: Mapping[str, Any]) -> None:
        row = without_secrets(info)
        length = sum(len(json.dumps(each)) for each in (*self._infos, row))
        if length > MOST_INFO_BYTES:
            row = {"left_out": f"{length} bytes, more than {MOST_INFO_BYTES} that are kept"}
        self._infos.append(row)

    def _outcome_of(self, row: Mapping[str, Any], taken: list[bool]) -> VideoOutcome:
        if taken and all(taken) and row["reason"] is None:
            return VideoOutcome.TAKEN
        if any(taken):
            return VideoOutcome.PART
        return VideoOutcome.OVER_LIMIT if row["reason"] == self._over else VideoOutcome.FAILED

    def _outcome(self) -> VideoOutcome:
        """Of the page: that of its videos where they agree."""
        videos = self._row["videos"]
        outcomes = {each["outcome"] for each in videos}
        if not outcomes:
            return VideoOutcome.NONE if self._row["reason"] is None else VideoOutcome.FAILED
        if self._row["reason"] is None:
            self._row["reason"] = next((each["reason"] for each in videos if each["reason"] is not None), None)
        if self._row["found_more"] and self._row["reason"] is None:
            self._row["reason"] = f"the page has more than {self._limits.max_videos} videos, which is the limit"
        if outcomes == {VideoOutcome.TAKEN}:
            whole = self._row["reason"] is None
            return VideoOutcome.TAKEN if whole else VideoOutcome.PART
        if outcomes & {VideoOutcome.TAKEN, VideoOutcome.PART}:
            return VideoOutcome.PART
        return VideoOutcome.OVER_LIMIT if outcomes == {VideoOutcome.OVER_LIMIT} else VideoOutcome.FAILED

    def _write(self) -> None:
        budget = self._ydl.budget
        self._row |= {"bytes": budget.spent, "requests": self._ydl.requests, "last_url": self._ydl.last_url}
        write_report(self._scratch, self._row)


def _with_every_segment(playlist: str) -> str:
    """The playlist without the marks that have yt-dlp leave segments out, so that each of them is requested."""
    lines = playlist.splitlines()  # as yt-dlp does
    return "\n".join(each for each in lines if not each.strip().startswith(MARKS_OF_ADVERTISING))


def reason_of(error: BaseException) -> str:
    """What went wrong, as one sentence without yt-dlp's advice to its users."""
    if isinstance(error, DownloadError) and error.exc_info and error.exc_info[1] is not None:
        return reason_of(error.exc_info[1])
    if isinstance(error, DownloadCancelled):
        return sentence(str(error))
    text = getattr(error, "orig_msg", None) or str(error) or type(error).__name__
    return sentence(
        text if isinstance(error, YoutubeDLError | RequestError) else f"{type(error).__name__}: {text}"
    )


def sentence(text: str) -> str:
    """A message of yt-dlp's on one line, as long as is shown."""
    plain = COLOUR.sub("", text).removeprefix("ERROR: ").removeprefix("WARNING: ")
    return " ".join(ADVICE.sub("", plain).split())[:MOST_CHARACTERS]


def _duration_s(info: Mapping[str, Any], chosen: list[dict[str, Any]]) -> float | None:
    """How long the video lasts: as its page says, or by the lengths of its segments; None where neither does."""
    if isinstance(info.get("duration"), int | float):
        return float(info["duration"])
    for each in chosen:
        fragments = each.get("fragments")
        parts = fragments if isinstance(fragments, list) else []
        lengths = [part["duration"] for part in parts if isinstance(part.get("duration"), int | float)]
        lengths = lengths or [float(found) for found in EXTINF.findall(each.get(PLAYLIST) or "")]
        if lengths:
            return float(sum(lengths))
    return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:MOST_CHARACTERS]
