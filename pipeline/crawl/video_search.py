"""Looks for video and audio behind the players of a crawl's pages, when all pages are captured.

For each page, one after the other, a process of yt-dlp's own runs behind the crawl's recorder, within limits of
time and memory; it is killed with all that it started when its time is over. In: the pages that the engine has
kept. Out: for each a rendering ``urn:videoinfo:<url>`` and a `VideoSearch` in the crawl's report. Nothing here
costs a page: what fails is an outcome.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from crawlers.model.capture import Rendering, RenderingKind
from crawlers.model.job import CrawlJob
from crawlers.model.json_form import to_json
from crawlers.model.report import VideoSearch
from crawlers.recorder.proxy import RecorderAddress
from crawlers.video.players import FOLDER_NAME, PlayerPage, kept_pages
from crawlers.video.report import VideoOutcome, read_report
from crawlers.video.video_input import video_environment, video_input
from crawlers.watchlist.source import VideoLimits

TOOL: Final = "yt-dlp"
PAGE_S: Final = 1800.0
"""How long the search on one page may take; the crawl's own limit of seconds ends it as well."""


def tool_version() -> str | None:
    """The version of yt-dlp on this machine; None where it is not installed."""
    try:
        return version(TOOL)
    except PackageNotFoundError:
        return None


class VideoSearches:
    """The searches of one crawl. ``keep`` keeps a rendering, ``failure_of`` says what the recorder knows of a
    request that failed, ``found`` takes the result of each page. ``ends_at`` is a time of `time.monotonic`.
    """

    def __init__(
        self,
        job: CrawlJob,
        folder: Path,
        recorder: RecorderAddress,
        *,
        keep: Callable[[Rendering], Awaitable[None]],
        failure_of: Callable[[str], str | None],
        found: Callable[[VideoSearch], None],
        ends_at: float | None,
        page_s: float = PAGE_S,
    ) -> None:
        self._job = job
        self._folder = folder
        self._recorder = recorder
        self._keep = keep
        self._failure_of = failure_of
        self._found = found
        self._ends_at = ends_at
        self._page_s = page_s

    async def run(self, limits: VideoLimits) -> None:
        """Search each page that the engine has kept; raises only what keeping the result raises."""
        try:
            for page in kept_pages(self._folder):
                await self._search(page, limits)
        finally:
            shutil.rmtree(self._folder / FOLDER_NAME, ignore_errors=True)

    async def _search(self, page: PlayerPage, limits: VideoLimits) -> None:
        if find_spec("yt_dlp") is None:
            row = _nothing("yt-dlp is not installed here (`pip install yt-dlp`); the page itself is captured")
        else:
            row = await self._taken(page, limits)
        if row["outcome"] in (VideoOutcome.FAILED, VideoOutcome.PART) and row["last_url"] is not None:
            known = self._failure_of(row["last_url"])
            row["reason"] = row["reason"] if known is None else f"{known} ({row['reason']})"
        row = {"url": page.url, "limits": to_json(limits)} | row
        made_by = f"{TOOL}/{row['version']}"
        content = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
        await self._keep(
            Rendering(
                page.page_id,
                page.url,
                RenderingKind.VIDEOINFO,
                "application/json",
                content,
                datetime.now(UTC),
                made_by,
            )
        )
        taken = sum(each.get("outcome") in (VideoOutcome.TAKEN, VideoOutcome.PART) for each in row["videos"])
        self._found(
            VideoSearch(
                url=page.requested_url,
                outcome=row["outcome"],
                reason=row["reason"],
                found=row["found"],
                taken=taken,
                bytes=row["bytes"],
            )
        )

    async def _taken(self, page: PlayerPage, limits: VideoLimits) -> dict[str, Any]:
        """What came of one page, whichever way its process ended."""
        seconds = self._page_s if self._ends_at is None else min(self._page_s, self._ends_at - time.monotonic())
        if seconds <= 0:
            return _nothing("the crawl's limit of seconds was reached before the page's players were looked at")
        scratch = self._folder / FOLDER_NAME / "scratch"
        scratch.mkdir(mode=0o700)
        try:
            ended_because = await self._run_process(page, limits, scratch, seconds)
            row = read_report(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if row is None:
            return _nothing(ended_because or "yt-dlp's process ended without a report")
        if row["outcome"] is None:
            any_taken = any(each["taken"] for video in row["videos"] for each in video["formats"])
            row["outcome"] = VideoOutcome.PART if any_taken else VideoOutcome.FAILED
            row["reason"] = ended_because or "yt-dlp's process ended early"
        return row

    async def _run_process(
        self, page: PlayerPage, limits: VideoLimits, scratch: Path, seconds: float
    ) -> str | None:
        """Run it to its end or its time's; returns what ended it early, None where it came to its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "crawlers.video",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=video_environment(scratch),
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(
                video_input(
                    page,
                    limits=limits,
                    recorder=self._recorder,
                    user_agent=self._job.user_agent,
                    folder=self._folder,
                    scratch=scratch,
                )
            )
            process.stdin.close()
            async with asyncio.timeout(seconds):
                code = await process.wait()
        except TimeoutError:
            return f"yt-dlp was ended after {seconds:.0f} s, as long as it may take"
        finally:
            await _end_group(process)
        if code < 0:
            return f"yt-dlp's process was killed by signal {-code}"
        return None if code == 0 else f"yt-dlp's process ended with code {code}"


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """Kill the process and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _nothing(reason: str) -> dict[str, Any]:
    """The result of a search that did not begin."""
    return {
        "tool": TOOL,
        "version": tool_version(),
        "confined": None,
        "outcome": VideoOutcome.FAILED,
        "reason": reason,
        "found": 0,
        "found_more": False,
        "videos": [],
        "bytes": 0,
        "requests": 0,
        "last_url": None,
        "remarks": [],
        "info": [],
    }
