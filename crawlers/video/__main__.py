"""yt-dlp's own process: ``python -m crawlers.video`` looks at the players of one page and takes what they play.

In: one JSON object on standard input (`video_input`). Out: a report in the scratch folder, written anew after
each step; nothing on standard output. The process reads our code, keeps files in its scratch folder and connects
to the recorder, and the kernel holds it to that where it can. It ends with its parent. Exit code 0 when it came to
its end.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import crawlers
from crawlers.model.json_form import from_json
from crawlers.parent_process import end_with_parent
from crawlers.rate_limit.socket import RateLimitClient
from crawlers.recorder.proxy import RecorderAddress
from crawlers.video.players import PlayerPage
from crawlers.video.taking import PageVideos
from crawlers.watchlist.source import VideoLimits
from processors.sandbox.kernel_rules import KernelRulesUnavailable, confine_client, program_folders

MOST_MEMORY_BYTES: Final = 2 << 30
SPARE_FILE_BYTES: Final = 64 << 20
"""A file in the scratch folder may be longer than the media in it by this much."""

ROOT = Path(crawlers.__file__).parents[1]


def run(row: Mapping[str, Any]) -> None:
    """Take the videos of the page that the row describes."""
    page, limits = from_json(PlayerPage, row["page"]), from_json(VideoLimits, row["limits"])
    recorder, scratch, crawl_folder = RecorderAddress(**row["recorder"]), Path(row["scratch"]), Path(row["folder"])
    limit_resources(limits)
    authority = scratch / "authority.pem"
    authority.write_text(recorder.authority_pem, "ascii")
    os.environ["SSL_CERT_FILE"] = str(authority)
    try:
        readable = (*program_folders(), str(ROOT / "crawlers"))
        confine_client(readable, listed=(str(ROOT), str(crawl_folder)), own=str(scratch), port=recorder.port)
        confined = True
    except KernelRulesUnavailable:
        confined = False
    PageVideos(
        page,
        recorder=recorder,
        user_agent=row["user_agent"],
        limits=limits,
        limiter=lambda: RateLimitClient(crawl_folder),
        scratch=scratch,
        confined=confined,
    ).take()


def limit_resources(limits: VideoLimits) -> None:
    """Have the kernel refuse more memory and longer files than a page's media need."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    longest = limits.max_mb * 1_000_000 + SPARE_FILE_BYTES
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))


def main() -> None:
    """Entry point of the process."""
    row = json.loads(sys.stdin.buffer.read())
    end_with_parent(row["parent"])
    run(row)


if __name__ == "__main__":
    main()
